"""Addresses of servers: what users write, what gRPC connects to, and the web proxy that stands in the way there."""

from __future__ import annotations

import os
import re
from ipaddress import ip_address, ip_network
from typing import NamedTuple
from urllib.parse import unquote, urlsplit

from flytetask_nb.errors import ConfigurationError
from flytetask_nb.masking import mask_urls

_NAMED_PORTS = {None: 443, "http": 80, "https": 443}
"""What gRPC knows beside numbers: None stands for an address without a port."""

_LAST_PORT = 65_535
# Schemes of gRPC's own that mean no more than the address behind them; the second is known to Go alone.
_EMPTY_SCHEMES = ("dns:///", "passthrough:///")
# Schemes behind which a host stands, and those behind which something else does. A host may have such a name itself.
_HOST_SCHEMES = re.compile(r"(?:dns|ipv4|ipv6):(?!\d+$)")
_OTHER_SCHEMES = re.compile(r"(?:unix|unix-abstract|vsock|xds):(?!\d+$)")
_DIGITS = re.compile(r"[0-9]{1,5}")
_EXPECTED = "expected host:port, e.g. flyte.example.com:443"

# In the order in which gRPC looks at them (src/core/handshaker/http_connect/http_proxy_mapper.cc).
_PROXY_VARIABLES = ("grpc_proxy", "https_proxy", "http_proxy")
_EXCEPTION_VARIABLES = ("no_grpc_proxy", "no_proxy")


class WebProxy(NamedTuple):
    """A web proxy that connections to a host are sent through.

    ``variable``: the environment variable that names it.
    ``url``: its address, perhaps with user and password.
    """

    variable: str
    url: str

    @property
    def is_usable(self) -> bool:
        """Whether gRPC can use it: of any other scheme than http it says so on the error stream, and passes it by."""
        try:
            parts = urlsplit(self.url)
            return parts.scheme == "http" and bool(parts.hostname) and parts.port != 0
        except ValueError:
            return False

    @property
    def place(self) -> tuple[str, int]:
        """Host and port, those of a usable one."""
        parts = urlsplit(self.url)
        return parts.hostname or "", parts.port or _NAMED_PORTS[None]

    @property
    def login(self) -> str:
        """User and password, ``user:password``; empty where it names none."""
        return unquote(urlsplit(self.url).netloc.rpartition("@")[0])

    def __str__(self) -> str:
        return f"{self.variable}={mask_urls(self.url)}"


def host_and_port(endpoint: str) -> tuple[str, bool | None]:
    """Return the part of an address that gRPC connects to, and whether its scheme says plain text.

    ``endpoint``: ``host:port``, ``dns:///host:port``, or the address of a console in a browser. What is none of these
      comes back as it is: see ``check_endpoint``.
    Returns tuple of str and bool or None: None: it has no scheme that says so.
    """
    text = endpoint.strip()
    for scheme in _EMPTY_SCHEMES:
        text = text.removeprefix(scheme)
    scheme, mark, rest = text.partition("://")
    if not mark:
        return text if _HOST_SCHEMES.match(text) or _OTHER_SCHEMES.match(text) else text.partition("/")[0], None
    if scheme.lower() not in {"http", "https"}:
        return text, None
    return rest.partition("/")[0], scheme.lower() == "http"


def check_endpoint(place: str, source: str = "the endpoint") -> None:
    """Refuse an address that gRPC cannot connect to, or would take for another one.

    Raises ConfigurationError: it has no host, a port that is none, or a scheme that is not known. gRPC itself takes
      port 99999 for 34463.
    """
    problem = _problem(place)
    if problem:
        # A user may bring a password.
        masked = f"…@{place.rpartition('@')[2]}" if "@" in place else place
        raise ConfigurationError(f"{source} {masked!r} {problem}")


def _problem(place: str) -> str:
    if not place.isprintable():
        return f"holds a character that no address has; {_EXPECTED}"
    scheme, mark, rest = place.partition("://")
    if mark and scheme.lower() == "dns" and not rest.partition("/")[2]:
        return f"has two slashes, so that its host is taken for a name server; write three: dns:///{rest.strip('/')}"
    if _OTHER_SCHEMES.match(place):
        return ""
    if mark and not _HOST_SCHEMES.match(place):
        return f"begins with {scheme}://, which gRPC does not know; {_EXPECTED}"
    if "@" in place:
        return f"has a user in it, which goes into auth=...; {_EXPECTED}"
    host, port = _split(place)
    return _port_problem(port) if host else f"has no host; {_EXPECTED}"


def _port_problem(port: str | None) -> str:
    if port in _NAMED_PORTS or (port and _DIGITS.fullmatch(port) and 0 < int(port) <= _LAST_PORT):
        return ""
    return f"has the port {port!r}; ports are numbers from 1 to {_LAST_PORT}"


def place_of(place: str) -> tuple[str, int]:
    """Return host and port of an address as gRPC tells them apart.

    ``place``: as ``host_and_port`` gives it. An IPv6 address stands in brackets, or has no port.
    Raises ValueError: it is one that ``check_endpoint`` refuses, or of a kind that has no port.
    """
    host, port = _split(place)
    return host, _NAMED_PORTS[port] if port in _NAMED_PORTS else int(port or "")


def host_of(place: str) -> str:
    """Return the host of an address, without its port; of a kind that has none, what tells the kind."""
    return _split(place)[0]


def _split(place: str) -> tuple[str, str | None]:
    if _HOST_SCHEMES.match(place):
        place = place.rpartition("/")[2] if "/" in place else place.partition(":")[2]
    if place.startswith("["):
        host, _, rest = place.removeprefix("[").partition("]")
        return host.strip(), rest.removeprefix(":").strip() if rest else None
    if place.count(":") > 1 and _is_address(place):
        return place.strip(), None
    host, mark, port = place.partition(":")
    return host.strip(), port.strip() if mark else None


def _is_address(host: str) -> bool:
    try:
        ip_address(host)
    except ValueError:
        return False
    return True


def is_loopback(host: str) -> bool:
    """Tell whether a host is this machine, where no proxy is of any use (Go's ``ProxyFromEnvironment`` says so too)."""
    try:
        return host.lower().rstrip(".") == "localhost" or ip_address(host).is_loopback
    except ValueError:
        return False


def web_proxy(host: str) -> WebProxy | None:
    """Return the web proxy that gRPC sends connections to a host through; None where it sends them straight."""
    variable = next((name for name in _PROXY_VARIABLES if name in os.environ), "")
    url = os.environ.get(variable, "")
    if not url or is_loopback(host):
        return None
    exceptions = next((os.environ[name] for name in _EXCEPTION_VARIABLES if name in os.environ), "")
    return None if any(_covers(entry.strip(), host) for entry in exceptions.split(",")) else WebProxy(variable, url)


def _covers(entry: str, host: str) -> bool:
    """Tell whether an entry of ``no_proxy`` names a host: it or a domain that it is in, or a range of addresses."""
    domain = entry.lower().removeprefix(".")
    if domain and f".{host.lower()}".endswith(f".{domain}"):
        return True
    try:
        return ip_address(host) in ip_network(entry, strict=False)
    except ValueError:
        return False
