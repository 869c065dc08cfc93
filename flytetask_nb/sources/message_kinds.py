"""The kinds of message that a file may hold: how each is told, and the tasks, workflows and launch plans in it.

Protobuf reads almost any bytes as almost any message, so a message also has to name a task or workflow. In JSON and
YAML the keys of an object say the kind.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from functools import cached_property
from operator import attrgetter
from typing import TYPE_CHECKING, Any, NamedTuple

from flyteidl.admin import launch_plan_pb2, task_pb2, workflow_pb2
from flyteidl.core import compiler_pb2, dynamic_job_pb2, identifier_pb2, tasks_pb2, workflow_closure_pb2

from flytetask_nb.models.conversions import of_flyte2
from flytetask_nb.models.flyte2 import wrapped
from flytetask_nb.models.flyte2_schema import message_class
from flytetask_nb.models.origins import UNTOLD_BY_SERVERS, UNTOLD_BY_TEMPLATES, Origin, registered_at

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Mapping

TASKS = "tasks"
WORKFLOWS = "workflows"
LAUNCH_PLANS = "launch plans"

_TASK = identifier_pb2.TASK
_UNSAID = identifier_pb2.UNSPECIFIED
_CONTROL = re.compile(r"[\x00-\x1f]")


class Content(NamedTuple):
    """A task, workflow or launch plan as a file holds it.

    ``message``: a TaskSpec, a WorkflowSpec or CompiledWorkflowClosure, or a LaunchPlan.
    ``origin``: what the file says beside it.
    ``position``: its place, where the file is a list.
    ``data``: the message's own bytes, where the file holds nothing else.
    """

    message: Any
    origin: Origin | None = None
    position: int | None = None
    data: bytes | None = None


class PassedOver(NamedTuple):
    """A task, workflow or launch plan that is not wanted: which of these it is, and the message."""

    kind: str
    message: Any


@dataclass(frozen=True)
class Kind:
    """A kind of message that a file may hold.

    ``name``: what it is called in errors.
    ``source``: its class, or for one of Flyte 2 its full name.
    ``makes_sense``: tells whether a message names what it should.
    ``holds``: how what is in it is found: tasks, workflows, launch plans.
    ``shapes``: keys that an object has in JSON, any of these sets; nested ones with a dot.
    """

    name: str
    source: Any
    makes_sense: Callable[[Any], bool]
    holds: Mapping[str, Callable[[Any], Iterator[Content]]]
    shapes: tuple[frozenset[str], ...]

    @property
    def is_flyte2(self) -> bool:
        """Whether it is one of Flyte 2's."""
        return isinstance(self.source, str)

    @property
    def full_name(self) -> str:
        """Its name in protobuf, e.g. ``"flyteidl.admin.TaskSpec"``."""
        return str(self.source if self.is_flyte2 else self.source.DESCRIPTOR.full_name)

    @cached_property
    def message_class(self) -> Any:
        """The class of the message."""
        # That of Flyte 2 is made when it is first needed.
        return message_class(self.source.rpartition(".")[2]) if self.is_flyte2 else self.source


# -- does it make sense? -------------------------------------------------------------------------------------------


def _is_text(*texts: str) -> bool:
    # Where a message is read as a text, its first byte is the tag of one of its first fields: a control character.
    return all(map(str.isprintable, texts)) or not any(map(_CONTROL.search, texts))


def _is_name_of(identifier: Any, *resource_types: int) -> bool:
    return (
        bool(identifier.name)
        and identifier.resource_type in resource_types
        and _is_text(identifier.name, identifier.project, identifier.domain, identifier.version)
    )


def _is_template(template: Any, identifier: Any = None) -> bool:
    """Tell whether something is a task; where it has no id of its own, one that stands beside it counts."""
    own = template.id if identifier is None or template.id.ByteSize() else identifier
    return (
        _is_name_of(own, _TASK, _UNSAID)
        and bool(template.type or template.HasField("interface") or template.HasField("metadata"))
        and _is_text(template.type)
    )


def _is_task_list(message: Any) -> bool:
    return bool(message.tasks) and all(map(_is_task, message.tasks))


def _is_task(message: Any) -> bool:
    return _is_template(message.closure.compiled_task.template, message.id)


def _is_request(message: Any) -> bool:
    return _is_template(message.spec.template, message.id) and (
        not message.HasField("id") or _is_name_of(message.id, _TASK, _UNSAID)
    )


def _is_workflow(template: Any) -> bool:
    return _is_name_of(template.id, identifier_pb2.WORKFLOW) or (
        _is_name_of(template.id, _UNSAID) and bool(template.nodes)
    )


