"""Archives: gzip tars as ``pyflyte package`` writes them, read as streams and never unpacked to disk."""

from __future__ import annotations

import gzip
import tarfile
import zlib
from typing import TYPE_CHECKING, Any, NamedTuple

from flytetask_nb.errors import LoadError

if TYPE_CHECKING:
    from collections.abc import Iterator

__all__ = ["ARCHIVES", "Limits", "Member", "is_archive_name", "is_code_bundle", "members_of"]

ARCHIVES = (".tar", ".tgz", ".tar.gz")
"""Suffixes of archives, as flytectl knows them."""
_GZIP = b"\x1f\x8b"
_BLOCK = 512
_CHUNK = 1 << 16
# What reading damaged archives raises, by its layers.
_DAMAGE = (tarfile.TarError, EOFError, OSError, zlib.error, ValueError, OverflowError)


class Limits(NamedTuple):
    """How much may be read before a file is taken for a bomb.

    Attributes
    ----------
    entry : int
        Bytes of one file, or of one entry of an archive.
    total : int
        Bytes of one archive when it is unpacked.
    """

    entry: int
    total: int


class Member(NamedTuple):
    """A file in an archive: its name, and its bytes or what is wrong with it."""

    name: str
    data: bytes
    problem: str = ""


def is_archive_name(name: str) -> bool:
    """Tell whether a file's name is that of an archive."""
    return name.lower().endswith(ARCHIVES)


def is_code_bundle(name: str) -> bool:
    """Tell whether a file is the code of a fast registration: ``fast<digest>.tar.gz``."""
    base = name.rsplit("/", 1)[-1]
    return base.startswith("fast") and base.endswith(".tar.gz")


class _TooLargeError(Exception):
    """More came out of an archive than may."""


class _Counted:
    """A stream that stops after a number of bytes, and remembers the last ones."""

    def __init__(self, stream: Any, limit: int) -> None:
        self._stream = stream
        self._limit = limit
        self.total = 0
        self.tail = b""

    def read(self, size: int = -1) -> bytes:
        if size < 0:
            size = self._limit + 1
        data: bytes = self._stream.read(size)
        self.total += len(data)
        if self.total > self._limit:
            raise _TooLargeError
        self.tail = (self.tail + data)[-_BLOCK:]
        return data


def members_of(stream: Any, limits: Limits) -> Iterator[Member]:
    """Give the files of an archive, one after the other.

    Parameters
    ----------
    stream
        An open binary file.
    limits
        How much may come out of it.

    Yields
    ------
    Member
        In the archive's own order. Folders are passed over. Links, devices, unsafe names and overlong entries come
        as members with a problem; reading goes on behind them.

    Raises
    ------
    LoadError
        The archive is damaged or too large. The members before that were given already.
    """
    head = stream.read(2)
    stream.seek(0)
    plain = gzip.GzipFile(fileobj=stream, mode="rb") if head == _GZIP else stream
    counted: Any = _Counted(plain, limits.total)
    try:
        with tarfile.open(fileobj=counted, mode="r|") as archive:
            for info in archive:
                if not info.isdir():
                    yield _member(archive, info, limits)
        # tarfile takes the end of the file for the end of the archive; only the mark tells that it was not cut off.
        while counted.read(_CHUNK):
            pass
        if counted.tail.strip(b"\0") or not counted.total:
            raise LoadError("the archive has no end: it was cut off; make or copy it again")
    except _TooLargeError:
        raise LoadError(
            f"the archive unpacks to more than {limits.total:,} bytes; if it is to be trusted, raise max_total_bytes"
        ) from None
    except _DAMAGE as error:
        if isinstance(error, LoadError):
            raise
        raise LoadError(f"no whole archive: {_told(error)}; make or copy it again") from None


def _member(archive: tarfile.TarFile, info: tarfile.TarInfo, limits: Limits) -> Member:
    name = info.name
    if name.startswith("/") or ".." in name.split("/"):
        return Member(name, b"", "a name that leads out of the archive; pyflyte writes plain names")
    if not info.isreg() or info.issparse():
        return Member(name, b"", f"{_type_of(info)} is not read; pyflyte writes plain files only")
    if info.size > limits.entry:
        return Member(
            name,
            b"",
            f"{info.size:,} bytes, more than {limits.entry:,}; if it is to be trusted, raise max_entry_bytes",
        )
    opened = archive.extractfile(info)
    return Member(name, opened.read() if opened is not None else b"")


def _type_of(info: tarfile.TarInfo) -> str:
    if info.issym() or info.islnk():
        return f"a link to {info.linkname!r}"
    return "a device" if info.isdev() else "a special file"


def _told(error: Exception) -> str:
    return " ".join(str(error).split()) or type(error).__name__
