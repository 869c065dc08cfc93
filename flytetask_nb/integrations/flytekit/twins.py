"""flytekit's own FlyteTask beside each of ours: what its compiler and its client work with.

Imports flytekit: ``crossing.py`` imports this where it is needed.
"""

from __future__ import annotations

import sys
from typing import TYPE_CHECKING, Any

from flytekit.core.context_manager import BranchEvalMode, ExecutionState, FlyteContextManager
from flytekit.core.promise import create_task_output
from flytekit.core.workflow import ImperativeWorkflow
from flytekit.models.task import TaskTemplate
from flytekit.remote.entities import FlyteTask
from google.protobuf.field_mask_pb2 import FieldMask

from flytetask_nb.errors import WorkflowIntegrationError
from flytetask_nb.models.flyte_task import FlyteTask as OurTask
from flytetask_nb.models.mocking import active_mock, are_positional
from flytetask_nb.models.order import natural_key

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping, Sequence
    from typing import NoReturn

_set_twin = OurTask._twin.__set__  # type: ignore[attr-defined]
_RUNS = (ExecutionState.Mode.LOCAL_WORKFLOW_EXECUTION, ExecutionState.Mode.LOCAL_DYNAMIC_TASK_EXECUTION)


class Twin(FlyteTask):  # type: ignore[misc, unused-ignore]
    """flytekit's task of one of ours, which keeps what flytekit would drop and runs what ours runs."""

    _ours: OurTask
    _first: Any

    @property
    def python_interface(self) -> Any:
        """Our task's; of one that is mocked a guess, for imperative workflows ask for it when they run here."""
        known = self._ours.python_interface
        if known is None and active_mock(self._ours) is not None:
            return self._ours.guess_python_interface()
        return known

    @python_interface.setter
    def python_interface(self, interface: Any) -> None:
        self._ours.python_interface = interface

    def to_flyte_idl(self) -> Any:
        """Return our task's message, with what flytekit has written into its own since."""
        spec = self._ours.to_flyte_idl()
        present = super().to_flyte_idl()
        if present != self._first:
            _carry_over(self._first.template, present.template, spec.template)
        return spec

    def compile(self, ctx: Any, *args: Any, **kwargs: Any) -> Any:
        """Become a node, with upstream nodes in the order of their creation."""
        outputs: Any = super().compile(ctx, *args, **kwargs)
        state = ctx.compilation_state
        if state is not None and state.nodes:
            places = {id(node): place for place, node in enumerate(state.nodes)}
            state.nodes[-1]._upstream_nodes.sort(
                key=lambda node: (places.get(id(node), len(places)), natural_key(node.id))
            )
        if not isinstance(outputs, tuple):
            return outputs
        return outputs_of(self._ours, [getattr(outputs, name) for name in getattr(outputs, "_fields", ())])

    def __call__(self, *args: Any, **kwargs: Any) -> Any:
        """As flytekit does; inside a dynamic task that runs here, as in a local workflow."""
        context = FlyteContextManager.current_context()
        state = context.execution_state
        compiles = context.compilation_state is not None and context.compilation_state.mode == 1
        if not args and not compiles and state is not None and state.mode in _RUNS:
            if state.branch_eval_mode == BranchEvalMode.BRANCH_SKIPPED:
                return _skipped(self._ours)
            return self.local_execute(context, **kwargs)
        return super().__call__(*args, **kwargs)

    def __reduce__(self) -> tuple[Any, ...]:
        return twin_of, (self._ours,)

    def local_execute(self, ctx: Any, **kwargs: Any) -> Any:
        """As ours does."""
        return self._ours.local_execute(ctx, **kwargs)

    def execute(self, **kwargs: Any) -> Any:
        """As ours does: where that is mocked, this is."""
        return self._ours.execute(**kwargs)


# flytekit's errors call things by their class.
Twin.__name__ = Twin.__qualname__ = FlyteTask.__name__


