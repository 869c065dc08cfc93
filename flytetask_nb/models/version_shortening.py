"""What a version is called where there is little room: hashes are shortened as Git does, releases stay whole.

A label is unambiguous among the versions of one output, so all versions of an output are given at once.
"""

from __future__ import annotations

import re
from collections import Counter
from functools import lru_cache
from itertools import pairwise, takewhile
from typing import TYPE_CHECKING, Final

if TYPE_CHECKING:
    from collections.abc import Iterable

_FEWEST: Final = 7
"""Characters of a hash that are shown at least, as Git does."""
_LONGEST: Final = 1_000
"""Characters of a version that are compared with another's: fewer of them are shown."""
_LONG: Final = 16
"""Characters from which on a version that is no hash is shortened too."""
_is_hex: Final = re.compile(r"[0-9a-f]{12,}|[0-9A-F]{12,}").fullmatch
_is_base64: Final = re.compile(r"(?=.*\d)(?=.*[a-z])(?=.*[A-Z])[\w+/-]{20,}={0,2}", re.ASCII).fullmatch
_is_time: Final = re.compile(r"\d{1,20}").fullmatch
_SEPARATORS: Final = "-_/+ "


def short_versions(versions: Iterable[str]) -> dict[str, str]:
    """Return a short label for each version.

    ``versions``: all versions of one output, in any order, some of them more than once.
    Returns dict of str to str: by version: of a hash the shortest beginning that no other version has, at least seven
      characters; of any other long version its beginning or, where several begin alike, its end, with an ellipsis;
      anything else whole. No two versions have one label.
    """
    return dict(_labels(tuple(sorted(set(versions)))))


@lru_cache(maxsize=64)
def _labels(versions: tuple[str, ...]) -> tuple[tuple[str, str], ...]:
    shared = dict.fromkeys(versions, 0)
    # In order, a version has most in common with a neighbour.
    for first, second in pairwise(versions):
        pairs = zip(first[:_LONGEST], second[:_LONGEST], strict=False)
        common = sum(1 for _ in takewhile(lambda pair: pair[0] == pair[1], pairs))
        shared[first], shared[second] = max(shared[first], common), max(shared[second], common)
    labels = {version: _label(version, shared[version]) for version in versions}
    taken = Counter(labels.values())
    return tuple((version, label if taken[label] == 1 else version) for version, label in labels.items())


def _label(version: str, common: int) -> str:
    """Shorten a version that has so many characters in common with the one most like it."""
    if is_hash(version):
        return version[: max(_FEWEST, common + 1)]
    if len(version) <= _LONG:
        return version
    if common < _LONG - 1:
        return f"{version[: _LONG - 1].rstrip(_SEPARATORS)}…"
    # What comes before the last separator is the same.
    start = max(version.rfind(separator, 0, common) for separator in _SEPARATORS) + 1
    rest = version[start or common :]
    return f"…{rest}" if len(rest) <= _LONG else version


def is_hash(version: str) -> bool:
    """Tell whether a version is a digest: in hexadecimal digits, or in Base64 as flytekit writes its own."""
    if _is_hex(version):
        return not (version.isalpha() or _is_time(version))
    return _is_base64(version) is not None
