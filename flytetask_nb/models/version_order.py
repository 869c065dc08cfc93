"""Which version of a task is newer than another, and what tells so.

The order that the user gives comes first; then when the versions were registered, where all of them say it; then the
versions themselves, where all of them are of one scheme; else the order in which they were loaded. Hashes have no
order, even those that look like a number.
"""

from __future__ import annotations

import re
from collections.abc import Iterable
from functools import lru_cache
from hashlib import sha256
from itertools import pairwise
from typing import TYPE_CHECKING, Any, Final, NamedTuple

from flytetask_nb.errors import ModelTypeError, ModelValueError
from flytetask_nb.models.identifiers import is_filled_in

if TYPE_CHECKING:
    from collections.abc import Sequence
    from datetime import datetime

    from flytetask_nb.models.flyte_task import FlyteTask

__all__ = [
    "CREATED_AT",
    "GIVEN",
    "LOADING",
    "ORDERS",
    "VERSION",
    "Rank",
    "by_age",
    "in_words",
    "order_of",
    "ranks_given",
    "tasks_by_age",
    "version_keys",
    "version_label",
]

GIVEN: Final = "given"
CREATED_AT: Final = "created_at"
VERSION: Final = "version"
LOADING: Final = "loading"

ORDERS: Final = (GIVEN, CREATED_AT, VERSION, LOADING)
"""What an order can rest on, the surest first."""

_WORDS: Final = {
    GIVEN: "in the order given",
    CREATED_AT: "ordered by created_at",
    VERSION: "ordered by version",
    LOADING: "by load order: these versions tell no order",
}

_FINGERPRINT: Final = 16
_TOLD: Final = 5


class Rank(NamedTuple):
    """The place of a version in an order that the user gave.

    Attributes
    ----------
    order : str
        Fingerprint of the whole order: places in two orders say nothing of each other.
    place : int
        Its place, from 0, the oldest.
    """

    order: str
    place: int


def version_label(version: str, source: str | None) -> str:
    """Return what a version is called: where it is not filled in, the name of its file without the ending."""
    if is_filled_in(version):
        return version
    name = re.split(r"[/\\]", (source or "").split("!", 1)[0])[-1]
    return re.sub(r"\.(?:tar\.gz|\w+)$", "", name) or "(no version)"


def in_words(order: str) -> str:
    """Return what an order rests on, in a few words."""
    return _WORDS[order]


def order_of(versions: Iterable[str], ranks: Sequence[Rank | None], *, are_dated: bool) -> str:
    """Return what the order of a task's versions rests on: one of ``ORDERS``.

    Parameters
    ----------
    versions
        All versions of one task; empty or a placeholder where they are not registered yet.
    ranks
        Their places in the order that the user gave.
    are_dated
        Whether all of them say when they were registered.
    """
    first = ranks[0] if ranks else None
    if first is not None and all(rank is not None and rank.order == first.order for rank in ranks):
        return GIVEN
    if are_dated:
        return CREATED_AT
    return VERSION if _tell_an_order(tuple(versions)) else LOADING


@lru_cache(maxsize=256)
def _tell_an_order(versions: tuple[str, ...]) -> bool:
    # Tasks of one project have the same versions.
    return version_keys(versions) is not None


def by_age(
    versions: Sequence[str], times: Sequence[datetime | None], ranks: Sequence[Rank | None]
) -> tuple[list[int], str]:
    """Put versions of one task in order of age.

    Parameters
    ----------
    versions, times, ranks
        Of each version, in the order in which they were loaded: what it is called, when it was registered, and its
        place in the order that the user gave.

    Returns
    -------
    (list of int, str)
        Their positions, the oldest first, and what that rests on: one of ``ORDERS``. Versions of one time follow
        each other as they tell themselves; what nothing tells apart, as it was loaded.

    Notes
    -----
    Policy of this package.
    """
    order = order_of(versions, ranks, are_dated=None not in times)
    keys = version_keys(versions) if order in {CREATED_AT, VERSION} else None

    def age(position: int) -> tuple[Any, ...]:
        rank = ranks[position]
        return (
            rank.place if order == GIVEN and rank is not None else 0,
            times[position] if order == CREATED_AT else 0,
            () if keys is None else keys[versions[position]],
        )

    return sorted(range(len(versions)), key=age), order


def tasks_by_age(tasks: Sequence[FlyteTask]) -> tuple[list[int], str]:
    """Put versions of one task in order of age: see :func:`by_age`."""
    return by_age(
        [task._message.template.id.version for task in tasks],
        [task.created_at for task in tasks],
        [task.rank for task in tasks],
    )


# -- an order that is given ------------------------------------------------------------------------------------------


def ranks_given(order: object, labels: Sequence[str], tasks: Iterable[FlyteTask]) -> list[Rank]:
    """Return the places of tasks in an order that the user gave.

    Parameters
    ----------
    order
        What the versions are called, the oldest first; or a function from a task to something that compares.
    labels, tasks
        What the version of each task is called, and the tasks.

    Raises
    ------
    ModelTypeError
        ``order`` is neither, or what the function returns does not compare.
    ModelValueError
        The list names a version twice, or lacks one.
    """
    if callable(order):
        places = _places_by_key([order(task) for task in tasks])
        # Places by a function are those among these tasks alone.
        told = [f"{place} {label}" for place, label in zip(places, labels, strict=True)]
    else:
        listed = _listed(order, labels)
        places, told = [listed[label] for label in labels], list(listed)
    text = "\0".join(f"{len(label)}:{label}" for label in told)
    fingerprint = sha256(text.encode("utf-8", "surrogatepass")).hexdigest()[:_FINGERPRINT]
    return [Rank(fingerprint, place) for place in places]


