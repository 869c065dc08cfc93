"""How long it takes to load archives from a file system that takes its time, beside the same archives in memory.

    python tests/benchmarks/loading_remote.py

The file systems are those of the tests: each answer takes 30 ms, in threads or in coroutines. The goal is at most 1.2
times what ``max_in_flight`` allows for, and the time from memory.
"""

from __future__ import annotations

import sys
from pathlib import Path
from time import perf_counter

ROOT = Path(__file__).resolve().parents[2]
sys.path.insert(0, str(ROOT))

import flytetask_nb as ftn  # noqa: E402
from flytetask_nb.options import option  # noqa: E402
from tests.sources import building, slow_files  # noqa: E402

LATENCY = 0.03
ARCHIVES = 300
GOAL = 1.2
ROUNDS = 3


def taken(source: object) -> float:
    """Return the seconds that the best of some rounds takes."""
    best = float("inf")
    for _ in range(ROUNDS):
        start = perf_counter()
        tasks = ftn.load(source)
        best = min(best, perf_counter() - start)
        if len(tasks) != 3 * ARCHIVES:
            raise SystemExit(f"{len(tasks)} tasks")
    return best


def main() -> None:
    """Measure and print."""
    ftn.set_options(progress=False)
    archives = {f"lake/r{n}.tgz": building.package([f"a{n}.x", f"a{n}.y", f"a{n}.z"]) for n in range(ARCHIVES)}
    memory = taken(list(archives.values()))
    bound = ARCHIVES * LATENCY / option("max_in_flight") + memory
    sys.stdout.write(f"{ARCHIVES} archives from memory: {memory:.3f} s; 16 at a time, 30 ms each: {bound:.3f} s\n")
    registration = slow_files.registered()
    next(registration)
    for scheme in slow_files.SCHEMES:
        names = [f"{scheme}://{name}" for name in archives]
        for what, source in {"folder": f"{scheme}://lake", "glob": f"{scheme}://lake/*.tgz", "list": names}.items():
            store = slow_files.fill(archives)
            store.latency = LATENCY
            seconds = taken(source)
            asked = ", ".join(f"{number // ROUNDS} {call}" for call, number in sorted(store.calls.items()))
            sys.stdout.write(f"{scheme:11}{what:7}{seconds:7.3f} s{seconds / bound:6.2f}  goal {GOAL}; {asked}\n")


if __name__ == "__main__":
    main()
