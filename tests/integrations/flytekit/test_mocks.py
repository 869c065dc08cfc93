"""Mocked tasks in workflows that run here: promises in, values to the mock, promises out."""

from __future__ import annotations

import asyncio
from typing import Any

import pytest
from flyteidl.core import types_pb2

import flytetask_nb as ftn
from tests.conftest import flytekit_module
from tests.integrations.flytekit.entities import INT, INTS, TABLE, TEXT, Ours, template

flytekit: Any = flytekit_module("flytekit")

from flytekit import conditional, dynamic, task, workflow  # noqa: E402 - skipped where there is none
from flytekit.types.file import FlyteFile  # noqa: E402

ours = Ours()


@task
def double(a: int) -> int:
    return 2 * a


@task
def show(n: int, t: str) -> str:
    return f"{t}{n}"


def simple(**more: Any) -> Any:
    return ours(template({"a": INT}, {"o0": INT}, **more))


# -- in workflows ----------------------------------------------------------------------------------------------------


def test_between_local_tasks() -> None:
    fetched = simple()

    @workflow
    def wf(a: int) -> int:
        return double(a=fetched(a=double(a=a)))

    with fetched.mocked(lambda a: a + 1) as mock:
        assert wf(a=3) == 14
    assert mock.calls == [{"a": 6}]


def test_outputs_in_a_workflow() -> None:
    fetched = ours(template({"a": INT}, {"o0": INT, "o1": TEXT}))
    named = ours(template({"a": INT}, {"n": INT, "t": TEXT}, name="shop.named"))
    nothing = ours(template({"a": INT}, name="shop.nothing"))

    @workflow
    def wf(a: int) -> tuple[str, str]:
        n, t = fetched(a=a)
        both = named(a=n)
        nothing(a=both.n) >> nothing(a=1)
        return show(n=n, t=t), show(n=both.n, t=both.t)

    with fetched.mocked((1, "x")), named.mocked({"t": "y", "n": 2}), nothing.mocked(None) as mock:
        assert tuple(wf(a=3)) == ("x1", "y2")
    assert mock.calls == [{"a": 2}, {"a": 1}]


def test_named_outputs_are_not_unpacked_here_either() -> None:
    named = ours(template({"a": INT}, {"n": INT, "t": TEXT}))

    @workflow
    def wf(a: int) -> str:
        n, t = named(a=a)
        return show(n=n, t=t)

    with named.mocked({"t": "y", "n": 2}), pytest.raises(Exception, match="take them by name"):
        wf(a=1)


def test_collections_of_promises() -> None:
    fetched = ours(template({"l": INTS, "m": TABLE}, {"o0": INT}))

    @workflow
    def wf(a: int) -> int:
        one = double(a=a)
        return fetched(l=[one, a, 5], m={"x": one, "y": 1})

    with fetched.mocked(lambda l, m: sum(l) + m["x"]) as mock:  # noqa: E741 - the input is called so
        assert wf(a=1) == 10
    assert mock.calls == [{"l": [2, 1, 5], "m": {"x": 2, "y": 1}}]


def test_what_does_not_fit_is_named_in_a_workflow() -> None:
    fetched = simple()

    @workflow
    def wf(a: int) -> int:
        return fetched(a=a)

    with fetched.mocked("x"), pytest.raises(Exception, match=r"output 'o0' of 'shop\.train' is 'x'"):
        wf(a=1)


def test_overrides_and_order_do_nothing_here() -> None:
    fetched = simple()

    @workflow
    def wf(a: int) -> int:
        out = fetched(a=a).with_overrides(retries=3, node_name="x")
        double(a=1) >> out
        return out

    with fetched.mocked(5):
        assert wf(a=1) == 5


@pytest.mark.parametrize("is_mocked", [True, False])
def test_a_skipped_branch_is_not_run(*, is_mocked: bool) -> None:
    fetched, other = simple(), simple(name="shop.other")

    @workflow
    def wf(a: int) -> int:
        return conditional("size").if_(a > 3).then(fetched(a=a)).else_().then(other(a=a))

    with fetched.mocked(1) as taken, other.mocked(2) as skipped:
        assert wf(a=5) == 1
    assert (len(taken.calls), len(skipped.calls)) == (1, 0)
    if not is_mocked:
        with fetched.mocked(1):
            assert wf(a=5) == 1
        with other.mocked(2):
            assert wf(a=1) == 2


