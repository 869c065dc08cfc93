"""A Flyte Admin of one's own on the loopback interface, for tests, the offline tour and demos.

``with ftn.sandbox() as admin:`` starts it, ``python -m flytetask_nb.embedded_admin`` too.
"""

from __future__ import annotations

from flytetask_nb.embedded_admin.server import EmbeddedAdmin, sandbox

__all__ = ["EmbeddedAdmin", "sandbox"]
