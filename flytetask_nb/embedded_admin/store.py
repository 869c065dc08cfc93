"""The rows of the server, in SQLite.

A row is what Flyte Admin's own tables hold, so that every filter and sort key finds its column. PostgreSQL is what
Admin runs on; where SQLite would answer otherwise, it is asked in other words: texts compare byte by byte in both
(Admin's transcripts were recorded with the collation C), NULL sorts last, a failed insertion uses up an id.
"""

from __future__ import annotations

import sqlite3
import threading
import time
from array import array
from contextlib import contextmanager
from typing import TYPE_CHECKING, Any, Final, NamedTuple

from google.protobuf.timestamp_pb2 import Timestamp

from flytetask_nb.embedded_admin.columns import (
    BIGINT,
    BYTES,
    DESCRIPTIONS,
    EXECUTIONS,
    INTEGER,
    LAUNCH_PLANS,
    METADATA,
    PROJECTS,
    TASKS,
    TEXT,
    TIME,
    WORKFLOWS,
    Table,
)
from flytetask_nb.embedded_admin.filters import Condition, condition_sql
from flytetask_nb.embedded_admin.postgres_values import FAR_FUTURE, bytes_pattern, micros
from flytetask_nb.embedded_admin.refusals import Refusal, database_error
from flytetask_nb.embedded_admin.tuplesort import MOST_ROWS, postgres_order
from flytetask_nb.errors import OptionError

if TYPE_CHECKING:
    import os
    from collections.abc import Callable, Iterator, Mapping, Sequence
    from datetime import datetime

__all__ = ["Row", "Sorting", "Store", "timestamp"]

Row = dict[str, Any]

_STORED: Final = (TASKS, WORKFLOWS, LAUNCH_PLANS, DESCRIPTIONS, METADATA, PROJECTS, EXECUTIONS)
_AFFINITIES: Final = {TEXT: "TEXT", BYTES: "BLOB", BIGINT: "INTEGER", INTEGER: "INTEGER", TIME: "INTEGER"}
# Compiled workflows lie in a bucket, not in Admin's tables.
_SCHEMA: Final = """
CREATE TABLE IF NOT EXISTS bucket (location TEXT PRIMARY KEY, content BLOB NOT NULL) WITHOUT ROWID;
CREATE TABLE IF NOT EXISTS last_ids (name TEXT PRIMARY KEY, id INTEGER NOT NULL) WITHOUT ROWID;
"""


class Sorting(NamedTuple):
    """By which column to sort."""

    column: str
    is_ascending: bool


