"""Description of a workflow: what it takes and gives, and what its nodes run."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING

from flytetask_nb.views.document import Document, Paragraph, Row, Section, Table, code, cut, dim, row_size, within
from flytetask_nb.views.interfaces import interface_line, interface_section
from flytetask_nb.views.version_labels import whole_version
from flytetask_nb.views.wording import counted, joined, listed

if TYPE_CHECKING:
    from flytetask_nb.models.workflows import Node, Workflow
    from flytetask_nb.views.document import Block, Line

_NAME_BUDGET = 300
_TABLE_BUDGET = 9_000


def describe_workflow(workflow: Workflow) -> Document:
    """Describe a workflow."""
    message = workflow._template
    identifier = message.id
    place = " / ".join(part for part in (identifier.project, identifier.domain) if part)
    aside = joined((whole_version(identifier.version), "workflow", cut(place, _NAME_BUDGET)[0]))
    tasks = len(workflow.task_ids)
    rows = [_row(node) for node in workflow.nodes]
    shown, left = within(rows, _TABLE_BUDGET, row_size)
    blocks: list[Block] = [Table([Row(["node", "runs", "after"], header=True), *shown])] if rows else []
    if left:
        blocks.append(Paragraph(dim(f"… {left:,} more")))
    return Document(
        cut(workflow.name, _NAME_BUDGET)[0] or "(no name)",
        aside,
        lines=[interface_line(message.interface)],
        sections=[
            replace(interface_section(message.interface), is_open=False),
            Section("Nodes", f"{counted(len(rows), 'node')}, {counted(tasks, 'task')}", blocks, is_open=True),
        ],
    )


def _row(node: Node) -> Row:
    reference = node.reference
    runs: Line = (
        [f"{node.kind} ", code(cut(reference.name, _NAME_BUDGET)[0])] if reference else node.kind or dim("nothing")
    )
    return Row([code(cut(node.id, _NAME_BUDGET)[0]), runs, cut(listed(node.upstream_node_ids), _NAME_BUDGET)[0]])
