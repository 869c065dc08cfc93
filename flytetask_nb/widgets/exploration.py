"""What an explorer looks at: a table, its tasks where there are any, a view of them and a selection; no widget.

What a page asks comes as JSON values, and so do the answers. A page of rows is worked out on the table alone; a task is
built when its card is looked at.
"""

from __future__ import annotations

import json
from dataclasses import replace
from datetime import datetime, timedelta, timezone
from typing import TYPE_CHECKING, Any, Final

from flytetask_nb.collection import TaskCollection
from flytetask_nb.errors import ModelValueError, QueryError
from flytetask_nb.masking import mask_identifier
from flytetask_nb.masking.gate import gated
from flytetask_nb.printing import in_words
from flytetask_nb.semantics.quantities import Quantity, format_bytes
from flytetask_nb.tables.browsing import COMPUTED, GROUP, Browser, View
from flytetask_nb.views import describe, fitting, html
from flytetask_nb.views.comparisons import describe_columns
from flytetask_nb.views.document import Document, Fields, Paragraph, Row, Table, code, dim
from flytetask_nb.views.wording import counted
from flytetask_nb.widgets.comparison import history_of
from flytetask_nb.widgets.task_panel import head_of

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping, Sequence

    import pandas as pd

    from flytetask_nb.models.flyte_task import FlyteTask
    from flytetask_nb.tables.browsing import Line as GridLine
    from flytetask_nb.tables.facets import Facet, Histogram
    from flytetask_nb.views.document import Block, Line

__all__ = ["FIRST_ROWS", "Exploration", "column_title"]

FIRST_ROWS: Final = 40
"""Rows that a page shows before it has asked for any."""
_MOST_ROWS: Final = 200
"""Rows that an answer holds at most, however tall the page is."""
_BUDGET: Final = 18_000
"""Bytes of an answer's rows: what one action may send is limited, and counts and a card come with it."""
_LONGEST: Final = (48, 24, 12)
"""Characters of a cell, the name's aside: where rows take more than their budget, the next."""
_COMPARED: Final = 8
"""Tasks beside each other, at most."""
_VERSIONS: Final = 12
"""Versions of a history under a card, at most: the newest, and the card's own among them."""
_PAIR: Final = 2
_NAME: Final = "name"
_WIDTHS: Final = {_NAME: 250, "version": 110}
_NUMBER_WIDTH: Final = 124
_TEXT_WIDTH: Final = 150
"""Pixels that a column takes at least."""
_NO_TASKS: Final = "A table holds no tasks: nothing to check, to compare by meaning, or to follow through versions."


