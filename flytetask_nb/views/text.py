"""From a document to text: plain, and for rich with styles.

One layout serves both, so a terminal with colours and one without show the same characters in the same places.
"""

from __future__ import annotations

import re
from contextvars import ContextVar
from itertools import chain
from typing import TYPE_CHECKING, Any
from unicodedata import east_asian_width

from flytetask_nb.masking.gate import gated
from flytetask_nb.masking.tainted import secrets_kept
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
    budget_scale,
    clipped,
)
from flytetask_nb.views.highlighting import highlighted

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Sequence

    from flytetask_nb.views.document import Block, Line

Segment = tuple[str, str]
"""A text and a style of rich's."""

_INDENT = "  "
_GAP = "  "
_WIDEST_CELL = 56
"""A cell wider than this goes on in the next line."""
_LEAST = 16
"""Columns of a page that a cell needs to be read."""
_LONGEST_WORD = 44
"""Columns of a word that is not broken for want of room, where something else can go below."""
_page: ContextVar[int | None] = ContextVar("page", default=None)
"""Columns of the page that is written for; None: lines are as long as they need to be."""
_PUNCTUATION = frozenset(",;.:")
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


def render(document: Document, width: int | None = None) -> str:
    """Return a document as plain text.

    ``width``: columns that a line takes at most; None: as many as it takes.
    Returns str: lines without trailing blanks, no line break at the end.
    """
    if width is not None:
        return str(RichPage(document).text(width).plain)
    return "\n".join("".join([text for text, _ in line]).rstrip() for line in _lines(document))


class RichPage:
    """A document for rich, laid out for the width of the console that it is printed on."""

    def __init__(self, document: Document) -> None:
        self._document = document

    def text(self, width: int | None = None) -> Any:
        """Return the document as a ``rich.text.Text``.

        ``width``: columns of the page; None: as many as it takes.
        """
        from rich.text import Text  # noqa: PLC0415 - rich is loaded when it asks

        text = Text(no_wrap=False, overflow="fold")
        token = _page.set(width)
        try:
            lines = [part for line in _lines(self._document) for part in _on_page(line, width)]
        finally:
            _page.reset(token)
        for index, line in enumerate(lines):
            if index:
                text.append("\n")
            for characters, style in _stripped(line):
                text.append(characters, style or None)
        return text

    @property
    def plain(self) -> str:
        """The characters, as ``render`` gives them."""
        return render(self._document)

    def __str__(self) -> str:
        return self.plain

    def __rich_console__(self, console: Any, options: Any) -> Iterable[Any]:
        yield self.text(options.max_width)


def render_rich(document: Document) -> RichPage:
    """Return a document for rich, whose characters on a wide page are those of ``render``."""
    return RichPage(document)


def _on_page(line: list[Segment], width: int | None) -> list[list[Segment]]:
    """Break a line that is wider than the page, what follows a little further in than its beginning."""
    if width is None or _width(_stripped(list(line))) <= width:
        return [line]
    first = "".join(text for text, _ in line)
    indent = " " * min(len(first) - len(first.lstrip()) + len(_INDENT), max(width - _LEAST, 0))
    first_line, *rest = _wrapped(line, width)
    rest = _wrapped([segment for part in rest for segment in part], max(width - len(indent), 1))
    return [first_line, *([(indent, ""), *part] for part in rest)]


def _stripped(line: list[Segment]) -> list[Segment]:
    """Take trailing blanks off a line."""
    while line and not line[-1][0].strip():
        line.pop()
    if line:
        line[-1] = (line[-1][0].rstrip(), line[-1][1])
    return line


def _lines(document: Document) -> list[list[Segment]]:
    with secrets_kept(document.subjects):
        return list(_all_lines(document))


def _all_lines(document: Document) -> Iterable[list[Segment]]:
    yield _head(gated(document.title), document.aside)
    for line in document.lines:
        yield _flat(_segments(line))
    for block in document.blocks:
        yield from _block(block, "")
    for section in document.sections:
        yield []
        yield _head(gated(section.title).replace("\n", " "), section.note)
        for block in section.blocks:
            yield from _block(block, _INDENT)


