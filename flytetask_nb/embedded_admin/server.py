"""The server: Flyte's services over gRPC on the loopback interface."""

from __future__ import annotations

import re
import threading
from concurrent.futures import ThreadPoolExecutor
from typing import TYPE_CHECKING, Any, Final, NoReturn

import grpc
from flyteidl.admin import task_pb2
from google.protobuf import any_pb2
from google.protobuf.message import DecodeError, Message
from google.rpc import status_pb2

from flytetask_nb.embedded_admin.auth import CLIENTS, Authority, TokenServer
from flytetask_nb.embedded_admin.calls import Calls
from flytetask_nb.embedded_admin.connections import Wire
from flytetask_nb.embedded_admin.encryption import KeyPair
from flytetask_nb.embedded_admin.faults import Fault, Faults, spoiled
from flytetask_nb.embedded_admin.filling import Filled, fill
from flytetask_nb.embedded_admin.methods import (
    ADMIN_SERVICE,
    AUTH_SERVICE,
    Entities,
    Method,
    admin_methods,
    auth_methods,
)
from flytetask_nb.embedded_admin.refusals import Refusal
from flytetask_nb.embedded_admin.settings import DOMAINS, PLATFORM_LIMITS, PROJECTS, WHITELIST, Settings
from flytetask_nb.embedded_admin.store import Store
from flytetask_nb.errors import FlyteTaskError, OptionError
from flytetask_nb.semantics.registration import check

if TYPE_CHECKING:
    import os
    from collections.abc import Callable, Iterable, Mapping, Sequence
    from datetime import datetime
    from types import TracebackType

    from typing_extensions import Self

    from flytetask_nb.semantics.limits import Amount

__all__ = ["EmbeddedAdmin", "sandbox"]

_LOOPBACK: Final = "127.0.0.1"
_THREADS: Final = 8
# Seconds for calls under way to end in. Cut off at once, gRPC's client writes a line of its own to the error stream,
# also where no call was under way but the connection was not yet closed.
_GRACE: Final = 0.2
# flyteadmin/pkg/common: longer messages are cut, and lose their details.
_LONGEST_MESSAGE: Final = 32_000
_DETAILS_KEY: Final = "grpc-status-details-bin"
_PEER: Final = re.compile(r":(\d+)$")
# Two servers on one port would share its calls.
_SERVER_OPTIONS: Final = (("grpc.so_reuseport", 0),)


