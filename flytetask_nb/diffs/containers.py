"""Changes of what runs: image, command, environment, resources and the rest of a container.

A container of a task and the primary container of a pod are brought into one form first, so that the same change is
told the same way for both.
"""

from __future__ import annotations

import re
from base64 import b64decode
from typing import TYPE_CHECKING, Any, Final, NamedTuple

from flyteidl.core import tasks_pb2

from flytetask_nb.diffs.edits import Edit, Named, Splice, joined
from flytetask_nb.diffs.messages import compare_unknown, compare_unknown_items, field_changes
from flytetask_nb.diffs.plain import enum_name
from flytetask_nb.diffs.rules import BEHAVIOUR
from flytetask_nb.diffs.structures import mapped_differences, moved, same, unequal_runs
from flytetask_nb.errors import QuantityError
from flytetask_nb.models.order import natural_key
from flytetask_nb.models.resource_names import GPU, NVIDIA_GPU
from flytetask_nb.semantics.commands import command_line, is_placeholder
from flytetask_nb.semantics.images import image_reference
from flytetask_nb.semantics.quantities import parse
from flytetask_nb.semantics.task_container import own_container

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence

    from flytetask_nb.diffs.changes import Ledger
    from flytetask_nb.semantics.commands import CommandLine
    from flytetask_nb.semantics.quantities import Quantity
    from flytetask_nb.semantics.task_container import TaskContainer

__all__ = [
    "ARCHITECTURES",
    "IGNORED_RESOURCES",
    "MOVABLE",
    "command_words",
    "compare_container_rest",
    "compare_containers",
    "compare_data_loading",
    "compare_task_containers",
    "env_order",
    "image_rule",
    "input_names",
    "input_settings",
    "shadowed_amounts",
    "shadowed_variables",
    "unpacked_settings",
]

ARCHITECTURES: Final = tasks_pb2.Container.Architecture.DESCRIPTOR
IGNORED_RESOURCES: Final = frozenset({"storage", "unknown"})
"""Flyte passes these on to nothing (flytek8s/utils.go)."""
_GPUS: Final = frozenset({GPU, NVIDIA_GPU})

_SETTINGS_VARIABLE: Final = "_F_SS_C"
# What of flytekit's settings says which release this is and where it was packaged (flytekit/configuration).
_RELEASE_SETTINGS: Final = frozenset(
    "project domain version image_config fast_serialization_settings flytekit_virtualenv_root python_interpreter "
    "source_root git_repo".split()
)

_PASSED_ON: Final = "A setting of flytekit that this task passes on to the tasks it creates at run time."

_BUNDLE_FLAG: Final = "--additional-distribution"
_INPUT_TEMPLATE: Final = re.compile(r"\{\{\s*\.inputs\.([\w-]+)", re.IGNORECASE)
_REFERENCE: Final = "$("
_REFERENCED: Final = re.compile(r"\$\(([^()]+)\)")

MOVABLE: Final = ("image", "command", "args", "env", "requests", "limits", "ports")
"""What a container of a task and one of a pod have in common."""


# -- comparing -----------------------------------------------------------------------------------------------------


def compare_containers(ledger: Ledger, path: str, old: Any, new: Any, inputs: tuple[set[str], set[str]]) -> None:
    """Compare the containers of two tasks, ``Container`` messages.

    Parameters
    ----------
    ledger
        Takes the changes.
    path
        Where the containers stand.
    old, new
        The messages.
    inputs
        Names of the tasks' inputs, before and after.
    """
    if _differ_in_image_alone(old, new) and not same(old.image, new.image):
        _compare_images(ledger, f"{path}.image", f"{path}.image", old.image, new.image)
        return
    compare_task_containers(ledger, own_container(old, path), own_container(new, path), inputs)
    compare_data_loading(ledger, f"{path}.data_config", old.data_config, new.data_config)
    compare_container_rest(ledger, path, old, new)


def _differ_in_image_alone(old: Any, new: Any) -> bool:
    """Tell the commonest case by itself: it needs nothing of what follows."""
    return (
        old.image != new.image
        and old.args == new.args
        and old.command == new.command
        and old.env == new.env
        and old.resources == new.resources
        and old.config == new.config
        and old.ports == new.ports
        and old.data_config == new.data_config
        and old.architecture == new.architecture
        and _has_no_unknown(old, new)
    )


def _has_no_unknown(old: Any, new: Any) -> bool:
    from google.protobuf.unknown_fields import UnknownFieldSet  # noqa: PLC0415 - imported by messages already

    return not len(UnknownFieldSet(old)) and not len(UnknownFieldSet(new))


