"""What was asked of the server, and how much it answered: for tests that count."""

from __future__ import annotations

import threading
from collections.abc import Iterator, Mapping
from typing import NamedTuple


class Traffic(NamedTuple):
    """The calls of one method.

    Attributes
    ----------
    calls : int
        How many there were, refused ones included.
    received : int
        The bytes of their requests.
    sent : int
        The bytes of their answers; a refusal counts as none.
    refused : int
        How many were answered with a status other than OK.
    """

    calls: int = 0
    received: int = 0
    sent: int = 0
    refused: int = 0


class Calls(Mapping[str, Traffic]):
    """The calls of a server by method: ``admin.calls["ListTasks"].calls``. A method never called counts nothing.

    Examples
    --------
    >>> calls = Calls()
    >>> calls.add("GetTask", received=20, sent=300)
    >>> calls
    Calls(GetTask=1)
    >>> calls["ListTasks"].calls
    0
    """

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._traffic: dict[str, Traffic] = {}

    def add(self, method: str, *, received: int, sent: int = 0, refused: bool = False) -> None:
        """Count a call."""
        with self._lock:
            old = self[method]
            self._traffic[method] = Traffic(
                old.calls + 1, old.received + received, old.sent + sent, old.refused + refused
            )

    def clear(self) -> None:
        """Begin to count anew."""
        with self._lock:
            self._traffic.clear()

    @property
    def total(self) -> int:
        """How many calls there were of all methods."""
        return sum(traffic.calls for traffic in self._traffic.values())

    def __getitem__(self, method: str) -> Traffic:
        return self._traffic.get(method, Traffic())

    def __contains__(self, method: object) -> bool:
        return method in self._traffic

    def __iter__(self) -> Iterator[str]:
        return iter(sorted(self._traffic))

    def __len__(self) -> int:
        return len(self._traffic)

    def __repr__(self) -> str:
        return f"Calls({', '.join(f'{method}={self[method].calls}' for method in self)})"
