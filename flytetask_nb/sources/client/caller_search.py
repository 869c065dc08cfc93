"""Which workflows of a cluster use a task: the newest version of each is looked at, one call a workflow."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from flyteidl.admin import common_pb2, launch_plan_pb2, workflow_pb2

from flytetask_nb.diffs import Caller, callers
from flytetask_nb.errors import RemoteError
from flytetask_nb.models import FlyteTask, Workflow
from flytetask_nb.models.name_index import are_one_place, said
from flytetask_nb.models.order import natural_key
from flytetask_nb.sources.client.listing import WORKFLOWS, Question
from flytetask_nb.sources.client.pages import Damaged

if TYPE_CHECKING:
    from collections.abc import Iterable

    from flytetask_nb.sources.client.calls import Calls, Stop
    from flytetask_nb.sources.client.entity_paths import EntityPath
    from flytetask_nb.sources.client.listing import Listing


def newest_workflows(listing: Listing, place: EntityPath) -> list[Any]:
    """Return the ids of the newest version of each workflow of a domain, in natural order of their names."""
    newest: dict[str, Any] = {}
    for _, page in listing.answers([Question(WORKFLOWS, place)]):
        for row in page.rows:
            if not isinstance(row, Damaged):
                known = newest.get(row.id.name)
                if known is None or _age(row) >= _age(known):
                    newest[row.id.name] = row
    return [newest[name].id for name in sorted(newest, key=natural_key)]


class CallerSearch:
    """Looks at workflows for a task."""

    def __init__(self, calls: Calls, task: FlyteTask, endpoint: str) -> None:
        self._calls = calls
        self._task = task
        self._endpoint = endpoint

    def callers_in(self, identifier: Any, stop: Stop) -> Iterable[Caller]:
        """Return what calls the task in a workflow, if anything does; several threads may ask."""
        task = self._task
        request = common_pb2.ObjectGetRequest(id=identifier)
        answer = self._calls.ask("GetWorkflow", request, workflow_pb2.Workflow, stop)
        workflow = Workflow._own(answer.closure.compiled_workflow, self._endpoint)
        others = [other for other in workflow.tasks if not _is_other_version(other, task)]
        if len(others) == len(workflow.tasks):
            return []
        plans = [plan for one in workflow.launch_plan_ids if (plan := self._launch_plan(one, stop)) is not None]
        return callers([workflow], [task, *others], plans)

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


def _is_other_version(one: FlyteTask, task: FlyteTask) -> bool:
    """Tell whether two tasks are versions of one, as far as both say where they are."""
    return one.name == task.name and are_one_place(said(each.id.project, each.id.domain) for each in (one, task))
