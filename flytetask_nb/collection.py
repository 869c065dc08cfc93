"""A sequence of tasks that costs little more than their bytes.

Tasks are kept in serialized form and built when they are looked at, so a hundred thousand of them fit where a
thousand objects would. Names and versions are read once, when they are first asked for.
"""

from __future__ import annotations

import sys
from collections.abc import Sequence
from typing import TYPE_CHECKING, Any, NamedTuple, overload

from flyteidl.admin import task_pb2

from flytetask_nb.errors import ModelTypeError, ModelValueError, TaskNotFoundError
from flytetask_nb.models.flyte_task import FlyteTask, Origin
from flytetask_nb.models.order import natural_key
from flytetask_nb.models.showing import Shown

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Iterator, Mapping
    from os import PathLike
    from types import ModuleType

    import pandas as pd

__all__ = ["Failure", "TaskCollection", "TaskRecord"]

_NAMES_SHOWN = 5
_COLUMNS = ("project", "domain", "name", "version", "type")
_PROJECT, _DOMAIN, _NAME, _VERSION, _TYPE = range(len(_COLUMNS))


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
    """A task as it is kept.

    Attributes
    ----------
    data : bytes
        The serialized ``TaskSpec``.
    origin : Origin or str
        Where it comes from; of most tasks only the source is known, which costs less by itself.
    """

    data: bytes
    origin: Origin | str


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

    __slots__ = ("_columns", "_data", "_failures", "_origins", "_positions", "_skipped")

    def __init__(
        self,
        tasks: Iterable[object] = (),
        *,
        failures: Iterable[Failure] = (),
        skipped: Mapping[str, int] | None = None,
    ) -> None:
        if isinstance(tasks, str | bytes | bytearray | memoryview) or not hasattr(tasks, "__iter__"):
            raise ModelTypeError(
                f"TaskCollection takes an iterable of tasks, got {type(tasks).__name__}; "
                "put a single task into a list, and read files with load"
            )
        records = [_record_of(task) for task in tasks]
        self._take([record.data for record in records], [record.origin for record in records], failures, skipped)

    @classmethod
    def _of(
        cls,
        records: Iterable[TaskRecord],
        failures: Iterable[Failure] = (),
        skipped: Mapping[str, int] | None = None,
    ) -> TaskCollection:
        made = cls.__new__(cls)
        data: list[bytes] = []
        origins: list[Origin | str] = []
        for record in records:
            data.append(record.data)
            origins.append(record.origin)
        made._take(data, origins, failures, skipped)
        return made

    def _take(
        self,
        data: Sequence[bytes],
        origins: list[Origin | str],
        failures: Iterable[Failure],
        skipped: Mapping[str, int] | None,
    ) -> None:
        # Side by side, and not in a record each: a hundred thousand records would weigh as much as some of the tasks.
        self._data: Sequence[bytes] = data
        self._origins = origins
        self._columns: tuple[list[str], ...] | None = None
        self._positions: dict[str, list[int]] | None = None
        self._failures = tuple(failures)
        self._skipped = dict(skipped or {})

    @property
    def failures(self) -> tuple[Failure, ...]:
        """What could not be read. Kept by ``filter``, ``latest`` and ``+``, not by slices, which are about single tasks."""
        return self._failures

    @property
    def skipped(self) -> dict[str, int]:
        """How many entries of other kinds were passed over: ``{"workflows": 5, "launch plans": 7}``."""
        return dict(self._skipped)

    # -- a sequence --------------------------------------------------------------------------------------------------

    def __len__(self) -> int:
        return len(self._data)

    def __iter__(self) -> Iterator[FlyteTask]:
        return map(self._built, range(len(self._data)))

    @overload
    def __getitem__(self, index: int | str) -> FlyteTask: ...
    @overload
    def __getitem__(self, index: slice) -> TaskCollection: ...
    def __getitem__(self, index: int | str | slice) -> FlyteTask | TaskCollection:
        if isinstance(index, str):
            return self._built(self._ordered(self._found(index))[-1])
        try:
            chosen = range(len(self._data))[index]
        except IndexError:
            raise IndexError(f"position {index} is outside this collection of {len(self)} tasks") from None
        except TypeError:
            raise ModelTypeError(
                f"a collection has no place {index!r}, of type {type(index).__name__}; expected a position, "
                "a slice, or the name of a task"
            ) from None
        return self._built(chosen) if isinstance(chosen, int) else self._chosen(chosen)

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
        made = TaskCollection.__new__(TaskCollection)
        made._take(
            [*self._data, *other._data], self._origins + other._origins, self._failures + other._failures, skipped
        )
        return made

    def __eq__(self, other: object) -> bool:
        if not isinstance(other, TaskCollection):
            return NotImplemented
        return len(self) == len(other) and all(
            mine == theirs or FlyteTask.from_bytes(mine) == FlyteTask.from_bytes(theirs)
            for mine, theirs in zip(self._data, other._data, strict=True)
        )

    __hash__ = None  # type: ignore[assignment]

    def _built(self, position: int) -> FlyteTask:
        origin = self._origins[position]
        return FlyteTask.from_bytes(self._data[position], Origin(source=origin) if isinstance(origin, str) else origin)

    def _chosen(self, positions: Iterable[int], *, is_part: bool = True) -> TaskCollection:
        """Give some of the tasks; failures and counts stay with what is still about the whole."""
        chosen = list(positions)
        made = TaskCollection.__new__(TaskCollection)
        made._take(
            [self._data[position] for position in chosen],
            [self._origins[position] for position in chosen],
            () if is_part else self._failures,
            None if is_part else self._skipped,
        )
        return made

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
        return self._chosen(self._ordered(self._found(name)))

    def latest(self) -> TaskCollection:
        """Give the newest version of each task, told apart by project, domain and name.

        Returns
        -------
        TaskCollection
            In the order in which the tasks first appear; with this collection's failures.
        """
        groups: dict[tuple[str, str, str], list[int]] = {}
        columns = self._all_columns()
        for position, key in enumerate(zip(columns[_PROJECT], columns[_DOMAIN], columns[_NAME], strict=True)):
            groups.setdefault(key, []).append(position)
        return self._chosen((self._ordered(positions)[-1] for positions in groups.values()), is_part=False)

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
        return self._chosen((position for position, task in enumerate(self) if predicate(task)), is_part=False)

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
        if name not in _COLUMNS:
            raise ModelValueError(f"there is no column {name!r}; there are {', '.join(_COLUMNS)}")
        return list(self._all_columns()[_COLUMNS.index(name)])

    # -- tables ------------------------------------------------------------------------------------------------------

    def to_frame(self, columns: Iterable[Any] | Mapping[str, Any] | None = None) -> pd.DataFrame:
        """Make a table of the tasks: one row a task.

        Parameters
        ----------
        columns
            As for ``flytetask_nb.tabulate``, which says what each column is.

        Returns
        -------
        pandas.DataFrame
            In this collection's order. Failures have no rows: they are in ``failures``.
        """
        frame: pd.DataFrame = _tables().tabulate(self, columns)
        return frame

    def interface_frame(self) -> pd.DataFrame:
        """Make a table of inputs and outputs: one row a variable.

        See Also
        --------
        flytetask_nb.tables.interface_frame : says what each column is.
        """
        frame: pd.DataFrame = _tables().interface_frame(self)
        return frame

    def resources_frame(self) -> pd.DataFrame:
        """Make a table of what the tasks ask for: one row a resource.

        See Also
        --------
        flytetask_nb.tables.resources_frame : says what each column is.
        """
        frame: pd.DataFrame = _tables().resources_frame(self)
        return frame

    def env_frame(self) -> pd.DataFrame:
        """Make a table of environment variables, secrets masked: one row a variable.

        See Also
        --------
        flytetask_nb.tables.env_frame : says what each column is.
        """
        frame: pd.DataFrame = _tables().env_frame(self)
        return frame

    def producers_of(self, variable: object) -> pd.DataFrame:
        """Find the outputs that can feed an input.

        Parameters
        ----------
        variable
            The input: a ``Variable`` or ``LiteralType`` of this package, of flyteidl or of flytekit.

        Returns
        -------
        pandas.DataFrame
            One row an output that Flyte's compiler lets feed it; ``task`` is the task's place in this collection.

        Examples
        --------
        >>> import flytetask_nb as ftn
        >>> ftn.TaskCollection().producers_of(ftn.models.LiteralType(simple=ftn.models.SimpleType.INTEGER)).empty
        True
        """
        frame: pd.DataFrame = _tables().producers_of(self, variable)
        return frame

    def consumers_of(self, variable: object) -> pd.DataFrame:
        """Find the inputs that can take an output.

        Parameters
        ----------
        variable
            The output, as for ``producers_of``.

        Returns
        -------
        pandas.DataFrame
            One row an input that Flyte's compiler lets take it; ``task`` is the task's place in this collection.
        """
        frame: pd.DataFrame = _tables().consumers_of(self, variable)
        return frame

    def duplicates(self) -> pd.DataFrame:
        """Find tasks that are the same under different names.

        See Also
        --------
        flytetask_nb.tables.duplicates : says what each column is.
        """
        frame: pd.DataFrame = _tables().duplicates(self)
        return frame

    def stale_caches(self) -> pd.DataFrame:
        """Find tasks that still take results which an older image has computed.

        See Also
        --------
        flytetask_nb.tables.stale_caches : says what each column is.
        """
        frame: pd.DataFrame = _tables().stale_caches(self)
        return frame

    def runtime_before(self, version: str, *, runtime: str = "python") -> pd.DataFrame:
        """Find tasks that were made with an older SDK.

        Parameters
        ----------
        version
            The first version that is new enough, e.g. ``"1.16"``.
        runtime
            Which SDK: a value of the column ``runtime``. flytekit calls itself ``python``.

        Returns
        -------
        pandas.DataFrame
            One row for each of them; ``flytetask_nb.tables.runtime_before`` says what each column is.
        """
        frame: pd.DataFrame = _tables().runtime_before(self, version, runtime=runtime)
        return frame

    # -- snapshots ---------------------------------------------------------------------------------------------------

    def save(self, path: str | PathLike[str]) -> None:
        """Save the tasks as Parquet, for ``load`` to give them back byte for byte.

        Parameters
        ----------
        path
            What ends in ``.parquet`` becomes one file. Anything else becomes a folder of such files, one for each
            project and domain: ``project=shops/domain=production/tasks.parquet``. Either may be a URL that fsspec
            knows. What was there before is replaced.

        Raises
        ------
        SaveError
            It cannot be written, or the folder holds something else. What was there before is still there.
        MissingExtraError
            pyarrow is not installed: it comes with the extra ``tables``.

        Notes
        -----
        A file holds the serialized tasks, the columns of ``flytetask_nb.tabulate``, where each task came from, the
        failures, and the version of this package. A file gives the tasks back in this collection's order, a folder in
        that of projects and domains.

        Secrets are masked in the columns, the origins and the failures, whatever ``set_options`` says. They are not
        masked in the tasks themselves, which would be others then: give a snapshot to those who may see the tasks.

        On this machine a file is written beside its place, forced to disk and renamed, so a crash leaves the old one.
        A folder is made beside its place as well; if the machine stops between the two renames that swap it, the
        old one is still there as ``old`` in a hidden folder beside it. Elsewhere each file is handed over in one piece, which
        object stores take wholly or not at all, and files of an older snapshot are taken away last.
        """
        _tables().save_snapshot(
            path,
            self._data,
            self._origins,
            failures=self._failures,
            skipped=self._skipped,
            identity=self._all_columns(),
        )

    def _records(self) -> tuple[Sequence[bytes], list[Origin | str]]:
        """Give the tasks as they are kept, for tables."""
        return self._data, self._origins

    # -- finding -----------------------------------------------------------------------------------------------------

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
            for position, name in enumerate(self._all_columns()[_NAME]):
                positions.setdefault(name, []).append(position)
            self._positions = positions
        return self._positions

    def _all_columns(self) -> tuple[list[str], ...]:
        if self._columns is None:
            # Those of a snapshot are known before its tasks are read.
            known: tuple[list[str], ...] | None = getattr(self._data, "identity", None)
            self._columns = _columns_of(self._data) if known is None else known
        return self._columns

    def _ordered(self, positions: list[int]) -> list[int]:
        """Put positions in order of age, oldest first."""
        if len(positions) < 2:  # noqa: PLR2004 - nothing to order
            return positions
        origins = {position: self._origins[position] for position in positions}
        created = {
            position: None if isinstance(origin, str) else origin.created_at for position, origin in origins.items()
        }
        are_dated = all(time is not None for time in created.values())
        versions = self._all_columns()[_VERSION]

        def age(position: int) -> tuple[Any, Any, Any]:
            origin = origins[position]
            source = origin if isinstance(origin, str) else origin.source or ""
            return created[position] if are_dated else 0, natural_key(versions[position]), natural_key(source)

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
        origins = [origin if isinstance(origin, str) else _origin_state(origin) for origin in self._origins]
        return list(self._data), origins, self._failures, self._skipped

    def __setstate__(self, state: tuple[Any, ...]) -> None:
        data, origins, failures, skipped = state
        self._take(
            data, [origin if isinstance(origin, str) else Origin(**origin) for origin in origins], failures, skipped
        )


