"""The respects in which two types differ, each as precisely as rules can judge it."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Final

from flyteidl.core import types_pb2

from flytetask_nb.diffs.edits import Move, Named, Splice, named
from flytetask_nb.diffs.facets import At, Facet
from flytetask_nb.diffs.plain import UNKNOWN, enum_name, plain_value, unknown_fields
from flytetask_nb.diffs.rules import NOISE, UNCLASSIFIED
from flytetask_nb.diffs.schemas import schema_facets
from flytetask_nb.diffs.structures import canonical, kind_of, listed, reordered, same, same_entries, there
from flytetask_nb.models.class_names import without_addresses
from flytetask_nb.models.notation import literal_values, type_notation
from flytetask_nb.models.order import natural_key
from flytetask_nb.models.plain_values import plain_struct
from flytetask_nb.models.types import LiteralType

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator

    from flytetask_nb.diffs.edits import Edits

_STRUCT: Final = types_pb2.STRUCT
_CACHED_ANNOTATION: Final = "cache-key-metadata"
_LITERAL_VALUES: Final = "literal_values"
# These say nothing of a field.
_BESIDE_FIELDS: Final = frozenset({"type-tag", UNCLASSIFIED})
_ADDRESS: Final = (
    "flytekit writes the memory address of an object into the name of the class, another one with every registration."
)


def type_facets(at: At, side: str, old: Any, new: Any, *, under_union: bool = False) -> Iterator[Facet]:
    """Yield the respects in which two types differ."""
    if old == new:
        return
    kind = old.WhichOneof("type")
    if kind != new.WhichOneof("type") or (kind == "simple" and old.simple != new.simple):
        yield Facet("", at.path, old, new, edits=at.edit(old, new))
        return
    if kind in {"collection_type", "map_value_type"}:
        yield from type_facets(at.step("[]"), side, getattr(old, kind), getattr(new, kind), under_union=under_union)
    elif kind is not None and kind != "simple":
        before, after = getattr(old, kind), getattr(new, kind)
        if before != after:
            inner = at.step(f".{kind}")
            yield from _KINDS[kind](inner, side, before, after)
            yield from _unknown_facets(inner, before, after)
    structure = list(_structure_facets(at, side, old, new, under_union=under_union))
    first = next((index for index, facet in enumerate(structure) if facet.rule not in _BESIDE_FIELDS), None)
    metadata = list(_metadata_facets(at, side, old, new, under_union=under_union, has_fields=first is not None))
    if first is not None and metadata and not metadata[0].path:
        # The JSON schema repeats what the structure says of the fields.
        structure[first] = structure[first]._replace(edits=structure[first].edits + metadata.pop(0).edits)
    yield from structure
    yield from metadata
    if old.annotation != new.annotation:
        yield from _annotation_facets(at, old, new)
    yield from _unknown_facets(at, old, new)


def _changed(at: At, old: Any, new: Any, rule: str = "") -> Facet:
    """Return that a value is another one; what is empty is not there."""
    values = old or None, new or None
    return Facet(rule, at.path, *values, edits=at.edit(*values))


def _unknown_facets(at: At, old: Any, new: Any) -> Iterator[Facet]:
    texts = unknown_fields(old), unknown_fields(new)
    if texts[0] != texts[1]:
        yield _changed(at.field(UNKNOWN), *texts, UNCLASSIFIED)


def _annotation_facets(at: At, old: Any, new: Any) -> Iterator[Facet]:
    place = at.step(".annotation")
    before, after = (plain_struct(literal_type.annotation.annotations) for literal_type in (old, new))
    if not same_entries(before, after):
        facets = list(_literal_facets(at, old, new))
        rest = [
            {key: annotation[key] for key in annotation if not facets or key != _LITERAL_VALUES}
            for annotation in (before, after)
        ]
        if not same_entries(*rest):
            cached = _CACHED_ANNOTATION in before or _CACHED_ANNOTATION in after
            values = rest[0] or None, rest[1] or None
            facets.append(Facet("type-annotation", place.path, *values, cache="invalidates" if cached else ""))
        yield facets[0]._replace(edits=place.edit(before or None, after or None))
        yield from facets[1:]
    yield from _unknown_facets(place, old.annotation, new.annotation)


def _literal_facets(at: At, old: Any, new: Any) -> Iterator[Facet]:
    """Tell how the values of a ``Literal`` changed: its order is none, and the cache does not look at it."""
    before, after = literal_values(old), literal_values(new)
    if (before and not after) or (after and not before):
        yield Facet("", at.path, LiteralType._own(old), LiteralType._own(new), cache="none")
        return
    path = at.step(f".annotation.{_LITERAL_VALUES}").path
    known = [set(map(canonical, values)) for values in (before, after)]
    for value in after:
        if canonical(value) not in known[0]:
            yield Facet("enum-value-added", path, None, there(value), cache="none")
    for value in before:
        if canonical(value) not in known[1]:
            yield Facet("enum-value-removed", path, there(value), None, cache="none")


def _model(literal_type: Any) -> LiteralType | None:
    return None if literal_type is None else LiteralType._own(literal_type)


def _structure_facets(at: At, side: str, old: Any, new: Any, *, under_union: bool) -> Iterator[Facet]:
    before, after = old.structure, new.structure
    if before == after:
        return
    place = at.step(".structure")
    if not same(before.tag, after.tag):
        yield _changed(place.step(".tag"), before.tag, after.tag, "type-tag")
    for name in sorted({*before.dataclass_type, *after.dataclass_type}, key=natural_key):
        field = place.step(".dataclass_type").field(name)
        was, now = before.dataclass_type.get(name), after.dataclass_type.get(name)
        if was is None or now is None:
            rule, edits = f"{side}-field-{kind_of(was, now)}", field.edit(named("field", was), named("field", now))
            yield Facet(rule, field.path, _model(was), _model(now), edits=edits, field=(old, new, name))
        elif was != now:
            for facet in _field_facets(field, side, was, now, under_union=under_union):
                yield facet if facet.field is not None else facet._replace(field=(old, new, name))
    yield from _unknown_facets(place, before, after)


def _field_facets(at: At, side: str, old: Any, new: Any, *, under_union: bool) -> Iterator[Facet]:
    """Tell how a field's type changed as precisely as rules can, else that it did."""
    inner = list(type_facets(at, side, old, new, under_union=under_union))
    if all(facet.rule for facet in inner):
        yield from inner
    else:
        types = LiteralType._own(old), LiteralType._own(new)
        cache = "none" if all(facet.cache == "none" for facet in inner) else ""
        edits = at.edit(Named("field", old), Named("field", new))
        yield Facet("field-type-changed", at.path, *types, cache=cache, edits=edits)


