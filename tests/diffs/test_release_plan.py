"""What registration would do, against what a server did, by laws, and on real releases."""

from __future__ import annotations

import json
from collections import Counter
from datetime import datetime, timezone
from itertools import pairwise, permutations
from typing import TYPE_CHECKING, Any

import pytest
from flyteidl.admin import task_pb2
from google.protobuf.json_format import ParseDict
from hypothesis import given
from hypothesis import strategies as st

import flytetask_nb as ftn
from flytetask_nb.collection import Failure
from flytetask_nb.diffs.plan_entries import PlanEntry
from flytetask_nb.diffs.release_plan import STATUSES
from flytetask_nb.models import FlyteTask
from flytetask_nb.semantics.digests import structure_digest, unplaced_digest
from flytetask_nb.semantics.hydration import hydrated_message
from tests.conftest import DATA, ROOT
from tests.generated import task_specs
from tests.real_tasks import serialized_tasks

if TYPE_CHECKING:
    from collections.abc import Iterable
    from pathlib import Path

ARCHIVES = ROOT / "notebooks" / "example" / "archives"
PLACE = {"project": "forecast", "domain": "production"}


def release(name: str, version: str | None = None) -> ftn.TaskCollection:
    return ftn.load(str(ARCHIVES / f"{name}.tgz"), version=version or name, **PLACE)


def spec(name: str = "app.train", *, project: str = "p", domain: str = "d", version: str = "v1", **parts: Any) -> Any:
    message = task_pb2.TaskSpec()
    for part, value in (("project", project), ("domain", domain), ("name", name), ("version", version)):
        setattr(message.template.id, part, value)
    message.template.type = "python-task"
    ParseDict({"container": {"image": "app:1"}, **parts}, message.template)
    return message


def statuses(plan: ftn.Plan) -> list[tuple[str, str]]:
    return [(entry.status, entry.name) for entry in plan]


def keys(tasks: Iterable[Any]) -> list[tuple[str, str, str]]:
    found = (FlyteTask.from_flyte_idl(task).id for task in tasks)
    return [(one.project, one.domain, one.name) for one in found]


# -- against a server ------------------------------------------------------------------------------------------------


# A version more of the same structure is accepted too.
STATUSES_BY_CODE = {
    "OK": {"new", "changed", "identical"},
    "ALREADY_EXISTS": {"identical"},
    "INVALID_ARGUMENT": {"conflict"},
}


def assert_agrees_with_server(path: Path) -> None:
    """Plan each request against what is registered so far."""
    registered: list[FlyteTask] = []
    compared = Counter[str]()
    for case in map(json.loads, path.read_text(encoding="utf-8").splitlines()):
        if case["call"] != "CreateTask":
            continue
        request = ParseDict(case["request"], task_pb2.TaskCreateRequest(), ignore_unknown_fields=True)
        sent = request.spec
        sent.template.id.CopyFrom(request.id)
        is_refused_for_other_reasons = case["status"] not in {"OK", "ALREADY_EXISTS"} and (
            "different structure" not in case["message"]
        )
        if is_refused_for_other_reasons:
            continue
        (entry,) = (one for one in ftn.plan([sent], registered) if one.status != "missing")
        assert entry.answer == case["status"], case["note"]
        assert entry.status in STATUSES_BY_CODE[case["status"]], case["note"]
        if entry.refusal:
            assert case["message"].startswith(entry.refusal)
        compared[entry.status] += 1
        if case["status"] == "OK":
            registered.append(FlyteTask.from_flyte_idl(sent))
    assert compared["new"]
    assert compared["conflict"]


def test_a_recorded_server_answers_as_planned(transcripts: Path) -> None:
    assert_agrees_with_server(transcripts / "register.jsonl")


def test_the_shipped_sample_of_a_server_answers_as_planned() -> None:
    assert_agrees_with_server(DATA / "transcripts" / "register.jsonl")


