"""Browsing a large table of tasks: search, facets, ranges, order, groups, and a page of rows at a time.

A ``View`` says what is asked to be seen, a ``Browser`` what that is of its table. No task is looked at: everything is
worked out on columns that hold each value once (``coded_table.py``), by the clauses of the one grammar of searches.
"""

from __future__ import annotations

from collections import OrderedDict
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Any, Final, TypeVar

import numpy as np
import pandas as pd

from flytetask_nb.dtypes import AMOUNT, COUNT, SPAN
from flytetask_nb.errors import ModelValueError
from flytetask_nb.masking.gate import gated_value
from flytetask_nb.models.version_order import by_age
from flytetask_nb.tables.coded_table import CodedTable
from flytetask_nb.tables.columns import COLUMNS
from flytetask_nb.tables.computed_columns import ComputedColumn
from flytetask_nb.tables.facets import FACETS, NUMERIC, Bins, Facet, Histogram, Labels, facet_of
from flytetask_nb.tables.factorized import NOTHING
from flytetask_nb.tables.grid_cells import cells_of
from flytetask_nb.tables.search_query import SEARCHED, parsed_query
from flytetask_nb.tables.view_code import frame_condition, listing_of, range_query, spelled, ticks_query

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    import numpy.typing as npt

    from flytetask_nb.tables.search_query import Query

FINDINGS, WORST_CHANGE = "findings", "worst_change"
COMPUTED: Final = (FINDINGS, WORST_CHANGE)
"""Columns that cost more than a table does, and are computed behind."""
GROUP, TASK = "group", "task"

_SHOWN_FIRST: Final = (
    "name", "version", "project", "domain", "type", "created_at", "signature", "cpu_request", "memory_request",
    "gpu_request", "image_repository", "image_tag", "short_description",
)  # fmt: skip
_NAMED: Final = ("project", "domain", "name")
_KEPT: Final = 64
"""Answers that are kept, a byte or eight a row each."""
_Answer = TypeVar("_Answer")


@dataclass(frozen=True)
class View:
    """What is asked to be seen of a table: the whole state of a grid.

    Attributes
    ----------
    query : str
        A search: see ``TaskCollection.search``.
    chosen : tuple of (str, tuple of str or None)
        Facets, and the values that are ticked in each; None stands for rows without a value.
    ranges : tuple of (str, (float or None, float or None))
        Amounts, and what they have to be at least and less than; None: no such bound. In cores, bytes and seconds.
    sort : tuple of (str, bool)
        Columns by which rows are sorted, the first before the others, and whether descending.
    is_grouped : bool
        Whether the versions of a name stand under it.
    opened : frozenset of str
        The groups whose versions are shown: ``project/domain/name``.
    """

    query: str = ""
    chosen: tuple[tuple[str, tuple[str | None, ...]], ...] = ()
    ranges: tuple[tuple[str, tuple[float | None, float | None]], ...] = ()
    sort: tuple[tuple[str, bool], ...] = ()
    is_grouped: bool = False
    opened: frozenset[str] = frozenset()


@dataclass(frozen=True, slots=True)
class Line:
    """A line of a grid.

    Attributes
    ----------
    kind : str
        ``TASK``, or ``GROUP``: a name, under which its versions stand.
    position : int
        Of the task; of a group that of its first version.
    count : int
        How many versions a group has that fit; of a task 1.
    key : str
        Of a group ``project/domain/name``, by which a view opens it; of a task nothing.
    """

    kind: str
    position: int
    count: int = 1
    key: str = ""


