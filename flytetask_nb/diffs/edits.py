"""What a change does to the flat form of a task, exactly, and the paths by which it tells where."""

from __future__ import annotations

import re
from functools import lru_cache
from typing import Any, NamedTuple, TypeAlias

_PLAIN = re.compile(r"[\w-]+(?:[./][\w-]+)*", re.ASCII)


@lru_cache(maxsize=4096)
def joined(path: str, key: str) -> str:
    """Return the path of what stands under a key."""
    if _PLAIN.fullmatch(key):
        return f"{path}.{key}" if path else key
    return f"{path}[{key!r}]"


class Replacement(NamedTuple):
    """What a change takes from the flat form of a task and what it puts there, None: nothing.

    The values are the exact ones, messages among them, where those that a change shows are worded for people.
    """

    old_path: str
    path: str
    old: Any
    new: Any


class Splice(NamedTuple):
    """What a change takes from a list and what it puts into it, each item with its place in the whole list."""

    old_path: str
    path: str
    removed: tuple[tuple[int, str], ...]
    added: tuple[tuple[int, str], ...]


class Move(NamedTuple):
    """What stood under one path stands under another, as far as no other change says more of it."""

    old_path: str
    path: str


Edits: TypeAlias = tuple[Replacement | Splice | Move, ...]


class Named(NamedTuple):
    """A message that is there even if nothing is in it."""

    name: str
    message: Any


def named(name: str, message: Any) -> Named | None:
    """Return a message under its name; None where there is none."""
    return None if message is None else Named(name, message)
