"""What a table of tasks can be narrowed down by: values to tick, and amounts to choose a range of.

A facet is a line of the table below. It names each distinct value of its column once, so that counting is counting
codes.
"""

from __future__ import annotations

from functools import cached_property
from typing import TYPE_CHECKING, Final, NamedTuple

import numpy as np

from flytetask_nb.dtypes import FLAG, TIME
from flytetask_nb.masking.gate import gated
from flytetask_nb.models.order import natural_key

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Sequence

    import numpy.typing as npt

    from flytetask_nb.tables.coded_table import CodedColumn

__all__ = ["FACETS", "NO", "NUMERIC", "YES", "Bins", "Facet", "Histogram", "Labels", "facet_of"]

MOST_VALUES: Final = 12
"""Values of a facet that are counted by themselves."""
MOST_BINS: Final = 24
YES, NO = "yes", "no"

_DAY, _MONTH, _YEAR = 10, 7, 4
"""Characters of a time in ISO 8601."""


class Facet(NamedTuple):
    """Values of a column, and how many tasks have each.

    Attributes
    ----------
    column, title : str
        Which column, and what it is called for people.
    values : tuple of (str or None, int)
        The commonest, and what is chosen; None: the value is missing.
    others : int
        How many tasks have a value that is not among these.
    is_pending : bool
        Whether values are still computed, so that counts will grow.
    """

    column: str
    title: str
    values: tuple[tuple[str | None, int], ...]
    others: int
    is_pending: bool


class Histogram(NamedTuple):
    """How an amount is spread.

    Attributes
    ----------
    column, title, unit : str
        Which column, what it is called for people, and ``"cores"``, ``"bytes"``, ``"devices"``, ``"seconds"``,
        ``"time"`` (seconds since 1970) or nothing.
    edges : tuple of float
        Where bins begin, and where the last one ends. A bin holds its lower edge and not its upper one.
    counts, all_counts : tuple of int
        Tasks in each bin: of those that everything but this column's own range lets through, and of all.
    missing : int
        How many of the former have no such amount.
    """

    column: str
    title: str
    unit: str
    edges: tuple[float, ...]
    counts: tuple[int, ...]
    all_counts: tuple[int, ...]
    missing: int


def each_value(column: CodedColumn) -> list[tuple[str, ...]]:
    if column.kind is FLAG:
        return [(YES if value else NO,) for value in column.distinct]
    return [(gated(text),) for text in column.texts]


def listed_parts(column: CodedColumn) -> list[tuple[str, ...]]:
    return [tuple(dict.fromkeys(gated(text).split(", "))) for text in column.texts]


def presence(column: CodedColumn) -> list[tuple[str, ...]]:
    return [(YES,)] * len(column.distinct)


def calendar(column: CodedColumn) -> list[tuple[str, ...]]:
    """Name times by day, by month or by year: by the shortest of these that makes few."""
    if column.kind is not TIME:
        return each_value(column)
    texts = [moment.isoformat() for moment in column.distinct]
    for length in (_DAY, _MONTH, _YEAR):
        names = [text[:length] for text in texts]
        if len(set(names)) <= MOST_VALUES:
            break
    return [(name,) for name in names]


class FacetRule(NamedTuple):
    """A facet.

    Attributes
    ----------
    title : str
        What it is called for people.
    names : function
        Of a column: what each distinct value is called, by one name or several.
    missing : str or None
        What rows without a value are called.
    """

    title: str
    names: Callable[[CodedColumn], list[tuple[str, ...]]] = each_value
    missing: str | None = None


FACETS: Final = {
    "project": FacetRule("project"),
    "domain": FacetRule("domain"),
    "type": FacetRule("type"),
    "target": FacetRule("target"),
    "image_repository": FacetRule("image repository"),
    "runtime_version": FacetRule("runtime version"),
    "accelerator": FacetRule("accelerator"),
    "cached": FacetRule("cached"),
    "deprecated": FacetRule("deprecated", presence, NO),
    "findings": FacetRule("findings", listed_parts),
    "worst_change": FacetRule("worst change"),
    "created_at": FacetRule("age", calendar),
}
"""The facets in order, by column."""

