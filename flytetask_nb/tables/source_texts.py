"""Sources of many tasks, masked a file at a time: most are entries of a few archives."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

from flytetask_nb.masking import has_sign_of_secret, mask_text

if TYPE_CHECKING:
    from collections.abc import Iterable

__all__ = ["masked_sources"]

_MARK = "!"
# Of these characters no key with its value, no URL with a password and no header can be made, nor can one that begins in
# the file reach into the entry: the file ends in a word, and what follows is no sign between key and value.
_ENTRIES = re.compile(r"[\w./\n-]*")
_FILE = re.compile(r"[\w./:\\~-]*\w")


def masked_sources(sources: Iterable[str]) -> dict[str, str]:
    """Return sources as ``mask_text`` gives them.

    Parameters
    ----------
    sources
        Files, or files and entries, ``!`` between them.

    Returns
    -------
    dict of str to str
        By source.
    """
    distinct = list(set(sources))
    parts = [source.partition(_MARK) for source in distinct]
    entries = "\n".join([entry for _, _, entry in parts])
    if entries.count("\n") >= len(distinct) or not _ENTRIES.fullmatch(entries) or has_sign_of_secret(entries):
        return {source: mask_text(source) for source in distinct}
    files = {file for file, _, _ in parts}
    telling = {file for file in files if not _FILE.fullmatch(file) or mask_text(file) != file}
    masked = dict(zip(distinct, distinct, strict=True))
    if telling:
        masked |= {source: mask_text(source) for source in distinct if source.partition(_MARK)[0] in telling}
    return masked
