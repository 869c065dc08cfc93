"""From whatever a caller hands in to the flyteidl message that it stands for.

Callers hold our models, flyteidl's messages, or flytekit's model objects; each of them can be turned into a
message, and everything above this module works on messages alone.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Protocol, TypeVar, runtime_checkable

from google.protobuf.message import Message

from flytetask_nb.errors import ModelTypeError

if TYPE_CHECKING:
    from collections.abc import Callable

__all__ = ["HasFlyteIdl", "message_of"]

M = TypeVar("M", bound=Message)


@runtime_checkable
class HasFlyteIdl(Protocol):
    """Anything with ``to_flyte_idl()``: this package's models, and flytekit's."""

    def to_flyte_idl(self) -> Any:
        """Give the flyteidl message."""


def message_of(value: object, kind: type[M]) -> M:
    """Give the message of type ``kind`` that ``value`` is or stands for.

    Parameters
    ----------
    value
        A message of that type, one of our models, or any object whose ``to_flyte_idl()`` gives one.
    kind
        The message class that is wanted, e.g. ``flyteidl.core.interface_pb2.TypedInterface``.

    Returns
    -------
    google.protobuf.message.Message
        The message itself, *not* a copy, wherever ``value`` already holds one: read it, never change it.

    Raises
    ------
    ModelTypeError
        ``value`` is something else.
    """
    if isinstance(value, kind):
        return value
    held = getattr(value, "_message", None)
    if isinstance(held, kind):
        return held
    convert: Callable[[], object] | None = getattr(value, "to_flyte_idl", None)
    if convert is not None and not isinstance(value, type):
        message = convert()
        if isinstance(message, kind):
            return message
        raise ModelTypeError(
            f"{type(value).__name__}.to_flyte_idl() gives {_kind_name(message)}, expected {_kind_name(kind)}; "
            f"hand in an object that stands for {_kind_name(kind)}"
        )
    raise ModelTypeError(
        f"{_shortened(value)} is {_kind_name(value)}, expected {_kind_name(kind)}, a model of this package or of "
        "flytekit, or any object with to_flyte_idl()"
    )


def _kind_name(value: object) -> str:
    """Name a message's type as flyteidl does, anything else as Python does."""
    descriptor = getattr(value, "DESCRIPTOR", None)
    if descriptor is not None:
        return f"a {descriptor.full_name}"
    return f"of type {type(value).__name__}"


def _shortened(value: object, limit: int = 80) -> str:
    text = repr(value)
    return text if len(text) <= limit else text[: limit - 1] + "…"
