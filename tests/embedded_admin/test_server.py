"""The server itself: faults on purpose, counting, encryption, files, the command line."""

from __future__ import annotations

import datetime as dt
import ipaddress
import json
import os
import re
import signal
import subprocess
import sys
import time
import urllib.request
from collections import Counter
from concurrent.futures import ThreadPoolExecutor
from typing import TYPE_CHECKING, Any

import grpc
import pytest
from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec
from flyteidl.admin import common_pb2, task_pb2

import flytetask_nb as ftn
from flytetask_nb.embedded_admin import Fault
from flytetask_nb.embedded_admin.filling import Filled
from flytetask_nb.errors import LoadError, OptionError
from tests.conftest import ROOT
from tests.embedded_admin.building import PLACE, listing, task_request
from tests.embedded_admin.replay import connected, send

if TYPE_CHECKING:
    from pathlib import Path

    from flytetask_nb.embedded_admin import EmbeddedAdmin

LIST = "/flyteidl.service.AdminService/ListTasks"


def fill(channel: grpc.Channel, count: int) -> None:
    for number in range(count):
        assert send(channel, "CreateTask", task_request(f"app.t{number:03}")).status == "OK"


def names(reply: Any) -> list[str]:
    return [task["id"]["name"] for task in reply.response.get("tasks", [])]


# -- faults --------------------------------------------------------------------------------------------------------


def test_unavailable_so_often_and_then_no_more() -> None:
    with ftn.sandbox(faults=[Fault("unavailable", times=2)]) as admin, connected(admin.endpoint) as channel:
        statuses = [send(channel, "ListTasks", listing()).status for _ in range(3)]
        assert statuses == ["UNAVAILABLE", "UNAVAILABLE", "OK"]
        assert len(admin.faults) == 0
        assert (admin.calls["ListTasks"].calls, admin.calls["ListTasks"].refused) == (3, 2)


def test_a_fault_waits_for_its_method_and_its_turn(admin: EmbeddedAdmin, channel: grpc.Channel) -> None:
    admin.faults.add(Fault("unavailable", method="GetTask", after=1))
    assert send(channel, "ListTasks", listing()).status == "OK"
    request = {"id": {**PLACE, "name": "nope", "version": "v1"}}
    assert [send(channel, "GetTask", request).status for _ in range(3)] == ["NOT_FOUND", "UNAVAILABLE", "NOT_FOUND"]


def test_a_dropped_connection_breaks_a_page_in_the_middle() -> None:
    """The client sees a broken stream once; the next attempt succeeds over a new connection."""
    with ftn.sandbox(faults=[]) as admin, connected(admin.endpoint) as channel:
        fill(channel, 60)
        admin.faults.add(Fault("drop", method="ListTasks"))
        assert send(channel, "ListTasks", listing()).status == "UNAVAILABLE"
        again = None
        for _ in range(50):
            again = send(channel, "ListTasks", listing())
            if again.status == "OK":
                break
            time.sleep(0.1)
        assert again is not None
        assert len(names(again)) == 60


def test_connections_are_cut_only_where_it_was_asked_for(admin: EmbeddedAdmin) -> None:
    with pytest.raises(OptionError, match="faults="):
        admin.faults.add(Fault("drop"))
    with pytest.raises(OptionError, match=r"'explode'.*unavailable"):
        Fault("explode")


def test_a_delay_is_longer_than_a_deadline(admin: EmbeddedAdmin, channel: grpc.Channel) -> None:
    admin.faults.add(Fault("delay", seconds=30))
    stub = channel.unary_unary(LIST)
    with pytest.raises(grpc.RpcError) as caught:
        stub(common_pb2.ResourceListRequest().SerializeToString(), timeout=0.2)
    assert caught.value.code() is grpc.StatusCode.DEADLINE_EXCEEDED


def test_an_oversized_page_is_refused_by_the_client_and_a_smaller_one_taken() -> None:
    with ftn.sandbox(faults=[Fault("oversized", times=2, size=100_000)]) as admin:
        options = [("grpc.max_receive_message_length", 4_000_000)]
        with grpc.insecure_channel(admin.endpoint, options) as channel:
            assert send(channel, "ListTasks", listing(limit=100)).status == "RESOURCE_EXHAUSTED"
            assert send(channel, "ListTasks", listing(limit=10)).status == "OK"


def test_a_row_comes_twice(admin: EmbeddedAdmin, channel: grpc.Channel) -> None:
    fill(channel, 3)
    admin.faults.add(Fault("duplicates"))
    assert names(send(channel, "ListTasks", listing())) == ["app.t000", "app.t001", "app.t002", "app.t000"]


@pytest.mark.parametrize("call", ["ListTasks", "GetTask"])
def test_a_garbage_closure_cannot_be_read(admin: EmbeddedAdmin, channel: grpc.Channel, call: str) -> None:
    fill(channel, 1)
    admin.faults.add(Fault("garbage", method=call))
    request = listing() if call == "ListTasks" else {"id": {**PLACE, "name": "app.t000", "version": "v1"}}
    assert send(channel, call, request).status == "INTERNAL"
    assert send(channel, call, request).status == "OK"


