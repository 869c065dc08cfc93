"""Whether a value fits a JSON schema.

What reads a dataclass at run time goes by the whole schema, where the compiler compares parts of it. The words are
those of JSON Schema, draft 4 to 2020-12, for schemas of dataclasses say ``prefixItems`` and ``$defs`` without saying
which draft they are of.
"""

from __future__ import annotations

import json
import math
import re
from fractions import Fraction
from functools import partial
from typing import TYPE_CHECKING, Any, Final, NamedTuple

from flytetask_nb.semantics.meta_schemas import InvalidSchemaError, NoAnswerError, keyword, types_of

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable

    from flytetask_nb.semantics.json_schemas import Schema
    from flytetask_nb.semantics.meta_schemas import Json

# Policy of this package: deeper schemas are not looked through.
_DEEPEST: Final = 40
# They change what a schema means in ways that are not read here.
_UNREAD: Final = ("$dynamicRef", "$recursiveRef", "unevaluatedItems", "unevaluatedProperties")


def canonical(value: Json) -> str:
    """Return a text that is the same for equal JSON values: 1 and 1.0 are equal, 1 and true are not."""
    return json.dumps(_floated(value), sort_keys=True)


def _floated(value: Json) -> Json:
    if isinstance(value, dict):
        return {name: _floated(inner) for name, inner in value.items()}
    if isinstance(value, list):
        return [_floated(inner) for inner in value]
    return float(value) if isinstance(value, int) and not isinstance(value, bool) else value


_TYPES: Final = {
    type(None): "null",
    bool: "boolean",
    int: "number",
    float: "number",
    str: "string",
    list: "array",
    dict: "object",
}


def _is_of(value: Json, name: str) -> bool:
    if name == "integer":
        return _TYPES[type(value)] == "number" and float(value).is_integer()
    return _TYPES[type(value)] == name


# -- what a schema says, in whichever words ------------------------------------------------------------------------


def listed(part: Json) -> list[Json] | None:
    """Return the values that a schema lists, as enum or constant; None if it lists none."""
    if isinstance(part, dict) and "const" in part:
        return [part["const"]]
    values = keyword(part, "enum")
    return values if isinstance(values, list) else None


def prefix(part: Json) -> list[Json]:
    """Return the schemas of the first items of a list, where each has one of its own."""
    for name in ("prefixItems", "items"):
        if isinstance(keyword(part, name), list):
            return list(part[name])
    return []


def item(part: Json, index: int) -> Json:
    """Return the schema of an item of a list."""
    first = prefix(part)
    if index < len(first):
        return first[index]
    name = "additionalItems" if isinstance(keyword(part, "items"), list) else "items"
    return part.get(name, True)


def named(part: Json, name: str) -> Json:
    """Return the schema of what stands under a name of an object."""
    schemas = [inner for pattern, inner in _patterns(part) if matches(pattern, name)]
    if name in (keyword(part, "properties") or {}):
        schemas.insert(0, part["properties"][name])
    if not schemas:
        return part.get("additionalProperties", True)
    return schemas[0] if len(schemas) == 1 else {"allOf": schemas}


def extra(part: Json, names: Iterable[str]) -> list[str]:
    """Return those of some names that a schema of an object does not speak of."""
    patterns = [pattern for pattern, _ in _patterns(part)]
    own = keyword(part, "properties") or {}
    return [name for name in names if name not in own and not any(matches(pattern, name) for pattern in patterns)]


def _patterns(part: Json) -> list[tuple[str, Json]]:
    return list((keyword(part, "patternProperties") or {}).items())


def matches(pattern: str, text: str) -> bool:
    """Tell whether a pattern is found in a text."""
    try:
        return re.search(pattern, text) is not None
    except (re.error, RecursionError):
        raise NoAnswerError from None


# -- whether a value fits ------------------------------------------------------------------------------------------


class _At(NamedTuple):
    """Where a value is held against a schema: its document, the schema itself, and how deep that is."""

    schema: Schema
    part: Json
    depth: int

    def fits(self, part: Json, value: Json) -> bool:
        return _fits(_At(self.schema, part, self.depth + 1), value)

    def fitting(self, name: str, value: Json) -> int:
        return sum(self.fits(member, value) for member in self.part[name])


def fits(schema: Schema, part: Json, value: Json) -> bool:
    """Tell whether a value fits a schema.

    Raises NoAnswerError: it says so in words that are not read here, or is too deep.
    """
    try:
        return _fits(_At(schema, part, 0), value)
    except InvalidSchemaError:
        raise NoAnswerError from None


def _fits(at: _At, value: Json) -> bool:
    if at.depth > _DEEPEST:
        raise NoAnswerError
    part = at.schema.resolved(at.part)
    if isinstance(part, bool):
        return part
    if any(word in part for word in _UNREAD):
        raise NoAnswerError
    at, kind = at._replace(part=part), _TYPES[type(value)]
    return all(
        check(at, part[word], value) for word, (of, check) in _CHECKS.items() if word in part and of in ("", kind)
    )


