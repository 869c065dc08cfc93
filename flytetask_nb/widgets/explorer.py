"""The explorer: a table of any number of tasks to search, narrow down, sort, look at and compare, a page at a time.

The module is long because each message of the page has its answer here, beside the traits that cells read and set; what
is answered stands in ``exploration.py``.
"""

from __future__ import annotations

import re
import time
from contextlib import contextmanager
from dataclasses import replace
from functools import wraps
from threading import RLock
from typing import TYPE_CHECKING, Any, Final, TypeVar

import anywidget
import pandas as pd
from traitlets import Bunch, Dict, Instance, TraitType, Unicode, observe, validate
from traitlets import Tuple as TupleTrait

from flytetask_nb.collection import TaskCollection
from flytetask_nb.diffs.rules import SEVERITIES
from flytetask_nb.errors import LoadError, ModelTypeError
from flytetask_nb.masking.gate import gated
from flytetask_nb.models.showing import behind_gate
from flytetask_nb.tables.browsing import COMPUTED, WORST_CHANGE, Browser, View
from flytetask_nb.tables.coded_table import CodedTable
from flytetask_nb.tables.search_query import parsed_query
from flytetask_nb.tables.view_code import listing_of
from flytetask_nb.views import html
from flytetask_nb.views.document import Document, Paragraph, Row, Table, code, within
from flytetask_nb.views.excerpts import more, start_of
from flytetask_nb.views.wording import counted
from flytetask_nb.widgets.behind import SLICE, Behind, made_aside
from flytetask_nb.widgets.exploration import FIRST_ROWS, Exploration, column_title
from flytetask_nb.widgets.explorer_background import computed_behind
from flytetask_nb.widgets.panes import HERE, StaticForm, error_text
from flytetask_nb.widgets.selection import as_collection

if TYPE_CHECKING:
    from collections.abc import Callable, Generator, Iterable, Iterator

    from flytetask_nb.sources.client.task_pages import TaskPages
    from flytetask_nb.tables.search_query import Query
    from flytetask_nb.views.document import Block

__all__ = ["Explorer", "explore"]

_AT_ONCE: Final = 400
"""Tasks that are read before anything is shown; the others follow behind."""
_CHUNK: Final = 10_000
_TOLD: Final = 4.0
"""Seconds after which what was computed behind is shown, ready or not."""
_STATIC_ROWS: Final = 20
_STATIC_COLUMNS: Final = 8
_TABLE_BUDGET: Final = 20_000
_CELL_BUDGET: Final = 200
T = TypeVar("T")


def _alone(method: Callable[..., T]) -> Callable[..., T]:
    """Let one thread in at a time: kernels answer pages in a thread beside that of the cells."""

    @wraps(method)
    def alone(self: Any, *args: Any, **named: Any) -> T:
        with self.lock:
            return method(self, *args, **named)

    return alone


class _MatchingRows(TraitType[pd.DataFrame, pd.DataFrame]):
    """The rows that match, made each time they are read."""

    def get(self, obj: Any, cls: Any = None) -> Any:  # noqa: ARG002 - as traitlets calls it
        return obj._matching_rows()

    def set(self, obj: Any, value: Any) -> None:
        obj._take_rows(value)


