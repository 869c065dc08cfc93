"""JSON and YAML: tasks, workflows and launch plans in proto3 JSON, as ``flytectl get task -o json|yaml`` prints them."""

from __future__ import annotations

import json
import re
from functools import cache, partial
from typing import TYPE_CHECKING, Any

from google.protobuf import json_format

from flytetask_nb.errors import LoadError
from flytetask_nb.sources.kinds import KINDS

if TYPE_CHECKING:
    from collections.abc import Iterator

    from flytetask_nb.sources.kinds import Kind

__all__ = ["items_of", "json_documents", "message_of_json", "yaml_documents"]

_BY_NAME = {kind.name: kind for kind in KINDS}

# Which keys say which kind, in the order in which they are asked.
_SHAPES: tuple[tuple[str, frozenset[str]], ...] = (
    ("LaunchPlan", frozenset({"spec", "workflowId"})),
    ("Workflow", frozenset({"closure", "compiledWorkflow"})),
    ("Task", frozenset({"closure"})),
    ("CompiledWorkflowClosure", frozenset({"primary"})),
    ("TaskList", frozenset({"tasks"})),
    ("TaskClosure", frozenset({"compiledTask"})),
    ("TaskCreateRequest", frozenset({"id", "spec"})),
    ("WorkflowSpec", frozenset({"template", "nodes"})),
    ("TaskSpec", frozenset({"template"})),
    ("TaskTemplate", frozenset({"id", "interface"})),
    ("TaskTemplate", frozenset({"id", "type"})),
    ("TaskTemplate", frozenset({"id", "metadata"})),
)
_LISTS = ("tasks", "workflows", "launchPlans", "launch_plans")
"""Keys under which Admin's lists hold their items."""
_SNAKE = re.compile("_([a-z])")
_LARGEST_DOCUMENT = 1_000_000
"""Values that one YAML file may have, and that one document in it may come to when its aliases are written out."""
_LARGEST_JSON = 5_000_000
"""Values that one JSON text may have: they take less memory and time than YAML's."""
_LONGEST_NUMBER = 4_000
"""Characters of a number: long ones cost time with the square of their length."""
_DEEPEST = 100
"""How deep values may stand inside each other: as deep as protobuf's own JSON parser goes."""
_BRACKETS = re.compile(r"[\[{\]}]")
_NESTED_LINE = re.compile(rf"^[ ]*(?:[-?:][ \t]+){{{_DEEPEST}}}|^[ ]{{{_DEEPEST}}}", re.MULTILINE)
_KEYS_SHOWN = 8
_MERGE = "tag:yaml.org,2002:merge"


def json_documents(text: str) -> Iterator[Any]:
    """Give the value of a JSON text.

    Raises
    ------
    LoadError
        The text is no JSON, or an object has a key twice: one of the two values would be lost. Or it may have more
        values than a file of tasks has reason to.
    """
    # Commas in texts count too: it is the memory that is bounded, before it is taken.
    if sum(map(text.count, ",[{")) > _LARGEST_JSON:
        raise LoadError(f"JSON of more than {_LARGEST_JSON:,} values; split the file")
    try:
        yield json.loads(text, object_pairs_hook=_object)
    except ValueError as error:
        raise LoadError(f"no JSON: {error}; expected what flytectl get task -o json prints") from None
    except RecursionError:
        raise LoadError("JSON that is nested too deeply; expected what flytectl get task -o json prints") from None


