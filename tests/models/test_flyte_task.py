"""A task: its template's fields by hand, replaced by hand, and no code to run."""

from __future__ import annotations

import copy
import pickle
import sys
from datetime import datetime, timezone
from operator import attrgetter
from typing import TYPE_CHECKING, Any
from unittest import mock

import pytest
from flyteidl.admin import task_pb2
from generated import task_specs
from hypothesis import HealthCheck, given, settings

import flytetask_nb as ftn
from flytetask_nb.models import (
    Container,
    Documentation,
    FlyteTask,
    Identifier,
    K8sPod,
    LocalExecutionMode,
    Resources,
    ResourceType,
    RetryStrategy,
    RuntimeMetadata,
    Sql,
    TaskMetadata,
    TaskSpec,
    TaskTemplate,
    TypedInterface,
    bridging,
)
from flytetask_nb.models.origins import Origin

if TYPE_CHECKING:
    from collections.abc import Iterator

METADATA = TaskMetadata(False, RuntimeMetadata(1, "1.16", "python"), 0, RetryStrategy(0), None, "", "", False, "", [])
ARGUMENTS: dict[str, Any] = {
    "id": Identifier(ResourceType.TASK, "shop", "production", "shop.models.train", "v1"),
    "type": "python-task",
    "metadata": METADATA,
    "interface": TypedInterface({}, {}),
    "custom": {"workers": 3},
    "container": Container("shop:1", ["train"], [], Resources([], []), {"DB_PASSWORD": "hunter2"}, {}),
    "task_type_version": 2,
    "config": {"region": "eu"},
}
TASK = FlyteTask(**ARGUMENTS)


def test_constructor_gives_what_it_was_given() -> None:
    """Every argument is an attribute with the same value."""
    for name, value in ARGUMENTS.items():
        assert getattr(TASK, name) == value
    assert (TASK.k8s_pod, TASK.sql, TASK.security_context, TASK.extended_resources, TASK.docs) == (None,) * 5
    assert TASK.template == TaskTemplate(**ARGUMENTS)
    assert TaskSpec(TASK.template) == TASK
    assert (TASK.name, TASK.resource_type, TASK.entity_type_text) == ("shop.models.train", ResourceType.TASK, "Task")
    assert (TASK.should_register, FlyteTask(**ARGUMENTS, should_register=True).should_register) == (False, True)
    assert (TASK.source, TASK.note, TASK.created_at, TASK.short_description, TASK.python_interface) == (None,) * 5


def test_replace_reaches_every_part() -> None:
    """Fields of the template, parts of the id, documentation and should_register are changed by name."""
    changed = TASK.replace(
        type="spark",
        version="v2",
        project="other",
        docs=Documentation("Trains."),
        should_register=True,
        task_type_version=None,
    )
    assert (changed.type, changed.id.version, changed.id.project, changed.name) == ("spark", "v2", "other", TASK.name)
    assert (changed.docs, changed.should_register, changed.task_type_version) == (Documentation("Trains."), True, 0)
    assert (TASK.type, TASK.id.version, TASK.docs, TASK.should_register) == ("python-task", "v1", None, False)
    assert type(changed) is FlyteTask


def test_replace_goes_from_the_whole_to_its_parts() -> None:
    """A new template comes first, then its fields, then parts of the id."""
    template = TaskTemplate.from_bytes(b"").replace(type="a", id=ARGUMENTS["id"])
    changed = TASK.replace(version="v9", type="b", template=template)
    assert (changed.type, changed.id.version, changed.id.name, changed.container) == ("b", "v9", TASK.name, None)


def test_replace_clears_with_none() -> None:
    """None clears, whatever the field."""
    cleared = TASK.replace(version=None, container=None, custom=None, config=None, docs=None)
    assert (cleared.id.version, cleared.container, cleared.custom, cleared.config) == ("", None, {}, {})
    assert TASK.replace(template=None).is_empty
    assert FlyteTask(**ARGUMENTS, should_register=True).replace(should_register=None).should_register is False


def test_replace_of_the_target() -> None:
    """Another target takes the place of the present one; two are refused."""
    assert TASK.replace(sql=Sql("SELECT 1")).container is None
    with pytest.raises(ValueError, match="container and k8s_pod: give one"):
        TASK.replace(container=ARGUMENTS["container"], k8s_pod=K8sPod())


def test_replace_of_an_unknown_name() -> None:
    """An unknown name is refused with those that there are."""
    with pytest.raises(
        ftn.errors.ModelTypeError, match=r"FlyteTask has no field 'image'; it has .*version.*container.*docs"
    ):
        TASK.replace(image="x")


