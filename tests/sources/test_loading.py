"""``load`` and ``load_task``: what is filled in, what is told."""

from __future__ import annotations

import base64
import io
import json
from typing import TYPE_CHECKING, Any

import pytest
from flyteidl.admin import task_pb2
from google.protobuf import json_format

import flytetask_nb as ftn
from tests.sources import building
from tests.sources.building import data, entry, package, tgz

if TYPE_CHECKING:
    from pathlib import Path


# -- filling in ----------------------------------------------------------------------------------------------------


SETTINGS = ("project", "domain", "version", "source_uploaded_location", "destination_directory")


def test_registration_is_repeated_exactly(vectors: Path) -> None:
    """With all of registration's settings, each task becomes what flytectl sends, or is refused as flytectl does."""
    different, count = [], 0
    for line in (vectors / "hydration.jsonl").read_text(encoding="utf-8").splitlines():
        case = json.loads(line)
        tasks = ftn.load(
            tgz(entry("0_1.pb", base64.b64decode(case["spec_b64"]))),
            errors="collect",
            **{name: case[name] for name in SETTINGS},
        )
        expected = [] if "error" in case else [json_format.ParseDict(case["hydrated"], task_pb2.TaskSpec())]
        # flytectl's --force is no setting of loading: what a file says of its version stays.
        if not case["force"]:
            count += 1
            if [task.to_flyte_idl() for task in tasks] != expected:
                different.append(case["case"])
    assert (different, count > 10) == ([], True)


def test_nothing_is_filled_in_unasked() -> None:
    """Without settings, a task stays as it is packaged, to the byte."""
    spec = building.spec()
    spec.template.id.version = "{{ registration.version }}"
    spec.template.container.args.extend(["{{ .remote_package_path }}", "{{ .dest_dir }}"])
    content = spec.SerializeToString(deterministic=True)
    assert ftn.load(content)[0].serialize_to_string() == content


@pytest.mark.parametrize("part", ["project", "domain", "version"])
def test_only_what_is_given_is_filled_in(part: str) -> None:
    """Each part of the id is filled in by itself; the others stay empty."""
    (task,) = ftn.load(data(), **{part: "given"})
    assert {"project": "", "domain": "", "version": ""} | {part: "given"} == {
        "project": task.id.project,
        "domain": task.id.domain,
        "version": task.id.version,
    }


def test_what_is_there_stays() -> None:
    """A version that a task has already is not replaced."""
    assert ftn.load(data(version="v1"), version="v2").column("version") == ["v1"]


def test_code_location_fills_the_placeholders() -> None:
    """Fast registration's placeholders are filled in with the location alone, and otherwise stay."""
    spec = building.spec()
    spec.template.container.args.extend(["{{ .remote_package_path }}", "{{ .dest_dir }}"])
    content = spec.SerializeToString()

    def args(**settings: str) -> list[str]:
        container = ftn.load(content, **settings)[0].container
        assert container is not None
        return container.args

    assert args(version="v1") == ["{{ .remote_package_path }}", "{{ .dest_dir }}"]
    assert args(source_uploaded_location="s3://x") == ["s3://x", "."]
    assert args(source_uploaded_location="s3://x", destination_directory="/root") == ["s3://x", "/root"]


def test_version_may_come_from_the_path(tmp_path: Path) -> None:
    """A folder of releases loads as versions: the function sees each archive's path, as the user names it."""
    for number in (9, 10):
        (tmp_path / f"r{number}.tgz").write_bytes(package(["a.one", "a.two"]))
    (tmp_path / "r8").mkdir()
    (tmp_path / "r8" / "a.one_1.pb").write_bytes(data("a.one"))
    seen: list[str] = []

    def version(path: str) -> str:
        seen.append(path)
        return path.removeprefix(f"{tmp_path}/").split(".")[0]

    tasks = ftn.load(tmp_path, version=version)
    assert seen == [f"{tmp_path}/r8/a.one_1.pb", f"{tmp_path}/r9.tgz", f"{tmp_path}/r10.tgz"]
    assert tasks.versions("a.one").column("version") == ["r8/a", "r9", "r10"]


