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
import yaml
from hypothesis import given
from hypothesis import strategies as st
from keyring.backend import KeyringBackend

import flytetask_nb as ftn
from flytetask_nb.sources.client.authentication import Authenticator
from flytetask_nb.sources.client.cluster_config import ClusterConfig
from flytetask_nb.sources.client.server_login import ServerLogin
from tests.conftest import flytekit_module
from tests.sources.client.intermediaries import WebProxy, ingress, proxying
from tests.sources.client.oauth import CLIENT, SECRET, Issuer, issuing, make_certificate, server_context
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
    """Return a server that speaks TLS and wants one of the issuer's tokens."""
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
        pytest.raises(ftn.errors.AuthenticationError) as error,
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
        pytest.raises(ftn.errors.AuthenticationError, match=told) as error,
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


# -- commands that are none ------------------------------------------------------------------------------------------

IMPROPER: dict[str, tuple[Any, str]] = {
    "a text": ("echo hidden", r'write a list: {setting}: \["echo", "hidden"\]'),
    "a text with a flag": (
        "get-token --password hidden --as me",
        r'write a list: {setting}: \["get-token", "--password", "••••••", "--as", "me"\]',
    ),
    "a text for a shell": (
        "cat token | base64 -d",
        r'write a list: {setting}: \["sh", "-c", "cat token \| base64 -d"\]',
    ),
    "a text with quotes": ("get 'a b'", r'write a list: {setting}: \["get", "a b"\]'),
    "a text with a path": ("/bin/echo token", r'write a list: {setting}: \["/bin/echo", "token"\]'),
    "a list of one text": (["echo token"], r'write a list: {setting}: \["echo", "token"\]'),
    "no such program": (["no-such-program", "x"], "the command no-such-program cannot be run: FileNotFoundError"),
    "no program": (["/etc/passwd"], "cannot be run: PermissionError"),
    "a failure": ([sys.executable, "-c", "print('hidden'); exit(3)"], "ended with 3; run"),
    "nothing": ([sys.executable, "-c", "print()"], "printed no token"),
    "words": ([sys.executable, "-c", "print('Updated hidden 1')"], "no token: it holds blanks or line breaks"),
    "a scheme": ([sys.executable, "-c", "print('Bearer hidden')"], "print the token alone"),
    "two lines": ([sys.executable, "-c", r"print('warning\nhidden')"], "holds blanks or line breaks"),
    "JSON": ([sys.executable, "-c", 'print(chr(123) + \'"token":"hidden"\' + chr(125))'], "no token: it is JSON"),
    "no ASCII": ([sys.executable, "-X", "utf8", "-c", "print('hidden\u00fc')"], "characters that no header can carry"),
}


@pytest.mark.parametrize("setting", ["admin.command", "admin.proxyCommand"])
@pytest.mark.parametrize("kind", IMPROPER)
def test_commands_that_are_none_are_told(secured: Served, ca: str, tmp_path: Path, kind: str, setting: str) -> None:
    command, told = IMPROPER[kind]
    admin = {"endpoint": secured.endpoint, setting.removeprefix("admin."): command}
    if setting == "admin.command":
        admin["authType"] = "ExternalCommand"
    (tmp_path / "c.yaml").write_text(yaml.safe_dump({"admin": admin}))
    with (
        ftn.connect(config_file=tmp_path / "c.yaml", ca_cert=ca) as remote,
        pytest.raises(ftn.errors.AuthenticationError, match=told.replace("{setting}", setting)) as error,
    ):
        remote.projects()
    assert "hidden" not in str(error.value).replace('["echo", "hidden"]', "")
    assert secured.calls == {}


def test_a_command_whose_path_has_blanks_is_run(secured: Served, issuer: Issuer, ca: str, tmp_path: Path) -> None:
    issuer.valid.add("hidden-printed")
    program = tmp_path / "my tools" / "token"
    program.parent.mkdir()
    program.write_text(f"#!{sys.executable}\nprint('hidden-printed')\n")
    program.chmod(0o700)
    (tmp_path / "c.yaml").write_text(
        f"admin: {{endpoint: '{secured.endpoint}', authType: ExternalCommand, command: '{program}'}}"
    )
    with ftn.connect(config_file=tmp_path / "c.yaml", ca_cert=ca) as remote:
        assert remote.projects() == ["p"]


# -- a proxy in front of Flyte ---------------------------------------------------------------------------------------


@pytest.fixture
def guarded(secured: Served, tmp_path: Path) -> Served:
    """Return the server behind a proxy that lets nobody pass without its token, whatever is asked."""
    behind = secured.before

    def check(method: str, request: Any, metadata: dict[str, str]) -> None:
        if metadata.get("proxy-authorization") != "Bearer for-proxy-" + (tmp_path / "day").read_text():
            raise Refusal(grpc.StatusCode.UNAUTHENTICATED, "Invalid IAP credentials: empty token")
        behind(method, request, metadata)

    (tmp_path / "day").write_text("1")
    secured.before = check
    return secured