class Store:
    """The tables of the server.

    Parameters
    ----------
    path : path-like, optional
        A file, which keeps them; by default they are kept in memory only.
    clock : callable, optional
        Gives the time, in UTC; by default this machine's.

    Notes
    -----
    Threads share one connection, and take turns.
    """

    def __init__(self, path: str | os.PathLike[str] = ":memory:", clock: Callable[[], datetime] | None = None) -> None:
        self._lock = threading.RLock()
        self._clock = clock
        self._path = path
        try:
            self._connection = sqlite3.connect(path, check_same_thread=False, isolation_level=None)
        except sqlite3.Error as error:
            raise self._unusable(error) from None
        self._connection.create_function("bytes_like", 2, _bytes_like, deterministic=True)
        self._last_moment = 0
        self._last_ids: dict[str, int] = self._prepared()
        self._orders: dict[Any, Sequence[int]] = {}

    def _prepared(self) -> dict[str, int]:
        """Make the tables that are missing, and give the ids that were used up last."""
        try:
            self._connection.execute("PRAGMA journal_mode = WAL")
            self._connection.execute("PRAGMA synchronous = NORMAL")
            self._connection.executescript(_SCHEMA + "".join(map(_table_sql, _STORED)))
            return dict(self._connection.execute("SELECT name, id FROM last_ids"))
        except sqlite3.Error as error:
            self._connection.close()
            raise self._unusable(error) from None

    def _unusable(self, error: sqlite3.Error) -> OptionError:
        return OptionError(
            f"database={self._path!r} cannot be used ({error}); expected a SQLite file of an embedded Admin, or a new one "
            "in a folder that exists"
        )

    def close(self) -> None:
        """Give the tables back; those in memory are gone."""
        with self._lock:
            self._connection.executemany("INSERT OR REPLACE INTO last_ids VALUES (?, ?)", self._last_ids.items())
            self._connection.close()

    @contextmanager
    def transaction(self) -> Iterator[None]:
        """Keep all of what is done inside, or, after an error, none of it."""
        with self._lock:
            nested = self._connection.in_transaction
            if not nested:
                self._connection.execute("BEGIN")
            try:
                yield
            except BaseException:
                if not nested:
                    self._connection.execute("ROLLBACK")
                raise
            if not nested:
                self._connection.execute("COMMIT")

    def now(self) -> int:
        """Give the time in microseconds since 1970, each later than the one before, as tests like to see it."""
        with self._lock:
            moment = time.time_ns() // 1000 if self._clock is None else micros(self._clock())
            self._last_moment = max(self._last_moment + 1, moment)
            return self._last_moment

    # -- writing ---------------------------------------------------------------------------------------------------

    def insert(self, table: Table, row: Mapping[str, Any], *, moment: int | None = None) -> Row:
        """Add a row.

        Parameters
        ----------
        table : Table
        row : mapping
            Its columns; those that are missing are NULL, but for id and times, which are given here.
        moment : int, optional
            When it was created; by default now.

        Returns
        -------
        dict
            The row as it is stored.

        Raises
        ------
        Refusal
            ALREADY_EXISTS: there is one with its key. The id is used up all the same, as PostgreSQL's is.
        """
        with self._lock:
            created = self.now() if moment is None else moment
            self._orders.clear()
            stored = {"id": self._next_id(table), "created_at": created, "updated_at": created, **row}
            names = ",".join(f'"{name}"' for name in stored)
            marks = ",".join("?" * len(stored))
            try:
                self._execute(f"INSERT INTO {table.name} ({names}) VALUES ({marks})", list(stored.values()))  # noqa: S608 - names of columns.py
            except sqlite3.IntegrityError:
                raise Refusal(
                    "ALREADY_EXISTS",
                    "value with matching already exists (duplicate key value violates unique constraint "
                    f'"{table.name}_pkey")',
                ) from None
            return stored

    def update(self, table: Table, key: Mapping[str, Any], changes: Mapping[str, Any]) -> None:
        """Change the row of a key."""
        self._orders.clear()
        changed = {**changes, "updated_at": self.now()}
        settings = ",".join(f'"{name}" = ?' for name in changed)
        where = " AND ".join(f'"{name}" = ?' for name in key)
        self._execute(f"UPDATE {table.name} SET {settings} WHERE {where}", [*changed.values(), *key.values()])  # noqa: S608 - names of columns.py

    def put(self, location: str, content: bytes) -> None:
        """Lay a file into the bucket."""
        self._execute("INSERT OR REPLACE INTO bucket VALUES (?, ?)", [location, content])

    def _next_id(self, table: Table) -> int:
        # Counted outside of the database, as a transaction that fails must not give an id back.
        self._last_ids[table.name] = self.last_id(table) + 1
        self._execute("INSERT OR REPLACE INTO last_ids VALUES (?, ?)", [table.name, self._last_ids[table.name]])
        return self._last_ids[table.name]

    def last_id(self, table: Table) -> int:
        """Give the id that was used up last."""
        return self._last_ids.get(table.name, 0)

    # -- reading ---------------------------------------------------------------------------------------------------

    def content(self, location: str) -> bytes:
        """Give a file out of the bucket."""
        found = self._rows("SELECT content FROM bucket WHERE location = ?", [location])
        return bytes(found[0]["content"])

    def find(self, table: Table, key: Mapping[str, Any]) -> Row | None:
        """Give the row of a key.

        An empty text asks for nothing, as in Admin: without any part of its key the first row of all is found.
        """
        asked = {name: value for name, value in key.items() if value != ""}
        where = " AND ".join(["1", *(f'"{name}" = ?' for name in asked)])
        rows = self._rows(f"SELECT * FROM {table.name} WHERE {where} ORDER BY id LIMIT 1", list(asked.values()))  # noqa: S608 - names of columns.py
        return rows[0] if rows else None

    def select(
        self,
        table: Table,
        conditions: Sequence[Condition],
        sorting: Sorting | None,
        limit: int,
        offset: int,
        *,
        columns: str = "*",
        joins: str = "",
    ) -> list[Row]:
        """Give rows, sorted, from ``offset`` on.

        Where the order says nothing, rows come by name, then as they were added. A ``limit`` of -1 is none.

        Raises
        ------
        Refusal
            UNKNOWN: PostgreSQL refuses the question.
        """
        where, values = self.where(conditions, {table.name: table.columns} if not joins else None)
        origin = f"FROM {table.name} {joins} WHERE {where}"
        with self._lock:
            order = self._order(table, origin, values, sorting, offset + (limit if limit >= 0 else FAR_FUTURE))
            page = order[offset : None if limit < 0 else offset + limit]
            row_id = f"{table.name}.rowid"
            found: dict[int, Row] = {}
            for start in range(0, len(page), _ROWS_AT_ONCE):
                numbers = ",".join(map(str, page[start : start + _ROWS_AT_ONCE]))
                sql = f"SELECT {row_id} AS row_id, {columns} FROM {table.name} {joins} WHERE {row_id} IN ({numbers})"  # noqa: S608 - numbers
                found.update((row.pop("row_id"), row) for row in self._rows(sql, []))
        return [found[number] for number in page]

    def _order(
        self, table: Table, origin: str, values: list[Any], sorting: Sorting | None, wanted: int
    ) -> Sequence[int]:
        """Give the row ids of a listing in order.

        Pages of one listing follow each other, so the order is kept until something is written.
        """
        key = (origin, tuple(values), sorting)
        if key in self._orders:
            return self._orders[key]
        if sorting is not None and sorting.column in _WITH_EQUALS:
            order = self._order_of_equals(table, origin, values, sorting, wanted)
            if order is not None:
                return order
        sql = f"SELECT {table.name}.rowid AS row_id {origin} ORDER BY {order_sql(table, sorting)}"
        found = array("q", (number for (number,) in self._execute(sql, values)))
        while len(self._orders) >= _KEPT_ORDERS:
            del self._orders[next(iter(self._orders))]
        self._orders[key] = found
        return found

    def _order_of_equals(
        self, table: Table, origin: str, values: list[Any], sorting: Sorting, wanted: int
    ) -> list[int] | None:
        """Give the row ids where equals are many; None where there are too many rows to sort them here."""
        column = f'{table.name}."{sorting.column}"'
        sql = f"SELECT {table.name}.rowid AS row_id, {column} AS sort_key {origin} ORDER BY {order_sql(table, None)}"
        rows = self._rows(f"{sql} LIMIT ?", [*values, MOST_ROWS + 1])
        if len(rows) > MOST_ROWS:
            return None
        keys = [(row["sort_key"] is None, row["sort_key"] or _LEAST[type(row["sort_key"])]) for row in rows]
        order = postgres_order(keys, wanted, is_descending=not sorting.is_ascending)
        return [rows[place]["row_id"] for place in order]

    def select_names(
        self, table: Table, conditions: Sequence[Condition], sorting: Sorting | None, limit: int, offset: int
    ) -> list[Row]:
        """Give each project, domain and name once.

        Raises
        ------
        Refusal
            UNKNOWN: they cannot be sorted by that column.
        """
        where, values = self.where(conditions, {table.name: table.columns})
        if sorting is not None and sorting.column not in _NAME:
            raise database_error(
                f'column "{table.name}.{sorting.column}" must appear in the GROUP BY clause or be used in an '
                "aggregate function"
            )
        names = ",".join(_NAME)
        sql = (
            f"SELECT {names} FROM {table.name} WHERE {where} GROUP BY {names} "  # noqa: S608 - names of columns.py
            f"ORDER BY {_names_order('', sorting)} LIMIT ? OFFSET ?"
        )
        return self._rows(sql, [*values, limit, offset])

    def select_named_entities(
        self,
        table: Table,
        *,
        resource_type: int,
        place: tuple[str, str],
        conditions: Sequence[Condition],
        sorting: Sorting | None,
        limit: int,
        offset: int,
    ) -> list[Row]:
        """Give the named entities of a project and domain: first a page of names, of which the filters keep some.

        Raises
        ------
        Refusal
            UNKNOWN: PostgreSQL refuses the question.
        """
        if sorting is not None and sorting.column not in _NAME:
            known = sorting.column in table.columns
            raise database_error(
                f'column "{table.name}.{sorting.column}" must appear in the GROUP BY clause or be used in an '
                "aggregate function"
                if known
                else f'column "{sorting.column}" does not exist'
            )
        where, values = self.where(
            conditions, {"entities": dict.fromkeys(_NAME, TEXT), METADATA.name: METADATA.columns}
        )
        names = ",".join(_NAME)
        joined = " AND ".join(f"{METADATA.name}.{name} = entities.{name}" for name in _NAME)
        sql = (
            f"SELECT entities.project, entities.domain, entities.name, {METADATA.name}.description, "  # noqa: S608 - names of columns.py
            f"{METADATA.name}.state FROM (SELECT {names} FROM {table.name} WHERE project = ? AND domain = ? "
            f"GROUP BY {names} ORDER BY {_names_order('', sorting)} LIMIT ? OFFSET ?) AS entities "
            f"LEFT JOIN {METADATA.name} ON {METADATA.name}.resource_type = ? AND {joined} "
            f"WHERE {where} ORDER BY {_names_order('entities.', sorting)}"
        )
        return self._rows(sql, [*place, limit, offset, resource_type, *values])

    def where(
        self, conditions: Sequence[Condition], tables: Mapping[str, Mapping[str, str]] | None
    ) -> tuple[str, list[Any]]:
        """Put conditions into SQL.

        Parameters
        ----------
        conditions : sequence of Condition
        tables : mapping, optional
            Which tables the query reads, with their columns; by default those that the conditions name.

        Raises
        ------
        Refusal
            UNKNOWN: PostgreSQL refuses one of them.
        """
        parts, values = ["1"], []
        for condition in conditions:
            name = condition.table.name if tables is None or condition.table.name in tables else next(iter(tables))
            columns = condition.table.columns if tables is None else tables[name]
            if condition.column not in columns:
                raise database_error(f"column {name}.{condition.column} does not exist")
            column = f'{name}."{condition.column}"'
            # Not every named entity has a row of its own; one without is active.
            column = f"COALESCE({column}, 0)" if condition.table is METADATA and condition.column == "state" else column
            sql, compared = condition_sql(condition, column, columns[condition.column])
            parts.append(sql)
            values += compared
        return " AND ".join(parts), values

    def _rows(self, sql: str, values: Sequence[Any]) -> list[Row]:
        with self._lock:
            cursor = self._execute(sql, values)
            names = [column[0] for column in cursor.description]
            return [dict(zip(names, row, strict=True)) for row in cursor]

    def _execute(self, sql: str, values: Sequence[Any]) -> sqlite3.Cursor:
        if any(isinstance(value, str) and "\0" in value for value in values):
            raise database_error('invalid byte sequence for encoding "UTF8": 0x00')
        with self._lock:
            try:
                return self._connection.execute(sql, values)
            except (sqlite3.OperationalError, sqlite3.DataError, OverflowError) as error:
                raise database_error(str(error)) from None


