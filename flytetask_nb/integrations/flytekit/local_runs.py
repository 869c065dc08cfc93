"""A fetched task as a step of a workflow that runs here: promises in, Python values to the mock, promises out.

Imports flytekit: ``crossing.py`` imports this where it is needed.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from flytekit.core.context_manager import FlyteContextManager
from flytekit.core.promise import Promise, VoidPromise, translate_inputs_to_literals
from flytekit.core.type_engine import TypeEngine, strict_type_hint_matching
from flytekit.models.literals import LiteralMap

from flytetask_nb.errors import FlyteTaskError, LocalExecutionError
from flytetask_nb.integrations.flytekit.python_types import guessed_interface
from flytetask_nb.integrations.flytekit.twins import outputs_of, twin_of
from flytetask_nb.models.mocking import active_mock, outputs_by_name
from flytetask_nb.models.order import natural_key
from flytetask_nb.models.remote_entities import RemoteEntity

if TYPE_CHECKING:
    from collections.abc import Mapping

    from flytetask_nb.models.flyte_task import FlyteTask


def run(task: FlyteTask, context: Any, inputs: dict[str, Any]) -> Any:
    """Run a task as a step, in flytekit's present context if none is given; inputs are promises, or Python values.

    Raises LocalExecutionError: nothing stands in for the task, or what it takes or gives does not fit its interface.
    """
    if active_mock(task) is None and type(task).execute is RemoteEntity.execute:
        return task.execute(**inputs)
    context = FlyteContextManager.current_context() if context is None else context
    interface = twin_of(task).template.interface
    python = guessed_interface(task) if task.python_interface is None else task.python_interface
    natives = _natives(task, context, inputs, interface.inputs, python.inputs)
    outputs = outputs_by_name(task, task.execute(**natives))
    if not interface.outputs:
        return VoidPromise(task.name)
    promises = []
    for name in sorted(interface.outputs, key=natural_key):
        kind = interface.outputs[name].type
        try:
            python_type = _python_type(outputs[name], kind, python.outputs.get(name))
            literal = TypeEngine.to_literal(context, outputs[name], python_type, kind)
        except Exception as error:
            raise _misfit(task, f"output {name!r}", error) from error
        promises.append(Promise(name, literal))
    return outputs_of(task, promises)


def _natives(
    task: FlyteTask, context: Any, inputs: Mapping[str, Any], variables: Mapping[str, Any], types: Mapping[str, Any]
) -> dict[str, Any]:
    """Return inputs as Python values; those that the interface does not have stay, for the mock to refuse them."""
    literals: dict[str, Any] = {}
    natives: dict[str, Any] = {}
    for name, value in inputs.items():
        if name not in variables:
            natives[name] = value
            continue
        kind = _python_type(value, variables[name].type, types.get(name))
        try:
            literals |= translate_inputs_to_literals(
                context,
                incoming_values={name: value},
                flyte_interface_types={name: variables[name]},
                native_types={name: kind},
            )
        except FlyteTaskError:
            raise
        except Exception as error:
            raise _misfit(task, f"input {name!r}", error) from error
    known = {name: types[name] for name in literals}
    natives |= TypeEngine.literal_map_to_kwargs(context, LiteralMap(literals=literals), known)
    return natives


def _python_type(value: Any, kind: Any, guess: Any) -> Any:
    """Return the type of a value where that is the variable's, else the one that was guessed."""
    if isinstance(value, Promise | list | dict | tuple):
        return guess
    try:
        return strict_type_hint_matching(value, kind)
    except (ValueError, TypeError):
        return guess


def _misfit(task: FlyteTask, place: str, error: Exception) -> LocalExecutionError:
    return LocalExecutionError(f"{place} of {task.name!r} does not fit its type: {type(error).__name__}: {error}")
