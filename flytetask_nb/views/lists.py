"""Description of lists of workflows and of launch plans: how many, and the first rows."""

from __future__ import annotations

from typing import TYPE_CHECKING

from flytetask_nb.models.notation import signature_notation
from flytetask_nb.options import OPTIONS
from flytetask_nb.views.collections import failures_section
from flytetask_nb.views.document import Document, Paragraph, Row, Table, code, cut, dim, row_size, within
from flytetask_nb.views.wording import counted

if TYPE_CHECKING:
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
    rows = [_workflow_row(workflow) for workflow in workflows[: OPTIONS["max_rows"]]]
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


def _workflow_row(workflow: Workflow) -> Row:
    message = workflow._template
    signature, rest = cut(signature_notation(message.interface, brief=True), _SIGNATURE_BUDGET)
    return Row(
        [
            code(cut(workflow.name, _NAME_BUDGET)[0]),
            cut(message.id.version, _NAME_BUDGET)[0] or dim("none"),
            str(len(message.nodes)),
            str(len(workflow.task_ids)),
            [code(signature), dim(f" {rest}")] if rest else code(signature),
        ]
    )


def describe_launch_plans(plans: LaunchPlanList) -> Document:
    """Describe a list of launch plans."""
    rows = [_launch_plan_row(plan) for plan in plans[: OPTIONS["max_rows"]]]
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


def _launch_plan_row(plan: LaunchPlan) -> Row:
    return Row(
        [
            code(cut(plan.name, _NAME_BUDGET)[0]),
            cut(plan._message.id.version, _NAME_BUDGET)[0] or dim("none"),
            code(cut(plan.workflow_id.name, _NAME_BUDGET)[0]),
            code(cut(plan.schedule, _NAME_BUDGET)[0]) if plan.schedule else dim("when started"),
        ]
    )
