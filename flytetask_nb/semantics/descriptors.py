"""What protobuf's descriptors tell of a field, whichever version of protobuf is installed."""

from __future__ import annotations

from functools import lru_cache
from typing import Any

from google.protobuf.descriptor import EnumDescriptor, FieldDescriptor


@lru_cache(maxsize=1024)
def is_map(field: FieldDescriptor) -> bool:
    """Tell whether a field is a map."""
    return bool(field.message_type is not None and field.message_type.GetOptions().map_entry)


def map_entry(field: FieldDescriptor) -> tuple[FieldDescriptor, FieldDescriptor] | None:
    """Return the fields for the keys and the values of a map; None of a field that is none. Maps are repeated too."""
    entry = field.message_type
    if entry is None or not is_map(field):
        return None
    return entry.fields_by_name["key"], entry.fields_by_name["value"]


def map_values(field: Any) -> Any:
    """Return the field for the values of a map."""
    return field.message_type.fields_by_name["value"]


def is_repeated(field: FieldDescriptor) -> bool:
    """Tell whether a field holds any number of values."""
    # The newer spelling; protobuf before 6.31 has the older alone.
    if hasattr(field, "is_repeated"):
        return bool(field.is_repeated)
    return bool(getattr(field, "label", None) == FieldDescriptor.LABEL_REPEATED)


def enum_name(enum: EnumDescriptor, number: int) -> str:
    """Name a value of an enum as Go does: a number without a name is told as such."""
    value = enum.values_by_number.get(number)
    return str(number) if value is None else str(value.name)
