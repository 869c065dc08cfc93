"""Tasks of Flyte 2 in files: as bytes, JSON and YAML, and told from those of Flyte 1."""

from __future__ import annotations

import json
import pickle
from typing import TYPE_CHECKING, Any

import pytest
import yaml
from flyteidl.admin import task_pb2
from flyteidl2.core import tasks_pb2
from flyteidl2.task import task_definition_pb2, task_service_pb2
from google.protobuf import json_format
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

import flytetask_nb as ftn
from flytetask_nb.errors import LoadError
from flytetask_nb.sources.message_reader import kind_in
from tests.flyte2 import details, with_sound_interface
from tests.generated import messages
from tests.real_tasks import serialized_tasks
from tests.sources import building

if TYPE_CHECKING:
    from pathlib import Path


def forms() -> dict[str, Any]:
    """Return the same task in each of the messages that hold one."""
    whole = details()
    return {"TaskDetails": whole, "TaskSpec": whole.spec, "TaskTemplate": whole.spec.task_template}


def as_json(message: Any, **settings: Any) -> bytes:
    return json_format.MessageToJson(message, **settings).encode()


def as_yaml(message: Any) -> bytes:
    return yaml.safe_dump(json_format.MessageToDict(message)).encode()


def without_deployer(message: Any) -> Any:
    """Leave out what has numbers in bytes and names in JSON alone: who may do what, which is nothing of the task's."""
    copied = type(message)()
    copied.CopyFrom(message)
    if isinstance(copied, task_definition_pb2.TaskDetails) and copied.metadata.deployed_by.HasField("user"):
        copied.metadata.deployed_by.user.ClearField("roles")
        copied.metadata.deployed_by.user.ClearField("policies")
    return copied


@pytest.mark.parametrize("form", ["TaskDetails", "TaskSpec", "TaskTemplate"])
def test_each_message_is_read_in_each_format(form: str, tmp_path: Path) -> None:
    """Bytes, JSON, YAML and the message itself are the same task, marked as one of Flyte 2."""
    message = without_deployer(forms()[form])
    expected = ftn.FlyteTask.from_flyte_idl(message)
    contents = {
        "a.pb": message.SerializeToString(),
        "0_a_1.pb": message.SerializeToString(),
        "a.json": as_json(message),
        "own.json": as_json(message, preserving_proto_field_name=True),
        "a.yaml": as_yaml(message),
    }
    if form == "TaskDetails":
        # Not what a name that ends so says.
        del contents["0_a_1.pb"]
    if form == "TaskTemplate":
        del contents["0_a_1.pb"]
    for name, content in contents.items():
        (tmp_path / name).write_bytes(content)
        for source in (content, tmp_path / name):
            (task,) = ftn.load(source)
            assert task == expected, name
            assert task.flyte2 == expected.flyte2
            assert (task.created_at, task.short_description) == (expected.created_at, expected.short_description)
    (task,) = ftn.load(message)
    assert task == expected
    assert task.source == f"<{message.DESCRIPTOR.full_name}>"


def test_messages_of_flyte_1_are_sources_too() -> None:
    """What is in memory needs no file, alone or in a list; what holds no task is told."""
    spec = building.spec("a.one")
    tasks = ftn.load([spec, building.of_kind("TaskList", building.template("a.two"), building.template("a.three"))])
    assert (tasks.names, tasks[1].source) == (["a.one", "a.three", "a.two"], "<flyteidl.admin.TaskList>!0")
    assert [one.name for one in ftn.load_workflows(building.workflow())] == ["shop.flow"]
    with pytest.raises(LoadError, match=r"<flyteidl\.core\.Identifier>: a flyteidl\.core\.Identifier holds no task"):
        ftn.load(spec.template.id)


def test_what_a_server_answers_is_read(tmp_path: Path) -> None:
    """The answer to a question for one task holds its details; one to a list of tasks holds no templates, and says so."""
    answer = task_service_pb2.GetTaskDetailsResponse(details=details())
    (tmp_path / "one.json").write_bytes(as_json(answer))
    assert [task.source for task in ftn.load(tmp_path / "one.json")] == [f"{tmp_path / 'one.json'}!0"]
    listed = task_definition_pb2.Task(task_id=details().task_id, metadata=details().metadata)
    with pytest.raises(LoadError, match="a task as Flyte 2 lists it, without its template; get its details"):
        ftn.load(as_json(task_service_pb2.ListTasksResponse(tasks=[listed])))


# -- nothing is lost ------------------------------------------------------------------------------------------------


def test_fields_of_a_newer_flyte_2_are_kept() -> None:
    """In JSON by their names, in bytes by their numbers; of an enumeration too; each is shown."""
    value = json_format.MessageToDict(details())
    value["spec"]["futureField"] = {"deep": [1, "two"]}
    value["spec"]["taskTemplate"]["metadata"]["runtime"]["arch"] = "arm64"
    value["spec"]["taskTemplate"]["workerKind"] = "WORKER_KIND_QUANTUM"
    value["metadata"]["shade"] = "blue"
    (task,) = ftn.load(json.dumps(value).encode())
    words = task.flyte2
    assert words is not None
    assert {
        "futureField": {"deep": [1, "two"]},
        "taskTemplate.metadata.runtime.arch": "arm64",
        "taskTemplate.workerKind": "WORKER_KIND_QUANTUM",
        "details.metadata.shade": "blue",
    }.items() <= words.items()
    assert "WORKER_KIND_QUANTUM" in task.to_text()
    message = details()
    for part, number in ((message.spec.task_template, b"\xba\xa7\x02"), (message.spec, b"\xba\xa7\x02")):
        part.MergeFromString(number + b"\x03new")
    (task,) = ftn.load(message.SerializeToString())
    assert task.flyte2 is not None
    assert task.flyte2["field 4727"] == ["b'new'"]


