"""What a node takes and gives: the interface of what it runs.

The rules are those of flytepropeller/pkg/compiler/validators/interface.go and branch.go.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Final

from flytetask_nb.semantics import problems
from flytetask_nb.semantics.bindings import check_bindings
from flytetask_nb.semantics.conditions import is_same_type
from flytetask_nb.semantics.graphs import GraphNode, Interface, id_key
from flytetask_nb.semantics.problems import Pretty

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

    from flytetask_nb.semantics.graphs import Graph


def interface_of(message: Any) -> Interface:
    """Read a ``TypedInterface`` message."""
    return Interface(types_of(message.inputs.variables), types_of(message.outputs.variables))


def complete_interface(message: Any) -> None:
    """Say of an interface without inputs or outputs that it has none, as the compiler does in passing."""
    for variables in (message.inputs, message.outputs):
        if not variables.variables:
            variables.Clear()
            variables.SetInParent()


def types_of(variables: Mapping[str, Any]) -> dict[str, Any]:
    """Return the types of variables by name, None for one that has none."""
    return {name: _type_of(variable) for name, variable in variables.items()}


def _type_of(variable: Any) -> Any:
    return variable.type if variable.HasField("type") else None


def check_interface(graph: Graph, node_id: str, interface: Interface) -> bool:
    """Find variables without a name or a type; tell whether there are none."""
    before = len(graph.catalog.faults)
    for types in (interface.inputs, interface.outputs):
        for name, literal_type in types.items():
            if not name:
                graph.add(problems.VALUE_REQUIRED, node_id, "paramName")
            if literal_type is None:
                graph.add(problems.VALUE_REQUIRED, node_id, "param.Type")
    return len(graph.catalog.faults) == before


def find_interface(graph: Graph, node: GraphNode) -> Interface | None:
    """Find out what a node takes and gives, once.

    ``graph``: the workflow, where problems go.
    ``node``: its ``interface`` is set where nothing is wrong with it; otherwise each call looks again, as the compiler
      does.
    Returns Interface or None: None where something is wrong.
    """
    if node.interface is None:
        graph.catalog.step()
        before = len(graph.catalog.faults)
        find = _TARGETS.get(node.message.WhichOneof("target"))
        if find is None:
            _requires(graph, node, "Target")
        interface = None if find is None else find(graph, node)
        if interface is not None:
            check_interface(graph, node.id, interface)
        if len(graph.catalog.faults) == before:
            node.interface = interface
    return node.interface


def _requires(graph: Graph, node: GraphNode, what: str) -> None:
    graph.add(problems.VALUE_REQUIRED, node.id, what)


def _of_task(graph: Graph, node: GraphNode) -> Interface | None:
    target = node.message.task_node
    if not target.HasField("reference_id"):
        _requires(graph, node, "TaskNode.ReferenceId")
        return None
    task = graph.catalog.tasks.get(id_key(target.reference_id))
    if task is None:
        graph.add(problems.TASK_NOT_FOUND, node.id, details=(target.reference_id,))
        return None
    if task.HasField("interface"):
        complete_interface(task.interface)
    return interface_of(task.interface)


# -- workflows -----------------------------------------------------------------------------------------------------


def _of_workflow(graph: Graph, node: GraphNode) -> Interface | None:
    target = node.message.workflow_node
    reference = target.launchplan_ref if target.HasField("launchplan_ref") else None
    if reference == (graph.template.id if graph.template.HasField("id") else None):
        # The workflow calls itself. Where neither has an id, the compiler takes them for the same too.
        return interface_of(graph.template.interface)
    if reference is not None:
        return _of_launch_plan(graph, node, reference)
    if target.HasField("sub_workflow_ref"):
        return _of_sub_workflow(graph, node, target.sub_workflow_ref)
    graph.add(problems.WORKFLOW_NOT_NAMED, node.id)
    return None


def _of_launch_plan(graph: Graph, node: GraphNode, reference: Any) -> Interface | None:
    closure = graph.catalog.launch_plans.get(id_key(reference))
    if closure is None:
        graph.add(problems.WORKFLOW_NOT_FOUND, node.id, details=(reference,))
        return None
    for name, what in (("expected_inputs", "ExpectedInputs"), ("expected_outputs", "ExpectedOutputs")):
        if not closure.HasField(name):
            _requires(graph, node, f"WorkflowNode.{what}")
    bound = {binding.var for binding in node.message.inputs}
    # An input with a default is one of the node's only where the node binds it.
    inputs = {
        name: _type_of(parameter.var)
        for name, parameter in closure.expected_inputs.parameters.items()
        if parameter.required or name in bound
    }
    return Interface(inputs, types_of(closure.expected_outputs.variables))


def _of_sub_workflow(graph: Graph, node: GraphNode, reference: Any) -> Interface | None:
    compiled = graph.catalog.sub_workflows.get(id_key(reference))
    if compiled is None:
        graph.add(problems.WORKFLOW_NOT_FOUND, node.id, details=(reference,))
        return None
    if not compiled.template.HasField("interface"):
        _requires(graph, node, "WorkflowNode.Template.Interface")
        return None
    complete_interface(compiled.template.interface)
    return interface_of(compiled.template.interface)


# -- branches ------------------------------------------------------------------------------------------------------


def cases_of(if_else: Any) -> list[Any]:
    """Return the cases of an ``IfElseBlock``, the else case aside."""
    return [*([if_else.case] if if_else.HasField("case") else []), *if_else.other]


def nodes_of_cases(node: GraphNode) -> list[GraphNode | None]:
    """Return the nodes that a branch node chooses between, each made once; None for a case that has none.

    In their order: the first case, where there is one, the others, and the node of the else case, where there is one.
    """
    if node.branches is None:
        if_else = node.message.branch_node.if_else
        node.branches = [
            GraphNode(case.then_node) if case.HasField("then_node") else None for case in cases_of(if_else)
        ]
        if if_else.HasField("else_node"):
            node.branches.append(GraphNode(if_else.else_node))
    return node.branches


def _of_branch(graph: Graph, node: GraphNode) -> Interface | None:
    branch = node.message.branch_node
    for is_there, what in (
        (branch.HasField("if_else"), "Branch.IfElse"),
        (branch.if_else.HasField("case"), "Branch.IfElse.Case"),
        (branch.if_else.case.HasField("then_node"), "Branch.IfElse.Case.ThenNode"),
    ):
        if not is_there:
            _requires(graph, node, what)
            return None
    before = len(graph.catalog.faults)
    outputs = _common_outputs(graph, node)
    # What the conditions compare is bound to the branch node itself.
    inputs = check_bindings(graph, node, node.message.inputs, {}, is_typed=False)
    return Interface(inputs, outputs) if len(graph.catalog.faults) == before else None


def _common_outputs(graph: Graph, branch: GraphNode) -> dict[str, Any]:
    """Return the outputs that the nodes of all cases have: of those, the types must be equal in everything."""
    common: dict[str, Any] | None = None
    for node in nodes_of_cases(branch):
        if node is None:
            _requires(graph, branch, "IfElse.Case.ThenNode")
            continue
        # A branch that turns out to be broken is looked at again, and its nodes then bear its id twice: the
        # compiler's problems name them so.
        graph.rename(node, f"{branch.id}-{node.id}")
        interface = find_interface(graph, node)
        if interface is None:
            continue
        if common is None:
            common = dict(interface.outputs)
        else:
            common = {name: common[name] for name in common if name in interface.outputs}
            for name, literal_type in common.items():
                other = interface.outputs[name]
                if not is_same_type(literal_type, other):
                    details = (Pretty(literal_type), Pretty(other))
                    graph.add(problems.MISMATCHING_TYPES, node.id, name, details=details)
    return common or {}


# -- gates and arrays ----------------------------------------------------------------------------------------------


def _of_gate(graph: Graph, node: GraphNode) -> Interface | None:
    find = _GATES.get(node.message.gate_node.WhichOneof("condition"))
    if find is None:
        graph.add(problems.GATE_WITHOUT_CONDITION, node.id)
        return None
    return find(graph, node)


def _of_approval(graph: Graph, node: GraphNode) -> Interface:
    # What is approved is handed on.
    types = check_bindings(graph, node, node.message.inputs, {}, is_typed=False)
    return Interface(types, types)


def _of_signal(graph: Graph, node: GraphNode) -> Interface | None:
    signal = node.message.gate_node.signal
    if not signal.HasField("type"):
        _requires(graph, node, "GateNode.Signal.Type")
        return None
    if not signal.output_variable_name:
        _requires(graph, node, "GateNode.Signal.OutputVariableName")
        return None
    return Interface({}, {signal.output_variable_name: signal.type})


_GATES: Final[dict[str | None, Callable[[Graph, GraphNode], Interface | None]]] = {
    "approve": _of_approval,
    "signal": _of_signal,
    "sleep": lambda _graph, _node: Interface(),
}


def _of_array(graph: Graph, node: GraphNode) -> Interface | None:
    # Flytekit writes the lists of a map task into the interface of the task itself.
    if node.sub_node is None:
        node.sub_node = GraphNode(node.message.array_node.node)
    return find_interface(graph, node.sub_node)


_TARGETS: Final[dict[str | None, Callable[[Graph, GraphNode], Interface | None]]] = {
    "task_node": _of_task,
    "workflow_node": _of_workflow,
    "branch_node": _of_branch,
    "gate_node": _of_gate,
    "array_node": _of_array,
}
