"""Changes of what a task takes and gives: variables, and what becomes of their types."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Final

from flyteidl.core import interface_pb2, types_pb2

from flytetask_nb.diffs.edits import Move, Named, Replacement, joined, named
from flytetask_nb.diffs.facets import At
from flytetask_nb.diffs.messages import compare_unknown, field_changes
from flytetask_nb.diffs.pairing import paired
from flytetask_nb.diffs.rules import BEHAVIOUR, BREAKING, COSMETIC, RISKY, RULES, rank
from flytetask_nb.diffs.schemas import only_field
from flytetask_nb.diffs.structures import kind_of, same
from flytetask_nb.diffs.types import type_facets
from flytetask_nb.errors import ModelValueError
from flytetask_nb.models.notation import accepts_none
from flytetask_nb.models.order import natural_key
from flytetask_nb.models.types import LiteralType
from flytetask_nb.semantics.castability import is_optional
from flytetask_nb.semantics.variable_verdicts import VariableCompatibility
from flytetask_nb.semantics.variance import compatibility

if TYPE_CHECKING:
    from flytetask_nb.diffs.changes import Ledger
    from flytetask_nb.diffs.facets import Facet

_SEVERITY_OF: Final = {"breaking": BREAKING, "risky": RISKY, "safe": BEHAVIOUR}
_TYPE_RULES: Final = {
    "input": {
        "breaking": "input-type-incompatible",
        "risky": "input-type-narrowed",
        "safe": "input-type-widened",
    },
    "output": {
        "breaking": "output-type-incompatible",
        "risky": "output-type-risky",
        "safe": "output-type-changed",
    },
}
# What these say holds whatever the verdict is, unless the compiler does not see the risk.
ALWAYS_TRUE: Final = frozenset({"type-schema", "input-field-removed", "output-field-added"})
_UNSEEN: Final = "Flyte's compiler does not look at it, so a mismatch shows only at run time."
_FEEDS_ALL: Final = "It can still be passed to every input that took it before."


def compare_interface(ledger: Ledger, path: str, old: Any, new: Any) -> None:
    """Compare two interfaces."""
    for side, field in (("input", "inputs"), ("output", "outputs")):
        before, after = getattr(old, field), getattr(new, field)
        if before != after:
            _compare_variables(ledger, f"{path}.{field}", side, before.variables, after.variables)
            compare_unknown(ledger, f"{path}.{field}", before, after)
    compare_unknown(ledger, path, old, new)


def _compare_variables(ledger: Ledger, path: str, side: str, old: Any, new: Any) -> None:
    removed = sorted((name for name in old if name not in new), key=natural_key)
    added = sorted((name for name in new if name not in old), key=natural_key)
    renamed = _renames(removed, added, old, new) if removed and added else {}
    for name in [*removed, *added]:
        if name in renamed or name in renamed.values():
            continue
        place, was, now = joined(path, name), old.get(name), new.get(name)
        types = [None if variable is None else LiteralType._own(variable.type) for variable in (was, now)]
        rule = _addition(now.type) if side == "input" and was is None else f"{side}-{kind_of(was, now)}"
        edit = Replacement(place, place, named(name, was), named(name, now))
        ledger.add(rule, place, *types, edits=(edit,))
    for before, after in renamed.items():
        place, old_place = joined(path, after), joined(path, before)
        edits = (Replacement(old_place, place, Named(before, None), Named(after, None)), Move(old_place, place))
        ledger.add(f"{side}-renamed", place, before, after, kind="renamed", old_path=old_place, edits=edits)
        _compare_rest(ledger, place, old_place, old[before], new[after], names=(before, after))
    for name in sorted((name for name in old if name in new), key=natural_key):
        before, after = old[name], new[name]
        if before == after:
            continue
        place = joined(path, name)
        if before.type != after.type:
            _compare_types(ledger, place, side, before.type, after.type)
        _compare_rest(ledger, place, place, before, after, names=(name, name))


def _addition(literal_type: Any) -> str:
    if not is_optional(literal_type):
        return "input-added"
    return "input-added-optional" if accepts_none(literal_type) else "input-added-by-hole"


def _renames(removed: list[str], added: list[str], old: Any, new: Any) -> dict[str, str]:
    """Pair one name that is gone with one that is new where both have one type, and no other has it."""
    gone, come = (
        {name: variables[name].type.SerializeToString(deterministic=True) for name in names}
        for names, variables in ((removed, old), (added, new))
    )
    return paired(gone, come)


def _compare_rest(ledger: Ledger, path: str, old_path: str, old: Any, new: Any, *, names: tuple[str, str]) -> None:
    """Compare what a variable has beside its type."""
    before, after = (own_description(name, variable) for name, variable in zip(names, (old, new), strict=True))
    if before != after and not (before and after and same(before, after)):
        values = before or None, after or None
        ledger.add("variable-description", f"{path}.description", *values, old_path=f"{old_path}.description")
    for field in ("artifact_partial_id", "artifact_tag"):
        before, after = getattr(old, field), getattr(new, field)
        if before != after:
            ledger.differences("artifact", field_changes(f"{path}.{field}", before, after, f"{old_path}.{field}"))
    compare_unknown(ledger, path, old, new, old_path)


def own_description(name: str, variable: Any) -> str:
    """Return what describes a variable: flytekit writes its own name where nothing does."""
    return "" if variable.description == name else str(variable.description)


def _compare_types(ledger: Ledger, path: str, side: str, old: Any, new: Any) -> None:
    place = f"{path}.type"
    facets = list(type_facets(At(place, place, place), side, old, new))
    if not facets:
        return
    whole = _type_verdict(side, old, new)
    worst = rank(COSMETIC)
    for facet in facets:
        if facet.rule:
            worst = min(worst, _tell(ledger, side, facet, whole))
    comparable = side == "output" and _is_comparable(old) and _is_comparable(new)
    types = LiteralType._own(old), LiteralType._own(new)
    rest = [facet for facet in facets if not facet.rule]
    if rest:
        harmless = side == "output" and whole.verdict == "safe" and not comparable
        ledger.add(
            _TYPE_RULES[side][whole.verdict],
            path,
            *types,
            severity=BEHAVIOUR if harmless else "",
            cache="none" if all(facet.cache == "none" for facet in rest) else "",
            reason=_FEEDS_ALL if harmless else _UNSEEN if whole.is_unseen else "",
            witness=_witness(whole),
            edits=tuple(edit for facet in rest for edit in facet.edits),
        )
    elif whole.verdict != "safe" and rank(_SEVERITY_OF[whole.verdict]) < worst:
        reason = _UNSEEN if whole.is_unseen else ""
        severity = _SEVERITY_OF[whole.verdict]
        ledger.add(f"{side}-as-a-whole", path, *types, severity=severity, reason=reason, witness=_witness(whole))
    elif comparable and whole.verdict == "safe":
        ledger.add("output-compared", path, *types)


def _tell(ledger: Ledger, side: str, facet: Facet, whole: VariableCompatibility) -> int:
    """Take down one respect in which types differ, and return how bad it is."""
    rule = RULES[facet.rule]
    verdict = _own_verdict(side, facet, whole) if rule.by_verdict else whole
    severity, reason = facet.severity or rule.severity, facet.reason
    if rule.by_verdict:
        # Once the verdict is safe, what a schema says is of no consequence to anybody.
        is_harmless = verdict.verdict == "safe" and facet.rule == "type-schema"
        severity = COSMETIC if is_harmless else _SEVERITY_OF[verdict.verdict]
        reason = _reason(side, facet, verdict)
    ledger.add(
        facet.rule,
        facet.path,
        facet.old,
        facet.new,
        kind=facet.kind,
        severity=severity,
        cache=facet.cache,
        reason=reason,
        edits=facet.edits,
        witness=_witness(verdict) if rank(severity) <= rank(RISKY) else "",
    )
    return rank(severity)


def _type_verdict(side: str, old: Any, new: Any) -> VariableCompatibility:
    """Tell what a change of one variable's type means to those who feed it or read it."""
    interfaces = interface_pb2.TypedInterface(), interface_pb2.TypedInterface()
    for interface, literal_type in zip(interfaces, (old, new), strict=True):
        variables = interface.inputs if side == "input" else interface.outputs
        variables.variables["it"].type.CopyFrom(literal_type)
    try:
        result = compatibility(*interfaces)
    except ModelValueError as error:
        # Nested deeper than can be read: nothing can be promised.
        return VariableCompatibility("it", "risky", f"It could not be judged: {error}.")
    (verdict,) = (result.inputs if side == "input" else result.outputs).values()
    return verdict


