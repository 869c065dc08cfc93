"""What answers at an address, looked at before gRPC does.

gRPC tells its users little of a handshake that failed, and the error stream, which a notebook shows, all the more; and
of ``insecureSkipVerify`` it knows nothing. So one handshake is made here first, over the way that gRPC will go.
"""

from __future__ import annotations

import os
import socket
import ssl
from base64 import b64encode
from contextlib import contextmanager
from http.client import HTTPConnection, HTTPException
from ipaddress import ip_address
from pathlib import Path
from typing import TYPE_CHECKING, Any, NamedTuple

from flytetask_nb.extras import load_module
from flytetask_nb.sources.client.endpoints import place_of, web_proxy

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

PATIENCE = 5.0
"""Seconds that a look takes at most: what is slower than that is left to gRPC."""

_HTTP2 = "h2"
# What a client of HTTP/2 says first (RFC 9113, 3.4), and the kind of the frame that is answered.
_PREFACE = b"PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n\x00\x00\x00\x04\x00\x00\x00\x00\x00"
_FRAME, _KIND_AT, _SETTINGS = 9, 3, 4

_NO_TLS = "it speaks plain text, not TLS (WRONG_VERSION_NUMBER)"
_WEB = "a web server answers, in plain text"
_NO_HTTP2 = "it speaks TLS, but no HTTP/2 (no h2 in ALPN)"
_NAMELESS = "its certificate names no host"

# The refusals of certificates in which OpenSSL and gRPC's BoringSSL agree: X509_V_ERR_... of openssl/x509_vfy.h.
_REFUSALS = {
    9: "its certificate is not yet valid",
    10: "its certificate has expired",
    18: "its certificate is a self-signed certificate",
    19: "its certificate comes from a self-signed authority",
    20: "unable to get local issuer certificate: its authority is not known",
    21: "unable to get issuer certificate: its authority is not known, or not sent along",
    62: "Hostname mismatch: its certificate is for another name",
    64: "IP address mismatch: its certificate is for another name",
}
_ROOTS = ("_cython", "_credentials", "roots.pem")
"""Where gRPC has the roots that it trusts, in its own folder."""
_ROOTS_VARIABLE = "GRPC_DEFAULT_SSL_ROOTS_FILE_PATH"
# Stands in a wildcard's place: any name will do.
_LABEL = "flyte"


class Certificate(NamedTuple):
    """A certificate that a server shows.

    ``pem``: the certificate.
    ``name``: a name that it is good for, where it is not good for the host that was asked; else empty.
    ``problem``: why gRPC takes it for none, whoever trusts it; empty: nothing.
    """

    pem: str = ""
    name: str = ""
    problem: str = ""


def tls_problem(endpoint: str, ca_cert: str | None, patience: float) -> str:
    """Return what stands against a connection over TLS; empty where nothing does, or nothing is known.

    ``ca_cert``: path of the certificates to trust; None: those of gRPC.
    ``patience``: seconds that it may take.
    """
    try:
        context = _trusting(cafile=ca_cert or os.environ.get(_ROOTS_VARIABLE) or _own_roots())
        context.check_hostname = True
        return _problem(endpoint, context, patience)
    except (OSError, HTTPException, ValueError):
        # It cannot be reached, or trust cannot be read: gRPC's own attempts tell what there is to tell.
        return ""


def _own_roots() -> str:
    """Return the file of roots that comes with gRPC."""
    return str(Path(str(load_module("grpc").__file__)).parent.joinpath(*_ROOTS))


def _problem(endpoint: str, context: ssl.SSLContext, patience: float) -> str:
    try:
        with _handshake(endpoint, context, patience) as connection:
            return "" if connection.selected_alpn_protocol() == _HTTP2 else _NO_HTTP2
    except ssl.SSLCertVerificationError as error:
        known = _REFUSALS.get(error.verify_code)
        return "" if known is None else f"{known} (CERTIFICATE_VERIFY_FAILED)"
    except (ssl.SSLError, ConnectionResetError, BrokenPipeError):
        return _plain_problem(endpoint, patience)


def _plain_problem(endpoint: str, patience: float) -> str:
    """Return what answers in plain text; empty where it cannot be told."""
    with _reached(endpoint, patience) as way:
        way.sendall(_PREFACE)
        answer = way.recv(_FRAME)
    if answer[_KIND_AT : _KIND_AT + 1] == bytes([_SETTINGS]):
        return _NO_TLS
    return _WEB if answer.startswith((b"HTTP/", b"<")) else ""


