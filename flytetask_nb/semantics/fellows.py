"""What the tasks of one release have in common, for those that are taken out of a collection of them."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, NamedTuple

from flyteidl.admin import task_pb2
from flyteidl.core import workflow_pb2

from flytetask_nb.models.identifiers import is_filled_in
from flytetask_nb.models.name_index import said
from flytetask_nb.models.order import natural_key
from flytetask_nb.models.version_order import LOADING
from flytetask_nb.models.workflows import referring_nodes
from flytetask_nb.semantics.map_tasks import mapped_task
from flytetask_nb.semantics.task_container import task_image

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Mapping, Sequence

    from flytetask_nb.models.flyte_task import FlyteTask
    from flytetask_nb.models.origins import Origin


class WorkflowRecord(NamedTuple):
    """A workflow beside tasks, looked at when somebody asks who uses one of them.

    ``template``: a ``WorkflowTemplate``, serialized.
    ``source``: where it was found.
    ``project``, ``domain``, ``version``: what registration would fill in where an id does not say it.
    """

    template: bytes
    source: str | None
    project: str | None = None
    domain: str | None = None
    version: str | None = None


class Calls(NamedTuple):
    """Which tasks a workflow uses by itself, in map tasks too.

    ``workflow``: its name.
    ``release``: what it has in common with the tasks of its release.
    ``tasks``: the release and the name of each.
    """

    workflow: str
    release: tuple[str, ...]
    tasks: frozenset[tuple[tuple[str, ...], str]]


def calls_of(record: WorkflowRecord) -> Calls:
    """Return which tasks a workflow uses by itself, its sub-workflows aside: these are workflows of their own."""
    template = workflow_pb2.WorkflowTemplate.FromString(record.template)
    releases: dict[tuple[str, str, str], tuple[str, ...]] = {}

    def release_of(identifier: Any) -> tuple[str, ...]:
        # Most ids of a workflow say the same.
        parts = identifier.project, identifier.domain, identifier.version
        if parts not in releases:
            given = record.project, record.domain, record.version
            project, domain, version = (
                part if is_filled_in(part) else value or "" for part, value in zip(parts, given, strict=True)
            )
            releases[parts] = _release(project, domain, version, record.source)
        return releases[parts]

    references = (reference for node, reference in referring_nodes(template) if node.HasField("task_node"))
    # Who calls a map task uses the mapped one too.
    tasks = frozenset([(release_of(each), name) for each in references for name in {each.name, mapped_task(each.name)}])
    return Calls(template.id.name, release_of(template.id), tasks)


class Fellows:
    """The tasks of a collection, for what those of one release have in common.

    ``tasks``: ``TaskSpec`` messages, serialized or not.
    ``origins``: where each comes from.
    ``place_of``: tells the place of a task among the versions of it, from 1, the oldest; how many there are; and what
      that order rests on.
    ``workflows``: those beside them.
    """

    __slots__ = ("_callers", "_origins", "_place_of", "_tags", "_tasks", "workflows")

    def __init__(
        self,
        tasks: Sequence[Any],
        origins: Sequence[Origin | str],
        place_of: Callable[[FlyteTask], tuple[int, int, str]] | None = None,
        workflows: Iterable[WorkflowRecord] = (),
    ) -> None:
        self._tasks = tasks
        self._origins = origins
        self._place_of = place_of
        self.workflows = tuple(workflows)
        self._callers: dict[tuple[tuple[str, ...], str], list[str]] | None = None
        self._tags: dict[tuple[str, ...], dict[str, str]] | None = None

    def ordered_by(self, place_of: Callable[[FlyteTask], tuple[int, int, str]]) -> Fellows:
        """Return the same tasks under another order of their versions."""
        return Fellows(self._tasks, self._origins, place_of, self.workflows)

    def callers_of(self, task: FlyteTask) -> tuple[str, ...] | None:
        """Return the workflows of a task's release that call it.

        ``task``: a task that was taken out of the collection.
        Returns tuple of str, or None: their names, in natural order; None where no workflow of that release is known.
        """
        if self._callers is None:
            self._callers = {}
            for calls in map(calls_of, self.workflows):
                self._callers.setdefault((calls.release, ""), [])
                for called in calls.tasks:
                    self._callers.setdefault(called, []).append(calls.workflow)
        identifier = task._message.template.id
        release = _release_of(identifier, task.source)
        callers = self._callers.get((release, identifier.name))
        if callers is None:
            return () if (release, "") in self._callers else None
        return tuple(sorted(set(callers), key=natural_key))

    def place_of(self, task: FlyteTask) -> tuple[int, int, str]:
        """Return the place of a task among its versions, how many there are, and what the order rests on.

        ``task``: a task that was taken out of the collection.
        Returns (int, int, str): counted from 1, the oldest; the order is one of
          ``flytetask_nb.models.version_order.ORDERS``. ``(1, 1, "loading")`` where nothing is known of others.
        """
        return (1, 1, LOADING) if self._place_of is None else self._place_of(task)

    def tags_beside(self, task: FlyteTask) -> Mapping[str, str]:
        """Return the tags of the images of the release that a task belongs to, by the tasks' names."""
        if self._tags is None:
            from flytetask_nb.semantics.images import image_reference  # noqa: PLC0415 - its pattern costs time

            self._tags = {}
            for fellow, origin in zip(self._tasks, self._origins, strict=True):
                template = (task_pb2.TaskSpec.FromString(fellow) if isinstance(fellow, bytes) else fellow).template
                source = origin if isinstance(origin, str) else origin.source
                reference = image_reference(task_image(template))
                if reference is not None and reference.tag:
                    release = self._tags.setdefault(_release_of(template.id, source), {})
                    release[template.id.name] = reference.tag
        project, domain, *label = _release_of(task._message.template.id, task.source)
        # Of a task that was given a place later, the others beside it still say none.
        return self._tags.get((project, domain, *label)) or self._tags.get(("", "", *label)) or {}


def _release_of(identifier: Any, source: str | None) -> tuple[str, ...]:
    return _release(identifier.project, identifier.domain, identifier.version, source)


def _release(project: str, domain: str, version: str, source: str | None) -> tuple[str, ...]:
    """Return what tasks of one release share: place and version, or where they have none the archive or folder."""
    if is_filled_in(version):
        return *said(project, domain), version
    file, mark, _ = (source or "").partition("!")
    return "", "", "", file if mark else file.replace("\\", "/").rpartition("/")[0]
