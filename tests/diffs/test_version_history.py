"""The versions of one task in a row."""

from __future__ import annotations

import itertools
from datetime import datetime, timedelta, timezone
from hashlib import sha1
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pandas as pd
import pytest
from flyteidl.admin import task_pb2
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

import flytetask_nb as ftn
from flytetask_nb.diffs.flattening import flatten
from flytetask_nb.models.origins import Origin
from flytetask_nb.models.version_order import in_words
from flytetask_nb.semantics.hydration import hydrated_message
from tests.conftest import ROOT
from tests.diffs.strategies import plugins, pods
from tests.generated import pod_tasks, task_specs

if TYPE_CHECKING:
    from collections.abc import Sequence

TRAIN = "shops.training.train_global_model"
MOMENT = datetime(2026, 3, 1, tzinfo=timezone.utc)


@pytest.fixture(scope="module")
def releases() -> ftn.TaskCollection:
    """Every task of the example that ships, in eight versions."""
    return ftn.load(ROOT / "notebooks" / "example" / "archives", version=lambda path: Path(path).stem)


def task(version: str, memory: str = "1Gi", name: str = "shop.train", **env: str) -> task_pb2.TaskSpec:
    """Return a small task."""
    spec = task_pb2.TaskSpec()
    spec.template.id.name, spec.template.id.version = name, version
    spec.template.container.resources.requests.add(name=3, value=memory)
    for key, value in env.items():
        spec.template.container.env.add(key=key, value=value)
    return spec


def test_a_pod_that_flytectl_rewrote_changes_nowhere() -> None:
    """It drops empty parts and the pod's own word for its primary container, which the config says too."""
    containers = [
        {"name": "main", "image": "a:1", "tty": False, "resources": {"limits": {}, "requests": {"memory": "1024Mi"}}},
        {"name": "side", "volumeMounts": [], "workingDir": ""},
    ]
    by_pyflyte = task_pb2.TaskSpec()
    by_pyflyte.template.id.name = "shop.train"
    by_pyflyte.template.k8s_pod.pod_spec.update({"containers": containers, "nodeSelector": {}})
    by_pyflyte.template.k8s_pod.primary_container_name = "main"
    by_pyflyte.template.config["primary_container_name"] = "main"
    specs = [by_pyflyte, hydrated_message(by_pyflyte, project="p", domain="d", version="v1")]
    for number, spec in enumerate(specs):
        spec.template.id.project, spec.template.id.domain, spec.template.id.version = "p", "d", f"v{number}"
    assert specs[0].template.k8s_pod != specs[1].template.k8s_pod
    history = ftn.history(specs)
    assert history.changing == ("id.version",)
    assert not ftn.diff(*specs)


@settings(max_examples=100, suppress_health_check=list(HealthCheck))
@given(pair=st.one_of(plugins(), pods()))
def test_a_history_tells_what_a_diff_compares(pair: tuple[Any, Any]) -> None:
    """Settings by the type of the task, containers by what the config says of them, whatever part they stand in."""
    for number, spec in enumerate(pair):
        spec.template.id.name, spec.template.id.version = "shop.train", f"v{number}"
    history = ftn.history(pair)
    for position, version in enumerate(pair):
        kept = {path: history.value(path, position) for path in history.intervals}
        assert {path: value for path, value in kept.items() if value is not None} == flatten(version)


def dated(spec: task_pb2.TaskSpec, days: int) -> ftn.FlyteTask:
    """Return a task that was registered so many days after the first."""
    found = task_pb2.Task()
    found.closure.compiled_task.template.CopyFrom(spec.template)
    found.id.CopyFrom(spec.template.id)
    found.closure.created_at.FromDatetime((MOMENT + timedelta(days=days)).replace(tzinfo=None))
    return ftn.FlyteTask.from_flyte_idl(found)


@st.composite
def rows_of_versions(draw: st.DrawFn) -> list[Any]:
    """Return versions of one task, some of which repeat an earlier one."""
    kinds = draw(st.lists(st.one_of(task_specs(unknown=False), pod_tasks()), min_size=1, max_size=3))
    chosen = draw(st.lists(st.integers(0, len(kinds) - 1), min_size=1, max_size=6))
    versions = []
    for number, index in enumerate(chosen):
        spec = task_pb2.TaskSpec()
        spec.CopyFrom(kinds[index])
        spec.template.id.name, spec.template.id.version = "shop.train", f"v{number}"
        versions.append(spec)
    return versions


