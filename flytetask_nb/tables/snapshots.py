"""Tasks in a Parquet file: their bytes, the columns of their table, and where they came from.

A file is written a group of rows at a time. It is read in two steps: what tells the tasks apart at once, their bytes
when they are first looked at.
"""

from __future__ import annotations

import json
import os
from datetime import datetime, timedelta, timezone
from functools import cache, partial
from typing import TYPE_CHECKING, Any, Final, NamedTuple

from flytetask_nb.bounded_reading import json_value
from flytetask_nb.errors import LoadError, one_line
from flytetask_nb.extras import load_module, pa, pq
from flytetask_nb.masking import mask_text
from flytetask_nb.models.order import Rank
from flytetask_nb.models.origins import NOWHERE, Origin
from flytetask_nb.options import set_options
from flytetask_nb.tables.frames import empty_table, stored_table
from flytetask_nb.tables.saving import FAILED, SUFFIX, part_path, save_file, save_folder
from flytetask_nb.tables.stored_tasks import DAMAGED, DATA, EXPECTED, StoredTasks, TaskGroups

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Mapping, Sequence

SCHEMA: Final = 1
"""The form of the file; readers refuse those above it."""

_KEY: Final = b"flytetask_nb"
IDENTITY: Final = ("project", "domain", "name", "version", "type")
"""The columns that tell tasks apart, as a collection has them."""
_TEXT: Final = "string"
_BESIDE: Final[dict[str, tuple[str, Callable[[Origin], Any]]]] = {
    "origin_note": (_TEXT, lambda origin: _masked(origin.note)),
    "origin_short_description": (_TEXT, lambda origin: _masked(origin.short_description)),
    "origin_console": (_TEXT, lambda origin: _masked(origin.console)),
    "origin_untold": (_TEXT, lambda origin: " ".join(sorted(origin.untold)) or None),
    "origin_order": (_TEXT, lambda origin: origin.rank.order if origin.rank else None),
    "origin_place": ("int64", lambda origin: origin.rank.place if origin.rank else None),
    "should_register": ("bool", lambda origin: origin.should_register),
}
"""Columns of what is known of a task beside it and its table: their type in Arrow, and from an origin to a value."""
_TYPES: Final = {
    **dict.fromkeys((*IDENTITY, "source"), _TEXT),
    **{name: kind for name, (kind, _) in _BESIDE.items()},
    "created_at": "timestamp[us, tz=UTC]",
    DATA: "binary",
}
"""The columns that are read, and their types in Arrow."""
_EPOCH: Final = datetime(1970, 1, 1, tzinfo=timezone.utc)
_GROUP: Final = 4096
"""Tasks in a group of rows: what is in memory at a time while a file is written, and is read for one task."""
_ROW: Final = 100
"""Bytes that a row has in memory at the least, however small it is in the file."""
_COMPRESSION: Final = "zstd"
_LONGEST_VERSION: Final = 200


def _package_version() -> str:
    from importlib.metadata import PackageNotFoundError, version  # noqa: PLC0415 - only to write a file

    try:
        return version("flytetask-nb")
    except PackageNotFoundError:
        return ""


# -- writing -------------------------------------------------------------------------------------------------------


def save_snapshot(
    path: Any,
    data: Sequence[bytes],
    origins: Sequence[Origin | str],
    *,
    failures: Sequence[tuple[str, str, str]],
    skipped: Mapping[str, int],
    identity: Sequence[Sequence[str]],
) -> None:
    """Save tasks as a file, or as a folder with a file for each project and domain.

    ``path``: a path or URL; what ends in ``.parquet`` is a file.
    ``data``, ``origins``, ``failures``, ``skipped``: as ``write_snapshot`` takes them.
    ``identity``: the columns of ``IDENTITY``.
    Raises SaveError: it cannot be written; what was there before still is.
    Raises MissingExtraError: pyarrow is not installed.
    """
    load_module("pyarrow.parquet")
    if not isinstance(path, str | os.PathLike) or os.fsdecode(path).lower().endswith(SUFFIX):
        save_file(path, partial(write_snapshot, data=data, origins=origins, failures=failures, skipped=skipped))
        return
    groups: dict[tuple[str, str], list[int]] = {}
    for position, key in enumerate(zip(identity[0], identity[1], strict=True)):
        groups.setdefault(key, []).append(position)
    parts = {
        part_path(project, domain): partial(
            write_snapshot,
            data=[data[position] for position in positions],
            origins=[origins[position] for position in positions],
        )
        for (project, domain), positions in groups.items()
    }
    if failures or skipped or not parts:
        parts[FAILED] = partial(write_snapshot, data=(), origins=(), failures=failures, skipped=skipped)
    save_folder(path, parts)


