"""Which task of a collection is looked at: the state behind the pickers, without any widget."""

from __future__ import annotations

from collections import Counter
from typing import TYPE_CHECKING, Any

from traitlets import HasTraits, Instance, TraitError, Unicode, observe, validate
from traitlets import Tuple as TupleTrait

from flytetask_nb.collection import TaskCollection
from flytetask_nb.errors import ModelTypeError, TaskNotFoundError
from flytetask_nb.models.coercion import no_tasks, opened
from flytetask_nb.models.flyte_task import FlyteTask
from flytetask_nb.models.identifiers import is_filled_in
from flytetask_nb.semantics.task_container import task_image

if TYPE_CHECKING:
    from collections.abc import Sequence

__all__ = ["NAMES_SHOWN", "NameChoice", "TaskSelection", "as_collection", "known_name", "version_labels"]

NAMES_SHOWN = 200
"""How many names are offered at once; a search narrows them down."""


def as_collection(tasks: object) -> TaskCollection:
    """Return what a widget is to choose from as a collection.

    Parameters
    ----------
    tasks
        A collection, a single task, or whatever ``TaskCollection`` takes.
    """
    if isinstance(tasks, TaskCollection):
        return tasks
    tasks = opened(tasks)
    if isinstance(tasks, list | tuple):
        return TaskCollection(tasks)
    if hasattr(tasks, "to_flyte_idl") or hasattr(tasks, "DESCRIPTOR"):
        return TaskCollection([tasks])
    if hasattr(tasks, "__iter__") and not isinstance(tasks, str | bytes):
        return TaskCollection(tasks)
    raise ModelTypeError(no_tasks(tasks, "tasks"))


def known_name(tasks: TaskCollection, name: str) -> str:
    """Return the name under which a collection lists a task.

    Raises
    ------
    TaskNotFoundError
        No task is called so, or several are; the error says what there is instead.
    """
    return tasks.name_of(tasks.versions(name)[-1])


def version_labels(versions: TaskCollection) -> list[str]:
    """Label each version of a task with a text that no other one has.

    Parameters
    ----------
    versions
        Versions of one name.

    Returns
    -------
    list of str
        The version; where it stands there twice, with its project and domain, its source, or its place in the list,
        whatever tells them apart.
    """
    texts = [version if is_filled_in(version) else "(no version)" for version in versions.column("version")]
    places = [
        " / ".join(filter(None, place))
        for place in zip(versions.column("project"), versions.column("domain"), strict=True)
    ]
    numbers = [f"no. {number}" for number in range(1, len(texts) + 1)]
    for marks in (places, [task.source or "" for task in versions], numbers):
        if len(set(texts)) == len(texts):
            break
        if len(set(marks)) > 1:
            texts = _told_apart(texts, marks)
    return texts


def _text_of(task: FlyteTask) -> str:
    """Return what a search looks at of a task, in small letters."""
    template: Any = task._message.template
    variables = (*template.interface.inputs.variables, *template.interface.outputs.variables)
    return "\n".join([template.id.name, template.type, task_image(template), *variables]).casefold()


def _told_apart(texts: Sequence[str], marks: Sequence[str]) -> list[str]:
    counts = Counter(texts)
    return [f"{text} · {mark}" if mark and counts[text] > 1 else text for text, mark in zip(texts, marks, strict=True)]


class NameChoice(HasTraits):
    """A choice of one name in a collection, and what goes with it; state without any widget."""

    tasks = Instance(TaskCollection)
    name = Unicode()
    versions = TupleTrait()

    def __init__(self, **traits: Any) -> None:
        self._of_name = TaskCollection()
        self._follows = False
        super().__init__(**traits)

    @validate("name")
    def _check_name(self, proposal: Any) -> str:
        name = str(proposal["value"])
        return known_name(self.tasks, name) if name and not self._follows else name

    def _no_version(self, version: str, known: Sequence[str]) -> TaskNotFoundError:
        return TaskNotFoundError(f"{self.name!r} has no version {version!r}; there are {', '.join(known) or 'none'}")

    def _set(self, **traits: Any) -> None:
        """Set traits together; who observes one sees the others as they will be."""
        self._follows = True
        try:
            with self.hold_trait_notifications():
                for name, value in traits.items():
                    setattr(self, name, value)
        except TraitError as error:
            raise ModelTypeError(str(error)) from None
        finally:
            self._follows = False


