"""What Flyte makes of a task: pure functions over messages, each agreeing with Flyte's own code.

Names are loaded when they are first asked for.
"""

from __future__ import annotations

from importlib import import_module
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from flytetask_nb.semantics.caching import CacheKey, cache_key, cache_tag
    from flytetask_nb.semantics.castability import castable, is_optional
    from flytetask_nb.semantics.compilation import compile_problems, compile_workflow
    from flytetask_nb.semantics.digests import structure_digest
    from flytetask_nb.semantics.findings import CollectionFindings, Finding, Findings
    from flytetask_nb.semantics.hydration import hydrate
    from flytetask_nb.semantics.launch_plans import registered_launch_plan
    from flytetask_nb.semantics.limits import effective_resources
    from flytetask_nb.semantics.literal_types import literal_type
    from flytetask_nb.semantics.problems import CompileProblem
    from flytetask_nb.semantics.quantities import Quantity
    from flytetask_nb.semantics.registration import check
    from flytetask_nb.semantics.task_conditions import Condition, TaskColumn, col
    from flytetask_nb.semantics.variable_verdicts import Compatibility, VariableCompatibility
    from flytetask_nb.semantics.variance import compatibility

__all__ = [
    "CacheKey",
    "CollectionFindings",
    "Compatibility",
    "CompileProblem",
    "Condition",
    "Finding",
    "Findings",
    "Quantity",
    "TaskColumn",
    "VariableCompatibility",
    "cache_key",
    "cache_tag",
    "castable",
    "check",
    "col",
    "compatibility",
    "compile_problems",
    "compile_workflow",
    "effective_resources",
    "hydrate",
    "is_optional",
    "literal_type",
    "registered_launch_plan",
    "structure_digest",
]

# By module the names that stand in it.
_NAMES = {
    "caching": "CacheKey cache_key cache_tag",
    "castability": "castable is_optional",
    "compilation": "compile_problems compile_workflow",
    "digests": "structure_digest",
    "findings": "CollectionFindings Finding Findings",
    "hydration": "hydrate",
    "launch_plans": "registered_launch_plan",
    "limits": "effective_resources",
    "literal_types": "literal_type",
    "problems": "CompileProblem",
    "quantities": "Quantity",
    "registration": "check",
    "task_conditions": "Condition TaskColumn col",
    "variable_verdicts": "Compatibility VariableCompatibility",
    "variance": "compatibility",
}
_MODULE_OF = {name: module for module, names in _NAMES.items() for name in names.split()}


def __getattr__(name: str) -> Any:
    module = _MODULE_OF.get(name)
    if module is None:
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
    value = getattr(import_module(f"{__name__}.{module}"), name)
    globals()[name] = value
    return value


def __dir__() -> list[str]:
    return sorted({*globals(), *__all__})
