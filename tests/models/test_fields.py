"""How each kind of field reads and writes, and what it refuses."""

from __future__ import annotations

import math
from datetime import datetime, timedelta, timezone
from typing import Any

import pytest
from flyteidl.core import literals_pb2, tasks_pb2, types_pb2
from google.protobuf import duration_pb2, struct_pb2, wrappers_pb2
from hypothesis import given
from hypothesis import strategies as st

import flytetask_nb as ftn
from flytetask_nb.models import (
    Container,
    DataLoadingConfig,
    Description,
    Identifier,
    K8sObjectMetadata,
    K8sPod,
    KeyValuePair,
    LabelValue,
    LiteralType,
    NodeMetadata,
    Partitions,
    Resources,
    RetryStrategy,
    Secret,
    SecurityContext,
    SimpleType,
    Sql,
    StructuredDatasetType,
    TaskMetadata,
    TaskTemplate,
    TypeAnnotation,
    TypedInterface,
    TypeStructure,
    UnionType,
    Variable,
)

EMPTY = TaskMetadata.from_bytes(b"")
DURATIONS = st.builds(
    duration_pb2.Duration,
    seconds=st.integers(-86399999913600, 86399999999999),
    nanos=st.integers(-999_999_999, 999_999_999),
)


@given(DURATIONS)
def test_durations_read_as_protobuf_reads_them(duration: Any) -> None:
    """A duration is a timedelta, cut to microseconds towards zero; what Python cannot hold is our own error."""
    metadata = TaskMetadata.from_flyte_idl(tasks_pb2.TaskMetadata(timeout=duration))
    try:
        expected = duration.ToTimedelta()
    except OverflowError:
        with pytest.raises(ftn.errors.ModelValueError):
            _ = metadata.timeout
    else:
        assert metadata.timeout == expected


@given(st.timedeltas())
def test_durations_come_back(duration: timedelta) -> None:
    """Any timedelta can be written and is read again."""
    assert EMPTY.replace(timeout=duration).timeout == duration


@pytest.mark.parametrize("seconds", [2**62, -(2**62), 86400 * 10**9])
def test_durations_out_of_range(seconds: int) -> None:
    """A duration that Python cannot hold is refused when it is read, with the number, and shown all the same."""
    metadata = TaskMetadata.from_flyte_idl(tasks_pb2.TaskMetadata(timeout=duration_pb2.Duration(seconds=seconds)))
    with pytest.raises(
        ftn.errors.ModelValueError, match=rf"TaskMetadata\.timeout holds {seconds} s, more than a timedelta can"
    ):
        _ = metadata.timeout
    assert repr(metadata) == f"TaskMetadata(timeout='{seconds} s, out of range')"
    assert metadata.has("timeout")


@pytest.mark.parametrize(
    ("given_timeout", "expected"), [(90, 90), (0.5, 0.5), (timedelta(minutes=1), 60), (0, 0), (None, 0)]
)
def test_durations_take_seconds(given_timeout: Any, expected: float) -> None:
    """Seconds are accepted where a duration is expected; zero is written as absent, as flytekit does."""
    metadata = EMPTY.replace(timeout=given_timeout)
    assert metadata.timeout == timedelta(seconds=expected)
    assert metadata.has("timeout") == bool(expected)


def test_times_are_utc() -> None:
    """A time is aware and in UTC; one with another offset is the same instant; a naive one counts as UTC."""
    noon = datetime(2024, 5, 6, 12, tzinfo=timezone.utc)
    for value in (noon, noon.astimezone(timezone(timedelta(hours=5))), noon.replace(tzinfo=None)):
        read = LabelValue(time_value=value).time_value
        assert read == noon
        assert read is not None
        assert read.tzinfo is timezone.utc
    assert LabelValue(static_value="x").time_value is None


@pytest.mark.parametrize("seconds", [2**62, -(2**62), 253402300800, -62135596801])
def test_times_out_of_range(seconds: int) -> None:
    """A time outside the years 1 to 9999 is refused when it is read, and shown all the same."""
    message = LabelValue().to_flyte_idl()
    message.time_value.seconds = seconds
    label = LabelValue.from_flyte_idl(message)
    with pytest.raises(ftn.errors.ModelValueError, match=f"LabelValue.time_value holds {seconds} s since 1970"):
        _ = label.time_value
    assert repr(label) == f"LabelValue(time_value='{seconds} s, out of range')"


