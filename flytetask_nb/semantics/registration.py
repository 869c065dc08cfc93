"""What Flyte Admin says when a task is registered, and what it should say but does not.

The rules are a table in ``registration_rules.py``. The functions here look for what the rules are about, in the order
in which Admin looks, and :func:`check` brings both together.
"""

from __future__ import annotations

import re
from collections import Counter
from typing import TYPE_CHECKING, Any, Final, NamedTuple

from flyteidl.admin import task_pb2
from flyteidl.core import identifier_pb2, tasks_pb2
from google.protobuf.message import Message

from flytetask_nb import masking
from flytetask_nb.errors import FlyteTaskError, ModelTypeError, ModelValueError, QuantityError
from flytetask_nb.semantics import limits, pod_specs, problems, quantities
from flytetask_nb.semantics.commands import unfilled
from flytetask_nb.semantics.digests import structure_digest
from flytetask_nb.semantics.findings import Finding, Findings
from flytetask_nb.semantics.images import image_reference
from flytetask_nb.semantics.plugin_findings import plugin_hits
from flytetask_nb.semantics.pod_misfits import misfit, quantity_fault
from flytetask_nb.semantics.pods import PRIMARY_CONTAINER_KEY, pod_containers
from flytetask_nb.semantics.prototext import compact_text
from flytetask_nb.semantics.quantities import NANO, Quantity
from flytetask_nb.semantics.registration_rules import RULES
from flytetask_nb.semantics.templates import template_of

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence

    from flytetask_nb.semantics.limits import Amount

__all__ = ["check"]


def check(task: object, platform_limits: Mapping[str, Amount] | None = None) -> Findings:
    """Tell what Flyte would refuse to register of a task, and what it would take though it is wrong.

    Parameters
    ----------
    task
        A ``FlyteTask``, ``TaskSpec`` or ``TaskTemplate`` of this package or of flytekit, or such a message, as it
        is sent to Admin: see :func:`flytetask_nb.semantics.hydrate`. Its own id counts as the one it is registered
        under, unless a ``flyteidl.admin.TaskCreateRequest`` says which that is. It is not changed.
    platform_limits
        The most that the platform grants of ``cpu``, ``memory``, ``gpu`` (or ``nvidia.com/gpu``) and
        ``ephemeral-storage``: ``{"cpu": "64", "memory": "512Gi"}``. None, or a name that is left out: unknown, so
        nothing is said about it. Zero: no limit.

    Returns
    -------
    Findings
        Refusals in the order in which Admin checks, so the first is what it would answer; then warnings in the
        order of the template. Where a container breaks rules with several resources, Admin names any of them; here
        it is the first of cpu, gpu, memory, ephemeral storage.

    Raises
    ------
    ModelTypeError
        ``task`` is no task, or ``platform_limits`` no mapping.
    ModelValueError
        ``platform_limits`` names a resource that platforms do not limit.
    QuantityError
        An amount of ``platform_limits`` is unreadable.

    Notes
    -----
    The refusals are those of ``ValidateTask`` (flyteadmin/pkg/manager/impl/validation/task_validator.go) and
    ``CompileTask`` (flytepropeller/pkg/compiler/task_compiler.go), in their words. What only the platform knows is
    not looked at: which projects and domains there are, which types of task it allows where, and what is
    registered already. In what Kubernetes says of a pod spec, its own names for kinds of text
    (``v1.PullPolicy``) read as ``string``.

    Examples
    --------
    >>> from flyteidl.core.tasks_pb2 import TaskTemplate
    >>> check(TaskTemplate(type="python-task")).refusals[0].message
    'missing id'
    """
    sent = _sent(task, platform_limits)
    found = [
        Finding(hit.rule, hit.path, rule.severity, hit.message, rule.reason, rule.source)
        for look in _LOOKS
        for hit in look(sent)
        for rule in (RULES[hit.rule],)
    ]
    named = sent.identifier if sent.identifier is not None else identifier_pb2.Identifier()
    return Findings(found, " ".join(filter(None, (named.name, named.version))))