class Exploration:
    """What is looked at.

    Parameters
    ----------
    browser
        The table.
    tasks
        The tasks behind its rows; None where a table is all there is.
    source
        What the rows are in code: ``"tasks"``, ``"frame"`` or ``"remote"``.

    Attributes
    ----------
    view : View
        What is asked to be seen: search, facets, ranges, order, groups.
    columns : tuple of str or None
        The columns that are shown, the name first; None: those that the table shows first.
    selected : dict of int to None
        The selected positions, in the order of their selection.
    """

    def __init__(self, browser: Browser, tasks: TaskCollection | None = None, source: str = "tasks") -> None:
        self.browser = browser
        self.tasks = tasks
        self.view = View()
        self.columns: tuple[str, ...] | None = None
        self.selected: dict[int, None] = {}
        self.source = source
        self.total = len(browser) if tasks is None else len(tasks)

    # -- the state, as a page has it ---------------------------------------------------------------------------------

    def state(self) -> dict[str, Any]:
        """Return the state for a page to take over."""
        view = self.view
        return {
            "query": view.query,
            "chosen": {name: list(values) for name, values in view.chosen},
            "ranges": {name: list(bounds) for name, bounds in view.ranges},
            "sort": [list(key) for key in view.sort],
            "grouped": view.is_grouped,
            "opened": sorted(view.opened),
            "columns": None if self.columns is None else list(self.columns),
            "all": [[name, column_title(name)] for name in self._all_columns()],
        }

    @staticmethod
    def view_of(asked: Mapping[str, Any]) -> View:
        """Return the view that a page asks for."""
        return View(
            query=str(asked["query"]),
            chosen=tuple((name, tuple(values)) for name, values in asked["chosen"].items() if values),
            ranges=tuple((name, (low, high)) for name, (low, high) in asked["ranges"].items()),
            sort=tuple((name, bool(descends)) for name, descends in asked["sort"]),
            is_grouped=bool(asked["grouped"]),
            opened=frozenset(asked["opened"]),
        )

    def shown_columns(self) -> tuple[str, ...]:
        """Return the columns of the page, the name first where there is one."""
        return self._name_first(self.browser.columns if self.columns is None else self.columns)

    def _all_columns(self) -> tuple[str, ...]:
        return self._name_first(self.browser.all_columns)

    def checked_columns(self, columns: Iterable[str]) -> tuple[str, ...]:
        """Return columns that a user asks for, the name first.

        Raises
        ------
        ModelValueError
            There is no such column, or one stands there twice.
        """
        names = tuple(map(str, columns))
        known = self.browser.all_columns
        wrong = next((name for name in names if name not in (*known, *COMPUTED)), None)
        if wrong is not None:
            raise ModelValueError(f"there is no column {wrong!r}; there are {', '.join(known)}")
        if len(set(names)) < len(names):
            raise ModelValueError(f"a column stands twice in {', '.join(names)}")
        return self._name_first(names)

    def _name_first(self, columns: Iterable[str]) -> tuple[str, ...]:
        names = [name for name in columns if name != _NAME]
        return (_NAME, *names) if _NAME in self.browser.all_columns else tuple(names)

    def differing_columns(self) -> tuple[str, ...]:
        """Return the columns that are not the same in all rows that match."""
        return self._name_first(self.browser.differing(self.view))

    # -- rows --------------------------------------------------------------------------------------------------------

    def page(self, start: int = 0, count: int = FIRST_ROWS) -> dict[str, Any]:
        """Return some lines of the view; of a search that cannot be read, what is wrong with it."""
        browser, view = self.browser, self.view
        try:
            matched = len(browser.matches(view))
        except QueryError as error:
            return _problem(error)
        lines = browser.line_count(view)
        start = max(0, min(start, lines - 1))
        columns = self.shown_columns()
        grid = browser.lines(view, start, min(count, _MOST_ROWS))
        cells = browser.cells([line.position for line in grid], columns)
        for longest in _LONGEST:
            rows = [self._row(line, texts, longest) for line, texts in zip(grid, cells, strict=True)]
            if len(json.dumps(rows)) <= _BUDGET:
                break
        return {
            "total": self.total,
            "noun": "rows" if self.tasks is None else "tasks",
            "matched": matched,
            "lines": lines,
            "start": start,
            "columns": list(map(self._column, columns)),
            "rows": rows,
            "selected": len(self.selected),
        }

    def _column(self, name: str) -> dict[str, Any]:
        is_numeric = self.browser.is_numeric(name)
        width = _WIDTHS.get(name, _NUMBER_WIDTH if is_numeric else _TEXT_WIDTH)
        return {"name": name, "title": column_title(name), "numeric": is_numeric, "width": width}

    def _row(self, line: GridLine, texts: list[str], longest: int) -> list[Any]:
        is_group = line.kind == GROUP
        group = {"key": line.key, "count": line.count, "open": line.key in self.view.opened} if is_group else None
        cells = [*texts[:1], *(text if len(text) <= longest else f"{text[: longest - 1]}…" for text in texts[1:])]
        return [line.kind, line.position, int(line.position in self.selected and not is_group), group, *cells]

    def counts(self) -> dict[str, Any]:
        """Return facets and histograms of the view; nothing of a search that cannot be read."""
        try:
            facets, histograms = self.browser.facets(self.view), self.browser.histograms(self.view)
        except QueryError as error:
            return _problem(error)
        return {"facets": [_facet(facet) for facet in facets], "histograms": list(map(_histogram, histograms))}

    # -- selection ---------------------------------------------------------------------------------------------------

    def select(self, steps: Iterable[Mapping[str, Any]]) -> None:
        """Follow what a page did to the selection, step by step."""
        for step in steps:
            mode = step["mode"]
            if mode == "none":
                self.selected = {}
            elif mode == "all":
                self.selected = dict.fromkeys(self.browser.matches(self.view).tolist())
            elif mode == "to":
                start, end = sorted((int(step["from"]), int(step["row"])))
                for line in self.browser.lines(self.view, start, end - start + 1):
                    self.selected.update(dict.fromkeys(self._of_line(line)))
            else:
                line = self.browser.lines(self.view, int(step["row"]), 1)[0]
                positions = self._of_line(line)
                if all(position in self.selected for position in positions):
                    for position in positions:
                        del self.selected[position]
                else:
                    self.selected.update(dict.fromkeys(positions))

    def _of_line(self, line: GridLine) -> list[int]:
        """Return the task of a line; of a group all of its versions that match."""
        return self.browser.versions(self.view, line.key) if line.kind == GROUP else [line.position]

    def chosen_tasks(self) -> TaskCollection:
        """Return the selected tasks, in the order of the table."""
        return TaskCollection() if self.tasks is None else self.tasks._chosen(sorted(self.selected))

    def positions_of(self, tasks: TaskCollection) -> dict[int, None]:
        """Return where tasks stand in the table.

        Raises
        ------
        ModelValueError
            One of them is not in it.
        """
        if self.tasks is None:
            if len(tasks):
                raise ModelValueError("this explorer shows a table, which holds no tasks to select")
            return {}
        keys = ("project", "domain", "name", "version")
        known = {key: place for place, key in enumerate(zip(*map(self.tasks.column, keys), strict=True))}
        wanted = list(zip(*map(tasks.column, keys), strict=True))
        missing = next((key for key in wanted if key not in known), None)
        if missing is not None:
            raise ModelValueError(f"{mask_identifier('/'.join(filter(None, missing)))} is none of the explorer's tasks")
        return {known[key]: None for key in wanted}

    # -- beside the rows ---------------------------------------------------------------------------------------------

    def side(self, position: int | None) -> dict[str, Any]:
        """Return the card of a row; of two selected rows or more their comparison."""
        if len(self.selected) >= _PAIR:
            return {
                "title": "Comparison",
                "compares": True,
                "html": fitting(self._comparison, lambda made: [html.fragment(made)])[0],
            }
        where = next(iter(self.selected), None) if position is None else position
        card = {"title": "Card", "compares": False, "html": None}
        if where is None:
            return card
        html_parts = fitting(lambda: self._card(where), _head_and_rest)[0]
        return {**card, "position": where, "html": html_parts, "more": self.tasks is not None}

    def more(self, position: int) -> dict[str, Any]:
        """Return what costs more than a card: the history of a task."""
        document = None if self.tasks is None else self._history(self.tasks, self.tasks[position])
        return {"html": "" if document is None else html.fragment(document)}

    def _card(self, position: int) -> Document:
        if self.tasks is None:
            columns = self._all_columns()
            (texts,) = self.browser.cells([position], columns)
            fields: list[tuple[str, list[Line]]] = [
                (column_title(name), [code(text)]) for name, text in zip(columns, texts, strict=True) if text
            ]
            return Document("Row", f"{position:,}", blocks=[Fields(fields), Paragraph(dim(_NO_TASKS))])
        task = self.tasks[position]
        head = head_of(task)
        return replace(head, sections=[*head.sections, *describe(task).sections])

    def _comparison(self) -> Document:
        positions = list(self.selected)[:_COMPARED]
        if self.tasks is None:
            document = self._columns(sorted(positions))
        else:
            document = describe_columns(self._oldest_first([self.tasks[position] for position in positions]))
        if len(positions) == len(self.selected):
            return document
        note = f"The first {len(positions)} of {counted(len(self.selected), 'selected row')}."
        return replace(document, lines=[dim(note), *document.lines])

    def _oldest_first(self, tasks: list[FlyteTask]) -> list[FlyteTask]:
        """Return versions of one task by their age, and others as they were selected."""
        if len({(task.id.project, task.id.domain, task.name) for task in tasks}) > 1:
            return tasks
        return list(TaskCollection(tasks).versions(tasks[0].name))

    def _columns(self, positions: Sequence[int]) -> Document:
        names = self._all_columns()
        rows = self.browser.cells(positions, names)
        differing = [
            Row([column_title(name), *(code(text) if text else dim("none") for text in texts)])
            for name, *texts in zip(names, *rows, strict=True)
            if len(set(texts)) > 1
        ]
        head = Row(["", *(f"row {position:,}" for position in positions)], header=True)
        blocks: list[Block] = [Table([head, *differing], named=True, is_wide=True), Paragraph(dim(_NO_TASKS))]
        return Document(counted(len(positions), "row"), "only what differs", blocks=blocks)

    @staticmethod
    def _history(tasks: TaskCollection, task: FlyteTask) -> Document | None:
        versions = tasks.versions(tasks.name_of(task))
        if len(versions) <= 1:
            return None
        newest = versions[-_VERSIONS:]
        document = history_of(newest if task in newest else versions[:_VERSIONS], task.name)
        return replace(document, sections=[replace(section, is_open=True) for section in document.sections])

    # -- out ---------------------------------------------------------------------------------------------------------

    def frame(self) -> pd.DataFrame:
        """Return the rows that match as a data frame, in the order of the view; the index says where they stand."""
        return self.browser.frame(self.view)

    def code(self) -> str:
        """Return Python that makes the same set, and that opens the same explorer."""
        columns = "" if self.columns is None else f", columns={list(self.columns)!r}"
        query = f", query={self.view.query!r}" if self.view.query else ""
        return f"{self.browser.code(self.view, self.source)}\nftn.explore({self.source}{query}{columns})\n"


