"""The grammar of searches, and what a search makes of a table of tasks.

Words are and-ed; ``OR`` stands between alternatives, which bind less than the words beside each other; ``-`` excludes
what follows. A word or a quoted phrase is looked for in the columns of ``SEARCHED``. ``field:value`` looks into one
column: a text holds the value, in any case, everything else is equal to it; ``:*`` asks for any value. ``=`` and ``!=``
compare as a whole, and ``<``, ``<=``, ``>``, ``>=`` compare numbers, times and lengths of time, with blanks around them
or without.
"""

from __future__ import annotations

import re
from datetime import datetime, timezone
from operator import eq, ge, gt, le, lt, ne
from typing import TYPE_CHECKING, Any, Final, NamedTuple

import numpy as np

from flytetask_nb.dtypes import AMOUNT, COUNT, FLAG, SPAN, TEXT, TIME
from flytetask_nb.errors import QuantityError, QueryError, shortened
from flytetask_nb.models.order import natural_key
from flytetask_nb.semantics.quantities import NANO, parse
from flytetask_nb.tables.columns import COLUMNS

if TYPE_CHECKING:
    from collections.abc import Callable

    import numpy.typing as npt

    from flytetask_nb.tables.coded_table import CodedColumn, CodedTable

__all__ = ["ALIASES", "COMPARISONS", "SEARCHED", "Clause", "Query", "parsed_query"]

ALIASES: Final = {
    "mem": "memory_request",
    "memory": "memory_request",
    "cpu": "cpu_request",
    "gpu": "gpu_request",
}
"""Short names of columns; every column is a field by its own name too."""
SEARCHED: Final = (
    "name",
    "type",
    "image",
    "short_description",
    "signature",
    "input_names",
    "output_names",
    "env_keys",
    "secrets",
)
"""The columns in which a word without a field is looked for."""
OR: Final = "OR"
ANYTHING: Final = "*"

_OPERATORS: Final = (">=", "<=", "!=", ":", "=", ">", "<")
COMPARISONS: Final = {
    ":": eq, "=": eq, "!=": ne, "<": lt, "<=": le, ">": gt, ">=": ge,
}  # fmt: skip
_OPERATOR: Final = re.compile(r"\s*(>=|<=|!=|==|=|:|>|<)\s*")
_FIELD: Final = re.compile(r"[A-Za-z_][A-Za-z0-9_]*(?=\s*(?:[<>=:]|!=))")
_LONGEST: Final = 10_000
_MOST_CLAUSES: Final = 200
"""Characters and conditions of a search: each condition is looked for in each task."""
_HALF_A_CHARACTER: Final = re.compile("[\ud800-\udfff]")
_WORD: Final = re.compile(r'[^\s"]+')
_TRUE: Final = frozenset({"true", "yes", "on", "1"})
_FALSE: Final = frozenset({"false", "no", "off", "0"})
_SPANS: Final = {"us": 1, "ms": 10**3, "s": 10**6, "m": 60 * 10**6, "h": 3600 * 10**6, "d": 86400 * 10**6}
_SPAN: Final = re.compile(r"(\d+(?:\.\d+)?)(us|ms|s|m|h|d)")


class Clause(NamedTuple):
    """One condition of a search.

    Attributes
    ----------
    field : str
        A column; empty for a word that is looked for in several.
    operator : str
        ``:``, ``=``, ``!=``, ``<``, ``<=``, ``>`` or ``>=``.
    value
        What is compared with, of the column's kind; None: any value.
    is_excluded : bool
        Whether tasks that fit are left out.
    """

    field: str
    operator: str
    value: Any
    is_excluded: bool = False

    def mask(self, table: CodedTable) -> npt.NDArray[np.bool_]:
        """Tell which rows of a table fit. A missing value fits no comparison, and so is never what is excluded."""
        if not self.field:
            fits = np.zeros(len(table), dtype=np.bool_)
            for name in SEARCHED:
                column = table[name]
                fits |= column.spread(column.holds(self.value))
        else:
            column = table[self.field]
            fits = column.spread(self._compared(column))
        return ~fits if self.is_excluded else fits

    def _compared(self, column: CodedColumn) -> npt.NDArray[np.bool_]:
        """Tell which distinct values of a column fit."""
        if self.value is None:
            return np.ones(len(column.distinct), dtype=np.bool_)
        kind = COLUMNS[self.field].kind
        if column.kind is not kind:
            # A frame that was made elsewhere: its values compare with nothing that is asked of this column.
            return np.zeros(len(column.distinct), dtype=np.bool_)
        if self.operator == ":" and kind is TEXT:
            return column.holds(self.value)
        if self.operator == ":" and kind is TIME:
            return np.array([moment.isoformat().startswith(self.value) for moment in column.distinct], dtype=np.bool_)
        compare = COMPARISONS[self.operator]
        return np.asarray(compare(column.distinct, self.value), dtype=np.bool_)


