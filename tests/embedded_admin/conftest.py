from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

import flytetask_nb as ftn
from tests.embedded_admin.replay import connected

if TYPE_CHECKING:
    from collections.abc import Iterator

    import grpc

    from flytetask_nb.embedded_admin import EmbeddedAdmin


@pytest.fixture
def admin() -> Iterator[EmbeddedAdmin]:
    """Return an empty server."""
    with ftn.sandbox() as running:
        yield running


@pytest.fixture
def channel(admin: EmbeddedAdmin) -> Iterator[grpc.Channel]:
    """Return a way to it."""
    with connected(admin.endpoint) as opened:
        yield opened
