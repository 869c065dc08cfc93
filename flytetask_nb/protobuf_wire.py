"""Pieces of serialized tasks: put at the place where they stand, parsed, and described to protobuf's parsers."""

from __future__ import annotations

from functools import lru_cache
from typing import TYPE_CHECKING, Any, Final, TypeAlias

from flyteidl.admin import task_pb2
from google.protobuf import descriptor_pb2, descriptor_pool
from google.protobuf.message import DecodeError

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping

_Field: Final = descriptor_pb2.FieldDescriptorProto
TEXT, BYTES, NUMBER, DOUBLE, BOOL = (
    _Field.TYPE_STRING,
    _Field.TYPE_BYTES,
    _Field.TYPE_INT32,
    _Field.TYPE_DOUBLE,
    _Field.TYPE_BOOL,
)

Fields: TypeAlias = "list[tuple[int, str, int | str, bool]]"
"""Of a message: number, name, type or the name of a message beside it, and whether it is repeated."""


def described(name: str, messages: Mapping[str, Fields], wanted: str) -> Any:
    """Return the descriptor of a message that has some fields of another, under the same numbers.

    ``name``: what the messages are told apart by from those of other callers.
    ``messages``: fields of each.
    ``wanted``: which of them.
    """
    package = f"flytetask_nb.{name}"
    file = descriptor_pb2.FileDescriptorProto(name=f"flytetask_nb/{name}.proto", package=package, syntax="proto3")
    for message, fields in messages.items():
        declared = file.message_type.add(name=message)
        for number, field_name, kind, is_repeated in fields:
            label = _Field.LABEL_REPEATED if is_repeated else _Field.LABEL_OPTIONAL
            field = declared.field.add(name=field_name, number=number, label=label)
            if isinstance(kind, str):
                field.type = _Field.TYPE_MESSAGE
                field.type_name = f".{package}.{kind}"
            else:
                field.type = kind  # type: ignore[assignment]
    pool = descriptor_pool.DescriptorPool()
    pool.AddSerializedFile(file.SerializeToString())
    return pool.FindMessageTypeByName(f"{package}.{wanted}")


def parsed(path: tuple[int, ...], blobs: Iterable[bytes]) -> Any | None:
    """Return a TaskSpec that holds nothing but a field's bytes, at their place: nesting is limited from the top.

    ``path``: numbers of the fields from the top down to the one that the bytes are of.
    ``blobs``: of each time that it stands there.
    Returns TaskSpec or None: None where protobuf cannot parse it.
    """
    *way, last = path
    return parsed_at(way, b"".join([wrapped(last, blob) for blob in blobs]))


def parsed_at(way: Iterable[int], data: bytes) -> Any | None:
    """Return a TaskSpec that holds nothing but the bytes of a message at the end of a way; None as ``parsed`` does."""
    for number in reversed(tuple(way)):
        data = wrapped(number, data)
    try:
        return task_pb2.TaskSpec.FromString(data)
    except DecodeError:
        return None


def wrapped(number: int, data: bytes) -> bytes:
    """Return bytes as the field of that number."""
    return _varint(number << 3 | 2) + _varint(len(data)) + data


@lru_cache(4096)
def _varint(number: int) -> bytes:
    out = bytearray()
    while number > 0x7F:  # noqa: PLR2004 - seven bits a byte
        out.append(number & 0x7F | 0x80)
        number >>= 7
    out.append(number)
    return bytes(out)