def test_replace_keeps_where_the_task_came_from() -> None:
    """The source stays with a changed copy, and the code's own interface with it."""
    task = FlyteTask.from_bytes(b"", Origin(source="release.tgz!x", note="bundle"))
    task.python_interface = "interface"
    changed = task.replace(name="x")
    assert (changed.source, changed.note, changed.python_interface) == ("release.tgz!x", "bundle", "interface")


def test_has() -> None:
    """Fields of the template, parts of the id, and what stands beside are told to be set or not."""
    assert all(TASK.has(name) for name in ("template", "container", "custom", "version", "task_type_version", "id"))
    assert not any(TASK.has(name) for name in ("docs", "sql", "org", "security_context", "should_register"))
    with pytest.raises(ftn.errors.ModelTypeError, match="has no field 'image'"):
        TASK.has("image")


@pytest.mark.parametrize("name", ["id", "container", "docs", "source", "created_at", "name", "brand_new"])
def test_read_only(name: str) -> None:
    """No attribute can be assigned or deleted."""
    with pytest.raises(ftn.errors.ImmutableError, match=rf"use \.replace\({name}="):
        setattr(TASK, name, None)
    with pytest.raises(ftn.errors.ImmutableError):
        delattr(TASK, name)


def test_python_interface_can_be_set() -> None:
    """As in flytekit the Python interface can be set; it is no part of the content, nor of other copies."""
    task = FlyteTask(**ARGUMENTS)
    other = copy.copy(task)
    task.python_interface = {"x": int}
    assert task.python_interface == {"x": int}
    assert other.python_interface is None
    assert task == other
    assert FlyteTask.from_flyte_idl(task).python_interface is None
    with pytest.raises(ftn.errors.ImmutableError):
        del task.python_interface


def test_a_task_made_of_a_task() -> None:
    """Making a task of a task keeps what is known beside the message."""
    origin = Origin(source="s", created_at=datetime(2024, 1, 1, tzinfo=timezone.utc), short_description="d", note="n")
    task = FlyteTask.from_bytes(TASK.serialize_to_string(), origin)
    again = FlyteTask.from_flyte_idl(task)
    assert again == task
    assert (again.source, again.created_at, again.short_description, again.note) == ("s", origin.created_at, "d", "n")


def test_promote_from_model() -> None:
    """A template of ours gives a task that need not be registered, whatever it was made of."""
    promoted = FlyteTask.promote_from_model(TASK.template)
    assert (promoted, promoted.should_register) == (TASK, False)
    assert FlyteTask.promote_from_model(FlyteTask(**ARGUMENTS, should_register=True)).should_register is False


@pytest.mark.parametrize("copied", [copy.copy, copy.deepcopy, lambda task: pickle.loads(pickle.dumps(task))])  # noqa: S301
def test_copies(copied: Any) -> None:
    """Copies and pickles keep the content and what is known beside it."""
    origin = Origin(
        source="s",
        created_at=datetime(2024, 1, 1, tzinfo=timezone.utc),
        short_description="d",
        note="n",
        should_register=True,
    )
    task = FlyteTask.from_bytes(TASK.serialize_to_string(), origin)
    other = copied(task)
    assert other == task
    assert other is not task
    assert hash(other) == hash(task)
    for name in Origin.__slots__:
        assert getattr(other, name) == getattr(task, name)
    assert pickle.dumps(other) == pickle.dumps(task)


def test_repr() -> None:
    """The repr names the task and marks its content, in one line, without secrets."""
    shown = repr(TASK)
    assert shown.startswith(
        "FlyteTask('shop.models.train', project='shop', domain='production', version='v1', type='python-task', content='"
    )
    assert "hunter2" not in shown
    assert repr(FlyteTask.from_flyte_idl(TASK)) == shown == TASK.short_string()
    assert repr(FlyteTask.from_bytes(b"")) == "FlyteTask('', content='e3b0c442')"


def test_reprs_tell_tasks_apart() -> None:
    """Tasks that differ anywhere, be it in a field that no one shows, have different reprs."""
    message = TASK.to_flyte_idl()
    message.MergeFromString(b"\x98\x97\x02\x05")
    variants = [
        TASK,
        TASK.replace(version="v2"),
        TASK.replace(name="x', project='shop"),
        TASK.replace(custom={"workers": 4}),
        TASK.replace(metadata=METADATA.replace(tags={"a": "b"})),
        TASK.replace(docs=Documentation("x")),
        FlyteTask.from_flyte_idl(message),
    ]
    assert len({repr(task) for task in variants}) == len(variants)


