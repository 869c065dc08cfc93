"""What whole jobs ask for."""

from __future__ import annotations

from contextlib import suppress
from fractions import Fraction
from typing import Any

import pytest
from flyteidl.core import tasks_pb2
from hypothesis import given
from hypothesis import strategies as st

from flytetask_nb.errors import FlyteTaskError, ModelValueError, QuantityError
from flytetask_nb.semantics.plugin_resources import Job, PluginPod, job_of, own_pod
from tests.diffs.strategies import plugins

GIB = 2**30
OWN = PluginPod({"requests.cpu": "500m", "limits.memory": "1Gi"})
NOTHING = PluginPod({})


def job(kind: str, custom: dict[str, Any], version: int = 1, own: PluginPod = OWN, *, is_mapped: bool = False) -> Job:
    template = tasks_pb2.TaskTemplate(type=kind, task_type_version=version)
    template.custom.update(custom)
    return job_of(template, own, is_mapped=is_mapped)


def totals(found: Job) -> tuple[int | None, Fraction | None, Fraction | None, Fraction | None]:
    """Return replicas, cores, memory in GiB and GPUs."""
    cpu, memory, gpu = (found.total(name) for name in ("cpu", "memory", "gpu"))
    return (
        found.replicas,
        None if cpu is None else cpu.value,
        None if memory is None else memory.value / GIB,
        None if gpu is None else gpu.value,
    )


def resources(**amounts: str) -> dict[str, Any]:
    return {"requests": [{"name": name.upper(), "value": value} for name, value in amounts.items()]}


def limits(**amounts: str) -> dict[str, Any]:
    return {"limits": [{"name": name.upper(), "value": value} for name, value in amounts.items()]}


def pod(name: str, **sides: Any) -> dict[str, Any]:
    return {"podSpec": {"containers": [{"name": name, "resources": sides}]}}


WHOLE = resources(cpu="4", memory="8Gi", gpu="1")
HALF = Fraction(1, 2)


@pytest.mark.parametrize(
    ("kind", "version", "custom", "expected"),
    [
        ("python-task", 0, {}, (1, HALF, 1, None)),
        ("some-agent", 0, {"workers": 3}, (1, HALF, 1, None)),
        # Runner, scheduler, workers.
        ("dask", 0, {}, (2, 1, 2, None)),
        ("dask", 0, {"workers": {"numberOfWorkers": 3}}, (5, 5 * HALF, 5, None)),
        ("dask", 0, {"workers": {"numberOfWorkers": 3, "resources": WHOLE}}, (5, 13, 26, 3)),
        ("dask", 0, {"workers": {"numberOfWorkers": 3, "resources": limits(cpu="2", memory="2Gi")}}, (5, 7, 8, None)),
        ("dask", 0, {"scheduler": {"resources": WHOLE}, "workers": {"numberOfWorkers": 1}}, (3, 5, 10, 1)),
        # Who names an amount gets the platform's of what it does not name.
        ("dask", 0, {"workers": {"numberOfWorkers": 3, "resources": resources(cpu="4")}}, (5, 13, None, None)),
        # The request is cut down to the limit.
        ("dask", 0, {"workers": {"numberOfWorkers": 2, "resources": {**resources(cpu="4", memory="1Gi"), **limits(cpu="3")}}}, (4, 7, 4, None)),
        ("pytorch", 0, {"workers": 3}, (4, 2, 4, None)),
        ("pytorch", 0, {"workers": 3, "elasticConfig": {"minReplicas": 1}}, (3, 3 * HALF, 3, None)),
        ("pytorch", 1, {"workerReplicas": {"replicas": 3}}, (4, 2, 4, None)),
        ("pytorch", 1, {"masterReplicas": {"replicas": 5, "resources": WHOLE}, "workerReplicas": {"replicas": 2}}, (3, 5, 10, 1)),
        ("pytorch", 1, {"workerReplicas": {"replicas": 2, "resources": WHOLE}}, (3, 8 + HALF, 17, 2)),
        ("pytorch", 1, {"workerReplicas": {"common": {"replicas": 2, "resources": WHOLE}, "replicas": 9}}, (3, 8 + HALF, 17, 2)),
        ("pytorch", 1, {"workerReplicas": {"replicas": 4, "resources": WHOLE}, "elasticConfig": {}}, (4, 16, 32, 4)),
        ("tensorflow", 0, {"workers": 2, "psReplicas": 1, "chiefReplicas": 1}, (4, 2, 4, None)),
        ("tensorflow", 1, {"workerReplicas": {"replicas": 2, "resources": WHOLE}, "psReplicas": {"replicas": 1}, "chiefReplicas": {"resources": WHOLE}}, (3, 8 + HALF, 17, 2)),
        ("mpi", 0, {"numWorkers": 2}, (3, 3 * HALF, 3, None)),
        ("mpi", 0, {"numWorkers": 2, "numLauncherReplicas": 2}, (4, 2, 4, None)),
        ("mpi", 1, {"workerReplicas": {"replicas": 2, "resources": WHOLE}, "launcherReplicas": {"replicas": 3}, "slots": 8}, (3, 8 + HALF, 17, 2)),
        # Of the parallel items of a map task as many as run at the same time.
        ("container_array", 1, {"parallelism": "4"}, (4, 2, 4, None)),
        ("container_array", 1, {"parallelism": 4, "size": "2"}, (2, 1, 2, None)),
        ("container_array", 1, {"size": 10}, (10, 5, 10, None)),
        ("container_array", 1, {"minSuccessRatio": 1.0}, (None, None, None, None)),
    ],
)  # fmt: skip
def test_groups_of_pods(kind: str, version: int, custom: dict[str, Any], expected: tuple[Any, ...]) -> None:
    """Each with its own amounts, or with the task's own."""
    assert totals(job(kind, custom, version)) == expected


