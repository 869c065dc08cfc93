# ruff: noqa: N802 - methods are called as Flyte calls them
"""A server on loopback that answers as a test tells it to: real connections, and trouble on demand.

It knows no more of Admin than its listings need. What Admin itself says is the embedded Admin's matter.
"""

from __future__ import annotations

import time
from collections import Counter
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

import grpc
from flyteidl.admin import common_pb2, description_entity_pb2, launch_plan_pb2, project_pb2, task_pb2, workflow_pb2
from flyteidl.core import interface_pb2, tasks_pb2
from flyteidl.service import auth_pb2

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

ADMIN = "/flyteidl.service.AdminService/"
LOGINS = "/flyteidl.service.AuthMetadataService/"

REQUESTS = {
    "GetTask": common_pb2.ObjectGetRequest,
    "ListTasks": common_pb2.ResourceListRequest,
    "ListTaskIds": common_pb2.NamedEntityIdentifierListRequest,
    "ListProjects": project_pb2.ProjectListRequest,
    "GetDomains": project_pb2.GetDomainRequest,
    "GetDescriptionEntity": common_pb2.ObjectGetRequest,
    "ListWorkflows": common_pb2.ResourceListRequest,
    "GetWorkflow": common_pb2.ObjectGetRequest,
    "GetLaunchPlan": common_pb2.ObjectGetRequest,
    "GetOAuth2Metadata": auth_pb2.OAuth2MetadataRequest,
    "GetPublicClientConfig": auth_pb2.PublicClientAuthConfigRequest,
}


class Refusal(Exception):  # noqa: N818 - an answer of the server
    """A status that a call ends with."""

    def __init__(self, code: grpc.StatusCode, details: str = "refused") -> None:
        super().__init__(details)
        self.code = code
        self.details = details


def make_task(
    name: str,
    version: str = "v1",
    *,
    project: str = "p",
    domain: str = "d",
    seconds: int = 0,
    type: str = "python-task",
    short_description: str = "",
    image: str = "",
) -> task_pb2.Task:
    made = task_pb2.Task(short_description=short_description)
    made.id.project, made.id.domain, made.id.name, made.id.version = project, domain, name, version
    made.id.resource_type = 1
    template = made.closure.compiled_task.template
    template.id.CopyFrom(made.id)
    template.type = type
    template.interface.inputs.variables["x"].CopyFrom(interface_pb2.Variable())
    if image:
        template.container.CopyFrom(tasks_pb2.Container(image=image))
    made.closure.created_at.FromSeconds(1_700_000_000 + seconds)
    return made


