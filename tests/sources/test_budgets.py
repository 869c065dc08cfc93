"""Files that would come to much more than they are, and folders that hold themselves, cost little."""

from __future__ import annotations

import io
import json
import os
import subprocess
import sys
import tarfile
from typing import TYPE_CHECKING, Any

import pytest
from flyteidl.admin import task_pb2
from hypothesis import given, settings
from hypothesis import strategies as st

import flytetask_nb as ftn
from flytetask_nb.sources import budgets, formats
from flytetask_nb.sources.budgets import refuse_bombs
from flytetask_nb.sources.message_kinds import KINDS
from flytetask_nb.sources.patterns import matching
from tests.conftest import ROOT
from tests.sources.building import data

if TYPE_CHECKING:
    from pathlib import Path

UNITS = {
    "empty messages": b"\x0a\x00",
    "empty messages, two deep": b"\x0a\x02\x0a\x00",
    "names of one letter": b"\x0a\x03\x0a\x01a",
    "five deep": b"\x0a\x0a\x0a\x08\x0a\x06\x0a\x04\x0a\x02\x0a\x00",
    "another field": b"\x12\x00",
    "numbers": b"\x08\x01",
}

CHILD = """
import resource, sys, time
import flytetask_nb as ftn
# What the machine's own libraries take is theirs.
before = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
found = ftn.load(sys.argv[1], errors="collect")
print(resource.getrusage(resource.RUSAGE_SELF).ru_maxrss - before, time.process_time(), len(found.failures))
"""
MOST_KILOBYTES = 400_000
MOST_SECONDS = 30


def cost_of(path: Path) -> tuple[int, float, int]:
    """Return the kilobytes, the seconds of work, and the failures of loading a file in a process of its own."""
    done = subprocess.run(
        [sys.executable, "-c", CHILD, str(path)],
        cwd=ROOT,
        env=os.environ | {"FLYTETASK_NB_PROGRESS": "0"},
        capture_output=True,
        text=True,
        check=True,
        timeout=300,
    )
    kilobytes, seconds, failures = done.stdout.split()
    return int(kilobytes), float(seconds), int(failures)


