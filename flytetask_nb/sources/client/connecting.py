"""From what a user says of a cluster, and has said elsewhere, to a connection."""

from __future__ import annotations

import os
from collections.abc import Mapping
from dataclasses import fields, replace
from pathlib import Path
from typing import TYPE_CHECKING, Any

from flytetask_nb.errors import ConfigurationError, OptionError
from flytetask_nb.extras import require
from flytetask_nb.sources.client.cluster_config import (
    AUTH_TYPES,
    CLIENT_SECRET,
    EXTERNAL_COMMAND,
    NO_AUTH,
    STATIC_TOKEN,
    ClusterConfig,
    auth_type,
    configured,
)
from flytetask_nb.sources.client.endpoints import check_endpoint, host_and_port
from flytetask_nb.sources.client.token_store import token_problem

if TYPE_CHECKING:
    from flytetask_nb.sources.client.remote import Remote

TIMEOUT = 30.0
MAX_MESSAGE_SIZE = 64 * 2**20

_AUTH_KEYS = {
    "token": STATIC_TOKEN,
    "client_secret": CLIENT_SECRET,
    "command": EXTERNAL_COMMAND,
    "client_id": None,
    "scopes": None,
    "audience": None,
    "type": None,
}
"""What a mapping for ``auth`` may hold, and the way that follows from it."""
_LISTS = frozenset({"command", "scopes"})

_OF_FLYTEKIT = {
    "ca_cert": "ca_cert_file_path",
    "client_secret": "client_credentials_secret",
    "auth": "auth_mode",
}
"""Where flytekit's ``PlatformConfig`` calls a setting by another name."""
_OF_OPEN_CHANNELS = frozenset({"insecure", "console_endpoint"})
"""What matters of the settings where the connection is open already: the console's address."""


def connect(
    endpoint: Any = None,
    *,
    project: str | None = None,
    domain: str | None = None,
    config_file: str | os.PathLike[str] | None = None,
    insecure: bool | None = None,
    ca_cert: str | os.PathLike[str] | None = None,
    auth: str | Mapping[str, Any] | None = None,
    plain_text_token: bool = False,
    console: str | None = None,
    timeout: float = TIMEOUT,
    max_message_size: int = MAX_MESSAGE_SIZE,
) -> Remote:
    """Connect to a Flyte cluster.

    Parameters
    ----------
    endpoint
        ``host:port``, ``dns:///host:port``, or the address of the console; or flytekit's ``FlyteRemote``, whose
        open connection and login are used as they are, else its settings. None: the one that is configured.
    project, domain
        What is meant where a call names none. None: the FlyteRemote's, or those of the file: ``root.project`` and
        ``root.domain``, else ``task.project`` and ``task.domain``.
    config_file
        A file of flytectl or flytekit. None: the first there is of ``$FLYTECTL_CONFIG``, ``./flytekit.config``,
        ``~/.flyte/config`` and ``~/.flyte/config.yaml``; ``FLYTE_{SECTION}_{OPTION}`` in the environment wins over
        it. What is found counts for the endpoint that it names: another one is told nothing of its logins.
    insecure
        Plain text instead of TLS. None: as configured, else TLS.
    ca_cert
        Path of the certificates to trust, PEM. None: as configured, else those that come with gRPC.
    auth
        ``"Pkce"`` (a browser), ``"DeviceFlow"``, ``"ClientSecret"``, ``"ExternalCommand"``, ``"None"``; or a mapping
        such as ``{"client_id": ..., "client_secret": ...}``, ``{"command": [...]}`` or ``{"token": ...}``. None: as
        configured, else Pkce when the server asks for a token. Logins of flytekit in this machine's keyring count.
    plain_text_token
        Send tokens and secrets even if the connection, or the address for logins, is not encrypted.
    console
        Address of the console, where it is not the server's own.
    timeout
        Seconds that one try of a call may take; with all tries it takes no more than about four times that.
    max_message_size
        Bytes that one answer may have. Listings ask for smaller pages where one is larger.

    Returns
    -------
    Remote
        Nothing was sent yet. A context: leaving it closes the connection.

    Raises
    ------
    ConfigurationError
        No endpoint is known, a file is unreadable, or settings contradict each other.
    MissingExtraError
        The extra ``cluster`` is not installed.

    Examples
    --------
    >>> import flytetask_nb as ftn
    >>> remote = ftn.connect("localhost:30080", insecure=True, project="flytesnacks", domain="development")
    >>> remote
    Remote('localhost:30080', project='flytesnacks', domain='development')
    """
    require("cluster")
    for name, number in (("timeout", timeout), ("max_message_size", max_message_size)):
        if not _is_amount(number):
            raise OptionError(f"{name} cannot be {number!r}; expected a number above 0")
    from flytetask_nb.sources.client.calls import Calls  # noqa: PLC0415 - loads gRPC
    from flytetask_nb.sources.client.channels import flytekit_channel, new_channel  # noqa: PLC0415 - likewise
    from flytetask_nb.sources.client.remote import Remote  # noqa: PLC0415 - likewise

    lent = None
    if endpoint is None or isinstance(endpoint, str):
        config = _chosen(endpoint, config_file)
    else:
        lent = flytekit_channel(endpoint)
        # An open channel logs in by itself, in ways that only its plugins know, and whoever opened it closes it.
        config = _of_flytekit(endpoint, is_open=lent is not None)
    config = _changed(config, insecure, ca_cert, auth if lent is None else None, console)
    channel = lent or new_channel(config, max_message_size, timeout)
    calls = Calls(channel, config, timeout, allows_plain_text=plain_text_token, is_lent=lent is not None)
    return Remote(
        calls, config, project=project or config.project, domain=domain or config.domain, is_lent=lent is not None
    )


