"""A cluster's tasks one by one, what would become of a task there, and who calls it."""

from __future__ import annotations

import asyncio
import subprocess
import sys
import threading
import time
from typing import TYPE_CHECKING, Any

import grpc
import pytest
from flyteidl.admin import common_pb2, description_entity_pb2, project_pb2, task_pb2
from flyteidl.service import admin_pb2_grpc
from hypothesis import given, settings
from hypothesis import strategies as st

import flytetask_nb as ftn
from flytetask_nb.sources.client import calls as calls_module
from tests.conftest import ROOT, flytekit_module
from tests.embedded_admin.laboratory.running import Laboratory
from tests.embedded_admin.replay import read, send
from tests.sources.client.serving import REQUESTS, Refusal, Served, make_task, refusing, serving
from tests.sources.client.test_filters import conditions

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

PLACE = ("flytesnacks", "development")


def replayed(path: Path) -> Any:
    """Return an embedded Admin to which everything in a transcript was sent that makes something."""
    admin = Laboratory()
    with grpc.insecure_channel(admin.endpoint) as channel:
        for case in read(path):
            if case["call"].startswith("Create") and case["status"] == "OK":
                assert send(channel, case["call"], case["request"]).status == "OK"
    admin.calls.clear()
    return admin


@pytest.fixture(scope="module")
def listed(transcripts: Path) -> Iterator[Any]:
    with replayed(transcripts / "list.jsonl") as admin:
        yield admin


@pytest.fixture
def snacks(listed: Any) -> Iterator[ftn.Remote]:
    listed.calls.clear()
    with ftn.connect(listed.endpoint, insecure=True, project=PLACE[0], domain=PLACE[1]) as remote:
        yield remote


def counted(admin: Any) -> dict[str, int]:
    return {method: admin.calls[method].calls for method in admin.calls}


# -- one task --------------------------------------------------------------------------------------------------------


def test_fetching_is_one_call(listed: Any, snacks: ftn.Remote) -> None:
    task = snacks.fetch_task(*PLACE, "app.train", "v10")
    assert (task.name, task.id.version, counted(listed)) == ("app.train", "v10", {"GetTask": 1})
    assert task.created_at is not None


def test_without_a_version_the_newest_comes_in_one_call(listed: Any, snacks: ftn.Remote) -> None:
    assert snacks.fetch_task(*PLACE, "app.train").id.version == "abc"
    assert counted(listed) == {"ListTasks": 1}


def test_keys_are_places_of_tasks(snacks: ftn.Remote) -> None:
    found = snacks["flyteexamples/development/app.predict"]
    assert (found.id.project, found.name, found.id.version) == ("flyteexamples", "app.predict", "abc")
    assert found == snacks["flyteexamples", "development", "app.predict", "abc"]
    assert snacks["app.train"].name == "app.train"


def test_keys_complete(listed: Any, snacks: ftn.Remote) -> None:
    keys = snacks._ipython_key_completions_()
    assert "flytesnacks/development/über.train" in keys
    calls = counted(listed)
    assert keys == snacks._ipython_key_completions_()
    assert calls == counted(listed)


def test_completion_stays_quiet_when_nothing_is_there(served: Served) -> None:
    served.before = refusing(grpc.StatusCode.PERMISSION_DENIED, 99)
    with ftn.connect(served.endpoint, insecure=True) as remote:
        assert remote._ipython_key_completions_() == []


@pytest.mark.parametrize("version", [None, "v99"])
@pytest.mark.parametrize(
    ("name", "told"),
    [("app.trian", "did you mean 'app.train', "), ("nope", "task_names() lists the names that there are")],
)
def test_a_name_that_is_not_there_costs_three_calls(
    listed: Any, snacks: ftn.Remote, name: str, told: str, version: str | None
) -> None:
    """It is asked whether its project is there, and what is near; with a version as without one."""
    with pytest.raises(ftn.errors.RemoteTaskNotFoundError) as error:
        snacks.fetch_task(*PLACE, name, version)
    assert counted(listed) == {**({"GetTask": 1} if version else {}), "ListTasks": 1, "GetProject": 1, "ListTaskIds": 1}
    assert ("NOT_FOUND", listed.endpoint) == (error.value.code, error.value.endpoint)
    assert name in error.value.request
    assert told in str(error.value)


