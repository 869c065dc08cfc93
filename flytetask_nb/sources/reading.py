"""From a source to outcomes: its files are located, fetched, opened as streams, and each is read by its format."""

from __future__ import annotations

from functools import cache
from typing import TYPE_CHECKING, Any

from flytetask_nb.collection import Failure, TaskRecord
from flytetask_nb.errors import FlyteTaskError, LoadError
from flytetask_nb.models.launch_plans import LaunchPlan
from flytetask_nb.models.order import natural_key
from flytetask_nb.models.origins import origin_of
from flytetask_nb.models.workflows import Workflow
from flytetask_nb.semantics.fellows import WorkflowRecord
from flytetask_nb.sources.archive_reader import Limits, members_of
from flytetask_nb.sources.blob_cache import opened_cache
from flytetask_nb.sources.fetching import fetched
from flytetask_nb.sources.file_names import (
    ARCHIVES,
    DOCUMENTS,
    MESSAGE,
    SNAPSHOT,
    content_name,
    is_archive_name,
    is_code_bundle,
    is_readable_name,
)
from flytetask_nb.sources.formats import (
    contents_of,
    contents_of_message,
    form_of_content,
    form_of_media_type,
    form_of_name,
)
from flytetask_nb.sources.in_flight import InFlight
from flytetask_nb.sources.locations import locations_of
from flytetask_nb.sources.message_kinds import LAUNCH_PLANS, TASKS, WORKFLOWS, PassedOver
from flytetask_nb.sources.outcomes import Outcomes, Skipped, UnreadSnapshot
from flytetask_nb.sources.progress import Bar
from flytetask_nb.sources.tar_stream import GZIP

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Iterator

    from flytetask_nb.sources.archive_reader import Member
    from flytetask_nb.sources.locations import Location
    from flytetask_nb.sources.message_kinds import Content
    from flytetask_nb.sources.outcomes import Item, Outcome
    from flytetask_nb.sources.read_settings import ReadSettings
    from flytetask_nb.sources.streams import Stream

_OTHER_FILES = "other files"
_ENDINGS = (MESSAGE, *DOCUMENTS)
_TAR_MARK, _TAR_MARK_AT = b"ustar", 257
_PARQUET_MARK = b"PAR1"
_MOST_OPEN = 64
"""Snapshots that stay open until their tasks are looked at; those beyond are read at once."""
_CODE = "this is the code of a fast registration; the tasks are in the archive that pyflyte package put it into"


def read(source: Any, settings: ReadSettings) -> Outcomes:
    """Read a source, and show how far that has come.

    Raises LoadError: something cannot be read, and failures are not to be collected.
    """
    outcomes = Outcomes(collects=settings.checked().errors == "collect")
    with (
        Bar("loading", "entries") as bar,
        InFlight(reads_unasked=not settings.cache) as in_flight,
        opened_cache(is_on=settings.cache) as blobs,
    ):
        locations: Iterable[Location] = locations_of(source, in_flight)
        counts_files = hasattr(source, "__next__") and not hasattr(source, "read")
        if not counts_files:
            # An iterator may be one that opens file after file, anything else is known as a whole.
            locations = list(locations)
            counts_files = len(locations) > 1
            bar.expect("files" if counts_files else "entries", len(locations) if counts_files else None)
        reader = Reader(settings) if counts_files else Reader(settings, bar.step)
        for location in fetched(locations, in_flight, blobs):
            for outcome in reader.outcomes(location):
                outcomes.add(outcome)
            if counts_files:
                bar.step()
    return outcomes


