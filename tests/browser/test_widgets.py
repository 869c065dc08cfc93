"""The panels in a real notebook: what a person does with them, what is on the screen then, and what it costs."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, NamedTuple, cast

import pytest

from tests.browser.dashboard import asked_by_voila
from tests.conftest import ROOT

if TYPE_CHECKING:
    from collections.abc import Callable

    from playwright.sync_api import Locator, Page

    from tests.browser.chromium import Tab
    from tests.browser.dashboard import VoilaTab
    from tests.browser.lab import LabTab

pytestmark = pytest.mark.browser

ARCHIVES = ROOT / "notebooks" / "example" / "archives"
APP = "apps/task.ipynb"

MOST_MESSAGES = 5
MOST_BYTES = 40_000

LOAD = """\
from pathlib import Path
import flytetask_nb as ftn
tasks = ftn.load("example/archives/*.tgz", version=lambda source: Path(source).stem)
"""
TRAIN = "shops.training.train_shop_model"

LISTEN = """() => {
    globalThis.comms = { messages: 0, bytes: 0 };
    // A kernel has the same ear once.
    globalThis.ear ??= (_, message) => {
        if (!message.header.msg_type.startsWith('comm_')) return;
        comms.messages += 1;
        comms.bytes += new TextEncoder().encode(JSON.stringify(message.content)).length;
    };
    jupyterapp.shell.currentWidget.sessionContext.session.kernel.iopubMessage.connect(ear);
}"""
COUNTED = """() => { const found = comms; globalThis.comms = { messages: 0, bytes: 0 }; return found; }"""
# An answer that comes after a panel has changed would otherwise be counted with the next action: a request is done
# when the kernel is idle again and all that it sent before has come. (`kernel.info` is a promise kept at the start.)
IDLE = """async () => { await jupyterapp.shell.currentWidget.sessionContext.session.kernel.requestKernelInfo(); }"""
SAYS = """text => Array.from(document.querySelectorAll('.jp-OutputArea-output, .voila-render-cell, body'))
    .some(node => node.innerText.includes(text))"""
FOCUSED = (
    """() => { const node = document.activeElement; return `${node.tagName} ${node.innerText || node.value || ''}`; }"""
)


# What stands outside of the outputs is the front end's.
AXE = """async outputs => {
    const { violations } = await axe.run(outputs, { resultTypes: ['violations'] });
    return violations.filter(({ impact }) => impact === 'serious' || impact === 'critical')
        .flatMap(({ id, nodes }) => nodes.map(({ html }) => `${id}: ${html.slice(0, 160)}`));
}"""


class Cost(NamedTuple):
    """What an action made the kernel send."""

    messages: int
    bytes: int


def costs(tab: LabTab) -> Cost:
    """Return what was sent since the last time."""
    tab.ask(IDLE)
    found = cast("dict[str, int]", tab.ask(COUNTED))
    return Cost(found["messages"], found["bytes"])


def pick(tab: LabTab, action: Callable[[Page], None], then: str) -> Cost:
    """Do something to a panel, wait until the screen says so, and give what it cost."""
    costs(tab)
    tab.do(action)
    says(tab, then)
    found = costs(tab)
    assert found.messages <= MOST_MESSAGES, found
    assert found.bytes <= MOST_BYTES, found
    return found


def box(page: Page) -> Locator:
    """Return the outermost box of the first panel."""
    return page.locator(".widget-vbox").first


def says(tab: Tab, text: str) -> None:
    """Wait until a text is on the screen."""
    tab.wait_for(SAYS, 20, text)


def serious_faults(tab: Tab, outputs: str) -> list[str]:
    """Tell what would keep a person from reading or using what is in the elements, as axe judges it."""
    axe = pytest.importorskip("axe_playwright_python")
    source = next(Path(axe.__file__).parent.rglob("axe.min.js")).read_text(encoding="utf-8")
    tab.do(lambda page: page.evaluate(source))
    return cast("list[str]", tab.ask(AXE, {"include": [outputs]}))


@pytest.fixture
def run_cells(run_cells: Callable[..., LabTab]) -> Callable[..., LabTab]:
    """Run cells in JupyterLab and give the notebook, with an ear on what its kernel sends."""

    def runner(*sources: str, theme: str = "light") -> LabTab:
        tab = run_cells(*sources, theme=theme)
        assert tab.errors() == []
        tab.ask(LISTEN)
        return tab

    return runner


def no_complaints(tab: Tab) -> None:
    assert tab.problems == []
    assert [url for url in tab.outside if not asked_by_voila(url)] == []


def test_a_panel_is_searched_and_its_tabs_are_read(
    run_cells: Callable[..., LabTab], screenshots: Path, pictured_theme: str
) -> None:
    tab = run_cells(LOAD, "panel = ftn.panel(tasks)\npanel", "...", theme=pictured_theme)
    tab.picture(screenshots / f"panel-{pictured_theme}.png")
    pick(tab, lambda page: box(page).get_by_label("Search", exact=True).fill("train_shop"), "2 names")
    pick(tab, lambda page: box(page).get_by_label("Task", exact=True).select_option(TRAIN), "train_shop_model 2026.10")
    pick(
        tab,
        lambda page: box(page).get_by_label("Version", exact=True).select_option("2026.03"),
        "train_shop_model 2026.03",
    )
    for title, text in {
        "Metadata": "flytekit 1.16.31",
        "Resources": "gets at least",
        "Execution": "entrypoint",
        "Security": "Nothing is set here.",
        "Source": "2026.03.tgz",
        "Raw": "Copy",
        "Interface": "horizon",
    }.items():
        pick(tab, lambda page, title=title: box(page).get_by_role("tab", name=title, exact=True).click(), text)
        tab.picture(screenshots / f"panel-{title}-{pictured_theme}.png")
    no_complaints(tab)


def test_the_platform_s_amounts_are_typed_in(run_cells: Callable[..., LabTab]) -> None:
    tab = run_cells(LOAD, f"ftn.panel(tasks.versions({TRAIN!r}))")
    tab.do(lambda page: box(page).get_by_role("tab", name="Resources", exact=True).click())

    def fill(page: Page, text: str) -> None:
        limits = box(page).get_by_role("group", name="Platform limits", exact=True)
        field = limits.get_by_label("memory", exact=True)
        field.fill(text)
        field.press("Enter")

    pick(tab, lambda page: fill(page, "1Gi"), "request as asked")
    pick(tab, lambda page: fill(page, "much"), "'much' is no quantity")
    no_complaints(tab)


def test_raw_text_is_copied(run_cells: Callable[..., LabTab]) -> None:
    tab = run_cells(LOAD, f"ftn.panel(tasks[{TRAIN!r}])")
    pick(tab, lambda page: box(page).get_by_role("tab", name="Raw", exact=True).click(), "Copy")
    pick(tab, lambda page: box(page).get_by_label("Form", exact=True).select_option("proto text"), "proto text")
    tab.do(lambda page: box(page).get_by_role("button", name="Copy", exact=True).click())
    says(tab, "copied")
    shown = tab.do(lambda page: box(page).locator(".ftn-copy textarea").input_value())
    assert 'name: "shops.training.train_shop_model"' in shown
    no_complaints(tab)


def test_a_panel_is_used_without_a_mouse(run_cells: Callable[..., LabTab]) -> None:
    """From the search to the list of what is found, to the version, to the tabs."""
    tab = run_cells(LOAD, "ftn.panel(tasks)")

    def press(*keys: str) -> None:
        tab.do(lambda page: [page.keyboard.press(key) for key in keys])

    tab.do(lambda page: box(page).get_by_label("Search", exact=True).focus())
    tab.do(lambda page: page.keyboard.type("train_shop"))
    says(tab, "2 names")
    press("Enter")
    # The list says the name already: what was picked is on the screen when the kernel has answered.
    tab.ask(IDLE)
    says(tab, "shops.training.map_train_shop_model")
    press("ArrowDown")
    assert tab.do(lambda page: page.evaluate(FOCUSED)).startswith("SELECT")
    press("ArrowDown")
    says(tab, f"{TRAIN} 2026.10")
    press("Tab", "ArrowDown")
    says(tab, f"{TRAIN} 2026.09")
    press("Tab")
    while not str(tab.ask("() => document.activeElement.getAttribute('role')")).startswith("tab"):
        assert tab.ask("() => document.activeElement !== document.body"), "the tabs cannot be reached"
        press("Tab")
    press("ArrowRight", "Enter")
    says(tab, "flytekit 1.16.31")


@pytest.mark.parametrize(
    ("cell", "theme"),
    [("ftn.panel(tasks)", "light"), (f"ftn.compare(tasks, name={TRAIN!r})", "dark")],
    ids=["panel", "compare"],
)
def test_axe_finds_no_serious_fault(run_cells: Callable[..., LabTab], cell: str, theme: str) -> None:
    """Every control has a name, and every text can be read."""
    tab = run_cells(LOAD, cell, theme=theme)
    says(tab, "2026.10")
    tab.open_details(".jp-OutputArea-output")
    assert serious_faults(tab, ".jp-OutputArea-output") == []
    assert tab.do(lambda page: page.get_by_role("heading", level=3).count())


def test_the_next_cell_reads_sets_and_observes_the_task(run_cells: Callable[..., LabTab]) -> None:
    tab = run_cells(
        LOAD,
        "panel = ftn.panel(tasks)\npanel",
        f"seen = []\npanel.observe(lambda change: seen.append(change.new.id.version), 'task')\n"
        f"panel.task = tasks.versions({TRAIN!r})[0]\nprint(panel.selection.version, seen)",
    )
    says(tab, f"{TRAIN} 2026.03")
    assert "2026.03 ['2026.03']" in "".join(tab.output_texts()[2])


def test_an_error_in_a_callback_is_on_the_screen(run_cells: Callable[..., LabTab]) -> None:
    tab = run_cells(LOAD, "panel = ftn.panel(tasks)\npanel.observe(lambda change: 1 / 0, 'task')\npanel")
    tab.do(lambda page: box(page).get_by_label("Task", exact=True).select_option(TRAIN))
    says(tab, "ZeroDivisionError")


def test_two_versions_are_compared(run_cells: Callable[..., LabTab], screenshots: Path, pictured_theme: str) -> None:
    tab = run_cells(LOAD, f"comparison = ftn.compare(tasks, {TRAIN!r})\ncomparison", theme=pictured_theme)
    tab.picture(screenshots / f"compare-{pictured_theme}.png")
    pick(tab, lambda page: box(page).get_by_label("From", exact=True).select_option("2026.03"), "2026.03 → 2026.10")
    pick(tab, lambda page: box(page).get_by_role("button", name="Swap").click(), "2026.10 → 2026.03")
    pick(tab, lambda page: box(page).get_by_label("to", exact=True).select_option("2026.06"), "2026.10 → 2026.06")
    pick(tab, lambda page: box(page).get_by_role("button", name="Swap").click(), "2026.06 → 2026.10")

    def slide(page: Page) -> None:
        box(page).get_by_role("slider").first.focus()
        page.keyboard.press("ArrowLeft")

    pick(tab, slide, "2026.05 → 2026.10")
    pick(
        tab,
        lambda page: box(page).get_by_label("Severity", exact=True).select_option("breaking"),
        "left out by the filters",
    )
    pick(tab, lambda page: box(page).get_by_label("Release noise", exact=True).click(), "left out by the filters")
    pick(
        tab, lambda page: box(page).get_by_label("Severity", exact=True).select_option("all"), "left out by the filters"
    )
    pick(tab, lambda page: box(page).get_by_role("button", name="as Markdown").click(), "Markdown for a pull request")
    shown = tab.do(lambda page: box(page).locator(".ftn-copy textarea").input_value())
    assert shown.startswith("### ")
    tab.picture(screenshots / f"compare-filtered-{pictured_theme}.png")
    no_complaints(tab)


def test_the_next_cell_reads_sets_and_observes_the_pair(run_cells: Callable[..., LabTab]) -> None:
    tab = run_cells(
        LOAD,
        f"comparison = ftn.compare(tasks, {TRAIN!r})\ncomparison",
        "seen = []\ncomparison.observe(lambda change: seen.append(change.new), 'pair')\n"
        "comparison.pair = ('2026.04', '2026.05')\nprint(seen)",
    )
    says(tab, "2026.04 → 2026.05")
    assert "[('2026.04', '2026.05')]" in "".join(tab.output_texts()[2])


def upload(tab: VoilaTab, *files: Path) -> None:
    """Choose files in the browser's own dialogue."""

    def choose(page: Page) -> None:
        with page.expect_file_chooser() as chooser:
            box(page).get_by_role("button", name="Add archives").click()
        chooser.value.set_files(list(files))

    tab.do(choose)


