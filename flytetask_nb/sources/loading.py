"""Reading tasks, workflows and launch plans from files."""

from __future__ import annotations

from os import PathLike, fsdecode
from typing import TYPE_CHECKING, Any, NamedTuple

from flyteidl.admin import task_pb2

from flytetask_nb.collection import Failure, TaskCollection, TaskRecord
from flytetask_nb.errors import FlyteTaskError, LoadError, MissingExtraError, ModelTypeError, OptionError
from flytetask_nb.models.launch_plans import LaunchPlan
from flytetask_nb.models.order import natural_key
from flytetask_nb.models.origins import UNTOLD_BY_FLYTECTL, Origin
from flytetask_nb.models.workflows import Workflow
from flytetask_nb.semantics.hydration import hydrated_launch_plan, hydrated_message, hydrated_workflow
from flytetask_nb.semantics.launch_plans import registered_launch_plan
from flytetask_nb.sources.archives import GZIP, Limits, members_of
from flytetask_nb.sources.file_names import (
    ARCHIVES,
    DOCUMENTS,
    MESSAGE,
    SNAPSHOT,
    is_archive_name,
    is_code_bundle,
    is_readable_name,
    told_name,
)
from flytetask_nb.sources.foreign import LOOKED_AT, PARQUET_FILE, foreign_bytes
from flytetask_nb.sources.formats import form_of_content, form_of_media_type, form_of_name, found_in, found_in_message
from flytetask_nb.sources.lists import LaunchPlanList, WorkflowList
from flytetask_nb.sources.message_kinds import LAUNCH_PLANS, TASKS, WORKFLOWS
from flytetask_nb.sources.places import places_of
from flytetask_nb.sources.progress import Bar

if TYPE_CHECKING:
    from collections.abc import Callable, Collection, Iterable, Iterator, Sequence
    from typing import TypeAlias

    from flytetask_nb.models.flyte_task import FlyteTask
    from flytetask_nb.sources.archives import Member
    from flytetask_nb.sources.message_kinds import Found
    from flytetask_nb.sources.places import Place
    from flytetask_nb.sources.streams import Stream
    from flytetask_nb.tables.snapshots import Snapshot

    Item: TypeAlias = TaskRecord | Workflow | LaunchPlan
    Outcome: TypeAlias = Item | Failure | str | "Saved"

__all__ = ["load", "load_launch_plans", "load_task", "load_workflows"]

MAX_ENTRY_BYTES = 64 * 2**20
MAX_TOTAL_BYTES = 2**30
OTHER_FILES = "other files"
_TAR_MARK, _TAR_MARK_AT = b"ustar", 257
_PARQUET_MARK = b"PAR1"
_MOST_OPEN = 64
"""Snapshots that stay open until their tasks are looked at; those beyond are read at once."""
_NAMES_SHOWN = 6
_CODE = "this is the code of a fast registration; the tasks are in the archive that pyflyte package put it into"


