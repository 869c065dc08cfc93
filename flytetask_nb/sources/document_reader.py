"""The values of JSON and YAML texts.

YAML is read as flytectl and kubectl write it, and as people do. Both write by ``sigs.k8s.io/yaml``, which quotes a text
where ``resolve`` of go.yaml.in/yaml/v2 (resolve.go) would make something else of it, and nowhere else. YAML 1.1, and
PyYAML with it, makes something else of more: ``=`` and ``<<``, hexadecimal and binary numbers of more than 64 bits,
decimal ones beyond a double's; and it takes a number such as ``1e-07`` for a text. Here a plain scalar is what it is to
that writer.
"""

from __future__ import annotations

import json
import math
import re
from functools import cache
from typing import TYPE_CHECKING, Any

from flytetask_nb.bounded_reading import DEEPEST, BeyondBoundsError, json_value
from flytetask_nb.errors import LoadError
from flytetask_nb.sources.fitting import Plain

if TYPE_CHECKING:
    from collections.abc import Iterator

_LARGEST_DOCUMENT = 1_000_000
"""Values that one YAML file may have, and that one document in it may come to when its aliases are written out."""
_LONGEST_NUMBER = 4_000
"""Characters of a number: long ones cost time with the square of their length."""
_BRACKETS = re.compile(r"[\[{\]}]")
_NESTED_LINE = re.compile(rf"^[ ]*(?:[-?:][ \t]+){{{DEEPEST}}}|^[ ]{{{DEEPEST}}}", re.MULTILINE)

_TAG = "tag:yaml.org,2002:"
_STR, _MERGE = f"{_TAG}str", f"{_TAG}merge"
# Keys are texts in JSON, whatever they look like.
_IMPLICIT = frozenset(f"{_TAG}{name}" for name in ("bool", "float", "int", "merge", "null"))
_TEXTS = frozenset({f"{_TAG}timestamp", f"{_TAG}value"})
# Scalars that look like numbers, instead of those that do so to PyYAML.
_RESOLVED = {
    f"{_TAG}int": re.compile(
        r"[-+]?(?:0|[1-9][0-9_]*|0[0-7_]+|0x_*[0-9a-fA-F][0-9a-fA-F_]*|0b_*[01][01_]*|[1-9][0-9_]*(?::[0-5]?[0-9])+)$"
    ),
    f"{_TAG}float": re.compile(
        r"(?:[-+]?[0-9][0-9_]*\.[0-9_]*(?:[eE][-+][0-9]+)?|[-+]?[0-9]+[eE][-+][0-9]+"
        r"|\.[0-9]+(?:[eE][-+][0-9]+)?|[-+]?\.(?:inf|Inf|INF)|\.(?:nan|NaN|NAN))$"
    ),
}
_BASED = re.compile(r"[-+]?0[xb]")
_LEAST, _MOST = -(2**63), 2**64 - 1


def text_of(data: bytes) -> str:
    """Return the text of JSON or YAML.

    ``data``: in UTF-8, or in UTF-16 or UTF-32, which a byte order mark tells (PowerShell's ``>`` writes one), or the
      zeros among the first bytes.
    Raises LoadError: it is no text.
    """
    encoding = json.detect_encoding(data)
    try:
        return data.decode(encoding)
    except UnicodeDecodeError as error:
        name = encoding.removesuffix("-sig").upper()
        raise LoadError(f"no {name} text: {error}; JSON and YAML are UTF-8: save the file as that") from None


def json_documents(text: str) -> Iterator[Any]:
    """Return the value of a JSON text.

    Raises LoadError: the text is no JSON, or an object has a key twice: one of the two values would be lost. Or it may
      have more values than a file of tasks has reason to.
    """
    try:
        yield json_value(text, _object)
    except BeyondBoundsError as error:
        raise LoadError(f"JSON {error}; split the file, or look at what wrote it") from None
    except ValueError as error:
        raise LoadError(f"no JSON: {error}; expected what flytectl get task -o json prints") from None


