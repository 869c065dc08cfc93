"""From whatever a user holds to the task that it stands for: every function that takes a task comes through here.

Messages, models and bytes are turned into tasks at once. What belongs to another package, such as a function under
flytekit's ``@task``, goes over the bridge that the façade installs.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sized
from os import PathLike, fsdecode
from types import ModuleType
from typing import TYPE_CHECKING, Any

from google.protobuf.message import Message

from flytetask_nb.errors import FlyteTaskError, ModelTypeError
from flytetask_nb.models.bridging import bridge, is_installed
from flytetask_nb.models.flyte_task import FlyteTask
from flytetask_nb.models.messages import HasFlyteIdl, shown

if TYPE_CHECKING:
    from collections.abc import Iterator

_BYTES = (bytes, bytearray, memoryview)
_FILES = (".tgz", ".tar.gz", ".tar", ".zip", ".pb", ".json", ".yaml", ".yml", ".parquet")


def opened(value: object) -> Any:
    """Return the task or tasks that an object of another package stands for; everything else as it is.

    ``value``: what a user handed in where a task, or several, are expected.
    """
    return _over_bridge("opened", value)


def opened_workflow(value: object) -> Any:
    """Return the specification of a workflow of another package, as a message; everything else as it is."""
    return _over_bridge("workflow_of", value)


def _over_bridge(way: str, value: object) -> Any:
    if not is_installed() or isinstance(value, _KNOWN) or hasattr(value, "_message"):
        return value
    result = getattr(bridge(), way)(value)
    return value if result is None else result


def as_task(value: object, name: str = "task") -> FlyteTask:
    """Return the task that something stands for.

    ``value``: a ``FlyteTask``; a message, a model or an object that ``FlyteTask.from_flyte_idl`` takes; the bytes of a
      ``TaskSpec``; or a task of flytekit's: a function under ``@task``, a map task, a plugin.
    ``name``: what the error calls it: the name of the argument.
    Raises ModelTypeError: it is something else. The message says what it is, and the line that would work.
    Raises ModelValueError: the bytes are no ``TaskSpec``.
    """
    if isinstance(value, FlyteTask):
        return value
    if isinstance(value, _BYTES):
        return FlyteTask.from_bytes(bytes(value))
    if not isinstance(value, ModuleType):
        task = opened(value)
        if isinstance(task, FlyteTask):
            return task
        if task is not value:
            raise ModelTypeError(_several(value, name, task))
    if isinstance(value, Message | HasFlyteIdl) and not isinstance(value, type):
        return _converted(value)
    raise ModelTypeError(no_task(value, name))


def as_tasks(value: object, name: str = "tasks") -> Iterator[FlyteTask]:
    """Return the tasks that something stands for, one after the other.

    ``value``: an iterable of what :func:`as_task` takes, or a workflow, a launch plan, a module of flytekit's. In an
      iterable, such stand for their tasks.
    ``name``: what the error calls it: the name of the argument.
    Raises ModelTypeError: it is no iterable of tasks, or something in it is no task. The message says what it is, and
      where.
    """
    given = opened(value)
    if isinstance(given, (str, FlyteTask, Message, *_BYTES)) or not isinstance(given, Iterable):
        raise ModelTypeError(no_tasks(given, name))
    return (task for position, item in enumerate(given) for task in each_task(item, f"{name}[{position}]"))


def each_task(value: object, name: str = "task") -> Iterator[FlyteTask]:
    """Give the task of one item of an iterable, or those of a workflow, a launch plan or a module.

    ``value``: what :func:`as_task` takes, or what stands for several tasks.
    ``name``: what the error calls it.
    """
    given = opened(value)
    if given is value or isinstance(given, FlyteTask):
        yield as_task(given, name)
    else:
        yield from given


def _converted(value: Any) -> FlyteTask:
    try:
        return FlyteTask.from_flyte_idl(value)
    except FlyteTaskError:
        raise
    except Exception as error:
        # Whatever an object of another package raises while it turns itself into a message.
        raise ModelTypeError(
            f"a {type(value).__name__} could not be turned into a message: {type(error).__name__}: {error}"
        ) from error


# What is no object of another package.
_KNOWN = (FlyteTask, Message, str, PathLike, *_BYTES, int, float, type(None), list, tuple, set, frozenset, dict)


def no_task(value: object, name: str) -> str:
    """Say what was given in place of a task, and the line that would work.

    ``value``: what was given.
    ``name``: what the error calls it: the name of the argument.
    """
    if value is None or isinstance(value, str | PathLike):
        return _no_name(value, name)
    if isinstance(value, Iterable) and not isinstance(value, type):
        return _several(value, name, value)
    if isinstance(value, ModuleType):
        return f"{name} is the {_kind(value)}, expected a task: pick one of ftn.from_flytekit({value.__name__.rpartition('.')[2]})"
    if callable(value) and hasattr(value, "__qualname__"):
        return f"{name} is {shown(value.__qualname__)}, a {type(value).__name__}; expected a task: put flytekit's @task above it"
    return (
        f"{name} is {shown(value)} of type {type(value).__name__}; expected a task: a FlyteTask, a @task function of "
        "flytekit, a flyteidl message or any object with to_flyte_idl()"
    )


def _no_name(value: str | PathLike[Any] | None, name: str) -> str:
    if value is None:
        return f"{name} is None; expected a task, such as tasks['name of the task']"
    if _is_path(value):
        return f"{name} is the path {_path(value)}; expected a task: load it first, ftn.load({_path(value)})['name of the task']"
    return f"{name} is {shown(value)}, a text; expected a task: take it out of a collection, tasks[{shown(value)}]"


def _is_path(value: object) -> bool:
    """Tell whether something is a path, or a text that reads like one."""
    return isinstance(value, PathLike) or (
        isinstance(value, str) and ("/" in value or "\\" in value or value.lower().endswith(_FILES))
    )


def _path(value: object) -> str:
    return shown(fsdecode(value) if isinstance(value, PathLike) else value)


def _several(value: object, name: str, tasks: object) -> str:
    what = _kind(value)
    number = f" of {len(tasks)}" if isinstance(tasks, Sized) else ""
    first = next(iter(value), None) if isinstance(value, Mapping) else next(iter(getattr(value, "names", ())), None)
    place = 0 if first is None else first
    return f"{name} is a {what}{number}; expected one task, such as {name}[{shown(place)}]"


def no_tasks(value: object, name: str) -> str:
    """Say what was given in place of several tasks, and the line that would work.

    ``value``: what was given.
    ``name``: what the error calls it: the name of the argument.
    """
    if value is None:
        return f"{name} is None; expected tasks, such as ftn.load('release.tgz')"
    if _is_path(value):
        return f"{name} is the path {_path(value)}; expected tasks: load them first, ftn.load({_path(value)})"
    if isinstance(value, str):
        return f"{name} is {shown(value)}, a text; expected tasks, such as tasks.versions({shown(value)})"
    if isinstance(value, FlyteTask):
        return f"{name} is the task {shown(value.name)}; expected several: put it into a list, [task]"
    return f"{name} is of type {_kind(value)}; expected tasks, such as a collection or a list of them"


def _kind(value: object) -> str:
    return f"module {value.__name__}" if isinstance(value, ModuleType) else type(value).__name__
