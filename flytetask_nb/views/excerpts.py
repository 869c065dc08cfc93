"""What is shown of what would take too much room, and how it is said that there is more: the same way everywhere."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final, TypeAlias

from flytetask_nb.views.document import Fields, Paragraph, Row, Table, code, cut, dim, within

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Sequence

    from flytetask_nb.views.document import Block, Line, Span

Field: TypeAlias = "tuple[str, list[Line]]"
"""A name with the lines of its value, as ``Fields`` has them."""


def more(left: int) -> Span:
    """Return how many there are beyond those that are shown."""
    return dim(f"… {left:,} more")


NAME_BUDGET: Final = 300
"""Bytes of a name."""


def start_of(text: str, budget: int = NAME_BUDGET) -> str:
    """Return as much of a text as fits into a number of bytes, without a remark on the rest."""
    return cut(text, budget)[0]


def code_line(text: str, budget: int) -> Line:
    """Return text as it stands in the task, cut to a number of bytes, and how much of it is left out."""
    start, remark = cut(text, budget)
    return [code(start), dim(f" {remark}")] if remark else code(start)


def title_of(name: str) -> str:
    """Return a name as the title of a document."""
    return start_of(name) or "(no name)"


def set_fields(*fields: tuple[str, Line]) -> list[Field]:
    """Return the fields that have a value, each of one line."""
    return [(name, [line]) for name, line in fields if line]


def fields_blocks(fields: list[Field]) -> list[Block]:
    """Return a block of fields; nothing where there are none."""
    return [Fields(fields)] if fields else []


def lines_within(lines: Iterable[Line], budget: int, total: int | None = None) -> list[Line]:
    """Return as many lines as fit, the last one with how many do not; parameters as ``within`` takes them."""
    taken, left = within(lines, budget, total)
    return [*taken, more(left)] if left else taken


def fields_within(fields: Iterable[Field], budget: int, total: int | None, size: Callable[[Field], int]) -> list[Field]:
    """Return as many fields as fit, the last one with how many do not; parameters as ``within`` takes them."""
    taken, left = within(fields, budget, total, size)
    return [*taken, ("…", [dim(f"{left:,} more")])] if left else taken


def rows_within(
    rows: Iterable[Row], budget: int, total: int | None = None, *, columns: int, place: int = 0
) -> list[Row]:
    """Return as many rows as fit, the last one with how many do not, in the column at that place."""
    taken, left = within(rows, budget, total)
    return [*taken, more_row(left, columns, place)] if left else taken


def more_row(left: int, columns: int, place: int = 0) -> Row:
    """Return the row of a table that says how many others there are."""
    return Row([more(left) if column == place else "" for column in range(columns)])


def table_within(rows: Iterable[Row], budget: int, total: int | None = None, head: Sequence[Line] = ()) -> list[Block]:
    """Return a table of as many rows as fit under a head, and below it how many do not; nothing where there are none.

    ``rows``, ``budget``, ``total``: as ``within`` takes them.
    ``head``: the names of the columns.
    """
    taken, left = within(rows, budget, total)
    blocks: list[Block] = [Table([*([Row(head, header=True)] if head else []), *taken])] if taken else []
    return [*blocks, Paragraph(more(left))] if left else blocks
