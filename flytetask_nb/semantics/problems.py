"""What can be wrong with a workflow: the compiler's codes, its words for them, and where they apply.

Codes and words are those of flytepropeller/pkg/compiler/errors; the words matter because Flyte Admin answers with
them. Two codes more are this package's own: for workflows that nobody should have to wait for, and for those that
compile though Flyte Admin cannot store them.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Final, NamedTuple

from flyteidl.core import types_pb2

from flytetask_nb.errors import shortened
from flytetask_nb.models.showing import behind_gate
from flytetask_nb.semantics.prototext import compact_text

if TYPE_CHECKING:
    from collections.abc import Iterable

# Policy of this package: a message may quote types, and a type may fill megabytes.
_LONGEST_QUOTATION: Final = 20_000


@behind_gate
@dataclass(frozen=True)
class CompileProblem:
    """One reason why a workflow does not compile.

    Parameters
    ----------
    code : str
        The compiler's word for it, e.g. ``"MismatchingTypes"`` or ``"ParameterNotBound"``. ``"TooLarge"`` and
        ``"Unhashable"`` are this package's own.
    node : str
        Id of the node that the compiler blames. For what concerns the workflow as a whole ``"start-node"``, for its
        outputs ``"end-node"``, for a node that does not exist the id that was referred to. Nodes inside a branch
        bear the branch's id as a prefix.
    variable : str
        The input or output of that node; for a field that is gone, and for operands of a condition, what the
        compiler names. Empty where no variable is involved.
    message : str
        The compiler's own words.
    upstream : str
        Where two types do not fit, the output that feeds ``variable``, as the compiler writes it: with the name of
        its node in front.
    is_unresolved : bool
        Whether a task, a launch plan or a sub-workflow was not at hand, or the workflow is too large to be checked:
        nothing can then be said of how it would compile.
    """

    code: str
    node: str
    variable: str
    message: str
    upstream: str = ""
    is_unresolved: bool = False

    def __str__(self) -> str:
        return f"Code: {self.code}, Node Id: {self.node}, Description: {self.message}"


class FaultKind(NamedTuple):
    """A kind of problem: its code, the sentence that names the details, and whether something was not at hand."""

    code: str
    sentence: str
    is_unresolved: bool = False


class Fault(NamedTuple):
    """A problem as it is found; it is put into words only when it is certain that it counts."""

    kind: FaultKind
    node: str
    variable: str = ""
    upstream: str = ""
    details: tuple[Any, ...] = ()


AMBIGUOUS_UNION = FaultKind(
    "AmbiguousBindingUnionValue",
    "Input [{variable}] on node [{node}] expects bindings of union type [{0}].  Received [{1}] which is ambiguous as "
    "both variants [{2}] and [{3}] match.",
)
BOUND_TWICE = FaultKind("ParameterBoundMoreThanOnce", "Input [{variable}] is bound more than once.")
BRANCH_WITHOUT_CONDITION = FaultKind(
    "BranchNodeHasNoCondition", "One of the branches on the node doesn't have a condition."
)
BRANCH_WITHOUT_DEFAULT = FaultKind(
    "BranchNodeHasNoDefault", "Branch Node must have either the else case set or a default error."
)
BRANCH_WITHOUT_NODE = FaultKind("BranchNodeIdNotFound", "BranchNode not assigned")
CYCLE = FaultKind("CycleDetected", "A cycle has been detected while traversing the Workflow [{0}].")
DUPLICATE_ALIAS = FaultKind(
    "DuplicateAlias", "Duplicate alias [{variable}] found. An output alias can only be used once in the Workflow."
)
DUPLICATE_ID = FaultKind("DuplicateId", "Trying to insert two nodes with the same id.")
FIELD_NOT_FOUND = FaultKind("FieldNotFound", "Variable [{variable}] (type [{0}]) doesn't have field [{1}].")
GATE_WITHOUT_CONDITION = FaultKind("NoConditionFound", "Can't find any condition in gate node [{node}].")
ILLEGAL_ENUM_VALUE = FaultKind(
    "IllegalEnumValue",
    "Input [{variable}] on node [{node}] is an Enum and expects value to be one of [{0}].  Received [{1}]",
)
INCOMPATIBLE_UNION = FaultKind(
    "IncompatibleBindingUnionValue",
    "Input [{variable}] on node [{node}] expects bindings of union type [{0}].  Received [{1}] which does not match "
    "any of the variants.",
)
MISMATCHING_BINDINGS = FaultKind(
    "MismatchingBindings", "Input [{variable}] on node [{node}] expects bindings of type [{0}].  Received [{1}]"
)
MISMATCHING_TYPES = FaultKind(
    "MismatchingTypes", "Variable [{variable}] (type [{0}]) doesn't match expected type [{1}]."
)
# The word "type" stands twice in the compiler's sentence too.
MISMATCHING_VARIABLES = FaultKind(
    "MismatchingTypes",
    "The output variable '{upstream}' has type [{0}], but it's assigned to the input variable '{1}' which has type "
    "type [{2}].",
)
NODE_NOT_FOUND = FaultKind("NodeReferenceNotFound", "Referenced node [{node}] not found.")
NOT_BOUND = FaultKind("ParameterNotBound", "Parameter not bound [{variable}].")
NO_NODES = FaultKind("NoNodesFound", "Can't find any nodes in workflow [{node}].")
SYNTAX = FaultKind("SyntaxError", "Failed to parse element [{0}].")
TASK_NOT_FOUND = FaultKind("TaskReferenceNotFound", "Referenced Task [{0}] not found.", is_unresolved=True)
TOO_LARGE = FaultKind("TooLarge", "The workflow is too large to be checked here: {0}.", is_unresolved=True)
UNHASHABLE = FaultKind("Unhashable", "{0}")
UNREACHABLE = FaultKind("UnreachableNodes", "The Workflow contain unreachable nodes [{0}].")
UNRECOGNIZED_VALUE = FaultKind("UnrecognizedValue", "Unrecognized value [{0}].")
VALUE_REQUIRED = FaultKind("ValueRequired", "Value required [{variable}].")
VARIABLE_NOT_FOUND = FaultKind("VariableNameNotFound", "Variable [{variable}] not found on node [{node}].")
WORKFLOW_NOT_FOUND = FaultKind("WorkflowReferenceNotFound", "Referenced Workflow [{0}] not found.", is_unresolved=True)
WORKFLOW_NOT_NAMED = FaultKind("WorkflowReferenceNotFound", "Referenced Workflow [<nil>/<nil>] not found.")


class Pretty(NamedTuple):
    """A type that the compiler writes in its shorter way, which leaves out the JSON schemas of dataclasses."""

    literal_type: Any

    def __str__(self) -> str:
        return _pretty(self.literal_type)


def _pretty(literal_type: Any) -> str:
    if literal_type is None:
        return "None"
    if literal_type.simple != types_pb2.STRUCT:
        return compact_text(literal_type)
    fields = literal_type.structure.dataclass_type
    # The compiler leaves one brace of each field open.
    parts = ", ".join(f"dataclass_type:{{key:{name} value:{{{_pretty(fields[name])}}}" for name in sorted(fields))
    return f"simple: STRUCT structure{{{parts}}}"


def text_of(message: Any) -> str:
    """Return a message as the compiler writes it, also one that is not there."""
    return "<nil>" if message is None else compact_text(message)


def _quoted(detail: Any) -> str:
    text = str(detail) if isinstance(detail, str | Pretty) else text_of(detail)
    return shortened(text, _LONGEST_QUOTATION)


def problems_of(faults: Iterable[Fault]) -> list[CompileProblem]:
    """Put findings into words, each once, in the compiler's order: by code, then by what it prints."""
    problems = {
        CompileProblem(
            code=fault.kind.code,
            node=fault.node,
            variable=fault.variable,
            upstream=fault.upstream,
            is_unresolved=fault.kind.is_unresolved,
            message=fault.kind.sentence.format(
                *map(_quoted, fault.details),
                node=fault.node,
                variable=fault.variable,
                upstream=fault.upstream,
            ),
        )
        for fault in faults
    }
    return sorted(problems, key=lambda problem: (problem.code, str(problem)))


def report(problems: Iterable[CompileProblem]) -> str:
    """Return the text in which Flyte Admin tells of a workflow's problems, one a line."""
    lines = [f"\tError {number}: {problem}\n" for number, problem in enumerate(problems)]
    return f"Collected Errors: {len(lines)}\n{''.join(lines)}"
