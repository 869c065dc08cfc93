"""Which message a file holds, and the tasks, workflows and launch plans that are in it.

``pyflyte package`` says the kind in the file's name: ``_1.pb`` is a task, ``_2.pb`` a workflow, ``_3.pb`` a launch
plan (flytekit/tools/repo.py). Without such a suffix each kind is tried, and the one that makes sense is taken:
protobuf reads almost any bytes as almost any message, so a message must also name a task or workflow, and leave
nothing unread that another kind would have read.
"""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, Any, NamedTuple

from flyteidl.admin import launch_plan_pb2, task_pb2, workflow_pb2
from flyteidl.core import compiler_pb2, identifier_pb2, tasks_pb2
from google.protobuf.message import DecodeError
from google.protobuf.unknown_fields import UnknownFieldSet

from flytetask_nb.errors import LoadError, ModelValueError
from flytetask_nb.models.fields import utc_datetime
from flytetask_nb.models.flyte_task import UNTOLD_BY_SERVERS, UNTOLD_BY_TEMPLATES, Origin

if TYPE_CHECKING:
    from collections.abc import Callable, Collection, Iterator, Mapping

__all__ = [
    "KINDS",
    "LAUNCH_PLANS",
    "TASKS",
    "WORKFLOWS",
    "Found",
    "Kind",
    "items_in",
    "kind_of",
    "kind_of_name",
    "parsed",
]

TASKS = "tasks"
WORKFLOWS = "workflows"
LAUNCH_PLANS = "launch plans"

_TASK = identifier_pb2.TASK
_UNSAID = identifier_pb2.UNSPECIFIED
_SUFFIX = re.compile(r"_([123])\.pb$")
_CONTROL = re.compile(r"[\x00-\x1f]")
_DEEPEST = 100


class Found(NamedTuple):
    """A task, workflow or launch plan as a file holds it.

    Attributes
    ----------
    message : google.protobuf.message.Message
        A TaskSpec, a WorkflowSpec or CompiledWorkflowClosure, or a LaunchPlan.
    origin : Origin, optional
        What the file says beside it.
    position : int, optional
        Its place, where the file is a list.
    data : bytes, optional
        The message's own bytes, where the file holds nothing else.
    """

    message: Any
    origin: Origin | None = None
    position: int | None = None
    data: bytes | None = None


class Kind(NamedTuple):
    """A kind of message that a file may hold."""

    name: str
    message_class: Any
    makes_sense: Callable[[Any], bool]
    holds: Mapping[str, Callable[[Any], Iterator[Found]]]
    """How what is in it is found: tasks, workflows, launch plans."""


# -- does it make sense? -------------------------------------------------------------------------------------------


def _is_text(*texts: str) -> bool:
    # Where a message is read as a text, its first byte is the tag of one of its first fields: a control character.
    return not any(map(_CONTROL.search, texts))


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
    if message.HasField("primary"):
        return _is_workflow(message.primary.template) and all(_is_template(task.template) for task in message.tasks)
    return bool(message.tasks) and all(_is_template(task.template) for task in message.tasks)


def _is_registered_workflow(message: Any) -> bool:
    closure = message.closure.compiled_workflow
    return _is_name_of(message.id, identifier_pb2.WORKFLOW) and closure.HasField("primary") and _is_closure(closure)


def _is_launch_plan(message: Any) -> bool:
    return _is_name_of(message.id, identifier_pb2.LAUNCH_PLAN) or (
        _is_name_of(message.id, _UNSAID) and _is_name_of(message.spec.workflow_id, identifier_pb2.WORKFLOW)
    )


# -- what is in it ------------------------------------------------------------------------------------------------


def _spec_of(template: Any, identifier: Any = None) -> Any:
    spec = task_pb2.TaskSpec()
    spec.template.CopyFrom(template)
    if identifier is not None and not template.id.ByteSize():
        spec.template.id.CopyFrom(identifier)
    return spec


def _itself(message: Any) -> Iterator[Found]:
    yield Found(message)


