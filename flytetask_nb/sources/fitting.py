"""Values out of JSON and YAML, brought into the form that protobuf's JSON parser takes for a message.

YAML does not say whether ``12:34``, ``no`` or ``1e-05`` is meant as a text; the message's fields do. And of Flyte 2,
which grows, a source may say more than any message here has a field for: that is set aside, not lost.
"""

from __future__ import annotations

from functools import lru_cache
from typing import TYPE_CHECKING, Any

from flytetask_nb.semantics.descriptors import is_repeated, map_entry

if TYPE_CHECKING:
    from google.protobuf.descriptor import Descriptor, FieldDescriptor

_FREE = frozenset({"google.protobuf.Struct", "google.protobuf.Value", "google.protobuf.ListValue"})
_TEXTS = frozenset({"google.protobuf.Duration", "google.protobuf.Timestamp", "google.protobuf.StringValue"})
_SET_ASIDE: Any = object()


class Plain:
    """A number or truth value out of YAML, and the text that stands for it there."""

    __slots__ = ("text", "value")

    def __init__(self, value: Any, text: str) -> None:
        self.value = value
        self.text = text


def plain(value: Any) -> Any:
    """Return a value with numbers and truth values as they are."""
    if isinstance(value, Plain):
        return value.value
    if isinstance(value, dict):
        return {key: plain(inner) for key, inner in value.items()}
    if isinstance(value, list):
        return [plain(inner) for inner in value]
    return value


def fitted(value: Any, descriptor: Descriptor, aside: dict[str, Any] | None = None, path: str = "") -> Any:
    """Return a value as protobuf's JSON parser takes it for a message.

    ``aside``: takes, by path, the fields and names of enumerations that the message does not have. None: they stay, and
      the parser refuses them.
    ``path``: where the value stands.
    """
    name = descriptor.full_name
    if name in _TEXTS:
        return _text(value)
    if name in _FREE or not isinstance(value, dict):
        return plain(value)
    fields = _fields(descriptor)
    made = {}
    for key, inner in value.items():
        place = f"{path}.{key}" if path else str(key)
        field = fields.get(key)
        if field is not None:
            inner = _field(inner, field, aside, place)  # noqa: PLW2901 - the same value in another form
        elif aside is not None:
            aside[place] = plain(inner)
            continue
        else:
            inner = plain(inner)  # noqa: PLW2901 - likewise
        if inner is not _SET_ASIDE:
            made[key] = inner
    return made


@lru_cache(maxsize=512)
def _fields(descriptor: Descriptor) -> dict[str, FieldDescriptor]:
    return {name: field for field in descriptor.fields for name in (field.json_name, field.name)}


def _field(value: Any, field: FieldDescriptor, aside: dict[str, Any] | None, path: str) -> Any:
    entry = map_entry(field)
    if entry is not None and isinstance(value, dict):
        made = {key: _item(inner, entry[1], aside, f"{path}.{key}") for key, inner in value.items()}
        return {key: inner for key, inner in made.items() if inner is not _SET_ASIDE}
    if is_repeated(field) and isinstance(value, list):
        items = (_item(inner, field, aside, f"{path}.{position}") for position, inner in enumerate(value))
        return [item for item in items if item is not _SET_ASIDE]
    return _item(value, field, aside, path)


def _item(value: Any, field: FieldDescriptor, aside: dict[str, Any] | None, path: str) -> Any:
    if field.message_type is not None:
        return fitted(value, field.message_type, aside, path)
    if field.type in {field.TYPE_STRING, field.TYPE_BYTES}:
        return _text(value)
    value = plain(value)
    if field.enum_type is not None and aside is not None and _is_unknown(value, field.enum_type):
        aside[path] = value
        return _SET_ASIDE
    return value


def _is_unknown(value: Any, enum: Any) -> bool:
    return isinstance(value, str) and value not in enum.values_by_name and not value.lstrip("-").isdecimal()


def _text(value: Any) -> Any:
    return value.text if isinstance(value, Plain) else plain(value)
