"""What is written into any field of a task stays a text in every format, to two parsers of each."""

from __future__ import annotations

import os
from html.parser import HTMLParser
from typing import TYPE_CHECKING, Any

import mistune
import nh3
import pytest
from flyteidl.admin import task_pb2
from markdown_it import MarkdownIt

import flytetask_nb as ftn
from tests.conftest import LONG_VARIABLE
from tests.planted import Plants, filled

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

PAYLOADS = (
    "<script>alert(1)</script>",
    "</script><script>alert(1)</script>",
    "<img src=x onerror=alert(1)>",
    "<svg/onload=alert(1)>",
    "<iframe srcdoc='<script>alert(1)</script>'>",
    '"><img src=x onerror=alert(1)>',
    "' onmouseover='alert(1)",
    '" style="background:url(https://evil.example)"',
    "<style>@import 'https://evil.example'</style>",
    "</style><img src=x>",
    "</code></pre><b>out</b>",
    "</td></tr></table><h1>out</h1>",
    "</details></summary><form action=x>",
    "<!-- --!><img src=x>",
    "<![CDATA[<img src=x>]]>",
    "<math><mtext></form><form><mglyph><style></math><img src onerror=alert(1)>",
    "<noscript><p title='</noscript><img src=x onerror=alert(1)>'>",
    "&lt;script&gt;alert(1)&lt;/script&gt;",
    "&#x3c;img src=x&#x3e;",
    "javascript:alert(1)",
    'https://evil.example/"><img src=x>',
    "https://a.example/](javascript:alert(1))",
    "https://a.example/\n| x | <img src=x> |",
    "[link](javascript:alert(1))",
    "![image](https://evil.example/x.png)",
    "[x]: https://evil.example 'y'\n\n[x]",
    "<https://evil.example>",
    "`code` ``` <img src=x>",
    "```\n<img src=x>\n```",
    "| a | b |\n| --- | --- |",
    "# heading\n---\n* item",
    "\\<img src=x>",
    "\\`<img src=x>`",
    "$\\unicode{<img src=x>}$",
    "$$\\href{javascript:alert(1)}{x}$$",
    "{{constructor.constructor('alert(1)')()}}",
    "${alert(1)}",
    "[bold red]markup[/]",
    "\x1b]8;;https://evil.example\x07click\x1b]8;;\x07",
    "\u202egnp.\u2066<img src=x>",
    "\ud800<img src=x>".encode("utf-8", "replace").decode(),
    "<a href='data:text/html,<script>alert(1)</script>'>x</a>",
    "\x00<img src=x>",
    "<\u0131mg src=x>",
)
LONG = bool(os.environ.get(LONG_VARIABLE))
HARMLESS = "plain text of a field"
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


def reports(payloads: Sequence[str]) -> Iterator[tuple[str, Any]]:
    """Yield what is said of two tasks whose fields hold each the next payload."""
    specs = [task_pb2.TaskSpec() for _ in range(2)]
    for number, spec in enumerate(specs):
        # So long as the texts differ, there is something to compare.
        filled(spec, Plants(lambda count, number=number: f"{payloads[count % len(payloads)]}{number}"))
        spec.template.id.project, spec.template.id.domain, spec.template.id.version = "p", "d", f"v{number}"
        spec.template.id.name = payloads[0]
    old, new = map(ftn.FlyteTask.from_flyte_idl, specs)
    yield "task", new
    yield "tasks", ftn.TaskCollection([old, new])
    yield "diff", ftn.diff(old, new)
    yield "history", ftn.history([old, new])
    yield "plan", ftn.plan([new], [old])
    yield "findings", ftn.check(new)
    yield "compare", ftn.compare(old, new)


@pytest.fixture(scope="module")
def expected() -> dict[str, tuple[set[str], set[str]]]:
    """Return the elements and attributes of the pages of a harmless task."""
    seen = {name: Seen(report.to_html()) for name, report in reports([HARMLESS])}
    seen |= {f"{name}.md": Seen(MARKDOWN.render(report.to_markdown())) for name, report in reports([HARMLESS])}
    # Where words are long, lines may break; where they are marked, they are code, or what they look like.
    return {
        name: (page.tags | {"wbr", "span", "code", "br", "a"}, page.attributes | {"class"})
        for name, page in seen.items()
    }


@pytest.mark.parametrize("start", range(0, len(PAYLOADS), 1 if LONG else 8))
def test_no_payload_becomes_markup(start: int, expected: dict[str, tuple[set[str], set[str]]]) -> None:
    for name, report in reports(PAYLOADS[start:] + PAYLOADS[:start]):
        page = report.to_html()
        pages = {name: (page, again(page))}
        text = report.to_markdown()
        pages[f"{name}.md"] = (MARKDOWN.render(text), str(OTHER_MARKDOWN(text)))
        tags, attributes = (set[str]().union(*(expected[key][part] for key in expected)) for part in (0, 1))
        for key, parsed in pages.items():
            for one in map(Seen, parsed):
                assert one.tags <= tags | {"em", "pre"}, (key, one.tags - tags)
                assert one.attributes <= attributes | {"href", "rel", "style"}, (key, one.attributes - attributes)
                assert all(lead.startswith(("http://", "https://")) for lead in one.leads), key
