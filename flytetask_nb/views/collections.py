"""Description of a collection of tasks: how many of what, and the first rows."""

from __future__ import annotations

from collections import Counter
from typing import TYPE_CHECKING, Any

from flytetask_nb.masking import mask_text
from flytetask_nb.models.flyte2 import FLYTE2_MARK, is_flyte2
from flytetask_nb.models.identifiers import is_filled_in
from flytetask_nb.models.notation import signature_notation
from flytetask_nb.models.version_order import CREATED_AT, GIVEN, LOADING, VERSION, in_words
from flytetask_nb.options import OPTIONS
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
    row_size,
    within,
)
from flytetask_nb.views.wording import counted

if TYPE_CHECKING:
    from collections.abc import Sequence

    from flytetask_nb.collection import Failure, TaskCollection
    from flytetask_nb.models import FlyteTask
    from flytetask_nb.views.document import Block, Line

__all__ = ["describe_collection", "failures_section"]

_NAME_BUDGET = 300
_SIGNATURE_BUDGET = 400
_TABLE_BUDGET = 20_000
_FAILURES_BUDGET = 6_000
_TYPES_SHOWN = 6
_BESIDE = {GIVEN: "as given", CREATED_AT: "by created_at", VERSION: "by version", LOADING: "by load order"}


def describe_collection(tasks: TaskCollection) -> Document:
    """Describe a collection of tasks.

    Parameters
    ----------
    tasks
        The collection. Only the tasks in the rows that are shown are built, and the types counted from all.
    """
    count, limit = len(tasks), OPTIONS["max_rows"]
    versions = len(list(filter(is_filled_in, set(tasks.column("version")))))
    words = [counted(len(tasks.names), "name"), counted(versions, "version") if versions else "not registered yet"]
    words += _order(tasks)
    lines: list[Line] = []
    if count:
        lines.append(_types(tasks))
    blocks: list[Block] = []
    if count:
        rows = [_row(task) for task in tasks[:limit]]
        shown, _ = within(rows, _TABLE_BUDGET, row_size)
        blocks.append(Table([Row(["name", "version", "type", "signature"], header=True), *shown]))
        if count > len(shown):
            blocks.append(Paragraph(dim(f"… {count - len(shown):,} more")))
    sections = [failures_section(tasks.failures)] if tasks.failures else []
    return Document(
        counted(count, "task"), ", ".join(words) if count else "", lines=lines, blocks=blocks, sections=sections
    )


def _order(tasks: TaskCollection) -> list[str]:
    """Say what the order of versions rests on, where there are several: first of most tasks, then of the others."""
    orders = sorted(tasks.orders().items(), key=lambda item: -item[1])
    return [
        in_words(order) if not place else f"{counted(number, 'name')} {_BESIDE[order]}"
        for place, (order, number) in enumerate(orders)
    ]


def _types(tasks: TaskCollection) -> Line:
    counts = Counter(tasks.column("type"))
    # The commonest first; of equally common ones the first by name.
    ordered = sorted(counts.items(), key=lambda item: (-item[1], item[0]))
    words = [f"{number:,} {cut(kind, _NAME_BUDGET)[0] or '(no type)'}" for kind, number in ordered[:_TYPES_SHOWN]]
    if len(ordered) > _TYPES_SHOWN:
        words.append(f"… {len(ordered) - _TYPES_SHOWN} more types")
    return " · ".join(words)


def _row(task: FlyteTask) -> Row:
    template: Any = task._message.template
    name, name_rest = cut(template.id.name, _NAME_BUDGET)
    signature, rest = cut(signature_notation(template.interface, brief=True), _SIGNATURE_BUDGET)
    kind = cut(template.type, _NAME_BUDGET)[0]
    return Row(
        [
            [code(name), dim(f" {name_rest}")] if name_rest else code(name),
            cut(template.id.version, _NAME_BUDGET)[0] if is_filled_in(template.id.version) else dim("none"),
            [kind, dim(f" {FLYTE2_MARK}")] if is_flyte2(task._message) else kind,
            [code(signature), dim(f" {rest}")] if rest else code(signature),
        ]
    )


def failures_section(failures: Sequence[Failure]) -> Section:
    """Describe what could not be read.

    Parameters
    ----------
    failures
        One or more.
    """
    rows = [
        Row([code(cut(mask_text(str(failure.place)), _SIGNATURE_BUDGET)[0]), cut(mask_text(failure.reason), 700)[0]])
        for failure in failures
    ]
    shown, left = within(rows, _FAILURES_BUDGET, row_size)
    blocks: list[Block] = [
        Notice(Badge("breaking", "✗", counted(len(failures), "failure")), "could not be read:"),
        Table([Row(["source", "reason"], header=True), *shown]),
    ]
    if left:
        blocks.append(Paragraph(dim(f"… {left:,} more")))
    return Section("Failures", counted(len(failures), "source"), blocks, is_open=True)
