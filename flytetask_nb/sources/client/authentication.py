"""Tokens: which way they are had, when, and on which calls they may travel.

What a server expects (token endpoint, client id, scopes, name of the header) it says itself, in calls that need no
token. The protocol is Authlib's; when to ask and what to keep follows ``flytekit/clients/auth/authenticator.py``.
"""

from __future__ import annotations

import subprocess
from threading import Lock
from typing import TYPE_CHECKING, Any, NamedTuple

from flytetask_nb.errors import AuthenticationError
from flytetask_nb.extras import authlib_client, authlib_errors, requests
from flytetask_nb.masking import MASK
from flytetask_nb.sources.client import token_store
from flytetask_nb.sources.client.cluster_config import (
    CLIENT_SECRET,
    DEVICE_FLOW,
    EXTERNAL_COMMAND,
    NO_AUTH,
    PKCE,
    STATIC_TOKEN,
)
from flytetask_nb.sources.client.token_store import Tokens

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    from flytetask_nb.sources.client.cluster_config import ClusterConfig

__all__ = ["Authenticator", "ServerLogin"]

DEFAULT_HEADER = "authorization"
PROXY_HEADER = "proxy-authorization"
PATIENCE = 30.0
"""Seconds that a token endpoint or a command may take."""
_COMMANDS_PATIENCE = 120.0
_TOLD = 500


class ServerLogin(NamedTuple):
    """What a server says of how to log in.

    Attributes
    ----------
    token_endpoint, authorization_endpoint, device_endpoint : str
        Where tokens are had, where a person logs in, where a device asks for a code; empty where there is none.
    client_id, redirect_uri, audience : str
        What OAuth is told.
    scopes : tuple of str
        Likewise.
    header : str
        The metadata key that the token goes under.
    """

    token_endpoint: str = ""
    authorization_endpoint: str = ""
    device_endpoint: str = ""
    client_id: str = ""
    redirect_uri: str = ""
    audience: str = ""
    scopes: tuple[str, ...] = ()
    header: str = DEFAULT_HEADER


