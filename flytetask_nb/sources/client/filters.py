"""Conditions on tasks, and what Admin's filter grammar can carry of them.

Grammar and columns are those of flyteadmin: ``pkg/common/filters.go`` and ``pkg/manager/impl/util/filters.go``. It has
no way to escape a character, so a condition whose value it cannot carry is looked at here, after the answer came.
"""

from __future__ import annotations

import operator
import re
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass
from datetime import date, datetime, time, timezone
from typing import TYPE_CHECKING, Any, NamedTuple

from flytetask_nb.errors import ModelTypeError, ModelValueError
from flytetask_nb.models.fields import utc_datetime

if TYPE_CHECKING:
    from flytetask_nb.models.flyte_task import FlyteTask

__all__ = ["Column", "Condition", "Filters", "col", "compiled"]

_UNSENDABLE = re.compile(r"[+,;()\x00-\x1f\x7f]|\A\s|\s\Z|\A\Z")
"""What would be read as something else: there is no escaping. An empty value is refused."""

_WILDCARDS = frozenset("%_\\")


@dataclass(frozen=True)
class Condition:
    """What a task must be like: a column, a comparison and a value. Made by ``col``.

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

    def __and__(self, other: object) -> list[Condition]:
        return [self, *_conditions(other)]

    def __rand__(self, other: object) -> list[Condition]:
        return [*_conditions(other), self]

    def __bool__(self) -> bool:
        raise ModelTypeError(
            f"the condition {self} has no truth of its own: join conditions with & and not with 'and', "
            "and write a < x and x < b as two of them"
        )

    def __str__(self) -> str:
        value = ";".join(self.value) if isinstance(self.value, tuple) else _sent(self.value)
        return f"{self.function}({self.column},{value})"

    @property
    def is_sendable(self) -> bool:
        """Whether Admin's grammar carries it, and Admin would answer no less than what was asked for."""
        if self.function in _COLUMNS[self.column].here_only:
            return False
        values = self.value if isinstance(self.value, tuple) else (_sent(self.value),)
        if not values or any(_UNSENDABLE.search(value) for value in values):
            return False
        if self.function == "not_like":
            # A wildcard would take out more than was meant; what is too much can be taken out here, not put back.
            return not _WILDCARDS.intersection(values[0])
        return self.function != "contains" or "\\" not in values[0]

    @property
    def is_exact(self) -> bool:
        """Whether what Admin answers needs no second look."""
        return self.function != "contains" or not _WILDCARDS.intersection(self.value)

    def sent(self) -> str:
        """Return it as Admin's grammar spells it."""
        # not_like takes a pattern; contains makes one of its value.
        return f"not_like({self.column},%{self.value}%)" if self.function == "not_like" else str(self)

    def accepts(self, task: Any) -> bool:
        """Tell whether a ``flyteidl.admin.Task`` is as it says."""
        found = _COLUMNS[self.column].read(task)
        return found is not None and bool(_COMPARISONS[self.function](found, self.value))


def _sent(value: Any) -> str:
    if isinstance(value, datetime):
        return value.isoformat(timespec="microseconds").replace("+00:00", "Z")
    return str(value)


_COMPARISONS: dict[str, Callable[[Any, Any], bool]] = {
    "eq": operator.eq,
    "ne": operator.ne,
    "gt": operator.gt,
    "gte": operator.ge,
    "lt": operator.lt,
    "lte": operator.le,
    "contains": lambda found, value: value in found,
    "not_like": lambda found, value: value not in found,
    "value_in": lambda found, value: found in value,
    "value_not_in": lambda found, value: found not in value,
}
_OF_TIMES = frozenset({"eq", "ne", "gt", "gte", "lt", "lte"})
_NEGATIVE = frozenset({"ne", "not_like", "value_not_in"})


def _image(task: Any) -> str | None:
    from flytetask_nb.semantics.task_container import read_task_container  # noqa: PLC0415 - only where images are asked for

    container = read_task_container(task.closure.compiled_task.template)
    return None if container is None else container.image


