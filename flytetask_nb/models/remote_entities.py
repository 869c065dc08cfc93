"""What flytekit's remote entities can do, or rather refuse to do, here as there."""

from __future__ import annotations

import sys
from enum import Enum
from typing import TYPE_CHECKING, Any, NoReturn

from flytetask_nb.errors import LocalExecutionError, ModelTypeError, WorkflowIntegrationError
from flytetask_nb.models.tasks import NodeMetadata

__all__ = ["LocalExecutionMode", "RemoteEntity"]


class LocalExecutionMode(Enum):
    """How flytekit would run a task on this machine: name and value are those of its ``ExecutionState.Mode``."""

    LOCAL_TASK_EXECUTION = 3


class RemoteEntity:
    """A task that was registered, as ``flytekit.remote.entities.FlyteTask`` behaves in flytekit's workflows."""

    __slots__ = ()

    if TYPE_CHECKING:

        @property
        def name(self) -> str:
            """Name of the id."""

    def construct_node_metadata(self) -> NodeMetadata:
        """Return the metadata of a node that runs this task: its name is the last dotted part of the task's."""
        return NodeMetadata(self.name.rpartition(".")[2])

    def local_execution_mode(self) -> LocalExecutionMode:
        """Return the mode in which flytekit would run it here."""
        return LocalExecutionMode.LOCAL_TASK_EXECUTION

    def execute(self, **kwargs: Any) -> Any:  # noqa: ARG002 - flytekit's signature
        """Refuse to run: the code of a fetched task is not on this machine.

        Raises
        ------
        LocalExecutionError
            Always.
        """
        raise LocalExecutionError(
            f"Remotely fetched entities cannot be run locally, and {self.name!r} is one. To test code that calls it, "
            "mock it: unittest.mock.patch.object(flytetask_nb.FlyteTask, 'execute', return_value=...)"
        )

    def local_execute(self, ctx: Any = None, **kwargs: Any) -> Any:  # noqa: ARG002 - flytekit's signature
        """Refuse to run, as ``execute`` does.

        Raises
        ------
        LocalExecutionError
            Always, unless ``execute`` is mocked.
        """
        return self.execute(**kwargs)

    def compile(self, ctx: Any = None, *args: Any, **kwargs: Any) -> NoReturn:  # noqa: ARG002 - flytekit's signature
        """Refuse to become a node of a workflow: not possible yet.

        Raises
        ------
        WorkflowIntegrationError
            Always.
        """
        raise WorkflowIntegrationError(
            f"{self.name!r} cannot be used inside a flytekit workflow yet: this package shows tasks, it does not "
            "compile them. Use flytekit's own reference_task or FlyteRemote.fetch_task there"
        )

    def __call__(self, *args: Any, **kwargs: Any) -> Any:
        """Run ``execute``, which refuses unless it is mocked."""
        if args:
            raise ModelTypeError(
                f"{self.name!r} was called with {len(args)} positional arguments; "
                "fetched tasks take their inputs by keyword"
            )
        if _inside_flytekit_workflow():
            self.compile(**kwargs)
        return self.execute(**kwargs)


def _inside_flytekit_workflow() -> bool:
    """Tell whether flytekit is compiling a workflow right now; flytekit is looked at only if it is loaded."""
    contexts = sys.modules.get("flytekit.core.context_manager")
    if contexts is None:
        return False
    state = contexts.FlyteContextManager.current_context().compilation_state
    return state is not None and state.mode == 1
