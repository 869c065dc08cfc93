"""What the job that a task runs as asks for in all, which several parts of the task say together."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final, NamedTuple

from google.protobuf.struct_pb2 import Struct

from flytetask_nb.semantics.plugin_resources import PluginPod, job_of

if TYPE_CHECKING:
    from flytetask_nb.semantics.plugin_resources import Job
    from flytetask_nb.tables.runners import Asked

JOB_PARTS: Final = ("type", "task_type_version", "custom", "target", "resources", "beside", "is_mapped", "metadata")
"""Which parts of a task say it, in the order in which ``job_in`` takes them."""

_IN_PODS: Final = frozenset({"container", "k8s_pod"})


def job_in(  # noqa: PLR0917 - a part of the task each
    kind: str,
    version: int,
    custom: bytes,
    target: str | None,
    asked: dict[tuple[str, str], str],
    beside: tuple[tuple[str, Asked], ...],
    is_mapped: bool,
    has_template: bool,
) -> Job:
    """Return the job of a task.

    ``kind``, ``version``: type of the task, and the version of that.
    ``custom``: settings of its plugin, serialized.
    ``target``: which target it has.
    ``asked``: what its container asks for, by resource and side.
    ``beside``: names of the containers beside it, and what those ask for.
    ``is_mapped``: whether an array node runs it.
    ``has_template``: whether its metadata name a pod template.
    """
    own = None
    if target in _IN_PODS:
        others = [(name, {f"{side}.{resource}": text for side, resource, text in theirs}) for name, theirs in beside]
        amounts = {f"{side}.{resource}": text for (resource, side), text in asked.items()}
        own = PluginPod(amounts, others, has_template)
    return job_of(_Declared(kind, version, custom), own, is_mapped=is_mapped)


class _Declared(NamedTuple):
    """What of a template says which plugin runs the task, and how."""

    type: str
    task_type_version: int
    data: bytes

    @property
    def custom(self) -> Struct:
        """The settings, which few plugins read."""
        return Struct.FromString(self.data)