def test_a_version_that_is_not_there_costs_one_call_more(listed: Any, snacks: ftn.Remote) -> None:
    """For the newest that there are."""
    with pytest.raises(
        ftn.errors.RemoteTaskNotFoundError,
        match=r"no version 'v99' of .*app\.train; the newest are 'abc', 'v2', 'v10', 'v1'$",
    ):
        snacks.fetch_task(*PLACE, "app.train", "v99")
    assert counted(listed) == {"GetTask": 1, "ListTasks": 1}


@pytest.mark.parametrize(
    ("parts", "kind", "told"),
    [
        (("p", "d", "n", ""), ftn.errors.ModelValueError, "no version is given"),
        (("p", "d", ""), ftn.errors.ModelValueError, "no name is given"),
        (("p", "d"), ftn.errors.ModelValueError, "no name is given"),
        (("", "d", "n"), ftn.errors.ModelValueError, "no project is given.*connect"),
        (("p", "", "n"), ftn.errors.ModelValueError, "no domain is given"),
        (("p", "d", 3), ftn.errors.ModelTypeError, "name is a text, got 3"),
    ],
)
def test_no_part_that_is_sent_is_empty(
    served: Served, parts: tuple[Any, ...], kind: type[Exception], told: str
) -> None:
    with ftn.connect(served.endpoint, insecure=True) as remote, pytest.raises(kind, match=told):
        remote.fetch_task(*parts)
    assert served.calls == {}


@pytest.mark.parametrize("arguments", [{"project": ""}, {"domain": ""}, {"name": ""}, {"version": ""}])
def test_no_part_of_a_listing_is_empty(served: Served, remote: ftn.Remote, arguments: dict[str, str]) -> None:
    with pytest.raises(ftn.errors.ModelValueError, match="is given"):
        remote.list_tasks(**arguments)  # type: ignore[arg-type]
    assert served.calls == {}


def test_an_empty_task_is_told(served: Served, remote: ftn.Remote) -> None:
    served.tasks = [make_task("n")]
    served.tasks[0].closure.Clear()
    with pytest.raises(ftn.RemoteError, match="its closure holds no task"):
        remote.fetch_task("p", "d", "n", "v1")


def test_description_is_asked_for_when_wanted(served: Served, remote: ftn.Remote) -> None:
    served.tasks = [make_task("told"), make_task("untold")]
    served.descriptions["told"] = description_entity_pb2.DescriptionEntity(short_description="short")
    found = remote.description(remote.fetch_task(name="told"))
    assert found is not None
    assert found.short_description == "short"
    assert remote.description(remote.fetch_task(name="untold")) is None


def test_what_there_is(snacks: ftn.Remote) -> None:
    assert snacks.projects() == ["flyteexamples", "flytesnacks"]
    assert snacks.domains() == ["development", "staging", "production"]
    names = snacks.task_names()
    assert sorted(names) == names
    assert {".flytegen.app.hidden", "app%train", "app.train", "über.train"} <= set(names)
    assert [task.id.version for task in snacks.versions("app.train")] == ["v1", "v10", "v2", "abc"]
    with pytest.raises(ftn.errors.RemoteTaskNotFoundError, match="has no task flytesnacks/development/nope"):
        snacks.versions("nope")


# -- against flytekit's client and against brute force ---------------------------------------------------------------


def flytekits_platform(listed: Any, **settings: Any) -> Any:
    """Return flytekit's own settings for a server."""
    configuration = flytekit_module("flytekit.configuration")
    return configuration.PlatformConfig(endpoint=listed.endpoint, insecure=True, **settings)


def flytekits_remote(platform: Any, *place: str) -> Any:
    configuration = flytekit_module("flytekit.configuration")
    return flytekit_module("flytekit.remote").FlyteRemote(configuration.Config(platform=platform), *place)


def test_flytekits_client_and_this_one_agree(listed: Any, snacks: ftn.Remote) -> None:
    """The same tasks in the same order, each byte for byte."""
    friendly = flytekit_module("flytekit.clients.friendly")
    name_of = flytekit_module("flytekit.models.common").NamedEntityIdentifier
    client = friendly.SynchronousFlyteClient(flytekits_platform(listed))
    theirs: list[Any] = []
    token = ""
    while True:
        order = common_pb2.Sort(key="id", direction=common_pb2.Sort.ASCENDING)
        request = common_pb2.ResourceListRequest(id=name_of(*PLACE).to_flyte_idl(), limit=7, token=token, sort_by=order)
        page = client._stub.ListTasks(request)
        theirs += page.tasks
        token = page.token
        if not token:
            break
    ours = snacks.list_tasks(page_size=5)
    assert [task.closure.compiled_task.template for task in theirs] == [task.template.to_flyte_idl() for task in ours]
    assert [task.closure.created_at.ToMicroseconds() for task in theirs] == [
        round(task.created_at.timestamp() * 1e6) for task in ours if task.created_at
    ]


