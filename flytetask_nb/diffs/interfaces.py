"""Changes of what a task takes and gives: variables, and what becomes of their types."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Final, NamedTuple

from flyteidl.core import types_pb2

from flytetask_nb.diffs.changes import joined
from flytetask_nb.diffs.messages import compare_unknown, field_changes
from flytetask_nb.diffs.rules import BEHAVIOUR, BREAKING, COSMETIC, RISKY, RULES, UNCLASSIFIED, rank
from flytetask_nb.diffs.verdicts import type_verdict
from flytetask_nb.models.fields import plain_struct
from flytetask_nb.models.notation import accepts_none, dataclass_fields, type_notation
from flytetask_nb.models.order import natural_key
from flytetask_nb.models.types import LiteralType
from flytetask_nb.semantics.castability import is_optional

if TYPE_CHECKING:
    from collections.abc import Iterator

    from flytetask_nb.diffs.changes import Ledger

__all__ = ["compare_interface"]

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
            ledger.add(f"{side}-removed", joined(path, name), LiteralType._own(old[name].type), None)
    for name in added:
        if name not in renamed.values():
            rule = _addition(new[name].type) if side == "input" else "output-added"
            ledger.add(rule, joined(path, name), None, LiteralType._own(new[name].type))
    for before, after in renamed.items():
        place, old_place = joined(path, after), joined(path, before)
        ledger.add(f"{side}-renamed", place, before, after, kind="renamed", old_path=old_place)
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
    # flytekit writes a variable's own name where nothing describes it.
    if old.description != new.description and (old.description, new.description) != names:
        ledger.add(
            "variable-description",
            f"{path}.description",
            old.description or None,
            new.description or None,
            old_path=f"{old_path}.description",
        )
    for field in ("artifact_partial_id", "artifact_tag"):
        before, after = getattr(old, field), getattr(new, field)
        if before != after:
            for place, was, now, key in field_changes(f"{path}.{field}", before, after):
                ledger.add("artifact", place, was, now, key=key, old_path=old_path + place[len(path) :])
    compare_unknown(ledger, path, old, new, old_path)


def _compare_types(ledger: Ledger, path: str, side: str, old: Any, new: Any) -> None:
    facets = list(_facets(f"{path}.type", side, old, new, under_union=False))
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
            witness=witness if rank(severity) <= rank(RISKY) else "",
        )
    comparable = side == "output" and _is_comparable(old) and _is_comparable(new)
    types = LiteralType._own(old), LiteralType._own(new)
    if any(not facet.rule for facet in facets):
        harmless = side == "output" and verdict == "safe" and not comparable
        ledger.add(
            _TYPE_RULES[side][verdict],
            path,
            *types,
            severity=BEHAVIOUR if harmless else "",
            reason="Everything that it fed it still feeds." if harmless else "",
            witness=witness,
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


def _facets(path: str, side: str, old: Any, new: Any, *, under_union: bool) -> Iterator[_Facet]:
    if old == new:
        return
    kind = old.WhichOneof("type")
    if kind != new.WhichOneof("type") or (kind == "simple" and old.simple != new.simple):
        yield _Facet("", path, old, new)
        return
    if kind == "collection_type":
        yield from _facets(f"{path}[]", side, old.collection_type, new.collection_type, under_union=under_union)
    elif kind == "map_value_type":
        yield from _facets(f"{path}[]", side, old.map_value_type, new.map_value_type, under_union=under_union)
    elif kind is not None and kind != "simple":
        before, after = getattr(old, kind), getattr(new, kind)
        if before != after:
            yield from _KINDS[kind](f"{path}.{kind}", side, before, after)
            yield from _unknown_facets(f"{path}.{kind}", before, after)
    has_fields = False
    for facet in _structure_facets(path, side, old, new, under_union=under_union):
        has_fields = has_fields or facet.rule != "type-tag"
        yield facet
    yield from _metadata_facets(path, side, old, new, under_union=under_union, has_fields=has_fields)
    if old.annotation != new.annotation:
        yield from _annotation_facets(f"{path}.annotation", old.annotation, new.annotation)
    yield from _unknown_facets(path, old, new)


def _unknown_facets(path: str, old: Any, new: Any) -> Iterator[_Facet]:
    from flytetask_nb.diffs.changes import Ledger  # noqa: PLC0415 - imported by who calls this already

    found = Ledger({})
    compare_unknown(found, path, old, new)
    for change in found.changes:
        yield _Facet(UNCLASSIFIED, change.path, change.old, change.new)


def _annotation_facets(path: str, old: Any, new: Any) -> Iterator[_Facet]:
    before, after = plain_struct(old.annotations), plain_struct(new.annotations)
    if old.annotations != new.annotations:
        cached = _CACHED_ANNOTATION in before or _CACHED_ANNOTATION in after
        yield _Facet("type-annotation", path, before or None, after or None, cache="invalidates" if cached else "")
    yield from _unknown_facets(path, old, new)


def _structure_facets(path: str, side: str, old: Any, new: Any, *, under_union: bool) -> Iterator[_Facet]:
    before, after = old.structure, new.structure
    if before == after:
        return
    place = f"{path}.structure"
    if before.tag != after.tag:
        yield _Facet("type-tag", f"{place}.tag", before.tag or None, after.tag or None)
    fields_before, fields_after = before.dataclass_type, after.dataclass_type
    for name in sorted({*fields_before, *fields_after}, key=natural_key):
        field = joined(f"{place}.dataclass_type", name)
        if name not in fields_before:
            yield _Facet(f"{side}-field-added", field, None, LiteralType._own(fields_after[name]))
        elif name not in fields_after:
            yield _Facet(f"{side}-field-removed", field, LiteralType._own(fields_before[name]), None)
        elif fields_before[name] != fields_after[name]:
            yield from _field_facets(field, side, fields_before[name], fields_after[name], under_union=under_union)
    yield from _unknown_facets(place, before, after)


def _field_facets(path: str, side: str, old: Any, new: Any, *, under_union: bool) -> Iterator[_Facet]:
    """Tell how a field's type changed as precisely as rules can, else that it did."""
    inner = list(_facets(path, side, old, new, under_union=under_union))
    if all(facet.rule for facet in inner):
        yield from inner
    else:
        yield _Facet("field-type-changed", path, LiteralType._own(old), LiteralType._own(new))


