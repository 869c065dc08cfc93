"""Description of a collection of tasks: how many of what, and the first rows, the newest first."""

from __future__ import annotations

from collections import Counter
from dataclasses import replace
from typing import TYPE_CHECKING

from flytetask_nb.diffs import diff
from flytetask_nb.errors import FlyteTaskError
from flytetask_nb.models.flyte2 import FLYTE2_MARK, is_flyte2
from flytetask_nb.models.identifiers import is_filled_in
from flytetask_nb.models.notation import signature_notation
from flytetask_nb.models.version_order import CREATED_AT, GIVEN, LOADING, VERSION, in_words
from flytetask_nb.options import OPTIONS
from flytetask_nb.semantics.task_container import task_image
from flytetask_nb.views.diffs import change_row
from flytetask_nb.views.document import (
    Badge,
    Clip,
    Document,
    Fold,
    Folds,
    Notice,
    Paragraph,
    Row,
    Section,
    Stack,
    Table,
    code,
    cut_masked,
    dim,
    size_of,
    within,
)
from flytetask_nb.views.excerpts import more, rows_within, start_of, table_within
from flytetask_nb.views.execution import image_words
from flytetask_nb.views.labels import name_label, prefix_head, shared_prefix, short_versions, version_label
from flytetask_nb.views.tasks import card_blocks, headline_words
from flytetask_nb.views.wording import counted, joined, listed

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from flytetask_nb.collection import Failure, TaskCollection
    from flytetask_nb.diffs import Change, TaskDiff
    from flytetask_nb.models import FlyteTask
    from flytetask_nb.views.document import Block, Line, Piece

_SIGNATURE_BUDGET = 400
_TABLE_BUDGET = 12_000
_CARDS_BUDGET = 9_000
"""Bytes of what opens in the rows: of the first ones, as many as fit."""
_CHANGES_BUDGET = 3_000
_FAILURES_BUDGET = 6_000
_TYPES_SHOWN = 6
_PLACES_SHOWN = 2
_BESIDE = {GIVEN: "as given", CREATED_AT: "by created_at", VERSION: "by version", LOADING: "by load order"}


def describe_collection(tasks: TaskCollection) -> Document:
    """Describe a collection of tasks.

    ``tasks``: the collection. Only the tasks in the rows that are shown are built, and the types counted from all.
    Returns Document: the newest version of each task comes first. Of the versions of one task, each row says what it
      changed.
    """
    count, names = len(tasks), len(tasks.names)
    versions = len(list(filter(is_filled_in, set(tasks.column("version")))))
    words = [counted(names, "name"), counted(versions, "version") if versions else "not registered yet"]
    words += _order(tasks)
    lines: list[Line] = [_types(tasks)] if count else []
    blocks: list[Block] = []
    newest: list[FlyteTask] = []
    if count:
        # One more than is shown: what the last row changed, the version before it tells.
        newest = list(tasks.newest_first(OPTIONS["max_rows"] + 1))
        rows = _version_rows(newest) if names == 1 and count > 1 else _task_rows(newest, tasks)
        rows, left = within(rows[: OPTIONS["max_rows"]], _TABLE_BUDGET, count)
        blocks.append(_opening(rows, newest, names == 1, has_types=_has_types(tasks)))
        if left:
            blocks.append(Paragraph(more(left)))
    sections = [failures_section(tasks.failures)] if tasks.failures else []
    subjects = [task._message for task in newest]
    aside = ", ".join(words) if count else ""
    return Document(counted(count, "task"), aside, lines, blocks, sections, subjects)


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
    words = [f"{number:,} {start_of(kind) or '(no type)'}" for kind, number in ordered[:_TYPES_SHOWN]]
    if len(ordered) > _TYPES_SHOWN:
        words.append(f"… {len(ordered) - _TYPES_SHOWN} more types")
    return " · ".join(words)


def _has_types(tasks: TaskCollection) -> bool:
    """Tell whether there are tasks of several types, so that each row says its own."""
    return len(set(tasks.column("type"))) > 1


def _opening(rows: Sequence[Fold], tasks: Sequence[FlyteTask], is_history: bool, *, has_types: bool) -> Folds:
    """Let the first rows open what they are about, as many as there is room for."""
    left = _CARDS_BUDGET
    opening: list[Fold] = [replace(row, blocks=()) for row in rows]
    # What a version changed comes before what a task is.
    for place in sorted(range(len(rows)), key=lambda place: not rows[place].blocks):
        blocks: Sequence[Block] = rows[place].blocks or (card_blocks(tasks[place]) if left > 0 else ())
        size = sum(size_of(block) if isinstance(block, Table | Paragraph) else _CARDS_BUDGET for block in blocks)
        if size <= left:
            opening[place] = replace(rows[place], blocks=blocks)
        left -= size
    name = prefix_head("task", shared_prefix(task.name for task in tasks))
    # That nothing is registered yet, or all are of one type, is told above.
    words = ("version" if any(map(_version, tasks)) else "", "type" if has_types else "")
    head: tuple[Line, Line, Line] = (name, "signature", joined(words))
    if is_history and len(rows) > 1:
        head = ("version", "what it changed", "")
    return Folds(opening, head, in_place=True)


