"""A table whose columns hold each value once: what is asked of a value is asked of the distinct ones alone.

A hundred thousand tasks have three domains and ten lists of environment variables. A search, a count or an order is
worked out for those, and each row takes the answer of its value. A row costs one to four bytes a column.
"""

from __future__ import annotations

from functools import cached_property
from itertools import repeat
from operator import contains
from typing import TYPE_CHECKING, Any, Final

import numpy as np
import pandas as pd

from flytetask_nb.dtypes import AMOUNT, COUNT, FLAG, SPAN, TEXT, TIME, array_of
from flytetask_nb.tables.columns import COLUMNS
from flytetask_nb.tables.factorized import NOTHING
from flytetask_nb.tables.natural_ordering import natural_order

if TYPE_CHECKING:
    from collections.abc import Container, Mapping, Sequence

    import numpy.typing as npt

    from flytetask_nb.dtypes import ColumnKind

_KINDS: Final = {"b": FLAG, "i": COUNT, "u": COUNT, "f": AMOUNT, "M": TIME, "m": SPAN}
"""Kinds of columns, by NumPy's letters."""
_OBJECTS: Final = {
    "string": TEXT, "boolean": FLAG, "integer": COUNT, "floating": AMOUNT, "mixed-integer-float": AMOUNT,
    "datetime64": TIME, "datetime": TIME, "timedelta64": SPAN, "timedelta": SPAN,
}  # fmt: skip
"""Kinds of columns of objects, by what pandas finds in them."""
_NUMBERS: Final = frozenset({id(COUNT), id(AMOUNT)})
_EPOCH: Final = pd.Timestamp(0, tz="UTC")


class CodedColumn:
    """A column: its values, each once, and for each row which one it has.

    ``kind``: what it holds.
    ``distinct``: the values, each once, as a pandas array; none of them is missing.
    ``codes``: for each row the place of its value; ``NOTHING``, which is -1, where it is missing.
    """

    def __init__(self, kind: ColumnKind, distinct: Any, codes: npt.NDArray[Any]) -> None:
        self.kind = kind
        self.distinct = distinct
        self.codes = codes.astype(np.min_scalar_type(-len(distinct) - 1), copy=False)

    def __len__(self) -> int:
        return len(self.codes)

    def spread(self, answers: npt.NDArray[Any], missing: Any = False) -> npt.NDArray[Any]:
        """Return what each row has, from what each distinct value has; ``missing`` is what rows without one have."""
        # The code of what is missing is -1: the last.
        spread: npt.NDArray[Any] = np.append(answers, np.array([missing], dtype=answers.dtype))[self.codes]
        return spread

    def holds(self, text: str) -> npt.NDArray[np.bool_]:
        """Tell which distinct values hold a text, in any case."""
        return np.fromiter(map(contains, self.folded, repeat(text.casefold())), np.bool_, len(self.folded))

    @cached_property
    def folded(self) -> list[str]:
        """The distinct values as texts without case."""
        return [_folded(text) for text in self.texts]

    @cached_property
    def texts(self) -> list[str]:
        """The distinct values as texts."""
        values: list[Any] = self.distinct.tolist()
        return values if self.kind is TEXT else list(map(str, values))

    @cached_property
    def places(self) -> dict[str, int]:
        """The code of each distinct value, by its text."""
        return {text: code for code, text in enumerate(self.texts)}

    @cached_property
    def amounts(self) -> npt.NDArray[np.float64]:
        """The distinct values as numbers: lengths of time in seconds, times in seconds since 1970; texts are none."""
        if self.kind is TEXT:
            return np.full(len(self.distinct), np.nan)
        series: Any = pd.Series(self.distinct)
        if self.kind is TIME:
            series -= _EPOCH
        if self.kind in {TIME, SPAN}:
            series = series.dt.total_seconds()
        return np.asarray(series.astype("float64"), dtype=np.float64)

    @cached_property
    def ranks(self) -> npt.NDArray[np.int32]:
        """The place of each distinct value among the others, the least first; texts in natural order."""
        if self.kind is TEXT:
            order: Any = natural_order(self.texts)
        else:
            order = np.argsort(self.distinct, kind="stable")
        ranks = np.empty(len(self.distinct), dtype=np.int32)
        ranks[order] = np.arange(len(self.distinct), dtype=np.int32)
        return ranks


class CodedTable:
    """Columns beside each other, by name.

    ``size``: how many rows there are.
    ``columns``: the columns in order, each in as many pieces as it came in. One that is asked for and not there is
      missing in every row.
    """

    def __init__(self, size: int, columns: Mapping[str, Sequence[CodedColumn]]) -> None:
        self._size = size
        self._columns = dict(columns)

    @classmethod
    def of_frame(cls, frame: pd.DataFrame) -> CodedTable:
        """Return the table that a data frame is, whatever its columns hold."""
        names = list(map(str, frame.columns))
        return cls(len(frame), {name: (coded(frame.iloc[:, at], name),) for at, name in enumerate(names)})

    def __len__(self) -> int:
        return self._size

    @property
    def names(self) -> list[str]:
        """The names of the columns, in order."""
        return list(self._columns)

    def __getitem__(self, name: str) -> CodedColumn:
        pieces = self._pieces(name)
        if len(pieces) > 1:
            pieces = self._columns[name] = (_joined(pieces),)
        return pieces[0]

    def is_empty(self, name: str) -> bool:
        """Tell whether a column is missing in every row."""
        return all(piece.codes.max(initial=NOTHING) == NOTHING for piece in self._pieces(name))

    def __setitem__(self, name: str, column: CodedColumn) -> None:
        self._columns[name] = (column,)

    def beside(self, more: CodedTable) -> CodedTable:
        """Return a table of these columns and those of another table of the same rows."""
        return CodedTable(self._size, {**self._columns, **more._columns})

    def only(self, names: Container[str]) -> CodedTable:
        """Return a table of some of these columns."""
        return CodedTable(self._size, {name: pieces for name, pieces in self._columns.items() if name in names})

    def below(self, above: CodedTable) -> CodedTable:
        """Return a table of the rows of another one, and these below them."""
        return CodedTable(
            len(above) + len(self),
            {
                name: (*above._pieces(name), *self._pieces(name))
                for name in dict.fromkeys([*above._columns, *self._columns])
            },
        )

    def _pieces(self, name: str) -> Sequence[CodedColumn]:
        return self._columns.get(name) or (_empty(name, self._size),)


