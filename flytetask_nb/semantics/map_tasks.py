"""Names of map tasks, as flytekit makes them: of the function that is mapped, and a hash of the settings."""

from __future__ import annotations

import re
from typing import Final

__all__ = ["map_task_stem", "mapped_task", "shortened_map_task"]

_MAP_TASK: Final = re.compile(r"(?P<stem>.*?map_.+?)_[0-9a-f]{16,64}(?:-arraynode)?")
_HASH_LENGTH: Final = 8


def map_task_stem(name: str) -> str | None:
    """Return what comes before the hash in the name of a map task; None if it is no such name."""
    match = _MAP_TASK.fullmatch(name)
    return None if match is None else match["stem"]


def mapped_task(name: str) -> str:
    """Return the name of the task that a map task runs for each item; the name itself if it is none of a map task.

    Notes
    -----
    Flytekit puts ``map_`` before the name of the function and a hash behind it (flytekit/core/array_node_map_task.py).
    """
    stem = map_task_stem(name)
    if stem is None:
        return name
    module, dot, function = stem.rpartition(".")
    return f"{module}{dot}{function.removeprefix('map_')}"


def shortened_map_task(name: str) -> str:
    """Return the name of a task, of a map task's hash only the beginning: the rest tells nobody anything."""
    stem = map_task_stem(name)
    return name if stem is None else f"{name[: len(stem) + 1 + _HASH_LENGTH]}…"
