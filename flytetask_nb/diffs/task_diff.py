"""What changed between two versions of a task, and what that means."""

from __future__ import annotations

from functools import cached_property
from typing import TYPE_CHECKING, Any, Final, NamedTuple

from flytetask_nb.diffs.changes import Change
from flytetask_nb.diffs.comparing import compare_tasks, numbered_changes
from flytetask_nb.diffs.knowledge import known_pair
from flytetask_nb.diffs.rules import NOISE, SEVERITIES, checked_accepted, checked_severities, counted, rank
from flytetask_nb.errors import FlyteTaskError
from flytetask_nb.masking import mask_identifier, mask_text
from flytetask_nb.models.coercion import as_task
from flytetask_nb.models.identifiers import is_filled_in
from flytetask_nb.models.reports import Report
from flytetask_nb.models.showing import behind_gate
from flytetask_nb.semantics.caching import CacheKey, cache_key
from flytetask_nb.semantics.variance import compatibility

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Mapping, Sequence

    from flytetask_nb.models.flyte_task import FlyteTask
    from flytetask_nb.semantics.variable_verdicts import Compatibility

# What a release moves though the code in it can be the same.
_RELEASED: Final = frozenset(
    {"image-tag", "image-digest", "image-release-tag", "code-bundle", "serialization-settings", "release-echo"}
)

_SUMMARIES: Final = {
    "id-version": "version",
    "image-release-tag": "image tag",
    "code-bundle": "code bundle",
    "runtime-version": "SDK version",
    "serialization-settings": "serialization settings",
    "release-echo": "mentions of them",
    "id-filled-in": "registration",
    "type-metadata": "metadata of types",
}


@behind_gate
class CacheVerdict(NamedTuple):
    """What a change does to cached results.

    Attributes
    ----------
    before, after
        The keys under which results are kept; None where Flyte refuses to make one.
    verdict
        ``invalidated``, ``unchanged``, ``tags rotated``, ``on``, ``off`` (turned on, turned off), ``not cached``, or
        ``no key`` where Flyte refuses to make one.
    stale
        Changes that can change results while the key stays the same; empty unless caching is on in both.
    """

    before: CacheKey | None
    after: CacheKey | None
    verdict: str
    stale: tuple[Change, ...]

    @property
    def stale_risk(self) -> bool:
        """Whether old results may be served for new code."""
        return bool(self.stale)

    @property
    def is_release_alone(self) -> bool:
        """Whether nothing that changes results is seen but another image or bundle, in which the code can be the same."""
        return self.stale_risk and all(change.rule in _RELEASED for change in self.stale)

    @property
    def word(self) -> str:
        """The verdict in a word or two: ``stale risk`` or ``image moved`` where old results may be served."""
        if self.stale_risk:
            return "image moved" if self.is_release_alone else "stale risk"
        return self.verdict


