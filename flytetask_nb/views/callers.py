"""Description of what becomes of the callers of changed tasks: the verdict first, then a row for each reason."""

from __future__ import annotations

import re
from dataclasses import replace
from typing import TYPE_CHECKING

from flytetask_nb.masking import mask_identifier
from flytetask_nb.options import OPTIONS
from flytetask_nb.semantics.map_tasks import mapped_task, shortened_map_task
from flytetask_nb.views.document import (
    Badge,
    Document,
    Fold,
    Folds,
    Paragraph,
    Row,
    Section,
    Table,
    code,
    cut_masked,
    dim,
    expanded,
    size_of,
    within,
)
from flytetask_nb.views.excerpts import NAME_BUDGET, more_row, start_of, table_within
from flytetask_nb.views.labels import name_label, prefix_head, shared_prefix
from flytetask_nb.views.wording import counted

if TYPE_CHECKING:
    from collections.abc import Sequence

    from flytetask_nb.diffs.blast_radius import Caller, CallerReport
    from flytetask_nb.semantics.problems import CompileProblem
    from flytetask_nb.views.document import Block, Label, Line, Piece

_MESSAGE_BUDGET = 700
_TABLE_BUDGET = 12_000
_NAMES_BUDGET = 4_000
_CALLERS_SHOWN = 20
# The compiler writes both types out, thousands of characters of a dataclass: who feeds whom is what a person needs.
_FEEDS = re.compile(
    r"The output variable '(.*?)' has type \[.*\], but it's assigned to the input variable '(.*?)' which has type",
    re.DOTALL,
)
_UNSEEN = (
    "What @dynamic and @eager tasks call shows only when they run, and a map task is a task of its own, so not every "
    "use can be seen."
)


def describe_callers(report: CallerReport) -> Document:
    """Describe which workflows would not compile, and why."""
    verdict: list[Piece] = []
    for callers, tone, glyph, word in (
        (report.breaking, "breaking", "✗", "would not compile"),
        (report.unresolved, "risky", "?", "unresolved"),
        (report.compiling, "good", "✓", "compiles" if len(report.compiling) == 1 else "compile"),
    ):
        if callers:
            verdict += [Badge(tone, glyph, f"{len(callers)} {word}"), " "]
    prefix = shared_prefix(caller.workflow.name for caller in report)
    sections = [
        _cause_section("Would not compile", report.breaking, report, prefix, is_open=True),
        _cause_section("Unresolved", report.unresolved, report, prefix, is_open=not report.breaking),
        _linked_section(report),
        _name_section(
            "Compile as before",
            "workflow",
            [caller.workflow.name for caller in report.compiling],
            is_open=not report.breaking and not report.unresolved and len(report) <= OPTIONS["max_rows"],
        ),
        _name_section("Used by no workflow", "task", report.unused, note=_UNSEEN, is_open=not report.used),
    ]
    return Document(
        report.summary,
        lines=[verdict] if verdict else [],
        sections=expanded(section for section in sections if section is not None),
    )


def _cause_section(
    title: str, callers: Sequence[Caller], report: CallerReport, prefix: str, *, is_open: bool
) -> Section | None:
    """Describe why workflows do not compile, cause by cause: first what stands in the way of most of them."""
    if not callers:
        return None
    causes: dict[tuple[str, str], list[tuple[Caller, CompileProblem]]] = {}
    for caller in callers:
        for name, problem in zip(caller.causes, caller.problems, strict=True):
            causes.setdefault((name, _sentence(problem, name, caller)), []).append((caller, problem))
    ordered = sorted(causes.items(), key=lambda item: -len(item[1]))
    names = shared_prefix(name for name, _ in causes if name)
    rows, left = within(
        (_row(cause, problems, report, names, prefix) for cause, problems in ordered),
        _TABLE_BUDGET,
        len(ordered),
        _row_size,
    )
    rows[0] = replace(rows[0], is_open=is_open)
    blocks: list[Block] = [Folds(rows, (prefix_head("task or workflow", names), "why", "workflows"))]
    if left:
        blocks.append(Paragraph(dim(f"… {left:,} more; to_frame() has all")))
    return Section(title, counted(len(callers), "workflow"), blocks, is_open=is_open)


def _row_size(row: Fold) -> int:
    return size_of(row) + sum(size_of(block) for block in row.blocks if isinstance(block, Table))


