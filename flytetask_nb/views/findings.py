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
    from flytetask_nb.views.document import Block, Line, Piece

_PATH_BUDGET = 300
_MESSAGE_BUDGET = 700
_SECTION_BUDGET = 13_000
_NAMES_BUDGET = 1_500
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
            ("Warnings", "do not stop registration", findings.warnings, _WARNED),
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
    """Describe the findings of several tasks rule by rule: what is refused first, then what few tasks have.

    Why a rule matters is said once; below it stand the tasks that break it, those that break it alike in one row.
    """
    of_rules: dict[tuple[str, str, str], list[tuple[str, Finding]]] = {}
    tasks: Counter[tuple[str, str, str]] = Counter()
    versions = {of_task.task.partition(" ")[2] for of_task in findings}
    version = versions.pop() if len(versions) == 1 else ""
    for of_task in findings:
        name = of_task.task.removesuffix(f" {version}")
        rules = [(finding.severity, finding.rule, finding.reason) for finding in of_task]
        tasks.update({*rules})
        for rule, finding in zip(rules, of_task, strict=True):
            of_rules.setdefault(rule, []).append((name, finding))
    sections: list[Section] = []
    budget = _SECTION_BUDGET
    for rule in sorted(of_rules, key=lambda rule: (rule[0] != REFUSED, tasks[rule], rule)):
        section, size = _section_of_rule(rule, of_rules[rule], tasks[rule], budget)
        if sections and size > budget:
            break
        sections.append(replace(section, is_open=not sections or rule[0] == REFUSED))
        budget -= size
    left = len(of_rules) - len(sections)
    blocks: list[Block] = [Paragraph(dim(f"… {counted(left, 'more rule')}: see .to_frame()"))] if left else []
    refused = len(findings.refused)
    words = (f"{refused:,} would be refused" if refused else "", _with_warnings(findings))
    verdict = (
        Badge(*_FINE, "all would register")
        if findings.would_register
        else Badge(*_REFUSED, f"{refused:,} would be refused by Flyte Admin")
    )
    return Document(
        f"Check of {counted(len(findings), 'task')}",
        joined((whole_version(mask_identifier(version)), *(list(filter(None, words)) or ["nothing found"]))),
        lines=[verdict],
        blocks=blocks,
        sections=expanded(sections),
    )


def _with_warnings(findings: CollectionFindings) -> str:
    """Return how many tasks have warnings, those among them that would be refused as well."""
    warned = sum(bool(of_task.warnings) for of_task in findings)
    return f"{warned:,} with warnings" if warned else ""


def _section_of_rule(
    rule: tuple[str, str, str], broken: Sequence[tuple[str, Finding]], tasks: int, budget: int
) -> tuple[Section, int]:
    """Describe where tasks break a rule, and tell how many bytes that takes."""
    severity, name, reason = rule
    alike: dict[tuple[str, str], list[tuple[str, Finding]]] = {}
    for task, finding in broken:
        alike.setdefault((finding.path, finding.message), []).append((task, finding))
    groups = [*alike.values()][: OPTIONS["max_rows"]]
    rows = (Row([_line(group[0][1]), _names([task for task, _ in group])]) for group in groups)
    look = (*_REFUSED, "refused") if severity == REFUSED else (*_WARNED, "warning")
    told = Notice(Badge(*look), dim(start_of(reason, _MESSAGE_BUDGET)))
    # Of many places a rule shows at most so many that there is room for the next rules.
    taken, left = within(rows, budget // 2, len(alike))
    blocks: list[Block] = [told, Table(taken), *([Paragraph(more(left))] if left else [])]
    title = start_of(name)
    size = _BLOCK + size_of(told.line) + text_size(title) + sum(map(size_of, taken))
    return Section(title, f"in {counted(tasks, 'task')}", blocks), size


def _names(tasks: Sequence[str]) -> Line:
    made = (code(title_of(mask_identifier(task))) for task in tasks)
    names, left = within(made, _NAMES_BUDGET, len(tasks), size=lambda name: 2 + size_of(name))
    pieces = joined(names, ", ")
    return [*pieces, dim(f" … {left:,} more")] if left else pieces


def _section(title: str, note: str, findings: Sequence[Finding], look: tuple[str, str]) -> Section:
    lines, left = within(
        [(finding, _line(finding)) for finding in findings], _SECTION_BUDGET, size=lambda item: _size(*item)
    )
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
