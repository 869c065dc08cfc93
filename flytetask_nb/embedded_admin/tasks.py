"""Tasks.

Sources: flyteadmin/pkg/manager/impl/task_manager.go and repositories/gormimpl/task_repo.go.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Final

from flyteidl.admin import task_pb2
from flyteidl.core import identifier_pb2

from flytetask_nb.embedded_admin.columns import KEY, TASKS
from flytetask_nb.embedded_admin.identifiers import id_of, key_of, registered
from flytetask_nb.embedded_admin.listings import list_names, read_listing
from flytetask_nb.embedded_admin.refusals import Refusal, invalid
from flytetask_nb.embedded_admin.store import timestamp
from flytetask_nb.embedded_admin.structure_changes import registered_already
from flytetask_nb.semantics.digests import structure_digest
from flytetask_nb.semantics.registration import check
from flytetask_nb.semantics.registration_rules import RULES

if TYPE_CHECKING:
    from flytetask_nb.embedded_admin.descriptions import Descriptions
    from flytetask_nb.embedded_admin.projects import Projects
    from flytetask_nb.embedded_admin.settings import AdminSettings
    from flytetask_nb.embedded_admin.store import Row, Store

# What Admin checks before it asks whether project and domain exist, and before it asks whether the type is allowed.
_OF_THE_ID: Final = frozenset({"missing-id", "resource-type", *(f"missing-{part}" for part in KEY)})
_BEFORE_THE_WHITELIST: Final = frozenset({"missing-spec", "missing-type"})


@dataclass(frozen=True)
class Tasks:
    """The tasks of a server."""

    store: Store
    settings: AdminSettings
    projects: Projects
    descriptions: Descriptions

    def create_task(self, request: Any) -> Any:
        """Answer CreateTask."""
        self._check(request)
        template = request.spec.template
        template.id.CopyFrom(request.id)
        digest = structure_digest(template)
        moment = self.store.now()
        closure = task_pb2.TaskClosure(created_at=timestamp(moment))
        closure.compiled_task.template.CopyFrom(template)
        row = {
            **key_of(request.id),
            "closure": closure.SerializeToString(),
            "digest": digest,
            "type": template.type,
            "short_description": request.spec.description.short_description,
        }
        try:
            with self.store.transaction():
                self.store.insert(TASKS, row, moment=moment)
                self.descriptions.add(request, moment)
        except Refusal as refusal:
            if refusal.code != "ALREADY_EXISTS":
                raise
            existing = registered(self.store, TASKS, request.id)
            old = task_pb2.TaskClosure.FromString(existing["closure"]).compiled_task
            raise registered_already("task", existing, digest, old, closure.compiled_task) from None
        return task_pb2.TaskCreateResponse()

    def _check(self, request: Any) -> None:
        refusals = check(request, self.settings.platform_limits).refusals
        first = refusals[0] if refusals else None
        if first is not None and first.rule in _OF_THE_ID:
            raise _refused(first)
        self.projects.check_place(request.id)
        if first is not None and first.rule in _BEFORE_THE_WHITELIST:
            raise _refused(first)
        if not self._is_allowed(request.spec.template.type, request.id):
            raise invalid("task type must be whitelisted before use")
        if first is not None:
            raise _refused(first)

    def _is_allowed(self, type: str, identifier: Any) -> bool:
        places = self.settings.whitelist.get(type)
        return not places or any(
            not project or (project == identifier.project and domain in ("", identifier.domain))
            for project, domain in places
        )

    def get_task(self, request: Any) -> Any:
        """Answer GetTask. Admin does not insist on a whole id, nor on one of a task."""
        return _read(registered(self.store, TASKS, request.id), task_pb2.Task())

    def list_tasks(self, request: Any) -> Any:
        """Answer ListTasks."""
        page = read_listing(request, TASKS, "ListTasks")
        rows = self.store.select(TASKS, page)
        answer = task_pb2.TaskList(token=page.next_token(rows))
        for row in rows:
            _read(row, answer.tasks.add())
        return answer

    def list_task_ids(self, request: Any) -> Any:
        """Answer ListTaskIds."""
        return list_names(self.store, TASKS, request, "ListUniqueTaskIdentifiers")


def template_of(row: Row) -> Any:
    """Return the template of a task's row."""
    return task_pb2.TaskClosure.FromString(row["closure"]).compiled_task.template


def _read(row: Row, task: Any) -> Any:
    """Read a row into a message where it stands: of thousands a copy would take longer than the rest."""
    task.id.CopyFrom(id_of(row, identifier_pb2.TASK))
    task.closure.ParseFromString(row["closure"])
    task.short_description = row["short_description"]
    return task


def _refused(finding: Any) -> Refusal:
    return Refusal(RULES[finding.rule].code, finding.message)