def _is_closure(message: Any) -> bool:
    if not all(_is_template(task.template) for task in message.tasks):
        return False
    return _is_workflow(message.primary.template) if message.HasField("primary") else bool(message.tasks)


def _is_bare_closure(message: Any) -> bool:
    return _is_workflow(message.workflow) and all(map(_is_template, message.tasks))


def _is_dynamic_job(message: Any) -> bool:
    # Its nodes have no names that could be checked; what they run stands beside them.
    is_empty = not message.tasks and not message.subworkflows
    return not is_empty and all(map(_is_template, message.tasks)) and all(map(_is_workflow, message.subworkflows))


def _is_registered_workflow(message: Any) -> bool:
    closure = message.closure.compiled_workflow
    return _is_name_of(message.id, identifier_pb2.WORKFLOW) and closure.HasField("primary") and _is_closure(closure)


def _is_launch_plan(message: Any) -> bool:
    return _is_name_of(message.id, identifier_pb2.LAUNCH_PLAN) or (
        _is_name_of(message.id, _UNSAID) and _is_name_of(message.spec.workflow_id, identifier_pb2.WORKFLOW)
    )


def _is_task_of_flyte2(message: Any) -> bool:
    template = message.spec.task_template
    if template.id.ByteSize():
        return _is_template(template)
    identifier = identifier_pb2.Identifier(name=message.task_id.name, version=message.task_id.version)
    return _is_template(template, identifier)


# -- what is in it ------------------------------------------------------------------------------------------------


def _spec_of(template: Any, identifier: Any = None) -> Any:
    spec = task_pb2.TaskSpec()
    spec.template.CopyFrom(template)
    if identifier is not None and not template.id.ByteSize():
        spec.template.id.CopyFrom(identifier)
    return spec


def _itself(message: Any) -> Iterator[Content]:
    yield Content(message)


def _of_template(message: Any) -> Iterator[Content]:
    yield Content(_spec_of(message), Origin(untold=UNTOLD_BY_TEMPLATES))


def _of_closure(message: Any) -> Iterator[Content]:
    yield Content(_spec_of(message.compiled_task.template), _origin(message))


def _of_task(message: Any, position: int | None = None) -> Iterator[Content]:
    origin = _origin(message.closure, message.short_description)
    yield Content(_spec_of(message.closure.compiled_task.template, message.id), origin, position)


def _of_task_list(message: Any) -> Iterator[Content]:
    for position, task in enumerate(message.tasks):
        yield from _of_task(task, position)


def _of_request(message: Any) -> Iterator[Content]:
    spec = task_pb2.TaskSpec()
    spec.CopyFrom(message.spec)
    if message.HasField("id"):
        # The server overwrites the template's id with the request's.
        spec.template.id.CopyFrom(message.id)
    yield Content(spec)


def _of_compiled_tasks(message: Any) -> Iterator[Content]:
    for position, task in enumerate(message.tasks):
        yield Content(_spec_of(task.template), Origin(untold=UNTOLD_BY_SERVERS), position)


def _of_templates(message: Any) -> Iterator[Content]:
    for position, template in enumerate(message.tasks):
        yield Content(_spec_of(template), Origin(untold=UNTOLD_BY_SERVERS), position)


def _of_bare_closure(message: Any) -> Iterator[Content]:
    yield Content(workflow_pb2.WorkflowSpec(template=message.workflow))


def _of_subworkflows(message: Any) -> Iterator[Content]:
    for position, template in enumerate(message.subworkflows):
        yield Content(workflow_pb2.WorkflowSpec(template=template), position=position)


def _closure_itself(message: Any) -> Iterator[Content]:
    # Flyte's own are of one workflow; some are collections of tasks alone.
    if message.HasField("primary"):
        yield Content(message)


def _inside(path: str, content: Callable[[Any], Iterator[Content]]) -> Callable[[Any], Iterator[Content]]:
    """Return what finds the same in a closure that stands inside another message."""
    closure_of = attrgetter(path)
    return lambda message: content(closure_of(message))


def _of_flyte2(source: str) -> Callable[[Any], Iterator[Content]]:
    def contents_of(message: Any) -> Iterator[Content]:
        yield Content(*of_flyte2(wrapped(source, message.SerializeToString(deterministic=True))))

    return contents_of


def _origin(closure: Any, short_description: str = "") -> Origin:
    created, note = registered_at(closure, "created_at")
    return Origin(created_at=created, short_description=short_description or None, note=note, untold=UNTOLD_BY_SERVERS)


def _shapes(*shapes: str) -> tuple[frozenset[str], ...]:
    return tuple(frozenset(shape.split()) for shape in shapes)


