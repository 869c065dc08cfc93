"""What flytekit's remote entities can do: become nodes of workflows, and run where they are mocked."""

from __future__ import annotations

import sys
from enum import Enum
from typing import TYPE_CHECKING, Any

from flytetask_nb.errors import LocalExecutionError, ModelTypeError
from flytetask_nb.models.bridging import bridge
from flytetask_nb.models.tasks import NodeMetadata

if TYPE_CHECKING:
    from flytetask_nb.models.mocking import Mock


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

    def execute(self, **kwargs: Any) -> Any:
        """Run the mock that stands in for this task; without one refuse, for its code is not on this machine.

        Parameters
        ----------
        **kwargs
            The inputs, as Python values.

        Raises
        ------
        LocalExecutionError
            It is not mocked, or what it takes or gives does not fit its interface.
        """
        from flytetask_nb.models.mocking import active_mock  # noqa: PLC0415 - few tasks are called

        mock = active_mock(self)
        if mock is not None:
            return mock.run(self, kwargs)
        raise LocalExecutionError(
            f"Remotely fetched entities cannot be run locally, and {self.name!r} is one. To test code that calls it, "
            f"mock it: with tasks[{self.name!r}].mocked(answer): ..."
        )

    def mocked(self, answer: object) -> Mock:
        """Return what stands in for this task within a ``with`` block: in ``execute``, local workflows, ``@dynamic``.

        Parameters
        ----------
        answer
            A function of the inputs; a list, or an iterator, of what the calls give one after the other; or the
            value that every call gives. Several outputs are a dict or a named tuple, or a tuple where their names
            are ``o0``, ``o1`` and so on.

        Returns
        -------
        Mock
            Its ``calls`` are the inputs of each call. It holds for every task of this full id, in the present
            context.

        Examples
        --------
        >>> import flytetask_nb as ftn
        >>> task = ftn.FlyteTask.from_bytes(b"").replace(name="shop.train")
        >>> with task.mocked(None) as mock:
        ...     task()
        >>> mock.calls
        [{}]
        """
        from flytetask_nb.models.mocking import Mock  # noqa: PLC0415 - few tasks are called

        return Mock([self], answer)

    def local_execute(self, ctx: Any = None, **kwargs: Any) -> Any:
        """Run ``execute`` as a step of a local workflow.

        Parameters
        ----------
        ctx
            flytekit's context.
        **kwargs
            The inputs: promises of flytekit's, or Python values.

        Returns
        -------
        Promise, VoidPromise or tuple of promises
            As other steps give them. Without flytekit, what ``execute`` gives.

        Raises
        ------
        LocalExecutionError
            The task is not mocked, or what it takes or gives does not fit its interface.
        """
        if "flytekit" in sys.modules:
            return bridge().local_execute(self, ctx, kwargs)
        return self.execute(**kwargs)

    def compile(self, ctx: Any = None, *args: Any, **kwargs: Any) -> Any:  # noqa: ARG002 - flytekit's signature
        """Become a node of the flytekit workflow that is being compiled.

        Parameters
        ----------
        ctx
            flytekit's context; None for the present one.
        **kwargs
            The inputs: promises, or Python values.

        Returns
        -------
        Promise, VoidPromise or tuple of promises
            Unpacking by position works where the outputs have positions: their names are ``o0``, ``o1`` and so on.
        """
        return bridge().compile(self, ctx, kwargs)

    def to_flytekit(self) -> Any:
        """Return flytekit's ``FlyteTask`` of this task: always the same one.

        Returns
        -------
        flytekit.remote.entities.FlyteTask
            Its ``execute`` is this task's, so mocks count there too.

        Raises
        ------
        MissingExtraError
            flytekit is not installed.
        """
        return bridge().to_flytekit(self)

    def guess_python_interface(self) -> Any:
        """Return the Python types that fit this task's own.

        Returns
        -------
        flytekit.core.interface.Interface
            Dataclasses and enums are made from what the types say; nothing of the user's code is imported.

        Raises
        ------
        MissingExtraError
            flytekit is not installed.
        """
        return bridge().guess_python_interface(self)

    def __call__(self, *args: Any, **kwargs: Any) -> Any:
        """Do what flytekit does: become a node, run in a local workflow, or ``execute``."""
        if "flytekit" in sys.modules:
            return bridge().call(self, args, kwargs)
        if args:
            raise ModelTypeError(
                f"{self.name!r} was called with {len(args)} positional arguments; "
                "fetched tasks take their inputs by keyword"
            )
        return self.execute(**kwargs)
