"""What ``import flytetask_nb`` brings along, beside what reading a task needs in any case."""

from __future__ import annotations

import os
import subprocess
import sys

from tests.conftest import ROOT

BASE = "flyteidl.admin.task_pb2"
PACKAGE = "flytetask_nb"

# These come with Flyte's messages, of which the package needs more than the base does, and with the package itself.
OWN = frozenset({PACKAGE, "flyteidl", "google", "protoc_gen_openapiv2"})

# Small parts of the standard library that the package may use from the start.
SMALL = frozenset({"__future__", "_typing", "typing", "contextvars", "_contextvars"})

LIST_MODULES = "import {}, sys; sys.stdout.write(' '.join(sys.modules))"


def modules_after_import(name: str) -> set[str]:
    """Return what a fresh interpreter has loaded once it has imported ``name``."""
    finished = subprocess.run(
        [sys.executable, "-c", LIST_MODULES.format(name)],
        cwd=ROOT,
        env={**os.environ, "PYTHONPATH": str(ROOT)},
        capture_output=True,
        text=True,
        check=True,
    )
    return set(finished.stdout.split())


def test_import_loads_nothing_heavy() -> None:
    """No pandas, widgets, rich, gRPC or readers of files, nor the slower parts of the standard library."""
    added = modules_after_import(PACKAGE) - modules_after_import(BASE)
    assert {name.partition(".")[0] for name in added} - OWN - SMALL == set()


def test_import_is_noticed() -> None:
    """The way of looking sees what another package brings along."""
    assert "pandas" in modules_after_import("pandas")
