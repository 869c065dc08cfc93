"""From whatever a caller hands in to serialized tasks, which is what tables are made from."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, NamedTuple, TypeAlias

from flyteidl.admin import task_pb2

from flytetask_nb.errors import FlyteTaskError, ModelTypeError
from flytetask_nb.models.coercion import as_task, no_tasks, opened
from flytetask_nb.models.flyte_task import FlyteTask
from flytetask_nb.models.origins import NOWHERE, Origin

if TYPE_CHECKING:
    from collections.abc import Sequence

Place: TypeAlias = "Origin | str"
"""Where a task comes from: as a collection keeps it, the source alone or all that is known."""

_PAIR = 2


class Records(NamedTuple):
    """Tasks as bytes, beside each other.

    ``data``: a serialized ``TaskSpec`` each.
    ``origins``: where each comes from.
    ``refused``: position of what was no task at all, and why.
    """

    data: Sequence[bytes]
    origins: Sequence[Place]
    refused: dict[int, str]


def records_of(tasks: Any) -> Records:
    """Return the serialized tasks of an iterable.

    ``tasks``: a collection, or an iterable of ``FlyteTask``, of whatever ``FlyteTask.from_flyte_idl`` takes, of
      serialized ``TaskSpec`` messages, or of pairs of such bytes and where they come from.
    Raises ModelTypeError: it is no iterable of tasks, but a single one or a path. What is no task inside of it is told
      in ``refused``.
    """
    tasks = opened(tasks)
    held = getattr(tasks, "serialized", None)
    if held is not None:
        data, origins = held()
        return Records(data, origins, {})
    if isinstance(tasks, str | bytes | bytearray | memoryview) or not hasattr(tasks, "__iter__"):
        raise ModelTypeError(no_tasks(tasks, "tasks"))
    if isinstance(tasks, list | tuple) and set(map(type, tasks)) == {bytes}:
        return Records(tasks, [NOWHERE] * len(tasks), {})
    data, origins = [], []
    refused: dict[int, str] = {}
    for given in tasks:
        try:
            pairs = _pairs(given)
        except FlyteTaskError as error:
            refused[len(data)] = str(error)
            pairs = [(b"", NOWHERE)]
        for task, origin in pairs:
            data.append(task)
            origins.append(origin)
    return Records(data, origins, refused)


def _pairs(given: Any) -> list[tuple[bytes, Place]]:
    """Return the task of an item, or those of a workflow or a module."""
    task = opened(given)
    return list(map(_pair, [task] if task is given or isinstance(task, FlyteTask) else task))


def _pair(task: Any) -> tuple[bytes, Place]:
    if isinstance(task, FlyteTask):
        return task._message.SerializeToString(), task._origin
    if isinstance(task, bytes):
        return task, NOWHERE
    if isinstance(task, task_pb2.TaskSpec):
        return task.SerializeToString(), NOWHERE
    if isinstance(task, bytearray | memoryview):
        return bytes(task), NOWHERE
    if isinstance(task, tuple) and len(task) == _PAIR and isinstance(task[0], bytes):
        return task[0], task[1] if isinstance(task[1], Origin | str) else NOWHERE
    made = as_task(task)
    return made._message.SerializeToString(), made._origin
