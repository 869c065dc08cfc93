"""Python types that are guessed from Flyte types: back in flytekit, they give the same Flyte type."""

from __future__ import annotations

import sys
import typing
from dataclasses import dataclass, fields, is_dataclass
from datetime import datetime, timedelta
from enum import Enum
from typing import Annotated, Any, Literal, Optional, Union

import pytest
from flyteidl.core import types_pb2

from tests.conftest import flytekit_module
from tests.integrations.flytekit.entities import INT, TEXT, Ours, template

flytekit: Any = flytekit_module("flytekit")

from flytekit import kwtypes, workflow  # noqa: E402 - skipped where there is none
from flytekit.core.annotation import FlyteAnnotation  # noqa: E402
from flytekit.core.interface import Interface  # noqa: E402
from flytekit.core.type_engine import TypeEngine  # noqa: E402
from flytekit.types.directory import FlyteDirectory  # noqa: E402
from flytekit.types.file import FlyteFile  # noqa: E402
from flytekit.types.structured import StructuredDataset  # noqa: E402

ours = Ours()


class Colour(Enum):
    RED = "red"
    BLUE = "blue"


@dataclass
class Inner:
    depth: int


@dataclass
class Config:
    rate: float
    name: str
    inner: Inner
    steps: list[int]
    flag: bool = False


SAME: dict[str, Any] = {
    "int": int,
    "float": float,
    "str": str,
    "bool": bool,
    "datetime": datetime,
    "timedelta": timedelta,
    "None": type(None),
    "dict": dict,
    "list": list[int],
    "nested": dict[str, list[list[float]]],
    "enum": Colour,
    "optional": Optional[int],  # noqa: UP045 - how it used to be written
    "union": Union[int, str, list[int]],  # noqa: UP007 - likewise
    "file": FlyteFile,
    "file of a format": FlyteFile["csv"],
    "directory": FlyteDirectory,
    "dataset": StructuredDataset,
    "dataset with columns": Annotated[StructuredDataset, kwtypes(a=int, b=str)],
    "dataset of a format": Annotated[StructuredDataset, kwtypes(a=int), "csv"],
    "literal": Literal["a", "b"],
    "literal of numbers": Literal[1, 2],
    "annotated": Annotated[int, FlyteAnnotation({"unit": "metre"})],
    "list of enums": list[Colour],
}


def literal_type(kind: Any) -> Any:
    return TypeEngine.to_literal_type(kind).to_flyte_idl()


def guess(kind: Any) -> Any:
    return ours(template({"x": kind})).guess_python_interface().inputs["x"]


@pytest.mark.parametrize("name", SAME)
def test_the_same_flyte_type_comes_back(name: str) -> None:
    kind = literal_type(SAME[name])
    assert literal_type(guess(kind)) == kind


def test_a_dataclass_is_rebuilt() -> None:
    made = guess(literal_type(Config))
    assert is_dataclass(made)
    assert made.__name__ == "Config"
    kinds = typing.get_type_hints(made)
    assert {one.name for one in fields(made)} == {"rate", "name", "inner", "steps", "flag"}
    assert (kinds["rate"], kinds["name"], kinds["flag"]) == (float, str, bool)
    assert is_dataclass(kinds["inner"])


def test_no_code_is_imported_for_a_guess() -> None:
    kind = types_pb2.LiteralType(simple="STRUCT")
    kind.metadata.update({"pb_type": "antigravity_of_a_user.Message"})
    assert guess(kind) is dict
    assert "antigravity_of_a_user" not in sys.modules
    kind.metadata.update({"pb_type": "this.c"})
    assert guess(kind) is dict
    assert "this" not in sys.modules


@pytest.mark.parametrize(
    "kind",
    [
        types_pb2.LiteralType(),
        types_pb2.LiteralType(simple="ERROR"),
        types_pb2.LiteralType(simple=99),
        types_pb2.LiteralType(simple="STRUCT", metadata={"title": "X", "properties": 3}),
        types_pb2.LiteralType(blob={"format": "what nobody knows"}),
    ],
)
def test_a_guess_never_fails(kind: Any) -> None:
    assert guess(kind) is not None


def test_the_order_is_natural() -> None:
    names = [f"o{position}" for position in range(12)]
    interface = ours(template(outputs=dict.fromkeys(reversed(names), INT))).guess_python_interface()
    assert list(interface.outputs) == names


def test_a_guess_changes_nothing_until_it_is_set() -> None:
    fetched = ours(template({"a": INT}, {"n": INT, "t": TEXT}))
    interface = fetched.guess_python_interface()
    assert fetched.python_interface is None
    fetched.python_interface = interface
    assert fetched.python_interface is fetched.to_flytekit().python_interface is interface


def test_a_dataclass_crosses_a_workflow() -> None:
    """Its own class comes in where the Python interface says so, a rebuilt one where it is guessed."""
    kind = literal_type(Config)
    fetched = ours(template({"c": kind}, {"o0": kind}))
    config = Config(0.5, "x", Inner(3), [1, 2])

    @workflow
    def wf(c: Config) -> Config:
        return fetched(c=c)

    with fetched.mocked(lambda c: c) as mock:
        assert wf(c=config) == config
    assert mock.calls[0]["c"].inner.depth == 3
    fetched.python_interface = Interface({"c": Config}, {"o0": Config})
    with fetched.mocked(lambda c: c) as mock:
        assert wf(c=config) == config
    assert mock.calls == [{"c": config}]
