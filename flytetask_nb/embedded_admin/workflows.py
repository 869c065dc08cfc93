"""Workflows.

Sources: flyteadmin/pkg/manager/impl/workflow_manager.go and repositories/gormimpl/workflow_repo.go.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Final

from flyteidl.admin import workflow_pb2
from flyteidl.core import compiler_pb2, identifier_pb2

from flytetask_nb.embedded_admin.columns import LAUNCH_PLANS, TASKS, WORKFLOWS
from flytetask_nb.embedded_admin.identifiers import check_id, id_of, key_of, registered
from flytetask_nb.embedded_admin.launch_plans import launch_plan_of
from flytetask_nb.embedded_admin.listings import list_names, read_listing
from flytetask_nb.embedded_admin.refusals import Refusal, digest_of, invalid, missing
from flytetask_nb.embedded_admin.store import timestamp
from flytetask_nb.embedded_admin.structure_changes import registered_already
from flytetask_nb.embedded_admin.tasks import template_of
from flytetask_nb.errors import CompileError
from flytetask_nb.semantics.compilation import compile_workflow
from flytetask_nb.semantics.graphs import id_key
from flytetask_nb.semantics.problems import report
from flytetask_nb.semantics.prototext import compact_text
from flytetask_nb.semantics.requirements import requirements_of, sorted_ids

if TYPE_CHECKING:
    from flytetask_nb.embedded_admin.descriptions import Descriptions
    from flytetask_nb.embedded_admin.projects import Projects
    from flytetask_nb.embedded_admin.store import Row, Store

_BUCKET: Final = "s3://my-s3-bucket/metadata/admin"


@dataclass(frozen=True)
class Workflows:
    """The workflows of a server. They are compiled against its tasks and launch plans."""

    store: Store
    projects: Projects
    descriptions: Descriptions

    def create_workflow(self, request: Any) -> Any:
        """Answer CreateWorkflow."""
        check_id(request, identifier_pb2.WORKFLOW)
        self.projects.check_place(request.id)
        if not request.spec.HasField("template"):
            raise missing("spec")
        request.spec.template.id.CopyFrom(request.id)
        compiled = self._compiled(request)
        digest = digest_of("workflow", request.id, compiled)
        self._check_new(request.id, digest, compiled)
        location = "/".join((_BUCKET, *key_of(request.id).values()))
        moment = self.store.now()
        row = {
            **key_of(request.id),
            "typed_interface": request.spec.template.interface.SerializeToString(deterministic=True),
            "remote_closure_identifier": location,
            "digest": digest,
            "short_description": request.spec.description.short_description,
        }
        closure = workflow_pb2.WorkflowClosure(compiled_workflow=compiled, created_at=timestamp(moment))
        with self.store.transaction():
            self.store.insert(WORKFLOWS, row, moment=moment)
            self.store.put(location, closure.SerializeToString())
            self.descriptions.add(request, moment)
        return workflow_pb2.WorkflowCreateResponse()

    def _compiled(self, request: Any) -> Any:
        try:
            return compile_workflow(request.spec, *self._needed(request.spec))
        except CompileError as error:
            problem = report(error.problems)
        except Refusal as refusal:
            problem = refusal.message
        raise invalid(f"failed to compile workflow for [{compact_text(request.id)}] with err: {problem}")

    def _needed(self, spec: Any) -> tuple[list[Any], list[Any]]:
        """Return the tasks and launch plans that a workflow refers to.

        Raises Refusal: NOT_FOUND: the first of them is not registered.
        """
        compiled = [compiler_pb2.CompiledWorkflow(template=template) for template in spec.sub_workflows]
        needed = requirements_of(spec.template, {id_key(workflow.template.id): workflow for workflow in compiled})
        tasks = [template_of(registered(self.store, TASKS, identifier)) for identifier in sorted_ids(needed.tasks)]
        plans = []
        for identifier in sorted_ids(needed.launch_plans):
            plan = launch_plan_of(registered(self.store, LAUNCH_PLANS, identifier))
            plan.id.CopyFrom(identifier)
            plans.append(plan)
        return tasks, plans

    def _check_new(self, identifier: Any, digest: bytes, compiled: Any) -> None:
        existing = self.store.find(WORKFLOWS, key_of(identifier))
        if existing is None:
            return
        reason = workflow_pb2.CreateWorkflowFailureReason()
        is_identical = existing["digest"] == digest
        sort = reason.exists_identical_structure if is_identical else reason.exists_different_structure
        sort.id.CopyFrom(identifier)
        # Admin compares with what its own table holds.
        old = _listed(existing).closure.compiled_workflow
        raise registered_already("workflow", existing, digest, old, compiled, details=reason)

    def get_workflow(self, request: Any) -> Any:
        """Answer GetWorkflow: with the whole closure."""
        check_id(request, identifier_pb2.WORKFLOW)
        row = registered(self.store, WORKFLOWS, request.id)
        workflow = _listed(row)
        workflow.closure.ParseFromString(self.store.content(row["remote_closure_identifier"]))
        return workflow

    def list_workflows(self, request: Any) -> Any:
        """Answer ListWorkflows: with closures that hold nothing but the interface."""
        page = read_listing(request, WORKFLOWS, "ListWorkflows")
        rows = self.store.select(WORKFLOWS, page)
        return workflow_pb2.WorkflowList(workflows=map(_listed, rows), token=page.next_token(rows))

    def list_workflow_ids(self, request: Any) -> Any:
        """Answer ListWorkflowIds."""
        return list_names(self.store, WORKFLOWS, request, "ListWorkflowIdentifiers")


def _listed(row: Row) -> Any:
    workflow = workflow_pb2.Workflow(id=id_of(row, identifier_pb2.WORKFLOW), short_description=row["short_description"])
    workflow.closure.created_at.CopyFrom(timestamp(row["created_at"]))
    interface = workflow.closure.compiled_workflow.primary.template.interface
    interface.SetInParent()
    interface.MergeFromString(row["typed_interface"])
    return workflow
