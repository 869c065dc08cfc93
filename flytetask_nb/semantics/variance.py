"""What a change of an interface means for those who call the task: safe, risky or breaking, variable by variable.

One type check between the old and the new type is not enough. A producer can feed the old type of an input and not the
new one though the old type itself feeds the new one, and the same holds for the consumers of an output.
"""

from __future__ import annotations

from dataclasses import replace
from functools import lru_cache
from typing import TYPE_CHECKING, Any, Final, NamedTuple

from flyteidl.core import interface_pb2

from flytetask_nb.errors import ModelTypeError, ModelValueError
from flytetask_nb.models.coercion import no_task
from flytetask_nb.models.identifiers import is_filled_in
from flytetask_nb.models.notation import type_notation
from flytetask_nb.models.order import natural_key
from flytetask_nb.semantics.blind_spots import blind_spot
from flytetask_nb.semantics.castability import Kind, castable_types, derived_type, is_none, is_optional, type_of
from flytetask_nb.semantics.inclusion import accepts_all, feeds_all
from flytetask_nb.semantics.templates import TEMPLATES, held_message, template_of
from flytetask_nb.semantics.variable_verdicts import (
    BREAKING,
    RISKY,
    SAFE,
    Compatibility,
    TaskName,
    VariableCompatibility,
    part_notation,
    value_text,
)
from flytetask_nb.semantics.witnesses import find_consumer, find_producer

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Mapping

    from flytetask_nb.semantics.blind_spots import BlindSpot
    from flytetask_nb.semantics.castability import DerivedType


def compatibility(old: object, new: object) -> Compatibility:
    """Tell what becomes of callers of a task, or of anything with an interface, when it changes.

    Versions are immutable, so a caller breaks when a workflow that was compiled against the old interface no longer
    compiles when it is pointed at the new one.

    Parameters
    ----------
    old, new
        Tasks or interfaces: ``FlyteTask``, ``TaskSpec``, ``TaskTemplate`` or ``TypedInterface`` of this package or
        of flytekit, or such messages.

    Returns
    -------
    Compatibility
        For each variable a verdict, a reason and, where types are risky, a witness.

    Raises
    ------
    ModelTypeError
        One of them is neither a task nor an interface.
    ModelValueError
        A type nests deeper than protobuf can read, 100 messages.

    Notes
    -----
    An input whose type changed is

    - *breaking* if the old type does not feed the new one: ``not castable(old, new)``;
    - *safe* if every producer type that feeds the old type feeds the new one, and every value of the old type is one
      of the new type;
    - *risky* otherwise, with a producer type or a value as witness.

    An output whose type changed is

    - *breaking* if the new type does not feed a variable of the old type: ``not castable(new, old)``;
    - *safe* if the new type feeds every consumer type that the old type feeds, and so does each part that a caller
      can read from it (``o.field``, ``o[0]``), and every value of the new type is one of the old type;
    - *risky* otherwise, with a consumer type or a value as witness.

    A type that is the same, byte for byte, is safe. An output that feeds *more* than before is risky as well: a
    consumer that is a union of what it fed and of what it did not feed has two variants that fit now, and refuses
    both. What remains safe for an output is another description of the same thing, and a union with fewer variants.

    Whether one type accepts all that another accepts follows from the rules of the compiler's type check
    (flytepropeller/pkg/compiler/validators/typing.go). Where it cannot be decided, which takes unusual JSON schemas
    or unions in unions, the verdict is *risky*, and there is no witness (policy of this package). Producers and
    consumers with columns that have no type are left aside: the compiler stumbles over them.

    The values of a dataclass are those of its JSON schema, much of which the compiler passes over: an ``enum`` without
    a ``type`` as mashumaro writes it, bounds of integers, ``additionalProperties``, ``prefixItems`` and more
    (gitlab.com/yvesf/json-schema-compare, which typing.go calls). Those of a ``Literal`` stand in an annotation, which
    it does not look at. That a file becomes a directory it does not see either; that is no matter of values.

    An input that is gone is breaking, and so is one that was added unless it may stay unbound; one that may stay
    unbound only because the compiler takes every variant that is not simple for NONE is risky
    (flytepropeller/pkg/compiler/validators/bindings.go). An output that is gone is breaking; one that was added is
    risky, because Python callers unpack one result more (flytekit/core/interface.py).

    Examples
    --------
    >>> import flytetask_nb as ftn
    >>> from flytetask_nb.models import LiteralType, SimpleType, TypedInterface, Variable
    >>> number, text = (
    ...     TypedInterface({"day": Variable(LiteralType(simple=kind), "")}, {})
    ...     for kind in (SimpleType.INTEGER, SimpleType.STRING)
    ... )
    >>> ftn.compatibility(number, text).verdict
    'breaking'
    """
    (before, old_task), (after, new_task) = _interface_of(old, "old"), _interface_of(new, "new")
    return Compatibility(
        _compare("input", before.inputs.variables, after.inputs.variables, _INPUTS),
        _compare("output", before.outputs.variables, after.outputs.variables, _OUTPUTS),
        (old_task, new_task) if old_task is not None and new_task is not None else None,
    )


