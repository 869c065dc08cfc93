"""Whether one type accepts all that another accepts, and whether one feeds all that another feeds: proofs.

What a type accepts is infinite, so nothing is enumerated here. Both relations are derived from the rules of
:mod:`flytetask_nb.semantics.castability`, kind by kind. Each function answers True only where that follows from the
rules; False means that it does not follow, which is not always the same as that it is wrong.

Left aside are types that the compiler stumbles over, namely datasets with columns that have no type.
"""

from __future__ import annotations

from functools import lru_cache
from typing import TYPE_CHECKING, Final, TypeAlias

from flyteidl.core import types_pb2

from flytetask_nb.semantics.castability import (
    PARQUET,
    SIMPLE_OF_COLUMN,
    Kind,
    formats_agree,
    is_missing,
    is_none,
    json_schema_of,
)
from flytetask_nb.semantics.schema_inclusion import never_stumbles, schema_accepts_all, schema_feeds_the_same

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    from flytetask_nb.semantics.castability import DerivedType

# Policy of this package: unions with more variants are not looked through, which proves nothing about them.
_MOST_VARIANTS: Final = 64

_COLUMN_SIMPLES: Final = frozenset(SIMPLE_OF_COLUMN.values())


@lru_cache(maxsize=8192)
def accepts_all(new: DerivedType, old: DerivedType, *, but_none: bool = False) -> bool:
    """Tell whether it follows from the rules that ``new`` accepts every producer type that ``old`` accepts.

    ``new``, ``old``: types of an input.
    ``but_none``: leave the producer type NONE aside: inside lists and maps it is accepted anyway.

    Notes
    -----
    ``castable`` and the compiler's inner relation, which lacks the rule for unions of one variant, are included in
    each other alike, so that one function serves the top and the inside of lists, maps and columns.
    """
    if but_none and is_none(old):
        return True
    if is_missing(old) or is_missing(new):
        return False
    if old.kind == Kind.UNION:
        return new.kind == Kind.UNION and _union_accepts_union(new, old)
    if new.kind == Kind.UNION:
        return _union_accepts_other(new, old, but_none)
    if is_none(old):
        return _accepts_none(new)
    return _ACCEPTS_ALL.get(old.kind, _leaf_accepts_all)(new, old, but_none)


# -- types that are no unions --------------------------------------------------------------------------------------


def _accepts_none(literal_type: DerivedType) -> bool:
    if literal_type.kind == Kind.UNION:
        return sum(map(_accepts_none, literal_type.variants)) == 1
    return literal_type.kind == Kind.DATASET or is_none(literal_type)


def _tags_fit(new: DerivedType, old: DerivedType) -> bool:
    """Tell whether ``new`` takes the tags that ``old`` takes: none, and its own."""
    return old.tag in ("", new.tag)


def _leaf_accepts_all(new: DerivedType, old: DerivedType, _but_none: bool) -> bool:
    if old.simple == types_pb2.STRUCT:
        return new.simple == types_pb2.STRUCT and _tags_fit(new, old) and _struct_accepts_all(new, old)
    # A text takes every enum, and an enum every text, whatever the tag: nothing but their own kind does so.
    return new.kind == old.kind and new.rest == old.rest and _tags_fit(new, old)


def _struct_accepts_all(new: DerivedType, old: DerivedType) -> bool:
    if not new.has_metadata:
        return True
    return old.has_metadata and schema_accepts_all(json_schema_of(new), json_schema_of(old))


def _elements_accept_all(new: DerivedType, old: DerivedType, _but_none: bool) -> bool:
    if new.kind != old.kind or new.element is None or old.element is None:
        return False
    return accepts_all(new.element, old.element, but_none=True)


def _schema_accepts_all(new: DerivedType, old: DerivedType, _but_none: bool) -> bool:
    if new.kind == Kind.SCHEMA:
        return not new.columns or (bool(old.columns) and set(new.columns) <= set(old.columns))
    # With columns it does not follow: a schema takes a dataset's column of any tag, a dataset only of its own.
    return new.kind == Kind.DATASET and formats_agree(new.format, PARQUET) and not new.columns


def _dataset_accepts_all(new: DerivedType, old: DerivedType, but_none: bool) -> bool:
    if new.kind == Kind.SCHEMA:
        return but_none and bool(old.format) and formats_agree(old.format, PARQUET) and _schema_takes_columns(new, old)
    if new.kind != Kind.DATASET or (new.format and not (old.format and formats_agree(new.format, old.format))):
        return False
    return not new.columns or (bool(old.columns) and _dataset_takes_columns(new, old))


