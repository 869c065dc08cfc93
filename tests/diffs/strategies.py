"""Pairs of tasks that differ a little."""

from __future__ import annotations

from typing import Any

from flyteidl.admin import task_pb2
from flyteidl.core import types_pb2
from hypothesis import strategies as st

from flytetask_nb.semantics.descriptors import is_map, is_repeated
from tests.generated import task_specs


@st.composite
def neighbours(draw: st.DrawFn) -> tuple[Any, Any]:
    """Return a generated task, and the same with parts taken from another one."""
    old, other = draw(task_specs()), draw(task_specs())
    new = type(old)()
    new.CopyFrom(old)
    _mix(draw, new.template, other.template)
    return old, new


def _mix(draw: st.DrawFn, target: Any, other: Any) -> None:
    filled = {field.name for message in (target, other) for field, _ in message.ListFields()}
    for field in target.DESCRIPTOR.fields:
        if field.name not in filled:
            continue
        choice = draw(st.integers(0, 3))
        if choice == 0:
            target.ClearField(field.name)
        elif choice == 1:
            target.ClearField(field.name)
            value = getattr(other, field.name)
            if is_map(field) or is_repeated(field):
                getattr(target, field.name).MergeFrom(value)
            elif field.message_type is not None:
                if other.HasField(field.name):
                    getattr(target, field.name).CopyFrom(value)
            else:
                setattr(target, field.name, value)
        elif choice == 2 and _has_parts(field) and target.HasField(field.name):
            _mix(draw, getattr(target, field.name), getattr(other, field.name))


def _has_parts(field: Any) -> bool:
    kind = field.message_type
    return kind is not None and not is_repeated(field) and not kind.full_name.startswith("google.")


_NAMES = st.sampled_from(("x", "y", "z"))
_SIMPLE = st.integers(0, 9).map(lambda number: types_pb2.LiteralType(simple=number))


def _types() -> st.SearchStrategy[Any]:
    """Return small types of every kind, so that two of them are often alike."""
    return st.recursive(
        st.one_of(
            _SIMPLE,
            st.builds(
                lambda values: types_pb2.LiteralType(enum_type={"values": values}),
                st.lists(_NAMES, unique=True, max_size=3),
            ),
            st.builds(
                lambda format_, kind: types_pb2.LiteralType(blob={"format": format_, "dimensionality": kind}),
                st.sampled_from(("", "csv")),
                st.integers(0, 1),
            ),
        ),
        lambda inner: st.one_of(
            inner.map(lambda one: types_pb2.LiteralType(collection_type=one)),
            st.lists(inner, max_size=3).map(lambda found: types_pb2.LiteralType(union_type={"variants": found})),
            st.dictionaries(_NAMES, inner, max_size=3).map(_dataset),
            st.tuples(st.dictionaries(_NAMES, inner, min_size=1, max_size=3), st.booleans()).map(_dataclass),
        ),
        max_leaves=6,
    )


def _dataset(columns: dict[str, Any]) -> Any:
    found = [{"name": name, "literal_type": column} for name, column in columns.items()]
    return types_pb2.LiteralType(structured_dataset_type={"columns": found})


def _dataclass(given: tuple[dict[str, Any], bool]) -> Any:
    fields, has_structure = given
    made = types_pb2.LiteralType(simple=types_pb2.STRUCT)
    properties = {name: {"type": str(field.WhichOneof("type"))} for name, field in fields.items()}
    made.metadata.update({"type": "object", "properties": properties})
    if has_structure:
        for name, field in fields.items():
            made.structure.dataclass_type[name].CopyFrom(field)
    return made


@st.composite
def interfaces(draw: st.DrawFn) -> tuple[Any, Any]:
    """Return two tasks whose variables have the same few names."""
    made = task_pb2.TaskSpec(), task_pb2.TaskSpec()
    for one in made:
        for side in (one.template.interface.inputs, one.template.interface.outputs):
            for name, literal_type in draw(st.dictionaries(_NAMES, _types(), max_size=2)).items():
                side.variables[name].type.CopyFrom(literal_type)
    return made


_JSON = st.recursive(
    st.one_of(st.none(), st.booleans(), st.integers(0, 3), _NAMES, st.just('{"x": 1}')),
    lambda inner: st.one_of(st.lists(inner, max_size=3), st.dictionaries(_NAMES, inner, max_size=3)),
    max_leaves=5,
)
_NAMED = st.lists(
    st.builds(
        lambda name, rest: {**rest, "name": name},
        _NAMES,
        st.dictionaries(st.sampled_from(("image", "args", "env", "resources", "ports")), _JSON, max_size=3),
    ),
    max_size=3,
)


@st.composite
def pods(draw: st.DrawFn) -> tuple[Any, Any]:
    """Return two tasks that run in pods of the same few fields."""
    made = task_pb2.TaskSpec(), task_pb2.TaskSpec()
    for one in made:
        fields = {
            **{field: draw(st.one_of(_NAMED, _JSON)) for field in ("containers", "initContainers", "volumes")},
            **draw(st.dictionaries(st.sampled_from(("tolerations", "affinity", "hostNetwork")), _JSON, max_size=2)),
        }
        one.template.k8s_pod.pod_spec.update(fields)
        one.template.k8s_pod.primary_container_name = draw(_NAMES)
    return made