NUMERIC: Final = {
    "cpu_request": ("CPU", "cores"),
    "memory_request": ("memory", "bytes"),
    "gpu_request": ("GPU", "devices"),
    "retries": ("retries", ""),
    "timeout": ("timeout", "seconds"),
    "created_at": ("age", "time"),
}
"""The amounts of which a range can be chosen: what each is called, and its unit."""


class Labels:
    """What the values of a column are called in its facet."""

    def __init__(self, name: str, column: CodedColumn) -> None:
        self._rule = FACETS[name]
        self._column = column

    @cached_property
    def _named(self) -> tuple[list[str | None], npt.NDArray[np.intp], npt.NDArray[np.intp]]:
        """Return the names, and pairs of a name and a value that is called so; what is missing is the last value."""
        names: dict[str | None, int] = {}
        pairs = [
            (names.setdefault(label, len(names)), place)
            for place, labels in enumerate([*self._rule.names(self._column), (self._rule.missing,)])
            for label in labels
        ]
        which = np.array(pairs, dtype=np.intp).reshape(-1, 2)
        return list(names), which[:, 0], which[:, 1]

    def mask(self, chosen: Iterable[str | None]) -> npt.NDArray[np.bool_]:
        """Tell which rows have one of these names."""
        fits: npt.NDArray[np.bool_] = self.named(chosen)[self._column.codes]
        return fits

    def named(self, chosen: Iterable[str | None]) -> npt.NDArray[np.bool_]:
        """Tell which distinct values have one of these names, and last whether rows without a value do."""
        names, of_names, places = self._named
        wanted = set(chosen)
        is_wanted = np.array([name in wanted for name in names], dtype=np.bool_)
        fits = np.zeros(len(self._column.distinct) + 1, dtype=np.bool_)
        fits[places[is_wanted[of_names]]] = True
        return fits

    def counts(self, fits: npt.NDArray[np.bool_] | None) -> dict[str | None, int]:
        """Count the rows that fit by name; None: all of them."""
        names, of_names, places = self._named
        counts = np.bincount(of_names, _by_value(self._column, fits)[places], minlength=len(names))
        return dict(zip(names, counts.astype(int).tolist(), strict=True))


def _by_value(column: CodedColumn, fits: npt.NDArray[np.bool_] | None) -> npt.NDArray[np.intp]:
    """Count the rows that fit by value; the last of the counts is that of rows without one."""
    codes = column.codes if fits is None else column.codes[fits]
    size = len(column.distinct) + 1
    counts = np.bincount(codes.astype(np.intp) + 1, minlength=size)
    return np.roll(counts, -1)


def facet_of(name: str, counts: dict[str | None, int], chosen: Sequence[str | None], *, is_pending: bool) -> Facet:
    """Return a facet of counts by name: the commonest names first, and what is chosen in any case."""
    ordered = sorted(
        ((label, number) for label, number in counts.items() if number or label in chosen),
        key=lambda item: (-item[1], item[0] is None, natural_key(item[0] or "")),
    )
    ordered += [(label, 0) for label in chosen if label not in counts]
    first = ordered[:MOST_VALUES]
    rest = ordered[MOST_VALUES:]
    first += [item for item in rest if item[0] in chosen]
    others = sum(number for label, number in rest if label not in chosen)
    return Facet(name, FACETS[name].title, tuple(first), others, is_pending)


# -- amounts ---------------------------------------------------------------------------------------------------------

