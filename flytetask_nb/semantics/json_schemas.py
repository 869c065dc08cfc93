"""Whether one JSON schema covers another, as Flyte's compiler asks for the schemas of two dataclasses.

The compiler leaves that to two libraries, and what counts is what they do: santhosh-tekuri/jsonschema 1.2 refuses
schemas that it does not understand, yvesf/json-schema-compare compares the others.
"""

from __future__ import annotations

import math
from functools import lru_cache
from typing import TYPE_CHECKING, Any, Final
from urllib.parse import unquote

from google.protobuf.struct_pb2 import Struct

from flytetask_nb.semantics.meta_schemas import (
    META_SCHEMAS,
    NEWER,
    InvalidSchemaError,
    Json,
    KeywordRule,
    NoAnswerError,
    inner_schemas,
    require_valid,
)

if TYPE_CHECKING:
    from collections.abc import Mapping

_DRAFT_OF_URL: Final = {
    "http://json-schema.org/schema#": 7,
    "http://json-schema.org/draft-07/schema#": 7,
    "http://json-schema.org/draft-06/schema#": 6,
    "http://json-schema.org/draft-04/schema#": 4,
}
_LATEST_DRAFT: Final = 7

# Policy of this package: real dataclasses nest a few levels, and Python's stack is short.
DEEPEST: Final = 64


class Schema:
    """The JSON schema of a dataclass, as the compiler reads it from the metadata of a literal type."""

    __slots__ = ("_compared", "_serialized", "document", "draft")

    def __init__(self, serialized: bytes) -> None:
        self._serialized = serialized
        try:
            self.document: Json = _json_of(Struct.FromString(serialized))
        except InvalidSchemaError:
            self.document = None
        self._compared: bool | None = None
        self.draft = _LATEST_DRAFT

    def equals(self, other: Schema) -> bool:
        """Tell whether both say the same, to the letter, in any order of keys."""
        return self.document is not None and self._serialized == other._serialized

    def is_readable(self) -> bool:
        """Tell whether the compiler can read the schema."""
        if self._compared is None:
            try:
                self.draft = _draft(self.document)
                _require_readable(self)
                self._compared = True
            except InvalidSchemaError:
                self._compared = False
        return self._compared

    def require_sound(self) -> None:
        """Check the document against the rules of its draft and those of later ones, which the compiler does not read.

        Raises NoAnswerError: it says something that JSON Schema does not understand.
        """
        try:
            if self.document is not None:
                _require_readable(self, NEWER)
        except InvalidSchemaError:
            raise NoAnswerError from None

    def resolved(self, schema: Json) -> Json:
        """Follow ``$ref`` to the schema that it stands for."""
        for _ in range(DEEPEST):
            if not isinstance(schema, dict) or "$ref" not in schema:
                return schema
            schema = self.referred(schema["$ref"])
        raise NoAnswerError

    def referred(self, reference: Json) -> Json:
        """Return what a reference points at, in this document alone: the compiler has no other."""
        if reference in ("", "#", "#/"):
            return self.document
        if not isinstance(reference, str) or not reference.startswith("#/"):
            raise InvalidSchemaError
        part_of_document = self.document
        for part in reference[2:].split("/"):
            part_of_document = _step(part_of_document, unquote(part.replace("~1", "/").replace("~0", "~")))
        return part_of_document


_schema: Final = lru_cache(maxsize=1024)(Schema)


def schema_of(metadata: Struct) -> Schema:
    """Return the schema that the metadata of a literal type holds; equal ones are read once."""
    return _schema(metadata.SerializeToString(deterministic=True))


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
        raise InvalidSchemaError
    return None if kind == "null_value" else getattr(value, kind)


def _step(value: Json, part: str) -> Json:
    if isinstance(value, dict) and part in value:
        return value[part]
    if isinstance(value, list) and part.isascii() and part.isdigit() and int(part) < len(value):
        return value[int(part)]
    raise InvalidSchemaError


# -- which schemas the compiler can read ---------------------------------------------------------------------------


def _draft(document: Json) -> int:
    # The compiler writes metadata that is there but empty as null, which is no schema.
    if not isinstance(document, dict) or not document:
        raise InvalidSchemaError
    if "$schema" not in document:
        return _LATEST_DRAFT
    url = document["$schema"]
    draft = _DRAFT_OF_URL.get(url) if isinstance(url, str) else None
    if draft is None:
        raise InvalidSchemaError
    return draft


def _require_readable(schema: Schema, newer: Mapping[str, KeywordRule] | None = None) -> None:
    """Check the document against the rules of its draft, newer rules beside, and everything that it refers to."""
    checked: set[int] = set()
    rules = {**META_SCHEMAS[schema.draft], **(newer or {})}
    require_valid([schema.document], schema.draft, rules, checked)
    compiled: set[int] = set()
    waiting = [schema.document]
    while waiting:
        part = waiting.pop()
        if not isinstance(part, dict) or id(part) in compiled:
            continue
        compiled.add(id(part))
        if "$ref" in part:
            target = schema.referred(part["$ref"])
            require_valid([target], schema.draft, rules, checked)
            waiting.append(target)
        else:
            waiting.extend(inner_schemas(part, schema.draft))
            waiting.extend(inner for name in newer or () if name in part for inner in rules[name](part[name]))
