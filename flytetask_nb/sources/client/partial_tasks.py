"""Tasks of a page cut out as bytes, so that none of them is taken apart and put together again.

A message that knows only the outer fields of ``flyteidl.admin.Task`` leaves the inner ones as they came. The bytes of
a ``CompiledTask`` are those of a ``TaskSpec``: both hold the template as field 1, and the former holds nothing else.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, NamedTuple

from google.protobuf import message_factory, timestamp_pb2

from flytetask_nb.models.origins import UNTOLD_BY_SERVERS, Origin
from flytetask_nb.models.plain_values import utc_datetime
from flytetask_nb.protobuf_wire import BYTES, TEXT, Fields, described, wrapped

if TYPE_CHECKING:
    from collections.abc import Mapping
    from datetime import datetime

_MESSAGES: Mapping[str, Fields] = {
    "Closure": [(1, "compiled_task", BYTES, False), (2, "created_at", BYTES, False)],
    "Task": [(1, "id", BYTES, False), (2, "closure", "Closure", False), (3, "short_description", BYTES, False)],
    "Tasks": [(1, "tasks", "Task", True), (2, "token", TEXT, False)],
    # All lists of flyteidl have these two fields, under these numbers.
    "Rows": [(1, "rows", BYTES, True), (2, "token", BYTES, False)],
}

NAME_TAG = b'"'
"""Stands in every serialized id that has a name."""

ENVELOPE = 12
"""Bytes that tags and lengths may take between the start of a compiled task and its template's id."""

AFTER_SECONDS = frozenset({b"", b"\x10"})
"""What may be the seventh byte of a timestamp up to the year 3058; other times are looked at more closely."""

_OF_NONE = b"\0"
"""How no message begins: there are sizes that no single field comes to."""


class _Prefixes(dict[int, bytes]):
    """How a compiled task of so many bytes begins if its template is all that it holds."""

    def __missing__(self, size: int) -> bytes:
        tasks = ((head, wrapped(1, bytes(max(size - head, 0)))) for head in range(2, ENVELOPE))
        prefix = self[size] = next((task[:head] for head, task in tasks if len(task) == size), _OF_NONE)
        return prefix


PREFIXES = _Prefixes()

_parse_tasks, _parse_rows = (
    message_factory.GetMessageClass(described(f"partial_tasks.{name.lower()}", _MESSAGES, name)).FromString
    for name in ("Tasks", "Rows")
)


def partial_tasks_of(data: bytes) -> Any:
    """Return a serialized ``TaskList`` as a message whose inner messages are bytes.

    Raises DecodeError: the outer ones are damaged.
    """
    return _parse_tasks(data)


def rows_of(data: bytes) -> Any:
    """Return any serialized list of Admin's as a message with ``rows`` and ``token``, which are bytes.

    Raises DecodeError: the list itself is damaged.
    """
    return _parse_rows(data)


class Server(NamedTuple):
    """What all tasks of a listing share: which server they came from, and the address of its console."""

    source: str
    console: str


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
