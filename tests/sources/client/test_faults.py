"""Faults between client and server: none loses a row, comes twice, or leaves a call behind."""

from __future__ import annotations

import threading
import time
from typing import TYPE_CHECKING, Any

import grpc
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

import flytetask_nb as ftn
from flytetask_nb.sources.client.listed_tasks import REPEATED
from tests.embedded_admin.laboratory.faults import Fault
from tests.embedded_admin.laboratory.running import Laboratory
from tests.embedded_admin.replay import read, send
from tests.sources.client.oauth import make_certificate

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

PLACE = ("flytesnacks", "development")
CLIENT = {"client_id": "flytepropeller", "client_secret": "foobar"}


def fill(admin: Any, transcripts: Path, **how: Any) -> None:
    with grpc.insecure_channel(admin.endpoint) as channel:
        for case in read(transcripts / "list.jsonl"):
            if case["call"] == "CreateTask":
                assert send(channel, case["call"], case["request"], **how).status == "OK"


@pytest.fixture(scope="module")
def faulty(transcripts: Path) -> Iterator[Any]:
    """Return an Admin that can be told what goes wrong, a client that does not wait long, and what there is."""
    with Laboratory(faults=[]) as admin:
        fill(admin, transcripts)
        with ftn.connect(admin.endpoint, insecure=True, timeout=0.5, max_message_size=100_000) as remote:
            yield admin, remote, [task.id for task in remote.list_tasks(*PLACE)]


KINDS = ("unavailable", "drop", "delay", "oversized", "duplicates", "garbage")


@settings(max_examples=30)
@given(
    faults=st.lists(
        st.builds(
            Fault,
            st.sampled_from(KINDS),
            method=st.just("ListTasks"),
            after=st.integers(0, 4),
            seconds=st.just(0.8),
            size=st.just(20_000),
        ),
        max_size=3,
        unique_by=lambda fault: fault.kind,
    ),
    page_size=st.integers(3, 40),
)
def test_no_fault_loses_a_row(faulty: Any, faults: list[Fault], page_size: int) -> None:
    """What is damaged is recorded, what is repeated counted, and everything else is there, in order."""
    admin, remote, expected = faulty
    admin.faults.clear()
    for fault in faults:
        admin.faults.add(fault)
    found = remote.list_tasks(*PLACE, page_size=page_size)
    assert expected == [task.id for task in found]
    assert len(found.failures) <= 1
    assert found.skipped.get(REPEATED, 0) <= 1
    names = [thread.name for thread in threading.enumerate()]
    assert not [name for name in names if name.startswith("flytetask-nb-listing")]


@pytest.mark.parametrize(
    ("kind", "failures", "repeated"), [("duplicates", 0, 1), ("garbage", 1, 0), ("oversized", 0, 0), ("drop", 0, 0)]
)
def test_each_fault_is_told(faulty: Any, kind: str, failures: int, repeated: int) -> None:
    admin, remote, expected = faulty
    admin.faults.clear()
    admin.faults.add(Fault(kind, method="ListTasks", after=2, size=20_000))
    found = remote.list_tasks(*PLACE, page_size=7)
    assert expected == [task.id for task in found]
    assert (failures, repeated) == (len(found.failures), found.skipped.get(REPEATED, 0))
    assert list(admin.faults) == []


def test_a_garbled_task_is_an_error_of_its_own(faulty: Any) -> None:
    admin, remote, _ = faulty
    admin.faults.clear()
    admin.faults.add(Fault("garbage", method="GetTask"))
    with pytest.raises(ftn.RemoteError, match="the answer is no Task"):
        remote.fetch_task(*PLACE, "app.train", "v1")


def test_a_server_that_is_always_late_ends_in_an_error(faulty: Any) -> None:
    admin, _, __ = faulty
    admin.faults.clear()
    admin.faults.add(Fault("delay", method="ListTasks", times=99, seconds=1.0))
    start = time.monotonic()
    with ftn.connect(admin.endpoint, insecure=True, timeout=0.2) as remote, pytest.raises(ftn.RemoteError) as error:
        remote.list_tasks(*PLACE)
    admin.faults.clear()
    assert error.value.code == "DEADLINE_EXCEEDED"
    assert time.monotonic() - start < 5


def test_tokens_that_expire_on_the_way_lose_nothing(tmp_path: Path) -> None:
    """Over TLS, with the embedded Admin's own authorization server."""
    keys = make_certificate()
    (tmp_path / "ca.pem").write_bytes(keys[1])
    with Laboratory(auth=True, tls=keys) as admin:
        with ftn.connect(admin.endpoint, ca_cert=tmp_path / "ca.pem", auth=CLIENT) as remote:
            assert remote.projects() == ["flyteexamples", "flytesnacks"]
            admin.expire_tokens()
            assert list(remote.list_tasks()) == []
        with (
            ftn.connect(admin.endpoint, ca_cert=tmp_path / "ca.pem", auth="None") as remote,
            pytest.raises(ftn.errors.AuthenticationError, match="log in: pass auth="),
        ):
            remote.projects()
