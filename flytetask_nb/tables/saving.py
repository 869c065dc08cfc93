"""Putting files where a user wants them, so that a crash leaves what was there before.

A file is written beside its place, forced to disk, and renamed; a folder likewise, in exchange for the old one.
Elsewhere than on this machine a file is handed over in one piece, which object stores take wholly or not at all, and of
a folder a list says which parts are in force (``part_lists.py``).
"""

from __future__ import annotations

import os
import shutil
from contextlib import contextmanager, suppress
from hashlib import sha256
from io import BytesIO
from pathlib import Path
from typing import TYPE_CHECKING, Any, Final
from urllib.parse import quote

from flytetask_nb.addresses import file_system, is_url
from flytetask_nb.errors import FlyteTaskError, ModelTypeError, SaveError, one_line
from flytetask_nb.folder_swap import put_in_place, room_beside
from flytetask_nb.part_lists import LIST, PartList, is_part

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Iterator, Mapping

SUFFIX: Final = ".parquet"
FAILED: Final = f"failures{SUFFIX}"
"""The part that holds no tasks, but what could not be read beside them."""
_TASKS: Final = f"tasks{SUFFIX}"
_TABLES_OF_OTHERS: Final = {
    ".csv": ".to_csv(path)",
    ".feather": ".to_feather(path)",
    ".json": ".to_json(path)",
    ".pickle": ".to_pickle(path)",
    ".pkl": ".to_pickle(path)",
    ".tsv": '.to_csv(path, sep="\\t")',
    ".txt": ".to_string(path)",
    ".xls": ".to_excel(path)",
    ".xlsx": ".to_excel(path)",
}
"""Endings of what is no snapshot, and how pandas writes it."""
_UNSET: Final = "__HIVE_DEFAULT_PARTITION__"
"""What tools that read such folders take for a missing value."""


def part_path(project: str, domain: str) -> str:
    """Return the path of a part inside a folder, as Hive, Dask and pyarrow read it."""
    return f"project={_quoted(project)}/domain={_quoted(domain)}/{_TASKS}"


def _quoted(text: str) -> str:
    # Dots are kept by quote, and a folder cannot be called by dots alone.
    return quote(text, safe="").replace(".", "%2E") if text else _UNSET


def save_file(path: Any, write: Callable[[Any], None]) -> None:
    """Write a file, wholly or not at all.

    ``path``: a path, or a URL that fsspec knows.
    ``write``: writes into an open binary file.
    Raises SaveError: it cannot be written; what was there before still is.
    """
    with _place_of(path) as (system, inner):
        if system is not None:
            system.makedirs(system._parent(inner), exist_ok=True)
            system.pipe_file(inner, _written(write))
            return
        target = Path(inner).resolve()
        if target.is_dir():
            raise IsADirectoryError("there is a folder of that name")
        with room_beside(target) as new:
            _write_through(new, write)
            if target.exists():
                shutil.copymode(target, new)
            os.replace(new, target)  # noqa: PTH105 - tests look for the call that makes it atomic
            _force(target.parent)


def save_folder(path: Any, parts: Mapping[str, Callable[[Any], None]]) -> None:
    """Write a folder of parts and take away those that were there before.

    ``path``: a path, or a URL that fsspec knows.
    ``parts``: what writes each part, by its path inside the folder.
    Raises SaveError: it cannot be written, or holds something else than a snapshot, which would be lost.
    """
    with _place_of(path) as (system, inner):
        if system is not None:
            _save_far(system, inner.rstrip("/"), parts)
            return
        target = Path(inner).resolve()
        _check_own(target)
        with room_beside(target) as new:
            for part, write in parts.items():
                place = new / part
                place.parent.mkdir(parents=True, exist_ok=True)
                _write_through(place, write)
            for folder, _, _ in os.walk(new, topdown=False):
                _force(Path(folder))
            if target.exists():
                shutil.copymode(target, new)
            put_in_place(new, target)
            _force(target.parent)


