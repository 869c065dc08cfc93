"""Changes of what a task takes and gives: variables, and what becomes of their types."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Final, NamedTuple

from flyteidl.core import types_pb2

from flytetask_nb.diffs.changes import Edit, Move, Named, Splice, joined
from flytetask_nb.diffs.messages import compare_unknown, field_changes
from flytetask_nb.diffs.plain import UNKNOWN, enum_name, plain_value, unknown_fields
from flytetask_nb.diffs.rules import BEHAVIOUR, BREAKING, COSMETIC, RISKY, RULES, UNCLASSIFIED, rank
from flytetask_nb.diffs.structures import moved, same, same_entries
from flytetask_nb.diffs.verdicts import type_verdict
from flytetask_nb.models.fields import plain_struct
from flytetask_nb.models.notation import accepts_none, dataclass_fields, type_notation
from flytetask_nb.models.order import natural_key
from flytetask_nb.models.types import LiteralType
from flytetask_nb.semantics.castability import is_optional

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator

    from flytetask_nb.diffs.changes import Ledger

__all__ = ["compare_interface", "own_description", "unnamed_columns"]

_STRUCT: Final = types_pb2.STRUCT
_CACHED_ANNOTATION: Final = "cache-key-metadata"
_SEVERITY_OF: Final = {"breaking": BREAKING, "risky": RISKY, "safe": BEHAVIOUR}
_TYPE_RULES: Final = {
    "input": {
        "breaking": "input-type-incompatible",
        "risky": "input-type-narrowed",
        "safe": "input-type-widened",
    },
    "output": {
        "breaking": "output-type-incompatible",
        "risky": "output-type-risky",
        "safe": "output-type-changed",
    },
}
# Once the verdict is safe, what these say is of no consequence to anybody.
_HARMLESS_IF_SAFE: Final = frozenset({"type-schema"})


class _Facet(NamedTuple):
    """One respect in which two types differ. Without a rule: a difference that only the whole type's verdict judges."""

    rule: str
    path: str
    old: Any
    new: Any
    kind: str = ""
    cache: str = ""
    edits: tuple[Edit | Splice | Move, ...] = ()


class _At(NamedTuple):
    """Where two types stand: as a path for people, and in the flat form of either task."""

    path: str
    old: str
    new: str

    def step(self, name: str, old: str = "", new: str = "") -> _At:
        """Give what stands in it under a name; in flat form that can differ."""
        return _At(f"{self.path}{name}", f"{self.old}{old or name}", f"{self.new}{new or old or name}")

    def field(self, key: str) -> _At:
        """Give what stands in it under any key."""
        return _At(joined(self.path, key), joined(self.old, key), joined(self.new, key))

    def edit(self, old: Any, new: Any) -> tuple[Edit, ...]:
        """Give what puts a new value in place of an old one."""
        return (Edit(self.old, self.new, old, new),)


def compare_interface(ledger: Ledger, path: str, old: Any, new: Any) -> None:
    """Compare two interfaces.

    Parameters
    ----------
    ledger
        Takes the changes.
    path
        Where the interfaces stand.
    old, new
        ``TypedInterface`` messages.
    """
    for side, field in (("input", "inputs"), ("output", "outputs")):
        before, after = getattr(old, field), getattr(new, field)
        if before != after:
            _compare_variables(ledger, f"{path}.{field}", side, before.variables, after.variables)
            compare_unknown(ledger, f"{path}.{field}", before, after)
    compare_unknown(ledger, path, old, new)


def _compare_variables(ledger: Ledger, path: str, side: str, old: Any, new: Any) -> None:
    removed = sorted((name for name in old if name not in new), key=natural_key)
    added = sorted((name for name in new if name not in old), key=natural_key)
    renamed = _renames(removed, added, old, new) if removed and added else {}
    for name in removed:
        if name not in renamed:
            place = joined(path, name)
            edit = Edit(place, place, Named(name, old[name]), None)
            ledger.add(f"{side}-removed", place, LiteralType._own(old[name].type), None, edits=(edit,))
    for name in added:
        if name not in renamed.values():
            rule = _addition(new[name].type) if side == "input" else "output-added"
            place = joined(path, name)
            edit = Edit(place, place, None, Named(name, new[name]))
            ledger.add(rule, place, None, LiteralType._own(new[name].type), edits=(edit,))
    for before, after in renamed.items():
        place, old_place = joined(path, after), joined(path, before)
        edits = (Edit(old_place, place, Named(before, None), Named(after, None)), Move(old_place, place))
        ledger.add(f"{side}-renamed", place, before, after, kind="renamed", old_path=old_place, edits=edits)
        _compare_rest(ledger, place, old_place, old[before], new[after], names=(before, after))
    for name in sorted((name for name in old if name in new), key=natural_key):
        before, after = old[name], new[name]
        if before == after:
            continue
        place = joined(path, name)
        if before.type != after.type:
            _compare_types(ledger, place, side, before.type, after.type)
        _compare_rest(ledger, place, place, before, after, names=(name, name))


