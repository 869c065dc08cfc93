"""Hashes of messages as Flyte computes them: over the JSON that a message stands for, not over its bytes.

Two writers may put the same fields in another order, or know more of them than the reader does; their bytes differ,
their JSON does not. Flyte writes the message as proto3 JSON and hashes each value of that text together with a
letter for its kind (flytestdlib/pbhash/pbhash.go). Here no text is written: the message is walked along its
descriptor and hashed on the way, which gives the same hash in a fraction of the time.
"""

from __future__ import annotations

from base64 import b64encode
from datetime import date
from functools import lru_cache
from hashlib import sha256
from math import frexp, isfinite, isnan
from struct import pack, unpack
from typing import TYPE_CHECKING, Any, Final, TypeAlias

from google.protobuf.descriptor import FieldDescriptor

from flytetask_nb.errors import ModelValueError
from flytetask_nb.semantics.descriptors import is_repeated, map_entry

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Mapping

    from google.protobuf.descriptor import EnumDescriptor
    from google.protobuf.message import Message

    _Hash: TypeAlias = Callable[[Any], bytes]
    # The hash of a field's name, what hashes its value, and the test for leaving it out, if there is one.
    _FieldHash: TypeAlias = tuple[bytes, _Hash, Callable[[Any], bool] | None]

# Each hash begins with a letter, so that "1", 1 and true differ.
_NULL: Final = sha256(b"n").digest()
_FLAGS: Final = (sha256(b"b0").digest(), sha256(b"b1").digest())

_NAMES_KEPT: Final = 4096
_NAME_LENGTH: Final = 256
_NUMBERS_KEPT: Final = 1024

_SECONDS_A_DAY: Final = 86_400
_NANOS_A_SECOND: Final = 10**9
# The largest that google.protobuf.Duration allows: 10,000 years, in seconds.
_LONGEST: Final = 315_576_000_000
# The Gregorian calendar repeats itself after 400 years.
_CYCLE_YEARS: Final = 400
_CYCLE_DAYS: Final = 146_097
_EPOCH_DAYS: Final = date(1970, 1, 1).toordinal() - 1


class UnhashableError(ModelValueError):
    """A message has no JSON, so Flyte cannot hash it.

    ``message``: what is wrong.
    ``reason``: the words of Flyte's own writer of JSON (github.com/golang/protobuf/jsonpb), e.g. ``"nil Value"``.
    """

    def __init__(self, message: str, reason: str) -> None:
        super().__init__(message)
        self.reason = reason

    def __reduce__(self) -> tuple[type[UnhashableError], tuple[str, str]]:
        return type(self), (str(self), self.reason)


# -- the kinds of JSON values ----------------------------------------------------------------------------------------


def hash_text(text: str) -> bytes:
    """Return the hash of a JSON string."""
    return _kept_text(text) if len(text) <= _NAME_LENGTH else _text(text)


def _text(text: str) -> bytes:
    return sha256(b"u" + text.encode()).digest()


# Names, types, images and arguments come back in task after task.
_kept_text = lru_cache(_NAMES_KEPT)(_text)


def hash_list(hashes: Iterable[bytes]) -> bytes:
    """Return the hash of a JSON array from the hashes of its items, in order."""
    return sha256(b"l" + b"".join(hashes)).digest()


def hash_object(members: Iterable[tuple[str, bytes]]) -> bytes:
    """Return the hash of a JSON object from its members' names and the hashes of their values, in any order."""
    return _object([hash_text(name) + value for name, value in members])


def _object(members: list[bytes]) -> bytes:
    members.sort()
    return sha256(b"d" + b"".join(members)).digest()


@lru_cache(_NUMBERS_KEPT)
def _number(number: float) -> bytes:
    """Return the hash of a JSON number: Go reads every one of them as a double."""
    return sha256(b"f" + _normal(number).encode()).digest()


def _normal(number: float) -> str:
    """Write a finite number the one way that is hashed: sign, power of two, and binary digits of the rest.

    The rest lies above one half and is at most one; the digit before the point is written, the point is not.
    """
    if not number:
        return "+0:"
    rest, power = frexp(abs(number))
    # frexp counts one half in, but not one.
    digits = "1" if rest == 0.5 else f"0{int(rest * 2**53):053b}".rstrip("0")  # noqa: PLR2004 - the bound of frexp
    return f"{'-' if number < 0 else '+'}{power - (digits == '1')}:{digits}"


# -- the kinds of fields ---------------------------------------------------------------------------------------------


def _long(value: int) -> bytes:
    """Return the hash of a 64-bit integer, which JSON holds as a string: its numbers are doubles."""
    return hash_text(str(value))


