# ruff: noqa: PLR0917 - fixtures are asked for by name
"""Logins: every way, over TLS, with tokens that end in no text and on no plain wire."""

from __future__ import annotations

import logging
import socket
import sys
import threading
from typing import TYPE_CHECKING, Any

import grpc
import keyring
import pytest
from keyring.backend import KeyringBackend

import flytetask_nb as ftn
from tests.conftest import flytekit_module
from tests.sources.client.oauth import CLIENT, SECRET, Issuer, issuing, make_certificate
from tests.sources.client.serving import Refusal, Served, make_task, serving

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

CREDENTIALS = {"client_id": CLIENT, "client_secret": SECRET}


class Memory(KeyringBackend):
    """A keyring that a test can look into."""

    priority = 1  # type: ignore[assignment]

    def __init__(self) -> None:
        super().__init__()
        self.entries: dict[tuple[str, str], str] = {}

    def get_password(self, service: str, username: str) -> str | None:
        return self.entries.get((service, username))

    def set_password(self, service: str, username: str, password: str) -> None:
        self.entries[service, username] = password


@pytest.fixture
def ring() -> Iterator[Memory]:
    before = keyring.get_keyring()
    memory = Memory()
    keyring.set_keyring(memory)
    yield memory
    keyring.set_keyring(before)


@pytest.fixture(scope="module")
def certificate() -> tuple[bytes, bytes]:
    return make_certificate()


@pytest.fixture
def ca(tmp_path: Path, certificate: tuple[bytes, bytes]) -> str:
    (tmp_path / "ca.pem").write_bytes(certificate[1])
    return str(tmp_path / "ca.pem")


@pytest.fixture
def issuer(tmp_path: Path, certificate: tuple[bytes, bytes]) -> Iterator[Issuer]:
    with issuing(certificate, tmp_path) as running:
        yield running


def free_port() -> int:
    with socket.socket() as one:
        one.bind(("localhost", 0))
        port: int = one.getsockname()[1]
        return port


@pytest.fixture
def secured(issuer: Issuer, certificate: tuple[bytes, bytes]) -> Iterator[Served]:
    """Give a server that speaks TLS and wants one of the issuer's tokens."""
    served = Served(tasks=[make_task("n", str(number)) for number in range(30)], before=guard(issuer))
    served.login, served.client = issuer.metadata(f"http://localhost:{free_port()}/callback")
    credentials = grpc.ssl_server_credentials([certificate])
    with serving(served, credentials) as running:
        yield running


def guard(issuer: Issuer) -> Any:
    def check(method: str, _: Any, metadata: dict[str, str]) -> None:
        if method in {"GetOAuth2Metadata", "GetPublicClientConfig"}:
            return
        if metadata.get("flyte-authorization", "").removeprefix("Bearer ") not in issuer.valid:
            raise Refusal(grpc.StatusCode.UNAUTHENTICATED, f"token parse error: {metadata.get('flyte-authorization')}")

    return check


def test_client_credentials(secured: Served, issuer: Issuer, ca: str) -> None:
    """The token is had before the first call, and used for all that follow."""
    with ftn.connect(secured.endpoint, ca_cert=ca, auth=CREDENTIALS, project="p", domain="d") as remote:
        assert len(remote.list_tasks(page_size=7)) == 30
        assert remote.fetch_task(name="n").name == "n"
    assert issuer.forms == [{"grant_type": "client_credentials", "scope": "all"}]
    assert secured.calls["GetPublicClientConfig"] == 1


def test_token_that_expires_is_renewed_once(secured: Served, issuer: Issuer, ca: str) -> None:
    """Several calls are refused at a time, and one of them logs in again; no row is lost."""
    with ftn.connect(secured.endpoint, ca_cert=ca, auth=CREDENTIALS, project="p", domain="d") as remote:
        assert len(remote.list_tasks()) == 30
        issuer.valid.clear()
        assert len(remote.list_tasks(page_size=3)) == 30
    assert issuer.number == 2


def test_token_that_is_refused_again_is_an_error(secured: Served, ca: str) -> None:
    secured.before = lambda method, *_: guard(Issuer())(method, None, {})
    with (
        ftn.connect(secured.endpoint, ca_cert=ca, auth=CREDENTIALS) as remote,
        pytest.raises(ftn.AuthenticationError) as error,
    ):
        remote.projects()
    assert (error.value.code, secured.calls["ListProjects"]) == ("UNAUTHENTICATED", 2)


