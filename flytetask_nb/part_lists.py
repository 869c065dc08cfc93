"""Which files behind an address make up a snapshot: those that a list beside them names.

No store replaces several files at once. So new parts are written under names of their own, then their list, which is one
file and is replaced wholly or not at all, and then goes what it no longer names. A writer that is killed at any moment
leaves the old list or the new one; parts that no list names are not read.
"""

from __future__ import annotations

import json
import re
from typing import TYPE_CHECKING, Final, NamedTuple

from flytetask_nb.bounded_reading import json_value

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable

__all__ = ["LIST", "PartList", "is_part", "unlisted"]

LIST: Final = ".snapshot"
"""The name of the list: readers of such folders pass hidden files over."""
_PART: Final = re.compile(r"(?:project=[^/]*/domain=[^/]*/tasks|failures)(?:-[0-9a-f]{16})?\.parquet")


def is_part(inner: str) -> bool:
    """Tell whether a file of a snapshot's folder is one of its parts, by its path in there."""
    return _PART.fullmatch(inner) is not None


class PartList(NamedTuple):
    """What a list says.

    ``parts``: what the snapshot is made of, by the paths inside its folder.
    ``replaced``: what it was made of before, and what may still be there.
    """

    parts: frozenset[str]
    replaced: frozenset[str] = frozenset()

    @classmethod
    def from_bytes(cls, data: bytes) -> PartList | None:
        """Return what a file says; None where it is no such list."""
        try:
            held = json_value(data)
            lists = [frozenset(held[name]) for name in cls._fields]
        except (KeyError, TypeError, ValueError):
            return None
        return cls(*lists) if all(isinstance(part, str) for part in frozenset().union(*lists)) else None

    def to_bytes(self) -> bytes:
        """Return the file."""
        held = {name: sorted(parts) for name, parts in self._asdict().items()}
        return json.dumps(held, indent=1).encode()


def unlisted(files: Iterable[str], lists: Iterable[str], read: Callable[[str], bytes]) -> set[str]:
    """Return those of some files that are parts of snapshots, but of none that is in force.

    ``files``: their paths.
    ``lists``: the paths of the lists among them.
    ``read``: returns what stands in a list.
    """
    files = list(files)
    left_out: set[str] = set()
    for place in lists:
        listed = PartList.from_bytes(read(place))
        if listed is not None:
            root = place.removesuffix(LIST)
            inner = {file: file.removeprefix(root).replace("\\", "/") for file in files if file.startswith(root)}
            left_out |= {file for file, part in inner.items() if is_part(part) and part not in listed.parts}
    return left_out
