"""Schemes of versions: which of them tell an order by themselves, and which only look as though they did."""

from __future__ import annotations

import re
from functools import lru_cache
from typing import TYPE_CHECKING, Any, Final, NamedTuple

if TYPE_CHECKING:
    from collections.abc import Iterable

_HEX: Final = re.compile("[0-9a-f]+")
_HASH: Final = re.compile(
    r"g?(?![abc]\d{1,3}$)(?=[0-9]*[a-f])(?=[a-f]*[0-9])[0-9a-f]{4,64}|[a-f]{7,64}|g[0-9a-f]{4,64}"
)
_PARTS: Final = re.compile(r"(?P<prefix>(?:[a-z][a-z._/-]*)?)(?P<rest>[0-9].*)", re.DOTALL)
_HASHED: Final = re.compile(r"(?:^|.*[._/-])(?:g|git|sha|sha1|commit|hash)[._/-]*")
_DATE: Final = re.compile(
    r"(?P<year>(?:19|20)\d\d)(?P<mark>[-_]?)(?P<month>0[1-9]|1[0-2])"
    r"(?:(?P=mark)(?P<day>0[1-9]|[12]\d|3[01])(?=(?:\d{4}(?:\d\d)?)?(?![0-9a-z])|t\d|[a-z](?![0-9a-z])))?"
    r"(?P<tail>(?:(?<=\d\d)t(?=\d))?.*?)z?"
)
_DATE_DIGITS: Final = re.compile(r"(?:19|20)\d\d(?:0[1-9]|1[0-2])(?:0[1-9]|[12]\d|3[01])(?:\d{4}(?:\d\d)?)?")
_RELEASE: Final = re.compile(r"(?:(?P<epoch>\d+)!)?(?P<numbers>\d+(?:\.\d+)*)(?P<suffix>[^+]*)(?:\+(?P<local>.*))?")
_SUFFIX: Final = re.compile(r"[a-z0-9]*(?:[-._][a-z0-9]+)*")
_DESCRIBED: Final = re.compile(r"-(\d+)-g[0-9a-f]{4,64}(?:[-.]dirty)?")
_WORD: Final = re.compile("[a-z]+|[0-9]+")
_CHUNK: Final = re.compile("[a-z0-9]+")

_LONGEST: Final = 200
"""Characters beyond which a version is looked at no further."""
_TIME: Final = 6
"""Digits that hours, minutes and seconds have together; a longer run that is no date may be a hash."""
_COUNTED: Final = 6
"""Digits that the number behind a word (``build-1042``) may have: a longer one may be a hash."""
_BARE: Final = 3
"""Digits that a number by itself may have: hashes are shortened to four characters at the least."""

# Stages of a release, in order: PEP 440 has development releases before all others.
_DEVELOPMENT, _PRE, _FINAL, _POST = range(4)
_SPELLINGS: Final = {"a": "alpha", "b": "beta", "c": "rc", "pre": "rc", "preview": "rc", "rev": "post", "r": "post"}
_STAGES: Final = frozenset({"alpha", "beta", "rc", "post", "dev"})


class _Parsed(NamedTuple):
    """A version that is of some scheme.

    ``scheme``: what all versions of a task must have in common.
    ``key``: by which it compares with others of that scheme.
    ``tail``: what follows a date, part by part; None where it may be a hash or a name, which have no order.
    """

    scheme: tuple[str, ...]
    key: tuple[Any, ...]
    tail: tuple[Any, ...] = ()


def version_keys(texts: Iterable[str]) -> dict[str, Any] | None:
    """Return sort keys of versions that are all of one scheme.

    Returns dict or None: a key for each version. None where the versions tell no order: one of them is of no scheme or
      of another one, or two of them differ in nothing that has an order, such as two builds of one release.

    Notes
    -----
    Policy of this package. Schemes are releases after PEP 440 and semantic versioning, with what comes before a
    release before it (``1.0.dev3``, ``1.0.0rc1``, ``1.0.0-rc.1``, ``v1.16.0-b3``) and what ``git describe`` puts
    behind it after it; dates (``2026-03-01``, ``20260301.2``, ``2026-03-c9b2c44d``); and numbers, by themselves or
    behind a word (``v12``, ``build-1042``). All of a task's versions have the same word. What could as well be a hash,
    digits alone or hexadecimal letters such as ``1e10``, ``3b12`` and ``e3``, is of no scheme, nor are numbers of more
    than three digits by themselves.
    """
    texts = set(texts)
    parsed = {text: version for text in texts if (version := _parsed(text)) is not None}
    if len(parsed) < len(texts) or len({version.scheme for version in parsed.values()}) != 1:
        return None
    unordered = {place for version in parsed.values() for place, part in enumerate(version.tail) if part is None}
    keys = {
        text: (version.key, tuple(part for place, part in enumerate(version.tail) if place not in unordered))
        for text, version in parsed.items()
    }
    return keys if len(set(keys.values())) == len(keys) else None