def _object(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    made = dict(pairs)
    if len(made) < len(pairs):
        _refuse_doubles([key for key, _ in pairs])
    return made


def _refuse_doubles(keys: list[str]) -> None:
    seen: set[str] = set()
    for key in keys:
        if key in seen:
            raise ValueError(f"the key {key!r} stands twice in one object")
        seen.add(key)


def yaml_documents(text: str) -> Iterator[Any]:
    """Give the values of the documents of a YAML text, one after the other.

    Tags that would make objects are refused, and so are keys that stand twice in one mapping; times stay texts, and
    aliases are bounded by what they come to when they are written out.

    Raises
    ------
    LoadError
        The text is no YAML, or more than a file of tasks has reason to be.
    """
    import yaml  # noqa: PLC0415 - most files are no YAML

    # PyYAML's loader in C has no guard of its own against recursion or size; its parser neither recurses nor keeps.
    if _may_be_deep(text) or _may_be_large(text):
        _refuse_bombs(text)
    try:
        loader = _loader_class()(text)
    except yaml.YAMLError as error:
        raise _no_yaml(error) from None
    try:
        while loader.check_node():
            node = loader.get_node()
            _written_out(node, {})
            yield loader.construct_document(node)
    except yaml.YAMLError as error:
        raise _no_yaml(error) from None
    except Exception as error:  # noqa: BLE001 - PyYAML lets through whatever its constructors come upon
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

    for tag, construct in (("int", base.construct_yaml_int), ("float", base.construct_yaml_float)):
        Loader.add_constructor(f"tag:yaml.org,2002:{tag}", partial(_number, construct))
    return Loader


def _number(construct: Any, loader: Any, node: Any) -> Any:
    if len(node.value) > _LONGEST_NUMBER:
        raise ValueError(f"a number of {len(node.value):,} characters")
    return construct(loader, node)


def _no_yaml(error: Exception) -> LoadError:
    return LoadError(f"no plain YAML: {' '.join(str(error).split())}; expected what flytectl get task -o yaml prints")


def _may_be_deep(text: str) -> bool:
    """Tell, without parsing, whether brackets, dashes or indents could stand deeper than in any message.

    Brackets in texts count too, so the answer can be yes where it should be no.
    """
    if _NESTED_LINE.search(text) is not None:
        return True
    depth = 0
    for found in _BRACKETS.finditer(text):
        depth = depth + 1 if found[0] in "[{" else max(depth - 1, 0)
        if depth > _DEEPEST:
            return True
    return False


def _may_be_large(text: str) -> bool:
    """Tell, without parsing, whether there could be more values than there may be: each begins behind one of these."""
    return sum(map(text.count, "\n,[{:-?")) > _LARGEST_DOCUMENT


def _refuse_bombs(text: str) -> None:
    import yaml  # noqa: PLC0415

    depth, values = 0, 0
    try:
        for event in yaml.parse(text, Loader=_loader_class()):
            if isinstance(event, yaml.events.CollectionStartEvent):
                depth += 1
            elif isinstance(event, yaml.events.CollectionEndEvent):
                depth -= 1
            values += isinstance(event, yaml.events.NodeEvent | yaml.events.DocumentStartEvent)
            if depth > _DEEPEST:
                raise LoadError("YAML that is nested too deeply; expected what flytectl get task -o yaml prints")
            if values > _LARGEST_DOCUMENT:
                raise LoadError(f"YAML of more than {_LARGEST_DOCUMENT:,} values; split the file, or make it JSON")
    except yaml.YAMLError:
        # Up to here there was no harm, and the loader comes no further.
        return


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
    # A merged mapping gives way to the keys beside it, and may be merged more than once.
    _refuse_doubles(
        [
            child[0].value
            for child in children
            if isinstance(child, tuple) and isinstance(child[0].value, str) and child[0].tag != _MERGE
        ]
    )
    for child in children:
        parts = child if isinstance(child, tuple) else (child,)
        for part in parts:
            total += _written_out(part, known)
            if total > _LARGEST_DOCUMENT:
                raise ValueError(f"aliases that come to more than {_LARGEST_DOCUMENT:,} values")
    known[key] = total
    return total


def items_of(value: Any) -> list[Any]:
    """Give the single items of a list, be it a plain one or one of Admin's (TaskList), or else the value alone."""
    if isinstance(value, list):
        return value
    if isinstance(value, dict):
        for key in _LISTS:
            if value.keys() <= {key, "token"} and isinstance(value.get(key), list):
                return list(value[key])
    return [value]


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
        It is no task, or has a field that this flyteidl does not know: it could not be kept.
    """
    kind = _kind_of(value)
    try:
        message = json_format.ParseDict(value, kind.message_class())
    except Exception as error:  # noqa: BLE001 - protobuf's parser raises errors of many kinds, SystemError among them
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
    for inner in ("template", "spec", "closure"):
        if isinstance(value.get(inner), dict):
            keys |= _keys(value[inner]) & {"nodes", "workflowId", "compiledWorkflow"}
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