def test_flytekits_remote_and_this_one_fetch_the_same(listed: Any, snacks: ftn.Remote) -> None:
    flyte_remote = flytekits_remote(flytekits_platform(listed))
    for version in ("v1", None):
        theirs = flyte_remote.fetch_task(*PLACE, "app.train", version)
        ours = snacks.fetch_task(*PLACE, "app.train", version)
        assert theirs.id.version == ours.id.version
        assert str(theirs.interface.to_flyte_idl()) == str(ours.interface.to_flyte_idl())


def as_brute_force_says(tasks: list[Any], found: list[Any]) -> list[Any]:
    """Filter by Python's own comparisons, written without the client's."""
    kept = []
    for task in tasks:
        answers = []
        for one in found:
            value = task.created_at if one.column == "created_at" else None
            value = value if value is not None else getattr(task.id, one.column, None)
            value = task.type if one.column == "type" else value
            value = (task.short_description or "") if one.column == "short_description" else value
            other = one.value
            answers.append(
                {
                    "eq": lambda a, b: a == b,
                    "ne": lambda a, b: a != b,
                    "gt": lambda a, b: a > b,
                    "gte": lambda a, b: a >= b,
                    "lt": lambda a, b: a < b,
                    "lte": lambda a, b: a <= b,
                    "contains": lambda a, b: b in a,
                    "not_like": lambda a, b: b not in a,
                    "value_in": lambda a, b: a in b,
                    "value_not_in": lambda a, b: a not in b,
                }[one.function](value, other)
            )
        if all(answers):
            kept.append(task)
    return kept


VALUES = [
    "app.train", "app", "train", ".", "%", "_", "app_train", "app%train", "über", "App.Train", "a+b", "a,b", "v1", "v10",
    "v2", "abc", "spark", "python-task", "side", "short 1", "short", " app", "", "p", "\\", "a(b)",
]  # fmt: skip


def known_conditions() -> st.SearchStrategy[Any]:
    columns = st.sampled_from(["name", "version", "type", "short_description"]).map(ftn.col)
    values = st.sampled_from(VALUES)
    ways = st.sampled_from(["__eq__", "__ne__", "__gt__", "__ge__", "__lt__", "__le__", "contains", "excludes"])
    many = st.builds(
        lambda column, way, found: getattr(column, way)(found),
        columns,
        st.sampled_from(["isin", "notin"]),
        st.lists(values, max_size=3),
    )
    return st.one_of(st.builds(lambda column, way, value: getattr(column, way)(value), columns, ways, values), many)


@settings(max_examples=300)
@given(found=st.lists(known_conditions() | conditions(), max_size=3))
def test_filters_give_what_brute_force_gives(everything: Any, found: list[Any]) -> None:
    """Whoever looks at a condition, Admin, this client or a collection at hand, the answer is the same."""
    remote, tasks = everything
    expected = [task.id for task in as_brute_force_says(tasks, found)]
    assert expected == [task.id for task in remote.list_tasks(*PLACE, filters=found)]
    assert expected == [task.id for task in ftn.TaskCollection(tasks).filter(*found)]


@pytest.fixture(scope="module")
def everything(listed: Any) -> Iterator[Any]:
    with ftn.connect(listed.endpoint, insecure=True) as remote:
        yield remote, list(remote.list_tasks(*PLACE))


@pytest.mark.parametrize("position", [0, 10, 35])
def test_times_are_compared_to_the_microsecond(everything: Any, position: int) -> None:
    remote, tasks = everything
    moment = tasks[position].created_at
    later = [task.id for task in tasks if task.created_at > moment]
    same = [task.id for task in tasks if task.created_at == moment]
    assert later == [task.id for task in remote.list_tasks(*PLACE, filters=ftn.col("created_at") > moment)]
    assert same == [task.id for task in remote.list_tasks(*PLACE, filters=ftn.col("created_at") == moment)]


@pytest.mark.parametrize("way", ["latest", "one by one"])
def test_latest_of_each_name_is_what_fetching_gives(everything: Any, way: str) -> None:
    remote, tasks = everything
    filters = None if way == "latest" else lambda _: True
    newest = {task.name: task for task in remote.list_tasks(*PLACE, latest=True, filters=filters)}
    assert sorted({task.name for task in tasks}) == sorted(newest)
    assert all(remote.fetch_task(*PLACE, name) == task for name, task in newest.items())


# -- what would become of a task -------------------------------------------------------------------------------------


