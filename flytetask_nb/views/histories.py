"""Description of the versions of a task: what changed when, as a row of marks for each field."""

from __future__ import annotations

from dataclasses import replace
from functools import partial
from typing import TYPE_CHECKING, Final

from flytetask_nb.diffs.rules import BREAKING, NOISE, RISKY, SEVERITIES, rank
from flytetask_nb.diffs.texts import windowed
from flytetask_nb.models.version_order import in_words
from flytetask_nb.semantics.map_tasks import shortened_map_task
from flytetask_nb.views.diffs import PARTS, cache_word, change_row, places_line, ratio_of
from flytetask_nb.views.document import (
    Badge,
    Bars,
    Document,
    Fold,
    Folds,
    Paragraph,
    Section,
    Stack,
    Table,
    budget_scale,
    code,
    cut,
    cut_masked,
    dim,
    expanded,
    marks_size,
    size_of,
    strong,
    within,
)
from flytetask_nb.views.excerpts import start_of, title_of
from flytetask_nb.views.labels import short_versions, version_label
from flytetask_nb.views.wording import counted, listed, moment

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping, Sequence
    from typing import TypeAlias

    from flytetask_nb.diffs import Change, TaskDiff, TaskHistory
    from flytetask_nb.views.document import Block, Label, Line, Piece

    _BarsRow: TypeAlias = tuple[Line, list[Badge | None], Line]
    # Its note is made for what is shown.
    _UnreadRow: TypeAlias = tuple[Line, list[Badge | None], Callable[[], Line]]
    _Causes: TypeAlias = Mapping[int, Callable[[], Line]]

_MARKS: Final = {"breaking": "!", "risky": "?", "behaviour": "~", "cost": "$", "cosmetic": "'"}
_COLUMNS_WIDTH: Final = 76
"""Characters that the labels of all columns may take together; the newest versions are shown."""
_FEWEST_COLUMNS: Final = 6
_PATH_BUDGET: Final = 160
_VALUE_BUDGET: Final = 70
_NARROW: Final = 40
"""Characters that are shown of two values whose difference was cut off."""
_HEADLINE_BUDGET: Final = 240
_BARS_BUDGET: Final = 17_000
_OPENED_BUDGET: Final = 8_000
"""Of what the marks open in place."""
_OPENING: Final = 80
"""Bytes of markup around what a mark opens."""
_STEPS_BUDGET: Final = 6_000
_BUDGET: Final = 27_500
"""Of all that is not head; what the marks and the rows of the steps leave is there for what these open."""
_HINT: Final = 150
"""Bytes of the line that says where to look."""
_STEPS_OPEN: Final = 10
_CACHE_MARKS: Final = {
    "stale risk": ("risky", "⚠", "may serve stale results"),
    "image moved": ("cosmetic", "≈", "same cache key, image moved"),
    "invalidated": ("behaviour", "⟳", "cache invalidated"),
    "tags rotated": ("behaviour", "⟲", "cache tags rotated"),
    "on": ("good", "●", "cache turned on"),
    "off": ("cost", "○", "cache turned off"),
}
_NAMED: Final = frozenset({BREAKING, RISKY})
"""Severities whose versions are named in the verdict, and whose steps are listed before others."""
_WORDS: Final = {
    "breaking": ("breaking step", "breaking steps"),
    "risky": ("risky step", "risky steps"),
    "behaviour": ("step changes behaviour", "steps change behaviour"),
    "cost": ("step changes cost alone", "steps change cost alone"),
    "cosmetic": ("cosmetic step", "cosmetic steps"),
}
"""What a step is by the worst that it does."""
_VERSIONS_NAMED: Final = 3
_PLACES_NAMED: Final = 4


