"""Changes of types: which respects are told, how they are judged, and that reasons agree with verdicts."""

from __future__ import annotations

from typing import Any

import pytest
from flyteidl.admin import task_pb2
from google.protobuf.json_format import ParseDict
from hypothesis import HealthCheck, Phase, given, settings
from hypothesis import strategies as st

import flytetask_nb as ftn
from flytetask_nb.diffs import RULES
from flytetask_nb.diffs.interfaces import ALWAYS_TRUE
from flytetask_nb.diffs.rules import rank
from tests.diffs.strategies import interfaces
from tests.diffs.test_laws import assert_applied, assert_mirror

Json = dict[str, Any]
PHASES = (Phase.explicit, Phase.reuse, Phase.generate)
INT, TEXT = {"simple": "INTEGER"}, {"simple": "STRING"}
WHOLE, WORD = {"type": "integer"}, {"type": "string"}


def enum(*values: str) -> Json:
    return {"enumType": {"values": list(values)}}


def literal(*values: Any) -> Json:
    return {**TEXT, "annotation": {"annotations": {"literal_values": list(values)}}}


def union(*variants: Json) -> Json:
    return {"unionType": {"variants": list(variants)}}


def dataclass(_structure: Json | None = None, _rest: Json | None = None, **fields: Any) -> Json:
    """Return a dataclass with a JSON schema, and with flytekit's structure of some of its fields."""
    schema = {"title": "D", "type": "object", "properties": fields, "required": sorted(fields), **(_rest or {})}
    made: Json = {"simple": "STRUCT", "metadata": {**schema, "additionalProperties": False}}
    return {**made, "structure": {"dataclassType": _structure}} if _structure else made


def pickled(name: str) -> Json:
    return {"blob": {"format": "PythonPickle"}, "metadata": {"python_class_name": name}}


def task(side: str, kind: Json) -> Any:
    interface = {side: {"variables": {"x": {"type": kind}}}}
    return ParseDict({"template": {"interface": interface}}, task_pb2.TaskSpec())


def changes(old: Json, new: Json, side: str = "inputs") -> list[tuple[str, str, str | None, str | None, str]]:
    """Return rule, place, both values and severity of each change, noise included."""
    pair = task(side, old), task(side, new)
    assert_applied(*pair)
    assert_mirror(*pair)
    found = ftn.diff(*pair)
    return [
        (one.rule, one.place.removeprefix(f"{side}.x").lstrip("."), *one.texts, one.severity)
        for one in (*found.changes, *found.noise)
    ]


TUPLES = [{"type": "array", "prefixItems": [WHOLE, last]} for last in (WORD, WHOLE)]


