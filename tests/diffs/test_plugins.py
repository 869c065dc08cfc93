"""What settings of plugins mean."""

from __future__ import annotations

import json
from decimal import Decimal
from itertools import combinations
from typing import TYPE_CHECKING, Any

import pytest
from flyteidl.admin import task_pb2
from hypothesis import given
from hypothesis import strategies as st

import flytetask_nb as ftn

if TYPE_CHECKING:
    from collections.abc import Callable


def told(kind: str, old: dict[str, Any], new: dict[str, Any]) -> list[tuple[str, str, str]]:
    made = []
    for custom in (old, new):
        spec = task_pb2.TaskSpec()
        spec.template.type = kind
        spec.template.custom.update(custom)
        made.append(spec)
    found = ftn.diff(*made)
    return [(change.rule, change.severity, change.cache) for change in (*found.changes, *found.noise)]


def ray(**group: Any) -> dict[str, Any]:
    return {"rayCluster": {"workerGroupSpec": [{"groupName": "a", **group}]}}


RAISED = ("plugin-scale-raised", "cost", "none")
LOWERED = ("plugin-scale-lowered", "behaviour", "none")


@pytest.mark.parametrize(
    ("kind", "old", "new", "expected"),
    [
        ("ray", ray(replicas=1), ray(replicas=4), RAISED),
        ("ray", ray(maxReplicas=8), ray(maxReplicas=4), LOWERED),
        ("dask", {"workers": {"numberOfWorkers": 2}}, {"workers": {"numberOfWorkers": 3}}, RAISED),
        ("pytorch", {"workerReplicas": {"replicas": 1}}, {"workerReplicas": {"replicas": 2}}, RAISED),
        ("pytorch", {"workerReplicas": {"common": {"replicas": 3}}}, {"workerReplicas": {"common": {"replicas": 2}}}, LOWERED),
        ("tensorflow", {"psReplicas": {"image": "a:1"}}, {"psReplicas": {"image": "b:1"}}, ("image-repository", "behaviour", "stale-risk")),
        ("mpi", {"slots": 1}, {"slots": 2}, RAISED),
        ("spark", {"sparkConf": {"spark.executor.instances": "2"}}, {"sparkConf": {"spark.executor.instances": "10"}}, RAISED),
        ("spark", {"sparkConf": {"spark.driver.memory": "1500m"}}, {"sparkConf": {"spark.driver.memory": "1g"}}, ("plugin-memory-lowered", "risky", "none")),
        ("container_array", {"parallelism": 4}, {"parallelism": 0}, RAISED),
        ("container_array", {"minSuccessRatio": 1}, {"minSuccessRatio": 0.9}, ("plugin-success-lowered", "risky", "stale-risk")),
        ("snowflake", {"statement": "select 1"}, {"statement": "select 2"}, ("sql-statement", "behaviour", "stale-risk")),
        ("dask", {"workers": {"resources": {"limits": [{"name": "CPU", "value": "4"}]}}}, {"workers": {"resources": {"limits": [{"name": "CPU", "value": "2000m"}]}}}, ("limit-lowered", "risky", "none")),
        ("python-task", {"replicas": 1}, {"replicas": 2}, ("custom-changed", "behaviour", "stale-risk")),
        ("ray", ray(replicas=1), ray(replicas="many"), ("custom-changed", "behaviour", "stale-risk")),
    ],
)  # fmt: skip
def test_a_setting_means_what_its_plugin_makes_of_it(
    kind: str, old: dict[str, Any], new: dict[str, Any], expected: tuple[str, str, str]
) -> None:
    assert told(kind, old, new) == [expected]


# -- amounts -----------------------------------------------------------------------------------------------------------

CORES = (("0.5", "500m"), ("2", "2000m"), ("1e3", "1k"))
SIZES = (("1Gi", "1024Mi"), ("1500M", "1.5G"), ("1Gi", "1073741824"))


def resources(cpu: str, memory: str) -> dict[str, Any]:
    return {
        side: [{"name": "CPU", "value": cpu}, {"name": "MEMORY", "value": memory}] for side in ("requests", "limits")
    }


def pod(cpu: Any, memory: Any, **spec: Any) -> dict[str, Any]:
    amounts = {"cpu": cpu, "memory": memory}
    container = {"name": "ray-worker", "resources": {"requests": amounts, "limits": amounts}}
    return {"podSpec": {"containers": [container], **spec}}


