"""Settings that a user can change for the session, or for the length of a ``with`` block."""

from __future__ import annotations

import os
from typing import TYPE_CHECKING, Any

from flytetask_nb.errors import OptionError

if TYPE_CHECKING:
    from collections.abc import Callable
    from types import TracebackType

    from typing_extensions import Self

__all__ = ["OPTIONS", "option", "set_options"]

PROGRESS_VARIABLE = "FLYTETASK_NB_PROGRESS"
"""Environment variable that turns progress bars off with ``0``, ``false``, ``no`` or ``off``."""


def _is_flag(value: object) -> bool:
    return isinstance(value, bool)


def _is_count(value: object) -> bool:
    return isinstance(value, int) and not isinstance(value, bool) and value > 0


def _is_expansion(value: object) -> bool:
    return value is None or isinstance(value, bool)


_CHECKS: dict[str, tuple[Callable[[object], bool], str]] = {
    "reveal_secrets": (_is_flag, "True or False"),
    "cache_bytes": (_is_count, "a whole number above 0"),
    "max_in_flight": (_is_count, "a whole number above 0"),
    "max_rows": (_is_count, "a whole number above 0"),
    "expand": (_is_expansion, "True (all sections open), False (all closed) or None (the usual ones open)"),
    "progress": (_is_flag, "True or False"),
}

OPTIONS: dict[str, Any] = {
    "reveal_secrets": False,
    "cache_bytes": 2**30,
    "max_in_flight": 16,
    "max_rows": 10,
    "expand": None,
    "progress": os.environ.get(PROGRESS_VARIABLE, "").strip().lower() not in {"0", "false", "no", "off"},
}


def option(name: str) -> Any:
    """Return the present value of an option."""
    return OPTIONS[name]


class set_options:  # noqa: N801 - reads as the function that it is used as
    """Change settings of this package, for good or within a ``with`` block.

    Parameters
    ----------
    reveal_secrets : bool
        Show the values of environment variables, labels and settings whose key looks secret, and passwords in
        URLs. False at the start: they are masked in every output.
    cache_bytes : int
        How many bytes ``load(..., cache=True)`` keeps on this machine: what was not used for longest goes first. 1 GiB
        at the start.
    max_in_flight : int
        How many files of other machines are fetched at the same time. 16 at the start.
    max_rows : int
        How many rows a table of tasks shows before it is cut. 10 at the start.
    expand : bool or None
        Whether the sections of a task are open (True), closed (False), or open where a reader usually looks
        first (None, at the start).
    progress : bool
        Whether work that takes longer than a second shows a progress bar. True at the start, unless the
        environment variable ``FLYTETASK_NB_PROGRESS`` is ``0``, ``false``, ``no`` or ``off``.

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
            if name not in _CHECKS:
                raise OptionError(f"set_options has no option {name!r}; there are {', '.join(sorted(_CHECKS))}")
            accepts, expected = _CHECKS[name]
            if not accepts(value):
                raise OptionError(f"option {name} cannot be {value!r}; expected {expected}")
        self._before = {name: OPTIONS[name] for name in changes}
        OPTIONS.update(changes)

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        OPTIONS.update(self._before)

    def __repr__(self) -> str:
        return f"set_options({', '.join(f'{name}={value!r}' for name, value in sorted(OPTIONS.items()))})"
