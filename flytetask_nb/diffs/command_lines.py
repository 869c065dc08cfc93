"""Changes of command lines: launcher, flags with values, other words, and the inputs that they name."""

from __future__ import annotations

from collections import Counter
from itertools import chain
from typing import TYPE_CHECKING, Final, NamedTuple

from flytetask_nb.diffs.edits import Splice, joined
from flytetask_nb.diffs.structures import moved, unequal_runs
from flytetask_nb.models.order import natural_key
from flytetask_nb.semantics.commands import command_line, is_placeholder
from flytetask_nb.semantics.placeholders import input_names

if TYPE_CHECKING:
    from collections.abc import Sequence

    from flytetask_nb.diffs.changes import Ledger
    from flytetask_nb.semantics.commands import CommandLine
    from flytetask_nb.semantics.task_container import TaskContainer

__all__ = ["check_templates", "command_words", "compare_commands"]

_BUNDLE_FLAG: Final = "--additional-distribution"


class _Unit(NamedTuple):
    """A flag with its value, or a word by itself."""

    name: str
    value: str | None

    @property
    def words(self) -> list[str]:
        return [self.name] if self.value is None else [self.name, self.value]


def compare_commands(ledger: Ledger, old: TaskContainer, new: TaskContainer) -> None:
    """Compare two command lines by what their words mean: launcher, flags with values, other words."""
    before, after = (None if container.command else command_line(list(container.args)) for container in (old, new))
    if before is None or after is None:
        for field in ("command", "args"):
            units = [_units(getattr(container, field)) for container in (old, new)]
            _compare_units(ledger, (f"{old.path}.{field}", f"{new.path}.{field}"), units)
        return
    paths = f"{old.path}.args", f"{new.path}.args"
    launchers = [
        _units(container.args[: len(line.launcher) + 1]) if line.launcher else []
        for container, line in ((old, before), (new, after))
    ]
    starts = [len(_flat(units)) for units in launchers]
    if before.launcher and after.launcher:
        _compare_units(ledger, paths, launchers)
    elif before.launcher or after.launcher:
        rule = "fast-registration-on" if after.launcher else "fast-registration-off"
        splice = Splice(*paths, *(tuple(enumerate(_flat(units))) for units in launchers))
        values = before.launcher or None, after.launcher or None
        ledger.add(rule, paths[1], *values, old_path=paths[0], edits=(splice,))
    units = [_flytekit_units(old, before), _flytekit_units(new, after)]
    _compare_units(ledger, paths, units, starts)


def command_words(words: Sequence[str]) -> list[str]:
    """Return the words of a command line in normal form: a flag and its value are two."""
    return _flat(_units(words))


