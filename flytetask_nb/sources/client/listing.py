"""Listings: every row once, in a stable order, several pages under way at a time.

Rows are asked for by ``id`` ascending, the order in which they were registered: what others register meanwhile comes
at the end and moves nothing. Admin's tokens are offsets, so later pages can be asked for before earlier ones have
come; where a server's tokens are something else, pages are asked for one after the other.
"""

from __future__ import annotations

import sys
from collections import deque
from concurrent.futures import ThreadPoolExecutor
from contextvars import copy_context
from itertools import islice, zip_longest
from typing import TYPE_CHECKING, Any, NamedTuple

from flyteidl.admin import common_pb2, task_pb2, workflow_pb2
from google.protobuf.message import DecodeError

from flytetask_nb.errors import RemoteError
from flytetask_nb.sources.client.calls import Stop
from flytetask_nb.sources.client.pages import Damaged, Page, page_of

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Iterator
    from concurrent.futures import Future

    from typing_extensions import Self

    from flytetask_nb.sources.client.calls import Calls
    from flytetask_nb.sources.client.entity_paths import EntityPath


class ListMethod(NamedTuple):
    """What is listed: the method, its request, its answer, and what that holds."""

    method: str
    request: Any
    answer: Any
    row: Any


TASKS = ListMethod("ListTasks", common_pb2.ResourceListRequest, task_pb2.TaskList, task_pb2.Task)
WORKFLOWS = ListMethod(
    "ListWorkflows", common_pb2.ResourceListRequest, workflow_pb2.WorkflowList, workflow_pb2.Workflow
)
_IDS = (common_pb2.NamedEntityIdentifierListRequest, common_pb2.NamedEntityIdentifierList)
NAMES = ListMethod("ListTaskIds", *_IDS, common_pb2.NamedEntityIdentifier)

_FITTED_ENOUGH = 4
"""How many pages in a row must fit before a larger one is asked for."""

_MOST_IN_VAIN = 50
"""How many answers in a row may bring no new row and a token all the same; more is a listing that would never end."""

_ALL = sys.maxsize
"""How many rows are wanted where nobody says it."""