JSON = st.recursive(
    st.none() | st.booleans() | st.integers(-(2**53) + 1, 2**53 - 1) | st.floats(allow_nan=False) | st.text(max_size=5),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=5), inner, max_size=3),
    max_leaves=8,
)


@given(st.dictionaries(st.text(max_size=5), JSON, max_size=4))
def test_structs_come_back(value: dict[str, Any]) -> None:
    """What JSON holds is written and read again, equal."""
    template = TaskTemplate.from_bytes(b"").replace(custom=value)
    assert template.custom == value
    assert template.has("custom") == bool(value)


@pytest.mark.parametrize(
    ("number", "expected"),
    [
        (1.0, int),
        (0.0, int),
        (-3.0, int),
        (2.0**53 - 1, int),
        (2.0**53, float),
        (-(2.0**53), float),
        (0.5, float),
        (1e300, float),
    ],
)
def test_whole_numbers_of_structs(number: float, expected: type) -> None:
    """A Struct knows doubles alone: a whole number that a double holds exactly reads as int."""
    read = TypeAnnotation({"x": number}).annotations["x"]
    assert (type(read), read) == (expected, number)


def test_numbers_that_json_does_not_know() -> None:
    """NaN and infinities are kept."""
    read = TypeAnnotation({"nan": math.nan, "inf": math.inf, "minus": -math.inf}).annotations
    assert math.isnan(read["nan"])
    assert (read["inf"], read["minus"]) == (math.inf, -math.inf)


def test_structs_take_messages_and_keep_natural_order() -> None:
    """A Struct message is taken as it is; keys come in natural order."""
    struct = struct_pb2.Struct()
    struct.update({f"k{number}": number for number in (10, 9, 2)})
    assert list(TypeAnnotation(struct).annotations) == ["k2", "k9", "k10"]


def test_values_without_a_kind() -> None:
    """A Value in which nothing is set reads as None."""
    struct = struct_pb2.Struct(fields={"x": struct_pb2.Value()})
    assert TypeAnnotation(struct).annotations == {"x": None}


def test_empty_structs() -> None:
    """An absent Struct and an empty one are told apart where flytekit tells them apart."""
    assert LiteralType(simple=SimpleType.STRUCT).metadata is None
    assert LiteralType(simple=SimpleType.STRUCT, metadata={}).metadata == {}
    assert K8sPod().pod_spec is None
    assert TaskTemplate.from_bytes(b"").custom == {}


def test_maps_come_in_natural_order() -> None:
    """Entries of maps come in natural order of their keys."""
    names = ["o0", "o1", "o2", "o10", "z"]
    labels = K8sObjectMetadata(dict.fromkeys(reversed(names), "x")).labels
    assert list(labels) == names
    number = Variable(LiteralType(simple=SimpleType.INTEGER), "")
    assert list(TypedInterface(dict.fromkeys(reversed(names), number), {}).inputs) == names
    assert list(Partitions({name: LabelValue() for name in reversed(names)}).value) == names


def test_pairs_read_as_a_dict() -> None:
    """Of a key that stands twice the last value counts; the message keeps both."""
    message = tasks_pb2.Container()
    for value in ("1", "2"):
        message.env.add(key="A", value=value)
    container = Container.from_flyte_idl(message)
    assert container.env == {"A": "2"}
    assert len(container.to_flyte_idl().env) == 2
    assert container.replace(image="x").to_flyte_idl().env == message.env


def test_pairs_take_every_spelling() -> None:
    """Environment variables may be a dict, pairs of this package, or flyteidl's."""
    expected = {"A": "1", "B": "2"}
    pairs = [KeyValuePair("A", "1"), literals_pb2.KeyValuePair(key="B", value="2")]
    for env in (expected, pairs, iter(pairs)):
        assert Container("i", [], [], Resources([], []), env, {}).env == expected


def test_flags_with_presence() -> None:
    """Unset is None, false is False."""
    assert [EMPTY.replace(interruptible=value).interruptible for value in (None, False, True)] == [None, False, True]
    assert NodeMetadata("x").cacheable is None


def test_wrapped_flags() -> None:
    """A wrapped flag takes a bool or the wrapper, and reads as a bool."""
    assert EMPTY.generates_deck is False
    assert EMPTY.replace(generates_deck=wrappers_pb2.BoolValue(value=True)).generates_deck is True
    assert EMPTY.replace(generates_deck=False).has("generates_deck")