def test_registration_is_foretold(transcripts: Path) -> None:
    """For every CreateTask of the transcript on a task that Admin takes or knows: what Admin then says."""
    foretold: dict[str, int] = {}
    with (
        ftn.sandbox() as admin,
        grpc.insecure_channel(admin.endpoint) as channel,
        ftn.connect(admin.endpoint, insecure=True) as remote,
    ):
        for case in read(transcripts / "register.jsonl"):
            if case["call"] != "CreateTask":
                send(channel, case["call"], case["request"])
                continue
            told = case.get("message", "")
            verdict = {"OK": "new", "ALREADY_EXISTS": "identical"}.get(case["status"])
            if "different structure" in told:
                verdict = "conflict"
            if verdict is not None:
                foretold[verdict] = foretold.get(verdict, 0) + 1
                task = sent_task(case["request"])
                found = remote.dry_run(task)
                assert (verdict, case["note"]) == (found.verdict, case["note"])
                assert (verdict == "conflict") == (found.diff is not None)
            send(channel, "CreateTask", case["request"])
    assert {"new", "identical", "conflict"} == set(foretold)


def sent_task(request: dict[str, Any]) -> ftn.FlyteTask:
    from flyteidl.admin import task_pb2  # noqa: PLC0415
    from google.protobuf import json_format  # noqa: PLC0415

    message = json_format.ParseDict(request, task_pb2.TaskCreateRequest())
    message.spec.template.id.CopyFrom(message.id)
    return ftn.FlyteTask.from_flyte_idl(message.spec)


def test_a_conflict_says_what_differs_and_is_shown(served: Served, remote: ftn.Remote) -> None:
    served.tasks = [make_task("n", image="i:1")]
    mine = remote.fetch_task(name="n").replace(type="other")
    found = remote.dry_run(mine)
    assert found.diff is not None
    assert "type" in [change.path for change in found.diff.changes]
    for text in (found.to_text(), found.to_html(), found.to_markdown()):
        assert "conflict" in text
        assert "register it under a new version" in text
    same = remote.dry_run(remote.fetch_task(name="n"))
    assert "identical" in same.to_text()
    assert repr(remote.dry_run(mine.replace(version="v9"))) == "Registration(new: p/d/n v9 would be registered)"


def test_what_admin_refuses_of_a_place_is_foretold(transcripts: Path) -> None:
    """For every refusal of the transcript that is about project or domain: in Admin's words, and before all else."""
    told: list[str] = []
    with (
        ftn.sandbox() as admin,
        grpc.insecure_channel(admin.endpoint) as channel,
        ftn.connect(admin.endpoint, insecure=True) as remote,
    ):
        for case in read(transcripts / "register.jsonl"):
            message = case.get("message", "")
            if case["call"] == "CreateTask" and any(words in message for words in OF_PLACES):
                found = remote.dry_run(sent_task(case["request"]))
                assert (found.verdict, found.reason, found.diff) == ("refused", message, None)
                for text in (found.summary, found.to_text(), found.to_html(), found.to_markdown(), repr(found)):
                    assert "refused" in text
                    assert message.split("[")[0] in text
                told.append(message)
            send(channel, case["call"], case["request"])
    assert len(told) == len(OF_PLACES)


OF_PLACES = ("are registered, err:", "is not active", "is unrecognized by system")


@pytest.fixture
def gone() -> Iterator[ftn.Remote]:
    """Return a server with a task in a project that was archived afterwards."""
    with ftn.sandbox() as admin, grpc.insecure_channel(admin.endpoint) as channel:
        stub = admin_pb2_grpc.AdminServiceStub(channel)
        task = make_task("n", project="gone", domain="development").closure.compiled_task
        task.template.type = "raw-container"
        task.template.container.image = "i:1"
        task.template.container.command.append("run")
        task.template.metadata.runtime.version = "1"
        stub.RegisterProject(project_pb2.ProjectRegisterRequest(project=project_pb2.Project(id="gone", name="gone")))
        spec = task_pb2.TaskSpec(template=task.template)
        stub.CreateTask(task_pb2.TaskCreateRequest(id=task.template.id, spec=spec))
        stub.UpdateProject(project_pb2.Project(id="gone", state=project_pb2.Project.ARCHIVED))
        with ftn.connect(admin.endpoint, insecure=True) as remote:
            yield remote


def test_an_archived_project_refuses_even_what_it_has(gone: ftn.Remote) -> None:
    (task,) = gone.list_tasks("gone", "development")
    found = gone.dry_run(task)
    assert (found.verdict, found.reason) == ("refused", "project [gone] is not active")


