"""The versions of one task in a row: what each step changed, and since when every value is what it is."""

from __future__ import annotations

import re
from functools import cached_property
from typing import TYPE_CHECKING, Any, Final, NamedTuple, overload

from flyteidl.admin import task_pb2

from flytetask_nb.diffs.changes import text_of
from flytetask_nb.diffs.flattening import flatten
from flytetask_nb.diffs.rules import NOISE, SEVERITIES, checked_severities
from flytetask_nb.diffs.settings import is_filled_in, map_task_stem
from flytetask_nb.diffs.task_diff import TaskDiff, diff
from flytetask_nb.errors import DiffError, ModelTypeError, TaskNotFoundError
from flytetask_nb.masking import mask_identifier, mask_text
from flytetask_nb.models.flyte_task import FlyteTask
from flytetask_nb.models.identifiers import ResourceType
from flytetask_nb.models.showing import Shown
from flytetask_nb.models.tasks import RuntimeMetadata
from flytetask_nb.models.types import SimpleType

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Mapping, Sequence

    import pandas as pd

    from flytetask_nb.models.enums import OpenEnum

__all__ = ["Interval", "TaskHistory", "history"]

_NAMES_TOLD: Final = 6
_LEAST: Final = 2
_LAST_KEY: Final = re.compile(r"([\w-]+)(?:\[\d+\])*$")
# Only one of them is set, and one more path says which.
_TARGETS: Final = frozenset({"container", "k8s_pod", "sql"})
_TARGET: Final = "target"
# Numbers that nobody knows by heart.
_ENUMS: Final[dict[str, type[OpenEnum]]] = {
    ".type.simple": SimpleType,
    ".literal_type.simple": SimpleType,
    "id.resource_type": ResourceType,
    "metadata.runtime.type": RuntimeMetadata.RuntimeType,
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


class TaskHistory(Shown):
    """The versions of one task, oldest first.

    A sequence of tasks: ``history[0]`` is the oldest, ``history["v42"]`` the one of that version, ``history[-20:]`` the
    history of the newest twenty.

    Attributes
    ----------
    versions : tuple of str
        A label for each version, no two the same: the version itself, where it is empty the file it came from; what
        comes again is numbered, ``v1 (2)``.
    intervals : dict
        Per path, the values that stood there one after the other, each as a :class:`Interval`. Paths and values are those
        of the flat normal form.
    """

    def __init__(self, tasks: Sequence[FlyteTask], severities: Mapping[str, str], accepted: frozenset[str]) -> None:
        self._tasks = tuple(tasks)
        self._severities, self._accepted = severities, accepted
        self._diffs: dict[tuple[int, int], TaskDiff] = {}
        self.versions: tuple[str, ...] = _labels(self._tasks)
        self._same, self.intervals = _passed_through(self._tasks)

    # -- a sequence of versions --------------------------------------------------------------------------------------

    def __len__(self) -> int:
        return len(self._tasks)

    def __iter__(self) -> Iterator[FlyteTask]:
        return iter(self._tasks)

    @overload
    def __getitem__(self, version: int | str) -> FlyteTask: ...
    @overload
    def __getitem__(self, version: slice) -> TaskHistory: ...
    def __getitem__(self, version: int | str | slice) -> FlyteTask | TaskHistory:
        if not isinstance(version, slice):
            return self._tasks[self.position(version)]
        try:
            chosen = self._tasks[version]
        except (TypeError, ValueError) as error:
            raise ModelTypeError(
                f"a history has no part {version!r}: {error}; give positions, history[history.position('v42'):]"
            ) from None
        if not chosen:
            raise TaskNotFoundError(
                f"{version!r} holds none of the {len(self)} versions of {self.name!r}; a history has at least one"
            )
        return TaskHistory(chosen, self._severities, self._accepted)

    @property
    def name(self) -> str:
        """Name of the task; of a map task, that of its newest version."""
        return mask_identifier(self._tasks[-1].name)

    @property
    def is_map_task(self) -> bool:
        """Whether versions are linked across the hash in the name of a map task."""
        return len({task.name for task in self._tasks}) > 1

    def position(self, version: int | str) -> int:
        """Give the place of a version in the history.

        Parameters
        ----------
        version
            A label, or a position; negative ones count from the newest.

        Raises
        ------
        TaskNotFoundError
            There is no such version.
        ModelTypeError
            ``version`` is neither.
        """
        if isinstance(version, str):
            if version in self._positions:
                return self._positions[version]
            near = ", ".join(self.versions[-_NAMES_TOLD:])
            raise TaskNotFoundError(f"{self.name!r} has no version {version!r} here; the newest are {near}")
        try:
            return range(len(self))[version]
        except IndexError:
            raise TaskNotFoundError(
                f"position {version} is outside this history of {len(self)} versions of {self.name!r}"
            ) from None
        except TypeError:
            raise ModelTypeError(
                f"a history has no place {version!r}, of type {type(version).__name__}; expected the text of a version "
                "or a position"
            ) from None

    @cached_property
    def _positions(self) -> dict[str, int]:
        return {label: position for position, label in enumerate(self.versions)}

    @property
    def runs(self) -> tuple[range, ...]:
        """Neighbours that differ in nothing but project, domain and version, each run as a range of positions."""
        starts = [0, *(position for position in range(1, len(self)) if not self._same[position])]
        return tuple(range(start, end) for start, end in zip(starts, [*starts[1:], len(self)], strict=True))

    # -- what changed ------------------------------------------------------------------------------------------------

    def diff(self, old: int | str, new: int | str) -> TaskDiff:
        """Tell what changed between any two versions.

        Parameters
        ----------
        old, new
            Labels or positions.

        Returns
        -------
        TaskDiff

        Raises
        ------
        TaskNotFoundError
            There is no such version.
        """
        pair = self.position(old), self.position(new)
        if pair not in self._diffs:
            before, after = (self._tasks[position] for position in pair)
            self._diffs[pair] = diff(before, after, severities=self._severities, accepted=self._accepted)
        return self._diffs[pair]

    @property
    def steps(self) -> Iterator[tuple[int, TaskDiff]]:
        """The changes from each version to the next that is not identical: position of the later one, and the diff."""
        for position in range(1, len(self)):
            if not self._same[position]:
                yield position, self.diff(position - 1, position)

    def value(self, path: str, version: int | str) -> Any:
        """Give what stood at a path of the flat normal form in a version; None for nothing."""
        position = self.position(version)
        found = None
        for interval in self.intervals.get(path, ()):
            if interval.start > position:
                break
            found = interval.value
        return found

    def timeline(self) -> pd.DataFrame:
        """Give the verdict of every step.

        Returns
        -------
        pandas.DataFrame
            A row for each version but the oldest: ``old``, ``new`` (labels), ``created_at`` (of the new one, UTC, NaT
            where unknown), ``identical`` (nothing but project, domain and version differs), ``severity`` (the worst;
            NA for none), a count for each severity, ``cache`` (verdict), ``stale_risk``, ``headline`` (the first; NA
            for none). Dtypes as those of :func:`flytetask_nb.tabulate`: string, datetime64[us, UTC], Int64, boolean.
        """
        from flytetask_nb.dtypes import COUNT, FLAG, TEXT, TIME, frame_of  # noqa: PLC0415 - few callers want a frame

        kinds = {
            "old": TEXT,
            "new": TEXT,
            "created_at": TIME,
            "identical": FLAG,
            "severity": TEXT,
            **dict.fromkeys(SEVERITIES, COUNT),
            "cache": TEXT,
            "stale_risk": FLAG,
            "headline": TEXT,
        }
        rows = []
        for position in range(1, len(self)):
            step = self.diff(position - 1, position)
            counts = {**dict.fromkeys(SEVERITIES, 0), **step.counts, NOISE: len(step.noise)}
            rows.append(
                [
                    *(self.versions[position - 1], self.versions[position], self._tasks[position].created_at),
                    *(self._same[position], step.severity or None, *(counts[severity] for severity in SEVERITIES)),
                    *(step.cache.verdict, step.cache.stale_risk, next(iter(step.headlines), None)),
                ]
            )
        return frame_of(kinds, rows)

    def matrix(self) -> pd.DataFrame:
        """Give the value of everything that ever changed, in every version.

        Returns
        -------
        pandas.DataFrame
            A row for each path (index ``field``, in order), a column for each version; values as text, secrets
            masked, NA where nothing stands.
        """
        import pandas as pd  # noqa: PLC0415 - few callers want a frame

        from flytetask_nb.dtypes import TEXT, frame_of  # noqa: PLC0415

        paths = self.changing
        rows = []
        for path in paths:
            row: list[str | None] = []
            for interval, end in self._ended(path):
                row += [_shown(path, interval.value)] * (end - interval.start)
            rows.append(row)
        index = pd.Index(list(map(mask_text, paths)), dtype=TEXT.dtype, name="field")
        return frame_of(dict.fromkeys(self.versions, TEXT), rows).set_index(index)

    def blame(self) -> pd.DataFrame:
        """Tell for every field which version made it what it is.

        Returns
        -------
        pandas.DataFrame
            A row for each path of the flat normal form (column ``field``): ``value`` in the newest version, as text,
            secrets masked, NA where nothing stands any more; ``introduced``, the first version that had this value;
            ``last_changed``, the version that last changed anything there; ``reverted``, whether the value was there
            before, had gone and came back; ``changes``, how often it changed. Sorted by path.
        """
        from flytetask_nb.dtypes import COUNT, FLAG, TEXT, frame_of  # noqa: PLC0415 - few callers want a frame

        kinds = {
            "field": TEXT,
            "value": TEXT,
            "introduced": TEXT,
            "last_changed": TEXT,
            "reverted": FLAG,
            "changes": COUNT,
        }
        rows = []
        for path in sorted(self.intervals):
            intervals = self.intervals[path]
            present = intervals[-1]
            first = next(interval for interval in intervals if interval.value == present.value)
            rows.append(
                [
                    *(mask_text(path), _shown(path, present.value)),
                    *(self.versions[first.start], self.versions[present.start]),
                    *(first.start != present.start, len(intervals) - 1),
                ]
            )
        return frame_of(kinds, rows)

    @property
    def changing(self) -> list[str]:
        """The paths at which versions differ, in order."""
        return sorted(path for path, intervals in self.intervals.items() if len(intervals) > 1)

    def _ended(self, path: str) -> Iterator[tuple[Interval, int]]:
        intervals = self.intervals[path]
        ends = [*(interval.start for interval in intervals[1:]), len(self)]
        return zip(intervals, ends, strict=True)

    def __repr__(self) -> str:
        ends = (
            f"{mask_identifier(self.versions[0])} … {mask_identifier(self.versions[-1])}"
            if len(self) > 1
            else self.versions[0]
        )
        return f"<TaskHistory {self.name}: {len(self)} version{'' if len(self) == 1 else 's'}, {ends}>"


def history(
    tasks: Iterable[object],
    *,
    severities: Mapping[str, str] | None = None,
    accepted: Iterable[str] = (),
) -> TaskHistory:
    """Put the versions of one task in a row: what each changed, and since when everything is what it is.

    Parameters
    ----------
    tasks
        Versions of one task: ``FlyteTask`` objects, or whatever ``FlyteTask.from_flyte_idl`` takes. They are put in
        order of ``created_at`` where all of them have it, else they stay as given, oldest first; as
        ``TaskCollection.versions`` gives them. Versions of a map task belong together whatever the hash in its name.
    severities, accepted
        As of :func:`flytetask_nb.diff`, for every step.

    Returns
    -------
    TaskHistory

    Raises
    ------
    DiffError
        There is no task among ``tasks``, they have several names, or different tasks have the same project, domain
        and version; the error says which.
    ModelTypeError
        One of ``tasks`` is no task.

    Notes
    -----
    One pass keeps, for each path, the values and the versions since which they stand: its cost grows with the number
    of versions, its memory with the number of changes. Diffs are made when they are asked for.
    """
    if isinstance(tasks, FlyteTask) or not hasattr(tasks, "__iter__"):
        raise DiffError(
            f"history takes the versions of one task, got a single {type(tasks).__name__}; "
            "give a list, or tasks.versions(name) of a collection"
        )
    if isinstance(accepted, str):
        raise DiffError(f"accepted={accepted!r} is one text, expected fingerprints; give accepted=[{accepted!r}]")
    found = [task if isinstance(task, FlyteTask) else FlyteTask.from_flyte_idl(task) for task in tasks]
    if not found:
        raise DiffError("history got no tasks; expected at least one version of a task")
    stems = {map_task_stem(task.name) or task.name for task in found}
    if len(stems) > 1:
        told = ", ".join(repr(mask_identifier(name)) for name in sorted(stems)[:_NAMES_TOLD])
        more = f" and {len(stems) - _NAMES_TOLD} more" if len(stems) > _NAMES_TOLD else ""
        raise DiffError(
            f"history got tasks of {len(stems)} names, expected versions of one: {told}{more}; "
            "give tasks.versions(name) of a collection"
        )
    times = [task.created_at for task in found]
    if all(time is not None for time in times):
        order = sorted(range(len(found)), key=times.__getitem__)  # type: ignore[arg-type]
        found = [found[position] for position in order]
    _check_versions(found)
    return TaskHistory(found, checked_severities(severities), frozenset(accepted))


def _check_versions(tasks: Sequence[FlyteTask]) -> None:
    """Refuse a version that stands for two different tasks; the same task twice, from two files, is fine."""
    seen: dict[tuple[str, str, str], FlyteTask] = {}
    for task in tasks:
        identifier = task._message.template.id
        if not is_filled_in(identifier.version):
            continue
        first = seen.setdefault((identifier.project, identifier.domain, identifier.version), task)
        # Documentation does not count, as it does not for Flyte: what a server gives has none.
        if first is not task and first._message.template != task._message.template:
            places = " and ".join(mask_text(one.source or "one without a source") for one in (first, task))
            version = mask_identifier(identifier.version)
            raise DiffError(
                f"history got different tasks of the same version {version!r} of {mask_identifier(task.name)!r} ({places}), "
                "expected one: Flyte registers a version once; leave one of them out, or compare the two with diff"
            )


def _labels(tasks: Sequence[FlyteTask]) -> tuple[str, ...]:
    """Give each version a text that no other one has."""
    texts = [mask_identifier(_version_of(task)) for task in tasks]
    # A number must not make of a text what another version is called.
    taken, used = set(texts), set[str]()
    numbers: dict[str, int] = {}
    labels = []
    for text in texts:
        label, number = text, numbers.get(text, 1)
        while label in used or (label != text and label in taken):
            number += 1
            label = f"{text} ({number})"
        numbers[text] = number
        used.add(label)
        labels.append(label)
    return tuple(labels)


def _version_of(task: FlyteTask) -> str:
    version = task.id.version
    return version if is_filled_in(version) else _file_of(task)


def _file_of(task: FlyteTask) -> str:
    """Give the name of the file that a task without a version comes from, without its ending."""
    name = re.split(r"[/\\]", (task.source or "").split("!", 1)[0])[-1]
    return re.sub(r"\.(?:tar\.gz|\w+)$", "", name) or "(no version)"


def _shown(path: str, value: Any) -> str | None:
    for ending, names in _ENUMS.items():
        if value is not None and path.endswith(ending):
            return names(int(value)).name
    found = _LAST_KEY.search(path)
    return text_of(value, found[1] if found else "")


# -- one pass --------------------------------------------------------------------------------------------------------


def _passed_through(tasks: Sequence[FlyteTask]) -> tuple[list[bool], dict[str, list[Interval]]]:
    """Tell which versions are the same as the one before, and what stands at each path since when.

    A part of a task that is the same as before, byte for byte, is not looked into.
    """
    same: list[bool] = []
    intervals: dict[str, list[Interval]] = {}
    before: dict[str, bytes] = {}
    paths: dict[str, dict[str, Any]] = {}
    for position, task in enumerate(tasks):
        message = task._message
        parts = _parts(message)
        differing = [name for name in {**before, **parts} if before.get(name) != parts.get(name)]
        same.append(position > 0 and not set(differing) - {"id"} and _is_same_name(tasks[position - 1], task))
        for name in differing:
            flat = flatten(_part(message, name)) if name in parts else {}
            _note(intervals, position, paths.get(name, {}), flat)
            paths[name] = flat
        before = parts
    return same, intervals


def _is_same_name(old: FlyteTask, new: FlyteTask) -> bool:
    return old.name == new.name and old._message.template.id.org == new._message.template.id.org


def _note(intervals: dict[str, list[Interval]], position: int, old: dict[str, Any], new: dict[str, Any]) -> None:
    """Take down what a version changed in one part."""
    for path, value in new.items():
        if path not in old or old[path] != value:
            found = intervals.get(path)
            if found is None:
                # What came later was nothing until then.
                intervals[path] = [Interval(0, None), Interval(position, value)] if position else [Interval(0, value)]
            else:
                found.append(Interval(position, value))
    for path in old:
        if path not in new:
            intervals[path].append(Interval(position, None))


def _parts(message: Any) -> dict[str, bytes]:
    """Give the parts of a task in a form that is equal exactly if they are."""
    found: dict[str, bytes] = {}
    for owner, of_template in ((message, False), (message.template, True)):
        for field, value in owner.ListFields():
            if field.name == "template" and not of_template:
                continue
            name = _TARGET if field.name in _TARGETS else field.name
            if hasattr(value, "SerializeToString"):
                found[name] = field.name.encode() + value.SerializeToString(deterministic=True)
            else:
                found[name] = repr(sorted(value.items()) if hasattr(value, "items") else value).encode()
    unknown = _unknown(message)
    return {**found, _UNKNOWN: unknown} if unknown else found


_UNKNOWN: Final = ""
"""Name of the part that holds what flyteidl does not know."""


def _unknown(message: Any) -> bytes:
    from google.protobuf.unknown_fields import UnknownFieldSet  # noqa: PLC0415 - C code, loaded by protobuf anyway

    if not len(UnknownFieldSet(message)) and not len(UnknownFieldSet(message.template)):
        return b""
    bare = type(message)()
    bare.CopyFrom(message)
    for owner in (bare.template, bare):
        for field, _ in owner.ListFields():
            if field.name != "template":
                owner.ClearField(field.name)
    return bytes(bare.SerializeToString(deterministic=True))


def _part(message: Any, name: str) -> Any:
    """Give a task that has nothing but one of its parts."""
    made = task_pb2.TaskSpec()
    names = _TARGETS if name == _TARGET else {name}
    for owner, target in ((message, made), (message.template, made.template)):
        for field, value in owner.ListFields():
            if field.name not in names:
                continue
            held = getattr(target, field.name)
            if hasattr(held, "CopyFrom"):
                held.CopyFrom(value)
            elif hasattr(held, "update"):
                held.update(value)
            else:
                setattr(target, field.name, value)
    return made
