"""The plain tar, as ``pyflyte package`` writes it, taken apart at once.

Python's ``tarfile`` reads every kind of tar, and takes thirty times as long for a header as it takes to look at one.
What flytekit writes (flytekit/tools/repo.py) is of one kind: POSIX headers, pax headers before them that say nothing
but times, owners and long names, and zeros at the end. That is read here. Anything else, be it unusual or damaged, is
left to ``tarfile``, which says what is wrong with it.
"""

from __future__ import annotations

import re
import zlib
from typing import Final, NamedTuple

GZIP: Final = b"\x1f\x8b"
MOST_PACKED: Final = 16 * 2**20
"""Bytes of an archive that is taken apart at once; larger ones are read as streams."""
_MOST_UNPACKED: Final = 64 * 2**20
_STEP: Final = 2**20
_STEEPEST: Final = 64
"""Bytes that one packed byte may stand for, beyond the first MiB: real archives unpack to 5 to 30 times their size."""
_MOST_PAX: Final = 2**16
_BLOCK: Final = 512
_HALF: Final = _BLOCK // 2
# A header whose numbers have the one form that tarfile gives them (POSIX.1-2008, pax, "ustar Interchange Format").
_header = re.compile(
    rb"(.{100})(?:[0-7]{7}\0){3}([0-7]{11})\0[0-7]{11}\0"  # name; mode, uid, gid; size; mtime
    rb"([0-7]{6})\0 ([05x]).{100}ustar\x0000.{64}"  # chksum, typeflag; linkname, magic, version, uname, gname
    rb"(?:[0-7]{7}\0|\0{8}){2}(.{155}).{12}",  # devmajor, devminor; prefix
    re.DOTALL,
).match
# What a pax header may say here: nothing that changes what an entry holds.
_record = re.compile(rb"([1-9][0-9]{0,4}) (path|[acm]time|[ug]id|[ug]name)=").match
_SUM_OF_ITS_FIELD: Final = 8 * ord(" ")


class Entry(NamedTuple):
    """A file in a tar: its name, and where its bytes stand."""

    name: str
    start: int
    size: int


def plain_entries(packed: bytes) -> tuple[bytes, list[Entry]] | None:
    """Return the tar of an archive, and the files in it.

    Returns (bytes, list of Entry) or None: in the archive's own order, folders left out. None where the archive is
      anything but plain and whole, or unpacks to more than 64 MiB: ``tarfile`` has to read it.
    """
    tar = _unpacked(packed) if packed.startswith(GZIP) else packed
    if tar is None:
        return None
    entries: list[Entry] = []
    at, path = 0, None
    while header := _header(tar, at):
        name, size_field, checksum, kind, prefix = header.groups()
        size, start = int(size_field, 8), at + _BLOCK
        at = start + -(-size // _BLOCK) * _BLOCK
        if _sum_of(header[0], checksum) != int(checksum, 8) or at > len(tar):
            return None
        if kind == b"x":
            path = None if path is not None or size > _MOST_PAX else _path_in(tar[start : start + size])
            if path is None:
                return None
            continue
        if kind == b"0":
            text = path or _joined(prefix, name)
            if not text:
                return None
            entries.append(Entry(text, start, size))
        elif size:
            return None
        path = None
    # Behind the last entry stand zeros alone, at least a block of them.
    return None if path is not None or at + _BLOCK > len(tar) or tar[at:].strip(b"\0") else (tar, entries)


def _unpacked(packed: bytes) -> bytes | None:
    """Return what one gzip stream holds; None where it is damaged, followed by something, or a bomb."""
    unpacker = zlib.decompressobj(31)
    parts: list[bytes] = []
    size, left = 0, packed
    while not unpacker.eof:
        try:
            part = unpacker.decompress(left, _STEP)
        except zlib.error:
            return None
        left = unpacker.unconsumed_tail
        size += len(part)
        if not part or size > min(_MOST_UNPACKED, _STEP + _STEEPEST * (len(packed) - len(left))):
            return None
        parts.append(part)
    return None if unpacker.unused_data else b"".join(parts)


def _sum_of(header: bytes, checksum: bytes) -> int:
    """Return the sum of a header's bytes, those of the checksum itself counted as blanks."""
    # The low half of Adler-32 is one more than the sum of the bytes, which cannot run over in half a block.
    total = (zlib.adler32(header[:_HALF]) & 0xFFFF) + (zlib.adler32(header[_HALF:]) & 0xFFFF) - 2
    return total - sum(checksum) - ord(" ") + _SUM_OF_ITS_FIELD


def _joined(prefix: bytes, name: bytes) -> str:
    """Return the name that a header tells, empty where it is none of plain letters."""
    parts = [part for part in (prefix.split(b"\0", 1)[0], name.split(b"\0", 1)[0]) if part]
    whole = b"/".join(parts)
    return whole.decode("ascii") if whole.isascii() else ""


def _path_in(records: bytes) -> str | None:
    """Return the name that a pax header tells, empty where it tells none; None for what is to be left to tarfile."""
    path, at = "", 0
    while at < len(records):
        record = _record(records, at)
        if record is None:
            return None
        end = at + int(record[1])
        value = records[record.end() : end - 1]
        if records[end - 1 : end] != b"\n" or end <= record.end() or b"\0" in value:
            return None
        if record[2] == b"path":
            try:
                path = value.decode("utf-8").rstrip("/")
            except UnicodeDecodeError:
                return None
            if not path:
                return None
        at = end
    return path
