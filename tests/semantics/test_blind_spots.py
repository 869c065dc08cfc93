"""What the compiler does not see of real dataclasses: flytekit writes their types and reads the values that show it."""

from __future__ import annotations

import dataclasses
import enum
from typing import Any, Literal

import pytest
from flyteidl.core import interface_pb2, types_pb2
from google.protobuf.json_format import ParseDict

from flytetask_nb.semantics.variable_verdicts import BREAKING, RISKY, SAFE, VariableCompatibility
from flytetask_nb.semantics.variance import compatibility
from tests.conftest import flytekit_module
from tests.semantics.typed_values import has_value

Json = dict[str, Any]


class RedBlue(enum.Enum):
    RED = "red"
    BLUE = "blue"


class Red(enum.Enum):
    RED = "red"


class BlueRed(enum.Enum):
    BLUE = "blue"
    RED = "red"


class OneTwo(enum.Enum):
    ONE = 1
    TWO = 2


class One(enum.Enum):
    ONE = 1


def dataclass(**kinds: Any) -> Any:
    """Return a dataclass; a field is a type, or a type with its default."""
    made = []
    for name, kind in kinds.items():
        pair = kind if isinstance(kind, tuple) else (kind,)
        made.append((name, *(dataclasses.field(default=one) if place else one for place, one in enumerate(pair))))
    return dataclasses.make_dataclass("D", made)


def literal_type(kind: Any) -> Any:
    """Return the type that flytekit registers."""
    return flytekit_module("flytekit.core.type_engine").TypeEngine.to_literal_type(kind).to_flyte_idl()


def variables(kind: Any) -> Any:
    message = kind if isinstance(kind, types_pb2.LiteralType) else literal_type(kind)
    return interface_pb2.VariableMap(variables={"x": interface_pb2.Variable(type=message)})


def input_change(old: Any, new: Any) -> VariableCompatibility:
    interfaces = (interface_pb2.TypedInterface(inputs=variables(one)) for one in (old, new))
    return compatibility(*interfaces).inputs["x"]


def output_change(old: Any, new: Any) -> VariableCompatibility:
    interfaces = (interface_pb2.TypedInterface(outputs=variables(one)) for one in (old, new))
    return compatibility(*interfaces).outputs["x"]


def read(kind: Any, value: Any) -> Any:
    """Read a value as a task that has this type does."""
    literals = flytekit_module("flytekit.models.literals")
    msgpack = pytest.importorskip("msgpack")
    engine = flytekit_module("flytekit.core.type_engine").TypeEngine
    context = flytekit_module("flytekit.core.context_manager").FlyteContext.current_context()
    binary = literals.Binary(value=msgpack.dumps(value), tag="msgpack")
    return engine.to_python_value(context, literals.Literal(scalar=literals.Scalar(binary=binary)), kind)


# What was, what is, where they differ, and a value that only the first has.
LOST = {
    "a value of an enum": (dataclass(c=RedBlue), dataclass(c=Red), ("c",), {"c": "blue"}),
    "a value of an enum of numbers": (dataclass(c=OneTwo), dataclass(c=One), ("c",), {"c": 2}),
    "a value of a Literal": (dataclass(c=Literal["a", "b", "c"]), dataclass(c=Literal["a", "b"]), ("c",), {"c": "c"}),
    "in an Optional": (dataclass(c=RedBlue | None), dataclass(c=Red | None), ("c",), {"c": "blue"}),
    "in a list": (dataclass(c=list[OneTwo]), dataclass(c=list[One]), ("c", "[0]"), {"c": [2]}),
    "in a dict": (dataclass(c=dict[str, RedBlue]), dataclass(c=dict[str, Red]), ("c", "[0]"), {"c": {"other": "blue"}}),
    "among keys": (dataclass(c=dict[RedBlue, int]), dataclass(c=dict[Red, int]), ("c",), {"c": {"blue": 0}}),
    "an item of a tuple": (dataclass(c=tuple[int, str]), dataclass(c=tuple[int, int]), ("c", "[1]"), {"c": [0, ""]}),
    "in a nested dataclass": (
        dataclass(n=int, i=dataclass(c=RedBlue)),
        dataclass(n=int, i=dataclass(c=Red)),
        ("i", "c"),
        {"n": 0, "i": {"c": "blue"}},
    ),
    "in a list of dataclasses": (
        list[dataclass(c=RedBlue)],
        list[dataclass(c=Red)],
        ("[0]", "c"),
        [{"c": "blue"}],
    ),
    "in a dict of dataclasses": (
        dict[str, dataclass(c=RedBlue)],
        dict[str, dataclass(c=Red)],
        ("[0]", "c"),
        {"other": {"c": "blue"}},
    ),
    "in an Optional dataclass": (
        dataclass(c=RedBlue) | None,
        dataclass(c=Red) | None,
        ("c",),
        {"c": "blue"},
    ),
    "in a Union": (
        int | dataclass(c=RedBlue),
        int | dataclass(c=Red),
        ("c",),
        {"c": "blue"},
    ),
}


