"""What a task takes and gives: variables with types, and the interface they form."""

from __future__ import annotations

from typing import TYPE_CHECKING

from flyteidl.core import interface_pb2

from flytetask_nb.models.base import Model
from flytetask_nb.models.fields import Field, OptionalSub, Sub, SubMap, later
from flytetask_nb.models.types import LiteralType

if TYPE_CHECKING:
    from flytetask_nb.models.artifacts import ArtifactID, ArtifactTag
    from flytetask_nb.models.declarations import Maybe, Message, MessageMap, Text


class Variable(Model, message=interface_pb2.Variable):
    """An input or output: its type, and what it is for.

    Parameters
    ----------
    type : LiteralType
        What values it takes.
    description : str
        From the docstring; flytekit writes the variable's own name where there is none.
    artifact_partial_id : ArtifactID, optional
        The artifact that an output is published as.
    artifact_tag : ArtifactTag, optional
        The tag that it is published under.
    """

    __slots__ = ()
    type: Message[LiteralType] = Sub(LiteralType)
    description: Text = Field()
    artifact_partial_id: Maybe[ArtifactID] = OptionalSub(later("artifacts", "ArtifactID"), default=None)
    artifact_tag: Maybe[ArtifactTag] = OptionalSub(later("artifacts", "ArtifactTag"), default=None)

    def __str__(self) -> str:
        from flytetask_nb.models.notation import type_notation  # noqa: PLC0415 - not needed until it is shown

        return type_notation(self._message.type)


class VariableMap(Model, message=interface_pb2.VariableMap):
    """Variables by name."""

    __slots__ = ()
    variables: MessageMap[Variable] = SubMap(Variable)


class TypedInterface(Model, message=interface_pb2.TypedInterface):
    """The inputs and outputs of a task. Prints as a signature.

    Parameters
    ----------
    inputs, outputs : dict of str to Variable
        Protobuf keeps no order; they come back in natural order of their names.

    Examples
    --------
    >>> from flytetask_nb.models import LiteralType, SimpleType, TypedInterface, Variable
    >>> number = Variable(LiteralType(simple=SimpleType.INTEGER), "")
    >>> print(TypedInterface({"x": number}, {"o0": number}))
    (x: int) -> (o0: int)
    """

    __slots__ = ()
    inputs: MessageMap[Variable] = SubMap(Variable, inner="variables")
    outputs: MessageMap[Variable] = SubMap(Variable, inner="variables")

    def __str__(self) -> str:
        from flytetask_nb.models.notation import signature_notation  # noqa: PLC0415 - not needed until it is shown

        return signature_notation(self._message)
