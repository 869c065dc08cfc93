"""Whether the conditions of a branch compare what can be compared.

The rules are those of flytepropeller/pkg/compiler/validators/condition.go.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Final

from flyteidl.core import literals_pb2

from flytetask_nb.semantics import problems
from flytetask_nb.semantics.literal_types import scalar_type_message
from flytetask_nb.semantics.problems import Pretty

if TYPE_CHECKING:
    from flytetask_nb.semantics.graphs import Graph, GraphNode

_RIGHT: Final = "RightValue"
_LEFT: Final = "LeftValue"


def is_same_type(literal_type: Any, other: Any) -> bool:
    """Tell whether two types are equal in everything, metadata included."""
    if literal_type is None or other is None:
        return literal_type is other
    return bool(literal_type == other)


def check_condition(graph: Graph, node: GraphNode, condition: Any) -> None:
    """Check a condition of a branch node, a ``BooleanExpression`` message or None; its variables are inputs of the node."""
    graph.catalog.step()
    kind = None if condition is None else condition.WhichOneof("expr")
    if condition is None:
        graph.add(problems.BRANCH_WITHOUT_CONDITION, node.id)
    elif kind == "comparison":
        _check_comparison(graph, node, condition.comparison)
    elif kind == "conjunction":
        for side in ("left_expression", "right_expression"):
            check_condition(graph, node, _part(condition.conjunction, side))
    else:
        graph.add(problems.VALUE_REQUIRED, node.id, "Expr")


def _part(message: Any, name: str) -> Any:
    return getattr(message, name) if message.HasField(name) else None


def _check_comparison(graph: Graph, node: GraphNode, comparison: Any) -> None:
    right = _operand_type(graph, node, _RIGHT, _part(comparison, "right_value"))
    left = _operand_type(graph, node, _LEFT, _part(comparison, "left_value"))
    if right is not None and left is not None and not is_same_type(right, left):
        graph.add(problems.MISMATCHING_TYPES, node.id, _RIGHT, details=(Pretty(right), Pretty(left)))


def _operand_type(graph: Graph, node: GraphNode, side: str, operand: Any) -> Any:
    """Return the type of an operand, or None where it is not known or something is wrong."""
    if operand is None:
        graph.add(problems.VALUE_REQUIRED, node.id, side)
    elif operand.HasField("primitive"):
        return scalar_type_message(literals_pb2.Scalar(primitive=operand.primitive))
    elif not operand.var:
        graph.add(problems.VALUE_REQUIRED, node.id, f"{side}.Val")
    elif node.interface is None:
        graph.add(problems.VALUE_REQUIRED, node.id, operand.var)
    elif operand.var in node.interface.inputs:
        return node.interface.inputs[operand.var]
    elif all(binding.var != operand.var for binding in node.message.inputs):
        graph.add(problems.VARIABLE_NOT_FOUND, node.id, operand.var)
    return None
