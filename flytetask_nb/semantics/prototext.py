"""Messages in the one-line text by which Flyte tells them apart and orders them."""

from __future__ import annotations

from math import isfinite
from typing import TYPE_CHECKING, Any, Final

from flytetask_nb.semantics.descriptors import enum_name, is_repeated, map_entry

if TYPE_CHECKING:
    from google.protobuf.descriptor import FieldDescriptor
    from google.protobuf.message import Message

# How Go writes characters that would not show; all others stand for themselves.
_ESCAPES: Final = (
    {code: f"\\x{code:02x}" for code in (*range(0x20), 0x7F)}
    | {code: f"\\u{code:04x}" for code in range(0x80, 0xA0)}
    # Where bytes are no UTF-8, decoding leaves these.
    | {0xDC00 + byte: f"\\x{byte:02x}" for byte in range(0x80, 0x100)}
    | {ord("\n"): "\\n", ord("\r"): "\\r", ord("\t"): "\\t", ord('"'): '\\"', ord("\\"): "\\\\"}
)
# From here on Go writes a number with an exponent.
_LARGE_EXPONENT: Final = 6
_SMALL_EXPONENT: Final = -4


def compact_text(message: Message) -> str:
    """Return a message in protobuf's text format, on one line.

    Returns str: as Go's ``String()`` gives it, but for unknown fields, which are left out, and for the second space
      that Go puts between fields in some builds; neither changes the order of two texts. ``simple:STRING`` for example.
    """
    parts: list[str] = []
    for field, value in sorted(message.ListFields(), key=lambda item: item[0].index):
        entry = map_entry(field)
        if entry is not None:
            of_key, of_value = entry
            parts += (
                f"{field.name}:{{key:{_text(of_key, key)} value:{_text(of_value, value[key])}}}"
                for key in sorted(value)
            )
        elif is_repeated(field):
            parts += (f"{field.name}:{_text(field, item)}" for item in value)
        else:
            parts.append(f"{field.name}:{_text(field, value)}")
    return " ".join(parts)


def _text(field: FieldDescriptor, value: Any) -> str:
    if field.message_type is not None:
        return f"{{{compact_text(value)}}}"
    if field.enum_type is not None:
        return enum_name(field.enum_type, value)
    if isinstance(value, bytes):
        return _quoted(value.decode(errors="surrogateescape"))
    if isinstance(value, str):
        return _quoted(value)
    return _number(value) if isinstance(value, float) else str(value).lower()


def _quoted(text: str) -> str:
    return f'"{text.translate(_ESCAPES)}"'


def _number(number: float) -> str:
    """Write a number with the fewest digits that tell it from its neighbours, as Go lays them out."""
    if not isfinite(number):
        return str(number)
    for digits in range(17):
        text = f"{number:.{digits}e}"
        if float(text) == number:
            break
    exponent = int(text.partition("e")[2])
    return text if not _SMALL_EXPONENT <= exponent < _LARGE_EXPONENT else f"{number:.{max(digits - exponent, 0)}f}"
