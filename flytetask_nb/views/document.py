"""The neutral tree between an object and its output formats.

Views first *describe* an object as a :class:`Document` and then *render* that: HTML, text, rich and Markdown are pure
functions of the tree, so they cannot disagree. Nothing in here knows a format or a Flyte object. The module is long because
every node is a class with its documentation, beside the budgets that all of them are held to.
"""

from __future__ import annotations

import re
from contextlib import contextmanager
from contextvars import ContextVar
from dataclasses import dataclass, field, replace
from functools import lru_cache
from typing import TYPE_CHECKING, Any, TypeAlias, TypeVar

from flytetask_nb.masking import mask_text
from flytetask_nb.options import OPTIONS
from flytetask_nb.printing import visible

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence

__all__ = [
    "LOOKED_AT",
    "Badge",
    "Bars",
    "Block",
    "Clip",
    "Code",
    "Document",
    "Edit",
    "Fields",
    "Fold",
    "Folds",
    "Label",
    "Line",
    "Link",
    "Notice",
    "Paragraph",
    "Row",
    "Section",
    "Span",
    "Stack",
    "Table",
    "budget_scale",
    "clipped",
    "code",
    "cut",
    "cut_masked",
    "dim",
    "expanded",
    "expanded_blocks",
    "marks_size",
    "scaled",
    "size_of",
    "strong",
    "visible",
    "within",
]

T = TypeVar("T")


@dataclass(frozen=True, slots=True, init=False)
class Span:
    """A piece of text with a role: ``code`` (as it stands in the task), ``dim`` (said aside) or ``strong``."""

    text: str
    role: str

    def __init__(self, text: str, role: str) -> None:
        # Documents are made of these: by its slots a frozen object is made in two thirds of the time.
        _set_text(self, text)
        _set_role(self, role)


_set_text = Span.text.__set__  # type: ignore[attr-defined, misc]
_set_role = Span.role.__set__  # type: ignore[attr-defined, misc]


@dataclass(frozen=True, slots=True)
class Badge:
    """A short verdict that must not be missed: a glyph and a word, tinted by its tone.

    Tones, from worst: ``breaking``, ``risky``, ``behaviour``, ``cost``, ``cosmetic``; and ``good``.
    """

    tone: str
    glyph: str
    word: str


@dataclass(frozen=True, slots=True)
class Link:
    """A text that leads somewhere. Only web addresses become links; anything else stays text."""

    text: str
    href: str


@dataclass(frozen=True, slots=True)
class Label:
    """A short text in place of a longer one, such as a version's; it stays on one line unless it is a ``name``."""

    text: str
    whole: str
    name: bool = False


@dataclass(frozen=True, slots=True)
class Clip:
    """A text on one line, cut where the reader's page ends; whole where a reader asks for it."""

    text: str

    @property
    def start(self) -> str:
        """What is shown where no page cuts it; all of it where there is room for all."""
        return clipped(self.text, int(_CLIPPED * max(_scale.get(), 1)))


_CLIPPED = 100
"""Characters of a clipped text in formats without a page."""


def clipped(text: str, room: int, width: Callable[[str], int] = len) -> str:
    """Return a text cut to the room on a line: behind a word, where one ends in the second half of the line."""
    if width(text) <= room:
        return text
    end = room - 1
    while width(text[:end]) >= room:
        end -= 1
    if not text[end].isspace():
        blank = text.rfind(" ", 0, end)
        end = blank if blank > room // 2 else end
    return f"{text[:end].rstrip()}…" if end else "…"


@dataclass(frozen=True, slots=True)
class Edit:
    """A value that was put in or taken out, with the words marked that make the difference.

    Parts are ``(text, is_marked)``. An edit stands for the value as it is in the task, like ``code``.
    """

    parts: Sequence[tuple[str, bool]]
    is_added: bool

    @property
    def sign(self) -> str:
        """``+`` or ``−``."""
        return "+" if self.is_added else "−"


@dataclass(frozen=True, slots=True)
class Stack:
    """Lines below each other in one cell."""

    lines: Sequence[Line]


