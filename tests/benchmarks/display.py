"""How long a task takes to show itself, and how large it is: beside flytekit's text and xarray's table, in one run.

Run it as ``python tests/benchmarks/display.py [folder of archives]``; without a folder it takes the shipped example.
"""

from __future__ import annotations

import statistics
import sys
import time
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np
import xarray
from flytekit.models.task import TaskSpec

import flytetask_nb as ftn
from flytetask_nb.views import describe, html, text

if TYPE_CHECKING:
    from collections.abc import Callable

EXAMPLE = Path(__file__).resolve().parents[2] / "notebooks" / "example" / "archives"
ROUNDS = 5


def milliseconds(show: Callable[[Any], object], values: list[Any]) -> list[float]:
    """Return the best time of the processor for each value over a few rounds."""
    best = []
    for value in values:
        times = []
        for _ in range(ROUNDS):
            start = time.process_time()
            show(value)
            times.append(time.process_time() - start)
        best.append(min(times) * 1000)
    return best


def main() -> None:
    folder = Path(sys.argv[1]) if len(sys.argv) > 1 else EXAMPLE
    ftn.set_options(progress=False)
    tasks = list(ftn.load(folder))
    theirs = [TaskSpec.from_flyte_idl(task.to_flyte_idl()) for task in tasks]
    dataset = xarray.Dataset({f"v{number}": ("x", np.arange(10)) for number in range(10)})
    shown = {
        "html": milliseconds(lambda task: html.render(describe(task)), tasks),
        "text": milliseconds(lambda task: text.render(describe(task)), tasks),
        "flytekit's repr": milliseconds(repr, theirs),
        "xarray's Dataset": milliseconds(lambda value: value._repr_html_(), [dataset] * 20),
    }
    out = sys.stdout.write
    out(f"{len(tasks)} tasks\n{'':18}{'median':>10}{'largest':>10} ms\n")
    for name, times in shown.items():
        out(f"{name:18}{statistics.median(times):10.3f}{max(times):10.3f}\n")
    ratio = statistics.median(shown["html"]) / statistics.median(shown["xarray's Dataset"])
    out(f"html : xarray's Dataset  {ratio:.4f} (goal: at most 0.06)\n")
    sizes = [len(html.fragment(describe(task)).encode()) for task in tasks]
    out(f"bytes of HTML  median {statistics.median(sizes):.0f}, largest {max(sizes)}, and ")
    out(f"{len(html.stylesheet().encode())} of stylesheet\n")


if __name__ == "__main__":
    main()
