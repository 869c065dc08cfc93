"""What a command has to say, one by one: of a task, by a rule, of a severity, at a place."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, Any, Final, NamedTuple

from flytetask_nb.diffs.changes import fingerprint_of
from flytetask_nb.diffs.rules import BEHAVIOUR, BREAKING, RISKY, SEVERITIES
from flytetask_nb.errors import OptionError
from flytetask_nb.masking import mask_identifier, mask_text
from flytetask_nb.masking.gate import gated_value
from flytetask_nb.masking.tainted import secrets_kept
from flytetask_nb.semantics.findings import REFUSED, WARNING

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Sequence

    from flytetask_nb.diffs import CallerReport, TaskDiff
    from flytetask_nb.diffs.plan_entries import PlanEntry
    from flytetask_nb.models.flyte_task import FlyteTask
    from flytetask_nb.policies import Policy
    from flytetask_nb.semantics.findings import Findings

__all__ = ["Alert", "Place", "fails", "of_callers", "of_diff", "of_findings", "of_plan", "place_of", "unmatched"]

STALE: Final = "stale"
CONFLICT: Final = "conflict"
MISSING: Final = "missing"
THRESHOLDS: Final = {REFUSED: 0, **{severity: rank for rank, severity in enumerate(SEVERITIES[:-1])}, WARNING: 1}
"""The severities of diffs and of checks in one order: what is refused is as bad as what breaks."""
FLAGS: Final = (STALE, CONFLICT)
_LINE: Final = re.compile(r"#L(\d+)")
_IN_REPOSITORY: Final = re.compile(r"/(?:blob|tree|raw|src)/(?:branch/|commit/)?[^/]+/([^#?]+)")


class Place(NamedTuple):
    """Where the code of a task is, as far as anything tells: a path in the repository, and a line of it or 0."""

    path: str
    line: int = 0


class Alert(NamedTuple):
    """One thing that is to be looked at, secrets masked.

    ``rule``, ``severity``: which rule of ``diff``, ``check`` or the compiler, and how bad it is.
    ``task``, ``version``: the task; of callers, the workflow.
    ``path``: where in it.
    ``message``, ``reason``: what is so, and what that means.
    ``fingerprint``: the same of the same thing in every run.
    ``flags``: ``stale``, ``conflict``.
    ``place``: where its code is.
    ``is_accepted``: whether a reviewer accepted it.
    """

    rule: str
    severity: str
    task: str
    version: str
    path: str
    message: str
    reason: str
    fingerprint: str
    flags: tuple[str, ...]
    place: Place
    is_accepted: bool = False

    def to_dict(self) -> dict[str, Any]:
        """Return it as JSON values."""
        return {
            **self._asdict(),
            "flags": list(self.flags),
            "place": {"path": self.place.path, "line": self.place.line or None},
        }


def fails(alert: Alert, fail_on: Sequence[str]) -> bool:
    """Tell whether one of ``--fail-on`` is about an alert."""
    if alert.is_accepted:
        return False
    return any(
        word in alert.flags if word in FLAGS else THRESHOLDS[alert.severity] <= THRESHOLDS[word] for word in fail_on
    )


def checked_fail_on(words: Iterable[str]) -> tuple[str, ...]:
    """Return what fails a run; a word that is neither a severity nor a flag is refused."""
    given = tuple(words)
    for word in given:
        if word not in THRESHOLDS and word not in FLAGS:
            raise OptionError(f"--fail-on cannot be {word!r}; expected one of {', '.join([*THRESHOLDS, *FLAGS])}")
    return given


def unmatched(policy: Policy, alerts: Iterable[Alert], *, of_check: bool = False, task: str | None = None) -> list[str]:
    """Say which accepted entries are over or fit nothing any more.

    ``of_check``: whether findings were looked for, not changes.
    ``task``: the one that was looked at, for of others nothing is known; None: all that there are.
    """
    from flytetask_nb.diffs.rules import RULES as OF_CHANGES  # noqa: PLC0415 - few runs have a policy
    from flytetask_nb.semantics.registration_rules import RULES as OF_FINDINGS  # noqa: PLC0415 - likewise

    present = {(alert.fingerprint, alert.task) for alert in alerts}
    remarks = []
    for entry in policy.accepted:
        # An entry without a rule was written by hand: of a change, as most are. Some rules are of both.
        is_of_both = entry.rule in OF_FINDINGS and entry.rule in OF_CHANGES
        if is_of_both or (entry.rule in OF_FINDINGS) is not of_check or task not in {None, entry.task}:
            continue
        of = f" of {entry.task}" if entry.task else ""
        if entry.is_over:
            remarks.append(f"accepted {entry.fingerprint}{of} ended on {entry.until}: look at it again")
        elif not any(entry.fingerprint == mark and entry.task in {"", task} for mark, task in present):
            remarks.append(f"accepted {entry.fingerprint}{of} fits nothing here any more: take it out")
    return remarks


# -- where the code is -------------------------------------------------------------------------------------------------


def place_of(task: FlyteTask | None, source: str = "") -> Place:
    """Return where the code of a task is: as its description says, else the file of its module, else its archive."""
    if task is None:
        return Place(_relative(source))
    link = task._message.description.source_code.link
    if link:
        path = _IN_REPOSITORY.search(link)
        line = _LINE.search(link)
        if path is not None or "://" not in link:
            inner = path[1] if path is not None else re.split(r"[#?]", link)[0]
            return Place(mask_text(inner), int(line[1]) if line is not None else 0)
    arguments = [*task._message.template.container.args]
    if "task-module" in arguments[:-1]:
        return Place(mask_text(arguments[arguments.index("task-module") + 1]).replace(".", "/") + ".py")
    return Place(_relative(task.source or source))


def _relative(source: str) -> str:
    file = mask_text(source).partition("!")[0].replace("\\", "/")
    return file.removeprefix("./") or "pyproject.toml"


# -- from reports ------------------------------------------------------------------------------------------------------


def of_diff(diff: TaskDiff, source: str = "") -> Iterator[Alert]:
    """Return what a diff has to say, noise left out, and without the secrets that it quotes out of their places."""
    with secrets_kept(diff._subjects()):
        alerts = [
            alert._replace(path=gated_value(alert.path), message=gated_value(alert.message))
            for alert in _of_diff(diff, source)
        ]
    yield from alerts


def _of_diff(diff: TaskDiff, source: str = "") -> Iterator[Alert]:
    place = place_of(diff.new, source)
    identifier = diff.ids[1]
    stale = {change.fingerprint for change in diff.cache.stale}
    for is_accepted, changes in ((False, diff.changes), (True, diff.accepted)):
        for change in changes:
            old, new = change.texts
            said = " → ".join("–" if text is None else text for text in (old, new))
            yield Alert(
                *(change.rule, change.severity, identifier["name"], identifier["version"]),
                *(mask_text(change.path), f"{change.place}: {said}", change.reason, change.fingerprint),
                *((STALE,) if change.fingerprint in stale else (), place, is_accepted),
            )
    if stale - {change.fingerprint for change in (*diff.changes, *diff.accepted)}:
        # Only the release moved, and the code may be another one.
        fingerprint = fingerprint_of("stale-risk", identifier["name"], *sorted(stale))
        message = next(iter(diff.headlines), "old results may be served for new code")
        yield Alert(
            *("stale-risk", BEHAVIOUR, identifier["name"], identifier["version"], "metadata.cache_version"),
            *(message, "The cache key stays the same.", fingerprint),
            flags=(STALE,),
            place=place,
            is_accepted=fingerprint in diff._accepted,
        )


def of_plan(entries: Iterable[PlanEntry], policy: Policy, source: str = "", *, tells_missing: bool) -> Iterator[Alert]:
    """Return what a plan has to say: changes, conflicts, and what is gone where that is asked for."""
    for entry in entries:
        task = entry.remote if entry.local is None else entry.local
        is_conflict = entry.status == CONFLICT
        if entry.diff is not None:
            for alert in of_diff(entry.diff, source):
                yield alert._replace(flags=(*alert.flags, CONFLICT)) if is_conflict else alert
        if is_conflict or (entry.status == MISSING and tells_missing):
            version = entry.local_version or entry.remote_version or ""
            rule, severity = ("version-conflict", BREAKING) if is_conflict else ("task-removed", RISKY)
            fingerprint = fingerprint_of(rule, entry.name, version if is_conflict else "")
            flags = (CONFLICT,) if is_conflict else ()
            reason = entry.refusal or "Workflows that call it cannot be registered without it."
            yield Alert(
                *(rule, severity, entry.name, version, "id", entry.headline or entry.status, reason, fingerprint),
                *(flags, place_of(task, source), fingerprint in policy.accepted_of(entry.name)),
            )


def of_callers(report: CallerReport, policy: Policy) -> Iterator[Alert]:
    """Return the workflows that break, and those of which nothing can be said."""
    for caller in report:
        values = caller.to_dict()
        severity = BREAKING if caller.verdict == "breaks" else WARNING
        for problem in values["problems"]:
            path = ".".join(filter(None, (problem["node"], problem["variable"])))
            fingerprint = fingerprint_of(problem["code"], values["workflow"], path, problem["message"])
            yield Alert(
                *(problem["code"], severity, values["workflow"], values["version"] or "", path),
                *(" ".join(problem["message"].split()), f"The workflow {caller.verdict}.", fingerprint, ()),
                *(Place(_relative(values["source"] or "")), fingerprint in policy.accepted_of(values["workflow"])),
            )


def of_findings(findings: Findings, task: FlyteTask, policy: Policy, source: str = "") -> Iterator[Alert]:
    """Return what a check has to say of a task."""
    name, version = mask_identifier(task.name), mask_identifier(task.id.version)
    for finding in findings:
        path, message = mask_text(finding.path), mask_text(" ".join(finding.message.split()))
        fingerprint = fingerprint_of(finding.rule, path, message)
        yield Alert(
            *(finding.rule, finding.severity, name, version, path, message, mask_text(finding.reason), fingerprint),
            *((), place_of(task, source), fingerprint in policy.accepted_of(name)),
        )
