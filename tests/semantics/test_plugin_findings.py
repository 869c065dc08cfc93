"""What is wrong with the amounts in the settings of plugins."""

from __future__ import annotations

from typing import Any

import pytest
from flyteidl.core import tasks_pb2
from hypothesis import given

import flytetask_nb as ftn
from tests.diffs.strategies import plugins


def task(kind: str, custom: dict[str, Any], version: int = 1, **own: str) -> Any:
    template = tasks_pb2.TaskTemplate(type=kind, task_type_version=version)
    template.container.image = "a:v1"
    for name, value in own.items():
        number = tasks_pb2.Resources.ResourceName.Value(name.upper())
        template.container.resources.requests.add(name=number, value=value)
    template.custom.update(custom)
    return template


def resources(requests: dict[str, str] | None = None, limits: dict[str, str] | None = None) -> dict[str, Any]:
    sides = {"requests": requests or {}, "limits": limits or {}}
    return {side: [{"name": name, "value": value} for name, value in given.items()] for side, given in sides.items()}


def pod(name: str = "ray-worker", **sides: Any) -> dict[str, Any]:
    return {"podSpec": {"containers": [{"name": name, "resources": sides}]}}


def ray(**group: Any) -> dict[str, Any]:
    return {"rayCluster": {"workerGroupSpec": [{"groupName": "a", "replicas": 2, **group}]}}


def found(template: Any, limits: dict[str, str] | None = None) -> list[tuple[str, str]]:
    return [(one.rule, one.path) for one in ftn.check(template, limits).warnings]


GROUPS = {
    "dask scheduler": ("dask", "custom.scheduler", lambda one: {"scheduler": {"resources": one}}),
    "dask workers": ("dask", "custom.workers", lambda one: {"workers": {"numberOfWorkers": 2, "resources": one}}),
    "pytorch master": ("pytorch", "custom.masterReplicas", lambda one: {"masterReplicas": {"resources": one}}),
    "pytorch worker": (
        "pytorch",
        "custom.workerReplicas",
        lambda one: {"workerReplicas": {"replicas": 2, "resources": one}},
    ),
    "tensorflow common": (
        "tensorflow",
        "custom.workerReplicas.common",
        lambda one: {"workerReplicas": {"common": {"replicas": 1, "resources": one}}},
    ),
    "mpi launcher": (
        "mpi",
        "custom.launcherReplicas",
        lambda one: {"workerReplicas": {"replicas": 1}, "launcherReplicas": {"resources": one}},
    ),
}


@pytest.mark.parametrize("group", GROUPS)
@pytest.mark.parametrize(
    ("amounts", "rule", "key"),
    [
        (resources({"MEMORY": "8GB"}), "unreadable-plugin-amount", "requests.memory"),
        (resources({}, {"CPU": ""}), "unreadable-plugin-amount", "limits.cpu"),
        (resources({}, {"STORAGE": "much"}), "unreadable-plugin-amount", "limits.storage"),
        (resources({"CPU": "2"}, {"CPU": "1"}), "lowered-plugin-request", "requests.cpu"),
        (resources({"MEMORY": "2Gi"}, {"MEMORY": "2000M"}), "lowered-plugin-request", "requests.memory"),
        (resources({"GPU": "1"}, {"GPU": "2"}), "unequal-plugin-gpus", "requests.gpu"),
        (resources({}, {"GPU": "1500m"}), "fractional-plugin-gpu", "limits.gpu"),
        (resources({"CPU": "-1"}), "negative-amount", "requests.cpu"),
        (resources({"CPU": "0"}), "zero-amount", "requests.cpu"),
        (resources({"MEMORY": "2048"}), "tiny-amount", "requests.memory"),
        (resources({"STORAGE": "1Gi"}), "ignored-resource", "requests.storage"),
    ],
)
def test_amounts_of_groups(group: str, amounts: dict[str, Any], rule: str, key: str) -> None:
    """Each where it stands, whichever plugin reads it."""
    kind, path, made = GROUPS[group]
    assert found(task(kind, made(amounts))) == [(rule, f"{path}.resources.{key}")]


@pytest.mark.parametrize("group", GROUPS)
def test_sound_amounts_are_not_told(group: str) -> None:
    """Among them requests without limits, the other way round, and the same in other words."""
    kind, _, made = GROUPS[group]
    amounts = resources({"CPU": "0.5", "GPU": "1"}, {"CPU": "500m", "MEMORY": "4Gi"})
    assert found(task(kind, made(amounts)), {"cpu": "1", "gpu": "1", "memory": "4096Mi"}) == []


