"""A workflow while it is compiled: its nodes with their interfaces, and which node waits for which.

The compiler keeps the same in its workflow builder (flytepropeller/pkg/compiler/builders.go). What it finds depends
on the order in which it looks, so nodes and edges are added here in that order too.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any, Final

from flyteidl.core import compiler_pb2, workflow_pb2

from flytetask_nb.semantics.problems import CYCLE, UNREACHABLE, Fault

if TYPE_CHECKING:
    from collections.abc import Mapping

    from flytetask_nb.semantics.problems import FaultKind

START_NODE: Final = "start-node"
END_NODE: Final = "end-node"

# Policy of this package: no workflow that people write comes near, and one that is made to comes to an end.
_MOST_STEPS: Final = 200_000
_LONGEST_ID: Final = 10_000


def id_key(identifier: Any) -> bytes:
    """Return what an id is found by: two ids are the same where all their parts are."""
    key: bytes = identifier.SerializeToString(deterministic=True)
    return key


class WorkflowTooLargeError(Exception):
    """The workflow takes more steps to check than this package is willing to take."""


@dataclass(frozen=True)
class Interface:
    """The types of a node's inputs and outputs, by name; None where a variable has no type."""

    inputs: Mapping[str, Any] = field(default_factory=dict)
    outputs: Mapping[str, Any] = field(default_factory=dict)


class GraphNode:
    """A node's message, with the interface that it turns out to have."""

    __slots__ = ("branches", "interface", "message", "sub_node")

    def __init__(self, message: Any) -> None:
        self.message = message
        # None until it is known, and for good where the node is broken.
        self.interface: Interface | None = None
        # The nodes of a branch node's cases, and the one inside an array node; each is made once.
        self.branches: list[GraphNode | None] | None = None
        self.sub_node: GraphNode | None = None

    @property
    def id(self) -> str:
        """Its id, as long as it is not renamed by the branch that it stands in."""
        given: str = self.message.id
        return given

    def label(self, variable: str) -> str:
        """Name one of its variables as the compiler does: with the node's own name, where it has metadata."""
        metadata = self.message.metadata
        return f"{metadata.name}.{variable}" if self.message.HasField("metadata") else variable


@dataclass
class Catalog:
    """What a workflow may refer to, by the text of ids, and what was found wrong so far.

    ``tasks``: ``TaskTemplate`` messages, whose interfaces are completed as they are met.
    ``launch_plans``: ``LaunchPlanClosure`` messages.
    ``sub_workflows``: ``CompiledWorkflow`` messages, which become compiled as they are met.
    """

    tasks: Mapping[bytes, Any]
    launch_plans: Mapping[bytes, Any]
    sub_workflows: Mapping[bytes, Any]
    faults: list[Fault] = field(default_factory=list)
    steps: int = 0

    def step(self) -> None:
        """Count a step of work.

        Raises WorkflowTooLargeError: there were too many.
        """
        self.steps += 1
        if self.steps > _MOST_STEPS:
            raise WorkflowTooLargeError(f"it takes more than {_MOST_STEPS:,} steps")


class Graph:
    """The nodes of one workflow and the edges between them."""

    def __init__(self, template: Any, catalog: Catalog) -> None:
        self.template = template
        self.catalog = catalog
        self.nodes: dict[str, GraphNode] = {}
        self.upstream: dict[str, set[str]] = {}
        self.downstream: dict[str, set[str]] = {}
        # Ids of the sub-workflows that were compiled from here without a problem.
        self.compiled: set[bytes] = set()

    def add(
        self, kind: FaultKind, node: str, variable: str = "", upstream: str = "", details: tuple[Any, ...] = ()
    ) -> None:
        """Note a problem."""
        self.catalog.faults.append(Fault(kind, node, variable, upstream, details))

    def add_sentinel(self, node_id: str, interface: Interface) -> GraphNode:
        """Add the node that stands for the workflow's inputs or outputs."""
        node = GraphNode(workflow_pb2.Node(id=node_id))
        node.interface = interface
        self.nodes[node_id] = node
        return node

    def rename(self, node: GraphNode, name: str) -> None:
        """Replace the id of a node.

        Raises WorkflowTooLargeError: it is too long: the ids inside of broken branches inside of broken branches
          multiply.
        """
        if len(name) > _LONGEST_ID:
            raise WorkflowTooLargeError(f"the id of a node inside its branches exceeds {_LONGEST_ID:,} characters")
        node.message.id = name

    def add_edge(self, provider: str, dependent: str, *, both_ways: bool = True) -> None:
        """Let one node wait for another, the start if it is not named; ``both_ways``: and note it there too."""
        provider = provider or START_NODE
        self.upstream.setdefault(dependent, set()).add(provider)
        if both_ways:
            self.downstream.setdefault(provider, set()).add(dependent)

    def check_reachable(self) -> None:
        """Find a cycle among the nodes that follow the start, or else nodes that do not follow it."""
        path: list[str] = [START_NODE]
        on_path = {START_NODE}
        visited = {START_NODE}
        pending = [iter(sorted(self.downstream.get(START_NODE, ())))]
        while pending:
            following = next(pending[-1], None)
            if following is None:
                pending.pop()
                on_path.discard(path.pop())
            elif following in on_path:
                self.add(CYCLE, START_NODE, details=(">".join([*path, following]),))
                return
            elif following not in visited:
                visited.add(following)
                on_path.add(following)
                path.append(following)
                pending.append(iter(sorted(self.downstream.get(following, ()))))
        unreachable = self.nodes.keys() - visited - {END_NODE}
        if unreachable:
            self.add(UNREACHABLE, START_NODE, details=(",".join(sorted(unreachable)),))

    def connections(self) -> Any:
        """Return the edges as the message that a compiled workflow carries."""

        def lists(edges: Mapping[str, set[str]]) -> dict[str, Any]:
            return {node: compiler_pb2.ConnectionSet.IdList(ids=sorted(ids)) for node, ids in edges.items()}

        return compiler_pb2.ConnectionSet(downstream=lists(self.downstream), upstream=lists(self.upstream))
