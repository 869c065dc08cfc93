"""How long it takes to load archives, beside a bare loop over the same bytes, and what a loaded task weighs.

    python tests/benchmarks/loading.py

The bare loop opens each archive with tarfile and parses its tasks with ``TaskSpec.FromString``: it checks nothing,
orders nothing and tells no errors. Both run in one process, in turns, so that the ratio does not depend on the
machine. Bytes are those that stay allocated once everything is loaded, as tracemalloc counts them.
"""

from __future__ import annotations

import gc
import gzip
import sys
import tarfile
import tracemalloc
from pathlib import Path
from time import process_time
from typing import TYPE_CHECKING

ROOT = Path(__file__).resolve().parents[2]
sys.path.insert(0, str(ROOT))

from flyteidl.admin import task_pb2  # noqa: E402

import flytetask_nb as ftn  # noqa: E402
from tests.conftest import TRUTH  # noqa: E402

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

ROUNDS = 15
GOALS = {"ftn.load": 2.0}


def find_archives() -> list[str]:
    """Find real archives to measure with."""
    for folder in (TRUTH / "corpus", ROOT / "notebooks" / "example" / "archives"):
        found = sorted(map(str, folder.rglob("*.tgz")))
        if found:
            sys.stdout.write(f"{len(found)} archives of {folder.name}, best of {ROUNDS} rounds\n")
            return found
    raise SystemExit("there are no archives to measure with: neither the corpus nor the example is here")


def walk(paths: Sequence[str]) -> list[object]:
    """Unpack, and go from header to header: what no reader can save."""
    tars: list[object] = []
    for path in paths:
        data, at = gzip.decompress(Path(path).read_bytes()), 0
        while data[at : at + 1].strip(b"\0"):
            at += 512 * (1 - -int(data[at + 124 : at + 135], 8) // 512)
        tars.append(at)
    return tars


def bare(paths: Sequence[str]) -> list[object]:
    """Return all tasks as messages, with what Python and protobuf bring alone."""
    found: list[object] = []
    for path in paths:
        with tarfile.open(path) as archive:
            for info in archive:
                content = archive.extractfile(info) if info.name.endswith("_1.pb") else None
                if content is not None:
                    found.append(task_pb2.TaskSpec.FromString(content.read()))
    return found


def kept(paths: Sequence[str], work: Callable[[Sequence[str]], Sequence[object]]) -> float:
    """Return the bytes per item that stay allocated, beside those of a first call."""
    work(paths)
    gc.collect()
    tracemalloc.start()
    result = work(paths)
    gc.collect()
    size, _ = tracemalloc.get_traced_memory()
    tracemalloc.stop()
    return size / len(result)


def main() -> None:
    """Measure and print."""
    ftn.set_options(progress=False)
    paths = find_archives()
    ways: dict[str, Callable[[Sequence[str]], Sequence[object]]] = {
        "tarfile and TaskSpec.FromString": bare,
        "gunzip and a walk over headers": walk,
        "ftn.load": ftn.load,
        "ftn.load_workflows": ftn.load_workflows,
        "ftn.load_launch_plans": ftn.load_launch_plans,
    }
    best = dict.fromkeys(ways, float("inf"))
    for _ in range(ROUNDS):
        for name, work in ways.items():
            start = process_time()
            work(paths)
            best[name] = min(best[name], process_time() - start)
    unit = best["tarfile and TaskSpec.FromString"]
    for name, taken in best.items():
        goal = f"  goal {GOALS[name]}" if name in GOALS else ""
        sys.stdout.write(f"{name:34}{taken / len(paths) * 1e3:8.2f} ms an archive{taken / unit:8.2f}{goal}\n")
    tasks = ftn.load(paths)
    size = sum(map(len, tasks.serialized()[0])) / len(tasks)
    sys.stdout.write(f"{len(tasks)} tasks of {size:,.0f} bytes; kept a task: {kept(paths, ftn.load):,.0f} bytes\n")


if __name__ == "__main__":
    main()
