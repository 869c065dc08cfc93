"""Interfaces as tables show them: thousands of them have few different variables, and each of those is read once."""

from __future__ import annotations

from functools import cache, lru_cache
from typing import TYPE_CHECKING, Any, Final, NamedTuple

from flyteidl.core import interface_pb2
from google.protobuf import descriptor_pb2, descriptor_pool, message_factory

from flytetask_nb.models.notation import accepts_none, type_notation, word_notation
from flytetask_nb.models.order import natural_key

if TYPE_CHECKING:
    from collections.abc import Sequence

__all__ = ["Signature", "signature_of", "variables_of"]

_PACKAGE: Final = "flytetask_nb.signatures"
_Field: Final = descriptor_pb2.FieldDescriptorProto
_KEPT: Final = 8_192


class Signature(NamedTuple):
    """What a table says of an interface: the names of its variables in order, and the whole in words."""

    inputs: list[str]
    outputs: list[str]
    text: str


@cache
def _interface_class() -> Any:
    """Give a class that parses a ``TypedInterface`` and leaves the variables in bytes."""
    file = descriptor_pb2.FileDescriptorProto(name="flytetask_nb/signatures.proto", package=_PACKAGE, syntax="proto3")
    one, many = _Field.LABEL_OPTIONAL, _Field.LABEL_REPEATED
    entry = file.message_type.add(name="Entry")
    entry.field.add(name="key", number=1, type=_Field.TYPE_STRING, label=one)
    entry.field.add(name="value", number=2, type=_Field.TYPE_BYTES, label=many)
    variables = file.message_type.add(name="Variables")
    variables.field.add(name="entries", number=1, type_name=f".{_PACKAGE}.Entry", label=many)
    interface = file.message_type.add(name="Interface")
    for number, name in enumerate(("inputs", "outputs"), start=1):
        interface.field.add(name=name, number=number, type_name=f".{_PACKAGE}.Variables", label=one)
    pool = descriptor_pool.DescriptorPool()
    pool.AddSerializedFile(file.SerializeToString())
    return message_factory.GetMessageClass(pool.FindMessageTypeByName(f"{_PACKAGE}.Interface"))


def variables_of(data: bytes) -> list[Sequence[bytes]]:
    """Give the variables of a serialized ``TypedInterface`` as they stand in it.

    Parameters
    ----------
    data
        The bytes.

    Returns
    -------
    list of sequence of bytes
        For each input and output the bytes of its ``Variable``: in several pieces where messages were merged.

    Raises
    ------
    google.protobuf.message.DecodeError
        They are no interface. The variables' own bytes are not looked into.
    """
    interface = _interface_class().FromString(data)
    return [entry.value for side in (interface.inputs, interface.outputs) for entry in side.entries]


def signature_of(data: bytes) -> Signature:
    """Give the signature of a serialized ``TypedInterface``.

    Notes
    -----
    Order and notation are those of ``flytetask_nb.models.notation``, brief.
    """
    interface = _interface_class().FromString(data)
    inputs, given = _side(interface.inputs)
    outputs, returned = _side(interface.outputs)
    return Signature(inputs, outputs, f"({given}) -> ({returned})")


def _side(variables: Any) -> tuple[list[str], str]:
    # Of entries with the same key the last counts; pieces of a value are one message.
    found = {entry.key: _notation(b"".join(entry.value)) for entry in variables.entries}
    names = list(found)
    if len(names) > 1:
        names.sort(key=lambda name: (found[name][1], _key(name)))
    return names, ", ".join([f"{_word(name)}: {found[name][0]}" for name in names])


_word = lru_cache(_KEPT)(word_notation)
_key = lru_cache(_KEPT)(natural_key)


@lru_cache(_KEPT)
def _notation(variable: bytes) -> tuple[str, bool]:
    """Give a variable's type in words, and whether it accepts None."""
    kind = interface_pb2.Variable.FromString(variable).type
    return type_notation(kind, brief=True), accepts_none(kind)
