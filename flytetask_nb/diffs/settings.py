"""Changes of everything around what runs: metadata, security, plugin settings, identity, documentation."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, Any, Final

from flytetask_nb.diffs.changes import joined
from flytetask_nb.diffs.messages import (
    compare_entries,
    compare_fields,
    compare_unknown,
    field_changes,
    plain_message,
)
from flytetask_nb.diffs.structures import differences
from flytetask_nb.models.fields import plain_struct
from flytetask_nb.models.order import natural_key

if TYPE_CHECKING:
    from collections.abc import Callable

    from flytetask_nb.diffs.changes import Ledger

__all__ = [
    "compare_custom",
    "compare_documentation",
    "compare_extended_resources",
    "compare_id",
    "compare_metadata",
    "compare_security",
    "compare_sql",
    "compare_text_map",
    "is_filled_in",
    "map_task_stem",
    "secret_name",
    "shortened_map_task",
]


def _by_direction(raised: str, lowered: str) -> Callable[[Ledger, str, Any, Any], None]:
    """Give what compares a number or flag by two rules."""

    def compare(ledger: Ledger, path: str, old: Any, new: Any) -> None:
        ledger.add(raised if new > old else lowered, path, old, new)

    return compare


def _by_rule(rule: str) -> Callable[[Ledger, str, Any, Any], None]:
    """Give what judges any change of a value by one rule; what is empty is not there."""

    def compare(ledger: Ledger, path: str, old: Any, new: Any) -> None:
        ledger.add(rule, path, None if old == "" else old, None if new == "" else new)

    return compare


def _fields_by_rule(rule: str) -> Callable[[Ledger, str, Any, Any], None]:
    """Give what judges every change inside a message by one rule."""

    def compare(ledger: Ledger, path: str, old: Any, new: Any) -> None:
        for place, was, now, key in field_changes(path, old, new):
            ledger.add(rule, place, was, now, key=key)

    return compare


def _by_presence(set_: str, cleared: str, changed: str) -> Callable[[Ledger, str, Any, Any], None]:
    def compare(ledger: Ledger, path: str, old: str, new: str) -> None:
        ledger.add(set_ if not old else cleared if not new else changed, path, old or None, new or None)

    return compare


# -- metadata ------------------------------------------------------------------------------------------------------


def compare_metadata(ledger: Ledger, path: str, old: Any, new: Any) -> None:
    """Compare two ``TaskMetadata`` messages."""
    before, after = (one.interruptible if one.HasField("interruptible") else None for one in (old, new))
    if before is not after:
        ledger.add("interruptible", f"{path}.interruptible", before, after)
    compare_fields(ledger, path, old, new, _METADATA)


def _compare_ignored(ledger: Ledger, path: str, old: Any, new: Any) -> None:
    for name in sorted({*old} - {*new}, key=natural_key):
        ledger.add("cache-ignored-removed", path, name, None)
    for name in sorted({*new} - {*old}, key=natural_key):
        ledger.add("cache-ignored-added", path, None, name)


def _compare_timeout(ledger: Ledger, path: str, old: Any, new: Any) -> None:
    before, after = ((one.seconds, one.nanos) for one in (old, new))
    if before != after:
        never = (2**63, 0)
        lowered = (after if any(after) else never) < (before if any(before) else never)
        ledger.add("timeout-lowered" if lowered else "timeout-raised", path, _span(before), _span(after))
    compare_unknown(ledger, path, old, new)


def _span(value: tuple[int, int]) -> str | None:
    """Give a duration in seconds; None where there is no limit."""
    seconds, nanos = value
    if not seconds and not nanos:
        return None
    sign = "-" if seconds < 0 or nanos < 0 else ""
    return f"{sign}{abs(seconds)}{f'.{abs(nanos):09d}'.rstrip('0') if nanos else ''} s"


def _compare_retries(ledger: Ledger, path: str, old: Any, new: Any) -> None:
    if old.retries != new.retries:
        rule = "retries-raised" if new.retries > old.retries else "retries-lowered"
        ledger.add(rule, path, old.retries, new.retries)
    compare_unknown(ledger, path, old, new)


def _compare_deck(ledger: Ledger, path: str, old: Any, new: Any) -> None:
    if old.value != new.value:
        ledger.add("deck-on" if new.value else "deck-off", path, old.value, new.value)
    compare_unknown(ledger, path, old, new)


def _compare_labels(ledger: Ledger, path: str, old: Any, new: Any) -> None:
    compare_entries(ledger, f"{path}.labels", old.labels, new.labels, "label")
    compare_entries(ledger, f"{path}.annotations", old.annotations, new.annotations, "annotation")
    compare_unknown(ledger, path, old, new)


def _compare_runtime(ledger: Ledger, path: str, old: Any, new: Any) -> None:
    compare_fields(ledger, path, old, new, _RUNTIME)


_RUNTIME: Final = {
    "version": _by_rule("runtime-version"),
    "type": _by_rule("runtime-kind"),
    "flavor": _by_rule("runtime-kind"),
}

_METADATA: Final = {
    "discoverable": _by_direction("cache-on", "cache-off"),
    "runtime": _compare_runtime,
    "timeout": _compare_timeout,
    "retries": _compare_retries,
    "discovery_version": _by_rule("cache-version"),
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


def compare_security(ledger: Ledger, path: str, old: Any, new: Any) -> None:
    """Compare two ``SecurityContext`` messages."""
    compare_fields(ledger, path, old, new, _SECURITY)


def _compare_secrets(ledger: Ledger, path: str, old: Any, new: Any) -> None:
    _compare_named(ledger, path, old, new, "secret", name_of=secret_name)


def secret_name(secret: Any) -> str:
    """Give the name by which a secret is told from others: group, key and version."""
    return "/".join(part for part in (secret.group, secret.key, secret.group_version) if part)


def _compare_tokens(ledger: Ledger, path: str, old: Any, new: Any) -> None:
    _compare_named(ledger, path, old, new, "token", name_of=lambda token: token.name)


def _compare_named(ledger: Ledger, path: str, old: Any, new: Any, stem: str, *, name_of: Callable[[Any], str]) -> None:
    """Compare lists of messages that have names; of those with one name in the order in which they stand."""
    before, after = _numbered(old, name_of), _numbered(new, name_of)
    for key in sorted({*before, *after}, key=lambda key: (natural_key(key[0]), key[1])):
        was, now = before.get(key), after.get(key)
        place = joined(path, key[0]) + (f"[{key[1]}]" if key[1] else "")
        if was is None or now is None:
            ledger.entry(stem, place, was and _named_words(was, key[0]), now and _named_words(now, key[0]))
        elif was != now:
            for inner, old_value, new_value, name in field_changes(place, was, now):
                kind = "added" if old_value is None else "removed" if new_value is None else "changed"
                ledger.add(f"{stem}-changed", inner, old_value, new_value, kind=kind, key=name)


def _numbered(items: Any, name_of: Callable[[Any], str]) -> dict[tuple[str, int], Any]:
    found: dict[tuple[str, int], Any] = {}
    for item in items:
        name, number = name_of(item), 0
        while (name, number) in found:
            number += 1
        found[name, number] = item
    return found


def _named_words(message: Any, name: str) -> Any:
    """Give a secret by its name, which is not one; anything that says more by its fields."""
    plain = plain_message(message)
    return name if plain.keys() <= {"group", "key", "group_version"} and name else plain


_SECURITY: Final = {"run_as": _fields_by_rule("identity"), "secrets": _compare_secrets, "tokens": _compare_tokens}


# -- extended resources --------------------------------------------------------------------------------------------


def compare_extended_resources(ledger: Ledger, path: str, old: Any, new: Any) -> None:
    """Compare two ``ExtendedResources`` messages."""
    for field, stem in (("gpu_accelerator", "accelerator"), ("shared_memory", "shared-memory")):
        had, has = old.HasField(field), new.HasField(field)
        before, after = getattr(old, field), getattr(new, field)
        if had and has:
            if before != after:
                for place, was, now, key in field_changes(f"{path}.{field}", before, after):
                    kind = "added" if was is None else "removed" if now is None else "changed"
                    ledger.add(f"{stem}-changed", place, was, now, kind=kind, key=key)
        elif had or has:
            was, now = (plain_message(one) if there else None for one, there in ((before, had), (after, has)))
            ledger.entry(stem, f"{path}.{field}", was, now)
    compare_unknown(ledger, path, old, new)


# -- plugin --------------------------------------------------------------------------------------------------------


def compare_custom(ledger: Ledger, path: str, old: Any, new: Any) -> None:
    """Compare the settings of two plugins, ``Struct`` messages."""
    for place, was, now, key in differences(path, plain_struct(old), plain_struct(new)):
        ledger.entry("custom", place, was, now, key=key)


def compare_text_map(ledger: Ledger, path: str, old: Any, new: Any) -> None:
    """Compare ``config``, a map of texts."""
    compare_entries(ledger, path, old, new, "config")


def compare_sql(ledger: Ledger, path: str, old: Any, new: Any) -> None:
    """Compare two ``Sql`` messages."""
    compare_fields(ledger, path, old, new, _SQL)


_SQL: Final = {"statement": _by_rule("sql-statement"), "dialect": _by_rule("sql-dialect")}


# -- identity ------------------------------------------------------------------------------------------------------

_PLACEHOLDER: Final = re.compile(r"\{\{ registration\.(?:project|domain|version) \}\}")
_MAP_TASK: Final = re.compile(r"(?P<stem>.*?map_.+?)_[0-9a-f]{16,64}(?:-arraynode)?")
_HASH_SHOWN: Final = 8


def compare_id(ledger: Ledger, path: str, old: Any, new: Any) -> None:
    """Compare two ``Identifier`` messages."""
    compare_fields(ledger, path, old, new, _ID)


def is_filled_in(text: str) -> bool:
    """Tell whether a part of an id is more than what registration still has to fill in."""
    return bool(text) and _PLACEHOLDER.fullmatch(text) is None


def _unless_filled_in(rule: str) -> Callable[[Ledger, str, Any, Any], None]:
    def compare(ledger: Ledger, path: str, old: str, new: str) -> None:
        is_compared = is_filled_in(old) and is_filled_in(new)
        ledger.add(rule if is_compared else "id-filled-in", path, old or None, new or None)

    return compare


def map_task_stem(name: str) -> str | None:
    """Give what comes before the hash in the name of a map task; None if it is no such name."""
    found = _MAP_TASK.fullmatch(name)
    return None if found is None else found["stem"]


def shortened_map_task(name: str) -> str:
    """Give the name of a task, of a map task's hash only the beginning: the rest tells nobody anything."""
    stem = map_task_stem(name)
    return name if stem is None else f"{name[: len(stem) + 1 + _HASH_SHOWN]}…"


def _compare_name(ledger: Ledger, path: str, old: str, new: str) -> None:
    stem = map_task_stem(old)
    linked = stem is not None and stem == map_task_stem(new)
    ledger.add("map-task-name" if linked else "id-name", path, old or None, new or None)


_ID: Final = {
    "resource_type": _by_rule("id-filled-in"),
    "project": _unless_filled_in("id-place"),
    "domain": _unless_filled_in("id-place"),
    "name": _compare_name,
    "version": _unless_filled_in("id-version"),
    "org": _unless_filled_in("id-place"),
}


# -- documentation -------------------------------------------------------------------------------------------------

compare_documentation = _fields_by_rule("documentation")
