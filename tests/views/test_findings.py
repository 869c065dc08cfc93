from __future__ import annotations

import json
import re
from html import unescape
from typing import Any

import pytest
from flyteidl.admin import task_pb2
from google.protobuf.json_format import ParseDict

from flytetask_nb.semantics.findings import REFUSED, WARNING, Finding, Findings
from flytetask_nb.semantics.registration import check
from tests.conftest import DATA

REGISTER = DATA / "transcripts" / "register.jsonl"
LARGEST = 32_000
TAG = re.compile("<[^>]+>")

ONE_OF_EACH = Findings(
    [
        Finding("tiny-amount", "container.x", WARNING, "1 is 1 B", "Too little."),
        Finding("tiny-amount", "container.y", WARNING, "2 is 2 B", "Too little."),
        Finding("missing-image", "container.image", REFUSED, "missing\n\timage", "Name one."),
    ],
    task="app.train v1",
)


def every_format(findings: Findings) -> list[str]:
    return [findings.to_text(), findings.to_html(), findings.to_markdown(), findings.__rich__().plain]


def test_text_says_the_verdict_first() -> None:
    """Then what is refused, then what is warned of, and once for equal rules why."""
    assert ONE_OF_EACH.to_text().splitlines() == [
        "app.train  v1 · 1 refused · 2 warnings",
        "✗ would be refused by Flyte Admin",
        "",
        "Refused  Flyte Admin names the first of them",
        "  ✗ missing-image container.image missing image",
        "  Name one.",
        "",
        "Warnings  registered all the same",
        "  ! tiny-amount container.x 1 is 1 B",
        "  ! tiny-amount container.y 2 is 2 B",
        "  Too little.",
    ]


def test_nothing_found_is_said() -> None:
    """A clean task is no empty output."""
    assert Findings(task="app.train v1").to_text() == "app.train  v1 · nothing found\n✓ would register"
    assert Findings().to_text().startswith("Findings  nothing found")


def test_every_format_holds_every_finding() -> None:
    """HTML, text, Markdown and rich say the same."""
    for shown in every_format(ONE_OF_EACH):
        for finding in ONE_OF_EACH:
            assert finding.rule in shown
            assert finding.path in shown


@pytest.mark.parametrize(
    "case",
    [
        case
        for case in map(json.loads, REGISTER.read_text(encoding="utf-8").splitlines())
        if case["call"] == "CreateTask"
    ],
    ids=lambda case: case["note"],
)
def test_recorded_refusals_are_shown_in_the_servers_words(case: Any) -> None:
    """No word of the server is lost or masked on the way to the screen."""
    findings = check(ParseDict(case["request"], task_pb2.TaskCreateRequest()))
    for finding in findings:
        assert " ".join(finding.message.split()) in findings.to_text()
        assert " ".join(finding.message.split()) in unescape(TAG.sub("", findings.to_html()))


def test_a_thousand_findings_fit() -> None:
    """What does not fit is counted."""
    many = Findings([Finding(f"rule-{n}", "x" * 5_000, WARNING, "&" * 5_000, "<" * 900) for n in range(1_000)])
    assert len(many.to_html().encode()) < LARGEST
    assert "more" in many.to_text()


def test_hostile_texts_stay_texts() -> None:
    """Nothing that came from a task becomes markup, and secrets stay masked."""
    script = "<script>alert(1)</script>"
    findings = Findings(
        [Finding("r", script, REFUSED, f"{script} postgres://me:hunter2@host/db")], task=f"{script} \x1b[31m"
    )
    assert "<script>" not in findings.to_html()
    for shown in every_format(findings):
        assert "hunter2" not in shown
        assert "\x1b" not in shown


def test_a_notebook_gets_html_and_text() -> None:
    """As of any object of this package."""
    assert ONE_OF_EACH._repr_mimebundle_().keys() == {"text/html", "text/plain"}
