"""Which description belongs to which object."""

from __future__ import annotations

from dataclasses import replace
from functools import cache
from importlib import import_module
from typing import TYPE_CHECKING, Any

from flytetask_nb.masking import mask_field
from flytetask_nb.masking.tainted import secrets_kept
from flytetask_nb.models.base import Model
from flytetask_nb.models.showing import Shown
from flytetask_nb.views.document import Document, code, size_of
from flytetask_nb.views.excerpts import code_line, fields_blocks, fields_within, start_of
from flytetask_nb.views.tasks import failure

if TYPE_CHECKING:
    from collections.abc import Callable

    from flytetask_nb.views.excerpts import Field

_PACKAGE = __name__.partition(".")[0]
_VALUE_BUDGET = 700
_ROWS_BUDGET = 12_000


_DESCRIBERS: dict[str, str] = {
    "collection.TaskCollection": "collections.describe_collection",
    "diffs.blast_radius.CallerReport": "callers.describe_callers",
    "diffs.release_plan.Plan": "plans.describe_plan",
    "diffs.task_diff.TaskDiff": "diffs.describe_diff",
    "diffs.version_history.TaskHistory": "histories.describe_history",
    "models.documentation.Documentation": "settings.describe_documentation",
    "models.flyte_task.FlyteTask": "tasks.describe_task",
    "models.identifiers.Identifier": "tasks.describe_identifier",
    "models.interfaces.TypedInterface": "interfaces.describe_interface",
    "models.interfaces.Variable": "interfaces.describe_variable",
    "models.launch_plans.LaunchPlan": "workflows.describe_launch_plan",
    "models.security.SecurityContext": "settings.describe_security",
    "models.tasks.Container": "execution.describe_container",
    "models.tasks.ExtendedResources": "resources.describe_extended_resources",
    "models.tasks.K8sPod": "execution.describe_pod",
    "models.tasks.Resources": "resources.describe_resources",
    "models.tasks.Sql": "execution.describe_sql",
    "models.tasks.TaskMetadata": "settings.describe_metadata",
    "models.tasks.TaskSpec": "tasks.describe_spec",
    "models.tasks.TaskTemplate": "tasks.describe_template",
    "models.types.LiteralType": "interfaces.describe_literal_type",
    "models.workflows.Workflow": "workflows.describe_workflow",
    "semantics.findings.CollectionFindings": "findings.describe_collection_findings",
    "semantics.findings.Findings": "findings.describe_findings",
    "semantics.variable_verdicts.Compatibility": "compatibility.describe_compatibility",
    "sources.client.registrations.Registration": "registrations.describe_registration",
    "sources.lists.LaunchPlanList": "workflows.describe_launch_plans",
    "sources.lists.WorkflowList": "workflows.describe_workflows",
}
"""What describes an object of which class: modules of this package on the left, of this folder on the right.

Neither is imported before there is such an object to show.
"""


@cache
def _describer_of(name: str) -> Callable[[Any], Document] | None:
    """Return what describes the objects of a class of this package, by the class's qualified name."""
    place = _DESCRIBERS.get(name.removeprefix(f"{_PACKAGE}."))
    if place is None or not name.startswith(f"{_PACKAGE}."):
        return None
    module, _, function = place.partition(".")
    describer: Callable[[Any], Document] = getattr(import_module(f"{_PACKAGE}.views.{module}"), function)
    return describer


def subjects_of(value: object) -> tuple[Any, ...]:
    """Return the messages of the tasks whose secrets an object may quote out of their places."""
    return tuple(value._subjects()) if isinstance(value, Shown) else ()


def describe(value: object) -> Document:
    """Describe an object of this package.

    ``value``: a model or a collection; subclasses are described as what they derive from.
    Returns Document: a model without a description of its own is described by its fields.
    """
    subjects = subjects_of(value)
    # Of a change, what is no secret decides how it reads. Renderers keep the same ones, which then costs nothing.
    with secrets_kept(subjects):
        document = _described(value)
    return replace(document, subjects=subjects) if subjects else document


def _described(value: object) -> Document:
    for kind in type(value).__mro__:
        describer = _describer_of(f"{kind.__module__}.{kind.__qualname__}")
        if describer is not None:
            try:
                return describer(value)
            except Exception as error:  # noqa: BLE001 - a damaged object must not end a notebook's cell
                return Document(type(value).__name__, "cannot be shown", blocks=[failure(error)])
        if kind is Model:
            break
    if isinstance(value, Model):
        return _describe_fields(value)
    return Document(type(value).__name__, lines=[code(start_of(repr(value), _VALUE_BUDGET))])


def _describe_fields(model: Model) -> Document:
    fields: list[Field] = [
        (name, [code_line(str(mask_field(name, value)), _VALUE_BUDGET)]) for name, value in model._set_fields()
    ]
    rows = fields_within(fields, _ROWS_BUDGET, None, lambda field: 100 + sum(map(size_of, field[1])))
    return Document(type(model).__name__, "" if rows else "empty", blocks=fields_blocks(rows))