def compare_container_rest(ledger: Ledger, path: str, old: Any, new: Any) -> None:
    """Compare what a task's container has and a pod's does not."""
    if old.architecture != new.architecture:
        numbers = old.architecture, new.architecture
        names = [enum_name(ARCHITECTURES, number) for number in numbers]
        place = f"{path}.architecture"
        edit = Edit(place, place, *(name if number else None for name, number in zip(names, numbers, strict=True)))
        ledger.add("architecture", place, *names, edits=(edit,))
    if old.config != new.config:
        before, after = input_settings(old.config), input_settings(new.config)
        for key in sorted({*before, *after}, key=natural_key):
            was, now = before.get(key), after.get(key)
            if was is None or now is None or not same(was, now):
                ledger.entry("container-setting", joined(f"{path}.config", key), was, now, key=key)
    if old.resources != new.resources:
        compare_unknown(ledger, f"{path}.resources", old.resources, new.resources)
    for before, after, fields in (
        (old, new, ("env", "ports", "config")),
        (old.resources, new.resources, ("requests", "limits")),
    ):
        for field in fields:
            items = getattr(before, field), getattr(after, field)
            if items[0] != items[1]:
                place = f"{path}.{field}"
                compare_unknown_items(ledger, place, *items)
    compare_unknown(ledger, path, old, new)


def input_settings(pairs: Any) -> dict[str, str]:
    """Return ``config`` of a container by key; of a key that stands there twice the last value counts."""
    return {pair.key: pair.value for pair in pairs}


def compare_data_loading(ledger: Ledger, path: str, old: Any, new: Any, old_path: str = "") -> None:
    """Compare how a raw container gets its inputs, ``DataLoadingConfig`` messages."""
    if old != new:
        ledger.differences("data-loading", field_changes(path, old, new, old_path))


def compare_task_containers(
    ledger: Ledger, old: TaskContainer, new: TaskContainer, inputs: tuple[set[str], set[str]]
) -> None:
    """Compare two containers in the common form.

    Parameters
    ----------
    ledger
        Takes the changes.
    old, new
        The containers.
    inputs
        Names of the tasks' inputs, before and after.
    """
    if not same(old.image, new.image):
        _compare_images(ledger, f"{new.path}.image", f"{old.path}.image", old.image, new.image)
    if old.command != new.command or old.args != new.args:
        compare_commands(ledger, old, new)
    _check_templates(ledger, old, new, inputs)
    if old.env != new.env:
        compare_env(ledger, old, new)
    if old.requests != new.requests or old.limits != new.limits:
        compare_resources(ledger, old, new)
    if old.ports != new.ports:
        for key in sorted({*old.ports, *new.ports}, key=natural_key):
            if key not in old.ports or key not in new.ports or not same(old.ports[key], new.ports[key]):
                ledger.entry(
                    "port",
                    joined(f"{new.path}.ports", key),
                    old.ports.get(key),
                    new.ports.get(key),
                    old_path=joined(f"{old.path}.ports", key),
                )
    if old.rest != new.rest:
        found = mapped_differences(new.path, dict(old.rest), dict(new.rest), old.path)
        ledger.entries("container-setting", found)


# -- images --------------------------------------------------------------------------------------------------------


def _compare_images(ledger: Ledger, path: str, old_path: str, old: str, new: str) -> None:
    ledger.add(image_rule(old, new), path, old or None, new or None, old_path=old_path)


def image_rule(old: str, new: str) -> str:
    """Return the rule for a change of image: by repository, tag and digest."""
    before, after = image_reference(old), image_reference(new)
    if before is None or after is None or before.name != after.name:
        return "image-repository"
    if before.tag == after.tag:
        return "image-digest"
    # Whether the tag follows the release, the whole task and those beside it tell.
    return "image-tag"


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


def _check_templates(ledger: Ledger, old: TaskContainer, new: TaskContainer, inputs: tuple[set[str], set[str]]) -> None:
    if inputs[0] == inputs[1] and old.args == new.args and old.command == new.command:
        return
    missing = [
        {name for word in (*one.command, *one.args) for name in _INPUT_TEMPLATE.findall(word) if name not in names}
        for one, names in zip((old, new), inputs, strict=True)
    ]
    for rule, names in (
        ("template-input-gone", missing[1] - missing[0]),
        ("template-input-restored", missing[0] - missing[1]),
    ):
        for name in sorted(names, key=natural_key):
            text = f"{{{{.inputs.{name}}}}}"
            shown = (text, None) if rule == "template-input-gone" else (None, text)
            ledger.add(rule, f"{new.path}.args", *shown, old_path=f"{old.path}.args")


