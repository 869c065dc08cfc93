"""The kinds of columns that tables are made of, and how each becomes a pandas array.

The kinds mean the same in pandas 2.2 and 3, whether pyarrow is installed or not: missing values are ``NA`` (``NaT``
among times), never a zero, an empty text or a float that stands in for a whole number.
"""

from __future__ import annotations

from datetime import datetime, timedelta, timezone
from typing import TYPE_CHECKING, Any, Final, NamedTuple

import numpy as np
import pandas as pd

from flytetask_nb.errors import ModelValueError

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Mapping, Sequence

_EPOCH: Final = datetime(1970, 1, 1, tzinfo=timezone.utc)
_MICROSECOND: Final = timedelta(microseconds=1)
# Stubs for pandas 2 know nanoseconds alone.
_UNIT: Final[Any] = "us"
_NOT_A_TIME: Final = np.iinfo(np.int64).min
_LARGEST: Final = np.iinfo(np.int64).max


class ColumnKind(NamedTuple):
    """A kind of column.

    ``dtype``: of the column.
    ``made``: from a list of values, None where there is none, to an array of that dtype.
    """

    dtype: Any
    made: Callable[[list[Any], Any], Any]


def _plain(values: list[Any], dtype: Any) -> Any:
    return pd.array(values, dtype=dtype)


def _texts(values: list[Any], dtype: Any) -> Any:
    texts = np.empty(len(values), dtype=object)
    texts[:] = [pd.NA if value is None else value for value in values]
    return pd.array(texts, dtype=dtype)


def _numbers(values: list[Any], unit: str) -> Any:
    return np.array([_NOT_A_TIME if value is None else value for value in values], dtype=np.int64).view(unit)


def _times(values: list[Any], _dtype: Any) -> Any:
    numbers = [None if value is None else (value - _EPOCH) // _MICROSECOND for value in values]
    return pd.DatetimeIndex(_numbers(numbers, "datetime64[us]")).tz_localize("UTC").array


def _spans(values: list[Any], _dtype: Any) -> Any:
    return pd.TimedeltaIndex(_numbers(values, "timedelta64[us]")).array


TEXT: Final = ColumnKind(pd.StringDtype("python"), _texts)
"""A text. The storage is named because the default differs between versions of pandas and with pyarrow."""
COUNT: Final = ColumnKind(pd.Int64Dtype(), _plain)
"""A whole number: pieces, bytes."""
AMOUNT: Final = ColumnKind(pd.Float64Dtype(), _plain)
"""A number that may have a fraction: cores."""
FLAG: Final = ColumnKind(pd.BooleanDtype(), _plain)
"""True, false, or not said."""
TIME: Final = ColumnKind(pd.DatetimeTZDtype(_UNIT, "UTC"), _times)
"""A time in UTC, of datetimes."""
SPAN: Final = ColumnKind(np.dtype("timedelta64[us]"), _spans)
"""A length of time, of whole microseconds."""


def array_of(kind: ColumnKind, values: list[Any]) -> Any:
    """Return an array of a kind."""
    return kind.made(values, kind.dtype)


def frame_of(kinds: Mapping[str, ColumnKind], rows: Iterable[Sequence[Any]]) -> pd.DataFrame:
    """Return a table.

    ``kinds``: the columns in order, and the kind of each.
    ``rows``: the values of each row, one a column; None where there is none.
    Returns pandas.DataFrame: with the same dtypes however few rows there are.
    """
    rows = list(rows)
    return pd.DataFrame(
        {name: array_of(kind, [row[at] for row in rows]) for at, (name, kind) in enumerate(kinds.items())},
        index=pd.RangeIndex(len(rows)),
    )


def whole(number: int) -> int:
    """Return a whole number that fits a column.

    Raises ModelValueError: it has more than 64 bits.
    """
    if not -_LARGEST <= number <= _LARGEST:
        raise ModelValueError(f"{number} does not fit into 64 bits; read it from the task itself")
    return number
