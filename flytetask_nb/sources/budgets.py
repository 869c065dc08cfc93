"""What a file's bytes may come to when protobuf parses them: told by a walk over the wire, before it does.

Two bytes are an empty message, which takes a hundred times as much memory. A file of a few kilobytes can so be an entry
of tens of megabytes, and that gigabytes.
"""

from __future__ import annotations

from functools import cache
from typing import TYPE_CHECKING, Any, Final

from flytetask_nb.errors import LoadError

if TYPE_CHECKING:
    from collections.abc import Mapping

_SMALL: Final = 2**17
"""Bytes of a message that is not worth the walk: whatever it is, it stays small."""
_MOST_MESSAGES: Final = 1_000_000
_MOST_FIELDS: Final = 3_000_000
_FREE_FIELDS: Final = 20_000
_LEAST_BYTES: Final = 3
"""Bytes that fields have on average; those beyond the first have to."""
_DEEPEST: Final = 100
_VARINT, _FIXED64, _BYTES, _START, _END, _FIXED32 = range(6)
_MESSAGE: Final = 11


def refuse_bombs(descriptor: Any, data: bytes) -> None:
    """Raise where bytes, read as a message, would come to much more than they are.

    Where they are none of such a message, they are for protobuf to refuse.

    Raises LoadError: they hold more messages or fields than a file of tasks has reason to.
    """
    if len(data) > _SMALL:
        _Walk(data).messages_in(_inner(descriptor), 0, len(data), 0)


class _Walk:
    """One walk over some bytes, and what it came upon."""

    def __init__(self, data: bytes) -> None:
        self.data = data
        self.messages = 0
        self.fields = 0

    def messages_in(self, inner: Mapping[int, Any], position: int, end: int, depth: int) -> None:
        data = self.data
        try:
            while position < end:
                tag, position = _number(data, position)
                self.count_field(position)
                form = tag & 7
                if form == _VARINT:
                    _, position = _number(data, position)
                elif form == _BYTES:
                    size, position = _number(data, position)
                    if size > end - position:
                        return
                    message = inner.get(tag >> 3)
                    if message is not None:
                        self.count_message()
                        if size and depth < _DEEPEST:
                            self.messages_in(_inner(message), position, position + size, depth + 1)
                    position += size
                elif form in {_FIXED64, _FIXED32}:
                    position += 8 if form == _FIXED64 else 4
                elif form not in {_START, _END}:
                    return
        except IndexError:
            return

    def count_message(self) -> None:
        self.messages += 1
        if self.messages > _MOST_MESSAGES:
            raise LoadError(f"more than {_MOST_MESSAGES:,} messages in {len(self.data):,} bytes; split the file")

    def count_field(self, position: int) -> None:
        self.fields += 1
        if self.fields > _FREE_FIELDS and (
            self.fields > _MOST_FIELDS or (self.fields - _FREE_FIELDS) * _LEAST_BYTES > position
        ):
            raise LoadError(
                f"more than {self.fields - 1:,} fields in {position:,} bytes, most of them empty: no file of tasks"
            )


def _number(data: bytes, position: int) -> tuple[int, int]:
    """Return the number that begins at a place, and where it ends."""
    byte = data[position]
    if byte < 128:  # noqa: PLR2004 - the last of its bytes
        return byte, position + 1
    number = shift = 0
    while byte >= 128:  # noqa: PLR2004
        number |= (byte & 127) << shift
        shift += 7
        position += 1
        byte = data[position]
    return number | byte << shift, position + 1


@cache
def _inner(descriptor: Any) -> dict[int, Any]:
    """Return the messages in a message, by the numbers of their fields."""
    return {field.number: field.message_type for field in descriptor.fields if field.type == _MESSAGE}
