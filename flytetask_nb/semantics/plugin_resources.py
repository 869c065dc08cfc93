"""What a whole job asks for: the pods that a plugin makes of a task, how many there are, and what each requests.

A plugin takes the task's own pod for each of its groups and puts what its settings say in place of it or over it.
"""

from __future__ import annotations

from functools import cache, partial
from typing import TYPE_CHECKING, Any, Final, NamedTuple

from flytetask_nb.errors import ModelValueError, QuantityError
from flytetask_nb.models.resource_names import GPU, GPUS
from flytetask_nb.semantics import limits
from flytetask_nb.semantics.plugin_settings import (
    Spelling,
    amounts_in,
    amounts_of_container,
    amounts_of_resources,
    settings_of,
)
from flytetask_nb.semantics.quantities import Quantity, parse
from flytetask_nb.semantics.task_container import pod_containers, primary_container_name

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping, Sequence
    from fractions import Fraction

    from flytetask_nb.semantics.plugin_settings import PluginSettings

DEFAULTED: Final = frozenset({"cpu", "memory"})
"""Resources that the platform grants where nobody asks for them."""

RAY_HEAD, RAY_WORKER = "ray-head", "ray-worker"
"""What the task's container is called in the pods of Ray."""

_ARRAY: Final = "container_array"
_MAPPED: Final = "mapped"

# A request and a limit; None: not known, or not there.
Sides = tuple["Quantity | None", "Quantity | None"]
_NEITHER: Final[Sides] = (None, None)


class PluginPod(NamedTuple):
    """A task's own pod.

    ``amounts``: what the container that runs the task asks for, by side and resource: ``requests.cpu``.
    ``beside``: names and amounts of the containers beside it.
    ``has_template``: whether a pod template of the cluster says more: what the task leaves open, that may fill in.
    """

    amounts: Mapping[str, str]
    beside: Sequence[tuple[str, Mapping[str, str]]] = ()
    has_template: bool = False

    def sides(self, resource: str) -> Sides:
        """Return what the container that runs the task requests of a resource and is limited to; see :class:`Group`."""
        resolved = _resolved(self.amounts, "", resource)
        if not self.has_template or resource not in DEFAULTED:
            return resolved
        # The template's amounts come before one that stands in for another (MergeResourcesIfMissing).
        named = (f"{side}.{resource}" in self.amounts for side in ("requests", "limits"))
        return tuple(side if is_named else None for side, is_named in zip(resolved, named, strict=True))  # type: ignore[return-value]


class Group(NamedTuple):
    """Pods of one kind.

    ``name``: what the plugin calls them.
    ``path``: where their amounts stand in ``custom``; empty: they have none of their own.
    ``replicas``: how many there can be at the same time; None: not known before it runs.
    ``amounts``: what the settings ask for by side and resource, as it stands there.
    ``sides``: from the name of a resource to what the main container requests and is limited to, None where the
      platform decides or nothing is asked for. Raises QuantityError where it cannot be read.
    ``beside``: as in :class:`PluginPod`.
    ``is_overlaid``: whether Kubernetes gets what the settings say as it stands; else Flyte puts it right first.
    """

    name: str
    path: str
    replicas: int | None
    amounts: Mapping[str, str]
    sides: Callable[[str], Sides]
    beside: Sequence[tuple[str, Mapping[str, str]]] = ()
    is_overlaid: bool = False

    def key_of(self, resource: str) -> str:
        """Return the key under which the settings name a resource, the request's if there are both."""
        keys = [*_keys("requests", resource), *_keys("limits", resource)]
        return next((key for key in keys if key in self.amounts), keys[0])

    def request(self, resource: str) -> Quantity | None:
        """Return what one of the pods requests; None where the platform decides, or nothing is asked for."""
        request, _ = self.sides(resource)
        if not self.beside:
            return request
        others = [
            amount for name, amounts in self.beside if (amount := _resolved(amounts, name, resource)[0]) is not None
        ]
        if not others or (request is None and resource in DEFAULTED):
            return request
        return sum(others, request or Quantity(0))


