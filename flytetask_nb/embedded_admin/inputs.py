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


def misfit(name: str, literal: Any, declared: Any) -> tuple[str, ...]:
    """Return the declared type and that of a value, as texts; nothing where it is one of the declared type.

    Raises Refusal: INVALID_ARGUMENT: nothing can be said of its type.
    """
    given = _inferred_type(name, literal)
    is_fit = says_its_type(literal) and castable(given, declared)
    return () if is_fit else (compact_text(declared), compact_text(given))


def _inferred_type(name: str, literal: Any) -> Any:
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
        types = misfit(name, parameter.default, parameter.var.type)
        if types:
            raise invalid(f"Type mismatch for Parameter {name} in {field} has type {types[0]}, expected {types[1]}")