class Explorer(StaticForm, anywidget.AnyWidget):
    """A table of tasks, however many: searched as one types, narrowed down by facets, sorted, looked at and compared.

    Parameters
    ----------
    source
        A collection or whatever ``TaskCollection`` takes; a data frame or an Arrow table; a ``Remote``, of which rows
        appear as they arrive.
    query, columns, **filters
        As :func:`explore` takes them.

    Attributes
    ----------
    query : str
        The search, as ``TaskCollection.search`` takes it. Can be read, observed and set.
    selection : TaskCollection
        The selected tasks. Can be read, observed and set, to tasks of the explorer's.
    frame : pandas.DataFrame
        The rows that match, in their order; the index says where they stand among all. Made when it is read. Can be
        observed, and set to some of the rows or to another table, which is shown from then on.
    columns : tuple of str
        The columns that are shown, the name first. Can be read, observed and set.
    tasks : TaskCollection or None
        What is explored; None where it is a table.
    """

    # Comments and indentation would be sent to each page, and saved with each notebook.
    _esm = re.sub(r"(?m)^\s*(?://.*\n)?", "", HERE.with_name("explorer.js").read_text(encoding="utf-8"))
    _css = html.stylesheet() + HERE.with_name("explorer.css").read_text(encoding="utf-8")
    # What a page shows before it has asked for anything: worked out when a page is opened, and not kept.
    first = Dict().tag(sync=True, to_json=lambda _value, explorer: explorer._opening())
    query = Unicode()
    columns = TupleTrait()
    selection = Instance(TaskCollection)
    frame = _MatchingRows()

    def __init_subclass__(cls, **settings: Any) -> None:
        super().__init_subclass__(**settings)
        behind_gate(cls)

    def __init__(
        self,
        source: object,
        *,
        query: str = "",
        columns: Iterable[str] | None = None,
        **filters: Any,
    ) -> None:
        self.lock = RLock()
        self._follows = True
        self._told_view: View | None = None
        self._views: set[str] = set()
        self._pages: TaskPages | None = None
        self._behind: list[Behind] = []
        self._open(source, parsed_query(query), filters)
        # What a page shows first is told when the widget is made.
        self._exploration.view = View(query=query)
        if columns is not None:
            self._exploration.columns = self._exploration.checked_columns(columns)
        super().__init__(selection=TaskCollection(), query=query, columns=self._exploration.shown_columns())
        self._follows = False
        self.on_msg(self._hear)

    @property
    def tasks(self) -> TaskCollection | None:
        """What is explored; None where it is a table."""
        return self._exploration.tasks

    # -- where the rows come from ------------------------------------------------------------------------------------

    def _open(self, source: Any, asked: Query, filters: dict[str, Any]) -> None:
        """Begin with the first rows of a source; the others follow behind."""
        self._progress = ""
        self._frame: pd.DataFrame | None = None
        self._pages = None
        if hasattr(source, "task_pages"):
            listing = listing_of([asked])
            place = {name: where for name in ("project", "domain") if (where := getattr(listing, name))}
            self._pages = source.task_pages(**{"filters": list(listing.filters), **place, **filters})
            self._exploration = Exploration(_browser(TaskCollection()), TaskCollection(), "remote")
            steps = self._listing(self._pages)
        elif filters:
            raise ModelTypeError(f"{', '.join(filters)} can be asked of a cluster; what is at hand is searched")
        elif isinstance(source, pd.DataFrame) or hasattr(source, "to_pandas"):
            frame = self._frame = source if isinstance(source, pd.DataFrame) else source.to_pandas()
            self._exploration = Exploration(Browser(frame.iloc[:_AT_ONCE]), None, "frame")
            self._exploration.total = len(frame)
            steps = self._reading(CodedTable.of_frame(frame.iloc[at : at + _CHUNK]) for at in _starts(len(frame)))
        else:
            tasks = as_collection(source)
            first = tasks[:_AT_ONCE] if len(tasks) > _AT_ONCE else tasks
            self._exploration = Exploration(_browser(first), tasks, "tasks")
            steps = self._reading(CodedTable.of_frame(tasks[at : at + _CHUNK].to_frame()) for at in _starts(len(tasks)))
        self._behind = [Behind(steps, self)]
        if self._frame is None:
            self._behind.append(Behind(self._computing(), self))

    def _reading(self, tables: Iterator[CodedTable]) -> Generator[float, None, None]:
        """Read the tables of the rows that were not read at once."""
        exploration = self._exploration
        for table in made_aside(tables):
            if table is not None:
                exploration.browser.append(table)
                read = len(exploration.browser)
                self._tell_progress(f"read {read:,} of {exploration.total:,}" if read < exploration.total else "")
            yield 4 * SLICE

    def _listing(self, pages: TaskPages) -> Generator[float, None, None]:
        """Take the tasks of a cluster as they come."""
        exploration = self._exploration
        for page in made_aside((part, CodedTable.of_frame(part.to_frame())) for part in pages):
            if page is not None and len(page[0]) and exploration.tasks is not None:
                exploration.tasks += page[0]
                exploration.browser.append(page[1])
                exploration.total = len(exploration.tasks)
                self._tell_progress(f"{counted(exploration.total, 'task')} so far")
            yield 4 * SLICE
        for failure in pages.tasks.failures[:1]:
            self.tell(LoadError(str(failure)))
        self._tell_progress("")

    def _computing(self) -> Generator[float, None, None]:
        """Work out what costs more than a table does: findings, and the worst change since the version before."""
        while not self._behind[0].is_done:
            yield 10 * SLICE
        exploration = self._exploration
        browser, tasks = exploration.browser, exploration.tasks or TaskCollection()
        looked_at = [line.position for line in browser.lines(exploration.view, 0, FIRST_ROWS)]
        last_told = time.monotonic()
        done = dict.fromkeys(COMPUTED, 0)
        for column, positions, values in computed_behind(tasks, looked_at):
            browser.set_column(column, values, positions, order=SEVERITIES if column == WORST_CHANGE else ())
            done[column] += len(positions)
            if time.monotonic() - last_told > _TOLD:
                last_told = time.monotonic()
                self._tell_progress(f"checked {min(done.values()):,} of {len(tasks):,}")
            yield SLICE
        self._tell_progress("")

    def _tell_progress(self, words: str) -> None:
        """Tell the page that there is more to see than before."""
        self._progress = words
        self.send({"kind": "changed", "progress": words})

    @_alone
    def _read_all(self) -> None:
        """Wait until every row is there."""
        self._behind[0].finish()

    # -- what works behind asks --------------------------------------------------------------------------------------

    @property
    def is_looked_at(self) -> bool:
        """Whether a page shows the explorer."""
        return bool(self._views)

    def tell(self, error: Exception) -> None:
        """Show an error in the page."""
        self.send(_error_message(error))

    # -- traits ------------------------------------------------------------------------------------------------------

    @validate("query")
    def _check_query(self, proposal: Any) -> str:
        query = str(proposal["value"])
        parsed_query(query)
        return query

    @validate("columns")
    def _check_columns(self, proposal: Any) -> tuple[str, ...]:
        return self._exploration.checked_columns(proposal["value"])

    @observe("query", "columns", "selection")
    @_alone
    def _take_trait(self, change: Any) -> None:
        if self._follows:
            return
        exploration = self._exploration
        if change.name == "query":
            exploration.view = replace(exploration.view, query=change.new)
        elif change.name == "columns":
            exploration.columns = change.new
        else:
            exploration.selected = exploration.positions_of(change.new)
        self._push()
        if change.name == "query":
            self._tell_rows()

    def _push(self) -> None:
        self.send({"kind": "state", "state": self._exploration.state()})

    def _tell_traits(self) -> None:
        """Let the traits say what the page did; who observes them is told."""
        with self._following():
            self.columns = self._exploration.shown_columns()
            self.query = self._exploration.view.query

    @contextmanager
    def _following(self) -> Iterator[None]:
        """Let traits be set without taking that for a user's doing."""
        self._follows = True
        try:
            yield
        finally:
            self._follows = False

    def _tell_rows(self) -> None:
        """Tell who observes the frame that it is another one."""
        if self._trait_notifiers.get("frame"):
            self.notify_change(Bunch(name="frame", old=None, new=self.frame, owner=self, type="change"))

    @_alone
    def _matching_rows(self) -> pd.DataFrame:
        self._read_all()
        if self._frame is not None:
            return self._frame.iloc[self._exploration.browser.matches(self._exploration.view)]
        return self._exploration.frame()

    @_alone
    def _take_rows(self, frame: object) -> None:
        """Show some of the rows alone, with their tasks; or another table."""
        if not isinstance(frame, pd.DataFrame):
            raise ModelTypeError(f"a frame is a pandas.DataFrame, got an object of type {type(frame).__name__}")
        tasks = self.tasks
        self._stop()
        is_part = (
            tasks is not None
            and frame.index.is_unique
            and frame.index.isin(range(len(tasks))).all()
            and list(frame["name"]) == list(map(tasks.column("name").__getitem__, frame.index))
        )
        self._open(tasks._chosen(frame.index) if tasks is not None and is_part else frame, parsed_query(""), {})
        self._begin()
        self._push()
        self._tell_traits()

    def close(self) -> None:
        """Leave the page, and undone what is still to be done behind."""
        self._stop()
        super().close()

    # -- messages ----------------------------------------------------------------------------------------------------

    @_alone
    def _hear(self, _widget: Any, asked: dict[str, Any], _buffers: Any) -> None:
        """Answer a page; what goes wrong is shown there."""
        if asked["kind"] == "leave":
            self._views.discard(asked["view"])
            return
        self._views.add(asked["view"])
        self._begin()
        exploration = self._exploration
        answers: dict[str, Callable[[], dict[str, Any]]] = {
            "hello": lambda: {"kind": "state", "state": exploration.state()},
            "look": lambda: self._look(asked),
            "differing": lambda: self._differ(asked),
            "select": lambda: self._select(asked),
            "open": lambda: {"kind": "side", **exploration.side(int(asked["position"]))},
            "more": lambda: {"kind": "side", **exploration.more(int(asked["position"]))},
            "code": lambda: {"kind": "code", "text": exploration.code()},
            "cancel": self._cancel,
        }
        try:
            answer = answers[asked["kind"]]()
        except Exception as error:  # noqa: BLE001 - a callback's error would be seen by nobody
            answer = _error_message(error)
        if answer:
            self.send({**answer, "view": asked.get("view"), "serial": asked.get("serial")})
        try:
            self._follow(asked)
        except Exception as error:  # noqa: BLE001 - raised by who observes
            self.tell(error)

    def _follow(self, asked: dict[str, Any]) -> None:
        """Let traits follow a page once it has its answer."""
        kind = asked["kind"]
        if kind == "select":
            with self._following():
                self.selection = self._exploration.chosen_tasks()
        if kind in {"look", "differing"}:
            before = self._told_view
            self._tell_traits()
            self._told_view = replace(self._exploration.view, opened=frozenset())
            if before not in (None, self._told_view):
                self._tell_rows()

    def _look(self, asked: dict[str, Any]) -> dict[str, Any]:
        exploration = self._exploration
        before = exploration.view
        exploration.view = exploration.view_of(asked)
        columns = asked.get("columns")
        exploration.columns = None if columns is None else exploration.checked_columns(columns)
        page = exploration.page(int(asked["start"]), int(asked["count"])) if "rows" in asked["parts"] else {}
        if "facets" in asked["parts"]:
            page = {**page, **exploration.counts()}
        if "problem" in page:
            # What cannot be read is no view: the one before stays.
            exploration.view = before
        return {"kind": "page", **page, "progress": self._progress}

    def _differ(self, asked: dict[str, Any]) -> dict[str, Any]:
        exploration = self._exploration
        exploration.view = exploration.view_of(asked)
        exploration.columns = exploration.differing_columns()
        return {"kind": "page", **exploration.page(), "chosen": True, "progress": self._progress}

    def _select(self, asked: dict[str, Any]) -> dict[str, Any]:
        exploration = self._exploration
        exploration.view = exploration.view_of(asked)
        exploration.select(asked["steps"])
        return {"kind": "side", **exploration.side(None), "selected": len(exploration.selected)}

    def _cancel(self) -> dict[str, Any]:
        self._stop()
        self._tell_progress("")
        return {}

    def _stop(self) -> None:
        """Leave undone what is still to be done behind."""
        if self._pages is not None:
            self._pages.cancel()
        for work in self._behind:
            work.stop()

    def _begin(self) -> None:
        """Let work go on behind, once there is a page that may show what comes of it."""
        for work in self._behind:
            work.start()

    @_alone
    def _opening(self) -> dict[str, Any]:
        exploration = self._exploration
        return {"state": exploration.state(), "page": exploration.page()}

    # -- without a kernel --------------------------------------------------------------------------------------------

    @_alone
    def document(self) -> Document:
        """Return the first page as a table, for places without a kernel."""
        exploration = self._exploration
        if exploration.view.query or self._pages is not None:
            self._read_all()
        columns = exploration.shown_columns()[:_STATIC_COLUMNS]
        matched = len(exploration.browser.matches(exploration.view)) if exploration.view.query else exploration.total
        positions = exploration.browser.matches(exploration.view)[:_STATIC_ROWS].tolist()
        cells = exploration.browser.cells(positions, columns)
        rows = [Row([code(start_of(text, _CELL_BUDGET)) if text else "" for text in texts]) for texts in cells]
        rows, left = within(rows, _TABLE_BUDGET, matched)
        head = Row([column_title(name) for name in columns], header=True)
        numbers = tuple(place for place, name in enumerate(columns) if exploration.browser.is_numeric(name))
        query = f" match {exploration.view.query}" if exploration.view.query else ""
        blocks: list[Block] = [Table([head, *rows], named=True, numbers=numbers, is_wide=True)] if rows else []
        if left:
            blocks.append(Paragraph(more(left)))
        return Document("Explorer", f"{counted(matched, self._thing)}{query}", blocks=blocks)

    @property
    def _thing(self) -> str:
        return "row" if self.tasks is None else "task"

    def __repr__(self) -> str:
        query = f", query={self.query!r}" if self.query else ""
        return f"Explorer({counted(self._exploration.total, self._thing)}{query})"

    def _repr_mimebundle_(self, **settings: Any) -> Any:
        bundle, metadata = super()._repr_mimebundle_(**settings) or ({}, {})
        return {**bundle, **self.static_bundle()}, metadata