def test_a_version_function_that_fails_is_told(tmp_path: Path) -> None:
    """The error of the user's own function is told with the source that it was called for."""
    (tmp_path / "r.tgz").write_bytes(package(["a"]))
    with pytest.raises(ftn.LoadError, match=r"r\.tgz: the function given as version raised ZeroDivisionError: div"):
        ftn.load(tmp_path / "r.tgz", version=lambda path: str(len(path) / 0))
    with pytest.raises(ftn.LoadError, match=r"the function given as version returned 3, of type int; expected a text"):
        ftn.load(tmp_path / "r.tgz", version=lambda _: 3)  # type: ignore[arg-type, return-value]
    assert ftn.load(tmp_path / "r.tgz", version=lambda _: None).column("version") == [""]  # type: ignore[arg-type, return-value]


def test_a_pod_that_cannot_be_registered_is_told() -> None:
    """A quantity that registration would refuse is a failure of its task, not of the others."""
    bad = building.template("bad")
    bad.k8s_pod.pod_spec.update({"containers": [{"name": "c", "resources": {"limits": {"cpu": "1x"}}}]})
    content = tgz(
        entry("0_bad_1.pb", building.of_kind("TaskSpec", bad).SerializeToString()), entry("1_good_1.pb", data("good"))
    )
    tasks = ftn.load(content, source_uploaded_location="s3://x", errors="collect")
    assert (tasks.names, [failure.entry for failure in tasks.failures]) == (["good"], ["0_bad_1.pb"])
    assert "1x" in tasks.failures[0].reason


# -- settings ------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("settings", "error", "expected"),
    [
        ({"errors": "ignore"}, ftn.errors.OptionError, "errors cannot be 'ignore'; expected 'raise' or 'collect'"),
        ({"project": 3}, ftn.errors.ModelTypeError, "project is 3, of type int; expected a text"),
        ({"version": 1.0}, ftn.errors.ModelTypeError, "version is 1.0, .*or a function from the source's path to one"),
        (
            {"max_entry_bytes": 0},
            ftn.errors.OptionError,
            "max_entry_bytes cannot be 0; expected a number of bytes above 0",
        ),
        ({"max_total_bytes": -1}, ftn.errors.OptionError, "max_total_bytes cannot be -1"),
    ],
)
def test_bad_settings_are_told(settings: dict[str, Any], error: type[Exception], expected: str) -> None:
    """A setting that cannot be is named before anything is read."""
    with pytest.raises(error, match=expected):
        ftn.load("missing.tgz", **settings)


def test_a_large_file_is_told(tmp_path: Path) -> None:
    """A single file over the limit is not read whole."""
    (tmp_path / "a.pb").write_bytes(bytes(2000))
    with pytest.raises(ftn.LoadError, match=r"a\.pb: more than 1,000 bytes; if it is to be trusted, raise max_entry"):
        ftn.load(tmp_path / "a.pb", max_entry_bytes=1000)
    (tmp_path / "a.pb").write_bytes(data())
    assert len(ftn.load(tmp_path / "a.pb", max_entry_bytes=len(data()))) == 1


# -- errors --------------------------------------------------------------------------------------------------------


def test_raise_names_file_and_entry(tmp_path: Path) -> None:
    """The first bad entry is named with its archive."""
    path = tmp_path / "release.tgz"
    path.write_bytes(tgz(entry("0_good_1.pb", data("good")), entry("1_bad_1.pb", b"\xff")))
    with pytest.raises(ftn.LoadError, match=r"release\.tgz!1_bad_1\.pb: 1 bytes beginning with ff are no TaskSpec"):
        ftn.load(path)


def test_collect_keeps_what_is_good(tmp_path: Path) -> None:
    """Bad files, entries and sources become failures; everything good is found."""
    (tmp_path / "a.tgz").write_bytes(tgz(entry("0_good_1.pb", data("good")), entry("1_bad_1.pb", b"\xff")))
    (tmp_path / "b.pb").write_bytes(b"")
    (tmp_path / "c.json").write_text("[]]")
    (tmp_path / "d.pb").write_bytes(data("last"))
    tasks = ftn.load([tmp_path, tmp_path / "missing"], errors="collect")
    assert tasks.names == ["good", "last"]
    assert [failure.place.removeprefix(f"{tmp_path}/") for failure in tasks.failures] == [
        "a.tgz!1_bad_1.pb",
        "b.pb",
        "c.json",
        "missing",
    ]


def test_failures_are_records() -> None:
    """A failure has its source, its entry and the reason, and prints as one line."""
    (failure,) = ftn.load("missing.tgz", errors="collect").failures
    assert failure == ("missing.tgz", "", "there is no such file or folder; check the path")
    assert str(failure) == "missing.tgz: there is no such file or folder; check the path"


# -- one task ------------------------------------------------------------------------------------------------------


