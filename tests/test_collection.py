"""A collection of tasks: a sequence, by name and version, in bytes."""

from __future__ import annotations

import copy
import pickle
import subprocess
import sys
import tracemalloc
from datetime import datetime, timezone
from pathlib import Path
from typing import Any

import pandas as pd
import pytest
from flyteidl.admin import task_pb2
from flyteidl.core import types_pb2
from hypothesis import given
from hypothesis import strategies as st

import flytetask_nb as ftn
from flytetask_nb import tables
from flytetask_nb.collection import Failure, TaskCollection
from flytetask_nb.models.origins import Origin
from tests.conftest import flytekit_module
from tests.generated import task_specs
from tests.real_tasks import serialized_tasks
from tests.sources import building


def task(
    name: str, version: str = "", *, source: str | None = None, day: int | None = None, project: str = ""
) -> ftn.FlyteTask:
    created = None if day is None else datetime(2026, 1, day, tzinfo=timezone.utc)
    spec = building.spec(name, version)
    spec.template.id.project = project
    return ftn.FlyteTask.from_bytes(spec.SerializeToString(), Origin(source=source, created_at=created))


def versions(tasks: ftn.TaskCollection) -> list[str]:
    return [one.id.version for one in tasks]


FAILURE = Failure("r.tgz", "0_bad_1.pb", "damaged")
TASKS = ftn.TaskCollection(
    [task("a", "v9"), task("a", "v10"), task("b", "v1"), task("a", "v2")], failures=[FAILURE], skipped={"workflows": 2}
)


# -- what it is made from ------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    "made",
    [
        lambda spec: spec,
        lambda spec: spec.template,
        lambda spec: spec.SerializeToString(),
        lambda spec: bytearray(spec.SerializeToString()),
        ftn.FlyteTask.from_flyte_idl,
        ftn.models.TaskSpec.from_flyte_idl,
        lambda spec: building.of_kind("Task", spec.template),
    ],
    ids="TaskSpec TaskTemplate bytes bytearray FlyteTask model Task".split(),
)
def test_anything_that_is_a_task_can_stand_in_it(made: Any) -> None:
    """Messages, models and bytes are taken as the tasks that they are."""
    spec = building.spec("a", "v1")
    assert [one.to_flyte_idl() for one in ftn.TaskCollection([made(spec)])] == [spec]


def test_flytekits_tasks_can_stand_in_it() -> None:
    """What flytekit compiled or fetched is taken."""
    models = flytekit_module("flytekit.models.task")
    spec = building.spec("a", "v1")
    assert ftn.TaskCollection([models.TaskSpec.from_flyte_idl(spec)]).names == ["a"]


@pytest.mark.parametrize(
    ("tasks", "expected"),
    [
        (
            "release.tgz",
            r"tasks is the path 'release\.tgz'; expected tasks: load them first, ftn\.load\('release\.tgz'\)",
        ),
        (building.data(), "tasks is of type bytes; expected tasks"),
        (3, "tasks is of type int; expected tasks"),
        ([3], r"tasks\[0\] is 3 of type int; expected a task"),
    ],
)
def test_other_things_are_refused(tasks: Any, expected: str) -> None:
    """What is no task is told when the collection is made, not when it is looked at."""
    with pytest.raises(ftn.errors.ModelTypeError, match=expected):
        ftn.TaskCollection(tasks)


def test_bytes_that_are_no_task_are_refused() -> None:
    """Bytes are parsed once before they are kept."""
    with pytest.raises(ftn.errors.ModelValueError, match=r"are no serialized flyteidl\.admin\.TaskSpec"):
        ftn.TaskCollection([b"\xff"])


@given(st.lists(task_specs(), max_size=4))
def test_every_task_comes_out_as_it_went_in(specs: list[Any]) -> None:
    """Whatever tasks go in come out, in order."""
    # As bytes: a message with NaN in it is not equal to itself.
    expected = [spec.SerializeToString(deterministic=True) for spec in specs]
    assert expected == [one.serialize_to_string() for one in ftn.TaskCollection(specs)]


