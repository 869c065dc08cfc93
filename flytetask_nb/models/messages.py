"""From whatever a caller hands in to the flyteidl message that it stands for.

Callers hold our models, flyteidl's messages, or flytekit's model objects; each of them can be turned into a
message, and everything above this module works on messages alone.
"""

from __future__ import annotations

from typing import Any, Protocol, TypeVar, runtime_checkable

from google.protobuf.message import Message

from flytetask_nb.errors import ModelTypeError, shortened
from flytetask_nb.models.class_names import without_addresses

M = TypeVar("M", bound=Message)


@runtime_checkable
class HasFlyteIdl(Protocol):
    """Anything with ``to_flyte_idl()``: this package's models, and flytekit's."""

    def to_flyte_idl(self) -> Any:
        """Return the flyteidl message."""


def stands_for(value: object) -> Any:
    """Return the message that a value is or holds, or what its ``to_flyte_idl()`` gives; None for other values."""
    if isinstance(value, Message):
        return value
    message = getattr(value, "_message", None)
    if isinstance(message, Message):
        return message
    convert = getattr(value, "to_flyte_idl", None)
    return None if convert is None or isinstance(value, type) else convert()


def message_of(value: object, kind: type[M]) -> M:
    """Return the message of type ``kind`` that ``value`` is or stands for.

    ``value``: a message of that type, one of our models, or any object whose ``to_flyte_idl()`` gives one.
    ``kind``: the message class that is wanted, e.g. ``flyteidl.core.interface_pb2.TypedInterface``.
    Returns google.protobuf.message.Message: the message itself, *not* a copy, wherever ``value`` already holds one:
      read it, never change it.
    Raises ModelTypeError: ``value`` is something else.
    """
    message = stands_for(value)
    if isinstance(message, kind):
        return message
    if hasattr(value, "to_flyte_idl") and not isinstance(value, type):
        raise ModelTypeError(
            f"{type(value).__name__}.to_flyte_idl() gives {_kind_name(message)}, expected {_message_kind(kind)}; "
            f"hand in an object that stands for {_message_kind(kind)}"
        )
    given = _kind_name(value) if isinstance(value, Message) else f"{shown(value)}, {_kind_name(value)}"
    raise ModelTypeError(
        f"got {given}; expected {_message_kind(kind)}, a model of this package or of flytekit, or any object with "
        "to_flyte_idl()"
    )


def copied(message: M) -> M:
    """Return a message of its own with the same content."""
    copy = type(message)()
    copy.CopyFrom(message)
    return copy


def _kind_name(value: object) -> str:
    """Name a message's type as flyteidl does, anything else as Python does."""
    if isinstance(value, Message):
        return f"a {value.DESCRIPTOR.full_name}"
    return f"of type {type(value).__name__}"


def _message_kind(kind: type[Message]) -> str:
    return f"a {kind.DESCRIPTOR.full_name}"


def quoted(*names: str) -> str:
    """Return names as an error lists them: in quotes, secrets masked."""
    from flytetask_nb.masking import mask_text  # noqa: PLC0415 - its patterns cost time, and only an error needs them

    return ", ".join(repr(mask_text(name)) for name in names)


def shown(value: object, key: str = "", limit: int = 80) -> str:
    """Return what an error says of the value that it is about.

    ``value``: anything that a caller handed in.
    ``key``: name of the field that it was meant for.
    ``limit``: length at which the text is cut.
    Returns str: one line, secrets masked, no addresses. Of messages and of other packages' models only the kind: their
      own ``repr`` would show their secrets.
    """
    from flytetask_nb.masking import mask_value  # noqa: PLC0415 - its patterns cost time that only showing is worth

    foreign = isinstance(value, Message) or (
        hasattr(value, "to_flyte_idl") and not hasattr(value, "_message") and not isinstance(value, type)
    )
    text = _kind_name(value) if foreign else without_addresses(repr(mask_value(value, key)))
    return shortened(text, limit)
