"""What is gone and what is new, put together where a trait that both have leaves no doubt."""

from __future__ import annotations

from typing import TYPE_CHECKING, TypeVar

if TYPE_CHECKING:
    from collections.abc import Mapping

_K = TypeVar("_K")


def paired(gone: Mapping[_K, object], new: Mapping[_K, object]) -> dict[_K, _K]:
    """Return what each became: the one that is new with a trait that only one has that is gone, each with its trait."""
    groups: dict[object, tuple[list[_K], list[_K]]] = {}
    for side, traits in enumerate((gone, new)):
        for key, trait in traits.items():
            groups.setdefault(trait, ([], []))[side].append(key)
    return {before[0]: after[0] for before, after in groups.values() if len(before) == len(after) == 1}
