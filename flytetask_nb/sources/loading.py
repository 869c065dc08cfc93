"""Reading tasks from files."""

from __future__ import annotations

import time
from os import PathLike, fsdecode
from typing import TYPE_CHECKING, Any

from flytetask_nb.collection import Failure, TaskCollection, TaskRecord
from flytetask_nb.errors import FlyteTaskError, LoadError, OptionError
from flytetask_nb.models.flyte_task import Origin
from flytetask_nb.models.order import natural_key
from flytetask_nb.options import option
from flytetask_nb.semantics.hydration import hydrated_message
from flytetask_nb.sources.archives import ARCHIVES, Limits, is_archive_name, is_code_bundle, members_of
from flytetask_nb.sources.documents import json_documents, message_of_json, yaml_documents
from flytetask_nb.sources.kinds import FoundTask, kind_of, kind_of_name, parsed, tasks_in
from flytetask_nb.sources.places import DOCUMENTS, places_of

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from typing_extensions import Self

    from flytetask_nb.models.flyte_task import FlyteTask
    from flytetask_nb.sources.places import Place

__all__ = ["load", "load_task"]

MAX_ENTRY_BYTES = 64 * 2**20
MAX_TOTAL_BYTES = 2**30
OTHER_FILES = "other files"
_ARCHIVE, _BINARY, _JSON, _YAML = "archive", "binary", "json", "yaml"
_MESSAGE = ".pb"
_GZIP, _TAR_MARK, _TAR_MARK_AT = b"\x1f\x8b", b"ustar", 257
_NOWHERE = Origin()
_PATIENCE = 1.0
"""Seconds after which a progress bar appears."""
_NAMES_SHOWN = 6


def load(
    source: Any,
    *,
    project: str | None = None,
    domain: str | None = None,
    version: str | Callable[[str], str] | None = None,
    source_uploaded_location: str | None = None,
    destination_directory: str | None = None,
    errors: str = "raise",
    max_entry_bytes: int = MAX_ENTRY_BYTES,
    max_total_bytes: int = MAX_TOTAL_BYTES,
) -> TaskCollection:
    """Load tasks from files.

    Parameters
    ----------
    source
        A path, a URL that fsspec knows, a glob, a folder (read with all folders in it), ``pathlib.Path``, bytes, an
        open binary file, or a list of these. Read are

        - archives of ``pyflyte package``: ``.tgz``, ``.tar.gz``, ``.tar``;
        - ``.pb`` files of a TaskSpec, TaskTemplate, Task, TaskList, TaskClosure, CompiledWorkflowClosure or
          TaskCreateRequest; workflows (``_2.pb``) and launch plans (``_3.pb``) are passed over and counted;
        - ``.json``, ``.yaml`` and ``.yml`` as ``flytectl get task -o json|yaml`` prints them.
    project, domain, version
        What registration would fill in where a task has none; what is already there stays. ``version`` may be a
        function from the source's path (of the archive, not of the entry in it) to a text. None fills in nothing.
    source_uploaded_location, destination_directory
        Where the code was uploaded to and is unpacked at. They fill the placeholders that fast registration leaves in
        arguments, and pod specs are rewritten as registration rewrites them. None: the placeholders stay, and the
        task says that it is not registered yet.
    errors
        ``"raise"`` stops at the first file or entry that cannot be read. ``"collect"`` keeps all the good ones, and
        a record of each bad one in ``.failures``.
    max_entry_bytes, max_total_bytes
        Bytes that one file or entry may have (64 MiB), and that one archive may unpack to (1 GiB). Archives are read
        as streams; nothing is unpacked to disk.

    Returns
    -------
    TaskCollection
        In the order of the sources, of the files' names, and of the entries' names.

    Raises
    ------
    LoadError
        With ``errors="raise"``: names file and entry, what is wrong, what was expected, what to do.
    """
    if errors not in {"raise", "collect"}:
        raise OptionError(f"errors cannot be {errors!r}; expected 'raise' or 'collect'")
    filling = _Filling(project, domain, version, source_uploaded_location, destination_directory)
    reader = _Reader(filling, Limits(max_entry_bytes, max_total_bytes), collects=errors == "collect")
    return reader.read(source)


