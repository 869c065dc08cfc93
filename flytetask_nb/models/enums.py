"""Enums as flyteidl numbers them, open to numbers that are not known yet.

A newer server may send a number that this flyteidl has no name for. proto3 keeps such numbers, and so do these
enums: the number comes back as a member named ``UNRECOGNIZED_<number>``.
"""

from __future__ import annotations

from enum import IntEnum
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from typing_extensions import Self


class OpenEnum(IntEnum):
    """An integer enum that makes a member for each number it has no name for."""

    @classmethod
    def _missing_(cls, value: object) -> Self | None:
        if not isinstance(value, int):
            return None
        member = int.__new__(cls, value)
        member._name_ = f"UNRECOGNIZED_{value}"
        member._value_ = value
        # Kept, so that equal numbers are the identical member, as in any enum.
        kept: Self = cls._value2member_map_.setdefault(value, member)  # type: ignore[assignment]
        return kept

    @property
    def is_recognized(self) -> bool:
        """Whether this flyteidl has a name for the number."""
        return self._name_ in type(self).__members__

    def __str__(self) -> str:
        return self._name_

    def __format__(self, spec: str) -> str:
        return format(self._name_, spec)
