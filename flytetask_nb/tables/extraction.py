"""Extracting the parts of many tasks: by Arrow where it is at hand and pays, else by building their messages."""

from __future__ import annotations

from typing import TYPE_CHECKING

from flytetask_nb.extras import load_module
from flytetask_nb.tables.extracted import Extracted

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable

    from flytetask_nb.tables.serialized_tasks import Records

_FEW = 500
"""Tasks for which it does not pay to import Arrow."""


def extract(records: Records, names: Iterable[str], *, plainly: bool = False) -> Extracted:
    """Take parts of all tasks.

    ``records``: the tasks.
    ``names``: of the parts: keys of ``PARTS``.
    ``plainly``: build every message, whether or not the faster path is at hand.
    """
    found = Extracted(records, names)
    project = None if plainly or len(records.data) < _FEW else _projection()
    if project is None:
        found.take_plainly(range(len(records.data)), found.parts)
    else:
        project(found)
    return found


def _projection() -> Callable[[Extracted], None] | None:
    """Return the faster path, where what it needs is installed: the extra ``tables``."""
    try:
        load_module("ptars")
        load_module("pyarrow.compute")
        from flytetask_nb.tables.arrow_extraction import extract_by_arrow  # noqa: PLC0415 - of no use without these
    except ImportError:
        return None
    return extract_by_arrow
