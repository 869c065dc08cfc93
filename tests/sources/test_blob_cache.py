"""Files that are kept: never another content than the file's, nobody else's to read, bounded, and no hindrance."""

from __future__ import annotations

import logging
import os
import subprocess
import sys
from datetime import datetime, timedelta, timezone
from pathlib import Path
from typing import TYPE_CHECKING, Any

import platformdirs
import pytest

import flytetask_nb as ftn
from flytetask_nb.sources import blob_cache
from flytetask_nb.sources.blob_cache import BlobCache, fingerprint_of
from flytetask_nb.sources.openers import RemoteFile
from tests.conftest import ROOT
from tests.sources import slow_files
from tests.sources.building import package
from tests.sources.slow_files import SCHEMES, STORE, fill

if TYPE_CHECKING:
    from collections.abc import Iterator

LAKE = {f"lake/r{number}.tgz": package([f"a.{number}"]) for number in range(5)}
LAST = "lake/r4.tgz"


@pytest.fixture(params=SCHEMES)
def scheme(request: pytest.FixtureRequest) -> str:
    return str(request.param)


@pytest.fixture(autouse=True)
def folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Path]:
    """Return where files are kept, which is a folder of this test, and fill the lake."""
    monkeypatch.setattr(platformdirs, "user_cache_path", lambda name, **_: tmp_path / "cache" / name)
    registration = slow_files.registered()
    next(registration)
    fill(LAKE)
    yield tmp_path / "cache" / "flytetask_nb" / "files"
    next(registration, None)


def load(scheme: str, **settings: Any) -> list[str]:
    return [task.name for task in ftn.load(f"{scheme}://lake", cache=True, **settings)]


ALL = [f"a.{number}" for number in range(5)]


def test_a_second_load_reads_nothing_that_is_the_same(scheme: str) -> None:
    assert load(scheme) == ALL
    assert STORE.calls["read"] == 5
    STORE.calls.clear()
    assert load(scheme) == ALL
    assert (STORE.calls["read"], STORE.calls["info"], STORE.calls["ls"]) == (0, 1, 1)


def test_without_being_asked_nothing_is_kept(scheme: str, folder: Path) -> None:
    ftn.load(f"{scheme}://lake")
    assert not folder.exists()


def other_content() -> None:
    """Write another file of the same size."""
    other = package(["a.9"])
    assert len(other) == len(LAKE[LAST])
    STORE.files[LAST] = other


@pytest.mark.parametrize("change", ["time", "etag", "no time", "weak etag"])
def test_a_changed_file_is_never_taken_from_the_cache(scheme: str, change: str) -> None:
    """Not even if it has the size that it had."""
    assert load(scheme) == ALL
    other_content()
    if change == "time":
        STORE.times[LAST] += timedelta(seconds=1)
    else:
        STORE.times.clear()
    if change.endswith("etag"):
        STORE.etags[LAST] = '"2"' if change == "etag" else 'W/"2"'
    assert load(scheme) == [*ALL[:4], "a.9"]


def test_a_file_of_another_size_is_another(scheme: str) -> None:
    assert load(scheme) == ALL
    STORE.files[LAST] = package(["a.changed", "a.more"])
    assert load(scheme) == [*ALL[:4], "a.changed", "a.more"]


def test_a_file_that_changes_while_it_is_read_is_not_kept(scheme: str) -> None:
    """What is kept under a fingerprint had that before and after it was read."""

    def change(path: str) -> None:
        if path == LAST:
            STORE.times[LAST] = slow_files.LONG_AGO + timedelta(seconds=1)
            other_content()

    STORE.before_reading = change
    assert load(scheme) == [*ALL[:4], "a.9"]
    STORE.before_reading = lambda _: None
    STORE.files[LAST], STORE.times[LAST] = LAKE[LAST], slow_files.LONG_AGO
    assert load(scheme) == ALL


def test_a_file_that_was_just_written_is_not_kept(scheme: str) -> None:
    """It may be written again in the same second."""
    STORE.times[LAST] = datetime.now(timezone.utc)
    assert load(scheme) == ALL
    other_content()
    assert load(scheme) == [*ALL[:4], "a.9"]


