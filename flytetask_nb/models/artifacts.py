"""Artifacts: names under which outputs are published, and the partitions they are sorted into."""

from __future__ import annotations

from typing import TYPE_CHECKING

from flyteidl.core import artifact_id_pb2

from flytetask_nb.models.base import Model
from flytetask_nb.models.enums import OpenEnum
from flytetask_nb.models.fields import Enumeration, Field, OptionalSub, Presence, Sub, SubMap, Timestamp

if TYPE_CHECKING:
    from flytetask_nb.models.declarations import Enum, Maybe, MaybeFlag, MaybeText, Message, MessageMap, Text, Time


class Operator(OpenEnum):
    """Direction in which a time partition is shifted."""

    MINUS = 0
    PLUS = 1


class Granularity(OpenEnum):
    """Unit of a time partition."""

    UNSET = 0
    MINUTE = 1
    HOUR = 2
    DAY = 3
    MONTH = 4


class ArtifactKey(Model, message=artifact_id_pb2.ArtifactKey):
    """The name of an artifact, without its version."""

    __slots__ = ()
    project: Text = Field(default=None)
    domain: Text = Field(default=None)
    name: Text = Field(default=None)
    org: Text = Field(default=None)


class InputBindingData(Model, message=artifact_id_pb2.InputBindingData):
    """A partition value that is taken from an input of the task."""

    __slots__ = ()
    var: Text = Field(default=None)


class RuntimeBinding(Model, message=artifact_id_pb2.RuntimeBinding):
    """A partition value that is known only when the task runs."""

    __slots__ = ()


class TimeTransform(Model, message=artifact_id_pb2.TimeTransform):
    """A shift of a time partition, e.g. minus one day."""

    __slots__ = ()
    transform: Text = Field(default=None)
    op: Enum[Operator] = Enumeration(Operator, default=None)


class ArtifactBindingData(Model, message=artifact_id_pb2.ArtifactBindingData):
    """A partition value that is taken from the artifact that triggered the run."""

    __slots__ = ()
    partition_key: MaybeText = Presence(default=None)
    bind_to_time_partition: MaybeFlag = Presence(default=None)
    time_transform: Maybe[TimeTransform] = OptionalSub(TimeTransform, default=None)


class LabelValue(Model, message=artifact_id_pb2.LabelValue):
    """The value of a partition: fixed, a time, or bound to something."""

    __slots__ = ()
    static_value: MaybeText = Presence(default=None)
    time_value: Time = Timestamp(default=None)
    triggered_binding: Maybe[ArtifactBindingData] = OptionalSub(ArtifactBindingData, default=None)
    input_binding: Maybe[InputBindingData] = OptionalSub(InputBindingData, default=None)
    runtime_binding: Maybe[RuntimeBinding] = OptionalSub(RuntimeBinding, default=None)


class Partitions(Model, message=artifact_id_pb2.Partitions):
    """Partition values by the names of their keys."""

    __slots__ = ()
    value: MessageMap[LabelValue] = SubMap(LabelValue, default=None)


class TimePartition(Model, message=artifact_id_pb2.TimePartition):
    """The time partition of an artifact."""

    __slots__ = ()
    value: Message[LabelValue] = Sub(LabelValue, default=None)
    granularity: Enum[Granularity] = Enumeration(Granularity, default=None)


class ArtifactID(Model, message=artifact_id_pb2.ArtifactID):
    """An artifact that an output is published as."""

    __slots__ = ()
    artifact_key: Message[ArtifactKey] = Sub(ArtifactKey, default=None)
    version: Text = Field(default=None)
    partitions: Maybe[Partitions] = OptionalSub(Partitions, default=None)
    time_partition: Maybe[TimePartition] = OptionalSub(TimePartition, default=None)


class ArtifactTag(Model, message=artifact_id_pb2.ArtifactTag):
    """A tag that an artifact is published under."""

    __slots__ = ()
    artifact_key: Message[ArtifactKey] = Sub(ArtifactKey, default=None)
    value: Message[LabelValue] = Sub(LabelValue, default=None)
