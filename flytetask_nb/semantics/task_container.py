"""The container that runs a task: its own, or the primary one of its pod. Which one it is, and what it holds."""

from __future__ import annotations

from functools import partial
from typing import TYPE_CHECKING, Any, Final, NamedTuple

from flytetask_nb.models.plain_values import plain_struct
from flytetask_nb.models.resource_names import GPU, NVIDIA_GPU, resource_name

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Mapping, Sequence

PRIMARY_CONTAINER_KEY: Final = "primary_container_name"
"""Key under which flytekit writes the primary container's name into ``config``."""

# What Kubernetes takes a port for that does not say.
_PROTOCOL: Final = "TCP"


class TaskContainer(NamedTuple):
    """A container, whoever declares it.

    ``path``: where it stands in the task.
    ``image``, ``command``, ``args``: as declared.
    ``env``: names and values in order; a value that is no text (a reference to a secret) as it stands.
    ``requests``, ``limits``: amounts by resource, in order: ``cpu``, ``memory``, ``gpu``, ``ephemeral-storage``, else
      the name that stands there.
    ``ports``: as declared, by port and name.
    ``rest``: other settings, as JSON values.
    """

    path: str
    image: str
    command: Sequence[str]
    args: Sequence[str]
    env: Sequence[tuple[str, Any]]
    requests: Sequence[tuple[str, str]]
    limits: Sequence[tuple[str, str]]
    ports: Mapping[str, Any]
    rest: Mapping[str, Any]


NO_CONTAINER: Final = TaskContainer("", "", (), (), (), (), (), {}, {})
"""A container without anything."""


def read_task_container(template: Any) -> TaskContainer | None:
    """Return the container that runs a task.

    Returns TaskContainer or None: None where no container runs it, or the pod does not tell which one does.
    """
    target = template.WhichOneof("target")
    if target == "container":
        return own_container(template.container)
    held = primary_container(template) if target == "k8s_pod" else None
    return None if held is None else pod_container(plain_struct(held))


def task_image(template: Any) -> str:
    """Return the image of the container that runs a task; empty where none does, or it names none."""
    if template.HasField("container"):
        return str(template.container.image)
    held = primary_container(template) if template.HasField("k8s_pod") else None
    image = None if held is None else held.fields.get("image")
    return "" if image is None else str(image.string_value)


def task_amounts(template: Any) -> tuple[Sequence[tuple[str, str]], Sequence[tuple[str, str]]] | None:
    """Return requests and limits of the container that runs a task; None where none does."""
    if template.HasField("container"):
        return resource_amounts(template.container.resources)
    held = primary_container(template) if template.HasField("k8s_pod") else None
    if held is None:
        return None
    resources = held.fields.get("resources")
    requests, limits = _pod_amounts({} if resources is None else plain_struct(resources.struct_value))[0]
    return requests, limits


def command_words(template: Any) -> list[str]:
    """Return the words that start the container which runs a task, command and arguments; none where none does."""
    target = template.WhichOneof("target")
    if target == "container":
        return [*template.container.command, *template.container.args]
    held = primary_container(template) if target == "k8s_pod" else None
    listed = () if held is None else (held.fields.get(field) for field in ("command", "args"))
    return [word.string_value for words in listed if words is not None for word in words.list_value.values]


# -- which container -----------------------------------------------------------------------------------------------


def primary_container_name(template: Any) -> str:
    """Return the name of the container that runs a task in a pod.

    Returns str: from the template's ``config``, else from the pod, else the name of the only container; empty where
      none of these says it.

    Notes
    -----
    ``BuildRawPod`` in flyteplugins/go/tasks/pluginmachinery/flytek8s/pod_helper.go reads it from the config.
    """
    name: str = template.config.get(PRIMARY_CONTAINER_KEY, "") or template.k8s_pod.primary_container_name
    if not name:
        containers = listed_structs(template.k8s_pod.pod_spec, "containers")
        name = _name(containers[0]) if len(containers) == 1 else ""
    return name


def primary_container(template: Any) -> Any:
    """Return the container of a pod that runs a task.

    Returns google.protobuf.struct_pb2.Struct or None: the one of that name, or the only one, whatever it is called;
      None where neither is there.
    """
    containers = listed_structs(template.k8s_pod.pod_spec, "containers")
    if len(containers) == 1:
        return containers[0]
    name = primary_container_name(template)
    return next(
        (container for container in containers if "name" in container.fields and _name(container) == name), None
    )


def pod_containers(pod: Any) -> list[dict[str, Any]]:
    """Return the containers of a pod as plain Python values.

    Returns list of dict: as they stand in the pod's spec; whatever is no object there is left out.
    """
    return listed_objects(pod.pod_spec, "containers")