class Job(NamedTuple):
    """The pods of a task.

    ``groups``: empty: no pod of Flyte's runs the task.
    ``problem``: which setting the plugin cannot read, so that every run fails; empty: it can read all of them.
    """

    groups: tuple[Group, ...]
    problem: str = ""

    @property
    def replicas(self) -> int | None:
        """How many pods run at the same time; None where that is not known, or where there are none.

        Raises ModelValueError: the plugin cannot read its settings.
        """
        self._require_read()
        counts = [group.replicas for group in self.groups]
        return None if None in counts or not counts else sum(count for count in counts if count is not None)

    def total(self, resource: str) -> Quantity | None:
        """Return what all pods request together.

        Returns Quantity or None: exact. None where it cannot be known: the platform decides, or the number of pods is
          open; and where no pod names the resource.
        Raises QuantityError: an amount is unreadable.
        Raises ModelValueError: the plugin cannot read its settings.
        """
        self._require_read()
        nanos, is_asked = 0, False
        for group in self.groups:
            request = None if group.replicas == 0 else group.request(resource)
            if request is None:
                if resource in DEFAULTED and group.replicas != 0:
                    return None
                continue
            if group.replicas is None:
                return None
            nanos, is_asked = nanos + request.nanos * group.replicas, True
        return Quantity.of_nanos(nanos) if is_asked else None

    def _require_read(self) -> None:
        if self.problem:
            raise ModelValueError(self.problem)


def job_of(template: Any, own: PluginPod | None, *, is_mapped: bool = False) -> Job:
    """Return the pods that a task's plugin makes of it.

    ``template``: a flyteidl ``TaskTemplate``, or whatever has its ``type``, ``task_type_version`` and ``custom``.
    ``own``: its own pod; None: it has none, so nothing of it runs in a pod of Flyte's.
    ``is_mapped``: whether an array node runs it once for each of its inputs; how many, only the workflow says.

    Notes
    -----
    Pods that run at the same time count: of Dask the runner, the scheduler and the workers; of Ray the head and the
    workers; of Spark the driver and the executors; of Kubeflow all replicas. Where pods come and go, it is the most
    that there can be. What comes unsaid does not count: init containers, the pod that submits a Ray job, what a
    platform's pod template adds, and Spark's overhead of memory unless it is named.
    """
    if own is None:
        return Job(())
    if is_mapped:
        return Job((_own_group(_MAPPED, None, own),))
    if template.type not in _PLUGINS:
        return Job((_own_group("", 1, own),))
    settings = settings_of(template)
    if settings.misread:
        return Job((), ": ".join(settings.misread[0]))
    try:
        return Job(tuple(groups_of(template, settings, own)))
    except QuantityError as error:
        return Job((), str(error))


def groups_of(template: Any, settings: PluginSettings, own: PluginPod) -> list[Group]:
    """Return the groups of pods that settings which the plugin can read make of a task; see :func:`job_of`."""
    plugin = _PLUGINS.get(template.type)
    return [] if plugin is None else plugin(settings, own, template.task_type_version)


def own_pod(template: Any) -> PluginPod | None:
    """Return a task's own pod; None where neither a container nor a pod is its target."""
    target, has_template = template.WhichOneof("target"), bool(template.metadata.pod_template_name)
    if target == "container":
        return PluginPod(amounts_of_resources(template.container.resources), has_template=has_template)
    if target != "k8s_pod":
        return None
    name = primary_container_name(template)
    containers = [
        (container.get("name"), amounts_of_container(container)) for container in pod_containers(template.k8s_pod)
    ]
    own = next((amounts for called, amounts in containers if called == name), {})
    return PluginPod(own, [(str(called), amounts) for called, amounts in containers if called != name], has_template)


# -- amounts -------------------------------------------------------------------------------------------------------


@cache
def _keys(side: str, resource: str) -> tuple[str, ...]:
    """Return the keys under which an amount of a resource can stand."""
    return tuple(f"{side}.{name}" for name in (GPUS if resource == GPU else (resource,)))


def _amount(amounts: Mapping[str, str], path: str, side: str, resource: str) -> Quantity | None:
    key = next((key for key in _keys(side, resource) if key in amounts), None)
    if key is None:
        return None
    try:
        return parse(str(amounts[key]))
    except QuantityError as error:
        raise QuantityError(f"{path}.{key}: {error}" if path else str(error)) from None


def _resolved(amounts: Mapping[str, str], path: str, resource: str) -> Sides:
    """Return request and limit as Flyte fills them in: a zero is none, and one stands in for the other."""
    request, limit = _amount(amounts, path, "requests", resource), _amount(amounts, path, "limits", resource)
    if request is None and limit is None:
        return _NEITHER
    asked, allowed = limits.adjusted(request or limits.ZERO, limit or limits.ZERO, limits.ZERO, limits.ZERO)
    # Who asks for none has none, unless the platform has a default.
    return (asked, allowed) if asked or resource not in DEFAULTED else _NEITHER


def _laid_over(over: Mapping[str, str], path: str, base: Callable[[str], Sides], resource: str) -> Sides:
    """Return request and limit where each amount that is named takes the place of the one below it."""
    request, limit = (_amount(over, path, side, resource) for side in ("requests", "limits"))
    below = base(resource)
    request, limit = (below[0] if request is None else request), (below[1] if limit is None else limit)
    # Kubernetes lets the limit stand in; of these, the platform's default stands there already.
    return (limit if request is None and resource not in DEFAULTED else request), limit


