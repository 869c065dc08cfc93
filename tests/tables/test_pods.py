"""Pods read together give what each gives when it is built as a whole."""

from __future__ import annotations

import random
from typing import TYPE_CHECKING, Any

import pytest
from flyteidl.admin import task_pb2
from flyteidl.core import tasks_pb2
from generated import pod_tasks
from google.protobuf import struct_pb2
from hypothesis import given
from hypothesis import strategies as st

pytest.importorskip("ptars")

from flytetask_nb.protobuf_wire import wrapped
from flytetask_nb.semantics.task_container import read_task_container
from flytetask_nb.tables import pods
from flytetask_nb.tables.runners import environment_of
from tests.many_tasks import many_tasks

if TYPE_CHECKING:
    from collections.abc import Sequence


def setting(key: str, value: str) -> bytes:
    """Return a serialized entry of a template's ``config``."""
    return wrapped(1, key.encode()) + wrapped(2, value.encode())


NAMED = [setting("primary_container_name", "main")]


def pod(*containers: Any, **more: Any) -> bytes:
    """Return a serialized pod."""
    message = tasks_pb2.K8sPod()
    message.pod_spec.update({"containers": list(containers), **more})
    return message.SerializeToString()


def seen(runner: Any) -> Any:
    """Return all that is in a runner, in a form that can be compared."""
    return None if runner is None else (runner._replace(env=()), environment_of(runner))


def together(data: Sequence[bytes], settings: Sequence[Sequence[bytes]]) -> list[Any]:
    """Return the runner of each pod, with its image; None where it cannot be parsed."""
    found = pods.pod_runners(data, settings)
    return [
        None if which < 0 else found.runners[which]._replace(image=image)
        for which, image in zip(found.which.tolist(), found.images, strict=True)
    ]


def same(data: Sequence[bytes], settings: Sequence[bytes] = ()) -> None:
    """See that pods give the same together, alone and as a whole."""
    settings_bytes = b"".join(wrapped(16, entry) for entry in settings)
    expected = [seen(pods._reference(one, settings_bytes)) for one in data]
    assert list(map(seen, together(data, [settings] * len(data)))) == expected
    for one, runner in zip(data, expected, strict=True):
        assert list(map(seen, together([one], [settings]))) == [runner]


def shipped() -> list[tuple[bytes, list[bytes]]]:
    """Return a few pods like those of the example, each with the settings of its task."""
    templates = (task_pb2.TaskSpec.FromString(one).template for one in many_tasks(200))
    return [
        (one.k8s_pod.SerializeToString(), [setting(*entry) for entry in one.config.items()])
        for one in templates
        if one.HasField("k8s_pod")
    ]


MAIN = {"name": "main", "image": "a:1", "args": ["x"], "env": [{"name": "A", "value": "b"}]}
SIDE = {"name": "side", "image": "b:2", "resources": {"limits": {"cpu": 2, "memory": "1Gi"}}}
ODD = {
    "none": pod(),
    "one": pod(MAIN),
    "two": pod(SIDE, MAIN),
    "same name twice": pod(SIDE, MAIN, {**MAIN, "image": "c:3"}),
    "no primary": pod(SIDE, {**SIDE, "image": "c:3"}),
    "no object": pod("text", MAIN),
    "only no object": pod(None, 1.5),
    "empty object": pod({}, MAIN),
    "fields of other kinds": pod({"name": 1, "image": ["a"], "args": "text", "env": {}, "resources": None}),
    "no list": tasks_pb2.K8sPod(
        pod_spec=struct_pb2.Struct(fields={"containers": struct_pb2.Value()})
    ).SerializeToString(),
    "no spec": tasks_pb2.K8sPod(primary_container_name="main").SerializeToString(),
    "nothing": b"",
    "twice": pod(MAIN) + pod(SIDE),
    "two lists": pod(MAIN) + wrapped(2, wrapped(1, wrapped(1, b"containers"))),
    "no protobuf": b"\xff",
}


@pytest.mark.parametrize("settings", [[], NAMED, [b"\xff"]], ids=["without settings", "named", "broken settings"])
def test_odd_pods(settings: list[bytes]) -> None:
    """Whatever a pod may hold, and whatever stands beside it."""
    same(list(ODD.values()), settings)
    same([one for name, one in ODD.items() if name != "no protobuf"], settings)


@pytest.mark.parametrize("settings", [[], NAMED])
def test_damaged_pods(settings: list[bytes]) -> None:
    """Single bytes changed or cut, pieces of one in another: one pod at a time, so that none is refused for another."""
    chance = random.Random(11)  # noqa: S311 - the same each time
    whole = [*(one for one, _ in shipped()), *ODD.values()]
    damaged = []
    for _ in range(1_500):
        one, other = chance.choice(whole) or b"\n", chance.choice(whole)
        place = chance.randrange(len(one))
        damaged.append(
            chance.choice(
                (
                    one[:place] + bytes([chance.randrange(256)]) + one[place + 1 :],
                    one[:place],
                    one + other,
                    one[:place] + other[place:],
                    one[:place] + one[place + 1 :],
                )
            )
        )
    same(damaged, settings)


@given(st.lists(pod_tasks(), min_size=1, max_size=4))
def test_pods_read_together_are_what_runs_the_tasks(specs: list[Any]) -> None:
    """The very container that a diff and a display read."""
    templates = [spec.template for spec in specs]
    found = together(
        [one.k8s_pod.SerializeToString() for one in templates],
        [[setting(*entry) for entry in one.config.items()] for one in templates],
    )
    for runner, template in zip(found, templates, strict=True):
        container = read_task_container(template)
        expected = ("", [], []) if container is None else container[1:4]
        assert (runner.image, list(runner.command), list(runner.args)) == expected
        assert bool(runner.problem) == (container is None)


def test_usual_pods_are_not_built(monkeypatch: pytest.MonkeyPatch) -> None:
    """The reference is for what is out of the ordinary."""
    usual = [*shipped(), (pod(MAIN), []), *((pod(SIDE, MAIN, *more), NAMED) for more in ([], [MAIN]))]
    assert len(usual) > 3
    built = []
    monkeypatch.setattr(pods, "_reference", lambda one, _: built.append(one))
    assert None not in together(*zip(*usual, strict=True))
    assert built == []
    assert together([ODD["no primary"]], [NAMED]) == [None]
    assert built == [ODD["no primary"]]
