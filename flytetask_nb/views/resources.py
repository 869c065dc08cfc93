"""Descriptions of what a task asks for: CPU, memory, GPUs, shared memory."""

from __future__ import annotations

from functools import lru_cache
from typing import TYPE_CHECKING, Any

from flytetask_nb.errors import QuantityError
from flytetask_nb.models.resource_names import RESOURCES
from flytetask_nb.semantics.quantities import format_bytes, format_cores, parse
from flytetask_nb.semantics.task_container import resource_amounts, task_amounts
from flytetask_nb.views.document import Badge, Document, Row, Section, Table, code, cut_masked, dim
from flytetask_nb.views.excerpts import fields_blocks, rows_within, set_fields, start_of
from flytetask_nb.views.wording import device_name

if TYPE_CHECKING:
    from collections.abc import Iterable

    from flytetask_nb.models import ExtendedResources
    from flytetask_nb.models.tasks import Resources
    from flytetask_nb.semantics.quantities import Quantity
    from flytetask_nb.views.document import Block, Line

# How a resource is called, and how its amounts are written.
_KINDS = {resource.name: (resource.label, resource.unit) for resource in RESOURCES} | {
    "amd.com/gpu": ("gpu", "count"),
    "unknown": ("unknown resource", "count"),
}
# The usual resources in their order, with what stands behind their amounts.
_NOUNS = {"cpu": " CPU", "memory": "", "gpu": " GPU", "ephemeral storage": " disk"}
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
    amounts: Amounts = {}
    for side, entries in enumerate(sides):
        for resource, text in entries:
            name, unit = _KINDS.get(resource) or (resource, "count")
            amounts.setdefault(name, ([], []))[side].append(_amount(text, unit))
    return amounts


def _amount(text: str, unit: str) -> str:
    """Return a quantity in the unit that people use for it; as it stands where it cannot be read."""
    return _parsed_words(text, unit) or f"{cut_masked(text, _AMOUNT_BUDGET)[0]} (not a quantity)"


@lru_cache(maxsize=1024)
def _parsed_words(text: str, unit: str) -> str:
    """Return a quantity in words, empty where it cannot be read: the same few in all tasks."""
    try:
        return quantity_words(parse(text), unit)
    except QuantityError:
        return ""


def quantity_words(quantity: Quantity, unit: str) -> str:
    """Return a quantity as people write it.

    ``unit``: ``"cores"``, ``"bytes"``, or any other for what is counted.
    """
    if unit == "bytes":
        return format_bytes(quantity)
    return format_cores(quantity) if unit == "cores" else str(quantity)


def accelerator_words(extended: Any) -> str:
    """Return the accelerator in words, e.g. ``"NVIDIA A100, 1g.5gb"``; empty if none is named."""
    if not extended.HasField("gpu_accelerator"):
        return ""
    accelerator = extended.gpu_accelerator
    words = device_name(start_of(accelerator.device, _AMOUNT_BUDGET)) or "any device"
    if accelerator.HasField("partition_size"):
        return f"{words}, {start_of(accelerator.partition_size, _AMOUNT_BUDGET)}"
    return f"{words}, unpartitioned" if accelerator.unpartitioned else words


def shared_memory_words(extended: Any) -> str:
    """Return the shared memory in words, e.g. ``"2 GiB at /dev/shm"``; empty if none is asked for."""
    if not extended.HasField("shared_memory"):
        return ""
    memory = extended.shared_memory
    size = _amount(memory.size_limit, "bytes") if memory.size_limit else "as large as the memory"
    return f"{size} at {start_of(memory.mount_path, _AMOUNT_BUDGET)}" if memory.mount_path else size


def resources_section(asked: Amounts, extended: Any, pod_template_name: str = "") -> Section | None:
    """Describe requests and limits side by side.

    ``asked``: what ``amounts`` gave.
    ``extended``: a flyteidl ``ExtendedResources``.
    ``pod_template_name``: the pod template that the task names; what the task leaves out is that template's, else the
      platform's.
    Returns Section or None: None where nothing is asked for, and no pod template may ask for something.
    """
    accelerator, shared = accelerator_words(extended), shared_memory_words(extended)
    if not asked and not accelerator and not shared and not pod_template_name:
        return None
    blocks, note = _resource_blocks(asked, accelerator, shared, extended, pod_template_name)
    return Section("Resources", note, blocks, is_open=True)


def summary_words(asked: Amounts, accelerator: str) -> list[str]:
    """Return what a task asks for in a few words each: ``"4 CPU"``, ``"32 GiB"``, ``"1 × NVIDIA A100"``."""
    # What a container gets at least: an absent request becomes the limit.
    least = {name: requests or limits for name, (requests, limits) in asked.items()}
    words = [
        f"{least[name][0]}{noun}"
        for name, noun in _NOUNS.items()
        if least.get(name) and not (name == "gpu" and accelerator)
    ]
    if accelerator:
        words.append(f"{least['gpu'][0]} × {accelerator}" if least.get("gpu") else accelerator)
    return words


def _resource_blocks(
    asked: Amounts, accelerator: str, shared: str, extended: Any, pod_template_name: str = ""
) -> tuple[list[Block], str]:
    names = [name for name in _NOUNS if name in asked or (name in _ALWAYS and (asked or pod_template_name))]
    names += sorted(name for name in asked if name not in _NOUNS)
    first = "pod template, else " if pod_template_name else ""
    head = Row(["", "request", "limit", ""], header=True)
    rows = rows_within(
        [_resource_row(name, asked.get(name, ([], [])), first) for name in names], _TABLE_BUDGET, columns=4
    )
    blocks: list[Block] = [Table([head, *rows], named=True, numbers=(1, 2))] if rows else []
    device = ""
    if accelerator:
        device = start_of(extended.gpu_accelerator.device, _AMOUNT_BUDGET)
    named: Line = [accelerator, " (", code(device), ")"] if device else accelerator
    blocks += fields_blocks(set_fields(("accelerator", named), ("shared memory", shared)))
    note = ", ".join([*summary_words(asked, accelerator), *([f"shared memory {shared}"] if shared else [])])
    if not note and pod_template_name:
        note = "pod template, else platform default"
    return blocks, note


def _resource_row(name: str, sides: tuple[list[str], list[str]], first: str) -> Row:
    """Describe one resource; ``first`` says what comes before the usual where a side is absent."""
    requests, limits = sides
    is_doubled = len(requests) > 1 or len(limits) > 1
    # Where a side is absent stands what takes its place.
    return Row(
        [
            name,
            ", ".join(requests) or dim(first + ("as limit" if limits else "platform default")),
            ", ".join(limits) or dim(first + ("as request" if requests else "platform default")),
            Badge("risky", "!", "given more than once") if is_doubled else "",
        ]
    )


def describe_resources(resources: Resources) -> Document:
    """Describe requests and limits on their own."""
    blocks, note = _resource_blocks(_amounts(*resource_amounts(resources._message)), "", "", None)
    return Document("Resources", note or "nothing asked for", blocks=blocks)


def describe_extended_resources(extended: ExtendedResources) -> Document:
    """Describe accelerator and shared memory on their own."""
    message = extended._message
    accelerator, shared = accelerator_words(message), shared_memory_words(message)
    blocks, _ = _resource_blocks({}, accelerator, shared, message)
    return Document("ExtendedResources", accelerator or "no accelerator", blocks=blocks)
