"""From what a user calls a source to open files: paths, folders, globs, URLs, bytes, and lists of them."""

from __future__ import annotations

import glob
import io
import os
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, NamedTuple

from google.protobuf.message import Message

from flytetask_nb.addresses import file_system, is_url
from flytetask_nb.errors import LoadError, ModelTypeError, one_line
from flytetask_nb.models.order import natural_key
from flytetask_nb.sources.file_names import is_readable_name, legible, told_name
from flytetask_nb.sources.streams import Stream, cannot_be_read

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

__all__ = ["Place", "places_of"]

_EXPECTED = "an archive (.tgz, .tar.gz, .tar), .pb, .json, .yaml or .parquet file"
_MAGIC = frozenset("*?[")
_EVERY_DEPTH = "**"
_NO_FILE = "it is neither a file nor a folder"
_DEEPEST = 100
"""How deep lists of sources may stand inside each other."""
_WEB = ("http://", "https://")
_MEDIA_TYPE_KEYS = ("mimetype", "ContentType", "contentType", "content_type")
"""Under which fsspec's drivers tell it: of HTTP, S3, Google's and Azure's stores."""


@dataclass(frozen=True)
class LocalFile:
    """Opens a file of this machine, here and in other processes."""

    path: str

    def __call__(self) -> Any:
        return open(self.path, "rb")  # noqa: PTH123 - a text, as the user wrote it

    @property
    def size(self) -> int | None:
        """Bytes, where that can be told."""
        try:
            return os.path.getsize(self.path)  # noqa: PTH202 - likewise
        except OSError:
            return None


@dataclass(frozen=True)
class RemoteFile:
    """Opens a file of one of fsspec's file systems, here and in other processes."""

    system: Any
    path: str

    def __call__(self) -> Any:
        return self.system.open(self.path, "rb")

    @property
    def size(self) -> int | None:
        """Bytes, where that can be told."""
        try:
            found = self.system.info(self.path).get("size")
        except Exception:  # noqa: BLE001 - every driver raises errors of its own; reading the file tells them
            return None
        return found if isinstance(found, int) else None


@dataclass(frozen=True)
class BytesAtHand:
    """Opens bytes as a file."""

    data: bytes

    def __call__(self) -> Any:
        return io.BytesIO(self.data)

    @property
    def size(self) -> int | None:
        """Bytes."""
        return len(self.data)


class Place(NamedTuple):
    """A file to be read.

    Attributes
    ----------
    name : str
        As the user would name it.
    opener : callable
        Opens it as a binary file.
    problem : str
        Why it cannot be read, where that is known already.
    is_named : bool
        Whether the name tells what the file holds; bytes and open files may have none.
    is_passed_over : bool
        Whether it only stands beside what was asked for.
    is_lent : bool
        Whether somebody else closes it.
    media_type : str
        What its server says that it is, where the name does not tell.
    message : str
        Full name of the message that it is; empty for files.
    """

    name: str
    opener: Callable[[], Any]
    problem: str = ""
    is_named: bool = True
    is_passed_over: bool = False
    is_lent: bool = False
    media_type: str = ""
    message: str = ""

    @property
    def local_path(self) -> str | None:
        """Where the file is on this machine's disk, if it is there."""
        return self.opener.path if isinstance(self.opener, LocalFile) else None

    @property
    def size(self) -> int | None:
        """Bytes of the file, where that can be told without reading it."""
        size: int | None = getattr(self.opener, "size", None)
        return size

    @contextmanager
    def opened(self) -> Iterator[Stream]:
        """Return the file as a stream.

        Raises
        ------
        LoadError
            It cannot be opened.
        """
        try:
            file = self.opener()
        except Exception as error:  # noqa: BLE001 - every driver raises errors of its own
            raise cannot_be_read(error) from None
        try:
            yield Stream(file)
        finally:
            if not self.is_lent:
                # What was read is not worth less because a driver cannot end well.
                with suppress(Exception):
                    file.close()


