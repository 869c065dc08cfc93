"""Pods in bytes: their primary containers, with each value that many pods share read once.

Pods of one task differ from version to version in their image alone. So the two outer levels of a pod are parsed to
bytes, and a value is built, and seen to be one that protobuf can parse, only when it is met for the first time. What
is out of the ordinary is built as a whole, by ``runners``, which is the reference.
"""

from __future__ import annotations

from collections import defaultdict
from functools import cache
from typing import TYPE_CHECKING, Any, Final

from google.protobuf import message_factory, struct_pb2
from google.protobuf.message import DecodeError

from flytetask_nb.semantics.pods import primary_container_name
from flytetask_nb.tables.runners import READERS, PodRunner, runner_of, runner_of_fields, text_of
from flytetask_nb.tables.wire import BOOL, BYTES, DOUBLE, NUMBER, TEXT, Fields, described, parsed, parsed_at, wrapped

if TYPE_CHECKING:
    from collections.abc import Collection

__all__ = ["PodReader"]

# All fields are declared, so that the parser looks into what no column reads.
_STRUCT: Final[dict[str, Fields]] = {
    "Entry": [(1, "key", TEXT, False), (2, "value", BYTES, False)],
    "Struct": [(1, "fields", "Entry", True)],
}
_POD: Final[dict[str, Fields]] = {
    **_STRUCT,
    "Pod": [
        # Repeated, because flytekit writes it when it is empty, and an empty text would not be written again.
        (1, "metadata", BYTES, True),
        (2, "pod_spec", "Struct", False),
        (3, "data_config", BYTES, True),
        (4, "primary_container_name", TEXT, False),
    ],
}
_OTHERS: Final[Fields] = [
    (1, "null_value", NUMBER, False),
    (2, "number_value", DOUBLE, False),
    (3, "string_value", TEXT, False),
    (4, "bool_value", BOOL, False),
]
_CONTAINERS: Final[dict[str, Fields]] = {
    **_STRUCT,
    "Container": [*_OTHERS, (5, "struct_value", "Struct", False), (6, "list_value", BYTES, False)],
    "List": [(1, "values", "Container", True)],
    "Value": [*_OTHERS, (5, "struct_value", BYTES, False), (6, "list_value", "List", False)],
}
_CONFIG, _K8S_POD = 16, 17
_TEMPLATE: Final = (1,)
_METADATA: Final = (*_TEMPLATE, _K8S_POD, 1)
_DATA_CONFIG: Final = (*_TEMPLATE, _K8S_POD, 3)
# A value of the pod's spec, and one of a container in it: spec, entry, value; value, list, struct, entry, value.
_OF_SPEC: Final = (*_TEMPLATE, _K8S_POD, 2, 1, 2)
_OF_CONTAINER: Final = (*_OF_SPEC, 6, 1, 5, 1, 2)
_VALUES: Final = (_OF_SPEC, _OF_CONTAINER)
_SHALLOW: Final = 128
"""Bytes in which nothing is nested too deep at any place: a level takes two, and protobuf allows a hundred levels."""


@cache
def _class(wanted: str) -> Any:
    messages = _POD if wanted == "Pod" else _CONTAINERS
    return message_factory.GetMessageClass(described(f"pods.{wanted.lower()}", messages, wanted))


