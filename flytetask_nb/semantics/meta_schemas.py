"""Which words a JSON schema may hold: the meta-schemas of its drafts, as the library has them that the compiler uses.

That is santhosh-tekuri/jsonschema 1.2.
"""

from __future__ import annotations

import json
import re
import warnings
from typing import TYPE_CHECKING, Any, Final, TypeAlias

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Iterator, Mapping

Json: TypeAlias = Any
"""What JSON holds: None, bool, float, str, list, dict."""
# Draft 6 brought `const`, and `true` and `false` as schemas; draft 7 brought `if`, `then` and `else`.
WITH_FLAGS: Final = 6
_WITH_CONDITIONS: Final = 7

MEMBERS: Final = ("allOf", "anyOf", "oneOf")
"""The words under which schemas stand that a value has to fit all of, any of, or one of."""

_TYPES: Final = frozenset({"array", "boolean", "integer", "null", "number", "object", "string"})
_FORMATS: Final = frozenset(
    {
        "date-time", "date", "time", "hostname", "email", "ip-address", "ipv4", "ipv6", "uri", "iri",
        "uri-reference", "uriref", "iri-reference", "uri-template", "regex", "json-pointer",
        "relative-json-pointer", "format", "encoding", "mediatype",
    }
)  # fmt: skip
_ENCODINGS: Final = frozenset({"base64"})
_MEDIA_TYPES: Final = frozenset({"application/json"})
# What Go's regular expressions lack, though Python's have it: looking around and referring back.
_NOT_IN_GO: Final = re.compile(r"\(\?(?:[=!]|<[=!])|\\[1-9]")


class InvalidSchemaError(Exception):
    """The compiler cannot read the schema."""


class NoAnswerError(Exception):
    """The compiler stumbles over what it compares, or would never end: it gives no answer at all."""


def keyword(part: Json, name: str) -> Json:
    """Return what a schema says under a keyword; None where it says nothing."""
    return part.get(name) if isinstance(part, dict) else None


def types_of(part: Json) -> set[str]:
    """Return the types that a schema names."""
    names = keyword(part, "type")
    return set(names) if isinstance(names, list) else set() if names is None else {names}


def inner_schemas(part: dict[str, Json], draft: int) -> Iterator[Json]:
    """Return the schemas inside a schema that are compiled with it; ``definitions`` only where referred to."""
    for name in ("not", "additionalProperties"):
        yield part.get(name)
    for name in MEMBERS:
        yield from part.get(name, ())
    for name in ("properties", "patternProperties", "dependencies"):
        yield from part.get(name, {}).values()
    items = part.get("items")
    if isinstance(items, list):
        yield from items
        yield part.get("additionalItems")
    else:
        yield items
    if draft >= WITH_FLAGS:
        yield part.get("propertyNames")
        yield part.get("contains")
    yield from condition_of(part, draft)


def condition_of(part: Json, draft: int) -> tuple[Json, ...]:
    """Return ``if``, ``then`` and ``else``, where there is a condition."""
    if draft < _WITH_CONDITIONS or not isinstance(part, dict) or part.get("if") is None:
        return ()
    if part.get("then") is None and part.get("else") is None:
        return ()
    return (part["if"], part.get("then"), part.get("else"))


def require_valid(schemas: list[Json], draft: int, rules: Mapping[str, KeywordRule], checked: set[int]) -> None:
    """Check schemas, and those inside them, against the rules of a draft."""
    waiting = schemas
    while waiting:
        schema = waiting.pop()
        if isinstance(schema, bool) and draft >= WITH_FLAGS:
            continue
        if not isinstance(schema, dict):
            raise InvalidSchemaError
        if id(schema) in checked:
            continue
        checked.add(id(schema))
        for name, value in schema.items():
            rule = rules.get(name)
            if rule is not None:
                waiting.extend(rule(value))
        if draft < WITH_FLAGS and any(
            f"exclusive{bound}" in schema and bound.lower() not in schema for bound in _BOUNDS
        ):
            raise InvalidSchemaError


_BOUNDS: Final = ("Maximum", "Minimum")

# Each rule refuses a value that the meta-schema refuses, and gives the schemas inside it.
KeywordRule: TypeAlias = "Callable[[Json], Iterable[Json]]"


def _when(fits: Callable[[Json], bool], inside: KeywordRule = lambda _value: ()) -> KeywordRule:
    def rule(value: Json) -> Iterable[Json]:
        if not fits(value):
            raise InvalidSchemaError
        return inside(value)

    return rule


def _is(kind: type) -> Callable[[Json], bool]:
    return lambda value: isinstance(value, kind)


_is_flag: Final = _is(bool)
_is_list: Final = _is(list)
_is_number: Final = _is(float)
is_text: Final = _is(str)
"""Tell whether a value is a text."""


def _is_count(value: Json) -> bool:
    return isinstance(value, float) and value.is_integer() and value >= 0


