"""What the client's tests share: servers on loopback, no waiting between tries, no keyring and no settings of the user."""

from __future__ import annotations

import os
from typing import TYPE_CHECKING

import pytest

import flytetask_nb as ftn
from flytetask_nb.sources.client import calls
from tests.sources.client.serving import Served, serving

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path


@pytest.fixture(autouse=True)
def clean(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Leave nothing that this machine's user has said."""
    monkeypatch.setenv("HOME", str(tmp_path))
    monkeypatch.setenv("PYTHON_KEYRING_BACKEND", "keyring.backends.null.Keyring")
    for name in list(os.environ):
        if name.startswith("FLYTE"):
            monkeypatch.delenv(name)
    monkeypatch.setattr(calls, "FIRST_WAIT", 0.01)
    monkeypatch.setattr(calls, "LONGEST_WAIT", 0.05)


@pytest.fixture
def served() -> Iterator[Served]:
    with serving(Served()) as running:
        yield running


@pytest.fixture
def remote(served: Served) -> Iterator[ftn.Remote]:
    with ftn.connect(served.endpoint, insecure=True, project="p", domain="d") as connected:
        yield connected