# -- a sequence ----------------------------------------------------------------------------------------------------


@given(st.integers(-5, 5) | st.slices(4))
def test_it_is_indexed_like_a_list(index: int | slice) -> None:
    """Positions and slices mean what they mean in a list; a slice is a collection."""
    plain = list(TASKS)
    try:
        expected = plain[index]
    except IndexError:
        with pytest.raises(IndexError, match=f"position {index} is outside this collection of 4 tasks"):
            TASKS[index]
        return
    found = TASKS[index]
    assert expected == (list(found) if isinstance(found, TaskCollection) else found)


def test_other_places_are_told() -> None:
    """What is neither position, slice nor name is told."""
    with pytest.raises(
        ftn.errors.ModelTypeError, match=r"a collection has no place 1\.5, of type float; expected a position"
    ):
        TASKS[1.5]  # type: ignore[call-overload]


def test_it_is_a_sequence() -> None:
    """Length, truth, reversal, counting and searching work as for any sequence."""
    last = task("a", "v2")
    assert (len(TASKS), bool(TASKS), bool(ftn.TaskCollection())) == (4, True, False)
    assert versions(ftn.TaskCollection(reversed(TASKS))) == ["v2", "v1", "v10", "v9"]
    assert (TASKS.index(last), TASKS.count(last)) == (3, 1)


def test_names_and_tasks_are_in_it() -> None:
    """``in`` takes a name or a task; anything else is not in it."""
    assert ["a" in TASKS, task("a", "v10") in TASKS, "c" in TASKS, task("a", "v3") in TASKS, 3 in TASKS] == [
        True,
        True,
        False,
        False,
        False,
    ]


def test_collections_add_up() -> None:
    """Tasks follow each other, failures too, and counts are summed."""
    more = ftn.TaskCollection([task("c")], failures=[FAILURE], skipped={"workflows": 1, "launch plans": 3})
    both = TASKS + more
    assert [one.name for one in both] == ["a", "a", "b", "a", "c"]
    assert (both.failures, both.skipped) == ((FAILURE, FAILURE), {"workflows": 3, "launch plans": 3})
    with pytest.raises(TypeError):
        TASKS + [task("c")]  # type: ignore[operator]  # noqa: RUF005


def test_what_is_left_out_of_a_part() -> None:
    """Failures stay with what is about the whole, and go from what is about single tasks."""
    kept = [TASKS.filter(bool), TASKS.latest(), TASKS + ftn.TaskCollection()]
    assert [part.failures for part in kept] == [(FAILURE,)] * 3
    assert [part.skipped for part in kept] == [{"workflows": 2}] * 3
    assert [part.failures for part in (TASKS[:], TASKS.versions("a"))] == [(), ()]


def test_filter_keeps_the_order() -> None:
    """A predicate sees each task; the chosen ones stay in order."""
    assert versions(TASKS.filter(lambda one: one.name == "a")) == ["v9", "v10", "v2"]


@pytest.mark.parametrize(
    "filters",
    [
        [ftn.col("name") == "a", lambda task: task.id.version != "v10"],
        [[ftn.col("name") == "a", ftn.col("version").notin(["v10"])]],
        [(ftn.col("name") == "a") & (ftn.col("version") != "v10")],
        [{"name": "a", "version": ["v9", "v2"]}],
    ],
    ids=["each", "list", "joined", "mapping"],
)
def test_filters_are_joined(filters: list[Any]) -> None:
    """Conditions, functions and mappings may be given in any form that a listing takes."""
    assert versions(TASKS.filter(*filters)) == ["v9", "v2"]
    assert versions(TASKS.filter(None, name="a", version=("v9", "v2"))) == ["v9", "v2"]


def test_what_is_no_filter_is_told() -> None:
    """Also of an empty collection."""
    with pytest.raises(ftn.errors.ModelTypeError, match="'name' is no filter; expected e"):
        ftn.TaskCollection().filter("name")
    with pytest.raises(ftn.errors.ModelValueError, match="tasks cannot be filtered by 'nmae'; there are project, "):
        ftn.TaskCollection().filter(nmae="a")


