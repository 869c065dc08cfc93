"""The bridge to flytekit: tasks inside its workflows, and its entities as tasks.

Importing this imports nothing of flytekit: each call loads what it needs.
"""

from __future__ import annotations

from flytetask_nb.integrations.flytekit.crossing import BRIDGE
from flytetask_nb.integrations.flytekit.front import from_flytekit, mocked

__all__ = ["BRIDGE", "from_flytekit", "mocked"]