def twin_of(task: OurTask) -> Twin:
    """Return flytekit's task of one of ours: the same one each time, for flytekit tells entities apart by reference."""
    known: Twin | None = getattr(task, "_twin", None)
    if known is not None:
        return known
    twin: Twin = Twin.promote_from_model(TaskTemplate.from_flyte_idl(task._message.template))
    interface = twin.template.interface
    # Of a map in protobuf, in which there is no order.
    interface._inputs = _in_order(interface.inputs)
    interface._outputs = _in_order(interface.outputs)
    twin._should_register = task.should_register
    twin._ours = task
    twin._first = FlyteTask.to_flyte_idl(twin)
    _set_twin(task, twin)
    return twin


def _in_order(variables: Mapping[str, Any]) -> dict[str, Any]:
    return {name: variables[name] for name in sorted(variables, key=natural_key)}


def _carry_over(first: Any, present: Any, template: Any) -> None:
    """Write into a template what differs between two states of another."""
    paths = []
    for field in type(template).DESCRIPTOR.fields:
        before, after = getattr(first, field.name), getattr(present, field.name)
        if before != after and field.name == "id":
            parts = [part.name for part in type(after).DESCRIPTOR.fields]
            paths += [f"id.{part}" for part in parts if getattr(before, part) != getattr(after, part)]
        elif before != after:
            template.ClearField(field.name)
            paths.append(field.name)
    FieldMask(paths=paths).MergeMessage(present, template)


# -- outputs ---------------------------------------------------------------------------------------------------------


def outputs_of(task: OurTask, promises: Sequence[Any]) -> Any:
    """Return the outputs of a step as flytekit does: several of them in a named tuple.

    Its order is that of the task's Python interface, else that of ``o0`` to ``oN``. Other names have none in a
    template, so their tuple cannot be unpacked.
    """
    interface = task.python_interface
    if interface is not None and {promise.var for promise in promises} == set(interface.outputs):
        by_name = {promise.var: promise for promise in promises}
        return create_task_output([by_name[name] for name in interface.outputs], interface)
    ordered = sorted(promises, key=lambda promise: natural_key(promise.var))
    made = create_task_output(ordered)
    if len(ordered) < 2 or are_positional(promise.var for promise in ordered):  # noqa: PLR2004 - a single one is no tuple
        return made
    return _unordered(task, type(made))(*ordered)


def _unordered(task: OurTask, kind: type[Any]) -> type[Any]:
    """Return a class of named tuples whose items are found by name alone."""

    def iterate(self: Any) -> Iterator[Any]:
        # A local imperative workflow has asked for the names already, in the order of the same guess.
        if sys._getframe(1).f_code is not ImperativeWorkflow.execute.__code__:
            refuse(self)
        return iter([getattr(self, name) for name in task.guess_python_interface().outputs])

    def refuse(self: Any, *_args: object) -> NoReturn:
        names = self._fields
        raise WorkflowIntegrationError(
            f"the outputs of {task.name!r} have no order, for a registered task does not keep it: they are "
            f"{', '.join(names)}; take them by name, as result.{names[0]}, or set task.python_interface"
        )

    class Outputs(kind):  # type: ignore[misc]
        __iter__ = iterate
        __getitem__ = __reversed__ = refuse

        def _asdict(self) -> dict[str, Any]:
            return {name: getattr(self, name) for name in self._fields}

    Outputs.__name__ = Outputs.__qualname__ = kind.__name__
    return Outputs


def _skipped(task: OurTask) -> Any:
    """Return what a step gives in a branch that is not taken, as flytekit's own tasks do."""
    from flytekit.core.promise import Promise, VoidPromise  # noqa: PLC0415

    names = sorted(task._message.template.interface.outputs.variables, key=natural_key)
    return outputs_of(task, [Promise(name, None) for name in names]) if names else VoidPromise(task.name)
