"""What a command found out: a report, and what of it is to be looked at."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from collections.abc import Sequence

    from flytetask_nb.command_line.alerts import Alert

__all__ = ["Result"]


@dataclass(frozen=True)
class Result:
    """What a command found out.

    ``command``: which.
    ``report``: what it says: a report, a task or a collection.
    ``alerts``: what is to be looked at, the worst first.
    ``subjects``: the names of the tasks or workflows that were looked at, those without alerts as well.
    ``remarks``: what is told beside it: accepted entries that fit nothing.
    """

    command: str
    report: Any
    alerts: Sequence[Alert] = ()
    subjects: Sequence[str] = ()
    remarks: Sequence[str] = ()
