"""What a container gets, in words."""

from __future__ import annotations

import pytest
from flyteidl.admin import task_pb2
from flyteidl.core import tasks_pb2

import flytetask_nb as ftn
from flytetask_nb.views.document import Document
from flytetask_nb.views.effective_resources import effective_resources_blocks
from flytetask_nb.views.text import render

CPU, MEMORY = tasks_pb2.Resources.CPU, tasks_pb2.Resources.MEMORY


def words(spec: task_pb2.TaskSpec, defaults: dict[str, str], limits: dict[str, str]) -> list[list[str]]:
    """Return the rows that are shown, each as its words."""
    task = ftn.FlyteTask.from_flyte_idl(spec)
    text = render(Document("", blocks=effective_resources_blocks(task, defaults, limits)))
    return [line.split() for line in text.splitlines() if line.strip()]


@pytest.fixture
def spec() -> task_pb2.TaskSpec:
    """Return a container that asks for two cores, and for no memory."""
    made = task_pb2.TaskSpec()
    made.template.container.resources.requests.add(name=CPU, value="2")
    return made


def test_flyte_s_own_defaults_apply_where_the_platform_has_none(spec: task_pb2.TaskSpec) -> None:
    assert words(spec, {}, {})[1:] == [["cpu", "2", "2"], ["memory", "1", "GiB", "1", "GiB", "platform", "default"]]


def test_the_platform_s_limit_cuts_and_says_so(spec: task_pb2.TaskSpec) -> None:
    assert words(spec, {}, {"cpu": "500m"})[1] == ["cpu", "500m", "500m", "request", "as", "asked:", "2"]


def test_the_platform_s_default_is_taken(spec: task_pb2.TaskSpec) -> None:
    assert words(spec, {"memory": "200Mi"}, {})[2][1:5] == ["200", "MiB", "200", "MiB"]


def test_a_pod_s_primary_container_counts() -> None:
    made = task_pb2.TaskSpec()
    made.template.k8s_pod.pod_spec.update(
        {"containers": [{"name": "main", "resources": {"limits": {"cpu": "4", "example.com/fpga": "1"}}}]}
    )
    assert words(made, {}, {})[1] == ["cpu", "4", "4"]
    assert any("example.com/fpga" in row for row in words(made, {}, {}))


def test_beside_a_pod_template_the_platform_s_is_no_fact(spec: task_pb2.TaskSpec) -> None:
    """What the task leaves out stands as a question, with what answers it first."""
    spec.template.metadata.pod_template_name = "big"
    cpu, memory, rest = words(spec, {"memory": "200Mi"}, {})[1:4]
    assert cpu == ["cpu", "2", *"pod template, else as request".split()]
    either = "pod template, else platform default".split()
    assert memory == ["memory", *either, *either, *"if the pod template has none, 200 MiB".split()]
    assert rest == "anything else only where the pod template big asks for it".split()
    spec.template.container.resources.limits.add(name=CPU, value="4")
    assert words(spec, {}, {})[1] == ["cpu", "2", "4"]


def test_what_flyte_does_not_adjust_is_no_question() -> None:
    """An amount that has one side alone stays so."""
    made = task_pb2.TaskSpec()
    made.template.k8s_pod.pod_spec.update(
        {"containers": [{"name": "main", "resources": {"limits": {"example.com/fpga": "1"}}}]}
    )
    assert not any("template" in " ".join(row) for row in words(made, {}, {}))


@pytest.mark.parametrize(
    ("sides", "expected"),
    [
        (("requests",), ["2", "pod template, else as request"]),
        (("limits",), ["pod template, else as limit", "2"]),
        (("requests", "limits"), ["2", "2"]),
    ],
)
def test_a_task_says_whose_the_rest_is(sides: tuple[str, ...], expected: list[str]) -> None:
    """In its own display too, side by side; without a pod template in the words as ever."""
    made = task_pb2.TaskSpec()
    for side in sides:
        getattr(made.template.container.resources, side).add(name=CPU, value="2")
    made.template.metadata.pod_template_name = "big"
    rows = {line.split()[0]: line.split()[1:] for line in str(ftn.FlyteTask.from_flyte_idl(made)).splitlines() if line}
    assert rows["cpu"] == " ".join(expected).split()
    assert rows["memory"] == ["pod", "template,", "else", "platform", "default"] * 2
    made.template.metadata.pod_template_name = ""
    assert "pod template, else" not in str(ftn.FlyteTask.from_flyte_idl(made))


def test_a_task_that_asks_for_nothing_says_that_its_pod_template_may() -> None:
    made = task_pb2.TaskSpec()
    made.template.container.image = "shop:1"
    assert "Resources" not in str(ftn.FlyteTask.from_flyte_idl(made))
    made.template.metadata.pod_template_name = "big"
    text = str(ftn.FlyteTask.from_flyte_idl(made))
    assert "Resources  pod template, else platform default" in text
    rows = {line.split()[0]: line.split()[1:] for line in text.splitlines() if line}
    assert rows["cpu"] == rows["memory"] == ["pod", "template,", "else", "platform", "default"] * 2


def test_an_amount_that_cannot_be_read_is_named(spec: task_pb2.TaskSpec) -> None:
    assert "'much'" in words(spec, {"cpu": "much"}, {})[0]


def test_a_task_without_a_container_gets_nothing() -> None:
    made = task_pb2.TaskSpec()
    made.template.sql.statement = "SELECT 1"
    assert words(made, {}, {}) == [
        ["No", "container", "runs", "this", "task,", "so", "there", "are", "no", "resources", "to", "show."]
    ]
