"""What registering tasks would do to those that are registered already: a dry run.

Tasks are matched by project, domain and name. A task and a version of it are the same if Flyte's structure digest says
so, the version left out; only where it says no is anything compared.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from functools import cached_property
from hashlib import sha256
from typing import TYPE_CHECKING, Any, Final, Protocol

from flyteidl.admin import task_pb2
from flyteidl.core import tasks_pb2

from flytetask_nb.diffs.rules import NOISE, SEVERITIES, checked_severities, rank
from flytetask_nb.diffs.settings import map_task_stem, shortened_map_task
from flytetask_nb.diffs.task_diff import TaskDiff, diff
from flytetask_nb.diffs.tooling import UNKNOWN_CODE, spelling_paths, tool_differences
from flytetask_nb.errors import DiffError, FlyteTaskError, ModelTypeError
from flytetask_nb.masking import mask_identifier, mask_text
from flytetask_nb.models import FlyteTask
from flytetask_nb.models.coercion import as_tasks, no_tasks, opened
from flytetask_nb.models.identifiers import is_filled_in
from flytetask_nb.models.reports import ReportList
from flytetask_nb.models.version_order import tasks_by_age
from flytetask_nb.semantics.digests import unplaced_digest
from flytetask_nb.semantics.fellows import Fellows

if TYPE_CHECKING:
    from collections.abc import Iterator

    from flytetask_nb.diffs.task_diff import CacheVerdict

__all__ = ["STATUSES", "Plan", "PlanEntry", "plan"]

CONFLICT: Final = "conflict"
CHANGED: Final = "changed"
NEW: Final = "new"
MISSING: Final = "missing"
IDENTICAL: Final = "identical"

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
_ATTRIBUTES: Final = {
    **{name: name for name in ("status", "project", "domain", "name", "local_version", "remote_version", "severity")},
    "cache": "cache_word",
    "headline": "headline",
}
_PATHS_TOLD: Final = 5
# What an entry says by itself, in its status or its name.
_TOLD_ALREADY: Final = frozenset({"version-reused", "map-task-name"})

_Key = tuple[str, str, str]


@dataclass(frozen=True)
class PlanEntry:
    """What would become of one task.

    Attributes
    ----------
    status : str
        ``"new"``, ``"identical"``, ``"changed"``, ``"conflict"`` or ``"missing"``.
    local : FlyteTask or None
        The task that would be registered, project and domain filled in as far as they are known; None of what is
        missing.
    remote : FlyteTask or None
        The version there that it is compared with: of a conflict the one with the same id, else the newest, unless an
        older one with the same id is identical; None of what is new.
    versions : int
        How many versions of the task are there.
    is_repeated : bool
        Whether an earlier task of the plan has the same id and another structure: whichever of them is registered
        second is refused.
    severities, accepted
        With which the two are compared: see :func:`flytetask_nb.diff`.
    """

    status: str
    local: FlyteTask | None
    remote: FlyteTask | None
    versions: int = 0
    is_repeated: bool = False
    severities: Mapping[str, str] = field(default_factory=dict, hash=False)
    accepted: frozenset[str] = frozenset()

    @property
    def project(self) -> str:
        """The project, secrets masked; empty where none is said."""
        return mask_identifier(self._id.project)

    @property
    def domain(self) -> str:
        """The domain, secrets masked; empty where none is said."""
        return mask_identifier(self._id.domain)

    @property
    def name(self) -> str:
        """The task's name, secrets masked; of a renamed map task the new one."""
        return mask_identifier(self._id.name)

    @property
    def local_version(self) -> str | None:
        """The version that would be registered, secrets masked; None where there is none."""
        return _version(self.local)

    @property
    def remote_version(self) -> str | None:
        """The version there that it is compared with, secrets masked; None where there is none."""
        return _version(self.remote)

    @property
    def renamed_from(self) -> str | None:
        """The name that a map task has there, secrets masked; None where it has the same."""
        if self.local is None or self.remote is None or self.local.name == self.remote.name:
            return None
        return mask_identifier(self.remote.name)

    @cached_property
    def diff(self) -> TaskDiff | None:
        """The changes, of what is changed or in conflict; of everything else None. Computed when first asked for."""
        if self.status not in {CHANGED, CONFLICT} or self.local is None or self.remote is None:
            return None
        local = self.local
        if self.status == CONFLICT and local._message.template.id != self.remote._message.template.id:
            # Admin puts the id of the request in place of whatever kind of thing the template says that it is.
            local = FlyteTask.from_flyte_idl(local).beside(local.fellows)
            local._message.template.id.CopyFrom(self.remote._message.template.id)
        return diff(self.remote, local, severities=self.severities, accepted=self.accepted)

    @property
    def severity(self) -> str | None:
        """The worst severity of the changes; ``"noise"`` if all are folded; None if there is nothing to compare."""
        return None if self.diff is None else self.diff.severity or NOISE

    @property
    def cache(self) -> CacheVerdict | None:
        """What becomes of cached results; None if there is nothing to compare."""
        return None if self.diff is None else self.diff.cache

    @property
    def cache_word(self) -> str | None:
        """The cache verdict in a word or two, ``"stale risk"`` where old results may be served for new code.

        There is no new code where tools alone made the difference, and maybe none where only the image moved.
        """
        if self.cache is None:
            return None
        if not self.cache.stale_risk or self.is_same_task:
            return self.cache.verdict
        return "image moved" if self.cache.is_release_alone else "stale risk"

    @cached_property
    def tool_differences(self) -> tuple[str, ...]:
        """What registration tools fill in, a few words each, where that is the whole difference; else empty."""
        if self.diff is None or self.local is None or self.remote is None or self.renamed_from:
            return ()
        return tool_differences(self.remote._message, self.local._message)

    @property
    def is_same_task(self) -> bool:
        """Whether a conflict is none of the task's own: whatever differs, registration tools filled in."""
        return self.status == CONFLICT and bool(self.tool_differences) and UNKNOWN_CODE not in self.tool_differences

    @property
    def answer(self) -> str | None:
        """The code with which Flyte Admin would answer the registration, if nothing else is wrong with the task.

        ``"OK"``: a version more, even if it is identical to the one before; ``"ALREADY_EXISTS"``: this very version is
        there; ``"INVALID_ARGUMENT"``: with another structure; None: there is nothing to register.
        """
        if self.local is None or self.status == CONFLICT:
            return None if self.local is None else "INVALID_ARGUMENT"
        version = self.local._message.template.id.version
        is_there = (
            self.status == IDENTICAL
            and self.remote is not None
            and is_filled_in(version)
            and version == self.remote._message.template.id.version
        )
        return "ALREADY_EXISTS" if is_there else "OK"

    @property
    def refusal(self) -> str | None:
        """How Flyte Admin would begin its answer to a conflict, INVALID_ARGUMENT, secrets masked; else None.

        Notes
        -----
        The words are those of flyteadmin/pkg/manager/impl/task_manager.go; it goes on with the paths that differ.
        """
        if self.status != CONFLICT:
            return None
        return f"{self.name} task with different structure already exists. (Please register a new version of the task):"

    @property
    def headline(self) -> str:
        """One sentence about the task, secrets masked."""
        told = _HEADLINES[self.status](self)
        if self.is_repeated:
            told += "; the id stands twice in what is to be registered, with two structures: the second is refused"
        return told

    @property
    def cause(self) -> str:
        """What makes it changed or a conflict, in one sentence, secrets masked; of everything else empty."""
        if self.status == CONFLICT:
            return _tell_difference(self)
        return _tell_changed(self) if self.status == CHANGED else ""

    @property
    def spellings(self) -> tuple[str, ...]:
        """Where the two are written in other ways that mean the same, if nothing else differs."""
        found = self.diff
        if found is None or self.local is None or self.remote is None or self.renamed_from:
            return ()
        if any(not change.is_consequence for change in (*found.changes, *found.accepted, *found.noise)):
            return ()
        paths = spelling_paths(self.remote._message, self.local._message)
        return tuple(mask_text(path) for path in paths if not path.startswith("id."))

    def to_dict(self) -> dict[str, Any]:
        """Return the entry as JSON values, secrets masked."""
        return {
            "status": self.status,
            "project": self.project,
            "domain": self.domain,
            "name": self.name,
            "local_version": self.local_version,
            "remote_version": self.remote_version,
            "renamed_from": self.renamed_from,
            "severity": self.severity,
            "cache": self.cache_word,
            "headline": self.headline,
            "answer": self.answer,
            "refusal": self.refusal,
            "tool_differences": list(self.tool_differences),
            "diff": None if self.diff is None else self.diff.to_dict(),
        }

    def __repr__(self) -> str:
        versions = " → ".join(one or "–" for one in (self.remote_version, self.local_version))
        return f"<{self.status}: {self.name} {versions}: {self.headline}>"

    @property
    def _id(self) -> Any:
        task = self.remote if self.local is None else self.local
        return None if task is None else task._message.template.id


