"""How collections show themselves: the newest first, and what tells their tasks apart."""

from __future__ import annotations

import pytest
from flyteidl.admin import task_pb2
from flyteidl.core import tasks_pb2

import flytetask_nb as ftn


def spec(
    name: str, version: str, *, image: str = "shop:1", cpu: str = "", kind: str = "python-task"
) -> task_pb2.TaskSpec:
    made = task_pb2.TaskSpec()
    template = made.template
    template.id.name, template.id.version, template.type = name, version, kind
    template.container.image = image
    if cpu:
        template.container.resources.requests.add(name=tasks_pb2.Resources.CPU, value=cpu)
    template.interface.inputs.variables["day"].type.simple = 1
    return made


def rows(tasks: ftn.TaskCollection) -> list[list[str]]:
    return [line.split() for line in tasks.to_text().splitlines()[3:]]


def test_the_newest_of_each_comes_first_and_then_the_next() -> None:
    tasks = ftn.TaskCollection([spec("b", "v1"), spec("b", "v10"), spec("b", "v9"), spec("a", "v2"), spec("a", "v3")])
    found = [(task.name, task.id.version) for task in tasks.newest_first()]
    assert found == [("b", "v10"), ("a", "v3"), ("b", "v9"), ("a", "v2"), ("b", "v1")]
    assert [task.id.version for task in tasks.newest_first(2)] == ["v10", "v3"]
    assert [row[0] for row in rows(tasks)] == ["b", "a", "b", "a", "b"]


def test_what_all_have_is_not_said() -> None:
    alike = ftn.TaskCollection([spec("a", "v1"), spec("b", "v1")])
    assert "shop:1" not in alike.to_text()
    assert "python-task" not in "".join(alike.to_text().splitlines()[2:])
    images = ftn.TaskCollection([spec("a", "v1"), spec("b", "v1", image="example.com/team/shop:2", kind="spark")])
    assert "shop:1" in images.to_text()
    assert "shop:2" in images.to_text()
    assert "example.com" not in images.to_text()
    assert "spark" in "".join(images.to_text().splitlines()[2:])
    amounts = ftn.TaskCollection([spec("a", "v1", cpu="1"), spec("b", "v1", cpu="2")])
    assert "2 CPU" in amounts.to_text()


def test_versions_say_what_they_changed() -> None:
    tasks = ftn.TaskCollection([spec("a", "v1"), spec("a", "v2"), spec("a", "v3", cpu="2"), spec("a", "v4", cpu="2")])
    text = tasks.versions("a").to_text().splitlines()
    assert text[2].split() == ["version", "what", "it", "changed"]
    assert [line.split()[0] for line in text[3:]] == ["v4", "v3", "v2", "v1"]
    assert "only the release moved" in text[3]
    assert "container.requests.cpu" in text[4]
    assert "(day: int) -> ()" in text[6]


def test_what_is_cut_off_still_tells_what_the_last_row_changed() -> None:
    tasks = ftn.TaskCollection([spec("a", f"v{number}", cpu=str(number)) for number in range(1, 6)])
    with ftn.set_options(max_rows=2):
        text = tasks.to_text().splitlines()
    assert [line.split()[0] for line in text[3:]] == ["v5", "v4", "…"]
    assert "container.requests.cpu" in text[4]


def test_rows_open_in_place_where_a_page_folds() -> None:
    tasks = ftn.TaskCollection([spec("a", "v1"), spec("b", "v1")])
    assert tasks.to_html().count("<details") == 2
    assert tasks.to_text().count("day") == 2


def test_many_long_signatures_stay_within_the_budget() -> None:
    made = spec("a", "v1")
    for number in range(200):
        made.template.interface.inputs.variables[f"input_{number}"].type.simple = 1
    others = [ftn.FlyteTask.from_flyte_idl(made).replace(name=f"{'m' * 60}.{number}") for number in range(100)]
    with ftn.set_options(max_rows=100):
        assert len(ftn.TaskCollection(others).to_html().encode()) <= 32_768


def test_damaged_versions_are_shown_all_the_same() -> None:
    first, second = spec("a", "v1", cpu="much"), spec("a", "v2", cpu="more")
    assert "v2" in ftn.TaskCollection([first, second]).to_text()


def test_a_version_counts_its_changes_as_its_diff_does(example: ftn.TaskCollection) -> None:
    """Each severity by itself, the worst first."""
    versions = example.versions("shops.training.train_global_model")
    newest = versions.to_text().splitlines()[3]
    assert ftn.diff(versions[-2], versions[-1]).counts == {"behaviour": 3, "cost": 2}
    assert newest.split()[:5] == ["2026.10", "3", "behaviour", "2", "cost"]


@pytest.mark.parametrize(
    ("version", "kinds", "head"),
    [
        ("v1", ["spark", "spark"], "version"),
        ("v1", ["spark", "presto"], "version · type"),
        ("", ["spark", "presto"], "type"),
        ("", ["spark", "spark"], ""),
    ],
)
def test_the_last_column_is_headed_by_what_stands_in_it(version: str, kinds: list[str], head: str) -> None:
    tasks = ftn.TaskCollection(spec(f"task{number}", version, kind=kind) for number, kind in enumerate(kinds))
    assert tasks.to_text().splitlines()[2].partition("signature")[2].strip() == head
