"""Nothing is cut off: every output on hashes and long names, on the corpus, as narrow and as wide as outputs are.

What is wider than its page by nature scrolls in a box of its own, and its first column stays in sight.
"""

from __future__ import annotations

from html import escape
from typing import TYPE_CHECKING, NamedTuple

import pytest
from flyteidl.admin import task_pb2
from nbconvert import HTMLExporter
from nbformat.v4 import new_code_cell, new_notebook, new_output

import flytetask_nb as ftn
from tests.browser import outputs
from tests.browser.chromium import VIEWPORT
from tests.browser.server import THEMES
from tests.browser.test_notebooks import assert_legible

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

    from playwright.sync_api import Page

    from tests.browser.chromium import Chromium, Tab
    from tests.browser.dashboard import VoilaTab
    from tests.browser.lab import LabTab, NotebookTab

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
    if (root.scrollWidth > root.clientWidth) found.push(['page', `${root.scrollWidth} > ${root.clientWidth}`]);
    for (const node of document.querySelectorAll('.ftn, .ftn *')) {
        if (!node.clientWidth || node.scrollWidth <= node.clientWidth + 1) continue;
        // Cut at the reader's width with a sign, and whole where one asks.
        if (getComputedStyle(node).textOverflow === 'ellipsis' && node.title) continue;
        const firsts = Array.from(node.querySelectorAll('tr > :first-child'));
        const stays = node.classList.contains('ftn-wide') && firsts.length > 0
            && firsts.every(cell => {
                const { position, opacity } = getComputedStyle(cell);
                return position === 'sticky' && opacity === '1';
            });
        if (!stays) found.push([node.closest('[data-name]')?.dataset.name ?? '',
            `${node.localName}.${node.className} ${node.scrollWidth} > ${node.clientWidth}: `
            + node.textContent.slice(0, 60)]);
    }
    // What the marks of a row open stands beside each other, and beside the row's name.
    for (const row of document.querySelectorAll('.ftn-bars tr')) {
        let end = row.firstElementChild.getBoundingClientRect().right;
        for (const box of row.querySelectorAll('details[open] > div')) {
            const { left, right } = box.getBoundingClientRect();
            if (left < end - 1) found.push([row.closest('[data-name]')?.dataset.name ?? '',
                `${left} < ${end}: ${box.textContent.slice(0, 60)}`]);
            end = right;
        }
    }
    // A legend stays in sight wherever its table is scrolled to.
    for (const legend of document.querySelectorAll('.ftn-wide caption')) {
        const box = legend.closest('.ftn-wide');
        for (const place of [box.scrollWidth, 0]) {
            box.scrollLeft = place;
            const { left, right } = legend.getBoundingClientRect(), page = box.getBoundingClientRect();
            if (left < page.left - 1 || right > page.right + 1) found.push([
                legend.closest('[data-name]')?.dataset.name ?? '',
                `legend ${left} to ${right}, page ${page.left} to ${page.right}`]);
        }
    }
    return found;
}"""
STYLES = """() => Array.from(document.querySelectorAll('section'), section => [section.dataset.name,
    Array.from(section.querySelectorAll('.ftn, .ftn *'), node => {
        const style = getComputedStyle(node);
        return ['backgroundColor', 'borderTopWidth', 'display', 'fontSize', 'gridTemplateColumns', 'minWidth', 'opacity',
            'paddingLeft', 'paddingTop', 'position', 'textAlign', 'whiteSpace'].map(name => style[name]).join(' ');
    })])"""
UNFOLD = "() => document.querySelectorAll('details').forEach(node => { node.open = true })"


KINDS = (
    "collection",
    "card training.prepare_tensors",
    "diff breaking",
    "plan 2026.09",
    "history",
    "callers",
    "compare",
    "panel",
)
"""One of each kind, for front ends that take seconds."""
RUN = "from tests.browser import outputs\nmake = outputs.of_example()"


class Clip(NamedTuple):
    """What is cut off in an output of some width."""

    output: str
    width: int
    places: tuple[str, ...]


def clipped(chromium: Chromium, htmls: dict[str, str]) -> list[Clip]:
    """Measure outputs at each width, as they come and unfolded: all of them on one page, for a page takes seconds."""
    parts = "".join(f'<section data-name="{escape(name)}">{html}</section>' for name, html in htmls.items())

    def measure() -> list[Clip]:
        page: Page = chromium.new_page()
        page.set_content(PAGE)
        page.evaluate("html => { document.querySelector('.page').innerHTML = html }", parts)
        places: dict[tuple[str, int], list[str]] = {}
        for folded in (True, False):
            if not folded:
                page.evaluate(UNFOLD)
            for width in WIDTHS:
                page.set_viewport_size({"width": width, "height": 800})
                for name, place in page.evaluate(CLIPPED):
                    places.setdefault((name, width), []).append(place)
        page.context.close()
        return [Clip(name, width, tuple(dict.fromkeys(each))) for (name, width), each in places.items()]

    return chromium.run(measure)


def styles(chromium: Chromium, *pages: dict[str, str]) -> list[dict[str, list[str]]]:
    """Return how each node of some outputs is set, page by page, wide and narrow."""

    def read() -> list[dict[str, list[str]]]:
        page: Page = chromium.new_page()
        page.set_content(PAGE)
        found = []
        for htmls in pages:
            parts = "".join(f'<section data-name="{escape(name)}">{html}</section>' for name, html in htmls.items())
            page.evaluate("html => { document.querySelector('.page').innerHTML = html }", parts)
            page.evaluate(UNFOLD)
            settings: dict[str, list[str]] = {}
            for width in WIDTHS:
                page.set_viewport_size({"width": width, "height": 800})
                for name, nodes in page.evaluate(STYLES):
                    settings.setdefault(name, []).extend(nodes)
            found.append(settings)
        page.context.close()
        return found

    return chromium.run(read)


def rendered(makers: dict[str, Callable[[], object]]) -> dict[str, str]:
    return {name: make().to_html() for name, make in makers.items()}  # type: ignore[attr-defined]


def test_the_measure_notices_what_is_cut(chromium: Chromium) -> None:
    long = "<table><tr><td style='white-space:nowrap'>" + "x" * 300 + "</td></tr></table>"
    shown = clipped(chromium, {"cut": f'<div class="ftn">{long}</div>', "fits": '<div class="ftn">x</div>'})
    assert {clip.output for clip in shown} == {"cut", "page"}


def test_nothing_is_cut_off_of_releases_called_by_their_commits(chromium: Chromium) -> None:
    assert clipped(chromium, rendered(outputs.of_example())) == []


def test_an_output_looks_the_same_beside_others(chromium: Chromium) -> None:
    """Each carries the rules of the stylesheet that it needs, and the last of equal rules on a page wins."""
    kinds = [*KINDS, "versions", "history sql", "compatibility", "findings"]
    htmls = {name: html for name, html in rendered(outputs.of_example()).items() if name in kinds}
    *alone, forwards, backwards = styles(
        chromium, *({name: html} for name, html in htmls.items()), htmls, dict(reversed(htmls.items()))
    )
    assert len(alone) == len(kinds)
    for settings in alone:
        ((name, nodes),) = settings.items()
        assert forwards[name] == nodes
        assert backwards[name] == nodes


def test_how_many_of_a_name_and_their_type_stand_on_a_line(chromium: Chromium) -> None:
    """Where there is room for the three columns of a collection."""
    kinds = ["python-task", "spark"]
    tasks = ftn.TaskCollection(unregistered(f"shop.{kind}", kind) for kind in kinds for _ in range(7))
    assert "7 of this name · python-task" in tasks.to_text()

    def measure() -> list[float]:
        page = chromium.new_page()
        page.set_content(PAGE)
        page.evaluate("html => { document.querySelector('.page').innerHTML = html }", tasks.to_html())
        page.set_viewport_size({"width": 780, "height": 800})
        heights: list[float] = page.evaluate(
            "Array.from(document.querySelectorAll('.ftn-g > span:last-child'), node => {"
            " const lines = document.createRange(); lines.selectNodeContents(node);"
            " return lines.getBoundingClientRect().height })"
        )
        page.context.close()
        return heights

    heights = chromium.run(measure)
    assert len(heights) > len(kinds)
    assert max(heights) < 1.5 * min(heights)


def unregistered(name: str, kind: str) -> task_pb2.TaskSpec:
    spec = task_pb2.TaskSpec()
    spec.template.id.name, spec.template.type = name, kind
    return spec


def cut_off(tab: Tab, widths: tuple[int, ...]) -> list[tuple[int, str]]:
    """Measure what is on a page at some widths of its window, unfolded."""

    def measure(page: Page) -> list[tuple[int, str]]:
        page.evaluate(UNFOLD)
        found = []
        for width in widths:
            page.set_viewport_size({"width": width, "height": 1000})
            page.wait_for_timeout(300)
            found += [(width, place) for _, place in page.evaluate(CLIPPED)]
        page.set_viewport_size(VIEWPORT)
        return found

    return tab.do(measure)


@pytest.fixture
def run_kinds(write_cells: Callable[..., str]) -> str:
    """Write a notebook with an output of each kind, none of them run, and return its name."""
    return write_cells(RUN, *(f"make[{kind!r}]()" for kind in KINDS))


def test_nothing_is_cut_off_in_jupyterlab(
    open_notebook: Callable[..., LabTab], run_kinds: str, screenshots: Path
) -> None:
    """Beside a sidebar, so that outputs are narrower than the window."""
    tab = open_notebook(run_kinds)
    tab.run_all()
    assert tab.errors() == []
    for theme in THEMES:
        tab.use_theme(theme)
        tab.picture(screenshots / f"width-lab-{theme}.png")
        assert cut_off(tab, (1700, 1250, 950)) == []


def test_nothing_is_cut_off_in_notebook_7(
    open_notebook_7: Callable[..., NotebookTab], run_kinds: str, screenshots: Path
) -> None:
    """And every word is on screen, light and dark."""
    tab = open_notebook_7(run_kinds)
    tab.run_all()
    assert tab.errors() == []
    for theme in THEMES:
        tab.use_theme(theme)
        tab.picture(screenshots / f"width-notebook-{theme}.png")
        assert cut_off(tab, WIDTHS) == []
        assert_legible(tab, [cell.get("outputs", []) for cell in tab.cells()])
    # Its console is not asked: it complains of its own settings before it has opened anything.
    assert tab.outside == []


def test_nothing_is_cut_off_in_voila(open_voila: Callable[..., VoilaTab], run_kinds: str, screenshots: Path) -> None:
    tab = open_voila(run_kinds, "dark")
    tab.picture(screenshots / "width-voila.png")
    assert cut_off(tab, WIDTHS) == []


def test_nothing_is_cut_off_in_the_export(chromium: Chromium) -> None:
    made = rendered({kind: outputs.of_example()[kind] for kind in KINDS})
    cells = [
        new_code_cell(
            "...", execution_count=1, outputs=[new_output("execute_result", {"text/html": html}, execution_count=1)]
        )
        for html in made.values()
    ]
    page_html, _ = HTMLExporter().from_notebook_node(new_notebook(cells=cells))

    def measure() -> list[str]:
        page = chromium.new_page()
        page.set_content(page_html, wait_until="domcontentloaded")
        page.evaluate(UNFOLD)
        found = []
        for width in WIDTHS:
            page.set_viewport_size({"width": width, "height": 800})
            found += [place for _, place in page.evaluate(CLIPPED)]
        page.context.close()
        return found

    assert chromium.run(measure) == []


def test_nothing_is_cut_off_of_the_corpus(chromium: Chromium) -> None:
    if not (makers := outputs.of_corpus()):
        pytest.skip("truth: there is no corpus")
    assert clipped(chromium, rendered(makers)) == []
