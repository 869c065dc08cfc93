"""Tokens: which way they are had, when, and on which calls they may travel.

What a server expects (token endpoint, client id, scopes, name of the header) it says itself, in calls that need no
token. The protocol is Authlib's; when to ask and what to keep follows ``flytekit/clients/auth/authenticator.py``.
"""

from __future__ import annotations

import json
import re
import shlex
import subprocess
from functools import partial
from threading import Lock
from typing import TYPE_CHECKING, Any
from urllib.parse import quote_plus, urlsplit

from flytetask_nb.errors import AuthenticationError, one_line
from flytetask_nb.extras import authlib_client, authlib_errors, requests
from flytetask_nb.masking import MASK, mask_arguments, mask_urls
from flytetask_nb.sources.client import token_store
from flytetask_nb.sources.client.cluster_config import (
    CLIENT_SECRET,
    DEVICE_FLOW,
    EXTERNAL_COMMAND,
    NO_AUTH,
    PKCE,
    STATIC_TOKEN,
)
from flytetask_nb.sources.client.endpoints import is_loopback
from flytetask_nb.sources.client.server_login import DEFAULT_HEADER, ServerLogin, login_failure
from flytetask_nb.sources.client.status_advice import Circumstances, remedy
from flytetask_nb.sources.client.token_store import Tokens, token_problem

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    from flytetask_nb.sources.client.cluster_config import ClusterConfig

__all__ = ["Authenticator", "ServerLogin"]

PROXY_HEADER = "proxy-authorization"
PATIENCE = 30.0
"""Seconds that a token endpoint or a command may take."""
_COMMANDS_PATIENCE = 120.0
_LONG, _SHORT = 8, 4
"""Characters: a secret so long is no part of a word by chance, and one shorter than the other is like any word."""
_SHELL_SIGNS = re.compile(r"[|<>&;$`~*]")


