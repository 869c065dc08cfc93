"""Addresses for code bundles, and what is put there."""

from __future__ import annotations

import base64
import hashlib
import http.client
from typing import TYPE_CHECKING, Any
from urllib.parse import urlsplit

import grpc
import pytest
from flyteidl.service import dataproxy_pb2

import flytetask_nb as ftn

if TYPE_CHECKING:
    from collections.abc import Iterator

METHOD = "/flyteidl.service.DataProxyService/CreateUploadLocation"
DATA = b"some code"
MD5 = hashlib.md5(DATA).digest()  # noqa: S324 - what the protocol uses
PLACE = {"project": "flytesnacks", "domain": "development"}


@pytest.fixture
def admin() -> Iterator[Any]:
    with ftn.sandbox() as server:
        yield server


def ask(admin: Any, **fields: Any) -> Any:
    with grpc.insecure_channel(admin.endpoint) as channel:
        call = channel.unary_unary(
            METHOD,
            dataproxy_pb2.CreateUploadLocationRequest.SerializeToString,
            dataproxy_pb2.CreateUploadLocationResponse.FromString,
        )
        return call(dataproxy_pb2.CreateUploadLocationRequest(**fields))


def put(url: str, data: bytes, **headers: str) -> int:
    parts = urlsplit(url)
    connection = http.client.HTTPConnection(parts.hostname or "", parts.port or 0, timeout=30)
    connection.request("PUT", parts.path, data, headers)
    return connection.getresponse().status


def test_what_is_put_is_kept(admin: Any) -> None:
    answer = ask(admin, **PLACE, content_md5=MD5, filename="a b.tgz", add_content_md5_metadata=True)
    assert answer.native_url == f"s3://my-s3-bucket/flytesnacks/development/{base64.b32encode(MD5).decode()}/a b.tgz"
    assert urlsplit(answer.signed_url).hostname == "127.0.0.1"
    assert answer.HasField("expires_at")
    assert answer.headers["x-amz-meta-flyteContentMD5"] == base64.b64encode(MD5).decode()
    assert admin.uploads == {}
    assert put(answer.signed_url, DATA) == 200
    assert admin.uploads == {answer.native_url: DATA}
    assert ask(admin, **PLACE, content_md5=MD5, filename="a b.tgz").native_url == answer.native_url


def test_only_what_was_announced_is_taken(admin: Any) -> None:
    url = ask(admin, **PLACE, content_md5=MD5, filename="a.tgz").signed_url
    assert put(url, b"other") == 400
    assert put(f"{url}x", DATA) == 403
    assert put(f"{url}/../../x", DATA) == 403
    assert admin.uploads == {}


def test_a_whole_location_holds_one_content(admin: Any) -> None:
    fields = {**PLACE, "filename_root": "root", "filename": "a.tgz", "content_md5": MD5}
    assert put(ask(admin, **fields).signed_url, DATA) == 200
    assert ask(admin, **fields).native_url == "s3://my-s3-bucket/flytesnacks/development/root/a.tgz"
    with pytest.raises(grpc.RpcError) as caught:
        ask(admin, **(fields | {"content_md5": b"x" * 16}))
    assert caught.value.code() == grpc.StatusCode.ALREADY_EXISTS


@pytest.mark.parametrize(
    ("fields", "message"),
    [
        ({"content_md5": MD5}, "project and domain are required parameters"),
        (PLACE, "content_md5 or filename_root is a required parameter"),
        ({**PLACE, "content_md5": MD5, "expires_in": {"seconds": 3601}}, "cannot exceed max allowed expiration"),
    ],
)
def test_refusals(admin: Any, fields: dict[str, Any], message: str) -> None:
    with pytest.raises(grpc.RpcError) as caught:
        ask(admin, **fields)
    assert caught.value.code() == grpc.StatusCode.INVALID_ARGUMENT
    assert message in caught.value.details()


def test_nothing_listens_once_it_is_closed() -> None:
    with ftn.sandbox() as admin:
        url = ask(admin, **PLACE, content_md5=MD5).signed_url
    with pytest.raises(OSError, match="refused"):
        put(url, DATA)
