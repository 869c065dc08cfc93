"""What Flyte Admin refuses to register, looked for in the order in which it looks."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from flyteidl.core import identifier_pb2, tasks_pb2

from flytetask_nb.semantics import problems
from flytetask_nb.semantics.descriptors import enum_name
from flytetask_nb.semantics.digests import structure_digest, unhashable_answer
from flytetask_nb.semantics.objecthash import UnhashableError
from flytetask_nb.semantics.prototext import compact_text
from flytetask_nb.semantics.quantities import NANO
from flytetask_nb.semantics.sent_tasks import CHECKED, Hit, comparable, is_over, resource_name, rounded
from flytetask_nb.semantics.shared_memory import DNS_LABEL

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Sequence

    from flytetask_nb.semantics.quantities import Quantity
    from flytetask_nb.semantics.sent_tasks import ComparedAmount, SentAmount, SentContainer, SentTask

_Resource: Final = tasks_pb2.Resources


def _identity(sent: SentTask) -> Iterator[Hit]:
    """Look at the id."""
    identifier = sent.identifier
    if identifier is None:
        yield Hit("missing-id", "id", "missing id")
        return
    if identifier.resource_type != identifier_pb2.TASK:
        kind = enum_name(identifier_pb2.ResourceType.DESCRIPTOR, identifier.resource_type).lower()
        message = f"unexpected resource type {kind} for identifier [{compact_text(identifier)}], expected task instead"
        yield Hit("resource-type", "id.resource_type", message)
    for part in ("project", "domain", "name", "version"):
        if not getattr(identifier, part):
            yield Hit(f"missing-{part}", f"id.{part}", f"missing {part}")


def _required(sent: SentTask) -> Iterator[Hit]:
    """Look for what every task has."""
    template = sent.template
    if template is None:
        yield Hit("missing-spec", "", "missing spec")
        return
    if not template.type:
        yield Hit("missing-type", "type", "missing type")
    if not template.HasField("metadata"):
        yield Hit("missing-metadata", "metadata", "missing metadata")
    elif template.metadata.HasField("runtime") and not template.metadata.runtime.version:
        yield Hit("missing-runtime-version", "metadata.runtime.version", "missing runtime version")
    if not template.HasField("interface"):
        yield Hit("missing-interface", "interface", "missing typed interface")


def _target(sent: SentTask) -> Iterator[Hit]:
    """Look at image and resources of a container, or at the containers of a pod."""
    target = sent.target
    if target == "container":
        container = sent.containers[0]
        if not container.image:
            yield Hit("missing-image", "container.image", "missing image")
        yield from _entries(container, _identifier_text(sent))
        yield from _comparisons(container, sent)
    elif target == "k8s_pod" and not sent.template.k8s_pod.HasField("pod_spec"):
        yield Hit(
            "missing-pod-spec",
            "k8s_pod.pod_spec",
            "invalid TaskSpecification, pod tasks should specify their target as a K8sPod with a defined pod spec",
        )
    elif sent.pod_fault:
        yield Hit("unreadable-pod-spec", "k8s_pod.pod_spec", sent.pod_fault)
    else:
        for container in sent.containers:
            yield from _comparisons(container, sent)


def _identifier_text(sent: SentTask) -> str:
    """Return the template's own id as Go prints it: only after these checks does the request's take its place."""
    return compact_text(sent.template.id) if sent.template.HasField("id") else "<nil>"


def _entries(container: SentContainer, identifier: str) -> Iterator[Hit]:
    """Look at each amount by itself."""
    for entries in (container.requests, container.limits):
        seen = set()
        for entry in entries:
            if entry.kind not in CHECKED:
                continue
            if entry.kind in seen:
                # Admin says limit of requests too.
                message = f"can't specify {entry.name} limit for task [{identifier}] multiple times"
                yield Hit("repeated-resource", entry.path, message)
            elif entry.fault:
                message = (
                    f"Parsing of {entry.name} request failed for value {entry.text} - reason  {entry.fault}. Please "
                    "follow K8s conventions for resources "
                    "https://kubernetes.io/docs/concepts/configuration/manage-resources-containers/"
                )
                yield Hit("unreadable-quantity", entry.path, message)
            elif entry.kind == _Resource.GPU and not _is_whole(entry):
                message = f"gpu for [{identifier}] must be a whole number, got: {entry.text} instead"
                yield Hit("fractional-gpu", entry.path, message)
            seen.add(entry.kind)


def _is_whole(entry: SentAmount) -> bool:
    """Tell whether Admin takes an amount for whole: it looks at thousandths, rounded up."""
    return entry.quantity is None or entry.is_incomparable or rounded(entry.quantity.nanos, NANO // 1000) % 1000 == 0


def _comparisons(container: SentContainer, sent: SentTask) -> Iterator[Hit]:
    """Compare requests with limits, and both with the platform's. Admin looks at limits only beside a request."""
    asked, allowed = comparable(container.requests), comparable(container.limits)
    for kind in CHECKED:
        if kind not in asked:
            continue
        request, limit, ceiling = asked[kind], allowed.get(kind), sent.platform.get(kind)
        name = resource_name(kind)
        if limit is not None and kind == _Resource.GPU:
            if request.value != limit.value:
                message = (
                    "For extended resource 'gpu' the default value must equal the limit value for task "
                    f"[{_identifier_text(sent)}]"
                )
                yield Hit("unequal-gpus", request.path, message)
        elif limit is not None:
            if limit.value < request.value:
                message = (
                    f"Requested {name} default [{request.quantity}] is greater than the limit [{limit.quantity}]. "
                    "Please fix your configuration"
                )
                yield Hit("request-over-limit", request.path, message)
            if is_over(limit, ceiling):
                message = _over_platform(f"{name} limit", limit, ceiling)
                yield Hit("limit-over-platform-limit", limit.path, message)
        if is_over(request, ceiling):
            yield Hit("request-over-platform-limit", request.path, _over_platform(f"{name} default", request, ceiling))


