"""What a check of a task finds: what registration would refuse, and what it takes without a word though it is wrong."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field, fields
from typing import TYPE_CHECKING, Any, Final, overload

from flytetask_nb.models.field_names import familiar_path
from flytetask_nb.models.showing import Shown

if TYPE_CHECKING:
    from collections.abc import Iterable

    import pandas as pd

__all__ = ["REFUSED", "WARNING", "Finding", "Findings"]

REFUSED: Final = "refused"
"""Severity of what Flyte Admin refuses to register."""
WARNING: Final = "warning"
"""Severity of what Flyte Admin registers, but what does not do what it says, or fails when it runs."""


@dataclass(frozen=True, slots=True)
class Finding:
    """One thing that is wrong with a task.

    Parameters
    ----------
    rule : str
        Id of the rule, e.g. ``"missing-image"``; a key of ``flytetask_nb.semantics.registration_rules.RULES``.
    path : str
        Where it is, e.g. ``"container.resources.requests.cpu"``.
    severity : str
        ``"refused"``: Flyte Admin does not register the task. ``"warning"``: it does.
    message : str
        Of what is refused, Flyte Admin's own words; of a warning, what was found.
    reason : str
        Why it matters and what to do.
    source : str
        Where the rule is written in Flyte, or ``"policy of this package"``.
    """

    rule: str
    path: str
    severity: str
    message: str
    reason: str = field(default="", repr=False)
    source: str = field(default="", repr=False)

    def __str__(self) -> str:
        place = f"{familiar_path(self.path)}: " if self.path else ""
        return f"{self.severity}: {place}{' '.join(self.message.split())} [{self.rule}]"


class Findings(Sequence[Finding], Shown):
    """Everything that is wrong with a task: first what is refused, in Flyte Admin's order, then the warnings.

    Parameters
    ----------
    findings
        Of severities ``"refused"`` and ``"warning"``.
    task
        How the task is called, e.g. ``"app.train v1"``.

    Examples
    --------
    >>> Findings([Finding("missing-image", "container.image", "refused", "missing image")], task="app.train v1")
    Findings('app.train v1', 1 refused, 0 warnings)
    """

    __slots__ = ("_findings", "task")

    task: str
    """Name and version of the task, as far as it has them."""

    def __init__(self, findings: Iterable[Finding] = (), task: str = "") -> None:
        given = tuple(findings)
        # Worst first; within a severity the order in which they were found is kept.
        self._findings = tuple(sorted(given, key=lambda finding: finding.severity != REFUSED))
        self.task = task

    @property
    def would_register(self) -> bool:
        """Whether Flyte Admin would take the task, as far as the task itself decides that.

        Not looked at: whether project and domain exist, whether the task's type must be allowed first, and whether
        the same id is registered already.
        """
        return not self.refusals

    @property
    def refusals(self) -> tuple[Finding, ...]:
        """What is refused. The first is the one that Flyte Admin answers with: it stops there."""
        return tuple(finding for finding in self._findings if finding.severity == REFUSED)

    @property
    def warnings(self) -> tuple[Finding, ...]:
        """What Flyte Admin takes without a word, though it should not."""
        return tuple(finding for finding in self._findings if finding.severity != REFUSED)

    def to_frame(self) -> pd.DataFrame:
        """Return the findings as a table.

        Returns
        -------
        pandas.DataFrame
            One row a finding, with the columns ``rule``, ``path``, ``severity``, ``message``, ``reason`` and
            ``source``, all texts.
        """
        from flytetask_nb.dtypes import TEXT, frame_of  # noqa: PLC0415 - heavy, and only tables need it

        names = [each.name for each in fields(Finding)]
        return frame_of(
            dict.fromkeys(names, TEXT), [[getattr(finding, name) for name in names] for finding in self._findings]
        )

    # -- a sequence --------------------------------------------------------------------------------------------------

    def __len__(self) -> int:
        return len(self._findings)

    @overload
    def __getitem__(self, index: int) -> Finding: ...
    @overload
    def __getitem__(self, index: slice) -> Findings: ...
    def __getitem__(self, index: int | slice) -> Finding | Findings:
        if isinstance(index, slice):
            return Findings(self._findings[index], self.task)
        return self._findings[index]

    # -- being a value -----------------------------------------------------------------------------------------------

    def __eq__(self, other: object) -> bool:
        if not isinstance(other, Findings):
            return NotImplemented
        return (self.task, self._findings) == (other.task, other._findings)

    def __hash__(self) -> int:
        return hash((self.task, self._findings))

    def __repr__(self) -> str:
        warnings = len(self.warnings)
        counts = f"{len(self.refusals)} refused, {warnings} warning{'' if warnings == 1 else 's'}"
        return f"Findings({self.task!r}, {counts})"

    def __str__(self) -> str:
        return self.to_text()

    def __reduce__(self) -> tuple[type[Findings], tuple[Any, ...]]:
        return Findings, (self._findings, self.task)
