"""Description of lists of workflows and of launch plans: how many, and the first rows."""

from __future__ import annotations

from typing import TYPE_CHECKING

from flytetask_nb.models.notation import signature_notation
from flytetask_nb.options import OPTIONS
from flytetask_nb.views.collections import failures_section
from flytetask_nb.views.document import Document, Paragraph, Row, Table, code, cut, dim, row_size, within
from flytetask_nb.views.version_labels import short_versions, version_label
from flytetask_nb.views.wording import counted

if TYPE_CHECKING:
    from collections.abc import Mapping

    from flytetask_nb.models.launch_plans import LaunchPlan
    from flytetask_nb.models.workflows import Workflow
    from flytetask_nb.sources.lists import LaunchPlanList, WorkflowList
    from flytetask_nb.views.document import Block

_NAME_BUDGET = 300
_SIGNATURE_BUDGET = 400
_LIST_BUDGET = 20_000


def describe_workflows(workflows: WorkflowList) -> Document:
    """Describe a list of workflows."""
    tasks = {one.serialize_to_string() for workflow in workflows for one in workflow.task_ids}
    listed = workflows[: OPTIONS["max_rows"]]
    labels = short_versions(workflow._template.id.version for workflow in listed)
    rows = [_workflow_row(workflow, labels) for workflow in listed]
    shown, _ = within(rows, _LIST_BUDGET, row_size)
    header = Row(["name", "version", "nodes", "tasks", "signature"], header=True)
    blocks: list[Block] = [Table([header, *shown])] if rows else []
    if len(workflows) > len(shown):
        blocks.append(Paragraph(dim(f"… {len(workflows) - len(shown):,} more")))
    return Document(
        counted(len(workflows), "workflow"),
        f"calling {counted(len(tasks), 'task')}" if workflows else "",
        blocks=blocks,
        sections=[failures_section(workflows.failures)] if workflows.failures else [],
    )


def _workflow_row(workflow: Workflow, labels: Mapping[str, str]) -> Row:
    message = workflow._template
    signature, rest = cut(signature_notation(message.interface, brief=True), _SIGNATURE_BUDGET)
    return Row(
        [
            code(cut(workflow.name, _NAME_BUDGET)[0]),
            version_label(message.id.version, labels) if message.id.version else dim("none"),
            str(len(message.nodes)),
            str(len(workflow.task_ids)),
            [code(signature), dim(f" {rest}")] if rest else code(signature),
        ]
    )


def describe_launch_plans(plans: LaunchPlanList) -> Document:
    """Describe a list of launch plans."""
    listed = plans[: OPTIONS["max_rows"]]
    labels = short_versions(plan._message.id.version for plan in listed)
    rows = [_launch_plan_row(plan, labels) for plan in listed]
    shown, _ = within(rows, _LIST_BUDGET, row_size)
    header = Row(["name", "version", "starts", "runs"], header=True)
    blocks: list[Block] = [Table([header, *shown])] if rows else []
    if len(plans) > len(shown):
        blocks.append(Paragraph(dim(f"… {len(plans) - len(shown):,} more")))
    return Document(
        counted(len(plans), "launch plan"),
        blocks=blocks,
        sections=[failures_section(plans.failures)] if plans.failures else [],
    )


def _launch_plan_row(plan: LaunchPlan, labels: Mapping[str, str]) -> Row:
    version = plan._message.id.version
    return Row(
        [
            code(cut(plan.name, _NAME_BUDGET)[0]),
            version_label(version, labels) if version else dim("none"),
            code(cut(plan.workflow_id.name, _NAME_BUDGET)[0]),
            code(cut(plan.schedule, _NAME_BUDGET)[0]) if plan.schedule else dim("when started"),
        ]
    )
