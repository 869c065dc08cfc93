"""The container that runs a task: its own, or the primary one of its pod."""

from __future__ import annotations

import json
from typing import Any, Final, NamedTuple

from flyteidl.core import tasks_pb2

from flytetask_nb.models.fields import plain_struct
from flytetask_nb.models.tasks import ResourceName
from flytetask_nb.semantics.pods import primary_container_name

__all__ = ["NO_RUNNER", "PodRunner", "asked_of_bytes", "runner_of"]

# Per entry the side, the resource, and the amount as it stands there.
Asked = tuple[tuple[str, str, str], ...]

REQUESTS, LIMITS = "requests", "limits"
_SIDES: Final = (REQUESTS, LIMITS)
# Which resource of a pod is which of Flyte's.
_FLYTE_NAMES: Final = {
    "ephemeral-storage": "ephemeral_storage",
    "nvidia.com/gpu": "gpu",
    "amd.com/gpu": "gpu",
}


class PodRunner(NamedTuple):
    """The primary container of a pod, with the attributes of a ``flyteidl.core.Container`` that tables read.

    Attributes
    ----------
    image : str
    command, args : tuple of str
        What is no text in a pod's spec, as JSON.
    env : tuple of (str, str)
        Names and values; of a reference, where the value is to be found.
    asked : tuple of (str, str, str)
        Side, resource and amount.
    architecture : int
        Always 0: pods choose it by other means.
    problem : str
        What cannot be read; empty where all is well.
    """

    image: str = ""
    command: tuple[str, ...] = ()
    args: tuple[str, ...] = ()
    env: tuple[tuple[str, Any], ...] = ()
    asked: Asked = ()
    architecture: int = 0
    problem: str = ""


NO_RUNNER: Final = PodRunner()
"""Stands where a task has no container: a query, or a task that a service runs."""


def runner_of(template: Any) -> Any:
    """Give the container that runs a task.

    Parameters
    ----------
    template
        A flyteidl ``TaskTemplate``.

    Returns
    -------
    flyteidl.core.tasks_pb2.Container or PodRunner
        ``NO_RUNNER`` where there is none.
    """
    target = template.WhichOneof("target")
    if target == "container":
        return template.container
    return _of_pod(template) if target == "k8s_pod" else NO_RUNNER


def _of_pod(template: Any) -> PodRunner:
    fields = template.k8s_pod.pod_spec.fields
    containers = []
    if "containers" in fields:
        containers = [
            value.struct_value.fields
            for value in fields["containers"].list_value.values
            if value.HasField("struct_value")
        ]
    chosen = containers[0] if len(containers) == 1 else None
    if chosen is None:
        name = primary_container_name(template)
        chosen = next((one for one in containers if "name" in one and _text(one["name"]) == name), None)
    if chosen is None:
        told = f"none of its {len(containers)} containers is the primary one" if containers else "it has no containers"
        return PodRunner(problem=f"k8s_pod: {told}, so there is nothing to read from")
    problems: list[str] = []
    return PodRunner(
        _image(chosen, problems),
        _words(chosen, "command", problems),
        _words(chosen, "args", problems),
        tuple(_environment(chosen)),
        tuple(_asked(chosen, problems)),
        0,
        "; ".join(problems),
    )


def _text(value: Any) -> str | None:
    return str(value.string_value) if value.HasField("string_value") else None


def _image(container: Any, problems: list[str]) -> str:
    if "image" not in container:
        return ""
    image = _text(container["image"])
    if image is None and not container["image"].HasField("null_value"):
        problems.append("k8s_pod: the image of the primary container is no text")
    return image or ""


def _words(container: Any, key: str, problems: list[str]) -> tuple[str, ...]:
    if key not in container:
        return ()
    value = container[key]
    if not value.HasField("list_value"):
        if not value.HasField("null_value"):
            problems.append(f"k8s_pod: {key} of the primary container is no list")
        return ()
    # A text that is not empty is one; anything else has to be looked at.
    return tuple(word.string_value or _word(word) for word in value.list_value.values)


def _word(value: Any) -> str:
    return "" if value.HasField("string_value") else json.dumps(_plain(value))


def _plain(value: Any) -> Any:
    holder = tasks_pb2.K8sPod().pod_spec
    holder.fields["value"].CopyFrom(value)
    return plain_struct(holder)["value"]


def _environment(container: Any) -> list[tuple[str, Any]]:
    if "env" not in container:
        return []
    found: list[tuple[str, Any]] = []
    for value in container["env"].list_value.values:
        entry = value.struct_value.fields
        name = _text(entry["name"]) if "name" in entry else None
        if name is None:
            continue
        if "valueFrom" in entry:
            found.append((name, json.dumps(_plain(entry["valueFrom"]), sort_keys=True)))
        else:
            text = _text(entry["value"]) if "value" in entry else ""
            found.append((name, json.dumps(_plain(entry["value"])) if text is None else text))
    return found


def _asked(container: Any, problems: list[str]) -> list[tuple[str, str, str]]:
    if "resources" not in container:
        return []
    parts = container["resources"].struct_value.fields
    found: list[tuple[str, str, str]] = []
    for side in _SIDES:
        if side not in parts:
            continue
        if not parts[side].HasField("struct_value"):
            if not parts[side].HasField("null_value"):
                problems.append(f"k8s_pod: {side} of the primary container are no object")
            continue
        entries = parts[side].struct_value.fields
        for name in sorted(entries):
            amount = _text(entries[name])
            found.append((side, _FLYTE_NAMES.get(name, name), str(_plain(entries[name])) if amount is None else amount))
    return found


def asked_of_bytes(data: bytes) -> Asked:
    """Give what a container asks for, of its serialized ``flyteidl.core.Resources``."""
    resources = tasks_pb2.Resources.FromString(data)
    return tuple(
        (side, str(ResourceName(entry.name)).lower(), entry.value)
        for side in _SIDES
        for entry in getattr(resources, side)
    )
