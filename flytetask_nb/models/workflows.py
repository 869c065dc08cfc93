"""Workflows, as far as they concern tasks: which tasks they call, and how their nodes hang together."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from flyteidl.admin import workflow_pb2 as admin_workflow_pb2
from flyteidl.core import compiler_pb2, workflow_pb2

from flytetask_nb.errors import ImmutableError, ModelTypeError
from flytetask_nb.models.base import Model
from flytetask_nb.models.fields import Field, Sub, TextList
from flytetask_nb.models.flyte_task import FlyteTask
from flytetask_nb.models.identifiers import Identifier, ResourceType
from flytetask_nb.models.interfaces import TypedInterface
from flytetask_nb.models.messages import copied, shown, stands_for
from flytetask_nb.models.order import natural_key
from flytetask_nb.models.showing import Shown
from flytetask_nb.models.tasks import NodeMetadata

if TYPE_CHECKING:
    from collections.abc import Iterator

    from flytetask_nb.models.declarations import Message, Text, Texts


class Node(Model, message=workflow_pb2.Node):
    """A step of a workflow: what it runs, and after which other steps."""

    __slots__ = ()
    id: Text = Field(default=None)
    metadata: Message[NodeMetadata] = Sub(NodeMetadata, default=None)
    upstream_node_ids: Texts = TextList(default=None)

    @property
    def kind(self) -> str:
        """What it runs: ``"task"``, ``"workflow"``, ``"branch"``, ``"gate"`` or ``"array"``; empty for none."""
        target = self._message.WhichOneof("target")
        return str(target).removesuffix("_node") if target else ""

    @property
    def reference(self) -> Identifier | None:
        """The id of the task, launch plan or sub-workflow that it runs; None for the other kinds."""
        reference = _reference(self._message)
        return None if reference is None else Identifier._own(reference)


def _reference(node: Any) -> Any:
    target = node.WhichOneof("target")
    if target == "task_node":
        return node.task_node.reference_id
    if target == "workflow_node":
        return getattr(node.workflow_node, node.workflow_node.WhichOneof("reference") or "launchplan_ref")
    return None


def referring_nodes(template: Any) -> Iterator[tuple[Any, Any]]:
    """Return what the nodes of a workflow run, those inside branches and arrays and the one for failures too.

    Yields (Node, Identifier): messages: the node, and what it refers to.
    """
    failure_node = [template.failure_node] if template.HasField("failure_node") else []
    for outer in [*template.nodes, *failure_node]:
        for node in _inner_nodes(outer):
            reference = _reference(node)
            if reference is not None:
                yield node, reference


def _inner_nodes(node: Any) -> Iterator[Any]:
    """Return a node and those inside its branches or its array."""
    yield node
    target = node.WhichOneof("target")
    if target == "array_node":
        yield from _inner_nodes(node.array_node.node)
    elif target == "branch_node":
        branches = node.branch_node.if_else
        cases = [branches.case, *branches.other]
        for inner in [*(case.then_node for case in cases), branches.else_node]:
            if inner.ByteSize():
                yield from _inner_nodes(inner)


class Workflow(Shown):
    """A workflow, registered or about to be: a read-only view onto its message.

    Made by ``load_workflows``, or by ``from_flyte_idl``.
    """

    __slots__ = ("__weakref__", "_message", "_source")

    _message: Any
    _source: str | None

    @classmethod
    def from_flyte_idl(cls, pb2_object: Any, source: str | None = None) -> Workflow:
        """Return the workflow of a message.

        Parameters
        ----------
        pb2_object
            A flyteidl ``WorkflowSpec`` or ``CompiledWorkflowClosure``, or an object whose ``to_flyte_idl()`` gives
            one. It is copied.
        source
            Where it was found.

        Raises
        ------
        ModelTypeError
            It is something else.
        """
        message = stands_for(pb2_object)
        if not isinstance(message, admin_workflow_pb2.WorkflowSpec | compiler_pb2.CompiledWorkflowClosure):
            raise ModelTypeError(
                f"{shown(pb2_object)} is no workflow; expected workflows, such as ftn.load_workflows('release.tgz'), "
                "or a flyteidl WorkflowSpec or CompiledWorkflowClosure"
            )
        return cls._own(copied(message), source)

    @classmethod
    def _own(cls, message: Any, source: str | None = None) -> Workflow:
        made = cls.__new__(cls)
        object.__setattr__(made, "_message", message)
        object.__setattr__(made, "_source", source)
        return made

    def to_flyte_idl(self) -> Any:
        """Return a copy of the message: a ``WorkflowSpec`` or a ``CompiledWorkflowClosure``, as it came."""
        return copied(self._message)

    @property
    def _is_compiled(self) -> bool:
        return isinstance(self._message, compiler_pb2.CompiledWorkflowClosure)

    @property
    def _template(self) -> Any:
        return self._message.primary.template if self._is_compiled else self._message.template

    def _templates(self) -> list[Any]:
        """Return its own template and those of its sub-workflows."""
        inner = self._message.sub_workflows
        return [self._template, *((workflow.template for workflow in inner) if self._is_compiled else inner)]

    @property
    def id(self) -> Identifier:
        """Its full name."""
        return Identifier._own(self._template.id)

    @property
    def name(self) -> str:
        """Name of the id."""
        name: str = self._template.id.name
        return name

    @property
    def interface(self) -> TypedInterface:
        """What it takes and gives."""
        return TypedInterface._own(self._template.interface)

    @property
    def nodes(self) -> tuple[Node, ...]:
        """Its own steps, in the order of the message; those inside branches stay inside."""
        return tuple(Node._own(node) for node in self._template.nodes)

    @property
    def task_ids(self) -> tuple[Identifier, ...]:
        """The tasks that it and its sub-workflows call, each once, in natural order of their names."""
        return self._references("task_node")

    @property
    def launch_plan_ids(self) -> tuple[Identifier, ...]:
        """The launch plans that it and its sub-workflows start, likewise."""
        started = self._references("workflow_node")
        return tuple(identifier for identifier in started if identifier.resource_type != _WORKFLOW)

    def _references(self, target: str) -> tuple[Identifier, ...]:
        references = {
            reference.SerializeToString(deterministic=True): reference
            for template in self._templates()
            for node, reference in referring_nodes(template)
            if node.WhichOneof("target") == target
        }
        ordered = sorted(references.values(), key=lambda given: (natural_key(given.name), natural_key(given.version)))
        return tuple(map(Identifier._own, ordered))

    @property
    def tasks(self) -> tuple[FlyteTask, ...]:
        """The tasks that a compiled workflow brings along; empty where it was not compiled."""
        if not self._is_compiled:
            return ()
        return tuple(map(FlyteTask.from_flyte_idl, self._message.tasks))

    @property
    def source(self) -> str | None:
        """Where it was found."""
        return self._source

    def __setattr__(self, name: str, value: object) -> None:
        raise ImmutableError(f"Workflow.{name} cannot be assigned: models are read-only")

    def __eq__(self, other: object) -> bool:
        if not isinstance(other, Workflow):
            return NotImplemented
        return type(self._message) is type(other._message) and self._bytes() == other._bytes()

    def __hash__(self) -> int:
        return hash(self._bytes())

    def _bytes(self) -> bytes:
        data: bytes = self._message.SerializeToString(deterministic=True)
        return data

    def __reduce__(self) -> tuple[Any, ...]:
        return _restore, (type(self._message), self._bytes(), self._source)

    def __repr__(self) -> str:
        parts = [repr(self.name)]
        parts += [f"version={self.id.version!r}"] if self.id.version else []
        parts += [f"nodes={len(self._template.nodes)}", f"tasks={len(self.task_ids)}"]
        return f"Workflow({', '.join(parts)})"

    Node = Node


def _restore(message_class: type[Any], data: bytes, source: str | None) -> Workflow:
    return Workflow._own(message_class.FromString(data), source)


_WORKFLOW = ResourceType.WORKFLOW