def _places_by_key(keys: list[Any]) -> list[int]:
    try:
        by_key = sorted(range(len(keys)), key=keys.__getitem__)
    except TypeError as error:
        raise ModelTypeError(f"what the function given as order returns does not compare: {error}") from None
    places = [0] * len(keys)
    for before, after in pairwise(by_key):
        places[after] = places[before] + bool(keys[before] < keys[after])
    return places


def _listed(order: object, labels: Sequence[str]) -> dict[str, int]:
    """Return the place of each version in a list of versions."""
    if isinstance(order, str | bytes) or not isinstance(order, Iterable):
        raise ModelTypeError(
            f"order is {order!r}, of type {type(order).__name__}; expected a list of versions, the oldest first, or a "
            "function from a task to something that compares"
        )
    places: dict[str, int] = {}
    for place, version in enumerate(order):
        if not isinstance(version, str):
            raise ModelTypeError(f"order[{place}] is {version!r}, of type {type(version).__name__}; expected a version")
        if version in places:
            raise ModelValueError(f"order names {version!r} twice; give each version once, the oldest first")
        places[version] = place
    missing = list(dict.fromkeys(label for label in labels if label not in places))
    if missing:
        more = ", …" if len(missing) > _TOLD else ""
        raise ModelValueError(
            f"order does not name {', '.join(map(repr, missing[:_TOLD]))}{more}; give every version that is loaded, "
            "the oldest first, or a function from a task to something that compares"
        )
    return places


# -- schemes ---------------------------------------------------------------------------------------------------------

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
_SUFFIX: Final = re.compile(r"(?:[-._]?[a-z0-9]+)*")
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

    Attributes
    ----------
    scheme
        What all versions of a task must have in common.
    key
        By which it compares with others of that scheme.
    tail
        What follows a date, part by part; None where it may be a hash or a name, which have no order.
    """

    scheme: tuple[str, ...]
    key: tuple[Any, ...]
    tail: tuple[Any, ...] = ()


def version_keys(texts: Iterable[str]) -> dict[str, Any] | None:
    """Return sort keys of versions that are all of one scheme.

    Parameters
    ----------
    texts
        The versions of one task.

    Returns
    -------
    dict or None
        A key for each version. None where the versions tell no order: one of them is of no scheme or of another one,
        or two of them differ in nothing that has an order, such as two builds of one release.

    Notes
    -----
    Policy of this package. Schemes are releases after PEP 440 and semantic versioning, with what comes before a
    release before it (``1.0.dev3``, ``1.0.0rc1``, ``1.0.0-rc.1``, ``v1.16.0-b3``) and what ``git describe`` puts
    behind it after it; dates (``2026-03-01``, ``20260301.2``, ``2026-03-c9b2c44d``); and numbers, by themselves or
    behind a word (``v12``, ``build-1042``). All of a task's versions have the same word. What could as well be a hash,
    digits alone or hexadecimal letters such as ``1e10``, ``3b12`` and ``e3``, is of no scheme, nor are numbers of more
    than three digits by themselves.
    """
    found = {text: _parsed(text) for text in texts}
    parsed = {text: one for text, one in found.items() if one is not None}
    if len(parsed) < len(found) or len({one.scheme for one in parsed.values()}) != 1:
        return None
    unordered = {place for one in parsed.values() for place, part in enumerate(one.tail) if part is None}
    keys = {
        text: (one.key, tuple(part for place, part in enumerate(one.tail) if place not in unordered))
        for text, one in parsed.items()
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
    found = _DATE.fullmatch(rest)
    if found is None or (not found["day"] and (found["tail"][:1] or "-").isalnum()):
        return None
    key = int(found["year"]), int(found["month"]), int(found["day"] or 0)
    chunks = _CHUNK.findall(found["tail"].removeprefix("t"))
    return _Parsed(("date", prefix, found["mark"]), key, tuple(map(_part, chunks)))


def _part(chunk: str) -> tuple[Any, ...] | None:
    """Return a part behind a date in a form that compares: a number, or a letter that counts on (2026-03-01b)."""
    if chunk.isdigit():
        return None if _is_hash(chunk) else (0, int(chunk), "")
    return (1, 0, chunk) if len(chunk) == 1 else None


def _of_release(prefix: str, rest: str, *, is_bare: bool) -> _Parsed | None:
    found = _RELEASE.fullmatch(rest)
    if found is None:
        return None
    texts = found["numbers"].split(".")
    is_single = len(texts) == 1
    if is_single and len(texts[0]) > (_BARE if is_bare else _COUNTED):
        return None
    suffix = _suffix(found["suffix"], is_single=is_single)
    if suffix is None:
        return None
    numbers = [int(text) for text in texts]
    while numbers and not numbers[-1]:
        numbers.pop()
    kind, *stage = suffix
    scheme = ("number",) if is_single and is_bare else (kind, prefix)
    return _Parsed(scheme, (int(found["epoch"] or 0), tuple(numbers), *stage, _local(found["local"] or "")))


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
