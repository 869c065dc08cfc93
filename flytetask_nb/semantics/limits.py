"""The resources that a container really gets, once Flyte has filled in and cut down what its task asks for."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from flytetask_nb.errors import QuantityError
from flytetask_nb.models.resource_names import GPU, NVIDIA_GPU
from flytetask_nb.semantics.quantities import Quantity

if TYPE_CHECKING:
    from collections.abc import Mapping
    from fractions import Fraction

    # What stands for an amount wherever one is taken.
    Amount = str | int | Fraction | Quantity

_FLYTE_DEFAULTS: Final = {"cpu": Quantity("1"), "memory": Quantity("1Gi")}
"""What propeller's own configuration requests where neither the task nor the platform does."""

_RENAMED: Final = {GPU: NVIDIA_GPU}

# Every container gets these two; the others only where the task names them.
_ALWAYS: Final = ("cpu", "memory")
_ON_REQUEST: Final = ("ephemeral-storage", NVIDIA_GPU)

ZERO: Final = Quantity(0)


def effective_resources(
    requests: Mapping[str, Amount],
    limits: Mapping[str, Amount],
    platform_defaults: Mapping[str, Amount] | None = None,
    platform_limits: Mapping[str, Amount] | None = None,
    pod_template_name: str = "",
) -> tuple[dict[str, Quantity], dict[str, Quantity]]:
    """Return the requests and limits of the container that runs a task.

    Parameters
    ----------
    requests, limits
        What the task asks for, by Kubernetes' names: ``cpu``, ``memory``, ``ephemeral-storage``,
        ``nvidia.com/gpu`` (or ``gpu``, which Flyte renames).
    platform_defaults
        What the platform requests for a task that asks for nothing. ``{}``: nothing is configured, so Flyte's own
        defaults apply (1 cpu, 1Gi memory). None: unknown, so what only the platform could tell is left out of the
        answer.
    platform_limits
        The most that the platform grants. ``{}`` sets no limit. None: unknown, so nothing is cut down.
    pod_template_name
        The pod template that the task names in its metadata. Requests and limits that the task leaves out are then
        the template's, if it has any, so they are left out of the answer; a request stands as it is, though a limit
        of the template may cut it down.

    Returns
    -------
    tuple of dict
        The requests and the limits, as :class:`Quantity` by name. A resource that Flyte does not adjust passes as
        it is.

    Raises
    ------
    QuantityError
        An amount is unreadable; the error names the resource.

    Notes
    -----
    The rules are ``ToK8sResourceList`` and ``ApplyResourceOverrides`` in
    flyteplugins/go/tasks/pluginmachinery/flytek8s (utils.go, container_helper.go): a
    zero counts as absent; an absent request becomes the limit, else the platform's default; an absent limit becomes
    the request; both are cut down to the platform's limit, then the request to the limit. Before all that
    ``MergeResourcesIfMissing`` fills in from the pod template, side by side.

    Examples
    --------
    >>> effective_resources({}, {"cpu": "2"}, platform_defaults={})[0]
    {'cpu': Quantity('2'), 'memory': Quantity('1Gi')}
    """
    asked = _without_zeros(parsed_amounts(requests, "requests"))
    allowed = _without_zeros(parsed_amounts(limits, "limits"))
    known_defaults = platform_defaults is not None
    defaults = {**_FLYTE_DEFAULTS, **parsed_amounts(platform_defaults or {}, "platform_defaults")}
    ceilings = parsed_amounts(platform_limits or {}, "platform_limits")

    names = [*_ALWAYS, *(name for name in _ON_REQUEST if name in asked or name in allowed)]
    for name in names:
        request, limit = asked.pop(name, ZERO), allowed.pop(name, ZERO)
        if not request and not limit and (pod_template_name or not known_defaults):
            continue
        amounts = adjusted(request, limit, defaults.get(name, ZERO), ceilings.get(name, ZERO))
        for side, given, amount in ((asked, request, amounts[0]), (allowed, limit, amounts[1])):
            if given or not pod_template_name:
                side[name] = amount
    return asked, allowed


def adjusted(request: Quantity, limit: Quantity, default: Quantity, ceiling: Quantity) -> tuple[Quantity, Quantity]:
    """Return a request and a limit as Flyte adjusts them; zero is none."""
    request = request or limit or default
    limit = _cut(limit or request, ceiling)
    return _cut(_cut(request, ceiling), limit), limit


def _cut(amount: Quantity, most: Quantity) -> Quantity:
    return most if most and amount > most else amount


def _without_zeros(amounts: dict[str, Quantity]) -> dict[str, Quantity]:
    return {name: amount for name, amount in amounts.items() if amount}


def parsed_amounts(amounts: Mapping[str, Amount], argument: str) -> dict[str, Quantity]:
    """Return amounts as quantities by Kubernetes' names; ``argument`` is what errors call them."""
    return {_RENAMED.get(name, name): _quantity(amount, f"{argument}[{name!r}]") for name, amount in amounts.items()}


def _quantity(amount: Amount, argument: str) -> Quantity:
    try:
        return Quantity(amount)
    except QuantityError as error:
        raise QuantityError(f"{argument}: {error}") from None