def _addition(literal_type: Any) -> str:
    if not is_optional(literal_type):
        return "input-added"
    return "input-added-optional" if accepts_none(literal_type) else "input-added-by-hole"


def _renames(removed: list[str], added: list[str], old: Any, new: Any) -> dict[str, str]:
    """Pair one name that is gone with one that is new where both have one type, and no other has it."""
    gone: dict[bytes, list[str]] = {}
    come: dict[bytes, list[str]] = {}
    for names, variables, found in ((removed, old, gone), (added, new, come)):
        for name in names:
            found.setdefault(variables[name].type.SerializeToString(deterministic=True), []).append(name)
    return {names[0]: come[kind][0] for kind, names in gone.items() if len(names) == 1 and len(come.get(kind, ())) == 1}


def _compare_rest(ledger: Ledger, path: str, old_path: str, old: Any, new: Any, *, names: tuple[str, str]) -> None:
    """Compare what a variable has beside its type."""
    before, after = (own_description(name, one) for name, one in zip(names, (old, new), strict=True))
    if before != after and not (before and after and same(before, after)):
        ledger.add(
            "variable-description",
            f"{path}.description",
            before or None,
            after or None,
            old_path=f"{old_path}.description",
        )
    for field in ("artifact_partial_id", "artifact_tag"):
        before, after = getattr(old, field), getattr(new, field)
        if before != after:
            ledger.differences("artifact", field_changes(f"{path}.{field}", before, after, f"{old_path}.{field}"))
    compare_unknown(ledger, path, old, new, old_path)


def own_description(name: str, variable: Any) -> str:
    """Give what describes a variable: flytekit writes its own name where nothing does."""
    return "" if variable.description == name else str(variable.description)


def _compare_types(ledger: Ledger, path: str, side: str, old: Any, new: Any) -> None:
    place = f"{path}.type"
    facets = list(_facets(_At(place, place, place), side, old, new, under_union=False))
    if not facets:
        return
    verdict, witness = type_verdict(side, old, new)
    worst = rank(COSMETIC)
    for facet in facets:
        if not facet.rule:
            continue
        severity = ""
        if RULES[facet.rule].by_verdict:
            severity = COSMETIC if verdict == "safe" and facet.rule in _HARMLESS_IF_SAFE else _SEVERITY_OF[verdict]
        severity = severity or RULES[facet.rule].severity
        worst = min(worst, rank(severity))
        ledger.add(
            facet.rule,
            facet.path,
            facet.old,
            facet.new,
            kind=facet.kind,
            severity=severity,
            cache=facet.cache,
            edits=facet.edits,
            witness=witness if rank(severity) <= rank(RISKY) else "",
        )
    comparable = side == "output" and _is_comparable(old) and _is_comparable(new)
    types = LiteralType._own(old), LiteralType._own(new)
    if any(not facet.rule for facet in facets):
        edits = tuple(edit for facet in facets if not facet.rule for edit in facet.edits)
        harmless = side == "output" and verdict == "safe" and not comparable
        ledger.add(
            _TYPE_RULES[side][verdict],
            path,
            *types,
            severity=BEHAVIOUR if harmless else "",
            reason="Everything that it fed it still feeds." if harmless else "",
            witness=witness,
            edits=edits,
        )
    elif verdict != "safe" and rank(_SEVERITY_OF[verdict]) < worst:
        ledger.add(f"{side}-as-a-whole", path, *types, severity=_SEVERITY_OF[verdict], witness=witness)
    elif comparable and verdict == "safe":
        ledger.add("output-compared", path, *types)


