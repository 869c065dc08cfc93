"""Tables of variables, resources and environment variables, and which variables can feed each other."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import pandas as pd
import pytest
from flyteidl.core import interface_pb2, types_pb2

import flytetask_nb as ftn
from flytetask_nb.models.notation import type_notation
from flytetask_nb.tables import consumers_of, env_frame, interface_frame, producers_of, resources_frame
from tests.conftest import flytekit_module
from tests.many_tasks import many_tasks
from tests.real_tasks import serialized_tasks
from tests.sources import building

if TYPE_CHECKING:
    from pathlib import Path

FRAMES = (interface_frame, resources_frame, env_frame)
IDENTITY = ["task", "project", "domain", "name", "version"]


def spec(name: str = "shop.train") -> Any:
    made = building.spec(name, "v1")
    made.template.container.resources.requests.add(name=1, value="500m")
    made.template.container.resources.limits.add(name=1, value="2")
    made.template.container.resources.limits.add(name=3, value="1Gi")
    made.template.container.env.add(key="MODE", value="fast")
    made.template.container.env.add(key="API_TOKEN", value="hunter2")
    return made


@pytest.fixture(scope="module")
def tasks(data: Path) -> ftn.TaskCollection:
    return ftn.TaskCollection(serialized_tasks(data / "corpus").values())


def test_variables_are_those_of_the_interfaces(tasks: ftn.TaskCollection) -> None:
    """One row a variable: task, side, name, type and description."""
    expected = sorted(
        (place, task.name, side, name, type_notation(variable._message.type), variable.description)
        for place, task in enumerate(tasks)
        for side, variables in (("input", task.interface.inputs), ("output", task.interface.outputs))
        for name, variable in variables.items()
    )
    frame = tasks.interface_frame()
    found = frame[["task", "name", "direction", "variable", "type", "description"]].fillna("")
    assert expected == sorted(found.itertuples(index=False, name=None))


def test_resources_are_told_in_their_units() -> None:
    """A row a resource; requests and limits as numbers, and as they stand there."""
    frame = resources_frame([spec()])
    assert frame.drop(columns=IDENTITY).astype(object).where(frame.drop(columns=IDENTITY).notna(), None).to_dict(
        "records"
    ) == [
        {
            "resource": "cpu",
            "unit": "cores",
            "request": 0.5,
            "limit": 2.0,
            "request_text": "500m",
            "limit_text": "2",
            "error": None,
        },
        {
            "resource": "memory",
            "unit": "bytes",
            "request": None,
            "limit": 2.0**30,
            "request_text": None,
            "limit_text": "1Gi",
            "error": None,
        },
    ]


def test_unreadable_amounts_are_told() -> None:
    """The amount is NA; its text and the reason stand beside."""
    one = building.spec()
    one.template.container.resources.limits.add(name=1, value="lots")
    row = resources_frame([one]).loc[0]
    assert (row["limit"], row["limit_text"]) == (pd.NA, "lots")
    assert row["error"].startswith("limit: 'lots' is no quantity")


def test_pods_name_their_other_resources() -> None:
    """What Kubernetes calls by another name goes by Flyte's; what Flyte has no name for keeps its own."""
    one = building.spec()
    requests = {"cpu": 2, "nvidia.com/gpu": "1", "hugepages-2Mi": "4Mi"}
    one.template.k8s_pod.pod_spec.update({"containers": [{"name": "a", "resources": {"requests": requests}}]})
    assert sorted(resources_frame([one])["resource"]) == ["cpu", "gpu", "hugepages-2Mi"]


def test_environment_is_masked() -> None:
    """Values under secret-looking names are not shown, unless that is asked for."""
    assert dict(env_frame([spec()])[["variable", "value"]].to_numpy()) == {"MODE": "fast", "API_TOKEN": "••••••"}
    with ftn.set_options(reveal_secrets=True):
        assert env_frame([spec()])["value"].tolist() == ["fast", "hunter2"]


def test_packed_settings_are_not_shown() -> None:
    """What flytekit packs for dynamic tasks may hold anything."""
    one = building.spec()
    one.template.container.env.add(key="_F_SS_C", value="H4sIAAAA")
    assert env_frame([one])["value"].tolist() == ["•••••• (8 characters of serialization settings)"]


