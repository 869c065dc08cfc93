"""What the compiler does not see of two types that cast: values that the one has and that the other refuses.

It stands on the walk through JSON schemas in :mod:`flytetask_nb.semantics.schema_refusal`, and adds what flytekit notes
beside a type and the compiler takes no notice of: the values of a ``Literal``.
"""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Final, NamedTuple

from flyteidl.core import types_pb2

from flytetask_nb.models.notation import literal_values
from flytetask_nb.semantics.castability import Kind, castable_types, json_schema_of
from flytetask_nb.semantics.json_examples import examples
from flytetask_nb.semantics.json_values import canonical
from flytetask_nb.semantics.meta_schemas import NoAnswerError
from flytetask_nb.semantics.schema_refusal import NOTHING, RefusedValue, changed_default, refusal

if TYPE_CHECKING:
    from flytetask_nb.semantics.castability import DerivedType
    from flytetask_nb.semantics.meta_schemas import Json


class BlindSpot(NamedTuple):
    """A difference that the compiler does not see.

    ``path``: names of fields, ``[0]`` for items, on the way to it; empty for the type itself.
    ``value``: a value, as JSON text, that the given type has and the wanted one refuses; empty where none was found.
    ``default``: where no value is refused, but one without the field reads otherwise: what the field is then, before
      and now, as JSON texts.
    """

    path: tuple[str, ...]
    value: str = ""
    default: tuple[str, str] | None = None


def blind_spot(given: DerivedType, wanted: DerivedType, *, is_input: bool) -> BlindSpot | None:
    """Find what the compiler does not see of a type that feeds another one.

    ``given``, ``wanted``: two types of which the first feeds the second.
    ``is_input``: whether ``given`` is what an input was and ``wanted`` what it is now; a caller can then have left out
      a field.
    Returns BlindSpot or None: None where every value of the one is proved to be one of the other.
    """
    refused = _refused(given, wanted)
    if refused is not None:
        return BlindSpot(refused.path, "" if refused.value is NOTHING else plain(refused.value))
    return _left_out(given, wanted) if is_input else None


def plain(value: Json) -> str:
    """Return a JSON value as text, whole numbers as such."""
    return json.dumps(_whole(value))


def _whole(value: Json) -> Json:
    if isinstance(value, dict):
        return {name: _whole(inner) for name, inner in value.items()}
    if isinstance(value, list):
        return [_whole(inner) for inner in value]
    return int(value) if isinstance(value, float) and value.is_integer() else value


# -- values ----------------------------------------------------------------------------------------------------------


def _refused(given: DerivedType, wanted: DerivedType) -> RefusedValue | None:
    if Kind.UNION in (given.kind, wanted.kind):
        return _refused_by_union(given, wanted)
    if given.kind in (Kind.LIST, Kind.MAP):
        if given.kind != wanted.kind or given.element is None or wanted.element is None:
            return None
        refused = _refused(given.element, wanted.element)
        if refused is None or refused.value is NOTHING:
            return refused and RefusedValue(("[0]", *refused.path))
        return RefusedValue(
            ("[0]", *refused.path), [refused.value] if given.kind == Kind.LIST else {"other": refused.value}
        )
    if given.simple == wanted.simple == types_pb2.STRUCT:
        return (
            refusal(json_schema_of(given), json_schema_of(wanted))
            if given.has_metadata and wanted.has_metadata
            else None
        )
    return _refused_by_literal(given, wanted)


def _refused_by_union(given: DerivedType, wanted: DerivedType) -> RefusedValue | None:
    """Hold each variant against those that it becomes: it is told by whose values fit."""
    for variant in given.variants if given.kind == Kind.UNION else [given]:
        others = wanted.variants if wanted.kind == Kind.UNION else [wanted]
        refused = [_refused(variant, other) for other in others if castable_types(variant, other)]
        if refused and refused[0] is not None and None not in refused:
            # What one of several refuses another one may take.
            return refused[0] if len(refused) == 1 else RefusedValue(refused[0].path)
    return None


_OTHERS: Final[dict[int, tuple[Json, ...]]] = {
    types_pb2.INTEGER: tuple(map(float, range(100))),
    types_pb2.FLOAT: tuple(map(float, range(100))),
    types_pb2.STRING: ("other", *(f"other {number}" for number in range(100))),
    types_pb2.BOOLEAN: (False, True),
}
"""Values of simple types, of which one is in no list."""


def _refused_by_literal(given: DerivedType, wanted: DerivedType) -> RefusedValue | None:
    """Compare the values of a ``Literal``: the task gets one that it does not know.

    flytekit itself refuses it in lists and dataclasses alone (``LiteralTypeTransformer`` in
    flytekit/core/type_engine.py).
    """
    allowed = literal_values(wanted.message)
    if not allowed:
        return None
    known = set(map(canonical, allowed))
    values = list(given.message.enum_type.values) if given.kind == Kind.ENUM else literal_values(given.message)
    for value in values or _OTHERS.get(given.simple, ()):
        if canonical(value) not in known:
            return RefusedValue((), value)
    return None if values or given.simple == types_pb2.BOOLEAN else RefusedValue(())


# -- defaults --------------------------------------------------------------------------------------------------------


def _left_out(given: DerivedType, wanted: DerivedType) -> BlindSpot | None:
    """Find a field that reads otherwise where it is left out."""
    if given.element is not None and wanted.element is not None:
        spot = _left_out(given.element, wanted.element)
        return spot and spot._replace(path=("[0]", *spot.path), value="")
    if Kind.UNION in (given.kind, wanted.kind):
        ours, theirs = (side.variants if side.kind == Kind.UNION else [side] for side in (given, wanted))
        spots = (_left_out(mine, other) for mine in ours for other in theirs if castable_types(mine, other))
        return next(filter(None, spots), None)
    if not (given.simple == wanted.simple == types_pb2.STRUCT and given.has_metadata and wanted.has_metadata):
        return None
    changed = changed_default(json_schema_of(given), json_schema_of(wanted))
    if changed is None:
        return None
    return BlindSpot(changed.path, _without(given, changed.path), (plain(changed.old), plain(changed.new)))


def _without(given: DerivedType, path: tuple[str, ...]) -> str:
    """Return a value without a field of the dataclass itself; empty for a field deeper inside."""
    schema = json_schema_of(given)
    try:
        example = next(examples(schema, schema.document), None)
    except NoAnswerError:
        return ""
    return plain(example) if len(path) == 1 and isinstance(example, dict) and path[0] not in example else ""
