"""Whether the shared memory that a task asks for can be mounted."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, Any, Final, NamedTuple

from flytetask_nb.errors import QuantityError
from flytetask_nb.semantics import quantities
from flytetask_nb.semantics.quantities import quantity_fault

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator


class MemoryFault(NamedTuple):
    """What is wrong with one field of shared memory."""

    field: str
    message: str
    is_of_kubernetes: bool = False
    """Whether Flyte takes it and Kubernetes refuses the pod."""


DNS_LABEL: Final = re.compile("[a-z0-9]([-a-z0-9]{0,61}[a-z0-9])?")
"""What Kubernetes calls volumes and containers (apimachinery/pkg/util/validation)."""


def shared_memory_faults(
    memory: Any, volumes: Iterable[str] = (), mounts: Iterable[tuple[str, str]] = ()
) -> Iterator[MemoryFault]:
    """Find what keeps a task with shared memory from starting, at most one fault a field.

    ``memory``: a flyteidl ``SharedMemory``.
    ``volumes``: the names of the volumes that the pod has without it.
    ``mounts``: the volume and the path of each mount that the primary container has without it.
    Yields MemoryFault: of the fields ``mount_name``, ``mount_path`` and ``size_limit``, in Flyte's words where Flyte
      refuses.

    Notes
    -----
    ``ApplySharedMemory`` in flyteplugins/go/tasks/pluginmachinery/flytek8s/pod_helper.go, which stops at the first of
    them. Names and paths are compared to the letter.
    """
    held = list(mounts)
    for field, looks in (
        ("mount_name", _of_name(memory.mount_name, set(volumes), {name for name, _ in held})),
        ("mount_path", _of_path(memory.mount_path, {path for _, path in held})),
        ("size_limit", _of_size(memory.size_limit)),
    ):
        fault = next((MemoryFault(field, message, of_kubernetes) for message, of_kubernetes in looks), None)
        if fault is not None:
            yield fault


def _of_name(name: str, volumes: set[str], mounted: set[str]) -> Iterator[tuple[str, bool]]:
    if not name:
        yield "mount name is not set", False
    if name in volumes:
        yield f"A volume is already named {name} in pod spec", False
    if name in mounted:
        yield f"A volume is already named {name} in container", False
    if DNS_LABEL.fullmatch(name) is None:
        yield f"{name!r} is no name of a volume", True


def _of_path(path: str, mounted: set[str]) -> Iterator[tuple[str, bool]]:
    if not path:
        yield "mount path is not set", False
    if path in mounted:
        yield f"{path} is already mounted in container", False
    if ":" in path:
        yield f"{path!r} holds a colon", True


def _of_size(size: str) -> Iterator[tuple[str, bool]]:
    if not size:
        return
    fault = quantity_fault(size)
    if fault:
        yield f"Unable to parse size limit: {fault}", False
    if _is_negative(size):
        yield f"{size} is negative", True


def _is_negative(text: str) -> bool:
    try:
        return quantities.parse(text).nanos < 0
    except QuantityError:
        return text.startswith("-")
