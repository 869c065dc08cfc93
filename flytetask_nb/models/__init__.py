"""Typed, read-only views onto flyteidl's messages.

Every message that a task can hold has a class here. Constructors take the arguments of flytekit's model classes in
their order, so code that was written for those keeps working.
"""

from __future__ import annotations

from importlib import import_module
from typing import TYPE_CHECKING, Any

from flytetask_nb.models.base import Model
from flytetask_nb.models.enums import OpenEnum
from flytetask_nb.models.flyte_task import FlyteTask
from flytetask_nb.models.identifiers import Identifier, ResourceType
from flytetask_nb.models.interfaces import TypedInterface, Variable, VariableMap
from flytetask_nb.models.order import Rank
from flytetask_nb.models.origins import Origin
from flytetask_nb.models.remote_entities import LocalExecutionMode
from flytetask_nb.models.security import Identity, OAuth2Client, OAuth2TokenRequest, Secret, SecurityContext
from flytetask_nb.models.tasks import (
    Container,
    ContainerPort,
    DataLoadingConfig,
    ExtendedResources,
    GPUAccelerator,
    IOStrategy,
    K8sObjectMetadata,
    K8sPod,
    KeyValuePair,
    NodeMetadata,
    Resources,
    RetryStrategy,
    RuntimeMetadata,
    SharedMemory,
    Sql,
    TaskMetadata,
    TaskSpec,
    TaskTemplate,
)
from flytetask_nb.models.types import (
    BlobType,
    EnumType,
    LiteralType,
    SchemaType,
    SimpleType,
    StructuredDatasetType,
    TypeAnnotation,
    TypeStructure,
    UnionType,
)

if TYPE_CHECKING:
    from flytetask_nb.models.artifacts import (
        ArtifactBindingData,
        ArtifactID,
        ArtifactKey,
        ArtifactTag,
        Granularity,
        InputBindingData,
        LabelValue,
        Operator,
        Partitions,
        RuntimeBinding,
        TimePartition,
        TimeTransform,
    )
    from flytetask_nb.models.documentation import Description, Documentation, SourceCode
    from flytetask_nb.models.launch_plans import LaunchPlan
    from flytetask_nb.models.mocking import Mock
    from flytetask_nb.models.workflows import Workflow

__all__ = [
    "ArtifactBindingData",
    "ArtifactID",
    "ArtifactKey",
    "ArtifactTag",
    "BlobType",
    "Container",
    "ContainerPort",
    "DataLoadingConfig",
    "Description",
    "Documentation",
    "EnumType",
    "ExtendedResources",
    "FlyteTask",
    "GPUAccelerator",
    "Granularity",
    "IOStrategy",
    "Identifier",
    "Identity",
    "InputBindingData",
    "K8sObjectMetadata",
    "K8sPod",
    "KeyValuePair",
    "LabelValue",
    "LaunchPlan",
    "LiteralType",
    "LocalExecutionMode",
    "Mock",
    "Model",
    "NodeMetadata",
    "OAuth2Client",
    "OAuth2TokenRequest",
    "OpenEnum",
    "Operator",
    "Origin",
    "Partitions",
    "Rank",
    "ResourceType",
    "Resources",
    "RetryStrategy",
    "RuntimeBinding",
    "RuntimeMetadata",
    "SchemaType",
    "Secret",
    "SecurityContext",
    "SharedMemory",
    "SimpleType",
    "SourceCode",
    "Sql",
    "StructuredDatasetType",
    "TaskMetadata",
    "TaskSpec",
    "TaskTemplate",
    "TimePartition",
    "TimeTransform",
    "TypeAnnotation",
    "TypeStructure",
    "TypedInterface",
    "UnionType",
    "Variable",
    "VariableMap",
    "Workflow",
]

# What only some users need, and where it is found once somebody asks for it.
_LATER = {
    **dict.fromkeys(
        (
            "ArtifactBindingData ArtifactID ArtifactKey ArtifactTag Granularity InputBindingData LabelValue Operator "
            "Partitions RuntimeBinding TimePartition TimeTransform"
        ).split(),
        "artifacts",
    ),
    **dict.fromkeys(("Description", "Documentation", "SourceCode"), "documentation"),
    "LaunchPlan": "launch_plans",
    "Mock": "mocking",
    "Workflow": "workflows",
}


def __getattr__(name: str) -> Any:
    place = _LATER.get(name)
    if place is None:
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
    value = getattr(import_module(f"{__name__}.{place}"), name)
    globals()[name] = value
    return value


def __dir__() -> list[str]:
    return sorted({*globals(), *__all__})
