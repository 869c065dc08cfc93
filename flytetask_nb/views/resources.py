"""Descriptions of what a task asks for: CPU, memory, GPUs, shared memory."""

from __future__ import annotations

from functools import lru_cache
from typing import TYPE_CHECKING, Any

from flytetask_nb.errors import QuantityError
from flytetask_nb.models.resource_names import RESOURCES
from flytetask_nb.semantics.quantities import format_bytes, format_cores, parse
from flytetask_nb.semantics.task_container import resource_amounts, task_amounts
from flytetask_nb.views.document import (
    Badge,
    Document,
    Fields,
    Row,
    Section,
    Table,
    code,
    cut,
    cut_masked,
    dim,
    row_size,
    within,
)
from flytetask_nb.views.wording import device_name

if TYPE_CHECKING:
    from collections.abc import Iterable

    from flytetask_nb.models import ExtendedResources
    from flytetask_nb.models.tasks import Resources
    from flytetask_nb.views.document import Block, Line

# How a resource is called, and how its amounts are written.
_KINDS = {resource.name: (resource.label, resource.unit) for resource in RESOURCES} | {
    "amd.com/gpu": ("gpu", "count"),
    "unknown": ("unknown resource", "count"),
}
_ORDER = ("cpu", "memory", "gpu", "ephemeral storage")
_ALWAYS = ("cpu", "memory")
_AMOUNT_BUDGET = 120
_TABLE_BUDGET = 2_200

Amounts = dict[str, tuple[list[str], list[str]]]
"""Per resource the amounts as shown, of requests and of limits; more than one where a resource stands there twice."""


def amounts(template: Any) -> Amounts:
    """Return what a task's container, or its pod's primary container, asks for.

    ``template``: a flyteidl ``TaskTemplate``.
    Returns dict: resource to the requested and the limiting amounts, in words (``"500m"``, ``"32 GiB"``). Empty where
      nothing is asked for.
    """
    asked = task_amounts(template)
    return {} if asked is None else _amounts(*asked)


def _amounts(*sides: Iterable[tuple[str, str]]) -> Amounts:
    found: Amounts = {}
    for side, entries in enumerate(sides):
        for resource, text in entries:
            name, kind = _KINDS.get(resource) or (resource, "count")
            found.setdefault(name, ([], []))[side].append(_amount(text, kind))
    return found


def _amount(text: str, kind: str) -> str:
    """Return a quantity in the unit that people use for it; as it stands where it cannot be read."""
    return _quantity_words(text, kind) or f"{cut_masked(text, _AMOUNT_BUDGET)[0]} (not a quantity)"


@lru_cache(maxsize=1024)
def _quantity_words(text: str, kind: str) -> str:
    """Return a quantity in words, empty where it cannot be read: the same few in all tasks."""
    try:
        quantity = parse(text)
    except QuantityError:
        return ""
    if kind == "bytes":
        return format_bytes(quantity)
    return format_cores(quantity) if kind == "cores" else str(quantity)


def accelerator_words(extended: Any) -> str:
    """Return the accelerator in words, e.g. ``"NVIDIA A100, 1g.5gb"``; empty if none is named."""
    if not extended.HasField("gpu_accelerator"):
        return ""
    accelerator = extended.gpu_accelerator
    words = device_name(cut(accelerator.device, _AMOUNT_BUDGET)[0]) or "any device"
    if accelerator.HasField("partition_size"):
        return f"{words}, {cut(accelerator.partition_size, _AMOUNT_BUDGET)[0]}"
    return f"{words}, unpartitioned" if accelerator.unpartitioned else words


def shared_memory_words(extended: Any) -> str:
    """Return the shared memory in words, e.g. ``"2 GiB at /dev/shm"``; empty if none is asked for."""
    if not extended.HasField("shared_memory"):
        return ""
    memory = extended.shared_memory
    size = _amount(memory.size_limit, "bytes") if memory.size_limit else "as large as the memory"
    return f"{size} at {cut(memory.mount_path, _AMOUNT_BUDGET)[0]}" if memory.mount_path else size


