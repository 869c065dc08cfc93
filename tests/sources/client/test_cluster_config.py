# ruff: noqa: S105, S106 - secrets of no one
"""What users have said to flytekit and flytectl is found, in flytekit's order and spelling."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

import flytetask_nb as ftn
from flytetask_nb.sources.client.cluster_config import ClusterConfig, configured
from tests.conftest import flytekit_module

if TYPE_CHECKING:
    from pathlib import Path

YAML = """\
admin:
  endpoint: dns:///flyte.example.com
  insecure: true
  insecureSkipVerify: false
  caCertFilePath: /etc/ca.pem
  authType: DeviceFlow
  clientId: me
  scopes: [all, offline]
  audience: flyte
  command: [get, token]
  proxyCommand: [get, proxy]
  httpProxyURL: http://proxy:3128
console:
  endpoint: https://console.example.com
"""
INI = """\
[platform]
url = dns:///flyte.example.com
insecure = {insecure}
ca_cert_file_path = /etc/ca.pem
console_endpoint = https://console.example.com
http_proxy_url = http://proxy:3128
[credentials]
auth_mode = external_process
client_id = me
scopes = all,offline
command = get,token
client_secret = hidden
"""
SAME = {
    "endpoint": "endpoint",
    "insecure": "insecure",
    "insecure_skip_verify": "insecure_skip_verify",
    "ca_cert": "ca_cert_file_path",
    "console_endpoint": "console_endpoint",
    "http_proxy_url": "http_proxy_url",
    "command": "command",
    "proxy_command": "proxy_command",
    "client_id": "client_id",
    "client_secret": "client_credentials_secret",
    "scopes": "scopes",
    "audience": "audience",
}
UNSET = {"endpoint": "localhost:30080", "auth": "standard"}


@pytest.fixture(autouse=True)
def home(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.setenv("HOME", str(tmp_path / "home"))
    monkeypatch.chdir(tmp_path)
    for name in ("FLYTECTL_CONFIG", "_FLYTECTL_CONFIG_PYFLYTE_OVERRIDE"):
        monkeypatch.delenv(name, raising=False)
    (tmp_path / "home" / ".flyte").mkdir(parents=True)
    return tmp_path


def as_flytekit_says(config_file: str | None = None) -> dict[str, object]:
    flytekit_module("flytekit.configuration.file").get_config_file.cache_clear()
    found = flytekit_module("flytekit.configuration").PlatformConfig.auto(config_file)
    said = {ours: getattr(found, theirs) for ours, theirs in SAME.items()}
    said["auth"] = getattr(found.auth_mode, "value", found.auth_mode)
    return {name: None if value == UNSET.get(name) else value or None for name, value in said.items()}


def as_we_say(config_file: str | None = None) -> dict[str, object]:
    found = configured(config_file)
    said = {name: getattr(found, name) or None for name in [*SAME, "auth"]}
    return {name: list(value) if isinstance(value, tuple) else value for name, value in said.items()}


@pytest.mark.parametrize(
    ("name", "text"),
    [
        ("c.yaml", YAML),
        ("c.yml", YAML.replace("true", "'no'").replace("[all, offline]", "all,offline")),
        ("empty.yaml", ""),
        ("bare.yaml", "admin:\n"),
        ("config", INI.format(insecure="on")),
        ("flytekit.config", INI.format(insecure="False")),
        ("empty", ""),
    ],
)
def test_files_are_read_as_flytekit_reads_them(home: Path, name: str, text: str) -> None:
    (home / name).write_text(text)
    assert as_flytekit_says(str(home / name)) == as_we_say(str(home / name))


PLACES = ("flytekit.config", "home/.flyte/config", "home/.flyte/config.yaml", "named.yaml")


@pytest.mark.parametrize("present", range(2 ** len(PLACES)))
def test_files_are_looked_for_in_flytekits_order(home: Path, monkeypatch: pytest.MonkeyPatch, present: int) -> None:
    monkeypatch.setenv("FLYTECTL_CONFIG", str(home / "named.yaml"))
    for bit, place in enumerate(PLACES):
        if present >> bit & 1:
            is_yaml = place.endswith("yaml")
            (home / place).write_text(f"admin: {{endpoint: h{bit}}}" if is_yaml else f"[platform]\nurl=h{bit}\n")
    assert as_flytekit_says() == as_we_say()


@pytest.mark.parametrize(
    "variables",
    [
        {"FLYTE_PLATFORM_URL": "dns:///other:81"},
        {"FLYTE_PLATFORM_URL": ""},
        {"FLYTE_PLATFORM_INSECURE": "0"},
        {"FLYTE_PLATFORM_INSECURE": "yes"},
        {"FLYTE_CREDENTIALS_SCOPES": "a,b", "FLYTE_CREDENTIALS_AUTH_MODE": "basic"},
        {"FLYTE_CREDENTIALS_CLIENT_SECRET": "s"},
        {"FLYTE_CREDENTIALS_CLIENT_SECRET_ENV_VAR": "MINE", "MINE": "s"},
        {"FLYTE_CREDENTIALS_CLIENT_SECRET_LOCATION": "secret.txt"},
        {"FLYTE_CREDENTIALS_COMMAND": "a,b", "FLYTE_CREDENTIALS_PROXY_COMMAND": "c"},
    ],
    ids=lambda variables: "+".join(f"{key}={value}" for key, value in variables.items()),
)
def test_environment_wins_over_the_file(home: Path, monkeypatch: pytest.MonkeyPatch, variables: dict[str, str]) -> None:
    (home / "secret.txt").write_text("from the file\n")
    (home / "flytekit.config").write_text(INI.format(insecure="true"))
    for name, value in variables.items():
        monkeypatch.setenv(name, value)
    assert as_flytekit_says() == as_we_say()


def test_secret_of_a_variable_wins_over_that_of_a_file(home: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    (home / "s").write_text("from the file\n")
    (home / "c.yaml").write_text(f"admin: {{clientSecretLocation: {home / 's'}, clientSecretEnvVar: MINE}}")
    assert configured(home / "c.yaml").client_secret == "from the file"
    monkeypatch.setenv("MINE", "from the variable")
    assert configured(home / "c.yaml").client_secret == "from the variable"
    assert as_flytekit_says(str(home / "c.yaml")) == as_we_say(str(home / "c.yaml"))


def test_secrets_are_in_no_repr() -> None:
    config = ClusterConfig(
        client_secret="hidden1",
        token="hidden2",
        command=("hidden3",),
        proxy_command=("hidden4",),
        http_proxy_url="http://u:hidden5@h",
    )
    assert "hidden" not in repr(config)


@pytest.mark.parametrize(
    ("name", "text", "told"),
    [
        ("c.yaml", "admin: {command: {get: token}}", "admin.command is a dict; write a list of texts"),
        ("c.yaml", "admin: {scopes: 5}", "admin.scopes is a int; write a list of texts"),
        ("c.yaml", "admin: {endpoint: [a, b]}", "admin.endpoint is a list; write a text"),
        ("c.yaml", "root: {project: [a]}", "root.project is a list; write a text"),
        ("c.yaml", "admin: [", "is no YAML: while parsing a flow node .* in line"),
        ("c.yaml", "admin: {scopes: 3}", "admin.scopes is a int; write a list of texts"),
        ("c.yaml", "admin: {scopes: [[a]]}", "admin.scopes is a list; write a list of texts"),
        ("c.yaml", "admin: {command: 7}", "admin.command is a int; write a list of texts"),
        ("c.yaml", "admin: {insecure: [true]}", "admin.insecure is a list; write true or false"),
        ("c.yaml", "[" * 50_000, "is no YAML"),
        ("c.yaml", "a: " + "[" * 5_000, "is no YAML"),
        ("c.yaml", "- admin", "holds a list; expected a mapping"),
        ("c.yaml", "a: 1\na: 2", "the key 'a' stands twice"),
        (
            "c.yaml",
            "a: &a [x]\n" + "".join(f"{b}: &{b} [{', '.join([f'*{a}'] * 50)}]\n" for a, b in ("ab", "bc", "cd", "de")),
            "more than",
        ),
        ("c.yaml", "x: !!python/object:os.system y", "is no YAML"),
        ("c.yaml", "#" * 2**21, "are no configuration"),
        ("config", "no section = 1", "is no INI file"),
        ("c.yaml", "admin: {clientSecretLocation: /nowhere}", "/nowhere, which cannot be read"),
        ("config", "[platform]\nurl = 100%\n", "write %%"),
    ],
)
def test_unreadable_files_are_told(home: Path, name: str, text: str, told: str) -> None:
    (home / name).write_text(text)
    with pytest.raises(ftn.errors.ConfigurationError, match=told) as error:
        configured(home / name)
    assert str(home / name) in str(error.value)


def test_a_file_that_is_not_there_is_told(home: Path) -> None:
    with pytest.raises(ftn.errors.ConfigurationError, match=r"nothing\.yaml: cannot be read"):
        ftn.connect(config_file=home / "nothing.yaml")


def test_no_endpoint_at_all_is_told() -> None:
    with pytest.raises(ftn.errors.ConfigurationError, match="no endpoint is known"):
        ftn.connect()


def test_configured_endpoint_is_connected_to(home: Path) -> None:
    (home / "home/.flyte/config.yaml").write_text(YAML)
    assert repr(ftn.connect()) == "Remote('flyte.example.com')"


def test_another_endpoint_is_told_nothing_of_the_configured_ones_login(home: Path) -> None:
    (home / "flytekit.config").write_text(INI.format(insecure="false").replace("/etc/ca.pem", ""))
    known = ftn.connect("flyte.example.com")
    other = ftn.connect("other.example.com")
    named = ftn.connect("other.example.com", config_file=home / "flytekit.config")
    secrets = [one._calls._authenticator._config.client_secret for one in (known, other, named)]
    assert secrets == ["hidden", None, "hidden"]


@pytest.mark.parametrize(
    ("settings", "told"),
    [
        ({"auth": "Kerberos"}, "there is no way to authenticate called 'Kerberos'; there are Pkce"),
        ({"auth": {"password": "hidden"}}, "auth has no password; there are token"),
        ({"auth": {"token": "hidden", "command": ["hidden"]}}, "auth could be Token or ExternalCommand"),
        ({"insecure": True, "ca_cert": "ca.pem"}, "no use for ca_cert"),
        ({"ca_cert": "nowhere.pem"}, "nowhere.pem cannot be read"),
        ({"endpoint": " "}, "the endpoint is empty"),
        ({"endpoint": 3}, "cannot be made from int"),
        ({"auth": {"token": ""}}, "token of auth is empty"),
        ({"auth": {"token": None}}, "token of auth is a NoneType; expected a text"),
        ({"auth": {"token": "hidden\nhidden"}}, "token of auth holds blanks or line breaks"),
        ({"auth": {"token": "Bearer hidden"}}, "token of auth holds blanks or line breaks; pass the token alone"),
        ({"auth": {"token": "hiddenü"}}, "token of auth holds characters that no header can carry"),
        ({"auth": {"token": '{"token":"hidden"}'}}, "token of auth is JSON"),
        ({"auth": {"command": None}}, "command of auth is a NoneType; expected a list of texts"),
        ({"auth": {"command": ["get", 3]}}, "command of auth is a list; expected a list of texts"),
        (
            {"auth": {"client_id": "me", "client_secret": b"hidden"}},
            "client_secret of auth is a bytes; expected a text",
        ),
    ],
)
def test_contradictions_are_told(settings: dict[str, object], told: str) -> None:
    with pytest.raises(ftn.errors.ConfigurationError, match=told) as error:
        ftn.connect(**{"endpoint": "localhost:1", **settings})
    assert "hidden" not in str(error.value)


@pytest.mark.parametrize("settings", [{"timeout": 0}, {"max_message_size": "1"}])
def test_amounts_must_be_above_zero(settings: dict[str, object]) -> None:
    with pytest.raises(ftn.errors.OptionError, match="expected a number above 0"):
        ftn.connect("localhost:1", **settings)


# -- project and domain ----------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("root: {project: a, domain: b}", ("a", "b")),
        ("task: {project: a, domain: b}", ("a", "b")),
        ("root: {project: a}\ntask: {project: x, domain: b}", ("a", "b")),
        ("root: {project: '', domain: null}\ntask: {project: a, domain: b}", ("a", "b")),
        ("root: {project: 7}\ntask: {domain: 8}", ("7", "8")),
        ("root:\ntask: []", (None, None)),
        ("project: a\ndomain: b", (None, None)),
    ],
)
def test_project_and_domain_are_flytectls(home: Path, text: str, expected: tuple[str | None, str | None]) -> None:
    """``root`` comes before ``task``, for each of the two by itself."""
    (home / "home/.flyte/config.yaml").write_text(f"admin: {{endpoint: localhost:1, insecure: true}}\n{text}\n")
    with ftn.connect() as remote:
        assert (remote.project, remote.domain) == expected
    with ftn.connect(project="x") as remote:
        assert (remote.project, remote.domain) == ("x", expected[1])


def test_project_of_another_cluster_is_not_taken(home: Path) -> None:
    """What a file says holds for the endpoint that it names, or where it names none."""
    path = home / "home/.flyte/config.yaml"
    path.write_text("admin: {endpoint: localhost:1}\nroot: {project: a, domain: b}")
    assert [ftn.connect(place).project for place in ("localhost:1", "dns:///localhost:1", "localhost:2")] == [
        "a",
        "a",
        None,
    ]
    assert ftn.connect("localhost:2", config_file=path).project == "a"
    path.write_text("root: {project: a, domain: b}")
    assert ftn.connect("localhost:2").project == "a"


def test_a_configured_endpoint_that_is_none_does_not_stand_in_the_way(home: Path) -> None:
    (home / "home/.flyte/config.yaml").write_text("admin: {endpoint: 'dns://localhost:1'}")
    assert repr(ftn.connect("localhost:2")) == "Remote('localhost:2')"
    with pytest.raises(
        ftn.errors.ConfigurationError, match=r"config\.yaml: the endpoint 'dns://localhost:1'.*dns:///localhost:1"
    ):
        ftn.connect()
