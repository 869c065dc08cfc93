"""The template inside whatever a task is handed in as."""

from __future__ import annotations

from operator import attrgetter
from typing import TYPE_CHECKING, Any, Final

from flyteidl.admin import task_pb2
from flyteidl.core import compiler_pb2, tasks_pb2
from google.protobuf.message import Message

from flytetask_nb.models.coercion import as_task
from flytetask_nb.models.flyte2 import FLYTE2_KINDS, flyte2_spec, wrapped

if TYPE_CHECKING:
    from collections.abc import Callable, Container

TEMPLATES: Final[dict[type[Any], Callable[[Any], Any]]] = {
    tasks_pb2.TaskTemplate: lambda template: template,
    task_pb2.TaskSpec: attrgetter("template"),
    compiler_pb2.CompiledTask: attrgetter("template"),
    task_pb2.TaskClosure: attrgetter("compiled_task.template"),
    task_pb2.Task: attrgetter("closure.compiled_task.template"),
}
"""By kind of message that holds a template, what reads it."""


def spec_of_flyte2(task: object) -> Any | None:
    """Return a message of flyteidl2 as the TaskSpec that it is read as; None for anything else."""
    name = task.DESCRIPTOR.full_name if isinstance(task, Message) else ""
    return flyte2_spec(wrapped(name, task.SerializeToString())) if name in FLYTE2_KINDS else None  # type: ignore[attr-defined]


def held_message(value: object, kinds: Container[type[Any]]) -> Any:
    """Return the message that a value is, that it holds or, where that is of no kind wanted, that it makes of itself.

    Returns google.protobuf.message.Message or None: None where there is none.
    """
    message = value if isinstance(value, Message) else getattr(value, "_message", None)
    if type(message) not in kinds and hasattr(value, "to_flyte_idl") and not isinstance(value, type):
        message = value.to_flyte_idl()
    return message


def template_of(task: object) -> Any:
    """Return the template of a task.

    ``task``: a ``FlyteTask``, ``TaskSpec`` or ``TaskTemplate`` of this package or of flytekit, or one of the messages
      ``TaskSpec``, ``TaskTemplate``, ``CompiledTask``, ``TaskClosure`` and admin ``Task``, or one of flyteidl2's
      ``TaskSpec``, ``TaskTemplate`` and ``TaskDetails``.
    Returns flyteidl.core.tasks_pb2.TaskTemplate: not a copy, wherever ``task`` already holds one: read it, never change
      it.
    Raises ModelTypeError: ``task`` is something else.
    """
    message = held_message(task, TEMPLATES)
    read = TEMPLATES.get(type(message))
    if read is not None:
        return read(message)
    return (spec_of_flyte2(message) or as_task(task)._message).template