def resources_section(found: Amounts, extended: Any, pod_template_name: str = "") -> Section | None:
    """Describe requests and limits side by side.

    ``found``: what ``amounts`` gave.
    ``extended``: a flyteidl ``ExtendedResources``.
    ``pod_template_name``: the pod template that the task names; what the task leaves out is that template's, else the
      platform's.
    Returns Section or None: None where nothing is asked for, and no pod template may ask for something.
    """
    accelerator, shared = accelerator_words(extended), shared_memory_words(extended)
    if not found and not accelerator and not shared and not pod_template_name:
        return None
    blocks, note = _resource_blocks(found, accelerator, shared, extended, pod_template_name)
    return Section("Resources", note, blocks, is_open=True)


def summary_words(found: Amounts, accelerator: str) -> list[str]:
    """Return what a task asks for in a few words each: ``"4 CPU"``, ``"32 GiB"``, ``"1 × NVIDIA A100"``."""
    words = []
    for name in _ORDER:
        requests, limits = found.get(name, ([], []))
        # What a container gets at least: an absent request becomes the limit.
        chosen = requests or limits
        if not chosen or (name == "gpu" and accelerator):
            continue
        words.append(
            {"cpu": f"{chosen[0]} CPU", "memory": chosen[0], "gpu": f"{chosen[0]} GPU"}.get(name) or f"{chosen[0]} disk"
        )
    if accelerator:
        requests, limits = found.get("gpu", ([], []))
        count = (requests or limits or [""])[0]
        words.append(f"{count} × {accelerator}" if count else accelerator)
    return words


def _resource_blocks(
    found: Amounts, accelerator: str, shared: str, extended: Any, pod_template_name: str = ""
) -> tuple[list[Block], str]:
    names = [name for name in _ORDER if name in found or (name in _ALWAYS and (found or pod_template_name))]
    names += sorted(name for name in found if name not in _ORDER)
    rows = [Row(["", "request", "limit", ""], header=True)] if names else []
    first = "pod template, else " if pod_template_name else ""
    body = [_resource_row(name, found.get(name, ([], [])), first) for name in names]
    shown, left = within(body, _TABLE_BUDGET, row_size)
    rows += shown
    if left:
        rows.append(Row([dim(f"… {left:,} more"), "", "", ""]))
    blocks: list[Block] = [Table(rows, named=True, numbers=(1, 2))] if rows else []
    fields: list[tuple[str, list[Line]]] = []
    if accelerator:
        device = cut(extended.gpu_accelerator.device, _AMOUNT_BUDGET)[0]
        fields.append(("accelerator", [[accelerator, " ", code(device)] if device else accelerator]))
    if shared:
        fields.append(("shared memory", [shared]))
    if fields:
        blocks.append(Fields(fields))
    note = ", ".join([*summary_words(found, accelerator), *([f"shared memory {shared}"] if shared else [])])
    if not note and pod_template_name:
        note = "pod template, else platform default"
    return blocks, note


def _resource_row(name: str, sides: tuple[list[str], list[str]], first: str) -> Row:
    """Describe one resource; ``first`` says what comes before the usual where a side is absent."""
    requests, limits = sides
    remarks: list[Line] = []
    if len(requests) > 1 or len(limits) > 1:
        remarks.append(Badge("risky", "!", "given more than once"))
    cells: list[Line] = [
        name,
        _side(requests, first + ("as limit" if limits else "platform default")),
        _side(limits, first + ("as request" if requests else "platform default")),
        remarks[0] if remarks else "",
    ]
    return Row(cells)


def _side(own: list[str], instead: str) -> Line:
    """Return one side of a row; where it is absent, what takes its place."""
    return ", ".join(own) if own else dim(instead)


def describe_resources(resources: Resources) -> Document:
    """Describe requests and limits on their own."""
    found = _amounts(*resource_amounts(resources._message))
    blocks, note = _resource_blocks(found, "", "", None)
    return Document("Resources", note or "nothing asked for", blocks=blocks if found else [])


def describe_extended_resources(extended: ExtendedResources) -> Document:
    """Describe accelerator and shared memory on their own."""
    message = extended._message
    accelerator, shared = accelerator_words(message), shared_memory_words(message)
    blocks, _ = _resource_blocks({}, accelerator, shared, message)
    return Document(
        "ExtendedResources", accelerator or "no accelerator", blocks=blocks if accelerator or shared else []
    )
