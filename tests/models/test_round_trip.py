"""The law of the models: what comes in goes out again, byte for byte."""

from __future__ import annotations

from contextlib import suppress
from datetime import datetime, timezone
from typing import TYPE_CHECKING, Any

import pytest
from flyteidl.admin import task_pb2
from flyteidl.core import compiler_pb2, tasks_pb2
from generated import add_unknown_fields, messages, task_specs
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from real_tasks import serialized_tasks, task_messages

import flytetask_nb as ftn
from flytetask_nb.models import Model, TaskSpec, TaskTemplate

if TYPE_CHECKING:
    from pathlib import Path

    from google.protobuf.message import Message

# Messages are built field by field, so examples are slow to draw and nothing is wrong with that.
GENERATED = settings(
    max_examples=150, deadline=None, suppress_health_check=[HealthCheck.too_slow, HealthCheck.data_too_large]
)


def content(message: Message) -> bytes:
    return message.SerializeToString(deterministic=True)


def model_classes(base: type[Model] = Model) -> list[type[Model]]:
    classes = [base] if base is not Model else []
    for derived in base.__subclasses__():
        classes += model_classes(derived)
    return classes


def assert_same(message: Any) -> None:
    before = content(message)
    task = ftn.FlyteTask.from_flyte_idl(message)
    assert before == content(task.to_flyte_idl())
    parsed = ftn.FlyteTask.from_bytes(message.SerializeToString())
    assert before == content(parsed.to_flyte_idl())
    assert before == task.serialize_to_string() == parsed.serialize_to_string()


def read_everything(value: Any) -> None:
    """Read every attribute of a model and of all models in it, leaving out what Python cannot hold."""
    if isinstance(value, Model):
        for name in value._fields:
            value.has(name)
            # Generated times lie far outside of what Python can hold; test_fields says what becomes of those.
            with suppress(ftn.errors.ModelValueError):
                read_everything(getattr(value, name))
    elif isinstance(value, list):
        for item in value:
            read_everything(item)
    elif isinstance(value, dict):
        for item in value.values():
            read_everything(item)


def test_corpus_comes_back(corpus: Path) -> None:
    """Every real TaskSpec comes back with the same deterministic serialization."""
    for _, message in task_messages(corpus):
        assert_same(message)
    assert serialized_tasks(corpus)


def test_corpus_comes_back_with_unknown_fields(corpus: Path) -> None:
    """Fields that this flyteidl does not know survive at every level of every real TaskSpec."""
    for _, message in task_messages(corpus):
        assert add_unknown_fields(message) > 30
        assert_same(message)


@GENERATED
@given(task_specs())
def test_generated_comes_back(message: Any) -> None:
    """Any TaskSpec comes back with the same deterministic serialization."""
    assert_same(message)


@GENERATED
@given(task_specs())
def test_reading_changes_nothing(message: Any) -> None:
    """Reading every attribute, however deep, leaves the task's bytes as they were."""
    task = ftn.FlyteTask.from_flyte_idl(message)
    before = task.serialize_to_string()
    read_everything(task)
    for name in ("id", "metadata", "interface", "custom", "config", "container", "k8s_pod", "sql"):
        getattr(task, name)
    repr(task)
    hash(task)
    assert before == task.serialize_to_string()


@pytest.mark.parametrize("model_class", model_classes(), ids=lambda model_class: model_class.__name__)
def test_every_model_class_comes_back_and_shows_itself_in_one_line(model_class: type[Model]) -> None:
    """Any message of any class, through messages and through bytes; its repr is short, and equal for equal content."""

    @settings(GENERATED, max_examples=25)
    @given(messages(model_class.message_class, depth=5))
    def check(message: Any) -> None:
        model = model_class.from_flyte_idl(message)
        again = model_class.from_bytes(message.SerializeToString())
        shown = repr(model)
        assert shown.isprintable()
        assert len(shown) < 1000
        assert " at 0x" not in shown
        assert shown == repr(again) == model.short_string()
        assert content(message) == content(model.to_flyte_idl()) == again.serialize_to_string()
        read_everything(model)
        assert content(message) == model.serialize_to_string()

    check()


