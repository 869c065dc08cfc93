"""How a plan looks: its summary first, bounded whatever is in it, the same in every format."""

from __future__ import annotations

import re
from html import unescape
from typing import TYPE_CHECKING, Any

import pytest
from flyteidl.admin import task_pb2

import flytetask_nb as ftn
from flytetask_nb.collection import Failure
from flytetask_nb.views import describe, html
from tests.views.allowlist import sanitize
from tests.views.test_snapshots import check

if TYPE_CHECKING:
    from collections.abc import Iterator

LARGEST = 32_000
TAG = re.compile("<[^>]+>")


@pytest.fixture(scope="module")
def plan(example: ftn.TaskCollection) -> ftn.Plan:
    """One of each: new, changed, renamed, noise, identical, two conflicts, missing."""
    there = example.filter(lambda task: task.id.version == "2026.07")
    names = ("features", "ingest", "evaluation", "training.export", "replenishment.legacy")
    here = example.filter(lambda task: task.id.version == "2026.08" and any(name in task.name for name in names))
    taken = there["shops.reporting.render_report"]
    message = taken.to_flyte_idl()
    message.template.metadata.retries.retries += 2
    message.template.metadata.runtime.version = "1.0.0"
    upgraded = there["shops.reporting.notify_planners"].to_flyte_idl()
    upgraded.template.metadata.runtime.version = "1.0.0"
    return ftn.plan([*here, message, upgraded], there)


def many(count: int, *, text: str = "", version: str = "v1", image: str = "app:1") -> Iterator[Any]:
    for number in range(count):
        spec = task_pb2.TaskSpec()
        identifier = spec.template.id
        identifier.project, identifier.domain, identifier.version = "p", "d", version
        identifier.name = f"app.task_{number}{text}"
        spec.template.container.image = image
        spec.template.container.args.append(f"{version}{text}")
        yield spec


def test_plan_looks_the_same(plan: ftn.Plan) -> None:
    check("plan", plan)


def test_nothing_beside_the_summary_leaves_no_dash() -> None:
    nowhere = task_pb2.TaskSpec()
    nowhere.template.id.name = "shop.train"
    for plan in (ftn.plan([], []), ftn.plan([nowhere], []), ftn.plan([nowhere], [nowhere])):
        assert plan.to_markdown().splitlines()[0] == f"### {plan.summary}"


def test_summary_comes_first(plan: ftn.Plan) -> None:
    first = plan.to_text().splitlines()[0]
    assert first.startswith(plan.summary)
    assert plan.to_markdown().startswith("### 1 new, ")
    assert plan.summary in unescape(TAG.sub("", html.fragment(describe(plan))))


def test_every_format_tells_every_task(plan: ftn.Plan) -> None:
    for output in (plan.to_text(), plan.to_markdown(), unescape(TAG.sub("", plan.to_html())), plan.__rich__().plain):
        joined = re.sub(r"[\s\\]+", "", output)
        names = [re.sub(r"(?<=_[0-9a-f]{8})[0-9a-f]{24}-arraynode", "…", entry.name) for entry in plan]
        assert [name for name in names if name not in joined] == []


def test_conflicts_say_how_the_server_refuses_and_why(plan: ftn.Plan) -> None:
    text = " ".join(plan.to_text().split())
    assert "shops.reporting.render_report task with different structure already exists." in text
    assert "the task itself is the same: only the version of flytekit differs" in plan.to_markdown()


def test_worst_comes_first(plan: ftn.Plan) -> None:
    """Conflicts, then what breaks callers, then what is new, then other changes, then what is missing."""
    rows = re.findall(r"class=\"ftn-g\"><span>.*?</span><i> \| </i><span><mark[^>]*>. (\w+)</mark>", plan.to_html())
    order = ["conflict", "breaking", "risky", "new", "behaviour", "cost", "cosmetic", "missing"]
    assert rows == sorted(rows, key=order.index)
    assert {*rows} >= {"conflict", "new", "behaviour", "missing"}


def test_equal_changes_stand_in_one_row() -> None:
    """Ninety-nine tasks whose image moved take one row, and the one that breaks its callers comes before it."""
    there = list(many(100, text="_of_a_project"))
    here = list(many(100, text="_of_a_project", version="v2", image="other:2"))
    for spec in here:
        spec.template.container.args[0] = there[0].template.container.args[0]
    here[50].template.interface.inputs.variables["needed"].type.simple = 3
    plan = ftn.plan(here, there)
    (folds,) = describe(plan).blocks
    first, second = folds.rows  # type: ignore[union-attr]
    assert [piece.word for piece in (first.text[0], second.text[0])] == ["breaking", "behaviour"]
    assert second.lead[0].text == "99 tasks"
    assert plan.to_text().count("v1 → v2") == 1