def places_of(source: Any, depth: int = 0) -> Iterator[Place]:
    """Return the files that a source stands for.

    Parameters
    ----------
    source
        A path or URL of a file, a folder or a glob; ``pathlib.Path``; bytes; an open binary file; a protobuf message;
        or a list of these.
    depth
        In how many lists it stands. What is no source is an error by itself, and a place with a problem in a list.

    Yields
    ------
    Place
        Files of a folder or a glob in natural order of their names. A source that is not there comes as a place with
        a problem. Hidden files and folders inside a folder are left out.

    Raises
    ------
    ModelTypeError
        The source is something else.
    """
    if isinstance(source, bytes | bytearray | memoryview):
        data = bytes(source)
        yield Place(f"<{len(data)} bytes>", BytesAtHand(data), is_named=False)
    elif isinstance(source, str | os.PathLike):
        yield from _named_places(source)
    elif isinstance(source, Message):
        name = source.DESCRIPTOR.full_name
        # Serialized as the tasks of a collection are, for they are kept as they come.
        data = source.SerializeToString(deterministic=True)
        yield Place(f"<{name}>", BytesAtHand(data), is_named=False, message=name)
    elif hasattr(source, "read"):
        name = _name_of(source)
        yield Place(name, lambda: source, is_named=is_readable_name(name), is_lent=True)
    elif isinstance(source, list | tuple | set | frozenset) or hasattr(source, "__next__"):
        if depth > _DEEPEST:
            yield _unreadable("<list>", f"lists of sources stand in each other more than {_DEEPEST} deep; flatten them")
            return
        for part in source:
            yield from places_of(part, depth + 1)
    else:
        told = (
            f"a source of type {type(source).__name__} cannot be loaded; expected a path, a URL, a glob, bytes, "
            "an open binary file, a protobuf message, or a list of these"
        )
        if not depth:
            raise ModelTypeError(told)
        yield _unreadable(f"<{type(source).__name__}>", told)


def _name_of(file: Any) -> str:
    name = getattr(file, "name", None)
    return legible(name) if isinstance(name, str) else f"<{type(file).__name__}>"


def _unreadable(name: str, problem: str) -> Place:
    return Place(legible(name), io.BytesIO, problem)


def _named_places(source: str | os.PathLike[Any]) -> Iterator[Place]:
    name = os.fsdecode(source)
    is_far = not isinstance(source, os.PathLike) and is_url(name) and not os.path.lexists(name)
    yield from _remote_places(name) if is_far else _local_places(name)


def _some_readable(name: str, what: str, places: list[Place]) -> Iterator[Place]:
    """Return places in natural order, or one with a problem where nothing among them can be read."""
    if all(place.is_passed_over for place in places):
        yield _unreadable(name, f"{what} no file that can be loaded; expected {_EXPECTED}")
    else:
        yield from sorted(places, key=lambda place: natural_key(place.name))


# -- on this machine -----------------------------------------------------------------------------------------------


def _local_places(name: str) -> Iterator[Place]:
    path = os.path.expanduser(name)  # noqa: PTH111 - a text, for glob and for names as the user writes them
    if os.path.isfile(path):  # noqa: PTH113
        yield _local_place(path, name)
    elif os.path.isdir(path):  # noqa: PTH112
        yield from _some_readable(name, "the folder holds", list(_local_folder(path, name)))
    elif os.path.lexists(path):
        yield _unreadable(name, _NO_FILE)
    elif _MAGIC & set(name):
        yield from _local_glob(path, name)
    else:
        yield _unreadable(name, "there is no such file or folder; check the path")


def _local_place(path: str, name: str, *, is_passed_over: bool = False) -> Place:
    # A pipe or a device among the files would be waited for, or never end.
    if not is_passed_over and os.path.exists(path) and not os.path.isfile(path):  # noqa: PTH110, PTH113
        return _unreadable(name, _NO_FILE)
    return Place(legible(name), LocalFile(os.path.abspath(path)), is_passed_over=is_passed_over)  # noqa: PTH100


def _local_folder(path: str, name: str) -> Iterator[Place]:
    unreadable: list[OSError] = []
    base = name.rstrip(os.sep) or os.sep
    for folder, inner, files in os.walk(path, onerror=unreadable.append):
        inner[:] = [one for one in inner if not one.startswith(".")]
        shown = os.path.join(base, os.path.relpath(folder, path)) if folder != path else base  # noqa: PTH118
        for one in files:
            if not one.startswith("."):
                yield _local_place(
                    os.path.join(folder, one),  # noqa: PTH118
                    os.path.join(shown, one),  # noqa: PTH118
                    is_passed_over=not is_readable_name(one),
                )
    for error in unreadable:
        yield _unreadable(str(error.filename), f"the folder cannot be read: {one_line(error)}; check its rights")