_KINDS: Final = frozenset({interface_pb2.TypedInterface, *TEMPLATES})


def _interface_of(value: object, name: str) -> tuple[Any, TaskName | None]:
    """Return an interface, and of which task it is; None where that has no name."""
    message = held_message(value, _KINDS)
    if isinstance(message, interface_pb2.TypedInterface):
        return message, None
    try:
        template = template_of(value if message is None else message)
    except ModelTypeError:
        raise ModelTypeError(f"{no_task(value, name)}, or an interface") from None
    version = template.id.version if is_filled_in(template.id.version) else ""
    return template.interface, TaskName(template.id.name, version) if template.id.name else None


# -- variables -----------------------------------------------------------------------------------------------------


class _Direction(NamedTuple):
    """How variables of one side of an interface are judged; what they are called is filled in afterwards."""

    changed: Callable[[bytes, bytes], VariableCompatibility]
    added: Callable[[DerivedType], VariableCompatibility]
    removed: VariableCompatibility


def _compare(
    kind: str, before: Mapping[str, Any], after: Mapping[str, Any], direction: _Direction
) -> dict[str, VariableCompatibility]:
    compared = {}
    for name in sorted({*before, *after}, key=natural_key):
        old, new = (
            side[name].type.SerializeToString(deterministic=True) if name in side else None for side in (before, after)
        )
        try:
            compared[name] = replace(_judge(old, new, direction), name=name, _old=old, _new=new)
        except ModelValueError as error:
            raise ModelValueError(f"{kind} {name!r}: {error}") from None
    return compared


def _judge(old: bytes | None, new: bytes | None, direction: _Direction) -> VariableCompatibility:
    if old == new:
        return _UNCHANGED
    if new is None:
        return direction.removed
    if old is None:
        return direction.added(derived_type(new))
    return direction.changed(old, new)


def _judged(verdict: str, reason: str, witness: Any = None, path: tuple[str, ...] = ()) -> VariableCompatibility:
    serialized = None if witness is None else witness.SerializeToString(deterministic=True)
    return VariableCompatibility("", verdict, reason, path, _witness=serialized)


_UNCHANGED: Final = _judged(SAFE, "Its type is the same.")


def _named(message: Any) -> str:
    notation = type_notation(message, brief=True)
    tag = message.structure.tag
    return f"{notation} (tag {tag!r})" if tag and message.WhichOneof("type") == "simple" else notation


def _witness_words(witness: Any, old: Any, new: Any) -> str:
    """Return a witness in brief, in full where it or a part of it would read like the type that changed."""
    variants = list(witness.union_type.variants)
    if len(variants) == 2 and old in variants:  # noqa: PLR2004 - the old type, and what only one of both feeds
        names = (
            "the old type" if variant == old else "the new type" if variant == new else _named(variant)
            for variant in variants
        )
        return f"a union of {' and '.join(names)}"
    notation = _named(witness)
    return type_notation(witness) if type_notation(old, brief=True) in notation else notation


@lru_cache(maxsize=4096)
def _changed_input(old_bytes: bytes, new_bytes: bytes) -> VariableCompatibility:
    old, new = derived_type(old_bytes), derived_type(new_bytes)
    if not castable_types(old, new):
        return _judged(BREAKING, f"It no longer accepts values of the old type, {_named(old.message)}.")
    if accepts_all(new, old):
        before, after = _named(old.message), _named(new.message)
        reason = f"{after if before != after else 'It still'} accepts every value of {before}."
        return _unseen(blind_spot(old, new, is_input=True), _OF_INPUT) or _judged(SAFE, reason)
    witness = find_producer(old, new)
    if witness is None:
        reason = "It accepts values of the old type; whether it accepts all that it did before cannot be decided."
    else:
        words = _witness_words(witness, old.message, new.message)
        reason = f"It accepts values of the old type, but no longer {words}, as it did before."
    return _judged(RISKY, reason, witness)


