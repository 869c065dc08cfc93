"""Which two versions of a task are compared, and what of their differences is listed: state without any widget."""

from __future__ import annotations

from typing import Any, Final

from traitlets import Bool, Unicode, observe, validate
from traitlets import Tuple as TupleTrait

from flytetask_nb.collection import TaskCollection
from flytetask_nb.diffs import Change, TaskDiff, diff
from flytetask_nb.diffs.rules import NOISE, SEVERITIES, rank
from flytetask_nb.errors import ModelValueError
from flytetask_nb.views.diffs import PARTS
from flytetask_nb.widgets.selection import NameChoice, known_name, version_labels

__all__ = ["EVERYTHING", "PairSelection"]

EVERYTHING: Final = "all"
"""The choice that leaves nothing out."""

_PAIR: Final = 2


class PairSelection(NameChoice):
    """A choice of two versions of one task.

    Attributes
    ----------
    tasks : TaskCollection
        What is chosen from. Setting it keeps name and versions if they are still there.
    name : str
        The task's name.
    versions : tuple of str
        Labels of its versions, oldest first.
    pair : tuple of (str, str)
        Labels of the version before and the version after; empty where there is no task.
    severity : str
        ``"all"``, or the least severity of the changes that are listed.
    part : str
        ``"all"``, or the part of the task whose changes are listed.
    noise : bool
        Whether release noise is listed, folded.
    """

    pair = TupleTrait()
    severity = Unicode(EVERYTHING)
    part = Unicode(EVERYTHING)
    noise = Bool(True)

    def __init__(self, tasks: TaskCollection, name: str | None = None) -> None:
        self._compared: tuple[tuple[str, ...], TaskDiff] | None = None
        super().__init__()
        if name is not None:
            self._set(name=known_name(tasks, name))
        self.tasks = tasks

    @observe("tasks")
    def _take_tasks(self, _change: Any) -> None:
        names = self.tasks.names
        if self.name in names:
            self._enter(self.name, self.pair)
        elif names:
            # The name with the most versions; of several the first.
            self._enter(max(names, key=self.tasks.version_counts().__getitem__), ())
        else:
            self._of_name = TaskCollection()
            self._set(name="", versions=(), pair=())

    @validate("pair")
    def _check_pair(self, proposal: Any) -> tuple[str, ...]:
        pair = tuple(map(str, proposal["value"]))
        return pair if self._follows else self.checked(pair)

    def checked(self, pair: tuple[str, ...]) -> tuple[str, ...]:
        """Return two versions if there are such versions.

        Raises
        ------
        ModelValueError
            These are not two.
        TaskNotFoundError
            The task has no such version; the error names those it has.
        """
        if not pair and not self.versions:
            return pair
        if len(pair) != _PAIR:
            raise ModelValueError(f"pair is {pair!r}, expected two versions, e.g. {self.pair!r}")
        missing = next((version for version in pair if version not in self.versions), None)
        if missing is not None:
            raise self._no_version(missing, self.versions[-10:])
        return pair

    @validate("severity")
    def _check_severity(self, proposal: Any) -> str:
        return _one_of("severity", str(proposal["value"]), (EVERYTHING, *SEVERITIES))

    @validate("part")
    def _check_part(self, proposal: Any) -> str:
        return _one_of("part", str(proposal["value"]), (EVERYTHING, *PARTS))

    @observe("name")
    def _follow_name(self, change: Any) -> None:
        if not self._follows and change.new:
            self._enter(change.new, ())

    def _enter(self, name: str, pair: tuple[str, ...]) -> None:
        """Choose a task, and of its versions those, or else the newest two."""
        self._of_name = self.tasks.versions(name)
        self._compared = None
        labels = tuple(version_labels(self._of_name))
        newest = (labels[-_PAIR:] * _PAIR)[:_PAIR]
        is_kept = len(set(pair)) == _PAIR and set(pair) <= set(labels)
        self._set(name=name, versions=labels, pair=pair if is_kept else newest)

    def swap(self) -> None:
        """Compare in the other direction."""
        self.pair = self.pair[::-1]

    @property
    def history(self) -> TaskCollection:
        """All versions of the task, oldest first."""
        return self._of_name

    @property
    def diff(self) -> TaskDiff | None:
        """The changes from the one version to the other; None where there is no task."""
        if not self.pair:
            return None
        if self._compared is None or self._compared[0] != self.pair:
            old, new = (self._of_name[self.versions.index(label)] for label in self.pair)
            self._compared = self.pair, diff(old, new)
        return self._compared[1]

    def keeps(self, change: Change) -> bool:
        """Tell whether a change is to be listed."""
        if change.severity == NOISE:
            return self.noise
        is_severe = self.severity == EVERYTHING or rank(change.severity) <= rank(self.severity)
        return is_severe and self.part in {EVERYTHING, change.part}


def _one_of(trait: str, value: str, choices: tuple[str, ...]) -> str:
    if value not in choices:
        raise ModelValueError(f"{trait} cannot be {value!r}; expected one of {', '.join(choices)}")
    return value
