"""Tasks.

Sources: flyteadmin/pkg/manager/impl/task_manager.go and repositories/gormimpl/task_repo.go.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Final

from flyteidl.admin import task_pb2
from flyteidl.core import identifier_pb2

from flytetask_nb.embedded_admin.columns import TASKS
from flytetask_nb.embedded_admin.identifiers import KEY, check_parts, key_of, missing_entity
from flytetask_nb.embedded_admin.listings import list_names, next_token, read_page, require
from flytetask_nb.embedded_admin.refusals import Refusal, invalid
from flytetask_nb.embedded_admin.store import timestamp
from flytetask_nb.embedded_admin.structure_changes import differences
from flytetask_nb.embedded_admin.wire import embedded, joined
from flytetask_nb.semantics.digests import structure_digest
from flytetask_nb.semantics.registration import check
from flytetask_nb.semantics.registration_rules import RULES

if TYPE_CHECKING:
    from flytetask_nb.embedded_admin.descriptions import Descriptions
    from flytetask_nb.embedded_admin.projects import Projects
    from flytetask_nb.embedded_admin.settings import Settings
    from flytetask_nb.embedded_admin.store import Row, Store

__all__ = ["Tasks"]

# What Admin checks before it asks whether project and domain exist, and before it asks whether the type is allowed.
_OF_THE_ID: Final = frozenset({"missing-id", "resource-type", *(f"missing-{part}" for part in KEY)})
_BEFORE_THE_WHITELIST: Final = frozenset({"missing-spec", "missing-type"})

_ID_FIELD: Final = task_pb2.Task.ID_FIELD_NUMBER
_CLOSURE_FIELD: Final = task_pb2.Task.CLOSURE_FIELD_NUMBER
_SHORT_FIELD: Final = task_pb2.Task.SHORT_DESCRIPTION_FIELD_NUMBER


class Tasks:
    """The tasks of a server.

    Parameters
    ----------
    store : Store
    settings : Settings
    projects : Projects
    descriptions : Descriptions
    """

    def __init__(self, store: Store, settings: Settings, projects: Projects, descriptions: Descriptions) -> None:
        self._store = store
        self._settings = settings
        self._projects = projects
        self._descriptions = descriptions

    def create_task(self, request: Any) -> Any:
        """Answer CreateTask."""
        self._check(request)
        self.add(request)
        return task_pb2.TaskCreateResponse()

    def add(self, request: Any) -> None:
        """Store a task without looking at it.

        Raises
        ------
        Refusal
            There is one of that id already: ALREADY_EXISTS where it is the same, else INVALID_ARGUMENT.
        """
        template = request.spec.template
        template.id.CopyFrom(request.id)
        digest = structure_digest(template)
        moment = self._store.now()
        closure = task_pb2.TaskClosure(created_at=timestamp(moment))
        closure.compiled_task.template.CopyFrom(template)
        description = request.spec.description if request.spec.HasField("description") else None
        row = {
            **key_of(request.id),
            "closure": closure.SerializeToString(),
            "digest": digest,
            "type": template.type,
            "short_description": "" if description is None else description.short_description,
        }
        try:
            with self._store.transaction():
                self._store.insert(TASKS, row, moment=moment)
                if description is not None:
                    self._descriptions.add(request.id, description, moment)
        except Refusal as refusal:
            if refusal.code != "ALREADY_EXISTS":
                raise
            raise self._exists(request.id, digest, closure.compiled_task) from None

    def _exists(self, identifier: Any, digest: bytes, compiled: Any) -> Refusal:
        existing = self.row(identifier)
        if existing["digest"] == digest:
            return Refusal("ALREADY_EXISTS", "task with identical structure already exists")
        registered = task_pb2.TaskClosure.FromString(existing["closure"]).compiled_task
        return invalid(
            f"{identifier.name} task with different structure already exists. "
            f"(Please register a new version of the task):\n{differences(registered, compiled)}"
        )

    def _check(self, request: Any) -> None:
        refusals = check(request, self._settings.platform_limits).refusals
        first = refusals[0] if refusals else None
        if first is not None and first.rule in _OF_THE_ID:
            raise _refused(first)
        self._projects.check_place(request.id.project, request.id.domain)
        if first is not None and first.rule in _BEFORE_THE_WHITELIST:
            raise _refused(first)
        if not self._is_allowed(request.spec.template.type, request.id):
            raise invalid("task type must be whitelisted before use")
        if first is not None:
            raise _refused(first)

    def _is_allowed(self, type: str, identifier: Any) -> bool:
        places = self._settings.whitelist.get(type)
        return not places or any(
            not project or (project == identifier.project and domain in ("", identifier.domain))
            for project, domain in places
        )

    def row(self, identifier: Any) -> Row:
        """Give the row of a task: of any task that fits where parts of the id are empty.

        Raises
        ------
        Refusal
            NOT_FOUND.
        """
        row = self._store.find(TASKS, key_of(identifier))
        if row is None:
            raise missing_entity("TASK", identifier)
        return row

    def template(self, identifier: Any) -> Any:
        """Give the template of a task.

        Raises
        ------
        Refusal
            NOT_FOUND.
        """
        return task_pb2.TaskClosure.FromString(self.row(identifier)["closure"]).compiled_task.template

    def get_task(self, request: Any) -> bytes:
        """Answer GetTask. Admin does not insist on a whole id, nor on one of a task."""
        return _serialized(self.row(request.id))

    def list_tasks(self, request: Any) -> bytes:
        """Answer ListTasks."""
        check_parts(request, parts=("project", "domain"))
        require(request, "limit")
        page = read_page(request, TASKS, TASKS, "ListTasks", place=request.id, named=KEY[:3], filters=request.filters)
        rows = self._store.select(TASKS, page.conditions, page.sorting, page.limit, page.offset, columns=_ANSWERED)
        rest: bytes = task_pb2.TaskList(token=next_token(page, len(rows))).SerializeToString()
        return joined(task_pb2.TaskList.TASKS_FIELD_NUMBER, map(_serialized, rows)) + rest

    def list_task_ids(self, request: Any) -> Any:
        """Answer ListTaskIds."""
        return list_names(self._store, TASKS, request, "ListUniqueTaskIdentifiers")


_ANSWERED: Final = ",".join((*KEY, "closure", "short_description"))


def _serialized(row: Row) -> bytes:
    """Give the serialized ``Task`` of a row; its closure is serialized already."""
    identifier = identifier_pb2.Identifier(resource_type=identifier_pb2.TASK, **{name: row[name] for name in KEY})
    short = row["short_description"].encode()
    return (
        embedded(_ID_FIELD, identifier.SerializeToString())
        + embedded(_CLOSURE_FIELD, row["closure"])
        + (embedded(_SHORT_FIELD, short) if short else b"")
    )


def _refused(finding: Any) -> Refusal:
    return Refusal(RULES[finding.rule].code, finding.message)
