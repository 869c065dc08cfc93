from __future__ import annotations

import base64
from typing import TYPE_CHECKING, Any

import pytest
from flyteidl.core import literals_pb2, types_pb2
from generated import messages
from google.protobuf.json_format import ParseDict
from hypothesis import given
from hypothesis import strategies as st

from flytetask_nb.errors import ModelTypeError
from flytetask_nb.models import LiteralType
from flytetask_nb.semantics.literal_types import literal_type, literal_type_message, scalar_type_message
from tests.conftest import flytekit_module

if TYPE_CHECKING:
    from collections.abc import Callable

INTEGER: Any = {"scalar": {"primitive": {"integer": "1"}}}
TEXT: Any = {"scalar": {"primitive": {"stringValue": "a"}}}
NOTHING: Any = {}
EMPTY_LIST: Any = {"collection": {}}


def type_of(told: Any) -> Any:
    return ParseDict(told, types_pb2.LiteralType())


def inferred(told: Any) -> Any:
    return literal_type_message(ParseDict(told, literals_pb2.Literal()))


def listed(*items: Any) -> Any:
    return {"collection": {"literals": list(items)}}


def mapped(*items: Any) -> Any:
    return {"map": {"literals": {str(index): item for index, item in enumerate(items)}}}


def united(*variants: Any) -> Any:
    return {"unionType": {"variants": list(variants)}}


def test_every_vector_agrees(cases: Callable[[str], list[dict[str, Any]]]) -> None:
    """Values have the types that the compiler infers."""
    wrong = []
    for case in cases("literal-types.jsonl"):
        told = literal_type(literals_pb2.Literal.FromString(base64.b64decode(case["literal_b64"])))
        expected = None if case["type"] is None else LiteralType.from_flyte_idl(type_of(case["type"]))
        if told != expected:
            wrong.append((case, told))
    assert wrong == []


@pytest.mark.parametrize(
    ("value", "expected"),
    [
        (INTEGER, {"simple": "INTEGER"}),
        ({"scalar": {"primitive": {}}}, {"simple": "NONE"}),
        ({"scalar": {"noneType": {}}}, {"simple": "NONE"}),
        ({"scalar": {"generic": {}}}, {"simple": "STRUCT"}),
        ({"scalar": {"binary": {"tag": "msgpack"}}}, {"simple": "STRUCT"}),
        ({"scalar": {"binary": {"tag": "other"}}}, {"simple": "BINARY"}),
        ({"scalar": {"blob": {"metadata": {"type": {"format": "csv"}}}}}, {"blob": {"format": "csv"}}),
        ({"scalar": {"blob": {"metadata": {}}}}, {"blob": {}}),
        ({"scalar": {"schema": {}}}, {"schema": {}}),
        ({"scalar": {"structuredDataset": {}}}, {"structuredDatasetType": {}}),
        ({"scalar": {"union": {"type": {"simple": "STRING"}}}}, united({"simple": "STRING"})),
        ({"offloadedMetadata": {"inferredType": {"simple": "FLOAT"}}}, {"simple": "FLOAT"}),
    ],
    ids=str,
)
def test_values_say_what_they_are(value: Any, expected: Any) -> None:
    """One example of each kind that needs a second look."""
    assert type_of(expected) == inferred(value)


@pytest.mark.parametrize(
    "value", [NOTHING, {"scalar": {}}, {"scalar": {"blob": {}}}, {"offloadedMetadata": {}}], ids=str
)
def test_some_values_say_nothing(value: Any) -> None:
    """Nothing can be inferred, which is not the same as NONE."""
    assert inferred(value) is None
    assert literal_type(ParseDict(value, literals_pb2.Literal())) is None


@pytest.mark.parametrize(
    ("items", "expected"),
    [
        ((), {"simple": "NONE"}),
        ((INTEGER, INTEGER), {"simple": "INTEGER"}),
        ((TEXT, INTEGER), united({"simple": "INTEGER"}, {"simple": "STRING"})),
        ((EMPTY_LIST,), {"collectionType": {"simple": "NONE"}}),
        ((EMPTY_LIST, listed(INTEGER)), {"collectionType": {"simple": "INTEGER"}}),
        ((mapped(), mapped(INTEGER)), united({"mapValueType": {"simple": "INTEGER"}}, {"mapValueType": {"simple": "NONE"}})),
        ((listed(TEXT, INTEGER), INTEGER), {"collectionType": united({"simple": "INTEGER"}, {"simple": "STRING"}, {"simple": "INTEGER"})}),
        ((NOTHING,), {}),
        ((TEXT, NOTHING), united({}, {"simple": "STRING"})),
    ],
    ids=["none", "one type", "two types", "an empty list", "an empty list among others", "an empty map among others",
         "unions inside lists", "nothing known", "one unknown"],
)  # fmt: skip
def test_lists_and_maps_have_one_type_for_all_items(items: tuple[Any, ...], expected: Any) -> None:
    """Several types make a union in the order of their texts; an empty list says nothing beside others."""
    assert type_of({"collectionType": expected}) == inferred(listed(*items))
    assert type_of({"mapValueType": expected}) == inferred(mapped(*items))


@given(st.lists(messages(literals_pb2.Literal, depth=5, unknown=False), max_size=5), st.randoms(use_true_random=False))
def test_the_order_of_items_does_not_matter(items: list[Any], random: Any) -> None:
    """The variants of a union are sorted, so a list and its shuffle have one type."""
    shuffled = list(items)
    random.shuffle(shuffled)
    one, other = (
        literals_pb2.Literal(collection=literals_pb2.LiteralCollection(literals=order)) for order in (items, shuffled)
    )
    assert literal_type_message(one) == literal_type_message(other)


@given(messages(literals_pb2.Literal))
def test_every_value_has_a_type_or_none(literal: Any) -> None:
    """Unknown fields and unknown kinds raise nothing, and the value stays as it is."""
    before = literal.SerializeToString(deterministic=True)
    told = literal_type(literal)
    assert told is None or isinstance(told, LiteralType)
    assert before == literal.SerializeToString(deterministic=True)


@given(messages(literals_pb2.Scalar))
def test_a_scalar_has_the_type_of_its_literal(scalar: Any) -> None:
    """Bindings hold scalars where inputs hold literals."""
    assert literal_type_message(literals_pb2.Literal(scalar=scalar)) == scalar_type_message(scalar)


def test_the_type_is_the_callers_own() -> None:
    """What happens to the literal afterwards does not change the type."""
    literal = ParseDict({"offloadedMetadata": {"inferredType": {"simple": "FLOAT"}}}, literals_pb2.Literal())
    told = literal_type(literal)
    literal.offloaded_metadata.inferred_type.simple = types_pb2.STRING
    assert told is not None
    assert type_of({"simple": "FLOAT"}) == told.to_flyte_idl()


def test_flytekits_literals_have_the_same_type() -> None:
    """Objects that flytekit made are read as messages are."""
    theirs = flytekit_module("flytekit.models.literals")
    literal = ParseDict(listed(INTEGER, TEXT), literals_pb2.Literal())
    assert literal_type(literal) == literal_type(theirs.Literal.from_flyte_idl(literal))


def test_other_things_have_no_type() -> None:
    """Python values are no literals."""
    with pytest.raises(ModelTypeError, match=r"flyteidl\.core\.Literal"):
        literal_type(1)
