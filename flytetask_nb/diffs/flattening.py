"""A task as a flat list of single values by path, in normal form, and what changes make of it.

In normal form, spellings that mean the same are one: ``500m`` and ``0.5``, entries in another order where order does
not count, JSON inside of texts with its keys in another order.
"""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, Any, Final

from google.protobuf.message import Message

from flytetask_nb.diffs.command_lines import command_words
from flytetask_nb.diffs.containers import ARCHITECTURES, input_settings
from flytetask_nb.diffs.edits import Named, joined
from flytetask_nb.diffs.environment import env_order
from flytetask_nb.diffs.interfaces import own_description
from flytetask_nb.diffs.plain import (
    UNKNOWN,
    enum_name,
    plain_list,
    plain_value,
    unknown_fields,
)
from flytetask_nb.diffs.pods import TaskPod, labelled_tolerations, named_items, read_pod
from flytetask_nb.diffs.settings import numbered, own_config, own_documentation, secret_name, span, token_name
from flytetask_nb.diffs.shadowing import SHADOWED, shadowed
from flytetask_nb.diffs.structures import flatten_entries, flatten_value
from flytetask_nb.diffs.texts import Word
from flytetask_nb.diffs.types import unnamed_columns
from flytetask_nb.errors import QuantityError
from flytetask_nb.models.base import Model
from flytetask_nb.models.flyte2 import FLYTE2_MARK, flyte2_surroundings, is_flyte2
from flytetask_nb.models.plain_values import plain_struct
from flytetask_nb.semantics.descriptors import is_map, is_repeated, map_values
from flytetask_nb.semantics.flytekit_settings import unpacked_settings
from flytetask_nb.semantics.plugin_settings import Spelling, settings_of
from flytetask_nb.semantics.pod_normal_form import with_normal_pods
from flytetask_nb.semantics.quantities import parse
from flytetask_nb.semantics.task_container import own_container

if TYPE_CHECKING:
    from collections.abc import Callable, Container, Iterable, Sequence

    from flytetask_nb.semantics.task_container import TaskContainer

# Of the container that runs the task: those of others stand under their `resources`, as they are.
_AMOUNT: Final = re.compile(
    r"^(?:container|k8s_pod\.pod_spec\.containers\b.*(?<!\.resources))"
    r"\.(?:requests|limits)(?:\.[\w./-]+|\['(?:[^'\\]|\\.)*'\])$",
    re.ASCII,
)
_SPEC: Final = "spec"


def flatten(message: Any) -> dict[str, Any]:
    """Return every single value that is set in a message by its path.

    Returns dict of str to object: paths as in :class:`flytetask_nb.diffs.Change`. A list whose items have no names is
      one tuple; of one whose items have names, the tuple of names stands beside them.
    """
    flat: dict[str, Any] = {}
    template = getattr(message, "template", message)
    if template is not message:
        _message(flat, "description", own_documentation(message.description))
        _unknown(flat, _SPEC, message)
        if is_flyte2(message):
            flat["flyte2"] = FLYTE2_MARK
            flatten_entries(flat, "flyte2", flyte2_surroundings(message))
    template = with_normal_pods(template)
    for field, value in template.ListFields():
        normal = _NORMAL.get(field.name)
        if normal is None:
            _field(flat, field.name, field, value)
        else:
            normal(flat, field.name, template)
    _unknown(flat, "", template)
    # That it is there says something even if nothing is in it.
    target = template.WhichOneof("target")
    if target is not None:
        flat["target"] = target
    return flat


# -- messages ------------------------------------------------------------------------------------------------------


def _message(flat: dict[str, Any], path: str, message: Any) -> None:
    kind = message.DESCRIPTOR.full_name
    if kind == "google.protobuf.Struct":
        flatten_entries(flat, path, plain_struct(message))
    else:
        _MESSAGES.get(kind, _fields)(flat, path, message)
        _unknown(flat, path, message)


def _fields(flat: dict[str, Any], path: str, message: Any, apart: Container[str] = ()) -> None:
    for field, value in message.ListFields():
        if field.name not in apart:
            _field(flat, joined(path, field.name), field, value)


def _field(flat: dict[str, Any], path: str, field: Any, value: Any) -> None:
    if is_map(field):
        for key, inner in value.items():
            place = joined(path, str(key))
            if isinstance(inner, Message):
                _named(flat, place, Named(str(key), inner))
            else:
                flatten_value(flat, place, plain_value(inner, map_values(field)))
    elif is_repeated(field):
        flatten_value(flat, path, plain_list(value, field))
    elif not isinstance(value, Message):
        flatten_value(flat, path, plain_value(value, field))
    elif field.containing_oneof:
        _named(flat, path, Named(field.name, value))
    else:
        _message(flat, path, value)


