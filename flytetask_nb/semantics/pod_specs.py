"""What is left of a pod spec once it has passed through Kubernetes' own PodSpec type.

flytectl reads the spec of a pod task into Go's ``PodSpec`` and writes it out again when it registers the task. Fields
that Kubernetes does not know go, names match in any case, what is empty is left out unless the field is always
written, and quantities take their canonical spelling. Which fields there are, and of what kind, says the table
``pod_fields.json``.
"""

from __future__ import annotations

import math
from datetime import datetime, timezone
from functools import cache, lru_cache
from importlib.resources import files
from operator import itemgetter
from types import MappingProxyType
from typing import TYPE_CHECKING, Any, Final, NamedTuple

from google.protobuf.struct_pb2 import Struct, Value

from flytetask_nb.bounded_reading import json_value
from flytetask_nb.errors import FlyteTaskError, ModelValueError, QuantityError
from flytetask_nb.models.plain_values import fill_struct, plain_struct
from flytetask_nb.semantics.quantities import NOT_A_QUANTITY, Quantity, quantity_fault

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

POD_SPEC: Final = "PodSpec"
"""Name of the type that a pod's spec is of."""


def passed_through_kubernetes(
    spec: Struct, argument: Callable[[str], str] | None = None, place: str = "pod_spec"
) -> Struct:
    """Return the pod spec as Kubernetes' PodSpec type reads and writes it.

    ``spec``: the pod spec of a task. It is not changed.
    ``argument``: what to make of each argument in ``args`` of ``containers``; init containers keep theirs.
    ``place``: how errors name the spec.
    Raises QuantityError: a quantity is unreadable; the error names the field.
    Raises ModelValueError: a field holds a value of another kind than Kubernetes expects, or a number that JSON cannot
      hold.

    Notes
    -----
    The rules are those of Go's encoding/json over the types of k8s.io/api/core/v1, in the version that Flyte 1.16
    uses; ``hydrateTaskSpec`` in flytectl/cmd/register/register_util.go calls them.
    """
    _require_json(spec, place)
    pod = _Structure(POD_SPEC)
    misfits: list[_Misfit] = []
    fields = pod.read(plain_struct(spec), None, _Place(place, misfits))
    if misfits:
        raise misfits[0].error
    if argument is not None and fields.get("containers"):
        fields["containers"] = [
            {**container, "args": [argument(text) for text in container.get("args") or ()]}
            for container in fields["containers"]
        ]
    written = Struct()
    fill_struct(written, pod.written(fields))
    return written


def misfit(spec: Mapping[str, Any]) -> str:
    """Say what of a pod spec, as plain Python values, does not fit Kubernetes' PodSpec.

    Returns str: in the words of Flyte Admin, which are Go's; empty where nothing was found. Kubernetes' own names for
      kinds of text (``v1.PullPolicy``) read as ``string``, and structures that Go embeds (``VolumeSource``) are not
      named.

    Notes
    -----
    ``Unmarshal`` of Go 1.26, with which Flyte 1.16.8 is built. It goes on after a value of the wrong kind and tells of
    the first of them at the end, but an unreadable quantity ends it at once.
    """
    misfits: list[_Misfit] = []
    _Structure(POD_SPEC).read(spec, None, _Place("", misfits))
    answers = [fault.answer for fault in sorted(misfits, key=lambda fault: not fault.stops) if fault.answer]
    return answers[0] if answers else ""


def _require_json(spec: Struct, place: str) -> None:
    """Refuse what has no JSON form, wherever it stands: Go writes the whole spec as JSON first."""
    # In order of the names, so that of several the same one is told each time.
    waiting = _by_name(spec)
    while waiting:
        name, value = waiting.pop()
        kind = value.WhichOneof("kind")
        if kind == "struct_value":
            waiting.extend(_by_name(value.struct_value))
        elif kind == "list_value":
            waiting.extend((name, item) for item in value.list_value.values)
        elif kind is None or (kind == "number_value" and not math.isfinite(value.number_value)):
            held = "no value at all" if kind is None else repr(value.number_value)
            raise ModelValueError(f"{place}: {name!r} holds {held}, which has no form in JSON; give it a JSON value")


def _by_name(spec: Struct) -> list[tuple[str, Value]]:
    return sorted(spec.fields.items(), key=itemgetter(0), reverse=True)


# -- where values stand --------------------------------------------------------------------------------------------