@pytest.mark.parametrize(("old", "new", "path", "witness"), LOST.values(), ids=LOST)
def test_a_value_that_is_gone_is_a_risk_with_a_witness(old: Any, new: Any, path: Any, witness: Any) -> None:
    """The compiler lets it pass, the old task reads it, and the new one fails."""
    change = input_change(old, new)
    assert (RISKY, True, path, witness) == (change.verdict, change.is_unseen, change.path, change.witness)
    assert (has_value(literal_type(old), witness), has_value(literal_type(new), witness)) == (True, False)
    assert "compiler does not look" in change.reason
    assert repr(witness) in change.reason
    if dataclasses.is_dataclass(old):
        read(old, witness)
        with pytest.raises(Exception):  # noqa: B017, PT011 - whatever flytekit raises
            read(new, witness)


@pytest.mark.parametrize(("new", "old"), [(was, now) for was, now, *_ in LOST.values()], ids=LOST)
def test_a_value_that_comes_is_no_alarm_for_who_sends(old: Any, new: Any) -> None:
    """But for the tuple, of which an item is another one then, too."""
    change = input_change(old, new)
    is_tuple = "prefixItems" in str(literal_type(old))
    assert (RISKY if is_tuple else SAFE, is_tuple) == (change.verdict, change.is_unseen)
    assert "look" not in change.reason or is_tuple


@pytest.mark.parametrize(("new", "old"), [(was, now) for was, now, *_ in LOST.values()], ids=LOST)
def test_a_value_that_comes_is_a_risk_for_who_reads(old: Any, new: Any) -> None:
    """The dual: the value is one that the output can be now."""
    change = output_change(old, new)
    assert change.verdict == RISKY
    if change.is_unseen:
        assert tuple(has_value(literal_type(one), change.witness) for one in (new, old)) == (True, False)


@pytest.mark.parametrize(
    ("old", "new", "verdict", "witness"),
    [
        pytest.param(Literal["a", "b"], Literal["a"], RISKY, "b", id="a Literal loses a value"),
        pytest.param(Literal["a"], Literal["a", "b"], SAFE, None, id="a Literal gains one"),
        pytest.param(str, Literal["other"], RISKY, "other 0", id="a text becomes a Literal"),
        pytest.param(Literal["a"], str, SAFE, None, id="a Literal becomes a text"),
        pytest.param(Literal["a", "b"], Literal["b", "a"], SAFE, None, id="another order"),
        pytest.param(Literal[True, False], bool, SAFE, None, id="flags"),
        pytest.param(bool, Literal[True, False], SAFE, None, id="both flags"),
        pytest.param(list[Literal[1, 2]], list[Literal[1]], RISKY, [2], id="in a list"),
        pytest.param(Literal["a", "b"] | None, Literal["a"] | None, RISKY, "b", id="in an Optional"),
    ],
)
def test_the_values_of_a_literal_are_not_seen_either(old: Any, new: Any, verdict: str, witness: Any) -> None:
    """They stand in an annotation."""
    change = input_change(old, new)
    assert (verdict, witness, verdict == RISKY) == (change.verdict, change.witness, change.is_unseen)


@pytest.mark.parametrize(
    ("old", "new"),
    [
        pytest.param(dataclass(a=int, b=str), dataclass(a=int), id="a field less"),
        pytest.param(dataclass(a=int), dataclass(a=(int, 3)), id="a default more"),
        pytest.param(dataclass(a=dict[str, int]), dataclass(a=dict[str, float]), id="wider values of a dict"),
        pytest.param(dataclass(a=RedBlue), dataclass(a=BlueRed), id="another order of an enum"),
        pytest.param(dataclass(a=dataclass(b=int, c=int)), dataclass(a=dataclass(b=int)), id="a field less inside"),
    ],
)
def test_what_the_compiler_passes_over_and_nobody_minds_is_safe(old: Any, new: Any) -> None:
    assert (input_change(old, new).verdict, input_change(old, new).is_unseen) == (SAFE, False)


def test_a_default_that_changed_is_shown_by_a_value_without_the_field() -> None:
    """It is a value of both, and another one to each; who gives a value always gives all of it."""
    old, new = dataclass(b=int, a=(int, 3)), dataclass(b=int, a=(int, 4))
    change = input_change(old, new)
    assert (change.verdict, change.is_unseen, change.path, change.witness) == (RISKY, True, ("a",), {"b": 0})
    assert "4 instead of 3" in change.reason
    assert (read(old, change.witness).a, read(new, change.witness).a) == (3, 4)
    assert output_change(old, new).verdict == SAFE


def test_of_several_variants_that_each_take_some_values_nothing_is_claimed() -> None:
    """Together they may take all."""
    one, both = (literal_type(kind) for kind in (Literal["a"], Literal["a", "b"]))
    unions = [types_pb2.LiteralType(union_type={"variants": found}) for found in ([both, both], [one, one])]
    change = input_change(*unions)
    assert (change.verdict, change.witness) == (RISKY, None)