PLACES: dict[str, tuple[str, Callable[[str, str], dict[str, Any]]]] = {
    "dask scheduler": ("dask", lambda *one: {"scheduler": {"resources": resources(*one)}}),
    "dask workers": ("dask", lambda *one: {"workers": {"numberOfWorkers": 2, "resources": resources(*one)}}),
    "pytorch": ("pytorch", lambda *one: {"masterReplicas": {"resources": resources(*one)}}),
    "pytorch common": ("pytorch", lambda *one: {"workerReplicas": {"common": {"resources": resources(*one)}}}),
    "tensorflow": ("tensorflow", lambda *one: {"evaluatorReplicas": {"resources": resources(*one)}}),
    "mpi": ("mpi", lambda *one: {"launcherReplicas": {"resources": resources(*one)}}),
    "ray head": ("ray", lambda *one: {"rayCluster": {"headGroupSpec": {"k8sPod": pod(*one)}}}),
    "ray workers": ("ray", lambda *one: ray(k8sPod=pod(*one))),
    "ray autoscaler": ("ray", lambda *one: {"rayCluster": {"autoscalerOptions": {"resources": resources(*one)}}}),
    "ray overhead": ("ray", lambda *one: ray(k8sPod=pod("1", "1Gi", overhead={"cpu": one[0], "memory": one[1]}))),
    "ray init containers": (
        "ray",
        lambda *one: ray(k8sPod={"podSpec": {"initContainers": pod(*one)["podSpec"]["containers"], "containers": []}}),
    ),
    "spark driver": ("spark", lambda *one: {"driverPod": pod(*one)}),
    "spark executor": ("spark", lambda *one: {"executorPod": pod(*one)}),
}


def with_version(kind: str, custom: dict[str, Any], version: int = 1) -> Any:
    spec = task_pb2.TaskSpec()
    spec.template.type, spec.template.task_type_version = kind, version
    metadata = spec.template.metadata
    metadata.discoverable, metadata.discovery_version = True, "1"
    spec.template.custom.update(custom)
    return spec


@pytest.mark.parametrize("place", PLACES)
@pytest.mark.parametrize(("cpu", "memory"), list(zip(CORES, SIZES, strict=True)))
def test_an_amount_is_the_same_however_it_is_written(place: str, cpu: tuple[str, str], memory: tuple[str, str]) -> None:
    """Wherever a plugin nests it; neither a change nor a reason to distrust cached results."""
    kind, made = PLACES[place]
    one, other = (with_version(kind, made(*amounts)) for amounts in zip(cpu, memory, strict=True))
    found = ftn.diff(one, other)
    assert (*found.changes, *found.noise) == ()
    assert not found.cache.stale


@pytest.mark.parametrize("place", sorted(PLACES.keys() - {"ray overhead"}))
def test_amounts_are_judged_as_those_of_a_container(place: str) -> None:
    """More costs, less is risky, and neither makes results stale; shown with the ratio."""
    kind, made = PLACES[place]
    few, many = with_version(kind, made("0.5", "1Gi")), with_version(kind, made("2", "4096Mi"))
    there, back = ftn.diff(few, many), ftn.diff(many, few)
    sides = {"requests": "request", "limits": "limit"}
    for found, direction, severity in ((there, "raised", "cost"), (back, "lowered", "risky")):
        assert sorted(change.rule for change in found.changes) == sorted(
            2 * [f"{one}-{direction}" for one in sides.values()]
        )
        assert {change.severity for change in found.changes} == {severity}
        assert not found.cache.stale
    shown = {(change.path.rpartition(".")[2], *change.texts) for change in there.changes}
    # In pods as Kubernetes writes them, elsewhere as they are written.
    as_written, canonical = (
        {("cpu", "0.5", "2"), ("memory", "1Gi", "4096Mi")},
        {("cpu", "500m", "2"), ("memory", "1Gi", "4Gi")},
    )
    assert shown in (as_written, canonical)
    assert "(4×)" in there.to_markdown()


@pytest.mark.parametrize("place", sorted(PLACES.keys() - {"ray overhead"}))
def test_amounts_that_come_and_go_are_told_each(place: str) -> None:
    """Also where there were no resources at all."""
    kind, made = PLACES[place]
    whole = made("2", "4Gi")
    bare = json.loads(json.dumps(whole), object_hook=lambda one: {key: one[key] for key in one if key != "resources"})
    one, other = with_version(kind, bare), with_version(kind, whole)
    sides = 2 * ["request", "limit"]
    for old, new, what in ((one, other, "added"), (other, one, "removed")):
        found = ftn.diff(old, new)
        assert sorted(change.rule for change in found.changes) == sorted(f"{side}-{what}" for side in sides)
        assert all("default" in change.reason for change in found.changes)