def load_task(source: Any, **settings: Any) -> FlyteTask:
    """Load the one task of a source.

    Parameters
    ----------
    source
        As ``load`` takes it.
    **settings
        As ``load`` takes them.

    Returns
    -------
    FlyteTask
        The task.

    Raises
    ------
    LoadError
        The source holds no task, or several: the error names them.
    """
    tasks = load(source, **settings)
    if len(tasks) == 1:
        return tasks[0]
    told = _source_name(source)
    if not tasks:
        passed = ", ".join(f"{number} {kind}" for kind, number in sorted(tasks.skipped.items()))
        beside = f" (passed over: {passed})" if passed else ""
        failed = f"; {tasks.failures[0]}" if tasks.failures else ""
        raise LoadError(f"{told}: expected one task, found none{beside}{failed}")
    names = tasks.names
    shown = ", ".join(map(repr, names[:_NAMES_SHOWN])) + (", …" if len(names) > _NAMES_SHOWN else "")
    raise LoadError(f"{told}: expected one task, found {len(tasks)} ({shown}); use load and choose one by name")


def _source_name(source: Any) -> str:
    if isinstance(source, str | PathLike):
        return fsdecode(source)
    return next((place.name for place in places_of(source)), "no source")


class _Filling:
    """What registration would fill in."""

    def __init__(
        self,
        project: str | None,
        domain: str | None,
        version: str | Callable[[str], str] | None,
        source_uploaded_location: str | None,
        destination_directory: str | None,
    ) -> None:
        self.project = project
        self.domain = domain
        self.version = version
        self.location = source_uploaded_location
        self.directory = destination_directory
        given = (project, domain, version, source_uploaded_location, destination_directory)
        self.is_empty = all(part is None for part in given)

    def filled(self, spec: Any, place: str) -> Any:
        """Give a task's message as registration would send it; what was not given stays as it is."""
        if self.is_empty:
            return spec
        identifier = spec.template.id
        version = self.version(place) if callable(self.version) else self.version
        return hydrated_message(
            spec,
            project=identifier.project if self.project is None else self.project,
            domain=identifier.domain if self.domain is None else self.domain,
            version=identifier.version if version is None else version,
            source_uploaded_location=self.location,
            destination_directory=self.directory or "",
        )


class _Reader:
    """Reads sources one after the other, and keeps what was found, passed over, and failed."""

    def __init__(self, filling: _Filling, limits: Limits, *, collects: bool) -> None:
        self._filling = filling
        self._limits = limits
        self._collects = collects
        self._records: list[TaskRecord] = []
        self._failures: list[Failure] = []
        self._skipped: dict[str, int] = {}

    def read(self, source: Any) -> TaskCollection:
        """Read a source and give what was found."""
        with _Progress() as progress:
            for place in places_of(source):
                for outcome in self._outcomes(place):
                    self._take(outcome)
                    progress.step()
        return TaskCollection._of(self._records, self._failures, self._skipped)

    def _take(self, outcome: TaskRecord | Failure | str) -> None:
        if isinstance(outcome, TaskRecord):
            self._records.append(outcome)
        elif isinstance(outcome, str):
            self._skipped[outcome] = self._skipped.get(outcome, 0) + 1
        elif self._collects:
            self._failures.append(outcome)
        else:
            raise LoadError(str(outcome))

    def _outcomes(self, place: Place) -> Iterator[TaskRecord | Failure | str]:
        """Give what a place holds: tasks, failures, and the kinds of what is passed over."""
        if place.problem:
            yield Failure(place.name, "", place.problem)
            return
        try:
            with place.open() as stream:
                yield from self._in_stream(place, stream)
        except LoadError as error:
            yield Failure(place.name, "", str(error))
        except Exception as error:  # noqa: BLE001 - every driver of fsspec raises errors of its own
            told = " ".join(str(error).split()) or type(error).__name__
            yield Failure(place.name, "", f"cannot be read: {told}; check the file and its rights")

    def _in_stream(self, place: Place, stream: Any) -> Iterator[TaskRecord | Failure | str]:
        name = place.name
        form = _form_of_name(name) if place.is_named else _form_of_content(stream)
        if form == _ARCHIVE:
            yield from self._in_archive(name, stream)
            return
        data = stream.read(self._limits.entry + 1)
        if len(data) > self._limits.entry:
            raise LoadError(f"more than {self._limits.entry:,} bytes; if it is to be trusted, raise max_entry_bytes")
        yield from self._in_file(name, "", form, data)

    def _in_archive(self, name: str, stream: Any) -> Iterator[TaskRecord | Failure | str]:
        # Members come in the archive's own order, tasks are given in that of their names, which is the order of
        # registration; and the code bundle, which may stand last, is noted with each of them.
        found: list[tuple[str, TaskRecord | Failure | str]] = []
        bundle, damage = "", ""
        try:
            for member in members_of(stream, self._limits):
                base = member.name.rsplit("/", 1)[-1]
                if base.startswith("._"):
                    continue
                if is_code_bundle(base) and not member.problem:
                    bundle = base
                elif member.problem:
                    found.append((member.name, Failure(name, member.name, member.problem)))
                elif not base.lower().endswith((_MESSAGE, *DOCUMENTS)):
                    found.append((member.name, OTHER_FILES))
                else:
                    form = _form_of_name(base)
                    found += [(member.name, one) for one in self._in_file(name, member.name, form, member.data)]
        except LoadError as error:
            damage = str(error)
        note = f"code bundle in the archive: {bundle}" if bundle else None
        for _, outcome in sorted(found, key=lambda one: natural_key(one[0])):
            if note and isinstance(outcome, TaskRecord):
                yield TaskRecord(outcome.data, outcome.origin.but(note=note))
            else:
                yield outcome
        if damage:
            yield Failure(name, "", damage)

    def _in_file(self, place: str, entry: str, form: str, data: bytes) -> Iterator[TaskRecord | Failure | str]:
        """Give what one file, or one entry of an archive, holds. Never raises, so that the next one is read."""
        name = f"{place}!{entry}" if entry else place
        try:
            if not data:
                raise LoadError("the file is empty; make or copy it again")
            for found in self._tasks_of(form, entry or place, data):
                if isinstance(found, str):
                    yield found
                elif isinstance(found, LoadError):
                    yield Failure(place, entry, str(found))
                else:
                    yield self._record(found, place, name)
        except FlyteTaskError as error:
            yield Failure(place, entry, str(error))

    def _record(self, found: FoundTask, place: str, name: str) -> TaskRecord:
        source = name if found.position is None else f"{name}!{found.position}"
        return TaskRecord(_serialized(self._filling.filled(found.spec, place)), found.origin.but(source=source))

    def _tasks_of(self, form: str, name: str, data: bytes) -> Iterator[FoundTask | str | LoadError]:
        """Give a file's tasks, the kinds as which messages are passed over, and what is wrong with single items."""
        if form == _BINARY:
            kind = kind_of_name(name)
            # Read even where it is passed over: a task under a workflow's name must not vanish among the skipped.
            kind, message = kind_of(data) if kind is None else (kind, parsed(kind, data))
            yield from tasks_in(kind, message)
            return
        try:
            text = data.decode("utf-8-sig")
        except UnicodeDecodeError as error:
            raise LoadError(f"no UTF-8 text: {error}; JSON and YAML are UTF-8") from None
        values = [value for value in (json_documents if form == _JSON else yaml_documents)(text) if value is not None]
        if not values:
            raise LoadError("the file holds no document; expected what flytectl get task -o json|yaml prints")
        items = [item for value in values for item in (value if isinstance(value, list) else [value])]
        is_one = len(items) == 1 and not isinstance(values[0], list)
        for position, item in enumerate(items):
            try:
                kind, message = message_of_json(item)
            except LoadError as error:
                yield error if is_one else LoadError(f"item {position}: {error}")
                continue
            for found in tasks_in(kind, message):
                if isinstance(found, FoundTask) and found.position is None and not is_one:
                    yield found._replace(position=position)
                else:
                    yield found