class _Hit(NamedTuple):
    """A rule that applies, where, and in which words."""

    rule: str
    path: str
    message: str


class _Entry(NamedTuple):
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
        return not self.fault and (self.quantity is None or abs(_value(self.quantity)) > _LARGEST)


class _Amount(NamedTuple):
    """An amount that Admin can compare."""

    path: str
    quantity: Quantity

    @property
    def value(self) -> int:
        """The whole number that Admin takes it for."""
        return _value(self.quantity)


class _Container(NamedTuple):
    """What a container and one of a pod's containers have in common."""

    path: str
    image: str
    command: list[str]
    args: list[str]
    env: list[tuple[str, str]]
    requests: list[_Entry]
    limits: list[_Entry]


class _Sent(NamedTuple):
    """A task on its way to Admin."""

    identifier: Any
    """None: there is none."""
    template: Any
    """None: there is none."""
    platform: dict[int, Quantity]
    containers: list[_Container]
    pod_fault: str
    """Why Admin cannot read the pod's spec; empty where it can, or where there is none."""


# -- reading -------------------------------------------------------------------------------------------------------

_Resource: Final = tasks_pb2.Resources
_LARGEST: Final = 2**63 - 1
_LIMITED: Final = {
    "cpu": _Resource.CPU,
    "memory": _Resource.MEMORY,
    "gpu": _Resource.GPU,
    "nvidia.com/gpu": _Resource.GPU,
    "ephemeral-storage": _Resource.EPHEMERAL_STORAGE,
}


def _sent(task: object, platform_limits: Mapping[str, Amount] | None) -> _Sent:
    identifier, template = _parts(task)
    containers: list[_Container] = []
    pod_fault = ""
    target = None if template is None else template.WhichOneof("target")
    if target == "container":
        containers = [_own_container(template.container)]
    elif target == "k8s_pod" and template.k8s_pod.HasField("pod_spec"):
        try:
            containers = _pods_containers(template.k8s_pod.pod_spec)
        except FlyteTaskError as error:
            pod_fault = misfit(template.k8s_pod.pod_spec) or str(error)
    return _Sent(identifier, template, _platform(platform_limits), containers, pod_fault)


def _parts(task: object) -> tuple[Any, Any]:
    """Give the id under which a task is registered, and its template; None for what is not there."""
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
    unknown = [name for name in given if name not in _LIMITED]
    if unknown:
        raise ModelValueError(f"platform_limits[{unknown[0]!r}]: platforms limit {', '.join(_LIMITED)}; drop the rest")
    amounts = limits._quantities(given, "platform_limits")
    return {_LIMITED[name]: amount for name, amount in amounts.items() if amount}


def _own_container(container: Any) -> _Container:
    sides = [
        [
            _entry(entry.name, _resource_name(entry.name), entry.value, f"container.resources.{side}")
            for entry in getattr(container.resources, side)
        ]
        for side in ("requests", "limits")
    ]
    return _Container(
        "container",
        container.image,
        list(container.command),
        list(container.args),
        [(pair.key, pair.value) for pair in container.env],
        *sides,
    )


def _pods_containers(spec: Any) -> list[_Container]:
    read = pod_specs.passed_through_kubernetes(spec)
    return [_pods_container(found) for found in pod_containers(tasks_pb2.K8sPod(pod_spec=read))]


def _pods_container(found: Mapping[str, Any]) -> _Container:
    path = f"k8s_pod.pod_spec.containers.{found['name']}"
    sides = [
        [
            _entry(_number_of(name), name, text, f"{path}.resources.{side}")
            for name, text in (found["resources"].get(side) or {}).items()
        ]
        for side in ("requests", "limits")
    ]
    return _Container(
        path,
        found.get("image", ""),
        found.get("command") or [],
        found.get("args") or [],
        [(variable["name"], variable.get("value", "")) for variable in found.get("env") or ()],
        *sides,
    )


