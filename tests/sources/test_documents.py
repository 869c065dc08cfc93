"""JSON and YAML, as flytectl prints them and as people write them."""

from __future__ import annotations

import json
from datetime import datetime, timezone
from typing import TYPE_CHECKING, Any

import pytest
import yaml
from google.protobuf import json_format
from google.protobuf.timestamp_pb2 import Timestamp

import flytetask_nb as ftn
from tests.real_tasks import task_messages
from tests.sources import building

if TYPE_CHECKING:
    from pathlib import Path

SHOWN = ("get-task-one", "get-task-list")


def loaded(text: str, suffix: str, folder: Path, **settings: Any) -> ftn.TaskCollection:
    path = folder / f"tasks{suffix}"
    path.write_text(text, encoding="utf-8")
    return ftn.load(path, **settings)


def value_of(kind: str, *templates: Any) -> Any:
    return json_format.MessageToDict(building.of_kind(kind, *templates))


# -- what flytectl prints ------------------------------------------------------------------------------------------


@pytest.mark.parametrize("name", SHOWN)
@pytest.mark.parametrize("suffix", [".json", ".yaml"])
def test_real_output_is_read_whole(name: str, suffix: str, transcripts: Path) -> None:
    """Each field that flytectl printed stands in the task."""
    path = transcripts / "flytectl" / f"{name}{suffix}"
    text = path.read_text(encoding="utf-8")
    printed = json.loads(text) if suffix == ".json" else yaml.load(text, yaml.BaseLoader)  # noqa: S506 - texts only
    printed = printed if isinstance(printed, list) else [printed]
    tasks = ftn.load(path)
    closures = [task["closure"] for task in printed]
    assert [moment(closure["createdAt"]) for closure in closures] == [task.created_at for task in tasks]
    assert [len(printed), *(without_emptiness(closure["compiledTask"]["template"]) for closure in closures)] == [
        len(tasks),
        *(without_emptiness(as_texts(task.to_flyte_idl().template, suffix)) for task in tasks),
    ]


def moment(text: str) -> datetime:
    time = Timestamp()
    time.FromJsonString(text)
    return time.ToDatetime(tzinfo=timezone.utc)


def as_texts(template: Any, suffix: str) -> Any:
    """Give a task in proto3 JSON, every value a text where YAML was read without types."""
    value = json_format.MessageToDict(template)
    return yaml.load(yaml.safe_dump(value), yaml.BaseLoader) if suffix == ".yaml" else value  # noqa: S506


def without_emptiness(value: Any) -> Any:
    """Leave out empty objects: Go prints some that Python does not."""
    if not isinstance(value, dict):
        return value
    parts = {key: without_emptiness(part) for key, part in value.items()}
    return {key: part for key, part in parts.items() if part not in ({}, [])}


@pytest.mark.parametrize("name", SHOWN)
def test_json_and_yaml_agree(name: str, transcripts: Path) -> None:
    """The same task printed as JSON and as YAML is the same."""
    folder = transcripts / "flytectl"
    first, second = ftn.load(folder / f"{name}.json"), ftn.load(folder / f"{name}.yaml")
    assert {task.id for task in first} & {task.id for task in second}
    by_id = {task.id: task for task in second}
    assert [by_id[task.id] for task in first if task.id in by_id] == [task for task in first if task.id in by_id]


def test_an_execution_file_is_no_task(transcripts: Path) -> None:
    """What flytectl writes to start a task is told from the task by its keys."""
    with pytest.raises(ftn.LoadError, match=r"execution-file\.yaml: an object with the keys envs, iamRoleARN, inputs"):
        ftn.load(transcripts / "flytectl" / "execution-file.yaml")


# -- every kind ----------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("kind", building.TASK_KINDS)
def test_each_kind_is_read_from_json_and_yaml(kind: str, corpus: Path, tmp_path: Path) -> None:
    """Real tasks in every wrapper, written as proto3 JSON and as YAML, are the same tasks."""
    for _, message in list(task_messages(corpus))[::40]:
        value = value_of(kind, message.template)
        for text, suffix in ((json.dumps(value), ".json"), (yaml.safe_dump(value), ".yml")):
            (task,) = loaded(text, suffix, tmp_path)
            assert message.template == task.to_flyte_idl().template


@pytest.mark.parametrize("kind", ["TaskSpec", "TaskTemplate", "Task"])
def test_flyteidls_own_spelling_is_read(kind: str, tmp_path: Path) -> None:
    """Names of fields may be written as in flyteidl's sources."""
    value = json_format.MessageToDict(
        building.of_kind(kind, building.template("a.one")), preserving_proto_field_name=True
    )
    assert loaded(json.dumps(value), ".json", tmp_path).names == ["a.one"]


