"""How numbers, amounts and times are put into words, the same way everywhere."""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence
    from datetime import datetime

    from flytetask_nb.views.document import Piece

_ACRONYMS = {"nvidia": "NVIDIA", "amd": "AMD", "tpu": "TPU", "google": "Google", "intel": "Intel"}
_DROPPED = frozenset({"tesla"})


def counted(number: int, singular: str, plural: str = "") -> str:
    """Return ``"1 input"``, ``"3 inputs"``, ``"no inputs"``."""
    if number == 1:
        return f"1 {singular}"
    return f"{number:,} {plural or singular + 's'}" if number else f"no {plural or singular + 's'}"


def listed(words: Sequence[str], limit: int = 6) -> str:
    """Return words with commas, cut with a count of the rest."""
    if len(words) <= limit:
        return ", ".join(words)
    return f"{', '.join(words[:limit])}, … {len(words) - limit} more"


def joined(pieces: Iterable[Piece], separator: str = " · ") -> list[Piece]:
    """Return what is not empty with a separator between."""
    line: list[Piece] = []
    for piece in pieces:
        if piece:
            line += [separator, piece] if line else [piece]
    return line


def quoted(text: str) -> str:
    """Return a text in typographic quotes."""
    return f"“{text}”"


def moment(time: datetime) -> str:
    """Return a time in UTC to the second: ``"2026-11-20 14:05:09 UTC"``."""
    return f"{time:%Y-%m-%d %H:%M:%S} UTC"


def device_name(label: str) -> str:
    """Return an accelerator's node label as people say it: ``nvidia-tesla-a100`` is ``NVIDIA A100``."""
    words = [word for word in label.split("-") if word and word not in _DROPPED]
    if not words:
        return label
    return " ".join(_ACRONYMS.get(word, word.upper() if any(map(str.isdigit, word)) else word) for word in words)
