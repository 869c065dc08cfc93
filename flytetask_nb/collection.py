"""A sequence of tasks that costs little more than their bytes.

Tasks are kept in serialized form and built when they are looked at, so a hundred thousand of them fit where a
thousand objects would. Names and versions are read once, when they are first asked for.
"""

from __future__ import annotations

import sys
from collections.abc import Sequence
from typing import TYPE_CHECKING, Any, NamedTuple, overload

from flyteidl.admin import task_pb2

from flytetask_nb.errors import ModelTypeError, TaskNotFoundError
from flytetask_nb.models.flyte_task import FlyteTask, Origin
from flytetask_nb.models.order import natural_key
from flytetask_nb.models.showing import Shown

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Iterator, Mapping
    from datetime import datetime

__all__ = ["Failure", "TaskCollection", "TaskRecord"]

_NOWHERE = Origin()
_NAMES_SHOWN = 5


class Failure(NamedTuple):
    """Something that could not be read, kept beside the tasks that could.

    Attributes
    ----------
    source : str
        The file, archive or address.
    entry : str
        What is inside it; empty where the whole source failed.
    reason : str
        What is wrong, what was expected, and what to do.
    """

    source: str
    entry: str
    reason: str

    @property
    def place(self) -> str:
        """Source and entry as one text, e.g. ``release.tgz!0_shop.train_1.pb``."""
        return f"{self.source}!{self.entry}" if self.entry else self.source

    def __str__(self) -> str:
        return f"{self.place}: {self.reason}"


class TaskRecord(NamedTuple):
    """A task as it is kept: the bytes of its ``TaskSpec``, and where they come from."""

    data: bytes
    origin: Origin


class _Key(NamedTuple):
    """What a task is found by."""

    project: str
    domain: str
    name: str
    version: str
    type: str