@pytest.mark.parametrize(
    ("auth", "told"),
    [
        ({"client_id": CLIENT, "client_secret": "hidden-wrong"}, "invalid_client.*check client id and secret"),
        ({**CREDENTIALS, "scopes": "nope"}, "invalid_scope.*the server says which it wants"),
        ({"type": "ClientSecret", "client_id": CLIENT}, "has no client secret; set admin.clientId"),
        ({"client_secret": "hidden"}, "has no client id; set admin.clientId"),
        ({"command": [sys.executable, "-c", "exit(3)"]}, "ended with 3; run"),
        ({"command": [sys.executable, "-c", ""]}, "printed no token"),
        ({"command": ["/nowhere/hidden"], "type": "ExternalCommand"}, "cannot be run: FileNotFoundError"),
        ("ExternalCommand", "ExternalCommand has no command"),
        ({"token": "hidden-stale"}, "UNAUTHENTICATED"),
        ("None", "UNAUTHENTICATED.*log in: pass auth="),
    ],
)
def test_logins_that_fail_say_what_to_do(secured: Served, ca: str, auth: Any, told: str) -> None:
    with (
        ftn.connect(secured.endpoint, ca_cert=ca, auth=auth) as remote,
        pytest.raises(ftn.AuthenticationError, match=told) as error,
    ):
        remote.projects()
    assert "hidden" not in str(error.value).replace("/nowhere/hidden", "")
    assert SECRET not in str(error.value)


def test_static_token(secured: Served, issuer: Issuer, ca: str) -> None:
    issuer.valid.add("hidden-mine")
    with ftn.connect(secured.endpoint, ca_cert=ca, auth={"token": "hidden-mine"}) as remote:
        assert remote.projects() == ["p"]


def test_external_command(secured: Served, issuer: Issuer, ca: str) -> None:
    issuer.valid.add("hidden-printed")
    command = [sys.executable, "-c", "print('hidden-printed')"]
    with ftn.connect(secured.endpoint, ca_cert=ca, auth={"command": command}) as remote:
        assert remote.projects() == ["p"]


def test_proxy_command_goes_beside_the_token(secured: Served, issuer: Issuer, ca: str, tmp_path: Path) -> None:
    issuer.valid.add("hidden-mine")
    (tmp_path / "c.yaml").write_text(
        f"admin: {{endpoint: '{secured.endpoint}', proxyCommand: ['{sys.executable}', '-c', 'print(\"for-proxy\")']}}"
    )
    with ftn.connect(config_file=tmp_path / "c.yaml", ca_cert=ca, auth={"token": "hidden-mine"}) as remote:
        remote.projects()
    metadata = next(metadata for method, _, metadata in secured.requests if method == "ListProjects")
    assert metadata["proxy-authorization"] == "Bearer for-proxy"


def browser(tmp_path: Path, ca: str) -> str:
    """Give a command that does what a person with a browser does: follows the login back to where it leads."""
    script = tmp_path / "browser.py"
    script.write_text(
        "import ssl, sys, urllib.request\n"
        f"context = ssl.create_default_context(cafile={ca!r})\n"
        "urllib.request.urlopen(sys.argv[1], context=context).read()\n"
    )
    return f"{sys.executable} {script} %s"


def test_pkce_opens_a_browser(
    secured: Served,
    issuer: Issuer,
    ca: str,
    tmp_path: Path,
    ring: Memory,
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
) -> None:
    """Once: the login is kept under flytekit's names, and the next session finds it there."""
    import webbrowser  # noqa: PLC0415

    monkeypatch.setenv("BROWSER", browser(tmp_path, ca))
    for name in ("SSH_CONNECTION", "JUPYTERHUB_SERVICE_PREFIX"):
        monkeypatch.delenv(name, raising=False)
    monkeypatch.setattr(webbrowser, "_tryorder", None)
    with ftn.connect(secured.endpoint, ca_cert=ca) as remote:
        assert remote.projects() == ["p"]
        assert remote.domains() == ["d", "e"]
    assert [form["grant_type"] for form in issuer.forms] == ["authorization_code"]
    assert f"Log in at {issuer.url}/authorize?" in capsys.readouterr().err
    kept = flytekit_module("flytekit.clients.auth.keyring").KeyringStore.retrieve(secured.endpoint)
    assert (kept.access_token, kept.refresh_token) == ("hidden-access-1", "hidden-refresh-1")
    with ftn.connect(secured.endpoint, ca_cert=ca) as remote:
        assert remote.projects() == ["p"]
    assert issuer.number == 1
    issuer.valid.clear()
    with ftn.connect(secured.endpoint, ca_cert=ca) as remote:
        assert remote.projects() == ["p"]
    assert issuer.forms[-1]["grant_type"] == "refresh_token"
    assert ring.entries[secured.endpoint, "access_token"] == "hidden-access-2"


