"""Which of the tasks that are registered is the one that a task would be registered over."""

from __future__ import annotations

from copy import deepcopy
from functools import cached_property
from hashlib import sha256
from typing import TYPE_CHECKING

from flytetask_nb.diffs.pairing import paired
from flytetask_nb.diffs.plan_entries import CHANGED, CONFLICT, IDENTICAL, NEW
from flytetask_nb.errors import FlyteTaskError
from flytetask_nb.models import FlyteTask
from flytetask_nb.models.identifiers import is_filled_in
from flytetask_nb.semantics.digests import unplaced_digest
from flytetask_nb.semantics.drafts import completed
from flytetask_nb.semantics.fellows import Fellows
from flytetask_nb.semantics.map_tasks import map_task_stem

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Mapping, Sequence

TaskKey = tuple[str, str, str]


class MatchedTask:
    """A task with what it is matched by."""

    def __init__(self, task: FlyteTask) -> None:
        identifier = task._message.template.id
        self.task = task
        self.key: TaskKey = (identifier.project, identifier.domain, identifier.name)
        self.version: str = identifier.version
        self.counterpart = self.key

    @property
    def has_version(self) -> bool:
        """Whether it says its version."""
        return is_filled_in(self.version)

    @cached_property
    def digest(self) -> bytes:
        """The digest without place and version; computed once, and only of what is compared."""
        try:
            return unplaced_digest(self.task)
        except FlyteTaskError:
            # Admin refuses what cannot be hashed, but here it can still be the same or not.
            return sha256(self.task.serialize_to_string()).digest()

    def completed_like(self, versions: Sequence[MatchedTask]) -> MatchedTask:
        """Return a task that is not registered yet with what only registration can know, as in the newest version."""
        if not versions or not self.task.is_draft:
            return self
        message, _ = completed(self.task._message, versions[-1].task._message)
        return MatchedTask(FlyteTask._own(message, self.task._origin))

    def is_like(self, other: MatchedTask) -> bool:
        """Tell whether another task has the same structure, place and version aside."""
        mine, theirs = self.task._message.template, other.task._message.template
        if (mine.id.name, mine.id.org) == (theirs.id.name, theirs.id.org):
            # Equal messages have equal digests, and are compared in a tenth of the time.
            moved = deepcopy(mine)
            moved.id.CopyFrom(theirs.id)
            if moved == theirs:
                return True
        return self.digest == other.digest


def beside_each_other(tasks: Iterable[FlyteTask]) -> list[FlyteTask]:
    """Return tasks that know each other, for what those of one release have in common."""
    listed = list(tasks)
    fellows = Fellows([task._message for task in listed], [task._origin for task in listed])
    return [
        task if task.fellows is not None else FlyteTask._own(task._message, task._origin).beside(fellows)
        for task in listed
    ]


def with_places(tasks: Sequence[FlyteTask], others: Iterable[FlyteTask]) -> Iterator[FlyteTask]:
    """Fill in project and domain where a task does not say them and the tasks of the other side leave no doubt."""
    only = {}
    for part in ("project", "domain"):
        values = {getattr(task._message.template.id, part) for task in others}
        if len(values) == 1 and is_filled_in(*values):
            (only[part],) = values
    for task in tasks:
        identifier = task._message.template.id
        unsaid = [part for part in only if not is_filled_in(getattr(identifier, part))]
        if not unsaid:
            yield task
            continue
        spec = deepcopy(task._message)
        for part in unsaid:
            setattr(spec.template.id, part, only[part])
        yield FlyteTask._own(spec, task._origin).beside(task.fellows)


def verdict(
    held: MatchedTask, versions: Sequence[MatchedTask], earlier: MatchedTask | None
) -> tuple[str, MatchedTask | None]:
    """Tell what becomes of a task, and what tells so: a version there, or the earlier task with the same id here."""
    same_id = [version for version in versions if version.version == held.version and version.key == held.key]
    for version in reversed(same_id):
        if version.is_like(held):
            return IDENTICAL, version
    if same_id and held.has_version:
        return CONFLICT, same_id[-1]
    if earlier is not None and earlier.is_like(held):
        return IDENTICAL, earlier
    if earlier is not None and held.has_version:
        return CONFLICT, earlier
    if not versions:
        return NEW, None
    newest = versions[-1]
    return IDENTICAL if newest.is_like(held) else CHANGED, newest


def link_map_tasks(here: Iterable[MatchedTask], there: Mapping[TaskKey, Sequence[MatchedTask]]) -> None:
    """Let map tasks that changed their hash meet: one that is new here and one that is missing here.

    Where there are several of one stem, their interfaces tell which became which; where these do not, nothing does.
    """
    mine: dict[TaskKey, list[MatchedTask]] = {}
    for held in here:
        if held.key not in there and map_task_stem(held.key[2]) is not None:
            mine.setdefault(held.key, []).append(held)
    if not mine:
        return
    known = {held.key for held in here}
    new = {key: versions[-1] for key, versions in mine.items()}
    gone = {
        key: versions[-1] for key, versions in there.items() if key not in known and map_task_stem(key[2]) is not None
    }
    for trait in (_stem_and_interface, _stem):
        traits = ({key: trait(held) for key, held in side.items()} for side in (new, gone))
        for key, counterpart in paired(*traits).items():
            for held in mine[key]:
                held.counterpart = counterpart
            del new[key], gone[counterpart]


def _stem(held: MatchedTask) -> tuple[object, ...]:
    return (*held.key[:2], map_task_stem(held.key[2]))


def _stem_and_interface(held: MatchedTask) -> tuple[object, ...]:
    return (*_stem(held), held.task._message.template.interface.SerializeToString(deterministic=True))
