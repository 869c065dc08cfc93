"""Where tasks come from: files, archives, folders, URLs."""

from __future__ import annotations

from flytetask_nb.sources.blob_cache import clear_cache
from flytetask_nb.sources.loading import load, load_launch_plans, load_task, load_workflows
from flytetask_nb.sources.scanning import scan

__all__ = ["clear_cache", "load", "load_launch_plans", "load_task", "load_workflows", "scan"]
