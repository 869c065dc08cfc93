"""What Flyte Admin wants of values and parameters.

Sources: flyteadmin/pkg/manager/impl/validation. Where a request breaks a rule in several places, Admin names any of
them; here it is the first in the order of the alphabet.
"""

from __future__ import annotations

from typing import Any

from flytetask_nb.embedded_admin.refusals import invalid, missing
from flytetask_nb.semantics.castability import castable
from flytetask_nb.semantics.literal_types import literal_type_message, says_its_type
from flytetask_nb.semantics.prototext import compact_text


def inferred_type(name: str, literal: Any) -> Any:
    """Return the type of a value.

    Raises Refusal: INVALID_ARGUMENT: nothing can be said of its type.
    """
    type = inner = literal_type_message(literal)
    while inner is not None and inner.WhichOneof("type") in ("collection_type", "map_value_type"):
        inner = getattr(inner, inner.WhichOneof("type"))
    if inner is None:
        raise invalid(
            f"Failed to validate literal type for [{name}] with err: got unknown literal type: [<nil>].\n"
            "Suggested solution: Please update all your Flyte deployment images to the latest version and try again"
        )
    return type


def check_literals(literals: Any, field: str) -> None:
    """Refuse values that are none."""
    for name in sorted(literals.literals):
        literal = literals.literals[name]
        if not name:
            raise missing(f"key in {field}")
        if literal.WhichOneof("value") is None:
            raise missing(f"valid literal in {field} {name}")


def check_parameters(parameters: Any, field: str) -> None:
    """Refuse parameters without a type, or with a default of another."""
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