OF_FLYTE2 = "(flyte2)"
"""Stands among an object's keys where it is a template as only Flyte 2 writes it."""

_DETAILS, _SPEC, _TEMPLATE = "flyteidl2.task.TaskDetails", "flyteidl2.task.TaskSpec", "flyteidl2.core.TaskTemplate"

# In the order in which they are tried: what pyflyte writes first (flytectl/cmd/register/register_util.go).
KINDS: tuple[Kind, ...] = (
    Kind(
        "TaskSpec",
        task_pb2.TaskSpec,
        lambda message: _is_template(message.template),
        {TASKS: _itself},
        _shapes("template"),
    ),
    Kind(
        "WorkflowSpec",
        workflow_pb2.WorkflowSpec,
        lambda message: _is_workflow(message.template),
        {WORKFLOWS: _itself},
        _shapes("template template.nodes"),
    ),
    Kind(
        "LaunchPlan",
        launch_plan_pb2.LaunchPlan,
        _is_launch_plan,
        {LAUNCH_PLANS: _itself},
        _shapes("spec spec.workflowId"),
    ),
    Kind(
        "TaskTemplate",
        tasks_pb2.TaskTemplate,
        _is_template,
        {TASKS: _of_template},
        _shapes("id interface", "id type", "id metadata"),
    ),
    Kind("Task", task_pb2.Task, _is_task, {TASKS: _of_task}, _shapes("closure")),
    Kind("TaskList", task_pb2.TaskList, _is_task_list, {TASKS: _of_task_list}, _shapes("tasks tasks.closure")),
    Kind(
        "CompiledWorkflowClosure",
        compiler_pb2.CompiledWorkflowClosure,
        _is_closure,
        {TASKS: _of_compiled_tasks, WORKFLOWS: _closure_itself},
        _shapes("primary", "tasks tasks.template"),
    ),
    Kind("TaskCreateRequest", task_pb2.TaskCreateRequest, _is_request, {TASKS: _of_request}, _shapes("id spec")),
    Kind(
        "TaskClosure",
        task_pb2.TaskClosure,
        lambda message: _is_template(message.compiled_task.template),
        {TASKS: _of_closure},
        _shapes("compiledTask"),
    ),
    Kind(
        "Workflow",
        workflow_pb2.Workflow,
        _is_registered_workflow,
        {
            TASKS: _inside("closure.compiled_workflow", _of_compiled_tasks),
            WORKFLOWS: _inside("closure.compiled_workflow", _itself),
        },
        _shapes("closure closure.compiledWorkflow"),
    ),
    # Two messages are called so: what propeller compiles (flyteidl/core/workflow_closure.proto), and what Admin keeps
    # of a registered workflow, in a store of its own (flyteidl/admin/workflow.proto).
    Kind(
        "WorkflowClosure",
        workflow_closure_pb2.WorkflowClosure,
        _is_bare_closure,
        {TASKS: _of_templates, WORKFLOWS: _of_bare_closure},
        _shapes("workflow workflow.id"),
    ),
    Kind(
        "admin WorkflowClosure",
        workflow_pb2.WorkflowClosure,
        lambda message: _is_closure(message.compiled_workflow),
        {
            TASKS: _inside("compiled_workflow", _of_compiled_tasks),
            WORKFLOWS: _inside("compiled_workflow", _closure_itself),
        },
        _shapes("compiledWorkflow"),
    ),
    # What a dynamic task leaves behind (flyteidl/core/dynamic_job.proto), as futures.pb.
    Kind(
        "DynamicJobSpec",
        dynamic_job_pb2.DynamicJobSpec,
        _is_dynamic_job,
        {TASKS: _of_templates, WORKFLOWS: _of_subworkflows},
        _shapes("tasks nodes", "tasks minSuccesses", "tasks subworkflows", "tasks outputs", "subworkflows"),
    ),
    Kind(
        "Flyte 2 TaskSpec",
        _SPEC,
        lambda message: _is_template(message.task_template),
        {TASKS: _of_flyte2(_SPEC)},
        _shapes("taskTemplate"),
    ),
    Kind(
        "Flyte 2 TaskDetails",
        _DETAILS,
        _is_task_of_flyte2,
        {TASKS: _of_flyte2(_DETAILS)},
        _shapes("taskId spec", "spec spec.taskTemplate"),
    ),
    Kind(
        "Flyte 2 TaskTemplate",
        _TEMPLATE,
        _is_template,
        {TASKS: _of_flyte2(_TEMPLATE)},
        _shapes(*(f"id {key} {OF_FLYTE2}" for key in ("interface", "type", "metadata"))),
    ),
)
