"""How large a document is in its largest form, told without rendering it wherever an estimate settles the question."""

from __future__ import annotations

from typing import TYPE_CHECKING

from flytetask_nb.views import html, markdown, text
from flytetask_nb.views.document import Badge, Bars, Code, Fields, Link, Notice, Span, Table, visible

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence

    from flytetask_nb.views.document import Block, Document, Line

__all__ = ["LARGEST", "largest_size"]

LARGEST = 32 * 1024
"""Bytes that an object may take in a notebook, the stylesheet included, and as text and Markdown: this package's rule."""

# Bytes of markup around a part in HTML or Markdown, at most.
_FRAME = 200
_LINE = 45
_PIECE = 34
_TAG = 100
_CELL = 50
_SECTION = 70
_MARKED = 14
_KEYWORD = 7
"""Per character of source text: each could be a keyword of its own."""

# Columns that blanks fill up in text.
_COLUMN = 58
_WRAPPED = 28
"""Characters that a line of a wrapped cell holds on average, at least."""


def largest_size(document: Document) -> int:
    """Give the bytes of a document in its largest form, or an upper bound of them that is within the limit.

    Parameters
    ----------
    document
        Any document.

    Returns
    -------
    int
        At most ``LARGEST`` exactly where HTML with its stylesheet, text and Markdown all are.
    """
    bound = _bound(document)
    if bound <= LARGEST:
        return bound
    forms = (html.render(document), text.render(document), markdown.render(document))
    return max(len(form.encode("utf-8", "backslashreplace")) for form in forms)


def _bound(document: Document) -> int:
    """Give an upper bound of the bytes in any form, in a fraction of the time that rendering takes."""
    texts = [document.title, document.aside]
    markup = len(html.stylesheet()) + _FRAME
    for line in document.lines:
        markup += _LINE + _add(line, texts)
    blanks = 0
    for blocks in (document.blocks, *[section.blocks for section in document.sections]):
        for block in blocks:
            size, padding = _add_block(block, texts)
            markup += size
            blanks += padding
    for section in document.sections:
        markup += _SECTION
        texts += (section.title, section.note)
    joined = "".join(texts)
    breaks = joined.count("\n")
    if not joined.isprintable():
        # What cannot be printed becomes longer, in cells too.
        shown = visible(joined)
        blanks *= 1 + len(shown) // max(len(joined), 1) if len(shown) > len(joined) else 1
        joined = shown
    if joined.isascii():
        size = len(joined)
    else:
        size = len(joined.encode("utf-8", "backslashreplace"))
        blanks *= 2
    entities = sum(map(joined.count, "&<>\"'@`"))
    formulas = joined.count("$") + joined.count("\\")
    return markup + blanks + 2 * size + 5 * entities + 13 * formulas + (_COLUMN + 6) * breaks


def _add(line: Line, texts: list[str]) -> int:
    """Put the texts of a line to the others, and give the bytes of markup around them."""
    kind = type(line)
    if kind is str:
        texts.append(line)
        return 0
    if kind is Span:
        texts.append(line.text)
        return _PIECE
    if kind is list:
        markup = 0
        for piece in line:
            if type(piece) is str:
                texts.append(piece)
            else:
                markup += _add(piece, texts)
        return markup
    if kind is Badge:
        texts += (line.glyph, line.word)
    elif kind is Link:
        texts += (line.text, line.href)
    else:
        texts += [part for part, _ in line.parts]
        return _TAG + _MARKED * len(line.parts)
    return _TAG


def _add_block(block: Block, texts: list[str]) -> tuple[int, int]:
    """Put the texts of a block to the others, and give the bytes of markup and of blanks around them."""
    if type(block) is Fields:
        markup = lines = 0
        for name, values in block.rows:
            texts.append(name)
            markup += 2 * _CELL
            lines += len(values)
            for value in values:
                markup += 4 + _add(value, texts)
        return markup, lines * (_COLUMN + 6)
    if type(block) is Table:
        return _add_rows([row.cells for row in block.rows], texts)
    if type(block) is Bars:
        rows: list[list[Line]] = [[*block.titles, *block.columns]]
        rows += [[name, note, *["·" if mark is None else mark for mark in marks]] for name, marks, note in block.rows]
        return _add_rows(rows, texts)
    if type(block) is Code:
        texts.append(block.text)
        return _LINE + _KEYWORD * len(block.text), 0
    if type(block) is Notice:
        return _LINE + _add(block.badge, texts) + _add(block.line, texts), 0
    return _LINE + _add(block.line, texts), 0  # type: ignore[union-attr] - a paragraph: nothing else is left


def _add_rows(rows: Iterable[Sequence[Line]], texts: list[str]) -> tuple[int, int]:
    markup = lines = columns = 0
    for cells in rows:
        before = len(texts)
        for cell in cells:
            if type(cell) is str:
                texts.append(cell)
            else:
                markup += _add(cell, texts)
        markup += _CELL * len(cells)
        columns = max(columns, len(cells))
        lines += 1
        length = sum(map(len, texts[before:]))
        if length > _COLUMN:
            lines += length // _WRAPPED
    return markup, lines * columns * _COLUMN
