"""Tasks of Flyte 2: what its own messages hold is read as a task of Flyte 1, and nothing of it is lost."""

from __future__ import annotations

import copy
import pickle
from typing import TYPE_CHECKING, Any

import pytest
from flyteidl.admin import task_pb2
from flyteidl2.core import tasks_pb2
from flyteidl2.task import task_definition_pb2
from hypothesis import Phase, given, settings
from hypothesis import strategies as st

import flytetask_nb as ftn
from flytetask_nb.models.flyte2 import FLYTE2_KINDS, flyte2_details, is_flyte2, wrapped
from flytetask_nb.models.flyte2_schema import FLYTE2, message_class
from flytetask_nb.semantics.descriptors import is_repeated
from tests.flyte2 import details, with_sound_interface
from tests.generated import messages
from tests.real_tasks import task_messages

if TYPE_CHECKING:
    from pathlib import Path

SECRET = "hunter2-hunter2"  # noqa: S105 - no real one


# -- the schema ----------------------------------------------------------------------------------------------------


def fields_of(descriptor: Any, theirs: Any, seen: set[str]) -> None:
    """Hold each field of one of our messages against Flyte's."""
    if descriptor.full_name in seen:
        return
    seen.add(descriptor.full_name)
    for field in descriptor.fields:
        if field.number == FLYTE2:
            continue
        other = theirs.fields_by_number[field.number]
        facts = [(one.name, one.json_name, one.type, one.has_presence, is_repeated(one)) for one in (field, other)]
        assert facts[0] == facts[1], descriptor.full_name
        if field.enum_type is not None:
            ours = {value.name: value.number for value in field.enum_type.values}
            assert ours.items() <= {value.name: value.number for value in other.enum_type.values}.items()
        if field.message_type is not None and not field.message_type.full_name.startswith("google."):
            fields_of(field.message_type, other.message_type, seen)


def test_the_messages_are_those_of_flyte() -> None:
    """Every field of every message has Flyte's own number, name and type."""
    seen: set[str] = set()
    fields_of(message_class("TaskDetails").DESCRIPTOR, task_definition_pb2.TaskDetails.DESCRIPTOR, seen)
    assert len(seen) > 80


def test_every_field_of_a_task_is_there() -> None:
    """Of Flyte's messages nothing that says something of a task is missing, as far as this release of them goes."""
    for name, theirs in {
        "TaskDetails": task_definition_pb2.TaskDetails,
        "TaskSpec": task_definition_pb2.TaskSpec,
        "TaskTemplate": tasks_pb2.TaskTemplate,
        "TaskMetadata": tasks_pb2.TaskMetadata,
        "ReusePolicy": tasks_pb2.ReusePolicy,
        "GPUAccelerator": tasks_pb2.GPUAccelerator,
    }.items():
        ours = {field.number for field in message_class(name).DESCRIPTOR.fields} - {FLYTE2}
        assert ours == {field.number for field in theirs.DESCRIPTOR.fields}, name


# -- laws ----------------------------------------------------------------------------------------------------------

KINDS = {
    "flyteidl2.task.TaskDetails": task_definition_pb2.TaskDetails,
    "flyteidl2.task.TaskSpec": task_definition_pb2.TaskSpec,
    "flyteidl2.core.TaskTemplate": tasks_pb2.TaskTemplate,
}


@pytest.mark.parametrize("kind", KINDS)
@settings(max_examples=60)
@given(st.data())
def test_whatever_a_message_holds_comes_back(kind: str, data: st.DataObject) -> None:
    """A generated message of Flyte 2, unknown fields and the order of its variables included, is there again."""
    message = with_sound_interface(data.draw(messages(KINDS[kind])))
    again = flyte2_details(ftn.FlyteTask.from_flyte_idl(message)._message)
    for part in FLYTE2_KINDS[kind]:
        again = getattr(again, part)
    assert type(message).FromString(again.SerializeToString()) == message


@settings(max_examples=60)
@given(messages(tasks_pb2.TaskTemplate))
def test_a_template_is_read_as_that_of_flyte_1(message: Any) -> None:
    """The template is what flyteidl makes of its bytes, with every field that it does not know."""
    task = ftn.FlyteTask.from_flyte_idl(message)
    expected = task_pb2.TaskSpec()
    expected.template.MergeFromString(message.SerializeToString(deterministic=True))
    assert task.to_flyte_idl().template == expected.template


