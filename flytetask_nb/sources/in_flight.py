"""Calls of file systems that are not waited for, many at a time.

Drivers that are asynchronous are asked on fsspec's own loop, others by a few threads. Whatever was begun has ended, one
way or the other, when the block ends.
"""

from __future__ import annotations

import threading
from concurrent.futures import Future, InvalidStateError
from contextlib import suppress
from contextvars import copy_context
from typing import TYPE_CHECKING, Any

from flytetask_nb.options import option
from flytetask_nb.sources.blob_cache import fingerprint_of

if TYPE_CHECKING:
    from collections.abc import Callable, Coroutine
    from concurrent.futures import ThreadPoolExecutor

    from typing_extensions import Self

    from flytetask_nb.sources.openers import RemoteFile

CONTENT = "flytetask_nb content"
"""What the bytes of a file stand under in its details, where they came with them."""
NEAR = ("LocalFileSystem", "MemoryFileSystem")
"""Drivers that wait for nothing."""
_SMALL = 4 * 2**20
"""Bytes of a file that is read without asking first what is there."""
_MOST_UNASKED = 128 * 2**20
"""Bytes that such files may come to together, for none of them is read further before all are known."""
UNTOLD = 16 * 2**20
"""Bytes of a file that is fetched as a whole though nobody says how large it is."""
_TICK = 1.0
"""Seconds after which a wait looks whether the user has interrupted it."""
_PATIENCE = 10.0
"""Seconds that cancelled calls have to end."""


class TooLargeError(Exception):
    """A file of untold size is larger than what is fetched as a whole."""


class InFlight:
    """Calls of file systems that go on while something else is done; none is left when the block ends."""

    def __init__(self, *, reads_unasked: bool = False) -> None:
        self.most: int = option("max_in_flight")
        self._unasked = 0 if reads_unasked else _MOST_UNASKED
        self._seconds: float = option("fetch_timeout")
        self._is_overdue = False
        self._pool: ThreadPoolExecutor | None = None
        self._slots: dict[Any, Any] = {}
        self._calls: set[Future[Any]] = set()
        self._tasks: dict[Any, set[Any]] = {}
        self._own = threading.local()

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *error: object) -> None:
        unfinished = [call for call in tuple(self._calls) if not call.done()]
        for call in unfinished:
            call.cancel()
        for loop, tasks in self._tasks.items() if unfinished else ():
            _wait_for_tasks(loop, tasks)
        if self._pool is not None:
            # Nobody can end a thread that waits for a server; who was told that it is late does not wait for it again.
            self._pool.shutdown(wait=not self._is_overdue, cancel_futures=True)

    def details(self, system: Any, path: str) -> Future[Any]:
        """Ask what there is at a path of a file system, which is answered as ``info`` does."""
        if is_asynchronous(system):
            return self._on_loop(system.loop, system._info, path)
        return self._in_thread(lambda: self._of_thread(system).info(path))

    def details_or_content(self, system: Any, path: str) -> Future[Any]:
        """Read what is probably a small file; only where it is none, ask what there is."""
        if self._unasked >= _MOST_UNASKED or type(system).__name__ in NEAR:
            return self.details(system, path)
        if is_asynchronous(system):
            return self._on_loop(system.loop, self._small, system, path)
        return self._in_thread(lambda: self._small_in_thread(self._of_thread(system), path))

    async def _small(self, system: Any, path: str) -> Any:
        with suppress(Exception):  # whatever it is, the driver's answer to the question tells it better
            if details := self._as_details(await system._cat_file(path, start=0, end=_SMALL + 1)):
                return details
        return await system._info(path)

    def _small_in_thread(self, system: Any, path: str) -> Any:
        with suppress(Exception):  # likewise
            if details := self._as_details(system.cat_file(path, start=0, end=_SMALL + 1)):
                return details
        return system.info(path)

    def _as_details(self, data: bytes) -> dict[str, Any]:
        """Return bytes as details of a file; nothing where there is more of it, or it may be a folder."""
        if not 0 < len(data) <= _SMALL:
            return {}
        self._unasked += len(data)
        return {"type": "file", "size": len(data), CONTENT: data}

    def content(self, file: RemoteFile, *, checks: bool = False) -> Future[tuple[bytes, str]]:
        """Ask for a file's bytes, and for its fingerprint after they were read."""
        if is_asynchronous(file.system) and file.size is not None:
            return self._on_loop(file.system.loop, _content, file, checks)
        return self._in_thread(lambda: _content_in_thread(self._of_thread(file.system), file, checks=checks))

    def _on_loop(self, loop: Any, ask: Callable[..., Coroutine[Any, Any, Any]], *arguments: Any) -> Future[Any]:
        import asyncio  # noqa: PLC0415 - fsspec has loaded it

        slots = self._slots.setdefault(loop, asyncio.Semaphore(self.most))
        tasks = self._tasks.setdefault(loop, set())

        async def in_turn() -> Any:
            task = asyncio.current_task()
            tasks.add(task)
            try:
                async with slots:
                    return await asyncio.wait_for(ask(*arguments), self._seconds)
            except asyncio.TimeoutError:
                raise self._overdue() from None
            finally:
                tasks.discard(task)

        return self._kept(asyncio.run_coroutine_threadsafe(in_turn(), loop))

    def _in_thread(self, ask: Callable[[], Any]) -> Future[Any]:
        if self._pool is None:
            from concurrent.futures import ThreadPoolExecutor  # noqa: PLC0415 - only for drivers that wait

            self._pool = ThreadPoolExecutor(self.most, thread_name_prefix="flytetask_nb-fetch")
        answer: Future[Any] = Future()
        self._pool.submit(copy_context().run, self._answer, answer, ask)
        return self._kept(answer)

    def _answer(self, answer: Future[Any], ask: Callable[[], Any]) -> None:
        """Let a call have what it asks for, or an error where that takes too long."""
        if not answer.set_running_or_notify_cancel():
            return
        clock = threading.Timer(self._seconds, self._give_up, [answer])
        clock.daemon = True
        clock.start()
        try:
            value = ask()
        except BaseException as error:  # noqa: BLE001 - whoever waits for it raises it
            with suppress(InvalidStateError):
                answer.set_exception(error)
        else:
            with suppress(InvalidStateError):
                answer.set_result(value)
        finally:
            clock.cancel()

    def _give_up(self, answer: Future[Any]) -> None:
        with suppress(InvalidStateError):
            answer.set_exception(self._overdue())
            self._is_overdue = True

    def _overdue(self) -> TimeoutError:
        return TimeoutError(f"it has not come within {self._seconds:g} s, as set_options(fetch_timeout=…) says")

    def _kept(self, call: Future[Any]) -> Future[Any]:
        self._calls.add(call)
        call.add_done_callback(self._calls.discard)
        return call

    def _of_thread(self, system: Any) -> Any:
        """Return a file system that this thread has for itself: a connection is not shared by those of fsspec."""
        if is_asynchronous(system):
            return system
        owned: dict[str, Any] = self._own.__dict__
        name = str(id(system))
        if name not in owned:
            options = {**system.storage_options, "skip_instance_cache": True}
            owned[name] = type(system)(*system.storage_args, **options)
        return owned[name]


