"""From what a user calls a source to the files it stands for: paths, folders, globs, URLs, bytes, and lists of them.

A file system is asked once for what was named, and once for what a folder or a pattern holds: the listing says the rest.
"""

from __future__ import annotations

import io
import os
import re
from collections import deque
from contextlib import contextmanager, suppress
from typing import TYPE_CHECKING, Any, NamedTuple

from google.protobuf.message import Message

from flytetask_nb.addresses import file_system, is_url
from flytetask_nb.errors import LoadError, ModelTypeError, one_line
from flytetask_nb.folder_swap import displaced_folders
from flytetask_nb.models.order import natural_key
from flytetask_nb.part_lists import LIST, unlisted
from flytetask_nb.sources.blob_cache import fingerprint_of
from flytetask_nb.sources.file_names import SNAPSHOT, content_name, is_readable_name, legible
from flytetask_nb.sources.git_files import files_in_revision, is_git_address
from flytetask_nb.sources.in_flight import CONTENT, answer_of
from flytetask_nb.sources.openers import BytesAtHand, LocalFile, RemoteFile
from flytetask_nb.sources.patterns import EVERY_DEPTH, has_magic, matching, without_links
from flytetask_nb.sources.registered_tasks import RegisteredTasks, is_admin_address
from flytetask_nb.sources.streams import Stream, cannot_be_read

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Iterator, Mapping
    from concurrent.futures import Future

    from flytetask_nb.sources.in_flight import InFlight

_EXPECTED = "an archive (.tgz, .tar.gz, .tar), .pb, .json, .yaml or .parquet file"
_NO_FILE = "it is neither a file nor a folder"
_NO_NAME = re.compile("[\\0\ud800-\udc7f\udd00-\udfff]")
"""What no name has; bytes of a name that are no UTF-8 are halves of characters as well, of those between."""
_DEEPEST = 100
"""How deep lists of sources may stand inside each other."""
_WEB = ("http://", "https://")
_GONE = (404, 410)
"""What servers of the web answer where nothing is."""
_MEDIA_TYPE_KEYS = ("mimetype", "ContentType", "contentType", "content_type")
"""Under which fsspec's drivers tell it: of HTTP, S3, Google's and Azure's stores."""
_FOLDER = "directory"
_LARGEST_LIST = 2**24
"""Bytes of a list of a snapshot's parts."""


