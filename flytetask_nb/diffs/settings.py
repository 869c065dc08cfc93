"""Changes of everything around what runs: metadata, security, plugin settings, identity, documentation."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Final, TypeAlias

from flyteidl.core import identifier_pb2, tasks_pb2

from flytetask_nb.diffs.edits import Named, Replacement, joined
from flytetask_nb.diffs.messages import (
    compare_entries,
    compare_fields,
    compare_unknown,
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


def _by_fields(table: Mapping[str, Any]) -> _Compare:
    """Return what compares two messages field by field, each as the table says."""
    return lambda ledger, path, old, new: compare_fields(ledger, path, old, new, table)


def _by_direction(raised: str, lowered: str) -> _Compare:
    """Return what compares a number or flag by two rules."""

    def compare(ledger: Ledger, path: str, old: Any, new: Any) -> None:
        edit = Replacement(path, path, old or None, new or None)
        ledger.add(raised if new > old else lowered, path, old, new, edits=(edit,))

    return compare


def by_rule(rule: str, enum: Any = None) -> _Compare:
    """Return what judges any change of a value, or of a number of an enum, by one rule; what is empty is not there."""

    def compare(ledger: Ledger, path: str, old: Any, new: Any) -> None:
        if not (isinstance(old, str) and same(old, new)):
            texts = [None if value == "" else value if enum is None else enum_name(enum, value) for value in (old, new)]
            edit = Replacement(
                path, path, *(name if value else None for name, value in zip(texts, (old, new), strict=True))
            )
            ledger.add(rule, path, *texts, edits=(edit,))

    return compare


def _fields_by_rule(rule: str) -> _Compare:
    """Return what judges every change inside a message by one rule."""

    def compare(ledger: Ledger, path: str, old: Any, new: Any) -> None:
        ledger.differences(rule, field_changes(path, old, new))

    return compare


# What the plugin of pods runs (flyteplugins/go/tasks/plugins/k8s/pod/plugin.go).
_RUN_AS_PODS: Final = frozenset({"container", "pod", "python-task", "raw-container", "sidecar"})


def compare_type(ledger: Ledger, path: str, old: str, new: str) -> None:
    """Compare the types of two tasks."""
    if same(old, new):
        return
    is_same_plugin = {old, new} <= _RUN_AS_PODS
    reason = "Another type of task, run by the same plugin." if is_same_plugin else ""
    ledger.add("task-type", path, old or None, new or None, reason=reason)


def _by_presence(set_: str, cleared: str, changed: str) -> _Compare:
    def compare(ledger: Ledger, path: str, old: str, new: str) -> None:
        if old and new and same(old, new):
            return
        ledger.add(set_ if not old else cleared if not new else changed, path, old or None, new or None)

    return compare


# -- metadata ------------------------------------------------------------------------------------------------------


def compare_metadata(ledger: Ledger, path: str, old: Any, new: Any) -> None:
    """Compare two ``TaskMetadata`` messages."""
    before, after = (metadata.interruptible if metadata.HasField("interruptible") else None for metadata in (old, new))
    if before is not after:
        ledger.add("interruptible", f"{path}.interruptible", before, after)
    compare_fields(ledger, path, old, new, _METADATA)


def _compare_ignored(ledger: Ledger, path: str, old: Any, new: Any) -> None:
    for name in sorted({*old} ^ {*new}, key=natural_key):
        kind, *values = ("removed", name, None) if name in old else ("added", None, name)
        place = joined(path, name)
        ledger.add(f"cache-ignored-{kind}", path, *values, edits=(Replacement(place, place, *values),))


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


def _compare_retries(ledger: Ledger, path: str, old: Any, new: Any) -> None:
    if old.retries != new.retries:
        rule = "retries-raised" if new.retries > old.retries else "retries-lowered"
        edit = Replacement(path, path, old.retries or None, new.retries or None)
        ledger.add(rule, path, old.retries, new.retries, edits=(edit,))
    compare_unknown(ledger, path, old, new)


def _compare_deck(ledger: Ledger, path: str, old: Any, new: Any) -> None:
    if old.value != new.value:
        edit = Replacement(path, path, old.value or None, new.value or None)
        ledger.add("deck-on" if new.value else "deck-off", path, old.value, new.value, edits=(edit,))
    compare_unknown(ledger, path, old, new)


def _compare_labels(ledger: Ledger, path: str, old: Any, new: Any) -> None:
    compare_entries(ledger, f"{path}.labels", old.labels, new.labels, "label")
    compare_entries(ledger, f"{path}.annotations", old.annotations, new.annotations, "annotation")
    compare_unknown(ledger, path, old, new)


_METADATA: Final = {
    "discoverable": _by_direction("cache-on", "cache-off"),
    "runtime": _by_fields(
        {
            "version": by_rule("runtime-version"),
            "type": by_rule("runtime-kind", tasks_pb2.RuntimeMetadata.RuntimeType.DESCRIPTOR),
            "flavor": by_rule("runtime-kind"),
        }
    ),
    "timeout": _compare_timeout,
    "retries": _compare_retries,
    "discovery_version": by_rule("cache-version"),
    "deprecated_error_message": _by_presence("deprecated", "deprecation-lifted", "deprecation-message"),
    # Presence counts, so it is compared before the others.
    "interruptible": None,
    "cache_serializable": _by_direction("cache-serialized", "cache-not-serialized"),
    "tags": lambda ledger, path, old, new: compare_entries(ledger, path, old, new, "tag"),
    "pod_template_name": _by_presence("pod-template-set", "pod-template-cleared", "pod-template-changed"),
    "cache_ignore_input_vars": _compare_ignored,
    "is_eager": _by_direction("eager-on", "eager-off"),
    "generates_deck": _compare_deck,
    "metadata": _compare_labels,
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
            if was is None or now is None:
                words = [None if item is None else _named_words(item, key[0]) for item in (was, now)]
                exact = [None if item is None else Named(key[0], item) for item in (was, now)]
                ledger.entry(stem, place, *words, edits=(Replacement(place, place, *exact),))
            elif was != now:
                ledger.differences(f"{stem}-changed", field_changes(place, was, now))

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


compare_security: Final = _by_fields(
    {
        "run_as": _fields_by_rule("identity"),
        "secrets": _by_name("secret", secret_name),
        "tokens": _by_name("token", token_name),
    }
)


# -- extended resources --------------------------------------------------------------------------------------------


def compare_extended_resources(ledger: Ledger, path: str, old: Any, new: Any) -> None:
    """Compare two ``ExtendedResources`` messages."""
    for field, stem in (("gpu_accelerator", "accelerator"), ("shared_memory", "shared-memory")):
        had, has = old.HasField(field), new.HasField(field)
        before, after = getattr(old, field), getattr(new, field)
        if had and has:
            if before != after:
                ledger.differences(f"{stem}-changed", field_changes(f"{path}.{field}", before, after))
        elif had or has:
            place = f"{path}.{field}"
            plain = [plain_message(message) if there else None for message, there in ((before, had), (after, has))]
            exact = [Named(field, message) if there else None for message, there in ((before, had), (after, has))]
            ledger.entry(stem, place, *plain, edits=(Replacement(place, place, *exact),))
    compare_unknown(ledger, path, old, new)


# -- plugin --------------------------------------------------------------------------------------------------------


def compare_config(ledger: Ledger, path: str, old: Any, new: Any) -> None:
    """Compare ``config``, a map of texts, of two templates."""
    compare_entries(ledger, path, own_config(old), own_config(new), "config")


def own_config(template: Any) -> dict[str, str]:
    """Return ``config`` without the name of a pod's primary container: which one that is, the pod's rules tell."""
    is_pod = template.WhichOneof("target") == "k8s_pod"
    return {key: value for key, value in template.config.items() if not (is_pod and key == PRIMARY_CONTAINER_KEY)}


compare_sql: Final = _by_fields(
    {"statement": by_rule("sql-statement"), "dialect": by_rule("sql-dialect", tasks_pb2.Sql.Dialect.DESCRIPTOR)}
)


# -- identity ------------------------------------------------------------------------------------------------------


def _unless_filled_in(rule: str) -> _Compare:
    def compare(ledger: Ledger, path: str, old: str, new: str) -> None:
        if same(old, new):
            return
        is_compared = is_filled_in(old) and is_filled_in(new)
        ledger.add(rule if is_compared else "id-filled-in", path, old or None, new or None)

    return compare


def _compare_name(ledger: Ledger, path: str, old: str, new: str) -> None:
    if same(old, new):
        return
    stem = map_task_stem(old)
    linked = stem is not None and stem == map_task_stem(new)
    ledger.add("map-task-name" if linked else "id-name", path, old or None, new or None)


compare_id: Final = _by_fields(
    {
        "resource_type": by_rule("id-filled-in", identifier_pb2.ResourceType.DESCRIPTOR),
        "project": _unless_filled_in("id-place"),
        "domain": _unless_filled_in("id-place"),
        "name": _compare_name,
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
    own = type(description)()
    own.CopyFrom(description)
    own.ClearField("id")
    return own
