"""Tables of tasks: one row a task, the columns that were asked for."""

from __future__ import annotations

from functools import cached_property
from typing import TYPE_CHECKING, Any

import numpy as np
import pandas as pd

from flytetask_nb.dtypes import TEXT, array_of
from flytetask_nb.errors import ModelTypeError, ModelValueError
from flytetask_nb.masking import doubtful_among, mask_text
from flytetask_nb.masking.gate import gated_frame
from flytetask_nb.models.messages import shown
from flytetask_nb.models.origins import NOWHERE, Origin
from flytetask_nb.tables.columns import COLUMNS, DEFAULT_COLUMNS, ERROR, JOB, ORIGIN, SOURCE, TASK, read_all
from flytetask_nb.tables.extraction import extract
from flytetask_nb.tables.extractors import PARTS
from flytetask_nb.tables.factorized import NOTHING
from flytetask_nb.tables.jobs import JOB_PARTS, job_in
from flytetask_nb.tables.serialized_tasks import records_of

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Mapping, Sequence

    from flytetask_nb.models.flyte_task import FlyteTask
    from flytetask_nb.semantics.plugin_resources import Job
    from flytetask_nb.tables.columns import Column
    from flytetask_nb.tables.extracted import Extracted
    from flytetask_nb.tables.serialized_tasks import Records

_PAIR = 2
_NEAREST = 3
_LARGEST = 2**62


def tabulate(
    tasks: Any,
    columns: Iterable[Any] | Mapping[str, Any] | None = None,
) -> pd.DataFrame:
    """Make a table of tasks: one row a task.

    Parameters
    ----------
    tasks
        A ``TaskCollection``, or any iterable of ``FlyteTask``, flyteidl messages (``TaskSpec``, ``TaskTemplate``,
        admin ``Task``, ``TaskClosure``, ``CompiledTask``), flytekit's objects, or bytes of serialized ``TaskSpec``
        messages. What is none of these, or cannot be parsed, becomes a row of NA that says why in ``error``.
    columns
        Which columns, in which order; nothing else is computed. Names of the table below, and columns of your own:
        pairs of a name and a function that takes a ``FlyteTask``, or a mapping of names to such functions or to names
        of the table below. Where a function raises, the value is NA, and ``error`` says why. All but the last three
        unless given.

    Returns
    -------
    pandas.DataFrame
        A row for each task, in their order. Missing values are NA (NaT in ``created_at`` and ``timeout``): never a
        zero or an empty text. Secrets are masked unless ``set_options(reveal_secrets=True)`` is in force. Columns:

        =========================  ===================  =======================================================
        column                     dtype                meaning
        =========================  ===================  =======================================================
        project                    string
        domain                     string
        name                       string
        version                    string
        type                       string               which plugin runs it
        task_type_version          Int64
        created_at                 datetime64[us, UTC]  when it was registered, where the source says so
        short_description          string               what the server says of it, else its documentation
        signature                  string               inputs and outputs, long types by name
        inputs                     Int64                how many
        input_names                string               in the order of the signature, with commas between
        outputs                    Int64                how many
        output_names               string               likewise
        target                     string               ``container``, ``k8s_pod`` or ``sql``
        image                      string               of the container, or of a pod's primary container
        image_registry             string               ``ghcr.io``
        image_repository           string               ``acme/shop``
        image_tag                  string
        image_digest               string               ``sha256:...``
        command                    string               as a shell would have it
        args                       string               likewise
        cpu_request                Float64              cores
        cpu_limit                  Float64              cores
        memory_request             Int64                bytes
        memory_limit               Int64                bytes
        ephemeral_storage_request  Int64                bytes
        ephemeral_storage_limit    Int64                bytes
        gpu_request                Int64                devices
        gpu_limit                  Int64                devices
        job_cpu                    Float64              cores of all pods that run at the same time, see below
        job_memory                 Int64                bytes, likewise
        job_gpu                    Int64                devices, likewise
        replicas                   Int64                how many pods those are
        accelerator                string               the device, e.g. ``nvidia-tesla-a100``
        accelerator_partition      string               ``1g.5gb``; ``unpartitioned`` where none is wanted
        shared_memory              Int64                bytes; NA too where it is as large as the memory
        architecture               string               ``AMD64``, ``ARM64``
        retries                    Int64
        timeout                    timedelta64[us]      NaT: no limit
        interruptible              boolean              NA: the platform decides
        cached                     boolean
        cache_version              string
        cache_serializable         boolean              whether equal runs wait for each other
        deprecated                 string               the message; NA: it is not
        runtime                    string               flavor of the SDK, else its type: ``python``
        runtime_version            string
        flyte                      string               ``Flyte 2`` where the task is of that; NA: Flyte 1
        pod_template               string               its name
        service_account            string               of Kubernetes
        iam_role                   string
        secrets                    string               ``group/key``, with commas between; never values
        env_keys                   string               names of the environment variables; never values
        tags                       string               ``key=value``, with commas between
        generates_deck             boolean              NA: not said
        is_eager                   boolean
        code_bundle                string               where fast registration put the code
        source                     string               file or address it was loaded from
        error                      string               why something is NA that should not be; NA: all is well
        cache_key                  string               of cached tasks: ``project/domain/dataset/version``; of map tasks of an item
        digest                     string               hexadecimal, what Flyte Admin compares on registration
        findings                   string               rules of ``check`` that have something to say
        =========================  ===================  =======================================================

    Raises
    ------
    ModelTypeError
        ``tasks`` is no iterable of tasks, or ``columns`` no list or mapping of columns.
    ModelValueError
        There is no such column, or one is asked for twice.

    Notes
    -----
    Dtypes are the same in pandas 2.2 and 3, with and without pyarrow: ``string`` is ``StringDtype("python")``, times
    are in microseconds. Where the extra ``tables`` is installed, large tables are read through Arrow columns, to the
    same result.

    Quantities are those of the task itself, without the platform's defaults: see
    :func:`flytetask_nb.semantics.effective_resources`. Bytes are rounded up to whole ones as Kubernetes does
    (``Value()`` in apimachinery/pkg/api/resource/quantity.go). Of a resource that stands there twice the last counts.
    The columns of the whole job count driver and executors, head and workers, and whatever else a plugin starts
    after the task and its settings, each with its requests: a limit stands in for a request that is not there, and
    cuts down one that is higher. They equal the task's own where no plugin starts more than one pod. They are NA
    where nobody can know them before a run: an amount is left to the platform, executors come and go without bound,
    or an array node runs the task for each of its inputs. With a bound they are the most that there can be: what
    autoscaling may start, as many items of a map task as run at the same time. ``job_gpu`` is NA where no pod asks
    for GPUs. Not counted are init containers, the pod that submits a Ray job, and Spark's own overhead of memory
    unless it is named; see :func:`flytetask_nb.semantics.plugin_resources.job_of`.

    Images are split by the grammar of ``reference.go`` of github.com/distribution/reference; no registry is added
    where none is named.

    Examples
    --------
    >>> import flytetask_nb as ftn
    >>> from flyteidl.admin.task_pb2 import TaskSpec
    >>> spec = TaskSpec()
    >>> spec.template.id.name = "shop.train"
    >>> ftn.tabulate([spec], columns=["name", ("shop", lambda task: task.name.split(".")[0])]).loc[0, "shop"]
    'shop'
    """
    table = _Table(records_of(tasks), _chosen(columns))
    return gated_frame(table.frame(), table.doubtful)


