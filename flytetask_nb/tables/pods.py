"""Pods in bytes: thousands of them at once, with each value that many pods share read once.

Pods of one task differ from version to version in their image alone. So the outer levels of all pods are parsed
together, by projections as in ``arrow_extraction``, and what lies deeper is built, and seen to be something that protobuf
can parse, once for all that share it. What is out of the ordinary is built as a whole, by ``runners``, which is the
reference.
"""

from __future__ import annotations

from functools import cache
from typing import TYPE_CHECKING, Any, Final, NamedTuple

import numpy as np
from google.protobuf import struct_pb2
from google.protobuf.message import DecodeError

from flytetask_nb.extras import pa
from flytetask_nb.protobuf_wire import BOOL, BYTES, DOUBLE, NUMBER, TEXT, Fields, described, parsed, parsed_at, wrapped
from flytetask_nb.semantics.task_container import primary_container_name
from flytetask_nb.tables.arrow_lists import items, lengths, listed, numbered, owners, owners_of_repeated, parsed_batch
from flytetask_nb.tables.runners import ABSENT, READERS, PodRunner, runner_of, runner_of_fields, text_of

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

# What stands once at most is repeated, to see when it stands there twice.
_STRUCT: Final[dict[str, Fields]] = {
    "Entry": [(1, "key", TEXT, False), (2, "value", BYTES, True)],
    "Struct": [(1, "fields", "Entry", True)],
}
_POD_FIELDS: Final[Fields] = [
    (1, "metadata", BYTES, True),
    (2, "pod_spec", "Struct", True),
    (3, "data_config", BYTES, True),
    (4, "primary_container_name", TEXT, False),
]
_POD: Final = described("pods.pod", {**_STRUCT, "Pod": _POD_FIELDS}, "Pod")
_OTHERS: Final[Fields] = [
    (1, "null_value", NUMBER, True),
    (2, "number_value", DOUBLE, True),
    (3, "string_value", BYTES, True),
    (4, "bool_value", BOOL, True),
]
_CONTAINERS: Final[dict[str, Fields]] = {
    **_STRUCT,
    "Container": [*_OTHERS, (5, "struct_value", "Struct", True), (6, "list_value", BYTES, True)],
    "List": [(1, "values", "Container", True)],
    "Value": [*_OTHERS, (5, "struct_value", BYTES, True), (6, "list_value", "List", True)],
}
_VALUE: Final = described("pods.value", _CONTAINERS, "Value")
_KINDS: Final = tuple(name for _, name, _, _ in _CONTAINERS["Value"])
_CONFIG, _K8S_POD = 16, 17
_TEMPLATE: Final = (1,)
_METADATA: Final = (*_TEMPLATE, _K8S_POD, 1)
_DATA_CONFIG: Final = (*_TEMPLATE, _K8S_POD, 3)
# A value of the pod's spec, and one of a container in it: spec, entry, value; value, list, struct, entry, value.
_OF_SPEC: Final = (*_TEMPLATE, _K8S_POD, 2, 1, 2)
_OF_CONTAINER: Final = (*_OF_SPEC, 6, 1, 5, 1, 2)
_SHALLOW: Final = 128
"""Bytes in which nothing is nested too deep at any place: a level takes two, and protobuf allows a hundred levels."""


class PodRunners(NamedTuple):
    """The containers that run pods, side by side.

    ``runners``: pods that differ in their image alone share one of them, which has the image of the first.
    ``which``: of each pod which of them it has; -1 where protobuf cannot parse the pod or the settings.
    ``images``: of each pod; empty where it cannot be parsed.
    """

    runners: list[PodRunner]
    which: Any
    images: list[str]


def pod_runners(pods: Sequence[bytes], configs: Sequence[Sequence[bytes]]) -> PodRunners:
    """Return the containers that run tasks.

    ``pods``: a serialized ``K8sPod`` each.
    ``configs``: of each task the entries of the template's ``config``.
    """
    settings = [b"".join([wrapped(_CONFIG, entry) for entry in entries]) for entries in configs]
    containers = _of_usual(pods, settings)
    for position in np.flatnonzero(containers.which < 0).tolist():
        runner = _reference(pods[position], settings[position])
        if runner is not None:
            containers.which[position] = len(containers.runners)
            containers.runners.append(runner)
            containers.images[position] = runner.image
    return containers


