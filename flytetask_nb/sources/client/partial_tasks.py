"""Tasks of a page cut out as bytes, so that none of them is taken apart and put together again.

A message that knows only the outer fields of ``flyteidl.admin.Task`` leaves the inner ones as they came. The bytes of
a ``CompiledTask`` are those of a ``TaskSpec``: both hold the template as field 1, and the former holds nothing else.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from google.protobuf import descriptor_pb2, descriptor_pool, message_factory, timestamp_pb2

from flytetask_nb.models.origins import UNTOLD_BY_SERVERS, Origin
from flytetask_nb.models.plain_values import utc_datetime

if TYPE_CHECKING:
    from datetime import datetime

_PACKAGE = "flytetask_nb"
_FIELD = descriptor_pb2.FieldDescriptorProto
# Message, field, number, type, and the message that the field holds.
_FIELDS = (
    ("Closure", "compiled_task", 1, _FIELD.TYPE_BYTES, ""),
    ("Closure", "created_at", 2, _FIELD.TYPE_BYTES, ""),
    ("Task", "id", 1, _FIELD.TYPE_BYTES, ""),
    ("Task", "closure", 2, _FIELD.TYPE_MESSAGE, "Closure"),
    ("Task", "short_description", 3, _FIELD.TYPE_BYTES, ""),
    ("Tasks", "tasks", 1, _FIELD.TYPE_MESSAGE, "Task"),
    ("Tasks", "token", 2, _FIELD.TYPE_STRING, ""),
)
_REPEATED = "tasks"

_TEMPLATE_TAG = 0x0A
_SEVEN_BITS = 0x7F

NAME_TAG = b'"'
"""Stands in every serialized id that has a name."""

ENVELOPE = 12
"""Bytes that tags and lengths may take between the start of a compiled task and its template's id."""

AFTER_SECONDS = frozenset({b"", b"\x10"})
"""What may be the seventh byte of a timestamp up to the year 3058; other times are looked at more closely."""


class _Prefixes(dict[int, bytes]):
    """How a compiled task of so many bytes begins if its template is all that it holds."""

    def __missing__(self, size: int) -> bytes:
        for head in range(2, ENVELOPE):
            prefix = bytearray([_TEMPLATE_TAG])
            rest = max(size - head, 0)
            while rest > _SEVEN_BITS:
                prefix.append(rest & _SEVEN_BITS | 0x80)
                rest >>= 7
            prefix.append(rest)
            if len(prefix) == head:
                break
        found = self[size] = bytes(prefix)
        return found


PREFIXES = _Prefixes()


def _message() -> Any:
    file = descriptor_pb2.FileDescriptorProto(name=f"{_PACKAGE}/partial_tasks.proto", package=_PACKAGE, syntax="proto3")
    messages: dict[str, Any] = {}
    for holder, name, number, kind, inner in _FIELDS:
        if holder not in messages:
            messages[holder] = file.message_type.add(name=holder)
        label = _FIELD.LABEL_REPEATED if name == _REPEATED else _FIELD.LABEL_OPTIONAL
        made = messages[holder].field.add(name=name, number=number, type=kind, label=label)
        if inner:
            made.type_name = f".{_PACKAGE}.{inner}"
    pool = descriptor_pool.DescriptorPool()
    pool.AddSerializedFile(file.SerializeToString())
    return message_factory.GetMessageClass(pool.FindMessageTypeByName(f"{_PACKAGE}.Tasks"))


_PARSE = _message().FromString


def partial_tasks_of(data: bytes) -> Any:
    """Return a serialized ``TaskList`` as a message whose inner messages are bytes.

    Raises DecodeError: the outer ones are damaged.
    """
    return _PARSE(data)


class Server:
    """What all tasks of a listing share.

    ``source``: which server they came from.
    ``console``: the address of its console.
    """

    __slots__ = ("console", "source")

    def __init__(self, source: str, console: str) -> None:
        self.source = source
        self.console = console


class ListedOrigin(Origin):
    """What a listing said of a task beside its template, read when it is asked for."""

    __slots__ = ("_created", "_described", "_server")

    note = None
    should_register = False
    python_interface = None
    rank = None
    is_draft = False
    untold = UNTOLD_BY_SERVERS

    def __init__(self, server: Server, created: bytes, described: bytes) -> None:
        self._server = server
        self._created = created
        self._described = described

    @property
    def source(self) -> str:  # type: ignore[override]
        """Which server it came from."""
        return self._server.source

    @property
    def console(self) -> str:  # type: ignore[override]
        """The address of that server's console."""
        return self._server.console

    @property
    def is_dated(self) -> bool:
        """Whether the server said when it was registered."""
        return bool(self._created)

    @property
    def created_at(self) -> datetime | None:  # type: ignore[override]
        """When it was registered."""
        return utc_datetime(timestamp_pb2.Timestamp.FromString(self._created), "created_at") if self._created else None

    @property
    def short_description(self) -> str | None:  # type: ignore[override]
        """One line about it."""
        return self._described.decode() or None
