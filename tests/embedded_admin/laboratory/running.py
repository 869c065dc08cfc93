"""A sandbox in which calls are counted, tokens asked for, connections encrypted or cut, and answers spoiled."""

from __future__ import annotations

import re
import threading
from typing import TYPE_CHECKING, Any, Final

import grpc

import flytetask_nb as ftn
from tests.embedded_admin.laboratory.auth import AUTH_SERVICE, CLIENTS, Authority, TokenServer, Unauthenticated
from tests.embedded_admin.laboratory.calls import Calls
from tests.embedded_admin.laboratory.connections import Wire
from tests.embedded_admin.laboratory.encryption import KeyPair
from tests.embedded_admin.laboratory.faults import Fault, Faults, spoiled

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable

    from typing_extensions import Self

_LOOPBACK: Final = "127.0.0.1"
_PEER: Final = re.compile(r":(\d+)$")


class Laboratory:
    """A running sandbox, with what a test may want to see of it or do to it.

    ``faults``, be it an empty list, lets connections be cut: they then take a detour, and are slower. ``tls`` is a
    private key and its chain of certificates, both in PEM. The rest goes to ``ftn.sandbox``.
    """

    def __init__(
        self,
        *,
        faults: Iterable[Fault] | None = None,
        auth: bool = False,
        token_lifetime: float = 1800,
        tls: tuple[bytes, bytes] | None = None,
        **settings: Any,
    ) -> None:
        keys = None if tls is None else KeyPair(*tls)
        self._closing = threading.Event()
        self.calls = Calls()
        self.faults = Faults(faults or (), can_drop=faults is not None)
        self._authority = Authority(CLIENTS, token_lifetime) if auth else None
        self._tokens = (
            None
            if self._authority is None
            else TokenServer(self._authority, _LOOPBACK, None if keys is None else keys.context())
        )
        self.token_url = None if self._tokens is None else self._tokens.url
        self.admin = ftn.sandbox(
            methods={} if self._authority is None else self._authority.methods(),
            interceptors=[_Around(self._counted), _Around(self._authenticated), _Around(self._spoiled)],
            credentials=None if keys is None else keys.credentials(),
            **settings,
        )
        self.endpoint = self.admin.endpoint
        self.load = self.admin.load
        self._wire: Wire | None = None
        if faults is not None:
            self._wire = Wire(_LOOPBACK, int(self.endpoint.rpartition(":")[2]))
            self.endpoint = f"{_LOOPBACK}:{self._wire.port}"

    def expire_tokens(self) -> None:
        """Let every token that was given out so far expire now; new ones are good."""
        if self._authority is not None:
            self._authority.expire()

    def close(self) -> None:
        self._closing.set()
        for part in (self._wire, self._tokens, self.admin):
            if part is not None:
                part.close()

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self.close()

    # -- around each call ----------------------------------------------------------------------------------------------

    def _counted(self, path: str, request: bytes, _: Any, answer: Callable[[], bytes]) -> bytes:
        method = path.rpartition("/")[2]
        try:
            answered = answer()
        except BaseException:
            self.calls.add(method, received=len(request), refused=True)
            raise
        self.calls.add(method, received=len(request), sent=len(answered))
        return answered

    def _authenticated(self, path: str, _: bytes, context: Any, answer: Callable[[], bytes]) -> bytes:
        if self._authority is not None and not path.startswith(f"/{AUTH_SERVICE}/"):
            try:
                self._authority.check_call(context.invocation_metadata())
            except Unauthenticated as error:
                context.abort(grpc.StatusCode.UNAUTHENTICATED, str(error))
        return answer()

    def _spoiled(self, path: str, request: bytes, context: Any, answer: Callable[[], bytes]) -> bytes:
        faults = self.faults.take(path.rpartition("/")[2])
        for fault in faults:
            self._closing.wait(fault.seconds)
        if any(fault.kind == "unavailable" for fault in faults):
            context.abort(grpc.StatusCode.UNAVAILABLE, "the server is unavailable, as it was told to be")
        answered = answer()
        for fault in faults:
            answered = spoiled(fault, path, request, answered)
            if fault.kind == "drop" and self._wire is not None and (peer := _PEER.search(context.peer())):
                self._wire.cut(int(peer[1]), len(answered) // 2)
        return answered


class _Around(grpc.ServerInterceptor):  # type: ignore[misc]
    """Lets a function see each call: its path, its request, its context, and a way to its answer."""

    def __init__(self, watch: Callable[[str, bytes, Any, Callable[[], bytes]], bytes]) -> None:
        self._watch = watch

    def intercept_service(self, continuation: Any, details: Any) -> Any:
        handler = continuation(details)
        if handler is None:
            return None

        def behave(request: bytes, context: Any) -> bytes:
            return self._watch(details.method, request, context, lambda: handler.unary_unary(request, context))

        return grpc.unary_unary_rpc_method_handler(behave)
