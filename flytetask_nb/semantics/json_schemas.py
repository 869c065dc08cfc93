"""Whether one JSON schema covers another, as Flyte's compiler asks for the schemas of two dataclasses.

The compiler leaves that to two libraries, and what counts is what they do: santhosh-tekuri/jsonschema 1.2 refuses
schemas that it does not understand, yvesf/json-schema-compare compares the others.
"""

from __future__ import annotations

import json
import math
import re
import warnings
from functools import lru_cache
from typing import TYPE_CHECKING, Any, Final, TypeAlias
from urllib.parse import unquote

from google.protobuf.struct_pb2 import Struct

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Iterator, Mapping

__all__ = ["NoAnswerError", "Schema", "schema_of"]

Json: TypeAlias = Any
"""What JSON holds: None, bool, float, str, list, dict."""

_DRAFT_OF_URL: Final = {
    "http://json-schema.org/schema#": 7,
    "http://json-schema.org/draft-07/schema#": 7,
    "http://json-schema.org/draft-06/schema#": 6,
    "http://json-schema.org/draft-04/schema#": 4,
}
_LATEST_DRAFT: Final = 7
# Draft 6 brought `const`, and `true` and `false` as schemas; draft 7 brought `if`, `then` and `else`.
_WITH_FLAGS: Final = 6
_WITH_CONDITIONS: Final = 7

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

# Policy of this package: real dataclasses nest a few levels, and Python's stack is short.
_DEEPEST: Final = 64
# Likewise: the compiler looks at each pair of members of two anyOf, and so do we, but not for hours.
_MOST_PAIRS: Final = 50_000
# What Go's regular expressions lack, though Python's have it: looking around and referring back.
_NOT_IN_GO: Final = re.compile(r"\(\?(?:[=!]|<[=!])|\\[1-9]")


class Schema:
    """The JSON schema of a dataclass, as the compiler reads it from the metadata of a literal type.

    Parameters
    ----------
    serialized
        The bytes of the metadata, a ``google.protobuf.Struct``.
    """

    __slots__ = ("_compared", "_serialized", "document", "draft")

    def __init__(self, serialized: bytes) -> None:
        self._serialized = serialized
        try:
            self.document: Json = _json_of(Struct.FromString(serialized))
        except _InvalidError:
            self.document = None
        self._compared: bool | None = None
        self.draft = _LATEST_DRAFT

    def equals(self, other: Schema) -> bool:
        """Tell whether both say the same, to the letter, in any order of keys."""
        return self.document is not None and self._serialized == other._serialized

    def covered_by(self, given: Schema) -> bool:
        """Tell whether whoever expects this schema can do with what ``given`` describes.

        Raises
        ------
        NoAnswerError
            The compiler stumbles over the two, or would never end.

        Notes
        -----
        The rule is ``isSuperTypeInJSON`` in flytepropeller/pkg/compiler/validators/typing.go: both schemas are
        valid, and comparing them raises nothing but remarks that something is not implemented.
        """
        if not self._is_readable() or not given._is_readable():
            return False
        return _Comparison(self, given).compare(self.document, given.document, 0) != _MISFIT

    def _is_readable(self) -> bool:
        if self._compared is None:
            try:
                self.draft = _draft(self.document)
                _require_readable(self)
                self._compared = True
            except _InvalidError:
                self._compared = False
        return self._compared

    def require_sound(self) -> None:
        """Check the document against the rules of its draft and those of later ones, which the compiler does not read.

        Raises
        ------
        NoAnswerError
            It says something that JSON Schema does not understand.
        """
        try:
            if self.document is not None:
                _require_readable(self, _NEWER)
        except _InvalidError:
            raise NoAnswerError from None

    def resolved(self, schema: Json) -> Json:
        """Follow ``$ref`` to the schema that it stands for."""
        for _ in range(_DEEPEST):
            if not isinstance(schema, dict) or "$ref" not in schema:
                return schema
            schema = self.referred(schema["$ref"])
        raise NoAnswerError

    def referred(self, reference: Json) -> Json:
        """Return what a reference points at, in this document alone: the compiler has no other."""
        if reference in ("", "#", "#/"):
            return self.document
        if not isinstance(reference, str) or not reference.startswith("#/"):
            raise _InvalidError
        found = self.document
        for part in reference[2:].split("/"):
            found = _step(found, unquote(part.replace("~1", "/").replace("~0", "~")))
        return found