def test_references_of_pods_say_where_the_value_is() -> None:
    """``valueFrom`` stands in a column of its own."""
    one = building.spec()
    env = [{"name": "A", "valueFrom": {"secretKeyRef": {"name": "db", "key": "url"}}}, {"name": "B", "value": "b"}]
    one.template.k8s_pod.pod_spec.update({"containers": [{"name": "a", "env": env}]})
    frame = env_frame([one])
    assert frame["value"].tolist() == [pd.NA, "b"]
    assert frame["reference"].tolist() == ['{"secretKeyRef": {"key": "url", "name": "db"}}', pd.NA]


@pytest.mark.parametrize("make", FRAMES)
@pytest.mark.parametrize("count", [2, 700])
def test_rows_name_their_tasks(make: Any, count: int) -> None:
    """Each row repeats the identity of its task, and ``task`` is its position."""
    data = list(many_tasks(count))
    frame = make(data)
    identity = ftn.tabulate(data, IDENTITY[1:]).loc[frame["task"]].reset_index(drop=True)
    pd.testing.assert_frame_equal(frame[IDENTITY[1:]], identity)
    assert frame["task"].is_monotonic_increasing


@pytest.mark.parametrize("make", FRAMES)
def test_damaged_tasks_have_a_row_of_their_own(make: Any) -> None:
    """It says why; the others are as they would be without it."""
    frame = make([spec("a"), b"\xff", 3, spec("b")])
    bad = frame[frame["task"].isin([1, 2])]
    assert (len(bad), bad["error"].notna().all()) == (2, True)
    assert bad.drop(columns=["task", "error"]).isna().to_numpy().all()
    rest = frame[~frame["task"].isin([1, 2])].drop(columns="task").reset_index(drop=True)
    pd.testing.assert_frame_equal(rest, make([spec("a"), spec("b")]).drop(columns="task"))


@pytest.mark.parametrize("make", FRAMES)
def test_dtypes_do_not_depend_on_the_tasks(make: Any) -> None:
    """The table of no tasks has the same columns and dtypes."""
    assert make([]).dtypes.to_dict() == make([spec(), b"\xff"]).dtypes.to_dict()


# -- what feeds what -----------------------------------------------------------------------------------------------


def test_producers_and_consumers_are_those_that_the_compiler_accepts(tasks: ftn.TaskCollection) -> None:
    """For every type that occurs, the rows are the variables that ``castable`` says yes to."""
    types = {
        variable._message.type.SerializeToString(deterministic=True): variable._message.type
        for task in tasks
        for side in (task.interface.inputs, task.interface.outputs)
        for variable in side.values()
    }
    for kind in list(types.values())[:15]:
        fitting: list[set[tuple[int, str]]] = [
            {
                (place, name)
                for place, task in enumerate(tasks)
                for name, one in task.interface.outputs.items()
                if ftn.semantics.castable(one.type, kind)
            },
            {
                (place, name)
                for place, task in enumerate(tasks)
                for name, one in task.interface.inputs.items()
                if ftn.semantics.castable(kind, one.type)
            },
        ]
        frames = tasks.producers_of(kind), tasks.consumers_of(kind)
        assert fitting == [set(frame[["task", "variable"]].itertuples(index=False, name=None)) for frame in frames]


def test_variables_and_types_are_taken_in_any_form() -> None:
    """Variable or literal type; of this package, flyteidl or flytekit."""
    theirs = flytekit_module("flytekit.models.interface").Variable
    message = interface_pb2.Variable(type=types_pb2.LiteralType(simple=types_pb2.INTEGER))
    model = ftn.models.Variable.from_flyte_idl(message)
    forms = [
        message,
        message.type,
        model,
        model.type,
        theirs.from_flyte_idl(message),
        theirs.from_flyte_idl(message).type,
    ]
    found = [consumers_of([spec()], form)["variable"].tolist() for form in forms]
    assert found == [["x"]] * len(forms)
    assert producers_of([spec()], message).empty


@pytest.mark.parametrize("find", [producers_of, consumers_of])
def test_other_things_are_told(find: Any) -> None:
    """A text is no type."""
    with pytest.raises(ftn.errors.ModelTypeError, match=r"expected a flyteidl\.core\.LiteralType"):
        find([], "int")