def _version(task: FlyteTask | None) -> str | None:
    version = "" if task is None else task._message.template.id.version
    return mask_identifier(version) if is_filled_in(version) else None


# -- one sentence about a task ---------------------------------------------------------------------------------------


def _tell_new(entry: PlanEntry) -> str:
    unsaid = [part for part in ("project", "domain") if not is_filled_in(getattr(entry, part))]
    return f"no such task there; registration needs its {' and '.join(unsaid)}" if unsaid else "no such task there"


def _tell_missing(entry: PlanEntry) -> str:
    return "there, but not here" if entry.versions == 1 else f"there in {entry.versions:,} versions, but not here"


def _tell_identical(entry: PlanEntry) -> str:
    if entry.remote_version is None:
        return "the same there"
    if entry.answer == "ALREADY_EXISTS":
        return f"registered already as version {entry.remote_version}"
    return f"the same as version {entry.remote_version}"


def _tell_changed(entry: PlanEntry) -> str:
    if entry.renamed_from is None:
        return _tell_changes(entry)
    # All that comes before the hash is the same.
    stem = map_task_stem(entry.renamed_from) or ""
    was = shortened_map_task(entry.renamed_from)[len(stem) + 1 :]
    return f"renamed, its hash was {was}: {_tell_changes(entry)}"


