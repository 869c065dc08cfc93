"""Filling a server from files, as registration would."""

from __future__ import annotations

from collections import Counter
from typing import TYPE_CHECKING, Any, NamedTuple

from flyteidl.admin import description_entity_pb2, launch_plan_pb2, task_pb2, workflow_pb2
from flyteidl.core import identifier_pb2

from flytetask_nb.collection import TaskCollection
from flytetask_nb.embedded_admin.refusals import Refusal
from flytetask_nb.errors import LoadError
from flytetask_nb.semantics.workflow_templates import workflow_source
from flytetask_nb.sources import load, load_launch_plans, load_workflows

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable

    from flytetask_nb.embedded_admin.methods import Entities
    from flytetask_nb.models import FlyteTask

__all__ = ["Filled", "fill"]


class Filled(NamedTuple):
    """How much of a source was new to a server; what is there already, and is the same, does not count.

    Attributes
    ----------
    tasks, workflows, launch_plans : int
        How many were registered.
    refused : tuple of str
        Why others were not.
    """

    tasks: int = 0
    workflows: int = 0
    launch_plans: int = 0
    refused: tuple[str, ...] = ()


class _Registration(NamedTuple):
    """Something that is to be registered."""

    kind: str
    name: str
    source: str
    register: Callable[[Any], Any]
    request: Any


def fill(entities: Entities, source: Any, *, errors: str = "raise", **settings: Any) -> Filled:
    """Register what a source holds.

    Parameters
    ----------
    entities : Entities
        Of the server.
    source
        As ``ftn.load`` takes it, or a ``TaskCollection``.
    errors : str
        ``"raise"`` or ``"collect"``, as ``ftn.load`` takes it.
    **settings
        Others of ``ftn.load``.

    Returns
    -------
    Filled
        What was new.

    Raises
    ------
    LoadError
        A source cannot be read, or the server refuses something in it; with ``errors="collect"`` never.
    """
    unread: list[str] = []
    if isinstance(source, TaskCollection):
        waiting = [_of_task(entities, task) for task in source]
    else:
        # It is read three times.
        again = [_lasting(one) for one in source] if isinstance(source, list | tuple) else _lasting(source)
        tasks = load(again, errors=errors, **settings)
        waiting = [_of_task(entities, task) for task in tasks]
        waiting += [_of_workflow(entities, found) for found in load_workflows(again, errors=errors, **settings)]
        waiting += [_of_launch_plan(entities, found) for found in load_launch_plans(again, errors=errors, **settings)]
        unread = [str(failure) for failure in tasks.failures]
    new, refused = _registered(waiting)
    if refused and errors == "raise":
        raise LoadError(refused[0])
    counted = Counter(new)
    return Filled(counted["task"], counted["workflow"], counted["launch plan"], (*unread, *refused))


def _lasting(source: Any) -> Any:
    return source.read() if hasattr(source, "read") else source


def _registered(waiting: Iterable[_Registration]) -> tuple[list[str], list[str]]:
    """Register all, whatever needs what; give the kinds of what was new, and why the rest was refused.

    Workflows start launch plans, and launch plans workflows: what is refused is tried again as long as something
    else succeeds.
    """
    new: list[str] = []
    left = list(waiting)
    while True:
        answers = [(one, _answer(one)) for one in left]
        new += [one.kind for one, refusal in answers if refusal is None]
        refused = [(one, refusal) for one, refusal in answers if refusal and refusal.code != "ALREADY_EXISTS"]
        if len(refused) == len(left) or not refused:
            return new, [_refused(one, refusal) for one, refusal in refused]
        left = [one for one, _ in refused]


def _answer(one: _Registration) -> Refusal | None:
    try:
        one.register(one.request)
    except Refusal as refusal:
        return refusal
    return None


def _refused(one: _Registration, refusal: Refusal) -> str:
    return (
        f"{one.source or one.name}: the embedded Admin refuses {one.kind} {one.name!r}: {refusal.message}. "
        "Change it, register first what it needs, or set up the server with other projects, domains or limits"
    )


def _of_task(entities: Entities, task: FlyteTask) -> _Registration:
    spec = task.to_flyte_idl()
    request = task_pb2.TaskCreateRequest(id=spec.template.id, spec=spec)
    request.id.resource_type = identifier_pb2.TASK
    if task.short_description and not spec.HasField("description"):
        request.spec.description.CopyFrom(
            description_entity_pb2.DescriptionEntity(short_description=task.short_description)
        )
    return _Registration("task", task.name, task.source or "", entities.tasks.create_task, request)


def _of_workflow(entities: Entities, workflow: Any) -> _Registration:
    found = workflow_source(workflow)
    spec = workflow_pb2.WorkflowSpec(template=found.template, sub_workflows=found.sub_workflows)
    request = workflow_pb2.WorkflowCreateRequest(id=spec.template.id, spec=spec)
    request.id.resource_type = identifier_pb2.WORKFLOW
    name = spec.template.id.name
    return _Registration("workflow", name, workflow.source or "", entities.workflows.create_workflow, request)


def _of_launch_plan(entities: Entities, launch_plan: Any) -> _Registration:
    message = launch_plan.to_flyte_idl()
    request = launch_plan_pb2.LaunchPlanCreateRequest(id=message.id, spec=message.spec)
    request.id.resource_type = identifier_pb2.LAUNCH_PLAN
    create = entities.launch_plans.create_launch_plan
    return _Registration("launch plan", message.id.name, launch_plan.source or "", create, request)
