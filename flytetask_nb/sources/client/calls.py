"""One call to a server: with its token, a deadline, more tries where they help, and errors that say what to do."""

from __future__ import annotations

from contextlib import contextmanager
from functools import cached_property
from threading import Event, Lock
from typing import TYPE_CHECKING, Any

from flyteidl.service import admin_pb2, auth_pb2
from google.protobuf import text_format
from google.protobuf.message import DecodeError

from flytetask_nb.errors import AuthenticationError, RemoteError, RemoteTaskNotFoundError
from flytetask_nb.extras import grpc, tenacity
from flytetask_nb.masking import mask_identifier
from flytetask_nb.sources.client.authentication import Authenticator
from flytetask_nb.sources.client.channels import circumstances_of
from flytetask_nb.sources.client.server_login import ServerLogin
from flytetask_nb.sources.client.status_advice import (
    BROKEN_STREAM,
    NO_GRPC,
    NOTHING_LISTENS,
    TOO_LARGE,
    TURNED_AWAY,
    remedy,
)
from flytetask_nb.sources.client.tls_probe import PATIENCE, speaks_tls, tls_problem

if TYPE_CHECKING:
    from collections.abc import Iterator

    from flytetask_nb.sources.client.cluster_config import ClusterConfig

TRIES = 5
"""How often a call is made in all, where the error is one that passes."""

FIRST_WAIT, LONGEST_WAIT = 0.2, 5.0
"""Seconds: waits between tries double from the first to the longest; one half of each is random."""

_DEADLINES = 4
"""How many times the deadline of one try all tries together may take."""

_ADMIN = admin_pb2.DESCRIPTOR.services_by_name["AdminService"].full_name
_LOGINS = auth_pb2.DESCRIPTOR.services_by_name["AuthMetadataService"].full_name
# A server that goes down cancels what is under way; calls that this side stops are not tried again in any case.
_PASSING = frozenset({"UNAVAILABLE", "DEADLINE_EXCEEDED", "ABORTED", "CANCELLED"})
_PASSING_IF_BROKEN = frozenset({"INTERNAL", "UNKNOWN"})
_TOLD = 700
_KINDS: dict[object, type[RemoteError]] = {
    "UNAUTHENTICATED": AuthenticationError,
    ("GetTask", "NOT_FOUND"): RemoteTaskNotFoundError,
}


class Stop:
    """What stops calls from another thread: those under way end, and none begins anew."""

    def __init__(self) -> None:
        self.event = Event()
        self._under_way: set[Any] = set()
        self._lock = Lock()

    @contextmanager
    def watching(self, call: Any) -> Iterator[None]:
        """Stop this call too, as long as it is under way."""
        with self._lock:
            self._under_way.add(call)
        if self.event.is_set():
            call.cancel()
        try:
            yield
        except BaseException:
            # Whoever stops waiting for a call does not leave it behind.
            call.cancel()
            raise
        finally:
            with self._lock:
                self._under_way.discard(call)

    def now(self) -> None:
        """Stop all calls."""
        self.event.set()
        with self._lock:
            under_way = list(self._under_way)
        for call in under_way:
            call.cancel()


