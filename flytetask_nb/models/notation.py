"""Types and interfaces as a Python user would write them.

``list[int]``, ``str | None``, ``FlyteFile[csv]``, ``Config{depth: int}``; an interface reads as a signature. The
functions take flyteidl messages, because tables and lists ask for thousands of them.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from flyteidl.core import types_pb2

from flytetask_nb.models.order import natural_key

if TYPE_CHECKING:
    from collections.abc import Callable

__all__ = [
    "UNTYPED",
    "accepts_none",
    "dataclass_fields",
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
_COLUMN = {
    types_pb2.SchemaType.SchemaColumn.INTEGER: "int",
    types_pb2.SchemaType.SchemaColumn.FLOAT: "float",
    types_pb2.SchemaType.SchemaColumn.STRING: "str",
    types_pb2.SchemaType.SchemaColumn.BOOLEAN: "bool",
    types_pb2.SchemaType.SchemaColumn.DATETIME: "datetime",
    types_pb2.SchemaType.SchemaColumn.DURATION: "timedelta",
}
_BLOB = {types_pb2.BlobType.SINGLE: "FlyteFile", types_pb2.BlobType.MULTIPART: "FlyteDirectory"}
# JSON Schema's words, for dataclasses of old flytekit versions that have no other description of their fields.
_JSON = {"integer": "int", "number": "float", "string": "str", "boolean": "bool", "null": "None", "object": "dict"}
# pydantic wraps a reference in an allOf of one where the field says more about itself.
_CHOICES = {"anyOf": " | ", "oneOf": " | ", "allOf": " & "}
# flytekit's name for files that hold a pickled Python object, and the key under which it notes the object's class.
_PICKLE = "PythonPickle"
_PICKLED_CLASS = "python_class_name"
_SCHEMA_DEPTH = 20
_BRIEF_ENUM = 4


def type_notation(message: Any, *, brief: bool = False) -> str:
    """Give a type as a Python user would write it.

    Parameters
    ----------
    message
        A flyteidl ``LiteralType``.
    brief
        Name dataclasses, datasets and long enums without what is inside them.

    Returns
    -------
    str
        One line. A type that is not set reads ``<no type>``, a number that this flyteidl does not know
        ``SimpleType(42)``.
    """
    kind = message.WhichOneof("type")
    write = _WRITERS.get(kind)
    return UNTYPED if write is None else write(message, brief)


def _simple(message: Any, brief: bool) -> str:
    if message.simple == types_pb2.STRUCT:
        return _struct(message, brief)
    return _SIMPLE.get(message.simple) or f"SimpleType({message.simple})"


def _struct(message: Any, brief: bool) -> str:
    name = _schema_title(message)
    if brief and name:
        return name
    fields = dataclass_fields(message)
    if fields is None:
        return name or "dict"
    inside = ", ".join(f"{word_notation(field)}: {notation}" for field, notation in fields)
    return f"{name or 'dataclass'}{{{inside}}}"


def dataclass_fields(message: Any) -> list[tuple[str, str]] | None:
    """Give the fields of a dataclass type with their types' notation.

    Parameters
    ----------
    message
        A flyteidl ``LiteralType`` of the simple type STRUCT.

    Returns
    -------
    list of (str, str) or None
        In the order of declaration where the JSON schema tells it (its list of required fields), otherwise in
        natural order. None where the type says nothing about fields: an untyped dict.
    """
    structure = message.structure.dataclass_type
    schema = _object_schema(message)
    if structure:
        names = _declared_order(structure, schema)
        return [(name, type_notation(structure[name])) for name in names]
    if schema is None or "properties" not in schema:
        return None
    properties = schema["properties"].struct_value.fields
    root = message.metadata.fields
    return [(name, _json_notation(properties[name], root)) for name in _declared_order(properties, schema)]


def _declared_order(names: Any, schema: Any) -> list[str]:
    """Put required fields first, as the schema lists them, then the others by name."""
    required: list[str] = []
    if schema is not None and "required" in schema:
        listed = (value.string_value for value in schema["required"].list_value.values)
        required = [name for name in dict.fromkeys(listed) if name in names]
    return required + sorted((name for name in names if name not in required), key=natural_key)


def _object_schema(message: Any) -> Any:
    """Give the fields of the JSON schema's object, through a ``$ref`` at its top; None if there is none."""
    if not message.HasField("metadata"):
        return None
    fields = message.metadata.fields
    if "$ref" in fields:
        return _referenced(fields["$ref"].string_value, fields)
    return fields


def _referenced(pointer: str, root: Any) -> Any:
    """Follow ``#/definitions/Name`` or ``#/$defs/Name``; None where it leads nowhere."""
    parts = pointer.split("/")
    if len(parts) != 3 or parts[0] != "#" or parts[1] not in root:  # noqa: PLR2004 - "#", the table, the name
        return None
    table = root[parts[1]].struct_value.fields
    return table[parts[2]].struct_value.fields if parts[2] in table else None