@lru_cache(maxsize=1024)
def _schema(serialized: bytes) -> Schema:
    return Schema(serialized)


def schema_of(metadata: Struct) -> Schema:
    """Return the schema that the metadata of a literal type holds; equal ones are read once.

    Parameters
    ----------
    metadata
        The metadata.
    """
    return _schema(metadata.SerializeToString(deterministic=True))


class _InvalidError(Exception):
    """The compiler cannot read the schema."""


class NoAnswerError(Exception):
    """The compiler stumbles over what it compares, or would never end: it gives no answer at all."""


def _json_of(struct: Struct) -> Json:
    # The order of a map is another one in every process.
    return {name: _json_value(struct.fields[name]) for name in sorted(struct.fields)}


def _json_value(value: Any) -> Json:
    kind = value.WhichOneof("kind")
    if kind == "struct_value":
        return _json_of(value.struct_value)
    if kind == "list_value":
        return [_json_value(item) for item in value.list_value.values]
    if kind is None or (kind == "number_value" and not math.isfinite(value.number_value)):
        raise _InvalidError
    return None if kind == "null_value" else getattr(value, kind)


def _step(found: Json, part: str) -> Json:
    if isinstance(found, dict) and part in found:
        return found[part]
    if isinstance(found, list) and part.isascii() and part.isdigit() and int(part) < len(found):
        return found[int(part)]
    raise _InvalidError


# -- which schemas the compiler can read ---------------------------------------------------------------------------


def _draft(document: Json) -> int:
    # The compiler writes metadata that is there but empty as null, which is no schema.
    if not isinstance(document, dict) or not document:
        raise _InvalidError
    if "$schema" not in document:
        return _LATEST_DRAFT
    url = document["$schema"]
    draft = _DRAFT_OF_URL.get(url) if isinstance(url, str) else None
    if draft is None:
        raise _InvalidError
    return draft


def _require_readable(schema: Schema, newer: Mapping[str, _Rule] | None = None) -> None:
    """Check the document against the rules of its draft, newer rules beside, and everything that it refers to."""
    checked: set[int] = set()
    rules = {**_META_SCHEMAS[schema.draft], **(newer or {})}
    _require_valid([schema.document], schema.draft, rules, checked)
    compiled: set[int] = set()
    waiting = [schema.document]
    while waiting:
        part = waiting.pop()
        if not isinstance(part, dict) or id(part) in compiled:
            continue
        compiled.add(id(part))
        if "$ref" in part:
            target = schema.referred(part["$ref"])
            _require_valid([target], schema.draft, rules, checked)
            waiting.append(target)
        else:
            waiting.extend(_parts(part, schema.draft))
            waiting.extend(inner for name in newer or () if name in part for inner in rules[name](part[name]))


def _parts(part: dict[str, Json], draft: int) -> Iterator[Json]:
    """Return the schemas inside a schema that are compiled with it; ``definitions`` only where referred to."""
    for name in ("not", "additionalProperties"):
        yield part.get(name)
    for name in ("allOf", "anyOf", "oneOf"):
        yield from part.get(name, ())
    for name in ("properties", "patternProperties", "dependencies"):
        yield from part.get(name, {}).values()
    items = part.get("items")
    if isinstance(items, list):
        yield from items
        yield part.get("additionalItems")
    else:
        yield items
    if draft >= _WITH_FLAGS:
        yield part.get("propertyNames")
        yield part.get("contains")
    yield from _condition(part, draft)