def test_wrappers_come_back_as_their_template(corpus: Path) -> None:
    """A template, a compiled task, a closure and an admin task give the TaskSpec that holds their template."""
    created = datetime(2024, 5, 6, 7, 8, 9, 123456, tzinfo=timezone.utc)
    for place, spec in task_messages(corpus):
        expected = content(task_pb2.TaskSpec(template=spec.template))
        compiled = compiler_pb2.CompiledTask(template=spec.template)
        closure = task_pb2.TaskClosure(compiled_task=compiled)
        closure.created_at.FromDatetime(created)
        admin = task_pb2.Task(id=spec.template.id, closure=closure, short_description=place)
        for message in (spec.template, compiled, closure, admin):
            task = ftn.FlyteTask.from_flyte_idl(message)
            assert expected == content(task.to_flyte_idl())
            known = isinstance(message, task_pb2.TaskClosure | task_pb2.Task)
            assert task.created_at == (created if known else None)
            assert task.short_description == (place if message is admin else None)
            if task.created_at is not None:
                assert task.created_at.tzinfo is timezone.utc


@GENERATED
@given(messages(tasks_pb2.TaskTemplate, depth=8), st.datetimes(), st.text(max_size=5))
def test_generated_wrappers_come_back(template: Any, created: datetime, short: str) -> None:
    """Any template survives its wrappers, and a creation time is aware, in UTC and equal to the server's."""
    closure = task_pb2.TaskClosure(compiled_task=compiler_pb2.CompiledTask(template=template))
    closure.created_at.FromDatetime(created)
    task = ftn.FlyteTask.from_flyte_idl(task_pb2.Task(closure=closure, short_description=short))
    assert content(task_pb2.TaskSpec(template=template)) == content(task.to_flyte_idl())
    assert task.created_at == created.replace(tzinfo=timezone.utc)
    assert task.short_description == (short or None)


def test_short_description_falls_back_to_the_documentation() -> None:
    """Where no server said anything, the task's own documentation does."""
    spec = task_pb2.TaskSpec()
    spec.description.short_description = "Trains."
    assert ftn.FlyteTask.from_flyte_idl(spec).short_description == "Trains."


@pytest.mark.parametrize("seconds", [2**62, -(2**62), 253402300800, -62135596801])
def test_creation_time_outside_of_pythons_years(seconds: int) -> None:
    """A creation time outside the years 1 to 9999 is refused with the number in the message."""
    closure = task_pb2.TaskClosure()
    closure.created_at.seconds = seconds
    with pytest.raises(ftn.errors.ModelValueError, match=f"created_at holds {seconds} s since 1970, outside the years"):
        ftn.FlyteTask.from_flyte_idl(closure)


@pytest.mark.parametrize("seconds", [253402300799, -62135596800, 0])
def test_creation_time_at_the_edge_of_pythons_years(seconds: int) -> None:
    """The first and the last second that Python can hold are read."""
    closure = task_pb2.TaskClosure()
    closure.created_at.seconds = seconds
    created = ftn.FlyteTask.from_flyte_idl(closure).created_at
    assert created is not None
    assert (created - datetime(1970, 1, 1, tzinfo=timezone.utc)).total_seconds() == seconds


def make_spec() -> Any:
    spec = task_pb2.TaskSpec()
    spec.template.id.name = "shop.train"
    spec.template.container.image = "shop:1"
    spec.template.config["region"] = "eu"
    return spec


@pytest.mark.parametrize(
    "wrap",
    [
        lambda spec: spec,
        lambda spec: spec.template,
        lambda spec: compiler_pb2.CompiledTask(template=spec.template),
    ],
    ids=["spec", "template", "compiled"],
)
def test_from_flyte_idl_copies(wrap: Any) -> None:
    """What a caller does with a message afterwards does not change the task."""
    message = wrap(make_spec())
    task = ftn.FlyteTask.from_flyte_idl(message)
    message.Clear()
    assert (task.name, task.container.image if task.container else None) == ("shop.train", "shop:1")


def test_nested_from_flyte_idl_copies() -> None:
    """A model made of a sub-message is independent of the message that holds it."""
    spec = make_spec()
    template = TaskTemplate.from_flyte_idl(spec.template)
    spec.template.id.name = "other"
    assert template.id.name == "shop.train"


def test_constructor_copies() -> None:
    """A model made of a caller's messages is independent of them."""
    template = make_spec().template
    spec = TaskSpec(template)
    template.id.name = "other"
    assert spec.template.id.name == "shop.train"


