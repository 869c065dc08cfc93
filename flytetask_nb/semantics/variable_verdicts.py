"""What becomes of each input and output of a task, and of all of them together."""

from __future__ import annotations

from dataclasses import dataclass, field
from types import MappingProxyType
from typing import TYPE_CHECKING, Any, ClassVar, Final, NamedTuple

from flytetask_nb.bounded_reading import json_value
from flytetask_nb.errors import shortened
from flytetask_nb.masking import mask_text, mask_value
from flytetask_nb.models.notation import type_notation
from flytetask_nb.models.reports import Report
from flytetask_nb.models.showing import Shown
from flytetask_nb.models.types import LiteralType
from flytetask_nb.options import set_options

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping, Sequence

SAFE: Final = "safe"
"""Whoever compiled against the old interface compiles against the new one."""
RISKY: Final = "risky"
"""Some who compiled do, and some do not."""
BREAKING: Final = "breaking"
"""Not even the old type itself fits any longer."""

VERDICTS: Final = (SAFE, RISKY, BREAKING)
"""From best to worst."""

_RANKS: Final = {verdict: number for number, verdict in enumerate(VERDICTS)}


@dataclass(frozen=True, slots=True)
class VariableCompatibility(Shown):
    """What becomes of one input or output.

    Parameters
    ----------
    name : str
        Name of the variable.
    verdict : str
        ``"safe"``, ``"risky"`` or ``"breaking"``.
    reason : str
        One sentence that says why.
    path : tuple of str
        Of what is risky only in a part of it: the fields on the way to that part.
    is_unseen : bool
        Whether the compiler does not see the risk: callers compile, and what is wrong shows only at run time.
    """

    name: str
    verdict: str
    reason: str
    path: tuple[str, ...] = ()
    is_unseen: bool = False
    _old: bytes | None = field(default=None, repr=False)
    _new: bytes | None = field(default=None, repr=False)
    _witness: bytes | None = field(default=None, repr=False)
    _value: str = field(default="", repr=False)

    @property
    def old(self) -> LiteralType | None:
        """The type before; None of a variable that was added."""
        return None if self._old is None else LiteralType.from_bytes(self._old)

    @property
    def new(self) -> LiteralType | None:
        """The type now; None of a variable that was removed."""
        return None if self._new is None else LiteralType.from_bytes(self._new)

    @property
    def is_changed(self) -> bool:
        """Whether the variable was added, removed, or has another type, be it only in what the compiler ignores."""
        return self._old != self._new

    @property
    def witness(self) -> Any:
        """What shows the risk: a type, or where the compiler does not see the risk a value.

        Of an input, the type is a producer that fed the old type and does not feed the new one; of an output, a
        consumer that the old type (or its part at ``path``) fed and the new one does not feed. ``castable`` says so
        of each.

        A value is what JSON holds. Of an input, the old type has it, and the new one refuses it when it is read, or
        reads it otherwise where the default of a field that it leaves out changed; of an output, the new type has it,
        and consumers of the old one refuse it.

        None where the verdict is not risky, where the risk is not one of types (an added output, an input that is
        optional through a hole), and where a risk could neither be shown nor ruled out.
        """
        if self._value:
            return json_value(self._value)
        return None if self._witness is None else LiteralType.from_bytes(self._witness)

    @property
    def witness_text(self) -> str | None:
        """The witness as text, secrets masked: a type as Python has it, or a value; None where there is none."""
        if self._value:
            return value_text(self._value)
        return None if self._witness is None else mask_text(type_notation(self.witness._message))

    def __str__(self) -> str:
        return f"{self.name}: {self.verdict}. {self.reason}"


class TaskName(NamedTuple):
    """What a task is called; the version is empty before it is registered."""

    name: str
    version: str


@dataclass(frozen=True, slots=True, repr=False)
class Compatibility(Report):
    """What a change of an interface means for those who call the task.

    Its table has a row for each variable: ``kind`` is input or output, ``old`` and ``new`` are the types as Python has
    them, NA of what was added or removed.

    Parameters
    ----------
    inputs, outputs : mapping of str to VariableCompatibility
        Every variable that the old or the new interface has, in natural order of their names.
    """

    inputs: Mapping[str, VariableCompatibility]
    outputs: Mapping[str, VariableCompatibility]
    _tasks: tuple[TaskName, TaskName] | None = field(default=None, compare=False)
    """Of which tasks the interfaces are; None where they are of none that has a name."""

    _COLUMNS: ClassVar[Mapping[str, str]] = {
        **dict.fromkeys(("kind", "name", "verdict", "old", "new", "reason", "path"), "TEXT"),
        "is_unseen": "FLAG",
        "witness": "TEXT",
    }

    def __post_init__(self) -> None:
        for name in ("inputs", "outputs"):
            object.__setattr__(self, name, MappingProxyType(dict(getattr(self, name))))

    __hash__ = None  # type: ignore[assignment] # mappings have none

    def __reduce__(self) -> tuple[Any, ...]:
        return Compatibility, (dict(self.inputs), dict(self.outputs), self._tasks)

    @property
    def variables(self) -> tuple[VariableCompatibility, ...]:
        """The inputs, then the outputs."""
        return (*self.inputs.values(), *self.outputs.values())

    @property
    def verdict(self) -> str:
        """The worst verdict of all variables; ``"safe"`` where there are none."""
        return max((variable.verdict for variable in self.variables), key=_RANKS.__getitem__, default=SAFE)

    def _values(self) -> dict[str, Any]:
        return {"verdict": self.verdict, "variables": self._records()}

    def _rows(self) -> Iterator[Sequence[Any]]:
        for kind, variables in (("input", self.inputs), ("output", self.outputs)):
            for variable in variables.values():
                old, new = (
                    None if each is None else type_notation(each._message) for each in (variable.old, variable.new)
                )
                path = part_notation(variable.path) or None
                texts = (kind, variable.name, variable.verdict, old, new, variable.reason, path)
                yield [*(text and mask_text(text) for text in texts), variable.is_unseen, variable.witness_text]

    def __repr__(self) -> str:
        parts = [
            f"{kind}={{{', '.join(f'{name!r}: {variable.verdict!r}' for name, variable in variables.items())}}}"
            for kind, variables in (("inputs", self.inputs), ("outputs", self.outputs))
        ]
        return f"Compatibility({self.verdict!r}, {', '.join(parts)})"


_LONGEST_VALUE: Final = 200


def value_text(text: str) -> str:
    """Return a JSON text as Python writes it, secrets masked, cut where nobody reads on."""
    with set_options(reveal_secrets=False):
        notation = repr(mask_value(json_value(text or "null")))
    return shortened(notation, _LONGEST_VALUE)


def part_notation(path: tuple[str, ...]) -> str:
    """Return the path to a part of a type as Python has it: ``field[0]``."""
    return ".".join(path).replace(".[", "[")
