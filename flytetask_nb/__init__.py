"""Flyte tasks as first-class notebook objects.

Load tasks from files, look at them, tabulate thousands of them::

    import flytetask_nb as ftn

    tasks = ftn.load("release.tgz")
    tasks["shop.train"]

Only the models are imported with the package; everything else is imported when it is first used.
"""

from __future__ import annotations

import sys
from typing import TYPE_CHECKING, Any

from flytetask_nb import errors, models
from flytetask_nb.errors import FlyteTaskError, LoadError, RemoteError
from flytetask_nb.models.bridging import install_bridge
from flytetask_nb.models.flyte_task import FlyteTask
from flytetask_nb.models.showing import install_renderer
from flytetask_nb.options import set_options

if TYPE_CHECKING:
    from collections.abc import Callable

    from flytetask_nb import semantics
    from flytetask_nb.collection import Failure, TaskCollection
    from flytetask_nb.diffs import CallerReport, Plan, TaskDiff, TaskHistory, callers, diff, history, plan
    from flytetask_nb.embedded_admin import EmbeddedAdmin, sandbox
    from flytetask_nb.integrations.flytekit import from_flytekit, mocked
    from flytetask_nb.models.bridging import Bridge
    from flytetask_nb.models.showing import Renderer
    from flytetask_nb.semantics import Compatibility, Findings, check, col, compatibility
    from flytetask_nb.sources import clear_cache, load, load_launch_plans, load_task, load_workflows, scan
    from flytetask_nb.sources.client import Remote, connect
    from flytetask_nb.sources.client.registrations import Registration
    from flytetask_nb.sources.client.task_pages import TaskPages
    from flytetask_nb.sources.lists import LaunchPlanList, WorkflowList
    from flytetask_nb.tables import tabulate
    from flytetask_nb.views import pictures
    from flytetask_nb.widgets import Comparison, Explorer, TaskPanel, compare, explore, panel

__version__ = "0.1.0"

__all__ = [
    "CallerReport",
    "Comparison",
    "Compatibility",
    "EmbeddedAdmin",
    "Explorer",
    "Failure",
    "Findings",
    "FlyteTask",
    "FlyteTaskError",
    "LaunchPlanList",
    "LoadError",
    "Plan",
    "Registration",
    "Remote",
    "RemoteError",
    "TaskCollection",
    "TaskDiff",
    "TaskHistory",
    "TaskPages",
    "TaskPanel",
    "WorkflowList",
    "callers",
    "check",
    "clear_cache",
    "col",
    "compare",
    "compatibility",
    "connect",
    "diff",
    "errors",
    "explore",
    "from_flytekit",
    "history",
    "load",
    "load_launch_plans",
    "load_task",
    "load_workflows",
    "mocked",
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
    "Comparison": "widgets",
    "Compatibility": "semantics",
    "EmbeddedAdmin": "embedded_admin",
    "Explorer": "widgets",
    "Failure": "collection",
    "Findings": "semantics",
    "LaunchPlanList": "sources.lists",
    "Plan": "diffs",
    "Registration": "sources.client.registrations",
    "Remote": "sources.client",
    "TaskCollection": "collection",
    "TaskDiff": "diffs",
    "TaskHistory": "diffs",
    "TaskPages": "sources.client.task_pages",
    "TaskPanel": "widgets",
    "WorkflowList": "sources.lists",
    "callers": "diffs",
    "check": "semantics",
    "clear_cache": "sources",
    "col": "semantics",
    "compare": "widgets",
    "compatibility": "semantics",
    "connect": "sources.client",
    "diff": "diffs",
    "explore": "widgets",
    "from_flytekit": "integrations.flytekit",
    "history": "diffs",
    "load": "sources",
    "load_launch_plans": "sources",
    "load_task": "sources",
    "load_workflows": "sources",
    "mocked": "integrations.flytekit",
    "panel": "widgets",
    "pictures": "views",
    "plan": "diffs",
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


def load_ipython_extension(shell: Any) -> None:
    """Do what ``%load_ext flytetask_nb`` asks for: show flyteidl's messages and flytekit's objects, add the magics."""
    from flytetask_nb.integrations.ipython import load_ipython_extension as load  # noqa: PLC0415 - IPython asks for it

    load(shell)


def unload_ipython_extension(shell: Any) -> None:
    """Do what ``%unload_ext flytetask_nb`` asks for."""
    from flytetask_nb.integrations.ipython import unload_ipython_extension as unload  # noqa: PLC0415 - likewise

    unload(shell)


def _renderer() -> Renderer:
    from flytetask_nb.views import RENDERER  # noqa: PLC0415 - not needed until something is shown

    return RENDERER


def _bridge() -> Bridge:
    from flytetask_nb.integrations.flytekit import BRIDGE  # noqa: PLC0415 - not needed until flytekit is

    return BRIDGE


def _gate() -> Callable[[str], str]:
    from flytetask_nb.masking.gate import gated  # noqa: PLC0415 - its patterns cost time that only showing is worth

    return gated


errors.install_gate(_gate)
install_renderer(_renderer)
install_bridge(_bridge)
if "flytekit" in sys.modules:
    # Where flytekit is imported later, its entry point does this.
    from flytetask_nb.integrations.flytekit.registration import register

    register()
