"""Which description belongs to which object."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from flytetask_nb import models
from flytetask_nb.masking import mask_field
from flytetask_nb.models.base import Model
from flytetask_nb.views.document import Document, Fields, code, cut, dim, line_size, within
from flytetask_nb.views.execution import describe_container, describe_pod, describe_sql
from flytetask_nb.views.interfaces import describe_interface, describe_literal_type, describe_variable
from flytetask_nb.views.launch_plans import describe_launch_plan
from flytetask_nb.views.resources import describe_extended_resources, describe_resources
from flytetask_nb.views.settings import describe_documentation, describe_metadata, describe_security
from flytetask_nb.views.tasks import describe_identifier, describe_spec, describe_task, describe_template, failure
from flytetask_nb.views.workflows import describe_workflow

if TYPE_CHECKING:
    from collections.abc import Callable

    from flytetask_nb.views.document import Line

__all__ = ["describe"]

_VALUE_BUDGET = 700
_ROWS_BUDGET = 12_000


def _describe_collection(tasks: Any) -> Document:
    from flytetask_nb.views.collections import describe_collection  # noqa: PLC0415 - not needed to show one task

    return describe_collection(tasks)


def _describe_callers(report: Any) -> Document:
    from flytetask_nb.views.callers import describe_callers  # noqa: PLC0415 - not needed to show one task

    return describe_callers(report)


def _describe_compatibility(result: Any) -> Document:
    from flytetask_nb.views.compatibility import describe_compatibility  # noqa: PLC0415 - not needed to show one task

    return describe_compatibility(result)


def _describe_diff(diff: Any) -> Document:
    from flytetask_nb.views.diffs import describe_diff  # noqa: PLC0415 - not needed to show one task

    return describe_diff(diff)


def _describe_history(versions: Any) -> Document:
    from flytetask_nb.views.histories import describe_history  # noqa: PLC0415 - not needed to show one task

    return describe_history(versions)


def _describe_findings(findings: Any) -> Document:
    from flytetask_nb.views.findings import describe_findings  # noqa: PLC0415 - not needed to show one task

    return describe_findings(findings)


def _describe_launch_plans(plans: Any) -> Document:
    from flytetask_nb.views.lists import describe_launch_plans  # noqa: PLC0415 - not needed to show one task

    return describe_launch_plans(plans)


def _describe_workflows(workflows: Any) -> Document:
    from flytetask_nb.views.lists import describe_workflows  # noqa: PLC0415 - not needed to show one task

    return describe_workflows(workflows)


def _describe_plan(plan: Any) -> Document:
    from flytetask_nb.views.plans import describe_plan  # noqa: PLC0415 - not needed to show one task

    return describe_plan(plan)


def _describe_registration(result: Any) -> Document:
    from flytetask_nb.views.registrations import describe_registration  # noqa: PLC0415 - not needed to show one task

    return describe_registration(result)


_DESCRIPTIONS: dict[str, Callable[[Any], Document]] = {
    models.FlyteTask.__name__: describe_task,
    models.TaskSpec.__name__: describe_spec,
    models.TaskTemplate.__name__: describe_template,
    models.Identifier.__name__: describe_identifier,
    models.TypedInterface.__name__: describe_interface,
    models.Variable.__name__: describe_variable,
    models.LiteralType.__name__: describe_literal_type,
    models.TaskMetadata.__name__: describe_metadata,
    models.Container.__name__: describe_container,
    models.Resources.__name__: describe_resources,
    models.K8sPod.__name__: describe_pod,
    models.Sql.__name__: describe_sql,
    models.SecurityContext.__name__: describe_security,
    models.ExtendedResources.__name__: describe_extended_resources,
    models.Documentation.__name__: describe_documentation,
    models.LaunchPlan.__name__: describe_launch_plan,
    models.Workflow.__name__: describe_workflow,
    "CallerReport": _describe_callers,
    "Compatibility": _describe_compatibility,
    "Findings": _describe_findings,
    "LaunchPlanList": _describe_launch_plans,
    "Plan": _describe_plan,
    "Registration": _describe_registration,
    "TaskCollection": _describe_collection,
    "TaskDiff": _describe_diff,
    "TaskHistory": _describe_history,
    "WorkflowList": _describe_workflows,
}


def describe(value: object) -> Document:
    """Describe an object of this package.

    Parameters
    ----------
    value
        A model or a collection; subclasses are described as what they derive from.

    Returns
    -------
    Document
        A model without a description of its own is described by its fields.
    """
    for kind in type(value).__mro__:
        found = _DESCRIPTIONS.get(kind.__name__)
        if found is not None:
            try:
                return found(value)
            except Exception as error:  # noqa: BLE001 - a damaged object must not end a notebook's cell
                return Document(type(value).__name__, "cannot be shown", blocks=[failure(error)])
        if kind is Model:
            break
    if isinstance(value, Model):
        return _describe_fields(value)
    return Document(type(value).__name__, lines=[code(cut(repr(value), _VALUE_BUDGET)[0])])


def _describe_fields(model: Model) -> Document:
    rows: list[tuple[str, list[Line]]] = [(name, [_field_line(name, value)]) for name, value in model._set_fields()]
    shown, left = within(rows, _ROWS_BUDGET, lambda row: 100 + sum(map(line_size, row[1])))
    kept: list[tuple[str, list[Line]]] = [*shown, ("…", [dim(f"{left:,} more")])] if left else rows
    return Document(type(model).__name__, "" if rows else "empty", blocks=[Fields(kept)] if rows else [])


def _field_line(name: str, value: Any) -> Line:
    shown, remark = cut(str(mask_field(name, value)), _VALUE_BUDGET)
    return [code(shown), dim(f" {remark}")] if remark else code(shown)
