"""Two tasks compared, part by part: the list of changes, and what only shows once all of them are known."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING, Any, Final

from flyteidl.core import interface_pb2

from flytetask_nb.diffs.changes import Change, Ledger
from flytetask_nb.diffs.edits import joined
from flytetask_nb.diffs.interfaces import compare_interface
from flytetask_nb.diffs.messages import compare_fields, compare_flyte2, compare_unknown
from flytetask_nb.diffs.plugins import compare_custom
from flytetask_nb.diffs.rules import RULES
from flytetask_nb.diffs.settings import (
    by_rule,
    compare_config,
    compare_documentation,
    compare_extended_resources,
    compare_id,
    compare_metadata,
    compare_security,
    compare_type,
)
from flytetask_nb.diffs.targets import compare_targets
from flytetask_nb.errors import FlyteTaskError
from flytetask_nb.models.identifiers import is_filled_in
from flytetask_nb.semantics.caching import is_map_task, item_outputs, variables_signature
from flytetask_nb.semantics.image_tags import follows_release, runtime_changes
from flytetask_nb.semantics.pod_normal_form import with_normal_pods

if TYPE_CHECKING:
    from collections.abc import Mapping

    from flytetask_nb.models.flyte_task import FlyteTask

# Rules that apply to the value of a release itself: what repeats it elsewhere is an echo of them.
_ECHOED: Final = frozenset(
    {"image-repository", "image-tag", "image-digest", "image-release-tag", "id-version", "code-bundle"}
)
_ECHOING: Final = (
    "env-",
    "custom-",
    "plugin-label",
    "config-",
    "argument-",
    "pod-",
    "label-",
    "annotation-",
    "tag-",
    "container-",
)
_SHORTEST_ECHO: Final = 4
_IMAGES: Final = frozenset({"image-repository", "image-tag"})


def compare_tasks(
    tasks: tuple[FlyteTask, FlyteTask], messages: tuple[Any, Any], severities: Mapping[str, str]
) -> list[Change]:
    """Return the changes from one task to another, in the order of their parts; the messages are what both sources tell."""
    ledger = Ledger(severities, tuple(task._message for task in tasks))
    old, new = messages
    if old is new:
        return ledger.changes
    if old.template != new.template:
        _compare_templates(ledger, old.template, new.template)
    if old.description != new.description:
        compare_documentation(ledger, "description", old.description, new.description)
    compare_unknown(ledger, "spec", old, new)
    compare_flyte2(ledger, "flyte2", old, new)
    _settle_images(ledger, tasks)
    _fold_echoes(ledger)
    return ledger.changes


def numbered_changes(changes: list[Change]) -> list[Change]:
    """Return changes that read the same, such as two equal items of one list that are gone, a number each."""
    places = [(change.rule, change.old_path, change.path) for change in changes]
    if len(set(places)) == len(places):
        return changes
    seen: dict[str, int] = {}
    numbered = []
    for change, place in zip(changes, places, strict=True):
        number = 0
        if places.count(place) > 1:
            number = seen[change.fingerprint] = seen.get(change.fingerprint, -1) + 1
        numbered.append(replace(change, number=number) if number else change)
    return numbered


def _compare_templates(ledger: Ledger, old: Any, new: Any) -> None:
    if old.k8s_pod != new.k8s_pod:
        _compare_normal(ledger, with_normal_pods(old), with_normal_pods(new))
    else:
        _compare_normal(ledger, old, new)
    if (
        old.id == new.id
        and is_filled_in(old.id.version)
        and any(change.rule != "id-filled-in" for change in ledger.changes)
    ):
        _check_digests(ledger, old, new)


def _compare_normal(ledger: Ledger, old: Any, new: Any) -> None:
    """Compare two templates whose pods are in normal form."""
    compare_fields(ledger, "", old, new, _TEMPLATE)
    # The same settings for the same plugin are read alike.
    if (old.custom, old.type, old.task_type_version) != (new.custom, new.type, new.task_type_version):
        compare_custom(ledger, "custom", old, new)
    if old.config != new.config or old.WhichOneof("target") != new.WhichOneof("target"):
        compare_config(ledger, "config", old, new)
    compare_targets(ledger, old, new)
    if old.interface.outputs != new.interface.outputs and is_map_task(old) and is_map_task(new):
        _keep_keys_of_items(ledger, old.interface.outputs, new.interface.outputs)


def _keep_keys_of_items(ledger: Ledger, old: Any, new: Any) -> None:
    """Take back that changes of a map task's outputs move its key where the outputs of an item stay the same."""
    kept: list[str] = []
    for name in old.variables.keys() & new.variables.keys():
        signatures = [_item_signature(name, variables) for variables in (old, new)]
        if None not in signatures and signatures[0] == signatures[1]:
            kept += [f"{joined('interface.outputs', name)}{step}" for step in ".["]
    for index, change in enumerate(ledger.changes):
        if change.cache == "invalidates" and change.path.startswith(tuple(kept)):
            ledger.changes[index] = replace(change, cache="none")


