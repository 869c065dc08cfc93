from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any

import pytest
from flyteidl.admin import task_pb2
from flyteidl.core import compiler_pb2, literals_pb2, tasks_pb2, types_pb2
from generated import add_unknown_fields, messages, reachable
from google.protobuf import (
    descriptor_pb2,
    descriptor_pool,
    duration_pb2,
    message_factory,
    struct_pb2,
    timestamp_pb2,
    wrappers_pb2,
)
from google.protobuf.descriptor import FieldDescriptor
from google.protobuf.json_format import MessageToDict, SerializeToJsonError
from hypothesis import given, reject
from hypothesis import strategies as st
from json_hashing import json_hash

from flytetask_nb.errors import ModelValueError
from flytetask_nb.semantics.objecthash import ObjectHasher, hash_list, hash_object, hash_text, object_hash

if TYPE_CHECKING:
    from collections.abc import Callable

SCALARS = ("bool", "bytes", "double", "fixed32", "fixed64", "float", "int32", "int64", "sfixed32", "sfixed64", "sint32")
SCALARS += ("sint64", "string", "uint32", "uint64")
KEYS = tuple(name for name in SCALARS if name not in ("bytes", "double", "float"))
WRAPPERS = ("Bool", "Bytes", "Double", "Float", "Int32", "Int64", "String", "UInt32", "UInt64")


def every_kind() -> type[Any]:
    """Make a message type with a field of every scalar kind: alone, repeated, and as key and value of a map."""
    file = descriptor_pb2.FileDescriptorProto(name="every_kind.proto", package="tests", syntax="proto3")
    message = file.message_type.add(name="EveryKind")
    for name in SCALARS:
        kind = getattr(FieldDescriptor, f"TYPE_{name.upper()}")
        for label in (FieldDescriptor.LABEL_OPTIONAL, FieldDescriptor.LABEL_REPEATED):
            number = len(message.field) + 1
            message.field.add(name=f"a_{name}_{label}", number=number, label=label, type=kind)
        entry = message.nested_type.add(name=f"M{name}Entry")
        entry.options.map_entry = True
        key = kind if name in KEYS else FieldDescriptor.TYPE_STRING
        entry.field.add(name="key", number=1, label=FieldDescriptor.LABEL_OPTIONAL, type=key)
        entry.field.add(name="value", number=2, label=FieldDescriptor.LABEL_OPTIONAL, type=kind)
        message.field.add(
            name=f"m{name}",
            number=len(message.field) + 1,
            label=FieldDescriptor.LABEL_REPEATED,
            type=FieldDescriptor.TYPE_MESSAGE,
            type_name=f".tests.EveryKind.{entry.name}",
        )
    pool = descriptor_pool.DescriptorPool()
    pool.Add(file)
    return message_factory.GetMessageClass(pool.FindMessageTypeByName("tests.EveryKind"))


EveryKind = every_kind()


def struct(**members: Any) -> struct_pb2.Struct:
    made = struct_pb2.Struct()
    made.update(members)
    return made


def expected_hash(message: Any) -> bytes:
    """Hash the JSON that protobuf's own code writes; leave out what that code refuses, which is more than Flyte does."""
    try:
        return json_hash(MessageToDict(message))
    except (SerializeToJsonError, ValueError):
        reject()


def actual_hash(message: Any) -> bytes:
    """Leave out what Flyte refuses, where protobuf's own code is lenient: a value of no kind."""
    try:
        return object_hash(message)
    except ModelValueError:
        reject()


def test_the_json_that_flyte_hashes_gives_its_digest(cases: Callable[[str], list[dict[str, Any]]]) -> None:
    """The rule for JSON, spelled out, is the one that Flyte applies to its text."""
    wrong = [
        case for case in cases("digest-generated.jsonl") if json_hash(json.loads(case["json"])).hex() != case["digest"]
    ]
    assert wrong == []


@given(messages(task_pb2.TaskSpec))
def test_a_message_is_hashed_as_its_json(spec: Any) -> None:
    """No text is written, but the hash is that of the text."""
    assert expected_hash(spec) == actual_hash(spec)


@given(messages(literals_pb2.LiteralMap))
def test_literals_are_hashed_as_their_json(literals: Any) -> None:
    """Values hold other kinds of fields than tasks do."""
    assert expected_hash(literals) == actual_hash(literals)


@given(messages(struct_pb2.Struct))
def test_structs_are_hashed_as_the_json_that_they_are(value: Any) -> None:
    """A struct is an object of its own members, without the names of protobuf's fields."""
    assert expected_hash(value) == actual_hash(value)