def _reference(pod: bytes, settings: bytes) -> PodRunner | None:
    spec = parsed_at(_TEMPLATE, settings + wrapped(_K8S_POD, pod))
    return None if spec is None else runner_of(spec.template)


def _of_usual(pods: Sequence[bytes], settings: Sequence[bytes]) -> PodRunners:
    """Return the runners of pods; none of one that is out of the ordinary, or cannot be parsed."""
    pod_containers = PodRunners([], np.full(len(pods), -1, dtype=np.int64), [""] * len(pods))
    positions, names, lists = _usual_pods(pods)
    containers, is_usual, starts = _containers(lists)
    rows = np.flatnonzero(is_usual).tolist()
    if not rows:
        return pod_containers
    fields = [_read_under(containers, key, read) for key, read in READERS.items()]
    (images, image_of), *others = fields
    # What else there is in each container: equal where that is.
    rest_of = list(zip(*(where for _, where in others), strict=True))
    amounts, amounts_of = others[-1]
    texts, text_of_each = _read_under(containers, "name", text_of)
    called = [texts[place] for place in text_of_each]
    primary_name = cache(_primary_name)
    groups: dict[tuple[Any, ...], int] = {}
    for row in rows:
        position, chosen, end = positions[row], starts[row], starts[row + 1]
        is_only = end - chosen == 1
        # Without settings a pod's only container is the primary one, whatever it is called.
        if not is_only or settings[position]:
            name = primary_name(names[row], settings[position])
            if name is None or not (is_only or name in called[chosen:end]):
                continue
            if not is_only:
                chosen = called.index(name, chosen)
        pod_containers.images[position], problem = images[image_of[chosen]]
        places = [place for place in range(starts[row], end) if place != chosen and called[place] is not None]
        beside = tuple([(called[place], amounts[amounts_of[place]][0]) for place in places])
        group = (problem, rest_of[chosen], beside)
        if group not in groups:
            groups[group] = len(groups)
            chosen_fields = [values[where[chosen]] for values, where in fields]
            pod_containers.runners.append(runner_of_fields(chosen_fields, beside))
        pod_containers.which[position] = groups[group]
    return pod_containers


def _primary_name(name: str, settings: bytes) -> str | None:
    """Return the name of the primary container by a pod and the settings of its task, if protobuf can parse those."""
    spec = parsed_at(_TEMPLATE, settings)
    if spec is None:
        return None
    if name:
        spec.template.k8s_pod.primary_container_name = name
    return str(primary_container_name(spec.template))


class _Structs(NamedTuple):
    """Objects side by side: which entries each has.

    ``size``: how many objects.
    ``owner``, ``key``, ``value``: of each entry the object that it is in, and which of the keys and values it has.
    ``keys``, ``values``: each that is distinct.
    ``is_usual``: of each object whether its keys are distinct and protobuf can parse its values.
    """

    size: int
    owner: Any
    key: Any
    value: Any
    keys: list[str]
    values: list[bytes]
    is_usual: Any

    def under(self, key: str) -> Any:
        """Return of each object which value it has under a key; -1 where it has none."""
        values = np.full(self.size, -1, dtype=np.int64)
        if key in self.keys:
            is_it = self.key == self.keys.index(key)
            values[self.owner[is_it]] = self.value[is_it]
        return values


_NO_STRUCTS: Final = _Structs(0, *(np.zeros(0, dtype=np.int64),) * 3, [], [], np.zeros(0, dtype=bool))


def _structs(array: Any, path: tuple[int, ...], unread: str = "") -> _Structs:
    """Return objects of an array of ``Struct``.

    ``array``: each object.
    ``path``: where their values stand.
    ``unread``: key of values that are not to be judged.
    """
    fields = array.field("fields")
    entries, owner = items(fields), owners(fields)
    is_usual = lengths(fields) > 0
    # An entry without a value, or with two that are merged, is out of the ordinary.
    is_odd = lengths(entries.field("value")) != 1
    is_usual[owner[is_odd]] = False
    names, key = numbered(entries.field("key"))
    is_usual[owners_of_repeated(owner, key)] = False

    owner, key = owner[~is_odd], key[~is_odd]
    values, value = numbered(items(entries.field("value").filter(pa.array(~is_odd))))
    is_judged = np.ones(len(value), dtype=bool) if unread not in names else key != names.index(unread)
    is_bad = np.zeros(len(values), dtype=bool)
    for place in np.unique(value[is_judged]).tolist():
        is_bad[place] = not _is_sound(path, values[place])
    is_usual[owner[is_judged & is_bad[value]]] = False
    return _Structs(len(array), owner, key, value, names, values, is_usual)


