"""Changes of a pod: its primary container like any container, the rest by name."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Final

from flytetask_nb.diffs.changes import Edit, Move, Splice, joined
from flytetask_nb.diffs.containers import Runtime, compare_data_loading, compare_runtimes, pod_runtime
from flytetask_nb.diffs.messages import compare_entries, compare_unknown
from flytetask_nb.diffs.structures import canonical, differences, moved, same
from flytetask_nb.diffs.texts import Word
from flytetask_nb.models.fields import plain_struct
from flytetask_nb.models.order import natural_key
from flytetask_nb.semantics.pods import primary_container_name

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from flytetask_nb.diffs.changes import Ledger

__all__ = ["compare_pods", "held_container", "is_absent", "is_named", "labelled_tolerations", "primary_runtime"]

# Lists of named things in a pod's spec, and the stem of the rules for them.
_NAMED: Final = {"containers": "pod-container", "initContainers": "pod-init-container", "volumes": "pod-volume"}
_SCHEDULING: Final = {"affinity": "pod-affinity", "nodeSelector": "pod-affinity"}
_TOLERATIONS: Final = "tolerations"
# What a toleration is for; how long it holds is its only other setting.
_TOLERATED: Final = ("key", "operator", "value", "effect")


def primary_runtime(path: str, template: Any) -> Runtime:
    """Give the container of a pod that runs the task; an empty one where the pod does not hold it."""
    name = primary_container_name(template)
    spec = plain_struct(template.k8s_pod.pod_spec)
    place = joined(f"{path}.pod_spec.containers", name or "primary")
    return pod_runtime(place, held_container(spec, name) or {})


def held_container(spec: Mapping[str, Any], name: str) -> dict[str, Any] | None:
    """Give the container of that name; None if there is none, or if containers cannot be told by name."""
    containers = spec.get("containers")
    if not is_named("containers", containers):
        return None
    return next((one for one in containers or () if one["name"] == name), None)


def compare_pods(ledger: Ledger, path: str, old: Any, new: Any, inputs: tuple[set[str], set[str]]) -> None:
    """Compare the pods of two templates.

    Parameters
    ----------
    ledger
        Takes the changes.
    path
        Where the pods stand.
    old, new
        ``TaskTemplate`` messages, whose target is a pod or, on one side, something else.
    inputs
        Names of the tasks' inputs, before and after.
    """
    before, after = old.k8s_pod, new.k8s_pod
    both = old.HasField("k8s_pod") and new.HasField("k8s_pod")
    names = [primary_container_name(one) if one.HasField("k8s_pod") else "" for one in (old, new)]
    if names[0] != names[1]:
        ledger.add("primary-container", f"{path}.primary_container_name", names[0] or None, names[1] or None)
    _compare_metadata(ledger, f"{path}.metadata", before.metadata, after.metadata)
    if before.pod_spec != after.pod_spec or names[0] != names[1] or inputs[0] != inputs[1]:
        specs = plain_struct(before.pod_spec), plain_struct(after.pod_spec)
        _compare_specs(ledger, f"{path}.pod_spec", *specs, (names[0], names[1]))
        _compare_held(ledger, f"{path}.pod_spec.containers", specs, names)
        if both:
            runtimes = [
                pod_runtime(joined(f"{path}.pod_spec.containers", name or "primary"), held_container(spec, name) or {})
                for spec, name in zip(specs, names, strict=True)
            ]
            compare_runtimes(ledger, runtimes[0], runtimes[1], inputs)
    if before.data_config != after.data_config:
        compare_data_loading(ledger, f"{path}.data_config", before.data_config, after.data_config)
    compare_unknown(ledger, path, before, after)


def _compare_held(ledger: Ledger, path: str, specs: Sequence[dict[str, Any]], names: Sequence[str]) -> None:
    """Tell that the container that runs the task is there, and its name: what is in it is compared as a container."""
    held = [name if held_container(spec, name) is not None else None for spec, name in zip(specs, names, strict=True)]
    if held[0] == held[1]:
        return
    places = [
        () if name is None else ((_order(spec).index(name), name),) for spec, name in zip(specs, held, strict=True)
    ]
    edits: list[Splice | Move] = [Splice(path, path, *places)]
    if held[0] is not None and held[1] is not None:
        edits.append(Move(joined(path, held[0]), joined(path, held[1])))
    ledger.entry("pod-container", path, *held, edits=tuple(edits))


def _order(spec: dict[str, Any]) -> list[str]:
    return [one["name"] for one in spec["containers"]]


def _compare_metadata(ledger: Ledger, path: str, old: Any, new: Any) -> None:
    if old == new:
        return
    compare_entries(ledger, f"{path}.labels", old.labels, new.labels, "pod-label")
    compare_entries(ledger, f"{path}.annotations", old.annotations, new.annotations, "pod-annotation")
    compare_unknown(ledger, path, old, new)


def _compare_specs(
    ledger: Ledger, path: str, old: dict[str, Any], new: dict[str, Any], primary: tuple[str, str]
) -> None:
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
                ledger.entry(stem, place, _there(old, field), _there(new, field), key=field)


def _there(spec: dict[str, Any], field: str) -> Any:
    if field not in spec:
        return None
    return Word("null") if spec[field] is None else spec[field]


def _are_objects(value: Any) -> bool:
    return isinstance(value, list) and all(isinstance(item, dict) for item in value)


def is_absent(field: str, value: Any) -> bool:
    """Tell whether a list of a pod's spec is as good as not there: null instead of a list."""
    return value is None and (field in _NAMED or field == _TOLERATIONS)


