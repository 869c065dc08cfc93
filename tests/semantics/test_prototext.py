from __future__ import annotations

from typing import Any

import pytest
from flyteidl.core import literals_pb2, tasks_pb2, types_pb2
from generated import messages
from google.protobuf import struct_pb2, text_format
from hypothesis import given

from flytetask_nb.semantics.prototext import compact_text


@pytest.mark.parametrize(
    ("message", "expected"),
    [
        (types_pb2.LiteralType(simple=types_pb2.STRING), "simple:STRING"),
        (types_pb2.LiteralType(simple=4711), "simple:4711"),
        (types_pb2.LiteralType(blob=types_pb2.BlobType()), "blob:{}"),
        (types_pb2.EnumType(values=["a", "b"]), 'values:"a" values:"b"'),
        (types_pb2.TypeStructure(tag='"\\\n\t\r\x01\x7f\x80é\u200b'), 'tag:"\\"\\\\\\n\\t\\r\\x01\\x7f\\u0080é\u200b"'),
        (literals_pb2.Binary(value=b"\xffa\xc3\xa9"), 'value:"\\xffaé"'),
        (tasks_pb2.TaskTemplate(config={"b": "1", "a": "2"}), 'config:{key:"a" value:"2"} config:{key:"b" value:"1"}'),
        (literals_pb2.Primitive(boolean=False), "boolean:false"),
        (literals_pb2.Primitive(integer=-7), "integer:-7"),
    ],
    ids=lambda value: value if isinstance(value, str) else "",
)
def test_the_text_is_that_of_go(message: Any, expected: str) -> None:
    """One example of each kind of field."""
    assert expected == compact_text(message)


@pytest.mark.parametrize(
    ("number", "expected"),
    [
        (0.0, "0"),
        (-0.0, "-0"),
        (20.0, "20"),
        (0.5, "0.5"),
        (100_000.0, "100000"),
        (123_456.75, "123456.75"),
        (1_000_000.0, "1e+06"),
        (123_456_789.0, "1.23456789e+08"),
        (0.0001, "0.0001"),
        (0.00001, "1e-05"),
        (1e300, "1e+300"),
        (0.1 + 0.2, "0.30000000000000004"),
        (float("nan"), "nan"),
        (float("-inf"), "-inf"),
    ],
)
def test_numbers_are_laid_out_as_in_go(number: float, expected: str) -> None:
    """The fewest digits; an exponent below a ten-thousandth and from a million on."""
    assert f"number_value:{expected}" == compact_text(struct_pb2.Value(number_value=number))


@given(messages(types_pb2.LiteralType, unknown=False))
def test_the_text_can_be_read_back(literal_type: Any) -> None:
    """It is protobuf's text format: nothing is lost."""
    read = text_format.Parse(compact_text(literal_type), types_pb2.LiteralType())
    # Compared as texts of protobuf's own, for a NaN is not equal to itself.
    assert text_format.MessageToString(literal_type) == text_format.MessageToString(read)
