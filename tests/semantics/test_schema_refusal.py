"""Values that fit one JSON schema and not another: each is one, and where none is told there is none."""

from __future__ import annotations

import json
import time
from typing import Any

import pytest
from google.protobuf.json_format import ParseDict
from google.protobuf.struct_pb2 import Struct
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from flytetask_nb.semantics.json_examples import examples
from flytetask_nb.semantics.json_schemas import Schema, schema_of
from flytetask_nb.semantics.json_values import fits
from flytetask_nb.semantics.meta_schemas import NoAnswerError
from flytetask_nb.semantics.schema_refusal import NOTHING, RefusedValue, changed_default, refusal
from tests.semantics.typed_values import fits_schema

Json = dict[str, Any]
TEXT, WHOLE, NUMBER, NULL = {"type": "string"}, {"type": "integer"}, {"type": "number"}, {"type": "null"}


def schema(told: Json) -> Schema:
    return schema_of(ParseDict(told, Struct()))


def fields(_rest: Json | None = None, **properties: Any) -> Json:
    told = {"type": "object", "properties": properties, "required": sorted(properties), "additionalProperties": False}
    return {**told, **(_rest or {})}


def enum(*values: Any) -> Json:
    return {"enum": list(values)}


def mapped(inner: Any, **rest: Any) -> Json:
    return {"type": "object", "additionalProperties": inner, **rest}


def tuple_of(*items: Json) -> Json:
    return {"type": "array", "prefixItems": list(items), "minItems": len(items), "maxItems": len(items)}


def optional(inner: Json) -> Json:
    return {"anyOf": [inner, NULL]}


def node(leaf: Json) -> Json:
    return {"$ref": "#/$defs/N", "$defs": {"N": fields(leaf=leaf, next=optional({"$ref": "#/$defs/N"}))}}