class TaskSelection(NameChoice):
    """A choice of one task by name and version.

    Setting any of the traits brings the others along: a name its newest version, a version its task, a task of the
    collection its name and version.

    Attributes
    ----------
    tasks : TaskCollection
        What is chosen from. Setting it keeps name and version if they are still there.
    query : str
        Words that a name, or the type, the image, an input or an output of its newest version must hold, in any order
        and case.
    names : tuple of str
        The names that fit the query, in natural order, at most ``NAMES_SHOWN``.
    name : str
        The chosen name; empty where the task is none of the collection's.
    versions : tuple of str
        Labels of the versions of that name, newest first.
    version : str
        The label of the chosen version.
    task : FlyteTask or None
        The chosen task; may be set to any other.
    """

    query = Unicode()
    names = TupleTrait()
    version = Unicode()
    task = Instance(FlyteTask, allow_none=True)

    def __init__(self, tasks: TaskCollection, **traits: Any) -> None:
        self._searched: dict[str, str] | None = None
        super().__init__(**traits)
        self.tasks = tasks

    @property
    def order(self) -> str:
        """What the order of the versions rests on: see ``TaskCollection.order``."""
        return self._of_name.order

    @property
    def matching(self) -> int:
        """How many names fit the query, shown or not."""
        return len(self._matches())

    def _matches(self) -> list[str]:
        words = self.query.casefold().split()
        if not words:
            return self.tasks.names
        if self._searched is None:
            # Read once, when something is searched for.
            self._searched = {self.tasks.name_of(task): _text_of(task) for task in self.tasks.latest()}
        texts = self._searched
        return [name for name in self.tasks.names if all(word in texts[name] for word in words)]

    def pick_first(self) -> None:
        """Choose the first of the names that fit the query, where one does."""
        if self.names:
            self.name = self.names[0]

    @observe("tasks")
    def _take_tasks(self, _change: Any) -> None:
        version = self.version
        self._searched = None
        self._offer_names(None)
        known = self.tasks.names
        if self.name in known:
            self._enter(self.name, version)
        elif known:
            self._enter(known[0], "")
        else:
            self._leave(None)

    @observe("query")
    def _offer_names(self, _change: Any) -> None:
        self.names = tuple(self._matches()[:NAMES_SHOWN])

    @validate("version")
    def _check_version(self, proposal: Any) -> str:
        version = str(proposal["value"])
        if version and not self._follows and version not in self.versions:
            raise self._no_version(version, self.versions[:10])
        return version

    @observe("name")
    def _follow_name(self, change: Any) -> None:
        if not self._follows and change.new:
            self._enter(change.new, "")

    @observe("version")
    def _follow_version(self, change: Any) -> None:
        if not self._follows and change.new:
            self._set(task=self._of_name[self.versions.index(change.new)])

    @observe("task")
    def _follow_task(self, change: Any) -> None:
        if self._follows or change.new is None:
            return
        task = change.new
        name = self.tasks.name_of(task)
        versions = self.tasks.versions(name) if name in self.tasks.names else TaskCollection()
        position = next((place for place, version in enumerate(versions) if version == task), None)
        if position is None:
            self._leave(task)
        else:
            self._enter(name, version_labels(versions)[position])

    def _enter(self, name: str, version: str) -> None:
        """Choose a version of a name; the newest where there is none of that label."""
        self._of_name = self.tasks.versions(name)[::-1]
        labels = tuple(version_labels(self._of_name[::-1])[::-1])
        chosen = version if version in labels else labels[0]
        self._set(name=name, versions=labels, version=chosen, task=self._of_name[labels.index(chosen)])

    def _leave(self, task: FlyteTask | None) -> None:
        """Look at a task that the collection does not hold, or at none."""
        self._of_name = TaskCollection()
        self._set(name="", versions=(), version="", task=task)
