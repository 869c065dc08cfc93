"""Files are read from real servers: S3, Google's store and the web, with ranges and without."""

from __future__ import annotations

import html
import importlib
import logging
import time
from collections import Counter
from contextlib import suppress
from hashlib import sha256
from http.server import BaseHTTPRequestHandler
from types import SimpleNamespace
from typing import TYPE_CHECKING, Any, ClassVar

import fsspec
import fsspec.config
import platformdirs
import pytest

import flytetask_nb as ftn
from tests.sources.building import package
from tests.web_server import WebServer, serving

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

LAKE = {f"lake/r{number}.tgz": package([f"a.{number}"]) for number in range(12)}
ALL = [f"a.{number}" for number in range(12)]


class Store(BaseHTTPRequestHandler):
    """Serves the lake and its listing, as servers of static files do."""

    knows_ranges = True
    seconds_a_byte: ClassVar[dict[str, float]] = {}
    tells_lengths = True
    files: ClassVar[dict[str, bytes]] = {}
    asked: ClassVar[Counter[str]] = Counter()

    def do_HEAD(self) -> None:
        self._answer()

    def do_GET(self) -> None:
        content = self._answer()
        pause = self.seconds_a_byte.get(self.path.strip("/"))
        with suppress(OSError):  # of whom nobody waits for any more
            for place in range(len(content)) if pause else ():
                self.wfile.write(content[place : place + 1])
                time.sleep(pause)
            self.wfile.write(b"" if pause else content)

    def _answer(self) -> bytes:
        name = self.path.strip("/")
        self.asked[f"{self.command} {name}"] += 1
        if name == "lake":
            links = "".join(f'<a href="/{html.escape(file)}">file</a>' for file in self.files)
            return self._send(200, links.encode(), {"Content-Type": "text/html"})
        if name not in self.files:
            return self._send(404, b"", {})
        content = self.files[name]
        headers = {"ETag": f'"{hash(content)}"', "Accept-Ranges": "bytes" if self.knows_ranges else "none"}
        wanted = self.headers.get("Range")
        if wanted and self.knows_ranges:
            first, last = wanted.removeprefix("bytes=").split("-")
            end = min(int(last or len(content)), len(content) - 1)
            part = content[int(first) : end + 1]
            return self._send(206, part, {**headers, "Content-Range": f"bytes {first}-{end}/{len(content)}"})
        return self._send(200, content, headers)

    def _send(self, status: int, content: bytes, headers: dict[str, str]) -> bytes:
        self.send_response(status)
        for key, value in headers.items():
            self.send_header(key, value)
        if self.tells_lengths:
            self.send_header("Content-Length", str(len(content)))
        self.end_headers()
        return content

    def log_message(self, *_: Any) -> None:
        pass


