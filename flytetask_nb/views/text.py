"""From a document to text: plain, and for rich with styles.

One layout serves both, so a terminal with colours and one without show the same characters in the same places.
"""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, Any
from unicodedata import east_asian_width

from flytetask_nb.views.document import (
    Badge,
    Bars,
    Clip,
    Code,
    Document,
    Edit,
    Fields,
    Folds,
    Label,
    Link,
    Notice,
    Paragraph,
    Row,
    Span,
    Stack,
    Table,
    visible,
)
from flytetask_nb.views.highlighting import highlighted

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable

    from flytetask_nb.views.document import Block, Line, Piece, Section

__all__ = ["render", "render_rich"]

Segment = tuple[str, str]
"""A text and a style of rich's."""

_INDENT = "  "
_GAP = "  "
_WIDEST_CELL = 56
"""A cell wider than this goes on in the next line."""
_WORDS = re.compile(r"\S+\s*|\s+")
_ROLES = {"code": "", "dim": "dim", "strong": "bold"}
_TONES = {
    "breaking": "bold red",
    "risky": "bold yellow",
    "behaviour": "bold blue",
    "cost": "bold yellow",
    "cosmetic": "dim",
    "good": "bold green",
}
_HIGHLIGHTS = {"b": "bold", "i": "italic", "": ""}


def render(document: Document) -> str:
    """Return a document as plain text.

    Parameters
    ----------
    document
        What is to be shown.

    Returns
    -------
    str
        Lines without trailing blanks, no line break at the end.
    """
    return "\n".join("".join([text for text, _ in line]).rstrip() for line in _lines(document))


def render_rich(document: Document) -> Any:
    """Return a document as a ``rich.text.Text``, whose plain characters are those of ``render``."""
    from rich.text import Text  # noqa: PLC0415 - rich is loaded when it asks

    text = Text(no_wrap=False, overflow="fold")
    for index, line in enumerate(_lines(document)):
        if index:
            text.append("\n")
        for characters, style in _stripped(line):
            text.append(characters, style or None)
    return text


def _stripped(line: list[Segment]) -> list[Segment]:
    """Take trailing blanks off a line."""
    while line and not line[-1][0].strip():
        line.pop()
    if line:
        line[-1] = (line[-1][0].rstrip(), line[-1][1])
    return line


def _lines(document: Document) -> Iterable[list[Segment]]:
    head = [(visible(document.title), "bold")]
    if document.aside:
        head += [(_GAP, ""), *_dimmed(document.aside)]
    yield head
    for line in document.lines:
        yield _flat(_segments(line))
    for block in document.blocks:
        yield from _block(block, "")
    for section in document.sections:
        yield from _section(section)


def _section(section: Section) -> Iterable[list[Segment]]:
    head = [(visible(section.title).replace("\n", " "), "bold")]
    if section.note:
        head += [(_GAP, ""), *_dimmed(section.note)]
    yield []
    yield head
    for block in section.blocks:
        yield from _block(block, _INDENT)


def _dimmed(line: Line) -> list[Segment]:
    return [(text, style or "dim") for text, style in _flat(_segments(line))]


def _segments(line: Line) -> list[Segment]:
    return _PIECES[type(line)](line)


def _pieces(line: list[Piece]) -> list[Segment]:
    return [segment for piece in line for segment in _segments(piece)]


def _span(span: Span) -> list[Segment]:
    return [(visible(span.text), _ROLES[span.role])]


def _badge(badge: Badge) -> list[Segment]:
    return [(f"{badge.glyph} {visible(badge.word)}", _TONES.get(badge.tone, ""))]


def _link(link: Link) -> list[Segment]:
    if link.href == link.text:
        return [(visible(link.text), "")]
    return [(visible(link.text), ""), (f" ({visible(link.href)})", "dim")]


def _edit(edit: Edit) -> list[Segment]:
    """Mark words as Git does, for a terminal may have no colours."""
    first, last, style = ("{+", "+}", "green") if edit.is_added else ("[-", "-]", "red")
    words = [(f"{first}{visible(text)}{last}" if marked else visible(text), style) for text, marked in edit.parts]
    return [(f"{edit.sign} ", style), *words]


def _flat(segments: list[Segment]) -> list[Segment]:
    """Put what has line breaks of its own on one line."""
    return [(text.replace("\n", " ") if "\n" in text else text, style) for text, style in segments]


def _block(block: Block, indent: str) -> Iterable[list[Segment]]:
    return _BLOCKS[type(block)](block, indent)


def _notice(notice: Notice, indent: str) -> Iterable[list[Segment]]:
    yield [(indent, ""), *_segments(notice.badge), (" ", ""), *_flat(_segments(notice.line))]


def _paragraph(paragraph: Paragraph, indent: str) -> Iterable[list[Segment]]:
    for line in _broken(_segments(paragraph.line)):
        yield [(indent, ""), *line]


def _broken(segments: list[Segment]) -> Iterable[list[Segment]]:
    """Split segments at their line breaks."""
    line: list[Segment] = []
    for text, style in segments:
        first, *rest = text.split("\n")
        line.append((first, style))
        for part in rest:
            yield line
            line = [(part, style)]
    yield line


def _table(table: Table, indent: str) -> Iterable[list[Segment]]:
    for lines in _row_lines(table, indent):
        yield from lines


