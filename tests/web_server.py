"""A web server on loopback, as tests of files on the web need it."""

from __future__ import annotations

from contextlib import contextmanager
from http.server import ThreadingHTTPServer
from threading import Thread
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator
    from http.server import BaseHTTPRequestHandler


class WebServer(ThreadingHTTPServer):
    """Takes whoever comes: of more than wait at a time each is sent away, and tries again after a second or three."""

    request_queue_size = 128

    def serve_forever(self, poll_interval: float = 0.01) -> None:
        """Serve until it is told to stop, and notice that at once."""
        super().serve_forever(poll_interval)


@contextmanager
def serving(handler: Callable[..., BaseHTTPRequestHandler]) -> Iterator[str]:
    """Answer by ``handler``, and tell the address."""
    with WebServer(("127.0.0.1", 0), handler) as server:
        Thread(target=server.serve_forever, daemon=True).start()
        try:
            yield f"http://127.0.0.1:{server.server_port}"
        finally:
            server.shutdown()
