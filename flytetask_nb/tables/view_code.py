"""A view as searches, and as lines of Python that make the same set of tasks.

Ticks and ranges are clauses of the one grammar: ``tasks.search(...)`` says them, one call each. A data frame is asked in
the words of pandas. Of a server what it understands is asked, and everything again of its answer: the server narrows
down, the search is exact.
"""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, Any, Final, NamedTuple

import numpy as np
import pandas as pd

from flytetask_nb.dtypes import COUNT, FLAG, SPAN, TEXT, TIME
from flytetask_nb.masking.gate import gated_value
from flytetask_nb.semantics.task_conditions import Condition, col
from flytetask_nb.tables.columns import COLUMNS
from flytetask_nb.tables.facets import FACETS, calendar, listed_parts, presence
from flytetask_nb.tables.search_query import COMPARISONS, SEARCHED, Clause, Query

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence
    from datetime import datetime

    from flytetask_nb.tables.coded_table import CodedColumn
    from flytetask_nb.tables.facets import Labels

_PLAIN: Final = re.compile(r"(?!OR\Z)[\w./@][\w./@+-]*")
"""Values that need no quotes."""
_CALENDAR: Final = re.compile(r"\d{4}(-\d{2}(-\d{2})?)?")
"""Beginnings of times that are a year, a month or a day."""


def ticks_query(name: str, chosen: Iterable[str | None], column: CodedColumn, labels: Labels) -> Query:
    """Return the search that the ticks of a facet are."""
    rule = FACETS[name]
    clauses: list[Clause] = []
    for label in chosen:
        if label == rule.missing:
            clauses.append(Clause(name, ":", None, is_excluded=True))
        elif rule.names is presence:
            clauses.append(Clause(name, ":", None))
        elif rule.names is calendar:
            clauses.append(Clause(name, ":", label))
        else:
            clauses += _of_values(name, str(label), column, labels)
    return Query(tuple((clause,) for clause in dict.fromkeys(clauses)))


def _of_values(name: str, label: str, column: CodedColumn, labels: Labels) -> list[Clause]:
    named = labels.named([label])[:-1]
    if column.kind is not FLAG and FACETS[name].names is listed_parts and (column.holds(label) == named).all():
        return [Clause(name, ":", label)]
    values = column.distinct[named].tolist()
    return [Clause(name, "=", gated_value(value)) for value in values] or [Clause(name, "=", label)]


def range_query(name: str, low: float | None, high: float | None) -> Query:
    """Return the search that a range is: at least ``low``, and less than ``high``."""
    bounds = ((sign, bound) for sign, bound in ((">=", low), ("<", high)) if bound is not None)
    clauses = tuple(Clause(name, sign, _amount(COLUMNS[name].kind, bound)) for sign, bound in bounds)
    return Query((clauses or (Clause(name, ":", None),),))


def _amount(kind: Any, bound: float) -> Any:
    if kind is SPAN:
        return pd.Timedelta(round(bound * 10**6), unit="us")
    if kind is TIME:
        return pd.Timestamp(round(bound * 10**6), unit="us", tz="UTC")
    return int(np.ceil(bound)) if kind is COUNT else bound


# -- in the grammar of searches --------------------------------------------------------------------------------------


def spelled(query: Query) -> str | None:
    """Return a search as it is written; None where the grammar has no way to write a value, or knows no such column."""
    alternatives = [[_clause(clause) for clause in clauses] for clauses in query.alternatives]
    if any(clause is None for clauses in alternatives for clause in clauses):
        return None
    return " OR ".join(" ".join(map(str, clauses)) for clauses in alternatives)


def _clause(clause: Clause) -> str | None:
    if clause.field and clause.field not in COLUMNS:
        return None
    value = clause.value
    if value is None:
        text = "*"
    elif isinstance(value, bool):
        text = "yes" if value else "no"
    elif isinstance(value, pd.Timedelta):
        if value < pd.Timedelta(0):
            return None
        microseconds = value // pd.Timedelta(1, unit="us")
        text = f"{microseconds}us" if microseconds % 10**6 else f"{microseconds // 10**6}s"
    elif isinstance(value, pd.Timestamp):
        text = value.isoformat()
    elif isinstance(value, str):
        if not value or '"' in value:
            return None
        text = value if _PLAIN.fullmatch(value) else f'"{value}"'
    else:
        text = f"{value:.9f}".rstrip("0").rstrip(".") if isinstance(value, float) else str(value)
    operator = clause.operator if clause.field else ""
    return f"{'-' * clause.is_excluded}{clause.field}{operator}{text}"


# -- in pandas -------------------------------------------------------------------------------------------------------


def frame_condition(query: Query, names: Sequence[str]) -> str | None:
    """Return the condition on ``frame`` that a search is.

    Returns str or None: an expression that gives a Series of truth values; None for no condition.
    """
    alternatives = [" & ".join(_condition(clause, names) for clause in clauses) for clauses in query.alternatives]
    if len(alternatives) < 2:  # noqa: PLR2004 - an alternative is one of two
        return "".join(alternatives) or None
    return f"({' | '.join(f'({text})' if ' & ' in text else text for text in alternatives)})"


