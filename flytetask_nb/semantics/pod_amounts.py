"""A pod spec as Kubernetes reads it where a plugin nests it: without what is empty, each amount read as such."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Final

from flytetask_nb.semantics.pod_specs import (
    _Amount,
    _fields,
    _folded,
    _Kind,
    _List,
    _Map,
    _Pointer,
    _Structure,
    json_number,
)

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

__all__ = ["pod_as_read"]

_POD: Final = _Structure("PodSpec")


def pod_as_read(spec: Mapping[str, Any], amount: Callable[[str], Any]) -> dict[str, Any]:
    """Return a pod spec with what Kubernetes takes for absent left out, and amounts in another form.

    Parameters
    ----------
    spec
        As plain Python values. What does not fit Kubernetes' PodSpec stays as it is.
    amount
        What to make of the text of each quantity.

    Notes
    -----
    Kubernetes tells an empty structure from an absent one only where its type is a pointer, as that of a security
    context is: encoding/json over the types of k8s.io/api/core/v1.
    """
    read: dict[str, Any] = _read(_POD, spec, amount)
    return read


def _read(kind: _Kind, value: Any, amount: Callable[[str], Any]) -> Any:
    if isinstance(kind, _Pointer):
        return _read(kind.target, value, amount)
    if isinstance(kind, _Amount) and isinstance(value, str | int | float) and not isinstance(value, bool):
        return amount(value.strip() if isinstance(value, str) else json_number(float(value)))
    if isinstance(kind, _List) and isinstance(value, list):
        return [_read(kind.item, item, amount) for item in value]
    if isinstance(kind, _Map) and isinstance(value, dict):
        return {key: _read(kind.item, item, amount) for key, item in value.items()}
    return _structure(kind.name, value, amount) if isinstance(kind, _Structure) and isinstance(value, dict) else value


def _structure(name: str, given: Mapping[str, Any], amount: Callable[[str], Any]) -> dict[str, Any]:
    fields = _fields(name)
    found: dict[str, Any] = {}
    for key, value in given.items():
        field = fields.get(key) or fields.get(_folded(key))
        if field is None:
            found[key] = value
            continue
        read = _read(field.kind, value, amount)
        # A pointer to what is empty is not absent; an amount of zero is one.
        if read is not None and (read or isinstance(field.kind, _Pointer | _Amount)):
            found[field.name] = read
    return found
