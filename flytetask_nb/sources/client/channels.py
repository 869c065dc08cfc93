"""Channels: one connection to a server, plain or encrypted, or one that flytekit has opened already."""

from __future__ import annotations

import ssl
from pathlib import Path
from typing import TYPE_CHECKING, Any

from flytetask_nb.errors import ConfigurationError, RemoteError
from flytetask_nb.extras import grpc

if TYPE_CHECKING:
    from flytetask_nb.sources.client.cluster_config import ClusterConfig

__all__ = ["Undecoded", "flytekit_channel", "new_channel"]

_KEEPALIVE = (
    # Load balancers drop connections without a word; these are flytekit's times (flytekit/clients/raw.py).
    ("grpc.keepalive_time_ms", 30_000),
    ("grpc.keepalive_timeout_ms", 10_000),
    ("grpc.keepalive_permit_without_calls", 1),
    ("grpc.http2.max_pings_without_data", 0),
    ("grpc.max_metadata_size", 32 * 1024),
    # A server that comes back is found within the tries of one call; gRPC waits longer by default.
    ("grpc.initial_reconnect_backoff_ms", 100),
    ("grpc.min_reconnect_backoff_ms", 100),
    ("grpc.max_reconnect_backoff_ms", 2_000),
    # Retries are this package's own: gRPC's would not be counted.
    ("grpc.enable_retries", 0),
)
_HTTPS_PORT = 443
# flytekit's own retries and exceptions: four calls for a task that does not exist.
_UNWANTED_INTERCEPTOR = "RetryExceptionWrapperInterceptor"


def new_channel(config: ClusterConfig, max_message_size: int) -> grpc.Channel:
    """Open a channel. Nothing is sent before the first call.

    Parameters
    ----------
    config
        How to reach the cluster.
    max_message_size
        Bytes that an answer may have.

    Raises
    ------
    ConfigurationError
        The file with the certificates cannot be read.
    RemoteError
        The server's own certificate was to be trusted, and cannot be had.
    """
    options = [*_KEEPALIVE, ("grpc.max_receive_message_length", max_message_size)]
    if config.insecure:
        return grpc.insecure_channel(config.endpoint, options=options)
    return grpc.secure_channel(config.endpoint, grpc.ssl_channel_credentials(_trusted(config)), options=options)


def _trusted(config: ClusterConfig) -> bytes | None:
    """Give the certificates to trust; None: those that gRPC brings."""
    if config.insecure_skip_verify:
        host, _, port = config.endpoint.rpartition(":")
        place = (host, int(port)) if host and port.isdigit() else (config.endpoint, _HTTPS_PORT)
        try:
            return ssl.get_server_certificate(place).encode()
        except OSError as error:
            raise RemoteError(
                f"{config.endpoint}: shows no certificate: {error}; check host and port, and whether it speaks TLS",
                code="UNAVAILABLE",
                endpoint=config.endpoint,
            ) from None
    if config.ca_cert is None:
        return None
    try:
        return Path(config.ca_cert).read_bytes()
    except OSError as error:
        raise ConfigurationError(
            f"ca_cert: {config.ca_cert} cannot be read: {error.strerror}; pass the path of a PEM file"
        ) from None


def flytekit_channel(flyte_remote: Any) -> grpc.Channel | None:
    """Give the channel that a flytekit ``FlyteRemote`` has open, with its login; None where it has none yet.

    Parameters
    ----------
    flyte_remote
        The FlyteRemote. None of its code is run that would open a connection.
    """
    if not getattr(flyte_remote, "_client_initialized", False):
        return None
    channel: Any = getattr(flyte_remote.client, "_channel", None)
    while type(getattr(channel, "_interceptor", None)).__name__ == _UNWANTED_INTERCEPTOR:
        channel = channel._channel
    found: grpc.Channel | None = channel
    return found


class Undecoded:
    """A channel whose answers stay bytes, so that one damaged message does not hide the others.

    flyteidl's stubs ask for nothing but methods of one request and one answer.
    """

    def __init__(self, channel: grpc.Channel) -> None:
        self._channel = channel

    def unary_unary(
        self,
        method: str,
        request_serializer: Any = None,
        response_deserializer: Any = None,  # noqa: ARG002 - the stub's own decoder is what is left out
        **rest: Any,
    ) -> Any:
        """Give the caller of a method."""
        return self._channel.unary_unary(method, request_serializer=request_serializer, **rest)
