"""Messages as plain Python values: numbers of enums by their names, fields that this flyteidl does not know as texts."""

from __future__ import annotations

from typing import Any, Final

from google.protobuf.unknown_fields import UnknownFieldSet

from flytetask_nb.models.flyte2_schema import FLYTE2
from flytetask_nb.models.order import natural_key
from flytetask_nb.models.plain_values import plain_struct
from flytetask_nb.semantics.descriptors import is_map, is_repeated, map_values

_SURROUNDINGS: Final = f"{FLYTE2}: "
UNKNOWN: Final = "(unknown fields)"
"""Key under which the fields stand that this flyteidl does not know."""


def unknown_fields(message: Any) -> list[str]:
    """Return the fields of a message that this flyteidl does not know, each as text."""
    unknown = UnknownFieldSet(message)
    # What surrounds a task of Flyte 2 is compared by its own names.
    return [text for text in _unknown(unknown) if not text.startswith(_SURROUNDINGS)] if len(unknown) else []


def _unknown(fields: Any) -> list[str]:
    return [
        f"{item.field_number}: {_unknown(item.data) if isinstance(item.data, UnknownFieldSet) else repr(item.data)}"
        for item in fields
    ]


def enum_name(enum: Any, number: int) -> Any:
    """Return the name of a number of an enum, by its descriptor; the number itself where it has none."""
    value = enum.values_by_number.get(number)
    return number if value is None else value.name


def plain_list(items: Any, field: Any) -> list[Any]:
    """Return the items of a field, by its descriptor, as plain Python values."""
    return [plain_value(item, field) for item in items]


def plain_value(value: Any, field: Any) -> Any:
    """Return a value of a field, by its descriptor, as plain Python values."""
    if hasattr(value, "DESCRIPTOR"):
        return plain_message(value)
    if field.enum_type is not None:
        return enum_name(field.enum_type, value)
    return repr(value) if isinstance(value, bytes) else value


def plain_message(message: Any) -> dict[str, Any]:
    """Return a message as plain Python values: what is set in it, fields that this flyteidl does not know included."""
    if message.DESCRIPTOR.full_name == "google.protobuf.Struct":
        return plain_struct(message)
    plain: dict[str, Any] = {}
    for field, value in message.ListFields():
        if is_map(field):
            keys = sorted(value, key=lambda key: natural_key(str(key)))
            plain[field.name] = {str(key): plain_value(value[key], map_values(field)) for key in keys}
        elif is_repeated(field):
            plain[field.name] = plain_list(value, field)
        else:
            plain[field.name] = plain_value(value, field)
    unknown = unknown_fields(message)
    if unknown:
        plain[UNKNOWN] = unknown
    return plain
