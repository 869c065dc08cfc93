"""What a listing brings, put together: each task once, and a record of every row that is none."""

from __future__ import annotations

from operator import attrgetter
from typing import TYPE_CHECKING, Any

from flytetask_nb.collection import Failure, TaskCollection
from flytetask_nb.errors import FlyteTaskError
from flytetask_nb.models.flyte_task import FlyteTask
from flytetask_nb.models.origins import UNTOLD_BY_SERVERS, Origin
from flytetask_nb.models.plain_values import utc_datetime
from flytetask_nb.sources.client.listing import TASKS, Question, rows_asked_for
from flytetask_nb.sources.client.pages import Damaged, spec_bytes
from flytetask_nb.sources.client.partial_tasks import AFTER_SECONDS, ENVELOPE, NAME_TAG, PREFIXES, ListedOrigin, Server

if TYPE_CHECKING:
    from collections.abc import Iterator

    from flytetask_nb.sources.client.calls import Calls
    from flytetask_nb.sources.client.entity_paths import EntityPath
    from flytetask_nb.sources.client.filters import Filters
    from flytetask_nb.sources.client.pages import Page

REPEATED = "rows that the server repeated"
"""What such rows are counted as in ``.skipped``."""

_PARTS = ("project", "domain", "name", "version")
_key_of = attrgetter(*_PARTS)
_BEFORE = -1
"""Where a task stands that had come before."""


def origin_of(task: Any, source: str, console: str) -> Origin:
    """Return what a ``flyteidl.admin.Task`` says beside its template.

    Raises ModelValueError: its ``created_at`` lies outside the years 1 to 9999.
    """
    closure = task.closure
    return Origin(
        source=source,
        created_at=utc_datetime(closure.created_at, "created_at") if closure.HasField("created_at") else None,
        short_description=task.short_description or None,
        console=console,
        untold=UNTOLD_BY_SERVERS,
    )


class ListedTasks:
    """Puts tasks together as they come."""

    def __init__(self, source: str, console: str, filters: Filters, held: TaskCollection | None = None) -> None:
        self._server = Server(source, console)
        self._filters = filters
        self._held = held
        self._data: list[bytes] = []
        self._origins: list[Origin | str] = []
        self.failures: list[Failure] = []
        self._repeated = 0
        # Where each task stands, by its serialized id; those that had come before stand nowhere.
        self._seen: dict[bytes, int] = {}
        self._known = set() if held is None else set(_keys_of(held))

    def __len__(self) -> int:
        return len(self._data)

    def take(self, place: EntityPath, page: Page, most: int | None = None) -> None:
        """Take the tasks of a page that was asked for there, until there are as many as are wanted in all."""
        if most is not None or self._filters.here or self._known:
            for row in page.rows:
                if most is not None and len(self._data) >= most:
                    return
                self._take_row(place, row)
            return
        seen, data, origins, server = self._seen, self._data, self._origins, self._server
        for number, partial_task in enumerate(page.partial_tasks):
            # A row as Admin makes them is kept as it came; protobuf has read every byte of it already. This loop is
            # what a long listing costs, and a function called in it would cost as much again.
            if partial_task is not None:
                key = partial_task.id
                closure = partial_task.closure
                compiled = closure.compiled_task
                created = closure.created_at
                if (
                    key not in seen
                    and NAME_TAG in key
                    and created[6:7] in AFTER_SECONDS
                    # Whatever a later Admin put beside the template would be read as a description.
                    and compiled.startswith(PREFIXES[len(compiled)])
                    and compiled.find(key, 0, len(key) + ENVELOPE) >= 0
                ):
                    seen[key] = len(data)
                    data.append(compiled)
                    origins.append(ListedOrigin(server, created, partial_task.short_description))
                    continue
            self._take_row(place, page.rows[number])

    def _take_row(self, place: EntityPath, row: Any) -> None:
        if isinstance(row, Damaged):
            self._fail(str(place), row.reason)
            return
        parts = _key_of(row.id)
        key = row.id.SerializeToString()
        if parts in self._known:
            # It had come before the listing was taken up again; a second time would be once too many.
            self._known.discard(parts)
            self._seen[key] = _BEFORE
            return
        position = self._seen.get(key)
        entry = "/".join(parts)
        try:
            data = spec_bytes(row)
            if isinstance(data, Damaged):
                self._fail(entry, data.reason)
                return
            if position is not None:
                self._repeat(entry, position, data)
                return
            origin = origin_of(row, *self._server)
            if self._filters.here:
                task = FlyteTask.from_bytes(data, origin)
                if not all(condition(task) for condition in self._filters.here):
                    return
        except FlyteTaskError as error:
            self._fail(entry, str(error))
            return
        self._seen[key] = len(self._data)
        self._data.append(data)
        self._origins.append(origin)

    def _repeat(self, entry: str, position: int, data: bytes) -> None:
        if position < 0 or FlyteTask.from_bytes(data) == FlyteTask.from_bytes(self._data[position]):
            self._repeated += 1
        else:
            self._fail(entry, "the server gives it a second time with other contents; the first is kept")

    def _fail(self, entry: str, reason: str) -> None:
        self.failures.append(Failure(self._server.source, entry, reason))

    @property
    def extent(self) -> tuple[int, int]:
        """How many tasks and how many failures there are so far."""
        return len(self._data), len(self.failures)

    def tasks(self, since: tuple[int, int] = (0, 0)) -> TaskCollection:
        """Return what has come so far, or what has come since it had a certain extent."""
        start, failed = since
        skipped = {REPEATED: self._repeated} if self._repeated and since == (0, 0) else None
        came = TaskCollection.of_serialized(self._data[start:], self._origins[start:], self.failures[failed:], skipped)
        return came if self._held is None or since != (0, 0) else self._held + came


def from_start_or_after(calls: Calls, place: EntityPath, filters: str, held: TaskCollection | None) -> Question:
    """Return the question for all tasks of a place, or for those alone that have not come before."""
    question = Question(TASKS, place, filters)
    if held is None:
        return question
    mine = [key for key in _keys_of(held) if key[:2] == (place.project, place.domain)]
    if not mine:
        return question
    # The rows that came are the first ones there are; where the last of them stands elsewhere, all are asked for.
    last = question._replace(start=len(mine) - 1)
    rows = rows_asked_for(calls, last, 1).rows
    if not rows or isinstance(rows[0], Damaged) or _key_of(rows[0].id) != mine[-1]:
        return question
    return question._replace(start=len(mine))


def _keys_of(tasks: TaskCollection) -> Iterator[tuple[str, ...]]:
    return zip(*(tasks.column(part) for part in _PARTS), strict=True)