def test_to_flyte_idl_hands_out_copies() -> None:
    """Each call gives a message of the caller's own, at every level."""
    task = ftn.FlyteTask.from_flyte_idl(make_spec())
    before = task.serialize_to_string()
    for model in (task, task.template, task.id, task.container, task.interface, task.metadata):
        assert model is not None
        first = model.to_flyte_idl()
        assert first is not model.to_flyte_idl()
        first.Clear()
    assert before == task.serialize_to_string()


def test_values_are_copies() -> None:
    """Dicts and lists that attributes give are the caller's own."""
    task = ftn.FlyteTask.from_flyte_idl(make_spec())
    task.config["region"] = "us"
    task.custom["x"] = 1
    assert task.container is not None
    task.container.args.append("x")
    task.interface.inputs["x"] = None
    assert task.config == {"region": "eu"}
    assert task.serialize_to_string() == content(make_spec())


@pytest.mark.parametrize("model_class", model_classes(), ids=lambda model_class: model_class.__name__)
def test_garbage_is_refused(model_class: type[Model]) -> None:
    """Bytes that are no message give an error that names the kind of message and the first bytes."""
    with pytest.raises(
        ftn.errors.ModelValueError, match=r"3 bytes beginning with 'ff ff ff' are no serialized flyteidl\."
    ):
        model_class.from_bytes(b"\xff\xff\xff")


@given(st.binary(max_size=40))
def test_any_bytes_parse_or_are_refused(data: bytes) -> None:
    """Whatever the bytes, the answer is a task that serializes, or our own error."""
    try:
        task = ftn.FlyteTask.from_bytes(data)
    except ftn.errors.ModelValueError:
        return
    assert ftn.FlyteTask.from_bytes(task.serialize_to_string()) == task


@pytest.mark.parametrize("model_class", [ftn.FlyteTask, TaskTemplate])
def test_text_is_no_serialized_message(model_class: type[Model]) -> None:
    """Something else than bytes is a wrong type, not a broken message."""
    with pytest.raises(ftn.errors.ModelTypeError, match="takes bytes, got str"):
        model_class.from_bytes("shop.train")


@pytest.mark.parametrize("kind", [bytes, bytearray])
def test_bytes_of_either_kind(kind: Any) -> None:
    """Mutable bytes are read like bytes."""
    assert ftn.FlyteTask.from_bytes(kind(content(make_spec()))).name == "shop.train"


def test_messages_nested_too_deep_are_refused() -> None:
    """Bytes nested deeper than protobuf allows give our own error, not a crash."""
    message = task_pb2.TaskSpec()
    inner = message.template.interface.inputs.variables["x"].type
    for _ in range(150):
        inner = inner.collection_type
    inner.simple = 1
    with pytest.raises(ftn.errors.ModelValueError, match="TaskSpec"):
        ftn.FlyteTask.from_bytes(message.SerializeToString())


def test_messages_nested_deep() -> None:
    """Ninety lists in each other are read, shown and compared."""
    message = task_pb2.TaskSpec()
    inner = message.template.interface.inputs.variables["x"].type
    for _ in range(85):
        inner = inner.collection_type
    inner.simple = 1
    task = ftn.FlyteTask.from_bytes(message.SerializeToString())
    assert str(task.interface) == f"(x: {'list[' * 85}int{']' * 85}) -> ()"
    assert task == ftn.FlyteTask.from_flyte_idl(message)


@pytest.mark.parametrize(
    ("value", "said"),
    [
        (None, "got None, of type NoneType"),
        ("shop.train", "got 'shop.train', of type str"),
        (task_pb2.TaskSpec, "of type MessageMeta"),
        (tasks_pb2.Container(), "cannot be made from a flyteidl.core.Container"),
        (b"\x0a", "of type bytes"),
    ],
    ids=["None", "text", "class", "container", "bytes"],
)
def test_what_is_no_task(value: object, said: str) -> None:
    """An object that no task can be made of gives an error that says what it is and what was expected."""
    with pytest.raises(ftn.errors.ModelTypeError) as caught:
        ftn.FlyteTask.from_flyte_idl(value)
    assert said in str(caught.value)
    assert "flyteidl.admin.TaskSpec" in str(caught.value)
