"""What is common to comparing any two messages of one kind: fields that no rule knows still appear.

A part of a task is compared by a table from its fields to what compares them. Fields of the descriptor that the table
does not have, and fields that the descriptor does not have, become changes of the rule ``unclassified``.
"""

from __future__ import annotations

from functools import lru_cache
from typing import TYPE_CHECKING, Any, Final

from google.protobuf.unknown_fields import UnknownFieldSet

from flytetask_nb.diffs.changes import joined
from flytetask_nb.diffs.rules import UNCLASSIFIED
from flytetask_nb.diffs.structures import differences, same
from flytetask_nb.models.fields import plain_struct
from flytetask_nb.models.order import natural_key

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

    from flytetask_nb.diffs.changes import Ledger

__all__ = ["compare_entries", "compare_fields", "compare_unknown", "field_changes", "plain_message"]

_UNKNOWN: Final = "(unknown fields)"


@lru_cache(maxsize=256)
def _fields(descriptor: Any) -> tuple[tuple[str, Any], ...]:
    return tuple((field.name, field) for field in descriptor.fields)


def compare_fields(ledger: Ledger, path: str, old: Any, new: Any, table: Mapping[str, Any]) -> None:
    """Compare two messages field by field.

    Parameters
    ----------
    ledger
        Takes the changes.
    path
        Where the messages stand.
    old, new
        Messages of one kind.
    table
        By name of a field what compares it: called with the ledger, the field's path, and both values; None: the
        field is compared elsewhere. Whatever is not in the table is unclassified.
    """
    for name, field in _fields(old.DESCRIPTOR):
        before, after = getattr(old, name), getattr(new, name)
        if before is after or before == after:
            continue
        if name not in table:
            for place, was, now, key in _field(joined(path, name), field, before, after):
                ledger.add(UNCLASSIFIED, place, was, now, key=key)
        elif table[name] is not None:
            table[name](ledger, joined(path, name), before, after)
    compare_unknown(ledger, path, old, new)


def compare_unknown(ledger: Ledger, path: str, old: Any, new: Any, old_path: str = "") -> None:
    """Compare the fields of two messages that this flyteidl does not know."""
    before, after = UnknownFieldSet(old), UnknownFieldSet(new)
    if len(before) or len(after):
        was, now = _unknown(before), _unknown(after)
        if was != now:
            old_place = joined(old_path or path, _UNKNOWN)
            ledger.add(UNCLASSIFIED, joined(path, _UNKNOWN), was or None, now or None, old_path=old_place)


def _unknown(found: Any) -> list[str]:
    return [f"{item.field_number}: {_unknown_data(item.data)}" for item in found]


def _unknown_data(data: Any) -> str:
    return str(_unknown(data)) if isinstance(data, UnknownFieldSet) else repr(data)


def compare_entries(ledger: Ledger, path: str, old: Mapping[str, str], new: Mapping[str, str], stem: str) -> None:
    """Compare two maps of texts by the three rules of a stem; texts with JSON by what they hold."""
    for key in sorted({*old, *new}, key=natural_key):
        before = old.get(key)
        after = new.get(key)
        if before is None or after is None or not same(before, after):
            ledger.entry(stem, joined(path, key), before, after, key=key)


def field_changes(path: str, old: Any, new: Any) -> Iterator[tuple[str, Any, Any, str]]:
    """Give the places where two messages of one kind differ, down to single values.

    Parameters
    ----------
    path
        Where the messages stand.
    old, new
        The messages.

    Yields
    ------
    (str, object, object, str)
        The path, both values (None where there is none) and the name that they stand under.
    """
    if old.DESCRIPTOR.full_name == "google.protobuf.Struct":
        yield from differences(path, plain_struct(old), plain_struct(new))
        return
    for name, field in _fields(old.DESCRIPTOR):
        before, after = getattr(old, name), getattr(new, name)
        if field.containing_oneof and old.HasField(name) != new.HasField(name):
            yield joined(path, name), _present(old, name, before), _present(new, name, after), name
        elif before is not after and before != after:
            yield from _field(joined(path, name), field, before, after)
    was, now = _unknown(UnknownFieldSet(old)), _unknown(UnknownFieldSet(new))
    if was != now:
        yield joined(path, _UNKNOWN), was or None, now or None, ""


def _present(message: Any, name: str, value: Any) -> Any:
    if not message.HasField(name):
        return None
    return plain_message(value) if hasattr(value, "DESCRIPTOR") else value


def _field(path: str, field: Any, old: Any, new: Any) -> Iterator[tuple[str, Any, Any, str]]:
    kind = field.message_type
    if kind is not None and kind.GetOptions().map_entry:
        for key in sorted({*old, *new}, key=lambda key: natural_key(str(key))):
            place = joined(path, str(key))
            if key in old and key in new:
                if kind.fields_by_name["value"].message_type is not None:
                    yield from field_changes(place, old[key], new[key])
                elif old[key] != new[key]:
                    yield place, old[key], new[key], key
            else:
                yield place, _plain(old[key]) if key in old else None, _plain(new[key]) if key in new else None, key
    elif _is_repeated(field):
        yield from (tuple(found) for found in differences(path, _plain_list(old), _plain_list(new)))
    elif kind is None:
        if repr(old) != repr(new):
            yield path, old, new, field.name
    else:
        yield from field_changes(path, old, new)


def _is_repeated(field: Any) -> bool:
    # The newer spelling; protobuf before 6.31 has the older alone.
    return bool(field.is_repeated if hasattr(field, "is_repeated") else field.label == field.LABEL_REPEATED)


def _plain_list(items: Any) -> list[Any]:
    return [_plain(item) for item in items]


def _plain(value: Any) -> Any:
    if hasattr(value, "DESCRIPTOR"):
        return plain_message(value)
    return repr(value) if isinstance(value, bytes) else value


def plain_message(message: Any) -> dict[str, Any]:
    """Give a message as plain Python values: what is set in it, fields that this flyteidl does not know included."""
    if message.DESCRIPTOR.full_name == "google.protobuf.Struct":
        return plain_struct(message)
    found: dict[str, Any] = {}
    for field, value in message.ListFields():
        if field.message_type is not None and field.message_type.GetOptions().map_entry:
            found[field.name] = {
                str(key): _plain(value[key]) for key in sorted(value, key=lambda k: natural_key(str(k)))
            }
        elif _is_repeated(field):
            found[field.name] = _plain_list(value)
        else:
            found[field.name] = _plain(value)
    unknown = _unknown(UnknownFieldSet(message))
    if unknown:
        found[_UNKNOWN] = unknown
    return found