_STEPS_OF_TIME: Final = (1, 10, 30, 60, 300, 600, 1800, 3600, 7200, 14400, 28800, 43200, 86400, 172800, 604800, 2592000)
_DIGITS: Final = 9
"""Digits behind the point that a quantity has at most."""
_STEP: Final = 10.0**-_DIGITS
_WIDE: Final = 16
"""How many times the least amount the greatest is where bins grow from one to the next."""


class Bins:
    """Ranges into which the amounts of a column fall."""

    def __init__(self, name: str, column: CodedColumn) -> None:
        self._name = name
        self._column = column

    @cached_property
    def edges(self) -> npt.NDArray[np.float64]:
        """Where bins begin, and where the last one ends."""
        return _edges(self._column.amounts[self._is_finite], NUMERIC[self._name][1])

    @cached_property
    def _is_finite(self) -> npt.NDArray[np.bool_]:
        return np.isfinite(self._column.amounts)

    @cached_property
    def _places(self) -> npt.NDArray[np.intp]:
        return np.clip(np.searchsorted(self.edges, self._column.amounts, side="right") - 1, 0, len(self.edges) - 2)

    def mask(self, low: float | None, high: float | None) -> npt.NDArray[np.bool_]:
        """Tell which rows have an amount of at least ``low`` and less than ``high``; None: without such a bound."""
        amounts = self._column.amounts
        fits = np.ones(len(amounts), dtype=np.bool_)
        if low is not None:
            fits &= amounts >= low
        if high is not None:
            fits &= amounts < high
        return self._column.spread(fits)

    def histogram(self, fits: npt.NDArray[np.bool_] | None) -> Histogram:
        """Count the rows that fit by bin."""
        title, unit = NUMERIC[self._name]
        by_value = _by_value(self._column, fits)
        return Histogram(
            self._name,
            title,
            unit,
            tuple(self.edges.tolist()),
            self._binned(by_value),
            self._binned(_by_value(self._column, None)),
            int(by_value[-1] + by_value[:-1][~self._is_finite].sum()),
        )

    def _binned(self, by_value: npt.NDArray[np.intp]) -> tuple[int, ...]:
        is_finite = self._is_finite
        counts = np.bincount(self._places[is_finite], by_value[:-1][is_finite], minlength=len(self.edges) - 1)
        return tuple(counts.astype(int).tolist())


def _edges(amounts: npt.NDArray[np.float64], unit: str) -> npt.NDArray[np.float64]:
    least, most = float(amounts.min()), float(amounts.max())
    is_whole = bool((amounts == np.floor(amounts)).all())
    positive = amounts[amounts > 0]
    if unit != "time" and is_whole and most - least < MOST_BINS:
        return np.arange(least, most + 2)
    if unit != "time" and least >= 0 and len(positive) and most / positive.min() >= _WIDE:
        grown = _grown(float(positive.min()), most, unit)
        return np.concatenate([[0.0], grown]) if least == 0 else grown
    # Whole seconds of times, and else no more digits than a search can write.
    step = 1.0 if unit == "time" else _STEP
    start = np.floor(least / step) * step
    width = (np.floor((most - start) / step / MOST_BINS) + 1) * step
    edges: npt.NDArray[np.float64] = start + width * np.arange(int((most - start) / width) + 2)
    return edges.round(_DIGITS)


def _grown(least: float, most: float, unit: str) -> npt.NDArray[np.float64]:
    """Return edges, each of which is a multiple of the one before."""
    if unit == "seconds" and least >= 1 and most < _STEPS_OF_TIME[-1]:
        steps = np.array(_STEPS_OF_TIME, dtype=np.float64)
    else:
        first, last = int(np.floor(np.log2(least))), int(np.floor(np.log2(most))) + 1
        stride = -(-(last - first) // (MOST_BINS - 1))
        steps = np.exp2(np.arange(first, last + stride, stride, dtype=np.float64))
    start = np.searchsorted(steps, least, side="right") - 1
    end = np.searchsorted(steps, most, side="right") + 1
    return steps[start:end]