@given(
    st.fixed_dictionaries(
        {},
        optional={
            "a_bool_1": st.booleans(),
            "a_bytes_1": st.binary(),
            "a_double_1": st.floats(),
            "a_float_1": st.floats(width=32),
            "a_fixed32_1": st.integers(0, 2**32 - 1),
            "a_fixed64_1": st.integers(0, 2**64 - 1),
            "a_int32_1": st.integers(-(2**31), 2**31 - 1),
            "a_sint64_1": st.integers(-(2**63), 2**63 - 1),
            "a_string_1": st.text(),
            "a_float_3": st.lists(st.floats(width=32)),
            "a_uint64_3": st.lists(st.integers(0, 2**64 - 1)),
            "mbool": st.dictionaries(st.booleans(), st.booleans()),
            "mbytes": st.dictionaries(st.text(), st.binary()),
            "mint64": st.dictionaries(st.integers(-9, 9), st.integers(-(2**63), 2**63 - 1)),
        },
    )
)
def test_fields_of_every_kind_are_hashed_as_their_json(values: dict[str, Any]) -> None:
    """Also those that no message of Flyte has yet: 32-bit floats, and keys that are no texts."""
    message = EveryKind(**values)
    assert expected_hash(message) == object_hash(message)


@pytest.mark.parametrize("name", SCALARS)
def test_each_kind_of_number_and_text_has_its_json(name: str) -> None:
    """Alone, in lists and in maps: 64-bit integers are strings, bytes are base64."""
    value: Any = {"bytes": b"\xff1", "string": "1"}.get(name, 1)
    alone, many, held = f"a_{name}_1", f"a_{name}_3", f"m{name}"
    message = EveryKind(**{alone: value, many: [value, value], held: {value if name in KEYS else "1": value}})
    assert json_hash(MessageToDict(message)) == object_hash(message)


@pytest.mark.parametrize("name", WRAPPERS)
def test_wrapped_values_are_the_values(name: str) -> None:
    """A wrapper is its value in JSON; one that holds the default is that default."""
    wrapper = getattr(wrappers_pb2, f"{name}Value")
    value: Any = {"Bytes": b"\xff", "String": "a"}.get(name, 1)
    for message in (wrapper(), wrapper(value=value)):
        assert json_hash(MessageToDict(message)) == object_hash(message)


@given(st.floats())
def test_numbers_are_hashed_in_their_normal_form(number: float) -> None:
    """NaN and infinities are strings; every other number is a sign, a power of two and binary digits."""
    message = literals_pb2.Primitive(float_value=number)
    assert json_hash(MessageToDict(message)) == object_hash(message)


@pytest.mark.parametrize("number", [0.0, -0.0, 1.0, -1.0, 0.5, 0.75, 2.0**53, 0.1, 5e-324, 1.7976931348623157e308])
def test_numbers_at_the_edges(number: float) -> None:
    """Powers of two, zeros, the smallest and the largest number."""
    assert json_hash({"a": number}) == object_hash(struct(a=number))


@pytest.mark.parametrize(
    ("seconds", "nanos", "text"),
    [
        (0, 0, "1970-01-01T00:00:00Z"),
        (-1, 999_999_999, "1969-12-31T23:59:59.999999999Z"),
        (951_782_400, 500_000_000, "2000-02-29T00:00:00.500Z"),
        (951_868_799, 1_000, "2000-02-29T23:59:59.000001Z"),
        (253_402_300_799, 0, "9999-12-31T23:59:59Z"),
        (253_402_300_800, 0, "10000-01-01T00:00:00Z"),
        (-62_135_596_800, 0, "0001-01-01T00:00:00Z"),
        (-62_135_596_801, 0, "0000-12-31T23:59:59Z"),
        (-62_167_219_201, 0, "-0001-12-31T23:59:59Z"),
    ],
)
def test_times_are_texts_of_any_year(seconds: int, nanos: int, text: str) -> None:
    """Flyte writes times that protobuf's own rules leave out."""
    assert hash_text(text) == object_hash(timestamp_pb2.Timestamp(seconds=seconds, nanos=nanos))


@pytest.mark.parametrize(
    ("seconds", "nanos", "text"),
    [
        (0, 0, "0s"),
        (1, 1, "1.000000001s"),
        (3600, 500_000_000, "3600.500s"),
        (0, -1_000, "-0.000001s"),
        (-2, 0, "-2s"),
        (315_576_000_000, 999_999_999, "315576000000.999999999s"),
    ],
)
def test_durations_are_texts(seconds: int, nanos: int, text: str) -> None:
    """Seconds, with as many digits as are needed: none, three, six or nine."""
    assert hash_text(text) == object_hash(duration_pb2.Duration(seconds=seconds, nanos=nanos))


