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
# A header whose numbers have the one form that tarfile gives them (POSIX.1-2008, pax, "ustar Interchange Format").
_header = re.compile(
    rb"(.{100})(?:[0-7]{7}\0){3}([0-7]{11})\0[0-7]{11}\0"  # name; mode, uid, gid; size; mtime
    rb"([0-7]{6})\0 ([05x]).{100}ustar\x0000.{64}"  # chksum, typeflag; linkname, magic, version, uname, gname
    rb"(?:[0-7]{7}\0|\0{8}){2}(.{155}).{12}",  # devmajor, devminor; prefix
    re.DOTALL,
).match
# What a pax header may say here: nothing that changes what an entry holds.
_record = re.compile(rb"([1-9][0-9]{0,4}) (path|[acm]time|[ug]id|[ug]name)=").match
_BLANKS: Final = 8 * ord(" ")


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
        block = header[0]
        # The low half of Adler-32 is one more than the sum of the bytes, which cannot run over where all are ASCII. Of
        # the checksum's own field eight blanks are counted in their stead.
        total = (zlib.adler32(block) & 0xFFFF) - 1 - sum(checksum) - ord(" ") + _BLANKS
        if not block.isascii() or total != int(checksum, 8) or at > len(tar):
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
    end = len(tar) - at
    return None if path is not None or end < _BLOCK or tar[at:] != bytes(end) else (tar, entries)


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


def _joined(prefix: bytes, name: bytes) -> str:
    """Return the name that a header tells."""
    folder, file = prefix.partition(b"\0")[0], name.partition(b"\0")[0]
    return (folder + b"/" + file if folder and file else folder or file).decode("ascii")


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
