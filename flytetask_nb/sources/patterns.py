"""The files that a pattern matches on this machine, and those of a folder, whatever links there are.

What a user names is followed. A folder that is only come upon is not entered through a link, so no walk is endless, and
a file is found once, however many links lead to it.
"""

from __future__ import annotations

import fnmatch
import os
import re
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator

EVERY_DEPTH = "**"
_MAGIC = frozenset("*?[")


def has_magic(name: str) -> bool:
    """Tell whether a name may be a pattern."""
    return not _MAGIC.isdisjoint(name)


def matching(pattern: str) -> list[str]:
    """Return the paths that a pattern matches, as ``glob.glob(pattern, recursive=True)`` does.

    ``pattern``: of a path. ``**`` stands for any number of folders. Hidden names are matched by what begins with a dot
      alone.
    """
    drive, rest = os.path.splitdrive(pattern)
    parts = [part for part in rest.split(os.sep) if part]  # noqa: PTH206 - a path has no **
    root = drive + os.sep if rest.startswith(os.sep) else drive
    steps: list[str] = []
    for part in parts:
        # Two of them in a row say what one says.
        if part != EVERY_DEPTH or steps[-1:] != [EVERY_DEPTH]:
            steps.append(part)
    return list(dict.fromkeys(_Search(steps, only_folders=rest.endswith(os.sep)).matches(root)))


class _Search:
    def __init__(self, steps: list[str], *, only_folders: bool) -> None:
        self.steps = steps
        self.only_folders = only_folders
        self.seen: set[tuple[str, int]] = set()
        self.forms = {step: re.compile(fnmatch.translate(os.path.normcase(step))) for step in steps if has_magic(step)}

    def matches(self, root: str) -> Iterator[str]:
        waiting = [(root, 0)]
        while waiting:
            path, index = waiting.pop()
            if (path, index) in self.seen:
                continue
            self.seen.add((path, index))
            if index == len(self.steps):
                if os.path.isdir(path) if self.only_folders else os.path.lexists(path):  # noqa: PTH112
                    yield path
                continue
            waiting += reversed(list(self.following(path, index)))

    def following(self, path: str, index: int) -> Iterator[tuple[str, int]]:
        """Yield where a step leads from a path, and which step is next there."""
        step = self.steps[index]
        if step == EVERY_DEPTH:
            yield path, index + 1
            yield from self.deeper(path, index)
        elif step not in self.forms:
            yield os.path.join(path, step), index + 1  # noqa: PTH118 - texts, as the user writes them
        else:
            is_last = index == len(self.steps) - 1
            for name, is_folder in _entries(path, with_hidden=step.startswith(".")):
                if self.forms[step].match(os.path.normcase(name)) and (is_last or is_folder):
                    yield os.path.join(path, name), index + 1  # noqa: PTH118

    def deeper(self, path: str, index: int) -> Iterator[tuple[str, int]]:
        for name, is_folder in _entries(path):
            inner = os.path.join(path, name)  # noqa: PTH118
            if is_folder:
                yield inner, index
            elif index == len(self.steps) - 1:
                yield inner, index + 1


def _entries(path: str, *, with_hidden: bool = False) -> list[tuple[str, bool]]:
    """Return the names in a folder, and whether each is one itself; none of links to folders, or where it is none."""
    try:
        with os.scandir(path or os.curdir) as entries:
            return [
                (entry.name, entry.is_dir())
                for entry in entries
                if (with_hidden or not entry.name.startswith(".")) and not (entry.is_symlink() and entry.is_dir())
            ]
    except (OSError, ValueError):  # the latter of a path that no system takes
        return []


def without_links(paths: Iterable[str]) -> list[str]:
    """Return paths of files, but of those that lead to the same file one alone: the file's own, else the first."""
    paths = list(paths)
    links = [path for path in paths if os.path.islink(path)]  # noqa: PTH114
    if not links:
        return paths
    # A folder above may be a link too, where the user named one.
    kept = {_real(path) for path in paths if not os.path.islink(path)}  # noqa: PTH114
    dropped = set()
    for link in sorted(links):
        real = _real(link)
        if real in kept:
            dropped.add(link)
        kept.add(real)
    return [path for path in paths if path not in dropped]


def _real(path: str) -> str:
    try:
        return os.path.realpath(path)
    except OSError:  # of a link that may not be followed, which is told where it is read
        return path
