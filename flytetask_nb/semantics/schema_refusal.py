"""What the compiler does not see: values that a JSON schema allows and that another one, which casts, refuses.

The compiler holds parts of two schemas against each other (:mod:`flytetask_nb.semantics.schema_comparison`). What it passes
over, such as an ``enum`` without a ``type``, bounds of integers, what is under ``additionalProperties`` or
``prefixItems``, fails when a caller sends such a value. Here the schemas are walked side by side: each difference is
either proved to be harmless, or a value is made that shows it.
"""

from __future__ import annotations

import math
from itertools import chain, islice
from typing import TYPE_CHECKING, Final, NamedTuple

from flytetask_nb.semantics.json_examples import cases, examples
from flytetask_nb.semantics.json_values import canonical, extra, fits, is_multiple, item, listed, matches, named, prefix
from flytetask_nb.semantics.meta_schemas import MEMBERS, InvalidSchemaError, NoAnswerError, keyword, types_of

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from flytetask_nb.semantics.json_examples import Case
    from flytetask_nb.semantics.json_schemas import Schema
    from flytetask_nb.semantics.meta_schemas import Json

NOTHING: Final = object()
"""Stands for a value that could not be found."""

# Policy of this package: deeper or larger schemas are not walked through.
_DEEPEST: Final = 40
_MOST_PAIRS: Final = 5_000

# They say something about a schema, not about values. A default is compared for itself.
_ANNOTATIONS: Final = frozenset(
    "$comment $defs $id $schema default definitions deprecated description discriminator enumNames examples id "
    "readOnly title writeOnly".split()
)
_OBJECT_WORDS: Final = ("properties", "patternProperties", "additionalProperties", "propertyNames")
_BY_NAME: Final = ("properties", "patternProperties", "dependencies", "dependentSchemas")
_ARRAY_WORDS: Final = ("items", "prefixItems", "additionalItems")
_OTHER: Final = "other"
_MOST_TRIED: Final = 20
_LONGEST: Final = 100
# How often a class is looked into inside of itself.
_ROUNDS: Final = 2


class RefusedValue(NamedTuple):
    """A place at which values are refused, or cannot be proved not to be.

    ``path``: names of fields, ``[0]`` for items, on the way to it.
    ``value``: a whole value that is refused; ``NOTHING`` where none was found.
    """

    path: tuple[str, ...]
    value: Json = NOTHING


def refusal(given: Schema, wanted: Schema) -> RefusedValue | None:
    """Find a value that fits one schema and not another.

    Returns RefusedValue or None: None where it is proved that there is no such value, names aside that only ``given``
      has: dataclasses ignore what they do not know.
    """
    if given.equals(wanted):
        return None
    try:
        for schema in (given, wanted):
            schema.require_sound()
        return _Refusals(given, wanted).refusal(given.document, wanted.document, 0)
    except (NoAnswerError, InvalidSchemaError):
        return RefusedValue(())