def _tell_conflict(entry: PlanEntry) -> str:
    return f"refused: another structure has version {entry.remote_version}; {_tell_difference(entry)}"


def _tell_difference(entry: PlanEntry) -> str:
    if not entry.tool_differences:
        return _tell_changes(entry)
    verb = "differs" if len(entry.tool_differences) == 1 else "differ"
    same = "the task itself is the same: " if entry.is_same_task else ""
    return f"{same}only {_and(entry.tool_differences)} {verb}"


def _tell_changes(entry: PlanEntry) -> str:
    found = entry.diff
    if found is None:
        return ""
    changes = [change for change in found.changes if change.rule not in _TOLD_ALREADY]
    if changes:
        told = f"{changes[0].place}: {changes[0].reason}"
        return told if len(changes) == 1 else f"{told} And {len(changes) - 1} more."
    if found.accepted:
        return f"nothing but {len(found.accepted)} accepted"
    if found.noise:
        # Under the same version it is no release that made the noise.
        told = "nothing else differs than" if entry.status == CONFLICT else "release noise alone:"
        return f"{told} {_and(found.noise_summary)}"
    paths = entry.spellings
    if not paths:
        return "its settings, of which its name holds a hash"
    more = ", …" if len(paths) > _PATHS_TOLD else ""
    return f"written in another way that means the same ({', '.join(paths[:_PATHS_TOLD])}{more})"


def _and(words: Sequence[str]) -> str:
    return words[0] if len(words) == 1 else f"{', '.join(words[:-1])} and {words[-1]}"