def test_workflows_and_launch_plans_are_counted(tmp_path: Path) -> None:
    """Beside tasks, a list may hold what is no task but known."""
    values = [
        json_format.MessageToDict(one) for one in (building.workflow(), building.spec("a"), building.launch_plan())
    ]
    tasks = loaded(json.dumps(values), ".json", tmp_path)
    assert (tasks.names, tasks.skipped) == (["a"], {"workflows": 1, "launch plans": 1})


@pytest.mark.parametrize("kind", ["TaskList", "CompiledWorkflowClosure"])
def test_items_of_lists_are_numbered(kind: str, tmp_path: Path) -> None:
    """Each task of a list tells its place in it."""
    value = value_of(kind, building.template("a.one"), building.template("a.two"))
    tasks = loaded(json.dumps(value), ".json", tmp_path)
    assert [f"{tmp_path / 'tasks.json'}!{position}" for position in (0, 1)] == [task.source for task in tasks]


def test_documents_are_numbered(tmp_path: Path) -> None:
    """A YAML file may hold several documents, empty ones too."""
    documents = [value_of("TaskSpec", building.template(name)) for name in ("a", "b")]
    tasks = loaded(f"---\n{yaml.dump(documents[0])}---\n---\n{yaml.dump(documents[1])}", ".yaml", tmp_path)
    assert (tasks.names, [str(task.source).rsplit("!", 1)[1] for task in tasks]) == (["a", "b"], ["0", "1"])


def test_one_bad_item_does_not_cost_the_others(tmp_path: Path) -> None:
    """Items of a list, of a TaskList, and documents are read each by itself."""
    good = value_of("Task", building.template("good"))
    bad = {"closure": {"bogus": 1}}
    for text, suffix in (
        (json.dumps([bad, good]), ".json"),
        (json.dumps({"tasks": [bad, good]}), ".json"),
        (f"{yaml.dump(bad)}---\n{yaml.dump(good)}", ".yaml"),
        (f"- {json.dumps(bad)}\n- {json.dumps(good)}\n", ".yaml"),
    ):
        tasks = loaded(text, suffix, tmp_path, errors="collect")
        assert tasks.names == ["good"]
        assert [failure.reason[:8] for failure in tasks.failures] == ["item 0: "]


def test_documents_before_a_broken_one_are_kept(tmp_path: Path) -> None:
    """Where YAML breaks off, what stood before is found."""
    good = value_of("Task", building.template("good"))
    tasks = loaded(f"{yaml.dump(good)}---\n{{unclosed", ".yaml", tmp_path, errors="collect")
    assert (tasks.names, len(tasks.failures)) == (["good"], 1)


# -- texts stay texts ----------------------------------------------------------------------------------------------


def test_times_and_numbers_keep_their_spelling(tmp_path: Path) -> None:
    """An unquoted time stays the text that it is; YAML would make a date of it."""
    text = "id: {name: a}\nclosure:\n  createdAt: 2026-11-23T02:48:15.574798Z\n  compiledTask:\n    template:\n"
    text += "      id: {name: a, version: 2026-11-23}\n      type: t\n"
    (task,) = loaded(text, ".yaml", tmp_path)
    assert str(task.created_at) == "2026-11-23 02:48:15.574798+00:00"
    assert task.id.version == "2026-11-23"


def test_large_numbers_are_exact(tmp_path: Path) -> None:
    """Retries and the like are whole numbers, and are not rounded on the way."""
    value = value_of("TaskSpec", building.template("a"))
    value["template"]["interface"]["inputs"] = {}
    value["template"]["taskTypeVersion"] = 2**31 - 1
    (task,) = loaded(json.dumps(value), ".json", tmp_path)
    assert task.task_type_version == 2**31 - 1


# -- bad input -----------------------------------------------------------------------------------------------------

BOMB = "a0: &a0 [x, x, x, x, x, x, x, x, x, x]\n" + "".join(
    f"a{n}: &a{n} [{', '.join([f'*a{n - 1}'] * 10)}]\n" for n in range(1, 12)
)