def test_a_value_that_does_not_fit_is_told() -> None:
    """What a field cannot hold is an error as in every other file; nothing is guessed."""
    value = json_format.MessageToDict(details().spec)
    value["taskTemplate"]["metadata"]["debuggable"] = "perhaps"
    with pytest.raises(LoadError, match=r"no Flyte 2 TaskDetails in proto3 JSON: .*debuggable"):
        ftn.load(json.dumps(value).encode())


@pytest.mark.parametrize("depth", [200, 400, 900])
def test_deep_values_are_told(depth: int) -> None:
    """Settings that are deeper than protobuf reads are one kind of error, like everywhere."""
    value = json_format.MessageToDict(details().spec)
    value["taskTemplate"]["custom"] = json.loads('{"a": ' * depth + "1" + "}" * depth)
    with pytest.raises(LoadError, match="no Flyte 2 TaskDetails in proto3 JSON"):
        ftn.load(json.dumps(value).encode())


def test_the_mark_outlives_every_way(tmp_path: Path) -> None:
    """A task of Flyte 2 is one after it was saved, sent to another process, or put into a table out of core."""
    pytest.importorskip("pyarrow")
    tasks = ftn.load([details(), building.spec("a.one")])
    expected = tasks[0].flyte2
    tasks.save(tmp_path / "a.parquet")
    assert [expected, None] == [task.flyte2 for task in ftn.load(tmp_path / "a.parquet")]
    assert [expected, None] == [task.flyte2 for task in pickle.loads(pickle.dumps(tasks))]  # noqa: S301 - our own bytes
    assert ftn.scan(details(), ["flyte"]).compute()["flyte"].tolist() == ["Flyte 2"]
    template = details().spec.task_template
    template.id.version = ""
    (filled,) = ftn.load(template, project="other", version="v9")
    assert (filled.id.project, filled.id.version, filled.flyte2 is None) == ("shop", "v9", False)


# -- laws ----------------------------------------------------------------------------------------------------------


@st.composite
def written(draw: st.DrawFn, form: str) -> Any:
    """Return a generated message of Flyte 2 as its SDK and its server write them: they name the task and themselves."""
    classes = {"TaskDetails": task_definition_pb2.TaskDetails, "TaskSpec": task_definition_pb2.TaskSpec}
    message = draw(messages(classes.get(form, tasks_pb2.TaskTemplate), unknown=False, depth=7))
    with_sound_interface(message)
    template = message
    if form == "TaskDetails":
        message.task_id.name, message.metadata.deployed_at.seconds = "shop.train", 1
        message.metadata.deployed_by.Clear()
        template = message.spec
    if form != "TaskTemplate":
        template.short_name = "train"
        template = template.task_template
    template.id.Clear()
    template.id.name, template.id.resource_type, template.type = "shop.train", 1, "python"
    template.metadata.runtime.CopyFrom(details().spec.task_template.metadata.runtime)
    return message


@pytest.mark.parametrize("form", ["TaskDetails", "TaskSpec", "TaskTemplate"])
def test_every_format_gives_the_same_task(form: str) -> None:
    """Whatever a message of Flyte 2 holds, its bytes, its JSON and itself are one task."""

    @settings(max_examples=60, suppress_health_check=list(HealthCheck))
    @given(written(form))
    def check(message: Any) -> None:
        (task,) = ftn.load(message)
        assert task.flyte2 is not None
        assert ftn.load(message.SerializeToString())[0] == task
        try:
            text = as_json(message)
        except (json_format.SerializeToJsonError, ValueError):
            # JSON has no word for an infinity in a plugin's settings, or for a time beyond its years.
            return
        # A value of no kind, which protobuf allows in settings, is null in JSON.
        written = json_format.Parse(text, type(message)())
        assert ftn.load(text)[0] == ftn.FlyteTask.from_flyte_idl(written)

    check()


def test_real_tasks_of_flyte_1_are_not_taken_for_others(corpus: Path) -> None:
    """Each task of the corpus is one of Flyte 1 under its own name and without, in bytes and in JSON."""
    for place, data in serialized_tasks(corpus).items():
        assert kind_in(place, data)[0].name == "TaskSpec"
        assert kind_in("a.pb", data)[0].name == "TaskSpec"
        template = task_pb2.TaskSpec.FromString(data).template
        (task,) = ftn.load(as_json(template))
        assert (task.flyte2, task.to_flyte_idl().template) == (None, template)


def test_a_task_of_flyte_2_is_not_taken_for_another_kind() -> None:
    """Default inputs stand where Flyte 1 has the description: they are not read as one."""
    for name in ("days", "H1", "\x08\x01", "a" * 130):
        message = details().spec
        message.default_inputs[0].name = name
        for file in ("a.pb", "0_a_1.pb"):
            kind, found = kind_in(file, message.SerializeToString())
            assert (kind.name, [one.name for one in found.default_inputs]) == (
                "Flyte 2 TaskSpec",
                [name, "api_key"],
            )
