"""Archives: in any order and shape, damaged, hostile."""

from __future__ import annotations

import gzip
import io
import tarfile
import tracemalloc
from typing import TYPE_CHECKING

import pytest

import flytetask_nb as ftn
from tests.real_tasks import serialized_tasks
from tests.sources import building
from tests.sources.building import data, entry, package, tar, tgz

if TYPE_CHECKING:
    from pathlib import Path

NAMES = ["a.one", "a.three", "a.two"]


def test_every_real_task_is_loaded_byte_for_byte(corpus: Path) -> None:
    """All archives of the corpus give the bytes that stand in them."""
    expected = serialized_tasks(corpus)
    loaded = ftn.load(corpus)
    prefix = f"{corpus}/"
    found = {
        str(task.source).removeprefix(prefix): data for task, data in zip(loaded, loaded.serialized()[0], strict=True)
    }
    assert expected == found


def test_workflows_and_launch_plans_are_counted(corpus: Path) -> None:
    """What is passed over is counted by kind: nothing of an archive is lost without a word."""
    entries = {"1": 0, "2": 0, "3": 0}
    for path in corpus.glob("*/*.tgz"):
        with tarfile.open(path) as archive:
            for name in archive.getnames():
                if name.endswith(".pb"):
                    entries[name[-4]] += 1
    loaded = ftn.load(f"{corpus}/*/*.tgz")
    assert (entries["1"], {"workflows": entries["2"], "launch plans": entries["3"]}) == (len(loaded), loaded.skipped)


def test_real_fast_archive_names_its_code(vectors: Path) -> None:
    """Tasks of a fast registration tell where their code is, which is not read."""
    loaded = ftn.load(vectors / "fast-archive.tgz")
    with tarfile.open(vectors / "fast-archive.tgz") as archive:
        (bundle,) = [name for name in archive.getnames() if name.startswith("fast")]
    assert {f"code bundle: {bundle} in the archive"} == {task._origin.note for task in loaded}


@pytest.mark.parametrize("suffix", [".tgz", ".tar.gz", ".tar", ".TGZ"])
def test_each_suffix_is_read_packed_or_not(suffix: str, tmp_path: Path) -> None:
    """Whether an archive is gzipped is told by its bytes, whatever its suffix."""
    for content in (package(NAMES), gzip.decompress(package(NAMES))):
        path = tmp_path / f"release{suffix}"
        path.write_bytes(content)
        assert [task.name for task in ftn.load(path)] == NAMES


def test_order_is_that_of_registration() -> None:
    """Entries come in any order; tasks come in natural order of their entries' names."""
    entries = [entry(f"{index}_a.t{index}_1.pb", data(f"a.t{index}")) for index in (10, 2, 1)]
    assert [task.name for task in ftn.load(tgz(*entries))] == ["a.t1", "a.t2", "a.t10"]


def test_folders_inside_are_read(tmp_path: Path) -> None:
    """Entries may stand in folders, and the source names the whole way."""
    path = tmp_path / "release.tgz"
    path.write_bytes(tgz(entry("in", type=tarfile.DIRTYPE), entry("in/side/0_a.one_1.pb", data("a.one"))))
    assert [task.source for task in ftn.load(path)] == [f"{path}!in/side/0_a.one_1.pb"]


def test_kinds_without_suffix_are_told() -> None:
    """Entries without the numeric suffix are told by what they hold."""
    loaded = ftn.load(
        tgz(
            entry("one.pb", data("a.one")),
            entry("flow.pb", building.workflow().SerializeToString()),
            entry("plan.pb", building.launch_plan().SerializeToString()),
        )
    )
    assert (loaded.names, loaded.skipped) == (["a.one"], {"workflows": 1, "launch plans": 1})


def test_other_files_are_counted() -> None:
    """What is no message is counted; what a file system left behind is not."""
    loaded = ftn.load(
        tgz(
            entry("README.md", b"#"),
            entry("inner.tgz", b"not read"),
            entry("._0_a.one_1.pb", b"from a Mac"),
            entry("0_a.one_1.pb", data("a.one")),
        )
    )
    assert (loaded.names, loaded.skipped) == (["a.one"], {"other files": 2})


def test_documents_in_an_archive_are_read() -> None:
    """JSON stands beside messages in an archive."""
    text = b'{"template": {"id": {"name": "a.json"}, "type": "t"}}'
    assert ftn.load(tgz(entry("a.json", text), entry("b_1.pb", data("b")))).names == ["a.json", "b"]


def test_large_code_is_no_reason_to_refuse() -> None:
    """Limits on entries are about what is read: the code bundle is not."""
    content = tgz(entry("fast1234.tar.gz", bytes(5000)), entry("notes.txt", bytes(5000)), entry("a_1.pb", data("a")))
    assert ftn.load(content, max_entry_bytes=1000).names == ["a"]


