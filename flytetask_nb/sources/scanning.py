"""Tables of more tasks than one process should hold: a partition for each group of files."""

from __future__ import annotations

from functools import partial
from typing import TYPE_CHECKING, Any

from flytetask_nb.collection import Failure, TaskRecord
from flytetask_nb.errors import LoadError, OptionError
from flytetask_nb.extras import load_module
from flytetask_nb.masking import mask_text
from flytetask_nb.sources.blob_cache import opened_cache
from flytetask_nb.sources.fetching import fetched, sized
from flytetask_nb.sources.in_flight import InFlight
from flytetask_nb.sources.locations import locations_of
from flytetask_nb.sources.message_kinds import TASKS
from flytetask_nb.sources.openers import BytesAtHand
from flytetask_nb.sources.outcomes import UnreadSnapshot
from flytetask_nb.sources.read_settings import MAX_ENTRY_BYTES, MAX_TOTAL_BYTES, ReadSettings
from flytetask_nb.sources.reading import Reader
from flytetask_nb.sources.registration_values import RegistrationValues

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence

    import pandas as pd
    from dask.dataframe import DataFrame

    from flytetask_nb.models.origins import Origin
    from flytetask_nb.sources.locations import Location

PARTITION_BYTES = 4 * 2**20
PARTITION_FILES = 64


def scan(
    source: Any,
    columns: Iterable[Any] | Mapping[str, Any] | None = None,
    *,
    project: str | None = None,
    domain: str | None = None,
    version: str | Callable[[str], str] | None = None,
    source_uploaded_location: str | None = None,
    destination_directory: str | None = None,
    partition_bytes: int = PARTITION_BYTES,
    partition_files: int = PARTITION_FILES,
    max_entry_bytes: int = MAX_ENTRY_BYTES,
    max_total_bytes: int = MAX_TOTAL_BYTES,
    cache: bool = False,
) -> DataFrame:
    """Make a Dask table of tasks: one row a task, read in pieces, on as many machines as the cluster has.

    Parameters
    ----------
    source
        As ``load`` takes it. Names are looked up here, files are read where their partition is computed: paths must
        lead to the same files there. Bytes and open files are sent along.
    columns
        As ``tabulate`` takes it. Functions are sent along, and have to be such as can be.
    project, domain, version, source_uploaded_location, destination_directory
        As ``load`` takes them.
    partition_bytes, partition_files
        A partition takes files that stand beside each other until it has so many bytes of them (4 MiB, as they are
        on disk), or so many files (64). A file is never divided.
    max_entry_bytes, max_total_bytes, cache
        As ``load`` takes them; each machine has a cache of its own.

    Returns
    -------
    dask.dataframe.DataFrame
        The columns and dtypes of ``tabulate``, known before a file is read, in each partition; those that you define
        are of the dtype object. The rows are in the order of ``load``, and numbered from 0 in each partition. What
        cannot be read, be it a file, an entry, or what a snapshot was saved with as a failure, is a row of NA with
        its place in ``source`` and the reason in ``error``.

    Raises
    ------
    LoadError
        There is nothing to read: no source exists.
    MissingExtraError
        Dask is not installed: it comes with the extra ``distributed``.
    ModelTypeError, ModelValueError, OptionError
        A parameter cannot be what it is.

    Notes
    -----
    It runs on the cluster that Dask uses: that of a ``distributed.Client``, or threads of this process. Secrets are
    masked unless ``set_options(reveal_secrets=True)`` is in force in the process that reads a partition.

    Examples
    --------
    >>> import flytetask_nb as ftn
    >>> table = ftn.scan("releases/*.tgz", project="shops", domain="production")  # doctest: +SKIP
    >>> table.groupby("name").memory_request.max().compute()  # doctest: +SKIP
    """
    config, dd = load_module("dask.config"), load_module("dask.dataframe")
    from flytetask_nb.tables.frames import table_of  # noqa: PLC0415 - loads pandas
    from flytetask_nb.tables.serialized_tasks import Records  # noqa: PLC0415 - likewise

    sizes: dict[str, object] = {"partition_bytes": partition_bytes, "partition_files": partition_files}
    for name, least in sizes.items():
        if not isinstance(least, int) or least < 1:
            raise OptionError(f"{name} cannot be {least!r}; expected a whole number above 0")
    values = RegistrationValues(project, domain, version, source_uploaded_location, destination_directory)
    settings = ReadSettings(values, (TASKS,), "collect", max_entry_bytes, max_total_bytes, cache).checked()
    # Looked at more than once, and sent away: an iterator would be empty by then.
    columns = _lasting(columns)
    meta = table_of(Records([], [], {}), columns)
    groups = list(_groups(_locations(source), partition_bytes, partition_files)) or [()]
    # Dask would make other strings of ours, not the same ones that tabulate gives.
    with config.set({"dataframe.convert-string": False}):
        made: DataFrame = dd.from_map(
            partial(_partition, asked=columns, settings=settings), groups, meta=meta, label="scan"
        )
    return made


