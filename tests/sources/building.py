"""Files to load, made in memory: messages of every kind, archives of every shape."""

from __future__ import annotations

import gzip
import io
import tarfile
from typing import TYPE_CHECKING, Any

from flyteidl.admin import launch_plan_pb2, task_pb2, workflow_pb2
from flyteidl.core import compiler_pb2, dynamic_job_pb2, identifier_pb2, tasks_pb2, workflow_closure_pb2
from google.protobuf import json_format

if TYPE_CHECKING:
    from collections.abc import Iterable


def template(name: str = "shop.train", version: str = "", **more: Any) -> Any:
    """Return a small task."""
    made = tasks_pb2.TaskTemplate(type="python-task", **more)
    made.id.CopyFrom(identifier_pb2.Identifier(resource_type=identifier_pb2.TASK, name=name, version=version))
    made.metadata.runtime.version = "1.16"
    made.interface.inputs.variables["x"].type.simple = 1
    made.container.image = "shop:1"
    return made


def spec(name: str = "shop.train", version: str = "") -> Any:
    return task_pb2.TaskSpec(template=template(name, version))


def data(name: str = "shop.train", version: str = "") -> bytes:
    return spec(name, version).SerializeToString(deterministic=True)


def workflow(name: str = "shop.flow") -> Any:
    made = workflow_pb2.WorkflowSpec()
    made.template.id.CopyFrom(identifier_pb2.Identifier(resource_type=identifier_pb2.WORKFLOW, name=name))
    made.template.nodes.add(id="n0")
    return made


def launch_plan(name: str = "shop.flow") -> Any:
    made = launch_plan_pb2.LaunchPlan()
    made.id.CopyFrom(identifier_pb2.Identifier(resource_type=identifier_pb2.LAUNCH_PLAN, name=name))
    made.spec.workflow_id.CopyFrom(identifier_pb2.Identifier(resource_type=identifier_pb2.WORKFLOW, name=name))
    return made


def _task(template: Any) -> Any:
    made = task_pb2.Task(id=template.id)
    made.closure.compiled_task.template.CopyFrom(template)
    return made


def _closure(template: Any) -> Any:
    made = task_pb2.TaskClosure()
    made.compiled_task.template.CopyFrom(template)
    return made


def _workflow_closure(*templates: Any) -> Any:
    made = compiler_pb2.CompiledWorkflowClosure()
    made.primary.template.CopyFrom(workflow().template)
    for template in templates:
        made.tasks.add().template.CopyFrom(template)
    return made


_LISTS = {
    "TaskList": lambda *templates: task_pb2.TaskList(tasks=map(_task, templates)),
    "CompiledWorkflowClosure": _workflow_closure,
    "WorkflowClosure": lambda *templates: workflow_closure_pb2.WorkflowClosure(
        workflow=workflow().template, tasks=templates
    ),
    "admin WorkflowClosure": lambda *templates: workflow_pb2.WorkflowClosure(
        compiled_workflow=_workflow_closure(*templates)
    ),
    "DynamicJobSpec": lambda *templates: dynamic_job_pb2.DynamicJobSpec(
        nodes=workflow().template.nodes, min_successes=1, tasks=templates, subworkflows=[workflow().template]
    ),
}
_SINGLE = {
    "TaskSpec": lambda template: task_pb2.TaskSpec(template=template),
    "TaskTemplate": lambda template: template,
    "Task": _task,
    "TaskCreateRequest": lambda template: task_pb2.TaskCreateRequest(
        id=template.id, spec=task_pb2.TaskSpec(template=template)
    ),
    "TaskClosure": _closure,
}
TASK_KINDS = (*_SINGLE, *_LISTS)


def of_kind(kind: str, *templates: Any) -> Any:
    """Return a message that holds tasks: the first of them, or all where the kind is a list."""
    return _LISTS[kind](*templates) if kind in _LISTS else _SINGLE[kind](templates[0])


def flyte_workflow(*templates: Any) -> dict[str, Any]:
    """Return a FlyteWorkflow resource of Kubernetes as propeller writes it, as the value of JSON or YAML."""
    return {
        "apiVersion": "flyte.lyft.com/v1alpha1",
        "kind": "flyteworkflow",
        "metadata": {"name": "f1", "namespace": "shop-development"},
        "spec": {"id": "shop:development:shop.flow", "nodes": {"start-node": {"id": "start-node", "kind": "start"}}},
        "tasks": {f'resource_type:TASK name:"{one.id.name}"': json_format.MessageToDict(one) for one in templates},
        "status": {"phase": 0},
    }


def entry(name: str, content: bytes = b"", **attributes: Any) -> tuple[tarfile.TarInfo, bytes]:
    """Return an entry of an archive, its attributes (``type``, ``linkname``) as tarfile calls them."""
    info = tarfile.TarInfo(name)
    info.size = len(content)
    for attribute, value in attributes.items():
        setattr(info, attribute, value)
    return info, content


def tar(*entries: tuple[tarfile.TarInfo, bytes]) -> bytes:
    stream = io.BytesIO()
    with tarfile.open(fileobj=stream, mode="w") as archive:
        for info, content in entries:
            archive.addfile(info, io.BytesIO(content))
    return stream.getvalue()


def tgz(*entries: tuple[tarfile.TarInfo, bytes]) -> bytes:
    return gzip.compress(tar(*entries), mtime=0)


def package(names: Iterable[str]) -> bytes:
    """Return an archive as ``pyflyte package`` writes it."""
    return tgz(*(entry(f"{index}_{name}_1.pb", data(name)) for index, name in enumerate(names)))
