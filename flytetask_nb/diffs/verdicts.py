"""What a change of one variable's type means to those who feed it or read it."""

from __future__ import annotations

from typing import Any, Final, NamedTuple

from flyteidl.core import interface_pb2

from flytetask_nb.errors import ModelValueError
from flytetask_nb.semantics.variable_verdicts import RISKY, SAFE
from flytetask_nb.semantics.variance import compatibility

_NAME: Final = "it"


class TypeVerdict(NamedTuple):
    """What a change of type means.

    ``verdict``: ``breaking``, ``risky`` or ``safe``.
    ``witness``: a sentence that says who no longer fits; empty where the verdict is safe.
    ``is_unseen``: whether the compiler does not see what is wrong.
    """

    verdict: str
    witness: str
    is_unseen: bool = False


def type_verdict(side: str, old: Any, new: Any) -> TypeVerdict:
    """Judge a change of type."""
    try:
        result = compatibility(_interface(side, old), _interface(side, new))
    except ModelValueError as error:
        # Nested deeper than can be read: nothing can be promised.
        return TypeVerdict(RISKY, f"It could not be judged: {error}.")
    (judged,) = (result.inputs if side == "input" else result.outputs).values()
    return TypeVerdict(judged.verdict, "" if judged.verdict == SAFE else judged.reason, judged.is_unseen)


def _interface(side: str, literal_type: Any) -> Any:
    interface = interface_pb2.TypedInterface()
    variables = interface.inputs if side == "input" else interface.outputs
    variables.variables[_NAME].type.CopyFrom(literal_type)
    return interface
