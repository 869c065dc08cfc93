"""What Flyte Admin registers without a word, though it does not do what it says, or fails when it runs."""

from __future__ import annotations

import re
from collections import Counter
from typing import TYPE_CHECKING, Any, Final

from flyteidl.core import tasks_pb2

from flytetask_nb import masking
from flytetask_nb.errors import shortened
from flytetask_nb.models.resource_names import NVIDIA_GPU
from flytetask_nb.semantics import copilot, placeholders
from flytetask_nb.semantics.commands import unfilled
from flytetask_nb.semantics.images import image_reference
from flytetask_nb.semantics.plugin_findings import plugin_hits, replicas_ask_for_gpus
from flytetask_nb.semantics.sent_tasks import CHECKED, LIMITED, Hit, amount_hits, comparable, is_over
from flytetask_nb.semantics.shared_memory import shared_memory_faults
from flytetask_nb.semantics.task_container import PRIMARY_CONTAINER_KEY

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Mapping, Sequence

    from flytetask_nb.semantics.quantities import Quantity
    from flytetask_nb.semantics.sent_tasks import SentAmount, SentContainer, SentTask

_Resource: Final = tasks_pb2.Resources

# What the Kubernetes plugins of Flyte run, each in containers.
_RUNS_IN_CONTAINER: Final = frozenset(
    "container container_array dask mpi python-task pytorch raw-container ray sidecar spark tensorflow".split()
)
# Which have a meaning of their own in addresses.
_RESERVED: Final = frozenset("!*'();:@&=+$,/?#[]%")
# The version of the task type "sidecar" whose pod is the target of the template (plugins/k8s/pod/plugin.go).
_FIRST_WITH_TARGET: Final = 2
# Values under a secret-looking key that hide nothing: switches, references to other variables, templates.
_NO_SECRET: Final = re.compile(
    r"|true|false|yes|no|on|off|none|null|[01]|\$\(.*\)|\$\{?\w+\}?|\{\{.*\}\}", re.IGNORECASE
)
_BYTES: Final = frozenset({_Resource.MEMORY, _Resource.EPHEMERAL_STORAGE})


def _identity(sent: SentTask) -> Iterator[Hit]:
    """Look at the id."""
    identifier = sent.template.id if sent.identifier is None else sent.identifier
    for part in ("project", "domain", "version"):
        for left in unfilled([], (getattr(identifier, part),)):
            yield Hit("unfilled-placeholder", f"id.{part}", f"{left} is not filled in")
    for part in ("name", "version"):
        text = getattr(identifier, part)
        if not _RESERVED.isdisjoint(text):
            odd = " ".join(dict.fromkeys(letter for letter in text if letter in _RESERVED))
            yield Hit("unopenable-id", f"id.{part}", f"{shortened(text)!r} holds {odd}")


def _settings(sent: SentTask) -> Iterator[Hit]:
    """Look at what the task says of itself."""
    template, metadata = sent.template, sent.template.metadata
    if metadata.deprecated_error_message:
        yield Hit("deprecated", "metadata.deprecated_error_message", metadata.deprecated_error_message)
    yield from _caching(template)
    for side in ("inputs", "outputs"):
        variables = getattr(template.interface, side).variables
        for name in sorted(variables):
            if variables[name].type.WhichOneof("type") is None:
                yield Hit("untyped-variable", f"interface.{side}.{name}", f"{name!r} has no type")
    has_container = sent.target in ("container", "k8s_pod") or _is_old_pod(template)
    if template.type in _RUNS_IN_CONTAINER and not has_container:
        target = "no target at all" if not sent.target else f"the target {sent.target}"
        yield Hit("no-target", "", f"a task of type {template.type!r} with {target}")


def _is_old_pod(template: Any) -> bool:
    """Tell whether a task holds its pod among its settings, as flytekit wrote it before there was a target for it."""
    return (
        template.type == "sidecar" and template.task_type_version < _FIRST_WITH_TARGET and bool(template.custom.fields)
    )


def _caching(template: Any) -> Iterator[Hit]:
    metadata = template.metadata
    if metadata.discoverable:
        # Flyte trims spaces and nothing else.
        if not metadata.discovery_version.strip(" "):
            yield Hit("no-cache-version", "metadata.discovery_version", "caching is on, but there is no cache version")
        if template.HasField("interface") and not template.interface.outputs.variables:
            yield Hit("nothing-to-cache", "interface.outputs", "caching is on, but there are no outputs")
    elif metadata.cache_serializable:
        message = "runs wait for each other only where caching is on"
        yield Hit("cache-setting-unused", "metadata.cache_serializable", message)
    for name in metadata.cache_ignore_input_vars:
        if name not in template.interface.inputs.variables:
            yield Hit("unknown-ignored-input", "metadata.cache_ignore_input_vars", f"there is no input {name!r}")


