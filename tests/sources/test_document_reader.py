"""JSON and YAML, as flytectl prints them and as people write them."""

from __future__ import annotations

import json
from datetime import datetime, timezone
from typing import TYPE_CHECKING, Any

import pytest
import yaml
from google.protobuf import json_format
from google.protobuf.timestamp_pb2 import Timestamp
from hypothesis import given
from hypothesis import strategies as st

import flytetask_nb as ftn
from tests import go_yaml
from tests.generated import ODD_TEXTS
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
    """Return a task in proto3 JSON, every value a text where YAML was read without types."""
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


# What sigs.k8s.io/yaml 1.6.0 leaves without quotes of texts that look like something else, and what it does not.
LEFT_BARE = [
    *"= << 0x 0x_ 0b2 0b_ .5_ 1.0e+999 1:60 2026-11-23T02:48:15 2026-1 nan inf None -0x8000000000000001".split(),
    "0x52908400098527886E0F7030069857D2E4169EE7",
    f"0b{'1' * 65}",
]
QUOTED = (
    "y Y n N yes no on off Yes ON true False ~ null Null 0 -1 +1 017 08 0o17 0x1f 0b1 1_000 1e3 1e+3 1e-05 1.5 1. .5 "
    "+.5 .inf -.inf .nan .NaN +.inf 12:34 1:2:3.4 2026-11-23 2026-11-23T02:48:15Z -0x8000000000000000 "
    "0xffffffffffffffff 99999999999999999999"
).split()


def test_the_model_of_the_writer_is_right() -> None:
    """It quotes what the real one quotes."""
    assert [text for text in (*LEFT_BARE, *QUOTED) if go_yaml.is_bare(text)] == LEFT_BARE
    numbers = [1e21, 1e20, 1000000.0, 123456.75, 1e-5, 1e-4, -2.5e-7, 5e300, -0.0, 3.0]
    shown = "1e+21 1e+20 1e+06 123456.75 1e-05 0.0001 -2.5e-07 5e+300 -0 3"
    assert shown.split() == [go_yaml.written(number) for number in numbers]


TRICKY = st.one_of(
    st.sampled_from([*LEFT_BARE, *QUOTED, *ODD_TEXTS]),
    st.text("0123456789_.:+-eExXobBafTZynN~<=oO", min_size=1, max_size=12),
    st.text(max_size=6),
).filter(lambda text: text.isprintable())
SETTINGS = st.recursive(
    st.one_of(
        TRICKY, st.booleans(), st.none(), st.integers(-(2**53), 2**53), st.floats(allow_nan=False, allow_infinity=False)
    ),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(TRICKY, inner, max_size=3),
    max_leaves=8,
)


@st.composite
def tricky_tasks(draw: st.DrawFn) -> Any:
    """Return a task whose texts look like anything but texts."""
    made = building.spec("shop.train", draw(TRICKY))
    template = made.template
    template.container.args.extend(draw(st.lists(TRICKY, max_size=4)))
    template.container.env.add(key=draw(TRICKY), value=draw(TRICKY))
    for entries in (template.config, template.metadata.tags):
        entries.update(draw(st.dictionaries(TRICKY, TRICKY, max_size=3)))
    template.interface.inputs.variables[draw(TRICKY)].description = draw(TRICKY)
    template.custom.update(draw(st.dictionaries(TRICKY, SETTINGS, max_size=3)))
    template.metadata.interruptible = draw(st.booleans())
    template.metadata.timeout.seconds = draw(st.integers(0, 100))
    return made


@given(tricky_tasks())
def test_what_flytectl_writes_as_yaml_is_the_same_task(message: Any) -> None:
    """Whatever texts and numbers a task holds, it is the same out of JSON and out of YAML."""
    value = json_format.MessageToDict(message)
    (from_json,) = ftn.load(json.dumps(value).encode())
    (from_yaml,) = ftn.load(go_yaml.written(value).encode())
    assert (from_json.to_flyte_idl(), from_yaml.to_flyte_idl()) == (message, message)


