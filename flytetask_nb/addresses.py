"""Addresses of files that are not paths: what fsspec takes, and the file systems behind it."""

from __future__ import annotations

from typing import Any, Final

# fsspec's own marks: a scheme, and a chain of file systems.
_SCHEME: Final = "://"
_CHAIN: Final = "::"


def is_url(name: str) -> bool:
    """Tell whether a text names a file by a scheme rather than by a path."""
    return _SCHEME in name or _CHAIN in name


def file_system(name: str) -> tuple[Any, str]:
    """Return the file system of an address, and the path in it.

    fsspec keeps its file systems for the life of the process, and many of them what they once listed. What others
    have written since would not be seen, or half of it; so each call makes them forget that.

    Raises Exception: whatever fsspec or a driver raises; ImportError where the driver is not installed.
    """
    from fsspec.core import url_to_fs  # noqa: PLC0415 - loaded with the first URL

    if _CHAIN in name:
        # What an archive lies in is another file system, which is asked for the archive at once.
        url_to_fs(name.rsplit(_CHAIN, 1)[1])[0].invalidate_cache()
    system, path = url_to_fs(name)
    system.invalidate_cache()
    return system, path
