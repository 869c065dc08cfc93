"""Changes of what runs: image, command, environment, resources and the rest of a container.

A container of a task and the primary container of a pod are brought into one form first, so that the same change is
told the same way for both.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Final

from flyteidl.core import tasks_pb2

from flytetask_nb.diffs.command_lines import check_templates, compare_commands
from flytetask_nb.diffs.container_resources import compare_resources
from flytetask_nb.diffs.environment import compare_env
from flytetask_nb.diffs.messages import compare_unknown, compare_unknown_items, entry_differences, field_changes
from flytetask_nb.diffs.plain import unknown_fields
from flytetask_nb.diffs.settings import by_rule
from flytetask_nb.diffs.structures import mapped_differences, same
from flytetask_nb.semantics.images import image_reference
from flytetask_nb.semantics.task_container import own_container

if TYPE_CHECKING:
    from flytetask_nb.diffs.changes import Ledger
    from flytetask_nb.semantics.task_container import TaskContainer

ARCHITECTURES: Final = tasks_pb2.Container.Architecture.DESCRIPTOR

_BESIDE_IMAGE: Final = ("args", "command", "env", "resources", "config", "ports", "data_config", "architecture")
MOVABLE: Final = ("image", "command", "args", "env", "requests", "limits", "ports")
"""What a container of a task and one of a pod have in common."""


def compare_containers(ledger: Ledger, path: str, old: Any, new: Any, inputs: tuple[set[str], set[str]]) -> None:
    """Compare the containers of two tasks, ``Container`` messages."""
    if _differ_in_image_alone(old, new) and not same(old.image, new.image):
        _compare_images(ledger, f"{path}.image", f"{path}.image", old.image, new.image)
        return
    compare_task_containers(ledger, own_container(old, path), own_container(new, path), inputs)
    compare_data_loading(ledger, f"{path}.data_config", old.data_config, new.data_config)
    compare_container_rest(ledger, path, old, new)


def _differ_in_image_alone(old: Any, new: Any) -> bool:
    """Tell the commonest case by itself: it needs nothing of what follows."""
    return (
        old.image != new.image
        and all(getattr(old, field) == getattr(new, field) for field in _BESIDE_IMAGE)
        and not unknown_fields(old)
        and not unknown_fields(new)
    )


def compare_container_rest(ledger: Ledger, path: str, old: Any, new: Any) -> None:
    """Compare what a task's container has and a pod's does not."""
    if old.architecture != new.architecture:
        _compare_architecture(ledger, f"{path}.architecture", old.architecture, new.architecture)
    if old.config != new.config:
        settings = input_settings(old.config), input_settings(new.config)
        ledger.entries("container-setting", entry_differences(f"{path}.config", *settings))
    if old.resources != new.resources:
        compare_unknown(ledger, f"{path}.resources", old.resources, new.resources)
    for before, after, fields in (
        (old, new, ("env", "ports", "config")),
        (old.resources, new.resources, ("requests", "limits")),
    ):
        for field in fields:
            items = getattr(before, field), getattr(after, field)
            if items[0] != items[1]:
                compare_unknown_items(ledger, f"{path}.{field}", *items)
    compare_unknown(ledger, path, old, new)


_compare_architecture: Final = by_rule("architecture", ARCHITECTURES)


def input_settings(pairs: Any) -> dict[str, str]:
    """Return ``config`` of a container by key; of a key that stands there twice the last value counts."""
    return {pair.key: pair.value for pair in pairs}


def compare_data_loading(ledger: Ledger, path: str, old: Any, new: Any, old_path: str = "") -> None:
    """Compare how a raw container gets its inputs, ``DataLoadingConfig`` messages."""
    if old != new:
        ledger.differences("data-loading", field_changes(path, old, new, old_path))


def compare_task_containers(
    ledger: Ledger, old: TaskContainer, new: TaskContainer, inputs: tuple[set[str], set[str]]
) -> None:
    """Compare two containers in the common form."""
    if not same(old.image, new.image):
        _compare_images(ledger, f"{new.path}.image", f"{old.path}.image", old.image, new.image)
    if old.command != new.command or old.args != new.args:
        compare_commands(ledger, old, new)
    check_templates(ledger, old, new, inputs)
    if old.env != new.env:
        compare_env(ledger, old, new)
    if old.requests != new.requests or old.limits != new.limits:
        compare_resources(ledger, old, new)
    if old.ports != new.ports:
        for difference in entry_differences(f"{new.path}.ports", old.ports, new.ports, f"{old.path}.ports"):
            # A port is no secret, whatever its name.
            ledger.difference(f"port-{difference.kind}", difference._replace(key=""))
    if old.rest != new.rest:
        differences = mapped_differences(new.path, dict(old.rest), dict(new.rest), old.path)
        ledger.entries("container-setting", differences)


# -- images --------------------------------------------------------------------------------------------------------


def _compare_images(ledger: Ledger, path: str, old_path: str, old: str, new: str) -> None:
    ledger.add(image_rule(old, new), path, old or None, new or None, old_path=old_path)


def image_rule(old: str, new: str) -> str:
    """Return the rule for a change of image: by repository, tag and digest."""
    before, after = image_reference(old), image_reference(new)
    if before is None or after is None or before.name != after.name:
        return "image-repository"
    if before.tag == after.tag:
        return "image-digest"
    # Whether the tag follows the release, the whole task and those beside it tell.
    return "image-tag"


def input_names(template: Any) -> set[str]:
    """Return the names of a task's inputs."""
    return set(template.interface.inputs.variables)
