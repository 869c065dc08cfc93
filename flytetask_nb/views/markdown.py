"""From a document to Markdown, as GitHub and most others read it: fit for a pull request or a wiki page."""

from __future__ import annotations

import re
from itertools import groupby
from operator import itemgetter
from typing import TYPE_CHECKING, Any
from urllib.parse import quote

from flytetask_nb.masking.gate import gated
from flytetask_nb.masking.tainted import secrets_kept
from flytetask_nb.masking.texts import mask_identifier
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
)

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable

    from flytetask_nb.views.document import Block, Line

# What could begin markup: some characters anywhere, underscores at the edge of a word, others only at a line's start.
_SPECIAL = re.compile(r"[\\`*{}\[\]|~$]|(?<![^\W_])_|_(?![^\W_])|^[#+\-=]|(?<=^\d)[.)]|(?<=^\d\d)[.)]")
# What begins a formula does so for JupyterLab even where it is escaped, unless it is an element of its own.
_OF_FORMULAS = "\\$"
# Readers make links of bare addresses, and take what was escaped in one for a part of it: such a one is to be no link.
_ADDRESS = re.compile(r"(?:(?<=http)|(?<=https)|(?<=ftp)):(?=//)|(?<=www)\.", re.IGNORECASE)
_WORD = re.compile(r"\S+")
# HTML's characters become entities, for no tag may come from a task; an @ would call somebody on GitHub.
_ENTITIES = str.maketrans({"<": "&lt;", ">": "&gt;", "&": "&amp;", "@": "&#64;"})
_BACKTICKS = re.compile("`+")
# Of an address, what a reader of Markdown, or of the page, would take for something else.
_UNSAFE = re.compile(r"[^\x21-\x7e]|[()|]")
_WEB = re.compile(r"https?://[^\s<>()\\\"'`]+$")


def render(document: Document) -> str:
    """Return a document as Markdown.

    Returns str: blocks parted by empty lines, no line break at the end.
    """
    with secrets_kept(document.subjects):
        return "\n\n".join(_parts(document))


def _parts(document: Document) -> Iterable[str]:
    yield f"### {escape(document.title)}{_beside(document.aside)}"
    yield from map(_line, document.lines)
    yield from map(_block, document.blocks)
    for section in document.sections:
        yield f"**{escape(section.title)}**{_beside(section.note)}"
        yield from map(_block, section.blocks)


def _beside(line: Line) -> str:
    """Return what stands beside a title; a line of empty pieces is none."""
    text = _line(line)
    return f" — {text}" if text.strip() else ""


def escape(value: object) -> str:
    """Return any value as Markdown that shows it literally, on one line."""
    text = gated(value if isinstance(value, str) else str(value)).replace("\n", " ")
    escaped = _SPECIAL.sub(_literal, text.translate(_ENTITIES))
    return _WORD.sub(_unlinked, escaped) if "\\" in escaped and _ADDRESS.search(escaped) else escaped


def _literal(sign: re.Match[str]) -> str:
    escaped = f"\\{sign[0]}"
    return f"<span>{escaped}</span>" if sign[0] in _OF_FORMULAS else escaped


def _unlinked(word: re.Match[str]) -> str:
    return _ADDRESS.sub(r"\\\g<0>", word[0]) if "\\" in word[0] else word[0]


def code_span(text: str) -> str:
    """Return a text as a code span, whatever backticks it holds."""
    line = gated(text).replace("\n", " ")
    if "\\|" in line:
        # In a table no code span can hold this: readers disagree on which of the two escapes the other.
        return escape(text)
    if not line.strip():
        return f"`{line}`" if line else "` `"
    fence = _fence(line)
    # One blank at each end is taken for such a gap.
    gap = " " if "`" in (line[0], line[-1]) or line[0] == line[-1] == " " else ""
    return f"{fence}{gap}{line}{gap}{fence}"


def _fence(text: str) -> str:
    """Return a longer run of backticks than any in a text."""
    return "`" * (max(map(len, _BACKTICKS.findall(text)), default=0) + 1)


def _line(line: Line) -> str:
    return _PIECES[type(line)](line)


def _link(link: Link) -> str:
    href = _UNSAFE.sub(lambda sign: quote(sign[0]), mask_identifier(link.href))
    return f"[{escape(link.text)}]({href})" if _WEB.match(link.href) else escape(link.text)