def speaks_tls(endpoint: str, patience: float) -> bool:
    """Tell whether a server speaks TLS, whatever its certificate."""
    try:
        with _handshake(endpoint, _trusting_anyone(), patience):
            return True
    except ssl.SSLError as error:
        # Only who speaks TLS refuses in it.
        return "ALERT" in (error.reason or "")
    except (OSError, HTTPException, ValueError):
        return False


def shown_certificate(endpoint: str, patience: float) -> Certificate:
    """Return the certificate that a server shows, and the name that gRPC has to ask for so that it fits.

    Raises OSError, HTTPException: it cannot be reached.
    """
    try:
        with _handshake(endpoint, _trusting_anyone(), patience) as connection:
            pem = ssl.DER_cert_to_PEM_cert(connection.getpeercert(binary_form=True) or b"")
    except (ssl.SSLError, ConnectionResetError, BrokenPipeError) as error:
        return Certificate(problem=_plain_problem(endpoint, patience) or f"the TLS handshake failed: {error}")
    # Python reads a certificate for those alone who trust it.
    context = _trusting(cadata=pem)
    problem = _problem(endpoint, context, patience)
    if problem:
        return Certificate(pem, problem=problem)
    with _handshake(endpoint, context, patience) as connection:
        name, problem = _name(connection.getpeercert() or {}, place_of(endpoint)[0])
    return Certificate(pem, name, problem)


def _name(certificate: Mapping[str, Any], host: str) -> tuple[str, str]:
    """Return the name to ask for, empty where the host itself is one, and what stands against it."""
    others = certificate.get("subjectAltName", ())
    names = [value.strip() for kind, value in others if kind in {"DNS", "IP Address"}]
    if any(_covers(name, host) for name in names):
        return "", ""
    if not others:
        # gRPC looks at the common name where there is no other.
        pairs = [pair for group in certificate.get("subject", ()) for pair in group]
        names = [value for key, value in pairs if key == "commonName"][:1]
    # Names that are whole come before those with a star.
    names.sort(key=lambda name: name.startswith("*"))
    return (_spelled(names[0]).replace("*", _LABEL), "") if names else ("", _NAMELESS)


def _covers(name: str, host: str) -> bool:
    name, host = _spelled(name), _spelled(host)
    return name == host or (name.startswith("*.") and host.partition(".")[1:] == (".", name.removeprefix("*.")))


def _spelled(name: str) -> str:
    """Return a name or an address in the one spelling that gRPC compares."""
    try:
        return str(ip_address(name))
    except ValueError:
        return name.lower().rstrip(".")


def _trusting(cafile: str | None = None, cadata: str | None = None) -> ssl.SSLContext:
    """Return what trusts these certificates as gRPC would: authorities or not, keys of any length."""
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT)
    context.check_hostname = False
    context.set_alpn_protocols([_HTTP2])
    context.set_ciphers("DEFAULT:@SECLEVEL=0")
    context.verify_flags |= ssl.VERIFY_X509_PARTIAL_CHAIN
    if cafile or cadata:
        context.load_verify_locations(cafile=cafile, cadata=cadata)
    return context


def _trusting_anyone() -> ssl.SSLContext:
    context = _trusting()
    context.verify_mode = ssl.CERT_NONE
    return context


@contextmanager
def _handshake(endpoint: str, context: ssl.SSLContext, patience: float) -> Iterator[ssl.SSLSocket]:
    with (
        _reached(endpoint, patience) as way,
        context.wrap_socket(way, server_hostname=place_of(endpoint)[0]) as connection,
    ):
        yield connection


def _reached(endpoint: str, patience: float) -> socket.socket:
    """Connect as gRPC does: through the web proxy of the environment, where there is one for this host."""
    place = place_of(endpoint)
    proxy = web_proxy(place[0])
    if proxy is None or not proxy.is_usable:
        return socket.create_connection(place, patience)
    tunnel = HTTPConnection(*proxy.place, timeout=patience)
    login = {"Proxy-Authorization": f"Basic {b64encode(proxy.login.encode()).decode()}"} if proxy.login else {}
    tunnel.set_tunnel(*place, headers=login)
    try:
        tunnel.connect()
    except (OSError, HTTPException):
        # Of a proxy that hangs up, http.client leaves the connection open.
        tunnel.close()
        raise
    return tunnel.sock
