"""Which messages stand in the values that JSON and YAML give, in proto3 JSON as flytectl and kubectl print them."""

from __future__ import annotations

import json
import re
from typing import TYPE_CHECKING, Any, NoReturn

from google.protobuf import json_format

from flytetask_nb.errors import LoadError
from flytetask_nb.models.flyte2 import FLYTE2_KINDS, is_sdk2_version
from flytetask_nb.models.flyte2_schema import GAINED
from flytetask_nb.sources.fitting import fitted, plain
from flytetask_nb.sources.foreign import foreign_value
from flytetask_nb.sources.message_kinds import KINDS, OF_FLYTE2
from flytetask_nb.sources.message_reader import kind_by_keys, settled

if TYPE_CHECKING:
    from flytetask_nb.sources.message_kinds import Kind

_LISTS = ("tasks", "workflows", "launchPlans", "launch_plans")
"""Keys under which Admin's lists hold their items."""
_PEEKED = ("template", "spec", "closure", "workflow")
"""Keys of objects whose own keys tell kinds apart."""
_SNAKE = re.compile("_([a-z])")
_KEYS_SHOWN = 8
_EXPECTED = "expected what flytectl get task -o json|yaml prints"
_BY_NAME = {kind.name: kind for kind in KINDS}


def _camel(key: str) -> str:
    """Return a key in lowerCamelCase; proto3 JSON takes flyteidl's own spelling too."""
    return _SNAKE.sub(lambda letter: letter[1].upper(), key)


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
        return [inner for item in value["items"] for inner in _templates_of(item)]
    return _templates_of(value)


def _templates_of(value: Any) -> list[Any]:
    """Return the templates of a FlyteWorkflow resource, or else the value alone."""
    tasks = value.get("tasks") if isinstance(value, dict) else None
    if not isinstance(tasks, dict) or (not tasks and "workflowClosureReference" in value):
        return [value]
    # Propeller keeps the parts of a resource that it takes out of it in the same form, without its kind.
    kind = value.get("kind")
    is_resource = str(kind).lower() == "flyteworkflow" or (kind is None and isinstance(value.get("spec"), dict))
    return list(tasks.values()) if is_resource else [value]


def message_of_json(value: Any, *, is_yaml: bool = False) -> tuple[Kind, Any]:
    """Return the message of a value that JSON or YAML gave.

    ``is_yaml``: whether it may have numbers and truth values that are meant as texts.
    Returns (Kind, message): what it is, told from its keys, and the message.
    Raises LoadError: it is no task, or has a field that this flyteidl does not know: it could not be kept. What is of
      Flyte 2 may have any field.
    """
    kind, keys = _kind_of(value)
    if kind.is_flyte2:
        return _of_flyte2(kind, value, {}, keys)
    try:
        message = _parsed(kind, value, is_fitted=not is_yaml)
    except LoadError as error:
        of_flyte2 = _as_flyte2(kind, value, keys)
        if of_flyte2 is not None:
            return of_flyte2
        foreign = foreign_value(value, keys)
        raise LoadError(f"{error}; it is {foreign}; {_EXPECTED}" if foreign else f"{error}; {_EXPECTED}") from None
    _check_sense(kind, message, value, keys)
    return settled(kind, message)


def _parsed(kind: Kind, value: Any, aside: dict[str, Any] | None = None, *, is_fitted: bool = False) -> Any:
    try:
        given = value if is_fitted else fitted(value, kind.message_class.DESCRIPTOR, aside)
        return json_format.ParseDict(given, kind.message_class())
    except Exception as error:  # noqa: BLE001 - protobuf's parser raises errors of many kinds, SystemError among them
        raise LoadError(f"no {kind.name} in proto3 JSON: {' '.join(str(error).split())}") from None


def _check_sense(kind: Kind, message: Any, value: Any, keys: set[str]) -> None:
    if not kind.makes_sense(message):
        what = foreign_value(value, keys) or f"a {kind.name} that names no task"
        raise LoadError(f"{what}; {_EXPECTED}")


def _of_flyte2(kind: Kind, value: Any, aside: dict[str, Any], keys: set[str]) -> tuple[Kind, Any]:
    """Return a message of Flyte 2 as the largest of them, which has room for what none has a field for."""
    for part in reversed(FLYTE2_KINDS[kind.full_name]):
        value = {part: value}
    details = _BY_NAME["Flyte 2 TaskDetails"]
    message = _parsed(details, value, aside)
    if aside:
        message.unread = json.dumps(aside, sort_keys=True, default=_refuse)
    _check_sense(details, message, value, keys)
    return details, message


def _refuse(value: Any) -> NoReturn:
    raise LoadError(f"a value of type {type(value).__name__}, which JSON has no word for; {_EXPECTED}")


def _as_flyte2(kind: Kind, value: Any, keys: set[str]) -> tuple[Kind, Any] | None:
    """Return what is no template of Flyte 1, but wholly one of Flyte 2; else None."""
    if kind.name != "TaskTemplate":
        return None
    aside: dict[str, Any] = {}
    try:
        template = _of_flyte2(_BY_NAME["Flyte 2 TaskTemplate"], value, aside, keys)
    except LoadError:
        return None
    return None if aside else template


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
    names = ", ".join(sorted(map(str, value))[:_KEYS_SHOWN]) or "(none)"
    foreign = foreign_value(value, keys)
    hint = f": it is {foreign}" if foreign else ""
    raise LoadError(
        f"an object with the keys {names} is no task{hint}; expected {', '.join(_BY_NAME)} in proto3 JSON, as flytectl "
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
    interface, runtime = _part(value, "interface"), _part(_part(value, "metadata"), "runtime")
    return is_sdk2_version(runtime.get("flavor"), runtime.get("version")) or any(
        isinstance(_part(interface, side).get("variables"), list) for side in ("inputs", "outputs")
    )


def _part(value: dict[Any, Any], key: str) -> dict[Any, Any]:
    part = value.get(key)
    return part if isinstance(part, dict) else {}


def _keys(value: dict[Any, Any]) -> set[str]:
    return {_camel(key) for key in value if isinstance(key, str)}