def _own_group(name: str, replicas: int | None, own: PluginPod) -> Group:
    return Group(name, "", replicas, {}, own.sides, own.beside)


def _count(values: Mapping[str, Any], key: str) -> int:
    return max(int(values.get(key, 0)), 0)


# -- plugins -------------------------------------------------------------------------------------------------------


def _array(settings: PluginSettings, own: PluginPod, _version: int) -> list[Group]:
    """Return the items of a map task of the older kind (flyteplugins/go/tasks/plugins/array/k8s/management.go)."""
    known = [count for key in ("parallelism", "size") if (count := _count(settings.values, key))]
    return [_own_group(_MAPPED, min(known, default=None), own)]


def _dask(settings: PluginSettings, own: PluginPod, _version: int) -> list[Group]:
    """Return runner, scheduler and workers (flyteplugins/go/tasks/plugins/k8s/dask/dask.go).

    Whoever names an amount gets none of the task's own.
    """
    groups = [_own_group("runner", 1, own)]
    for key in ("scheduler", "workers"):
        values = settings.values.get(key, {})
        amounts, path = amounts_in(values), f"custom.{key}.resources"
        sides = partial(_resolved, amounts, path) if amounts else groups[0].sides
        replicas = 1 if key == "scheduler" else _count(values, "numberOfWorkers")
        groups.append(Group(key, path, replicas, amounts, sides, own.beside))
    return groups


class _Role(NamedTuple):
    """Replicas of one kind of a Kubeflow job: where they stand, by version of the task's type, and how many.

    ``least`` stands where fewer are asked for; ``is_fixed`` says that there are never more.
    """

    key: str
    older: str
    least: int = 0
    is_fixed: bool = False


# flyteplugins/go/tasks/plugins/k8s/kfoperators.
_ROLES: Final[Mapping[str, tuple[_Role, ...]]] = {
    "mpi": (_Role("launcherReplicas", "numLauncherReplicas", 1, is_fixed=True), _Role("workerReplicas", "numWorkers")),
    "pytorch": (_Role("masterReplicas", "", 1, is_fixed=True), _Role("workerReplicas", "workers")),
    "tensorflow": (
        _Role("chiefReplicas", "chiefReplicas"),
        _Role("workerReplicas", "workers"),
        _Role("psReplicas", "psReplicas"),
        _Role("evaluatorReplicas", "evaluatorReplicas"),
    ),
}


def _kubeflow(kind: str, settings: PluginSettings, own: PluginPod, version: int) -> list[Group]:
    """Return the replicas of a Kubeflow job (kfoperators/common/common_operator.go).

    Whoever names an amount gets the platform's cores and memory for what it does not name, and the task's own of
    everything else. An elastic job has no master.
    """
    values, groups = settings.values, []
    for role in _ROLES[kind]:
        if role.key == "masterReplicas" and "elasticConfig" in values:
            continue
        if not version:
            count = max(_count(values, role.older), role.least)
            groups.append(_own_group(role.key, count, own))
            continue
        given = values.get(role.key, {})
        path, spec = f"custom.{role.key}", given
        if "common" in given:
            path, spec = f"{path}.common", given["common"]
        amounts, path = amounts_in(spec), f"{path}.resources"
        count = role.least if role.is_fixed else _count(spec, "replicas")
        sides = partial(_over_own, amounts, path, own) if amounts else own.sides
        groups.append(Group(role.key, path, count, amounts, sides, own.beside))
    return groups


def _over_own(amounts: Mapping[str, str], path: str, own: PluginPod, resource: str) -> Sides:
    resolved = _resolved(amounts, path, resource)
    return resolved if resolved != _NEITHER or resource in DEFAULTED else own.sides(resource)


def _ray(settings: PluginSettings, own: PluginPod, _version: int) -> list[Group]:
    """Return head and workers (flyteplugins/go/tasks/plugins/k8s/ray/ray.go).

    Pod specs are laid over the task's own, container by container of the same name.
    """
    cluster = settings.values.get("rayCluster", {})
    path = "custom.rayCluster"
    groups = [_ray_group("head", cluster.get("headGroupSpec", {}), f"{path}.headGroupSpec", own)]
    for place, given in enumerate(cluster.get("workerGroupSpec", ())):
        name = given.get("groupName", "") or str(place)
        replicas = _count(given, "replicas")
        if cluster.get("enableAutoscaling"):
            replicas = max(replicas, _count(given, "maxReplicas"))
        group = _ray_group(name, given, f"{path}.workerGroupSpec.{name}", own)
        groups.append(group._replace(replicas=replicas))
    return groups


