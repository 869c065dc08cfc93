"""What stands in for a task: once, in its context, and held against the interface. Without flytekit."""

from __future__ import annotations

import asyncio
import threading
from contextvars import copy_context
from typing import Any, NamedTuple

import pytest
from flyteidl.core import types_pb2

import flytetask_nb as ftn
from flytetask_nb.errors import LocalExecutionError, TaskNotFoundError
from tests.integrations.flytekit.entities import FLAG, INT, INTS, NUMBER, TABLE, TEXT, Ours
from tests.integrations.flytekit.entities import plain_template as template

ours = Ours()


def simple(**more: Any) -> Any:
    return ours(template({"a": INT}, {"o0": INT}, **more))


def test_a_function_a_value_and_a_sequence() -> None:
    fetched = simple()
    with fetched.mocked(lambda a: a + 1) as mock:
        assert fetched(a=3) == 4
        assert fetched.execute(a=4) == 5
    assert mock.calls == [{"a": 3}, {"a": 4}]
    with fetched.mocked(7):
        assert (fetched(a=1), fetched(a=2)) == (7, 7)
    with fetched.mocked([7, 8]) as mock:
        assert (fetched(a=1), fetched(a=2)) == (7, 8)
        with pytest.raises(LocalExecutionError, match=r"'shop\.train' was called 3 times and has no more answers"):
            fetched(a=3)
    with fetched.mocked(iter([9])):
        assert fetched(a=1) == 9


def test_without_a_mock_it_is_said_how() -> None:
    with pytest.raises(AssertionError, match=r"mock it: with tasks\['shop\.train'\]\.mocked\(answer\)"):
        simple()(a=1)


@pytest.mark.parametrize(
    ("inputs", "answer", "expected"),
    [
        ({"a": "x"}, 1, r"input 'a' of 'shop\.train' is 'x', of type str; expected int"),
        ({"a": True}, 1, "input 'a' .* of type bool; expected int"),
        ({}, 1, "input 'a' of 'shop.train' is missing; expected int"),
        ({"a": 1, "b": 2}, 1, "has no input 'b'; it has a"),
        ({"a": 1}, "x", r"output 'o0' of 'shop\.train' is 'x', of type str; expected int"),
        ({"a": 1}, None, "output 'o0' .* expected int"),
        ({"a": 1}, (1, 2), "output 'o0' .* expected int"),
    ],
)
def test_values_are_held_against_the_interface(inputs: dict[str, Any], answer: object, expected: str) -> None:
    fetched = simple()
    with fetched.mocked(answer), pytest.raises(LocalExecutionError, match=expected):
        fetched(**inputs)


@pytest.mark.parametrize(
    ("kind", "good", "bad"),
    [
        (NUMBER, 1.5, "x"),
        (TEXT, "x", 1),
        (FLAG, True, 1),
        (INTS, [1, 2], ["x"]),
        (TABLE, {"x": 1}, {"x": "y"}),
        (types_pb2.LiteralType(enum_type={"values": ["a", "b"]}), "a", "c"),
        (types_pb2.LiteralType(union_type={"variants": [INT, TEXT]}), "x", 1.5),
    ],
)
def test_each_kind_of_type_is_held_against(kind: Any, good: object, bad: object) -> None:
    fetched = ours(template({"a": kind}))
    with fetched.mocked(None):
        fetched(a=good)
        with pytest.raises(LocalExecutionError, match="input 'a' of"):
            fetched(a=bad)


def test_several_outputs() -> None:
    named, positional = ours(template(outputs={"n": INT, "t": TEXT})), ours(template(outputs={"o0": INT, "o1": TEXT}))

    class Result(NamedTuple):
        t: str
        n: int

    for answer in ({"n": 1, "t": "x"}, Result("x", 1)):
        with named.mocked(answer):
            assert named() == answer
    with positional.mocked((1, "x")):
        assert positional() == (1, "x")
    with named.mocked((1, "x")), pytest.raises(LocalExecutionError, match=r"gives 2 outputs, n, t, .* give a dict"):
        named()
    with simple(name="shop.none").mocked({"o0": 3}) as mock:
        assert mock.calls == []


def test_a_mock_holds_for_the_full_id() -> None:
    """Collections build their tasks anew when they are looked at."""
    tasks = ftn.TaskCollection([template({"a": INT}, {"o0": INT}), template({"a": INT}, {"o0": INT}, version="v8")])
    with tasks["shop.train", "v7"].mocked(1):
        assert tasks["shop.train", "v7"](a=1) == 1
        with pytest.raises(LocalExecutionError):
            tasks["shop.train", "v8"](a=1)


def test_nested_mocks_undo_themselves_in_any_order() -> None:
    fetched = simple()
    first, second = fetched.mocked(1), fetched.mocked(2)
    with first:
        with second:
            assert fetched(a=0) == 2
        assert fetched(a=0) == 1
    first.__enter__()
    second.__enter__()
    first.__exit__(None, None, None)
    assert fetched(a=0) == 2
    second.__exit__(None, None, None)
    with pytest.raises(LocalExecutionError):
        fetched(a=0)


def test_a_mock_may_be_entered_twice() -> None:
    fetched = simple()
    mock = fetched.mocked(1)
    with mock, mock:
        assert fetched(a=0) == 1
    with pytest.raises(LocalExecutionError):
        fetched(a=0)


def test_an_error_takes_the_mock_away() -> None:
    fetched = simple()
    with pytest.raises(KeyError), fetched.mocked(1):
        raise KeyError
    with pytest.raises(LocalExecutionError):
        fetched(a=0)


def test_contexts_do_not_see_each_others_mocks() -> None:
    fetched = simple()

    async def one(answer: int, other: asyncio.Event, mine: asyncio.Event) -> int:
        with fetched.mocked(answer):
            mine.set()
            await other.wait()
            value: int = fetched(a=0)
            return value

    async def both() -> list[int]:
        events = asyncio.Event(), asyncio.Event()
        return await asyncio.gather(one(1, *events), one(2, *events[::-1]))

    assert asyncio.run(both()) == [1, 2]
    seen: list[object] = []

    def look() -> None:
        try:
            seen.append(fetched(a=0))
        except LocalExecutionError:
            seen.append(None)

    with fetched.mocked(3):
        for target in (look, lambda: copy_context().run(look)):
            thread = threading.Thread(target=target)
            thread.start()
            thread.join()
        inherited = copy_context()
        thread = threading.Thread(target=lambda: inherited.run(look))
        thread.start()
        thread.join()
    assert seen == [None, None, 3]


def test_a_whole_collection() -> None:
    tasks = ftn.TaskCollection(
        [
            template({"a": INT}, {"o0": INT}),
            template({"a": INT}, {"o0": INT}, version="v8"),
            template({"a": INT}, {"o0": INT}, name="shop.score"),
        ]
    )
    with ftn.mocked(tasks, {"shop.train": 1, "shop.score": lambda a: a}) as mocks:
        assert [one(a=5) for one in tasks] == [1, 1, 5]
    assert [len(mocks[name].calls) for name in ("shop.train", "shop.score")] == [2, 1]
    with pytest.raises(TaskNotFoundError, match=r"shop\.tain"), ftn.mocked(tasks, {"shop.tain": 1}):
        pass
    with ftn.mocked([tasks[0], tasks[2]], {"shop.train": 1}):
        assert tasks[0](a=1) == 1
        with pytest.raises(LocalExecutionError):
            tasks[1](a=1)