class _Refusals:
    """One way through two documents, side by side."""

    def __init__(self, given: Schema, wanted: Schema) -> None:
        self.given, self.wanted = given, wanted
        # The parts are kept beside, so that none takes the place of another in memory.
        self.known: dict[tuple[int, int], tuple[Json, Json, RefusedValue | None]] = {}
        writers = _is_pydantic(given), _is_pydantic(wanted)
        self.is_strict = writers[1]
        self.is_rewritten = writers == (True, False)
        tables = [[keyword(schema.document, name) for name in ("$defs", "definitions")] for schema in (given, wanted)]
        self.has_same_tables = tables[0] == tables[1]

    def refusal(self, given: Json, wanted: Json, depth: int) -> RefusedValue | None:
        """Find what fits the one part and not the other."""
        given, wanted = self.given.resolved(given), self.wanted.resolved(wanted)
        if self._says_the_same(given, wanted):
            return None
        pair = id(given), id(wanted)
        if pair not in self.known:
            if depth > _DEEPEST or len(self.known) > _MOST_PAIRS:
                raise NoAnswerError
            # A value is finite: if nothing else refuses one, then neither does what contains itself.
            self.known[pair] = given, wanted, None
            refused = [self._of_case(given, case, wanted, depth) for case in cases(self.given, given)]
            self.known[pair] = given, wanted, _clearest(refused)
        return self.known[pair][2]

    def _says_the_same(self, given: Json, wanted: Json) -> bool:
        texts = [canonical(_without_annotations(part)) for part in (given, wanted)]
        return texts[0] == texts[1] and (self.has_same_tables or '"$ref"' not in texts[0])

    def _of_case(self, given: Json, case: Case, wanted: Json, depth: int) -> RefusedValue | None:
        wanted = self.wanted.resolved(wanted)
        if wanted is True:
            return None
        values = listed(case)
        if values is not None:
            known = set(map(canonical, listed(wanted) or ()))
            # Those that are not listed first: lists of values can be long.
            for value in sorted(values, key=lambda value: canonical(value) in known):
                if fits(self.given, given, value) and not fits(self.wanted, wanted, value):
                    return RefusedValue((), value)
            return None
        if not isinstance(wanted, dict):
            return self._example(given, wanted)
        refused = [self._of_words(given, case, wanted, depth)]
        refused += [self._of_case(given, case, member, depth + 1) for member in wanted.get("allOf") or ()]
        refused += [self._of_members(given, case, wanted, name, depth) for name in ("anyOf", "oneOf")]
        return _clearest(refused)

    def _example(self, given: Json, wanted: Json, path: tuple[str, ...] = ()) -> RefusedValue:
        """Look for a value in which any difference shows."""
        made = (value for value in examples(self.given, given, wanted) if not fits(self.wanted, wanted, value))
        return RefusedValue(path, next(made, NOTHING))

    def _of_members(self, given: Json, case: Case, wanted: Case, name: str, depth: int) -> RefusedValue | None:
        members = wanted.get(name)
        if not members:
            return None
        refused = [self._of_case(given, case, member, depth + 1) for member in members]
        fitting = [member for member, answer in zip(members, refused, strict=True) if answer is None]
        if fitting and (name == "anyOf" or self._are_apart(case, members, fitting[0])):
            return None
        bare = {name: members}
        for answer in refused:
            if answer is not None and answer.value is not NOTHING and not fits(self.wanted, bare, answer.value):
                return answer
        # The member that comes nearest says the most of where it is.
        path = max((answer.path for answer in refused if answer is not None), key=len, default=())
        return self._example(given, bare, path)

    def _are_apart(self, case: Case, members: list[Json], fitting: Json) -> bool:
        """Tell whether no other member takes what one takes: one of another type, or with another constant."""
        return all(
            _is_apart(case, other)
            for member in members
            if member is not fitting
            for other in cases(self.wanted, member)
        )

    # -- words -----------------------------------------------------------------------------------------------------

    def _of_words(self, given: Json, case: Case, wanted: Case, depth: int) -> RefusedValue | None:
        kind = case["type"]
        types = types_of(wanted)
        if types and kind not in types and not (kind == "integer" and "number" in types):
            return self._example(given, wanted)
        words = [word for word in wanted if word not in _ANNOTATIONS and word not in MEMBERS and word != "type"]
        doubtful = [word for word in words if not _holds(word, kind, case, wanted)]
        refused: list[RefusedValue | None] = []
        if kind == "object":
            refused.append(self._of_object(given, case, wanted, depth))
        elif kind == "array":
            refused.append(self._of_array(given, case, wanted, depth))
        if doubtful:
            # A condition counts with what follows from it.
            kept = {*doubtful, "then", "else"} if "if" in doubtful else {*doubtful} - {"then", "else"}
            refused.append(self._example(given, {word: value for word, value in wanted.items() if word in kept}))
        return _clearest(refused)

    def _of_object(self, given: Json, case: Case, wanted: Case, depth: int) -> RefusedValue | None:
        own = keyword(case, "properties") or {}
        patterns = [keyword(part, "patternProperties") or {} for part in (case, wanted)]
        rest, asked = case.get("additionalProperties", True), wanted.get("additionalProperties", True)
        if asked is False and (self.is_rewritten or (rest is False and not self.is_strict)):
            # It says so of every class, and ignores what is not asked for.
            asked = True
        is_open = _is_open(case)
        names = (*own, *(name for name in wanted.get("properties") or () if is_open and name not in own))
        pairs = [(name, named(case, name), asked if extra(wanted, [name]) else named(wanted, name)) for name in names]
        pairs += [
            (_matching(pattern, wanted), inner, patterns[1].get(pattern, asked))
            for pattern, inner in patterns[0].items()
        ]
        if is_open:
            new = {pattern: inner for pattern, inner in patterns[1].items() if pattern not in patterns[0]}
            pairs += [(_matching(pattern, case), rest, inner) for pattern, inner in new.items()]
        if rest is not False and (is_open or asked is False):
            pairs.append((self._other_name(case, wanted), rest, asked))
        bare = {**wanted, "additionalProperties": asked}
        refused = [self._inside((given, case, bare), *pair, depth) for pair in pairs]
        return _clearest([*refused, self._of_names(given, case, wanted, depth)])

    def _of_names(self, given: Json, case: Case, wanted: Case, depth: int) -> RefusedValue | None:
        """Compare which names an object may have: texts, whatever else they are said to be."""
        if "propertyNames" not in wanted:
            return None
        ours, theirs = ({"type": "string", **_dict(part.get("propertyNames"))} for part in (case, wanted))
        refused = self.refusal(ours, theirs, depth + 1)
        if refused is None or not isinstance(refused.value, str):
            return refused and RefusedValue(())
        values = examples(self.given, named(case, refused.value))
        return self._proved(given, wanted, ({refused.value: value} for value in values))

    def _other_name(self, case: Case, wanted: Case) -> str:
        """Return a name that no side knows, of those that are allowed if there are any."""
        names = examples(self.given, {"type": "string", **_dict(case.get("propertyNames"))})
        allowed = [name for name in islice(names, 5) if name and isinstance(name, str)]
        free = extra(wanted, extra(case, sorted(allowed, key=lambda name: name != _OTHER)))
        return free[0] if free else _OTHER

    def _inside(
        self, holders: tuple[Json, Case, Case], name: str, inner: Json, asked: Json, depth: int
    ) -> RefusedValue | None:
        """Compare what stands under a name, and put what is refused into an object."""
        given, case, wanted = holders
        refused = self.refusal(inner, asked, depth + 1)
        if refused is None:
            return None
        own = keyword(case, "properties") or {}
        step = (name,) if name in own else () if own else ("[0]",)
        made: Iterator[Json] = iter(())
        if refused.value is not NOTHING:
            around = (value for value in examples(self.given, given) if isinstance(value, dict))
            made = ({**value, name: refused.value} for value in chain(around, [{}]))
        return self._proved(given, wanted, made, (*step, *refused.path))

    def _proved(self, given: Json, wanted: Json, made: Iterator[Json], path: tuple[str, ...] = ()) -> RefusedValue:
        """Return the first of some values that shows a difference."""
        refused_values = (
            value
            for value in islice(made, _MOST_TRIED)
            if fits(self.given, given, value) and not fits(self.wanted, wanted, value)
        )
        return RefusedValue(path, next(refused_values, NOTHING))

    def _of_array(self, given: Json, case: Case, wanted: Case, depth: int) -> RefusedValue | None:
        count = max(len(prefix(case)), len(prefix(wanted)))
        refused: list[RefusedValue | None] = []
        for index in range(count + 1):
            if index >= case.get("maxItems", math.inf):
                break
            of_item = self.refusal(item(case, index), item(wanted, index), depth + 1)
            if of_item is not None:
                made = self._lists(case, index, of_item.value)
                refused.append(self._proved(given, wanted, made, (f"[{index}]", *of_item.path)))
        return _clearest(refused)

    def _lists(self, case: Case, index: int, value: Json) -> Iterator[Json]:
        """Yield a list with a value at a place."""
        size = max(index + 1, int(case.get("minItems", 0)))
        if value is NOTHING or size > _LONGEST:
            return
        around = [next(examples(self.given, item(case, place)), NOTHING) for place in range(size)]
        around[index] = value
        if NOTHING not in around:
            yield around


