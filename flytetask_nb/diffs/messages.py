"""What is common to comparing any two messages of one kind: fields that no rule knows still appear.

A part of a task is compared by a table from its fields to what compares them. Fields of the descriptor that the table
does not have, and fields that the descriptor does not have, become changes of the rule ``unclassified``.
"""

from __future__ import annotations

from functools import lru_cache
from typing import TYPE_CHECKING, Any

from flytetask_nb.diffs.edits import Replacement, joined, named
from flytetask_nb.diffs.plain import (
    UNKNOWN,
    plain_list,
    plain_message,
    plain_value,
    unknown_fields,
)
from flytetask_nb.diffs.rules import UNCLASSIFIED
from flytetask_nb.diffs.structures import Difference, listed_differences, mapped_differences, same
from flytetask_nb.models.flyte2 import FLYTE2_MARK, flyte2_surroundings, is_flyte2
from flytetask_nb.models.order import natural_key
from flytetask_nb.models.plain_values import plain_struct
from flytetask_nb.semantics.descriptors import is_map, is_repeated, map_values

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Mapping

    from flytetask_nb.diffs.changes import Ledger


@lru_cache(maxsize=256)
def _fields(descriptor: Any) -> tuple[tuple[str, Any], ...]:
    return tuple((field.name, field) for field in descriptor.fields)


def compare_fields(ledger: Ledger, path: str, old: Any, new: Any, table: Mapping[str, Any]) -> None:
    """Compare two messages field by field.

    The table says by name of a field what compares it: called with the ledger, the field's path, and both values; None:
    the field is compared elsewhere. Whatever is not in the table is unclassified.
    """
    for name, field in _fields(old.DESCRIPTOR):
        before, after = getattr(old, name), getattr(new, name)
        if before is after or before == after:
            continue
        if name not in table:
            place = joined(path, name)
            ledger.differences(UNCLASSIFIED, _field(place, place, field, before, after))
        elif table[name] is not None:
            table[name](ledger, joined(path, name), before, after)
    compare_unknown(ledger, path, old, new)


def compare_unknown(ledger: Ledger, path: str, old: Any, new: Any, old_path: str = "") -> None:
    """Compare the fields of two messages that this flyteidl does not know."""
    _compare_unknown(ledger, path, unknown_fields(old), unknown_fields(new), old_path)


def compare_flyte2(ledger: Ledger, path: str, old: Any, new: Any) -> None:
    """Compare what only tasks of Flyte 2 say, beside their templates, and whether both are such."""
    marks = [FLYTE2_MARK if is_flyte2(spec) else None for spec in (old, new)]
    if not any(marks):
        return
    if marks[0] != marks[1]:
        ledger.add(UNCLASSIFIED, path, *marks)
    ledger.differences(UNCLASSIFIED, mapped_differences(path, flyte2_surroundings(old), flyte2_surroundings(new)))


def compare_unknown_items(ledger: Ledger, path: str, old: Iterable[Any], new: Iterable[Any]) -> None:
    """Compare the fields that this flyteidl does not know of messages in a list, whichever of them has them."""
    before, after = (sorted(text for item in items for text in unknown_fields(item)) for items in (old, new))
    _compare_unknown(ledger, path, before, after, "")


def _compare_unknown(ledger: Ledger, path: str, old: list[str], new: list[str], old_path: str) -> None:
    if old != new:
        old_place = joined(old_path or path, UNKNOWN)
        ledger.add(UNCLASSIFIED, joined(path, UNKNOWN), old or None, new or None, old_path=old_place)


def entry_differences(
    path: str, old: Mapping[str, Any], new: Mapping[str, Any], old_path: str = ""
) -> Iterator[Difference]:
    """Return the entries in which two maps differ, each as a whole; texts with JSON by what they hold."""
    for key in sorted({*old, *new}, key=natural_key):
        before, after = old.get(key), new.get(key)
        if before is None or after is None or not same(before, after):
            yield Difference(joined(path, key), before, after, key, joined(old_path or path, key))


def field_changes(path: str, old: Any, new: Any, old_path: str = "") -> Iterator[Difference]:
    """Return the places where two messages of one kind differ, down to single values."""
    was = old_path or path
    if old.DESCRIPTOR.full_name == "google.protobuf.Struct":
        yield from mapped_differences(path, plain_struct(old), plain_struct(new), was)
        return
    for name, field in _fields(old.DESCRIPTOR):
        before, after = getattr(old, name), getattr(new, name)
        place, old_place = joined(path, name), joined(was, name)
        if field.containing_oneof and (
            old.HasField(name) != new.HasField(name) or _is_empty(before) != _is_empty(after)
        ):
            # Of a choice, that it was made says something even if nothing is in it.
            values = [getattr(message, name) if message.HasField(name) else None for message in (old, new)]
            plain = [None if value is None else plain_value(value, field) for value in values]
            exact = plain if field.message_type is None else [named(name, value) for value in values]
            edit = Replacement(old_place, place, exact[0], exact[1])
            yield Difference(place, plain[0], plain[1], name, old_place, (edit,))
        elif before is not after and before != after:
            yield from _field(place, old_place, field, before, after)
    gone, come = unknown_fields(old), unknown_fields(new)
    if gone != come:
        yield Difference(joined(path, UNKNOWN), gone or None, come or None, "", joined(was, UNKNOWN))


def _is_empty(value: Any) -> bool:
    return hasattr(value, "DESCRIPTOR") and not plain_message(value)


def _field(path: str, was: str, field: Any, old: Any, new: Any) -> Iterator[Difference]:
    if is_map(field):
        yield from _entries(path, was, field, old, new)
    elif is_repeated(field):
        before, after = plain_list(old, field), plain_list(new, field)
        if before and after:
            yield from listed_differences(path, before, after, field.name, was)
        else:
            yield Difference(path, before or None, after or None, field.name, was)
    elif field.message_type is not None:
        yield from field_changes(path, old, new, was)
    elif repr(old) != repr(new) and not (isinstance(old, str) and same(old, new)):
        before, after = plain_value(old, field), plain_value(new, field)
        exact = [text if value or field.has_presence else None for text, value in ((before, old), (after, new))]
        yield Difference(path, before, after, field.name, was, (Replacement(was, path, *exact),))


def _entries(path: str, old_path: str, field: Any, old: Any, new: Any) -> Iterator[Difference]:
    """Return the places where two maps differ."""
    values = map_values(field)
    if values.message_type is None:
        before, after = (
            {str(key): plain_value(value, values) for key, value in entries.items()} for entries in (old, new)
        )
        yield from entry_differences(path, before, after, old_path)
        return
    for key in sorted({*old, *new}, key=lambda key: natural_key(str(key))):
        place, old_place = joined(path, str(key)), joined(old_path, str(key))
        was, now = old.get(key), new.get(key)
        if was is not None and now is not None:
            yield from field_changes(place, was, now, old_place)
        else:
            gone, come = (None if message is None else plain_message(message) for message in (was, now))
            edit = Replacement(old_place, place, named(str(key), was), named(str(key), now))
            yield Difference(place, gone, come, str(key), old_place, (edit,))