class Authenticator:
    """Gives each call its token, and gets another one when the server refuses it.

    Parameters
    ----------
    config
        How to reach the cluster.
    ask_server
        Gives what the server says of logins; called once, when it is first needed.
    allows_plain_text
        Whether tokens and secrets may travel unencrypted.
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
        self._generation = 0
        self._is_ready = False
        # Many calls may be refused at once, and one of them is to log in.
        self._lock = Lock()

    def __repr__(self) -> str:
        return f"Authenticator({self._way}, {'with' if self._tokens else 'without'} a token)"

    @property
    def is_encrypted(self) -> bool:
        """Whether what is sent cannot be read on the way."""
        return not self._config.insecure

    @property
    def generation(self) -> int:
        """How many tokens there have been; tells which one a call was refused with."""
        return self._generation

    def metadata(self) -> list[tuple[str, str]]:
        """Give what goes with a call.

        Raises
        ------
        AuthenticationError
            A token was asked for by name and cannot be had.
        """
        if not self._is_ready:
            with self._lock:
                if not self._is_ready:
                    self._prepare()
                    self._is_ready = True
        tokens = self._tokens
        found = [] if tokens is None else [(self._header(), f"Bearer {tokens.access}")]
        if self._proxy_token is not None:
            found.append((PROXY_HEADER, f"Bearer {self._proxy_token}"))
        return found

    def renew(self, refused: int) -> bool:
        """Get another token after one was refused.

        Parameters
        ----------
        refused
            The generation of the token that was refused.

        Returns
        -------
        bool
            Whether there is another one now.

        Raises
        ------
        AuthenticationError
            None can be had; says why and what to do.
        """
        with self._lock:
            if self._generation != refused:
                return True
            if self._way in {NO_AUTH, STATIC_TOKEN}:
                return False
            self._check_encrypted()
            if self._config.proxy_command:
                self._proxy_token = _printed(self._config.proxy_command, self._config.endpoint)
            self._tokens = self._new_tokens()
            self._generation += 1
            return True

    def without_tokens(self, text: str) -> str:
        """Give a text with every secret that this object knows masked in it."""
        tokens = self._tokens
        known = [self._proxy_token, self._config.client_secret, self._config.token]
        known += [tokens.access, tokens.refresh] if tokens else []
        for secret in known:
            if secret:
                text = text.replace(secret, MASK)
        return text

    def _prepare(self) -> None:
        """Get what can be had before the first call without asking a person."""
        config = self._config
        if self._tokens is not None:
            self._check_encrypted()
        elif self._way in {CLIENT_SECRET, EXTERNAL_COMMAND}:
            self._check_encrypted()
            self._tokens = self._new_tokens()
        elif self._way in {PKCE, DEVICE_FLOW} and (self.is_encrypted or self._allows_plain_text):
            self._tokens = token_store.kept(config.endpoint)
        if config.proxy_command:
            self._check_encrypted()
            self._proxy_token = _printed(config.proxy_command, config.endpoint)
        if self._tokens is not None:
            self._login()

    def _check_encrypted(self) -> None:
        if not self.is_encrypted and not self._allows_plain_text:
            raise self._failure(
                "a token would be sent over a connection that is not encrypted",
                "use TLS (insecure=False), or allow it by name with plain_text_token=True",
            )

    def _failure(self, problem: str, remedy: str) -> AuthenticationError:
        endpoint = self._config.endpoint
        return AuthenticationError(
            self.without_tokens(f"{endpoint}: {problem}; {remedy}"),
            code="UNAUTHENTICATED",
            endpoint=endpoint,
            remedy=remedy,
        )

    def _header(self) -> str:
        return (self._login().header or DEFAULT_HEADER).lower()

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
            return Tokens(_printed(self._config.command, self._config.endpoint))
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
            return self._fetched(
                session,
                login.token_endpoint,
                grant_type="client_credentials",
                **self._asked_for(),
            )

    def _of_person(self) -> Tokens:
        """Log a person in: with the refresh token of an earlier login, else anew."""
        from flytetask_nb.sources.client import logins  # noqa: PLC0415 - most sessions are logged in already

        config, login = self._config, self._login()
        with self._session(login.client_id) as session:
            tokens = self._refreshed(session)
            if tokens is None and self._way == DEVICE_FLOW:
                if not login.device_endpoint:
                    raise self._failure("the server offers no device flow", "use auth='Pkce'")
                self._check_address(login.device_endpoint)
                tokens = logins.by_device(
                    lambda form: session.post(
                        login.device_endpoint,
                        data=form,
                        allow_redirects=False,
                        withhold_token=True,
                        verify=self._verification,
                    ),
                    login,
                    self._asked_for(),
                    lambda **given: self._fetched(session, login.token_endpoint, **given),
                )
            elif tokens is None:
                self._check_address(login.authorization_endpoint)
                tokens = logins.by_browser(
                    session,
                    login,
                    self._asked_for(),
                    lambda **given: self._fetched(session, login.token_endpoint, **given),
                )
        token_store.keep(config.endpoint, tokens)
        return tokens

    def _refreshed(self, session: Any) -> Tokens | None:
        known = self._tokens.refresh if self._tokens else None
        if not known:
            return None
        login = self._login()
        try:
            tokens = self._fetched(
                session,
                login.token_endpoint,
                grant_type="refresh_token",
                refresh_token=known,
                client_id=login.client_id,
            )
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
        from urllib.parse import quote_plus  # noqa: PLC0415 - only needed for tokens

        config, login = self._config, self._login()
        session = authlib_client.OAuth2Session(
            client_id=quote_plus(client_id) if client_secret else client_id,
            # RFC 6749, 2.3.1: what goes into the header is encoded first, and Admin decodes it.
            client_secret=quote_plus(client_secret) if client_secret else None,
            redirect_uri=login.redirect_uri or None,
            code_challenge_method="S256",
            default_timeout=PATIENCE,
        )
        if config.http_proxy_url:
            session.proxies = {"http": config.http_proxy_url, "https": config.http_proxy_url}
        if self._proxy_token is not None:
            session.headers["Proxy-Authorization"] = f"Bearer {self._proxy_token}"
        return session

    @property
    def _verification(self) -> bool | str:
        """What requests is told to trust, with each request: the environment would win over a session's setting."""
        config = self._config
        return False if config.insecure_skip_verify else config.ca_cert or True

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
            # A redirect could carry the secret elsewhere.
            answer = session.fetch_token(address, allow_redirects=False, verify=self._verification, **given)
        except authlib_errors.OAuthError as error:
            refusal = self._failure(
                f"the token endpoint {address} refused: {error.error}: {error.description or 'no reason given'}",
                _REMEDIES.get(error.error, "check client id, secret and scopes"),
            )
            refusal.code = error.error
            raise refusal from None
        except (requests.RequestException, ValueError) as error:
            raise self._failure(
                f"no token from {address}: {type(error).__name__}: {_short(error)}",
                "check that the address can be reached from here, and ca_cert or http_proxy_url if it needs one",
            ) from None
        access = answer.get("access_token")
        if not access:
            raise self._failure(f"the answer of {address} holds no access_token", "ask who runs the server")
        return Tokens(str(access), answer.get("refresh_token"))


_REMEDIES = {
    "invalid_client": "check client id and secret",
    "invalid_scope": "check admin.scopes, or leave it out: the server says which it wants",
    "invalid_grant": "log in again",
    "access_denied": "the login was refused; try again",
    "expired_token": "the code was not entered in time; try again",
}


def _short(error: Exception) -> str:
    text = " ".join(str(error).split())
    return text if len(text) <= _TOLD else f"{text[:_TOLD]}..."


def _printed(command: Sequence[str], endpoint: str) -> str:
    """Give the token that a command prints. Neither its output nor its arguments are shown: both may be secret."""
    name = command[0]
    remedy = f"run {name} in a terminal to see what is wrong"
    problem = ""
    try:
        done = subprocess.run(  # noqa: S603 - the user's own command, without a shell
            list(command),
            capture_output=True,
            text=True,
            check=False,
            timeout=_COMMANDS_PATIENCE,
            stdin=subprocess.DEVNULL,
        )
    except (OSError, subprocess.TimeoutExpired, UnicodeDecodeError) as error:
        problem = f"cannot be run: {type(error).__name__}"
    else:
        token = done.stdout.strip()
        if done.returncode:
            problem = f"ended with {done.returncode}"
        elif not token:
            problem = "printed no token"
        else:
            return token
    raise AuthenticationError(
        f"{endpoint}: the command {name} {problem}; {remedy}", code="UNAUTHENTICATED", endpoint=endpoint, remedy=remedy
    )
