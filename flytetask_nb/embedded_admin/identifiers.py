"""What Flyte Admin wants of the id in a request.

Source: flyteadmin/pkg/manager/impl/validation/validation.go.
"""

from __future__ import annotations

from typing import Any, Final

from flyteidl.core import identifier_pb2

from flytetask_nb.embedded_admin.listings import require
from flytetask_nb.embedded_admin.refusals import Refusal, invalid, invalid_value, missing, not_found
from flytetask_nb.semantics.prototext import compact_text

__all__ = ["KEY", "check_id", "check_parts", "check_resource_type", "id_text", "key_of", "missing_entity"]

KEY: Final = ("project", "domain", "name", "version")
_TYPES: Final = identifier_pb2.ResourceType


def id_text(identifier: Any) -> str:
    """Write an id as Go does."""
    return compact_text(identifier)


def key_of(identifier: Any) -> dict[str, str]:
    """Give the columns by which a row of an id is found."""
    return {name: getattr(identifier, name) for name in KEY}


def check_parts(holder: Any, field: str = "id", parts: tuple[str, ...] = KEY) -> None:
    """Refuse an id that is not there, or lacks a part.

    Raises
    ------
    Refusal
        INVALID_ARGUMENT.
    """
    if not holder.HasField(field):
        raise missing("id")
    require(getattr(holder, field), *parts)


def check_id(holder: Any, expected: int, field: str = "id") -> None:
    """Refuse an id that is not there, is one of something else, or lacks a part.

    Raises
    ------
    Refusal
        INVALID_ARGUMENT.
    """
    if not holder.HasField(field):
        raise missing("id")
    identifier = getattr(holder, field)
    if identifier.resource_type != expected:
        raise invalid(
            f"unexpected resource type {_type_name(identifier.resource_type)} for identifier "
            f"[{id_text(identifier)}], expected {_type_name(expected)} instead"
        )
    check_parts(holder, field)


def check_resource_type(number: int) -> None:
    """Refuse a request that does not say what it is about. Numbers without a name pass.

    Raises
    ------
    Refusal
        INVALID_ARGUMENT.
    """
    if number == identifier_pb2.UNSPECIFIED:
        raise invalid_value("resource_type")


def missing_entity(kind: str, identifier: Any) -> Refusal:
    """Say that nothing is registered under an id. The type of the id is not told."""
    told = identifier_pb2.Identifier(**key_of(identifier))
    return not_found(f"missing entity of type {kind} with identifier {id_text(told)}")


def _type_name(number: int) -> str:
    named = _TYPES.DESCRIPTOR.values_by_number.get(number)
    return str(number) if named is None else str(named.name).lower()
