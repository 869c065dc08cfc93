"""A task on its way to Flyte Admin, as the rules of registration look at it."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Final, NamedTuple

from flyteidl.admin import task_pb2
from flyteidl.core import tasks_pb2
from google.protobuf.message import Message

from flytetask_nb.errors import FlyteTaskError, ModelTypeError, ModelValueError, QuantityError
from flytetask_nb.models.plain_values import plain_struct
from flytetask_nb.models.resource_names import NVIDIA_GPU, RESOURCES
from flytetask_nb.semantics import limits, pod_specs, quantities
from flytetask_nb.semantics.descriptors import enum_name
from flytetask_nb.semantics.quantities import NANO, Quantity
from flytetask_nb.semantics.task_container import TaskContainer, listed_objects, own_container, pod_container
from flytetask_nb.semantics.templates import template_of

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Mapping, Sequence

    from flytetask_nb.semantics.limits import Amount


class Hit(NamedTuple):
    """A rule that applies, where, and in which words."""

    rule: str
    path: str
    message: str


class SentAmount(NamedTuple):
    """An amount of one resource."""

    kind: int
    """Flyte's number of the resource; UNKNOWN for one that only Kubernetes knows."""
    name: str
    text: str
    path: str
    quantity: Quantity | None
    """None where it is unreadable, or too large for this package."""
    fault: str
    """In Kubernetes' words, why it is unreadable; empty where it is not."""

    @property
    def is_incomparable(self) -> bool:
        """Whether Kubernetes can read it, but neither Admin nor this package can compare it."""
        return not self.fault and (self.quantity is None or abs(value_of(self.quantity)) > _LARGEST)


class ComparedAmount(NamedTuple):
    """An amount that Admin can compare."""

    path: str
    quantity: Quantity

    @property
    def value(self) -> int:
        """The whole number that Admin takes it for."""
        return value_of(self.quantity)


class SentContainer(NamedTuple):
    """What a container and one of a pod's containers have in common."""

    path: str
    image: str
    command: Sequence[str]
    args: Sequence[str]
    env: Sequence[tuple[str, str]]
    mounts: Sequence[tuple[str, str]]
    """The volume and the path of each."""
    requests: list[SentAmount]
    limits: list[SentAmount]


class SentTask(NamedTuple):
    """A task on its way to Admin."""

    identifier: Any
    """None: there is none."""
    template: Any
    """None: there is none."""
    platform: dict[int, Quantity]
    containers: list[SentContainer]
    pod_fault: str = ""
    """Why Admin cannot read the pod's spec; empty where it can, or where there is none."""
    init_containers: Sequence[SentContainer] = ()
    """What runs before; Admin does not look at it."""
    volumes: Sequence[str] = ()
    """The names of the pod's volumes."""

    @property
    def target(self) -> str:
        """What runs it: ``container``, ``k8s_pod`` or ``sql``; empty where nothing does."""
        return "" if self.template is None else self.template.WhichOneof("target") or ""


_Resource: Final = tasks_pb2.Resources
_LARGEST: Final = 2**63 - 1
_MEBIBYTE: Final = Quantity("1Mi")
_SIDES: Final = ("requests", "limits")
CHECKED: Final = (_Resource.CPU, _Resource.GPU, _Resource.MEMORY, _Resource.EPHEMERAL_STORAGE)
"""The resources that Admin looks at, in its order."""
LIMITED: Final = {resource.name: int(resource.number) for resource in RESOURCES if resource.number in CHECKED} | {
    NVIDIA_GPU: _Resource.GPU
}


def sent_task(task: object, platform_limits: Mapping[str, Amount] | None) -> SentTask:
    """Read a task as Flyte Admin reads it; what cannot be read is empty or None.

    What is given, and what is raised: see :func:`flytetask_nb.semantics.check`.
    """
    identifier, template = _parts(task)
    sent = SentTask(identifier, template, _platform(platform_limits), [])
    if sent.target == "container":
        return sent._replace(containers=[_own_container(template.container)])
    if sent.target != "k8s_pod" or not template.k8s_pod.HasField("pod_spec"):
        return sent
    try:
        spec = pod_specs.passed_through_kubernetes(template.k8s_pod.pod_spec)
    except FlyteTaskError as error:
        return sent._replace(pod_fault=pod_specs.misfit(plain_struct(template.k8s_pod.pod_spec)) or str(error))
    return sent._replace(
        containers=_pods_containers(spec, "containers"),
        init_containers=_pods_containers(spec, "initContainers"),
        volumes=[volume["name"] for volume in listed_objects(spec, "volumes")],
    )


def _parts(task: object) -> tuple[Any, Any]:
    """Return the id under which a task is registered, and its template; None for what is not there."""
    message = task if isinstance(task, Message) else getattr(task, "_message", None)
    if isinstance(message, task_pb2.TaskCreateRequest):
        has_template = message.HasField("spec") and message.spec.HasField("template")
        return _field(message, "id"), message.spec.template if has_template else None
    if isinstance(message, task_pb2.TaskSpec) and not message.HasField("template"):
        return None, None
    template = template_of(task)
    own = _field(message, "id") if isinstance(message, task_pb2.Task) else None
    return _field(template, "id") if own is None else own, template


