"""The container that runs a task: its own, or the primary one of its pod."""

from __future__ import annotations

import json
from functools import partial
from typing import TYPE_CHECKING, Any, Final, NamedTuple

from flyteidl.core import tasks_pb2
from google.protobuf.struct_pb2 import NULL_VALUE, Value

from flytetask_nb.models.plain_values import plain_struct
from flytetask_nb.models.resource_names import COLUMNS, resource_name
from flytetask_nb.semantics.task_container import listed_structs, primary_container

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

# Per entry the side, the resource, and the amount as it stands there.
Asked = tuple[tuple[str, str, str], ...]

REQUESTS, LIMITS = "requests", "limits"
_SIDES: Final = (REQUESTS, LIMITS)


class PodRunner(NamedTuple):
    """The primary container of a pod, with the attributes of a ``flyteidl.core.Container`` that tables read.

    ``command``, ``args``: what is no text in a pod's spec, as JSON.
    ``env``: names, and the fields of each entry.
    ``asked``: side, resource and amount.
    ``architecture``: always 0: pods choose it by other means.
    ``problem``: what cannot be read; empty where all is well.
    ``beside``: names of the other containers of the pod, and what those ask for.
    """

    image: str = ""
    command: tuple[str, ...] = ()
    args: tuple[str, ...] = ()
    env: tuple[tuple[str, Any], ...] = ()
    asked: Asked = ()
    architecture: int = 0
    problem: str = ""
    beside: tuple[tuple[str, Asked], ...] = ()


NO_RUNNER: Final = PodRunner()
"""Stands where a task has no container: a query, or a task that a service runs."""
ABSENT: Final = Value(null_value=NULL_VALUE)
"""Stands where a field is absent: Kubernetes takes null for that too."""


def runner_of(template: Any) -> Any:
    """Return the container that runs a task.

    ``template``: a flyteidl ``TaskTemplate``.
    """
    target = template.WhichOneof("target")
    if target == "container":
        return template.container
    return _of_pod(template) if target == "k8s_pod" else NO_RUNNER


def _of_pod(template: Any) -> PodRunner:
    chosen = primary_container(template)
    if chosen is None:
        count = len(template.k8s_pod.pod_spec.fields.get("containers", ABSENT).list_value.values)
        reason = f"none of its {count} containers is the primary one" if count else "it has no containers"
        return PodRunner(problem=f"k8s_pod: {reason}, so there is nothing to read from")
    fields = [read(chosen.fields.get(key, ABSENT)) for key, read in READERS.items()]
    containers = listed_structs(template.k8s_pod.pod_spec, "containers")
    others = [container.fields for container in containers if container is not chosen]
    named = [(text_of(other.get("name", ABSENT)), other.get("resources", ABSENT)) for other in others]
    return runner_of_fields(fields, tuple((name, _asked(asked)[0]) for name, asked in named if name is not None))


def runner_of_fields(fields: Sequence[tuple[Any, str]], beside: tuple[tuple[str, Asked], ...]) -> PodRunner:
    """Return the runner that a pod's container is.

    ``fields``: what each of ``READERS``, in order, makes of the container's field.
    ``beside``: names of the other containers of the pod, and what those ask for.
    """
    image, command, args, env, asked = (value for value, _ in fields)
    problem = "; ".join([problem for _, problem in fields if problem])
    return PodRunner(image, command, args, env, asked, 0, problem, beside)


def text_of(value: Any) -> str | None:
    """Return a text; None where a value is something else."""
    # A text that is not empty is one; anything else has to be looked at.
    return value.string_value or ("" if value.HasField("string_value") else None)


def _as_text(value: Any) -> str:
    text = text_of(value)
    return json.dumps(_plain(value)) if text is None else text


def _plain(value: Any) -> Any:
    holder = tasks_pb2.K8sPod().pod_spec
    holder.fields["value"].CopyFrom(value)
    return plain_struct(holder)["value"]


def _is_other_than(kind: str, value: Any) -> bool:
    return not value.HasField(kind) and not value.HasField("null_value")


def _image(value: Any) -> tuple[str, str]:
    image = value.string_value
    is_wrong = not image and _is_other_than("string_value", value)
    return image, "k8s_pod: the image of the primary container is no text" if is_wrong else ""


def _words(key: str, value: Any) -> tuple[tuple[str, ...], str]:
    words = tuple([word.string_value or _as_text(word) for word in value.list_value.values])
    is_wrong = not words and _is_other_than("list_value", value)
    return words, f"k8s_pod: {key} of the primary container is no list" if is_wrong else ""


def _environment(value: Any) -> tuple[tuple[tuple[str, Any], ...], str]:
    """Return names and values; of a reference the message, which few columns look into."""
    entries = [entry.struct_value.fields for entry in value.list_value.values]
    named = [(text_of(entry.get("name", ABSENT)), entry) for entry in entries]
    return tuple([(name, entry) for name, entry in named if name is not None]), ""


def _asked(value: Any) -> tuple[Asked, str]:
    asked: list[tuple[str, str, str]] = []
    problems: list[str] = []
    for side in _SIDES:
        amounts = value.struct_value.fields.get(side, ABSENT)
        entries = amounts.struct_value.fields
        if not entries and _is_other_than("struct_value", amounts):
            problems.append(f"k8s_pod: {side} of the primary container are no object")
        for name in sorted(entries):
            amount = entries[name]
            asked.append((side, COLUMNS.get(name, name), amount.string_value or _amount(amount)))
    return tuple(asked), "; ".join(problems)


def _amount(value: Any) -> str:
    # A number is read by its digits, as Kubernetes does.
    return "" if value.HasField("string_value") else str(_plain(value))


READERS: Final[dict[str, Callable[[Any], tuple[Any, str]]]] = {
    "image": _image,
    "command": partial(_words, "command"),
    "args": partial(_words, "args"),
    "env": _environment,
    "resources": _asked,
}
"""From the value of a field of a pod's container to what a ``PodRunner`` holds of it, and what is wrong."""


def environment_of(runner: Any) -> tuple[tuple[str, str, str], ...]:
    """Return the environment variables of a container: name, value, and where the value is to be found instead."""
    if type(runner) is not PodRunner:
        return tuple((pair.key, pair.value, "") for pair in runner.env)
    variables = []
    for name, entry in runner.env:
        reference = json.dumps(_plain(entry["valueFrom"]), sort_keys=True) if "valueFrom" in entry else ""
        variables.append((name, _as_text(entry["value"]) if "value" in entry and not reference else "", reference))
    return tuple(variables)


def asked_of_bytes(data: bytes) -> Asked:
    """Return what a container asks for, of its serialized ``flyteidl.core.Resources``."""
    resources = tasks_pb2.Resources.FromString(data)
    return tuple(
        (side, COLUMNS.get(name := resource_name(entry.name), name), entry.value)
        for side in _SIDES
        for entry in getattr(resources, side)
    )
