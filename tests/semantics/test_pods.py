"""Which container of a pod runs the task."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from flyteidl.core import tasks_pb2
from real_tasks import task_messages

from flytetask_nb.semantics.pods import PRIMARY_CONTAINER_KEY, pod_containers, primary_container, primary_container_name

if TYPE_CHECKING:
    from pathlib import Path


def pod(*names: str, primary: str = "", config: str = "") -> Any:
    template = tasks_pb2.TaskTemplate()
    template.k8s_pod.primary_container_name = primary
    if config:
        template.config[PRIMARY_CONTAINER_KEY] = config
    containers = template.k8s_pod.pod_spec.fields["containers"].list_value
    for name in names:
        containers.values.add().struct_value["name"] = name
    return template


def test_the_pod_says_it_first_then_the_config() -> None:
    assert primary_container_name(pod("a", "b", primary="b", config="a")) == "b"
    assert primary_container_name(pod("a", "b", config="a")) == "a"


def test_an_only_container_needs_no_name() -> None:
    assert primary_container_name(pod("a")) == "a"
    assert primary_container(pod("a", primary="gone")) == {"name": "a"}


def test_nothing_is_guessed_among_several() -> None:
    assert primary_container_name(pod("a", "b")) == ""
    assert primary_container(pod("a", "b", primary="gone")) is None


def test_what_is_no_container_is_left_out() -> None:
    template = pod("a")
    template.k8s_pod.pod_spec.fields["containers"].list_value.values.add().string_value = "odd"
    assert pod_containers(template.k8s_pod) == [{"name": "a"}]
    assert pod_containers(tasks_pb2.K8sPod()) == []


def test_every_pod_of_the_corpus_has_one(corpus: Path) -> None:
    pods = [message.template for _, message in task_messages(corpus) if message.template.HasField("k8s_pod")]
    assert len(pods) >= 35
    assert all(primary_container(template) is not None for template in pods)