def _named(flat: dict[str, Any], path: str, named: Named) -> None:
    name, message = named
    flat[path] = name
    if isinstance(message, dict):
        flatten_entries(flat, path, message)
    elif message is not None and message.DESCRIPTOR.full_name == "flyteidl.core.Variable":
        _variable(flat, path, name, message)
    elif message is not None:
        _message(flat, path, message)


def _unknown(flat: dict[str, Any], path: str, message: Any) -> None:
    if texts := unknown_fields(message):
        flatten_value(flat, joined(path, UNKNOWN), texts)


def _items_unknown(flat: dict[str, Any], path: str, messages: Iterable[Any]) -> None:
    if texts := sorted(text for message in messages for text in unknown_fields(message)):
        flatten_value(flat, joined(path, UNKNOWN), texts)


# -- interface -----------------------------------------------------------------------------------------------------


def _interface(flat: dict[str, Any], path: str, template: Any) -> None:
    for side in ("inputs", "outputs"):
        variables = getattr(template.interface, side)
        for name, variable in variables.variables.items():
            _named(flat, joined(f"{path}.{side}", name), Named(name, variable))
        _unknown(flat, f"{path}.{side}", variables)
    _unknown(flat, path, template.interface)


def _variable(flat: dict[str, Any], path: str, name: str, variable: Any) -> None:
    _message(flat, f"{path}.type", variable.type)
    if description := own_description(name, variable):
        flatten_value(flat, f"{path}.description", description)
    for field in ("artifact_partial_id", "artifact_tag"):
        _message(flat, f"{path}.{field}", getattr(variable, field))
    _unknown(flat, path, variable)


def _type(flat: dict[str, Any], path: str, message: Any) -> None:
    """Flatten a type, lists and maps as paths of changes have them."""
    kind = message.WhichOneof("type")
    if kind is not None:
        value = getattr(message, kind)
        flat[f"{path}.{kind}"] = Word(value) if kind == "simple" else kind
        if kind in {"collection_type", "map_value_type"}:
            _message(flat, f"{path}[]", value)
        elif kind != "simple":
            _message(flat, f"{path}.{kind}", value)
    structure = f"{path}.structure"
    if message.structure.tag:
        flatten_value(flat, f"{structure}.tag", message.structure.tag)
    for name, inner in message.structure.dataclass_type.items():
        _named(flat, joined(f"{structure}.dataclass_type", name), Named("field", inner))
    _unknown(flat, structure, message.structure)
    flatten_entries(flat, f"{path}.metadata", plain_struct(message.metadata))
    flatten_entries(flat, f"{path}.annotation", plain_struct(message.annotation.annotations))
    _unknown(flat, f"{path}.annotation", message.annotation)


def _enum(flat: dict[str, Any], path: str, message: Any) -> None:
    if message.values:
        flat[f"{path}.values"] = tuple(message.values)


def _union(flat: dict[str, Any], path: str, message: Any) -> None:
    for index, variant in enumerate(message.variants):
        _named(flat, f"{path}.variants[{index}]", Named("variant", variant))


def _columns(flat: dict[str, Any], path: str, message: Any) -> None:
    names = [column.name for column in message.columns]
    if len(set(names)) < len(names):
        flat[f"{path}.columns"] = unnamed_columns(message)
    elif names:
        flat[f"{path}.columns"] = tuple(names)
        for column in message.columns:
            _message(flat, joined(f"{path}.columns", column.name), column)
    _fields(flat, path, message, apart={"columns"})


_MESSAGES: Final[dict[str, Callable[[dict[str, Any], str, Any], None]]] = {
    "flyteidl.core.LiteralType": _type,
    "flyteidl.core.EnumType": _enum,
    "flyteidl.core.UnionType": _union,
    "flyteidl.core.StructuredDatasetType": _columns,
    "flyteidl.core.SchemaType": _columns,
}


# -- what runs -----------------------------------------------------------------------------------------------------


def _container(flat: dict[str, Any], path: str, template: Any) -> None:
    container = template.container
    _task_container(flat, own_container(container, path))
    flatten_entries(flat, f"{path}.config", input_settings(container.config))
    _message(flat, f"{path}.data_config", container.data_config)
    if container.architecture:
        flatten_value(flat, f"{path}.architecture", enum_name(ARCHITECTURES, container.architecture))
    _unknown(flat, f"{path}.resources", container.resources)
    for field in ("env", "ports", "config"):
        _items_unknown(flat, f"{path}.{field}", getattr(container, field))
    for field in ("requests", "limits"):
        _items_unknown(flat, f"{path}.{field}", getattr(container.resources, field))
    _unknown(flat, path, container)


