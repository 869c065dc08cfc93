"""Who may call: Flyte Admin's own authorization server, with client credentials.

Sources: flyteadmin/auth; the refusals over HTTP are those of the library that Admin gives out tokens with (ory/fosite).
"""

from __future__ import annotations

import base64
import hashlib
import hmac
import json
import secrets
import threading
import time
from dataclasses import dataclass
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import TYPE_CHECKING, Any, Final
from urllib.parse import parse_qs, unquote_plus

from flyteidl.service import auth_pb2

if TYPE_CHECKING:
    import ssl
    from collections.abc import Callable, Iterable, Mapping

AUTH_SERVICE: Final = "flyteidl.service.AuthMetadataService"
AUTHORIZATION_KEY: Final = "flyte-authorization"
CLIENTS: Final = {"flytepropeller": "foobar"}
"""The client of a fresh installation, with its secret."""

_PLAIN_KEY: Final = "authorization"
_REQUIRED_SCOPE: Final = "all"
_SCOPES: Final = frozenset({"all", "offline", "access_token"})
_PUBLIC_CLIENT: Final = "flytectl"
_REDIRECT: Final = "http://localhost:53593/callback"
_TOKEN_PATH: Final = "/oauth2/token"  # noqa: S105 - a path
_GRANTS: Final = ("client_credentials", "refresh_token", "authorization_code")
_LONGEST_FORM: Final = 2**16

_MALFORMED: Final = (
    "The request is missing a required parameter, includes an invalid parameter value, includes a parameter more than "
    "once, or is otherwise malformed. "
)
_MAKE_SURE: Final = (
    "Make sure that the various parameters are correct, be aware of case sensitivity and trim your parameters. Make "
    "sure that the client you are using has exactly whitelisted the redirect_uri you specified."
)
_UNKNOWN_CLIENT: Final = (
    "Client authentication failed (e.g., unknown client, no client authentication included, or unsupported "
    "authentication method)."
)


class Unauthenticated(Exception):  # noqa: N818 - the name of the status
    """A call brings no good token along. The words are made up here: Admin's come out of libraries of Go."""


class TokenError(Exception):
    """A request for a token is refused.

    Parameters
    ----------
    status : int
        Of HTTP.
    error : str
        OAuth's word for it.
    description : str
    """

    def __init__(self, status: int, error: str, description: str) -> None:
        super().__init__(description)
        self.status = status
        self.answer = {"error": error, "error_description": description}


@dataclass(frozen=True)
class _Claims:
    client: str
    scopes: tuple[str, ...]
    issued: float
    expires: float