def coded(column: pd.Series[Any], name: str = "") -> CodedColumn:
    """Return a column of a data frame, each value once.

    ``column``: what is neither text nor number, time or flag is taken as text.
    ``name``: what it is called: a column of tables of tasks keeps its kind, where it can be read so.
    """
    try:
        return _coded(column, name)
    except (TypeError, ValueError, OverflowError, ArithmeticError, NotImplementedError):
        # A kind of numbers or times that pandas itself can do little with.
        return _coded(_as_texts(column), name)


def _coded(column: pd.Series[Any], name: str) -> CodedColumn:
    kind = _kind_of(column.dtype)
    if pd.api.types.is_object_dtype(column.dtype):
        column, kind = _as_kind(column, _OBJECTS.get(pd.api.types.infer_dtype(column, skipna=True)), None)
    if kind is None:
        column, kind = _as_texts(column), TEXT
    if name in COLUMNS and COLUMNS[name].kind is not kind:
        column, kind = _as_kind(column, COLUMNS[name].kind, kind)
    if kind is TIME:
        column = column.dt.tz_localize("UTC") if column.dt.tz is None else column.dt.tz_convert("UTC")
    if isinstance(column.dtype, pd.CategoricalDtype | pd.ArrowDtype | pd.SparseDtype):
        column = column.astype(kind.dtype)
    codes, values = pd.factorize(column)
    array: Any = pd.Series(values).array if kind in {TIME, SPAN} else pd.array(values, dtype=kind.dtype)
    return CodedColumn(kind, array, codes)


def _kind_of(dtype: Any) -> ColumnKind | None:
    """Return what a dtype holds; None: anything, to be shown as text."""
    if isinstance(dtype, pd.CategoricalDtype):
        return _kind_of(dtype.categories.dtype)
    if isinstance(dtype, pd.StringDtype) or dtype.kind == "U":
        return TEXT
    return _KINDS.get(dtype.kind)


def _as_texts(column: pd.Series[Any]) -> pd.Series[Any]:
    values = zip(column.tolist(), column.isna().tolist(), strict=True)
    return pd.Series(array_of(TEXT, [None if is_missing else _told(value) for value, is_missing in values]))


def _told(value: Any) -> str:
    try:
        return str(value)
    except Exception as error:  # noqa: BLE001 - whatever a user's object does, its row stays
        return f"({type(value).__name__}: {type(error).__name__})"


def _as_kind(column: pd.Series[Any], wanted: ColumnKind | None, kind: ColumnKind | None) -> tuple[pd.Series[Any], Any]:
    """Return a column as another kind, or as it is where that would make something else of its values."""
    is_missing = column.isna()
    if wanted is not None and is_missing.all():
        return pd.Series(array_of(wanted, [None] * len(column))), wanted
    if wanted is None or (kind is not None and {id(wanted), id(kind)} - _NUMBERS):
        return column, kind
    try:
        made = column.astype(wanted.dtype)
    except (TypeError, ValueError, OverflowError):
        return column, kind
    return (made, wanted) if made.isna().equals(is_missing) else (column, kind)


def _empty(name: str, size: int) -> CodedColumn:
    kind = COLUMNS[name].kind if name in COLUMNS else TEXT
    return CodedColumn(kind, array_of(kind, []), np.full(size, NOTHING))


def _joined(pieces: Sequence[CodedColumn]) -> CodedColumn:
    """Return pieces of a column below each other."""
    filled = [piece for piece in pieces if len(piece.distinct)]
    if not filled:
        return CodedColumn(pieces[0].kind, pieces[0].distinct, np.concatenate([piece.codes for piece in pieces]))
    kinds = {id(piece.kind): piece.kind for piece in filled}
    kind = filled[0].kind if len(kinds) == 1 else TEXT
    arrays = [
        pd.Series(piece.distinct if piece.kind is kind else array_of(TEXT, list(piece.texts))) for piece in filled
    ]
    places, values = pd.factorize(pd.concat(arrays, ignore_index=True))
    codes, start = [], 0
    for piece in pieces:
        codes.append(piece.spread(places[start : start + len(piece.distinct)], NOTHING))
        start += len(piece.distinct)
    column = CodedColumn(kind, pd.Series(values).array, np.concatenate(codes))
    first = filled[0]
    if first.kind is kind and "folded" in vars(first):
        # The values of the first piece are the first ones.
        column.folded = [*first.folded, *map(_folded, column.texts[len(first.distinct) :])]
    return column


def _folded(text: str) -> str:
    folded = text.casefold()
    # One text rather than two equal ones, for there are many.
    return text if folded == text else folded