@pytest.mark.parametrize(
    ("place", "told"),
    [
        (("flytesnack", "development"), "there is no project 'flytesnack'; projects() lists"),
        (("flytesnack", "nope"), "there is no project 'flytesnack'"),
        (("flytesnacks", "dev"), "there is no domain 'dev'; there are development, staging, production"),
        (("flytesnack", None), "there is no project 'flytesnack'"),
        ((None, "dev"), "there is no domain 'dev'"),
        (("a+b;(c)", "development"), "there is no project 'a+b;(c)'"),
    ],
)
@pytest.mark.parametrize("way", [{}, {"latest": True}, {"name": "n"}, {"limit": 3}, {"type": "spark"}])
def test_a_listing_of_a_wrong_place_says_so(
    gone: ftn.Remote, place: tuple[str | None, str | None], told: str, way: dict[str, Any]
) -> None:
    found = gone.list_tasks(*place, **way)
    assert len(found) == 0
    (failure,) = found.failures
    assert told in failure.reason
    assert told in " ".join(found.to_text().split())


@pytest.mark.parametrize("place", [("flytesnacks", "staging"), ("gone", "production"), ("flytesnacks", None)])
def test_a_listing_of_an_empty_place_is_empty(gone: ftn.Remote, place: tuple[str, str | None]) -> None:
    assert gone.list_tasks(*place).failures == ()
    if place[1] is not None:
        assert gone.task_names(*place) == []


@pytest.mark.parametrize(
    "ask",
    [
        lambda remote, *place: remote.task_names(*place),
        lambda remote, *place: remote.versions("n", *place),
        lambda remote, *place: remote.callers(make_task("n"), *place),
    ],
    ids=["names", "versions", "callers"],
)
def test_whoever_asks_of_a_wrong_place_is_told(gone: ftn.Remote, ask: Any) -> None:
    """Nobody calls a task in a project that does not exist, and that is no answer."""
    for place, told in ((("nope", "development"), "no project 'nope'"), (("gone", "nope"), "no domain 'nope'")):
        with pytest.raises(ftn.RemoteError, match=told) as error:
            ask(gone, *place)
        assert error.value.code == "NOT_FOUND"


@pytest.mark.parametrize("code", ["UNIMPLEMENTED", "PERMISSION_DENIED"])
def test_a_server_that_does_not_tell_its_projects_is_taken_at_its_word(
    served: Served, remote: ftn.Remote, monkeypatch: pytest.MonkeyPatch, code: str
) -> None:
    """What cannot be asked is unknown, and no refusal."""

    def before(method: str, *_: Any) -> None:
        if method == "GetProject":
            raise Refusal(grpc.StatusCode[code])

    monkeypatch.setitem(REQUESTS, "GetProject", project_pb2.ProjectGetRequest)
    served.before = before
    assert remote.list_tasks("nope", "d").failures == ()
    assert remote.task_names("nope", "d") == []
    assert remote.dry_run(make_task("n").closure.compiled_task).verdict == "new"


def test_a_conflict_names_what_a_tool_wrote(served: Served, remote: ftn.Remote) -> None:
    """Another registration of the same code writes another address of the same object."""
    tasks = [make_task("n") for _ in range(2)]
    for number, one in enumerate(tasks):
        kind = one.closure.compiled_task.template.interface.inputs.variables["x"].type
        kind.blob.format = "PythonPickle"
        kind.metadata.update({"python_class_name": f"typing.Annotated[app.Video, <HashMethod object at 0x7f{number}>]"})
    served.tasks = tasks[:1]
    found = remote.dry_run(ftn.FlyteTask.from_flyte_idl(tasks[1]))
    assert found.verdict == "conflict"
    assert "the task itself is the same but for the memory address that flytekit writes" in found.summary


@pytest.mark.parametrize("part", ["project", "domain", "version"])
def test_registering_needs_a_full_id(served: Served, remote: ftn.Remote, part: str) -> None:
    mine = ftn.FlyteTask.from_flyte_idl(make_task("n")).replace(**{part: None})
    with pytest.raises(ftn.errors.ModelValueError, match=f"no {part} is given"):
        remote.dry_run(mine)
    assert served.calls == {}


# -- who calls it ----------------------------------------------------------------------------------------------------

SLOPE = "basics.named_outputs.slope"


