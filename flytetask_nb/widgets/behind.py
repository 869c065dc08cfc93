"""Work that is done behind a widget: a little at a time, between the messages of its page."""

from __future__ import annotations

import asyncio
import time
from concurrent.futures import Future, ThreadPoolExecutor
from contextvars import copy_context
from typing import TYPE_CHECKING, Any, Final, Protocol, TypeVar

if TYPE_CHECKING:
    from collections.abc import Generator, Iterable, Iterator

__all__ = ["SLICE", "Behind", "made_aside"]

SLICE: Final = 0.008
"""Seconds that work may take before it lets others go first."""
_END: Final[Any] = object()

T = TypeVar("T")


class Watched(Protocol):
    """What work is done for. Each step has its lock."""

    lock: Any

    @property
    def is_looked_at(self) -> bool:
        """Whether anybody would see what comes of it."""

    def tell(self, error: Exception) -> None:
        """Take what the work raises."""


class Behind:
    """Work in steps. It goes on where there is an event loop, as in a kernel, while somebody looks; or when it must.

    Parameters
    ----------
    steps
        Does a step each time it is asked for the next item, which is how many seconds the others have then.
    watched
        What the work is for. It ends with what a step raises.
    """

    def __init__(self, steps: Generator[float, None, None], watched: Watched) -> None:
        self._steps = steps
        self._watched = watched
        self._is_going = False
        self.is_done = False

    def start(self) -> None:
        """Begin or go on, where there is an event loop to do it in."""
        if self._is_going or self.is_done:
            return
        try:
            loop = asyncio.get_running_loop()
        except RuntimeError:
            return
        self._is_going = True

        def go_on() -> None:
            pause = self._step() if self._watched.is_looked_at else None
            self._is_going = pause is not None
            if pause is not None:
                loop.call_later(pause, go_on)

        loop.call_later(SLICE, go_on)

    def finish(self) -> None:
        """Do all that is left, now."""
        while (pause := self._step()) is not None:
            if pause > SLICE:
                time.sleep(pause)

    def stop(self) -> None:
        """Leave the rest undone."""
        self.is_done = True
        with self._watched.lock:
            self._steps.close()

    def _step(self) -> float | None:
        if self.is_done:
            return None
        try:
            with self._watched.lock:
                return next(self._steps)
        except StopIteration:
            self.is_done = True
        except Exception as error:  # noqa: BLE001 - nobody called who could take it
            self.is_done = True
            self._watched.tell(error)
        return None


def made_aside(items: Iterable[T]) -> Iterator[T | None]:
    """Return items as they are, made in a thread of their own; None each time that the next is not ready.

    Once the caller does not ask any more, no further ones are made.
    """
    making = iter(items)
    pool = ThreadPoolExecutor(1, thread_name_prefix="flytetask-nb-behind")
    try:
        while True:
            coming: Future[Any] = pool.submit(copy_context().run, lambda: next(making, _END))
            while not coming.done():
                yield None
            item = coming.result()
            if item is _END:
                return
            yield item
    finally:
        pool.shutdown(wait=False, cancel_futures=True)