def test_equality_is_by_content() -> None:
    """Two collections are equal if their tasks are, wherever these come from."""
    again = ftn.TaskCollection([task(one.name, one.id.version, source="elsewhere") for one in TASKS])
    assert (again == TASKS, again[1:] == TASKS, list(TASKS) == TASKS) == (True, False, False)
    with pytest.raises(TypeError, match="unhashable"):
        hash(TASKS)


def test_equality_looks_through_the_order_of_bytes() -> None:
    """Bytes that another writer put in another order are the same task."""
    spec = building.spec("a", "v1")
    spec.description.short_description = "x"
    backwards = (
        task_pb2.TaskSpec(description=spec.description).SerializeToString()
        + task_pb2.TaskSpec(template=spec.template).SerializeToString()
    )
    assert ftn.TaskCollection([backwards]) == ftn.TaskCollection([spec])


def test_it_cannot_be_changed() -> None:
    """Failures and counts are read-only, and what is given out is a copy."""
    for name in ("failures", "skipped"):
        with pytest.raises(AttributeError):
            setattr(TASKS, name, ())
    TASKS.skipped.clear()
    TASKS.column("name").clear()
    assert (TASKS.skipped, TASKS.column("name")) == ({"workflows": 2}, ["a", "a", "b", "a"])
    with pytest.raises(TypeError):
        TASKS[0] = task("x")  # type: ignore[index]


@pytest.mark.parametrize("copied", [copy.copy, copy.deepcopy, lambda one: pickle.loads(pickle.dumps(one))])  # noqa: S301
def test_it_can_be_stored(copied: Any) -> None:
    """Copies and pickles keep tasks, sources, times, failures and counts."""
    tasks = ftn.TaskCollection([task("a", source="s", day=3), task("b")], failures=[FAILURE], skipped={"workflows": 1})
    again = copied(tasks)
    assert (again, again.failures, again.skipped) == (tasks, (FAILURE,), {"workflows": 1})
    assert [(one.source, one.created_at) for one in again] == [(one.source, one.created_at) for one in tasks]


# -- by name and version -------------------------------------------------------------------------------------------


def test_a_name_is_its_newest_task() -> None:
    """By version in natural order: v10 is newer than v9."""
    assert (TASKS["a"].id.version, TASKS["b"].id.version) == ("v10", "v1")


def test_versions_are_oldest_first() -> None:
    """All versions of a name, the newest last."""
    assert versions(TASKS.versions("a")) == ["v2", "v9", "v10"]


def test_time_goes_before_version() -> None:
    """Where all of them say when they were registered, that is the order."""
    tasks = ftn.TaskCollection([task("a", "v1", day=3), task("a", "v3", day=1), task("a", "v2", day=2)])
    assert versions(tasks.versions("a")) == ["v3", "v2", "v1"]


def test_time_counts_only_where_all_have_it() -> None:
    """One task without a time, and the version decides: an order of two kinds would be no order."""
    tasks = ftn.TaskCollection([task("a", "v1", day=3), task("a", "v3", day=1), task("a", "v2")])
    assert versions(tasks.versions("a")) == ["v1", "v2", "v3"]


def test_what_tells_no_order_stays_as_it_was_loaded() -> None:
    """Hashes have none, nor has what is not registered: the last that came is the newest."""
    for texts in (("e3b0c442", "1234567", "a1b2c3d"), ("", "", "")):
        sources = ["r10.tgz", "r9.tgz", None]
        tasks = ftn.TaskCollection(task("a", text, source=source) for text, source in zip(texts, sources, strict=True))
        assert [one.source for one in tasks.versions("a")] == sources
        assert (tasks["a"].source, tasks.order) == (None, "loading")


def test_candidates_come_before_their_release() -> None:
    tasks = ftn.TaskCollection([task("a", "1.0.0"), task("a", "1.0.0rc1"), task("a", "1.0.0.dev3")])
    assert versions(tasks.versions("a")) == ["1.0.0.dev3", "1.0.0rc1", "1.0.0"]
    assert (tasks["a"].id.version, tasks.latest()[0].id.version) == ("1.0.0", "1.0.0")