def test_code_alone_is_told(tmp_path: Path) -> None:
    """The code bundle by itself is named for what it is."""
    path = tmp_path / "fast0123.tar.gz"
    path.write_bytes(tgz(entry("train.py", b"import flytekit"), entry("settings.yaml", b"a: 1")))
    with pytest.raises(ftn.LoadError, match="this is the code of a fast registration; the tasks are in the archive"):
        ftn.load(path)


def test_an_archive_may_be_called_fast(tmp_path: Path) -> None:
    """Tasks are found in an archive that somebody called like a code bundle."""
    path = tmp_path / "fast-release.tar.gz"
    path.write_bytes(package(NAMES))
    assert ftn.load(path).names == NAMES


@pytest.mark.parametrize("content", [tgz(), tgz(entry("x.py", b"pass"))], ids=["no entries", "no messages"])
def test_nothing_to_read_is_an_error(content: bytes) -> None:
    """An archive without a single readable entry is not taken for an empty collection."""
    with pytest.raises(ftn.LoadError, match=r"the archive holds no \.pb, \.json or \.yaml file; expected what pyflyte"):
        ftn.load(content)


# -- damage --------------------------------------------------------------------------------------------------------


def collected(content: bytes) -> tuple[list[str], list[str]]:
    """Return what is found and what fails when all errors are collected."""
    loaded = ftn.load(content, errors="collect")
    return [task.name for task in loaded], [str(failure) for failure in loaded.failures]


def test_good_entries_of_a_cut_off_archive_are_kept() -> None:
    """What stands before the place where an archive was cut off is found, and the cut is told."""
    whole = tar(*(entry(f"{index}_{name}_1.pb", data(name)) for index, name in enumerate(NAMES)))
    names, failures = collected(whole[: 2 * 1024 + 512 + 20])
    assert (names, len(failures)) == (["a.one", "a.three"], 1)
    assert "cut off" in failures[0] or "unexpected end of data" in failures[0]


def test_a_cut_between_two_entries_is_told() -> None:
    """An archive that ends behind a whole entry, without the mark of its end, is told from a whole one."""
    whole = tar(*(entry(f"{name}_1.pb", data(name)) for name in NAMES))
    names, failures = collected(whole[: 2 * 1024])
    assert (names, len(failures)) == (["a.one", "a.three"], 1)
    assert "the archive has no end: it was cut off" in failures[0]


def test_no_cut_goes_unnoticed() -> None:
    """Wherever a plain or packed archive is cut, the cut is told, and what stood before is kept."""
    for whole, step in ((tar(*(entry(f"{n}_1.pb", data(n)) for n in NAMES)), 256), (package(NAMES), 7)):
        kept = []
        for end in range(1, len(whole), step):
            names, failures = collected(whole[:end])
            # Of the zeros that end an archive some may be missing.
            assert failures or (names == NAMES and not whole[end:].strip(b"\0"))
            kept.append(len(names))
        assert kept == sorted(kept)


def test_a_broken_header_does_not_end_the_archive() -> None:
    """Entries behind a header that cannot be read are not lost without a word."""
    whole = bytearray(tar(*(entry(f"{n}_1.pb", data(n)) for n in NAMES)))
    whole[1024 + 148] ^= 0x55
    names, failures = collected(bytes(whole))
    assert (names, len(failures)) == (["a.one"], 1)
    assert "the archive is damaged at byte 1,024" in failures[0]


def test_what_stands_behind_the_end_is_told() -> None:
    """Archives that were joined end to end are told, for only the first of them is read."""
    one = tar(entry("a_1.pb", data("a")))
    names, failures = collected(one + tar(entry("b_1.pb", data("b"))))
    assert (names, len(failures)) == (["a"], 1)


def test_each_flipped_byte_of_a_packed_archive_is_told() -> None:
    """Gzip's checksum finds what a message would hide."""
    whole = package(NAMES)
    for position in range(10, len(whole)):
        changed = bytearray(whole)
        changed[position] ^= 0xFF
        assert collected(bytes(changed))[1], position


@pytest.mark.parametrize("content", [b"\x1f\x8b", b"\x1f\x8b\x08\x00rubbish", b"no archive", bytes(100)])
def test_rubbish_is_no_archive(content: bytes, tmp_path: Path) -> None:
    """A file that is called an archive and is none gives one error that names it."""
    path = tmp_path / "release.tgz"
    path.write_bytes(content)
    with pytest.raises(ftn.LoadError, match=r"release\.tgz: .*make or copy it again"):
        ftn.load(path)


def test_an_empty_file_is_no_archive(tmp_path: Path) -> None:
    """An archive of no bytes is an error."""
    path = tmp_path / "release.tgz"
    path.touch()
    with pytest.raises(ftn.LoadError, match=r"release\.tgz: not a complete archive: empty file"):
        ftn.load(path)


# -- hostility -----------------------------------------------------------------------------------------------------

