"""A bar that appears when something takes more than a moment."""

from __future__ import annotations

import time
from typing import TYPE_CHECKING, Any

from flytetask_nb.options import option

if TYPE_CHECKING:
    from typing_extensions import Self

PATIENCE = 1.0
"""Seconds after which the bar appears."""

_UNTIL_TOLD = 1e-9
"""A delay of tqdm's: any keeps it from showing a bar before it is told what to show."""


class Bar:
    """Counts what has come since it was made. The option ``progress`` turns it off."""

    def __init__(self, what: str, unit: str) -> None:
        self._what, self._unit = what, unit
        # tqdm's clock, which the bar is to go by.
        self._start = time.time()
        self._count = 0
        self._total: int | None = None
        self._bar: Any = None
        self._is_on = option("progress")

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *error: object) -> None:
        if self._bar is not None:
            self._bar.close()

    def expect(self, unit: str, total: int | None) -> None:
        """Say what is counted, and how many there will be where that is known, before the first has come."""
        self._unit, self._total = unit, total

    def step(self, number: int = 1) -> None:
        """Count this many more."""
        self._count += number
        if self._bar is not None:
            self._bar.update(number)
        elif self._is_on and time.time() - self._start > PATIENCE:
            from tqdm.auto import tqdm  # noqa: PLC0415 - most work is done before it is needed

            bar = self._bar = tqdm(desc=self._what, unit=f" {self._unit}", total=self._total, delay=_UNTIL_TOLD)
            # It began with the work, so that the time and the rate that it shows are those of the work.
            bar.start_t = self._start
            bar.n = bar.last_print_n = self._count
            bar.refresh()
            bar.delay = 0