def _condition(part: Json, draft: int) -> tuple[Json, ...]:
    """Return ``if``, ``then`` and ``else``, where there is a condition."""
    if draft < _WITH_CONDITIONS or not isinstance(part, dict) or part.get("if") is None:
        return ()
    if part.get("then") is None and part.get("else") is None:
        return ()
    return (part["if"], part.get("then"), part.get("else"))


def _require_valid(schemas: list[Json], draft: int, rules: Mapping[str, _Rule], checked: set[int]) -> None:
    """Check schemas, and those inside them, against the rules of a draft."""
    waiting = schemas
    while waiting:
        schema = waiting.pop()
        if isinstance(schema, bool) and draft >= _WITH_FLAGS:
            continue
        if not isinstance(schema, dict):
            raise _InvalidError
        if id(schema) in checked:
            continue
        checked.add(id(schema))
        for name, value in schema.items():
            rule = rules.get(name)
            if rule is not None:
                waiting.extend(rule(value))
        if draft < _WITH_FLAGS and any(
            f"exclusive{bound}" in schema and bound.lower() not in schema for bound in _BOUNDS
        ):
            raise _InvalidError


_BOUNDS: Final = ("Maximum", "Minimum")

# Each rule refuses a value that the meta-schema refuses, and gives the schemas inside it.
_Rule: TypeAlias = "Callable[[Json], Iterable[Json]]"


def _when(fits: Callable[[Json], bool]) -> _Rule:
    def rule(value: Json) -> Iterable[Json]:
        if not fits(value):
            raise _InvalidError
        return ()

    return rule


def _is_text(value: Json) -> bool:
    return isinstance(value, str)


def _is_flag(value: Json) -> bool:
    return isinstance(value, bool)


def _is_number(value: Json) -> bool:
    return isinstance(value, float)


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
    return isinstance(value, list) and all(map(_is_text, value)) and _are_unique(value)


def _are_some_values(value: Json) -> bool:
    return isinstance(value, list) and bool(value) and _are_unique(value)


def _one_of(names: frozenset[str]) -> _Rule:
    return _when(lambda value: isinstance(value, str) and value in names)


def _schema_inside(value: Json) -> Iterable[Json]:
    return (value,)


def _schema_or_flag(value: Json) -> Iterable[Json]:
    return () if isinstance(value, bool) else (value,)


def _some_schemas(value: Json) -> Iterable[Json]:
    if not isinstance(value, list) or not value:
        raise _InvalidError
    return value


def _schema_or_schemas(value: Json) -> Iterable[Json]:
    return _some_schemas(value) if isinstance(value, list) else (value,)


def _schemas_by_name(value: Json) -> Iterable[Json]:
    if not isinstance(value, dict):
        raise _InvalidError
    return value.values()


def _schemas_by_pattern(value: Json) -> Iterable[Json]:
    schemas = _schemas_by_name(value)
    if not all(map(_is_pattern, value)):
        raise _InvalidError
    return schemas


def _dependencies(names_fit: Callable[[Json], bool]) -> _Rule:
    def rule(value: Json) -> Iterable[Json]:
        schemas = [needed for needed in _schemas_by_name(value) if not isinstance(needed, list)]
        if not all(names_fit(needed) for needed in value.values() if isinstance(needed, list)):
            raise _InvalidError
        return schemas

    return rule