class Reader:
    """Reads files one after the other."""

    def __init__(self, settings: ReadSettings, count_entry: Callable[[], None] = lambda: None) -> None:
        self._settings = settings
        self._values = settings.values
        self._wanted = settings.wanted
        self._limits = Limits(settings.max_entry_bytes, settings.max_total_bytes)
        self._count_entry = count_entry
        self._open_snapshots = 0

    def outcomes(self, location: Location) -> Iterator[Outcome]:
        """Return what a file holds: tasks, workflows, launch plans, failures, and what is passed over."""
        if location.is_passed_over:
            yield Skipped(_OTHER_FILES)
            return
        if location.problem:
            yield Failure(location.name, "", location.problem)
            return
        try:
            if location.records is not None:
                yield from self._in_cluster(location)
                return
            with location.opened() as stream:
                yield from self._in_stream(location, stream)
        except LoadError as error:
            yield Failure(location.name, "", str(error))

    def _in_cluster(self, location: Location) -> Iterator[Outcome]:
        if TASKS not in self._wanted:
            raise LoadError("of a cluster only tasks are read; Remote.callers fetches the workflows that use a task")
        for outcome in location.records or ():
            self._count_entry()
            yield outcome

    def _in_stream(self, location: Location, stream: Stream) -> Iterator[Outcome]:
        name = location.name
        file = content_name(name)
        version = self._values.version_of(name)
        if location.message:
            data = stream.read_whole(self._limits.entry)
            contents = contents_of_message(location.message, data, self._wanted)
            yield from self._in_file(name, "", version, data, contents)
            return
        if is_archive_name(file) if location.is_named else _begins_as_archive(stream):
            yield from self._in_archive(name, version, stream)
            return
        if file.lower().endswith(SNAPSHOT) if location.is_named else stream.peek(len(_PARQUET_MARK)) == _PARQUET_MARK:
            yield from self._in_snapshot(location, version, stream)
            return
        if location.is_named and not is_readable_name(file):
            kinds = ", ".join([*ARCHIVES, MESSAGE, *DOCUMENTS, SNAPSHOT])
            raise LoadError(f"files of this kind are not read; expected {kinds}")
        data = stream.read_whole(self._limits.entry)
        media_type = location.media_type
        form = form_of_name(file) if location.is_named else form_of_media_type(media_type) or form_of_content(data)
        yield from self._in_file(name, "", version, data, contents_of(form, file, data, self._wanted))

    def _in_snapshot(self, location: Location, version: str | None, stream: Stream) -> Iterator[Outcome]:
        from flytetask_nb.sources.snapshot_reader import snapshot_outcomes  # noqa: PLC0415 - loads pandas

        self._count_entry()
        stays_open = self._open_snapshots < _MOST_OPEN
        for outcome in snapshot_outcomes(location, stream, version, self._settings, stays_open=stays_open):
            self._open_snapshots += isinstance(outcome, UnreadSnapshot) and location.local_path is not None
            yield outcome

    def _in_archive(self, name: str, version: str | None, stream: Stream) -> Iterator[Outcome]:
        # Members come in the archive's own order, tasks are given in that of their names, which is the order of
        # registration; and the code bundle, which may stand last, is noted with each of them.
        members: list[tuple[str, Outcome]] = []
        bundle, problem, is_readable = "", "", False
        try:
            for member in members_of(stream, self._limits, _is_entry_name):
                if is_code_bundle(member.name) and not member.problem:
                    bundle = member.name.rpartition("/")[2]
                else:
                    is_readable = is_readable or member.data is not None or _is_entry_name(member.name)
                    outcomes = self._in_member(name, version, member)
                    members += [(member.name, outcome) for outcome in outcomes]
        except LoadError as error:
            problem = str(error)
        if is_code_bundle(name) and all(isinstance(outcome, Failure | Skipped) for _, outcome in members):
            yield Failure(name, "", _CODE)
            return
        if not is_readable and not problem:
            problem = f"the archive holds no {MESSAGE}, .json or .yaml file; expected what pyflyte package writes"
        note = f"code bundle: {bundle} in the archive" if bundle else None
        for _, outcome in sorted(members, key=lambda pair: natural_key(pair[0])):
            if note and isinstance(outcome, TaskRecord):
                yield TaskRecord(outcome.data, origin_of(outcome.origin).but(note=note))
            else:
                yield outcome
        if problem:
            yield Failure(name, "", problem)

    def _in_member(self, archive: str, version: str | None, member: Member) -> Iterable[Outcome]:
        entry, data, problem = member
        if data is not None:
            contents = contents_of(form_of_name(entry), entry, data, self._wanted)
            return self._in_file(archive, entry, version, data, contents)
        if entry.rpartition("/")[2].startswith("."):
            return ()
        return (Failure(archive, entry, problem) if problem else Skipped(_OTHER_FILES),)

    def _in_file(
        self,
        file: str,
        entry: str,
        version: str | None,
        data: bytes,
        contents: Iterable[tuple[str, Content | PassedOver | LoadError]],
    ) -> Iterator[Outcome]:
        """Return what one file, or one entry of an archive, holds. Never raises, so that the next one is read."""
        self._count_entry()
        try:
            if not data:
                raise LoadError("the file is empty; make or copy it again")
            for wanted, content in contents:
                if isinstance(content, PassedOver):
                    yield self._passed_over(content, f"{file}!{entry}" if entry else file, version)
                elif isinstance(content, LoadError):
                    yield Failure(file, entry, str(content))
                else:
                    yield self._item(wanted, content, file, entry, version)
        except FlyteTaskError as error:
            yield Failure(file, entry, str(error))

    def _passed_over(self, content: PassedOver, source: str, version: str | None) -> Skipped:
        if content.kind != WORKFLOWS:
            return _skipped(content.kind)
        values = self._values
        template = Workflow._own(content.message)._template.SerializeToString()
        return Skipped(content.kind, workflow=WorkflowRecord(template, source, values.project, values.domain, version))

    def _item(self, wanted: str, content: Content, file: str, entry: str, version: str | None) -> Item:
        parts = [file, entry] if entry else [file]
        if content.position is not None:
            parts.append(str(content.position))
        source = "!".join(parts)
        filled = self._values.filled(wanted, content.message, version)
        message = content.message if filled is None else filled
        if wanted == WORKFLOWS:
            return Workflow._own(message, source)
        if wanted == LAUNCH_PLANS:
            return LaunchPlan._own(message, source)
        if filled is None and content.data is not None:
            data = content.data
        else:
            data = message.SerializeToString(deterministic=True)
        origin = source if content.origin is None else content.origin.but(source=source)
        return TaskRecord(data, origin if filled is None else self._values.origin(filled, origin))


_skipped = cache(Skipped)


def _is_entry_name(name: str) -> bool:
    """Tell whether a file in an archive is read."""
    return name.lower().endswith(_ENDINGS) and not name.rpartition("/")[2].startswith(".")


def _begins_as_archive(stream: Stream) -> bool:
    head = stream.peek(_TAR_MARK_AT + len(_TAR_MARK))
    return head.startswith(GZIP) or head[_TAR_MARK_AT:] == _TAR_MARK