class Authenticator:
    """Gives each call its token, and gets another one when the server refuses it.

    ``ask_server``: gives what the server says of logins; called once, when it is first needed.
    ``allows_plain_text``: whether tokens and secrets may travel unencrypted.
    """

    def __init__(
        self, config: ClusterConfig, ask_server: Callable[[], ServerLogin], *, allows_plain_text: bool = False
    ) -> None:
        self._config = config
        self._ask_server = ask_server
        self._allows_plain_text = allows_plain_text
        self._way = config.auth or PKCE
        self._server: ServerLogin | None = None
        self._tokens: Tokens | None = Tokens(config.token) if config.token else None
        self._proxy_token: str | None = None
        self.generation = 0
        """How many tokens there have been; tells which one a call was refused with."""
        self._is_ready = False
        # Many calls may be refused at once, and one of them is to log in.
        self._lock = Lock()

    def __repr__(self) -> str:
        return f"Authenticator({self._way}, {'with' if self._tokens else 'without'} a token)"

    def metadata(self) -> list[tuple[str, str]]:
        """Return what goes with a call.

        Raises AuthenticationError: a token was asked for by name and cannot be had.
        """
        if not self._is_ready:
            with self._lock:
                if not self._is_ready:
                    self._prepare()
                    self._is_ready = True
        tokens = self._tokens
        if tokens is None:
            return self.proxy_metadata()
        header = (self._login().header or DEFAULT_HEADER).lower()
        return [(header, f"Bearer {tokens.access}"), *self.proxy_metadata()]

    def proxy_metadata(self) -> list[tuple[str, str]]:
        """Return what goes with a call that needs no login, but has to pass the proxy in front of Flyte."""
        return [] if self._proxy_token is None else [(PROXY_HEADER, f"Bearer {self._proxy_token}")]

    def renew(self, refused: int, *, of_proxy: bool = False) -> bool:
        """Get other tokens after one was refused.

        ``refused``: the generation of the token that was refused.
        ``of_proxy``: whether it was the one for the proxy in front of Flyte, so that nobody has to log in to Flyte.
        Raises AuthenticationError: None can be had; says why and what to do.
        """
        with self._lock:
            if self.generation != refused:
                return True
            is_fixed = of_proxy or self._way in {NO_AUTH, STATIC_TOKEN}
            if is_fixed and not self._config.proxy_command:
                return False
            self._check_encrypted()
            self._pass_proxy()
            if not is_fixed:
                self._tokens = self._new_tokens()
            self.generation += 1
            return True

    def without_tokens(self, text: str) -> str:
        """Return a text of the server's with every secret that this object knows masked in it.

        A short one is masked where it stands as a word, or behind its scheme: it may be a part of any other word.
        """
        tokens = self._tokens
        known = [self._proxy_token, self._config.client_secret, self._config.token]
        known += [tokens.access, tokens.refresh] if tokens else []
        for secret in sorted(filter(None, known), key=len, reverse=True):
            before, after = ("", "") if len(secret) >= _LONG else (r"(?<!\w)", r"(?!\w)")
            if len(secret) < _SHORT:
                before = r"(?<=Bearer )"
            text = re.sub(f"{before}{re.escape(secret)}{after}", MASK, text)
        return text

    def _pass_proxy(self) -> None:
        """Get a token for the proxy in front of Flyte: without it nothing is answered, not even how to log in."""
        if self._config.proxy_command:
            self._check_encrypted()
            self._proxy_token = _printed(self._config.proxy_command, self._config.endpoint, "admin.proxyCommand")

    def _prepare(self) -> None:
        """Get what can be had before the first call without asking a person."""
        config = self._config
        self._pass_proxy()
        if self._tokens is not None:
            self._check_encrypted()
        elif self._way in {CLIENT_SECRET, EXTERNAL_COMMAND}:
            self._check_encrypted()
            self._tokens = self._new_tokens()
        elif self._way in {PKCE, DEVICE_FLOW} and (self._allows_plain_text or not config.insecure):
            self._tokens = token_store.kept(config.endpoint)
        if self._tokens is not None:
            self._login()

    def _check_encrypted(self) -> None:
        if self._config.insecure and not self._allows_plain_text:
            raise self._failure(
                "a token would be sent over a connection that is not encrypted",
                "use TLS (insecure=False), or allow it by name with plain_text_token=True",
            )

    def _failure(self, problem: str, advice: str) -> AuthenticationError:
        return login_failure(problem, advice, self._config.endpoint)

    def _login(self) -> ServerLogin:
        if self._server is None:
            self._server = self._ask_server()
        return self._server

    # -- getting tokens ----------------------------------------------------------------------------------------------

    def _new_tokens(self) -> Tokens:
        if self._way == EXTERNAL_COMMAND:
            if not self._config.command:
                raise self._failure(
                    "ExternalCommand has no command", "set admin.command, or pass auth={'command': [...]}"
                )
            return Tokens(_printed(self._config.command, self._config.endpoint, "admin.command"))
        if self._way == CLIENT_SECRET:
            return self._of_client()
        return self._of_person()

    def _of_client(self) -> Tokens:
        config, login = self._config, self._login()
        if not config.client_id or not config.client_secret:
            lacking = "client id" if not config.client_id else "client secret"
            raise self._failure(
                f"ClientSecret has no {lacking}",
                "set admin.clientId and admin.clientSecretLocation or clientSecretEnvVar, "
                "or pass auth={'client_id': ..., 'client_secret': ...}",
            )
        with self._session(config.client_id, config.client_secret) as session:
            return self._fetched(session, login.token_endpoint, grant_type="client_credentials", **self._asked_for())

    def _of_person(self) -> Tokens:
        """Log a person in: with the refresh token of an earlier login, else anew."""
        from flytetask_nb.sources.client import logins  # noqa: PLC0415 - most sessions are logged in already

        config, login = self._config, self._login()
        with self._session(login.client_id) as session:
            fetch = partial(self._fetched, session, login.token_endpoint)
            tokens = self._refreshed(fetch)
            if tokens is None and self._way == DEVICE_FLOW:
                if not login.device_endpoint:
                    raise self._failure("the server offers no device flow", "use auth='Pkce'")
                self._check_address(login.device_endpoint)
                post = partial(
                    session.post, login.device_endpoint, withhold_token=True, **self._way_to(login.device_endpoint)
                )
                tokens = logins.by_device(lambda form: self._as_json(post(data=form)), login, self._asked_for(), fetch)
            elif tokens is None:
                self._check_address(login.authorization_endpoint)
                tokens = logins.by_browser(session, login, self._asked_for(), fetch)
        token_store.keep(config.endpoint, tokens)
        return tokens

    def _refreshed(self, fetch: Callable[..., Tokens]) -> Tokens | None:
        known = self._tokens.refresh if self._tokens else None
        if not known:
            return None
        try:
            tokens = fetch(grant_type="refresh_token", refresh_token=known, client_id=self._login().client_id)
        except AuthenticationError:
            # It has expired, and the person logs in again.
            return None
        return tokens if tokens.refresh else Tokens(tokens.access, known)

    def _asked_for(self) -> dict[str, str]:
        config, login = self._config, self._login()
        # A list that was written into one text keeps its brackets and quotes in INI files.
        scopes = " ".join(scope.strip("[]' ") for scope in config.scopes or login.scopes)
        audience = config.audience or login.audience
        return ({"scope": scopes} if scopes else {}) | ({"audience": audience} if audience else {})

    def _session(self, client_id: str, client_secret: str | None = None) -> Any:
        login = self._login()
        session = authlib_client.OAuth2Session(
            client_id=quote_plus(client_id) if client_secret else client_id,
            # RFC 6749, 2.3.1: what goes into the header is encoded first, and Admin decodes it.
            client_secret=quote_plus(client_secret) if client_secret else None,
            redirect_uri=login.redirect_uri or None,
            code_challenge_method="S256",
            default_timeout=PATIENCE,
        )
        session.headers.update(self.proxy_metadata())
        session.register_compliance_hook("access_token_response", self._as_json)
        return session

    def _way_to(self, address: str) -> dict[str, Any]:
        """Return how a request is sent; with each one, for the environment would win over a session's settings."""
        config = self._config
        way: dict[str, Any] = {
            # A redirect could carry the secret elsewhere.
            "allow_redirects": False,
            "verify": False if config.insecure_skip_verify else config.ca_cert or True,
        }
        if config.http_proxy_url or is_loopback(urlsplit(address).hostname or ""):
            way["proxies"] = dict.fromkeys(("http", "https"), config.http_proxy_url or "")
        return way

    def _as_json(self, answer: Any) -> Any:
        """Pass on an answer in which there may be a token. Whatever stands in front of the server answers otherwise."""
        try:
            if isinstance(answer.json(), dict):
                return answer
        except ValueError:
            pass
        kind = answer.headers.get("Content-Type", "").partition(";")[0]
        problem = f"answers HTTP {answer.status_code}{kind and f' with {kind}'}"
        raise self._failure(
            f"no token from {answer.url}: it {problem}",
            remedy("UNAVAILABLE", problem, Circumstances(has_proxy_command=bool(self._config.proxy_command))),
        )

    def _check_address(self, address: str) -> None:
        if not address:
            raise self._failure(
                "the server says no address for logins", "ask who runs it whether it authenticates, or pass auth='None'"
            )
        if not address.startswith("https://") and not self._allows_plain_text:
            raise self._failure(
                f"the server wants logins at {address}, which is not encrypted",
                "allow it by name with plain_text_token=True, if this network can be trusted",
            )

    def _fetched(self, session: Any, address: str, **given: Any) -> Tokens:
        self._check_address(address)
        try:
            answer = session.fetch_token(address, **self._way_to(address), **given)
        except authlib_errors.OAuthError as error:
            reason = self.without_tokens(f"{error.error}: {error.description or 'no reason given'}")
            advice = _REMEDIES.get(str(error.error), "check client id, secret and scopes")
            problem = f"the token endpoint {address} refused: {reason}"
            raise login_failure(problem, advice, self._config.endpoint, str(error.error)) from None
        except (requests.RequestException, ValueError) as error:
            reason = mask_urls(self.without_tokens(one_line(error)))
            advice = "check that the address can be reached from here, and ca_cert or http_proxy_url if it needs one"
            proxy = self._proxy(address)
            is_of_the_way = isinstance(error, requests.ConnectionError)
            if proxy and is_of_the_way and not isinstance(error, requests.exceptions.SSLError):
                advice = remedy("UNAVAILABLE", reason, Circumstances(urlsplit(address).hostname or "", proxy))
            raise self._failure(f"no token from {address}: {type(error).__name__}: {reason}", advice) from None
        access = answer.get("access_token")
        if not access:
            raise self._failure(f"the answer of {address} holds no access_token", "ask who runs the server")
        return Tokens(str(access), answer.get("refresh_token"))

    def _proxy(self, address: str) -> str:
        """Return the web proxy that requests takes, for messages."""
        if self._config.http_proxy_url:
            return f"admin.httpProxyURL={mask_urls(self._config.http_proxy_url)}"
        return mask_urls(requests.utils.select_proxy(address, requests.utils.get_environ_proxies(address)) or "")


