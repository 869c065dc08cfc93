"""Bytes of files of other machines, kept in the user's cache folder under their name and fingerprint.

fsspec's own file cache is none for this: it grows without bound, takes every address of the web for one that never
changes (``HTTPFileSystem.ukey``), asks each file for its state by itself, keeps all it knows in one file that
processes write over each other, and fails where the disk is full.
"""

from __future__ import annotations

import os
import time
from contextlib import contextmanager, suppress
from datetime import datetime
from pathlib import Path
from typing import TYPE_CHECKING, Any, Final

from flytetask_nb.options import option

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

    from flytetask_nb.sources.openers import RemoteFile

_ETAGS: Final = ("ETag", "etag", "sha")
"""Under which fsspec's drivers tell what changes with the content: of the web, S3, Google's and Azure's stores, GitHub."""
_TIMES: Final = ("mtime", "LastModified", "Last-Modified", "last_modified", "updated", "created")
_WEAK: Final = "W/"
"""How an etag begins that does not change with every byte."""
_YOUNG: Final = 10.0
"""Seconds in which a file may change twice and have one time: times are told in seconds, by clocks of others."""
_MILLISECONDS: Final = 1e11
_DIGEST_BYTES: Final = 32
_PART: Final = ".part"
_OTHERS: Final = 0o077
_ROOM: Final = 0.9
"""What of the bound is left filled when something has to go."""
_ABANDONED: Final = 3600.0
"""Seconds after which a half-written file is nobody's."""


def fingerprint_of(details: Mapping[str, Any]) -> str:
    """Return what changes when a file does: its etag, or its size and time; empty where neither can be relied on."""
    size = details.get("size")
    for key in _ETAGS:
        etag = details.get(key)
        if isinstance(etag, str) and etag and not etag.startswith(_WEAK):
            return f"etag {etag} {size}"
    moment = next((moment for key in _TIMES if (moment := _seconds(details.get(key))) is not None), None)
    if moment is None or not isinstance(size, int) or time.time() - moment < _YOUNG:
        return ""
    return f"time {moment!r} {size}"


def _seconds(value: object) -> float | None:
    """Return a point in time in seconds, however a driver tells it."""
    if isinstance(value, datetime):
        return value.timestamp()
    if isinstance(value, int | float):
        return value / 1000 if value > _MILLISECONDS else float(value)
    if not isinstance(value, str):
        return None
    from email.utils import parsedate_to_datetime  # noqa: PLC0415 - of the few drivers that tell texts

    with suppress(ValueError, TypeError):
        return datetime.fromisoformat(value.replace("Z", "+00:00")).timestamp()
    with suppress(ValueError, TypeError):
        return parsedate_to_datetime(value).timestamp()
    return None


def _folder() -> Path:
    from platformdirs import user_cache_path  # noqa: PLC0415 - only where a cache is asked for

    return user_cache_path("flytetask_nb", appauthor=False) / "files"


def clear_cache() -> int:
    """Remove all files that ``load(..., cache=True)`` has kept on this machine.

    Returns
    -------
    int
        Bytes that were freed.

    Examples
    --------
    >>> import flytetask_nb as ftn
    >>> ftn.clear_cache()
    0
    """
    return _remove(_files_in(_folder()), 0)


def _own_folder() -> Path | None:
    """Return the folder of the cache; None where it cannot be had, or belongs to somebody else."""
    folder = _folder()
    try:
        folder.mkdir(mode=0o700, parents=True, exist_ok=True)
        state = folder.stat()
        if hasattr(os, "getuid") and state.st_uid != os.getuid():
            _say("no file is kept: %s belongs to another user", folder)
            return None
        if state.st_mode & _OTHERS:
            folder.chmod(0o700)
    except OSError as error:
        _say("no file is kept: %s", error)
        return None
    return folder


@contextmanager
def opened_cache(*, is_on: bool) -> Iterator[BlobCache | None]:
    """Give the user's cache where one is wanted and can be had; say what came of it in the end."""
    cache = BlobCache(folder) if is_on and (folder := _own_folder()) else None
    try:
        yield cache
    finally:
        if cache is not None:
            cache.close()