def _metadata_facets(at: At, side: str, old: Any, new: Any, *, under_union: bool, has_fields: bool) -> Iterator[Facet]:
    """Tell how metadata changed; what only repeats the structure is a facet without a path."""
    if old.metadata == new.metadata:
        return
    place = at.step(".metadata")
    before, after = plain_struct(old.metadata), plain_struct(new.metadata)
    if same_entries(before, after):
        return
    if old.WhichOneof("type") == "simple" and old.simple == _STRUCT:
        facets = list(schema_facets(place, side, old, new, under_union=under_union))
        types = LiteralType._own(old), LiteralType._own(new)
        facets = facets or [Facet("", "", None, None) if has_fields else Facet("type-schema", place.path, *types)]
    else:
        facet = Facet("type-metadata", place.path, before or None, after or None)
        texts = [without_addresses(canonical(metadata)) for metadata in (before, after)]
        facets = [facet._replace(severity=NOISE, reason=_ADDRESS) if texts[0] == texts[1] else facet]
    # What a schema says of fields it says in several places, so the first of them stands for all.
    yield facets[0]._replace(edits=place.edit(before or None, after or None))
    yield from facets[1:]


def _blob_facets(at: At, side: str, old: Any, new: Any) -> Iterator[Facet]:  # noqa: ARG001 - called like the others
    if old.dimensionality != new.dimensionality:
        numbers = old.dimensionality, new.dimensionality
        place = at.step(".dimensionality")
        exact = [enum_name(_DIMENSIONALITIES, number) if number else None for number in numbers]
        was, now = (_DIMENSIONALITY_WORDS.get(number, number) for number in numbers)
        yield Facet("blob-dimensionality", place.path, was, now, edits=place.edit(exact[0], exact[1]))
    if old.format != new.format:
        yield _changed(at.step(".format"), old.format, new.format)


_DIMENSIONALITIES: Final = types_pb2.BlobType.BlobDimensionality.DESCRIPTOR
_DIMENSIONALITY_WORDS: Final = {types_pb2.BlobType.SINGLE: "file", types_pb2.BlobType.MULTIPART: "directory"}


def _enum_facets(at: At, side: str, old: Any, new: Any) -> Iterator[Facet]:  # noqa: ARG001 - called like the others
    place = at.step(".values")
    before, after = list(old.values), list(new.values)
    if before == after:
        return

    def splice(gone: Iterable[tuple[int, str]], come: Iterable[tuple[int, str]]) -> tuple[Splice]:
        return (Splice(place.old, place.new, tuple(gone), tuple(come)),)

    words = list(enumerate(before)), list(enumerate(after))
    for index, value in words[1]:
        if value not in before:
            yield Facet("enum-value-added", place.path, None, value, edits=splice((), [(index, value)]))
    for index, value in words[0]:
        if value not in after:
            yield Facet("enum-value-removed", place.path, value, None, edits=splice([(index, value)], ()))
    order = reordered(place.old, place.new, before, after)
    if order is not None:
        yield Facet("enum-reordered", place.path, before, after, "reordered", edits=(order,))


