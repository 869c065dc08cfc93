"""What a task must be like: conditions on its columns, as they are written, joined and looked at.

Columns and comparisons are those of flyteadmin: ``pkg/common/filters.go`` and ``pkg/manager/impl/util/filters.go``, so
that a condition means the same wherever it is looked at.
"""

from __future__ import annotations

import operator
import re
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass
from datetime import date, datetime, time, timezone
from typing import TYPE_CHECKING, Any, NamedTuple

from flytetask_nb.errors import ModelTypeError, ModelValueError
from flytetask_nb.semantics.task_container import read_task_container

if TYPE_CHECKING:
    from flytetask_nb.models.flyte_task import FlyteTask


@dataclass(frozen=True, repr=False)
class Condition:
    """What a task must be like: a column, a comparison and a value. Made by ``col``; called with a task, it tells.

    Attributes
    ----------
    column : str
        Admin's name of the column.
    function : str
        Admin's name of the comparison: ``eq``, ``ne``, ``gt``, ``gte``, ``lt``, ``lte``, ``contains``,
        ``not_like``, ``value_in`` or ``value_not_in``.
    value : str, datetime or tuple of str
        What is compared to.
    """

    column: str
    function: str
    value: Any

    def __call__(self, task: FlyteTask) -> bool:
        """Tell whether a task is as it says; one of which the column is not known is not."""
        value = _COLUMNS[self.column].read(task)
        return value is not None and bool(_COMPARISONS[self.function].compare(value, self.value))

    def __and__(self, other: object) -> list[Any]:
        return [self, *conditions_of(other)]

    def __rand__(self, other: object) -> list[Any]:
        return [*conditions_of(other), self]

    def __bool__(self) -> bool:
        raise ModelTypeError(
            f"the condition {self} has no truth of its own: join conditions with & and not with 'and', "
            "and write a < x and x < b as two of them"
        )

    def __repr__(self) -> str:
        spelling = _COMPARISONS[self.function].spelling
        value = self.value.isoformat() if isinstance(self.value, datetime) else self.value
        return f"col({self.column!r}){spelling.format(repr(value))}"


class _Comparison(NamedTuple):
    """How a value is compared, and how Python spells it."""

    compare: Callable[[Any, Any], bool]
    spelling: str


_COMPARISONS: dict[str, _Comparison] = {
    "eq": _Comparison(operator.eq, " == {}"),
    "ne": _Comparison(operator.ne, " != {}"),
    "gt": _Comparison(operator.gt, " > {}"),
    "gte": _Comparison(operator.ge, " >= {}"),
    "lt": _Comparison(operator.lt, " < {}"),
    "lte": _Comparison(operator.le, " <= {}"),
    "contains": _Comparison(operator.contains, ".contains({})"),
    "not_like": _Comparison(lambda text, part: part not in text, ".excludes({})"),
    "value_in": _Comparison(lambda text, texts: text in texts, ".isin({})"),
    "value_not_in": _Comparison(lambda text, texts: text not in texts, ".notin({})"),
}
_OF_TIMES = frozenset({"eq", "ne", "gt", "gte", "lt", "lte"})


def _image(task: FlyteTask) -> str | None:
    container = read_task_container(task._message.template)
    return None if container is None else container.image


class _ColumnFacts(NamedTuple):
    """How a column is read from a task, and what it holds."""

    read: Callable[[FlyteTask], Any]
    is_time: bool = False


_COLUMNS: dict[str, _ColumnFacts] = {
    "project": _ColumnFacts(lambda task: task.id.project),
    "domain": _ColumnFacts(lambda task: task.id.domain),
    "name": _ColumnFacts(lambda task: task.name),
    "version": _ColumnFacts(lambda task: task.id.version),
    "type": _ColumnFacts(lambda task: task.type),
    "created_at": _ColumnFacts(lambda task: task.created_at, is_time=True),
    "short_description": _ColumnFacts(lambda task: task.short_description or ""),
    # Admin keeps no column for it.
    "image": _ColumnFacts(_image),
}