SPARK_EQUAL = [
    ("spark.executor.memory", "1g", "1024m"),
    ("spark.executor.memory", "2", "2048k"),
    ("spark.driver.memory", "1GB", "1024"),
    ("spark.driver.memoryOverhead", "512", "512M"),
    ("spark.executor.memoryOverhead", "1073741824b", "1g"),
    ("spark.executor.pyspark.memory", "1t", "1024g"),
    ("spark.memory.offHeap.size", "1024", "1k"),
    ("spark.driver.maxResultSize", "1g", "1073741824"),
    ("spark.kryoserializer.buffer", "64", "65536b"),
    ("spark.sql.autoBroadcastJoinThreshold", "-1", "-1b"),
    ("spark.kubernetes.executor.request.cores", "0.5", "500m"),
    ("spark.kubernetes.driver.limit.cores", "2", "2000m"),
    ("spark.executor.instances", "2", " 2"),
    ("spark.executor.resource.gpu.amount", "1", "01"),
    ("spark.task.resource.gpu.amount", "0.5", ".50"),
    ("spark.dynamicAllocation.enabled", "true", "True"),
    ("spark.network.timeout", "120", "2min"),
    ("spark.executor.heartbeatInterval", "10s", "10000"),
]
SPARK_OTHER = [
    ("spark.executor.memory", "1", "1k"),
    ("spark.memory.offHeap.size", "1024", "1024m"),
    ("spark.executor.memoryoverhead", "1g", "1024m"),
    ("spark.app.name", "1g", "1024m"),
    ("spark.executor.memory", "1.0g", "1g"),
]


@pytest.mark.parametrize(("key", "old", "new"), SPARK_EQUAL)
@pytest.mark.parametrize("kind", ["spark", "databricks"])
def test_spark_reads_each_key_in_its_own_unit(kind: str, key: str, old: str, new: str) -> None:
    """Bare numbers among them, also in the configuration of a cluster of Databricks."""
    assert told(kind, {"sparkConf": {key: old}}, {"sparkConf": {key: new}}) == []
    clusters = [{"databricksConf": {"new_cluster": {"spark_conf": {key: text}}}} for text in (old, new)]
    assert told(kind, *clusters) == []


@pytest.mark.parametrize(("key", "old", "new"), SPARK_OTHER)
def test_what_spark_reads_otherwise_is_a_change(key: str, old: str, new: str) -> None:
    """Other units, other keys, and what it cannot read."""
    assert len(told("spark", {"sparkConf": {key: old}}, {"sparkConf": {key: new}})) == 1


@pytest.mark.parametrize(
    ("key", "old", "new", "expected"),
    [
        ("spark.executor.memoryOverhead", "1g", "2048", ("plugin-memory-raised", "cost", "none")),
        ("spark.executor.pyspark.memory", "1g", "512m", ("plugin-memory-lowered", "risky", "none")),
        ("spark.kubernetes.driver.request.cores", "500m", "1", ("request-raised", "cost", "none")),
        ("spark.kubernetes.executor.limit.cores", "2", "1500m", ("limit-lowered", "risky", "none")),
        ("spark.executor.resource.gpu.amount", "1", "2", ("request-raised", "cost", "none")),
        ("spark.executor.memory", None, "4g", ("request-added", "cost", "none")),
        ("spark.executor.cores", "2", None, ("request-removed", "risky", "none")),
    ],
)
def test_spark_amounts_cost_or_risk(key: str, old: str | None, new: str | None, expected: tuple[str, str, str]) -> None:
    """As those of a container do."""
    customs = [{"sparkConf": {} if text is None else {key: text}} for text in (old, new)]
    assert told("spark", *customs) == [expected]


@pytest.mark.parametrize(
    ("kind", "old", "new"),
    [
        ("container_array", {"parallelism": "4"}, {"parallelism": 4}),
        ("dask", {"workers": {"numberOfWorkers": 0}}, {"workers": {}}),
        ("dask", {"workers": {"number_of_workers": 2}}, {"workers": {"numberOfWorkers": "2"}}),
        ("dask", {"scheduler": {"resources": {}}}, {"scheduler": {}}),
        ("mpi", {"workerReplicas": {"restartPolicy": 1}}, {"workerReplicas": {"restartPolicy": "RESTART_POLICY_ON_FAILURE"}}),
        ("ray", ray(rayStartParams={"num-cpus": "4"}), ray(rayStartParams={"num-cpus": "04"})),
        ("ray", ray(k8sPod=pod(1, "1Gi")), ray(k8sPod=pod("1", "1024Mi"))),
        ("ray", ray(k8sPod=pod("1", "1Gi", volumes=[], nodeSelector={})), ray(k8sPod=pod("1", "1Gi"))),
        (
            "ray",
            ray(k8sPod=pod("1", "1Gi", volumes=[{"name": "v", "emptyDir": {"sizeLimit": "1Gi"}}])),
            ray(k8sPod=pod("1", "1Gi", volumes=[{"name": "v", "emptyDir": {"sizeLimit": "1024Mi"}}])),
        ),
    ],
)  # fmt: skip
def test_what_the_plugin_reads_alike_is_no_change(kind: str, old: dict[str, Any], new: dict[str, Any]) -> None:
    """Numbers as texts, defaults that are written out, names of either case, empty parts of a pod."""
    made = [with_version(kind, custom) for custom in (old, new)]
    found = ftn.diff(*made)
    assert (*found.changes, *found.noise) == ()