def _schema_title(message: Any) -> str:
    """Give the class's name, where the JSON schema has it."""
    if not message.HasField("metadata"):
        return ""
    fields = message.metadata.fields
    if "title" in fields and fields["title"].string_value:
        return _one_line(fields["title"].string_value)
    if "$ref" in fields:
        return _reference_name(fields["$ref"].string_value)
    return ""


def _reference_name(pointer: str) -> str:
    # marshmallow names the definition after its schema class: FruitSchema for a dataclass Fruit.
    return _one_line(pointer.rsplit("/", 1)[-1].removesuffix("Schema").removesuffix("schema"))


def _json_notation(value: Any, root: Any, depth: int = 0) -> str:
    """Give a property of a JSON schema as Python type; references by name alone, since they may form a circle."""
    fields = value.struct_value.fields
    if depth > _SCHEMA_DEPTH:
        return "…"
    if "$ref" in fields:
        return _reference_name(fields["$ref"].string_value) or "object"
    for choice, sign in _CHOICES.items():
        if choice in fields:
            options = [_json_notation(item, root, depth + 1) for item in fields[choice].list_value.values]
            return sign.join(dict.fromkeys(options)) or "object"
    if "type" not in fields:
        return "object"
    declared = fields["type"]
    kinds = [item.string_value for item in declared.list_value.values] or [declared.string_value]
    return " | ".join(_json_kind(kind, fields, root, depth) for kind in kinds)


def _json_kind(kind: str, fields: Any, root: Any, depth: int) -> str:
    if kind == "array":
        return f"list[{_json_notation(fields['items'], root, depth + 1)}]" if "items" in fields else "list"
    if kind == "object" and "additionalProperties" in fields:
        inner = fields["additionalProperties"]
        if inner.WhichOneof("kind") == "struct_value":
            return f"dict[str, {_json_notation(inner, root, depth + 1)}]"
    return _JSON.get(kind, "object")


def _blob(message: Any, brief: bool) -> str:  # noqa: ARG001 - called like the others
    blob = message.blob
    if blob.format == _PICKLE:
        fields = message.metadata.fields
        name = fields[_PICKLED_CLASS].string_value if _PICKLED_CLASS in fields else ""
        # Written as typing.Any or as <class 'pandas.core.series.Series'>.
        name = name.removeprefix("<class '").removesuffix("'>").rpartition(".")[2]
        return f"FlytePickle[{_one_line(name)}]" if name else "FlytePickle"
    name = _BLOB.get(blob.dimensionality) or f"Blob({blob.dimensionality})"
    return f"{name}[{word_notation(blob.format)}]" if blob.format else name


def word_notation(text: str) -> str:
    """Give a name or format as it is where it reads as a name, else as a text in quotes."""
    return text if text.replace("-", "_").replace(".", "_").replace("/", "_").isidentifier() else repr(text)


def _one_line(text: str) -> str:
    """Give a class's name as it is (``Page[Item]`` is one), unless it would break the line."""
    return text if text.isprintable() else repr(text)


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


def _enum(message: Any, brief: bool) -> str:
    values = list(map(repr, message.enum_type.values))
    if brief and len(values) > _BRIEF_ENUM:
        values[_BRIEF_ENUM - 1 :] = ["…"]
    return f"Enum[{', '.join(values)}]"


def _union(message: Any, brief: bool) -> str:
    variants = [
        (variant.WhichOneof("type"), type_notation(variant, brief=brief)) for variant in message.union_type.variants
    ]
    if len(variants) < 2:  # noqa: PLR2004 - a union that Python's | cannot write
        return f"Union[{variants[0][1] if variants else '()'}]"
    return " | ".join(f"({notation})" if kind == "union_type" else notation for kind, notation in variants)


def _collection(message: Any, brief: bool) -> str:
    return f"list[{type_notation(message.collection_type, brief=brief)}]"


def _map(message: Any, brief: bool) -> str:
    return f"dict[str, {type_notation(message.map_value_type, brief=brief)}]"


_WRITERS: dict[str | None, Callable[[Any, bool], str]] = {
    "simple": _simple,
    "schema": _schema,
    "collection_type": _collection,
    "map_value_type": _map,
    "blob": _blob,
    "enum_type": _enum,
    "union_type": _union,
    "structured_dataset_type": _dataset,
}


def accepts_none(message: Any) -> bool:
    """Tell whether a type is NONE or a union with it: what ``Optional`` means to a Python user.

    Parameters
    ----------
    message
        A flyteidl ``LiteralType``.
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
    """Give an interface as a signature.

    Parameters
    ----------
    message
        A flyteidl ``TypedInterface``.
    brief
        Name dataclasses, datasets and long enums without what is inside them.

    Returns
    -------
    str
        ``(x: int, limit: int | None) -> (model: FlyteFile, score: float)``; ``() -> ()`` where there is nothing.
    """
    return f"{_variables(message.inputs.variables, brief)} -> {_variables(message.outputs.variables, brief)}"


def _variables(variables: Any, brief: bool) -> str:
    written = (
        f"{word_notation(name)}: {type_notation(variables[name].type, brief=brief)}"
        for name in signature_order(variables)
    )
    return f"({', '.join(written)})"
