"""What all listings have in common: limit, filters, sort key and token."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Final

from flyteidl.admin import common_pb2

from flytetask_nb.embedded_admin.columns import EXECUTIONS, NAME
from flytetask_nb.embedded_admin.filters import parse_filters
from flytetask_nb.embedded_admin.identifiers import check_parts, key_of, require
from flytetask_nb.embedded_admin.postgres_values import LARGEST, whole_number
from flytetask_nb.embedded_admin.queries import PageRequest, Sorting, equals
from flytetask_nb.embedded_admin.refusals import invalid
from flytetask_nb.semantics.prototext import compact_text

if TYPE_CHECKING:
    from flytetask_nb.embedded_admin.columns import DatabaseTable
    from flytetask_nb.embedded_admin.store import Store

_DIRECTIONS: Final = common_pb2.Sort.Direction


def read_listing(
    request: Any,
    table: DatabaseTable,
    method: str,
    *,
    required: tuple[str, ...] = NAME[:2],
    sort_keys: DatabaseTable | None = None,
) -> PageRequest:
    """Read which rows of a project and domain a request asks for, with a name or without.

    ``request``: a ``ResourceListRequest`` or one of its kin.
    ``method``: how the refusal of a token calls the listing.
    ``sort_keys``: what it can be sorted by, where that is another table.
    Raises Refusal: INVALID_ARGUMENT.
    """
    check_parts(request, parts=required)
    require(request, "limit")
    page = read_page(request, table, method, filters=request.filters, sort_keys=sort_keys)
    names = dict(zip(EXECUTIONS.key if table is EXECUTIONS else NAME, key_of(request.id, NAME).values(), strict=True))
    return page._replace(
        conditions=[*(equals(table, name, text) for name, text in names.items() if text), *page.conditions]
    )


def read_page(
    request: Any, table: DatabaseTable, method: str, *, filters: str = "", sort_keys: DatabaseTable | None = None
) -> PageRequest:
    """Read which rows a request asks for, in the order in which Admin does: filters, sort key, token.

    Raises Refusal: INVALID_ARGUMENT: for the first of them that Admin does not take.
    """
    conditions = parse_filters(filters, table)
    return PageRequest(conditions, _sorting(request, sort_keys or table), request.limit, _offset(request.token, method))


def _sorting(request: Any, table: DatabaseTable) -> Sorting | None:
    if not request.HasField("sort_by"):
        return None
    asked = request.sort_by
    if asked.key not in table.columns:
        raise invalid(f"invalid sort key '{asked.key}'")
    if asked.direction not in _DIRECTIONS.values():
        raise invalid(f"invalid sort order specified: {compact_text(asked)}")
    return Sorting(asked.key, asked.direction == common_pb2.Sort.ASCENDING)


def _offset(token: str, method: str) -> int:
    offset = whole_number(token or "0")
    if offset is None or not 0 <= offset < LARGEST:
        raise invalid(f"invalid pagination token {token}{method and f' for {method}'}")
    return offset


def list_names(store: Store, table: DatabaseTable, request: Any, method: str) -> Any:
    """Answer a listing of names. Its filters are not looked at.

    ``method``: how the refusal of a token calls the listing. Empty, as launch plans have it: not at all, and of project
      and domain one is enough, which is only noticed when the database is asked.
    Raises Refusal: INVALID_ARGUMENT or UNKNOWN.
    """
    if method:
        require(request, *NAME[:2], "limit")
    page = read_page(request, table, method)
    conditions = [equals(table, part, text) for part, text in key_of(request, NAME[:2]).items() if text]
    for field, is_there in (("limit", page.limit), ("filters", conditions)):
        if not is_there:
            raise invalid(f"missing and/or invalid parameters: {field}")
    rows = store.select_names(table, page._replace(conditions=conditions))
    names = [common_pb2.NamedEntityIdentifier(**row) for row in rows]
    return common_pb2.NamedEntityIdentifierList(entities=names, token=page.next_token(rows))
