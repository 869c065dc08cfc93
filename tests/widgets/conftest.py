"""Tasks in several versions to choose from."""

from __future__ import annotations

from pathlib import Path

import pytest

import flytetask_nb as ftn
from tests.conftest import ROOT

TRAIN = "shops.training.train_shop_model"


@pytest.fixture(scope="session")
def releases() -> ftn.TaskCollection:
    """Every task of the example that ships, in eight versions."""
    return ftn.load(ROOT / "notebooks" / "example" / "archives", version=lambda path: Path(path).stem)


@pytest.fixture(scope="session")
def train() -> str:
    """Return a name that all versions have."""
    return TRAIN