def _double(value: float) -> bytes:
    if isfinite(value):
        return _number(value)
    return hash_text("NaN" if isnan(value) else "Infinity" if value > 0 else "-Infinity")


def _single(value: float) -> bytes:
    """Return the hash of a 32-bit float: JSON holds the fewest digits that tell it from its neighbours."""
    for digits in range(6, 9):
        shorter = float(f"{value:.{digits}g}")
        if unpack("f", pack("f", shorter))[0] == value:
            return _double(shorter)
    return _double(float(f"{value:.9g}"))


def _data(value: bytes) -> bytes:
    return hash_text(b64encode(value).decode())


_Field: Final = FieldDescriptor
_SCALARS: Final[dict[int, _Hash]] = {
    _Field.TYPE_BOOL: _FLAGS.__getitem__,
    _Field.TYPE_BYTES: _data,
    _Field.TYPE_DOUBLE: _double,
    _Field.TYPE_FLOAT: _single,
    _Field.TYPE_STRING: hash_text,
    **dict.fromkeys(
        (_Field.TYPE_FIXED32, _Field.TYPE_INT32, _Field.TYPE_SFIXED32, _Field.TYPE_SINT32, _Field.TYPE_UINT32), _number
    ),
    **dict.fromkeys(
        (_Field.TYPE_FIXED64, _Field.TYPE_INT64, _Field.TYPE_SFIXED64, _Field.TYPE_SINT64, _Field.TYPE_UINT64), _long
    ),
}


def _enumeration(descriptor: EnumDescriptor) -> _Hash:
    """Return what hashes an enum: by name, or by number where the number has none."""
    hashes = {value.number: hash_text(value.name) for value in reversed(descriptor.values)}
    return lambda number: hashes.get(number) or _number(number)


# -- messages that JSON has a form of its own for --------------------------------------------------------------------


def _duration(duration: Any) -> bytes:
    seconds, nanos = duration.seconds, duration.nanos
    reason = ""
    if abs(seconds) > _LONGEST:
        reason = f"seconds out of range {seconds}"
    elif abs(nanos) >= _NANOS_A_SECOND:
        reason = f"ns out of range (-{_NANOS_A_SECOND}, {_NANOS_A_SECOND})"
    elif seconds * nanos < 0:
        reason = "signs of seconds and nanos do not match"
    if reason:
        raise _no_json(f"a duration of {seconds} seconds and {nanos} nanoseconds", reason)
    sign = "-" if seconds < 0 or nanos < 0 else ""
    return hash_text(f"{sign}{abs(seconds)}{_fraction(abs(nanos))}s")


def _timestamp(timestamp: Any) -> bytes:
    """Return the hash of a time in RFC 3339: Flyte does not mind years that have more than four digits."""
    if not 0 <= timestamp.nanos < _NANOS_A_SECOND:
        raise _no_json(f"a time with {timestamp.nanos} nanoseconds", f"ns out of range [0, {_NANOS_A_SECOND})")
    days, second = divmod(timestamp.seconds, _SECONDS_A_DAY)
    cycles, day = divmod(days + _EPOCH_DAYS, _CYCLE_DAYS)
    within = date.fromordinal(day + 1)
    year = within.year + cycles * _CYCLE_YEARS
    return hash_text(
        f"{'-' if year < 0 else ''}{abs(year):04}-{within.month:02}-{within.day:02}"
        f"T{second // 3600:02}:{second // 60 % 60:02}:{second % 60:02}{_fraction(timestamp.nanos)}Z"
    )


def _fraction(nanos: int) -> str:
    """Write the fraction of a second with as many digits as it needs: none, 3, 6 or 9."""
    digits = f"{nanos:09}"
    while digits.endswith("000"):
        digits = digits[:-3]
    return f".{digits}" if digits else ""


def _struct(struct: Any) -> bytes:
    return _object([hash_text(name) + _value(value) for name, value in struct.fields.items()])


def _values(values: Any) -> bytes:
    return hash_list([_value(value) for value in values.values])


def _value(value: Any) -> bytes:
    for field, content in value.ListFields():
        return _KINDS[field.name](content)
    raise _no_json("a google.protobuf.Value of no kind", "nil Value")


_KINDS: Final[dict[str, _Hash]] = {
    "null_value": lambda _content: _NULL,
    "number_value": _double,
    "string_value": hash_text,
    "bool_value": _FLAGS.__getitem__,
    "struct_value": _struct,
    "list_value": _values,
}


def _wrapped(hash_value: _Hash) -> _Hash:
    return lambda wrapper: hash_value(wrapper.value)


