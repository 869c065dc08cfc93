"""The bridge that the façade installs: each crossing loads flytekit, and then the module that does the work."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Final

from flytetask_nb.integrations.flytekit import opening
from flytetask_nb.integrations.flytekit.loading import load

if TYPE_CHECKING:
    from collections.abc import Mapping

    from flytetask_nb.models.flyte_task import FlyteTask


class _Bridge:
    """See ``flytetask_nb.models.bridging.Bridge``."""

    opened = staticmethod(opening.opened)
    workflow_of = staticmethod(opening.workflow_of)

    def to_flytekit(self, task: FlyteTask) -> Any:
        load()
        from flytetask_nb.integrations.flytekit.twins import twin_of  # noqa: PLC0415 - imports flytekit

        return twin_of(task)

    def compile(self, task: FlyteTask, context: Any, inputs: Mapping[str, Any]) -> Any:
        twin = self.to_flytekit(task)
        if context is None:
            from flytekit.core.context_manager import FlyteContextManager  # noqa: PLC0415 - loaded by now

            context = FlyteContextManager.current_context()
        return twin.compile(context, **inputs)

    def call(self, task: FlyteTask, positional: tuple[Any, ...], inputs: Mapping[str, Any]) -> Any:
        return self.to_flytekit(task)(*positional, **inputs)

    def local_execute(self, task: FlyteTask, context: Any, inputs: Mapping[str, Any]) -> Any:
        load()
        from flytetask_nb.integrations.flytekit.local_runs import run  # noqa: PLC0415 - imports flytekit

        return run(task, context, dict(inputs))

    def guess_python_interface(self, task: FlyteTask) -> Any:
        load()
        from flytetask_nb.integrations.flytekit.python_types import guessed_interface  # noqa: PLC0415 - imports flytekit

        return guessed_interface(task)


BRIDGE: Final = _Bridge()