class Question(NamedTuple):
    """What is asked about a place.

    ``filters``: in Admin's grammar.
    ``sort``: column to sort by.
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
        direction = common_pb2.Sort.DESCENDING if self.descending else common_pb2.Sort.ASCENDING
        order = common_pb2.Sort(key=self.sort, direction=direction)
        rest = {"limit": limit, "token": token, "filters": self.filters, "sort_by": order}
        if self.kind.request is common_pb2.ResourceListRequest:
            identifier = common_pb2.NamedEntityIdentifier(**self.place._asdict())
            return self.kind.request(id=identifier, **rest)
        return self.kind.request(project=self.place.project, domain=self.place.domain, **rest)


def rows_asked_for(calls: Calls, question: Question, limit: int) -> Page:
    """Return the first rows that answer a question, in one call."""
    data = calls.ask_raw(question.kind.method, question.request(_token(question.start), limit))
    return _page_in(question, data).read()


class Listing:
    """Asks questions page by page. A context: leaving it stops what is under way.

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

        ``limit``: how many rows of each question are wanted at most; None: all.
        Raises RemoteError: a page cannot be had, or pages come without end and without new rows.
        """
        seen: set[int] = set()
        in_vain = 0
        for question, page in self._answers(questions, _ALL if limit is None else limit):
            before = len(seen)
            seen.update(_row_keys(page))
            in_vain = 0 if len(seen) > before or not page.token else in_vain + 1
            yield question, page
            _check_progress(question, in_vain)

    def rows(self, questions: Iterable[Question]) -> Iterator[Any]:
        """Return the rows that answer questions, but for those that cannot be read."""
        for _, page in self.answers(questions):
            yield from (row for row in page.rows if not isinstance(row, Damaged))

    def _answers(self, questions: Iterable[Question], limit: int) -> Iterator[tuple[Question, Page]]:
        size = min(self._page_size, limit)
        coming = iter(questions)
        for question in islice(coming, 1):
            # The first call is made here: it may have to ask a person to log in.
            yield from self._pages(question, self._page(question, _token(question.start), size), size, limit)
        waiting: deque[tuple[Question, Future[Page]]] = deque()
        while True:
            for question in islice(coming, self._in_flight - len(waiting)):
                waiting.append((question, self._soon(question, question.start, size)))
            if not waiting:
                return
            question, first = waiting.popleft()
            yield from self._pages(question, first.result(), size, limit)

    def _soon(self, question: Question, start: int, rows: int) -> Future[Page]:
        return self._pool.submit(copy_context().run, self._page, question, _token(start), rows)

    def _pages(self, question: Question, page: Page, size: int, left: int) -> Iterator[tuple[Question, Page]]:
        """Return a page and those behind it."""
        yield question, page.read()
        left -= len(page.rows)
        end = question.start + size
        if page.token == str(end) and left > 0:
            page, left = yield from self._ahead(question, end, size, left)
        # What is left follows tokens that say nothing, one after the other.
        known = {page.token}
        while page.token and left > 0:
            page = self._page(question, page.token, min(size, left))
            yield question, page.read()
            left -= len(page.rows)
            if page.token in known:
                raise _endless(question, f"gives the page token {page.token!r} twice")
            known.add(page.token)

    def _ahead(self, question: Question, start: int, size: int, left: int) -> Any:
        """Ask for pages before those in front of them have come; gives what has to be followed otherwise."""
        waiting: deque[tuple[int, Future[Page]]] = deque()
        # Most listings end soon, and what is asked beyond the end is asked in vain: it begins with one page.
        depth = 1
        unasked = left
        while True:
            while len(waiting) < depth and unasked > 0:
                rows = min(size, unasked)
                waiting.append((start + rows, self._soon(question, start, rows)))
                start += rows
                unasked -= rows
            if not waiting:
                return Page([], ""), 0
            end, future = waiting.popleft()
            page = future.result()
            yield question, page.read()
            left -= len(page.rows)
            if page.token != str(end):
                for _, later in waiting:
                    later.cancel()
                return page, left
            depth = min(depth * 2, self._in_flight)

    def _page(self, question: Question, token: str, wanted: int) -> Page:
        """Return so many rows, in as many calls as their size makes necessary."""
        rows: list[Any] = []
        partial_tasks: list[Any] = []
        in_vain = 0
        while len(rows) < wanted:
            _check_progress(question, in_vain)
            size = min(self._fitting, wanted - len(rows))
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
                rows.append(Damaged(f"it is too large: {error}"))
                partial_tasks.append(None)
                token = str(int(token or 0) + 1)
                continue
            self._grow()
            page = _page_in(question, data)
            if not rows and (len(page.rows) >= wanted or not page.token or page.token == token):
                return page
            page = page.read()
            in_vain = 0 if page.rows else in_vain + 1
            rows += page.rows
            partial_tasks += page.partial_tasks
            if not page.token or page.token == token:
                return Page(rows, page.token, partial_tasks)
            token = page.token
        return Page(rows, token, partial_tasks)

    def _grow(self) -> None:
        """Ask for larger pages again: one large task may have been behind it."""
        if self._fitting < self._page_size:
            self._fitted += 1
            if self._fitted >= _FITTED_ENOUGH:
                self._fitting = min(self._fitting * 2, self._page_size)
                self._fitted = 0

    def each(self, work: Callable[[Any, Stop], Any], items: Iterable[Any]) -> Iterator[Any]:
        """Return what a function makes of each item, in order, several under way at a time."""
        return self._pool.map(lambda item: work(item, self._stop), items)


def _page_in(question: Question, data: bytes) -> Page:
    try:
        return page_of(data, question.kind.answer, question.kind.row)
    except DecodeError:
        raise RemoteError(
            f"{question.kind.method}: an answer of {len(data)} bytes about {question.place} is damaged; "
            "try again, or ask who runs the server",
            code="DATA_LOSS",
        ) from None


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
        raise _endless(question, f"answers {in_vain} times in a row with a page token and no new row")


def _endless(question: Question, what: str) -> RemoteError:
    return RemoteError(
        f"{question.kind.method} {what}, so the listing of {question.place} would never end; ask who runs the server",
        code="DATA_LOSS",
    )