@pytest.mark.parametrize("group", GROUPS)
def test_the_platform_s_limit_cuts_amounts_down(group: str) -> None:
    """As it does those of a container that Admin does not look at."""
    kind, path, made = GROUPS[group]
    template = task(kind, made(resources({"CPU": "2"}, {"CPU": "4"})))
    expected = [("hidden-over-platform-limit", f"{path}.resources.{side}.cpu") for side in ("requests", "limits")]
    assert found(template, {"cpu": "1"}) == expected


def test_a_group_without_pods_is_not_looked_at() -> None:
    """Its amounts may be of any kind (tensorflow.go)."""
    bad = resources({"CPU": "lots"})
    custom = {"workerReplicas": {"replicas": 1}, "psReplicas": {"replicas": 0, "resources": bad}}
    assert found(task("tensorflow", custom)) == []


PLACE = "custom.rayCluster.workerGroupSpec.a.k8sPod.podSpec"
WORKER = f"{PLACE}.containers.ray-worker.resources"


@pytest.mark.parametrize(
    ("own", "sides", "expected"),
    [
        ({}, {"requests": {"cpu": 2}, "limits": {"cpu": 1}}, [("refused-plugin-request", f"{WORKER}.requests.cpu")]),
        ({"cpu": "1"}, {"requests": {"cpu": "2"}}, [("refused-plugin-request", f"{WORKER}.requests.cpu")]),
        ({"memory": "4Gi"}, {"limits": {"memory": "2Gi"}}, [("refused-plugin-request", f"{WORKER}.limits.memory")]),
        ({"memory": "4Gi"}, {"limits": {"memory": "4096Mi"}}, []),
        ({}, {"requests": {"cpu": "2"}}, []),
        ({}, {"requests": {"nvidia.com/gpu": 1}}, [("unequal-plugin-gpus", f"{WORKER}.requests.nvidia.com/gpu")]),
        ({}, {"limits": {"nvidia.com/gpu": 1}}, []),
        (
            {},
            {"requests": {"nvidia.com/gpu": 1}, "limits": {"nvidia.com/gpu": "2"}},
            [("unequal-plugin-gpus", f"{WORKER}.requests.nvidia.com/gpu")],
        ),
        ({}, {"limits": {"nvidia.com/gpu": "0.5"}}, [("fractional-plugin-gpu", f"{WORKER}.limits.nvidia.com/gpu")]),
        ({}, {"limits": {"memory": "8GB"}}, [("unreadable-plugin-pod", PLACE)]),
        ({}, {"limits": ["cpu"]}, [("unreadable-plugin-pod", PLACE)]),
    ],
)
def test_pods_of_ray(own: dict[str, str], sides: dict[str, Any], expected: list[tuple[str, str]]) -> None:
    """They are laid over the task's own, so what contradicts may stand on either side."""
    assert found(task("ray", ray(k8sPod=pod(**sides)), **own)) == expected


@pytest.mark.parametrize(
    ("kind", "custom", "expected"),
    [
        ("ray", ray(k8sPod=pod("main", limits={"cpu": 1})), [("ignored-plugin-amount", f"{PLACE}.containers.main.resources.limits.cpu")]),
        ("ray", {"rayCluster": {"headGroupSpec": {"k8sPod": pod(limits={"cpu": 1})}}}, [("ignored-plugin-amount", "custom.rayCluster.headGroupSpec.k8sPod.podSpec.containers.ray-worker.resources.limits.cpu")]),
        ("ray", {"rayCluster": {"autoscalerOptions": {"resources": resources({"CPU": "lots"})}}}, [("ignored-plugin-amount", "custom.rayCluster.autoscalerOptions.resources.requests.cpu")]),
        ("ray", ray(minReplicas=3, maxReplicas=1), [("adjusted-plugin-replicas", f"custom.rayCluster.workerGroupSpec.a.{bound}Replicas") for bound in ("min", "max")]),
        ("ray", ray(minReplicas=2, maxReplicas=2), []),
        ("ray", ray(), []),
        ("spark", {"executorPod": pod("primary", requests={"cpu": "1"})}, [("ignored-plugin-amount", "custom.executorPod.podSpec.containers.primary.resources.requests.cpu")]),
        ("spark", {"driverPod": pod("primary", requests={"cpu": "one"})}, [("unreadable-plugin-pod", "custom.driverPod.podSpec")]),
        ("pytorch", {"workerReplicas": {"common": {"replicas": 1}, "resources": resources({"CPU": "1"})}}, [("ignored-plugin-amount", "custom.workerReplicas.resources.requests.cpu")]),
        ("mpi", {"launcherReplicas": {"replicas": 1}}, [("no-plugin-workers", "custom")]),
        ("tensorflow", {"psReplicas": {"replicas": 1}}, [("no-plugin-workers", "custom")]),
        ("pytorch", {}, []),
        ("dask", {"workers": {"numberOfWorkers": "many"}}, [("unreadable-plugin-settings", "custom.workers.numberOfWorkers")]),
        ("container_array", {"parallelism": -1.5}, [("unreadable-plugin-settings", "custom.parallelism")]),
        ("databricks", {"driverPod": pod("primary", requests={"cpu": "one"})}, []),
        ("python-task", {"workers": {"numberOfWorkers": -1}}, []),
    ],
)  # fmt: skip
def test_settings(kind: str, custom: dict[str, Any], expected: list[tuple[str, str]]) -> None:
    """Where the plugin does not look, moves a number, or gives up."""
    assert found(task(kind, custom)) == expected


