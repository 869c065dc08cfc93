"""The server: Flyte's admin service over gRPC on the loopback interface."""

from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor
from typing import TYPE_CHECKING, Any, Final, NoReturn

from flyteidl.admin import task_pb2
from google.protobuf import any_pb2, descriptor_pool
from google.protobuf.message import DecodeError
from google.protobuf.message_factory import GetMessageClass
from google.rpc import status_pb2

from flytetask_nb.embedded_admin.filling import Filled, fill
from flytetask_nb.embedded_admin.methods import ADMIN_SERVICE, admin_methods
from flytetask_nb.embedded_admin.refusals import Refusal
from flytetask_nb.embedded_admin.settings import DOMAINS, PLATFORM_LIMITS, PROJECTS, WHITELIST, AdminSettings
from flytetask_nb.embedded_admin.store import Store
from flytetask_nb.embedded_admin.uploads import DATA_PROXY_SERVICE, Uploads
from flytetask_nb.errors import FlyteTaskError, OptionError
from flytetask_nb.extras import grpc, load_module
from flytetask_nb.semantics.registration import check

if TYPE_CHECKING:
    import os
    from collections.abc import Callable, Mapping, Sequence
    from datetime import datetime

    from typing_extensions import Self

    from flytetask_nb.semantics.limits import Amount

_LOOPBACK: Final = "127.0.0.1"
_THREADS: Final = 8
# Seconds for calls under way to end in. Cut off at once, gRPC's client writes a line of its own to the error stream,
# also where no call was under way but the connection was not yet closed.
_GRACE: Final = 0.2
# flyteadmin/pkg/common: longer messages are cut, and lose their details.
_LONGEST_MESSAGE: Final = 32_000
_DETAILS_KEY: Final = "grpc-status-details-bin"
# Two servers on one port would share its calls.
_SERVER_OPTIONS: Final = (("grpc.so_reuseport", 0),)


class EmbeddedAdmin:
    """A Flyte Admin of one's own: see :func:`sandbox`, which starts it.

    Parameters
    ----------
    settings : AdminSettings
    store : Store
    port, methods, interceptors, credentials
        As :func:`sandbox` takes them.

    Attributes
    ----------
    endpoint : str
        Where it listens, e.g. ``"127.0.0.1:30080"``: what ``ftn.connect`` and flytekit's configuration take.
    """

    def __init__(
        self,
        settings: AdminSettings,
        store: Store,
        *,
        port: int,
        methods: Mapping[str, Callable[[Any], Any]],
        interceptors: Sequence[grpc.ServerInterceptor],
        credentials: grpc.ServerCredentials | None,
    ) -> None:
        self._is_closed = False
        self._settings = settings
        self._store = store
        self._methods = admin_methods(store, settings)
        self._uploads = Uploads(store)
        own = {f"{ADMIN_SERVICE}.{name}": answer for name, answer in self._methods.items()}
        own[f"{DATA_PROXY_SERVICE}.CreateUploadLocation"] = self._uploads.create_upload_location
        services: dict[str, dict[str, grpc.RpcMethodHandler[bytes, bytes]]] = {}
        for name, answer in {**own, **methods}.items():
            service, _, method = name.rpartition(".")
            services.setdefault(service, {})[method] = _handler(name, answer)
        self._server = grpc.server(
            ThreadPoolExecutor(_THREADS, "embedded-admin"),
            handlers=[grpc.method_handlers_generic_handler(*service) for service in services.items()],
            interceptors=list(interceptors),
            options=_SERVER_OPTIONS,
        )
        try:
            if credentials is None:
                port = self._server.add_insecure_port(f"{_LOOPBACK}:{port}")
            else:
                port = self._server.add_secure_port(f"{_LOOPBACK}:{port}", credentials)
        except RuntimeError as error:
            raise OptionError(
                f"port={port}: the embedded Admin cannot listen there ({error}). Take another one, or 0 for any that is "
                "free"
            ) from None
        self.endpoint = f"{_LOOPBACK}:{port}"
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
            return fill(self._methods, source, **place, version=version, **settings)

    @property
    def uploads(self) -> dict[str, bytes]:
        """What flytekit uploaded, such as code bundles, by its location."""
        return dict(self._uploads.contents)

    def close(self) -> None:
        """Stop listening. Calls under way are cut off after 0.2 seconds; to close twice does no harm."""
        if not self._is_closed:
            self._is_closed = True
            self._server.stop(_GRACE).wait()
            self._uploads.close()
            self._store.close()

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *error: object) -> None:
        self.close()

    def __repr__(self) -> str:
        # The port is another one each time, so only those who ask for the endpoint see it.
        return f"EmbeddedAdmin({'closed' if self._is_closed else 'running'})"