def _over_platform(subject: str, amount: ComparedAmount, ceiling: Quantity | None) -> str:
    return (
        f"Requested {subject} [{amount.quantity}] is greater than current limit set in the platform configuration "
        f"[{ceiling}]. Please contact Flyte Admins to change these limits or consult the configuration"
    )


_INVALID_VALUE: Final = problems.FaultKind("InvalidValue", "Invalid value [{variable}].")


def _compilation(sent: SentTask) -> Iterator[Hit]:
    """Compile the task. The compiler goes through all it can find and answers with everything at once."""
    hits: list[tuple[str, str, problems.Fault]] = []
    target = sent.target
    if target == "container":
        container = sent.containers[0]
        interface = sent.template.interface
        has_variables = interface.inputs.variables or interface.outputs.variables
        if has_variables and not container.command and not container.args:
            missing = problems.Fault(problems.VALUE_REQUIRED, "container", "command")
            hits.append(("missing-command", "container.args", missing))
        for entry in (*container.requests, *container.limits):
            # The others were refused before.
            if entry.fault and entry.kind not in CHECKED:
                place = f"resources.{entry.name}"
                unreadable = problems.Fault(problems.UNRECOGNIZED_VALUE, place, details=(entry.text,))
                hits.append(("unreadable-other-quantity", entry.path, unreadable))
    elif target == "k8s_pod":
        invalid = problems.Fault(_INVALID_VALUE, "root", "k8s pod spec container name")
        hits += [
            ("container-name", f"{container.path}.name", invalid)
            for container in sent.containers
            if DNS_LABEL.fullmatch(container.path.removeprefix("k8s_pod.pod_spec.containers.")) is None
        ]
    if hits:
        answer = f"task failed compilation with {problems.report(problems.problems_of(hit[2] for hit in hits))}"
        for rule, path, _ in hits:
            yield Hit(rule, path, answer)


def _digest(sent: SentTask) -> Iterator[Hit]:
    """Compute what Admin would keep to tell whether the task is the same when it is registered again."""
    if sent.template is None:
        return
    try:
        structure_digest(sent.template)
    except UnhashableError as error:
        yield Hit("unhashable", "", unhashable_answer("task", sent.identifier, error))


REFUSALS: Final[Sequence[Callable[[SentTask], Iterator[Hit]]]] = (_identity, _required, _target, _compilation, _digest)
"""What looks for refusals, in Admin's order."""
