"""The Python types of a task's interface, as far as its Flyte types tell them. No code of the user's is imported.

Imports flytekit: ``crossing.py`` imports this where it is needed.
"""

from __future__ import annotations

import sys
from collections import OrderedDict
from datetime import datetime, timedelta
from enum import Enum
from typing import TYPE_CHECKING, Annotated, Any, Final, Literal, Union

from flyteidl.core import types_pb2
from flytekit.core.annotation import FlyteAnnotation
from flytekit.core.interface import Interface
from flytekit.core.type_engine import DataclassTransformer, TypeEngine
from flytekit.models.types import LiteralType
from flytekit.types.structured.structured_dataset import StructuredDataset
from google.protobuf import json_format

from flytetask_nb.models.order import natural_key

if TYPE_CHECKING:
    from collections.abc import Callable

    from flytetask_nb.models.flyte_task import FlyteTask

_SIMPLE: Final[dict[int, Any]] = {
    types_pb2.NONE: type(None),
    types_pb2.INTEGER: int,
    types_pb2.FLOAT: float,
    types_pb2.STRING: str,
    types_pb2.BOOLEAN: bool,
    types_pb2.DATETIME: datetime,
    types_pb2.DURATION: timedelta,
    types_pb2.STRUCT: dict,
}
# Where the transformers of flytekit write what they know of a type beside it.
_PROTOBUF: Final = "pb_type"
_CHOICES: Final = "literal_values"


def guessed_interface(task: FlyteTask) -> Interface:
    """Return flytekit's ``Interface`` of a task, with the types that fit its own, in natural order: a template has none."""
    interface = task._message.template.interface
    inputs, outputs = (
        {name: guessed_type(side.variables[name].type) for name in sorted(side.variables, key=natural_key)}
        for side in (interface.inputs, interface.outputs)
    )
    return Interface(inputs=inputs, outputs=outputs)


def guessed_type(message: Any) -> Any:
    """Return a Python type that flytekit turns into the Flyte type of a ``LiteralType`` message."""
    guess = _KINDS.get(message.WhichOneof("type"), _by_transformers)(message)
    # What flytekit annotates structures with it writes by itself, and takes from nobody.
    if not message.annotation.annotations.fields or message.simple == types_pb2.STRUCT:
        return guess
    annotations = json_format.MessageToDict(message.annotation.annotations)
    choices = annotations.pop(_CHOICES, None)
    if choices:
        # JSON has made floats of numbers.
        kind = guess if guess in {int, bool, str} else None
        guess = Literal[tuple(kind(choice) if kind else choice for choice in choices)]
    return Annotated[guess, FlyteAnnotation(annotations)] if annotations else guess


def _simple(message: Any) -> Any:
    if message.simple != types_pb2.STRUCT or not message.HasField("metadata"):
        return _SIMPLE.get(message.simple, Any)
    metadata = message.metadata.fields
    if _PROTOBUF in metadata:
        module, _, name = metadata[_PROTOBUF].string_value.rpartition(".")
        # Only what is imported already: a guess runs no code of the user's.
        return getattr(sys.modules.get(module), name, dict)
    try:
        return DataclassTransformer().guess_python_type(LiteralType.from_flyte_idl(message))
    except Exception:  # noqa: BLE001 - whatever flytekit stumbles over in a schema, values of it are dicts
        return dict


def _dataset(message: Any) -> Any:
    dataset = message.structured_dataset_type
    details: list[Any] = []
    if dataset.columns:
        details.append(OrderedDict((column.name, guessed_type(column.literal_type)) for column in dataset.columns))
    if dataset.format:
        details.append(dataset.format)
    return Annotated[(StructuredDataset, *details)] if details else StructuredDataset


def _by_transformers(message: Any) -> Any:
    try:
        return TypeEngine.guess_python_type(LiteralType.from_flyte_idl(message))
    except Exception:  # noqa: BLE001 - plugins raise what they like
        return Any


_KINDS: Final[dict[str | None, Callable[[Any], Any]]] = {
    "simple": _simple,
    "collection_type": lambda message: list[guessed_type(message.collection_type)],  # type: ignore[misc]
    "map_value_type": lambda message: dict[str, guessed_type(message.map_value_type)],  # type: ignore[misc]
    "union_type": lambda message: Union[tuple(map(guessed_type, message.union_type.variants))],  # noqa: UP007 - built
    "enum_type": lambda message: Enum("Choice", {value: value for value in message.enum_type.values}),
    "structured_dataset_type": _dataset,
}
