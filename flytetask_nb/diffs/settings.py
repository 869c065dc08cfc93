"""Changes of everything around what runs: metadata, security, plugin settings, identity, documentation."""

from __future__ import annotations

from copy import deepcopy
from typing import TYPE_CHECKING, Any, Final, TypeAlias

from flyteidl.core import identifier_pb2, tasks_pb2

from flytetask_nb.diffs.edits import Replacement, joined, named
from flytetask_nb.diffs.messages import (
    compare_fields,
    compare_unknown,
    entry_differences,
    field_changes,
)
from flytetask_nb.diffs.plain import enum_name, plain_message
from flytetask_nb.diffs.structures import same
from flytetask_nb.models.identifiers import is_filled_in
from flytetask_nb.models.order import natural_key
from flytetask_nb.semantics.map_tasks import map_task_stem
from flytetask_nb.semantics.task_container import PRIMARY_CONTAINER_KEY

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

    from flytetask_nb.diffs.changes import Ledger

_Compare: TypeAlias = "Callable[[Ledger, str, Any, Any], None]"


def by_fields(table: Mapping[str, Any]) -> _Compare:
    """Return what compares two messages field by field, each as the table says."""
    return lambda ledger, path, old, new: compare_fields(ledger, path, old, new, table)


def by_rule(rule: str | Callable[[Any, Any], str], enum: Any = None) -> _Compare:
    """Return what judges any change of a value by one rule, or by the one that a function of both values names.

    A number of an ``enum`` is shown by its name. What is empty is not there.
    """

    def compare(ledger: Ledger, path: str, old: Any, new: Any) -> None:
        judged_by = rule if isinstance(rule, str) else rule(old, new)
        if not isinstance(old, str):
            values = [value if enum is None else enum_name(enum, value) for value in (old, new)]
            exact = (value if number else None for value, number in zip(values, (old, new), strict=True))
            ledger.add(judged_by, path, *values, edits=(Replacement(path, path, *exact),))
        elif not same(old, new):
            ledger.add(judged_by, path, old or None, new or None)

    return compare


def _by_direction(raised: str, lowered: str) -> _Compare:
    return by_rule(lambda old, new: raised if new > old else lowered)


def _by_presence(come: str, gone: str, changed: str) -> _Compare:
    return by_rule(lambda old, new: changed if old and new else come if new else gone)


def _unless_filled_in(rule: str) -> _Compare:
    return by_rule(lambda old, new: rule if is_filled_in(old) and is_filled_in(new) else "id-filled-in")


def _inside(field: str, compare: _Compare) -> _Compare:
    """Return what compares messages that hold nothing but one value."""

    def compare_inside(ledger: Ledger, path: str, old: Any, new: Any) -> None:
        values = getattr(old, field), getattr(new, field)
        if values[0] != values[1]:
            compare(ledger, path, *values)
        compare_unknown(ledger, path, old, new)

    return compare_inside


def compare_labels(stem: str = "") -> _Compare:
    """Return what compares labels and annotations by the rules whose stems begin with this."""
    return by_fields({"labels": _entries(f"{stem}label"), "annotations": _entries(f"{stem}annotation")})


def _entries(stem: str) -> _Compare:
    return lambda ledger, path, old, new: ledger.entries(stem, entry_differences(path, old, new))


# What the plugin of pods runs (flyteplugins/go/tasks/plugins/k8s/pod/plugin.go).
_RUN_AS_PODS: Final = frozenset({"container", "pod", "python-task", "raw-container", "sidecar"})


def compare_type(ledger: Ledger, path: str, old: str, new: str) -> None:
    """Compare the types of two tasks."""
    if same(old, new):
        return
    is_same_plugin = {old, new} <= _RUN_AS_PODS
    reason = "Another type of task, run by the same plugin." if is_same_plugin else ""
    ledger.add("task-type", path, old or None, new or None, reason=reason)


# -- metadata ------------------------------------------------------------------------------------------------------