@lru_cache(maxsize=4096)
def _changed_output(old_bytes: bytes, new_bytes: bytes) -> VariableCompatibility:
    old, new = derived_type(old_bytes), derived_type(new_bytes)
    if not castable_types(new, old):
        return _judged(BREAKING, f"It can no longer be passed to an input of the old type, {_named(old.message)}.")
    if feeds_all(new, old):
        reason = (
            "It can be passed to every input that took it before; a conditional can compare it only with an output "
            "of exactly the same type."
        )
        unseen = _unseen(blind_spot(new, old, is_input=False), _OF_OUTPUT)
        return _changed_part(old.message, new.message) or unseen or _judged(SAFE, reason)
    witness = find_consumer(old, new)
    if witness is None:
        rest = "whether every input that took it before still does cannot be decided."
        return _judged(RISKY, f"It can be passed to an input of the old type; {rest}")
    words = _witness_words(witness, old.message, new.message)
    return _judged(
        RISKY,
        f"It can be passed to an input of the old type, but no longer to one of type {words}, as before.",
        witness,
    )


# -- what the compiler does not see --------------------------------------------------------------------------------

_OF_INPUT: Final = (
    "a value of the old type",
    "does not fit the new one",
    "every value of the old type fits the new one",
)
_OF_OUTPUT: Final = (
    "which it may return now",
    "does not fit the old type",
    "every value of the new type fits the old one",
)


def _unseen(spot: BlindSpot | None, words: tuple[str, str, str]) -> VariableCompatibility | None:
    """Judge what the compiler does not see."""
    if spot is None:
        return None
    what, fate, question = words
    place = f" in {part_notation(spot.path)}" if spot.path else ""
    value = f"{value_text(spot.value)}, {what}," if spot.value else ""
    if spot.default is not None:
        old, new = map(value_text, spot.default)
        sentence = f"{value or 'what leaves it out'} is read with another default{place}: {new} instead of {old}"
    elif value:
        sentence = f"{value} {fate}, which shows only at run time"
    else:
        sentence = f"whether {question} cannot be decided"
    reason = f"Flyte's compiler does not look at what changed{place}: {sentence}."
    return VariableCompatibility("", RISKY, reason, spot.path, is_unseen=True, _value=spot.value)


# -- parts of outputs ----------------------------------------------------------------------------------------------


def _changed_part(old: Any, new: Any, path: tuple[str, ...] = ()) -> VariableCompatibility | None:
    """Find a part of an output that a caller can read no longer, or not as what it was."""
    if old == new:
        return None
    for element in (Kind.LIST, Kind.MAP):
        if old.HasField(element) and new.HasField(element):
            return _changed_part(getattr(old, element), getattr(new, element), (*path, "[0]"))
    judgements = (_judge_field((*path, name), before, after) for name, before, after in _fields(old, new))
    return next(filter(None, judgements), None)


def _fields(old: Any, new: Any) -> Iterator[tuple[str, Any, Any]]:
    """Return each field that a caller could read, as what it read it, and as what it does now: None if not at all.

    The compiler looks for fields in ``structure.dataclass_type``; of a type that has none there, it takes any field to
    be of the type itself.
    """
    had, has = old.structure.dataclass_type, new.structure.dataclass_type
    for name in sorted({*had, *has}):
        if not had or name in had:
            yield name, had[name] if had else old, None if has and name not in has else has[name] if has else new


def _judge_field(path: tuple[str, ...], before: Any, after: Any) -> VariableCompatibility | None:
    if after is None:
        return _lost(path, before, "is gone")
    if before == after:
        return None
    old, new = type_of(before), type_of(after)
    if not castable_types(new, old):
        return _lost(path, before, "has another type, which no longer fits where it was used")
    if not feeds_all(new, old):
        return _lost(path, find_consumer(old, new), "no longer fits everywhere that it did")
    return _changed_part(before, after, path)


def _lost(path: tuple[str, ...], witness: Any, what: str) -> VariableCompatibility:
    reason = f"As a whole it can be passed on as before, but its field {part_notation(path)} {what}."
    return _judged(RISKY, reason, witness, path)


# -- added and removed ---------------------------------------------------------------------------------------------


def _added_input(new: DerivedType) -> VariableCompatibility:
    if not is_optional(new.message):
        return _judged(BREAKING, "A new required input: existing workflows do not pass it.")
    if any(map(is_none, new.variants)):
        return _judged(SAFE, "A new optional input: existing workflows need not pass it.")
    return _judged(
        RISKY,
        "A new input that existing workflows do not pass: they compile only because Flyte's compiler takes such a union "
        "for optional.",
    )


_ADDED_OUTPUT: Final = _judged(
    RISKY, "A new output: Python code that unpacks the outputs gets one value more than it expects."
)
_INPUTS: Final = _Direction(
    _changed_input, _added_input, _judged(BREAKING, "The input is gone: workflows that pass it no longer compile.")
)
_OUTPUTS: Final = _Direction(
    _changed_output,
    lambda _new: _ADDED_OUTPUT,
    _judged(BREAKING, "The output is gone: workflows that use it no longer compile."),
)
