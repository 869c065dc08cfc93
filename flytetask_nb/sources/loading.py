"""What users call to read tasks, workflows and launch plans from files."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from flytetask_nb.errors import LoadError
from flytetask_nb.sources.launch_plan_interfaces import with_interfaces
from flytetask_nb.sources.lists import LaunchPlanList, WorkflowList
from flytetask_nb.sources.locations import source_name
from flytetask_nb.sources.message_kinds import LAUNCH_PLANS, TASKS, WORKFLOWS
from flytetask_nb.sources.read_settings import MAX_ENTRY_BYTES, MAX_TOTAL_BYTES, ReadSettings
from flytetask_nb.sources.reading import read
from flytetask_nb.sources.registration_values import RegistrationValues

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable

    from flytetask_nb.collection import TaskCollection
    from flytetask_nb.models.flyte_task import FlyteTask

_NAMES_SHOWN = 6


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
    cache: bool = False,
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
    cache
        Whether to keep the bytes of files from other machines in your cache folder, and to take them from there as
        long as the file's etag, or its size and time, is the same. Only you can read them; the option ``cache_bytes``
        bounds them, and ``clear_cache`` removes them. What was taken from there is logged (``flytetask_nb.cache``,
        INFO).

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

    Files of other machines are fetched while others are read, as many at a time as the option ``max_in_flight`` says.
    One that has not come within ``fetch_timeout`` is a failure; the others are kept, and of a file that comes as a stream,
    as large ones do, the entries that had come.

    Examples
    --------
    >>> import flytetask_nb as ftn
    >>> tasks = ftn.load("archives/2026.10.tgz", version="2026.10")
    >>> tasks["shops.ingest.daily_sales"].type
    'warehouse_query'
    """
    values = RegistrationValues(project, domain, version, source_uploaded_location, destination_directory)
    outcomes = read(source, ReadSettings(values, (TASKS,), errors, max_entry_bytes, max_total_bytes, cache))
    tasks = outcomes.tasks()
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
    cache: bool = False,
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
    errors, max_entry_bytes, max_total_bytes, cache
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

    Examples
    --------
    >>> import flytetask_nb as ftn
    >>> [workflow.name for workflow in ftn.load_workflows("archives/2026.10.tgz")][:1]
    ['shops.workflows.ingest_sales']
    """
    values = RegistrationValues(project, domain, version, source_uploaded_location, destination_directory)
    outcomes = read(source, ReadSettings(values, (WORKFLOWS,), errors, max_entry_bytes, max_total_bytes, cache))
    return WorkflowList(outcomes.workflows, failures=outcomes.failures, skipped=outcomes.skipped)


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
    cache: bool = False,
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
    errors, max_entry_bytes, max_total_bytes, cache
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

    Examples
    --------
    >>> import flytetask_nb as ftn
    >>> len(ftn.load_launch_plans("archives/2026.10.tgz")) > 0
    True
    """
    values = RegistrationValues(project, domain, version, source_uploaded_location, destination_directory)
    outcomes = read(
        source, ReadSettings(values, (LAUNCH_PLANS, WORKFLOWS), errors, max_entry_bytes, max_total_bytes, cache)
    )
    plans = outcomes.launch_plans
    if values.are_given:
        plans = with_interfaces(plans, outcomes.workflows)
    passed_over = {WORKFLOWS: len(outcomes.workflows)} if outcomes.workflows else {}
    return LaunchPlanList(plans, failures=outcomes.failures, skipped={**outcomes.skipped, **passed_over})


def load_task(
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
    cache: bool = False,
) -> FlyteTask:
    """Load the one task of a source.

    Parameters
    ----------
    source
        As ``load`` takes it.
    project, domain, version, source_uploaded_location, destination_directory
        As ``load`` takes them.
    errors, max_entry_bytes, max_total_bytes, cache
        As ``load`` takes them.

    Returns
    -------
    FlyteTask
        The task.

    Raises
    ------
    LoadError
        The source holds no task, or several: the error names them.

    Examples
    --------
    >>> import flytetask_nb as ftn
    >>> task = ftn.load("archives/2026.10.tgz")["shops.ingest.daily_sales"]
    >>> ftn.load_task(task.serialize_to_string()).name
    'shops.ingest.daily_sales'
    """
    tasks = load(
        source,
        project=project,
        domain=domain,
        version=version,
        source_uploaded_location=source_uploaded_location,
        destination_directory=destination_directory,
        errors=errors,
        max_entry_bytes=max_entry_bytes,
        max_total_bytes=max_total_bytes,
        cache=cache,
    )
    if len(tasks) == 1:
        return tasks[0]
    name = source_name(source)
    if not tasks:
        passed = ", ".join(f"{number} {kind}" for kind, number in sorted(tasks.skipped.items()))
        beside = f" (passed over: {passed})" if passed else ""
        failed = f"; {tasks.failures[0]}" if tasks.failures else ""
        raise LoadError(f"{name}: expected one task, found none{beside}{failed}")
    names = tasks.names
    listed = ", ".join(map(repr, names[:_NAMES_SHOWN])) + (", …" if len(names) > _NAMES_SHOWN else "")
    raise LoadError(f"{name}: expected one task, found {len(tasks)} ({listed}); use load and choose one by name")
