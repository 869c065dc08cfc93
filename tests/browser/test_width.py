"""Nothing is cut off: every output on hashes and long names, on the corpus, as narrow and as wide as outputs are.

What is wider than its page by nature scrolls in a box of its own, and its first column stays in sight.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, NamedTuple

import pytest

from tests.browser import outputs

if TYPE_CHECKING:
    from collections.abc import Callable

    from playwright.sync_api import Page

    from tests.browser.chromium import Chromium

pytestmark = pytest.mark.browser

WIDTHS = (1400, 900, 600)

# As JupyterLab sets what is in an output, as far as it bears on widths.
PAGE = """<!doctype html><meta charset="utf-8"><style>
body{margin:0;font:13px/1.45 sans-serif} code,pre{font-family:monospace}
.page table{table-layout:fixed;border-collapse:collapse;font-size:12px;margin-bottom:1em;border:none}
.page td,.page th{padding:.5em;vertical-align:middle;line-height:normal;white-space:normal;max-width:none;border:none}
.page pre,.page code{white-space:pre-wrap;line-height:1.5}
.page p,.page ul{margin:0 0 1em}
</style><div class="page"></div>"""

# A pixel is left to rounding. What scrolls by nature says so by its class, and keeps its first column.
CLIPPED = """() => {
    const found = [];
    const root = document.documentElement;
    if (root.scrollWidth > root.clientWidth) found.push(`page ${root.scrollWidth} > ${root.clientWidth}`);
    for (const node of document.querySelectorAll('.ftn, .ftn *')) {
        if (!node.clientWidth || node.scrollWidth <= node.clientWidth + 1) continue;
        const firsts = Array.from(node.querySelectorAll('tr > :first-child'));
        const stays = node.classList.contains('ftn-wide') && firsts.length > 0
            && firsts.every(cell => getComputedStyle(cell).position === 'sticky');
        if (!stays) found.push(`${node.localName}.${node.className} ${node.scrollWidth} > ${node.clientWidth}: `
            + node.textContent.slice(0, 60));
    }
    return found;
}"""
UNFOLD = "() => document.querySelectorAll('details').forEach(node => { node.open = true })"


class Clip(NamedTuple):
    """What is cut off in an output of some width."""

    output: str
    width: int
    places: tuple[str, ...]


def clipped(chromium: Chromium, htmls: dict[str, str]) -> list[Clip]:
    """Measure outputs at each width, unfolded."""

    def measure() -> list[Clip]:
        page: Page = chromium.new_page()
        page.set_content(PAGE)
        found = []
        for width in WIDTHS:
            page.set_viewport_size({"width": width, "height": 800})
            for name, html in htmls.items():
                page.evaluate("html => { document.querySelector('.page').innerHTML = html }", html)
                places = [*page.evaluate(CLIPPED)]
                page.evaluate(UNFOLD)
                places += [place for place in page.evaluate(CLIPPED) if place not in places]
                if places:
                    found.append(Clip(name, width, tuple(places)))
        page.context.close()
        return found

    return chromium.run(measure)


def rendered(makers: dict[str, Callable[[], object]]) -> dict[str, str]:
    return {name: make().to_html() for name, make in makers.items()}  # type: ignore[attr-defined]


def test_the_measure_notices_what_is_cut(chromium: Chromium) -> None:
    long = "<table><tr><td style='white-space:nowrap'>" + "x" * 300 + "</td></tr></table>"
    shown = clipped(chromium, {"cut": f'<div class="ftn">{long}</div>', "fits": '<div class="ftn">x</div>'})
    assert {clip.output for clip in shown} == {"cut"}


def test_nothing_is_cut_off_of_releases_called_by_their_commits(chromium: Chromium) -> None:
    assert clipped(chromium, rendered(outputs.of_example())) == []


def test_nothing_is_cut_off_of_the_corpus(chromium: Chromium) -> None:
    if not (makers := outputs.of_corpus()):
        pytest.skip("truth: there is no corpus")
    assert clipped(chromium, rendered(makers)) == []
