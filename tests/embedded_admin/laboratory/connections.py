"""A wire between clients and the server that can be cut, which gRPC alone does not let a server do."""

from __future__ import annotations

import contextlib
import socket
import threading
from typing import Final

_CHUNK: Final = 65_536


class Wire:
    """Takes connections and passes on what they bring, until one is to be cut.

    Parameters
    ----------
    host : str
        Where to listen, at any free port.
    target : int
        The port of the server.
    """

    def __init__(self, host: str, target: int) -> None:
        self._host = host
        self._target = target
        self._lock = threading.Lock()
        # How many bytes may still go to the client; by the port from which the server sees the connection.
        self._left: dict[int, int] = {}
        self._sockets: set[socket.socket] = set()
        self._listening = socket.create_server((host, 0))
        self.port: int = self._listening.getsockname()[1]
        threading.Thread(target=self._accept, daemon=True).start()

    def cut(self, port: int, after: int) -> None:
        """Cut the connection that the server sees at a port, when so many more bytes were sent to the client."""
        with self._lock:
            self._left[port] = after

    def close(self) -> None:
        """Cut all connections."""
        self._listening.close()
        with self._lock:
            for end in self._sockets:
                _close(end)
            self._sockets.clear()

    def _accept(self) -> None:
        while True:
            try:
                client, _ = self._listening.accept()
                server = socket.create_connection((self._host, self._target))
            except OSError:
                return
            with self._lock:
                self._sockets |= {client, server}
            port = server.getsockname()[1]
            for source, sink, counted in ((client, server, None), (server, client, port)):
                threading.Thread(target=self._pump, args=(source, sink, counted), daemon=True).start()

    def _pump(self, source: socket.socket, sink: socket.socket, port: int | None) -> None:
        with contextlib.suppress(OSError):
            while data := source.recv(_CHUNK):
                kept = self._allowed(port, len(data))
                sink.sendall(data[:kept])
                if kept < len(data):
                    break
        with self._lock:
            self._sockets -= {source, sink}
        _close(source)
        _close(sink)

    def _allowed(self, port: int | None, size: int) -> int:
        """Return how many of so many bytes may go on."""
        with self._lock:
            if port is None or port not in self._left:
                return size
            allowed = min(self._left[port], size)
            self._left[port] -= allowed
            return allowed


def _close(end: socket.socket) -> None:
    with contextlib.suppress(OSError):
        end.shutdown(socket.SHUT_RDWR)
    end.close()
