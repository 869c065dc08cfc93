"""What stands at each path of a task, version after version: kept by the versions in which it changed."""

from __future__ import annotations

from copy import deepcopy
from typing import TYPE_CHECKING, Any, Final, NamedTuple

from flyteidl.admin import task_pb2

from flytetask_nb.diffs.flattening import flatten
from flytetask_nb.diffs.knowledge import known_row

if TYPE_CHECKING:
    from collections.abc import Sequence

    from flytetask_nb.models.flyte_task import FlyteTask

# Fields that are looked at together: of the targets one is set, and which container of a pod runs the task may stand in
# the config; what settings of a plugin mean depends on the type of the task.
_TOGETHER: Final = {
    **dict.fromkeys(("container", "k8s_pod", "sql", "config"), "target"),
    **dict.fromkeys(("type", "task_type_version", "custom"), "plugin"),
}


class Interval(NamedTuple):
    """A value and the version since which it stands.

    Attributes
    ----------
    start : int
        Position of the first version that has it.
    value
        The value in normal form; None where nothing stands there.
    """

    start: int
    value: Any


def passed_through(
    tasks: Sequence[FlyteTask], unknown: Sequence[frozenset[str]]
) -> tuple[list[bool], dict[str, list[Interval]]]:
    """Tell which versions are the same as the one before, and what stands at each path since when.

    A part of a task that is the same as before, byte for byte, is not looked into. What a version's source does not
    tell is taken to be as it was.
    """
    same: list[bool] = []
    intervals: dict[str, list[Interval]] = {}
    before: dict[str, bytes] = {}
    paths: dict[str, dict[str, Any]] = {}
    untold = unknown[0]
    for position, (task, message) in enumerate(zip(tasks, known_row(tasks), strict=True)):
        parts = _parts(message)
        differing = [name for name in {**before, **parts} if before.get(name) != parts.get(name)]
        is_known = not unknown[position] and not unknown[position - 1]
        changed = set()
        for name in differing:
            flat = flatten(_part(message, name)) if name in parts else {}
            was = paths.get(name, {})
            if unknown[position]:
                kept = {path: was[path] for path in was if any(is_under(path, place) for place in unknown[position])}
                flat = {**kept, **flat}
            if is_known or flat != was:
                changed.add(name)
            _note(intervals, position, was, flat, untold)
            paths[name] = flat
        names = {(version.name, version._message.template.id.org) for version in (tasks[position - 1], task)}
        same.append(position > 0 and not changed - {"id"} and len(names) == 1)
        untold &= unknown[position]
        before = parts
    return same, intervals


def is_under(path: str, place: str) -> bool:
    """Tell whether a path is a place or leads into it."""
    return path.startswith(place) and path[len(place) : len(place) + 1] in ("", ".", "[")


def _note(
    intervals: dict[str, list[Interval]],
    position: int,
    old: dict[str, Any],
    new: dict[str, Any],
    untold: frozenset[str],
) -> None:
    """Take down what a version changed in one part, and what no version told before."""
    for path, value in new.items():
        if path not in old or old[path] != value:
            if path not in intervals:
                # What came later was nothing until then, unless nobody knew.
                is_first = not position or any(is_under(path, place) for place in untold)
                intervals[path] = [] if is_first else [Interval(0, None)]
            intervals[path].append(Interval(position, value))
    for path in old:
        if path not in new:
            intervals[path].append(Interval(position, None))


def _parts(message: Any) -> dict[str, bytes]:
    """Return the parts of a task in a form that is equal exactly if they are."""
    parts: dict[str, bytes] = {}
    for owner in (message, message.template):
        for field, value in owner.ListFields():
            if field.name == "template":
                continue
            if hasattr(value, "SerializeToString"):
                written = value.SerializeToString(deterministic=True)
            else:
                written = repr(sorted(value.items()) if hasattr(value, "items") else value).encode()
            name = _TOGETHER.get(field.name, field.name)
            parts[name] = parts.get(name, b"") + f"{field.name} {len(written)} ".encode() + written
    unknown = _unknown(message)
    return {**parts, _UNKNOWN: unknown} if unknown else parts


_UNKNOWN: Final = ""
"""Name of the part that holds what flyteidl does not know."""


def _unknown(message: Any) -> bytes:
    from google.protobuf.unknown_fields import UnknownFieldSet  # noqa: PLC0415 - C code, loaded by protobuf anyway

    if not len(UnknownFieldSet(message)) and not len(UnknownFieldSet(message.template)):
        return b""
    bare = deepcopy(message)
    for owner in (bare.template, bare):
        for field, _ in owner.ListFields():
            if field.name != "template":
                owner.ClearField(field.name)
    return bytes(bare.SerializeToString(deterministic=True))


def _part(message: Any, name: str) -> Any:
    """Return a task that has nothing but one of its parts."""
    made = task_pb2.TaskSpec()
    for owner, target in ((message, made), (message.template, made.template)):
        for field, value in owner.ListFields():
            if _TOGETHER.get(field.name, field.name) != name:
                continue
            held = getattr(target, field.name)
            if hasattr(held, "CopyFrom"):
                held.CopyFrom(value)
            elif hasattr(held, "update"):
                held.update(value)
            else:
                setattr(target, field.name, value)
    return made