class BlobCache:
    """Files by name and fingerprint, in a folder that only this user can read, bounded by the option ``cache_bytes``.

    Several processes may use it at a time. Each file begins with a digest of what follows, is written beside its place
    and then moved there: what is cut off or damaged is as good as not there. Where nothing can be written, nothing is.
    """

    def __init__(self, folder: Path) -> None:
        self._folder = folder
        self._bound: int = option("cache_bytes")
        self._problem = ""
        self._used = self._used_bytes = 0
        self._stored_bytes = 0

    def get(self, file: RemoteFile) -> bytes | None:
        """Return a file's bytes, if they are here as it has them now."""
        if not file.fingerprint:
            return None
        path = self._path(file)
        try:
            with path.open("rb") as stored:
                digest, data = stored.read(_DIGEST_BYTES), stored.read()
            if digest != _digest(data):
                path.unlink(missing_ok=True)
                return None
        except OSError:
            return None
        with suppress(OSError):
            os.utime(path)  # what is used stays longest
        self._used += 1
        self._used_bytes += len(data)
        return data

    def put(self, file: RemoteFile, data: bytes) -> None:
        """Keep a file's bytes."""
        if self._problem or len(data) > self._bound:
            return
        import tempfile  # noqa: PLC0415 - only where a file is kept

        try:
            # Readable by its owner alone, from the start.
            number, name = tempfile.mkstemp(_PART, dir=self._folder)
            try:
                with os.fdopen(number, "wb") as part:
                    part.write(_digest(data))
                    part.write(data)
                Path(name).replace(self._path(file))
            except BaseException:
                Path(name).unlink(missing_ok=True)
                raise
        except OSError as error:
            self._problem = str(error)
            return
        self._stored_bytes += len(data)
        if self._stored_bytes > self._bound:
            self._shrink()

    def close(self) -> None:
        """Bring the folder under its bound, and say what was taken from it."""
        if self._stored_bytes:
            self._shrink()
        if self._used:
            size = f"{self._used_bytes:,} bytes"
            _say("%d files (%s) were taken from %s; clear_cache() empties it", self._used, size, self._folder)
        if self._problem:
            _say("not every file could be kept in %s: %s", self._folder, self._problem)

    def _shrink(self) -> None:
        self._stored_bytes = 0
        files = _files_in(self._folder)
        if sum(size for _, size, _ in files) > self._bound:
            _remove(files, int(self._bound * _ROOM))

    def _path(self, file: RemoteFile) -> Path:
        system = file.system
        kind = f"{type(system).__module__}.{type(system).__qualname__}"
        # Options tell apart servers of one kind; they may hold secrets, and only their digest is told.
        options = sorted(system.storage_options.items(), key=str)
        name = repr((kind, system.storage_args, options, file.path, file.fingerprint))
        return self._folder / _digest(name.encode("utf-8", "surrogatepass")).hex()


def _digest(data: bytes) -> bytes:
    from hashlib import sha256  # noqa: PLC0415 - only where a cache is asked for

    return sha256(data).digest()


def _files_in(folder: Path) -> list[tuple[float, int, str]]:
    """Return time, size and path of the files in the folder, the one that was not used for longest first."""
    files = []
    with suppress(OSError), os.scandir(folder) as entries:
        for entry in entries:
            with suppress(OSError):
                state = entry.stat(follow_symlinks=False)
                if not entry.name.endswith(_PART) or time.time() - state.st_mtime > _ABANDONED:
                    files.append((state.st_mtime, state.st_size, entry.path))
    return sorted(files)


def _remove(files: list[tuple[float, int, str]], bound: int) -> int:
    """Remove files until the others come to no more than this many bytes."""
    left = sum(size for _, size, _ in files)
    removed = 0
    for _, size, path in files:
        if left <= bound:
            break
        with suppress(OSError):
            os.unlink(path)  # noqa: PTH108 - a text
            removed += size
        left -= size
    return removed


def _say(text: str, *values: object) -> None:
    import logging  # noqa: PLC0415 - only where there is something to say

    logging.getLogger("flytetask_nb.cache").info(text, *values)
