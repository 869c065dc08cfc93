"""Names of pickled Python classes, as flytekit notes them: the text of a type, whatever that is.

Most are dotted names. Others are what ``str`` makes of a type that is none, with modules in the middle and, where an
object takes part in it, with that object's address in memory, which is another one in every process.
"""

from __future__ import annotations

import re
from functools import lru_cache
from typing import Final

# Policy of this package: nobody writes such a type, and brackets in brackets take their time.
_LONGEST: Final = 2_000
_ADDRESS: Final = re.compile(r" at 0x[0-9a-fA-F]+")
# <class 'pandas.core.series.Series'>, <enum 'Color'>
_WRAPPED: Final = re.compile(r"<\w+ '([^']*)'>")
_ANNOTATED: Final = "Annotated["
_QUOTED: Final = r"'(?:[^'\\]|\\.)*'|\"(?:[^\"\\]|\\.)*\""
_MODULES: Final = re.compile(rf"{_QUOTED}|(?:(?:[^\W\d]\w*|<locals>)\.)+(?=[^\W\d])")
_BRACKETS: Final = re.compile(rf"{_QUOTED}|[\[\](){{}},]")


def without_addresses(text: str) -> str:
    """Return a text without the addresses in memory that Python puts into what it says of objects.

    ``text``: any text; of ``<HashMethod object at 0x7f12ab>`` only ``<HashMethod object>`` is left.
    """
    return _ADDRESS.sub("", text)


@lru_cache(maxsize=1024)
def class_notation(text: str) -> str:
    """Return the name of a pickled class as a Python user would write it, the same for every registration.

    ``text``: what flytekit notes as ``python_class_name``, ``str`` of the type: ``<class 'shop.Video'>``,
      ``typing.Dict[str, shop.Video]``, ``typing.Annotated[shop.Video, <HashMethod object at 0x7f12ab>]``.
    Returns str: ``Video``, ``Dict[str, Video]``, ``Video``: without modules, annotations and addresses. A text that is
      no name stays what it is.
    """
    if len(text) > _LONGEST:
        return without_addresses(text)
    return _MODULES.sub(_kept, without_addresses(_unannotated(_WRAPPED.sub(r"\1", text))))


def _kept(part: re.Match[str]) -> str:
    return part[0] if part[0][0] in "'\"" else ""


def _unannotated(text: str) -> str:
    """Return the text with each ``Annotated[type, ...]`` replaced by its type."""
    while (start := text.find(_ANNOTATED)) >= 0:
        inside = start + len(_ANNOTATED)
        ends = _ends(text, inside)
        if ends is None:
            return text
        before = re.sub(r"[\w.]*$", "", text[:start])
        text = f"{before}{text[inside : ends[0]]}{text[ends[1] :]}"
    return text


def _ends(text: str, start: int) -> tuple[int, int] | None:
    """Return where the first of the items in brackets ends, and where what follows the bracket begins."""
    depth, first = 0, None
    for sign in _BRACKETS.finditer(text, start):
        mark = sign[0]
        if mark in "[({":
            depth += 1
        elif mark == "," and not depth:
            first = sign.start() if first is None else first
        elif mark in "])}":
            if not depth:
                return (sign.start() if first is None else first), sign.end()
            depth -= 1
    return None