class _Misfit(NamedTuple):
    """A value that does not fit its field: our error, what Go says (nothing if it takes it), and whether it stops there."""

    error: FlyteTaskError
    answer: str
    stops: bool


class _Place(NamedTuple):
    """Where a value stands.

    ``path``: how errors name it.
    ``misfits``: where it is noted if it does not fit.
    ``structure``, ``fields``: how Go names it: the innermost of Kubernetes' types, and all fields on the way.
    """

    path: str
    misfits: list[_Misfit]
    structure: str = ""
    fields: str = ""

    def step(self, step: str) -> _Place:
        return _Place(self.path + step, self.misfits, self.structure, self.fields)

    def field(self, structure: str, name: str) -> _Place:
        return _Place(f"{self.path}.{name}", self.misfits, structure, f"{self.fields}.{name}")

    def refuse(self, kind: _GoType, given: str, error: str) -> None:
        """Note a value that does not fit, in Go's words for it and in ours."""
        answer = (
            f"json: cannot unmarshal {given} into Go struct field {_type_name(self.structure)}{self.fields} of type "
            f"{_go_name(kind.notation)}"
        )
        self.misfits.append(_Misfit(ModelValueError(f"{self.path} is {error}"), answer, kind.stops))


# -- kinds of fields -----------------------------------------------------------------------------------------------
# Each kind knows Go's zero value, how to read JSON over a value that is already there (a name may occur twice, in
# different case), and how to write the value. `null` leaves plain values as they are.


class _GoType:
    """One kind of value: how Go reads it from JSON and writes it.

    ``notation``: as Go spells it.
    ``takes``: the JSON value that it is read from, a word of ``_JSON_WORDS``.
    ``zero``: what it is unless it is given; None of pointers, lists and maps.
    ``always_written``: whether it is a struct to Go, which ``omitempty`` never leaves out.
    ``stops``: whether Kubernetes reads it itself, whose complaints end Go's reading.
    """

    takes: str
    zero: Any = None
    always_written = False
    stops = False

    def __init__(self, notation: str) -> None:
        self.notation = notation

    def read(self, value: Any, existing: Any, place: _Place) -> Any:
        """Return what the JSON value means, read over ``existing`` (None: over the zero value)."""
        current = self.zero if existing is None else existing
        if value is None:
            return None if self.zero is None else current
        given = _JSON_WORDS[type(value)]
        if given == self.takes:
            return self.read_own(value, current, place)
        place.refuse(self, _GO_WORDS[given], f"{given}, expected {self.takes} {_AS_IN_KUBERNETES}")
        return current

    def read_own(self, value: Any, _current: Any, _place: _Place) -> Any:
        return value

    def is_empty(self, held: Any) -> bool:
        """Tell whether Go's ``omitempty`` leaves it out."""
        return not held

    def written(self, held: Any) -> Any:
        return held


class _Text(_GoType):
    takes = "a text"
    zero = ""


class _Flag(_GoType):
    takes = "true or false"
    zero = False


class _Whole(_GoType):
    takes = "a number"
    zero = 0

    def read_own(self, value: float, current: Any, place: _Place) -> Any:
        number, bits = float(value), 64 if self.notation == "int64" else 32
        if number.is_integer() and -(2 ** (bits - 1)) <= number < 2 ** (bits - 1):
            return value
        text = json_number(number)
        place.refuse(self, f"number {text}", f"{text}, expected a whole number of {bits} bits")
        return current


class _WholeOrText(_Whole):
    """A port: a number or a name."""

    always_written = True
    stops = True

    def read(self, value: Any, existing: Any, place: _Place) -> Any:
        if isinstance(value, str):
            return value
        return super().read(value, 0 if isinstance(existing, str) else existing, place)


class _Amount(_GoType):
    """A quantity; a JSON number is read by its digits."""

    takes = "a text"
    zero = Quantity(0)
    always_written = True

    def read(self, value: Any, _existing: Any, place: _Place) -> Quantity:
        given = _JSON_WORDS[type(value)]
        if given not in ("a text", "a number"):
            if value is not None:
                error = ModelValueError(f"{place.path} is {given}, expected {self.takes} {_AS_IN_KUBERNETES}")
                place.misfits.append(_Misfit(error, NOT_A_QUANTITY, stops=True))
            return self.zero
        text = value.strip() if given == "a text" else json_number(float(value))
        try:
            return Quantity(text)
        except QuantityError as error:
            fault = quantity_fault(text)
            place.misfits.append(_Misfit(QuantityError(f"{place.path}: {error}"), fault, bool(fault)))
            return self.zero

    def written(self, held: Quantity) -> str:
        return str(held)


