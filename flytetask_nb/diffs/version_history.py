"""The versions of one task in a row: what each step changed, and since when every value is what it is."""

from __future__ import annotations

import re
from functools import cached_property
from typing import TYPE_CHECKING, Any, ClassVar, Final, overload

from flytetask_nb.diffs.intervals import Interval, is_under, passed_through
from flytetask_nb.diffs.knowledge import unknown_paths
from flytetask_nb.diffs.rules import NOISE, SEVERITIES, checked_accepted, checked_severities
from flytetask_nb.diffs.task_diff import TaskDiff, diff
from flytetask_nb.diffs.texts import text_of
from flytetask_nb.errors import DiffError, ModelTypeError, TaskNotFoundError
from flytetask_nb.masking import mask_identifier, mask_text
from flytetask_nb.models.coercion import as_tasks, opened
from flytetask_nb.models.flyte_task import FlyteTask
from flytetask_nb.models.identifiers import is_filled_in
from flytetask_nb.models.name_index import are_one_place, said
from flytetask_nb.models.reports import Report
from flytetask_nb.models.types import SimpleType
from flytetask_nb.models.version_order import tasks_by_age, version_label
from flytetask_nb.semantics.drafts import renamed
from flytetask_nb.semantics.map_tasks import map_task_stem

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Mapping, Sequence

    import pandas as pd

    from flytetask_nb.models.enums import OpenEnum

__all__ = ["Interval", "TaskHistory", "history", "value_text"]

_MOST_NAMES: Final = 6
UNKNOWN_VALUE: Final = "(unknown)"
"""What stands in tables for a value that the source of a version does not tell."""

_LAST_KEY: Final = re.compile(r"([\w-]+)(?:\[\d+\])*$")
# Numbers that nobody knows by heart.
_ENUMS: Final[dict[str, type[OpenEnum]]] = {
    ".type.simple": SimpleType,
    ".literal_type.simple": SimpleType,
}


