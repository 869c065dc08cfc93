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
from typing import TYPE_CHECKING, Any, ClassVar, Final, NamedTuple

from google.protobuf.struct_pb2 import NULL_VALUE, Struct, Value

from flytetask_nb.bounded_reading import json_value
from flytetask_nb.errors import ModelValueError, QuantityError
from flytetask_nb.models.plain_values import fill_struct, plain_struct
from flytetask_nb.semantics.quantities import Quantity

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
    fields = pod.read(Value(struct_value=spec), None, place)
    if argument is not None:
        for container in fields.get("containers") or ():
            container["args"] = [argument(text) for text in container.get("args") or ()]
    return pod.written(fields).struct_value


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


# -- kinds of fields -----------------------------------------------------------------------------------------------
# Each kind knows Go's zero value, how to read JSON over a value that is already there (a name may occur twice, in
# different case), and how to write the value. `null` leaves plain values as they are.


class _GoType:
    """One kind of value: how Go reads it from JSON and writes it."""

    takes: ClassVar[str]
    """The JSON value that it is read from, as a field of ``google.protobuf.Value``."""
    always_written: ClassVar[bool] = False
    """Whether it is a struct to Go, which ``omitempty`` never leaves out."""

    def zero(self) -> Any:
        raise NotImplementedError

    def read(self, value: Value, existing: Any, path: str) -> Any:
        """Return what the JSON value means, read over ``existing`` (None: over the zero value)."""
        current = self.zero() if existing is None else existing
        json_kind = value.WhichOneof("kind")
        if json_kind == "null_value":
            return current
        if json_kind != self.takes:
            raise _mismatch(path, value, self.takes)
        return self.read_own(value, current, path)

    def read_own(self, value: Value, current: Any, path: str) -> Any:
        raise NotImplementedError

    def is_empty(self, held: Any) -> bool:
        """Tell whether Go's ``omitempty`` leaves it out."""
        return not held

    def written(self, held: Any) -> Value:
        raise NotImplementedError


class _Text(_GoType):
    takes = "string_value"

    def zero(self) -> str:
        return ""

    def read_own(self, value: Value, _current: str, _path: str) -> str:
        return value.string_value

    def written(self, held: str) -> Value:
        return Value(string_value=held)


class _Flag(_GoType):
    takes = "bool_value"

    def zero(self) -> bool:
        return False

    def read_own(self, value: Value, _current: bool, _path: str) -> bool:
        return value.bool_value

    def written(self, held: bool) -> Value:
        return Value(bool_value=held)


class _Whole(_GoType):
    takes = "number_value"

    def __init__(self, bits: int) -> None:
        self.bits = bits

    def zero(self) -> int:
        return 0

    def read_own(self, value: Value, _current: int, path: str) -> int:
        number = value.number_value
        if not number.is_integer() or not -(2 ** (self.bits - 1)) <= number < 2 ** (self.bits - 1):
            raise ModelValueError(f"{path} is {json_number(number)}, expected a whole number of {self.bits} bits")
        return int(number)

    def written(self, held: int) -> Value:
        return Value(number_value=held)


class _Amount(_GoType):
    """A quantity; a JSON number is read by its digits."""

    always_written = True

    def zero(self) -> Quantity:
        return Quantity(0)

    def read(self, value: Value, _existing: Quantity | None, path: str) -> Quantity:
        json_kind = value.WhichOneof("kind")
        if json_kind == "null_value":
            return self.zero()
        if json_kind == "string_value":
            text = value.string_value.strip()
        elif json_kind == "number_value":
            text = json_number(value.number_value)
        else:
            raise _mismatch(path, value, "string_value")
        try:
            return Quantity(text)
        except QuantityError as error:
            raise QuantityError(f"{path}: {error}") from None

    def written(self, held: Quantity) -> Value:
        return Value(string_value=str(held))


class _WholeOrText(_GoType):
    """A port: a number or a name."""

    always_written = True
    number = _Whole(32)

    def zero(self) -> int:
        return 0

    def read(self, value: Value, existing: int | str | None, path: str) -> int | str:
        if value.WhichOneof("kind") == "string_value":
            return value.string_value
        return self.number.read(value, existing if isinstance(existing, int) else 0, path)  # type: ignore[no-any-return]

    def written(self, held: int | str) -> Value:
        return Value(string_value=held) if isinstance(held, str) else Value(number_value=held)