def _condition(clause: Clause, names: Sequence[str]) -> str:
    if clause.field:
        text = _compared(clause) if clause.field in names else "pd.Series(False, index=frame.index)"
    else:
        searched = [name for name in SEARCHED if name in names]
        held = f"column.str.casefold().str.contains({clause.value.casefold()!r}, regex=False, na=False)"
        text = f"frame[{searched!r}].apply(lambda column: {held}).any(axis=1)"
    return f"~{text}" if clause.is_excluded else text


def _compared(clause: Clause) -> str:
    column = f"frame[{clause.field!r}]"
    kind, value = COLUMNS[clause.field].kind if clause.field in COLUMNS else TEXT, clause.value
    if value is None:
        return f"{column}.notna()"
    if clause.operator == ":" and kind is TEXT:
        return f"{column}.str.casefold().str.contains({value.casefold()!r}, regex=False, na=False)"
    if clause.operator == ":" and kind is TIME:
        texts = f'{column}.map(pd.Timestamp.isoformat, na_action="ignore").astype("string")'
        return f"{texts}.str.startswith({value!r}, na=False)"
    # What pandas calls a comparison is what the standard library does.
    method = COMPARISONS[clause.operator].__name__
    given = f"pd.{value!r}" if isinstance(value, pd.Timestamp | pd.Timedelta) else repr(value)
    # NaT is unequal to everything.
    return f"({column}.{method}({given}) & {column}.notna()).fillna(False)"


# -- as a server understands it --------------------------------------------------------------------------------------


class Listing(NamedTuple):
    """What of a view a server can look at: it lets through no less than the view does.

    Attributes
    ----------
    project, domain : str or None
        The only ones; None: any.
    filters : tuple of Condition
        As ``Remote.list_tasks`` takes them.
    """

    project: str | None = None
    domain: str | None = None
    filters: tuple[Condition, ...] = ()

    @property
    def arguments(self) -> str:
        """How ``Remote.list_tasks`` is asked for it."""
        filters = ", ".join(f"ftn.{condition!r}" for condition in self.filters)
        places = {"project": self.project, "domain": self.domain}
        texts = [f"{name}={value!r}" for name, value in places.items() if value is not None]
        return ", ".join([*texts, *([f"filters=[{filters}]"] if filters else [])])


_TEXTS: Final = frozenset({"project", "domain", "name", "version", "type"})
_BOUNDS: Final = frozenset({">=", ">", "<", "<="})


def listing_of(queries: Iterable[Query]) -> Listing:
    """Return what of searches, all of which have to fit, a server can look at.

    Notes
    -----
    Admin compares texts as a whole and in their case, so a word or a part of a text is not sent; nor is what several
    alternatives say of different columns.
    """
    places: dict[str, str] = {}
    filters: list[Condition] = []
    for query in queries:
        for condition in (condition for clauses in _alike(query) for condition in _sent(clauses)):
            name = condition.column
            if condition.function == "eq" and name in {"project", "domain"} and name not in places:
                places[name] = condition.value
            else:
                filters.append(condition)
    return Listing(places.get("project"), places.get("domain"), tuple(filters))


def _alike(query: Query) -> list[tuple[Clause, ...]]:
    """Return clauses one of which at least has to fit; each list of them has to."""
    if len(query.alternatives) == 1:
        return [(clause,) for clause in query.alternatives[0]]
    if query.alternatives and all(len(clauses) == 1 for clauses in query.alternatives):
        return [tuple(clauses[0] for clauses in query.alternatives)]
    return []


def _sent(clauses: tuple[Clause, ...]) -> list[Condition]:
    """Return conditions all of which hold where one of the clauses does."""
    names = {clause.field for clause in clauses}
    signs = {clause.operator for clause in clauses}
    first, *others = clauses
    is_excluding = any(clause.is_excluded for clause in clauses)
    if names == {"created_at"} and not is_excluding:
        column = col("created_at")
        if signs == {":"}:
            spans = [_span_of(clause.value) for clause in clauses]
            known = [span for span in spans if span is not None]
            if len(known) < len(spans):
                return []
            return [column >= min(start for start, _ in known), column < max(end for _, end in known)]
        is_bound = not others and first.operator in _BOUNDS
        return [COMPARISONS[first.operator](column, first.value.to_pydatetime())] if is_bound else []
    if len(names) > 1 or not names <= _TEXTS or any(clause.value is None for clause in clauses):
        return []
    column = col(first.field)
    if signs == {"="} and not is_excluding:
        return [column.isin([clause.value for clause in clauses]) if others else column == first.value]
    is_unequal = not others and (first.operator, first.is_excluded) in {("=", True), ("!=", False)}
    return [column != first.value] if is_unequal else []


def _span_of(prefix: str | None) -> tuple[datetime, datetime] | None:
    """Return the year, month or day that a prefix of times in ISO 8601 is."""
    if prefix is None or _CALENDAR.fullmatch(prefix) is None:
        return None
    try:
        period = pd.Period(prefix)
    except ValueError:
        return None
    start, end = period.start_time, (period + 1).start_time
    return start.tz_localize("UTC").to_pydatetime(), end.tz_localize("UTC").to_pydatetime()
