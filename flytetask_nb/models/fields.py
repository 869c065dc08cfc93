"""Typed descriptors: each says once how an attribute of a model is read from its message and written into it.

A model class lists its attributes in the order of flytekit's constructor arguments::

    class Sql(Model, message=tasks_pb2.Sql):
        statement: Text = Field(default=None)
        dialect: Enum[Dialect] = Enumeration(Dialect, default=0)

The annotation tells editors and mypy what reading gives and what the constructor takes; the call on the right says
how it is done. A test holds the two against each other and against flyteidl's descriptors.
"""

from __future__ import annotations

from datetime import datetime, timedelta
from importlib import import_module
from operator import attrgetter, index
from typing import TYPE_CHECKING, Any, ClassVar, Generic, TypeVar, overload

from flyteidl.core.literals_pb2 import KeyValuePair
from google.protobuf.descriptor import FieldDescriptor

from flytetask_nb.errors import ModelTypeError, ModelValueError
from flytetask_nb.models.messages import message_of, shown
from flytetask_nb.models.order import natural_key
from flytetask_nb.models.plain_values import fill_struct, mapping_items, plain_struct, span_of, utc_datetime

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Mapping

    from google.protobuf.message import Message as ProtobufMessage
    from typing_extensions import Self

    from flytetask_nb.models.enums import OpenEnum

Got = TypeVar("Got", covariant=True)
Given = TypeVar("Given", contravariant=True)


REQUIRED: Any = object()
"""Stands for "no default": the constructor must be given the argument."""
_EXPECTED = {
    FieldDescriptor.CPPTYPE_STRING: "a text",
    FieldDescriptor.CPPTYPE_BOOL: "True or False",
    FieldDescriptor.CPPTYPE_INT32: "a whole number",
    FieldDescriptor.CPPTYPE_UINT32: "a whole number, 0 or more",
    FieldDescriptor.CPPTYPE_ENUM: "a member or number of the enum",
}


class Field(Generic[Got, Given]):
    """One attribute of a model: a plain proto3 scalar, unless a subclass says otherwise.

    ``default``: what the constructor writes when the argument is not given; ``REQUIRED`` if it must be, None to write
      nothing.
    ``proto``: name of flyteidl's field, where it differs from the attribute's.
    ``kw_only``: whether the constructor takes it by keyword alone: fields that flytekit's constructor does not have.
    """

    __slots__ = ("_get", "default", "kw_only", "name", "owner", "proto")

    expected: ClassVar[str] = ""
    """What errors say of the values that fit; empty where protobuf's type of the field says it."""

    def __init__(self, *, default: Any = REQUIRED, proto: str = "", kw_only: bool = False) -> None:
        self.default = default
        self.proto = proto
        self.kw_only = kw_only
        self.name = ""
        self.owner = ""

    def __set_name__(self, owner: type, name: str) -> None:
        self.owner = owner.__name__
        self.name = name
        self.proto = self.proto or name
        self._get = attrgetter(self.proto)

    @overload
    def __get__(self, instance: None, owner: type) -> Self: ...
    @overload
    def __get__(self, instance: object, owner: type) -> Got: ...
    def __get__(self, instance: Any, owner: type) -> Any:
        return self if instance is None else self.read(instance._message)

    if TYPE_CHECKING:
        # Says what constructors take; assigning is what the models refuse.
        def __set__(self, instance: object, value: Given) -> None: ...

    def read(self, message: Any) -> Any:
        """Return the attribute's value out of a message."""
        return self._get(message)

    def read_to_show(self, message: Any) -> Any:
        """Return the attribute's value, or a text about it where Python cannot hold it: showing never fails."""
        return self.read(message)

    def write(self, message: Any, value: Any) -> None:
        """Put a value into a message; one that reads as absent, such as None, clears the field."""
        message.ClearField(self.proto)
        if self.clears(value):
            return
        try:
            self.put(message, value)
        except ModelTypeError as error:
            raise ModelTypeError(f"{self.owner}.{self.name}: {error}") from None
        except (TypeError, ValueError, OverflowError) as error:
            kind = ModelTypeError if isinstance(error, TypeError) else ModelValueError
            expected = self.expected or _EXPECTED.get(message.DESCRIPTOR.fields_by_name[self.proto].cpp_type)
            wanted = f", expected {expected}" if expected else ""
            raise kind(f"{self.owner}.{self.name} cannot hold {shown(value, self.name)}{wanted}: {error}") from None
        except RecursionError:
            raise ModelValueError(
                f"{self.owner}.{self.name} cannot hold a value that is nested so deeply, or that holds itself"
            ) from None

    def clears(self, value: Any) -> bool:
        """Tell whether a value is written as absent."""
        return value is None

    def put(self, message: Any, value: Any) -> None:
        """Put a value that does not clear into a message whose field is clear."""
        setattr(message, self.proto, value)

    def put_message(self, message: Any) -> Any:
        """Return the field's own message, there even if it stays empty."""
        inner = self._get(message)
        inner.SetInParent()
        return inner

    def is_set(self, message: ProtobufMessage) -> bool:
        """Tell whether the message holds the field: by presence where proto3 has it, else by being no default."""
        descriptor = message.DESCRIPTOR.fields_by_name[self.proto]
        if descriptor.has_presence:
            return message.HasField(self.proto)
        return bool(self._get(message))