def test_pods_that_flytectl_registered_differ_by_the_tool_alone(vectors: Path, corpus: Path) -> None:
    """What pyflyte sends of a real task conflicts with what flytectl sent exactly if the server's digests say so."""
    tasks = serialized_tasks(corpus)
    found = Counter[tuple[str, str]]()
    for case in map(json.loads, (vectors / "digest-server.jsonl").read_text(encoding="utf-8").splitlines()):
        packaged = task_pb2.TaskSpec.FromString(tasks[f"{case['archive']}!{case['entry']}"])
        where = {part: case[part] for part in ("project", "domain", "version")}
        by_pyflyte = hydrated_message(packaged, **where, source_uploaded_location=None)
        by_flytectl = hydrated_message(packaged, **where)
        assert structure_digest(by_flytectl).hex() == case["digest"]
        (entry,) = ftn.plan([by_pyflyte], [by_flytectl])
        is_same = structure_digest(by_pyflyte).hex() == case["digest"]
        assert entry.status == ("identical" if is_same else "conflict"), case
        if not is_same:
            assert entry.tool_differences, entry
            assert "the task itself is the same" in entry.headline
            found[case["target"], entry.tool_differences[0]] += 1
    assert {target for target, _ in found} == {"k8s_pod"}
    assert {words for _, words in found} == {"the pod's spec, which flytectl rewrites"}


# -- laws ------------------------------------------------------------------------------------------------------------

SOME_TASKS = st.lists(task_specs(), max_size=4)


@given(SOME_TASKS)
def test_tasks_planned_against_themselves_are_identical(tasks: list[Any]) -> None:
    plan = ftn.plan(tasks, tasks)
    assert len(plan.identical) == len(plan) == len(tasks)
    assert not plan
    assert plan.severity is None


@given(SOME_TASKS)
def test_planned_against_nothing_each_id_is_new(tasks: list[Any]) -> None:
    """Once, unless it says no version, with which several structures can stand side by side."""
    plan = ftn.plan(tasks, [])
    assert len(plan) == len(tasks)
    new = {id(entry.local) for entry in plan.new}
    assert all(entry.is_repeated and id(entry.remote) in new for entry in plan if entry.status != "new")
    ids = [(key, FlyteTask.from_flyte_idl(task).id.version) for key, task in zip(keys(tasks), tasks, strict=True)]
    of_new = [((entry.project, entry.domain, entry.name), entry.local_version) for entry in plan.new]
    assert len({*ids}) <= len(of_new)
    versioned = [each for each in of_new if each[1]]
    assert len(versioned) == len({*versioned})
    assert bool(plan) == bool(tasks)


@given(SOME_TASKS)
def test_nothing_planned_against_tasks_misses_each_name(tasks: list[Any]) -> None:
    plan = ftn.plan([], tasks)
    assert len(plan.missing) == len(plan) == len(set(keys(tasks)))
    assert not plan


@given(SOME_TASKS, SOME_TASKS, st.randoms(use_true_random=False))
def test_every_task_appears_once(here: list[Any], there: list[Any], chance: Any) -> None:
    """Each local task has one entry; of what is there, each name is compared with something or missing."""
    here = here + [task for task in there if chance.random() < 0.5]
    for task in (*here, *there):
        task.template.id.project, task.template.id.domain = "p", "d"
    plan = ftn.plan(here, there)
    mine = [entry.local for entry in plan if entry.local is not None]
    assert Counter(task.serialize_to_string() for task in mine) == Counter(
        FlyteTask.from_flyte_idl(task).serialize_to_string() for task in here
    )
    gone = [entry.remote.name for entry in plan.missing if entry.remote is not None]
    renamed = {entry.remote.name for entry in plan if entry.renamed_from and entry.remote is not None}
    assert len(gone) == len(set(gone))
    assert {*gone, *renamed} == {task.template.id.name for task in there} - {task.template.id.name for task in here}
    assert sum(map(len, (plan.new, plan.identical, plan.changed, plan.conflicts, plan.missing))) == len(plan)


@given(task_specs(), task_specs())
def test_digests_without_place_tell_the_same_as_digests(one: Any, other: Any) -> None:
    """Of two tasks with one place and version."""
    other.template.id.CopyFrom(one.template.id)
    try:
        expected = structure_digest(one) == structure_digest(other)
    except ftn.errors.ModelValueError:
        return
    assert (unplaced_digest(one) == unplaced_digest(other)) == expected


# -- single facts ----------------------------------------------------------------------------------------------------


def test_only_the_version_is_left_out() -> None:
    """The same structure under another version is identical; a tag more is not."""
    (same,) = ftn.plan([spec(version="v2")], [spec()])
    assert (same.status, same.local_version, same.remote_version) == ("identical", "v2", "v1")
    assert same.headline == "the same as version v1"
    (other,) = ftn.plan([spec(version="v2", metadata={"tags": {"team": "a"}})], [spec()])
    assert other.status == "changed"
    assert other.severity == "cosmetic"


