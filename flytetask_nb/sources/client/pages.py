"""Pages of a listing: tasks out of an answer's bytes, the damaged ones told apart from the others."""

from __future__ import annotations

from contextlib import suppress
from typing import TYPE_CHECKING, Any, NamedTuple

from flyteidl.admin import task_pb2
from google.protobuf.message import DecodeError

from flytetask_nb.protobuf_wire import wrapped
from flytetask_nb.sources.client.partial_tasks import partial_tasks_of, rows_of

if TYPE_CHECKING:
    from collections.abc import Sequence


class Damaged(NamedTuple):
    """A row that is no task, and what is wrong with it."""

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
        return _whole(self.unread, task_pb2.TaskList, task_pb2.Task, self.partial_tasks) if self.unread else self


def page_of(data: bytes, answer: Any, row: Any) -> Page:
    """Return the page of an answer, of tasks with no more than is needed to ask for the next one.

    A page comes on one thread while the one before it is read on another: whoever waits for its turn to read would
    keep the other from reading.

    ``answer``, ``row``: class of the list, and of what is listed.
    Raises DecodeError: the list itself is damaged, so that nothing tells where its rows end.
    """
    if row is task_pb2.Task:
        with suppress(DecodeError):
            partial_list = partial_tasks_of(data)
            return Page(partial_list.tasks, partial_list.token, partial_list.tasks, data)
    return _whole(data, answer, row)


def _whole(data: bytes, answer: Any, row: Any, partial_tasks: Sequence[Any] = ()) -> Page:
    try:
        message = answer.FromString(data)
    except DecodeError:
        # One damaged row makes protobuf refuse all of them.
        return _told_apart(data, row)
    return Page(getattr(message, answer.DESCRIPTOR.fields_by_number[1].name), message.token, partial_tasks)


def _told_apart(data: bytes, row: Any) -> Page:
    answer = rows_of(data)
    rows = [_read(content, row) for content in answer.rows]
    no_tasks = [None] * len(rows) if row is task_pb2.Task else ()
    return Page(rows, answer.token.decode("utf-8", "replace"), no_tasks)


def _read(content: bytes, row: Any) -> Any:
    try:
        return row.FromString(content)
    except DecodeError:
        return Damaged(f"its {len(content)} bytes are no {row.DESCRIPTOR.name}")


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
    # A TaskSpec is its template as field 1; putting that before the bytes spares a second message.
    return wrapped(1, template.SerializeToString())
