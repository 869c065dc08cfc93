"""What Flyte's copilot does for raw containers: it fetches inputs into files and makes outputs of files."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Final

if TYPE_CHECKING:
    from collections.abc import Iterator

# Flyte's own configuration of the copilot (flyteplugins/go/tasks/pluginmachinery/flytek8s/config/config.go).
_INPUTS: Final = ("flyte-inputs", "/var/flyte/inputs")
_OUTPUTS: Final = ("flyte-outputs", "/var/flyte/outputs")


def _settings(template: Any) -> Any:
    target = template.WhichOneof("target")
    return getattr(template, target).data_config if target in ("container", "k8s_pod") else None


def uses_copilot(template: Any) -> bool:
    """Tell whether a task leaves inputs and outputs to the copilot."""
    settings = _settings(template)
    return settings is not None and bool(settings.enabled)


def copilot_mounts(template: Any) -> Iterator[tuple[str, str]]:
    """Return the volume and the path of each mount that the copilot adds to the container that runs the task.

    Yields tuple of str: as Flyte's own configuration names them, which a platform may have changed.

    Notes
    -----
    ``AddCoPilotToContainer`` in flyteplugins/go/tasks/pluginmachinery/flytek8s/copilot.go.
    """
    if not uses_copilot(template):
        return
    settings = _settings(template)
    for variables, path, (volume, default) in (
        (template.interface.inputs.variables, settings.input_path, _INPUTS),
        (template.interface.outputs.variables, settings.output_path, _OUTPUTS),
    ):
        if variables:
            yield volume, path or default


def unfetchable(literal_type: Any) -> str:
    """Say why the copilot cannot fetch inputs of a type, ``"is a dataset"``; empty where it can.

    ``handleScalar`` in flytecopilot/data/download.go. Of a union only some values may be datasets.
    """
    is_inside = False
    while literal_type.WhichOneof("type") in ("collection_type", "map_value_type"):
        literal_type, is_inside = getattr(literal_type, literal_type.WhichOneof("type")), True
    if not literal_type.HasField("structured_dataset_type"):
        return ""
    return "holds datasets" if is_inside else "is a dataset"


def unstorable(literal_type: Any) -> str:
    """Say why the copilot cannot store outputs of a type, ``"a list"``; empty where it can, and of no type.

    ``RecursiveUpload`` in flytecopilot/data/upload.go.
    """
    return _UNSTORABLE.get(literal_type.WhichOneof("type") or "", "")


_UNSTORABLE: Final = {
    "schema": "a schema",
    "collection_type": "a list",
    "map_value_type": "a map",
    "enum_type": "an enum",
    "structured_dataset_type": "a dataset",
    "union_type": "a union",
}