def _is_pattern(value: Json) -> bool:
    if not isinstance(value, str) or _NOT_IN_GO.search(value):
        return False
    try:
        with warnings.catch_warnings():
            # What Python will read otherwise one day is of no interest: Go reads it.
            warnings.simplefilter("ignore", FutureWarning)
            re.compile(value)
    except (re.error, RecursionError, OverflowError):
        return False
    return True


def _are_unique(values: list[Json]) -> bool:
    return len({json.dumps(value, sort_keys=True) for value in values}) == len(values)


def _is_type(value: Json) -> bool:
    if isinstance(value, list):
        return bool(value) and _are_unique(value) and all(_is_type_name(name) for name in value)
    return _is_type_name(value)


def _is_type_name(value: Json) -> bool:
    return isinstance(value, str) and value in _TYPES


def _are_names(value: Json) -> bool:
    return isinstance(value, list) and all(map(is_text, value)) and _are_unique(value)


def _one_of(names: frozenset[str]) -> KeywordRule:
    return _when(lambda value: isinstance(value, str) and value in names)


def _schema_inside(value: Json) -> Iterable[Json]:
    return (value,)


_some_schemas: Final = _when(lambda value: isinstance(value, list) and bool(value), lambda value: value)
_schemas_by_name: Final = _when(lambda value: isinstance(value, dict), dict.values)
_schemas_by_pattern: Final = _when(lambda value: isinstance(value, dict) and all(map(_is_pattern, value)), dict.values)


def _dependencies(names_fit: Callable[[Json], bool]) -> KeywordRule:
    return _when(
        lambda value: isinstance(value, dict) and all(map(names_fit, filter(_is_list, value.values()))),
        lambda value: [needed for needed in value.values() if not _is_list(needed)],
    )


_META_SCHEMA_4: Final[Mapping[str, KeywordRule]] = {
    **dict.fromkeys(("id", "$schema", "title", "description", "$ref"), _when(is_text)),
    **dict.fromkeys(("maximum", "minimum"), _when(_is_number)),
    **dict.fromkeys(("exclusiveMaximum", "exclusiveMinimum", "uniqueItems", "regexProperties"), _when(_is_flag)),
    **dict.fromkeys(
        ("maxLength", "minLength", "maxItems", "minItems", "maxProperties", "minProperties"), _when(_is_count)
    ),
    **dict.fromkeys(
        ("additionalItems", "additionalProperties"), lambda value: () if isinstance(value, bool) else (value,)
    ),
    **dict.fromkeys(("definitions", "properties"), _schemas_by_name),
    **dict.fromkeys(MEMBERS, _some_schemas),
    "multipleOf": _when(lambda value: _is_number(value) and value > 0),
    "pattern": _when(_is_pattern),
    "items": lambda value: _some_schemas(value) if _is_list(value) else (value,),
    "required": _when(lambda value: _are_names(value) and bool(value)),
    "patternProperties": _schemas_by_pattern,
    "dependencies": _dependencies(lambda names: _are_names(names) and bool(names)),
    "enum": _when(lambda value: _is_list(value) and bool(value) and _are_unique(value)),
    "type": _when(_is_type),
    "not": _schema_inside,
    "format": _one_of(_FORMATS),
}

_META_SCHEMA_6: Final[Mapping[str, KeywordRule]] = {
    **{name: rule for name, rule in _META_SCHEMA_4.items() if name not in ("id", "regexProperties")},
    "$id": _when(is_text),
    **dict.fromkeys(("exclusiveMaximum", "exclusiveMinimum"), _when(_is_number)),
    **dict.fromkeys(("additionalItems", "additionalProperties", "contains", "propertyNames"), _schema_inside),
    "required": _when(_are_names),
    "dependencies": _dependencies(_are_names),
}

_META_SCHEMA_7: Final[Mapping[str, KeywordRule]] = {
    **_META_SCHEMA_6,
    "$comment": _when(is_text),
    "readOnly": _when(_is_flag),
    "examples": _when(_is_list),
    "contentMediaType": _one_of(_MEDIA_TYPES),
    "contentEncoding": _one_of(_ENCODINGS),
    **dict.fromkeys(("if", "then", "else"), _schema_inside),
}

# Words of draft 2019-09 and later, and formats that only readers know.
NEWER: Final[Mapping[str, KeywordRule]] = {
    "$defs": _schemas_by_name,
    "prefixItems": _some_schemas,
    "dependentSchemas": _schemas_by_name,
    "dependentRequired": _when(lambda value: isinstance(value, dict) and all(map(_are_names, value.values()))),
    **dict.fromkeys(("minContains", "maxContains"), _when(_is_count)),
    "format": _when(is_text),
}

META_SCHEMAS: Final = {4: _META_SCHEMA_4, 6: _META_SCHEMA_6, 7: _META_SCHEMA_7}
