"""Settings that a user can change for the session, or for the length of a ``with`` block."""

from __future__ import annotations

import os
import sys
from collections import ChainMap
from collections.abc import Mapping
from contextvars import ContextVar
from threading import TIMEOUT_MAX, Lock, get_ident
from typing import TYPE_CHECKING, Any, Final, NamedTuple

from flytetask_nb.errors import OptionError

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator
    from types import TracebackType

    from typing_extensions import Self

PROGRESS_VARIABLE = "FLYTETASK_NB_PROGRESS"
"""Environment variable that turns progress bars off with ``0``, ``false``, ``no`` or ``off``."""


class _Option(NamedTuple):
    """An option: its value at the start, what it accepts, and what an error says of that."""

    start: Any
    accepts: Callable[[Any], bool]
    expected: str


def _is_flag(value: object) -> bool:
    return isinstance(value, bool)


def _is_count(value: object) -> bool:
    return isinstance(value, int) and not isinstance(value, bool) and value > 0


def _is_duration(value: object) -> bool:
    return isinstance(value, int | float) and not isinstance(value, bool) and 0 < value <= TIMEOUT_MAX


def _is_serialization(value: object) -> bool:
    return value is None or isinstance(value, Mapping) or type(value).__name__ == "SerializationSettings"


_SHOWS_PROGRESS = os.environ.get(PROGRESS_VARIABLE, "").strip().lower() not in {"0", "false", "no", "off"}
_FLAG, _COUNT = "True or False", "a whole number above 0"
_OPTIONS = {
    "reveal_secrets": _Option(False, _is_flag, _FLAG),
    "fetch_timeout": _Option(300.0, _is_duration, "a number of seconds above 0"),
    "cache_bytes": _Option(2**30, _is_count, _COUNT),
    "max_in_flight": _Option(16, _is_count, _COUNT),
    "max_rows": _Option(10, _is_count, _COUNT),
    "expand": _Option(
        None,
        lambda value: value is None or isinstance(value, bool),
        "True (all sections open), False (all closed) or None (the usual ones open)",
    ),
    "policy": _Option(None, lambda _: True, "a path, a mapping or None"),
    "serialization": _Option(
        None,
        _is_serialization,
        "a mapping such as {'project': ..., 'domain': ..., 'image': ...}, flytekit's SerializationSettings, or None",
    ),
    "progress": _Option(_SHOWS_PROGRESS, _is_flag, _FLAG),
}
_START = {name: choice.start for name, choice in _OPTIONS.items()}
_TO_ENTER: Final = 18 if sys.version_info >= (3, 14) else 10
"""Bytes of code from a call to where ``with`` enters what it returned."""
_lock = Lock()
_session: list[set_options] = []
"""What was set for good, in the whole process; the latest last."""
_settled: dict[str, Any] = {}
"""What comes of that; empty while it is not known."""
_blocks: ContextVar[tuple[set_options, ...]] = ContextVar("flytetask_nb_options", default=())
"""The blocks that this context is in; the innermost last. A thread of its own begins outside of all."""


def option(name: str) -> Any:
    """Return the present value of an option: of the innermost block, else of the session."""
    for block in reversed(_blocks.get()):
        if name in block.changes:
            return block.changes[name]
    return (_settled or _settle())[name]


def _settle() -> dict[str, Any]:
    """Return the values of the session, which stand until another change is made if all changes are for good."""
    global _settled  # noqa: PLW0603 - options are the process's, and read at every text
    with _lock:
        changes = [change for change in _session if change.is_for_good()]
        values = dict(ChainMap(*[change.changes for change in reversed(changes)], _START))
        _settled = values if len(changes) == len(_session) else {}
    return values


def _change_session(changes: list[set_options]) -> None:
    global _settled  # noqa: PLW0603 - as above
    _session[:] = changes
    _settled = {}


class _Options(Mapping[str, Any]):
    """The present values of all options."""

    def __getitem__(self, name: str) -> Any:
        return option(name)

    def __iter__(self) -> Iterator[str]:
        return iter(_START)

    def __len__(self) -> int:
        return len(_START)


OPTIONS = _Options()


