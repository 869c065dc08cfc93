"""Values that fit a JSON schema, for who looks for one that another schema refuses.

A schema is taken apart into cases first: what fits it fits one of them.
"""

from __future__ import annotations

import math
from itertools import chain, islice
from typing import TYPE_CHECKING, Any, Final

from flytetask_nb.semantics.json_values import canonical, fits, item, listed, named
from flytetask_nb.semantics.meta_schemas import MEMBERS, InvalidSchemaError, NoAnswerError, keyword, types_of

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Iterator, Sequence

    from flytetask_nb.semantics.json_schemas import Schema
    from flytetask_nb.semantics.meta_schemas import Json

# Policy of this package: deeper or larger schemas are not looked through.
_DEEPEST: Final = 40
_MOST_CASES: Final = 64
_MOST_EXAMPLES: Final = 60
_LONGEST: Final = 1_000

# The plainest first; a schema that contains itself ends at one of these.
_TYPES: Final = ("null", "boolean", "integer", "number", "string", "array", "object")
_ALL_TYPES: Final = tuple(name for name in _TYPES if name != "integer")
_FINITE: Final[dict[str, dict[str, Json]]] = {"null": {"enum": [None]}, "boolean": {"enum": [False, True]}}

# -- the cases of a schema -----------------------------------------------------------------------------------------


Case = dict[str, "Json"]
"""A schema without references, members or several types: what is left of it if one of them is chosen each time."""


def cases(schema: Schema, part: Json) -> list[Case]:
    """Return the cases of a schema: what fits it fits one of them, though not all that fits one fits the schema.

    Returns list of dict: each lists values, or is of one type.
    Raises NoAnswerError: there are too many of them, or no end of them.
    """
    try:
        split = _cases(schema, part, 0)
    except InvalidSchemaError:
        raise NoAnswerError from None
    lists = [case for case in split if listed(case) is not None]
    typed = [
        {**case, "type": name, **_FINITE.get(name, {})}
        for case in split
        if listed(case) is None
        for name in types_of(case) or _ALL_TYPES
        if name in _TYPES
    ]
    return [*lists, *sorted(typed, key=lambda case: _TYPES.index(case["type"]))]


def _cases(schema: Schema, part: Json, depth: int) -> list[Case]:
    if depth > _DEEPEST:
        raise NoAnswerError
    part = schema.resolved(part)
    if isinstance(part, bool):
        return [{}] if part else []
    combined = [{word: value for word, value in part.items() if word not in MEMBERS}]
    for member in part.get("allOf") or ():
        combined = _both(combined, _cases(schema, member, depth + 1))
    for name in ("anyOf", "oneOf"):
        if part.get(name):
            combined = _both(combined, [case for member in part[name] for case in _cases(schema, member, depth + 1)])
    return combined


def _both(cases: list[Case], others: list[Case]) -> list[Case]:
    if len(cases) * len(others) > _MOST_CASES:
        raise NoAnswerError
    merged = (_merged(case, other) for case in cases for other in others)
    return [case for case in merged if case is not None]


def _merged(case: Case, other: Case) -> Case | None:
    """Return what fits both, or more than that; None if nothing does."""
    types = types_of(case), types_of(other)
    both = {**other, **case}
    if all(types):
        shared = {name for name in types[0] if name in types[1] or (name == "integer" and "number" in types[1])}
        shared |= {"integer"} if "integer" in types[1] and "number" in types[0] else set()
        if not shared:
            return None
        both["type"] = sorted(shared)
    for word, combined in _COMBINED.items():
        if word in case and word in other:
            both[word] = combined(case[word], other[word])
    return both


def _all_of(fields: dict[str, Json], others: dict[str, Json]) -> dict[str, Json]:
    shared = {name: {"allOf": [fields[name], others[name]]} for name in fields if name in others}
    return {**fields, **others, **shared}


_COMBINED: Final[dict[str, Callable[[Any, Any], Json]]] = {
    **dict.fromkeys(("minimum", "minLength", "minItems", "minProperties"), max),
    **dict.fromkeys(("maximum", "maxLength", "maxItems", "maxProperties"), min),
    "required": lambda names, others: [*names, *(name for name in others if name not in names)],
    "properties": _all_of,
}


# -- values that fit -----------------------------------------------------------------------------------------------

