"""Archives: gzip tars as ``pyflyte package`` writes them, read as streams and never unpacked to disk."""

from __future__ import annotations

import gzip
import tarfile
import zlib
from typing import TYPE_CHECKING, Any, NamedTuple

from flytetask_nb.errors import LoadError, one_line
from flytetask_nb.sources.file_names import legible
from flytetask_nb.sources.foreign import LOOKED_AT, TAR_ARCHIVE, foreign_bytes
from flytetask_nb.sources.tar_stream import GZIP, MOST_PACKED, plain_entries

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from flytetask_nb.sources.streams import Stream

__all__ = ["Limits", "Member", "members_of"]

_CHUNK = 1 << 16
_HEADERS = 1 << 20
"""Bytes that may stand between two entries: headers, and long names, which tarfile reads into memory at once."""
_MOST_ENTRIES = 1_000_000
_MOST_ENDS = 100
"""How often tarfile may read on behind the end: block by block, it would skip an entry of any size that is told."""
# What reading damaged archives raises, by its layers.
_DAMAGE = (tarfile.TarError, EOFError, OSError, zlib.error, ValueError, OverflowError, RecursionError)


class Limits(NamedTuple):
    """How much may be read before a file is taken for a bomb.

    ``entry``: bytes of one file, or of one entry of an archive.
    ``total``: bytes of one archive when it is unpacked.
    """

    entry: int
    total: int


class Member(NamedTuple):
    """A file in an archive: its name, and its bytes, None if they are not wanted or something is wrong with it."""

    name: str
    data: bytes | None
    problem: str = ""


class _Counted:
    """A stream that gives no more than was allowed for, and remembers where its last byte is that is not zero."""

    def __init__(self, stream: Any, limit: int) -> None:
        self._stream = stream
        self._limit = limit
        self._allowed = _HEADERS
        self._ends = 0
        self.head = b""
        self.total = 0
        self.content_end = 0

    def allow(self, end: int) -> None:
        """Allow reading to a place, and as many bytes of headers behind it as there may be."""
        self._allowed = end + _HEADERS

    def read(self, size: int = _CHUNK) -> bytes:
        data: bytes = self._stream.read(size)
        self._ends = 0 if data else self._ends + 1
        if self._ends > _MOST_ENDS:
            raise LoadError("the archive was cut off in an entry; make or copy it again")
        if not self.total:
            self.head = data[:LOOKED_AT]
        content = len(data.rstrip(b"\0"))
        if content:
            self.content_end = self.total + content
        self.total += len(data)
        if self.total > self._limit:
            raise LoadError(
                f"the archive unpacks to more than {self._limit:,} bytes; if it is to be trusted, raise max_total_bytes"
            )
        if self.total > self._allowed:
            raise LoadError(f"the archive has more than {_HEADERS:,} bytes of headers for one entry; make it again")
        return data


def members_of(stream: Stream, limits: Limits, is_wanted: Callable[[str], bool]) -> Iterator[Member]:
    """Return the files of an archive, one after the other.

    ``stream``: the archive.
    ``limits``: how much may come out of it.
    ``is_wanted``: tells by its name whether a file is to be read.
    Yields Member: in the archive's own order. Folders are passed over. Links, devices, unsafe names and overlong
      entries come as members with a problem; reading goes on behind them.
    Raises LoadError: the archive is damaged or too large. The members before that were given already.
    """
    whole = stream.peek(MOST_PACKED + 1)
    plain = plain_entries(whole) if len(whole) <= MOST_PACKED else None
    if plain is not None and len(plain[0]) <= limits.total and len(plain[1]) <= _MOST_ENTRIES:
        tar, entries = plain
        for name, start, size in entries:
            yield _unread(name, size, limits, is_wanted) or Member(name, tar[start : start + size])
        return
    is_packed = whole.startswith(GZIP)
    unpacked: Any = gzip.GzipFile(fileobj=stream, mode="rb") if is_packed else stream  # type: ignore[call-overload]
    counted: Any = _Counted(unpacked, limits.total)
    try:
        with tarfile.open(fileobj=counted, mode="r|") as archive:
            for info in _headers(archive):
                counted.allow(archive.offset)
                if not info.isdir():
                    yield _member(archive, info, limits, is_wanted)
            _check_end(archive, counted, limits)
    except LoadError:
        raise
    except _DAMAGE as error:
        foreign = foreign_bytes(counted.head)
        if foreign and foreign != TAR_ARCHIVE:
            packed = "a gzip file of " if is_packed else ""
            raise LoadError(
                f"{packed}{foreign}, not an archive; expected what pyflyte package writes: make or copy it again"
            ) from None
        raise LoadError(f"not a complete archive: {one_line(error)}; make or copy it again") from None


def _headers(archive: tarfile.TarFile) -> Iterator[tarfile.TarInfo]:
    for number, info in enumerate(archive):
        # Otherwise tarfile keeps each of them.
        archive.members.clear()  # type: ignore[attr-defined]
        if number == _MOST_ENTRIES:
            raise LoadError(f"the archive has more than {_MOST_ENTRIES:,} entries; split it")
        if info.size < 0:
            raise LoadError(f"the archive is damaged: {info.name!r} has {info.size} bytes; make or copy it again")
        yield info


def _check_end(archive: tarfile.TarFile, counted: _Counted, limits: Limits) -> None:
    # tarfile takes the end of the file, and a header that it cannot read, for the end of the archive.
    counted.allow(limits.total)
    while counted.read():
        pass
    if counted.content_end > archive.offset:
        raise LoadError(f"the archive is damaged at byte {archive.offset:,}; make or copy it again")
    if counted.total < archive.offset + tarfile.BLOCKSIZE:
        raise LoadError("the archive has no end: it was cut off; make or copy it again")


def _member(
    archive: tarfile.TarFile, info: tarfile.TarInfo, limits: Limits, is_wanted: Callable[[str], bool]
) -> Member:
    name = legible(info.name)
    problem = (
        "" if info.isreg() and not info.issparse() else f"{_type_of(info)} is not read; pyflyte writes plain files only"
    )
    member = _unread(name, info.size, limits, is_wanted, problem)
    if member is not None:
        return member
    # What stands behind a header in a stream is read from the stream; extractfile would wrap it twice.
    data: bytes = archive.fileobj.read(info.size)
    if len(data) < info.size:
        raise LoadError(f"the archive was cut off in {name}; make or copy it again")
    return Member(name, data)


def _unread(name: str, size: int, limits: Limits, is_wanted: Callable[[str], bool], problem: str = "") -> Member | None:
    """Return an entry whose bytes are not to be read, or None where they are."""
    if name.startswith("/") or (".." in name and ".." in name.split("/")):
        return Member(name, None, "a name that leads out of the archive; pyflyte writes plain names")
    if problem or not is_wanted(name):
        return Member(name, None, problem)
    if size > limits.entry:
        problem = f"{size:,} bytes, more than {limits.entry:,}; if it is to be trusted, raise max_entry_bytes"
        return Member(name, None, problem)
    return None


def _type_of(info: tarfile.TarInfo) -> str:
    if info.issym() or info.islnk():
        return f"a link to {info.linkname!r}"
    return "a device" if info.isdev() else "a special file"