def _resource_name(number: int) -> str:
    """Name a resource as Go does: a number without a name is told as such."""
    named = _Resource.ResourceName.DESCRIPTOR.values_by_number.get(number)
    return str(number) if named is None else str(named.name)


def _number_of(name: str) -> int:
    """Give Flyte's number of a resource of Kubernetes, as Admin finds it: ``nvidia.com/gpu`` has none."""
    flyte = "EPHEMERAL_STORAGE" if name == "ephemeral-storage" else name.upper()
    named = _Resource.ResourceName.DESCRIPTOR.values_by_name.get(flyte)
    return _Resource.UNKNOWN if named is None else int(named.number)


def _entry(kind: int, name: str, text: str, place: str) -> _Entry:
    path = f"{place}.{name.lower()}"
    try:
        return _Entry(kind, name, text, path, quantities.parse(text), "")
    except QuantityError:
        return _Entry(kind, name, text, path, None, quantity_fault(text))


def _rounded(number: int, unit: int) -> int:
    """Divide and round away from zero, as ``Value()`` and ``MilliValue()`` of Kubernetes do."""
    return -(-number // unit) if number > 0 else number // unit


def _value(quantity: Quantity) -> int:
    """Give the whole number that Admin compares."""
    return _rounded(quantity.nanos, NANO)


# -- what is refused ----------------------------------------------------------------------------------------------


def _identity(sent: _Sent) -> Iterator[_Hit]:
    """Look at the id."""
    identifier = sent.identifier
    if identifier is None:
        yield _Hit("missing-id", "id", "missing id")
        return
    if identifier.resource_type != identifier_pb2.TASK:
        named = identifier_pb2.ResourceType.DESCRIPTOR.values_by_number.get(identifier.resource_type)
        told = str(identifier.resource_type) if named is None else named.name.lower()
        yield _Hit(
            "resource-type",
            "id.resource_type",
            f"unexpected resource type {told} for identifier [{compact_text(identifier)}], expected task instead",
        )
    for part in ("project", "domain", "name", "version"):
        if not getattr(identifier, part):
            yield _Hit(f"missing-{part}", f"id.{part}", f"missing {part}")


def _required(sent: _Sent) -> Iterator[_Hit]:
    """Look for what every task has."""
    template = sent.template
    if template is None:
        yield _Hit("missing-spec", "", "missing spec")
        return
    if not template.type:
        yield _Hit("missing-type", "type", "missing type")
    if not template.HasField("metadata"):
        yield _Hit("missing-metadata", "metadata", "missing metadata")
    elif template.metadata.HasField("runtime") and not template.metadata.runtime.version:
        yield _Hit("missing-runtime-version", "metadata.runtime.version", "missing runtime version")
    if not template.HasField("interface"):
        yield _Hit("missing-interface", "interface", "missing typed interface")


def _target(sent: _Sent) -> Iterator[_Hit]:
    """Look at image and resources of a container, or at the containers of a pod."""
    target = _target_of(sent)
    if target == "container":
        container = sent.containers[0]
        if not container.image:
            yield _Hit("missing-image", "container.image", "missing image")
        yield from _entries(container, _identifier_text(sent))
        yield from _comparisons(container, sent)
    elif target == "k8s_pod" and not sent.template.k8s_pod.HasField("pod_spec"):
        yield _Hit(
            "missing-pod-spec",
            "k8s_pod.pod_spec",
            "invalid TaskSpecification, pod tasks should specify their target as a K8sPod with a defined pod spec",
        )
    elif sent.pod_fault:
        yield _Hit("unreadable-pod-spec", "k8s_pod.pod_spec", sent.pod_fault)
    else:
        for container in sent.containers:
            yield from _comparisons(container, sent)


def _target_of(sent: _Sent) -> str:
    return "" if sent.template is None else sent.template.WhichOneof("target") or ""


def _identifier_text(sent: _Sent) -> str:
    """Give the template's own id as Go prints it: only after these checks does the request's take its place."""
    return compact_text(sent.template.id) if sent.template.HasField("id") else "<nil>"


_CHECKED: Final = (_Resource.CPU, _Resource.GPU, _Resource.MEMORY, _Resource.EPHEMERAL_STORAGE)


def _entries(container: _Container, identifier: str) -> Iterator[_Hit]:
    """Look at each amount by itself."""
    for entries in (container.requests, container.limits):
        seen = set()
        for entry in entries:
            if entry.kind not in _CHECKED:
                continue
            if entry.kind in seen:
                # Admin says limit of requests too.
                message = f"can't specify {entry.name} limit for task [{identifier}] multiple times"
                yield _Hit("repeated-resource", entry.path, message)
            elif entry.fault:
                message = (
                    f"Parsing of {entry.name} request failed for value {entry.text} - reason  {entry.fault}. Please "
                    "follow K8s conventions for resources "
                    "https://kubernetes.io/docs/concepts/configuration/manage-resources-containers/"
                )
                yield _Hit("unreadable-quantity", entry.path, message)
            elif entry.kind == _Resource.GPU and not _is_whole(entry):
                message = f"gpu for [{identifier}] must be a whole number, got: {entry.text} instead"
                yield _Hit("fractional-gpu", entry.path, message)
            seen.add(entry.kind)


def _is_whole(entry: _Entry) -> bool:
    """Tell whether Admin takes an amount for whole: it looks at thousandths, rounded up."""
    return entry.quantity is None or entry.is_incomparable or _rounded(entry.quantity.nanos, NANO // 1000) % 1000 == 0


def _comparable(entries: Iterable[_Entry]) -> dict[int, _Amount]:
    """Give the first amount of each resource that Admin compares, as far as it can be compared."""
    found: dict[int, _Amount] = {}
    for entry in entries:
        if entry.kind in _CHECKED and entry.quantity is not None and not entry.is_incomparable:
            found.setdefault(entry.kind, _Amount(entry.path, entry.quantity))
    return found


def _comparisons(container: _Container, sent: _Sent) -> Iterator[_Hit]:
    """Compare requests with limits, and both with the platform's. Admin looks at limits only beside a request."""
    asked, allowed = _comparable(container.requests), _comparable(container.limits)
    for kind in _CHECKED:
        if kind not in asked:
            continue
        request, limit, ceiling = asked[kind], allowed.get(kind), sent.platform.get(kind)
        name = _resource_name(kind)
        if limit is not None and kind == _Resource.GPU:
            if request.value != limit.value:
                message = (
                    "For extended resource 'gpu' the default value must equal the limit value for task "
                    f"[{_identifier_text(sent)}]"
                )
                yield _Hit("unequal-gpus", request.path, message)
        elif limit is not None:
            if limit.value < request.value:
                message = (
                    f"Requested {name} default [{request.quantity}] is greater than the limit [{limit.quantity}]. "
                    "Please fix your configuration"
                )
                yield _Hit("request-over-limit", request.path, message)
            if _is_over(limit, ceiling):
                message = _over_platform(f"{name} limit", limit, ceiling)
                yield _Hit("limit-over-platform-limit", limit.path, message)
        if _is_over(request, ceiling):
            yield _Hit("request-over-platform-limit", request.path, _over_platform(f"{name} default", request, ceiling))


def _is_over(amount: _Amount, ceiling: Quantity | None) -> bool:
    return ceiling is not None and amount.value > _value(ceiling)


def _over_platform(told: str, amount: _Amount, ceiling: Quantity | None) -> str:
    return (
        f"Requested {told} [{amount.quantity}] is greater than current limit set in the platform configuration "
        f"[{ceiling}]. Please contact Flyte Admins to change these limits or consult the configuration"
    )


_INVALID_VALUE: Final = problems.Kind("InvalidValue", "Invalid value [{variable}].")
_LABEL: Final = re.compile("[a-z0-9]([-a-z0-9]*[a-z0-9])?")
_LONGEST_LABEL: Final = 63


def _compilation(sent: _Sent) -> Iterator[_Hit]:
    """Compile the task. The compiler goes through all it can find and answers with everything at once."""
    hits: list[tuple[str, str, problems.Finding]] = []
    target = _target_of(sent)
    if target == "container":
        container = sent.containers[0]
        if not container.command and not container.args and _has_variables(sent.template):
            hits.append(
                (
                    "missing-command",
                    "container.args",
                    problems.Finding(problems.VALUE_REQUIRED, "container", "command"),
                )
            )
        hits += [
            (
                "unreadable-other-quantity",
                entry.path,
                problems.Finding(problems.UNRECOGNIZED_VALUE, f"resources.{entry.name}", details=(entry.text,)),
            )
            for entry in (*container.requests, *container.limits)
            # The others were refused before.
            if entry.fault and entry.kind not in _CHECKED
        ]
    elif target == "k8s_pod":
        invalid = problems.Finding(_INVALID_VALUE, "root", "k8s pod spec container name")
        hits += [
            ("container-name", f"{container.path}.name", invalid)
            for container in sent.containers
            if not _is_label(container.path.removeprefix("k8s_pod.pod_spec.containers."))
        ]
    if hits:
        told = f"task failed compilation with {problems.report(problems.problems_of(hit[2] for hit in hits))}"
        for rule, path, _ in hits:
            yield _Hit(rule, path, told)


def _is_label(name: str) -> bool:
    return len(name) <= _LONGEST_LABEL and _LABEL.fullmatch(name) is not None


def _has_variables(template: Any) -> bool:
    return bool(template.interface.inputs.variables or template.interface.outputs.variables)


def _digest(sent: _Sent) -> Iterator[_Hit]:
    """Compute what Admin would keep to tell whether the task is the same when it is registered again."""
    if sent.template is None:
        return
    try:
        structure_digest(sent.template)
    except ModelValueError as error:
        named = "<nil>" if sent.identifier is None else compact_text(sent.identifier)
        yield _Hit("unhashable", "", f"failed to hash task [{named}] to digest with err {error}")


# -- what is taken without a word ----------------------------------------------------------------------------------

# What the Kubernetes plugins of Flyte run, each in containers.
_RUNS_IN_CONTAINER: Final = frozenset(
    "container container_array dask mpi python-task pytorch raw-container ray sidecar spark tensorflow".split()
)
_INPUT: Final = re.compile(r"{{\s*[.$]inputs\.(?P<name>[^}\s]+)\s*}}", re.IGNORECASE)
# Values under a secret-looking key that hide nothing: switches, references to other variables, templates.
_NO_SECRET: Final = re.compile(
    r"|true|false|yes|no|on|off|none|null|[01]|\$\(.*\)|\$\{?\w+\}?|\{\{.*\}\}", re.IGNORECASE
)
_MEBIBYTE: Final = Quantity("1Mi")
_BYTES: Final = frozenset({_Resource.MEMORY, _Resource.EPHEMERAL_STORAGE})


def _settings(sent: _Sent) -> Iterator[_Hit]:
    """Look at what the task says of itself."""
    template = sent.template
    if template is None:
        return
    identifier = template.id if sent.identifier is None else sent.identifier
    parts = {part: getattr(identifier, part) for part in ("project", "domain", "version")}
    for part, text in parts.items():
        for left in unfilled([], (text,)):
            yield _Hit("unfilled-placeholder", f"id.{part}", f"{left} is not filled in")
    metadata = template.metadata
    if metadata.deprecated_error_message:
        yield _Hit("deprecated", "metadata.deprecated_error_message", metadata.deprecated_error_message)
    yield from _caching(template)
    for side in ("inputs", "outputs"):
        variables = getattr(template.interface, side).variables
        for name in sorted(variables):
            if variables[name].type.WhichOneof("type") is None:
                yield _Hit("untyped-variable", f"interface.{side}.{name}", f"{name!r} has no type")
    if template.type in _RUNS_IN_CONTAINER and _target_of(sent) not in ("container", "k8s_pod"):
        told = "no target at all" if not _target_of(sent) else f"the target {_target_of(sent)}"
        yield _Hit("no-target", "", f"a task of type {template.type!r} with {told}")


def _caching(template: Any) -> Iterator[_Hit]:
    metadata = template.metadata
    if metadata.discoverable:
        # Flyte trims spaces and nothing else.
        if not metadata.discovery_version.strip(" "):
            yield _Hit("no-cache-version", "metadata.discovery_version", "cached without a cache version")
        if template.HasField("interface") and not template.interface.outputs.variables:
            yield _Hit("nothing-to-cache", "interface.outputs", "cached without outputs")
    elif metadata.cache_serializable:
        yield _Hit("cache-setting-unused", "metadata.cache_serializable", "runs wait for each other only when cached")
    for name in metadata.cache_ignore_input_vars:
        if name not in template.interface.inputs.variables:
            yield _Hit("unknown-ignored-input", "metadata.cache_ignore_input_vars", f"there is no input {name!r}")


def _in_containers(sent: _Sent) -> Iterator[_Hit]:
    """Look into each container."""
    for container in sent.containers:
        yield from _image(container)
        yield from _command_line(container, sent.template.interface.inputs.variables)
        yield from _environment(container)
        yield from _amounts(container, sent.platform)
    if _target_of(sent) == "k8s_pod" and sent.containers:
        yield from _primary_container(sent)
    extended = sent.template.extended_resources if sent.template is not None else None
    if extended is not None and extended.HasField("gpu_accelerator") and sent.containers:
        entries = [entry for container in sent.containers for entry in (*container.requests, *container.limits)]
        if not any(_is_gpu(entry) and entry.quantity != 0 for entry in entries):
            device = extended.gpu_accelerator.device or "any device"
            yield _Hit("accelerator-without-gpu", "extended_resources.gpu_accelerator", f"{device}, but no GPU")


def _image(container: _Container) -> Iterator[_Hit]:
    if not container.image:
        return
    reference = image_reference(container.image)
    path = f"{container.path}.image"
    if reference is None:
        yield _Hit("unreadable-image", path, f"{container.image!r} is no image reference")
    elif not reference.digest and reference.tag in ("", "latest"):
        yield _Hit("floating-image", path, f"{container.image} is whatever was pushed last")


def _command_line(container: _Container, inputs: Mapping[str, Any]) -> Iterator[_Hit]:
    for side, words in (("command", container.command), ("args", container.args)):
        path = f"{container.path}.{side}"
        names = dict.fromkeys(found["name"] for word in words for found in _INPUT.finditer(word))
        for name in names:
            if name not in inputs:
                yield _Hit("unbound-placeholder", path, f"{{{{.inputs.{name}}}}} stands for no input")
    for left in unfilled(container.args):
        yield _Hit("unfilled-placeholder", f"{container.path}.args", f"{left} is not filled in")


def _environment(container: _Container) -> Iterator[_Hit]:
    times = Counter(key for key, _ in container.env)
    for key, number in times.items():
        if number > 1:
            yield _Hit("repeated-env", f"{container.path}.env.{key}", f"{key} is set {number} times")
    for key in dict.fromkeys(key for key, value in container.env if _is_plain_secret(key, value)):
        yield _Hit("plain-secret", f"{container.path}.env.{key}", f"{key} holds a secret as plain text")


def _is_plain_secret(key: str, value: str) -> bool:
    if _NO_SECRET.fullmatch(value):
        return False
    # What is found must not depend on what the options let be shown.
    return masking.is_secret_key(key) or masking._mask_any(value) != value


def _amounts(container: _Container, platform: Mapping[int, Quantity]) -> Iterator[_Hit]:
    for entry in (*container.requests, *container.limits):
        yield from _amount(entry, ours=container.path == "container")
    yield from _hidden(container, platform)
    limited = {entry.name for entry in container.limits if _is_gpu(entry)}
    for entry in container.requests:
        if _is_gpu(entry) and entry.quantity and entry.name not in limited:
            yield _Hit("gpu-request-alone", entry.path, f"{entry.quantity} requested, no limit")


def _hidden(container: _Container, platform: Mapping[int, Quantity]) -> Iterator[_Hit]:
    """Compare what Admin compares wrongly or not at all."""
    asked, allowed = _comparable(container.requests), _comparable(container.limits)
    for kind in _CHECKED:
        request, limit, ceiling = asked.get(kind), allowed.get(kind), platform.get(kind)
        if request is not None and limit is not None and _is_hidden(request, limit):
            message = f"{request.quantity} is more than the limit {limit.quantity}"
            yield _Hit("hidden-request-over-limit", request.path, message)
        given = [amount for amount in (request, limit) if amount is not None]
        if ceiling is None or (request is not None and any(_is_over(amount, ceiling) for amount in given)):
            continue
        for amount in given:
            if amount.quantity > ceiling:
                message = f"{amount.quantity} is more than the platform's limit {ceiling}"
                yield _Hit("hidden-over-platform-limit", amount.path, message)


def _is_hidden(request: _Amount, limit: _Amount) -> bool:
    return request.quantity > limit.quantity and request.value <= limit.value


def _amount(entry: _Entry, *, ours: bool) -> Iterator[_Hit]:
    """Look at one amount; ``ours`` where it is Flyte's own and not one of a pod."""
    if entry.fault:
        return
    if ours and entry.kind not in _CHECKED:
        yield _Hit("ignored-resource", entry.path, f"{entry.name} is not passed on to Kubernetes")
    elif entry.is_incomparable:
        yield _Hit("incomparable-amount", entry.path, f"{_cut(entry.text)} is too large or too fine to be compared")
    elif entry.quantity is None:
        return
    elif entry.quantity.nanos < 0:
        yield _Hit("negative-amount", entry.path, f"{entry.text} is negative")
    elif not entry.quantity:
        yield _Hit("zero-amount", entry.path, f"{entry.text} asks for nothing")
    elif entry.kind in _BYTES and entry.quantity < _MEBIBYTE:
        told = quantities.format_bytes(entry.quantity) if entry.quantity.nanos >= NANO else "less than one byte"
        yield _Hit("tiny-amount", entry.path, f"{entry.text} is {told}")


def _plugin(sent: _Sent) -> Iterator[_Hit]:
    """Look at the amounts in the settings of the plugin."""
    if sent.template is not None:
        ceilings = {name: sent.platform[kind] for name, kind in _LIMITED.items() if kind in sent.platform}
        yield from (_Hit(*hit) for hit in plugin_hits(sent.template, ceilings))


def _cut(text: str, limit: int = 60) -> str:
    return text if len(text) <= limit else f"{text[: limit - 1]}…"


def _is_gpu(entry: _Entry) -> bool:
    return entry.kind == _Resource.GPU or entry.name.endswith("/gpu")


def _primary_container(sent: _Sent) -> Iterator[_Hit]:
    config = sent.template.config
    path = f"config.{PRIMARY_CONTAINER_KEY}"
    if PRIMARY_CONTAINER_KEY not in config:
        yield _Hit("primary-container", path, "not said which container runs the task")
        return
    name = config[PRIMARY_CONTAINER_KEY]
    if f"k8s_pod.pod_spec.containers.{name}" not in {container.path for container in sent.containers}:
        yield _Hit("primary-container", path, f"the pod has no container {name!r}")


# In Admin's order; then what it does not look for, in the order of the template.
_LOOKS: Final[Sequence[Callable[[_Sent], Iterator[_Hit]]]] = (
    _identity,
    _required,
    _target,
    _compilation,
    _digest,
    _settings,
    _in_containers,
    _plugin,
)
