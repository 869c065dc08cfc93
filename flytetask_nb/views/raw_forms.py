"""A task as protobuf's own text and JSON, with everything secret in it masked."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Final

from google.protobuf import json_format, text_format
from google.protobuf.struct_pb2 import Struct

from flytetask_nb.masking import mask_arguments, mask_field, mask_value, masked
from flytetask_nb.models.flyte2 import flyte2_details
from flytetask_nb.models.plain_values import plain_struct
from flytetask_nb.options import OPTIONS
from flytetask_nb.semantics.descriptors import is_repeated, map_entry

if TYPE_CHECKING:
    from collections.abc import Callable

    from google.protobuf.message import Message

    from flytetask_nb.models.flyte_task import FlyteTask


def _proto_text(message: Message) -> str:
    return text_format.MessageToString(message, as_utf8=True)


def _json(message: Message) -> str:
    try:
        # The order of a map's entries differs from process to process.
        return json_format.MessageToJson(message, preserving_proto_field_name=True, ensure_ascii=False, sort_keys=True)
    except json_format.SerializeToJsonError as error:
        return f"{NO_JSON} {error}"


NO_JSON: Final = "JSON cannot hold this task; see its proto text."
"""What stands in place of JSON where a number or a time span is beyond what protobuf's JSON allows."""

RAW_FORMS: Final[dict[str, Callable[[Message], str]]] = {"JSON": _json, "proto text": _proto_text}
"""What writes a message down, by the name of the form."""


def raw_text(task: FlyteTask, form: str) -> str:
    """Write a task down as it is, secrets masked.

    ``form``: ``"JSON"`` or ``"proto text"``, with the fields' names as flyteidl spells them.
    Returns str: a ``TaskSpec``; of a task of Flyte 2 its own ``TaskDetails``. Fields that these do not know have no
      names to be written under and are left out.
    """
    message = flyte2_details(task._message) or task.to_flyte_idl()
    if not OPTIONS["reveal_secrets"]:
        _mask(message)
    return RAW_FORMS[form](message)


def _mask(message: Message, key: str = "") -> None:
    """Mask what is secret in a message, in place; all of its texts where it is the value of a secret's name."""
    if isinstance(message, Struct):
        plain = mask_value(plain_struct(message), key)
        message.Clear()
        message.update(plain)
        return
    names = {field.name for field, _ in message.ListFields()}
    if {"key", "value"} <= names and isinstance(getattr(message, "value", None), str):
        message.value = masked(message.key, message.value)  # type: ignore[attr-defined]
        names -= {"key", "value"}
    elif {"name", "parameter"} <= names:
        # A default input of Flyte 2.
        _mask(message.parameter, message.name)  # type: ignore[attr-defined]
        names -= {"parameter"}
    for field, value in message.ListFields():
        if field.name in names:
            _mask_field(message, field, value, key)


def _mask_field(message: Message, field: Any, value: Any, key: str) -> None:
    entry = map_entry(field)
    if entry is not None:
        _mask_map(entry[1], value, key)
    elif field.message_type is not None:
        for part in value if is_repeated(field) else (value,):
            _mask(part, key)
    elif field.type != field.TYPE_STRING:
        return
    elif is_repeated(field):
        value[:] = mask_arguments(list(value))
    else:
        setattr(message, field.name, masked(key, value) if key else mask_field(field.name, value))


def _mask_map(field: Any, entries: Any, outer: str) -> None:
    for key in entries:
        if field.message_type is not None:
            _mask(entries[key], outer)
        elif field.type == field.TYPE_STRING:
            entries[key] = masked(str(key), entries[key])
