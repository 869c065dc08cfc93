from __future__ import annotations

import contextlib
import time
import warnings
from typing import TYPE_CHECKING, Any

import pytest
from google.protobuf.json_format import ParseDict
from google.protobuf.struct_pb2 import Struct
from hypothesis import given
from hypothesis import strategies as st

from flytetask_nb.semantics.json_schemas import schema_of
from flytetask_nb.semantics.meta_schemas import NoAnswerError
from flytetask_nb.semantics.schema_comparison import covers

if TYPE_CHECKING:
    from collections.abc import Callable

Json = dict[str, Any]


def covered(wanted: Json, given: Json) -> bool:
    return covers(schema_of(ParseDict(wanted, Struct())), schema_of(ParseDict(given, Struct())))


def fields(**properties: Json) -> Json:
    return {"type": "object", "properties": properties}


TEXT = {"type": "string"}
NUMBER = {"type": "number"}
WHOLE = {"type": "integer"}


@pytest.mark.parametrize(
    ("wanted", "given", "expected"),
    [
        pytest.param(fields(a=TEXT), fields(a=TEXT, b=WHOLE), True, id="more fields than wanted"),
        pytest.param(fields(a=TEXT, b=WHOLE), fields(a=TEXT), False, id="a field is missing"),
        pytest.param(fields(a=TEXT), fields(a=WHOLE), False, id="a field of another type"),
        pytest.param({"properties": {"a": TEXT}}, fields(a=TEXT), True, id="object where no type is named"),
        pytest.param(fields(a=TEXT), {"properties": {"a": TEXT}}, False, id="but not the other way round"),
        pytest.param({**fields(a=TEXT), "required": ["a"]}, fields(a=TEXT), False, id="required but not given"),
        pytest.param(fields(a=TEXT), {**fields(a=TEXT), "required": ["a"]}, True, id="given more than required"),
        pytest.param(
            {"type": "string", "enum": ["a", "b"]}, {"type": "string", "enum": ["a"]}, True, id="fewer values"
        ),
        pytest.param(
            {"type": "string", "enum": ["a"]}, {"type": "string", "enum": ["a", "b"]}, False, id="more values"
        ),
        pytest.param({"type": "string", "enum": ["a"]}, TEXT, True, id="any text feeds an enum"),
        pytest.param({"type": "string", "maxLength": 5}, {"type": "string", "maxLength": 4}, True, id="shorter"),
        pytest.param({"type": "string", "maxLength": 5}, TEXT, False, id="of any length"),
        pytest.param({"type": "number", "minimum": 0}, {"type": "number", "minimum": -1}, False, id="a lower bound"),
        pytest.param({"type": "integer", "minimum": 0}, WHOLE, True, id="bounds of integers are not compared"),
        pytest.param({"type": "number", "exclusiveMinimum": 0}, NUMBER, True, id="exclusive bounds are ignored"),
        pytest.param(
            {"anyOf": [{"type": "number", "exclusiveMinimum": 0}]},
            {"anyOf": [{"type": "number", "exclusiveMinimum": 0}], "title": "x"},
            False,
            id="but not inside anyOf",
        ),
        pytest.param({"anyOf": [TEXT, WHOLE]}, {"anyOf": [WHOLE]}, True, id="fewer members"),
        pytest.param({"anyOf": [WHOLE]}, {"anyOf": [TEXT, WHOLE]}, False, id="more members"),
        pytest.param({"anyOf": [TEXT]}, TEXT, False, id="members on one side only"),
        pytest.param({"type": "array", "items": TEXT}, {"type": "array", "items": WHOLE}, False, id="other items"),
        pytest.param({"type": "array"}, {"type": "array", "items": WHOLE}, True, id="any items"),
        pytest.param({"const": 1}, {"const": 1, "title": "x"}, True, id="the same constant"),
        pytest.param({"const": 1}, {"const": True}, False, id="one is not true"),
        pytest.param({**fields(a=TEXT), "title": "x"}, fields(a=TEXT), True, id="titles do not count"),
        pytest.param(fields(a={"type": "string", "format": "path"}), fields(), False, id="an unknown format"),
        pytest.param(fields(), {"$schema": "https://json-schema.org/draft/2020-12/schema"}, False, id="a later draft"),
        pytest.param({"title": "x"}, {}, False, id="an empty schema is none"),
        pytest.param(fields(a={"type": "text"}), fields(a={"type": "text"}), False, id="an unknown type"),
        pytest.param({"$ref": "#/definitions/A", "definitions": {"A": TEXT}}, TEXT, True, id="a reference"),
        pytest.param({"$ref": "#/definitions/B", "definitions": {"A": TEXT}}, TEXT, False, id="a dead reference"),
        pytest.param(
            {"$ref": "#/definitions/a~1b%20c", "definitions": {"a/b c": TEXT}}, TEXT, True, id="an escaped one"
        ),
        pytest.param({"$ref": "http://example.org/x"}, TEXT, False, id="a reference to elsewhere"),
        pytest.param({"type": "string", "pattern": "(?=a)"}, TEXT, False, id="a pattern that Go does not know"),
    ],
)
def test_rules(wanted: Json, given: Json, *, expected: bool) -> None:
    """One rule a case; the first is what the consumer wants."""
    assert expected == covered(wanted, given)


