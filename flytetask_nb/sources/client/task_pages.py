"""Tasks of a cluster as they come: a collection a page, which can be cancelled from another thread."""

from __future__ import annotations

from threading import Event
from typing import TYPE_CHECKING

from flytetask_nb.errors import RemoteError

if TYPE_CHECKING:
    from collections.abc import Callable, Generator, Iterator

    from typing_extensions import Self

    from flytetask_nb.collection import Failure, TaskCollection
    from flytetask_nb.sources.client.listed_tasks import ListedTasks
    from flytetask_nb.sources.client.listing import Listing, Question


class TaskPages:
    """An iterator of ``TaskCollection``, each what a page brought. Made by ``Remote.task_pages``.

    ``questions``: called when the first page is wanted.
    ``if_empty``: what to say where nothing came at all.
    """

    def __init__(
        self,
        listing: Listing,
        questions: Callable[[], Iterator[Question]],
        listed: ListedTasks,
        if_empty: Callable[[], tuple[Failure, ...]],
    ) -> None:
        self._listing = listing
        self._questions = questions
        self._listed = listed
        self._if_empty = if_empty
        self._cancelled = Event()
        self._coming = self._pages()

    def __iter__(self) -> Self:
        return self

    def __next__(self) -> TaskCollection:
        if self._cancelled.is_set():
            self._coming.close()
            raise StopIteration
        try:
            return next(self._coming)
        except RemoteError as error:
            if self._cancelled.is_set():
                raise StopIteration from None
            error.tasks = self.tasks
            raise

    def _pages(self) -> Generator[TaskCollection, None, None]:
        listed = self._listed
        with self._listing as listing:
            for question, page in listing.answers(self._questions()):
                before = listed.extent
                listed.take(question.place, page)
                yield listed.tasks(before)
        if listed.extent == (0, 0):
            listed.failures += self._if_empty()
            yield listed.tasks()

    @property
    def tasks(self) -> TaskCollection:
        """All that has come so far, as ``list_tasks`` would give it."""
        return self._listed.tasks()

    @property
    def is_cancelled(self) -> bool:
        """Whether it was cancelled, so that there may be more tasks."""
        return self._cancelled.is_set()

    def cancel(self) -> None:
        """Stop: calls under way end, and no page comes any more. Any thread may say so."""
        self._cancelled.set()
        self._listing.stop()
