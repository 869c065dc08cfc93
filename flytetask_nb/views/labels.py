"""What names and versions are called where there is little room, with the whole of each within reach."""

from __future__ import annotations

from itertools import takewhile
from typing import TYPE_CHECKING, Final

from flytetask_nb.models.version_shortening import is_hash, short_versions
from flytetask_nb.views.document import Label, code, cut
from flytetask_nb.views.excerpts import start_of

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping

    from flytetask_nb.views.document import Line, Piece

__all__ = [
    "name_label",
    "prefix_head",
    "shared_prefix",
    "short_versions",
    "version_label",
    "versions_line",
    "whole_version",
]

_SHORTEST: Final = 12
"""Characters that are worth being told apart."""
_BUDGET: Final = 300
"""Bytes that a name or a version takes at most, whole."""
_ONE_LINE: Final = 64
"""Characters of a hash that have room on a line."""


def shared_prefix(names: Iterable[str]) -> str:
    """Return with which modules all names begin, the last dot included; empty where that is hardly shorter.

    What names have in common is told once, so that each row shows what is its own.
    """
    distinct = set(names)
    if len(distinct) <= 1:
        return ""
    first, last = (name.split(".")[:-1] for name in (min(distinct), max(distinct)))
    common = takewhile(lambda pair: pair[0] == pair[1], zip(first, last, strict=False))
    prefix = "".join([f"{module}." for module, _ in common])
    return prefix if len(prefix) >= _SHORTEST else ""


def prefix_head(noun: str, prefix: str) -> Line:
    """Return the head of a column of names, with what ``shared_prefix`` gave for them."""
    return [f"{noun}, in ", code(prefix[:-1])] if prefix else noun


def name_label(name: str, prefix: str, short: str = "") -> Label:
    """Return a name without what is told of it already, whole where a reader asks for it.

    ``prefix``: what ``shared_prefix`` gave.
    ``short``: the name in a shorter form, such as that of a map task; else the name itself.
    """
    text = (short or name).removeprefix(prefix) or "(no name)"
    return Label("".join(cut(text, _BUDGET)), start_of(name, _BUDGET) or text, name=True)


def version_label(version: str, labels: Mapping[str, str]) -> Label:
    """Return a version under its short label, whole where a reader asks for it.

    ``labels``: what ``short_versions`` gave for this version and others.
    """
    return Label(start_of(labels.get(version, version), _BUDGET), start_of(version, _BUDGET))


def versions_line(old: str, new: str) -> list[Piece]:
    """Return from which version a change leads to which; nothing where neither has one, which is empty then."""
    labels = short_versions(filter(None, (old, new)))
    before, after = (version_label(version, labels) if version else "(no version)" for version in (old, new))
    return [before, " → ", after] if labels else []


def whole_version(version: str) -> Piece:
    """Return a version as it is: a hash on one line, for in two it is no longer known for one."""
    whole = start_of(version, _BUDGET)
    return Label(whole, whole) if len(version) <= _ONE_LINE and is_hash(version) else whole