class Browser:
    """Answers what a view shows of a table.

    ``table``: a data frame of ``tabulate``, or any other one: what is neither text nor number, time or flag is shown as
      text. An Arrow table.
    ``pending``: columns of ``COMPUTED`` that will come by ``set_column``.

    Examples
    --------
    >>> import pandas as pd
    >>> browser = Browser(pd.DataFrame({"name": ["shop.train", "shop.score"], "gpu_request": [1, None]}))
    >>> browser.matches(View("gpu>0")).tolist()
    [0]
    """

    def __init__(self, table: Any, *, pending: Sequence[str] = ()) -> None:
        self._table = _coded_table(table)
        self._computed = {name: ComputedColumn(len(self)) for name in pending}
        self._forget()

    def _forget(self) -> None:
        self._answers: OrderedDict[tuple[Any, ...], Any] = OrderedDict()

    def __len__(self) -> int:
        return len(self._table)

    def append(self, table: Any) -> None:
        """Take rows that come later."""
        self._table = _coded_table(table).below(self._table)
        for computed in self._computed.values():
            computed.grow(len(self))
        self._forget()

    def set_column(
        self,
        name: str,
        values: Sequence[str | None],
        positions: Sequence[int] | None = None,
        *,
        order: Sequence[str] = (),
    ) -> None:
        """Set what was computed behind.

        ``name``: one of ``COMPUTED``, or a column of its own.
        ``values``: a text each; None where there is none.
        ``positions``: of the rows that they are about. None: all. Until all rows have been told, the column is pending.
        ``order``: values in the order in which they are sorted, for those that have one of their own.
        """
        computed = self._computed.setdefault(name, ComputedColumn(len(self)))
        computed.take(values, range(len(self)) if positions is None else positions, order)
        self._table[name] = computed.column()
        for key in [key for key in self._answers if name in _columns_of(key)]:
            del self._answers[key]

    # -- columns -----------------------------------------------------------------------------------------------------

    @property
    def all_columns(self) -> tuple[str, ...]:
        """Every column that there is, those in which nothing stands last."""
        names = [*dict.fromkeys([*self._table.names, *self._computed])]
        return tuple(sorted(names, key=self._table.is_empty))

    @property
    def columns(self) -> tuple[str, ...]:
        """The columns that are shown first: none in which nothing stands."""
        names = [name for name in self.all_columns if not self._table.is_empty(name)]
        first = [name for name in _SHOWN_FIRST if name in names]
        own = [name for name in names if name not in first and name not in COLUMNS and name not in COMPUTED]
        return tuple([*first, *own] or names)

    def is_numeric(self, name: str) -> bool:
        """Tell whether a column holds amounts, which stand to the right."""
        return self._table[name].kind in {COUNT, AMOUNT, SPAN}

    # -- rows --------------------------------------------------------------------------------------------------------

    def matches(self, view: View) -> npt.NDArray[np.intp]:
        """Return the positions of the rows that a view lets through, in its order.

        Raises QueryError: the search cannot be read: says at which character.
        """
        key = replace(view, is_grouped=False, opened=frozenset())
        return self._answer(("matches", key), lambda: self._sorted(np.flatnonzero(self._fits(view)), view.sort))

    def line_count(self, view: View) -> int:
        """Return how many lines a view has."""
        if not view.is_grouped:
            return len(self.matches(view))
        return int(self._groups(view)[-1][-1])

    def lines(self, view: View, start: int = 0, count: int | None = None) -> tuple[Line, ...]:
        """Return some lines of a view.

        ``view``: what is asked for.
        ``start``: the first of them.
        ``count``: how many at most; None: all that follow.
        """
        end = None if count is None else start + count
        if not view.is_grouped:
            return tuple(Line(TASK, position) for position in self.matches(view)[start:end].tolist())
        positions, bounds, begins = self._groups(view)
        end = int(begins[-1]) if end is None else min(end, int(begins[-1]))
        lines: list[Line] = []
        place = max(int(np.searchsorted(begins, start, side="right")) - 1, 0)
        while place < len(bounds) - 1 and begins[place] < end:
            versions = positions[bounds[place] : bounds[place + 1]].tolist()
            if not view.sort:
                versions = self._newest_first(versions)
            group = [Line(GROUP, versions[0], len(versions), self._key(versions[0]))]
            begin = int(begins[place])
            if begins[place + 1] - begin > 1:
                group += [Line(TASK, position) for position in versions]
            lines += group[max(start - begin, 0) : end - begin]
            place += 1
        return tuple(lines)

    def cells(self, positions: Sequence[int], columns: Sequence[str]) -> list[list[str]]:
        """Return what stands in some rows, for people.

        Returns list of list of str: a list for each row, a text for each column; empty where a value is missing.
        """
        where = np.asarray(positions, dtype=np.intp)
        by_column = [cells_of(name, self._table[name], where) for name in columns]
        return [list(row) for row in zip(*by_column, strict=True)] if by_column else [[] for _ in where]

    # -- facets ------------------------------------------------------------------------------------------------------

    def facets(self, view: View) -> tuple[Facet, ...]:
        """Count the values of each facet among the rows that everything but its own ticks lets through."""
        chosen = dict(view.chosen)
        facets = []
        for name in FACETS:
            computed = self._computed.get(name)
            if self._table.is_empty(name) and not (computed or name in chosen):
                continue
            fits = self._fits(view, but=("chosen", name))
            if computed is not None:
                fits = fits & computed.is_known
            is_pending = computed is not None and not computed.is_complete
            facets.append(facet_of(name, self._labels(name).counts(fits), chosen.get(name, ()), is_pending=is_pending))
        return tuple(facets)

    def histograms(self, view: View) -> tuple[Histogram, ...]:
        """Count each amount by bin, among the rows that everything but its own range lets through."""
        return tuple(
            self._bins(name).histogram(self._fits(view, but=("ranges", name)))
            for name in NUMERIC
            if np.isfinite(self._table[name].amounts).any()
        )

    # -- as code -----------------------------------------------------------------------------------------------------

    def code(self, view: View, source: str = "tasks") -> str:
        """Return a line of Python that makes the same set of tasks.

        ``view``: what is seen. Order and groups are no part of a set.
        ``source``: what the line begins with: ``"tasks"``, a collection; ``"frame"``, a data frame; ``"remote"``, a
          cluster.
        Returns str: what only a browser can tell, such as the worst change, is told by the positions of the rows.
        """
        queries = self.queries(view)
        if source == "frame":
            if any(name not in COLUMNS or name in self._computed for name, _ in view.chosen):
                return f"frame.iloc[{sorted(self.matches(view).tolist())}]"
            condition = " & ".join(filter(None, (frame_condition(query, self._table.names) for query in queries)))
            return f"frame[{condition}]" if condition else source
        texts = [spelled(query) for query in queries]
        if None in texts:
            places = sorted(self.matches(view).tolist())
            return f"ftn.TaskCollection([{source}[place] for place in {places}])"
        start = f"remote.list_tasks({listing_of(queries).arguments})" if source == "remote" else source
        return "".join([start, *(f".search({text!r})" for text in texts if text)])

    def queries(self, view: View) -> list[Query]:
        """Return the searches that a view is, all of which have to fit: what was written, each facet, each range."""
        queries = [parsed_query(view.query)]
        for name, values in view.chosen:
            if values:
                queries.append(ticks_query(name, values, self._table[name], self._labels(name)))
        queries += [range_query(name, low, high) for name, (low, high) in view.ranges]
        return queries

    def versions(self, view: View, key: str) -> list[int]:
        """Return the positions of the rows of a group that fit: of all that stand under a name, opened or not."""
        matches = self.matches(view)
        positions: list[int] = matches[self._names[matches] == self._name_of(key)].tolist()
        return positions if view.sort else self._newest_first(positions)

    def differing(self, view: View) -> tuple[str, ...]:
        """Return the columns that are not the same in all rows that a view lets through."""
        matches = self.matches(view)
        codes = ((name, self._table[name].codes[matches]) for name in self.all_columns)
        return tuple(name for name, column in codes if len(column) and (column != column[0]).any())

    def frame(self, view: View) -> pd.DataFrame:
        """Return the rows that a view lets through, in its order; the index says where they stand among all."""
        matches = self.matches(view)
        columns = {
            name: self._table[name].distinct.take(self._table[name].codes[matches], allow_fill=True)
            for name in self._table.names
        }
        return pd.DataFrame(columns, index=pd.Index(matches), copy=False)

    # -- answers, which are kept -------------------------------------------------------------------------------------

    def _answer(self, key: tuple[Any, ...], compute: Callable[[], _Answer]) -> _Answer:
        if key in self._answers:
            self._answers.move_to_end(key)
        else:
            self._answers[key] = compute()
            if len(self._answers) > _KEPT:
                self._answers.popitem(last=False)
        answer: _Answer = self._answers[key]
        return answer

    def _fits(self, view: View, but: tuple[str, str] = ("", "")) -> npt.NDArray[np.bool_]:
        """Tell which rows a view lets through, one facet's ticks or one amount's range left aside."""
        fits = self._answer(("query", view.query), lambda: self._searched(view.query))
        for name, values in view.chosen:
            if values and ("chosen", name) != but:
                fits = fits & self._ticked(name, values)
        for name, (low, high) in view.ranges:
            if ("ranges", name) != but:
                fits = fits & self._bins(name).mask(low, high)
        return fits

    def _searched(self, query: str) -> npt.NDArray[np.bool_]:
        return parsed_query(query).combined(
            len(self), lambda clause: self._answer(("clause", clause), lambda: clause.mask(self._table))
        )

    def _ticked(self, name: str, values: tuple[str | None, ...]) -> npt.NDArray[np.bool_]:
        computed = self._computed.get(name)

        def compute() -> npt.NDArray[np.bool_]:
            fits = self._labels(name).mask(values)
            return fits if computed is None else fits & computed.is_known

        return self._answer(("ticks", name, values), compute)

    def _labels(self, name: str) -> Labels:
        if name not in FACETS:
            raise ModelValueError(f"there is no facet {name!r}; there are {', '.join(FACETS)}")
        return self._answer(("labels", name), lambda: Labels(name, self._table[name]))

    def _bins(self, name: str) -> Bins:
        if name not in NUMERIC:
            raise ModelValueError(f"there is no amount {name!r}; there are {', '.join(NUMERIC)}")
        return self._answer(("bins", name), lambda: Bins(name, self._table[name]))

    def _sorted(self, positions: npt.NDArray[np.intp], sort: Sequence[tuple[str, bool]]) -> npt.NDArray[np.intp]:
        for name, is_descending in reversed(sort):
            column = self._table[name]
            size = len(column.distinct)
            ranks = size - 1 - column.ranks if is_descending else column.ranks
            keys = column.spread(ranks.astype(np.min_scalar_type(size)), size)[positions]
            positions = positions[np.argsort(keys, kind="stable")]
        positions.flags.writeable = False
        return positions

    # -- groups ------------------------------------------------------------------------------------------------------

    def _groups(self, view: View) -> tuple[npt.NDArray[np.intp], npt.NDArray[np.intp], npt.NDArray[np.intp]]:
        """Return the rows that fit, those of a name together; where each name begins among them, and on which line."""

        def compute() -> Any:
            matches = self.matches(view)
            names, first, which, counts = np.unique(
                self._names[matches], return_index=True, return_inverse=True, return_counts=True
            )
            # Names in the order in which they first appear, and so the rows of each.
            order = np.argsort(first)
            places = np.empty_like(order)
            places[order] = np.arange(len(order))
            positions = matches[np.argsort(places[which], kind="stable")]
            return positions, np.append(0, np.cumsum(counts[order])), names[order]

        positions, bounds, names = self._answer(("groups", replace(view, opened=frozenset())), compute)
        is_open = np.isin(names, [self._name_of(key) for key in view.opened])
        return positions, bounds, np.append(0, np.cumsum(1 + np.diff(bounds) * is_open))

    @property
    def _names(self) -> npt.NDArray[np.intp]:
        """For each row a number that its name has, told apart by project and domain."""

        def compute() -> npt.NDArray[np.intp]:
            whole = np.zeros(len(self), dtype=np.intp)
            for name in _NAMED:
                column = self._table[name]
                whole = whole * (len(column.distinct) + 1) + column.codes + 1
            return whole

        return self._answer(("names", "name"), compute)

    def _name_of(self, key: str) -> int:
        """Return the number of a name by the key of its group; -1 where there is none."""
        whole = 0
        for name, text in zip(_NAMED, key.split("/", len(_NAMED) - 1), strict=False):
            column = self._table[name]
            code = column.places.get(text, NOTHING)
            if text and code == NOTHING:
                # As it is shown, which hides what is secret in it.
                code = next((place for place, known in enumerate(column.texts) if gated_value(known) == text), NOTHING)
                if code == NOTHING:
                    return NOTHING
            whole = whole * (len(column.distinct) + 1) + code + 1
        return whole

    def _key(self, position: int) -> str:
        """Return the key of the group that a row belongs to."""
        columns = [self._table[name] for name in _NAMED]
        codes = [int(column.codes[position]) for column in columns]
        texts = ("" if code < 0 else column.texts[code] for column, code in zip(columns, codes, strict=True))
        return "/".join(map(gated_value, texts))

    def _newest_first(self, positions: list[int]) -> list[int]:
        if len(positions) <= 1:
            return positions
        versions, times = self._table["version"], self._table["created_at"]
        texts = ["" if code < 0 else versions.texts[code] for code in versions.codes[positions].tolist()]
        moments = [None if code < 0 else times.distinct[code] for code in times.codes[positions].tolist()]
        order, _ = by_age(texts, moments, [None] * len(texts))
        return [positions[place] for place in reversed(order)]


def _columns_of(key: tuple[Any, ...]) -> set[str]:
    """Return the columns that an answer depends on, by the key under which it is kept."""
    what, subject = key[0], key[1]
    if what == "clause":
        return {subject.field} if subject.field else set(SEARCHED)
    if what == "query":
        return set(parsed_query(subject).columns)
    if what in {"matches", "groups"}:
        of_view = {*(name for name, _ in subject.chosen), *(name for name, _ in subject.sort)}
        return {*parsed_query(subject.query).columns, *of_view}
    return {subject}


def _coded_table(table: Any) -> CodedTable:
    if isinstance(table, CodedTable):
        return table
    return CodedTable.of_frame(table if isinstance(table, pd.DataFrame) else table.to_pandas())