def _handler(name: str, answer: Callable[[Any], Any]) -> grpc.RpcMethodHandler[bytes, bytes]:
    """Serve a method: bytes come in, bytes go out, so that what a message does not know survives."""
    try:
        request_class = GetMessageClass(descriptor_pool.Default().FindMethodByName(name).input_type)
    except KeyError:
        raise OptionError(
            f"methods: there is no {name}; expected the full name of a method of Flyte's, as in "
            f"{ADMIN_SERVICE}.GetTask, whose messages are imported"
        ) from None

    def behave(request: bytes, context: grpc.ServicerContext) -> bytes:
        try:
            return bytes(answer(request_class.FromString(request)).SerializeToString())
        except DecodeError as error:
            _refuse(context, Refusal("INTERNAL", f"grpc: error unmarshalling request: {error}"))
        except Refusal as refusal:
            _refuse(context, refusal)
        except FlyteTaskError as error:
            # What this package cannot read, Admin could not hash or compile either.
            _refuse(context, Refusal("INTERNAL", str(error)))

    return grpc.unary_unary_rpc_method_handler(behave)


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
    clock: Callable[[], datetime] | None = None,
    methods: Mapping[str, Callable[[Any], Any]] | None = None,
    interceptors: Sequence[grpc.ServerInterceptor] = (),
    credentials: grpc.ServerCredentials | None = None,
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
    clock : callable, optional
        Returns the time at which things are registered, in UTC; by default this machine's. With one of your own, what
        the server answers is the same on every day.
    methods : mapping of str to callable, optional
        More methods, or others in place of the server's own: functions from request to answer, both messages, by the
        method's full name, e.g. ``"flyteidl.service.AdminService.GetTask"``. To answer with another status than OK
        they raise ``flytetask_nb.embedded_admin.Refusal``.
    interceptors : sequence of grpc.ServerInterceptor, optional
        What sees each call before it is answered, to count or to spoil it.
    credentials : grpc.ServerCredentials, optional
        What connections are encrypted with; by default they are not.

    Returns
    -------
    EmbeddedAdmin
        Running; close it, or use it in a ``with`` statement.

    Raises
    ------
    MissingExtraError
        gRPC is not installed: it comes with the extra ``cluster``.
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
    What is answered, and in which words, was compared with Flyte Admin 1.16.8 on PostgreSQL. Nothing is ever run, so
    the schedules, notifications and labels of launch plans and executions are taken as they come.
    """
    for name, given in (("projects", projects), ("domains", domains)):
        if isinstance(given, str) or not given:
            raise OptionError(f"{name}={given!r}: a server needs at least one; expected a list of their ids")
    # Says now what is wrong with them, not when the first task is registered.
    check(task_pb2.TaskCreateRequest(), platform_limits)
    load_module("grpc")
    store = Store(database, clock)
    try:
        return EmbeddedAdmin(
            AdminSettings(tuple(projects), tuple(domains), dict(platform_limits), dict(whitelist)),
            store,
            port=port,
            methods=methods or {},
            interceptors=interceptors,
            credentials=credentials,
        )
    except FlyteTaskError:
        store.close()
        raise
