"""A part of many tasks: its values, and for each task which one it has."""

from __future__ import annotations

from collections import defaultdict
from itertools import count
from typing import TYPE_CHECKING, Any, Final

import numpy as np

if TYPE_CHECKING:
    from collections.abc import Hashable, Iterable

NOTHING: Final = -1
"""The code of a task that has no such part, because it could not be read."""


class Coded:
    """A part of many tasks.

    ``codes``: for each task, which of the values it has; ``NOTHING`` where it could not be read.
    ``passes_gate``: codes of texts that the gate would leave as they are, as far as that turned up on the way.
    """

    def __init__(self, size: int) -> None:
        self.codes = np.full(size, NOTHING, dtype=np.int32)
        self.passes_gate: set[int] = set()
        # A value that was not there before gets the next number.
        self._known: defaultdict[Hashable, int] = defaultdict(count().__next__)
        self._added: list[tuple[int, list[Any]]] = []
        self._size_added = 0

    @property
    def entries(self) -> list[Any]:
        """The values in the order of the codes, each once, but for what was added."""
        if not self._added:
            return list(self._known)
        entries: list[Any] = [None] * (len(self._known) + self._size_added)
        for start, values in self._added:
            entries[start : start + len(values)] = values
        for value, code in self._known.items():
            entries[code] = value
        return entries

    def code(self, values: Iterable[Hashable]) -> list[int]:
        """Return the codes of values."""
        return list(map(self._known.__getitem__, values))

    def put(self, positions: Any, values: Iterable[Hashable]) -> None:
        """Set the values of the tasks at some positions."""
        self.codes[positions] = self.code(values)

    def put_numbered(self, positions: Any, values: Iterable[Hashable], which: Any) -> None:
        """Set the values of the tasks at some positions: of each which of the values it has."""
        self.codes[positions] = np.array(self.code(values), dtype=np.int32)[which]

    def put_distinct(self, positions: Any, values: list[Any], which: Any) -> None:
        """Set values as ``put_numbered`` does, where it is known that they differ from each other."""
        if len(values) > len(which) // 2:
            self.codes[positions] = which + np.int32(self.add(values))
        else:
            self.put_numbered(positions, values, which)

    def add(self, values: list[Any]) -> int:
        """Take values in without looking whether they are known, which costs more than it saves where most are new.

        Returns int: the code of the first of them; the others follow.
        """
        start = len(self._known) + self._size_added
        self._added.append((start, values))
        self._size_added += len(values)
        self._known.default_factory = count(start + len(values)).__next__
        return start

    def forget(self, positions: list[int]) -> None:
        """Set the tasks at some positions to have no value."""
        self.codes[positions] = NOTHING