_REMEDIES = {
    "invalid_client": "check client id and secret",
    "invalid_scope": "check admin.scopes, or leave it out: the server says which it wants",
    "invalid_grant": "log in again",
    "access_denied": "the login was refused; try again",
    "expired_token": "the code was not entered in time; try again",
}


def _printed(command: Sequence[str], endpoint: str, setting: str) -> str:
    """Return the token that a command prints. Neither its output nor its arguments are shown: both may be secret."""
    name = command[0]
    advice = f"run {name} in a terminal to see what is wrong"
    try:
        done = subprocess.run(  # noqa: S603 - the user's own command, without a shell
            list(command),
            capture_output=True,
            text=True,
            check=False,
            timeout=_COMMANDS_PATIENCE,
            stdin=subprocess.DEVNULL,
        )
    except (OSError, ValueError, subprocess.TimeoutExpired) as error:
        problem = f"cannot be run: {type(error).__name__}"
        words = _split_text(name)
        if isinstance(error, OSError) and not isinstance(error, PermissionError) and len(words) > 1:
            name, problem = words[0], "is one text with its arguments, and no program has such a name"
            advice = (
                f"write a list: {setting}: {json.dumps(mask_arguments([*words, *command[1:]]), ensure_ascii=False)}"
            )
    else:
        token = done.stdout.strip()
        wrong = token_problem(token)
        if done.returncode:
            problem = f"ended with {done.returncode}"
        elif not token:
            problem = "printed no token"
        elif wrong:
            problem = f"printed something that is no token: it {wrong}"
            advice = "have it print the token alone"
        else:
            return token
    raise login_failure(f"the command {name} {problem}", advice, endpoint)


def _split_text(text: str) -> list[str]:
    """Return the words of a command that was written as one text; with a shell's signs in it, what runs it in one."""
    if _SHELL_SIGNS.search(text):
        return ["sh", "-c", text]
    try:
        return shlex.split(text)
    except ValueError:
        return text.split()