@pytest.mark.parametrize(
    ("message", "told"),
    [
        (struct_pb2.Value(), "Value of no kind"),
        (struct_pb2.Struct(fields={"a": struct_pb2.Value()}), "Value of no kind"),
        (struct_pb2.ListValue(values=[struct_pb2.Value()]), "Value of no kind"),
        (duration_pb2.Duration(seconds=315_576_000_001), "a duration of 315576000001 seconds"),
        (duration_pb2.Duration(seconds=1, nanos=-1), "a duration of 1 seconds and -1 nanoseconds"),
        (duration_pb2.Duration(nanos=10**9), "a duration of 0 seconds and 1000000000 nanoseconds"),
        (timestamp_pb2.Timestamp(nanos=-1), "a time with -1 nanoseconds"),
        (timestamp_pb2.Timestamp(nanos=10**9), "a time with 1000000000 nanoseconds"),
    ],
)
def test_what_has_no_json_is_refused(message: Any, told: str) -> None:
    """Flyte refuses it too, and the error says what it is."""
    with pytest.raises(ModelValueError, match=told):
        object_hash(message)


def test_enum_numbers_without_a_name_are_numbers() -> None:
    """A newer Flyte's simple type is hashed as Flyte's JSON has it."""
    assert json_hash({"simple": 4711}) == object_hash(types_pb2.LiteralType(simple=4711))


@given(messages(task_pb2.TaskSpec, unknown=False))
def test_unknown_fields_do_not_count(spec: Any) -> None:
    """JSON has no names for them."""
    before = actual_hash(spec)
    add_unknown_fields(spec)
    assert before == object_hash(spec)


@given(st.dictionaries(st.text(), st.text(), min_size=2))
def test_the_order_of_a_map_does_not_count(entries: dict[str, str]) -> None:
    """Maps and structs are hashed by content."""
    backwards = dict(reversed(entries.items()))
    assert object_hash(tasks_pb2.TaskTemplate(config=entries)) == object_hash(tasks_pb2.TaskTemplate(config=backwards))
    assert object_hash(struct(**entries)) == object_hash(struct(**backwards))


@given(st.lists(st.text(), min_size=2, unique=True))
def test_the_order_of_a_list_counts(words: list[str]) -> None:
    """Arguments change places, the hash changes."""
    assert object_hash(tasks_pb2.Container(args=words)) != object_hash(tasks_pb2.Container(args=words[::-1]))


def test_presence_counts() -> None:
    """False that was set is not the same as nothing; an empty message is not either."""
    nothing, no, empty = tasks_pb2.TaskMetadata(), tasks_pb2.TaskMetadata(interruptible=False), tasks_pb2.TaskMetadata()
    empty.metadata.SetInParent()
    assert len({object_hash(nothing), object_hash(no), object_hash(empty)}) == 3


def test_texts_numbers_and_flags_differ() -> None:
    """Each kind of value is hashed with a letter of its own."""
    kinds: list[Any] = ["1", 1, True, None, ["1"], {"1": "1"}, ""]
    assert len({object_hash(struct(a=kind)) for kind in kinds}) == len(kinds)


def test_parts_make_the_whole() -> None:
    """The hash of a message can be put together from those of its parts."""
    whole = tasks_pb2.Container(image="a:1", args=["run", "x"])
    parts = hash_object([("args", hash_list([hash_text("run"), hash_text("x")])), ("image", hash_text("a:1"))])
    assert parts == object_hash(whole)


def test_a_hasher_leaves_out_what_it_is_told_to() -> None:
    """Wherever the field stands, and only if its test says so."""
    hasher = ObjectHasher({"flyteidl.core.LiteralType.metadata": lambda metadata: "drop" in metadata.fields})
    inside = types_pb2.LiteralType(simple=1)
    listed = types_pb2.LiteralType(collection_type=inside)
    inside.metadata["drop"] = 1
    assert object_hash(listed) == hasher(types_pb2.LiteralType(collection_type=inside))
    del inside.metadata["drop"]
    inside.metadata["keep"] = 1
    kept = types_pb2.LiteralType(collection_type=inside)
    assert object_hash(kept) == hasher(kept)


@pytest.mark.parametrize("kind", [compiler_pb2.CompiledTask, literals_pb2.LiteralMap, types_pb2.LiteralType])
def test_no_message_that_flyte_hashes_holds_any(kind: Any) -> None:
    """``google.protobuf.Any`` has a JSON that needs the message inside; it does not occur."""
    assert "google.protobuf.Any" not in reachable(kind.DESCRIPTOR)
