"""What a change of one variable's type means to those who feed it or read it."""

from __future__ import annotations

from typing import Any, Final

from flyteidl.core import interface_pb2

from flytetask_nb.errors import ModelValueError
from flytetask_nb.semantics.variance import RISKY, SAFE, compatibility

__all__ = ["type_verdict"]

_NAME: Final = "it"


def type_verdict(side: str, old: Any, new: Any) -> tuple[str, str]:
    """Judge a change of type.

    Parameters
    ----------
    side
        ``input`` or ``output``.
    old, new
        ``LiteralType`` messages.

    Returns
    -------
    (str, str)
        ``breaking``, ``risky`` or ``safe``, and unless it is safe a sentence that says who no longer fits.
    """
    try:
        found = compatibility(_interface(side, old), _interface(side, new))
    except ModelValueError as error:
        # Nested deeper than can be read: nothing can be promised.
        return RISKY, f"It could not be judged: {error}."
    (judged,) = (found.inputs if side == "input" else found.outputs).values()
    return judged.verdict, "" if judged.verdict == SAFE else judged.reason


def _interface(side: str, literal_type: Any) -> Any:
    interface = interface_pb2.TypedInterface()
    variables = interface.inputs if side == "input" else interface.outputs
    variables.variables[_NAME].type.CopyFrom(literal_type)
    return interface
