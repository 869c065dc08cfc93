"""The explorer in a real notebook: all of it by mouse and by keys alone, what is on the screen then, and what it costs.

One page and one kernel serve all of these tests; each begins with an explorer of its own.
"""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any, cast

import nbformat
import pytest
from nbformat.v4 import new_code_cell, new_notebook

import flytetask_nb as ftn
from tests.browser.chromium import VIEWPORT
from tests.browser.lab import LabTab
from tests.browser.test_widgets import (
    ARCHIVES,
    IDLE,
    LOAD,
    MOST_BYTES,
    MOST_MESSAGES,
    no_complaints,
    says,
    serious_faults,
    upload,
)

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator
    from pathlib import Path

    from playwright.sync_api import Locator, Page

    from tests.browser.chromium import Chromium
    from tests.browser.dashboard import VoilaTab
    from tests.browser.lab import NotebookTab
    from tests.browser.server import JupyterServer

pytestmark = pytest.mark.browser

TRAIN = "shops.training.train_shop_model"
CELLS = (
    LOAD,
    "explorer = ftn.explore(tasks)\nexplorer",
    "other = ftn.explore(tasks.to_frame())\nother",
    "",
)
EXPLORER, TABLE, NEXT = 1, 2, 3
QUIET = 200
"""Milliseconds without a message after which none is to be expected."""

RUN_CELL = """async ([place, source]) => {
    const panel = jupyterapp.shell.currentWidget;
    if (source) panel.content.model.sharedModel.cells[place].setSource(source);
    panel.content.activeCellIndex = place;
    await jupyterapp.commands.execute('notebook:run-cell');
    return panel.content.model.sharedModel.cells[place].outputs
        .map(output => [].concat(output.text ?? output.evalue ?? '').join('')).join('');
}"""
SLOW_CARD = """\
card = explorer._exploration.side
explorer._exploration.side = lambda *asked: (time.sleep(0.7), card(*asked))[1]"""
WAITS = ".ftn-x-wait:not([hidden])"
SLOWLY = 1000
"""As ``QUIET``, where a page takes the kernel 0.7 seconds."""
RUN_ASIDE = """code => jupyterapp.shell.currentWidget.sessionContext.session.kernel.requestExecute({ code }).done"""
EAR = """() => {
    globalThis.heard = [];
    const kernel = jupyterapp.shell.currentWidget.sessionContext.session.kernel;
    kernel.iopubMessage.connect((_, message) => {
        if (!message.header.msg_type.startsWith('comm_')) return;
        const { kind, facets, serial } = message.content.data?.content ?? {};
        const bytes = new TextEncoder().encode(JSON.stringify(message.content)).length;
        heard.push([`${facets ? 'counts' : kind} ${serial ?? ''}`, bytes]);
    });
}"""
HEARD = """() => { const found = heard; globalThis.heard = []; return found; }"""
SLOW = """\
import time
quick = explorer._exploration.page
explorer._exploration.page = lambda *asked: (time.sleep(0.7), quick(*asked))[1]"""
TYPE_AT_ONCE = """(box, text) => {
    for (let length = 2; length <= text.length; length += 1) {
        box.value = text.slice(0, length);
        box.dispatchEvent(new Event('input'));
    }
}"""
FOCUSED = """() => {
    const node = document.activeElement;
    return [node.role ?? node.type, node.closest('[aria-rowindex]')?.getAttribute('aria-rowindex'),
        node.getAttribute('aria-colindex')].map(each => each && String(each));
}"""
CUT = """root => {
    const found = [];
    for (const node of document.querySelectorAll(`${root}, ${root} *`)) {
        if (!node.clientWidth || node.scrollWidth <= node.clientWidth + 1) continue;
        const style = getComputedStyle(node);
        if (style.textOverflow === 'ellipsis' || ['auto', 'scroll'].includes(style.overflowX)) continue;
        if (node.closest('.ftn-x-scroll, .ftn-wide') || node.matches('input')) continue;
        found.push(`${node.localName}.${node.className} ${node.scrollWidth} > ${node.clientWidth}`);
    }
    return found;
}"""


