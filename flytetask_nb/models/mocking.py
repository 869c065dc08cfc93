"""What stands in for a fetched task while code that calls it is tested.

A mock holds for one full id: collections build their tasks anew when they are looked at, and all of them mean the
same one. It holds in the context in which it was entered (``contextvars``), and takes away itself alone when it is
left, whatever was entered or left meanwhile.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from contextvars import ContextVar
from typing import TYPE_CHECKING, Any, TypeAlias

from flytetask_nb.errors import LocalExecutionError
from flytetask_nb.models.messages import shown
from flytetask_nb.models.notation import type_notation
from flytetask_nb.models.order import natural_key
from flytetask_nb.models.python_values import fits

if TYPE_CHECKING:
    from types import TracebackType

    from typing_extensions import Self

_Mocks: TypeAlias = "Mapping[bytes, tuple[Mock, ...]]"

_ACTIVE: ContextVar[_Mocks] = ContextVar("flytetask_nb mocks", default={})  # noqa: B039 - it is never written to


class Mock:
    """Stands in for tasks within a ``with`` block.

    Parameters
    ----------
    tasks : iterable of FlyteTask
        Versions of one task, in whose place it runs.
    answer : function, value, list or iterator
        A function is called with the inputs; a list or an iterator gives one output a call; anything else is the
        output. Of several outputs it is a mapping or a named tuple, or a tuple where they are called ``o0``, ``o1``
        and so on.

    Attributes
    ----------
    calls : list of dict
        The inputs of each call, in the order of the calls.
    """

    def __init__(self, tasks: Iterable[Any], answer: object) -> None:
        self.calls: list[dict[str, Any]] = []
        self._keys = [_key(task) for task in tasks]
        self._answer = answer
        self._answers = iter(answer) if isinstance(answer, list | Iterator) else None

    def __enter__(self) -> Self:
        active = dict(_ACTIVE.get())
        for key in self._keys:
            active[key] = (*active.get(key, ()), self)
        _ACTIVE.set(active)
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        active = dict(_ACTIVE.get())
        for key in self._keys:
            stack = list(active.get(key, ()))
            if self in stack:
                # The innermost one, where the same mock was entered twice.
                del stack[len(stack) - 1 - stack[::-1].index(self)]
            active[key] = tuple(stack)
        _ACTIVE.set(active)

    def run(self, task: Any, inputs: dict[str, Any]) -> Any:
        """Run in place of a task, and note the call.

        Parameters
        ----------
        task
            The task.
        inputs
            Its inputs, as Python values.

        Raises
        ------
        LocalExecutionError
            An input or an output does not fit the interface, or the answers are used up.
        """
        interface = task._message.template.interface
        _check(task.name, "input", interface.inputs.variables, inputs)
        self.calls.append(dict(inputs))
        outputs = self._next(task.name, inputs)
        _check(task.name, "output", interface.outputs.variables, outputs_by_name(task, outputs))
        return outputs

    def _next(self, name: str, inputs: dict[str, Any]) -> Any:
        if self._answers is not None:
            try:
                return next(self._answers)
            except StopIteration:
                raise LocalExecutionError(
                    f"the mock of {name!r} was called {len(self.calls)} times and has no more answers; "
                    "give one for each call, or a function"
                ) from None
        if callable(self._answer):
            return self._answer(**inputs)
        return self._answer

    def __repr__(self) -> str:
        return f"Mock({len(self.calls)} call{'' if len(self.calls) == 1 else 's'})"


def active_mock(task: Any) -> Mock | None:
    """Return what stands in for a task here; None if nothing does."""
    stack = _ACTIVE.get().get(_key(task))
    return stack[-1] if stack else None


def outputs_by_name(task: Any, outputs: Any) -> dict[str, Any]:
    """Return the outputs of a run by their names.

    ``task``: what was run.
    ``outputs``: what it gave: nothing, the value of one output, or several as a mapping, a named tuple or, where that
      has an order, a tuple.
    Raises LocalExecutionError: they are too many or too few, or only their positions are given where the outputs have
      names.
    """
    names = sorted(task._message.template.interface.outputs.variables, key=natural_key)
    if isinstance(outputs, Mapping) and names and set(outputs) == set(names):
        return dict(outputs)
    fields = getattr(outputs, "_fields", None)
    if isinstance(outputs, tuple) and fields is not None and set(fields) == set(names):
        return dict(zip(fields, outputs, strict=True))
    if not names:
        if outputs is not None:
            raise LocalExecutionError(f"{task.name!r} gives no outputs, but {shown(outputs)} was given for it")
        return {}
    if len(names) == 1:
        return {names[0]: outputs}
    if isinstance(outputs, tuple) and len(outputs) == len(names) and are_positional(names):
        return dict(zip(names, outputs, strict=True))
    raise LocalExecutionError(
        f"{task.name!r} gives {len(names)} outputs, {', '.join(names)}, but {shown(outputs)} was given for them; "
        f"give a dict with these names"
    )


def are_positional(names: Iterable[str]) -> bool:
    """Tell whether outputs have the names that flytekit gives by position, ``o0`` to ``oN``."""
    given = sorted(names, key=natural_key)
    return given == [f"o{position}" for position in range(len(given))]


def _check(name: str, kind: str, variables: Any, values: Mapping[str, Any]) -> None:
    for variable in sorted(values, key=natural_key):
        if variable not in variables:
            known = ", ".join(sorted(variables, key=natural_key)) or "none"
            raise LocalExecutionError(f"{name!r} has no {kind} {variable!r}; it has {known}")
        expected = variables[variable].type
        if not fits(expected, values[variable]):
            raise LocalExecutionError(
                f"{kind} {variable!r} of {name!r} is {shown(values[variable], variable)}, of type "
                f"{type(values[variable]).__name__}; expected {type_notation(expected)}"
            )
    for variable in sorted(variables, key=natural_key):
        if variable not in values and not fits(variables[variable].type, None):
            raise LocalExecutionError(
                f"{kind} {variable!r} of {name!r} is missing; expected {type_notation(variables[variable].type)}"
            )


def _key(task: Any) -> bytes:
    key: bytes = task._message.template.id.SerializeToString(deterministic=True)
    return key