def test_the_same_id_with_another_structure_is_refused() -> None:
    plan = ftn.plan([spec(container={"image": "app:1", "args": ["x"]})], [spec()])
    (entry,) = plan.conflicts
    assert entry.severity == plan.severity == "breaking"
    assert entry.headline.startswith("refused: another structure has version v1; container.args")
    assert entry.refusal == (
        "app.train task with different structure already exists. (Please register a new version of the task):"
    )
    assert plan
    assert plan.summary == "1 conflict"


def test_an_id_that_is_there_counts_before_the_newest_version() -> None:
    """Registered already, though a newer version differs."""
    there = [spec(version="v1"), spec(version="v2", container={"image": "other:1"})]
    (entry,) = ftn.plan([spec(version="v1")], there)
    assert (entry.status, entry.remote_version) == ("identical", "v1")
    assert entry.headline == "registered already as version v1"


@pytest.mark.parametrize(
    ("versions", "newest"),
    [
        ([("v9", None), ("v10", None), ("v2", None)], "v10"),
        ([("v9", 1), ("v10", 2), ("v2", 3)], "v2"),
        ([("v9", 1), ("v10", None), ("v2", 3)], "v10"),
    ],
)
def test_newest_is_by_time_else_by_version(versions: list[tuple[str, int | None]], newest: str) -> None:
    there = []
    for version, day in versions:
        message = task_pb2.Task()
        message.closure.compiled_task.template.CopyFrom(spec(version=version).template)
        if day is not None:
            message.closure.created_at.FromDatetime(datetime(2026, 1, day, tzinfo=timezone.utc))
        there.append(message)
    (entry,) = ftn.plan([spec(version="v99", type="other")], there)
    assert entry.remote_version == newest
    assert entry.versions == 3


def test_of_equal_versions_the_last_is_the_newest() -> None:
    there = [spec(version="", type="first"), spec(version="", type="second")]
    (entry,) = ftn.plan([spec(version="v2")], there)
    assert entry.remote is not None
    assert entry.remote.type == "second"


def test_every_local_version_is_planned() -> None:
    """As registration takes them all."""
    here = [spec(version="v1"), spec(version="v2", type="other"), spec(version="v3")]
    plan = ftn.plan(here, [spec(version="v1")])
    assert [(entry.status, entry.local_version) for entry in plan] == [
        ("changed", "v2"),
        ("identical", "v1"),
        ("identical", "v3"),
    ]


def test_an_id_that_stands_twice_here_is_told() -> None:
    """The first is registered, so another structure is refused and the same is there already."""
    plan = ftn.plan([spec(), spec(type="other"), spec()], [])
    assert plan.summary == "1 new, 1 identical, 1 conflict"
    refused, new, same = plan
    assert [entry.is_repeated for entry in (refused, new, same)] == [True, False, True]
    assert [entry.answer for entry in (refused, new, same)] == ["INVALID_ARGUMENT", "OK", "ALREADY_EXISTS"]
    assert refused.headline.startswith("refused: the id stands twice in what is to be registered")
    assert refused.diff is not None
    assert [change.path for change in refused.diff.changes if change.rule != "version-reused"] == ["type"]
    assert same.headline == "the same task stands here before it"


def test_of_an_id_that_stands_twice_the_one_that_is_there_is_taken() -> None:
    """Whatever stands before it, for that is refused."""
    for here in ([spec(type="other"), spec()], [spec(), spec(type="other")]):
        plan = ftn.plan(here, [spec()])
        assert plan.summary == "1 identical, 1 conflict"
        assert not any(entry.is_repeated for entry in plan)
    # What is the same as the newest version is still refused where another structure took its version before.
    plan = ftn.plan([spec(version="v2", type="other"), spec(version="v2")], [spec()])
    assert [entry.status for entry in plan] == ["conflict", "changed"]


def test_what_stands_twice_without_a_version_is_new_once() -> None:
    plan = ftn.plan([spec(version="")] * 3 + [spec(version="", type="other")], [])
    assert plan.summary == "2 new, 2 identical"