class Query(NamedTuple):
    """A search: alternatives, of each of which all clauses have to fit."""

    alternatives: tuple[tuple[Clause, ...], ...]

    @property
    def columns(self) -> list[str]:
        """The columns that it looks at, in the order of tables."""
        named = {clause.field for clauses in self.alternatives for clause in clauses}
        if "" in named:
            named |= set(SEARCHED)
        return [name for name in COLUMNS if name in named]

    def mask(self, table: CodedTable) -> npt.NDArray[np.bool_]:
        """Tell which rows of a table fit; the table has at least the query's ``columns``."""
        return self.combined(len(table), lambda clause: clause.mask(table))

    def combined(self, size: int, mask: Callable[[Clause], npt.NDArray[np.bool_]]) -> npt.NDArray[np.bool_]:
        """Tell which of so many rows fit, given which fit each clause."""
        fits = np.full(size, not self.alternatives)
        for clauses in self.alternatives:
            each = np.ones(size, dtype=np.bool_)
            for clause in clauses:
                each &= mask(clause)
            fits |= each
        return fits


def parsed_query(text: str) -> Query:
    """Read a search.

    Parameters
    ----------
    text
        As the user wrote it.

    Raises
    ------
    QueryError
        It cannot be read: says at which character, and what was expected.
    """
    if len(text) > _LONGEST:
        raise QueryError(f"a search of {len(text):,} characters; expected at most {_LONGEST:,}", position=_LONGEST)
    if half := _HALF_A_CHARACTER.search(text):
        raise QueryError(
            f"the search {shortened(text, 200)!r} has half a character at {half.start() + 1}", position=half.start()
        )
    return _Parser(text).query()


class _Parser:
    """Reads a text from its beginning to its end."""

    def __init__(self, text: str) -> None:
        self._text = text
        self._at = 0

    def query(self) -> Query:
        alternatives: list[list[Clause]] = [[]]
        divided_at = clauses = 0
        while self._skip_blanks():
            if re.match(r"OR(?!\S)", self._text[self._at :]):
                if not alternatives[-1]:
                    raise self._wrong(self._at, "OR has nothing before it; write what it stands between")
                divided_at = self._at
                self._at += len(OR)
                alternatives.append([])
            else:
                clauses += 1
                if clauses > _MOST_CLAUSES:
                    raise self._wrong(self._at, f"more than {_MOST_CLAUSES} conditions; ask for less at a time")
                alternatives[-1].append(self._clause())
        if len(alternatives) > 1 and not alternatives[-1]:
            raise self._wrong(divided_at, "OR has nothing behind it; write what it stands between")
        return Query(tuple(map(tuple, filter(None, alternatives))))

    def _skip_blanks(self) -> bool:
        while self._at < len(self._text) and self._text[self._at].isspace():
            self._at += 1
        return self._at < len(self._text)

    def _clause(self) -> Clause:
        start = self._at
        is_excluded = self._text[start] == "-"
        if is_excluded:
            self._at += 1
            if self._at == len(self._text) or self._text[self._at].isspace():
                raise self._wrong(start, "- has nothing behind it; write -word, without a blank between")
        named = _FIELD.match(self._text, self._at)
        if named is not None:
            return self._comparison(named, is_excluded)
        at = self._at
        value = self._value()
        if value is None or (value[0] in "<>=:" and self._text[at] != '"'):
            raise self._wrong(at, "a field is expected before the operator, such as memory>8Gi")
        return Clause("", ":", value, is_excluded)

    def _comparison(self, named: re.Match[str], is_excluded: bool) -> Clause:
        field = ALIASES.get(named[0], named[0])
        if field not in COLUMNS:
            raise self._wrong(
                named.start(),
                f"there is no field {named[0]!r}{_meant(named[0])}; a text with a colon in it goes into quotes",
            )
        operator = _OPERATOR.match(self._text, named.end())
        if operator is None:
            raise self._wrong(named.end(), f"an operator is expected, one of {' '.join(_OPERATORS)}")
        self._at = operator.end()
        kind = COLUMNS[field].kind
        sign = "=" if operator[1] == "==" else operator[1]
        if sign not in {":", "=", "!="} and kind in (TEXT, FLAG):
            held = "a text" if kind is TEXT else "either true or false"
            raise self._wrong(operator.start(1), f"{field} is {held}, which has no order; compare it with : or = or !=")
        start = self._at
        is_quoted = self._text[start : start + 1] == '"'
        value = self._value()
        if value is None:
            raise self._wrong(start, f"a value is expected after {named[0]}{operator[1]}")
        if value == ANYTHING and sign == ":" and not is_quoted:
            return Clause(field, sign, None, is_excluded)
        try:
            return Clause(field, sign, _READERS[kind](value, field, sign), is_excluded)
        except (ValueError, OverflowError) as error:
            raise self._wrong(start, str(error)) from None

    def _value(self) -> str | None:
        if self._text[self._at : self._at + 1] == '"':
            end = self._text.find('"', self._at + 1)
            if end < 0:
                raise self._wrong(self._at, "the quote is not closed")
            value = self._text[self._at + 1 : end]
            if not value:
                raise self._wrong(self._at, "there is nothing between the quotes")
            self._at = end + 1
            return value
        word = _WORD.match(self._text, self._at)
        if word is None:
            return None
        self._at = word.end()
        return word[0]

    def _wrong(self, at: int, problem: str) -> QueryError:
        rest = self._text[at : at + 20]
        place = f"at character {at + 1}, {rest!r}" if rest else "at its end"
        return QueryError(f"the search {shortened(self._text, 200)!r} cannot be read {place}: {problem}", position=at)


