"""Pairs of tasks that differ a little."""

from __future__ import annotations

from typing import Any

from flyteidl.admin import task_pb2
from flyteidl.core import types_pb2
from hypothesis import strategies as st

from tests.generated import is_map, is_repeated, task_specs


@st.composite
def neighbours(draw: st.DrawFn) -> tuple[Any, Any]:
    """Give a generated task, and the same with parts taken from another one."""
    old, other = draw(task_specs()), draw(task_specs())
    new = type(old)()
    new.CopyFrom(old)
    _mix(draw, new.template, other.template)
    return old, new


def _mix(draw: st.DrawFn, target: Any, other: Any) -> None:
    for field in target.DESCRIPTOR.fields:
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
    """Give small types of every kind, so that two of them are often alike."""
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
    """Give two tasks whose variables have the same few names."""
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
    """Give two tasks that run in pods of the same few fields."""
    made = task_pb2.TaskSpec(), task_pb2.TaskSpec()
    for one in made:
        fields = {
            **{field: draw(st.one_of(_NAMED, _JSON)) for field in ("containers", "initContainers", "volumes")},
            **draw(st.dictionaries(st.sampled_from(("tolerations", "affinity", "hostNetwork")), _JSON, max_size=2)),
        }
        one.template.k8s_pod.pod_spec.update(fields)
        one.template.k8s_pod.primary_container_name = draw(_NAMES)
    return made
