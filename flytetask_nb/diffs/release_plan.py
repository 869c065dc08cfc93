"""What registering tasks would do to those that are registered already: a dry run.

Tasks are matched by project, domain and name. A task and a version of it are the same if Flyte's structure digest says
so, the version left out; only where it says no is anything compared.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from typing import TYPE_CHECKING, Any, Final, Protocol

from flytetask_nb.diffs.plan_entries import CHANGED, CONFLICT, IDENTICAL, MISSING, NEW, PlanEntry
from flytetask_nb.diffs.plan_matching import (
    MatchedTask,
    TaskKey,
    beside_each_other,
    link_map_tasks,
    verdict,
    with_places,
)
from flytetask_nb.diffs.rules import checked_accepted, checked_severities, counted, rank
from flytetask_nb.errors import ModelTypeError
from flytetask_nb.masking import mask_text
from flytetask_nb.models import FlyteTask
from flytetask_nb.models.coercion import as_tasks, no_tasks, opened
from flytetask_nb.models.reports import ReportList
from flytetask_nb.models.version_order import tasks_by_age
from flytetask_nb.semantics.drafts import renamed

if TYPE_CHECKING:
    from collections.abc import Iterator

STATUSES: Final = (CONFLICT, CHANGED, NEW, MISSING, IDENTICAL)
"""What can become of a task, in the order in which a plan lists them."""

# A summary begins with what registration does, as a person would tell it.
_SUMMED: Final = {
    NEW: ("new", "new"),
    CHANGED: ("changed", "changed"),
    IDENTICAL: ("identical", "identical"),
    CONFLICT: ("conflict", "conflicts"),
    MISSING: ("missing", "missing"),
}
# -- the plan --------------------------------------------------------------------------------------------------------


class Plan(ReportList[PlanEntry]):
    """What registration would do, task by task: conflicts first, then what changed, is new, is missing, is identical.

    True if anything would change that is more than release noise. What is missing changes nothing: registration
    removes no task.

    Its table has a row for each task, all columns texts: ``cache`` is what becomes of cached results, ``stale risk``
    where old ones may be served for new code.
    """

    __slots__ = ("_failures",)

    _COLUMNS = dict.fromkeys(
        "status project domain name local_version remote_version severity cache headline".split(), "TEXT"
    )

    def _subjects(self) -> list[Any]:
        return [message for entry in self for message in entry._subjects()]

    def __init__(self, entries: Iterable[PlanEntry], failures: Iterable[object] = ()) -> None:
        super().__init__(sorted(entries, key=lambda entry: STATUSES.index(entry.status)))
        self._failures = tuple(failures)

    def _state(self) -> tuple[Any, ...]:
        return self._entries, self._failures

    def __bool__(self) -> bool:
        return bool(self.new or self.conflicts) or any(entry.diff for entry in self.changed)

    def _of(self, status: str) -> tuple[PlanEntry, ...]:
        return tuple(entry for entry in self._entries if entry.status == status)

    @property
    def new(self) -> tuple[PlanEntry, ...]:
        """The tasks that are not there."""
        return self._of(NEW)

    @property
    def identical(self) -> tuple[PlanEntry, ...]:
        """The tasks whose newest version there has the same structure, or that are registered already or before."""
        return self._of(IDENTICAL)

    @property
    def changed(self) -> tuple[PlanEntry, ...]:
        """The tasks whose newest version there has another structure."""
        return self._of(CHANGED)

    @property
    def conflicts(self) -> tuple[PlanEntry, ...]:
        """The tasks whose very version is there, or before them here, with another structure: they are refused."""
        return self._of(CONFLICT)

    @property
    def missing(self) -> tuple[PlanEntry, ...]:
        """The tasks that are there and not here, an entry each, whatever number of versions there are."""
        return self._of(MISSING)

    @property
    def failures(self) -> tuple[Any, ...]:
        """What the two collections could not read: tasks that the plan does not know of."""
        return self._failures

    @property
    def severity(self) -> str | None:
        """The worst severity of all changes; None if there are none. Compares whatever changed."""
        return min((entry.severity for entry in self if entry.severity), key=rank, default=None)

    @property
    def summary(self) -> str:
        """One sentence: ``"3 new, 1 changed (breaking), 20 identical, 1 conflict, 2 missing"``.

        Of several changed tasks it tells how many there are of each severity. Compares whatever changed.
        """
        counts = Counter(entry.status for entry in self)
        parts = []
        for status, words in _SUMMED.items():
            if counts[status]:
                part = f"{counts[status]:,} {words[counts[status] != 1]}"
                parts.append(f"{part} ({self._severities()})" if status == CHANGED else part)
        parts += [f"{len(self.failures):,} unread"] if self.failures else []
        return ", ".join(parts) or "no tasks"

    def _severities(self) -> str:
        counts = counted(entry.severity for entry in self.changed)
        return str(*counts) if len(counts) == 1 else ", ".join(f"{count:,} {name}" for name, count in counts.items())

    def _values(self) -> dict[str, Any]:
        counts = Counter(entry.status for entry in self)
        return {
            "summary": self.summary,
            "severity": self.severity,
            "counts": {status: counts[status] for status in _SUMMED},
            "entries": [entry.to_dict() for entry in self],
            "failures": [mask_text(str(failure)) for failure in self.failures],
        }

    def _rows(self) -> Iterator[Sequence[Any]]:
        for entry in self:
            yield [entry._value(name) or None for name in self._COLUMNS]

    def __repr__(self) -> str:
        return f"Plan({self.summary})"


class Connection(Protocol):
    """What can list the tasks that are registered: a ``Remote``."""

    def list_tasks(self) -> Iterable[object]:
        """Return them."""


# -- planning --------------------------------------------------------------------------------------------------------


def plan(
    tasks: Iterable[object],
    against: Iterable[object] | Connection,
    *,
    severities: Mapping[str, str] | None = None,
    accepted: Iterable[str] = (),
) -> Plan:
    """Tell what registering these tasks would do to those that are there: a dry run.

    Parameters
    ----------
    tasks
        The tasks that would be registered: a ``TaskCollection``, or any iterable of what
        ``FlyteTask.from_flyte_idl`` takes.
    against
        The tasks that are registered, in all of their versions or only the newest; or a ``Remote``, for all that it
        lists.
    severities, accepted
        As :func:`flytetask_nb.diff` takes them, for each comparison.

    Returns
    -------
    Plan
        An entry for each of ``tasks``, every version of it for itself, for registration takes them all; and an entry for
        each name of ``against`` that ``tasks`` do not have.

    Raises
    ------
    ModelTypeError
        ``tasks`` or ``against`` is no iterable, or something in it is no task.
    ModelValueError
        A task cannot be read.
    DiffError
        As :func:`flytetask_nb.diff` raises it.

    Notes
    -----
    Tasks belong together by project, domain and name. A task that does not say its project or domain gets that of the
    other side, where all tasks of that have the same. A map task whose name has another hash counts as changed, where
    that leaves no doubt which it was.

    A task is compared with the version there that has its own id; where there is none, with the newest, which is that
    of ``TaskCollection.versions``. Tasks are registered one after another: where an id stands twice in ``tasks``, the
    second is identical, or a conflict with the first.

    Admin refuses another structure under an id that it has (flyteadmin/pkg/manager/impl/task_manager.go). Whether it
    would accept a new task is another question: see :func:`flytetask_nb.check`.

    Examples
    --------
    >>> import flytetask_nb as ftn
    >>> old, new = (ftn.load(f"archives/{tag}.tgz", version=tag) for tag in ("2026.09", "2026.10"))
    >>> [entry.name for entry in ftn.plan(new, old).missing]
    ['shops.replenishment.legacy_reorder_points']
    """
    rules, taken = checked_severities(severities), checked_accepted(accepted)
    if not isinstance(against, Iterable) and hasattr(against, "list_tasks"):
        against = against.list_tasks()
    mine, theirs = beside_each_other(_tasks("tasks", tasks)), beside_each_other(_tasks("against", against))
    mine, theirs = renamed(mine, theirs), renamed(theirs, mine)
    there: dict[TaskKey, list[MatchedTask]] = {}
    for held in map(MatchedTask, with_places(theirs, mine)):
        there.setdefault(held.key, []).append(held)
    for versions in there.values():
        versions[:] = [versions[position] for position in tasks_by_age([held.task for held in versions])[0]]
    here = [MatchedTask(task) for task in with_places(mine, theirs)]
    link_map_tasks(here, there)

    entries: list[PlanEntry] = []
    registered: dict[tuple[str, ...], MatchedTask] = {}
    for held in here:
        versions_there = there.get(held.counterpart, [])
        completed = held.completed_like(versions_there)
        same_id = (*held.key, held.version)
        earlier = registered.get(same_id)
        status, match = verdict(completed, versions_there, earlier)
        if status != CONFLICT:
            registered.setdefault(same_id, completed)
        is_repeated = match is not None and match is earlier
        other = None if match is None else match.task
        folded = checked_accepted(taken, held.task.name)
        entries.append(PlanEntry(status, held.task, other, len(versions_there), is_repeated, rules, folded))
    known = {held.counterpart for held in here}
    entries += [
        PlanEntry(MISSING, None, versions[-1].task, len(versions))
        for key, versions in there.items()
        if key not in known
    ]
    failures = [*getattr(tasks, "failures", ()), *getattr(against, "failures", ())]
    return Plan(entries, failures)


def _tasks(side: str, given: object) -> Iterator[FlyteTask]:
    given = opened(given)
    if isinstance(given, str | bytes | FlyteTask) or not isinstance(given, Iterable):
        raise ModelTypeError(no_tasks(given, side))
    yield from as_tasks(given, side)