def load(
    source: Any,
    *,
    project: str | None = None,
    domain: str | None = None,
    version: str | Callable[[str], str] | None = None,
    source_uploaded_location: str | None = None,
    destination_directory: str | None = None,
    errors: str = "raise",
    order: Iterable[str] | Callable[[FlyteTask], Any] | None = None,
    max_entry_bytes: int = MAX_ENTRY_BYTES,
    max_total_bytes: int = MAX_TOTAL_BYTES,
) -> TaskCollection:
    """Load tasks from files.

    Parameters
    ----------
    source
        A path, a URL that fsspec knows, a glob, a folder (read with all folders in it), ``pathlib.Path``, bytes, an
        open binary file, a protobuf message, or a list of these. Read are

        - archives of ``pyflyte package``: ``.tgz``, ``.tar.gz``, ``.tar``;
        - ``.pb`` files of a TaskSpec, TaskTemplate, Task, TaskList, TaskClosure, TaskCreateRequest,
          CompiledWorkflowClosure, WorkflowClosure (Admin's too) or DynamicJobSpec; workflows (``_2.pb``) and launch
          plans (``_3.pb``) are passed over and counted;
        - the same in proto3 JSON, as ``.json``, ``.yaml`` or ``.yml``: what ``flytectl get task -o json|yaml`` prints,
          and the FlyteWorkflow resources that ``kubectl get flyteworkflow -o json|yaml`` does;
        - a TaskTemplate, TaskSpec or TaskDetails of Flyte 2, in any of these forms: as a task of Flyte 1, marked, with
          all that Flyte 1 has no word for in ``FlyteTask.flyte2``;
        - ``.parquet`` as ``TaskCollection.save`` writes it: names and versions are read at once, the tasks when they
          are first looked at.
    project, domain, version
        What registration would fill in where a task has none; what is already there stays. ``version`` may be a
        function from the source's path (of the archive, not of the entry in it) to a text. None fills in nothing.
    source_uploaded_location, destination_directory
        Where the code was uploaded to and is unpacked at. They fill the placeholders that fast registration leaves in
        arguments, and pod specs are rewritten as registration rewrites them. None: the placeholders stay, and the
        task says that it is not registered yet.
    errors
        ``"raise"`` stops at the first file or entry that cannot be read. ``"collect"`` keeps all the good ones, and
        a record of each bad one in ``.failures``.
    order
        Which versions are older, where neither their times nor they themselves tell it: a list of all versions, the
        oldest first, or a function from a task to something that compares, as ``TaskCollection.ordered`` takes them.
    max_entry_bytes, max_total_bytes
        Bytes that one file or entry may have (64 MiB), and that one archive or snapshot may unpack to (1 GiB).
        Archives are read as streams; nothing is unpacked to disk.

    Returns
    -------
    TaskCollection
        In the order of the sources, of the files' names, and of the entries' names, numbers in names counted. Where
        nothing else tells which of two versions is newer, it is the later one.

    Raises
    ------
    LoadError
        With ``errors="raise"``: names file and entry, what is wrong, what was expected, what to do. A snapshot that
        is damaged among its tasks raises it when they are first looked at; ``errors="collect"`` looks at once.
    ModelValueError
        ``order`` lacks a version.
    MissingExtraError
        A snapshot is read by pyarrow, which comes with the extra ``tables``.

    Notes
    -----
    A snapshot's tasks come from where they came from when it was saved, and its failures are in ``.failures`` again.

    Bytes and open files without a telling name are told by how they begin, addresses of the web whose path does not
    tell by the content type that the server says. JSON and YAML may be in UTF-16, and hold no field that flyteidl does
    not know: it could not be kept, as it is in ``.pb`` files; of Flyte 2 it is kept. In YAML a plain word is a text
    where the task has a text. Other files in a folder, an archive or
    under a pattern are counted in ``.skipped``; hidden ones are ignored, and links to folders are not followed.
    """
    filling = _Filling(project, domain, version, source_uploaded_location, destination_directory)
    reader = _Reader(filling, [TASKS], errors, max_entry_bytes, max_total_bytes)
    reader.read(source)
    tasks = reader.collection()
    return tasks if order is None else tasks.ordered(order)


