"""Channels: one connection to a server, plain or encrypted, or one that flytekit has opened already."""

from __future__ import annotations

from http.client import HTTPException
from pathlib import Path
from typing import TYPE_CHECKING, Any

from flytetask_nb.errors import ConfigurationError, RemoteError
from flytetask_nb.extras import grpc
from flytetask_nb.sources.client.endpoints import host_of, is_loopback, web_proxy
from flytetask_nb.sources.client.status_advice import Circumstances, remedy
from flytetask_nb.sources.client.tls_probe import PATIENCE, shown_certificate

if TYPE_CHECKING:
    from flytetask_nb.sources.client.cluster_config import ClusterConfig

_KEEPALIVE = (
    # Load balancers drop connections without a word; these are flytekit's times (flytekit/clients/raw.py).
    ("grpc.keepalive_time_ms", 30_000),
    ("grpc.keepalive_timeout_ms", 10_000),
    ("grpc.keepalive_permit_without_calls", 1),
    ("grpc.http2.max_pings_without_data", 0),
    ("grpc.max_metadata_size", 32 * 1024),
    # A server that comes back is found within the tries of one call; gRPC waits longer by default. Its
    # min_reconnect_backoff_ms is left alone: it is how long a handshake may take, and servers may be far away.
    ("grpc.initial_reconnect_backoff_ms", 100),
    ("grpc.max_reconnect_backoff_ms", 2_000),
    # Retries are this package's own: gRPC's would not be counted.
    ("grpc.enable_retries", 0),
)
_PEM_MARK = b"CERTIFICATE-----"
# flytekit's own retries and exceptions: four calls for a task that does not exist.
_UNWANTED_INTERCEPTOR = "RetryExceptionWrapperInterceptor"


def new_channel(config: ClusterConfig, max_message_size: int, timeout: float) -> grpc.Channel:
    """Open a channel. Nothing is sent before the first call, unless the server's own certificate is to be trusted.

    ``max_message_size``: bytes that an answer may have.
    ``timeout``: seconds that a look at the server's certificate may take.
    Raises ConfigurationError: the file with the certificates cannot be read, or holds none.
    Raises RemoteError: the server's own certificate was to be trusted, and cannot be had, or gRPC takes it for none.
    """
    options: list[tuple[str, Any]] = [*_KEEPALIVE, ("grpc.max_receive_message_length", max_message_size)]
    host = host_of(config.endpoint)
    proxy = web_proxy(host)
    if is_loopback(host) or (proxy is not None and not proxy.is_usable):
        options.append(("grpc.enable_http_proxy", 0))
    if config.insecure:
        return grpc.insecure_channel(config.endpoint, options=options)
    trusted = None
    if config.insecure_skip_verify:
        trusted, name = _shown(config, min(timeout, PATIENCE))
        if name:
            # gRPC compares the certificate with this name; what is asked for is still the host.
            options += [("grpc.ssl_target_name_override", name), ("grpc.default_authority", host)]
    elif config.ca_cert is not None:
        trusted = _read(config.ca_cert)
    return grpc.secure_channel(config.endpoint, grpc.ssl_channel_credentials(trusted), options=options)


def _shown(config: ClusterConfig, patience: float) -> tuple[bytes, str]:
    """Return the certificate that the server shows, and a name that it is good for if the host is none."""
    try:
        certificate = shown_certificate(config.endpoint, patience)
    except (OSError, HTTPException, ValueError) as error:
        problem = f"shows no certificate: {error}"
    else:
        if not certificate.problem:
            return certificate.pem.encode(), certificate.name
        problem = certificate.problem
    advice = remedy("UNAVAILABLE", problem, circumstances_of(config))
    raise RemoteError(
        f"{config.endpoint}: {problem}; {advice}", code="UNAVAILABLE", endpoint=config.endpoint, remedy=advice
    )


def circumstances_of(config: ClusterConfig) -> Circumstances:
    """Return what is known of a connection, for advice when it fails."""
    host = host_of(config.endpoint)
    proxy = web_proxy(host)
    usable, unusable = (str(proxy or ""), "") if proxy is None or proxy.is_usable else ("", str(proxy))
    return Circumstances(
        host, usable, unusable, config.insecure_skip_verify and not config.insecure, bool(config.proxy_command)
    )


def _read(ca_cert: str) -> bytes:
    try:
        content = Path(ca_cert).read_bytes()
    except OSError as error:
        raise ConfigurationError(
            f"ca_cert: {ca_cert} cannot be read: {error.strerror}; pass the path of a PEM file"
        ) from None
    if _PEM_MARK not in content:
        # Of an empty file gRPC would make its own authorities.
        raise ConfigurationError(
            f"ca_cert: {ca_cert} holds no certificate as PEM writes it; pass the path of a PEM file"
        )
    return content


def flytekit_channel(flyte_remote: Any) -> grpc.Channel | None:
    """Return the channel that a flytekit ``FlyteRemote`` has open, with its login; None where it has none yet.

    Whatever a plugin or its user put around it stays; flytekit's own retries go where they are outermost. No code is
    run that would open a connection.
    """
    if not getattr(flyte_remote, "_client_initialized", False):
        return None
    channel: Any = getattr(flyte_remote.client, "_channel", None)
    while type(getattr(channel, "_interceptor", None)).__name__ == _UNWANTED_INTERCEPTOR:
        channel = channel._channel
    opened: grpc.Channel | None = channel
    return opened