def _witness(verdict: VariableCompatibility) -> str:
    """Return a sentence that says who no longer fits, if anybody."""
    return "" if verdict.verdict == "safe" else verdict.reason


def _own_verdict(side: str, facet: Facet, whole: VariableCompatibility) -> VariableCompatibility:
    """Return what becomes of a field where the compiler does not see what is wrong: others need not have to do with it."""
    if not whole.is_unseen or facet.field is None:
        return whole
    old, new, name = facet.field
    return _type_verdict(side, only_field(old, name), only_field(new, name))


def _reason(side: str, facet: Facet, verdict: VariableCompatibility) -> str:
    """Return why a change is judged as it is; empty: as its rule says, which speaks of what breaks."""
    if verdict.is_unseen:
        return _UNSEEN
    if verdict.verdict == "breaking":
        # Enums feed each other by other rules than the fields of dataclasses.
        return RULES["field-type-changed"].reason if facet.field and facet.rule.startswith("enum-") else ""
    if facet.rule in ALWAYS_TRUE:
        return ""
    return (
        _FEEDS_ALL
        if side == "output" and verdict.verdict == "safe"
        else RULES[_TYPE_RULES[side][verdict.verdict]].reason
    )


def _is_comparable(literal_type: Any) -> bool:
    """Tell whether a conditional can compare values of the type: single texts, numbers, times and flags."""
    kind = literal_type.WhichOneof("type")
    return bool(
        kind == "enum_type" or (kind == "simple" and types_pb2.INTEGER <= literal_type.simple <= types_pb2.DURATION)
    )
