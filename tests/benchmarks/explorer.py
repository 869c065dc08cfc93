"""How long a person waits for the explorer, in a real JupyterLab: ``python -m tests.benchmarks.explorer [TASKS]``.

Times are those of the page: from the key or the click to the frame after the answer was painted. What the kernel sent
meanwhile is counted as well. Nothing is asserted.
"""

from __future__ import annotations

import statistics
import sys
import tempfile
import time
from pathlib import Path
from typing import TYPE_CHECKING, Any

import nbformat
from nbformat.v4 import new_code_cell, new_notebook

from tests.browser.chromium import Chromium, find_chromium
from tests.browser.lab import LabTab
from tests.browser.server import JupyterServer

if TYPE_CHECKING:
    from collections.abc import Callable

    from playwright.sync_api import Page

TASKS = 100_000
KERNEL = {"kernelspec": {"name": "python3", "display_name": "Python 3"}}
MAKE = """\
import psutil
import flytetask_nb as ftn
from tests.many_tasks import many_tasks
data = list(many_tasks({count}))
tasks = ftn.TaskCollection.of_serialized(data, ["many"] * len(data))
tasks.names
import flytetask_nb.widgets
def memory(): return psutil.Process().memory_info().rss
before = memory()"""
FRAME = "frame = tasks.to_frame(); before = memory()"
SHOW = "explorer = ftn.explore({source})\nexplorer"
MEMORY = "print((memory() - before) / {count})"

# An answer has been painted in the frame after the one in which it came.
LISTEN = """() => {
    globalThis.heard = [];
    globalThis.acted = 0;
    for (const name of ['keydown', 'pointerdown', 'wheel']) {
        document.addEventListener(name, () => { globalThis.acted = performance.now(); }, true);
    }
    const kernel = jupyterapp.shell.currentWidget.sessionContext.session.kernel;
    kernel.iopubMessage.connect((_, message) => {
        if (!message.header.msg_type.startsWith('comm_')) return;
        const content = message.content.data?.content ?? {};
        const bytes = new TextEncoder().encode(JSON.stringify(message.content)).length;
        const entry = { kind: content.rows ? 'rows' : content.facets ? 'facets' : content.kind, bytes };
        globalThis.heard.push(entry);
        requestAnimationFrame(() => requestAnimationFrame(() => { entry.after = performance.now() - globalThis.acted; }));
    });
}"""
HEARD = """() => { const found = globalThis.heard; globalThis.heard = []; return found; }"""
SETTLED = 0.7
# The time from the run of a cell to the first rows on the screen.
RUN_CELL = """async place => {
    const { content } = jupyterapp.shell.currentWidget;
    content.activeCellIndex = place;
    const start = performance.now();
    const there = new Promise(resolve => {
        const look = () => document.querySelector('.ftn-x-task') ? resolve(performance.now() - start)
            : requestAnimationFrame(look);
        look();
    });
    jupyterapp.commands.execute('notebook:run-cell');
    return await there;
}"""


def heard_after(tab: LabTab, action: Callable[[Page], Any]) -> list[dict[str, Any]]:
    """Do something, wait until the page rests, and return what the kernel sent."""
    tab.ask(HEARD)
    tab.do(action)
    time.sleep(SETTLED)
    return tab.ask(HEARD)  # type: ignore[return-value]


def told(name: str, times: list[float], heard: list[list[dict[str, Any]]]) -> None:
    """Print a line of figures."""
    ordered = sorted(times)
    late = ordered[min(len(ordered) - 1, round(len(ordered) * 0.95))]
    most = max(sum(one["bytes"] for one in each) for each in heard)
    messages = max(map(len, heard))
    print(
        f"{name:28} median {statistics.median(ordered):6.0f} ms   95 % {late:6.0f} ms   {messages} messages   {most:,} bytes"
    )


def first(heard: list[dict[str, Any]], kind: str) -> float | None:
    return next((one["after"] for one in heard if one["kind"] == kind and "after" in one), None)


def measure(tab: LabTab, name: str, kind: str, actions: list[Callable[[Page], Any]]) -> None:
    heard = [heard_after(tab, action) for action in actions]
    times = [after for each in heard if (after := first(each, kind)) is not None]
    if times:
        told(name, times, heard)
    else:
        print(f"{name:28} no answer")  # noqa: T201