def _save_far(system: Any, root: str, parts: Mapping[str, Callable[[Any], None]]) -> None:
    before = {path.removeprefix(root).lstrip("/"): path for path in system.find(root)} if system.exists(root) else {}
    _check_parts(sorted(before))
    listing = f"{root}/{LIST}"
    listed = PartList.from_bytes(system.cat_file(listing)) if LIST in before else None
    if listed is None:
        # Nothing that comes next is to be read before it is all there.
        listed = PartList(frozenset(before.keys() - {LIST}))
        system.makedirs(root, exist_ok=True)
        system.pipe_file(listing, listed.to_bytes())
    made = set()
    for part, write in parts.items():
        data = _written(write)
        name = f"{part.removesuffix(SUFFIX)}-{sha256(data).hexdigest()[:16]}{SUFFIX}"
        made.add(name)
        if name not in before:
            place = f"{root}/{name}"
            system.makedirs(system._parent(place), exist_ok=True)
            system.pipe_file(place, data)
    gone = (listed.parts | listed.replaced) - made
    system.pipe_file(listing, PartList(frozenset(made), frozenset(gone)).to_bytes())
    for part in sorted(gone & before.keys()):
        system.rm_file(before[part])


def _check_own(target: Path) -> None:
    """Refuse a folder that holds what nobody asked to replace."""
    if target.exists() and not target.is_dir():
        raise NotADirectoryError("there is a file of that name")
    paths = (Path(folder, file) for folder, _, files in os.walk(target) for file in files)
    _check_parts(path.relative_to(target).as_posix() for path in paths)


def _check_parts(paths: Iterable[str]) -> None:
    for path in paths:
        if path != LIST and not is_part(path):
            raise SaveError(
                f"the folder holds {path!r}, which is no part of a snapshot and would be lost; choose another folder"
            )


def _written(write: Callable[[Any], None]) -> bytes:
    file = BytesIO()
    write(file)
    return file.getvalue()


def _write_through(path: Path, write: Callable[[Any], None]) -> None:
    with path.open("wb") as file:
        write(file)
        file.flush()
        os.fsync(file.fileno())


def _force(folder: Path) -> None:
    """Make the names in a folder survive a power cut, where the system has a way to."""
    with suppress(OSError):
        handle = os.open(folder, os.O_RDONLY)
        try:
            os.fsync(handle)
        finally:
            os.close(handle)


def _system_of(name: str) -> tuple[Any, str]:
    """Return the file system and the path in it; no file system where it is this machine's."""
    if not is_url(name):
        return None, os.path.expanduser(name)  # noqa: PTH111 - a text still
    from fsspec.implementations.local import LocalFileSystem  # noqa: PLC0415 - loaded with the first URL

    system, inner = file_system(name)
    return None if isinstance(system, LocalFileSystem) else system, inner


@contextmanager
def _place_of(path: Any) -> Iterator[tuple[Any, str]]:
    """Give what ``_system_of`` does, and turn whatever goes wrong with it into an error that names the path."""
    if not isinstance(path, str | os.PathLike):
        raise ModelTypeError(f"a snapshot cannot be saved to {type(path).__name__}; expected a path or a URL")
    name = os.fsdecode(path)
    suffix = Path(name).suffix.lower()
    if suffix in _TABLES_OF_OTHERS:
        raise SaveError(
            f"{name}: a snapshot is Parquet, in a file that ends in .parquet or in a folder, not {suffix}; for a table, "
            f"write tasks.to_frame(){_TABLES_OF_OTHERS[suffix]}"
        )
    try:
        yield _system_of(name)
    except SaveError as error:
        raise SaveError(f"{name}: {error}") from None
    except FlyteTaskError:
        raise
    except Exception as error:
        raise SaveError(
            f"{name}: cannot be saved: {one_line(error)}; check the path, its rights and the room on the disk"
        ) from error
