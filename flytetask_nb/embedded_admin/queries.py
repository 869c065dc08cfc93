"""What is asked of a table: conditions, an order, a page; and these in SQLite's words, as PostgreSQL understands them."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Final, NamedTuple

from flytetask_nb.embedded_admin.columns import BYTES, TEXT, DatabaseTable
from flytetask_nb.embedded_admin.postgres_values import as_glob, read_value
from flytetask_nb.embedded_admin.refusals import database_error

if TYPE_CHECKING:
    from collections.abc import Sequence

    from flytetask_nb.embedded_admin.refusals import Refusal

BYTES_AS_TEXT: Final = "bytes_as_text"
"""A function that the database needs for patterns over bytes: each byte becomes the character of its number."""

_LIKE: Final = "contains"
_NOT_LIKE: Final = "not_like"
_LISTS: Final = frozenset({"value_in", "value_not_in"})
OPERATORS: Final = {
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
"""The functions of filters, each with its operator in PostgreSQL."""


class Sorting(NamedTuple):
    """By which column to sort."""

    column: str
    is_ascending: bool

    @property
    def direction(self) -> str:
        """Sort as PostgreSQL does: NULL is greater than all else."""
        return "ASC NULLS LAST" if self.is_ascending else "DESC NULLS FIRST"


class SqlCondition(NamedTuple):
    """What is asked of one column."""

    table: DatabaseTable
    column: str
    function: str
    values: tuple[str, ...]

    @property
    def sql(self) -> tuple[str, list[Any]]:
        """The condition as SQL, and the values for its question marks.

        Raises Refusal: UNKNOWN: PostgreSQL refuses the comparison.
        """
        column = f'{self.table.name}."{self.column}"'
        kind = self.table.columns.get(self.column, TEXT)
        if self.function in (_LIKE, _NOT_LIKE):
            return self._like(column, kind)
        operator = OPERATORS[self.function]
        if self.function in _LISTS:
            marks = ",".join("?" * len(self.values))
            return f"{column} {operator} ({marks})", [read_value(kind, value) for value in self.values]
        if len(self.values) > 1:
            raise self._no_operator(kind, "record")
        return f"{column} {operator} ?", [read_value(kind, self.values[0])]

    def _like(self, column: str, kind: str) -> tuple[str, list[Any]]:
        is_list, is_negated = len(self.values) > 1, self.function == _NOT_LIKE
        if kind not in (TEXT, BYTES) or (is_negated and is_list):
            raise self._no_operator(kind, "record" if is_negated and is_list else "unknown")
        # Go prints a list in brackets, and that becomes the pattern.
        pattern = f"[{' '.join(self.values)}]" if is_list else self.values[0]
        pattern = pattern if is_negated else f"%{pattern}%"
        if kind == BYTES:
            column, pattern = f"{BYTES_AS_TEXT}({column})", pattern.encode().decode("latin-1")
        return f"{column} {'NOT ' if is_negated else ''}GLOB ?", [as_glob(pattern)]

    def _no_operator(self, kind: str, other: str) -> Refusal:
        return database_error(f"operator does not exist: {kind} {OPERATORS[self.function]} {other}")


def equals(table: DatabaseTable, column: str, value: str) -> SqlCondition:
    """Ask for one value of a column."""
    return SqlCondition(table, column, "eq", (value,))


class PageRequest(NamedTuple):
    """Which rows are asked for. A limit of -1 is none."""

    conditions: list[SqlCondition]
    sorting: Sorting | None = None
    limit: int = -1
    offset: int = 0

    def next_token(self, rows: Sequence[object]) -> str:
        """Return the token of the page after one of these rows: none where it was not full."""
        return str(self.offset + len(rows)) if len(rows) == self.limit else ""


def where(conditions: Sequence[SqlCondition]) -> tuple[str, list[Any]]:
    """Put conditions, which must all hold, into SQL.

    Raises Refusal: UNKNOWN: PostgreSQL refuses one of them.
    """
    parts, values = ["1"], []
    for condition in conditions:
        sql, compared = condition.sql
        parts.append(sql)
        values += compared
    return " AND ".join(parts), values
