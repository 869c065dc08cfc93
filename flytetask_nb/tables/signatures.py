"""Interfaces as tables show them: thousands of them have few different variables, and each of those is read once."""

from __future__ import annotations

from functools import cache, lru_cache
from typing import Any, Final, NamedTuple

from flyteidl.core import interface_pb2
from google.protobuf import message_factory

from flytetask_nb.models.notation import accepts_none, type_notation, word_notation
from flytetask_nb.models.order import natural_key
from flytetask_nb.protobuf_wire import BYTES, TEXT, Fields, described

_KEPT: Final = 8_192


class Signature(NamedTuple):
    """What a table says of an interface: how many variables, their names in order, and the whole in words."""

    inputs: int
    input_names: str
    outputs: int
    output_names: str
    text: str


# What holds one message is repeated, to see when it stands there twice.
_MESSAGES: Final[dict[str, Fields]] = {
    "Entry": [(1, "key", TEXT, False), (2, "value", BYTES, True)],
    "Variables": [(1, "entries", "Entry", True)],
    "Interface": [(1, "inputs", "Variables", True), (2, "outputs", "Variables", True)],
}


@cache
def interface_message() -> Any:
    """Return the descriptor of a ``TypedInterface`` of which the variables are left in bytes."""
    return described("signatures", _MESSAGES, "Interface")


def signature_of(data: bytes) -> Signature:
    """Return the signature of a serialized ``TypedInterface``.

    Notes
    -----
    Order and notation are those of ``flytetask_nb.models.notation``, brief.
    """
    interface: Any = message_factory.GetMessageClass(interface_message()).FromString(data)
    inputs, input_names, given = _side(interface.inputs)
    outputs, output_names, returned = _side(interface.outputs)
    return Signature(inputs, input_names, outputs, output_names, f"({given}) -> ({returned})")


def _side(pieces: Any) -> tuple[int, str, str]:
    # Of entries with the same key the last counts; pieces of a value are one message.
    notations = {entry.key: notation_of(b"".join(entry.value)) for piece in pieces for entry in piece.entries}
    names = list(notations)
    if len(names) > 1:
        names.sort(key=lambda name: (notations[name][1], order_of(name)))
    return len(names), ", ".join(names), ", ".join([f"{word_of(name)}: {notations[name][0]}" for name in names])


word_of = lru_cache(_KEPT)(word_notation)
order_of = lru_cache(_KEPT)(natural_key)


@lru_cache(_KEPT)
def notation_of(variable: bytes) -> tuple[str, bool]:
    """Return a variable's type in words, and whether it accepts None."""
    kind = interface_pb2.Variable.FromString(variable).type
    return type_notation(kind, brief=True), accepts_none(kind)
