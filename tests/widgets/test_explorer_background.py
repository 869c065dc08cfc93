"""What an explorer computes behind: the same as at once, the tasks that are looked at first, in short slices."""

from __future__ import annotations

from typing import Any

import pytest

import flytetask_nb as ftn
from flytetask_nb.tables.browsing import COMPUTED, FINDINGS, WORST_CHANGE
from flytetask_nb.widgets import explorer_background
from flytetask_nb.widgets.explorer_background import computed_behind
from tests.conftest import ROOT

ARCHIVES = ROOT / "notebooks" / "example" / "archives"


@pytest.fixture(scope="module")
def tasks() -> ftn.TaskCollection:
    archives = [ARCHIVES / f"{version}.tgz" for version in ("2026.03", "2026.10")]
    return ftn.load(archives, project="shops", domain="production", version=lambda path: path[-11:-4])


def told(slices: Any) -> dict[str, dict[int, str | None]]:
    """Return the values by column and position; each is told once."""
    values: dict[str, dict[int, str | None]] = {}
    for part in slices:
        column = values.setdefault(part.column, {})
        assert column.keys().isdisjoint(part.positions)
        column.update(zip(part.positions, part.values, strict=True))
    return values


def test_it_is_what_is_computed_at_once(tasks: ftn.TaskCollection) -> None:
    values = told(computed_behind(tasks))
    assert values.keys() == set(COMPUTED)
    frame = tasks.to_frame([FINDINGS])
    assert [values[FINDINGS][at] or "" for at in range(len(tasks))] == frame[FINDINGS].fillna("").tolist()
    everything = [(task.name, task.id.version) for task in tasks]
    expected: dict[int, str | None] = {}
    for name in tasks.names:
        before = None
        for task in tasks.versions(name):
            at = everything.index((task.name, task.id.version))
            expected[at] = None if before is None else ftn.diff(before, task).severity
            before = task
    assert values[WORST_CHANGE] == expected
    assert len({*expected.values()}) > 2


def test_what_is_looked_at_comes_first(tasks: ftn.TaskCollection) -> None:
    last = len(tasks) - 1
    part = next(iter(computed_behind(tasks, [last], columns=[FINDINGS])))
    assert {tasks[position].name for position in part.positions[:1]} == {tasks[last].name}


def test_slices_are_short(tasks: ftn.TaskCollection, monkeypatch: pytest.MonkeyPatch) -> None:
    ticks = iter(range(10**6))
    monkeypatch.setattr(explorer_background, "perf_counter", lambda: next(ticks))
    monkeypatch.setattr(explorer_background, "_LONGEST", 2)
    sizes = [len(part.positions) for part in computed_behind(tasks)]
    assert max(sizes) <= 2
    assert sum(sizes) == 2 * len(tasks)


def test_a_task_that_cannot_be_judged_costs_no_other(
    tasks: ftn.TaskCollection, monkeypatch: pytest.MonkeyPatch
) -> None:
    def refused(*_: object) -> None:
        raise RuntimeError

    monkeypatch.setattr(explorer_background, "diff", refused)
    values = told(computed_behind(tasks))
    assert set(values[WORST_CHANGE].values()) == {None}
    assert any(values[FINDINGS].values())


def test_nothing_is_computed_after_it_is_stopped(tasks: ftn.TaskCollection) -> None:
    slices = computed_behind(tasks)
    next(slices)
    slices.close()  # type: ignore[attr-defined]
    assert next(slices, None) is None
    assert list(computed_behind(ftn.TaskCollection())) == []