def _row(
    cause: tuple[str, str],
    problems: Sequence[tuple[Caller, CompileProblem]],
    report: CallerReport,
    names: str,
    prefix: str,
) -> Fold:
    name, sentence = cause
    lead: Line = _map_task(name, names) if name else dim("the workflow itself")
    is_unresolved = problems[0][1].is_unresolved
    badge = Badge("risky", "?", "not given") if is_unresolved else Badge("breaking", "✗", "breaks")
    text: list[Piece] = [badge, " ", sentence]
    near = _near(name, report.unused) if is_unresolved else ""
    if near:
        text += [" Is it now ", code(start_of(mask_identifier(near))), "?"]
    callers = list(dict.fromkeys(caller.workflow.name for caller, _ in problems))
    rows = [
        Row([name_label(mask_identifier(caller.workflow.name), prefix), _place(problem), dim(problem.code)])
        for caller, problem in problems[:_CALLERS_SHOWN]
    ]
    if len(problems) > _CALLERS_SHOWN:
        rows.append(more_row(len(problems) - _CALLERS_SHOWN, 3))
    whole = mask_identifier(callers[0])
    first = name_label(whole, whole[: whole.rfind(".") + 1])
    return Fold(lead, text, first if len(callers) == 1 else counted(len(callers), "workflow"), [Table(rows)])


def _place(problem: CompileProblem) -> Line:
    if problem.node == "start-node":
        return ""
    node = code(cut_masked(problem.node, NAME_BUDGET)[0])
    if not problem.variable:
        return ["node ", node]
    return ["node ", node, ", variable ", code(cut_masked(problem.variable, NAME_BUDGET)[0])]


def _near(name: str, given: Sequence[str]) -> str:
    """Return the one task that was given, is called by nobody and has the same function's name in another module."""
    function = mapped_task(name).rpartition(".")[2]
    alike = [task for task in given if mapped_task(task).rpartition(".")[2] == function]
    return alike[0] if function and len(alike) == 1 else ""


def _linked_section(report: CallerReport) -> Section | None:
    """Say which map tasks were found under another hash."""
    linked = dict(pair for caller in report for pair in caller.linked)
    if not linked:
        return None
    note = dim("A setting of a map task changes the hash in its name. Compiled against the one that is there now:")
    rows = (Row([_map_task(old), ["→ ", _map_task(new)]]) for old, new in linked.items())
    blocks = [Paragraph(note), *table_within(rows, _NAMES_BUDGET, len(linked))]
    return Section("Linked across a hash", counted(len(linked), "map task"), blocks)


def _map_task(name: str, prefix: str = "") -> Label:
    return name_label(mask_identifier(name), prefix, shortened_map_task(mask_identifier(name)))


_SENTENCES = {
    "ParameterNotBound": "the input {variable} is required now, and the workflow does not give it.",
    "VariableNameNotFound": "the workflow uses {variable}, which is gone.",
    "FieldNotFound": "the workflow reaches into {variable}, where the field is gone.",
    "TaskReferenceNotFound": "this task is called, and is not among the tasks given.",
    "WorkflowReferenceNotFound": "this launch plan or sub-workflow is started, and was not given.",
    "Unhashable": "Flyte Admin refuses it: {message}",
}


_INPUT_GONE = "the workflow passes the input {variable}, which is gone."


def _sentence(problem: CompileProblem, cause: str, caller: Caller) -> str:
    """Return the reason as a person would say it; the compiler's own words where they say more."""
    feeds = _FEEDS.match(problem.message)
    if feeds is not None:
        output, taken = (cut_masked(name, NAME_BUDGET)[0] for name in feeds.groups())
        return f"{taken} is of another type now: {output}, which feeds it, no longer fits."
    sentence = _INPUT_GONE if _is_input_gone(problem, caller) else _SENTENCES.get(problem.code)
    if sentence is not None and (cause or not problem.is_unresolved):
        text = sentence.format(variable=problem.variable or "something", message=problem.message)
        return cut_masked(text, _MESSAGE_BUDGET)[0]
    return " ".join(filter(None, cut_masked(problem.message, _MESSAGE_BUDGET)))


def _is_input_gone(problem: CompileProblem, caller: Caller) -> bool:
    """Tell whether what is not found is an input; False where it may be an output of the same name as well."""
    if problem.code != "VariableNameNotFound":
        return False
    given = {node.id: {binding.var for binding in node._message.inputs} for node in caller.workflow.nodes}
    # Where an output is gone, the compiler says of the inputs that it was to feed that they are not bound.
    return problem.variable in given.get(problem.node, ()) and not any(
        other.code == "ParameterNotBound" and other.variable in given.get(other.node, {other.variable})
        for other in caller.problems
    )


def _name_section(
    title: str, noun: str, names: Sequence[str], *, note: str = "", is_open: bool = False
) -> Section | None:
    if not names:
        return None
    rows = (Row([code(start_of(mask_identifier(name)))]) for name in names)
    blocks = [*([Paragraph(dim(note))] if note else []), *table_within(rows, _NAMES_BUDGET, len(names))]
    return Section(title, counted(len(names), noun), blocks, is_open=is_open)