class _GoTime(_GoType):
    """A time of day and date; None where there is none."""

    takes = "string_value"
    always_written = True

    def zero(self) -> None:
        return None

    def read(self, value: Value, existing: datetime | None, path: str) -> datetime | None:
        return None if value.WhichOneof("kind") == "null_value" else super().read(value, existing, path)

    def read_own(self, value: Value, _current: datetime | None, path: str) -> datetime:
        text = value.string_value
        try:
            # Python 3.10 does not know that Z means UTC.
            return datetime.fromisoformat(text[:-1] + "+00:00" if text.endswith("Z") else text).astimezone(timezone.utc)
        except ValueError:
            raise ModelValueError(f"{path} is {text!r}, expected a time such as 2026-01-31T12:00:00Z") from None

    def written(self, held: datetime | None) -> Value:
        if held is None:
            return Value(null_value=NULL_VALUE)
        return Value(string_value=held.strftime("%Y-%m-%dT%H:%M:%SZ"))


class _Raw(_GoType):
    """JSON that Kubernetes keeps as it is."""

    def zero(self) -> None:
        return None

    def read(self, value: Value, _existing: Value | None, _path: str) -> Value:
        return value

    def written(self, held: Value | None) -> Value:
        return Value(null_value=NULL_VALUE) if held is None else held


class _Nullable(_GoType):
    """What is nothing unless it is given: pointers, lists and maps."""

    def zero(self) -> None:
        return None

    def read(self, value: Value, existing: Any, path: str) -> Any:
        return None if value.WhichOneof("kind") == "null_value" else self.read_given(value, existing, path)

    def read_given(self, value: Value, existing: Any, path: str) -> Any:
        raise NotImplementedError

    def written(self, held: Any) -> Value:
        return Value(null_value=NULL_VALUE) if held is None else self.written_given(held)

    def written_given(self, held: Any) -> Value:
        raise NotImplementedError


class _Pointer(_Nullable):
    def __init__(self, target: _GoType) -> None:
        self.target = target

    def read_given(self, value: Value, existing: Any, path: str) -> Any:
        return self.target.read(value, existing, path)

    def is_empty(self, held: Any) -> bool:
        return held is None

    def written_given(self, held: Any) -> Value:
        return self.target.written(held)


class _List(_Nullable):
    takes = "list_value"

    def __init__(self, item: _GoType) -> None:
        self.item = item

    def read_given(self, value: Value, existing: list[Any] | None, path: str) -> list[Any]:
        if value.WhichOneof("kind") != self.takes:
            raise _mismatch(path, value, self.takes)
        # Go reads a list over the items that are already there.
        before = existing or []
        return [
            self.item.read(item, before[index] if index < len(before) else None, f"{path}[{index}]")
            for index, item in enumerate(value.list_value.values)
        ]

    def written_given(self, held: list[Any]) -> Value:
        value = Value()
        value.list_value.values.extend(self.item.written(item) for item in held)
        return value


class _Map(_Nullable):
    takes = "struct_value"

    def __init__(self, item: _GoType) -> None:
        self.item = item

    def read_given(self, value: Value, existing: dict[str, Any] | None, path: str) -> dict[str, Any]:
        if value.WhichOneof("kind") != self.takes:
            raise _mismatch(path, value, self.takes)
        fields = value.struct_value.fields
        return (existing or {}) | {key: self.item.read(fields[key], None, f"{path}[{key!r}]") for key in sorted(fields)}

    def written_given(self, held: dict[str, Any]) -> Value:
        value = Value(struct_value=Struct())
        for key, item in held.items():
            value.struct_value.fields[key].CopyFrom(self.item.written(item))
        return value