Piece: TypeAlias = "str | Span | Badge | Link | Label | Clip | Edit | Stack"
Line: TypeAlias = "str | Span | Badge | Link | Label | Clip | Edit | Stack | list[Piece]"


@dataclass(frozen=True, slots=True, init=False)
class Row:
    """A row of a table. ``header`` rows name the columns of what follows."""

    cells: Sequence[Line]
    header: bool

    def __init__(self, cells: Sequence[Line], *, header: bool = False) -> None:
        _set_cells(self, cells)
        _set_header(self, header)


_set_cells = Row.cells.__set__  # type: ignore[attr-defined, misc]
_set_header = Row.header.__set__  # type: ignore[attr-defined, misc]


@dataclass(frozen=True, slots=True)
class Table:
    """Rows of cells.

    The first cell of a row names it if ``named``; ``numbers`` are the columns set to the right. Columns that are to
    be read beside each other stay so in a narrow place, all of one width: ``is_even``. A table that is wide by
    nature scrolls below its first column: ``is_wide``.
    """

    rows: Sequence[Row]
    named: bool = False
    numbers: tuple[int, ...] = ()
    is_even: bool = False
    is_wide: bool = False


@dataclass(frozen=True, slots=True)
class Bars:
    """What became of things from step to step: a mark for each of them in every column where something happened.

    Columns are steps under short labels. Rows are ``(name, marks, note)``; a mark is a badge, or None where nothing
    happened. ``titles`` are those of the names and of the notes; ``caption`` says how to read the marks. ``opened``,
    by row and column, is what a mark opens in place, left out of formats in which nothing folds.
    """

    columns: Sequence[Label]
    rows: Sequence[tuple[Line, list[Badge | None], Line]]
    titles: tuple[str, str] = ("", "")
    caption: str = ""
    opened: Mapping[tuple[int, int], Line] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class Fields:
    """Names with values: ``(name, value)`` pairs, each value one or several lines."""

    rows: Sequence[tuple[str, list[Line]]]


@dataclass(frozen=True, slots=True)
class Code:
    """A block of source text in a language that can be highlighted, e.g. ``sql``."""

    text: str
    language: str


@dataclass(frozen=True, slots=True)
class Paragraph:
    """A line of its own."""

    line: Line


@dataclass(frozen=True, slots=True)
class Notice:
    """A line that stands out: a badge and what it is about."""

    badge: Badge
    line: Line


@dataclass(frozen=True, slots=True)
class Fold:
    """A row of which more is to be told: what it is about, what is said of it, a word at the end; blocks that open."""

    lead: Line
    text: Line
    end: Line = ""
    blocks: Sequence[Block] = ()
    is_open: bool = False


@dataclass(frozen=True, slots=True)
class Folds:
    """Rows that open in place, under the names of their three columns.

    What opens ``in_place`` alone is left out of formats in which nothing folds.
    """

    rows: Sequence[Fold]
    head: tuple[Line, Line, Line] | None = None
    in_place: bool = False

    @property
    def table(self) -> Table:
        """The rows as those of a table, without what opens."""
        head = [Row(self.head, header=True)] if self.head else []
        return Table([*head, *(Row([row.lead, row.text, row.end]) for row in self.rows)])


Block: TypeAlias = "Table | Bars | Fields | Code | Paragraph | Notice | Folds"


@dataclass(frozen=True, slots=True)
class Section:
    """A part with a title, a note that sums it up while it is folded, and its blocks."""

    title: str
    note: Line
    blocks: Sequence[Block]
    is_open: bool = False


@dataclass(frozen=True, slots=True)
class Document:
    """What is to be shown: a title, the lines that say what it is, blocks without a heading, and sections.

    A part that stands under a heading of its own elsewhere has an empty title. No renderer shows a secret of the tasks
    that are its ``subjects``, wherever it is quoted.
    """

    title: str
    aside: Line = ""
    lines: Sequence[Line] = ()
    blocks: Sequence[Block] = ()
    sections: Sequence[Section] = ()
    subjects: Sequence[Any] = field(default=(), repr=False, compare=False)