_META_SCHEMA_4: Final[Mapping[str, _Rule]] = {
    **dict.fromkeys(("id", "$schema", "title", "description", "$ref"), _when(_is_text)),
    **dict.fromkeys(("maximum", "minimum"), _when(_is_number)),
    **dict.fromkeys(("exclusiveMaximum", "exclusiveMinimum", "uniqueItems", "regexProperties"), _when(_is_flag)),
    **dict.fromkeys(
        ("maxLength", "minLength", "maxItems", "minItems", "maxProperties", "minProperties"), _when(_is_count)
    ),
    **dict.fromkeys(("additionalItems", "additionalProperties"), _schema_or_flag),
    **dict.fromkeys(("definitions", "properties"), _schemas_by_name),
    **dict.fromkeys(("allOf", "anyOf", "oneOf"), _some_schemas),
    "multipleOf": _when(lambda value: _is_number(value) and value > 0),
    "pattern": _when(_is_pattern),
    "items": _schema_or_schemas,
    "required": _when(lambda value: _are_names(value) and bool(value)),
    "patternProperties": _schemas_by_pattern,
    "dependencies": _dependencies(lambda names: _are_names(names) and bool(names)),
    "enum": _when(_are_some_values),
    "type": _when(_is_type),
    "not": _schema_inside,
    "format": _one_of(_FORMATS),
}

_META_SCHEMA_6: Final[Mapping[str, _Rule]] = {
    **{name: rule for name, rule in _META_SCHEMA_4.items() if name not in ("id", "regexProperties")},
    "$id": _when(_is_text),
    **dict.fromkeys(("exclusiveMaximum", "exclusiveMinimum"), _when(_is_number)),
    **dict.fromkeys(("additionalItems", "additionalProperties", "contains", "propertyNames"), _schema_inside),
    "required": _when(_are_names),
    "dependencies": _dependencies(_are_names),
}

_META_SCHEMA_7: Final[Mapping[str, _Rule]] = {
    **_META_SCHEMA_6,
    "$comment": _when(_is_text),
    "readOnly": _when(_is_flag),
    "examples": _when(lambda value: isinstance(value, list)),
    "contentMediaType": _one_of(_MEDIA_TYPES),
    "contentEncoding": _one_of(_ENCODINGS),
    **dict.fromkeys(("if", "then", "else"), _schema_inside),
}

# Words of draft 2019-09 and later, and formats that only readers know.
_NEWER: Final[Mapping[str, _Rule]] = {
    "$defs": _schemas_by_name,
    "prefixItems": _some_schemas,
    "dependentSchemas": _schemas_by_name,
    "dependentRequired": _when(lambda value: isinstance(value, dict) and all(map(_are_names, value.values()))),
    **dict.fromkeys(("minContains", "maxContains"), _when(_is_count)),
    "format": _when(_is_text),
}

_META_SCHEMAS: Final = {4: _META_SCHEMA_4, 6: _META_SCHEMA_6, 7: _META_SCHEMA_7}


# -- comparing -----------------------------------------------------------------------------------------------------

# How two schemas get along. A remark is what the library calls not implemented: the compiler ignores it, except
# inside anyOf and its kin.
_FITS: Final = 0
_REMARK: Final = 1
_MISFIT: Final = 2

_LARGER_NARROWS: Final = ("minLength", "minItems", "minProperties")
_LENGTHS: Final = {"string": ("minLength", "maxLength"), "array": ("minItems", "maxItems")}
_SIZES: Final = ("minProperties", "maxProperties")


