"""What would become of a task if it were registered now."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from flytetask_nb.diffs.tooling import tool_differences
from flytetask_nb.models.showing import Shown

if TYPE_CHECKING:
    from flytetask_nb.diffs import TaskDiff
    from flytetask_nb.models.flyte_task import FlyteTask

__all__ = ["CONFLICT", "IDENTICAL", "NEW", "REFUSED", "Registration"]

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
class Registration(Shown):
    """What would become of a task.

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

    @property
    def summary(self) -> str:
        """One sentence; of a conflict that tools alone made, which of what they write it is."""
        one = self.task.id
        told = f"{one.project}/{one.domain}/{one.name} {one.version} {_SENTENCES[self.verdict]}"
        written = () if self.diff is None else tool_differences(self.diff.old._message, self.diff.new._message)
        if written:
            return f"{told}; the task itself is the same but for {', '.join(written)}"
        return f"{told}: {self.reason}" if self.reason else told

    def __repr__(self) -> str:
        return f"Registration({self.verdict}: {self.summary})"

    def __str__(self) -> str:
        return self.to_text()
