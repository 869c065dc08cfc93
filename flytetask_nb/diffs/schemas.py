"""Changes of the JSON schemas of dataclasses: what they say of fields beside, or in place of, flytekit's own structure."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Final

from flyteidl.core import types_pb2

from flytetask_nb.diffs.edits import joined
from flytetask_nb.diffs.facets import Facet
from flytetask_nb.diffs.structures import canonical, kind_of, mapped_differences
from flytetask_nb.models.order import natural_key
from flytetask_nb.models.plain_values import fill_struct, plain_struct
from flytetask_nb.models.schema_notation import object_schema, property_notation
from flytetask_nb.models.types import LiteralType

if TYPE_CHECKING:
    from collections.abc import Iterator

    from flytetask_nb.diffs.facets import At

# Where schemas stand that others refer to.
_TABLES: Final = ("definitions", "$defs")
# What only tells people about values.
_REMARKS: Final = frozenset({"title", "description", "$comment", "examples", "deprecated"})
# Policy of this package: beyond these, references stay what they are.
_DEEPEST: Final = 40
_MOST_PARTS: Final = 2_000


class _Document:
    """The JSON schema of a dataclass, its references followed as far as they lead somewhere new."""

    def __init__(self, message: Any) -> None:
        self.message = message
        self.whole = plain_struct(message.metadata)
        self.left = _MOST_PARTS
        self.root = self._followed(self.whole, ())
        properties = self.root.get("properties")
        self.fields: dict[str, Any] = properties if isinstance(properties, dict) else {}
        required = self.root.get("required")
        self.required: list[Any] = required if isinstance(required, list) else []

    def _followed(self, part: Any, seen: tuple[str, ...]) -> Any:
        self.left -= 1
        if self.left < 0 or len(seen) > _DEEPEST:
            return part
        if isinstance(part, list):
            return [self._followed(inner, seen) for inner in part]
        if not isinstance(part, dict):
            return part
        pointer = part.get("$ref")
        target = self._target(pointer) if pointer not in seen else None
        if target is not None:
            rest = {word: inner for word, inner in part.items() if word not in ("$ref", *_TABLES)}
            followed = self._followed(target, (*seen, str(pointer)))
            return {**followed, **rest} if isinstance(followed, dict) else part
        return {word: self._followed(inner, seen) for word, inner in part.items() if word not in _TABLES}

    def _target(self, pointer: Any) -> Any:
        steps = pointer.split("/") if isinstance(pointer, str) else []
        if len(steps) != 3 or steps[0] != "#" or steps[1] not in _TABLES:  # noqa: PLR2004 - "#", the table, the name
            return None
        table = self.whole.get(steps[1])
        return table.get(steps[2]) if isinstance(table, dict) else None

    def notation(self, name: str) -> str:
        """Return a field as Python type."""
        schema = object_schema(self.message)
        known = schema is not None and "properties" in schema
        properties = schema["properties"].struct_value.fields if known else {}
        # One that stands behind several references is worded by nothing.
        return property_notation(properties[name], self.message.metadata.fields) if name in properties else "object"

    def beside(self, names: set[str]) -> dict[str, Any]:
        """Return what the schema says beside its fields, and of which of these names it says that they are required."""
        rest = {word: inner for word, inner in self.root.items() if word not in ("properties", "required")}
        required = sorted(name for name in self.required if isinstance(name, str) and name in names)
        return {**rest, "required": required} if required else rest


def schema_facets(at: At, side: str, old: Any, new: Any, *, under_union: bool) -> Iterator[Facet]:
    """Yield the respects in which the JSON schemas of two dataclasses differ, but for what their structures tell.

    Of variants of a union the structure gives way to the tag of the variant.
    """
    documents = _Document(old), _Document(new)
    types = LiteralType._own(old), LiteralType._own(new)
    field_names = _differing_names(old, new, documents)
    if under_union and not field_names:
        same = canonical(_without_remarks(documents[0].root)) == canonical(_without_remarks(documents[1].root))
        yield Facet("type-schema" if same else "dataclass-under-union", at.path, *types)
        return
    if not all(document.fields for document in documents):
        if not field_names:
            yield Facet("type-schema", at.path, *types)
        return
    is_any = False
    for name in sorted({*documents[0].fields, *documents[1].fields} - field_names, key=natural_key):
        for facet in _field_facets(joined(f"{at.path}.properties", name), side, name, documents):
            is_any = True
            yield facet._replace(field=(old, new, name))
    names = {name for name in documents[0].fields if name in documents[1].fields and name not in field_names}
    rest = list(mapped_differences(at.path, documents[0].beside(names), documents[1].beside(names)))
    if len(rest) == 1:
        yield Facet("type-schema", rest[0].path, rest[0].old, rest[0].new)
    elif rest or not (is_any or field_names):
        yield Facet("type-schema", at.path, *types)


def _differing_names(old: Any, new: Any, documents: tuple[_Document, _Document]) -> set[str]:
    """Return the names of fields of which the structures tell that they differ."""
    structures = [literal_type.structure.dataclass_type for literal_type in (old, new)]
    names = {
        name
        for name in {*structures[0], *structures[1]}
        if name not in structures[0] or name not in structures[1] or structures[0][name] != structures[1][name]
    }
    fields = {*documents[0].fields, *documents[1].fields}
    if names - fields:
        # The schema calls fields by aliases.
        names |= {name for name in fields if name not in structures[0] and name not in structures[1]}
    return names


def _field_facets(path: str, side: str, name: str, documents: tuple[_Document, _Document]) -> Iterator[Facet]:
    was, now = (document.fields.get(name) for document in documents)
    before, after = (document.notation(name) if name in document.fields else None for document in documents)
    if before is None or after is None:
        yield Facet(f"{side}-field-{kind_of(before, after)}", path, before, after, cache="none")
    elif before != after:
        yield Facet("field-type-changed", path, before, after, cache="none")
    elif isinstance(was, dict) and isinstance(now, dict):
        for place, before, after, *_ in mapped_differences(path, was, now):
            yield Facet("type-schema", place, before, after)
    elif canonical(was) != canonical(now):
        yield Facet("type-schema", path, was, now)


def _without_remarks(part: Any, *, by_name: bool = False) -> Any:
    if isinstance(part, list):
        return [_without_remarks(inner) for inner in part]
    if not isinstance(part, dict):
        return part
    return {
        word: _without_remarks(inner, by_name=not by_name and word in ("properties", "patternProperties"))
        for word, inner in part.items()
        if by_name or word not in _REMARKS
    }


def only_field(message: Any, name: str) -> Any:
    """Return a dataclass that has one of its fields alone; it need not have it."""
    document = _Document(message)
    made = types_pb2.LiteralType(simple=types_pb2.STRUCT)
    if message.HasField("metadata"):
        limited = {
            **document.root,
            **{table: document.whole[table] for table in _TABLES if table in document.whole},
            "properties": {key: inner for key, inner in document.fields.items() if key == name},
            "required": [key for key in document.required if key == name],
        }
        fill_struct(made.metadata, limited)
    if name in message.structure.dataclass_type:
        made.structure.dataclass_type[name].CopyFrom(message.structure.dataclass_type[name])
    return made
