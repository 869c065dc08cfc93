"""What is wrong with the amounts in the settings of a task's plugin: unreadable ones, and those that contradict others.

Flyte Admin looks at none of them, so the task registers. The rules are those of ``registration_rules.py``.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Final

from flytetask_nb.errors import QuantityError
from flytetask_nb.models.resource_names import GPU, UNITS
from flytetask_nb.semantics.plugin_resources import RAY_HEAD, RAY_WORKER, containers_of, groups_of, own_pod
from flytetask_nb.semantics.plugin_settings import KUBEFLOW, Spelling, amounts_in, settings_of
from flytetask_nb.semantics.pod_specs import misfit
from flytetask_nb.semantics.quantities import NANO, Quantity, quantity_fault
from flytetask_nb.semantics.sent_tasks import Hit, amount_hits
from flytetask_nb.semantics.spark_conf import notation_of

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Mapping

    from flytetask_nb.semantics.plugin_resources import Group, PluginPod

_IGNORED: Final = frozenset({"storage", "unknown"})
_COMPARED: Final = ("cpu", "memory", "ephemeral-storage", GPU)
_GPU_KEYS: Final = (f"requests.{GPU}", f"limits.{GPU}")
_MUST_HAVE_WORKERS: Final = frozenset({"mpi", "tensorflow"})
# Of each pair, the first must not be more than the second.
_SPARK_ORDER: Final = (
    ("spark.dynamicAllocation.minExecutors", "spark.dynamicAllocation.maxExecutors"),
    ("spark.task.cpus", "spark.executor.cores"),
    ("spark.task.resource.gpu.amount", "spark.executor.resource.gpu.amount"),
)


def plugin_hits(template: Any, platform: Mapping[str, Quantity]) -> Iterator[Hit]:
    """Find what is wrong with the settings of a task's plugin.

    ``template``: a flyteidl ``TaskTemplate``.
    ``platform``: the most that the platform grants, by resource: ``cpu``, ``memory``, ``gpu``, ``ephemeral-storage``.
    """
    settings = settings_of(template)
    if settings.misread:
        # The plugin gives up there, so nothing else of them counts.
        yield from (Hit("unreadable-plugin-settings", path, message) for path, message in settings.misread)
        return
    values = settings.values
    if template.type in ("spark", "databricks"):
        yield from _spark(values.get("sparkConf", {}))
    own = own_pod(template)
    if own is None or not settings.is_known:
        return
    if template.type != "databricks":
        faults = [(path, fault) for path, spec in settings.pods if (fault := misfit(spec))]
        yield from (Hit("unreadable-plugin-pod", path, fault) for path, fault in faults)
        if faults:
            return
    try:
        groups = groups_of(template, settings, own)
    except QuantityError:
        # A number of Spark's that cannot be read, told above.
        return
    for group in groups:
        # The plugin does not look at a group without pods, and the task's own amounts are looked at elsewhere.
        if group.replicas != 0 and (group.amounts or template.type == "spark"):
            yield from _amounts(group)
            yield from _contradictions(group, platform)
    yield from _counts(template.type, values, groups)
    yield from _unread(template.type, values, own)


def replicas_ask_for_gpus(template: Any) -> bool:
    """Tell whether replicas of a Kubeflow job ask for GPUs of their own, before Flyte looks for any in their pods.

    Other plugins put amounts into pods that are done (``ToReplicaSpecWithOverrides`` in kfoperators/common).
    """
    own, settings = own_pod(template), settings_of(template)
    if template.type not in KUBEFLOW or own is None or settings.misread:
        return False
    asked = [group.amounts.get(key) for group in groups_of(template, settings, own) for key in _GPU_KEYS]
    return any(isinstance(amount, Spelling) and amount.value for amount in asked)


# -- amounts -------------------------------------------------------------------------------------------------------


def _amounts(group: Group) -> Iterator[Hit]:
    """Look at each amount by itself."""
    for key, text in group.amounts.items():
        path, resource = f"{group.path}.{key}", key.partition(".")[2]
        if not isinstance(text, Spelling):
            fault = quantity_fault(text)
            if fault:
                yield Hit("unreadable-plugin-amount", path, f"{text!r}: {fault}")
        elif resource in _IGNORED and not group.is_overlaid:
            yield Hit("ignored-resource", path, f"{resource} is not passed on to Kubernetes")
        else:
            is_bytes = UNITS.get(resource) == "bytes"
            hits = amount_hits(Quantity(text.value), text, path, is_bytes=is_bytes)
            yield from (hit for hit in hits if not (group.is_overlaid and hit.rule == "zero-amount"))


def _contradictions(group: Group, platform: Mapping[str, Quantity]) -> Iterator[Hit]:
    """Compare what one pod of a group requests with what it is limited to, and both with the platform's limit."""
    for resource in _COMPARED:
        try:
            request, limit = group.sides(resource)
        except QuantityError:
            continue
        if request is None or (resource == GPU and not request and not limit):
            continue
        path = f"{group.path}.{group.key_of(resource)}"
        asked, allowed = (_said(group, side, resource) for side in ("requests", "limits"))
        if not group.is_overlaid and asked and allowed and asked > allowed:
            yield Hit("lowered-plugin-request", path, f"{asked} is more than the limit {allowed}")
        elif group.is_overlaid and resource != GPU and limit is not None and request > limit:
            yield Hit("refused-plugin-request", path, f"its pods request {request} and are limited to {limit}")
        if resource == GPU and request != limit:
            bound = "no limit" if limit is None else f"the limit {limit}"
            yield Hit("unequal-plugin-gpus", path, f"its pods request {request}, with {bound}")
        if resource == GPU and request.nanos % NANO:
            yield Hit("fractional-plugin-gpu", path, f"{request} is no whole number")
        ceiling = platform.get(resource)
        for side, amount in (("requests", asked), ("limits", allowed)):
            if ceiling is not None and amount is not None and amount > ceiling and not group.is_overlaid:
                message = f"{amount} is more than the platform's limit {ceiling}"
                yield Hit("hidden-over-platform-limit", f"{group.path}.{side}.{resource}", message)