def _dataset_takes_columns(new: DerivedType, old: DerivedType) -> bool:
    for name, wanted in new.columns:
        if not any(accepts_all(wanted, given) for given_name, given in old.columns if given_name == name):
            return False
    if not formats_agree(old.format, PARQUET) or any(c.simple not in _COLUMN_SIMPLES for _, c in old.columns):
        return True
    # Schemas feed the old type too, and a schema's column only feeds the one simple type that it stands for.
    return all(wanted.simple == old.column_types[name].simple for name, wanted in new.columns)


def _schema_takes_columns(new: DerivedType, old: DerivedType) -> bool:
    if not new.columns:
        return True
    # A text column of a dataset takes an enum, that of a schema does not.
    return all(
        name in old.column_types and SIMPLE_OF_COLUMN.get(kind) == old.column_types[name].simple != types_pb2.STRING
        for name, kind in new.columns
    )


_ACCEPTS_ALL: Final[dict[str | None, Callable[[DerivedType, DerivedType, bool], bool]]] = {
    Kind.LIST: _elements_accept_all,
    Kind.MAP: _elements_accept_all,
    Kind.BLOB: lambda new, old, _but_none: new.kind == Kind.BLOB and new.format in ("", old.format),
    Kind.SCHEMA: _schema_accepts_all,
    Kind.DATASET: _dataset_accepts_all,
}


# -- unions --------------------------------------------------------------------------------------------------------

# Types of different families never accept the same producer, except that a dataset, too, accepts NONE. Types of one
# family always do: the bare text, the empty list, the file of any format, the dataset without columns.
_Family: TypeAlias = "tuple[str | None, int]"
_TEXT: Final[_Family] = ("text", 0)
_TABLE: Final[_Family] = ("table", 0)
_STRUCT: Final[_Family] = (Kind.SIMPLE, types_pb2.STRUCT)
_NOTHING: Final[_Family] = (Kind.SIMPLE, types_pb2.NONE)


def _family(literal_type: DerivedType) -> _Family:
    if literal_type.kind == Kind.ENUM or literal_type.simple == types_pb2.STRING:
        return _TEXT
    if literal_type.kind in (Kind.SCHEMA, Kind.DATASET):
        return _TABLE
    return literal_type.kind, literal_type.simple


def _by_family(variants: Sequence[DerivedType]) -> dict[_Family, list[DerivedType]]:
    families: dict[_Family, list[DerivedType]] = {}
    for variant in variants:
        families.setdefault(_family(variant), []).append(variant)
    return families


def _families(literal_type: DerivedType) -> set[_Family]:
    """Return the families of a type, of a union those of its variants."""
    if literal_type.kind != Kind.UNION:
        return {_family(literal_type)}
    return set().union(*map(_families, literal_type.variants))


def _is_whole(union: DerivedType) -> bool:
    """Tell whether each variant is typed."""
    return not any(
        is_missing(variant) or (variant.kind == Kind.UNION and not _is_whole(variant)) for variant in union.variants
    )


def _union_accepts_other(new: DerivedType, old: DerivedType, but_none: bool) -> bool:
    """Tell whether each producer finds exactly one variant."""
    if not _is_whole(new):
        return False
    if not but_none and _accepts_none(old) and sum(map(_accepts_none, new.variants)) != 1:
        return False
    if is_none(old):
        return True
    family = _family(old)
    rivals = [variant for variant in new.variants if family in _families(variant)]
    # Of two that are of its family, both take what the whole family takes.
    return len(rivals) == 1 and accepts_all(rivals[0], old, but_none=True)


def _union_accepts_union(new: DerivedType, old: DerivedType) -> bool:
    """Tell whether what found a variant finds one, and what found no second finds no second."""
    if _same_variants(new, old):
        return True
    if len(new.variants) + len(old.variants) > _MOST_VARIANTS:
        return False
    is_plain = Kind.UNION not in [variant.kind for union in (new, old) for variant in union.variants]
    if not is_plain or not (_is_whole(new) and _is_whole(old)):
        return all(variant.kind != Kind.UNION and accepts_all(new, variant) for variant in old.variants)
    if not _counts_agree(sum(map(_accepts_none, old.variants)), sum(map(_accepts_none, new.variants))):
        return False
    had, has = _by_family(old.variants), _by_family(new.variants)
    return all(
        family == _NOTHING or (_pairs_agree if family in _PAIRED else _classes_agree)(has.get(family, []), variants)
        for family, variants in had.items()
    )


