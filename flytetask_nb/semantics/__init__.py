"""What Flyte makes of a task: pure functions over messages, each agreeing with Flyte's own code.

Names are loaded when they are first asked for.
"""

from __future__ import annotations

from importlib import import_module
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from flytetask_nb.semantics.castability import castable, is_optional
    from flytetask_nb.semantics.hydration import hydrate
    from flytetask_nb.semantics.limits import effective_resources
    from flytetask_nb.semantics.quantities import Quantity

__all__ = ["Quantity", "castable", "effective_resources", "hydrate", "is_optional"]

_MODULE_OF = {
    "Quantity": "quantities",
    "castable": "castability",
    "effective_resources": "limits",
    "hydrate": "hydration",
    "is_optional": "castability",
}


def __getattr__(name: str) -> Any:
    module = _MODULE_OF.get(name)
    if module is None:
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
    found = getattr(import_module(f"{__name__}.{module}"), name)
    globals()[name] = found
    return found


def __dir__() -> list[str]:
    return sorted({*globals(), *__all__})