def test_pkce_from_a_notebook_on_another_machine(
    secured: Served, issuer: Issuer, ca: str, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    """Its address is shown, and the one that the browser ended on can be pasted."""
    from urllib.parse import parse_qsl, urlsplit  # noqa: PLC0415

    monkeypatch.setenv("JUPYTERHUB_SERVICE_PREFIX", "/user/me")
    monkeypatch.setattr("sys.stdin.isatty", lambda: True, raising=False)

    def pasted(_: str) -> str:
        address = capsys.readouterr().err.removeprefix("Log in at ").strip()
        return issuer.authorize(dict(parse_qsl(urlsplit(address).query)))

    monkeypatch.setattr("builtins.input", pasted)
    with ftn.connect(secured.endpoint, ca_cert=ca) as remote:
        assert remote.projects() == ["p"]


@pytest.mark.parametrize(
    ("change", "told"),
    [
        (lambda address: address.replace("state=", "state=x"), "not the one that was begun"),
        (lambda address: address.replace("code=", "error=access_denied&none="), "refused: access_denied"),
    ],
)
def test_login_of_somebody_else_is_refused(
    secured: Served,
    issuer: Issuer,
    ca: str,
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
    change: Any,
    told: str,
) -> None:
    from urllib.parse import parse_qsl, urlsplit  # noqa: PLC0415

    monkeypatch.setenv("SSH_CONNECTION", "1")
    monkeypatch.setattr("sys.stdin.isatty", lambda: True, raising=False)
    monkeypatch.setattr(
        "builtins.input",
        lambda _: change(
            issuer.authorize(
                dict(parse_qsl(urlsplit(capsys.readouterr().err.removeprefix("Log in at ").strip()).query))
            )
        ),
    )
    with ftn.connect(secured.endpoint, ca_cert=ca) as remote, pytest.raises(ftn.AuthenticationError, match=told):
        remote.projects()


def test_device_flow(
    secured: Served, issuer: Issuer, ca: str, ring: Memory, capsys: pytest.CaptureFixture[str]
) -> None:
    issuer.pending = 2
    with ftn.connect(secured.endpoint, ca_cert=ca, auth="DeviceFlow") as remote:
        assert remote.projects() == ["p"]
    said = capsys.readouterr().err
    assert f"Log in at {issuer.url}/enter with the code ABCD\n" == said
    assert len(issuer.forms) == 3
    assert ring.entries[secured.endpoint, "access_token"] == "hidden-access-1"


def test_expired_refresh_token_leads_to_a_new_login(secured: Served, ca: str, ring: Memory) -> None:
    ring.entries = {(secured.endpoint, "access_token"): "hidden-old", (secured.endpoint, "refresh_token"): "hidden-old"}
    with ftn.connect(secured.endpoint, ca_cert=ca, auth="DeviceFlow") as remote:
        assert remote.projects() == ["p"]
    assert ring.entries[secured.endpoint, "access_token"] == "hidden-access-1"


# -- nothing in the open ---------------------------------------------------------------------------------------------


@pytest.mark.parametrize("auth", [{"token": "hidden"}, CREDENTIALS, {"command": [sys.executable, "-c", "print('x')"]}])
def test_no_token_goes_over_plain_text_unless_asked_by_name(auth: Any) -> None:
    with serving(Served(tasks=[make_task("n")])) as served, issuing() as issuer:
        served.login, served.client = issuer.metadata()
        with (
            ftn.connect(served.endpoint, insecure=True, auth=auth) as remote,
            pytest.raises(ftn.AuthenticationError, match=r"not encrypted.*plain_text_token=True"),
        ):
            remote.projects()
        assert issuer.forms == []
        assert served.calls == {}
        with ftn.connect(served.endpoint, insecure=True, auth=auth, plain_text_token=True) as remote:
            assert remote.projects() == ["p"]


def test_kept_token_does_not_go_over_plain_text(ring: Memory) -> None:
    with serving(Served(tasks=[make_task("n")])) as served:
        ring.entries = {(served.endpoint, "access_token"): "hidden"}
        with ftn.connect(served.endpoint, insecure=True) as remote:
            remote.projects()
        ((_, _, metadata),) = served.requests
    assert not any("hidden" in value for value in metadata.values())


def test_no_secret_goes_to_a_plain_token_endpoint(secured: Served, ca: str) -> None:
    with issuing() as plain:
        secured.login, secured.client = plain.metadata()
        with (
            ftn.connect(secured.endpoint, ca_cert=ca, auth=CREDENTIALS) as remote,
            pytest.raises(ftn.AuthenticationError, match="which is not encrypted"),
        ):
            remote.projects()
        assert plain.forms == []


def test_no_token_in_any_repr_log_or_error(
    secured: Served, ca: str, caplog: pytest.LogCaptureFixture, capfd: pytest.CaptureFixture[str]
) -> None:
    """The server echoes the token that it refuses, and it is masked."""
    caplog.set_level(logging.DEBUG)
    told = []
    with ftn.connect(secured.endpoint, ca_cert=ca, auth=CREDENTIALS) as remote:
        remote.projects()
        told += [repr(remote), repr(remote._calls._authenticator), repr(remote._calls._authenticator._tokens)]
        told.append(repr(vars(remote._calls._authenticator)))
    with ftn.connect(secured.endpoint, ca_cert=ca, auth={"token": "hidden-stale"}) as remote:
        with pytest.raises(ftn.AuthenticationError) as error:
            remote.projects()
        told += [str(error.value), repr(vars(error.value))]
        assert "Bearer ••••••" in str(error.value)
    told += [caplog.text, *capfd.readouterr()]
    assert not any("hidden" in text or SECRET in text for text in told)


# -- TLS -------------------------------------------------------------------------------------------------------------


def test_unknown_certificate_is_told(secured: Served) -> None:
    with (
        ftn.connect(secured.endpoint, timeout=2, auth="None") as remote,
        pytest.raises(ftn.RemoteError, match="pass ca_cert=") as error,
    ):
        remote.projects()
    assert ("UNAVAILABLE", secured.endpoint) == (error.value.code, error.value.endpoint)


def test_plain_server_asked_for_tls_is_told() -> None:
    with (
        serving(Served()) as served,
        ftn.connect(served.endpoint, timeout=2, auth="None") as remote,
        pytest.raises(ftn.RemoteError, match="insecure=True"),
    ):
        remote.projects()


def test_tls_server_asked_in_plain_text_is_told(secured: Served) -> None:
    with (
        ftn.connect(secured.endpoint, insecure=True, timeout=2) as remote,
        pytest.raises(ftn.RemoteError, match="insecure=False"),
    ):
        remote.projects()


def test_certificate_for_another_name_is_told(tmp_path: Path) -> None:
    pair = make_certificate("other.example.com")
    (tmp_path / "other.pem").write_bytes(pair[1])
    with (
        serving(Served(), grpc.ssl_server_credentials([pair])) as served,
        ftn.connect(served.endpoint, ca_cert=tmp_path / "other.pem", timeout=2, auth="None") as remote,
        pytest.raises(ftn.RemoteError, match="for another name"),
    ):
        remote.projects()


def test_shown_certificate_is_trusted_where_the_configuration_says_so(
    secured: Served, issuer: Issuer, tmp_path: Path
) -> None:
    issuer.valid.add("hidden-mine")
    (tmp_path / "c.yaml").write_text(f"admin: {{endpoint: '{secured.endpoint}', insecureSkipVerify: true}}")
    with ftn.connect(config_file=tmp_path / "c.yaml", auth={"token": "hidden-mine"}) as remote:
        assert remote.projects() == ["p"]


def test_many_threads_log_in_once(secured: Served, issuer: Issuer, ca: str) -> None:
    with ftn.connect(secured.endpoint, ca_cert=ca, auth=CREDENTIALS) as remote:
        threads = [threading.Thread(target=remote.projects) for _ in range(8)]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join()
    assert (secured.calls["ListProjects"], issuer.number) == (8, 1)