def write_snapshot(
    file: Any,
    data: Sequence[bytes],
    origins: Sequence[Origin | str],
    failures: Iterable[tuple[str, str, str]] = (),
    skipped: Mapping[str, int] | None = None,
) -> None:
    """Write tasks as a Parquet file.

    ``file``: an open binary file.
    ``data``, ``origins``: the tasks, and where each comes from.
    ``failures``: source, entry and reason of what could not be read beside them.
    ``skipped``: how many entries of other kinds were passed over.
    Raises MissingExtraError: pyarrow is not installed.
    """
    # What is in a file outlives the session that was allowed to see it.
    with set_options(reveal_secrets=False):
        about = {
            "schema": SCHEMA,
            "version": _package_version(),
            "failures": [[mask_text(part) for part in failure] for failure in failures],
            "skipped": dict(skipped or {}),
        }
        empty = _arrow(empty_table(), [], [])
        kept = {**(empty.schema.metadata or {}), _KEY: json.dumps(about, sort_keys=True).encode()}
        schema = empty.schema.with_metadata(kept)
        with pq.ParquetWriter(file, schema, compression=_COMPRESSION, write_page_checksum=True) as writer:
            for start in range(0, len(data), _GROUP):
                some, places = data[start : start + _GROUP], origins[start : start + _GROUP]
                frame = stored_table(list(zip(some, places, strict=True)), IDENTITY)
                writer.write_table(_arrow(frame, some, places).cast(schema))


def _arrow(frame: Any, data: Sequence[bytes], origins: Sequence[Origin | str]) -> Any:
    table = pa.Table.from_pandas(frame, preserve_index=False)
    whole = [NOWHERE if isinstance(origin, str) else origin for origin in origins]
    for name, (kind, read) in _BESIDE.items():
        table = table.append_column(name, pa.array(list(map(read, whole)), type=kind))
    return table.append_column(DATA, pa.array(data, type=pa.binary()))


def _masked(text: str | None) -> str | None:
    return mask_text(text) if text else None


# -- reading -------------------------------------------------------------------------------------------------------


class Snapshot(NamedTuple):
    """What a file holds.

    ``data``: the tasks' bytes, not read yet.
    ``origins``: where each task came from when it was saved.
    ``failures``: source, entry and reason of what could not be read then.
    ``skipped``: what was passed over then.
    """

    data: StoredTasks
    origins: list[Origin | str]
    failures: list[tuple[str, str, str]]
    skipped: dict[str, int]

    @classmethod
    def of(cls, file: str | bytes, name: str, entry_limit: int, total_limit: int) -> Snapshot:
        """Open a file and read all but the tasks' bytes.

        ``file``: the path of a file, which stays open until all tasks are read; or its bytes.
        ``name``: what the user calls it, for errors.
        ``entry_limit``, ``total_limit``: bytes that one task, and all columns unpacked, may have.
        Raises LoadError: it is no snapshot, of a newer form, damaged, or too large.
        Raises MissingExtraError: pyarrow is not installed.
        """
        load_module("pyarrow.parquet")
        try:
            source = pa.OSFile(file, "rb") if isinstance(file, str) else pa.BufferReader(file)
            opened = pq.ParquetFile(source, page_checksum_verification=True)
            about = _about(opened.schema_arrow.metadata or {})
            failures, skipped = _beside(about)
            _check_form(opened.schema_arrow)
            _check_size(opened.metadata, total_limit)
            columns = opened.read(columns=[name for name in _TYPES if name != DATA], use_pandas_metadata=False)
            if columns.num_rows != opened.metadata.num_rows:
                raise LoadError(f"its columns have other lengths than it says; {DAMAGED}")  # noqa: TRY301 - told as it is
            identity = tuple(_texts(columns, column) for column in IDENTITY)
            origins = _origins(columns)
        except LoadError:
            raise
        except MemoryError:
            raise LoadError("its columns do not fit into memory; " + DAMAGED) from None
        except Exception as error:  # noqa: BLE001 - what Arrow and its decoders raise is told as one
            raise LoadError(f"no Parquet file, or a damaged one: {one_line(error)}; {DAMAGED}") from None
        return cls(StoredTasks(opened, source, name, identity, entry_limit), origins, failures, skipped)


