"""The laboratory: faults on purpose, counting, encryption, tokens."""

from __future__ import annotations

import json
import time
import urllib.request
from typing import TYPE_CHECKING

import grpc
import pytest
from flyteidl.admin import common_pb2

from tests.embedded_admin.building import LIST_TASKS, PLACE, fill, listing, names
from tests.embedded_admin.laboratory.faults import Fault
from tests.embedded_admin.laboratory.running import Laboratory
from tests.embedded_admin.replay import connected, send
from tests.sources.client.oauth import make_certificate

if TYPE_CHECKING:
    from collections.abc import Iterator


@pytest.fixture
def admin() -> Iterator[Laboratory]:
    """Return an empty server, whose connections cannot be cut."""
    with Laboratory() as running:
        yield running


@pytest.fixture
def channel(admin: Laboratory) -> Iterator[grpc.Channel]:
    """Return a way to it."""
    with connected(admin.endpoint) as opened:
        yield opened


# -- faults --------------------------------------------------------------------------------------------------------


def test_unavailable_so_often_and_then_no_more() -> None:
    with Laboratory(faults=[Fault("unavailable", times=2)]) as admin, connected(admin.endpoint) as channel:
        statuses = [send(channel, "ListTasks", listing()).status for _ in range(3)]
        assert statuses == ["UNAVAILABLE", "UNAVAILABLE", "OK"]
        assert len(admin.faults) == 0
        assert (admin.calls["ListTasks"].calls, admin.calls["ListTasks"].refused) == (3, 2)


def test_a_fault_waits_for_its_method_and_its_turn(admin: Laboratory, channel: grpc.Channel) -> None:
    admin.faults.add(Fault("unavailable", method="GetTask", after=1))
    assert send(channel, "ListTasks", listing()).status == "OK"
    request = {"id": {**PLACE, "name": "nope", "version": "v1"}}
    assert [send(channel, "GetTask", request).status for _ in range(3)] == ["NOT_FOUND", "UNAVAILABLE", "NOT_FOUND"]


def test_a_dropped_connection_breaks_a_page_in_the_middle() -> None:
    """The client sees a broken stream once; the next attempt succeeds over a new connection."""
    with Laboratory(faults=[]) as admin, connected(admin.endpoint) as channel:
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


def test_connections_are_cut_only_where_it_was_asked_for(admin: Laboratory) -> None:
    with pytest.raises(ValueError, match="faults="):
        admin.faults.add(Fault("drop"))
    with pytest.raises(ValueError, match=r"'explode'.*unavailable"):
        Fault("explode")


def test_a_delay_is_longer_than_a_deadline(admin: Laboratory, channel: grpc.Channel) -> None:
    admin.faults.add(Fault("delay", seconds=30))
    stub = channel.unary_unary(LIST_TASKS)
    with pytest.raises(grpc.RpcError) as caught:
        stub(common_pb2.ResourceListRequest().SerializeToString(), timeout=0.2)
    assert caught.value.code() is grpc.StatusCode.DEADLINE_EXCEEDED


def test_an_oversized_page_is_refused_by_the_client_and_a_smaller_one_taken() -> None:
    with Laboratory(faults=[Fault("oversized", times=2, size=100_000)]) as admin:
        options = [("grpc.max_receive_message_length", 4_000_000)]
        with grpc.insecure_channel(admin.endpoint, options) as channel:
            assert send(channel, "ListTasks", listing(limit=100)).status == "RESOURCE_EXHAUSTED"
            assert send(channel, "ListTasks", listing(limit=10)).status == "OK"


def test_a_row_comes_twice(admin: Laboratory, channel: grpc.Channel) -> None:
    fill(channel, 3)
    admin.faults.add(Fault("duplicates"))
    assert names(send(channel, "ListTasks", listing())) == ["app.t000", "app.t001", "app.t002", "app.t000"]


@pytest.mark.parametrize("call", ["ListTasks", "GetTask"])
def test_a_garbage_closure_cannot_be_read(admin: Laboratory, channel: grpc.Channel, call: str) -> None:
    fill(channel, 1)
    admin.faults.add(Fault("garbage", method=call))
    request = listing() if call == "ListTasks" else {"id": {**PLACE, "name": "app.t000", "version": "v1"}}
    assert send(channel, call, request).status == "INTERNAL"
    assert send(channel, call, request).status == "OK"


# -- counting ------------------------------------------------------------------------------------------------------


def test_calls_and_bytes_are_counted_by_method(admin: Laboratory, channel: grpc.Channel) -> None:
    fill(channel, 2)
    request = common_pb2.ResourceListRequest(id=common_pb2.NamedEntityIdentifier(**PLACE), limit=9)
    answer = channel.unary_unary(LIST_TASKS)(request.SerializeToString())
    assert admin.calls["ListTasks"] == (1, request.ByteSize(), len(answer), 0)
    assert repr(admin.calls) == "Calls(CreateTask=2, ListTasks=1)"
    assert admin.calls["GetTask"].calls == 0
    admin.calls.clear()
    assert admin.calls.total == 0


# -- encryption and tokens -----------------------------------------------------------------------------------------


def test_everything_is_encrypted_with_the_certificate_given() -> None:
    key, certificate = make_certificate()
    with Laboratory(tls=(key, certificate), auth=True) as admin:
        assert (admin.token_url or "").startswith("https://127.0.0.1:")
        with connected(admin.endpoint, grpc.ssl_channel_credentials(certificate)) as channel:
            assert send(channel, "GetVersion", {}).status == "UNAUTHENTICATED"
        with connected(admin.endpoint) as channel:
            assert send(channel, "GetVersion", {}).status == "UNAVAILABLE"


def token_of(admin: Laboratory, form: bytes = b"grant_type=client_credentials&scope=all") -> str:
    body = form + b"&client_id=flytepropeller&client_secret=foobar"
    with urllib.request.urlopen(f"{admin.token_url}/oauth2/token", body, timeout=30) as answer:  # noqa: S310 - of this machine
        return str(json.loads(answer.read())["access_token"])


def test_tokens_expire_at_their_time_and_on_demand() -> None:
    with Laboratory(auth=True, token_lifetime=1.5) as admin, connected(admin.endpoint) as channel:
        old = [("authorization", f"Bearer {token_of(admin)}")]
        assert send(channel, "GetVersion", {}, old).status == "OK"
        admin.expire_tokens()
        assert send(channel, "GetVersion", {}, old).status == "UNAUTHENTICATED"
        new = [("authorization", f"Bearer {token_of(admin)}")]
        assert send(channel, "GetVersion", {}, new).status == "OK"
        time.sleep(1.6)
        assert send(channel, "GetVersion", {}, new).status == "UNAUTHENTICATED"


def test_a_token_without_the_scope_is_not_enough() -> None:
    with Laboratory(auth=True) as admin, connected(admin.endpoint) as channel:
        weak = [("authorization", f"Bearer {token_of(admin, b'grant_type=client_credentials')}")]
        assert send(channel, "GetVersion", {}, weak).status == "UNAUTHENTICATED"
