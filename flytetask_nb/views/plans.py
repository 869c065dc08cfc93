"""Description of a plan: the summary first, then a row for each change that one or more tasks have in common.

A row opens what changed. The worst come first and open as long as there is room; of the others the row says where to
look.
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Final

from flytetask_nb.diffs.rules import BREAKING, NOISE, RISKY, SEVERITIES, rank
from flytetask_nb.options import OPTIONS
from flytetask_nb.semantics.map_tasks import shortened_map_task
from flytetask_nb.views.diffs import cache_word, change_row, places_line
from flytetask_nb.views.document import (
    Badge,
    Document,
    Fold,
    Folds,
    Label,
    Notice,
    Paragraph,
    Row,
    Section,
    Table,
    code,
    cut_masked,
    dim,
    expanded,
    expanded_blocks,
    size_of,
    strong,
    within,
)
from flytetask_nb.views.excerpts import more, rows_within, start_of
from flytetask_nb.views.labels import name_label, prefix_head, shared_prefix, short_versions, version_label
from flytetask_nb.views.wording import counted, joined, listed

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping, Sequence

    from flytetask_nb.diffs import Change, Plan, PlanEntry
    from flytetask_nb.views.document import Block, Line, Piece

_BADGES: Final = {
    "conflict": ("breaking", "✗"),
    "changed": ("cosmetic", "~"),
    "new": ("good", "+"),
    "missing": ("cosmetic", "−"),
    "identical": ("good", "✓"),
}
_HEADLINE_BUDGET: Final = 400
_BUDGET: Final = 26_000
_FOLDED_BUDGET: Final = 3_000
_NAMES_BUDGET: Final = 2_500
_FAILURES_BUDGET: Final = 1_500
_GRAVE: Final = frozenset({BREAKING, RISKY})
_FEWEST: Final = 4
"""Tasks of which nothing is told but that they are new or missing stand in one row, if there are so many."""
_HINT: Final = 150
"""Bytes of the line that says where to look."""


@dataclass(frozen=True)
class _Head:
    """What the head of the plan tells of all tasks, so that no row has to."""

    places: frozenset[tuple[str, str]]
    prefix: str
    labels: Mapping[str, str]
    pair: tuple[str | None, str | None] | None
    positions: Mapping[int, int]


def describe_plan(plan: Plan) -> Document:
    """Describe what registration would do.

    Returns Document: a row for each task, or for tasks with equal changes, the worst first; each opens its changes.
      What is the same or changed in release noise alone is folded.
    """
    head = _head(plan)
    groups = sorted(
        _groups(entry for entry in plan if entry.status != "identical" and not _is_noise(entry)), key=_urgency
    )
    folded = [
        _folded("Release noise alone", [entry for entry in plan.changed if _is_noise(entry)], head),
        _folded("Identical", plan.identical, head),
        _failures(plan),
    ]
    budget = _BUDGET - sum(size for _, size in folded)
    sections = [section for section, _ in folded if section is not None]
    nothing = "nothing but release noise would change" if plan.changed else "nothing would change"
    return Document(
        plan.summary,
        _aside(head),
        lines=[] if groups or not len(plan) else [[Badge("good", "✓", nothing)]],
        blocks=expanded_blocks(_rows(groups, head, budget)),
        sections=expanded(sections),
    )


def _head(plan: Plan) -> _Head:
    differing = plan.changed or plan.conflicts
    pairs = {(entry.remote_version, entry.local_version) for entry in differing}
    return _Head(
        frozenset((entry.project, entry.domain) for entry in plan),
        shared_prefix(entry.name for entry in plan),
        short_versions(
            version for entry in plan for version in (entry.local_version, entry.remote_version) if version is not None
        ),
        next(iter(pairs)) if len(pairs) == 1 else None,
        {id(entry): position for position, entry in enumerate(plan)},
    )


def _aside(head: _Head) -> Line:
    (parts,) = head.places if len(head.places) == 1 else [()]
    place = start_of("/".join(filter(None, parts)))
    versions = [] if head.pair is None else _versions(head.pair, head)
    return [piece for piece in (place, " · " if place and versions else "", *versions) if piece]


def _versions(pair: tuple[str | None, str | None], head: _Head) -> list[Piece]:
    there, here = (version_label(version, head.labels) if version else "(none)" for version in pair)
    if pair[0] == pair[1]:
        return [there] if pair[0] else []
    return [there, " → ", here]


def _is_noise(entry: PlanEntry) -> bool:
    return entry.status == "changed" and entry.severity == NOISE and not entry.renamed_from


# -- which tasks stand in one row ------------------------------------------------------------------------------------


def _groups(entries: Iterable[PlanEntry]) -> list[list[PlanEntry]]:
    groups: dict[object, list[PlanEntry]] = {}
    for entry in entries:
        groups.setdefault(_likeness(entry), []).append(entry)
    rows: list[list[PlanEntry]] = []
    for group in groups.values():
        is_apart = group[0].diff is None and len(group) < _FEWEST
        rows += [[entry] for entry in group] if is_apart else [group]
    return rows


def _likeness(entry: PlanEntry) -> object:
    """Return what entries have in common that can stand in one row: the same changes, whatever the values."""
    if entry.diff is None:
        return entry.status, entry.headline if entry.status == "new" else ""
    if entry.renamed_from:
        return id(entry)
    # Those that break callers stand together only if they break them for the same reason.
    changes = {
        (change.severity, change.place, change.reason if change.severity in _GRAVE else "")
        for change in entry.diff.changes
        if change.rule != "version-reused"
    }
    cause = entry.cause if not changes or entry.tool_differences else ""
    return entry.status, entry.is_repeated, entry.cache_word, cause, frozenset(changes)


_NEW_RANK: Final = 1.5
"""Between what is risky and what is not: new tasks come before changes that break nobody."""


def _urgency(group: Sequence[PlanEntry]) -> tuple[float, int]:
    """Return what sorts conflicts first, then changes from the worst, new tasks among them, then what is missing."""
    entry = group[0]
    if entry.status == "conflict":
        return -1, 0
    if entry.status == "new":
        return _NEW_RANK, 0
    severity = entry.severity
    return len(SEVERITIES) if severity is None else rank(severity), -len(group)


# -- the rows --------------------------------------------------------------------------------------------------------


def _rows(groups: Sequence[Sequence[PlanEntry]], head: _Head, budget: int) -> list[Block]:
    """Describe the groups in rows, the worst open as far as there is room."""
    if not groups:
        return []
    limit = OPTIONS["max_rows"]
    made = (_row(group, head) for group in groups[:limit])
    rows, _ = within(made, budget, min(len(groups), limit), _row_size)
    left = budget - sum(map(_row_size, rows))
    opened: list[Fold] = []
    for row, group in zip(rows, groups, strict=False):
        # Of many tasks a row says at most so much that there is room for the next rows.
        blocks, size = _changes(group, head, left if len(group) == 1 else left // 2)
        if size > left:
            place = code(f"plan[{head.positions[id(group[0])]}].diff")
            blocks = [Paragraph([dim("the changes: "), place])] if group[0].diff is not None else []
            size = 0
        left -= size
        opened.append(replace(row, blocks=blocks))
    blocks = [Folds(opened, (prefix_head("task", head.prefix), "what changes", "cache"))]
    hidden = groups[len(rows) :]
    if hidden:
        tasks = counted(sum(map(len, hidden)), "task")
        rest = f"… {counted(len(hidden), 'more row')} of {tasks}: set_options(max_rows=…), .changed and .new have all"
        blocks.append(Paragraph(dim(rest)))
    return blocks


def _row_size(row: Fold) -> int:
    return size_of(row) + _HINT


def _row(group: Sequence[PlanEntry], head: _Head) -> Fold:
    entry = group[0]
    lead: Line = _name(entry, head)
    if len(group) > 1:
        lead = [strong(counted(len(group), "task")), dim(": "), _name(entry, head), dim(", …")]
    cache = entry.cache_word
    end: list[Piece] = [cache_word(cache)] if cache else []
    pair = entry.remote_version, entry.local_version
    is_own = head.pair != pair and len(group) == 1 and entry.local and entry.remote
    if is_own and (versions := _versions(pair, head)):
        end += [" " if end else "", *versions]
    return Fold(lead, [_status(entry), " ", *_what(group)], end)


def _what(group: Sequence[PlanEntry]) -> list[Piece]:
    """Return what changes in one line: of what breaks callers and of a single change why, else where."""
    entry = group[0]
    compared = entry.diff
    if compared is None or entry.is_repeated:
        return [start_of(entry.headline, _HEADLINE_BUDGET)]
    changes = _listed_changes(entry, noise=False)
    is_plain = compared.severity not in _GRAVE and not entry.renamed_from and not entry.tool_differences
    if is_plain and (len(changes) > 1 or (changes and len(group) > 1)):
        return places_line(changes)
    return [start_of(entry.cause, _HEADLINE_BUDGET)]


def _status(entry: PlanEntry) -> Badge:
    tone, glyph = _BADGES[entry.status]
    if entry.status == "changed" and entry.severity:
        return Badge(entry.severity, glyph, entry.severity)
    return Badge(tone, glyph, entry.status)


def _name(entry: PlanEntry, head: _Head) -> Label:
    """Return the task's name, with its project and domain unless these are told; of a map task's hash the beginning."""
    parts = [] if len(head.places) == 1 else [entry.project, entry.domain]
    place = "".join(f"{part}/" for part in parts if part)
    label = name_label(entry.name, head.prefix, shortened_map_task(entry.name))
    return replace(label, text=place + label.text) if place else label


# -- what a row opens ------------------------------------------------------------------------------------------------


def _changes(group: Sequence[PlanEntry], head: _Head, budget: int) -> tuple[list[Block], int]:
    """Describe the changes of a group, each once with the tasks that have it, and tell how many bytes that takes."""
    entry = group[0]
    if entry.diff is None:
        return _names_of(group, head) if len(group) > 1 else ([], 0)
    variants: dict[object, list[PlanEntry]] = {}
    for member in group:
        variants.setdefault(tuple(change.texts for change in _listed_changes(member)), []).append(member)
    blocks: list[Block] = []
    used = 0
    for entries in variants.values():
        made, size = _variant(entries, head, budget - used, is_alone=len(group) == 1)
        if blocks and used + size > budget:
            rest = len(group) - len(blocks)
            blocks.append(Paragraph(dim(f"… and other values in more of these {rest:,} tasks: .changed has all")))
            break
        blocks += made
        used += size
    return blocks, used


def _variant(entries: Sequence[PlanEntry], head: _Head, budget: int, *, is_alone: bool) -> tuple[list[Block], int]:
    """Describe changes with equal values."""
    entry = entries[0]
    blocks, size = ([], 0) if is_alone else _names_of(entries, head)
    lines: list[Line] = [start_of(line, _HEADLINE_BUDGET) for line in _explanation(entries)]
    blocks += [Paragraph(line) for line in lines]
    if entry.refusal:
        blocks[-len(lines)] = Notice(Badge("breaking", "✗", "INVALID_ARGUMENT"), lines[0])
    size += sum(map(size_of, lines)) + 40 * len(lines)
    changes = _listed_changes(entry)
    # One by one: those that do not fit are not looked at.
    rows = rows_within(map(change_row, changes), max(budget - size, 0), len(changes), columns=4, place=1)
    return [*blocks, *([Table(rows)] if rows else [])], size + sum(map(size_of, rows))


def _listed_changes(entry: PlanEntry, *, noise: bool = True) -> list[Change]:
    """Return the changes that are told: of a conflict all, for what is noise from version to version is none there."""
    compared = entry.diff
    if compared is None:
        return []
    everything = compared.all_changes() if entry.refusal and noise else compared.changes
    # That the version is there already is said before.
    return [change for change in everything if change.rule != "version-reused"]


def _names_of(entries: Sequence[PlanEntry], head: _Head) -> tuple[list[Block], int]:
    line = _names(entries, head)
    return [Paragraph(line)], size_of(line) + 40


def _names(entries: Sequence[PlanEntry], head: _Head) -> Line:
    # Without what the head tells: a title for each would take more than the name.
    names = [code(_name(entry, head).text) for entry in entries]
    names, left = within(names, _NAMES_BUDGET, size=lambda name: 2 + size_of(name))
    pieces = joined(names, ", ")
    return [*pieces, dim(f" … {left:,} more")] if left else pieces


def _explanation(entries: Sequence[PlanEntry]) -> Iterable[str]:
    """Return the sentences before the changes: how the server would refuse, and what means the same."""
    entry = entries[0]
    if entry.refusal:
        name = entry.name if len(entries) == 1 else "…"
        yield name + entry.refusal.removeprefix(entry.name)
    if entry.spellings:
        yield f"Written in another way that means the same: {listed(list(entry.spellings))}"


# -- what is folded --------------------------------------------------------------------------------------------------


def _folded(title: str, entries: Sequence[PlanEntry], head: _Head) -> tuple[Section | None, int]:
    if not entries:
        return None, 0
    names: dict[str, list[PlanEntry]] = {}
    for entry in entries:
        version = entry.remote_version or ""
        headline = entry.headline.replace(version, head.labels[version]) if version else entry.headline
        names.setdefault(headline, []).append(entry)
    # What several tasks have in common is said once.
    rows = (Row([dim(start_of(headline, _HEADLINE_BUDGET)), _names(alike, head)]) for headline, alike in names.items())
    return _section_of(title, counted(len(entries), "task"), rows, _FOLDED_BUDGET, len(names))


def _failures(plan: Plan) -> tuple[Section | None, int]:
    if not plan.failures:
        return None, 0
    count = len(plan.failures)
    rows = (Row([cut_masked(str(failure), _HEADLINE_BUDGET)[0]]) for failure in plan.failures)
    section, size = _section_of("Failures", counted(count, "source"), rows, _FAILURES_BUDGET, count)
    notice = Notice(Badge("breaking", "✗", counted(count, "failure")), "could not be read, so not planned:")
    return replace(section, blocks=[notice, *section.blocks], is_open=True), size


def _section_of(title: str, note: str, rows: Iterable[Row], budget: int, count: int) -> tuple[Section, int]:
    taken, left = within(rows, budget, count)
    rest = [Paragraph(more(left))] if left else []
    return Section(title, note, [Table(taken), *rest]), sum(map(size_of, taken))