@pytest.mark.parametrize(
    ("old", "new", "expected"),
    [
        pytest.param(
            dataclass({"e": enum("a", "b")}, e={"enum": ["a", "b"]}),
            dataclass({"e": enum("a")}, e={"enum": ["a"]}),
            [("enum-value-removed", "e.values", "b", None, "risky")],
            id="an enum loses a value",
        ),
        pytest.param(
            dataclass({"e": enum("a")}, e={"enum": ["a"]}),
            dataclass({"e": enum("a", "b")}, e={"enum": ["a", "b"]}),
            [("enum-value-added", "e.values", None, "b", "behaviour")],
            id="an enum gains a value",
        ),
        pytest.param(
            dataclass({"l": literal("a", "b", "c")}, l={"enum": ["a", "b", "c"]}),
            dataclass({"l": literal("a", "b")}, l={"enum": ["a", "b"]}),
            [("enum-value-removed", "l.annotation.literal_values", "c", None, "risky")],
            id="a Literal loses a value",
        ),
        pytest.param(
            dataclass({"e": enum("a", "b"), "l": literal("a", "b")}, e={"enum": ["a", "b"]}, l={"enum": ["a", "b"]}),
            dataclass({"e": enum("a"), "l": literal("a", "b", "c")}, e={"enum": ["a"]}, l={"enum": ["a", "b", "c"]}),
            [
                ("enum-value-removed", "e.values", "b", None, "risky"),
                ("enum-value-added", "l.annotation.literal_values", None, "c", "behaviour"),
            ],
            id="each field is judged by itself",
        ),
        pytest.param(
            dataclass({"a": INT}, a=WHOLE, t=TUPLES[0]),
            dataclass({"a": INT}, a=WHOLE, t=TUPLES[1]),
            [("field-type-changed", "t", "tuple[int, str]", "tuple[int, int]", "risky")],
            id="a field that flytekit has no words for",
        ),
        pytest.param(
            dataclass({"a": INT}, a=WHOLE),
            dataclass({"a": INT}, a=WHOLE, t=TUPLES[0]),
            [("input-field-added", "t", None, "tuple[int, str]", "breaking")],
            id="such a field comes",
        ),
        pytest.param(
            dataclass({"a": INT}, a={**WHOLE, "minimum": 0}, b=WORD),
            dataclass({"a": INT}, a={**WHOLE, "minimum": 5}, b=WORD),
            [("type-schema", "a.minimum", "0", "5", "risky")],
            id="a bound, though the field reads the same",
        ),
        pytest.param(
            dataclass({"a": INT}, {"required": []}, a={**WHOLE, "default": 3}),
            dataclass({"a": INT}, {"required": []}, a={**WHOLE, "default": 4}),
            [("type-schema", "a.default", "3", "4", "risky")],
            id="a default",
        ),
        pytest.param(
            dataclass(a={**WORD, "description": "one"}),
            dataclass(a={**WORD, "description": "two"}),
            [("type-schema", "a.description", "one", "two", "cosmetic")],
            id="a remark",
        ),
        pytest.param(
            dataclass(None, {"$defs": {"I": {"enum": ["a", "b"]}}}, i={"$ref": "#/$defs/I"}),
            dataclass(None, {"$defs": {"I": {"enum": ["a"]}}}, i={"$ref": "#/$defs/I"}),
            [("field-type-changed", "i", "Enum['a', 'b']", "Enum['a']", "risky")],
            id="behind a reference",
        ),
        pytest.param(
            dataclass(None, {"$defs": {"I": {"type": "object", "properties": {"n": {**WHOLE, "minimum": 0}}}}}, i={"$ref": "#/$defs/I"}),
            dataclass(None, {"$defs": {"I": {"type": "object", "properties": {"n": {**WHOLE, "minimum": 1}}}}}, i={"$ref": "#/$defs/I"}),
            [("type-schema", "i.n.minimum", "0", "1", "risky")],
            id="deep behind a reference",
        ),
        pytest.param(
            union(dataclass(e={"enum": ["a", "b"]}), INT),
            union(dataclass(e={"enum": ["a"]}), INT),
            [("dataclass-under-union", "variants[]", "D{e: Enum['a', 'b']}", "D{e: Enum['a']}", "risky")],
            id="in a union",
        ),
        pytest.param(
            union(dataclass(e={**WORD, "description": "one"}), INT),
            union(dataclass(e={**WORD, "description": "two"}), INT),
            [
                (
                    "type-schema",
                    "variants[]",
                    '{"metadata": {"properties": {"e": {"description": "one"}}}}',
                    '{"metadata": {"properties": {"e": {"description": "two"}}}}',
                    "cosmetic",
                )
            ],
            id="a remark in a union is no other class",
        ),
        pytest.param(
            literal("a", "b"),
            literal("a"),
            [("enum-value-removed", "annotation.literal_values", "b", None, "risky")],
            id="a Literal by itself",
        ),
        pytest.param(TEXT, literal("a"), [("input-type-narrowed", "", "str", "Literal['a']", "risky")], id="a text becomes one"),
        pytest.param(literal("a"), TEXT, [("input-type-widened", "", "Literal['a']", "str", "behaviour")], id="it becomes a text"),
        pytest.param(
            literal("a", "b"),
            literal("b", "a"),
            [("type-annotation", "annotation", '{"literal_values": ["a", "b"]}', '{"literal_values": ["b", "a"]}', "cosmetic")],
            id="its order is none",
        ),
        pytest.param(
            pickled("typing.Annotated[a.Video, <H object at 0x7f01>]"),
            pickled("typing.Annotated[a.Video, <H object at 0x7f02>]"),
            [
                (
                    "type-metadata",
                    "",
                    '{"python_class_name": "typing.Annotated[a.Video, <H object at 0x7f01>]"}',
                    '{"python_class_name": "typing.Annotated[a.Video, <H object at 0x7f02>]"}',
                    "noise",
                )
            ],
            id="an address in memory",
        ),
        pytest.param(
            pickled("a.Video"),
            pickled("a.Audio"),
            [("type-metadata", "", '{"python_class_name": "a.Video"}', '{"python_class_name": "a.Audio"}', "cosmetic")],
            id="another class",
        ),
    ],
)  # fmt: skip
def test_what_is_told_of_types(old: Json, new: Json, expected: list[tuple[Any, ...]]) -> None:
    """Each respect where it is, in words that differ, as bad as it is."""
    assert expected == changes(old, new)


