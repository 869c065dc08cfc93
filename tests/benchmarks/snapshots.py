"""How long snapshots take, what they weigh, and how scanning grows with workers.

    python tests/benchmarks/snapshots.py [number of tasks] [seconds of load on one worker]

Snapshots: seconds to save, to load, to give the names, to read one task and all of them, beside a bare loop that
parses every task; the file's size; what stays allocated (tracemalloc, without what Arrow itself holds, which the peak
of the process tells). Best of several rounds.

Scanning: one archive of the example many times over, in as many files as keep one worker busy for the time that was
asked for (10 seconds), on clusters of one and of two worker processes with one thread each, in turns; the ratio of
the best times. Goal: 1.7, on a machine with two cores and nothing else to do.
"""

from __future__ import annotations

import gc
import os
import shutil
import sys
import tempfile
import tracemalloc
from pathlib import Path
from time import perf_counter
from typing import TYPE_CHECKING, Any

ROOT = Path(__file__).resolve().parents[2]
sys.path.insert(0, str(ROOT))
# Workers import this checkout too.
os.environ["PYTHONPATH"] = os.pathsep.join([str(ROOT), os.environ.get("PYTHONPATH", "")])

from flyteidl.admin import task_pb2  # noqa: E402

import flytetask_nb as ftn  # noqa: E402
from tests.many_tasks import many_tasks  # noqa: E402

if TYPE_CHECKING:
    from collections.abc import Callable

COUNT = 100_000
SECONDS = 10.0
ROUNDS = 3
GROWTH = 1.7
GROUP = 8
"""Archives in a partition."""
PROBE = 160
"""Archives that tell how long one takes."""


def best(work: Callable[[], object], rounds: int = ROUNDS) -> float:
    """Measure several times and give the least."""
    found = []
    for _ in range(rounds):
        gc.collect()
        start = perf_counter()
        work()
        found.append(perf_counter() - start)
    return min(found)


def say(what: str, amount: float, unit: str) -> None:
    sys.stdout.write(f"  {what:34}{amount:12.3f} {unit}\n")


def held(work: Callable[[], Any]) -> float:
    """Return the MiB that stay allocated as long as the result is there."""
    gc.collect()
    tracemalloc.start()
    try:
        kept = work()
        gc.collect()
        return tracemalloc.get_traced_memory()[0] / 2**20 if kept is not None else 0.0
    finally:
        tracemalloc.stop()


def measure_snapshots(folder: Path, count: int) -> None:
    """Measure one file."""
    data = list(many_tasks(count))
    tasks = ftn.TaskCollection(data)
    path = folder / "tasks.parquet"
    parse = task_pb2.TaskSpec.FromString
    sys.stdout.write(f"a snapshot of {count:,} tasks, {sum(map(len, data)) / 2**20:,.0f} MiB\n")
    say("bare loop that parses every task", best(lambda: [parse(one) and None for one in data]), "s")
    say("save", best(lambda: tasks.save(path), 2), "s")
    say("size of the file", path.stat().st_size / 2**20, "MiB")
    say("load", best(lambda: ftn.load(path)), "s")
    say("load and .names", best(lambda: ftn.load(path).names), "s")
    say("load and read one task", best(lambda: ftn.load(path)[count // 2]), "s")
    say("load and read all bytes", best(lambda: list(ftn.load(path).serialized()[0])), "s")
    say('load with errors="collect"', best(lambda: ftn.load(path, errors="collect"), 2), "s")

    def read() -> ftn.TaskCollection:
        loaded = ftn.load(path)
        list(loaded.serialized()[0])
        return loaded

    say("held after load", held(lambda: ftn.load(path)), "MiB")
    say("held after all bytes are read", held(read), "MiB")


def seconds_of(source: Path, workers: int, rounds: int = 1) -> float:
    """Measure a scan on a cluster that has read something before: its workers have imported all they need."""
    import distributed  # noqa: PLC0415 - not before it is measured

    with (
        distributed.LocalCluster(
            n_workers=workers, threads_per_worker=1, processes=True, dashboard_address=None, host="127.0.0.1"
        ) as cluster,
        distributed.Client(cluster) as client,
    ):
        warm = ftn.scan(source, partition_files=1).partitions[: workers * 4]
        client.compute(warm.map_partitions(len)).result()
        table = ftn.scan(source, partition_files=GROUP)
        return best(lambda: client.compute(table.map_partitions(len)).result(), rounds)


def copied(archive: Path, folder: Path, count: int) -> None:
    """Fill a folder with copies of an archive."""
    folder.mkdir()
    for number in range(count):
        shutil.copy(archive, folder / f"{number}.tgz")


def measure_growth(folder: Path, seconds: float) -> None:
    """Measure clusters of one and of two workers."""
    archive = max((ROOT / "notebooks/example/archives").glob("*.tgz"), key=lambda path: path.stat().st_size)
    source = folder / "archives"
    few = folder / "few"
    copied(archive, few, PROBE)
    # On a worker as well: this process has other things in its memory.
    files = max(16, round(seconds / seconds_of(few, 1) * PROBE / 16) * 16)
    copied(archive, source, files)
    sys.stdout.write(f"{files:,} archives on {os.cpu_count()} cores\n")
    times: dict[int, list[float]] = {1: [], 2: []}
    for _ in range(ROUNDS):
        for workers, found in times.items():
            found.append(seconds_of(source, workers))
            busy = os.getloadavg()[0] if hasattr(os, "getloadavg") else 0.0
            say(f"  {workers} worker{'s' * (workers > 1)}, load of the machine {busy:.1f}", found[-1], "s")
    for workers, found in times.items():
        say(f"{workers} worker{'s' * (workers > 1)}, best of {ROUNDS}", min(found), "s")
    say(f"growth (goal {GROWTH})", min(times[1]) / min(times[2]), "times")


def main() -> None:
    """Measure and print."""
    count, seconds = [*sys.argv[1:], *map(str, (COUNT, SECONDS)[len(sys.argv) - 1 :])]
    with tempfile.TemporaryDirectory() as folder:
        measure_snapshots(Path(folder), int(count))
        measure_growth(Path(folder), float(seconds))


if __name__ == "__main__":
    main()
