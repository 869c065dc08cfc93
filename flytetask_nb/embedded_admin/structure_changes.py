"""How Flyte Admin tells that what is registered under an id is something else: paths with old and new values.

Sources: flyteadmin/pkg/errors/errors.go; the paths and their order are those of the library that it compares with
(wI2L/jsondiff), the values are written as Go writes JSON that it has read.
"""

from __future__ import annotations

import base64
from typing import TYPE_CHECKING, Any, Final

from google.protobuf.json_format import MessageToDict

from flytetask_nb.semantics.descriptors import is_repeated, map_entry

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from google.protobuf.message import Message

__all__ = ["differences"]

_JSON_OF_ITS_OWN: Final = frozenset({"google.protobuf.Struct", "google.protobuf.Value", "google.protobuf.ListValue"})
_Operation = tuple[str, Any]


def differences(old: Message, new: Message) -> str:
    """Tell where two messages of a kind differ.

    Parameters
    ----------
    old, new : Message

    Returns
    -------
    str
        One path after the other. It can be empty though they differ: what is added to a list is not told.
    """
    there, here = _go_json(old), _go_json(new)
    forth = dict(_operations("", there, here))
    back = dict(_operations("", here, there))
    return "\n".join(
        f"{path}:\n\t- {_go_text(value)} \n\t+ {_go_text(forth[path])}" for path, value in back.items() if path in forth
    )


# -- as Go turns its structs into JSON -------------------------------------------------------------------------------


def _go_json(message: Message) -> Any:
    """Give a message as Go's own JSON, which knows nothing of protobuf: names of fields, and of variants of a oneof."""
    descriptor = message.DESCRIPTOR
    if descriptor.full_name in _JSON_OF_ITS_OWN:
        return MessageToDict(message)
    written: dict[str, Any] = {}
    # Optional fields count as a oneof of their own, which Go does not write.
    variants = [oneof for oneof in descriptor.oneofs if not oneof.name.startswith("_")]
    for oneof in variants:
        chosen = message.WhichOneof(oneof.name)
        field = descriptor.fields_by_name.get(chosen or "")
        written[_camel(oneof.name)] = (
            None if field is None else {_camel(field.name): _go_value(field, getattr(message, field.name))}
        )
    for field, value in message.ListFields():
        if field.containing_oneof not in variants:
            written[field.name] = _go_field(field, value)
    return written


def _go_field(field: Any, value: Any) -> Any:
    entry = map_entry(field)
    if entry is not None:
        return {str(key): _go_value(entry[1], value[key]) for key in value}
    if is_repeated(field):
        return [_go_value(field, item) for item in value]
    return _go_value(field, value)


def _go_value(field: Any, value: Any) -> Any:
    if field.message_type is not None:
        return _go_json(value)
    return base64.b64encode(value).decode() if isinstance(value, bytes) else value


def _camel(name: str) -> str:
    """Name a field as Go does: ``k8s_pod`` becomes ``K8SPod``."""
    letters = []
    is_first = True
    for letter in name:
        if letter != "_":
            letters.append(letter.upper() if is_first else letter)
        is_first = letter == "_" or letter.isdigit()
    return "".join(letters)


# -- as jsondiff compares it -----------------------------------------------------------------------------------------


def _operations(path: str, old: Any, new: Any) -> Iterator[_Operation]:
    """Give what must change, by path: with the new value, or None for what goes."""
    if isinstance(old, dict) and isinstance(new, dict):
        for name in sorted({*old, *new}):
            inner = f"{path}/{name.replace('~', '~0').replace('/', '~1')}"
            if name in old and name in new:
                yield from _operations(inner, old[name], new[name])
            else:
                yield inner, new.get(name)
    elif isinstance(old, list) and isinstance(new, list):
        common = min(len(old), len(new))
        yield from ((f"{path}/{common}", None) for _ in old[common:])
        for place in range(common):
            yield from _operations(f"{path}/{place}", old[place], new[place])
        yield from ((f"{path}/-", item) for item in new[common:])
    elif old != new or type(old) is not type(new):
        yield path, new


# -- as Go writes what it has read -----------------------------------------------------------------------------------


def _go_text(value: Any) -> str:
    return _WRITERS.get(type(value), str)(value)


def _go_number(number: float) -> str:
    """Write a number, which JSON has made a float: from 1e+21 on with an exponent."""
    text = repr(float(number))
    return text if "e" in text and abs(number) >= _LARGE else text.removesuffix(".0")


_LARGE: Final = 1e21
_WRITERS: Final[dict[type, Callable[[Any], str]]] = {
    type(None): lambda _: "<nil>",
    bool: lambda value: str(value).lower(),
    int: _go_number,
    float: _go_number,
    dict: lambda value: f"map[{' '.join(f'{key}:{_go_text(value[key])}' for key in sorted(value))}]",
    list: lambda value: f"[{' '.join(map(_go_text, value))}]",
}
