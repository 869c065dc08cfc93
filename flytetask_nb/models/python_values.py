"""Which Python values fit a Flyte type, as far as that shows without flytekit's type engine."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from datetime import date, datetime, timedelta
from enum import Enum
from typing import Any, Final

from flyteidl.core import types_pb2

_SIMPLE: Final[dict[int, Callable[[Any], bool]]] = {
    types_pb2.NONE: lambda value: value is None,
    types_pb2.INTEGER: lambda value: isinstance(value, int) and not isinstance(value, bool),
    types_pb2.FLOAT: lambda value: isinstance(value, int | float) and not isinstance(value, bool),
    types_pb2.STRING: lambda value: isinstance(value, str),
    types_pb2.BOOLEAN: lambda value: isinstance(value, bool),
    types_pb2.DATETIME: lambda value: isinstance(value, datetime | date),
    types_pb2.DURATION: lambda value: isinstance(value, timedelta),
}


def _fits_collection(kind: Any, value: Any) -> bool:
    return (
        isinstance(value, Sequence) and not isinstance(value, str | bytes) and all(fits(kind, item) for item in value)
    )


def _fits_map(kind: Any, value: Any) -> bool:
    return isinstance(value, Mapping) and all(isinstance(key, str) and fits(kind, item) for key, item in value.items())


_NESTED: Final[dict[str, Callable[[Any, Any], bool]]] = {
    "collection_type": _fits_collection,
    "map_value_type": _fits_map,
    "enum_type": lambda kind, value: (value.value if isinstance(value, Enum) else value) in kind.values,
    "union_type": lambda kind, value: any(fits(variant, value) for variant in kind.variants),
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
