"""The tasks of a Parquet file, read a group of rows at a time when one of them is first looked at."""

from __future__ import annotations

from bisect import bisect_right
from collections.abc import Sequence
from itertools import accumulate
from typing import TYPE_CHECKING, Any, Final, NamedTuple, overload

from flyteidl.admin import task_pb2
from google.protobuf.message import DecodeError

from flytetask_nb.errors import LoadError, one_line

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator

DATA: Final = "task"
"""The column of the serialized tasks."""
EXPECTED: Final = "expected a snapshot as TaskCollection.save writes it"
DAMAGED: Final = "copy the file again, or save the snapshot again"


class StoredRow(NamedTuple):
    """A row of a file that was looked at.

    ``position``: its place, or that of the first row of a group that cannot be read.
    ``entry``: both in words.
    ``data``: the task.
    ``problem``: why it cannot be read; empty where it can.
    """

    position: int
    entry: str
    data: bytes
    problem: str


class TaskGroups(Sequence[bytes]):
    """Serialized tasks in groups, one group after the other."""

    def __init__(self, sizes: Iterable[int]) -> None:
        self._ends = list(accumulate(sizes))

    def _group(self, number: int) -> Sequence[bytes]:
        raise NotImplementedError

    def _start(self, number: int) -> int:
        return self._ends[number - 1] if number else 0

    def __len__(self) -> int:
        return self._ends[-1] if self._ends else 0

    @overload
    def __getitem__(self, index: int) -> bytes: ...
    @overload
    def __getitem__(self, index: slice) -> list[bytes]: ...
    def __getitem__(self, index: int | slice) -> bytes | list[bytes]:
        chosen = range(len(self))[index]
        if isinstance(chosen, range):
            return [self[position] for position in chosen]
        number = bisect_right(self._ends, chosen)
        return self._group(number)[chosen - self._start(number)]

    def __iter__(self) -> Iterator[bytes]:
        for number in range(len(self._ends)):
            yield from self._group(number)


class StoredTasks(TaskGroups):
    """Serialized tasks in a file, each group of rows read when one of its tasks is first looked at.

    ``opened``: the Parquet file.
    ``file``: the file underneath.
    ``name``: what the user calls it.
    ``identity``: project, domain, name, version and type of each task.
    ``limit``: bytes that a task may have.
    """

    def __init__(self, opened: Any, file: Any, name: str, identity: tuple[list[str], ...], limit: int) -> None:
        self._opened: Any = opened
        self._file: Any = file
        self._name = name
        self._limit = limit
        self.identity = identity
        sizes = [opened.metadata.row_group(group).num_rows for group in range(opened.metadata.num_row_groups)]
        super().__init__(sizes)
        self._groups: list[list[bytes] | None] = [None] * len(sizes)
        self._close_when_read()

    @property
    def read_count(self) -> int:
        """How many tasks have been read."""
        return sum(len(group) for group in self._groups if group is not None)

    def read_all(self) -> None:
        """Read every task and close the file.

        Raises LoadError: one of them cannot be read.
        """
        for group in range(len(self._groups)):
            self._group(group)

    def checked(self) -> Iterator[StoredRow]:
        """Look at every task without keeping any, and without stopping at those that cannot be read."""
        for group, end in enumerate(self._ends):
            start = self._start(group)
            try:
                rows = self._groups[group] or self._rows(group)
            except LoadError as error:
                yield StoredRow(start, f"rows {start} to {end - 1}", b"", str(error))
                continue
            for position, row in enumerate(rows, start):
                yield StoredRow(position, f"row {position}", row or b"", self._problem(position, row))

    def _group(self, group: int) -> list[bytes]:
        rows = self._groups[group]
        if rows is None:
            try:
                rows = self._rows(group)
            except LoadError as error:
                raise LoadError(f"{self._name}: {error}") from None
            for position, row in enumerate(rows, self._start(group)):
                if problem := self._problem(position, row):
                    raise LoadError(f"{self._name}!row {position}: {problem}")
            self._groups[group] = rows
            self._close_when_read()
        return rows

    def _rows(self, group: int) -> list[Any]:
        count = self._ends[group] - self._start(group)
        try:
            rows: list[Any] = self._opened.read_row_group(group, columns=[DATA]).column(0).to_pylist()
        except MemoryError:
            raise LoadError(f"its tasks do not fit into memory; {DAMAGED}") from None
        except Exception as error:  # noqa: BLE001 - what Arrow and its decoders raise is told as one
            raise LoadError(f"its tasks cannot be read: {one_line(error)}; {DAMAGED}") from None
        if len(rows) != count:
            raise LoadError(f"a group of rows holds {len(rows)} tasks where {count} were told; {DAMAGED}")
        return rows

    def _problem(self, position: int, row: Any) -> str:
        if row is None:
            return f"there is no task in it; {EXPECTED}"
        if len(row) > self._limit:
            return f"more than {self._limit:,} bytes; if it is to be trusted, raise max_entry_bytes"
        try:
            template = task_pb2.TaskSpec.FromString(row).template
        except DecodeError:
            return f"no serialized TaskSpec; {DAMAGED}"
        identifier = template.id
        own = identifier.project, identifier.domain, identifier.name, identifier.version, template.type
        if own != tuple(column[position] for column in self.identity):
            return f"its columns name another task than its bytes; {DAMAGED}"
        return ""

    def _close_when_read(self) -> None:
        if self._opened is not None and all(group is not None for group in self._groups):
            self._opened.close()
            self._file.close()
            self._opened = self._file = None
