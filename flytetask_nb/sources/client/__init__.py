"""A cluster as a source of tasks: ``connect`` gives a ``Remote``, ``col`` filters what it lists.

gRPC and the libraries for logins come with the extra ``cluster``; the first connection loads them.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from flytetask_nb.sources.client.connecting import connect
from flytetask_nb.sources.client.filters import col

if TYPE_CHECKING:
    from flytetask_nb.sources.client.remote import Remote

__all__ = ["Remote", "col", "connect"]


def __getattr__(name: str) -> Any:
    if name != "Remote":
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
    from flytetask_nb.sources.client.remote import Remote  # noqa: PLC0415 - of use to connections only

    return Remote