def test_key_order_does_not_matter_for_equality() -> None:
    """Equal schemas are equal whatever the order of their keys."""
    one, other = schema_of(ParseDict({"a": 1, "b": 2}, Struct())), schema_of(ParseDict({"b": 2, "a": 1}, Struct()))
    assert one.equals(other)


def test_what_is_not_json_equals_nothing() -> None:
    """Not even itself: the compiler cannot write it down."""
    unset = Struct()
    unset.fields["a"].Clear()
    infinite = Struct()
    infinite["a"] = float("inf")
    for metadata in (unset, infinite):
        assert not schema_of(metadata).equals(schema_of(metadata))
        assert not covers(schema_of(metadata), schema_of(metadata))


def chain(length: int, title: str) -> Json:
    links: Json = {
        str(i): {"properties": {c: {"$ref": f"#/definitions/{i + 1}"} for c in "xyz"}} for i in range(length)
    }
    return {"title": title, "$ref": "#/definitions/0", "definitions": {**links, str(length): TEXT}}


@pytest.mark.parametrize(
    "build",
    [
        pytest.param(lambda title: {"$ref": "#", "title": title}, id="a reference to itself"),
        pytest.param(lambda title: {**fields(a={"$ref": "#"}), "title": title}, id="a tree"),
        pytest.param(lambda title: chain(2000, title), id="a long chain"),
        pytest.param(
            lambda title: {"anyOf": [{"const": f"{title}{i}"} for i in range(2000)]}, id="many members on both sides"
        ),
    ],
)
def test_schemas_without_end_are_no_answer(build: Callable[[str], Json]) -> None:
    """What Flyte's compiler would die of, or compute for minutes, ends here at once."""
    begun = time.process_time()
    with pytest.raises(NoAnswerError):
        covered(build("a"), build("b"))
    assert time.process_time() - begun < 20


def test_what_refers_to_the_same_again_and_again_is_compared_once() -> None:
    """Thirty levels of three references each are a few pairs, not 3^30."""
    assert covered(chain(30, "a"), chain(30, "b"))


def test_odd_patterns_raise_no_warning() -> None:
    """Python's opinion about a pattern that Go reads is nobody's business."""
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        assert covered({"type": "string", "pattern": "[[a]"}, {"type": "string", "pattern": "[[a]", "title": "x"})


values = st.recursive(
    st.none() | st.booleans() | st.integers(-3, 3) | st.sampled_from(["string", "object", "#", "a"]),
    lambda inner: (
        st.lists(inner, max_size=3)
        | st.dictionaries(
            st.sampled_from(
                ["type", "properties", "items", "anyOf", "$ref", "enum", "required", "const", "if", "then"]
            ),
            inner,
            max_size=3,
        )
    ),
    max_leaves=12,
)
schemas = st.dictionaries(st.sampled_from(["type", "properties", "items", "anyOf", "$ref", "definitions"]), values)


@given(schemas, schemas)
def test_any_json_gets_an_answer(wanted: Json, given: Json) -> None:
    """No schema, however odd, raises anything but the one error that stands for no answer."""
    with contextlib.suppress(NoAnswerError):
        assert covered(wanted, given) in (True, False)