@pytest.mark.parametrize("unsaid", ["", "{{ registration.project }}"])
def test_a_project_that_is_not_said_is_that_of_the_other_side(unsaid: str) -> None:
    for here, there in (([spec(project=unsaid)], [spec()]), ([spec()], [spec(project=unsaid)])):
        (entry,) = ftn.plan(here, there)
        assert (entry.status, entry.project) == ("identical", "p")
    # Nothing is guessed.
    plan = ftn.plan([spec(project=unsaid)], [spec(), spec(project="q")])
    assert [entry.status for entry in plan] == ["new", "missing", "missing"]
    assert plan[0].headline == "no such task there; registration needs its project"


def test_a_version_that_is_not_said_is_never_refused() -> None:
    for version in ("", "{{ registration.version }}"):
        (entry,) = ftn.plan([spec(version=version, type="other")], [spec(version=version)])
        assert entry.status == "changed"


def test_other_projects_and_domains_are_other_tasks() -> None:
    plan = ftn.plan([spec()], [spec(domain="e"), spec(project="q")])
    assert Counter(entry.status for entry in plan) == {"new": 1, "missing": 2}


HASHES = ("0" * 32, "a" * 32, "b" * 32, "c" * 32)


def mapped(function: str, number: int, inputs: tuple[str, ...] = (), **more: Any) -> Any:
    variables = {name: {"type": {"simple": "INTEGER"}} for name in inputs}
    return spec(
        f"app.map_{function}_{HASHES[number]}-arraynode", interface={"inputs": {"variables": variables}}, **more
    )


def test_map_tasks_that_changed_their_hash_meet() -> None:
    plan = ftn.plan([mapped("f", 0, version="v2"), spec("app.x")], [mapped("f", 1), mapped("g", 2)])
    assert [entry.status for entry in plan] == ["changed", "new", "missing"]
    assert plan[0].renamed_from == f"app.map_f_{HASHES[1]}-arraynode"
    assert plan[0].headline.startswith("renamed, its hash was aaaaaaaa…: ")


def test_of_several_map_tasks_of_one_function_interfaces_tell_which_is_which() -> None:
    here = [mapped("f", 0, ("x",)), mapped("f", 1, ("x", "y"))]
    plan = ftn.plan(here, [mapped("f", 2, ("x", "y")), mapped("f", 3, ("x",))])
    assert [(entry.name, entry.renamed_from) for entry in plan] == [
        (f"app.map_f_{HASHES[0]}-arraynode", f"app.map_f_{HASHES[3]}-arraynode"),
        (f"app.map_f_{HASHES[1]}-arraynode", f"app.map_f_{HASHES[2]}-arraynode"),
    ]
    # Where interfaces do not tell, nothing is guessed.
    plan = ftn.plan([mapped("f", 0), mapped("f", 1)], [mapped("f", 2), mapped("f", 3)])
    assert Counter(entry.status for entry in plan) == {"new": 2, "missing": 2}


def pickled(name: str) -> dict[str, Any]:
    kind = {"blob": {"format": "PythonPickle"}, "metadata": {"python_class_name": name}}
    return {"interface": {"inputs": {"variables": {"x": {"type": {"collectionType": kind}}}}}}


@pytest.mark.parametrize(
    ("there", "here", "words"),
    [
        (
            {"metadata": {"runtime": {"version": "1.16.1"}}},
            {"metadata": {"runtime": {"version": "1.16.2"}}},
            "the version of flytekit",
        ),
        (
            {"container": {"image": "app:1", "env": [{"key": "FLYTE_INTERNAL_IMAGE", "value": "x"}]}},
            {},
            "environment variables that flytekit sets for itself",
        ),
        (
            {"container": {"image": "app:1", "resources": {"requests": [{"name": "CPU", "value": "500m"}]}}},
            {"container": {"image": "app:1", "resources": {"requests": [{"name": "CPU", "value": "0.5"}]}}},
            "the spelling of values that mean the same",
        ),
        ({"metadata": {"metadata": {}}}, {"metadata": {}}, "the spelling of values that mean the same"),
        (
            pickled("typing.Annotated[app.Video, <HashMethod object at 0x7f01>]"),
            pickled("typing.Annotated[app.Video, <HashMethod object at 0x7f02>]"),
            "the memory address that flytekit writes into the name of a pickled class",
        ),
    ],
)
def test_what_tools_fill_in_is_told(there: dict[str, Any], here: dict[str, Any], words: str) -> None:
    for old, new in ((there, here), (here, there)):
        (entry,) = ftn.plan([spec(**new)], [spec(**old)])
        assert entry.status == "conflict"
        assert entry.tool_differences == (words,)
        assert "the task itself is the same" in entry.headline


