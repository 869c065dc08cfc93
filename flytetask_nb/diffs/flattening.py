"""A task as a flat list of single values by path, in normal form.

In normal form, spellings that mean the same are one: ``500m`` and ``0.5``, entries in another order where order does
not count, JSON inside of texts with its keys in another order.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Final

from flytetask_nb.diffs.changes import joined
from flytetask_nb.diffs.containers import container_runtime, unpacked_settings
from flytetask_nb.diffs.messages import plain_message
from flytetask_nb.diffs.settings import secret_name
from flytetask_nb.diffs.structures import canonical, normal_text
from flytetask_nb.errors import QuantityError
from flytetask_nb.semantics.quantities import parse

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable

__all__ = ["flatten"]


def flatten(message: Any) -> dict[str, Any]:
    """Give every single value that is set in a message by its path.

    Parameters
    ----------
    message
        A ``TaskSpec`` or ``TaskTemplate``.

    Returns
    -------
    dict of str to object
        Paths as in :class:`flytetask_nb.diffs.Change`; items of lists that have no names by their number.
    """
    found: dict[str, Any] = {}
    plain = plain_message(message)
    template_message = getattr(message, "template", message)
    template = plain.pop("template", plain) if template_message is not message else plain
    if template is not plain:
        _flatten(found, "", plain)
    for field, normal in _NORMAL.items():
        if field in template:
            normal(found, field, template_message, template[field])
    _flatten(found, "", template)
    # Of these, that they are there says something even if nothing is in them.
    target = template_message.WhichOneof("target")
    if target is not None:
        found["target"] = target
    for field in ("gpu_accelerator", "shared_memory"):
        if template_message.extended_resources.HasField(field):
            found[f"extended_resources.{field}"] = field
    return found


def _flatten(found: dict[str, Any], path: str, value: Any) -> None:
    if isinstance(value, dict):
        for key, inner in value.items():
            _flatten(found, joined(path, key), inner)
    elif isinstance(value, list):
        for index, inner in enumerate(value):
            _flatten(found, f"{path}[{index}]", inner)
    elif value != "":
        found[path] = normal_text(value) if isinstance(value, str) else canonical(value)


def _interface(found: dict[str, Any], path: str, template: Any, plain: dict[str, Any]) -> None:  # noqa: ARG001 - called like the others
    for side in ("inputs", "outputs"):
        held = plain.get(side, {})
        for name, variable in held.pop("variables", {}).items():
            place = joined(f"{path}.{side}", name)
            found[place] = name
            _flatten_type(found, f"{place}.type", variable.pop("type", {}))
            _flatten(found, place, variable)


def _flatten_type(found: dict[str, Any], path: str, plain: dict[str, Any]) -> None:
    """Flatten a type, lists and maps as paths of changes have them."""
    for field in ("collection_type", "map_value_type"):
        if field in plain:
            # An item without a type of its own still makes a list of it.
            found[f"{path}.{field}"] = field
            _flatten_type(found, f"{path}[]", plain.pop(field))
    fields = plain.get("structure", {}).pop("dataclass_type", {}) if "structure" in plain else {}
    for name, field_type in fields.items():
        place = joined(f"{path}.structure.dataclass_type", name)
        found[place] = name
        _flatten_type(found, place, field_type)
    _flatten(found, path, plain)


def _container(found: dict[str, Any], path: str, template: Any, plain: dict[str, Any]) -> None:
    runtime = container_runtime(path, template.container)
    resources = plain.get("resources", {})
    for name in ("requests", "limits"):
        resources.pop(name, None)
        for resource, amount in getattr(runtime, name):
            found[joined(f"{path}.{name}", resource)] = _quantity(amount)
    for name in ("command", "args"):
        if plain.pop(name, None):
            found[f"{path}.{name}"] = tuple(getattr(runtime, name))
    plain.pop("env", None)
    for key, value in dict(runtime.env).items():
        settings = unpacked_settings(key, value)
        _flatten(found, joined(f"{path}.env", key), value if settings is None else settings)
        found.setdefault(joined(f"{path}.env", key), "")
    plain.pop("ports", None)
    for key in runtime.ports:
        found[joined(f"{path}.ports", key)] = key


def _quantity(text: str) -> Any:
    try:
        return parse(text)
    except QuantityError:
        return text


def _metadata(found: dict[str, Any], path: str, template: Any, plain: dict[str, Any]) -> None:
    metadata = template.metadata
    ignored = plain.pop("cache_ignore_input_vars", None)
    if ignored:
        found[f"{path}.cache_ignore_input_vars"] = tuple(sorted(set(ignored)))
    if metadata.HasField("interruptible"):
        plain.pop("interruptible", None)
        found[f"{path}.interruptible"] = metadata.interruptible


def _security(found: dict[str, Any], path: str, template: Any, plain: dict[str, Any]) -> None:
    for field, name_of in (("secrets", secret_name), ("tokens", lambda token: token.name)):
        messages: Iterable[Any] = getattr(template.security_context, field)
        if plain.pop(field, None):
            names: dict[str, int] = {}
            for one in messages:
                name = name_of(one)
                number = names[name] = names.get(name, -1) + 1
                place = joined(f"{path}.{field}", name) + (f"[{number}]" if number else "")
                found[place] = name
                _flatten(found, place, plain_message(one))


_NORMAL: Final[dict[str, Callable[[dict[str, Any], str, Any, Any], None]]] = {
    "interface": _interface,
    "container": _container,
    "metadata": _metadata,
    "security_context": _security,
}
