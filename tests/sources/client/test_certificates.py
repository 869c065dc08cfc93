"""TLS: whatever certificate is trusted where the configuration says so; else what stands against it is told."""

from __future__ import annotations

from ipaddress import ip_address
from typing import TYPE_CHECKING, Any

import grpc
import pytest
from cryptography.x509 import DNSName, IPAddress, UniformResourceIdentifier

import flytetask_nb as ftn
from tests.sources.client.intermediaries import WebProxy, ingress, leading_to, listening, proxying, saying, silent
from tests.sources.client.oauth import make_certificate, server_context
from tests.sources.client.serving import Served, make_task, serving

if TYPE_CHECKING:
    from collections.abc import Iterator
    from contextlib import AbstractContextManager
    from pathlib import Path

HOST = "flyte.example.com"


@pytest.fixture
def skipping(tmp_path: Path) -> Any:
    """Return what writes a configuration that skips verification, as flytectl reads it."""

    def write(endpoint: str, rest: str = "") -> Path:
        path = tmp_path / "skips.yaml"
        path.write_text(f"admin: {{endpoint: 'dns:///{endpoint}', insecureSkipVerify: true{rest}}}")
        return path

    return write


class Hosts(Served):
    """A server that knows which host it was asked for."""

    def answer(self, method: str, request: Any, context: Any) -> bytes:
        self.hosts = [*getattr(self, "hosts", []), context._rpc_event.call_details.host.decode()]
        return super().answer(method, request, context)


def shown(pair: tuple[bytes, bytes]) -> AbstractContextManager[Hosts]:
    return serving(Hosts(tasks=[make_task("n")]), grpc.ssl_server_credentials([pair]))  # type: ignore[return-value]


OF_OTHERS = {
    "another name": make_certificate(HOST),
    "no authority": make_certificate(HOST, is_authority=False),
    "a wildcard": make_certificate(HOST, [DNSName("*.example.com")]),
    "wildcards before a name": make_certificate(HOST, [DNSName("*.example.com"), DNSName("ingress.local")]),
    "a common name alone": make_certificate(HOST, []),
    "words for a name": make_certificate("Kubernetes Ingress Controller Fake Certificate", []),
    "this address as common name": make_certificate("127.0.0.1", []),
    "no common name": make_certificate("", [DNSName(HOST)]),
    "another address": make_certificate("x", [IPAddress(ip_address("10.0.0.1"))]),
    "an IPv6 address": make_certificate("x", [IPAddress(ip_address("fd00::1"))]),
    "this address": make_certificate("x", [IPAddress(ip_address("127.0.0.1")), DNSName(HOST)]),
}


@pytest.mark.parametrize("kind", OF_OTHERS)
def test_any_certificate_is_trusted_where_verification_is_skipped(skipping: Any, kind: str) -> None:
    """Chain and host name, as in Go; the server is still asked for by its own name."""
    with shown(OF_OTHERS[kind]) as served, ftn.connect(config_file=skipping(served.endpoint)) as remote:
        assert remote.projects() == ["p"]
        assert [host.partition(":")[0] for host in served.hosts] == ["127.0.0.1"]


def test_names_of_hosts_work_as_well_as_addresses(skipping: Any) -> None:
    with shown(make_certificate(HOST)) as served:
        port = served.endpoint.rpartition(":")[2]
        with ftn.connect(config_file=skipping(f"localhost:{port}")) as remote:
            assert remote.projects() == ["p"]
        assert served.hosts == ["localhost"]


@pytest.mark.parametrize(
    ("pair", "told"),
    [
        (make_certificate(HOST, days=(-2, -1)), "certificate has expired.*whatever insecureSkipVerify says.*renewed"),
        (make_certificate(HOST, days=(1, 2)), "certificate is not yet valid.*this machine's clock"),
        (make_certificate("", []), "names no host.*have one made that names its host"),
        (make_certificate(HOST, [UniformResourceIdentifier("spiffe://a/b")]), "names no host"),
    ],
    ids=["expired", "not yet valid", "nameless", "a name of no host"],
)
def test_what_grpc_cannot_skip_is_told(skipping: Any, pair: tuple[bytes, bytes], told: str) -> None:
    with shown(pair) as served, pytest.raises(ftn.RemoteError, match=told) as error:
        ftn.connect(config_file=skipping(served.endpoint)).projects()
    assert ("UNAVAILABLE", served.endpoint) == (error.value.code, error.value.endpoint)
    assert "ca_cert" not in str(error.value)