def ray(*groups: dict[str, Any], **cluster: Any) -> dict[str, Any]:
    return {"rayCluster": {**cluster, "workerGroupSpec": list(groups)}}


@pytest.mark.parametrize(
    ("custom", "expected"),
    [
        ({}, (1, HALF, 1, None)),
        (ray({"groupName": "a", "replicas": 2}, {"groupName": "b", "replicas": 1}), (4, 2, 4, None)),
        (ray({"replicas": 2, "k8sPod": pod("ray-worker", limits={"nvidia.com/gpu": 1})}), (3, 3 * HALF, 3, 2)),
        (
            ray({"replicas": 2, "k8sPod": pod("ray-worker", requests={"cpu": 4, "memory": "8Gi"})}),
            (3, 8 + HALF, 17, None),
        ),
        # The task's own request stays below a limit that is laid over it.
        (ray({"replicas": 2, "k8sPod": pod("ray-worker", limits={"cpu": 4})}), (3, 3 * HALF, 3, None)),
        # Only the container that Ray runs in is looked at.
        (ray({"replicas": 2, "k8sPod": pod("primary", requests={"cpu": 4})}), (3, 3 * HALF, 3, None)),
        (ray(headGroupSpec={"k8sPod": pod("ray-head", requests={"cpu": 4})}), (1, 4, 1, None)),
        (ray({"replicas": 2, "maxReplicas": 5}), (3, 3 * HALF, 3, None)),
        (ray({"replicas": 2, "maxReplicas": 5}, enableAutoscaling=True), (6, 3, 6, None)),
        (ray({"replicas": 2, "maxReplicas": 1}, enableAutoscaling=True), (3, 3 * HALF, 3, None)),
    ],
)
def test_ray(custom: dict[str, Any], expected: tuple[Any, ...]) -> None:
    """Head and workers, their pods laid over the task's own."""
    assert totals(job("ray", custom)) == expected


