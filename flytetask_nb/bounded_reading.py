"""JSON and TOML that somebody else has written, read without more work, memory or depth than they are worth.

Whatever is wrong with a text is one kind of error, a ``ValueError``. YAML, and JSON whose keys may not stand twice, are
read by ``sources/document_reader.py``, which is made of this.
"""

from __future__ import annotations

import sys
from typing import TYPE_CHECKING, Any, Final

if TYPE_CHECKING:
    from collections.abc import Callable

_MOST_VALUES: Final = 5_000_000
"""Values that one JSON text may have."""
DEEPEST: Final = 100
"""How deep values may stand inside each other: as deep as protobuf's own JSON parser goes."""
_LARGEST_TOML: Final = 2**20
"""Characters of a TOML text: its parser is Python."""


class BeyondBoundsError(ValueError):
    """A text is larger or deeper than there is reason to read; says what of it, as in ``JSON of more than …``."""


def json_value(text: str | bytes, pairs: Callable[[list[tuple[str, Any]]], Any] | None = None) -> Any:
    """Return what a JSON text holds.

    ``text``: as it was written.
    ``pairs``: makes an object of its keys and values; a dict by default.
    Raises ValueError: it is no JSON.
    Raises BeyondBoundsError: it may have more values than there is reason to, or they are nested too deeply to be read.
    """
    import json  # noqa: PLC0415 - many sessions read none

    commas: tuple[Any, ...] = (b",", b"[", b"{") if isinstance(text, bytes) else (",", "[", "{")
    # Commas in texts count too: it is the memory that is bounded, before it is taken.
    if sum(map(text.count, commas)) > _MOST_VALUES:
        raise BeyondBoundsError(f"of more than {_MOST_VALUES:,} values")
    try:
        return json.loads(text, object_pairs_hook=pairs)
    except RecursionError:
        raise BeyondBoundsError("that is nested too deeply") from None


def toml_table(text: str) -> dict[str, Any]:
    """Return what a TOML text holds.

    Raises ValueError: it is no TOML.
    Raises BeyondBoundsError: it is longer or deeper than settings have reason to be.
    """
    if sys.version_info >= (3, 11):
        import tomllib  # noqa: PLC0415 - few sessions read settings
    else:
        import tomli as tomllib  # noqa: PLC0415
    if len(text) > _LARGEST_TOML:
        raise BeyondBoundsError(f"of more than {_LARGEST_TOML:,} characters")
    try:
        table: dict[str, Any] = tomllib.loads(text)
    except RecursionError:
        raise BeyondBoundsError("that is nested too deeply") from None
    if depth_of(table) > DEEPEST:
        raise BeyondBoundsError("that is nested too deeply")
    return table


def depth_of(value: Any) -> int:
    """Return how deep values stand inside each other, counted without recursion."""
    depth, level = 0, [value]
    while level:
        depth += 1
        level = [
            inner
            for item in level
            if isinstance(item, dict | list)
            for inner in (item.values() if isinstance(item, dict) else item)
        ]
    return depth