def test_the_app_takes_archives_and_says_which_it_cannot_read(
    open_voila: Callable[[str, str], VoilaTab], screenshots: Path, tmp_path: Path, theme: str
) -> None:
    tab = open_voila(APP, theme)
    tab.picture(screenshots / f"app-{theme}.png")
    upload(tab, ARCHIVES / "2026.03.tgz", ARCHIVES / "2026.10.tgz")
    says(tab, "from 2026.03.tgz, 2026.10.tgz")
    broken = tmp_path / "2026.02.tgz"
    broken.write_bytes((ARCHIVES / "2026.03.tgz").read_bytes()[:2000])
    upload(tab, broken)
    says(tab, "2026.02.tgz is no archive of tasks")
    tab.do(lambda page: box(page).get_by_label("Search", exact=True).fill("train_shop_model"))
    says(tab, "2 names")
    tab.do(lambda page: box(page).get_by_label("Task", exact=True).first.select_option(TRAIN))
    says(tab, f"{TRAIN} 2026.10")
    tab.picture(screenshots / f"app-look-{theme}.png")
    assert serious_faults(tab, "#rendered_cells") == []
    tab.do(lambda page: box(page).get_by_role("tab", name="Compare", exact=True).click())
    says(tab, "2026.03 → 2026.10")
    tab.picture(screenshots / f"app-compare-{theme}.png")
    assert serious_faults(tab, "#rendered_cells") == []
    assert tab.errors() == []
    no_complaints(tab)
