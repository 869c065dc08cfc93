"""Recorded exchanges with a real Flyte Admin, sent again: each line is a case."""

from __future__ import annotations

import base64
import json
import urllib.error
import urllib.parse
import urllib.request
from typing import TYPE_CHECKING, Any

import pytest

import flytetask_nb as ftn
from tests.embedded_admin.laboratory.running import Laboratory
from tests.embedded_admin.replay import Reply, compared, connected, read, send, send_to_auth_service

if TYPE_CHECKING:
    from pathlib import Path

# How many lines the whole files hold at least: a test over a truncated file must not pass.
LEAST = {"register": 128, "list": 248, "workflows": 56, "auth": 18}


@pytest.mark.parametrize("name", ["register", "list", "workflows"])
def test_every_recorded_call_is_answered_as_it_was(transcripts: Path, name: str) -> None:
    """Status, message, details and rows agree; rows with equal sort keys in any order."""
    cases = read(transcripts / f"{name}.jsonl")
    assert len(cases) >= LEAST[name]
    wrong = []
    with ftn.sandbox() as admin, connected(admin.endpoint) as channel:
        for number, case in enumerate(cases):
            expected, actual = compared(case, send(channel, case["call"], case["request"]))
            if expected != actual:
                wrong.append((number, case["note"], expected, actual))
    assert wrong == []


def test_the_shipped_registrations_are_answered_as_they_were(data: Path) -> None:
    """The sample of the transcripts that ships with the project agrees too."""
    cases = read(data / "transcripts" / "register.jsonl")
    with ftn.sandbox() as admin, connected(admin.endpoint) as channel:
        for case in cases:
            expected, actual = compared(case, send(channel, case["call"], case["request"]))
            assert expected == actual, case["note"]
    assert len(cases) >= 50


def test_every_difference_is_told_to_the_letter(transcripts: Path) -> None:
    """What is registered again and differs is told with the real server's paths and values."""
    told = 0
    with ftn.sandbox() as admin, connected(admin.endpoint) as channel:
        for case in read(transcripts / "register.jsonl"):
            reply = send(channel, case["call"], case["request"])
            if "different structure" in case.get("message", ""):
                assert case["message"] == reply.message, case["note"]
                told += 1
    assert told >= 22


def ask_for_token(url: str, form: dict[str, str], basic_auth: str | None) -> tuple[int, dict[str, Any]]:
    request = urllib.request.Request(url, urllib.parse.urlencode(form).encode())  # noqa: S310 - of this machine
    if basic_auth is not None:
        request.add_header("Authorization", "Basic " + base64.b64encode(basic_auth.encode()).decode())
    try:
        with urllib.request.urlopen(request, timeout=30) as answer:  # noqa: S310 - of this machine
            return answer.status, json.loads(answer.read())
    except urllib.error.HTTPError as error:
        return error.code, json.loads(error.read())


def with_ports_of(told: dict[str, Any], base_url: str) -> dict[str, Any]:
    return {
        name: value.replace("http://127.0.0.1:18288", base_url) if isinstance(value, str) else value
        for name, value in told.items()
    }


def test_every_recorded_login_is_answered_as_it_was(transcripts: Path) -> None:
    """Tokens are given and refused over HTTP, and asked for over gRPC, as the real server does."""
    cases = read(transcripts / "auth.jsonl")
    assert len(cases) >= LEAST["auth"]
    with Laboratory(auth=True) as admin, connected(admin.endpoint) as channel:
        assert admin.token_url is not None
        token_endpoint = f"{admin.token_url}/oauth2/token"
        form = {"grant_type": "client_credentials", "scope": "all"}
        good = ask_for_token(token_endpoint, form, "flytepropeller:foobar")[1]["access_token"]
        stand_ins = {"<valid token>": good, "<token with a broken signature>": good[:-8] + "AAAAAAAA"}
        for case in cases:
            if case["call"].startswith("POST"):
                status, answer = ask_for_token(token_endpoint, case["form"], case["basic_auth"])
                if "access_token" in answer:
                    answer["access_token"] = "<token>"  # noqa: S105 - a stand-in
                assert (case["status"], case["response"]) == (status, answer), case["note"]
                continue
            metadata = []
            for key, value in case["metadata"]:
                for stand_in, token in stand_ins.items():
                    value = value.replace(stand_in, token)  # noqa: PLW2901 - filled in
                metadata.append((key, value))
            if case["call"] in ("GetOAuth2Metadata", "GetPublicClientConfig"):
                reply = send_to_auth_service(channel, case["call"])
                expected: Any = with_ports_of(case["response"], admin.token_url)
                assert expected == reply.response, case["note"]
                continue
            reply = send(channel, case["call"], case["request"], metadata)
            assert case["status"] == reply.status, case["note"]
            assert case.get("response", {}) == (reply.response or {}), case["note"]


def test_the_comparison_can_fail() -> None:
    """Another code, another message, another row: each of them is noticed."""
    refused = {"call": "ListTasks", "request": {}, "status": "INVALID_ARGUMENT", "message": "missing id"}
    listed = {
        "call": "ListTasks",
        "request": {"sortBy": {}},
        "status": "OK",
        "response": {"tasks": [{"id": {"name": "a"}}]},
    }
    for case, reply in (
        (refused, Reply("NOT_FOUND", None, "missing id")),
        (refused, Reply("INVALID_ARGUMENT", None, "missing project")),
        (refused, Reply("OK", {}, "")),
        (listed, Reply("OK", {}, "")),
        (listed, Reply("OK", {"tasks": [{"id": {"name": "b"}}]}, "")),
        (by_name("a1 a2 b1"), Reply("OK", tasks("b1 a1 a2"), "")),
        (by_name("a1 a2 b1"), Reply("OK", tasks("a1 a1 b1"), "")),
    ):
        expected, actual = compared(case, reply)
        assert expected != actual


def tasks(names_and_versions: str) -> dict[str, Any]:
    return {"tasks": [{"id": {"name": text[0], "version": text[1]}} for text in names_and_versions.split()]}


def by_name(names_and_versions: str) -> dict[str, Any]:
    request = {"sortBy": {"key": "name"}}
    return {"call": "ListTasks", "request": request, "status": "OK", "response": tasks(names_and_versions)}


def test_equals_are_compared_as_a_set() -> None:
    expected, actual = compared(by_name("a1 a2 b1"), Reply("OK", tasks("a2 a1 b1"), ""))
    assert expected == actual
