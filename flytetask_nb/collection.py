"""A sequence of tasks that costs little more than their bytes.

It is long for all that a collection can do stands here, though much of it is done elsewhere. Tasks are kept in serialized form and built when they are looked at, so a hundred thousand of them fit where a
thousand objects would. Names and versions are read once, when they are first asked for.
"""

from __future__ import annotations

import sys
from collections import Counter
from collections.abc import Iterable, Sequence
from typing import TYPE_CHECKING, Any, NamedTuple, overload

from flyteidl.admin import task_pb2

from flytetask_nb.errors import ModelTypeError, ModelValueError, TaskNotFoundError
from flytetask_nb.models.coercion import each_task, no_tasks, opened
from flytetask_nb.models.flyte_task import FlyteTask
from flytetask_nb.models.identifiers import is_filled_in
from flytetask_nb.models.name_index import NameIndex
from flytetask_nb.models.origins import Origin
from flytetask_nb.models.showing import Shown
from flytetask_nb.models.version_order import LOADING, ORDERS, by_age, order_of, ranks_given, version_label
from flytetask_nb.semantics.fellows import Fellows
from flytetask_nb.semantics.task_conditions import conditions_of

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Mapping
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
    """A read-only sequence of tasks, which finds them by name and version.

    ``tasks["shop.train"]`` is the newest version of a task, ``tasks["shop.train", "v41"]`` that version. A name may be
    ``"project/domain/name"``, and must be where tasks of several projects or domains are called so.

    Parameters
    ----------
    tasks
        ``FlyteTask`` objects, or whatever ``FlyteTask.from_flyte_idl`` takes: flyteidl messages, flytekit objects;
        or bytes of serialized ``TaskSpec`` messages. Tasks, workflows and modules of flytekit's stand for their tasks.
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

    __slots__ = ("_columns", "_data", "_failures", "_fellows", "_index", "_orders", "_origins", "_skipped")

    def __init__(
        self,
        tasks: Iterable[object] = (),
        *,
        failures: Iterable[Failure] = (),
        skipped: Mapping[str, int] | None = None,
    ) -> None:
        tasks = opened(tasks)
        if isinstance(tasks, str | bytes | bytearray | memoryview) or not hasattr(tasks, "__iter__"):
            raise ModelTypeError(no_tasks(tasks, "tasks"))
        records = [record for place, task in enumerate(tasks) for record in _records_of(task, f"tasks[{place}]")]
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
        self._index: NameIndex | None = None
        self._orders: dict[str, int] | None = None
        self._fellows = Fellows(data, origins, self._place_among_versions)
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
    def __getitem__(self, index: int | str | tuple[str, str]) -> FlyteTask: ...
    @overload
    def __getitem__(self, index: slice) -> TaskCollection: ...
    def __getitem__(self, index: int | str | tuple[str, str] | slice) -> FlyteTask | TaskCollection:
        if isinstance(index, str):
            return self._built(self._aged(self._by_name().positions(index))[-1])
        if isinstance(index, tuple):
            return self._built(self._version(*_name_and_version(index)))
        try:
            chosen = range(len(self._data))[index]
        except IndexError:
            raise IndexError(f"position {index} is outside this collection of {len(self)} tasks") from None
        except TypeError:
            raise ModelTypeError(
                f"a collection has no place {index!r}, of type {type(index).__name__}; expected a position, "
                "a slice, the name of a task, or a name and a version"
            ) from None
        return self._built(chosen) if isinstance(chosen, int) else self._chosen(chosen)

    def __contains__(self, value: object) -> bool:
        if not isinstance(value, FlyteTask):
            return value in self._by_name()
        return any(
            self._built(position) == value
            for position, name in enumerate(self._all_columns()[_NAME])
            if name == value.name
        )

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
        task = FlyteTask.from_bytes(self._data[position], Origin(source=origin) if isinstance(origin, str) else origin)
        return task.beside(self._fellows)

    def _chosen(self, positions: Iterable[int], *, is_part: bool = True) -> TaskCollection:
        """Return some of the tasks; failures and counts stay with what is still about the whole."""
        chosen = list(positions)
        made = TaskCollection.__new__(TaskCollection)
        made._take(
            [self._data[position] for position in chosen],
            [self._origins[position] for position in chosen],
            () if is_part else self._failures,
            None if is_part else self._skipped,
        )
        # Tasks still belong to the release that they were taken from.
        made._fellows = self._fellows
        return made

    # -- by name and version -----------------------------------------------------------------------------------------

    @property
    def names(self) -> list[str]:
        """The names under which tasks are found, in natural order.

        A task's own name; ``project/domain/name`` where tasks of several projects or domains have the same.
        """
        return self._by_name().names

    def name_of(self, task: FlyteTask) -> str:
        """Return the name under which a task of this collection is found: one of ``names``."""
        identifier = task._message.template.id
        return self._by_name().name_of(identifier.project, identifier.domain, identifier.name)

    @property
    def order(self) -> str:
        """What the order of versions rests on.

        ``"given"``: what was handed to ``load`` or ``ordered``; ``"created_at"``: when they were registered, where all
        versions of a task say it; ``"version"``: the versions themselves, where all of a task's are of one scheme;
        ``"loading"``: the order in which they were loaded. Where tasks differ in it, the least sure of these.
        """
        orders = self.orders() or self._count_orders(least=1)
        return max(orders, key=ORDERS.index, default=LOADING)

    def orders(self) -> dict[str, int]:
        """Count the tasks of several versions by what the order of these rests on: see ``order``.

        Returns
        -------
        dict of str to int
            The surest first; what no task's order rests on is left out.
        """
        if self._orders is None:
            self._orders = self._count_orders(least=2)
        return dict(self._orders)

    def _count_orders(self, least: int) -> dict[str, int]:
        versions = self._all_columns()[_VERSION]
        found: Counter[str] = Counter()
        for positions in self._by_name().groups.values():
            if len(positions) >= least:
                origins = [self._origins[position] for position in positions]
                are_dated = all(not isinstance(origin, str) and origin.is_dated for origin in origins)
                found[order_of([versions[one] for one in positions], _ranks(origins), are_dated=are_dated)] += 1
        return {order: found[order] for order in ORDERS if found[order]}

    def ordered(self, order: Iterable[str] | Callable[[FlyteTask], Any]) -> TaskCollection:
        """Say which versions are older, where neither their times nor they themselves tell it.

        Parameters
        ----------
        order
            All versions, the oldest first; what has no version is called by the name of its file, without the ending.
            Or a function from a task to something that compares: what comes first is older.

        Returns
        -------
        TaskCollection
            The same tasks in the same sequence; what asks for the newest, for versions or for a history goes by this
            order from now on, also after saving and loading.

        Raises
        ------
        ModelTypeError
            ``order`` is neither, or what the function gives does not compare.
        ModelValueError
            The list names a version twice, or lacks one.
        """
        labels = [
            version_label(version, origin if isinstance(origin, str) else origin.source)
            for version, origin in zip(self._all_columns()[_VERSION], self._origins, strict=True)
        ]
        ranks = ranks_given(order, labels, self)
        origins: list[Origin | str] = [
            Origin(source=origin, rank=rank) if isinstance(origin, str) else origin.but(rank=rank)
            for origin, rank in zip(self._origins, ranks, strict=True)
        ]
        made = TaskCollection.__new__(TaskCollection)
        made._take(self._data, origins, self._failures, self._skipped)
        made._columns, made._index, made._fellows = self._columns, self._index, self._fellows
        return made

    def versions(self, name: str) -> TaskCollection:
        """Return all versions of a task.

        Parameters
        ----------
        name
            The task's full name, or ``project/domain/name``.

        Returns
        -------
        TaskCollection
            Oldest first; ``order`` says what that rests on.

        Raises
        ------
        TaskNotFoundError
            No task is called so, or tasks of several projects or domains are: the error lists them.
        """
        return self._chosen(self._aged(self._by_name().positions(name)))

    def newest_first(self, limit: int | None = None) -> TaskCollection:
        """Return the tasks so that the newest version of each comes first, then the next newest of each, and so on.

        Parameters
        ----------
        limit
            How many at most; None for all of them.

        Returns
        -------
        TaskCollection
            Tasks of one age in the order in which their names first appear.

        Examples
        --------
        >>> import flytetask_nb as ftn
        >>> len(ftn.TaskCollection().newest_first(10))
        0
        """
        found: list[int] = []
        layer = [(self._aged(positions), 1) for positions in self._by_name().groups.values()][:limit]
        while layer and (limit is None or len(found) < limit):
            found += [aged[-age] for aged, age in layer]
            layer = [(aged, age + 1) for aged, age in layer if age < len(aged)]
        return self._chosen(found[:limit])

    def version_counts(self) -> dict[str, int]:
        """Count the versions of each task, by the name under which it is found."""
        return {name: len(positions) for name, positions in self._by_name().groups.items()}

    def _version(self, name: str, version: str) -> int:
        positions = self._aged(self._by_name().positions(name))
        versions = self._all_columns()[_VERSION]
        for position in reversed(positions):
            if versions[position] == version:
                return position
        from flytetask_nb.masking import mask_text  # noqa: PLC0415 - its patterns cost time, and only an error needs them

        known = list(dict.fromkeys(mask_text(versions[position]) for position in positions))[-_NAMES_SHOWN:]
        raise TaskNotFoundError(
            f"{mask_text(name)!r} has no version {mask_text(version)!r} here; the newest are {', '.join(map(repr, known))}"
        )

    def latest(self) -> TaskCollection:
        """Return the newest version of each task, told apart by project, domain and name.

        Returns
        -------
        TaskCollection
            In the order in which the tasks first appear; with this collection's failures.
        """
        groups: dict[tuple[str, str, str], list[int]] = {}
        columns = self._all_columns()
        for position, key in enumerate(zip(columns[_PROJECT], columns[_DOMAIN], columns[_NAME], strict=True)):
            groups.setdefault(key, []).append(position)
        return self._chosen((self._aged(positions)[-1] for positions in groups.values()), is_part=False)

    def filter(self, *filters: object, **columns: Any) -> TaskCollection:
        """Return the tasks that all filters let through.

        Parameters
        ----------
        *filters
            Functions of a ``FlyteTask``, whose answer counts as true or false; conditions such as
            ``col("created_at") >= "2026-01-31"``, joined with ``&`` or in a list; ``{"type": "spark"}``. They mean what
            they mean to ``Remote.list_tasks``.
        **columns
            Likewise: ``type="spark"``, ``type=["spark", "dask"]``.

        Returns
        -------
        TaskCollection
            In this collection's order; with its failures, for they may hide tasks that would have fitted. A task of
            which a column is not known, such as when it was registered, fits no condition on that.

        Raises
        ------
        ModelTypeError, ModelValueError
            A filter is none.
        """
        conditions = conditions_of([*filters, columns])
        chosen = (place for place, task in enumerate(self) if all(condition(task) for condition in conditions))
        return self._chosen(chosen, is_part=False)

    def column(self, name: str) -> list[str]:
        """Return one part of all tasks' identity without building them.

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
        """Return the tasks as they are kept, for tables."""
        return self._data, self._origins

    # -- finding -----------------------------------------------------------------------------------------------------

    def _by_name(self) -> NameIndex:
        if self._index is None:
            columns = self._all_columns()
            self._index = NameIndex(columns[_PROJECT], columns[_DOMAIN], columns[_NAME])
        return self._index

    def _all_columns(self) -> tuple[list[str], ...]:
        if self._columns is None:
            # Those of a snapshot are known before its tasks are read.
            known: tuple[list[str], ...] | None = getattr(self._data, "identity", None)
            self._columns = _columns_of(self._data) if known is None else known
        return self._columns

    def _aged(self, positions: list[int]) -> list[int]:
        """Put positions in order of age, oldest first."""
        if len(positions) < 2:  # noqa: PLR2004 - nothing to order
            return positions
        versions = self._all_columns()[_VERSION]
        origins = [self._origins[position] for position in positions]
        times = [None if isinstance(origin, str) else origin.created_at for origin in origins]
        order, _ = by_age([versions[position] for position in positions], times, _ranks(origins))
        return [positions[place] for place in order]

    def _place_among_versions(self, task: FlyteTask) -> tuple[int, int, str]:
        """Return the place of a task of this collection among its versions, their number, and what tells the order."""
        identifier = task._message.template.id
        groups = self._by_name().groups
        name = self._by_name().name_of(identifier.project, identifier.domain, identifier.name)
        positions = groups.get(name, [])
        versions = self._all_columns()[_VERSION]
        alike = [one for one in positions if versions[one] == identifier.version]
        if len(alike) != 1:
            # Another task, or one of several that are called alike.
            return 1, 1, LOADING
        origins = [self._origins[one] for one in positions]
        are_dated = all(not isinstance(origin, str) and origin.is_dated for origin in origins)
        order = order_of([versions[one] for one in positions], _ranks(origins), are_dated=are_dated)
        return self._aged(positions).index(alike[0]) + 1, len(positions), order

    def _ipython_key_completions_(self) -> list[str]:
        return self.names

    # -- being a value -----------------------------------------------------------------------------------------------

    def __repr__(self) -> str:
        versions = len(list(filter(is_filled_in, set(self.column("version")))))
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