def _usual_pods(pods: Sequence[bytes]) -> tuple[list[int], list[str], list[bytes]]:
    """Return of pods that are as usual: the position, the name of the primary container, and the containers."""
    batch = parsed_batch(_POD, pods)
    if batch is None:
        return [], [], []
    is_usual = lengths(batch.column("pod_spec")) == 1
    for name, path in (("metadata", _METADATA), ("data_config", _DATA_CONFIG)):
        column = batch.column(name)
        blobs, which = numbered(items(column))
        is_bad = np.array([parsed(path, (blob,)) is None for blob in blobs], dtype=bool)
        is_usual &= lengths(column) <= 1
        is_usual[owners(column)[is_bad[which]]] = False
    rows = np.flatnonzero(is_usual)
    specs = _structs(items(batch.column("pod_spec").filter(pa.array(is_usual))), _OF_SPEC, unread="containers")
    containers = specs.under("containers")
    chosen = np.flatnonzero(specs.is_usual & (containers >= 0))
    names = listed(batch.column("primary_container_name"))
    positions = rows[chosen].tolist()
    return positions, [names[row] for row in positions], [specs.values[place] for place in containers[chosen]]


def _containers(lists: Sequence[bytes]) -> tuple[_Structs, Any, list[int]]:
    """Return the containers of pods.

    ``lists``: of each pod the ``Value`` that holds them.

    Returns
    -------
    containers : _Structs
    is_usual : numpy.ndarray of bool
        Of each pod whether all its containers are.
    starts : list of int
        Where the containers of each pod begin, and the end of the last.
    """
    batch = parsed_batch(_VALUE, lists)
    if batch is None:
        return _NO_STRUCTS, np.zeros(len(lists), dtype=bool), []
    is_usual = _is_only(batch.column, "list_value")
    values = items(batch.column("list_value").filter(pa.array(is_usual))).field("values")
    counts = np.zeros(len(lists), dtype=np.int64)
    counts[is_usual] = lengths(values)
    owner = np.repeat(np.arange(len(lists)), counts)
    containers = items(values)
    is_object = _is_only(containers.field, "struct_value")
    is_usual &= counts > 0
    is_usual[owner[~is_object]] = False
    starts = np.concatenate([[0], np.cumsum(counts)])
    # What is no object keeps its place, so that those after it keep theirs.
    at_most_one = containers.field("struct_value").filter(pa.array(is_object))
    structs = _structs(items(at_most_one), _OF_CONTAINER)
    places = np.flatnonzero(is_object)
    is_usual[owner[places[~structs.is_usual]]] = False
    structs = structs._replace(size=len(containers), owner=places[structs.owner])
    return structs, is_usual, starts.tolist()


def _is_only(field: Callable[[str], Any], name: str) -> Any:
    """Tell of values whether they say once that they are of one kind, and never that they are of another."""
    is_it = lengths(field(name)) == 1
    for other in _KINDS:
        if other != name:
            is_it &= lengths(field(other)) == 0
    return is_it


def _read_under(structs: _Structs, key: str, read: Callable[[Any], Any]) -> tuple[list[Any], list[int]]:
    """Return what is read from each value that stands under a key, once, and for each object which of them it has."""
    distinct, where = np.unique(structs.under(key), return_inverse=True)
    parse = struct_pb2.Value.FromString
    values = [ABSENT if place < 0 else parse(structs.values[place]) for place in distinct.tolist()]
    return list(map(read, values)), where.tolist()


def _is_sound(path: tuple[int, ...], data: bytes) -> bool:
    """Tell whether protobuf can parse a value at its place."""
    if len(data) > _SHALLOW:
        return parsed(path, (data,)) is not None
    try:
        struct_pb2.Value.FromString(data)
    except DecodeError:
        return False
    return True
