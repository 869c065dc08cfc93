"""What registration would do to one task, and the sentence that says so."""

from __future__ import annotations

from dataclasses import dataclass, field
from functools import cached_property
from typing import TYPE_CHECKING, Any, Final

from flytetask_nb.diffs.rules import NOISE
from flytetask_nb.diffs.task_diff import TaskDiff, diff
from flytetask_nb.diffs.tooling import UNKNOWN_CODE, spelling_paths, tool_differences
from flytetask_nb.masking import mask_identifier, mask_text
from flytetask_nb.models import FlyteTask
from flytetask_nb.models.identifiers import is_filled_in
from flytetask_nb.models.showing import behind_gate
from flytetask_nb.semantics.digests import different_structure_answer
from flytetask_nb.semantics.map_tasks import map_task_stem, shortened_map_task

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping, Sequence

    from flytetask_nb.diffs.task_diff import CacheVerdict

CONFLICT: Final = "conflict"
CHANGED: Final = "changed"
NEW: Final = "new"
MISSING: Final = "missing"
IDENTICAL: Final = "identical"
_MOST_PATHS: Final = 5
_VALUES: Final = (
    "status project domain name local_version remote_version renamed_from severity cache headline answer refusal"
).split()
# What an entry says by itself, in its status or its name.
_SAID_BY_STATUS: Final = frozenset({"version-reused", "map-task-name"})


@behind_gate
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
        older one with the same id is identical; where the id stands twice, the first of them; None of what is new.
    versions : int
        How many versions of the task are there.
    is_repeated : bool
        Whether ``remote`` is no version there but an earlier task of the plan with the same id, which is registered
        first.
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

    def _subjects(self) -> list[Any]:
        # Of what is not compared, ids alone are shown.
        return [task._message for task in (self.local, self.remote) if task is not None and self.diff is not None]

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
        return self.cache.verdict if self.is_same_task else self.cache.word

    @cached_property
    def tool_differences(self) -> tuple[str, ...]:
        """What registration tools fill in, a few words each, where that is the whole difference; else empty."""
        if self.diff is None or self.renamed_from:
            return ()
        return tool_differences(self.diff)

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

        It goes on with the paths that differ.
        """
        if self.status != CONFLICT:
            return None
        return different_structure_answer(self.name)

    @property
    def headline(self) -> str:
        """One sentence about the task, secrets masked."""
        return _HEADLINES[self.status](self)

    @property
    def cause(self) -> str:
        """What makes it changed or a conflict, in one sentence, secrets masked; of everything else empty."""
        if self.status == CONFLICT:
            return _tell_difference(self)
        return _tell_changed(self) if self.status == CHANGED else ""

    @property
    def spellings(self) -> tuple[str, ...]:
        """Where the two are written in other ways that mean the same, if nothing else differs."""
        difference = self.diff
        if difference is None or self.local is None or self.remote is None or self.renamed_from:
            return ()
        if any(not change.is_consequence for change in difference.all_changes()):
            return ()
        paths = spelling_paths(self.remote._message, self.local._message)
        return tuple(mask_text(path) for path in paths if not path.startswith("id."))

    def to_dict(self) -> dict[str, Any]:
        """Return the entry as JSON values, secrets masked."""
        return {
            **{name: self._value(name) for name in _VALUES},
            "tool_differences": list(self.tool_differences),
            "diff": None if self.diff is None else self.diff.to_dict(),
        }

    def _value(self, name: str) -> Any:
        """Return what a report tells under a name."""
        return self.cache_word if name == "cache" else getattr(self, name)

    def __repr__(self) -> str:
        versions = " → ".join(version or "–" for version in (self.remote_version, self.local_version))
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


def _tell_identical(entry: PlanEntry) -> str:
    if entry.is_repeated:
        return "the same task stands here before it"
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
    cause = f"another structure has version {entry.remote_version}"
    if entry.is_repeated:
        cause = "the id stands twice in what is to be registered, with two structures, and this is the second"
    return f"refused: {cause}; {_tell_difference(entry)}"


def _tell_difference(entry: PlanEntry) -> str:
    if not entry.tool_differences:
        return _tell_changes(entry)
    verb = "differs" if len(entry.tool_differences) == 1 else "differ"
    same = "the task itself is the same: " if entry.is_same_task else ""
    return f"{same}only {_and(entry.tool_differences)} {verb}"


def _tell_changes(entry: PlanEntry) -> str:
    difference = entry.diff
    if difference is None:
        return ""
    changes = [change for change in difference.changes if change.rule not in _SAID_BY_STATUS]
    if changes:
        sentence = f"{changes[0].place}: {changes[0].reason}"
        return sentence if len(changes) == 1 else f"{sentence} And {len(changes) - 1} more."
    if difference.accepted:
        return f"nothing but {len(difference.accepted)} accepted"
    if difference.noise:
        # Under the same version it is no release that made the noise.
        sentence = "nothing else differs than" if entry.status == CONFLICT else "release noise alone:"
        return f"{sentence} {_and(difference.noise_summary)}"
    paths = entry.spellings
    if not paths:
        return "its settings, of which its name holds a hash"
    more = ", …" if len(paths) > _MOST_PATHS else ""
    return f"written in another way that means the same ({', '.join(paths[:_MOST_PATHS])}{more})"


def _and(words: Sequence[str]) -> str:
    return words[0] if len(words) == 1 else f"{', '.join(words[:-1])} and {words[-1]}"


_HEADLINES: Final[dict[str, Callable[[PlanEntry], str]]] = {
    NEW: _tell_new,
    MISSING: lambda entry: (
        "there, but not here" if entry.versions == 1 else f"there in {entry.versions:,} versions, but not here"
    ),
    IDENTICAL: _tell_identical,
    CHANGED: _tell_changed,
    CONFLICT: _tell_conflict,
}
