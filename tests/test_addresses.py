"""Addresses of files that are not paths."""

from __future__ import annotations

import zipfile
from typing import TYPE_CHECKING, Any

import fsspec
import pytest
from fsspec.implementations.local import LocalFileSystem
from fsspec.registry import known_implementations

import flytetask_nb as ftn
from flytetask_nb.addresses import file_system, is_url
from tests.sources import building

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path


class Remembering(LocalFileSystem):
    """The disk, behind listings that are kept: as the drivers of object stores keep theirs."""

    protocol = "remembering"

    def ls(self, path: str, detail: bool = False, **kwargs: Any) -> Any:
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


@pytest.fixture
def remembering(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> Iterator[str]:
    """Give the address of a folder in such a store."""
    where = {"class": f"{__name__}.Remembering", "err": ""}
    monkeypatch.setitem(known_implementations, "remembering", where)
    fsspec.register_implementation("remembering", Remembering, clobber=True)
    yield f"remembering://{tmp_path}"
    Remembering.clear_instance_cache()


@pytest.mark.parametrize(
    ("name", "expected"),
    [("s3://b/x.tgz", True), ("zip://x.pb::/tmp/a.zip", True), ("C:\\x.tgz", False), ("/var/a:b", False), ("a", False)],
)
def test_addresses_are_told_from_paths(name: str, *, expected: bool) -> None:
    assert is_url(name) is expected


def put(folder: Path, *names: str) -> None:
    for name in names:
        (folder / f"{name}.pb").write_bytes(building.data(name))


@pytest.mark.parametrize("tail", ["", "/*.pb"])
def test_what_others_wrote_since_is_seen(remembering: str, tmp_path: Path, tail: str) -> None:
    """A release that arrives between two looks at a store is there at the second one, one that went is not."""
    put(tmp_path, "a", "b")
    assert ftn.load(remembering + tail).names == ["a", "b"]
    assert len(ftn.scan(remembering + tail).compute(scheduler="synchronous")) == 2
    put(tmp_path, "c")
    (tmp_path / "a.pb").unlink()
    assert ftn.load(remembering + tail).names == ["b", "c"]
    put(tmp_path, "d")
    assert ftn.scan(remembering + tail).compute(scheduler="synchronous")["name"].tolist() == ["b", "c", "d"]


def test_an_archive_in_a_store_is_seen_as_it_is(remembering: str, tmp_path: Path) -> None:
    for names in (["a"], ["a", "b"]):
        assert Remembering().ls(str(tmp_path)) is not None
        with zipfile.ZipFile(tmp_path / f"{len(names)}.zip", "w") as archive:
            for name in names:
                archive.writestr(f"{name}.pb", building.data(name))
        assert ftn.load(f"zip://*.pb::{remembering}/{len(names)}.zip").names == names


def test_what_others_put_into_the_folder_of_a_snapshot_is_not_lost(remembering: str, tmp_path: Path) -> None:
    tasks = ftn.TaskCollection([building.data("a")])
    tasks.save(f"{remembering}/snapshot")
    (tmp_path / "snapshot" / "thesis.txt").write_text("years")
    with pytest.raises(ftn.SaveError, match=r"the folder holds 'thesis\.txt'"):
        tasks.save(f"{remembering}/snapshot")


@pytest.mark.parametrize("cache", ["simplecache", "filecache", "blockcache"])
def test_files_may_be_kept_on_the_disk(remembering: str, tmp_path: Path, cache: str) -> None:
    """Chains of fsspec that keep files work, also where closing such a file fails, as ``blockcache`` does here."""
    put(tmp_path, "a")
    for _ in range(2):
        assert ftn.load(f"{cache}::{remembering}/a.pb").names == ["a"]


def test_a_driver_that_is_not_there_says_so() -> None:
    with pytest.raises(ValueError, match="nowhere"):
        file_system("nowhere://x")
