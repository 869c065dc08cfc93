"""Faults on purpose: what can go wrong between a client and a cluster.

A fault waits for a call it is about, and then happens as often as it says::

    with Laboratory(faults=[Fault("unavailable", times=2)]) as admin: ...
    admin.faults.add(Fault("delay", method="ListTasks", seconds=5))
"""

from __future__ import annotations

import threading
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Final

from flyteidl.admin import common_pb2, task_pb2

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Iterator

KINDS: Final = ("unavailable", "drop", "delay", "oversized", "duplicates", "garbage")
_UNKNOWN_FIELD: Final = 1999
_GARBAGE: Final = b"\xff\xff\xff\xff"


@dataclass(frozen=True)
class Fault:
    """One thing that goes wrong.

    Parameters
    ----------
    kind : str
        ``"unavailable"``: the call is answered with UNAVAILABLE. ``"drop"``: the connection is cut when half of the
        answer was sent. ``"delay"``: the answer comes ``seconds`` late. ``"oversized"``: the answer is ``size`` bytes
        larger for each row that was asked for, so that a client which takes messages up to a size answers itself
        with RESOURCE_EXHAUSTED. ``"duplicates"``: the first row of a listing of tasks comes a second time, at its
        end. ``"garbage"``: the closure of the first task of the answer is no message.
    method : str, optional
        In which method it happens, e.g. ``"ListTasks"``; by default in the first that is called.
    times : int
        How often.
    after : int
        How many calls of that method go well before.
    seconds : float
        How long a delay takes.
    size : int
        How much larger a row becomes, in bytes.

    Raises
    ------
    ValueError
        There is no such kind.
    """

    kind: str
    method: str = ""
    times: int = 1
    after: int = 0
    seconds: float = 0.0
    size: int = 10_000

    def __post_init__(self) -> None:
        if self.kind not in KINDS:
            raise ValueError(f"no fault is called {self.kind!r}; there are {', '.join(KINDS)}")


class Faults:
    """The faults that are still to come.

    Parameters
    ----------
    faults : iterable of Fault
    can_drop : bool
        Whether connections can be cut.
    """

    def __init__(self, faults: Iterable[Fault] = (), *, can_drop: bool = True) -> None:
        self._lock = threading.Lock()
        self._waiting: list[Fault] = []
        self._can_drop = can_drop
        for fault in faults:
            self.add(fault)

    def add(self, fault: Fault) -> None:
        """Let something go wrong from now on.

        Raises
        ------
        ValueError
            Connections can be cut only where the server was started with ``faults``, be it an empty list.
        """
        if fault.kind == "drop" and not self._can_drop:
            raise ValueError("a connection can be cut only if the server was started with Laboratory(faults=[...])")
        with self._lock:
            self._waiting.append(fault)

    def clear(self) -> None:
        """Let everything go well again."""
        with self._lock:
            self._waiting.clear()

    def take(self, method: str) -> list[Fault]:
        """Return what goes wrong in a call, and let it be over."""
        happening = []
        with self._lock:
            waiting = []
            for fault in self._waiting:
                if fault.method not in ("", method):
                    waiting.append(fault)
                elif fault.after:
                    waiting.append(replace(fault, after=fault.after - 1))
                else:
                    happening.append(fault)
                    if fault.times > 1:
                        waiting.append(replace(fault, times=fault.times - 1))
            self._waiting = waiting
        return happening

    def __iter__(self) -> Iterator[Fault]:
        with self._lock:
            return iter(list(self._waiting))

    def __len__(self) -> int:
        return len(self._waiting)

    def __repr__(self) -> str:
        return f"Faults({list(self)!r})"


def spoiled(fault: Fault, path: str, request: bytes, answer: bytes) -> bytes:
    """Return an answer as it is after a fault."""
    return _SPOILERS.get(fault.kind, _as_it_is)(fault, path, request, answer)


def _as_it_is(_: Fault, _path: str, _request: bytes, answer: bytes) -> bytes:
    return answer


def _oversized(fault: Fault, path: str, request: bytes, answer: bytes) -> bytes:
    rows = common_pb2.ResourceListRequest.FromString(request).limit if _is_listing(path) else 1
    return answer + _field(_UNKNOWN_FIELD, bytes(fault.size * rows))


def _with_duplicates(_: Fault, _path: str, _request: bytes, answer: bytes) -> bytes:
    again = task_pb2.TaskList(tasks=task_pb2.TaskList.FromString(answer).tasks[:1])
    return answer + again.SerializeToString()


def _with_garbage(_: Fault, path: str, _request: bytes, answer: bytes) -> bytes:
    broken = _field(task_pb2.Task.CLOSURE_FIELD_NUMBER, _GARBAGE)
    # A listing holds tasks; whatever else is asked for is one.
    return answer + (_field(task_pb2.TaskList.TASKS_FIELD_NUMBER, broken) if _is_listing(path) else broken)


def _is_listing(path: str) -> bool:
    return path.rpartition("/")[2].startswith("List")


def _field(number: int, content: bytes) -> bytes:
    """Write a field of bytes."""
    return _varint(number << 3 | 2) + _varint(len(content)) + content


def _varint(number: int) -> bytes:
    return bytes([number]) if number < 0x80 else bytes([number & 0x7F | 0x80]) + _varint(number >> 7)


_SPOILERS: Final[dict[str, Callable[[Fault, str, bytes, bytes], bytes]]] = {
    "oversized": _oversized,
    "duplicates": _with_duplicates,
    "garbage": _with_garbage,
}