def _same_variants(new: DerivedType, old: DerivedType) -> bool:
    """Tell whether two unions have the same variants; in another order only where nothing makes the compiler stumble."""
    if [variant.message for variant in new.variants] == [variant.message for variant in old.variants]:
        return True
    if len(new.variants) != len(old.variants):
        return False
    serialized = [
        sorted(variant.message.SerializeToString(deterministic=True) for variant in union.variants)
        for union in (new, old)
    ]
    return serialized[0] == serialized[1] and _never_stumbles(new)


def _never_stumbles(literal_type: DerivedType) -> bool:
    """Tell whether the compiler gives an answer whatever feeds the type."""
    if literal_type.simple == types_pb2.STRUCT and literal_type.has_metadata:
        return never_stumbles(json_schema_of(literal_type))
    return not is_missing(literal_type) and all(map(_never_stumbles, literal_type.parts))


def _counts_agree(had: int, has: int) -> bool:
    """Tell whether who found so many variants before may find so many now.

    As variant of a union, a producer must find at least one; by itself, exactly one.
    """
    return not had or has == 1 or (has > 1 and had > 1)


def _classes_agree(new: Sequence[DerivedType], old: Sequence[DerivedType]) -> bool:
    """Ask for each class of producers that no variant of either side tells apart."""
    everyone = [*new, *old]
    payloads = {(variant.kind, variant.rest, variant.format) for variant in everyone}
    # And those that no variant names.
    payloads |= {(variant.kind, b"\0other", "\0other") for variant in everyone} | {(Kind.BLOB, None, "")}
    if _family(everyone[0]) == _TEXT:
        payloads |= {(Kind.ENUM, b"\0other", ""), (Kind.SIMPLE, _TEXT_REST, "")}
    tags = {"", "\0other", *(variant.tag for variant in everyone)}
    return all(
        _counts_agree(
            sum(_takes(variant, payload, tag) for variant in old), sum(_takes(variant, payload, tag) for variant in new)
        )
        for payload in payloads
        for tag in tags
    )


_TEXT_REST: Final[bytes] = types_pb2.LiteralType(simple=types_pb2.STRING).SerializeToString()


def _takes(variant: DerivedType, payload: tuple[str | None, bytes | None, str], tag: str) -> bool:
    kind, rest, blob_format = payload
    if variant.kind == Kind.BLOB:
        return kind == Kind.BLOB and (not blob_format or not variant.format or blob_format == variant.format)
    if _family(variant) == _TEXT and variant.kind != kind:
        return True
    return variant.kind == kind and variant.rest == rest and tag in ("", variant.tag)


def _pairs_agree(new: Sequence[DerivedType], old: Sequence[DerivedType]) -> bool:
    """Find for each old variant a new one that accepts as much.

    Where several new ones accept the same producers, each has to be a narrower form of an old one of its own: what
    fits two of them did fit two before, and was refused.
    """
    if not all(any(accepts_all(having, had, but_none=True) for having in new) for had in old):
        return False
    if len(new) == 1 or [variant.message for variant in new] == [variant.message for variant in old]:
        return True
    if not all(map(_never_stumbles, new)):
        # The compiler that stumbles over one of them does not look at the others.
        return False
    if all(any(accepts_all(rival, had, but_none=True) for rival in old if rival is not had) for had in old):
        # Whatever fitted one of them fitted another, so by itself none was ever accepted.
        return True
    choices = [[index for index, had in enumerate(old) if accepts_all(had, having, but_none=True)] for having in new]
    return len(old) > 1 and _can_assign(choices)


def _can_assign(choices: Sequence[Sequence[int]]) -> bool:
    """Tell whether everybody can choose another one."""
    taken: dict[int, int] = {}

    def assign(chooser: int, tried: set[int]) -> bool:
        for choice in choices[chooser]:
            if choice not in tried:
                tried.add(choice)
                if choice not in taken or assign(taken[choice], tried):
                    taken[choice] = chooser
                    return True
        return False

    return all(assign(chooser, set()) for chooser in range(len(choices)))


# Families whose producers cannot be told apart by a few names.
_PAIRED: Final = frozenset({(Kind.LIST, 0), (Kind.MAP, 0), _TABLE, _STRUCT})


# -- what a type feeds ---------------------------------------------------------------------------------------------