class Grid:
    """An explorer on the page, as a person sees and uses it."""

    def __init__(self, tab: LabTab, place: int) -> None:
        self.tab = tab
        self._place = place

    def root(self, page: Page) -> Locator:
        return page.locator(".jp-CodeCell").nth(self._place).locator(".ftn-x")

    def do(self, action: Callable[[Locator], Any]) -> Any:
        return self.tab.do(lambda page: action(self.root(page)))

    def says(self, text: str, part: str = "", seconds: float = 20) -> None:
        """Wait until a part of the explorer holds a text."""
        self.do(
            lambda root: (
                (root.locator(part) if part else root).filter(has_text=text).first.wait_for(timeout=seconds * 1000)
            )
        )

    def counts(self, words: str) -> None:
        """Wait until so many tasks are told to match."""
        self.says(words, ".ftn-x-count")

    def rows(self) -> list[list[str]]:
        """Return the cells of the rows that are on the screen."""
        return cast(
            "list[list[str]]",
            self.do(
                lambda root: root.locator(".ftn-x-layer .ftn-x-row:visible").evaluate_all(
                    "rows => rows.map(row => Array.from(row.children, cell => cell.innerText))"
                )
            ),
        )

    def press(self, *keys: str) -> None:
        self.tab.do(lambda page: [page.keyboard.press(key) for key in keys])

    def type(self, text: str) -> None:
        self.tab.do(lambda page: page.keyboard.type(text))

    def focus_search(self) -> None:
        self.do(lambda root: root.get_by_label("Search", exact=True).focus())

    def search_for(self, text: str, words: str) -> None:
        """Type a search, and wait until so many tasks are told to match the whole of it."""
        self.focus_search()
        self.type(text)
        self.settle()
        self.counts(words)

    def focused(self) -> list[str]:
        """Return role, row and column of what has the focus."""
        return cast("list[str]", self.tab.ask(FOCUSED))

    def settle(self, quiet: int = QUIET) -> list[tuple[str, int]]:
        """Wait until the kernel has nothing more to say, and return what it said since the last time, with its bytes."""
        heard: list[tuple[str, int]] = []
        while True:
            self.tab.ask(IDLE)
            self.tab.do(lambda page: page.wait_for_timeout(quiet))
            more = cast("list[tuple[str, int]]", self.tab.ask(HEARD))
            if not more:
                return heard
            heard += more

    def check_cost(self, action: Callable[[], Any], then: Callable[[], Any]) -> None:
        """Do something, wait for what comes of it, and see that the kernel sent little."""
        self.settle()
        action()
        then()
        check_little(self.settle())


def check_little(heard: list[tuple[str, int]]) -> None:
    assert len(heard) <= MOST_MESSAGES, heard
    assert sum(sent for _, sent in heard) <= MOST_BYTES, heard


@pytest.fixture(scope="module")
def lab(chromium: Chromium, server: JupyterServer, idle_labs: list[LabTab]) -> Iterator[LabTab]:
    """Open one notebook for all tests, with an ear on what its kernel sends."""
    name = "explored.ipynb"
    cells = [new_code_cell(source=source) for source in CELLS]
    metadata = {"kernelspec": {"name": "python3", "display_name": "Python 3"}}
    nbformat.write(new_notebook(cells=cells, metadata=metadata), server.notebooks / name)
    if idle_labs:
        tab = idle_labs.pop()
        tab.open(name, "light")
    else:
        tab = LabTab(chromium, server, name, "light")
    tab.run_all()
    assert tab.errors() == []
    tab.ask(EAR)
    yield tab
    tab.close_notebook()
    idle_labs.append(tab)


@pytest.fixture
def grid(lab: LabTab) -> Iterator[Grid]:
    """Make a new explorer on the example's tasks."""
    lab.ask(RUN_CELL, [EXPLORER, ""])
    made = Grid(lab, EXPLORER)
    made.counts("218 of 218 tasks")
    made.says("would register", ".ftn-x-side")
    made.says("CPU", ".ftn-x-facets")
    # What is computed behind is there, and nobody is told of it any more.
    python(made, "for work in explorer._behind: work.finish()")
    made.settle()
    yield made
    assert lab.problems == []
    assert lab.outside == []


def python(grid: Grid, source: str) -> str:
    """Run the next cell and return what it printed."""
    return str(grid.tab.ask(RUN_CELL, [NEXT, source])).strip()


# -- keys alone --------------------------------------------------------------------------------------------------------


