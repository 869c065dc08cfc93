"""The settings of plugins as the plugins read them."""

from __future__ import annotations

import pickle
from fractions import Fraction
from typing import Any

import pytest
from flyteidl.core import tasks_pb2
from flyteidl.plugins import dask_pb2, ray_pb2
from flyteidl.plugins.kubeflow import pytorch_pb2
from google.protobuf.json_format import MessageToDict

from flytetask_nb.semantics.plugin_settings import PluginSettings, Spelling, settings_of


def read(kind: str, custom: dict[str, Any], version: int = 1) -> PluginSettings:
    template = tasks_pb2.TaskTemplate(type=kind, task_type_version=version)
    template.custom.update(custom)
    return settings_of(template)


def test_a_spelling_is_what_is_written_and_equals_its_amount() -> None:
    """It shows as the text, survives a copy, and is no text of the same letters."""
    half = Spelling("500m", Fraction(1, 2))
    assert half == Spelling("0.5", Fraction(1, 2)) != Spelling("500m", Fraction(500))
    assert half != "500m"
    assert str(half) == "500m"
    assert hash(half) == hash(Spelling("0.5", Fraction(1, 2)))
    copy = pickle.loads(pickle.dumps(half))  # noqa: S301 - our own bytes
    assert (copy, str(copy)) == (half, "500m")


@pytest.mark.parametrize(
    ("kind", "message"),
    [
        ("dask", dask_pb2.DaskJob(workers={"number_of_workers": 3, "image": "a:1"})),
        ("ray", ray_pb2.RayJob(ray_cluster={"worker_group_spec": [{"group_name": "a", "replicas": 2}]})),
        (
            "pytorch",
            pytorch_pb2.DistributedPyTorchTrainingTask(
                worker_replicas={"replicas": 2}, elastic_config={"nproc_per_node": 4, "rdzv_backend": "c10d"}
            ),
        ),
    ],
)
def test_messages_are_read_back(kind: str, message: Any) -> None:
    """By either name of a field, numbers as numbers."""
    expected = MessageToDict(message)
    for by_name in (False, True):
        given = MessageToDict(message, preserving_proto_field_name=by_name)
        assert read(kind, given) == PluginSettings(expected, (), is_known=True)


def test_amounts_stand_beside_the_fields_of_their_group() -> None:
    """Of a resource that stands there twice the last counts that is not zero (flytek8s/utils.go)."""
    entries = [("CPU", "1"), ("CPU", "500m"), ("CPU", "0"), ("MEMORY", "lots"), ("EPHEMERAL_STORAGE", "1Gi")]
    custom = {"workers": {"resources": {"requests": [{"name": name, "value": value} for name, value in entries]}}}
    (found,) = read("dask", custom).values.values()
    assert {key: str(value) for key, value in found.items()} == {
        "requests.cpu": "500m",
        "requests.memory": "lots",
        "requests.ephemeral-storage": "1Gi",
    }
    assert [isinstance(value, Spelling) for value in found.values()] == [True, False, True]


@pytest.mark.parametrize(
    ("kind", "custom", "path", "told"),
    [
        ("dask", {"workers": {"numberOfWorkers": -1}}, "custom.workers.numberOfWorkers", "-1"),
        ("dask", {"workers": {"numberOfWorkers": 2.5}}, "custom.workers.numberOfWorkers", "2.5"),
        ("dask", {"workers": {"numberOfWorkers": "three"}}, "custom.workers.numberOfWorkers", "'three'"),
        ("dask", {"workers": {"numberOfWorkers": True}}, "custom.workers.numberOfWorkers", "true"),
        ("dask", {"workers": [1]}, "custom.workers", "a list, where the plugin expects an object"),
        ("dask", {"workers": {"image": 3}}, "custom.workers.image", "3, where the plugin expects a text"),
        (
            "dask",
            {"workers": {"resources": {"limits": [{"name": "CPU", "value": 4}]}}},
            "custom.workers.resources.limits.CPU.value",
            "4",
        ),
        (
            "dask",
            {"workers": {"resources": {"limits": [{"name": "CPUS", "value": "4"}]}}},
            "custom.workers.resources.limits.CPUS.name",
            "one of UNKNOWN, CPU",
        ),
        ("ray", {"rayCluster": {"enableAutoscaling": "yes"}}, "custom.rayCluster.enableAutoscaling", "true or false"),
        (
            "ray",
            {"rayCluster": {"workerGroupSpec": [{"groupName": "a", "replicas": "2.0"}]}},
            "custom.rayCluster.workerGroupSpec.a.replicas",
            "'2.0'",
        ),
        ("ray", {"rayCluster": {"workerGroupSpec": {}}}, "custom.rayCluster.workerGroupSpec", "a list"),
        (
            "ray",
            {"rayCluster": {"headGroupSpec": {"k8sPod": {"podSpec": "x"}}}},
            "custom.rayCluster.headGroupSpec.k8sPod.podSpec",
            "an object",
        ),
        ("spark", {"sparkConf": {"spark.executor.cores": 4}}, "custom.sparkConf.spark.executor.cores", "a text"),
        ("container_array", {"parallelism": 2**63}, "custom.parallelism", "9,223,372,036,854,775,807"),
        ("container_array", {"minSuccessRatio": "half"}, "custom.minSuccessRatio", "a number"),
    ],
)
def test_what_the_plugin_cannot_read_is_told(kind: str, custom: dict[str, Any], path: str, told: str) -> None:
    """With its place and what is expected; the value stays as it is, so that no change of it is lost."""
    found = read(kind, custom)
    assert [one.path for one in found.misread] == [path]
    assert told in found.misread[0].message


def test_unknown_versions_of_kubeflow_are_told() -> None:
    """Their plugins know two."""
    (found,) = read("pytorch", {"workers": 2}, version=2).misread
    assert found == ("task_type_version", "version 2 of a pytorch task, and its plugin knows 0 and 1")


def test_settings_of_nobody_s_plugin_stay_as_they_are() -> None:
    """Whatever they look like."""
    custom = {"workers": {"resources": {"limits": [{"name": "CPU", "value": "4"}]}}, "x": None}
    assert read("python-task", custom) == PluginSettings(custom, (), is_known=False)


def test_unknown_settings_are_kept() -> None:
    """The plugin passes over them."""
    assert read("databricks", {"notebookPath": "/a", "sparkConf": {}}).values == {"notebookPath": "/a"}
