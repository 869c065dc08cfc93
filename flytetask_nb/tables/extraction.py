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


def extract(records: Records, names: Iterable[str]) -> Extracted:
    """Take parts of all tasks, named as in ``PARTS``."""
    extracted = Extracted(records, names)
    project = None if len(records.data) < _FEW else _projection()
    if project is None:
        extracted.take_plainly(range(len(records.data)), extracted.parts)
    else:
        project(extracted)
    return extracted


def _projection() -> Callable[[Extracted], None] | None:
    """Return the faster path, where what it needs is installed: the extra ``tables``."""
    try:
        load_module("ptars")
        load_module("pyarrow.compute")
        from flytetask_nb.tables.arrow_extraction import extract_by_arrow  # noqa: PLC0415 - of no use without these
    except ImportError:
        return None
    return extract_by_arrow