def _edit(edit: Edit) -> str:
    """Return a value in pieces of code, those that are marked in bold, with nothing between them that is not its own."""
    pieces = [
        (code_span("".join(text for text, _ in parts)), marked)
        for marked, parts in groupby([part for part in edit.parts if part[0]], key=itemgetter(1))
    ]
    # Asterisks beside the backticks of code begin and end what is bold; beside a letter they need not.
    start, end = ("**", "**") if all(text[0] == "`" for text, _ in pieces) else ("<b>", "</b>")
    return f"{edit.sign} {''.join(f'{start}{text}{end}' if marked else text for text, marked in pieces)}"


def _span(span: Span) -> str:
    if span.role == "code":
        return code_span(span.text)
    return f"**{escape(span.text)}**" if span.role == "strong" and span.text.strip() else escape(span.text)


def _block(block: Block) -> str:
    return _BLOCKS[type(block)](block)


def _fields(fields: Fields) -> str:
    rows = [f"| {_cell(name)} | {'<br>'.join(map(_cell, lines))} |" for name, lines in fields.rows]
    return "\n".join(["| | |", "| --- | --- |", *rows])


def _code(block: Code) -> str:
    fence = _fence(block.text).ljust(3, "`")
    return f"{fence}{block.language}\n{gated(block.text)}\n{fence}"


def _cell(line: Line) -> str:
    """Return a line for a table, where a bar ends the cell even inside a code span."""
    return re.sub(r"(?<!\\)\|", r"\\|", _line(line))


def _table(table: Table) -> str:
    """Return a table; header rows after the first one become rows in bold, for Markdown knows but one header."""
    columns = max((len(row.cells) for row in table.rows), default=0)
    rule = "".join(" ---: |" if index in table.numbers else " --- |" for index in range(columns))
    has_head = bool(table.rows) and table.rows[0].header
    head = _row(table.rows[0], columns) if has_head else f"|{' |' * columns}"
    rows = table.rows[1:] if has_head else table.rows
    return "\n".join([head, f"|{rule}", *(_row(row, columns, bold=row.header) for row in rows)])


def _folds(folds: Folds) -> str:
    """Return the rows as a table, and below it what opens of each, under its name."""
    parts = [_table(folds.table)]
    for row in folds.rows:
        if row.blocks:
            parts += [f"{_line(row.lead)}:", *map(_block, row.blocks)]
    return "\n\n".join(parts)


def _bars(bars: Bars) -> str:
    head = [_cell(title) for title in (bars.titles[0], *(label.text for label in bars.columns), bars.titles[1])]
    rows = [
        [_cell(name), *("·" if mark is None else f"**{escape(mark.glyph)}**" for mark in marks), _cell(note)]
        for name, marks, note in bars.rows
    ]
    rule = ["---", *(":---:" for _ in bars.columns), "---"]
    caption = f"\n\n{escape(bars.caption)}" if bars.caption else ""
    return "\n".join(f"| {' | '.join(cells)} |" for cells in [head, rule, *rows]) + caption


def _row(row: Row, columns: int, *, bold: bool = False) -> str:
    cells = [_cell(cell) for cell in row.cells]
    if bold:
        cells = [f"**{cell}**" if cell else cell for cell in cells]
    cells += [""] * (columns - len(cells))
    return f"| {' | '.join(cells)} |"


_PIECES: dict[type, Callable[[Any], str]] = {
    str: escape,
    list: lambda pieces: "".join(map(_line, pieces)),
    Span: _span,
    Badge: lambda badge: f"**{badge.glyph} {escape(badge.word)}**",
    Link: _link,
    Clip: lambda clip: code_span(clip.start),
    Label: lambda label: code_span(label.text) if label.name else escape(label.text),
    Edit: _edit,
    Stack: lambda stack: "<br>".join(map(_line, stack.lines)),
}
_BLOCKS: dict[type, Callable[[Any], str]] = {
    Table: _table,
    Bars: _bars,
    Fields: _fields,
    Code: _code,
    Paragraph: lambda paragraph: _line(paragraph.line),
    Notice: lambda notice: f"> {_line(notice.badge)} {_line(notice.line)}",
    Folds: _folds,
}