def expanded(sections: Iterable[Section]) -> list[Section]:
    """Return sections all open or all folded, where the option ``expand`` says so; else as they are."""
    expand = OPTIONS["expand"]
    if expand is None:
        return list(sections)
    return [replace(section, is_open=expand, blocks=expanded_blocks(section.blocks)) for section in sections]


def expanded_blocks(blocks: Iterable[Block]) -> list[Block]:
    """Return blocks with their rows all open or all folded, where the option ``expand`` says so; else as they are."""
    expand = OPTIONS["expand"]
    if expand is None:
        return list(blocks)
    return [
        replace(block, rows=[replace(row, is_open=expand, blocks=expanded_blocks(row.blocks)) for row in block.rows])
        if isinstance(block, Folds)
        else block
        for block in blocks
    ]


def code(text: str) -> Span:
    """Return text as it stands in the task."""
    return Span(text, "code")


def dim(text: str) -> Span:
    """Return text that is said aside."""
    return Span(text, "dim")


def strong(text: str) -> Span:
    """Return text that stands out."""
    return Span(text, "strong")


# -- budgets: HTML multiplies bytes, so values and lists are cut by what they will cost there -----------------------

# Each character of such a text takes one byte.
_is_cheap = re.compile(r"[\w \-./:,;()|=+*?!%@\[\]{}~^]*", re.ASCII).fullmatch
_ENTITIES = re.compile("[&<>\"']")
_FORMULAS = re.compile(r"[$\\]")
LOOKED_AT = 12_000
"""Characters of a value that are looked at: far more than any budget shows, and few enough for patterns."""
_WORST = 19
"""Bytes that one character can take: an invisible one, written as an escape whose backslash is an element."""
_PIECE = 34
"""Bytes of markup around a piece, at most (``<span class="ftn-dim"></span>`` and a separator)."""
_TITLE = 10
"""Bytes of markup around what is told when a reader asks (`` title=""``)."""
_MARKED = 7
"""Bytes of markup around marked words (``<b></b>``)."""
_CELL = 80
"""Bytes of markup around a cell, at most."""
_MARK = 67
"""Bytes of markup around a mark in a cell of its own, without its tone."""
_NO_MARK = 12
"""Bytes of a cell without a mark."""
_FOLD = 150
"""Bytes of markup around a row that opens, at most."""
BROKEN = 20
"""Characters of a value from which on it may be broken over lines."""
_BREAK = 5
"""Bytes of a place where a line may break (``<wbr>``)."""
_CHUNK = 16
"""Characters of a word, at least, between two such places."""
_UNBROKEN = 13
"""Bytes of markup around what is never broken (``<nobr></nobr>``)."""


_scale: ContextVar[float] = ContextVar("scale", default=1.0)


@contextmanager
def scaled(factor: float) -> Iterator[None]:
    """Multiply every budget with a factor: for what is so full everywhere that its parts together are too long."""
    token = _scale.set(factor)
    try:
        yield
    finally:
        _scale.reset(token)


def budget_scale() -> float:
    """Return the factor that every budget is multiplied with at present."""
    return _scale.get()


def text_size(text: str) -> int:
    """Return an upper bound of the bytes that a text takes in HTML."""
    return _label_size(text) if len(text) <= _LABEL else _size(text)


def _size(text: str) -> int:
    if _is_cheap(text):
        return len(text)
    written = visible(text)
    size = len(written) if written.isascii() else len(written.encode("utf-8", "backslashreplace"))
    return size + 5 * len(_ENTITIES.findall(written)) + 13 * len(_FORMULAS.findall(written))


_LABEL = 32
"""Characters of a text that is likely to come again: names of fields, types, amounts."""
_label_size = lru_cache(maxsize=4096)(_size)


def _breaks_size(text: str) -> int:
    """Return an upper bound of the bytes of the places where a text may be broken."""
    if len(text) <= BROKEN:
        return 0
    breaks = text.count(".") + text.count("_") + text.count("/") + len(text) // _CHUNK
    return _BREAK * breaks + _UNBROKEN * (text.count("->") + text.count(" -") + 1)


