"""Which types of others are shown, by their names, and as what."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Final

if TYPE_CHECKING:
    from collections.abc import Callable, Container


def _model(name: str) -> Callable[[Any], Any]:
    def made(value: Any) -> Any:
        from flytetask_nb import models  # noqa: PLC0415 - of use once something is shown

        return getattr(models, name).from_flyte_idl(value)

    return made


def _tasks(value: Any) -> Any:
    from flytetask_nb.collection import TaskCollection  # noqa: PLC0415 - likewise

    return TaskCollection([*value.tasks])


def _closure(value: Any) -> Any:
    """Return the tasks of a workflow that comes with them: they are what there is to see."""
    from flytetask_nb.sources import load  # noqa: PLC0415 - likewise

    return load(value)


def _flytekits(value: Any) -> Any:
    from flytetask_nb.integrations.flytekit import from_flytekit  # noqa: PLC0415 - flytekit is loaded already

    return from_flytekit(value)


_task, _workflow = _model("FlyteTask"), _model("Workflow")
_MODELS: Final = {
    "flyteidl.core.interface_pb2": ("TypedInterface", "Variable"),
    "flyteidl.core.types_pb2": ("LiteralType",),
    "flyteidl.core.identifier_pb2": ("Identifier",),
    "flyteidl.core.security_pb2": ("SecurityContext",),
    "flyteidl.core.tasks_pb2": ("Resources", "ExtendedResources", "TaskMetadata", "Container", "K8sPod", "Sql"),
    "flytekit.models.interface": ("TypedInterface", "Variable"),
    "flytekit.models.types": ("LiteralType",),
    "flytekit.models.core.identifier": ("Identifier",),
    "flytekit.models.security": ("SecurityContext",),
    "flytekit.models.task": ("Resources", "TaskMetadata", "Container", "K8sPod", "Sql"),
}

DISPLAYED: Final[dict[tuple[str, str], Callable[[Any], Any]]] = {
    ("flyteidl.core.tasks_pb2", "TaskTemplate"): _task,
    ("flyteidl.admin.task_pb2", "TaskSpec"): _task,
    ("flyteidl.admin.task_pb2", "Task"): _task,
    ("flyteidl.admin.task_pb2", "TaskClosure"): _task,
    ("flyteidl.core.compiler_pb2", "CompiledTask"): _task,
    ("flyteidl.admin.task_pb2", "TaskList"): _tasks,
    ("flyteidl.admin.workflow_pb2", "WorkflowSpec"): _workflow,
    ("flyteidl.admin.workflow_pb2", "Workflow"): _workflow,
    ("flyteidl.core.compiler_pb2", "CompiledWorkflowClosure"): _workflow,
    ("flyteidl.core.workflow_closure_pb2", "WorkflowClosure"): _closure,
    **{(module, name): _model(name) for module, names in _MODELS.items() for name in names},
    ("flytekit.models.task", "TaskTemplate"): _task,
    ("flytekit.models.task", "TaskSpec"): _task,
    ("flytekit.models.task", "Task"): _task,
    # Whatever derives from these is shown likewise.
    ("flytekit.core.base_task", "Task"): _flytekits,
    ("flytekit.core.workflow", "WorkflowBase"): _flytekits,
    ("flytekit.core.launch_plan", "LaunchPlan"): _flytekits,
}


def bundle_of(
    value: Any, include: Container[str] | None = None, exclude: Container[str] | None = None
) -> dict[str, str] | None:
    """Return how a value is shown, by MIME type; None where it cannot be, and IPython shows it as it would."""
    for kind in type(value).__mro__:
        make = DISPLAYED.get((kind.__module__, kind.__name__))
        if make is not None:
            try:
                bundle: dict[str, str] = make(value)._repr_mimebundle_(include, exclude)
            except Exception:  # noqa: BLE001 - what cannot be shown so is shown as it was before
                return None
            return bundle
    return None