def test_callers_are_found_and_compiled(transcripts: Path) -> None:
    """The verdict on each broken version of a task is the one that Admin gave on its caller."""
    with replayed(transcripts / "workflows.jsonl") as admin, ftn.connect(admin.endpoint, insecure=True) as remote:
        versions = remote.versions(SLOPE, *PLACE)
        reports = {task.id.version: remote.callers(task) for task in versions}
        names = {caller.workflow.name for report in reports.values() for caller in report}
        assert {"basics.named_outputs.simple_wf_with_named_outputs"} == {n for n in names if "named_outputs" in n}
        assert not reports["v1"]
        refused = {
            case["request"]["id"]["version"]
            for case in read(transcripts / "workflows.jsonl")
            if case["call"] == "CreateWorkflow"
            and "pointed at the version" in case["note"]
            and case["status"] != "OK"
            and case["request"]["id"]["name"].endswith("simple_wf_with_named_outputs")
        }
        assert refused & reports.keys() == {version for version, report in reports.items() if report}
        nobody = remote.callers(versions[0].replace(name="used.by.nobody"))
        assert list(nobody) == []
        assert nobody.summary == "no workflow uses used.by.nobody"
        assert reports["v1"].used == (SLOPE,)
        admin.calls.clear()
        remote.callers(versions[0])
        workflows = len(
            {
                case["request"]["id"]["name"]
                for case in read(transcripts / "workflows.jsonl")
                if case["call"] == "CreateWorkflow" and case["status"] == "OK"
            }
        )
        assert {"ListWorkflows": 1, "GetWorkflow": workflows} == counted(admin)


# -- trouble ---------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("code", ["UNAVAILABLE", "ABORTED", "RESOURCE_EXHAUSTED", "DEADLINE_EXCEEDED"])
def test_errors_that_pass_are_tried_again(served: Served, remote: ftn.Remote, code: str) -> None:
    served.tasks = [make_task("n")]
    served.before = refusing(grpc.StatusCode[code], calls_module.TRIES - 1)
    assert remote.fetch_task("p", "d", "n", "v1").name == "n"
    assert served.calls["GetTask"] == calls_module.TRIES


@pytest.mark.parametrize(
    ("code", "details"),
    [
        ("INVALID_ARGUMENT", ""),
        ("ALREADY_EXISTS", ""),
        ("PERMISSION_DENIED", ""),
        ("UNAUTHENTICATED", ""),
        ("UNIMPLEMENTED", ""),
        ("INTERNAL", "a fault of its own"),
        ("UNKNOWN", "failed database operation"),
        ("RESOURCE_EXHAUSTED", "received message larger than max (5 vs. 4)"),
    ],
)
def test_errors_that_stay_are_not(served: Served, remote: ftn.Remote, code: str, details: str) -> None:
    served.before = refusing(grpc.StatusCode[code], 99, details)
    with pytest.raises(ftn.RemoteError) as error:
        remote.fetch_task("p", "d", "n", "v1")
    assert (1, code) == (served.calls["GetTask"], error.value.code)
    assert 'GetTask id { resource_type: TASK project: "p"' in error.value.request


def test_broken_streams_are_tried_again(served: Served, remote: ftn.Remote) -> None:
    served.tasks = [make_task("n")]
    served.before = refusing(grpc.StatusCode.INTERNAL, 2, "Received RST_STREAM with error code 2")
    assert remote.fetch_task("p", "d", "n", "v1").name == "n"


def test_tries_come_to_an_end(served: Served, remote: ftn.Remote) -> None:
    served.before = refusing(grpc.StatusCode.UNAVAILABLE, 99)
    with pytest.raises(ftn.RemoteError, match="check that the server is up"):
        remote.fetch_task("p", "d", "n", "v1")
    assert served.calls["GetTask"] == calls_module.TRIES


def test_a_server_that_never_answers_is_given_up(served: Served) -> None:
    served.before = lambda *_: time.sleep(1.0)
    start = time.monotonic()
    with (
        ftn.connect(served.endpoint, insecure=True, timeout=0.2) as remote,
        pytest.raises(ftn.RemoteError, match="longer timeout=") as error,
    ):
        remote.fetch_task("p", "d", "n", "v1")
    assert error.value.code == "DEADLINE_EXCEEDED"
    assert time.monotonic() - start < 3