class _GoTime(_GoType):
    """A time of day and date; None where there is none."""

    takes = "a text"
    always_written = True
    stops = True

    def read_own(self, value: str, current: datetime | None, place: _Place) -> datetime | None:
        try:
            # Python 3.10 does not know that Z means UTC.
            time = datetime.fromisoformat(value[:-1] + "+00:00" if value.endswith("Z") else value)
            return time.astimezone(timezone.utc)
        except ValueError:
            error = ModelValueError(f"{place.path} is {value!r}, expected a time such as 2026-01-31T12:00:00Z")
            place.misfits.append(_Misfit(error, "", stops=False))
            return current

    def written(self, held: datetime | None) -> str | None:
        return None if held is None else held.strftime("%Y-%m-%dT%H:%M:%SZ")


class _Raw(_GoType):
    """JSON that Kubernetes keeps as it is."""

    def read(self, value: Any, _existing: Any, _place: _Place) -> Any:
        return value


class _Holder(_GoType):
    """What is nothing unless it is given, and holds values of another kind."""

    def __init__(self, notation: str, item: _GoType) -> None:
        super().__init__(notation)
        self.item = item


class _Pointer(_Holder):
    def read(self, value: Any, existing: Any, place: _Place) -> Any:
        return None if value is None else self.item.read(value, existing, place)

    def is_empty(self, held: Any) -> bool:
        return held is None

    def written(self, held: Any) -> Any:
        return None if held is None else self.item.written(held)


class _List(_Holder):
    takes = "a list"

    def read_own(self, value: list[Any], current: list[Any] | None, place: _Place) -> list[Any]:
        # Go reads a list over the items that are already there.
        before = current or []
        return [
            self.item.read(item, before[index] if index < len(before) else None, place.step(f"[{index}]"))
            for index, item in enumerate(value)
        ]

    def written(self, held: list[Any] | None) -> list[Any] | None:
        return None if held is None else [self.item.written(item) for item in held]


class _Map(_Holder):
    takes = "an object"

    def read_own(self, value: dict[str, Any], current: dict[str, Any] | None, place: _Place) -> dict[str, Any]:
        return (current or {}) | {
            key: self.item.read(value[key], None, place.step(f"[{key!r}]")) for key in sorted(value)
        }

    def written(self, held: dict[str, Any] | None) -> dict[str, Any] | None:
        return None if held is None else {key: self.item.written(item) for key, item in held.items()}


class _Structure(_GoType):
    """One of Kubernetes' own types: what is held are its fields, by name."""

    takes = "an object"
    zero = MappingProxyType[str, Any]({})
    always_written = True

    def read_own(self, value: Mapping[str, Any], current: Mapping[str, Any], place: _Place) -> dict[str, Any]:
        held = dict(current)
        for key in sorted(value):
            field = _field(self.notation, key)
            if field is not None:
                inner = place.field(self.notation, field.name)
                held[field.name] = field.kind.read(value[key], held.get(field.name), inner)
        return held

    def written(self, held: Mapping[str, Any]) -> dict[str, Any]:
        fields = _fields(self.notation)
        items = [(fields[name], held.get(name, fields[name].kind.zero)) for name in _table()[self.notation]]
        return {
            field.name: field.kind.written(item)
            for field, item in items
            if field.is_kept or not field.kind.is_empty(item)
        }


class _Field(NamedTuple):
    """A field of a structure; ``is_kept``: whether it is written even where it is empty."""

    name: str
    kind: _GoType
    is_kept: bool


# -- the table -----------------------------------------------------------------------------------------------------

_ALWAYS: Final = "!"
_NOT_WHEN_ZERO: Final = "?"
_HOLDERS: Final[Mapping[str, type[_Holder]]] = {"*": _Pointer, "[]": _List, "map[string]": _Map}
_PLAIN: Final[Mapping[str, _GoType]] = {
    notation: kind(notation)
    for notation, kind in {
        "string": _Text,
        "bool": _Flag,
        "int32": _Whole,
        "int64": _Whole,
        "Quantity": _Amount,
        "IntOrString": _WholeOrText,
        "Time": _GoTime,
        "FieldsV1": _Raw,
    }.items()
}


