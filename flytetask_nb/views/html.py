"""From a document to HTML.

The markup reads correctly without any CSS and survives the sanitizers of JupyterLab and GitHub: tables, ``details``,
``code``, ``mark``; no ids, no scripts. Colours are an enhancement, kept in ``style.css``.
"""

from __future__ import annotations

import re
from contextvars import ContextVar
from functools import cache, lru_cache
from html import escape as escape_html
from pathlib import Path
from typing import TYPE_CHECKING, Any

from flytetask_nb.masking.gate import gate_state, gated
from flytetask_nb.masking.tainted import secrets_kept
from flytetask_nb.printing import visible
from flytetask_nb.views.document import (
    BROKEN,
    Badge,
    Bars,
    Block,
    Clip,
    Code,
    Document,
    Edit,
    Fields,
    Folds,
    Label,
    Line,
    Link,
    Notice,
    Paragraph,
    Section,
    Span,
    Stack,
    Table,
)
from flytetask_nb.views.highlighting import highlighted

if TYPE_CHECKING:
    from collections.abc import Callable, Hashable, Iterator

    from flytetask_nb.views.document import Row

_WEB = ("https://", "http://")
# Letters, digits and marks that mean nothing in HTML nor in a formula: most texts are of these alone.
_is_plain = re.compile(r"[\w \-./:,;()|=+*?!%@\[\]{}~^…·“”×→]*").fullmatch
_FORMULA = re.compile(r"[$\\]")
# JupyterLab sets cells to the right by a rule that no stylesheet of ours outlives where the notebook is not trusted.
_LEFT = ' style="text-align:left"'
_RIGHT = ' style="text-align:right"'
_CELL = f"<td{_LEFT}>"
# Headings by their role: front ends blow the elements up, and JupyterLab lists them in the notebook's own contents.
# Cells are headed by the first two levels.
_TITLE = ' role="heading" aria-level="3"'
_SUBTITLE = ' role="heading" aria-level="4"'
_NEXT_CELL = f"</td>{_CELL}"
# A break between digits: numbers and versions are not broken.
_IN_NUMBER = re.compile(r"<wbr>(?<=\d.<wbr>)(?=\d)")
_OPTION = re.compile(r"(?<!\S)--?\w+")
_LONG = 25
_LONG_WORD = re.compile(rf"[0-9A-Za-z]{{{_LONG},}}")
_LIKELY = 200
"""Characters of a text that is likely to come again: names of tasks, paths, types, images, signatures."""
_FEW = 2
"""Columns of texts that have room in any output."""
_MANY = 10
"""From the column of half this number on, there is room to the left of a mark for what it opens."""
_CLASS = re.compile(r"ftn-[a-z]+")
_NO_SELECTOR = re.compile(r"\{[^{}]*\}|:not\([^)]*\)")
_CHUNK = 16
"""Characters after which a word without an end may be broken."""


def _remembered(make: Callable[[str], str]) -> Callable[[str], str]:
    """Let a text pass the gate and become HTML; of a text that is likely to come again it is remembered, by the gate."""
    passed = lru_cache(maxsize=2048)(lambda text, _: make(gated(text)))

    def html_of(text: str) -> str:
        return passed(text, _gate.get() or gate_state()) if len(text) <= _LIKELY else make(gated(text))

    return html_of


_gate: ContextVar[tuple[Hashable, bool] | None] = ContextVar("flytetask_nb_gate", default=None)
"""What the gate does while a document is rendered."""


def _escaped(text: str) -> str:
    return text if _is_plain(text) else escape_html(visible(text))


_escaped_text = _remembered(_escaped)


def escape(value: object) -> str:
    """Return any value as text that is safe between tags and in attributes: the one way into the HTML."""
    return _escaped_text(value if type(value) is str else str(value))


@cache
def stylesheet() -> str:
    """Return the stylesheet: literal, translucent colours that sit on light and dark pages."""
    return Path(__file__).with_name("style.css").read_text(encoding="utf-8")