def _metadata_facets(
    path: str, side: str, old: Any, new: Any, *, under_union: bool, has_fields: bool
) -> Iterator[_Facet]:
    if old.metadata == new.metadata:
        return
    place = f"{path}.metadata"
    before, after = plain_struct(old.metadata), plain_struct(new.metadata)
    if repr(before) == repr(after):
        return
    if old.WhichOneof("type") != "simple" or old.simple != _STRUCT:
        yield _Facet("type-metadata", place, before or None, after or None)
    elif under_union:
        # Its structure gives way to the tag of the variant, so the schema alone tells the fields.
        yield _Facet("dataclass-under-union", place, type_notation(old), type_notation(new))
    elif has_fields:
        # The JSON schema repeats what the structure says of the fields.
        return
    else:
        fields_before, fields_after = (dict(dataclass_fields(one) or ()) for one in (old, new))
        if fields_before == fields_after or not fields_before or not fields_after:
            yield _Facet("type-schema", place, before or None, after or None)
            return
        for name in sorted({*fields_before, *fields_after}, key=natural_key):
            was, now = fields_before.get(name), fields_after.get(name)
            if was != now:
                rule = "field-type-changed"
                if was is None or now is None:
                    rule = f"{side}-field-{'added' if was is None else 'removed'}"
                yield _Facet(rule, joined(f"{place}.properties", name), was, now, cache="none")


def _blob_facets(path: str, side: str, old: Any, new: Any) -> Iterator[_Facet]:  # noqa: ARG001 - called like the others
    if old.dimensionality != new.dimensionality:
        kinds = [_dimensionality(one.dimensionality) for one in (old, new)]
        yield _Facet("blob-dimensionality", f"{path}.dimensionality", *kinds)
    if old.format != new.format:
        yield _Facet("", f"{path}.format", old.format, new.format)


def _dimensionality(number: int) -> str:
    return {types_pb2.BlobType.SINGLE: "file", types_pb2.BlobType.MULTIPART: "directory"}.get(number, str(number))


def _enum_facets(path: str, side: str, old: Any, new: Any) -> Iterator[_Facet]:  # noqa: ARG001 - called like the others
    place = f"{path}.values"
    before, after = list(old.values), list(new.values)
    if before == after:
        return
    added = [value for value in after if value not in before]
    removed = [value for value in before if value not in after]
    for value in added:
        yield _Facet("enum-value-added", place, None, value, "added")
    for value in removed:
        yield _Facet("enum-value-removed", place, value, None, "removed")
    if [value for value in before if value in after] != [value for value in after if value in before]:
        yield _Facet("enum-reordered", place, before, after, "reordered")


def _union_facets(path: str, side: str, old: Any, new: Any) -> Iterator[_Facet]:
    place = f"{path}.variants"
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
    for index in rest:
        found = next((other for other in free if _variant_key(right[other]) == _variant_key(left[index])), None)
        if found is None:
            yield _Facet("", place, left[index], None)
        else:
            free.remove(found)
            pairs.append((index, found))
            yield from _facets(f"{place}[]", side, left[index], right[found], under_union=True)
    for other in free:
        yield _Facet("", place, None, right[other])
    order = [other for _, other in sorted(pairs)]
    if order != sorted(order):
        yield _Facet(
            "union-reordered",
            place,
            [type_notation(one) for one in left],
            [type_notation(one) for one in right],
            "reordered",
        )


def _variant_key(variant: Any) -> tuple[object, ...]:
    return (variant.structure.tag, variant.WhichOneof("type"), variant.simple)


def _dataset_facets(path: str, side: str, old: Any, new: Any) -> Iterator[_Facet]:
    yield from _column_facets(path, side, old, new)
    for field in ("format", "external_schema_type", "external_schema_bytes"):
        before, after = getattr(old, field), getattr(new, field)
        if before != after:
            yield _Facet("", f"{path}.{field}", before, after)


def _column_facets(path: str, side: str, old: Any, new: Any) -> Iterator[_Facet]:
    if list(old.columns) == list(new.columns):
        return
    before = {column.name: column for column in old.columns}
    after = {column.name: column for column in new.columns}
    if len(before) != len(old.columns) or len(after) != len(new.columns):
        # Which of two columns of one name is meant cannot be told.
        yield _Facet("", f"{path}.columns", old, new)
        return
    for name in sorted({*before, *after}, key=natural_key):
        place = joined(f"{path}.columns", name)
        if name not in before:
            yield _Facet(f"{side}-column-added", place, None, _column_type(after[name]), "added")
        elif name not in after:
            yield _Facet(f"{side}-column-removed", place, _column_type(before[name]), None, "removed")
        elif before[name] != after[name]:
            yield _Facet("column-type-changed", place, _column_type(before[name]), _column_type(after[name]))
    if [name for name in before if name in after] != [name for name in after if name in before]:
        yield _Facet("columns-reordered", f"{path}.columns", list(before), list(after), "reordered")


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
