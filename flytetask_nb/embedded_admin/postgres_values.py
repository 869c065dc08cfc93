"""How PostgreSQL reads the text of a filter's value, by what the column holds.

SQLite takes any text for any column; what PostgreSQL refuses, and how it reads the rest, is told here.
"""

from __future__ import annotations

import re
from datetime import datetime, timedelta, timezone
from typing import TYPE_CHECKING, Any, Final

from flytetask_nb.embedded_admin.columns import BIGINT, BYTES, INTEGER, TEXT, TIME
from flytetask_nb.embedded_admin.refusals import Refusal, database_error

if TYPE_CHECKING:
    from collections.abc import Callable

__all__ = ["FAR_FUTURE", "FAR_PAST", "as_glob", "bytes_pattern", "micros", "read_value"]

_INTEGER: Final = re.compile(r"[ \t\n\r\f\v]*([+-]?[0-9]+)[ \t\n\r\f\v]*\Z")
_RANGES: Final = {BIGINT: 2**63, INTEGER: 2**31}

FAR_PAST: Final = -(2**63)
FAR_FUTURE: Final = 2**63 - 1
"""The infinities, between which every time lies. Times are counted in microseconds since 1970."""

_EPOCH: Final = datetime(1970, 1, 1, tzinfo=timezone.utc)
_DATE: Final = r"(?P<year>\d{4})([-/.]?)(?P<month>\d{1,2})\2(?P<day>\d{1,2})"
_TIME_OF_DAY: Final = r"(?P<hour>\d{1,2}):(?P<minute>\d{2})(?::(?P<second>\d{2})(?P<fraction>\.\d*)?)?"
_ZONE: Final = r"(?P<zone>[zZ]|UTC|utc|GMT|gmt|[+-]\d{1,2}(?::?\d{2}){0,2})?"
_TIMESTAMP: Final = re.compile(rf"{_DATE}(?:(?:[tT]|\s+){_TIME_OF_DAY})?\s*{_ZONE}\Z", re.ASCII)
_LAST_MIDNIGHT_HOUR: Final = 24
_LEAP: Final = 60


def read_value(kind: str, text: str) -> Any:
    """Read a text as PostgreSQL reads it into a column.

    Parameters
    ----------
    kind : str
        What the column holds: one of those of ``columns.py``.
    text : str
        The value of a filter.

    Returns
    -------
    str, int or bytes
        As the store holds it; times in microseconds since 1970.

    Raises
    ------
    Refusal
        UNKNOWN: PostgreSQL cannot read it.
    """
    if "\0" in text:
        raise database_error('invalid byte sequence for encoding "UTF8": 0x00')
    return _READERS[kind](kind, text)


def _text(_: str, text: str) -> str:
    return text


def _integer(kind: str, text: str) -> int:
    match = _INTEGER.match(text)
    if match is None:
        raise _unreadable(kind, text)
    # Whatever has more digits than this is out of range; Python itself refuses to read thousands of them.
    number = int(match[1]) if len(match[1].lstrip("+-0")) <= len(str(2**63)) else 2**63
    if not -_RANGES[kind] <= number < _RANGES[kind]:
        raise database_error(f'value "{text}" is out of range for type {kind}')
    return number


def _time(kind: str, text: str) -> int:
    told = text.strip()
    special = _SPECIAL_TIMES.get(told.lower())
    if special is not None:
        return special()
    match = _TIMESTAMP.match(told)
    if match is None:
        raise _unreadable(kind, text)
    parts = match.groupdict()
    try:
        day = datetime(int(parts["year"]), int(parts["month"]), int(parts["day"]), tzinfo=timezone.utc)
        return micros(day) + _within_day(parts) - _offset(parts["zone"])
    except ValueError:
        raise database_error(f'date/time field value out of range: "{text}"') from None


def _within_day(parts: dict[str, Any]) -> int:
    hour, minute, second = (int(parts[name] or 0) for name in ("hour", "minute", "second"))
    if minute >= _LEAP or second > _LEAP or hour > _LAST_MIDNIGHT_HOUR:
        raise ValueError
    # Half of a microsecond is rounded to the even one.
    fraction = round(float(f"0{parts['fraction']}") * 10**6) if parts["fraction"] else 0
    within = ((hour * 60 + minute) * 60 + second) * 10**6 + fraction
    if within > _LAST_MIDNIGHT_HOUR * 3600 * 10**6:
        raise ValueError
    return within


