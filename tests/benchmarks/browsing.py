"""What browsing a large table costs the kernel, beside what pandas takes for the same, and what memory it holds.

Run ``python -m tests.benchmarks.browsing [number of tasks]``, 100,000 by default. Figures are milliseconds of the
processor, the best of several rounds, and multiples of pandas' time: pandas is given the line that ``Browser.code``
writes for a data frame, ``value_counts`` of each facet, and ``sort_values``. Goals: 60 ms for a key, 60 for all facets,
100 for an order that was not asked for before, 300 to begin, 1.5 KB of memory a task.
"""

from __future__ import annotations

import gc
import multiprocessing
import sys
from pathlib import Path
from time import process_time
from typing import TYPE_CHECKING, Any

import pandas as pd
import psutil

if TYPE_CHECKING:
    from collections.abc import Callable

sys.path.insert(0, str(Path(__file__).resolve().parents[2]))

import flytetask_nb as ftn
from flytetask_nb.tables.browsing import COMPUTED, Browser, View
from flytetask_nb.tables.facets import FACETS
from tests.many_tasks import many_tasks

COUNT = 100_000
PAGE = 50
ROUNDS = 3
PAGES = 100
TYPED = ("t", "tr", "tra", "trai", "train", "train g", "train gpu>0", "train gpu>0 -shops OR forecast")
MEGABYTE = 2**20


def cost(work: Callable[[], Any], rounds: int = ROUNDS) -> float:
    """Return the milliseconds of the processor that something takes at best."""
    best = float("inf")
    for _ in range(rounds):
        gc.collect()
        start = process_time()
        work()
        best = min(best, process_time() - start)
    return best * 1000


def say(what: str, mine: float, theirs: float | None = None) -> None:
    beside = "" if theirs is None else f"{theirs:10.1f} ms in pandas: {mine / theirs:6.2f} times"
    print(f"{what:44} {mine:10.1f} ms {beside}")  # noqa: T201 - what it is run for


def seen(browser: Browser, view: View) -> None:
    """Do what an action asks for: matches, counts, bins and a page."""
    positions = [line.position for line in browser.lines(view, 0, PAGE)]
    browser.cells(positions, browser.columns)
    browser.facets(view)
    browser.histograms(view)


def keys(frame: pd.DataFrame) -> None:
    browser = Browser(frame, pending=COMPUTED)
    seen(browser, View())
    for query in TYPED:
        view = View(query)
        mine = cost(lambda view=view: seen(browser, view), 1)
        line = compile(browser.code(view, "frame"), "<view>", "eval")
        say(f"key {query!r}", mine, cost(lambda line=line: eval(line, {"frame": frame, "pd": pd}), 1))  # noqa: S307
    again = Browser(frame, pending=COMPUTED)
    say("first key of all", cost(lambda: seen(again, View("shop")), 1))


def facets(frame: pd.DataFrame) -> None:
    names = [name for name in FACETS if name in frame]
    browser = Browser(frame, pending=COMPUTED)
    browser.facets(View())
    mine = cost(lambda: browser.facets(View("train")))
    say("all facets", mine, cost(lambda: [frame[name].value_counts(dropna=False) for name in names]))
    ticked = View("train", chosen=(("domain", ("production",)), ("type", ("python-task",))))
    say("a tick, all facets and a page", cost(lambda: seen(browser, ticked), 1))


def orders(frame: pd.DataFrame) -> None:
    browser = Browser(frame)
    times = {name: cost(lambda name=name: browser.matches(View(sort=((name, False),))), 1) for name in browser.columns}
    worst = max(times, key=times.__getitem__)
    say(f"order by {worst}, which is the slowest shown", times[worst], cost(lambda: frame.sort_values(worst), 1))
    others = [name for name in browser.all_columns if name not in times]
    times = {name: cost(lambda name=name: browser.matches(View(sort=((name, False),))), 1) for name in others}
    worst = max(times, key=times.__getitem__)
    say(f"order by {worst}, of all others", times[worst], cost(lambda: frame.sort_values(worst), 1))
    say("groups of names", cost(lambda: browser.lines(View("a", is_grouped=True), 0, PAGE), 1))


def streamed(frame: pd.DataFrame) -> None:
    size = -(-len(frame) // PAGES)

    def come() -> None:
        browser = Browser(frame.iloc[:size])
        for start in range(size, len(frame), size):
            browser.append(frame.iloc[start : start + size])
            seen(browser, View("train"))

    say(f"{PAGES} pages, looked at after each", cost(come, 1))


def memory(frame: pd.DataFrame) -> None:
    """Measure in a process of its own what browsing holds beside the table."""
    # What is freed by others in this one would be taken for nothing.
    context = multiprocessing.get_context("spawn")
    receiver, sender = context.Pipe(duplex=False)
    child = context.Process(target=_measured, args=(frame, sender))
    child.start()
    for what, size in receiver.recv():
        print(f"{what:44} {size / MEGABYTE:10.1f} MB {size / len(frame):10.0f} bytes a task")  # noqa: T201 - what it is run for
    child.join()


def _measured(frame: pd.DataFrame, sender: Any) -> None:
    def held() -> int:
        gc.collect()
        size: int = psutil.Process().memory_info().rss
        return size

    before = held()
    browser = Browser(frame, pending=COMPUTED)
    figures = [("memory: begun", held() - before)]
    for query in TYPED:
        seen(browser, View(query))
    figures.append(("memory: searched", held() - before))
    for name in browser.all_columns:
        browser.matches(View(sort=((name, False),)))
    figures.append(("memory: ordered by every column", held() - before))
    sender.send(figures)


def main(count: int) -> None:
    tasks = ftn.TaskCollection.of_serialized(list(many_tasks(count)), ["example"] * count)
    print(f"{count:,} tasks")  # noqa: T201 - what it is run for
    tasks[:1000].search("warm")
    say("tabulate", cost(tasks.to_frame, 1))
    frame = tasks.to_frame()
    say("begin", cost(lambda: Browser(frame, pending=COMPUTED)))
    keys(frame)
    facets(frame)
    orders(frame)
    streamed(frame)
    say("TaskCollection.search, the first", cost(lambda: tasks.search("train"), 1))
    say("TaskCollection.search, the next", cost(lambda: tasks.search("trai"), 1))
    memory(frame)


if __name__ == "__main__":
    main(int(sys.argv[1]) if len(sys.argv) > 1 else COUNT)
