"""File systems that take their time to answer, and count what they are asked: one with threads, one with coroutines."""

from __future__ import annotations

import asyncio
import io
import threading
import time
from collections import Counter
from datetime import datetime, timezone
from typing import TYPE_CHECKING, Any, ClassVar

import fsspec
from fsspec import AbstractFileSystem
from fsspec.asyn import AsyncFileSystem

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Mapping

SYNCHRONOUS, ASYNCHRONOUS = "slow", "slow-async"
SCHEMES = (SYNCHRONOUS, ASYNCHRONOUS)
LONG_AGO = datetime(2026, 1, 1, tzinfo=timezone.utc)


class Store:
    """The files of both file systems, how long an answer takes, and what was asked."""

    def __init__(self) -> None:
        self.files: dict[str, bytes] = {}
        self.times: dict[str, datetime] = {}
        self.etags: dict[str, str] = {}
        self.latency = 0.0
        self.calls: Counter[str] = Counter()
        self.running = 0
        self.most_running = 0
        self.tells_sizes = True
        self.before_reading: Callable[[str], None] = lambda _: None
        self.lock = threading.Lock()

    def begin(self, call: str) -> None:
        with self.lock:
            self.calls[call] += 1
            self.running += 1
            self.most_running = max(self.most_running, self.running)

    def end(self) -> None:
        with self.lock:
            self.running -= 1

    def details(self, path: str) -> dict[str, Any]:
        path = path.rstrip("/")
        if path in self.files:
            told = {"name": path, "type": "file", "size": len(self.files[path]) if self.tells_sizes else None}
            if path in self.etags:
                told["ETag"] = self.etags[path]
            if path in self.times:
                told["LastModified"] = self.times[path]
            return told
        if any(name.startswith(f"{path}/") for name in self.files) or not path:
            return {"name": path, "type": "directory", "size": 0}
        raise FileNotFoundError(path)

    def listing(self, path: str) -> list[dict[str, Any]]:
        root = f"{path.rstrip('/')}/" if path.strip("/") else ""
        inner = sorted({root + name.removeprefix(root).split("/")[0] for name in self.files if name.startswith(root)})
        if not inner:
            raise FileNotFoundError(path)
        return [self.details(name) for name in inner]

    def content(self, path: str) -> bytes:
        self.before_reading(path)
        if path not in self.files:
            raise FileNotFoundError(path)
        return self.files[path]


STORE = Store()


class SlowFileSystem(AbstractFileSystem):
    """Answers after a while, in the thread that asks."""

    protocol = SYNCHRONOUS
    threads: ClassVar[dict[int, set[int]]] = {}

    def _answer(self, call: str, work: Callable[[str], Any], path: str) -> Any:
        STORE.begin(call)
        SlowFileSystem.threads.setdefault(id(self), set()).add(threading.get_ident())
        try:
            time.sleep(STORE.latency)
            return work(self._strip_protocol(path))
        finally:
            STORE.end()

    def info(self, path: str, **_: Any) -> dict[str, Any]:
        return dict(self._answer("info", STORE.details, path))

    def ls(self, path: str, detail: bool = True, **_: Any) -> list[Any]:
        listing = self._answer("ls", STORE.listing, path)
        return listing if detail else [entry["name"] for entry in listing]

    def cat_file(self, path: str, start: int | None = None, end: int | None = None, **_: Any) -> bytes:
        content: bytes = self._answer("read", STORE.content, path)
        return content[start:end]

    def _open(self, path: str, *_: Any, **__: Any) -> Any:
        return io.BytesIO(self._answer("read", STORE.content, path))


class SlowAsyncFileSystem(AsyncFileSystem):
    """Answers after a while, in coroutines."""

    protocol = ASYNCHRONOUS

    async def _answer(self, call: str, work: Callable[[str], Any], path: str) -> Any:
        STORE.begin(call)
        try:
            await asyncio.sleep(STORE.latency)
            return work(self._strip_protocol(path))
        finally:
            STORE.end()

    async def _info(self, path: str, **_: Any) -> dict[str, Any]:
        return dict(await self._answer("info", STORE.details, path))

    async def _ls(self, path: str, detail: bool = True, **_: Any) -> list[Any]:
        listing = await self._answer("ls", STORE.listing, path)
        return listing if detail else [entry["name"] for entry in listing]

    async def _cat_file(self, path: str, start: int | None = None, end: int | None = None, **_: Any) -> bytes:
        content: bytes = await self._answer("read", STORE.content, path)
        return content[start:end]

    def _open(self, path: str, *_: Any, **__: Any) -> Any:
        return io.BytesIO(self.cat_file(path))


def fill(files: Mapping[str, bytes]) -> Store:
    """Return the store with these files, which were written long ago, and nothing asked yet."""
    STORE.__init__()  # type: ignore[misc]
    STORE.files = dict(files)
    STORE.times = dict.fromkeys(files, LONG_AGO)
    SlowFileSystem.threads.clear()
    return STORE


def registered() -> Iterator[None]:
    """Let fsspec know both file systems for a while."""
    for system in (SlowFileSystem, SlowAsyncFileSystem):
        fsspec.register_implementation(system.protocol, system, clobber=True)
    yield
    fill({})
    for system in (SlowFileSystem, SlowAsyncFileSystem):
        system.clear_instance_cache()