class _Structure(_GoType):
    """One of Kubernetes' own types: what is held are its fields, by name."""

    takes = "struct_value"
    always_written = True

    def __init__(self, name: str) -> None:
        self.name = name

    def zero(self) -> dict[str, Any]:
        return {}

    def read_own(self, value: Value, current: dict[str, Any], path: str) -> dict[str, Any]:
        fields = _fields(self.name)
        held = dict(current)
        given = value.struct_value.fields
        for key in sorted(given):
            field = fields.get(key) or fields.get(_folded(key))
            if field is not None:
                held[field.name] = field.kind.read(given[key], held.get(field.name), f"{path}.{field.name}")
        return held

    def written(self, held: dict[str, Any]) -> Value:
        value = Value(struct_value=Struct())
        for field in {id(field): field for field in _fields(self.name).values()}.values():
            item = held[field.name] if field.name in held else field.kind.zero()
            if not field.left_out(item):
                value.struct_value.fields[field.name].CopyFrom(field.kind.written(item))
        return value


class _Field(NamedTuple):
    name: str
    kind: _GoType
    mark: str
    go_type: str

    def left_out(self, held: Any) -> bool:
        if self.mark == _ALWAYS:
            return False
        if self.kind.always_written:
            return self.mark == _NOT_WHEN_ZERO and self.kind.is_empty(held)
        return self.kind.is_empty(held)


# -- the table -----------------------------------------------------------------------------------------------------

_ALWAYS: Final = "!"
_NOT_WHEN_ZERO: Final = "?"
_PREFIXES: Final[tuple[tuple[str, Callable[[_GoType], _GoType]], ...]] = (
    ("*", _Pointer),
    ("[]", _List),
    ("map[string]", _Map),
)
_PLAIN: Final[Mapping[str, _GoType]] = {
    "string": _Text(),
    "bool": _Flag(),
    "int32": _Whole(32),
    "int64": _Whole(64),
    "Quantity": _Amount(),
    "IntOrString": _WholeOrText(),
    "Time": _GoTime(),
    "FieldsV1": _Raw(),
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
        mark = notation[0] if notation[0] in (_ALWAYS, _NOT_WHEN_ZERO) else ""
        kind = notation[len(mark) :]
        fields[name] = fields[_folded(name)] = _Field(name, _kind(kind), mark, kind)
    return fields


def known_field(structure: str, key: str) -> tuple[str, str] | None:
    """Return the name and the kind of a field of one of Kubernetes' types; None where it has no such field.

    The name may be given in any case. The kind is as Go spells it: ``*`` begins a pointer, ``[]`` a list,
    ``map[string]`` a map.
    """
    fields = _fields(structure)
    field = fields.get(key) or fields.get(_folded(key))
    return None if field is None else (field.name, field.go_type)


def is_structure(kind: str) -> bool:
    """Tell whether a kind is one of Kubernetes' types that have fields."""
    return kind in _table()


@lru_cache(maxsize=1024, typed=True)
def canonical(kind: str, value: Any) -> tuple[Any, bool]:
    """Return a plain value as Kubernetes writes what it reads as that kind, and whether it says as much as nothing.

    Raises QuantityError, ModelValueError: it is of another kind.
    """
    plain, holder = _kind(kind), Struct()
    fill_struct(holder, {"value": value})
    held = plain.read(holder.fields["value"], None, kind)
    holder.fields["value"].CopyFrom(plain.written(held))
    return plain_struct(holder)["value"], held == plain.zero()


def _kind(notation: str) -> _GoType:
    for prefix, wrapped in _PREFIXES:
        if notation.startswith(prefix):
            return wrapped(_kind(notation[len(prefix) :]))
    return _PLAIN.get(notation) or _Structure(notation)


@lru_cache(maxsize=1024)
def _folded(name: str) -> str:
    return "".join(char.casefold() for char in name)


# -- telling -------------------------------------------------------------------------------------------------------

_JSON_WORDS: Final = {
    "null_value": "null",
    "number_value": "a number",
    "string_value": "a text",
    "bool_value": "true or false",
    "struct_value": "an object",
    "list_value": "a list",
}


def _mismatch(path: str, value: Value, expected: str) -> ModelValueError:
    return ModelValueError(
        f"{path} is {_JSON_WORDS[value.WhichOneof('kind') or 'null_value']}, expected {_JSON_WORDS[expected]} as in a PodSpec of Kubernetes; "
        "flytectl refuses to register it"
    )


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
