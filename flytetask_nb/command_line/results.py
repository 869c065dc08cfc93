"""What a command found out: a report, and what of it is to be looked at."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from collections.abc import Sequence

    from flytetask_nb.command_line.alerts import Alert

__all__ = ["Result"]


@dataclass(frozen=True)
class Result:
    """What a command found out.

    Attributes
    ----------
    command : str
        Which.
    report : object
        What it says: a report, a task or a collection.
    alerts : sequence of Alert
        What is to be looked at, the worst first.
    subjects : sequence of str
        What was looked at: the names of tasks or workflows, those without alerts as well.
    remarks : sequence of str
        What is told beside it: accepted entries that fit nothing.
    """

    command: str
    report: Any
    alerts: Sequence[Alert] = ()
    subjects: Sequence[str] = ()
    remarks: Sequence[str] = field(default=())