def _clearest(refused: list[RefusedValue | None]) -> RefusedValue | None:
    """Return the first refusal that a value shows, else the first of all."""
    certain = [value for value in refused if value is not None]
    return next((value for value in certain if value.value is not NOTHING), certain[0] if certain else None)


def _dict(value: Json) -> dict[str, Json]:
    return value if isinstance(value, dict) else {}


def _without_annotations(part: Json) -> Json:
    if isinstance(part, list):
        return [_without_annotations(inner) for inner in part]
    if not isinstance(part, dict):
        return part
    return {
        word: value
        if word in ("enum", "const")
        else {name: _without_annotations(inner) for name, inner in value.items()}
        if word in _BY_NAME and isinstance(value, dict)
        else _without_annotations(value)
        for word, value in part.items()
        if word not in _ANNOTATIONS
    }


def _is_open(case: Case) -> bool:
    """Tell whether an object has names that its schema does not: one that says nothing of it has its own alone."""
    return case.get("additionalProperties", "properties" not in case) is not False


def _is_pydantic(schema: Schema) -> bool:
    """Tell whether pydantic wrote a schema: ``additionalProperties: false`` then means that other names are refused.

    mashumaro and marshmallow write it of every dataclass, which then ignores names that it does not know
    (mashumaro/jsonschema/schema.py, marshmallow_jsonschema/base.py). mashumaro titles classes and not fields, and
    marshmallow says which draft it writes.
    """
    fields = (keyword(schema.document, "properties") or {}).values()
    return keyword(schema.document, "$schema") is None and any(
        keyword(inner, "title") is not None and keyword(inner, "properties") is None for inner in fields
    )