@given(versions=rows_of_versions())
def test_every_value_of_every_version_is_kept(versions: Sequence[Any]) -> None:
    """What the history says of a version is what the version says of itself."""
    history = ftn.history(versions)
    for position, version in enumerate(versions):
        kept = {path: history.value(path, position) for path in history.intervals}
        assert {path: value for path, value in kept.items() if value is not None} == flatten(version)


@given(versions=rows_of_versions())
def test_an_interval_ends_where_the_value_changes(versions: Sequence[Any]) -> None:
    history = ftn.history(versions)
    for intervals in history.intervals.values():
        assert not intervals[0].start
        assert [one.start for one in intervals] == sorted({one.start for one in intervals})
        assert all(one.value != next_one.value for one, next_one in itertools.pairwise(intervals))


@given(versions=rows_of_versions())
def test_blame_agrees_with_a_look_at_every_version(versions: Sequence[Any]) -> None:
    history = ftn.history(versions)
    flats = [flatten(version) for version in versions]
    blame = history.blame()
    assert len(blame) == len({path for flat in flats for path in flat})
    for path, row in zip(sorted(history.intervals), blame.itertuples(), strict=True):
        values = [flat.get(path) for flat in flats]
        last = max((at for at in range(1, len(values)) if values[at] != values[at - 1]), default=0)
        assert row.introduced == f"v{values.index(values[-1])}"
        assert row.last_changed == f"v{last}"
        assert row.reverted == (values.index(values[-1]) != last)
        assert row.changes == sum(old != new for old, new in itertools.pairwise(values))


@given(versions=rows_of_versions())
def test_versions_are_collapsed_exactly_where_nothing_but_the_version_changed(versions: Sequence[Any]) -> None:
    history = ftn.history(versions)
    assert [position for run in history.runs for position in run] == list(range(len(versions)))
    starts = {run.start for run in history.runs}
    for position in range(1, len(versions)):
        bare = []
        for version in versions[position - 1 : position + 1]:
            spec = task_pb2.TaskSpec()
            spec.CopyFrom(version)
            spec.template.id.ClearField("version")
            spec.template.id.ClearField("project")
            spec.template.id.ClearField("domain")
            bare.append(spec.SerializeToString(deterministic=True))
        if bare[0] == bare[1]:
            assert position not in starts
        elif position not in starts:
            assert not ftn.diff(*versions[position - 1 : position + 1])


@given(versions=rows_of_versions())
def test_a_column_of_the_matrix_is_its_version(versions: Sequence[Any]) -> None:
    """A cell is empty exactly where the version has nothing, and equal values read the same."""
    history = ftn.history(versions)
    matrix = history.matrix()
    flats = [flatten(version) for version in versions]
    everything = {path for flat in flats for path in flat}
    assert history.changing == tuple(sorted(path for path in everything if len({flat.get(path) for flat in flats}) > 1))
    for row, path in enumerate(history.changing):
        texts: dict[Any, str] = {}
        for column, flat in enumerate(flats):
            text = matrix.iloc[row, column]
            assert pd.isna(text) == (path not in flat)
            if path in flat:
                assert texts.setdefault(flat[path], text) == text


@given(versions=rows_of_versions(), data=st.data())
def test_any_two_versions_compare_as_by_themselves(versions: Sequence[Any], data: st.DataObject) -> None:
    places = st.integers(0, len(versions) - 1)
    old, new = data.draw(places), data.draw(places)
    history = ftn.history(versions)
    expected = ftn.diff(versions[old], versions[new]).to_dict()
    assert history.diff(old, new).to_dict() == expected
    assert history.diff(f"v{old}", f"v{new}").to_dict() == expected


@given(versions=rows_of_versions(), data=st.data())
def test_a_version_in_which_nothing_changed_changes_nothing(versions: Sequence[Any], data: st.DataObject) -> None:
    """A copy under another version joins the run of its neighbour; nobody else is blamed for anything else."""
    place = data.draw(st.integers(0, len(versions) - 1))
    copy = task_pb2.TaskSpec()
    copy.CopyFrom(versions[place])
    copy.template.id.version = "c"
    alone = ftn.history(versions)
    together = ftn.history([*versions[: place + 1], copy, *versions[place + 1 :]])
    assert len(together.runs) == len(alone.runs)
    assert [step.to_dict()["counts"] for _, step in together.steps] == [
        step.to_dict()["counts"] for _, step in alone.steps
    ]
    frames = [history.blame().set_index("field").drop("id.version") for history in (alone, together)]
    pd.testing.assert_frame_equal(frames[0], frames[1])


