"""Laws that hold for any two tasks."""

from __future__ import annotations

import json
from collections import Counter
from itertools import combinations, pairwise
from random import Random
from typing import TYPE_CHECKING, Any

import pytest
from flyteidl.admin import task_pb2
from hypothesis import HealthCheck, Phase, given, settings
from hypothesis import strategies as st

import flytetask_nb as ftn
from flytetask_nb.diffs import RULES, TaskDiff, diff
from flytetask_nb.diffs.applying import apply_changes
from flytetask_nb.diffs.flattening import flatten
from tests.diffs.strategies import interfaces, neighbours, plugins, pods
from tests.generated import task_specs
from tests.real_tasks import serialized_tasks

if TYPE_CHECKING:
    from pathlib import Path

# Whole tasks shrink slowly; a failure names the paths that matter.
PHASES = (Phase.explicit, Phase.reuse, Phase.generate)
PAIRS = st.one_of(neighbours(), interfaces(), pods(), plugins())


def everything(found: TaskDiff) -> list[Any]:
    return [*found.changes, *found.accepted, *found.noise]


@pytest.fixture(scope="module")
def real_versions(corpus: Path) -> list[list[Any]]:
    """Versions of one name, release after release, a list a name."""
    versions: dict[str, list[tuple[str, Any]]] = {}
    for place, data in serialized_tasks(corpus).items():
        spec = task_pb2.TaskSpec.FromString(data)
        versions.setdefault(spec.template.id.name, []).append((place, spec))
    return [[spec for _, spec in sorted(found, key=lambda v: v[0])] for found in versions.values()]


@pytest.fixture(scope="module")
def real_neighbours(real_versions: list[list[Any]]) -> list[tuple[Any, Any]]:
    """Versions of one name, each with the one that follows."""
    return [pair for versions in real_versions for pair in pairwise(versions)]


def direct(found: TaskDiff) -> list[Any]:
    """Return what changed, without what only follows from it."""
    return [change for change in everything(found) if not change.is_consequence]


def assert_mirror(old: Any, new: Any) -> tuple[TaskDiff, TaskDiff]:
    """Check that the one direction tells what the other tells; return both diffs."""
    diffs = diff(old, new), diff(new, old)
    there, back = map(direct, diffs)
    assert Counter((one.old_path, one.path, repr(one.old), repr(one.new)) for one in there) == Counter(
        (one.path, one.old_path, repr(one.new), repr(one.old)) for one in back
    )
    rules: dict[tuple[str, str], set[str]] = {}
    for change in back:
        rules.setdefault((change.old_path, change.path), set()).add(change.rule)
    for change in there:
        assert rules[change.path, change.old_path] & set(RULES[change.rule].mirrors), change
    return diffs


def assert_applied(old: Any, new: Any) -> None:
    """Check that each value is taken away and put once: applying raises where two changes tell the same."""
    found = diff(old, new)
    before, after = flatten(old), flatten(new)
    assert found.apply(before) == after
    assert (before == after) == (not everything(found))
    for change in direct(found):
        # No change is told where nothing differs.
        others = [one for one in direct(found) if one is not change]
        assert change.edits == () or partly_applied(before, others) != after, change


def partly_applied(before: dict[str, Any], changes: list[Any]) -> dict[str, Any] | None:
    """Return what some of the changes make of a task; None where they do not do without the others."""
    try:
        return apply_changes(before, changes)
    except ftn.errors.DiffError:
        return None


@settings(max_examples=60, suppress_health_check=list(HealthCheck), phases=PHASES)
@given(task_specs())
def test_a_task_does_not_differ_from_itself(task: Any) -> None:
    found = diff(task, task_pb2.TaskSpec.FromString(task.SerializeToString()))
    assert everything(found) == []
    assert not found
    assert found.severity is None


@settings(max_examples=100, suppress_health_check=list(HealthCheck), phases=PHASES)
@given(PAIRS)
def test_every_output_can_be_made_of_any_diff(pair: tuple[Any, Any]) -> None:
    """Dicts are JSON, frames have a row a change, HTML stays within 32 KB."""
    found = ftn.diff(*pair)
    assert json.loads(json.dumps(found.to_dict()))["schema"] == 1
    assert len(found.to_frame()) == len(everything(found))
    assert len(found.to_html().encode("utf-8", "backslashreplace")) <= 32_768
    assert "cannot be shown" not in found.to_text().splitlines()[0]
    assert found.to_markdown()


@settings(max_examples=300, suppress_health_check=list(HealthCheck), phases=PHASES)
@given(PAIRS)
def test_changes_applied_to_the_old_task_give_the_new_one(pair: tuple[Any, Any]) -> None:
    """Up to normal forms; every value that differs is told by exactly one change, and no other one is."""
    assert_applied(*pair)


def test_changes_applied_give_the_new_task_for_real_neighbours(real_neighbours: list[tuple[Any, Any]]) -> None:
    for old, new in real_neighbours:
        assert_applied(old, new)


def test_changes_applied_give_the_new_task_for_any_two_releases(real_versions: list[list[Any]]) -> None:
    """And a rule knows each of them."""
    for versions in real_versions:
        for old, new in combinations(versions, 2):
            assert diff(old, new).apply() == flatten(new)
            assert "unclassified" not in {change.rule for change in everything(diff(old, new))}


def test_changes_applied_give_the_new_task_for_tasks_of_different_names(real_versions: list[list[Any]]) -> None:
    tasks = [task for versions in real_versions for task in versions]
    chosen = Random(20)  # noqa: S311 - a sample that is the same in every run
    for _ in range(400):
        old, new = chosen.sample(tasks, 2)
        assert diff(old, new).apply() == flatten(new)


def test_a_type_that_no_json_can_say_has_a_fingerprint_too() -> None:
    """A JSON schema can hold infinity, which JSON cannot."""
    old, new = (task_pb2.TaskSpec() for _ in range(2))
    new.template.interface.inputs.variables["x"].type.metadata.update({"most": float("inf")})
    (change,) = diff(old, new).changes
    assert len(change.fingerprint) == 16


def test_changes_of_another_task_cannot_be_applied() -> None:
    old, new = (task_pb2.TaskSpec() for _ in range(2))
    old.template.type, new.template.type = "python-task", "sql"
    with pytest.raises(
        ftn.errors.DiffError, match="takes away 'python-task' at type, where the task before has nothing"
    ):
        diff(old, new).apply({})


@settings(max_examples=150, suppress_health_check=list(HealthCheck), phases=PHASES)
@given(PAIRS)
def test_the_other_direction_is_the_mirror(pair: tuple[Any, Any]) -> None:
    there, back = assert_mirror(*pair)
    assert there.reversed().to_dict() == back.to_dict()
    assert there.reversed().reversed().to_dict() == there.to_dict()
    # Each change has a fingerprint of its own, the same each time, and is accepted by it.
    prints = [change.fingerprint for change in everything(there)]
    assert len(set(prints)) == len(prints)
    again = diff(*pair, accepted=prints)
    assert sorted(change.fingerprint for change in everything(again)) == sorted(prints)
    assert not again


def test_the_other_direction_is_the_mirror_for_real_tasks(real_neighbours: list[tuple[Any, Any]]) -> None:
    for old, new in real_neighbours:
        assert_mirror(old, new)
