"""Candidates for a type that shows what a change breaks: producers of an input, consumers of an output.

A candidate is a guess, made from what the old type accepts or feeds and from what nobody names: another format, another
column, another enum. Whoever takes one has to ask the type check what it is worth.
"""

from __future__ import annotations

from itertools import chain, islice
from typing import TYPE_CHECKING, Any, Final

from flyteidl.core import types_pb2
from google.protobuf.json_format import ParseDict

from flytetask_nb.semantics.castability import (
    PARQUET,
    SIMPLE_OF_COLUMN,
    DerivedType,
    Kind,
    castable_types,
    is_none,
    json_schema_of,
)

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Iterator

    from flytetask_nb.semantics.meta_schemas import Json

    _Find = Callable[[DerivedType, DerivedType, "_Names"], Iterator[Any]]

_Literal: Final = types_pb2.LiteralType
_Dataset: Final = types_pb2.StructuredDatasetType
_Schema: Final = types_pb2.SchemaType

# Policy of this package: where so many guesses were wrong, the next ones will be too; of large types, fewer.
_MOST_GUESSES: Final = 400
_FEWEST_GUESSES: Final = 20
_MOST_BYTES: Final = 400_000
_MOST_PLACES: Final = 30
_DEEPEST_SCHEMA: Final = 20

_COLUMN_OF_SIMPLE: Final = {simple: column for column, simple in SIMPLE_OF_COLUMN.items()}
# What a real consumer or producer would name; taken as it is unless one of the two types names it.
_FORMATS: Final = ("csv", PARQUET, "jsonl")
_NAME: Final = "other"


def find_producer(old: DerivedType, new: DerivedType) -> Any | None:
    """Find a type that feeds ``old`` and does not feed ``new``.

    Returns flyteidl.core.LiteralType or None: None proves nothing: no guess was right.
    """
    names = _Names(old, new)
    guesses = chain(_producers(old, new, names), _producers(new, old, names))
    return names.first(guesses, lambda guess: castable_types(guess, old) and not castable_types(guess, new))


def find_consumer(old: DerivedType, new: DerivedType, names: _Names | None = None) -> Any | None:
    """Find a type that ``old`` feeds and ``new`` does not feed.

    ``names``: those of the search that this one is a part of.
    Returns flyteidl.core.LiteralType or None: None proves nothing: no guess was right.
    """
    names = names or _Names(old, new)
    guesses = _consumers(old, new, names)
    return names.first(guesses, lambda guess: castable_types(old, guess) and not castable_types(new, guess))