def _offset(zone: str | None) -> int:
    if not zone or zone[0] not in "+-":
        return 0
    digits = zone[1:].replace(":", "")
    hours, minutes = (digits[:-2], digits[-2:]) if len(digits) > len("00") else (digits, "0")
    seconds = (int(hours) * 60 + int(minutes)) * 60
    return (seconds if zone[0] == "+" else -seconds) * 10**6


def micros(moment: datetime) -> int:
    """Give a time as microseconds since 1970."""
    return (moment - _EPOCH) // timedelta(microseconds=1)


def _now() -> int:
    return micros(datetime.now(timezone.utc))


def _midnight(days: int) -> Callable[[], int]:
    day = 24 * 3600 * 10**6
    return lambda: _now() // day * day + days * day


_SPECIAL_TIMES: Final[dict[str, Callable[[], int]]] = {
    "infinity": lambda: FAR_FUTURE,
    "+infinity": lambda: FAR_FUTURE,
    "-infinity": lambda: FAR_PAST,
    "epoch": lambda: 0,
    "now": _now,
    "today": _midnight(0),
    "tomorrow": _midnight(1),
    "yesterday": _midnight(-1),
}


def _bytes(_: str, text: str) -> bytes:
    r"""Read bytes: ``\x`` and hexadecimal digits, or text in which ``\\`` and ``\ooo`` stand for bytes."""
    if text.startswith("\\x"):
        try:
            return bytes.fromhex(text[2:])
        except ValueError:
            raise database_error(f"invalid hexadecimal data: {text!r}") from None
    if _BAD_ESCAPE.search(_ESCAPE.sub("", text)):
        raise _unreadable(BYTES, text, told=False)
    return b"".join(_unescaped(part) for part in _ESCAPE.split(text) if part)


_ESCAPE: Final = re.compile(r"(\\\\|\\[0-3][0-7]{2})")
_BAD_ESCAPE: Final = re.compile(r"\\")


def _unescaped(part: str) -> bytes:
    if part == "\\\\":
        return b"\\"
    return bytes([int(part[1:], 8)]) if part.startswith("\\") else part.encode()


def _unreadable(kind: str, text: str, *, told: bool = True) -> Refusal:
    return database_error(f"invalid input syntax for type {kind}" + (f': "{text}"' if told else ""))


_READERS: Final[dict[str, Callable[[str, str], Any]]] = {
    TEXT: _text,
    BIGINT: _integer,
    INTEGER: _integer,
    TIME: _time,
    BYTES: _bytes,
}

# -- LIKE ----------------------------------------------------------------------------------------------------------

_NO_ESCAPE: Final = "LIKE pattern must not end with escape character"
_GLOB: Final = {"%": "*", "_": "?"}
_BYTES_PATTERN: Final = {0x25: b".*", 0x5F: b"."}
_BACKSLASH: Final = 0x5C


def as_glob(pattern: str) -> str:
    r"""Translate a LIKE pattern of PostgreSQL's into a GLOB pattern of SQLite's.

    SQLite's own LIKE takes upper and lower case for the same and knows no ``\``; its GLOB is exact.

    Raises
    ------
    Refusal
        UNKNOWN: the pattern ends with an escape character. PostgreSQL says so only when it gets that far.
    """
    translated = []
    characters = iter(pattern)
    for character in characters:
        if character == "\\":
            literal = next(characters, None)
            if literal is None:
                raise database_error(_NO_ESCAPE)
            translated.append(_exact(literal))
        else:
            translated.append(_GLOB.get(character) or _exact(character))
    return "".join(translated)


def _exact(character: str) -> str:
    return f"[{character}]" if character in "*?[" else character


def bytes_pattern(pattern: bytes) -> re.Pattern[bytes]:
    """Translate a LIKE pattern over bytes into a regular expression, to be matched as a whole.

    Raises
    ------
    Refusal
        UNKNOWN: the pattern ends with an escape character.
    """
    translated = []
    numbers = iter(pattern)
    for number in numbers:
        literal: int | None = number
        if number in _BYTES_PATTERN:
            translated.append(_BYTES_PATTERN[number])
            continue
        if number == _BACKSLASH:
            literal = next(numbers, None)
            if literal is None:
                raise database_error(_NO_ESCAPE)
        translated.append(re.escape(bytes([literal or 0])))
    return re.compile(b"".join(translated), re.DOTALL)
