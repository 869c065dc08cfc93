"""Fetched tasks of both packages, made of one template."""

from __future__ import annotations

from collections import OrderedDict
from typing import Any

from flyteidl.core import tasks_pb2, types_pb2
from google.protobuf.message import Message

from flytetask_nb.models import FlyteTask
from tests.conftest import flytekit_module

INT = types_pb2.LiteralType(simple=types_pb2.INTEGER)
TEXT = types_pb2.LiteralType(simple=types_pb2.STRING)
FLAG = types_pb2.LiteralType(simple=types_pb2.BOOLEAN)
NUMBER = types_pb2.LiteralType(simple=types_pb2.FLOAT)
INTS = types_pb2.LiteralType(collection_type=INT)
TABLE = types_pb2.LiteralType(map_value_type=INT)
FILE = types_pb2.LiteralType(blob={"format": "csv"})


def template(*arguments: Any, **more: Any) -> Any:
    """Return the template of a registered task as flytekit writes it: where nothing is said, it says some of that."""
    made = plain_template(*arguments, **more)
    return flytekit_module("flytekit.models.task").TaskTemplate.from_flyte_idl(made).to_flyte_idl()


def plain_template(
    inputs: dict[str, Any] | None = None,
    outputs: dict[str, Any] | None = None,
    name: str = "shop.train",
    version: str = "v7",
    **more: Any,
) -> Any:
    """Return the template of a registered task."""
    made = tasks_pb2.TaskTemplate(type="python-task", **more)
    made.id.resource_type = 1
    made.id.project, made.id.domain, made.id.name, made.id.version = "shop", "production", name, version
    made.metadata.runtime.version = "1.16.31"
    made.metadata.retries.retries = 2
    made.metadata.interruptible = True
    if not made.WhichOneof("target"):
        made.container.image = "shop:7"
        made.container.args[:] = ["pyflyte-execute", "--inputs", "{{.input}}"]
    for variables, given in ((made.interface.inputs, inputs), (made.interface.outputs, outputs)):
        variables.SetInParent()
        for variable, kind in (given or {}).items():
            variables.variables[variable].type.CopyFrom(kind)
    return made


class Ours:
    """Makes this package's tasks."""

    def __call__(self, made: Any, *, should_register: bool = False) -> FlyteTask:
        return FlyteTask.from_flyte_idl(made).replace(should_register=should_register)


class Theirs:
    """Makes flytekit's tasks."""

    def __call__(self, made: Any, *, should_register: bool = False) -> Any:
        task = flytekit_module("flytekit.models.task").TaskTemplate.from_flyte_idl(made)
        entity = flytekit_module("flytekit.remote.entities").FlyteTask.promote_from_model(task)
        entity._should_register = should_register
        return entity


def settings(**more: Any) -> Any:
    configuration = flytekit_module("flytekit.configuration")
    given = {
        "project": "here",
        "domain": "development",
        "version": "v1",
        "image_config": configuration.ImageConfig.auto(img_name="app:1"),
        "env": None,
    }
    return configuration.SerializationSettings(**(given | more))


def serialized(entities: Any, **more: Any) -> list[tuple[str, bytes]]:
    """Return everything that is serialized with some entities, in its order: what it is, and its bytes."""
    translator = flytekit_module("flytekit.tools.translator")
    mapping: OrderedDict[Any, Any] = OrderedDict()
    for entity in entities if isinstance(entities, list) else [entities]:
        translator.get_serializable(mapping, settings(**more), entity)
    return [content(one) for one in mapping.values() if hasattr(one, "to_flyte_idl")]


def content(entity: Any) -> tuple[str, bytes]:
    message = entity.to_flyte_idl()
    sort_upstream(message)
    return message.DESCRIPTOR.full_name, message.SerializeToString(deterministic=True)


def sort_upstream(message: Any) -> None:
    """Put the ids of upstream nodes in order, wherever they stand: flytekit takes them from a set."""
    for field, value in message.ListFields():
        if field.name == "upstream_node_ids":
            value[:] = sorted(value)
        elif field.message_type is not None:
            if field.message_type.GetOptions().map_entry:
                values = value.values() if field.message_type.fields_by_name["value"].message_type else []
            else:
                values = [value] if isinstance(value, Message) else value
            for one in values:
                sort_upstream(one)