class TaskColumn:
    """A column of tasks to compare with. Made by ``col``."""

    __slots__ = ("_name",)

    def __init__(self, name: str) -> None:
        if name not in _COLUMNS:
            raise ModelValueError(f"tasks cannot be filtered by {name!r}; there are {', '.join(_COLUMNS)}")
        self._name = name

    def _compared(self, function: str, value: object) -> Condition:
        facts = _COLUMNS[self._name]
        if facts.is_time:
            if function not in _OF_TIMES:
                raise ModelValueError(f"{self._name} is a time; compare it with <, <=, >, >=, == or !=")
            return Condition(self._name, function, _moment(value))
        if not isinstance(value, str):
            raise ModelTypeError(f"{self._name} is a text and cannot be compared with {value!r}")
        return Condition(self._name, function, value)

    def _listed(self, function: str, values: Iterable[str]) -> Condition:
        if _COLUMNS[self._name].is_time:
            raise ModelValueError(f"{self._name} is a time; compare it with <, <=, >, >=, == or !=")
        if isinstance(values, str) or not isinstance(values, Iterable):
            raise ModelTypeError(f"{self._name} is compared with a list of texts, got {values!r}")
        given = tuple(values)
        for value in given:
            if not isinstance(value, str):
                raise ModelTypeError(f"{self._name} is a text and cannot be compared with {value!r}")
        return Condition(self._name, function, given)

    def __eq__(self, value: object) -> Condition:  # type: ignore[override]
        return self._compared("eq", value)

    def __ne__(self, value: object) -> Condition:  # type: ignore[override]
        return self._compared("ne", value)

    __hash__ = None  # type: ignore[assignment]

    def __gt__(self, value: object) -> Condition:
        return self._compared("gt", value)

    def __ge__(self, value: object) -> Condition:
        return self._compared("gte", value)

    def __lt__(self, value: object) -> Condition:
        return self._compared("lt", value)

    def __le__(self, value: object) -> Condition:
        return self._compared("lte", value)

    def contains(self, text: str) -> Condition:
        """Ask for tasks that have this text in the column; every character stands for itself."""
        return self._compared("contains", text)

    def excludes(self, text: str) -> Condition:
        """Ask for tasks that do not have this text in the column."""
        return self._compared("not_like", text)

    def isin(self, values: Iterable[str]) -> Condition:
        """Ask for tasks whose column is one of these."""
        return self._listed("value_in", values)

    def notin(self, values: Iterable[str]) -> Condition:
        """Ask for tasks whose column is none of these."""
        return self._listed("value_not_in", values)

    def __repr__(self) -> str:
        return f"col({self._name!r})"


def col(name: str) -> TaskColumn:
    """Return a column of tasks, to filter a collection or a listing by.

    Parameters
    ----------
    name
        ``"name"``, ``"version"``, ``"type"``, ``"created_at"``, ``"short_description"``, ``"project"``,
        ``"domain"`` or ``"image"``.

    Returns
    -------
    TaskColumn
        Compared with ``==``, ``!=``, ``<``, ``<=``, ``>``, ``>=``, ``.contains()``, ``.excludes()``, ``.isin()``
        and ``.notin()``, it gives a condition. Texts compare by code point, as in a database whose collation is C;
        times are datetimes with a time zone, dates (midnight, UTC), or texts in ISO 8601. Join conditions with
        ``&``.

    Raises
    ------
    ModelValueError
        There is no such column.

    Examples
    --------
    >>> col("created_at") >= "2026-01-31"
    col('created_at') >= '2026-01-31T00:00:00+00:00'
    """
    return TaskColumn(name)


def _moment(value: object) -> datetime:
    if isinstance(value, str):
        try:
            # Python 3.10 does not read the Z.
            value = datetime.fromisoformat(re.sub(r"[zZ]\Z", "+00:00", value))
        except ValueError:
            raise ModelValueError(f"{value!r} is no time; expected e.g. '2026-01-31' or '2026-01-31T12:00Z'") from None
        if value.tzinfo is None and value.time() == time():
            value = value.date()
    if isinstance(value, date) and not isinstance(value, datetime):
        value = datetime.combine(value, time(), timezone.utc)
    if not isinstance(value, datetime):
        raise ModelTypeError(f"created_at is a time and cannot be compared with {value!r}")
    if value.tzinfo is None:
        raise ModelValueError(f"{value.isoformat()} does not say its time zone; add one, e.g. tzinfo=timezone.utc")
    return value.astimezone(timezone.utc)


def conditions_of(given: object) -> list[Any]:
    """Return what a user gave to filter by as a flat list of conditions and functions of a ``FlyteTask``.

    ``given``: a condition, a function of a ``FlyteTask``, a mapping of columns to a value or a list of values, a list
      of all these, or None.
    Raises ModelTypeError: it is none of these.
    Raises ModelValueError: there is no such column.
    """
    if given is None:
        return []
    if isinstance(given, Mapping):
        return [_equals(name, value) for name, value in given.items()]
    if isinstance(given, list | tuple):
        return [condition for part in given for condition in conditions_of(part)]
    if callable(given):
        return [given]
    raise ModelTypeError(
        f"{given!r} is no filter; expected e.g. col('type') == 'spark', a list of such, {{'type': 'spark'}}, or a "
        "function of a task"
    )


def _equals(name: str, value: object) -> Condition:
    column = TaskColumn(name)
    if isinstance(value, set | frozenset):
        value = sorted(value, key=str)
    return column.isin(value) if isinstance(value, list | tuple) else column == value