@pytest.mark.parametrize(("old", "new"), [(enum("a", "b"), enum("a")), (INT, TEXT), (literal("a", "b"), literal("a"))])
def test_every_field_is_told_wherever_flytekit_has_words_for_it(old: Json, new: Json) -> None:
    """With a structure or without, the field is named, and no change of it goes unsaid."""
    schemas = [{"enum": ["a", "b"]}, {"enum": ["a"]}] if old != INT else [WHOLE, WORD]
    for with_structure in (True, False):
        pair = [
            dataclass({"f": kind, "n": INT} if with_structure else {"n": INT}, f=schema, n=WHOLE)
            for kind, schema in zip((old, new), schemas, strict=True)
        ]
        found = changes(*pair)
        assert all(place.startswith("f") for _, place, *_ in found)
        assert {severity for *_, severity in found} <= {"risky", "breaking"}


SCHEMAS = st.sampled_from(
    [WHOLE, WORD, {"enum": ["a"]}, {"enum": ["a", "b"]}, {**WHOLE, "minimum": 1}, {**WHOLE, "default": 1}, *TUPLES, {}]
)


FIELDS = st.dictionaries(st.sampled_from("ab"), SCHEMAS, min_size=1)
RESTS = st.sampled_from([{}, {"required": []}, {"title": "E"}])
WRAPPED = st.sampled_from([lambda kind: kind, lambda kind: {"collectionType": kind}, lambda kind: union(kind, INT)])


@st.composite
def dataclasses(draw: st.DrawFn) -> tuple[Any, Any]:
    """Return two tasks with a dataclass of which often one field alone changed."""
    fields, rest, wrap, side = draw(FIELDS), draw(RESTS), draw(WRAPPED), draw(st.sampled_from(["inputs", "outputs"]))
    others = draw(st.one_of(FIELDS, SCHEMAS.map(lambda one: {**fields, min(fields): one})))
    other_rest = draw(st.one_of(st.just(rest), RESTS))
    return task(side, wrap(dataclass(None, rest, **fields))), task(side, wrap(dataclass(None, other_rest, **others)))


LAW = settings(max_examples=200, suppress_health_check=list(HealthCheck), deadline=None, phases=PHASES)
# Rules that say the same of every verdict, for their own reason.
BREAKING_REASONS = {rule.reason for rule in RULES.values() if rule.by_verdict and rule.severity == "breaking"} - {
    RULES[rule].reason for rule in ALWAYS_TRUE
}
SOOTHING_REASONS = {RULES[rule].reason for rule in ("input-type-widened", "output-type-changed")}


def assert_reasons_fit(found: ftn.TaskDiff) -> None:
    """Check that what is said to break is breaking, and that what breaks is not said to be fine."""
    for change in found.changes:
        rule = RULES[change.rule]
        if rule.by_verdict:
            assert change.severity == "breaking" or change.reason not in BREAKING_REASONS or rule.is_consequence, change
            assert change.severity != "breaking" or change.reason not in SOOTHING_REASONS, change
            assert bool(change.witness) == (change.severity in ("breaking", "risky")), change


def assert_agree(found: ftn.TaskDiff, told: ftn.Compatibility) -> None:
    """Check that the worst told of a variable that stays is what becomes of it, or worse for other reasons."""
    for side, variables in (("inputs", told.inputs), ("outputs", told.outputs)):
        for name, variable in variables.items():
            about = [change for change in found.changes if change.path.startswith(f"interface.{side}.{name}")]
            if variable.old is None or variable.new is None or not about:
                continue
            worst = min(rank(change.severity) for change in about)
            if variable.verdict != "safe":
                assert worst <= rank(variable.verdict), (variable, about)
            judged = [
                change for change in about if RULES[change.rule].by_verdict and change.rule != "output-type-changed"
            ]
            if variable.verdict == "safe":
                assert all(rank(change.severity) > rank("risky") for change in judged), (variable, judged)


@LAW
@given(st.one_of(dataclasses(), interfaces()))
def test_diff_reasons_and_compatibility_agree(pair: tuple[Any, Any]) -> None:
    found = ftn.diff(*pair)
    assert_reasons_fit(found)
    assert_agree(found, ftn.compatibility(*pair))


@LAW
@given(dataclasses())
def test_changes_of_dataclasses_can_be_applied_and_mirrored(pair: tuple[Any, Any]) -> None:
    assert_applied(*pair)
    assert_mirror(*pair)
