"""A task as a flat list of single values by path, in normal form, and what changes make of it.

In normal form, spellings that mean the same are one: ``500m`` and ``0.5``, entries in another order where order does
not count, JSON inside of texts with its keys in another order.
"""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, Any, Final

from google.protobuf.message import Message

from flytetask_nb.diffs.containers import (
    ARCHITECTURES,
    command_words,
    env_order,
    input_settings,
    shadowed_amounts,
    shadowed_variables,
    unpacked_settings,
)
from flytetask_nb.diffs.edits import Edit, Move, Named, Splice, joined
from flytetask_nb.diffs.interfaces import own_description
from flytetask_nb.diffs.plain import (
    UNKNOWN,
    enum_name,
    is_map,
    is_repeated,
    map_values,
    plain_list,
    plain_value,
    unknown_fields,
)
from flytetask_nb.diffs.pods import Pod, is_named, labelled_tolerations, read_pod
from flytetask_nb.diffs.settings import (
    numbered,
    own_config,
    own_documentation,
    secret_name,
    span,
    token_name,
)
from flytetask_nb.diffs.structures import flatten_entries, flatten_value
from flytetask_nb.diffs.texts import Word, text_of
from flytetask_nb.diffs.types import unnamed_columns
from flytetask_nb.errors import DiffError, QuantityError
from flytetask_nb.models.base import Model
from flytetask_nb.models.flyte2 import FLYTE2_MARK, flyte2_surroundings, is_flyte2
from flytetask_nb.models.plain_values import plain_struct
from flytetask_nb.semantics.plugin_settings import Spelling, settings_of
from flytetask_nb.semantics.pod_normal_form import with_normal_pods
from flytetask_nb.semantics.quantities import parse
from flytetask_nb.semantics.task_container import own_container

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Mapping, Sequence

    from flytetask_nb.diffs.changes import Change
    from flytetask_nb.semantics.task_container import TaskContainer

__all__ = ["apply_changes", "flatten"]

# Of the container that runs the task: those of others stand under their `resources`, as they are.
_AMOUNT: Final = re.compile(
    r"^(?:container|k8s_pod\.pod_spec\.containers\b.*(?<!\.resources))"
    r"\.(?:requests|limits)(?:\.[\w./-]+|\['(?:[^'\\]|\\.)*'\])$",
    re.ASCII,
)
_SPEC: Final = "spec"


def flatten(message: Any) -> dict[str, Any]:
    """Return every single value that is set in a message by its path.

    Parameters
    ----------
    message
        A ``TaskSpec`` or ``TaskTemplate``.

    Returns
    -------
    dict of str to object
        Paths as in :class:`flytetask_nb.diffs.Change`. A list whose items have no names is one tuple; of one whose
        items have names, the tuple of names stands beside them.
    """
    found: dict[str, Any] = {}
    template = getattr(message, "template", message)
    if template is not message:
        _message(found, "description", own_documentation(message.description))
        _unknown(found, _SPEC, [message])
        if is_flyte2(message):
            found["flyte2"] = FLYTE2_MARK
            flatten_entries(found, "flyte2", flyte2_surroundings(message))
    template = with_normal_pods(template)
    for field, value in template.ListFields():
        normal = _NORMAL.get(field.name)
        if normal is None:
            _field(found, field.name, field, value)
        else:
            normal(found, field.name, template)
    _unknown(found, "", [template])
    # That it is there says something even if nothing is in it.
    target = template.WhichOneof("target")
    if target is not None:
        found["target"] = target
    return found


# -- messages ------------------------------------------------------------------------------------------------------


def _message(found: dict[str, Any], path: str, message: Any) -> None:
    kind = message.DESCRIPTOR.full_name
    if kind == "google.protobuf.Struct":
        flatten_entries(found, path, plain_struct(message))
    elif kind in _MESSAGES:
        _MESSAGES[kind](found, path, message)
    else:
        for field, value in message.ListFields():
            _field(found, joined(path, field.name), field, value)
        _unknown(found, path, [message])


def _field(found: dict[str, Any], path: str, field: Any, value: Any) -> None:
    if is_map(field):
        for key, inner in value.items():
            place = joined(path, str(key))
            if isinstance(inner, Message):
                _named(found, place, Named(str(key), inner))
            else:
                flatten_value(found, place, plain_value(inner, map_values(field)))
    elif is_repeated(field):
        flatten_value(found, path, plain_list(value, field))
    elif not isinstance(value, Message):
        flatten_value(found, path, plain_value(value, field))
    elif field.containing_oneof:
        _named(found, path, Named(field.name, value))
    else:
        _message(found, path, value)


