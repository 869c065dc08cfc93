"""How long it takes to make a table of tasks, and how much memory it holds.

Run ``python tests/benchmarks/tables.py [number of tasks ...]``, 10,000 by default. Each figure is the best of several
rounds, in milliseconds and as a multiple of the bare loop that parses every task with ``FromString``, measured in
turn. Goals: the faster path twice the loop, the plain path eight times, 50 times faster than flytekit's models and
pandas, 1 KB a row; 100 tasks in 15 ms.
"""

from __future__ import annotations

import gc
import sys
import tracemalloc
from pathlib import Path
from time import perf_counter
from typing import TYPE_CHECKING, Any

from flyteidl.admin import task_pb2

if TYPE_CHECKING:
    from collections.abc import Callable

sys.path.insert(0, str(Path(__file__).resolve().parents[2]))

from flytetask_nb.tables import taking
from flytetask_nb.tables.columns import DEFAULT_COLUMNS as COLUMNS
from flytetask_nb.tables.frames import tabulate
from tests.many_tasks import many_tasks

COUNTS = (10_000,)
ROUNDS = 7
FEW = 100
COSTLY = 8
FLYTEKIT = 500
"""Tasks that flytekit is measured with; it takes a time in proportion."""


def bare_loop(data: list[bytes]) -> None:
    """Parse and forget."""
    parse = task_pb2.TaskSpec.FromString
    for one in data:
        parse(one)


def plainly(data: list[bytes]) -> Any:
    """Make the table without Arrow."""
    usual = taking._projection
    taking._projection = lambda: None
    try:
        return tabulate(data)
    finally:
        taking._projection = usual


def with_flytekit(data: list[bytes]) -> Any:
    """Make a smaller table of flytekit's models: what a user would write without this package."""
    import pandas as pd  # noqa: PLC0415 - not before it is measured
    from flytekit.models.task import TaskSpec  # noqa: PLC0415 - slow to import

    rows = []
    for one in data:
        template = TaskSpec.from_flyte_idl(task_pb2.TaskSpec.FromString(one)).template
        container = template.container
        rows.append(
            {
                "name": template.id.name,
                "version": template.id.version,
                "type": template.type,
                "inputs": len(template.interface.inputs),
                "outputs": len(template.interface.outputs),
                "retries": template.metadata.retries.retries,
                "cached": template.metadata.discoverable,
                "image": container.image if container else None,
                "args": " ".join(container.args) if container else None,
                "resources": {entry.name: entry.value for entry in container.resources.requests} if container else None,
            }
        )
    return pd.DataFrame(rows)


def seconds(work: Callable[[list[bytes]], object], data: list[bytes]) -> float:
    """Measure once."""
    gc.collect()
    start = perf_counter()
    work(data)
    return perf_counter() - start


def held(data: list[bytes]) -> float:
    """Give the bytes a row that a table holds."""
    tracemalloc.start()
    try:
        frame = tabulate(data)
        gc.collect()
        return tracemalloc.get_traced_memory()[0] / len(frame)
    finally:
        tracemalloc.stop()


def costly(data: list[bytes]) -> list[tuple[float, str]]:
    """Give the columns that cost most in a table of their own, beyond what any table costs, in milliseconds."""
    alone = {
        name: min(seconds(lambda data, one=name: tabulate(data, [one]), data) for _ in range(2)) for name in COLUMNS
    }
    least = min(alone.values())
    return sorted(((1e3 * (found - least), name) for name, found in alone.items()), reverse=True)[:COSTLY]


def measure(count: int) -> None:
    """Measure and print."""
    data = list(many_tasks(count))
    sys.stdout.write(f"{count:,} tasks of {sum(map(len, data)) / count:,.0f} bytes\n")
    rounds = ROUNDS if count <= max(COUNTS) else 2
    works = {"bare loop": bare_loop, "faster path": tabulate, "plain path": plainly}
    times: dict[str, list[float]] = {name: [] for name in works}
    for _ in range(rounds):
        for name, work in works.items():
            times[name].append(seconds(work, data))
    loop = min(times["bare loop"])
    for name, found in times.items():
        sys.stdout.write(f"  {name:14}{min(found) * 1e3:10.1f} ms  {min(found) / loop:7.2f} x the loop\n")
    sys.stdout.write(f"  {'first time':14}{times['faster path'][0] * 1e3:10.1f} ms\n")
    few = min(seconds(tabulate, data[:FEW]) for _ in range(ROUNDS * 3))
    sys.stdout.write(f"  {FEW} tasks     {few * 1e3:10.1f} ms\n")
    try:
        theirs = min(seconds(with_flytekit, data[:FLYTEKIT]) for _ in range(2)) / min(FLYTEKIT, count) * count
    except ImportError:
        sys.stdout.write("  flytekit is not installed, so there is nothing to compare with\n")
    else:
        sys.stdout.write(f"  flytekit      {theirs * 1e3:10.1f} ms  {theirs / min(times['faster path']):7.0f} x ours\n")
    sys.stdout.write(f"  memory        {held(data):10.0f} bytes a row\n")
    sys.stdout.write("  by itself, a column costs more than the cheapest:\n")
    for more, name in costly(data):
        sys.stdout.write(f"    {name:20}{more:10.1f} ms\n")


def main() -> None:
    """Measure what was asked for."""
    for count in map(int, sys.argv[1:] or COUNTS):
        measure(count)


if __name__ == "__main__":
    main()
