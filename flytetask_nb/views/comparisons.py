"""Description of tasks beside each other: a column for each, a row for each thing in which they differ."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING, Final

from flytetask_nb.diffs import diff
from flytetask_nb.diffs.version_history import value_text
from flytetask_nb.masking import mask_identifier
from flytetask_nb.models.notation import type_notation
from flytetask_nb.models.version_order import version_label as version_name
from flytetask_nb.views.diffs import (
    ACCEPTED_TITLE,
    NOISE_TITLE,
    PARTS,
    change_badge,
    describe_diff,
    kept_changes,
    value_sides,
)
from flytetask_nb.views.document import (
    Badge,
    Document,
    Paragraph,
    Row,
    Section,
    Stack,
    Table,
    code,
    cut,
    cut_masked,
    dim,
    expanded,
    size_of,
    within,
)
from flytetask_nb.views.excerpts import NAME_BUDGET, code_line, more_row, rows_within, title_of
from flytetask_nb.views.labels import name_label, shared_prefix, short_versions, version_label
from flytetask_nb.views.wording import counted

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Sequence

    from flytetask_nb.diffs import Change, TaskDiff
    from flytetask_nb.models.flyte_task import FlyteTask
    from flytetask_nb.views.document import Line, Piece

_VALUE_BUDGET: Final = 400
_SECTION_BUDGET: Final = 14_000
_SAME_BUDGET: Final = 5_000
_PAIR: Final = 2
_IN_HEADS: Final = frozenset({"id.version", "id.name", "id.project", "id.domain"})
"""What the heads of the columns say."""


def describe_pair(compared: TaskDiff, keep: Callable[[Change], bool] | None = None) -> Document:
    """Describe two tasks beside each other: what the old one says on the left, what the new one says on the right.

    ``keep``: tells whether a change is listed; verdict and headlines are about all of them. None lists all.
    Returns Document: verdict and headlines as of the changes; only what differs, part by part; what is the same is
      folded.
    """
    outline = describe_diff(compared, lambda _: False)
    labels = _heads((compared.old, compared.new))
    sections, left = [], _SECTION_BUDGET
    for title, changes in kept_changes(compared, keep):
        section, left = _pair_section(title, changes, labels, left)
        sections.append(section)
    sections.append(_same(compared))
    return replace(outline, sections=expanded(sections), subjects=compared._subjects())


def _pair_section(title: str, changes: Sequence[Change], labels: Sequence[Line], budget: int) -> tuple[Section, int]:
    rows, rest = within(map(_pair_row, changes), max(budget, 0), len(changes))
    budget -= sum(map(size_of, rows))
    if rest:
        rows.append(more_row(rest, 3))
    head = Row(["", *labels], header=True)
    note = counted(len(changes), "difference")
    is_open = title not in {ACCEPTED_TITLE, NOISE_TITLE, "Documentation"}
    return Section(title, note, [Table([head, *rows], is_even=True)], is_open=is_open), budget


def _pair_row(change: Change) -> Row:
    place: list[Piece] = [change_badge(change), " ", code("".join(cut(change.place, NAME_BUDGET)))]
    return Row([place, *value_sides(change)])


def _same(compared: TaskDiff) -> Section:
    """Return what is the same in both, folded: types of variables as a person writes them, and single values."""
    from flytetask_nb.diffs.flattening import flatten  # noqa: PLC0415 - few views need it

    before, after = (flatten(task._message) for task in (compared.old, compared.new))
    variables = list(_same_variables(compared))
    paths = [
        path
        for path, value in before.items()
        if path in after and after[path] == value and not path.startswith("interface.") and path not in _IN_HEADS
    ]
    values = ((path, value_text(path, before[path]) or "") for path in paths)
    same = (
        Row([code("".join(cut_masked(path, NAME_BUDGET))), code_line(" ".join(value.split()), _VALUE_BUDGET)])
        for path, value in (*variables, *values)
    )
    rows = rows_within(same, _SAME_BUDGET, len(variables) + len(paths), columns=2)
    counts = (counted(len(variables), "variable") if variables else "", counted(len(paths), "value"))
    return Section("The same in both", ", ".join(filter(None, counts)), [Table(rows)] if rows else [])


def _same_variables(compared: TaskDiff) -> Iterator[tuple[str, str]]:
    for side in ("inputs", "outputs"):
        before, after = (
            getattr(task._message.template.interface, side).variables for task in (compared.old, compared.new)
        )
        for name in sorted(before):
            if name in after and before[name] == after[name]:
                yield f"{side}.{name}", type_notation(before[name].type, brief=True)


# -- more than two ---------------------------------------------------------------------------------------------------


def describe_columns(tasks: Sequence[FlyteTask]) -> Document:
    """Describe tasks beside each other, each in a column, in the order given.

    ``tasks``: two or more tasks, versions of one or not.
    Returns Document: of two tasks what :func:`describe_pair` gives. Of more the rows in which any differs from the
      first, what differs marked.
    """
    if len(tasks) == _PAIR:
        return describe_pair(diff(*tasks))
    places: dict[str, dict[int, Change]] = {}
    parts: dict[str, str] = {}
    for column, task in enumerate(tasks[1:], start=1):
        for change in diff(tasks[0], task).all_changes():
            if change.place not in _IN_HEADS and not change.is_consequence:
                places.setdefault(change.place, {}).setdefault(column, change)
                parts.setdefault(change.place, change.part)
    ordered = sorted(places, key=lambda place: PARTS.index(parts[place]))
    rows = (_columns_row(place, places[place], len(tasks)) for place in ordered)
    body, rest = within(rows, _SECTION_BUDGET, len(ordered))
    blocks: list[Table | Paragraph] = []
    if body:
        head = Row(["", *_heads(tasks)], header=True)
        blocks.append(Table([head, *body], named=True, is_wide=True))
    if rest:
        blocks.append(Paragraph(dim(f"… {rest:,} more rows")))
    names = {task.name for task in tasks}
    title = mask_identifier(next(iter(names))) if len(names) == 1 else counted(len(tasks), "task")
    note = f"{counted(len(ordered), 'difference')}, “·” where it is as in the first column"
    lines: list[Line] = [] if ordered else [[Badge("good", "✓", "no differences")]]
    aside = f"{counted(len(tasks), 'version')} · {note}" if len(names) == 1 else note
    subjects = [task._message for task in tasks]
    return Document(title_of(title), aside, lines=lines, blocks=blocks, subjects=subjects)


def _columns_row(place: str, changes: dict[int, Change], count: int) -> Row:
    first = next(iter(changes.values())).texts[0]
    value = dim("none") if first is None else code("".join(cut(first, _VALUE_BUDGET)))
    cells: list[Line] = [code("".join(cut(place, NAME_BUDGET))), value]
    cells += [value_sides(changes[column])[1] if column in changes else dim("·") for column in range(1, count)]
    return Row(cells)


def _heads(tasks: Sequence[FlyteTask]) -> list[Line]:
    """Return what the columns are called: the versions, and the names where they differ."""
    versions = [mask_identifier(version_name(task.id.version, task.source)) for task in tasks]
    names = [mask_identifier(task.name) for task in tasks]
    labels = short_versions(versions)
    prefix = shared_prefix(names)
    if len(set(names)) == 1:
        return [version_label(version, labels) for version in versions]
    return [
        Stack([name_label(name, prefix), version_label(version, labels)])
        for name, version in zip(names, versions, strict=True)
    ]