class TaskHistory(Report):
    """The versions of one task, oldest first. Its table is :meth:`timeline`.

    A sequence of tasks: ``history[0]`` is the oldest, ``history["v42"]`` the one of that version, ``history[-20:]`` the
    history of the newest twenty.

    Attributes
    ----------
    versions : tuple of str
        A label for each version, no two the same: the version itself, where it is not filled in the file it came from;
        with project and domain where it is there in several, ``v1 · shop/production``; what comes again is numbered,
        ``v1 (2)``.
    order : str
        What their order rests on: ``"given"``, ``"created_at"``, ``"version"`` or ``"loading"``, as
        ``TaskCollection.order`` has it.
    intervals : dict
        Per path, the values that stood there one after the other, each as a :class:`Interval`. Paths and values are those
        of the flat normal form. A version whose source does not tell a value changes none; where the first ones do not,
        the first interval begins later.
    """

    _COLUMNS: ClassVar[Mapping[str, str]] = {
        **dict.fromkeys(("old", "new"), "TEXT"),
        "created_at": "TIME",
        "identical": "FLAG",
        "severity": "TEXT",
        **dict.fromkeys(SEVERITIES, "COUNT"),
        "cache": "TEXT",
        "stale_risk": "FLAG",
        "headline": "TEXT",
    }

    def _subjects(self) -> list[Any]:
        return [task._message for task in self._tasks]

    def __init__(
        self, tasks: Sequence[FlyteTask], severities: Mapping[str, str], accepted: frozenset[str], order: str
    ) -> None:
        self._tasks = tuple(tasks)
        self.order = order
        self._severities, self._accepted = severities, accepted
        self._diffs: dict[tuple[int, int], TaskDiff] = {}
        self.versions: tuple[str, ...] = _labels(self._tasks)
        self._unknown = [unknown_paths(task) for task in self._tasks]
        self._same, self.intervals = passed_through(self._tasks, self._unknown)

    def _state(self) -> tuple[Any, ...]:
        """Return all that two equal histories share."""
        return self._tasks, self._accepted, self.order, tuple(sorted(self._severities.items()))

    def __eq__(self, other: object) -> bool:
        return self._state() == other._state() if isinstance(other, TaskHistory) else NotImplemented

    def __hash__(self) -> int:
        return hash(self._state())

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
        return TaskHistory(chosen, self._severities, self._accepted, self.order)

    @property
    def name(self) -> str:
        """Name of the task; of a map task, that of its newest version."""
        return mask_identifier(self._tasks[-1].name)

    @property
    def places(self) -> tuple[str, ...]:
        """Project and domain of the versions, ``shop/production``, each place once, secrets masked."""
        return tuple(dict.fromkeys(_places(self._tasks)))

    @property
    def is_map_task(self) -> bool:
        """Whether versions are linked across the hash in the name of a map task."""
        return len({task.name for task in self._tasks}) > 1

    def position(self, version: int | str) -> int:
        """Return the place of a version in the history.

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
            near = ", ".join(self.versions[-_MOST_NAMES:])
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
        """Return what stood at a path of the flat normal form in a version; None for nothing, and where nobody knows."""
        position = self.position(version)
        if self.is_unknown(path, position):
            return None
        reached = [interval.value for interval in self.intervals.get(path, ()) if interval.start <= position]
        return reached[-1] if reached else None

    def is_unknown(self, path: str, version: int | str) -> bool:
        """Tell whether the source of a version does not say what stands at a path: see ``left_out`` of a diff."""
        return any(is_under(path, unknown) for unknown in self._unknown[self.position(version)])

    def timeline(self) -> pd.DataFrame:
        """Return the verdict of every step.

        Returns
        -------
        pandas.DataFrame
            A row for each version but the oldest: ``old``, ``new`` (labels), ``created_at`` (of the new one, UTC, NaT
            where unknown), ``identical`` (nothing but project, domain and version differs), ``severity`` (the worst;
            NA for none), a count for each severity, ``cache`` (verdict), ``stale_risk``, ``headline`` (the first; NA
            for none). Dtypes as those of :func:`flytetask_nb.tabulate`: string, datetime64[us, UTC], Int64, boolean.
        """
        return self.to_frame()

    def _rows(self) -> Iterator[Sequence[Any]]:
        for position in range(1, len(self)):
            step = self.diff(position - 1, position)
            counts = {**dict.fromkeys(SEVERITIES, 0), **step.counts, NOISE: len(step.noise)}
            yield [
                *(self.versions[position - 1], self.versions[position], self._tasks[position].created_at),
                *(self._same[position], step.severity or None, *(counts[severity] for severity in SEVERITIES)),
                *(step.cache.verdict, step.cache.stale_risk, next(iter(step.headlines), None)),
            ]

    def _values(self) -> dict[str, Any]:
        steps = self._records()
        for position, step in enumerate(steps, 1):
            created = step["created_at"]
            step["created_at"] = None if created is None else created.isoformat()
            step["diff"] = None if step["identical"] else self.diff(position - 1, position).to_dict()
        return {"name": self.name, "order": self.order, "versions": list(self.versions), "steps": steps}

    def matrix(self) -> pd.DataFrame:
        """Return the value of everything that ever changed, in every version.

        Returns
        -------
        pandas.DataFrame
            A row for each path (index ``field``, in order), a column for each version; values as text, secrets
            masked, NA where nothing stands, ``(unknown)`` where the version's source does not say it.
        """
        import pandas as pd  # noqa: PLC0415 - few callers want a frame

        from flytetask_nb.dtypes import TEXT, frame_of  # noqa: PLC0415

        paths = self.changing
        rows = []
        for path in paths:
            intervals = self.intervals[path]
            ends = [*(interval.start for interval in intervals[1:]), len(self)]
            row: list[str | None] = [UNKNOWN_VALUE] * intervals[0].start
            for interval, end in zip(intervals, ends, strict=True):
                row += [value_text(path, interval.value)] * (end - interval.start)
            for position, unknown in enumerate(self._unknown):
                if unknown and self.is_unknown(path, position):
                    row[position] = UNKNOWN_VALUE
            rows.append(row)
        index = pd.Index(list(map(mask_text, paths)), dtype=TEXT.dtype, name="field")
        return frame_of(dict.fromkeys(self.versions, TEXT), rows).set_index(index)

    def blame(self) -> pd.DataFrame:
        """Tell for every field which version made it what it is.

        Returns
        -------
        pandas.DataFrame
            A row for each path of the flat normal form (column ``field``): ``value`` in the newest version, as text,
            secrets masked, NA where nothing stands any more, ``(unknown)`` where its source does not say it;
            ``introduced``, the first version that is known to have had the value that is known last;
            ``last_changed``, the version that last changed anything there; ``reverted``, whether the value was there
            before, had gone and came back; ``changes``, how often it changed. Sorted by path.
        """
        from flytetask_nb.dtypes import COUNT, FLAG, TEXT, frame_of  # noqa: PLC0415 - few callers want a frame

        texts = dict.fromkeys(("field", "value", "introduced", "last_changed"), TEXT)
        rows = []
        for path, intervals in sorted(self.intervals.items()):
            present = intervals[-1]
            first = next(interval for interval in intervals if interval.value == present.value)
            value = UNKNOWN_VALUE if self.is_unknown(path, -1) else value_text(path, present.value)
            versions = self.versions[first.start], self.versions[present.start]
            rows.append([mask_text(path), value, *versions, first.start != present.start, len(intervals) - 1])
        return frame_of({**texts, "reverted": FLAG, "changes": COUNT}, rows)

    @property
    def changing(self) -> tuple[str, ...]:
        """The paths at which versions differ, in order."""
        return tuple(sorted(path for path, intervals in self.intervals.items() if len(intervals) > 1))

    def __repr__(self) -> str:
        first, last = (mask_identifier(self.versions[position]) for position in (0, -1))
        ends = f"{first} … {last}" if len(self) > 1 else self.versions[0]
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
        order as ``TaskCollection.versions`` does it; ``order`` of the history says what that rests on. What nothing
        tells apart stays as given, oldest first. Versions of a map task belong together whatever the hash in its name;
        those of several projects or domains are told apart: see ``places``.
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

    Examples
    --------
    >>> import flytetask_nb as ftn
    >>> from pathlib import Path
    >>> tasks = ftn.load("archives", version=lambda path: Path(path).stem)
    >>> len(ftn.history(tasks.versions("shops.training.train_global_model")))
    8
    """
    tasks = opened(tasks)
    if isinstance(tasks, FlyteTask) or not hasattr(tasks, "__iter__"):
        raise DiffError(
            f"history takes the versions of one task, got a single {type(tasks).__name__}; "
            "give a list, or tasks.versions(name) of a collection"
        )
    given = list(as_tasks(tasks))
    versions = renamed(given, given)
    if not versions:
        raise DiffError("history got no tasks; expected at least one version of a task")
    stems = {map_task_stem(task.name) or task.name for task in versions}
    if len(stems) > 1:
        names = ", ".join(repr(mask_identifier(name)) for name in sorted(stems)[:_MOST_NAMES])
        more = f" and {len(stems) - _MOST_NAMES} more" if len(stems) > _MOST_NAMES else ""
        raise DiffError(
            f"history got tasks of {len(stems)} names, expected versions of one: {names}{more}; "
            "give tasks.versions(name) of a collection"
        )
    positions, order = tasks_by_age(versions)
    versions = [versions[position] for position in positions]
    _check_versions(versions)
    return TaskHistory(versions, checked_severities(severities), checked_accepted(accepted, versions[-1].name), order)