def _task_container(flat: dict[str, Any], container: TaskContainer) -> None:
    path = container.path
    if container.image:
        flatten_value(flat, f"{path}.image", container.image)
    lists: dict[str, Sequence[str]] = {
        "command": command_words(container.command),
        "args": command_words(container.args),
        **{f"{field}['(shadowed)']": shadowed(field, getattr(container, field)) for field in SHADOWED},
    }
    flat.update((f"{path}.{field}", tuple(words)) for field, words in lists.items() if words)
    for name, value in dict(container.env).items():
        settings = unpacked_settings(name, value)
        flatten_part(flat, joined(f"{path}.env", name), value if settings is None else Named(name, settings))
    for name, order in env_order(container.env).items():
        flat[joined(joined(f"{path}.env", name), "(references)")] = order
    for field in ("requests", "limits"):
        for resource, amount in dict(getattr(container, field)).items():
            flat[joined(f"{path}.{field}", resource)] = _quantity(amount)
    for key, port in container.ports.items():
        flatten_value(flat, joined(f"{path}.ports", key), port)
    flatten_entries(flat, path, dict(container.rest))


def _quantity(text: str) -> Any:
    try:
        return parse(text)
    except QuantityError:
        return text


def _pod(flat: dict[str, Any], path: str, template: Any) -> None:
    message = template.k8s_pod
    pod = read_pod(path, template)
    if pod.name:
        flat[f"{path}.primary_container_name"] = pod.name
    _pod_spec(flat, f"{path}.pod_spec", pod)
    _fields(flat, path, message, apart={"pod_spec", "primary_container_name"})
    _unknown(flat, path, message)


def _pod_spec(flat: dict[str, Any], path: str, pod: TaskPod) -> None:
    for field, value in pod.spec.items():
        place = joined(path, field)
        tolerations = labelled_tolerations(field, value)
        if tolerations is not None:
            for label, item in tolerations.items():
                flatten_value(flat, joined(place, label), item)
        elif (items := named_items(field, value)) is not None:
            if items:
                flat[place] = tuple(items)
            for name, item in items.items():
                if field != "containers" or name != pod.held:
                    flatten_value(flat, joined(place, name), item)
        else:
            flatten_value(flat, place, value)
    if pod.held is not None:
        _task_container(flat, pod.container)


# -- settings ------------------------------------------------------------------------------------------------------


def _metadata(flat: dict[str, Any], path: str, template: Any) -> None:
    for field, value in template.metadata.ListFields():
        place = joined(path, field.name)
        if field.name == "cache_ignore_input_vars":
            for name in value:
                flatten_value(flat, joined(place, name), name)
        elif field.name in _SINGLE:
            if text := _SINGLE[field.name](value):
                flat[place] = text
            _unknown(flat, place, value)
        else:
            _field(flat, place, field, value)
    _unknown(flat, path, template.metadata)


# Messages that hold one value, which is nothing where it is zero.
_SINGLE: Final[dict[str, Callable[[Any], str | None]]] = {
    "timeout": span,
    "retries": lambda strategy: Word(strategy.retries) if strategy.retries else None,
    "generates_deck": lambda flag: Word("true") if flag.value else None,
}


def _security(flat: dict[str, Any], path: str, template: Any) -> None:
    security = template.security_context
    for field, name_of in (("secrets", secret_name), ("tokens", token_name)):
        for (name, number), item in numbered(getattr(security, field), name_of).items():
            place = joined(f"{path}.{field}", name) + (f"[{number}]" if number else "")
            _named(flat, place, Named(name, item))
    _message(flat, f"{path}.run_as", security.run_as)
    _unknown(flat, path, security)


def _extended(flat: dict[str, Any], path: str, template: Any) -> None:
    extended = template.extended_resources
    for field in ("gpu_accelerator", "shared_memory"):
        if extended.HasField(field):
            _named(flat, f"{path}.{field}", Named(field, getattr(extended, field)))
    _unknown(flat, path, extended)


_NORMAL: Final[dict[str, Callable[[dict[str, Any], str, Any], None]]] = {
    "interface": _interface,
    "container": _container,
    "k8s_pod": _pod,
    "sql": lambda flat, path, template: _message(flat, path, template.sql),
    "metadata": _metadata,
    "security_context": _security,
    "extended_resources": _extended,
    "custom": lambda flat, path, template: flatten_entries(flat, path, settings_of(template).values),
    "config": lambda flat, path, template: flatten_entries(flat, path, own_config(template)),
}


def flatten_part(flat: dict[str, Any], path: str, value: Any) -> None:
    """Add the single values of a part of a task, as changes have it, to those found."""
    if isinstance(value, Model):
        value = value._message
    if isinstance(value, Named):
        _named(flat, path, value)
    elif isinstance(value, Message):
        _message(flat, path, value)
    elif isinstance(value, tuple | Spelling):
        flat[path] = value
    elif isinstance(value, str) and _AMOUNT.search(path):
        flat[path] = _quantity(value)
    else:
        flatten_value(flat, path, value)
