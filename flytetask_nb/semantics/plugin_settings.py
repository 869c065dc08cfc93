"""The settings of a task's plugin as the plugin reads them: ``custom`` in normal form, equal where it means the same.

Flyte's own plugins read ``custom`` as a message of ``flyteidl.plugins``, so those messages say which settings there
are and of what kind. Where resources, pod specs or Spark's configuration stand in them, amounts are read in the unit
that counts there: ``0.5`` and ``500m``, ``1Gi`` and ``1024Mi``, Spark's ``1g`` and ``1024m`` are each one amount.
"""

from __future__ import annotations

import math
import re
from functools import cache
from importlib import import_module
from typing import TYPE_CHECKING, Any, Final, NamedTuple

from google.protobuf.descriptor import FieldDescriptor

from flytetask_nb.errors import QuantityError, shortened
from flytetask_nb.models.plain_values import plain_struct
from flytetask_nb.models.resource_names import RESOURCES, resource_name
from flytetask_nb.semantics.descriptors import is_map, is_repeated, map_values
from flytetask_nb.semantics.pod_normal_form import nested_normal_pods, normal_pod_spec
from flytetask_nb.semantics.pod_specs import json_number
from flytetask_nb.semantics.quantities import parse
from flytetask_nb.semantics.spark_conf import notation_of

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping
    from fractions import Fraction

KUBEFLOW: Final = frozenset({"mpi", "pytorch", "tensorflow"})
"""Types of tasks whose plugins read one message in version 0 of the task type, and another in version 1."""

# By type of task, and by version where that decides: module and name of the message that its plugin reads
# (flyteplugins/go/tasks/plugins/k8s, /array/core/state.go, /webapi/databricks).
_MESSAGES: Final[Mapping[tuple[str, int | None], tuple[str, str]]] = {
    ("container_array", None): ("array_job", "ArrayJob"),
    ("dask", None): ("dask", "DaskJob"),
    ("databricks", None): ("spark", "SparkJob"),
    ("mpi", 0): ("mpi", "DistributedMPITrainingTask"),
    ("mpi", 1): ("kubeflow.mpi", "DistributedMPITrainingTask"),
    ("pytorch", 0): ("pytorch", "DistributedPyTorchTrainingTask"),
    ("pytorch", 1): ("kubeflow.pytorch", "DistributedPyTorchTrainingTask"),
    ("ray", None): ("ray", "RayJob"),
    ("spark", None): ("spark", "SparkJob"),
    ("tensorflow", 0): ("tensorflow", "DistributedTensorflowTrainingTask"),
    ("tensorflow", 1): ("kubeflow.tensorflow", "DistributedTensorflowTrainingTask"),
}


class Spelling(str):
    """An amount as it is written, equal to every other spelling of it and to nothing else.

    ``text``: as it is written.
    ``value``: the exact amount: cores, bytes, seconds or pieces.
    """

    __slots__ = ("value",)

    value: Fraction

    def __new__(cls, text: str, value: Fraction) -> Spelling:  # noqa: PYI034 - not to be derived from
        """Return the spelling of an amount."""
        self = str.__new__(cls, text)
        self.value = value
        return self

    def __reduce__(self) -> tuple[type[Spelling], tuple[str, Fraction]]:
        return Spelling, (str(self), self.value)

    def __eq__(self, other: object) -> bool:
        return isinstance(other, Spelling) and self.value == other.value

    def __ne__(self, other: object) -> bool:
        return not self == other

    def __hash__(self) -> int:
        return hash((Spelling, self.value))


class Misread(NamedTuple):
    """A setting that is of another kind than its plugin expects: the plugin then reads none of them."""

    path: str
    message: str


class PluginSettings(NamedTuple):
    """What a plugin reads.

    ``values``: by the names of the message. Amounts are of type :class:`Spelling` where they can be read; those of a
      ``Resources`` message or of a pod's container stand beside its other fields as ``requests.cpu`` and
      ``limits.memory``. What is left out means what it means to the plugin: zero, or nothing. What no plugin knows
      stays as it is.
    ``misread``: what the plugin cannot read. Empty: it can read everything.
    ``is_known``: whether a plugin of Flyte reads them. Where not, values are those of ``custom``, with pod specs in
      normal form.
    ``pods``: where pod specs stand among them, and what they are.
    """

    values: dict[str, Any]
    misread: tuple[Misread, ...]
    is_known: bool
    pods: tuple[tuple[str, dict[str, Any]], ...] = ()


