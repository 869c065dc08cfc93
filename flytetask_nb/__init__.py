"""Flyte tasks as first-class notebook objects.

Load tasks from files, look at them, tabulate thousands of them::

    import flytetask_nb as ftn

    tasks = ftn.load("release.tgz")
    tasks["shop.train"]

Only the models are imported with the package; everything else is imported when it is first used.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from flytetask_nb import models
from flytetask_nb.errors import (
    AuthenticationError,
    CacheVersionError,
    CompileError,
    ConfigurationError,
    DiffError,
    FlyteTaskError,
    ImmutableError,
    LoadError,
    LocalExecutionError,
    MissingExtraError,
    ModelTypeError,
    ModelValueError,
    OptionError,
    QuantityError,
    RemoteError,
    RemoteTaskNotFoundError,
    SaveError,
    TaskNotFoundError,
    WorkflowIntegrationError,
)
from flytetask_nb.models.flyte_task import FlyteTask
from flytetask_nb.models.showing import install_renderer
from flytetask_nb.options import set_options

if TYPE_CHECKING:
    from flytetask_nb import semantics
    from flytetask_nb.collection import TaskCollection
    from flytetask_nb.diffs import CallerReport, Plan, TaskDiff, TaskHistory, callers, diff, history, plan
    from flytetask_nb.embedded_admin import sandbox
    from flytetask_nb.models.showing import Renderer
    from flytetask_nb.semantics import check, compatibility
    from flytetask_nb.sources import clear_cache, load, load_launch_plans, load_task, load_workflows, scan
    from flytetask_nb.sources.client import Remote, col, connect
    from flytetask_nb.tables import tabulate
    from flytetask_nb.views import pictures
    from flytetask_nb.widgets import compare, panel

__version__ = "0.1.0"

__all__ = [
    "AuthenticationError",
    "CacheVersionError",
    "CallerReport",
    "CompileError",
    "ConfigurationError",
    "DiffError",
    "FlyteTask",
    "FlyteTaskError",
    "ImmutableError",
    "LoadError",
    "LocalExecutionError",
    "MissingExtraError",
    "ModelTypeError",
    "ModelValueError",
    "OptionError",
    "Plan",
    "QuantityError",
    "Remote",
    "RemoteError",
    "RemoteTaskNotFoundError",
    "SaveError",
    "TaskCollection",
    "TaskDiff",
    "TaskHistory",
    "TaskNotFoundError",
    "WorkflowIntegrationError",
    "callers",
    "check",
    "clear_cache",
    "col",
    "compare",
    "compatibility",
    "connect",
    "diff",
    "history",
    "load",
    "load_launch_plans",
    "load_task",
    "load_workflows",
    "models",
    "panel",
    "pictures",
    "plan",
    "sandbox",
    "scan",
    "semantics",
    "set_options",
    "tabulate",
]

# Where each name that is not imported above is found; "" means that the name is a module itself.
_LATER = {
    "CallerReport": "diffs",
    "Plan": "diffs",
    "Remote": "sources.client",
    "TaskCollection": "collection",
    "TaskDiff": "diffs",
    "TaskHistory": "diffs",
    "callers": "diffs",
    "check": "semantics",
    "clear_cache": "sources",
    "compare": "widgets",
    "col": "sources.client",
    "compatibility": "semantics",
    "connect": "sources.client",
    "diff": "diffs",
    "history": "diffs",
    "load": "sources",
    "load_launch_plans": "sources",
    "load_task": "sources",
    "load_workflows": "sources",
    "plan": "diffs",
    "panel": "widgets",
    "pictures": "views",
    "sandbox": "embedded_admin",
    "scan": "sources",
    "semantics": "",
    "tabulate": "tables",
}


def __getattr__(name: str) -> Any:
    place = _LATER.get(name)
    if place is None:
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
    import importlib  # noqa: PLC0415 - not needed to import the package

    if not place:
        return importlib.import_module(f"{__name__}.{name}")
    value = getattr(importlib.import_module(f"{__name__}.{place}"), name)
    globals()[name] = value
    return value


def __dir__() -> list[str]:
    return __all__


def _renderer() -> Renderer:
    from flytetask_nb.views import RENDERER  # noqa: PLC0415 - not needed until something is shown

    return RENDERER


install_renderer(_renderer)