def _is_comparable(literal_type: Any) -> bool:
    """Tell whether a conditional can compare values of the type: single texts, numbers, times and flags."""
    kind = literal_type.WhichOneof("type")
    return bool(
        kind == "enum_type" or (kind == "simple" and types_pb2.INTEGER <= literal_type.simple <= types_pb2.DURATION)
    )


# -- the respects in which types differ ----------------------------------------------------------------------------


def _facets(at: _At, side: str, old: Any, new: Any, *, under_union: bool) -> Iterator[_Facet]:
    if old == new:
        return
    kind = old.WhichOneof("type")
    if kind != new.WhichOneof("type") or (kind == "simple" and old.simple != new.simple):
        yield _Facet("", at.path, old, new, edits=at.edit(old, new))
        return
    if kind in {"collection_type", "map_value_type"}:
        yield from _facets(at.step("[]"), side, getattr(old, kind), getattr(new, kind), under_union=under_union)
    elif kind is not None and kind != "simple":
        before, after = getattr(old, kind), getattr(new, kind)
        if before != after:
            inner = at.step(f".{kind}")
            yield from _KINDS[kind](inner, side, before, after)
            yield from _unknown_facets(inner, before, after)
    structure = list(_structure_facets(at, side, old, new, under_union=under_union))
    metadata = list(
        _metadata_facets(
            at,
            side,
            old,
            new,
            under_union=under_union,
            has_fields=any(facet.rule not in {"type-tag", UNCLASSIFIED} for facet in structure),
        )
    )
    if metadata and not metadata[0].path:
        # The JSON schema repeats what the structure says of the fields.
        index = next(i for i, facet in enumerate(structure) if facet.rule not in {"type-tag", UNCLASSIFIED})
        structure[index] = structure[index]._replace(edits=structure[index].edits + metadata.pop(0).edits)
    yield from structure
    yield from metadata
    if old.annotation != new.annotation:
        yield from _annotation_facets(at.step(".annotation"), old.annotation, new.annotation)
    yield from _unknown_facets(at, old, new)


def _unknown_facets(at: _At, old: Any, new: Any) -> Iterator[_Facet]:
    if unknown_fields(old) != unknown_fields(new):
        inner = at.field(UNKNOWN)
        shown = unknown_fields(old) or None, unknown_fields(new) or None
        yield _Facet(UNCLASSIFIED, inner.path, *shown, edits=inner.edit(*shown))


def _annotation_facets(at: _At, old: Any, new: Any) -> Iterator[_Facet]:
    before, after = plain_struct(old.annotations), plain_struct(new.annotations)
    if not same_entries(before, after):
        cached = _CACHED_ANNOTATION in before or _CACHED_ANNOTATION in after
        shown = before or None, after or None
        yield _Facet("type-annotation", at.path, *shown, cache="invalidates" if cached else "", edits=at.edit(*shown))
    yield from _unknown_facets(at, old, new)


def _structure_facets(at: _At, side: str, old: Any, new: Any, *, under_union: bool) -> Iterator[_Facet]:
    before, after = old.structure, new.structure
    if before == after:
        return
    place = at.step(".structure")
    if not same(before.tag, after.tag):
        shown = before.tag or None, after.tag or None
        tag = place.step(".tag")
        yield _Facet("type-tag", tag.path, *shown, edits=tag.edit(*shown))
    fields_before, fields_after = before.dataclass_type, after.dataclass_type
    for name in sorted({*fields_before, *fields_after}, key=natural_key):
        field = place.step(".dataclass_type").field(name)
        if name not in fields_before:
            added = LiteralType._own(fields_after[name])
            edits = field.edit(None, Named("field", fields_after[name]))
            yield _Facet(f"{side}-field-added", field.path, None, added, edits=edits)
        elif name not in fields_after:
            removed = LiteralType._own(fields_before[name])
            edits = field.edit(Named("field", fields_before[name]), None)
            yield _Facet(f"{side}-field-removed", field.path, removed, None, edits=edits)
        elif fields_before[name] != fields_after[name]:
            yield from _field_facets(field, side, fields_before[name], fields_after[name], under_union=under_union)
    yield from _unknown_facets(place, before, after)


