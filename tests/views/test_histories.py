"""How a history looks: a row of marks for each field, bounded whatever is in it, the same in every format."""

from __future__ import annotations

import re
from typing import Any

import pytest
from flyteidl.admin import task_pb2

import flytetask_nb as ftn
from flytetask_nb.views import describe, html
from flytetask_nb.views.document import Document, Row, Table
from flytetask_nb.views.text import render
from tests.views.allowlist import sanitize
from tests.views.fragments import problems_of
from tests.views.test_snapshots import check

LARGEST = 32_768


def versions(number: int, text: str = "x", fields: int = 1) -> list[task_pb2.TaskSpec]:
    """Return versions of which each changes every field."""
    found = []
    for index in range(number):
        spec = task_pb2.TaskSpec()
        spec.template.id.name, spec.template.id.version = f"shop.{text}", f"{text}{index}"
        for field in range(fields):
            # Not what names the version, which would be noise of the release.
            spec.template.container.env.add(key=f"WORD_{text}_{field}", value=f"{text} {(index + field) % 7}")
        found.append(spec)
    return found


@pytest.mark.parametrize("name", ["shops.training.train_global_model", "shops.features.price_features"])
def test_look(name: str, example: ftn.TaskCollection) -> None:
    check(f"history_{name.rsplit('.', 1)[-1]}", ftn.history(example.versions(name)))


@pytest.mark.parametrize("text", ["x", "&<\"'>", "\u202e\x00", "🦉" * 40, "$\\" * 30])
@pytest.mark.parametrize(("number", "fields"), [(2, 400), (60, 60), (1_000, 2)])
def test_it_stays_within_its_bounds(text: str, number: int, fields: int) -> None:
    history = ftn.history(versions(number, text, fields))
    assert len(history.to_html().encode()) <= LARGEST
    assert len(history.to_text().encode()) <= LARGEST
    assert len(history.to_markdown().encode()) <= LARGEST


def test_what_is_left_out_is_counted() -> None:
    history = ftn.history(versions(300, "x", 300))
    text = history.to_text()
    assert "older versions without a column" in text
    assert "further fields" in text
    assert "more; timeline() has all" in text


def test_the_advice_on_what_is_left_out_works() -> None:
    history = ftn.history(versions(300))
    (left,) = re.findall(r"history\[:(\d+)\] shows them", history.to_text())
    last = f"x{int(left) - 1}"
    assert f" {last}" not in history.to_text().split("Steps", 1)[0]
    assert f"… {last}" in history[: int(left)].to_text().split("Steps", 1)[0]


def test_the_verdict_is_about_every_step_not_those_with_a_column_alone() -> None:
    """Callers that broke long ago are named."""
    found = versions(300)
    for spec in found[:7]:
        spec.template.interface.inputs.variables["limit"].type.simple = 1
    verdict = ftn.history(found).to_text().splitlines()[1]
    assert verdict == "! 1 breaking step x7 · ~ 298 steps change behaviour"


def test_the_verdict_names_the_versions_behind_what_must_not_be_missed(example: ftn.TaskCollection) -> None:
    history = ftn.history(example.versions("shops.training.train_global_model"))
    assert history.to_text().splitlines()[1] == (
        "! 1 breaking step 2026.08 · ~ 4 steps change behaviour · ⚠ 2 steps may serve stale results 2026.09, 2026.07"
    )


def test_steps_that_matter_to_callers_have_room_before_newer_ones() -> None:
    """All of them newest first; that some between are left out is said."""
    found = versions(40, fields=3)
    for spec in found[:7]:
        spec.template.interface.inputs.variables["limit"].type.simple = 1
    section = ftn.history(found).to_text().split("Steps  ")[1]
    assert section.startswith("39 steps, newest first; room goes to breaking and risky ones first")
    listed = [int(number) for number in re.findall(r"^  x(\d+) ", section, re.MULTILINE)]
    assert listed == [*range(39, 39 - len(listed) + 1, -1), 7]
    assert f"… {39 - len(listed)} more" in section


def test_steps_that_all_matter_alike_are_the_newest() -> None:
    section = ftn.history(versions(40, fields=3)).to_text().split("Steps  ")[1]
    assert section.splitlines()[0] == "39 steps, newest first"