def stored_table(tasks: Iterable[Any], plain: Sequence[str]) -> pd.DataFrame:
    """Make the table that stands beside the tasks themselves, in a snapshot.

    ``tasks``: as for ``tabulate``.
    ``plain``: columns by which the tasks are found again: as they stand in the tasks, which the file holds in clear.
    """
    table = _Table(records_of(tasks), _chosen(None))
    frame = table.frame()
    return gated_frame(frame, table.doubtful).assign(**{name: frame[name] for name in plain})


def table_of(records: Records, columns: Iterable[Any] | Mapping[str, Any] | None = None) -> pd.DataFrame:
    """Make a table of tasks, and of what is none and says why.

    ``records``: the tasks. What is in ``refused`` becomes a row of NA that says where it comes from, and why.
    ``columns``: as for ``tabulate``.
    Returns pandas.DataFrame: as ``tabulate`` gives it; columns that the user defines always have the dtype object.
    """
    chosen = _chosen(columns)
    table = _Table(records, chosen)
    own = {name: object for name, what in chosen.items() if not isinstance(what, str)}
    return gated_frame(table.frame().astype(own), table.doubtful)


def empty_table(columns: Iterable[Any] | Mapping[str, Any] | None = None) -> pd.DataFrame:
    """Return the table of no tasks: columns and dtypes as ``tabulate`` gives them, without reading anything.

    Returns pandas.DataFrame: without rows. Columns that the user defines have the dtype object.
    """
    return tabulate((), columns)


