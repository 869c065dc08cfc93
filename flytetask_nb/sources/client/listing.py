"""Listings: every row once, in a stable order, several pages under way at a time.

Rows are asked for by ``id`` ascending, the order in which they were registered: what others register meanwhile comes
at the end and moves nothing. Admin's tokens are offsets, so later pages can be asked for before earlier ones have
come; where a server's tokens are something else, pages are asked for one after the other.
"""

from __future__ import annotations

from collections import deque
from concurrent.futures import ThreadPoolExecutor
from contextvars import copy_context
from itertools import zip_longest
from typing import TYPE_CHECKING, Any, NamedTuple

from flyteidl.admin import common_pb2, task_pb2, workflow_pb2
from google.protobuf.message import DecodeError

from flytetask_nb.errors import RemoteError
from flytetask_nb.sources.client.calls import Stop
from flytetask_nb.sources.client.pages import Damaged, Page, glanced_at

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Iterator
    from concurrent.futures import Future

    from typing_extensions import Self

    from flytetask_nb.sources.client.calls import Calls
    from flytetask_nb.sources.client.entity_paths import EntityPath


class ListMethod(NamedTuple):
    """What is listed: the method, its request, its answer, and what that answer holds."""

    method: str
    request: Any
    answer: Any
    field: str
    row: Any


TASKS = ListMethod("ListTasks", common_pb2.ResourceListRequest, task_pb2.TaskList, "tasks", task_pb2.Task)
WORKFLOWS = ListMethod(
    "ListWorkflows", common_pb2.ResourceListRequest, workflow_pb2.WorkflowList, "workflows", workflow_pb2.Workflow
)
_IDS = (common_pb2.NamedEntityIdentifierListRequest, common_pb2.NamedEntityIdentifierList, "entities")
NAMES = ListMethod("ListTaskIds", *_IDS, common_pb2.NamedEntityIdentifier)

_FITTED_ENOUGH = 4
"""How many pages in a row must fit before a larger one is asked for."""

_MOST_IN_VAIN = 50
"""How many answers in a row may bring no new row and a token all the same; more is a listing that would never end."""

_ASCENDING = common_pb2.Sort.ASCENDING


class Question(NamedTuple):
    """What is asked about a place.

    ``kind``: what is listed.
    ``place``: where.
    ``filters``: in Admin's grammar.
    ``sort``: column to sort by.
    ``descending``: whether the last comes first.
    ``start``: how many rows are passed over.
    """

    kind: ListMethod
    place: EntityPath
    filters: str = ""
    sort: str = "id"
    descending: bool = False
    start: int = 0

    def request(self, token: str, limit: int) -> Any:
        """Return the message that asks for a page."""
        order = common_pb2.Sort(key=self.sort, direction=common_pb2.Sort.DESCENDING if self.descending else _ASCENDING)
        rest = {"limit": limit, "token": token, "filters": self.filters, "sort_by": order}
        if self.kind.request is common_pb2.ResourceListRequest:
            identifier = common_pb2.NamedEntityIdentifier(**self.place._asdict())
            return self.kind.request(id=identifier, **rest)
        return self.kind.request(project=self.place.project, domain=self.place.domain, **rest)


def rows_asked_for(calls: Calls, question: Question, limit: int) -> Page:
    """Return the first rows that answer a question, in one call."""
    data = calls.ask_raw(question.kind.method, question.request(_token(question.start), limit))
    return Listing._read(question, data).read()