_SPOT_MACHINES: Final = {
    True: "Runs may now be placed on spot machines, which can be taken away.",
    False: "Runs are not to be placed on spot machines, which can be taken away.",
    None: "Workflow and platform decide whether runs may be placed on spot machines, which can be taken away.",
}
"""What is meant by ``interruptible`` as it is now."""


def compare_metadata(ledger: Ledger, path: str, old: Any, new: Any) -> None:
    """Compare two ``TaskMetadata`` messages."""
    before, after = (metadata.interruptible if metadata.HasField("interruptible") else None for metadata in (old, new))
    if before is not after:
        ledger.add("interruptible", f"{path}.interruptible", before, after, reason=_SPOT_MACHINES[after])
    compare_fields(ledger, path, old, new, _METADATA)


def _compare_ignored(ledger: Ledger, path: str, old: Any, new: Any) -> None:
    for name in sorted({*old} ^ {*new}, key=natural_key):
        place, values = joined(path, name), (name if name in old else None, name if name in new else None)
        ledger.entry("cache-ignored", path, *values, edits=(Replacement(place, place, *values),))


def _compare_timeout(ledger: Ledger, path: str, old: Any, new: Any) -> None:
    before, after = _nanoseconds(old), _nanoseconds(new)
    if before != after:
        # Without a timeout a run is never stopped.
        lowered = bool(after) and (not before or after < before)
        ledger.add("timeout-lowered" if lowered else "timeout-raised", path, span(old), span(new))
    compare_unknown(ledger, path, old, new)


def _nanoseconds(value: Any) -> int:
    return int(value.seconds) * 10**9 + int(value.nanos)


def span(value: Any) -> str | None:
    """Return a ``Duration`` in seconds; None where there is no limit."""
    total = _nanoseconds(value)
    if not total:
        return None
    seconds, nanos = divmod(abs(total), 10**9)
    return f"{'-' if total < 0 else ''}{seconds}{f'.{nanos:09d}'.rstrip('0') if nanos else ''} s"


_METADATA: Final = {
    "discoverable": _by_direction("cache-on", "cache-off"),
    "runtime": by_fields(
        {
            "version": by_rule("runtime-version"),
            "type": by_rule("runtime-kind", tasks_pb2.RuntimeMetadata.RuntimeType.DESCRIPTOR),
            "flavor": by_rule("runtime-kind"),
        }
    ),
    "timeout": _compare_timeout,
    "retries": _inside("retries", _by_direction("retries-raised", "retries-lowered")),
    "discovery_version": by_rule("cache-version"),
    "deprecated_error_message": _by_presence("deprecated", "deprecation-lifted", "deprecation-message"),
    # Presence counts, so it is compared before the others.
    "interruptible": None,
    "cache_serializable": _by_direction("cache-serialized", "cache-not-serialized"),
    "tags": _entries("tag"),
    "pod_template_name": _by_presence("pod-template-set", "pod-template-cleared", "pod-template-changed"),
    "cache_ignore_input_vars": _compare_ignored,
    "is_eager": _by_direction("eager-on", "eager-off"),
    "generates_deck": _inside("value", _by_direction("deck-on", "deck-off")),
    "metadata": compare_labels(),
}


# -- security ------------------------------------------------------------------------------------------------------


def secret_name(secret: Any) -> str:
    """Return the name by which a secret is told from others: group, key and version."""
    return "/".join(part for part in (secret.group, secret.key, secret.group_version) if part)


def token_name(token: Any) -> str:
    """Return the name by which a token is told from others."""
    return str(token.name)


def _by_name(stem: str, name_of: Callable[[Any], str]) -> _Compare:
    """Return what compares lists of messages that have names, those of one name in the order in which they stand."""

    def compare(ledger: Ledger, path: str, old: Any, new: Any) -> None:
        before, after = numbered(old, name_of), numbered(new, name_of)
        for key in sorted({*before, *after}, key=lambda key: (natural_key(key[0]), key[1])):
            was, now = before.get(key), after.get(key)
            place = joined(path, key[0]) + (f"[{key[1]}]" if key[1] else "")
            compare_parts(ledger, stem, place, was, now, name=key[0], words=_named_words)

    return compare