def settings_of(template: Any) -> PluginSettings:
    """Return the settings of a task's plugin.

    ``template``: a flyteidl ``TaskTemplate``, or whatever has its ``type``, ``task_type_version`` and ``custom``.

    Notes
    -----
    The plugins read ``custom`` by jsonpb of golang/protobuf (flytestdlib/utils/marshal_utils.go): names in either
    case, null for absent, unknown names passed over; a value of another kind is an error, and every run fails.
    """
    custom = plain_struct(template.custom)
    kind = template.type
    if kind in KUBEFLOW and template.task_type_version not in (0, 1):
        fault = f"version {template.task_type_version} of a {kind} task, and its plugin knows 0 and 1"
        return PluginSettings(custom, (Misread("task_type_version", fault),), is_known=True)
    descriptor = _descriptor(kind, template.task_type_version if kind in KUBEFLOW else None)
    if descriptor is None:
        # Once, tasks of type sidecar had their pod there and nothing else (plugins/k8s/pod/plugin.go).
        read = normal_pod_spec if (kind, template.task_type_version) == ("sidecar", 1) else nested_normal_pods
        return PluginSettings(read(custom), (), is_known=False)
    reading = _Reading()
    values = reading.message(descriptor, custom, "custom")
    return PluginSettings(values, tuple(reading.misread), is_known=True, pods=tuple(reading.pods))


@cache
def _descriptor(kind: str, version: int | None) -> Any:
    message = _MESSAGES.get((kind, version))
    if message is None:
        return None
    # Few tasks have such a plugin, so its messages are not imported before one turns up.
    module = import_module(f"flyteidl.plugins.{message[0]}_pb2")
    return module.DESCRIPTOR.message_types_by_name[message[1]]


def amounts_in(values: Mapping[str, Any]) -> dict[str, str]:
    """Return the amounts that stand beside the other fields of a group or a container, by side and resource."""
    return {key: value for key, value in values.items() if key.startswith(_SIDES_OF) and isinstance(value, str)}


def amounts_of_resources(resources: Any) -> dict[str, str]:
    """Return the amounts of a ``flyteidl.core.Resources`` message as they stand there, by side and resource."""
    entries = [(side, entry) for side in _SIDES for entry in getattr(resources, side)]
    return {f"{side}.{resource_name(entry.name)}": entry.value for side, entry in entries}


def amounts_of_container(container: Mapping[str, Any]) -> dict[str, str]:
    """Return the amounts of a container of a pod, as plain Python values, by side and resource."""
    return amounts_in(_container(container))


# -- reading -------------------------------------------------------------------------------------------------------

_SIDES: Final = ("requests", "limits")
_SIDES_OF: Final = ("requests.", "limits.")
_RESOURCES: Final = {str(resource.number): resource.name for resource in RESOURCES}
_RANGES: Final = {
    FieldDescriptor.TYPE_INT32: (-(2**31), 2**31),
    FieldDescriptor.TYPE_UINT32: (0, 2**32),
    FieldDescriptor.TYPE_INT64: (-(2**63), 2**63),
    FieldDescriptor.TYPE_UINT64: (0, 2**64),
}
_SCALARS: Final = {
    FieldDescriptor.TYPE_FLOAT: ((int, float), "a number"),
    FieldDescriptor.TYPE_DOUBLE: ((int, float), "a number"),
    FieldDescriptor.TYPE_STRING: ((str,), "a text"),
    FieldDescriptor.TYPE_BOOL: ((bool,), "true or false"),
}
_JSON_WHOLE: Final = re.compile(r"-?(?:0|[1-9][0-9]*)", re.ASCII)
# `ray start` takes these as whole numbers.
_START_PARAMETERS: Final = frozenset({"num-cpus", "num-gpus", "memory", "object-store-memory"})


