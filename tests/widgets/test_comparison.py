"""The comparison of two versions, without a browser."""

from __future__ import annotations

import re

import pytest

import flytetask_nb as ftn
from flytetask_nb.views import LIMIT
from flytetask_nb.views.comparisons import describe_pair
from flytetask_nb.widgets.task_panel import TABS
from tests.browser import outputs
from tests.browser.wording import html_text
from tests.views.test_budgets import full_task


def test_controls_set_the_pair_and_the_pair_sets_the_controls(releases: ftn.TaskCollection, train: str) -> None:
    comparison = ftn.compare(releases, train)
    comparison._old.value = "2026.03"
    assert comparison.pair == ("2026.03", "2026.10")
    assert comparison._range.value == ("2026.03", "2026.10")
    comparison._range.index = (1, 3)
    assert comparison.pair == ("2026.04", "2026.06")
    comparison.pair = ("2026.05", "2026.07")
    assert (comparison._old.value, comparison._new.value) == ("2026.05", "2026.07")
    assert "2026.05 → 2026.07" in html_text(comparison._verdict.value)


def test_the_slider_keeps_the_direction(releases: ftn.TaskCollection, train: str) -> None:
    comparison = ftn.compare(releases, train)
    comparison._swap.click()
    assert comparison.pair == ("2026.10", "2026.09")
    comparison._range.index = (0, 7)
    assert comparison.pair == ("2026.10", "2026.03")


def test_an_impossible_pair_changes_nothing(releases: ftn.TaskCollection, train: str) -> None:
    comparison = ftn.compare(releases, train)
    with pytest.raises(ftn.errors.TaskNotFoundError, match="never"):
        comparison.pair = ("2026.03", "never")
    assert comparison.pair == ("2026.09", "2026.10")
    assert comparison._old.value == "2026.09"


def test_another_task_brings_its_own_versions(releases: ftn.TaskCollection, train: str) -> None:
    comparison = ftn.compare(releases, train)
    other = "shops.features.encode_shops"
    comparison._names.value = other
    versions = releases.versions(other).column("version")
    assert comparison.pair == tuple(versions[-2:])
    assert [value for _, value in comparison._range.options] == versions


def test_filters_fold_nothing_away_unsaid(releases: ftn.TaskCollection, train: str) -> None:
    comparison = ftn.compare(releases, train)
    comparison.pair = ("2026.03", "2026.10")
    verdict = comparison._verdict.value
    assert "left out" not in comparison._diff.value
    comparison._severity.value = "breaking"
    comparison._noise.value = False
    assert "left out by the filters" in comparison._diff.value
    assert "Release noise" not in comparison._diff.value
    assert comparison._verdict.value == verdict


def test_markdown_is_that_of_the_diff(releases: ftn.TaskCollection, train: str) -> None:
    comparison = ftn.compare(releases, train)
    assert comparison._markdown.layout.display == "none"
    comparison._as_markdown.value = True
    assert comparison.selection.diff is not None
    assert comparison._markdown.text == comparison.selection.diff.to_markdown()
    assert comparison._markdown.layout.display is None
    comparison._swap.click()
    assert comparison._markdown.text == comparison.selection.diff.to_markdown()


def test_an_unknown_name_is_refused(releases: ftn.TaskCollection) -> None:
    with pytest.raises(ftn.errors.TaskNotFoundError, match="nobody"):
        ftn.compare(releases, "nobody")


def test_the_static_form_has_both_beside_each_other(releases: ftn.TaskCollection, train: str) -> None:
    comparison = ftn.compare(releases, train)
    versions = releases.versions(train)
    bundle = comparison._repr_mimebundle_()
    assert bundle["text/html"] == ftn.compare(versions[-2], versions[-1]).to_html()
    assert bundle["text/plain"] == f"Comparison({train!r}, '2026.09' → '2026.10', 8 versions)"
    (row,) = [line for line in comparison.to_markdown().splitlines() if "metadata.interruptible" in line]
    assert row == "| **− behaviour** `metadata.interruptible` | − `yes` | none |"


