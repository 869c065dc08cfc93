"""What the resources of a container are called, and what they are counted in: one table for all that reads or shows them."""

from __future__ import annotations

from typing import Final, NamedTuple

from flytetask_nb.models.tasks import ResourceName


class Resource(NamedTuple):
    """A resource that flyteidl has a number for.

    ``number``: Flyte's number, which also holds Flyte's name.
    ``name``: what Kubernetes calls it; of a GPU, what platforms and plugins call it in their settings.
    ``unit``: what it is counted in: ``cores``, ``bytes`` or ``count``.
    """

    number: ResourceName
    name: str
    unit: str

    @property
    def column(self) -> str:
        """What tables call it."""
        return self.name.replace("-", "_")

    @property
    def label(self) -> str:
        """What it is called in a sentence."""
        return self.name.replace("-", " ")


GPU: Final = "gpu"
NVIDIA_GPU: Final = "nvidia.com/gpu"
"""What Flyte asks Kubernetes for where a task asks for a GPU (flytek8s/container_helper.go, utils.go)."""
GPUS: Final = (GPU, NVIDIA_GPU, "amd.com/gpu")

RESOURCES: Final = (
    Resource(ResourceName.CPU, "cpu", "cores"),
    Resource(ResourceName.MEMORY, "memory", "bytes"),
    Resource(ResourceName.GPU, GPU, "count"),
    Resource(ResourceName.EPHEMERAL_STORAGE, "ephemeral-storage", "bytes"),
    Resource(ResourceName.STORAGE, "storage", "bytes"),
    Resource(ResourceName.UNKNOWN, "unknown", "count"),
)

UNITS: Final = {resource.name: resource.unit for resource in RESOURCES}
"""By Kubernetes' name; what stands nowhere is counted."""

COLUMNS: Final = {resource.name: resource.column for resource in RESOURCES} | dict.fromkeys(GPUS, GPU)
"""Names in tables, by Kubernetes' names; what stands nowhere keeps its own."""

_NAMES: Final = {int(resource.number): resource.name for resource in RESOURCES}


def resource_name(number: int) -> str:
    """Return what Kubernetes calls a resource of Flyte's; of one that flyteidl has no name for, its number."""
    return _NAMES.get(number) or f"resource {number}"
