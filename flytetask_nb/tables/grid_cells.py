"""What stands in the cells of a grid, for people: ``64 GiB``, ``2 h``, ``2026-01-31``, and not the numbers behind it."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Final

from flytetask_nb.dtypes import AMOUNT, COUNT, FLAG, SPAN, TIME
from flytetask_nb.errors import shortened
from flytetask_nb.masking.gate import gated
from flytetask_nb.models.version_shortening import short_versions
from flytetask_nb.printing import in_words
from flytetask_nb.semantics.quantities import Quantity, format_bytes
from flytetask_nb.tables.facets import NO, YES

if TYPE_CHECKING:
    import numpy.typing as npt

    from flytetask_nb.tables.coded_table import CodedColumn

BYTES: Final = frozenset({
    "memory_request", "memory_limit", "ephemeral_storage_request", "ephemeral_storage_limit", "job_memory",
    "shared_memory",
})  # fmt: skip
"""Columns whose numbers are bytes."""

_LONGEST: Final = 160
"""Characters of a text that a cell shows."""
_MIDNIGHT: Final = "00:00"


def cells_of(name: str, column: CodedColumn, positions: npt.NDArray[Any]) -> list[str]:
    """Return the cells of some rows; empty where a value is missing."""
    codes = column.codes[positions].tolist()
    values = {code: column.distinct[code] for code in set(codes) if code >= 0}
    if name == "version":
        labels = short_versions(str(value) for value in values.values())
        texts = {code: gated(labels[str(value)]) for code, value in values.items()}
    else:
        texts = {code: _cell(name, column, value) for code, value in values.items()}
    return [texts.get(code, "") for code in codes]


def _cell(name: str, column: CodedColumn, value: Any) -> str:
    kind = column.kind
    if kind is FLAG:
        return YES if value else NO
    if kind is TIME:
        return f"{value:%Y-%m-%d}" if f"{value:%H:%M}" == _MIDNIGHT else f"{value:%Y-%m-%d %H:%M}"
    if kind is SPAN:
        return in_words(value.to_pytimedelta())
    if kind is COUNT:
        return format_bytes(Quantity(int(value))) if name in BYTES else f"{value:,}"
    if kind is AMOUNT:
        return f"{value:,.6g}"
    return shortened(gated(str(value)), _LONGEST)