def is_named(field: str, value: Any) -> bool:
    """Tell whether a field of a pod's spec is a list whose items can be told by name, as Kubernetes has it."""
    if field not in _NAMED or not _are_objects(value):
        return False
    names = [item.get("name") for item in value]
    return all(isinstance(name, str) for name in names) and len(set(names)) == len(names)


def _compare_named(ledger: Ledger, path: str, old: Any, new: Any, field: str, *, primary: tuple[str, str]) -> None:
    stem, is_containers = _NAMED[field], field == "containers"
    known = [is_named(field, one) for one in (old, new)]
    odd = [None if one is None or is_there else one for one, is_there in zip((old, new), known, strict=True)]
    lists: list[list[Any]] = [one if is_there else [] for one, is_there in zip((old, new), known, strict=True)]
    if odd[0] is not None and odd[1] is not None:
        ledger.entries("pod-setting", differences(path, odd[0], odd[1], field))
    elif odd[0] is not None or odd[1] is not None:
        ledger.entry("pod-setting", path, *odd, key=field)
    names = [[item["name"] for item in items] for items in lists]
    before, after = (
        {item["name"]: item for item in items if not (is_containers and item["name"] == name)}
        for items, name in zip(lists, primary, strict=True)
    )
    for name in sorted({*before, *after}, key=natural_key):
        place = joined(path, name)
        if name not in before or name not in after:
            gone = ((names[0].index(name), name),) if name in before else ()
            come = ((names[1].index(name), name),) if name in after else ()
            was, now = before.get(name), after.get(name)
            edits = (Edit(place, place, was, now), Splice(path, path, gone, come))
            ledger.entry(stem, place, was, now, edits=edits)
        elif not same(before[name], after[name]):
            # What changed inside of it was added or removed there; the thing itself was changed.
            ledger.differences(f"{stem}-changed", differences(place, before[name], after[name]))
    kept = [[(index, name) for index, name in enumerate(one) if name in before and name in after] for one in names]
    if is_containers and primary[0] == primary[1] and all(primary[0] in one for one in names):
        kept = [
            [
                (index, name)
                for index, name in enumerate(one)
                if name == primary[0] or (name in before and name in after)
            ]
            for one in names
        ]
    splice = moved(path, path, *kept)
    if splice is not None:
        ledger.add(f"{stem}-changed", path, *names, kind="reordered", edits=(splice,))


def labelled_tolerations(field: str, value: Any) -> dict[str, Any] | None:
    """Give tolerations by what they tolerate; None where the field or its value is something else.

    Parameters
    ----------
    field
        Of a pod's spec.
    value
        What stands there.
    """
    if field != _TOLERATIONS or not _are_objects(value):
        return None
    found: dict[str, Any] = {}
    for item in [item for _, item in sorted({canonical(item): item for item in value}.items())]:
        label = " ".join(str(item[name]) for name in _TOLERATED if name in item) or "everything"
        number = 1
        while (key := label if number == 1 else f"{label} #{number}") in found:
            number += 1
        found[key] = item
    return found


def _compare_tolerations(ledger: Ledger, path: str, old: Any, new: Any) -> None:
    labelled = [labelled_tolerations(_TOLERATIONS, one) for one in (old, new)]
    odd = [None if one is None or items is not None else one for one, items in zip((old, new), labelled, strict=True)]
    if odd[0] is not None and odd[1] is not None:
        ledger.entries("pod-setting", differences(path, odd[0], odd[1], _TOLERATIONS))
    elif odd[0] is not None or odd[1] is not None:
        ledger.entry("pod-setting", path, *odd, key=_TOLERATIONS)
    before, after = (items or {} for items in labelled)
    for label in sorted({*before, *after}, key=natural_key):
        was, now = before.get(label), after.get(label)
        if was is None or now is None or canonical(was) != canonical(now):
            place = joined(path, label)
            ledger.entry("pod-toleration", f"{path}[]", was, now, edits=(Edit(place, place, was, now),))
