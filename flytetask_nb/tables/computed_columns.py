"""A column that is told little by little, while it is looked at."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from flytetask_nb.dtypes import TEXT, array_of
from flytetask_nb.tables.coded_table import CodedColumn
from flytetask_nb.tables.factorized import NOTHING, Coded

if TYPE_CHECKING:
    from collections.abc import Sequence


class ComputedColumn(Coded):
    """Texts of rows, some of which are not known yet.

    Attributes
    ----------
    is_known : numpy.ndarray of bool
        Which rows have been told.
    """

    def __init__(self, size: int) -> None:
        super().__init__(size)
        # The first entry, which has no number of its own: a row that is known to have no value.
        self._known[None] = NOTHING
        self._has_order = False
        self.is_known = np.zeros(size, dtype=np.bool_)

    @property
    def is_complete(self) -> bool:
        """Whether all rows have been told."""
        return bool(self.is_known.all())

    def grow(self, size: int) -> None:
        """Have so many rows in all."""
        more = size - len(self.codes)
        self.codes = np.append(self.codes, np.full(more, NOTHING, dtype=np.int32))
        self.is_known = np.append(self.is_known, np.zeros(more, dtype=np.bool_))

    def take(self, values: Sequence[str | None], positions: Sequence[int], order: Sequence[str] = ()) -> None:
        """Take the values of some rows; ``order`` are those that have an order of their own."""
        if len(self._known) == 1:
            self._has_order = bool(self.code(order))
        where = np.asarray(positions, dtype=np.intp)
        self.put(where, values)
        self.is_known[where] = True

    def column(self) -> CodedColumn:
        """Return the column as far as it is known."""
        _, *texts = self.entries
        column = CodedColumn(TEXT, array_of(TEXT, texts), self.codes)
        if self._has_order:
            column.ranks = np.arange(len(texts), dtype=np.int32)
        return column
