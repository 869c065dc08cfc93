"""What a check of a task finds: what registration would refuse, and what it takes without a word though it is wrong."""

from __future__ import annotations

from dataclasses import dataclass, field, fields
from typing import TYPE_CHECKING, Any, ClassVar, Final, overload

from flytetask_nb.masking import mask_identifier, mask_text
from flytetask_nb.models.field_names import familiar_path
from flytetask_nb.models.reports import ReportList
from flytetask_nb.models.showing import behind_gate

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Mapping, Sequence

REFUSED: Final = "refused"
"""Severity of what Flyte Admin refuses to register."""
WARNING: Final = "warning"
"""Severity of what Flyte Admin registers, but what does not do what it says, or fails when it runs."""


@behind_gate
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
        return f"{self.severity}: {place}{mask_text(' '.join(self.message.split()))} [{self.rule}]"

    def __repr__(self) -> str:
        parts = (self.rule, self.path, self.severity, self.message)
        return f"Finding({', '.join(repr(mask_text(part)) for part in parts)})"


class Findings(ReportList[Finding]):
    """Everything that is wrong with a task: first what is refused, in Flyte Admin's order, then the warnings.

    Its table has a row for each finding, all columns texts.

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

    __slots__ = ("task",)

    _COLUMNS = dict.fromkeys((each.name for each in fields(Finding)), "TEXT")

    task: str
    """Name and version of the task, as far as it has them."""

    def __init__(self, findings: Iterable[Finding] = (), task: str = "") -> None:
        # Worst first; within a severity the order in which they were found is kept.
        super().__init__(sorted(findings, key=lambda finding: finding.severity != REFUSED))
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
        return tuple(finding for finding in self if finding.severity == REFUSED)

    @property
    def warnings(self) -> tuple[Finding, ...]:
        """What Flyte Admin takes without a word, though it should not."""
        return tuple(finding for finding in self if finding.severity != REFUSED)

    def _values(self) -> dict[str, Any]:
        return {
            "task": mask_identifier(self.task),
            "would_register": self.would_register,
            "findings": self._records(),
        }

    def _rows(self) -> Iterator[Sequence[Any]]:
        for finding in self:
            yield [mask_text(getattr(finding, name)) for name in self._COLUMNS]

    # -- a sequence --------------------------------------------------------------------------------------------------

    @overload
    def __getitem__(self, index: int) -> Finding: ...
    @overload
    def __getitem__(self, index: slice) -> Findings: ...
    def __getitem__(self, index: int | slice) -> Finding | Findings:
        if isinstance(index, slice):
            return Findings(self._entries[index], self.task)
        return self._entries[index]

    def _state(self) -> tuple[Any, ...]:
        return self._entries, self.task

    def __repr__(self) -> str:
        warnings = len(self.warnings)
        counts = f"{len(self.refusals)} refused, {warnings} warning{'' if warnings == 1 else 's'}"
        return f"Findings({self.task!r}, {counts})"

    def __reduce__(self) -> tuple[type[Findings], tuple[Any, ...]]:
        return Findings, (self._entries, self.task)


class CollectionFindings(ReportList[Findings]):
    """What is wrong with each of several tasks: an entry a task, the worst first.

    Its table has a row for each finding, with the task's name and version before the columns of ``Findings``.

    Parameters
    ----------
    entries
        The findings of each task, those without any as well.
    """

    __slots__ = ()

    _COLUMNS: ClassVar[Mapping[str, str]] = {"task": "TEXT", **Findings._COLUMNS}

    def __init__(self, entries: Iterable[Findings] = ()) -> None:
        super().__init__(sorted(entries, key=lambda findings: (-len(findings.refusals), -len(findings.warnings))))

    @property
    def would_register(self) -> bool:
        """Whether Flyte Admin would take all of the tasks: see ``Findings.would_register``."""
        return not self.refused

    @property
    def refused(self) -> tuple[Findings, ...]:
        """The tasks that Flyte Admin would refuse."""
        return tuple(findings for findings in self if not findings.would_register)

    @property
    def warned(self) -> tuple[Findings, ...]:
        """The tasks that Flyte Admin would take, though something is wrong with them."""
        return tuple(findings for findings in self if findings.would_register and len(findings))

    def _values(self) -> dict[str, Any]:
        return {"would_register": self.would_register, "tasks": [findings._values() for findings in self]}

    def _rows(self) -> Iterator[Sequence[Any]]:
        for findings in self:
            yield from ([mask_identifier(findings.task), *row] for row in findings._rows())

    def __repr__(self) -> str:
        tasks = f"{len(self)} task{'' if len(self) == 1 else 's'}"
        warned = sum(bool(findings.warnings) for findings in self)
        return f"CollectionFindings({tasks}, {len(self.refused)} refused, {warned} with warnings)"

    def __reduce__(self) -> tuple[type[CollectionFindings], tuple[Any, ...]]:
        return CollectionFindings, (self._entries,)
