"""Natural order of names: ``o2`` before ``o10``, ``v9`` before ``v10``.

Protobuf maps have no order of their own (and iterate differently from one process to the next), so whatever is
shown or returned from one is put in this order.
"""

from __future__ import annotations

import re
from functools import lru_cache
from typing import NamedTuple

_DIGITS = re.compile("([0-9]+)")
_REMEMBERED = 200
"""Characters of a text that is likely to come again: the versions of a task are packed under one name."""


def natural_key(text: str) -> tuple[tuple[object, ...], str]:
    """Return a sort key that compares runs of digits as numbers.

    Returns tuple: comparable with the key of any other text. Texts that differ only in leading zeros keep a fixed
      order, for the text itself is the last part of the key.
    """
    if text.isalpha():
        return ((text,), text)
    return _key_of(text) if len(text) <= _REMEMBERED else _key_of.__wrapped__(text)


@lru_cache(maxsize=1024)
def _key_of(text: str) -> tuple[tuple[object, ...], str]:
    parts: list[object] = _DIGITS.split(text)
    # A run of digits is ordered by length first, which is what a number does and costs no conversion: Python
    # refuses to convert runs of more than 4,300 digits.
    parts[1::2] = [(len(run), run) for run in (str(part).lstrip("0") for part in parts[1::2])]
    return (tuple(parts), text)


class Rank(NamedTuple):
    """The place of a version in an order that the user gave.

    Attributes
    ----------
    order : str
        Fingerprint of the whole order: places in two orders say nothing of each other.
    place : int
        Its place, from 0, the oldest.
    """

    order: str
    place: int
