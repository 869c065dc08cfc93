"""Addresses are taken as gRPC takes them, or refused with what is wrong with them."""

from __future__ import annotations

import itertools
import string

import grpc
import pytest
from hypothesis import given
from hypothesis import strategies as st

import flytetask_nb as ftn
from flytetask_nb.sources.client.endpoints import check_endpoint, host_and_port, is_loopback, place_of, web_proxy
from tests.sources.client.intermediaries import WebProxy, proxying


@pytest.mark.parametrize(
    ("endpoint", "expected"),
    [
        ("localhost:30080", ("localhost:30080", None)),
        ("dns:///flyte.example.com:443", ("flyte.example.com:443", None)),
        ("passthrough:///flyte.example.com:443", ("flyte.example.com:443", None)),
        ("https://flyte.example.com/console/projects", ("flyte.example.com", False)),
        ("http://localhost:30080", ("localhost:30080", True)),
        ("flyte.example.com/console", ("flyte.example.com", None)),
        ("dns:flyte.example.com:443", ("dns:flyte.example.com:443", None)),
        ("unix:///run/flyte.sock", ("unix:///run/flyte.sock", None)),
    ],
)
def test_addresses_are_understood(endpoint: str, expected: tuple[str, bool | None]) -> None:
    assert expected == host_and_port(endpoint)
    check_endpoint(expected[0])


@pytest.mark.parametrize(
    ("place", "expected"),
    [
        ("a.example.com", ("a.example.com", 443)),
        ("a.example.com:https", ("a.example.com", 443)),
        ("a.example.com:http", ("a.example.com", 80)),
        ("a.example.com: 81", ("a.example.com", 81)),
        ("[::1]:81", ("::1", 81)),
        ("[::1]", ("::1", 443)),
        ("fd00::81", ("fd00::81", 443)),
        ("dns:a.example.com:81", ("a.example.com", 81)),
        ("dns://8.8.8.8/a.example.com:81", ("a.example.com", 81)),
        ("ipv4:127.0.0.1:81", ("127.0.0.1", 81)),
        ("dns:81", ("dns", 81)),
    ],
)
def test_hosts_and_ports_are_told_apart(place: str, expected: tuple[str, int]) -> None:
    check_endpoint(place)
    assert expected == place_of(place)


@pytest.mark.parametrize(
    ("endpoint", "told"),
    [
        ("dns://flyte.example.com:443", "has two slashes.*write three: dns:///flyte.example.com:443"),
        ("dns://flyte.example.com", "write three: dns:///flyte.example.com$"),
        ("flyte.example.com:99999", "has the port '99999'; ports are numbers from 1 to 65535"),
        ("flyte.example.com:65536", "has the port '65536'"),
        ("flyte.example.com:0", "has the port '0'"),
        ("flyte.example.com:-1", "has the port '-1'"),
        ("flyte.example.com:+80", r"has the port '\+80'"),
        ("flyte.example.com:", "has the port ''"),
        ("flyte.example.com:80:81", "has the port '80:81'"),
        ("flyte.example.com:٣", "has the port '٣'"),
        ("host:port", "has the port 'port'"),
        ("dns:///localhost:thirty", "has the port 'thirty'"),
        ("https://localhost:99999/console", "has the port '99999'"),
        ("dns:localhost:99999", "has the port '99999'"),
        (":8089", "has no host"),
        ("https:///console", "has no host"),
        ("grpc://localhost:8089", "begins with grpc://, which gRPC does not know"),
        ("me:hidden@localhost:8089", "'…@localhost:8089' has a user in it, which goes into auth="),
        ("https://me:hidden@localhost:8089", "has a user in it"),
    ],
)
def test_addresses_that_are_none_are_told(endpoint: str, told: str) -> None:
    with pytest.raises(ftn.errors.ConfigurationError, match=told) as error:
        ftn.connect(endpoint)
    assert "hidden" not in str(error.value)


