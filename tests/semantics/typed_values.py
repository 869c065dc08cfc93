"""Whether a JSON value is one of a literal type, as another implementation of JSON Schema says it."""

from __future__ import annotations

from typing import Any

import jsonschema
from flyteidl.core import types_pb2
from google.protobuf.json_format import MessageToDict

from flytetask_nb.models.notation import literal_values

_OF_SIMPLE = {
    types_pb2.NONE: type(None),
    types_pb2.INTEGER: int,
    types_pb2.FLOAT: (int, float),
    types_pb2.STRING: str,
    types_pb2.BOOLEAN: bool,
}


def has_value(literal_type: Any, value: Any) -> bool:
    """Tell whether a value is one of a ``LiteralType`` message; what is not read as JSON has none."""
    kind = literal_type.WhichOneof("type")
    if kind == "union_type":
        return any(has_value(variant, value) for variant in literal_type.union_type.variants)
    if kind == "collection_type":
        return isinstance(value, list) and all(has_value(literal_type.collection_type, item) for item in value)
    if kind == "map_value_type":
        return isinstance(value, dict) and all(has_value(literal_type.map_value_type, item) for item in value.values())
    if kind == "enum_type":
        return value in literal_type.enum_type.values
    if literal_type.simple == types_pb2.STRUCT:
        return isinstance(value, dict) and fits_schema(MessageToDict(literal_type.metadata), value)
    allowed = literal_values(literal_type)
    is_of_type = isinstance(value, _OF_SIMPLE.get(literal_type.simple, ()))
    return is_of_type and (not allowed or any(one == value and type(one) is type(value) for one in allowed))


def fits_schema(schema: dict[str, Any], value: Any) -> bool:
    """Tell whether a value fits a JSON schema, of the latest draft where the schema does not say."""
    validator = jsonschema.validators.validator_for(schema, default=jsonschema.Draft202012Validator)
    return bool(validator(schema).is_valid(value))
