"""flytekit's task beside ours: what it keeps, what it gives, and what is no longer left to chance."""

from __future__ import annotations

import copy
import pickle
from typing import Any

import pytest

from flytetask_nb import models
from flytetask_nb.errors import ImmutableError, WorkflowIntegrationError
from flytetask_nb.models import FlyteTask
from tests.conftest import flytekit_module
from tests.integrations.flytekit.entities import INT, TEXT, Ours, Theirs, settings, template

flytekit: Any = flytekit_module("flytekit")

from flytekit import task, workflow  # noqa: E402 - skipped where there is none
from flytekit.models.common import FlyteIdlEntity  # noqa: E402
from flytekit.models.core.identifier import Identifier  # noqa: E402
from flytekit.models.task import TaskSpec  # noqa: E402
from flytekit.remote.entities import FlyteTask as TheirTask  # noqa: E402
from flytekit.remote.remote_callable import RemoteEntity  # noqa: E402
from flytekit.tools.translator import get_serializable  # noqa: E402

ours = Ours()


@task
def prepare(a: int) -> int:
    return a


@task
def show(n: int, t: str) -> str:
    return f"{n}{t}"


def bound(wf: Any) -> dict[str, str]:
    """Return what each input of the last node is bound to."""
    spec = get_serializable({}, settings(), wf)
    return {
        one.var: f"{one.binding.promise.node_id}.{one.binding.promise.var}" for one in spec.template.nodes[-1].inputs
    }


def test_a_task_has_one() -> None:
    fetched = ours(template({"a": INT}))
    twin = fetched.to_flytekit()
    assert fetched.to_flytekit() is twin
    assert isinstance(twin, TheirTask)
    assert type(twin).__name__ == "FlyteTask"
    assert fetched.replace(version="v8").to_flytekit().id.version == "v8"
    assert copy.copy(fetched).to_flytekit() is not twin
    assert pickle.loads(pickle.dumps(twin)).to_flyte_idl() == twin.to_flyte_idl()  # noqa: S301 - our own
    assert FlyteTask.from_flyte_idl(twin) == fetched


def test_our_tasks_are_flytekits() -> None:
    fetched = ours(template())
    fetched.to_flytekit()
    for kind in (TheirTask, TaskSpec, RemoteEntity, FlyteIdlEntity):
        assert isinstance(fetched, kind)
    assert not isinstance(models.Container("x", [], [], None, {}, {}), TheirTask)


def test_ids_match_as_keys() -> None:
    mine = ours(template()).id
    theirs = Theirs()(template()).id
    assert isinstance(theirs, Identifier)
    assert mine == theirs
    assert theirs == mine
    assert hash(mine) == hash(theirs)
    assert {theirs: 1}[mine] == 1
    assert {mine: 1}[theirs] == 1


def test_what_flytekit_drops_stays() -> None:
    message = template({"a": INT}, {"o0": INT})
    message.id.org = "acme"
    message.container.architecture = 2
    message.metadata.tags["team"] = "a"
    message.MergeFromString(b"\xa2\xf5\x25\x03new")  # a field of a later Flyte
    fetched = ours(message)
    assert fetched.to_flytekit().to_flyte_idl().template == message
    assert b"new" in fetched.to_flytekit().serialize_to_string()


def test_what_flytekit_drops_changes_no_node() -> None:
    """An organisation and fields that are not known yet are the entity's: workflows are those of flytekit."""
    message = template({"a": INT}, {"o0": INT})
    message.id.org = "acme"
    message.MergeFromString(b"\xa2\xf5\x25\x03new")

    def serialized_workflow(fetched: Any) -> bytes:
        @workflow
        def wf(a: int) -> int:
            return fetched(a=prepare(a=fetched(a=a)))

        data: bytes = get_serializable({}, settings(), wf).to_flyte_idl().SerializeToString(deterministic=True)
        return data

    assert serialized_workflow(ours(message)) == serialized_workflow(Theirs()(message))


