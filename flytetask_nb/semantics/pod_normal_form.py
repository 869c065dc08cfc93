"""Pod specs in normal form: what is the same to Kubernetes reads the same.

Empty lists, maps and texts, zeros, false and null say as much as nothing, unless Kubernetes keeps a pointer there,
which tells an empty thing from none (``securityContext: {}``, ``emptyDir: {}``). Names of fields match in any case,
amounts and times have one spelling. What Kubernetes does not know, or cannot read, stays as it is.
"""

from __future__ import annotations

from collections.abc import Callable
from contextlib import suppress
from typing import TYPE_CHECKING, Any, Final

from flyteidl.core import tasks_pb2

from flytetask_nb.errors import FlyteTaskError
from flytetask_nb.models.plain_values import plain_struct
from flytetask_nb.semantics.pod_specs import POD_SPEC, canonical, is_structure, known_field
from flytetask_nb.semantics.quantities import Quantity, shortest_spelling

if TYPE_CHECKING:
    from collections.abc import Mapping

_POINTER, _LIST, _MAP = "*", "[]", "map[string]"

_Amount = Callable[[str], Any]


def with_normal_pods(template: Any) -> Any:
    """Return a task with the spec of the pod that runs it in normal form.

    ``template``: a flyteidl ``TaskTemplate``. It is not changed.
    Returns flyteidl.core.tasks_pb2.TaskTemplate: the very same where there is nothing to change.
    """
    if not template.HasField("k8s_pod"):
        return template
    given = plain_struct(template.k8s_pod.pod_spec)
    normal = normal_pod_spec(given)
    if normal == given:
        return template
    changed = tasks_pb2.TaskTemplate()
    changed.CopyFrom(template)
    changed.k8s_pod.pod_spec.Clear()
    changed.k8s_pod.pod_spec.update(normal)
    return changed


def normal_pod_spec(spec: Mapping[str, Any], amount: _Amount | None = None) -> dict[str, Any]:
    """Return a pod spec in normal form.

    ``spec``: as plain Python values. It is not changed.
    ``amount``: what to make of the text of each quantity. None: the one spelling that all equal amounts share.

    Notes
    -----
    The kinds of fields are those of k8s.io/api/core/v1, see ``pod_fields.json``.
    """
    read, _ = _structure(POD_SPEC, spec, amount)
    return read


def nested_normal_pods(settings: Mapping[str, Any]) -> dict[str, Any]:
    """Return settings of a plugin, as plain Python values, with the pod specs that stand under that name in normal form."""
    return {
        key: normal_pod_spec(value) if key in _SPECS and isinstance(value, dict) else _nested(value)
        for key, value in settings.items()
        if _SPECS.isdisjoint(settings) or value or key not in _BESIDE_SPECS
    }


_SPECS: Final = frozenset({"podSpec", "pod_spec"})
# Pods that are older than the message for them have these beside (plugins/k8s/pod/plugin.go).
_BESIDE_SPECS: Final = frozenset({"primaryContainerName", "annotations", "labels"})


def _nested(value: Any) -> Any:
    if isinstance(value, list):
        return [_nested(item) for item in value]
    return nested_normal_pods(value) if isinstance(value, dict) else value


# -- reading -------------------------------------------------------------------------------------------------------
# Each returns what Kubernetes reads, and whether that says as much as nothing.


def _read(kind: str, value: Any, amount: _Amount | None) -> tuple[Any, bool]:
    if isinstance(value, str) and kind == "string":
        # Most of a pod is this.
        return value, not value
    if kind.startswith(_LIST) and isinstance(value, list):
        items = [_item(kind.removeprefix(_LIST), item, amount) for item in value]
        return items, not items
    if kind.startswith(_MAP) and isinstance(value, dict):
        entries = {key: _item(kind.removeprefix(_MAP), item, amount) for key, item in value.items()}
        return entries, not entries
    if is_structure(kind) and isinstance(value, dict):
        return _structure(kind, value, amount)
    written, is_zero = value, False
    if not isinstance(value, dict | list):
        # What is of another kind stays.
        with suppress(FlyteTaskError):
            written, is_zero = canonical(kind, value)
            if kind == _QUANTITY:
                # Kubernetes keeps the notation, so that equal amounts can read otherwise.
                as_given = value.strip() if isinstance(value, str) else written
                written = shortest_spelling(Quantity(written)) if amount is None else amount(as_given)
    return written, is_zero


_QUANTITY: Final = "Quantity"


def _item(kind: str, value: Any, amount: _Amount | None) -> Any:
    """Return an item of a list or a map, which is there whatever it says."""
    return _read(kind, {} if value is None and is_structure(kind) else value, amount)[0]


def _structure(name: str, fields: Mapping[str, Any], amount: _Amount | None) -> tuple[dict[str, Any], bool]:
    normal: dict[str, Any] = {}
    for key, value in fields.items():
        known = known_field(name, key)
        # Of a name that stands there in two cases the exact one counts, and the other stays.
        if known is None or (key != known[0] and known[0] in fields):
            normal[key] = value
        elif value is not None:
            exact, kind = known
            read, is_zero = _read(kind.removeprefix(_POINTER), value, amount)
            if kind.startswith(_POINTER) or not is_zero:
                normal[exact] = read
    return normal, not normal
