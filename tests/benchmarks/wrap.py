"""How much a FlyteTask costs beside the message that it holds.

Run ``python tests/benchmarks/wrap.py``. Each figure is the best of several rounds over all tasks, in microseconds a
task, and how often protobuf's own ``FromString`` fits into it. Goals: 1.5 for ``from_bytes``, 3 for ``from_flyte_idl``.
Tasks come from the corpus, or where that is absent from the example that ships with the project.
"""

from __future__ import annotations

import sys
import tarfile
from pathlib import Path
from time import perf_counter
from typing import TYPE_CHECKING, Any

from flyteidl.admin import task_pb2

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable

sys.path.insert(0, str(Path(__file__).resolve().parents[1]))

from conftest import ROOT, TRUTH

import flytetask_nb as ftn

ROUNDS = 25
GOALS = {"FlyteTask.from_bytes": 1.5, "FlyteTask.from_flyte_idl": 3.0}


def read_tasks() -> list[bytes]:
    """Return the serialized tasks to measure with."""
    for folder in (TRUTH / "corpus", ROOT / "notebooks" / "example" / "archives"):
        found: list[bytes] = []
        for path in sorted(folder.rglob("*.tgz")):
            with tarfile.open(path) as archive:
                contents = ((entry.name, archive.extractfile(entry)) for entry in archive)
                found += [
                    content.read() for name, content in contents if content is not None and name.endswith("_1.pb")
                ]
        if found:
            sys.stdout.write(f"{len(found)} tasks of {folder.name}, best of {ROUNDS} rounds\n")
            return found
    raise SystemExit("there are no tasks to measure with: neither the corpus nor the example is here")


def seconds(work: Callable[[Any], object], items: Iterable[Any]) -> float:
    """Return the best time of one round."""
    best = float("inf")
    for _ in range(ROUNDS):
        start = perf_counter()
        for item in items:
            work(item)
        best = min(best, perf_counter() - start)
    return best


def main() -> None:
    """Measure and print."""
    data = read_tasks()
    messages = [task_pb2.TaskSpec.FromString(item) for item in data]
    tasks = [ftn.FlyteTask.from_bytes(item) for item in data]
    measured = {
        "TaskSpec.FromString": seconds(task_pb2.TaskSpec.FromString, data),
        "FlyteTask.from_bytes": seconds(ftn.FlyteTask.from_bytes, data),
        "FlyteTask.from_flyte_idl": seconds(ftn.FlyteTask.from_flyte_idl, messages),
        "FlyteTask.to_flyte_idl": seconds(ftn.FlyteTask.to_flyte_idl, tasks),
    }
    try:
        from flytekit.models.task import TaskSpec  # noqa: PLC0415 - optional
    except ImportError:
        sys.stdout.write("flytekit is not installed, so there is nothing to compare with\n")
    else:
        measured["flytekit, from_flyte_idl and to_flyte_idl"] = seconds(
            lambda message: TaskSpec.from_flyte_idl(message).to_flyte_idl(), messages
        )
        measured["FlyteTask, from_flyte_idl and to_flyte_idl"] = seconds(
            lambda message: ftn.FlyteTask.from_flyte_idl(message).to_flyte_idl(), messages
        )
    unit = measured["TaskSpec.FromString"]
    for name, taken in measured.items():
        goal = f"  goal {GOALS[name]}" if name in GOALS else ""
        sys.stdout.write(f"{name:44}{taken / len(data) * 1e6:8.2f} us{taken / unit:8.2f}{goal}\n")


if __name__ == "__main__":
    main()
