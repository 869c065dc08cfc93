"""Where tasks come from: files, archives, folders, URLs."""

from __future__ import annotations

from flytetask_nb.sources.loading import load, load_task

__all__ = ["load", "load_task"]
