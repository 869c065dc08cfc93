"""What a whole job asks for, in the headline."""

from __future__ import annotations

from typing import Any

import pytest
from flyteidl.admin import task_pb2
from flyteidl.core import tasks_pb2

import flytetask_nb as ftn
from flytetask_nb.views.jobs import array_words, job_words

DASK = {"workers": {"numberOfWorkers": 10, "resources": {"limits": [{"name": "CPU", "value": "4"}]}}}
RAY = {"rayCluster": {"headGroupSpec": {}, "workerGroupSpec": [{"groupName": "gpus", "replicas": 3}]}}
SPARK = {
    "spark.driver.cores": "1",
    "spark.driver.memory": "1024M",
    "spark.executor.instances": "2",
    "spark.executor.cores": "2",
    "spark.executor.memory": "4096M",
}


def task(kind: str, custom: dict[str, Any]) -> task_pb2.TaskSpec:
    made = task_pb2.TaskSpec()
    made.template.type = kind
    made.template.custom.update(custom)
    made.template.container.image = "shop:1"
    made.template.container.resources.requests.add(name=tasks_pb2.Resources.CPU, value="3")
    return made


@pytest.mark.parametrize(
    ("kind", "custom", "expected"),
    [
        ("spark", {"sparkConf": SPARK}, "driver 1 CPU 1 GiB, 2 executors 2 CPU 4 GiB"),
        ("ray", RAY, "head 3 CPU, 3 gpus 3 CPU"),
        ("dask", DASK, "runner 3 CPU, scheduler 3 CPU, 10 workers 4 CPU"),
    ],
)
def test_each_group_stands_with_its_number_and_its_amounts(kind: str, custom: dict[str, Any], expected: str) -> None:
    made = task(kind, custom)
    assert job_words(made.template) == [expected]
    headline = ftn.FlyteTask.from_flyte_idl(made).to_text().splitlines()[2]
    assert headline == f"{expected} · shop:1"


def test_executors_that_come_and_go_are_no_number() -> None:
    (words,) = job_words(task("spark", {"sparkConf": {"spark.dynamicAllocation.enabled": "true"}}).template)
    assert "any number of executors" in words


def test_settings_that_cannot_be_read_leave_what_the_container_asks_for() -> None:
    made = task("spark", {"sparkConf": {"spark.driver.cores": "many"}})
    assert job_words(made.template) == []
    assert ftn.FlyteTask.from_flyte_idl(made).to_text().splitlines()[2] == "3 CPU · shop:1"


@pytest.mark.parametrize(
    ("custom", "expected"),
    [
        ({}, []),
        ({"parallelism": "4"}, ["4 at a time"]),
        ({"minSuccessRatio": 0.8}, ["80% must succeed"]),
        ({"minSuccessRatio": 1}, []),
        ({"parallelism": 2, "minSuccesses": 3}, ["2 at a time", "at least 3 must succeed"]),
        ({"parallelism": "many", "minSuccessRatio": True}, []),
    ],
)
def test_an_array_says_how_its_items_are_run(custom: dict[str, Any], expected: list[str]) -> None:
    assert array_words(task("container_array", custom).template) == expected


def test_other_tasks_have_neither() -> None:
    made = task("python-task", {"sparkConf": SPARK, "parallelism": 4})
    assert job_words(made.template) == array_words(made.template) == []


def test_settings_of_a_plugin_are_rows() -> None:
    """Also those that are written as a text of JSON."""
    text = ftn.FlyteTask.from_flyte_idl(
        task("other", {"a": {"b": 1, "c": [{"d": "x"}]}, "e": '{"f": [1, 2]}'})
    ).to_text()
    rows = [line.split() for line in text.splitlines()]
    assert ["a", "›", "b", "1"] in rows
    assert ["a", "›", "c[0]", "›", "d", "x"] in rows
    assert ["e", "›", "f", "[1,", "2]"] in rows


def test_what_nests_without_end_ends() -> None:
    nested: Any = "deep"
    for _ in range(40):
        nested = {"k": nested}
    assert "deep" in ftn.FlyteTask.from_flyte_idl(task("other", {"a": nested})).to_text()


def test_containers_beside_the_one_that_runs_the_task_are_counted() -> None:
    made = task_pb2.TaskSpec()
    made.template.config["primary_container_name"] = "main"
    made.template.k8s_pod.pod_spec.update(
        {"containers": [{"name": "main", "image": "shop:1"}, {"name": "proxy"}], "initContainers": [{"name": "a"}]}
    )
    assert ftn.FlyteTask.from_flyte_idl(made).to_text().splitlines()[2] == "shop:1 · +1 container · +1 init container"


def test_the_author_s_first_line_stands_under_the_name() -> None:
    made = task_pb2.TaskSpec()
    made.template.id.name = "shop.train"
    made.description.short_description = "Trains the model.\nSlowly."
    assert ftn.FlyteTask.from_flyte_idl(made).to_text().splitlines()[1] == "Trains the model."


def test_a_task_says_which_of_the_versions_it_is() -> None:
    def of(version: str) -> task_pb2.TaskSpec:
        made = task_pb2.TaskSpec()
        made.template.id.name, made.template.id.version = "shop.train", version
        return made

    tasks = ftn.TaskCollection([of("v10"), of("v9"), of("v8")])
    assert "version 3 of 3" in tasks["shop.train"].to_text()
    assert "version 1 of 3" in tasks["shop.train", "v8"].to_text()
    assert "version 2 of 3" in tasks.versions("shop.train")[1].to_text()
    hashes = ftn.TaskCollection([of("abc"), of("abd")])
    assert "one of 2 versions" in hashes["shop.train"].to_text()
    assert "version" not in ftn.TaskCollection([of("v1")])["shop.train"].to_text()
