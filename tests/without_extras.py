"""A plugin of pytest that lets no package of an extra be imported: ``pytest -p tests.without_extras``."""

from __future__ import annotations

import sys
from importlib.abc import MetaPathFinder
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Sequence
    from types import ModuleType

OPTIONAL = frozenset("authlib dask distributed grpc keyring matplotlib ptars pyarrow requests tenacity typer".split())


class Refusing(MetaPathFinder):
    """Finds none of them, wherever they are installed."""

    def find_spec(self, name: str, path: Sequence[str] | None, target: ModuleType | None = None) -> None:  # noqa: ARG002 - as importlib calls it
        if name.partition(".")[0] in OPTIONAL:
            raise ModuleNotFoundError(f"No module named {name!r}", name=name)


def refuse() -> None:
    """Let none of them be imported from now on."""
    sys.meta_path.insert(0, Refusing())


def pytest_configure() -> None:
    refuse()
