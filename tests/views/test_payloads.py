"""What is written into any field of a task stays a text in every format, to two parsers of each."""

from __future__ import annotations

import os
from html.parser import HTMLParser
from typing import TYPE_CHECKING

import mistune
import nh3
import pytest
from markdown_it import MarkdownIt

from tests.conftest import LONG_VARIABLE
from tests.payloads import FRAME, HARMLESS, PAYLOADS, reports, turned

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

LONG = bool(os.environ.get(LONG_VARIABLE))
MARKDOWN = MarkdownIt("commonmark").enable("table")
OTHER_MARKDOWN = mistune.create_markdown(escape=False, plugins=["table", "strikethrough", "url"])


class Seen(HTMLParser):
    """The elements of a page, and what leads out of it."""

    def __init__(self, page: str) -> None:
        super().__init__(convert_charrefs=True)
        self.tags: set[str] = set()
        self.attributes: set[str] = set()
        self.leads: list[str] = []
        self.feed(page)
        self.close()

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.tags.add(tag)
        self.attributes |= {name for name, _ in attrs}
        self.leads += [value or "" for name, value in attrs if name in {"href", "src", "action", "srcdoc", "data"}]


def again(page: str) -> str:
    """Return a page as the parser of HTML 5 understands it, with whatever it finds there."""
    everything = {*Seen(page).tags, "script", "img", "svg", "iframe", "form", "style", "math", "a", "h1", "b", "p"}
    return nh3.clean(
        page,
        tags=everything,
        clean_content_tags=set(),
        attributes={"*": {"src", "onerror", "onload", "srcdoc", "action", "style", "class", "title", "href", "open"}},
        link_rel=None,
        generic_attribute_prefixes={"on"},
        strip_comments=False,
    )


def pages(payloads: Sequence[str]) -> Iterator[tuple[str, str]]:
    """Yield the HTML of each report, and that of its Markdown by two parsers."""
    for name, report in reports(payloads):
        page = report.to_html()
        yield name, page
        yield name, again(page)
        if name != FRAME:
            text = report.to_markdown()
            yield f"{name}.md", MARKDOWN.render(text)
            yield f"{name}.md", str(OTHER_MARKDOWN(text))


@pytest.fixture(scope="module")
def expected() -> Seen:
    """Return the elements and attributes of the pages of a harmless task."""
    seen = Seen("".join(page for _, page in pages([HARMLESS])))
    # Where words are long, lines may break; where they are marked, they are code, or what they look like.
    seen.tags |= {"wbr", "span", "code", "br", "a", "em", "pre"}
    seen.attributes |= {"class", "href", "rel", "style"}
    return seen


@pytest.mark.parametrize("payloads", turned(PAYLOADS, range(0, len(PAYLOADS), 1 if LONG else 8)))
def test_no_payload_becomes_markup(payloads: Sequence[str], expected: Seen) -> None:
    for name, page in pages(payloads):
        seen = Seen(page)
        assert seen.tags <= expected.tags, (name, seen.tags - expected.tags)
        assert seen.attributes <= expected.attributes, (name, seen.attributes - expected.attributes)
        assert all(lead.startswith(("http://", "https://")) for lead in seen.leads), name
