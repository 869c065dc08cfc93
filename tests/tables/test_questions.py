"""Copies of tasks, caches that outlive their image, and old SDKs."""

from __future__ import annotations

from datetime import datetime, timezone
from typing import TYPE_CHECKING, Any

import pytest
from flyteidl.admin import task_pb2
from hypothesis import given
from hypothesis import strategies as st

import flytetask_nb as ftn
from flytetask_nb.models.origins import Origin
from flytetask_nb.semantics.caching import cache_key
from flytetask_nb.semantics.digests import nameless_digest, structure_digest
from flytetask_nb.tables import duplicates, runtime_before, stale_caches
from tests.generated import task_specs
from tests.many_tasks import many_tasks
from tests.real_tasks import serialized_tasks
from tests.sources import building

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

    import pandas as pd

QUESTIONS: list[Callable[[Any], pd.DataFrame]] = [duplicates, stale_caches, lambda tasks: runtime_before(tasks, "2")]
BROKEN = b"\x0a\x01"


def made(name: str = "shop.train", version: str = "v1", **changes: Any) -> Any:
    """Return a TaskSpec that is cached, with parts changed."""
    spec = building.spec(name, version)
    spec.template.container.image = changes.get("image", "shop:1")
    spec.template.container.args[:] = changes.get("args", [])
    spec.template.metadata.discoverable = changes.get("cached", True)
    spec.template.metadata.discovery_version = changes.get("cache_version", "1")
    spec.template.metadata.runtime.flavor = changes.get("runtime", "python")
    spec.template.metadata.runtime.version = changes.get("sdk", "1.16.0")
    return spec


def rows(frame: pd.DataFrame, *columns: str) -> list[tuple[Any, ...]]:
    chosen = frame[list(columns)].astype(object)
    return list(chosen.where(chosen.notna(), None).itertuples(index=False, name=None))


# -- copies ----------------------------------------------------------------------------------------------------------


def test_copies_are_tasks_that_differ_in_their_ids_alone() -> None:
    """Copies stand together; another version of the same task is no copy of it."""
    tasks = [
        made("a"),
        made("b", image="shop:2"),
        made("c"),
        made("b", "v2"),
        made("d", image="shop:2"),
        made("e", args=["x"]),
    ]
    found = duplicates(tasks)
    assert rows(found, "task", "name", "version") == [
        (0, "a", "v1"),
        (2, "c", "v1"),
        (3, "b", "v2"),
        (1, "b", "v1"),
        (4, "d", "v1"),
    ]
    assert list(found["digest"]) == [nameless_digest(tasks[position]).hex() for position in found["task"]]


def test_versions_of_one_task_are_no_copies_of_each_other() -> None:
    """A task that was released again unchanged has one name."""
    assert duplicates([made(version="v1"), made(version="v2")]).empty


def test_copies_are_those_that_digests_of_all_tasks_show(data: Path) -> None:
    """The cheap comparison before the digests passes over no copy."""
    tasks = list(many_tasks(400))
    for number, content in enumerate(serialized_tasks(data / "corpus").values()):
        copy = task_pb2.TaskSpec.FromString(content)
        copy.template.id.name = f"copy_{number}"
        tasks += [content, copy.SerializeToString()]
    specs = [task_pb2.TaskSpec.FromString(content) for content in tasks]
    names: dict[bytes, set[str]] = {}
    for spec in specs:
        names.setdefault(nameless_digest(spec), set()).add(spec.template.id.name)
    expected = [position for position, spec in enumerate(specs) if len(names[nameless_digest(spec)]) > 1]
    assert expected == sorted(duplicates(tasks)["task"])
    assert expected


@given(task_specs(), st.sampled_from(["project", "domain", "name", "version"]), st.text(max_size=5))
def test_digest_without_a_name_says_what_the_whole_digest_says(spec: Any, part: str, value: str) -> None:
    """The id does not count, and of tasks with one id it tells apart what Flyte's own digest tells apart."""
    other = task_pb2.TaskSpec()
    other.CopyFrom(spec)
    setattr(other.template.id, part, value)
    try:
        assert nameless_digest(other) == nameless_digest(spec)
    except ftn.FlyteTaskError as error:
        with pytest.raises(type(error)):
            structure_digest(spec)
        return
    other.CopyFrom(spec)
    other.template.type += "x"
    assert nameless_digest(other) != nameless_digest(spec)