def is_asynchronous(system: Any) -> bool:
    """Tell whether a driver can be asked on fsspec's loop."""
    # Those that do not mirror their methods stand before another file system, which need not be asynchronous.
    return bool(
        getattr(system, "async_impl", False)
        and getattr(system, "mirror_sync_methods", False)
        and not getattr(system, "asynchronous", False)
    )


def _wait_for_tasks(loop: Any, tasks: set[Any]) -> None:
    import asyncio  # noqa: PLC0415 - fsspec has loaded it

    async def ended() -> None:
        if tasks:
            await asyncio.wait(tuple(tasks), timeout=_PATIENCE)

    if loop.is_running():
        answer_of(asyncio.run_coroutine_threadsafe(ended(), loop))


async def _content(file: RemoteFile, checks: bool) -> tuple[bytes, str]:
    data = await file.system._cat_file(file.path)
    if not checks:
        return data, ""
    file.system.invalidate_cache()
    return data, fingerprint_of(await file.system._info(file.path))


def _content_in_thread(system: Any, file: RemoteFile, *, checks: bool) -> tuple[bytes, str]:
    if file.size is None:
        with system.open(file.path, "rb") as opened:
            data = _all_of(opened)
    else:
        data = system.cat_file(file.path)
    if not checks:
        return data, ""
    system.invalidate_cache()
    return data, fingerprint_of(system.info(file.path))


def _all_of(opened: Any) -> bytes:
    """Return what a file of untold size holds: some drivers give what has come so far, however much is asked for."""
    parts: list[bytes] = []
    left = UNTOLD + 1
    while left > 0 and (part := opened.read(left)):
        parts.append(part)
        left -= len(part)
    if left <= 0:
        raise TooLargeError
    return b"".join(parts)


def answer_of(call: Future[Any]) -> Any:
    """Wait for a call and return what it gives; the user can interrupt that.

    Raises Exception: whatever the call raised.
    """
    from concurrent.futures import wait  # noqa: PLC0415 - it is loaded where there are calls

    while not call.done():
        wait([call], timeout=_TICK)
    return call.result()
