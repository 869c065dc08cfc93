"""How long it takes to tell what changed between two versions of a task.

Run ``python tests/benchmarks/diffs.py``. Pairs are neighbouring versions of one name in the corpus. Each figure is a
median in microseconds a pair, of the first time that the pair is compared and of the best of several rounds. Goals:
100 over all pairs, 300 over those whose interface changed, and at most a tenth of what deepdiff takes for the same
tasks as dictionaries in the same run.
"""

from __future__ import annotations

import sys
from itertools import pairwise
from pathlib import Path
from statistics import median
from time import perf_counter
from typing import TYPE_CHECKING, Any

from flyteidl.admin import task_pb2

if TYPE_CHECKING:
    from collections.abc import Callable

sys.path.insert(0, str(Path(__file__).resolve().parents[1]))

from conftest import TRUTH
from real_tasks import serialized_tasks

import flytetask_nb as ftn

ROUNDS = 5
GOALS = {"all": 100, "interface changed": 300}


def pairs() -> list[tuple[bytes, bytes]]:
    """Return neighbouring versions, serialized."""
    versions: dict[str, list[tuple[str, bytes]]] = {}
    for place, data in serialized_tasks(TRUTH / "corpus").items():
        versions.setdefault(task_pb2.TaskSpec.FromString(data).template.id.name, []).append((place, data))
    return [(old, new) for found in versions.values() for (_, old), (_, new) in pairwise(sorted(found))]


def times(work: Callable[[Any, Any], object], items: list[tuple[Any, Any]]) -> list[float]:
    """Return the microseconds of each pair."""
    found = []
    for old, new in items:
        start = perf_counter()
        work(old, new)
        found.append((perf_counter() - start) * 1e6)
    return found


def main() -> None:
    """Measure and print."""
    tasks = [(ftn.FlyteTask.from_bytes(old), ftn.FlyteTask.from_bytes(new)) for old, new in pairs()]
    if not tasks:
        raise SystemExit("there is nothing to measure with: the corpus is not here")
    # Modules are loaded before the clock runs.
    ftn.diff(*tasks[0])
    groups = {
        "all": tasks,
        "interface changed": [(old, new) for old, new in tasks if old.interface != new.interface],
    }
    for name, group in groups.items():
        first = times(ftn.diff, group)
        rounds = [times(ftn.diff, group) for _ in range(ROUNDS)]
        best = [min(column) for column in zip(*rounds, strict=True)]
        sys.stdout.write(
            f"{name:20}{len(group):5} pairs  first time {median(first):8.1f} us  best {median(best):8.1f} us"
            f"  goal {GOALS[name]}\n"
        )
    from deepdiff import DeepDiff  # noqa: PLC0415 - for the comparison alone
    from google.protobuf.json_format import MessageToDict  # noqa: PLC0415 - likewise

    plain = [(MessageToDict(old.to_flyte_idl()), MessageToDict(new.to_flyte_idl())) for old, new in tasks]
    theirs = [min(column) for column in zip(*(times(DeepDiff, plain) for _ in range(2)), strict=True)]
    ours = [min(column) for column in zip(*(times(ftn.diff, tasks) for _ in range(2)), strict=True)]
    sys.stdout.write(
        f"{'deepdiff, all':20}{len(plain):5} pairs  best {median(theirs):8.1f} us; ours takes "
        f"{median(ours) / median(theirs):.3f} of it  goal 0.1\n"
    )


if __name__ == "__main__":
    main()