def _head(title: str, beside: Line) -> list[Segment]:
    dimmed = [(text, style or "dim") for text, style in _flat(_segments(beside))] if beside else []
    return [(title, "bold"), *([(_GAP, ""), *dimmed] if beside else [])]


def _segments(line: Line) -> list[Segment]:
    return _PIECES[type(line)](line)


def _link(link: Link) -> list[Segment]:
    if link.href == link.text:
        return [(gated(link.text), "")]
    return [(gated(link.text), ""), (f" ({gated(link.href)})", "dim")]


def _edit(edit: Edit) -> list[Segment]:
    """Mark words as Git does, for a terminal may have no colours."""
    first, last, style = ("{+", "+}", "green") if edit.is_added else ("[-", "-]", "red")
    words = [(f"{first}{gated(text)}{last}" if marked else gated(text), style) for text, marked in edit.parts]
    return [(f"{edit.sign} ", style), *words]


def _flat(segments: list[Segment]) -> list[Segment]:
    """Put what has line breaks of its own on one line."""
    return [(text.replace("\n", " ") if "\n" in text else text, style) for text, style in segments]


def _block(block: Block, indent: str) -> Iterable[list[Segment]]:
    return _BLOCKS[type(block)](block, indent)


def _notice(notice: Notice, indent: str) -> Iterable[list[Segment]]:
    yield [(indent, ""), *_segments(notice.badge), (" ", ""), *_flat(_segments(notice.line))]


def _indented(segments: list[Segment], indent: str) -> Iterable[list[Segment]]:
    return ([(indent, ""), *line] for line in _broken(segments))


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


def _folds(folds: Folds, indent: str) -> Iterable[list[Segment]]:
    """Put what opens of a row below it."""
    opened: list[Sequence[Block]] = [() if folds.in_place else row.blocks for row in folds.rows]
    for lines, blocks in zip(_row_lines(folds.table, indent), [*([()] if folds.head else []), *opened], strict=True):
        yield from lines
        for block in blocks:
            yield from _block(block, indent + _INDENT)


def _row_lines(table: Table, indent: str) -> Iterable[list[list[Segment]]]:
    """Return the lines of each row of a table: as wide as its cells are, or as the page lets it be."""
    natural = [[_cell_lines(cell, _WIDEST_CELL) for cell in row.cells] for row in table.rows]
    widths = _column_widths(natural)
    page = _page.get()
    beside = len(widths)
    if page is not None and (room := max(page - len(indent), _LEAST)) < _total(widths):
        least = _least_widths(natural, widths)
        # Those that can still be read beside each other; the others go below, each on its own.
        beside = next((count for count in range(len(least), 1, -1) if _total(least[:count]) <= room), 1)
        widths = [
            *_narrowed(widths[:beside], least, room),
            *[max(room - len(_INDENT), _LEAST)] * (len(widths) - beside),
        ]
    for row, cells in zip(table.rows, natural, strict=True):
        cells = [  # noqa: PLW2901 - those that are too wide, and those that go below, broken anew
            parts if place < beside and all(_width(part) <= width for part in parts) else _cell_lines(cell, width)
            for place, (cell, parts, width) in enumerate(zip(row.cells, cells, widths, strict=False))
        ]
        lines = list(_side_by_side(row, cells[:beside], widths, table, indent))
        for parts in () if row.header else cells[beside:]:
            lines += ([(indent + _INDENT, ""), *part] for part in parts if _width(part))
        yield lines


def _column_widths(rows: Sequence[Sequence[Sequence[list[Segment]]]]) -> list[int]:
    widths: list[int] = []
    for cells in rows:
        widths += [0] * (len(cells) - len(widths))
        for index, parts in enumerate(cells):
            widths[index] = max(widths[index], *map(_width, parts))
    return widths


def _total(widths: Sequence[int]) -> int:
    return sum(widths) + len(_GAP) * max(len(widths) - 1, 0)


