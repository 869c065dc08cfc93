"""Messages that nobody wrote by hand: hypothesis strategies for any protobuf message type.

``messages(task_pb2.TaskSpec)`` follows the descriptor: every field, maps, oneofs, presence, numbers that an enum has
no name for, odd texts, NaN and infinities, times and durations far outside what Python can hold, and fields that this
flyteidl does not know.
"""

from __future__ import annotations

import json
from functools import cache
from importlib.resources import files
from typing import TYPE_CHECKING, Any

from flyteidl.admin import task_pb2
from google.protobuf.descriptor import FieldDescriptor
from hypothesis import strategies as st

from flytetask_nb.semantics.descriptors import is_map, is_repeated

if TYPE_CHECKING:
    from google.protobuf.descriptor import Descriptor
    from google.protobuf.message import Message

ODD_TEXTS = (
    "\n",
    "two\nlines",
    "\x00",
    "\u202eright to left",
    "\u00e9\u0301\u4e2d\U0001f600",
    "<script>alert(1)</script>",
    "{{.input}} $(VAR) %s",
    "'quoted' \"twice\" \\",
    "  blanks  ",
    "[bold]markup[/bold]",
    "a|b*c_d`e`",
    "1e5",
    "None",
    "https://user:hunter2@host/path?token=abc",
)
ODD_KEYS = ("name", "value", "DB_PASSWORD", "title", "$ref", "properties", "type", "required", "definitions")

TEXTS = st.one_of(st.sampled_from(ODD_TEXTS), st.text(max_size=8))
KEYS = st.one_of(st.sampled_from(ODD_KEYS), TEXTS)
INT32 = st.one_of(st.integers(-3, 3), st.integers(-(2**31), 2**31 - 1))
INT64 = st.one_of(st.integers(-3, 3), st.integers(-(2**63), 2**63 - 1), st.sampled_from((-(2**63), 2**63 - 1)))
UINT32 = st.one_of(st.integers(0, 3), st.integers(0, 2**32 - 1))
UINT64 = st.one_of(st.integers(0, 3), st.integers(0, 2**64 - 1))
DOUBLES = st.one_of(
    st.integers(-5, 5).map(float),
    st.sampled_from((float("nan"), float("inf"), float("-inf"), -0.0, 0.1, 2.0**53, 2.0**53 - 1, 1e308)),
    st.floats(),
)

_SCALARS: dict[int, st.SearchStrategy[Any]] = {
    FieldDescriptor.CPPTYPE_INT32: INT32,
    FieldDescriptor.CPPTYPE_INT64: INT64,
    FieldDescriptor.CPPTYPE_UINT32: UINT32,
    FieldDescriptor.CPPTYPE_UINT64: UINT64,
    FieldDescriptor.CPPTYPE_DOUBLE: DOUBLES,
    FieldDescriptor.CPPTYPE_FLOAT: st.floats(width=32),
    FieldDescriptor.CPPTYPE_BOOL: st.booleans(),
}

# One unknown field of each wire type, as a newer flyteidl would write it: the tag's number is free everywhere.
_FREE_NUMBER = 4711


def _varint(number: int) -> bytes:
    out = bytearray()
    while number > 0x7F:
        out.append(number & 0x7F | 0x80)
        number >>= 7
    out.append(number)
    return bytes(out)


UNKNOWN_FIELDS = {
    "varint": _varint(_FREE_NUMBER << 3 | 0) + _varint(300),
    "fixed64": _varint(_FREE_NUMBER << 3 | 1) + b"\x01\x02\x03\x04\x05\x06\x07\x08",
    "bytes": _varint(_FREE_NUMBER << 3 | 2) + b"\x03new",
    "group": _varint(_FREE_NUMBER << 3 | 3) + _varint(1 << 3 | 0) + b"\x01" + _varint(_FREE_NUMBER << 3 | 4),
    "fixed32": _varint(_FREE_NUMBER << 3 | 5) + b"\x01\x02\x03\x04",
}


@st.composite
def messages(draw: st.DrawFn, message_class: type[Message], *, depth: int = 9, unknown: bool = True) -> Any:
    """Return any message of a class.

    Parameters
    ----------
    message_class
        The generated protobuf class.
    depth
        How many messages may stand inside each other; enough by default for a type inside a union inside an
        interface of a TaskSpec.
    unknown
        Whether fields may occur that the descriptor does not have.
    """
    message = message_class()
    _fill(draw, message, depth, unknown)
    return message