def test_pickers_offer_short_versions_and_are_as_wide_as_these() -> None:
    tasks = outputs.versions(outputs.TRAIN)
    comparison = ftn.compare(tasks)
    assert {len(label) for label, _ in comparison._old.options} == {7}
    assert comparison.pair == tuple(tasks.column("version")[-2:])
    assert len(comparison.pair[0]) == 40
    releases = float(ftn.compare(outputs.versions(outputs.TRAIN))._old.layout.width.removesuffix("em"))
    assert releases < 20


def test_tasks_stand_in_columns(releases: ftn.TaskCollection, train: str) -> None:
    """However they are given: one by one, as a pair, as a list; of different names too."""
    versions = releases.versions(train)
    old, new = versions[-2], versions[-1]
    shown = ftn.compare(old, new).to_text()
    assert ftn.compare((old, new)).to_text() == ftn.compare([old, new]).to_text() == shown
    other = ftn.compare(new, releases["shops.training.train_global_model"])
    assert repr(other) == f"Columns(2 tasks: {train}, shops.training.train_global_model)"
    assert "train_global_model" in other.to_text()


def test_of_many_tasks_only_the_rows_that_differ_are_shown(releases: ftn.TaskCollection, train: str) -> None:
    versions = releases.versions(train)
    shown = ftn.compare(list(versions)).to_text()
    assert all(version in shown for version in versions.column("version"))
    (row,) = [line for line in shown.splitlines() if "metadata.interruptible" in line]
    assert row.split() == ["metadata.interruptible", "yes", *["·"] * 6, "none"]
    assert "metadata.retries" not in shown
    same = ftn.compare(versions[0], versions[0], versions[0])
    assert "✓ no differences" in same.to_text()


def test_what_is_on_screen_is_bounded_however_full_both_are() -> None:
    """All that is seen of a panel at a time, taken together."""
    tasks = [full_task("<&\"'>", target, version, many=40) for target, version in (("container", "v1"), ("sql", "v2"))]
    for task in tasks:
        task.template.id.name = task.template.id.project = task.template.id.domain = "train"
    comparison, columns, panel = ftn.compare(ftn.TaskCollection(tasks)), ftn.compare(*tasks), ftn.panel(tasks[0])
    seen = [[comparison._history, comparison._verdict, comparison._diff], [columns.children[-1]]]
    for index, title in enumerate(TABS):
        panel._tabs.selected_index = index
        seen += [[panel._head, panel._panes[title]]] if title in panel._panes else []
    assert all(pane.value for panes in seen for pane in panes)
    assert max(sum(len(pane.value.encode()) for pane in panes) for panes in seen) <= LIMIT


def test_no_tasks_are_compared_without_complaint() -> None:
    comparison = ftn.compare([])
    assert repr(comparison) == "Comparison(no task)"
    comparison._swap.click()
    assert "No task" in comparison._verdict.value


def test_two_tasks_of_one_version_can_be_compared(releases: ftn.TaskCollection, train: str) -> None:
    """They have no place in a row of versions, which is said where the row would be."""
    task = releases[train]
    comparison = ftn.compare(ftn.TaskCollection([task, task.replace(type="other")]), train)
    assert "different tasks of the same version" in comparison._history.value
    assert "other" in comparison._diff.value


def test_one_version_is_not_said_to_have_changed_nothing(releases: ftn.TaskCollection, train: str) -> None:
    comparison = ftn.compare(releases.versions(train)[-1:])
    for text in (comparison.to_text(), comparison._verdict.value + comparison._diff.value):
        assert "only one version: 2026.10" in text.replace("<wbr>", "")
        assert "no changes" not in text


def test_the_head_of_what_is_the_same_counts_its_rows(releases: ftn.TaskCollection, train: str) -> None:
    """Those that are shown and those that are not; a variable is one, however many values its type has."""
    *_, section = describe_pair(ftn.diff(*releases.versions(train)[-2:])).sections
    (table,) = section.blocks
    *rows, rest = table.rows  # type: ignore[union-attr]
    variables, values = re.findall(r"\d+", str(section.note))
    (left,) = re.findall(r"\d+", rest.cells[0].text)
    assert section.note == f"{variables} variables, {values} values"
    assert int(variables) + int(values) == len(rows) + int(left)
