"""Teaching flytekit's classes about ours: what it asks with ``isinstance``, our tasks answer."""

from __future__ import annotations

import sys
from typing import Any

from flytetask_nb.models.base import Model
from flytetask_nb.models.flyte_task import FlyteTask


def register() -> None:
    """Make our tasks and models virtual instances of flytekit's, if flytekit is there; more than once does no harm.

    ``create_node``, ``FlyteRemote.execute`` and others take our tasks for fetched ones then, and ids of both packages
    that say the same are equal, as keys of a dict too.
    """
    entities: Any = sys.modules.get("flytekit.remote.entities")
    common: Any = sys.modules.get("flytekit.models.common")
    # While flytekit is being imported, its classes may be missing still.
    if hasattr(entities, "FlyteTask") and hasattr(common, "FlyteIdlEntity"):
        entities.FlyteTask.register(FlyteTask)
        common.FlyteIdlEntity.register(Model)
