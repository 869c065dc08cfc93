"""Which messages stand in the values that JSON and YAML give, in proto3 JSON as flytectl and kubectl print them."""

from __future__ import annotations

import json
import re
from typing import TYPE_CHECKING, Any

from google.protobuf import json_format

from flytetask_nb.errors import LoadError
from flytetask_nb.models.flyte2 import FLYTE2_KINDS
from flytetask_nb.models.flyte2_schema import GAINED
from flytetask_nb.sources.fitting import fitted, plain
from flytetask_nb.sources.foreign import foreign_value
from flytetask_nb.sources.kinds import KINDS, kind_by_keys, settled
from flytetask_nb.sources.message_kinds import OF_FLYTE2

if TYPE_CHECKING:
    from flytetask_nb.sources.message_kinds import Kind

__all__ = ["items_of", "message_of_json"]

_LISTS = ("tasks", "workflows", "launchPlans", "launch_plans")
"""Keys under which Admin's lists hold their items."""
_PEEKED = ("template", "spec", "closure", "workflow")
"""Keys of objects whose own keys tell kinds apart."""
_SNAKE = re.compile("_([a-z])")
_KEYS_SHOWN = 8
_BY_NAME = {kind.name: kind for kind in KINDS}


def _camel(key: str) -> str:
    """Return a key in lowerCamelCase; proto3 JSON takes flyteidl's own spelling too."""
    return _SNAKE.sub(lambda found: found[1].upper(), key)


_GAINED, _GAINED_METADATA = (frozenset(map(_camel, GAINED[name])) for name in ("TaskTemplate", "TaskMetadata"))
"""Keys that templates have in Flyte 2 alone."""


def items_of(value: Any) -> list[Any]:
    """Return the single items of a list, or else the value alone.

    A list may be a plain one, one of Admin's (TaskList), one of Kubernetes' (``kubectl get -o json|yaml``), or a
    FlyteWorkflow resource, whose templates stand in a map (flytepropeller/pkg/apis/flyteworkflow/v1alpha1/workflow.go).
    """
    if isinstance(value, list):
        return [inner for item in value for inner in _inner_items(item)]
    return _inner_items(value)


def _inner_items(value: Any) -> list[Any]:
    if not isinstance(value, dict):
        return [value]
    for key in _LISTS:
        if value.keys() <= {key, "token"} and isinstance(value.get(key), list):
            return list(value[key])
    if value.keys() == {"details"}:
        # Flyte 2's answer to a question for one task (flyteidl2/task/task_service.proto).
        return [value["details"]]
    if "apiVersion" in value and isinstance(value.get("items"), list):
        return items_of(value["items"])
    tasks = value.get("tasks")
    if isinstance(tasks, dict) and _is_flyte_workflow(value) and (tasks or "workflowClosureReference" not in value):
        return list(tasks.values())
    return [value]


def _is_flyte_workflow(value: dict[Any, Any]) -> bool:
    # Propeller keeps the parts of a resource that it takes out of it in the same form, without its kind.
    kind = value.get("kind")
    return str(kind).lower() == "flyteworkflow" or (kind is None and isinstance(value.get("spec"), dict))


def message_of_json(value: Any, *, is_yaml: bool = False) -> tuple[Kind, Any]:
    """Return the message of a value that JSON or YAML gave.

    Parameters
    ----------
    value
        An object in proto3 JSON.
    is_yaml
        Whether it may have numbers and truth values that are meant as texts.

    Returns
    -------
    (Kind, message)
        What it is, told from its keys, and the message.

    Raises
    ------
    LoadError
        It is no task, or has a field that this flyteidl does not know: it could not be kept. What is of Flyte 2 may
        have any field.
    """
    kind, keys = _kind_of(value)
    given = value
    aside: dict[str, Any] | None = None
    if kind.is_flyte2:
        # The largest of its messages has room for what none has a field for.
        for part in reversed(FLYTE2_KINDS[kind.full_name]):
            given = {part: given}
        kind, aside = _BY_NAME["Flyte 2 TaskDetails"], {}
    try:
        if is_yaml or aside is not None:
            given = fitted(given, kind.message_class.DESCRIPTOR, aside)
        message = json_format.ParseDict(given, kind.message_class())
    except Exception as error:  # noqa: BLE001 - protobuf's parser raises errors of many kinds, SystemError among them
        told = " ".join(str(error).split())
        foreign = foreign_value(value, keys)
        raise LoadError(
            f"no {kind.name} in proto3 JSON: {told}; {f'it is {foreign}; ' if foreign else ''}"
            "expected what flytectl get task -o json|yaml prints"
        ) from None
    if aside:
        message.unread = json.dumps(aside, sort_keys=True)
    if not kind.makes_sense(message):
        foreign = foreign_value(value, keys)
        raise LoadError(
            f"{foreign or f'a {kind.name} that names no task'}; expected what flytectl get task -o json|yaml prints"
        )
    return settled(kind, message)


def _kind_of(value: Any) -> tuple[Kind, set[str]]:
    """Return the kind of an object, and its keys."""
    if not isinstance(value, dict):
        raise LoadError(
            f"{type(plain(value)).__name__} where a task was expected: an object, or a list of objects, "
            "as flytectl get task -o json|yaml prints them"
        )
    keys = _all_keys(value)
    kind = kind_by_keys(keys)
    if kind is not None:
        return kind, keys
    shown = ", ".join(sorted(map(str, value))[:_KEYS_SHOWN]) or "(none)"
    foreign = foreign_value(value, keys)
    told = f": it is {foreign}" if foreign else ""
    raise LoadError(
        f"an object with the keys {shown} is no task{told}; expected {', '.join(_BY_NAME)} in proto3 JSON, as flytectl "
        "get task -o json|yaml prints them"
    )


def _all_keys(value: dict[Any, Any]) -> set[str]:
    """Return the keys of an object, those of some objects inside with a dot, and the mark of Flyte 2."""
    keys = _keys(value)
    for outer in _PEEKED:
        if isinstance(value.get(outer), dict):
            keys |= {f"{outer}.{key}" for key in _keys(value[outer])}
    tasks = value.get("tasks")
    if isinstance(tasks, list):
        keys |= {f"tasks.{key}" for task in tasks[:1] if isinstance(task, dict) for key in _keys(task)}
    elif "tasks" in keys and tasks is not None:
        # A map is no list of tasks, whatever it is.
        keys.discard("tasks")
    if "id" in keys and _is_template_of_flyte2(value):
        keys.add(OF_FLYTE2)
    return keys


def _is_template_of_flyte2(value: dict[Any, Any]) -> bool:
    """Tell whether a template says what only Flyte 2 has words for, or lists its variables."""
    if _keys(value) & _GAINED or _keys(_part(value, "metadata")) & _GAINED_METADATA:
        return True
    interface = _part(value, "interface")
    return any(isinstance(_part(interface, side).get("variables"), list) for side in ("inputs", "outputs"))


def _part(value: dict[Any, Any], key: str) -> dict[Any, Any]:
    part = value.get(key)
    return part if isinstance(part, dict) else {}


def _keys(value: dict[Any, Any]) -> set[str]:
    return {_camel(key) for key in value if isinstance(key, str)}