def _check_versions(tasks: Sequence[FlyteTask]) -> None:
    """Refuse a version that stands for two different tasks; the same task twice, from two files, is fine."""
    seen: dict[tuple[str, str, str], FlyteTask] = {}
    for task in tasks:
        identifier = task._message.template.id
        if not is_filled_in(identifier.version):
            continue
        first = seen.setdefault((identifier.project, identifier.domain, identifier.version), task)
        if first is not task and not _is_one(first, task):
            places = " and ".join(mask_text(version.source or "one without a source") for version in (first, task))
            version = mask_identifier(identifier.version)
            raise DiffError(
                f"history got different tasks of the same version {version!r} of {mask_identifier(task.name)!r} ({places}), "
                "expected one: Flyte registers a version once; leave one of them out, or compare the two with diff"
            )


def _is_one(task: FlyteTask, other: FlyteTask) -> bool:
    """Tell whether two tasks can be one: documentation does not count, nor what registration fills in."""
    if task._message.template == other._message.template:
        return True
    difference = diff(task, other)
    rules = {change.rule for change in (*difference.changes, *difference.noise)}
    return rules <= {"documentation", "id-filled-in"}


def _labels(tasks: Sequence[FlyteTask]) -> tuple[str, ...]:
    """Label each version with a text that no other one has."""
    texts = [mask_identifier(version_label(task.id.version, task.source)) for task in tasks]
    where: dict[str, set[str]] = {}
    for text, place in zip(texts, places := _places(tasks), strict=True):
        where.setdefault(text, set()).add(place)
    texts = [
        f"{text} · {place}" if place and len(where[text]) > 1 else text
        for text, place in zip(texts, places, strict=True)
    ]
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


def _places(tasks: Sequence[FlyteTask]) -> list[str]:
    """Return project and domain of each version; of those that can be in one place the same for all."""
    places = [said(task.id.project, task.id.domain) for task in tasks]
    if are_one_place(places):
        project, domain = (max(parts) for parts in zip(*places, strict=True))
        places = [(project, domain)] * len(places)
    return [mask_text("/".join(filter(None, place))) for place in places]


def value_text(path: str, value: Any) -> str | None:
    """Return a value of the flat normal form as text, secrets masked; None for none."""
    for ending, names in _ENUMS.items():
        if value is not None and path.endswith(ending):
            return names(int(value)).name
    match = _LAST_KEY.search(path)
    return text_of(value, match[1] if match else "")