def _union_facets(at: At, side: str, old: Any, new: Any) -> Iterator[Facet]:
    place = at.step(".variants")
    left, right = list(old.variants), list(new.variants)
    if left == right:
        return
    pairs: list[tuple[int, int]] = []
    free = list(range(len(right)))
    rest: list[int] = []
    for index, variant in enumerate(left):
        position = next((other for other in free if right[other] == variant), None)
        if position is None:
            rest.append(index)
        else:
            free.remove(position)
            pairs.append((index, position))
    # Whatever puts variants in or takes them away moves the others.
    facets: list[Facet] = []
    for index in rest:
        position = next((other for other in free if _variant_key(right[other]) == _variant_key(left[index])), None)
        if position is None:
            edits = place.step(f"[{index}]").edit(Named("variant", left[index]), None)
            facets.append(Facet("", place.path, left[index], None, edits=edits))
        else:
            free.remove(position)
            pairs.append((index, position))
            inner = place.step("[]", f"[{index}]", f"[{position}]")
            yield from type_facets(inner, side, left[index], right[position], under_union=True)
    for other in free:
        edits = place.step(f"[{other}]").edit(None, Named("variant", right[other]))
        facets.append(Facet("", place.path, None, right[other], edits=edits))
    order = [other for _, other in sorted(pairs)]
    if order != sorted(order):
        types = [[LiteralType._own(variant) for variant in variants] for variants in (left, right)]
        facets.append(Facet("union-reordered", place.path, types[0], types[1], "reordered"))
    for number, facet in enumerate(facets):
        moves = [Move(f"{place.old}[{index}]", f"{place.new}[{other}]") for index, other in pairs if index != other]
        yield facet._replace(edits=(*facet.edits, *(() if number else moves)))


def _variant_key(variant: Any) -> tuple[object, ...]:
    return (variant.structure.tag, variant.WhichOneof("type"), variant.simple)


def _dataset_facets(at: At, side: str, old: Any, new: Any) -> Iterator[Facet]:
    yield from _column_facets(at, side, old, new)
    for field in ("format", "external_schema_type", "external_schema_bytes"):
        before, after = getattr(old, field), getattr(new, field)
        if before != after:
            descriptor = old.DESCRIPTOR.fields_by_name[field]
            was, now = (plain_value(value, descriptor) if value else None for value in (before, after))
            yield _changed(at.step(f".{field}"), was, now)


def _column_facets(at: At, side: str, old: Any, new: Any) -> Iterator[Facet]:
    if list(old.columns) == list(new.columns):
        return
    columns = at.step(".columns")
    before = {column.name: column for column in old.columns}
    after = {column.name: column for column in new.columns}
    if len(before) != len(old.columns) or len(after) != len(new.columns):
        exact = [type(dataset)(columns=dataset.columns) for dataset in (old, new)]
        yield Facet("", columns.path, old, new, edits=at.edit(*exact))
        return
    names = list(before), list(after)
    for name in sorted({*before, *after}, key=natural_key):
        was, now = before.get(name), after.get(name)
        if was == now:
            continue
        place = columns.field(name)
        edits: Edits = place.edit(was, now)
        rule = "column-type-changed"
        if was is None or now is None:
            rule = f"{side}-column-{kind_of(was, now)}"
            edits += (listed(columns.old, columns.new, name, *names),)
        yield Facet(rule, place.path, _column_type(was), _column_type(now), edits=edits)
    order = reordered(columns.old, columns.new, *names)
    if order is not None:
        yield Facet("columns-reordered", columns.path, *names, "reordered", edits=(order,))


def unnamed_columns(message: Any) -> tuple[str, ...]:
    """Return columns as they stand: of two that have one name it cannot be told which is meant."""
    return tuple(column.SerializeToString(deterministic=True).hex() for column in message.columns)


def _column_type(column: Any) -> Any:
    """Return a column's type: a model, or of a schema the text that says it; None of none."""
    if column is None:
        return None
    if hasattr(column, "literal_type"):
        return LiteralType._own(column.literal_type)
    schema = types_pb2.SchemaType(columns=[column])
    return type_notation(types_pb2.LiteralType(schema=schema))


_KINDS: Final = {
    "blob": _blob_facets,
    "enum_type": _enum_facets,
    "union_type": _union_facets,
    "structured_dataset_type": _dataset_facets,
    "schema": _column_facets,
}
