"""A cluster: its projects, its tasks, and what would become of a task there.

The module is long because whatever can be asked of a cluster is a method with its documentation; what is more than a
call or two stands in a module beside it.
"""

from __future__ import annotations

import time
from collections.abc import Sequence
from typing import TYPE_CHECKING, Any

from flyteidl.admin import common_pb2, description_entity_pb2, project_pb2, task_pb2
from flyteidl.core import identifier_pb2

from flytetask_nb.collection import Failure, TaskCollection
from flytetask_nb.diffs import CallerReport, diff
from flytetask_nb.errors import FlyteTaskError, OptionError, RemoteError, RemoteTaskNotFoundError
from flytetask_nb.masking import mask_identifier
from flytetask_nb.models import Documentation, FlyteTask
from flytetask_nb.models.coercion import as_task, as_tasks, opened
from flytetask_nb.models.name_index import near_names
from flytetask_nb.semantics.digests import structure_digest
from flytetask_nb.sources.client.caller_search import CallerSearch, newest_workflows
from flytetask_nb.sources.client.entity_paths import EntityPath, checked_part, full_id
from flytetask_nb.sources.client.filters import Filters, compiled
from flytetask_nb.sources.client.listed_tasks import ListedTasks, from_start_or_after, origin_of
from flytetask_nb.sources.client.listing import NAMES, TASKS, Listing, Question, rows_asked_for
from flytetask_nb.sources.client.pages import Damaged, spec_bytes
from flytetask_nb.sources.client.project_checks import absence, refusal
from flytetask_nb.sources.client.registrations import CONFLICT, IDENTICAL, NEW, REFUSED, Registration
from flytetask_nb.sources.client.task_pages import TaskPages
from flytetask_nb.sources.progress import Bar

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator

    from typing_extensions import Self

    from flytetask_nb.sources.client.calls import Calls
    from flytetask_nb.sources.client.cluster_config import ClusterConfig

ALL = "*"
"""Stands for all projects or all domains where the connection has a default."""

PAGE_SIZE = 1000
IN_FLIGHT = 4

_PROJECTS_A_PAGE = 100
_KEYS_ARE_FRESH = 30.0
_TASK = identifier_pb2.TASK
_PARTS_OF_KEY = 3
_VERSIONS_SHOWN = 5