def test_ray_without_amounts_of_its_own() -> None:
    """What a group does not name, the platform decides; its GPUs are known all the same."""
    worker = pod("ray-worker", requests={"cpu": "2"}, limits={"cpu": "2", "nvidia.com/gpu": "1"})
    head = {"k8sPod": pod("ray-head", requests={"cpu": "1"})}
    custom = ray({"replicas": 2, "k8sPod": worker}, headGroupSpec=head)
    assert totals(job("ray", custom, own=NOTHING)) == (3, 5, None, 2)


DRIVER = {"spark.driver.cores": "1", "spark.driver.memory": "1g"}
EXECUTORS = {"spark.executor.cores": "2", "spark.executor.memory": "2048", "spark.executor.instances": "3"}


@pytest.mark.parametrize(
    ("conf", "expected"),
    [
        ({}, (None, None, None, None)),
        (DRIVER, (None, None, None, None)),
        (EXECUTORS, (4, None, None, None)),
        ({**DRIVER, **EXECUTORS}, (4, 7, 7, None)),
        ({**DRIVER, **EXECUTORS, "spark.executor.resource.gpu.amount": "2"}, (4, 7, 7, 6)),
        ({**DRIVER, **EXECUTORS, "spark.driver.resource.gpu.amount": "1"}, (4, 7, 7, 1)),
        ({**DRIVER, **EXECUTORS, "spark.task.resource.gpu.amount": "0.5"}, (4, 7, 7, None)),
        ({**DRIVER, **EXECUTORS, "spark.executor.memoryOverhead": "1g", "spark.driver.memoryOverhead": "512"}, (4, 7, 10 + HALF, None)),
        ({**DRIVER, **EXECUTORS, "spark.executor.pyspark.memory": "1g"}, (4, 7, 10, None)),
        ({**DRIVER, **EXECUTORS, "spark.memory.offHeap.size": "1g"}, (4, 7, 7, None)),
        ({**DRIVER, **EXECUTORS, "spark.memory.offHeap.size": "1g", "spark.memory.offHeap.enabled": "true"}, (4, 7, 10, None)),
        ({**DRIVER, **EXECUTORS, "spark.kubernetes.executor.request.cores": "500m"}, (4, 1 + 3 * HALF, 7, None)),
        ({**DRIVER, **EXECUTORS, "spark.dynamicAllocation.enabled": "true"}, (None, None, None, None)),
        ({**DRIVER, **EXECUTORS, "spark.dynamicAllocation.enabled": "true", "spark.dynamicAllocation.maxExecutors": "10"}, (11, 21, 21, None)),
        ({**DRIVER, **EXECUTORS, "spark.dynamicAllocation.enabled": "false", "spark.dynamicAllocation.maxExecutors": "10"}, (4, 7, 7, None)),
    ],
)  # fmt: skip
def test_spark(conf: dict[str, str], expected: tuple[Any, ...]) -> None:
    """Driver and executors by Spark's own configuration: the task's own amounts do not count."""
    assert totals(job("spark", {"sparkConf": conf}, 0)) == expected


@pytest.mark.parametrize(
    ("cluster", "expected"),
    [
        ({"num_workers": 2}, 3),
        ({"num_workers": 0}, 1),
        ({"autoscale": {"min_workers": 1, "max_workers": 4}, "num_workers": 2}, 5),
        ({}, None),
        ({"num_workers": "2"}, None),
        ("x", None),
    ],
)
def test_databricks_counts_machines(cluster: Any, expected: int | None) -> None:
    """What each of them has, its type says elsewhere."""
    assert totals(job("databricks", {"databricksConf": {"new_cluster": cluster}})) == (expected, None, None, None)


def test_mapped_tasks_are_of_unknown_number() -> None:
    """Their workflow says how many run at the same time."""
    assert totals(job("python-task", {}, is_mapped=True)) == (None, None, None, None)
    assert totals(job("dask", {"workers": {"numberOfWorkers": 2}}, is_mapped=True)) == (None, None, None, None)


