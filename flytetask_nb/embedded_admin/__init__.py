"""A Flyte Admin of one's own on the loopback interface, for tests, the offline tour and demos.

``with ftn.sandbox() as admin:`` starts it, ``python -m flytetask_nb.embedded_admin`` too.
"""

from __future__ import annotations

import os

# Before gRPC is loaded: what clients do wrong is told to them, and need not stand on the error stream.
os.environ.setdefault("GRPC_VERBOSITY", "NONE")

from flytetask_nb.embedded_admin.filling import Filled
from flytetask_nb.embedded_admin.refusals import Refusal
from flytetask_nb.embedded_admin.server import EmbeddedAdmin, sandbox

__all__ = ["EmbeddedAdmin", "Filled", "Refusal", "sandbox"]
