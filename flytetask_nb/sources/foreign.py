"""What a file is that holds no task: named, so that it is seen at once what was taken for what."""

from __future__ import annotations

import codecs
import re
from typing import TYPE_CHECKING, Any

from flytetask_nb.masking import mask_text

if TYPE_CHECKING:
    from collections.abc import Mapping
    from collections.abc import Set as AbstractSet

TEXT_FILE = "a text file"
JSON_TEXT = "a JSON text"
PARQUET_FILE = "a Parquet file"
TAR_ARCHIVE = "a tar archive"

LOOKED_AT = 1024
"""Bytes that are enough to tell."""
_CONTROL = re.compile(r"[\x00-\x08\x0b\x0c\x0e-\x1f]")
_TAR_MARK, _TAR_MARK_AT = b"ustar", 257
_BEGINNINGS: tuple[tuple[bytes, str], ...] = (
    (b"PK\x03\x04", "a ZIP archive"),
    (b"\x1f\x8b", "a gzip file"),
    (b"BZh", "a bzip2 file"),
    (b"\xfd7zXZ\x00", "an xz file"),
    (b"\x28\xb5\x2f\xfd", "a Zstandard file"),
    (b"7z\xbc\xaf\x27\x1c", "a 7-Zip archive"),
    (b"PAR1", PARQUET_FILE),
    (b"ARROW1", "an Arrow file"),
    (b"\x93NUMPY", "a NumPy array"),
    (b"SQLite format 3\x00", "an SQLite database"),
    (b"%PDF", "a PDF document"),
    (b"\x89PNG", "a PNG image"),
    (b"\xff\xd8\xff", "a JPEG image"),
    (b"\x7fELF", "a program"),
    (b"\x80\x04\x95", "a Python pickle"),
    (b"\x80\x05\x95", "a Python pickle"),
)
_TEXT_BEGINNINGS: tuple[tuple[str, str], ...] = (
    ("version https://git-lfs.github.com/", "a Git LFS pointer (git lfs pull fetches the file)"),
    ("<!doctype html", "a web page"),
    ("<html", "a web page"),
    ("<?xml", "an XML document"),
    ("-----begin ", "a key or certificate"),
    ("#!", "a script"),
    ("{", JSON_TEXT),
    ("[", JSON_TEXT),
)
TEXT_MARKS = (codecs.BOM_UTF8, codecs.BOM_UTF16_LE, codecs.BOM_UTF16_BE)
"""With which no message in protobuf begins."""

_LIST = "the answer of Flyte Admin's REST API to a list of {}, which holds no tasks"
# In the order in which they are asked; keys in lowerCamelCase, of objects inside with a dot.
_OBJECTS: tuple[tuple[str, str], ...] = (
    ("workflowClosureReference", "a FlyteWorkflow resource whose tasks are stored elsewhere; load its closure there"),
    (
        "closure closure.compiledWorkflow",
        "the answer of Flyte Admin's REST API to a list of workflows, which has no nodes and no tasks; get each by its version",
    ),
    ("id spec.launchPlan", "an execution"),
    ("executions", _LIST.format("executions")),
    ("nodeExecutions", _LIST.format("node executions")),
    ("taskExecutions", _LIST.format("task executions")),
    ("projects", _LIST.format("projects")),
    ("entities", _LIST.format("names")),
    ("descriptionEntities", _LIST.format("descriptions")),
    ("taskId metadata", "a task as Flyte 2 lists it, without its template; get its details"),
    ("id nodes", "a WorkflowTemplate by itself"),
    ("literals", "a LiteralMap: inputs or outputs of an execution"),
    ("iamRoleARN inputs", "a file to start an execution with"),
    ("swagger", "a description of a REST API"),
    ("openapi", "a description of a REST API"),
)
_OBJECTS_BY_KEYS = tuple((frozenset(keys.split()), words) for keys, words in _OBJECTS)


def foreign_bytes(data: bytes) -> str:
    """Return what bytes are by how they begin, e.g. ``"a web page"``; empty where nothing tells.

    ``data``: the first bytes of a file, or all of them.
    """
    for beginning, words in _BEGINNINGS:
        if data.startswith(beginning):
            return words
    if data[_TAR_MARK_AT:].startswith(_TAR_MARK):
        return TAR_ARCHIVE
    text = _text_of(data[:LOOKED_AT])
    if text is None:
        return ""
    begins = text.lstrip().lower()
    return next((words for beginning, words in _TEXT_BEGINNINGS if begins.startswith(beginning)), TEXT_FILE)


def _text_of(data: bytes) -> str | None:
    """Return the text that bytes begin with; None where they are none."""
    mark = next((mark for mark in TEXT_MARKS if data.startswith(mark)), b"")
    decoder = codecs.getincrementaldecoder("utf-8" if mark in {b"", codecs.BOM_UTF8} else "utf-16")()
    try:
        # The last character may have been cut in two.
        text = decoder.decode(data.removeprefix(codecs.BOM_UTF8))
    except UnicodeDecodeError:
        return None
    return text if text and _CONTROL.search(text) is None else None


def foreign_value(value: Mapping[Any, Any], keys: AbstractSet[str]) -> str:
    """Return what an object in JSON is that is no task; empty where nothing tells."""
    for required, words in _OBJECTS_BY_KEYS:
        if required <= keys:
            return words
    kind, message = value.get("kind"), value.get("message")
    if "code" in keys and isinstance(message, str):
        return f"an error of Flyte Admin's REST API: {mask_text(message[:LOOKED_AT])!r}"
    if "apiVersion" in keys and isinstance(kind, str):
        return f"a resource of Kubernetes of the kind {kind[:LOOKED_AT]!r}"
    return ""