# -- tasks of several names ----------------------------------------------------------------------------------------


def _task_rows(tasks: Sequence[FlyteTask], collection: TaskCollection) -> list[Fold]:
    prefix = shared_prefix(task.name for task in tasks)
    versions = short_versions(map(_version, tasks))
    counts = collection.version_counts()
    facts = [_facts(task) for task in tasks]
    # What all of them have tells none of them from the others.
    telling = [len(set(column)) > 1 for column in zip(*facts, strict=True)]
    has_types = _has_types(collection)
    # So many versions as the head tells.
    usual = len(set(filter(is_filled_in, collection.column("version"))))
    rows = []
    for task, own in zip(tasks, facts, strict=True):
        number = counts.get(collection.name_of(task), 1)
        kind = start_of(task._message.template.type) if has_types else ""
        words = [
            ""
            if number in (1, usual)
            else counted(number, "version")
            if _version(task)
            else f"{number:,} of this name",
            kind,
            FLYTE2_MARK if is_flyte2(task._message) else "",
        ]
        version: list[Piece] = [_version_piece(task, versions)] if usual else []
        end = joined([*version, *map(dim, filter(None, words))])
        aside = " · ".join(text for text, is_telling in zip(own, telling, strict=True) if is_telling and text)
        signature = _signature(task)
        text: Line = Stack([signature, dim(aside)]) if aside else signature
        rows.append(Fold(name_label(task.name, prefix), text, end))
    return rows


def _signature(task: FlyteTask) -> Clip:
    notation = signature_notation(task._message.template.interface, brief=True)
    return Clip(start_of(notation, _SIGNATURE_BUDGET))


def _facts(task: FlyteTask) -> tuple[str, str]:
    """Return what a task asks for, and its image without registry and folders."""
    template = task._message.template
    try:
        return headline_words(template), image_words(task_image(template)).rpartition("/")[2]
    except FlyteTaskError:
        return "", ""


def _version(task: FlyteTask) -> str:
    version: str = task._message.template.id.version
    return version if is_filled_in(version) else ""


def _version_piece(task: FlyteTask, labels: Mapping[str, str]) -> Piece:
    version = _version(task)
    return version_label(version, labels) if version else dim("no version")


# -- versions of one task ------------------------------------------------------------------------------------------


def _version_rows(tasks: Sequence[FlyteTask]) -> list[Fold]:
    """Describe what each version changed; the oldest, of which nobody says what was before, by its signature."""
    labels = short_versions(map(_version, tasks))
    rows = []
    for task, before in zip(tasks, [*tasks[1:], None], strict=True):
        mark = dim(FLYTE2_MARK) if is_flyte2(task._message) else ""
        text, blocks = (_signature(task), ()) if before is None else _changes(diff(before, task))
        rows.append(Fold(_version_piece(task, labels), text, mark, blocks))
    return rows


def _changes(compared: TaskDiff) -> tuple[Line, Sequence[Block]]:
    """Return what changed in a line, and the changes to be opened."""
    changes: tuple[Change, ...] = compared.changes
    if not changes:
        noise = listed(list(compared.noise_summary), 4)
        return dim(f"only the release moved: {noise}" if noise else "no changes"), ()
    places = list(dict.fromkeys(start_of(change.place) for change in changes))
    badges = (Badge(severity, str(count), severity) for severity, count in compared.counts.items())
    line = joined((*badges, listed(places, _PLACES_SHOWN)), " ")
    return line, [Table(rows_within(map(change_row, changes), _CHANGES_BUDGET, len(changes), columns=4, place=1))]


# -- failures ------------------------------------------------------------------------------------------------------


def failures_section(failures: Sequence[Failure]) -> Section:
    """Describe what could not be read."""
    rows = [
        Row([code(cut_masked(str(failure.place), _SIGNATURE_BUDGET)[0]), cut_masked(failure.reason, 700)[0]])
        for failure in failures
    ]
    count = len(failures)
    notice = Notice(Badge("breaking", "✗", counted(count, "failure")), "could not be read:")
    blocks = [notice, *table_within(rows, _FAILURES_BUDGET, head=["source", "reason"])]
    return Section("Failures", counted(count, "source"), blocks, is_open=True)
