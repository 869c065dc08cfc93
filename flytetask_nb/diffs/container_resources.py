"""Changes of requests and limits, as exact amounts."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from flytetask_nb.diffs.edits import joined
from flytetask_nb.diffs.shadowing import compare_shadowed
from flytetask_nb.errors import QuantityError
from flytetask_nb.models.order import natural_key
from flytetask_nb.models.resource_names import GPU, NVIDIA_GPU
from flytetask_nb.semantics.quantities import parse

if TYPE_CHECKING:
    from flytetask_nb.diffs.changes import Ledger
    from flytetask_nb.semantics.quantities import Quantity
    from flytetask_nb.semantics.task_container import TaskContainer

IGNORED_RESOURCES: Final = frozenset({"storage", "unknown"})
"""Flyte passes these on to nothing (flytek8s/utils.go)."""
_GPUS: Final = frozenset({GPU, NVIDIA_GPU})


def compare_resources(ledger: Ledger, old: TaskContainer, new: TaskContainer) -> None:
    """Compare requests and limits by the name of the resource, as exact quantities."""
    for kind, field in (("request", "requests"), ("limit", "limits")):
        before, after = dict(getattr(old, field)), dict(getattr(new, field))
        for name in sorted({*before, *after}, key=natural_key):
            was, now = before.get(name), after.get(name)
            if was == now:
                continue
            path, old_path = joined(f"{new.path}.{field}", name), joined(f"{old.path}.{field}", name)
            rule = _resource_rule(was, now)
            if rule and name in IGNORED_RESOURCES:
                ledger.entry("resource-ignored", path, was, now, old_path=old_path)
            elif rule:
                ledger.add(f"{kind}-{rule}", path, was, now, old_path=old_path)
        compare_shadowed(ledger, "resource-repeated", field, old, new)
    problems = [_refusal(container) for container in (old, new)]
    if problems[0] != problems[1]:
        rule = "resources-refused" if problems[1] else "resources-mended"
        ledger.add(rule, f"{new.path}.resources", problems[0] or None, problems[1] or None, kind="changed")


def _resource_rule(old: str | None, new: str | None) -> str:
    """Return how an amount changed, empty if it is the same amount in another spelling."""
    if old is None or new is None:
        return "added" if old is None else "removed"
    try:
        before, after = parse(old), parse(new)
    except QuantityError:
        return "changed"
    if before == after:
        return ""
    return "raised" if after > before else "lowered"


def _refusal(container: TaskContainer) -> str:
    """Return why registration would refuse the resources, empty if it would not."""
    amounts: list[dict[str, Quantity]] = []
    # In order of the names: the entries have none.
    for field in (sorted(container.requests), sorted(container.limits)):
        names = [name for name, _ in field]
        for name in names:
            if names.count(name) > 1:
                return f"{name} stands there twice"
        try:
            amounts.append({name: parse(text) for name, text in field})
        except QuantityError:
            return "an amount is unreadable"
    return _refused_amounts(*amounts)


def _refused_amounts(requests: dict[str, Quantity], limits: dict[str, Quantity]) -> str:
    for name, request in requests.items():
        limit = limits.get(name)
        if not limit:
            continue
        if name in _GPUS and request and request != limit:
            return f"{name}: request {request}, limit {limit}"
        if request > limit:
            return f"{name}: request {request} over limit {limit}"
    for amounts in (requests, limits):
        for name in sorted(_GPUS.intersection(amounts)):
            if amounts[name].value.denominator != 1:
                return f"{name}: {amounts[name]} is a fraction"
    return ""