@pytest.mark.parametrize(
    ("given", "wanted", "path", "value"),
    [
        pytest.param(enum("a", "b"), enum("a"), "", "b", id="an enum without a type"),
        pytest.param(enum(1, None, True), enum(1, None), "", True, id="one is not true"),
        pytest.param({"const": "a"}, {"const": "b"}, "", "a", id="another constant"),
        pytest.param(WHOLE, {**WHOLE, "minimum": 1}, "", 0, id="a bound of integers"),
        pytest.param({**WHOLE, "maximum": 5}, {**WHOLE, "exclusiveMaximum": 5}, "", 5, id="an excluded bound"),
        pytest.param(WHOLE, {**WHOLE, "multipleOf": 2}, "", 1, id="multiples"),
        pytest.param(NUMBER, WHOLE, "", 0.5, id="a fraction"),
        pytest.param({**TEXT, "maxLength": 9}, {**TEXT, "maxLength": 3}, "", "other", id="a longer text"),
        pytest.param(mapped(WHOLE), mapped(TEXT), "[0]", {"other": 0}, id="values of a dict"),
        pytest.param(mapped(True), mapped(False), "[0]", {"other": None}, id="any values of a dict"),
        pytest.param(mapped(WHOLE, propertyNames=enum("a", "b")), mapped(WHOLE, propertyNames=enum("a")), "", {"b": 0}, id="keys of a dict"),
        pytest.param(tuple_of(WHOLE, TEXT), tuple_of(WHOLE, WHOLE), "[1]", [0, ""], id="an item of a tuple"),
        pytest.param(tuple_of(WHOLE, TEXT), tuple_of(WHOLE), "", [0, ""], id="an item too many"),
        pytest.param({"type": "array", "items": enum("a", "b")}, {"type": "array", "items": enum("a")}, "[0]", ["b"], id="items"),
        pytest.param({"type": "array"}, {"type": "array", "uniqueItems": True}, "", [None, None], id="equal items"),
        pytest.param(fields(a=enum("a", "b")), fields(a=enum("a")), "a", {"a": "b"}, id="a field"),
        pytest.param(fields(a=TEXT, b=fields(c=enum(1, 2))), fields(a=TEXT, b=fields(c=enum(1))), "b.c", {"a": "", "b": {"c": 2}}, id="a field deep inside"),
        pytest.param(fields({"required": []}, a=enum(1, 2)), fields({"required": []}, a=enum(1)), "a", {"a": 2}, id="a field that may be missing"),
        pytest.param(fields(a=optional(enum("a", "b"))), fields(a=optional(enum("a"))), "a", {"a": "b"}, id="an optional field"),
        pytest.param(fields({"additionalProperties": True}, a=WHOLE), fields(a=WHOLE), "", {"a": 0, "other": None}, id="other names"),
        pytest.param({"type": "object", "properties": {"a": WHOLE}}, fields({"required": []}, a=WHOLE), "", {"other": None}, id="other names, left unsaid"),
        pytest.param({"type": "object", "patternProperties": {"^x_": WHOLE}}, {"type": "object", "patternProperties": {"^x_": TEXT}}, "[0]", {"x_": 0}, id="names of a pattern"),
        pytest.param(mapped(True), {"type": "object", "dependencies": {"a": ["b"]}}, "", NOTHING, id="what cannot be shown"),
        pytest.param({**TEXT, "pattern": "^[u-w]{3}$"}, {**TEXT, "pattern": "^[u-z]{3}$"}, "", NOTHING, id="nor that"),
        pytest.param({"anyOf": [WHOLE, TEXT]}, {"anyOf": [WHOLE, NULL]}, "", "", id="a member that is gone"),
        pytest.param({"allOf": [enum("a", "b")]}, {"allOf": [enum("a", "b"), enum("a")]}, "", "b", id="a member more that counts"),
        pytest.param(node(enum("a", "b")), node(enum("a")), "leaf", {"leaf": "b", "next": None}, id="what contains itself"),
        pytest.param(mapped(WHOLE, propertyNames=WHOLE), mapped(TEXT, propertyNames=WHOLE), "[0]", NOTHING, id="keys that JSON does not have"),
        pytest.param(fields(a={"$ref": "#/$defs/A"}) | {"$defs": {"A": enum(1, 2)}}, fields(a={"$ref": "#/$defs/A"}) | {"$defs": {"A": enum(1)}}, "a", {"a": 2}, id="equal references to what differs"),
    ],
)  # fmt: skip
def test_what_is_refused_is_shown(given: Json, wanted: Json, path: str, value: Any) -> None:
    """By a whole value, and where in it."""
    found = refusal(schema(given), schema(wanted))
    assert found is not None
    assert (path, value) == (".".join(found.path), found.value)


PETS = [{"type": "object", "properties": {"kind": {"const": name, "default": name}}} for name in ("cat", "dog", "cow")]


