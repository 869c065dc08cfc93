"""Files that are read once, from start to end."""

from __future__ import annotations

from typing import Any

from flytetask_nb.errors import LoadError, one_line

_STEP = 2**18
"""Bytes that are read ahead at a time."""


def cannot_be_read(error: Exception) -> LoadError:
    """Return what is told where a driver raises an error of its own."""
    return LoadError(f"cannot be read: {one_line(error)}; check the file and its rights")


class Stream:
    """A file that is read once from start to end, of which the first bytes can be looked at before.

    Whatever the driver underneath raises becomes a LoadError.
    """

    def __init__(self, file: Any) -> None:
        self._file = file
        self._ahead = b""

    def read(self, size: int = -1) -> bytes:
        """Return up to ``size`` bytes; none are given at the end alone."""
        if self._ahead:
            size = len(self._ahead) if size < 0 else size
            data, self._ahead = self._ahead[:size], self._ahead[size:]
            return data
        return self._read(size)

    def peek(self, size: int) -> bytes:
        """Return the next bytes, which the next read gives again; fewer than ``size`` only at the end."""
        parts = [self._ahead]
        left = size - len(self._ahead)
        # A read takes as much memory as it asks for, so a small file is not asked for all that a large one may have.
        while left > 0 and (data := self._read(min(left, _STEP))):
            parts.append(data)
            left -= len(data)
        self._ahead = b"".join(parts)
        return self._ahead[:size]

    def read_whole(self, limit: int) -> bytes:
        """Return everything that is left.

        Raises LoadError: that is more than ``limit`` bytes.
        """
        parts, left = [], limit + 1
        while left and (data := self.read(left)):
            parts.append(data)
            left -= len(data)
        if not left:
            raise LoadError(f"more than {limit:,} bytes; if it is to be trusted, raise max_entry_bytes")
        return b"".join(parts)

    def _read(self, size: int) -> bytes:
        try:
            data = self._file.read(size)
        except Exception as error:  # noqa: BLE001 - every driver raises errors of its own
            raise cannot_be_read(error) from None
        if isinstance(data, str):
            raise LoadError("the file is open as text; open it in binary mode ('rb')")
        if not isinstance(data, bytes | bytearray | memoryview):
            raise LoadError(f"reading gives {type(data).__name__}, expected bytes; open the file in binary mode ('rb')")
        return bytes(data)