def _matching(pattern: str, other: Case) -> str:
    """Return a name that a pattern matches and another schema does not speak of; where none is found, any."""
    plain = pattern.removeprefix("^").removesuffix("$").removesuffix(".*")
    names = [name for name in (plain, plain + _OTHER, _OTHER + plain, _OTHER) if matches(pattern, name)]
    return next(iter(extra(other, names)), names[0] if names else plain)


def _is_apart(case: Case, other: Case) -> bool:
    kinds = [{"number" if name == "integer" else name for name in types_of(side)} for side in (case, other)]
    if all(kinds) and not kinds[0] & kinds[1]:
        return True
    theirs = keyword(other, "properties") or {}
    for name, mine in (keyword(case, "properties") or {}).items():
        values = listed(mine), listed(theirs.get(name))
        if None not in values and set(map(canonical, values[0] or ())).isdisjoint(map(canonical, values[1] or ())):
            return True
    return False


# -- whether what a word asks of a value follows from another schema ------------------------------------------------


def _holds(word: str, kind: str, case: Case, wanted: Case) -> bool:
    """Tell whether all that fits a case, of one type, does what a word asks of it."""
    of, holds = _RULES.get(word, ((kind,), _is_same))
    return kind not in of or holds(word, case, wanted)


def _bound(part: Json, side: str) -> tuple[float, bool]:
    """Return a bound, and whether it is excluded: as the lowest number that is allowed, or the negated highest."""
    sign = 1 if side == "minimum" else -1
    excluded = part.get(f"exclusive{side.capitalize()}")
    bounds = [(sign * float(part[side]), excluded is True)] if side in part else []
    if excluded is not None and not isinstance(excluded, bool):
        bounds.append((sign * float(excluded), True))
    bound, is_open = max(bounds, default=(-math.inf, False))
    if part.get("type") == "integer" and math.isfinite(bound):
        # What is above 0.5 or above 0 is 1 or more.
        return (bound + 1 if is_open and bound.is_integer() else math.ceil(bound)), False
    return bound, is_open


def _is_within(word: str, case: Case, wanted: Case) -> bool:
    side = word.removeprefix("exclusive").lower()
    return _bound(case, side) >= _bound({**wanted, "type": case["type"]}, side)


def _has_step(_word: str, case: Case, wanted: Case) -> bool:
    step = case.get("multipleOf", 1 if case["type"] == "integer" else None)
    return step is not None and is_multiple(step, wanted["multipleOf"])


def _is_at_least(word: str, case: Case, wanted: Case) -> bool:
    return bool(case.get(word, 0) >= wanted[word])