def load_workflows(
    source: Any,
    *,
    project: str | None = None,
    domain: str | None = None,
    version: str | Callable[[str], str] | None = None,
    source_uploaded_location: str | None = None,
    destination_directory: str | None = None,
    errors: str = "raise",
    max_entry_bytes: int = MAX_ENTRY_BYTES,
    max_total_bytes: int = MAX_TOTAL_BYTES,
) -> WorkflowList:
    """Load workflows from the files that also hold the tasks.

    Parameters
    ----------
    source
        As ``load`` takes it. Read are WorkflowSpec, CompiledWorkflowClosure and admin's Workflow; tasks and launch
        plans are passed over and counted.
    project, domain, version
        What registration would fill in, as ``load`` takes it: into the workflow's id, those of its sub-workflows, and
        those of all that their nodes call. Tasks of the same archive, loaded with the same settings, are then the
        ones that are called.
    source_uploaded_location, destination_directory
        Taken so that the settings of ``load`` fit here too: only tasks have a place for them.
    errors, max_entry_bytes, max_total_bytes
        As ``load`` takes them.

    Returns
    -------
    WorkflowList
        A list of ``Workflow``, in the order of the sources, of the files' names, and of the entries' names, with
        ``.failures`` and ``.skipped`` as a ``TaskCollection`` has them.

    Raises
    ------
    LoadError
        With ``errors="raise"``: names file and entry, what is wrong, what was expected, what to do.

    See Also
    --------
    callers : tells which of the workflows still compile against other versions of their tasks.
    """
    filling = _Filling(project, domain, version, source_uploaded_location, destination_directory)
    reader = _Reader(filling, [WORKFLOWS], errors, max_entry_bytes, max_total_bytes)
    reader.read(source)
    return WorkflowList(reader.workflows, failures=reader.failures, skipped=reader.skipped)


def load_launch_plans(
    source: Any,
    *,
    project: str | None = None,
    domain: str | None = None,
    version: str | Callable[[str], str] | None = None,
    source_uploaded_location: str | None = None,
    destination_directory: str | None = None,
    errors: str = "raise",
    max_entry_bytes: int = MAX_ENTRY_BYTES,
    max_total_bytes: int = MAX_TOTAL_BYTES,
) -> LaunchPlanList:
    """Load launch plans from the files that also hold the tasks.

    Parameters
    ----------
    source
        As ``load`` takes it. Tasks and workflows are passed over and counted.
    project, domain, version
        What registration would fill in, as ``load`` takes it: into the launch plan's id and that of its workflow.
        A launch plan that gets its id from them also says what it takes and gives, as a registered one does, if its
        workflow is in the same sources; if not, it says nothing of it.
    source_uploaded_location, destination_directory
        Taken so that the settings of ``load`` fit here too: only tasks have a place for them.
    errors, max_entry_bytes, max_total_bytes
        As ``load`` takes them.

    Returns
    -------
    LaunchPlanList
        A list of ``LaunchPlan``, in the order of the sources, of the files' names, and of the entries' names, with
        ``.failures`` and ``.skipped`` as a ``TaskCollection`` has them.

    Raises
    ------
    LoadError
        With ``errors="raise"``: names file and entry, what is wrong, what was expected, what to do.
    """
    filling = _Filling(project, domain, version, source_uploaded_location, destination_directory)
    reader = _Reader(filling, [LAUNCH_PLANS, WORKFLOWS], errors, max_entry_bytes, max_total_bytes)
    reader.read(source)
    plans = _registered(reader.launch_plans, reader.workflows) if filling.is_asked_for else reader.launch_plans
    passed_over = {WORKFLOWS: len(reader.workflows)} if reader.workflows else {}
    return LaunchPlanList(plans, failures=reader.failures, skipped={**reader.skipped, **passed_over})


def load_task(source: Any, **settings: Any) -> FlyteTask:
    """Load the one task of a source.

    Parameters
    ----------
    source
        As ``load`` takes it.
    **settings
        As ``load`` takes them.

    Returns
    -------
    FlyteTask
        The task.

    Raises
    ------
    LoadError
        The source holds no task, or several: the error names them.
    """
    tasks = load(source, **settings)
    if len(tasks) == 1:
        return tasks[0]
    told = _source_name(source)
    if not tasks:
        passed = ", ".join(f"{number} {kind}" for kind, number in sorted(tasks.skipped.items()))
        beside = f" (passed over: {passed})" if passed else ""
        failed = f"; {tasks.failures[0]}" if tasks.failures else ""
        raise LoadError(f"{told}: expected one task, found none{beside}{failed}")
    names = tasks.names
    shown = ", ".join(map(repr, names[:_NAMES_SHOWN])) + (", …" if len(names) > _NAMES_SHOWN else "")
    raise LoadError(f"{told}: expected one task, found {len(tasks)} ({shown}); use load and choose one by name")