@given(st.permutations(range(5)))
def test_the_order_of_dated_versions_is_not_that_in_which_they_are_given(order: list[int]) -> None:
    versions = [dated(task(f"v{days}"), days) for days in order]
    assert ftn.history(versions).versions == ("v0", "v1", "v2", "v3", "v4")


@pytest.mark.parametrize(
    ("versions", "expected", "order"),
    [
        (["v10", "v9"], ["v9", "v10"], "version"),
        (["1.0.0", "1.0.0rc1"], ["1.0.0rc1", "1.0.0"], "version"),
        (["e3b0c44", "1234567", "a1b2c3d"], ["e3b0c44", "1234567", "a1b2c3d"], "loading"),
        (["1.1.0", "1.0.0", "abc1234"], ["1.1.0", "1.0.0", "abc1234"], "loading"),
    ],
)
def test_a_history_says_what_its_order_rests_on(versions: list[str], expected: list[str], order: str) -> None:
    history = ftn.history([task(version) for version in versions])
    assert (list(history.versions), history.order, history[-1:].order) == (expected, order, order)
    assert in_words(order) in history.to_text().splitlines()[0]
    assert in_words(order) not in history[-1:].to_text()


def test_hashes_are_in_order_where_it_is_given(releases: ftn.TaskCollection) -> None:
    """The newest and the steps of the example are right with hashes for versions, in whatever way the order is told."""
    folder = ROOT / "notebooks" / "example" / "archives"
    paths = sorted(map(str, folder.glob("*.tgz")))

    def hashed(path: str) -> str:
        return sha1(Path(path).stem.encode(), usedforsecurity=False).hexdigest()

    expected = [step.severity for _, step in ftn.history(releases.versions(TRAIN)).steps]
    plain = ftn.load(folder, version=hashed)
    ordered = ftn.load(folder, version=hashed, order=map(hashed, paths))
    shuffled = ftn.TaskCollection(sorted(plain, key=lambda one: one.id.version))
    times = {hashed(path): MOMENT + timedelta(days=day) for day, path in enumerate(paths)}
    fetched = ftn.TaskCollection(
        ftn.FlyteTask.from_bytes(one.serialize_to_string(), Origin(created_at=times[one.id.version]))
        for one in shuffled
    )
    for tasks, order in (
        (plain, "loading"),
        (ordered, "given"),
        (shuffled.ordered(list(map(hashed, paths))), "given"),
        (shuffled.ordered(lambda one: times[one.id.version]), "given"),
        (fetched, "created_at"),
    ):
        history = ftn.history(tasks.versions(TRAIN))
        assert (tasks[TRAIN].id.version, history.versions[-1]) == (hashed(paths[-1]), hashed(paths[-1]))
        assert (tasks.versions(TRAIN).order, history.order) == (order, order)
        assert [step.severity for _, step in history.steps] == expected
        assert tasks.latest()[0].id.version == hashed(paths[-1])


def test_versions_of_two_places_are_told_apart() -> None:
    """By the place of the versions that both have, and in the head of the display."""
    tasks = [task(version) for version in ("v1", "v2", "v1")]
    for one, domain in zip(tasks, ("development", "development", "production"), strict=True):
        one.template.id.project, one.template.id.domain = "shop", domain
    history = ftn.history(tasks)
    assert history.versions == ("v1 · shop/development", "v1 · shop/production", "v2")
    assert history.places == ("shop/development", "shop/production")
    assert "of shop/development, shop/production" in history.to_text()
    tasks[2].template.id.ClearField("domain")
    history = ftn.history(tasks)
    assert (history.versions, history.places) == (("v1", "v1 (2)", "v2"), ("shop/development",))


def test_one_version_from_two_sources_is_one() -> None:
    """Registration filled in the place of its code in one of them, and the other has a description."""
    packaged, registered = task("v1"), task("v1")
    for one, place in ((packaged, "{{ .remote_package_path }}"), (registered, "s3://b/x.tgz")):
        one.template.container.args.extend(["pyflyte-fast-execute", "--additional-distribution", place, "--", "x"])
    packaged.description.short_description = "trains"
    assert [step.severity for _, step in ftn.history([packaged, registered]).steps] == ["cosmetic"]
    registered.template.type = "other"
    with pytest.raises(ftn.errors.DiffError, match="different tasks of the same version 'v1'"):
        ftn.history([packaged, registered])


