"""What to do about the errors of a connection, as a table: the status, what its text says, the advice."""

from __future__ import annotations

import re
from typing import Final, NamedTuple


class Circumstances(NamedTuple):
    """What is known of a connection beside what went wrong with it.

    ``host``: where it goes.
    ``proxy``: the web proxy that it is sent through, as the environment names it; empty: none.
    ``unusable_proxy``: likewise one that gRPC passes by, as it is of another kind than gRPC knows.
    ``skips_verification``: whether any certificate is to be trusted.
    ``has_proxy_command``: whether a command gives tokens for a proxy in front of Flyte.
    """

    host: str = ""
    proxy: str = ""
    unusable_proxy: str = ""
    skips_verification: bool = False
    has_proxy_command: bool = False


class _Advice(NamedTuple):
    """What to do where a text comes with a status, any if the code is empty, and under a circumstance if one is named."""

    pattern: str
    advice: str
    only_if: str = ""
    code: str = "UNAVAILABLE"


NOTHING_LISTENS: Final = "nothing listens there: check host and port, and whether a tunnel has to be opened"
"""What to do where a connection is refused at once."""
_HTTP = r"(?:http2 header with status: |http1\.x server \(HTTP status |answers HTTP )"
_REFUSED_WAY = r"(?:HTTP proxy returned response code|Tunnel connection failed:)"
_OTHER_NAME = r"not in peer certificate|[Hh]ostname (?:mismatch|Verification)|IP address mismatch"
_OUT_OF_DATE = r"certificate has expired|not yet valid"
_NOT_TRUSTED = r"self.signed|CERTIFICATE_VERIFY_FAILED|unable to get (local )?issuer"
_ADVICE = (
    _Advice(
        r"h2 in ALPN|ALPN property",
        "gRPC needs HTTP/2 over TLS: have the ingress or load balancer offer it (ALPN h2), or check host and port",
    ),
    _Advice(r"speaks TLS", "the connection is plain text: pass insecure=False"),
    # What stands in front of Flyte Admin answers in its place, under codes that gRPC makes of HTTP's.
    _Advice(
        _HTTP + r"(?:3\d\d|401|407)",
        "what stands in front of Flyte Admin does not take the token of admin.proxyCommand: run that command in a "
        "terminal, and check that its token is for this proxy",
        only_if="has_proxy_command",
        code="",
    ),
    _Advice(
        _HTTP + r"3\d\d",
        "what answers leads on to another address, as an ingress or an identity-aware proxy does with who is not "
        "logged in: log in to it (admin.proxyCommand in config.yaml prints its token), or check host and port",
        code="",
    ),
    _Advice(
        _HTTP + r"(?:401|407)",
        "what stands in front of Flyte Admin wants a login of its own: set admin.proxyCommand in config.yaml to a "
        "command that prints its token",
        code="",
    ),
    _Advice(_HTTP + r"403", "what stands in front of Flyte Admin refuses: ask who runs it for the right", code=""),
    _Advice(
        _HTTP + r"429",
        "what stands in front of Flyte Admin takes no more requests for now: wait, and try again",
        code="",
    ),
    _Advice(
        _HTTP + r"5(?!05)\d\d",
        "what stands in front of Flyte Admin does not reach it: try again later, or ask who runs the cluster",
        code="",
    ),
    _Advice(_HTTP + r"404", "nothing of Flyte's is behind that address: check host and port", code=""),
    _Advice(
        r"a web server answers|http1\.x server|Failed parsing HTTP/2",
        "that is no gRPC but, as it seems, a web server: the endpoint is Admin's gRPC port (8089 where its HTTP port "
        "is 8088), or an ingress that passes gRPC on",
    ),
    _Advice(
        r"END_STREAM flag received|No status received|answers HTTP 2",
        "what answers is no Flyte but a page, such as a login page or an ingress's own: log in to what stands in front "
        "of Flyte Admin (admin.proxyCommand in config.yaml prints its token), or check host and port",
        code="",
    ),
    # The way there.
    _Advice(
        _REFUSED_WAY + r" 407",
        "the web proxy of the environment, {proxy}, wants a login: put user and password into its address, or set "
        "no_proxy={host} if the server can be reached without it",
        only_if="proxy",
    ),
    _Advice(
        _REFUSED_WAY,
        "the web proxy of the environment, {proxy}, refuses the way to the server: set no_proxy={host} if it can be "
        "reached without it, else ask who runs the proxy",
        only_if="proxy",
    ),
    _Advice(
        _OUT_OF_DATE,
        "gRPC refuses it whatever insecureSkipVerify says: have the certificate renewed, or this machine's clock set",
        only_if="skips_verification",
    ),
    _Advice(
        r"names no host|" + _OTHER_NAME,
        "gRPC needs a name in the certificate whatever insecureSkipVerify says: have one made that names its host",
        only_if="skips_verification",
    ),
    _Advice(
        _NOT_TRUSTED,
        "the server shows another certificate than when the connection was made: connect again",
        only_if="skips_verification",
    ),
    _Advice(
        _OUT_OF_DATE,
        "the certificate is out of date: have it renewed, or this machine's clock set",
    ),
    _Advice(
        _OTHER_NAME,
        "the certificate is for another name: use the name that it was made for, or set admin.insecureSkipVerify in "
        "config.yaml for a test cluster",
    ),
    _Advice(
        _NOT_TRUSTED,
        "the certificate is self-signed, or its authority is not known here: pass ca_cert='path/of/ca.pem'",
    ),
    _Advice(
        r"WRONG_VERSION_NUMBER|[Ss]sl handshake failed|TSI_PROTOCOL_FAILURE|tls handshake",
        "the server may speak plain text: pass insecure=True if it is meant to",
    ),
    _Advice(
        r"refused|resolv|lookup|DNS",
        "the web proxy of the environment, {proxy}, is not there: set no_proxy={host} if the server can be reached "
        "without it, else ask who runs the proxy",
        only_if="proxy",
    ),
    _Advice(
        r"",
        "the way goes through the web proxy of the environment, {proxy}, which may be down: set no_proxy={host} if the "
        "server can be reached without it, else check the proxy, then the server",
        only_if="proxy",
    ),
    _Advice(
        r"",
        "gRPC goes through web proxies of http://... alone, and not through {unusable_proxy}: name one of those, or "
        "check that the server can be reached straight from here",
        only_if="unusable_proxy",
    ),
    _Advice(
        r"DNS|Name or service|resolv|address lookup",
        "no server has that name: check the endpoint, host and port",
    ),
    _Advice(r"refused", NOTHING_LISTENS),
    _Advice(
        r"",
        "try again, or pass a longer timeout=... (seconds) to connect; the way goes through the web proxy of the "
        "environment, {proxy}: set no_proxy={host} if the server can be reached without it",
        only_if="proxy",
        code="DEADLINE_EXCEEDED",
    ),
    _Advice(
        r"larger than max|too large", "pass a larger max_message_size=... (bytes) to connect", code="RESOURCE_EXHAUSTED"
    ),
    _Advice(r"database", "a filter's value may be of a kind that its column is not", code="UNKNOWN"),
    _Advice(
        r"(?i)closed channel|channel closed", "the connection is closed: connect again", code="FAILED_PRECONDITION"
    ),
)
_OTHERWISE = {
    "UNAVAILABLE": (
        "check that the server is up, and whether it speaks TLS (insecure=False) or plain text (insecure=True)"
    ),
    "DEADLINE_EXCEEDED": "try again, or pass a longer timeout=... (seconds) to connect",
    "RESOURCE_EXHAUSTED": "the server is busy: try again later",
    "UNAUTHENTICATED": (
        "log in: pass auth='Pkce', 'DeviceFlow', {'token': ...} or {'client_id': ..., 'client_secret': ...}"
    ),
    "PERMISSION_DENIED": "ask who runs the cluster for the right to do this",
    "UNIMPLEMENTED": "this is no Flyte Admin, or an old one: check the endpoint",
    "NOT_FOUND": "check project, domain, name and version; task_names() and versions() list them",
    "INVALID_ARGUMENT": "check what was asked for",
}
"""What to do where nothing in a text of that status says more."""