class _Comparison:
    """One comparison of what is expected with what is given, each pair of schemas looked at once."""

    def __init__(self, wanted: Schema, given: Schema) -> None:
        self.wanted = wanted
        self.given = given
        self.known: dict[tuple[int, int], int | None] = {}

    def compare(self, wanted: Json, given: Json, depth: int) -> int:
        wanted, given = self.wanted.resolved(wanted), self.given.resolved(given)
        pair = (id(wanted), id(given))
        if pair in self.known:
            answer = self.known[pair]
            if answer is None:
                # The pair contains itself: the compiler would recurse until it dies.
                raise NoAnswerError
            return answer
        if depth > _DEEPEST or len(self.known) > _MOST_PAIRS:
            raise NoAnswerError
        self.known[pair] = None
        answer = max(
            self._types(wanted, given, depth),
            *(self._members(wanted, given, name, depth) for name in ("allOf", "anyOf", "oneOf")),
            self._constants(wanted, given),
        )
        self.known[pair] = answer
        return answer

    def _deeply(self, wanted: Json, given: Json, depth: int) -> int:
        """Compare members of anyOf and its kin, where ``true`` is not an empty schema."""
        wanted, given = self.wanted.resolved(wanted), self.given.resolved(given)
        if (isinstance(wanted, bool) or isinstance(given, bool)) and wanted is not given:
            return _MISFIT
        return self.compare(wanted, given, depth)

    def _types(self, wanted: Json, given: Json, depth: int) -> int:
        ours, theirs = _types_of(wanted), _types_of(given)
        found = [_FITS]
        if ours != theirs and (ours or theirs != {"object"}):
            found.append(_MISFIT)
        if "string" in ours:
            found.append(_compare_texts(wanted, given))
        if "number" in ours:
            found.append(_compare_numbers(wanted, given))
        if "array" in ours:
            found.append(self._arrays(wanted, given, depth))
        if "object" in ours or not ours:
            found.append(self._objects(wanted, given, depth))
        return max(found)

    def _members(self, wanted: Json, given: Json, name: str, depth: int) -> int:
        ours, theirs = _value(wanted, name) or (), _value(given, name) or ()
        if bool(ours) != bool(theirs):
            return _MISFIT
        # Every member is looked at, so that one that never ends is met here as it is there.
        found = [any(self._deeply(mine, member, depth + 1) == _FITS for mine in ours) for member in theirs]
        return _FITS if all(found) else _MISFIT

    def _constants(self, wanted: Json, given: Json) -> int:
        if not self._has_constant(self.wanted, wanted):
            return _FITS
        if not self._has_constant(self.given, given):
            return _MISFIT
        ours, theirs = wanted["const"], given["const"]
        if type(ours) is not type(theirs):
            return _MISFIT
        if isinstance(ours, (list, dict)):
            # Go cannot compare lists and objects.
            raise NoAnswerError
        return _FITS if ours == theirs else _MISFIT

    @staticmethod
    def _has_constant(schema: Schema, part: Json) -> bool:
        return schema.draft >= _WITH_FLAGS and isinstance(part, dict) and "const" in part

    def _arrays(self, wanted: Json, given: Json, depth: int) -> int:
        found = [_limits(wanted, given, _LENGTHS["array"])]
        ours, theirs = _value(wanted, "items"), _value(given, "items")
        if ours is not None:
            found.append(self._items(ours, theirs, depth + 1))
        if isinstance(ours, list) or isinstance(theirs, list):
            # Lists of schemas always have additional items, said or unsaid.
            found.append(_REMARK)
        if _value(wanted, "uniqueItems") and not _value(given, "uniqueItems"):
            found.append(_MISFIT)
        return max(found)

    def _items(self, ours: Json, theirs: Json, depth: int) -> int:
        if theirs is None or isinstance(ours, list) != isinstance(theirs, list):
            return _MISFIT
        if not isinstance(ours, list):
            return self.compare(ours, theirs, depth)
        if len(ours) != len(theirs):
            return _MISFIT
        return max((self.compare(mine, item, depth) for mine, item in zip(ours, theirs, strict=True)), default=_FITS)

    def _objects(self, wanted: Json, given: Json, depth: int) -> int:
        found = [_limits(wanted, given, _SIZES)]
        if any(_is_unsupported(part) for part in (wanted, given)):
            found.append(_REMARK)
        if not set(_value(wanted, "required") or ()) <= set(_value(given, "required") or ()):
            found.append(_MISFIT)
        found.append(self._conditions(wanted, given, depth + 1))
        theirs = _value(given, "properties") or {}
        for name, mine in (_value(wanted, "properties") or {}).items():
            found.append(self.compare(mine, theirs[name], depth + 1) if name in theirs else _MISFIT)
        return max(found)

    def _conditions(self, wanted: Json, given: Json, depth: int) -> int:
        ours = _condition(wanted, self.wanted.draft) or (None,) * 3
        theirs = _condition(given, self.given.draft) or (None,) * 3
        found = _FITS
        for mine, their in zip(ours, theirs, strict=True):
            if mine is None and their is None:
                continue
            if mine is None or their is None or self._deeply(mine, their, depth) != _FITS:
                found = _MISFIT
        return found