class Calls:
    """Makes calls to one server.

    ``timeout``: seconds that one try of a call may take.
    ``allows_plain_text``: whether tokens may travel unencrypted.
    ``is_lent``: whether somebody else opened the channel, and knows where it goes.
    """

    def __init__(
        self,
        channel: grpc.Channel,
        config: ClusterConfig,
        timeout: float,
        *,
        allows_plain_text: bool = False,
        is_lent: bool = False,
    ) -> None:
        self._channel = channel
        self._config = config
        self._endpoint = config.endpoint
        self._timeout = timeout
        self._is_lent = is_lent
        self._is_looked_at = is_lent or config.insecure or config.insecure_skip_verify
        self._circumstances = circumstances_of(config)
        self._has_answered = False
        self._authenticator = Authenticator(config, self._server_login, allows_plain_text=allows_plain_text)

    def close(self) -> None:
        """Close the connection."""
        self._channel.close()

    def ask(self, method: str, request: Any, answer: Any, stop: Stop | None = None) -> Any:
        """Make a call.

        ``method``: name of a method of flyteidl's AdminService.
        ``answer``: class of the message that comes back.
        Raises RemoteError: the call failed, and trying again does not help.
        """
        __tracebackhide__ = True
        data = self.ask_raw(method, request, stop)
        try:
            return answer.FromString(data)
        except DecodeError:
            raise self._error(method, request, "DATA_LOSS", f"the answer is no {answer.DESCRIPTOR.name}") from None

    def ask_raw(self, method: str, request: Any, stop: Stop | None = None, *, is_patient: bool = True) -> bytes:
        """Make a call and give the answer's bytes, as ``ask`` does.

        ``is_patient``: whether the same is asked again where the server has no room for it.
        """
        __tracebackhide__ = True
        return self._asked(_ADMIN, method, request, stop or Stop(), is_patient=is_patient)

    def _asked(self, service: str, method: str, request: Any, stop: Stop, *, is_patient: bool = True) -> bytes:
        __tracebackhide__ = True
        # Answers stay bytes, so that one damaged message does not hide the others.
        call: Any = self._channel.unary_unary(
            f"/{service}/{method}", request_serializer=type(request).SerializeToString
        )

        def once() -> bytes:
            if service == _LOGINS:
                return self._tried(call, method, request, stop, self._authenticator.proxy_metadata())
            generation = self._authenticator.generation
            try:
                metadata = self._authenticator.metadata()
                try:
                    return self._tried(call, method, request, stop, metadata)
                except RemoteError as error:
                    by_proxy = not isinstance(error, AuthenticationError)
                    if by_proxy and not TURNED_AWAY.search(str(error)):
                        raise
                    if not self._authenticator.renew(generation, of_proxy=by_proxy):
                        raise
                return self._tried(call, method, request, stop, self._authenticator.metadata())
            except AuthenticationError as error:
                error.request = error.request or _words(method, request)
                raise

        self._look(method, request)
        tries = tenacity.Retrying(
            retry=tenacity.retry_if_exception(
                lambda error: _passes(error, is_patient=is_patient, has_answered=self._has_answered)
            ),
            wait=tenacity.wait_exponential(multiplier=FIRST_WAIT / 2, max=LONGEST_WAIT / 2)
            + tenacity.wait_random_exponential(multiplier=FIRST_WAIT / 2, max=LONGEST_WAIT / 2),
            stop=tenacity.stop_any(
                tenacity.stop_after_attempt(TRIES),
                tenacity.stop_after_delay(self._timeout * _DEADLINES),
                tenacity.stop_when_event_set(stop.event),
            ),
            sleep=tenacity.sleep_using_event(stop.event),
            reraise=True,
        )
        try:
            answer: bytes = tries(once)
        except RemoteError as error:
            # How often it was tried, and by what, is nobody's business.
            raise error.with_traceback(None) from None
        self._has_answered = True
        return answer

    def _look(self, method: str, request: Any) -> None:
        """Look once what answers over TLS: what stands against it, gRPC would say on the error stream, try by try."""
        if not self._is_looked_at:
            problem = tls_problem(self._endpoint, self._config.ca_cert, min(self._timeout, PATIENCE))
            if problem:
                raise self._error(method, request, "UNAVAILABLE", problem)
            self._is_looked_at = True

    @cached_property
    def _wants_tls(self) -> bool:
        """Whether the server speaks TLS, and is spoken to in plain text."""
        return self._config.insecure and not self._is_lent and speaks_tls(self._endpoint, min(self._timeout, PATIENCE))

    def _tried(self, call: Any, method: str, request: Any, stop: Stop, metadata: list[tuple[str, str]]) -> bytes:
        try:
            under_way = call.future(request, timeout=self._timeout, metadata=metadata)
            with stop.watching(under_way):
                data: bytes = under_way.result()
        except grpc.FutureCancelledError:
            raise self._error(method, request, "CANCELLED", "stopped") from None
        except Exception as error:  # noqa: BLE001 - a channel of flytekit's logs in as it likes, and fails likewise
            code, details = _status_of(error)
            if code == "UNAVAILABLE" and NO_GRPC.search(details) and self._wants_tls:
                details = f"it speaks TLS ({details})"
            raise self._error(method, request, code, details) from None
        return data

    def _error(self, method: str, request: Any, code: str, details: str) -> RemoteError:
        answer = _cut(mask_identifier(self._authenticator.without_tokens(" ".join(details.split()))))
        asked = _words(method, request)
        advice = remedy(code, details, self._circumstances)
        kind = _KINDS.get((method, code)) or _KINDS.get(code, RemoteError)
        parts = [f"{self._endpoint} answers {code}: {answer}", f"asked was {_cut(asked)}", advice]
        if advice == NOTHING_LISTENS:
            # The cause first: what gRPC says of it is long.
            parts = [advice.replace("there", f"at {self._endpoint}"), f"{method} got {code}: {answer}"]
        text = "; ".join(filter(None, parts))
        error = kind(text, code=code, endpoint=self._endpoint, request=asked, remedy=advice)
        error.is_too_large = code == "RESOURCE_EXHAUSTED" and TOO_LARGE.search(details) is not None
        return error

    # -- logins ------------------------------------------------------------------------------------------------------

    def _server_login(self) -> ServerLogin:
        answers: list[Any] = []
        for method, request, kind in (
            ("GetOAuth2Metadata", auth_pb2.OAuth2MetadataRequest, auth_pb2.OAuth2MetadataResponse),
            ("GetPublicClientConfig", auth_pb2.PublicClientAuthConfigRequest, auth_pb2.PublicClientAuthConfigResponse),
        ):
            try:
                data = self._asked(_LOGINS, method, request(), Stop())
            except RemoteError as error:
                # A server that knows no logins takes a token that is at hand under the usual name.
                if error.code not in {"UNIMPLEMENTED", "NOT_FOUND"}:
                    raise
                data = b""
            answers.append(kind.FromString(data))
        server, client = answers
        return ServerLogin(
            token_endpoint=server.token_endpoint,
            authorization_endpoint=server.authorization_endpoint,
            device_endpoint=server.device_authorization_endpoint,
            client_id=client.client_id,
            redirect_uri=client.redirect_uri,
            audience=client.audience,
            scopes=tuple(client.scopes),
            header=client.authorization_metadata_key,
        )


def _passes(error: BaseException, *, is_patient: bool, has_answered: bool) -> bool:
    """Tell whether trying again can help."""
    if not isinstance(error, RemoteError) or isinstance(error, AuthenticationError):
        return False
    if error.remedy == NOTHING_LISTENS and not has_answered:
        return False
    if error.code == "RESOURCE_EXHAUSTED":
        return is_patient and not error.is_too_large
    is_broken = error.code in _PASSING_IF_BROKEN and BROKEN_STREAM.search(str(error)) is not None
    return is_broken or error.code in _PASSING


def _status_of(error: BaseException) -> tuple[str, str]:
    """Return the status that a call ended with, also where an interceptor made another error of it."""
    while not (isinstance(error, grpc.RpcError) and hasattr(error, "code")):
        if error.__cause__ is None:
            return "FAILED_PRECONDITION", f"{type(error).__name__}: {error}"
        error = error.__cause__
    return error.code().name, error.details() or ""


def _words(method: str, request: Any) -> str:
    return f"{method} {text_format.MessageToString(request, as_one_line=True, as_utf8=True)}".rstrip()


def _cut(text: str) -> str:
    return text if len(text) <= _TOLD else f"{text[:_TOLD]}..."