class TaskCollection(Sequence[FlyteTask], Shown):
    """A read-only sequence of tasks.

    Parameters
    ----------
    tasks
        ``FlyteTask`` objects, or whatever ``FlyteTask.from_flyte_idl`` takes: flyteidl messages, flytekit objects;
        or bytes of serialized ``TaskSpec`` messages.
    failures
        What could not be read beside them.
    skipped
        How many entries of other kinds were passed over, by kind.

    Examples
    --------
    >>> import flytetask_nb as ftn
    >>> tasks = ftn.TaskCollection([])
    >>> len(tasks), tasks.names
    (0, [])
    """

    __slots__ = ("_keys", "_positions", "_records", "failures", "skipped")

    failures: tuple[Failure, ...]
    """What could not be read. Kept by ``filter`` and ``+``, but not by slices, which are about single tasks."""
    skipped: dict[str, int]
    """How many entries of other kinds were passed over: ``{"workflows": 5, "launch plans": 7}``."""

    def __init__(
        self,
        tasks: Iterable[object] = (),
        *,
        failures: Iterable[Failure] = (),
        skipped: Mapping[str, int] | None = None,
    ) -> None:
        self._take([_record_of(task) for task in tasks], failures, skipped)

    @classmethod
    def _of(
        cls,
        records: list[TaskRecord],
        failures: Iterable[Failure] = (),
        skipped: Mapping[str, int] | None = None,
    ) -> TaskCollection:
        made = cls.__new__(cls)
        made._take(records, failures, skipped)
        return made

    def _take(self, records: list[TaskRecord], failures: Iterable[Failure], skipped: Mapping[str, int] | None) -> None:
        self._records = records
        self._keys: list[_Key] | None = None
        self._positions: dict[str, list[int]] | None = None
        self.failures = tuple(failures)
        self.skipped = dict(skipped or {})

    # -- a sequence --------------------------------------------------------------------------------------------------

    def __len__(self) -> int:
        return len(self._records)

    def __iter__(self) -> Iterator[FlyteTask]:
        for record in self._records:
            yield FlyteTask.from_bytes(record.data, record.origin)

    @overload
    def __getitem__(self, index: int | str) -> FlyteTask: ...
    @overload
    def __getitem__(self, index: slice) -> TaskCollection: ...
    def __getitem__(self, index: int | str | slice) -> FlyteTask | TaskCollection:
        if isinstance(index, slice):
            return self._of(self._records[index])
        if isinstance(index, str):
            return self._built(self._ordered(self._found(index))[-1])
        try:
            return self._built(range(len(self._records))[index])
        except IndexError:
            raise IndexError(f"position {index} is outside this collection of {len(self)} tasks") from None

    def __contains__(self, value: object) -> bool:
        if isinstance(value, str):
            return value in self._by_name()
        if not isinstance(value, FlyteTask):
            return False
        return any(self._built(position) == value for position in self._by_name().get(value.name, ()))

    def __add__(self, other: object) -> TaskCollection:
        if not isinstance(other, TaskCollection):
            return NotImplemented
        skipped = dict(self.skipped)
        for kind, number in other.skipped.items():
            skipped[kind] = skipped.get(kind, 0) + number
        return self._of(self._records + other._records, (*self.failures, *other.failures), skipped)

    def __eq__(self, other: object) -> bool:
        if not isinstance(other, TaskCollection):
            return NotImplemented
        return len(self) == len(other) and all(mine == theirs for mine, theirs in zip(self, other, strict=True))

    __hash__ = None  # type: ignore[assignment]

    def _built(self, position: int) -> FlyteTask:
        record = self._records[position]
        return FlyteTask.from_bytes(record.data, record.origin)

    # -- by name and version -----------------------------------------------------------------------------------------

    @property
    def names(self) -> list[str]:
        """The tasks' names, each once, in natural order."""
        return sorted(self._by_name(), key=natural_key)

    def versions(self, name: str) -> TaskCollection:
        """Give all versions of a task.

        Parameters
        ----------
        name
            The task's full name.

        Returns
        -------
        TaskCollection
            Oldest first: by ``created_at`` where all of them have it, else by version in natural order, else by
            source in natural order.

        Raises
        ------
        TaskNotFoundError
            No task is called so.
        """
        return self._of([self._records[position] for position in self._ordered(self._found(name))])

    def latest(self) -> TaskCollection:
        """Give the newest version of each task, told apart by project, domain and name.

        Returns
        -------
        TaskCollection
            In the order in which the tasks first appear; with this collection's failures.
        """
        groups: dict[tuple[str, str, str], list[int]] = {}
        for position, key in enumerate(self._all_keys()):
            groups.setdefault(key[:3], []).append(position)
        newest = [self._records[self._ordered(positions)[-1]] for positions in groups.values()]
        return self._of(newest, self.failures, self.skipped)

    def filter(self, predicate: Callable[[FlyteTask], object]) -> TaskCollection:
        """Give the tasks that a function says yes to.

        Parameters
        ----------
        predicate
            Takes a task; what it answers counts as true or false.

        Returns
        -------
        TaskCollection
            In this collection's order; with its failures, for they may hide tasks that would have fitted.
        """
        chosen = [record for record, task in zip(self._records, self, strict=True) if predicate(task)]
        return self._of(chosen, self.failures, self.skipped)

    def column(self, name: str) -> list[str]:
        """Give one part of all tasks' identity without building them.

        Parameters
        ----------
        name
            ``"project"``, ``"domain"``, ``"name"``, ``"version"`` or ``"type"``.

        Returns
        -------
        list of str
            One text a task, in this collection's order; empty where it is not set.
        """
        if name not in _Key._fields:
            raise ModelTypeError(f"there is no column {name!r}; there are {', '.join(_Key._fields)}")
        index = _Key._fields.index(name)
        return [key[index] for key in self._all_keys()]

    def _found(self, name: str) -> list[int]:
        positions = self._by_name().get(name)
        if positions is None:
            raise TaskNotFoundError(self._missing(name))
        return positions

    def _missing(self, name: str) -> str:
        from difflib import get_close_matches  # noqa: PLC0415 - only for an error

        names = self.names
        near = get_close_matches(name, names, n=_NAMES_SHOWN, cutoff=0.5)
        near = near or [other for other in names if name.casefold() in other.casefold()][:_NAMES_SHOWN]
        if not names:
            return f"no task is called {name!r}: this collection is empty"
        hint = f"did you mean {', '.join(map(repr, near))}?" if near else f"see .names for the {len(names)} there are"
        return f"no task is called {name!r}; {hint}"

    def _by_name(self) -> dict[str, list[int]]:
        if self._positions is None:
            positions: dict[str, list[int]] = {}
            for position, key in enumerate(self._all_keys()):
                positions.setdefault(key.name, []).append(position)
            self._positions = positions
        return self._positions

    def _all_keys(self) -> list[_Key]:
        if self._keys is None:
            self._keys = [_key_of(record.data) for record in self._records]
        return self._keys

    def _ordered(self, positions: list[int]) -> list[int]:
        """Put positions in order of age, oldest first."""
        if len(positions) < 2:  # noqa: PLR2004 - nothing to order
            return positions
        created = [self._records[position].origin.created_at for position in positions]
        keys = self._all_keys()
        times: dict[int, Any] = dict.fromkeys(positions)
        if all(time is not None for time in created):
            times = dict(zip(positions, created, strict=True))
        else:
            times = dict.fromkeys(positions, 0)

        def age(position: int) -> tuple[datetime | int, Any, Any]:
            source = self._records[position].origin.source or ""
            return times[position], natural_key(keys[position].version), natural_key(source)

        return sorted(positions, key=age)

    def _ipython_key_completions_(self) -> list[str]:
        return self.names

    # -- being a value -----------------------------------------------------------------------------------------------

    def __repr__(self) -> str:
        versions = len({version for version in self.column("version") if version})
        parts = [_counted(len(self), "task"), _counted(len(self._by_name()), "name")]
        parts += [_counted(versions, "version")] if versions else []
        parts += [_counted(len(self.failures), "failure")] if self.failures else []
        return f"TaskCollection({', '.join(parts)})"

    def __str__(self) -> str:
        return self.to_text()

    def __getstate__(self) -> tuple[Any, ...]:
        origins = [_origin_state(record.origin) for record in self._records]
        return [record.data for record in self._records], origins, self.failures, self.skipped

    def __setstate__(self, state: tuple[Any, ...]) -> None:
        data, origins, failures, skipped = state
        records = [TaskRecord(one, Origin(**origin)) for one, origin in zip(data, origins, strict=True)]
        self._take(records, failures, skipped)


def _counted(number: int, word: str) -> str:
    return f"{number} {word}{'' if number == 1 else 's'}"


def _origin_state(origin: Origin) -> dict[str, Any]:
    return {name: getattr(origin, name) for name in Origin.__slots__}


def _record_of(task: object) -> TaskRecord:
    if isinstance(task, TaskRecord):
        return task
    if isinstance(task, bytes | bytearray | memoryview):
        data = bytes(task)
        FlyteTask.from_bytes(data)  # refuses what is no task now, not when it is looked at
        return TaskRecord(data, _NOWHERE)
    made = task if isinstance(task, FlyteTask) else FlyteTask.from_flyte_idl(task)
    return TaskRecord(made.serialize_to_string(), made._origin)


def _key_of(data: bytes) -> _Key:
    template = task_pb2.TaskSpec.FromString(data).template
    identifier = template.id
    # Projects, domains and types are few, and versions are shared by all tasks of a release.
    return _Key(
        sys.intern(identifier.project),
        sys.intern(identifier.domain),
        sys.intern(identifier.name),
        sys.intern(identifier.version),
        sys.intern(template.type),
    )