def _field_facets(at: _At, side: str, old: Any, new: Any, *, under_union: bool) -> Iterator[_Facet]:
    """Tell how a field's type changed as precisely as rules can, else that it did."""
    inner = list(_facets(at, side, old, new, under_union=under_union))
    if all(facet.rule for facet in inner):
        yield from inner
    else:
        types = LiteralType._own(old), LiteralType._own(new)
        yield _Facet("field-type-changed", at.path, *types, edits=at.edit(Named("field", old), Named("field", new)))


def _metadata_facets(
    at: _At, side: str, old: Any, new: Any, *, under_union: bool, has_fields: bool
) -> Iterator[_Facet]:
    """Tell how metadata changed; what only repeats the structure is a facet without a path."""
    if old.metadata == new.metadata:
        return
    place = at.step(".metadata")
    before, after = plain_struct(old.metadata), plain_struct(new.metadata)
    if same_entries(before, after):
        return
    shown = before or None, after or None
    edits = place.edit(*shown)
    if old.WhichOneof("type") != "simple" or old.simple != _STRUCT:
        yield _Facet("type-metadata", place.path, *shown, edits=edits)
    elif under_union:
        # Its structure gives way to the tag of the variant, so the schema alone tells the fields.
        yield _Facet("dataclass-under-union", place.path, type_notation(old), type_notation(new), edits=edits)
    elif has_fields:
        yield _Facet("", "", *shown, edits=edits)
    else:
        fields_before, fields_after = (dict(dataclass_fields(one) or ()) for one in (old, new))
        if fields_before == fields_after or not fields_before or not fields_after:
            # A schema is long; where it makes the type read otherwise, that says the same.
            words = type_notation(old), type_notation(new)
            told: tuple[Any, Any] = words if words[0] != words[1] else shown
            yield _Facet("type-schema", place.path, told[0], told[1], edits=edits)
            return
        for name in sorted({*fields_before, *fields_after}, key=natural_key):
            was, now = fields_before.get(name), fields_after.get(name)
            if was != now:
                rule = "field-type-changed"
                if was is None or now is None:
                    rule = f"{side}-field-{'added' if was is None else 'removed'}"
                # A field can be told in several places of a schema, so the first of them stands for all of it.
                yield _Facet(rule, joined(f"{place.path}.properties", name), was, now, cache="none", edits=edits)
                edits = ()


def _blob_facets(at: _At, side: str, old: Any, new: Any) -> Iterator[_Facet]:  # noqa: ARG001 - called like the others
    if old.dimensionality != new.dimensionality:
        numbers = old.dimensionality, new.dimensionality
        place = at.step(".dimensionality")
        exact = [enum_name(_DIMENSIONALITIES, number) if number else None for number in numbers]
        shown = [_DIMENSIONALITY_WORDS.get(number, number) for number in numbers]
        yield _Facet("blob-dimensionality", place.path, *shown, edits=place.edit(*exact))
    if old.format != new.format:
        place = at.step(".format")
        yield _Facet("", place.path, old.format, new.format, edits=place.edit(old.format or None, new.format or None))


_DIMENSIONALITIES: Final = types_pb2.BlobType.BlobDimensionality.DESCRIPTOR
_DIMENSIONALITY_WORDS: Final = {types_pb2.BlobType.SINGLE: "file", types_pb2.BlobType.MULTIPART: "directory"}


def _enum_facets(at: _At, side: str, old: Any, new: Any) -> Iterator[_Facet]:  # noqa: ARG001 - called like the others
    place = at.step(".values")
    before, after = list(old.values), list(new.values)
    if before == after:
        return

    def splice(gone: Iterable[tuple[int, str]], come: Iterable[tuple[int, str]]) -> tuple[Splice]:
        return (Splice(place.old, place.new, tuple(gone), tuple(come)),)

    words = list(enumerate(before)), list(enumerate(after))
    for index, value in words[1]:
        if value not in before:
            yield _Facet("enum-value-added", place.path, None, value, "added", edits=splice((), [(index, value)]))
    for index, value in words[0]:
        if value not in after:
            yield _Facet("enum-value-removed", place.path, value, None, "removed", edits=splice([(index, value)], ()))
    order = moved(
        place.old,
        place.new,
        [word for word in words[0] if word[1] in after],
        [word for word in words[1] if word[1] in before],
    )
    if order is not None:
        yield _Facet("enum-reordered", place.path, before, after, "reordered", edits=(order,))