FAST = [
    "pyflyte-fast-execute",
    "--additional-distribution",
    "{bundle}",
    "--dest-dir",
    "{folder}",
    "--",
    "pyflyte-execute",
]


def fast(bundle: str, folder: str = "/root") -> dict[str, Any]:
    words = [word.format(bundle=bundle, folder=folder) if "{" in word else word for word in FAST]
    return {"container": {"image": "app:1", "args": [*words, "--inputs", "{{.input}}"]}}


BUNDLE = f"fast{'0' * 32}.tar.gz"


@pytest.mark.parametrize(
    ("there", "here", "words"),
    [
        (fast(f"s3://a/{BUNDLE}"), fast(f"s3://b/{BUNDLE}"), ("the place that the code was uploaded to",)),
        (
            fast("s3://a/HASH/script_mode.tar.gz"),
            fast("s3://b/HASH/script_mode.tar.gz"),
            ("the place that the code was uploaded to",),
        ),
        (
            fast("s3://a/ONE/script_mode.tar.gz"),
            fast("s3://a/TWO/script_mode.tar.gz"),
            ("the uploaded code bundle, whose content a task does not tell",),
        ),
        (fast(f"s3://a/{BUNDLE}"), fast(f"s3://a/{BUNDLE}", "."), ("the folder that the code is unpacked to",)),
        (
            fast(f"s3://a/{BUNDLE}"),
            fast("{{ .remote_package_path }}", "{{ .dest_dir }}"),
            ("placeholders that registration fills in",),
        ),
    ],
)
def test_fast_registration_is_told_from_changes(
    there: dict[str, Any], here: dict[str, Any], words: tuple[str, ...]
) -> None:
    (entry,) = ftn.plan([spec(**here)], [spec(**there)])
    assert entry.tool_differences == words
    # What may be other code is not said to be the same task, and its cached results may be stale.
    assert entry.is_same_task == ("the task itself is the same" in entry.headline) == ("bundle" not in words[0])


CACHED = {"discoverable": True, "discoveryVersion": "1"}
PODS = [
    {
        "k8sPod": {"podSpec": {"containers": [{"name": "a", **fields}], **more}},
        "config": {"primary_container_name": "a"},
    }
    for fields, more in (
        ({}, {}),
        ({"tty": False, "resources": {"limits": {}}, "volumeMounts": []}, {"nodeSelector": {}}),
        ({"resources": {"limits": {"memory": "1Gi"}}}, {}),
        ({"resources": {"limits": {"memory": "1024Mi"}}}, {}),
        ({"unknownToKubernetes": 1}, {"alsoUnknown": {}}),
        ({"securityContext": {}}, {}),
    )
]
HELD = [
    *PODS,
    fast(f"s3://a/{BUNDLE}"),
    fast(f"s3://b/{BUNDLE}"),
    fast(f"s3://b/{BUNDLE}", "."),
    fast("s3://a/ONE/script_mode.tar.gz"),
    {"container": {"image": "app:1", "env": [{"key": "FLYTE_INTERNAL_IMAGE", "value": "x"}]}},
    {"container": {"image": "app:1", "env": [{"key": "_F_SS_C", "value": "x"}]}},
    {"container": {"image": "app:1"}},
    {"container": {"image": "app:2"}},
]


@pytest.mark.parametrize(("there", "here"), [*permutations(HELD, 2)])
def test_no_row_says_that_a_task_is_the_same_and_its_cache_stale(there: dict[str, Any], here: dict[str, Any]) -> None:
    parts = [{"container": None, **one, "metadata": CACHED} for one in (here, there)]
    for version in ("v1", "v2"):
        plan = ftn.plan([spec(version=version, **parts[0])], [spec(**parts[1])])
        for row in plan.to_text().splitlines():
            assert not ("the task itself is the same" in row and "stale" in row)
        (entry,) = plan
        if "the task itself is the same" in entry.headline or "means the same" in entry.headline:
            assert entry.cache_word in {"unchanged", "not cached"}
        assert (entry.cache_word == "stale risk") <= bool(entry.cache and entry.cache.stale_risk)


@pytest.mark.parametrize(("there", "here"), [*permutations(PODS[:2], 2)])
def test_a_pod_with_empty_parts_is_the_same_task(there: dict[str, Any], here: dict[str, Any]) -> None:
    parts = [{"container": None, **one, "metadata": CACHED} for one in (here, there)]
    (entry,) = ftn.plan([spec(**parts[0])], [spec(**parts[1])])
    assert entry.is_same_task
    assert (entry.cache_word, entry.severity) == ("unchanged", "noise")


