"""Differences between JSON-like values, told as a person would: by key, by name, by what was inserted.

Lists of named things (containers, volumes, mounts) are matched by their names, other lists by their longest common
part; texts that hold JSON are compared by what they hold.
"""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any, Final, NamedTuple

from flytetask_nb.bounded_reading import depth_of, json_value
from flytetask_nb.diffs.edits import Replacement, Splice, joined
from flytetask_nb.diffs.texts import Word
from flytetask_nb.masking import telling_key
from flytetask_nb.models.order import natural_key
from flytetask_nb.semantics.plugin_settings import Spelling

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Sequence

    from flytetask_nb.diffs.edits import Edits

# What tells the items of a list apart, by the first of these that all of them have, each another.
_NAMES: Final = ("name", "mountPath", "containerPort", "key", "groupName")
# Texts with JSON nested deeper than anybody writes it are compared as texts.
_DEEPEST: Final = 40
_JSON_TEXT: Final = "(JSON text)"
_NULL: Final = Word("null")


class Difference(NamedTuple):
    """A place where two values differ. ``old`` or ``new`` is None where there is nothing."""

    path: str
    old: Any
    new: Any
    key: str
    old_path: str
    edits: Edits | None = None

    @property
    def kind(self) -> str:
        """Whether the value was added, removed or changed."""
        return kind_of(self.old, self.new)


def kind_of(old: Any, new: Any) -> str:
    """Return what became of a value, None being none: ``added``, ``removed`` or ``changed``."""
    return "added" if old is None else "removed" if new is None else "changed"


def canonical(value: Any) -> str:
    """Return a text that is the same for equal values: 1 and 1.0 are, 1 and true are not, NaN equals itself."""
    return json.dumps(_whole(value), sort_keys=True)


def _whole(value: Any) -> Any:
    if isinstance(value, Spelling):
        return str(value.value)
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


def _structures(old: str, new: str) -> tuple[Any, Any] | None:
    """Return what two texts hold if both are JSON objects or lists."""
    if not (old[:1] in "{[" and new[:1] in "{[" and old and new):
        return None
    try:
        values = json_value(old), json_value(new)
    except ValueError:
        return None
    return values if max(map(depth_of, values)) <= _DEEPEST else None


# -- flat form -----------------------------------------------------------------------------------------------------


def flatten_value(flat: dict[str, Any], path: str, value: Any) -> None:
    """Write every single value in a JSON-like value under its path: equal values become equal entries.

    Items of lists that have names stand under them, beside the list of names in order; other lists are one tuple.
    Texts with JSON in them are taken apart like any other value.
    """
    if isinstance(value, str):
        structures = None if isinstance(value, Word) else _structures(value, value)
        if structures is None:
            flat[path] = value
        else:
            flat[joined(path, _JSON_TEXT)] = Word("{}" if isinstance(structures[0], dict) else "[]")
            flatten_value(flat, path, structures[0])
    elif isinstance(value, dict):
        if not value:
            flat[path] = Word("{}")
        flatten_entries(flat, path, value)
    elif isinstance(value, list):
        items = _named(value)
        if not value:
            flat[path] = Word("[]")
        elif items is None:
            flat[path] = tuple(canonical(item) for item in value)
        else:
            flat[path] = tuple(items)
            flatten_entries(flat, path, items)
    else:
        flat[path] = Word(canonical(value))


def flatten_entries(flat: dict[str, Any], path: str, value: dict[str, Any]) -> None:
    """Write the entries of a dict under their paths; of one without entries nothing."""
    for key, inner in value.items():
        flatten_value(flat, joined(path, key), inner)


def same_entries(old: dict[str, Any], new: dict[str, Any]) -> bool:
    """Tell whether two dicts are one in flat form."""
    flat: tuple[dict[str, Any], dict[str, Any]] = ({}, {})
    for entries, value in zip(flat, (old, new), strict=True):
        flatten_entries(entries, "", value)
    return flat[0] == flat[1]


# -- differences ---------------------------------------------------------------------------------------------------


def differences(path: str, old: Any, new: Any, key: str = "", old_path: str = "") -> Iterator[Difference]:
    """Return the places where two JSON-like values differ; None is a value here, as in JSON."""
    was = old_path or path
    if isinstance(old, dict) and isinstance(new, dict) and bool(old) == bool(new):
        yield from mapped_differences(path, old, new, was, key)
    elif isinstance(old, list) and isinstance(new, list) and bool(old) == bool(new):
        yield from listed_differences(path, old, new, key, was)
    elif isinstance(old, str) and isinstance(new, str):
        structures = _structures(old, new)
        if structures is not None and type(structures[0]) is type(structures[1]):
            yield from differences(path, *structures, key, was)
        elif old != new:
            yield Difference(path, old, new, key, was)
    elif canonical(old) != canonical(new):
        yield Difference(path, there(old), there(new), key, was)


