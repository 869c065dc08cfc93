"""Description of what becomes of the callers of changed tasks: the verdict first, then a row for each reason."""

from __future__ import annotations

from typing import TYPE_CHECKING

from flytetask_nb.masking import mask_identifier, mask_text
from flytetask_nb.views.document import (
    Badge,
    Document,
    Paragraph,
    Row,
    Section,
    Table,
    code,
    cut,
    dim,
    row_size,
    within,
)
from flytetask_nb.views.wording import counted

if TYPE_CHECKING:
    from collections.abc import Sequence

    from flytetask_nb.diffs.blast_radius import Caller, CallerReport
    from flytetask_nb.semantics.problems import CompileProblem
    from flytetask_nb.views.document import Block, Line, Piece

__all__ = ["describe_callers"]

_NAME_BUDGET = 300
_MESSAGE_BUDGET = 700
_TABLE_BUDGET = 10_000
_NAMES_BUDGET = 4_000
_UNSEEN = (
    "What @dynamic and @eager tasks call shows only when they run, and a map task is a task of its own, so not every "
    "use can be seen."
)


def describe_callers(report: CallerReport) -> Document:
    """Describe which workflows would not compile, and why.

    Parameters
    ----------
    report
        What ``callers`` found.
    """
    verdict: list[Piece] = []
    for callers, tone, glyph, word in (
        (report.breaking, "breaking", "✗", "would not compile"),
        (report.unresolved, "risky", "?", "unresolved"),
        (report.compiling, "good", "✓", "compiles" if len(report.compiling) == 1 else "compile"),
    ):
        if callers:
            verdict += [Badge(tone, glyph, f"{len(callers)} {word}"), " "]
    sections = [
        _problem_section("Would not compile", report.breaking, is_open=True),
        _problem_section("Unresolved: something they use was not given", report.unresolved, is_open=False),
        _name_section("Compile as before", "workflow", [caller.workflow.name for caller in report.compiling]),
        _name_section("Used by no workflow", "task", report.unused, note=_UNSEEN, is_open=not report.used),
    ]
    return Document(
        report.summary,
        lines=[verdict] if verdict else [],
        sections=[section for section in sections if section is not None],
    )


def _problem_section(title: str, callers: Sequence[Caller], *, is_open: bool) -> Section | None:
    if not callers:
        return None
    pairs = [(caller, problem) for caller in callers for problem in caller.problems]
    shown, left = within((_row(*pair) for pair in pairs), _TABLE_BUDGET, row_size, len(pairs))
    blocks: list[Block] = [Table([Row(["workflow", "node", "variable", "reason", "code"], header=True), *shown])]
    if left:
        blocks.append(Paragraph(dim(f"… {left:,} more")))
    return Section(title, counted(len(callers), "workflow"), blocks, is_open=is_open)


def _row(caller: Caller, problem: CompileProblem) -> Row:
    variable: Line = code(cut(mask_text(problem.variable), _NAME_BUDGET)[0]) if problem.variable else ""
    return Row(
        [
            code(cut(mask_identifier(caller.workflow.name), _NAME_BUDGET)[0]),
            code(cut(mask_text(problem.node), _NAME_BUDGET)[0]),
            variable,
            _sentence(problem),
            dim(problem.code),
        ]
    )


_SENTENCES = {
    "ParameterNotBound": "the input {variable} is required now and the workflow does not give it",
    "VariableNameNotFound": "the workflow uses {variable}, which is gone",
    "FieldNotFound": "the workflow reaches into {variable}, where the field is gone",
    "TaskReferenceNotFound": "a task that it calls was not given",
    "WorkflowReferenceNotFound": "a launch plan or sub-workflow that it starts was not given",
    "Unhashable": "Flyte Admin refuses it: {message}",
}


def _sentence(problem: CompileProblem) -> str:
    """Return the reason as a person would say it; the compiler's own words where they say more."""
    sentence = _SENTENCES.get(problem.code)
    if sentence is not None:
        told = sentence.format(variable=problem.variable or "something", message=problem.message)
        return cut(mask_text(told), _MESSAGE_BUDGET)[0]
    return " ".join(filter(None, cut(mask_text(problem.message), _MESSAGE_BUDGET)))


def _name_section(
    title: str, noun: str, names: Sequence[str], *, note: str = "", is_open: bool = False
) -> Section | None:
    if not names:
        return None
    shown, left = within(
        (Row([code(cut(mask_identifier(name), _NAME_BUDGET)[0])]) for name in names),
        _NAMES_BUDGET,
        row_size,
        len(names),
    )
    blocks: list[Block] = [Paragraph(dim(note))] if note else []
    blocks.append(Table(shown))
    if left:
        blocks.append(Paragraph(dim(f"… {left:,} more")))
    return Section(title, counted(len(names), noun), blocks, is_open=is_open)
