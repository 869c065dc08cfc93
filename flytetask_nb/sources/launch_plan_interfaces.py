"""What launch plans take and give, out of the workflows that lie beside them."""

from __future__ import annotations

from typing import TYPE_CHECKING

from flytetask_nb.models.launch_plans import LaunchPlan
from flytetask_nb.semantics.launch_plans import registered_launch_plan

if TYPE_CHECKING:
    from flytetask_nb.models.workflows import Workflow


def with_interfaces(plans: list[LaunchPlan], workflows: list[Workflow]) -> list[LaunchPlan]:
    """Return launch plans that say what they take and give: out of an archive they do not, whatever their workflow."""
    by_id: dict[bytes, list[Workflow]] = {}
    for workflow in workflows:
        by_id.setdefault(workflow.id.serialize_to_string(), []).append(workflow)
    made = []
    for plan in plans:
        message = plan.to_flyte_idl()
        closure = message.closure
        is_told = closure.HasField("created_at") or closure.expected_inputs.parameters
        if not is_told and not closure.expected_outputs.variables:
            same = by_id.get(plan.workflow_id.serialize_to_string(), [])
            near = [workflow for workflow in same if _file_of(workflow) == _file_of(plan)] or same
            if len(near) == 1:
                message = registered_launch_plan(message, near[0])
            else:
                message.ClearField("closure")
        made.append(LaunchPlan._own(message, plan.source))
    return made


def _file_of(item: Workflow | LaunchPlan) -> str:
    return (item.source or "").partition("!")[0]
