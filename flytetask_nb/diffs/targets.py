"""Changes of what runs a task: a container, a pod or a statement, or one of them in place of another."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Final, NamedTuple

from flyteidl.core import tasks_pb2

from flytetask_nb.diffs.containers import (
    MOVABLE,
    compare_container_rest,
    compare_containers,
    compare_data_loading,
    compare_task_containers,
    input_names,
)
from flytetask_nb.diffs.edits import Move, Replacement
from flytetask_nb.diffs.pods import TaskPod, compare_pod_rest, compare_pods, primary_edits, read_pod
from flytetask_nb.diffs.settings import compare_sql
from flytetask_nb.semantics.task_container import NO_CONTAINER, TaskContainer, own_container

if TYPE_CHECKING:
    from flytetask_nb.diffs.changes import Ledger
    from flytetask_nb.diffs.edits import Edits


def compare_targets(ledger: Ledger, old: Any, new: Any) -> None:
    """Compare what runs two tasks, as far as both have the same."""
    inputs = input_names(old), input_names(new)
    targets = old.WhichOneof("target"), new.WhichOneof("target")
    if targets[0] != targets[1]:
        _compare_switched(ledger, old, new, targets, inputs)
    elif targets[0] == "container":
        if old.container != new.container or inputs[0] != inputs[1]:
            compare_containers(ledger, "container", old.container, new.container, inputs)
    elif targets[0] == "k8s_pod":
        if old.k8s_pod != new.k8s_pod or inputs[0] != inputs[1] or old.config != new.config:
            compare_pods(ledger, "k8s_pod", old, new, inputs)
    elif targets[0] == "sql" and old.sql != new.sql:
        compare_sql(ledger, "sql", old.sql, new.sql)


class _Runner(NamedTuple):
    """What runs a task in a container or a pod, and how that gets its inputs."""

    container: TaskContainer
    loading_path: str
    loading: Any


def _compare_switched(
    ledger: Ledger, old: Any, new: Any, targets: tuple[str | None, str | None], inputs: tuple[set[str], set[str]]
) -> None:
    """Compare a container with a pod, or either with nothing: as far as both have the same, the same is compared."""
    pods = read_pod("k8s_pod", old), read_pod("k8s_pod", new)
    before, after = (_runner(*side) for side in zip((old, new), targets, pods, strict=True))
    edits: Edits = (Replacement("target", "target", *targets), *primary_edits("k8s_pod", *pods))
    if before is not None and after is not None:
        paths = before.container.path, after.container.path
        edits += tuple(Move(*(f"{path}.{field}" for path in paths)) for field in MOVABLE)
        edits += (Move(before.loading_path, after.loading_path),)
    # The name of a pod's container is no change of its own: there was no other one before.
    ledger.add("target-switched", "target", *targets, kind="changed", edits=edits)
    if known := before or after:
        nothing = _Runner(NO_CONTAINER._replace(path=known.container.path), known.loading_path, _NO_LOADING)
        was, now = before or nothing, after or nothing
        compare_task_containers(ledger, was.container, now.container, inputs)
        compare_data_loading(ledger, now.loading_path, was.loading, now.loading, was.loading_path)
    if "container" in targets:
        compare_container_rest(ledger, "container", old.container, new.container)
    if "k8s_pod" in targets:
        compare_pod_rest(ledger, "k8s_pod", old, new, pods)
    if "sql" in targets:
        compare_sql(ledger, "sql", old.sql, new.sql)


_NO_LOADING: Final = tasks_pb2.DataLoadingConfig()


def _runner(template: Any, target: str | None, pod: TaskPod) -> _Runner | None:
    if target == "container":
        return _Runner(own_container(template.container), "container.data_config", template.container.data_config)
    if target == "k8s_pod":
        return _Runner(pod.container, "k8s_pod.data_config", template.k8s_pod.data_config)
    return None