def _flytekit_units(container: TaskContainer, line: CommandLine) -> list[_Unit]:
    words = list(container.args)
    if line.launcher:
        words = words[len(line.launcher) + 1 :]
    split = words.index("--") if "--" in words else len(words)
    # What follows the resolver are names with values, without dashes.
    loader = _flat(_units(words[split + 1 :]))
    pairs = [_Unit(name, value) for name, value in zip(loader[::2], loader[1::2], strict=False)]
    last = [_Unit(word, None) for word in loader[len(loader) // 2 * 2 :]]
    return [*_units(words[: split + 1]), *pairs, *last]


def _units(words: Sequence[str]) -> list[_Unit]:
    units: list[_Unit] = []
    index = 0
    while index < len(words):
        word = words[index]
        following = words[index + 1] if index + 1 < len(words) else None
        if word.startswith("--") and "=" in word:
            name, _, value = word.partition("=")
            units.append(_Unit(name, value))
        elif word.startswith("-") and word != "--" and following is not None and not following.startswith("-"):
            units.append(_Unit(word, following))
            index += 1
        else:
            units.append(_Unit(word, None))
        index += 1
    return units


def _compare_units(
    ledger: Ledger, paths: tuple[str, str], units: list[list[_Unit]], starts: Sequence[int] = (0, 0)
) -> None:
    """Compare the words of two command lines, or of parts of them that start at these places."""
    if units[0] == units[1]:
        return
    # The words of each unit that no change takes away or puts, each with its place in the whole list.
    kept = [_places(line, start) for line, start in zip(units, starts, strict=True)]
    # Flags that occur once on both sides are compared by name, wherever they stand.
    flags = [_flags(line) for line in units]
    once = flags[0].keys() & flags[1].keys()
    for name in sorted(once, key=natural_key):
        places = flags[0][name], flags[1][name]
        was, now = (line[place].value or "" for line, place in zip(units, places, strict=True))
        if was != now:
            splice = Splice(*paths, kept[0][places[0]][1:], kept[1][places[1]][1:])
            for line_words, place in zip(kept, places, strict=True):
                line_words[place] = line_words[place][:1]
            rule = "code-bundle" if name == _BUNDLE_FLAG else "argument-changed"
            if is_placeholder(was) or is_placeholder(now):
                rule = "id-filled-in"
            path, old_path = joined(paths[1], name), joined(paths[0], name)
            ledger.add(rule, path, was, now, old_path=old_path, key=name.lstrip("-"), edits=(splice,))
    left = [[index for index, unit in enumerate(line) if unit.name not in once] for line in units]
    texts = [["\0".join(line[index].words) for index in indexes] for line, indexes in zip(units, left, strict=True)]
    for start, end, other_start, other_end in unequal_runs(*texts):
        for side, indexes in enumerate((left[0][start:end], left[1][other_start:other_end])):
            for index in indexes:
                unit, words = units[side][index], kept[side][index]
                kept[side][index] = ()
                values = (unit.words, None) if side == 0 else (None, unit.words)
                splice = Splice(*paths, words, ()) if side == 0 else Splice(*paths, (), words)
                path, old_path = joined(paths[1], unit.name), joined(paths[0], unit.name)
                ledger.entry("argument", path, *values, old_path=old_path, edits=(splice,))
    order = moved(*paths, *(list(chain.from_iterable(words)) for words in kept))
    if order is not None:
        names = [[unit.name for unit in line if unit.name in once] for line in units]
        orders = names if names[0] != names[1] else [_flat(line) for line in units]
        ledger.add("argument-moved", paths[1], *orders, kind="moved", old_path=paths[0], edits=(order,))


def _flags(units: list[_Unit]) -> dict[str, int]:
    """Return where the flags with a value stand that occur once."""
    counts = Counter(unit.name for unit in units)
    return {unit.name: index for index, unit in enumerate(units) if unit.value is not None and counts[unit.name] == 1}


def _places(units: list[_Unit], start: int) -> list[tuple[tuple[int, str], ...]]:
    """Return the words of each unit, each with its place in the whole list."""
    places = []
    for unit in units:
        words = tuple(enumerate(unit.words, start))
        places.append(words)
        start += len(words)
    return places


def _flat(units: list[_Unit]) -> list[str]:
    return [word for unit in units for word in unit.words]


def check_templates(ledger: Ledger, old: TaskContainer, new: TaskContainer, inputs: tuple[set[str], set[str]]) -> None:
    """Take down which inputs a command line asks for that there are not, if others than before."""
    if inputs[0] == inputs[1] and old.args == new.args and old.command == new.command:
        return
    missing = [
        set(input_names((*container.command, *container.args))) - names
        for container, names in zip((old, new), inputs, strict=True)
    ]
    for rule, names in (
        ("template-input-gone", missing[1] - missing[0]),
        ("template-input-restored", missing[0] - missing[1]),
    ):
        for name in sorted(names, key=natural_key):
            text = f"{{{{.inputs.{name}}}}}"
            values = (text, None) if rule == "template-input-gone" else (None, text)
            ledger.add(rule, f"{new.path}.args", *values, old_path=f"{old.path}.args")
