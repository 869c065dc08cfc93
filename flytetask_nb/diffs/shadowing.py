"""Entries of a container's lists that one of the same name, further on, makes void."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Final

from flytetask_nb.diffs.edits import Replacement, joined

if TYPE_CHECKING:
    from collections.abc import Sequence

    from flytetask_nb.diffs.changes import Ledger
    from flytetask_nb.semantics.task_container import TaskContainer

SHADOWED: Final = {"env": "=", "requests": " ", "limits": " "}
"""The lists, and what stands between a name and a value where they are told."""


def compare_shadowed(ledger: Ledger, rule: str, field: str, old: TaskContainer, new: TaskContainer) -> None:
    """Take down that other entries are shadowed than before."""
    values = [shadowed(field, getattr(container, field)) or None for container in (old, new)]
    if values[0] != values[1]:
        path, old_path = f"{new.path}.{field}", f"{old.path}.{field}"
        exact = (None if entries is None else tuple(entries) for entries in values)
        edit = Replacement(joined(old_path, "(shadowed)"), joined(path, "(shadowed)"), *exact)
        ledger.add(rule, path, values[0], values[1], old_path=old_path, edits=(edit,))


def shadowed(field: str, entries: Sequence[tuple[str, Any]]) -> list[str]:
    """Return the entries, by name, that stand there again further on."""
    if len({name for name, _ in entries}) == len(entries):
        return []
    last = {name: index for index, (name, _) in enumerate(entries)}
    return [f"{name}{SHADOWED[field]}{value}" for index, (name, value) in enumerate(entries) if last[name] != index]