def _named(found: dict[str, Any], path: str, named: Named) -> None:
    found[path] = named.name
    if named.message.DESCRIPTOR.full_name == "flyteidl.core.Variable":
        _variable(found, path, named.name, named.message)
    else:
        _message(found, path, named.message)


def _unknown(found: dict[str, Any], path: str, messages: Iterable[Any]) -> None:
    texts = [text for message in messages for text in unknown_fields(message)]
    if texts:
        flatten_value(found, joined(path, UNKNOWN), texts)


def _items_unknown(found: dict[str, Any], path: str, messages: Iterable[Any]) -> None:
    texts = sorted(text for message in messages for text in unknown_fields(message))
    if texts:
        flatten_value(found, joined(path, UNKNOWN), texts)


# -- interface -----------------------------------------------------------------------------------------------------


def _interface(found: dict[str, Any], path: str, template: Any) -> None:
    for side in ("inputs", "outputs"):
        variables = getattr(template.interface, side)
        for name, variable in variables.variables.items():
            _named(found, joined(f"{path}.{side}", name), Named(name, variable))
        _unknown(found, f"{path}.{side}", [variables])
    _unknown(found, path, [template.interface])


def _variable(found: dict[str, Any], path: str, name: str, variable: Any) -> None:
    _type(found, f"{path}.type", variable.type)
    if description := own_description(name, variable):
        flatten_value(found, f"{path}.description", description)
    for field in ("artifact_partial_id", "artifact_tag"):
        _message(found, f"{path}.{field}", getattr(variable, field))
    _unknown(found, path, [variable])


def _type(found: dict[str, Any], path: str, message: Any) -> None:
    """Flatten a type, lists and maps as paths of changes have them."""
    kind = message.WhichOneof("type")
    if kind is not None:
        value = getattr(message, kind)
        found[f"{path}.{kind}"] = Word(value) if kind == "simple" else kind
        if kind in {"collection_type", "map_value_type"}:
            _type(found, f"{path}[]", value)
        elif kind != "simple":
            _message(found, f"{path}.{kind}", value)
    structure = f"{path}.structure"
    if message.structure.tag:
        flatten_value(found, f"{structure}.tag", message.structure.tag)
    for name, inner in message.structure.dataclass_type.items():
        _named(found, joined(f"{structure}.dataclass_type", name), Named("field", inner))
    _unknown(found, structure, [message.structure])
    flatten_entries(found, f"{path}.metadata", plain_struct(message.metadata))
    flatten_entries(found, f"{path}.annotation", plain_struct(message.annotation.annotations))
    _unknown(found, f"{path}.annotation", [message.annotation])
    _unknown(found, path, [message])


def _enum(found: dict[str, Any], path: str, message: Any) -> None:
    if message.values:
        found[f"{path}.values"] = tuple(message.values)
    _unknown(found, path, [message])


def _union(found: dict[str, Any], path: str, message: Any) -> None:
    for index, variant in enumerate(message.variants):
        _named(found, f"{path}.variants[{index}]", Named("variant", variant))
    _unknown(found, path, [message])


def _columns(found: dict[str, Any], path: str, message: Any) -> None:
    names = [column.name for column in message.columns]
    if len(set(names)) < len(names):
        found[f"{path}.columns"] = unnamed_columns(message)
    elif names:
        found[f"{path}.columns"] = tuple(names)
        for column in message.columns:
            _message(found, joined(f"{path}.columns", column.name), column)
    for field, value in message.ListFields():
        if field.name != "columns":
            _field(found, joined(path, field.name), field, value)
    _unknown(found, path, [message])


_MESSAGES: Final[dict[str, Callable[[dict[str, Any], str, Any], None]]] = {
    "flyteidl.core.LiteralType": _type,
    "flyteidl.core.EnumType": _enum,
    "flyteidl.core.UnionType": _union,
    "flyteidl.core.StructuredDatasetType": _columns,
    "flyteidl.core.SchemaType": _columns,
}


# -- what runs -----------------------------------------------------------------------------------------------------


def _container(found: dict[str, Any], path: str, template: Any) -> None:
    container = template.container
    _task_container(found, own_container(container, path))
    flatten_entries(found, f"{path}.config", input_settings(container.config))
    _message(found, f"{path}.data_config", container.data_config)
    if container.architecture:
        flatten_value(found, f"{path}.architecture", enum_name(ARCHITECTURES, container.architecture))
    _unknown(found, f"{path}.resources", [container.resources])
    for field in ("env", "ports", "config"):
        _items_unknown(found, f"{path}.{field}", getattr(container, field))
    for field in ("requests", "limits"):
        _items_unknown(found, f"{path}.{field}", getattr(container.resources, field))
    _unknown(found, path, [container])


