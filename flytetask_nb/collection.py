"""A sequence of tasks that costs little more than their bytes.

Tasks are kept in serialized form and built when they are looked at, so a hundred thousand of them fit where a thousand
objects would. What tells them apart is read once: see ``models/task_index.py``. The module is long because whatever can
be asked of a collection is a method with its documentation; most hand the question on.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from typing import TYPE_CHECKING, Any, overload

from flytetask_nb.errors import ModelTypeError
from flytetask_nb.models.coercion import each_task, no_tasks, opened
from flytetask_nb.models.flyte_task import FlyteTask
from flytetask_nb.models.identifiers import is_filled_in
from flytetask_nb.models.origins import Origin, origin_of
from flytetask_nb.models.showing import Shown
from flytetask_nb.models.task_index import TaskIndex
from flytetask_nb.models.task_records import Failure, TaskRecord
from flytetask_nb.models.version_order import LOADING, ORDERS, ranks_given
from flytetask_nb.models.workflows import Workflow
from flytetask_nb.options import option
from flytetask_nb.semantics.fellows import Fellows, WorkflowRecord
from flytetask_nb.semantics.task_conditions import conditions_of

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Mapping
    from os import PathLike
    from types import ModuleType

    import pandas as pd

    from flytetask_nb.tables.coded_table import CodedTable

__all__ = ["Failure", "TaskCollection", "TaskRecord"]


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

    __slots__ = ("_data", "_failures", "_fellows", "_index", "_origins", "_searched", "_skipped")

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
    def of_serialized(
        cls,
        data: Sequence[bytes],
        origins: list[Origin | str],
        failures: Iterable[Failure] = (),
        skipped: Mapping[str, int] | None = None,
        workflows: Iterable[WorkflowRecord] = (),
    ) -> TaskCollection:
        """Return a collection of tasks that are known to be some: nobody looks at them.

        Parameters
        ----------
        data
            A serialized ``TaskSpec`` each; not copied.
        origins
            Where each comes from: of most only the source is known.
        failures, skipped
            As the constructor takes them.
        workflows
            Those beside them.
        """
        made = cls.__new__(cls)
        made._take(data, origins, failures, skipped, workflows)
        return made

    def _take(
        self,
        data: Sequence[bytes],
        origins: list[Origin | str],
        failures: Iterable[Failure],
        skipped: Mapping[str, int] | None,
        workflows: Iterable[WorkflowRecord] = (),
    ) -> None:
        # Side by side, and not in a record each: a hundred thousand records would weigh as much as some of the tasks.
        self._data: Sequence[bytes] = data
        self._origins = origins
        self._index = TaskIndex(data, origins)
        self._fellows = Fellows(data, origins, self._index.place_among_versions, workflows)
        self._failures = tuple(failures)
        self._skipped = dict(skipped or {})
        self._searched: dict[bool, CodedTable] = {}

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
            return self._built(self._index.versions(index)[-1])
        if isinstance(index, tuple):
            return self._built(self._index.position(*_name_and_version(index)))
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
            return value in self._index.names
        return any(
            self._built(position) == value
            for position, name in enumerate(self._index.column("name"))
            if name == value.name
        )

    def __add__(self, other: object) -> TaskCollection:
        if not isinstance(other, TaskCollection):
            return NotImplemented
        skipped = dict(self.skipped)
        for kind, number in other.skipped.items():
            skipped[kind] = skipped.get(kind, 0) + number
        return TaskCollection.of_serialized(
            [*self._data, *other._data],
            self._origins + other._origins,
            self._failures + other._failures,
            skipped,
            self._fellows.workflows + other._fellows.workflows,
        )

    def __eq__(self, other: object) -> bool:
        if not isinstance(other, TaskCollection):
            return NotImplemented
        return len(self) == len(other) and all(
            mine == theirs or FlyteTask.from_bytes(mine) == FlyteTask.from_bytes(theirs)
            for mine, theirs in zip(self._data, other._data, strict=True)
        )

    __hash__ = None  # type: ignore[assignment]

    def _built(self, position: int) -> FlyteTask:
        return FlyteTask.from_bytes(self._data[position], origin_of(self._origins[position])).beside(self._fellows)

    def _chosen(self, positions: Iterable[int], *, is_part: bool = True) -> TaskCollection:
        """Return some of the tasks; failures and counts stay with what is still about the whole."""
        chosen = list(positions)
        made = TaskCollection.of_serialized(
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
        return self._index.names.names

    def name_of(self, task: FlyteTask) -> str:
        """Return the name under which a task of this collection is found: one of ``names``."""
        identifier = task._message.template.id
        return self._index.names.name_of(identifier.project, identifier.domain, identifier.name)

    @property
    def order(self) -> str:
        """What the order of versions rests on.

        ``"given"``: what was handed to ``load`` or ``ordered``; ``"created_at"``: when they were registered, where all
        versions of a task say it; ``"version"``: the versions themselves, where all of a task's are of one scheme;
        ``"loading"``: the order in which they were loaded. Where tasks differ in it, the least sure of these.
        """
        orders = self._index.orders() or self._index.count_orders(least=1)
        return max(orders, key=ORDERS.index, default=LOADING)

    def orders(self) -> dict[str, int]:
        """Count the tasks of several versions by what the order of these rests on: see ``order``.

        Returns
        -------
        dict of str to int
            The surest first; what no task's order rests on is left out.
        """
        return dict(self._index.orders())

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
        ranks = ranks_given(order, self._index.labels(), self)
        origins: list[Origin | str] = [
            origin_of(origin).but(rank=rank) for origin, rank in zip(self._origins, ranks, strict=True)
        ]
        made = TaskCollection.of_serialized(self._data, origins, self._failures, self._skipped)
        made._index = self._index.with_origins(origins)
        made._fellows = self._fellows.ordered_by(made._index.place_among_versions)
        return made

    def with_workflows(self, workflows: Iterable[object]) -> TaskCollection:
        """Make workflows known, so that each task's card says which of them use it.

        Those of the archives that ``load`` reads are known; these are for tasks that come from elsewhere, such as a
        snapshot.

        Parameters
        ----------
        workflows
            As ``load_workflows`` gives them, or whatever ``Workflow.from_flyte_idl`` takes. A workflow calls tasks by
            project, domain and version, or where it says none those of its own archive.

        Returns
        -------
        TaskCollection
            The same tasks.

        Examples
        --------
        >>> import flytetask_nb as ftn
        >>> workflows = ftn.load_workflows("archives/2026.10.tgz", version="2026.10")
        >>> tasks = ftn.load("archives/2026.10.tgz", version="2026.10").with_workflows(workflows)
        >>> "used by workflows.ingest_sales" in tasks["shops.ingest.daily_sales"].to_text()
        True
        """
        found = [each if isinstance(each, Workflow) else Workflow.from_flyte_idl(each) for each in workflows]
        records = [WorkflowRecord(workflow._template.SerializeToString(), workflow.source) for workflow in found]
        made = self._chosen(range(len(self)), is_part=False)
        made._fellows = Fellows(
            self._data, self._origins, self._index.place_among_versions, [*self._fellows.workflows, *records]
        )
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
        return self._chosen(self._index.versions(name))

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
        return self._chosen(self._index.newest_first(limit))

    def version_counts(self) -> dict[str, int]:
        """Count the versions of each task, by the name under which it is found."""
        return {name: len(positions) for name, positions in self._index.names.groups.items()}

    def latest(self) -> TaskCollection:
        """Return the newest version of each task, told apart by project, domain and name.

        Returns
        -------
        TaskCollection
            In the order in which the tasks first appear; with this collection's failures.
        """
        return self._chosen(self._index.newest(), is_part=False)

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

    def search(self, query: str) -> TaskCollection:
        """Return the tasks that a search fits.

        Parameters
        ----------
        query
            Words, all of which have to be there: each in the name, the type, the image, the short description, the
            signature, a name of an environment variable or of a secret, in any case. ``"a phrase"``; ``-word`` leaves out what has it; ``OR`` stands between alternatives, ``a b OR c``
            being ``a b``, or else ``c``. ``field:value`` looks into a column of ``to_frame`` (texts that hold the value,
            numbers that are equal to it), ``field:*`` for any value; ``=``, ``!=`` and, of numbers and times, ``<``,
            ``<=``, ``>``, ``>=`` compare, with blanks around them or without: ``memory_limit > 8Gi``, ``timeout<1h30m``,
            ``created_at>=2026-01-31``. ``mem``, ``cpu`` and ``gpu`` are short for what is requested.

        Returns
        -------
        TaskCollection
            In this collection's order, with its failures. A value that is not there fits nothing.

        Raises
        ------
        QueryError
            The search cannot be read: says at which character.

        Examples
        --------
        >>> import flytetask_nb as ftn
        >>> len(ftn.TaskCollection().search("gpu>0 type:spark -legacy"))
        0
        """
        from flytetask_nb.tables.search_query import parsed_query  # noqa: PLC0415 - loads pandas

        if not isinstance(query, str):
            raise ModelTypeError(f"a search is a text, got {query!r}, of type {type(query).__name__}")
        search = parsed_query(query)
        if not search.alternatives:
            return self._chosen(range(len(self)), is_part=False)
        fits = search.mask(self._searchable(search.columns))
        return self._chosen(fits.nonzero()[0].tolist(), is_part=False)

    def _searchable(self, columns: Iterable[str]) -> CodedTable:
        """Return a table of columns: each is read once, for this search and those to come."""
        from flytetask_nb.tables.coded_table import CodedTable  # noqa: PLC0415 - loads pandas
        from flytetask_nb.tables.columns import DEFAULT_COLUMNS  # noqa: PLC0415 - likewise

        # What is masked is not found, and what is masked the options say; what is found in tasks, the policy.
        is_revealed = bool(option("reveal_secrets"))
        table = self._searched.get(is_revealed, CodedTable(len(self), {}))
        unread = [name for name in columns if name not in table.names]
        if unread:
            table = table.beside(CodedTable.of_frame(self._table("tabulate", unread)))
            self._searched[is_revealed] = table.only(DEFAULT_COLUMNS)
        return table

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
        return list(self._index.column(name))

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
        return self._table("tabulate", columns)

    def _table(self, name: str, *args: Any, **settings: Any) -> pd.DataFrame:
        frame: pd.DataFrame = getattr(_tables(), name)(self, *args, **settings)
        return frame

    def interface_frame(self) -> pd.DataFrame:
        """Make a table of inputs and outputs: one row a variable.

        See Also
        --------
        flytetask_nb.tables.interface_frame : says what each column is.
        """
        return self._table("interface_frame")

    def resources_frame(self) -> pd.DataFrame:
        """Make a table of what the tasks ask for: one row a resource.

        See Also
        --------
        flytetask_nb.tables.resources_frame : says what each column is.
        """
        return self._table("resources_frame")

    def env_frame(self) -> pd.DataFrame:
        """Make a table of environment variables, secrets masked: one row a variable.

        See Also
        --------
        flytetask_nb.tables.env_frame : says what each column is.
        """
        return self._table("env_frame")

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
        return self._table("producers_of", variable)

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
        return self._table("consumers_of", variable)

    def duplicates(self) -> pd.DataFrame:
        """Find tasks that are the same under different names.

        See Also
        --------
        flytetask_nb.tables.duplicates : says what each column is.
        """
        return self._table("duplicates")

    def stale_caches(self) -> pd.DataFrame:
        """Find tasks that still take results which an older image has computed.

        See Also
        --------
        flytetask_nb.tables.stale_caches : says what each column is.
        """
        return self._table("stale_caches")

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
        return self._table("runtime_before", version, runtime=runtime)

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
        A folder is made beside its place as well and exchanged with the old one; where a system needs two renames for that
        and stops between them, ``load`` finds the old one. Elsewhere each file is handed over in one piece, which object
        stores take wholly or not at all; the parts of a folder have names of their own there, and the file ``.snapshot``
        among them says which are in force, so that a writer that is killed leaves the old ones or the new ones.
        """
        _tables().save_snapshot(
            path,
            self._data,
            self._origins,
            failures=self._failures,
            skipped=self._skipped,
            identity=self._index.columns,
        )

    def serialized(self) -> tuple[Sequence[bytes], list[Origin | str]]:
        """Return the tasks as they are kept: a serialized ``TaskSpec`` each, and where each comes from."""
        return self._data, self._origins

    # -- being a value -----------------------------------------------------------------------------------------------

    def _ipython_key_completions_(self) -> list[str]:
        return self.names

    def __repr__(self) -> str:
        versions = len(list(filter(is_filled_in, set(self._index.column("version")))))
        parts = [_counted(len(self), "task"), _counted(len(self._index.names), "name")]
        parts += [_counted(versions, "version")] if versions else []
        parts += [_counted(len(self.failures), "failure")] if self.failures else []
        return f"TaskCollection({', '.join(parts)})"

    def __str__(self) -> str:
        return self.to_text()

    def __getstate__(self) -> tuple[Any, ...]:
        # What only holds in one process, the Python types of a task that was compiled here, stays in it.
        origins = [origin if isinstance(origin, str) else origin.but(python_interface=None) for origin in self._origins]
        return list(self._data), origins, self._failures, self._skipped, self._fellows.workflows

    def __setstate__(self, state: tuple[Any, ...]) -> None:
        self._take(*state)


def _name_and_version(key: tuple[Any, ...]) -> tuple[str, str]:
    if len(key) != 2 or not all(isinstance(part, str) for part in key):  # noqa: PLR2004 - a pair
        raise ModelTypeError(f"a collection has no place {key!r}; expected a name and a version, both texts")
    return key[0], key[1]


def _tables() -> ModuleType:
    from flytetask_nb import tables  # noqa: PLC0415 - loads pandas

    return tables


def _counted(number: int, word: str) -> str:
    return f"{number} {word}{'' if number == 1 else 's'}"


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