def _fits_bound(word: str, at: _At, wanted: Json, value: float) -> bool:
    if isinstance(wanted, bool):
        # Draft 4 says with a flag that the bound itself is excluded.
        bound = keyword(at.part, word.removeprefix("exclusive").lower())
        return not wanted or bound is None or value != bound
    if word.startswith("exclusive") and value == wanted:
        return False
    return bool(value >= wanted if word.endswith("inimum") else value <= wanted)


def _fits_items(at: _At, wanted: Json, value: list[Json]) -> bool:
    if isinstance(wanted, list):
        return all(map(at.fits, wanted, value))
    return all(at.fits(wanted, inner) for inner in value[len(prefix(at.part)) :])


def _fits_more_items(at: _At, wanted: Json, value: list[Json]) -> bool:
    first = keyword(at.part, "items")
    return not isinstance(first, list) or all(at.fits(wanted, inner) for inner in value[len(first) :])


def _fits_contains(at: _At, wanted: Json, value: list[Json]) -> bool:
    count = sum(at.fits(wanted, inner) for inner in value)
    return bool(at.part.get("minContains", 1) <= count <= at.part.get("maxContains", len(value)))


def _fits_patterns(at: _At, wanted: Json, value: dict[str, Json]) -> bool:
    return all(
        at.fits(inner, value[name]) for pattern, inner in wanted.items() for name in value if matches(pattern, name)
    )


def _fits_needed(at: _At, wanted: Json, value: dict[str, Json]) -> bool:
    """Hold an object against what it needs where it has a name: others, or to fit a schema."""
    return all(
        all(name in value for name in needed) if isinstance(needed, list) else at.fits(needed, value)
        for given, needed in wanted.items()
        if given in value
    )


def _fits_condition(at: _At, wanted: Json, value: Json) -> bool:
    return at.fits(at.part.get("then" if at.fits(wanted, value) else "else", True), value)


def is_multiple(value: float, step: float) -> bool:
    """Tell whether a number is a multiple of another, by their digits."""
    return math.isfinite(value) and (Fraction(str(value)) / Fraction(str(step))).denominator == 1


_BOUNDS: Final = ("minimum", "maximum", "exclusiveMinimum", "exclusiveMaximum")
_SIZES: Final = {"Length": "string", "Items": "array", "Properties": "object"}

_CHECKS: Final[dict[str, tuple[str, Callable[[_At, Any, Any], bool]]]] = {
    "type": ("", lambda at, _, value: any(_is_of(value, name) for name in types_of(at.part))),
    "enum": ("", lambda _, wanted, value: canonical(value) in map(canonical, wanted)),
    "const": ("", lambda _, wanted, value: canonical(value) == canonical(wanted)),
    **{word: ("number", partial(_fits_bound, word)) for word in _BOUNDS},
    "multipleOf": ("number", lambda _, wanted, value: is_multiple(value, wanted)),
    **{f"min{word}": (of, lambda _, wanted, value: len(value) >= wanted) for word, of in _SIZES.items()},
    **{f"max{word}": (of, lambda _, wanted, value: len(value) <= wanted) for word, of in _SIZES.items()},
    "pattern": ("string", lambda _, wanted, value: matches(wanted, value)),
    "uniqueItems": ("array", lambda _, wanted, value: not wanted or len(set(map(canonical, value))) == len(value)),
    **dict.fromkeys(("items", "prefixItems"), ("array", _fits_items)),
    "additionalItems": ("array", _fits_more_items),
    "contains": ("array", _fits_contains),
    "required": ("object", lambda _, wanted, value: all(name in value for name in wanted)),
    "properties": (
        "object",
        lambda at, wanted, value: all(at.fits(wanted[name], value[name]) for name in wanted if name in value),
    ),
    "patternProperties": ("object", _fits_patterns),
    "additionalProperties": (
        "object",
        lambda at, wanted, value: all(at.fits(wanted, value[name]) for name in extra(at.part, value)),
    ),
    "propertyNames": ("object", lambda at, wanted, value: all(at.fits(wanted, name) for name in value)),
    **dict.fromkeys(("dependencies", "dependentRequired", "dependentSchemas"), ("object", _fits_needed)),
    "allOf": ("", lambda at, _, value: at.fitting("allOf", value) == len(at.part["allOf"])),
    "anyOf": ("", lambda at, _, value: at.fitting("anyOf", value) > 0),
    "oneOf": ("", lambda at, _, value: at.fitting("oneOf", value) == 1),
    "not": ("", lambda at, wanted, value: not at.fits(wanted, value)),
    "if": ("", _fits_condition),
}