def test_search_rows_and_card_are_reached_by_keys(grid: Grid) -> None:
    grid.search_for("train mem>0", "48 of 218 tasks")
    grid.press("ArrowDown")
    assert grid.focused() == ["gridcell", "2", "1"]
    grid.press("ArrowDown", "ArrowDown", "ArrowRight")
    assert grid.focused() == ["gridcell", "4", "2"]
    grid.says(grid.rows()[2][0], ".ftn-x-side")
    grid.press("Control+End")
    assert grid.focused()[:2] == ["gridcell", "49"]
    grid.press("Control+Home")
    assert grid.focused() == ["gridcell", "2", "1"]
    grid.press("End")
    assert grid.focused()[2] == str(len(grid.rows()[0]))
    grid.press("Home", "PageDown")
    assert int(grid.focused()[1]) > 10
    grid.press("PageUp")
    assert grid.focused() == ["gridcell", "2", "1"]
    grid.says("History", ".ftn-x-side")
    grid.press("Enter")
    grid.do(lambda root: root.locator(".ftn-x-side:focus").wait_for())
    grid.press("Escape")
    assert grid.focused() == ["gridcell", "2", "1"]
    # One cell alone is in the order of Tab.
    assert grid.do(lambda root: root.locator(".ftn-x-grid [tabindex='0']").count()) == 1


def test_rows_are_sorted_by_keys(grid: Grid) -> None:
    grid.focus_search()
    grid.press("ArrowDown", "ArrowUp", "ArrowRight", "Enter", "Enter")
    assert grid.focused() == ["columnheader", "1", "2"]
    grid.says("▼", ".ftn-x-header")
    grid.settle()
    assert {row[1] for row in grid.rows()} == {"2026.10"}
    grid.press("ArrowLeft", "Shift+Enter")
    grid.says("▲2", ".ftn-x-header")
    grid.settle()
    shown = [row[0] for row in grid.rows()]
    assert shown == sorted(shown, key=str.casefold) or shown[0].startswith("_bash")
    sorts = grid.do(lambda root: root.locator("[aria-sort]").evaluate_all("all => all.map(each => each.ariaSort)"))
    assert sorts == ["ascending", "descending"]


def test_rows_are_selected_and_compared_by_keys(grid: Grid) -> None:
    grid.search_for(f"name={TRAIN}", "8 of 218 tasks")
    grid.press("ArrowDown", " ", "End", "Control+End", " ")
    grid.says("2026.03 → 2026.10", ".ftn-x-side")
    grid.counts("2 selected")
    # What is counted is said before the rows are drawn again.
    grid.do(lambda root: root.locator("[aria-selected=true]").nth(1).wait_for())
    assert grid.do(lambda root: root.locator("[aria-selected=true]").count()) == 2
    assert python(grid, "print([task.id.version for task in explorer.selection])") == "['2026.03', '2026.10']"
    grid.focus_search()
    grid.press("ArrowDown", "ArrowUp", "ArrowUp", "ArrowUp", "Control+Home", "ArrowDown", "Shift+ ")
    grid.says("8 versions", ".ftn-x-side")
    grid.press("Escape")
    grid.says("would register", ".ftn-x-side")
    grid.press("Control+a")
    grid.counts("8 selected")


def test_groups_open_and_close_by_keys(grid: Grid) -> None:
    grid.do(lambda root: root.get_by_label("by name").focus())
    grid.press(" ")
    grid.do(lambda root: root.locator(".ftn-x-group").first.wait_for())
    assert grid.do(lambda root: root.get_by_role("treegrid").count()) == 1
    grid.focus_search()
    grid.press("ArrowDown", "ArrowRight")
    grid.do(lambda root: root.locator("[aria-expanded=true]").wait_for())
    grid.do(lambda root: root.locator(".ftn-x-row[aria-level='2']:visible").nth(7).wait_for())
    grid.press("ArrowDown", "ArrowDown", "ArrowLeft")
    assert grid.focused() == ["gridcell", "2", "1"]
    grid.press("ArrowLeft")
    grid.do(lambda root: root.locator("[aria-expanded=true]").wait_for(state="detached"))


