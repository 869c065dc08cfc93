"""How to reach a cluster, as users have already said it to flytekit and flytectl.

The order of the places and the spelling of the settings are flytekit's: ``flytekit/configuration/file.py`` and
``internal.py``. Project and domain are flytectl's: ``flytectl/cmd/config/config.go``.
"""

from __future__ import annotations

import configparser
import os
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING, Any, NamedTuple

from flytetask_nb.errors import ConfigurationError, LoadError
from flytetask_nb.masking import mask_text
from flytetask_nb.sources.document_reader import yaml_documents
from flytetask_nb.sources.fitting import plain

if TYPE_CHECKING:
    from collections.abc import Callable

FILE_VARIABLES = ("_FLYTECTL_CONFIG_PYFLYTE_OVERRIDE", "FLYTECTL_CONFIG")
"""Environment variables that name the file; the first is set by pyflyte itself."""

PKCE = "Pkce"
CLIENT_SECRET = "ClientSecret"  # noqa: S105 - the name of a way, as flytectl spells it
EXTERNAL_COMMAND = "ExternalCommand"
DEVICE_FLOW = "DeviceFlow"
STATIC_TOKEN = "Token"  # noqa: S105 - the name of a way
NO_AUTH = "None"

AUTH_TYPES = {
    "pkce": PKCE,
    "standard": PKCE,
    "clientsecret": CLIENT_SECRET,
    "client_credentials": CLIENT_SECRET,
    "basic": CLIENT_SECRET,
    "externalcommand": EXTERNAL_COMMAND,
    "external_process": EXTERNAL_COMMAND,
    "deviceflow": DEVICE_FLOW,
    "token": STATIC_TOKEN,
    "none": NO_AUTH,
}
"""Every spelling of a way to authenticate, in lower case, with flytectl's spelling of it."""

_LARGEST = 2**20
"""Characters that a file of settings may have."""
_NO = frozenset({"", "false", "0", "off", "no"})


def _text(value: Any) -> str:
    if isinstance(value, Mapping | list):
        raise TypeError("a text")
    return str(value)


def _flag(value: Any) -> bool:
    if not isinstance(value, str | bool | int):
        raise TypeError("true or false")
    return value.strip().lower() not in _NO if isinstance(value, str) else bool(value)


def _list(value: Any) -> tuple[str, ...]:
    if not isinstance(value, str | list) or any(isinstance(item, Mapping | list) for item in value):
        raise TypeError("a list of texts")
    return tuple(value.split(",") if isinstance(value, str) else map(_text, value))


def _endpoint(value: Any) -> str:
    return _text(value).replace("dns:///", "")


class _Setting(NamedTuple):
    """Where a setting stands: section and option of an INI file (and of the environment), path in YAML."""

    section: str
    option: str
    path: str
    read: Callable[[Any], Any] = _text

    @property
    def variable(self) -> str:
        return f"FLYTE_{self.section.upper()}_{self.option.upper()}"


_SETTINGS: dict[str, _Setting] = {
    "endpoint": _Setting("platform", "url", "admin.endpoint", _endpoint),
    "insecure": _Setting("platform", "insecure", "admin.insecure", _flag),
    "insecure_skip_verify": _Setting("platform", "insecure_skip_verify", "admin.insecureSkipVerify", _flag),
    "console_endpoint": _Setting("platform", "console_endpoint", "console.endpoint"),
    "ca_cert": _Setting("platform", "ca_cert_file_path", "admin.caCertFilePath"),
    "http_proxy_url": _Setting("platform", "http_proxy_url", "admin.httpProxyURL"),
    "command": _Setting("credentials", "command", "admin.command", _list),
    "proxy_command": _Setting("credentials", "proxy_command", "admin.proxyCommand", _list),
    "client_id": _Setting("credentials", "client_id", "admin.clientId"),
    "client_secret": _Setting("credentials", "client_secret", ""),
    "scopes": _Setting("credentials", "scopes", "admin.scopes", _list),
    "auth": _Setting("credentials", "auth_mode", "admin.authType"),
    "audience": _Setting("credentials", "audience", "admin.audience"),
    "project": _Setting("root", "project", "root.project"),
    "domain": _Setting("root", "domain", "root.domain"),
}
_ELSE = {
    "project": _Setting("task", "project", "task.project"),
    "domain": _Setting("task", "domain", "task.domain"),
}
"""Where a setting stands if it does not stand in its own place."""
_SECRET_LOCATION = _Setting("credentials", "client_secret_location", "admin.clientSecretLocation")
_SECRET_VARIABLE = _Setting("credentials", "client_secret_env_var", "admin.clientSecretEnvVar")


