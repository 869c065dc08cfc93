"""How files are read."""

from __future__ import annotations

from typing import TYPE_CHECKING, NamedTuple

from flytetask_nb.errors import OptionError

if TYPE_CHECKING:
    from flytetask_nb.sources.registration_values import RegistrationValues

MAX_ENTRY_BYTES = 64 * 2**20
MAX_TOTAL_BYTES = 2**30


class ReadSettings(NamedTuple):
    """How files are read, here and in other processes.

    ``values``: what is filled in.
    ``wanted``: of ``TASKS``, ``WORKFLOWS`` and ``LAUNCH_PLANS``.
    ``errors``: ``"raise"`` or ``"collect"``.
    ``max_entry_bytes``, ``max_total_bytes``: as ``load`` takes them.
    ``cache``: whether bytes that were read are kept, and used again.
    """

    values: RegistrationValues
    wanted: tuple[str, ...]
    errors: str = "raise"
    max_entry_bytes: int = MAX_ENTRY_BYTES
    max_total_bytes: int = MAX_TOTAL_BYTES
    cache: bool = False

    def checked(self) -> ReadSettings:
        """Return these settings.

        Raises OptionError: one of them cannot be what it is.
        """
        if self.errors not in {"raise", "collect"}:
            raise OptionError(f"errors cannot be {self.errors!r}; expected 'raise' or 'collect'")
        for name in ("max_entry_bytes", "max_total_bytes"):
            limit = getattr(self, name)
            if limit < 1:
                raise OptionError(f"{name} cannot be {limit!r}; expected a number of bytes above 0")
        return self
