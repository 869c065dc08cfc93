"""Descriptions of workflows and launch plans, each by itself and in lists."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING, Any

from flytetask_nb.models.notation import signature_notation
from flytetask_nb.options import OPTIONS
from flytetask_nb.views.collections import failures_section
from flytetask_nb.views.document import Document, Fields, Row, Section, code, dim
from flytetask_nb.views.excerpts import code_line, start_of, table_within, title_of
from flytetask_nb.views.interfaces import interface_line, interface_section
from flytetask_nb.views.labels import short_versions, version_label, whole_version
from flytetask_nb.views.wording import counted, joined, listed

if TYPE_CHECKING:
    from collections.abc import Mapping

    from flytetask_nb.models.launch_plans import LaunchPlan
    from flytetask_nb.models.workflows import Node, Workflow
    from flytetask_nb.sources.lists import LaunchPlanList, WorkflowList
    from flytetask_nb.views.document import Line, Piece, Span
    from flytetask_nb.views.excerpts import Field

_SIGNATURE_BUDGET = 400
_NODES_BUDGET = 9_000
_LIST_BUDGET = 20_000


def describe_workflow(workflow: Workflow) -> Document:
    """Describe a workflow: what it takes and gives, and what its nodes run."""
    interface = workflow._template.interface
    nodes = list(map(_node_row, workflow.nodes))
    note = f"{counted(len(nodes), 'node')}, {counted(len(workflow.task_ids), 'task')}"
    return Document(
        title_of(workflow.name),
        _aside(workflow._template.id, "workflow"),
        lines=[interface_line(interface)],
        sections=[
            replace(interface_section(interface), is_open=False),
            Section("Nodes", note, table_within(nodes, _NODES_BUDGET, head=["node", "runs", "after"]), is_open=True),
        ],
    )


def describe_launch_plan(plan: LaunchPlan) -> Document:
    """Describe a launch plan: which workflow it starts, when, and with what.

    ``plan``: the launch plan. Of its inputs the names are shown, not the values.
    """
    words = {
        "starts": plan.workflow_id.name,
        "runs": plan.schedule,
        "defaults for": listed(plan.default_inputs),
        "fixes": listed(plan.fixed_inputs),
    }
    fields: list[Field] = [(label, [_name(text)]) for label, text in words.items() if text or label == "starts"]
    aside = _aside(plan._message.id, "launch plan")
    return Document(title_of(plan.name), aside, blocks=[Fields(fields)])


def _aside(identifier: Any, noun: str) -> list[Piece]:
    place = " / ".join(part for part in (identifier.project, identifier.domain) if part)
    return joined((whole_version(identifier.version), noun, start_of(place)))


def _name(text: str) -> Span:
    return code(start_of(text))


def _node_row(node: Node) -> Row:
    reference = node.reference
    runs: Line = [f"{node.kind} ", _name(reference.name)] if reference else node.kind or dim("nothing")
    return Row([_name(node.id), runs, start_of(listed(node.upstream_node_ids))])


# -- lists -----------------------------------------------------------------------------------------------------------


def describe_workflows(workflows: WorkflowList) -> Document:
    """Describe a list of workflows: how many, and the first rows."""
    first = workflows[: OPTIONS["max_rows"]]
    labels = short_versions(workflow._template.id.version for workflow in first)
    rows = [_workflow_row(workflow, labels) for workflow in first]
    tasks = {task.serialize_to_string() for workflow in workflows for task in workflow.task_ids}
    return Document(
        counted(len(workflows), "workflow"),
        f"calling {counted(len(tasks), 'task')}" if workflows else "",
        blocks=table_within(rows, _LIST_BUDGET, len(workflows), ["name", "version", "nodes", "tasks", "signature"]),
        sections=[failures_section(workflows.failures)] if workflows.failures else [],
    )


def _workflow_row(workflow: Workflow, labels: Mapping[str, str]) -> Row:
    template = workflow._template
    return Row(
        [
            _name(workflow.name),
            _version(template.id.version, labels),
            str(len(template.nodes)),
            str(len(workflow.task_ids)),
            code_line(signature_notation(template.interface, brief=True), _SIGNATURE_BUDGET),
        ]
    )


def describe_launch_plans(plans: LaunchPlanList) -> Document:
    """Describe a list of launch plans: how many, and the first rows."""
    first = plans[: OPTIONS["max_rows"]]
    labels = short_versions(plan._message.id.version for plan in first)
    rows = [_launch_plan_row(plan, labels) for plan in first]
    return Document(
        counted(len(plans), "launch plan"),
        blocks=table_within(rows, _LIST_BUDGET, len(plans), ["name", "version", "starts", "runs"]),
        sections=[failures_section(plans.failures)] if plans.failures else [],
    )


def _launch_plan_row(plan: LaunchPlan, labels: Mapping[str, str]) -> Row:
    return Row(
        [
            _name(plan.name),
            _version(plan._message.id.version, labels),
            _name(plan.workflow_id.name),
            _name(plan.schedule) if plan.schedule else dim("when started"),
        ]
    )


def _version(version: str, labels: Mapping[str, str]) -> Piece:
    return version_label(version, labels) if version else dim("none")