def test_what_nobody_asks_for_is_unknown_or_nothing() -> None:
    """Cores and memory are the platform's then, GPUs nobody's; a zero counts as absent."""
    assert totals(job("python-task", {}, own=NOTHING)) == (1, None, None, None)
    assert totals(job("python-task", {}, own=PluginPod({"requests.cpu": "0", "requests.gpu": "0"}))) == (
        1,
        None,
        None,
        0,
    )
    assert job_of(tasks_pb2.TaskTemplate(type="presto"), None).replicas is None


def test_containers_beside_count() -> None:
    """They run at the same time; of what they do not ask for they have nothing."""
    template = tasks_pb2.TaskTemplate(type="sidecar", config={"primary_container_name": "main"})
    amounts = [
        {"name": "main", "resources": {"requests": {"cpu": 1, "memory": "1Gi"}}},
        {"name": "side", "resources": {"limits": {"cpu": "500m", "nvidia.com/gpu": "1"}}},
        {"name": "other"},
    ]
    template.k8s_pod.pod_spec.update({"containers": amounts, "initContainers": amounts[:1]})
    own = own_pod(template)
    assert own is not None
    assert totals(job_of(template, own)) == (1, 3 * HALF, 1, 1)
    assert totals(job("dask", {"workers": {"numberOfWorkers": 1, "resources": WHOLE}}, own=own)) == (3, 7 + HALF, 10, 4)
    assert totals(job("spark", {"sparkConf": {**DRIVER, **EXECUTORS}}, own=own)) == (4, 7, 7, None)


def test_what_cannot_be_read_is_told_and_hides_nothing_else() -> None:
    """One amount hides one total, a number that nobody can read all of them."""
    found = job("dask", {"workers": {"numberOfWorkers": 2, "resources": resources(cpu="lots", memory="1Gi")}})
    assert found.replicas == 4
    assert found.total("memory") is not None
    with pytest.raises(QuantityError, match=r"custom\.workers\.resources\.requests\.cpu: 'lots' is no quantity"):
        found.total("cpu")
    broken = job("dask", {"workers": {"numberOfWorkers": "many"}})
    for ask in (lambda: broken.replicas, lambda: broken.total("gpu")):
        with pytest.raises(ModelValueError, match=r"custom\.workers\.numberOfWorkers: 'many'"):
            ask()
    spark = job("spark", {"sparkConf": {**EXECUTORS, "spark.executor.instances": "two"}})
    with pytest.raises(ModelValueError, match=r"spark\.executor\.instances: 'two' is no amount that Spark can read"):
        spark.total("cpu")


@given(st.integers(1, 50), st.integers(1, 10**6), st.sampled_from(("dask", "pytorch", "ray")))
def test_totals_are_exact(count: int, thousandths: int, kind: str) -> None:
    """However small the parts: never through a float."""
    amount = f"{thousandths}m"
    worker = resources(cpu=amount)
    custom = {
        "dask": {"workers": {"numberOfWorkers": count, "resources": worker}},
        "pytorch": {"workerReplicas": {"replicas": count, "resources": worker}},
        "ray": ray({"replicas": count, "k8sPod": pod("ray-worker", requests={"cpu": amount})}),
    }[kind]
    own = {"dask": 2, "pytorch": 1, "ray": 1}[kind]
    cpu = job(kind, custom).total("cpu")
    assert cpu is not None
    assert cpu.value == own * HALF + count * Fraction(thousandths, 1000)


@given(plugins())
def test_no_settings_break_a_job(pair: tuple[Any, Any]) -> None:
    """What cannot be read is told, in an error of this package's."""
    for spec in pair:
        found = job_of(spec.template, OWN)
        for name in ("cpu", "memory", "gpu"):
            with suppress(FlyteTaskError):
                found.total(name)
        with suppress(FlyteTaskError):
            assert found.replicas is None or found.replicas >= 0