class Remote:
    """A connection to a cluster. Made by ``connect``.

    ``remote["project/domain/name"]`` is the newest version of a task; keys complete in IPython.

    Attributes
    ----------
    endpoint : str
        Host and port.
    project, domain : str or None
        What is meant where a call names none.
    unfinished : TaskCollection or None
        What the last listing had brought when it was stopped or failed; ``list_tasks(..., resume=...)`` goes on.
    """

    def __init__(
        self,
        calls: Calls,
        config: ClusterConfig,
        *,
        project: str | None = None,
        domain: str | None = None,
        is_lent: bool = False,
    ) -> None:
        self.endpoint = config.endpoint
        self.project = project
        self.domain = domain
        self.unfinished: TaskCollection | None = None
        self._calls = calls
        self._console = config.console
        self._is_lent = is_lent
        self._keys: tuple[float, list[str]] | None = None

    def __repr__(self) -> str:
        given = (("project", self.project), ("domain", self.domain))
        parts = [repr(self.endpoint), *(f"{name}={value!r}" for name, value in given if value)]
        return f"Remote({', '.join(parts)})"

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *error: object) -> None:
        self.close()

    def close(self) -> None:
        """Close the connection, unless it is flytekit's."""
        if not self._is_lent:
            self._calls.close()

    # -- one task ----------------------------------------------------------------------------------------------------

    def fetch_task(
        self,
        project: str | None = None,
        domain: str | None = None,
        name: str | None = None,
        version: str | None = None,
        *,
        description: bool = False,
    ) -> FlyteTask:
        """Fetch a task, in one call.

        Parameters
        ----------
        project, domain
            Where it is. None: the connection's own.
        name
            Its full name.
        version
            None: the newest, by ``created_at``.
        description
            Whether to fetch what its author says of it as well, as ``docs``: Admin keeps that elsewhere, so it is one
            call more. A task without it differs in no documentation from any other.

        Returns
        -------
        FlyteTask
            With ``created_at``, ``short_description`` and ``console_url``.

        Raises
        ------
        RemoteTaskNotFoundError
            There is none.
        RemoteError
            The server cannot be reached or refuses.
        ModelValueError
            A part of the id is missing: Admin would answer with an arbitrary task.
        """
        place = EntityPath(*self._one_place(project, domain), checked_part("name", name))
        task = self._newest(place) if version is None else self._version(place, checked_part("version", version))
        return task.replace(docs=self.description(task)) if description else task

    def _version(self, place: EntityPath, version: str) -> FlyteTask:
        identifier = identifier_pb2.Identifier(resource_type=_TASK, **place._asdict(), version=version)
        try:
            task = self._calls.ask("GetTask", common_pb2.ObjectGetRequest(id=identifier), task_pb2.Task)
        except RemoteTaskNotFoundError as error:
            raise self._no_version(place, version, error) from None
        answered = EntityPath(task.id.project, task.id.domain, task.id.name)
        if task.HasField("id") and (answered, task.id.version) != (place, version):
            raise self._damage(f"answers a question for {place} {version} with {answered} {task.id.version}")
        return self._task(task)

    def _newest(self, place: EntityPath) -> FlyteTask:
        rows = rows_asked_for(self._calls, _newest_first(place), 1).rows
        if not rows:
            raise self._no_task(place)
        return self._task(rows[0])

    def _task(self, message: Any) -> FlyteTask:
        data = message if isinstance(message, Damaged) else spec_bytes(message)
        if isinstance(data, Damaged):
            raise self._damage(f"gives a task that cannot be read: {data.reason}")
        return FlyteTask.from_bytes(data, origin_of(message, self.endpoint, self._console))

    def _damage(self, what: str) -> RemoteError:
        return RemoteError(f"{self.endpoint} {what}; ask who runs the server", code="DATA_LOSS", endpoint=self.endpoint)

    def description(self, task: object) -> Documentation | None:
        """Fetch what the author of a task says of it.

        Parameters
        ----------
        task
            A ``FlyteTask`` with project, domain, name and version.

        Returns
        -------
        Documentation or None
            None: nothing was registered.

        Raises
        ------
        RemoteError
            The server cannot be reached or refuses.
        """
        request = common_pb2.ObjectGetRequest(id=full_id(task))
        try:
            message = self._calls.ask("GetDescriptionEntity", request, description_entity_pb2.DescriptionEntity)
        except RemoteError as error:
            if error.code != "NOT_FOUND":
                raise
            return None
        return Documentation.from_flyte_idl(message)

    def __getitem__(self, key: str | tuple[str, ...]) -> FlyteTask:
        if isinstance(key, tuple):
            return self.fetch_task(*key)
        parts = key.split("/", _PARTS_OF_KEY - 1)
        return self.fetch_task(*parts) if len(parts) == _PARTS_OF_KEY else self.fetch_task(name=key)

    def _ipython_key_completions_(self) -> list[str]:
        now = time.monotonic()
        if self._keys is None or now - self._keys[0] > _KEYS_ARE_FRESH:
            try:
                names = self._names(*self._places(None, None))
                self._keys = (now, [f"{name.project}/{name.domain}/{name.name}" for name in names])
            except FlyteTaskError:
                # Completion is no place for errors: the call itself will say what is wrong.
                return []
        return self._keys[1]

    def _names(self, *places: EntityPath) -> list[Any]:
        """Return the ids of all that is called something in some places, without versions."""
        with self._listing() as listing:
            return list(listing.rows([Question(NAMES, place, sort="name") for place in places]))

    # -- what there is -----------------------------------------------------------------------------------------------

    def projects(self) -> list[str]:
        """Return the ids of the projects that are not archived, sorted."""
        return [project.id for project in self._projects()]

    def _projects(self) -> list[Any]:
        projects: list[Any] = []
        token = ""
        while True:
            request = project_pb2.ProjectListRequest(limit=_PROJECTS_A_PAGE, token=token)
            answer = self._calls.ask("ListProjects", request, project_pb2.Projects)
            projects += answer.projects
            if not answer.token or answer.token == token:
                return projects
            token = answer.token

    def domains(self) -> list[str]:
        """Return the ids of the domains, in the server's order."""
        answer = self._calls.ask("GetDomains", project_pb2.GetDomainRequest(), project_pb2.GetDomainsResponse)
        return [domain.id for domain in answer.domains]

    def task_names(self, project: str | None = None, domain: str | None = None) -> list[str]:
        """Return the names of the tasks of a domain, sorted; generated ones (``.flytegen...``) among them.

        Parameters
        ----------
        project, domain
            Where. None: the connection's own.

        Raises
        ------
        RemoteError
            There is no such project or domain; or the server cannot be reached or refuses.
        """
        place = EntityPath(*self._one_place(project, domain))
        names = self._names_at(place)
        if not names:
            self._check_place(place)
        return names

    def _names_at(self, place: EntityPath) -> list[str]:
        return [place.name] if place.name else [row.name for row in self._names(place)]

    def _check_place(self, place: EntityPath) -> None:
        """Refuse a project or domain that does not exist: asked of nothing, there is nothing of anything."""
        problem = absence(self._calls, place.project, place.domain)
        if problem:
            raise RemoteError(
                f"{self.endpoint}: {problem}",
                code="NOT_FOUND",
                endpoint=self.endpoint,
                remedy="projects() and domains()",
            )

    def versions(self, name: str, project: str | None = None, domain: str | None = None) -> TaskCollection:
        """Return all versions of a task, oldest first.

        Parameters
        ----------
        name
            Its full name.
        project, domain
            Where. None: the connection's own.

        Returns
        -------
        TaskCollection
            Whole tasks: Admin does not list versions without them.

        Raises
        ------
        RemoteTaskNotFoundError
            There is none.
        """
        place = EntityPath(*self._one_place(project, domain), checked_part("name", name))
        tasks = self._listed([place], compiled(), Bar("listing versions", "tasks"))
        if not tasks and not tasks.failures:
            raise self._no_task(place)
        return tasks

    def _no_version(self, place: EntityPath, version: str, error: RemoteTaskNotFoundError) -> RemoteTaskNotFoundError:
        """Say which versions there are, or that there is no task of that name; what the server said if it says no more."""
        try:
            rows = rows_asked_for(self._calls, _newest_first(place), _VERSIONS_SHOWN).rows
            if not rows:
                return self._no_task(place)
        except RemoteError:
            return error
        newest = [repr(mask_identifier(row.id.version)) for row in rows if not isinstance(row, Damaged)]
        remedy = f"the newest are {', '.join(newest)}" if newest else "versions() lists those that there are"
        return self._nothing(f"version {mask_identifier(version)!r} of {place}", remedy, error.request)

    def _no_task(self, place: EntityPath) -> RemoteTaskNotFoundError:
        remedy = absence(self._calls, place.project, place.domain)
        if not remedy:
            # Names are few beside tasks: a page or two of them say what could be meant.
            near = near_names(place.name, self._names_at(place._replace(name="")))
            remedy = (
                f"did you mean {', '.join(map(repr, near))}?" if near else "task_names() lists the names that there are"
            )
        return self._nothing(f"task {place}", remedy, f"ListTasks {place}")

    def _nothing(self, what: str, remedy: str, request: str) -> RemoteTaskNotFoundError:
        text = f"{self.endpoint} has no {what}; {remedy}"
        return RemoteTaskNotFoundError(text, code="NOT_FOUND", endpoint=self.endpoint, request=request, remedy=remedy)

    # -- listings ----------------------------------------------------------------------------------------------------

    def list_tasks(
        self,
        project: str | None = None,
        domain: str | None = None,
        *,
        name: str | None = None,
        version: str | None = None,
        latest: bool = False,
        filters: object = None,
        limit: int | None = None,
        resume: Iterable[object] | None = None,
        page_size: int = PAGE_SIZE,
        **columns: Any,
    ) -> TaskCollection:
        r"""List tasks: all there are, each once, in the order in which they were registered.

        Parameters
        ----------
        project, domain
            Where. None: the connection's own, else all of them; ``"*"``: all of them in any case. Archived projects
            are left out unless they are named.
        name, version
            Exactly this name, this version.
        latest
            The newest version of each name alone, by ``created_at``, of those that the filters let through.
        filters
            ``col("created_at") >= "2026-01-31"`` and the like, joined with ``&`` or in a list; ``{"type": "spark"}``;
            functions of a ``FlyteTask``.
        limit
            How many tasks at most, those of ``resume`` among them, the oldest first.
        resume
            What an earlier call with the same arguments had brought before it was stopped: see ``unfinished``. Only
            the rest is asked for. A collection, or any tasks.
        page_size
            Rows a call.
        **columns
            Likewise as filters: ``type="spark"``, ``type=["spark", "dask"]``.

        Returns
        -------
        TaskCollection
            Rows that cannot be read are in ``.failures``, and so is a project or domain that does not exist; rows that
            the server repeats are counted in ``.skipped``.

        Raises
        ------
        RemoteError
            The server cannot be reached or refuses. What had come is in the error's ``.tasks``, and in
            ``unfinished``.
        KeyboardInterrupt
            The user stopped it; what had come is in ``unfinished``.
        ModelValueError, ModelTypeError
            A filter is none.

        Notes
        -----
        Filters are Admin's where its grammar can carry them. Looked at here, after more rows have come than are
        wanted, are: values with ``+ , ; ( )`` or control characters, empty ones, ones with blanks at their ends;
        ``\\`` in ``contains`` and ``%``, ``_`` and ``\\`` in ``excludes``; ``!=``, ``excludes`` and ``notin`` of
        ``short_description``; ``image``; and functions. ``contains`` with ``%`` or ``_`` is sent, and what is too
        much is left out here.

        Admin's page tokens are offsets, and several pages are under way at a time; other tokens are followed one by
        one. A page that is larger than either side takes is asked for again in halves.
        """
        _check_numbers(limit=1 if limit is None else limit, page_size=page_size)
        asked = compiled(filters, columns, None if version is None else {"version": checked_part("version", version)})
        named = "" if name is None else checked_part("name", name)
        held = resume if resume is None or isinstance(resume, TaskCollection) else TaskCollection(resume)
        # Its clock starts with the work, to which asking for the places belongs.
        bar = Bar("listing tasks", "tasks")
        places = [place._replace(name=named) for place in self._places(project, domain)]
        tasks = self._listed(places, asked, bar, latest=latest, limit=limit, held=held, page_size=page_size)
        hint = () if tasks else self._absent(places)
        return TaskCollection(failures=[*tasks.failures, *hint], skipped=tasks.skipped) if hint else tasks

    def _absent(self, places: list[EntityPath]) -> tuple[Failure, ...]:
        """Say of a place in which there is nothing that it does not exist, if so."""
        problem = absence(self._calls, places[0].project, places[0].domain) if places else ""
        return (Failure(self.endpoint, f"{places[0].project}/{places[0].domain}", problem),) if problem else ()

    def task_pages(
        self,
        project: str | None = None,
        domain: str | None = None,
        *,
        filters: object = None,
        page_size: int = PAGE_SIZE,
        **columns: Any,
    ) -> TaskPages:
        """List tasks as they come, a page at a time: what ``list_tasks`` gives, before all of it is there.

        Parameters
        ----------
        project, domain, filters, page_size, **columns
            As ``list_tasks`` takes them.

        Returns
        -------
        TaskPages
            An iterator of collections. Its ``cancel()`` may be called from another thread, its ``tasks`` are all that
            has come. Nothing is asked before the first page is wanted.

        Raises
        ------
        RemoteError
            By the iterator: the server cannot be reached or refuses. What had come is in the error's ``.tasks``.
        ModelValueError, ModelTypeError
            A filter is none.
        """
        _check_numbers(page_size=page_size)
        asked = compiled(filters, columns)
        places: list[EntityPath] = []

        def questions() -> Iterator[Question]:
            places.extend(self._places(project, domain))
            return (Question(TASKS, place, asked.sent) for place in places)

        listed = ListedTasks(self.endpoint, self._console, asked)
        return TaskPages(self._listing(page_size), questions, listed, lambda: self._absent(places))

    def _listed(
        self,
        places: list[EntityPath],
        asked: Filters,
        bar: Bar,
        *,
        latest: bool = False,
        limit: int | None = None,
        held: TaskCollection | None = None,
        page_size: int = PAGE_SIZE,
    ) -> TaskCollection:
        is_of_each = latest and not asked.here
        listed = ListedTasks(self.endpoint, self._console, asked, held)
        # What is looked at here, or thinned out afterwards, cannot be limited there.
        rows_wanted = 1 if is_of_each else None if asked.here or latest else limit
        most = None if latest or limit is None else limit - len(held or ())
        if held is not None and most is not None and most <= 0:
            return held._chosen(range(len(held) + most), is_part=False)
        with bar, self._listing(page_size) as listing:
            try:
                if is_of_each:
                    named = (place._replace(name=name) for place in places for name in self._names_at(place))
                    questions = (_newest_first(place, asked.sent) for place in named)
                else:
                    questions = (from_start_or_after(self._calls, place, asked.sent, held) for place in places)
                for question, page in listing.answers(questions, rows_wanted):
                    listed.take(question.place, page, most)
                    bar.step(len(page.rows))
                    if most is not None and len(listed) >= most:
                        break
            # As soon as flytekit is loaded, an interrupt is turned into SystemExit.
            except (RemoteError, KeyboardInterrupt, SystemExit) as error:
                self.unfinished = listed.tasks()
                if isinstance(error, RemoteError):
                    error.tasks = self.unfinished
                if isinstance(error, KeyboardInterrupt):
                    raise KeyboardInterrupt(
                        f"{len(self.unfinished):,} tasks had come and are in remote.unfinished; "
                        "list_tasks(..., resume=remote.unfinished) goes on"
                    ) from None
                raise
        self.unfinished = None
        if not latest:
            return listed.tasks()
        newest = listed.tasks().latest()
        return newest if limit is None or len(newest) <= limit else newest._chosen(range(limit), is_part=False)

    def _listing(self, page_size: int = PAGE_SIZE) -> Listing:
        return Listing(self._calls, page_size, IN_FLIGHT)

    def _one_place(self, project: str | None, domain: str | None) -> tuple[str, str]:
        return checked_part("project", project or self.project), checked_part("domain", domain or self.domain)

    def _places(self, project: str | None, domain: str | None) -> list[EntityPath]:
        project = self.project if project is None else checked_part("project", project)
        domain = self.domain if domain is None else checked_part("domain", domain)
        project, domain = (None if part == ALL else part for part in (project, domain))
        if project and domain:
            return [EntityPath(project, domain)]
        if project:
            return [EntityPath(project, each) for each in self.domains()]
        if domain:
            return [EntityPath(each, domain) for each in self.projects()]
        projects = self._projects()
        # Each project names its domains; an older server leaves them out.
        common = self.domains() if any(not each.domains for each in projects) else []
        return [
            EntityPath(each.id, domain_id)
            for each in projects
            for domain_id in [known.id for known in each.domains] or common
        ]

    # -- what would become of a task ---------------------------------------------------------------------------------

    def dry_run(self, task: object) -> Registration:
        """Tell what Admin would say if a task were registered now, without registering it.

        Parameters
        ----------
        task
            A ``FlyteTask``, or what ``FlyteTask.from_flyte_idl`` takes, with project, domain, name and version, as
            it is sent to Admin: see ``flytetask_nb.semantics.hydrate``.

        Returns
        -------
        Registration
            New, identical, a conflict with everything that differs, or refused: there is no such project or domain,
            or the project is archived. What Admin would refuse anywhere is said by ``check``.

        Raises
        ------
        RemoteError
            The server cannot be reached or refuses.
        ModelValueError
            A part of the id is missing.
        """
        mine = as_task(task)
        identifier = full_id(mine)
        # Admin looks at the place before it looks at what is registered there.
        reason = refusal(self._calls, identifier.project, identifier.domain)
        if reason:
            return Registration(REFUSED, mine, reason=reason)
        try:
            theirs = self._task(self._calls.ask("GetTask", common_pb2.ObjectGetRequest(id=identifier), task_pb2.Task))
        except RemoteTaskNotFoundError:
            return Registration(NEW, mine)
        if structure_digest(mine) == structure_digest(theirs):
            return Registration(IDENTICAL, mine, theirs)
        return Registration(CONFLICT, mine, theirs, diff(theirs, mine))

    def callers(self, task: object, project: str | None = None, domain: str | None = None) -> CallerReport:
        """Tell which workflows of a domain use a task, and whether they would compile against this version of it.

        Parameters
        ----------
        task
            The version that they would call; or several tasks, such as a release, all of which they would call.
        project, domain
            Where the workflows are. None: where the first task is, else the connection's own.

        Returns
        -------
        CallerReport
            Of the newest version of each workflow that uses any version of the tasks; everything else that they use
            stays as they were registered with.

        Raises
        ------
        RemoteError
            There is no such project or domain; or the server cannot be reached or refuses.

        Notes
        -----
        A listing comes without nodes, so each newest version is fetched by itself, several at a time.
        """
        task = opened(task)
        is_several = isinstance(task, Sequence) and not isinstance(task, str | bytes | bytearray | memoryview)
        mine = list(as_tasks(task)) if is_several else [as_task(task)]
        if mine:
            project, domain = project or mine[0].id.project, domain or mine[0].id.domain
        place = EntityPath(*self._one_place(project, domain))
        with Bar("looking for callers", "workflows") as bar, self._listing() as listing:
            ids = newest_workflows(listing, place)
            if not ids:
                self._check_place(place)
            search = CallerSearch(self._calls, mine, self.endpoint)
            calling: list[Any] = []
            used: set[str] = set()
            for report in listing.each(search.callers_in, ids):
                bar.step(1)
                calling += report
                used.update(report.used)
        return CallerReport(calling, used, {each.name for each in mine} - used)


def _newest_first(place: EntityPath, filters: str = "") -> Question:
    return Question(TASKS, place, filters, "created_at", descending=True)


def _check_numbers(**numbers: Any) -> None:
    for word, number in numbers.items():
        if not isinstance(number, int) or isinstance(number, bool) or number < 1:
            raise OptionError(f"{word} cannot be {number!r}; expected a whole number above 0")