def _item_signature(name: str, outputs: Any) -> str | None:
    try:
        return variables_signature(item_outputs(interface_pb2.VariableMap(variables={name: outputs.variables[name]})))
    except FlyteTaskError:
        return None


def _check_digests(ledger: Ledger, old: Any, new: Any) -> None:
    """Tell where registration would refuse the new structure under the version that the old one has."""
    from flytetask_nb.semantics.digests import structure_digest  # noqa: PLC0415 - only for equal ids

    try:
        digests = [structure_digest(template).hex() for template in (old, new)]
    except FlyteTaskError:
        return
    if digests[0] != digests[1]:
        # What differs is the structure. Its digest is not shown: whoever has it finds short secrets by trying.
        version = old.id.version
        ledger.add("version-reused", "id.version", version, f"{version} (another structure)", kind="changed")


_TEMPLATE: Final = {
    "id": compare_id,
    "type": compare_type,
    "metadata": compare_metadata,
    "interface": compare_interface,
    # Its settings mean what the type of the task says.
    "custom": None,
    # The target is compared as a whole, for it can be switched.
    "container": None,
    "k8s_pod": None,
    "sql": None,
    "task_type_version": by_rule("task-type-version"),
    "security_context": compare_security,
    "extended_resources": compare_extended_resources,
    # What of it belongs to a pod, only the whole template tells.
    "config": None,
}


def _settle_images(ledger: Ledger, tasks: tuple[FlyteTask, FlyteTask]) -> None:
    """Tell image tags that moved with the release from those of another image, and name the runtimes inside."""
    for index, change in enumerate(ledger.changes):
        if change.rule not in _IMAGES or not _is_of_texts(change):
            continue
        if change.rule == "image-tag" and follows_release(change.old, change.new, tasks):
            ledger.changes[index] = _rejudged(change, "image-release-tag", ledger.severities)
        elif runtimes := runtime_changes(change.old, change.new):
            reason = f"{', '.join(runtimes)}: {change.reason[0].lower()}{change.reason[1:]}"
            ledger.changes[index] = replace(change, reason=reason)


def _is_of_texts(change: Change) -> bool:
    return isinstance(change.old, str) and isinstance(change.new, str)


def _rejudged(change: Change, rule: str, severities: Mapping[str, str]) -> Change:
    """Return a change as another rule judges it."""
    judged_by = RULES[rule]
    return replace(
        change,
        rule=rule,
        severity=severities.get(rule) or judged_by.severity,
        aspects=judged_by.aspects,
        cache=judged_by.cache,
        effective=judged_by.effective,
        reason=judged_by.reason,
    )


def _fold_echoes(ledger: Ledger) -> None:
    """Make noise of changes that only repeat the new image or version elsewhere."""
    causes = [
        (change.old, change.new)
        for change in ledger.changes
        if change.rule in _ECHOED and _is_of_texts(change) and min(len(change.old), len(change.new)) >= _SHORTEST_ECHO
    ]
    if not causes:
        return
    for index, change in enumerate(ledger.changes):
        if (
            change.rule.startswith(_ECHOING)
            and _is_of_texts(change)
            and any(was in change.old and change.old.replace(was, now) == change.new for was, now in causes)
        ):
            ledger.changes[index] = _rejudged(change, "release-echo", ledger.severities)
