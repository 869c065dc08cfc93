"""A bar that appears when a listing takes more than a moment."""

from __future__ import annotations

import time
from typing import TYPE_CHECKING, Any

from flytetask_nb.options import option

if TYPE_CHECKING:
    from typing_extensions import Self

__all__ = ["Bar"]

PATIENCE = 1.0
"""Seconds after which the bar appears."""


class Bar:
    """Counts what has come. The option ``progress`` turns it off.

    Parameters
    ----------
    what
        What is being done.
    unit
        What is counted.
    """

    def __init__(self, what: str, unit: str) -> None:
        self._what, self._unit = what, unit
        self._start = time.monotonic()
        self._count = 0
        self._bar: Any = None
        self._is_on = option("progress")

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *error: object) -> None:
        if self._bar is not None:
            self._bar.close()

    def step(self, number: int) -> None:
        """Count this many more."""
        self._count += number
        if self._bar is not None:
            self._bar.update(number)
        elif self._is_on and time.monotonic() - self._start > PATIENCE:
            from tqdm.auto import tqdm  # noqa: PLC0415 - most listings are done before it is needed

            self._bar = tqdm(desc=self._what, unit=f" {self._unit}", initial=self._count)
