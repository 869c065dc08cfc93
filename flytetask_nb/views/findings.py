"""Description of what a check of a task has found: the verdict first, then a line per finding and why it matters."""

from __future__ import annotations

from collections import Counter
from dataclasses import replace
from itertools import groupby
from typing import TYPE_CHECKING

from flytetask_nb.masking import mask_identifier
from flytetask_nb.models.field_names import familiar_path
from flytetask_nb.options import OPTIONS
from flytetask_nb.semantics.findings import REFUSED
from flytetask_nb.views.document import (
    Badge,
    Document,
    Notice,
    Paragraph,
    Row,
    Section,
    Table,
    code,
    cut_masked,
    dim,
    expanded,
    size_of,
    text_size,
    within,
)
from flytetask_nb.views.excerpts import NAME_BUDGET, more, start_of, title_of
from flytetask_nb.views.labels import whole_version
from flytetask_nb.views.wording import counted, joined

if TYPE_CHECKING:
    from collections.abc import Sequence

    from flytetask_nb.semantics.findings import CollectionFindings, Finding, Findings
    from flytetask_nb.views.document import Block, Piece

_PATH_BUDGET = 300
_MESSAGE_BUDGET = 700
_SECTION_BUDGET = 13_000
_BLOCK = 120
"""Bytes of markup around a notice and its paragraph, at most."""

_FINE = ("good", "✓")
_REFUSED = ("breaking", "✗")
_WARNED = ("risky", "!")


def describe_findings(findings: Findings) -> Document:
    """Describe findings.

    Returns Document: a section of what is refused and one of what is warned of, each in the order of the findings. What
      findings of one rule have in common is said once where they stand together.
    """
    is_fine = findings.would_register
    verdict = Badge(*_FINE, "would register") if is_fine else Badge(*_REFUSED, "would be refused by Flyte Admin")
    sections = [
        _section(title, note, listed, look)
        for title, note, listed, look in (
            ("Refused", "Flyte Admin names the first of them", findings.refusals, _REFUSED),
            ("Warnings", "registered all the same", findings.warnings, _WARNED),
        )
        if listed
    ]
    name, _, version = mask_identifier(findings.task).partition(" ")
    return Document(
        start_of(name) or "Findings",
        joined((whole_version(version), *(count_words(findings) or ["nothing found"]))),
        lines=[verdict],
        sections=sections,
    )


def count_words(findings: Findings) -> list[str]:
    """Return how much is refused and warned of, in a few words each; empty where nothing is."""
    refusals, warnings = len(findings.refusals), len(findings.warnings)
    words = (f"{refusals:,} refused" if refusals else "", counted(warnings, "warning") if warnings else "")
    return list(filter(None, words))


def describe_collection_findings(findings: CollectionFindings) -> Document:
    """Describe the findings of several tasks: which rules are broken how often, then task by task, the worst first."""
    refused, warned = findings.refused, findings.warned
    tasks = Counter(
        key for of_task in findings for key in dict.fromkeys((finding.severity, finding.rule) for finding in of_task)
    )
    ordered = sorted(tasks.items(), key=lambda item: (item[0][0] != REFUSED, -item[1], item[0][1]))
    rows = [
        Row([Badge(*(_REFUSED if severity == REFUSED else _WARNED), rule), f"in {counted(number, 'task')}"])
        for (severity, rule), number in ordered
    ]
    sections: list[Section] = []
    budget = _SECTION_BUDGET
    for of_task in [of_task for of_task in findings if len(of_task)][: OPTIONS["max_rows"]]:
        if budget <= 0:
            break
        look, note = (_WARNED, "would register") if of_task.would_register else (_REFUSED, "would be refused")
        section = _section(title_of(mask_identifier(of_task.task)), note, of_task, look, budget)
        sections.append(replace(section, is_open=not sections))
        budget -= sum(_size(finding, _line(finding)) for finding in of_task) + _BLOCK
    left = len(refused) + len(warned) - len(sections)
    words = (
        f"{len(refused):,} would be refused" if refused else "",
        f"{len(warned):,} with warnings" if warned else "",
    )
    blocks: list[Block] = [Table(rows)] if rows else []
    if left:
        blocks.append(Paragraph(dim(f"the worst {len(sections):,} tasks below, … {left:,} more: see .to_frame()")))
    verdict = (
        Badge(*_FINE, "all would register")
        if findings.would_register
        else Badge(*_REFUSED, f"{len(refused):,} would be refused by Flyte Admin")
    )
    return Document(
        f"Check of {counted(len(findings), 'task')}",
        " · ".join(filter(None, words)) or "nothing found",
        lines=[verdict],
        blocks=blocks,
        sections=expanded(sections),
    )


def _section(
    title: str, note: str, findings: Sequence[Finding], look: tuple[str, str], budget: int = _SECTION_BUDGET
) -> Section:
    lines, left = within([(finding, _line(finding)) for finding in findings], budget, size=lambda item: _size(*item))
    blocks: list[Block] = []
    for _, group in groupby(lines, key=lambda item: (item[0].rule, item[0].reason)):
        alike = list(group)
        for finding, line in alike:
            tone = look if finding.severity == REFUSED else _WARNED
            blocks.append(Notice(Badge(*tone, start_of(finding.rule)), line))
        reason = start_of(alike[0][0].reason, _MESSAGE_BUDGET)
        if reason:
            blocks.append(Paragraph(dim(reason)))
    if left:
        blocks.append(Paragraph(more(left)))
    return Section(title, note, blocks, is_open=True)


def _line(finding: Finding) -> list[Piece]:
    path, path_rest = cut_masked(familiar_path(finding.path), _PATH_BUDGET)
    message, rest = cut_masked(" ".join(finding.message.split()), _MESSAGE_BUDGET)
    place: list[Piece] = [code(path), dim(f" {path_rest} ") if path_rest else " "] if path else []
    return [*place, message, dim(f" {rest}") if rest else ""]


def _size(finding: Finding, line: list[Piece]) -> int:
    return (
        _BLOCK
        + min(text_size(finding.rule), NAME_BUDGET)
        + min(text_size(finding.reason), _MESSAGE_BUDGET)
        + size_of(line)
    )
