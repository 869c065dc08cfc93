"""Entries of a list that one of the same name, further on, makes void."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from flytetask_nb.diffs.edits import Replacement, joined

if TYPE_CHECKING:
    from collections.abc import Sequence

    from flytetask_nb.diffs.changes import Ledger


def compare_shadowed(ledger: Ledger, rule: str, paths: tuple[str, str], old: list[str], new: list[str]) -> None:
    """Take down that other entries are shadowed than before."""
    if old != new:
        values = old or None, new or None
        exact = (tuple(entries) if entries else None for entries in (old, new))
        edit = Replacement(*(joined(path, "(shadowed)") for path in paths), *exact)
        ledger.add(rule, paths[1], *values, old_path=paths[0], edits=(edit,))


def shadowed_entries(entries: Sequence[tuple[str, Any]]) -> list[tuple[str, Any]]:
    """Return the entries, by name, that stand there again further on."""
    if len({name for name, _ in entries}) == len(entries):
        return []
    last = {name: index for index, (name, _) in enumerate(entries)}
    return [entry for index, entry in enumerate(entries) if last[entry[0]] != index]
