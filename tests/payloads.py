"""Texts that would run, load or lead somewhere, in every field of a task, and all that this package says of it."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from flyteidl.admin import task_pb2

import flytetask_nb as ftn
from tests.planted import Plants, filled, filled_entities, reports_of

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Sequence

HARMLESS = "plain text of a field, of https://example.org/docs"
FRAME = "tabulate"
"""What pandas shows, and not this package."""
PAYLOADS = (
    "<script>alert(1)</script>",
    "</script><script>alert(1)</script>",
    "<img src=planted onerror=alert(1)>",
    "<svg/onload=alert(1)>",
    "<iframe srcdoc='<script>alert(1)</script>'>",
    '"><img src=planted onerror=alert(1)>',
    "' onmouseover='alert(1)",
    '" style="background:url(https://evil.example)"',
    "<style>@import 'https://evil.example'</style>",
    "</style><img src=planted>",
    "</code></pre><b>out</b>",
    "</td></tr></table><h1>out</h1>",
    "</details></summary><form action=planted>",
    "<!-- --!><img src=planted>",
    "<![CDATA[<img src=planted>]]>",
    "<math><mtext></form><form><mglyph><style></math><img src onerror=alert(1)>",
    "<noscript><p title='</noscript><img src=planted onerror=alert(1)>'>",
    "&lt;script&gt;alert(1)&lt;/script&gt;",
    "&#x3c;img src=planted&#x3e;",
    "javascript:alert(1)",
    'https://evil.example/"><img src=planted>',
    "https://a.example/](javascript:alert(1))",
    "https://a.example/\n| x | <img src=planted> |",
    "[link](javascript:alert(1))",
    "![image](https://evil.example/x.png)",
    "[x]: https://evil.example 'y'\n\n[x]",
    "<https://evil.example>",
    "`code` ``` <img src=planted>",
    "```\n<img src=planted>\n```",
    "| a | b |\n| --- | --- |",
    "# heading\n---\n* item",
    "\\<img src=planted>",
    "\\`<img src=planted>`",
    "$\\unicode{<img src=planted>}$",
    "$$\\href{javascript:alert(1)}{x}$$",
    "\\(\\href{javascript:alert(1)}{x}\\) \\[x\\] $`x`$",
    "\\begin{equation}x\\end{equation} $5 and $6",
    "```mermaid\ngraph TD; a-->b\n```",
    "{{constructor.constructor('alert(1)')()}}",
    "${alert(1)}",
    "[bold red]markup[/]",
    "\x1b]8;;https://evil.example\x07click\x1b]8;;\x07",
    "\u202egnp.\u2066<img src=planted>",
    "\ud800<img src=planted>".encode("utf-8", "replace").decode(),
    "<a href='data:text/html,<script>alert(1)</script>'>x</a>",
    "\x00<img src=planted>",
    "<\u0131mg src=planted>",
)


def reports(payloads: Sequence[str]) -> Iterator[tuple[str, Any]]:
    """Yield what is said of two tasks, a workflow and a launch plan whose fields hold each the next payload."""
    specs = [task_pb2.TaskSpec() for _ in range(2)]
    choice = len(payloads[0])  # of each oneof another field
    for number, spec in enumerate(specs):
        # So long as the texts differ, there is something to compare.
        filled(spec, Plants(lambda count, number=number: f"{payloads[count % len(payloads)]}{number}"), choice=choice)
        spec.template.id.project, spec.template.id.domain, spec.template.id.version = "p", "d", f"v{number}"
        spec.template.id.name = payloads[0]
    old, new = map(ftn.FlyteTask.from_flyte_idl, specs)
    entities = filled_entities(Plants(lambda count: payloads[count % len(payloads)]), choice)
    yield from reports_of(old, new, entities)


def turned(payloads: Sequence[str], starts: Iterable[int]) -> list[Sequence[str]]:
    """Return payloads in other orders, so that each comes to stand in other fields."""
    return [[*payloads[start:], *payloads[:start]] for start in starts]


def bundles(payloads: Sequence[str], starts: Iterable[int]) -> Iterator[dict[str, str]]:
    """Yield outputs of a notebook: what all reports are as HTML, as Markdown and as text."""
    for texts in turned(payloads, starts):
        made = [report for name, report in reports(texts) if name != FRAME]
        yield {"text/html": "".join(report.to_html() for report in made)}
        yield {"text/markdown": "\n\n".join(report.to_markdown() for report in made)}
        yield {"text/plain": "\n".join(f"{report!r}\n{report}" for report in made)}
