"""Alerts as SARIF 2.1.0, the form that GitHub's code scanning and many others read."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Final
from urllib.parse import quote

from flytetask_nb.diffs.rules import BEHAVIOUR, BREAKING, COSMETIC, COST, RISKY
from flytetask_nb.semantics.findings import REFUSED, WARNING

if TYPE_CHECKING:
    from flytetask_nb.command_line.alerts import Alert
    from flytetask_nb.command_line.results import Result

__all__ = ["LEVELS", "sarif_log"]

LEVELS: Final = {
    BREAKING: "error",
    REFUSED: "error",
    RISKY: "warning",
    WARNING: "warning",
    BEHAVIOUR: "note",
    COST: "note",
    COSMETIC: "note",
}
_SCHEMA: Final = "https://docs.oasis-open.org/sarif/sarif/v2.1.0/errata01/os/schemas/sarif-schema-2.1.0.json"
_FINGERPRINT: Final = "flytetask/v1"


def sarif_log(result: Result) -> dict[str, Any]:
    """Return a result as a log of one run; what was accepted is in it as suppressed."""
    from flytetask_nb import __version__  # noqa: PLC0415 - the front of the package, which is loaded

    rules = sorted({alert.rule for alert in result.alerts})
    worst = {alert.rule: LEVELS[alert.severity] for alert in reversed(result.alerts)}
    reasons = {alert.rule: alert.reason or alert.message for alert in reversed(result.alerts)}
    driver = {
        "name": "flytetask",
        "semanticVersion": __version__,
        "rules": [
            {
                "id": rule,
                "name": "".join(word.capitalize() for word in rule.split("-")) if "-" in rule else rule,
                "shortDescription": {"text": reasons[rule]},
                "defaultConfiguration": {"level": worst[rule]},
            }
            for rule in rules
        ],
    }
    run = {
        "tool": {"driver": driver},
        "automationDetails": {"id": f"flytetask/{result.command}/"},
        "columnKind": "unicodeCodePoints",
        "results": [_result(alert, rules) for alert in result.alerts],
    }
    return {"$schema": _SCHEMA, "version": "2.1.0", "runs": [run]}


def _result(alert: Alert, rules: list[str]) -> dict[str, Any]:
    said = f"{alert.task}: {alert.message}"
    values: dict[str, Any] = {
        "ruleId": alert.rule,
        "ruleIndex": rules.index(alert.rule),
        "level": LEVELS[alert.severity],
        "message": {"text": f"{said} ({alert.severity}: {alert.reason})" if alert.reason else said},
        "locations": [
            {
                "physicalLocation": {
                    "artifactLocation": {"uri": quote(alert.place.path, safe="/:@!$&'()*+,;=~")},
                    # GitHub shows nothing without a region; the file as a whole begins in its first line.
                    "region": {"startLine": alert.place.line or 1},
                },
                "logicalLocations": [
                    {"fullyQualifiedName": f"{alert.task}.{alert.path}".rstrip("."), "kind": "member"}
                ],
            }
        ],
        "partialFingerprints": {_FINGERPRINT: f"{alert.fingerprint}:{alert.task}"},
        "properties": {"severity": alert.severity, "task": alert.task, "flags": list(alert.flags)},
    }
    if alert.is_accepted:
        values["suppressions"] = [{"kind": "external", "status": "accepted"}]
    return values
