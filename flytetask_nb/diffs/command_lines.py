"""Changes of command lines: launcher, flags with values, other words, and the inputs that they name."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final, NamedTuple

from flytetask_nb.diffs.edits import Splice, joined
from flytetask_nb.diffs.structures import moved, unequal_runs
from flytetask_nb.models.order import natural_key
from flytetask_nb.semantics.commands import command_line, is_placeholder
from flytetask_nb.semantics.placeholders import input_names

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence

    from flytetask_nb.diffs.changes import Ledger
    from flytetask_nb.semantics.commands import CommandLine
    from flytetask_nb.semantics.task_container import TaskContainer

__all__ = ["check_templates", "command_words", "compare_commands"]

_BUNDLE_FLAG: Final = "--additional-distribution"


# -- commands ------------------------------------------------------------------------------------------------------


class _Unit(NamedTuple):
    """A flag with its value, or a word by itself."""

    name: str
    value: str | None

    @property
    def words(self) -> list[str]:
        return [self.name] if self.value is None else [self.name, self.value]


def compare_commands(ledger: Ledger, old: TaskContainer, new: TaskContainer) -> None:
    """Compare two command lines by what their words mean: launcher, flags with values, other words."""
    before, after = (None if one.command else command_line(list(one.args)) for one in (old, new))
    if before is None or after is None:
        for field in ("command", "args"):
            units = [_units(getattr(one, field)) for one in (old, new)]
            _compare_units(ledger, (f"{old.path}.{field}", f"{new.path}.{field}"), units)
        return
    paths = f"{old.path}.args", f"{new.path}.args"
    launchers = [_launcher_units(one, line) for one, line in ((old, before), (new, after))]
    starts = [len(_flat(units)) for units in launchers]
    if before.launcher and after.launcher:
        _compare_units(ledger, paths, launchers)
    elif before.launcher or after.launcher:
        rule = "fast-registration-on" if after.launcher else "fast-registration-off"
        splice = Splice(*paths, *(tuple(enumerate(_flat(units))) for units in launchers))
        shown = before.launcher or None, after.launcher or None
        ledger.add(rule, paths[1], *shown, old_path=paths[0], edits=(splice,))
    units = [_flytekit_units(old, before), _flytekit_units(new, after)]
    _compare_units(ledger, paths, units, starts)


def command_words(words: Sequence[str]) -> list[str]:
    """Return the words of a command line in normal form: a flag and its value are two."""
    return _flat(_units(words))


def _launcher_units(container: TaskContainer, line: CommandLine) -> list[_Unit]:
    return _units(container.args[: len(line.launcher) + 1]) if line.launcher else []


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
    found: list[_Unit] = []
    index = 0
    while index < len(words):
        word = words[index]
        following = words[index + 1] if index + 1 < len(words) else None
        if word.startswith("--") and "=" in word:
            name, _, value = word.partition("=")
            found.append(_Unit(name, value))
        elif word.startswith("-") and word != "--" and following is not None and not following.startswith("-"):
            found.append(_Unit(word, following))
            index += 1
        else:
            found.append(_Unit(word, None))
        index += 1
    return found


def _compare_units(
    ledger: Ledger, paths: tuple[str, str], units: list[list[_Unit]], starts: Sequence[int] = (0, 0)
) -> None:
    """Compare the words of two command lines, or of parts of them that start at these places."""
    old, new = units
    if old == new:
        return
    places = [_places(one, start) for one, start in zip(units, starts, strict=True)]
    counts = [_counted(unit.name for unit in one) for one in units]
    # Flags that occur once on both sides are compared by name, wherever they stand.
    flags = [
        {unit.name: index for index, unit in enumerate(one) if unit.value is not None and count[unit.name] == 1}
        for one, count in zip(units, counts, strict=True)
    ]
    once = flags[0].keys() & flags[1].keys()
    kept = [list(words) for words in places]
    for name in sorted(once, key=natural_key):
        indexes = flags[0][name], flags[1][name]
        was, now = old[indexes[0]].value, new[indexes[1]].value
        if was != now:
            splice = Splice(*paths, (places[0][indexes[0]][1],), (places[1][indexes[1]][1],))
            for one, index in zip(kept, indexes, strict=True):
                one[index] = one[index][:1]
            is_unfilled = is_placeholder(was or "") or is_placeholder(now or "")
            ledger.add(
                "id-filled-in" if is_unfilled else "code-bundle" if name == _BUNDLE_FLAG else "argument-changed",
                joined(paths[1], name),
                was,
                now,
                old_path=joined(paths[0], name),
                key=name.lstrip("-"),
                edits=(splice,),
            )
    left = [[index for index, unit in enumerate(one) if unit.name not in once] for one in units]
    keys = [["\0".join(one[index].words) for index in indexes] for one, indexes in zip(units, left, strict=True)]
    for start, end, other_start, other_end in unequal_runs(*keys):
        for side, changed in ((0, left[0][start:end]), (1, left[1][other_start:other_end])):
            for index in changed:
                unit, words = units[side][index], places[side][index]
                kept[side][index] = ()
                shown = (unit.words, None) if side == 0 else (None, unit.words)
                splice = Splice(*paths, words, ()) if side == 0 else Splice(*paths, (), words)
                ledger.entry(
                    "argument",
                    joined(paths[1], unit.name),
                    *shown,
                    old_path=joined(paths[0], unit.name),
                    edits=(splice,),
                )
    order = moved(*paths, *([word for words in one for word in words] for one in kept))
    if order is not None:
        names = [[unit.name for unit in one if unit.name in once] for one in units]
        orders = names if names[0] != names[1] else [_flat(one) for one in units]
        ledger.add("argument-moved", paths[1], *orders, kind="moved", old_path=paths[0], edits=(order,))


def _counted(names: Iterable[str]) -> dict[str, int]:
    found: dict[str, int] = {}
    for name in names:
        found[name] = found.get(name, 0) + 1
    return found


def _places(units: list[_Unit], start: int) -> list[tuple[tuple[int, str], ...]]:
    """Return the words of each unit, each with its place in the whole list."""
    found = []
    for unit in units:
        words = tuple(enumerate(unit.words, start))
        found.append(words)
        start += len(words)
    return found


def _flat(units: list[_Unit]) -> list[str]:
    return [word for unit in units for word in unit.words]


def check_templates(ledger: Ledger, old: TaskContainer, new: TaskContainer, inputs: tuple[set[str], set[str]]) -> None:
    """Take down which inputs a command line asks for that there are not, if others than before."""
    if inputs[0] == inputs[1] and old.args == new.args and old.command == new.command:
        return
    missing = [
        set(input_names((*one.command, *one.args))) - names for one, names in zip((old, new), inputs, strict=True)
    ]
    for rule, names in (
        ("template-input-gone", missing[1] - missing[0]),
        ("template-input-restored", missing[0] - missing[1]),
    ):
        for name in sorted(names, key=natural_key):
            text = f"{{{{.inputs.{name}}}}}"
            shown = (text, None) if rule == "template-input-gone" else (None, text)
            ledger.add(rule, f"{new.path}.args", *shown, old_path=f"{old.path}.args")
