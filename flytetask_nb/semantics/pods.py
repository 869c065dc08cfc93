"""Pod tasks: which of a pod's containers runs the task."""

from __future__ import annotations

from typing import Any

from flytetask_nb.models.fields import plain_struct

__all__ = ["PRIMARY_CONTAINER_KEY", "listed_objects", "pod_containers", "primary_container", "primary_container_name"]

PRIMARY_CONTAINER_KEY = "primary_container_name"
"""Key under which flytekit writes the primary container's name into ``config``."""


def primary_container_name(template: Any) -> str:
    """Give the name of the container that runs the task.

    Parameters
    ----------
    template
        A flyteidl ``TaskTemplate`` whose target is a pod.

    Returns
    -------
    str
        From the pod, else from the template's ``config``, else the name of the only container; empty where none of
        these says it.

    Notes
    -----
    flyteplugins/go/tasks/plugins/k8s/pod reads it from the template's config.
    """
    name: str = template.k8s_pod.primary_container_name
    if name:
        return name
    if PRIMARY_CONTAINER_KEY in template.config:
        return str(template.config[PRIMARY_CONTAINER_KEY])
    containers = pod_containers(template.k8s_pod)
    if len(containers) == 1:
        only = containers[0].get("name")
        return only if isinstance(only, str) else ""
    return ""


def pod_containers(pod: Any) -> list[dict[str, Any]]:
    """Give the containers of a pod as plain Python values.

    Parameters
    ----------
    pod
        A flyteidl ``K8sPod``.

    Returns
    -------
    list of dict
        As they stand in the pod's spec; whatever is no object there is left out.
    """
    return listed_objects(pod.pod_spec, "containers")


def listed_objects(spec: Any, field: str) -> list[dict[str, Any]]:
    """Return the objects of a list of a pod's spec, e.g. its ``volumes``, as plain Python values.

    Parameters
    ----------
    spec
        The spec, a ``Struct``.
    field
        Which list.

    Returns
    -------
    list of dict
        As they stand there; empty where the field is absent or no list. Whatever is no object is left out.
    """
    if field not in spec.fields:
        return []
    values = spec.fields[field].list_value.values
    return [plain_struct(value.struct_value) for value in values if value.HasField("struct_value")]


def primary_container(template: Any) -> dict[str, Any] | None:
    """Give the container that runs a pod task, as plain Python values; None where the pod does not hold it."""
    containers = pod_containers(template.k8s_pod)
    name = primary_container_name(template)
    for container in containers:
        if container.get("name") == name:
            return container
    return containers[0] if len(containers) == 1 else None
