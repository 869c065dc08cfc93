"""What settings of plugins mean."""

from __future__ import annotations

from typing import Any

import pytest
from flyteidl.admin import task_pb2

import flytetask_nb as ftn


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
