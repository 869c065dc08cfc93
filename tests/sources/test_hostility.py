"""Sources that are made to cost: each is told in little time and memory, and costs nothing that stands beside it."""

from __future__ import annotations

import json
import os
import socket
import zipfile
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest

import flytetask_nb as ftn
from flytetask_nb import bounded_reading
from flytetask_nb.errors import FlyteTaskError
from flytetask_nb.policies import policy_of
from flytetask_nb.sources import document_reader, formats
from flytetask_nb.sources.client.cluster_config import configured
from tests.sources import building
from tests.sources.building import data, entry, tar

if TYPE_CHECKING:
    from collections.abc import Callable

GOOD = {"template": {"id": {"name": "good"}, "type": "t", "interface": {}}}
LOADERS: list[Callable[..., Any]] = [ftn.load, ftn.load_workflows, ftn.load_launch_plans]


def reasons(source: Any) -> list[str]:
    """Return what is told of a source, which every way of loading tells alike."""
    told = [[failure.reason for failure in load(source, errors="collect").failures] for load in LOADERS]
    assert told[0] == told[1] == told[2]
    return told[0]


# -- places --------------------------------------------------------------------------------------------------------


def test_what_is_no_source_costs_only_itself() -> None:
    """In a list it is a failure; by itself, an error of its type."""
    tasks = ftn.load([data("a"), 42, data("b")], errors="collect")
    assert (tasks.names, [failure.source for failure in tasks.failures]) == (["a", "b"], ["<int>"])
    with pytest.raises(ftn.LoadError, match="a source of type int cannot be loaded"):
        ftn.load([42])
    with pytest.raises(ftn.errors.ModelTypeError, match="a source of type int cannot be loaded"):
        ftn.load(42)


def test_a_list_in_itself_ends() -> None:
    """Lists may hold lists, but not without end."""
    endless: list[Any] = [data("a")]
    endless.append(endless)
    tasks = ftn.load(endless, errors="collect")
    assert (tasks.names, len(tasks.failures)) == (["a"], 1)
    assert "flatten them" in tasks.failures[0].reason


def test_a_name_that_no_file_can_have_is_told() -> None:
    """Half a character is shown as what it is."""
    assert "\\ud800.pb: there is no such file" in str(ftn.load("\ud800.pb", errors="collect").failures[0])