@pytest.mark.parametrize(
    ("details", "is_reliable"),
    [
        ({"size": 1, "ETag": '"a"'}, True),
        ({"size": None, "etag": "a"}, True),
        ({"size": 1, "ETag": 'W/"a"'}, False),
        ({"size": 1, "ETag": 'W/"a"', "Last-Modified": "Thu, 01 Jan 2026 00:00:00 GMT"}, True),
        ({"size": 1, "LastModified": slow_files.LONG_AGO}, True),
        ({"size": 1, "mtime": 1_700_000_000.5}, True),
        ({"size": 1, "mtime": 1_700_000_000_500}, True),
        ({"size": 1, "updated": "2026-01-01T00:00:00.123Z"}, True),
        ({"size": None, "mtime": 1_700_000_000.5}, False),
        ({"size": 1, "mtime": 4_000_000_000}, False),
        ({"size": 1, "Last-Modified": "yesterday"}, False),
        ({"size": 1}, False),
        ({}, False),
    ],
)
def test_what_tells_that_a_file_is_the_same(details: dict[str, Any], is_reliable: bool) -> None:
    assert bool(fingerprint_of(details)) is is_reliable


def test_one_time_told_in_two_ways_is_one() -> None:
    """A listing and the answer about a single file may say it differently."""
    moment = slow_files.LONG_AGO
    told = [moment, moment.astimezone(timezone(timedelta(hours=5))), moment.timestamp(), "2026-01-01T00:00:00Z"]
    assert len({fingerprint_of({"size": 1, "mtime": value}) for value in told}) == 1


def test_others_cannot_read_what_is_kept(scheme: str, folder: Path) -> None:
    folder.mkdir(parents=True, mode=0o755)
    folder.chmod(0o755)
    before = os.umask(0)
    try:
        load(scheme)
    finally:
        os.umask(before)
    assert folder.stat().st_mode & 0o777 == 0o700
    assert {file.stat().st_mode & 0o777 for file in folder.iterdir()} == {0o600}


def test_a_damaged_file_is_as_good_as_none(scheme: str, folder: Path) -> None:
    """Cut off, overwritten or emptied: it is read again from where it is."""
    load(scheme)
    for file, damage in zip(sorted(folder.iterdir()), (b"", b"x", None, None, None), strict=True):
        content = file.read_bytes()
        file.write_bytes(content[:-1] if damage is None else damage)
    STORE.calls.clear()
    assert load(scheme) == ALL
    assert STORE.calls["read"] == 5
    STORE.calls.clear()
    assert load(scheme) == ALL
    assert STORE.calls["read"] == 0


