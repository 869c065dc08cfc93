"""How long a person waits for the explorer: ``python -m tests.benchmarks.explorer [TASKS]``.

First what an answer costs the kernel, in milliseconds of the processor, so that other work on the machine does not
count. Then times in a real JupyterLab, from the key or the click to the frame after the answer was painted, beside the
kernel's answer to an empty question; and what the kernel sent meanwhile. Nothing is asserted. Goals, of 100,000 tasks:
first rows in 0.8 s; 100 ms from a key to rows (95 %: 200 ms), as from a tick, 200 ms to all counts; 60 ms for a page
down; 40 KB and 5 messages an action; 1.5 KB a task.
"""

from __future__ import annotations

import statistics
import sys
import tempfile
import time
from pathlib import Path
from typing import TYPE_CHECKING, Any, cast

import nbformat
from nbformat.v4 import new_code_cell, new_notebook

import flytetask_nb as ftn
from flytetask_nb.tables.browsing import View
from tests.browser.chromium import Chromium, find_chromium
from tests.browser.lab import LabTab
from tests.browser.server import JupyterServer
from tests.many_tasks import many_tasks

if TYPE_CHECKING:
    from collections.abc import Callable

    from playwright.sync_api import Page

    from flytetask_nb.widgets.exploration import Exploration

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
ECHO = """async () => {
    const { kernel } = jupyterapp.shell.currentWidget.sessionContext.session;
    const start = performance.now();
    await kernel.requestKernelInfo();
    return performance.now() - start;
}"""
QUERIES = ("t", "tr", "tra", "trai", "train", "train g", "train gpu>0", "gpu>0 -train", "no-such-task")
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
RUN_AND_READ = """async place => {
    const panel = jupyterapp.shell.currentWidget;
    await panel.sessionContext.ready;
    await panel.sessionContext.session.kernel.info;
    panel.content.activeCellIndex = place;
    await jupyterapp.commands.execute('notebook:run-cell');
    const { outputs } = panel.content.model.sharedModel.cells[place];
    return outputs.map(output => [].concat(output.text ?? output.evalue ?? '').join('')).join('');
}"""