def input_names(template: Any) -> set[str]:
    """Return the names of a task's inputs."""
    return set(template.interface.inputs.variables)


# -- environment ---------------------------------------------------------------------------------------------------


def compare_env(ledger: Ledger, old: TaskContainer, new: TaskContainer) -> None:
    """Compare two environments by name; order counts where values refer to each other."""
    before, after = dict(old.env), dict(new.env)
    path, old_path = f"{new.path}.env", f"{old.path}.env"
    orders = env_order(old.env), env_order(new.env)
    for name in sorted({*before, *after}, key=natural_key):
        was, now = before.get(name), after.get(name)
        place, old_place = joined(path, name), joined(old_path, name)
        order = _order_edit(old_place, place, orders[0].get(name), orders[1].get(name))
        if name in before and name in after and same(was, now):
            if order:
                shown = [_neighbours(one, name) for one in (before, after)]
                ledger.add("env-reordered", place, *shown, kind="reordered", old_path=old_place, edits=order)
        elif name == _SETTINGS_VARIABLE:
            _compare_settings(ledger, place, old_place, was, now)
        else:
            edits = (Edit(old_place, place, was, now), *order)
            ledger.entry("env", place, was, now, key=name, old_path=old_place, edits=edits)
    if len(before) != len(old.env) or len(after) != len(new.env):
        _compare_shadowed(
            ledger, "env-shadowed", (old_path, path), shadowed_variables(old.env), shadowed_variables(new.env)
        )


def _compare_shadowed(ledger: Ledger, rule: str, paths: tuple[str, str], old: list[str], new: list[str]) -> None:
    if old != new:
        shown = old or None, new or None
        exact = (tuple(one) if one else None for one in (old, new))
        edit = Edit(*(joined(path, "(shadowed)") for path in paths), *exact)
        ledger.add(rule, paths[1], *shown, old_path=paths[0], edits=(edit,))


def env_order(env: Sequence[tuple[str, Any]]) -> dict[str, tuple[str, ...]]:
    """Give, by variable, which of the variables that its value refers to stand before it: only those it finds."""
    found: dict[str, tuple[str, ...]] = {}
    values = dict(env)
    for place, (name, value) in enumerate(values.items()):
        if _REFERENCE in str(value):
            known = _REFERENCED.findall(str(value))
            before = tuple(other for other in list(values)[:place] if other in known)
            if before:
                found[name] = before
    return found


def _order_edit(old_path: str, path: str, old: tuple[str, ...] | None, new: tuple[str, ...] | None) -> tuple[Edit, ...]:
    if old == new:
        return ()
    return (Edit(joined(old_path, "(references)"), joined(path, "(references)"), old, new),)


def _neighbours(env: dict[str, Any], name: str) -> list[str]:
    """Return a variable and those that it refers to, in order."""
    known = _REFERENCED.findall(str(env[name]))
    return [other for other in env if other == name or other in known]


def shadowed_variables(env: Sequence[tuple[str, Any]]) -> list[str]:
    """Return the variables that stand there again further on."""
    return [f"{name}={value}" for name, value in _shadowed(env)]


def shadowed_amounts(amounts: Sequence[tuple[str, str]]) -> list[str]:
    """Return the amounts of resources that stand there again further on."""
    return [f"{name} {amount}" for name, amount in _shadowed(amounts)]


def _shadowed(entries: Sequence[tuple[str, Any]]) -> list[tuple[str, Any]]:
    if len({name for name, _ in entries}) == len(entries):
        return []
    last = {name: index for index, (name, _) in enumerate(entries)}
    return [entry for index, entry in enumerate(entries) if last[entry[0]] != index]


def _compare_settings(ledger: Ledger, path: str, old_path: str, old: Any, new: Any) -> None:
    """Compare the settings that flytekit packs into a variable of dynamic and eager tasks."""
    before, after = (unpacked_settings(_SETTINGS_VARIABLE, value) for value in (old, new))
    if before is None or after is None:
        exact = [
            value if settings is None else Named(_SETTINGS_VARIABLE, settings)
            for value, settings in ((old, before), (new, after))
        ]
        edit = Edit(old_path, path, *exact)
        # Unpacked, they can be read, and secrets in them are found.
        shown = [value if settings is None else settings for value, settings in ((old, before), (new, after))]
        ledger.entry("env", path, *shown, key=_SETTINGS_VARIABLE, old_path=old_path, edits=(edit,))
        return
    for place, was, now, key, was_place, edits in mapped_differences(path, before, after, old_path):
        first = place[len(path) :].lstrip(".").partition(".")[0].partition("[")[0]
        # What pyflyte package leaves open, pyflyte register knows.
        is_filled = first in _RELEASE_SETTINGS - {"image_config"} and (was is None or now is None)
        rule = "id-filled-in" if is_filled else "serialization-settings"
        special = {} if first in _RELEASE_SETTINGS else {"severity": BEHAVIOUR, "reason": _PASSED_ON}
        ledger.add(rule, place, was, now, key=key, old_path=was_place, edits=edits, **special)


