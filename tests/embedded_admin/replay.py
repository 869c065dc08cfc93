"""Transcripts against an embedded Admin: send each request as raw gRPC, compare as the transcripts' README says."""

from __future__ import annotations

import base64
import json
import re
from itertools import groupby
from typing import TYPE_CHECKING, Any, Final, NamedTuple

import grpc
from flyteidl.service import admin_pb2, auth_pb2
from google.protobuf import json_format, message_factory
from google.rpc import status_pb2

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

SERVICE: Final = "flyteidl.service.AdminService"
METHODS: Final = {method.name: method for method in admin_pb2.DESCRIPTOR.services_by_name["AdminService"].methods}
_TIMES: Final = ("createdAt", "updatedAt", "startedAt", "deletedAt")
# These quote PostgreSQL, or a diff; the first line or the code is enough.
_QUOTES: Final = "failed database operation with "


class Reply(NamedTuple):
    """What a server answered."""

    status: str
    response: dict[str, Any] | None
    message: str
    details: bytes = b""


def connected(endpoint: str, credentials: grpc.ChannelCredentials | None = None) -> grpc.Channel:
    """Return a channel that takes answers of any size."""
    options = [("grpc.max_receive_message_length", -1), ("grpc.use_local_subchannel_pool", 1)]
    if credentials is None:
        return grpc.insecure_channel(endpoint, options)
    return grpc.secure_channel(endpoint, credentials, options)


def message_class(descriptor: Any) -> Any:
    return message_factory.GetMessageClass(descriptor)


def read(path: Path) -> list[dict[str, Any]]:
    return [json.loads(line) for line in path.read_text(encoding="utf-8").splitlines()]


def send(channel: grpc.Channel, call: str, request: dict[str, Any], metadata: Any = ()) -> Reply:
    """Send a request that is written in proto3 JSON."""
    method = METHODS[call]
    message = json_format.ParseDict(request, message_class(method.input_type)())
    stub = channel.unary_unary(
        f"/{SERVICE}/{call}",
        request_serializer=lambda sent: sent.SerializeToString(),
        response_deserializer=message_class(method.output_type).FromString,
    )
    try:
        answer = stub(message, metadata=metadata, timeout=60)
    except grpc.RpcError as error:
        trailers = dict(error.trailing_metadata() or ())
        return Reply(error.code().name, None, error.details() or "", trailers.get("grpc-status-details-bin", b""))
    return Reply("OK", json_format.MessageToDict(answer), "")


def send_to_auth_service(channel: grpc.Channel, call: str) -> Reply:
    """Ask where tokens are given out."""
    method = auth_pb2.DESCRIPTOR.services_by_name["AuthMetadataService"].methods_by_name[call]
    stub = channel.unary_unary(
        f"/flyteidl.service.AuthMetadataService/{call}",
        request_serializer=lambda sent: sent.SerializeToString(),
        response_deserializer=message_class(method.output_type).FromString,
    )
    answer = stub(message_class(method.input_type)(), timeout=60)
    return Reply("OK", json_format.MessageToDict(answer), "")


def _normal_text(text: str) -> str:
    collapsed = re.sub(r" +", " ", text)
    if collapsed.startswith(_QUOTES):
        return _QUOTES
    head, told, _ = collapsed.partition("different structure already exists")
    return head + told


def _normal(value: Any) -> Any:
    """Leave out times, and what the transcripts leave out."""
    if isinstance(value, dict):
        return {name: _normal(item) for name, item in value.items() if name not in _TIMES}
    return [_normal(item) for item in value] if isinstance(value, list) else value


def _lacks_part(case: dict[str, Any]) -> bool:
    identifier = case["request"].get("id", {})
    return case["call"] == "GetTask" and not all(
        identifier.get(part) for part in ("project", "domain", "name", "version")
    )


def compared(case: dict[str, Any], reply: Reply) -> tuple[Any, Any]:
    """Return what was recorded and what was answered, in a form in which they must be equal."""
    if case["status"] != "OK" or reply.status != "OK":
        expected = (case["status"], _normal_text(case.get("message", "")), _packed(case.get("details")))
        return expected, (reply.status, _normal_text(reply.message), _packed(reply.details))
    expected, actual = case["response"], reply.response or {}
    if _lacks_part(case):
        return sorted(expected), sorted(actual)
    expected, actual = _normal(expected), _normal(actual)
    if case.get("closures") == "left out" and actual.get("tasks"):
        actual = {**actual, "tasks": [{k: v for k, v in t.items() if k != "closure"} for t in actual["tasks"]]}
        expected = {**expected, "tasks": [{k: v for k, v in t.items() if k != "closure"} for t in expected["tasks"]]}
    if case["call"] == "ListTasks":
        key = _sort_key(case["request"], reply.response or {})
        expected, actual = _with_ties_as_sets(expected, key), _with_ties_as_sets(actual, key)
    return expected, actual


def _sort_key(request: dict[str, Any], response: dict[str, Any]) -> Callable[[dict[str, Any]], Any]:
    """Return what a listing sorts its tasks by, of the columns in which several can be equal, else their ids.

    Where closures are left out of what was recorded, those of the answer say the type.
    """
    if "sortBy" not in request:
        return lambda _: None
    name = request["sortBy"].get("key", "")
    if name == "type":
        types = {_id(task): task["closure"]["compiledTask"]["template"]["type"] for task in response.get("tasks", [])}
        return lambda task: types.get(_id(task))
    if name == "short_description":
        return lambda task: task.get("shortDescription")
    return (lambda task: task["id"][name]) if name in ("project", "domain", "name", "version") else _id


def _id(task: dict[str, Any]) -> str:
    return json.dumps(task["id"], sort_keys=True)


def _with_ties_as_sets(response: dict[str, Any], key: Callable[[dict[str, Any]], Any]) -> dict[str, Any]:
    """Put tasks that are equal in what they are sorted by into one order: PostgreSQL promises none."""
    if "tasks" not in response:
        return response
    groups = [sorted(group, key=_id) for _, group in groupby(response["tasks"], key)]
    return {**response, "tasks": [task for group in groups for task in group]}


def _packed(details: str | bytes | None) -> list[bytes]:
    if not details:
        return []
    data = base64.b64decode(details) if isinstance(details, str) else details
    return [detail.SerializeToString() for detail in status_pb2.Status.FromString(data).details]
