"""JSON and YAML: tasks in proto3 JSON, as ``flytectl get task -o json|yaml`` prints them."""

from __future__ import annotations

import json
import re
from functools import cache
from typing import TYPE_CHECKING, Any

from google.protobuf import json_format

from flytetask_nb.errors import LoadError
from flytetask_nb.sources.kinds import KINDS

if TYPE_CHECKING:
    from collections.abc import Iterator

    from flytetask_nb.sources.kinds import Kind

__all__ = ["json_documents", "message_of_json", "yaml_documents"]

_BY_NAME = {kind.name: kind for kind in KINDS}

# Which keys say which kind, in the order in which they are asked.
_SHAPES: tuple[tuple[str, frozenset[str]], ...] = (
    ("Task", frozenset({"closure"})),
    ("CompiledWorkflowClosure", frozenset({"primary"})),
    ("TaskList", frozenset({"tasks"})),
    ("TaskClosure", frozenset({"compiledTask"})),
    ("LaunchPlan", frozenset({"spec", "workflowId"})),
    ("TaskCreateRequest", frozenset({"id", "spec"})),
    ("WorkflowSpec", frozenset({"template", "nodes"})),
    ("TaskSpec", frozenset({"template"})),
    ("TaskTemplate", frozenset({"id", "interface"})),
    ("TaskTemplate", frozenset({"id", "type"})),
    ("TaskTemplate", frozenset({"id", "metadata"})),
)
_SNAKE = re.compile("_([a-z])")
_LARGEST_DOCUMENT = 1_000_000
"""Values that one YAML document may come to when its aliases are written out."""
_DEEPEST = 200
_BRACKETS = re.compile(r"[\[{\]}]")
_NESTED_LINE = re.compile(r"^[ ]*(?:[-?:] +){100}", re.MULTILINE)
_KEYS_SHOWN = 8


def json_documents(text: str) -> Iterator[Any]:
    """Give the value of a JSON text.

    Raises
    ------
    LoadError
        The text is no JSON.
    """
    try:
        yield json.loads(text)
    except ValueError as error:
        raise LoadError(f"no JSON: {error}; expected what flytectl get task -o json prints") from None
    except RecursionError:
        raise LoadError("JSON that is nested too deeply; expected what flytectl get task -o json prints") from None


def yaml_documents(text: str) -> Iterator[Any]:
    """Give the values of the documents of a YAML text, one after the other.

    Tags that would make objects are refused, times stay texts, and aliases are bounded by what they come to when
    they are written out.

    Raises
    ------
    LoadError
        The text is no YAML, or more than a file of tasks has reason to be.
    """
    import yaml  # noqa: PLC0415 - most files are no YAML

    if _is_deep(text):
        raise LoadError("YAML that is nested too deeply; expected what flytectl get task -o yaml prints")
    loader = _loader_class()(text)
    try:
        while loader.check_node():
            node = loader.get_node()
            _written_out(node, {})
            yield loader.construct_document(node)
    except yaml.YAMLError as error:
        told = " ".join(str(error).split())
        raise LoadError(f"no plain YAML: {told}; expected what flytectl get task -o yaml prints") from None
    except (RecursionError, ValueError) as error:
        raise LoadError(f"YAML that cannot be read: {error}; expected what flytectl get task -o yaml prints") from None
    finally:
        loader.dispose()


@cache
def _loader_class() -> Any:
    import yaml  # noqa: PLC0415

    base = getattr(yaml, "CSafeLoader", yaml.SafeLoader)

    class Loader(base):  # type: ignore[misc, valid-type]
        """A safe loader to which a time is a text, as it is in proto3 JSON."""

        yaml_implicit_resolvers = {  # noqa: RUF012 - PyYAML reads it from the class
            first: [(tag, pattern) for tag, pattern in resolvers if not tag.endswith(":timestamp")]
            for first, resolvers in base.yaml_implicit_resolvers.items()
        }

    return Loader


def _is_deep(text: str) -> bool:
    """Tell whether brackets or dashes are nested deeper than any message, before a parser recurses into them."""
    depth = 0
    for found in _BRACKETS.finditer(text):
        depth = depth + 1 if found[0] in "[{" else max(depth - 1, 0)
        if depth > _DEEPEST:
            return True
    return _NESTED_LINE.search(text) is not None


def _written_out(node: Any, known: dict[int, int]) -> int:
    """Count the values of a node with its aliases written out, and stop where they become too many."""
    key = id(node)
    if key in known:
        if not known[key]:
            raise ValueError("an alias stands inside what it names")
        return known[key]
    known[key] = 0
    total = 1
    children = node.value if isinstance(node.value, list) else ()
    for child in children:
        parts = child if isinstance(child, tuple) else (child,)
        for part in parts:
            total += _written_out(part, known)
            if total > _LARGEST_DOCUMENT:
                raise ValueError(f"aliases that come to more than {_LARGEST_DOCUMENT:,} values")
    known[key] = total
    return total


def message_of_json(value: Any) -> tuple[Kind, Any]:
    """Give the message of a value that JSON or YAML gave.

    Parameters
    ----------
    value
        An object in proto3 JSON.

    Returns
    -------
    (Kind, message)
        What it is, told from its keys, and the message.

    Raises
    ------
    LoadError
        It is no task, or has a field that tasks do not have.
    """
    kind = _kind_of(value)
    try:
        message = json_format.ParseDict(value, kind.message_class())
    except (json_format.Error, ValueError, TypeError, AttributeError, RecursionError) as error:
        told = " ".join(str(error).split())
        raise LoadError(
            f"no {kind.name} in proto3 JSON: {told}; expected what flytectl get task -o json|yaml prints"
        ) from None
    if not kind.makes_sense(message):
        raise LoadError(f"a {kind.name} that names no task; expected what flytectl get task -o json|yaml prints")
    return kind, message


def _kind_of(value: Any) -> Kind:
    if not isinstance(value, dict):
        raise LoadError(
            f"{type(value).__name__} where a task was expected: an object, or a list of objects, "
            "as flytectl get task -o json|yaml prints them"
        )
    keys = _keys(value)
    # What tells a workflow from a task, and a launch plan from a request, stands one level down.
    for inner in ("template", "spec"):
        if isinstance(value.get(inner), dict):
            keys |= _keys(value[inner]) & {"nodes", "workflowId"}
    for name, required in _SHAPES:
        if required <= keys:
            return _BY_NAME[name]
    shown = sorted(map(str, value))[:_KEYS_SHOWN]
    raise LoadError(
        f"an object with the keys {', '.join(shown) or '(none)'} is no task; expected {', '.join(_BY_NAME)} in proto3 "
        "JSON, as flytectl get task -o json|yaml prints them"
    )


def _keys(value: dict[Any, Any]) -> set[str]:
    """Give the keys in lowerCamelCase; proto3 JSON takes flyteidl's own spelling too."""
    return {_SNAKE.sub(lambda found: found[1].upper(), key) for key in value if isinstance(key, str)}
