"""What comes of reading files, and what it adds up to."""

from __future__ import annotations

from typing import TYPE_CHECKING, NamedTuple

from flytetask_nb.collection import Failure, TaskCollection, TaskRecord
from flytetask_nb.errors import LoadError
from flytetask_nb.models.launch_plans import LaunchPlan
from flytetask_nb.models.workflows import Workflow

if TYPE_CHECKING:
    from collections.abc import Sequence
    from typing import TypeAlias

    from flytetask_nb.models.origins import Origin
    from flytetask_nb.semantics.fellows import WorkflowRecord
    from flytetask_nb.tables.snapshots import Snapshot

    Item: TypeAlias = TaskRecord | Workflow | LaunchPlan
    Outcome: TypeAlias = Item | Failure | "Skipped" | "UnreadSnapshot"


class Skipped(NamedTuple):
    """What was passed over: its kind, and how many of it; a workflow itself, for what it says of the tasks."""

    kind: str
    number: int = 1
    workflow: WorkflowRecord | None = None


class UnreadSnapshot(NamedTuple):
    """A snapshot, of which the tasks are not read yet."""

    snapshot: Snapshot


class StoredFailure(Failure):
    """A failure that a snapshot was saved with: of another time, and none of reading the snapshot."""

    __slots__ = ()


class Outcomes:
    """All that came of reading some sources, in the order in which it came.

    ``collects``: whether failures are kept; else the first one is raised.

    ``workflows``, ``launch_plans``, ``failures``: what was read, and what could not be.
    ``skipped``: how much of other kinds was passed over.
    """

    def __init__(self, *, collects: bool) -> None:
        self._collects = collects
        # Runs of tasks in the order in which they come: those that were read, and snapshots of those that were not.
        self._runs: list[list[TaskRecord] | Snapshot] = []
        self.workflows: list[Workflow] = []
        self.launch_plans: list[LaunchPlan] = []
        self.failures: list[Failure] = []
        self.skipped: dict[str, int] = {}
        self._beside: list[WorkflowRecord] = []

    def add(self, outcome: Outcome) -> None:
        """Keep an outcome.

        Raises LoadError: it is a failure, and failures are not kept.
        """
        if isinstance(outcome, TaskRecord):
            last = self._runs[-1] if self._runs else None
            if isinstance(last, list):
                last.append(outcome)
            else:
                self._runs.append([outcome])
        elif isinstance(outcome, Skipped):
            self.skipped[outcome.kind] = self.skipped.get(outcome.kind, 0) + outcome.number
            self._beside += [outcome.workflow] if outcome.workflow is not None else []
        elif isinstance(outcome, UnreadSnapshot):
            self._runs.append(outcome.snapshot)
        elif isinstance(outcome, Workflow):
            self.workflows.append(outcome)
        elif isinstance(outcome, LaunchPlan):
            self.launch_plans.append(outcome)
        elif isinstance(outcome, StoredFailure):
            self.failures.append(Failure(*outcome))
        elif self._collects:
            self.failures.append(outcome)
        else:
            raise LoadError(str(outcome))

    def tasks(self) -> TaskCollection:
        """Return the tasks, with all that was noted beside them."""
        parts: list[Sequence[bytes]] = []
        origins: list[Origin | str] = []
        for run in self._runs:
            if isinstance(run, list):
                parts.append([record.data for record in run])
                origins += [record.origin for record in run]
            else:
                parts.append(run.data)
                origins += run.origins
        data: Sequence[bytes] = parts[0] if parts else []
        if not isinstance(data, list) or len(parts) > 1:
            # Tasks that were read are one run, unless a snapshot stands between.
            from flytetask_nb.tables.snapshots import Joined  # noqa: PLC0415 - loads pandas

            data = Joined(parts)
        return TaskCollection.of_serialized(data, origins, self.failures, self.skipped, self._beside)
