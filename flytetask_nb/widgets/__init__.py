"""Panels for notebooks: they hold state and put views on screen."""

from __future__ import annotations

from flytetask_nb.widgets.archive_viewer import ArchiveViewer, ExplorerApp
from flytetask_nb.widgets.comparison import Columns, Comparison, compare
from flytetask_nb.widgets.explorer import Explorer, explore
from flytetask_nb.widgets.task_panel import TaskPanel, panel

__all__ = [
    "ArchiveViewer",
    "Columns",
    "Comparison",
    "Explorer",
    "ExplorerApp",
    "TaskPanel",
    "compare",
    "explore",
    "panel",
]
