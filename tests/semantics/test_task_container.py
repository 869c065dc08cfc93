"""Which container runs a task, and that all who read it read the same."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import pytest
from flyteidl.admin import task_pb2
from flyteidl.core import tasks_pb2
from generated import pod_tasks
from google.protobuf.json_format import ParseDict
from hypothesis import given
from real_tasks import task_messages

import flytetask_nb as ftn
from flytetask_nb.models.plain_values import plain_struct
from flytetask_nb.semantics.task_container import (
    PRIMARY_CONTAINER_KEY,
    command_words,
    pod_container,
    pod_containers,
    primary_container,
    primary_container_name,
    read_task_container,
)
from flytetask_nb.tables.runners import PodRunner, environment_of, runner_of
from flytetask_nb.views.effective_resources import effective_resources_blocks

if TYPE_CHECKING:
    from pathlib import Path


def template_of(**fields: Any) -> Any:
    return ParseDict(fields, tasks_pb2.TaskTemplate())


def pod(*names: str, primary: str = "", config: str = "") -> Any:
    return template_of(
        k8sPod={"podSpec": {"containers": [{"name": name} for name in names]}, "primaryContainerName": primary},
        config={PRIMARY_CONTAINER_KEY: config} if config else {},
    )


def held(template: Any) -> Any:
    found = primary_container(template)
    return None if found is None else plain_struct(found)


# -- which container -----------------------------------------------------------------------------------------------


def test_the_config_says_it_first_then_the_pod() -> None:
    """As propeller reads it."""
    assert primary_container_name(pod("a", "b", primary="b", config="a")) == "a"
    assert primary_container_name(pod("a", "b", primary="b")) == "b"


def test_an_only_container_runs_the_task_whatever_it_is_called() -> None:
    assert primary_container_name(pod("a")) == "a"
    assert held(pod("a", primary="gone")) == {"name": "a"}


def test_nothing_is_guessed_among_several() -> None:
    assert primary_container_name(pod("a", "b")) == ""
    assert held(pod("a", "b", primary="gone")) is None
    assert read_task_container(pod("a", "b", primary="gone")) is None


def test_what_is_no_container_is_left_out() -> None:
    template = pod("a")
    template.k8s_pod.pod_spec.fields["containers"].list_value.values.add().string_value = "odd"
    assert pod_containers(template.k8s_pod) == [{"name": "a"}]
    assert held(template) == {"name": "a"}
    assert pod_containers(tasks_pb2.K8sPod()) == []


@pytest.mark.parametrize(
    "template", [template_of(), template_of(sql={"statement": "select 1"}), template_of(k8sPod={})]
)
def test_what_runs_in_no_container_has_none(template: Any) -> None:
    assert read_task_container(template) is None
    assert command_words(template) == []


def test_every_pod_of_the_corpus_has_one(corpus: Path) -> None:
    pods = [message.template for _, message in task_messages(corpus) if message.template.HasField("k8s_pod")]
    assert pods
    assert all(read_task_container(template) is not None for template in pods)


# -- what it holds -------------------------------------------------------------------------------------------------


def test_a_container_of_a_pod_reads_as_one_of_a_task() -> None:
    """Only the place differs; a GPU has two names, and a port that does not say is TCP."""
    own = read_task_container(
        template_of(
            container={
                "image": "a:1",
                "command": ["run"],
                "args": ["x"],
                "env": [{"key": "A", "value": "b"}, {"key": "C"}],
                "resources": {
                    "requests": [{"name": "CPU", "value": "500m"}, {"name": "GPU", "value": "1"}],
                    "limits": [{"name": "EPHEMERAL_STORAGE", "value": "1Gi"}],
                },
                "ports": [{"containerPort": 80, "name": "web"}],
            }
        )
    )
    in_pod = pod_container(
        {
            "name": "main",
            "image": "a:1",
            "command": ["run"],
            "args": ["x"],
            "env": [{"name": "A", "value": "b"}, {"name": "C"}],
            "resources": {
                "requests": {"cpu": "500m", "nvidia.com/gpu": 1},
                "limits": {"ephemeral-storage": "1Gi"},
            },
            "ports": [{"containerPort": 80, "name": "web", "protocol": "TCP"}],
        }
    )
    assert own is not None
    assert in_pod == own._replace(path="k8s_pod")


def test_two_names_of_a_gpu_stay_apart_where_both_stand() -> None:
    found = pod_container({"resources": {"limits": {"gpu": "1", "nvidia.com/gpu": "2"}}})
    assert found.limits == [("gpu", "1"), ("nvidia.com/gpu", "2")]


def test_amounts_that_are_none_do_not_hide_the_others() -> None:
    found = pod_container({"resources": {"limits": {"cpu": "1", "memory": {"a": 1}}, "claims": [{"name": "x"}]}})
    assert found.limits == [("cpu", "1")]
    assert found.rest == {"resources": {"limits": {"memory": {"a": 1}}, "claims": [{"name": "x"}]}}


# -- all read the same ---------------------------------------------------------------------------------------------

# The tables' names for what Kubernetes and Flyte call otherwise.
IN_TABLES = {"ephemeral-storage": "ephemeral_storage", "nvidia.com/gpu": "gpu"}


@given(pod_tasks())
def test_tables_and_diffs_read_the_same_container(spec: Any) -> None:
    template = spec.template
    runner, container = runner_of(template), read_task_container(template)
    if container is None:
        assert type(runner) is PodRunner
        assert runner.problem
        return
    assert (runner.image, list(runner.command), list(runner.args)) == container[1:4]
    assert command_words(template) == [*container.command, *container.args]
    variables = [(name, "" if reference else value) for name, value, reference in environment_of(runner)]
    assert variables == [(name, value if isinstance(value, str) else "") for name, value in container.env]
    asked = [("requests", *one) for one in container.requests] + [("limits", *one) for one in container.limits]
    assert sorted(runner.asked) == sorted((side, IN_TABLES.get(name, name), text) for side, name, text in asked)


def test_an_only_container_of_another_name_is_read_everywhere() -> None:
    """The name that the task says is not there: the table, the display, the panel and the diff all read the only one."""

    def task(memory: str) -> ftn.FlyteTask:
        container = {"name": "main", "image": "a:1", "resources": {"requests": {"memory": memory, "gpu": "1"}}}
        spec = task_pb2.TaskSpec()
        spec.template.CopyFrom(template_of(id={"name": "t"}, k8sPod={"podSpec": {"containers": [container]}}))
        spec.template.config[PRIMARY_CONTAINER_KEY] = "primary"
        return ftn.FlyteTask.from_flyte_idl(spec)

    old, new = task("1Gi"), task("2Gi")
    assert ftn.tabulate([new], ["memory_request"]).iloc[0, 0] == 2 * 2**30
    assert "2 GiB" in new.to_text()
    assert "request as asked" not in str(effective_resources_blocks(new, {}, {}))
    assert "platform default" not in str(effective_resources_blocks(new, {"cpu": "1"}, {})[0].rows[-1])
    assert [(change.rule, change.path) for change in ftn.diff(old, new).changes] == [
        ("request-raised", "k8s_pod.pod_spec.containers.main.requests.memory")
    ]
