"""What a version is called where there is little room, with the whole of it within reach."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from flytetask_nb.models.version_shortening import short_versions
from flytetask_nb.views.document import Label, cut

if TYPE_CHECKING:
    from collections.abc import Mapping

__all__ = ["short_versions", "version_label"]

_BUDGET: Final = 300
"""Bytes that a version takes at most, whole."""


def version_label(version: str, labels: Mapping[str, str]) -> Label:
    """Return a version under its short label, whole where a reader asks for it.

    Parameters
    ----------
    version
        One of the versions that ``labels`` was made of.
    labels
        What ``short_versions`` gave.
    """
    whole = cut(version, _BUDGET)[0]
    return Label(cut(labels.get(version, version), _BUDGET)[0], whole)