def _value(part: Json, name: str) -> Json:
    return part.get(name) if isinstance(part, dict) else None


def _types_of(part: Json) -> set[str]:
    told = _value(part, "type")
    return set(told) if isinstance(told, list) else set() if told is None else {told}


def _is_unsupported(part: Json) -> bool:
    """Tell whether a schema says something about objects that the library does not compare."""
    additional = _value(part, "additionalProperties")
    return (
        not (additional is None or additional is True)
        or bool(_value(part, "dependencies"))
        or bool(_value(part, "patternProperties"))
        or _value(part, "not") is not None
    )


def _limits(wanted: Json, given: Json, names: Iterable[str]) -> int:
    """Compare bounds: whoever expects one needs one that is as narrow."""
    for name in names:
        ours, theirs = _limit(wanted, name), _limit(given, name)
        if ours is not None and (theirs is None or (theirs < ours if name in _LARGER_NARROWS else theirs > ours)):
            return _MISFIT
    return _FITS


def _limit(part: Json, name: str) -> float | None:
    # `true` and `false` are schemas whose bounds nobody set to "none": they read 0.
    return 0 if isinstance(part, bool) else part.get(name)


def _compare_texts(wanted: Json, given: Json) -> int:
    found = [_limits(wanted, given, _LENGTHS["string"])]
    if (_value(wanted, "format") or "") != (_value(given, "format") or ""):
        found.append(_MISFIT)
    ours, theirs = _value(wanted, "enum"), _value(given, "enum") or []
    if ours is not None:
        if not all(map(_is_text, [*ours, *theirs])):
            # The library takes every value for a text and stumbles.
            raise NoAnswerError
        # It also finds the empty text in every enum.
        if not set(theirs) <= {*ours, ""}:
            found.append(_MISFIT)
    pattern, given_pattern = _value(wanted, "pattern"), _value(given, "pattern")
    if pattern is not None and given_pattern is None:
        # The library asks the missing one for its text.
        raise NoAnswerError
    if pattern is not None and pattern != given_pattern:
        found.append(_MISFIT)
    return max(found)


def _compare_numbers(wanted: Json, given: Json) -> int:
    found = [_FITS]
    for bound in ("maximum", "minimum"):
        ours, theirs = _bound(wanted, bound), _bound(given, bound)
        if ours is not None and (theirs is None or (theirs > ours if bound == "maximum" else theirs < ours)):
            found.append(_MISFIT)
        if _has_exclusive(wanted, bound) or _has_exclusive(given, bound):
            found.append(_REMARK)
    found.append(_compare_multiples(_value(wanted, "multipleOf"), _value(given, "multipleOf")))
    return max(found)


def _exclusive(bound: str) -> str:
    return f"exclusive{bound.capitalize()}"


def _bound(part: Json, bound: str) -> float | None:
    told: float | None = _value(part, bound)
    # Draft 4 says with a flag that the bound itself is excluded; it then counts as no bound.
    return None if _value(part, _exclusive(bound)) is True else told


def _has_exclusive(part: Json, bound: str) -> bool:
    told = _value(part, _exclusive(bound))
    return told is not None and told is not False


def _compare_multiples(ours: float | None, theirs: float | None) -> int:
    if ours is None and theirs is None:
        return _FITS
    if ours is None or theirs is None or int(ours) == 0:
        # The library stumbles over one that is missing, and divides by what is left of a fraction.
        raise NoAnswerError
    if int(theirs) % int(ours):
        return _MISFIT
    return _FITS if ours.is_integer() and theirs.is_integer() else _REMARK