@pytest.mark.parametrize(
    ("given", "wanted"),
    [
        pytest.param(enum("a"), enum("a", "b"), id="an enum that gains a value"),
        pytest.param(enum("a", "b"), enum("b", "a"), id="another order"),
        pytest.param({"const": "a"}, enum("a", "b"), id="a constant becomes an enum"),
        pytest.param({**WHOLE, "minimum": 1}, {**WHOLE, "minimum": 0}, id="a wider bound"),
        pytest.param({**WHOLE, "exclusiveMinimum": 0}, {**WHOLE, "minimum": 1}, id="the same bound of integers"),
        pytest.param({**WHOLE, "multipleOf": 4}, {**WHOLE, "multipleOf": 2}, id="multiples of multiples"),
        pytest.param(WHOLE, NUMBER, id="an int is a number"),
        pytest.param({**TEXT, "title": "A", "description": "a"}, {**TEXT, "title": "B", "examples": [1]}, id="remarks"),
        pytest.param(fields(a=TEXT, b=TEXT), fields(a=TEXT), id="a field that is no longer asked for"),
        pytest.param(fields(a=TEXT), fields({"required": []}, a=TEXT), id="a field that may be missing now"),
        pytest.param({"type": "object", "properties": {"a": TEXT}}, {"type": "object", "properties": {"a": TEXT, "b": TEXT}}, id="a field more that may be missing"),
        pytest.param(mapped(WHOLE), mapped(NUMBER), id="wider values of a dict"),
        pytest.param(tuple_of(WHOLE, TEXT), {"type": "array"}, id="a tuple becomes a list"),
        pytest.param({"anyOf": [WHOLE, NULL]}, {"anyOf": [NULL, TEXT, WHOLE]}, id="more members in another order"),
        pytest.param({"type": ["integer", "null"]}, {"anyOf": [WHOLE, NULL]}, id="types or members"),
        pytest.param({"oneOf": PETS[:2]}, {"oneOf": PETS}, id="one more of the alternatives"),
        pytest.param({"not": TEXT, "if": WHOLE, "then": WHOLE}, {"if": WHOLE, "then": WHOLE, "not": TEXT}, id="the same in words that are not looked through"),
        pytest.param(node(enum("a")), node(enum("a", "b")), id="what contains itself"),
        pytest.param({"type": "boolean"}, enum(True, False, "a"), id="both flags"),
        pytest.param(fields(a={"$ref": "#/definitions/A"}) | {"definitions": {"A": WHOLE}}, fields(a=WHOLE), id="a reference or what it stands for"),
    ],
)  # fmt: skip
def test_what_is_wider_is_no_alarm(given: Json, wanted: Json) -> None:
    assert refusal(schema(given), schema(wanted)) is None


def pydantic(*names: str, **rest: Any) -> Json:
    return fields({"properties": {name: {**WHOLE, "title": name.title()} for name in names}, "required": [], **rest})


def test_pydantic_alone_means_that_other_names_are_refused() -> None:
    """It says so of models that forbid them; mashumaro and marshmallow say it of every class, and ignore them."""
    forbids, ignores = pydantic("a"), {**pydantic("a")}
    del ignores["additionalProperties"]
    found = refusal(schema(pydantic("a", "b")), schema(forbids))
    assert found is not None
    assert found.value == {"b": 0}
    assert refusal(schema(ignores), schema(forbids)) is not None
    assert refusal(schema(forbids), schema(ignores)) is None
    # A model that becomes a dataclass.
    assert refusal(schema(ignores), schema(fields({"required": []}, a=WHOLE))) is None
    draft = {"$schema": "http://json-schema.org/draft-07/schema#"}
    assert refusal(schema({**pydantic("a", "b"), **draft}), schema({**forbids, **draft})) is None


@pytest.mark.parametrize(
    ("old", "new", "expected"),
    [
        pytest.param({**WHOLE, "default": 3}, {**WHOLE, "default": 4}, (("a",), 3, 4), id="another default"),
        pytest.param({**WHOLE, "default": 3}, {**WHOLE, "default": 3.0}, None, id="the same default"),
        pytest.param({**WHOLE, "default": 3}, WHOLE, None, id="a default that is not told"),
        pytest.param(optional({**fields(b={**TEXT, "default": "x"}), "required": []}), optional({**fields(b={**TEXT, "default": "y"}), "required": []}), (("a", "b"), "x", "y"), id="deep inside"),
        pytest.param({"type": "array", "items": {"type": "object", "properties": {"b": {"default": 1}}}}, {"type": "array", "items": {"type": "object", "properties": {"b": {"default": None}}}}, (("a", "[0]", "b"), 1, None), id="in a list"),
    ],
)  # fmt: skip
def test_defaults(old: Json, new: Json, expected: tuple[Any, ...] | None) -> None:
    """Of what may be left out."""
    pair = [{"type": "object", "properties": {"a": one}} for one in (old, new)]
    assert expected == changed_default(*map(schema, pair))
    assert changed_default(*(schema({**one, "required": ["a"]}) for one in pair)) in (
        None,
        expected if expected and len(expected[0]) > 1 else None,
    )