def test_a_server_that_comes_back_is_found_again(monkeypatch: pytest.MonkeyPatch) -> None:
    """The connection drops while pages are under way; every row is there in the end."""
    monkeypatch.setattr(calls_module, "FIRST_WAIT", 0.5)
    monkeypatch.setattr(calls_module, "LONGEST_WAIT", 2.0)
    served = Served(tasks=[make_task(f"n{number}") for number in range(40)])
    with serving(served):
        port = int(served.endpoint.rpartition(":")[2])
    first = served

    def listing(found: list[Any]) -> None:
        with ftn.connect(f"localhost:{port}", insecure=True, timeout=5) as remote:
            found.append(remote.list_tasks("p", "d", page_size=4))

    found: list[Any] = []
    dropped = threading.Event()

    def drop(_: str, request: Any, __: dict[str, str]) -> None:
        if getattr(request, "token", "") == "12" and not dropped.is_set():
            dropped.set()
            time.sleep(0.5)
            raise Refusal(grpc.StatusCode.UNAVAILABLE, "going away")

    first.before = drop
    with serving(first, port=port):
        thread = threading.Thread(target=listing, args=(found,))
        thread.start()
        assert dropped.wait(10)
    with serving(first, port=port):
        thread.join(20)
    assert [len(tasks) for tasks in found] == [40]


def test_nothing_listens_there() -> None:
    with (
        ftn.connect("localhost:1", insecure=True, timeout=1) as remote,
        pytest.raises(ftn.RemoteError, match=r"^nothing listens at localhost:1: check host and port") as error,
    ):
        remote.projects()
    assert (error.value.code, error.value.endpoint) == ("UNAVAILABLE", "localhost:1")


def test_no_such_name() -> None:
    with (
        ftn.connect("nowhere.invalid:443", timeout=1, auth="None") as remote,
        pytest.raises(ftn.RemoteError, match="no server has that name"),
    ):
        remote.projects()


def test_an_answer_of_another_kind_is_told(served: Served, remote: ftn.Remote) -> None:
    served.GetTask = lambda _: b"\xff"  # type: ignore[method-assign]
    with pytest.raises(ftn.RemoteError, match="the answer is no Task"):
        remote.fetch_task("p", "d", "n", "v1")


def test_a_closed_connection_is_told(served: Served) -> None:
    remote = ftn.connect(served.endpoint, insecure=True)
    remote.close()
    with pytest.raises(ftn.RemoteError, match="connect again"):
        remote.projects()


# -- flytekit's own connection ---------------------------------------------------------------------------------------


def test_flytekits_open_channel_is_used(listed: Any) -> None:
    """With its login; without its retries, which make four calls for a missing task."""
    listed.calls.clear()
    flyte_remote = flytekits_remote(flytekits_platform(listed, console_endpoint="http://console.example.com"), *PLACE)
    assert flyte_remote.client is not None
    with ftn.connect(flyte_remote) as remote:
        assert f"Remote('{listed.endpoint}', project='flytesnacks', domain='development')" == repr(remote)
        assert len(remote.list_tasks(page_size=5)) == 36
        task = remote.fetch_task(name="app.train")
        assert (task.console_url or "").startswith("http://console.example.com/console/projects/flytesnacks/")
        listed.calls.clear()
        with pytest.raises(ftn.errors.RemoteTaskNotFoundError):
            remote.fetch_task(name="nope", version="v1")
        assert counted(listed) == {"GetTask": 1, "ListTasks": 1, "GetProject": 1, "ListTaskIds": 1}
    # Closing ours leaves flytekit's open.
    assert flyte_remote.fetch_task(*PLACE, "app.train", "v1").id.name == "app.train"


def test_flytekits_settings_are_used_where_no_channel_is_open(listed: Any) -> None:
    flyte_remote = flytekits_remote(flytekits_platform(listed))
    with ftn.connect(flyte_remote) as remote:
        assert remote.projects() == ["flyteexamples", "flytesnacks"]
    assert not flyte_remote._client_initialized


@pytest.fixture
def house() -> Iterator[Served]:
    """Return a server that wants what a login plugin alone knows."""

    def check(method: str, _: Any, metadata: dict[str, str]) -> None:
        if method in ADMIN_CALLS and metadata.get("house-key") != "Bearer hidden-key-1":
            raise Refusal(grpc.StatusCode.UNAUTHENTICATED, f"no {metadata.get('house-key')}")

    with serving(Served(tasks=[make_task(f"n{number}") for number in range(20)], before=check)) as running:
        yield running


ADMIN_CALLS = {"ListProjects", "ListTasks", "GetTask"}