def _task_container(found: dict[str, Any], container: TaskContainer) -> None:
    path = container.path
    if container.image:
        flatten_value(found, f"{path}.image", container.image)
    lists: dict[str, Sequence[str]] = {
        "command": command_words(container.command),
        "args": command_words(container.args),
        "env['(shadowed)']": shadowed_variables(container.env),
        "requests['(shadowed)']": shadowed_amounts(container.requests),
        "limits['(shadowed)']": shadowed_amounts(container.limits),
    }
    found.update((f"{path}.{field}", tuple(words)) for field, words in lists.items() if words)
    for name, value in dict(container.env).items():
        _value(found, joined(f"{path}.env", name), _variable_value(name, value))
    for name, order in env_order(container.env).items():
        found[joined(joined(f"{path}.env", name), "(references)")] = order
    for field in ("requests", "limits"):
        for resource, amount in dict(getattr(container, field)).items():
            found[joined(f"{path}.{field}", resource)] = _quantity(amount)
    for key, port in container.ports.items():
        flatten_value(found, joined(f"{path}.ports", key), port)
    flatten_entries(found, path, dict(container.rest))


def _variable_value(name: str, value: Any) -> Any:
    settings = unpacked_settings(name, value)
    return value if settings is None else Named(name, settings)


def _quantity(text: str) -> Any:
    try:
        return parse(text)
    except QuantityError:
        return text


def _sql(found: dict[str, Any], path: str, template: Any) -> None:
    _message(found, path, template.sql)


def _pod(found: dict[str, Any], path: str, template: Any) -> None:
    message = template.k8s_pod
    pod = read_pod(path, template)
    if pod.name:
        found[f"{path}.primary_container_name"] = pod.name
    _pod_spec(found, f"{path}.pod_spec", pod)
    for field, value in message.ListFields():
        if field.name not in {"pod_spec", "primary_container_name"}:
            _field(found, joined(path, field.name), field, value)
    _unknown(found, path, [message])


def _pod_spec(found: dict[str, Any], path: str, pod: Pod) -> None:
    for field, value in pod.spec.items():
        place = joined(path, field)
        tolerations = labelled_tolerations(field, value)
        if tolerations is not None:
            for label, item in tolerations.items():
                flatten_value(found, joined(place, label), item)
        elif is_named(field, value):
            if value:
                found[place] = tuple(item["name"] for item in value)
            for item in value:
                if field != "containers" or item["name"] != pod.held:
                    flatten_value(found, joined(place, item["name"]), item)
        else:
            flatten_value(found, place, value)
    if pod.held is not None:
        _task_container(found, pod.container)


# -- settings ------------------------------------------------------------------------------------------------------


def _metadata(found: dict[str, Any], path: str, template: Any) -> None:
    metadata = template.metadata
    for field, value in metadata.ListFields():
        place = joined(path, field.name)
        if field.name == "cache_ignore_input_vars":
            for name in value:
                flatten_value(found, joined(place, name), name)
        elif field.name == "timeout":
            if (text := span(value)) is not None:
                found[place] = text
            _unknown(found, place, [value])
        elif field.name == "retries":
            if value.retries:
                found[place] = Word(value.retries)
            _unknown(found, place, [value])
        elif field.name == "generates_deck":
            if value.value:
                found[place] = Word("true")
            _unknown(found, place, [value])
        else:
            _field(found, place, field, value)
    _unknown(found, path, [metadata])


def _security(found: dict[str, Any], path: str, template: Any) -> None:
    security = template.security_context
    for field, name_of in (("secrets", secret_name), ("tokens", token_name)):
        for (name, number), item in numbered(getattr(security, field), name_of).items():
            place = joined(f"{path}.{field}", name) + (f"[{number}]" if number else "")
            _named(found, place, Named(name, item))
    _message(found, f"{path}.run_as", security.run_as)
    _unknown(found, path, [security])


def _extended(found: dict[str, Any], path: str, template: Any) -> None:
    extended = template.extended_resources
    for field in ("gpu_accelerator", "shared_memory"):
        if extended.HasField(field):
            _named(found, f"{path}.{field}", Named(field, getattr(extended, field)))
    _unknown(found, path, [extended])


def _custom(found: dict[str, Any], path: str, template: Any) -> None:
    flatten_entries(found, path, settings_of(template).values)