def task_specs(*, unknown: bool = True) -> st.SearchStrategy[Any]:
    """Return any TaskSpec that has a template."""
    return messages(task_pb2.TaskSpec, unknown=unknown).map(_with_template)


def _with_template(spec: Any) -> Any:
    spec.template.SetInParent()
    return spec


def _fill(draw: st.DrawFn, message: Any, depth: int, unknown: bool) -> None:
    fields = _fields(message.DESCRIPTOR, depth > 1)
    if fields and draw(_UP_TO[15]):
        # Deep levels get few fields, or generated trees would outgrow what one example may draw.
        most = min(len(fields), 9 if depth >= 8 else 4 if depth >= 5 else 2)
        least = most // 2 if depth >= 8 else 1
        rest = list(fields)
        chosen = [rest.pop(draw(_UP_TO[len(rest) - 1])) for _ in range(least + draw(_UP_TO[most - least]))]
        # Of a oneof the last that is set stays: what the others would hold is not drawn.
        last = {field.containing_oneof.name: field for field in chosen if field.containing_oneof is not None}
        for field in chosen:
            if field.containing_oneof is None or last[field.containing_oneof.name] is field:
                _fill_field(draw, message, field, depth, unknown)
    if unknown and draw(_UP_TO[9]) == 0:
        message.MergeFromString(draw(_UNKNOWN))


def _fill_field(draw: st.DrawFn, message: Any, field: FieldDescriptor, depth: int, unknown: bool) -> None:
    if is_map(field):
        value_field = field.message_type.fields_by_name["value"]
        entries = getattr(message, field.name)
        for key in draw(_MAP_KEYS):
            if value_field.message_type is not None:
                _fill(draw, entries[key], depth - 1, unknown)
            else:
                entries[key] = draw(_scalar(value_field))
    elif is_repeated(field):
        items = getattr(message, field.name)
        for _ in range(1 + draw(_UP_TO[2 if depth > 5 else 1])):
            if field.message_type is not None:
                _fill(draw, items.add(), depth - 1, unknown)
            else:
                items.append(draw(_scalar(field)))
    elif field.message_type is not None:
        inner = getattr(message, field.name)
        inner.SetInParent()
        _fill(draw, inner, depth - 1, unknown)
    else:
        setattr(message, field.name, draw(_scalar(field)))


@cache
def _fields(descriptor: Descriptor, deeper: bool) -> tuple[FieldDescriptor, ...]:
    return tuple(field for field in descriptor.fields if deeper or field.message_type is None)


# A strategy that is made anew for each draw costs more than the draw.
_UP_TO = [st.integers(0, most) for most in range(64)]
_UNKNOWN = st.sampled_from(sorted(UNKNOWN_FIELDS.values()))
_MAP_KEYS = st.lists(KEYS, min_size=1, max_size=3, unique=True)
_BYTES = st.binary(max_size=8)


@cache
def _scalar(field: FieldDescriptor) -> st.SearchStrategy[Any]:
    if field.cpp_type == FieldDescriptor.CPPTYPE_ENUM:
        named = [value.number for value in field.enum_type.values]
        return st.one_of(st.sampled_from(named), st.sampled_from((42, 2**31 - 1, -1)))
    if field.cpp_type == FieldDescriptor.CPPTYPE_STRING:
        return _BYTES if field.type == FieldDescriptor.TYPE_BYTES else TEXTS
    return _SCALARS[field.cpp_type]


def add_unknown_fields(message: Any) -> int:
    """Add fields that the descriptor does not have to a message and to every message in it; give how many."""
    added = len(UNKNOWN_FIELDS)
    for field, value in message.ListFields():
        if field.message_type is None:
            continue
        if is_map(field):
            if field.message_type.fields_by_name["value"].message_type is not None:
                added += sum(add_unknown_fields(inner) for inner in value.values())
        elif is_repeated(field):
            added += sum(add_unknown_fields(inner) for inner in value)
        else:
            added += add_unknown_fields(value)
    for data in UNKNOWN_FIELDS.values():
        message.MergeFromString(data)
    return added


