"""Alerts as JUnit's XML: a case a task, failed where anything is breaking, refused or risky."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, Final
from xml.etree import ElementTree as ET

from flytetask_nb.command_line.sarif import LEVELS

if TYPE_CHECKING:
    from flytetask_nb.command_line.alerts import Alert
    from flytetask_nb.command_line.results import Result

__all__ = ["junit_xml"]

_NOT_IN_XML: Final = re.compile("[^\t\n\r\x20-\ud7ff\ue000-\ufffd\U00010000-\U0010ffff]")
_FAILING: Final = frozenset({"error", "warning"})


def junit_xml(result: Result) -> str:
    """Return a result as a suite of one case for each task or workflow that was looked at."""
    by_task: dict[str, list[Alert]] = {subject: [] for subject in result.subjects}
    for alert in result.alerts:
        by_task.setdefault(alert.task, []).append(alert)
    failed = {task for task, alerts in by_task.items() if any(map(_is_failure, alerts))}
    counts = {"tests": str(len(by_task)), "failures": str(len(failed)), "errors": "0", "time": "0"}
    suites = ET.Element("testsuites", {"name": "flytetask", **counts})
    suite = ET.SubElement(suites, "testsuite", {"name": f"flytetask {result.command}", **counts, "skipped": "0"})
    for task, alerts in by_task.items():
        module, _, name = task.rpartition(".")
        case = ET.SubElement(
            suite, "testcase", {"classname": _safe(module or result.command), "name": _safe(name), "time": "0"}
        )
        failures = [alert for alert in alerts if _is_failure(alert)]
        if failures:
            failure = ET.SubElement(
                case,
                "failure",
                {"message": _safe(f"{failures[0].message} [{failures[0].rule}]"), "type": failures[0].severity},
            )
            failure.text = _safe("\n".join(map(_line, failures)))
        if others := [alert for alert in alerts if not _is_failure(alert)]:
            ET.SubElement(case, "system-out").text = _safe("\n".join(map(_line, others)))
    ET.indent(suites)
    return f'<?xml version="1.0" encoding="utf-8"?>\n{ET.tostring(suites, encoding="unicode")}\n'


def _is_failure(alert: Alert) -> bool:
    return LEVELS[alert.severity] in _FAILING and not alert.is_accepted


def _line(alert: Alert) -> str:
    line = f":{alert.place.line}" if alert.place.line else ""
    accepted = " (accepted)" if alert.is_accepted else ""
    return f"{alert.severity}{accepted}: {alert.message} [{alert.rule}] {alert.reason} {alert.place.path}{line}"


def _safe(text: str) -> str:
    return _NOT_IN_XML.sub("\ufffd", text)
