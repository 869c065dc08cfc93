"""Snapshots as ``TaskCollection.save`` writes them, in one piece where nothing is to be changed in them."""

from __future__ import annotations

from typing import TYPE_CHECKING

from flyteidl.admin import task_pb2

from flytetask_nb.collection import Failure, TaskRecord
from flytetask_nb.errors import FlyteTaskError, LoadError, MissingExtraError
from flytetask_nb.sources.foreign import LOOKED_AT, PARQUET_FILE, foreign_bytes
from flytetask_nb.sources.message_kinds import TASKS
from flytetask_nb.sources.outcomes import Skipped, StoredFailure, UnreadSnapshot
from flytetask_nb.tables.snapshots import Snapshot

if TYPE_CHECKING:
    from collections.abc import Iterator

    from flytetask_nb.models.origins import Origin
    from flytetask_nb.sources.locations import Location
    from flytetask_nb.sources.outcomes import Outcome
    from flytetask_nb.sources.read_settings import ReadSettings
    from flytetask_nb.sources.registration_values import RegistrationValues
    from flytetask_nb.sources.streams import Stream


def snapshot_outcomes(
    location: Location, stream: Stream, version: str | None, settings: ReadSettings, *, stays_open: bool
) -> Iterator[Outcome]:
    """Return what a snapshot holds.

    ``version``: what is filled in where a task has none.
    ``stays_open``: whether a file of this machine may stay open until its tasks are looked at.
    Raises LoadError: it is no snapshot, or a damaged one.
    Raises MissingExtraError: pyarrow is not installed, and failures are not collected.
    """
    name = location.name
    collects = settings.errors == "collect"
    foreign = foreign_bytes(stream.peek(LOOKED_AT))
    try:
        # A file that stays at hand is read when it is needed; anything else is kept in memory, as small as it came.
        file = location.local_path or stream.read_whole(settings.max_total_bytes)
        snapshot = Snapshot.of(file, name, settings.max_entry_bytes, settings.max_total_bytes)
    except MissingExtraError as error:
        if not collects:
            raise
        yield Failure(name, "", str(error))
        return
    except LoadError as error:
        raise LoadError(f"{foreign}: {error}" if foreign not in {"", PARQUET_FILE} else str(error)) from None
    yield from (StoredFailure(*failure) for failure in snapshot.failures)
    yield from (Skipped(kind, number) for kind, number in snapshot.skipped.items())
    if TASKS not in settings.wanted:
        if snapshot.data:
            yield Skipped(TASKS, len(snapshot.data))
        return
    is_damaged = collects and any(row.problem for row in snapshot.data.checked())
    if is_damaged or settings.values.are_given:
        yield from _rows(snapshot, name, version, settings.values)
        return
    if location.local_path and not stays_open:
        snapshot.data.read_all()
    yield UnreadSnapshot(snapshot)


def _rows(snapshot: Snapshot, name: str, version: str | None, values: RegistrationValues) -> Iterator[Outcome]:
    """Return the tasks of a snapshot one by one."""
    for row in snapshot.data.checked():
        if row.problem:
            yield Failure(name, row.entry, row.problem)
            continue
        try:
            yield _record(row.data, snapshot.origins[row.position], version, values)
        except FlyteTaskError as error:
            yield Failure(name, row.entry, str(error))


def _record(data: bytes, origin: Origin | str, version: str | None, values: RegistrationValues) -> TaskRecord:
    filled = values.filled(TASKS, task_pb2.TaskSpec.FromString(data), version)
    if filled is None:
        return TaskRecord(data, origin)
    return TaskRecord(filled.SerializeToString(deterministic=True), values.origin(filled, origin))