class OptionalText(Field[Got, Given]):
    """A text that is None where the message has the empty text."""

    __slots__ = ()

    def read(self, message: Any) -> str | None:
        return self._get(message) or None

    def clears(self, value: Any) -> bool:
        return value is None or value in ("", b"")


class Presence(Field[Got, Given]):
    """A field with presence, by itself a scalar: None where the message does not have it, whatever its default."""

    __slots__ = ()

    def read(self, message: Any) -> Any:
        return super().read(message) if message.HasField(self.proto) else None


def later(module: str, name: str) -> Callable[[], type[Any]]:
    """Return what finds a class of this folder once it is asked for: few tasks hold what it describes."""
    return lambda: getattr(import_module(f"flytetask_nb.models.{module}"), name)


class _OfKind(Field[Got, Given]):
    """A field whose values are of a class of this package, given itself or by a function that finds it later."""

    __slots__ = ("_kind",)

    def __init__(self, kind: type[Any] | Callable[[], type[Any]], **rest: Any) -> None:
        super().__init__(**rest)
        self._kind = kind

    @property
    def kind(self) -> type[Any]:
        """The model or enum class of the values."""
        if not isinstance(self._kind, type):
            self._kind = self._kind()
        return self._kind


class Enumeration(_OfKind[Got, Given]):
    """An enum."""

    __slots__ = ()

    def read(self, message: Any) -> OpenEnum:
        member: OpenEnum = self.kind(self._get(message))
        return member

    def put(self, message: Any, value: Any) -> None:
        # flytekit spells some of these as plain Enums, whose number is their value.
        setattr(message, self.proto, index(getattr(value, "value", value)))


class OptionalEnumeration(Presence[Got, Given], Enumeration[Got, Given]):
    """An enum with presence: None where the message does not have it."""

    __slots__ = ()


class Sub(_OfKind[Got, Given]):
    """A sub-message, as a view; an empty one where the message has none."""

    __slots__ = ()

    def read(self, message: Any) -> Any:
        return self.kind._own(self._get(message))

    def clears(self, value: Any) -> bool:
        # An empty SecurityContext of flytekit gives None where a message is expected.
        return value is None or (
            hasattr(value, "to_flyte_idl") and not hasattr(value, "_message") and value.to_flyte_idl() is None
        )

    def put(self, message: Any, value: Any) -> None:
        self.put_message(message).CopyFrom(message_of(value, self.kind.message_class))


class OptionalSub(Presence[Got, Given], Sub[Got, Given]):
    """A sub-message, as a view; None where the message has none."""

    __slots__ = ()


class SubList(_OfKind[Got, Given]):
    """A list of sub-messages, as views."""

    __slots__ = ()

    def read(self, message: Any) -> Any:
        return [self.kind._own(item) for item in self._get(message)]

    def put(self, message: Any, value: Iterable[object]) -> None:
        self._get(message).extend(message_of(item, self.kind.message_class) for item in value)


class TextList(Field[Got, Given]):
    """A list of texts; each reading gives a new list."""

    __slots__ = ()
    expected = "a list of texts"

    def read(self, message: Any) -> list[str]:
        return list(self._get(message))

    def put(self, message: Any, value: Iterable[str]) -> None:
        if isinstance(value, str):
            raise TypeError("this is one text")
        self._get(message).extend(value)


class SubMap(_OfKind[Got, Given]):
    """A map from names to sub-messages; ``inner`` names the map in a wrapping message (``VariableMap``)."""

    __slots__ = ("inner",)

    def __init__(self, kind: Any, *, inner: str = "", **rest: Any) -> None:
        super().__init__(kind, **rest)
        self.inner = inner

    def _map(self, message: Any) -> Any:
        holder = self._get(message)
        return getattr(holder, self.inner) if self.inner else holder

    def read(self, message: Any) -> Any:
        entries = self._map(message)
        return {name: self.kind._own(entries[name]) for name in sorted(entries, key=natural_key)}

    def put(self, message: Any, value: Any) -> None:
        if self.inner:
            wrapper = self.put_message(message)
            if not hasattr(value, "items"):
                wrapper.CopyFrom(message_of(value, type(wrapper)))
                return
        entries = self._map(message)
        for name, item in mapping_items(value):
            entries[name].CopyFrom(message_of(item, self.kind.message_class))