def _source_name(source: Any) -> str:
    if isinstance(source, str | PathLike):
        return fsdecode(source)
    if isinstance(source, bytes | bytearray | memoryview) or hasattr(source, "read"):
        return next(place.name for place in places_of(source))
    return "the sources"


class _Filling:
    """What registration would fill in."""

    def __init__(
        self,
        project: str | None,
        domain: str | None,
        version: str | Callable[[str], str] | None,
        source_uploaded_location: str | None,
        destination_directory: str | None,
    ) -> None:
        texts: dict[str, object] = {
            "project": project,
            "domain": domain,
            "version": None if callable(version) else version,
            "source_uploaded_location": source_uploaded_location,
            "destination_directory": destination_directory,
        }
        for name, value in texts.items():
            if value is not None and not isinstance(value, str):
                also = ", or a function from the source's path to one" if name == "version" else ""
                raise ModelTypeError(f"{name} is {value!r}, of type {type(value).__name__}; expected a text{also}")
        self.project = project
        self.domain = domain
        self.version = version
        self.location = source_uploaded_location
        self.directory = destination_directory

    @property
    def is_asked_for(self) -> bool:
        """Whether there may be anything to fill in."""
        return any(part is not None for part in (self.project, self.domain, self.version, self.location))

    def version_of(self, place: str) -> str | None:
        """Return the version of what comes from a place."""
        if not callable(self.version):
            return self.version
        try:
            version: object = self.version(place)
        except Exception as error:
            raise LoadError(f"the function given as version raised {type(error).__name__}: {error}") from error
        if version is not None and not isinstance(version, str):
            raise LoadError(
                f"the function given as version returned {version!r}, of type {type(version).__name__}; "
                "expected a text, or None to fill in nothing"
            )
        return version

    def filled(self, wanted: str, message: Any, version: str | None) -> Any | None:
        """Return a message as registration would send it, or None where there is nothing to fill in."""
        if self.project is None and self.domain is None and version is None and self.location is None:
            return None
        names = {"project": self.project, "domain": self.domain, "version": version}
        if wanted == WORKFLOWS:
            return hydrated_workflow(message, **names)
        if wanted == LAUNCH_PLANS:
            return hydrated_launch_plan(message, **names)
        return hydrated_message(
            message,
            project=self.project,
            domain=self.domain,
            version=version,
            source_uploaded_location=self.location,
            destination_directory=self.directory or "",
        )

    def origin(self, task: Any, origin: Origin | str) -> Origin | str:
        """Return what is known of a task beside its message once it was filled in."""
        if self.location is None or not task.template.HasField("k8s_pod"):
            return origin
        whole = Origin(source=origin) if isinstance(origin, str) else origin
        return whole.but(untold=whole.untold | UNTOLD_BY_FLYTECTL)


class Saved(NamedTuple):
    """A snapshot, of which the tasks are not read yet."""

    snapshot: Snapshot


class Noted(Failure):
    """A failure that a snapshot was saved with: of another time, and none of reading the snapshot."""

    __slots__ = ()