def _said(group: Group, side: str, resource: str) -> Quantity | None:
    text = group.amounts.get(f"{side}.{resource}")
    return Quantity(text.value) if isinstance(text, Spelling) else None


# -- Spark ---------------------------------------------------------------------------------------------------------


def _spark(conf: Mapping[str, Any]) -> Iterator[Hit]:
    for key, value in conf.items():
        notation = notation_of(key)
        if notation is not None and not isinstance(value, Spelling):
            message = f"{value!r}, where Spark expects {notation.expected}"
            yield Hit("unreadable-spark-amount", f"custom.sparkConf.{key}", message)
    for less, more in _SPARK_ORDER:
        given = [conf[key].value for key in (less, more) if isinstance(conf.get(key), Spelling)]
        if len(given) > 1 and given[0] > given[1] and not _is_off(conf, less):
            message = f"{conf[less]} is more than {more}, {conf[more]}"
            yield Hit("contradictory-spark-setting", f"custom.sparkConf.{less}", message)


def _is_off(conf: Mapping[str, Any], key: str) -> bool:
    """Tell whether a setting belongs to what Spark is not told to do."""
    enabled = conf.get("spark.dynamicAllocation.enabled")
    return "dynamicAllocation" in key and not (isinstance(enabled, Spelling) and enabled.value)


# -- numbers of pods -----------------------------------------------------------------------------------------------


def _counts(kind: str, values: Mapping[str, Any], groups: Iterable[Group]) -> Iterator[Hit]:
    workers = [group for group in groups if group.name == "workerReplicas"]
    if kind in _MUST_HAVE_WORKERS and any(group.replicas == 0 for group in workers):
        yield Hit("no-plugin-workers", "custom", f"a job of type {kind!r} without workers")
    if kind != "ray":
        return
    for place, group in enumerate(values.get("rayCluster", {}).get("workerGroupSpec", ())):
        number = group.get("replicas", 0)
        path = f"custom.rayCluster.workerGroupSpec.{group.get('groupName') or place}"
        for bound, is_off in (("minReplicas", number.__lt__), ("maxReplicas", number.__gt__)):
            limit = group.get(bound, 0)
            if limit and is_off(limit):
                yield Hit("adjusted-plugin-replicas", f"{path}.{bound}", f"{bound} {limit} beside replicas {number}")


# -- what no plugin looks at ---------------------------------------------------------------------------------------


def _unread(kind: str, values: Mapping[str, Any], own: PluginPod) -> Iterator[Hit]:
    look = _UNREAD.get(kind)
    for path, amounts, reason in () if look is None else look(values, {name for name, _ in own.beside}):
        for key, text in amounts.items():
            yield Hit("ignored-plugin-amount", f"{path}.resources.{key}", f"{text} {reason}")


def _unread_of_kubeflow(values: Mapping[str, Any], _beside: set[str]) -> Iterator[tuple[str, dict[str, str], str]]:
    for key, group in values.items():
        if isinstance(group, dict) and "common" in group:
            yield f"custom.{key}", amounts_in(group), "stands beside common, which is read instead"


def _unread_of_spark(values: Mapping[str, Any], _beside: set[str]) -> Iterator[tuple[str, dict[str, str], str]]:
    for key in ("driverPod", "executorPod"):
        for container in containers_of(values.get(key, {}).get("podSpec", {})):
            path = f"custom.{key}.podSpec.containers.{container['name']}"
            yield path, amounts_in(container), "is not passed on: Spark's configuration says what pods ask for"


def _unread_of_ray(values: Mapping[str, Any], beside: set[str]) -> Iterator[tuple[str, dict[str, str], str]]:
    cluster = values.get("rayCluster", {})
    scaler = amounts_in(cluster.get("autoscalerOptions", {}))
    if any(not isinstance(text, Spelling) for text in scaler.values()):
        yield "custom.rayCluster.autoscalerOptions", scaler, "is dropped: not all amounts beside it can be read"
    groups = [(RAY_HEAD, "headGroupSpec", cluster.get("headGroupSpec", {}))]
    for place, group in enumerate(cluster.get("workerGroupSpec", ())):
        groups.append((RAY_WORKER, f"workerGroupSpec.{group.get('groupName') or place}", group))
    for name, key, group in groups:
        for container in containers_of(group.get("k8sPod", {}).get("podSpec", {})):
            if container["name"] not in {name, *beside}:
                path = f"custom.rayCluster.{key}.k8sPod.podSpec.containers.{container['name']}"
                reason = f"is of a container that the pod does not have; Ray's is called {name!r}"
                yield path, amounts_in(container), reason


_UNREAD: Final = {
    **dict.fromkeys(KUBEFLOW, _unread_of_kubeflow),
    "ray": _unread_of_ray,
    "spark": _unread_of_spark,
}