@cache
def _rules() -> tuple[tuple[frozenset[str], str], ...]:
    """Return each rule of the stylesheet, a line behind its first, with the classes without which it says nothing.

    Another output of the same page may bring any of them again, further below: what overrides a rule is longer than it.
    """
    rules = []
    for line in stylesheet().splitlines(keepends=True)[1:]:
        selectors = _NO_SELECTOR.sub(",", line.partition("{")[2] if line.startswith("@") else line).split(",")
        needed = [frozenset(_CLASS.findall(selector)) for selector in selectors if "." in selector]
        rules.append((frozenset.intersection(*needed), line))
    return tuple(rules)


def render(document: Document) -> str:
    """Return a document as HTML, with as much of the stylesheet as it needs."""
    body = fragment(document)
    # In texts quotes are escaped, so this stands in tags alone.
    attributes = {tag[: tag.index('"')] for tag in body.split('class="')[1:]}
    return f"<style>{_style_for(frozenset(' '.join(attributes).split()))}</style>{body}"


@lru_cache(maxsize=256)
def _style_for(classes: frozenset[str]) -> str:
    return "".join([line for needed, line in _rules() if needed <= classes])


def fragment(document: Document) -> str:
    """Return a document as HTML alone, for places that have the stylesheet already."""
    with secrets_kept(document.subjects):
        before = _gate.set(gate_state())
        try:
            return "".join(_parts(document))
        finally:
            _gate.reset(before)


def heading(title: str) -> str:
    """Return a heading of controls, for places that have the stylesheet already."""
    return f'<div class="ftn"><b{_SUBTITLE}>{_prose(title)}</b></div>'


def _parts(document: Document) -> Iterator[str]:
    yield '<div class="ftn">'
    if document.title:
        aside = f' <span class="ftn-dim">{_line(document.aside)}</span>' if document.aside else ""
        yield f'<div class="ftn-head"><strong{_TITLE}>{_prose(document.title)}</strong>{aside}</div>'
    yield from (f'<div class="ftn-line">{_line(line)}</div>' for line in document.lines)
    yield from map(_block, document.blocks)
    yield from map(_section, document.sections)
    yield "</div>"


def _section(section: Section) -> str:
    note = f" <small>{_line(section.note)}</small>" if section.note else ""
    opened = " open" if section.is_open else ""
    body = "".join(map(_block, section.blocks))
    return f"<details{opened}><summary><b{_SUBTITLE}>{_prose(section.title)}</b>{note}</summary>{body}</details>"


def _breakable(safe: str) -> str:
    """Return escaped text with the places where a line may break: behind what parts words, not inside them.

    A hyphen is such a place by itself, but for the arrow of a signature and the dashes of an option. A word that is
    longer than a column may be broken now and then.
    """
    # Long texts are most of a page: replacing is several times faster than one pattern for all.
    text = safe.replace(".", ".<wbr>").replace("_", "_<wbr>").replace("/", "/<wbr>")
    text = _IN_NUMBER.sub("", text)
    if "-&gt;" in text:
        text = text.replace("-&gt;", "<nobr>-&gt;</nobr>")
    if " -" in text or text[0] == "-":
        text = _OPTION.sub(r"<nobr>\g<0></nobr>", text)
    return _LONG_WORD.sub(_chunks, text) if _has_long_word(safe) else text


def _has_long_word(text: str) -> bool:
    return max(map(len, text.split()), default=0) >= _LONG


def _chunks(match: re.Match[str]) -> str:
    word = match[0]
    return "<wbr>".join(word[start : start + _CHUNK] for start in range(0, len(word), _CHUNK))


def _prose_text(text: str) -> str:
    """Return text between tags in which nothing can be taken for a formula.

    JupyterLab typesets what stands between dollar signs or after certain backslashes, except in code; a sign that is
    an element of its own has no partner.
    """
    safe = _escaped(text)
    return _no_formula(_breakable(safe) if len(text) > BROKEN and _has_long_word(text) else safe)


@_remembered
def _unbroken(text: str) -> str:
    # A place to break is one even where nothing wraps.
    return _no_formula(_escaped(text))


def _no_formula(safe: str) -> str:
    return _FORMULA.sub(r"<span>\g<0></span>", safe) if "$" in safe or "\\" in safe else safe