_NAME: Final = ("project", "domain", "name")


_KEPT_ORDERS: Final = 8
# SQLite reads a million characters of a query at most.
_ROWS_AT_ONCE: Final = 20_000
# No two rows have the same of these.
_UNIQUE: Final = frozenset({"id", "created_at", "updated_at"})
# Many rows have the same of these.
_WITH_EQUALS: Final = frozenset(
    {"version", "type", "short_description", "state", "schedule_type", "launch_condition_type", "phase", "mode"}
)
_LEAST: Final = {str: "", bytes: b"", int: 0, type(None): ""}
# These columns can be NULL, which counts as greater than all else.
_NULLABLE: Final = frozenset(
    {"deleted_at", "started_at", "labels", "long_description", "launch_condition_type", "error_kind", "error_code"}
)


def order_sql(table: Table, sorting: Sorting | None) -> str:
    """Sort as PostgreSQL does.

    Among equals, and where no order is asked for, rows come as the recorded server's index of names gives them: by
    name, then as they were added, and read backwards where names descend.
    """
    name = "name" if "name" in table.columns else table.key[-1]
    if sorting is None:
        return f'{table.name}."{name}", {table.name}.id'
    column = f'{table.name}."{sorting.column}"'
    direction = "" if sorting.is_ascending else " DESC"
    if sorting.column in _UNIQUE:
        return f"{column}{direction}"
    nulls = f"{column} IS NULL{direction}, " if sorting.column in _NULLABLE else ""
    backwards = direction if sorting.column == name else ""
    return f'{nulls}{column}{direction}, {table.name}."{name}"{backwards}, {table.name}.id{backwards}'