def opened_with_a_plugin(served: Served, *, key: str = "hidden-key-1", error: Exception | None = None) -> Any:
    """Return a FlyteRemote that logs in by a plugin, which flytekit finds by its name."""
    base = flytekit_module("flytekit.clients.auth.authenticator").Authenticator
    credentials = flytekit_module("flytekit.clients.auth.keyring").Credentials

    class HouseKey(base):  # type: ignore[misc, valid-type]
        def refresh_credentials(self) -> None:
            if error is not None:
                raise error
            self._creds = credentials(key)

    flytekit_module("flytekit.clients.auth_helper").register_authenticator_plugin(
        "house_key", lambda config, _: HouseKey(config.endpoint, "house-key")
    )
    return flytekits_remote(flytekits_platform(served, auth_mode="House_Key"), "p", "d")


class Counting(grpc.UnaryUnaryClientInterceptor):
    """What a company puts around its channels."""

    def __init__(self) -> None:
        self.methods: list[str] = []

    def intercept_unary_unary(self, continuation: Any, details: Any, request: Any) -> Any:
        self.methods.append(details.method.rpartition("/")[2])
        return continuation(details, request)


@pytest.mark.parametrize("is_wrapped", [False, True])
def test_a_login_plugin_of_an_open_flyte_remote_is_used(house: Served, is_wrapped: bool) -> None:
    """As it is, with what stands around its channel; and an error is still told by its status."""
    flyte_remote = opened_with_a_plugin(house)
    counting = Counting()
    if is_wrapped:
        flyte_remote.client._channel = grpc.intercept_channel(flyte_remote.client._channel, counting)
    assert flyte_remote.client is not None
    with ftn.connect(flyte_remote) as remote:
        assert repr(remote) == f"Remote('{house.endpoint}', project='p', domain='d')"
        assert len(remote.list_tasks(page_size=6)) == 20
        assert remote.fetch_task(name="n3").name == "n3"
        with pytest.raises(ftn.errors.RemoteTaskNotFoundError) as error:
            remote.fetch_task(name="nope", version="v1")
    assert error.value.code == "NOT_FOUND"
    assert bool(counting.methods) is is_wrapped


@pytest.mark.parametrize("is_wrapped", [False, True])
@pytest.mark.parametrize(
    ("settings", "kind", "told"),
    [
        ({"key": "hidden-stale"}, ftn.errors.AuthenticationError, "UNAUTHENTICATED"),
        ({"error": ValueError("the house is closed")}, ftn.RemoteError, "ValueError: the house is closed"),
    ],
)
def test_a_login_plugin_that_fails_is_told(
    house: Served, settings: dict[str, Any], kind: type[ftn.RemoteError], told: str, is_wrapped: bool
) -> None:
    flyte_remote = opened_with_a_plugin(house, **settings)
    if is_wrapped:
        flyte_remote.client._channel = grpc.intercept_channel(flyte_remote.client._channel, Counting())
    assert flyte_remote.client is not None
    with ftn.connect(flyte_remote) as remote, pytest.raises(kind, match=told):
        remote.projects()


def test_a_login_plugin_of_a_closed_flyte_remote_is_told(house: Served) -> None:
    flyte_remote = opened_with_a_plugin(house)
    with pytest.raises(
        ftn.errors.ConfigurationError, match=r"'House_Key'.*perhaps a plugin's.*remote\.client of a FlyteRemote"
    ):
        ftn.connect(flyte_remote)


# -- where it lives --------------------------------------------------------------------------------------------------


def in_a_fresh_interpreter(code: str) -> str:
    finished = subprocess.run([sys.executable, "-c", code], cwd=ROOT, capture_output=True, text=True, check=True)
    return finished.stdout


def test_naming_a_filter_loads_no_grpc() -> None:
    code = "import flytetask_nb as f, sys; f.col('name'); f.connect; sys.stdout.write(str('grpc' in sys.modules))"
    assert in_a_fresh_interpreter(code) == "False"


def test_missing_packages_are_told() -> None:
    code = (
        "import sys; sys.modules['grpc'] = None\n"
        "import importlib.util as u; find = u.find_spec\n"
        "u.find_spec = lambda name: None if name in {'grpc', 'keyring'} else find(name)\n"
        "import flytetask_nb as f\n"
        "f.Remote\n"
        "try: f.connect('localhost:1')\n"
        "except f.errors.MissingExtraError as error: sys.stdout.write(f'{error}\\n')\n"
    )
    told = (
        'connections to a cluster need grpcio, keyring, not installed here; run: pip install "flytetask-nb[cluster]"\n'
    )
    assert told == in_a_fresh_interpreter(code)


def test_calls_work_inside_a_running_event_loop(snacks: ftn.Remote) -> None:
    async def cell() -> str:
        return snacks.fetch_task(*PLACE, "app.train").name

    assert asyncio.run(cell()) == "app.train"