def main() -> None:
    count = int(sys.argv[1]) if len(sys.argv) > 1 else TASKS
    chromium = Chromium(str(find_chromium()))
    server = JupyterServer(Path(tempfile.mkdtemp()))
    try:
        cells = [
            MAKE.format(count=count), FRAME, SHOW.format(source="frame"), MEMORY.format(count=count),
            "before = memory()", SHOW.format(source="tasks"), MEMORY.format(count=count),
        ]  # fmt: skip
        notebook = new_notebook(cells=[new_code_cell(source=cell) for cell in cells], metadata=KERNEL)
        nbformat.write(notebook, server.notebooks / "many.ipynb")
        tab = LabTab(chromium, server, "many.ipynb", "light")
        run(tab, 0, count)
        run(tab, 1, count)
        print(f"{'run to first rows, table':28} {tab.do(lambda page: page.evaluate(RUN_CELL, 2)):6.0f} ms")  # type: ignore[str-bytes-safe] # noqa: T201
        tab.ask(LISTEN)
        time.sleep(2)
        actions(tab)
        print(f"{'memory a row, table':28} {run(tab, 3, count)}")  # noqa: T201
        run(tab, 4, count)
        tab.ask("() => document.querySelectorAll('.ftn-x').forEach(node => node.remove())")
        print(f"{'run to first rows, tasks':28} {tab.do(lambda page: page.evaluate(RUN_CELL, 5)):6.0f} ms")  # type: ignore[str-bytes-safe] # noqa: T201
        print("while the table is read behind:")  # noqa: T201
        actions(tab)
        while "read" in tab.texts(".ftn-x-wait")[-1]:
            time.sleep(1)
        print("while findings are computed behind:")  # noqa: T201
        actions(tab)
        print(f"{'memory a task, tasks':28} {run(tab, 6, count)}")  # noqa: T201
    finally:
        server.stop()
        chromium.close()


def run(tab: LabTab, place: int, count: int) -> str:
    """Run a cell and return what it printed."""
    script = """async place => {
        const panel = jupyterapp.shell.currentWidget;
        await panel.sessionContext.ready;
        await panel.sessionContext.session.kernel.info;
        panel.content.activeCellIndex = place;
        await jupyterapp.commands.execute('notebook:run-cell');
        const { outputs } = panel.content.model.sharedModel.cells[place];
        return outputs.map(output => [].concat(output.text ?? output.evalue ?? '').join('')).join('');
    }"""
    tab.do(lambda page: page.set_default_timeout(600_000))
    return str(tab.do(lambda page: page.evaluate(script, place))).strip()


def actions(tab: LabTab) -> None:
    tab.do(lambda page: page.get_by_label("Search", exact=True).last.click())
    time.sleep(1)
    measure(tab, "keystroke to rows", "rows", [lambda page, key=key: page.keyboard.press(key) for key in "train gpu>0"])
    measure(tab, "… and to all counts", "facets", [lambda page: page.keyboard.press("Backspace") for _ in range(11)])
    box = ".ftn-x-facets input[type=checkbox]"
    clicks = [lambda page, at=at: page.locator(box).nth(at).click() for at in (0, 1, 0, 1, 2, 2)]
    measure(tab, "facet click to rows", "rows", clicks)
    measure(tab, "facet click to all counts", "facets", clicks)
    heads = [lambda page, at=at: page.locator(".ftn-x-header > *").nth(at).click() for at in (0, 1, 2, 0)]
    measure(tab, "sort", "rows", heads)
    tab.do(lambda page: page.locator("[role=gridcell]").first.click())
    time.sleep(1)
    measure(tab, "page down", "rows", [lambda page: page.keyboard.press("PageDown") for _ in range(12)])
    measure(
        tab,
        "to the end and back",
        "rows",
        [lambda page, key=key: page.keyboard.press(key) for key in ("Control+End", "Control+Home") * 3],
    )
    measure(tab, "row to its card", "side", [lambda page: page.keyboard.press("ArrowDown") for _ in range(6)])


if __name__ == "__main__":
    main()
