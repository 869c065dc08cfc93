"""The plain tar taken apart at once gives what Python's tarfile gives, or leaves the archive to it."""

from __future__ import annotations

import gzip
import io
import tarfile
from contextlib import suppress
from typing import TYPE_CHECKING
from unittest import mock

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from flytetask_nb.errors import LoadError
from flytetask_nb.sources import archive_reader
from flytetask_nb.sources.archive_reader import Limits, Member, members_of
from flytetask_nb.sources.streams import Stream
from flytetask_nb.sources.tar_stream import plain_entries

if TYPE_CHECKING:
    from pathlib import Path

LIMITS = Limits(entry=3_000, total=200_000)

NAMES = st.sampled_from(
    ["a_1.pb", "folder/b_2.pb", "é_1.pb", "x" * 99 + "_1.pb", "d" * 90 + "/" + "n" * 60, "../up_1.pb", "/root", "a//b/"]
)
KINDS = st.sampled_from(
    [tarfile.REGTYPE] * 6 + [tarfile.AREGTYPE, tarfile.DIRTYPE, tarfile.SYMTYPE, tarfile.LNKTYPE, tarfile.CHRTYPE]
)


@st.composite
def infos(draw: st.DrawFn) -> tuple[tarfile.TarInfo, bytes]:
    """Make a header and what stands behind it."""
    info = tarfile.TarInfo(draw(NAMES))
    info.type = draw(KINDS)
    info.mtime = draw(st.sampled_from([0, 1_700_000_000, 1.25, -5]))
    info.uid = draw(st.sampled_from([0, 1000, 8**8]))
    info.uname = draw(st.sampled_from(["", "root", "ä" * 20]))
    info.linkname = "a_1.pb" if info.type in {tarfile.SYMTYPE, tarfile.LNKTYPE} else ""
    info.pax_headers = draw(st.sampled_from([{}] * 4 + [{"comment": "x"}, {"path": "p\nq_1.pb"}, {"size": "3"}]))
    content = draw(st.sampled_from([b"", b"\0" * 512, b"some bytes", b"x" * 513, b"y" * 4_000]))
    content = content if info.type in {tarfile.REGTYPE, tarfile.AREGTYPE, tarfile.DIRTYPE} else b""
    info.size = len(content)
    return info, content


@st.composite
def packed(draw: st.DrawFn) -> bytes:
    """Pack some of them, as each kind of tar."""
    stream = io.BytesIO()
    kind = draw(st.sampled_from([tarfile.PAX_FORMAT] * 3 + [tarfile.USTAR_FORMAT, tarfile.GNU_FORMAT]))
    with tarfile.open(fileobj=stream, mode="w", format=kind) as archive:
        for info, content in draw(st.lists(infos(), max_size=4)):
            with suppress(ValueError):  # a field that this kind of tar has no room for
                archive.addfile(info, io.BytesIO(content))
    return stream.getvalue()


@st.composite
def damaged(draw: st.DrawFn) -> bytes:
    """Change bytes of a tar, cut it off, or put something behind it."""
    data = bytearray(draw(packed()))
    for _ in range(draw(st.integers(0, 3))):
        if data:
            data[draw(st.integers(0, len(data) - 1))] = draw(st.integers(0, 255))
    return (
        bytes(data[: draw(st.integers(0, len(data)))])
        if draw(st.booleans())
        else bytes(data) + draw(st.sampled_from([b"", b"\0" * 512, b"rest", b"\0" * 1024 + b"z"]))
    )


def read(content: bytes, limits: Limits = LIMITS) -> tuple[list[Member], str]:
    """Return the members of an archive, and what is wrong with it."""
    members: list[Member] = []
    try:
        for member in members_of(Stream(io.BytesIO(content)), limits, lambda name: name.endswith(".pb")):
            members.append(member)  # noqa: PERF402 - those before an error count
    except LoadError as error:
        return members, str(error)
    return members, ""


def read_by_tarfile(content: bytes, limits: Limits = LIMITS) -> tuple[list[Member], str]:
    with mock.patch.object(archive_reader, "plain_entries", return_value=None):
        return read(content, limits)


@given(tar=st.one_of(packed(), damaged()), is_packed=st.booleans())
@settings(max_examples=400)
def test_it_reads_what_tarfile_reads(tar: bytes, is_packed: bool) -> None:
    """Members, their order, what is refused, and what is said of damage are the same."""
    content = gzip.compress(tar, mtime=0) if is_packed else tar
    assert read(content) == read_by_tarfile(content)


@given(tar=packed(), place=st.integers(0, 10_000), byte=st.integers(0, 255))
def test_damaged_gzip_is_left_to_tarfile(tar: bytes, place: int, byte: int) -> None:
    """A checksum of gzip's that does not hold, a stream that was cut off or followed by something."""
    content = bytearray(gzip.compress(tar, mtime=0))
    content[place % len(content)] = byte
    for changed in (bytes(content), bytes(content[: place % len(content)]), bytes(content) + bytes([byte])):
        assert read(changed) == read_by_tarfile(changed)


def test_every_archive_of_pyflyte_is_plain(corpus: Path) -> None:
    """What flytekit wrote is read at once, and byte for byte as tarfile reads it."""
    paths = sorted(corpus.glob("*/*.tgz"))
    assert paths
    for path in paths:
        content = path.read_bytes()
        plain = plain_entries(content)
        assert plain is not None, path
        tar, entries = plain
        with tarfile.open(fileobj=io.BytesIO(content)) as archive:
            expected = [(info.name, info.offset_data, info.size) for info in archive if info.isreg()]
        assert expected == [tuple(entry) for entry in entries]
        assert tar == gzip.decompress(content)


@pytest.mark.parametrize("limits", [Limits(9, 200_000), Limits(3_000, 5_000)])
def test_limits_hold(limits: Limits) -> None:
    """Entries and archives over a limit are told in the same words."""
    stream = io.BytesIO()
    with tarfile.open(fileobj=stream, mode="w:gz") as archive:
        for name in ("a_1.pb", "b_1.pb"):
            info = tarfile.TarInfo(name)
            info.size = 2_500
            archive.addfile(info, io.BytesIO(bytes(2_500)))
    members, problem = read(stream.getvalue(), limits)
    assert (members, problem) == read_by_tarfile(stream.getvalue(), limits)
    assert problem or any(member.problem for member in members)
