"""What opens a file: one of this machine, one of a file system of fsspec's, bytes that are at hand."""

from __future__ import annotations

import io
import os
from dataclasses import dataclass
from typing import Any


@dataclass(frozen=True)
class LocalFile:
    """Opens a file of this machine, here and in other processes."""

    path: str

    def __call__(self) -> Any:  # noqa: D102 - opens it
        return open(self.path, "rb")  # noqa: PTH123 - a text, as the user wrote it

    @property
    def size(self) -> int | None:
        """Bytes, where that can be told."""
        try:
            return os.path.getsize(self.path)  # noqa: PTH202 - likewise
        except OSError:
            return None


@dataclass(frozen=True)
class RemoteFile:
    """Opens a file of one of fsspec's file systems, here and in other processes.

    ``system``: the file system.
    ``path``: the file's name in it.
    ``size``: bytes, where the file system said so when it was asked for the file, or listed it.
    ``fingerprint``: what changes with the content, where the file system said so; see ``fingerprint_of``.
    ``is_chained``: whether the file system lies inside another one: an archive, a cache.
    """

    system: Any
    path: str
    size: int | None = None
    fingerprint: str = ""
    is_chained: bool = False

    def __call__(self) -> Any:  # noqa: D102 - opens it
        return self.system.open(self.path, "rb")


@dataclass(frozen=True)
class BytesAtHand:
    """Opens bytes as a file."""

    data: bytes

    def __call__(self) -> Any:  # noqa: D102 - opens it
        return io.BytesIO(self.data)

    @property
    def size(self) -> int | None:
        """Bytes."""
        return len(self.data)