def _ray_group(name: str, given: Mapping[str, Any], path: str, own: PluginPod) -> Group:
    container = RAY_HEAD if path.endswith("headGroupSpec") else RAY_WORKER
    spec = given.get("k8sPod", {}).get("podSpec", {})
    over = {container["name"]: amounts_in(container) for container in containers_of(spec)}
    path = f"{path}.k8sPod.podSpec.containers"
    main, amounts = f"{path}.{container}.resources", over.get(container, {})
    sides = partial(_laid_over, amounts, main, own.sides)
    beside = [(name, {**held, **over.get(name, {})}) for name, held in own.beside]
    return Group(name, main, 1, amounts, sides, beside, is_overlaid=True)


def containers_of(spec: Any) -> list[dict[str, Any]]:
    """Return the containers of a pod spec that have a name."""
    containers = spec.get("containers") if isinstance(spec, dict) else None
    listed = containers if isinstance(containers, list) else []
    return [container for container in listed if isinstance(container, dict) and isinstance(container.get("name"), str)]


def _spark(settings: PluginSettings, _own: PluginPod, _version: int) -> list[Group]:
    """Return driver and executors (flyteplugins/go/tasks/plugins/k8s/spark/spark.go).

    Their amounts are those of Spark's configuration; the task's own do not count. What it leaves out, the platform's
    own configuration of Spark may say.
    """
    conf = settings.values.get("sparkConf", {})
    executors = _spark_number(conf, "spark.executor.instances")
    if _spark_number(conf, "spark.dynamicAllocation.enabled"):
        executors = _spark_number(conf, "spark.dynamicAllocation.maxExecutors")
    path = "custom.sparkConf"
    return [
        Group(role, path, replicas, {}, partial(_spark_sides, conf, role), is_overlaid=True)
        for role, replicas in (("driver", 1), ("executor", executors))
    ]


def _spark_number(conf: Mapping[str, Any], key: str) -> int | None:
    value = _spark_value(conf, key)
    return None if value is None else max(int(value), 0)


def _spark_sides(conf: Mapping[str, Any], role: str, resource: str) -> Sides:
    if resource == "cpu":
        own = f"spark.{role}.cores"
        asked = _spark_amount(conf, f"spark.kubernetes.{role}.request.cores") or _spark_amount(conf, own)
        return asked, _spark_amount(conf, f"spark.kubernetes.{role}.limit.cores") or asked
    if resource == GPU:
        asked = _spark_amount(conf, f"spark.{role}.resource.gpu.amount")
        return asked, asked
    keys = [f"spark.{role}.memory", f"spark.{role}.memoryOverhead"]
    if role == "executor":
        keys.append("spark.executor.pyspark.memory")
        if _spark_number(conf, "spark.memory.offHeap.enabled"):
            keys.append("spark.memory.offHeap.size")
    base, *more = (_spark_amount(conf, key) for key in keys)
    asked = None if base is None else sum((amount for amount in more if amount is not None), base)
    return asked, asked


def _spark_amount(conf: Mapping[str, Any], key: str) -> Quantity | None:
    value = _spark_value(conf, key)
    return None if value is None else Quantity(value)


def _spark_value(conf: Mapping[str, Any], key: str) -> Fraction | None:
    value = conf.get(key)
    if value is None or isinstance(value, Spelling):
        return None if value is None else value.value
    raise QuantityError(f"custom.sparkConf.{key}: {value!r} is no amount that Spark can read")


def _databricks(settings: PluginSettings, _own: PluginPod, _version: int) -> list[Group]:
    """Return the machines of a cluster, a driver among them; what each has, its type says elsewhere.

    flyteplugins/go/tasks/plugins/webapi/databricks/plugin.go, and the API of Databricks.
    """
    cluster = settings.values.get("databricksConf", {}).get("new_cluster")
    cluster = cluster if isinstance(cluster, dict) else {}
    scale = cluster.get("autoscale")
    workers = scale.get("max_workers") if isinstance(scale, dict) else cluster.get("num_workers")
    machines = max(workers, 0) + 1 if isinstance(workers, int) and not isinstance(workers, bool) else None
    return [Group("machine", "", machines, {}, lambda _: _NEITHER)]


_PLUGINS: Final[Mapping[str, Callable[[PluginSettings, PluginPod, int], list[Group]]]] = {
    _ARRAY: _array,
    "dask": _dask,
    "databricks": _databricks,
    **{kind: partial(_kubeflow, kind) for kind in _ROLES},
    "ray": _ray,
    "spark": _spark,
}

GROUPED_TYPES: Final = frozenset(_PLUGINS)
"""Types of tasks whose plugin makes several pods of one task."""