def _of_template(message: Any) -> Iterator[Found]:
    yield Found(_spec_of(message), Origin(untold=UNTOLD_BY_TEMPLATES))


def _of_closure(message: Any) -> Iterator[Found]:
    yield Found(_spec_of(message.compiled_task.template), _origin(message))


def _of_task(message: Any, position: int | None = None) -> Iterator[Found]:
    origin = _origin(message.closure, message.short_description)
    yield Found(_spec_of(message.closure.compiled_task.template, message.id), origin, position)


def _of_task_list(message: Any) -> Iterator[Found]:
    for position, task in enumerate(message.tasks):
        yield from _of_task(task, position)


def _of_request(message: Any) -> Iterator[Found]:
    spec = task_pb2.TaskSpec()
    spec.CopyFrom(message.spec)
    if message.HasField("id"):
        # The server overwrites the template's id with the request's.
        spec.template.id.CopyFrom(message.id)
    yield Found(spec)


def _of_workflow_closure(message: Any) -> Iterator[Found]:
    for position, task in enumerate(message.tasks):
        yield Found(_spec_of(task.template), Origin(untold=UNTOLD_BY_SERVERS), position)


def _closure_itself(message: Any) -> Iterator[Found]:
    # Flyte's own are of one workflow; some are collections of tasks alone.
    if message.HasField("primary"):
        yield Found(message)


def _tasks_of_workflow(message: Any) -> Iterator[Found]:
    yield from _of_workflow_closure(message.closure.compiled_workflow)


def _closure_of_workflow(message: Any) -> Iterator[Found]:
    yield Found(message.closure.compiled_workflow)


def _origin(closure: Any, short_description: str = "") -> Origin:
    created, note = None, None
    if closure.HasField("created_at"):
        try:
            created = utc_datetime(closure.created_at, "created_at")
        except ModelValueError as error:
            note = str(error)
    return Origin(created_at=created, short_description=short_description or None, note=note, untold=UNTOLD_BY_SERVERS)


# In the order in which they are tried: what pyflyte writes first (flytectl/cmd/register/register_util.go).
KINDS: tuple[Kind, ...] = (
    Kind("TaskSpec", task_pb2.TaskSpec, lambda message: _is_template(message.template), {TASKS: _itself}),
    Kind(
        "WorkflowSpec", workflow_pb2.WorkflowSpec, lambda message: _is_workflow(message.template), {WORKFLOWS: _itself}
    ),
    Kind("LaunchPlan", launch_plan_pb2.LaunchPlan, _is_launch_plan, {LAUNCH_PLANS: _itself}),
    Kind("TaskTemplate", tasks_pb2.TaskTemplate, _is_template, {TASKS: _of_template}),
    Kind("Task", task_pb2.Task, _is_task, {TASKS: _of_task}),
    Kind("TaskList", task_pb2.TaskList, _is_task_list, {TASKS: _of_task_list}),
    Kind(
        "CompiledWorkflowClosure",
        compiler_pb2.CompiledWorkflowClosure,
        _is_closure,
        {TASKS: _of_workflow_closure, WORKFLOWS: _closure_itself},
    ),
    Kind("TaskCreateRequest", task_pb2.TaskCreateRequest, _is_request, {TASKS: _of_request}),
    Kind(
        "TaskClosure",
        task_pb2.TaskClosure,
        lambda message: _is_template(message.compiled_task.template),
        {TASKS: _of_closure},
    ),
    Kind(
        "Workflow",
        workflow_pb2.Workflow,
        _is_registered_workflow,
        {TASKS: _tasks_of_workflow, WORKFLOWS: _closure_of_workflow},
    ),
)
_BY_NAME = {kind.name: kind for kind in KINDS}
_BY_NUMBER = {"1": _BY_NAME["TaskSpec"], "2": _BY_NAME["WorkflowSpec"], "3": _BY_NAME["LaunchPlan"]}


def kind_of_name(file_name: str) -> Kind | None:
    """Give the kind that a file's name says; None where it says none."""
    found = _SUFFIX.search(file_name)
    return _BY_NUMBER[found[1]] if found else None


