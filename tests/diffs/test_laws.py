"""Laws that hold for any two tasks."""

from __future__ import annotations

import json
import re
from collections import Counter
from itertools import pairwise
from typing import TYPE_CHECKING, Any

import pytest
from flyteidl.admin import task_pb2
from hypothesis import HealthCheck, Phase, given, settings
from hypothesis import strategies as st

import flytetask_nb as ftn
from flytetask_nb.diffs import RULES, TaskDiff, diff
from flytetask_nb.diffs.flattening import flatten
from tests.diffs.strategies import interfaces, neighbours, pods
from tests.generated import task_specs
from tests.real_tasks import serialized_tasks

if TYPE_CHECKING:
    from pathlib import Path

# Whole tasks shrink slowly; a failure names the paths that matter.
PHASES = (Phase.explicit, Phase.reuse, Phase.generate)
PAIRS = st.one_of(neighbours(), interfaces(), pods())


def everything(found: TaskDiff) -> list[Any]:
    return [*found.changes, *found.accepted, *found.noise]


@pytest.fixture(scope="module")
def real_neighbours(corpus: Path) -> list[tuple[Any, Any]]:
    """Versions of one name, release after release."""
    versions: dict[str, list[tuple[str, Any]]] = {}
    for place, data in serialized_tasks(corpus).items():
        spec = task_pb2.TaskSpec.FromString(data)
        versions.setdefault(spec.template.id.name, []).append((place, spec))
    return [
        (old, new) for found in versions.values() for (_, old), (_, new) in pairwise(sorted(found, key=lambda v: v[0]))
    ]


def direct(found: TaskDiff) -> list[Any]:
    """Give what changed, without what only follows from it."""
    return [change for change in everything(found) if not change.is_consequence]


def assert_mirror(old: Any, new: Any) -> None:
    there, back = direct(diff(old, new)), direct(diff(new, old))
    assert Counter((one.old_path, one.path, repr(one.old), repr(one.new)) for one in there) == Counter(
        (one.path, one.old_path, repr(one.new), repr(one.old)) for one in back
    )
    rules: dict[tuple[str, str], set[str]] = {}
    for change in back:
        rules.setdefault((change.old_path, change.path), set()).add(change.rule)
    for change in there:
        assert rules[change.path, change.old_path] & set(RULES[change.rule].mirrors), change


def covers(path: str, places: set[str]) -> bool:
    """Whether a change stands above the path or below it; of lists without names the whole list counts."""
    stem = re.split(r"\[\d", path, maxsplit=1)[0]
    if stem.startswith("interface."):
        # The JSON schema of a dataclass repeats its fields, which are told by themselves.
        stem = stem.split(".metadata", 1)[0]
    return any(_is_under(stem, place) or _is_under(place, stem) for place in places)


def _is_under(path: str, place: str) -> bool:
    return path == place or path.startswith((f"{place}.", f"{place}["))


def changed_paths(old: Any, new: Any) -> set[str]:
    before, after = flatten(old), flatten(new)
    return {
        path for path in {*before, *after} if path not in before or path not in after or before[path] != after[path]
    }


def assert_covered(old: Any, new: Any) -> None:
    places = {place for change in everything(diff(old, new)) for place in (change.path, change.old_path)}
    missed = {path for path in changed_paths(old, new) if not covers(path, places)}
    assert missed == set()


@settings(max_examples=60, suppress_health_check=list(HealthCheck), phases=PHASES)
@given(task_specs())
def test_a_task_does_not_differ_from_itself(task: Any) -> None:
    found = diff(task, task_pb2.TaskSpec.FromString(task.SerializeToString()))
    assert everything(found) == []
    assert not found
    assert found.severity is None


@settings(max_examples=100, suppress_health_check=list(HealthCheck), phases=PHASES)
@given(neighbours())
def test_nothing_is_told_where_nothing_differs_in_normal_form(pair: tuple[Any, Any]) -> None:
    if not changed_paths(*pair):
        assert everything(diff(*pair)) == []


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


@settings(max_examples=150, suppress_health_check=list(HealthCheck), phases=PHASES)
@given(PAIRS)
def test_whatever_differs_is_told(pair: tuple[Any, Any]) -> None:
    assert_covered(*pair)


def test_whatever_differs_is_told_for_real_tasks(real_neighbours: list[tuple[Any, Any]]) -> None:
    for old, new in real_neighbours:
        assert_covered(old, new)


@settings(max_examples=150, suppress_health_check=list(HealthCheck), phases=PHASES)
@given(PAIRS)
def test_the_other_direction_is_the_mirror(pair: tuple[Any, Any]) -> None:
    assert_mirror(*pair)


def test_the_other_direction_is_the_mirror_for_real_tasks(real_neighbours: list[tuple[Any, Any]]) -> None:
    for old, new in real_neighbours:
        assert_mirror(old, new)
