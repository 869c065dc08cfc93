"""Whether one JSON schema covers another, as yvesf/json-schema-compare finds it for the compiler."""

from __future__ import annotations

from typing import Final

from flytetask_nb.semantics.json_schemas import DEEPEST, Schema
from flytetask_nb.semantics.meta_schemas import (
    MEMBERS,
    WITH_FLAGS,
    Json,
    NoAnswerError,
    condition_of,
    is_text,
    keyword,
    types_of,
)

# Policy of this package: the compiler looks at each pair of members of two anyOf, and so do we, but not for hours.
_MOST_PAIRS: Final = 50_000


# -- comparing -----------------------------------------------------------------------------------------------------

# How two schemas get along. A remark is what the library calls not implemented: the compiler ignores it, except
# inside anyOf and its kin.
_FITS: Final = 0
_REMARK: Final = 1
_MISFIT: Final = 2

_EXCLUSIVE: Final = {"minimum": "exclusiveMinimum", "maximum": "exclusiveMaximum"}


def covers(wanted: Schema, given: Schema) -> bool:
    """Tell whether whoever expects one schema can do with what another describes.

    Raises NoAnswerError: the compiler stumbles over the two, or would never end.

    Notes
    -----
    The rule is ``isSuperTypeInJSON`` in flytepropeller/pkg/compiler/validators/typing.go: both schemas are valid, and
    comparing them raises nothing but remarks that something is not implemented.
    """
    if not wanted.is_readable() or not given.is_readable():
        return False
    return _SchemaPair(wanted, given).compare(wanted.document, given.document, 0) != _MISFIT


