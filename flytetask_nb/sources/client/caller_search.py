"""Which workflows of a cluster use some tasks: the newest version of each is looked at, one call a workflow."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from flyteidl.admin import common_pb2, launch_plan_pb2, workflow_pb2

from flytetask_nb.diffs import CallerReport, callers
from flytetask_nb.errors import RemoteError
from flytetask_nb.models import FlyteTask, Workflow
from flytetask_nb.models.name_index import are_one_place, said
from flytetask_nb.models.order import natural_key
from flytetask_nb.semantics.map_tasks import map_task_stem, mapped_task
from flytetask_nb.sources.client.listing import WORKFLOWS, Question

if TYPE_CHECKING:
    from collections.abc import Sequence

    from flytetask_nb.sources.client.calls import Calls, Stop
    from flytetask_nb.sources.client.entity_paths import EntityPath
    from flytetask_nb.sources.client.listing import Listing


def newest_workflows(listing: Listing, place: EntityPath) -> list[Any]:
    """Return the ids of the newest version of each workflow of a domain, in natural order of their names."""
    newest: dict[str, Any] = {}
    for workflow in listing.rows([Question(WORKFLOWS, place)]):
        known = newest.get(workflow.id.name)
        if known is None or _age(workflow) >= _age(known):
            newest[workflow.id.name] = workflow
    return [newest[name].id for name in sorted(newest, key=natural_key)]


class CallerSearch:
    """Looks at workflows for some tasks."""

    def __init__(self, calls: Calls, tasks: Sequence[FlyteTask], endpoint: str) -> None:
        self._calls = calls
        self._tasks: dict[str, list[FlyteTask]] = {}
        for task in tasks:
            self._tasks.setdefault(task.name, []).append(task)
        self._map_tasks: dict[str, list[str]] = {}
        for name in self._tasks:
            if (stem := map_task_stem(name)) is not None:
                self._map_tasks.setdefault(stem, []).append(name)
        self._endpoint = endpoint

    def callers_in(self, identifier: Any, stop: Stop) -> CallerReport:
        """Return what becomes of a workflow that calls any of the tasks, all of them taken together.

        Several threads may ask. The report of a workflow that calls none of them is empty.
        """
        request = common_pb2.ObjectGetRequest(id=identifier)
        answer = self._calls.ask("GetWorkflow", request, workflow_pb2.Workflow, stop)
        workflow = Workflow._own(answer.closure.compiled_workflow, self._endpoint)
        others, moved = [], []
        for called in workflow.tasks:
            versions = [task for task in self._versions_of(called.name) if _can_replace(called, task)]
            moved += versions
            others += [] if versions else [called]
        mapped = {mapped_task(called.name) for called in workflow.tasks}
        used = {task.name for task in moved} | (mapped & self._tasks.keys())
        if not moved:
            return CallerReport((), used)
        plans = [self._launch_plan(identifier, stop) for identifier in workflow.launch_plan_ids]
        return CallerReport(callers([workflow], [*moved, *others], [plan for plan in plans if plan is not None]), used)

    def _versions_of(self, name: str) -> list[FlyteTask]:
        """Return the tasks of a name; of a map task that is gone those that its mapped task has now, if one is left."""
        if name not in self._tasks and (stem := map_task_stem(name)) is not None:
            there_now = self._map_tasks.get(stem, [])
            name = there_now[0] if len(there_now) == 1 else name
        return self._tasks.get(name, [])

    def _launch_plan(self, identifier: Any, stop: Stop) -> Any:
        request = common_pb2.ObjectGetRequest(id=identifier.to_flyte_idl())
        try:
            return self._calls.ask("GetLaunchPlan", request, launch_plan_pb2.LaunchPlan, stop)
        except RemoteError as error:
            if error.code != "NOT_FOUND":
                raise
            return None


def _age(workflow: Any) -> tuple[int, int]:
    created = workflow.closure.created_at
    return created.seconds, created.nanos


def _can_replace(called: FlyteTask, task: FlyteTask) -> bool:
    """Tell whether a task can be called in place of another, as far as both say where they are."""
    return are_one_place(said(each.id.project, each.id.domain) for each in (called, task))