def _least_widths(rows: Sequence[Sequence[Sequence[list[Segment]]]], widths: Sequence[int]) -> list[int]:
    """Return the width at which each column can still be read: no word of it is broken, unless it is very long."""
    longest = [0] * len(widths)
    for cells in rows:
        for index, parts in enumerate(cells):
            words = (word for part in parts for text, _ in part for word in text.split())
            longest[index] = max([longest[index], *(_width([(word, "")]) for word in words)])
    return [min(width, max(min(word, _LONGEST_WORD), _LEAST)) for width, word in zip(widths, longest, strict=True)]


def _narrowed(widths: Sequence[int], least: Sequence[int], room: int) -> list[int]:
    """Return widths of columns that fit: the widest give way first, none below the least at which it can be read."""
    narrowed = list(widths)
    while _total(narrowed) > room:
        spare = [width - lowest for width, lowest in zip(narrowed, least, strict=False)]
        if not any(spare):
            return [min(width, room) for width in narrowed]
        widest = max(range(len(narrowed)), key=lambda index: (spare[index] > 0, narrowed[index]))
        narrowed[widest] -= 1
    return narrowed


def _side_by_side(
    row: Row, cells: Sequence[Sequence[list[Segment]]], widths: Sequence[int], table: Table, indent: str
) -> Iterable[list[Segment]]:
    for number in range(max(map(len, cells), default=0)):
        line: list[Segment] = [(indent, "")]
        for index, parts in enumerate(cells):
            part = parts[number] if number < len(parts) else []
            padding = " " * (widths[index] - _width(part))
            styled = [(text, "dim") for text, _ in part] if row.header else part
            right = index in table.numbers and not row.header
            line += [(padding, ""), *styled] if right else [*styled, (padding, "")]
            line.append((_GAP, ""))
        yield line


def _cell_lines(cell: Line, room: int) -> list[list[Segment]]:
    lines = cell.lines if isinstance(cell, Stack) else [cell]
    return [part for line in lines for part in _fitted(line, room)]


def _fitted(line: Line, room: int) -> list[list[Segment]]:
    """Break a line that is wider than there is room for, or cut it if it is one that a page may cut."""
    if isinstance(line, Clip) and budget_scale() <= 1:
        return [[(clipped(gated(line.text), room, _columns), "")]]
    return _wrapped(_flat(_segments(line)), room)


def _wrapped(segments: list[Segment], width: int) -> list[list[Segment]]:
    """Break what is wider than there is room for, at blanks where there are any."""
    if _width(segments) <= width:
        return [segments]
    lines: list[list[Segment]] = [[]]
    room = width
    for text, style in _with_punctuation(segments):
        for word in _WORDS.findall(text):
            while _width([(word, "")]) > room:
                if room == width:
                    end = _place_to_break(word, room)
                    lines[-1].append((word[:end], style))
                    word = word[end:]  # noqa: PLW2901 - what is left of the word goes on the next line
                lines.append([])
                room = width
            lines[-1].append((word, style))
            room -= _width([(word, "")])
    return [line for line in lines if line]


def _with_punctuation(segments: list[Segment]) -> Iterable[Segment]:
    """Put the comma that begins a segment behind the word before it, for no line begins with one."""
    before: Segment | None = None
    for text, style in segments:
        if before is not None:
            if text[:1] in _PUNCTUATION and before[0] and not before[0][-1].isspace():
                before, text = (before[0] + text[0], before[1]), text[1:]  # noqa: PLW2901 - the rest of it
            yield before
        before = (text, style)
    if before is not None:
        yield before


def _place_to_break(word: str, room: int) -> int:
    """Return where to break a word that is too long: after a dot or the like, if there is one not too far from the end."""
    end = max(word.rfind(mark, 0, room) for mark in "._/-!,") + 1
    return end if end > room // 2 else room