def _locations(source: Any) -> list[Location]:
    """Return the files of a source, such as can be opened in another process."""
    with InFlight() as in_flight:
        files = [_portable(location) for location in locations_of(source, in_flight) if not location.is_passed_over]
        files = list(sized(files, in_flight))
    problems = [location for location in files if location.problem]
    if problems and len(problems) == len(files):
        first = problems[0]
        more = f" (and {len(problems) - 1} more)" if len(problems) > 1 else ""
        raise LoadError(f"{first.name}: {first.problem}{more}")
    return files


def _lasting(columns: Any) -> Any:
    return list(columns) if hasattr(columns, "__next__") else columns


def _needed(asked: Any, names: Sequence[str]) -> dict[str, Any]:
    """Return those of the columns that were asked for, by name."""
    if asked is None:
        return {name: name for name in names}
    entries = asked
    if not hasattr(asked, "items"):
        entries = dict(column if isinstance(column, tuple) else (column, column) for column in asked)
    return {name: entries[name] for name in names}


def _portable(location: Location) -> Location:
    if not location.is_lent:
        # What opens a location with a problem is never called.
        return _with_bytes(location, b"") if location.problem else location
    try:
        with location.opened() as stream:
            data = stream.read_whole(MAX_TOTAL_BYTES)
    except LoadError as error:
        return _with_bytes(location, b"", str(error))
    return _with_bytes(location, data)


def _with_bytes(location: Location, data: bytes, problem: str = "") -> Location:
    return location._replace(opener=BytesAtHand(data), problem=problem or location.problem, is_lent=False)


def _groups(locations: list[Location], most_bytes: int, most_files: int) -> Iterator[tuple[Location, ...]]:
    """Divide files into groups of those that stand beside each other."""
    group: list[Location] = []
    held = 0
    for location in locations:
        size = 0 if location.problem else location.size or 0
        if group and (held + size > most_bytes or len(group) == most_files):
            yield tuple(group)
            group, held = [], 0
        group.append(location)
        held += size
    if group:
        yield tuple(group)


def _partition(
    locations: tuple[Location, ...], columns: Sequence[str] | None = None, *, asked: Any, settings: ReadSettings
) -> pd.DataFrame:
    """Read a group of files into a table. Runs wherever the cluster wants it to.

    Dask names in ``columns`` those that are needed of the table, where it can tell; no others are computed.
    """
    from flytetask_nb.tables.frames import table_of  # noqa: PLC0415 - loads pandas
    from flytetask_nb.tables.serialized_tasks import Records  # noqa: PLC0415 - likewise

    data: list[bytes] = []
    origins: list[Origin | str] = []
    refused: dict[int, str] = {}
    reader = Reader(settings)
    with InFlight() as in_flight, opened_cache(is_on=settings.cache) as cache:
        for location in fetched(locations, in_flight, cache):
            for outcome in reader.outcomes(location):
                if isinstance(outcome, Failure):
                    refused[len(data)] = mask_text(outcome.reason)
                    data.append(b"")
                    origins.append(outcome.place)
                elif isinstance(outcome, TaskRecord):
                    data.append(outcome.data)
                    origins.append(outcome.origin)
                elif isinstance(outcome, UnreadSnapshot):
                    data += outcome.snapshot.data
                    origins += outcome.snapshot.origins
    records = Records(data, origins, refused)
    return table_of(records, asked if columns is None else _needed(asked, columns))