class _Names:
    """Names that neither of two types uses, and how many more guesses may be made with them."""

    __slots__ = ("format", "left", "name")

    def __init__(self, old: DerivedType, new: DerivedType) -> None:
        used = old.message.SerializeToString() + new.message.SerializeToString()
        self.left = max(_FEWEST_GUESSES, min(_MOST_GUESSES, _MOST_BYTES // (len(used) + 1)))
        self.name = _unused(_NAME, used)
        lowered = used.lower()
        self.format = next((name for name in _FORMATS if name.encode() not in lowered), _unused(_NAME, used))

    def first(self, guesses: Iterator[Any], is_right: Callable[[DerivedType], bool]) -> Any | None:
        """Return the first guess that is right, as long as more may be made."""
        while self.left > 0:
            self.left -= 1
            guess = next(guesses, None)
            if guess is None or is_right(DerivedType(guess)):
                return guess
        return None


def _unused(name: str, used: bytes) -> str:
    while name.encode() in used:
        name += "_"
    return name


# -- making types --------------------------------------------------------------------------------------------------


def _simple(number: int, tag: str = "") -> Any:
    return _Literal(simple=number, structure=types_pb2.TypeStructure(tag=tag)) if tag else _Literal(simple=number)


def _enum(*values: str) -> Any:
    return _Literal(enum_type=types_pb2.EnumType(values=values))


def _union(*variants: Any) -> Any:
    return _Literal(union_type=types_pb2.UnionType(variants=variants))


def _blob(blob_format: str, like: DerivedType) -> Any:
    return _Literal(blob=types_pb2.BlobType(format=blob_format, dimensionality=like.message.blob.dimensionality))


def _schema(columns: Iterable[tuple[str, Any]] = ()) -> Any:
    return _Literal(schema=_Schema(columns=[_Schema.SchemaColumn(name=name, type=kind) for name, kind in columns]))


def _dataset(blob_format: str = "", columns: Iterable[tuple[str, Any]] = ()) -> Any:
    made = [_Dataset.DatasetColumn(name=name, literal_type=kind) for name, kind in columns]
    return _Literal(structured_dataset_type=_Dataset(format=blob_format, columns=made))


def _dataclass(schema: Json, tag: str = "") -> Any:
    made = _simple(types_pb2.STRUCT, tag)
    ParseDict(schema, made.metadata)
    return made


def _unreadable(name: str, tag: str = "") -> Any:
    """Return a dataclass with a file, whose schema the compiler cannot read: it covers nothing but itself."""
    properties = {name: {"type": "string", "format": "path"}}
    return _dataclass({"type": "object", "title": "Other", "properties": properties, "required": [name]}, tag)


def _holder(like: DerivedType, element: Any) -> Any:
    return _Literal(collection_type=element) if like.kind == Kind.LIST else _Literal(map_value_type=element)


def _columns(literal_type: DerivedType) -> list[tuple[str, Any]]:
    """Return the columns of a dataset with their types as messages, of a schema with the types they stand for."""
    if literal_type.kind == Kind.DATASET:
        return [(name, column.message) for name, column in literal_type.columns]
    return [(name, _simple(SIMPLE_OF_COLUMN.get(kind, 0))) for name, kind in literal_type.columns]


def _as_schema(literal_type: DerivedType) -> Any | None:
    """Return the schema with a dataset's columns, where there is one."""
    kinds = [_COLUMN_OF_SIMPLE.get(column.simple) for _, column in literal_type.columns]
    if None in kinds:
        return None
    return _schema((name, kind) for (name, _), kind in zip(literal_type.columns, kinds, strict=True))


def _narrowed(literal_type: DerivedType, name: str) -> Iterator[Any]:
    """Return a dataclass with one of its texts limited to a value that nobody names."""
    document = json_schema_of(literal_type).document
    for path in islice(_texts(document, (), 0), _MOST_PLACES):
        yield _dataclass(_changed(document, path, name), literal_type.tag)


def _stumbling(literal_type: DerivedType) -> Iterator[Any]:
    """Return dataclasses that the compiler cannot compare with a dataclass: it looks for a pattern that is not there."""
    if literal_type.simple != types_pb2.STRUCT or not literal_type.has_metadata:
        return
    document = json_schema_of(literal_type).document or {}
    for name in islice(document.get("properties") or (), _MOST_PLACES):
        properties = {name: {"type": "string", "pattern": "."}}
        yield _dataclass({"type": "object", "properties": properties}, literal_type.tag)


def _texts(part: Json, path: tuple[Any, ...], depth: int) -> Iterator[tuple[Any, ...]]:
    """Return the places in a schema where a text can have any value."""
    if depth > _DEEPEST_SCHEMA:
        return
    if isinstance(part, dict):
        types = part.get("type")
        if (types == "string" or (isinstance(types, list) and "string" in types)) and "enum" not in part:
            yield path
        for key, inner in part.items():
            yield from _texts(inner, (*path, key), depth + 1)
    elif isinstance(part, list):
        for index, inner in enumerate(part):
            yield from _texts(inner, (*path, index), depth + 1)


def _changed(part: Json, path: tuple[Any, ...], name: str) -> Json:
    if not path:
        return {**part, "enum": [name]}
    key, rest = path[0], path[1:]
    copy = list(part) if isinstance(part, list) else dict(part)
    copy[key] = _changed(part[key], rest, name)
    return copy


# -- what feeds a type ---------------------------------------------------------------------------------------------


def _producers(fed: DerivedType, other: DerivedType, names: _Names) -> Iterator[Any]:
    """Return types that feed ``fed``, the likeliest first; ``other`` says what else is named."""
    yield from _PRODUCERS.get(fed.kind, _producers_of_simple)(fed, other, names)


def _producers_of_simple(fed: DerivedType, other: DerivedType, names: _Names) -> Iterator[Any]:
    if fed.simple == types_pb2.STRUCT:
        if fed.has_metadata:
            yield _simple(types_pb2.STRUCT)
            yield _Literal(simple=types_pb2.STRUCT, metadata=fed.message.metadata)
            yield from _narrowed(fed, names.name)
        else:
            yield fed.message
            yield _unreadable(names.name)
    elif fed.simple == types_pb2.STRING:
        yield _simple(types_pb2.STRING)
        if other.kind == Kind.ENUM:
            yield other.message
        yield _enum(names.name)
    elif fed.kind is not None:
        yield _simple(fed.simple)
    yield fed.message


def _producers_of_enum(fed: DerivedType, _other: DerivedType, names: _Names) -> Iterator[Any]:
    yield fed.message
    yield _simple(types_pb2.STRING)
    yield _simple(types_pb2.STRING, names.name)


def _producers_of_holder(fed: DerivedType, other: DerivedType, names: _Names) -> Iterator[Any]:
    if fed.element is not None:
        inner = other.element if other.kind == fed.kind else None
        elements = _producers(fed.element, inner or fed.element, names)
        others = () if inner is None else _producers(inner, fed.element, names)
        yield from (_holder(fed, element) for element in chain(elements, others))
    yield _holder(fed, _simple(types_pb2.NONE))


def _producers_of_blob(fed: DerivedType, _other: DerivedType, names: _Names) -> Iterator[Any]:
    yield _blob(fed.format or names.format, fed)
    yield _blob("", fed)


def _producers_of_table(fed: DerivedType, other: DerivedType, names: _Names) -> Iterator[Any]:
    """Return datasets and schemas; a dataset also takes nothing."""
    if fed.kind == Kind.DATASET:
        yield _simple(types_pb2.NONE)
        yield _dataset("" if fed.format else names.format)
        yield _dataset()
    else:
        yield _schema()
    own = _columns(fed)
    if not own:
        yield _dataset(fed.format, [(names.name, _simple(types_pb2.INTEGER))])
        yield _schema([(names.name, _Schema.SchemaColumn.INTEGER)])
    same = fed.message.schema if fed.kind == Kind.SCHEMA else None
    yield _Literal(schema=same) if same is not None else _dataset(fed.format, own)
    as_schema = _as_schema(fed) if fed.kind == Kind.DATASET else None
    if as_schema is not None:
        yield as_schema
    for index, (name, kind) in enumerate(own):
        for producer in _for_column(_producers, fed, other, (name, kind), names):
            yield _dataset(fed.format, [*own[:index], (name, producer), *own[index + 1 :]])


def _for_column(
    find: _Find, table: DerivedType, other: DerivedType, column: tuple[str, Any], names: _Names
) -> Iterator[Any]:
    """Return types that feed a column, or that it feeds."""
    name, kind = column
    if table.kind == Kind.SCHEMA:
        # A schema looks at no tag.
        return iter([_simple(kind.simple, names.name)])
    own = table.column_types[name]
    hint = other.column_types.get(name) if other.kind == Kind.DATASET else None
    return find(own, hint or own, names)


def _producers_of_union(fed: DerivedType, other: DerivedType, names: _Names) -> Iterator[Any]:
    variants = other.variants if other.kind == Kind.UNION else [other]
    for variant in fed.variants:
        for hint in variants:
            yield from _producers(variant, hint, names)
    yield from (variant.message for variant in variants)
    yield fed.message
    for variant in fed.variants:
        for producer in chain(_producers(variant, variant, names), [hint.message for hint in variants]):
            # One variant would stand for itself.
            yield _union(producer, producer)
    yield _union()


_PRODUCERS: Final[dict[str | None, _Find]] = {
    Kind.ENUM: _producers_of_enum,
    Kind.LIST: _producers_of_holder,
    Kind.MAP: _producers_of_holder,
    Kind.BLOB: _producers_of_blob,
    Kind.SCHEMA: _producers_of_table,
    Kind.DATASET: _producers_of_table,
    Kind.UNION: _producers_of_union,
}


# -- what a type feeds ---------------------------------------------------------------------------------------------


def _consumers(old: DerivedType, new: DerivedType, names: _Names) -> Iterator[Any]:
    """Return types that ``old`` feeds and ``new`` perhaps does not, the likeliest first."""
    if old.kind == Kind.UNION:
        yield from _consumers_of_union(old, new, names)
    elif new.kind == Kind.UNION:
        yield from _readers(old, new, names)
        for variant in new.variants:
            for consumer in _consumers(old, variant, names):
                yield consumer
                # As variant of a union, the new one feeds what takes any of its variants; not so one level deeper.
                yield _union(consumer)
    if Kind.UNION in (old.kind, new.kind):
        return
    yield from _readers(old, new, names)
    # What only the new one feeds, beside what both feed: two variants fit.
    yield _union(old.message, new.message)
    for reader in _readers(new, old, names):
        yield _union(old.message, reader)


def _consumers_of_union(old: DerivedType, new: DerivedType, names: _Names) -> Iterator[Any]:
    """Find for each old variant what it feeds and some new variant does not."""
    if len(old.variants) == 1:
        # It stands for its variant.
        yield from _consumers(old.variants[0], new, names)
    if new.kind != Kind.UNION:
        for reader in _readers(new, new, names):
            yield _union(*old.message.union_type.variants, reader)
            yield _union(reader, *reversed(old.message.union_type.variants))
        return
    if len(new.variants) == 1:
        only = new.variants[0]
        if only.kind == Kind.UNION:
            yield from _consumers_of_union(old, only, names)
        for stumbling in _stumbling(only):
            yield _union(*old.message.union_type.variants, stumbling)
    for having in new.variants:
        if names.left <= 0:
            return
        variants = [_find_variant(had, having, names) for had in old.variants]
        if None not in variants:
            yield _union(*variants)


def _find_variant(had: DerivedType, having: DerivedType, names: _Names) -> Any | None:
    if castable_types(had, had) and not castable_types(having, had):
        return had.message
    return find_consumer(had, having, names)


def _readers(fed_by: DerivedType, other: DerivedType, names: _Names) -> Iterator[Any]:
    """Return types that ``fed_by``, which is no union, feeds."""
    yield from _READERS.get(fed_by.kind, _readers_of_simple)(fed_by, other, names)
    yield fed_by.message


def _readers_of_simple(fed_by: DerivedType, _other: DerivedType, names: _Names) -> Iterator[Any]:
    if is_none(fed_by):
        yield _dataset()
    elif fed_by.simple == types_pb2.STRUCT:
        if fed_by.has_metadata:
            yield from _narrowed(fed_by, names.name)
        else:
            yield _unreadable(names.name, fed_by.tag)
    elif fed_by.simple == types_pb2.STRING:
        yield _enum(names.name)
    if not fed_by.tag and fed_by.kind is not None:
        yield _simple(fed_by.simple)
        yield _simple(fed_by.simple, names.name)


def _readers_of_enum(fed_by: DerivedType, _other: DerivedType, names: _Names) -> Iterator[Any]:
    yield _simple(types_pb2.STRING)
    if not fed_by.tag:
        tagged = _Literal(enum_type=fed_by.message.enum_type)
        tagged.structure.tag = names.name
        yield tagged


def _readers_of_holder(fed_by: DerivedType, other: DerivedType, names: _Names) -> Iterator[Any]:
    if fed_by.element is None:
        return
    if is_none(fed_by.element):
        yield _holder(fed_by, _simple(types_pb2.INTEGER))
        yield _holder(fed_by, _simple(types_pb2.STRING))
        return
    inner = other.element if other.kind == fed_by.kind else None
    for element in _consumers(fed_by.element, inner or fed_by.element, names):
        yield _holder(fed_by, element)


def _readers_of_blob(fed_by: DerivedType, _other: DerivedType, names: _Names) -> Iterator[Any]:
    yield _blob(fed_by.format or names.format, fed_by)


def _readers_of_table(fed_by: DerivedType, other: DerivedType, names: _Names) -> Iterator[Any]:
    if fed_by.kind == Kind.DATASET and not fed_by.format:
        yield _dataset(names.format)
    if not fed_by.columns:
        yield _dataset(fed_by.format, [(names.name, _simple(types_pb2.INTEGER))])
        yield _schema([(names.name, _Schema.SchemaColumn.INTEGER)])
    for name, kind in _columns(fed_by):
        yield _dataset(fed_by.format, [(name, kind)])
        for reader in _for_column(_consumers, fed_by, other, (name, kind), names):
            yield _dataset(fed_by.format, [(name, reader)])
        # A schema's column feeds no union.
        if fed_by.kind == Kind.DATASET:
            yield _dataset(fed_by.format, [(name, _union(kind, _simple(types_pb2.NONE)))])


_READERS: Final[dict[str | None, _Find]] = {
    Kind.ENUM: _readers_of_enum,
    Kind.LIST: _readers_of_holder,
    Kind.MAP: _readers_of_holder,
    Kind.BLOB: _readers_of_blob,
    Kind.SCHEMA: _readers_of_table,
    Kind.DATASET: _readers_of_table,
}