class EmbeddedAdmin:
    """A Flyte Admin of one's own: see :func:`sandbox`, which starts it.

    Parameters
    ----------
    settings : Settings
    database : path-like
    port : int
    token_port : int
    authority : Authority, optional
    keys : KeyPair, optional
    faults : iterable of Fault, optional

    Attributes
    ----------
    endpoint : str
        Where it listens, e.g. ``"127.0.0.1:30080"``: what ``ftn.connect`` and flytekit's configuration take.
    token_url : str or None
        Where tokens are given out, if there are any.
    calls : Calls
        What was asked of it so far.
    faults : Faults
        What is still to go wrong.
    """

    def __init__(
        self,
        settings: Settings,
        *,
        database: str | os.PathLike[str],
        port: int,
        token_port: int = 0,
        authority: Authority | None = None,
        keys: KeyPair | None = None,
        faults: Iterable[Fault] | None = None,
        clock: Callable[[], datetime] | None = None,
    ) -> None:
        self.calls = Calls()
        self.faults = Faults(faults or (), can_drop=faults is not None)
        self._closing = threading.Event()
        self._settings = settings
        self._store = Store(database, clock)
        self._entities = Entities(self._store, settings)
        self._authority = authority
        self._tokens: TokenServer | None = None
        self._wire: Wire | None = None
        self._server = grpc.server(ThreadPoolExecutor(_THREADS, "embedded-admin"), options=_SERVER_OPTIONS)
        self._serve(ADMIN_SERVICE, admin_methods(self._entities, settings), authority)
        if authority is not None:
            self._serve(AUTH_SERVICE, auth_methods(authority))
            self._tokens = self._token_server(authority, token_port, keys)
        try:
            listening = self._listen(port if faults is None else 0, keys)
            if faults is not None:
                self._wire = Wire(_LOOPBACK, port, listening)
                listening = self._wire.port
        except (RuntimeError, OSError) as error:
            self.close()
            raise OptionError(
                f"port={port}: the embedded Admin cannot listen there ({error}). Take another one, or 0 for any that is "
                "free; where tls is given, it is a private key and a chain of certificates in PEM"
            ) from None
        self.endpoint = f"{_LOOPBACK}:{listening}"
        self.token_url = None if self._tokens is None else self._tokens.url
        self._server.start()

    def load(
        self,
        source: Any,
        *,
        project: str | None = None,
        domain: str | None = None,
        version: Any = None,
        **settings: Any,
    ) -> Filled:
        """Register the tasks, workflows and launch plans of a source, as ``pyflyte register`` would.

        Parameters
        ----------
        source
            As ``ftn.load`` takes it: archives, folders, files, bytes. Or a ``TaskCollection``.
        project, domain : str, optional
            For what has none; by default the first that the server knows.
        version : str or callable, optional
            For what has none, as ``ftn.load`` takes it.
        **settings
            Others of ``ftn.load``, such as ``errors="collect"``.

        Returns
        -------
        Filled
            How many ``tasks``, ``workflows`` and ``launch_plans`` were new; in ``refused``, with
            ``errors="collect"``, why others were not registered.

        Raises
        ------
        LoadError
            A source cannot be read, or the server refuses something in it; then nothing of it is registered.
        """
        place = {"project": project or self._settings.projects[0], "domain": domain or self._settings.domains[0]}
        with self._store.transaction():
            return fill(self._entities, source, **place, version=version, **settings)

    def expire_tokens(self) -> None:
        """Let every token that was given out so far expire now; new ones are good."""
        if self._authority is not None:
            self._authority.expire()

    def close(self) -> None:
        """Stop listening. Calls under way are cut off after 0.2 seconds; to close twice does no harm."""
        if self._closing.is_set():
            return
        self._closing.set()
        if self._wire is not None:
            self._wire.close()
        if self._tokens is not None:
            self._tokens.close()
        self._server.stop(_GRACE).wait()
        self._store.close()

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.close()

    def __repr__(self) -> str:
        # The port is another one each time, so only those who ask for the endpoint see it.
        return f"EmbeddedAdmin({'closed' if self._closing.is_set() else 'running'})"

    def _listen(self, port: int, keys: KeyPair | None) -> int:
        address = f"{_LOOPBACK}:{port}"
        if keys is None:
            return int(self._server.add_insecure_port(address))
        return int(self._server.add_secure_port(address, grpc.ssl_server_credentials([(keys.key, keys.chain)])))

    def _token_server(self, authority: Authority, port: int, keys: KeyPair | None) -> TokenServer:
        try:
            return TokenServer(authority, _LOOPBACK, port, None if keys is None else keys.context())
        except (OSError, OverflowError) as error:
            self.close()
            raise OptionError(
                f"token_port={port}: tokens cannot be given out there ({error}). Take another one, or 0 for any that "
                "is free; where tls is given, it is a private key and a chain of certificates in PEM"
            ) from None

    def _serve(self, service: str, methods: Mapping[str, Method], authority: Authority | None = None) -> None:
        handlers: dict[str, Any] = {
            name: grpc.unary_unary_rpc_method_handler(self._behaviour(name, method, authority))
            for name, method in methods.items()
        }
        self._server.add_generic_rpc_handlers((grpc.method_handlers_generic_handler(service, handlers),))

    def _behaviour(self, name: str, method: Method, authority: Authority | None) -> Any:
        def behave(request: bytes, context: grpc.ServicerContext) -> bytes:
            try:
                if authority is not None:
                    authority.check_call(context.invocation_metadata())
                answer = self._answer(name, method, request, context)
            except (Refusal, FlyteTaskError) as error:
                # What this package cannot read, Admin could not hash or compile either.
                refusal = error if isinstance(error, Refusal) else Refusal("INTERNAL", str(error))
                self.calls.add(name, received=len(request), refused=True)
                _refuse(context, refusal)
            self.calls.add(name, received=len(request), sent=len(answer))
            return answer

        return behave

    def _answer(self, name: str, method: Method, request: bytes, context: grpc.ServicerContext) -> bytes:
        faults = self.faults.take(name)
        message = _parsed(method, request)
        for fault in faults:
            self._closing.wait(fault.seconds)
        if any(fault.kind == "unavailable" for fault in faults):
            raise Refusal("UNAVAILABLE", "the server is unavailable, as it was told to be")
        found = method.answer(message)
        answer = found.SerializeToString() if isinstance(found, Message) else bytes(found)
        for fault in faults:
            answer = spoiled(fault, message, answer)
            if fault.kind == "drop" and self._wire is not None and (peer := _PEER.search(context.peer())):
                self._wire.cut(int(peer[1]), len(answer) // 2)
        return answer


def _parsed(method: Method, request: bytes) -> Any:
    try:
        return method.request.FromString(request)
    except DecodeError as error:
        raise Refusal("INTERNAL", f"grpc: error unmarshalling request: {error}") from None


def _refuse(context: grpc.ServicerContext, refusal: Refusal) -> NoReturn:
    code = grpc.StatusCode[refusal.code]
    message = refusal.message.encode()
    if len(message) > _LONGEST_MESSAGE:
        context.abort(code, message[:_LONGEST_MESSAGE].decode(errors="ignore"))
    if refusal.details is not None:
        detail = any_pb2.Any()
        detail.Pack(refusal.details)
        status = status_pb2.Status(code=code.value[0], message=refusal.message, details=[detail])
        context.set_trailing_metadata(((_DETAILS_KEY, status.SerializeToString()),))
    context.abort(code, refusal.message)
    raise AssertionError  # abort never returns


def sandbox(
    *,
    database: str | os.PathLike[str] = ":memory:",
    port: int = 0,
    projects: Sequence[str] = PROJECTS,
    domains: Sequence[str] = DOMAINS,
    platform_limits: Mapping[str, Amount] = PLATFORM_LIMITS,
    whitelist: Mapping[str, Sequence[tuple[str, str]]] = WHITELIST,
    auth: bool = False,
    clients: Mapping[str, str] = CLIENTS,
    token_lifetime: float = 1800,
    token_port: int = 0,
    tls: tuple[bytes, bytes] | None = None,
    faults: Iterable[Fault] | None = None,
    clock: Callable[[], datetime] | None = None,
) -> EmbeddedAdmin:
    """Start a Flyte Admin on this machine, for tests, tours and demos: it answers as a real one does.

    Parameters
    ----------
    database : path-like, optional
        A SQLite file that keeps what is registered; by default it is kept in memory, and lost at the end.
    port : int, optional
        Where to listen on 127.0.0.1; by default at any free port: ``.endpoint`` says which.
    projects, domains : sequence of str, optional
        Their ids.
    platform_limits : mapping, optional
        The most that a task may ask for, as ``ftn.check`` takes them.
    whitelist : mapping, optional
        Task types that are allowed only in some places, each with its pairs of project and domain; either of them
        empty for all.
    auth : bool, optional
        Whether calls need a token. Tokens are given out over HTTP for client credentials: ``.token_url``.
    clients : mapping of str to str, optional
        Who may have tokens, with their secrets.
    token_lifetime : float, optional
        How long a token is good for, in seconds.
    token_port : int, optional
        Where tokens are given out; by default at any free port.
    tls : tuple of bytes, optional
        A private key and its chain of certificates, both in PEM, for 127.0.0.1; with them everything is encrypted.
    faults : iterable of Fault, optional
        What is to go wrong: see ``flytetask_nb.embedded_admin.Fault``. Given at all, be it empty, connections can be
        cut; they then take a detour, and are slower.
    clock : callable, optional
        Gives the time at which things are registered, in UTC; by default this machine's. With one of your own, what
        the server answers is the same on every day.

    Returns
    -------
    EmbeddedAdmin
        Running; close it, or use it in a ``with`` statement.

    Raises
    ------
    OptionError
        There is nothing to listen at, no project or no domain, or the database is none.
    ModelValueError, QuantityError
        ``platform_limits`` cannot be read.

    Examples
    --------
    >>> with sandbox() as admin:
    ...     admin
    EmbeddedAdmin(running)

    Notes
    -----
    What is answered, and in which words, was compared with Flyte Admin 1.16.8 on PostgreSQL. Nothing is ever run.
    """
    for name, given in (("projects", projects), ("domains", domains)):
        if isinstance(given, str) or not given:
            raise OptionError(f"{name}={given!r}: a server needs at least one; expected a list of their ids")
    # Says now what is wrong with them, not when the first task is registered.
    check(task_pb2.TaskCreateRequest(), platform_limits)
    return EmbeddedAdmin(
        Settings(tuple(projects), tuple(domains), dict(platform_limits), dict(whitelist)),
        database=database,
        port=port,
        token_port=token_port,
        authority=Authority(clients, token_lifetime) if auth else None,
        keys=None if tls is None else KeyPair(*tls),
        faults=faults,
        clock=clock,
    )
