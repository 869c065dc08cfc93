"""Changes of a pod: its primary container like any container, the rest by name."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Final, NamedTuple

from flytetask_nb.diffs.containers import compare_data_loading, compare_task_containers
from flytetask_nb.diffs.edits import Move, Replacement, Splice, joined
from flytetask_nb.diffs.messages import compare_unknown
from flytetask_nb.diffs.settings import compare_labels
from flytetask_nb.diffs.structures import canonical, differences, listed, reordered, same, there
from flytetask_nb.models.order import natural_key
from flytetask_nb.models.plain_values import plain_struct
from flytetask_nb.semantics.task_container import (
    TaskContainer,
    pod_container,
    primary_container,
    primary_container_name,
)

if TYPE_CHECKING:
    from flytetask_nb.diffs.changes import Ledger
    from flytetask_nb.diffs.edits import Edits

# Lists of named things in a pod's spec, and the stem of the rules for them.
_NAMED: Final = {"containers": "pod-container", "initContainers": "pod-init-container", "volumes": "pod-volume"}
_compare_labels: Final = compare_labels("pod-")
_SCHEDULING: Final = {"affinity": "pod-affinity", "nodeSelector": "pod-affinity"}
_TOLERATIONS: Final = "tolerations"
# What a toleration is for; how long it holds is its only other setting.
_TOLERATED: Final = ("key", "operator", "value", "effect")


class TaskPod(NamedTuple):
    """A pod of a task.

    ``name``: of the container that runs the task, as the task says it.
    ``spec``: the pod's spec.
    ``held``: name under which that container stands there; None where it does not, or where containers have no names.
    ``container``: that container; an empty one where it is not there.
    """

    name: str
    spec: dict[str, Any]
    held: str | None
    container: TaskContainer


def read_pod(path: str, template: Any) -> TaskPod:
    """Return the pod of a template; an empty one where its target is something else."""
    is_pod = template.WhichOneof("target") == "k8s_pod"
    name = primary_container_name(template) if is_pod else ""
    spec = plain_struct(template.k8s_pod.pod_spec)
    containers = spec.get("containers")
    primary = primary_container(template) if named_items("containers", containers) is not None else None
    held = None if primary is None else primary.fields["name"].string_value
    place = joined(f"{path}.pod_spec.containers", held or name or "primary")
    return TaskPod(name, spec, held, pod_container({} if primary is None else plain_struct(primary), place))


def compare_pods(ledger: Ledger, path: str, old: Any, new: Any, inputs: tuple[set[str], set[str]]) -> None:
    """Compare the pods of two templates whose targets they are."""
    pods = read_pod(path, old), read_pod(path, new)
    before, after = pods
    edits = primary_edits(path, *pods)
    if before.name != after.name or None not in {before.held, after.held}:
        names = (before.name, after.name) if before.name != after.name else (before.held, after.held)
        if edits:
            ledger.add(
                "primary-container", f"{path}.primary_container_name", *(name or None for name in names), edits=edits
            )
    elif edits:
        ledger.entry("pod-container", f"{path}.pod_spec.containers", before.held, after.held, edits=edits)
    compare_pod_rest(ledger, path, old, new, pods)
    compare_task_containers(ledger, before.container, after.container, inputs)
    compare_data_loading(ledger, f"{path}.data_config", old.k8s_pod.data_config, new.k8s_pod.data_config)


def primary_edits(path: str, old: TaskPod, new: TaskPod) -> Edits:
    """Return what becomes of the name of the container that runs the task, and of its place among the others.

    What is in it is compared as a container.
    """
    edits: Edits = ()
    if old.name != new.name:
        place = f"{path}.primary_container_name"
        edits = (Replacement(place, place, old.name or None, new.name or None),)
    if old.held != new.held:
        place = f"{path}.pod_spec.containers"
        edits += (Splice(place, place, _place(old), _place(new)),)
        if old.held is not None and new.held is not None:
            edits += (Move(joined(place, old.held), joined(place, new.held)),)
    return edits


def _place(pod: TaskPod) -> tuple[tuple[int, str], ...]:
    """Return the container that runs the task, with its place among the others."""
    if pod.held is None:
        return ()
    names = [container["name"] for container in pod.spec["containers"]]
    return ((names.index(pod.held), pod.held),)


def compare_pod_rest(ledger: Ledger, path: str, old: Any, new: Any, pods: tuple[TaskPod, TaskPod]) -> None:
    """Compare what a pod has beside the container that runs the task; the target of one of the two may be no pod."""
    if old.k8s_pod.metadata != new.k8s_pod.metadata:
        _compare_labels(ledger, f"{path}.metadata", old.k8s_pod.metadata, new.k8s_pod.metadata)
    _compare_specs(ledger, f"{path}.pod_spec", *pods)
    compare_unknown(ledger, path, old.k8s_pod, new.k8s_pod)


def _compare_specs(ledger: Ledger, path: str, old_pod: TaskPod, new_pod: TaskPod) -> None:
    old, new = old_pod.spec, new_pod.spec
    primary = old_pod.held, new_pod.held
    for field in sorted({*old, *new}, key=natural_key):
        before, after = old.get(field), new.get(field)
        is_primary_other = field == "containers" and primary[0] != primary[1]
        if field in old and field in new and canonical(before) == canonical(after) and not is_primary_other:
            continue
        place = joined(path, field)
        if field in _NAMED:
            _compare_named(ledger, place, before, after, field, primary=primary)
        elif field == _TOLERATIONS:
            _compare_tolerations(ledger, place, before, after)
        else:
            stem = _SCHEDULING.get(field, "pod-setting")
            if field in old and field in new:
                ledger.entries(stem, differences(place, before, after, field))
            else:
                values = (there(spec[field]) if field in spec else None for spec in (old, new))
                ledger.entry(stem, place, *values, key=field)


def _are_objects(value: Any) -> bool:
    return isinstance(value, list) and all(isinstance(item, dict) for item in value)


def named_items(field: str, value: Any) -> dict[str, Any] | None:
    """Return the items of a list in a pod's spec by name; None where they cannot be told by it, as Kubernetes has it."""
    if field not in _NAMED or not _are_objects(value):
        return None
    items = {item.get("name"): item for item in value}
    return items if len(items) == len(value) and all(isinstance(name, str) for name in items) else None