def behind_proxy(served: Served, tmp_path: Path, **admin: Any) -> str:
    """Return a configuration whose proxyCommand prints the token of the day, and counts how often it is run."""
    script = tmp_path / "proxy.py"
    script.write_text(
        "import pathlib\n"
        f"folder = pathlib.Path({str(tmp_path)!r})\n"
        "with (folder / 'runs').open('a') as runs: runs.write('x')\n"
        "print('for-proxy-' + (folder / 'day').read_text())\n"
    )
    config = {"admin": {"endpoint": served.endpoint, "proxyCommand": [sys.executable, str(script)], **admin}}
    (tmp_path / "c.yaml").write_text(yaml.safe_dump(config))
    return str(tmp_path / "c.yaml")


WAYS: dict[str, Any] = {
    "client": CREDENTIALS,
    "command": {"command": [sys.executable, "-c", "print('hidden-mine')"]},
    "token": {"token": "hidden-mine"},
    "device": "DeviceFlow",
}


@pytest.mark.parametrize("way", WAYS)
def test_the_proxys_token_goes_with_every_request(
    guarded: Served, issuer: Issuer, ca: str, tmp_path: Path, way: str
) -> None:
    """With the discovery of the login, with requests for tokens, and with calls beside the token for Flyte."""
    issuer.valid.add("hidden-mine")
    with ftn.connect(config_file=behind_proxy(guarded, tmp_path), ca_cert=ca, auth=WAYS[way]) as remote:
        assert remote.projects() == ["p"]
    assert {"GetOAuth2Metadata", "GetPublicClientConfig", "ListProjects"} == set(guarded.calls)
    assert {"Bearer for-proxy-1"} == {metadata.get("proxy-authorization") for _, _, metadata in guarded.requests}
    assert {"Bearer for-proxy-1"} >= {headers.get("proxy-authorization") for headers in issuer.headers}
    assert bool(issuer.headers) == (way in {"client", "device"})
    # Who logs in after a refusal cannot know which of the two tokens was meant.
    assert (tmp_path / "runs").read_text() == ("xx" if way == "device" else "x")


@pytest.mark.parametrize("way", [*WAYS, "none"])
def test_the_proxys_token_is_renewed(guarded: Served, issuer: Issuer, ca: str, tmp_path: Path, way: str) -> None:
    """It lives an hour, and a session longer; also where there is no login to Flyte, or one that stays."""
    issuer.valid.add("hidden-mine")
    issuer.valid |= {""} if way == "none" else set()
    auth = WAYS.get(way, "None")
    with ftn.connect(config_file=behind_proxy(guarded, tmp_path), ca_cert=ca, auth=auth) as remote:
        assert remote.projects() == ["p"]
        before = (tmp_path / "runs").read_text()
        (tmp_path / "day").write_text("2")
        assert remote.projects() == ["p"]
    assert (tmp_path / "runs").read_text() == f"{before}x"


def test_a_proxy_that_answers_with_a_page_is_asked_again_with_another_token(tmp_path: Path) -> None:
    """And where that does not help, it is told what may be wrong with the command."""
    pair = make_certificate()
    (tmp_path / "ca.pem").write_bytes(pair[1])
    (tmp_path / "day").write_text("1")
    seen: list[int] = []
    with ingress("302", tls=server_context(pair, tmp_path, "h2"), seen=seen) as port:
        path = behind_proxy(Served(endpoint=f"127.0.0.1:{port}"), tmp_path)
        with (
            ftn.connect(config_file=path, ca_cert=tmp_path / "ca.pem") as remote,
            pytest.raises(ftn.RemoteError, match=r"does not take the token of admin\.proxyCommand"),
        ):
            remote.projects()
    assert (len(seen), (tmp_path / "runs").read_text()) == (2, "xx")


def test_the_proxys_token_goes_over_no_plain_wire(tmp_path: Path) -> None:
    with serving(Served(tasks=[make_task("n")])) as served:
        (tmp_path / "day").write_text("1")
        path = behind_proxy(served, tmp_path, insecure=True)
        with (
            ftn.connect(config_file=path) as remote,
            pytest.raises(ftn.errors.AuthenticationError, match=r"not encrypted.*plain_text_token=True"),
        ):
            remote.projects()
        assert served.calls == {}
        assert not (tmp_path / "runs").exists()