@settings(max_examples=40)
@given(messages(task_definition_pb2.TaskDetails, depth=6))
def test_a_task_of_flyte_2_is_a_task(message: Any) -> None:
    """It is marked, shows itself in every form, is copied, sent and changed like any other, and stays marked."""
    task = ftn.FlyteTask.from_flyte_idl(message)
    sent = pickle.loads(pickle.dumps(task))  # noqa: S301 - our own bytes
    for one in (task, copy.deepcopy(task), sent, ftn.FlyteTask.from_flyte_idl(task)):
        assert task == one
        assert repr(one.flyte2) == repr(task.flyte2) != "None"
    assert is_flyte2(task.replace(version="v2")._message)
    assert "Flyte 2" in task.to_text()
    assert "Flyte 2" in task.to_markdown()
    assert "Flyte 2" in task._repr_html_()


# -- facts ---------------------------------------------------------------------------------------------------------


def test_real_tasks_of_flyte_1_are_none_of_flyte_2(corpus: Path) -> None:
    """No task of the corpus is marked."""
    tasks = [ftn.FlyteTask.from_flyte_idl(message) for _, message in task_messages(corpus)]
    assert {None} == {task.flyte2 for task in tasks}
    assert not any("Flyte 2" in task.to_text() for task in tasks[::40])


def test_what_flyte_1_has_words_for_is_read_by_them() -> None:
    """The template, the documentation, when it was deployed and what the server says of it are where they always are."""
    task = ftn.FlyteTask.from_flyte_idl(details())
    assert (task.name, task.id.org, task.id.version) == ("shop.train", "acme", "c0ffee")
    assert list(task.interface.inputs) == ["api_key", "days"]
    assert task.container is not None
    assert task.container.image == "ghcr.io/acme/shop:c0ffee"
    assert task.docs is not None
    assert (task.docs.short_description, task.docs.source_code.link) == ("Trains.", "https://example.org/train")
    assert str(task.created_at) == "2026-11-23 02:48:15+00:00"
    assert task.short_description == "trains a model"


def test_what_flyte_1_has_no_word_for_is_shown_by_name() -> None:
    """Each such field stands in the task's words, and in every form of its display."""
    task = ftn.FlyteTask.from_flyte_idl(details())
    words = task.flyte2
    assert words is not None
    assert {
        "metadata.debuggable": True,
        "metadata.code_bundle_uri": "s3://acme/bundle.tgz",
        "metadata.timeouts": {"deadline": "3600s"},
        "metadata.retries.backoff": {"base": "10s", "factor": 2.0, "cap": "60s"},
        "extended_resources.gpu_accelerator.accelerator_model": "NVIDIA_H100",
        "reuse_policy": {"min_replicas": 1, "max_replicas": 4, "concurrency": 2, "scope": "RUN"},
        "short_name": "train",
        "environment": {"name": "shop", "description": "the shop's"},
        "order of inputs": ["days", "api_key"],
    }.items() <= words.items()
    assert set(words["default_inputs"]) == {"days", "api_key"}
    assert "deployed_by" in words["details.metadata"]
    for shown in (task.to_text(), task.to_markdown(), task._repr_html_()):
        for word in ("reuse_policy", "max_replicas", "NVIDIA_H100", "debuggable", "the shop"):
            assert word in shown.replace("\\_", "_").replace("<wbr>", "")


def test_secrets_in_default_inputs_are_masked() -> None:
    """The value of an input with a secret's name is shown nowhere."""
    message = details()
    for one in message.spec.default_inputs:
        if one.name == "api_key":
            one.parameter.default.scalar.primitive.string_value = SECRET
    task = ftn.FlyteTask.from_flyte_idl(message)
    from flytetask_nb.views.raw_forms import RAW_FORMS, raw_text  # noqa: PLC0415 - loads views

    shown = [task.to_text(), task.to_markdown(), task._repr_html_(), repr(task)]
    shown += [raw_text(task, form) for form in RAW_FORMS]
    shown.append(ftn.diff(details(), task).to_markdown())
    assert not any(SECRET in text for text in shown)
    with ftn.set_options(reveal_secrets=True):
        assert SECRET in raw_text(task, "JSON")


def test_raw_forms_are_those_of_flyte_2() -> None:
    """A task of Flyte 2 is written down as its own message, with the names that its fields have there."""
    from flytetask_nb.views.raw_forms import raw_text  # noqa: PLC0415 - loads views

    text = raw_text(ftn.FlyteTask.from_flyte_idl(details()), "JSON")
    for name in ('"task_template"', '"reuse_policy"', '"default_inputs"', '"deployed_by"', '"accelerator_model"'):
        assert name in text


