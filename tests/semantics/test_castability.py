from __future__ import annotations

import json
import time
from typing import TYPE_CHECKING, Any

import pytest
from flyteidl.core import types_pb2
from google.protobuf.json_format import ParseDict

from flytetask_nb.errors import ModelTypeError, ModelValueError
from flytetask_nb.semantics.castability import castable, is_optional

if TYPE_CHECKING:
    from pathlib import Path

NONE = {"simple": "NONE"}
INTEGER = {"simple": "INTEGER"}
FLOAT = {"simple": "FLOAT"}
STRING = {"simple": "STRING"}
COLORS = {"enumType": {"values": ["red", "green"]}}
PARQUET = {"structuredDatasetType": {"format": "parquet"}}
CSV = {"structuredDatasetType": {"format": "csv"}}
SCHEMA = {"schema": {"columns": [{"name": "a", "type": "INTEGER"}]}}

# The whole file holds 324 types, the sample 90.
LEAST_TYPES = 90


def message(told: dict[str, Any]) -> Any:
    return ParseDict(told, types_pb2.LiteralType())


def union(*variants: dict[str, Any]) -> dict[str, Any]:
    return {"unionType": {"variants": list(variants)}}


def list_of(element: dict[str, Any]) -> dict[str, Any]:
    return {"collectionType": element}


def dataclass(schema: dict[str, Any]) -> dict[str, Any]:
    return {"simple": "STRUCT", "metadata": schema}


@pytest.fixture
def matrix(truth_folder: Path) -> dict[str, Any]:
    read: dict[str, Any] = json.loads((truth_folder / "vectors" / "castability.json").read_text(encoding="utf-8"))
    assert len(read["types"]) >= LEAST_TYPES
    assert {len(row) for row in read["castable"]} == {len(read["types"])}
    return read


def test_every_pair_agrees(matrix: dict[str, Any]) -> None:
    """Each pair of types is castable exactly where Flyte's compiler says so."""
    types = [message(told["type"]) for told in matrix["types"]]
    wrong = [
        (matrix["types"][up]["from"], matrix["types"][down]["from"], answer)
        for up, row in enumerate(matrix["castable"])
        for down, answer in enumerate(row)
        if castable(types[up], types[down]) != (answer == "1")
    ]
    assert wrong == []


def test_every_optional_agrees(matrix: dict[str, Any]) -> None:
    """A type may stay unbound exactly where Flyte's compiler lets it."""
    answers = "".join(str(int(is_optional(message(told["type"])))) for told in matrix["types"])
    assert answers == matrix["optional"]


@pytest.mark.parametrize(
    ("upstream", "downstream", "expected"),
    [
        pytest.param(INTEGER, FLOAT, False, id="an int feeds no float"),
        pytest.param(FLOAT, INTEGER, False, id="a float feeds no int"),
        pytest.param(COLORS, STRING, True, id="an enum feeds a string"),
        pytest.param(STRING, COLORS, True, id="a string feeds an enum"),
        pytest.param(
            COLORS, {"enumType": {"values": ["green", "red"]}}, False, id="an enum feeds none of another order"
        ),
        pytest.param(STRING, union(STRING, COLORS), False, id="a string fits two variants"),
        pytest.param(INTEGER, union(INTEGER, NONE), True, id="an int feeds an optional int"),
        pytest.param(union(INTEGER, NONE), INTEGER, False, id="an optional int feeds no int"),
        pytest.param(union(INTEGER), INTEGER, True, id="a union of one feeds its variant"),
        pytest.param(list_of(union(INTEGER)), list_of(INTEGER), False, id="but not inside a list"),
        pytest.param(list_of(NONE), list_of(list_of(INTEGER)), True, id="the empty list feeds every list"),
        pytest.param(union(), union(INTEGER), True, id="a union of nothing feeds every union"),
        pytest.param(INTEGER, union(), False, id="and accepts nothing"),
        pytest.param(
            {"blob": {}}, {"blob": {"format": "csv", "dimensionality": "MULTIPART"}}, True, id="a file feeds a folder"
        ),
        pytest.param({"blob": {"format": "CSV"}}, {"blob": {"format": "csv"}}, False, id="blob formats have a case"),
        pytest.param(NONE, PARQUET, True, id="nothing feeds a structured dataset"),
        pytest.param(NONE, SCHEMA, False, id="but no schema"),
        pytest.param(SCHEMA, PARQUET, True, id="a schema feeds a parquet dataset"),
        pytest.param(SCHEMA, CSV, False, id="but no csv dataset"),
        pytest.param(
            {"structuredDatasetType": {"format": "PARQUET"}}, PARQUET, True, id="dataset formats have no case"
        ),
        pytest.param(dataclass({"type": "object"}), {"simple": "STRUCT"}, True, id="a schema is not always needed"),
        pytest.param({}, {}, True, id="no type feeds no type"),
    ],
)
def test_rules_that_surprise(upstream: dict[str, Any], downstream: dict[str, Any], *, expected: bool) -> None:
    """One rule a case."""
    assert expected == castable(message(upstream), message(downstream))


def test_a_column_without_a_type_is_no_answer() -> None:
    """Flyte's compiler stumbles over it, so it never compiles, not even in a union that would fit otherwise."""
    untyped = {"structuredDatasetType": {"columns": [{"name": "a"}]}}
    assert not castable(message(untyped), message(untyped))
    assert not castable(message(untyped), message(union(untyped, {"structuredDatasetType": {}})))


def test_of_two_columns_of_one_name_the_last_counts() -> None:
    """The consumer's columns are all looked at, the producer's by name."""
    one = {"schema": {"columns": [{"name": "a", "type": "INTEGER"}, {"name": "a", "type": "FLOAT"}]}}
    assert not castable(message(one), message(one))
    assert castable(message(one), message({"schema": {"columns": [{"name": "a", "type": "FLOAT"}]}}))


def test_a_union_with_a_variant_that_is_not_simple_is_optional() -> None:
    """The compiler's notion of optional has a hole."""
    assert is_optional(message(union(INTEGER, list_of(INTEGER))))
    assert not is_optional(message(union(INTEGER, STRING)))
    assert not is_optional(message(NONE))


def nested(levels: int, leaf: int) -> Any:
    built = types_pb2.LiteralType()
    inner = built
    for _ in range(levels):
        inner = inner.union_type.variants.add()
        inner.union_type.variants.add(simple=types_pb2.NONE)
        inner = inner.union_type.variants.add()
    inner.simple = leaf
    return built


def test_unions_in_unions_do_not_explode() -> None:
    """Each pair of nested types is compared once."""
    begun = time.process_time()
    castable(nested(20, types_pb2.INTEGER), nested(20, types_pb2.STRING))
    assert time.process_time() - begun < 5


def test_types_that_nest_too_deep_are_refused() -> None:
    """What protobuf cannot read is an error that says so, never a RecursionError."""
    deep = types_pb2.LiteralType()
    inner = deep
    for _ in range(3000):
        inner = inner.collection_type
    inner.simple = types_pb2.INTEGER
    with pytest.raises(ModelValueError, match="at most 100 nested messages"):
        castable(deep, deep)


def test_other_things_are_refused() -> None:
    """Only literal types are compared."""
    with pytest.raises(ModelTypeError, match="LiteralType"):
        castable("int", message(INTEGER))
    with pytest.raises(ModelTypeError, match="LiteralType"):
        is_optional(3)