def numbered(items: Any, name_of: Callable[[Any], str]) -> dict[tuple[str, int], Any]:
    """Return messages by name, those of one name by number beside."""
    items_by_name: dict[tuple[str, int], Any] = {}
    for item in items:
        name, number = name_of(item), 0
        while (name, number) in items_by_name:
            number += 1
        items_by_name[name, number] = item
    return items_by_name


def _named_words(message: Any, name: str) -> Any:
    """Return a secret by its name, which is not one; anything that says more by its fields."""
    plain = plain_message(message)
    return name if plain.keys() <= {"group", "key", "group_version"} and name else plain


def compare_parts(
    ledger: Ledger,
    stem: str,
    path: str,
    old: Any,
    new: Any,
    *,
    name: str,
    words: Callable[[Any, str], Any] = lambda message, _: plain_message(message),
) -> None:
    """Compare two messages of one name, None where there is none, by the three rules of a stem."""
    if old is not None and new is not None:
        if old != new:
            ledger.differences(f"{stem}-changed", field_changes(path, old, new))
    elif old is not new:
        texts = [None if message is None else words(message, name) for message in (old, new)]
        edit = Replacement(path, path, named(name, old), named(name, new))
        ledger.entry(stem, path, *texts, edits=(edit,))


compare_security: Final = by_fields(
    {
        "run_as": lambda ledger, path, old, new: ledger.differences("identity", field_changes(path, old, new)),
        "secrets": _by_name("secret", secret_name),
        "tokens": _by_name("token", token_name),
    }
)


# -- extended resources --------------------------------------------------------------------------------------------


def compare_extended_resources(ledger: Ledger, path: str, old: Any, new: Any) -> None:
    """Compare two ``ExtendedResources`` messages."""
    for field, stem in (("gpu_accelerator", "accelerator"), ("shared_memory", "shared-memory")):
        was, now = (getattr(message, field) if message.HasField(field) else None for message in (old, new))
        compare_parts(ledger, stem, f"{path}.{field}", was, now, name=field)
    compare_unknown(ledger, path, old, new)


# -- plugin --------------------------------------------------------------------------------------------------------


def compare_config(ledger: Ledger, path: str, old: Any, new: Any) -> None:
    """Compare ``config``, a map of texts, of two templates."""
    ledger.entries("config", entry_differences(path, own_config(old), own_config(new)))


def own_config(template: Any) -> dict[str, str]:
    """Return ``config`` without the name of a pod's primary container: which one that is, the pod's rules tell."""
    is_pod = template.WhichOneof("target") == "k8s_pod"
    return {key: value for key, value in template.config.items() if not (is_pod and key == PRIMARY_CONTAINER_KEY)}


compare_sql: Final = by_fields(
    {"statement": by_rule("sql-statement"), "dialect": by_rule("sql-dialect", tasks_pb2.Sql.Dialect.DESCRIPTOR)}
)


# -- identity ------------------------------------------------------------------------------------------------------


def _name_rule(old: str, new: str) -> str:
    stem = map_task_stem(old)
    return "id-name" if stem is None or stem != map_task_stem(new) else "map-task-name"


compare_id: Final = by_fields(
    {
        "resource_type": by_rule("id-filled-in", identifier_pb2.ResourceType.DESCRIPTOR),
        "project": _unless_filled_in("id-place"),
        "domain": _unless_filled_in("id-place"),
        "name": by_rule(_name_rule),
        "version": _unless_filled_in("id-version"),
        "org": _unless_filled_in("id-place"),
    }
)


# -- documentation -------------------------------------------------------------------------------------------------


def compare_documentation(ledger: Ledger, path: str, old: Any, new: Any) -> None:
    """Compare two ``DescriptionEntity`` messages."""
    ledger.differences("documentation", field_changes(path, own_documentation(old), own_documentation(new)))


def own_documentation(description: Any) -> Any:
    """Return a ``DescriptionEntity`` without the id under which a server keeps it: no author says that."""
    if not description.HasField("id"):
        return description
    own = deepcopy(description)
    own.ClearField("id")
    return own
