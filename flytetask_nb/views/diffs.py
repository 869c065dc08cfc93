"""Description of what changed between two versions of a task: the verdict first, then part by part."""

from __future__ import annotations

import re
from dataclasses import replace
from difflib import SequenceMatcher
from itertools import islice
from typing import TYPE_CHECKING, Final

from flytetask_nb.diffs.texts import quoted_if_alike, windowed
from flytetask_nb.errors import QuantityError
from flytetask_nb.masking import mask_text
from flytetask_nb.models.identifiers import is_filled_in
from flytetask_nb.semantics.plugin_settings import Spelling
from flytetask_nb.semantics.quantities import parse
from flytetask_nb.views.document import (
    Badge,
    Document,
    Edit,
    Notice,
    Paragraph,
    Row,
    Section,
    Stack,
    Table,
    code,
    cut,
    dim,
    expanded,
    size_of,
    strong,
    within,
)
from flytetask_nb.views.excerpts import more_row, start_of, title_of
from flytetask_nb.views.labels import versions_line
from flytetask_nb.views.wording import counted, joined

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Iterator, Sequence
    from fractions import Fraction

    from flytetask_nb.diffs import Change, TaskDiff
    from flytetask_nb.diffs.task_diff import CacheVerdict
    from flytetask_nb.views.document import Block, Line, Piece

PARTS: Final = (
    *("Interface", "Resources", "Execution", "Metadata", "Security", "Plugin", "Identity", "Documentation", "Other"),
)
ACCEPTED_TITLE: Final = "Accepted"
NOISE_TITLE: Final = "Release noise"
_OPEN: Final = frozenset({"breaking", "risky", "behaviour"})
_GLYPHS: Final = {"added": "+", "removed": "−", "changed": "~", "renamed": "→", "moved": "↕", "reordered": "↕"}
CACHE_TONES: Final = {
    "invalidated": "behaviour",
    "tags rotated": "behaviour",
    "on": "behaviour",
    "off": "cost",
    "unchanged": "good",
}
_STALE: Final = {"stale risk": ("risky", "⚠"), "image moved": ("behaviour", "⟳")}
_AMOUNT_RULES: Final = ("request-", "limit-", "plugin-memory-")

_BUDGET: Final = 22_000
_PATH_BUDGET: Final = 300
_VALUE_BUDGET: Final = 900
_REASON_BUDGET: Final = 500
_HEADLINE_BUDGET: Final = 600
_HEADLINES_SHOWN: Final = 6

_PLACES_TOLD: Final = 3
_LONG: Final = 48
"""Characters from which on the two values stand in lines of their own, changed words marked."""
_LONG_TOGETHER: Final = 64
"""Characters of both from which on they do so too: in one line they would break at any place."""
_LONGEST_MARKED: Final = 4_000
_NARROW: Final = 40
"""Characters that are shown of two values whose difference was cut off."""
_LINES_SHOWN: Final = 12
_KEPT: Final = 24
"""Characters that are shown of a long equal stretch, at each of its ends."""
_TINY: Final = 2
_WORDS: Final = re.compile(r"\w+|\s+|.", re.DOTALL)
# Of a long equal stretch, what is kept: to the end of a word; from the beginning of a field, or else of a word.
_HEAD: Final = re.compile(rf".{{{_KEPT // 2},{_KEPT}}}\b", re.DOTALL)
_FIELDS: Final = re.compile(rf"(?<=, )\S.{{{_KEPT // 3},}}\Z", re.DOTALL)
_TAIL: Final = re.compile(rf"\b\w.{{{_KEPT // 2},}}\Z", re.DOTALL)


def describe_diff(diff: TaskDiff, keep: Callable[[Change], bool] | None = None) -> Document:
    """Describe the changes between two versions of a task.

    ``keep``: tells whether a change is listed; verdict and headlines are about all of them. None lists all.
    Returns Document: verdict and headlines, a section for each part that changed, then what is folded.
    """
    old, new = diff.ids
    name = new["name"] if new["name"] == old["name"] else f"{old['name']} → {new['name']}"
    versions = (version if is_filled_in(version) else "" for version in (old["version"], new["version"]))
    sections, left = [], _BUDGET
    for title, changes in kept_changes(diff, keep):
        section, left = _section(title, changes, left)
        if title not in PARTS:
            folded = f"{len(changes)} folded"
            note = f"{', '.join(diff.noise_summary)} ({folded})" if title == NOISE_TITLE else folded
            section = replace(section, note=note, is_open=False)
        sections.append(section)
    return Document(
        title_of(name),
        versions_line(*versions) or "not registered yet",
        lines=[_verdict(diff), _rest(diff)],
        blocks=_headlines(diff),
        sections=expanded(sections),
    )