def _about(metadata: Mapping[bytes, bytes]) -> dict[str, Any]:
    if _KEY not in metadata:
        raise LoadError(f"a Parquet file that holds no tasks; {EXPECTED}")
    about = json_value(metadata[_KEY])
    schema = about.get("schema") if isinstance(about, dict) else None
    if not isinstance(schema, int) or isinstance(schema, bool) or schema < 1:
        raise LoadError(f"a Parquet file whose form is not told; {EXPECTED}")
    if schema > SCHEMA:
        by = about.get("version")
        writer = f" by flytetask-nb {by[:_LONGEST_VERSION]}" if isinstance(by, str) and by else ""
        raise LoadError(
            f"a snapshot of form {schema}, written{writer}; this version reads forms up to {SCHEMA}; "
            "run: pip install --upgrade flytetask-nb"
        )
    return dict(about)


def _beside(about: Mapping[str, Any]) -> tuple[list[tuple[str, str, str]], dict[str, int]]:
    """Return the failures and counts that were saved."""
    failures = [(source, entry, reason) for source, entry, reason in about.get("failures", [])]
    skipped = dict(about.get("skipped", {}))
    are_texts = all(isinstance(part, str) for failure in failures for part in failure)
    if not are_texts or not all(isinstance(number, int) and number >= 0 for number in skipped.values()):
        raise LoadError(f"its list of failures cannot be read; {EXPECTED}")
    return failures, skipped


def _check_form(schema: Any) -> None:
    for name, kind in _TYPES.items():
        types = [str(schema.field(place).type) for place in schema.get_all_field_indices(name)]
        if types != [kind]:
            listed = ", ".join(types) or "none"
            raise LoadError(f"column {name!r} should be one of {kind}, found {listed}; {EXPECTED}")


def _check_size(metadata: Any, limit: int) -> None:
    size = sum(metadata.row_group(group).total_byte_size for group in range(metadata.num_row_groups))
    if max(size, metadata.num_rows * _ROW) > limit:
        raise LoadError(f"more than {limit:,} bytes when unpacked; if it is to be trusted, raise max_total_bytes")


def _texts(columns: Any, name: str) -> list[str]:
    # Each text once: projects, domains, types and versions are shared by many tasks.
    packed = columns.column(name).combine_chunks().dictionary_encode()
    words = [*packed.dictionary.to_pylist(), ""]
    return [words[-1 if code is None else code] for code in packed.indices.to_pylist()]


def _origins(columns: Any) -> list[Origin | str]:
    values = [
        _texts(columns, name) if _TYPES[name] == _TEXT else columns.column(name).to_pylist()
        for name in ("source", *_BESIDE)
    ]
    moments = columns.column("created_at").cast("int64").to_pylist()
    # Tasks of one source share what says so, as they do when they are loaded.
    return list(map(cache(_origin), *values, moments))


def _origin(*values: Any) -> Origin | str:
    source, note, description, console, untold, order, place, pending, moment = values
    if source and not any((note, description, console, untold, order, pending)) and moment is None:
        return str(source)
    return Origin(
        source=source or None,
        note=note or None,
        short_description=description or None,
        console=console or None,
        created_at=None if moment is None else _EPOCH + timedelta(microseconds=moment),
        should_register=bool(pending),
        rank=Rank(order, place) if order and place is not None else None,
        untold=frozenset(untold.split()),
    )


class Joined(TaskGroups):
    """Serialized tasks of several places, one after the other."""

    def __init__(self, parts: Iterable[Sequence[bytes]]) -> None:
        self._parts = [part for part in parts if len(part)]
        super().__init__(map(len, self._parts))

    def _group(self, number: int) -> Sequence[bytes]:
        return self._parts[number]

    @property
    def identity(self) -> tuple[list[str], ...] | None:
        """The columns of ``IDENTITY``, where all parts know theirs without reading a task."""
        known = [part.identity for part in self._parts if isinstance(part, StoredTasks)]
        if len(known) != len(self._parts):
            return None
        return tuple([text for columns in known for text in columns[place]] for place in range(len(IDENTITY)))