def column_title(name: str) -> str:
    """Return what a column is called in a head: as it is in code, with blanks."""
    return gated(name).replace("_", " ")


def _problem(error: QueryError) -> dict[str, Any]:
    return {"problem": {"message": str(error), "position": error.position}}


def _head_and_rest(document: Document) -> list[str]:
    """Return what stands above a history, room for that, and what stands below it."""
    rest = Document("", sections=document.sections, subjects=document.subjects)
    return [html.fragment(replace(document, sections=())), "", html.fragment(rest)]


def _facet(facet: Facet) -> dict[str, Any]:
    return {
        "column": facet.column,
        "title": facet.title,
        "values": list(map(list, facet.values)),
        "others": facet.others,
        "pending": facet.is_pending,
    }


def _histogram(histogram: Histogram) -> dict[str, Any]:
    return {
        "column": histogram.column,
        "title": histogram.title,
        "edges": list(histogram.edges),
        "labels": [_edge(histogram.unit, edge) for edge in histogram.edges],
        "counts": list(histogram.counts),
        "all": list(histogram.all_counts),
        "missing": histogram.missing,
    }


def _edge(unit: str, value: float) -> str:
    """Return the edge of a bin for people."""
    if unit == "bytes":
        return format_bytes(Quantity(int(value)))
    if unit == "seconds":
        return in_words(timedelta(seconds=round(value)))
    if unit == "time":
        return f"{datetime.fromtimestamp(value, timezone.utc):%Y-%m-%d}"
    return f"{value:,.4g}"