def _field(message: Any, name: str) -> Any:
    return getattr(message, name) if message.HasField(name) else None


def _platform(given: Mapping[str, Amount] | None) -> dict[int, Quantity]:
    if given is None:
        return {}
    if not hasattr(given, "items"):
        raise ModelTypeError(
            f"platform_limits is of type {type(given).__name__}, expected a mapping such as {{'cpu': '64'}}"
        )
    unknown = [name for name in given if name not in LIMITED]
    if unknown:
        raise ModelValueError(f"platform_limits[{unknown[0]!r}]: platforms limit {', '.join(LIMITED)}; drop the rest")
    amounts = limits.parsed_amounts(given, "platform_limits")
    return {LIMITED[name]: amount for name, amount in amounts.items() if amount}


_Entries = dict[str, list[tuple[int, str, str]]]


def _own_container(container: Any) -> SentContainer:
    entries = {
        side: [(entry.name, resource_name(entry.name), entry.value) for entry in getattr(container.resources, side)]
        for side in _SIDES
    }
    return _sent_container(own_container(container), entries)


def _pods_containers(spec: Any, field: str) -> list[SentContainer]:
    containers = []
    for container in listed_objects(spec, field):
        entries = {
            side: [(_number_of(name), name, text) for name, text in (container["resources"].get(side) or {}).items()]
            for side in _SIDES
        }
        mounts = [(mount["name"], mount["mountPath"]) for mount in container.get("volumeMounts") or ()]
        path = f"k8s_pod.pod_spec.{field}.{container['name']}"
        containers.append(_sent_container(pod_container(container, path), entries, mounts))
    return containers


def _sent_container(
    container: TaskContainer, entries: _Entries, mounts: Sequence[tuple[str, str]] = ()
) -> SentContainer:
    # A reference stands there with all that belongs to it.
    env = [(name, value if isinstance(value, str) else value.get("value", "")) for name, value in container.env]
    sides = ([_entry(*entry, f"{container.path}.resources.{side}") for entry in entries[side]] for side in _SIDES)
    return SentContainer(container.path, container.image, container.command, container.args, env, mounts, *sides)


def resource_name(number: int) -> str:
    """Name a resource as Flyte does."""
    return enum_name(_Resource.ResourceName.DESCRIPTOR, number)


def _number_of(name: str) -> int:
    """Return Flyte's number of a resource of Kubernetes, as Admin finds it: ``nvidia.com/gpu`` has none."""
    flyte = "EPHEMERAL_STORAGE" if name == "ephemeral-storage" else name.upper()
    named = _Resource.ResourceName.DESCRIPTOR.values_by_name.get(flyte)
    return _Resource.UNKNOWN if named is None else int(named.number)


def _entry(kind: int, name: str, text: str, place: str) -> SentAmount:
    path = f"{place}.{name.lower()}"
    try:
        return SentAmount(kind, name, text, path, quantities.parse(text), "")
    except QuantityError:
        return SentAmount(kind, name, text, path, None, quantities.quantity_fault(text))


def rounded(number: int, unit: int) -> int:
    """Divide and round away from zero, as ``Value()`` and ``MilliValue()`` of Kubernetes do."""
    return -(-number // unit) if number > 0 else number // unit


def value_of(quantity: Quantity) -> int:
    """Return the whole number that Admin compares."""
    return rounded(quantity.nanos, NANO)


def comparable(entries: Iterable[SentAmount]) -> dict[int, ComparedAmount]:
    """Return the first amount of each resource that Admin compares, as far as it can be compared."""
    amounts: dict[int, ComparedAmount] = {}
    for entry in entries:
        if entry.kind in CHECKED and entry.quantity is not None and not entry.is_incomparable:
            amounts.setdefault(entry.kind, ComparedAmount(entry.path, entry.quantity))
    return amounts


def is_over(amount: ComparedAmount, ceiling: Quantity | None) -> bool:
    """Tell whether Admin takes an amount for more than a ceiling; None: there is none."""
    return ceiling is not None and amount.value > value_of(ceiling)


def amount_hits(quantity: Quantity, text: str, path: str, *, is_bytes: bool) -> Iterator[Hit]:
    """Find what is wrong with an amount by itself, whoever asks for it."""
    if quantity.nanos < 0:
        yield Hit("negative-amount", path, f"{text} is negative")
    elif not quantity:
        yield Hit("zero-amount", path, f"{text} asks for nothing")
    elif is_bytes and quantity < _MEBIBYTE:
        size = quantities.format_bytes(quantity) if quantity.nanos >= NANO else "less than one byte"
        yield Hit("tiny-amount", path, f"{text} is {size}")