def test_a_template_without_an_id_is_that_of_its_details() -> None:
    """What stands around a template says what it is called, where the template does not."""
    message = details()
    message.spec.task_template.ClearField("id")
    task = ftn.FlyteTask.from_flyte_idl(message)
    assert str(task.id) == str(ftn.FlyteTask.from_flyte_idl(details()).id)


@pytest.mark.parametrize(
    "content", [b"", b"\x03new", b"\x06\x0a\x04\xff\xff\xff\xff", b"\x08\x0a\x06\x92\xe2\x09\x02{x"]
)
def test_the_mark_may_hold_anything(content: bytes) -> None:
    """Whoever writes a field of that number, the task shows itself and is compared."""
    spec = task_pb2.TaskSpec()
    spec.template.id.name = "shop.train"
    tag = FLYTE2 << 3 | 2
    spec.MergeFromString(bytes([tag & 0x7F | 0x80, tag >> 7 & 0x7F | 0x80, tag >> 14]) + (content or b"\x00"))
    task = ftn.FlyteTask.from_flyte_idl(spec)
    assert isinstance(task.flyte2, dict)
    assert "Flyte 2" in task.to_text()
    assert not ftn.diff(task, task).changes


def test_other_bytes_are_told() -> None:
    """What is no message of Flyte 2 is one kind of error."""
    with pytest.raises(ftn.errors.ModelValueError, match=r"3 bytes are no flyteidl2\.task\.TaskSpec"):
        wrapped("flyteidl2.task.TaskSpec", b"\xff\xff\xff")


# -- tables and diffs ------------------------------------------------------------------------------------------------


def test_tables_mark_tasks_of_flyte_2() -> None:
    """A column says which tasks are of Flyte 2, in small tables and in those that are read through Arrow."""
    first = ftn.FlyteTask.from_flyte_idl(details())
    second = ftn.FlyteTask.from_flyte_idl(task_pb2.TaskSpec(template=first.to_flyte_idl().template))
    for times in (1, 400):
        frame = ftn.tabulate([first, second] * times)
        assert ["Flyte 2", None] * times == [value if isinstance(value, str) else None for value in frame["flyte"]]
    text = ftn.TaskCollection([first, second]).to_text()
    assert text.count("Flyte 2") == 1


def test_a_diff_tells_what_only_flyte_2_says() -> None:
    """Changes beside the template are changes; who deployed it and when are none."""
    message = details()
    message.metadata.deployed_at.seconds += 100
    message.spec.short_name = "train-model"
    message.spec.default_inputs[0].parameter.default.scalar.primitive.integer = 30
    found = ftn.diff(details(), message)
    assert {change.path for change in found.changes} == {
        "flyte2.short_name",
        "flyte2.default_inputs.days.default.scalar.primitive.integer",
    }


def test_a_template_alone_says_nothing_of_its_documentation() -> None:
    """What a template leaves out is no change; what a whole TaskSpec leaves out is not there."""
    message = details().spec
    message.ClearField("documentation")
    alone = ftn.FlyteTask.from_flyte_idl(message.task_template)
    assert not [one.path for one in ftn.diff(details().spec, alone).changes if one.path.startswith("description")]
    whole = ftn.FlyteTask.from_flyte_idl(message)
    assert [one.path for one in ftn.diff(details().spec, whole).changes if one.path.startswith("description")]


def test_a_diff_tells_a_move_to_flyte_2() -> None:
    """The same template as a task of Flyte 1 and of Flyte 2 differs in the mark, and in what only one of them says."""
    after = ftn.FlyteTask.from_flyte_idl(details())
    before = ftn.FlyteTask.from_flyte_idl(task_pb2.TaskSpec(template=after.to_flyte_idl().template))
    changes = {change.path: change for change in ftn.diff(before, after).changes}
    assert (changes["flyte2"].old, changes["flyte2"].new) == (None, "Flyte 2")
    assert "flyte2.short_name" in changes


@settings(max_examples=40, phases=(Phase.explicit, Phase.reuse, Phase.generate))
@given(*[messages(task_definition_pb2.TaskSpec, depth=7).map(with_sound_interface)] * 2)
def test_the_new_task_is_made_of_the_old_and_the_changes(old: Any, new: Any) -> None:
    """What differs between two tasks of Flyte 2 is told by the changes to the last value."""
    from flytetask_nb.diffs.flattening import flatten  # noqa: PLC0415 - loads diffs

    for one in (old, new):
        # Without anything beside it, a template leaves open what its author says of it.
        one.short_name = one.short_name or "train"
    before, after = (ftn.FlyteTask.from_flyte_idl(one) for one in (old, new))
    assert ftn.diff(before, after).apply(flatten(before._message)) == flatten(after._message)
