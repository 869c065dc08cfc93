"""Whether one JSON schema covers all that another covers, in the sense of Flyte's compiler: proofs.

Covering is nearly transitive, and where it is, a schema that the new one covers brings along all that it covers
itself. What spoils it: the compiler compares the values of a text only where both sides list some, and inside
``anyOf`` and its kin it may stumble over a member that it would not have needed.
"""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any, Final

from flytetask_nb.semantics.meta_schemas import (
    MEMBERS,
    InvalidSchemaError,
    NoAnswerError,
    condition_of,
    keyword,
    types_of,
)
from flytetask_nb.semantics.schema_comparison import covers, is_not_compared

if TYPE_CHECKING:
    from collections.abc import Iterator

    from flytetask_nb.semantics.json_schemas import Schema
    from flytetask_nb.semantics.meta_schemas import Json

# Policy of this package: deeper or larger schemas are not looked through, which proves nothing about them.
_DEEPEST: Final = 40
_MOST_PARTS: Final = 5_000

# What is compared, by the type that it is compared for.
_COMPARED: Final[dict[str, tuple[str, ...]]] = {
    "string": ("format", "enum", "pattern", "minLength", "maxLength"),
    "number": ("maximum", "minimum", "exclusiveMaximum", "exclusiveMinimum", "multipleOf"),
    "array": ("minItems", "maxItems", "uniqueItems"),
    "object": ("minProperties", "maxProperties"),
}
_ALL_COMPARED: Final = tuple(name for names in _COMPARED.values() for name in names)


def schema_accepts_all(new: Schema, old: Schema) -> bool:
    """Tell whether it follows that whoever accepts ``new`` accepts every schema that ``old`` covers."""
    if new.equals(old):
        return True
    try:
        if not covers(new, old):
            return False
        return _is_transitive(new, old) or _essence(new, ordered=True) == _essence(old, ordered=True)
    except NoAnswerError:
        return False


def schema_feeds_the_same(new: Schema, old: Schema) -> bool:
    """Tell whether it follows that two schemas are covered by the same schemas."""
    if new.equals(old):
        return True
    try:
        return covers(new, old) and _essence(new, ordered=False) == _essence(old, ordered=False)
    except NoAnswerError:
        return False


def never_stumbles(schema: Schema) -> bool:
    """Tell whether the compiler gives an answer whatever it compares with what this schema expects."""
    try:
        return _is_calm(schema, schema.document, _Parts())
    except (NoAnswerError, InvalidSchemaError):
        return False


class _Parts:
    """A way through a schema that does not lose itself: a schema that refers to itself is endless."""

    def __init__(self) -> None:
        self.seen = 0
        self.depth = 0

    def __enter__(self) -> None:
        self.seen += 1
        self.depth += 1
        if self.depth > _DEEPEST or self.seen > _MOST_PARTS:
            raise NoAnswerError

    def __exit__(self, *_error: object) -> None:
        self.depth -= 1


def _inner(part: Json, draft: int) -> Iterator[Json]:
    """Return the schemas inside a schema that are compared."""
    for name in MEMBERS:
        yield from keyword(part, name) or ()
    yield from (condition for condition in condition_of(part, draft) if condition is not None)
    items = keyword(part, "items")
    yield from items if isinstance(items, list) else () if items is None else (items,)
    yield from (keyword(part, "properties") or {}).values()


def _is_calm(schema: Schema, part: Json, walk: _Parts) -> bool:
    """Tell whether nothing in here needs something of the other side that may not be there."""
    with walk:
        part = schema.resolved(part)
        types = types_of(part)
        if "string" in types and any(keyword(part, name) is not None for name in ("pattern", "enum")):
            return False
        if "number" in types and keyword(part, "multipleOf") is not None:
            return False
        if isinstance(keyword(part, "const"), (list, dict)):
            return False
        return all(_is_calm(schema, inner, walk) for inner in _inner(part, schema.draft))


