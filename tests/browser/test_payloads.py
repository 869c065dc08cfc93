"""What is written into any field of a task does nothing in a front end: no dialogue, no request, no foreign element."""

from __future__ import annotations

import os
import re
from typing import TYPE_CHECKING, cast

import pytest
from nbformat.v4 import new_code_cell, new_output

from tests.browser.dashboard import asked_by_voila
from tests.conftest import LONG_VARIABLE
from tests.payloads import HARMLESS, PAYLOADS, bundles

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

    from tests.browser.chromium import Tab
    from tests.browser.dashboard import VoilaTab
    from tests.browser.lab import LabTab, NotebookTab

pytestmark = pytest.mark.browser

# Of the orders in which payloads can stand a front end shows its part, or all where there are hours.
PARTS = 1 if os.environ.get(LONG_VARIABLE) else 8

SHOW = """\
import rich
from IPython.display import display, publish_display_data
from tests.payloads import HARMLESS, PAYLOADS, bundles, reports

def show(payloads, starts):
    for bundle in bundles(payloads, starts):
        publish_display_data(bundle)
    for name, report in reports(payloads):
        if name in {"panel of tasks", "compare", "explorer"}:
            display(report)
            rich.print(report)
"""

COMPLAINTS = re.compile(
    # Of Notebook 7 about itself, before it has opened anything and while it does: the server refuses it a font as well.
    r"Cannot read properties of undefined \(reading 'schema'\)"
    r"|Command 'filebrowser:.*"
    r"|Failed to load resource: .*: http://127\.0\.0\.1:\d+/(?:api|static/notebook)/.*"
    # Of anywidget, which gives a model two seconds, where a page as full as this one takes longer.
    r"|\[anywidget\] Failed to initialize model\."
)

# Of the outputs of each cell: elements and their attributes; and where they lead, but for what the front end takes for
# an address in a plain text.
NODES = """() => Array.from(document.querySelectorAll('.jp-CodeCell'), cell => {
    const nodes = Array.from(cell.querySelectorAll('.jp-OutputArea-output *'));
    const marked = nodes.filter(node => !node.closest('.jp-RenderedText'));
    const leads = marked.flatMap(node => ['href', 'src', 'action', 'data'].map(name => node.getAttribute(name) ?? '#'));
    return {
        kinds: [...new Set(nodes.flatMap(node => [node.localName, ...node.getAttributeNames()]))],
        leads: [...new Set(leads)].filter(lead => !/^(https?:[/][/]|#)/i.test(lead)),
    };
})"""


def nothing_happened(tab: Tab) -> None:
    """Hold what came of payloads against what came of a harmless text in the cell before."""
    tab.open_details()
    harmless, hostile = cast("list[dict[str, list[str]]]", tab.ask(NODES))[-2:]
    assert len(harmless["kinds"]) > 20
    assert set(hostile["kinds"]) - set(harmless["kinds"]) == set()
    assert hostile["leads"] == []
    assert tab.dialogs == []
    assert [url for url in tab.requests if "planted" in url or "evil" in url] == []
    assert [url for url in tab.outside if not asked_by_voila(url)] == []
    assert [problem for problem in tab.problems if not COMPLAINTS.fullmatch(problem)] == []


@pytest.fixture
def payloads_for(write_cells: Callable[..., str]) -> Callable[[int], str]:
    """Write a notebook that shows a harmless text and payloads everywhere, with outputs that nobody here has made."""

    def writer(part: int) -> str:
        starts = range(part % PARTS, len(PAYLOADS), PARTS)
        cells = [new_code_cell(SHOW, execution_count=1)]
        for source, texts, orders in (
            ("show([HARMLESS], range(1))", [HARMLESS], range(1)),
            (f"show(PAYLOADS, {starts})", PAYLOADS, starts),
        ):
            outputs = [new_output("display_data", bundle) for bundle in bundles(texts, orders)]
            cells.append(new_code_cell(source, execution_count=len(cells) + 1, outputs=outputs))
        return write_cells(*cells)

    return writer


def test_in_jupyterlab(
    open_notebook: Callable[..., LabTab], payloads_for: Callable[[int], str], screenshots: Path
) -> None:
    """Without trust, and then run."""
    tab = open_notebook(payloads_for(0))
    tab.wait_for_outputs()
    assert not any(tab.trusted())
    nothing_happened(tab)
    tab.run_all()
    tab.picture(screenshots / "payloads-lab.png")
    assert tab.errors() == []
    assert all(tab.trusted())
    nothing_happened(tab)


def test_in_notebook_7(open_notebook_7: Callable[..., NotebookTab], payloads_for: Callable[[int], str]) -> None:
    tab = open_notebook_7(payloads_for(1))
    tab.run_all()
    assert tab.errors() == []
    nothing_happened(tab)


def test_in_voila(open_voila: Callable[..., VoilaTab], payloads_for: Callable[[int], str], screenshots: Path) -> None:
    tab = open_voila(payloads_for(2))
    tab.picture(screenshots / "payloads-voila.png")
    assert tab.errors() == []
    nothing_happened(tab)
