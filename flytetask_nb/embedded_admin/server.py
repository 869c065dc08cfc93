"""The server: Flyte's services over gRPC on the loopback interface."""

from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor
from typing import TYPE_CHECKING, Any, Final, NoReturn

import grpc
from google.protobuf import any_pb2
from google.protobuf.message import DecodeError, Message
from google.rpc import status_pb2

from flytetask_nb.embedded_admin.calls import Calls
from flytetask_nb.embedded_admin.methods import ADMIN_SERVICE, Entities, Method, admin_methods
from flytetask_nb.embedded_admin.refusals import Refusal
from flytetask_nb.embedded_admin.settings import DOMAINS, PLATFORM_LIMITS, PROJECTS, WHITELIST, Settings
from flytetask_nb.embedded_admin.store import Store

if TYPE_CHECKING:
    import os
    from collections.abc import Mapping, Sequence
    from types import TracebackType

    from typing_extensions import Self

    from flytetask_nb.semantics.limits import Amount

__all__ = ["EmbeddedAdmin", "sandbox"]

_LOOPBACK: Final = "127.0.0.1"
_THREADS: Final = 8
# flyteadmin/pkg/common: longer messages are cut, and lose their details.
_LONGEST_MESSAGE: Final = 32_000
_DETAILS_KEY: Final = "grpc-status-details-bin"
_SERVER_OPTIONS: Final = (("grpc.so_reuseport", 0),)


class EmbeddedAdmin:
    """A Flyte Admin of one's own: see :func:`sandbox`.

    Parameters
    ----------
    settings : Settings
    database : path-like
    port : int

    Attributes
    ----------
    endpoint : str
        Where it listens, e.g. ``"127.0.0.1:30080"``: what ``ftn.connect`` and flytekit's configuration take.
    calls : Calls
        What was asked of it so far.
    """

    def __init__(self, settings: Settings, database: str | os.PathLike[str], port: int) -> None:
        self.calls = Calls()
        self._store = Store(database)
        self._entities = Entities(self._store, settings)
        self._server = grpc.server(ThreadPoolExecutor(_THREADS, "embedded-admin"), options=_SERVER_OPTIONS)
        self._serve(ADMIN_SERVICE, admin_methods(self._entities, settings))
        listening = self._server.add_insecure_port(f"{_LOOPBACK}:{port}")
        self.endpoint = f"{_LOOPBACK}:{listening}"
        self._server.start()

    def close(self) -> None:
        """Stop listening. Calls that are under way are cut off."""
        self._server.stop(None).wait()
        self._store.close()

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.close()

    def __repr__(self) -> str:
        return "EmbeddedAdmin()"

    def _serve(self, service: str, methods: Mapping[str, Method]) -> None:
        handlers: dict[str, Any] = {
            name: grpc.unary_unary_rpc_method_handler(self._behaviour(name, method)) for name, method in methods.items()
        }
        self._server.add_generic_rpc_handlers((grpc.method_handlers_generic_handler(service, handlers),))

    def _behaviour(self, name: str, method: Method) -> Any:
        def behave(request: bytes, context: grpc.ServicerContext) -> bytes:
            try:
                answer = _answer(method, request)
            except Refusal as refusal:
                self.calls.add(name, received=len(request), refused=True)
                _refuse(context, refusal)
            self.calls.add(name, received=len(request), sent=len(answer))
            return answer

        return behave


def _answer(method: Method, request: bytes) -> bytes:
    try:
        message = method.request.FromString(request)
    except DecodeError as error:
        raise Refusal("INTERNAL", f"grpc: error unmarshalling request: {error}") from None
    answer = method.answer(message)
    return answer.SerializeToString() if isinstance(answer, Message) else bytes(answer)


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
) -> EmbeddedAdmin:
    """Start a Flyte Admin on this machine, for tests, tours and demos: it answers as a real one does.

    Parameters
    ----------
    database : path-like, optional
        A SQLite file that keeps what is registered; by default it is kept in memory, and lost at the end.
    port : int, optional
        Where to listen; by default at any free port: ``.endpoint`` says which.
    projects, domains : sequence of str, optional
        Their ids.
    platform_limits : mapping, optional
        The most that a task may ask for, as ``ftn.check`` takes them.
    whitelist : mapping, optional
        Task types that are allowed only in some places, each with its pairs of project and domain.

    Returns
    -------
    EmbeddedAdmin
        Running; close it, or use it in a ``with`` statement.
    """
    settings = Settings(tuple(projects), tuple(domains), dict(platform_limits), dict(whitelist))
    return EmbeddedAdmin(settings, database, port)
