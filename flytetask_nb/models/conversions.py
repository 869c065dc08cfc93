"""From what a user holds to a TaskSpec of Flyte 1, and what is known of the task beside it."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from flyteidl.admin import task_pb2
from google.protobuf.message import Message as ProtobufMessage

from flytetask_nb.errors import ModelTypeError
from flytetask_nb.models.flyte2 import FLYTE2_KINDS, flyte2_spec, wrapped
from flytetask_nb.models.messages import copied, message_of, stands_for
from flytetask_nb.models.origins import (
    DESCRIPTION,
    NOWHERE,
    UNTOLD_BY_SERVERS,
    UNTOLD_BY_TEMPLATES,
    Origin,
    registered_at,
)
from flytetask_nb.models.plain_values import utc_datetime

if TYPE_CHECKING:
    from collections.abc import Callable

_TEMPLATE_ALONE = Origin(untold=UNTOLD_BY_TEMPLATES)
_COMPILED = Origin(untold=UNTOLD_BY_SERVERS)


def spec_of(value: Any) -> tuple[Any, Origin]:
    """Return what a user holds as a TaskSpec of its own, and what is known beside it.

    Raises ModelTypeError: it is something else.
    Raises ModelValueError: a ``created_at`` lies outside the years 1 to 9999.
    """
    message = stands_for(value)
    if not isinstance(message, ProtobufMessage):
        # Says what is wrong in the words of every other conversion.
        message = message_of(value, task_pb2.TaskSpec)
    unwrap = _WRAPPERS.get(message.DESCRIPTOR.full_name)
    if unwrap is None:
        raise ModelTypeError(
            f"a FlyteTask cannot be made from a {message.DESCRIPTOR.full_name}; expected one of {', '.join(_WRAPPERS)}"
        )
    spec, origin = unwrap(message)
    known = getattr(value, "_origin", None)
    if isinstance(known, Origin):
        return spec, known.but(python_interface=None)
    # What flytekit's FlyteRemote made of a server's answer leaves out what that did.
    is_fetched = any(base.__module__ == "flytekit.remote.entities" for base in type(value).__mro__)
    return spec, _COMPILED if is_fetched and not spec.HasField(DESCRIPTION) else origin


def _with_template(template: Any) -> Any:
    spec = task_pb2.TaskSpec()
    spec.template.CopyFrom(template)
    return spec


def _of_closure(message: Any, short_description: str | None = None) -> tuple[Any, Origin]:
    created = utc_datetime(message.created_at, "created_at") if message.HasField("created_at") else None
    origin = Origin(created_at=created, short_description=short_description, untold=UNTOLD_BY_SERVERS)
    return _with_template(message.compiled_task.template), origin


def of_flyte2(details: Any) -> tuple[Any, Origin]:
    """Return a task of Flyte 2 as one of Flyte 1: its TaskSpec, and what is known beside it.

    ``details``: as ``flyte2_spec`` takes it. If it was deployed outside the years 1 to 9999, a note says so.
    """
    deployment = details.metadata
    created, note = registered_at(deployment, "deployed_at")
    around = [field.name for part in (details, details.spec) for field, _ in part.ListFields()]
    origin = Origin(
        created_at=created,
        short_description=deployment.short_description or None,
        note=note,
        untold=frozenset() if {*around} - {"spec", "task_template"} else UNTOLD_BY_TEMPLATES,
    )
    return flyte2_spec(details), origin


def _of_flyte2_message(message: Any) -> tuple[Any, Origin]:
    return of_flyte2(wrapped(message.DESCRIPTOR.full_name, message.SerializeToString(deterministic=True)))


_WRAPPERS: dict[str, Callable[[Any], tuple[Any, Origin]]] = {
    "flyteidl.admin.TaskSpec": lambda spec: (copied(spec), NOWHERE),
    "flyteidl.core.TaskTemplate": lambda template: (_with_template(template), _TEMPLATE_ALONE),
    "flyteidl.admin.Task": lambda task: _of_closure(task.closure, task.short_description or None),
    "flyteidl.admin.TaskClosure": _of_closure,
    "flyteidl.core.CompiledTask": lambda compiled: (_with_template(compiled.template), _COMPILED),
    **dict.fromkeys(FLYTE2_KINDS, _of_flyte2_message),
}