def kept_changes(diff: TaskDiff, keep: Callable[[Change], bool] | None) -> Iterator[tuple[str, Sequence[Change]]]:
    """Yield the changes that are listed under their titles: part by part, then what was accepted, and the noise."""
    kept, accepted, noise = (
        changes if keep is None else tuple(filter(keep, changes))
        for changes in (diff.changes, diff.accepted, diff.noise)
    )
    parts = ((part, [change for change in kept if change.part == part]) for part in PARTS)
    return (
        (title, changes) for title, changes in (*parts, (ACCEPTED_TITLE, accepted), (NOISE_TITLE, noise)) if changes
    )


def _verdict(diff: TaskDiff) -> Line:
    badges = [Badge(severity, str(count), severity) for severity, count in diff.counts.items()]
    if not badges:
        is_same = not diff.noise and not diff.accepted
        badges = [Badge("good" if is_same else "cosmetic", "✓", diff.summary)]
    return joined((*badges, cache_badge(diff.cache)))


def cache_badge(cache: CacheVerdict) -> Badge:
    """Return what becomes of cached results: a moved image alone is told from changes that surely matter."""
    if not cache.stale_risk:
        return Badge(CACHE_TONES.get(cache.verdict, "cosmetic"), "⟳", f"cache: {cache.verdict}")
    if cache.is_release_alone:
        return Badge("behaviour", "⟳", "cache: unchanged, image moved")
    return Badge("risky", "⚠", "cache: unchanged, results may be stale")


def cache_word(word: str) -> Piece:
    """Return what becomes of cached results, in a word or two as a plan has them."""
    if word == "not cached":
        return dim(word)
    return Badge(*_STALE[word], word) if word in _STALE else Badge(CACHE_TONES.get(word, "cosmetic"), "⟳", word)


def _rest(diff: TaskDiff) -> Line:
    words = (
        f"{counted(diff.unchanged_count, 'value')} unchanged",
        f"release noise folded: {', '.join(diff.noise_summary)}" if diff.noise and diff.changes else "",
        f"{len(diff.accepted)} accepted" if diff.accepted else "",
        f"not registered yet: {', '.join(diff.unregistered)}" if diff.unregistered else "",
        f"not compared, for only one side tells it: {', '.join(diff.left_out)}" if diff.left_out else "",
    )
    return dim(" · ".join(filter(None, words)))


def _headlines(diff: TaskDiff) -> list[Block]:
    headlines = diff.headlines
    notices: list[Block] = []
    for index, text in enumerate(headlines[:_HEADLINES_SHOWN]):
        is_stale = index == 0 and diff.cache.stale_risk
        if is_stale:
            badge = Badge(*_STALE[diff.cache.word], diff.cache.word)
        elif text.startswith("The cache key"):
            badge = Badge("behaviour", "⟳", "cache")
        else:
            badge = Badge("breaking", "!", "breaking")
        notices.append(Notice(badge, start_of(text, _HEADLINE_BUDGET)))
    rest = len(headlines) - _HEADLINES_SHOWN
    return [*notices, Paragraph(dim(f"… {counted(rest, 'more headline')}"))] if rest > 0 else notices


def _section(part: str, changes: Sequence[Change], budget: int) -> tuple[Section, int]:
    """Describe the changes of one part in so many bytes, and give how many of them are left."""
    # One by one: those that do not fit are not looked at.
    rows, left = within(map(change_row, changes), max(budget, 0), len(changes))
    if left:
        rows.append(more_row(left, 4, 1))
    is_open = any(change.severity in _OPEN for change in changes)
    section = Section(part, counted(len(changes), "change"), [Table(rows)], is_open=is_open)
    return section, budget - sum(map(size_of, rows))


