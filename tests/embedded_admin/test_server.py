"""The server itself: calls, what can be put around them, files, the command line."""

from __future__ import annotations

import os
import re
import signal
import subprocess
import sys
from collections import Counter
from concurrent.futures import ThreadPoolExecutor
from typing import TYPE_CHECKING, Any, NoReturn

import grpc
import pytest
from flyteidl.admin import common_pb2, execution_pb2, task_pb2
from flyteidl.service import auth_pb2

import flytetask_nb as ftn
from flytetask_nb.embedded_admin.filling import Filled
from flytetask_nb.embedded_admin.refusals import Refusal
from flytetask_nb.errors import LoadError, OptionError
from tests.conftest import ROOT
from tests.embedded_admin.building import LIST_TASKS, PLACE, fill, listing, names, task_request
from tests.embedded_admin.replay import SERVICE, connected, send, send_to_auth_service

if TYPE_CHECKING:
    from pathlib import Path

    from flytetask_nb.embedded_admin import EmbeddedAdmin


# -- calls ---------------------------------------------------------------------------------------------------------


def test_unknown_methods_and_unreadable_requests(channel: grpc.Channel) -> None:
    for path, request, expected in (
        ("/flyteidl.service.AdminService/TerminateExecution", b"", grpc.StatusCode.UNIMPLEMENTED),
        (LIST_TASKS, b"\xff", grpc.StatusCode.INTERNAL),
    ):
        with pytest.raises(grpc.RpcError) as caught:
            channel.unary_unary(path)(request)
        assert caught.value.code() is expected


def test_methods_can_be_added_and_replaced(channel: grpc.Channel) -> None:
    """A function from request to answer serves a method of any of Flyte's services."""
    one = task_pb2.TaskList(token="mine")  # noqa: S106 - a page's
    methods = {
        f"{SERVICE}.ListTasks": lambda _: one,
        f"{SERVICE}.TerminateExecution": lambda _: execution_pb2.ExecutionTerminateResponse(),
        "flyteidl.service.AuthMetadataService.GetOAuth2Metadata": lambda _: auth_pb2.OAuth2MetadataResponse(
            issuer="me"
        ),
    }
    with ftn.sandbox(methods=methods) as admin, connected(admin.endpoint) as own:
        assert send(own, "ListTasks", {}).response == {"token": "mine"}
        assert send(own, "TerminateExecution", {}).status == "OK"
        assert (send_to_auth_service(own, "GetOAuth2Metadata").response or {})["issuer"] == "me"
        # What is not named is the server's own.
        assert send(own, "ListTaskIds", {}).message == "missing project"
    assert send(channel, "ListTasks", {}).message == "missing id"


def test_a_refusal_of_an_added_method_is_told() -> None:
    def refuse(_: object) -> NoReturn:
        raise Refusal("RESOURCE_EXHAUSTED", "not now")

    with ftn.sandbox(methods={f"{SERVICE}.GetTask": refuse}) as admin, connected(admin.endpoint) as channel:
        assert send(channel, "GetTask", {})[::2] == ("RESOURCE_EXHAUSTED", "not now")


def test_a_method_that_flyte_does_not_have_is_refused_by_name() -> None:
    with pytest.raises(OptionError, match=r"AdminService\.GetTusk"):
        ftn.sandbox(methods={f"{SERVICE}.GetTusk": lambda _: None})


def test_interceptors_see_each_call_before_it_is_answered() -> None:
    class Once(grpc.ServerInterceptor):  # type: ignore[misc]
        def __init__(self) -> None:
            self.seen: list[str] = []

        def intercept_service(self, continuation: Any, details: Any) -> Any:
            self.seen.append(details.method)
            if len(self.seen) > 1:
                return continuation(details)
            return grpc.unary_unary_rpc_method_handler(
                lambda _, context: context.abort(grpc.StatusCode.UNAVAILABLE, "once")
            )

    once = Once()
    with ftn.sandbox(interceptors=[once]) as admin, connected(admin.endpoint) as channel:
        assert [send(channel, "GetDomains", {}).status for _ in range(2)] == ["UNAVAILABLE", "OK"]
    assert once.seen == ["/flyteidl.service.AdminService/GetDomains"] * 2


