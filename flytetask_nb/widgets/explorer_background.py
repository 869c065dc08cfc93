"""What an explorer computes behind: what ``check`` finds in each task, and what each version changed.

Both cost a hundred times what a row of the table costs. They come in slices, each of a few milliseconds, between which
whoever asked answers keys and clicks. To cancel is to stop asking.
"""

from __future__ import annotations

from time import perf_counter
from typing import TYPE_CHECKING, Any, Final, NamedTuple

from flytetask_nb.diffs import diff
from flytetask_nb.tables.browsing import FINDINGS, WORST_CHANGE
from flytetask_nb.tables.columns import COLUMNS, read_all

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator

    from flytetask_nb.collection import TaskCollection

__all__ = ["Slice", "computed_behind"]

_LONGEST: Final = 0.01
"""Seconds after which a slice is handed over."""


class Slice(NamedTuple):
    """Some values of a column.

    Attributes
    ----------
    column : str
        ``"findings"`` or ``"worst_change"``.
    positions : list of int
        Of the tasks in the collection.
    values : list of str or None
        Rules with commas between; the worst severity of what a version changed since the one before. None: nothing.
    """

    column: str
    positions: list[int]
    values: list[str | None]


def computed_behind(
    tasks: TaskCollection, first: Iterable[int] = (), *, columns: Iterable[str] = (FINDINGS, WORST_CHANGE)
) -> Iterator[Slice]:
    """Compute what costs more than a table, a slice at a time.

    Parameters
    ----------
    tasks
        The tasks.
    first
        Positions of those that are looked at: they and the other versions of their names come before the rest.
    columns
        Which of the columns.

    Yields
    ------
    Slice
        Values of each task once a column. What cannot be computed of a task is None.
    """
    wanted = set(columns)
    started = perf_counter()
    parts: dict[str, Slice] = {}
    for positions in _names_first(tasks, first):
        for column, position, value in _of_versions(tasks, positions, wanted):
            part = parts.setdefault(column, Slice(column, [], []))
            part.positions.append(position)
            part.values.append(value)
            if perf_counter() - started > _LONGEST:
                yield from parts.values()
                parts, started = {}, perf_counter()
    yield from parts.values()


def _names_first(tasks: TaskCollection, first: Iterable[int]) -> Iterator[list[int]]:
    """Yield the positions of each name's versions, oldest first; names of some tasks before the others."""
    index = tasks._index
    names = {position: name for name, positions in index.names.groups.items() for position in positions}
    ordered = dict.fromkeys(names[position] for position in first if position in names)
    for name in {**ordered, **index.names.groups}:
        yield index.versions(name)


def _of_versions(
    tasks: TaskCollection, positions: list[int], wanted: set[str]
) -> Iterator[tuple[str, int, str | None]]:
    before: Any = None
    for position in positions:
        task = tasks[position]
        if FINDINGS in wanted:
            yield FINDINGS, position, _computed(COLUMNS[FINDINGS].read, task)
        if WORST_CHANGE in wanted:
            worst = None if before is None else _computed(lambda pair: diff(*pair).severity, (before, task))
            yield WORST_CHANGE, position, worst
        before = task


def _computed(compute: Any, subject: Any) -> str | None:
    # Whatever stands in one task costs no other its value.
    (value,), _ = read_all(compute, [subject])
    return None if value is None else str(value)
