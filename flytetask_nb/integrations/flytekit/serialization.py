"""Entities of flytekit's as the tasks that registration would send. Nothing is built, uploaded or registered.

Imports flytekit: ``opening.py`` imports this where it is needed.
"""

from __future__ import annotations

import importlib
import os
import pkgutil
from collections import OrderedDict
from collections.abc import Mapping
from contextlib import contextmanager
from dataclasses import dataclass, replace
from types import ModuleType
from typing import TYPE_CHECKING, Any, Final

from flyteidl.admin import task_pb2
from flytekit.configuration import Image, ImageConfig, SerializationSettings
from flytekit.core.base_task import PythonTask
from flytekit.core.context_manager import FlyteEntities
from flytekit.core.launch_plan import LaunchPlan
from flytekit.core.reference_entity import ReferenceEntity, ReferenceSpec
from flytekit.core.workflow import WorkflowBase
from flytekit.image_spec import ImageSpec
from flytekit.models.core.identifier import ResourceType
from flytekit.models.task import TaskSpec
from flytekit.remote.entities import FlyteTask as FetchedTask
from flytekit.remote.entities import FlyteWorkflow
from flytekit.remote.lazy_entity import LazyEntity
from flytekit.tools.translator import get_serializable

from flytetask_nb.errors import FlyteTaskError, ModelTypeError, ModelValueError
from flytetask_nb.models.flyte_task import FlyteTask
from flytetask_nb.models.identifiers import PLACEHOLDERS
from flytetask_nb.models.origins import UNTOLD_BY_TEMPLATES, Origin
from flytetask_nb.options import option

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator

# What pyflyte reads, and what flytekit's default image is taken from.
_VARIABLES: Final = {
    "project": "FLYTE_DEFAULT_PROJECT",
    "domain": "FLYTE_DEFAULT_DOMAIN",
    "image": "FLYTE_INTERNAL_IMAGE",
}
_PARTS: Final = ("project", "domain", "version", "image")

# All that a reference does not say.
_UNTOLD_BY_REFERENCES: Final = UNTOLD_BY_TEMPLATES | {
    "type", "metadata", "custom", "container", "k8s_pod", "sql", "config", "security_context", "extended_resources",
}  # fmt: skip


def tasks_of(value: Any, given: Mapping[str, Any], settings: Any) -> FlyteTask | list[FlyteTask] | None:
    """Return the task of an entity or the tasks of a module, as ``opening.opened`` does."""
    if isinstance(value, LazyEntity):
        value = value.entity
    if isinstance(value, FetchedTask):
        return None
    if isinstance(value, PythonTask):
        return _serialized_tasks([value], given, settings)[-1]
    if isinstance(value, WorkflowBase | LaunchPlan):
        return _serialized_tasks([value], given, settings)
    if isinstance(value, FlyteWorkflow):
        return [FlyteTask.from_flyte_idl(task) for task in value.flyte_tasks]
    if isinstance(value, ModuleType):
        # What is only referred to is not registered.
        return [task for task in _serialized_tasks(_entities_of(value), given, settings) if task.is_draft]
    if isinstance(value, ReferenceEntity):
        raise ModelTypeError(
            f"{value.name!r} is a {type(value).__name__}, which does not say what tasks it uses; load them from its cluster"
        )
    return None


def workflow_spec(value: Any) -> Any:
    """Return the ``WorkflowSpec`` of a workflow, as a message; None for anything else."""
    if not isinstance(value, WorkflowBase) or isinstance(value, ReferenceEntity):
        return None
    with _named(value):
        return get_serializable(OrderedDict(), settings_of({}, None), value).to_flyte_idl()


# -- what is registered ----------------------------------------------------------------------------------------------


def _entities_of(module: ModuleType) -> list[Any]:
    """Return the tasks and workflows of a module, and those that it takes from others; of a package, of all in it."""
    places = pkgutil.walk_packages(getattr(module, "__path__", ()), f"{module.__name__}.", onerror=_imported)
    modules = [module, *(_imported(place.name) for place in places)]
    names = {each.__name__ for each in modules}
    used = {id(value) for each in modules for value in vars(each).values()}
    return [
        entity
        for entity in FlyteEntities.entities
        if isinstance(entity, PythonTask | WorkflowBase) and (id(entity) in used or _module_of(entity) in names)
    ]


def _imported(name: str) -> ModuleType:
    try:
        return importlib.import_module(name)
    except Exception as error:
        raise ModelValueError(f"module {name} cannot be imported: {type(error).__name__}: {error}") from error


def _module_of(entity: Any) -> str:
    function = getattr(entity, "task_function", None) or getattr(entity, "_workflow_function", None)
    return getattr(function, "__module__", None) or getattr(entity, "instantiated_in", "") or ""