def test_facets_and_ranges_are_used_by_keys(grid: Grid) -> None:
    grid.do(lambda root: root.get_by_role("checkbox", name="raw-container").focus())
    grid.press(" ")
    grid.counts("8 of 218 tasks")
    # The focus stays, and so do the others' counts.
    assert grid.focused()[0] == "checkbox"
    grid.says("194", ".ftn-x-facets")
    grid.do(lambda root: root.get_by_role("checkbox", name="warehouse_query").focus())
    grid.press(" ")
    grid.counts("24 of 218 tasks")
    grid.do(lambda root: root.get_by_role("button", name="Clear type").focus())
    grid.press("Enter")
    grid.counts("218 of 218 tasks")
    grid.do(lambda root: root.get_by_role("slider", name="memory from").focus())
    grid.press("ArrowRight", "ArrowRight")
    grid.says("memory request: 2 GiB", ".ftn-x-chips")
    assert grid.focused()[0] == "range"
    grid.settle()
    shown = python(grid, "print(len(explorer.frame), explorer.frame['memory_request'].min() >= 2 * 2**30)")
    grid.counts(f"{shown.split()[0]} of 218 tasks")
    assert shown.endswith("True")


def test_columns_are_chosen_and_moved_by_keys(grid: Grid) -> None:
    grid.do(lambda root: root.get_by_role("button", name="Columns").focus())
    grid.press("Enter")
    grid.do(lambda root: root.get_by_role("checkbox", name="job memory").focus())
    grid.press(" ")
    grid.do(lambda root: root.get_by_role("columnheader", name="job memory").wait_for(state="attached"))
    grid.do(lambda root: root.get_by_role("button", name="Move job memory up").focus())
    before = python(grid, "print(explorer.columns.index('job_memory'))")
    grid.do(lambda root: root.get_by_role("button", name="Move job memory up").focus())
    grid.press("Enter")
    grid.settle()
    assert int(python(grid, "print(explorer.columns.index('job_memory'))")) == int(before) - 1
    grid.do(lambda root: root.get_by_role("button", name="Only what differs").focus())
    grid.press("Enter")
    grid.do(lambda root: root.get_by_role("columnheader", name="runtime version").wait_for(state="detached"))
    grid.press("Escape")
    assert grid.do(
        lambda root: root.get_by_role("button", name="Columns").evaluate("n => n === document.activeElement")
    )


# -- by mouse ----------------------------------------------------------------------------------------------------------


def test_rows_are_sorted_opened_and_selected_by_mouse(grid: Grid) -> None:
    grid.do(lambda root: root.get_by_role("columnheader", name="version").click())
    grid.do(lambda root: root.get_by_role("columnheader", name="name").click(modifiers=["Shift"]))
    grid.says("▲2", ".ftn-x-header")
    grid.do(lambda root: root.get_by_role("gridcell", name="encode_shops").first.click())
    grid.says("encode_shops", ".ftn-x-side")
    grid.do(lambda root: root.locator(".ftn-x-mark").nth(2).click())
    grid.do(lambda root: root.locator(".ftn-x-row:visible .ftn-x-mark").nth(4).click())
    grid.counts("2 selected")
    grid.do(lambda root: root.get_by_role("gridcell").nth(0).click(modifiers=["Control"]))
    grid.counts("3 selected")


def test_only_this_and_a_brush_by_mouse(grid: Grid) -> None:
    grid.do(lambda root: root.get_by_role("button", name="Only type warehouse_query").click())
    grid.counts("16 of 218 tasks")
    grid.do(lambda root: root.get_by_role("button", name="Remove filter type: warehouse_query").click())
    grid.counts("218 of 218 tasks")

    def brush(root: Locator) -> None:
        bars = root.locator(".ftn-x-bars").first
        bars.scroll_into_view_if_needed()
        box = bars.bounding_box()
        assert box is not None
        mouse = root.page.mouse
        mouse.move(box["x"] + box["width"] - 4, box["y"] + 10)
        mouse.down()
        mouse.move(box["x"] + box["width"] / 2, box["y"] + 10, steps=4)
        mouse.up()

    grid.settle()
    grid.do(brush)
    grid.says("cpu request: 2 – 16", ".ftn-x-chips")
    assert python(grid, "print(explorer.frame['cpu_request'].min())") == "2.0"


def test_any_row_is_scrolled_to(grid: Grid) -> None:
    grid.do(lambda root: root.locator(".ftn-x-scroll").evaluate("node => { node.scrollTop = node.scrollHeight; }"))
    grid.settle()
    last = python(grid, "print(tasks[-1].name, tasks[-1].id.version)").split()
    grid.says(last[0], ".ftn-x-layer")
    assert grid.rows()[-1][:2] == last
    assert len(grid.rows()) < 30