@dataclass
class Served:
    """What the server holds, what it was asked, and what goes wrong."""

    tasks: list[Any] = field(default_factory=list)
    workflows: dict[str, workflow_pb2.Workflow] = field(default_factory=dict)
    launch_plans: dict[str, launch_plan_pb2.LaunchPlan] = field(default_factory=dict)
    descriptions: dict[str, description_entity_pb2.DescriptionEntity] = field(default_factory=dict)
    endpoint: str = ""
    calls: Counter[str] = field(default_factory=Counter)
    requests: list[tuple[str, Any, dict[str, str]]] = field(default_factory=list)
    before: Callable[[str, Any, dict[str, str]], None] = lambda *_: None
    page: Callable[[Served, Any], Any] | None = None
    login: auth_pb2.OAuth2MetadataResponse = field(default_factory=auth_pb2.OAuth2MetadataResponse)
    client: auth_pb2.PublicClientAuthConfigResponse = field(default_factory=auth_pb2.PublicClientAuthConfigResponse)
    most_bytes: int = 0

    def asked(self, method: str) -> list[Any]:
        return [request for name, request, _ in self.requests if name == method]

    # -- answers -----------------------------------------------------------------------------------------------------

    def answer(self, method: str, request: Any, context: Any) -> bytes:
        metadata = dict(context.invocation_metadata())
        self.calls[method] += 1
        self.requests.append((method, request, metadata))
        try:
            self.before(method, request, metadata)
            found = getattr(self, method)(request)
        except Refusal as refusal:
            context.abort(refusal.code, refusal.details)
        data = found if isinstance(found, bytes) else found.SerializeToString()
        if self.most_bytes and len(data) > self.most_bytes:
            details = f"grpc: trying to send message larger than max ({len(data)} vs. {self.most_bytes})"
            context.abort(grpc.StatusCode.RESOURCE_EXHAUSTED, details)
        return data

    def ListTasks(self, request: Any) -> Any:
        return self.page(self, request) if self.page is not None else self.usual_page(request)

    def rows(self, request: Any) -> list[Any]:
        wanted = (request.id.project, request.id.domain)
        rows = [
            task
            for task in self.tasks
            if isinstance(task, bytes)
            or ((task.id.project, task.id.domain) == wanted and request.id.name in {"", task.id.name})
        ]
        if request.sort_by.key == "created_at":
            rows = [row for row in rows if not isinstance(row, bytes)]
            rows.sort(key=lambda task: task.closure.created_at.ToNanoseconds())
        return rows if request.sort_by.direction == common_pb2.Sort.ASCENDING else rows[::-1]

    def usual_page(self, request: Any) -> bytes:
        start = int(request.token or 0)
        rows = self.rows(request)[start : start + request.limit]
        return list_of(rows, str(start + len(rows)) if len(rows) == request.limit else "")

    def GetTask(self, request: Any) -> Any:
        for task in (one for one in self.tasks if not isinstance(one, bytes)):
            if all(
                getattr(task.id, part) == getattr(request.id, part) for part in ("project", "domain", "name", "version")
            ):
                return task
        raise Refusal(grpc.StatusCode.NOT_FOUND, f"missing entity of type TASK with identifier {request.id}")

    def ListTaskIds(self, request: Any) -> Any:
        tasks = [one for one in self.tasks if not isinstance(one, bytes)]
        names = sorted(
            {one.id.name for one in tasks if (one.id.project, one.id.domain) == (request.project, request.domain)}
        )
        start = int(request.token or 0)
        chosen = names[start : start + request.limit]
        entities = [
            common_pb2.NamedEntityIdentifier(project=request.project, domain=request.domain, name=name)
            for name in chosen
        ]
        token = str(start + len(chosen)) if len(chosen) == request.limit else ""
        return common_pb2.NamedEntityIdentifierList(entities=entities, token=token)

    def ListProjects(self, request: Any) -> Any:
        ids = sorted({task.id.project for task in self.tasks if not isinstance(task, bytes)})
        projects = [
            project_pb2.Project(id=one, domains=[project_pb2.Domain(id=name) for name in ("d", "e")]) for one in ids
        ]
        start = int(request.token or 0)
        chosen = projects[start : start + request.limit]
        return project_pb2.Projects(
            projects=chosen, token=str(start + len(chosen)) if len(chosen) == request.limit else ""
        )

    def GetDomains(self, _: Any) -> Any:
        return project_pb2.GetDomainsResponse(domains=[project_pb2.Domain(id=one) for one in ("d", "e")])

    def GetDescriptionEntity(self, request: Any) -> Any:
        return self.found(self.descriptions, request.id.name)

    def GetWorkflow(self, request: Any) -> Any:
        return self.found(self.workflows, f"{request.id.name} {request.id.version}")

    def GetLaunchPlan(self, request: Any) -> Any:
        return self.found(self.launch_plans, request.id.name)

    def ListWorkflows(self, request: Any) -> Any:
        workflows = [
            workflow_pb2.Workflow(id=one.id, closure=workflow_pb2.WorkflowClosure(created_at=one.closure.created_at))
            for one in self.workflows.values()
        ]
        start = int(request.token or 0)
        chosen = workflows[start : start + request.limit]
        return workflow_pb2.WorkflowList(
            workflows=chosen, token=str(start + len(chosen)) if len(chosen) == request.limit else ""
        )

    def GetOAuth2Metadata(self, _: Any) -> Any:
        return self.login

    def GetPublicClientConfig(self, _: Any) -> Any:
        return self.client

    @staticmethod
    def found(things: dict[str, Any], key: str) -> Any:
        if key not in things:
            raise Refusal(grpc.StatusCode.NOT_FOUND, "entry not found")
        return things[key]


def list_of(rows: list[Any], token: str) -> bytes:
    """Serialize a TaskList, in which bytes stand for a row that is no task."""
    tail = common_pb2.NamedEntityIdentifierList(token=token).SerializeToString()
    data = b""
    for row in rows:
        content = row if isinstance(row, bytes) else row.SerializeToString()
        data += b"\x0a" + varint(len(content)) + content
    return data + tail


def varint(number: int) -> bytes:
    found = bytearray()
    while number > 0x7F:
        found.append(number & 0x7F | 0x80)
        number >>= 7
    return bytes([*found, number])


class _Handler(grpc.GenericRpcHandler):
    def __init__(self, served: Served) -> None:
        self._served = served

    def service(self, details: Any) -> Any:
        method = details.method.rpartition("/")[2]
        if method not in REQUESTS:
            return None
        return grpc.unary_unary_rpc_method_handler(
            lambda request, context: self._served.answer(method, request, context),
            request_deserializer=REQUESTS[method].FromString,
        )


@contextmanager
def serving(served: Served, credentials: grpc.ServerCredentials | None = None, port: int = 0) -> Iterator[Served]:
    """Serve on loopback."""
    options = [("grpc.max_send_message_length", -1), ("grpc.so_reuseport", 0)]
    server = grpc.server(ThreadPoolExecutor(8), handlers=[_Handler(served)], options=options)
    address = f"127.0.0.1:{port}"
    port = server.add_insecure_port(address) if credentials is None else server.add_secure_port(address, credentials)
    served.endpoint = f"127.0.0.1:{port}"
    server.start()
    try:
        yield served
    finally:
        server.stop(grace=None).wait()


def slowly(seconds: float, times: int = 1) -> Callable[[str, Any, dict[str, str]], None]:
    """Return what makes the first calls slow."""
    left = [times]

    def wait(*_: object) -> None:
        if left[0] > 0:
            left[0] -= 1
            time.sleep(seconds)

    return wait


def refusing(code: grpc.StatusCode, times: int, details: str = "trouble") -> Callable[[str, Any, dict[str, str]], None]:
    """Return what makes the first calls fail."""
    left = [times]

    def refuse(*_: object) -> None:
        if left[0] > 0:
            left[0] -= 1
            raise Refusal(code, details)

    return refuse
