"""Addresses of files that are not paths."""

from __future__ import annotations

import io
import zipfile
from typing import TYPE_CHECKING, Any

import pytest
from fsspec import AbstractFileSystem
from fsspec.implementations.memory import MemoryFileSystem
from fsspec.registry import _registry as registry

import flytetask_nb as ftn
from flytetask_nb.addresses import file_system, is_url
from tests.sources import building

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path


class Remembering(MemoryFileSystem):
    """Files in memory, behind listings that are kept: as the drivers of object stores keep theirs."""

    protocol = "remembering"
    # Memory has shorter ways of its own, past the listings.
    find, isfile, isdir = AbstractFileSystem.find, AbstractFileSystem.isfile, AbstractFileSystem.isdir

    @classmethod
    def _strip_protocol(cls, path: str) -> Any:
        return super()._strip_protocol(path.replace("remembering://", "memory://", 1))

    def ls(self, path: str, detail: bool = True, **kwargs: Any) -> Any:
        path = self._strip_protocol(path)
        if path not in self.dircache:
            self.dircache[path] = super().ls(path, detail=True, **kwargs)
        return self.dircache[path] if detail else [entry["name"] for entry in self.dircache[path]]

    def info(self, path: str, **kwargs: Any) -> Any:
        path = self._strip_protocol(path)
        known = self.dircache.get(self._parent(path))
        if known is None:
            return super().info(path, **kwargs)
        for entry in known:
            if entry["name"] == path:
                return entry
        raise FileNotFoundError(path)

    def invalidate_cache(self, path: str | None = None) -> None:
        del path
        self.dircache.clear()

    def open(self, path: str, mode: str = "rb", **kwargs: Any) -> Any:
        if "r" in mode:
            self.info(path)
        return super().open(path, mode, **kwargs)


LAKE = "remembering://lake"


@pytest.fixture
def others(monkeypatch: pytest.MonkeyPatch) -> Iterator[Any]:
    """Return what the others see of the store behind ``LAKE``, in which they write."""
    monkeypatch.setitem(registry, "remembering", Remembering)
    system = MemoryFileSystem()
    system.makedirs("/lake")
    yield system
    system.rm("/lake", recursive=True)
    Remembering.clear_instance_cache()


@pytest.mark.parametrize(
    ("name", "expected"),
    [("s3://b/x.tgz", True), ("zip://x.pb::/tmp/a.zip", True), ("C:\\x.tgz", False), ("/var/a:b", False), ("a", False)],
)
def test_addresses_are_told_from_paths(name: str, *, expected: bool) -> None:
    assert is_url(name) is expected


def put(system: Any, *names: str) -> None:
    for name in names:
        system.pipe_file(f"/lake/{name}.pb", building.data(name))


@pytest.mark.parametrize("tail", ["", "/*.pb"])
def test_what_others_wrote_since_is_seen(others: Any, tail: str) -> None:
    """A release that arrives between two looks at a store is there at the second one, one that went is not."""
    pytest.importorskip("dask.dataframe")
    put(others, "a", "b")
    assert ftn.load(LAKE + tail).names == ["a", "b"]
    assert len(ftn.scan(LAKE + tail).compute(scheduler="synchronous")) == 2
    put(others, "c")
    others.rm_file("/lake/a.pb")
    assert ftn.load(LAKE + tail).names == ["b", "c"]
    put(others, "d")
    assert ftn.scan(LAKE + tail).compute(scheduler="synchronous")["name"].tolist() == ["b", "c", "d"]


def test_an_archive_in_a_store_is_seen_as_it_is(others: Any) -> None:
    for names in (["a"], ["a", "b"]):
        assert Remembering().ls("/lake") is not None
        file = io.BytesIO()
        with zipfile.ZipFile(file, "w") as archive:
            for name in names:
                archive.writestr(f"{name}.pb", building.data(name))
        others.pipe_file(f"/lake/{len(names)}.zip", file.getvalue())
        assert ftn.load(f"zip://*.pb::{LAKE}/{len(names)}.zip").names == names


def test_what_others_put_beside_a_snapshot_is_seen(others: Any) -> None:
    """A folder that holds somebody's thesis by now is no snapshot to be replaced."""
    pytest.importorskip("pyarrow")
    tasks = ftn.TaskCollection([building.data("a")])
    tasks.save(f"{LAKE}/snapshot")
    assert ftn.load(f"{LAKE}/snapshot").names == ["a"]
    others.pipe_file("/lake/snapshot/thesis.txt", b"years")
    with pytest.raises(ftn.errors.SaveError, match=r"the folder holds 'thesis\.txt'"):
        tasks.save(f"{LAKE}/snapshot")


@pytest.mark.parametrize("cache", ["simplecache", "filecache", "blockcache"])
def test_files_may_be_kept_on_the_disk(tmp_path: Path, cache: str) -> None:
    """Chains of fsspec that keep files work, also where closing such a file fails, as ``blockcache`` does here."""
    (tmp_path / "a.pb").write_bytes(building.data("a"))
    for _ in range(2):
        assert ftn.load(f"{cache}::file://{tmp_path}/a.pb").names == ["a"]


def test_a_driver_that_is_not_there_says_so() -> None:
    with pytest.raises(ValueError, match="nowhere"):
        file_system("nowhere://x")
