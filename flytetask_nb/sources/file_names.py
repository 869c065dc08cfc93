"""What a file's name says of what it holds."""

from __future__ import annotations

from urllib.parse import unquote, urlsplit

ARCHIVES = (".tar", ".tgz", ".tar.gz")
"""Suffixes of archives, as flytectl knows them."""
MESSAGE = ".pb"
SNAPSHOT = ".parquet"
DOCUMENTS = (".json", ".yaml", ".yml")
_WEB = ("http://", "https://")


def is_archive_name(name: str) -> bool:
    """Tell whether a file's name is that of an archive."""
    return name.lower().endswith(ARCHIVES)


def is_code_bundle(name: str) -> bool:
    """Tell whether a file is the code of a fast registration: ``fast<digest>.tar.gz``."""
    base = name.rsplit("/", 1)[-1]
    return base.startswith("fast") and base.endswith(".tar.gz")


def legible(name: str) -> str:
    """Return a file's name as it can be shown and stored: names need not be UTF-8."""
    try:
        return name.encode("utf-8", "surrogateescape").decode("utf-8", "backslashreplace")
    except UnicodeEncodeError:
        return name.encode("utf-8", "backslashreplace").decode("utf-8")


def is_readable_name(name: str) -> bool:
    """Tell whether a file's name is that of an archive, a message or a document."""
    base = name.rsplit("/", 1)[-1]
    if is_code_bundle(base):
        return False
    return is_archive_name(base) or base.lower().endswith((MESSAGE, SNAPSHOT, *DOCUMENTS))


def content_name(name: str) -> str:
    """Return the part of a place's name that tells what it holds.

    Of a chain of file systems, that is what is inside; of an address of the web, the path without its query.
    """
    links = name.split("::")
    inner = next((link for link in links if "://" in link), name) if len(links) > 1 else name
    return unquote(urlsplit(inner).path) if inner.startswith(_WEB) else inner