def _local_glob(path: str, name: str) -> Iterator[Place]:
    found = glob.glob(path, recursive=True)  # noqa: PTH207 - pathlib has no absolute patterns
    if not found:
        yield _unreadable(name, "no file matches this pattern; check it")
        return
    places: list[Place] = []
    for one in found:
        if not os.path.isdir(one):  # noqa: PTH112
            places.append(_local_place(one, one, is_passed_over=not is_readable_name(one)))
        elif _EVERY_DEPTH not in name:  # which names what is in the folders as well
            places += _local_folder(one, one)
    yield from _some_readable(name, "the pattern matches", places)


# -- elsewhere -----------------------------------------------------------------------------------------------------


def _remote_places(name: str) -> Iterator[Place]:
    try:
        system, path = _file_system(name)
        if system.isfile(path):
            places = [_remote_file(system, path, name)]
        elif system.isdir(path):
            places = list(_some_readable(name, "the folder holds", _remote_folder(system, path, name)))
        elif _MAGIC & set(name) and not (_is_of_web(name) and "?" in name):
            places = _remote_glob(system, path, name)
        else:
            places = [_unreadable(name, "there is no such file or folder; check the address")]
    except LoadError as error:
        places = [_unreadable(name, str(error))]
    except Exception as error:  # noqa: BLE001 - every driver raises errors of its own
        places = [_unreadable(name, f"cannot be read: {one_line(error)}; check the address and your rights")]
    yield from places


def _file_system(name: str) -> tuple[Any, str]:
    try:
        return file_system(name)
    except ImportError as error:
        # fsspec's own text names the package.
        raise LoadError(f"the driver for this address is not installed: {one_line(error)}") from None
    except Exception as error:  # noqa: BLE001 - every driver raises errors of its own
        raise LoadError(f"this address cannot be opened: {one_line(error)}; check it") from None


def _remote_file(system: Any, path: str, name: str) -> Place:
    """Return a file that was named by itself: where its name does not tell what it is, its server or its content may."""
    place = _remote_place(system, path, name)
    if is_readable_name(told_name(name)):
        return place
    info = system.info(path)
    media_type = next((info[key] for key in _MEDIA_TYPE_KEYS if isinstance(info.get(key), str)), "")
    return place._replace(is_named=not media_type and not _is_of_web(name), media_type=media_type)


def _is_of_web(name: str) -> bool:
    return any(link.startswith(_WEB) for link in name.split("::"))


def _remote_place(system: Any, path: str, name: str, *, is_passed_over: bool = False) -> Place:
    return Place(legible(name), RemoteFile(system, path), is_passed_over=is_passed_over)


def _remote_folder(system: Any, path: str, name: str) -> list[Place]:
    head, mark, rest = name.partition("::") if "://" in name.partition("::")[0] else (name, "", "")
    head = head if head.endswith("/") else f"{head}/"
    root = path.rstrip("/")
    places = []
    for one in system.find(path):
        # The root of some file systems is an empty text, and their names begin with no slash.
        inner = one.removeprefix(root).lstrip("/")
        if not any(part.startswith(".") for part in inner.split("/")):
            shown = f"{head}{inner}{mark}{rest}"
            places.append(_remote_place(system, one, shown, is_passed_over=not is_readable_name(one)))
    return places


def _remote_glob(system: Any, path: str, name: str) -> list[Place]:
    scheme = name.split("://", 1)[0] + "://" if "://" in name else ""
    places: list[Place] = []
    found = system.glob(path)
    for one in found:
        # Some file systems give names with their scheme, some with a slash in front, some with neither.
        shown = one if one.startswith(scheme) else scheme + one
        if not system.isdir(one):
            places.append(_remote_place(system, one, shown, is_passed_over=not is_readable_name(one)))
        elif _EVERY_DEPTH not in name:  # which names what is in the folders as well
            places += _remote_folder(system, one, shown)
    if not found:
        return [_unreadable(name, "no file matches this pattern; check it")]
    return list(_some_readable(name, "the pattern matches", places))
