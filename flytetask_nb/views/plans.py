"""Description of a plan: the summary first, a row for each task that is not the same, then the changes of each."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING, Final

from flytetask_nb.diffs.rules import NOISE, rank
from flytetask_nb.diffs.settings import shortened_map_task
from flytetask_nb.masking import mask_text
from flytetask_nb.views.diffs import CACHE_TONES, change_rows
from flytetask_nb.views.document import (
    Badge,
    Document,
    Notice,
    Paragraph,
    Row,
    Section,
    Table,
    code,
    cut,
    dim,
    expanded,
    line_size,
    row_size,
    within,
)
from flytetask_nb.views.wording import counted, listed

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence

    from flytetask_nb.diffs import Plan, PlanEntry
    from flytetask_nb.views.document import Block, Line, Piece

__all__ = ["describe_plan"]

_BADGES: Final = {
    "conflict": ("breaking", "✗"),
    "changed": ("cosmetic", "~"),
    "new": ("good", "+"),
    "missing": ("cosmetic", "−"),
    "identical": ("good", "✓"),
}

_NAME_BUDGET: Final = 300
_VERSION_BUDGET: Final = 120
_HEADLINE_BUDGET: Final = 400
_SHORT: Final = 30
"""Characters up to which two versions stand in one line."""
_BUDGET: Final = 27_000
_TABLE_SHARE: Final = 0.55
"""Of what the folded parts leave, how much the table can take."""
_FOLDED_BUDGET: Final = 2_000
_NAMES_BUDGET: Final = 1_500
_FAILURES_BUDGET: Final = 1_500
_SECTION: Final = 90
"""Bytes of markup around a section, at most."""


def describe_plan(plan: Plan) -> Document:
    """Describe what registration would do.

    Parameters
    ----------
    plan
        The plan. Whatever changed is compared.

    Returns
    -------
    Document
        A row for each task but those that are the same or changed in release noise alone, which are folded; then the
        changes of each task, the worst first.
    """
    looked_at = [entry for entry in plan if entry.status != "identical" and not _is_noise(entry)]
    looked_at.sort(key=_urgency)
    # Where all tasks are of one project and domain, that is said once.
    places = {(entry.project, entry.domain) for entry in plan}
    is_told = len(places) == 1
    (place,) = places if is_told else [("", "")]
    folded = [
        _folded("Release noise alone", [entry for entry in plan.changed if _is_noise(entry)], is_told=is_told),
        _folded("Identical", plan.identical, is_told=is_told),
        _failures(plan),
    ]
    budget = _BUDGET - sum(size for _, size in folded)
    table, size = _table(looked_at, int(budget * _TABLE_SHARE), is_told=is_told)
    sections = _changes([entry for entry in looked_at if entry.diff is not None], budget - size)
    sections += [section for section, _ in folded if section is not None]
    nothing = "nothing but release noise would change" if plan.changed else "nothing would change"
    return Document(
        plan.summary,
        cut("/".join(filter(None, place)), _NAME_BUDGET)[0],
        lines=[] if looked_at or not len(plan) else [[Badge("good", "✓", nothing)]],
        blocks=table,
        sections=expanded(sections),
    )


def _is_noise(entry: PlanEntry) -> bool:
    return entry.status == "changed" and entry.severity == NOISE and not entry.renamed_from


def _urgency(entry: PlanEntry) -> tuple[int, int]:
    """Return what sorts conflicts first, then changes from the worst, then what is new, then what is missing."""
    severity = entry.severity
    return list(_BADGES).index(entry.status), 0 if severity is None else rank(severity)


# -- the table -------------------------------------------------------------------------------------------------------


def _table(entries: Sequence[PlanEntry], budget: int, *, is_told: bool) -> tuple[list[Block], int]:
    """Describe the tasks in rows, and tell how many bytes these take."""
    if not entries:
        return [], 0
    shown, left = within((_row(entry, is_told=is_told) for entry in entries), budget, row_size, len(entries))
    blocks: list[Block] = [Table([Row(["task", "status", "version", "cache", "what"], header=True), *shown])]
    if left:
        blocks.append(Paragraph(dim(f"… {left:,} more")))
    return blocks, sum(map(row_size, shown))


def _row(entry: PlanEntry, *, is_told: bool) -> Row:
    cache = entry.cache_word
    return Row(
        [
            code(_name(entry, is_told=is_told)),
            _status(entry),
            _versions(entry),
            _cache(cache) if cache else "",
            cut(entry.headline, _HEADLINE_BUDGET)[0],
        ]
    )


def _status(entry: PlanEntry) -> Badge:
    tone, glyph = _BADGES[entry.status]
    if entry.status == "changed" and entry.severity:
        return Badge(entry.severity, glyph, f"changed: {entry.severity}")
    return Badge(tone, glyph, entry.status)


def _name(entry: PlanEntry, *, is_told: bool) -> str:
    """Return the task's name, with its project and domain unless these are told; of a map task's hash the beginning."""
    name = shortened_map_task(entry.name) or "(no name)"
    parts = [name] if is_told else [entry.project, entry.domain, name]
    return "".join(cut("/".join(filter(None, parts)), _NAME_BUDGET))


def _versions(entry: PlanEntry) -> str:
    here, there = (
        version and cut(version, _VERSION_BUDGET)[0] for version in (entry.local_version, entry.remote_version)
    )
    if entry.local is None or here == there:
        return there or ""
    if entry.remote is None:
        return here or ""
    told = f"{there or '(none)'} → {here or '(none)'}"
    # Short ones are not broken over lines.
    return told.replace(" ", "\N{NO-BREAK SPACE}") if len(told) <= _SHORT else told


def _cache(word: str) -> Line:
    if word == "not cached":
        return dim(word)
    return Badge("risky", "⚠", word) if word == "stale risk" else Badge(CACHE_TONES.get(word, "cosmetic"), "⟳", word)


# -- the changes of each task ----------------------------------------------------------------------------------------


def _changes(entries: Sequence[PlanEntry], budget: int) -> list[Section]:
    sections: list[Section] = []
    for entry in entries:
        section, size = _section(entry, budget)
        if size > budget and sections:
            break
        sections.append(section)
        budget -= size
    left = len(entries) - len(sections)
    if left:
        sections.append(Section("More changes", f"of {counted(left, 'task')}: see .changed and .conflicts", []))
    return sections


def _section(entry: PlanEntry, budget: int) -> tuple[Section, int]:
    """Describe the changes of one task in about so many bytes, and tell how many it takes."""
    found = entry.diff
    if found is None:
        return Section("", "", []), 0
    title = cut(entry.name or "(no name)", _NAME_BUDGET)[0]
    words = [_versions(entry), *(f"{count} {severity}" for severity, count in found.counts.items())]
    note = " · ".join(filter(None, [*words, f"cache: {entry.cache_word}"]))
    lines: list[Line] = [cut(line, _HEADLINE_BUDGET)[0] for line in _explanation(entry)]
    # A conflict is explained to the last detail: what is noise from version to version is none under the same one.
    # That the version is there already is said before.
    everything = (*found.changes, *found.accepted, *found.noise) if entry.refusal else found.changes
    changes = [change for change in everything if change.rule != "version-reused"]
    size = _SECTION + line_size(title) + line_size(note) + sum(map(line_size, lines)) + 40 * len(lines)
    # One by one: those that do not fit are not looked at.
    groups = map(change_rows, changes)
    shown, left = within(groups, max(budget - size, 0), lambda rows: sum(map(row_size, rows)), len(changes))
    rows = [row for group in shown for row in group]
    if left:
        rows.append(Row(["", dim(f"… {left:,} more"), "", ""]))
    blocks: list[Block] = [Paragraph(line) for line in lines]
    if entry.refusal:
        blocks[0] = Notice(Badge("breaking", "✗", "INVALID_ARGUMENT"), lines[0])
    return Section(title, note, [*blocks, *([Table(rows)] if rows else [])]), size + sum(map(row_size, rows))


def _explanation(entry: PlanEntry) -> Iterable[str]:
    """Return the sentences before the changes: how the server would refuse, and why if nobody changed the task."""
    if entry.refusal:
        yield entry.refusal
        if entry.tool_differences:
            yield entry.headline
    if entry.spellings:
        yield f"Written in another way that means the same: {listed(list(entry.spellings))}"


# -- what is folded --------------------------------------------------------------------------------------------------


def _folded(title: str, entries: Sequence[PlanEntry], *, is_told: bool) -> tuple[Section | None, int]:
    if not entries:
        return None, 0
    names: dict[str, list[str]] = {}
    for entry in entries:
        names.setdefault(entry.headline, []).append(_name(entry, is_told=is_told))
    # What several tasks have in common is said once.
    rows = (Row([dim(cut(told, _HEADLINE_BUDGET)[0]), _names(found)]) for told, found in names.items())
    return _section_of(title, counted(len(entries), "task"), rows, _FOLDED_BUDGET, len(names))


def _names(names: Sequence[str]) -> Line:
    pieces: list[Piece] = []
    shown, left = within(names, _NAMES_BUDGET, lambda name: 2 + line_size(code(name)))
    for name in shown:
        pieces += [", " if pieces else "", code(name)]
    return [*pieces, dim(f" … {left:,} more")] if left else pieces


def _failures(plan: Plan) -> tuple[Section | None, int]:
    if not plan.failures:
        return None, 0
    count = len(plan.failures)
    rows = (Row([cut(mask_text(str(failure)), _HEADLINE_BUDGET)[0]]) for failure in plan.failures)
    section, size = _section_of("Failures", counted(count, "source"), rows, _FAILURES_BUDGET, count)
    notice = Notice(Badge("breaking", "✗", counted(count, "failure")), "could not be read, so not planned:")
    return replace(section, blocks=[notice, *section.blocks], is_open=True), size


def _section_of(title: str, note: str, rows: Iterable[Row], budget: int, count: int) -> tuple[Section, int]:
    shown, left = within(rows, budget, row_size, count)
    blocks: list[Block] = [Table(shown)]
    if left:
        blocks.append(Paragraph(dim(f"… {left:,} more")))
    return Section(title, note, blocks), sum(map(row_size, shown))
