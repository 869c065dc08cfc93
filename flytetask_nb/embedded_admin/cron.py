"""Whether a schedule can be read, in the words of the library that Flyte Admin reads it with (robfig/cron).

Only what is wrong is told; nothing is ever started.
"""

from __future__ import annotations

import re
from typing import Final, NamedTuple

from flytetask_nb.embedded_admin.refusals import Refusal, invalid

__all__ = ["check_cron"]


class _Field(NamedTuple):
    least: int
    most: int
    names: tuple[str, ...] = ()


_MONTHS: Final = tuple("jan feb mar apr may jun jul aug sep oct nov dec".split())
_DAYS: Final = tuple("sun mon tue wed thu fri sat".split())
_FIELDS: Final = (_Field(0, 59), _Field(0, 23), _Field(1, 31), _Field(1, 12, _MONTHS), _Field(0, 6, _DAYS))
_DESCRIPTORS: Final = frozenset("@yearly @annually @monthly @weekly @daily @midnight @hourly".split())
_EVERY: Final = "@every "
_DURATION: Final = re.compile(r"[+-]?(?:(?:\d+\.?\d*|\.\d+)(?:ns|us|µs|μs|ms|s|m|h))+\Z|[+-]?0\Z")
_ZONE: Final = re.compile(r"(?:CRON_)?TZ=[^ ]* +")


def check_cron(expression: str) -> None:
    """Refuse a schedule that cannot be read. An empty one is none.

    Raises
    ------
    Refusal
        INVALID_ARGUMENT.
    """
    if not expression:
        return
    told = _ZONE.sub("", expression, count=1) if _ZONE.match(expression) else expression
    if told.startswith("@"):
        _check_descriptor(told)
        return
    parts = told.split()
    if len(parts) != len(_FIELDS):
        raise _wrong(f"expected exactly {len(_FIELDS)} fields, found {len(parts)}: [{' '.join(parts)}]")
    for part, field in zip(parts, _FIELDS, strict=True):
        # Commas at the ends do not count.
        for choice in filter(None, part.split(",")):
            _check_choice(choice, field)


def _wrong(problem: str) -> Refusal:
    return invalid(f"Invalid cron expression: {problem}")


def _check_descriptor(told: str) -> None:
    if told in _DESCRIPTORS:
        return
    if not told.startswith(_EVERY):
        raise _wrong(f"unrecognized descriptor: {told}")
    duration = told.removeprefix(_EVERY)
    if not _DURATION.match(duration):
        raise _wrong(f'failed to parse duration {told}: time: invalid duration "{duration}"')


def _check_choice(choice: str, field: _Field) -> None:
    span, *steps = choice.split("/")
    ends = span.split("-")
    if ends[0] in ("*", "?"):
        low, high = field.least, field.most
    else:
        low = _number(ends[0], field)
        if len(ends) > len(("low", "high")):
            raise _wrong(f"too many hyphens: {choice}")
        high = _number(ends[1], field) if len(ends) > 1 else low
    if len(steps) > 1:
        raise _wrong(f"too many slashes: {choice}")
    step = _number(steps[0], _Field(0, 0)) if steps else 1
    # A step without an end goes on to the last.
    high = field.most if steps and len(ends) == 1 else high
    for is_wrong, problem in (
        (low < field.least, f"beginning of range ({low}) below minimum ({field.least}): {choice}"),
        (high > field.most, f"end of range ({high}) above maximum ({field.most}): {choice}"),
        (low > high, f"beginning of range ({low}) beyond end of range ({high}): {choice}"),
        (step == 0, f"step of range should be a positive number: {choice}"),
    ):
        if is_wrong:
            raise _wrong(problem)


def _number(text: str, field: _Field) -> int:
    if text.lower() in field.names:
        return field.names.index(text.lower()) + field.least
    if not re.fullmatch(r"[+-]?[0-9]+", text):
        raise _wrong(f'failed to parse int from {text}: strconv.Atoi: parsing "{text}": invalid syntax')
    number = int(text[:20])
    if number < 0:
        raise _wrong(f"negative number ({number}) not allowed: {text}")
    return number