class Authority:
    """Gives out tokens, and tells good ones from bad ones.

    Parameters
    ----------
    clients : mapping of str to str
        Who may have tokens, with their secrets.
    lifetime : float
        How long a token is good for, in seconds.
    """

    def __init__(self, clients: Mapping[str, str], lifetime: float) -> None:
        self._clients = dict(clients)
        self._lifetime = lifetime
        self._key = secrets.token_bytes(32)
        self._not_before = 0.0
        self.base_url = ""

    def expire(self) -> None:
        """Let every token that was given out so far expire now."""
        self._not_before = time.time()

    # -- tokens ----------------------------------------------------------------------------------------------------

    def token(self, form: Mapping[str, list[str]], authorization: str | None) -> dict[str, Any]:
        """Answer a request for a token.

        Raises
        ------
        TokenError
            It is refused.
        """
        if not form:
            raise TokenError(400, "invalid_request", f"{_MALFORMED}{_MAKE_SURE} The POST body can not be empty.")
        client = self._authenticated(form, authorization)
        grant = form.get("grant_type", [""])[0]
        if grant == "refresh_token":
            # None is ever given out here, and an unknown one makes Admin stumble.
            raise TokenError(
                500,
                "server_error",
                "The authorization server encountered an unexpected condition that prevented it from fulfilling "
                "the request.",
            )
        if grant != "client_credentials":
            raise TokenError(400, "invalid_request", f"{_MALFORMED}{_MAKE_SURE}")
        scopes = tuple(form.get("scope", [""])[0].split())
        for scope in scopes:
            if scope not in _SCOPES:
                raise TokenError(
                    400,
                    "invalid_scope",
                    "The requested scope is invalid, unknown, or malformed. The OAuth 2.0 Client is not allowed to "
                    f"request scope '{scope}'.",
                )
        return {
            "access_token": self._signed(client, scopes),
            # One second has passed when it is counted.
            "expires_in": max(int(self._lifetime) - 1, 0),
            "scope": " ".join(scopes),
            "token_type": "bearer",
        }

    def _authenticated(self, form: Mapping[str, list[str]], authorization: str | None) -> str:
        client, secret = _basic(authorization) or (form.get("client_id", [""])[0], form.get("client_secret", [""])[0])
        if not client:
            raise TokenError(
                400,
                "invalid_request",
                f"{_MALFORMED}Client credentials missing or malformed in both HTTP Authorization header and HTTP POST "
                "body.",
            )
        known = self._clients.get(client)
        if known is None or not hmac.compare_digest(known.encode(), secret.encode()):
            raise TokenError(401, "invalid_client", _UNKNOWN_CLIENT)
        return client

    def _signed(self, client: str, scopes: tuple[str, ...]) -> str:
        now = time.time()
        claims = {"client_id": client, "scp": scopes, "iat": now, "exp": now + self._lifetime, "iss": self.base_url}
        body = ".".join(_encoded(json.dumps(part).encode()) for part in ({"alg": "HS256", "typ": "JWT"}, claims))
        return f"{body}.{_encoded(self._signature(body))}"

    def _signature(self, body: str) -> bytes:
        return hmac.new(self._key, body.encode(), hashlib.sha256).digest()

    def _claims(self, token: str) -> _Claims:
        body, _, signature = token.rpartition(".")
        if not hmac.compare_digest(_encoded(self._signature(body)).encode(), signature.encode()):
            raise ValueError("verification error")
        claims = json.loads(base64.urlsafe_b64decode(body.partition(".")[2] + "=="))
        return _Claims(claims["client_id"], tuple(claims["scp"]), claims["iat"], claims["exp"])

    # -- calls -----------------------------------------------------------------------------------------------------

    def check_call(self, metadata: Iterable[tuple[str, str | bytes]]) -> None:
        """Refuse a call that brings no good token along.

        Raises
        ------
        Unauthenticated
            It is refused.
        """
        sent = dict(metadata)
        authorization = sent.get(AUTHORIZATION_KEY, sent.get(_PLAIN_KEY))
        if authorization is None:
            raise _unauthenticated("Request unauthenticated with Bearer")
        scheme, _, token = str(authorization).partition(" ")
        if scheme.lower() != "bearer" or not token:
            raise _unauthenticated("Bad authorization string")
        try:
            claims = self._claims(token)
        except ValueError as error:
            raise _unauthenticated(str(error)) from None
        if claims.expires <= time.time() or claims.issued < self._not_before:
            raise _unauthenticated("Token is expired")
        if _REQUIRED_SCOPE not in claims.scopes:
            raise Unauthenticated("authenticated user doesn't have required scope")

    def methods(self) -> dict[str, Callable[[Any], Any]]:
        """Return what answers where tokens are given out; no token is needed to ask for that."""
        return {
            f"{AUTH_SERVICE}.GetOAuth2Metadata": self.metadata,
            f"{AUTH_SERVICE}.GetPublicClientConfig": self.client_config,
        }

    def metadata(self, _: Any) -> Any:
        """Answer GetOAuth2Metadata, which needs no token."""
        return auth_pb2.OAuth2MetadataResponse(
            issuer=self.base_url,
            authorization_endpoint=f"{self.base_url}/oauth2/authorize",
            token_endpoint=f"{self.base_url}{_TOKEN_PATH}",
            response_types_supported=["code", "token", "code token"],
            scopes_supported=[_REQUIRED_SCOPE],
            token_endpoint_auth_methods_supported=["client_secret_basic"],
            jwks_uri=f"{self.base_url}/oauth2/jwks",
            code_challenge_methods_supported=["S256"],
            grant_types_supported=_GRANTS,
        )

    def client_config(self, _: Any) -> Any:
        """Answer GetPublicClientConfig, which needs no token."""
        return auth_pb2.PublicClientAuthConfigResponse(
            client_id=_PUBLIC_CLIENT,
            redirect_uri=_REDIRECT,
            scopes=["offline", _REQUIRED_SCOPE],
            authorization_metadata_key=AUTHORIZATION_KEY,
        )


