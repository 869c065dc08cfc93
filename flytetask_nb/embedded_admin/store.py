"""The rows of the server, in SQLite.

A row is what Flyte Admin's own tables hold, so that every filter and sort key finds its column. PostgreSQL is what
Admin runs on; where SQLite would answer otherwise, it is asked in other words: texts compare byte by byte in both
(Admin's transcripts were recorded with the collation C), NULL sorts last, a failed insertion uses up an id. Rows that
are equal in what they are sorted by come by name, then as they were added; PostgreSQL promises no order among them.
"""

from __future__ import annotations

import sqlite3
import threading
import time
from collections.abc import Mapping
from contextlib import contextmanager
from typing import TYPE_CHECKING, Any, Final

from google.protobuf.timestamp_pb2 import Timestamp

from flytetask_nb.embedded_admin.columns import (
    BIGINT,
    BYTES,
    INTEGER,
    METADATA,
    NAME,
    NAMED_ENTITIES,
    STORED,
    TEXT,
    TIME,
    DatabaseTable,
)
from flytetask_nb.embedded_admin.postgres_values import micros
from flytetask_nb.embedded_admin.queries import BYTES_AS_TEXT, PageRequest, SqlCondition, where
from flytetask_nb.embedded_admin.refusals import Refusal, database_error
from flytetask_nb.errors import OptionError

if TYPE_CHECKING:
    import os
    from collections.abc import Callable, Iterator, Sequence
    from datetime import datetime

Row = Mapping[str, Any]

_AFFINITIES: Final = {TEXT: "TEXT", BYTES: "BLOB", BIGINT: "INTEGER", INTEGER: "INTEGER", TIME: "INTEGER"}
# Compiled workflows lie in a bucket, not in Admin's tables. Pages of tasks are read in the orders of the two indices.
_SCHEMA: Final = """
CREATE TABLE IF NOT EXISTS bucket (location TEXT PRIMARY KEY, content BLOB NOT NULL) WITHOUT ROWID;
CREATE TABLE IF NOT EXISTS last_ids (name TEXT PRIMARY KEY, id INTEGER NOT NULL) WITHOUT ROWID;
{tables}
CREATE INDEX IF NOT EXISTS tasks_added ON tasks (project, domain, id);
CREATE INDEX IF NOT EXISTS tasks_named ON tasks (project, domain, name, id);
"""
_NAMES: Final = ", ".join(NAME)


