"""Logging a person in: in a browser of this machine, in one that is elsewhere, or with a code on another device."""

from __future__ import annotations

import os
import sys
import time
import webbrowser
from http.server import BaseHTTPRequestHandler, HTTPServer
from threading import Thread
from typing import TYPE_CHECKING, Any
from urllib.parse import parse_qs, urlsplit

from flytetask_nb.errors import AuthenticationError
from flytetask_nb.extras import authlib_security, requests
from flytetask_nb.sources.client.server_login import login_failure

if TYPE_CHECKING:
    from collections.abc import Callable

    from typing_extensions import Self

    from flytetask_nb.sources.client.server_login import ServerLogin
    from flytetask_nb.sources.client.token_store import Tokens

PATIENCE = 300.0
"""Seconds that a person has to log in."""

_DEVICE_GRANT = "urn:ietf:params:oauth:grant-type:device_code"
_INTERVAL = 5.0
_SLOWER = 5.0
_PAGE = b"<!doctype html><title>Flyte</title><p>You are logged in. This page can be closed.</p>"
_REFUSED_PAGE = b"<!doctype html><title>Flyte</title><p>The login failed. This page can be closed.</p>"
_ELSEWHERE = ("JUPYTERHUB_SERVICE_PREFIX", "SSH_CONNECTION", "COLAB_RELEASE_TAG")
"""Environment variables of machines that the person does not sit at."""


def by_browser(session: Any, login: ServerLogin, asked_for: dict[str, str], fetch: Callable[..., Tokens]) -> Tokens:
    """Log in with a browser: the authorization code flow with PKCE (RFC 7636).

    Raises AuthenticationError: nobody logged in in time, or the login was refused.

    Notes
    -----
    The address to open is written to the error stream, where a notebook shows it. In a notebook on another machine
    the browser cannot come back to where the kernel is: then the address that it ended on can be pasted here.
    """
    verifier = authlib_security.generate_token(64)
    address, state = session.create_authorization_url(
        login.authorization_endpoint, state=authlib_security.generate_token(40), code_verifier=verifier, **asked_for
    )
    with _Landing(login.redirect_uri) as landing:
        is_opened = not _is_elsewhere() and _open(address)
        _say(f"Log in at {address}")
        answer = landing.wait(0.0) if is_opened or not _can_ask() else _pasted(landing)
        answer = answer or landing.wait(PATIENCE)
    given = {name: values[0] for name, values in parse_qs(urlsplit(answer).query).items()}
    if not answer:
        raise login_failure("nobody logged in in time", "try again")
    if given.get("state") != state:
        raise login_failure("the login that came back is not the one that was begun", "try again")
    if "code" not in given:
        raise login_failure(f"the login was refused: {given.get('error', 'no code was given')}", "try again")
    return fetch(
        grant_type="authorization_code",
        code=given["code"],
        redirect_uri=login.redirect_uri,
        client_id=login.client_id,
        code_verifier=verifier,
        **asked_for,
    )


def by_device(
    post: Callable[[dict[str, str]], Any], login: ServerLogin, asked_for: dict[str, str], fetch: Callable[..., Tokens]
) -> Tokens:
    """Log in with a code on another device (RFC 8628).

    ``post``: sends a form to where devices ask for a code; gives the answer of requests.
    ``asked_for``: scopes and audience.
    Raises AuthenticationError: the code was not entered in time, or the login was refused.
    """
    try:
        answer = post({"client_id": login.client_id, **asked_for})
        answer.raise_for_status()
        given = answer.json()
        code, device = str(given["user_code"]), str(given["device_code"])
        address = str(given.get("verification_uri_complete") or given["verification_uri"])
    except (requests.RequestException, ValueError, KeyError) as error:
        raise login_failure(
            f"{login.device_endpoint} gives no code: {type(error).__name__}", "use auth='Pkce'"
        ) from None
    _say(f"Log in at {address} with the code {code}")
    interval = float(given.get("interval") or _INTERVAL)
    end = time.monotonic() + float(given.get("expires_in") or PATIENCE)
    while time.monotonic() < end:
        time.sleep(interval)
        try:
            return fetch(grant_type=_DEVICE_GRANT, device_code=device, client_id=login.client_id)
        except AuthenticationError as error:
            if error.code == "slow_down":
                interval += _SLOWER
            elif error.code != "authorization_pending":
                raise
    raise login_failure("the code was not entered in time", "try again")


def _say(text: str) -> None:
    sys.stderr.write(f"{text}\n")
    sys.stderr.flush()


def _is_elsewhere() -> bool:
    if any(os.environ.get(name) for name in _ELSEWHERE):
        return True
    has_screen = os.environ.get("DISPLAY") or os.environ.get("WAYLAND_DISPLAY") or os.environ.get("BROWSER")
    return sys.platform.startswith("linux") and not has_screen


def _open(address: str) -> bool:
    try:
        return webbrowser.open_new_tab(address)
    except webbrowser.Error:
        return False


def _can_ask() -> bool:
    """Tell whether somebody can be asked: at a terminal, or in a notebook."""
    shell = sys.modules.get("IPython")
    if shell is not None and shell.get_ipython() is not None:
        return True
    return sys.stdin is not None and sys.stdin.isatty()


def _pasted(landing: _Landing) -> str:
    """Ask for the address that the browser ended on; empty where the browser came back by itself."""
    try:
        answer = input(
            "If the browser ends on a page that cannot be opened, paste that page's address here; "
            "if it says that you are logged in, just press Enter: "
        )
    except (EOFError, RuntimeError):
        # A notebook that is run without anybody beside it.
        return ""
    return landing.answer or answer.strip()


class _Landing:
    """Where the browser comes back to: a server on this machine that waits for one request."""

    def __init__(self, redirect_uri: str) -> None:
        self._uri = urlsplit(redirect_uri)
        self._server: HTTPServer | None = None
        self._thread: Thread | None = None
        self.answer = ""

    def __enter__(self) -> Self:
        landing = self

        class Handler(BaseHTTPRequestHandler):
            def do_GET(self) -> None:
                if urlsplit(self.path).path.strip("/") != landing._uri.path.strip("/"):
                    self.send_error(404)
                    return
                self.send_response(200)
                self.send_header("Content-Type", "text/html")
                self.end_headers()
                self.wfile.write(_PAGE if "code=" in self.path else _REFUSED_PAGE)
                landing.answer = self.path

            def log_message(self, *_: object) -> None:
                """Say nothing: the request carries the code."""

        try:
            self._server = HTTPServer((self._uri.hostname or "localhost", self._uri.port or 80), Handler)
        except OSError:
            # Somebody else has the port; the address can still be pasted.
            return self
        self._thread = Thread(target=self._server.serve_forever, kwargs={"poll_interval": 0.1}, daemon=True)
        self._thread.start()
        return self

    def __exit__(self, *error: object) -> None:
        if self._server is not None and self._thread is not None:
            self._server.shutdown()
            self._server.server_close()
            self._thread.join()

    def wait(self, seconds: float) -> str:
        """Return what the browser brought, or nothing if it did not come in time."""
        end = time.monotonic() + (seconds if self._server is not None else 0.0)
        while not self.answer and time.monotonic() < end:
            time.sleep(0.05)
        return self.answer
