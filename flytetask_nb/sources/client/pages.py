"""Pages of a listing: tasks out of an answer's bytes, the damaged ones told apart from the others."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, NamedTuple

from flyteidl.admin import task_pb2
from google.protobuf.message import DecodeError

from flytetask_nb.sources.client.partial_tasks import partial_tasks_of

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

_MESSAGES, _TOKEN = 1, 2
_VARINT, _FIXED64, _BYTES, _FIXED32 = 0, 1, 2, 5
_WIDTHS = {_FIXED64: 8, _FIXED32: 4}
_SEVEN_BITS = 0x7F
_TEMPLATE_TAG = b"\x0a"


class Damaged(NamedTuple):
    """A row that is no task.

    ``reason``: what is wrong with it.
    """

    reason: str


class Page(NamedTuple):
    """Some rows of a listing.

    ``rows``: messages, and ``Damaged`` in place of those that cannot be read.
    ``token``: what the next page is asked with; empty after the last.
    ``partial_tasks``: for each row its outer fields alone, where rows are tasks; None for one that is no task. Empty
      where rows are something else.
    ``unread``: the answer, where its rows are not read yet; then ``rows`` are partial too.
    """

    rows: Sequence[Any]
    token: str
    partial_tasks: Sequence[Any] = ()
    unread: bytes = b""

    def read(self) -> Page:
        """Return it with its rows, if they were left for later."""
        if not self.unread:
            return self
        try:
            message = task_pb2.TaskList.FromString(self.unread)
        except DecodeError:
            # One damaged row makes protobuf refuse all of them.
            return _told_apart(self.unread, task_pb2.Task)
        return Page(message.tasks, self.token, self.partial_tasks)


def glanced_at(data: bytes, answer: Any, field: str, row: Any) -> Page:
    """Return the page of an answer, of tasks with no more than is needed to ask for the next one.

    A page comes on one thread while the one before it is read on another: whoever waits for its turn to read would
    keep the other from reading.
    """
    if row is not task_pb2.Task:
        return page_of(data, answer, field, row)
    try:
        partial_list = partial_tasks_of(data)
    except DecodeError:
        return page_of(data, answer, field, row)
    return Page(partial_list.tasks, partial_list.token, partial_list.tasks, data)


def page_of(data: bytes, answer: Any, field: str, row: Any) -> Page:
    """Return the rows of an answer.

    ``data``: the answer.
    ``answer``, ``field``, ``row``: class of the list's message, the name of its repeated field, and the class of what
      that holds. The field's number is 1 and the token's 2, as in all lists of flyteidl.
    Raises DecodeError: the list itself is damaged, so that nothing tells where its rows end.
    """
    try:
        message = answer.FromString(data)
    except DecodeError:
        # One damaged row makes protobuf refuse all of them.
        return _told_apart(data, row)
    return Page(getattr(message, field), message.token, partial_tasks_of(data).tasks if row is task_pb2.Task else ())


def _told_apart(data: bytes, row: Any) -> Page:
    rows: list[Any] = []
    token = ""
    for number, content in _fields(data):
        if number == _MESSAGES:
            try:
                rows.append(row.FromString(content))
            except DecodeError:
                rows.append(Damaged(f"its {len(content)} bytes are no {row.DESCRIPTOR.name}"))
        elif number == _TOKEN:
            token = content.decode("utf-8", "replace")
    return Page(rows, token, [None] * len(rows) if row is task_pb2.Task else ())


def _fields(data: bytes) -> Iterator[tuple[int, bytes]]:
    """Return number and content of each field of a message that holds bytes."""
    position, end = 0, len(data)
    while position < end:
        tag, position = _varint(data, position)
        kind = tag & 7
        if kind == _VARINT:
            _, position = _varint(data, position)
            continue
        size = _WIDTHS.get(kind)
        if kind == _BYTES:
            size, position = _varint(data, position)
        if size is None or position + size > end:
            raise DecodeError
        if kind == _BYTES:
            yield tag >> 3, data[position : position + size]
        position += size


def _varint(data: bytes, position: int) -> tuple[int, int]:
    value = shift = 0
    while True:
        if position >= len(data):
            raise DecodeError
        byte = data[position]
        value |= (byte & _SEVEN_BITS) << shift
        position += 1
        if byte <= _SEVEN_BITS:
            return value, position
        shift += 7


def spec_bytes(task: Any) -> bytes | Damaged:
    """Return the serialized ``TaskSpec`` of a ``flyteidl.admin.Task``, or what is wrong with it.

    ``task``: the message. A template without a name takes the task's id, as Admin itself fills it in.
    """
    compiled = task.closure.compiled_task
    if not compiled.HasField("template"):
        return Damaged("its closure holds no task")
    template = compiled.template
    if not template.id.name:
        if not task.id.name:
            return Damaged("it has no name")
        template.id.CopyFrom(task.id)
    data: bytes = template.SerializeToString()
    size = len(data)
    # A TaskSpec is its template as field 1; putting that before the bytes spares a second message.
    prefix = bytearray(_TEMPLATE_TAG)
    while size > _SEVEN_BITS:
        prefix.append(size & _SEVEN_BITS | 0x80)
        size >>= 7
    prefix.append(size)
    return bytes(prefix) + data