def _created(task: Any) -> datetime | None:
    return utc_datetime(task.closure.created_at, "created_at") if task.closure.HasField("created_at") else None


class _ColumnFacts(NamedTuple):
    """How a column is read from an answer, what it holds, and which comparisons are not left to Admin."""

    read: Callable[[Any], Any]
    is_time: bool = False
    here_only: frozenset[str] = frozenset()


_COLUMNS: dict[str, _ColumnFacts] = {
    "project": _ColumnFacts(lambda task: task.id.project),
    "domain": _ColumnFacts(lambda task: task.id.domain),
    "name": _ColumnFacts(lambda task: task.id.name),
    "version": _ColumnFacts(lambda task: task.id.version),
    "type": _ColumnFacts(lambda task: task.closure.compiled_task.template.type),
    "created_at": _ColumnFacts(_created, is_time=True),
    # A task without one has no text in the database, and SQL says neither yes nor no about what is not there.
    "short_description": _ColumnFacts(lambda task: task.short_description, here_only=_NEGATIVE),
    # Admin keeps no column for it.
    "image": _ColumnFacts(_image, here_only=frozenset(_COMPARISONS)),
}


class Column:
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


def col(name: str) -> Column:
    """Return a column of tasks, to filter a listing by.

    Parameters
    ----------
    name
        ``"name"``, ``"version"``, ``"type"``, ``"created_at"``, ``"short_description"``, ``"project"``,
        ``"domain"`` or ``"image"``.

    Returns
    -------
    Column
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
    >>> print((col("created_at") >= "2026-01-31").sent())
    gte(created_at,2026-01-31T00:00:00.000000Z)
    """
    return Column(name)


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


@dataclass(frozen=True)
class Filters:
    """Conditions, sorted by who looks at them.

    Attributes
    ----------
    sent : str
        What Admin is asked, in its grammar; empty for nothing.
    here : tuple of Condition
        What is looked at when the answer has come.
    predicates : tuple of callable
        Functions of a ``FlyteTask``, likewise.
    """

    sent: str = ""
    here: tuple[Condition, ...] = ()
    predicates: tuple[Callable[[FlyteTask], object], ...] = ()

    @property
    def is_all_sent(self) -> bool:
        """Whether Admin's answer needs no second look."""
        return not self.here and not self.predicates


def compiled(*given: object) -> Filters:
    """Sort conditions by who can look at them.

    Parameters
    ----------
    *given
        Conditions, functions of a ``FlyteTask``, mappings of columns to a value or a list of values, lists of all
        these, or None.

    Raises
    ------
    ModelTypeError
        Something is none of these.
    ModelValueError
        There is no such column.
    """
    parts = [part for one in given for part in _conditions(one)]
    conditions = [part for part in parts if isinstance(part, Condition)]
    return Filters(
        "+".join(one.sent() for one in conditions if one.is_sendable),
        tuple(one for one in conditions if not (one.is_sendable and one.is_exact)),
        tuple(part for part in parts if not isinstance(part, Condition)),
    )


def _conditions(given: object) -> list[Any]:
    if given is None:
        return []
    if isinstance(given, Condition):
        return [given]
    if isinstance(given, Mapping):
        return [_equals(name, value) for name, value in given.items()]
    if isinstance(given, list | tuple):
        return [part for one in given for part in _conditions(one)]
    if callable(given) and not isinstance(given, Column):
        return [given]
    raise ModelTypeError(
        f"{given!r} is no filter; expected e.g. col('type') == 'spark', a list of such, {{'type': 'spark'}}, or a "
        "function of a task"
    )


def _equals(name: str, value: object) -> Condition:
    column = Column(name)
    if isinstance(value, set | frozenset):
        value = sorted(value, key=str)
    return column.isin(value) if isinstance(value, list | tuple) else column == value