def test_empty_texts_that_read_as_none() -> None:
    """Where the empty text reads as None it is also written as absent, and does not choose between two."""
    assert Secret("g").key is None
    assert Description(value="", uri="https://host").uri == "https://host"
    assert Description(value="", uri="").is_empty is False
    assert StructuredDatasetType().external_schema_bytes is None


def test_absent_messages() -> None:
    """An absent message reads as None where that says something, and as an empty model elsewhere."""
    template = TaskTemplate.from_bytes(b"")
    assert template.container is template.k8s_pod is template.sql is template.security_context is None
    assert template.id.is_empty
    assert template.metadata.retries.retries == 0
    assert template.interface.inputs == {}


def test_constructors_take_what_stands_for_a_message() -> None:
    """A model, a message and anything with to_flyte_idl() are one."""

    class Foreign:
        def to_flyte_idl(self) -> Any:
            return literals_pb2.RetryStrategy(retries=3)

    for value in (RetryStrategy(3), literals_pb2.RetryStrategy(retries=3), Foreign()):
        assert EMPTY.replace(retries=value).retries == RetryStrategy(3)


class Nothing:
    def to_flyte_idl(self) -> None:
        return None


def test_what_stands_for_nothing_is_absent() -> None:
    """What turns into no message, as an empty SecurityContext of flytekit does, leaves the field absent."""
    assert TaskTemplate.from_bytes(b"").replace(security_context=Nothing()).security_context is None
    assert TaskTemplate.from_bytes(b"").replace(security_context=SecurityContext()).has("security_context")


class Unusual:
    """An object whose repr has an address in it."""


CASES: list[tuple[Any, type[Exception], str]] = [
    (lambda: Identifier(1, "p", "d", "n", 5), ftn.errors.ModelTypeError, "Identifier.version cannot hold 5, expected a text"),
    (lambda: Identifier(1, "p", "d", "\ud800", "v"), ftn.errors.ModelValueError, r"Identifier.name cannot hold '\ud800'"),
    (lambda: Identifier("TASK", "p", "d", "n", "v"), ftn.errors.ModelTypeError, "resource_type cannot hold 'TASK', expected a member or number of the enum"),
    (lambda: LiteralType(simple=1.5), ftn.errors.ModelTypeError, "LiteralType.simple cannot hold 1.5"),
    (lambda: LiteralType(simple=2**40), ftn.errors.ModelValueError, "LiteralType.simple cannot hold 1099511627776"),
    (lambda: RetryStrategy(-1), ftn.errors.ModelValueError, "RetryStrategy.retries cannot hold -1, expected a whole number, 0 or more"),
    (lambda: RetryStrategy("3"), ftn.errors.ModelTypeError, "RetryStrategy.retries cannot hold '3'"),
    (lambda: EMPTY.replace(timeout="5"), ftn.errors.ModelTypeError, "TaskMetadata.timeout cannot hold '5'"),
    (lambda: EMPTY.replace(timeout=math.nan), ftn.errors.ModelValueError, "TaskMetadata.timeout cannot hold nan"),
    (lambda: EMPTY.replace(timeout=math.inf), ftn.errors.ModelValueError, "TaskMetadata.timeout cannot hold inf"),
    (lambda: EMPTY.replace(generates_deck="no"), ftn.errors.ModelTypeError, "generates_deck cannot hold 'no'"),
    (lambda: EMPTY.replace(interruptible="no"), ftn.errors.ModelTypeError, "interruptible cannot hold 'no', expected True or False"),
    (lambda: EMPTY.replace(cache_ignore_input_vars="x"), ftn.errors.ModelTypeError, "expected a list of texts: this is one text"),
    (lambda: EMPTY.replace(cache_ignore_input_vars=[1]), ftn.errors.ModelTypeError, "cache_ignore_input_vars cannot hold [1]"),
    (lambda: EMPTY.replace(tags=["x"]), ftn.errors.ModelTypeError, "tags cannot hold ['x'], expected a mapping of texts to texts: this is no mapping"),
    (lambda: EMPTY.replace(tags={"x": 1}), ftn.errors.ModelTypeError, "TaskMetadata.tags cannot hold {'x': 1}"),
    (lambda: EMPTY.replace(retries=3), ftn.errors.ModelTypeError, "TaskMetadata.retries: got 3, of type int; expected a flyteidl.core.RetryStrategy"),
    (lambda: EMPTY.replace(retries=Sql("x")), ftn.errors.ModelTypeError, "Sql.to_flyte_idl() gives a flyteidl.core.Sql, expected a flyteidl.core.RetryStrategy"),
    (lambda: EMPTY.replace(retries=tasks_pb2.Sql()), ftn.errors.ModelTypeError, "got a flyteidl.core.Sql; expected a flyteidl.core.RetryStrategy"),
    (lambda: EMPTY.replace(retries=RetryStrategy), ftn.errors.ModelTypeError, "of type type"),
    (lambda: UnionType(3), ftn.errors.ModelTypeError, "UnionType.variants cannot hold 3"),
    (lambda: UnionType(["int"]), ftn.errors.ModelTypeError, "UnionType.variants: got 'int', of type str"),
    (lambda: TypeStructure("", 3), ftn.errors.ModelTypeError, "dataclass_type cannot hold 3: this is no mapping"),
    (lambda: TypedInterface(3, {}), ftn.errors.ModelTypeError, "TypedInterface.inputs: got 3"),
    (lambda: TypedInterface({"x": 3}, {}), ftn.errors.ModelTypeError, "TypedInterface.inputs: got 3"),
    (lambda: Container("i", [], [], None, [3], {}), ftn.errors.ModelTypeError, "Container.env: got 3"),
    (lambda: TypeAnnotation([1]), ftn.errors.ModelTypeError, "cannot hold [1]: this is no mapping"),
    (lambda: TypeAnnotation({1: 2}), ftn.errors.ModelTypeError, "key 1 is int, expected a text"),
    (lambda: TypeAnnotation({"x": {1, 2}}), ftn.errors.ModelTypeError, "a set stands in it, expected what JSON holds"),
    (lambda: TypeAnnotation({"x": 10**400}), ftn.errors.ModelValueError, "too large"),
    (lambda: LabelValue(time_value="x"), ftn.errors.ModelTypeError, "LabelValue.time_value cannot hold 'x'"),
    (lambda: DataLoadingConfig("i", "o", format="JSON"), ftn.errors.ModelTypeError, "format cannot hold 'JSON'"),
]  # fmt: skip