class TextMap(Field[Got, Given]):
    """A map of texts."""

    __slots__ = ()
    expected = "a mapping of texts to texts"

    def read(self, message: Any) -> dict[str, Any]:
        entries = self._get(message)
        return {name: entries[name] for name in sorted(entries, key=natural_key)}

    def put(self, message: Any, value: Mapping[str, Any]) -> None:
        self._get(message).update(mapping_items(value))


class KeyValues(Field[Got, Given]):
    """A list of ``KeyValuePair`` read as a dict; of a key that stands there twice, the last value, as in a shell."""

    __slots__ = ()
    expected = "a mapping of texts to texts, or pairs"

    def read(self, message: Any) -> dict[str, str]:
        return {pair.key: pair.value for pair in self._get(message)}

    def put(self, message: Any, value: Any) -> None:
        pairs = self._get(message)
        if hasattr(value, "items"):
            for key, text in value.items():
                pairs.add(key=key, value=text)
        else:
            pairs.extend(message_of(pair, KeyValuePair) for pair in value)


class Struct(Field[Got, Given]):
    """A ``google.protobuf.Struct`` as plain Python values.

    An absent one reads as None if it is ``optional``, otherwise as an empty dict. Where it ``drops_empty``, an empty
    dict is written as absent; flytekit does so with ``custom`` and pod specs, but not with the rest.
    """

    __slots__ = ("drops_empty", "optional")

    def __init__(self, *, optional: bool = False, drops_empty: bool = False, **rest: Any) -> None:
        super().__init__(**rest)
        self.optional = optional
        self.drops_empty = drops_empty

    def read(self, message: Any) -> dict[str, Any] | None:
        if message.HasField(self.proto):
            return plain_struct(self._get(message))
        return None if self.optional else {}

    def clears(self, value: Any) -> bool:
        return value is None or (self.drops_empty and value == {})

    def put(self, message: Any, value: Any) -> None:
        target = self.put_message(message)
        if isinstance(value, type(target)):
            target.CopyFrom(value)
        else:
            fill_struct(target, value)


class _Time(Field[Got, Given]):
    """A field whose message can hold more seconds than Python can."""

    __slots__ = ()

    def read_to_show(self, message: Any) -> Any:
        try:
            return self.read(message)
        except ModelValueError:
            return f"{self._get(message).seconds} s, out of range"


class Duration(_Time[Got, Given]):
    """A ``google.protobuf.Duration`` as timedelta; zero where the message has none, as flytekit reads it."""

    __slots__ = ()

    def read(self, message: Any) -> timedelta:
        value = self._get(message)
        try:
            return span_of(value)
        except OverflowError:
            raise ModelValueError(
                f"{self.owner}.{self.name} holds {value.seconds} s, more than a timedelta can: "
                "the message was damaged or made by hand; read it through to_flyte_idl()"
            ) from None

    def clears(self, value: timedelta | float | None) -> bool:
        # Zero is what an absent duration reads as, and flytekit writes it as absent.
        return value is None or value in (0, timedelta())

    def put(self, message: Any, value: timedelta | float) -> None:
        if not isinstance(value, timedelta):
            # flytekit users write seconds where they mean a duration.
            value = timedelta(seconds=value)
        self.put_message(message).FromTimedelta(value)


class Timestamp(_Time[Got, Given]):
    """A ``google.protobuf.Timestamp`` as an aware datetime in UTC, or None."""

    __slots__ = ()

    def read(self, message: Any) -> datetime | None:
        if not message.HasField(self.proto):
            return None
        return utc_datetime(self._get(message), f"{self.owner}.{self.name}")

    def put(self, message: Any, value: datetime) -> None:
        if not isinstance(value, datetime):
            raise TypeError("expected a datetime")
        self.put_message(message).FromDatetime(value)


class WrappedFlag(Field[Got, Given]):
    """A ``google.protobuf.BoolValue``: false where the message has none, as flytekit reads it."""

    __slots__ = ()

    def read(self, message: Any) -> bool:
        return bool(self._get(message).value)

    def put(self, message: Any, value: Any) -> None:
        self.put_message(message).value = getattr(value, "value", value)