_WELL_KNOWN: Final[dict[str, _Hash]] = {
    "google.protobuf.Duration": _duration,
    "google.protobuf.ListValue": _values,
    "google.protobuf.Struct": _struct,
    "google.protobuf.Timestamp": _timestamp,
    "google.protobuf.Value": _value,
    "google.protobuf.BoolValue": _wrapped(_FLAGS.__getitem__),
    "google.protobuf.BytesValue": _wrapped(_data),
    "google.protobuf.DoubleValue": _wrapped(_double),
    "google.protobuf.FloatValue": _wrapped(_single),
    "google.protobuf.Int32Value": _wrapped(_number),
    "google.protobuf.Int64Value": _wrapped(_long),
    "google.protobuf.StringValue": _wrapped(hash_text),
    "google.protobuf.UInt32Value": _wrapped(_number),
    "google.protobuf.UInt64Value": _wrapped(_long),
}


def _no_json(what: str, reason: str) -> UnhashableError:
    return UnhashableError(
        f"{what} cannot be written as JSON, so Flyte refuses to hash it; correct it where it was made", reason
    )


# -- messages --------------------------------------------------------------------------------------------------------


def _message_hash(find_out: Callable[[FieldDescriptor], _FieldHash]) -> _Hash:
    """Return what hashes messages of one type. What it has to know of a field it finds out when the field first occurs."""
    fields: dict[int, _FieldHash] = {}

    def hash_message(message: Message) -> bytes:
        members = []
        for field, value in message.ListFields():
            number = field.number
            if number not in fields:
                fields[number] = find_out(field)
            name, hash_value, is_omitted = fields[number]
            if is_omitted is None or not is_omitted(value):
                members.append(name + hash_value(value))
        return _object(members)

    return hash_message


class ObjectHasher:
    """Hashes messages, and leaves out the fields that it is told to.

    ``omitted``: by a field's full name, e.g. ``"flyteidl.core.Variable.description"``, the test that tells from the
      field's value whether it is left out, wherever in a message it stands.
    """

    __slots__ = ("_messages", "_omitted")

    def __init__(self, omitted: Mapping[str, Callable[[Any], bool]]) -> None:
        self._omitted = omitted
        self._messages: dict[str, _Hash] = dict(_WELL_KNOWN)

    def __call__(self, message: Message) -> bytes:
        """Return the hash of a message: see :func:`object_hash`."""
        return self._of_message(message.DESCRIPTOR)(message)

    def _of_message(self, descriptor: Any) -> _Hash:
        name = descriptor.full_name
        return self._messages.get(name) or self._messages.setdefault(name, _message_hash(self._of_field))

    def _of_field(self, field: FieldDescriptor) -> _FieldHash:
        return hash_text(field.json_name), self._of_values(field), self._omitted.get(field.full_name)

    def _of_values(self, field: FieldDescriptor) -> _Hash:
        if not is_repeated(field):
            return self._of_value(field)
        entry = map_entry(field)
        if entry is None:
            hash_item = self._of_value(field)
            return lambda items: hash_list([hash_item(item) for item in items])
        of_key, of_value = entry
        hash_value = self._of_value(of_value)
        # Whatever the keys are, JSON's are strings: true, not True.
        name: Callable[[Any], str] = str if of_key.type == FieldDescriptor.TYPE_STRING else lambda key: str(key).lower()
        return lambda values: hash_object([(name(key), hash_value(value)) for key, value in values.items()])

    def _of_value(self, field: FieldDescriptor) -> _Hash:
        if field.message_type is not None:
            return self._of_message(field.message_type)
        return _SCALARS[field.type] if field.enum_type is None else _enumeration(field.enum_type)


_whole: Final = ObjectHasher({})


def object_hash(message: Message) -> bytes:
    """Return the hash that Flyte computes of a message.

    ``message``: any protobuf message without a ``google.protobuf.Any`` inside; those of tasks and literals hold none.
      Fields that its descriptor does not know are not hashed.
    Returns bytes: 32 of them: the SHA-256 of ``d`` and the members of the JSON object that the message is in proto3
      JSON, each as the hash of its name and the hash of its value, in the order of these hashes.
    Raises ModelValueError: the message has no JSON: it holds a ``google.protobuf.Value`` of no kind, or a duration or
      time that is none.

    Notes
    -----
    The rule is ``ComputeHash`` in flytestdlib/pbhash/pbhash.go. Names are in lowerCamelCase, what is not set is left
    out, 64-bit integers are strings, enums are their names, bytes are base64, and all numbers are doubles.
    """
    return _whole(message)
