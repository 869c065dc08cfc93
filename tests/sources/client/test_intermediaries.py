"""What stands between a client and Flyte Admin: each trouble has its own cause and its own remedy."""

from __future__ import annotations

import subprocess
import sys
from typing import TYPE_CHECKING

import pytest

import flytetask_nb as ftn
from flytetask_nb.sources.client import calls
from tests.conftest import ROOT
from tests.embedded_admin.laboratory.running import Laboratory
from tests.sources.client.intermediaries import WebProxy, ingress, listening, proxying, saying, silent
from tests.sources.client.serving import Served, make_task, serving

if TYPE_CHECKING:
    from collections.abc import Iterator

HOST = "flyte.invalid"
VARIABLES = ("grpc_proxy", "https_proxy", "http_proxy", "no_grpc_proxy", "no_proxy", "HTTPS_PROXY", "HTTP_PROXY")


@pytest.fixture(autouse=True)
def no_proxies(monkeypatch: pytest.MonkeyPatch) -> None:
    for name in VARIABLES:
        monkeypatch.delenv(name, raising=False)


@pytest.fixture
def served() -> Iterator[Served]:
    with serving(Served(tasks=[make_task("n")])) as running:
        yield running


def failure(endpoint: str, *, insecure: bool = True, timeout: float = 1.0) -> ftn.RemoteError:
    with (
        ftn.connect(endpoint, insecure=insecure, timeout=timeout, auth="None") as remote,
        pytest.raises(ftn.RemoteError) as error,
    ):
        remote.projects()
    return error.value


# -- web proxies -----------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("variable", ["grpc_proxy", "https_proxy", "http_proxy"])
@pytest.mark.parametrize("insecure", [False, True])
@pytest.mark.parametrize(
    ("behaviour", "told"),
    [
        ({"status": "403 Forbidden"}, "refuses the way to the server: set no_proxy=flyte.invalid"),
        ({"status": "502 Bad Gateway"}, "refuses the way to the server"),
        ({"login": "you:else"}, "wants a login: put user and password into its address"),
        ({"dies": True}, "may be down: set no_proxy=flyte.invalid"),
    ],
)
def test_a_proxy_that_does_not_let_through_is_told(
    monkeypatch: pytest.MonkeyPatch, variable: str, insecure: bool, behaviour: dict[str, object], told: str
) -> None:
    with proxying(WebProxy(**behaviour)) as proxy:  # type: ignore[arg-type]
        monkeypatch.setenv(variable, f"http://me:hidden@127.0.0.1:{proxy.port}")
        error = failure(f"{HOST}:443", insecure=insecure)
    assert told in error.remedy
    assert f"{variable}=http://me:••••••@127.0.0.1:{proxy.port}" in str(error)
    assert "hidden" not in str(error)


@pytest.mark.parametrize("url", ["http://127.0.0.1:1", "http://proxy.invalid:3128"])
def test_a_proxy_that_is_not_there_is_told(monkeypatch: pytest.MonkeyPatch, url: str) -> None:
    """And not that nothing listens at the server, or that the server has no such name."""
    monkeypatch.setenv("https_proxy", url)
    assert f"https_proxy={url}, is not there: set no_proxy={HOST}" in failure(f"{HOST}:443").remedy


def test_a_proxy_that_says_nothing_is_told(monkeypatch: pytest.MonkeyPatch) -> None:
    with listening(silent) as port:
        monkeypatch.setenv("https_proxy", f"http://127.0.0.1:{port}")
        assert f"http://127.0.0.1:{port}" in failure(f"{HOST}:443", timeout=0.3).remedy


@pytest.mark.parametrize("url", ["https://127.0.0.1:1", "socks5://127.0.0.1:1", "127.0.0.1:1"])
def test_a_proxy_that_grpc_passes_by_is_told(monkeypatch: pytest.MonkeyPatch, url: str) -> None:
    monkeypatch.setenv("https_proxy", url)
    assert f"and not through https_proxy={url}" in failure(f"{HOST}:443").remedy


@pytest.mark.parametrize("login", ["", "me:hidden"])
def test_a_proxy_that_lets_through_is_used(monkeypatch: pytest.MonkeyPatch, served: Served, login: str) -> None:
    with proxying(WebProxy(int(served.endpoint.rpartition(":")[2]), login=login)) as proxy:
        monkeypatch.setenv("https_proxy", f"http://{login}{login and '@'}127.0.0.1:{proxy.port}")
        with ftn.connect(f"{HOST}:443", insecure=True) as remote:
            assert remote.projects() == ["p"]
    assert [f"{HOST}:443"] == proxy.asked


