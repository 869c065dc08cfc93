"""The Python types of a task's interface, as far as its Flyte types tell them. No code of the user's is imported.

Imports flytekit: ``crossing.py`` imports this where it is needed.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from flytekit.core.interface import Interface
from flytekit.core.type_engine import TypeEngine

from flytetask_nb.integrations.flytekit.twins import twin_of

if TYPE_CHECKING:
    from flytetask_nb.models.flyte_task import FlyteTask

__all__ = ["guessed_interface"]


def guessed_interface(task: FlyteTask) -> Interface:
    """Return flytekit's interface with the types that it guesses."""
    interface = twin_of(task).template.interface
    return Interface(
        inputs={name: TypeEngine.guess_python_type(one.type) for name, one in interface.inputs.items()},
        outputs={name: TypeEngine.guess_python_type(one.type) for name, one in interface.outputs.items()},
    )
