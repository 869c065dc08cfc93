"""How PostgreSQL reads the text of a filter's value, by what the column holds.

SQLite takes any text for any column; what PostgreSQL refuses, and how it reads the rest, is told here, of times in the
form of ISO 8601 only.
"""

from __future__ import annotations

import re
from datetime import datetime, timedelta, timezone
from typing import TYPE_CHECKING, Any, Final

from flytetask_nb.embedded_admin.columns import BIGINT, BYTES, INTEGER, TEXT, TIME
from flytetask_nb.embedded_admin.refusals import Refusal, database_error

if TYPE_CHECKING:
    from collections.abc import Callable

LARGEST: Final = 2**63
"""What no whole number reaches, neither in PostgreSQL nor in Go."""
_RANGES: Final = {BIGINT: LARGEST, INTEGER: 2**31}
_INTEGER: Final = re.compile(r"[+-]?[0-9]+")
_BLANKS: Final = " \t\n\r\f\v"
_TIMESTAMP: Final = re.compile(
    r"(\d{4}-\d{2}-\d{2})(?:[Tt ](\d{2}:\d{2}(?::\d{2})?)(\.\d+)?)?\s*(?:[Zz]|UTC|([+-]\d{2}):?(\d{2})?)?", re.ASCII
)
_EPOCH: Final = datetime(1970, 1, 1, tzinfo=timezone.utc)
_GLOB: Final = {"%": "*", "_": "?"}


def read_value(kind: str, text: str) -> Any:
    """Read the value of a filter as PostgreSQL reads it into a column of a kind.

    Returns str, int or bytes: as the store holds it; times in microseconds since 1970.
    Raises Refusal: UNKNOWN: PostgreSQL cannot read it.
    """
    return _READERS[kind](kind, text)


def whole_number(text: str) -> int | None:
    """Return the number that a text is, ``LARGEST`` where it is out of range by its length; None where it is none."""
    if not _INTEGER.fullmatch(text):
        return None
    # Python refuses to read thousands of digits.
    return int(text) if len(text.lstrip("+-0")) <= len(str(LARGEST)) else LARGEST


def _integer(kind: str, text: str) -> int:
    number = whole_number(text.strip(_BLANKS))
    if number is None:
        raise _unreadable(kind, text)
    if not -_RANGES[kind] <= number < _RANGES[kind]:
        raise database_error(f'value "{text}" is out of range for type {kind}')
    return number


def _time(kind: str, text: str) -> int:
    match = _TIMESTAMP.fullmatch(text.strip())
    if match is None:
        raise _unreadable(kind, text)
    day, clock, fraction, hours, minutes = match.groups()
    try:
        moment = datetime.fromisoformat(f"{day} {clock or '00:00'}{hours or '+00'}:{minutes or '00'}")
    except ValueError:
        raise database_error(f'date/time field value out of range: "{text}"') from None
    return micros(moment) + round(float(f"0{fraction or ''}") * 10**6)


def micros(moment: datetime) -> int:
    """Return a time as microseconds since 1970."""
    return (moment - _EPOCH) // timedelta(microseconds=1)


def _unreadable(kind: str, text: str) -> Refusal:
    return database_error(f'invalid input syntax for type {kind}: "{text}"')


_READERS: Final[dict[str, Callable[[str, str], Any]]] = {
    TEXT: lambda _, text: text,
    BIGINT: _integer,
    INTEGER: _integer,
    TIME: _time,
    BYTES: lambda _, text: text.encode(),
}


def as_glob(pattern: str) -> str:
    r"""Translate a LIKE pattern of PostgreSQL's into a GLOB pattern of SQLite's.

    SQLite's own LIKE takes upper and lower case for the same and knows no ``\``; its GLOB is exact.

    Raises Refusal: UNKNOWN: the pattern ends with an escape character. PostgreSQL says so only when it gets that far.
    """
    translated = []
    characters = iter(pattern)
    for character in characters:
        if character in _GLOB:
            translated.append(_GLOB[character])
            continue
        literal = next(characters, None) if character == "\\" else character
        if literal is None:
            raise database_error("LIKE pattern must not end with escape character")
        translated.append(f"[{literal}]" if literal in "*?[" else literal)
    return "".join(translated)