def _is_at_most(word: str, case: Case, wanted: Case) -> bool:
    return bool(case.get(word, math.inf) <= wanted[word])


def _is_same(word: str, case: Case, wanted: Case) -> bool:
    return word in case and canonical(case[word]) == canonical(wanted[word])


def _has_enough(_word: str, case: Case, wanted: Case) -> bool:
    return bool(max(case.get("minProperties", 0), len(set(case.get("required") or ()))) >= wanted["minProperties"])


def _has_few(_word: str, case: Case, wanted: Case) -> bool:
    own = math.inf if _is_open(case) or "patternProperties" in case else len(case.get("properties") or ())
    return bool(min(case.get("maxProperties", math.inf), own) <= wanted["maxProperties"])


_NUMBERS: Final = ("integer", "number")
# Of which types a word asks something, and whether that follows.
_RULES: Final[dict[str, tuple[tuple[str, ...], Callable[[str, Case, Case], bool]]]] = {
    **dict.fromkeys(("minimum", "exclusiveMinimum", "maximum", "exclusiveMaximum"), (_NUMBERS, _is_within)),
    "multipleOf": (_NUMBERS, _has_step),
    "minLength": (("string",), _is_at_least),
    "maxLength": (("string",), _is_at_most),
    "pattern": (("string",), _is_same),
    "minItems": (("array",), _is_at_least),
    "maxItems": (("array",), _is_at_most),
    "uniqueItems": (("array",), lambda _, case, wanted: not wanted["uniqueItems"] or case.get("uniqueItems", False)),
    **dict.fromkeys(("contains", "minContains", "maxContains"), (("array",), _is_same)),
    "required": (("object",), lambda _, case, wanted: set(wanted["required"]) <= set(case.get("required") or ())),
    "minProperties": (("object",), _has_enough),
    "maxProperties": (("object",), _has_few),
    **dict.fromkeys(("dependencies", "dependentRequired", "dependentSchemas"), (("object",), lambda *_: False)),
    # Compared part by part.
    **dict.fromkeys((*_OBJECT_WORDS, *_ARRAY_WORDS), ((), lambda *_: True)),
}


# -- defaults ------------------------------------------------------------------------------------------------------


class Default(NamedTuple):
    """A field that reads otherwise where it is left out.

    ``path``: names of fields on the way to it.
    ``old``, ``new``: what it is when it is left out.
    """

    path: tuple[str, ...]
    old: Json
    new: Json


def changed_default(old: Schema, new: Schema) -> Default | None:
    """Find a field that may be left out and whose default changed.

    Returns Default or None: None where there is none; a default that only one of them tells is not known of the other.
    """
    try:
        for schema in (old, new):
            schema.require_sound()
        before, after = (dict(islice(_defaults(schema, schema.document, (), 0), _MOST_PAIRS)) for schema in (old, new))
    except (NoAnswerError, InvalidSchemaError):
        return None
    for path, value in before.items():
        other = after.get(path, NOTHING)
        if NOTHING not in (value, other) and canonical(value) != canonical(other):
            return Default(path, value, other)
    return None


def _defaults(schema: Schema, part: Json, path: tuple[str, ...], depth: int) -> Iterator[tuple[tuple[str, ...], Json]]:
    """Yield every field that may be left out, with its default; of what contains itself once around."""
    part = schema.resolved(part)
    if not isinstance(part, dict) or depth > _DEEPEST:
        return
    for name, inner in (keyword(part, "properties") or {}).items():
        place = (*path, name)
        is_needed = name in (keyword(part, "required") or ())
        yield place, NOTHING if is_needed or not isinstance(inner, dict) else inner.get("default", NOTHING)
        if path.count(name) < _ROUNDS:
            yield from _defaults(schema, inner, place, depth + 1)
    for member in (inner for name in MEMBERS for inner in keyword(part, name) or ()):
        yield from _defaults(schema, member, path, depth + 1)
    for inner in (*prefix(part), keyword(part, "items"), keyword(part, "additionalProperties")):
        yield from _defaults(schema, inner, (*path, "[0]"), depth + 1)
