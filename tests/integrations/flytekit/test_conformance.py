"""Where our task differs from flytekit's: the table in its documentation, a test for each row."""

from __future__ import annotations

import inspect
from typing import Any

import pytest
from flyteidl.admin import task_pb2

from flytetask_nb.errors import ImmutableError, WorkflowIntegrationError
from flytetask_nb.models import FlyteTask
from tests.conftest import flytekit_module
from tests.integrations.flytekit.entities import INT, TEXT, Ours, Theirs, settings, template

flytekit: Any = flytekit_module("flytekit")

from flytekit import dynamic, task, workflow  # noqa: E402 - skipped where there is none
from flytekit.core.promise import Promise  # noqa: E402
from flytekit.tools.translator import get_serializable  # noqa: E402

RULE = "====="
ROWS: dict[str, Any] = {}


def row(name: str) -> Any:
    def keep(function: Any) -> Any:
        ROWS[name] = function
        return function

    return keep


@task
def prepare(a: int) -> int:
    return a


def rows_of_the_table() -> list[str]:
    lines = (inspect.getdoc(FlyteTask) or "").splitlines()
    _, _, last = (place for place, line in enumerate(lines) if line.startswith(RULE))
    first = [place for place, line in enumerate(lines) if line.startswith(RULE)][1]
    width = lines[last].index(" ")
    return [line[:width].strip() for line in lines[first + 1 : last]]


def kept(path: str, **parts: Any) -> Any:
    """Return a test that a field is kept here, and that flytekit drops it."""

    def check() -> None:
        message = template({"a": INT}, {"o0": INT})
        for name, value in parts.items():
            getattr(message, name).MergeFrom(type(getattr(message, name))(**value))
        fresh = type(message)(**parts)
        assert has(fresh, path)
        assert has(Ours()(message).to_flyte_idl().template, path)
        assert has(Ours()(message).to_flytekit().to_flyte_idl().template, path)
        assert not has(Theirs()(message).to_flyte_idl().template, path)

    return check


def has(message: Any, path: str) -> bool:
    *outer, last = path.split(".")
    for step in outer:
        message = getattr(message, step)
    return (
        bool(getattr(message, last))
        if not hasattr(message, "HasField")
        else any(field.name == last for field, _ in message.ListFields())
    )


ROWS |= {
    "metadata.tags": kept("metadata.tags", metadata={"tags": {"team": "a"}}),
    "container.ports": kept("container.ports", container={"ports": [{"container_port": 80}]}),
    "container.architecture": kept("container.architecture", container={"architecture": "ARM64"}),
    "k8s_pod.primary_container_name": kept(
        "k8s_pod.primary_container_name", k8s_pod={"primary_container_name": "main"}
    ),
    "id.org": kept("id.org", id={"org": "acme"}),
}


@row("description")
def description() -> None:
    spec = task_pb2.TaskSpec(template=template(), description={"short_description": "Train it."})
    mine = FlyteTask.from_flyte_idl(spec)
    assert mine.docs is not None
    assert mine.to_flytekit().to_flyte_idl().description.short_description == "Train it."
    theirs = flytekit_module("flytekit.models.task").TaskSpec.from_flyte_idl(spec)
    fetched = flytekit_module("flytekit.remote.entities").FlyteTask.promote_from_model(theirs.template)
    assert fetched.docs is None


@row("fields that are not known yet")
def unknown_fields() -> None:
    message = template()
    message.MergeFromString(b"\xa2\xf5\x25\x03new")
    assert b"new" in Ours()(message).to_flytekit().serialize_to_string()
    assert b"new" not in Theirs()(message).to_flyte_idl().SerializeToString()


