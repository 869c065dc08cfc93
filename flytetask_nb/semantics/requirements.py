"""Which tasks and launch plans a workflow needs to be compiled.

The rules are those of flytepropeller/pkg/compiler/requirements.go.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from operator import attrgetter
from typing import TYPE_CHECKING, Any, Final

from flytetask_nb.models.workflows import referring_nodes
from flytetask_nb.semantics.graphs import WorkflowTooLargeError, id_key
from flytetask_nb.semantics.problems import CYCLE, WORKFLOW_NOT_FOUND, Fault
from flytetask_nb.semantics.prototext import compact_text

if TYPE_CHECKING:
    from collections.abc import Mapping

# Policy of this package: the compiler follows sub-workflows as deep as its stack carries it.
_DEEPEST: Final = 30

_in_order: Final = attrgetter("resource_type", "project", "domain", "name", "version")


@dataclass
class Requirements:
    """What a workflow and its sub-workflows refer to.

    ``tasks``, ``launch_plans``: ``Identifier`` messages by their serialized form.
    ``faults``: sub-workflows that the workflow does not bring along, and such that run themselves.
    """

    tasks: dict[bytes, Any] = field(default_factory=dict)
    launch_plans: dict[bytes, Any] = field(default_factory=dict)
    faults: list[Fault] = field(default_factory=list)


def sorted_ids(ids: Mapping[bytes, Any]) -> list[Any]:
    """Put ids in the order in which Flyte Admin fetches and stores what they name."""
    return sorted(ids.values(), key=_in_order)


def requirements_of(template: Any, sub_workflows: Mapping[bytes, Any]) -> Requirements:
    """Collect what a workflow refers to, its sub-workflows included.

    Raises WorkflowTooLargeError: sub-workflows nest too deep.
    """
    requirements = Requirements()
    _collect(template, sub_workflows, requirements, set(), [])
    return requirements


def _collect(
    template: Any, sub_workflows: Mapping[bytes, Any], requirements: Requirements, done: set[bytes], path: list[bytes]
) -> None:
    if len(path) > _DEEPEST:
        raise WorkflowTooLargeError(f"its sub-workflows nest more than {_DEEPEST} deep")
    for node, reference in referring_nodes(template):
        key = id_key(reference)
        if node.task_node.HasField("reference_id"):
            requirements.tasks[key] = reference
        elif node.workflow_node.HasField("launchplan_ref"):
            requirements.launch_plans[key] = reference
        elif node.workflow_node.HasField("sub_workflow_ref"):
            if key in path:
                # The compiler would go round until its stack is used up.
                requirements.faults.append(Fault(CYCLE, node.id, details=(compact_text(reference),)))
            elif key not in sub_workflows:
                requirements.faults.append(Fault(WORKFLOW_NOT_FOUND, node.id, details=(reference,)))
            elif key not in done:
                _collect(sub_workflows[key].template, sub_workflows, requirements, done, [*path, key])
                done.add(key)
