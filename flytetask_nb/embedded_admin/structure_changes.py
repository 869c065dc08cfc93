"""How Flyte Admin tells that what is registered under an id is something else: paths with old and new values.

Sources: flyteadmin/pkg/errors/errors.go; the paths and their order are those of the library that it compares with
(wI2L/jsondiff), the values are written as Go writes JSON that it has read.
"""

from __future__ import annotations

import base64
from typing import TYPE_CHECKING, Any, Final

from google.protobuf.json_format import MessageToDict

from flytetask_nb.embedded_admin.refusals import Refusal, invalid
from flytetask_nb.semantics.descriptors import is_repeated, map_entry

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from google.protobuf.message import Message

    from flytetask_nb.embedded_admin.store import Row

_JSON_OF_ITS_OWN: Final = frozenset({"google.protobuf.Struct", "google.protobuf.Value", "google.protobuf.ListValue"})
_LARGE: Final = 1e21


def registered_already(
    noun: str, existing: Row, digest: bytes, old: Message, new: Message, *, details: Message | None = None
) -> Refusal:
    """Say that something is registered under an id.

    ``digest``: of what is to be registered.
    """
    if existing["digest"] == digest:
        return Refusal("ALREADY_EXISTS", f"{noun} with identical structure already exists", details)
    return invalid(
        f"{existing['name']} {noun} with different structure already exists. "
        f"(Please register a new version of the {noun}):\n{differences(old, new)}",
        details,
    )


def differences(old: Message, new: Message) -> str:
    """Return the paths at which two messages of a kind differ, each with both values, one after the other.

    It can be empty though they differ: what is added to a list is not told.
    """
    before, after = _go_json(old), _go_json(new)
    forth, back = dict(_operations("", before, after)), dict(_operations("", after, before))
    return "\n".join(
        f"{path}:\n\t- {_go_text(value)} \n\t+ {_go_text(forth[path])}" for path, value in back.items() if path in forth
    )


def _go_json(message: Message) -> Any:
    """Return a message as Go's own JSON, which knows nothing of protobuf: by names of fields and variants of a oneof."""
    descriptor = message.DESCRIPTOR
    if descriptor.full_name in _JSON_OF_ITS_OWN:
        return MessageToDict(message)
    # Optional fields count as a oneof of their own, which Go does not write.
    variants = [oneof for oneof in descriptor.oneofs if not oneof.name.startswith("_")]
    written: dict[str, Any] = dict.fromkeys(_camel(oneof.name) for oneof in variants)
    for field, value in message.ListFields():
        if field.containing_oneof in variants:
            written[_camel(field.containing_oneof.name)] = {_camel(field.name): _go_value(field, value)}
        elif (entry := map_entry(field)) is not None:
            written[field.name] = {str(key): _go_value(entry[1], value[key]) for key in value}
        else:
            is_list = is_repeated(field)
            written[field.name] = [_go_value(field, item) for item in value] if is_list else _go_value(field, value)
    return written


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


def _operations(path: str, old: Any, new: Any) -> Iterator[tuple[str, Any]]:
    """Yield what must change, by path as jsondiff names it: with the new value, or None for what goes."""
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
        for position in range(common):
            yield from _operations(f"{path}/{position}", old[position], new[position])
        yield from ((f"{path}/-", item) for item in new[common:])
    elif old != new or type(old) is not type(new):
        yield path, new


def _go_text(value: Any) -> str:
    return _WRITERS.get(type(value), str)(value)


def _go_number(number: float) -> str:
    """Write a number, which JSON has made a float: from 1e+21 on with an exponent."""
    text = repr(float(number))
    return text if "e" in text and abs(number) >= _LARGE else text.removesuffix(".0")


_WRITERS: Final[dict[type, Callable[[Any], str]]] = {
    type(None): lambda _: "<nil>",
    bool: lambda value: str(value).lower(),
    int: _go_number,
    float: _go_number,
    dict: lambda value: f"map[{' '.join(f'{key}:{_go_text(value[key])}' for key in sorted(value))}]",
    list: lambda value: f"[{' '.join(map(_go_text, value))}]",
}