def _bars(bars: Bars, indent: str) -> Iterable[list[Segment]]:
    """Draw marks as one character a column, for the columns' names would take all of the line."""
    labels = [column.text for column in bars.columns]
    ends = [labels[0], labels[-1]] if len(labels) > 1 else labels
    names = [_flat(_segments(name)) for name, _, _ in bars.rows]
    width = max([len(bars.titles[0]), *map(_width, names)])
    span = gated(" … ".join(ends))
    room = max(len(bars.columns), len(span))
    notes = [_flat(_segments(note)) for _, _, note in bars.rows]
    longest = len(indent) + width + room + max([len(bars.titles[1]), *map(_width, notes)]) + 2 * len(_GAP)
    # Where there is no room for all notes beside the marks, each stands below its own.
    is_beside = (page := _page.get()) is None or longest <= page
    head = [bars.titles[0].ljust(width), span.ljust(room), *([bars.titles[1]] if is_beside else [])]
    yield [(indent, ""), (_GAP.join(head), "dim")]
    for name, note, (_, marks, _) in zip(names, notes, bars.rows, strict=True):
        line: list[Segment] = [(indent, ""), *name, (" " * (width - _width(name)), ""), (_GAP, "")]
        line += [("·", "dim") if mark is None else (mark.glyph, _TONES.get(mark.tone, "")) for mark in marks]
        if is_beside:
            yield [*line, (" " * (room - len(marks)), ""), (_GAP, ""), *note]
        else:
            yield line
            yield from ([[(indent + _INDENT, ""), *note]] if _width(note) else [])
    if bars.caption:
        yield [(indent, ""), (gated(bars.caption), "dim")]


def _fields(fields: Fields, indent: str) -> Iterable[list[Segment]]:
    width = max((len(name) for name, _ in fields.rows), default=0)
    for name, lines in fields.rows:
        for number, line in enumerate(lines):
            label = gated(name).ljust(width) if not number else " " * width
            parts = [part for broken in _broken(_segments(line)) for part in _hanging(broken, indent, width)]
            for part_number, part in enumerate(parts):
                yield [(indent, ""), (label if not part_number else " " * width, "dim"), (_GAP, ""), *part]


def _hanging(segments: list[Segment], indent: str, width: int) -> list[list[Segment]]:
    """Break a value so that it stays right of its name, where the page is wide enough for both."""
    page = _page.get()
    room = 0 if page is None else page - len(indent) - width - len(_GAP)
    return _wrapped(segments, room) if room >= _LEAST else [segments]


def _code(block: Code, indent: str) -> Iterable[list[Segment]]:
    pieces = highlighted(block.text, block.language)
    return _indented([(gated(text), _HIGHLIGHTS[role]) for role, text in pieces], indent)


def _width(segments: list[Segment]) -> int:
    """Return the columns that segments take on a terminal."""
    return sum([_columns(text) for text, _ in segments])


def _columns(text: str) -> int:
    return len(text) if text.isascii() else sum([1 + (east_asian_width(char) in "WF") for char in text])


_PIECES: dict[type, Callable[[Any], list[Segment]]] = {
    str: lambda text: [(gated(text), "")],
    list: lambda pieces: [segment for piece in pieces for segment in _segments(piece)],
    Span: lambda span: [(gated(span.text), _ROLES[span.role])],
    Badge: lambda badge: [(f"{badge.glyph} {gated(badge.word)}", _TONES.get(badge.tone, ""))],
    Link: _link,
    Label: lambda label: [(gated(label.text), "")],
    Clip: lambda clip: [(gated(clip.start), "")],
    Edit: _edit,
    Stack: lambda stack: [segment for line in stack.lines for segment in (*_segments(line), (" ", ""))],
}
_BLOCKS: dict[type, Callable[[Any, str], Iterable[list[Segment]]]] = {
    Table: lambda table, indent: chain.from_iterable(_row_lines(table, indent)),
    Bars: _bars,
    Fields: _fields,
    Code: _code,
    Paragraph: lambda paragraph, indent: _indented(_segments(paragraph.line), indent),
    Notice: _notice,
    Folds: _folds,
}
