"""What would become of a task if it were registered now."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from flytetask_nb.diffs.tooling import tool_differences
from flytetask_nb.masking import mask_identifier, mask_text
from flytetask_nb.models.reports import Report

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from flytetask_nb.diffs import TaskDiff
    from flytetask_nb.models.flyte_task import FlyteTask

NEW = "new"
IDENTICAL = "identical"
CONFLICT = "conflict"
REFUSED = "refused"

_SENTENCES = {
    NEW: "would be registered",
    IDENTICAL: "is registered already, with the same structure",
    CONFLICT: "is registered already with another structure: register it under a new version",
    REFUSED: "would be refused",
}


@dataclass(frozen=True)
class Registration(Report):
    """What would become of a task.

    Its table has one row, all columns texts; ``severity`` is the worst of what differs.

    Attributes
    ----------
    verdict : str
        ``"new"``: there is none of that id. ``"identical"``: there is, with the same digest, and Admin says so.
        ``"conflict"``: there is another one, and Admin refuses. ``"refused"``: Admin registers nothing in its project
        and domain, for ``reason``.
    task : FlyteTask
        What would be registered.
    registered : FlyteTask or None
        What is registered.
    diff : TaskDiff or None
        From what is registered to what would be; of a conflict alone.
    reason : str
        What Admin says against the project or the domain; else empty.
    """

    verdict: str
    task: FlyteTask
    registered: FlyteTask | None = None
    diff: TaskDiff | None = None
    reason: str = ""

    _COLUMNS = dict.fromkeys(("verdict", "project", "domain", "name", "version", "severity", "summary"), "TEXT")

    @property
    def summary(self) -> str:
        """One sentence, secrets masked; of a conflict that tools alone made, which of what they write it is."""
        project, domain, name, version = self._parts
        sentence = f"{project}/{domain}/{name} {version} {_SENTENCES[self.verdict]}"
        written = () if self.diff is None else tool_differences(self.diff)
        if written:
            return f"{sentence}; the task itself is the same but for {', '.join(written)}"
        return f"{sentence}: {mask_text(self.reason)}" if self.reason else sentence

    @property
    def _parts(self) -> tuple[str, ...]:
        identifier = self.task.id
        return tuple(mask_identifier(getattr(identifier, name)) for name in ("project", "domain", "name", "version"))

    def _values(self) -> dict[str, Any]:
        (record,) = self._records()
        return {**record, "diff": None if self.diff is None else self.diff.to_dict()}

    def _rows(self) -> Iterator[Sequence[Any]]:
        yield [self.verdict, *self._parts, None if self.diff is None else self.diff.severity, self.summary]

    def __repr__(self) -> str:
        return f"Registration({self.verdict}: {self.summary})"