def test_many_clients_at_once_lose_nothing(admin: EmbeddedAdmin) -> None:
    """Registrations and listings of several threads come out whole, each task with an id of its own."""

    def register(worker: int) -> list[str]:
        with connected(admin.endpoint) as own:
            statuses = [send(own, "CreateTask", task_request(f"w{worker}.t{n}")).status for n in range(20)]
            statuses.append(send(own, "CreateTask", task_request("shared")).status)
            statuses.append(send(own, "ListTasks", listing(limit=1000)).status)
        return statuses

    with ThreadPoolExecutor(6) as pool:
        found = [status for statuses in pool.map(register, range(6)) for status in statuses]
    assert Counter(found) == {"OK": 6 * 20 + 1 + 6, "ALREADY_EXISTS": 5}
    with connected(admin.endpoint) as channel:
        assert len(set(names(send(channel, "ListTasks", listing(limit=1000))))) == 121


# -- lifetime ------------------------------------------------------------------------------------------------------


def test_a_server_shows_itself_without_its_port() -> None:
    admin = ftn.sandbox()
    assert repr(admin) == "EmbeddedAdmin(running)"
    admin.close()
    admin.close()
    assert repr(admin) == "EmbeddedAdmin(closed)"


def test_a_file_keeps_what_was_registered(tmp_path: Path) -> None:
    """Rows and the ids that were used up outlive the server."""
    file = tmp_path / "admin.sqlite"
    with ftn.sandbox(database=file) as admin, connected(admin.endpoint) as channel:
        fill(channel, 1)
        assert send(channel, "CreateTask", task_request("app.t000")).status == "ALREADY_EXISTS"
    with ftn.sandbox(database=file) as admin, connected(admin.endpoint) as channel:
        assert send(channel, "CreateTask", task_request("app.later")).status == "OK"
        assert names(send(channel, "ListTasks", listing())) == ["app.t000", "app.later"]
        # The second registration failed, and used up an id all the same.
        assert names(send(channel, "ListTasks", listing(filters="eq(id,3)"))) == ["app.later"]


def test_settings_take_the_place_of_the_defaults() -> None:
    settings: dict[str, Any] = {
        "projects": ["p"],
        "domains": ["d"],
        "platform_limits": {},
        "whitelist": {"x": [("", "")]},
    }
    with ftn.sandbox(**settings) as admin, connected(admin.endpoint) as channel:
        resources = {"requests": [{"name": "CPU", "value": "1000"}]}
        container = {"image": "a:v1", "args": ["x"], "resources": resources}
        request = task_request("a", project="p", domain="d", type="x", container=container)
        assert send(channel, "CreateTask", request).status == "OK"
        assert send(channel, "CreateTask", task_request("a")).status == "INVALID_ARGUMENT"
        assert send(channel, "GetDomains", {}).response["domains"] == [{"id": "d", "name": "d"}]


@pytest.mark.parametrize(
    ("settings", "told"),
    [
        ({"projects": []}, "projects="),
        ({"domains": "development"}, "domains='development'"),
        ({"platform_limits": {"cpu": "many"}}, "platform_limits"),
        ({"platform_limits": {"disk": "1"}}, "platform_limits"),
        ({"database": "/nowhere/at/all.sqlite"}, "database='/nowhere"),
        ({"credentials": grpc.ssl_server_credentials([(b"no key", b"no chain")])}, "port=0"),
    ],
)
def test_settings_that_cannot_be_are_refused_by_name(settings: dict[str, Any], told: str) -> None:
    with pytest.raises(ftn.FlyteTaskError, match=re.escape(told)):
        ftn.sandbox(**settings)


def test_a_port_is_taken_once_and_a_database_is_no_text(admin: EmbeddedAdmin, tmp_path: Path) -> None:
    port = int(admin.endpoint.rpartition(":")[2])
    with pytest.raises(OptionError, match=f"port={port}"):
        ftn.sandbox(port=port)
    file = tmp_path / "notes.txt"
    file.write_text("no database" * 100, encoding="utf-8")
    with pytest.raises(OptionError, match="expected a SQLite file"):
        ftn.sandbox(database=file)


# -- filling -------------------------------------------------------------------------------------------------------


def test_an_archive_fills_a_server(admin: EmbeddedAdmin, channel: grpc.Channel, data: Path) -> None:
    """All that it holds is registered; a second time none of it is new."""
    archive = min((data / "corpus").rglob("*.tgz"))
    settings = {"version": "v1", "source_uploaded_location": "s3://b/c"}
    expected = ftn.load(archive, **PLACE, **settings)
    workflows, plans = ftn.load_workflows(archive), ftn.load_launch_plans(archive)
    assert (len(expected), len(workflows), len(plans), ()) == admin.load(archive, **PLACE, **settings)
    assert len(plans) == len(send(channel, "ListLaunchPlans", listing(limit=1000)).response.get("launchPlans", []))
    listed = send(channel, "ListTasks", listing(limit=1000))
    assert [task.name for task in expected] == names(listed)
    assert admin.load(archive, **PLACE, **settings) == Filled()
    assert admin.load(expected) == Filled()
    with archive.open("rb") as opened:
        assert admin.load([opened], **PLACE, **settings) == Filled()


