"""What to do about the errors of a connection, as a table: the status, what its text says, the advice."""

from __future__ import annotations

import re
from typing import NamedTuple

__all__ = ["is_broken_stream", "is_too_large", "remedy"]


class _Advice(NamedTuple):
    """What to do where a status comes with a text."""

    code: str
    pattern: str
    advice: str


_ADVICE = (
    _Advice(
        "UNAVAILABLE",
        r"DNS|Name or service|resolv|address lookup",
        "no server has that name: check the endpoint, host and port",
    ),
    _Advice(
        "UNAVAILABLE",
        r"self.signed|CERTIFICATE_VERIFY_FAILED|unable to get (local )?issuer",
        "the certificate is self-signed, or its authority is not known here: pass ca_cert='path/of/ca.pem'",
    ),
    _Advice(
        "UNAVAILABLE",
        r"not in peer certificate|[Hh]ostname",
        "the certificate is for another name: use the name that it was made for",
    ),
    _Advice(
        "UNAVAILABLE",
        r"WRONG_VERSION_NUMBER|[Ss]sl handshake failed|TSI_PROTOCOL_FAILURE|tls handshake",
        "the server may speak plain text: pass insecure=True if it is meant to",
    ),
    _Advice(
        "UNAVAILABLE", r"refused", "nothing listens there: check host and port, and whether a tunnel has to be opened"
    ),
    _Advice(
        "UNAVAILABLE",
        r"",
        "check that the server is up, and whether it speaks TLS (insecure=False) or plain text (insecure=True)",
    ),
    _Advice("DEADLINE_EXCEEDED", r"", "try again, or pass a longer timeout=... (seconds) to connect"),
    _Advice(
        "RESOURCE_EXHAUSTED", r"larger than max|too large", "pass a larger max_message_size=... (bytes) to connect"
    ),
    _Advice("RESOURCE_EXHAUSTED", r"", "the server is busy: try again later"),
    _Advice(
        "UNAUTHENTICATED",
        r"",
        "log in: pass auth='Pkce', 'DeviceFlow', {'token': ...} or {'client_id': ..., 'client_secret': ...}",
    ),
    _Advice("PERMISSION_DENIED", r"", "ask who runs the cluster for the right to do this"),
    _Advice("UNIMPLEMENTED", r"", "this is no Flyte Admin, or an old one: check the endpoint"),
    _Advice("NOT_FOUND", r"", "check project, domain, name and version; task_names() and versions() list them"),
    _Advice("INVALID_ARGUMENT", r"", "check what was asked for"),
    _Advice("UNKNOWN", r"database", "a filter's value may be of a kind that its column is not"),
    _Advice("FAILED_PRECONDITION", r"[Cc]losed", "the connection is closed: connect again"),
)

_TOO_LARGE = re.compile(r"larger than max|message.*too large|exceeds.*maximum")
_BROKEN = re.compile(
    r"RST_STREAM|[Ss]tream (removed|closed|terminated)|broken pipe|connection reset|GOAWAY|EOF", re.IGNORECASE
)


def remedy(code: str, details: str) -> str:
    """Give what to do about a status, or nothing where there is nothing to say."""
    return next((one.advice for one in _ADVICE if one.code == code and re.search(one.pattern, details)), "")


def is_too_large(code: str, details: str) -> bool:
    """Tell whether an answer was larger than one of the two sides takes."""
    return code == "RESOURCE_EXHAUSTED" and _TOO_LARGE.search(details) is not None


def is_broken_stream(details: str) -> bool:
    """Tell whether a status comes from a connection that broke, and not from the server's own trouble."""
    return _BROKEN.search(details) is not None
