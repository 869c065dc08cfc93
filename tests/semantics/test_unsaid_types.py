"""Values that leave out what Flyte takes their type from, and workflows that compile but have no digest.

The answers were got from Flyte 1.16.8: its compiler and its hash.
"""

from __future__ import annotations

import pickle
from typing import Any

import pytest
from flyteidl.admin import workflow_pb2 as admin_workflow_pb2
from flyteidl.core import literals_pb2, tasks_pb2, types_pb2, workflow_pb2
from google.protobuf.json_format import ParseDict
from google.protobuf.struct_pb2 import Struct, Value
from hypothesis import given
from hypothesis import strategies as st

import flytetask_nb as ftn
from flytetask_nb.errors import ModelValueError
from flytetask_nb.models import Workflow
from flytetask_nb.semantics.compilation import compile_problems, compile_workflow, digest_problems
from flytetask_nb.semantics.digests import structure_digest
from flytetask_nb.semantics.literal_types import literal_type_message, says_its_type
from flytetask_nb.semantics.registration import check
from tests.generated import messages

Told = dict[str, Any]

BLOB, SCHEMA, DATASET = {"blob": {}}, {"schema": {}}, {"structuredDatasetType": {}}
NONE: Told = {"simple": "NONE"}
URI = "s3://bucket/key"
# Each leaves its type out; Flyte infers the type behind it all the same.
UNSAID: list[tuple[Told, Told]] = [
    ({"blob": {"uri": URI, "metadata": {}}}, BLOB),
    ({"schema": {"uri": URI}}, SCHEMA),
    ({"structuredDataset": {"uri": URI}}, DATASET),
    ({"structuredDataset": {"uri": URI, "metadata": {}}}, DATASET),
]
SAID: list[tuple[Told, Told]] = [
    ({"blob": {"uri": URI, "metadata": {"type": {}}}}, BLOB),
    ({"schema": {"uri": URI, "type": {}}}, SCHEMA),
    ({"structuredDataset": {"uri": URI, "metadata": {"structuredDatasetType": {}}}}, DATASET),
    ({"union": {"type": BLOB, "value": {"scalar": {"blob": {"uri": URI}}}}}, BLOB),
]


def optional(inner: Told) -> Told:
    return {"unionType": {"variants": [inner, NONE]}}


def text_of(told: Told) -> str:
    return str(ftn.semantics.problems.text_of(ParseDict(told, types_pb2.LiteralType())))


def task(literal_type: Any) -> Any:
    template = ParseDict(
        {"id": {"name": "take"}, "type": "x", "metadata": {}, "interface": {"inputs": {"variables": {"x": {}}}}},
        tasks_pb2.TaskTemplate(),
    )
    template.interface.inputs.variables["x"].type.CopyFrom(literal_type)
    return template


def binding(scalar: Told) -> Told:
    return {"scalar": scalar}


def workflow(bound: Told, **node: Any) -> Any:
    template = {
        "id": {"resourceType": "WORKFLOW", "name": "wf"},
        "interface": {},
        "nodes": [
            {
                "id": "n0",
                "taskNode": {"referenceId": {"name": "take"}},
                "inputs": [{"var": "x", "binding": bound}],
                **node,
            }
        ],
    }
    return ParseDict(template, workflow_pb2.WorkflowTemplate())


def problems(literal_type: Told, bound: Told) -> list[tuple[str, str]]:
    told = compile_problems(workflow(bound), [task(ParseDict(literal_type, types_pb2.LiteralType()))])
    return [(problem.code, problem.message) for problem in told]


