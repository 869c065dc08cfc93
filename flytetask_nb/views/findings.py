"""Description of what a check of a task has found: the verdict first, then a line per finding and why it matters."""

from __future__ import annotations

from itertools import groupby
from typing import TYPE_CHECKING

from flytetask_nb.masking import mask_identifier, mask_text
from flytetask_nb.models.field_names import familiar_path
from flytetask_nb.views.document import (
    Badge,
    Document,
    Notice,
    Paragraph,
    Section,
    code,
    cut,
    dim,
    line_size,
    text_size,
    within,
)
from flytetask_nb.views.wording import counted

if TYPE_CHECKING:
    from collections.abc import Sequence

    from flytetask_nb.semantics.findings import Finding, Findings
    from flytetask_nb.views.document import Block, Line, Piece

__all__ = ["describe_findings"]

_NAME_BUDGET = 300
_PATH_BUDGET = 300
_MESSAGE_BUDGET = 700
_SECTION_BUDGET = 13_000
_BLOCK = 120
"""Bytes of markup around a notice and its paragraph, at most."""

_REFUSED = ("breaking", "✗")
_WARNED = ("risky", "!")


def describe_findings(findings: Findings) -> Document:
    """Describe findings.

    Parameters
    ----------
    findings
        What a check of one task gave.

    Returns
    -------
    Document
        A section of what is refused and one of what is warned of, each in the order of the findings. What
        findings of one rule have in common is said once where they stand together.
    """
    refusals, warnings = findings.refusals, findings.warnings
    verdict: Line = (
        Badge("good", "✓", "would register")
        if findings.would_register
        else Badge(*_REFUSED, "would be refused by Flyte Admin")
    )
    sections = [
        _section(title, note, found, look)
        for title, note, found, look in (
            ("Refused", "Flyte Admin names the first of them", refusals, _REFUSED),
            ("Warnings", "registered all the same", warnings, _WARNED),
        )
        if found
    ]
    counts = [f"{len(refusals):,} refused"] if refusals else []
    counts += [counted(len(warnings), "warning")] if warnings else []
    return Document(
        cut(mask_identifier(findings.task), _NAME_BUDGET)[0] or "Findings",
        " · ".join(counts) or "nothing found",
        lines=[verdict],
        sections=sections,
    )


def _section(title: str, note: str, findings: Sequence[Finding], look: tuple[str, str]) -> Section:
    lines = [(finding, _line(finding)) for finding in findings]
    shown, left = within(lines, _SECTION_BUDGET, lambda item: _size(*item))
    blocks: list[Block] = []
    for _, group in groupby(shown, key=lambda item: (item[0].rule, item[0].reason)):
        alike = list(group)
        blocks += (Notice(Badge(*look, cut(finding.rule, _NAME_BUDGET)[0]), line) for finding, line in alike)
        reason = cut(alike[0][0].reason, _MESSAGE_BUDGET)[0]
        if reason:
            blocks.append(Paragraph(dim(reason)))
    if left:
        blocks.append(Paragraph(dim(f"… {left:,} more")))
    return Section(title, note, blocks, is_open=True)


def _line(finding: Finding) -> list[Piece]:
    path, path_rest = cut(mask_text(familiar_path(finding.path)), _PATH_BUDGET)
    message, rest = cut(mask_text(" ".join(finding.message.split())), _MESSAGE_BUDGET)
    place: list[Piece] = [code(path), dim(f" {path_rest} ") if path_rest else " "] if path else []
    return [*place, message, dim(f" {rest}") if rest else ""]


def _size(finding: Finding, line: list[Piece]) -> int:
    return (
        _BLOCK
        + min(text_size(finding.rule), _NAME_BUDGET)
        + min(text_size(finding.reason), _MESSAGE_BUDGET)
        + line_size(line)
    )