@lru_cache(maxsize=4096)
def _parsed(text: str) -> _Parsed | None:
    lower = text.lower()
    parts = _PARTS.fullmatch(lower) if len(lower) <= _LONGEST and lower.isascii() else None
    if parts is None or _HASHED.fullmatch(parts["prefix"]):
        return None
    prefix, rest = "" if parts["prefix"] == "v" else parts["prefix"], parts["rest"]
    if _HEX.fullmatch(lower):
        if _DATE_DIGITS.fullmatch(lower):
            return _of_date(prefix, rest)
        return _Parsed(("number",), (int(lower),)) if lower.isdigit() and len(lower) <= _BARE else None
    return _of_date(prefix, rest) or _of_release(prefix, rest, is_bare=not parts["prefix"])


def _of_date(prefix: str, rest: str) -> _Parsed | None:
    date = _DATE.fullmatch(rest)
    if date is None or (not date["day"] and (date["tail"][:1] or "-").isalnum()):
        return None
    key = int(date["year"]), int(date["month"]), int(date["day"] or 0)
    chunks = _CHUNK.findall(date["tail"].removeprefix("t"))
    return _Parsed(("date", prefix, date["mark"]), key, tuple(map(_part, chunks)))


def _part(chunk: str) -> tuple[Any, ...] | None:
    """Return a part behind a date in a form that compares: a number, or a letter that counts on (2026-03-01b)."""
    if chunk.isdigit():
        return None if _is_hash(chunk) else (0, int(chunk), "")
    return (1, 0, chunk) if len(chunk) == 1 else None


def _of_release(prefix: str, rest: str, *, is_bare: bool) -> _Parsed | None:
    release = _RELEASE.fullmatch(rest)
    if release is None:
        return None
    texts = release["numbers"].split(".")
    is_single = len(texts) == 1
    if is_single and len(texts[0]) > (_BARE if is_bare else _COUNTED):
        return None
    suffix = _suffix(release["suffix"], is_single=is_single)
    if suffix is None:
        return None
    numbers = [int(text) for text in texts]
    while numbers and not numbers[-1]:
        numbers.pop()
    kind, *stage = suffix
    scheme = ("number",) if is_single and is_bare else (kind, prefix)
    return _Parsed(scheme, (int(release["epoch"] or 0), tuple(numbers), *stage, _local(release["local"] or "")))


def _suffix(text: str, *, is_single: bool) -> tuple[str, int, tuple[Any, ...], tuple[int, int]] | None:
    """Return what follows the numbers: kind of scheme, stage, names with numbers, and number of a development release.

    None where it follows neither PEP 440 nor semantic versioning.
    """
    described = _DESCRIBED.fullmatch(text)
    if described is not None:
        return "release", _POST, ((0, int(described[1]), ""),), (1, 0)
    chunks = _CHUNK.findall(text)
    if _SUFFIX.fullmatch(text) is None:
        return None
    if text[:1].isalpha() and (_is_hash(chunks[0]) or (is_single and _HEX.fullmatch(chunks[0]) and len(text) > _BARE)):
        return None
    kept = [chunk for chunk in chunks if chunk != "dirty" and not _is_hash(chunk)]
    if len(chunks) == 1 and kept and kept[0].isdigit():
        # PEP 440 takes 1.0-1 for what follows 1.0, semantic versioning for what precedes it.
        return "revision", _FINAL, ((0, int(kept[0]), ""),), (1, 0)
    words = [_SPELLINGS.get(word, word) for chunk in kept for word in _WORD.findall(chunk)]
    if words and not text.startswith("-") and words[0] not in _STAGES:
        return None
    development = (1, 0)
    stage = _PRE if words else _FINAL
    for length in (1, 2):
        if words[-length:][:1] == ["dev"] and all(word.isdigit() for word in words[len(words) - length + 1 :]):
            development = (0, int("".join(words[len(words) - length + 1 :]) or 0))
            words = words[:-length]
            stage = stage if words else _DEVELOPMENT
            break
    if words[:1] == ["post"]:
        stage, words = _POST, words[1:]
    return "release", stage, tuple(map(_identifier, words)), development


def _identifier(word: str) -> tuple[int, int, str]:
    # Numbers come before words in semantic versioning.
    return (0, int(word), "") if word.isdigit() else (1, 0, word)


def _is_hash(chunk: str) -> bool:
    if chunk.isdigit():
        return len(chunk) > _TIME and _DATE_DIGITS.fullmatch(chunk) is None
    return _HASH.fullmatch(chunk) is not None


def _local(text: str) -> tuple[Any, ...]:
    """Return a local version in a form that compares: numbers after words, as PEP 440 has it; hashes left out."""
    chunks = (chunk for chunk in _CHUNK.findall(text) if chunk != "dirty" and not _is_hash(chunk))
    return tuple((1, int(chunk), "") if chunk.isdigit() else (0, 0, chunk) for chunk in chunks)