def _serialized_tasks(entities: Iterable[Any], given: Mapping[str, Any], settings: Any) -> list[FlyteTask]:
    """Return every task that entities are or use, in the order in which registration meets them."""
    chosen = settings_of(given, settings)
    mapping: OrderedDict[Any, Any] = OrderedDict()
    for entity in entities:
        with _named(entity):
            get_serializable(mapping, chosen, entity)
    tasks: dict[bytes, FlyteTask] = {}
    for entity, model in mapping.items():
        task = _task(entity, model)
        if task is not None:
            tasks.setdefault(task.serialize_to_string(), task)
    return list(tasks.values())


def _task(entity: Any, model: Any) -> FlyteTask | None:
    if isinstance(model, ReferenceSpec) and model.template.resource_type == ResourceType.TASK:
        spec = task_pb2.TaskSpec()
        spec.template.id.CopyFrom(model.template.id.to_flyte_idl())
        spec.template.interface.CopyFrom(entity.interface.to_flyte_idl())
        return FlyteTask._own(spec, Origin(untold=_UNTOLD_BY_REFERENCES, python_interface=entity.python_interface))
    if isinstance(model, FetchedTask):
        return FlyteTask.from_flyte_idl(model)
    if not isinstance(model, TaskSpec):
        return None
    with _named(entity):
        message = model.to_flyte_idl()
    return FlyteTask._own(message, Origin(is_draft=True, python_interface=entity.python_interface))


@contextmanager
def _named(entity: Any) -> Iterator[None]:
    """Let flytekit's errors through with the name of the entity that they are about."""
    try:
        yield
    except FlyteTaskError:
        raise
    except Exception as error:
        from flytetask_nb.masking import mask_text  # noqa: PLC0415 - its patterns cost time, and only an error needs them

        name = getattr(entity, "name", None) or type(entity).__name__
        raise ModelValueError(
            f"flytekit cannot serialize {name!r}: {type(error).__name__}: {mask_text(str(error))}"
        ) from error


# -- settings --------------------------------------------------------------------------------------------------------


def settings_of(given: Mapping[str, Any], settings: Any) -> SerializationSettings:
    """Return the settings under which entities are serialized.

    What neither the caller nor the settings say comes from the environment, else it is a placeholder.

    ``settings``: ``SerializationSettings``, or a mapping of its fields, ``image`` among them; None for the session's.
    """
    base = option("serialization") if settings is None else settings
    fields = dict(base) if isinstance(base, Mapping) else {}
    own = {part: fields.pop(part, None) or getattr(base, part, None) for part in _PARTS}
    known = {part: given.get(part) or own[part] for part in _PARTS}
    known |= {part: known[part] or os.environ.get(variable) for part, variable in _VARIABLES.items()}
    config = fields.pop("image_config", None)
    if isinstance(base, SerializationSettings) and not given.get("image"):
        config = base.image_config
    places = {part: known[part] or PLACEHOLDERS[part] for part in _PARTS if part != "image"}
    images = _image_config(config, known["image"])
    try:
        if isinstance(base, SerializationSettings):
            return replace(base, image_config=images, **places)
        return SerializationSettings(image_config=images, **places, **fields)
    except TypeError as error:
        raise ModelTypeError(f"settings are those of flytekit's SerializationSettings, and image: {error}") from None


def _image_config(config: Any, image: str | None) -> ImageConfig:
    others = [] if config is None else list(config.images or ())
    if config is not None and config.default_image is not None:
        return _Images(config.default_image, others)
    default = Image("default", PLACEHOLDERS["image"], tag=PLACEHOLDERS["tag"])
    if image:
        default = Image.look_up_image_info("default", image, allow_no_tag_or_digest=True)
        if default.version is None:
            default = replace(default, tag=PLACEHOLDERS["tag"])
    return _Images(default, others)


@dataclass(frozen=True)
class _Images(ImageConfig):  # type: ignore[misc, unused-ignore]
    """Images that are known; of a specification the name that it would be built under, so nothing is built."""

    def find_image(self, name: Any) -> Image | None:
        known = super().find_image(name)
        if known is not None:
            return known
        for specification in _specifications():
            if specification.id == name:
                return Image.look_up_image_info(name, specification.image_name(), allow_no_tag_or_digest=True)
        return None


def _specifications() -> Iterator[ImageSpec]:
    """Yield the specifications of images that tasks of this process name."""
    for entity in FlyteEntities.entities:
        for image in (getattr(entity, "container_image", None), *_images_of(getattr(entity, "pod_template", None))):
            if isinstance(image, ImageSpec):
                yield image


def _images_of(pod_template: Any) -> Iterator[Any]:
    spec = getattr(pod_template, "pod_spec", None)
    for group in ("containers", "init_containers"):
        for container in getattr(spec, group, None) or ():
            yield getattr(container, "image", None)