@pytest.fixture(autouse=True)
def cache(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(platformdirs, "user_cache_path", lambda name, **_: tmp_path / "cache" / name)


@pytest.fixture(params=["ranges", "no ranges", "no lengths"])
def web(request: pytest.FixtureRequest, monkeypatch: pytest.MonkeyPatch) -> Iterator[str]:
    """Serve the lake on loopback."""
    pytest.importorskip("aiohttp", reason="fsspec reads the web by aiohttp")
    monkeypatch.setattr(Store, "knows_ranges", request.param == "ranges")
    monkeypatch.setattr(Store, "tells_lengths", request.param != "no lengths")
    monkeypatch.setattr(Store, "files", dict(LAKE))
    monkeypatch.setattr(Store, "seconds_a_byte", {})
    monkeypatch.setattr(Store, "asked", Counter())
    with serving(Store) as address:
        yield address


@pytest.fixture
def s3(monkeypatch: pytest.MonkeyPatch) -> Iterator[str]:
    """Serve a bucket with moto."""
    pytest.importorskip("s3fs", reason="fsspec reads S3 by s3fs")
    pytest.importorskip("flask", reason="moto serves by flask")
    moto = pytest.importorskip("moto.server", reason="moto stands for S3")
    logging.getLogger("werkzeug").setLevel(logging.ERROR)
    server = moto.ThreadedMotoServer(ip_address="127.0.0.1", port=0, verbose=False)
    server.start()
    host, port = server.get_host_and_port()
    options = {"key": "key", "secret": "secret", "client_kwargs": {"endpoint_url": f"http://{host}:{port}"}}
    monkeypatch.setitem(fsspec.config.conf, "s3", options)
    system = fsspec.filesystem("s3")
    system.call_s3("create_bucket", Bucket="bucket")
    for name, content in LAKE.items():
        system.pipe(f"bucket/{name}", content)
    yield "s3://bucket"
    system.clear_instance_cache()
    server.stop()


@pytest.fixture
def gcs(monkeypatch: pytest.MonkeyPatch) -> Iterator[str]:
    """Serve a bucket with the emulator of Google's store."""
    core = pytest.importorskip("gcsfs.core", reason="fsspec reads Google's store by gcsfs")
    emulator = pytest.importorskip("gcp_storage_emulator.server", reason="gcp-storage-emulator stands for Google's")
    # By itself it serves one connection at a time, and waits for what an idle one has to say.
    monkeypatch.setattr(emulator, "server", SimpleNamespace(HTTPServer=WebServer))
    server = emulator.create_server("127.0.0.1", 0, in_memory=True, default_bucket="bucket")
    server._api.daemon = True
    server.start()
    port = server._api._httpd.server_address[1]
    options = {"project": "project", "token": "anon", "endpoint_url": f"http://127.0.0.1:{port}"}
    monkeypatch.setitem(fsspec.config.conf, "gs", options)
    # The one that asks over gRPC which kind of bucket it is gets no answer here.
    monkeypatch.setitem(importlib.import_module("fsspec.registry")._registry, "gs", core.GCSFileSystem)
    system = fsspec.filesystem("gs", **options)
    for name, content in LAKE.items():
        system.pipe(f"bucket/{name}", content)
    yield "gs://bucket"
    server._api.join()


def sources(root: str) -> dict[str, Any]:
    return {"glob": f"{root}/lake/*.tgz", "list": [f"{root}/{name}" for name in LAKE]}


def check(root: str, caplog: pytest.LogCaptureFixture) -> None:
    """Hold what is read to what is there, twice, and with files that are not."""
    for source in sources(root).values():
        assert [task.name for task in ftn.load(source)] == ALL
    missing = ftn.load([f"{root}/lake/r0.tgz", f"{root}/lake/none.tgz", f"{root}/lake/r1.tgz"], errors="collect")
    assert missing.names == ["a.0", "a.1"]
    assert [tuple(failure) for failure in missing.failures] == [
        (f"{root}/lake/none.tgz", "", "there is no such file or folder; check the address")
    ]
    assert ftn.load(sources(root)["list"], cache=True).names == ftn.load(sources(root)["list"]).names
    with caplog.at_level(logging.INFO, "flytetask_nb.cache"):
        assert [task.name for task in ftn.load(sources(root)["list"], cache=True)] == ALL
    assert any(message.startswith("12 files") for message in caplog.messages)


def test_the_web(web: str, caplog: pytest.LogCaptureFixture) -> None:
    check(web, caplog)


def test_each_file_of_the_web_is_fetched_once(web: str) -> None:
    """It is asked what it is, and read; a listing of the web says no more than names."""
    ftn.load(sources(web)["list"])
    assert {Store.asked[f"GET {name}"] for name in LAKE} <= {1, 2, 3}
    if Store.tells_lengths:
        assert {Store.asked[f"GET {name}"] for name in LAKE} == {Store.asked[f"HEAD {name}"] for name in LAKE} == {1}


def test_a_file_of_the_web_that_changes_is_read_again(web: str) -> None:
    """Its address is the same, its etag is not."""
    ftn.load(sources(web)["list"], cache=True)
    Store.files["lake/r3.tgz"] = package(["a.x"])
    assert [task.name for task in ftn.load(sources(web)["list"], cache=True)] == [*ALL[:3], "a.x", *ALL[4:]]


def test_a_file_that_drips_is_given_up(web: str, monkeypatch: pytest.MonkeyPatch) -> None:
    """After the time that the option says, and what else was asked for is kept."""
    monkeypatch.setattr(Store, "seconds_a_byte", {"lake/r1.tgz": 0.05})
    begun = time.monotonic()
    with ftn.set_options(fetch_timeout=0.5):
        tasks = ftn.load([f"{web}/lake/r{number}.tgz" for number in range(3)], errors="collect")
    assert tasks.names == ["a.0", "a.2"]
    assert "has not come within 0.5 s, as set_options(fetch_timeout" in tasks.failures[0].reason
    assert time.monotonic() - begun < len(LAKE["lake/r1.tgz"]) * 0.05 / 2


def test_a_file_of_the_web_is_read_to_its_end(web: str) -> None:
    """Also where it comes in pieces, and nobody says how long it is."""
    names = [f"a.{sha256(bytes([number % 256, number >> 8])).hexdigest()}" for number in range(4000)]
    Store.files["large.tgz"] = package(names)
    assert len(Store.files["large.tgz"]) > 2**17
    assert len(ftn.load(f"{web}/large.tgz")) == len(names)


def test_s3(s3: str, caplog: pytest.LogCaptureFixture) -> None:
    check(s3, caplog)
    assert [task.name for task in ftn.load(f"{s3}/lake")] == ALL


def test_google_store(gcs: str, caplog: pytest.LogCaptureFixture) -> None:
    check(gcs, caplog)
    assert [task.name for task in ftn.load(f"{gcs}/lake")] == ALL