def test_the_corpus_fills_a_server(corpus: Path) -> None:
    """What a real server took, this one takes; only what needs what is nowhere is refused, with its reason."""
    filled = []
    for release in sorted(folder for folder in corpus.iterdir() if folder.is_dir()):
        with ftn.sandbox() as admin:
            settings: dict[str, Any] = {"version": "v1", "source_uploaded_location": "s3://b/c", "errors": "collect"}
            filled.append(admin.load(release, **settings))
            assert filled[-1].tasks == len({task.name for task in ftn.load(release, errors="collect")})
    assert len(filled) >= 5
    assert sum(found.workflows for found in filled) > 100
    refused = [reason for found in filled for reason in found.refused]
    assert [reason for reason in refused if "missing entity of type" not in reason] == []


def test_a_refused_task_says_what_is_wrong_and_leaves_nothing_behind(
    admin: EmbeddedAdmin, channel: grpc.Channel, data: Path
) -> None:
    archive = min((data / "corpus").rglob("*.tgz"))
    with pytest.raises(LoadError, match="missing version"):
        admin.load(archive)
    with pytest.raises(LoadError, match=r"project \[nope\] not found"):
        admin.load(archive, project="nope", version="v1")
    assert names(send(channel, "ListTasks", listing())) == []


# -- the command line ----------------------------------------------------------------------------------------------


def test_the_command_line_serves_until_it_is_interrupted(data: Path) -> None:
    archive = str(min((data / "corpus").rglob("*.tgz")))
    command = [sys.executable, "-m", "flytetask_nb.embedded_admin", "--port", "0", archive]
    with subprocess.Popen(command, stdout=subprocess.PIPE, text=True, cwd=ROOT, env=os.environ) as process:
        assert process.stdout is not None
        told = process.stdout.readline()
        endpoint = told.split(" listens at ")[1].split(" ")[0]
        with connected(endpoint) as channel:
            reply = send(channel, "ListTasks", listing(limit=1000))
        process.send_signal(signal.SIGINT)
        try:
            assert process.wait(30) == 0
        finally:
            process.kill()
    assert len(ftn.load(archive)) == len(names(reply)) > 0


def test_the_command_line_says_in_a_line_what_is_wrong() -> None:
    command = [sys.executable, "-m", "flytetask_nb.embedded_admin", "--port", "0", "--database", "/nowhere/at/all"]
    run = subprocess.run(command, capture_output=True, text=True, check=False, cwd=ROOT, timeout=60)
    assert (run.returncode, run.stdout, len(run.stderr.splitlines())) == (1, "", 1)
    assert run.stderr.startswith("database='/nowhere/at/all' cannot be used")


def test_answers_are_the_bytes_that_were_stored(channel: grpc.Channel) -> None:
    """What a message does not know survives, and comes back as it was sent."""
    request = task_pb2.TaskCreateRequest()
    request.MergeFromString(b"")
    for field, value in {**PLACE, "name": "a", "version": "v1"}.items():
        setattr(request.id, field, value)
    request.id.resource_type = 1
    template = request.spec.template
    template.type = "x"
    template.metadata.SetInParent()
    template.interface.SetInParent()
    template.MergeFromString(b"\xfa\x7d\x03new")
    channel.unary_unary("/flyteidl.service.AdminService/CreateTask")(request.SerializeToString())
    answer = channel.unary_unary("/flyteidl.service.AdminService/GetTask")(
        common_pb2.ObjectGetRequest(id=request.id).SerializeToString()
    )
    template.id.CopyFrom(request.id)
    found = task_pb2.Task.FromString(answer).closure.compiled_task.template
    assert template.SerializeToString(deterministic=True) == found.SerializeToString(deterministic=True)


def test_nothing_is_written_when_all_is_closed() -> None:
    """Client first, server next: gRPC has no word to say about it, which would stand below the cell of a notebook."""
    code = (
        "import flytetask_nb as ftn\n"
        "for _ in range(200):\n"
        "    admin = ftn.sandbox()\n"
        "    remote = ftn.connect(admin.endpoint, insecure=True)\n"
        "    remote.projects()\n"
        "    remote.close()\n"
        "    admin.close()\n"
    )
    run = subprocess.run(
        [sys.executable, "-c", code], capture_output=True, text=True, check=True, cwd=ROOT, timeout=120
    )
    assert (run.stdout, run.stderr) == ("", "")
