"""Where flytekit puts its code bundles: addresses that are handed out, and a server on loopback that takes what comes.

What is uploaded is kept in memory, to be looked at, and lost at the end. Source of the answers:
flyteadmin/dataproxy/service.go, ``CreateUploadLocation``.
"""

from __future__ import annotations

import base64
import hashlib
import threading
from http import HTTPStatus
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import TYPE_CHECKING, Any, Final
from urllib.parse import quote

from flyteidl.service import dataproxy_pb2

from flytetask_nb.embedded_admin.refusals import Refusal, invalid

if TYPE_CHECKING:
    from flytetask_nb.embedded_admin.store import Store

DATA_PROXY_SERVICE: Final = dataproxy_pb2.DESCRIPTOR.services_by_name["DataProxyService"].full_name

_BUCKET: Final = "s3://my-s3-bucket"
_LOOPBACK: Final = "127.0.0.1"
_MICROS: Final = 1_000_000
# flyteadmin's own settings: an address is good for an hour at most.
_LONGEST: Final = 3600
_MOST_BYTES: Final = 1 << 30
_MOST_BYTES_OF_ONE: Final = 1 << 28


class _Server(ThreadingHTTPServer):
    """Takes many at once: a client beyond the backlog, five by default, tries again only after a second."""

    request_queue_size = 128


class Uploads:
    """Hands out addresses, and takes what is put there.

    ``contents``: what was uploaded, by its location, e.g. ``"s3://my-s3-bucket/p/d/OZ…/fast.tar.gz"``.
    """

    def __init__(self, store: Store) -> None:
        self.contents: dict[str, bytes] = {}
        self._store = store
        self._lock = threading.Lock()
        self._expected: dict[str, tuple[str, bytes]] = {}
        self._server: ThreadingHTTPServer | None = None

    def create_upload_location(self, request: Any) -> Any:
        """Answer ``CreateUploadLocation``."""
        if not request.project or not request.domain:
            raise invalid("project and domain are required parameters")
        if not request.filename_root and not request.content_md5:
            raise invalid("content_md5 or filename_root is a required parameter")
        seconds = request.expires_in.ToSeconds() if request.HasField("expires_in") else _LONGEST
        if seconds > _LONGEST:
            raise invalid(f"expiresIn [{seconds}s] cannot exceed max allowed expiration [1h0m0s]")
        prefix = request.filename_root or base64.b32encode(request.content_md5).decode()
        # Admin takes a name at random; this one is the same for the same content.
        name = request.filename or hashlib.sha256(request.content_md5).hexdigest()[:20]
        path = f"{request.project}/{request.domain}/{prefix}/{name}"
        location = f"{_BUCKET}/{path}"
        self._check_content(location, request)
        answer = dataproxy_pb2.CreateUploadLocationResponse(native_url=location)
        with self._lock:
            address = quote(f"/{path}")
            self._expected[address] = location, request.content_md5
            answer.signed_url = f"http://{_LOOPBACK}:{self._port()}{address}"
        answer.expires_at.FromMicroseconds(self._store.now() + seconds * _MICROS)
        if request.add_content_md5_metadata and request.content_md5:
            answer.headers["x-amz-meta-flyteContentMD5"] = base64.b64encode(request.content_md5).decode()
        return answer

    def _check_content(self, location: str, request: Any) -> None:
        """Refuse other content where the whole location was named, and something is there."""
        known = self.contents.get(location)
        if known is None or not request.filename or not request.filename_root:
            return
        if not request.content_md5 or hashlib.md5(known, usedforsecurity=False).digest() != request.content_md5:
            raise Refusal("ALREADY_EXISTS", f"file already exists at location [{location}], specify a matching hash")

    def put(self, address: str, data: bytes) -> HTTPStatus:
        """Take what is put at an address."""
        with self._lock:
            location, expected = self._expected.get(address, ("", b""))
            if not location:
                return HTTPStatus.FORBIDDEN
            if expected and hashlib.md5(data, usedforsecurity=False).digest() != expected:
                return HTTPStatus.BAD_REQUEST
            held = sum(map(len, self.contents.values())) - len(self.contents.get(location, b""))
            if held + len(data) > _MOST_BYTES:
                return HTTPStatus.INSUFFICIENT_STORAGE
            self.contents[location] = data
        return HTTPStatus.OK

    def close(self) -> None:
        """Stop listening, if anything was ever to be uploaded."""
        with self._lock:
            server, self._server = self._server, None
        if server is not None:
            server.shutdown()
            server.server_close()

    def _port(self) -> int:
        """Return where the server listens, which starts when the first address is handed out."""
        if self._server is None:
            self._server = _Server((_LOOPBACK, 0), _handler(self))
            # By itself it would notice half a second later that it is to stop.
            serve, soon = self._server.serve_forever, {"poll_interval": 0.05}
            threading.Thread(target=serve, kwargs=soon, name="embedded-admin-uploads", daemon=True).start()
        return int(self._server.server_address[1])


def _handler(uploads: Uploads) -> type[BaseHTTPRequestHandler]:
    class Handler(BaseHTTPRequestHandler):
        # A client that says nothing more does not hold a thread for good.
        timeout = 60

        def do_PUT(self) -> None:
            length = self.headers.get("Content-Length", "")
            if not length.isdecimal():
                status = HTTPStatus.LENGTH_REQUIRED
            elif int(length) > _MOST_BYTES_OF_ONE:
                status = HTTPStatus.REQUEST_ENTITY_TOO_LARGE
            else:
                status = uploads.put(self.path, self.rfile.read(int(length)))
            self.send_response(status)
            self.send_header("Content-Length", "0")
            self.end_headers()

        def log_message(self, format: str, *args: object) -> None:
            """Write nothing: the standard library's would go to the error stream."""

    return Handler