class _Reader:
    """Reads sources one after the other, and keeps what was found, passed over, and failed."""

    def __init__(
        self,
        filling: _Filling,
        wanted: Collection[str],
        errors: str,
        max_entry_bytes: int,
        max_total_bytes: int,
        *,
        shows_progress: bool = True,
    ) -> None:
        if errors not in {"raise", "collect"}:
            raise OptionError(f"errors cannot be {errors!r}; expected 'raise' or 'collect'")
        for name, limit in (("max_entry_bytes", max_entry_bytes), ("max_total_bytes", max_total_bytes)):
            if limit < 1:
                raise OptionError(f"{name} cannot be {limit!r}; expected a number of bytes above 0")
        self._filling = filling
        self._wanted = wanted
        self._limits = Limits(max_entry_bytes, max_total_bytes)
        self._collects = errors == "collect"
        self._progress = Bar("loading", "entries", is_on=shows_progress)
        # Runs of tasks in the order in which they come: those that were read, and snapshots of those that were not.
        self._runs: list[list[TaskRecord] | Snapshot] = []
        self._open_files = 0
        self.workflows: list[Workflow] = []
        self.launch_plans: list[LaunchPlan] = []
        self.failures: list[Failure] = []
        self.skipped: dict[str, int] = {}

    def read(self, source: Any) -> None:
        """Read a source and keep what is found."""
        with self._progress:
            for place in places_of(source):
                for outcome in self._outcomes(place):
                    self._take(outcome)

    def _take(self, outcome: Outcome) -> None:
        if isinstance(outcome, TaskRecord):
            last = self._runs[-1] if self._runs else None
            if isinstance(last, list):
                last.append(outcome)
            else:
                self._runs.append([outcome])
        elif isinstance(outcome, Saved):
            self._runs.append(outcome.snapshot)
        elif isinstance(outcome, Workflow):
            self.workflows.append(outcome)
        elif isinstance(outcome, LaunchPlan):
            self.launch_plans.append(outcome)
        elif isinstance(outcome, str):
            self.skipped[outcome] = self.skipped.get(outcome, 0) + 1
        elif isinstance(outcome, Noted):
            self.failures.append(Failure(*outcome))
        elif self._collects:
            self.failures.append(outcome)
        else:
            raise LoadError(str(outcome))

    def collection(self) -> TaskCollection:
        """Return the tasks that were found, with all that was noted beside them."""
        if all(isinstance(run, list) for run in self._runs):
            records = (record for run in self._runs if isinstance(run, list) for record in run)
            return TaskCollection._of(records, self.failures, self.skipped)
        from flytetask_nb.tables.snapshots import Joined  # noqa: PLC0415 - loads pandas

        parts: list[Sequence[bytes]] = []
        origins: list[Origin | str] = []
        for run in self._runs:
            if isinstance(run, list):
                parts.append([record.data for record in run])
                origins += [record.origin for record in run]
            else:
                parts.append(run.data)
                origins += run.origins
        made = TaskCollection.__new__(TaskCollection)
        made._take(Joined(parts), origins, self.failures, self.skipped)
        return made

    def outcomes(self, place: Place) -> Iterator[TaskRecord | Failure]:
        """Return the tasks of one place, and what cannot be read of it, as they come."""
        for outcome in self._outcomes(place):
            if isinstance(outcome, Saved):
                for data, origin in zip(outcome.snapshot.data, outcome.snapshot.origins, strict=True):
                    yield TaskRecord(data, origin)
            elif isinstance(outcome, TaskRecord | Failure):
                yield outcome

    def _outcomes(self, place: Place) -> Iterator[Outcome]:
        """Return what a place holds: tasks, failures, and the kinds of what is passed over."""
        if place.is_passed_over:
            yield OTHER_FILES
            return
        if place.problem:
            yield Failure(place.name, "", place.problem)
            return
        try:
            with place.opened() as stream:
                yield from self._in_stream(place, stream)
        except LoadError as error:
            yield Failure(place.name, "", str(error))

    def _in_stream(self, place: Place, stream: Stream) -> Iterator[Outcome]:
        name = place.name
        told = told_name(name)
        version = self._filling.version_of(name)
        if place.message:
            data = stream.read_whole(self._limits.entry)
            yield from self._in_file(name, "", version, data, found_in_message(place.message, data, self._wanted))
            return
        if is_archive_name(told) if place.is_named else _begins_as_archive(stream):
            yield from self._in_archive(name, version, stream)
            return
        if told.lower().endswith(SNAPSHOT) if place.is_named else stream.peek(len(_PARQUET_MARK)) == _PARQUET_MARK:
            yield from self._in_snapshot(place, version, stream)
            return
        if place.is_named and not is_readable_name(told):
            kinds = ", ".join([*ARCHIVES, MESSAGE, *DOCUMENTS, SNAPSHOT])
            raise LoadError(f"files of this kind are not read; expected {kinds}")
        data = stream.read_whole(self._limits.entry)
        form = form_of_name(told) if place.is_named else form_of_media_type(place.media_type) or form_of_content(data)
        yield from self._in_file(name, "", version, data, found_in(form, told, data, self._wanted))

    def _in_snapshot(self, place: Place, version: str | None, stream: Stream) -> Iterator[Outcome]:
        """Return what a snapshot holds, in one piece where nothing is to be changed."""
        from flytetask_nb.tables.snapshots import Snapshot  # noqa: PLC0415 - loads pandas

        self._progress.step()
        name = place.name
        foreign = foreign_bytes(stream.peek(LOOKED_AT))
        try:
            # A file that stays at hand is read when it is needed; anything else is kept in memory, as small as it came.
            file = place.local_path or stream.read_whole(self._limits.total)
            snapshot = Snapshot.of(file, name, *self._limits)
        except MissingExtraError as error:
            if not self._collects:
                raise
            yield Failure(name, "", str(error))
            return
        except LoadError as error:
            raise LoadError(f"{foreign}: {error}" if foreign not in {"", PARQUET_FILE} else str(error)) from None
        yield from (Noted(*failure) for failure in snapshot.failures)
        for kind, number in snapshot.skipped.items():
            self.skipped[kind] = self.skipped.get(kind, 0) + number
        if TASKS not in self._wanted:
            if count := len(snapshot.data):
                self.skipped[TASKS] = self.skipped.get(TASKS, 0) + count
            return
        is_damaged = self._collects and any(row.problem for row in snapshot.data.checked())
        if is_damaged or self._filling.is_asked_for:
            yield from self._rows_in(snapshot, name, version)
            return
        self._open_files += place.local_path is not None
        if self._open_files > _MOST_OPEN:
            snapshot.data.read_all()
        yield Saved(snapshot)

    def _rows_in(self, snapshot: Snapshot, name: str, version: str | None) -> Iterator[Outcome]:
        """Return the tasks of a snapshot one by one."""
        for row in snapshot.data.checked():
            if row.problem:
                yield Failure(name, row.entry, row.problem)
                continue
            try:
                yield self._refilled(row.data, snapshot.origins[row.position], version)
            except FlyteTaskError as error:
                yield Failure(name, row.entry, str(error))

    def _refilled(self, data: bytes, origin: Origin | str, version: str | None) -> TaskRecord:
        message = task_pb2.TaskSpec.FromString(data)
        filled = self._filling.filled(TASKS, message, version)
        if filled is None:
            return TaskRecord(data, origin)
        return TaskRecord(filled.SerializeToString(deterministic=True), self._filling.origin(filled, origin))

    def _in_archive(self, name: str, version: str | None, stream: Stream) -> Iterator[Outcome]:
        # Members come in the archive's own order, tasks are given in that of their names, which is the order of
        # registration; and the code bundle, which may stand last, is noted with each of them.
        found: list[tuple[str, Outcome]] = []
        bundle, problem, is_readable = "", "", False
        try:
            for member in members_of(stream, self._limits, _is_entry_name):
                if is_code_bundle(member.name) and not member.problem:
                    bundle = member.name.rsplit("/", 1)[-1]
                else:
                    is_readable = is_readable or _is_entry_name(member.name)
                    found += [(member.name, one) for one in self._in_member(name, version, member)]
        except LoadError as error:
            problem = str(error)
        if is_code_bundle(name) and all(isinstance(outcome, Failure | str) for _, outcome in found):
            yield Failure(name, "", _CODE)
            return
        if not is_readable and not problem:
            problem = f"the archive holds no {MESSAGE}, .json or .yaml file; expected what pyflyte package writes"
        note = f"code bundle: {bundle} in the archive" if bundle else None
        for _, outcome in sorted(found, key=lambda one: natural_key(one[0])):
            if note and isinstance(outcome, TaskRecord):
                origin = outcome.origin
                noted = Origin(source=origin, note=note) if isinstance(origin, str) else origin.but(note=note)
                yield TaskRecord(outcome.data, noted)
            else:
                yield outcome
        if problem:
            yield Failure(name, "", problem)

    def _in_member(self, place: str, version: str | None, member: Member) -> Iterator[Outcome]:
        if member.name.rsplit("/", 1)[-1].startswith("."):
            return
        if member.problem:
            yield Failure(place, member.name, member.problem)
        elif not _is_entry_name(member.name):
            yield OTHER_FILES
        else:
            found = found_in(form_of_name(member.name), member.name, member.data, self._wanted)
            yield from self._in_file(place, member.name, version, member.data, found)

    def _in_file(
        self,
        place: str,
        entry: str,
        version: str | None,
        data: bytes,
        items: Iterable[tuple[str, Found | str | LoadError]],
    ) -> Iterator[Outcome]:
        """Return what one file, or one entry of an archive, holds. Never raises, so that the next one is read."""
        self._progress.step()
        try:
            if not data:
                raise LoadError("the file is empty; make or copy it again")
            for wanted, found in items:
                if isinstance(found, str):
                    yield found
                elif isinstance(found, LoadError):
                    yield Failure(place, entry, str(found))
                else:
                    yield self._item(wanted, found, place, entry, version)
        except FlyteTaskError as error:
            yield Failure(place, entry, str(error))

    def _item(self, wanted: str, found: Found, place: str, entry: str, version: str | None) -> Item:
        parts = [place, entry] if entry else [place]
        if found.position is not None:
            parts.append(str(found.position))
        source = "!".join(parts)
        filled = self._filling.filled(wanted, found.message, version)
        message = found.message if filled is None else filled
        if wanted == WORKFLOWS:
            return Workflow._own(message, source)
        if wanted == LAUNCH_PLANS:
            return LaunchPlan._own(message, source)
        if filled is None and found.data is not None:
            data = found.data
        else:
            data = message.SerializeToString(deterministic=True)
        origin = source if found.origin is None else found.origin.but(source=source)
        return TaskRecord(data, origin if filled is None else self._filling.origin(filled, origin))