def _browser(tasks: TaskCollection) -> Browser:
    return Browser(tasks.to_frame(), pending=COMPUTED)


def _starts(count: int) -> range:
    """Return where the chunks begin of what is not read at once."""
    return range(_AT_ONCE, count, _CHUNK)


def _error_message(error: Exception) -> dict[str, Any]:
    return {"kind": "error", "message": gated(error_text(error))}


def explore(
    source: object,
    *,
    query: str = "",
    columns: Iterable[str] | None = None,
    **filters: Any,
) -> Explorer:
    """Search, narrow down, sort, look at and compare tasks, however many there are.

    Parameters
    ----------
    source
        A collection or whatever ``TaskCollection`` takes; a data frame, whose rows have no cards but their values; a
        ``Remote``, of which rows appear as they arrive.
    query
        A search to begin with: see ``TaskCollection.search``.
    columns
        The columns to begin with, the name first in any case. None: those that say most.
    **filters
        Of a ``Remote``, what ``list_tasks`` is to ask for: ``project``, ``domain``, ``filters`` and others.

    Returns
    -------
    Explorer
        A widget. Its ``query``, ``selection``, ``frame`` and ``columns`` can be read, set and observed.

    Raises
    ------
    ModelTypeError
        ``source`` is neither tasks nor a table nor a cluster.
    ModelValueError
        There is no such column.
    QueryError
        The search cannot be read.

    Examples
    --------
    >>> import flytetask_nb as ftn
    >>> ftn.explore(ftn.TaskCollection())
    Explorer(no tasks)
    """
    return Explorer(source, query=query, columns=columns, **filters)
