"""Filling a server from files, as registration would."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator
from typing import TYPE_CHECKING, Any, NamedTuple

from flyteidl.admin import launch_plan_pb2, task_pb2, workflow_pb2
from flyteidl.core import identifier_pb2

from flytetask_nb.collection import TaskCollection
from flytetask_nb.embedded_admin.refusals import Refusal
from flytetask_nb.errors import LoadError
from flytetask_nb.semantics.workflow_templates import workflow_source
from flytetask_nb.sources import load, load_launch_plans, load_workflows

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

    from flytetask_nb.models import FlyteTask


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

    noun: str
    method: str
    source: str
    request: Any

    def refused(self, refusal: Refusal) -> str:
        name = self.request.id.name
        return (
            f"{self.source or name}: the embedded Admin refuses {self.noun} {name!r}: {refusal.message}. Change it, "
            "register first what it needs, or set up the server with other projects, domains or limits"
        )


def fill(methods: Mapping[str, Callable[[Any], Any]], source: Any, *, errors: str = "raise", **settings: Any) -> Filled:
    """Register what a source holds.

    Raises LoadError: a source cannot be read, or the server refuses something in it; with ``errors="collect"`` never.
    """
    unread: list[str] = []
    if isinstance(source, TaskCollection):
        waiting = [_of_task(task) for task in source]
    else:
        # It is read three times.
        again = [_lasting(item) for item in source] if isinstance(source, list | tuple | Iterator) else _lasting(source)
        tasks = load(again, errors=errors, **settings)
        waiting = [_of_task(task) for task in tasks]
        waiting += map(_of_workflow, load_workflows(again, errors=errors, **settings))
        waiting += map(_of_launch_plan, load_launch_plans(again, errors=errors, **settings))
        unread = [str(failure) for failure in tasks.failures]
    new, refused = _registered(methods, waiting)
    if refused and errors == "raise":
        raise LoadError(refused[0])
    return Filled(new["task"], new["workflow"], new["launch plan"], (*unread, *refused))


def _lasting(source: Any) -> Any:
    return source.read() if hasattr(source, "read") else source


def _registered(
    methods: Mapping[str, Callable[[Any], Any]], waiting: list[_Registration]
) -> tuple[Counter[str], list[str]]:
    """Register all, whatever needs what; return how many of a kind were new, and why the rest was refused.

    Workflows start launch plans, and launch plans workflows: what is refused is tried again as long as something
    else succeeds.
    """
    new: Counter[str] = Counter()
    while True:
        answers = [
            (registration, _refusal(methods[registration.method], registration.request)) for registration in waiting
        ]
        new.update(registration.noun for registration, refusal in answers if refusal is None)
        refused = [(item, refusal) for item, refusal in answers if refusal and refusal.code != "ALREADY_EXISTS"]
        if len(refused) == len(waiting) or not refused:
            return new, [registration.refused(refusal) for registration, refusal in refused]
        waiting = [registration for registration, _ in refused]


def _refusal(register: Callable[[Any], Any], request: Any) -> Refusal | None:
    try:
        register(request)
    except Refusal as refusal:
        return refusal
    return None


def _of_task(task: FlyteTask) -> _Registration:
    spec = task.to_flyte_idl()
    request = task_pb2.TaskCreateRequest(id=spec.template.id, spec=spec)
    request.id.resource_type = identifier_pb2.TASK
    if task.short_description and not spec.HasField("description"):
        request.spec.description.short_description = task.short_description
    return _Registration("task", "CreateTask", task.source or "", request)


def _of_workflow(workflow: Any) -> _Registration:
    origin = workflow_source(workflow)
    spec = workflow_pb2.WorkflowSpec(template=origin.template, sub_workflows=origin.sub_workflows)
    request = workflow_pb2.WorkflowCreateRequest(id=spec.template.id, spec=spec)
    request.id.resource_type = identifier_pb2.WORKFLOW
    return _Registration("workflow", "CreateWorkflow", workflow.source or "", request)


def _of_launch_plan(launch_plan: Any) -> _Registration:
    message = launch_plan.to_flyte_idl()
    request = launch_plan_pb2.LaunchPlanCreateRequest(id=message.id, spec=message.spec)
    request.id.resource_type = identifier_pb2.LAUNCH_PLAN
    return _Registration("launch plan", "CreateLaunchPlan", launch_plan.source or "", request)
