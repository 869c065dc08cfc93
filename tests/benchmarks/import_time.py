"""How long importing the package takes, held against Flyte's messages and against flytekit.

Run it with ``python tests/benchmarks/import_time.py [rounds]``. Each figure is the processor time of a fresh
interpreter, taken in turns so that a busy machine slows all of them alike. All modules are compiled beforehand, as
those of an installed package are. The goal is 1.5 times Flyte's messages.
"""

from __future__ import annotations

import os
import subprocess
import sys
import tempfile
from importlib.util import find_spec
from pathlib import Path
from statistics import median

ROOT = Path(__file__).resolve().parents[2]
ROUNDS = 15

BASE = "flyteidl.admin.task_pb2"
SUBJECTS = {
    "bare interpreter": "pass",
    BASE: f"import {BASE}",
    "flytetask_nb": "import flytetask_nb",
    "flytekit": "import flytekit",
}


def seconds(statement: str, bytecode: str) -> float:
    environment = {**os.environ, "PYTHONPATH": str(ROOT), "PYTHONPYCACHEPREFIX": bytecode}
    environment.pop("PYTHONDONTWRITEBYTECODE", None)
    process = subprocess.Popen([sys.executable, "-c", statement], cwd=ROOT, env=environment)
    _, status, used = os.wait4(process.pid, 0)
    if status:
        raise SystemExit(f"{statement} ended with status {status}")
    return used.ru_utime + used.ru_stime


def measure(rounds: int) -> dict[str, list[float]]:
    """Return the times of each subject; the first round, which fills caches, is left out."""
    subjects = {name: statement for name, statement in SUBJECTS.items() if name != "flytekit" or find_spec(name)}
    with tempfile.TemporaryDirectory() as bytecode:
        runs = [{name: seconds(statement, bytecode) for name, statement in subjects.items()} for _ in range(rounds + 1)]
    return {name: [run[name] for run in runs[1:]] for name in subjects}


def report(times: dict[str, list[float]]) -> str:
    lines = [f"{'':24} {'best':>8} {'median':>8} {'ratio of medians':>18}"]
    base = median(times[BASE])
    for name, taken in times.items():
        best, middle = min(taken) * 1000, median(taken) * 1000
        lines.append(f"{name:24} {best:5.0f} ms {middle:5.0f} ms {median(taken) / base:18.2f}")
    return "\n".join(lines) + "\n"


if __name__ == "__main__":
    sys.stdout.write(report(measure(int(sys.argv[1]) if sys.argv[1:] else ROUNDS)))
