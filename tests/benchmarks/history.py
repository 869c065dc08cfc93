"""How long it takes to put the versions of a task in a row.

Run ``python tests/benchmarks/history.py``. Each figure is the best of several rounds, in milliseconds a version. The
goal is 0.2 over 1,000 versions, and no more a version than over 100. Beside it: what it takes to flatten each version
alone. The versions are those of the shipped example's largest task: in a row that changes at every step, and with most
neighbours the same, as real histories are.
"""

from __future__ import annotations

import sys
from pathlib import Path
from time import perf_counter
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from collections.abc import Callable

sys.path.insert(0, str(Path(__file__).resolve().parents[1]))

from conftest import ROOT

import flytetask_nb as ftn
from flytetask_nb.diffs.flattening import flatten

ROUNDS = 5
GOAL = 0.2
TASK = "shops.training.train_global_model"


def row(number: int, every: int) -> list[ftn.FlyteTask]:
    """Return so many versions, of which every so manieth differs from the one before."""
    kinds = list(ftn.load(ROOT / "notebooks" / "example" / "archives").versions(TASK))
    return [
        one.replace(id=one.id.replace(version=f"v{index}"))
        for index in range(number)
        for one in [kinds[index // every % len(kinds)]]
    ]


def best(work: Callable[[], Any], number: int) -> float:
    """Return milliseconds a version."""
    found = []
    for _ in range(ROUNDS):
        start = perf_counter()
        work()
        found.append((perf_counter() - start) * 1e3 / number)
    return min(found)


def main() -> None:
    """Measure and print."""
    for every in (1, 10):
        for number in (100, 1_000):
            versions = row(number, every)
            taken = best(lambda versions=versions: ftn.history(versions), number)
            alone = best(lambda versions=versions: [flatten(one._message) for one in versions], number)
            print(  # noqa: T201 - what it is run for
                f"{number:5} versions, a change every {every:2}: {taken:.3f} ms a version (goal {GOAL}), "
                f"{taken / alone:.2f} of flattening each"
            )


if __name__ == "__main__":
    main()
