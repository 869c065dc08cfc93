"""Texts and lengths of time as a terminal, a page or a line of a log can take them."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from datetime import timedelta

_UNITS = ((86_400, "d"), (3_600, "h"), (60, "min"), (1, "s"))

# Control characters can move a terminal's cursor, and direction marks can make a name read as another one.
_INVISIBLE = re.compile(
    "[\x00-\x08\x0b-\x1f\x7f-\x9f\u00ad\u061c\u115f\u1160\u180e\u200b\u200e\u200f\u2028-\u202e\u2060-\u206f\ufeff\ufff9-\ufffb"
    "\ud800-\udfff\U000e0000-\U000e007f]"
)


def visible(text: str) -> str:
    """Return the text with characters that show nothing, or more than they should, written as escapes."""
    if text.isprintable():
        return text
    return _INVISIBLE.sub(_escaped, text)


def _escaped(character: re.Match[str]) -> str:
    number = ord(character[0])
    if number > 0xFFFF:  # noqa: PLR2004 - as Python writes them
        return f"\\U{number:08x}"
    return f"\\x{number:02x}" if number < 0x100 else f"\\u{number:04x}"  # noqa: PLR2004


def in_words(span: timedelta) -> str:
    """Return a duration in the fewest units that are exact: ``"3 h"``, ``"1 h 30 min"``, ``"1.5 s"``."""
    seconds = span.days * 86_400 + span.seconds
    if seconds < 0:
        return f"−{in_words(-span)}"
    parts = []
    for size, unit in _UNITS:
        count, seconds = divmod(seconds, size)
        if unit == "s" and span.microseconds:
            parts.append(f"{count + span.microseconds / 1_000_000:.6f}".rstrip("0") + " s")
        elif count:
            parts.append(f"{count} {unit}")
    return " ".join(parts) or "0 s"
