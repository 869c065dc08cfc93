"""Which conditions on tasks Admin's filter grammar can carry, and how it spells them.

The grammar is that of flyteadmin: ``pkg/common/filters.go`` and ``pkg/manager/impl/util/filters.go``. It has no way to
escape a character, so a condition whose value it cannot carry is looked at here, after the answer came.
"""

from __future__ import annotations

import re
from datetime import datetime
from typing import TYPE_CHECKING, Any, NamedTuple

from flytetask_nb.semantics.task_conditions import Condition, conditions_of

if TYPE_CHECKING:
    from collections.abc import Callable

    from flytetask_nb.models.flyte_task import FlyteTask

_UNSENDABLE = re.compile(r"[+,;()\x00-\x1f\x7f]|\A\s|\s\Z|\A\Z")
"""What would be read as something else: there is no escaping. An empty value is refused."""

_WILDCARDS = frozenset("%_\\")

_UNSENT = "image"
"""Admin keeps no column for it."""

_NULLABLE = "short_description"
_NEGATIVE = frozenset({"ne", "not_like", "value_not_in"})
"""A task without a description has no text in the database, and SQL says neither yes nor no about what is not there."""


class Filters(NamedTuple):
    """Conditions, sorted by who looks at them.

    ``sent``: what Admin is asked, in its grammar; empty for nothing.
    ``here``: what is looked at when the answer has come: conditions and functions of a ``FlyteTask``.
    """

    sent: str = ""
    here: tuple[Callable[[FlyteTask], object], ...] = ()


def compiled(*given: object) -> Filters:
    """Sort conditions by who can look at them.

    Raises ModelTypeError: something is no condition.
    Raises ModelValueError: there is no such column.
    """
    conditions = conditions_of(given)
    return Filters(
        "+".join(sent(condition) for condition in conditions if is_sendable(condition)),
        tuple(condition for condition in conditions if not (is_sendable(condition) and _is_exact(condition))),
    )


def is_sendable(condition: object) -> bool:
    """Tell whether Admin's grammar carries a condition, and Admin would answer no less than what is asked for."""
    if not isinstance(condition, Condition) or condition.column == _UNSENT:
        return False
    if condition.column == _NULLABLE and condition.function in _NEGATIVE:
        return False
    values = _texts(condition.value)
    if not values or any(map(_UNSENDABLE.search, values)):
        return False
    if condition.function == "not_like":
        # A wildcard would take out more than was meant; what is too much can be taken out here, not put back.
        return not _WILDCARDS.intersection(values[0])
    return condition.function != "contains" or "\\" not in values[0]


def _is_exact(condition: Condition) -> bool:
    """Tell whether what Admin answers needs no second look."""
    return condition.function != "contains" or not _WILDCARDS.intersection(condition.value)


def sent(condition: Condition) -> str:
    """Return a condition as Admin's grammar spells it."""
    value = ";".join(_texts(condition.value))
    # not_like takes a pattern; contains makes one of its value.
    return f"{condition.function}({condition.column},{f'%{value}%' if condition.function == 'not_like' else value})"


def _texts(value: Any) -> tuple[str, ...]:
    if isinstance(value, datetime):
        return (value.isoformat(timespec="microseconds").replace("+00:00", "Z"),)
    return value if isinstance(value, tuple) else (value,)