@dataclass(frozen=True)
class ClusterConfig:
    """How to reach a cluster.

    ``endpoint``: host and port; empty where nothing says it.
    ``insecure``: whether the connection is plain text. False: TLS.
    ``insecure_skip_verify``: whether whatever certificate the server shows is trusted, made for this host or for
      another one.
    ``ca_cert``: path of the certificates to trust instead of this machine's.
    ``console_endpoint``: where the console is, if elsewhere.
    ``http_proxy_url``: proxy for requests for tokens.
    ``auth``: way to authenticate; None: Pkce, when the server asks for a token.
    ``command``, ``proxy_command``: commands that print a token for Flyte, and for a proxy in front of it.
    ``client_id``, ``client_secret``, ``audience``: what OAuth is told.
    ``scopes``: likewise.
    ``token``: a token that is used as it is.
    ``project``, ``domain``: what is meant where nobody names any.
    ``found_in``: where it was read, for messages.
    """

    endpoint: str = ""
    insecure: bool = False
    insecure_skip_verify: bool = False
    ca_cert: str | None = None
    console_endpoint: str | None = None
    http_proxy_url: str | None = field(default=None, repr=False)
    auth: str | None = None
    command: tuple[str, ...] = field(default=(), repr=False)
    proxy_command: tuple[str, ...] = field(default=(), repr=False)
    client_id: str | None = None
    client_secret: str | None = field(default=None, repr=False)
    scopes: tuple[str, ...] = ()
    audience: str | None = None
    token: str | None = field(default=None, repr=False)
    project: str | None = None
    domain: str | None = None
    found_in: str = ""

    @property
    def console(self) -> str:
        """The console's address: the configured one, else the server's own."""
        if self.console_endpoint:
            return self.console_endpoint.rstrip("/")
        return f"{'http' if self.insecure else 'https'}://{self.endpoint}"


def configured(config_file: str | os.PathLike[str] | None = None) -> ClusterConfig:
    """Return what the environment and a configuration file say.

    ``config_file``: the file; its kind is told by its name, ``.yaml`` or ``.yml``, else INI. None: the first there is
      of ``$FLYTECTL_CONFIG``, ``./flytekit.config``, ``~/.flyte/config`` and ``~/.flyte/config.yaml``.
    Returns ClusterConfig: variables ``FLYTE_{SECTION}_{OPTION}`` win over the file, even empty ones, which unset.
    Raises ConfigurationError: the file cannot be read, a setting is of another kind than it should be, or the client's
      secret is not where the file says.
    """
    try:
        path = _found_file() if config_file is None else Path(config_file).expanduser()
    except (RuntimeError, ValueError) as error:  # of a user that is not here, or of a name that no system takes
        raise ConfigurationError(f"{str(config_file)!r} is no path: {error}; check it") from None
    look = _reader(path)
    source = str(path) if path is not None else "the environment"
    values: dict[str, Any] = {}
    for name, setting in _SETTINGS.items():
        value = _value(setting, look, source)
        if name in _ELSE and not value:
            value = _value(_ELSE[name], look, source)
        if value is not None and value not in ("", ()):
            values[name] = value
    secret = _client_secret(look, source)
    if secret:
        values |= {"client_secret": secret, "auth": CLIENT_SECRET}
    return ClusterConfig(**values, found_in=source)