# -- what it costs, and how it waits ----------------------------------------------------------------------------------------


def test_every_action_costs_little(grid: Grid) -> None:
    for action, then in (
        (lambda: (grid.focus_search(), grid.type("t")), lambda: grid.says("t", ".ftn-x-layer")),
        (lambda: grid.type("r"), lambda: None),
        (
            lambda: grid.do(lambda root: root.get_by_label("Search").fill("train")),
            lambda: grid.counts("48 of 218 tasks"),
        ),
        (lambda: grid.press("ArrowDown", "ArrowDown"), lambda: grid.says("History", ".ftn-x-side")),
        (lambda: grid.press(" "), lambda: grid.counts("1 selected")),
        (lambda: grid.press("ArrowDown", " "), lambda: grid.says("→", ".ftn-x-side")),
        (lambda: grid.press("PageDown"), lambda: None),
        (lambda: grid.press("Control+End"), lambda: None),
        (
            lambda: grid.do(lambda root: root.get_by_role("columnheader", name="type").click()),
            lambda: grid.says("▲", ".ftn-x-header"),
        ),
        (
            lambda: grid.do(lambda root: root.get_by_role("checkbox", name="k8s_pod").click()),
            lambda: grid.says("k8s_pod", ".ftn-x-chips"),
        ),
        (
            lambda: grid.do(lambda root: root.get_by_role("button", name="Copy as code").click()),
            lambda: grid.do(lambda root: root.get_by_label("Code that makes").wait_for()),
        ),
    ):
        grid.check_cost(action, then)


def test_typing_faster_than_the_kernel_answers_asks_once_and_shows_nothing_stale(grid: Grid) -> None:
    python(grid, SLOW)
    grid.focus_search()
    grid.type("t")
    grid.says("waiting for the kernel", WAITS, 1)
    grid.do(lambda root: root.get_by_label("Search", exact=True).evaluate(TYPE_AT_ONCE, "train gpu>0 -map"))
    # Meanwhile the rows stay.
    assert len(grid.rows()) > 10
    grid.counts("8 of 218 tasks")
    grid.do(lambda root: root.locator(WAITS).wait_for(state="detached"))
    # The first letter's answer, the last one's, its counts, and the card of the first row with its history.
    check_little(grid.settle())


def test_keys_faster_than_the_kernel_answers_are_not_lost(grid: Grid) -> None:
    python(grid, SLOW)
    in_card = ".ftn-x-side:focus"
    grid.focus_search()
    # The last rows are not there yet.
    grid.press("ArrowDown", "Control+End", "Enter")
    grid.do(lambda root: root.locator(in_card).wait_for())
    grid.says(grid.rows()[-1][0], in_card)
    # Nor is the answer to what was selected.
    grid.press("Escape", "Control+Home", " ", "ArrowDown", " ", "ArrowDown", "Enter")
    grid.do(lambda root: root.locator(in_card).wait_for())
    grid.counts("2 selected")
    grid.do(lambda root: root.locator(f"{in_card}[aria-label=Comparison]").wait_for())
    # Nor are rows that are left and come back to.
    grid.settle(SLOWLY)
    grid.press("Escape", " ")
    grid.says("waiting for the kernel", WAITS, 1)
    grid.press("Control+End", "Control+Home")
    grid.settle(SLOWLY)
    assert grid.do(lambda root: root.locator(".ftn-x-waiting").count()) == 0
    # What is read in a card stays, though the card was asked for twice.
    python(grid, SLOW_CARD)
    grid.do(lambda root: root.locator(".ftn-x-grid [tabindex='0']").focus())
    grid.press("Escape")
    grid.settle(SLOWLY)
    grid.press("ArrowDown")
    grid.says("waiting for the kernel", WAITS, 1)
    grid.press("Enter")
    grid.do(lambda root: root.locator(in_card).wait_for())
    grid.press("Tab")
    grid.settle(SLOWLY)
    assert grid.do(lambda root: root.locator(".ftn-x-side :focus").count()) == 1
    grid.press("Escape")
    # Whoever is elsewhere by then stays there.
    grid.press("Control+End", "Enter")
    grid.focus_search()
    grid.settle(SLOWLY)
    assert grid.do(lambda root: root.locator("[type=search]:focus").count()) == 1