def _encoded(data: bytes) -> str:
    return base64.urlsafe_b64encode(data).decode().rstrip("=")


def _unauthenticated(cause: str) -> Unauthenticated:
    return Unauthenticated(f"token parse error: [JWT_VERIFICATION_FAILED] {cause}")


def _basic(authorization: str | None) -> tuple[str, str] | None:
    scheme, _, encoded = (authorization or "").partition(" ")
    if scheme.lower() != "basic":
        return None
    try:
        client, _, secret = base64.b64decode(encoded, validate=True).decode().partition(":")
    except ValueError:
        return None
    return unquote_plus(client), unquote_plus(secret)


class TokenServer:
    """The HTTP side: the token endpoint.

    Parameters
    ----------
    authority : Authority
        It is told where it can be reached.
    host : str
    tls : ssl.SSLContext, optional
    """

    def __init__(self, authority: Authority, host: str, tls: ssl.SSLContext | None = None) -> None:
        self._server = ThreadingHTTPServer((host, 0), _handler(authority.token))
        self._server.daemon_threads = True
        if tls is not None:
            self._server.socket = tls.wrap_socket(self._server.socket, server_side=True)
        self.url = f"http{'' if tls is None else 's'}://{host}:{self._server.server_address[1]}"
        authority.base_url = self.url
        self._thread = threading.Thread(target=self._server.serve_forever, args=(0.05,), daemon=True)
        self._thread.start()

    def close(self) -> None:
        """Stop listening."""
        self._server.shutdown()
        self._server.server_close()
        self._thread.join()


def _refusal(error: TokenError) -> tuple[int, dict[str, Any]]:
    return error.status, error.answer


def _handler(token: Callable[[Mapping[str, list[str]], str | None], dict[str, Any]]) -> type[BaseHTTPRequestHandler]:
    class Handler(BaseHTTPRequestHandler):
        protocol_version = "HTTP/1.1"

        def do_GET(self) -> None:
            problem = f"{_MALFORMED}{_MAKE_SURE} HTTP method is '{self.command}', expected 'POST'."
            self._answer(*_refusal(TokenError(400, "invalid_request", problem)))

        def do_POST(self) -> None:
            length = min(int(self.headers.get("Content-Length") or 0), _LONGEST_FORM)
            form = parse_qs(self.rfile.read(length).decode(errors="replace"), keep_blank_values=True)
            try:
                status, answer = 200, token(form, self.headers.get("Authorization"))
            except TokenError as error:
                status, answer = _refusal(error)
            self._answer(status, answer)

        def _answer(self, status: int, answer: dict[str, Any]) -> None:
            if self.path.partition("?")[0] != _TOKEN_PATH:
                self.send_error(404)
                return
            content = json.dumps(answer).encode()
            self.send_response(status)
            self.send_header("Content-Type", "application/json;charset=UTF-8")
            self.send_header("Cache-Control", "no-store")
            self.send_header("Content-Length", str(len(content)))
            self.end_headers()
            self.wfile.write(content)

        def log_message(self, format: str, *args: object) -> None:
            """Say nothing: a log would show who asks for tokens."""

    return Handler
