"""Pod specs in normal form: what is the same to Kubernetes reads the same.

Empty lists, maps and texts, zeros, false and null say as much as nothing, unless Kubernetes keeps a pointer there, which
tells an empty thing from none (``securityContext: {}``, ``emptyDir: {}``). Names of fields match in any case, amounts and
times have one spelling. What Kubernetes does not know, or cannot read, stays as it is.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Final

from flyteidl.core import tasks_pb2

from flytetask_nb.errors import FlyteTaskError
from flytetask_nb.semantics.pod_specs import POD_SPEC, canonical, is_structure, known_field
from flytetask_nb.semantics.quantities import Quantity, shortest_spelling

if TYPE_CHECKING:
    from google.protobuf.struct_pb2 import Value

__all__ = ["with_normal_pods"]

_POINTER, _LIST, _MAP = "*", "[]", "map[string]"
_QUANTITY = "Quantity"

# The messages of flyteidl that hold pods in the settings of plugins (flyteidl/protos/flyteidl/plugins/ray.proto,
# spark.proto; core/tasks.proto), both in the names of JSON and in their own.
_PODS: Final = frozenset({"k8sPod", "k8s_pod", "driverPod", "driver_pod", "executorPod", "executor_pod"})
_SPECS: Final = frozenset({"podSpec", "pod_spec"})


def with_normal_pods(template: Any) -> Any:
    """Return a task with the specs of its pods in normal form.

    Parameters
    ----------
    template
        A flyteidl ``TaskTemplate``. It is not changed.

    Returns
    -------
    flyteidl.core.tasks_pb2.TaskTemplate
        The very same where it has no pods, neither as what runs it nor in the settings of its plugin.

    Notes
    -----
    The kinds of fields are those of k8s.io/api/core/v1, see ``pod_fields.json``. Tasks of type ``sidecar`` had their pod
    in the settings of the plugin once (flyteplugins/go/tasks/plugins/k8s/pod/plugin.go).
    """
    has_pod = template.HasField("k8s_pod")
    is_pod_itself = template.type == "sidecar" and template.task_type_version == 1
    if not has_pod and not is_pod_itself and not _may_hold_pods(template.custom):
        return template
    found = tasks_pb2.TaskTemplate()
    found.CopyFrom(template)
    if has_pod:
        _structure(POD_SPEC, found.k8s_pod.pod_spec.fields)
    if is_pod_itself:
        _structure(POD_SPEC, found.custom.fields)
    elif not _SPECS.isdisjoint(found.custom.fields):
        _message(_POD, found.custom.fields)
    else:
        _plugin(found.custom.fields)
    return found


def _may_hold_pods(custom: Any) -> bool:
    settings: bytes = custom.SerializeToString()
    return bool(settings) and any(name in settings for name in _NAMES)


_NAMES: Final = tuple(name.encode() for name in (*_PODS, *_SPECS))


# -- Kubernetes' own types -----------------------------------------------------------------------------------------
# Each brings a value into normal form where it stands, and tells whether anything is left of it.


def _structure(name: str, fields: Any) -> bool:
    for key in sorted(fields):
        known = known_field(name, key)
        # Of a name that stands there in two cases the exact one counts, and the other stays.
        if known is None or (key != known[0] and known[0] in fields):
            continue
        if not _field(known[1], fields[key]):
            del fields[key]
        elif key != known[0]:
            fields[known[0]].CopyFrom(fields[key])
            del fields[key]
    return bool(fields)


def _field(kind: str, value: Value) -> bool:
    if value.WhichOneof("kind") == "null_value":
        return False
    if kind.startswith(_POINTER):
        _value(kind.removeprefix(_POINTER), value)
        return True
    return _value(kind, value)


def _value(kind: str, value: Value) -> bool:
    found = value.WhichOneof("kind")
    if kind.startswith(_LIST):
        return found != "list_value" or _items(kind.removeprefix(_LIST), value.list_value.values)
    if kind.startswith(_MAP):
        return found != "struct_value" or _items(kind.removeprefix(_MAP), value.struct_value.fields.values())
    if is_structure(kind):
        return found != "struct_value" or _structure(kind, value.struct_value.fields)
    try:
        written, is_zero = canonical(kind, value)
    except FlyteTaskError:
        return True
    if kind == _QUANTITY:
        # Kubernetes keeps the notation, so that equal amounts can read otherwise.
        written.string_value = shortest_spelling(Quantity(written.string_value))
    value.CopyFrom(written)
    return not is_zero


def _items(kind: str, values: Any) -> bool:
    """Bring the items of a list or a map into normal form: each is there, whatever it says."""
    for item in values:
        if item.WhichOneof("kind") == "null_value" and is_structure(kind):
            item.struct_value.SetInParent()
        _value(kind, item)
    return bool(values)


# -- settings of plugins -------------------------------------------------------------------------------------------

_TEXTS: Final = f"{_MAP}string"
# A kind, or the fields of what stands there. Pods that are older than the message have labels and annotations beside.
_METADATA: Final = {"labels": _TEXTS, "annotations": _TEXTS}
_POD: Final[dict[str, Any]] = {
    **dict.fromkeys(_SPECS, f"{_POINTER}{POD_SPEC}"),
    **dict.fromkeys(("primaryContainerName", "primary_container_name"), "string"),
    "metadata": _METADATA,
    **_METADATA,
}


def _plugin(fields: Any) -> None:
    for key in sorted(fields):
        value = fields[key]
        inner = value.struct_value.fields
        if key in _PODS or not _SPECS.isdisjoint(inner):
            _message(_POD, inner)
        _plugin(inner)
        if key in _PODS and value.HasField("struct_value") and not inner:
            del fields[key]
        for item in value.list_value.values:
            _plugin(item.struct_value.fields)


def _message(known: dict[str, Any], fields: Any) -> None:
    for key in sorted(known.keys() & fields):
        value = fields[key]
        if isinstance(known[key], str):
            is_left = _field(known[key], value)
        else:
            _message(known[key], value.struct_value.fields)
            is_left = not value.HasField("struct_value") or bool(value.struct_value.fields)
        if not is_left:
            del fields[key]