def _is_amount(value: object) -> bool:
    return isinstance(value, int | float) and not isinstance(value, bool) and value > 0


def _chosen(endpoint: str | None, config_file: Any) -> ClusterConfig:
    if endpoint is not None and not endpoint.strip():
        raise ConfigurationError("the endpoint is empty; expected host:port")
    config = configured(config_file)
    known, known_plain = host_and_port(config.endpoint)
    if endpoint is None:
        if not known:
            raise ConfigurationError(
                f"no endpoint is known: {config.found_in} says none; pass one, e.g. connect('flyte.example.com:443'), "
                "or set admin.endpoint in ~/.flyte/config.yaml"
            )
        check_endpoint(known, f"{config.found_in}: the endpoint")
        return replace(config, endpoint=known, insecure=config.insecure or known_plain is True)
    place, is_plain = host_and_port(endpoint)
    check_endpoint(place)
    if known not in {"", place} and config_file is None:
        # Another server's secrets are none of this one's business.
        config = ClusterConfig()
    return replace(config, endpoint=place, insecure=config.insecure if is_plain is None else is_plain)


def _of_flytekit(remote: Any, *, is_open: bool) -> ClusterConfig:
    """Return the settings of a ``FlyteRemote``, of a ``Config``, or of a ``PlatformConfig``."""
    config = getattr(remote, "config", remote)
    platform = getattr(config, "platform", config)
    if not hasattr(platform, "endpoint"):
        raise ConfigurationError(
            f"a connection cannot be made from {type(remote).__name__}; expected host:port or a flytekit FlyteRemote"
        )
    values: dict[str, Any] = {}
    for name in _OF_OPEN_CHANNELS if is_open else [setting.name for setting in fields(ClusterConfig)]:
        value = getattr(platform, _OF_FLYTEKIT.get(name, name), None)
        if value:
            values[name] = tuple(value) if isinstance(value, list) else value
    place, _ = host_and_port(platform.endpoint)
    values |= {part: getattr(remote, f"default_{part}", None) for part in ("project", "domain")}
    values |= {"endpoint": place, "found_in": type(remote).__name__}
    if is_open:
        return ClusterConfig(**values, auth=NO_AUTH)
    check_endpoint(place, f"{type(remote).__name__}: the endpoint")
    way = values.get("auth")
    if way is not None:
        name = str(getattr(way, "value", way))
        if name.lower() not in AUTH_TYPES:
            raise ConfigurationError(
                f"{name!r} is no login of flytekit's own, but perhaps a plugin's, which works in flytekit alone; open "
                "the connection there first, with remote.client of a FlyteRemote, and pass that remote"
            )
        values["auth"] = auth_type(name)
    return ClusterConfig(**values)


def _changed(
    config: ClusterConfig,
    insecure: bool | None,
    ca_cert: Any,
    auth: str | Mapping[str, Any] | None,
    console: str | None,
) -> ClusterConfig:
    changes: dict[str, Any] = {}
    if insecure is not None:
        changes["insecure"] = insecure
    if ca_cert is not None:
        if insecure:
            raise ConfigurationError("insecure=True is plain text, which has no use for ca_cert; give one of them")
        changes |= {"ca_cert": os.fspath(ca_cert), "insecure": False, "insecure_skip_verify": False}
    if console is not None:
        changes["console_endpoint"] = console
    way = config.auth if auth is None else auth
    if isinstance(way, Mapping):
        changes |= _login(way)
    elif way is not None:
        changes["auth"] = auth_type(way)
    config = replace(config, **changes)
    return config if config.ca_cert is None else replace(config, ca_cert=str(Path(config.ca_cert).expanduser()))


def _login(given: Mapping[str, Any]) -> dict[str, Any]:
    """Return what a mapping says of logins. Its values are never shown."""
    unknown = sorted(str(key) for key in given if key not in _AUTH_KEYS)
    if unknown:
        raise ConfigurationError(f"auth has no {', '.join(unknown)}; there are {', '.join(_AUTH_KEYS)}")
    values = {key: _login_value(key, value) for key, value in given.items() if key != "type"}
    ways = [way for key, way in _AUTH_KEYS.items() if way and key in given]
    if "type" in given:
        values["auth"] = auth_type(str(given["type"]))
    elif len(ways) == 1:
        values["auth"] = ways[0]
    elif ways:
        raise ConfigurationError(f"auth could be {' or '.join(ways)}; say which with 'type'")
    return values


def _login_value(key: str, value: Any) -> Any:
    is_list = key in _LISTS
    if is_list and isinstance(value, list | tuple) and all(isinstance(part, str) for part in value):
        return tuple(value)
    if not isinstance(value, str):
        expected = "a list of texts" if is_list else "a text"
        raise ConfigurationError(f"{key} of auth is a {type(value).__name__}; expected {expected}")
    if is_list:
        return tuple(value.split())
    if key == "token":
        # Files end in a line break.
        value = value.strip()
        problem = token_problem(value)
        if problem:
            raise ConfigurationError(f"token of auth {problem}; pass the token alone")
    return value