def test_another_certificate_than_before_is_told(skipping: Any) -> None:
    """The advice does not ask for what was said already."""
    with shown(make_certificate(HOST)) as served:
        port = int(served.endpoint.rpartition(":")[2])
        remote = ftn.connect(config_file=skipping(served.endpoint), timeout=2)
    with (
        serving(served, grpc.ssl_server_credentials([make_certificate(HOST)]), port=port),
        pytest.raises(ftn.RemoteError, match="another certificate than when the connection was made: connect again"),
    ):
        remote.projects()
    remote.close()


def test_verification_is_skipped_behind_a_web_proxy(skipping: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("https_proxy", "")
    with shown(make_certificate(HOST)) as served:
        with proxying(WebProxy(int(served.endpoint.rpartition(":")[2]), login="me:hidden")) as proxy:
            monkeypatch.setenv("https_proxy", f"http://me:hidden@127.0.0.1:{proxy.port}")
            with ftn.connect(config_file=skipping("flyte.invalid:443")) as remote:
                assert remote.projects() == ["p"]
            assert {"flyte.invalid:443"} == set(proxy.asked)
        with proxying(WebProxy(status="403 Forbidden")) as proxy:
            monkeypatch.setenv("https_proxy", f"http://me:hidden@127.0.0.1:{proxy.port}")
            with pytest.raises(ftn.RemoteError, match=r"403 Forbidden.*no_proxy=flyte\.invalid") as error:
                ftn.connect(config_file=skipping("flyte.invalid:443"))
    assert "hidden" not in str(error.value)


def test_a_silent_server_does_not_hold_up_the_connection(skipping: Any) -> None:
    with listening(silent) as port, pytest.raises(ftn.RemoteError, match="shows no certificate"):
        ftn.connect(config_file=skipping(f"127.0.0.1:{port}"), timeout=0.3)


# -- where certificates are looked at --------------------------------------------------------------------------------


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    return tmp_path


def trusted(pair: tuple[bytes, bytes], folder: Path) -> Path:
    path = folder / "trusted.pem"
    path.write_bytes(pair[1])
    return path


@pytest.mark.parametrize(
    ("pair", "is_trusted", "told"),
    [
        (make_certificate(), False, "self-signed.*pass ca_cert="),
        (make_certificate(HOST), True, "is for another name"),
        (make_certificate(days=(-2, -1)), True, "certificate has expired.*have it renewed"),
        (make_certificate(days=(1, 2)), True, "not yet valid.*this machine's clock"),
    ],
    ids=["unknown", "another name", "expired", "not yet valid"],
)
def test_what_stands_against_a_certificate_is_told(
    folder: Path, capfd: pytest.CaptureFixture[str], pair: tuple[bytes, bytes], is_trusted: bool, told: str
) -> None:
    """At once, and once: gRPC is not even asked."""
    with server(pair, folder) as port:
        capfd.readouterr()
        ca_cert = trusted(pair, folder) if is_trusted else None
        with (
            ftn.connect(f"127.0.0.1:{port}", ca_cert=ca_cert, auth="None") as remote,
            pytest.raises(ftn.RemoteError, match=told) as error,
        ):
            remote.projects()
    assert "asked was ListProjects" in str(error.value)
    assert capfd.readouterr().err == ""


def server(pair: tuple[bytes, bytes], folder: Path) -> AbstractContextManager[int]:
    """Serve TLS by Python's own means, which write nothing of handshakes that fail."""
    return ingress("200", tls=server_context(pair, folder, "h2"))


@pytest.mark.parametrize("content", [b"", b"garbage", b"\x30\x82", make_certificate()[0]])
def test_a_file_without_certificates_is_told(folder: Path, content: bytes) -> None:
    """At once: of an empty one gRPC would make its own authorities."""
    (folder / "none.pem").write_bytes(content)
    with pytest.raises(ftn.errors.ConfigurationError, match=r"none\.pem holds no certificate"):
        ftn.connect("localhost:1", ca_cert=folder / "none.pem")


def test_a_good_certificate_costs_one_look(folder: Path) -> None:
    """And later calls none."""
    pair = make_certificate()
    seen: list[int] = []
    with (
        shown(pair) as served,
        listening(leading_to(int(served.endpoint.rpartition(":")[2]), seen=seen)) as port,
        ftn.connect(f"127.0.0.1:{port}", ca_cert=trusted(pair, folder), auth="None") as remote,
    ):
        assert [remote.projects() for _ in range(3)] == [["p"]] * 3
    assert len(seen) == 2


@pytest.mark.parametrize("protocols", [(), ("http/1.1",)])
def test_tls_without_http2_is_told(folder: Path, protocols: tuple[str, ...]) -> None:
    pair = make_certificate()
    with (
        ingress("200", tls=server_context(pair, folder, *protocols)) as port,
        ftn.connect(f"127.0.0.1:{port}", ca_cert=trusted(pair, folder), auth="None") as remote,
        pytest.raises(ftn.RemoteError, match=r"no HTTP/2.*have the ingress or load balancer offer it"),
    ):
        remote.projects()


@pytest.fixture
def plain() -> Iterator[Served]:
    with serving(Served(tasks=[make_task("n")])) as running:
        yield running


@pytest.mark.parametrize("skips", [False, True])
def test_a_plain_server_asked_for_tls_is_told(
    plain: Served, skipping: Any, capfd: pytest.CaptureFixture[str], skips: bool
) -> None:
    """And gRPC, which is loaded already and cannot be told to be quiet, writes nothing."""
    settings: dict[str, Any] = {"config_file": skipping(plain.endpoint)} if skips else {"endpoint": plain.endpoint}
    capfd.readouterr()
    with pytest.raises(ftn.RemoteError, match=r"speaks plain text.*insecure=True"):
        ftn.connect(**settings, auth="None").projects()
    assert capfd.readouterr().err == ""


@pytest.mark.parametrize("skips", [False, True])
def test_a_web_server_asked_for_tls_is_told(skipping: Any, capfd: pytest.CaptureFixture[str], skips: bool) -> None:
    """Admin's HTTP port, in place of its gRPC port."""
    with listening(saying(b"HTTP/1.1 400 Bad Request\r\n\r\n")) as port:
        place = f"127.0.0.1:{port}"
        settings: dict[str, Any] = {"config_file": skipping(place)} if skips else {"endpoint": place}
        with pytest.raises(ftn.RemoteError, match=r"a web server answers.*8089 where its HTTP port is 8088"):
            ftn.connect(**settings, auth="None").projects()
    assert capfd.readouterr().err == ""


@pytest.mark.parametrize(
    "answer", [b"", b"HTTP/1.0 400 Bad Request\r\n\r\nClient sent an HTTP request to an HTTPS server.\n"]
)
def test_a_tls_server_asked_in_plain_text_is_told(folder: Path, answer: bytes) -> None:
    """Also one that answers as Go's do, as though it were a web server."""
    context = server_context(make_certificate(), folder, "h2")

    def serve(connection: Any) -> None:
        first = connection.recv(1, 2)  # MSG_PEEK
        if first == b"\x16":
            context.wrap_socket(connection, server_side=True).close()
        else:
            connection.recv(65_536)
            connection.sendall(answer)

    with (
        listening(serve) as port,
        ftn.connect(f"127.0.0.1:{port}", insecure=True) as remote,
        pytest.raises(ftn.RemoteError, match=r"speaks TLS.*pass insecure=False"),
    ):
        remote.projects()


@pytest.mark.parametrize("delay", [0.1, 0.4])
def test_a_server_far_away_is_reached(folder: Path, delay: float) -> None:
    """A handshake takes several times as long as the line is."""
    pair = make_certificate()
    with (
        shown(pair) as served,
        listening(leading_to(int(served.endpoint.rpartition(":")[2]), delay)) as port,
        ftn.connect(f"127.0.0.1:{port}", ca_cert=trusted(pair, folder), auth="None") as remote,
    ):
        assert remote.projects() == ["p"]
