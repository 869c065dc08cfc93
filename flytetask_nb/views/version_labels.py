"""What a version is called where there is little room, with the whole of it within reach."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from flytetask_nb.models.version_shortening import is_hash, short_versions
from flytetask_nb.views.document import Label, cut

if TYPE_CHECKING:
    from collections.abc import Mapping

    from flytetask_nb.views.document import Piece

__all__ = ["short_versions", "version_label", "whole_version"]

_BUDGET: Final = 300
"""Bytes that a version takes at most, whole."""
_ONE_LINE: Final = 64
"""Characters of a hash that have room on a line."""


def version_label(version: str, labels: Mapping[str, str]) -> Label:
    """Return a version under its short label, whole where a reader asks for it.

    ``version``: one of the versions that ``labels`` was made of.
    ``labels``: what ``short_versions`` gave.
    """
    whole = cut(version, _BUDGET)[0]
    return Label(cut(labels.get(version, version), _BUDGET)[0], whole)


def whole_version(version: str) -> Piece:
    """Return a version as it is: a hash on one line, for in two it is no longer known for one."""
    whole = cut(version, _BUDGET)[0]
    return Label(whole, whole) if len(version) <= _ONE_LINE and is_hash(version) else whole