# -- an order that is given ------------------------------------------------------------------------------------------

SHAS = ("e3b0c442", "1234567", "a1b2c3d")


def test_an_order_that_is_given_tells_the_newest() -> None:
    """It stays with the tasks, whatever becomes of the collection; their sequence stays as it was."""
    plain = ftn.TaskCollection(task("a", sha) for sha in SHAS)
    for order in (["1234567", "a1b2c3d", "e3b0c442", "feedbee"], lambda one: {"e3b0c442": 3}.get(one.id.version, 1)):
        tasks = plain.ordered(order)
        assert tasks == plain
        assert [versions(tasks), versions(tasks.versions("a"))] == [list(SHAS), ["1234567", "a1b2c3d", "e3b0c442"]]
        parts = [tasks, tasks.versions("a"), tasks[::-1], tasks.filter(bool), tasks + ftn.TaskCollection()]
        parts += [pickle.loads(pickle.dumps(tasks)), ftn.TaskCollection(list(tasks))]  # noqa: S301
        for part in parts:
            assert (part["a"].id.version, part.order, part.latest()[0].id.version) == ("e3b0c442", "given", "e3b0c442")
        assert ftn.history(list(tasks)).versions[-1] == ftn.history(tasks).versions[-1] == "e3b0c442"
        (entry,) = ftn.plan([task("a", "new0", project="")], tasks)
        assert entry.remote_version == "e3b0c442"


def test_an_order_goes_before_times() -> None:
    tasks = ftn.TaskCollection([task("a", "x", day=1), task("a", "y", day=2)])
    assert (tasks.order, tasks["a"].id.version) == ("created_at", "y")
    assert (tasks.ordered(["y", "x"]).order, tasks.ordered(["y", "x"])["a"].id.version) == ("given", "x")


def test_two_orders_together_say_nothing_of_each_other() -> None:
    """Those of one list are one order; two functions order each collection by itself."""
    one, other = (ftn.TaskCollection(task("a", sha) for sha in shas) for shas in (SHAS[:2], SHAS[2:]))
    order = ["a1b2c3d", "1234567", "e3b0c442"]
    both = one.ordered(order) + other.ordered(order)
    assert (both.order, versions(both.versions("a"))) == ("given", order)
    both = one.ordered(order) + other.ordered(["a1b2c3d"])
    assert (both.order, versions(both.versions("a"))) == ("loading", list(SHAS))
    both = one.ordered(lambda _: 0) + other.ordered(lambda _: 0)
    assert both.order == "loading"


@pytest.mark.parametrize(
    ("order", "kind", "told"),
    [
        ("v1", ftn.errors.ModelTypeError, r"order is 'v1', of type str; expected a list of versions, the oldest first"),
        (3, ftn.errors.ModelTypeError, "order is 3, of type int; expected a list of versions"),
        (["v1", 2], ftn.errors.ModelTypeError, r"order\[1\] is 2, of type int; expected a version"),
        (["v1", "v2", "v1"], ftn.errors.ModelValueError, "order names 'v1' twice"),
        (
            ["v9", "v10", "v2"],
            ftn.errors.ModelValueError,
            "order does not name 'v1'; give every version that is loaded",
        ),
        ([], ftn.errors.ModelValueError, "order does not name 'v9', 'v10', 'v1', 'v2'"),
        (lambda one: one.docs, ftn.errors.ModelTypeError, "what the function given as order returns does not compare"),
    ],
)
def test_what_is_no_order_is_told(order: Any, kind: type[Exception], told: str) -> None:
    with pytest.raises(kind, match=told):
        TASKS.ordered(order)