@pytest.mark.parametrize(
    "here",
    [
        {"container": {"image": "app:2"}},
        {"container": {"image": "app:1", "env": [{"key": "MODE", "value": "x"}]}},
        {"metadata": {"runtime": {"version": "2"}}, "container": {"image": "app:2"}},
        {"metadata": {"tags": {"a": "b"}}},
        pickled("app.Video"),
    ],
)
def test_what_a_person_changed_is_no_tools_doing(here: dict[str, Any]) -> None:
    (entry,) = ftn.plan(
        [spec(**here)], [spec(metadata={"runtime": {"version": "1"}}) if "metadata" in here else spec()]
    )
    assert entry.tool_differences == ()
    (entry,) = ftn.plan([spec(**pickled("app.Video at 0x1"))], [spec(**pickled("app.Audio at 0x2"))])
    assert entry.tool_differences == ()


def test_severities_and_accepted_reach_every_comparison() -> None:
    here, there = [spec(version="v2", container={"image": "other:1"})], [spec()]
    assert ftn.plan(here, there).severity == "behaviour"
    plan = ftn.plan(here, there, severities={"image-repository": "breaking"})
    assert plan.summary == "1 changed (breaking)"
    (change,) = [change for entry in plan for change in entry.diff.changes]
    plan = ftn.plan(here, there, accepted=[change.fingerprint])
    assert plan.summary == "1 changed (noise)"
    assert not plan
    assert plan[0].headline == "nothing but 1 accepted"


def test_both_sides_have_names() -> None:
    """New first, as it is sent; a connection stands for what it lists."""

    class Connection:
        def list_tasks(self) -> ftn.TaskCollection:
            return ftn.TaskCollection([spec()])

    plan = ftn.plan([spec(type="other")], [spec()])
    assert plan == ftn.plan(against=[spec()], tasks=[spec(type="other")])
    assert plan == ftn.plan([spec(type="other")], Connection())


def test_wrong_arguments_are_named() -> None:
    with pytest.raises(ftn.errors.ModelTypeError, match=r"tasks is the task 'app.train'; expected several"):
        ftn.plan(FlyteTask.from_flyte_idl(spec()), [])  # type: ignore[arg-type]
    with pytest.raises(ftn.errors.ModelTypeError, match=r"against is of type int; expected tasks"):
        ftn.plan([], 3)  # type: ignore[arg-type]
    with pytest.raises(ftn.errors.ModelTypeError, match=r"against\[1\] is 'no task', a text; expected a task"):
        ftn.plan([], [spec(), "no task"])
    with pytest.raises(ftn.errors.DiffError, match="no-such-rule"):
        ftn.plan([], [], severities={"no-such-rule": "cost"})
    with pytest.raises(ftn.errors.DiffError, match="one text"):
        ftn.plan([], [], accepted="abc")


def test_what_could_not_be_read_is_told() -> None:
    """A task that failed to load is not silently missing."""
    failures = [Failure("release.tgz", "0_x_1.pb", "is no TaskSpec")]
    plan = ftn.plan(ftn.TaskCollection([], failures=failures), [spec()])
    assert plan.summary == "1 missing, 1 unread"
    assert "is no TaskSpec" in plan.to_text()
    assert plan.to_dict()["failures"] == ["release.tgz!0_x_1.pb: is no TaskSpec"]


def test_tasks_are_not_changed_by_being_planned() -> None:
    here, there = spec(project="", type="other"), spec(version="v1")
    before = here.SerializeToString(), there.SerializeToString()
    ftn.plan([here], [there]).to_text()
    assert (here.SerializeToString(), there.SerializeToString()) == before


def test_a_task_that_admin_would_not_hash_is_planned_all_the_same() -> None:
    task = spec(version="v2")
    task.template.custom.fields["x"].SetInParent()
    (entry,) = ftn.plan([task], [spec()])
    assert entry.status == "changed"
    (entry,) = ftn.plan([task], [task])
    assert entry.status == "identical"


def test_an_entry_cannot_be_assigned_to() -> None:
    (entry,) = ftn.plan([spec()], [])
    with pytest.raises(AttributeError):
        entry.status = "identical"


# -- as data ---------------------------------------------------------------------------------------------------------


