"""What every report can do: show itself, and be data."""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Sequence
from typing import TYPE_CHECKING, Any, ClassVar, Final, TypeVar, overload

from flytetask_nb.models.showing import Shown

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Mapping

    import pandas as pd

SCHEMA_VERSION: Final = 1

T = TypeVar("T")


class Report(Shown, ABC):
    """What was found out about tasks: it shows itself, and hands out the same as JSON values and as a table."""

    __slots__ = ()

    _COLUMNS: ClassVar[Mapping[str, str]]
    """The columns of the table in order, and of which kind of ``flytetask_nb.dtypes`` each is."""

    @abstractmethod
    def _values(self) -> dict[str, Any]:
        """Return what the report says as JSON values, secrets masked."""

    @abstractmethod
    def _rows(self) -> Iterable[Sequence[Any]]:
        """Return the rows of the table, secrets masked, None where there is no value."""

    def _records(self) -> list[dict[str, Any]]:
        """Return the rows as values by column."""
        return [dict(zip(self._COLUMNS, row, strict=True)) for row in self._rows()]

    def to_dict(self) -> dict[str, Any]:
        """Return the report as JSON values, secrets masked.

        Returns
        -------
        dict
            With ``schema``, the version of this form: 1.
        """
        return {"schema": SCHEMA_VERSION, **self._values()}

    def to_frame(self) -> pd.DataFrame:
        """Return the report as a table, secrets masked.

        Returns
        -------
        pandas.DataFrame
            The class says what a row and a column is. The dtypes are the same whatever the report says; NA where there
            is nothing to say.
        """
        from flytetask_nb import dtypes  # noqa: PLC0415 - pandas takes long to load, and few callers want a table

        return dtypes.frame_of({name: getattr(dtypes, kind) for name, kind in self._COLUMNS.items()}, self._rows())

    def __str__(self) -> str:
        return self.to_text()


class ReportList(Sequence[T], Report):
    """A report that is a sequence of entries; two are equal if they say the same."""

    __slots__ = ("_entries",)

    def __init__(self, entries: Iterable[T]) -> None:
        self._entries = tuple(entries)

    def _state(self) -> tuple[Any, ...]:
        """Return all that two equal reports share."""
        return (self._entries,)

    def __len__(self) -> int:
        return len(self._entries)

    def __iter__(self) -> Iterator[T]:
        return iter(self._entries)

    @overload
    def __getitem__(self, index: int) -> T: ...
    @overload
    def __getitem__(self, index: slice) -> Sequence[T]: ...
    def __getitem__(self, index: int | slice) -> T | Sequence[T]:
        return self._entries[index]

    def __eq__(self, other: object) -> bool:
        if not isinstance(other, type(self)):
            return NotImplemented
        return self._state() == other._state()

    def __hash__(self) -> int:
        return hash(self._state())
