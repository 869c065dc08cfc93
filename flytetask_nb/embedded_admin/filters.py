"""The filters of a listing: ``fn(field,value)`` joined by ``+``, as Flyte Admin reads them.

Sources: flyteadmin/pkg/manager/impl/util/filters.go and flyteadmin/pkg/common/filters.go.
"""

from __future__ import annotations

import re
from typing import Final

from flytetask_nb.embedded_admin.columns import METADATA, NAMED_ENTITIES, STORED, DatabaseTable
from flytetask_nb.embedded_admin.queries import OPERATORS, SqlCondition
from flytetask_nb.embedded_admin.refusals import invalid, invalid_value

# Unanchored, and of Go's kind of blank: what stands behind the last bracket is not looked at.
_FILTER: Final = re.compile(r"(.+)\((.+),[\t\n\f\r ]?(.+)\)")

_TABLES: Final = {table.prefix: table for table in (*STORED, NAMED_ENTITIES) if table.prefix}
# What else can stand before a field; nothing here can be filtered by it.
_UNUSED: Final = {
    "node_execution": "ne",
    "task_execution": "te",
    "signal": "s",
    "admin_tag": "at",
    "execution_admin_tag": "eat",
    "execution_tag": "et",
}


def parse_filters(text: str, table: DatabaseTable) -> list[SqlCondition]:
    """Read the filters of a request.

    Raises Refusal: INVALID_ARGUMENT: for the first of them that Admin does not take.
    """
    return [_parse(expression, table) for expression in text.split("+")] if text else []


def _parse(expression: str, table: DatabaseTable) -> SqlCondition:
    match = _FILTER.search(expression)
    if match is None:
        raise invalid_value("filters")
    function, field, value = match.groups()
    prefix, dot, inner = field.partition(".")
    if dot and (prefix in _TABLES or prefix in _UNUSED):
        referred, field = _TABLES.get(prefix), inner
    else:
        referred = table
    if referred is None or (referred is not table and referred.name not in table.links):
        raise invalid(f"'{_UNUSED[prefix] if referred is None else referred.entity}' entity is not allowed in filters")
    if field not in referred.columns:
        raise invalid(f"'{referred.entity}.{field}' is invalid filter")
    if function not in OPERATORS:
        raise invalid(f"unrecognized filter function: {function}")
    # What is kept of a name is part of the query of named entities.
    return SqlCondition(table if referred is METADATA else referred, field, function, tuple(value.split(";")))
