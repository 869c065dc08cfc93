"""The tasks that are looked at again and again."""

from __future__ import annotations

from pathlib import Path

import pytest

import flytetask_nb as ftn
from tests.conftest import ROOT


@pytest.fixture(scope="session")
def example() -> ftn.TaskCollection:
    """Every task of the example that ships, under names that are the same on every machine."""
    folder = ROOT / "notebooks" / "example" / "archives"
    loaded = ftn.load(folder, version=lambda path: Path(path).stem, project="forecast", domain="production")
    tasks = []
    for task in loaded:
        place = (task.source or "").replace(str(folder), "archives")
        tasks.append(ftn.FlyteTask._own(task._message, task._origin.but(source=place)))
    return ftn.TaskCollection(tasks)