def _object(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    made = dict(pairs)
    if len(made) < len(pairs):
        seen: set[str] = set()
        for key, _ in pairs:
            _note_key(key, seen)
    return made


def _note_key(key: str, seen: set[str]) -> None:
    if key in seen:
        raise ValueError(f"the key {key!r} stands twice in one object")
    seen.add(key)


def yaml_documents(text: str) -> Iterator[Any]:
    """Return the values of the documents of a YAML text, one after the other.

    Tags that would make objects are refused, and so are keys that stand twice in one mapping. Keys are texts, as in
    JSON; ``<<`` merges what an alias names, and is a key like any other before anything else. Times stay texts, numbers
    and truth values are ``Plain``, and aliases are bounded by what they come to when they are written out.

    Raises LoadError: the text is no YAML, or more than a file of tasks has reason to be.
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
            _prepare(node, {})
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
        """A safe loader to which a plain scalar is what it is to flytectl."""

        yaml_implicit_resolvers = {  # noqa: RUF012 - PyYAML reads it from the class
            first: [(tag, _RESOLVED.get(tag, pattern)) for tag, pattern in resolvers if tag not in _TEXTS]
            for first, resolvers in base.yaml_implicit_resolvers.items()
        }

    for name in ("bool", "int", "float"):
        Loader.add_constructor(f"{_TAG}{name}", _scalar_constructor(getattr(base, f"construct_yaml_{name}")))
    return Loader


def _scalar_constructor(construct: Any) -> Any:
    def constructed(loader: Any, node: Any) -> Any:
        text = node.value
        if len(text) > _LONGEST_NUMBER:
            raise ValueError(f"a number of {len(text):,} characters")
        value = construct(loader, node)
        return text if _is_beyond(value, text) else Plain(value, text)

    return constructed


def _is_beyond(value: Any, text: str) -> bool:
    """Tell whether a number is one to PyYAML alone: of base 60, of more than 64 bits, or larger than any double."""
    if isinstance(value, float):
        return math.isinf(value) and text[-1].isdigit()
    return ":" in text or (_BASED.match(text) is not None and not _LEAST <= value <= _MOST)


def _no_yaml(error: Exception) -> LoadError:
    return LoadError(f"no plain YAML: {' '.join(str(error).split())}; expected what flytectl get task -o yaml prints")


def _may_be_deep(text: str) -> bool:
    """Tell, without parsing, whether brackets, dashes or indents could stand deeper than in any message.

    Brackets in texts count too, so the answer can be yes where it should be no.
    """
    if _NESTED_LINE.search(text) is not None:
        return True
    depth = 0
    for bracket in _BRACKETS.finditer(text):
        depth = depth + 1 if bracket[0] in "[{" else max(depth - 1, 0)
        if depth > DEEPEST:
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
            if depth > DEEPEST:
                raise LoadError("YAML that is nested too deeply; expected what flytectl get task -o yaml prints")
            if values > _LARGEST_DOCUMENT:
                raise LoadError(f"YAML of more than {_LARGEST_DOCUMENT:,} values; split the file, or make it JSON")
    except yaml.YAMLError:
        # Up to here there was no harm, and the loader comes no further.
        return


def _prepare(node: Any, known: dict[int, int]) -> int:
    """Make keys texts, and count the values with aliases written out; stop where they become too many.

    ``known`` says of each node that was looked at its number of values; 0 while it is looked at.
    """
    key = id(node)
    if key in known:
        if not known[key]:
            raise ValueError("an alias stands inside what it names")
        return known[key]
    known[key] = 0
    total = 1
    if node.tag == _MERGE:
        node.tag = _STR
    seen: set[str] = set()
    for child in node.value if isinstance(node.value, list) else ():
        parts = child if isinstance(child, tuple) else (child,)
        if isinstance(child, tuple):
            _prepare_key(parts[0], parts[1], seen, known)
        for part in parts:
            total += _prepare(part, known)
            if total > _LARGEST_DOCUMENT:
                raise ValueError(f"aliases that come to more than {_LARGEST_DOCUMENT:,} values")
    known[key] = total
    return total


def _prepare_key(key: Any, value: Any, seen: set[str], known: dict[int, int]) -> None:
    if not isinstance(key.value, str):
        return
    if key.tag == _MERGE and _is_alias(value, known):
        # A merged mapping gives way to the keys beside it, and may be merged more than once.
        known[id(key)] = 1
        return
    if key.tag in _IMPLICIT:
        key.tag = _STR
    _note_key(key.value, seen)


def _is_alias(node: Any, known: dict[int, int]) -> bool:
    """Tell whether something is an alias, or a list of them: what an alias names stands before it."""
    if id(node) in known:
        return True
    items = node.value if isinstance(node.value, list) else ()
    return bool(items) and all(id(item) in known for item in items)