def _names_order(prefix: str, sorting: Sorting | None) -> str:
    direction = "" if sorting is None or sorting.is_ascending else " DESC"
    first = "name" if sorting is None else sorting.column
    return f"{prefix}{first}{direction}, {prefix}name"


# Pages of tasks are read in these two orders more than in any other.
_LISTED: Final = {
    TASKS.name: (
        "CREATE INDEX IF NOT EXISTS tasks_added ON tasks (project, domain, id);"
        "CREATE INDEX IF NOT EXISTS tasks_named ON tasks (project, domain, name, id);"
    )
}


def _table_sql(table: Table) -> str:
    columns = ",".join(f'"{name}" {_AFFINITIES[kind]}' for name, kind in table.columns.items())
    key = ",".join(f'"{name}"' for name in table.key)
    return (
        f"CREATE TABLE IF NOT EXISTS {table.name} ({columns}, PRIMARY KEY ({key}));"
        f"CREATE INDEX IF NOT EXISTS {table.name}_id ON {table.name} (id);{_LISTED.get(table.name, '')}"
    )


def _bytes_like(content: bytes | None, pattern: bytes) -> bool | None:
    return None if content is None else bytes_pattern(pattern).fullmatch(content) is not None


def timestamp(moment: int) -> Timestamp:
    """Give a time of the store as a message."""
    return Timestamp(seconds=moment // 10**6, nanos=moment % 10**6 * 1000)