def test_a_row_opens_its_changes_or_tells_where_they_are() -> None:
    """Worst first, until there is no room."""
    there = list(many(25, text="x"))
    here = list(many(25, text="x", version="v2", image="other:2"))
    for number, spec in enumerate(here):
        for place in range(number + 1):
            spec.template.container.env.add(key=f"SETTING_{place}", value="long enough to fill some room " * 4)
    plan = ftn.plan(here, there)
    with ftn.set_options(max_rows=25):
        (folds,) = describe(plan).blocks
        text = plan.to_text()
    assert all(row.blocks for row in folds.rows)  # type: ignore[union-attr]
    hints = re.findall(r"plan\[\d+\]\.diff", text)
    assert hints
    assert all(eval(hint, {"plan": plan}) for hint in hints)  # noqa: S307 - the very line that a reader is told to run


def test_no_more_rows_than_asked_for() -> None:
    plan = ftn.plan(list(many(3)), [])
    with ftn.set_options(max_rows=2):
        assert "1 more row" in plan.to_text()


def test_the_versions_stand_in_the_head(example: ftn.TaskCollection) -> None:
    here, there = (example.filter(lambda task, name=name: task.id.version == name) for name in ("2026.08", "2026.07"))
    text = ftn.plan(here, there).to_text()
    assert text.splitlines()[0].endswith("2026.07 → 2026.08")


def test_nothing_to_do_is_said(example: ftn.TaskCollection) -> None:
    tasks = example.filter(lambda task: task.id.version == "2026.07")
    same = ftn.plan(tasks, tasks)
    assert same.to_text().splitlines()[:2] == ["27 identical  forecast/production", "✓ nothing would change"]
    older = example.filter(lambda task: task.id.version == "2026.06" and "render_report" not in task.name)
    oldest = example.filter(lambda task: task.id.version == "2026.05" and "render_report" not in task.name)
    assert "✓ nothing but release noise would change" in ftn.plan(older, oldest).to_text()
    assert ftn.plan([], []).to_text() == "no tasks"


@pytest.mark.parametrize("text", ["", "x" * 900, "<&\"'>" * 200, "$\\" * 200, "\x00\u202e" * 100])
@pytest.mark.parametrize("kind", ["changed", "conflict", "new", "missing", "identical", "failures"])
def test_ten_thousand_tasks_fit(kind: str, text: str) -> None:
    """What does not fit is counted; of other kinds than changed ones a thousand are too many to fit, too."""
    count = 300 if text else 10_000 if kind == "changed" else 1_000
    there = list(many(count, text=text))
    here = {
        "changed": lambda: list(many(count, text=text, version="v2", image="other:2")),
        "conflict": lambda: list(many(count, text=text, image="other:2")),
        "new": lambda: list(many(count, text=f"{text}!")),
        "missing": list,
        "identical": lambda: there,
        "failures": lambda: ftn.TaskCollection(
            there, failures=[Failure(text, text, f"reason {n}") for n in range(count)]
        ),
    }[kind]()
    plan = ftn.plan(here, there)
    shown = plan.to_html()
    assert len(shown.encode()) < LARGEST
    assert "more" in plan.to_text()
    assert "<script" not in shown


def test_hostile_names_stay_texts() -> None:
    script = "<script>alert(1)</script> *[x](http://y)* \x1b[31m"
    there, here = many(2, text=script), many(2, text=script, version="v2", image="b:1")
    plan = ftn.plan(here, there)
    assert "<script>" not in plan.to_html()
    assert "\x1b" not in plan.to_text()
    assert "<script>" not in re.sub("`[^`]*`", "", plan.to_markdown())
    assert "*[x]" not in re.sub("`[^`]*`", "", plan.to_markdown()).replace("\\*", "").replace("\\[", "")


def test_nothing_is_lost_in_jupyterlab(plan: ftn.Plan) -> None:
    """The sanitizer leaves every text and every fold."""
    shown = html.fragment(describe(plan))
    assert unescape(TAG.sub("", sanitize(shown))) == unescape(TAG.sub("", shown))
    assert sanitize(shown).count("<details") == shown.count("<details")


def test_folds_obey_the_option(plan: ftn.Plan) -> None:
    assert "<details open" not in plan.to_html()
    with ftn.set_options(expand=True):
        assert plan.to_html().count("<details open") == plan.to_html().count("<details")