def _in_containers(sent: SentTask) -> Iterator[Hit]:
    """Look into each container."""
    inputs, primary = sent.template.interface.inputs.variables, _primary(sent)
    for container in sent.init_containers:
        yield from _command_line(container, inputs)
    for container in sent.containers:
        yield from _image(container)
        yield from _command_line(container, inputs)
        yield from _environment(container)
        yield from _amounts(container, sent.platform)
        yield from _gpus(container, is_adjusted=container is primary)
    if sent.target == "k8s_pod" and sent.containers:
        yield from _primary_container(sent)
    extended = sent.template.extended_resources
    if extended.HasField("gpu_accelerator") and sent.containers:
        entries = [entry for container in sent.containers for entry in (*container.requests, *container.limits)]
        # A pod template of the platform may ask for one, and replicas may ask by themselves.
        may_be_added = bool(sent.template.metadata.pod_template_name) or replicas_ask_for_gpus(sent.template)
        if not may_be_added and not any(_is_gpu(entry) and entry.quantity != 0 for entry in entries):
            device = extended.gpu_accelerator.device or "any device"
            yield Hit("accelerator-without-gpu", "extended_resources.gpu_accelerator", f"{device}, but no GPU")


def _image(container: SentContainer) -> Iterator[Hit]:
    if not container.image:
        return
    reference = image_reference(container.image)
    path = f"{container.path}.image"
    if reference is None:
        yield Hit("unreadable-image", path, f"{container.image!r} is no image reference")
    elif not reference.digest and reference.tag in ("", "latest"):
        yield Hit("floating-image", path, f"{container.image} is whatever was pushed last")


def _command_line(container: SentContainer, inputs: Mapping[str, Any]) -> Iterator[Hit]:
    for side, words in (("command", container.command), ("args", container.args)):
        yield from _placeholders(f"{container.path}.{side}", words, inputs, placeholders.FLYTE)
    for left in unfilled(container.args):
        yield Hit("unfilled-placeholder", f"{container.path}.args", f"{left} is not filled in")


def _placeholders(path: str, texts: Sequence[str], inputs: Mapping[str, Any], writer: str) -> Iterator[Hit]:
    """Look for inputs that cannot be written into texts."""
    for name in placeholders.input_names(texts):
        placeholder = f"{{{{.inputs.{name}}}}}"
        if name not in inputs:
            yield Hit("unbound-placeholder", path, f"{placeholder} stands for no input")
        elif writer == placeholders.NOBODY:
            yield Hit("unwritten-placeholder", path, f"{placeholder} stays as it is")
        elif writer == placeholders.FLYTE and (kind := placeholders.unwritable(inputs[name].type)):
            yield Hit("unwritable-input", path, f"{placeholder} is {kind}")


def _in_plugins(sent: SentTask) -> Iterator[Hit]:
    """Look at what plugins make of the task's own texts."""
    inputs = sent.template.interface.inputs.variables
    for text in placeholders.texts_of_plugins(sent.template):
        yield from _placeholders(text.path, [text.text], inputs, text.writer)


def _in_plugin_settings(sent: SentTask) -> Iterator[Hit]:
    """Look at the amounts in the settings of the plugin."""
    ceilings = {name: sent.platform[kind] for name, kind in LIMITED.items() if kind in sent.platform}
    yield from plugin_hits(sent.template, ceilings)


def _in_pod(sent: SentTask) -> Iterator[Hit]:
    """Look at what Flyte adds to the pod: the copilot's files and shared memory."""
    if not sent.containers:
        return
    template, primary = sent.template, _primary(sent)
    added = list(copilot.copilot_mounts(template))
    mounts = [*(primary.mounts if primary is not None else ()), *added]
    for container in (*sent.init_containers, *sent.containers):
        yield from _repeated_mounts(container, mounts if container is primary else container.mounts)
    if copilot.uses_copilot(template):
        yield from _copilot(template)
    if template.extended_resources.HasField("shared_memory"):
        volumes = [*sent.volumes, *(volume for volume, _ in added)]
        for fault in shared_memory_faults(template.extended_resources.shared_memory, volumes, mounts):
            rule = "refused-shared-memory" if fault.is_of_kubernetes else "shared-memory"
            yield Hit(rule, f"extended_resources.shared_memory.{fault.field}", fault.message)


def _repeated_mounts(container: SentContainer, mounts: Sequence[tuple[str, str]]) -> Iterator[Hit]:
    if len(mounts) > 1:
        # Those of a container are the copilot's alone.
        place = f"{container.path}.{'data_config' if container.path == 'container' else 'volumeMounts'}"
        for path, number in Counter(path for _, path in mounts).items():
            if number > 1:
                yield Hit("repeated-mount", place, f"{path} is mounted {number} times")