def auth_type(name: str) -> str:
    """Return flytectl's spelling of a way to authenticate.

    Raises ConfigurationError: there is none of that name.
    """
    way = AUTH_TYPES.get(name.strip().lower())
    if way is None:
        known = ", ".join(dict.fromkeys(AUTH_TYPES.values()))
        raise ConfigurationError(f"there is no way to authenticate called {name!r}; there are {known}")
    return way


def _found_file() -> Path | None:
    named = next((os.environ[name] for name in FILE_VARIABLES if os.environ.get(name) is not None), "")
    places = [Path(named)] if named else []
    places += [Path("flytekit.config"), Path.home() / ".flyte" / "config", Path.home() / ".flyte" / "config.yaml"]
    return next((place.absolute() for place in places if place.exists()), None)


def _text_of(path: Path) -> str:
    """Return what a file says, of which no more is read than settings may be: a device has no end."""
    with path.open(encoding="utf-8") as file:
        return file.read(_LARGEST + 1)


def _reader(path: Path | None) -> Callable[[_Setting], Any]:
    if path is None:
        return lambda _: None
    try:
        text = _text_of(path)
    except (OSError, ValueError) as error:
        raise ConfigurationError(f"{path}: cannot be read: {error}; check the file and its rights") from None
    return _yaml_reader(path, text) if path.name.endswith(("yaml", "yml")) else _ini_reader(path, text)


def _yaml_reader(path: Path, text: str) -> Callable[[_Setting], Any]:
    if len(text) > _LARGEST:
        raise ConfigurationError(
            f"{path}: more than {_LARGEST:,} characters are no configuration; pass config_file=..."
        )
    try:
        documents = [plain(document) for document in yaml_documents(text)]
    except LoadError as error:
        # What is wrong and where alone: the rest of the text says what tasks look like.
        problem = mask_text(str(error).partition("; expected")[0].removeprefix("no plain YAML: "))
        problem = problem.replace('in "<unicode string>", ', "in ")
        raise ConfigurationError(f"{path}: is no YAML: {problem}; mend it, or pass config_file=...") from None
    content = documents[0] if documents else None
    if content is not None and not isinstance(content, dict):
        raise ConfigurationError(
            f"{path}: holds a {type(content).__name__}; expected a mapping with admin: and endpoint: in it"
        )

    def look(setting: _Setting) -> Any:
        value = content
        for part in setting.path.split("."):
            value = value.get(part) if isinstance(value, Mapping) else None
        return value

    return look


def _ini_reader(path: Path, text: str) -> Callable[[_Setting], Any]:
    parser = configparser.ConfigParser()
    try:
        parser.read_string(text)
    except configparser.Error as error:
        raise ConfigurationError(
            f"{path}: is no INI file ({type(error).__name__}); mend it, or name a YAML file .yaml"
        ) from None

    def look(setting: _Setting) -> Any:
        try:
            return parser.get(setting.section, setting.option, fallback=None)
        except configparser.InterpolationError:
            raise ConfigurationError(
                f"{path}: {setting.option} of [{setting.section}] has a % that stands for nothing; write %%"
            ) from None

    return look


def _value(setting: _Setting, look: Callable[[_Setting], Any], source: str) -> Any:
    value = os.environ.get(setting.variable)
    if value is None:
        value = look(setting)
    try:
        return None if value is None else setting.read(value)
    except TypeError as expected:
        raise ConfigurationError(
            f"{source}: {setting.path or setting.option} is a {type(value).__name__}; write {expected}"
        ) from None


def _client_secret(look: Callable[[_Setting], Any], source: str) -> str | None:
    """Return the secret out of the file or the variable that the configuration names; the variable wins."""
    variable = _value(_SECRET_VARIABLE, look, source)
    secret = os.environ.get(variable) if variable else None
    location = _value(_SECRET_LOCATION, look, source)
    if secret or not location:
        return secret
    try:
        secret = _text_of(Path(location))
    except (OSError, ValueError) as error:
        raise ConfigurationError(
            f"{source}: clientSecretLocation names {location}, which cannot be read: "
            f"{type(error).__name__}; check the path and its rights"
        ) from None
    return secret.strip() if secret.endswith("\n") else secret
