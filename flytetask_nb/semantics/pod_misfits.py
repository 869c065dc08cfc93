"""What Flyte Admin answers to a pod spec that does not fit Kubernetes' own PodSpec: the words of Go's encoding/json."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final, NamedTuple

from google.protobuf.struct_pb2 import Struct, Value

from flytetask_nb.semantics.pod_specs import POD_SPEC, json_number, known_field
from flytetask_nb.semantics.quantities import NOT_A_QUANTITY, quantity_fault

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

# -- pod specs ------------------------------------------------------------------------------------------------------


class _Misfit(NamedTuple):
    """A value that does not fit: what Go says of it, and whether it stops there or goes on reading."""

    message: str
    stops: bool


class _PodPlace(NamedTuple):
    """Where a value stands, as Go tells it: in which of Kubernetes' types, under which fields."""

    structure: str
    path: str


def misfit(spec: Struct) -> str:
    """Say what of a pod spec does not fit Kubernetes' PodSpec.

    Returns str: in Go's words, or empty where nothing was found. Kubernetes' own names for kinds of text
      (``v1.PullPolicy``) read as ``string``, and structures that Go embeds (``VolumeSource``) are not named.

    Notes
    -----
    ``Unmarshal`` of Go 1.26, with which Flyte 1.16.8 is built. It goes on after a value of the wrong kind and tells of
    the first of them at the end, but an unreadable quantity ends it at once.
    """
    first = ""
    for fault in _misfits(POD_SPEC, Value(struct_value=spec), _PodPlace("", "")):
        if fault.stops:
            return fault.message
        first = first or fault.message
    return first


def _misfits(kind: str, value: Value, place: _PodPlace) -> Iterator[_Misfit]:
    """Return what does not fit a kind of field as Go spells it."""
    go_type = kind.removeprefix("*")
    json_kind = value.WhichOneof("kind")
    if json_kind is None or json_kind == "null_value":
        return
    takes, inside = _reading(go_type)
    if json_kind in takes:
        yield from inside(go_type, value, place)
    else:
        yield _Misfit(_mismatch(_JSON_KINDS[json_kind], go_type, place), go_type in _READS_ITSELF)


def _in_list(go_type: str, value: Value, place: _PodPlace) -> Iterator[_Misfit]:
    for item in value.list_value.values:
        yield from _misfits(go_type.removeprefix(_LIST), item, place)


def _in_map(go_type: str, value: Value, place: _PodPlace) -> Iterator[_Misfit]:
    fields = value.struct_value.fields
    for key in sorted(fields):
        yield from _misfits(go_type.removeprefix(_MAP), fields[key], place)


def _in_structure(go_type: str, value: Value, place: _PodPlace) -> Iterator[_Misfit]:
    given = value.struct_value.fields
    for key in sorted(given):
        if (field := known_field(go_type, key)) is not None:
            name, kind = field
            yield from _misfits(kind, given[key], _PodPlace(_type_name(go_type), f"{place.path}.{name}"))


def _in_quantity(_go_type: str, value: Value, _place: _PodPlace) -> Iterator[_Misfit]:
    json_kind = value.WhichOneof("kind")
    if json_kind == "string_value":
        fault = quantity_fault(value.string_value.strip())
    else:
        fault = quantity_fault(json_number(value.number_value)) if json_kind == "number_value" else NOT_A_QUANTITY
    if fault:
        yield _Misfit(fault, stops=True)


def _in_number(go_type: str, value: Value, place: _PodPlace) -> Iterator[_Misfit]:
    number, bits = value.number_value, 64 if go_type == "int64" else 32
    if value.WhichOneof("kind") == "number_value" and (
        not number.is_integer() or not -(2 ** (bits - 1)) <= number < 2 ** (bits - 1)
    ):
        message = _mismatch(f"number {json_number(number)}", go_type, place)
        yield _Misfit(message, go_type in _READS_ITSELF)


def _in_nothing(_go_type: str, _value: Value, _place: _PodPlace) -> Iterator[_Misfit]:
    return iter(())


_JSON_KINDS: Final = {
    "number_value": "number",
    "string_value": "string",
    "bool_value": "bool",
    "struct_value": "object",
    "list_value": "array",
}
_LIST: Final = "[]"
_MAP: Final = "map[string]"
# Types of Kubernetes with a reader of their own, whose complaints end the reading.
_READS_ITSELF: Final = frozenset({"IntOrString", "Time"})
_OTHERWISE_CALLED: Final = {"IntOrString": "int32", "Time": "string", "map[string]Quantity": "v1.ResourceList"}


_STRUCT: Final = ("struct_value",)
_NUMBERS: Final = ("number_value",)
_TEXTS: Final = ("string_value",)
_ANY: Final = tuple(_JSON_KINDS)

_PLAIN: Final[dict[str, tuple[tuple[str, ...], Callable[[str, Value, _PodPlace], Iterator[_Misfit]]]]] = {
    "string": (_TEXTS, _in_nothing),
    "bool": (("bool_value",), _in_nothing),
    "int32": (_NUMBERS, _in_number),
    "int64": (_NUMBERS, _in_number),
    "IntOrString": (_TEXTS + _NUMBERS, _in_number),
    "Time": (_TEXTS, _in_nothing),
    "Quantity": (_ANY, _in_quantity),
    "FieldsV1": (_ANY, _in_nothing),
}
"""From which JSON values a kind of field is read, and what looks inside of them."""


def _reading(go_type: str) -> tuple[tuple[str, ...], Callable[[str, Value, _PodPlace], Iterator[_Misfit]]]:
    if go_type.startswith(_LIST):
        return ("list_value",), _in_list
    if go_type.startswith(_MAP):
        return _STRUCT, _in_map
    return _PLAIN.get(go_type) or (_STRUCT, _in_structure)


def _mismatch(json_kind: str, go_type: str, place: _PodPlace) -> str:
    named = _OTHERWISE_CALLED.get(go_type)
    if named is None:
        base = go_type.removeprefix(_LIST)
        is_structure = base not in _PLAIN and not base.startswith(_MAP)
        named = f"{go_type.removesuffix(base)}v1.{_type_name(base)}" if is_structure else go_type
    return f"json: cannot unmarshal {json_kind} into Go struct field {place.structure}{place.path} of type {named}"


def _type_name(go_type: str) -> str:
    """Name a structure without the package that it is from."""
    return go_type.rpartition(".")[2]