_prose = _remembered(_prose_text)


def _line(line: Line) -> str:
    return _PIECES[type(line)](line)


@_remembered
def _dim(text: str) -> str:
    return f'<span class="ftn-dim">{_prose_text(text)}</span>'


def _span(span: Span) -> str:
    return _SPANS[span.role](span.text)


def _badge(badge: Badge) -> str:
    return f'<mark class="ftn-tag ftn-{badge.tone}">{escape(badge.glyph)} {_prose(badge.word)}</mark>'


def _link(link: Link) -> str:
    if not link.href.startswith(_WEB):
        return _prose(link.text)
    return f'<a href="{escape(link.href)}" rel="noopener">{_prose(link.text)}</a>'


@_remembered
def _value(text: str) -> str:
    """Return a value as it stands in a task; what is short stays on one line, for broken it would read as two."""
    if len(text) <= BROKEN:
        return f'<code class="ftn-w">{_escaped(text)}</code>'
    return f"<code>{_breakable(_escaped(text))}</code>"


def _label(label: Label) -> str:
    title = "" if label.whole == label.text else f' title="{escape(label.whole)}"'
    if label.name:
        return _value(label.text).replace(">", f"{title}>", 1)
    return f'<span class="ftn-w"{title}>{_unbroken(label.text)}</span>'


def _clip(clip: Clip) -> str:
    return f'<span class="ftn-c" title="{escape(clip.text)}">{_prose(clip.text)}</span>'


def _edit(edit: Edit) -> str:
    element = "ins" if edit.is_added else "del"
    is_short = sum([len(text) for text, _ in edit.parts]) <= BROKEN
    texts = [escape(text) if is_short or not text else _breakable(escape(text)) for text, _ in edit.parts]
    words = "".join([f"<b>{text}</b>" if part[1] else text for text, part in zip(texts, edit.parts, strict=True)])
    whole = ' class="ftn-w"' if is_short else ""
    return f"<{element}{whole}>{edit.sign} <code>{words}</code></{element}>"


def _block(block: Block) -> str:
    return _BLOCKS[type(block)](block)


def _table(table: Table) -> str:
    rows = "".join([_row(row, table) for row in table.rows])
    if table.is_wide:
        return f'<div class="ftn-wide"><table>{rows}</table></div>'
    if table.is_even:
        return f'<table class="ftn-even">{rows}</table>'
    # In a narrow place the cells of such a row follow each other, for columns would be too narrow to read.
    texts = len(table.rows[0].cells) - len(table.numbers) if table.rows else 0
    many = ' class="ftn-t"' if texts > _FEW else ""
    return f"<table{many}>{rows}</table>"


def _row(row: Row, table: Table) -> str:
    if not (row.header or table.named or table.numbers):
        # Most rows are such.
        return f"<tr>{_CELL}{_NEXT_CELL.join(map(_line, row.cells))}</td></tr>"
    cells = []
    for index, cell in enumerate(row.cells):
        number = index in table.numbers
        if row.header:
            kind, close = ' scope="col"', "th"
        elif table.named and not index:
            kind, close = ' scope="row"', "th"
        else:
            kind, close = ' class="ftn-num"' if number else "", "td"
        cells.append(f"<{close}{kind}{_RIGHT if number else _LEFT}>{_line(cell)}</{close}>")
    return f"<tr>{''.join(cells)}</tr>"


def _bars(bars: Bars) -> str:
    # The first column stays in sight, the others pass below it: its head is not dimmed as a whole.
    titles = [f'<th scope="col"{_LEFT}>{title}</th>' for title in (_dim(bars.titles[0]), _prose(bars.titles[1]))]
    columns = [f'<th scope="col" title="{escape(label.whole)}">{_prose(label.text)}</th>' for label in bars.columns]
    rows = [f"<tr>{titles[0]}{''.join(columns)}{titles[1]}</tr>"]
    for number, (name, marks, note) in enumerate(bars.rows):
        cells = "".join([f"<td>{_bar_cell(mark, bars, number, place)}</td>" for place, mark in enumerate(marks)])
        rows.append(f'<tr><th scope="row"{_LEFT}>{_line(name)}</th>{cells}<td{_LEFT}>{_line(note)}</td></tr>')
    hint = "; a mark opens what it stands for" if bars.opened else ""
    caption = f"<caption>{_prose(bars.caption)}{hint}</caption>" if bars.caption else ""
    return f'<div class="ftn-wide"><table class="ftn-bars">{caption}{"".join(rows)}</table></div>'