def test_load_takes_an_order(tmp_path: Path) -> None:
    """Also where a snapshot is not read yet; what has no version is called by its file."""
    pytest.importorskip("pyarrow")
    for place, name in enumerate(("new", "old", "mid")):
        (tmp_path / f"{name}.tgz").write_bytes(building.tar(building.entry(f"{place}_a_1.pb", building.data("a"))))
    tasks = ftn.load(tmp_path, order=["old", "mid", "new"])
    assert [Path(str(one.source)).name for one in tasks.versions("a")] == [
        "old.tgz!1_a_1.pb",
        "mid.tgz!2_a_1.pb",
        "new.tgz!0_a_1.pb",
    ]
    for place in ("tasks.parquet", "folder"):
        tasks.save(tmp_path / place)
        again = ftn.load(tmp_path / place)
        assert (again.order, again["a"].source) == ("given", tasks["a"].source)
    plain = ftn.load(tmp_path / "tasks.parquet", order=["mid", "new", "old"])
    assert [part.read_count for part in plain.serialized()[0]._parts] == [0]  # type: ignore[attr-defined]
    assert "old.tgz" in str(plain["a"].source)
    with pytest.raises(ftn.errors.ModelValueError, match="order does not name 'mid'"):
        ftn.load(tmp_path / "tasks.parquet", order=["new", "old"])


def test_the_least_sure_order_is_told_for_a_whole_collection() -> None:
    """Of names with several versions; the display says it once."""
    one = [task("a", "v1"), task("a", "v2"), task("c", "x")]
    two = [task("b", "e3b0c442"), task("b", "1234567")]
    assert [ftn.TaskCollection(some).order for some in (one, one + two, [], one[:1], two[:1])] == [
        "version",
        "loading",
        "loading",
        "version",
        "loading",
    ]
    assert ftn.TaskCollection(one + two).orders() == {"version": 1, "loading": 1}
    assert ftn.TaskCollection(one).to_text().splitlines()[0] == "3 tasks  2 names, 3 versions, ordered by version"
    told = "by load order: nothing tells which is older"
    assert ftn.TaskCollection(two).to_text().splitlines()[0] == f"2 tasks  1 name, 2 versions, {told}"
    assert "ordered by version, 1 name by load order" in ftn.TaskCollection(one + two).to_text()
    assert "order" not in ftn.TaskCollection(one[:1]).to_text()


# -- places ----------------------------------------------------------------------------------------------------------


def placed(name: str, version: str, place: str) -> ftn.FlyteTask:
    project, _, domain = place.partition("/")
    return task(name, version).replace(project=project, domain=domain)


MERGED = ftn.TaskCollection(
    [
        placed("a", "v1", "shop/development"),
        placed("a", "v3", "shop/production"),
        placed("a", "v2", "shop/development"),
        placed("b", "v1", "shop/development"),
        placed("c/d/e", "v1", "shop/production"),
        placed("e", "v7", "c/d"),
    ]
)


def test_a_name_in_two_places_is_none() -> None:
    """It is told what it could be; the names that the collection lists are all found."""
    told = r"'a' is the name of tasks in 2 places; give one of 'shop/development/a', 'shop/production/a'"
    for ask in (MERGED.__getitem__, MERGED.versions, lambda name: MERGED[name, "v1"]):
        with pytest.raises(ftn.errors.TaskNotFoundError, match=told):
            ask("a")
    assert MERGED.names == ["b", "c/d/e", "e", "shop/development/a", "shop/production/a"]
    assert MERGED._ipython_key_completions_() == MERGED.names
    assert [MERGED[name].id.version for name in MERGED.names] == ["v1", "v1", "v7", "v2", "v3"]
    assert [name in MERGED for name in ("a", *MERGED.names, "shop/staging/a", "nope")] == [True] * 6 + [False] * 2
    assert [MERGED.name_of(one) for one in MERGED[2:4]] == ["shop/development/a", "b"]
    assert MERGED.version_counts()["shop/development/a"] == 2
    assert repr(MERGED) == "TaskCollection(6 tasks, 5 names, 4 versions)"


