"""The template inside whatever a workflow is handed in as, with the sub-workflows that it brings along."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Final

from flyteidl.admin import workflow_pb2 as admin_workflow_pb2
from flyteidl.core import compiler_pb2, workflow_pb2
from google.protobuf.message import DecodeError, EncodeError

from flytetask_nb.errors import ModelValueError
from flytetask_nb.models.coercion import opened_workflow
from flytetask_nb.models.messages import message_of
from flytetask_nb.semantics.graphs import END_NODE, START_NODE
from flytetask_nb.semantics.templates import held_message

if TYPE_CHECKING:
    from collections.abc import Callable


@dataclass(frozen=True)
class WorkflowSource:
    """What describes a workflow, as it was before it was compiled: copies.

    ``template``: a ``WorkflowTemplate`` message, None where there is none.
    ``sub_workflows``: ``WorkflowTemplate`` messages.
    ``tasks``: ``TaskTemplate`` messages that it brings along, where it was compiled.
    """

    template: Any
    sub_workflows: tuple[Any, ...] = ()
    tasks: tuple[Any, ...] = ()


def _of_spec(spec: Any) -> WorkflowSource:
    return WorkflowSource(spec.template if spec.HasField("template") else None, tuple(spec.sub_workflows))


def _of_closure(closure: Any) -> WorkflowSource:
    return WorkflowSource(
        _uncompiled(closure.primary),
        tuple(map(_uncompiled, closure.sub_workflows)),
        tuple(task.template for task in closure.tasks),
    )


_READERS: Final[dict[type[Any], Callable[[Any], WorkflowSource]]] = {
    workflow_pb2.WorkflowTemplate: WorkflowSource,
    admin_workflow_pb2.WorkflowSpec: _of_spec,
    compiler_pb2.CompiledWorkflow: lambda compiled: WorkflowSource(_uncompiled(compiled)),
    compiler_pb2.CompiledWorkflowClosure: _of_closure,
    admin_workflow_pb2.WorkflowClosure: lambda closure: _of_closure(closure.compiled_workflow),
    admin_workflow_pb2.Workflow: lambda workflow: _of_closure(workflow.closure.compiled_workflow),
}


def workflow_source(workflow: object) -> WorkflowSource:
    """Read what describes a workflow.

    ``workflow``: a ``WorkflowSpec``, ``WorkflowTemplate``, ``CompiledWorkflow``, ``CompiledWorkflowClosure``,
      ``WorkflowClosure`` or admin ``Workflow`` message, or a model of this package or of flytekit that stands for one.
    Raises ModelTypeError: it is something else.
    Raises ModelValueError: it nests deeper than protobuf can read, 100 messages.
    """
    workflow = opened_workflow(workflow)
    message = held_message(workflow, _READERS)
    read = _READERS.get(type(message))
    if read is None:
        # Says what is wrong in the words of every other conversion.
        message = message_of(workflow, admin_workflow_pb2.WorkflowSpec)
        read = _of_spec
    return read(readable_copy(message))


def readable_copy(message: Any) -> Any:
    """Return a copy of a message that is known to nest no deeper than protobuf reads.

    Raises ModelValueError: it nests deeper than 100 messages, which only one that was put together in memory can.
    """
    try:
        return type(message).FromString(message.SerializeToString())
    except (DecodeError, EncodeError) as error:
        kind = message.DESCRIPTOR.full_name
        raise ModelValueError(f"{error}; expected a {kind} of at most 100 nested messages: flatten it") from None


def _uncompiled(compiled: Any) -> Any:
    """Take off a compiled workflow what the compiler adds, so that it can be compiled again."""
    if not compiled.HasField("template"):
        return None
    template = compiled.template
    nodes = [node for node in template.nodes if node.id not in (START_NODE, END_NODE)]
    for node in nodes:
        _restore_names(node)
    del template.nodes[:]
    template.nodes.extend(nodes)
    return template


def _restore_names(node: Any) -> None:
    """Take the branch's id off the names of the nodes that stand in it."""
    if node.WhichOneof("target") != "branch_node":
        return
    if_else = node.branch_node.if_else
    inner = [case.then_node for case in (if_else.case, *if_else.other) if case.HasField("then_node")]
    if if_else.HasField("else_node"):
        inner.append(if_else.else_node)
    prefix = f"{node.id}-"
    for inner_node in inner:
        # What is inside of it bears the name that it has now.
        _restore_names(inner_node)
        while inner_node.id.startswith(prefix):
            inner_node.id = inner_node.id.removeprefix(prefix)
