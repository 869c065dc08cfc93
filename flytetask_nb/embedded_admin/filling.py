"""Filling a server from files, as registration would."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from flyteidl.admin import description_entity_pb2, task_pb2
from flyteidl.core import identifier_pb2

from flytetask_nb.collection import TaskCollection
from flytetask_nb.embedded_admin.refusals import Refusal
from flytetask_nb.errors import LoadError
from flytetask_nb.sources import load

if TYPE_CHECKING:
    from flytetask_nb.embedded_admin.tasks import Tasks
    from flytetask_nb.models import FlyteTask

__all__ = ["fill"]


def fill(tasks: Tasks, source: Any, **settings: Any) -> int:
    """Register the tasks of a source.

    Parameters
    ----------
    tasks : Tasks
        Of the server.
    source
        As ``ftn.load`` takes it, or a ``TaskCollection``.
    **settings
        Those of ``ftn.load``.

    Returns
    -------
    int
        How many were new; those that are there already, and are the same, do not count.

    Raises
    ------
    LoadError
        A source cannot be read, or the server refuses one of its tasks; those before it are registered.
    """
    loaded = source if isinstance(source, TaskCollection) else load(source, **settings)
    return sum(_register(tasks, task) for task in loaded)


def _register(tasks: Tasks, task: FlyteTask) -> bool:
    try:
        tasks.create_task(_request(task))
    except Refusal as refusal:
        if refusal.code == "ALREADY_EXISTS":
            return False
        raise LoadError(
            f"{task.source or task.name}: the embedded Admin refuses task {task.name!r}: {refusal.message}. "
            "Change the task, or set up the server with other projects, domains or limits"
        ) from None
    return True


def _request(task: FlyteTask) -> Any:
    spec = task.to_flyte_idl()
    request = task_pb2.TaskCreateRequest(id=spec.template.id, spec=spec)
    request.id.resource_type = identifier_pb2.TASK
    if task.short_description and not spec.HasField("description"):
        request.spec.description.CopyFrom(
            description_entity_pb2.DescriptionEntity(short_description=task.short_description)
        )
    return request
