"""Which objects stand for tasks, without importing flytekit to find that out."""

from __future__ import annotations

from types import ModuleType
from typing import TYPE_CHECKING, Any

from flytetask_nb.integrations.flytekit.loading import is_loaded, load

if TYPE_CHECKING:
    from collections.abc import Mapping


def opened(value: object, given: Mapping[str, Any] | None = None, settings: Any = None) -> Any:
    """Return the task of an entity of flytekit's, or the tasks of one that holds several.

    ``value``: anything.
    ``given``: project, domain, version and image, as far as they are known.
    ``settings``: flytekit's ``SerializationSettings``, or a mapping of its fields.
    Returns FlyteTask, list of FlyteTask, or None: None where it is no entity of flytekit's, nor a module.
    """
    if isinstance(value, ModuleType):
        if not is_loaded() and not hasattr(value, "__path__"):
            # What has not imported flytekit holds no tasks; of a package, other modules may.
            return None
    elif not _is_flytekits(value):
        return None
    load()
    from flytetask_nb.integrations.flytekit.serialization import tasks_of  # noqa: PLC0415 - imports flytekit

    return tasks_of(value, given or {}, settings)


def workflow_of(value: object) -> Any:
    """Return the ``WorkflowSpec`` of a workflow of flytekit's, as a message; None for anything else."""
    if not _is_flytekits(value):
        return None
    from flytetask_nb.integrations.flytekit.serialization import workflow_spec  # noqa: PLC0415 - imports flytekit

    return workflow_spec(value)


def _is_flytekits(value: object) -> bool:
    """Tell whether the class of something is flytekit's, or derived from one."""
    return is_loaded() and any(base.__module__.partition(".")[0] == "flytekit" for base in type(value).__mro__)