def kind_of(data: bytes) -> tuple[Kind, Any]:
    """Find out which kind of message some bytes are.

    Parameters
    ----------
    data
        The serialized message.

    Returns
    -------
    (Kind, message)
        The first kind, in the order of ``KINDS``, that reads the bytes, makes sense, and leaves the least unread.

    Raises
    ------
    LoadError
        None does.
    """
    found = _likeliest(data)
    if found is None:
        raise LoadError(
            f"{_described(data)} are none of {', '.join(kind.name for kind in KINDS)}; "
            "expected a file that pyflyte, flytectl or flyteidl wrote"
        )
    return found


def _likeliest(data: bytes) -> tuple[Kind, Any] | None:
    best: tuple[int, Kind, Any] | None = None
    for kind in KINDS:
        try:
            message = kind.message_class.FromString(data)
        except DecodeError:
            continue
        if not kind.makes_sense(message):
            continue
        unread = _unread(message)
        if unread is not None and (best is None or unread < best[0]):
            best = unread, kind, message
        if unread == 0:
            break
    return None if best is None else best[1:]


def _described(data: bytes) -> str:
    return f"{len(data):,} bytes beginning with {data[:8].hex(' ')}"


def _unread(message: Any, depth: int = 0) -> int | None:
    """Count the fields, here and in all sub-messages, that this kind of message does not know.

    A newer flyteidl adds fields under new numbers. Under a number that is known, but in another form, only another
    kind of message has something: None.
    """
    if depth > _DEEPEST:
        return 0
    unknown = UnknownFieldSet(message)
    known = message.DESCRIPTOR.fields_by_number
    if any(unknown[index].field_number in known for index in range(len(unknown))):
        return None
    total = len(unknown)
    for inner in _inner_messages(message):
        number = _unread(inner, depth + 1)
        if number is None:
            return None
        total += number
    return total


def _inner_messages(message: Any) -> Iterator[Any]:
    for field, value in message.ListFields():
        if field.message_type is None:
            continue
        if field.message_type.GetOptions().map_entry:
            if field.message_type.fields_by_name["value"].message_type is not None:
                yield from (value[key] for key in value)
        elif hasattr(value, "ListFields"):
            yield value
        else:
            yield from value


def parsed(kind: Kind, data: bytes) -> Any:
    """Give the message of bytes whose kind is known.

    Parameters
    ----------
    kind
        What they are said to be.
    data
        The serialized message.

    Raises
    ------
    LoadError
        They are no such message, or one that names nothing.
    """
    try:
        message = kind.message_class.FromString(data)
    except DecodeError as error:
        raise LoadError(f"{_described(data)} are no {kind.name}: {error}; {_advice(data)}") from None
    if not kind.makes_sense(message):
        raise LoadError(f"{_described(data)} make no sense as a {kind.name}, which the name says; {_advice(data)}")
    return message


def _advice(data: bytes) -> str:
    found = _likeliest(data)
    if found is None:
        return "the file is damaged; make or copy it again"
    return f"they are a {found[0].name}; give the file a name without _1, _2 or _3"


def items_in(
    kind: Kind, message: Any, wanted: Collection[str], data: bytes | None = None
) -> Iterator[tuple[str, Found | str]]:
    """Give what is wanted of a message, or else the words under which its content is counted as passed over.

    Parameters
    ----------
    kind, message
        As ``kind_of`` gives them.
    wanted
        Of ``TASKS``, ``WORKFLOWS`` and ``LAUNCH_PLANS``.
    data
        The bytes that the message was read from.

    Yields
    ------
    (str, Found or str)
        Which of these it is; and the thing itself, or the same word again where it is not wanted.
    """
    is_found = False
    for word, content in kind.holds.items():
        if word in wanted:
            for found in content(message):
                is_found = True
                yield word, found._replace(data=data) if found.message is message else found
    if not is_found:
        for word, content in kind.holds.items():
            yield from ((word, word) for _ in content(message))