class TaskDiff(Report):
    """The changes from one version of a task to another.

    True if anything changed that is more than noise. Its table has a row for each change, then for each that is folded:
    ``folded`` says why, ``noise`` or ``accepted``. All columns are texts, NA in ``old`` and ``new`` where nothing stood
    or stands.

    Attributes
    ----------
    changes : tuple of Change
        What is to be looked at, the worst first.
    noise : tuple of Change
        What every release changes, folded.
    accepted : tuple of Change
        What a reviewer accepted before, folded.
    left_out : tuple of str
        Paths that are not compared, for only one of the two sources tells what is there: ``description``, where one
        task was fetched without it.
    unregistered : tuple of str
        Paths of what only registration can know, where one of the tasks is not registered yet: no changes.
    """

    _COLUMNS = dict.fromkeys(
        (
            *(name for name in Change.__slots__ if name not in {"key", "edits", "number", "subjects"}),
            "part",
            "fingerprint",
            "folded",
        ),
        "TEXT",
    )

    def _subjects(self) -> tuple[Any, ...]:
        return self.old._message, self.new._message

    def __init__(self, old: FlyteTask, new: FlyteTask, severities: Mapping[str, str], accepted: frozenset[str]) -> None:
        self._tasks = old, new
        self._severities, self._accepted = severities, accepted
        self._old, self._new, self.left_out, self.unregistered = known_pair(old, new)
        changes = numbered_changes(compare_tasks(self._tasks, (self._old, self._new), severities))
        if self.unregistered:
            changes = [change for change in changes if change.rule != "id-filled-in"]
        rest = [change for change in changes if change.severity != NOISE]
        taken = [change for change in rest if change.fingerprint in accepted] if accepted else []
        if taken:
            rest = [change for change in rest if change.fingerprint not in accepted]
        self.changes = tuple(sorted(rest, key=lambda change: rank(change.severity)))
        self.noise = tuple(change for change in changes if change.severity == NOISE)
        self.accepted = tuple(taken)

    def __bool__(self) -> bool:
        return bool(self.changes)

    def _state(self) -> tuple[Any, ...]:
        """Return all that two equal diffs share."""
        return self._tasks, self._accepted, tuple(sorted(self._severities.items()))

    def __eq__(self, other: object) -> bool:
        return self._state() == other._state() if isinstance(other, TaskDiff) else NotImplemented

    def __hash__(self) -> int:
        return hash(self._state())

    @property
    def old(self) -> FlyteTask:
        """The task before."""
        return self._tasks[0]

    @property
    def new(self) -> FlyteTask:
        """The task after."""
        return self._tasks[1]

    def all_changes(self) -> tuple[Change, ...]:
        """Return all changes, also those that are folded."""
        return (*self.changes, *self.accepted, *self.noise)

    @property
    def ids(self) -> tuple[dict[str, str], dict[str, str]]:
        """Project, domain, name and version of both tasks, secrets masked."""
        return _id(self._old), _id(self._new)

    @property
    def severity(self) -> str | None:
        """The worst severity among the changes; None if there are none."""
        return min((change.severity for change in self.changes), key=rank, default=None)

    @property
    def counts(self) -> dict[str, int]:
        """How many changes there are of each severity, the worst first."""
        return counted(change.severity for change in self.changes)

    @cached_property
    def cache(self) -> CacheVerdict:
        """What becomes of cached results."""
        before, after = _cache_key(self._old), _cache_key(self._new)
        was_on, is_on = (message.template.metadata.discoverable for message in (self._old, self._new))
        if not was_on or not is_on:
            verdict = "on" if is_on else "off" if was_on else "not cached"
            return CacheVerdict(before, after, verdict, ())
        if before is None or after is None:
            return CacheVerdict(before, after, "no key", ())
        if not _is_same_key(before, after):
            return CacheVerdict(before, after, "invalidated", ())
        stale = tuple(change for change in self.all_changes() if change.cache == "stale-risk")
        rotated = any(change.rule.startswith("cache-ignored-") for change in self.all_changes())
        return CacheVerdict(before, after, "tags rotated" if rotated else "unchanged", stale)

    @cached_property
    def compatibility(self) -> Compatibility:
        """What becomes of callers, variable by variable."""
        return compatibility(self._old, self._new)

    @property
    def headlines(self) -> tuple[str, ...]:
        """What must not be missed, a sentence each."""
        sentences = []
        cache = self.cache
        if cache.stale_risk:
            causes = ", ".join(dict.fromkeys(change.place for change in cache.stale))
            sentences.append(
                "The cache key is unchanged, so results of the old image are still served; they are stale if the code "
                "changed. "
                f"Moved: {causes}."
                if cache.is_release_alone
                else f"Old results may be served for new code: the cache key stays, but these changed: {causes}."
            )
        sentences += [f"{change.place}: {change.reason}" for change in self.changes if change.severity == SEVERITIES[0]]
        if cache.verdict == "invalidated" and cache.before is not None and cache.after is not None:
            versions = mask_text(cache.before.version), mask_text(cache.after.version)
            if versions[0] != versions[1]:
                sentences.append(
                    f"The cache key moves from {versions[0]} to {versions[1]}: the next run computes everything again."
                )
        return tuple(sentences)

    @property
    def summary(self) -> str:
        """One line: how many changes of each severity; else what alone moved, and ``no changes`` where nothing did."""
        if self.changes:
            return " · ".join(f"{count} {severity}" for severity, count in self.counts.items())
        moved = ", ".join(self.noise_summary)
        sentence = {"": "no changes", "version": "no changes but the version"}.get(
            moved, f"only the release moved: {moved}"
        )
        return f"{sentence} · {len(self.accepted)} accepted" if self.accepted else sentence

    @property
    def noise_summary(self) -> tuple[str, ...]:
        """What is folded as noise, in a few words each."""
        return tuple(dict.fromkeys(_SUMMARIES.get(change.rule, change.rule) for change in self.noise))

    @cached_property
    def unchanged_count(self) -> int:
        """How many single values are the same in both."""
        before, after = _flat(self._old), _flat(self._new)
        return sum(1 for path, value in before.items() if path in after and after[path] == value)

    def reversed(self) -> TaskDiff:
        """Return the changes in the other direction."""
        return TaskDiff(self._tasks[1], self._tasks[0], self._severities, self._accepted)

    def apply(self, values: Mapping[str, Any] | None = None) -> dict[str, Any]:
        """Return the new task in flat form, made of the old one by the changes alone.

        Parameters
        ----------
        values
            The old task in flat form, as ``flytetask_nb.diffs.flattening.flatten`` gives it; None: this diff's own.

        Returns
        -------
        dict of str to object
            Single values by path, in normal form, secrets included.

        Raises
        ------
        DiffError
            ``values`` are not those of the old task.
        """
        from flytetask_nb.diffs.applying import apply_changes  # noqa: PLC0415 - only when it is asked for

        before = _flat(self._old) if values is None else values
        return apply_changes(before, self.all_changes())

    def _values(self) -> dict[str, Any]:
        cache = self.cache
        old, new = self.ids
        return {
            "old": old,
            "new": new,
            "severity": self.severity,
            "counts": self.counts,
            "cache": {
                "verdict": cache.verdict,
                "before": None if cache.before is None else cache.before._asdict(),
                "after": None if cache.after is None else cache.after._asdict(),
                "stale_risk": [change.fingerprint for change in cache.stale],
            },
            "headlines": list(self.headlines),
            "changes": [change.to_dict() for change in self.changes],
            "accepted": [change.to_dict() for change in self.accepted],
            "noise": [change.to_dict() for change in self.noise],
            "left_out": list(self.left_out),
            "unregistered": list(self.unregistered),
            "unchanged": self.unchanged_count,
        }

    def _rows(self) -> Iterator[Sequence[Any]]:
        for folded, changes in (("", self.changes), ("accepted", self.accepted), ("noise", self.noise)):
            for change in changes:
                values = {**change.to_dict(), "aspects": ", ".join(change.aspects), "folded": folded}
                yield [values[name] for name in self._COLUMNS]

    def __repr__(self) -> str:
        old, new = self.ids
        names = old["name"] if old["name"] == new["name"] else f"{old['name']} → {new['name']}"
        versions = " → ".join(
            identifier["version"] if is_filled_in(identifier["version"]) else "?" for identifier in (old, new)
        )
        return f"<TaskDiff {names} {versions}: {self.summary}>"