def describe_history(history: TaskHistory) -> Document:
    """Describe the versions of a task.

    Returns Document: how many steps did what, and in which versions callers broke; a row of marks for each field that
      changed, the worst first; then the steps one by one, newest first. Of many versions the newest have columns; what
      is left out is counted.
    """
    labels = short_versions(history.versions)
    runs = _shown_runs(history, labels)
    first = runs[0].start
    steps = list(history.steps)
    in_columns = {position: step for position, step in steps if position > first}
    lines: list[Line] = [_verdict(history, steps, labels)] if len(history) > 1 else []
    if first:
        lines.append(
            dim(f"… {counted(first, 'older version')} without a column; history[:{first}] shows them, matrix() has all")
        )
    blocks, size = _blocks(history, runs, in_columns, labels)
    sections = [_steps_section(history, steps, labels, _BUDGET - size)] if steps else []
    return Document(
        title_of(shortened_map_task(history.name)),
        _span(history, labels),
        lines=lines,
        blocks=blocks,
        sections=expanded(sections),
    )


def _shown_runs(history: TaskHistory, labels: Mapping[str, str]) -> list[range]:
    """Return the newest runs of identical versions that have room beside each other."""
    newest: list[range] = []
    used = 0
    for run in reversed(history.runs):
        used += len(_label(history, run, labels).text) + 2
        if used > _COLUMNS_WIDTH and len(newest) >= _FEWEST_COLUMNS:
            break
        newest.append(run)
    return newest[::-1]


def _label(history: TaskHistory, run: range, labels: Mapping[str, str]) -> Label:
    label = version_label(history.versions[run.start], labels)
    return replace(label, text=f"{label.text} ×{len(run)}") if len(run) > 1 else label


def _span(history: TaskHistory, labels: Mapping[str, str]) -> Line:
    parts: list[list[Piece]] = [[counted(len(history), "version")]]
    times = [task.created_at for task in history]
    if times[0] is not None and times[-1] is not None:
        parts.append([f"{moment(times[0])} to {moment(times[-1])}"])
    elif len(history) > 1:
        first, last = (version_label(history.versions[place], labels) for place in (0, -1))
        parts.append([first, " to ", last])
    if len(history) > 1:
        parts.append([in_words(history.order)])
    if len(history.places) > 1:
        parts.append([f"of {listed([start_of(place, _VALUE_BUDGET) for place in history.places], _PLACES_NAMED)}"])
    if history.is_map_task:
        parts.append(["linked across the hash in the name of a map task"])
    return [piece for index, part in enumerate(parts) for piece in ([" · "] if index else []) + part]


def _verdict(history: TaskHistory, steps: Sequence[tuple[int, TaskDiff]], labels: Mapping[str, str]) -> Line:
    """Count the steps by the worst that they do; of those that must not be missed name the newest versions."""

    def named(positions: Sequence[int]) -> str:
        versions = [version_label(history.versions[position], labels).text for position in positions]
        return f" {listed(versions, _VERSIONS_NAMED)}"

    pieces: list[Piece] = []
    for severity in SEVERITIES:
        positions = [position for position, step in reversed(steps) if step.severity == severity]
        if positions:
            pieces.append(Badge(severity, _MARKS[severity], counted(len(positions), *_WORDS[severity])))
            pieces += [named(positions), " · "] if severity in _NAMED else [" · "]
    stale = [position for position, step in reversed(steps) if step.cache.word == "stale risk"]
    if stale:
        pieces += [Badge("risky", "⚠", f"{counted(len(stale), 'step')} may serve stale results"), named(stale), " · "]
    nothing = "only the release moved" if any(step.noise for _, step in steps) else "no changes"
    return pieces[:-1] or [Badge("good", "✓", nothing)]


