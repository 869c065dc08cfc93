"""JSON schemas of dataclasses in the words of Python: what flytekit's own description of a type leaves out.

Schemas are read as flytekit writes them: by mashumaro, by marshmallow before that, and by pydantic. They come as the
``google.protobuf.Value`` messages that a type's metadata holds, because tables ask for thousands of them.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Final

from flytetask_nb.models.order import natural_key
from flytetask_nb.models.plain_values import plain_json

if TYPE_CHECKING:
    from collections.abc import Iterable

_KINDS: Final = {
    "integer": "int",
    "number": "float",
    "string": "str",
    "boolean": "bool",
    "null": "None",
    "object": "dict",
    "array": "list",
}
_FORMATS: Final = {
    "date-time": "datetime",
    "date": "date",
    "time": "time",
    "time-delta": "timedelta",
    "duration": "timedelta",
    "uuid": "UUID",
    "path": "Path",
    "decimal": "Decimal",
    "base64": "bytes",
    "binary": "bytes",
}
# pydantic wraps a reference in an allOf of one where the field says more about itself.
_CHOICES: Final = {"anyOf": " | ", "oneOf": " | ", "allOf": " & "}
# flytekit's own classes, which are dataclasses too: what is in them is no secret of the task's.
_OWN_CLASSES: Final = frozenset({"FlyteFile", "FlyteDirectory", "FlyteSchema", "StructuredDataset"})
_DEEPEST: Final = 20
_BRIEF_CHOICES: Final = 4


def object_schema(message: Any) -> Any:
    """Return the fields of the JSON schema's object, through a ``$ref`` at its top; None if there is none.

    ``message``: a flyteidl ``LiteralType``.
    """
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


def declared_order(names: set[str], schema: Any) -> list[str]:
    """Put required fields first, as the schema lists them, then the others by name."""
    required: list[str] = []
    if schema is not None and "required" in schema:
        listed = (value.string_value for value in schema["required"].list_value.values)
        required = [name for name in dict.fromkeys(listed) if name in names]
    return required + sorted((name for name in names if name not in required), key=natural_key)


def schema_title(message: Any) -> str:
    """Return the class's name, where the JSON schema of a flyteidl ``LiteralType`` has it."""
    if not message.HasField("metadata"):
        return ""
    fields = message.metadata.fields
    if "title" in fields and fields["title"].string_value:
        return shown_name(fields["title"].string_value)
    if "$ref" in fields:
        return _reference_name(fields["$ref"].string_value)
    return ""


def _reference_name(pointer: str) -> str:
    # marshmallow names the definition after its schema class: FruitSchema for a dataclass Fruit.
    return shown_name(pointer.rsplit("/", 1)[-1].removesuffix("Schema").removesuffix("schema"))


def property_notation(value: Any, root: Any, depth: int = 0) -> str:
    """Return a property of a JSON schema as Python type.

    ``value``: the schema of the property, a ``Value``.
    ``root``: the fields of the whole schema, which references point into.
    ``depth``: how many schemas the property stands in.
    Returns str: ``object`` for what Python has no word for. References to other classes by name alone, since they may
      form a circle; those to enums by their values.
    """
    fields = value.struct_value.fields
    if depth > _DEEPEST:
        return "…"
    if "$ref" in fields:
        pointer = fields["$ref"].string_value
        target = _referenced(pointer, root)
        return _values_notation(target) or _reference_name(pointer) or "object"
    if values := _values_notation(fields):
        return values
    for choice, sign in _CHOICES.items():
        if choice in fields:
            options = [property_notation(item, root, depth + 1) for item in fields[choice].list_value.values]
            return sign.join(dict.fromkeys(options)) or "object"
    if "type" not in fields:
        return "object"
    declared = fields["type"]
    kinds = [item.string_value for item in declared.list_value.values] or [declared.string_value]
    return " | ".join(_kind_notation(kind, fields, root, depth + 1) for kind in kinds)


def _values_notation(fields: Any) -> str:
    """Return the values that a schema lists; empty where it lists none."""
    if fields is not None and "enum" in fields:
        return choice_notation("Enum", plain_json(fields["enum"]) or [])
    if fields is not None and "const" in fields:
        return choice_notation("Literal", [plain_json(fields["const"])])
    return ""


def choice_notation(kind: str, values: Iterable[Any], *, brief: bool = False) -> str:
    """Return a type that has these values and no others: ``Enum['a', 'b']``, ``Literal[1, None]``."""
    choices = list(map(repr, values))
    if brief and len(choices) > _BRIEF_CHOICES:
        choices[_BRIEF_CHOICES - 1 :] = ["…"]
    return f"{kind}[{', '.join(choices)}]"


def _kind_notation(kind: str, fields: Any, root: Any, depth: int) -> str:
    if kind == "array":
        return _array_notation(fields, root, depth)
    if kind == "object":
        return _object_notation(fields, root, depth)
    if kind in ("string", "number") and "format" in fields:
        return _FORMATS.get(fields["format"].string_value) or _KINDS[kind]
    return _KINDS.get(kind, "object")


def _array_notation(fields: Any, root: Any, depth: int) -> str:
    if "prefixItems" in fields:
        places = [property_notation(item, root, depth) for item in fields["prefixItems"].list_value.values]
        return f"tuple[{', '.join(places)}]"
    return f"list[{property_notation(fields['items'], root, depth)}]" if "items" in fields else "list"


def _object_notation(fields: Any, root: Any, depth: int) -> str:
    if "properties" in fields:
        name = shown_name(fields["title"].string_value) if "title" in fields else ""
        if name in _OWN_CLASSES:
            return name
        properties = fields["properties"].struct_value.fields
        inside = (
            f"{word_notation(key)}: {property_notation(properties[key], root, depth)}"
            for key in declared_order(set(properties), fields)
        )
        return f"{name or 'dataclass'}{{{', '.join(inside)}}}"
    if "additionalProperties" in fields and fields["additionalProperties"].HasField("struct_value"):
        key = property_notation(fields["propertyNames"], root, depth) if "propertyNames" in fields else "str"
        return f"dict[{key}, {property_notation(fields['additionalProperties'], root, depth)}]"
    return "dict"


def word_notation(text: str) -> str:
    """Return a name or format as it is where it reads as a name, else as a text in quotes."""
    return text if text.replace("-", "_").replace(".", "_").replace("/", "_").isidentifier() else repr(text)


def shown_name(text: str) -> str:
    """Return a class's name as it is (``Page[Item]`` is one), unless it would break the line."""
    return text if text.isprintable() else repr(text)