def diff(
    old: object,
    new: object,
    *,
    severities: Mapping[str, str] | None = None,
    accepted: Iterable[str] = (),
) -> TaskDiff:
    """Tell what changed from one version of a task to another, and what that means for callers, caches and cost.

    Parameters
    ----------
    old, new
        Tasks: a ``FlyteTask``, ``TaskSpec`` or ``TaskTemplate`` of this package or of flytekit, or a flyteidl message
        of one. What the source of one of them does not tell, such as the description of a task that was fetched, is
        no change: see ``left_out``.
    severities
        Severities by the id of a rule, in place of the rule's own.
    accepted
        Fingerprints of changes that were looked at and accepted: they are folded.

    Returns
    -------
    TaskDiff

    Raises
    ------
    ModelTypeError
        ``old`` or ``new`` is no task.
    DiffError
        ``severities`` names a rule or a severity that does not exist, or ``accepted`` is a single text.

    Notes
    -----
    The rules are a table, ``flytetask_nb.diffs.rules.RULES``: each names its source in Flyte, or says that it is
    policy of this package.

    Examples
    --------
    >>> import flytetask_nb as ftn
    >>> old, new = (ftn.load(f"archives/{tag}.tgz", version=tag) for tag in ("2026.09", "2026.10"))
    >>> name = "shops.training.train_global_model"
    >>> ftn.diff(old[name], new[name]).severity
    'behaviour'
    """
    before, after = as_task(old, "old"), as_task(new, "new")
    return TaskDiff(before, after, checked_severities(severities), checked_accepted(accepted, after.name))


def _cache_key(message: Any) -> CacheKey | None:
    try:
        return cache_key(message)
    except FlyteTaskError:
        return None


def _is_same_key(before: CacheKey, after: CacheKey) -> bool:
    """Tell whether two keys are one; a part of the id that registration still has to fill in fits any."""
    pairs = ((before.project, after.project), (before.domain, after.domain))
    return (before.name, before.version) == (after.name, after.version) and all(
        part == other or not part or not other or "{{" in part or "{{" in other for part, other in pairs
    )


def _id(message: Any) -> dict[str, str]:
    identifier = message.template.id
    return {name: mask_identifier(getattr(identifier, name)) for name in ("project", "domain", "name", "version")}


def _flat(message: Any) -> dict[str, Any]:
    from flytetask_nb.diffs.flattening import flatten  # noqa: PLC0415 - only when it is asked for

    return flatten(message)