class _Reading:
    """Settings while they are read."""

    def __init__(self) -> None:
        self.misread: list[Misread] = []
        self.pods: list[tuple[str, dict[str, Any]]] = []

    def message(self, descriptor: Any, given: Any, path: str) -> Any:
        """Read the fields of a message."""
        if not isinstance(given, dict):
            return self._refuse(path, given, "an object")
        fields = _fields(descriptor)
        values: dict[str, Any] = {}
        for key, value in given.items():
            field = fields.get(key)
            place = f"{path}.{key}"
            if field is None:
                values[key] = value
            elif value is None:
                continue
            elif field.message_type is not None and field.message_type.full_name == "flyteidl.core.Resources":
                values.update(self._resources(field.message_type, value, place))
            else:
                known = len(self.misread)
                read = self._field(field, value, place)
                # What is as good as absent is left out; that a message is there can mean something.
                if read or _has_presence(field) or len(self.misread) > known:
                    values[field.json_name] = read
        return values

    def _field(self, field: Any, value: Any, path: str) -> Any:
        hook = _HOOKS.get(field.full_name)
        if is_map(field):
            if not isinstance(value, dict):
                return self._refuse(path, value, "an object")
            entries = {key: self._value(map_values(field), inner, f"{path}.{key}") for key, inner in value.items()}
            return hook(entries) if hook else entries
        if is_repeated(field):
            if not isinstance(value, list):
                return self._refuse(path, value, "a list")
            return [self._value(field, item, f"{path}.{_label(item, place)}") for place, item in enumerate(value)]
        read = self._value(field, value, path)
        if hook is None or not isinstance(read, dict):
            return read
        if hook is _pod_spec:
            self.pods.append((path, read))
        return hook(read)

    def _value(self, field: Any, value: Any, path: str) -> Any:
        """Read one value of a field."""
        if field.message_type is not None:
            if field.message_type.full_name != "google.protobuf.Struct":
                return self.message(field.message_type, value, path)
            return value if isinstance(value, dict) else self._refuse(path, value, "an object")
        if field.enum_type is not None:
            return self._enum(field.enum_type, value, path)
        if field.type in _RANGES:
            return self._whole(field.type, value, path)
        kinds, words = _SCALARS[field.type]
        return value if type(value) in kinds else self._refuse(path, value, words)

    def _whole(self, kind: int, value: Any, path: str) -> Any:
        least, end = _RANGES[kind]
        number = None
        if isinstance(value, str) and _JSON_WHOLE.fullmatch(value):
            number = int(value) if len(value) < _LONGEST else end
        elif isinstance(value, int | float) and not isinstance(value, bool) and math.isfinite(value):
            number = int(value) if value == int(value) else None
        if number is None or not least <= number < end:
            return self._refuse(path, value, f"a whole number from {least:,} to {end - 1:,}")
        return number

    def _enum(self, enum: Any, value: Any, path: str) -> Any:
        """Read an enum, which is a name or a number, as the name; the first stands for none."""
        if isinstance(value, str):
            named = enum.values_by_name.get(value)
            if named is None:
                return self._refuse(path, value, f"one of {', '.join(enum.values_by_name)}")
        else:
            number = self._whole(FieldDescriptor.TYPE_INT32, value, path)
            named = enum.values_by_number.get(number) if isinstance(number, int) else None
            if named is None:
                return number
        return str(named.name) if named.number else ""

    def _resources(self, descriptor: Any, given: Any, path: str) -> dict[str, Any]:
        """Read amounts by side and resource; of a resource that stands there twice the last that is not zero counts."""
        known = len(self.misread)
        read = self.message(descriptor, given, path)
        if len(self.misread) > known:
            # What stands there can be anything.
            return {path.rpartition(".")[2]: given}
        amounts: dict[str, str] = {}
        for side in _SIDES:
            for entry in read.get(side, ()):
                name = entry.get("name")
                key = f"{side}.{_RESOURCES.get(name) or (f'resource {name}' if name else 'unknown')}"
                amount = _quantity(entry.get("value") or "")
                if key not in amounts or not isinstance(amount, Spelling) or amount.value:
                    amounts[key] = amount
        return amounts

    def _refuse(self, path: str, value: Any, expected: str) -> Any:
        """Take down what is of another kind than expected, and keep it as it is."""
        self.misread.append(Misread(path, f"{_value_words(value)}, where the plugin expects {expected}"))
        return value


