"""Files of other machines, fetched as a whole and in their order, the next ones while one is read."""

from __future__ import annotations

from collections import deque
from contextlib import suppress
from dataclasses import replace
from typing import TYPE_CHECKING, NamedTuple

from flytetask_nb.sources.file_names import content_name, is_archive_name, is_readable_name
from flytetask_nb.sources.in_flight import NEAR, UNTOLD, TooLargeError, answer_of, is_asynchronous
from flytetask_nb.sources.openers import BytesAtHand, RemoteFile
from flytetask_nb.sources.streams import cannot_be_read

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator
    from concurrent.futures import Future

    from flytetask_nb.sources.blob_cache import BlobCache
    from flytetask_nb.sources.in_flight import InFlight
    from flytetask_nb.sources.locations import Location

_MOST_HELD = 256 * 2**20
"""Bytes of files that are on their way, or have come and are not read yet."""
_MOST_AT_ONCE = 64 * 2**20
"""Bytes of a file that is fetched as a whole; larger ones are streams."""
_AHEAD = 4
"""How many times as many files may be asked for, or have come, as are on their way at one time."""


class _Pending(NamedTuple):
    """A file that was asked for, if it has to be asked for, and the bytes that it may come to."""

    location: Location
    file: RemoteFile | None = None
    call: Future[tuple[bytes, str]] | None = None
    size: int = 0


def fetched(locations: Iterable[Location], in_flight: InFlight, cache: BlobCache | None = None) -> Iterator[Location]:
    """Fetch the files of other machines, the next ones while one is read, and return all files in their order.

    Those of this machine are returned as they are, and so are those that come as a stream.
    """
    pending: deque[_Pending] = deque()
    remaining = iter(locations)
    held, is_more = 0, True
    while is_more or pending:
        while is_more and len(pending) < _AHEAD * in_flight.most and (held < _MOST_HELD or not pending):
            location = next(remaining, None)
            if location is None:
                is_more = False
                break
            if not pending and not isinstance(location.opener, RemoteFile):
                # Nothing is on its way: what comes after this is not looked for yet.
                yield location
                continue
            upcoming = _asked_for(location, in_flight, cache)
            pending.append(upcoming)
            held += upcoming.size
        if pending:
            first = pending.popleft()
            yield _arrived(first, cache)
            held -= first.size


def sized(locations: Iterable[Location], in_flight: InFlight) -> Iterator[Location]:
    """Ask for the sizes of those files of which no listing has said them, many at a time."""
    files = [(location, location.opener) for location in locations]
    calls = [
        in_flight.details(file.system, file.path)
        if isinstance(file, RemoteFile) and file.size is None and not location.problem
        else None
        for location, file in files
    ]
    for (location, file), call in zip(files, calls, strict=True):
        size = None
        with suppress(Exception):  # every driver raises errors of its own; reading the file tells them
            size = None if call is None else answer_of(call).get("size")
        if isinstance(file, RemoteFile) and isinstance(size, int):
            yield location._replace(opener=replace(file, size=size))
        else:
            yield location


def _asked_for(location: Location, in_flight: InFlight, cache: BlobCache | None) -> _Pending:
    file = location.opener
    if not isinstance(file, RemoteFile) or not _is_fetched(location, file):
        return _Pending(location)
    data = None if cache is None else cache.get(file)
    if data is not None:
        return _Pending(location._replace(opener=BytesAtHand(data)), size=len(data))
    call = in_flight.content(file, checks=cache is not None and bool(file.fingerprint))
    return _Pending(location, file, call, UNTOLD if file.size is None else file.size)


def _is_fetched(location: Location, file: RemoteFile) -> bool:
    """Tell whether a file is to be read as a whole, from somewhere that may answer more than one question at a time."""
    if location.problem or location.is_passed_over or (file.size or 0) > _MOST_AT_ONCE:
        return False
    name = content_name(location.name)
    if location.is_named and not is_archive_name(name) and not is_readable_name(name):
        return False
    if is_asynchronous(file.system):
        return True
    return not file.is_chained and type(file.system).__name__ not in NEAR


def _arrived(pending: _Pending, cache: BlobCache | None) -> Location:
    location, file = pending.location, pending.file
    if file is None or pending.call is None:
        return location
    try:
        data, fingerprint = answer_of(pending.call)
    except (NotImplementedError, TooLargeError):
        return location
    except Exception as error:  # noqa: BLE001 - every driver raises errors of its own
        return location._replace(problem=str(cannot_be_read(error)))
    if cache is not None and fingerprint == file.fingerprint:
        cache.put(file, data)
    return location._replace(opener=BytesAtHand(data))