def test_what_is_held_down_or_has_the_focus_outlives_every_answer(grid: Grid) -> None:
    # A key.
    grid.do(lambda root: root.get_by_role("checkbox", name="raw-container").focus())
    grid.tab.do(lambda page: page.keyboard.down(" "))
    grid.tab.ask(RUN_ASIDE, "explorer.query = 'type:container'")
    grid.settle()
    grid.tab.do(lambda page: page.keyboard.up(" "))
    grid.says("type: raw-container", ".ftn-x-chips")
    # The focus, where what had it goes.
    grid.do(lambda root: root.get_by_role("button", name="Remove filter").focus())
    grid.press("Enter")
    grid.do(lambda root: root.locator("[type=search]:focus").wait_for())
    grid.press("ArrowDown")
    grid.tab.ask(RUN_ASIDE, "explorer.columns = ['name', 'memory_request']")
    grid.do(lambda root: root.locator(".ftn-x-header > :nth-child(3)").wait_for(state="detached"))
    assert grid.focused() == ["gridcell", "2", "1"]

    # In a card that another one takes the place of.
    grid.do(lambda root: root.locator(".ftn-x-side summary").first.focus())
    grid.tab.ask(RUN_ASIDE, "explorer.query = 'predict'")
    grid.do(lambda root: root.locator(".ftn-x-side:focus").wait_for())

    # A handle.
    def pull(root: Locator, bins: int) -> None:
        handle = root.get_by_role("slider", name="memory from")
        handle.scroll_into_view_if_needed()
        box = handle.bounding_box()
        assert box is not None
        width = (box["width"] - 10) / int(str(handle.get_attribute("max")))
        root.page.mouse.move(box["x"] + 5 + bins * width, box["y"] + box["height"] / 2)

    python(grid, "explorer.query = ''")
    grid.settle()
    grid.do(lambda root: (pull(root, 0), root.page.mouse.down()))
    for bins in (1, 2):
        grid.do(lambda root, bins=bins: pull(root, bins))
        grid.settle()
    grid.do(lambda root: root.page.mouse.up())
    assert grid.do(lambda root: root.get_by_role("slider", name="memory from").input_value()) == "2"
    grid.says("memory request: 2 GiB", ".ftn-x-chips")


def test_ticks_faster_than_the_kernel_answers_all_count(grid: Grid) -> None:
    python(grid, SLOW)
    for name in ("raw-container", "warehouse_query", "raw-container", "python-task"):
        grid.do(lambda root, name=name: root.get_by_role("checkbox", name=name).focus())
        grid.press(" ")
    grid.counts("210 of 218 tasks")
    assert python(grid, "print(sorted(explorer.frame['type'].unique()))") == "['python-task', 'warehouse_query']"


def test_a_search_that_cannot_be_read_says_where_and_the_rows_stay(grid: Grid) -> None:
    grid.focus_search()
    grid.type("train gpu>>0")
    grid.says("at character 11", "[role=alert]")
    assert len(grid.rows()) > 10
    grid.do(lambda root: root.get_by_label("Search", exact=True).fill("no-such-task"))
    grid.counts("0 of 218 tasks")
    assert grid.rows() == []
    assert not grid.do(lambda root: root.locator("[role=alert]").is_visible())


# -- the next cell -------------------------------------------------------------------------------------------------------


def test_the_next_cell_sets_what_the_page_shows(grid: Grid) -> None:
    assert python(grid, "explorer.query = 'gpu>0'; explorer.columns = ['version', 'job_gpu']") == ""
    grid.counts(f"{python(grid, 'print(len(explorer.frame))')} of 218 tasks")
    assert grid.do(lambda root: root.get_by_label("Search", exact=True).input_value()) == "gpu>0"
    assert grid.do(lambda root: root.locator(".ftn-x-header > *").all_inner_texts()) == ["name", "version", "job gpu"]
    python(grid, f"explorer.query = ''; explorer.selection = tasks.versions('{TRAIN}')[:2]")
    grid.counts("2 selected")
    python(grid, "explorer.frame = explorer.frame[:5]")
    grid.counts("5 of 5 tasks")


def test_a_second_view_begins_where_the_first_one_is(grid: Grid) -> None:
    grid.search_for("train", "48 of 218 tasks")
    grid.tab.ask(RUN_CELL, [NEXT, "explorer"])
    second = Grid(grid.tab, NEXT)
    second.counts("48 of 218 tasks")
    assert second.do(lambda root: root.get_by_label("Search", exact=True).input_value()) == "train"
    grid.settle()
    grid.counts("48 of 218 tasks")
    python(grid, "explorer.query = 'encode'")
    grid.counts("8 of 218 tasks")


