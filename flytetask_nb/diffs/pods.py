"""Changes of a pod: its primary container like any container, the rest by name."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Final

from flytetask_nb.diffs.changes import joined
from flytetask_nb.diffs.containers import Runtime, compare_data_loading, compare_runtimes, pod_runtime
from flytetask_nb.diffs.messages import compare_entries, compare_unknown
from flytetask_nb.diffs.structures import canonical, differences, same
from flytetask_nb.models.fields import plain_struct
from flytetask_nb.models.order import natural_key
from flytetask_nb.semantics.pods import primary_container_name

if TYPE_CHECKING:
    from flytetask_nb.diffs.changes import Ledger

__all__ = ["compare_pods", "primary_runtime"]

# Lists of named things in a pod's spec, and the stem of the rules for them.
_NAMED: Final = {"containers": "pod-container", "initContainers": "pod-init-container", "volumes": "pod-volume"}
_SCHEDULING: Final = {"affinity": "pod-affinity", "nodeSelector": "pod-affinity"}
_TOLERATIONS: Final = "tolerations"


def primary_runtime(path: str, template: Any) -> Runtime:
    """Give the container of a pod that runs the task; an empty one where the pod does not hold it."""
    name = primary_container_name(template)
    spec = plain_struct(template.k8s_pod.pod_spec)
    place = joined(f"{path}.pod_spec.containers", name or "primary")
    return pod_runtime(place, _primary(spec, name) or {})


def _primary(spec: dict[str, Any], name: str) -> dict[str, Any] | None:
    containers = spec.get("containers")
    if not isinstance(containers, list):
        return None
    named = [one for one in containers if isinstance(one, dict) and one.get("name") == name]
    return named[0] if len(named) == 1 else None


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
    names = primary_container_name(old), primary_container_name(new)
    said = names if both else (before.primary_container_name, after.primary_container_name)
    if said[0] != said[1]:
        ledger.add("primary-container", f"{path}.primary_container_name", said[0] or None, said[1] or None)
    _compare_metadata(ledger, f"{path}.metadata", before.metadata, after.metadata)
    if before.pod_spec != after.pod_spec:
        specs = plain_struct(before.pod_spec), plain_struct(after.pod_spec)
        _compare_specs(ledger, f"{path}.pod_spec", *specs, names)
        # What is in it is compared as a container; that it is there, and its name, is told here.
        held = [name if _primary(spec, name) is not None else None for spec, name in zip(specs, names, strict=True)]
        if held[0] != held[1]:
            ledger.entry("pod-container", f"{path}.pod_spec.containers", held[0], held[1])
        if both:
            runtimes = [
                pod_runtime(joined(f"{path}.pod_spec.containers", name or "primary"), _primary(spec, name) or {})
                for spec, name in zip(specs, names, strict=True)
            ]
            compare_runtimes(ledger, runtimes[0], runtimes[1], inputs)
    if before.data_config != after.data_config:
        compare_data_loading(ledger, f"{path}.data_config", before.data_config, after.data_config)
    compare_unknown(ledger, path, before, after)


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
        # What is not there is an empty list where lists are compared; a null is not.
        before, after = old.get(field, []), new.get(field, [])
        if field in old and field in new and canonical(before) == canonical(after):
            continue
        place = joined(path, field)
        if field in _NAMED and _is_named(before) and _is_named(after):
            _compare_named(ledger, place, before, after, _NAMED[field], primary=primary)
        elif field == _TOLERATIONS and _are_objects(before) and _are_objects(after):
            _compare_tolerations(ledger, place, before, after)
        else:
            stem = _SCHEDULING.get(field, "pod-setting")
            if field in old and field in new:
                for inner, was, now, key in differences(place, before, after, field):
                    ledger.entry(stem, inner, was, now, key=key)
            else:
                ledger.entry(stem, place, _there(old, field), _there(new, field), key=field)


def _there(spec: dict[str, Any], field: str) -> Any:
    if field not in spec:
        return None
    return "null" if spec[field] is None else spec[field]


def _are_objects(value: Any) -> bool:
    return isinstance(value, list) and all(isinstance(item, dict) for item in value)


def _is_named(value: Any) -> bool:
    if not _are_objects(value):
        return False
    names = [item.get("name") for item in value]
    return all(isinstance(name, str) for name in names) and len(set(names)) == len(names)


def _compare_named(
    ledger: Ledger, path: str, old: list[Any], new: list[Any], stem: str, *, primary: tuple[str, str]
) -> None:
    is_containers = stem == "pod-container"
    before, after = (
        {item["name"]: item for item in items if not (is_containers and item["name"] == name)}
        for items, name in zip((old, new), primary, strict=True)
    )
    for name in sorted({*before, *after}, key=natural_key):
        place = joined(path, name)
        if name not in before or name not in after:
            ledger.entry(stem, place, before.get(name), after.get(name))
        elif not same(before[name], after[name]):
            for inner, was, now, key in differences(place, before[name], after[name]):
                # What changed inside of it was added or removed there; the thing itself was changed.
                kind = "added" if was is None else "removed" if now is None else "changed"
                ledger.add(f"{stem}-changed", inner, was, now, kind=kind, key=key)
    order = [
        [item["name"] for item in items if item["name"] in other]
        for items, other in ((old, {i["name"] for i in new}), (new, {i["name"] for i in old}))
    ]
    if order[0] != order[1]:
        ledger.add(f"{stem}-changed", path, order[0], order[1], kind="reordered")


def _compare_tolerations(ledger: Ledger, path: str, old: list[Any], new: list[Any]) -> None:
    before, after = ([canonical(item) for item in items] for items in (old, new))
    for text, item in zip(before, old, strict=True):
        if text not in after:
            ledger.entry("pod-toleration", f"{path}[]", item, None)
    for text, item in zip(after, new, strict=True):
        if text not in before:
            ledger.entry("pod-toleration", f"{path}[]", None, item)
