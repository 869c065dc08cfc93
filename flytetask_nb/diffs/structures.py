"""Differences between JSON-like values, told as a person would: by key, by name, by what was inserted.

Lists of named things (containers, volumes, mounts) are matched by their names, other lists by their longest common
part; texts that hold JSON are compared by what they hold.
"""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any, Final, NamedTuple

from flytetask_nb.diffs.changes import joined
from flytetask_nb.models.order import natural_key

if TYPE_CHECKING:
    from collections.abc import Iterator

__all__ = ["Difference", "canonical", "differences", "listed_differences", "normal_text", "same", "unequal_runs"]

# What tells the items of a list apart, by the first of these that all of them have, each another.
_NAMES: Final = ("name", "mountPath", "containerPort", "key")
_DEEPEST: Final = 40


class Difference(NamedTuple):
    """A place where two values differ. ``old`` or ``new`` is None where there is nothing."""

    path: str
    old: Any
    new: Any
    key: str


def canonical(value: Any) -> str:
    """Give a text that is the same for equal values: 1 and 1.0 are, 1 and true are not, NaN equals itself."""
    return json.dumps(_whole(value), sort_keys=True)


def _whole(value: Any) -> Any:
    if isinstance(value, float) and value.is_integer():
        return int(value)
    if isinstance(value, dict):
        return {key: _whole(inner) for key, inner in value.items()}
    if isinstance(value, list):
        return [_whole(inner) for inner in value]
    return value


def same(old: Any, new: Any) -> bool:
    """Tell whether two JSON-like values are equal, texts with JSON in them by what they hold."""
    if isinstance(old, str) and isinstance(new, str):
        if old == new:
            return True
        structures = _structures(old, new)
        return structures is not None and canonical(structures[0]) == canonical(structures[1])
    return canonical(old) == canonical(new)


def normal_text(text: str) -> str:
    """Give a text that is the same for texts that are: JSON in one spelling, anything else as it is."""
    structures = _structures(text, text)
    return text if structures is None else canonical(structures[0])


def _structures(old: str, new: str) -> tuple[Any, Any] | None:
    """Give what two texts hold if both are JSON objects or lists."""
    if not (old[:1] in "{[" and new[:1] in "{[" and old and new):
        return None
    try:
        return json.loads(old), json.loads(new)
    except (ValueError, RecursionError):
        return None


def differences(path: str, old: Any, new: Any, key: str = "", depth: int = 0) -> Iterator[Difference]:
    """Give the places where two JSON-like values differ.

    Parameters
    ----------
    path
        Where the values stand.
    old, new
        The values; None is a value here, as in JSON.
    key
        Name that they stand under.
    """
    if depth < _DEEPEST:
        if isinstance(old, dict) and isinstance(new, dict):
            yield from _mapped(path, old, new, depth)
            return
        if isinstance(old, list) and isinstance(new, list):
            yield from listed_differences(path, old, new, key, depth)
            return
        if isinstance(old, str) and isinstance(new, str):
            structures = _structures(old, new)
            if structures is not None and type(structures[0]) is type(structures[1]):
                yield from differences(path, *structures, key, depth + 1)
                return
    if canonical(old) != canonical(new):
        # A null that was there is shown as such: None means that nothing is.
        yield Difference(path, "null" if old is None else old, "null" if new is None else new, key)


def _mapped(path: str, old: dict[str, Any], new: dict[str, Any], depth: int) -> Iterator[Difference]:
    for name in sorted({*old, *new}, key=natural_key):
        place = joined(path, name)
        if name not in old:
            yield Difference(place, None, _there(new[name]), name)
        elif name not in new:
            yield Difference(place, _there(old[name]), None, name)
        else:
            yield from differences(place, old[name], new[name], name, depth + 1)


def _there(value: Any) -> Any:
    return "null" if value is None else value


def listed_differences(
    path: str, old: list[Any], new: list[Any], key: str = "", depth: int = 0
) -> Iterator[Difference]:
    """Give the places where two lists differ, items matched by name where they have names."""
    for name in _NAMES:
        before, after = _by_name(old, name), _by_name(new, name)
        if before is not None and after is not None:
            yield from _mapped(path, before, after, depth)
            shared = [item for item in before if item in after]
            if shared != [item for item in after if item in before]:
                yield Difference(path, list(before), list(after), key)
            return
    yield from _common(path, old, new, key)


def _by_name(items: list[Any], name: str) -> dict[str, Any] | None:
    found: dict[str, Any] = {}
    for item in items:
        if not isinstance(item, dict) or not isinstance(item.get(name), str | int) or isinstance(item[name], bool):
            return None
        label = str(item[name])
        if label in found:
            return None
        found[label] = item
    return found


def _common(path: str, old: list[Any], new: list[Any], key: str) -> Iterator[Difference]:
    place = f"{path}[]"
    words = [[canonical(item) for item in items] for items in (old, new)]
    for old_start, old_end, new_start, new_end in unequal_runs(*words):
        paired = min(old_end - old_start, new_end - new_start)
        for offset in range(paired):
            yield Difference(place, _there(old[old_start + offset]), _there(new[new_start + offset]), key)
        for item in old[old_start + paired : old_end]:
            yield Difference(place, _there(item), None, key)
        for item in new[new_start + paired : new_end]:
            yield Difference(place, None, _there(item), key)


def unequal_runs(old: list[str], new: list[str]) -> list[tuple[int, int, int, int]]:
    """Give where two lists of texts differ around their longest common parts, the same in either direction.

    Parameters
    ----------
    old, new
        Any texts.

    Returns
    -------
    list of (int, int, int, int)
        Start and end in the old list, start and end in the new one.
    """
    from difflib import SequenceMatcher  # noqa: PLC0415 - few lists differ

    if old > new:
        # The matcher prefers its first argument; which one that is must not depend on the direction.
        return [(one, end, start, stop) for start, stop, one, end in unequal_runs(new, old)]
    matcher = SequenceMatcher(None, old, new, autojunk=False)
    return [tuple(places) for tag, *places in matcher.get_opcodes() if tag != "equal"]  # type: ignore[misc]