def test_placeholders_are_no_version_in_a_history() -> None:
    """Two packages that nobody registered yet are two versions, whatever stands in for their version."""
    old, new = task("{{ registration.version }}"), task("{{ registration.version }}", "2Gi")
    assert [change.rule for change in ftn.diff(old, new).changes] == ["request-raised"]
    assert ftn.history([old, new]).versions == ("(no version)", "(no version) (2)")


def test_what_is_unknown_in_between_changes_nothing() -> None:
    """Neither when it is unknown nor when it is known again; what changed meanwhile counts from where it is known."""
    path = "description.short_description"

    def described(*texts: str | None) -> ftn.TaskHistory:
        versions: list[Any] = []
        for number, text in enumerate(texts):
            spec = task(f"v{number}")
            if text is not None:
                spec.description.short_description = text
            versions.append(dated(spec, number) if text is None else spec)
        return ftn.history(versions)

    texts = ("a", "a", None, "a", None, "b")
    history = described(*texts)
    assert [history.value(path, number) for number in range(6)] == list(texts)
    assert [(one.start, one.value) for one in history.intervals[path]] == [(0, "a"), (5, "b")]
    assert history.matrix().loc[path].tolist() == ["a", "a", "(unknown)", "a", "(unknown)", "b"]
    assert [len(run) for run in history.runs] == [5, 1]
    history = described(None, "a", "", None)
    assert [(one.start, one.value) for one in history.intervals[path]] == [(1, "a"), (2, None)]
    assert history.matrix().loc[path].fillna("-").tolist() == ["(unknown)", "a", "-", "(unknown)"]
    blame = described(None, "a", None).blame().set_index("field").loc[path]
    assert blame.tolist() == ["(unknown)", "v1", "v1", False, 0]


def test_a_diff_is_that_of_the_two_versions(releases: ftn.TaskCollection) -> None:
    versions = releases.versions(TRAIN)
    history = ftn.history(versions)
    assert history.diff("2026.04", "2026.09").to_dict() == ftn.diff(versions[1], versions[6]).to_dict()
    assert history.diff(0, -1).to_dict() == ftn.diff(versions[0], versions[-1]).to_dict()


def test_blame_tells_who_raised_the_memory() -> None:
    history = ftn.history([task("v1"), task("v2", "2Gi"), task("v3", "2048Mi"), task("v4", "1Gi")])
    blame = history.blame().set_index("field").loc["container.requests.memory"]
    assert (blame["value"], blame["introduced"], blame["last_changed"]) == ("1Gi", "v1", "v4")
    assert blame["reverted"]
    assert blame["changes"] == 2
    raised = ftn.history([task("v1"), task("v2", "2Gi"), task("v3", "2048Mi")]).blame().set_index("field")
    assert raised.loc["container.requests.memory", "introduced"] == "v2"


def test_what_is_gone_has_no_value() -> None:
    blame = ftn.history([task("v1", WORD="a"), task("v2")]).blame().set_index("field")
    assert pd.isna(blame.loc["container.env.WORD", "value"])
    assert blame.loc["container.env.WORD", "last_changed"] == "v2"


def test_the_matrix_holds_what_changed_and_nothing_else() -> None:
    history = ftn.history([task("v1"), task("v2", "2Gi"), task("v3", "2Gi", WORD="a")])
    matrix = history.matrix()
    assert list(matrix.columns) == ["v1", "v2", "v3"]
    assert list(matrix.index) == ["container.env.WORD", "container.requests.memory", "id.version"]
    assert list(matrix.loc["container.requests.memory"]) == ["1Gi", "2Gi", "2Gi"]
    assert matrix.loc["container.env.WORD"].isna().tolist() == [True, True, False]


def test_the_timeline_has_a_row_a_step(releases: ftn.TaskCollection) -> None:
    timeline = ftn.history(releases.versions(TRAIN)).timeline()
    assert list(timeline["new"]) == releases.versions(TRAIN).column("version")[1:]
    step = timeline.set_index("new").loc["2026.08"]
    assert (step["severity"], step["breaking"], step["cache"]) == ("breaking", 1, "invalidated")
    assert "warmup_steps" in step["headline"]


def test_times_order_the_versions_where_all_have_them() -> None:
    versions = [dated(task("b"), 2), dated(task("c"), 1), dated(task("a"), 3)]
    assert ftn.history(versions).versions == ("c", "b", "a")
    assert ftn.history([*versions, task("d")]).versions == ("b", "c", "a", "d")