@pytest.mark.parametrize(("kind", "version"), [("mpi", 0), ("tensorflow", 0)])
def test_older_versions_need_workers_too(kind: str, version: int) -> None:
    """By the number that stands elsewhere there."""
    assert found(task(kind, {}, version)) == [("no-plugin-workers", "custom")]
    key = "numWorkers" if kind == "mpi" else "workers"
    assert found(task(kind, {key: 1}, version)) == []


@pytest.mark.parametrize(
    ("conf", "expected"),
    [
        ({"spark.executor.memory": "8Gi"}, [("unreadable-spark-amount", "spark.executor.memory")]),
        ({"spark.driver.memory": "1.5g"}, [("unreadable-spark-amount", "spark.driver.memory")]),
        ({"spark.executor.instances": "two"}, [("unreadable-spark-amount", "spark.executor.instances")]),
        ({"spark.executor.memory": "8GB", "spark.driver.memory": "512"}, []),
        ({"spark.app.name": "8Gi"}, []),
        (
            {"spark.kubernetes.executor.request.cores": "2", "spark.kubernetes.executor.limit.cores": "1500m"},
            [("refused-plugin-request", "requests.cpu")],
        ),
        (
            {"spark.driver.cores": "2", "spark.kubernetes.driver.limit.cores": "1"},
            [("refused-plugin-request", "requests.cpu")],
        ),
        (
            {"spark.dynamicAllocation.minExecutors": "5", "spark.dynamicAllocation.maxExecutors": "2"},
            [],
        ),
        (
            {
                "spark.dynamicAllocation.enabled": "true",
                "spark.dynamicAllocation.minExecutors": "5",
                "spark.dynamicAllocation.maxExecutors": "2",
            },
            [("contradictory-spark-setting", "spark.dynamicAllocation.minExecutors")],
        ),
        (
            {"spark.task.resource.gpu.amount": "2", "spark.executor.resource.gpu.amount": "1"},
            [("contradictory-spark-setting", "spark.task.resource.gpu.amount")],
        ),
    ],
)
def test_spark(conf: dict[str, str], expected: list[tuple[str, str]]) -> None:
    """What it refuses to read, and what it refuses to start with."""
    assert found(task("spark", {"sparkConf": conf})) == [(rule, f"custom.sparkConf.{key}") for rule, key in expected]


@given(plugins())
def test_no_settings_break_the_check(pair: tuple[Any, Any]) -> None:
    """Whatever stands there, something is told or nothing is."""
    for spec in pair:
        spec.template.container.image = "a:v1"
        ftn.check(spec)


@pytest.mark.parametrize(
    ("kind", "custom", "is_told"),
    [
        ("pytorch", {"workerReplicas": {"replicas": 1, "resources": resources({}, {"GPU": "1"})}}, False),
        ("pytorch", {"workerReplicas": {"replicas": 1, "resources": resources({}, {"GPU": "0"})}}, True),
        ("pytorch", {"workerReplicas": {"replicas": 1}}, True),
        ("dask", {"workers": {"numberOfWorkers": 1, "resources": resources({}, {"GPU": "1"})}}, True),
        ("python-task", {}, True),
    ],
)
def test_an_accelerator_needs_a_gpu_where_flyte_looks_for_one(kind: str, custom: dict[str, Any], is_told: bool) -> None:
    """Of Kubeflow's replicas in their settings, of all others in the task itself."""
    template = task(kind, custom)
    template.extended_resources.gpu_accelerator.device = "nvidia-tesla-t4"
    rules = [rule for rule, _ in found(template) if rule != "zero-amount"]
    assert rules == (["accelerator-without-gpu"] if is_told else [])
