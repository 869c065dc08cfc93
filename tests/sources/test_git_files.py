"""Files of git revisions, read as they were committed, whatever a repository is configured to run."""

from __future__ import annotations

import shutil
import subprocess
from typing import TYPE_CHECKING

import pytest

import flytetask_nb as ftn
from tests.conftest import ROOT

if TYPE_CHECKING:
    from pathlib import Path

ARCHIVES = ROOT / "notebooks" / "example" / "archives"
OLD, NEW = ARCHIVES / "2026.09.tgz", ARCHIVES / "2026.10.tgz"


def git(folder: Path, *command: str) -> None:
    name = ("-c", "user.name=a", "-c", "user.email=a@example.com", "-c", "commit.gpgsign=false")
    subprocess.run(["git", *name, *command], cwd=folder, check=True, capture_output=True)


@pytest.fixture
def repository(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """Make a repository of two commits whose filters, hooks and text conversions would leave a mark."""
    if shutil.which("git") is None:
        pytest.skip("there is no git")
    git(tmp_path, "init", "-q")
    (tmp_path / "dist").mkdir()
    for archive in (OLD, NEW):
        shutil.copy(archive, tmp_path / "dist" / "tasks.tgz")
        (tmp_path / "dist" / "notes.txt").write_text("no task\n", encoding="utf-8")
        git(tmp_path, "add", "-A")
        git(tmp_path, "commit", "-qm", archive.stem)
    (tmp_path / ".gitattributes").write_text("* filter=mark diff=mark\n", encoding="utf-8")
    for name in ("filter.mark.smudge", "filter.mark.clean", "diff.mark.textconv", "core.fsmonitor"):
        git(tmp_path, "config", name, f"touch {tmp_path}/marked; cat")
    monkeypatch.chdir(tmp_path)
    return tmp_path


def test_a_file_is_read_as_it_was_committed(repository: Path) -> None:
    before = ftn.load("git:HEAD~1:dist/tasks.tgz")
    assert before == ftn.load(OLD)
    assert ftn.load("git:HEAD:dist/tasks.tgz") == ftn.load(NEW)
    assert before[0].source.startswith("git:HEAD~1:dist/tasks.tgz!")
    assert [w.name for w in ftn.load_workflows("git:HEAD:dist/tasks.tgz")] == [w.name for w in ftn.load_workflows(NEW)]
    assert not (repository / "marked").exists()


def test_a_folder_holds_its_files(repository: Path) -> None:
    assert ftn.load("git:HEAD:dist") == ftn.load(NEW)
    assert ftn.load("git:HEAD:dist/").skipped["other files"] >= 1
    assert not (repository / "marked").exists()


def test_a_path_may_be_said_from_where_one_stands(repository: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(repository / "dist")
    assert ftn.load("git:HEAD:./tasks.tgz") == ftn.load(NEW)


@pytest.mark.usefixtures("repository")
@pytest.mark.parametrize(
    ("address", "told"),
    [
        ("git:HEAD~9:dist/tasks.tgz", "knows no revision 'HEAD~9'"),
        ("git:HEAD:dist/other.tgz", "has no such file"),
        ("git:HEAD", "expected git:REVISION:PATH"),
        ("git:HEAD:", "expected git:REVISION:PATH"),
        ("git::dist", "expected git:REVISION:PATH"),
        ("git:--output=marked:x", "knows no revision"),
        ("git:HEAD\nHEAD:x", "expected git:REVISION:PATH"),
    ],
)
def test_a_wrong_address_says_what_is_wrong(address: str, told: str) -> None:
    with pytest.raises(ftn.LoadError, match=told):
        ftn.load(address)


def test_outside_of_a_repository(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("GIT_CEILING_DIRECTORIES", str(tmp_path.parent))
    with pytest.raises(ftn.LoadError, match="git cannot read it"):
        ftn.load("git:HEAD:x.tgz")
    monkeypatch.setenv("PATH", "")
    with pytest.raises(ftn.LoadError, match="git is not installed"):
        ftn.load("git:HEAD:x.tgz")


def test_a_file_that_is_called_so_is_a_file(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    shutil.copy(NEW, tmp_path / "git:a:b.tgz")
    assert ftn.load("git:a:b.tgz") == ftn.load(NEW)
