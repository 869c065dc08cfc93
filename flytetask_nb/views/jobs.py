"""What a whole job asks for, in words: Spark's driver and executors, the groups of Ray and Dask, the items of an array."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Final

from flytetask_nb.errors import QuantityError
from flytetask_nb.models.plain_values import plain_struct
from flytetask_nb.semantics.plugin_resources import GROUPED_TYPES, job_of, own_pod
from flytetask_nb.semantics.quantities import format_bytes, format_cores
from flytetask_nb.views.excerpts import start_of

if TYPE_CHECKING:
    from collections.abc import Callable

    from flytetask_nb.semantics.plugin_resources import Group
    from flytetask_nb.semantics.quantities import Quantity

_ARRAY: Final = "container_array"
_LEADERS: Final = frozenset({"chief", "driver", "head", "launcher", "machine", "master", "runner", "scheduler"})
"""Groups of which one pod needs no number."""
_NAME_BUDGET: Final = 120
_GROUPS_SHOWN: Final = 5


def job_words(template: Any) -> list[str]:
    """Return what the groups of a job ask for: ``["driver 1 CPU 1 GiB, 2 executors 1 CPU 1 GiB"]``.

    ``template``: a flyteidl ``TaskTemplate``.
    Returns list of str: empty for a task of one pod, and where the plugin cannot read its settings.
    """
    if template.type not in GROUPED_TYPES or template.type == _ARRAY:
        return []
    groups = job_of(template, own_pod(template)).groups
    try:
        words = [_group_words(group) for group in groups[:_GROUPS_SHOWN]]
    except QuantityError:
        return []
    if len(groups) > _GROUPS_SHOWN:
        words.append(f"… {len(groups) - _GROUPS_SHOWN} more groups")
    return [", ".join(words)] if words else []


def _group_words(group: Group) -> str:
    name = start_of(group.name, _NAME_BUDGET)
    if group.replicas is None:
        counted = f"any number of {_plural(name)}"
    elif group.replicas == 1:
        counted = name if name in _LEADERS else f"1 {name.removesuffix('s') if name == 'workers' else name}"
    else:
        counted = f"{group.replicas:,} {_plural(name)}"
    writers: tuple[tuple[str, Callable[[Quantity], str], str], ...] = (
        ("cpu", format_cores, " CPU"),
        ("memory", format_bytes, ""),
        ("gpu", str, " GPU"),
    )
    amounts = ((group.request(resource), write, unit) for resource, write, unit in writers)
    return " ".join([counted, *(f"{write(amount)}{unit}" for amount, write, unit in amounts if amount)])


def _plural(name: str) -> str:
    return name if name.endswith("s") else f"{name}s"


def array_words(template: Any) -> list[str]:
    """Return how an array of items is run: ``["4 at a time", "80% must succeed"]``; empty for other tasks.

    ``template``: a flyteidl ``TaskTemplate``; of an array it has ``custom`` as ``flyteidl.plugins.ArrayJob`` is
      written.
    """
    if template.type != _ARRAY:
        return []
    settings = plain_struct(template.custom)
    words = []
    parallel, least, share = (_number(settings.get(key)) for key in ("parallelism", "minSuccesses", "minSuccessRatio"))
    if parallel:
        words.append(f"{parallel:,.0f} at a time")
    if least:
        words.append(f"at least {least:,.0f} must succeed")
    elif share is not None and 0 < share < 1:
        words.append(f"{share:.4g} of them must succeed" if share * 100 % 1 else f"{share:.0%} must succeed")
    return words


def _number(value: Any) -> float | None:
    """Return a number of a struct; protobuf writes large ones as texts."""
    if isinstance(value, str) and value.isascii() and value.isdigit():
        return float(value)
    return float(value) if isinstance(value, int | float) and not isinstance(value, bool) else None