def test_load_task_gives_the_one_task() -> None:
    """A source of one task is that task, filled in as ``load`` does."""
    assert ftn.load_task(data(), version="v1").id.version == "v1"


@pytest.mark.parametrize(
    ("content", "expected"),
    [
        (package([f"a.t{n}" for n in range(8)]), r"found 8 \('a.t0', 'a.t1', .*'a.t5', …\); use load and choose one"),
        (tgz(entry("0_2.pb", building.workflow().SerializeToString())), r"found none \(passed over: 1 workflows\)"),
    ],
)
def test_load_task_names_what_it_found(content: bytes, expected: str, tmp_path: Path) -> None:
    """No task or several are an error that says what there is."""
    (tmp_path / "r.tgz").write_bytes(content)
    with pytest.raises(ftn.LoadError, match=rf"r\.tgz: expected one task, {expected}"):
        ftn.load_task(tmp_path / "r.tgz")


@pytest.mark.parametrize(
    ("source", "name"),
    [
        ([], "the sources"),
        (iter([data("a"), data("b")]), "the sources"),
        (package(["a", "b"]), "<[0-9]+ bytes>"),
        (io.BytesIO(package(["a", "b"])), "<BytesIO>"),
    ],
)
def test_load_task_names_its_source(source: Any, name: str) -> None:
    """The error begins with what was asked to be read, also where that has no path."""
    with pytest.raises(ftn.LoadError, match=f"^{name}: expected one task, found"):
        ftn.load_task(source)


def test_load_task_tells_failures() -> None:
    """Where nothing could be read, the first failure is told."""
    with pytest.raises(ftn.LoadError, match=r"expected one task, found none; missing\.pb: there is no such file"):
        ftn.load_task("missing.pb", errors="collect")


# -- lists and closures --------------------------------------------------------------------------------------------


def test_registered_tasks_bring_their_time() -> None:
    """A Task of the server says when it was created."""
    message = building.of_kind("Task", building.template())
    message.closure.created_at.FromJsonString("2026-11-23T02:48:15.574798Z")
    message.short_description = "trains"
    (task,) = ftn.load(message.SerializeToString())
    assert (str(task.created_at), task.short_description) == ("2026-11-23 02:48:15.574798+00:00", "trains")


def test_an_impossible_time_is_noted_not_lost() -> None:
    """A time outside Python's years does not cost the task."""
    message = building.of_kind("Task", building.template())
    message.closure.created_at.seconds = 2**60
    (task,) = ftn.load(message.SerializeToString())
    assert task.created_at is None
    assert "created_at" in str(task._origin.note)


def test_a_closure_gives_all_its_tasks() -> None:
    """A compiled workflow brings the tasks that it was compiled with, each with its place."""
    closure = building.of_kind("CompiledWorkflowClosure", building.template("a"), building.template("b"))
    content = closure.SerializeToString()
    tasks = ftn.load(content)
    assert [("a", f"<{len(content)} bytes>!0"), ("b", f"<{len(content)} bytes>!1")] == [
        (task.name, task.source) for task in tasks
    ]


def test_a_request_names_the_task() -> None:
    """Admin writes the request's id over the template's, and so does loading."""
    request = building.of_kind("TaskCreateRequest", building.template("inner"))
    request.id.name = "outer"
    request.spec.description.short_description = "kept"
    (task,) = ftn.load(request.SerializeToString())
    assert (task.name, task.to_flyte_idl().description.short_description) == ("outer", "kept")


def test_a_task_without_an_id_inside_takes_the_one_outside() -> None:
    """The id beside the closure serves where the template has none."""
    message = building.of_kind("Task", building.template("outer"))
    message.closure.compiled_task.template.ClearField("id")
    assert ftn.load(message.SerializeToString()).names == ["outer"]


def test_unknown_fields_survive() -> None:
    """Fields of a newer flyteidl are in the task that is given."""
    spec = building.spec()
    spec.template.MergeFromString(b"\xba\xa5\x02\x03new")
    content = spec.SerializeToString()
    assert ftn.load(content)[0].to_flyte_idl() == task_pb2.TaskSpec.FromString(content)
    assert b"new" in ftn.load(content, version="v1")[0].serialize_to_string()


def test_json_gives_the_bytes_of_the_message() -> None:
    """A task that comes as JSON is kept as the message that it stands for."""
    text = json.dumps(json_format.MessageToDict(building.spec())).encode()
    assert ftn.load(text)[0].serialize_to_string() == data()