HOSTILE = {
    "absolute": (entry("/etc/a_1.pb", data("a")), "a name that leads out of the archive"),
    "parent": (entry("../../a_1.pb", data("a")), "a name that leads out of the archive"),
    "inner parent": (entry("x/../../a_1.pb", data("a")), "a name that leads out of the archive"),
    "symbolic link": (entry("a_1.pb", type=tarfile.SYMTYPE, linkname="/etc/passwd"), "a link to '/etc/passwd'"),
    "hard link": (entry("a_1.pb", type=tarfile.LNKTYPE, linkname="good_1.pb"), "a link to 'good_1.pb'"),
    "device": (entry("a_1.pb", type=tarfile.CHRTYPE), "a device is not read"),
    "pipe": (entry("a_1.pb", type=tarfile.FIFOTYPE), "a device is not read"),
    "sparse file": (entry("a_1.pb", type=tarfile.GNUTYPE_SPARSE), "a special file is not read"),
    "empty": (entry("a_1.pb"), "the file is empty"),
    "too large": (
        entry("a_1.pb", bytes(3000)),
        "3,000 bytes, more than 2,000; if it is to be trusted, raise max_entry",
    ),
}


@pytest.mark.parametrize("hostile", HOSTILE)
def test_hostile_entries_are_told_and_the_others_read(hostile: str) -> None:
    """An entry that is not to be trusted is a failure with its name; entries around it are read."""
    bad, expected = HOSTILE[hostile]
    content = tgz(entry("0_1.pb", data("before")), bad, entry("good_1.pb", data("behind")))
    loaded = ftn.load(content, errors="collect", max_entry_bytes=2000)
    assert [task.name for task in loaded] == ["before", "behind"]
    assert [bad[0].name] == [failure.entry for failure in loaded.failures]
    assert expected in loaded.failures[0].reason


def test_names_that_are_no_utf8_are_shown_escaped() -> None:
    """A name of other bytes than UTF-8 can be printed and stored."""
    content = tar(entry("caf\udce9_1.pb", data("a")))
    assert [task.source for task in ftn.load(content)] == [f"<{len(content)} bytes>!caf\\xe9_1.pb"]


def peak_of(content: bytes, **limits: int) -> tuple[int, str]:
    """Return how much memory a refused source took at most, beside its own bytes, and why it was refused."""
    tracemalloc.start()
    try:
        with pytest.raises(ftn.LoadError) as caught:
            ftn.load(content, **limits)
        return tracemalloc.get_traced_memory()[1] - len(content), str(caught.value)
    finally:
        tracemalloc.stop()


def zeros(before: bytes, number: int) -> bytes:
    """Pack some bytes and very many zeros."""
    stream = io.BytesIO()
    with gzip.GzipFile(fileobj=stream, mode="wb", compresslevel=9) as packed:
        packed.write(before)
        for _ in range(number >> 20):
            packed.write(bytes(1 << 20))
    return stream.getvalue()


def test_zeros_do_not_fill_memory() -> None:
    """A small file that unpacks to very many zeros is read in pieces, and given up at the limit."""
    bomb = zeros(tar(entry("a_1.pb", data("a")))[:-9216], 256 << 20)
    peak, reason = peak_of(bomb, max_total_bytes=128 << 20)
    assert "unpacks to more than 134,217,728 bytes; if it is to be trusted, raise max_total_bytes" in reason
    assert peak < 8 << 20


def test_a_large_entry_is_not_read() -> None:
    """An entry over the limit is passed by in pieces."""
    info = tarfile.TarInfo("a_1.pb")
    info.size = 200 << 20
    peak, reason = peak_of(zeros(info.tobuf(), 201 << 20))
    assert "209,715,200 bytes, more than 67,108,864" in reason
    assert peak < 8 << 20


@pytest.mark.parametrize("kind", [tarfile.XHDTYPE, tarfile.GNUTYPE_LONGNAME, tarfile.XGLTYPE])
def test_long_headers_do_not_fill_memory(kind: bytes) -> None:
    """A header that says it is as long as a film is given up early: tarfile would read it at once."""
    info = tarfile.TarInfo("x")
    info.type, info.size = kind, 500 << 20
    peak, reason = peak_of(zeros(info.tobuf(), 64 << 20))
    assert "more than 1,048,576 bytes of headers" in reason
    assert peak < 8 << 20


def test_negative_sizes_end_at_once() -> None:
    """A header that counts backwards does not send the reader in circles."""
    info = tarfile.TarInfo("a_1.pb")
    header = bytearray(info.tobuf(format=tarfile.GNU_FORMAT))
    header[124:136] = (-1024 & (1 << 96) - 1).to_bytes(12, "big")
    header[148:156] = b" " * 8
    header[148:156] = b"%06o\0 " % sum(header)
    content = tar(entry("good_1.pb", data("good")))[:1024] + bytes(header) + bytes(1024)
    names, failures = collected(content)
    assert (names, len(failures)) == (["good"], 1)


def test_nothing_is_written(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Loading an archive leaves no file behind."""
    monkeypatch.chdir(tmp_path)
    (tmp_path / "release.tgz").write_bytes(package(NAMES))
    ftn.load("release.tgz")
    assert [path.name for path in tmp_path.rglob("*")] == ["release.tgz"]