def size_of(part: Line | Row | Fold | Table | Paragraph) -> int:
    """Return an upper bound of the bytes that a part takes in HTML; of a row that opens, without what opens."""
    return _SIZES[type(part)](part)


_SIZES: dict[type, Callable[[Any], int]] = {
    str: text_size,
    list: lambda pieces: sum(map(size_of, pieces)),
    Stack: lambda stack: sum(_PIECE + size_of(line) for line in stack.lines),
    Span: lambda span: _PIECE + text_size(span.text) + _breaks_size(span.text),
    Badge: lambda badge: _PIECE * 2 + text_size(badge.glyph) + text_size(badge.word),
    Link: lambda link: _PIECE * 2 + text_size(link.text) + text_size(link.href),
    Label: lambda label: (
        _PIECE
        + text_size(label.text)
        + _breaks_size(label.text)
        + (_TITLE + text_size(label.whole) if label.whole != label.text else 0)
    ),
    Clip: lambda clip: 2 * _PIECE + 2 * text_size(clip.text),
    Edit: lambda edit: 2 * _PIECE + sum(_MARKED + text_size(text) + _breaks_size(text) for text, _ in edit.parts),
    Row: lambda row: sum([_CELL + size_of(cell) for cell in row.cells]),
    Fold: lambda fold: _FOLD + size_of(fold.lead) + size_of(fold.text) + size_of(fold.end),
    Table: lambda table: sum(map(size_of, table.rows)),
    Paragraph: lambda paragraph: size_of(paragraph.line),
}


def marks_size(columns: Sequence[Label], marks: Sequence[Badge | None]) -> int:
    """Return an upper bound of the bytes that a row of marks takes in HTML, under these columns."""
    return sum(
        _NO_MARK
        if mark is None
        else _MARK + len(mark.tone) + text_size(column.text) + text_size(mark.word) + text_size(mark.glyph)
        for column, mark in zip(columns, marks, strict=True)
    )


def cut(text: str, budget: int, *, beyond: int = 0) -> tuple[str, str]:
    """Cut a text to a number of bytes in HTML.

    ``text``: any text.
    ``budget``: bytes that it may take.
    ``beyond``: how many characters follow that were not looked at, for only the first ``LOOKED_AT`` are.
    Returns (str, str): what is shown, and a remark such as ``"… 1,204 more characters"``, empty if all of it is shown.
    """
    if (factor := _scale.get()) != 1:
        budget = int(budget * factor)
    # No text takes fewer bytes than it has characters, so that a long one is not measured.
    if beyond <= 0 and (_WORST * len(text) <= budget or (len(text) <= budget and text_size(text) <= budget)):
        return text, ""
    low, high = 0, min(len(text), budget)
    while low < high:
        middle = (low + high + 1) // 2
        if text_size(text[:middle]) <= budget:
            low = middle
        else:
            high = middle - 1
    return text[:low], f"… {len(text) - low + max(beyond, 0):,} more characters"


def cut_masked(text: str, budget: int) -> tuple[str, str]:
    """Cut a text with its secrets masked as ``cut`` does; what is not looked at is not masked either."""
    return cut(mask_text(text[:LOOKED_AT]), budget, beyond=len(text) - LOOKED_AT)


def within(
    items: Iterable[T], budget: int, total: int | None = None, size: Callable[[Any], int] = size_of
) -> tuple[list[T], int]:
    """Take as many items from the front as fit into a number of bytes.

    ``items``: lines or rows; where there may be many, made one by one, for those that do not fit are not asked for.
    ``budget``: bytes that they may take in HTML.
    ``total``: how many there are; needed where ``items`` does not know.
    ``size``: gives the bytes of one, where it is no part of a document or more than that.
    Returns (list, int): the items that fit, and how many do not. The first item is always shown.
    """
    number = len(items) if total is None else total  # type: ignore[arg-type]
    if (factor := _scale.get()) != 1:
        budget = int(budget * factor)
    taken: list[T] = []
    used = 0
    for item in items:
        used += size(item)
        if used > budget and taken:
            break
        taken.append(item)
    return taken, number - len(taken)