def answer_times(count: int) -> None:
    """Measure what answers cost the kernel."""
    data = list(many_tasks(count))
    tasks = ftn.TaskCollection.of_serialized(data, ["many"] * len(data))
    for name, source in (("table", tasks.to_frame()), ("tasks", tasks)):
        start = time.process_time()
        explorer = ftn.explore(source)
        explorer._opening()
        line(f"{name}: first rows", [1000 * (time.process_time() - start)])
        explorer._read_all()
        exploration = explorer._exploration

        def cost(view: View, action: Callable[[], Any], exploration: Exploration = exploration) -> float:
            exploration.view = view
            start = time.process_time()
            action()
            return 1000 * (time.process_time() - start)

        views = [View(query=query) for query in QUERIES]
        line(f"{name}: rows of a search", [cost(view, exploration.page) for view in views])
        line(f"{name}: counts of a search", [cost(view, exploration.counts) for view in views])
        ticks = [View(chosen=(("type", (value,)),)) for value in ("python-task", "raw-container", "warehouse_query")]
        line(f"{name}: rows of a tick", [cost(view, exploration.page) for view in ticks])
        line(f"{name}: counts of a tick", [cost(view, exploration.counts) for view in ticks])
        sorts = [View(sort=((column, True),)) for column in ("name", "memory_request", "image", "signature")]
        line(f"{name}: rows sorted", [cost(view, exploration.page) for view in sorts])
        groups = [View(is_grouped=True, query=query) for query in ("", "train")]
        line(f"{name}: rows by name", [cost(view, exploration.page) for view in groups])
        pages = [
            cost(View(), lambda at=at, exploration=exploration: exploration.page(at, 60))
            for at in range(0, count, count // 20)
        ]
        line(f"{name}: a page further", pages)
    line("a card", [cost(View(), lambda at=at: exploration.side(at)) for at in range(0, 200, 10)])
    line("its history", [cost(View(), lambda at=at: exploration.more(at)) for at in range(0, 200, 10)])


def line(name: str, times: list[float], more: str = "") -> None:
    """Write a line of figures."""
    ordered = sorted(times)
    late = ordered[min(len(ordered) - 1, round(len(ordered) * 0.95))]
    sys.stdout.write(f"{name:32} median {statistics.median(ordered):7.1f} ms   95 % {late:7.1f} ms{more}\n")
    sys.stdout.flush()


class Bench:
    """A notebook whose cells are run one by one, and what the kernel sends."""

    def __init__(self, tab: LabTab) -> None:
        self.tab = tab
        tab.do(lambda page: page.set_default_timeout(600_000))

    def run(self, place: int) -> str:
        """Run a cell and return what it printed."""
        return str(self.tab.do(lambda page: page.evaluate(RUN_AND_READ, place))).strip()

    def show(self, place: int, name: str) -> None:
        """Run a cell and measure how long its first rows take."""
        line(name, [float(self.tab.do(lambda page: page.evaluate(RUN_CELL, place)))])

    def heard_after(self, action: Callable[[Page], Any]) -> list[dict[str, Any]]:
        """Do something, wait until the page rests, and return what the kernel sent."""
        self.tab.ask(HEARD)
        self.tab.do(action)
        time.sleep(SETTLED)
        return cast("list[dict[str, Any]]", self.tab.ask(HEARD))

    def measure(self, name: str, kind: str, actions: list[Callable[[Page], Any]]) -> None:
        """Measure how long answers of a kind take, and how much is sent."""
        heard = [self.heard_after(action) for action in actions]
        firsts = [next((one for one in each if one["kind"] == kind and "after" in one), None) for each in heard]
        times = [one["after"] for one in firsts if one is not None]
        most = max(sum(one["bytes"] for one in each) for each in heard)
        line(name, times or [float("nan")], f"   {max(map(len, heard))} messages, {most:,} bytes")

    def act(self) -> None:
        """Do what a person does."""
        line("an empty question", [float(cast("float", self.tab.ask(ECHO))) for _ in range(10)])
        self.tab.do(lambda page: page.get_by_label("Search", exact=True).last.click())
        time.sleep(1)
        keys: list[Callable[[Page], Any]] = [lambda page, key=key: page.keyboard.press(key) for key in "train gpu>0"]
        self.measure("key to rows", "rows", keys)
        self.measure("key to all counts", "facets", [lambda page: page.keyboard.press("Backspace")] * len(keys))
        boxes = ".ftn-x-facets input[type=checkbox]"
        ticks: list[Callable[[Page], Any]] = [
            lambda page, at=at: page.locator(boxes).nth(at).click() for at in (0, 1, 0, 1, 2, 2)
        ]
        self.measure("tick to rows", "rows", ticks)
        self.measure("tick to all counts", "facets", ticks)
        heads: list[Callable[[Page], Any]] = [
            lambda page, at=at: page.locator(".ftn-x-header > *").nth(at).click() for at in (0, 1, 2, 0)
        ]
        self.measure("head to sorted rows", "rows", heads)
        self.tab.do(lambda page: page.locator("[role=gridcell]").first.click())
        time.sleep(1)
        self.measure("page down", "rows", [lambda page: page.keyboard.press("PageDown")] * 12)
        ends: list[Callable[[Page], Any]] = [
            lambda page, key=key: page.keyboard.press(key) for key in ("Control+End", "Control+Home") * 3
        ]
        self.measure("to the end, and back", "rows", ends)
        self.measure("row to its card", "side", [lambda page: page.keyboard.press("ArrowDown")] * 6)


def main() -> None:
    count = int(sys.argv[1]) if len(sys.argv) > 1 else TASKS
    answer_times(count)
    chromium = Chromium(str(find_chromium()))
    server = JupyterServer(Path(tempfile.mkdtemp()))
    try:
        cells = [
            MAKE.format(count=count), FRAME, SHOW.format(source="frame"), MEMORY.format(count=count),
            "before = memory()", SHOW.format(source="tasks"), MEMORY.format(count=count),
        ]  # fmt: skip
        notebook = new_notebook(cells=[new_code_cell(source=cell) for cell in cells], metadata=KERNEL)
        nbformat.write(notebook, server.notebooks / "many.ipynb")
        bench = Bench(LabTab(chromium, server, "many.ipynb", "light"))
        bench.run(0)
        bench.run(1)
        bench.show(2, "run to first rows of a table")
        bench.tab.ask(LISTEN)
        while bench.tab.do(lambda page: page.locator(".ftn-x-wait:visible").count()):
            time.sleep(1)
        bench.act()
        sys.stdout.write(f"bytes a row of memory: {bench.run(3)}\n")
        bench.run(4)
        bench.tab.ask("() => document.querySelectorAll('.ftn-x').forEach(node => node.remove())")
        bench.show(5, "run to first rows of tasks")
        sys.stdout.write("while they are read and checked behind:\n")
        bench.act()
        sys.stdout.write(f"bytes a task of memory: {bench.run(6)}\n")
    finally:
        server.stop()
        chromium.close()


if __name__ == "__main__":
    main()
