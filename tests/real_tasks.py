"""The corpus's tasks, read with nothing of the package under test."""

from __future__ import annotations

import tarfile
from functools import lru_cache
from typing import TYPE_CHECKING

from flyteidl.admin import task_pb2

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

    from google.protobuf.message import Message


@lru_cache(maxsize=2)
def serialized_tasks(corpus: Path) -> dict[str, bytes]:
    """Return the bytes of every TaskSpec by the place where it stands, e.g. ``release/example.tgz!0_name_1.pb``."""
    found: dict[str, bytes] = {}
    for path in sorted(corpus.glob("*/*.tgz")):
        with tarfile.open(path) as archive:
            for entry in archive:
                content = archive.extractfile(entry)
                if content is not None and entry.name.endswith("_1.pb"):
                    found[f"{path.parent.name}/{path.name}!{entry.name}"] = content.read()
    return found


def task_messages(corpus: Path) -> Iterator[tuple[str, Message]]:
    """Return every TaskSpec of the corpus, a message of the caller's own, with its place."""
    for place, data in serialized_tasks(corpus).items():
        yield place, task_pb2.TaskSpec.FromString(data)
