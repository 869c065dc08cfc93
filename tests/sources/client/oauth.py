"""An authorization server on loopback: client credentials, PKCE, device flow and refresh tokens, over http or https."""

from __future__ import annotations

import base64
import hashlib
import json
import ssl
from contextlib import contextmanager
from dataclasses import dataclass, field
from datetime import datetime, timedelta, timezone
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from ipaddress import ip_address
from threading import Thread
from typing import TYPE_CHECKING, Any
from urllib.parse import parse_qsl, unquote_plus, urlencode, urlsplit

from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.x509.oid import NameOID
from flyteidl.service import auth_pb2

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence
    from pathlib import Path

CLIENT, SECRET = "robot", "s3cret+/ü"


@dataclass
class Issuer:
    """What the server gave out, and what it was asked."""

    url: str = ""
    number: int = 0
    valid: set[str] = field(default_factory=set)
    refreshing: set[str] = field(default_factory=set)
    forms: list[dict[str, str]] = field(default_factory=list)
    challenges: dict[str, str] = field(default_factory=dict)
    pending: int = 0
    gives_refresh: bool = True
    headers: list[dict[str, str]] = field(default_factory=list)
    page: tuple[int, str] | None = None
    """Status and page of what stands in front of it and answers in its place."""

    def issue(self) -> dict[str, Any]:
        self.number += 1
        token, refresh = f"hidden-access-{self.number}", f"hidden-refresh-{self.number}"
        self.valid.add(token)
        answer = {"access_token": token, "token_type": "bearer", "expires_in": 1799}
        if self.gives_refresh:
            self.refreshing.add(refresh)
            answer["refresh_token"] = refresh
        return answer

    def token(self, form: dict[str, str], basic: str) -> tuple[int, dict[str, Any]]:  # noqa: PLR0911 - one a case
        self.forms.append(form)
        way = form.get("grant_type", "")
        if way == "client_credentials":
            given = tuple(map(unquote_plus, base64.b64decode(basic).decode("latin1").split(":", 1))) if basic else ()
            if given != (CLIENT, SECRET):
                return 401, {"error": "invalid_client", "error_description": "Client authentication failed."}
            if form.get("scope") not in {None, "all"}:
                return 400, {"error": "invalid_scope", "error_description": "unknown scope"}
            return 200, self.issue()
        if way == "refresh_token":
            if form["refresh_token"] in self.refreshing:
                return 200, self.issue()
            return 500, {"error": "server_error"}
        if way == "authorization_code":
            digest = hashlib.sha256(form["code_verifier"].encode()).digest()
            challenge = base64.urlsafe_b64encode(digest).decode().rstrip("=")
            if self.challenges.pop(form["code"], None) == challenge:
                return 200, self.issue()
            return 400, {"error": "invalid_grant"}
        if way.endswith("device_code"):
            if self.pending:
                self.pending -= 1
                return 400, {"error": "authorization_pending"}
            return 200, self.issue()
        return 400, {"error": "unsupported_grant_type"}

    def authorize(self, query: dict[str, str]) -> str:
        code = f"code-{len(self.challenges)}"
        self.challenges[code] = query["code_challenge"]
        return f"{query['redirect_uri']}?{urlencode({'code': code, 'state': query['state']})}"

    def metadata(self, redirect_uri: str = "") -> tuple[Any, Any]:
        return (
            auth_pb2.OAuth2MetadataResponse(
                token_endpoint=f"{self.url}/token",
                authorization_endpoint=f"{self.url}/authorize",
                device_authorization_endpoint=f"{self.url}/device",
            ),
            auth_pb2.PublicClientAuthConfigResponse(
                client_id="flytectl",
                redirect_uri=redirect_uri,
                scopes=["all"],
                authorization_metadata_key="flyte-authorization",
            ),
        )


