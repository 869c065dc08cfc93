"""Running the command as a user does: in a process of its own, with pipes, or with a terminal of 80 columns."""

from __future__ import annotations

import os
import subprocess
import sys
from typing import TYPE_CHECKING

from tests.conftest import ROOT

if TYPE_CHECKING:
    from collections.abc import Mapping
    from pathlib import Path

ARCHIVES = ROOT / "notebooks" / "example" / "archives"
OLD, NEW = ARCHIVES / "2026.09.tgz", ARCHIVES / "2026.10.tgz"


def environment(**more: str) -> dict[str, str]:
    """Return the environment of a user whom this checkout is installed for."""
    kept = {name: value for name, value in os.environ.items() if name not in {"NO_COLOR", "FORCE_COLOR", "COLUMNS"}}
    return {**kept, "PYTHONPATH": str(ROOT), "PYTHONIOENCODING": "utf-8", **more}


def flytetask(
    *arguments: object, cwd: Path = ROOT, given: bytes | None = None, variables: Mapping[str, str] | None = None
) -> subprocess.CompletedProcess[str]:
    """Run the command with pipes."""
    finished = subprocess.run(
        [sys.executable, "-m", "flytetask_nb", *map(str, arguments)],
        cwd=cwd,
        input=given,
        env=environment(**(variables or {})),
        capture_output=True,
        check=False,
    )
    return subprocess.CompletedProcess(
        finished.args, finished.returncode, finished.stdout.decode(), finished.stderr.decode()
    )