class Store:
    """The tables of the server.

    ``path``: a file, which keeps them; by default they are kept in memory only.
    ``clock``: returns the time, in UTC; by default this machine's.
    Raises OptionError: the file is no database, or there is no such folder.

    Notes
    -----
    Threads share one connection, and take turns.
    """

    def __init__(self, path: str | os.PathLike[str] = ":memory:", clock: Callable[[], datetime] | None = None) -> None:
        self._lock = threading.RLock()
        self._clock = clock
        self._last_moment = 0
        try:
            self._connection = sqlite3.connect(path, check_same_thread=False, isolation_level=None)
            self._connection.row_factory = sqlite3.Row
            self._last_ids = self._prepared()
        except sqlite3.Error as error:
            raise OptionError(
                f"database={path!r} cannot be used ({error}); expected a SQLite file of an embedded Admin, or a new one "
                "in a folder that exists"
            ) from None

    def _prepared(self) -> dict[str, int]:
        """Make the tables that are missing, and return the ids that were used up last."""
        try:
            self._connection.create_function(BYTES_AS_TEXT, 1, _as_text, deterministic=True)
            self._connection.execute("PRAGMA journal_mode = WAL")
            self._connection.execute("PRAGMA synchronous = NORMAL")
            self._connection.executescript(_SCHEMA.format(tables="".join(map(_table_sql, STORED))))
            return dict(self._connection.execute("SELECT name, id FROM last_ids"))
        except sqlite3.Error:
            self._connection.close()
            raise

    def close(self) -> None:
        """Return the tables back; those in memory are gone."""
        with self._lock:
            self._connection.executemany("INSERT OR REPLACE INTO last_ids VALUES (?, ?)", self._last_ids.items())
            self._connection.close()

    @contextmanager
    def transaction(self) -> Iterator[None]:
        """Keep all of what is done inside, or, after an error, none of it."""
        with self._lock:
            if self._connection.in_transaction:
                yield
                return
            self._connection.execute("BEGIN")
            try:
                yield
            except BaseException:
                self._connection.execute("ROLLBACK")
                raise
            self._connection.execute("COMMIT")

    def now(self) -> int:
        """Return the time in microseconds since 1970, each later than the one before, as tests like to see it."""
        with self._lock:
            moment = time.time_ns() // 1000 if self._clock is None else micros(self._clock())
            self._last_moment = max(self._last_moment + 1, moment)
            return self._last_moment

    # -- writing ---------------------------------------------------------------------------------------------------

    def insert(self, table: DatabaseTable, row: Mapping[str, Any], *, moment: int | None = None) -> Row:
        """Add a row.

        ``row``: its columns; those that are missing are NULL, but for id and times, which are set here.
        ``moment``: when it was created; by default now.
        Raises Refusal: ALREADY_EXISTS: there is one with its key. The id is used up all the same, as PostgreSQL's is.
        """
        with self._lock:
            created = self.now() if moment is None else moment
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

    def update(self, table: DatabaseTable, key: Mapping[str, Any], changes: Mapping[str, Any]) -> None:
        """Change the row of a key."""
        changed = {**changes, "updated_at": self.now()}
        settings = ",".join(f'"{name}" = ?' for name in changed)
        marks = " AND ".join(f'"{name}" = ?' for name in key)
        self._execute(f"UPDATE {table.name} SET {settings} WHERE {marks}", [*changed.values(), *key.values()])  # noqa: S608 - names of columns.py

    def put(self, location: str, content: bytes) -> None:
        """Lay a file into the bucket."""
        self._execute("INSERT OR REPLACE INTO bucket VALUES (?, ?)", [location, content])

    def _next_id(self, table: DatabaseTable) -> int:
        # Counted outside of the database, as a transaction that fails must not give an id back.
        self._last_ids[table.name] = self.last_id(table) + 1
        self._execute("INSERT OR REPLACE INTO last_ids VALUES (?, ?)", [table.name, self._last_ids[table.name]])
        return self._last_ids[table.name]

    def last_id(self, table: DatabaseTable) -> int:
        """Return the id that was used up last."""
        return self._last_ids.get(table.name, 0)

    # -- reading ---------------------------------------------------------------------------------------------------

    def content(self, location: str) -> bytes:
        """Return a file out of the bucket."""
        return bytes(self._rows("SELECT content FROM bucket WHERE location = ?", [location])[0]["content"])

    def find(self, table: DatabaseTable, key: Mapping[str, Any]) -> Row | None:
        """Return the row of a key.

        An empty text asks for nothing, as in Admin: without any part of its key it is the first row of all.
        """
        asked = {name: value for name, value in key.items() if value != ""}
        marks = " AND ".join(["1", *(f'"{name}" = ?' for name in asked)])
        rows = self._rows(f"SELECT * FROM {table.name} WHERE {marks} ORDER BY id LIMIT 1", list(asked.values()))  # noqa: S608 - names of columns.py
        return rows[0] if rows else None

    def select(self, table: DatabaseTable, page: PageRequest) -> list[Row]:
        """Return the rows of a page.

        Raises Refusal: UNKNOWN: PostgreSQL refuses the question.
        """
        asked = {condition.table.name for condition in page.conditions}
        joins = " ".join(
            f"INNER JOIN {other} ON {table.name}.{column} = {other}.id"
            for other, column in table.links.items()
            if other in asked
        )
        matches, values = where(page.conditions)
        name = "name" if "name" in table.columns else table.key[-1]
        order = f'{table.name}."{name}", {table.name}.id'
        if page.sorting is not None:
            direction = page.sorting.direction
            # An index of names is read backwards where names descend.
            order = f"{table.name}.id {direction}" if page.sorting.column == name else order
            order = f'{table.name}."{page.sorting.column}" {direction}, {order}'
        # Only numbers are sorted, and only the rows of the page are read.
        numbers = (
            f"SELECT {table.name}.rowid FROM {table.name} {joins} WHERE {matches} ORDER BY {order} LIMIT ? OFFSET ?"  # noqa: S608 - names of columns.py
        )
        with self._lock:
            chosen = [number for (number,) in self._execute(numbers, [*values, page.limit, page.offset])]
            row = f"SELECT * FROM {table.name} WHERE rowid = ?"  # noqa: S608 - names of columns.py
            return [self._rows(row, [number])[0] for number in chosen]

    def select_names(self, table: DatabaseTable, page: PageRequest) -> list[Row]:
        """Return each project, domain and name once.

        Raises Refusal: UNKNOWN: they cannot be sorted by that column.
        """
        return self._rows(*self._names(table, page))

    def select_named_entities(
        self, table: DatabaseTable, place: Sequence[SqlCondition], resource_type: int, page: PageRequest
    ) -> list[Row]:
        """Return the named entities of a project and domain: of a page of names those that the conditions keep.

        Not every one of them has a row of its own; one without is active.

        Raises Refusal: UNKNOWN: PostgreSQL refuses the question.
        """
        names, values = self._names(table, page._replace(conditions=list(place)))
        matches, compared = where(page.conditions)
        sql = (
            f"SELECT * FROM (SELECT {_NAMES}, description, COALESCE(state, 0) AS state FROM ({names}) "  # noqa: S608 - names of columns.py
            f"LEFT JOIN (SELECT * FROM {METADATA.name} WHERE resource_type = ?) USING ({_NAMES})) "
            f"AS {NAMED_ENTITIES.name} WHERE {matches} ORDER BY {_names_order(page)}"
        )
        return self._rows(sql, [*values, resource_type, *compared])

    def _names(self, table: DatabaseTable, page: PageRequest) -> tuple[str, list[Any]]:
        if page.sorting is not None and page.sorting.column not in NAME:
            raise database_error(
                f'column "{table.name}.{page.sorting.column}" must appear in the GROUP BY clause or be used in an '
                "aggregate function"
            )
        matches, values = where(page.conditions)
        sql = (
            f"SELECT {_NAMES} FROM {table.name} WHERE {matches} GROUP BY {_NAMES} "  # noqa: S608 - names of columns.py
            f"ORDER BY {_names_order(page)} LIMIT ? OFFSET ?"
        )
        return sql, [*values, page.limit, page.offset]

    def _rows(self, sql: str, values: Sequence[Any]) -> list[Row]:
        with self._lock:
            return self._execute(sql, values).fetchall()

    def _execute(self, sql: str, values: Sequence[Any]) -> sqlite3.Cursor:
        if any(isinstance(value, str) and "\0" in value for value in values):
            raise database_error('invalid byte sequence for encoding "UTF8": 0x00')
        with self._lock:
            try:
                return self._connection.execute(sql, values)
            except (sqlite3.OperationalError, sqlite3.DataError, OverflowError) as error:
                raise database_error(str(error)) from None


def _names_order(page: PageRequest) -> str:
    return "name" if page.sorting is None else f"{page.sorting.column} {page.sorting.direction}, name"


def _table_sql(table: DatabaseTable) -> str:
    columns = ",".join(f'"{name}" {_AFFINITIES[kind]}' for name, kind in table.columns.items())
    return (
        f"CREATE TABLE IF NOT EXISTS {table.name} ({columns}, PRIMARY KEY ({','.join(table.key)}));"
        f"CREATE INDEX IF NOT EXISTS {table.name}_id ON {table.name} (id);"
    )


def _as_text(content: bytes | None) -> str | None:
    # A zero would end the text. Nothing else becomes the character that stands for it.
    return None if content is None else content.decode("latin-1").replace("\0", "\ufffd")


def timestamp(moment: int) -> Timestamp:
    """Return a time of the store as a message."""
    return Timestamp(seconds=moment // 10**6, nanos=moment % 10**6 * 1000)