def reachable(descriptor: Descriptor) -> dict[str, Descriptor]:
    """Return every message type that can stand inside one, itself included, map entries aside."""
    found: dict[str, Descriptor] = {}
    waiting = [descriptor]
    while waiting:
        current = waiting.pop()
        if current.full_name not in found:
            found[current.full_name] = current
            waiting += [field.message_type for field in current.fields if field.message_type is not None]
    return {name: found[name] for name in sorted(found) if not found[name].GetOptions().map_entry}


# -- pods ----------------------------------------------------------------------------------------------------------

_NAMES = st.sampled_from(("main", "side", "other"))
_TEXTS = st.sampled_from(("", "a", "b:1", "pyflyte-map-execute", "--"))
_AMOUNTS = st.dictionaries(
    st.sampled_from(("cpu", "memory", "gpu", "nvidia.com/gpu", "ephemeral-storage", "acme.com/fpga")),
    st.one_of(st.sampled_from(("1", "500m", "1Gi")), st.integers(0, 3), st.sampled_from((0.5, 1.5))),
    max_size=3,
)
_VARIABLES = st.one_of(
    st.fixed_dictionaries({"name": _NAMES}, optional={"value": _TEXTS}),
    st.fixed_dictionaries({"name": _NAMES, "valueFrom": st.just({"fieldRef": {"fieldPath": "metadata.name"}})}),
)
_CONTAINERS = st.fixed_dictionaries(
    {},
    optional={
        "name": _NAMES,
        "image": _TEXTS,
        "command": st.lists(_TEXTS, max_size=2),
        "args": st.lists(_TEXTS, max_size=3),
        "env": st.lists(_VARIABLES, max_size=3),
        "resources": st.fixed_dictionaries({}, optional={"requests": _AMOUNTS, "limits": _AMOUNTS}),
        "tty": st.booleans(),
    },
)


@st.composite
def pod_tasks(draw: st.DrawFn) -> Any:
    """Return tasks in pods as Kubernetes takes them, with the primary container named or not, there or not."""
    containers = draw(st.lists(st.one_of(_CONTAINERS, st.just("no object")), max_size=3))
    spec = task_pb2.TaskSpec()
    spec.template.k8s_pod.pod_spec.update({"containers": containers})
    spec.template.k8s_pod.primary_container_name = draw(st.one_of(st.just(""), _NAMES))
    if draw(st.booleans()):
        spec.template.config["primary_container_name"] = draw(_NAMES)
    return spec


_PLAIN: dict[str, st.SearchStrategy[Any]] = {
    "string": st.sampled_from(("", "a", "b")),
    "bool": st.booleans(),
    "int32": st.integers(0, 2),
    "int64": st.integers(0, 2),
    "Quantity": st.sampled_from(("0", "1", "1000m", "1Gi", "1024Mi", 2)),
    "IntOrString": st.sampled_from((0, 80, "http")),
    "Time": st.just("2026-01-31T12:00:00Z"),
    "FieldsV1": st.just({"a": 1}),
}
_DEEPEST = 5


@cache
def _pod_fields() -> dict[str, dict[str, str]]:
    text = files("flytetask_nb.semantics").joinpath("pod_fields.json").read_text(encoding="utf-8")
    table: dict[str, dict[str, str]] = json.loads(text)
    return table


@st.composite
def pod_specs(draw: st.DrawFn, structure: str = "PodSpec", depth: int = 0) -> dict[str, Any]:
    """Return pod specs as Kubernetes takes them, of any of its fields, with empty parts and null wherever they can be."""
    fields = _pod_fields()[structure]
    often = [name for name in ("containers", "volumes", "resources", "env", "name") if name in fields]
    chosen = draw(st.lists(st.sampled_from([*often, *fields]), max_size=4, unique=True))
    return {name: draw(_pod_values(fields[name].lstrip("!?*"), depth)) for name in chosen}


def _pod_values(kind: str, depth: int) -> st.SearchStrategy[Any]:
    if kind.startswith("[]"):
        return st.one_of(st.none(), st.lists(_pod_values(kind[2:], depth), max_size=2))
    if kind.startswith("map[string]"):
        keys = st.sampled_from(("cpu", "memory", "a"))
        return st.one_of(st.none(), st.dictionaries(keys, _pod_values(kind[11:], depth), max_size=2))
    if kind in _PLAIN:
        return st.one_of(st.none(), _PLAIN[kind])
    return st.just({}) if depth > _DEEPEST else st.one_of(st.none(), pod_specs(kind, depth + 1))