def change_row(change: Change) -> Row:
    """Return the row of a table that tells a change: severity, place, values, reason."""
    path, remark = cut(change.place, _PATH_BUDGET)
    lines = _value_lines(change)
    values = lines[0] if len(lines) == 1 else Stack(lines)
    return Row([change_badge(change), code(path + remark), values, _reason(change)])


def change_badge(change: Change) -> Badge:
    """Return how severe a change is, with a glyph for its kind."""
    return Badge(change.severity, _GLYPHS[change.kind], change.severity)


def places_line(changes: Sequence[Change]) -> list[Piece]:
    """Return where changes are, in a line: the first of them, and whether that is all."""
    places = list(dict.fromkeys(change.place for change in changes))
    pieces = joined((code(start_of(place, _PATH_BUDGET)) for place in places[:_PLACES_TOLD]), ", ")
    rest = len(places) - _PLACES_TOLD
    return [*pieces, f" and {rest} more" if rest > 0 else " only" if len(places) == 1 else ""]


def _reason(change: Change) -> Line:
    if change.severity == "noise":
        return ""
    words = [change.reason]
    if change.witness:
        words.append(mask_text(change.witness))
    if change.aspects:
        words.append(f"Also {', '.join(change.aspects)}.")
    if change.effective == "recompile":
        words.append("Takes effect when the workflows that call it are registered again.")
    text, remark = cut(" ".join(words), _REASON_BUDGET)
    return text + remark


# -- values --------------------------------------------------------------------------------------------------------


def _value_lines(change: Change) -> list[Line]:
    old, new = change.texts
    if old is None:
        return [""] if new is None else [_edit(new, is_added=True)]
    if new is None:
        return [_edit(old, is_added=False)]
    if "\n" in old or "\n" in new:
        return _line_by_line(old, new)
    if max(len(old), len(new)) < _LONG and len(old) + len(new) < _LONG_TOGETHER:
        ratio = ratio_of(change)
        removed, added = _edits(old, new)
        line: list[Piece] = [removed, " → ", added]
        return [[*line, " ", strong(ratio)] if ratio else line]
    return list(_marked(old, new))


def value_sides(change: Change) -> tuple[Line, Line]:
    """Return the old and the new value for two cells beside each other, the changed words marked."""
    old, new = change.texts
    if old is None or new is None:
        return (
            dim("none") if old is None else _edit(old, is_added=False),
            dim("none") if new is None else _edit(new, is_added=True),
        )
    if "\n" in old or "\n" in new:
        lines = _line_by_line(old, new)
        sides = [
            Stack([line for line in lines if not isinstance(line, Edit) or line.is_added == is_added])
            for is_added in (False, True)
        ]
        return sides[0], sides[1]
    removed, added = _marked(old, new) if max(len(old), len(new)) >= _LONG else _edits(old, new)
    ratio = ratio_of(change)
    return removed, [added, " ", strong(ratio)] if ratio else added


def _edit(text: str, *, is_added: bool) -> Edit:
    start, remark = cut(text.replace("\n", "⏎"), _VALUE_BUDGET)
    return Edit([(start or "(empty)", False), *([(f" {remark}", False)] if remark else [])], is_added=is_added)


def _edits(old: str, new: str) -> tuple[Edit, Edit]:
    return _distinct(old, new, (_edit(old, is_added=False), _edit(new, is_added=True)))


def _distinct(old: str, new: str, made: tuple[Edit, Edit]) -> tuple[Edit, Edit]:
    """Return both values as they were made, or where that cut off the difference a stretch around it."""
    if old == new or made[0].parts != made[1].parts:
        return made
    removed, added = windowed(old, new, _NARROW)
    return Edit([(removed, True)], is_added=False), Edit([(added, True)], is_added=True)


def _marked(old: str, new: str) -> tuple[Edit, Edit]:
    """Return both values with the words marked in which they differ, long equal stretches cut."""
    old, new = quoted_if_alike(old, new)
    if old == new:
        same = _shortened(old)
        return Edit([(same, False)], is_added=False), Edit([(same, False)], is_added=True)
    if max(len(old), len(new)) > _LONGEST_MARKED:
        return _edits(old, new)
    before, after = _WORDS.findall(old), _WORDS.findall(new)
    parts: tuple[list[tuple[str, bool]], list[tuple[str, bool]]] = ([], [])
    for is_equal, first, second in _runs(before, after):
        for part, text in zip(parts, (first, second), strict=True):
            if text:
                part.append((_shortened(text) if is_equal else text, not is_equal))
    return _distinct(old, new, (_fitting(parts[0], is_added=False), _fitting(parts[1], is_added=True)))