def test_what_flytekit_writes_counts() -> None:
    """It writes project and domain into what is registered along, and an id into what it takes over."""
    message = template({"a": INT}, {"o0": INT})
    message.id.org = "acme"
    fetched = ours(message, should_register=True)
    entity = get_serializable({}, settings(), fetched.to_flytekit())
    given = entity.to_flyte_idl().template
    assert (given.id.project, given.id.domain, given.id.version, given.id.org) == ("here", "development", "v7", "acme")
    assert fetched.id.project == "shop"
    twin = ours(message).to_flytekit()
    twin.template._id = Identifier(1, "a", "b", "c", "d")
    twin.template._type = "other"
    written = twin.to_flyte_idl().template
    assert (written.id.name, written.type) == ("c", "other")
    for one in (written, message):
        one.ClearField("id")
        one.ClearField("type")
    assert written == message


def test_our_task_cannot_be_written_into() -> None:
    fetched = ours(template())
    with pytest.raises(ImmutableError):
        fetched.id._project = "x"


# -- outputs by position ---------------------------------------------------------------------------------------------


def test_positional_outputs_are_in_natural_order() -> None:
    names = [f"o{position}" for position in range(12)]
    fetched = ours(template({"a": INT}, dict.fromkeys(reversed(names), INT)))

    @workflow
    def wf(a: int) -> int:
        outputs = fetched(a=a)
        assert outputs._fields == tuple(names)
        *_, tenth, _ = outputs
        return prepare(a=tenth)

    assert bound(wf) == {"a": "n0.o10"}


def test_positional_outputs_are_unpacked() -> None:
    fetched = ours(template({"a": INT}, {"o1": TEXT, "o0": INT}))

    @workflow
    def wf(a: int) -> str:
        n, t = fetched(a=a)
        return show(n=n, t=t)

    assert bound(wf) == {"n": "n0.o0", "t": "n0.o1"}


def test_named_outputs_are_not_unpacked() -> None:
    fetched = ours(template({"a": INT}, {"n": INT, "t": TEXT}))

    @workflow
    def wf(a: int) -> str:
        n, t = fetched(a=a)
        return show(n=n, t=t)

    with pytest.raises(WorkflowIntegrationError, match=r"outputs of 'shop\.train' have no order.* result\.n"):
        wf.compile()

    @workflow
    def by_item(a: int) -> int:
        return fetched(a=a)[0]

    with pytest.raises(WorkflowIntegrationError, match="take them by name"):
        by_item.compile()

    @workflow
    def whole(a: int) -> tuple[int, str]:
        return fetched(a=a)

    with pytest.raises(WorkflowIntegrationError, match="take them by name"):
        whole.compile()


def test_named_outputs_have_the_order_of_their_python_interface() -> None:
    fetched = ours(template({"a": INT}, {"n": INT, "t": TEXT}))
    fetched.python_interface = flytekit_module("flytekit.core.interface").Interface({"a": int}, {"t": str, "n": int})

    @workflow
    def wf(a: int) -> str:
        t, n = fetched(a=a)
        return show(n=n, t=t)

    assert bound(wf) == {"n": "n0.n", "t": "n0.t"}


def test_upstream_nodes_are_in_the_order_of_their_creation() -> None:
    inputs = [f"i{position}" for position in range(12)]
    fetched = ours(template(dict.fromkeys(inputs, INT), {"o0": INT}))

    @workflow
    def wf(a: int) -> int:
        given = [prepare(a=a) for _ in inputs]
        return fetched(**dict(zip(inputs, reversed(given), strict=True)))

    spec = get_serializable({}, settings(), wf)
    assert spec.template.nodes[-1].upstream_node_ids == [f"n{position}" for position in range(12)]


# -- the present context ---------------------------------------------------------------------------------------------


def test_compile_takes_the_present_context() -> None:
    fetched = ours(template({"a": INT}, {"o0": INT}))

    @workflow
    def wf(a: int) -> int:
        return fetched.compile(a=a)

    assert get_serializable({}, settings(), wf).template.nodes[0].task_node.reference_id == fetched.id


def test_compile_outside_of_a_workflow() -> None:
    with pytest.raises(flytekit.exceptions.user.FlyteAssertion, match="Cannot create node when not compiling"):
        ours(template()).compile()