def _config(found: dict[str, Any], path: str, template: Any) -> None:
    flatten_entries(found, path, own_config(template))


_NORMAL: Final[dict[str, Callable[[dict[str, Any], str, Any], None]]] = {
    "interface": _interface,
    "container": _container,
    "k8s_pod": _pod,
    "sql": _sql,
    "metadata": _metadata,
    "security_context": _security,
    "extended_resources": _extended,
    "custom": _custom,
    "config": _config,
}


# -- applying changes ----------------------------------------------------------------------------------------------


def apply_changes(values: Mapping[str, Any], changes: Iterable[Change]) -> dict[str, Any]:
    """Return what changes make of a task in flat form.

    Parameters
    ----------
    values
        What :func:`flatten` gives of the task before.
    changes
        All changes of one diff: what is folded as noise or accepted is part of it.

    Returns
    -------
    dict of str to object
        What :func:`flatten` gives of the task after.

    Raises
    ------
    DiffError
        A change takes away what is not there or puts something where another value stands: the changes are not those
        of this task, or two of them claim the same value.
    """
    found = dict(values)
    edits = [edit for change in changes for edit in change.recorded]
    found = dict(values)
    for path, value in _entries(edits, is_old=True):
        if path not in found or found.pop(path) != value:
            raise DiffError(_cannot("takes away", path, value, values))
    lists = _spliced(found, [edit for edit in edits if isinstance(edit, Splice)])
    moves = {edit.old_path: edit.path for edit in edits if isinstance(edit, Move)}
    if moves:
        found = {_moved(path, moves): value for path, value in found.items()}
    for path, value in (*lists.items(), *_entries(edits, is_old=False)):
        if path in found:
            raise DiffError(_cannot("puts", path, value, values))
        if value != ():
            found[path] = value
    return found


def _entries(edits: list[Edit | Splice | Move], *, is_old: bool) -> list[tuple[str, Any]]:
    """Return what edits take away, or what they put."""
    found: list[tuple[str, Any]] = []
    for edit in edits:
        if isinstance(edit, Edit):
            place, value = (edit.old_path, edit.old) if is_old else (edit.path, edit.new)
            found += _flat(place, value).items()
    return found


def _cannot(doing: str, path: str, value: Any, values: Mapping[str, Any]) -> str:
    there = "nothing" if path not in values else repr(text_of(values[path], path))
    return (
        f"a change {doing} {text_of(value, path)!r} at {path}, where the task before has {there}; apply all changes of "
        "one diff, once, to the flat form of its old task"
    )


def _flat(path: str, value: Any) -> dict[str, Any]:
    found: dict[str, Any] = {}
    if value is not None:
        _value(found, path, value)
    return found


def _value(found: dict[str, Any], path: str, value: Any) -> None:
    if isinstance(value, Model):
        value = value._message
    if isinstance(value, Named):
        if value.message is None:
            found[path] = value.name
        elif isinstance(value.message, dict):
            found[path] = value.name
            flatten_entries(found, path, value.message)
        else:
            _named(found, path, value)
    elif isinstance(value, Message):
        _message(found, path, value)
    elif isinstance(value, tuple | Spelling):
        found[path] = value
    elif isinstance(value, str) and _AMOUNT.search(path):
        found[path] = _quantity(value)
    else:
        flatten_value(found, path, value)


def _spliced(found: dict[str, Any], splices: list[Splice]) -> dict[str, tuple[Any, ...]]:
    """Take lists that change out of the flat form; give what becomes of them."""
    grouped: dict[tuple[str, str], list[Splice]] = {}
    for splice in splices:
        grouped.setdefault((splice.old_path, splice.path), []).append(splice)
    lists: dict[str, tuple[Any, ...]] = {}
    for (old_path, path), group in grouped.items():
        items = dict(enumerate(found.pop(old_path, ())))
        for index, word in (entry for splice in group for entry in splice.removed):
            if items.pop(index, None) != word:
                raise DiffError(_cannot("takes away", f"{old_path}[{index}]", word, {}))
        kept = list(items.values())
        for index, word in sorted(entry for splice in group for entry in splice.added):
            if index > len(kept):
                raise DiffError(_cannot("puts", f"{path}[{index}]", word, {}))
            kept.insert(index, word)
        lists[path] = tuple(kept)
    return lists


def _moved(path: str, moves: Mapping[str, str]) -> str:
    """Return where a path is once the longest of the moved paths that it stands under was moved."""
    end = len(path)
    while end > 0:
        head = path[:end]
        if head in moves and (end == len(path) or path[end] in ".["):
            return moves[head] + path[end:]
        end -= 1
    return path