class Listing:
    """Asks questions page by page. A context: leaving it stops what is under way.

    ``calls``: what makes the calls.
    ``page_size``: rows a page. It is halved where an answer is larger than the two sides take.
    ``in_flight``: pages that are under way at a time.
    """

    def __init__(self, calls: Calls, page_size: int, in_flight: int) -> None:
        self._calls = calls
        self._page_size = page_size
        self._fitting = page_size
        self._fitted = 0
        self._in_flight = in_flight
        self._pool = ThreadPoolExecutor(in_flight, thread_name_prefix="flytetask-nb-listing")
        self._stop = Stop()

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *error: object) -> None:
        self._stop.now()
        self._pool.shutdown(wait=True, cancel_futures=True)

    def stop(self) -> None:
        """Stop from another thread: calls under way end in an error, and none begins anew."""
        self._stop.now()

    def answers(self, questions: Iterable[Question], limit: int | None = None) -> Iterator[tuple[Question, Page]]:
        """Return the rows that answer questions, page by page, in the order of the questions and of their rows.

        ``questions``: what is asked.
        ``limit``: how many rows of each question are wanted at most; None: all.
        Yields tuple of Question and Page: some rows.
        Raises RemoteError: a page cannot be had, or pages come without end and without new rows.
        """
        seen: set[int] = set()
        in_vain = 0
        for question, page in self._answers(questions, limit):
            before = len(seen)
            seen.update(_row_keys(page))
            in_vain = 0 if len(seen) > before or not page.token else in_vain + 1
            yield question, page
            _check_progress(question, in_vain)

    def _answers(self, questions: Iterable[Question], limit: int | None) -> Iterator[tuple[Question, Page]]:
        size = self._page_size if limit is None else min(self._page_size, limit)
        waiting: deque[tuple[Question, Future[Page] | None]] = deque()
        coming = iter(questions)
        is_alone = True
        while True:
            while len(waiting) < self._in_flight and (question := next(coming, None)) is not None:
                # The first call is made here: it may have to ask a person to log in.
                first = (
                    None
                    if is_alone
                    else self._pool.submit(copy_context().run, self._page, question, _token(question.start), size)
                )
                waiting.append((question, first))
                if is_alone:
                    break
            if not waiting:
                return
            is_alone = False
            question, first = waiting.popleft()
            page = self._page(question, _token(question.start), size) if first is None else first.result()
            yield question, page.read()
            left = None if limit is None else limit - len(page.rows)
            if page.token and (left is None or left > 0):
                yield from self._rest(question, page, size, left)

    def _rest(self, question: Question, page: Page, size: int, left: int | None) -> Iterator[tuple[Question, Page]]:
        seen = question.start + size
        if page.token == str(seen):
            page, left = yield from self._ahead(question, seen, size, left)
        # What is left follows tokens that say nothing, one after the other.
        told = {page.token}
        while page.token and (left is None or left > 0):
            page = self._page(question, page.token, size if left is None else min(size, left))
            yield question, page.read()
            left = None if left is None else left - len(page.rows)
            if page.token in told:
                raise RemoteError(
                    f"{question.kind.method} gives the page token {page.token!r} twice, so the listing of "
                    f"{question.place} would never end; ask who runs the server",
                    code="DATA_LOSS",
                )
            told.add(page.token)

    def _ahead(self, question: Question, start: int, size: int, left: int | None) -> Any:
        """Ask for pages before those in front of them have come; gives what has to be followed otherwise."""
        waiting: deque[tuple[int, int, Future[Page]]] = deque()
        # Most listings end soon, and what is asked beyond the end is asked in vain: it begins with one page.
        depth = 1
        wanted = left
        while True:
            while len(waiting) < depth and (wanted is None or wanted > 0):
                rows = size if wanted is None else min(size, wanted)
                waiting.append(
                    (start, rows, self._pool.submit(copy_context().run, self._page, question, _token(start), rows))
                )
                start += rows
                wanted = None if wanted is None else wanted - rows
            if not waiting:
                return Page([], ""), 0
            offset, rows, future = waiting.popleft()
            page = future.result()
            yield question, page.read()
            left = None if left is None else left - len(page.rows)
            if page.token != str(offset + rows):
                for _, _, later in waiting:
                    later.cancel()
                return page, left
            depth = min(depth * 2, self._in_flight)

    def _page(self, question: Question, token: str, rows: int) -> Page:
        """Return so many rows, in as many calls as their size makes necessary."""
        found: list[Any] = []
        partial_tasks: list[Any] = []
        in_vain = 0
        while len(found) < rows:
            _check_progress(question, in_vain)
            size = min(self._fitting, rows - len(found))
            try:
                # A smaller page is a better second try than the same again.
                data = self._calls.ask_raw(
                    question.kind.method, question.request(token, size), self._stop, is_patient=size == 1
                )
            except RemoteError as error:
                if error.code != "RESOURCE_EXHAUSTED":
                    raise
                self._fitted = 0
                if size > 1:
                    self._fitting = min(self._fitting, size // 2)
                    continue
                if not error.is_too_large or (token and not token.isdecimal()):
                    # Nothing tells what comes after it.
                    raise
                found.append(Damaged(f"it is too large: {error}"))
                partial_tasks.append(None)
                token = str(int(token or 0) + 1)
                continue
            self._grow()
            page = self._read(question, data)
            if not found and (len(page.rows) >= rows or not page.token or page.token == token):
                return page
            page = page.read()
            in_vain = 0 if page.rows else in_vain + 1
            found += page.rows
            partial_tasks += page.partial_tasks
            if not page.token or page.token == token:
                return Page(found, page.token, partial_tasks)
            token = page.token
        return Page(found, token, partial_tasks)

    def _grow(self) -> None:
        """Ask for larger pages again: one large task may have been behind it."""
        if self._fitting < self._page_size:
            self._fitted += 1
            if self._fitted >= _FITTED_ENOUGH:
                self._fitting = min(self._fitting * 2, self._page_size)
                self._fitted = 0

    @staticmethod
    def _read(question: Question, data: bytes) -> Page:
        try:
            return glanced_at(data, question.kind.answer, question.kind.field, question.kind.row)
        except DecodeError:
            raise RemoteError(
                f"{question.kind.method}: an answer of {len(data)} bytes about {question.place} is damaged; "
                "try again, or ask who runs the server",
                code="DATA_LOSS",
            ) from None

    def each(self, work: Callable[[Any, Stop], Any], items: Iterable[Any]) -> Iterator[Any]:
        """Return what a function makes of each item, in order, several under way at a time."""
        return self._pool.map(lambda item: work(item, self._stop), items)


def _token(offset: int) -> str:
    return str(offset) if offset else ""


def _row_keys(page: Page) -> Iterator[int]:
    """Return what tells rows apart, in a few bytes each."""
    for row, partial_task in zip_longest(page.rows, page.partial_tasks):
        if partial_task is not None:
            yield hash(partial_task.id)
        elif not isinstance(row, Damaged):
            yield hash(row.SerializeToString(deterministic=True))


def _check_progress(question: Question, in_vain: int) -> None:
    if in_vain > _MOST_IN_VAIN:
        raise RemoteError(
            f"{question.kind.method} answers {in_vain} times in a row with a page token and no new row, so the "
            f"listing of {question.place} would never end; ask who runs the server",
            code="DATA_LOSS",
        )