def test_what_cannot_be_hashed_is_told() -> None:
    """A task that cannot be compared has a row that says why."""
    tasks = [made("a"), made("b")]
    for task in tasks:
        task.template.metadata.timeout.nanos = 10**9
    found = duplicates(tasks)
    assert rows(found, "task", "digest") == [(0, None), (1, None)]
    assert found["error"].str.startswith(("task 'a': ", "task 'b': ")).all()


# -- caches ----------------------------------------------------------------------------------------------------------


def test_a_cache_is_stale_where_its_key_has_outlived_an_image() -> None:
    """The row says since when results are kept, which image computed the first, and how many there were."""
    tasks = [
        made(version="v10", image="shop:3"),
        made(version="v2", image="shop:2"),
        made(version="v1", image="shop:1", cache_version="0"),
        made(version="v9", image="shop:2"),
    ]
    columns = ("task", "version", "cache_version", "since", "image_then", "image", "images")
    assert rows(stale_caches(tasks), *columns) == [(0, "v10", "1", "v2", "shop:2", "shop:3", 2)]


@pytest.mark.parametrize(
    "newest",
    [
        made(version="v2"),
        made(version="v2", image="shop:2", cached=False),
        made(version="v2", image="shop:2", cache_version="2"),
        made("shop.other", "v2", image="shop:2"),
    ],
    ids=["same image", "not cached", "new cache version", "another task"],
)
def test_a_cache_is_not_stale(newest: Any) -> None:
    """Without a new image, without a cache, under a new key, or by another task's doing."""
    assert stale_caches([made(version="v1"), newest]).empty


def test_a_new_interface_makes_a_new_key() -> None:
    """Results of the old interface are not found again, so the cache version may stay."""
    changed = made(version="v2", image="shop:2")
    changed.template.interface.inputs.variables["added"].type.simple = 1
    assert cache_key(changed) != cache_key(made())
    assert stale_caches([made(version="v1"), changed]).empty


def test_results_of_a_version_before_the_last_are_found_again() -> None:
    """Who goes back to an old cache version goes back to its results."""
    tasks = [
        made(version="v1", image="shop:1"),
        made(version="v2", image="shop:2", cache_version="2"),
        made(version="v3", image="shop:3"),
    ]
    assert rows(stale_caches(tasks), "since", "image_then", "images") == [("v1", "shop:1", 2)]


def test_newest_is_told_by_time_where_all_versions_have_one() -> None:
    """As in a collection: else by version."""
    times = [datetime(2026, month, 1, tzinfo=timezone.utc) for month in (2, 1)]
    pairs = [
        (made(version=version, image=version).SerializeToString(), Origin(created_at=time))
        for version, time in zip(("v1", "v2"), times, strict=True)
    ]
    assert rows(stale_caches(pairs), "task", "version", "since") == [(0, "v1", "v2")]
    half = [pairs[0], (pairs[1][0], Origin())]
    assert rows(stale_caches(half), "task", "version", "since") == [(1, "v2", "v1")]


def test_newest_is_told_by_an_order_that_is_given() -> None:
    """Where versions are hashes, nothing else tells it but how they were loaded."""
    tasks = ftn.TaskCollection([made(version="e3b0c44", image="shop:2"), made(version="1234567", image="shop:1")])
    assert rows(stale_caches(tasks), "task", "version", "since") == [(1, "1234567", "e3b0c44")]
    ordered = tasks.ordered(["1234567", "e3b0c44"])
    assert rows(stale_caches(ordered), "task", "version", "since") == [(0, "e3b0c44", "1234567")]


def test_newest_is_that_of_the_collection(data: Path) -> None:
    """Both put versions in the same order."""
    tasks = ftn.TaskCollection([*serialized_tasks(data / "corpus").values(), *many_tasks(300)])
    newest = {(task.id.project, task.id.domain, task.name): task.id.version for task in tasks.latest()}
    found = tasks.stale_caches()
    assert not found.empty
    assert rows(found, "version") == [(newest[key],) for key in rows(found.fillna(""), "project", "domain", "name")]


def test_code_that_came_without_a_new_image_counts() -> None:
    """Fast registration leaves the image as it is."""
    tasks = [
        made(version=version, args=["pyflyte-fast-execute", "--additional-distribution", f"s3://code/{version}.tgz"])
        for version in ("v1", "v2")
    ]
    assert rows(stale_caches(tasks), "since", "images", "code_bundles") == [("v1", 1, 2)]