def test_a_skipped_branch_of_several_outputs() -> None:
    fetched = ours(template({"a": INT}, {"o0": INT, "o1": TEXT}))

    @task
    def local(a: int) -> tuple[int, str]:
        return a, "local"

    @workflow
    def wf(a: int) -> tuple[int, str]:
        return conditional("size").if_(a > 3).then(local(a=a)).else_().then(fetched(a=a))

    assert tuple(wf(a=5)) == (5, "local")


def test_a_sub_workflow_and_a_dynamic_task() -> None:
    fetched = simple()

    @workflow
    def inner(a: int) -> int:
        return fetched(a=a)

    @dynamic
    def many(a: int) -> int:
        total = a
        for _ in range(3):
            total = double(a=fetched(a=total))
        return total

    @workflow
    def wf(a: int) -> int:
        return many(a=inner(a=a))

    with fetched.mocked(lambda a: a + 1) as mock:
        assert wf(a=0) == 22
        assert many(a=1) == 22
    assert [call["a"] for call in mock.calls] == [0, 1, 4, 10, 1, 4, 10]


def test_an_imperative_workflow() -> None:
    fetched = simple()
    wf = flytekit.Workflow(name="shop.imperative.mocked")
    node = wf.add_entity(fetched, a=wf.add_workflow_input("a", int))
    wf.add_workflow_output("out", node.outputs["o0"], python_type=int)
    with fetched.mocked(lambda a: a + 1):
        assert wf(a=1) == 2


def test_an_imperative_workflow_of_named_outputs() -> None:
    """Flytekit pairs them with their names by position, which is right for it and refused to everyone else."""
    integer = types_pb2.LiteralType(simple="INTEGER")
    fetched = ours(template({"a": integer}, {"total": integer, "rest": integer, "share": integer}))
    wf = flytekit.Workflow(name="shop.imperative.named")
    node = wf.add_entity(fetched, a=wf.add_workflow_input("a", int))
    for name in ("share", "total", "rest"):
        wf.add_workflow_output(name, node.outputs[name], python_type=int)
    with fetched.mocked(lambda a: {"total": a, "rest": a + 1, "share": a + 2}):
        found = wf(a=1)
        assert (found.total, found.rest, found.share) == (1, 2, 3)

        @flytekit.workflow
        def unpacked(a: int) -> int:
            total, *_ = fetched(a=a)
            return total

        with pytest.raises(Exception, match="have no order"):
            unpacked(a=1)


def test_an_eager_task_calls_it() -> None:
    fetched = simple()

    @flytekit.eager
    async def flow(a: int) -> int:
        return fetched(a=fetched(a=a))

    with fetched.mocked(lambda a: a + 1) as mock:
        assert asyncio.run(flow(a=1)) == 3
    assert [call["a"] for call in mock.calls] == [1, 2]


def test_a_twin_is_mocked_along() -> None:
    fetched = simple()
    twin = fetched.to_flytekit()
    with fetched.mocked(4) as mock:
        assert twin(a=1) == 4
        assert twin.execute(a=1) == 4
    assert len(mock.calls) == 2


def test_files_and_none() -> None:
    union = types_pb2.LiteralType(
        union_type={
            "variants": [
                types_pb2.LiteralType(simple="INTEGER", structure={"tag": "int"}),
                types_pb2.LiteralType(simple="NONE", structure={"tag": "none"}),
            ]
        }
    )
    fetched = ours(template({"u": union}, {"o0": types_pb2.LiteralType(blob={"format": "csv"})}))

    @task
    def name(f: FlyteFile) -> str:
        return f.remote_source if isinstance(f.remote_source, str) else str(f.path)

    @workflow
    def wf() -> str:
        return name(f=fetched(u=None))

    with fetched.mocked(lambda u: FlyteFile("s3://bucket/x.csv") if u is None else None) as mock:
        assert wf().endswith("x.csv")
    assert mock.calls == [{"u": None}]


def test_code_that_patches_execute_still_works(monkeypatch: pytest.MonkeyPatch) -> None:
    fetched = simple()

    @workflow
    def wf(a: int) -> int:
        return double(a=fetched(a=a))

    monkeypatch.setattr(ftn.FlyteTask, "execute", lambda _self, a: a + 1)
    assert wf(a=1) == 4