# -- types ---------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(("scalar", "own"), UNSAID)
@pytest.mark.parametrize("wrapped", ["", "optional", "list", "map"])
def test_what_leaves_its_type_out_feeds_nothing(scalar: Told, own: Told, wrapped: str) -> None:
    """Not even a variable of the very type that is inferred; the message reads as though the two were the same."""
    bound, wanted, item = binding(scalar), own, own
    if wrapped == "optional":
        wanted = item = optional(own)
    elif wrapped == "list":
        bound, wanted = {"collection": {"bindings": [bound]}}, {"collectionType": own}
    elif wrapped == "map":
        bound, wanted = {"map": {"bindings": {"k": bound}}}, {"mapValueType": own}
    message = f"Variable [x] (type [{text_of(own)}]) doesn't match expected type [{text_of(item)}]."
    assert problems(wanted, bound) == [("MismatchingTypes", message)]


@pytest.mark.parametrize(("scalar", "own"), SAID)
def test_what_says_its_type_fits(scalar: Told, own: Told) -> None:
    """An empty type is a type: it fits what it should, also as an item and as a variant."""
    assert problems(own, binding(scalar)) == []
    assert problems(optional(own), binding(scalar)) == []
    assert problems({"collectionType": own}, {"collection": {"bindings": [binding(scalar)]}}) == []


def test_a_union_without_a_type_fits_no_file() -> None:
    """Its only variant is nothing at all."""
    assert [code for code, _ in problems(BLOB, binding({"union": {"value": {}}}))] == ["MismatchingTypes"]


@pytest.mark.parametrize(("scalar", "own"), UNSAID)
def test_the_type_is_inferred_all_the_same(scalar: Told, own: Told) -> None:
    """Only what it feeds is different."""
    literal = ParseDict({"scalar": scalar}, literals_pb2.Literal())
    assert literal_type_message(literal) == ParseDict(own, types_pb2.LiteralType())
    assert not says_its_type(literal)
    assert not says_its_type(literals_pb2.Literal(collection=literals_pb2.LiteralCollection(literals=[literal])))
    assert not says_its_type(literals_pb2.Literal(map=literals_pb2.LiteralMap(literals={"k": literal})))


@given(messages(literals_pb2.Scalar), messages(types_pb2.LiteralType))
def test_nothing_is_fed_by_what_leaves_its_type_out(scalar: Any, literal_type: Any) -> None:
    """Whatever is wanted, the compiler has something against it."""
    if says_its_type(literals_pb2.Literal(scalar=scalar)):
        return
    template = workflow({})
    template.nodes[0].inputs[0].binding.scalar.CopyFrom(scalar)
    assert compile_problems(template, [task(literal_type)])


# -- digests -------------------------------------------------------------------------------------------------------

STRUCT: Told = {"simple": "STRUCT"}
TEXT: Told = {"simple": "STRING"}
A_TEXT = binding({"primitive": {"stringValue": "a"}})
RANGE = "ns out of range (-1000000000, 1000000000)"


def with_timeout(seconds: int, nanos: int) -> Any:
    template = workflow(A_TEXT)
    template.nodes[0].metadata.timeout.seconds = seconds
    template.nodes[0].metadata.timeout.nanos = nanos
    return template


def with_value(value: Value) -> Any:
    template = workflow({})
    template.nodes[0].inputs[0].binding.scalar.generic.fields["a"].CopyFrom(value)
    return template


def refused(template: Any, literal_type: Told) -> list[str]:
    closure = compile_workflow(template, [task(ParseDict(literal_type, types_pb2.LiteralType()))])
    return [f"{problem.node}: {problem.message}" for problem in digest_problems(closure)]


def answer(reason: str) -> str:
    return f'failed to hash workflow [resource_type:WORKFLOW name:"wf"] to digest with err {reason}'


@pytest.mark.parametrize(
    ("seconds", "nanos", "reason"),
    [
        (0, -5, ""),
        (-1, -5, ""),
        (-1, 0, ""),
        (1, -5, "signs of seconds and nanos do not match"),
        (-1, 5, "signs of seconds and nanos do not match"),
        (0, 10**9, RANGE),
        (0, -(10**9), RANGE),
        (315_576_000_001, 0, "seconds out of range 315576000001"),
        (-315_576_000_001, 0, "seconds out of range -315576000001"),
    ],
)
def test_a_timeout_that_is_none_has_no_digest(seconds: int, nanos: int, reason: str) -> None:
    """It compiles, and Admin refuses it in these words."""
    expected = [f"n0: {answer(reason)}"] if reason else []
    assert refused(with_timeout(seconds, nanos), TEXT) == expected