@pytest.mark.parametrize(
    "build",
    [
        pytest.param(lambda leaf: {"$ref": "#", "title": leaf}, id="a reference to itself"),
        pytest.param(lambda leaf: {"anyOf": [{"$ref": "#"}, enum(leaf)]}, id="a member that is the whole"),
        pytest.param(lambda leaf: fields(a={"$ref": "#"}, b=enum(leaf)), id="no value ever ends"),
        pytest.param(lambda leaf: {"allOf": [{"anyOf": [enum(leaf, n) for n in range(9)]} for _ in range(9)]}, id="many cases"),
        pytest.param(lambda leaf: enum(leaf, *range(2_000)), id="many values"),
        pytest.param(lambda leaf: {"$ref": "#/$defs/0", "$defs": {str(n): {"properties": {c: {"$ref": f"#/$defs/{n + 1}"} for c in "xyz"}} for n in range(30)} | {"30": enum(leaf)}}, id="many ways"),
        pytest.param(lambda leaf: {"type": "object", "properties": {str(n): mapped(enum(leaf)) for n in range(300)}}, id="many fields"),
    ],
)  # fmt: skip
def test_no_schema_takes_long(build: Any) -> None:
    """What cannot be looked through is no proof."""
    begun = time.process_time()
    one, other = schema(build("a")), schema(build("b"))
    assert refusal(one, other) is not None
    changed_default(one, other)
    assert time.process_time() - begun < 20


# -- laws ----------------------------------------------------------------------------------------------------------

NAMES = st.sampled_from(["a", "b"])
NUMBERS = st.sampled_from([-1, 0, 0.5, 1, 2, 5])
COUNTS = st.integers(0, 3)
CONSTANTS = st.sampled_from([None, True, False, 0, 1, 2, "a", "b", "", 1.5, [1], {"a": 1}])


def some(**words: st.SearchStrategy[Any]) -> st.SearchStrategy[Json]:
    return st.fixed_dictionaries({}, optional=words)


LEAVES = st.one_of(
    some(
        type=st.sampled_from(["integer", "number", ["integer", "null"]]),
        minimum=NUMBERS,
        maximum=NUMBERS,
        exclusiveMinimum=NUMBERS,
        exclusiveMaximum=NUMBERS,
        multipleOf=st.sampled_from([1, 2, 0.5]),
    ),
    some(type=st.just("string"), minLength=COUNTS, maxLength=COUNTS, pattern=st.sampled_from(["^a", "b$", "a"])),
    st.lists(CONSTANTS, min_size=1, max_size=3, unique_by=json.dumps).map(lambda values: enum(*values)),
    st.lists(st.sampled_from(["a", "b", "c", ""]), min_size=1, unique=True).map(
        lambda values: {**enum(*values), "type": "string"}
    ),
    CONSTANTS.map(lambda value: {"const": value}),
    st.sampled_from([{"type": "boolean"}, NULL, {"type": ["string", "boolean"]}, {"title": "any"}]),
)


def with_more(inner: st.SearchStrategy[Json]) -> st.SearchStrategy[Json]:
    objects = st.fixed_dictionaries(
        # Said for every object: what is left unsaid is read as people mean it.
        {"additionalProperties": st.one_of(st.just(True), inner)},
        optional={
            "type": st.just("object"),
            "properties": st.dictionaries(NAMES, inner, max_size=2),
            "required": st.lists(NAMES, unique=True),
            "minProperties": COUNTS,
            "maxProperties": COUNTS,
            "patternProperties": st.dictionaries(st.sampled_from(["^a", "b"]), inner, max_size=1),
            "propertyNames": st.sampled_from([enum("a", "b"), {"minLength": 2}, TEXT]),
        },
    )
    lists = some(
        type=st.just("array"),
        items=inner,
        prefixItems=st.lists(inner, min_size=1, max_size=2),
        minItems=COUNTS,
        maxItems=COUNTS,
        uniqueItems=st.booleans(),
    )
    members = st.builds(
        lambda name, found: {name: found},
        st.sampled_from(["anyOf", "oneOf", "allOf"]),
        st.lists(inner, min_size=1, max_size=3),
    )
    return st.one_of(objects, lists, members, inner.map(lambda one: {"not": one}))