_LARGEST_SETTINGS: Final = 1_000_000


def unpacked_settings(name: str, value: Any) -> dict[str, Any] | None:
    """Return flytekit's settings from the variable that packs them: base64 of gzip of JSON.

    Parameters
    ----------
    name, value
        Of an environment variable.

    Returns
    -------
    dict or None
        None for any other variable, and where it holds something else.
    """
    if name != _SETTINGS_VARIABLE or not isinstance(value, str):
        return None
    import json  # noqa: PLC0415 - dynamic and eager tasks alone have it
    import zlib  # noqa: PLC0415 - likewise

    try:
        unpacker = zlib.decompressobj(31)
        settings = json.loads(unpacker.decompress(b64decode(value, validate=True), _LARGEST_SETTINGS))
        return _set_ones(settings) if isinstance(settings, dict) else None
    except (ValueError, zlib.error, RecursionError):
        return None


def _set_ones(settings: dict[str, Any]) -> dict[str, Any]:
    """Return what is set: flytekit writes null or nothing, and an object of nulls or null, as its commands differ."""
    found = {key: _set_ones(value) if isinstance(value, dict) else value for key, value in settings.items()}
    return {key: value for key, value in found.items() if value is not None and value != {}}


# -- resources -----------------------------------------------------------------------------------------------------


def compare_resources(ledger: Ledger, old: TaskContainer, new: TaskContainer) -> None:
    """Compare requests and limits by the name of the resource, as exact quantities."""
    for kind, field in (("request", "requests"), ("limit", "limits")):
        before, after = dict(getattr(old, field)), dict(getattr(new, field))
        for name in sorted({*before, *after}, key=natural_key):
            was, now = before.get(name), after.get(name)
            if was == now:
                continue
            path, old_path = joined(f"{new.path}.{field}", name), joined(f"{old.path}.{field}", name)
            rule = _resource_rule(was, now)
            if rule and name in IGNORED_RESOURCES:
                ledger.entry("resource-ignored", path, was, now, old_path=old_path)
            elif rule:
                ledger.add(f"{kind}-{rule}", path, was, now, old_path=old_path)
        lost = [shadowed_amounts(getattr(one, field)) for one in (old, new)]
        _compare_shadowed(ledger, "resource-repeated", (f"{old.path}.{field}", f"{new.path}.{field}"), *lost)
    problems = [_refusal(one) for one in (old, new)]
    if problems[0] != problems[1]:
        rule = "resources-refused" if problems[1] else "resources-mended"
        ledger.add(rule, f"{new.path}.resources", problems[0] or None, problems[1] or None, kind="changed")


def _resource_rule(old: str | None, new: str | None) -> str:
    """Return how an amount changed, empty if it is the same amount in another spelling."""
    if old is None or new is None:
        return "added" if old is None else "removed"
    try:
        before, after = parse(old), parse(new)
    except QuantityError:
        return "changed"
    if before == after:
        return ""
    return "raised" if after > before else "lowered"


def _refusal(container: TaskContainer) -> str:
    """Return why registration would refuse the resources, empty if it would not."""
    amounts: list[dict[str, Quantity]] = []
    # In order of the names: the entries have none.
    for field in (sorted(container.requests), sorted(container.limits)):
        names = [name for name, _ in field]
        for name in names:
            if names.count(name) > 1:
                return f"{name} stands there twice"
        try:
            amounts.append({name: parse(text) for name, text in field})
        except QuantityError:
            return "an amount is unreadable"
    return _refused_amounts(*amounts)


def _refused_amounts(requests: dict[str, Quantity], limits: dict[str, Quantity]) -> str:
    for name, request in requests.items():
        limit = limits.get(name)
        if not limit:
            continue
        if name in _GPUS and request and request != limit:
            return f"{name}: request {request}, limit {limit}"
        if request > limit:
            return f"{name}: request {request} over limit {limit}"
    for amounts in (requests, limits):
        for name in sorted(_GPUS.intersection(amounts)):
            if amounts[name].value.denominator != 1:
                return f"{name}: {amounts[name]} is a fraction"
    return ""