class _SchemaPair:
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
        if depth > DEEPEST or len(self.known) > _MOST_PAIRS:
            raise NoAnswerError
        self.known[pair] = None
        answer = max(
            self._types(wanted, given, depth),
            *(self._members(wanted, given, name, depth) for name in MEMBERS),
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
        ours, theirs = types_of(wanted), types_of(given)
        answers = [_FITS]
        if ours != theirs and (ours or theirs != {"object"}):
            answers.append(_MISFIT)
        if "string" in ours:
            answers.append(_compare_texts(wanted, given))
        if "number" in ours:
            answers.append(_compare_numbers(wanted, given))
        if "array" in ours:
            answers.append(self._arrays(wanted, given, depth))
        if "object" in ours or not ours:
            answers.append(self._objects(wanted, given, depth))
        return max(answers)

    def _members(self, wanted: Json, given: Json, name: str, depth: int) -> int:
        ours, theirs = keyword(wanted, name) or (), keyword(given, name) or ()
        if bool(ours) != bool(theirs):
            return _MISFIT
        # Every member is looked at, so that one that never ends is met here as it is there.
        fits = [any(self._deeply(mine, member, depth + 1) == _FITS for mine in ours) for member in theirs]
        return _FITS if all(fits) else _MISFIT

    def _constants(self, wanted: Json, given: Json) -> int:
        ours, theirs = _constant(wanted, self.wanted.draft), _constant(given, self.given.draft)
        if not ours:
            return _FITS
        if not theirs or type(ours[0]) is not type(theirs[0]):
            return _MISFIT
        if isinstance(ours[0], (list, dict)):
            # Go cannot compare lists and objects.
            raise NoAnswerError
        return _FITS if ours == theirs else _MISFIT

    def _arrays(self, wanted: Json, given: Json, depth: int) -> int:
        answers = [_limits(wanted, given, "minItems", "maxItems")]
        ours, theirs = keyword(wanted, "items"), keyword(given, "items")
        if ours is not None:
            answers.append(self._items(ours, theirs, depth + 1))
        if isinstance(ours, list) or isinstance(theirs, list):
            # Lists of schemas always have additional items, said or unsaid.
            answers.append(_REMARK)
        if keyword(wanted, "uniqueItems") and not keyword(given, "uniqueItems"):
            answers.append(_MISFIT)
        return max(answers)

    def _items(self, ours: Json, theirs: Json, depth: int) -> int:
        if theirs is None or isinstance(ours, list) != isinstance(theirs, list):
            return _MISFIT
        if not isinstance(ours, list):
            return self.compare(ours, theirs, depth)
        if len(ours) != len(theirs):
            return _MISFIT
        return max((self.compare(mine, item, depth) for mine, item in zip(ours, theirs, strict=True)), default=_FITS)

    def _objects(self, wanted: Json, given: Json, depth: int) -> int:
        answers = [_limits(wanted, given, "minProperties", "maxProperties")]
        if any(is_not_compared(part) for part in (wanted, given)):
            answers.append(_REMARK)
        if not set(keyword(wanted, "required") or ()) <= set(keyword(given, "required") or ()):
            answers.append(_MISFIT)
        answers.append(self._conditions(wanted, given, depth + 1))
        theirs = keyword(given, "properties") or {}
        for name, mine in (keyword(wanted, "properties") or {}).items():
            answers.append(self.compare(mine, theirs[name], depth + 1) if name in theirs else _MISFIT)
        return max(answers)

    def _conditions(self, wanted: Json, given: Json, depth: int) -> int:
        ours = condition_of(wanted, self.wanted.draft) or (None,) * 3
        theirs = condition_of(given, self.given.draft) or (None,) * 3
        answer = _FITS
        for mine, their in zip(ours, theirs, strict=True):
            if mine is None and their is None:
                continue
            if mine is None or their is None or self._deeply(mine, their, depth) != _FITS:
                answer = _MISFIT
        return answer


def _constant(part: Json, draft: int) -> list[Json]:
    return [part["const"]] if draft >= WITH_FLAGS and isinstance(part, dict) and "const" in part else []


def is_not_compared(part: Json) -> bool:
    """Tell whether a schema says something about objects that the library does not compare."""
    additional = keyword(part, "additionalProperties")
    return (
        not (additional is None or additional is True)
        or bool(keyword(part, "dependencies"))
        or bool(keyword(part, "patternProperties"))
        or keyword(part, "not") is not None
    )


def _limits(wanted: Json, given: Json, *names: str) -> int:
    """Compare bounds: whoever expects one needs one that is as narrow."""
    for name in names:
        ours, theirs = _limit(wanted, name), _limit(given, name)
        if ours is not None and (theirs is None or (theirs < ours if name.startswith("min") else theirs > ours)):
            return _MISFIT
    return _FITS


def _limit(part: Json, name: str) -> float | None:
    if isinstance(part, bool):
        # `true` and `false` are schemas whose bounds nobody set to "none": they read 0.
        return 0
    # Draft 4 says with a flag that the bound itself is excluded; it then counts as no bound.
    return None if part.get(_EXCLUSIVE.get(name)) is True else part.get(name)


def _compare_texts(wanted: Json, given: Json) -> int:
    answers = [_limits(wanted, given, "minLength", "maxLength")]
    if (keyword(wanted, "format") or "") != (keyword(given, "format") or ""):
        answers.append(_MISFIT)
    ours, theirs = keyword(wanted, "enum"), keyword(given, "enum") or []
    if ours is not None:
        if not all(map(is_text, [*ours, *theirs])):
            # The library takes every value for a text and stumbles.
            raise NoAnswerError
        # It also finds the empty text in every enum.
        if not set(theirs) <= {*ours, ""}:
            answers.append(_MISFIT)
    pattern, given_pattern = keyword(wanted, "pattern"), keyword(given, "pattern")
    if pattern is not None and given_pattern is None:
        # The library asks the missing one for its text.
        raise NoAnswerError
    if pattern is not None and pattern != given_pattern:
        answers.append(_MISFIT)
    return max(answers)


def _compare_numbers(wanted: Json, given: Json) -> int:
    answers = [_limits(wanted, given, *_EXCLUSIVE)]
    excluded = [keyword(part, word) for part in (wanted, given) for word in _EXCLUSIVE.values()]
    if any(value is not None and value is not False for value in excluded):
        answers.append(_REMARK)
    answers.append(_compare_multiples(keyword(wanted, "multipleOf"), keyword(given, "multipleOf")))
    return max(answers)


def _compare_multiples(ours: float | None, theirs: float | None) -> int:
    if ours is None and theirs is None:
        return _FITS
    if ours is None or theirs is None or int(ours) == 0:
        # The library stumbles over one that is missing, and divides by what is left of a fraction.
        raise NoAnswerError
    if int(theirs) % int(ours):
        return _MISFIT
    return _FITS if ours.is_integer() and theirs.is_integer() else _REMARK