def _primary(sent: SentTask) -> SentContainer | None:
    """Return the container that runs the task, where there is one."""
    if sent.target == "container":
        return sent.containers[0]
    path = f"k8s_pod.pod_spec.containers.{sent.template.config.get(PRIMARY_CONTAINER_KEY)}"
    return next((container for container in sent.containers if container.path == path), None)


def _copilot(template: Any) -> Iterator[Hit]:
    for side, rule, kind_of, sentence in (
        ("inputs", "unfetchable-input", copilot.unfetchable, "{name!r} {kind}"),
        ("outputs", "unstorable-output", copilot.unstorable, "{name!r} is {kind}"),
    ):
        variables = getattr(template.interface, side).variables
        for name in sorted(variables):
            kind = kind_of(variables[name].type)
            if kind:
                yield Hit(rule, f"interface.{side}.{name}", sentence.format(name=name, kind=kind))


def _environment(container: SentContainer) -> Iterator[Hit]:
    times = Counter(key for key, _ in container.env)
    for key, number in times.items():
        if number > 1:
            yield Hit("repeated-env", f"{container.path}.env.{key}", f"{key} is set {number} times")
    for key in dict.fromkeys(key for key, value in container.env if _is_plain_secret(key, value)):
        yield Hit("plain-secret", f"{container.path}.env.{key}", f"{key} holds a secret as plain text")


def _is_plain_secret(key: str, value: str) -> bool:
    if _NO_SECRET.fullmatch(value):
        return False
    # What is found must not depend on what the options let be shown.
    return masking.is_secret_key(key) or masking.mask_any(value) != value


def _amounts(container: SentContainer, platform: Mapping[int, Quantity]) -> Iterator[Hit]:
    for entry in (*container.requests, *container.limits):
        yield from _amount(entry, ours=container.path == "container")
    yield from _hidden(container, platform)


def _gpus(container: SentContainer, *, is_adjusted: bool) -> Iterator[Hit]:
    """Look for GPUs without a limit; ``is_adjusted``: where Flyte makes the request the limit."""
    limited = {entry.name for entry in container.limits if _is_gpu(entry)}
    for entry in container.requests:
        if _is_gpu(entry) and entry.quantity and entry.name not in limited:
            is_given_limit = is_adjusted and (entry.kind == _Resource.GPU or entry.name == NVIDIA_GPU)
            rule = "gpu-request-alone" if is_given_limit else "missing-gpu-limit"
            yield Hit(rule, entry.path, f"{entry.quantity} requested, no limit")


def _hidden(container: SentContainer, platform: Mapping[int, Quantity]) -> Iterator[Hit]:
    """Compare what Admin compares wrongly or not at all."""
    asked, allowed = comparable(container.requests), comparable(container.limits)
    for kind in CHECKED:
        request, limit, ceiling = asked.get(kind), allowed.get(kind), platform.get(kind)
        if request and limit and request.quantity > limit.quantity and request.value <= limit.value:
            message = f"{request.quantity} is more than the limit {limit.quantity}"
            yield Hit("hidden-request-over-limit", request.path, message)
        given = [amount for amount in (request, limit) if amount is not None]
        if ceiling is None or (request is not None and any(is_over(amount, ceiling) for amount in given)):
            continue
        for amount in given:
            if amount.quantity > ceiling:
                message = f"{amount.quantity} is more than the platform's limit {ceiling}"
                yield Hit("hidden-over-platform-limit", amount.path, message)


def _amount(entry: SentAmount, *, ours: bool) -> Iterator[Hit]:
    """Look at one amount; ``ours`` where it is Flyte's own and not one of a pod."""
    if entry.fault:
        return
    if ours and entry.kind not in CHECKED:
        yield Hit("ignored-resource", entry.path, f"{entry.name} is not passed on to Kubernetes")
    elif entry.is_incomparable:
        yield Hit("incomparable-amount", entry.path, f"{shortened(entry.text)} is too large or too fine to be compared")
    elif entry.quantity is None:
        return
    else:
        yield from amount_hits(entry.quantity, entry.text, entry.path, is_bytes=entry.kind in _BYTES)


def _is_gpu(entry: SentAmount) -> bool:
    return entry.kind == _Resource.GPU or entry.name.endswith("/gpu")


def _primary_container(sent: SentTask) -> Iterator[Hit]:
    config = sent.template.config
    path = f"config.{PRIMARY_CONTAINER_KEY}"
    if PRIMARY_CONTAINER_KEY not in config:
        yield Hit("primary-container", path, "the config does not say which container runs the task")
    elif _primary(sent) is None:
        yield Hit("primary-container", path, f"the pod has no container {config[PRIMARY_CONTAINER_KEY]!r}")


WARNINGS: Final[Sequence[Callable[[SentTask], Iterator[Hit]]]] = (
    _identity,
    _settings,
    _in_plugins,
    _in_containers,
    _in_pod,
    _in_plugin_settings,
)
"""What looks for warnings, in the order of the template."""