def test_it_is_bounded_and_what_was_not_used_for_longest_goes_first(scheme: str, folder: Path) -> None:
    load(scheme)
    assert len(list(folder.iterdir())) == 5
    total = sum(file.stat().st_size for file in folder.iterdir())
    for file in folder.iterdir():
        os.utime(file, (1, 1))
    ftn.load(f"{scheme}://{LAST}", cache=True)  # which makes it the one that was used last
    (recent,) = (file for file in folder.iterdir() if file.stat().st_mtime > 1)
    STORE.files["lake/r5.tgz"], STORE.times["lake/r5.tgz"] = package(["a.5"]), slow_files.LONG_AGO
    with ftn.set_options(cache_bytes=total // 2):
        assert ftn.load(f"{scheme}://lake/r5.tgz", cache=True).names == ["a.5"]
    assert 0 < sum(file.stat().st_size for file in folder.iterdir()) <= total // 2
    assert recent.exists()
    with ftn.set_options(cache_bytes=10):
        assert load(scheme) == [*ALL, "a.5"]


@pytest.mark.parametrize("call", ["mkstemp", "fdopen", "replace", "mkdir"])
def test_a_full_disk_is_no_hindrance(
    scheme: str, call: str, folder: Path, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    """What cannot be kept is read all the same, leaves nothing half written, and is said in the log."""

    def full(*_: Any, **__: Any) -> None:
        raise OSError(28, "No space left on device")

    if call in {"mkdir", "replace"}:
        monkeypatch.setattr(Path, call, full)
    elif call == "fdopen":
        monkeypatch.setattr(os, "fdopen", full)
    else:
        monkeypatch.setattr("tempfile.mkstemp", full)
    with caplog.at_level(logging.INFO, "flytetask_nb.cache"):
        assert load(scheme) == ALL
    assert "No space left on device" in caplog.text
    assert not folder.exists() or not list(folder.iterdir())


def test_a_folder_of_another_user_is_not_used(scheme: str, folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(os, "getuid", lambda: -5)
    assert load(scheme) == ALL
    assert not list(folder.iterdir())


def test_that_it_was_used_is_in_the_log(scheme: str, folder: Path, caplog: pytest.LogCaptureFixture) -> None:
    with caplog.at_level(logging.INFO, "flytetask_nb.cache"):
        load(scheme)
        assert not caplog.messages
        load(scheme)
    size = sum(map(len, LAKE.values()))
    assert caplog.messages == [f"5 files ({size:,} bytes) were taken from {folder}; clear_cache() empties it"]


def test_it_can_be_cleared(scheme: str, folder: Path) -> None:
    assert ftn.clear_cache() == 0
    load(scheme)
    size = sum(file.stat().st_size for file in folder.iterdir())
    assert ftn.clear_cache() == size > 0
    assert list(folder.iterdir()) == []
    STORE.calls.clear()
    assert load(scheme) == ALL
    assert STORE.calls["read"] == 5


def test_all_that_read_files_take_part(scheme: str) -> None:
    load(scheme)
    STORE.calls.clear()
    ftn.load_workflows(f"{scheme}://lake", cache=True)
    ftn.load_launch_plans(f"{scheme}://lake", cache=True)
    assert ftn.load_task(f"{scheme}://{LAST}", cache=True).name == "a.4"
    assert STORE.calls["read"] == 0


def test_a_scan_takes_part(scheme: str) -> None:
    pytest.importorskip("dask.dataframe")
    load(scheme)
    STORE.calls.clear()
    assert list(ftn.scan(f"{scheme}://lake", cache=True).compute(scheduler="sync").name) == ALL
    assert STORE.calls["read"] == 0


class Server:
    """Stands for a file system with options that tell servers apart."""

    storage_args = ()

    def __init__(self, **options: Any) -> None:
        self.storage_options = options


def test_files_of_two_servers_are_two(folder: Path) -> None:
    folder.mkdir(parents=True)
    cache = BlobCache(folder)
    files = [
        RemoteFile(Server(endpoint=endpoint), path, 1, fingerprint)
        for endpoint in ("here", "there")
        for path in ("a", "b")
        for fingerprint in ("1", "2")
    ]
    for position, file in enumerate(files):
        cache.put(file, bytes([position]))
    assert [cache.get(file) for file in files] == [bytes([position]) for position in range(8)]


def test_processes_do_not_hinder_each_other(folder: Path) -> None:
    """Several write, read and clear the same files at a time; each gets its own content or none."""
    folder.mkdir(parents=True)
    code = (
        "import sys; from pathlib import Path\n"
        "from flytetask_nb.sources import blob_cache\n"
        "from flytetask_nb.sources.openers import RemoteFile\n"
        "from tests.sources.test_blob_cache import Server\n"
        "blob_cache._folder = lambda: Path(sys.argv[1])\n"
        "with blob_cache.opened_cache(is_on=True) as cache:\n"
        "    cache._bound = 40_000\n"
        "    for turn in range(60):\n"
        "        for number in range(8):\n"
        "            file = RemoteFile(Server(), str(number), 1, 'x')\n"
        "            content = cache.get(file)\n"
        "            assert content is None or content == bytes([number]) * 9000, len(content)\n"
        "            cache.put(file, bytes([number]) * 9000)\n"
        "        if turn % 20 == 19:\n"
        "            blob_cache.clear_cache()\n"
        "assert not cache._problem, cache._problem\n"
    )
    environment = {**os.environ, "PYTHONPATH": str(ROOT)}
    command = [sys.executable, "-c", code, str(folder)]
    started = [subprocess.Popen(command, env=environment, stderr=subprocess.PIPE, text=True) for _ in range(3)]
    for process in started:
        _, errors = process.communicate(timeout=120)
        assert process.returncode == 0, errors
    assert sum(file.stat().st_size for file in folder.iterdir()) <= 40_000
    assert not [file for file in folder.iterdir() if file.name.endswith(blob_cache._PART)]
