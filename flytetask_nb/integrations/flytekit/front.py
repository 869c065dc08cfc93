"""What users call: ``ftn.from_flytekit`` and ``ftn.mocked``."""

from __future__ import annotations

from contextlib import ExitStack, contextmanager
from typing import TYPE_CHECKING, Any

from flytetask_nb.errors import ModelTypeError
from flytetask_nb.integrations.flytekit import opening
from flytetask_nb.integrations.flytekit.loading import load
from flytetask_nb.models.coercion import as_task
from flytetask_nb.models.flyte_task import FlyteTask
from flytetask_nb.models.mocking import Mock

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Mapping
    from types import ModuleType

    from flytetask_nb.collection import TaskCollection


def from_flytekit(
    obj: object,
    *,
    project: str | None = None,
    domain: str | None = None,
    version: str | None = None,
    image: str | None = None,
    settings: Any = None,
) -> FlyteTask | TaskCollection:
    """Turn what flytekit users write into tasks, as registration would, without registering or building anything.

    Parameters
    ----------
    obj
        A function under ``@task``, ``@dynamic`` or ``@eager``, a map task, a task of any plugin, a ``reference_task``,
        a fetched task, flytekit's models and flyteidl's messages of one: gives its task. A workflow, a launch plan, a
        module, a package: gives all tasks that it uses or holds.
    project, domain, version
        Where they would be registered.
    image
        The image of tasks that do not name their own.
    settings : flytekit.configuration.SerializationSettings or mapping, optional
        Everything else that registration is given. What the other arguments say wins.

    Returns
    -------
    FlyteTask or TaskCollection
        What is not given here comes from ``ftn.set_options(serialization=...)``, else from the variables that
        flytekit reads (``FLYTE_DEFAULT_PROJECT``, ``FLYTE_DEFAULT_DOMAIN``, ``FLYTE_INTERNAL_IMAGE``), else it is a
        placeholder: not registered yet, which no diff reports.

    Raises
    ------
    ModelTypeError
        ``obj`` is none of these.
    ModelValueError
        flytekit cannot serialize it; the message says which task, and what flytekit said.
    MissingExtraError
        flytekit is not installed.

    Examples
    --------
    >>> import flytetask_nb as ftn
    >>> ftn.from_flytekit(ftn.FlyteTask.from_bytes(b"").replace(name="shop.train")).name
    'shop.train'
    """
    if isinstance(obj, FlyteTask) or hasattr(obj, "_records"):
        return obj  # type: ignore[return-value]
    if isinstance(obj, str):
        raise ModelTypeError(f"got {obj!r}, a text; hand in the task, or the module itself: import it first")
    load()
    given = {"project": project, "domain": domain, "version": version, "image": image}
    tasks = opening.opened(obj, given, settings)
    if tasks is None:
        return as_task(obj, "obj")
    return tasks if isinstance(tasks, FlyteTask) else _collection(tasks)


@contextmanager
def mocked(tasks: Iterable[object] | ModuleType, answers: Mapping[str, object]) -> Iterator[dict[str, Mock]]:
    """Let mocks stand in for several tasks within a ``with`` block.

    Parameters
    ----------
    tasks
        A collection, or any other tasks.
    answers
        What stands in for a task, as ``FlyteTask.mocked`` takes it, by its name. All its versions are mocked.

    Yields
    ------
    dict of str to Mock
        The mocks by the same names; their ``calls`` are the inputs of each call.

    Raises
    ------
    TaskNotFoundError
        There is no task of one of the names.

    Examples
    --------
    >>> import flytetask_nb as ftn
    >>> tasks = [ftn.FlyteTask.from_bytes(b"").replace(name="shop.train")]
    >>> with ftn.mocked(tasks, {"shop.train": None}) as mocks:
    ...     tasks[0]()
    >>> len(mocks["shop.train"].calls)
    1
    """
    collection = _collection(tasks)
    mocks = {name: Mock(collection.versions(name), answer) for name, answer in answers.items()}
    with ExitStack() as stack:
        for mock in mocks.values():
            stack.enter_context(mock)
        yield mocks


def _collection(tasks: Any) -> TaskCollection:
    from flytetask_nb.collection import TaskCollection  # noqa: PLC0415 - a single task does without

    return tasks if isinstance(tasks, TaskCollection) else TaskCollection(tasks)