def _bar_cell(badge: Badge | None, bars: Bars, row: int, column: int) -> str:
    """Return a badge of which only the glyph is seen until one asks for the word and the column, with what it opens.

    In the newer half of many columns that lies below the marks to the left, so that no column is moved.
    """
    if badge is None:
        return "·"
    word = f"{bars.columns[column].text}: {badge.word}"
    # As a picture it is called by its title.
    tone = f"ftn-tag ftn-{badge.tone}"
    mark = f'<mark role="img" class="{tone}" title="{escape(word)}">{escape(badge.glyph)}</mark>'
    line = bars.opened.get((row, column))
    if line is None:
        return mark
    side = ' class="ftn-l"' if 2 * column >= max(len(bars.columns), _MANY) else ""
    return f"<details><summary>{mark}</summary><div{side}>{_line(line)}</div></details>"


def _folds(folds: Folds) -> str:
    parts = []
    # Names take a third of the page, versions do not.
    kind = "ftn-g ftn-v" if all(isinstance(row.lead, Label) and not row.lead.name for row in folds.rows) else "ftn-g"
    if folds.head is not None:
        parts.append(f'<div class="{kind} ftn-dim">{_thirds(folds.head)}</div>')
    for row in folds.rows:
        cells = _thirds((row.lead, row.text, row.end))
        if row.blocks:
            opened = " open" if row.is_open else ""
            body = "".join(map(_block, row.blocks))
            parts.append(f'<details{opened}><summary class="{kind}">{cells}</summary>{body}</details>')
        else:
            parts.append(f'<div class="{kind}">{cells}</div>')
    return "".join(parts)


def _thirds(lines: tuple[Line, Line, Line]) -> str:
    # Where a front end takes the stylesheet away, bars part the columns.
    first, *rest = [f"<span>{_line(line)}</span>" for line in lines]
    return first + "".join(
        [f"{'<i> | </i>' if line else ''}{cell}" for line, cell in zip(lines[1:], rest, strict=True)]
    )


def _fields(fields: Fields) -> str:
    rows = [
        f'<tr><th scope="row"{_LEFT}>{_prose(name)}</th><td{_LEFT}>{"<br>".join(map(_line, lines))}</td></tr>'
        for name, lines in fields.rows
    ]
    return f"<table>{''.join(rows)}</table>"


def _code(block: Code) -> str:
    pieces = []
    for role, text in highlighted(block.text, block.language):
        safe = escape(text)
        pieces.append(f"<{role}>{safe}</{role}>" if role else safe)
    return f"<pre><code>{''.join(pieces)}</code></pre>"


def _paragraph(paragraph: Paragraph) -> str:
    return f'<div class="ftn-par">{_line(paragraph.line)}</div>'


def _notice(notice: Notice) -> str:
    return f'<div class="ftn-notice">{_badge(notice.badge)} {_line(notice.line)}</div>'


_SPANS: dict[str, Callable[[str], str]] = {
    "code": _value,
    "dim": _dim,
    "strong": lambda text: f"<b>{_prose(text)}</b>",
}
_PIECES: dict[type, Callable[[Any], str]] = {
    str: _prose,
    list: lambda pieces: "".join(map(_line, pieces)),
    Span: _span,
    Badge: _badge,
    Link: _link,
    Label: _label,
    Clip: _clip,
    Edit: _edit,
    Stack: lambda stack: "<br>".join(map(_line, stack.lines)),
}
_BLOCKS: dict[type, Callable[[Any], str]] = {
    Table: _table,
    Bars: _bars,
    Fields: _fields,
    Code: _code,
    Paragraph: _paragraph,
    Notice: _notice,
    Folds: _folds,
}
