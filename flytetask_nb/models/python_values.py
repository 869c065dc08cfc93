"""Which Python values fit a Flyte type, as far as that shows without flytekit's type engine."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from datetime import date, datetime, timedelta
from enum import Enum
from typing import Any, Final

from flyteidl.core import types_pb2

_Fit = Callable[[Any, Any], bool]


def _is_number(value: object) -> bool:
    return isinstance(value, int | float) and not isinstance(value, bool)


def _is_integer(value: object) -> bool:
    return isinstance(value, int) and not isinstance(value, bool)


_SIMPLE: Final[dict[int, Callable[[Any], bool]]] = {
    types_pb2.NONE: lambda value: value is None,
    types_pb2.INTEGER: _is_integer,
    types_pb2.FLOAT: _is_number,
    types_pb2.STRING: lambda value: isinstance(value, str),
    types_pb2.BOOLEAN: lambda value: isinstance(value, bool),
    types_pb2.DATETIME: lambda value: isinstance(value, datetime | date),
    types_pb2.DURATION: lambda value: isinstance(value, timedelta),
}


def _fits_collection(kind: Any, value: Any) -> bool:
    return isinstance(value, Sequence) and not isinstance(value, str | bytes) and all(fits(kind, one) for one in value)


def _fits_map(kind: Any, value: Any) -> bool:
    return isinstance(value, Mapping) and all(isinstance(key, str) and fits(kind, one) for key, one in value.items())


def _fits_enum(kind: Any, value: Any) -> bool:
    return (value.value if isinstance(value, Enum) else value) in kind.values


def _fits_union(kind: Any, value: Any) -> bool:
    return any(fits(variant, value) for variant in kind.variants)


_NESTED: Final[dict[str, _Fit]] = {
    "collection_type": _fits_collection,
    "map_value_type": _fits_map,
    "enum_type": _fits_enum,
    "union_type": _fits_union,
}


def fits(literal_type: Any, value: object) -> bool:
    """Tell whether a Python value can be one of a type.

    ``literal_type``: a ``flyteidl.core.types_pb2.LiteralType``.
    ``value``: anything. What only a type engine could judge (files, data sets, structures) fits.
    """
    kind = literal_type.WhichOneof("type")
    if kind == "simple":
        accepts = _SIMPLE.get(literal_type.simple)
        return accepts is None or accepts(value)
    nested = _NESTED.get(kind or "")
    return nested is None or nested(getattr(literal_type, kind), value)
