"""Requests for tests, as a client would send them."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from tests.embedded_admin.replay import send

if TYPE_CHECKING:
    import grpc

LIST_TASKS = "/flyteidl.service.AdminService/ListTasks"
PLACE = {"project": "flytesnacks", "domain": "development"}
STRING: dict[str, Any] = {"type": {"simple": "STRING"}}
INTEGER: dict[str, Any] = {"type": {"simple": "INTEGER"}}


def identifier(name: str, version: str = "v1", kind: str = "TASK", **place: str) -> dict[str, Any]:
    return {"resourceType": kind, **PLACE, **place, "name": name, "version": version}


def task_request(name: str, version: str = "v1", *, description: str = "", **parts: Any) -> dict[str, Any]:
    place = {key: parts.pop(key) for key in ("project", "domain") if key in parts}
    template = {
        "type": "python-task",
        "metadata": {"runtime": {"type": "FLYTE_SDK", "version": "1.16.31"}},
        "interface": {"inputs": {"variables": {"x": INTEGER}}, "outputs": {"variables": {"o0": STRING}}},
        "container": {"image": "ghcr.io/acme/app:v1", "args": ["run"]},
        **parts,
    }
    spec: dict[str, Any] = {"template": template}
    if description:
        spec["description"] = {"shortDescription": description}
    return {"id": identifier(name, version, **place), "spec": spec}


def workflow_request(name: str, task: str, version: str = "v1", task_version: str = "v1") -> dict[str, Any]:
    """Return a workflow of one input that runs a task."""
    node = {
        "id": "n0",
        "metadata": {"name": "n0"},
        "taskNode": {"referenceId": identifier(task, task_version)},
        "inputs": [{"var": "x", "binding": {"promise": {"var": "x"}}}],
    }
    template = {
        "interface": {"inputs": {"variables": {"x": INTEGER}}, "outputs": {"variables": {"o0": STRING}}},
        "nodes": [node],
        "outputs": [{"var": "o0", "binding": {"promise": {"nodeId": "n0", "var": "o0"}}}],
    }
    return {"id": identifier(name, version, "WORKFLOW"), "spec": {"template": template}}


def plan_request(name: str, workflow: str, version: str = "v1", **spec: Any) -> dict[str, Any]:
    return {
        "id": identifier(name, version, "LAUNCH_PLAN"),
        "spec": {"workflowId": identifier(workflow, kind="WORKFLOW"), **spec},
    }


def listing(**parts: Any) -> dict[str, Any]:
    """Return a request for a listing, sorted as things were registered."""
    return {"id": PLACE, "limit": 100, "sortBy": {"key": "id", "direction": "ASCENDING"}, **parts}


def literal(value: int | str) -> dict[str, Any]:
    kind = "integer" if isinstance(value, int) else "stringValue"
    return {"scalar": {"primitive": {kind: str(value)}}}


def fill(channel: grpc.Channel, count: int) -> None:
    """Register so many tasks."""
    for number in range(count):
        assert send(channel, "CreateTask", task_request(f"app.t{number:03}")).status == "OK"


def names(reply: Any) -> list[str]:
    """Return the names of the tasks in a listing."""
    return [task["id"]["name"] for task in reply.response.get("tasks", [])]
