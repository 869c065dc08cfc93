"""The template of a task: metadata, targets, resources."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from flyteidl.admin import task_pb2
from flyteidl.core import literals_pb2, tasks_pb2, workflow_pb2

from flytetask_nb.models.base import Model
from flytetask_nb.models.enums import OpenEnum
from flytetask_nb.models.fields import (
    Duration,
    Enumeration,
    Field,
    KeyValues,
    OptionalSub,
    OptionalText,
    Presence,
    Struct,
    Sub,
    SubList,
    TextList,
    TextMap,
    WrappedFlag,
    later,
)
from flytetask_nb.models.identifiers import Identifier
from flytetask_nb.models.interfaces import TypedInterface
from flytetask_nb.models.security import SecurityContext

if TYPE_CHECKING:
    from collections.abc import Iterator

    from flytetask_nb.models.declarations import (
        Enum,
        Flag,
        Maybe,
        MaybeFlag,
        MaybeStruct,
        MaybeText,
        Message,
        Messages,
        Number,
        Span,
        StructDict,
        Text,
        TextDict,
        Texts,
    )
    from flytetask_nb.models.documentation import Documentation


class RuntimeType(OpenEnum):
    """Which SDK wrote the task."""

    OTHER = 0
    FLYTE_SDK = 1


class ResourceName(OpenEnum):
    """Resources that a container can ask for."""

    UNKNOWN = 0
    CPU = 1
    GPU = 2
    MEMORY = 3
    STORAGE = 4
    EPHEMERAL_STORAGE = 5


class Architecture(OpenEnum):
    """Processor that an image is built for."""

    UNKNOWN = 0
    AMD64 = 1
    ARM64 = 2
    ARM_V6 = 3
    ARM_V7 = 4


class LiteralMapFormat(OpenEnum):
    """How a raw container finds its inputs and leaves its outputs."""

    JSON = 0
    YAML = 1
    PROTO = 2


class DownloadMode(OpenEnum):
    """When inputs are downloaded for a raw container."""

    DOWNLOAD_EAGER = 0
    DOWNLOAD_STREAM = 1
    DO_NOT_DOWNLOAD = 2


class UploadMode(OpenEnum):
    """When outputs of a raw container are uploaded."""

    UPLOAD_ON_EXIT = 0
    UPLOAD_EAGER = 1
    DO_NOT_UPLOAD = 2


class Dialect(OpenEnum):
    """Dialect of a SQL statement, as flyteidl numbers them (flytekit's ``Sql.Dialect`` starts one lower)."""

    UNDEFINED = 0
    ANSI = 1
    HIVE = 2
    OTHER = 3


class RuntimeMetadata(Model, message=tasks_pb2.RuntimeMetadata):
    """Which SDK wrote the task, and in which version."""

    __slots__ = ()
    type: Enum[RuntimeType] = Enumeration(RuntimeType)
    version: Text = Field()
    flavor: Text = Field()
    RuntimeType = RuntimeType


class RetryStrategy(Model, message=literals_pb2.RetryStrategy):
    """How often a task is tried again when it fails; 0: never."""

    __slots__ = ()
    retries: Number = Field()


class K8sObjectMetadata(Model, message=tasks_pb2.K8sObjectMetadata):
    """Labels and annotations of a Kubernetes object."""

    __slots__ = ()
    labels: TextDict = TextMap(default=None)
    annotations: TextDict = TextMap(default=None)


class TaskMetadata(Model, message=tasks_pb2.TaskMetadata):
    """How a task is run: caching, retries, time limit, runtime.

    Parameters
    ----------
    discoverable : bool
        Whether results are cached.
    runtime : RuntimeMetadata
        Which SDK wrote the task.
    timeout : datetime.timedelta
        Time after which an attempt is given up; zero: never. Seconds are accepted too. Whether the message has
        the field at all: ``metadata.has("timeout")``.
    retries : RetryStrategy
        How often it is tried again.
    interruptible : bool or None
        Whether it may run on machines that can be taken away; None: not set, the workflow or platform decides.
    discovery_version : str
        The cache version.
    deprecated_error_message : str
        Not empty: the task is deprecated, and this says why.
    cache_serializable : bool
        Whether concurrent runs with equal inputs wait for the first.
    pod_template_name : str
        Name of a PodTemplate on the cluster.
    cache_ignore_input_vars : list of str
        Inputs that do not count for the cache.
    is_eager : bool
        Whether it is an eager workflow.
    generates_deck : bool
        Whether it writes a deck, flytekit's report.
    k8s_object_metadata : K8sObjectMetadata, optional
        Labels and annotations of its pods. (flyteidl calls the field ``metadata``.)
    tags : dict of str to str, optional
        Free tags; flytekit drops them.
    """

    __slots__ = ()
    discoverable: Flag = Field()
    runtime: Message[RuntimeMetadata] = Sub(RuntimeMetadata)
    timeout: Span = Duration()
    retries: Message[RetryStrategy] = Sub(RetryStrategy)
    interruptible: MaybeFlag = Presence()
    discovery_version: Text = Field()
    deprecated_error_message: Text = Field()
    cache_serializable: Flag = Field()
    pod_template_name: Text = Field()
    cache_ignore_input_vars: Texts = TextList()
    is_eager: Flag = Field(default=False)
    generates_deck: Flag = WrappedFlag(default=False)
    k8s_object_metadata: Maybe[K8sObjectMetadata] = OptionalSub(K8sObjectMetadata, default=None, proto="metadata")
    tags: TextDict = TextMap(default=None, kw_only=True)

    @property
    def cache(self) -> bool:
        """Whether results are cached: ``discoverable``, by the name that ``@task`` has for it."""
        return self.discoverable

    @property
    def cache_version(self) -> str:
        """The version under which results are cached: ``discovery_version``, by the name that ``@task`` has for it."""
        return self.discovery_version

    @property
    def cache_serialize(self) -> bool:
        """Whether runs with equal inputs wait for the first: ``cache_serializable``, by the name that ``@task`` has."""
        return self.cache_serializable

    @property
    def deprecated(self) -> str:
        """Why it is deprecated: ``deprecated_error_message``, by the name that ``@task`` has for it; else empty."""
        return self.deprecated_error_message


class ResourceEntry(Model, message=tasks_pb2.Resources.ResourceEntry):
    """An amount of one resource, as a Kubernetes quantity."""

    __slots__ = ()
    name: Enum[ResourceName] = Enumeration(ResourceName)
    value: Text = Field()


class Resources(Model, message=tasks_pb2.Resources):
    """What a container asks for at least (requests) and may use at most (limits)."""

    __slots__ = ()
    requests: Messages[ResourceEntry] = SubList(ResourceEntry)
    limits: Messages[ResourceEntry] = SubList(ResourceEntry)
    ResourceName = ResourceName
    ResourceEntry = ResourceEntry


class KeyValuePair(Model, message=literals_pb2.KeyValuePair):
    """A key and a value."""

    __slots__ = ()
    key: Text = Field()
    value: Text = Field(default=None)

    def _set_fields(self) -> Iterator[tuple[str, Any]]:
        from flytetask_nb.masking import masked  # noqa: PLC0415 - its patterns cost time that only showing is worth

        for name, value in super()._set_fields():
            yield name, masked(self.key, value) if name == "value" else value


class ContainerPort(Model, message=tasks_pb2.ContainerPort):
    """A port that a container opens."""

    __slots__ = ()
    container_port: Number = Field()
    name: Text = Field(default=None)


class IOStrategy(Model, message=tasks_pb2.IOStrategy):
    """When inputs and outputs of a raw container are moved."""

    __slots__ = ()
    download_mode: Enum[DownloadMode] = Enumeration(DownloadMode, default=DownloadMode.DOWNLOAD_EAGER)
    upload_mode: Enum[UploadMode] = Enumeration(UploadMode, default=UploadMode.UPLOAD_ON_EXIT)
    DownloadMode = DownloadMode
    UploadMode = UploadMode


class DataLoadingConfig(Model, message=tasks_pb2.DataLoadingConfig):
    """Where a raw container finds its inputs and leaves its outputs."""

    __slots__ = ()
    LITERALMAP_FORMAT_PROTO = LiteralMapFormat.PROTO
    LITERALMAP_FORMAT_JSON = LiteralMapFormat.JSON
    LITERALMAP_FORMAT_YAML = LiteralMapFormat.YAML
    input_path: Text = Field()
    output_path: Text = Field()
    enabled: Flag = Field(default=True)
    format: Enum[LiteralMapFormat] = Enumeration(LiteralMapFormat, default=LiteralMapFormat.PROTO)
    io_strategy: Maybe[IOStrategy] = OptionalSub(IOStrategy, default=None)


class Container(Model, message=tasks_pb2.Container):
    """A container that the task runs in.

    Parameters
    ----------
    image : str
        Its image.
    command, args : list of str
        The command line.
    resources : Resources
        What it asks for.
    env, config : dict of str to str
        Environment variables, and settings for plugins. Of a key that stands there twice the last counts; the
        message keeps both, ``to_flyte_idl().env`` shows them.
    data_loading_config : DataLoadingConfig, optional
        For raw containers. (flyteidl calls the field ``data_config``.)
    ports : list of ContainerPort, optional
        Ports that it opens; flytekit drops them.
    architecture : Container.Architecture, optional
        Processor that it needs; flytekit drops it.
    """

    __slots__ = ()
    image: Text = Field()
    command: Texts = TextList()
    args: Texts = TextList()
    resources: Message[Resources] = Sub(Resources)
    env: TextDict = KeyValues()
    config: TextDict = KeyValues()
    data_loading_config: Maybe[DataLoadingConfig] = OptionalSub(DataLoadingConfig, default=None, proto="data_config")
    ports: Messages[ContainerPort] = SubList(ContainerPort, default=None, kw_only=True)
    architecture: Enum[Architecture] = Enumeration(Architecture, default=None, kw_only=True)
    Architecture = Architecture

    @property
    def data_config(self) -> DataLoadingConfig | None:
        """What a raw container reads and writes: ``data_loading_config``, by the name that pods and displays have."""
        return self.data_loading_config


class K8sPod(Model, message=tasks_pb2.K8sPod):
    """A Kubernetes pod that the task runs in.

    Parameters
    ----------
    metadata : K8sObjectMetadata, optional
        Labels and annotations.
    pod_spec : dict, optional
        Kubernetes' PodSpec as plain Python values.
    data_config : DataLoadingConfig, optional
        For raw containers.
    primary_container_name : str, optional
        The container that runs the task; flytekit drops it when it reads.
    """

    __slots__ = ()
    metadata: Message[K8sObjectMetadata] = Sub(K8sObjectMetadata, default=None)
    pod_spec: MaybeStruct = Struct(optional=True, drops_empty=True, default=None)
    data_config: Maybe[DataLoadingConfig] = OptionalSub(DataLoadingConfig, default=None)
    primary_container_name: MaybeText = OptionalText(default=None)


class Sql(Model, message=tasks_pb2.Sql):
    """A SQL statement that the task runs."""

    __slots__ = ()
    statement: Text = Field(default=None)
    dialect: Enum[Dialect] = Enumeration(Dialect, default=Dialect.UNDEFINED)
    Dialect = Dialect


class GPUAccelerator(Model, message=tasks_pb2.GPUAccelerator):
    """A kind of GPU, whole or in part.

    Parameters
    ----------
    device : str
        Its label on the cluster's nodes, e.g. ``"nvidia-tesla-a100"``.
    unpartitioned : bool, optional
        True: a whole device is asked for. None: not said.
    partition_size : str, optional
        The part of a device that is asked for, e.g. ``"1g.5gb"``.
    """

    __slots__ = ()
    device: Text = Field(default=None)
    unpartitioned: MaybeFlag = Presence(default=None)
    partition_size: MaybeText = Presence(default=None)


class SharedMemory(Model, message=tasks_pb2.SharedMemory):
    """Shared memory that is mounted into the container; no size: as much as the container's memory."""

    __slots__ = ()
    mount_path: Text = Field(default=None)
    mount_name: Text = Field(default=None)
    size_limit: Text = Field(default=None)


class ExtendedResources(Model, message=tasks_pb2.ExtendedResources):
    """Resources that no quantity can express: the kind of GPU, shared memory."""

    __slots__ = ()
    gpu_accelerator: Maybe[GPUAccelerator] = OptionalSub(GPUAccelerator, default=None)
    shared_memory: Maybe[SharedMemory] = OptionalSub(SharedMemory, default=None)


class NodeMetadata(Model, message=workflow_pb2.NodeMetadata):
    """Settings of a workflow's node.

    Parameters
    ----------
    name : str
        Friendly name.
    timeout, retries, interruptible, cacheable, cache_version, cache_serializable
        What overrides the task's own settings; None: nothing does.
    """

    __slots__ = ()
    name: Text = Field()
    timeout: Span = Duration(default=None)
    # What flytekit writes where nothing is given.
    retries: Message[RetryStrategy] = Sub(RetryStrategy, default=RetryStrategy(0))
    interruptible: MaybeFlag = Presence(default=None)
    cacheable: MaybeFlag = Presence(default=None)
    cache_version: MaybeText = Presence(default=None)
    cache_serializable: MaybeFlag = Presence(default=None)


class TaskTemplate(Model, message=tasks_pb2.TaskTemplate):
    """Everything that Flyte needs to run a task.

    Parameters
    ----------
    id : Identifier
        Its full name.
    type : str
        Which plugin runs it, e.g. ``"python-task"``.
    metadata : TaskMetadata
        Caching, retries and the like.
    interface : TypedInterface
        What it takes and gives.
    custom : dict
        Settings of the plugin, as plain Python values.
    container, k8s_pod, sql
        The target: at most one of them.
    task_type_version : int
        Version of the plugin's own format.
    security_context : SecurityContext, optional
        Identity and secrets.
    config : dict of str to str, optional
        More settings of the plugin.
    extended_resources : ExtendedResources, optional
        Accelerator and shared memory.

    Raises
    ------
    ModelValueError
        Two targets were given.
    """

    __slots__ = ()
    id: Message[Identifier] = Sub(Identifier)
    type: Text = Field()
    metadata: Message[TaskMetadata] = Sub(TaskMetadata)
    interface: Message[TypedInterface] = Sub(TypedInterface)
    custom: StructDict = Struct(drops_empty=True)
    container: Maybe[Container] = OptionalSub(Container, default=None)
    task_type_version: Number = Field(default=0)
    security_context: Maybe[SecurityContext] = OptionalSub(SecurityContext, default=None)
    config: TextDict = TextMap(default=None)
    k8s_pod: Maybe[K8sPod] = OptionalSub(K8sPod, default=None)
    sql: Maybe[Sql] = OptionalSub(Sql, default=None)
    extended_resources: Maybe[ExtendedResources] = OptionalSub(ExtendedResources, default=None)


class TaskSpec(Model, message=task_pb2.TaskSpec):
    """What is registered: a template, and what its author says of it.

    Parameters
    ----------
    template : TaskTemplate
        The task.
    docs : Documentation, optional
        Descriptions and a link to the code. (flyteidl calls the field ``description``.)
    """

    __slots__ = ()
    template: Message[TaskTemplate] = Sub(TaskTemplate)
    docs: Maybe[Documentation] = OptionalSub(later("documentation", "Documentation"), default=None, proto="description")
