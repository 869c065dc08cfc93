from __future__ import annotations

import json
import re
from html import unescape
from typing import Any

import pytest
from flyteidl.admin import task_pb2
from google.protobuf.json_format import ParseDict

from flytetask_nb.semantics.findings import REFUSED, WARNING, CollectionFindings, Finding, Findings
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


def every_format(findings: Findings | CollectionFindings) -> list[str]:
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
        "Warnings  do not stop registration",
        "  ! tiny-amount container.x 1 is 1 B",
        "  ! tiny-amount container.y 2 is 2 B",
        "  Too little.",
    ]


OF_SEVERAL = CollectionFindings(
    [
        ONE_OF_EACH,
        Findings([Finding("tiny-amount", "container.x", WARNING, "1 is 1 B", "Too little.")], task="app.test v1"),
        Findings([Finding("plain-secret", "container.env.A", WARNING, "A is plain", "Seen.")], task="app.send v1"),
        Findings(task="app.fine v1"),
    ]
)


def test_a_check_of_several_tasks_goes_rule_by_rule() -> None:
    """What is refused first, then what few tasks have; why is said once, and equal findings stand together."""
    assert OF_SEVERAL.to_text().splitlines() == [
        "Check of 4 tasks  v1 · 1 would be refused · 3 with warnings",
        "✗ 1 would be refused by Flyte Admin",
        "",
        "missing-image  in 1 task",
        "  ✗ refused Name one.",
        "  container.image missing image  app.train",
        "",
        "plain-secret  in 1 task",
        "  ! warning Seen.",
        "  container.env.A A is plain  app.send",
        "",
        "tiny-amount  in 2 tasks",
        "  ! warning Too little.",
        "  container.x 1 is 1 B  app.train, app.test",
        "  container.y 2 is 2 B  app.train",
    ]
    assert repr(OF_SEVERAL) == "CollectionFindings(4 tasks, 1 refused, 3 with warnings)"


def test_versions_that_differ_stand_beside_the_names() -> None:
    both = CollectionFindings([ONE_OF_EACH, Findings(ONE_OF_EACH, task="app.train v2")])
    assert both.to_text().startswith("Check of 2 tasks  2 would be refused")
    assert "app.train v1, app.train v2" in both.to_text()


@pytest.mark.parametrize("rules", [1, 10, 1_000])
@pytest.mark.parametrize("text", ["", "<&" * 3_000])
def test_findings_of_many_tasks_fit(rules: int, text: str) -> None:
    """Of one rule and of many; what does not fit is counted."""
    many = CollectionFindings(
        Findings(
            [Finding(f"rule-{n % rules}{text}", f"x{n}{text}", WARNING, text, text)], task=f"app.task_{n}{text} v{n}"
        )
        for n in range(1_000)
    )
    assert len(many.to_html().encode()) < LARGEST
    assert "more" in many.to_text()
    alike = CollectionFindings(Findings(ONE_OF_EACH, task=f"app.task_{n}{text} v{n}") for n in range(1_000))
    assert len(alike.to_html().encode()) < LARGEST
    assert "more" in alike.to_text()


def test_nothing_found_is_said() -> None:
    """A clean task is no empty output."""
    assert Findings(task="app.train v1").to_text() == "app.train  v1 · nothing found\n✓ would register"
    assert Findings().to_text().startswith("Findings  nothing found")


def test_every_format_holds_every_finding() -> None:
    """HTML, text, Markdown and rich say the same."""
    for findings in (ONE_OF_EACH, OF_SEVERAL):
        for shown in every_format(findings):
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