def listed_objects(spec: Any, field: str) -> list[dict[str, Any]]:
    """Return the objects of a list of a pod's spec, e.g. its ``volumes``, as plain Python values.

    Returns list of dict: as they stand there; empty where the field is absent or no list. Whatever is no object is left
      out.
    """
    return [plain_struct(value) for value in listed_structs(spec, field)]


def listed_structs(spec: Any, field: str) -> list[Any]:
    """Return the objects of a list of a pod's spec as they stand there, each a ``Struct``."""
    listed = spec.fields.get(field)
    values = () if listed is None else listed.list_value.values
    return [value.struct_value for value in values if value.HasField("struct_value")]


def _name(container: Any) -> str:
    value = container.fields.get("name")
    return "" if value is None else str(value.string_value)


# -- what it holds -------------------------------------------------------------------------------------------------


def own_container(container: Any, path: str = "container") -> TaskContainer:
    """Return a task's own container, a flyteidl ``Container``, in the common form."""
    return TaskContainer(
        path,
        container.image,
        list(container.command),
        list(container.args),
        [(pair.key, pair.value) for pair in container.env],
        *resource_amounts(container.resources),
        _ports(
            {"containerPort": port.container_port} | ({"name": port.name} if port.name else {})
            for port in container.ports
        ),
        {},
    )


def resource_amounts(resources: Any) -> tuple[list[tuple[str, str]], list[tuple[str, str]]]:
    """Return requests and limits of a flyteidl ``Resources``, as :class:`TaskContainer` has them."""
    requests, limits = (
        [(resource_name(entry.name), entry.value) for entry in entries]
        for entries in (resources.requests, resources.limits)
    )
    return requests, limits


def _ports(ports: Iterable[dict[str, Any]]) -> dict[str, Any]:
    return {
        f"{port['containerPort']} {port.get('name', '')}".strip(): {
            name: value for name, value in port.items() if (name, value) != ("protocol", _PROTOCOL)
        }
        for port in ports
    }


def _are_words(value: Any) -> bool:
    return isinstance(value, list) and all(isinstance(word, str) for word in value)


def _are_keyed(key: str, value: Any) -> bool:
    return isinstance(value, list) and all(isinstance(item, dict) and key in item for item in value)


# The settings that all containers have, and whether they have the form that Kubernetes asks for.
_COMMON: Final[Mapping[str, Callable[[Any], bool]]] = {
    "name": lambda _: True,
    "image": lambda image: isinstance(image, str),
    "command": _are_words,
    "args": _are_words,
    "env": partial(_are_keyed, "name"),
    "resources": lambda resources: isinstance(resources, dict),
    "ports": partial(_are_keyed, "containerPort"),
}


def pod_container(container: Mapping[str, Any], path: str = "k8s_pod") -> TaskContainer:
    """Return a container of a pod, as plain Python values, in the common form."""
    usual = {name: value for name, value in container.items() if name in _COMMON and _COMMON[name](value)}
    odd = {name: value for name, value in container.items() if name not in usual}
    (requests, limits), left = _pod_amounts(usual.get("resources", {}))
    if left:
        odd["resources"] = left
    return TaskContainer(
        path,
        usual.get("image", ""),
        list(usual.get("command", ())),
        list(usual.get("args", ())),
        [_pod_variable(item) for item in usual.get("env", ())],
        requests,
        limits,
        _ports(usual.get("ports", ())),
        odd,
    )


def _pod_variable(item: dict[str, Any]) -> tuple[str, Any]:
    rest = {name: value for name, value in item.items() if name != "name"}
    value = rest.get("value", "")
    return str(item["name"]), value if not rest.keys() - {"value"} and isinstance(value, str) else rest


def _pod_amounts(resources: dict[str, Any]) -> tuple[list[list[tuple[str, str]]], dict[str, Any]]:
    """Return requests and limits, and whatever else stands there."""
    left = dict(resources)
    sides: list[list[tuple[str, str]]] = []
    for side in ("requests", "limits"):
        asked = resources.get(side)
        asked = asked if isinstance(asked, dict) else {}
        amounts = {name: str(amount) for name, amount in asked.items() if isinstance(amount, str | int | float)}
        # Where both names of a GPU stand, it is for Flyte to choose.
        renamed = {NVIDIA_GPU: GPU} if GPU not in asked else {}
        sides.append([(renamed.get(name, name), amount) for name, amount in amounts.items()])
        if amounts:
            left[side] = {name: amount for name, amount in asked.items() if name not in amounts}
            if not left[side]:
                del left[side]
    return sides, left