_LONGEST: Final = 30
_LONGEST_VALUE: Final = 60


def _value_words(value: Any) -> str:
    if isinstance(value, dict | list):
        return "an object" if isinstance(value, dict) else "a list"
    text = "null" if value is None else str(value).lower() if isinstance(value, bool) else repr(value)
    return shortened(text, _LONGEST_VALUE)


@cache
def _fields(descriptor: Any) -> dict[str, Any]:
    return {name: field for field in descriptor.fields for name in (field.name, field.json_name)}


def _has_presence(field: Any) -> bool:
    """Tell whether a field that is there and empty is another thing than one that is not there."""
    if field.message_type is not None and field.message_type.full_name in _NOTHING_IF_EMPTY:
        return False
    return (field.message_type is not None and not is_repeated(field)) or field.containing_oneof is not None


# Of these Flyte asks what is in them (plugins/k8s/ray/ray.go, spark/spark.go).
_NOTHING_IF_EMPTY: Final = frozenset({"flyteidl.core.K8sPod", "flyteidl.core.K8sObjectMetadata"})


def _label(item: Any, place: int) -> str:
    """Name an item of a list: groups of workers and resources have names of their own."""
    for key in ("groupName", "group_name", "name"):
        if isinstance(item, dict) and isinstance(item.get(key), str) and item[key]:
            return str(item[key])
    return str(place)


# -- where amounts stand -------------------------------------------------------------------------------------------


def _quantity(text: str) -> str:
    try:
        return Spelling(text, parse(text).value)
    except QuantityError:
        return text


def _spark_conf(given: dict[str, Any]) -> dict[str, Any]:
    conf = dict(given)
    for key, text in given.items():
        notation = notation_of(key)
        value = notation.read(text) if notation is not None and isinstance(text, str) else None
        if value is not None:
            conf[key] = Spelling(text, value)
    return conf


def _databricks(given: dict[str, Any]) -> dict[str, Any]:
    cluster = given.get("new_cluster")
    if not isinstance(cluster, dict) or not isinstance(cluster.get("spark_conf"), dict):
        return given
    return {**given, "new_cluster": {**cluster, "spark_conf": _spark_conf(cluster["spark_conf"])}}


def _start_parameters(given: dict[str, Any]) -> dict[str, Any]:
    return {key: _quantity(text) if key in _START_PARAMETERS else text for key, text in given.items()}


def _pod_spec(given: dict[str, Any]) -> dict[str, Any]:
    read = normal_pod_spec(given, _quantity)
    for field in ("containers", "initContainers"):
        if isinstance(read.get(field), list):
            read[field] = [_container(container) for container in read[field]]
    return read


def _container(given: Any) -> Any:
    """Put a container's amounts beside its other fields."""
    resources = given.get("resources") if isinstance(given, dict) else None
    if not isinstance(resources, dict):
        return given
    sides = {side: resources[side] for side in _SIDES if isinstance(resources.get(side), dict)}
    amounts = {f"{side}.{name}": _text(amount) for side, named in sides.items() for name, amount in named.items()}
    if None in amounts.values():
        return given
    rest = {key: value for key, value in resources.items() if key not in sides}
    kept = {key: value for key, value in given.items() if key != "resources"}
    read = {key: _quantity(text) for key, text in amounts.items() if text is not None}
    return {**kept, **({"resources": rest} if rest else {}), **read}


def _text(amount: Any) -> str | None:
    """Return the text of a quantity, which may be a number; None for what is neither."""
    if isinstance(amount, str):
        return amount.strip()
    return json_number(float(amount)) if isinstance(amount, int | float) and not isinstance(amount, bool) else None


_HOOKS: Final[Mapping[str, Callable[[dict[str, Any]], dict[str, Any]]]] = {
    "flyteidl.core.K8sPod.pod_spec": _pod_spec,
    "flyteidl.plugins.HeadGroupSpec.ray_start_params": _start_parameters,
    "flyteidl.plugins.SparkJob.databricksConf": _databricks,
    "flyteidl.plugins.SparkJob.sparkConf": _spark_conf,
    "flyteidl.plugins.WorkerGroupSpec.ray_start_params": _start_parameters,
}