@contextmanager
def issuing(certificate: tuple[bytes, bytes] | None = None, folder: Path | None = None) -> Iterator[Issuer]:
    """Serve on loopback: with a certificate https, else http."""
    issuer = Issuer()

    class Handler(BaseHTTPRequestHandler):
        def do_POST(self) -> None:
            form = dict(parse_qsl(self.rfile.read(int(self.headers["Content-Length"])).decode()))
            issuer.headers.append({name.lower(): value for name, value in self.headers.items()})
            if issuer.page is not None:
                status, page = issuer.page
                self.send_response(status)
                self.send_header("Content-Type", "text/html; charset=utf-8")
                self.send_header("Location", "https://login.example.com/")
                self.end_headers()
                self.wfile.write(page.encode())
                return
            if self.path == "/device":
                code = {"device_code": "hidden-device", "user_code": "ABCD", "expires_in": 30, "interval": 0.01}
                self.reply(200, code | {"verification_uri": f"{issuer.url}/enter"})
                return
            self.reply(*issuer.token(form, self.headers.get("Authorization", "").removeprefix("Basic ")))

        def do_GET(self) -> None:
            self.send_response(302)
            self.send_header("Location", issuer.authorize(dict(parse_qsl(urlsplit(self.path).query))))
            self.end_headers()

        def reply(self, status: int, content: dict[str, Any]) -> None:
            self.send_response(status)
            self.send_header("Content-Type", "application/json")
            self.end_headers()
            self.wfile.write(json.dumps(content).encode())

        def log_message(self, *_: object) -> None:
            pass

    server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    scheme = "http"
    if certificate is not None and folder is not None:
        server.socket = server_context(certificate, folder).wrap_socket(server.socket, server_side=True)
        scheme = "https"
    issuer.url = f"{scheme}://localhost:{server.server_address[1]}"
    thread = Thread(target=server.serve_forever, kwargs={"poll_interval": 0.05}, daemon=True)
    thread.start()
    try:
        yield issuer
    finally:
        server.shutdown()
        server.server_close()
        thread.join()


def make_certificate(
    name: str = "localhost",
    names: Sequence[x509.GeneralName] | None = None,
    *,
    days: tuple[float, float] = (-1, 1),
    is_authority: bool = True,
) -> tuple[bytes, bytes]:
    """Return key and self-signed certificate, PEM.

    Parameters
    ----------
    name
        Its common name; empty: it has none.
    names
        Its alternative names; None: the common name, and the address of localhost.
    days
        From when to when it is valid, from now.
    is_authority
        Whether it may sign others.
    """
    key = ec.generate_private_key(ec.SECP256R1())
    subject = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, name)] if name else [])
    now = datetime.now(timezone.utc)
    if names is None:
        # A name with two addresses has two errors, and gRPC tells the last one: tests connect to an address.
        names = [x509.DNSName(name), *([x509.IPAddress(ip_address("127.0.0.1"))] if name == "localhost" else [])]
    builder = (
        x509.CertificateBuilder()
        .subject_name(subject)
        .issuer_name(subject)
        .public_key(key.public_key())
        .serial_number(1)
        .not_valid_before(now + timedelta(days=days[0]))
        .not_valid_after(now + timedelta(days=days[1]))
        .add_extension(x509.BasicConstraints(ca=is_authority, path_length=None), critical=True)
    )
    if names:
        builder = builder.add_extension(x509.SubjectAlternativeName(names), critical=not name)
    private = key.private_bytes(
        serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8, serialization.NoEncryption()
    )
    return private, builder.sign(key, hashes.SHA256()).public_bytes(serialization.Encoding.PEM)


def server_context(pair: tuple[bytes, bytes], folder: Path, *protocols: str) -> ssl.SSLContext:
    """Return what a server of Python's needs to show a certificate."""
    (folder / "shown-key.pem").write_bytes(pair[0])
    (folder / "shown.pem").write_bytes(pair[1])
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(folder / "shown.pem", folder / "shown-key.pem")
    if protocols:
        context.set_alpn_protocols(list(protocols))
    return context