def _tables() -> ModuleType:
    from flytetask_nb import tables  # noqa: PLC0415 - loads pandas

    return tables


def _counted(number: int, word: str) -> str:
    return f"{number} {word}{'' if number == 1 else 's'}"


def _origin_state(origin: Origin) -> dict[str, Any]:
    # What only holds in one process, the Python types of a task that was compiled here, stays in it.
    return {name: getattr(origin, name) for name in Origin.__slots__ if name != "python_interface"}


def _record_of(task: object) -> TaskRecord:
    if isinstance(task, TaskRecord):
        return task
    if isinstance(task, bytes | bytearray | memoryview):
        data = bytes(task)
        FlyteTask.from_bytes(data)  # refuses what is no task now, not when it is looked at
        return TaskRecord(data, Origin())
    made = task if isinstance(task, FlyteTask) else FlyteTask.from_flyte_idl(task)
    return TaskRecord(made.serialize_to_string(), made._origin)


def _columns_of(data: Iterable[bytes]) -> tuple[list[str], ...]:
    columns: tuple[list[str], ...] = tuple([] for _ in _COLUMNS)
    parse = task_pb2.TaskSpec.FromString
    # Projects, domains and types are few, and versions are shared by all tasks of a release.
    intern = sys.intern
    for one in data:
        template = parse(one).template
        identifier = template.id
        columns[_PROJECT].append(intern(identifier.project))
        columns[_DOMAIN].append(intern(identifier.domain))
        columns[_NAME].append(intern(identifier.name))
        columns[_VERSION].append(intern(identifier.version))
        columns[_TYPE].append(intern(template.type))
    return columns