def test_a_map_task_is_followed_across_its_hash(releases: ftn.TaskCollection) -> None:
    versions = [one for one in releases if "map_backtest_shop_" in one.name]
    history = ftn.history(versions)
    assert history.is_map_task
    assert len(history) == 8


def test_labels_tell_versions_of_one_name_apart() -> None:
    """What is there twice keeps its label the first time, and no number takes the name of another version."""
    assert ftn.history([task("v1"), task("v1"), task("v2")]).versions == ("v1", "v1 (2)", "v2")
    history = ftn.history([task("v1"), task("v1"), task("v1 (2)"), task("v1")])
    assert history.versions == ("v1", "v1 (3)", "v1 (2)", "v1 (4)")
    unnamed = ftn.history([task(""), task("{{ registration.version }}", "2Gi")])
    assert unnamed.versions == ("(no version)", "(no version) (2)")


@given(st.lists(st.sampled_from(("", "v", "v (2)", "v (2) (2)", "v (3)")), min_size=1, max_size=12))
def test_no_two_labels_are_the_same(versions: list[str]) -> None:
    labels = ftn.history([task(version) for version in versions]).versions
    assert len(set(labels)) == len(versions)
    assert {version for version in versions if version} <= set(labels)


def test_one_version_cannot_be_two_tasks() -> None:
    """Which it is must be said by who asks; where only the documentation differs, nothing is to be said."""
    with pytest.raises(ftn.errors.DiffError, match=r"different tasks of the same version 'v1' of 'shop.train'"):
        ftn.history([task("v1"), task("v2"), task("v1", "2Gi")])
    documented = task("v1")
    documented.description.short_description = "Trains."
    assert len(ftn.history([task("v1"), documented])) == 2
    elsewhere = task("v1", "2Gi")
    elsewhere.template.id.domain = "production"
    assert ftn.history([task("v1"), elsewhere]).versions == ("v1", "v1 (2)")


def test_a_part_of_a_history_is_one() -> None:
    history = ftn.history([task("v1"), task("v2", "2Gi"), task("v3")])
    part = history[-2:]
    assert part.versions == ("v2", "v3")
    assert part.diff("v2", "v3").to_dict() == history.diff("v2", "v3").to_dict()
    assert part.to_text() == ftn.history(list(history)[1:]).to_text()
    with pytest.raises(ftn.errors.TaskNotFoundError, match="holds none of the 3 versions"):
        history[3:]


@pytest.mark.parametrize("place", [1.5, None, slice("v1", None), slice(None, None, 0)])
def test_what_is_no_place_is_refused(place: Any) -> None:
    with pytest.raises(ftn.errors.ModelTypeError, match="a history has no"):
        ftn.history([task("v1"), task("v2")])[place]


def test_secrets_are_masked_in_every_frame() -> None:
    history = ftn.history([task(f"v{number}", DB_PASSWORD=f"hunter{number}") for number in (1, 2)])
    for frame in (history.blame(), history.matrix(), history.timeline()):
        assert "hunter" not in frame.to_string()
    assert "hunter" not in history.to_html() + history.to_text() + history.to_markdown()
    with ftn.set_options(reveal_secrets=True):
        assert "hunter1" in history.matrix().to_string()
        assert "hunter2" in history.blame().to_string()
        assert "hunter2" in history.to_text()


@pytest.mark.parametrize(
    ("tasks", "told"),
    [
        ([], "no tasks"),
        ([task("v1"), task("v1", name="shop.other")], "'shop.other', 'shop.train'"),
        (ftn.FlyteTask.from_flyte_idl(task("v1")), "single FlyteTask"),
    ],
)
def test_what_is_no_row_of_versions_is_refused(tasks: Any, told: str) -> None:
    with pytest.raises(ftn.errors.DiffError, match=told):
        ftn.history(tasks)


@pytest.mark.parametrize("version", ["v9", 7, -3])
def test_an_unknown_version_is_named(version: str | int) -> None:
    with pytest.raises(ftn.errors.TaskNotFoundError, match=str(version)):
        ftn.history([task("v1"), task("v2")])[version]


def test_a_single_version_has_a_history() -> None:
    history = ftn.history([task("v1")])
    assert (len(history), len(history.timeline()), len(history.matrix())) == (1, 0, 0)
    assert history.to_text().startswith("shop.train  1 version")
