"""The filters of a listing: ``fn(field,value)`` joined by ``+``, as Flyte Admin reads them.

Sources: flyteadmin/pkg/manager/impl/util/filters.go and flyteadmin/pkg/common/filters.go.
"""

from __future__ import annotations

import re
from fractions import Fraction
from typing import Any, Final, NamedTuple

from flytetask_nb.embedded_admin.columns import (
    BYTES,
    EXECUTIONS,
    LAUNCH_PLANS,
    METADATA,
    NAMED_ENTITIES,
    PROJECTS,
    TASKS,
    TEXT,
    WORKFLOWS,
    Table,
)
from flytetask_nb.embedded_admin.postgres_values import as_glob, read_value
from flytetask_nb.embedded_admin.refusals import Refusal, database_error, invalid, invalid_value

__all__ = ["Condition", "condition_sql", "equals", "parse_filters"]

# Unanchored, and of Go's kind of blank: what stands behind the last bracket is not looked at.
_FILTER: Final = re.compile(r"(.+)\((.+),[\t\n\f\r ]?(.+)\)")

_LIKE: Final = "contains"
_NOT_LIKE: Final = "not_like"
_OPERATORS: Final = {
    _LIKE: "~~",
    _NOT_LIKE: "!~~",
    "gt": ">",
    "gte": ">=",
    "lt": "<",
    "lte": "<=",
    "eq": "=",
    "ne": "<>",
    "value_in": "IN",
    "value_not_in": "NOT IN",
}
_TAKES_LISTS: Final = frozenset({"value_in", "value_not_in"})

_NUMBER: Final = re.compile(r"[+-]?(?:\d+\.?\d*|\.\d+)", re.ASCII)
_PART: Final = re.compile(r"(\d+\.?\d*|\.\d+)(ns|us|ms|s|m|h)", re.ASCII)
_DURATION: Final = re.compile(rf"[+-]?(?:{_PART.pattern})+", re.ASCII)
_UNITS: Final = {"ns": 1, "us": 10**3, "ms": 10**6, "s": 10**9, "m": 60 * 10**9, "h": 3600 * 10**9}

# By which prefix of a field another entity is meant; None: it is known, and nothing here can be filtered by it.
_PREFIXES: Final[dict[str, tuple[str, Table | None]]] = {
    "task": ("t", TASKS),
    "workflow": ("w", WORKFLOWS),
    "launch_plan": ("l", LAUNCH_PLANS),
    "execution": ("e", EXECUTIONS),
    "node_execution": ("ne", None),
    "task_execution": ("te", None),
    "entities": ("nen", NAMED_ENTITIES),
    "named_entity_metadata": ("nem", METADATA),
    "project": ("p", PROJECTS),
    "signal": ("s", None),
    "admin_tag": ("at", None),
    "execution_admin_tag": ("eat", None),
    "execution_tag": ("et", None),
}
_ALSO: Final = {
    LAUNCH_PLANS.name: (WORKFLOWS,),
    NAMED_ENTITIES.name: (METADATA,),
    EXECUTIONS.name: (LAUNCH_PLANS, WORKFLOWS, TASKS),
}
# Of a named entity these are kept in a table of their own.
_KEPT_ELSEWHERE: Final = frozenset({"description", "state"})


class Condition(NamedTuple):
    """What is asked of one column."""

    table: Table
    column: str
    function: str
    values: tuple[str, ...]


def equals(table: Table, column: str, value: str) -> Condition:
    """Ask for one value of a column."""
    return Condition(table, column, "eq", (value,))


def parse_filters(text: str, table: Table) -> list[Condition]:
    """Read the filters of a request.

    Parameters
    ----------
    text : str
        As the request holds them; empty: none.
    table : Table
        What is listed.

    Returns
    -------
    list of Condition
        All of them must hold.

    Raises
    ------
    Refusal
        INVALID_ARGUMENT: for the first of them that Admin does not take.
    """
    return [_parse(expression, table) for expression in text.split("+")] if text else []


def _parse(expression: str, table: Table) -> Condition:
    match = _FILTER.search(expression)
    if match is None:
        raise invalid_value("filters")
    function, named, value = match.groups()
    entity, referred, field = _field(named, table)
    allowed = {table.name, *(other.name for other in _ALSO.get(table.name, ()))}
    if referred is None or referred.name not in allowed:
        raise invalid(f"'{entity}' entity is not allowed in filters")
    if field not in referred.columns:
        raise invalid(f"'{entity}.{field}' is invalid filter")
    if function not in _OPERATORS:
        raise invalid(f"unrecognized filter function: {function}")
    if referred is NAMED_ENTITIES and field in _KEPT_ELSEWHERE:
        referred = METADATA
    values = value.split(";")
    if field == "duration":
        values = [str(_nanoseconds(text)) for text in values]
    return Condition(referred, field, function, tuple(values))


def _nanoseconds(text: str) -> int:
    """Read how long something took: a number of seconds, or a duration as Go writes it, e.g. ``1h30m``."""
    told = f"{text}s" if _NUMBER.fullmatch(text) else text
    if not _DURATION.fullmatch(told):
        raise invalid(f"Failed to parse duration [{told}]")
    sign = -1 if told.startswith("-") else 1
    parts = (Fraction(number) * _UNITS[unit] for number, unit in _PART.findall(told))
    return sign * int(sum(parts))


def _field(named: str, table: Table) -> tuple[str, Table | None, str]:
    for prefix, (entity, referred) in _PREFIXES.items():
        if named.startswith(f"{prefix}."):
            return entity, referred, named[len(prefix) + 1 :]
    return table.entity, table, named


def condition_sql(condition: Condition, column: str, kind: str) -> tuple[str, list[Any]]:
    """Put a condition into SQLite's words, as PostgreSQL would have understood it.

    Parameters
    ----------
    condition : Condition
    column : str
        How the query calls the column.
    kind : str
        What the column holds.

    Returns
    -------
    tuple of str and list
        SQL, and the values for its question marks.

    Raises
    ------
    Refusal
        UNKNOWN: PostgreSQL refuses the comparison.
    """
    function, values = condition.function, condition.values
    if function in (_LIKE, _NOT_LIKE):
        return _like(condition, column, kind)
    if function in _TAKES_LISTS:
        marks = ",".join("?" * len(values))
        return f"{column} {_OPERATORS[function]} ({marks})", [read_value(kind, value) for value in values]
    if len(values) > 1:
        raise _no_operator(kind, function, "record")
    return f"{column} {_OPERATORS[function]} ?", [read_value(kind, values[0])]


def _like(condition: Condition, column: str, kind: str) -> tuple[str, list[Any]]:
    function, values = condition.function, condition.values
    if kind not in (TEXT, BYTES):
        raise _no_operator(kind, function, "unknown" if len(values) == 1 or function == _LIKE else "record")
    if function == _NOT_LIKE and len(values) > 1:
        raise _no_operator(kind, function, "record")
    # Go prints a list in brackets, and that becomes the pattern.
    pattern = values[0] if len(values) == 1 else f"[{' '.join(values)}]"
    pattern = f"%{pattern}%" if function == _LIKE else pattern
    negation = "NOT " if function == _NOT_LIKE else ""
    if kind == BYTES:
        return f"{negation}bytes_like({column}, ?)", [read_value(kind, pattern)]
    return f"{column} {negation}GLOB ?", [as_glob(read_value(kind, pattern))]


def _no_operator(kind: str, function: str, other: str) -> Refusal:
    return database_error(f"operator does not exist: {kind} {_OPERATORS[function]} {other}")
