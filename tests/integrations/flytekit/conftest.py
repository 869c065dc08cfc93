"""What flytekit does when it is imported where this package is installed: it loads the entry point."""

from __future__ import annotations

import runpy

import pytest

from tests.conftest import ROOT, flytekit_module

PLUGIN = ROOT / "flytetask_nb" / "integrations" / "flytekit" / "plugin"


@pytest.fixture(autouse=True, scope="session")
def _entry_point() -> None:
    """Load it: a checkout need not be installed."""
    flytekit_module("flytekit")
    runpy.run_path(str(PLUGIN / "flytetask_nb_flytekit.py"))
