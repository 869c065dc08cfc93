"""Types and interfaces read as a Python user would write them."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import pytest
from flyteidl.core import types_pb2
from generated import messages
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from real_tasks import task_messages

from flytetask_nb.models import (
    BlobType,
    EnumType,
    LiteralType,
    SchemaType,
    SimpleType,
    StructuredDatasetType,
    TypedInterface,
    TypeStructure,
    UnionType,
    Variable,
)
from flytetask_nb.models.notation import (
    UNTYPED,
    accepts_none,
    dataclass_fields,
    signature_notation,
    signature_order,
    type_notation,
)

if TYPE_CHECKING:
    from pathlib import Path

Column = SchemaType.SchemaColumn
INT, FLOAT, STR, NONE = (
    LiteralType(simple=kind) for kind in (SimpleType.INTEGER, SimpleType.FLOAT, SimpleType.STRING, SimpleType.NONE)
)


def list_of(item: LiteralType) -> LiteralType:
    return LiteralType(collection_type=item)


def dict_of(item: LiteralType) -> LiteralType:
    return LiteralType(map_value_type=item)


def union(*variants: LiteralType) -> LiteralType:
    return LiteralType(union_type=UnionType(list(variants)))


def enum(*values: str) -> LiteralType:
    return LiteralType(enum_type=EnumType(list(values)))


def blob(format: str, dimensionality: int = 0, **rest: Any) -> LiteralType:
    return LiteralType(blob=BlobType(format, dimensionality), **rest)


def dataset(format: str = "", **columns: LiteralType) -> LiteralType:
    made = [StructuredDatasetType.DatasetColumn(name, kind) for name, kind in columns.items()]
    return LiteralType(structured_dataset_type=StructuredDatasetType(made, format))


def literal(kind: LiteralType, *values: Any) -> LiteralType:
    """Return a Literal: flytekit notes its values in an annotation."""
    message = kind.to_flyte_idl()
    message.annotation.annotations.update({"literal_values": list(values)})
    return LiteralType.from_flyte_idl(message)


def struct(metadata: Any = None, **fields: LiteralType) -> LiteralType:
    return LiteralType(
        simple=SimpleType.STRUCT,
        metadata=metadata,
        structure=TypeStructure("", fields) if fields else None,
    )


# As flytekit 1.10 writes a dataclass through marshmallow: the object stands in "definitions".
MARSHMALLOW = {
    "$ref": "#/definitions/ConfigSchema",
    "definitions": {
        "ConfigSchema": {
            "type": "object",
            "required": ["depth"],
            "properties": {
                "names": {"type": "array", "items": {"type": "string"}},
                "depth": {"type": "integer", "title": "depth"},
                "rates": {"type": "object", "additionalProperties": {"type": "number"}},
                "inner": {"$ref": "#/definitions/InnerSchema"},
                "limit": {"type": ["number", "null"]},
                "free": {},
            },
        },
        "InnerSchema": {"type": "object", "properties": {"x": {"type": "integer"}}},
    },
}
# As pydantic and mashumaro write one.
DEFS = {
    "title": "Node",
    "type": "object",
    "required": ["value", "next", "gone"],
    "properties": {
        "value": {"type": "integer"},
        "next": {"anyOf": [{"$ref": "#/$defs/Node"}, {"type": "null"}]},
        "kind": {"oneOf": [{"type": "string"}, {"type": "boolean"}, {"type": "string"}]},
        "base": {"allOf": [{"$ref": "#/$defs/Base"}], "description": "a base"},
        "some": {"anyOf": []},
        "any": {"type": "array"},
        "map": {"type": "object", "additionalProperties": {"$ref": "#/$defs/Node"}},
        "open": {"type": "object", "additionalProperties": True},
        "tuple": {"type": "array", "items": [{"type": "string"}]},
        "strange": {"type": "quaternion"},
    },
    "$defs": {"Node": {"$ref": "#/$defs/Node"}, "Base": {}},
}

TUPLE = {"type": "array", "prefixItems": [{"type": "integer"}, {"type": "string"}]}
MAP = {"type": "object", "propertyNames": {"type": "integer"}, "additionalProperties": {"type": "number"}}
INNER = {"type": "object", "title": "I", "properties": {"a": {"type": "integer"}, "z": {"type": "string"}}}
# As mashumaro writes fields.
MASHUMARO = {
    "choice": {"enum": ["a", 1, None]},
    "constant": {"const": "x"},
    "day": {"type": "string", "format": "date"},
    "when": {"type": "string", "format": "date-time"},
    "length": {"type": "number", "format": "time-delta"},
    "odd": {"type": "string", "format": "odd"},
    "file": {"type": "object", "title": "FlyteFile", "properties": {"path": {"type": "string"}}},
    "inner": {**INNER, "required": ["z"]},
    "keys": {"type": "object", "propertyNames": {"enum": ["a", "b"]}, "additionalProperties": {"type": "integer"}},
    "maybe": {"anyOf": [{"enum": ["a", "b"]}, {"type": "null"}]},
    "named": {"type": "string", "enum": ["a", "b"]},
    "pair": TUPLE,
}

TYPES: list[tuple[LiteralType, str]] = [
    (NONE, "None"),
    (INT, "int"),
    (FLOAT, "float"),
    (STR, "str"),
    (LiteralType(simple=SimpleType.BOOLEAN), "bool"),
    (LiteralType(simple=SimpleType.DATETIME), "datetime"),
    (LiteralType(simple=SimpleType.DURATION), "timedelta"),
    (LiteralType(simple=SimpleType.BINARY), "bytes"),
    (LiteralType(simple=SimpleType.ERROR), "FlyteError"),
    (LiteralType(simple=SimpleType.STRUCT), "dict"),
    (LiteralType(simple=42), "SimpleType(42)"),
    (LiteralType(), UNTYPED),
    (list_of(LiteralType()), f"list[{UNTYPED}]"),
    (list_of(dict_of(list_of(INT))), "list[dict[str, list[int]]]"),
    (union(INT, NONE), "int | None"),
    (union(NONE, INT), "None | int"),
    (union(INT), "Union[int]"),
    (union(), "Union[()]"),
    (union(INT, union(STR, NONE)), "int | (str | None)"),
    (union(union(INT, STR), union(), NONE), "(int | str) | (Union[()]) | None"),
    (list_of(union(INT, NONE)), "list[int | None]"),
    (union(list_of(INT), dict_of(STR)), "list[int] | dict[str, str]"),
    (enum("a", "b"), "Enum['a', 'b']"),
    (enum("it's", 'say "no"', "a\nb", ""), "Enum[\"it's\", 'say \"no\"', 'a\\nb', '']"),
    (enum(), "Enum[]"),
    (blob(""), "FlyteFile"),
    (blob("csv"), "FlyteFile[csv]"),
    (blob("tar.gz"), "FlyteFile[tar.gz]"),
    (blob("image/png"), "FlyteFile[image/png]"),
    (blob("7z"), "FlyteFile['7z']"),
    (blob("two words"), "FlyteFile['two words']"),
    (blob("a]b"), "FlyteFile['a]b']"),
    (blob("", 1), "FlyteDirectory"),
    (blob("csv", 1), "FlyteDirectory[csv]"),
    (blob("csv", 7), "Blob(7)[csv]"),
    (blob("PythonPickle"), "FlytePickle"),
    (blob("PythonPickle", metadata={"python_class_name": "typing.Any"}), "FlytePickle[Any]"),
    (
        blob("PythonPickle", metadata={"python_class_name": "<class 'pandas.core.series.Series'>"}),
        "FlytePickle[Series]",
    ),
    (blob("PythonPickle", metadata={"python_class_name": "a\nb"}), "FlytePickle['a\\nb']"),
    (
        blob("PythonPickle", metadata={"python_class_name": "typing.Annotated[app.Video, <H object at 0x7f12>]"}),
        "FlytePickle[Video]",
    ),
    (literal(STR, "a", "b"), "Literal['a', 'b']"),
    (literal(INT, 1, 2.0), "Literal[1, 2]"),
    (literal(STR), "str"),
    (list_of(union(literal(STR, "a"), NONE)), "list[Literal['a'] | None]"),
    (LiteralType(schema=SchemaType([])), "FlyteSchema"),
    (
        LiteralType(schema=SchemaType([Column("a", 0), Column("b c", 4), Column("d", 9)])),
        "FlyteSchema[{a: int, 'b c': datetime, d: SchemaColumnType(9)}]",
    ),
    (dataset(), "StructuredDataset"),
    (dataset("parquet"), "StructuredDataset[parquet]"),
    (dataset(a=INT, b=list_of(STR)), "StructuredDataset[{a: int, b: list[str]}]"),
    (dataset("parquet", a=union(INT, NONE)), "StructuredDataset[{a: int | None}, parquet]"),
    (struct(a=INT, b=struct(c=STR)), "dataclass{a: int, b: dataclass{c: str}}"),
    (struct({"title": "Config"}), "Config"),
    (struct({"title": "Page[Item]"}), "Page[Item]"),
    (struct({"title": "a\nb"}), "'a\\nb'"),
    (struct({"title": "Config", "required": ["z"]}, a=INT, z=STR), "Config{z: str, a: int}"),
    (struct({}), "dict"),
    (struct({"properties": {}}), "dataclass{}"),
    (struct({"title": ""}, **{"a b": INT, "c-d": INT}), "dataclass{'a b': int, c-d: int}"),
    (
        struct(MARSHMALLOW),
        "Config{depth: int, free: object, inner: Inner, limit: float | None, names: list[str], rates: dict[str, float]}",
    ),
    (
        struct(DEFS),
        (
            "Node{value: int, next: Node | None, any: list, base: Base, kind: str | bool, map: dict[str, Node],"
            " open: dict, some: object, strange: object, tuple: list[object]}"
        ),
    ),
    (struct({"$ref": "#/definitions/Lost"}), "Lost"),
    (
        # Fields that flytekit's structure has no words for are fields nevertheless.
        struct({"title": "C", "properties": {"t": TUPLE, "x": {"type": "integer"}}, "required": ["x", "t"]}, x=INT),
        "C{x: int, t: tuple[int, str]}",
    ),
    # A schema that calls a field otherwise knows no other field.
    (struct({"title": "C", "properties": {"alias": {"type": "integer"}}}, x=INT), "C{x: int}"),
    (struct({"title": "C", "properties": {"d": MAP}}, d=struct()), "C{d: dict[int, float]}"),
    (
        struct({"title": "C", "properties": MASHUMARO}),
        (
            "C{choice: Enum['a', 1, None], constant: Literal['x'], day: date, file: FlyteFile, "
            "inner: I{z: str, a: int}, keys: dict[Enum['a', 'b'], int], length: timedelta, maybe: Enum['a', 'b'] | None, "
            "named: Enum['a', 'b'], odd: str, pair: tuple[int, str], when: datetime}"
        ),
    ),
    (struct({"$ref": "elsewhere.json"}), "elsewhere.json"),
    (struct({"$ref": "#/definitions/A", "definitions": {"A": {"$ref": "#/definitions/A"}}}), "A"),
]


@pytest.mark.parametrize(("literal_type", "expected"), TYPES, ids=[expected for _, expected in TYPES])
def test_types(literal_type: LiteralType, expected: str) -> None:
    """Each kind of type reads as Python."""
    assert str(literal_type) == type_notation(literal_type.to_flyte_idl()) == expected
    assert str(Variable(literal_type, "")) == expected


def test_schema_nested_deep() -> None:
    """A JSON schema deeper than anyone reads is cut instead of followed."""
    schema: dict[str, Any] = {"type": "integer"}
    for _ in range(30):
        schema = {"type": "array", "items": schema}
    shown = str(struct({"title": "Deep", "properties": {"x": schema}}))
    assert shown == f"Deep{{x: {'list[' * 21}…{']' * 21}}}"


def test_types_nested_deep() -> None:
    """Eighty types in each other are written out."""
    nested = INT
    for _ in range(80):
        nested = list_of(nested)
    assert str(nested) == f"{'list[' * 80}int{']' * 80}"


def test_dataclass_fields() -> None:
    """A dataclass gives its fields by their own names; an untyped dict gives None."""
    assert dataclass_fields(struct(**{"a b": INT}).to_flyte_idl()) == [("a b", "int")]
    assert dataclass_fields(struct().to_flyte_idl()) is None
    assert dataclass_fields(struct({"properties": {}}).to_flyte_idl()) == []


def variables(**types: LiteralType) -> dict[str, Variable]:
    return {name: Variable(kind, "") for name, kind in types.items()}


SIGNATURES = [
    (TypedInterface({}, {}), "() -> ()"),
    (TypedInterface.from_bytes(b""), "() -> ()"),
    (TypedInterface(variables(x=INT), variables(o0=STR)), "(x: int) -> (o0: str)"),
    (
        TypedInterface(variables(a=union(INT, NONE), b10=INT, b9=STR, z=NONE), variables(o10=INT, o2=INT)),
        "(b9: str, b10: int, a: int | None, z: None) -> (o2: int, o10: int)",
    ),
    (
        TypedInterface(variables(b=union(STR, union(NONE, INT)), c=list_of(NONE)), {}),
        "(c: list[None], b: str | (None | int)) -> ()",
    ),
    (
        TypedInterface(variables(**{"my-var": INT, "x: int, y": STR, "": FLOAT}), {}),
        "('': float, my-var: int, 'x: int, y': str) -> ()",
    ),
]


@pytest.mark.parametrize(("interface", "expected"), SIGNATURES, ids=[expected for _, expected in SIGNATURES])
def test_signatures(interface: TypedInterface, expected: str) -> None:
    """Required inputs come first, then those that accept None, each in natural order."""
    assert str(interface) == signature_notation(interface.to_flyte_idl()) == expected


@pytest.mark.parametrize(
    ("literal_type", "expected"),
    [
        (NONE, True),
        (INT, False),
        (union(INT, NONE), True),
        (union(INT, union(NONE)), True),
        (union(), False),
        (LiteralType(), False),
        (list_of(NONE), False),
        (list_of(union(INT, NONE)), False),
        (enum("None"), False),
    ],
)
def test_accepts_none(literal_type: LiteralType, expected: bool) -> None:
    """A type accepts None if it is NONE, or a union in which one does."""
    assert literal_type.accepts_none is accepts_none(literal_type.to_flyte_idl()) is expected


@pytest.mark.parametrize(
    ("literal_type", "expected"),
    [
        (struct({"title": "Config"}, a=INT), "Config"),
        (list_of(union(struct({"title": "Config"}, a=INT), NONE)), "list[Config | None]"),
        (dataset("parquet", a=INT), "StructuredDataset[parquet]"),
        (LiteralType(schema=SchemaType([Column("a", 0)])), "FlyteSchema"),
        (enum("a", "b", "c", "d"), "Enum['a', 'b', 'c', 'd']"),
        (enum("a", "b", "c", "d", "e"), "Enum['a', 'b', 'c', …]"),
        (dict_of(INT), "dict[str, int]"),
    ],
)
def test_brief(literal_type: LiteralType, expected: str) -> None:
    """In brief, what has a name stands for what is inside it."""
    assert type_notation(literal_type.to_flyte_idl(), brief=True) == expected
    interface = TypedInterface(variables(x=literal_type), {})
    assert signature_notation(interface.to_flyte_idl(), brief=True) == f"(x: {expected}) -> ()"


GENERATED = settings(
    max_examples=150, deadline=None, suppress_health_check=[HealthCheck.too_slow, HealthCheck.data_too_large]
)


@GENERATED
@given(messages(types_pb2.LiteralType, depth=6), st.booleans())
def test_any_type_is_one_line(message: Any, brief: bool) -> None:
    """Any type is written, in one line, and writing does not change it."""
    before = message.SerializeToString(deterministic=True)
    shown = type_notation(message, brief=brief)
    assert shown
    assert shown.isprintable()
    assert before == message.SerializeToString(deterministic=True)


def test_corpus_is_one_line_and_ordered(corpus: Path) -> None:
    """Every real interface is one line, names each variable, and puts those that accept None last."""
    for _, message in task_messages(corpus):
        interface = message.template.interface
        shown = signature_notation(interface)
        assert shown.isprintable()
        for found in (interface.inputs.variables, interface.outputs.variables):
            names = signature_order(found)
            assert sorted(names) == sorted(found)
            flags = [accepts_none(found[name].type) for name in names]
            assert flags == sorted(flags)
            assert all(f"{name}: " in shown for name in names)
        assert UNTYPED not in shown
