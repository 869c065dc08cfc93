"""The base of all models: a read-only, typed view onto one flyteidl message.

The message is the single source of truth. A model reads from it when asked and never changes it, so whatever came
in goes out again: unknown fields, fields that other SDKs drop, and the difference between unset and false.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, ClassVar

from google.protobuf.message import DecodeError

from flytetask_nb.errors import ImmutableError, ModelTypeError, ModelValueError, shortened
from flytetask_nb.models import fields as field_kinds
from flytetask_nb.models.fields import REQUIRED, Field
from flytetask_nb.models.messages import copied, message_of
from flytetask_nb.models.showing import Shown

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

    from typing_extensions import Self, dataclass_transform
else:

    def dataclass_transform(**_specification: object) -> Any:
        """Leave the class as it is: the real one only informs type checkers."""
        return lambda model_class: model_class


_REPR_VALUE_LIMIT = 60
_REPR_LIMIT = 240


class _LazySignature:
    """Gives ``inspect``, ``help`` and IPython's ``?`` the constructor's real parameters, once they ask."""

    def __get__(self, instance: object, owner: type[Model]) -> Any:
        if instance is not None or owner.__init__ is not Model.__init__:
            # A callable model (FlyteTask) and a constructor that is written out speak for themselves.
            raise AttributeError("__signature__")
        from inspect import Parameter, Signature  # noqa: PLC0415 - only needed by who asks

        return Signature(
            [
                Parameter(
                    name,
                    Parameter.KEYWORD_ONLY if item.kw_only else Parameter.POSITIONAL_OR_KEYWORD,
                    default=Parameter.empty if item.default is REQUIRED else item.default,
                )
                for name, item in sorted(owner._fields.items(), key=lambda entry: entry[1].kw_only)
            ]
        )


@dataclass_transform(
    frozen_default=True,
    eq_default=False,
    field_specifiers=(
        Field,
        field_kinds.Duration,
        field_kinds.Enumeration,
        field_kinds.KeyValues,
        field_kinds.OptionalEnumeration,
        field_kinds.OptionalSub,
        field_kinds.OptionalText,
        field_kinds.Presence,
        field_kinds.Struct,
        field_kinds.Sub,
        field_kinds.SubList,
        field_kinds.SubMap,
        field_kinds.TextList,
        field_kinds.TextMap,
        field_kinds.Timestamp,
        field_kinds.WrappedFlag,
    ),
)
class Model(Shown):
    """A read-only view onto a flyteidl message.

    Subclasses name their message class and list their fields. Constructors take the fields in the order of
    flytekit's model classes; wherever a sub-message is expected they accept a model, a flyteidl message, or any
    object with ``to_flyte_idl()``.

    Two models are equal, and hash alike, if their messages have the same content, unknown fields included.
    """

    __slots__ = ("__weakref__", "_message")

    message_class: ClassVar[type[Any]]
    """The flyteidl class of the message."""
    _fields: ClassVar[Mapping[str, Field[Any, Any]]] = {}

    if TYPE_CHECKING:
        # A property, for type checkers would take an annotated attribute for a field of the constructor.
        @property
        def _message(self) -> Any: ...
    else:

        def __init__(self, *args: object, **named: object) -> None:
            given = self._bind(args, named)
            message = self.message_class()
            self._write(message, given)
            _set_message(self, message)

        __signature__ = _LazySignature()

    def __init_subclass__(cls, *, message: type[Any] | None = None, **rest: Any) -> None:
        super().__init_subclass__(**rest)
        if message is not None:
            cls.message_class = message
            cls._fields = {name: item for name, item in vars(cls).items() if isinstance(item, Field)}

    # -- making ----------------------------------------------------------------------------------------------------

    @classmethod
    def _own(cls, message: Any) -> Self:
        """Return a model that reads ``message`` itself, which nobody may change from then on."""
        made = _new(cls)
        _set_message(made, message)
        return made

    @classmethod
    def from_flyte_idl(cls, pb2_object: Any) -> Self:
        """Return the model of a message.

        Parameters
        ----------
        pb2_object
            A flyteidl message of this model's kind, or an object whose ``to_flyte_idl()`` gives one. It is copied:
            what the caller does with it afterwards does not change the model.

        Raises
        ------
        ModelTypeError
            It is something else.
        """
        return cls._own(copied(message_of(pb2_object, cls.message_class)))

    @classmethod
    def from_bytes(cls, data: bytes) -> Self:
        """Return the model of a serialized message.

        Parameters
        ----------
        data
            The bytes of the protobuf message.

        Raises
        ------
        ModelTypeError
            They are no bytes at all.
        ModelValueError
            The bytes are no message of this kind.
        """
        try:
            return cls._own(cls.message_class.FromString(data))
        except (DecodeError, TypeError) as error:
            raise undecodable(cls, data, error) from None

    @classmethod
    def _bind(cls, args: tuple[object, ...], named: Mapping[str, object]) -> dict[str, object]:
        """Return the fields' values by name, as the constructor's signature orders them."""
        positional = [name for name, item in cls._fields.items() if not item.kw_only]
        if len(args) > len(positional):
            raise ModelTypeError(
                f"{cls.__name__}() takes at most {len(positional)} positional arguments "
                f"({', '.join(positional)}), got {len(args)}"
            )
        given = dict(zip(positional, args, strict=False))
        for name, value in named.items():
            if name not in cls._fields:
                raise ModelTypeError(f"{cls.__name__}() has no argument {name!r}; it takes {cls._names()}")
            if name in given:
                raise ModelTypeError(f"{cls.__name__}() got {name!r} twice, by position and by name")
            given[name] = value
        for name, item in cls._fields.items():
            if name not in given:
                if item.default is REQUIRED:
                    raise ModelTypeError(f"{cls.__name__}() needs the argument {name!r}; it takes {cls._names()}")
                given[name] = item.default
        return given

    @classmethod
    def _names(cls) -> str:
        return ", ".join(cls._fields)

    @classmethod
    def _write(cls, message: Any, given: Mapping[str, object]) -> None:
        """Write values into a message, at most one of each oneof."""
        chosen: dict[str, str] = {}
        by_name = message.DESCRIPTOR.fields_by_name
        for name, value in given.items():
            item = cls._fields[name]
            oneof = by_name[item.proto].containing_oneof
            # Clearing one member of a oneof leaves another that is set alone.
            if oneof is not None and not item.clears(value):
                other = chosen.setdefault(oneof.name, name)
                if other != name:
                    raise ModelValueError(
                        f"{cls.__name__} holds one {oneof.name.replace('_', ' ')}, got {other} and {name}: give one"
                    )
            item.write(message, value)

    def replace(self, **changes: Any) -> Self:
        """Return a changed copy.

        Parameters
        ----------
        **changes
            New values of fields, by name; None clears a field. Everything else stays as it is, unknown fields
            included.

        Returns
        -------
        Model
            Of the same class.

        Raises
        ------
        ModelTypeError
            There is no field of that name, or the value is of the wrong kind.
        ModelValueError
            The field cannot hold the value, or two values exclude each other.
        """
        for name in changes:
            if name not in self._fields:
                raise ModelTypeError(f"{type(self).__name__} has no field {name!r} to replace; it has {self._names()}")
        message = self.to_flyte_idl()
        self._write(message, changes)
        return type(self)._own(message)

    # -- giving ----------------------------------------------------------------------------------------------------

    def to_flyte_idl(self) -> Any:
        """Return a copy of the message: the caller may change it freely."""
        return copied(self._message)

    def serialize_to_string(self) -> bytes:
        """Return the message's bytes, deterministically: equal models give equal bytes."""
        data: bytes = self._message.SerializeToString(deterministic=True)
        return data

    @property
    def is_empty(self) -> bool:
        """Whether the message holds nothing at all."""
        return bool(self._message.ByteSize() == 0)

    def has(self, name: str) -> bool:
        """Tell whether a field is set in the message.

        Parameters
        ----------
        name
            The field's name here, e.g. ``"timeout"``.

        Returns
        -------
        bool
            Presence, for fields that have it: ``interruptible`` set to False is set. For the others, whether the
            value is another than the default.
        """
        item = self._fields.get(name)
        if item is None:
            raise ModelTypeError(f"{type(self).__name__} has no field {name!r}; it has {self._names()}")
        return item.is_set(self._message)

    def short_string(self) -> str:
        """Return one line that says what this is, secrets masked."""
        return repr(self)

    # -- being a value ---------------------------------------------------------------------------------------------

    def __setattr__(self, name: str, value: object) -> None:
        raise ImmutableError(
            f"{type(self).__name__}.{name} cannot be assigned: models are read-only; "
            f"use .replace({name}=...) for a changed copy"
        )

    def __delattr__(self, name: str) -> None:
        raise ImmutableError(
            f"{type(self).__name__}.{name} cannot be deleted: models are read-only; "
            f"use .replace({name}=None) for a copy without it"
        )

    def __eq__(self, other: object) -> bool:
        if self is other:
            return True
        if not isinstance(other, Model) or other.message_class is not self.message_class:
            return NotImplemented
        return self.serialize_to_string() == other.serialize_to_string()

    def __hash__(self) -> int:
        return hash(self.serialize_to_string())

    def __copy__(self) -> Self:
        return self

    def __deepcopy__(self, memo: object) -> Self:
        return self

    def __reduce__(self) -> tuple[Any, ...]:
        return type(self).from_bytes, (self.serialize_to_string(),)

    def __str__(self) -> str:
        return self.to_text()

    def __repr__(self) -> str:
        from flytetask_nb.masking import mask_field  # noqa: PLC0415 - its patterns cost time that only showing is worth

        parts: list[str] = []
        length = 0
        for name, value in self._set_fields():
            part = f"{name}={_short(mask_field(name, value))}"
            if parts and length + len(part) > _REPR_LIMIT:
                parts.append("…")
                break
            parts.append(part)
            length += len(part)
        return f"{type(self).__name__}({', '.join(parts)})"

    def _set_fields(self) -> Iterator[tuple[str, Any]]:
        for name, item in self._fields.items():
            if item.is_set(self._message):
                yield name, item.read_to_show(self._message)


_new = object.__new__
# The slot's own descriptor: the way around __setattr__, for this module and its subclasses' constructors.
_set_message = Model._message.__set__  # type: ignore[attr-defined, misc]


def undecodable(model_class: type[Model], data: Any, error: Exception) -> ModelTypeError | ModelValueError:
    """Return the error for bytes that are no message of a model's kind."""
    if isinstance(error, TypeError):
        return ModelTypeError(f"{model_class.__name__}.from_bytes() takes bytes, got {type(data).__name__}")
    return ModelValueError(
        f"{len(data)} bytes beginning with {data[:8].hex(' ')!r} are no serialized "
        f"{model_class.message_class.DESCRIPTOR.full_name}: {error}; check which kind of message was written"
    )


def _short(value: object) -> str:
    text = str(value) if isinstance(value, Model) and type(value).__str__ is not Model.__str__ else repr(value)
    if not text.isprintable():
        # Names come from anywhere, and a repr is one line.
        text = repr(text)[1:-1]
    return shortened(text, _REPR_VALUE_LIMIT)