def _registered(plans: list[LaunchPlan], workflows: list[Workflow]) -> list[LaunchPlan]:
    """Return launch plans that say what they take and give: out of an archive they do not, whatever their workflow."""
    by_id: dict[bytes, list[Workflow]] = {}
    for workflow in workflows:
        by_id.setdefault(workflow.id.serialize_to_string(), []).append(workflow)
    made = []
    for plan in plans:
        message = plan.to_flyte_idl()
        closure = message.closure
        is_told = closure.HasField("created_at") or closure.expected_inputs.parameters
        if not is_told and not closure.expected_outputs.variables:
            same = by_id.get(plan.workflow_id.serialize_to_string(), [])
            near = [one for one in same if _file_of(one) == _file_of(plan)] or same
            if len(near) == 1:
                message = registered_launch_plan(message, near[0])
            else:
                message.ClearField("closure")
        made.append(LaunchPlan._own(message, plan.source))
    return made


def _file_of(item: Workflow | LaunchPlan) -> str:
    return (item.source or "").partition("!")[0]


def _is_entry_name(name: str) -> bool:
    """Tell whether a file in an archive is read."""
    return name.lower().endswith((MESSAGE, *DOCUMENTS)) and not name.rsplit("/", 1)[-1].startswith(".")


def _begins_as_archive(stream: Stream) -> bool:
    head = stream.peek(_TAR_MARK_AT + len(_TAR_MARK))
    return head.startswith(GZIP) or head[_TAR_MARK_AT:] == _TAR_MARK