def mapped_differences(
    path: str, old: dict[str, Any], new: dict[str, Any], old_path: str = "", key: str = ""
) -> Iterator[Difference]:
    """Return the places where two dicts differ; one without entries is as good as none."""
    was = old_path or path
    for name in sorted({*old, *new}, key=natural_key):
        place, old_place = joined(path, name), joined(was, name)
        telling = telling_key(key, name)
        if name not in old:
            yield Difference(place, None, there(new[name]), telling, old_place)
        elif name not in new:
            yield Difference(place, there(old[name]), None, telling, old_place)
        else:
            yield from differences(place, old[name], new[name], telling, old_place)


def there(value: Any) -> Any:
    """Return a value that is there: a null as a word, for None means that nothing is."""
    return _NULL if value is None else value


def listed_differences(path: str, old: list[Any], new: list[Any], key: str, was: str) -> Iterator[Difference]:
    """Return the places where two lists differ, items matched by name where they have names."""
    before, after = _named(old), _named(new)
    if before is None and after is None:
        yield from _common(path, old, new, key, was)
    elif before is None or after is None:
        yield Difference(path, old, new, key, was)
    else:
        yield from _named_differences(path, before, after, key, was)


def _named_differences(path: str, old: dict[str, Any], new: dict[str, Any], key: str, was: str) -> Iterator[Difference]:
    names = list(old), list(new)
    for name in sorted({*old, *new}, key=natural_key):
        place, old_place = joined(path, name), joined(was, name)
        if name in old and name in new:
            yield from differences(place, old[name], new[name], name, old_place)
            continue
        values = old.get(name), new.get(name)
        edits = (Replacement(old_place, place, *values), listed(was, path, name, *names))
        yield Difference(place, *values, name, old_place, edits)
    if splice := reordered(was, path, *names):
        yield Difference(path, *names, key, was, (splice,))


def listed(old_path: str, path: str, name: str, old: list[str], new: list[str]) -> Splice:
    """Return what puts a name into a list of the names that are there, or takes it out."""
    return Splice(old_path, path, *(((names.index(name), name),) if name in names else () for names in (old, new)))


def reordered(
    old_path: str, path: str, old: list[str], new: list[str], *, apart: Iterable[str | None] = ()
) -> Splice | None:
    """Return what brings names that two lists share, some set apart, into another order; None if they are in it."""
    shared = set(old).intersection(new).difference(apart)
    places = ([(index, name) for index, name in enumerate(names) if name in shared] for names in (old, new))
    return moved(old_path, path, *places)


def moved(old_path: str, path: str, old: Sequence[tuple[int, str]], new: Sequence[tuple[int, str]]) -> Splice | None:
    """Return what brings the same words, each with its place in a list, into another order; None if they are in it."""
    if [word for _, word in old] == [word for _, word in new]:
        return None
    gone: list[tuple[int, str]] = []
    come: list[tuple[int, str]] = []
    for start, end, other_start, other_end in unequal_runs([word for _, word in old], [word for _, word in new]):
        gone += old[start:end]
        come += new[other_start:other_end]
    return Splice(old_path, path, tuple(gone), tuple(come))


def _named(items: list[Any]) -> dict[str, Any] | None:
    """Return items by their names; None if not all of them have one of their own."""
    return next((named for name in _NAMES if (named := _by_name(items, name)) is not None), None)


def _by_name(items: list[Any], name: str) -> dict[str, Any] | None:
    by_name: dict[str, Any] = {}
    for item in items:
        if not isinstance(item, dict) or not isinstance(item.get(name), str | int) or isinstance(item[name], bool):
            return None
        label = str(item[name])
        if label in by_name:
            return None
        by_name[label] = item
    return by_name


def _common(path: str, old: list[Any], new: list[Any], key: str, was: str) -> Iterator[Difference]:
    words = [[canonical(item) for item in items] for items in (old, new)]

    def difference(index: int | None, other: int | None) -> Difference:
        gone = () if index is None else ((index, words[0][index]),)
        come = () if other is None else ((other, words[1][other]),)
        before = None if index is None else there(old[index])
        after = None if other is None else there(new[other])
        return Difference(f"{path}[]", before, after, key, f"{was}[]", (Splice(was, path, gone, come),))

    for old_start, old_end, new_start, new_end in unequal_runs(*words):
        paired = min(old_end - old_start, new_end - new_start)
        for offset in range(paired):
            yield difference(old_start + offset, new_start + offset)
        for index in range(old_start + paired, old_end):
            yield difference(index, None)
        for index in range(new_start + paired, new_end):
            yield difference(None, index)


def unequal_runs(old: list[str], new: list[str]) -> list[tuple[int, int, int, int]]:
    """Return where two lists of texts differ around their longest common parts, the same in either direction.

    Returns list of (int, int, int, int): start and end in the old list, start and end in the new one.
    """
    from difflib import SequenceMatcher  # noqa: PLC0415 - few lists differ

    if old > new:
        # The matcher prefers its first argument; which one that is must not depend on the direction.
        return [(begin, end, start, stop) for start, stop, begin, end in unequal_runs(new, old)]
    matcher = SequenceMatcher(None, old, new, autojunk=False)
    return [tuple(places) for tag, *places in matcher.get_opcodes() if tag != "equal"]  # type: ignore[misc]