def _union_facets(at: _At, side: str, old: Any, new: Any) -> Iterator[_Facet]:
    place = at.step(".variants")
    left, right = list(old.variants), list(new.variants)
    if left == right:
        return
    pairs: list[tuple[int, int]] = []
    free = list(range(len(right)))
    rest: list[int] = []
    for index, variant in enumerate(left):
        found = next((other for other in free if right[other] == variant), None)
        if found is None:
            rest.append(index)
        else:
            free.remove(found)
            pairs.append((index, found))
    # Whatever puts variants in or takes them away moves the others.
    facets: list[_Facet] = []
    for index in rest:
        found = next((other for other in free if _variant_key(right[other]) == _variant_key(left[index])), None)
        if found is None:
            edits = place.step(f"[{index}]").edit(Named("variant", left[index]), None)
            facets.append(_Facet("", place.path, left[index], None, edits=edits))
        else:
            free.remove(found)
            pairs.append((index, found))
            inner = place.step("[]", f"[{index}]", f"[{found}]")
            yield from _facets(inner, side, left[index], right[found], under_union=True)
    for other in free:
        edits = place.step(f"[{other}]").edit(None, Named("variant", right[other]))
        facets.append(_Facet("", place.path, None, right[other], edits=edits))
    order = [other for _, other in sorted(pairs)]
    if order != sorted(order):
        shown = [[type_notation(one) for one in variants] for variants in (left, right)]
        facets.append(_Facet("union-reordered", place.path, shown[0], shown[1], "reordered"))
    for number, facet in enumerate(facets):
        moves = [Move(f"{place.old}[{one}]", f"{place.new}[{other}]") for one, other in pairs if one != other]
        yield facet._replace(edits=(*facet.edits, *(() if number else moves)))


def _variant_key(variant: Any) -> tuple[object, ...]:
    return (variant.structure.tag, variant.WhichOneof("type"), variant.simple)


def _dataset_facets(at: _At, side: str, old: Any, new: Any) -> Iterator[_Facet]:
    yield from _column_facets(at, side, old, new)
    for field in ("format", "external_schema_type", "external_schema_bytes"):
        before, after = getattr(old, field), getattr(new, field)
        if before != after:
            place = at.step(f".{field}")
            descriptor = old.DESCRIPTOR.fields_by_name[field]
            exact = [plain_value(one, descriptor) if one else None for one in (before, after)]
            yield _Facet("", place.path, before, after, edits=place.edit(*exact))


def _column_facets(at: _At, side: str, old: Any, new: Any) -> Iterator[_Facet]:
    if list(old.columns) == list(new.columns):
        return
    columns = at.step(".columns")
    before = {column.name: column for column in old.columns}
    after = {column.name: column for column in new.columns}
    if len(before) != len(old.columns) or len(after) != len(new.columns):
        exact = [type(one)(columns=one.columns) for one in (old, new)]
        yield _Facet("", columns.path, old, new, edits=at.edit(*exact))
        return
    places = list(before), list(after)

    def splice(name: str) -> Splice:
        gone, come = (((one.index(name), name),) if name in one else () for one in places)
        return Splice(columns.old, columns.new, gone, come)

    for name in sorted({*before, *after}, key=natural_key):
        place = columns.field(name)
        edits = place.edit(before.get(name), after.get(name))
        if name not in before:
            shown = None, _column_type(after[name])
            yield _Facet(f"{side}-column-added", place.path, *shown, "added", edits=(*edits, splice(name)))
        elif name not in after:
            shown = _column_type(before[name]), None
            yield _Facet(f"{side}-column-removed", place.path, *shown, "removed", edits=(*edits, splice(name)))
        elif before[name] != after[name]:
            shown = _column_type(before[name]), _column_type(after[name])
            yield _Facet("column-type-changed", place.path, *shown, edits=edits)
    kept = [[(index, name) for index, name in enumerate(one) if name in before and name in after] for one in places]
    order = moved(columns.old, columns.new, *kept)
    if order is not None:
        yield _Facet("columns-reordered", columns.path, *places, "reordered", edits=(order,))


def unnamed_columns(message: Any) -> tuple[str, ...]:
    """Give columns as they stand: of two that have one name it cannot be told which is meant."""
    return tuple(column.SerializeToString(deterministic=True).hex() for column in message.columns)


def _column_type(column: Any) -> Any:
    """Give a column's type: a model, or of a schema the text that says it."""
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
