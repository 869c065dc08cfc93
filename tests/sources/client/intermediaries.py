"""What may stand between a client and Flyte Admin, on loopback: web proxies, ingresses, web servers, slow lines."""

from __future__ import annotations

import base64
import socket
import struct
import time
from contextlib import contextmanager, suppress
from dataclasses import dataclass, field
from threading import Thread
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    import ssl
    from collections.abc import Callable, Iterator

_SETTINGS, _PING, _HEADERS, _DATA = 4, 6, 1, 0
_END, _ACKNOWLEDGED = 1, 1
_END_OF_HEADERS = 4


@contextmanager
def listening(serve: Callable[[socket.socket], None]) -> Iterator[int]:
    """Return the port at which each connection is served by a function, on a thread of its own."""
    server = socket.create_server(("127.0.0.1", 0))

    def one(connection: socket.socket) -> None:
        with connection:
            try:
                serve(connection)
            except OSError:
                # Clients go when they like.
                return

    def accept() -> None:
        while True:
            try:
                connection, _ = server.accept()
            except OSError:
                return
            Thread(target=one, args=(connection,), daemon=True).start()

    thread = Thread(target=accept, daemon=True)
    thread.start()
    try:
        yield server.getsockname()[1]
    finally:
        server.shutdown(socket.SHUT_RDWR)
        server.close()
        thread.join()


def saying(answer: bytes) -> Callable[[socket.socket], None]:
    """Serve each connection with the same bytes, once something has come."""

    def serve(connection: socket.socket) -> None:
        connection.recv(65_536)
        connection.sendall(answer)

    return serve


def silent(connection: socket.socket) -> None:
    """Take everything, and say nothing."""
    while connection.recv(65_536):
        pass


# -- web proxies -----------------------------------------------------------------------------------------------------


@dataclass
class WebProxy:
    """A web proxy that knows CONNECT.

    Attributes
    ----------
    target : int
        The port of this machine that every way leads to, whatever host was asked for.
    status : str
        What it answers, in place of letting through.
    login : str
        What it wants to hear, ``user:password``.
    dies : bool
        Whether it hangs up in place of an answer.
    asked : list of str
        Which ways it was asked for.
    """

    target: int = 0
    status: str = ""
    login: str = ""
    dies: bool = False
    asked: list[str] = field(default_factory=list)
    port: int = 0

    def serve(self, connection: socket.socket) -> None:
        head = b""
        while b"\r\n\r\n" not in head:
            part = connection.recv(4096)
            if not part:
                return
            head += part
        self.asked.append(head.split(b" ")[1].decode())
        if self.dies:
            return
        known = f"Proxy-Authorization: Basic {base64.b64encode(self.login.encode()).decode()}".encode()
        status = self.status or ("" if not self.login or known in head else "407 Proxy Authentication Required")
        if status:
            connection.sendall(f"HTTP/1.1 {status}\r\nContent-Length: 0\r\n\r\n".encode())
            return
        with socket.create_connection(("127.0.0.1", self.target)) as onward:
            connection.sendall(b"HTTP/1.1 200 Connection established\r\n\r\n")
            _join(connection, onward)


def _join(one: socket.socket, other: socket.socket, delay: float = 0.0) -> None:
    back = Thread(target=_pump, args=(other, one, delay), daemon=True)
    back.start()
    _pump(one, other, delay)
    back.join()


def _pump(source: socket.socket, sink: socket.socket, delay: float) -> None:
    try:
        while data := source.recv(65_536):
            time.sleep(delay)
            sink.sendall(data)
    except OSError:
        pass
    finally:
        for end in (source, sink):
            with suppress(OSError):
                end.shutdown(socket.SHUT_RDWR)


@contextmanager
def proxying(proxy: WebProxy) -> Iterator[WebProxy]:
    with listening(proxy.serve) as port:
        proxy.port = port
        yield proxy


def leading_to(target: int, delay: float = 0.0, seen: list[int] | None = None) -> Callable[[socket.socket], None]:
    """Serve each connection by another port that is so many seconds away, in each direction.

    ``seen`` takes down the connections.
    """

    def serve(connection: socket.socket) -> None:
        if seen is not None:
            seen.append(len(seen))
        with socket.create_connection(("127.0.0.1", target)) as onward:
            _join(connection, onward, delay)

    return serve


# -- ingresses -------------------------------------------------------------------------------------------------------


@contextmanager
def ingress(
    status: str,
    body: bytes = b"",
    *,
    tls: ssl.SSLContext | None = None,
    headers: tuple[tuple[str, str], ...] = (("content-type", "text/html"),),
    seen: list[int] | None = None,
) -> Iterator[int]:
    """Return the port of what speaks HTTP/2, and answers every request with the same page.

    ``seen`` takes down the requests.
    """
    block = b"".join(_literal(name, value) for name, value in ((":status", status), *headers))

    def serve(connection: socket.socket) -> None:
        with connection if tls is None else tls.wrap_socket(connection, server_side=True) as way:
            stream = way.makefile("rb")
            stream.read(24)
            way.sendall(_frame(_SETTINGS, 0, 0))
            while len(head := stream.read(9)) == 9:
                kind, flags, number = head[3], head[4], int.from_bytes(head[5:], "big")
                data = stream.read(int.from_bytes(head[:3], "big"))
                if kind in {_SETTINGS, _PING} and not flags & _ACKNOWLEDGED:
                    way.sendall(_frame(kind, _ACKNOWLEDGED, 0, data if kind == _PING else b""))
                elif kind in {_HEADERS, _DATA} and flags & _END:
                    if seen is not None:
                        seen.append(number)
                    way.sendall(_frame(_HEADERS, _END_OF_HEADERS | (0 if body else _END), number, block))
                    if body:
                        way.sendall(_frame(_DATA, _END, number, body))

    with listening(serve) as port:
        yield port


def _frame(kind: int, flags: int, stream: int, data: bytes = b"") -> bytes:
    return struct.pack(">I", len(data))[1:] + bytes([kind, flags]) + struct.pack(">I", stream) + data


def _literal(name: str, value: str) -> bytes:
    """Write a header as HPACK has it without a table."""
    parts = [name.encode(), value.encode()]
    return b"\x00" + b"".join(bytes([len(part)]) + part for part in parts)