@pytest.mark.parametrize(("make", "kind", "said"), CASES, ids=[said for _, _, said in CASES])
def test_wrong_values_are_refused(make: Any, kind: type[Exception], said: str) -> None:
    """A value that a field cannot hold is refused, and the message names the field and the value."""
    with pytest.raises(kind) as caught:
        make()
    assert type(caught.value) is kind
    assert said in str(caught.value)


def test_a_struct_that_holds_itself() -> None:
    """A dict that holds itself is refused instead of running until the stack ends."""
    circle: dict[str, Any] = {}
    circle["again"] = circle
    with pytest.raises(ftn.errors.ModelValueError, match="holds itself"):
        TypeAnnotation(circle)


@pytest.mark.parametrize(
    "make",
    [
        lambda: Container("i", [], [], None, {"DB_PASSWORD": "hunter2", "N": 5}, {}),
        lambda: TypeAnnotation({"password": "hunter2", "x": {1}}),
        lambda: EMPTY.replace(retries={"password": "hunter2"}),
        lambda: EMPTY.replace(retries="https://bob:hunter2@host"),
        lambda: EMPTY.replace(retries=tasks_pb2.Container(image="hunter2")),
        lambda: Container("i", ["--token", "hunter2", 5], [], None, {}, {}),
        lambda: EMPTY.replace(tags=K8sObjectMetadata({"token": "hunter2"})),
    ],
)
def test_errors_keep_secrets(make: Any) -> None:
    """No secret shows in the message of an error."""
    with pytest.raises(ftn.errors.ModelTypeError) as caught:
        make()
    assert "hunter2" not in str(caught.value)


def test_errors_are_short_and_have_no_addresses() -> None:
    """The value in a message is cut, and reads the same each time."""
    with pytest.raises(ftn.errors.ModelTypeError) as caught:
        EMPTY.replace(retries=[Unusual()] + ["x"] * 1000)
    assert len(str(caught.value)) < 400
    assert " at 0x" not in str(caught.value)


@given(st.integers(-(2**31), 2**31 - 1))
def test_any_enum_number_comes_back(number: int) -> None:
    """Every number that proto3 allows is read and written."""
    assert LiteralType(simple=number).to_flyte_idl() == types_pb2.LiteralType(simple=number)