def presence(part: str, field: str, *, is_set: bool) -> Any:
    def check() -> None:
        message = template()
        holder = getattr(message, part) if part else message
        holder.ClearField(field)
        if is_set:
            getattr(holder, field).SetInParent()
        for mine in (Ours()(message), Ours()(message).to_flytekit()):
            held = mine.to_flyte_idl().template
            assert (getattr(held, part) if part else held).HasField(field) is is_set
        theirs = Theirs()(message).to_flyte_idl().template
        assert (getattr(theirs, part) if part else theirs).HasField(field) is not is_set

    return check


ROWS |= {
    "metadata.generates_deck unset": presence("metadata", "generates_deck", is_set=False),
    "container.resources unset": presence("container", "resources", is_set=False),
    "security_context, set but empty": presence("", "security_context", is_set=True),
}


@row("order of o0, o1, ..., o10")
def positional_outputs() -> None:
    names = [f"o{position}" for position in range(11)]
    outputs = Ours()(template(outputs=dict.fromkeys(names[::-1], INT)))

    @workflow
    def wf() -> None:
        assert [promise.var for promise in outputs()] == names

    wf.compile()
    # Whatever it is there, it is that of the map.
    message = template(outputs=dict.fromkeys(names, INT))
    assert list(Theirs()(message).interface.outputs) == list(message.interface.outputs.variables)


@row("order of named outputs")
def named_outputs() -> None:
    message = template(outputs={"n": INT, "t": TEXT})

    def unpacks(entity: Any) -> Any:
        @workflow
        def wf() -> None:
            _, _ = entity()

        return wf

    unpacks(Theirs()(message)).compile()
    with pytest.raises(WorkflowIntegrationError):
        unpacks(Ours()(message)).compile()


@row("upstream_node_ids")
def upstream_nodes() -> None:
    names = [f"i{position}" for position in range(12)]
    entity = Ours()(template(dict.fromkeys(names, INT)))

    @workflow
    def wf(a: int) -> None:
        entity(**{name: prepare(a=a) for name in names})

    node = get_serializable({}, settings(), wf).template.nodes[-1]
    assert node.upstream_node_ids == [f"n{position}" for position in range(12)]


@row("local workflow, mocked")
def local_workflow() -> None:
    entity = Ours()(template({"a": INT}, {"o0": INT}))
    theirs = Theirs()(template({"a": INT}, {"o0": INT}))
    theirs.execute = lambda a: a
    seen = []

    def runs(one: Any) -> Any:
        @workflow
        def wf(a: int) -> int:
            result = one(a=a)
            seen.append(result)
            return prepare(a=result)

        return wf

    with entity.mocked(lambda a: a):
        assert runs(entity)(a=1) == 1
    # It passes on what it was given.
    runs(theirs)(a=1)
    assert isinstance(seen[1], Promise)
    theirs.execute = lambda a: 3  # noqa: ARG005 - called by this name
    runs(theirs)(a=1)
    assert seen[-1] == 3


@row("call inside a local @dynamic")
def local_dynamic() -> None:
    entity = Ours()(template({"a": INT}, {"o0": INT}))
    theirs = Theirs()(template({"a": INT}, {"o0": INT}))
    inputs: list[Any] = []
    theirs.execute = lambda a: inputs.append(a) or 3

    def runs(one: Any) -> Any:
        @dynamic
        def many(a: int) -> int:
            return prepare(a=one(a=prepare(a=a)))

        return many

    with entity.mocked(lambda a: inputs.append(a) or 3):
        assert runs(entity)(a=1) == 3
    assert runs(theirs)(a=1) == 3
    assert (inputs[0], isinstance(inputs[1], Promise)) == (1, True)


@row("attributes")
def attributes() -> None:
    Theirs()(template()).id._project = "other"
    with pytest.raises(ImmutableError):
        Ours()(template()).id._project = "other"


def test_each_row_of_the_table_has_a_test() -> None:
    assert rows_of_the_table() == list(ROWS)


@pytest.mark.parametrize("name", ROWS)
def test_the_row_is_true(name: str) -> None:
    ROWS[name]()
