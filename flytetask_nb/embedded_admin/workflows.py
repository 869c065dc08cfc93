"""Workflows.

Sources: flyteadmin/pkg/manager/impl/workflow_manager.go and repositories/gormimpl/workflow_repo.go.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Final

from flyteidl.admin import launch_plan_pb2, workflow_pb2
from flyteidl.core import compiler_pb2, identifier_pb2

from flytetask_nb.embedded_admin.columns import WORKFLOWS
from flytetask_nb.embedded_admin.identifiers import KEY, check_id, check_parts, id_text, key_of, missing_entity
from flytetask_nb.embedded_admin.listings import list_names, next_token, read_page, require
from flytetask_nb.embedded_admin.refusals import Refusal, digest_of, invalid, missing
from flytetask_nb.embedded_admin.store import timestamp
from flytetask_nb.embedded_admin.structure_changes import differences
from flytetask_nb.errors import CompileError
from flytetask_nb.semantics.compilation import compile_workflow
from flytetask_nb.semantics.graphs import id_key
from flytetask_nb.semantics.problems import report
from flytetask_nb.semantics.requirements import requirements_of, sorted_ids

if TYPE_CHECKING:
    from flytetask_nb.embedded_admin.descriptions import Descriptions
    from flytetask_nb.embedded_admin.launch_plans import LaunchPlans
    from flytetask_nb.embedded_admin.projects import Projects
    from flytetask_nb.embedded_admin.store import Row, Store
    from flytetask_nb.embedded_admin.tasks import Tasks

__all__ = ["Workflows"]

_BUCKET: Final = "s3://my-s3-bucket/metadata/admin"


class Workflows:
    """The workflows of a server.

    Parameters
    ----------
    store : Store
    projects : Projects
    descriptions : Descriptions
    tasks : Tasks
        What they are compiled against.
    """

    launch_plans: LaunchPlans
    """What they are compiled against too; they in turn need workflows, so they are handed in later."""

    def __init__(self, store: Store, projects: Projects, descriptions: Descriptions, tasks: Tasks) -> None:
        self._store = store
        self._projects = projects
        self._descriptions = descriptions
        self._tasks = tasks

    def create_workflow(self, request: Any) -> Any:
        """Answer CreateWorkflow."""
        check_id(request, identifier_pb2.WORKFLOW)
        self._projects.check_place(request.id.project, request.id.domain)
        if not request.spec.HasField("template"):
            raise missing("spec")
        request.spec.template.id.CopyFrom(request.id)
        compiled = self._compiled(request)
        digest = digest_of("workflow", request.id, compiled)
        self._check_new(request.id, digest, compiled)
        location = "/".join((_BUCKET, *key_of(request.id).values()))
        moment = self._store.now()
        description = request.spec.description if request.spec.HasField("description") else None
        row = {
            **key_of(request.id),
            "typed_interface": request.spec.template.interface.SerializeToString(deterministic=True),
            "remote_closure_identifier": location,
            "digest": digest,
            "short_description": "" if description is None else description.short_description,
        }
        closure = workflow_pb2.WorkflowClosure(compiled_workflow=compiled, created_at=timestamp(moment))
        with self._store.transaction():
            self._store.insert(WORKFLOWS, row, moment=moment)
            self._store.put(location, closure.SerializeToString())
            if description is not None:
                self._descriptions.add(request.id, description, moment)
        return workflow_pb2.WorkflowCreateResponse()

    def _compiled(self, request: Any) -> Any:
        try:
            tasks, launch_plans = self._needed(request.spec)
            return compile_workflow(request.spec, tasks, launch_plans)
        except CompileError as error:
            told = report(error.problems)
        except Refusal as refusal:
            told = refusal.message
        raise invalid(f"failed to compile workflow for [{id_text(request.id)}] with err: {told}")

    def _needed(self, spec: Any) -> tuple[list[Any], list[Any]]:
        """Give the tasks and launch plans that a workflow refers to.

        Raises
        ------
        Refusal
            NOT_FOUND: the first of them is not registered.
        """
        compiled = [compiler_pb2.CompiledWorkflow(template=template) for template in spec.sub_workflows]
        needed = requirements_of(spec.template, {id_key(workflow.template.id): workflow for workflow in compiled})
        tasks = [self._tasks.template(identifier) for identifier in sorted_ids(needed.tasks)]
        plans: list[Any] = []
        for identifier in sorted_ids(needed.launch_plans):
            found = self.launch_plans.launch_plan(self.launch_plans.row(identifier))
            plans.append(launch_plan_pb2.LaunchPlan(id=identifier, spec=found.spec, closure=found.closure))
        return tasks, plans

    def _check_new(self, identifier: Any, digest: bytes, compiled: Any) -> None:
        existing = self._store.find(WORKFLOWS, key_of(identifier))
        if existing is None:
            return
        if existing["digest"] == digest:
            same = workflow_pb2.WorkflowErrorExistsIdenticalStructure(id=identifier)
            reason = workflow_pb2.CreateWorkflowFailureReason(exists_identical_structure=same)
            raise Refusal("ALREADY_EXISTS", "workflow with identical structure already exists", reason)
        # Admin compares with what its own table holds.
        known = _listed(existing).closure.compiled_workflow
        different = workflow_pb2.WorkflowErrorExistsDifferentStructure(id=identifier)
        raise invalid(
            f"{identifier.name} workflow with different structure already exists. "
            f"(Please register a new version of the workflow):\n{differences(known, compiled)}",
            workflow_pb2.CreateWorkflowFailureReason(exists_different_structure=different),
        )

    def row(self, identifier: Any) -> Row:
        """Give the row of a workflow: of any that fits where parts of the id are empty.

        Raises
        ------
        Refusal
            NOT_FOUND.
        """
        row = self._store.find(WORKFLOWS, key_of(identifier))
        if row is None:
            raise missing_entity("WORKFLOW", identifier)
        return row

    def get_workflow(self, request: Any) -> Any:
        """Answer GetWorkflow: with the whole closure."""
        check_id(request, identifier_pb2.WORKFLOW)
        row = self.row(request.id)
        closure = workflow_pb2.WorkflowClosure.FromString(self._store.content(row["remote_closure_identifier"]))
        return workflow_pb2.Workflow(id=_id(row), closure=closure, short_description=row["short_description"])

    def list_workflows(self, request: Any) -> Any:
        """Answer ListWorkflows: with closures that hold nothing but the interface."""
        check_parts(request, parts=KEY[:2])
        require(request, "limit")
        page = read_page(
            request, WORKFLOWS, WORKFLOWS, "ListWorkflows", place=request.id, named=KEY[:3], filters=request.filters
        )
        rows = self._store.select(WORKFLOWS, page.conditions, page.sorting, page.limit, page.offset)
        return workflow_pb2.WorkflowList(workflows=map(_listed, rows), token=next_token(page, len(rows)))

    def list_workflow_ids(self, request: Any) -> Any:
        """Answer ListWorkflowIds."""
        return list_names(self._store, WORKFLOWS, request, "ListWorkflowIdentifiers")


def _id(row: Row) -> Any:
    return identifier_pb2.Identifier(resource_type=identifier_pb2.WORKFLOW, **{name: row[name] for name in KEY})


def _listed(row: Row) -> Any:
    workflow = workflow_pb2.Workflow(id=_id(row), short_description=row["short_description"])
    workflow.closure.created_at.CopyFrom(timestamp(row["created_at"]))
    interface = workflow.closure.compiled_workflow.primary.template.interface
    interface.SetInParent()
    interface.MergeFromString(row["typed_interface"])
    return workflow
