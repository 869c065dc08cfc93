"""Tables of tasks in pandas: one row a task, a variable, a resource, or an environment variable."""

from __future__ import annotations

from flytetask_nb.tables.frames import empty_table, tabulate
from flytetask_nb.tables.long_frames import consumers_of, env_frame, interface_frame, producers_of, resources_frame
from flytetask_nb.tables.questions import duplicates, runtime_before, stale_caches
from flytetask_nb.tables.snapshots import save_snapshot

__all__ = [
    "consumers_of",
    "duplicates",
    "empty_table",
    "env_frame",
    "interface_frame",
    "producers_of",
    "resources_frame",
    "runtime_before",
    "save_snapshot",
    "stale_caches",
    "tabulate",
]