def test_a_row_for_each_task() -> None:
    frame = ftn.plan(
        [spec("a"), spec("b", version="v2", type="x"), spec("c")], [spec("b"), spec("c"), spec("d")]
    ).to_frame()
    assert list(frame.columns) == [
        *("status", "project", "domain", "name", "local_version", "remote_version", "severity", "cache", "headline"),
    ]
    assert frame["status"].tolist() == ["changed", "new", "missing", "identical"]
    assert frame["name"].tolist() == ["b", "a", "d", "c"]
    assert frame["severity"].isna().tolist() == [False, True, True, True]
    assert list(ftn.plan([], []).to_frame().columns) == list(frame.columns)


def test_json_values() -> None:
    plan = ftn.plan(release("2026.08"), release("2026.07"))
    found = json.loads(json.dumps(plan.to_dict()))
    assert found["schema"] == 1
    assert found["summary"] == plan.summary
    assert found["counts"] == {"new": 1, "changed": 24, "identical": 3, "conflict": 0, "missing": 0}
    assert [entry["status"] for entry in found["entries"]] == [entry.status for entry in plan]
    assert found["entries"][0]["diff"] == plan[0].diff.to_dict()


def test_secrets_stay_masked() -> None:
    env = [{"key": "DB_PASSWORD", "value": "hunter2"}]
    link = "https://me:hunter2@host/x"
    here = [spec(version=link, container={"image": "app:1", "env": env}), spec(link)]
    plan = ftn.plan(here, [spec(), spec(link, version="w", type="x")])
    outputs = (
        *(plan.to_text(), plan.to_html(), plan.to_markdown(), repr(plan), repr(plan[0]), plan.summary),
        *(json.dumps(plan.to_dict()), plan.to_frame().to_csv()),
    )
    assert [text for text in outputs if "hunter2" in text] == []


# -- releases --------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("old", "new", "summary"),
    [
        ("2026.03", "2026.04", "24 changed (2 behaviour, 1 cost, 21 noise), 3 identical"),
        ("2026.06", "2026.07", "26 changed (1 risky, 25 behaviour), 1 identical"),
        (
            *("2026.07", "2026.08"),
            "1 new, 24 changed (7 breaking, 1 risky, 2 behaviour, 1 cosmetic, 13 noise), 3 identical",
        ),
    ],
)
def test_the_example_in_one_sentence(old: str, new: str, summary: str) -> None:
    assert ftn.plan(release(new), release(old)).summary == summary


def test_a_map_task_of_the_example_was_renamed() -> None:
    """In 2026.08 it runs more at once, and so has another hash."""
    (entry,) = [one for one in ftn.plan(release("2026.08"), release("2026.07")) if one.renamed_from]
    assert entry.name.startswith("shops.evaluation.map_backtest_shop_")
    assert entry.status == "changed"


def test_an_archive_meets_what_was_registered_of_it() -> None:
    """Without project, domain and version, as it was packaged."""
    plan = ftn.plan(ftn.load(str(ARCHIVES / "2026.08.tgz")), release("2026.08"))
    assert {entry.status for entry in plan} == {"identical"}


@pytest.fixture(scope="module")
def releases(corpus: Path) -> list[ftn.TaskCollection]:
    folders = sorted(folder for folder in corpus.iterdir() if folder.is_dir())
    return [ftn.load(str(folder), project="p", domain="d", version=folder.name, errors="collect") for folder in folders]


def test_real_releases_are_planned_whole(releases: list[ftn.TaskCollection]) -> None:
    """Every name appears, and each verdict is that of the digests."""
    for old, new in pairwise(releases):
        plan = ftn.plan(new, old)
        assert len([entry for entry in plan if entry.local is not None]) == len(new)
        told = {entry.name for entry in plan} | {entry.renamed_from for entry in plan}
        assert {*old.names, *new.names} <= told
        for entry in plan:
            assert isinstance(entry, PlanEntry)
            assert entry.status in STATUSES
            if entry.local is not None and entry.remote is not None:
                is_same = unplaced_digest(entry.local) == unplaced_digest(entry.remote)
                assert is_same == (entry.status == "identical")


def test_a_real_release_is_identical_under_another_version(releases: list[ftn.TaskCollection]) -> None:
    for tasks in releases:
        again = [task.replace(version="next") for task in tasks]
        assert {entry.status for entry in ftn.plan(again, tasks)} == {"identical"}