def test_two_explorers_stand_on_one_page(grid: Grid) -> None:
    table = Grid(grid.tab, TABLE)
    table.search_for("encode", "8 of 218 rows")
    grid.counts("218 of 218 tasks")
    table.press("ArrowDown")
    table.says("holds no tasks", ".ftn-x-side")
    grid.says("would register", ".ftn-x-side")


# -- how it looks --------------------------------------------------------------------------------------------------------


def test_nothing_serious_is_wrong_and_nothing_is_cut_off_in_both_looks_at_any_width(
    grid: Grid, screenshots: Path
) -> None:
    try:
        for theme in ("light", "dark"):
            grid.tab.use_theme(theme)
            for width in (1700, 1250, 950):
                grid.tab.do(lambda page, width=width: page.set_viewport_size({"width": width, "height": 1400}))
                grid.tab.do(lambda page: page.wait_for_timeout(300))
                grid.tab.do(
                    lambda page, width=width, theme=theme: page.screenshot(
                        path=screenshots / f"explorer-{theme}-{width}.png"
                    )
                )
                assert grid.tab.ask(CUT, ".ftn-x") == []
            grid.tab.open_details(".ftn-x")
            assert serious_faults(grid.tab, ".ftn-x") == [], theme
    finally:
        grid.tab.use_theme("light")
        grid.tab.do(lambda page: page.set_viewport_size(VIEWPORT))


def test_in_notebook_7(server: JupyterServer, open_notebook_7: Callable[..., NotebookTab]) -> None:
    """It begins where the cell says, and answers."""
    cells = [new_code_cell(source=source) for source in (LOAD, "ftn.explore(tasks, query='train')")]
    metadata = {"kernelspec": {"name": "python3", "display_name": "Python 3"}}
    nbformat.write(new_notebook(cells=cells, metadata=metadata), server.notebooks / "explored_7.ipynb")
    tab = open_notebook_7("explored_7.ipynb")
    tab.run_all()
    says(tab, "48 of 218 tasks")
    tab.do(lambda page: page.get_by_label("Search", exact=True).fill("train -map"))
    says(tab, "40 of 218 tasks")
    assert tab.errors() == []


# A model without a kernel: what is asked is kept, and answered by the test.
ALONE = """async ([source, first, state]) => {
    const { default: widget } = await import(URL.createObjectURL(new Blob([source], { type: 'text/javascript' })));
    const sent = [];
    let hear;
    const model = { get: () => first, send: message => sent.push(message), on: (_, heard) => { hear = heard; }, off: () => 0 };
    widget.render({ model, el: document.body });
    const search = document.querySelector('input[type=search]');
    search.value = 'train';
    search.dispatchEvent(new Event('input'));
    const [{ kind, view, serial }] = sent;
    hear({ kind: 'state', view, serial, state });
    return [kind, sent.length, search.value, sent.at(-1).query];
}"""


def test_what_is_typed_before_the_kernel_has_answered_counts(chromium: Chromium) -> None:
    """The page asks where the explorer is by now; that answer comes too late for one who types at once."""
    explorer = ftn.explore(ftn.load(ARCHIVES / "2026.10.tgz"))
    first = json.loads(json.dumps(explorer._opening()))

    def typed() -> Any:
        page = chromium.new_page()
        answer = page.evaluate(ALONE, [explorer._esm, first, first["state"]])
        page.context.close()
        return answer

    assert chromium.run(typed) == ["hello", 2, "train", "train"]


def test_the_app_explores_archives_that_a_reader_brings(
    open_voila: Callable[[str, str], VoilaTab], screenshots: Path
) -> None:
    tab = open_voila("apps/explorer.ipynb", "dark")
    upload(tab, ARCHIVES / "2026.10.tgz")
    says(tab, "27 of 27 tasks")
    tab.do(lambda page: page.get_by_label("Search", exact=True).fill("train"))
    says(tab, "6 of 27 tasks")
    says(tab, "shops.training.prepare_tensors 2026.10")
    says(tab, "image repository")
    tab.picture(screenshots / "explorer-app.png")
    assert serious_faults(tab, ".ftn-x") == []
    assert tab.errors() == []
    no_complaints(tab)