def test_what_cannot_be_decided_is_never_safe() -> None:
    """The keys of a dict are texts in JSON, whatever the dataclass says."""
    change = input_change(dataclass(a=dict[int, int]), dataclass(a=dict[int, str]))
    assert (change.verdict, change.is_unseen, change.witness) == (RISKY, True, None)
    assert "cannot be decided" in change.reason


def test_what_the_compiler_refuses_is_breaking_as_before() -> None:
    for old, new in ((float, int), (str, int), (list[int], list[str])):
        change = input_change(dataclass(a=old), dataclass(a=new))
        assert (change.verdict, change.is_unseen) == (BREAKING, False)


# -- as other libraries write them ---------------------------------------------------------------------------------


def struct(schema: Json) -> Any:
    return ParseDict({"simple": "STRUCT", "metadata": schema}, types_pb2.LiteralType())


def pydantic(_rest: Json | None = None, **fields: Json) -> Any:
    """Return what pydantic writes of a model."""
    properties = {name: {"title": name.title(), **field} for name, field in fields.items()}
    told = {"title": "M", "type": "object", "properties": properties, "required": list(fields)}
    return struct({**told, **(_rest or {})})


def marshmallow(**fields: Json) -> Any:
    """Return what marshmallow_jsonschema writes of a dataclass: an object among definitions, no field required."""
    properties = {name: {"title": name, **field} for name, field in fields.items()}
    told = {"type": "object", "properties": properties, "additionalProperties": False}
    draft = "http://json-schema.org/draft-07/schema#"
    return struct({"$schema": draft, "definitions": {"MSchema": told}, "$ref": "#/definitions/MSchema"})


WHOLE, TEXT = {"type": "integer"}, {"type": "string"}


@pytest.mark.parametrize(
    ("old", "new", "witness"),
    [
        pytest.param(pydantic(n={**WHOLE, "maximum": 9}), pydantic(n={**WHOLE, "maximum": 5}), {"n": 9}, id="a bound"),
        pytest.param(pydantic(n=WHOLE), pydantic(n={**WHOLE, "exclusiveMinimum": 0}), {"n": 0}, id="an excluded bound"),
        pytest.param(pydantic(n=WHOLE), pydantic({"additionalProperties": False}, n=WHOLE), {"n": 0, "other": None}, id="other names"),
        pytest.param(pydantic({"additionalProperties": False}, n=WHOLE, m=WHOLE), pydantic({"additionalProperties": False}, n=WHOLE), {"n": 0, "m": 0}, id="a field that is forbidden now"),
        pytest.param(pydantic(d={"type": "object", "additionalProperties": WHOLE}), pydantic(d={"type": "object", "additionalProperties": TEXT}), {"d": {"other": 0}}, id="a dict"),
        pytest.param(pydantic(d={"type": "object", "patternProperties": {"^a": WHOLE}, "additionalProperties": False}), pydantic(d={"type": "object", "patternProperties": {"^a": TEXT}, "additionalProperties": False}), {"d": {"a": 0}}, id="a dict by pattern"),
        pytest.param(pydantic(t={"type": "array", "prefixItems": [WHOLE, TEXT], "minItems": 2, "maxItems": 2}), pydantic(t={"type": "array", "prefixItems": [TEXT, TEXT], "minItems": 2, "maxItems": 2}), {"t": [0, ""]}, id="a tuple"),
        pytest.param(pydantic({"$defs": {"E": {**TEXT, "enum": ["a", ""]}}}, e={"$ref": "#/$defs/E"}), pydantic({"$defs": {"E": {**TEXT, "enum": ["a"]}}}, e={"$ref": "#/$defs/E"}), {"e": ""}, id="the empty text"),
        pytest.param(marshmallow(n={**WHOLE, "enum": [1, 2]}), marshmallow(n={**WHOLE, "enum": [1]}), {"n": 2}, id="marshmallow's values"),
        pytest.param(marshmallow(n={**WHOLE, "minimum": 1}), marshmallow(n={**WHOLE, "minimum": 2}), {"n": 1}, id="marshmallow's bounds"),
    ],
)  # fmt: skip
def test_schemas_of_other_libraries(old: Any, new: Any, witness: Any) -> None:
    change = input_change(old, new)
    assert (RISKY, True, witness) == (change.verdict, change.is_unseen, change.witness)
    assert (has_value(old, witness), has_value(new, witness)) == (True, False)
    if "additionalProperties" not in str(new) and "prefixItems" not in str(new):
        assert input_change(new, old).verdict == SAFE


def test_a_secret_in_a_witness_is_masked_where_it_is_told() -> None:
    """The value itself is what it is."""
    change = input_change(dataclass(password=Literal["hunter2", "a", "b"]), dataclass(password=Literal["a", "b"]))
    assert change.witness == {"password": "hunter2"}
    assert "hunter2" not in change.reason
    assert "hunter2" not in repr(change)


def test_a_long_witness_is_cut_where_it_is_told() -> None:
    old, new = (dataclass(**{f"field_{number}": RedBlue for number in range(60)}, c=last) for last in (RedBlue, Red))
    change = input_change(old, new)
    assert len(change.witness) == 61
    assert len(change.reason) < 400