def _serialized(spec: Any) -> bytes:
    data: bytes = spec.SerializeToString(deterministic=True)
    return data


def _form_of_name(name: str) -> str:
    lower = name.lower()
    if is_archive_name(lower):
        return _ARCHIVE
    if lower.endswith(".json"):
        return _JSON
    if lower.endswith(DOCUMENTS):
        return _YAML
    if lower.endswith(_MESSAGE):
        return _BINARY
    raise LoadError(
        f"files of this kind are not read; expected {', '.join(ARCHIVES)}, {_MESSAGE}, {', '.join(DOCUMENTS)}"
    )


def _form_of_content(stream: Any) -> str:
    """Tell what a stream without a telling name holds from how it begins, and go back to its start."""
    head = stream.read(_TAR_MARK_AT + len(_TAR_MARK))
    stream.seek(0)
    if head.startswith(_GZIP) or head[_TAR_MARK_AT:] == _TAR_MARK:
        return _ARCHIVE
    begins = head.removeprefix(b"\xef\xbb\xbf").lstrip()[:1]
    return _JSON if begins in (b"{", b"[") else _BINARY


class _Progress:
    """A bar that appears when reading takes more than a moment."""

    def __init__(self) -> None:
        self._start = time.monotonic()
        self._count = 0
        self._bar: Any = None
        self._is_on = option("progress")

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *error: object) -> None:
        if self._bar is not None:
            self._bar.close()

    def step(self) -> None:
        """Count one more entry."""
        self._count += 1
        if self._bar is not None:
            self._bar.update()
        elif self._is_on and time.monotonic() - self._start > _PATIENCE:
            from tqdm.auto import tqdm  # noqa: PLC0415 - most loading is done before it is needed

            self._bar = tqdm(desc="loading", unit=" entries", initial=self._count)
