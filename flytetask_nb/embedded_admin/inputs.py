"""What Flyte Admin wants of values, parameters and notifications.

Sources: flyteadmin/pkg/manager/impl/validation. Where a request breaks a rule in several places, Admin names any of
them; here it is the first in the order of the alphabet.
"""

from __future__ import annotations

from typing import Any, Final

from flyteidl.core import execution_pb2, types_pb2

from flytetask_nb.embedded_admin.refusals import invalid, invalid_value, missing
from flytetask_nb.semantics.castability import castable
from flytetask_nb.semantics.literal_types import literal_type_message, says_its_type
from flytetask_nb.semantics.prototext import compact_text

__all__ = ["check_literals", "check_notifications", "check_parameters", "inferred_type"]

_EARLIEST: Final = -62135596800
_LATEST: Final = 253402300799
_NANOS: Final = 10**9
_TERMINAL: Final = frozenset(
    execution_pb2.WorkflowExecution.Phase.Value(name) for name in ("SUCCEEDED", "FAILED", "TIMED_OUT", "ABORTED")
)


def inferred_type(name: str, literal: Any) -> Any:
    """Give the type of a value.

    Raises
    ------
    Refusal
        INVALID_ARGUMENT: nothing can be said of its type.
    """
    found = literal_type_message(literal)
    inner = found
    while inner is not None and inner.WhichOneof("type") in ("collection_type", "map_value_type"):
        inner = getattr(inner, inner.WhichOneof("type"))
    if inner is None:
        raise invalid(
            f"Failed to validate literal type for [{name}] with err: got unknown literal type: [<nil>].\n"
            "Suggested solution: Please update all your Flyte deployment images to the latest version and try again"
        )
    return found


def check_literals(literals: Any, field: str) -> None:
    """Refuse values that are none.

    Raises
    ------
    Refusal
        INVALID_ARGUMENT.
    """
    for name in sorted(literals.literals):
        literal = literals.literals[name]
        if not name:
            raise missing(f"key in {field}")
        if literal.WhichOneof("value") is None:
            raise missing(f"valid literal in {field} {name}")
        if literal.scalar.primitive.HasField("datetime"):
            _check_time(literal)


def check_parameters(parameters: Any, field: str) -> None:
    """Refuse parameters without a type, or with a default of another.

    Raises
    ------
    Refusal
        INVALID_ARGUMENT.
    """
    for name in sorted(parameters.parameters):
        if parameters.parameters[name].HasField("artifact_query"):
            raise invalid(f"artifact mode not enabled but query found {field} {name}")
    for name in sorted(parameters.parameters):
        _check_parameter(name, parameters.parameters[name], field)


def _check_parameter(name: str, parameter: Any, field: str) -> None:
    if not name:
        raise missing(f"key in {field}")
    if not parameter.var.HasField("type"):
        raise invalid(
            f"The Variable component of the Parameter {name} in {field} either is missing, or has a missing Type"
        )
    if not (parameter.HasField("default") or parameter.required):
        raise invalid(
            f"Invalid variable {name} in {field} - variable has neither default, nor is required. One must be specified"
        )
    if parameter.HasField("default"):
        declared, given = parameter.var.type, inferred_type(name, parameter.default)
        if not (says_its_type(parameter.default) and castable(given, declared)):
            raise invalid(
                f"Type mismatch for Parameter {name} in {field} has type {compact_text(declared)}, "
                f"expected {compact_text(given)}"
            )
        if declared.simple == types_pb2.DATETIME:
            _check_time(parameter.default)


def _check_time(literal: Any) -> None:
    moment = literal.scalar.primitive.datetime
    told = f"timestamp ({compact_text(moment)})"
    if moment.seconds < _EARLIEST:
        raise invalid(f"proto: {told} before 0001-01-01")
    if moment.seconds > _LATEST:
        raise invalid(f"proto: {told} after 9999-12-31")
    if not 0 <= moment.nanos < _NANOS:
        raise invalid(f"proto: {told} has out-of-range nanos")


def check_notifications(notifications: Any) -> None:
    """Refuse notifications without someone to notify, or of phases that are no end.

    Raises
    ------
    Refusal
        INVALID_ARGUMENT.
    """
    for notification in notifications:
        kind = notification.WhichOneof("type")
        if kind is None:
            raise invalid_value("notification type")
        recipients = getattr(notification, kind).recipients_email
        if not recipients:
            raise missing("recipients")
        if "" in recipients:
            raise missing("recipient")
        if any(phase not in _TERMINAL for phase in notification.phases):
            raise invalid_value("phase")
