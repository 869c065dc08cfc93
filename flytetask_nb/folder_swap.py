"""A new folder in the place of an old one, so that one of the two is there whenever its writer is killed.

Linux and macOS exchange two folders in one step. Where the file system cannot (NFS, Windows), the old folder is moved
aside first, into a hidden one beside it; whoever looks for it meanwhile, or after a crash between the two steps, finds
it by ``displaced_folders``.
"""

from __future__ import annotations

import ctypes
import os
import shutil
import sys
import tempfile
from contextlib import contextmanager, suppress
from errno import EEXIST, ENOENT, ENOTEMPTY
from pathlib import Path
from typing import TYPE_CHECKING, Any, Final

if TYPE_CHECKING:
    from collections.abc import Iterator

_DISPLACED: Final = "displaced-snapshot"
"""The name of an old folder inside the hidden one, until the new one is in its place."""
_TURNS: Final = 100
"""How often a writer lets others go first that save to the same place at the same moment."""
_EXCHANGE: Final = 2
"""RENAME_EXCHANGE of Linux, and RENAME_SWAP of macOS."""
_HERE: Final = -100
"""AT_FDCWD of Linux."""


def displaced_folders(parent: str) -> list[tuple[str, str]]:
    """Return the folders that were moved aside and have no successor yet, the newest last.

    Returns list of tuple of str: the name that each had, and where it is now, relative to ``parent``.
    """
    places: list[tuple[int, str, str]] = []
    with suppress(OSError, ValueError), os.scandir(parent or os.curdir) as entries:
        for room in entries:
            name = room.name[1:].rpartition(".")[0]
            if room.name.startswith(".") and name and Path(room.path, _DISPLACED).is_dir():
                places.append((room.stat().st_mtime_ns, name, f"{room.name}{os.sep}{_DISPLACED}"))
    return [(name, place) for _, name, place in sorted(places)]


@contextmanager
def room_beside(target: Path) -> Iterator[Path]:
    """Return a path on the same disk that is gone afterwards. Its folder is hidden: loading passes it over."""
    target.parent.mkdir(parents=True, exist_ok=True)
    room = Path(tempfile.mkdtemp(prefix=f".{target.name}.", dir=target.parent))
    try:
        yield room / "new"
    finally:
        old = room / _DISPLACED
        if old.exists() and not target.exists():
            with suppress(OSError):
                os.rename(old, target)  # noqa: PTH104 - as below
        if target.exists() or not old.exists():
            shutil.rmtree(room, ignore_errors=True)


def put_in_place(new: Path, target: Path) -> None:
    """Put a folder, which is in a room beside its place, into this place; what was there before is gone.

    Raises OSError: it cannot be put there.
    """
    for _ in range(_TURNS):
        if _exchanged(new, target) or _renamed(new, target):
            break
    else:
        raise OSError("others save to the same folder all the time")
    # What a killed writer moved aside is not to come back.
    for name, place in displaced_folders(str(target.parent)):
        if name == target.name:
            shutil.rmtree(target.parent / place, ignore_errors=True)


def _exchanged(new: Path, target: Path) -> bool:
    """Let two folders change places; False where one is not there, or the system cannot."""
    try:
        library: Any = ctypes.CDLL(None)
        first, second = os.fsencode(new), os.fsencode(target)
        if sys.platform == "darwin":
            return bool(library.renamex_np(first, second, _EXCHANGE) == 0)
        return bool(library.renameat2(_HERE, first, _HERE, second, _EXCHANGE) == 0)
    except (AttributeError, OSError, TypeError):
        return False


def _renamed(new: Path, target: Path) -> bool:
    """Move the old folder aside and the new one to its place; False where another writer was faster."""
    old = new.with_name(_DISPLACED)
    try:
        if target.exists():
            shutil.rmtree(old, ignore_errors=True)  # of a turn in which another writer was faster
            os.rename(target, old)  # noqa: PTH104 - tests look for the calls between which a crash matters
        os.rename(new, target)  # noqa: PTH104 - likewise
    except OSError as error:
        if new.exists() and error.errno in {EEXIST, ENOENT, ENOTEMPTY}:
            return False
        raise
    return True