@given(host=st.text(string.ascii_lowercase, min_size=1, max_size=9), port=st.integers(-100_000, 10_000_000))
def test_ports_are_those_that_there_are(host: str, port: int) -> None:
    """Otherwise gRPC would take 99999 for 34463."""
    if 0 < port <= 65_535:
        check_endpoint(f"{host}:{port}")
        assert place_of(f"{host}:{port}") == (host, port)
    else:
        with pytest.raises(ftn.errors.ConfigurationError, match="ports are numbers from 1 to 65535"):
            check_endpoint(f"{host}:{port}")


@pytest.mark.parametrize(
    ("host", "expected"),
    [
        ("localhost", True),
        ("LOCALHOST.", True),
        ("127.0.0.1", True),
        ("127.8.9.1", True),
        ("::1", True),
        ("10.0.0.1", False),
        ("localhost.example.com", False),
    ],
)
def test_loopback(host: str, expected: bool) -> None:
    assert is_loopback(host) is expected


VARIABLES = ("grpc_proxy", "https_proxy", "http_proxy", "no_grpc_proxy", "no_proxy")
PROXIES = (
    {},
    {"https_proxy": "{ours}"},
    {"http_proxy": "{ours}"},
    {"grpc_proxy": "{ours}"},
    {"grpc_proxy": "", "https_proxy": "{ours}"},
    {"https_proxy": "", "http_proxy": "{ours}"},
    {"grpc_proxy": "{ours}", "https_proxy": "http://127.0.0.1:1"},
    {"https_proxy": "https://127.0.0.1:{port}"},
    {"https_proxy": "socks5://127.0.0.1:{port}"},
    {"https_proxy": "127.0.0.1:{port}"},
    {"HTTPS_PROXY": "{ours}"},
)
EXCEPTIONS = (
    {},
    {"no_proxy": "a.invalid"},
    {"no_proxy": "b.invalid, .INVALID"},
    {"no_proxy": "valid"},
    {"no_proxy": "invalid"},
    {"no_proxy": "*.invalid"},
    {"no_proxy": "b.invalid"},
    {"no_proxy": ""},
    {"no_proxy": "*"},
    {"no_grpc_proxy": "", "no_proxy": "a.invalid"},
    {"no_grpc_proxy": "a.invalid", "no_proxy": ""},
    {"no_proxy": "a.invalid:443"},
    {"no_proxy": "10.0.0.0/8"},
)


@pytest.mark.parametrize(("named", "excepted"), list(itertools.product(PROXIES, EXCEPTIONS)))
def test_proxies_are_those_that_grpc_takes(
    monkeypatch: pytest.MonkeyPatch, named: dict[str, str], excepted: dict[str, str]
) -> None:
    """Whichever variables there are: the proxy is asked by gRPC itself just when this side says so."""
    for name in VARIABLES:
        monkeypatch.delenv(name, raising=False)
    with proxying(WebProxy(status="403 Forbidden")) as proxy:
        for name, value in {**named, **excepted}.items():
            monkeypatch.setenv(name, value.format(ours=f"http://127.0.0.1:{proxy.port}", port=proxy.port))
        with grpc.insecure_channel("a.invalid:443") as channel, pytest.raises(grpc.RpcError):
            channel.unary_unary("/a/b")(b"", timeout=2)
        told = web_proxy("a.invalid")
        assert bool(proxy.asked) is (told is not None and told.is_usable)
        assert told is None or not told.is_usable or told.place == ("127.0.0.1", proxy.port)


def test_ranges_of_addresses_are_excepted(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("https_proxy", "http://127.0.0.1:1")
    monkeypatch.setenv("no_proxy", "10.0.0.0/8,192.168.1.1")
    assert [web_proxy(host) is None for host in ("10.1.2.3", "11.1.2.3", "192.168.1.1", "127.0.0.1")] == [
        True,
        False,
        True,
        True,
    ]
