"""What tasks ask of flytekit, and how they reach it without importing upwards: the façade installs one bridge.

Nothing of flytekit is imported until a call needs it.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, NoReturn, Protocol

from flytetask_nb.errors import WorkflowIntegrationError

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping


class Bridge(Protocol):
    """What leads from tasks to flytekit and back."""

    def opened(self, value: object) -> Any:
        """Return the task, or the tasks, that an object of flytekit's or a module stands for; None for others."""

    def workflow_of(self, value: object) -> Any:
        """Return the specification of a workflow of flytekit's, as a message; None for others."""

    def to_flytekit(self, task: Any) -> Any:
        """Return flytekit's ``FlyteTask`` of a task."""

    def compile(self, task: Any, context: Any, inputs: Mapping[str, Any]) -> Any:
        """Make a task a node of the workflow that is being compiled."""

    def call(self, task: Any, positional: tuple[Any, ...], inputs: Mapping[str, Any]) -> Any:
        """Do what flytekit does when a fetched task is called: compile, run in a local workflow, or execute."""

    def local_execute(self, task: Any, context: Any, inputs: Mapping[str, Any]) -> Any:
        """Run a task in a local workflow: promises in, promises out."""

    def guess_python_interface(self, task: Any) -> Any:
        """Return flytekit's ``Interface`` with the Python types that fit a task's own."""


def _no_bridge() -> NoReturn:
    raise WorkflowIntegrationError("nothing leads to flytekit: import flytetask_nb first")


_find_bridge: Callable[[], Bridge] = _no_bridge


def install_bridge(find: Callable[[], Bridge]) -> None:
    """Set what leads to flytekit.

    ``find``: called each time the bridge is needed, so that it is imported no sooner.
    """
    global _find_bridge  # noqa: PLW0603 - one bridge a process, installed once by the façade
    _find_bridge = find


def is_installed() -> bool:
    """Tell whether there is a bridge."""
    return _find_bridge is not _no_bridge


def bridge() -> Bridge:
    """Return the bridge.

    Raises WorkflowIntegrationError: None is installed: the package's parts were imported without its front.
    """
    return _find_bridge()
