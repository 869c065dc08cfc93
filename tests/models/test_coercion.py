"""Whatever stands for a task is taken; what does not is told in the user's words."""

from __future__ import annotations

import json
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest

from flytetask_nb.errors import ModelTypeError, ModelValueError
from flytetask_nb.models import FlyteTask, bridging
from flytetask_nb.models.coercion import as_task, as_tasks, opened
from tests.sources.building import spec

if TYPE_CHECKING:
    from collections.abc import Iterator


class Foreign:
    """What only the door knows."""

    def __init__(self, made: Any) -> None:
        self.made = made


class Door:
    """The part of a bridge that is tested here."""

    def opened(self, value: object) -> Any:
        return value.made if isinstance(value, Foreign) else None


@pytest.fixture(autouse=True)
def _door(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(bridging, "_find_bridge", Door)


@pytest.fixture
def task() -> FlyteTask:
    return FlyteTask.from_flyte_idl(spec())


class Convertible:
    def __init__(self, message: Any) -> None:
        self.message = message

    def to_flyte_idl(self) -> Any:
        return self.message


def test_what_stands_for_a_task(task: FlyteTask) -> None:
    message = task.to_flyte_idl()
    data = task.serialize_to_string()
    given = (message, message.template, data, bytearray(data), memoryview(data), Convertible(message), Foreign(task))
    assert as_task(task) is task
    assert {as_task(one).name for one in given} == {task.name}
    assert [one.name for one in as_tasks(iter(given))] == [task.name] * len(given)


def test_what_stands_for_several(task: FlyteTask) -> None:
    several = Foreign([task, task])
    assert list(as_tasks(several)) == [task, task]
    assert list(as_tasks([task, several])) == [task] * 3
    with pytest.raises(ModelTypeError, match=r"old is a Foreign of 2; expected one task, such as old\[0\]"):
        as_task(several, "old")


def test_the_door_is_not_asked_for_what_is_known(task: FlyteTask, monkeypatch: pytest.MonkeyPatch) -> None:
    def refusal() -> None:
        raise AssertionError

    monkeypatch.setattr(bridging, "_find_bridge", refusal)
    for one in (task, task.id, task.to_flyte_idl(), "x", b"x", 1, None, [], (), {}, Path("x")):
        assert opened(one) is one


def generator() -> Iterator[int]:
    yield 1


@pytest.mark.parametrize(
    ("value", "expected"),
    [
        (None, r"old is None; expected a task, such as tasks\['name of the task'\]"),
        ("a.tgz", r"old is the path 'a\.tgz'; expected a task: load it first, ftn\.load\('a\.tgz'\)\["),
        ("shop.train", r"old is 'shop\.train', a text; expected a task: .*, tasks\['shop\.train'\]"),
        (Path("a.tgz"), r"old is the path 'a\.tgz'; expected a task: load it first, ftn\.load\('a\.tgz'\)\["),
        ([1, 2], r"old is a list of 2; expected one task, such as old\[0\]"),
        (generator(), "old is a generator; expected one task"),
        ({"a": 1}, r"old is a dict of 1; expected one task, such as old\['a'\]"),
        (json, r"old is the module json"),
        (generator, "old is 'generator', a function; expected a task: put flytekit's @task above it"),
        (int, "old is 'int', a type; expected a task"),
        (3, "old is 3 of type int; expected a task: a FlyteTask"),
        (Foreign(None), "of type Foreign; expected a task"),
    ],
)
def test_what_was_given_is_named(value: object, expected: str) -> None:
    with pytest.raises(ModelTypeError, match=expected) as caught:
        as_task(value, "old")
    assert " at 0x" not in str(caught.value)


@pytest.mark.parametrize("value", [None, "a.tgz", b"", 3, json])
def test_no_iterable_of_tasks(value: object) -> None:
    with pytest.raises(ModelTypeError, match=r"^tasks is .*; expected tasks"):
        as_tasks(value)


def test_what_is_wrong_inside_is_placed(task: FlyteTask) -> None:
    with pytest.raises(ModelTypeError, match=r"local\[1\] is 'x', a text"):
        list(as_tasks([task, "x"], "local"))


def test_bytes_that_are_no_task() -> None:
    with pytest.raises(ModelValueError, match="are no serialized"):
        as_task(b"\xff")


def test_what_a_conversion_raises_is_named() -> None:
    class Broken:
        def to_flyte_idl(self) -> Any:
            raise KeyError("x")

    with pytest.raises(ModelTypeError, match="a Broken could not be turned into a message: KeyError: 'x'"):
        as_task(Broken())