@pytest.mark.parametrize("unit", UNITS)
def test_an_archive_of_nothing_takes_little(unit: str, tmp_path: Path) -> None:
    """Some kilobytes of it are tens of megabytes of an entry, and would be gigabytes of messages."""
    body = UNITS[unit] * (60 * 2**20 // len(UNITS[unit]))
    path = tmp_path / "bomb.tgz"
    with tarfile.open(path, "w:gz") as archive:
        for number in range(2):
            told = tarfile.TarInfo(f"{number}.pb")
            told.size = len(body)
            archive.addfile(told, io.BytesIO(body))
    kilobytes, seconds, failures = cost_of(path)
    assert failures == 2
    assert kilobytes < MOST_KILOBYTES
    assert seconds < MOST_SECONDS


@settings(max_examples=50)
@given(st.binary(max_size=200), st.sampled_from([kind.name for kind in KINDS]))
def test_the_walk_ends_with_any_bytes(raw: bytes, name: str) -> None:
    kind = next(kind for kind in KINDS if kind.name == name)
    walk = budgets._Walk(raw)
    walk.messages_in(budgets._inner(kind.message_class.DESCRIPTOR), 0, len(raw), 0)
    assert walk.fields <= len(raw)


def test_the_walk_counts_what_protobuf_would_make() -> None:
    spec = task_pb2.TaskSpec.FromString(data("a"))
    spec.template.container.env.add(key="a", value="b")
    raw = spec.SerializeToString()
    walk = budgets._Walk(raw)
    walk.messages_in(budgets._inner(spec.DESCRIPTOR), 0, len(raw), 0)
    assert walk.messages >= 3


def test_a_large_task_is_no_bomb() -> None:
    spec = task_pb2.TaskSpec.FromString(data("a"))
    for number in range(50_000):
        spec.template.container.env.add(key=f"KEY_{number}", value="value")
    refuse_bombs(spec.DESCRIPTOR, spec.SerializeToString())


def test_of_masses_of_items_the_first_are_read(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(formats, "_MOST_ITEMS", 3)
    item = {"template": {"id": {"name": "a"}, "type": "t", "interface": {}}}
    tasks = ftn.load(json.dumps([item] * 5).encode(), errors="collect")
    assert (len(tasks), [failure.reason for failure in tasks.failures]) == (
        3,
        ["5 items; only the first 3 are read: split the file"],
    )


# -- links ---------------------------------------------------------------------------------------------------------


@pytest.fixture
def looped(tmp_path: Path) -> Path:
    (tmp_path / "inner").mkdir()
    (tmp_path / "a_1.pb").write_bytes(data("a"))
    (tmp_path / "inner" / "b_1.pb").write_bytes(data("b"))
    (tmp_path / "inner" / "self").symlink_to(tmp_path, target_is_directory=True)
    (tmp_path / "other").symlink_to(tmp_path / "inner", target_is_directory=True)
    (tmp_path / "again_1.pb").symlink_to(tmp_path / "a_1.pb")
    (tmp_path / "0_1.pb").symlink_to(tmp_path / "inner" / "b_1.pb")
    return tmp_path


@pytest.mark.parametrize(
    "pattern",
    ["", "**/*.pb", "**", "**/" * 200 + "*.pb", "**/*/" * 3 + "**/*.pb", "*", "**/**/?_1.pb", "./**/*.pb"],
)
def test_each_file_is_found_once(pattern: str, looped: Path) -> None:
    """In a folder that holds itself, by any pattern."""
    found = ftn.load(f"{looped}/{pattern}" if pattern else looped, errors="collect")
    assert set(found.names) <= {"a", "b"}
    assert len(found) == len(set(found.names))
    assert len(found) == 2 or pattern.startswith("**/*/")


@pytest.mark.parametrize("pattern", ["", "/**/*.pb", "/**"])
def test_addresses_of_this_machine_are_walked_as_paths_are(pattern: str, looped: Path) -> None:
    found = ftn.load(f"file://{looped}{pattern}", errors="collect")
    assert sorted(found.names) == ["a", "b"]
    assert {str(task.source).partition(str(looped))[0] for task in found} == {"file://"}


def test_a_link_that_may_not_be_followed_costs_only_itself(looped: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Such as those of other people's processes below /proc."""
    usual = os.path.realpath

    def refused(path: str, **more: Any) -> str:
        if path.endswith("again_1.pb"):
            raise PermissionError(path)
        return usual(path, **more)

    monkeypatch.setattr(os.path, "realpath", refused)
    assert {"a", "b"} == set(ftn.load(looped, errors="collect").names)


def test_what_a_user_names_is_followed(looped: Path) -> None:
    """A link to a file, to a folder, and either of them as the beginning of a pattern."""
    assert ftn.load(looped / "again_1.pb").names == ["a"]
    assert ftn.load(looped / "other").names == ["b"]
    assert ftn.load(f"{looped}/other/*.pb").names == ["b"]
    assert ftn.load(f"{looped}/*/self/a_1.pb").names == ["a"]


def test_a_link_out_of_the_folder_is_read_once(tmp_path: Path) -> None:
    folder = tmp_path / "folder"
    folder.mkdir()
    (tmp_path / "v42_1.pb").write_bytes(data("a"))
    for name in ("latest_1.pb", "stable_1.pb"):
        (folder / name).symlink_to(tmp_path / "v42_1.pb")
    assert [task.source for task in ftn.load(folder)] == [str(folder / "latest_1.pb")]


@pytest.mark.parametrize(
    "pattern", ["*", "**", "*/*", "**/*.pb", "a*", "[ab]*", "inner/*", "*/", ".*", "**/.*", "x*/**"]
)
def test_patterns_match_what_python_says(pattern: str, tmp_path: Path) -> None:
    """Where there are no links."""
    import glob  # noqa: PLC0415

    for name in ("a.pb", "b.pb", ".hidden", "inner/c.pb", "inner/deep/d.pb", ".dark/e.pb", "x1/f.pb"):
        (tmp_path / name).parent.mkdir(parents=True, exist_ok=True)
        (tmp_path / name).write_bytes(b"")
    expected = {match.rstrip("/") for match in glob.glob(f"{tmp_path}/{pattern}", recursive=True)}  # noqa: PTH207
    assert set(matching(f"{tmp_path}/{pattern}")) | {str(tmp_path)} == expected | {str(tmp_path)}
