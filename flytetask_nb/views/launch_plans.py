"""Description of a launch plan: which workflow it starts, when, and with what."""

from __future__ import annotations

from typing import TYPE_CHECKING

from flytetask_nb.views.document import Document, Fields, code, cut
from flytetask_nb.views.version_labels import whole_version
from flytetask_nb.views.wording import joined, listed

if TYPE_CHECKING:
    from flytetask_nb.models.launch_plans import LaunchPlan
    from flytetask_nb.views.document import Line

_NAME_BUDGET = 300


def describe_launch_plan(plan: LaunchPlan) -> Document:
    """Describe a launch plan.

    ``plan``: the launch plan. Of its inputs the names are shown, not the values.
    """
    identifier = plan._message.id
    place = " / ".join(part for part in (identifier.project, identifier.domain) if part)
    aside = joined((whole_version(identifier.version), "launch plan", cut(place, _NAME_BUDGET)[0]))
    rows: list[tuple[str, list[Line]]] = [("starts", [code(cut(plan.workflow_id.name, _NAME_BUDGET)[0])])]
    for name, told in (
        ("runs", plan.schedule),
        ("defaults for", listed(plan.default_inputs)),
        ("fixes", listed(plan.fixed_inputs)),
    ):
        if told:
            rows.append((name, [code(cut(told, _NAME_BUDGET)[0])]))
    return Document(cut(plan.name, _NAME_BUDGET)[0] or "(no name)", aside, blocks=[Fields(rows)])