@pytest.mark.parametrize("text", [*LEFT_BARE, *QUOTED])
def test_a_text_is_a_text_without_quotes_too(text: str, tmp_path: Path) -> None:
    """Where a task has a text, people and other writers need no quotes: the field says what is meant."""
    written = (
        f"template:\n  id: {{name: a, version: {text}}}\n  type: t\n  container:\n    args:\n    - {text}\n"
        f"    env:\n    - key: K\n      value: {text}\n  config:\n    {text}: {text}\n"
        f"  interface:\n    inputs:\n      variables:\n        {text}: {{description: {text}}}\n"
    )
    if text.lower() in {"~", "null"}:
        # Nothing, in YAML as in JSON.
        written = written.replace(f"- {text}\n", "- x\n").replace(f": {text}", ": ''")
        (task,) = loaded(written, ".yaml", tmp_path)
        assert (list(task.config), list(task.interface.inputs)) == ([text], [text])
        return
    (task,) = loaded(written, ".yaml", tmp_path)
    assert task.container is not None
    assert (task.id.version, task.container.args, task.container.env) == (text, [text], {"K": text})
    assert (task.config, task.interface.inputs[text].description) == ({text: text}, text)


def test_other_fields_are_what_they_are(tmp_path: Path) -> None:
    """Numbers and truth values are read where a task has some; settings of plugins keep theirs."""
    text = (
        "template:\n  id: {name: a, resourceType: 1}\n  type: t\n  taskTypeVersion: 2\n  metadata:\n    timeout: 60s\n"
        "    discoverable: yes\n    interruptible: false\n    retries: {retries: 3}\n    generatesDeck: true\n"
        "  custom: {whole: 7, part: 0.5, small: 1e-07, large: 1e+06, octal: 0644, is: on, none: ~, text: 12:34, "
        "nested: {4: [1, x]}}\n"
    )
    (task,) = loaded(text, ".yaml", tmp_path)
    metadata = task.metadata
    assert (metadata.discoverable, metadata.interruptible, metadata.retries.retries) == (True, False, 3)
    assert (task.task_type_version, metadata.timeout.total_seconds(), metadata.generates_deck) == (2, 60, True)
    assert task.custom == {
        "whole": 7,
        "part": 0.5,
        "small": 1e-07,
        "large": 1e06,
        "octal": 420,
        "is": True,
        "none": None,
        "text": "12:34",
        "nested": {"4": [1, "x"]},
    }


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
    ("content", "encoding"), [(b'{"a": "\xe9"}', "UTF-8"), (b"\xff\xfe{\x00}", "UTF-16"), (b'{\x00"\x00}', "UTF-16-LE")]
)
def test_other_encodings_are_told(content: bytes, encoding: str, tmp_path: Path) -> None:
    """JSON and YAML are UTF-8, or whole UTF-16."""
    (tmp_path / "a.json").write_bytes(content)
    with pytest.raises(ftn.LoadError, match=rf"a\.json: no {encoding} text: .*JSON and YAML are UTF-8"):
        ftn.load(tmp_path / "a.json")


@pytest.mark.parametrize("encoding", ["utf-8", "utf-16-le", "utf-16-be", "utf-32-le"])
@pytest.mark.parametrize("suffix", [".json", ".yaml", ""])
def test_a_byte_order_mark_tells_the_encoding(encoding: str, suffix: str, tmp_path: Path) -> None:
    """Files of Windows editors begin with a mark, and so does what PowerShell's ``>`` writes."""
    value = value_of("TaskSpec", building.template("a.öne"))
    for text in (json.dumps(value, ensure_ascii=False), yaml.safe_dump(value, allow_unicode=True)):
        if suffix == ".json" and text[0] != "{":
            continue
        content = f"\ufeff\r\n{text}".encode(encoding)
        path = tmp_path / f"a{suffix}"
        path.write_bytes(content)
        assert ftn.load(path if suffix else content).names == ["a.öne"]


def test_utf_16_needs_no_mark_in_a_file_of_json(tmp_path: Path) -> None:
    """The zeros beside the first sign tell it."""
    (tmp_path / "a.json").write_bytes(json.dumps(value_of("TaskSpec", building.template("a"))).encode("utf-16-le"))
    assert ftn.load(tmp_path / "a.json").names == ["a"]


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


def test_a_merge_names_what_stands_before_it(tmp_path: Path) -> None:
    """``<<`` merges one alias or a list of them, beside what they name too; with anything else it is a key."""
    text = (
        "- a: &a {name: a}\n  b: &b {version: v1}\n- template: {id: {<<: [*a, *b]}, type: t}\n"
        "- template: {id: &c {<<: *a, version: v2}, type: t, config: {<<: {}, =: x}}\n"
        "- template: {id: {name: d}, type: t, config: {<<: x}, custom: {<<: {y: 1}}}\n"
    )
    tasks = loaded(text, ".yaml", tmp_path, errors="collect")
    assert tasks.column("version") == ["v1", ""]
    assert tasks[1].config == {"<<": "x"}
    assert tasks[1].custom == {"<<": {"y": 1}}
    assert [failure.reason[:7] for failure in tasks.failures] == ["item 0:", "item 2:"]