@pytest.mark.parametrize(
    ("text", "suffix", "expected"),
    [
        ("{", ".json", "no JSON: Expecting property name"),
        ("nonsense", ".json", "no JSON: Expecting value"),
        ('{"template": {}} {}', ".json", "no JSON: Extra data"),
        ('{"id": 1, "id": 2}', ".json", "no JSON: the key 'id' stands twice in one object"),
        ("[" * 100_000, ".json", "nested too deeply"),
        ("null", ".json", "the file holds no document"),
        ("3", ".json", "int where a task was expected"),
        ('"text"', ".json", "str where a task was expected"),
        ("[[]]", ".json", "item 0: list where a task was expected"),
        ("{}", ".json", r"an object with the keys \(none\) is no task"),
        ('{"template": {"id": {}, "type": "t"}}', ".json", "a TaskSpec that names no task"),
        ('{"template": {"bogus": 1}}', ".json", 'no TaskSpec in proto3 JSON: .*no field named "bogus"'),
        ('{"template": {"type": 1}}', ".json", "no TaskSpec in proto3 JSON: .*Failed to parse type"),
        ('{"template": 3}', ".json", "no TaskSpec in proto3 JSON: "),
        ('{"template": {"id": {"name": "\\ud800"}, "type": "t"}}', ".json", "no TaskSpec in proto3 JSON: "),
        ("{" * 300, ".yaml", "nested too deeply"),
        ("- " * 300, ".yaml", "nested too deeply"),
        ("".join(" " * depth + "a:\n" for depth in range(300)), ".yaml", "nested too deeply"),
        ("a: b: c", ".yaml", "no plain YAML: mapping values are not allowed"),
        ("a: &x [*x]", ".yaml", "an alias stands inside what it names"),
        (BOMB, ".yaml", "aliases that come to more than 1,000,000 values"),
        ("a: !!python/object/apply:os.system [exit]", ".yaml", "could not determine a constructor for the tag"),
        ("a: !secret x", ".yaml", "could not determine a constructor for the tag '!secret'"),
        ("a: 1\na: 2", ".yaml", "the key 'a' stands twice in one object"),
        ("\x00", ".yaml", "no plain YAML"),
        ("# nothing\n---\n", ".yaml", "the file holds no document"),
        ("template: !!binary aGk=", ".yaml", "no TaskSpec in proto3 JSON: "),
        ("template: {id: {name: !!binary aGk=}, type: t}", ".yaml", "no TaskSpec in proto3 JSON: "),
        ("template: !!set {id, type}", ".yaml", "no TaskSpec in proto3 JSON: "),
        ("? [1, 2]\n: 3", ".yaml", "no plain YAML: while constructing a mapping"),
        ("1: 2\nid: 3", ".yaml", "an object with the keys 1, id is no task"),
        ("? {a: 1}\n: 3", ".yaml", "no plain YAML: while constructing a mapping"),
    ],
)
def test_bad_documents_are_told(text: str, suffix: str, expected: str, tmp_path: Path) -> None:
    """The error names the file, what is wrong, and what was expected."""
    with pytest.raises(ftn.LoadError, match=f"tasks{suffix}: .*(?:{expected})"):
        loaded(text, suffix, tmp_path)


@pytest.mark.parametrize(
    ("content", "encoding"), [(b'{"a": "\xe9"}', "UTF-8"), (b"\xff\xfe{\x00}", "UTF-16"), (b"{\x00}", "UTF-16-LE")]
)
def test_other_encodings_are_told(content: bytes, encoding: str, tmp_path: Path) -> None:
    """JSON and YAML are UTF-8, or whole UTF-16."""
    (tmp_path / "a.json").write_bytes(content)
    with pytest.raises(ftn.LoadError, match=rf"a\.json: no {encoding} text: .*JSON and YAML are UTF-8"):
        ftn.load(tmp_path / "a.json")


def test_a_byte_order_mark_is_no_harm(tmp_path: Path) -> None:
    """Files of Windows editors begin with a mark."""
    text = "\ufeff" + json.dumps(value_of("TaskSpec", building.template("a")))
    assert loaded(text, ".json", tmp_path).names == loaded(text, ".yaml", tmp_path).names == ["a"]


def test_brackets_in_texts_are_no_depth(tmp_path: Path) -> None:
    """Half-open intervals in descriptions, however many, do not make a file deep."""
    values = [value_of("TaskSpec", building.template(f"a{number}")) for number in range(150)]
    for value in values:
        value["template"]["interface"]["inputs"]["variables"]["x"]["description"] = "from [0, 1) and {"
    assert len(loaded(yaml.safe_dump(values), ".yaml", tmp_path)) == 150


def test_aliases_and_merges_are_followed(tmp_path: Path) -> None:
    """What people write to save typing is read, as long as it stays small."""
    text = (
        "- &base {template: {id: &id {name: a, version: v1}, type: t}}\n"
        "- template: {id: {<<: *id, version: v2}, type: t}\n- *base\n"
    )
    assert loaded(text, ".yaml", tmp_path).column("version") == ["v1", "v2", "v1"]