@pytest.mark.skipif(not hasattr(os, "mkfifo"), reason="there are no pipes here")
@pytest.mark.parametrize("source", ["", "*"])
def test_pipes_and_devices_are_not_waited_for(source: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Among files, what is none is told and not opened."""
    os.mkfifo(tmp_path / "pipe_1.pb")
    (tmp_path / "zero_1.pb").symlink_to("/dev/zero")
    (tmp_path / "task_1.pb").write_bytes(data("a"))
    monkeypatch.chdir(tmp_path)  # a socket's name must be short
    with socket.socket(socket.AF_UNIX) as listening:
        listening.bind("socket_1.pb")
        tasks = ftn.load(tmp_path / source, errors="collect")
    assert tasks.names == ["a"]
    assert [(name, "it is neither a file nor a folder") for name in ("pipe_1.pb", "socket_1.pb", "zero_1.pb")] == [
        (failure.source.rpartition("/")[2], failure.reason) for failure in tasks.failures
    ]


def test_files_in_a_zip_are_told_by_their_own_names(tmp_path: Path) -> None:
    """Of a chain of file systems the file inside counts, alone and in a folder; hidden ones are ignored."""
    path = tmp_path / "z.zip"
    with zipfile.ZipFile(path, "w") as archive:
        archive.writestr("a/x_1.pb", data("x"))
        archive.writestr("y_2.pb", building.workflow("y").SerializeToString())
        archive.writestr(".hidden_1.pb", b"")
    assert ftn.load(f"zip://a/x_1.pb::{path}").names == ["x"]
    assert [one.name for one in ftn.load_workflows(f"zip://y_2.pb::{path}")] == ["y"]
    tasks = ftn.load(f"zip://::{path}")
    assert ([f"zip://a/x_1.pb::{path}"], {"workflows": 1}) == ([task.source for task in tasks], tasks.skipped)


# -- names ---------------------------------------------------------------------------------------------------------

NAMES = ("a\0b", "*\0/x", "\ud800", "~\0", "~\ud800/x", "x" * 5000, "x/" * 3000, "x" * 5000 + "*", "\udcff", "**/" * 50)
FORMS = ("{}", "file://{}", "memory://{}", "git:{}:x", "git:HEAD:{}", "zip://x::{}", "simplecache::{}", "admin://{}")


@pytest.mark.parametrize("name", NAMES, ids=range(len(NAMES)))
def test_names_that_no_system_takes_are_told(name: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Of a source, of a file of settings, of a policy; and nothing is looked for that could be far away."""
    monkeypatch.chdir(tmp_path)
    for form in FORMS:
        for load in LOADERS:
            assert load(form.format(name), errors="collect").failures
    assert ftn.load(Path(name), errors="collect").failures
    for refuse in (configured, policy_of):
        with pytest.raises(FlyteTaskError):
            refuse(name)


# -- archives ------------------------------------------------------------------------------------------------------


def test_an_entry_of_any_told_size_ends_with_the_file() -> None:
    """A size that is only told is not read on for, block by block."""
    huge, _ = entry("0_1.pb")
    huge.size = 2**62
    told = reasons(huge.tobuf(format=1) + tar(entry("1_1.pb", data("a"))))
    assert "4,611,686,018,427,387,904 bytes, more than 67,108,864" in told[0]
    assert "the archive was cut off in an entry" in told[1]


# -- documents -----------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("tag", ["int ''", "float ''", "int '_'", "bool maybe", "timestamp x", "int 0b", "binary é"])
def test_tags_that_do_not_fit_are_told(tag: str) -> None:
    """Whatever PyYAML comes upon, the documents before it are kept."""
    text = f"--- {json.dumps(GOOD)}\n--- !!{tag}\n"
    tasks = ftn.load(text.encode(), errors="collect")
    assert (tasks.names, len(tasks.failures)) == (["good"], 1)
    assert "YAML" in tasks.failures[0].reason


@pytest.mark.parametrize("number", ["1" + ":59" * 400_000, "!!int 0x" + "f" * 100_000, "1" * 5000, "1." + "0" * 9000])
def test_long_numbers_are_not_counted_out(number: str) -> None:
    """They cost time with the square of their length."""
    assert ["a number of" in told for told in reasons(f"a: {number}".encode())] == [True]


def test_names_that_are_no_unicode_are_told() -> None:
    """JSON can spell half a character, as a value and as a key; protobuf holds none."""
    items = [GOOD, {"template": {"id": {"name": "\ud800"}, "type": "t"}}, {"template": {"id": {"\ud800": "x"}}}, GOOD]
    tasks = ftn.load(json.dumps(items).encode(), errors="collect")
    assert (len(tasks), [failure.reason[:6] for failure in tasks.failures]) == (2, ["item 1", "item 2"])


@pytest.mark.parametrize("text", ["[" + "[]," * 600_000 + "1]", "[" + "1," * 1_100_000 + "1]", "{" * 1_100_000])
def test_masses_of_values_in_json_are_not_made(text: str, monkeypatch: pytest.MonkeyPatch) -> None:
    """Each would take many times the bytes that it has in the file."""
    monkeypatch.setattr(bounded_reading, "_MOST_VALUES", 1_000_000)
    assert reasons(text.encode()) == ["JSON of more than 1,000,000 values; split the file, or look at what wrote it"]


@pytest.mark.parametrize("line", ["- a\n", "---\n", "a: b\n"])
def test_masses_of_values_in_yaml_are_not_made(line: str, monkeypatch: pytest.MonkeyPatch) -> None:
    """They are counted as they are parsed, before a node is made of them."""
    monkeypatch.setattr(document_reader, "_LARGEST_DOCUMENT", 10_000)
    assert reasons((line * 10_001).encode()) == ["YAML of more than 10,000 values; split the file, or make it JSON"]
    text = "template: {id: {name: good}, type: t, interface: {}}\n" + "# - - - - a comment\n" * 10_001
    assert ftn.load(text.encode()).names == ["good"]


def test_masses_of_bad_items_are_summed_up(monkeypatch: pytest.MonkeyPatch) -> None:
    """The good ones among them are found; of the bad ones the first are told, and how many more there are."""
    monkeypatch.setattr(formats, "_MOST_TOLD", 3)
    tasks = ftn.load(json.dumps([1] * 5 + [GOOD] + [1] * 5).encode(), errors="collect")
    assert (tasks.names, len(tasks.failures)) == (["good"], 4)
    assert tasks.failures[-1].reason.startswith("7 more items that cannot be read; only the first 3 are told")


def test_nothing_is_lost_beside_any_of_it(tmp_path: Path) -> None:
    """All of it in one list, and the task, the workflow and the launch plan are still found."""
    good = tar(
        entry("0_1.pb", data("a")),
        entry("1_2.pb", building.workflow("a").SerializeToString()),
        entry("2_3.pb", building.launch_plan("a").SerializeToString()),
    )
    bad: list[Any] = [None, b"", b"!!int ''", b"[" * 200, tmp_path / "missing", "\ud800", b"\x0a\xff", good[:700]]
    for load in LOADERS:
        found = load([*bad, good, *bad], errors="collect")
        assert sorted({one.name for one in found}) == ["a"]
        assert len(found.failures) >= 2 * len(bad) - 2