def _is_transitive(wanted: Schema, given: Schema) -> bool:
    """Tell whether what ``given`` covers ``wanted`` covers too, where ``given`` covers ``wanted`` itself."""
    walk = _Parts()

    def check(ours: Json, theirs: Json) -> bool:
        with walk:
            ours, theirs = wanted.resolved(ours), given.resolved(theirs)
            types = types_of(ours)
            if "string" in types and keyword(ours, "enum") is not None and keyword(theirs, "enum") is None:
                return False
            if not (are_harmless(ours) or reduced(wanted, ours) == reduced(given, theirs)):
                return False
            pairs: list[tuple[Json, Json]] = []
            if "array" in types and keyword(ours, "items") is not None:
                mine, their = keyword(ours, "items"), keyword(theirs, "items")
                pairs += zip(mine, their, strict=True) if isinstance(mine, list) else ((mine, their),)
            if "object" in types or not types:
                properties = keyword(theirs, "properties") or {}
                pairs += ((mine, properties[name]) for name, mine in (keyword(ours, "properties") or {}).items())
            return all(check(mine, their) for mine, their in pairs)

    def are_harmless(ours: Json) -> bool:
        """Tell whether comparing the members of ``ours`` never stumbles."""
        members = (member for name in MEMBERS for member in keyword(ours, name) or ())
        return not condition_of(ours, wanted.draft) and all(_is_calm(wanted, member, walk) for member in members)

    def reduced(schema: Schema, part: Json) -> Json:
        whole = _reduced(schema, part, walk, ordered=True, is_member=False)
        return [whole[name] for name in (*MEMBERS, "conditions") if name in whole]

    return check(wanted.document, given.document)


def _essence(schema: Schema, *, ordered: bool) -> Json:
    """Reduce a schema that the compiler can read to what it compares."""
    return _reduced(schema, schema.document, _Parts(), ordered=ordered, is_member=False)


def _reduced(schema: Schema, part: Json, walk: _Parts, *, ordered: bool, is_member: bool) -> Json:
    """Reduce a part of a schema to what the compiler compares.

    ``schema``: the whole.
    ``part``: what is reduced.
    ``walk``: the way to it.
    ``ordered``: keep the order of members: it decides which of them the compiler meets before it stumbles over another.
    ``is_member``: whether it is inside ``anyOf`` or its kin. There it meets schemas of any type, and what the compiler
      cannot compare, which it ignores elsewhere, counts.
    """

    def reduce(inner: Json, *, is_member: bool = is_member) -> Json:
        return _reduced(schema, inner, walk, ordered=ordered, is_member=is_member)

    with walk:
        part = schema.resolved(part)
        if isinstance(part, bool):
            return {"always": part}
        types = types_of(part)
        kinds = types or {"object"}
        names = _ALL_COMPARED if is_member else [name for kind in kinds for name in _COMPARED.get(kind, ())]
        reduced: dict[str, Any] = {"type": sorted(types)}
        reduced.update((name, part[name]) for name in names if part.get(name) is not None)
        for name in MEMBERS:
            members = [reduce(member, is_member=True) for member in part.get(name) or ()]
            reduced[name] = members if ordered else sorted({json.dumps(member, sort_keys=True) for member in members})
        if "const" in part:
            reduced["const"] = [part["const"], schema.draft]
        if ("array" in kinds or is_member) and part.get("items") is not None:
            items = part["items"]
            reduced["items"] = [reduce(item) for item in items] if isinstance(items, list) else reduce(items)
        if "object" in kinds or is_member:
            reduced["properties"] = {name: reduce(inner) for name, inner in (part.get("properties") or {}).items()}
            reduced["required"] = sorted(part.get("required") or ())
            reduced["conditions"] = [
                None if inner is None else reduce(inner, is_member=True) for inner in condition_of(part, schema.draft)
            ]
        if is_member:
            reduced["unsupported"] = is_not_compared(part)
        return reduced
