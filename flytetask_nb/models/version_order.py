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
from typing import TYPE_CHECKING, Any, Final

from flytetask_nb.errors import ModelTypeError, ModelValueError
from flytetask_nb.models.identifiers import is_filled_in
from flytetask_nb.models.messages import quoted
from flytetask_nb.models.order import Rank

if TYPE_CHECKING:
    from collections.abc import Sequence
    from datetime import datetime

    from flytetask_nb.models.flyte_task import FlyteTask

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
    LOADING: "by load order: nothing tells which is older",
}

_FINGERPRINT: Final = 16
_TOLD: Final = 5


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

    ``versions``: all versions of one task; empty or a placeholder where they are not registered yet.
    ``ranks``: their places in the order that the user gave.
    ``are_dated``: whether all of them say when they were registered.
    """
    first = ranks[0] if ranks else None
    if first is not None and all(rank is not None and rank.order == first.order for rank in ranks):
        return GIVEN
    if are_dated:
        return CREATED_AT
    return LOADING if _keys(tuple(versions)) is None else VERSION


@lru_cache(maxsize=256)
def _keys(versions: tuple[str, ...]) -> dict[str, Any] | None:
    """Return what versions compare by; kept, for the tasks of a project have the same versions."""
    from flytetask_nb.models.version_schemes import version_keys  # noqa: PLC0415 - its patterns cost time, and most loads ask for no order

    return version_keys(versions)


def by_age(
    versions: Sequence[str], times: Sequence[datetime | None], ranks: Sequence[Rank | None]
) -> tuple[list[int], str]:
    """Put versions of one task in order of age.

    ``versions``, ``times``, ``ranks``: of each version, in the order in which they were loaded: what it is called, when
      it was registered, and its place in the order that the user gave.
    Returns (list of int, str): their positions, the oldest first, and what that rests on: one of ``ORDERS``. Versions
      of one time follow each other as they tell themselves; what nothing tells apart, as it was loaded.

    Notes
    -----
    Policy of this package.
    """
    order = order_of(versions, ranks, are_dated=None not in times)
    keys = _keys(tuple(versions)) if order in {CREATED_AT, VERSION} else None

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

    ``order``: what the versions are called, the oldest first; or a function from a task to something that compares.
    ``labels``, ``tasks``: what the version of each task is called, and the tasks.
    Raises ModelTypeError: ``order`` is neither, or what the function returns does not compare.
    Raises ModelValueError: the list names a version twice, or lacks one.
    """
    if callable(order):
        places = _places_by_key([order(task) for task in tasks])
        # Places by a function are those among these tasks alone.
        said = [f"{place} {label}" for place, label in zip(places, labels, strict=True)]
    else:
        listed = _listed(order, labels)
        places, said = [listed[label] for label in labels], list(listed)
    text = "\0".join(f"{len(label)}:{label}" for label in said)
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
            raise ModelValueError(f"order names {quoted(version)} twice; give each version once, the oldest first")
        places[version] = place
    missing = list(dict.fromkeys(label for label in labels if label not in places))
    if missing:
        more = ", …" if len(missing) > _TOLD else ""
        raise ModelValueError(
            f"order does not name {quoted(*missing[:_TOLD])}{more}; "
            "give every version that is loaded, "
            "the oldest first, or a function from a task to something that compares"
        )
    return places
