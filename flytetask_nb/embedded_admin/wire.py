"""Protobuf's wire format, as far as it takes to put big answers together out of parts that are serialized already."""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Iterable

__all__ = ["embedded", "joined"]

_LENGTH_DELIMITED = 2
_MORE = 0x80


def _varint(number: int) -> bytes:
    parts = bytearray()
    while number >= _MORE:
        parts.append(number & (_MORE - 1) | _MORE)
        number >>= 7
    parts.append(number)
    return bytes(parts)


def embedded(field: int, content: bytes) -> bytes:
    """Give a field that holds a message, a text or bytes, with its content."""
    return _varint(field << 3 | _LENGTH_DELIMITED) + _varint(len(content)) + content


def joined(field: int, contents: Iterable[bytes]) -> bytes:
    """Give a repeated field with its contents."""
    return b"".join(embedded(field, content) for content in contents)
