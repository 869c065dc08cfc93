"""What two sources both tell of a task.

An archive has descriptions and no times, a server's answer times and no descriptions, and flytectl registers a pod
other than it was packaged. What one side leaves out says nothing, so it is no change.
"""

from __future__ import annotations

from copy import deepcopy
from typing import TYPE_CHECKING, Any, Final, NamedTuple

from flytetask_nb.errors import FlyteTaskError
from flytetask_nb.models.flyte_task import FlyteTask
from flytetask_nb.semantics.drafts import completed
from flytetask_nb.semantics.task_container import pod_containers

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence

_POD: Final = "k8s_pod"


class Known(NamedTuple):
    """Two tasks as far as both are known.

    ``old``, ``new``: ``TaskSpec`` messages: those of the tasks themselves where nothing had to be left out.
    ``left_out``: paths at which one task has something of which the other's source says nothing.
    ``unregistered``: paths at which one task, which is not registered yet, has what only registration can know.
    """

    old: Any
    new: Any
    left_out: tuple[str, ...]
    unregistered: tuple[str, ...] = ()


def unknown_paths(task: FlyteTask) -> frozenset[str]:
    """Return the paths where a task has nothing, and its source would not say it if there were."""
    untold = task.untold
    return frozenset(path for path in untold if not stands(task._message, path)) if untold else untold


def stands(message: Any, path: str) -> bool:
    """Tell whether something stands at a path of a ``TaskSpec``, ``k8s_pod.data_config`` or ``description``."""
    holder, name = _holder(message, path)
    if holder is None:
        return False
    field = holder.DESCRIPTOR.fields_by_name[name]
    return holder.HasField(name) if field.has_presence else bool(getattr(holder, name))


def _holder(message: Any, path: str) -> tuple[Any, str]:
    *outer, name = path.split(".")
    holder = message if path.startswith("description") else message.template
    for step in outer:
        if not holder.HasField(step):
            return None, name
        holder = getattr(holder, step)
    return holder, name


def known_pair(old: FlyteTask, new: FlyteTask) -> Known:
    """Return two tasks as far as the sources of both tell what is in them.

    Notes
    -----
    What a source leaves out is told by its kind: ``Origin.untold``. Of a pod, what flytectl drops is taken from the
    other side, and where one of the two may have been registered with it both specs are read as Kubernetes reads them
    (flytectl/cmd/register/register_util.go).
    """
    if old.is_draft or new.is_draft:
        return _with_drafts(old, new)
    if not old._origin.untold and not new._origin.untold:
        return Known(old._message, new._message, ())
    messages = [old._message, new._message]
    unknown = [
        (side, path)
        for side, task in enumerate((old, new))
        for path in sorted(unknown_paths(task))
        if stands(messages[1 - side], path)
    ]
    if unknown:
        messages = [deepcopy(message) for message in messages]
    left_out = []
    for side, path in unknown:
        if path.startswith(_POD):
            _fill(messages[side], messages[1 - side], path)
        else:
            holder, name = _holder(messages[1 - side], path)
            holder.ClearField(name)
            left_out.append(path)
    if _may_be_rewritten((old, new)) and messages[0].template.k8s_pod != messages[1].template.k8s_pod:
        messages = _rewritten(messages)
    return Known(messages[0], messages[1], tuple(left_out))


def _with_drafts(old: FlyteTask, new: FlyteTask) -> Known:
    """Complete a task that is not registered yet with what the other one says where only registration knows."""
    tasks = [old, new]
    place = 1 if new.is_draft else 0
    message, paths = completed(tasks[place]._message, tasks[1 - place]._message)
    tasks[place] = FlyteTask._own(message, tasks[place]._origin)
    known = known_pair(*(FlyteTask._own(task._message, task._origin.but(is_draft=False)) for task in tasks))
    return known._replace(unregistered=paths)


def known_row(tasks: Sequence[FlyteTask]) -> list[Any]:
    """Return the messages of versions of a task, their pods in one form where some of them may be rewritten.

    What flytectl dropped of a pod is taken from the version before that has it, else from the next one.
    """
    messages = [task._message for task in tasks]
    for position, task in enumerate(tasks):
        neighbours = messages[position - 1 : position] or messages[1:2]
        if neighbours and task.is_draft:
            messages[position] = completed(task._message, neighbours[0])[0]
    if not _may_be_rewritten(tasks):
        return messages
    messages = _rewritten(messages)
    for position, task in enumerate(tasks):
        for path in sorted(unknown_paths(task)):
            donors = [other for other in (*messages[position::-1], *messages[position:]) if stands(other, path)]
            if path.startswith(_POD) and donors:
                messages[position] = deepcopy(messages[position])
                _fill(messages[position], donors[0], path)
    return messages


def _fill(message: Any, other: Any, path: str) -> None:
    """Take from another pod what a pod does not tell."""
    if not message.template.HasField(_POD):
        return
    pod, name = message.template.k8s_pod, path.rpartition(".")[2]
    value = getattr(other.template.k8s_pod, name)
    if not isinstance(value, str):
        getattr(pod, name).CopyFrom(value)
    elif any(container.get("name") == value for container in pod_containers(pod)):
        setattr(pod, name, value)


def _may_be_rewritten(tasks: Iterable[FlyteTask]) -> bool:
    """Tell whether one of the tasks is a pod and may be as flytectl registered it."""
    return any(
        task._message.template.HasField(_POD) and any(path.startswith(_POD) for path in task.untold) for task in tasks
    )


def _rewritten(messages: Iterable[Any]) -> list[Any]:
    """Return tasks with their pods' specs as Kubernetes reads them; as they are, where it cannot read one of them."""
    from flytetask_nb.semantics.pod_specs import passed_through_kubernetes  # noqa: PLC0415 - pod tasks are rare

    rewritten = list(messages)
    for place, message in enumerate(messages):
        if message.template.k8s_pod.HasField("pod_spec"):
            rewritten[place] = deepcopy(message)
            spec = rewritten[place].template.k8s_pod.pod_spec
            try:
                spec.CopyFrom(passed_through_kubernetes(spec))
            except FlyteTaskError:
                return list(messages)
    return rewritten
