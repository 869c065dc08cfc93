"""Description of what a task's container will really get, beside what it asks for."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from flytetask_nb.errors import QuantityError
from flytetask_nb.models.resource_names import GPU, NVIDIA_GPU, UNITS
from flytetask_nb.semantics.limits import effective_resources
from flytetask_nb.semantics.quantities import Quantity
from flytetask_nb.semantics.task_container import task_amounts
from flytetask_nb.views.document import Badge, Notice, Paragraph, Row, Table, dim
from flytetask_nb.views.excerpts import rows_within, start_of
from flytetask_nb.views.resources import quantity_words

if TYPE_CHECKING:
    from collections.abc import Mapping
    from typing import TypeAlias

    from flytetask_nb.models.flyte_task import FlyteTask
    from flytetask_nb.views.document import Block

    # Requests and limits by Kubernetes' names of resources, as they were asked for or as they are given.
    _Sides: TypeAlias = tuple[Mapping[str, Any], Mapping[str, Any]]

PLATFORM_RESOURCES = ("cpu", "memory", "ephemeral-storage", "gpu")
"""The resources for which a platform has defaults and limits."""

_KUBERNETES_NAMES = {GPU: NVIDIA_GPU}
_BUDGET = 4_000
_NAME_BUDGET = 120
_SIDES = ("request", "limit")
_OPEN = "pod template, else platform default"
_REASON_BUDGET = 600


def effective_resources_blocks(task: FlyteTask, defaults: Mapping[str, str], limits: Mapping[str, str]) -> list[Block]:
    """Describe the requests and limits that a task's container ends up with.

    ``defaults``, ``limits``: the platform's, by resource (``cpu``, ``memory``, ``ephemeral-storage``, ``gpu``). Without
      any defaults, Flyte's own apply; without a limit, a resource is not cut down.
    """
    template = task._message.template
    asked = _asked(template)
    if asked is None:
        return [Paragraph(dim("No container runs this task, so there are no resources to show."))]
    requests, ceilings = asked
    pod_template = template.metadata.pod_template_name
    try:
        granted, capped = effective_resources(requests, ceilings, defaults, limits, pod_template)
        otherwise = effective_resources(requests, ceilings, defaults, limits)
    except QuantityError as error:
        return [Notice(Badge("breaking", "✗", "cannot be told"), start_of(str(error), _REASON_BUDGET))]
    names = dict.fromkeys(name for side in otherwise for name in side)
    head = Row(["the container", "gets at least", "gets at most", ""], header=True)
    rows = [Row(_cells(name, asked, (granted, capped), otherwise)) for name in names]
    rows = rows_within(rows, _BUDGET, columns=4)
    if pod_template:
        remark = f"only where the pod template {start_of(pod_template, _NAME_BUDGET)} asks for it"
        rows.append(Row([dim("anything else"), "", "", dim(remark)]))
    return [Table([head, *rows], named=True, numbers=(1, 2))]


def _asked(template: Any) -> tuple[dict[str, str], dict[str, str]] | None:
    """Return requests and limits by Kubernetes' names; None where no container runs."""
    asked = task_amounts(template)
    if asked is None:
        return None
    # Flyte passes nothing else of a container of its own on.
    is_own = template.HasField("container")
    requests, limits = (
        {_KUBERNETES_NAMES.get(name, name): text for name, text in side if not is_own or name in PLATFORM_RESOURCES}
        for side in asked
    )
    return requests, limits


def _cells(name: str, asked: _Sides, got: _Sides, otherwise: _Sides) -> list[Any]:
    """Return a row: the amounts that are certain, and what is to be said of them.

    ``otherwise`` is what the container gets where its pod template has nothing to say.
    """
    remarks = [
        f"{side} as asked: {start_of(wanted[name], _NAME_BUDGET)}"
        for side, wanted, given in zip(_SIDES, asked, got, strict=True)
        if name in wanted and given.get(name) != Quantity(wanted[name])
    ]
    open_sides = [
        side for side, given, other in zip(_SIDES, got, otherwise, strict=True) if name in other and name not in given
    ]
    if len(open_sides) == len(_SIDES):
        instead = [_OPEN, _OPEN]
        remarks = [f"if the pod template has none, {_amount(name, otherwise[0].get(name))}"]
    else:
        instead = [f"pod template, else as {other}" for other in reversed(_SIDES)]
        if not open_sides and name not in asked[0] and name not in asked[1]:
            remarks = ["platform default"]
    amounts = [
        dim(words) if side in open_sides else _amount(name, given.get(name))
        for side, words, given in zip(_SIDES, instead, got, strict=True)
    ]
    return [start_of(name, _NAME_BUDGET), *amounts, dim("; ".join(remarks))]


def _amount(name: str, quantity: Quantity | None) -> str:
    return "" if quantity is None else quantity_words(quantity, UNITS.get(name, "count"))