def _ranks(origins: Iterable[Origin | str]) -> list[Any]:
    return [None if isinstance(origin, str) else origin.rank for origin in origins]


def _name_and_version(key: tuple[Any, ...]) -> tuple[str, str]:
    if len(key) != 2 or not all(isinstance(part, str) for part in key):  # noqa: PLR2004 - a pair
        raise ModelTypeError(f"a collection has no place {key!r}; expected a name and a version, both texts")
    return key[0], key[1]


def _tables() -> ModuleType:
    from flytetask_nb import tables  # noqa: PLC0415 - loads pandas

    return tables


def _counted(number: int, word: str) -> str:
    return f"{number} {word}{'' if number == 1 else 's'}"


def _origin_state(origin: Origin) -> dict[str, Any]:
    # What only holds in one process, the Python types of a task that was compiled here, stays in it.
    return {name: getattr(origin, name) for name in Origin.__slots__ if name != "python_interface"}


def _records_of(task: object, place: str) -> Iterator[TaskRecord]:
    if isinstance(task, TaskRecord):
        yield task
        return
    if isinstance(task, bytes | bytearray | memoryview):
        data = bytes(task)
        FlyteTask.from_bytes(data)  # refuses what is no task now, not when it is looked at
        yield TaskRecord(data, Origin())
        return
    for made in each_task(task, place):
        yield TaskRecord(made.serialize_to_string(), made._origin)


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