@pytest.mark.parametrize(
    ("page", "told"),
    [
        ((302, ""), "it answers HTTP 302 with text/html; what answers leads on to another address"),
        ((401, "no"), "it answers HTTP 401 with text/html; what stands in front of Flyte Admin wants a login"),
        ((403, "no"), "what stands in front of Flyte Admin refuses"),
        ((429, "busy"), "takes no more requests for now: wait"),
        ((200, "<html>Sign in</html>"), "it answers HTTP 200 with text/html; what answers is no Flyte but a page"),
        ((200, "[]"), "no Flyte but a page"),
        ((503, "<html>"), "try again later"),
    ],
)
@pytest.mark.parametrize("way", ["ClientSecret", "DeviceFlow"])
def test_pages_in_place_of_tokens_are_told(
    secured: Served, issuer: Issuer, ca: str, page: tuple[int, str], told: str, way: str
) -> None:
    issuer.page = page
    with (
        ftn.connect(secured.endpoint, ca_cert=ca, auth={"type": way, **CREDENTIALS}) as remote,
        pytest.raises(ftn.errors.AuthenticationError, match=told) as error,
    ):
        remote.projects()
    assert f"{issuer.url}/{'device' if way == 'DeviceFlow' else 'token'}" in str(error.value)


def test_errors_of_another_kind_than_oauths_are_told(secured: Served, issuer: Issuer, ca: str) -> None:
    issuer.page = (401, '{"error": {"code": 401, "message": "no such key"}}')
    with (
        ftn.connect(secured.endpoint, ca_cert=ca, auth=CREDENTIALS) as remote,
        pytest.raises(ftn.errors.AuthenticationError, match=r"refused: .*no such key"),
    ):
        remote.projects()


@pytest.mark.parametrize("how", ["environment", "configuration"])
@pytest.mark.parametrize(
    ("proxy", "told"),
    [
        ({"status": "403 Forbidden"}, "refuses the way to the server: set no_proxy=issuer.invalid"),
        ({"login": "you:else"}, "wants a login"),
        ({"dies": True}, "may be down"),
    ],
)
def test_a_web_proxy_on_the_way_to_tokens_is_told(
    secured: Served,
    tmp_path: Path,
    ca: str,
    monkeypatch: pytest.MonkeyPatch,
    how: str,
    proxy: dict[str, Any],
    told: str,
) -> None:
    secured.login.token_endpoint = "https://issuer.invalid/token"  # noqa: S105 - an address
    with proxying(WebProxy(**proxy)) as running:
        url = f"http://me:hidden@127.0.0.1:{running.port}"
        config = {"admin": {"endpoint": secured.endpoint}}
        if how == "environment":
            monkeypatch.setenv("https_proxy", url)
        else:
            config["admin"]["httpProxyURL"] = url
            monkeypatch.setenv("https_proxy", "http://127.0.0.1:1")
        (tmp_path / "c.yaml").write_text(yaml.safe_dump(config))
        with (
            ftn.connect(config_file=tmp_path / "c.yaml", ca_cert=ca, auth=CREDENTIALS) as remote,
            pytest.raises(ftn.errors.AuthenticationError, match=told) as error,
        ):
            remote.projects()
        assert {"issuer.invalid:443"} == set(running.asked)
    assert f"http://me:••••••@127.0.0.1:{running.port}" in str(error.value)
    assert "hidden" not in str(error.value)


# -- secrets of any length -------------------------------------------------------------------------------------------


@pytest.mark.parametrize("token", ["e", "a", "to", "12", "the", "abcd", "rbst", "hidden-long", "a+/=", "x" * 2000])
def test_errors_stay_readable_whatever_the_token(secured: Served, ca: str, token: str) -> None:
    """The token that the server echoes is masked, and no other letter of the error."""
    with (
        ftn.connect(secured.endpoint, ca_cert=ca, auth={"token": token}) as remote,
        pytest.raises(ftn.errors.AuthenticationError) as error,
    ):
        remote.projects()
    told = "answers UNAUTHENTICATED: token parse error: Bearer ••••••; asked was ListProjects limit: 100; log in: pass"
    assert told in str(error.value)


@given(token=st.text(st.characters(codec="ascii", categories=("L", "N")), min_size=1, max_size=12))
def test_no_token_turns_an_error_to_rubble(token: str) -> None:
    """Whatever letters it is made of, words of others keep theirs, and where it stands as the server's echo it goes."""
    authenticator = Authenticator(ClusterConfig("h", auth="Token", token=token), ServerLogin)
    words = "transport: authentication handshake failed for 10.0.0.1:8089".split()
    shown = authenticator.without_tokens(f"{' '.join(words)} (Bearer {token})").split()
    assert shown[-1] == "••••••)"
    assert [word for word, was in zip(shown, words, strict=False) if word != was and token not in was] == []
    if len(token) < 4:
        assert shown[: len(words)] == words


def browser(tmp_path: Path, ca: str) -> str:
    """Return a command that does what a person with a browser does: follows the login back to where it leads."""
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
    with ftn.connect(secured.endpoint, ca_cert=ca) as remote, pytest.raises(ftn.errors.AuthenticationError, match=told):
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
            pytest.raises(ftn.errors.AuthenticationError, match=r"not encrypted.*plain_text_token=True"),
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
            pytest.raises(ftn.errors.AuthenticationError, match="which is not encrypted"),
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
        with pytest.raises(ftn.errors.AuthenticationError) as error:
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
