"""Description of the versions of a task: what changed when, as a row of marks for each field."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from flytetask_nb.diffs.rules import BREAKING, NOISE, RISKY, SEVERITIES, rank
from flytetask_nb.diffs.settings import shortened_map_task
from flytetask_nb.diffs.texts import windowed
from flytetask_nb.errors import shortened
from flytetask_nb.masking import mask_text
from flytetask_nb.models.version_order import in_words
from flytetask_nb.views.diffs import CACHE_TONES, PARTS, ratio_of
from flytetask_nb.views.document import (
    Badge,
    Bars,
    Document,
    Paragraph,
    Row,
    Section,
    Table,
    code,
    cut,
    dim,
    expanded,
    line_size,
    marks_size,
    row_size,
    strong,
    within,
)
from flytetask_nb.views.wording import counted, listed, moment

if TYPE_CHECKING:
    from collections.abc import Sequence

    from flytetask_nb.diffs import Change, TaskDiff, TaskHistory
    from flytetask_nb.views.document import Block, Line, Piece

__all__ = ["describe_history"]

_MARKS: Final = {"breaking": "!", "risky": "?", "behaviour": "~", "cost": "$", "cosmetic": "'"}
_LABEL: Final = 12
"""Characters that are shown of a version above its column."""
_COLUMNS_WIDTH: Final = 76
"""Characters that the labels of all columns may take together; the newest versions are shown."""
_FEWEST_COLUMNS: Final = 6
_NAME_BUDGET: Final = 300
_PATH_BUDGET: Final = 160
_VALUE_BUDGET: Final = 70
_NARROW: Final = 40
"""Characters that are shown of two values whose difference was cut off."""
_HEADLINE_BUDGET: Final = 240
_BARS_BUDGET: Final = 17_000
_STEPS_BUDGET: Final = 7_000
_NAMED: Final = frozenset({BREAKING, RISKY})
"""Severities whose versions are named in the verdict."""
_VERSIONS_NAMED: Final = 3
_PLACES_NAMED: Final = 4


def describe_history(history: TaskHistory) -> Document:
    """Describe the versions of a task.

    Parameters
    ----------
    history
        The versions.

    Returns
    -------
    Document
        How many steps did what, and in which versions callers broke; a row of marks for each field that changed, the
        worst first; then the steps one by one, newest first. Of many versions the newest have columns; what is left
        out is counted.
    """
    runs = _shown_runs(history)
    first = runs[0].start
    steps = list(history.steps)
    found = {position: step for position, step in steps if position > first}
    lines: list[Line] = [_verdict(history, steps)] if len(history) > 1 else []
    if first:
        lines.append(
            dim(f"… {counted(first, 'older version')} without a column; history[:{first}] shows them, matrix() has all")
        )
    sections = [_steps_section(history, steps)] if steps else []
    return Document(
        cut(shortened_map_task(history.name), _NAME_BUDGET)[0] or "(no name)",
        _span(history),
        lines=lines,
        blocks=_blocks(history, runs, found),
        sections=expanded(sections),
    )


def _shown_runs(history: TaskHistory) -> list[range]:
    """Return the newest runs of identical versions that have room beside each other."""
    shown: list[range] = []
    used = 0
    for run in reversed(history.runs):
        used += len(_label(history, run)) + 2
        if used > _COLUMNS_WIDTH and len(shown) >= _FEWEST_COLUMNS:
            break
        shown.append(run)
    return shown[::-1]


def _label(history: TaskHistory, run: range) -> str:
    text = shortened(history.versions[run.start], _LABEL)
    return f"{text} ×{len(run)}" if len(run) > 1 else text


def _span(history: TaskHistory) -> str:
    words = [counted(len(history), "version")]
    times = [task.created_at for task in history]
    if times[0] is not None and times[-1] is not None:
        words.append(f"{moment(times[0])} to {moment(times[-1])}")
    elif len(history) > 1:
        words.append(f"{cut(history.versions[0], _VALUE_BUDGET)[0]} to {cut(history.versions[-1], _VALUE_BUDGET)[0]}")
    if len(history) > 1:
        words.append(in_words(history.order))
    if len(history.places) > 1:
        words.append(f"of {listed([cut(place, _VALUE_BUDGET)[0] for place in history.places], _PLACES_NAMED)}")
    if history.is_map_task:
        words.append("linked across the hash in the name of a map task")
    return " · ".join(words)


def _verdict(history: TaskHistory, steps: Sequence[tuple[int, TaskDiff]]) -> Line:
    """Count the steps by the worst that they do; of those that matter to callers name the newest versions."""
    pieces: list[Piece] = []
    for severity in SEVERITIES:
        positions = [position for position, step in reversed(steps) if step.severity == severity]
        if positions:
            pieces.append(Badge(severity, _MARKS[severity], f"{counted(len(positions), 'step')} {severity}"))
            if severity in _NAMED:
                versions = [shortened(history.versions[position], _LABEL) for position in positions]
                pieces.append(f" {listed(versions, _VERSIONS_NAMED)}")
            pieces.append(" · ")
    stale = sum(step.cache.stale_risk for _, step in steps)
    if stale:
        pieces += [Badge("risky", "⚠", f"{counted(stale, 'step')} may serve stale results"), " · "]
    return pieces[:-1] or [Badge("good", "✓", "nothing but release noise changed")]


def _blocks(history: TaskHistory, runs: Sequence[range], steps: dict[int, TaskDiff]) -> list[Block]:
    rows = _rows(history, runs, steps)
    if not rows:
        return []
    worst: list[Badge | None] = [_mark(steps[run.start].severity) if run.start in steps else None for run in runs]
    shown, left = within(
        rows, _BARS_BUDGET, lambda row: line_size(row[0]) + marks_size(row[1]) + line_size(row[2]) + 200
    )
    columns = [_label(history, run) for run in runs]
    blocks: list[Block] = [
        Bars(
            columns,
            [(strong("worst"), worst, ""), *shown],
            titles=("field", "last change"),
            caption=_legend(runs, rows),
        ),
    ]
    if left:
        blocks.append(Paragraph(dim(f"… {counted(left, 'further field')}; blame() and matrix() have all")))
    return blocks


def _legend(runs: Sequence[range], rows: Sequence[tuple[Line, list[Badge | None], Line]]) -> str:
    """Say how to read the table."""
    used = {mark.word for _, marks, _ in rows for mark in marks if mark is not None}
    words = [*(f"{mark} {severity}" for severity, mark in _MARKS.items() if severity in used), "· unchanged"]
    longest = max(map(len, runs))
    if longest > 1:
        words.append(f"×{longest}: {longest} identical versions in a row")
    return f"What each version changed: {', '.join(words)}"


def _mark(severity: str | None) -> Badge | None:
    return None if severity is None or severity == NOISE else Badge(severity, _MARKS[severity], severity)


def _rows(
    history: TaskHistory, runs: Sequence[range], steps: dict[int, TaskDiff]
) -> list[tuple[Line, list[Badge | None], Line]]:
    """Return a row for each field that changed, the worst first, noise left out."""
    column = {run.start: index for index, run in enumerate(runs)}
    marks: dict[str, list[Badge | None]] = {}
    newest: dict[str, tuple[int, Change]] = {}
    for position, step in steps.items():
        for change in (*step.changes, *step.accepted):
            if change.is_consequence:
                continue
            row = marks.setdefault(change.place, [None] * len(runs))
            before = row[column[position]]
            if before is None or rank(change.severity) < rank(before.word):
                row[column[position]] = _mark(change.severity)
            newest[change.place] = position, change

    def order(place: str) -> tuple[int, int, str]:
        worst = min(rank(mark.word) for mark in marks[place] if mark is not None)
        return worst, PARTS.index(newest[place][1].part), place

    rows: list[tuple[Line, list[Badge | None], Line]] = []
    for place in sorted(marks, key=order):
        position, change = newest[place]
        note: list[Piece] = [dim(shortened(history.versions[position], _LABEL)), " ", *_note(change)]
        rows.append((_name(place), marks[place], note))
    return rows


def _name(place: str) -> Line:
    shown, remark = cut(place, _PATH_BUDGET)
    return code(shown + remark)


def _note(change: Change) -> list[Piece]:
    """Return both values of a change in a few words."""
    old, new = change.texts
    if old is None or new is None:
        sign, text = ("+ ", new) if old is None else ("− ", old)
        return [sign, code(_short(text))] if text else ["added" if old is None else "removed"]
    ratio = ratio_of(change)
    before, after = _short(old), _short(new)
    if before == after:
        before, after = windowed(old, new, _NARROW)
    words: list[Piece] = [code(before), " → ", code(after)]
    return [*words, " ", strong(ratio)] if ratio else words


def _short(text: str) -> str:
    shown, remark = cut(shortened_map_task(" ".join(text.split())), _VALUE_BUDGET)
    return f"{shown}…" if remark else shown


def _steps_section(history: TaskHistory, steps: Sequence[tuple[int, TaskDiff]]) -> Section:
    """Describe the steps one by one, newest first."""
    rows = (Row(_step_cells(history, position, step)) for position, step in reversed(steps))
    shown, left = within(rows, _STEPS_BUDGET, row_size, total=len(steps))
    if left:
        shown.append(Row([dim(f"… {left:,} more; timeline() has all"), "", "", ""]))
    head = Row(["version", "changes", "cache", "headline"], header=True)
    return Section("Steps", counted(len(steps), "step"), [Table([head, *shown], named=True)])


def _step_cells(history: TaskHistory, position: int, step: TaskDiff) -> list[Line]:
    counts: list[Piece] = []
    for severity, number in step.counts.items():
        counts += [Badge(severity, str(number), severity), " "]
    cache = step.cache
    tone = "risky" if cache.stale_risk else CACHE_TONES.get(cache.verdict, "cosmetic")
    word = "may be stale" if cache.stale_risk else cache.verdict
    headlines = step.headlines
    more = f" (and {len(headlines) - 1} more)" if len(headlines) > 1 else ""
    headline = f"{cut(mask_text(headlines[0]), _HEADLINE_BUDGET)[0]}{more}" if headlines else ""
    label = cut(history.versions[position], _VALUE_BUDGET)[0]
    return [label, counts[:-1] or dim("release noise"), Badge(tone, "⟳", word), headline]
