"""The names of a task's fields as who writes tasks with flytekit knows them, beside those of flyteidl's messages."""

from __future__ import annotations

import re
from typing import Final

_FAMILIAR: Final = {
    "metadata.discoverable": "metadata.cache",
    "metadata.discovery_version": "metadata.cache_version",
    "metadata.cache_serializable": "metadata.cache_serialize",
    "metadata.deprecated_error_message": "metadata.deprecated",
    "metadata.metadata": "metadata.k8s_object_metadata",
    "description": "docs",
}
"""Names under which models have what flyteidl calls otherwise: each of them can be read from a task."""
_HEAD: Final = re.compile(rf"\A(?:{'|'.join(map(re.escape, _FAMILIAR))})(?![\w-])")


def familiar_path(path: str) -> str:
    """Return the path of a field as models and flytekit name it.

    ``path``: a path from a task's template, e.g. ``"metadata.discovery_version"``, or from its spec, ``"description"``.

    Examples
    --------
    >>> familiar_path("metadata.discovery_version"), familiar_path("container.image")
    ('metadata.cache_version', 'container.image')
    """
    return _HEAD.sub(lambda head: _FAMILIAR[head[0]], path, count=1)
