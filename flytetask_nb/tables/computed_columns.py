"""A column that is told little by little, while it is looked at."""

from __future__ import annotations

from collections import defaultdict
from itertools import count
from typing import TYPE_CHECKING

import numpy as np

from flytetask_nb.dtypes import TEXT, array_of
from flytetask_nb.tables.coded_table import CodedColumn
from flytetask_nb.tables.factorized import NOTHING

if TYPE_CHECKING:
    from collections.abc import Sequence

    import numpy.typing as npt


class ComputedColumn:
    """Texts of rows, some of which are not known yet.

    Attributes
    ----------
    is_known : numpy.ndarray of bool
        Which rows have been told.
    """

    def __init__(self, size: int) -> None:
        self._codes: npt.NDArray[np.int32] = np.full(size, NOTHING, dtype=np.int32)
        self._places: defaultdict[str, int] = defaultdict(count().__next__)
        self._ordered = 0
        self.is_known = np.zeros(size, dtype=np.bool_)

    @property
    def is_complete(self) -> bool:
        """Whether all rows have been told."""
        return bool(self.is_known.all())

    def grow(self, size: int) -> None:
        """Have so many rows in all."""
        more = size - len(self._codes)
        self._codes = np.append(self._codes, np.full(more, NOTHING, dtype=np.int32))
        self.is_known = np.append(self.is_known, np.zeros(more, dtype=np.bool_))

    def take(self, values: Sequence[str | None], positions: Sequence[int], order: Sequence[str] = ()) -> None:
        """Take the values of some rows; ``order`` are those that have an order of their own."""
        if not self._places:
            self._ordered = len(order)
            for value in order:
                self._places[value]
        where = np.asarray(positions, dtype=np.intp)
        self._codes[where] = [NOTHING if value is None else self._places[value] for value in values]
        self.is_known[where] = True

    def column(self) -> CodedColumn:
        """Return the column as far as it is known."""
        column = CodedColumn(TEXT, array_of(TEXT, list(self._places)), self._codes)
        if self._ordered:
            column.ranks = np.arange(len(self._places), dtype=np.int32)
        return column