class PodReader:
    """Reads the pods of one table."""

    def __init__(self) -> None:
        self._sound: defaultdict[tuple[int, ...], set[bytes]] = defaultdict(set)
        self._read: dict[tuple[str, bytes | None], tuple[Any, str]] = {}
        self._names: dict[tuple[str, bytes], str] = {}

    def runner(self, pod: bytes, config: list[bytes]) -> PodRunner | None:
        """Give the container that runs a task.

        Parameters
        ----------
        pod
            A serialized ``K8sPod``.
        config
            The entries of the template's ``config``.

        Returns
        -------
        PodRunner or None
            None where protobuf cannot parse the pod or the settings.
        """
        settings = b"".join([wrapped(_CONFIG, entry) for entry in config])
        containers = self._containers(pod)
        if containers is not None:
            name, listed = containers
            chosen = listed[0] if len(listed) == 1 and not settings else self._primary(name, settings, listed)
            if chosen is not None:
                return runner_of_fields(lambda key: self._field(key, chosen.get(key)))
        spec = parsed_at(_TEMPLATE, settings + wrapped(_K8S_POD, pod))
        return None if spec is None else runner_of(spec.template)

    def _containers(self, data: bytes) -> tuple[str, list[dict[str, bytes]]] | None:
        """Give the name of the primary container, and the fields of each; None where the pod is no usual one."""
        pod = _usual("Pod", data)
        if pod is None:
            return None
        spec = _fields(pod.pod_spec)
        if not spec or "containers" not in spec:
            return None
        value = _usual("Value", spec.pop("containers"))
        if value is None or not _holds_only(value, "list_value"):
            return None
        containers = []
        for one in value.list_value.values:
            fields = _fields(one.struct_value) if _holds_only(one, "struct_value") else None
            if not fields or not self._are_sound(_OF_CONTAINER, fields.values()):
                return None
            containers.append(fields)
        is_sound = (
            self._are_sound(_OF_SPEC, spec.values())
            and self._are_sound(_METADATA, pod.metadata)
            and self._are_sound(_DATA_CONFIG, pod.data_config)
        )
        return (pod.primary_container_name, containers) if is_sound else None

    def _primary(self, name: str, settings: bytes, containers: list[dict[str, bytes]]) -> dict[str, bytes] | None:
        known = self._names.get((name, settings))
        if known is None:
            spec = parsed_at(_TEMPLATE, settings)
            if spec is None:
                return None
            if name:
                spec.template.k8s_pod.primary_container_name = name
            known = self._names[name, settings] = primary_container_name(spec.template)
        if len(containers) == 1:
            return containers[0]
        return next((one for one in containers if "name" in one and self._text(one["name"]) == known), None)

    def _text(self, data: bytes) -> str | None:
        return text_of(struct_pb2.Value.FromString(data))

    def _field(self, key: str, data: bytes | None) -> tuple[Any, str]:
        found = self._read.get((key, data))
        if found is None:
            value = None if data is None else struct_pb2.Value.FromString(data)
            found = self._read[key, data] = READERS[key](value)
        return found

    def _are_sound(self, path: tuple[int, ...], values: Collection[bytes]) -> bool:
        """Tell whether protobuf can parse values at their place."""
        known = self._sound[path]
        if known.issuperset(values):
            return True
        for data in values:
            if data in known:
                continue
            if not _is_sound(path, data):
                return False
            known.add(data)
        return True


def _is_sound(path: tuple[int, ...], data: bytes) -> bool:
    if path not in _VALUES or len(data) > _SHALLOW:
        return parsed(path, (data,)) is not None
    try:
        struct_pb2.Value.FromString(data)
    except DecodeError:
        return False
    return True


def _usual(wanted: str, data: bytes) -> Any | None:
    """Parse bytes; None where they are out of the ordinary.

    What protobuf would write in fewer bytes is: a field that holds one message or value and stands there twice.
    """
    try:
        message = _class(wanted).FromString(data)
    except DecodeError:
        return None
    return message if message.ByteSize() == len(data) else None


def _fields(struct: Any) -> dict[str, bytes] | None:
    """Give fields by key; None where one stands there twice."""
    entries = struct.fields
    found = {entry.key: entry.value for entry in entries}
    return found if len(found) == len(entries) else None


def _holds_only(value: Any, name: str) -> bool:
    """Tell whether a value says that it is of one kind, and no other."""
    listed = value.ListFields()
    return len(listed) == 1 and listed[0][0].name == name