_CORES = ("500m", "0.5", "2", "2000m", "lots")
_SIZES = ("1Gi", "1024Mi", "4G", "8GB")
_SPARK_SIZES = ("1g", "1024m", "1024", "1048576K", "2GB", "1.5g")
_ENTRIES = st.lists(
    st.one_of(
        st.fixed_dictionaries({"name": st.sampled_from(("CPU", "GPU")), "value": st.sampled_from(_CORES)}),
        st.fixed_dictionaries({"name": st.sampled_from(("MEMORY", "STORAGE")), "value": st.sampled_from(_SIZES)}),
        st.fixed_dictionaries({"value": st.sampled_from(_SIZES)}),
    ),
    max_size=3,
)
_RESOURCES = st.fixed_dictionaries({}, optional={"requests": _ENTRIES, "limits": _ENTRIES})
_COUNTS = st.sampled_from((0, 1, 3, "3", "many", None))
_REPLICAS = st.recursive(
    st.fixed_dictionaries({}, optional={"replicas": _COUNTS, "image": st.just("a:1"), "resources": _RESOURCES}),
    lambda inner: inner.map(lambda one: {"common": one}),
    max_leaves=2,
)
_MAPPED_AMOUNTS = st.dictionaries(st.sampled_from(("cpu", "nvidia.com/gpu")), st.sampled_from((*_CORES, 1, 0.5, True)))
_POD_SPEC = st.fixed_dictionaries(
    {},
    optional={
        "containers": st.lists(
            st.fixed_dictionaries(
                {"name": st.sampled_from(("ray-head", "ray-worker", "primary"))},
                optional={
                    "resources": st.fixed_dictionaries(
                        {}, optional={"requests": _MAPPED_AMOUNTS, "limits": _MAPPED_AMOUNTS, "claims": st.just([])}
                    ),
                    "tty": st.booleans(),
                    "securityContext": st.just({}),
                    "image": st.sampled_from(("a:1", "b:1")),
                },
            ),
            max_size=2,
        ),
        "volumes": st.lists(
            st.builds(
                lambda name, size: {"name": name, "emptyDir": {"sizeLimit": size}}, _NAMES, st.sampled_from(_SIZES)
            ),
            max_size=2,
        ),
        "overhead": _MAPPED_AMOUNTS,
        "unknown": _JSON,
    },
)
_POD = st.fixed_dictionaries({}, optional={"podSpec": _POD_SPEC, "primaryContainerName": _NAMES})
_SPARK_CONF = st.fixed_dictionaries(
    {},
    optional={
        "spark.executor.memory": st.sampled_from(_SPARK_SIZES),
        "spark.memory.offHeap.size": st.sampled_from(_SPARK_SIZES),
        "spark.executor.instances": st.sampled_from(("1", "2", "two")),
        "spark.kubernetes.driver.request.cores": st.sampled_from(_CORES),
        "spark.executor.resource.gpu.amount": st.sampled_from(("1", "2")),
        "spark.app.requests.max": st.sampled_from(("1", "2")),
    },
)
_START = st.dictionaries(st.sampled_from(("num-cpus", "log-color")), st.sampled_from(("4", "4.0", "True")))
_WORKERS = st.fixed_dictionaries(
    {},
    optional={
        "groupName": _NAMES,
        "replicas": _COUNTS,
        "maxReplicas": _COUNTS,
        "k8sPod": _POD,
        "rayStartParams": _START,
    },
)
_CUSTOMS = {
    "container_array": st.fixed_dictionaries({}, optional={"parallelism": _COUNTS, "minSuccessRatio": st.just(0.5)}),
    "dask": st.fixed_dictionaries(
        {},
        optional={
            "workers": st.fixed_dictionaries({}, optional={"numberOfWorkers": _COUNTS, "resources": _RESOURCES}),
            "scheduler": st.one_of(st.fixed_dictionaries({}, optional={"resources": _RESOURCES}), _NAMES),
        },
    ),
    "pytorch": st.fixed_dictionaries(
        {},
        optional={
            "masterReplicas": _REPLICAS,
            "workerReplicas": _REPLICAS,
            "workers": _COUNTS,
            "elasticConfig": st.fixed_dictionaries({}, optional={"minReplicas": _COUNTS}),
        },
    ),
    "ray": st.builds(
        lambda cluster: {"rayCluster": cluster},
        st.fixed_dictionaries(
            {},
            optional={
                "headGroupSpec": st.fixed_dictionaries({}, optional={"rayStartParams": _START, "k8sPod": _POD}),
                "workerGroupSpec": st.lists(_WORKERS, max_size=2),
                "enableAutoscaling": st.booleans(),
            },
        ),
    ),
    "spark": st.fixed_dictionaries(
        {},
        optional={
            "sparkConf": _SPARK_CONF,
            "driverPod": _POD,
            "databricksConf": st.builds(lambda conf: {"new_cluster": {"spark_conf": conf}}, _SPARK_CONF),
            "unknown": _JSON,
        },
    ),
}


@st.composite
def plugins(draw: st.DrawFn) -> tuple[Any, Any]:
    """Return two tasks of a plugin, mostly of the same, whose settings say much the same in other words."""
    kinds = [draw(st.sampled_from(sorted(_CUSTOMS)))] * 2
    kinds[1] = draw(st.sampled_from((*kinds, "python-task")))
    made = task_pb2.TaskSpec(), task_pb2.TaskSpec()
    for one, kind in zip(made, kinds, strict=True):
        one.template.type = kind
        one.template.task_type_version = draw(st.integers(0, 2))
        one.template.custom.update(draw(_CUSTOMS[kinds[0]]))
    return made