def _compare_odd(ledger: Ledger, path: str, field: str, values: tuple[Any, Any], known: tuple[Any, Any]) -> None:
    """Compare what stands in place of lists, as far as it is not known by name."""
    old, new = (None if items is not None else value for value, items in zip(values, known, strict=True))
    if old is not None and new is not None:
        ledger.entries("pod-setting", differences(path, old, new, field))
    elif old is not new:
        ledger.entry("pod-setting", path, old, new, key=field)


def _compare_named(
    ledger: Ledger, path: str, old: Any, new: Any, field: str, *, primary: tuple[str | None, str | None]
) -> None:
    stem, known = _NAMED[field], (named_items(field, old), named_items(field, new))
    _compare_odd(ledger, path, field, (old, new), known)
    named = [items or {} for items in known]
    names = [list(items) for items in named]
    # Those that run the tasks are compared by themselves; where both are one, it keeps its place among the others.
    apart = primary if field == "containers" else (None, None)
    before, after = (
        {name: item for name, item in items.items() if name != held} for items, held in zip(named, apart, strict=True)
    )
    for name in sorted({*before, *after}, key=natural_key):
        place = joined(path, name)
        if name not in before or name not in after:
            was, now = before.get(name), after.get(name)
            places = (side if name in items else [] for side, items in zip(names, (before, after), strict=True))
            edits = (Replacement(place, place, was, now), listed(path, path, name, *places))
            ledger.entry(stem, place, was, now, edits=edits)
        elif not same(before[name], after[name]):
            # What changed inside of it was added or removed there; the thing itself was changed.
            ledger.differences(f"{stem}-changed", differences(place, before[name], after[name]))
    if splice := reordered(path, path, *names, apart=apart if apart[0] != apart[1] else ()):
        ledger.add(f"{stem}-changed", path, *names, kind="reordered", edits=(splice,))


def labelled_tolerations(field: str, value: Any) -> dict[str, Any] | None:
    """Return tolerations by what they tolerate; None where the field or its value is something else."""
    if field != _TOLERATIONS or not _are_objects(value):
        return None
    labelled: dict[str, Any] = {}
    for _, item in sorted({canonical(item): item for item in value}.items()):
        label = " ".join(str(item[name]) for name in _TOLERATED if name in item) or "everything"
        number = 1
        while (key := label if number == 1 else f"{label} #{number}") in labelled:
            number += 1
        labelled[key] = item
    return labelled


def _compare_tolerations(ledger: Ledger, path: str, old: Any, new: Any) -> None:
    labelled = labelled_tolerations(_TOLERATIONS, old), labelled_tolerations(_TOLERATIONS, new)
    _compare_odd(ledger, path, _TOLERATIONS, (old, new), labelled)
    before, after = (items or {} for items in labelled)
    for label in sorted({*before, *after}, key=natural_key):
        was, now = before.get(label), after.get(label)
        if was is None or now is None or canonical(was) != canonical(now):
            place = joined(path, label)
            ledger.entry("pod-toleration", f"{path}[]", was, now, edits=(Replacement(place, place, was, now),))
