"""From what stands behind a command to tasks: sources, names with versions, the policy."""

from __future__ import annotations

import os
import sys
from dataclasses import replace
from importlib import import_module
from pathlib import Path
from typing import TYPE_CHECKING, Any, Final

from flytetask_nb.collection import TaskCollection
from flytetask_nb.errors import LoadError, one_line
from flytetask_nb.models.identifiers import is_filled_in
from flytetask_nb.policies import acceptances_in, nearest_policy, policy_of

if TYPE_CHECKING:
    from types import ModuleType

    from flytetask_nb.policies import Policy

__all__ = ["chosen", "filled_in", "launch_plans_of", "policy_in_force", "tasks_of", "workflows_of"]

STANDARD_INPUT: Final = "-"
MODULE: Final = "module:"
_EXAMPLE: Final[dict[str, Any]] = {
    "project": "project",
    "domain": "domain",
    "version": "version",
    "source_uploaded_location": "s3://bucket/code.tar.gz",
    "destination_directory": ".",
}
_read: dict[str, bytes] = {}
"""What came on standard input: it can be read once, and is asked for tasks and for workflows."""


def tasks_of(source: str) -> TaskCollection:
    """Return the tasks of a source."""
    from flytetask_nb.sources import load  # noqa: PLC0415 - loads what reads files

    if source.startswith(MODULE):
        from flytetask_nb.integrations.flytekit import from_flytekit  # noqa: PLC0415 - loads flytekit

        held = from_flytekit(_module(source))
        return held if isinstance(held, TaskCollection) else TaskCollection([held])
    return load(_opened(source))


def workflows_of(source: str) -> list[Any]:
    """Return the workflows of a source."""
    from flytetask_nb.sources import load_workflows  # noqa: PLC0415 - loads what reads files

    if source.startswith(MODULE):
        from flytetask_nb.integrations.flytekit.opening import workflow_of  # noqa: PLC0415 - loads flytekit
        from flytetask_nb.models import Workflow  # noqa: PLC0415 - likewise

        specs = [workflow_of(value) for value in vars(_module(source)).values()]
        return [Workflow.from_flyte_idl(spec) for spec in specs if spec is not None]
    return [*load_workflows(_opened(source))]


def launch_plans_of(source: str) -> list[Any]:
    """Return the launch plans of a source; of a module those that its workflows bring along are none of it."""
    from flytetask_nb.sources import load_launch_plans  # noqa: PLC0415 - loads what reads files

    return [] if source.startswith(MODULE) else [*load_launch_plans(_opened(source))]


def _opened(source: str) -> Any:
    if source != STANDARD_INPUT:
        return source
    if STANDARD_INPUT not in _read:
        _read[STANDARD_INPUT] = sys.stdin.buffer.read()
    return _read[STANDARD_INPUT]


def _module(source: str) -> ModuleType:
    from flytetask_nb.integrations.flytekit.loading import load  # noqa: PLC0415 - loads flytekit

    load()
    # As python -m finds it.
    if (folder := str(Path.cwd())) not in sys.path:
        sys.path.insert(0, folder)
    name = source.removeprefix(MODULE)
    try:
        return import_module(name)
    except Exception as error:
        raise LoadError(
            f"{source} cannot be imported: {type(error).__name__}: {one_line(error)}; run this where python -c 'import "
            f"{name}' works"
        ) from error


# -- by name and version -----------------------------------------------------------------------------------------------


def chosen(tasks: TaskCollection, name: str) -> TaskCollection:
    """Return the versions that ``NAME[@VERSION]`` names, oldest first.

    ``name``: a task's name, its end behind a dot where only one task has that, or ``project/domain/name``.
    """
    task, mark, version = name.partition("@")
    ends = [each for each in tasks.names if each.endswith(f".{task}")]
    task = ends[0] if task not in tasks.names and len(ends) == 1 else task
    return TaskCollection([tasks[task, version]]) if mark else tasks.versions(task)


def filled_in(tasks: TaskCollection) -> list[Any]:
    """Return tasks with an example of what registration fills in, where it has not been."""
    from flytetask_nb.semantics import hydrate  # noqa: PLC0415 - loads the rules

    return [
        task
        if all(map(is_filled_in, (task.id.project, task.id.domain, task.id.version))) or task.is_draft
        else hydrate(task, **_EXAMPLE)
        for task in tasks
    ]


# -- the policy --------------------------------------------------------------------------------------------------------


def policy_in_force(given: str | None, accepted: list[str] | None) -> Policy:
    """Return the policy that is named or the nearest one, and what files of accepted changes add to it."""
    policy = nearest_policy(Path.cwd()) if given is None else policy_of(given)
    more = tuple(entry for path in accepted or () for entry in acceptances_in(os.path.expanduser(path)))  # noqa: PTH111
    return replace(policy, accepted=(*policy.accepted, *more))