SCHEMAS = st.recursive(LEAVES, with_more, max_leaves=6).filter(bool)


@st.composite
def changed(draw: st.DrawFn, told: Json) -> Json:
    """Return a schema with one of its words changed, deep inside perhaps."""
    word = draw(st.sampled_from(sorted(told)))
    inner = told[word]
    choice = draw(st.integers(0, 2))
    if choice == 0 and isinstance(inner, dict) and inner and word in ("items", "additionalProperties", "not"):
        return {**told, word: draw(changed(inner))}
    if choice == 0 and isinstance(inner, dict) and inner and word == "properties":
        name = draw(st.sampled_from(sorted(inner)))
        return {**told, word: {**inner, name: draw(changed(inner[name])) if inner[name] else draw(LEAVES)}}
    if choice == 0 and isinstance(inner, list) and word in ("anyOf", "oneOf", "allOf", "prefixItems"):
        place = draw(st.integers(0, len(inner) - 1))
        return {**told, word: [*inner[:place], draw(LEAVES), *inner[place + 1 :]]}
    if choice == 1 and word != "additionalProperties" and len(told) > 1:
        return {name: inner for name, inner in told.items() if name != word}
    return {**told, **draw(LEAVES)}


PAIRS = st.one_of(st.tuples(SCHEMAS, SCHEMAS), SCHEMAS.flatmap(lambda told: st.tuples(st.just(told), changed(told))))
VALUES = st.recursive(
    CONSTANTS,
    lambda inner: (
        st.lists(inner, max_size=3) | st.dictionaries(st.sampled_from(["a", "b", "ab", "other"]), inner, max_size=3)
    ),
    max_leaves=5,
)
LAW = settings(max_examples=300, suppress_health_check=list(HealthCheck), deadline=None)


@LAW
@given(SCHEMAS, VALUES)
def test_what_fits_a_schema_is_what_others_say(told: Json, value: Any) -> None:
    one = schema(told)
    assert fits(one, one.document, value) == fits_schema(told, value)


@LAW
@given(SCHEMAS)
def test_every_example_is_one(told: Json) -> None:
    one = schema(told)
    assert all(fits_schema(told, value) for value in examples(one, one.document))


@LAW
@given(PAIRS)
def test_every_value_that_is_shown_fits_the_one_and_not_the_other(pair: tuple[Json, Json]) -> None:
    """So says another implementation of JSON Schema."""
    found = refusal(*map(schema, pair))
    if found is not None and found.value is not NOTHING:
        assert [fits_schema(told, found.value) for told in pair] == [True, False]


@LAW
@given(PAIRS, st.lists(VALUES, max_size=8))
def test_where_nothing_is_refused_no_value_is(pair: tuple[Json, Json], values: list[Any]) -> None:
    """Not any of those that the first schema was asked for, nor any other that it has."""
    one, other = map(schema, pair)
    if refusal(one, other) is None:
        for value in (*values, *examples(one, one.document, other.document)):
            assert fits_schema(pair[1], value) or not fits_schema(pair[0], value)


ODD = st.dictionaries(
    st.sampled_from(["type", "$ref", "items", "anyOf", "properties", "$defs", "prefixItems", "minContains", "enum"]),
    st.one_of(VALUES, SCHEMAS, st.lists(VALUES, max_size=2)),
    min_size=1,
)


@LAW
@given(st.one_of(ODD, st.lists(ODD, min_size=1).map(lambda found: {"prefixItems": found})), SCHEMAS)
def test_odd_schemas_are_no_proof_and_no_error(odd: Json, other: Json) -> None:
    """What compilers and readers do not understand says nothing, wherever it stands."""
    for pair in ((odd, other), (other, odd)):
        found = refusal(*map(schema, pair))
        changed_default(*map(schema, pair))
        try:
            schema(odd).require_sound()
        except NoAnswerError:
            assert found in (None, RefusedValue(()))