def test_a_name_can_be_told_with_its_place() -> None:
    """Everywhere; a name that holds slashes is meant before a place is."""
    assert versions(MERGED.versions("shop/development/a")) == ["v1", "v2"]
    assert MERGED["shop/development/b"].name == "b"
    assert MERGED["c/d/e"].name == "c/d/e"
    assert MERGED["shop/production/c/d/e"].name == "c/d/e"
    for name in ("shop/production/b", "shop/b", "/a", "shop/development/"):
        with pytest.raises(ftn.errors.TaskNotFoundError, match="no task is called"):
            MERGED[name]


def test_what_says_no_place_is_where_the_others_are() -> None:
    """Tasks of an archive beside those of a server are versions of one, unless there are two that they could be."""
    local = [task("a", "v4"), placed("a", "v5", "{{ registration.project }}/{{ registration.domain }}")]
    tasks = ftn.TaskCollection([placed("a", "v3", "shop/production"), *local])
    for name in ("a", "shop/production/a"):
        assert versions(tasks.versions(name)) == ["v3", "v4", "v5"]
    assert tasks.names == ["a"]
    both = MERGED + ftn.TaskCollection(local)
    assert [name for name in both.names if name.endswith("a")] == ["//a", "shop/development/a", "shop/production/a"]
    assert versions(both.versions("//a")) == ["v4", "v5"]


def test_a_version_of_a_name_is_found() -> None:
    """A version that is there twice is its last; one that is not is told with those that are."""
    tasks = TASKS + ftn.TaskCollection([task("a", "v9", source="again")])
    assert tasks["a", "v9"].source == "again"
    assert MERGED["shop/development/a", "v1"].id.version == "v1"
    with pytest.raises(
        ftn.errors.TaskNotFoundError, match=r"'a' has no version 'v3' here; the newest are 'v2', 'v9', 'v10'"
    ):
        TASKS["a", "v3"]
    for odd in (("a",), ("a", 3), ("a", "v1", "x"), (0, "v1")):
        with pytest.raises(ftn.errors.ModelTypeError, match="expected a name and a version, both texts"):
            TASKS[odd]  # type: ignore[index]


def test_placeholders_are_no_versions() -> None:
    tasks = ftn.TaskCollection([task("a", "{{ registration.version }}"), task("b", "{{ registration.version }}")])
    assert repr(tasks) == "TaskCollection(2 tasks, 2 names)"
    assert "not registered yet" in tasks.to_text()


def test_latest_tells_projects_apart() -> None:
    """The newest of each project, domain and name, in the order in which the tasks first appear."""
    tasks = ftn.TaskCollection(
        [task("a", "v1", project="x"), task("b", "v1"), task("a", "v1", project="y"), task("a", "v2", project="x")]
    )
    assert [(one.id.project, one.name, one.id.version) for one in tasks.latest()] == [
        ("x", "a", "v2"),
        ("", "b", "v1"),
        ("y", "a", "v1"),
    ]


def test_names_are_in_natural_order() -> None:
    """Each name once, numbers in them counted."""
    tasks = ftn.TaskCollection([task("t10"), task("t9"), task("t10", "v2")])
    assert (tasks.names, tasks._ipython_key_completions_()) == (["t9", "t10"], ["t9", "t10"])


@pytest.mark.parametrize(
    ("names", "wanted", "expected"),
    [
        (["shop.train", "shop.test"], "shop.trian", "no task is called 'shop.trian'; did you mean 'shop.train'"),
        (["shop.models.train"], "TRAIN", "no task is called 'TRAIN'; did you mean 'shop.models.train'?"),
        (["x", "y"], "shop.train", "no task is called 'shop.train'; there are 'x', 'y'"),
        ([], "shop.train", "no task is called 'shop.train': this collection is empty"),
    ],
)
def test_missing_names_are_told_with_close_ones(names: list[str], wanted: str, expected: str) -> None:
    """A name that is not there is answered with what may have been meant, as a KeyError."""
    tasks = ftn.TaskCollection(map(task, names))
    for ask in (tasks.__getitem__, tasks.versions):
        with pytest.raises(ftn.errors.TaskNotFoundError) as caught:
            ask(wanted)
        assert str(caught.value).startswith(expected)
        assert isinstance(caught.value, KeyError)