@pytest.mark.parametrize(
    ("kind", "old", "new", "rule"),
    [
        ("dask", resources("1", "1Gi"), resources("1", "2Gi"), "limit-raised"),
        ("ray", ray(k8sPod=pod("1", "1Gi", securityContext={})), ray(k8sPod=pod("1", "1Gi")), "custom-removed"),
        ("pytorch", {"elasticConfig": {}}, {}, "custom-removed"),
        ("dask", {}, {"workers": {"numberOfWorkers": 2}}, "custom-added"),
        ("dask", {"workers": {"image": "a:1"}}, {"workers": {"image": "a:1", "numberOfWorkers": 2}}, "plugin-scale-raised"),
        ("dask", {"workers": {"resources": {"limits": [{"name": "STORAGE", "value": "1Gi"}]}}}, {"workers": {}}, "resource-ignored-removed"),
        ("dask", {"workers": {"resources": resources("lots", "1Gi")}}, {"workers": {"resources": resources("many", "1Gi")}}, "request-changed"),
        ("spark", {"sparkConf": {"spark.app.requests.most": "1"}}, {"sparkConf": {"spark.app.requests.most": "2"}}, "custom-changed"),
    ],
)  # fmt: skip
def test_what_the_plugin_reads_otherwise_is_one(kind: str, old: dict[str, Any], new: dict[str, Any], rule: str) -> None:
    """Presence that counts, counts, and what cannot be read."""
    if kind == "dask" and "requests" in old:
        old, new = {"workers": {"resources": old}}, {"workers": {"resources": new}}
    assert rule in {change.rule for change in ftn.diff(with_version(kind, old), with_version(kind, new)).changes}


@given(st.integers(1, 10**6), st.sampled_from(("Ki", "Mi", "Gi")), st.sampled_from(sorted(PLACES)))
def test_equal_amounts_are_no_change_by_law(number: int, unit: str, place: str) -> None:
    """In any spelling of the same number."""
    kind, made = PLACES[place]
    size = number * 1024 ** (("Ki", "Mi", "Gi").index(unit) + 1)
    spelled = [
        made(f"{number}m", f"{number}{unit}"),
        made(f"{number * 1000}u", str(size)),
        made(str(Decimal(number) / 1000), f"{size}000m"),
    ]
    for one, other in combinations(spelled, 2):
        found = ftn.diff(with_version(kind, one), with_version(kind, other))
        assert (*found.changes, *found.noise) == ()


@pytest.mark.parametrize(("one", "other"), [("0.5", "500m"), ("1Gi", "1073741824"), ("1e3", "1k"), (2, "2000m")])
def test_amounts_are_the_same_in_every_part_of_a_pod(one: Any, other: Any) -> None:
    """Beside the container that runs the task, in its volumes, in what the pod costs by itself."""
    made = []
    for amount in (one, other):
        spec = with_version("sidecar", {}, 2)
        spec.template.config["primary_container_name"] = "main"
        asked = {"requests": {"memory": amount}, "limits": {"memory": amount}}
        claim = {"spec": {"resources": {"requests": {"storage": amount}}}}
        volumes = [
            {"name": "shared", "emptyDir": {"sizeLimit": amount}},
            {"name": "claimed", "ephemeral": {"volumeClaimTemplate": claim}},
        ]
        containers = [{"name": name, "resources": asked} for name in ("main", "side")]
        parts = {"containers": containers, "initContainers": containers[1:], "volumes": volumes}
        spec.template.k8s_pod.pod_spec.update({**parts, "overhead": {"memory": amount}})
        made.append(spec)
    found = ftn.diff(*made)
    assert (*found.changes, *found.noise) == ()
    assert not found.cache.stale