class set_options:  # noqa: N801 - reads as the function that it is used as
    """Change settings of this package, for good or within a ``with`` block.

    For good means in the whole process. A block's settings hold in its own context alone: not in other threads, except
    those of this package's own pools.

    Parameters
    ----------
    reveal_secrets : bool
        Show the values of environment variables, labels and settings whose key looks secret, and passwords in
        URLs. False at the start: they are masked in every output.
    cache_bytes : int
        How many bytes ``load(..., cache=True)`` keeps on this machine: what was not used for longest goes first. 1 GiB
        at the start.
    fetch_timeout : float
        How many seconds a file of another machine may take to come, from where it is asked for: then it is a failure,
        and what else was asked for is read. 300 at the start.
    max_in_flight : int
        How many files of other machines are fetched at the same time. 16 at the start.
    max_rows : int
        How many rows a table of tasks shows before it is cut. 10 at the start.
    expand : bool or None
        Whether the sections of a task are open (True), closed (False), or open where a reader usually looks
        first (None, at the start).
    policy : str, path, mapping, Policy or None
        What a team decided, for ``diff``, ``plan``, ``history`` and ``check`` where they are not told otherwise: the path
        of a ``pyproject.toml``, of which ``[tool.flytetask]`` is read (``severities``, ``fail-on``, ``accepted``,
        ``platform-limits``), or a mapping of these. The command line reads the same one. None at the start.
    progress : bool
        Whether work that takes longer than a second shows a progress bar. True at the start, unless the
        environment variable ``FLYTETASK_NB_PROGRESS`` is ``0``, ``false``, ``no`` or ``off``.
    serialization : mapping, flytekit.configuration.SerializationSettings or None
        What is known of where flytekit's own tasks would be registered: ``project``, ``domain``, ``version``,
        ``image``. None at the start: flytekit's environment variables tell it, or it is not known yet.

    Raises
    ------
    OptionError
        An option of that name does not exist, or cannot take that value. Nothing was changed then.

    Examples
    --------
    >>> import flytetask_nb as ftn
    >>> with ftn.set_options(expand=True):
    ...     pass
    """

    def __init__(self, **changes: Any) -> None:
        for name, value in changes.items():
            if name not in _OPTIONS:
                raise OptionError(f"set_options has no option {name!r}; there are {', '.join(sorted(_OPTIONS))}")
            if not _OPTIONS[name].accepts(value):
                raise OptionError(f"option {name} cannot be {value!r}; expected {_OPTIONS[name].expected}")
        if changes.get("policy") is not None:
            from flytetask_nb.policies import policy_of  # noqa: PLC0415 - few sessions have one

            changes["policy"] = policy_of(changes["policy"])
        self.changes = changes
        caller = sys._getframe(1)
        self._place = (caller.f_code, caller.f_lasti)
        self._thread: int | None = get_ident()
        with _lock:
            # What has all its names set anew is of no more use.
            kept = [
                change for change in _session if not (change.is_for_good() and change.changes.keys() <= changes.keys())
            ]
            _change_session([*kept, self])

    def is_for_good(self) -> bool:
        """Tell whether the change is more than the first half of ``with set_options(...)`` in another thread."""
        if self._thread not in {None, get_ident()}:
            frame = sys._current_frames().get(self._thread or 0)
            code, call = self._place
            # A function that has not begun yet is not among the frames, so the one that calls it is looked at.
            if frame is not None and frame.f_code is code and 0 <= frame.f_lasti - call <= _TO_ENTER:
                return False
            while frame is not None:
                if frame.f_code in _OWN:
                    return False
                frame = frame.f_back
        self._thread = None
        return True

    def __enter__(self) -> Self:
        with _lock:
            _change_session([change for change in _session if change is not self])
        _blocks.set((*_blocks.get(), self))
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        _blocks.set(tuple(block for block in _blocks.get() if block is not self))

    def __repr__(self) -> str:
        return f"set_options({', '.join(f'{name}={value!r}' for name, value in sorted(OPTIONS.items()))})"


_OWN = frozenset({set_options.__init__.__code__, set_options.__enter__.__code__})