_HEADLINES: Final = {
    NEW: _tell_new,
    MISSING: _tell_missing,
    IDENTICAL: _tell_identical,
    CHANGED: _tell_changed,
    CONFLICT: _tell_conflict,
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

    _COLUMNS = dict.fromkeys(_ATTRIBUTES, "TEXT")

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
        """The tasks whose newest version there has the same structure, or that are registered already."""
        return self._of(IDENTICAL)

    @property
    def changed(self) -> tuple[PlanEntry, ...]:
        """The tasks whose newest version there has another structure."""
        return self._of(CHANGED)

    @property
    def conflicts(self) -> tuple[PlanEntry, ...]:
        """The tasks whose very version is there with another structure: registration would be refused."""
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
        found = Counter(entry.severity for entry in self.changed)
        if len(found) == 1:
            return str(*found)
        return ", ".join(f"{found[severity]:,} {severity}" for severity in SEVERITIES if found[severity])

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
            yield [getattr(entry, attribute) or None for attribute in _ATTRIBUTES.values()]

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
    Tasks belong together by project, domain and name. A task that does not say its project or domain gets
    that of the other side, where all tasks of that have the same. A map task whose name has another hash counts as changed, where that
    leaves no doubt which it was.

    A task is compared with the version there that has its own id; where there is none, with the newest, which is that
    of ``TaskCollection.versions``.

    Admin refuses another structure under an id that it has (flyteadmin/pkg/manager/impl/task_manager.go). Whether it
    would accept a new task is another question: see :func:`flytetask_nb.check`.
    """
    if isinstance(accepted, str):
        raise DiffError(f"accepted={accepted!r} is one text, expected fingerprints; give accepted=[{accepted!r}]")
    rules, taken = checked_severities(severities), frozenset(accepted)
    if not isinstance(against, Iterable) and hasattr(against, "list_tasks"):
        against = against.list_tasks()
    mine, theirs = _together(_tasks("tasks", tasks)), _together(_tasks("against", against))
    there: dict[_Key, list[_Held]] = {}
    for held in map(_Held, _placed(theirs, mine)):
        there.setdefault(held.key, []).append(held)
    for versions in there.values():
        versions[:] = [versions[position] for position in tasks_by_age([held.task for held in versions])[0]]
    here = [_Held(task) for task in _placed(mine, theirs)]
    _link_map_tasks(here, there)

    entries: list[PlanEntry] = []
    first: dict[tuple[str, ...], _Held] = {}
    for held in here:
        found = there.get(held.counterpart, [])
        status, match = _verdict(held, found)
        earlier = first.setdefault((*held.key, held.version), held)
        is_repeated = earlier is not held and held.has_version and not held.is_like(earlier)
        other = None if match is None else match.task
        entries.append(PlanEntry(status, held.task, other, len(found), is_repeated, rules, taken))
    known = {held.counterpart for held in here}
    entries += [
        PlanEntry(MISSING, None, versions[-1].task, len(versions))
        for key, versions in there.items()
        if key not in known
    ]
    failures = [*getattr(tasks, "failures", ()), *getattr(against, "failures", ())]
    return Plan(entries, failures)


class _Held:
    """A task with what it is matched by."""

    __slots__ = ("_digest", "counterpart", "key", "task", "version")

    def __init__(self, task: FlyteTask) -> None:
        identifier = task._message.template.id
        self.task = task
        self.key: _Key = (identifier.project, identifier.domain, identifier.name)
        self.version: str = identifier.version
        self.counterpart = self.key
        self._digest: bytes | None = None

    @property
    def has_version(self) -> bool:
        return is_filled_in(self.version)

    @property
    def digest(self) -> bytes:
        """The digest without place and version; computed once, and only of what is compared."""
        if self._digest is None:
            try:
                self._digest = unplaced_digest(self.task)
            except FlyteTaskError:
                # Admin refuses what cannot be hashed, but here it can still be the same or not.
                self._digest = sha256(self.task.serialize_to_string()).digest()
        return self._digest

    def is_like(self, other: _Held) -> bool:
        """Tell whether another task has the same structure, place and version aside."""
        mine, theirs = self.task._message.template, other.task._message.template
        if (mine.id.name, mine.id.org) == (theirs.id.name, theirs.id.org):
            # Equal messages have equal digests, and are compared in a tenth of the time.
            moved = tasks_pb2.TaskTemplate()
            moved.CopyFrom(mine)
            moved.id.CopyFrom(theirs.id)
            if moved == theirs:
                return True
        return self.digest == other.digest


def _tasks(side: str, given: object) -> Iterator[FlyteTask]:
    given = opened(given)
    if isinstance(given, str | bytes | FlyteTask) or not isinstance(given, Iterable):
        raise ModelTypeError(no_tasks(given, side))
    yield from as_tasks(given, side)


def _together(tasks: Iterable[FlyteTask]) -> list[FlyteTask]:
    """Return tasks that know each other, for what those of one release have in common."""
    found = list(tasks)
    fellows = Fellows([task._message for task in found], [task._origin for task in found])
    return [
        task if task.fellows is not None else FlyteTask._own(task._message, task._origin).beside(fellows)
        for task in found
    ]


def _placed(tasks: Sequence[FlyteTask], others: Iterable[FlyteTask]) -> Iterator[FlyteTask]:
    """Fill in project and domain where a task does not say them and the tasks of the other side leave no doubt."""
    only = {}
    for part in ("project", "domain"):
        found = {getattr(task._message.template.id, part) for task in others}
        if len(found) == 1 and is_filled_in(*found):
            (only[part],) = found
    for task in tasks:
        identifier = task._message.template.id
        unsaid = [part for part in only if not is_filled_in(getattr(identifier, part))]
        if not unsaid:
            yield task
            continue
        spec = task_pb2.TaskSpec()
        spec.CopyFrom(task._message)
        for part in unsaid:
            setattr(spec.template.id, part, only[part])
        yield FlyteTask._own(spec, task._origin).beside(task.fellows)


def _verdict(held: _Held, versions: Sequence[_Held]) -> tuple[str, _Held | None]:
    """Tell what becomes of a task, and which version there tells so."""
    if not versions:
        return NEW, None
    same_id = [one for one in versions if one.version == held.version and one.key == held.key]
    for one in reversed(same_id):
        if one.is_like(held):
            return IDENTICAL, one
    if same_id and held.has_version:
        return CONFLICT, same_id[-1]
    newest = versions[-1]
    return IDENTICAL if newest.is_like(held) else CHANGED, newest


def _link_map_tasks(here: Iterable[_Held], there: Mapping[_Key, Sequence[_Held]]) -> None:
    """Let map tasks that changed their hash meet: one that is new here and one that is missing here.

    Where there are several of one stem, their interfaces tell which became which; where these do not, nothing does.
    """
    mine: dict[_Key, list[_Held]] = {}
    for held in here:
        if held.key not in there and map_task_stem(held.key[2]) is not None:
            mine.setdefault(held.key, []).append(held)
    if not mine:
        return
    known = {held.key for held in here}
    new = {key: versions[-1] for key, versions in mine.items()}
    gone = {
        key: versions[-1] for key, versions in there.items() if key not in known and map_task_stem(key[2]) is not None
    }
    for trait in (_stem_and_interface, _stem):
        groups: tuple[dict[object, list[_Key]], ...] = {}, {}
        for group, keys in zip(groups, (new, gone), strict=True):
            for key, held in keys.items():
                group.setdefault(trait(held), []).append(key)
        for shared in groups[0].keys() & groups[1].keys():
            if len(groups[0][shared]) == len(groups[1][shared]) == 1:
                (key,), (counterpart,) = groups[0][shared], groups[1][shared]
                for held in mine[key]:
                    held.counterpart = counterpart
                del new[key], gone[counterpart]


def _stem(held: _Held) -> tuple[object, ...]:
    return (*held.key[:2], map_task_stem(held.key[2]))


def _stem_and_interface(held: _Held) -> tuple[object, ...]:
    return (*_stem(held), held.task._message.template.interface.SerializeToString(deterministic=True))