class Location(NamedTuple):
    """A file to be read.

    ``name``: as the user would name it.
    ``opener``: opens it as a binary file.
    ``problem``: why it cannot be read, where that is known already.
    ``is_named``: whether the name tells what the file holds; bytes and open files may have none.
    ``is_passed_over``: whether it only stands beside what was asked for.
    ``is_lent``: whether somebody else closes it.
    ``media_type``: what its server says that it is, where the name does not tell.
    ``message``: full name of the message that it is; empty for files.
    ``records``: the tasks themselves, where they come from a cluster and there is no file.
    """

    name: str
    opener: Callable[[], Any]
    problem: str = ""
    is_named: bool = True
    is_passed_over: bool = False
    is_lent: bool = False
    media_type: str = ""
    message: str = ""
    records: Iterable[Any] | None = None

    @property
    def local_path(self) -> str | None:
        """Where the file is on this machine's disk, if it is there."""
        return self.opener.path if isinstance(self.opener, LocalFile) else None

    @property
    def size(self) -> int | None:
        """Bytes of the file, where that is known without reading it."""
        size: int | None = getattr(self.opener, "size", None)
        return size

    @contextmanager
    def opened(self) -> Iterator[Stream]:
        """Return the file as a stream.

        Raises LoadError: it cannot be opened.
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


def locations_of(source: Any, in_flight: InFlight) -> Iterator[Location]:
    """Return the files that a source stands for, several URLs of a list asked for at the same time.

    ``source``: as ``load`` takes it.
    Yields Location: files of a folder or a glob in natural order of their names. A source that is not there comes as a
      location with a problem. Hidden files and folders inside a folder are left out.
    Raises ModelTypeError: the source is something else. In a list, that is a location with a problem.
    """
    asked: deque[_Address] = deque()
    for part in _parts(source, 0):
        if isinstance(part, _Address):
            asked.append(part.asked(in_flight))
            if len(asked) >= in_flight.most:
                yield from _remote_locations(asked.popleft())
            continue
        while asked:
            yield from _remote_locations(asked.popleft())
        yield from _local_locations(part) if isinstance(part, str) else [part]
    while asked:
        yield from _remote_locations(asked.popleft())


def source_name(source: Any) -> str:
    """Return what a source is called in errors."""
    if isinstance(source, str | os.PathLike):
        return os.fsdecode(source)
    if isinstance(source, bytes | bytearray | memoryview) or hasattr(source, "read"):
        return next(part.name for part in _parts(source, 0) if isinstance(part, Location))
    return "the sources"


def _parts(source: Any, depth: int) -> Iterator[Location | _Address | str]:
    """Return the sources of a list one by one: what is a file already, addresses, and paths."""
    if isinstance(source, bytes | bytearray | memoryview):
        data = bytes(source)
        yield Location(f"<{len(data)} bytes>", BytesAtHand(data), is_named=False)
    elif isinstance(source, str | os.PathLike):
        name = os.fsdecode(source)
        if _NO_NAME.search(name):
            yield _unreadable(name, "there is no such file: no system takes this name; check the path")
            return
        yield from [name] if isinstance(source, os.PathLike) or os.path.lexists(name) else _named(name)
    elif isinstance(source, Message):
        name = source.DESCRIPTOR.full_name
        # Serialized as the tasks of a collection are, for they are kept as they come.
        data = source.SerializeToString(deterministic=True)
        yield Location(f"<{name}>", BytesAtHand(data), is_named=False, message=name)
    elif hasattr(source, "read"):
        given = getattr(source, "name", None)
        name = legible(given) if isinstance(given, str) else f"<{type(source).__name__}>"
        yield Location(name, lambda: source, is_named=is_readable_name(name), is_lent=True)
    elif isinstance(source, list | tuple | set | frozenset) or hasattr(source, "__next__"):
        if depth > _DEEPEST:
            yield _unreadable("<list>", f"lists of sources stand in each other more than {_DEEPEST} deep; flatten them")
            return
        for part in source:
            yield from _parts(part, depth + 1)
    else:
        problem = (
            f"a source of type {type(source).__name__} cannot be loaded; expected a path, a URL, a glob, bytes, "
            "an open binary file, a protobuf message, or a list of these"
        )
        if not depth:
            raise ModelTypeError(problem)
        yield _unreadable(f"<{type(source).__name__}>", problem)


def _named(name: str) -> Iterator[Location | _Address | str]:
    """Return what a text stands for that is no path of a file that is there."""
    if is_admin_address(name):
        yield Location(legible(name), io.BytesIO, records=RegisteredTasks(name))
    elif is_git_address(name):
        yield from _git_locations(name)
    else:
        yield _Address(name) if is_url(name) else name


def _git_locations(name: str) -> Iterator[Location]:
    try:
        files = files_in_revision(name)
    except LoadError as error:
        return iter([_unreadable(name, str(error))])
    locations = [
        Location(legible(file), opener, is_passed_over=len(files) > 1 and not is_readable_name(file))
        for file, opener in files
    ]
    return _some_readable(name, "the folder holds", locations)


def _unreadable(name: str, problem: str) -> Location:
    return Location(legible(name), io.BytesIO, problem)


def _some_readable(name: str, what: str, locations: list[Location]) -> Iterator[Location]:
    """Return files in natural order, or one with a problem where nothing among them can be read."""
    if all(location.is_passed_over for location in locations):
        yield _unreadable(name, f"{what} no file that can be loaded; expected {_EXPECTED}")
    else:
        yield from sorted(locations, key=lambda location: natural_key(location.name))


# -- on this machine -----------------------------------------------------------------------------------------------


def _local_locations(name: str) -> Iterator[Location]:
    path = os.path.expanduser(name)  # noqa: PTH111 - a text, for glob and for names as the user writes them
    if os.path.isfile(path):  # noqa: PTH113
        yield _local_location(path, name)
    elif os.path.isdir(path):  # noqa: PTH112
        yield from _some_readable(name, "the folder holds", list(_local_folder(path, name)))
    elif os.path.lexists(path):
        yield _unreadable(name, _NO_FILE)
    elif has_magic(name):
        yield from _local_glob(path, name)
    elif (displaced := _displaced(path)) is not None:
        yield from _some_readable(name, "the folder holds", list(_local_folder(displaced, name)))
    else:
        yield _unreadable(name, "there is no such file or folder; check the path")


def _displaced(path: str) -> str | None:
    """Return where the folder of a snapshot is while its successor is put in its place."""
    parent, name = os.path.split(path.rstrip(os.sep))
    place = dict(displaced_folders(parent)).get(name)
    return None if place is None else os.path.join(parent, place)  # noqa: PTH118


def _local_location(path: str, name: str, *, is_inner: bool = False) -> Location:
    is_passed_over = is_inner and not is_readable_name(path)
    # A pipe or a device among the files would be waited for, or never end.
    if not is_passed_over and os.path.exists(path) and not os.path.isfile(path):  # noqa: PTH110, PTH113
        return _unreadable(name, _NO_FILE)
    return Location(legible(name), LocalFile(os.path.abspath(path)), is_passed_over=is_passed_over)  # noqa: PTH100


def _local_folder(path: str, name: str) -> Iterator[Location]:
    files, unreadable = _files_in(path)
    base = name.rstrip(os.sep) or os.sep
    for file in without_links(files):
        full_name = os.path.join(base, os.path.relpath(file, path))  # noqa: PTH118
        yield _local_location(file, full_name, is_inner=True)
    yield from unreadable


def _files_in(path: str) -> tuple[list[str], list[Location]]:
    """Return the paths of the files in a folder, and the folders in it that cannot be read."""
    errors: list[OSError] = []
    files: list[str] = []
    lists: list[str] = []
    for folder, inner, names in os.walk(path, onerror=errors.append):
        lists += [os.path.join(folder, LIST)] if LIST in names else []  # noqa: PTH118
        displaced = dict(displaced_folders(folder)) if any(child.startswith(".") for child in inner) else {}
        inner[:] = [child for child in inner if not child.startswith(".")]
        inner.extend([place for name, place in displaced.items() if name not in inner])
        files += (os.path.join(folder, file) for file in names if not file.startswith("."))  # noqa: PTH118
    dropped = unlisted(files, lists, _beginning_of) if lists else ()
    files = [file for file in files if file not in dropped]
    problem = "the folder cannot be read: {}; check its rights"
    return files, [_unreadable(str(error.filename), problem.format(one_line(error))) for error in errors]


def _beginning_of(path: str) -> bytes:
    """Return as much of a file as a list of parts may be; nothing where it cannot be read."""
    with suppress(OSError), open(path, "rb") as file:  # noqa: PTH123
        return file.read(_LARGEST_LIST)
    return b""


def _local_glob(path: str, name: str) -> Iterator[Location]:
    matches = matching(path)
    if not matches:
        yield _unreadable(name, "no file matches this pattern; check it")
        return
    files = [match for match in matches if not os.path.isdir(match)]  # noqa: PTH112
    locations: list[Location] = []
    if EVERY_DEPTH not in name:  # which names what is in the folders as well
        for folder in filter(os.path.isdir, matches):
            inner, unreadable = _files_in(folder)
            files += inner
            locations += unreadable
    locations += (_local_location(file, file, is_inner=True) for file in without_links(files))
    yield from _some_readable(name, "the pattern matches", locations)


# -- elsewhere -----------------------------------------------------------------------------------------------------


class _Address(NamedTuple):
    """An address that a user has named: its file system and path, and what there is, once that was asked for."""

    name: str
    system: Any = None
    path: str = ""
    details: Future[Any] | None = None
    problem: str = ""

    def asked(self, in_flight: InFlight) -> _Address:
        """Return the address with the question that was asked for it."""
        try:
            system, path = file_system(self.name)
        except ImportError as error:
            # fsspec's own text names the package.
            return self._replace(problem=f"the driver for this address is not installed: {one_line(error)}")
        except Exception as error:  # noqa: BLE001 - every driver raises errors of its own
            return self._replace(problem=f"this address cannot be opened: {one_line(error)}; check it")
        ask = in_flight.details_or_content if self._is_probably_small else in_flight.details
        return self._replace(system=system, path=path, details=ask(system, path))

    @property
    def _is_probably_small(self) -> bool:
        """Whether to read it at once. A server of the web may send all of a file, whatever part of it is asked for."""
        if self.is_pattern or "::" in self.name or _is_of_web(self.name):
            return False
        return is_readable_name(self.name) and not self.name.endswith(SNAPSHOT)

    @property
    def is_pattern(self) -> bool:
        """Whether it may stand for several files."""
        return has_magic(self.name) and not (_is_of_web(self.name) and "?" in self.name)


def _remote_locations(address: _Address) -> Iterator[Location]:
    if address.problem:
        return iter([_unreadable(address.name, address.problem)])
    if _is_of_this_machine(address):
        # Its folders hold links, which fsspec follows round and round.
        scheme = f"{address.name.partition('://')[0]}://"
        return (location._replace(name=f"{scheme}{location.name}") for location in _local_locations(address.path))
    try:
        return iter(_remote(address))
    except Exception as error:  # noqa: BLE001 - every driver raises errors of its own
        problem = f"cannot be read: {one_line(error)}; check the address and your rights"
        return iter([_unreadable(address.name, problem)])


def _is_of_this_machine(address: _Address) -> bool:
    protocols = address.system.protocol
    return "::" not in address.name and "file" in ([protocols] if isinstance(protocols, str) else protocols)


def _remote(address: _Address) -> list[Location]:
    system, path, name = address.system, address.path, address.name
    details = _details(address)
    if details is None and address.is_pattern:
        return _remote_glob(system, path, name)
    if details is None:
        return [_unreadable(name, "there is no such file or folder; check the address")]
    if CONTENT in details:
        return [Location(legible(name), BytesAtHand(details[CONTENT]))]
    if details.get("type") == _FOLDER:
        return list(_some_readable(name, "the folder holds", _remote_folder(system, path, name)))
    location = _remote_location(system, path, name, details)
    if is_readable_name(content_name(name)):
        return [location]
    # Where its name does not tell what it is, its server or its content may.
    media_type = next((details[key] for key in _MEDIA_TYPE_KEYS if isinstance(details.get(key), str)), "")
    return [location._replace(is_named=not media_type and not _is_of_web(name), media_type=media_type)]


def _details(address: _Address) -> Mapping[str, Any] | None:
    """Return what a file system says of an address, None where nothing is there."""
    if address.details is None:
        return None
    try:
        details: Mapping[str, Any] = answer_of(address.details)
    except Exception as error:
        if address.is_pattern:
            return None  # it need not be a name that a driver can do anything with
        if not isinstance(error, FileNotFoundError):
            raise
        # Whatever a server of the web answers, fsspec takes for a file that is not there.
        status = getattr(error.__cause__, "status", None)
        if isinstance(status, int) and status not in _GONE and error.__cause__ is not None:
            raise error.__cause__ from None
        return None
    return details


def _is_of_web(name: str) -> bool:
    return any(link.startswith(_WEB) for link in name.split("::"))


def _remote_location(
    system: Any, path: str, name: str, details: Mapping[str, Any], *, is_inner: bool = False
) -> Location:
    size = details.get("size")
    is_chained = "::" in name
    file = RemoteFile(
        system,
        path,
        size=size if isinstance(size, int) else None,
        # What lies in an archive may have the time and the size of what was there before.
        fingerprint="" if is_chained else fingerprint_of(details),
        is_chained=is_chained,
    )
    return Location(legible(name), file, is_passed_over=is_inner and not is_readable_name(path))


def _remote_folder(system: Any, path: str, name: str) -> list[Location]:
    head, mark, rest = name.partition("::") if "://" in name.partition("::")[0] else (name, "", "")
    head = head if head.endswith("/") else f"{head}/"
    root = path.rstrip("/")
    locations = []
    files = system.find(path, detail=True)
    lists = [file for file in files if file.endswith(f"/{LIST}")]
    dropped = unlisted(files, lists, lambda place: system.cat_file(place, end=_LARGEST_LIST)) if lists else ()
    for file, details in files.items():
        # The root of some file systems is an empty text, and their names begin with no slash.
        inner = file.removeprefix(root).lstrip("/")
        if file not in dropped and not any(part.startswith(".") for part in inner.split("/")):
            full_name = f"{head}{inner}{mark}{rest}"
            locations.append(_remote_location(system, file, full_name, details, is_inner=True))
    return locations


def _remote_glob(system: Any, path: str, name: str) -> list[Location]:
    scheme = name.split("://", 1)[0] + "://" if "://" in name else ""
    locations: list[Location] = []
    matches = system.glob(path, detail=True)
    for file, details in matches.items():
        # Some file systems give names with their scheme, some with a slash in front, some with neither.
        full_name = file if file.startswith(scheme) else scheme + file
        if details.get("type") != _FOLDER:
            locations.append(_remote_location(system, file, full_name, details, is_inner=True))
        elif EVERY_DEPTH not in name:  # which names what is in the folders as well
            locations += _remote_folder(system, file, full_name)
    if not matches:
        return [_unreadable(name, "no file matches this pattern; check it")]
    return list(_some_readable(name, "the pattern matches", locations))
