"""A part of many tasks: each value once, and for each task which one it has."""

from __future__ import annotations

from collections import defaultdict
from itertools import count
from typing import TYPE_CHECKING, Any, Final

import numpy as np

if TYPE_CHECKING:
    from collections.abc import Hashable, Iterable

__all__ = ["NOTHING", "Coded"]

NOTHING: Final = -1
"""The code of a task that has no such part, because it could not be read."""


class Coded:
    """A part of many tasks.

    Attributes
    ----------
    codes : numpy.ndarray of int32
        For each task, which of the values it has; ``NOTHING`` where it could not be read.
    """

    def __init__(self, size: int) -> None:
        self.codes = np.full(size, NOTHING, dtype=np.int32)
        self._known: defaultdict[Hashable, int] = defaultdict()
        # A value that was not there before gets the next number.
        self._known.default_factory = self._known.__len__

    @property
    def distinct(self) -> list[Any]:
        """Each value once, in the order of the codes."""
        return list(self._known)

    def code(self, values: Iterable[Hashable]) -> list[int]:
        """Give the codes of values."""
        if not self._known and isinstance(values, list):
            # Most of the first ones are new: numbered at once, which takes half the time.
            self._known.update(zip(dict.fromkeys(values), count()))
            if len(self._known) == len(values):
                return list(range(len(values)))
        return list(map(self._known.__getitem__, values))

    def put(self, positions: Any, values: Iterable[Hashable]) -> None:
        """Set the values of the tasks at some positions."""
        self.codes[positions] = self.code(values)

    def forget(self, positions: list[int]) -> None:
        """Set the tasks at some positions to have no value."""
        self.codes[positions] = NOTHING