# -- counting ------------------------------------------------------------------------------------------------------


def test_calls_and_bytes_are_counted_by_method(admin: EmbeddedAdmin, channel: grpc.Channel) -> None:
    fill(channel, 2)
    request = common_pb2.ResourceListRequest(id=common_pb2.NamedEntityIdentifier(**PLACE), limit=9)
    answer = channel.unary_unary(LIST)(request.SerializeToString())
    assert admin.calls["ListTasks"] == (1, request.ByteSize(), len(answer), 0)
    assert repr(admin.calls) == "Calls(CreateTask=2, ListTasks=1)"
    assert admin.calls["GetTask"].calls == 0
    admin.calls.clear()
    assert admin.calls.total == 0


def test_unknown_methods_and_unreadable_requests(channel: grpc.Channel) -> None:
    for path, request, expected in (
        ("/flyteidl.service.AdminService/TerminateExecution", b"", grpc.StatusCode.UNIMPLEMENTED),
        (LIST, b"\xff", grpc.StatusCode.INTERNAL),
    ):
        with pytest.raises(grpc.RpcError) as caught:
            channel.unary_unary(path)(request)
        assert caught.value.code() is expected


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
        ({"tls": (b"no key", b"no chain")}, "port=0"),
        ({"tls": (b"no key", b"no chain"), "auth": True}, "token_port=0"),
    ],
)
def test_settings_that_cannot_be_are_refused_by_name(settings: dict[str, Any], told: str) -> None:
    with pytest.raises(ftn.FlyteTaskError, match=re.escape(told)):
        ftn.sandbox(**settings)


def test_a_port_is_taken_once_and_a_database_is_no_text(admin: EmbeddedAdmin, tmp_path: Path) -> None:
    port = int(admin.endpoint.rpartition(":")[2])
    for faults in (None, []):
        with pytest.raises(OptionError, match=f"port={port}"):
            ftn.sandbox(port=port, faults=faults)
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


# -- encryption and tokens -----------------------------------------------------------------------------------------


def key_and_certificate() -> tuple[bytes, bytes]:
    key = ec.generate_private_key(ec.SECP256R1())
    named = x509.Name([x509.NameAttribute(x509.NameOID.COMMON_NAME, "embedded admin")])
    now = dt.datetime.now(dt.timezone.utc)
    address = x509.IPAddress(ipaddress.ip_address("127.0.0.1"))
    certificate = (
        x509.CertificateBuilder()
        .subject_name(named)
        .issuer_name(named)
        .public_key(key.public_key())
        .serial_number(1)
        .not_valid_before(now - dt.timedelta(hours=1))
        .not_valid_after(now + dt.timedelta(hours=1))
        .add_extension(x509.SubjectAlternativeName([address]), critical=False)
        .add_extension(x509.BasicConstraints(ca=True, path_length=None), critical=True)
        .sign(key, hashes.SHA256())
    )
    plain = serialization.NoEncryption()
    return (
        key.private_bytes(serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8, plain),
        certificate.public_bytes(serialization.Encoding.PEM),
    )


def test_everything_is_encrypted_with_the_certificate_given() -> None:
    key, certificate = key_and_certificate()
    with ftn.sandbox(tls=(key, certificate), auth=True) as admin:
        assert (admin.token_url or "").startswith("https://127.0.0.1:")
        with connected(admin.endpoint, grpc.ssl_channel_credentials(certificate)) as channel:
            assert send(channel, "GetVersion", {}).status == "UNAUTHENTICATED"
        with connected(admin.endpoint) as channel:
            assert send(channel, "GetVersion", {}).status == "UNAVAILABLE"


def token_of(admin: EmbeddedAdmin, form: bytes = b"grant_type=client_credentials&scope=all") -> str:
    body = form + b"&client_id=flytepropeller&client_secret=foobar"
    with urllib.request.urlopen(f"{admin.token_url}/oauth2/token", body, timeout=30) as answer:  # noqa: S310 - of this machine
        return str(json.loads(answer.read())["access_token"])


def test_tokens_expire_at_their_time_and_on_demand() -> None:
    with ftn.sandbox(auth=True, token_lifetime=1.5) as admin, connected(admin.endpoint) as channel:
        old = [("authorization", f"Bearer {token_of(admin)}")]
        assert send(channel, "GetVersion", {}, old).status == "OK"
        admin.expire_tokens()
        assert send(channel, "GetVersion", {}, old).status == "UNAUTHENTICATED"
        new = [("authorization", f"Bearer {token_of(admin)}")]
        assert send(channel, "GetVersion", {}, new).status == "OK"
        time.sleep(1.6)
        assert send(channel, "GetVersion", {}, new).status == "UNAUTHENTICATED"


def test_a_token_without_the_scope_is_not_enough() -> None:
    with ftn.sandbox(auth=True) as admin, connected(admin.endpoint) as channel:
        weak = [("authorization", f"Bearer {token_of(admin, b'grant_type=client_credentials')}")]
        assert send(channel, "GetVersion", {}, weak).status == "UNAUTHENTICATED"


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
        assert process.wait(30) == 0
    assert len(ftn.load(archive)) == len(names(reply)) > 0


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