def _chosen(columns: Any) -> dict[str, str | Callable[[FlyteTask], Any]]:
    """Return what each column of the table is: the name of one of ours, or a function of the user's."""
    if columns is None:
        return {name: name for name in DEFAULT_COLUMNS}
    if isinstance(columns, str) or not hasattr(columns, "__iter__"):
        raise ModelTypeError(
            f"columns={shown(columns)} is of type {type(columns).__name__}; expected a list such as "
            '["name", "image", ("team", lambda task: ...)] or a mapping of names to functions'
        )
    entries = columns.items() if hasattr(columns, "items") else map(_named, columns)
    chosen: dict[str, str | Callable[[FlyteTask], Any]] = {}
    for name, what in entries:
        if not isinstance(name, str) or not (isinstance(what, str) or callable(what)):
            raise ModelTypeError(
                f"column {shown(name)} is to be {shown(what)}; expected a name and a function that takes a task"
            )
        if name in chosen:
            raise ModelValueError(f"column {name!r} is asked for twice; give one of them another name")
        if isinstance(what, str) and what not in COLUMNS:
            raise ModelValueError(_unknown(what))
        chosen[name] = what
    return chosen


def _named(entry: Any) -> tuple[Any, Any]:
    if isinstance(entry, tuple) and len(entry) == _PAIR:
        return entry
    return entry, entry


def _unknown(name: str) -> str:
    from difflib import get_close_matches  # noqa: PLC0415 - only for an error

    # What is called by a part of a column's name is meant rather than what looks alike.
    near = [column for column in COLUMNS if name.casefold().removesuffix("s") in column.split("_")][:_NEAREST]
    near = near or get_close_matches(name, COLUMNS, n=_NEAREST, cutoff=0.5)
    hint = f"did you mean {', '.join(map(repr, near))}?" if near else f"there are {', '.join(COLUMNS)}"
    return f"there is no column {name!r}; {hint} A column of your own is a pair of its name and a function"


