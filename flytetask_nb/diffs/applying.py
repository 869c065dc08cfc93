"""What the changes of a diff make of a task in flat form."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from flytetask_nb.diffs.edits import Move, Replacement, Splice
from flytetask_nb.diffs.flattening import flatten_part
from flytetask_nb.diffs.texts import text_of
from flytetask_nb.errors import DiffError

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping

    from flytetask_nb.diffs.changes import Change


def apply_changes(values: Mapping[str, Any], changes: Iterable[Change]) -> dict[str, Any]:
    """Return what changes make of a task in flat form.

    ``values``: what :func:`flatten` gives of the task before.
    ``changes``: all changes of one diff: what is folded as noise or accepted is part of it.
    Raises DiffError: a change takes away what is not there or puts something where another value stands: the changes
      are not those of this task, or two of them claim the same value.
    """
    flat = dict(values)
    edits = [edit for change in changes for edit in change.recorded]
    for path, value in _entries(edits, is_old=True):
        if path not in flat or flat.pop(path) != value:
            raise DiffError(_cannot("takes away", path, value, values))
    lists = _spliced(flat, [edit for edit in edits if isinstance(edit, Splice)])
    moves = {edit.old_path: edit.path for edit in edits if isinstance(edit, Move)}
    if moves:
        flat = {_moved(path, moves): value for path, value in flat.items()}
    for path, value in (*lists.items(), *_entries(edits, is_old=False)):
        if path in flat:
            raise DiffError(_cannot("puts", path, value, values))
        if value != ():
            flat[path] = value
    return flat


def _entries(edits: Iterable[Replacement | Splice | Move], *, is_old: bool) -> list[tuple[str, Any]]:
    """Return what edits take away, or what they put."""
    entries: list[tuple[str, Any]] = []
    for edit in edits:
        if isinstance(edit, Replacement):
            place, value = (edit.old_path, edit.old) if is_old else (edit.path, edit.new)
            flat: dict[str, Any] = {}
            if value is not None:
                flatten_part(flat, place, value)
            entries += flat.items()
    return entries


def _cannot(doing: str, path: str, value: Any, values: Mapping[str, Any]) -> str:
    there = "nothing" if path not in values else repr(text_of(values[path], path))
    return (
        f"a change {doing} {text_of(value, path)!r} at {path}, where the task before has {there}; apply all changes of "
        "one diff, once, to the flat form of its old task"
    )


def _spliced(flat: dict[str, Any], splices: list[Splice]) -> dict[str, tuple[Any, ...]]:
    """Take lists that change out of the flat form; give what becomes of them."""
    grouped: dict[tuple[str, str], list[Splice]] = {}
    for splice in splices:
        grouped.setdefault((splice.old_path, splice.path), []).append(splice)
    lists: dict[str, tuple[Any, ...]] = {}
    for (old_path, path), group in grouped.items():
        items = dict(enumerate(flat.pop(old_path, ())))
        for index, word in (entry for splice in group for entry in splice.removed):
            if items.pop(index, None) != word:
                raise DiffError(_cannot("takes away", f"{old_path}[{index}]", word, {}))
        kept = list(items.values())
        for index, word in sorted(entry for splice in group for entry in splice.added):
            if index > len(kept):
                raise DiffError(_cannot("puts", f"{path}[{index}]", word, {}))
            kept.insert(index, word)
        lists[path] = tuple(kept)
    return lists


def _moved(path: str, moves: Mapping[str, str]) -> str:
    """Return where a path is once the longest of the moved paths that it stands under was moved."""
    end = len(path)
    while end > 0:
        head = path[:end]
        if head in moves and (end == len(path) or path[end] in ".["):
            return moves[head] + path[end:]
        end -= 1
    return path