@pytest.mark.parametrize(
    "value",
    [
        Value(),
        ParseDict([1], Value()),
        Value(struct_value=Struct(fields={"b": Value()})),
    ],
)
def test_a_value_of_no_kind_has_no_digest(value: Value) -> None:
    """However deep it stands; one that says what it is has one."""
    if value.HasField("list_value"):
        value.list_value.values.add()
    assert refused(with_value(value), STRUCT) == [f"n0: {answer('nil Value')}"]
    assert refused(with_value(ParseDict({"b": [None, 1]}, Value())), STRUCT) == []


def test_a_time_that_is_none_has_no_digest() -> None:
    """Its nanoseconds count forwards and are less than a second."""
    template = workflow({})
    template.nodes[0].inputs[0].binding.scalar.primitive.datetime.nanos = -5
    assert refused(template, {"simple": "DATETIME"}) == [f"n0: {answer('ns out of range [0, 1000000000)')}"]


def test_without_a_node_to_blame_it_is_the_workflow() -> None:
    """A task of it may be what cannot be hashed."""
    broken = task(ParseDict(TEXT, types_pb2.LiteralType()))
    broken.metadata.timeout.nanos = 10**9
    closure = compile_workflow(workflow(A_TEXT), [broken])
    assert [problem.node for problem in digest_problems(closure)] == ["start-node"]


def test_callers_tell_what_admin_would() -> None:
    """A workflow that compiles but cannot be stored breaks."""
    report = ftn.callers(
        [Workflow.from_flyte_idl(admin_workflow_pb2.WorkflowSpec(template=with_timeout(1, -5)))],
        [task(ParseDict(TEXT, types_pb2.LiteralType()))],
    )
    assert report.summary == "1 of 1 workflow would not compile"
    (problem,) = report.breaking[0].problems
    assert (problem.code, problem.message) == ("Unhashable", answer("signs of seconds and nanos do not match"))
    for output in (report.to_html(), report.to_text(), report.to_markdown()):
        # A table of plain text breaks the sentence between its columns.
        said = output.replace("<wbr>", "") if output != report.to_text() else ""
        assert (
            "Flyte Admin refuses it: failed to hash workflow" in said
            or "Flyte Admin refuses it: failed to hash  " in output
        )
        assert "signs of seconds and nanos do not match" in output.replace("<wbr>", "")


@given(st.integers(-(2**62), 2**62), st.integers(-(2**31), 2**31 - 1))
def test_a_task_is_refused_with_the_words_of_its_workflow(seconds: int, nanos: int) -> None:
    """The same timeout stands in the way of a task's digest and of a workflow's."""
    of_node = refused(with_timeout(seconds, nanos), TEXT)
    template = task(ParseDict(TEXT, types_pb2.LiteralType()))
    template.metadata.timeout.seconds, template.metadata.timeout.nanos = seconds, nanos
    of_task = [finding.message for finding in check(template) if finding.rule == "unhashable"]
    assert [text.partition(" with err ")[2] for text in of_node] == [
        text.partition(" with err ")[2] for text in of_task
    ]


def test_the_error_keeps_its_reason() -> None:
    """It says what is wrong in its own words, and can be pickled."""
    template = task(ParseDict(TEXT, types_pb2.LiteralType()))
    template.metadata.timeout.nanos = 10**9
    with pytest.raises(ModelValueError, match="task 'take': a duration of 0 seconds") as caught:
        structure_digest(template)
    copied = pickle.loads(pickle.dumps(caught.value))  # noqa: S301 - our own bytes
    assert (str(copied), copied.reason) == (str(caught.value), RANGE)
