"""A cluster as a source of tasks: ``connect`` gives a ``Remote``.

gRPC and the libraries for logins come with the extra ``cluster``; the first connection loads them.
"""

from __future__ import annotations

import os
from typing import TYPE_CHECKING, Any

from flytetask_nb.sources.client.connecting import connect

if TYPE_CHECKING:
    from flytetask_nb.sources.client.remote import Remote

__all__ = ["Remote", "connect"]

# gRPC writes what it thinks of a connection onto the error stream, which a notebook shows, unless it is told before it
# is loaded; flytekit's command line tells it so too.
os.environ.setdefault("GRPC_VERBOSITY", "NONE")


def __getattr__(name: str) -> Any:
    if name != "Remote":
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
    from flytetask_nb.sources.client.remote import Remote  # noqa: PLC0415 - of use to connections only

    return Remote
