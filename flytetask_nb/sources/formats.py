"""In which format a file is, and the messages in it: protobuf's own, JSON, YAML."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, Any

from flytetask_nb.errors import LoadError
from flytetask_nb.sources.document_reader import json_documents, text_of, yaml_documents
from flytetask_nb.sources.file_names import MESSAGE
from flytetask_nb.sources.foreign import JSON_TEXT, TEXT_FILE, TEXT_MARKS, foreign_bytes
from flytetask_nb.sources.json_messages import items_of, message_of_json
from flytetask_nb.sources.message_kinds import Content, PassedOver
from flytetask_nb.sources.message_reader import items_in, kind_in, kind_of_message

if TYPE_CHECKING:
    from collections.abc import Collection, Iterator

_BINARY, _JSON, _YAML = "binary", "json", "yaml"
_PARSERS = {_JSON: json_documents, _YAML: yaml_documents}
_MEDIA_TYPES = {
    "application/json": _JSON,
    "text/json": _JSON,
    "application/yaml": _YAML,
    "application/x-yaml": _YAML,
    "text/yaml": _YAML,
    "text/x-yaml": _YAML,
}
# Every protobuf message begins, or its first sub-message does, with a tag that no text has.
_BINARY_BYTES = re.compile(rb"[\x00-\x08\x0b\x0c\x0e-\x1f]")
_MOST_ITEMS = 50_000
"""Items of one text that are read: each takes a tenth of a millisecond."""
_MOST_TOLD = 1000
"""Bad items of one file that are told each by itself."""


def form_of_name(name: str) -> str:
    """Return the format that a file's name says."""
    lower = name.lower()
    if lower.endswith(MESSAGE):
        return _BINARY
    return _JSON if lower.endswith(".json") else _YAML


def form_of_media_type(media_type: str) -> str:
    """Return the format that a server says; empty where it says none that is told from others by it."""
    return _MEDIA_TYPES.get(media_type.lower(), "")


def form_of_content(data: bytes) -> str:
    """Return the format that bytes without a telling name are in."""
    if not data.startswith(TEXT_MARKS):
        if _BINARY_BYTES.search(data):
            return _BINARY
        return _JSON if data.lstrip()[:1] in (b"{", b"[") else _YAML
    # In UTF-16 the sign stands beside a zero.
    begins = data.lstrip(b"\xef\xbb\xbf\xfe\xff\x00 \t\r\n")
    return _JSON if begins[:1] in (b"{", b"[") else _YAML


def contents_of_message(
    full_name: str, data: bytes, wanted: Collection[str]
) -> Iterator[tuple[str, Content | PassedOver | LoadError]]:
    """Return what is wanted of a message of a kind that is known, as ``contents_of`` does.

    Raises LoadError: messages of that name hold no task.
    """
    kind = kind_of_message(full_name)
    if kind is None:
        raise LoadError(f"a {full_name} holds no task, workflow or launch plan that can be loaded")
    yield from items_in(kind, kind.message_class.FromString(data), wanted, data)


def contents_of(
    form: str, name: str, data: bytes, wanted: Collection[str]
) -> Iterator[tuple[str, Content | PassedOver | LoadError]]:
    """Return what is wanted of a file, what is passed over, and what is wrong with single items.

    Raises LoadError: it is no such file.
    """
    if form == _BINARY:
        # Read even where it is passed over: a task under a workflow's name must not vanish among the skipped.
        yield from items_in(*kind_in(name, data), wanted, data)
        return
    values, damage = _values_in(form, data)
    items = [item for value in values for item in items_of(value)]
    # The only item of a file needs no number.
    is_one = damage is None and len(items) == 1 and items[0] is values[0]
    if len(items) > _MOST_ITEMS:
        yield "", LoadError(f"{len(items):,} items; only the first {_MOST_ITEMS:,} are read: split the file")
        del items[_MOST_ITEMS:]
    bad = 0
    for position, item in enumerate(items):
        try:
            kind, message = message_of_json(item, is_yaml=form == _YAML)
        except LoadError as error:
            bad += 1
            if bad > _MOST_TOLD:
                continue
            yield "", error if is_one else LoadError(f"item {position}: {error}")
            continue
        for word, content in items_in(kind, message, wanted):
            if isinstance(content, Content) and content.position is None and not is_one:
                yield word, content._replace(position=position)
            else:
                yield word, content
    if bad > _MOST_TOLD:
        yield (
            "",
            LoadError(f"{bad - _MOST_TOLD:,} more items that cannot be read; only the first {_MOST_TOLD:,} are told"),
        )
    if damage is not None:
        yield "", damage


def _values_in(form: str, data: bytes) -> tuple[list[Any], LoadError | None]:
    """Return the values of a text, and what is wrong behind them."""
    values: list[Any] = []
    damage: LoadError | None = None
    try:
        values += (value for value in _PARSERS[form](text_of(data)) if value is not None)
    except LoadError as error:
        damage = error
    if any(isinstance(value, dict | list) for value in values):
        return values, damage
    foreign = foreign_bytes(data)
    if foreign not in {"", TEXT_FILE, JSON_TEXT if form == _JSON else ""}:
        problem = damage or "no object; expected what flytectl get task -o json|yaml prints"
        return [], LoadError(f"{foreign}: {problem}")
    if not values and damage is None:
        raise LoadError("the file holds no document; expected what flytectl get task -o json|yaml prints")
    return values, damage