def test_columns_are_texts() -> None:
    """Parts of the identity are read without building tasks; other columns are told."""
    assert TASKS.column("version") == ["v9", "v10", "v1", "v2"]
    assert TASKS.column("type") == ["python-task"] * 4
    with pytest.raises(
        ftn.errors.ModelValueError, match="there is no column 'image'; there are project, domain, name, version"
    ):
        TASKS.column("image")


# -- shown ---------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("tasks", "expected"),
    [
        (TASKS, "TaskCollection(4 tasks, 2 names, 4 versions, 1 failure)"),
        (ftn.TaskCollection([task("a", "v1")]), "TaskCollection(1 task, 1 name, 1 version)"),
        (ftn.TaskCollection([task("a")]), "TaskCollection(1 task, 1 name)"),
        (ftn.TaskCollection(), "TaskCollection(0 tasks, 0 names)"),
    ],
)
def test_repr_counts(tasks: ftn.TaskCollection, expected: str) -> None:
    """The repr says how many tasks, names, versions and failures there are."""
    assert repr(tasks) == expected


def test_it_shows_itself_the_same_each_time() -> None:
    """HTML, text and Markdown name the tasks, and do not change from one time to the next."""
    for shown in (TASKS.to_html, TASKS.to_text, TASKS.to_markdown):
        assert shown() == shown()
        assert "v10" in shown()


# -- cost ----------------------------------------------------------------------------------------------------------


def test_a_task_costs_little_more_than_its_bytes(corpus: Path) -> None:
    """Ten thousand tasks, with their names, take a few hundred bytes each on top of their own."""
    real = list(serialized_tasks(corpus).values())
    content = building.tar(
        *(building.entry(f"{number}_shop.some.task_1.pb", real[number % len(real)]) for number in range(10_000))
    )
    ftn.load(real[0])
    tracemalloc.start()
    try:
        before = tracemalloc.get_traced_memory()[0]
        # A bar would bring its modules along.
        with ftn.set_options(progress=False):
            tasks = ftn.load(content)
        held = tracemalloc.get_traced_memory()[0] - before
        assert tasks.names
        with_names = tracemalloc.get_traced_memory()[0] - before
    finally:
        tracemalloc.stop()
    own = sum(map(len, tasks.serialized()[0]))
    assert (held - own) / len(tasks) < 250
    assert (with_names - own) / len(tasks) < 350


def test_nothing_is_built_to_count() -> None:
    """Length, names and repr need no task to be built."""
    code = """
import flytetask_nb as ftn
from flytetask_nb.collection import TaskCollection
tasks = TaskCollection([bytes.fromhex(%r)])
def refuse(*_): raise AssertionError("a task was built")
ftn.FlyteTask.from_bytes = refuse
print(len(tasks), tasks.names, repr(tasks), "shop.train" in tasks)
"""
    command = [sys.executable, "-c", code % building.data().hex()]
    finished = subprocess.run(command, capture_output=True, text=True, check=True)
    assert finished.stdout.strip() == "1 ['shop.train'] TaskCollection(1 task, 1 name) True"


# -- tables --------------------------------------------------------------------------------------------------------


def test_tables_are_those_of_the_tasks() -> None:
    """The methods give what the functions give for the tasks one by one, and ``task`` is a place in the collection."""
    tasks = list(TASKS)
    pd.testing.assert_frame_equal(TASKS.to_frame(), ftn.tabulate(tasks))
    pd.testing.assert_frame_equal(TASKS.to_frame(["name"]), ftn.tabulate(tasks, ["name"]))
    for name in ("interface_frame", "resources_frame", "env_frame"):
        pd.testing.assert_frame_equal(getattr(TASKS, name)(), getattr(tables, name)(tasks))
    integer = types_pb2.LiteralType(simple=types_pb2.INTEGER)
    assert TASKS.producers_of(integer).empty
    assert [TASKS[place].id.version for place in TASKS.consumers_of(integer)["task"]] == versions(TASKS)
