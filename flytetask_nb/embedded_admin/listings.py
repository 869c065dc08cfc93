"""What all listings have in common: limit, sort key, token, and the next token."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, Any, Final, NamedTuple

from flyteidl.admin import common_pb2

from flytetask_nb.embedded_admin.filters import Condition, equals, parse_filters
from flytetask_nb.embedded_admin.refusals import invalid, invalid_value, missing
from flytetask_nb.embedded_admin.store import Sorting
from flytetask_nb.semantics.prototext import compact_text

if TYPE_CHECKING:
    from collections.abc import Sequence

    from flytetask_nb.embedded_admin.columns import Table
    from flytetask_nb.embedded_admin.store import Store

__all__ = ["Page", "list_names", "next_token", "read_page", "require"]

_TOKEN: Final = re.compile(r"[+-]?[0-9]+\Z")
_LARGEST: Final = 2**63
_DIRECTIONS: Final = common_pb2.Sort.Direction


class Page(NamedTuple):
    """Which rows are asked for."""

    conditions: list[Condition]
    sorting: Sorting | None
    limit: int
    offset: int


def require(message: Any, *fields: str) -> None:
    """Refuse a request in which one of these texts is empty, or a limit of these zero.

    Raises
    ------
    Refusal
        INVALID_ARGUMENT: for the first of them.
    """
    for field in fields:
        if not getattr(message, field):
            raise invalid_value(field) if field == "limit" else missing(field)


def read_page(
    request: Any,
    table: Table,
    sort_keys: Table,
    method: str,
    *,
    place: Any = None,
    named: Sequence[str] = (),
    filters: str = "",
) -> Page:
    """Read which rows a request asks for, in the order in which Admin does.

    Parameters
    ----------
    request : Message
        It has a limit, a token and what to sort by.
    table : Table
        What its filters are about.
    sort_keys : Table
        What it can be sorted by.
    method : str
        How the refusal of a token calls the listing.
    place : Message, optional
        Holds the texts that are called ``named``.
    named : sequence of str
        The columns that are equal to a text of ``place``, where it is not empty.
    filters : str
        The request's.

    Raises
    ------
    Refusal
        INVALID_ARGUMENT: for its filters, its sort key or its token.
    """
    prefix = "execution_" if table.entity == "e" else ""
    conditions = [equals(table, f"{prefix}{name}", getattr(place, name)) for name in named if getattr(place, name)]
    conditions += parse_filters(filters, table)
    sorting = _sorting(request, sort_keys)
    return Page(conditions, sorting, request.limit, _offset(request.token, method))


def _sorting(request: Any, table: Table) -> Sorting | None:
    if not request.HasField("sort_by"):
        return None
    wanted = request.sort_by
    if wanted.key not in table.columns:
        raise invalid(f"invalid sort key '{wanted.key}'")
    if wanted.direction not in _DIRECTIONS.values():
        raise invalid(f"invalid sort order specified: {compact_text(wanted)}")
    return Sorting(wanted.key, wanted.direction == common_pb2.Sort.ASCENDING)


def _offset(token: str, method: str) -> int:
    if not token:
        return 0
    # Python refuses to read thousands of digits; so many are too many for Go too.
    fits = _TOKEN.match(token) is not None and len(token.lstrip("+-0")) <= len(str(_LARGEST))
    offset = int(token) if fits else -1
    if not 0 <= offset < _LARGEST:
        raise invalid(f"invalid pagination token {token}{method and f' for {method}'}")
    return offset


def next_token(page: Page, count: int) -> str:
    """Give the token of the page after one with so many rows: none where it was not full."""
    return str(page.offset + count) if count == page.limit else ""


def list_names(store: Store, table: Table, request: Any, method: str, *, is_strict: bool = True) -> Any:
    """Answer a listing of names. Its filters are not looked at.

    Parameters
    ----------
    store : Store
    table : Table
        What the names are of.
    request : Message
    method : str
        How the refusal of a token calls the listing; empty: not at all.
    is_strict : bool
        Whether project and domain must be given. Where not, one of them is enough, and a query without any or
        without a limit fails only in the database's own checks.

    Raises
    ------
    Refusal
        INVALID_ARGUMENT or UNKNOWN.
    """
    if is_strict:
        require(request, "project", "domain", "limit")
    page = read_page(request, table, table, method, place=request, named=("project", "domain"))
    for field, is_there in (("limit", page.limit), ("filters", page.conditions)):
        if not is_there:
            raise invalid(f"missing and/or invalid parameters: {field}")
    rows = store.select_names(table, page.conditions, page.sorting, page.limit, page.offset)
    names = [common_pb2.NamedEntityIdentifier(**row) for row in rows]
    return common_pb2.NamedEntityIdentifierList(entities=names, token=next_token(page, len(rows)))