def _blocks(
    history: TaskHistory, runs: Sequence[range], steps: dict[int, TaskDiff], labels: Mapping[str, str]
) -> tuple[list[Block], int]:
    """Describe the fields that changed, and tell how many bytes that takes."""
    rows, causes = _rows(history, runs, steps, labels)
    if not rows:
        return [], 0
    columns = [_label(history, run, labels) for run in runs]
    for place, (name, mark_of, line_of) in enumerate(
        (("worst", _worst_mark, _worst_line), ("cache", _cache_mark, _cache_line))
    ):
        marks = [mark_of(steps[run.start]) if run.start in steps else None for run in runs]
        if any(marks):
            lines = {at: partial(line_of, steps[runs[at].start]) for at, mark in enumerate(marks) if mark}
            rows.insert(place, (strong(name), marks, str))
            causes.insert(place, lines)

    def size(row: _BarsRow) -> int:
        return size_of(row[0]) + marks_size(columns, row[1]) + size_of(row[2]) + 200

    described = ((name, marks, note()) for name, marks, note in rows)
    bars, left = within(described, _BARS_BUDGET, len(rows), size)
    used = sum(map(size, bars)) + sum(map(size_of, columns))
    # The steps below are to open as well: they have the other half of what is left.
    left_over = int((_BUDGET - _STEPS_BUDGET) * budget_scale()) - used
    budget = min(int(_OPENED_BUDGET * budget_scale()), left_over // 2)
    opened, opened_size = _openings(causes[: len(bars)], budget)
    titles = "field", "last change"
    blocks: list[Block] = [Bars(columns, bars, titles=titles, caption=_legend(runs, rows), opened=opened)]
    if left:
        blocks.append(Paragraph(dim(f"… {counted(left, 'further field')}; blame() and matrix() have all")))
    return blocks, used + opened_size


def _openings(causes: Sequence[_Causes], budget: int) -> tuple[dict[tuple[int, int], Line], int]:
    """Return what the marks open, from the top and the newest as far as there is room, and how many bytes that takes."""
    # One by one: those that do not fit are not looked at.
    lines = (
        ((row, column), makers[column]())
        for row, makers in enumerate(causes)
        for column in sorted(makers, reverse=True)
    )
    opened: dict[tuple[int, int], Line] = {}
    used = 0
    for place, line in lines:
        size = size_of(line) + _OPENING
        if used + size > budget:
            break
        opened[place] = line
        used += size
    return opened, used


def _legend(runs: Sequence[range], rows: Sequence[_UnreadRow]) -> str:
    """Say how to read the table."""
    used = {mark.word for _, marks, _ in rows for mark in marks if mark is not None}
    words = [*(f"{mark} {severity}" for severity, mark in _MARKS.items() if severity in used), "· unchanged"]
    words += [f"{glyph} {word}" for _, glyph, word in _CACHE_MARKS.values() if word in used]
    longest = max(map(len, runs))
    if longest > 1:
        words.append(f"×{longest}: {longest} identical versions in a row")
    return f"What each version changed: {', '.join(words)}"


def _worst_mark(step: TaskDiff) -> Badge | None:
    return _mark(step.severity)


def _cache_mark(step: TaskDiff) -> Badge | None:
    """Return what the step does to cached results; nothing where the same are found as before."""
    cache = step.cache
    return Badge(*_CACHE_MARKS[cache.word]) if cache.word in _CACHE_MARKS else None


def _worst_line(step: TaskDiff) -> Line:
    return places_line([change for change in step.changes if change.severity == step.severity])


def _cache_line(step: TaskDiff) -> Line:
    """Say what the step does to cached results; what must not be missed of it comes first among the headlines."""
    text = step.headlines[0] if step.cache.stale_risk else _CACHE_MARKS[step.cache.word][2]
    return start_of(text, _HEADLINE_BUDGET)


def _cause_line(change: Change) -> Line:
    """Return a change as the rows of a diff tell it: the values, then the reason."""
    _, _, values, reason = change_row(change).cells
    return Stack([values, reason])


def _mark(severity: str | None) -> Badge | None:
    return None if severity is None or severity == NOISE else Badge(severity, _MARKS[severity], severity)


def _rows(
    history: TaskHistory, runs: Sequence[range], steps: dict[int, TaskDiff], labels: Mapping[str, str]
) -> tuple[list[_UnreadRow], list[_Causes]]:
    """Return a row for each field that changed, the worst first, noise left out; and what each of its marks tells."""
    column = {run.start: index for index, run in enumerate(runs)}
    marks: dict[str, list[Badge | None]] = {}
    worst: dict[str, dict[int, Change]] = {}
    newest: dict[str, tuple[int, Change]] = {}
    for position, step in steps.items():
        for change in (*step.changes, *step.accepted):
            if change.is_consequence:
                continue
            place = change.place
            row = marks.setdefault(place, [None] * len(runs))
            before = row[column[position]]
            if before is None or rank(change.severity) < rank(before.word):
                row[column[position]] = _mark(change.severity)
                worst.setdefault(place, {})[column[position]] = change
            newest[place] = position, change

    def order(place: str) -> tuple[int, int, str]:
        least = min(rank(mark.word) for mark in marks[place] if mark is not None)
        return least, PARTS.index(newest[place][1].part), place

    rows: list[_UnreadRow] = []
    causes: list[_Causes] = []
    for place in sorted(marks, key=order):
        position, change = newest[place]
        label = version_label(history.versions[position], labels)
        name = code("".join(cut(place, _PATH_BUDGET)))
        rows.append((name, marks[place], partial(_dated_note, label, change)))
        causes.append({at: partial(_cause_line, cause) for at, cause in worst[place].items()})
    return rows, causes


def _dated_note(label: Label, change: Change) -> Line:
    return [label, " ", *_note(change)]


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
    start, remark = cut(shortened_map_task(" ".join(text.split())), _VALUE_BUDGET)
    return f"{start}…" if remark else start


def _steps_section(
    history: TaskHistory, steps: Sequence[tuple[int, TaskDiff]], labels: Mapping[str, str], budget: int
) -> Section:
    """Describe the steps one by one, newest first; each opens its changes, the worst first as far as there is room.

    Where not all steps have room, what matters to callers has it before what is newer.
    """
    urgent_first = sorted(steps, key=lambda item: (item[1].severity not in _NAMED, -item[0]))
    made = (_step(history, position, step, labels) for position, step in urgent_first)
    rows, left = within(made, _STEPS_BUDGET, len(steps), lambda row: size_of(row) + _HINT)
    positions = [position for position, _ in urgent_first[: len(rows)]]
    order = sorted(range(len(rows)), key=positions.__getitem__, reverse=True)
    newest_first, rows = [urgent_first[index] for index in order], [rows[index] for index in order]
    budget -= sum(size_of(row) + _HINT for row in rows)
    for index in sorted(range(len(rows)), key=lambda index: rank(newest_first[index][1].severity or NOISE)):
        position, step = newest_first[index]
        # That its hash moved is said in the head.
        changes = [change for change in step.changes if change.rule != "map-task-name"]
        table, rest = within(map(change_row, changes), max(budget, 0), len(changes))
        size = sum(map(size_of, table))
        blocks: list[Block] = [Table(table)] if table else []
        if rest or size > budget:
            blocks = [Paragraph([dim("the changes: "), code(f"history.diff({position - 1}, {position})")])]
        else:
            budget -= size
        rows[index] = replace(rows[index], blocks=blocks)
    note = f"{counted(len(steps), 'step')}, newest first"
    if newest_first[-1][0] < steps[left][0]:
        note += "; room goes to breaking and risky ones first"
    further = [Paragraph(dim(f"… {left:,} more; timeline() has all"))] if left else []
    return Section("Steps", note, [Folds(rows), *further], is_open=len(steps) <= _STEPS_OPEN)


def _step(history: TaskHistory, position: int, step: TaskDiff, labels: Mapping[str, str]) -> Fold:
    pieces: list[Piece] = [version_label(history.versions[position], labels), " "]
    for severity, number in step.counts.items():
        pieces += [Badge(severity, str(number), severity), " "]
    breaking = [change for change in step.changes if change.severity == BREAKING]
    if breaking:
        more = f" And {len(breaking) - 1} more." if len(breaking) > 1 else ""
        text: Line = f"{cut_masked(f'{breaking[0].place}: {breaking[0].reason}', _HEADLINE_BUDGET)[0]}{more}"
    elif step.changes:
        text = places_line(step.changes)
    else:
        text = dim(step.summary)
    return Fold(pieces[:-1], text, cache_word(step.cache.word))
