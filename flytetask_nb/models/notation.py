"""Types and interfaces as a Python user would write them.

``list[int]``, ``str | None``, ``FlyteFile[csv]``, ``Config{depth: int}``; an interface reads as a signature. The
functions take flyteidl messages, because tables and lists ask for thousands of them.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from flyteidl.core import types_pb2

from flytetask_nb.models.class_names import class_notation
from flytetask_nb.models.order import natural_key
from flytetask_nb.models.plain_values import plain_json
from flytetask_nb.models.schema_notation import (
    choice_notation,
    declared_order,
    object_schema,
    property_notation,
    schema_title,
    shown_name,
    word_notation,
)

if TYPE_CHECKING:
    from collections.abc import Callable

__all__ = [
    "UNTYPED",
    "accepts_none",
    "dataclass_fields",
    "literal_values",
    "signature_notation",
    "signature_order",
    "type_notation",
    "word_notation",
]

UNTYPED = "<no type>"
"""Stands for a LiteralType in which nothing is set."""

_SIMPLE = {
    types_pb2.NONE: "None",
    types_pb2.INTEGER: "int",
    types_pb2.FLOAT: "float",
    types_pb2.STRING: "str",
    types_pb2.BOOLEAN: "bool",
    types_pb2.DATETIME: "datetime",
    types_pb2.DURATION: "timedelta",
    types_pb2.BINARY: "bytes",
    types_pb2.ERROR: "FlyteError",
    types_pb2.STRUCT: "dict",
}
_UNTYPED_DICT = _SIMPLE[types_pb2.STRUCT]
# Columns have types of the same names under other numbers.
_COLUMN = {
    number: _SIMPLE[types_pb2.SimpleType.Value(name)]
    for name, number in types_pb2.SchemaType.SchemaColumn.SchemaColumnType.items()
}
_BLOB = {types_pb2.BlobType.SINGLE: "FlyteFile", types_pb2.BlobType.MULTIPART: "FlyteDirectory"}
# flytekit's name for files that hold a pickled Python object, and the key under which it notes the object's class.
_PICKLE = "PythonPickle"
_PICKLED_CLASS = "python_class_name"
# The key under which it notes the values of a Literal.
_LITERAL_VALUES = "literal_values"


def type_notation(message: Any, *, brief: bool = False) -> str:
    """Return a type as a Python user would write it.

    ``message``: a flyteidl ``LiteralType``.
    ``brief``: name dataclasses, datasets and long enums without what is inside them.
    Returns str: one line. A type that is not set reads ``<no type>``, a number that this flyteidl does not know
      ``SimpleType(42)``.
    """
    kind = message.WhichOneof("type")
    write = _WRITERS.get(kind)
    return UNTYPED if write is None else write(message, brief)


def _simple(message: Any, brief: bool) -> str:
    if message.simple == types_pb2.STRUCT:
        return _struct(message, brief)
    if message.HasField("annotation") and (values := literal_values(message)):
        return choice_notation("Literal", values, brief=brief)
    return _SIMPLE.get(message.simple) or f"SimpleType({message.simple})"


def literal_values(message: Any) -> list[Any]:
    """Return the values that flytekit notes of a ``Literal``; empty for every other type.

    ``message``: a flyteidl ``LiteralType``.
    """
    if not message.HasField("annotation"):
        return []
    annotations = message.annotation.annotations.fields
    values = plain_json(annotations[_LITERAL_VALUES]) if _LITERAL_VALUES in annotations else None
    return values if isinstance(values, list) else []


def _struct(message: Any, brief: bool) -> str:
    name = schema_title(message)
    if brief and name:
        return name
    fields = dataclass_fields(message)
    if fields is None:
        return name or "dict"
    inside = ", ".join(f"{word_notation(field)}: {notation}" for field, notation in fields)
    return f"{name or 'dataclass'}{{{inside}}}"


def dataclass_fields(message: Any) -> list[tuple[str, str]] | None:
    """Return the fields of a dataclass type with their types' notation.

    ``message``: a flyteidl ``LiteralType`` of the simple type STRUCT.
    Returns list of (str, str) or None: in the order of declaration where the JSON schema tells it (its list of required
      fields), otherwise in natural order. None where the type says nothing about fields: an untyped dict.
    """
    structure = message.structure.dataclass_type
    schema = object_schema(message)
    properties = schema["properties"].struct_value.fields if schema is not None and "properties" in schema else None
    if properties is None and not structure:
        return None
    properties = properties or {}
    root = message.metadata.fields
    fields = []
    for name in declared_order(_field_names(structure, properties), schema):
        notation = type_notation(structure[name]) if name in structure else ""
        if notation in ("", _UNTYPED_DICT) and name in properties:
            notation = property_notation(properties[name], root)
        fields.append((name, notation))
    return fields


def _field_names(structure: Any, properties: Any) -> set[str]:
    """Return the names of all fields: flytekit's structure leaves out those whose type it has no words for.

    A schema can call a field by an alias, which is no other field.
    """
    names = set(structure)
    unknown = {name for name in properties if name not in names}
    return {*names, *unknown} if len(unknown) > len(names.difference(properties)) else names


def _blob(message: Any) -> str:
    blob = message.blob
    if blob.format == _PICKLE:
        fields = message.metadata.fields
        name = class_notation(fields[_PICKLED_CLASS].string_value) if _PICKLED_CLASS in fields else ""
        return f"FlytePickle[{shown_name(name)}]" if name else "FlytePickle"
    name = _BLOB.get(blob.dimensionality) or f"Blob({blob.dimensionality})"
    return f"{name}[{word_notation(blob.format)}]" if blob.format else name


def _schema(message: Any, brief: bool) -> str:
    columns = message.schema.columns
    if brief or not columns:
        return "FlyteSchema"
    inside = ", ".join(
        f"{word_notation(column.name)}: {_COLUMN.get(column.type) or f'SchemaColumnType({column.type})'}"
        for column in columns
    )
    return f"FlyteSchema[{{{inside}}}]"


def _dataset(message: Any, brief: bool) -> str:
    dataset = message.structured_dataset_type
    parts = []
    if dataset.columns and not brief:
        columns = (f"{word_notation(column.name)}: {type_notation(column.literal_type)}" for column in dataset.columns)
        parts.append("{" + ", ".join(columns) + "}")
    if dataset.format:
        parts.append(word_notation(dataset.format))
    return f"StructuredDataset[{', '.join(parts)}]" if parts else "StructuredDataset"


def _union(message: Any, brief: bool) -> str:
    variants = [
        (variant.WhichOneof("type"), type_notation(variant, brief=brief)) for variant in message.union_type.variants
    ]
    if len(variants) < 2:  # noqa: PLR2004 - a union that Python's | cannot write
        return f"Union[{variants[0][1] if variants else '()'}]"
    return " | ".join(f"({notation})" if kind == "union_type" else notation for kind, notation in variants)


_WRITERS: dict[str | None, Callable[[Any, bool], str]] = {
    "simple": _simple,
    "schema": _schema,
    "collection_type": lambda message, brief: f"list[{type_notation(message.collection_type, brief=brief)}]",
    "map_value_type": lambda message, brief: f"dict[str, {type_notation(message.map_value_type, brief=brief)}]",
    "blob": lambda message, _: _blob(message),
    "enum_type": lambda message, brief: choice_notation("Enum", message.enum_type.values, brief=brief),
    "union_type": _union,
    "structured_dataset_type": _dataset,
}


def accepts_none(message: Any) -> bool:
    """Tell whether a type is NONE or a union with it: what ``Optional`` means to a Python user.

    ``message``: a flyteidl ``LiteralType``.
    """
    kind = message.WhichOneof("type")
    if kind == "simple":
        return bool(message.simple == types_pb2.NONE)
    return kind == "union_type" and any(map(accepts_none, message.union_type.variants))


def signature_order(variables: Any) -> list[str]:
    """Put the names of inputs or outputs in the order in which they are shown.

    Required inputs stand before those that accept None, each in natural order. (Protobuf maps have no order, so
    that of the Python function is lost when a task is registered.)
    """
    if len(variables) < 2:  # noqa: PLR2004 - nothing to order
        return list(variables)
    names = sorted(variables, key=natural_key)
    names.sort(key=lambda name: accepts_none(variables[name].type))
    return names


def signature_notation(message: Any, *, brief: bool = False) -> str:
    """Return an interface as a signature.

    ``message``: a flyteidl ``TypedInterface``.
    ``brief``: name dataclasses, datasets and long enums without what is inside them.
    Returns str: ``(x: int, limit: int | None) -> (model: FlyteFile, score: float)``; ``() -> ()`` where there is
      nothing.
    """
    return f"{_variables(message.inputs.variables, brief)} -> {_variables(message.outputs.variables, brief)}"


def _variables(variables: Any, brief: bool) -> str:
    written = (
        f"{word_notation(name)}: {type_notation(variables[name].type, brief=brief)}"
        for name in signature_order(variables)
    )
    return f"({', '.join(written)})"