def _folds(folds: Folds, indent: str) -> Iterable[list[Segment]]:
    """Put what opens of a row below it."""
    head = [Row(folds.head, header=True)] if folds.head else []
    table = Table([*head, *(Row([row.lead, row.text, row.end]) for row in folds.rows)])
    for lines, row in zip(_row_lines(table, indent), [None] * len(head) + list(folds.rows), strict=True):
        yield from lines
        for block in () if row is None or folds.in_place else row.blocks:
            yield from _block(block, indent + _INDENT)


def _row_lines(table: Table, indent: str) -> Iterable[list[list[Segment]]]:
    """Return the lines of each row of a table."""
    rows = [[_cell_lines(cell) for cell in row.cells] for row in table.rows]
    widths: dict[int, int] = {}
    for cells in rows:
        for index, parts in enumerate(cells):
            widths[index] = max(widths.get(index, 0), *map(_width, parts))
    for row, cells in zip(table.rows, rows, strict=True):
        lines: list[list[Segment]] = []
        for number in range(max(map(len, cells), default=0)):
            line: list[Segment] = [(indent, "")]
            for index, parts in enumerate(cells):
                part = parts[number] if number < len(parts) else []
                padding = " " * (widths[index] - _width(part))
                styled = [(text, "dim") for text, _ in part] if row.header else part
                right = index in table.numbers and not row.header
                line += [(padding, ""), *styled] if right else [*styled, (padding, "")]
                line.append((_GAP, ""))
            lines.append(line)
        yield lines


def _cell_lines(cell: Line) -> list[list[Segment]]:
    lines = cell.lines if isinstance(cell, Stack) else [cell]
    return [part for line in lines for part in _wrapped(_flat(_segments(line)))]


def _wrapped(segments: list[Segment]) -> list[list[Segment]]:
    """Break a cell that would make its column too wide, at blanks where there are any."""
    if _width(segments) <= _WIDEST_CELL:
        return [segments]
    lines: list[list[Segment]] = [[]]
    room = _WIDEST_CELL
    for text, style in segments:
        for word in _WORDS.findall(text):
            while _width([(word, "")]) > room:
                if room == _WIDEST_CELL:
                    lines[-1].append((word[:room], style))
                    word = word[room:]  # noqa: PLW2901 - what is left of the word goes on the next line
                lines.append([])
                room = _WIDEST_CELL
            lines[-1].append((word, style))
            room -= _width([(word, "")])
    return [line for line in lines if line]


def _bars(bars: Bars, indent: str) -> Iterable[list[Segment]]:
    """Draw marks as one character a column, for the columns' names would take all of the line."""
    labels = [column.text for column in bars.columns]
    ends = [labels[0], labels[-1]] if len(labels) > 1 else labels
    names = [_flat(_segments(name)) for name, _, _ in bars.rows]
    width = max([len(bars.titles[0]), *map(_width, names)])
    span = visible(" … ".join(ends))
    room = max(len(bars.columns), len(span))
    yield [(indent, ""), (_GAP.join([bars.titles[0].ljust(width), span.ljust(room), bars.titles[1]]), "dim")]
    for name, (_, marks, note) in zip(names, bars.rows, strict=True):
        line: list[Segment] = [(indent, ""), *name, (" " * (width - _width(name)), ""), (_GAP, "")]
        line += [("·", "dim") if mark is None else (mark.glyph, _TONES.get(mark.tone, "")) for mark in marks]
        yield [*line, (" " * (room - len(marks)), ""), (_GAP, ""), *_flat(_segments(note))]
    if bars.caption:
        yield [(indent, ""), (visible(bars.caption), "dim")]


def _fields(fields: Fields, indent: str) -> Iterable[list[Segment]]:
    width = max((len(name) for name, _ in fields.rows), default=0)
    for name, lines in fields.rows:
        for number, line in enumerate(lines):
            label = visible(name).ljust(width) if not number else " " * width
            for part_number, part in enumerate(_broken(_segments(line))):
                yield [(indent, ""), (label if not part_number else " " * width, "dim"), (_GAP, ""), *part]


def _code(block: Code, indent: str) -> Iterable[list[Segment]]:
    segments = [(visible(text), _HIGHLIGHTS[role]) for role, text in highlighted(block.text, block.language)]
    for line in _broken(segments):
        yield [(indent, ""), *line]


def _width(segments: list[Segment]) -> int:
    """Return the columns that segments take on a terminal."""
    total = 0
    for text, _ in segments:
        total += len(text) if text.isascii() else sum(1 + (east_asian_width(char) in "WF") for char in text)
    return total


_PIECES: dict[type, Callable[[Any], list[Segment]]] = {
    str: lambda text: [(visible(text), "")],
    list: _pieces,
    Span: _span,
    Badge: _badge,
    Link: _link,
    Label: lambda label: [(visible(label.text), "")],
    Clip: lambda clip: [(visible(clip.start), "")],
    Edit: _edit,
    Stack: lambda stack: [segment for line in stack.lines for segment in (*_segments(line), (" ", ""))],
}
_BLOCKS: dict[type, Callable[[Any, str], Iterable[list[Segment]]]] = {
    Table: _table,
    Bars: _bars,
    Fields: _fields,
    Code: _code,
    Paragraph: _paragraph,
    Notice: _notice,
    Folds: _folds,
}