def test_a_row_says_which_version_changed_it_last_and_by_how_much(example: ftn.TaskCollection) -> None:
    history = ftn.history(example.versions("shops.training.train_global_model"))
    for text in (history.to_text(), history.to_markdown().replace("`", "")):
        row = next(line for line in text.splitlines() if "container.requests.memory" in line)
        assert re.search(r"2026.10 32Gi → 64Gi (\*\*)?\(2×\)", row)


def test_of_a_map_task_only_the_beginning_of_the_hash_is_shown(example: ftn.TaskCollection) -> None:
    history = ftn.history(task for task in example if "map_backtest_shop_" in task.name)
    assert history.to_text().startswith("shops.evaluation.map_backtest_shop_ba0171d5…  8 versions")
    assert "arraynode" not in history.to_text()
    assert "×2: 2 identical versions in a row" in history.to_text()


def test_every_mark_reads_without_colour(example: ftn.TaskCollection) -> None:
    """Glyphs and a legend say what tints say, in an untrusted notebook too."""
    history = ftn.history(example.versions("shops.training.train_global_model"))
    rendered = html.fragment(describe(history))
    assert problems_of(rendered) == []
    kept = sanitize(rendered)
    assert "<caption>What each version changed: ! breaking" in kept
    assert ">!</mark>" in kept


def test_the_grid_tells_which_step_may_serve_stale_results(example: ftn.TaskCollection) -> None:
    """A moved image is told from changes that surely matter."""
    history = ftn.history(example.versions("shops.features.price_features"))
    (bars,) = describe(history).blocks
    _, marks, _ = next(row for row in bars.rows if row[0].text == "cache")  # type: ignore[union-attr]
    words = dict(zip((column.text for column in bars.columns), marks, strict=True))  # type: ignore[union-attr]
    assert words["2026.05"].word == "may serve stale results"
    assert words["2026.06"].word == "same cache key, image moved"
    assert "⚠ may serve stale results, ≈ same cache key, image moved" in history.to_text()


def test_a_mark_opens_its_step_in_place(example: ftn.TaskCollection) -> None:
    """The change in its version, and what becomes of cached results; a front end that cleans up keeps it."""
    history = ftn.history(example.versions("shops.training.train_global_model"))
    (bars,) = describe(history).blocks
    cells = {
        (_name_of(bars.rows[row][0]), bars.columns[column].text): _words(line)  # type: ignore[union-attr]
        for (row, column), line in bars.opened.items()  # type: ignore[union-attr]
    }
    assert "32Gi" in cells["container.requests.memory", "2026.10"]
    assert "Every run reserves more." in cells["container.requests.memory", "2026.10"]
    assert "Old results may be served" in cells["cache", "2026.09"]
    marked = sum(mark is not None for _, marks, _ in bars.rows for mark in marks)  # type: ignore[union-attr]
    assert len(cells) == marked
    kept = sanitize(html.fragment(describe(history)))
    assert kept.count("<details><summary><mark") == marked
    assert "a mark opens" not in history.to_text()


def test_what_marks_open_leaves_room_for_the_steps() -> None:
    history = ftn.history(versions(9, fields=6))
    bars, *_ = describe(history).blocks
    assert bars.opened  # type: ignore[union-attr]
    assert min(row for row, _ in bars.opened) == 0  # type: ignore[union-attr]
    assert "<table" in html.fragment(describe(history)).split(">Steps<")[1]


def _name_of(line: Any) -> str:
    return str(line.text)


def _words(line: Any) -> str:
    return render(Document("", blocks=[Table([Row([line])])]))


def test_versions_called_by_commits_are_short_and_whole_where_one_asks() -> None:
    found = versions(6)
    for index, spec in enumerate(found):
        spec.template.id.version = f"{index}123456789abcdef0123456789abcdef01234567"
    history = ftn.history(found)
    page = history.to_html()
    assert 'title="0123456789abcdef0123456789abcdef01234567">0123456</th>' in page
    assert "0123456789abcdef" not in history.to_text()


def test_each_step_opens_its_changes_or_tells_where_they_are() -> None:
    history = ftn.history(versions(9, fields=30))
    text = history.to_text()
    hints = re.findall(r"history\.diff\(\d+, \d+\)", text)
    assert hints
    assert all(eval(hint, {"history": history}) for hint in hints)  # noqa: S307 - the line that a reader is told to run
