"""What Flyte Admin wants of the ids and texts in a request, and rows found by id.

Source: flyteadmin/pkg/manager/impl/validation/validation.go.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from flyteidl.core import identifier_pb2

from flytetask_nb.embedded_admin.columns import KEY, NAME
from flytetask_nb.embedded_admin.refusals import invalid, invalid_value, missing, not_found
from flytetask_nb.semantics.prototext import compact_text

if TYPE_CHECKING:
    from flytetask_nb.embedded_admin.columns import DatabaseTable
    from flytetask_nb.embedded_admin.store import Row, Store


def key_of(identifier: Any, parts: tuple[str, ...] = KEY) -> dict[str, str]:
    """Return the columns by which a row of an id is found."""
    return {part: getattr(identifier, part) for part in parts}


def id_of(row: Row, resource_type: int) -> Any:
    """Return the id of a row."""
    return identifier_pb2.Identifier(resource_type=resource_type, **{part: row[part] for part in KEY})


def type_name(number: int) -> str:
    """Return the name of a resource type; of one without a name the number."""
    value = identifier_pb2.ResourceType.DESCRIPTOR.values_by_number.get(number)
    return str(number) if value is None else str(value.name)


def require(message: Any, *fields: str) -> None:
    """Refuse a request in which one of these texts is empty, or a limit of these zero."""
    for field in fields:
        if not getattr(message, field):
            raise invalid_value(field) if field == "limit" else missing(field)


def check_parts(holder: Any, field: str = "id", parts: tuple[str, ...] = KEY) -> None:
    """Refuse an id that is not there, or lacks a part."""
    if not holder.HasField(field):
        raise missing("id")
    require(getattr(holder, field), *parts)


def check_id(holder: Any, expected: int, field: str = "id") -> None:
    """Refuse an id that is not there, is one of something else, or lacks a part."""
    identifier = getattr(holder, field)
    if holder.HasField(field) and identifier.resource_type != expected:
        raise invalid(
            f"unexpected resource type {type_name(identifier.resource_type).lower()} for identifier "
            f"[{compact_text(identifier)}], expected {type_name(expected).lower()} instead"
        )
    check_parts(holder, field)


def check_resource_type(number: int) -> None:
    """Refuse a request that does not say what it is about. Numbers without a name pass."""
    if number == identifier_pb2.UNSPECIFIED:
        raise invalid_value("resource_type")


def registered(store: Store, table: DatabaseTable, identifier: Any) -> Row:
    """Return the row of an id: of anything that fits where parts of the id are empty.

    Raises Refusal: NOT_FOUND: nothing is registered under it. The type of the id is not told.
    """
    # Executions have no versions, and columns of other names.
    parts = KEY if table.key == KEY else NAME
    key = key_of(identifier, parts)
    row = store.find(table, dict(zip(table.key, key.values(), strict=True)))
    if row is None:
        kind = table.prefix.upper() if parts is KEY else table.prefix
        raise not_found(
            f"missing entity of type {kind} with identifier {compact_text(identifier_pb2.Identifier(**key))}"
        )
    return row