@pytest.mark.parametrize("auth", [False, True])
def test_the_sandbox_works_whatever_the_proxy(monkeypatch: pytest.MonkeyPatch, auth: bool) -> None:
    """On loopback nothing is sent to a proxy, neither calls nor the login."""
    with proxying(WebProxy(dies=True)) as proxy, Laboratory(auth=auth) as admin:
        for name in ("grpc_proxy", "https_proxy", "http_proxy", "HTTP_PROXY", "HTTPS_PROXY", "all_proxy"):
            monkeypatch.setenv(name, f"http://127.0.0.1:{proxy.port}")
        login = {"client_id": "flytepropeller", "client_secret": "foobar"} if auth else None
        port = admin.endpoint.rpartition(":")[2]
        for endpoint in (admin.endpoint, f"localhost:{port}"):
            with ftn.connect(endpoint, insecure=True, auth=login, plain_text_token=auth) as remote:
                assert remote.projects() == ["flyteexamples", "flytesnacks"]
        assert proxy.asked == []


# -- ingresses -------------------------------------------------------------------------------------------------------

PAGE = b"<!DOCTYPE html>\n<html><title>Sign in</title></html>" + b"<p>" * 2000
TOLD = {
    "302": "leads on to another address",
    "307": "leads on to another address",
    "403": "what stands in front of Flyte Admin refuses",
    "404": "nothing of Flyte's is behind that address",
    "407": "wants a login of its own: set admin.proxyCommand",
    "429": "takes no more requests for now: wait",
    "500": "does not reach it: try again later",
    "503": "does not reach it: try again later",
}


@pytest.mark.parametrize("status", TOLD)
@pytest.mark.parametrize("body", [b"", PAGE])
def test_an_ingress_that_answers_itself_is_told(status: str, body: bytes) -> None:
    with ingress(status, body, headers=(("content-type", "text/html"), ("location", "https://login/"))) as port:
        error = failure(f"127.0.0.1:{port}")
    assert TOLD[status] in error.remedy
    assert status in str(error)


@pytest.mark.parametrize("status", ["301 Moved", "302 Found", "429 Too Many Requests", "503 Service Unavailable"])
def test_an_ingress_of_http1_is_told(status: str) -> None:
    with listening(saying(f"HTTP/1.1 {status}\r\nContent-Length: 5\r\n\r\nhello".encode())) as port:
        error = failure(f"127.0.0.1:{port}")
    assert TOLD.get(status[:3], TOLD["302"]) in error.remedy


@pytest.mark.parametrize("body", [b"", b"ok", b"{}", b"\0" * 40, PAGE])
def test_a_page_in_place_of_an_answer_is_told(body: bytes) -> None:
    with ingress("200", body) as port:
        assert "no Flyte but a page" in failure(f"127.0.0.1:{port}").remedy


@pytest.mark.parametrize(
    "answer",
    [
        b"HTTP/1.1 200 OK\r\n\r\n<html>",
        b"HTTP/1.1 400 Bad Request\r\n\r\n",
        b"HTTP/1.1 505 HTTP Version Not Supported\r\n\r\n",
        b"<!DOCTYPE HTML><html>",
    ],
)
def test_admins_http_port_is_told(answer: bytes) -> None:
    with listening(saying(answer)) as port:
        assert "gRPC port (8089 where its HTTP port is 8088)" in failure(f"127.0.0.1:{port}").remedy


@pytest.mark.parametrize(("status", "times"), [("429", calls.TRIES), ("503", calls.TRIES), ("302", 1), ("403", 1)])
def test_an_ingress_is_asked_again_where_it_may_change_its_mind(status: str, times: int) -> None:
    seen: list[int] = []
    with ingress(status, seen=seen) as port:
        failure(f"127.0.0.1:{port}")
    assert len(seen) == times


def test_texts_of_admin_are_not_taken_for_an_ingress() -> None:
    from flytetask_nb.sources.client.status_advice import remedy  # noqa: PLC0415

    assert remedy("INVALID_ARGUMENT", "a web server answers HTTP/2 HTTP status 302") == "check what was asked for"


# -- quiet -----------------------------------------------------------------------------------------------------------

NOISY = """
import {first}, sys, os
import flytetask_nb as ftn
from flytetask_nb.sources.client import calls
calls.FIRST_WAIT = 0.01
for endpoint, auth in ((sys.argv[1], "None"), ("localhost:1", "None"), ("nowhere.invalid:1", "None")):
    for insecure in (False, True):
        try:
            ftn.connect(endpoint, insecure=insecure, timeout=1, auth=auth).projects()
        except ftn.FlyteTaskError as error:
            print("told")
"""


@pytest.mark.parametrize("first", ["grpc", "flytetask_nb"])
def test_grpc_writes_nothing_onto_the_error_stream(served: Served, first: str) -> None:
    """Whether it was loaded before this package or by it."""
    done = subprocess.run(
        [sys.executable, "-c", NOISY.format(first=first), served.endpoint],
        cwd=ROOT,
        capture_output=True,
        text=True,
        check=True,
    )
    assert (done.stdout.split(), done.stderr) == (["told"] * 5, "")