@settings(max_examples=60, deadline=None, suppress_health_check=[HealthCheck.too_slow, HealthCheck.data_too_large])
@given(task_specs(), task_specs())
def test_reprs_are_equal_for_equal_content_alone(one: Any, other: Any) -> None:
    """Any two tasks have equal reprs exactly if they are equal, and each is one line."""
    left, right = FlyteTask.from_flyte_idl(one), FlyteTask.from_flyte_idl(other)
    assert (repr(left) == repr(right)) == (left == right)
    assert repr(left).isprintable()


@pytest.mark.parametrize("call", [TASK, TASK.execute, lambda **given: TASK.local_execute(None, **given)])
def test_code_of_a_fetched_task_is_not_here(call: Any) -> None:
    """Running a task says why it cannot run, and how to test code that calls it."""
    with pytest.raises(ftn.errors.LocalExecutionError, match=r"'shop\.models\.train'.*mock it") as caught:
        call(x=1)
    assert isinstance(caught.value, AssertionError)
    assert str(caught.value).startswith("Remotely fetched entities cannot be run locally")


@pytest.fixture
def without_flytekit() -> Iterator[None]:
    """Hide flytekit, whichever test imported it: where it is loaded, its own errors and promises are what calls give."""
    with mock.patch.dict(sys.modules):
        sys.modules.pop("flytekit", None)
        yield


@pytest.mark.usefixtures("without_flytekit")
def test_calls_can_be_mocked() -> None:
    """The remedy that the error names works; a task without outputs gives nothing."""
    with mock.patch.object(FlyteTask, "execute", return_value=None) as execute:
        assert (TASK(x=1), TASK.local_execute(None, x=2)) == (None, None)
    assert [call.kwargs for call in execute.call_args_list] == [{"x": 1}, {"x": 2}]


@pytest.mark.usefixtures("without_flytekit")
def test_inputs_are_given_by_name() -> None:
    """Positional arguments are refused."""
    with pytest.raises(ftn.errors.ModelTypeError, match="called with 2 positional arguments"):
        TASK(1, 2)


def test_nothing_leads_to_flytekit_without_a_bridge(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(bridging, "_find_bridge", bridging._no_bridge)
    with pytest.raises(ftn.errors.WorkflowIntegrationError, match="import flytetask_nb first") as caught:
        TASK.compile(None, x=1)
    assert isinstance(caught.value, NotImplementedError)


@pytest.mark.parametrize(
    ("name", "expected"),
    [("shop.models.train", "train"), ("train", "train"), ("", ""), ("a.", ""), ("task:train-1", "task:train-1")],
)
def test_node_metadata(name: str, expected: str) -> None:
    """A node is called like the last part of the task's name."""
    assert TASK.replace(name=name).construct_node_metadata().name == expected


def test_local_execution_mode() -> None:
    """The mode is the one member that there is."""
    assert TASK.local_execution_mode() is LocalExecutionMode.LOCAL_TASK_EXECUTION


def test_absent_sub_messages_stay_absent() -> None:
    """A TaskSpec without a template has empty parts, and reading them adds none."""
    task = FlyteTask.from_flyte_idl(task_pb2.TaskSpec())
    assert task.id.is_empty
    assert (task.name, task.type, task.container, task.custom, task.config) == ("", "", None, {}, {})
    assert task.is_empty


@pytest.mark.parametrize(
    ("name", "place"),
    [
        ("image", "task.container.image"),
        ("resources", "task.container.resources"),
        ("version", "task.id.version"),
        ("inputs", "task.interface.inputs"),
        ("cache_version", "task.metadata.cache_version"),
    ],
)
def test_what_stands_elsewhere_is_named(name: str, place: str) -> None:
    """And the line that is named works."""
    message = task_pb2.TaskSpec()
    message.template.container.image = "shop:1"
    task = FlyteTask.from_flyte_idl(message)
    with pytest.raises(AttributeError, match=f"use {place}$"):
        getattr(task, name)
    attrgetter(place.removeprefix("task."))(task)


def test_a_task_without_a_container_says_so() -> None:
    message = task_pb2.TaskSpec()
    message.template.sql.statement = "SELECT 1"
    with pytest.raises(AttributeError, match="no container runs this task"):
        FlyteTask.from_flyte_idl(message).image  # noqa: B018
    message.template.k8s_pod.SetInParent()
    with pytest.raises(AttributeError, match="it runs in a pod"):
        FlyteTask.from_flyte_idl(message).image  # noqa: B018
    assert not hasattr(FlyteTask.from_flyte_idl(message), "_ipython_display_")