_PLACE = re.compile(r"\{(host|proxy|unusable_proxy)\}")
TOO_LARGE = re.compile(r"larger than max|message.*too large|exceeds.*maximum")
"""An answer is larger than one of the two sides takes, if the status is RESOURCE_EXHAUSTED."""
BROKEN_STREAM = re.compile(
    r"RST_STREAM|[Ss]tream (removed|closed|terminated)|broken pipe|connection reset|GOAWAY|EOF", re.IGNORECASE
)
"""A status comes from a connection that broke, and not from the server's own trouble."""
TURNED_AWAY = re.compile(_HTTP + r"(?:3\d\d|401|403|407)")
"""A status comes from what stands in front of a server and does not know who asks."""
NO_GRPC = re.compile(r"Socket closed|Endpoint closing|SETTINGS frame|Failed parsing HTTP/2|http1\.x server")
"""What answered did not speak as gRPC does, so that it may speak TLS."""


def remedy(code: str, details: str, circumstances: Circumstances | None = None) -> str:
    """Return what to do about a status, or nothing where there is nothing to say.

    ``code``, ``details``: of the status.
    ``circumstances``: what is known of the connection; None: nothing.
    """
    known = circumstances or Circumstances()
    for rule in _ADVICE:
        is_meant = rule.code in {"", code} and (not rule.only_if or getattr(known, rule.only_if))
        if is_meant and re.search(rule.pattern, details):
            return _PLACE.sub(lambda place: str(getattr(known, place[1])), rule.advice)
    return _OTHERWISE.get(code, "")