class _Table:
    """A table while it is made."""

    def __init__(self, records: Records, chosen: dict[str, str | Callable[[FlyteTask], Any]]) -> None:
        self._records = records
        self._chosen = chosen
        parts = dict.fromkeys(COLUMNS[what].part for what in chosen.values() if isinstance(what, str))
        parts |= dict.fromkeys(JOB_PARTS if JOB in parts else ())
        self._taken: Extracted = extract(records, [name for name in parts if name in PARTS])
        self._read: dict[str, list[Any]] = {}
        self._reasons: dict[int, list[str]] = {}
        self._said: dict[str, list[str]] = {}

    def frame(self) -> pd.DataFrame:
        """Return the table."""
        arrays = {
            name: self._array(what, COLUMNS[what]) if isinstance(what, str) else self._own(name, what)
            for name, what in self._chosen.items()
        }
        # What went wrong is known when all others are done.
        arrays |= {name: self._with_reasons(arrays[name]) for name, what in self._chosen.items() if what == ERROR}
        return pd.DataFrame(arrays, index=pd.RangeIndex(len(self._records.data)), copy=False)

    @property
    def doubtful(self) -> dict[str, list[str]]:
        """What may look like a secret in those columns of which each value was read once."""
        return {
            name: self._said[what]
            for name, what in self._chosen.items()
            if isinstance(what, str) and what in self._said
        }

    # -- columns -----------------------------------------------------------------------------------------------------

    def _array(self, name: str, column: Column) -> Any:
        if column.part == SOURCE:
            return self._of_sources(column)
        if column.part == ORIGIN:
            return self._of_origins(column)
        if column.part == TASK:
            return self._of_tasks(name, column)
        is_of_job = column.part == JOB
        parts, codes = self._jobs if is_of_job else (self._parts(column.part), self._taken.parts[column.part].codes)
        values, reasons = read_all(column.read, parts)
        for code, reason in reasons.items():
            self._blame(np.flatnonzero(codes == code), name, reason, once=is_of_job)
        array = array_of(column.kind, values).take(codes, allow_fill=True)
        if name == "short_description":
            return self._with_descriptions(array)
        if column.kind is TEXT and name != ERROR:
            passed = self._taken.parts[column.part].passes_gate
            self._said[name] = [value for code, value in enumerate(values) if value is not None and code not in passed]
        return array

    def _parts(self, name: str) -> list[Any]:
        """Read each value of a part once, for all columns that look at it."""
        if name not in self._read:
            read = PARTS[name].read
            values = self._taken.parts[name].entries
            known = self._taken.already_read.get(name, {})
            self._read[name] = (
                values if read is None else [known[value] if value in known else read(value) for value in values]
            )
        return self._read[name]

    @cached_property
    def _jobs(self) -> tuple[list[Job], Any]:
        """Return the jobs that tasks run as, each once, and for each task which of them it has."""
        taken = [self._taken.parts[name].codes for name in JOB_PARTS]
        values = [self._parts(name) for name in JOB_PARTS]
        # Of metadata nothing counts but this, and there are many.
        has_template = [metadata is not None and bool(metadata.pod_template_name) for metadata in values[-1]]
        taken[-1], values[-1] = np.array([*has_template, NOTHING], dtype=np.int32)[taken[-1]], [False, True]
        is_there = np.all([codes >= 0 for codes in taken], axis=0)
        # One number for all parts together, made small again where it would not fit into 64 bits.
        whole, size = np.zeros(len(is_there), dtype=np.int64), 1
        for codes in taken:
            several = int(codes.max(initial=0)) + 1
            if size * several > _LARGEST:
                whole, size = np.unique(whole, return_inverse=True)[1], len(whole)
            whole, size = whole * several + codes, size * several
        where = np.full(len(is_there), NOTHING, dtype=np.int64)
        _, first, where[is_there] = np.unique(whole[is_there], return_index=True, return_inverse=True)
        examples = np.flatnonzero(is_there)[first]
        parts = [map(read.__getitem__, codes[examples].tolist()) for read, codes in zip(values, taken, strict=True)]
        return list(map(job_in, *parts)), where

    def _of_sources(self, column: Column) -> Any:
        origins = self._records.origins
        sources = [origin if isinstance(origin, str) else origin.source or "" for origin in origins]
        # Tasks of an archive have an entry each, those of a server have it in common.
        distinct = set(sources)
        # Most differ from each other, and hold nothing to mask.
        known = {source: column.read(source) for source in doubtful_among(distinct)}
        self._said[SOURCE] = list(filter(None, known.values()))
        return array_of(column.kind, [known.get(source, source) or None for source in sources])

    def _of_origins(self, column: Column) -> Any:
        origins, codes = self._origins
        return array_of(column.kind, [column.read(origin) for origin in origins]).take(codes, allow_fill=True)

    @cached_property
    def _origins(self) -> tuple[list[Origin], Any]:
        """Return what is known of tasks beside their source, each once, and for each task which of them it is."""
        # Of most tasks it is nothing; the others share the object that says it.
        origins = self._records.origins
        distinct = {id(origin): origin for origin in origins if origin is not NOWHERE and not isinstance(origin, str)}
        known = {number: code for code, number in enumerate(distinct, 1)}
        codes = [known.get(id(origin), 0) for origin in origins] if known else [0] * len(origins)
        return [NOWHERE, *distinct.values()], np.array(codes, dtype=np.intp)

    def _with_descriptions(self, documented: Any) -> Any:
        """Put what a server said of a task before what the task says of itself."""
        origins, codes = self._origins
        is_read = np.ones(len(codes), dtype=bool)
        is_read[list(self._taken.broken)] = False
        for code, origin in enumerate(origins):
            if origin.short_description:
                documented[(codes == code) & is_read] = mask_text(origin.short_description)
        return documented

    def _of_tasks(self, name: str, column: Column) -> Any:
        def read(position: int) -> Any:
            task = self._task(position)
            return None if task is None else column.read(task)

        values, reasons = read_all(read, list(range(len(self._records.data))))
        for position, reason in reasons.items():
            self._blame([position], name, reason)
        return array_of(column.kind, values)

    def _own(self, name: str, compute: Callable[[FlyteTask], Any]) -> Any:
        values = []
        for position in range(len(self._records.data)):
            task = self._task(position)
            try:
                values.append(None if task is None else compute(task))
            except Exception as error:  # noqa: BLE001 - whatever the user's function raises is told, for this task alone
                values.append(None)
                self._blame([position], name, mask_text(f"{type(error).__name__}: {error}"))
        return pd.Series(values, dtype=None if values else object).array

    # -- errors ------------------------------------------------------------------------------------------------------

    def _task(self, position: int) -> FlyteTask | None:
        try:
            return self._taken.task(position)
        except (ModelValueError, ModelTypeError) as error:
            self._taken.broken[position] = str(error)
            return None

    def _blame(self, positions: Iterable[int], name: str, reason: str, *, once: bool = False) -> None:
        """Tell why a value is missing; once: unless another column tells the same."""
        for position in positions:
            reasons = self._reasons.setdefault(int(position), [])
            if not (once and any(known.endswith(f": {reason}") for known in reasons)):
                reasons.append(f"{name}: {reason}")

    def _with_reasons(self, errors: Any) -> Any:
        """Put what went wrong with other columns before what is wrong with a pod."""
        for position, reasons in self._reasons.items():
            already = errors[position]
            errors[position] = "; ".join([*reasons, *([] if already is pd.NA else [already])])
        for position, reason in self._taken.broken.items():
            errors[position] = mask_text(reason)
        return errors