@cache
def _table() -> dict[str, dict[str, str]]:
    text = files("flytetask_nb.semantics").joinpath("pod_fields.json").read_text(encoding="utf-8")
    table: dict[str, dict[str, str]] = json_value(text)
    return table


@cache
def _fields(structure: str) -> dict[str, _Field]:
    """Return the fields of one of Kubernetes' types, by name and by name without regard to case."""
    fields = {}
    for name, notation in _table()[structure].items():
        kind = _kind(notation.lstrip(_ALWAYS + _NOT_WHEN_ZERO))
        is_kept = notation[0] == _ALWAYS or (kind.always_written and notation[0] != _NOT_WHEN_ZERO)
        fields[name] = fields[_folded(name)] = _Field(name, kind, is_kept)
    return fields


def _field(structure: str, key: str) -> _Field | None:
    fields = _fields(structure)
    return fields.get(key) or fields.get(_folded(key))


def known_field(structure: str, key: str) -> tuple[str, str] | None:
    """Return the name and the kind of a field of one of Kubernetes' types; None where it has no such field.

    The name may be given in any case. The kind is as Go spells it: ``*`` begins a pointer, ``[]`` a list,
    ``map[string]`` a map.
    """
    field = _field(structure, key)
    return None if field is None else (field.name, field.kind.notation)


def is_structure(kind: str) -> bool:
    """Tell whether a kind is one of Kubernetes' types that have fields."""
    return kind in _table()


@lru_cache(maxsize=1024, typed=True)
def canonical(kind: str, value: Any) -> tuple[Any, bool]:
    """Return a plain value as Kubernetes writes what it reads as that kind, and whether it says as much as nothing.

    Raises QuantityError, ModelValueError: it is of another kind.
    """
    plain = _kind(kind)
    misfits: list[_Misfit] = []
    held = plain.read(value, None, _Place(kind, misfits))
    if misfits:
        raise misfits[0].error
    return plain.written(held), held == plain.zero


def _kind(notation: str) -> _GoType:
    for prefix, holder in _HOLDERS.items():
        if notation.startswith(prefix):
            return holder(notation, _kind(notation[len(prefix) :]))
    return _PLAIN.get(notation) or _Structure(notation)


@lru_cache(maxsize=1024)
def _folded(name: str) -> str:
    return "".join(char.casefold() for char in name)


# -- telling -------------------------------------------------------------------------------------------------------

_AS_IN_KUBERNETES: Final = "as in a PodSpec of Kubernetes; flytectl refuses to register it"
_JSON_WORDS: Final[Mapping[type, str]] = {
    type(None): "null",
    int: "a number",
    float: "a number",
    str: "a text",
    bool: "true or false",
    dict: "an object",
    list: "a list",
}
_GO_WORDS: Final = {
    "a number": "number",
    "a text": "string",
    "true or false": "bool",
    "an object": "object",
    "a list": "array",
}
_OTHERWISE_CALLED: Final = {"IntOrString": "int32", "Time": "string", "map[string]Quantity": "v1.ResourceList"}


def _go_name(notation: str) -> str:
    """Return what Go calls a kind when it complains."""
    base = notation.removeprefix("[]")
    if is_structure(base):
        return f"{notation.removesuffix(base)}v1.{_type_name(base)}"
    return _OTHERWISE_CALLED.get(notation, notation)


def _type_name(structure: str) -> str:
    """Name a structure without the package that it is from."""
    return structure.rpartition(".")[2]


_LARGEST_WITHOUT_EXPONENT: Final = 1e21
_SMALLEST_WITHOUT_EXPONENT: Final = 1e-6


def json_number(number: float) -> str:
    """Write a number as Go's encoding/json does: with an exponent only below 1e-6 and from 1e21 on."""
    if number.is_integer() and abs(number) < _LARGEST_WITHOUT_EXPONENT:
        sign = "-" if math.copysign(1, number) < 0 and number == 0 else ""
        return f"{sign}{int(number)}"
    digits, _, power = f"{number!r}".partition("e")
    if not power:
        return digits
    exponent = int(power)
    if abs(number) >= _SMALLEST_WITHOUT_EXPONENT and exponent < 0:
        sign = "-" if number < 0 else ""
        return f"{sign}0.{'0' * (-exponent - 1)}{digits.lstrip('-').replace('.', '')}"
    return f"{digits.removesuffix('.0')}e{'+' if exponent > 0 else '-'}{abs(exponent)}"