def _runs(old: list[str], new: list[str]) -> list[tuple[bool, str, str]]:
    """Return equal and different stretches; an equal one of a character or two between different ones counts as different."""
    runs: list[tuple[bool, str, str]] = []
    opcodes = SequenceMatcher(None, old, new, autojunk=False).get_opcodes()
    for index, (tag, start, end, other_start, other_end) in enumerate(opcodes):
        first, second = "".join(old[start:end]), "".join(new[other_start:other_end])
        is_equal = tag == "equal" and not (len(first) <= _TINY and 0 < index < len(opcodes) - 1)
        if runs and not is_equal and not runs[-1][0]:
            runs[-1] = (False, runs[-1][1] + first, runs[-1][2] + second)
        else:
            runs.append((is_equal, first, second))
    return runs


def _fitting(parts: list[tuple[str, bool]], *, is_added: bool) -> Edit:
    fitting: list[tuple[str, bool]] = []
    budget = _VALUE_BUDGET
    for text, marked in parts:
        kept, remark = cut(text, max(budget, 0))
        fitting.append((kept, marked))
        budget -= 7 + len(kept.encode("utf-8", "replace"))
        if remark:
            fitting.append((f" {remark}", False))
            break
    return Edit(fitting or [("(empty)", False)], is_added=is_added)


def _shortened(text: str) -> str:
    """Return a long equal stretch cut between two words, before the last fields where there are any of them."""
    if len(text) <= 3 * _KEPT:
        return text
    start, end = text[:_KEPT], text[-_KEPT:]
    if head := _HEAD.match(text):
        start = head[0]
    if tail := _FIELDS.search(text, len(text) - _KEPT) or _TAIL.search(text, len(text) - _KEPT):
        end = tail[0]
    return f"{start.rstrip()} … {end}"


def _line_by_line(old: str, new: str) -> list[Line]:
    before, after = old.splitlines(), new.splitlines()
    if max(len(before), len(after)) > _LONGEST_MARKED:
        return list(_edits(old, new))
    runs = SequenceMatcher(None, before, after, autojunk=False).get_opcodes()
    number = sum(1 if tag == "equal" else end - start + to - since for tag, start, end, since, to in runs)
    lines = list(islice(_run_lines(before, after, runs), _LINES_SHOWN))
    if number > len(lines):
        lines.append(dim(f"… {number - len(lines):,} more lines"))
    return lines or [dim("line ends alone")]


def _run_lines(
    before: Sequence[str], after: Sequence[str], runs: Iterable[tuple[str, int, int, int, int]]
) -> Iterator[Line]:
    """Describe what became of lines, one by one: those that are not shown are not compared."""
    for tag, start, end, other_start, other_end in runs:
        if tag == "equal":
            yield dim(counted(end - start, "equal line"))
            continue
        paired = min(end - start, other_end - other_start)
        for offset in range(paired):
            yield from _marked(before[start + offset], after[other_start + offset])
        yield from (_edit(line, is_added=False) for line in before[start + paired : end])
        yield from (_edit(line, is_added=True) for line in after[other_start + paired : other_end])


def ratio_of(change: Change) -> str:
    """Return how many times an amount is another: ``(4×)``; empty for what is no amount."""
    if not change.rule.startswith(_AMOUNT_RULES):
        return ""
    try:
        before, after = (
            side.value if isinstance(side, Spelling) else parse(str(side)).value for side in (change.old, change.new)
        )
    except QuantityError:
        return ""
    if not before or not after:
        return ""
    return f"({_times(after / before)}×)"


def _times(ratio: Fraction) -> str:
    """Return a ratio as a whole number, a simple fraction, or with two decimals."""
    if ratio.denominator == 1:
        return f"{ratio.numerator:,}"
    if ratio.numerator == 1 and ratio.denominator <= 16:  # noqa: PLR2004 - beyond that a decimal reads better
        return f"1/{ratio.denominator}"
    return f"{float(ratio):.2f}"
