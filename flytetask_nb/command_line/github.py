"""Alerts as GitHub's workflow commands, and the summary of a job."""

from __future__ import annotations

import os
from typing import TYPE_CHECKING, Final

from flytetask_nb.command_line.sarif import LEVELS

if TYPE_CHECKING:
    from flytetask_nb.command_line.results import Result

__all__ = ["workflow_commands", "write_summary"]

SUMMARY_VARIABLE: Final = "GITHUB_STEP_SUMMARY"
_MOST_SUMMARY: Final = 1_000_000
"""Bytes: GitHub drops a summary of more than a mebibyte."""
_COMMANDS: Final = {"error": "error", "warning": "warning", "note": "notice"}
_DATA: Final = str.maketrans({"%": "%25", "\r": "%0D", "\n": "%0A"})
_PROPERTY: Final = _DATA | str.maketrans({":": "%3A", ",": "%2C"})


def workflow_commands(result: Result) -> str:
    """Return a command a line; what was accepted is none."""
    lines = []
    for alert in result.alerts:
        if not alert.is_accepted:
            title = f"{alert.severity}: {alert.task}"
            said = f"{alert.message} [{alert.rule}] {alert.reason}".strip()
            place = f"file={alert.place.path.translate(_PROPERTY)},line={alert.place.line or 1}"
            lines.append(
                f"::{_COMMANDS[LEVELS[alert.severity]]} {place},title={title.translate(_PROPERTY)}::"
                f"{said.translate(_DATA)}\n"
            )
    return "".join(lines)


def write_summary(markdown: str) -> None:
    """Add Markdown to the summary of the job, where there is one."""
    path = os.environ.get(SUMMARY_VARIABLE)
    if path:
        data = markdown.encode("utf-8", "replace")[:_MOST_SUMMARY]
        with open(path, "ab") as file:  # noqa: PTH123 - as GitHub names it
            file.write(data + b"\n")