@lru_cache(maxsize=8192)
def feeds_all(new: DerivedType, old: DerivedType, *, inside: bool = False) -> bool:
    """Tell whether it follows from the rules that ``new`` feeds every consumer type that ``old`` feeds.

    ``new``, ``old``: types of an output.
    ``inside``: whether they are elements or columns, where a union of one variant does not stand for that variant.

    Notes
    -----
    A type that is no union and feeds one consumer more than the old one does breaks another: the union of that
    consumer and one that both feed, for then two variants fit. So all that follows is that types which feed exactly
    the same can stand for each other, and that a union may lose variants.
    """
    if old.kind != Kind.UNION:
        if new.kind != Kind.UNION:
            return _feeds_the_same(new, old)
        only = new.only
        return only is not None and not inside and only.kind != Kind.UNION and _feeds_the_same(only, old)
    return new.kind == Kind.UNION and (_same_variants(new, old) or _union_feeds_all(new, old, inside=inside))


def _union_feeds_all(new: DerivedType, old: DerivedType, *, inside: bool) -> bool:
    if len(new.variants) + len(old.variants) > _MOST_VARIANTS:
        return False
    only_old, only_new = old.only, new.only
    if only_new is not None and only_new.kind == Kind.UNION and len(only_new.variants) != 1 and not inside:
        # It stands for its variant, and that feeds unions alone.
        return feeds_all(only_new, old)
    if only_old is not None and only_new is None:
        # It feeds what its variant feeds, and that is more than unions, unless the variant is one.
        return only_old.kind == Kind.UNION and not new.variants
    if only_old is None and only_new is not None and _has_schema(only_new):
        # The compiler first looks for exactly one variant that the only one fits, and so at all of them: it may stumble.
        return False
    return all(any(_variants_feed_the_same(having, had) for had in old.variants) for having in new.variants)


def _has_schema(literal_type: DerivedType) -> bool:
    """Tell whether there is a dataclass in it that others are compared with."""
    is_dataclass = literal_type.simple == types_pb2.STRUCT and literal_type.has_metadata
    return is_dataclass or any(map(_has_schema, literal_type.parts))


def _variants_feed_the_same(new: DerivedType, old: DerivedType) -> bool:
    if Kind.UNION in (new.kind, old.kind):
        return bool(new.message == old.message)
    return _feeds_the_same(new, old)


def _feeds_the_same(new: DerivedType, old: DerivedType) -> bool:
    """Tell whether two types that are no unions feed the same consumers."""
    if is_missing(new) or is_missing(old):
        return False
    if new.kind != old.kind:
        return _is_any_schema(new) and _is_any_schema(old)
    return _FEEDS_THE_SAME.get(new.kind, _leaf_feeds_the_same)(new, old)


def _is_any_schema(literal_type: DerivedType) -> bool:
    """Tell whether it is a schema without columns, or the dataset that the compiler takes for the same."""
    if literal_type.columns or literal_type.kind not in (Kind.SCHEMA, Kind.DATASET):
        return False
    return literal_type.kind == Kind.SCHEMA or (
        bool(literal_type.format) and formats_agree(literal_type.format, PARQUET)
    )


def _leaf_feeds_the_same(new: DerivedType, old: DerivedType) -> bool:
    if is_none(new) or is_none(old):
        return is_none(new) and is_none(old)
    if new.rest != old.rest or new.tag != old.tag:
        return False
    if new.simple != types_pb2.STRUCT or not (new.has_metadata and old.has_metadata):
        return new.simple != types_pb2.STRUCT or new.has_metadata == old.has_metadata
    return schema_feeds_the_same(json_schema_of(new), json_schema_of(old))


def _parts_feed_the_same(new: DerivedType | None, old: DerivedType | None) -> bool:
    if new is None or old is None:
        return False
    return feeds_all(new, old, inside=True) and feeds_all(old, new, inside=True)


def _dataset_feeds_the_same(new: DerivedType, old: DerivedType) -> bool:
    if bool(new.format) != bool(old.format) or not formats_agree(new.format, old.format):
        return False
    return new.column_types.keys() == old.column_types.keys() and all(
        _parts_feed_the_same(column, old.column_types[name]) for name, column in new.column_types.items()
    )


_FEEDS_THE_SAME: Final[dict[str | None, Callable[[DerivedType, DerivedType], bool]]] = {
    **dict.fromkeys((Kind.LIST, Kind.MAP), lambda new, old: _parts_feed_the_same(new.element, old.element)),
    Kind.BLOB: lambda new, old: new.format == old.format,
    Kind.SCHEMA: lambda new, old: new.column_types == old.column_types,
    Kind.DATASET: _dataset_feeds_the_same,
}
