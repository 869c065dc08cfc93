"""What is common to telling in which respects two types differ."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, NamedTuple

from flytetask_nb.diffs.edits import Replacement, joined

if TYPE_CHECKING:
    from flytetask_nb.diffs.edits import Edits


class Facet(NamedTuple):
    """One respect in which two types differ. Without a rule: a difference that only the whole type's verdict judges.

    ``rule``, ``path``, ``old``, ``new``, ``kind``, ``cache``, ``edits``: as in :class:`flytetask_nb.diffs.Change`.
    ``severity``, ``reason``: instead of the rule's, where this one is a special case.
    ``field``: of what is in a dataclass: that dataclass before and after, and the name of the field.
    """

    rule: str
    path: str
    old: Any
    new: Any
    kind: str = ""
    cache: str = ""
    edits: Edits = ()
    severity: str = ""
    reason: str = ""
    field: tuple[Any, Any, str] | None = None


class At(NamedTuple):
    """Where two types stand: as a path for people, and in the flat form of either task."""

    path: str
    old: str
    new: str

    def step(self, name: str, old: str = "", new: str = "") -> At:
        """Return what stands in it under a name; in flat form that can differ."""
        return At(f"{self.path}{name}", f"{self.old}{old or name}", f"{self.new}{new or old or name}")

    def field(self, key: str) -> At:
        """Return what stands in it under any key."""
        return At(joined(self.path, key), joined(self.old, key), joined(self.new, key))

    def edit(self, old: Any, new: Any) -> tuple[Replacement, ...]:
        """Return what puts a new value in place of an old one."""
        return (Replacement(self.old, self.new, old, new),)