# What a format reads like, for readers that look.
_OF_FORMAT: Final[dict[str, Json]] = {
    "date-time": "2000-01-01T00:00:00Z",
    "date": "2000-01-01",
    "time": "00:00:00Z",
    "time-delta": 0.0,
    "duration": "PT0S",
    "uuid": "-".join("0" * length for length in (8, 4, 4, 4, 12)),
    "path": "/a",
    "decimal": "0",
    "base64": "",
    "binary": "",
    "email": "a@example.org",
    "hostname": "example.org",
    "uri": "https://example.org",
    "ipv4": "127.0.0.1",
    "ipv6": "::1",
}
_WORDS: Final = ("", "other", "a", "0")


def examples(schema: Schema, part: Json, hint: Json = None, depth: int = 0) -> Iterator[Json]:
    """Yield values that fit a schema, the plainest first.

    ``schema``: the document.
    ``part``: the schema.
    ``hint``: another schema; values at the bounds that it names are tried too.
    ``depth``: how many schemas ask for a value of this one.
    Raises NoAnswerError: the schema cannot be read.
    """
    if depth > _DEEPEST:
        raise NoAnswerError
    tried = chain.from_iterable(_guesses(schema, case, hint, depth) for case in cases(schema, part))
    seen: set[str] = set()
    for value in islice(tried, _MOST_EXAMPLES):
        if (text := canonical(value)) not in seen and fits(schema, part, value):
            seen.add(text)
            yield value


def _guesses(schema: Schema, case: Case, hint: Json, depth: int) -> Iterator[Json]:
    values = listed(case)
    if values is not None:
        yield from values
        return
    kind = case["type"]
    if case.get("format") in _OF_FORMAT:
        yield _OF_FORMAT[case["format"]]
    elif kind == "string" and "format" in case:
        return
    if kind == "array":
        yield from _guessed_lists(schema, case, hint, depth)
    elif kind == "object":
        yield from _guessed_objects(schema, case, depth)
    else:
        yield from _GUESSED[kind](case, hint)
    if "default" in case:
        yield case["default"]
    yield from case.get("examples") or ()


def _numbers_in(words: Sequence[str], *parts: Json) -> list[float]:
    values = (keyword(part, word) for part in parts for word in words)
    return [float(number) for number in values if isinstance(number, int | float) and not isinstance(number, bool)]


_BOUNDS: Final = ("minimum", "maximum", "exclusiveMinimum", "exclusiveMaximum", "multipleOf")


def _guessed_numbers(case: Case, hint: Json) -> Iterator[Json]:
    bounds = _numbers_in(_BOUNDS, case, hint)
    steps = [step for step in _numbers_in(("multipleOf",), case) if step] or [1.0]
    for bound in (0.0, *bounds):
        for step in steps:
            near = math.floor(bound / step) * step
            yield from (near, near + step, near - step, near + 2 * step)
    yield from (bound + aside for bound in (0.0, *bounds) for aside in (0.5, -0.5, 0.0))


def _guessed_texts(case: Case, hint: Json) -> Iterator[Json]:
    yield from _WORDS
    for length in _numbers_in(("minLength", "maxLength"), case, hint):
        yield from ("a" * int(size) for size in (length, length + 1, length - 1) if 0 <= size <= _LONGEST)


_GUESSED: Final[dict[str, Callable[[Case, Json], Iterable[Json]]]] = {
    "integer": lambda case, hint: (number for number in _guessed_numbers(case, hint) if number.is_integer()),
    "number": _guessed_numbers,
    "string": _guessed_texts,
}


def _guessed_lists(schema: Schema, case: Case, hint: Json, depth: int) -> Iterator[Json]:
    """Yield lists of the plainest items, and lists whose items differ."""
    bounds = _numbers_in(("minItems", "maxItems"), case, hint)
    sizes = dict.fromkeys(int(size) for bound in (0.0, *bounds) for size in (bound, bound + 1, bound - 1))
    for size in (*sizes, 2):
        if 0 <= size <= _LONGEST:
            choices = [list(islice(examples(schema, item(case, index), None, depth + 1), 3)) for index in range(size)]
            if all(choices):
                yield [choice[0] for choice in choices]
                yield [choice[index % len(choice)] for index, choice in enumerate(choices)]


def _guessed_objects(schema: Schema, case: Case, depth: int) -> Iterator[Json]:
    made = {}
    for name in case.get("required") or ():
        example = next(examples(schema, named(case, name), None, depth + 1), case)
        if example is case:
            return
        made[name] = example
    yield made
    for name in case.get("properties") or ():
        if name not in made:
            yield from (
                {**made, name: example} for example in islice(examples(schema, named(case, name), None, depth + 1), 1)
            )
