"""From what a user calls a source to open files: paths, folders, globs, URLs, bytes, and lists of them."""

from __future__ import annotations

import io
import os
from contextlib import contextmanager
from typing import TYPE_CHECKING, Any, NamedTuple

from flytetask_nb.errors import LoadError, ModelTypeError
from flytetask_nb.models.order import natural_key
from flytetask_nb.sources.archives import is_archive_name, is_code_bundle

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

__all__ = ["DOCUMENTS", "Place", "places_of"]

DOCUMENTS = (".json", ".yaml", ".yml")
_MESSAGE = ".pb"
_MAGIC = frozenset("*?[")


class Place(NamedTuple):
    """A file to be read.

    Attributes
    ----------
    name : str
        As the user would name it.
    open : callable
        Opens it as a seekable binary file.
    problem : str
        Why it cannot be read, where that is known already.
    is_named : bool
        Whether the name tells what the file holds; bytes and open files may have none.
    """

    name: str
    open: Callable[[], Any]
    problem: str = ""
    is_named: bool = True


def places_of(source: Any) -> Iterator[Place]:
    """Give the files that a source stands for.

    Parameters
    ----------
    source
        A path or URL of a file, a folder or a glob; ``pathlib.Path``; bytes; an open binary file; or a list of these.

    Yields
    ------
    Place
        Files of a folder or a glob in natural order of their names. A source that is not there comes as a place with
        a problem.

    Raises
    ------
    ModelTypeError
        The source is something else.
    """
    if isinstance(source, bytes | bytearray | memoryview):
        data = bytes(source)
        yield Place(f"<{len(data)} bytes>", lambda: io.BytesIO(data), is_named=False)
    elif isinstance(source, str | os.PathLike):
        yield from _named_places(os.fspath(source))
    elif hasattr(source, "read"):
        name = _name_of(source)
        yield Place(name, lambda: _rewindable(source), is_named=_is_readable(name))
    elif isinstance(source, list | tuple | set | frozenset) or hasattr(source, "__next__"):
        for part in source:
            yield from places_of(part)
    else:
        raise ModelTypeError(
            f"a source of type {type(source).__name__} cannot be loaded; expected a path, a URL, a glob, bytes, "
            "an open binary file, or a list of these"
        )


def _name_of(stream: Any) -> str:
    name = getattr(stream, "name", None)
    return name if isinstance(name, str) else f"<{type(stream).__name__}>"


@contextmanager
def _rewindable(stream: Any) -> Iterator[Any]:
    """Give a stream that can go back to its start, and leave the caller's own open."""
    if isinstance(stream, io.TextIOBase):
        raise LoadError("the file is open as text; open it in binary mode ('rb')")
    seekable = getattr(stream, "seekable", None)
    if seekable is not None and seekable():
        yield _FromHere(stream)
    else:
        yield io.BytesIO(stream.read())


class _FromHere:
    """A seekable stream whose start is where the caller left it."""

    def __init__(self, stream: Any) -> None:
        self._stream = stream
        self._start = stream.tell()

    def read(self, size: int = -1) -> bytes:
        data: bytes = self._stream.read(size)
        return data

    def seek(self, offset: int, whence: int = 0) -> int:
        self._stream.seek(self._start + offset if not whence else offset, whence)
        return self.tell()

    def tell(self) -> int:
        position: int = self._stream.tell() - self._start
        return position


def _named_places(source: str | bytes) -> Iterator[Place]:
    name = os.fsdecode(source)
    try:
        system, path = _file_system(name)
    except LoadError as error:
        yield _unreadable(name, str(error))
        return
    try:
        if system.isfile(path):
            yield _place(system, path, name)
        elif system.isdir(path):
            yield from _folder_places(system, path, name)
        elif _MAGIC & set(name):
            yield from _glob_places(system, path, name)
        else:
            yield _unreadable(name, "there is no such file or folder; check the path")
    except Exception as error:  # noqa: BLE001 - every driver raises errors of its own
        yield _unreadable(name, f"cannot be read: {_told(error)}")


def _file_system(name: str) -> tuple[Any, str]:
    from fsspec.core import url_to_fs  # noqa: PLC0415 - loaded with the first file that is named

    try:
        system, path = url_to_fs(name)
    except ImportError as error:
        raise LoadError(f"the driver for this address is not installed: {_told(error)}") from None
    except Exception as error:  # noqa: BLE001 - every driver raises errors of its own
        raise LoadError(f"this address cannot be opened: {_told(error)}") from None
    return system, path


def _told(error: Exception) -> str:
    return " ".join(str(error).split()) or type(error).__name__


def _unreadable(name: str, problem: str) -> Place:
    return Place(name, io.BytesIO, problem)


def _place(system: Any, path: str, name: str) -> Place:
    return Place(name, lambda: system.open(path, "rb"))


def _folder_places(system: Any, path: str, name: str) -> Iterator[Place]:
    found = [one for one in system.find(path) if _is_readable(one)]
    if not found:
        yield _unreadable(name, "the folder holds no archive (.tgz, .tar.gz, .tar), .pb, .json or .yaml file")
    start = len(path.rstrip("/")) + 1
    base = name.rstrip("/" + os.sep)
    for one in sorted(found, key=natural_key):
        yield _place(system, one, f"{base}/{one[start:]}")


def _glob_places(system: Any, path: str, name: str) -> Iterator[Place]:
    found = [one for one in system.glob(path) if not system.isdir(one)]
    if not found:
        yield _unreadable(name, "no file matches this pattern; check it")
    # Names as the user would write them: with the scheme of a URL, relative where the pattern is.
    prefix = name.split("://", 1)[0] + "://" if "://" in name else ""
    here = path[: len(path) - len(name)] if not prefix and path.endswith(name) else ""
    for one in sorted(found, key=natural_key):
        yield _place(system, one, f"{prefix}{one.removeprefix(here)}")


def _is_readable(name: str) -> bool:
    base = name.rsplit("/", 1)[-1]
    if base.startswith(".") or is_code_bundle(base):
        return False
    return is_archive_name(base) or base.lower().endswith((_MESSAGE, *DOCUMENTS))