def _meant(field: str) -> str:
    from difflib import get_close_matches  # noqa: PLC0415 - of a wrong query alone

    fields = [*COLUMNS, *ALIASES]
    near = [name for name in fields if field.lower() in name.lower()] or get_close_matches(field, fields)
    if not near:
        return f"; there are {', '.join(sorted(fields, key=natural_key))}"
    return f"; did you mean {', '.join(sorted(near, key=natural_key)[:5])}?"


# -- values ----------------------------------------------------------------------------------------------------------


def _text(value: str, _field: str, _sign: str) -> str:
    return value


def _number(value: str, field: str, _sign: str) -> float:
    try:
        nanos = parse(value).nanos
    except QuantityError:
        raise ValueError(f"{field} is a number, and {value!r} is none; expected such as 2, 500m or 8Gi") from None
    whole, rest = divmod(nanos, NANO)
    return nanos / NANO if rest else int(whole)


def _flag(value: str, field: str, _sign: str) -> bool:
    if value.lower() in _TRUE | _FALSE:
        return value.lower() in _TRUE
    raise ValueError(f"{field} is either true or false, not {value!r}")


def _span(value: str, field: str, _sign: str) -> Any:
    import pandas as pd  # noqa: PLC0415 - of use to few searches

    parts = _SPAN.findall(value)
    if "".join(map("".join, parts)) != value:
        raise ValueError(f"{field} is a length of time, and {value!r} is none; expected such as 90s, 30m or 1h30m")
    return pd.Timedelta(round(sum(float(number) * _SPANS[unit] for number, unit in parts)), unit="us")


def _time(value: str, field: str, sign: str) -> Any:
    import pandas as pd  # noqa: PLC0415 - of use to few searches

    if sign == ":":
        if not re.match(r"\d{4}(-|$)", value):
            raise ValueError(f"{field} is a time; expected its beginning, such as 2026-01 or 2026-01-31")
        return value
    try:
        moment = datetime.fromisoformat(re.sub(r"[zZ]\Z", "+00:00", value))
    except ValueError:
        raise ValueError(f"{field} is a time, and {value!r} is none; expected such as 2026-01-31") from None
    return pd.Timestamp(moment if moment.tzinfo else moment.replace(tzinfo=timezone.utc))


_READERS: Final = {TEXT: _text, COUNT: _number, AMOUNT: _number, FLAG: _flag, SPAN: _span, TIME: _time}
