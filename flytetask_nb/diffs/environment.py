"""Changes of environment variables, and of the settings that flytekit packs into one of them."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, Any, Final

from flytetask_nb.diffs.edits import Named, Replacement, joined
from flytetask_nb.diffs.rules import BEHAVIOUR
from flytetask_nb.diffs.shadowing import compare_shadowed
from flytetask_nb.diffs.structures import mapped_differences, same
from flytetask_nb.models.order import natural_key
from flytetask_nb.semantics.flytekit_settings import SETTINGS_VARIABLE, unpacked_settings

if TYPE_CHECKING:
    from collections.abc import Sequence

    from flytetask_nb.diffs.changes import Ledger
    from flytetask_nb.diffs.edits import Edits
    from flytetask_nb.semantics.task_container import TaskContainer

# What of flytekit's settings says which release this is and where it was packaged (flytekit/configuration).
_RELEASE_SETTINGS: Final = frozenset(
    "project domain version image_config fast_serialization_settings flytekit_virtualenv_root python_interpreter "
    "source_root git_repo".split()
)

_PASSED_ON: Final = "A setting of flytekit that this task passes on to the tasks it creates at run time."
_REFERENCE: Final = "$("
_REFERENCED: Final = re.compile(r"\$\(([^()]+)\)")


def compare_env(ledger: Ledger, old: TaskContainer, new: TaskContainer) -> None:
    """Compare two environments by name; order counts where values refer to each other."""
    before, after = dict(old.env), dict(new.env)
    path, old_path = f"{new.path}.env", f"{old.path}.env"
    orders = env_order(old.env), env_order(new.env)
    for name in sorted({*before, *after}, key=natural_key):
        was, now = before.get(name), after.get(name)
        place, old_place = joined(path, name), joined(old_path, name)
        order = _order_edits(old_place, place, orders[0].get(name), orders[1].get(name))
        if name in before and name in after and same(was, now):
            if order:
                orders_of_names = [_neighbours(env, name) for env in (before, after)]
                ledger.add("env-reordered", place, *orders_of_names, kind="reordered", old_path=old_place, edits=order)
        elif name == SETTINGS_VARIABLE:
            _compare_settings(ledger, place, old_place, was, now)
        else:
            edits = (Replacement(old_place, place, was, now), *order)
            ledger.entry("env", place, was, now, key=name, old_path=old_place, edits=edits)
    compare_shadowed(ledger, "env-shadowed", "env", old, new)


def env_order(env: Sequence[tuple[str, Any]]) -> dict[str, tuple[str, ...]]:
    """Give, by variable, which of the variables that its value refers to stand before it: only those it finds."""
    references: dict[str, tuple[str, ...]] = {}
    values = dict(env)
    for place, (name, value) in enumerate(values.items()):
        if _REFERENCE in str(value):
            known = _REFERENCED.findall(str(value))
            before = tuple(other for other in list(values)[:place] if other in known)
            if before:
                references[name] = before
    return references


def _order_edits(old_path: str, path: str, old: tuple[str, ...] | None, new: tuple[str, ...] | None) -> Edits:
    if old == new:
        return ()
    return (Replacement(joined(old_path, "(references)"), joined(path, "(references)"), old, new),)


def _neighbours(env: dict[str, Any], name: str) -> list[str]:
    """Return a variable and those that it refers to, in order."""
    known = _REFERENCED.findall(str(env[name]))
    return [other for other in env if other == name or other in known]


def _compare_settings(ledger: Ledger, path: str, old_path: str, old: Any, new: Any) -> None:
    """Compare the settings that flytekit packs into a variable of dynamic and eager tasks."""
    before, after = (unpacked_settings(SETTINGS_VARIABLE, value) for value in (old, new))
    if before is None or after is None:
        # Unpacked, they can be read, and secrets in them are found.
        values = [value if settings is None else settings for value, settings in ((old, before), (new, after))]
        exact = [Named(SETTINGS_VARIABLE, value) if isinstance(value, dict) else value for value in values]
        edit = Replacement(old_path, path, *exact)
        ledger.entry("env", path, *values, key=SETTINGS_VARIABLE, old_path=old_path, edits=(edit,))
        return
    for difference in mapped_differences(path, before, after, old_path):
        first = difference.path[len(path) :].lstrip(".").partition(".")[0].partition("[")[0]
        # What pyflyte package leaves open, pyflyte register knows.
        is_filled = first in _RELEASE_SETTINGS - {"image_config"} and (difference.old is None or difference.new is None)
        rule = "id-filled-in" if is_filled else "serialization-settings"
        special = {} if first in _RELEASE_SETTINGS else {"severity": BEHAVIOUR, "reason": _PASSED_ON}
        ledger.difference(rule, difference, **special)