def test_a_cache_without_a_version_is_told() -> None:
    """Flyte refuses to run such a task, and it has no key."""
    found = stale_caches([made(cache_version="")])
    assert rows(found, "task", "cache_version") == [(0, None)]
    assert "cache version '' is blank" in found.loc[0, "error"]


# -- SDKs ------------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("sdk", "bound", "expected"),
    [
        ("1.9.0", "1.16", True),
        ("1.16.0", "1.16", False),
        ("1.16", "1.16.0", False),
        ("1.16.0b5", "1.16", True),
        ("1.16.0b5", "1.16.0b10", True),
        ("1.16.0rc1", "1.16.0b10", False),
        ("1.16.1.dev3+gabc", "1.16.1", True),
        ("1.16.1+local", "1.16.1", False),
        ("1.16.1.post1", "1.16.1", False),
        ("v0.32.6", "1", True),
        ("2", "1.99", False),
        ("0.0.0+develop", "0.1", True),
    ],
)
def test_versions_are_compared_as_versions(sdk: str, bound: str, *, expected: bool) -> None:
    """By numbers, not by letters; what comes before a release is older than it."""
    assert len(runtime_before([made(sdk=sdk)], bound)) == expected


def test_other_sdks_are_passed_over() -> None:
    """Versions of two SDKs say nothing about each other."""
    tasks = [made(sdk="0.4.58", runtime="java"), made(sdk="1.2")]
    assert rows(runtime_before(tasks, "1.16"), "task", "runtime_version") == [(1, "1.2")]
    assert rows(runtime_before(tasks, "1.16", runtime="java"), "task", "runtime_version") == [(0, "0.4.58")]


@pytest.mark.parametrize("sdk", ["", "develop", "9" * 5000, "1." + "9" * 30])
def test_a_version_that_cannot_be_compared_is_told(sdk: str) -> None:
    """Nobody knows whether it is old."""
    found = runtime_before([made(sdk=sdk)], "1.16")
    assert found["error"].str.endswith("cannot be compared with 1.16").all()
    assert len(found) == 1


@pytest.mark.parametrize(("bound", "error"), [("new", ftn.errors.ModelValueError), (1.16, ftn.errors.ModelTypeError)])
def test_a_bound_is_a_version(bound: Any, error: type[Exception]) -> None:
    """A number is none: 1.10 would be 1.1."""
    with pytest.raises(error, match=r"1\.16"):
        runtime_before([], bound)


# -- all of them -----------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("question", QUESTIONS)
def test_what_is_no_task_is_told_and_hides_nothing(question: Callable[[Any], pd.DataFrame]) -> None:
    """Each has a row with the reason; the others are judged as if it were not there."""
    tasks = [made("a", "v1", image="1"), made("a", "v2", image="2"), made("b", "v2", image="2")]
    good, found = question(tasks), question([*tasks, BROKEN, 3])
    assert rows(found[found["error"].notna()], "task") == [(3,), (4,)]
    assert rows(good, *good.columns) == rows(found[found["error"].isna()], *good.columns)
    assert not good.empty


@pytest.mark.parametrize("question", QUESTIONS)
def test_nothing_asked_gives_an_empty_table_of_the_same_kind(question: Callable[[Any], pd.DataFrame]) -> None:
    """Columns and dtypes do not depend on what is found."""
    some = question([made("a", "v1", image="1"), made("a", "v2", image="2"), made("b", "v2", image="2")])
    assert list(question([]).dtypes.items()) == list(some.dtypes.items())


@pytest.mark.parametrize("question", QUESTIONS)
def test_iterators_will_do(question: Callable[[Any], pd.DataFrame]) -> None:
    """Tasks are looked at once."""
    tasks = [made("a", "v1", image="1"), made("a", "v2", image="2"), made("b", "v2", image="2")]
    assert question(tasks).equals(question(iter(tasks)))


def test_a_collection_can_be_asked(data: Path) -> None:
    """It gives the same tables."""
    tasks = ftn.TaskCollection(serialized_tasks(data / "corpus").values())
    assert tasks.duplicates().equals(duplicates(tasks))
    assert tasks.stale_caches().equals(stale_caches(tasks))
    assert tasks.runtime_before("1.17").equals(runtime_before(tasks, "1.17"))
    assert not tasks.runtime_before("1.17").empty
