"""Secrets do not reach any output, and what is none stays readable."""

from __future__ import annotations

import json
import re
from typing import TYPE_CHECKING, Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

import flytetask_nb as ftn
from flytetask_nb.masking import MASK, is_secret_key, mask_arguments, mask_text, mask_value, masked

if TYPE_CHECKING:
    from collections.abc import Iterator

SECRET = "hunter2"  # noqa: S105 - the one that must not show

SECRET_KEYS = """
    password PASSWORD Password DB_PASSWORD db-password db.password dbPassword DBPassword DBPASSWORD PGPASSWORD
    MYSQL_ROOT_PASSWORD spring.datasource.password password1 DB_PASSWORD_2 passwd smtp_pass DB_PWD passphrase
    apiToken AUTH_TOKEN HF_TOKEN github_token GITHUB_PAT ACCESSTOKEN accessToken access_tokens WANDB_API_KEY SAS_TOKEN
    AWS_SECRET_ACCESS_KEY AWS_ACCESS_KEY_ID AWS_SESSION_TOKEN OPENAI_API_KEY OPENAI_KEY apikey api-keys X-Api-Key
    private-key private_key PRIVATE_KEY_PEM ssh_key signingKey ENCRYPTION_KEY SECRET_KEY master-key account_key
    AccountKey SharedAccessKey SharedAccessSignature STORAGE_KEY deploy_key license_key service-key
    connection_string CONN_STR connectionString ConnectionStrings_password SENTRY_DSN
    secret MY_SECRET client_secret clientSecret mysecretvalue credentials gcp-credential jwt JWT
    Authorization authorization auth basic_auth bearer cookie session_key SLACK_WEBHOOK SLACK_WEBHOOK_URL pin PIN_CODE
""".split()

OTHER_KEYS = """
    TOKENIZERS_PARALLELISM max_tokens num_tokens tokens tokenizer AUTHOR author authors AUTHORITY secretName
    secret_name secretKeyRef TOKEN_FILE TOKEN_PATH token_endpoint token_uri TOKEN_URL AUTH_METHOD auth_type AUTH_MODE
    auth_enabled SECRET_VERSION SECRET_GROUP SECRETS_MANAGER_REGION password_file PASSWORD_LENGTH token_count
    monkey MONKEY keyboard KEYBOARD keys key primary_key sort_key cache-key foreignKey PASSTHROUGH pass_through
    COMPASS compass BYPASS passenger passive pass_rate encompass pin_memory spin pinned PINNED PWD OLDPWD
    PATH PYTHONPATH path pattern patch compat dispatch sastool disaster image name region LOG_LEVEL
    DATABASE_HOST url user username email bucket
""".split()


@pytest.mark.parametrize("key", SECRET_KEYS)
def test_secret_keys(key: str) -> None:
    """A key whose words say so is secret."""
    assert is_secret_key(key)
    assert masked(key, SECRET) == MASK


@pytest.mark.parametrize("key", OTHER_KEYS)
def test_other_keys(key: str) -> None:
    """A key that only looks a little like it, or says where a secret is, is not."""
    assert not is_secret_key(key)
    assert masked(key, SECRET) == SECRET


@pytest.mark.parametrize("key", ["", "_", "123", "\u5bc6\u7801", "..."])
def test_keys_without_words(key: str) -> None:
    """A key in which no word can be read is not secret."""
    assert not is_secret_key(key)


def test_empty_value_is_shown() -> None:
    """That a password is empty is no secret, and matters."""
    assert masked("DB_PASSWORD", "") == ""


# Each text holds the secret once; what stands right says how it reads.
TEXTS = {
    "https://bob:hunter2@host/db": "https://bob:••••••@host/db",
    "https://:hunter2@host": "https://:••••••@host",
    "postgresql+psycopg2://bob:hunter2@host:5432/db?x=1": "postgresql+psycopg2://bob:••••••@host:5432/db?x=1",
    "jdbc:postgresql://bob:hunter2@host/db": "jdbc:postgresql://bob:••••••@host/db",
    "https://bob:hunter2@with@at@host": "https://bob:••••••@host",
    "https://bob:hunter2:with:colons@host": "https://bob:••••••@host",
    "https://bob:hunter2/with/slashes@host/path": "https://bob:••••••@host/path",
    "https://bob:it's-hunter2@host": "https://bob:••••••@host",
    'https://bob:"hunter2"@host': "https://bob:••••••@host",
    "https://bob:5432hunter2@host": "https://bob:••••••@host",
    "see https://bob:hunter2@host and http://other": "see https://bob:••••••@host and http://other",
    "https://hunter2hunter2hunter2@github.com/x": "https://••••••@github.com/x",
    "https://host/x?token=hunter2&page=2": "https://host/x?token=••••••&page=2",
    "https://host/x?page=2&sig=hunter2": "https://host/x?page=2&sig=••••••",
    "https://host/x?X-Amz-Signature=hunter2": "https://host/x?X-Amz-Signature=••••••",
    "https://host/x#access_token=hunter2": "https://host/x#access_token=••••••",
    "jdbc:mysql://host/db?user=bob&password=hunter2": "jdbc:mysql://host/db?user=bob&password=••••••",
    '{"user": "bob", "password": "hunter2"}': '{"user": "bob", "password": "••••••"}',
    '{"a": [{"credentials": {"x": {"y": "hunter2"}}}]}': '{"a": [{"credentials": {"x": {"y": "••••••"}}}]}',
    '["--token", "hunter2"]': '["--token", "••••••"]',
    '{"env": [{"name": "DB_PASSWORD", "value": "hunter2"}]}': '{"env": [{"name": "DB_PASSWORD", "value": "••••••"}]}',
    '{"broken": "json", "password": "hunter2"': '{"broken": "json", "password": "••••••"',
    'x = {"password": "a\\"hunter2"} y': 'x = {"password": "••••••"} y',
    r"""x="{\"password\": \"a hunter2\"}" y""": r"""x="{\"password\": \"••••••\"}" y""",
    r"""{"inner": "{\"password\": \"hunter2\"}"}""": r"""{"inner": "{\"password\": \"••••••\"}"}""",
    "{'password': 'hunter2', 'a': 1}": "{'password': '••••••', 'a': 1}",
    "password='it''s hunter2' x=1": "password='••••••' x=1",
    'password="never closed hunter2': 'password="••••••',
    "export DB_PASSWORD=hunter2; run": "export DB_PASSWORD=••••••; run",
    "export DB_PASSWORD='a hunter2' && run": "export DB_PASSWORD='••••••' && run",
    "DB_PASSWORD = hunter2": "DB_PASSWORD = ••••••",
    "run --db-password hunter2 --rows 5": "run --db-password •••••• --rows 5",
    "run --db-password 'a hunter2' --rows 5": "run --db-password '••••••' --rows 5",
    "run --db-password=hunter2": "run --db-password=••••••",
    "docker run -e PGPASSWORD=hunter2 image": "docker run -e PGPASSWORD=•••••• image",
    "--env=PGPASSWORD=hunter2": "--env=PGPASSWORD=••••••",
    "Server=x;User ID=bob;Password=hunter2;Encrypt=yes": "Server=x;User ID=bob;Password=••••••;Encrypt=yes",
    "AccountName=a;AccountKey=hunter2==;Suffix=x": "AccountName=a;AccountKey=••••••;Suffix=x",
    "host=db user=bob password=hunter2 port=5": "host=db user=bob password=•••••• port=5",
    "Authorization: Bearer hunter2": "Authorization: ••••••",
    "Authorization: Token a hunter2": "Authorization: ••••••",
    "curl -H 'Authorization: Basic hunter2' https://host": "curl -H 'Authorization: ••••••' https://host",
    "X-Api-Key: hunter2": "X-Api-Key: ••••••",
    "Cookie: a=b; session=hunter2": "Cookie: ••••••",
    "bearer hunter2": "bearer ••••••",
    "db:\n  password: hunter2\n  port: 5": "db:\n  password: ••••••\n  port: 5",
    "password:hunter2": "password:••••••",
    "[client]\nuser=bob\npassword=hunter2\n": "[client]\nuser=bob\npassword=••••••\n",
    "-----BEGIN RSA PRIVATE KEY-----\nhunter2\n-----END RSA PRIVATE KEY-----": "••••••",
    "-----BEGIN PRIVATE KEY-----\nhunter2 and cut off": "••••••",
}


@pytest.mark.parametrize("text", TEXTS)
def test_secrets_inside_texts(text: str) -> None:
    """A secret inside a longer text is masked, and nothing else is."""
    assert SECRET in text
    assert mask_text(text) == TEXTS[text]


@pytest.mark.parametrize("text", TEXTS)
def test_masking_twice_changes_nothing(text: str) -> None:
    """A text that is masked already stays as it is."""
    assert mask_text(mask_text(text)) == mask_text(text)


@pytest.mark.parametrize("text", TEXTS)
def test_texts_inside_values_and_arguments(text: str) -> None:
    """The same text is masked as a value in a dict or list, as an argument, and under a harmless key."""
    assert mask_value({"x": {"note": text}}) == {"x": {"note": TEXTS[text]}}
    assert SECRET not in str(mask_value([1, text]))
    assert SECRET not in str(mask_arguments(["run", text]))
    assert SECRET not in masked("NOTE", text)


@pytest.mark.parametrize(
    "text",
    [
        "ghp_0123456789abcdefghijABCDEFGHIJ012345",
        "github_pat_0123456789abcdefghijABCDEFGHIJ012345",
        "glpat-0123456789abcdefghij",
        "xoxb-0123456789-abcdef",
        "https://hooks.slack.com/services/T000/B000/abcdefgh",
        "sk-proj-0123456789abcdefghij",
        "hf_0123456789abcdefghijABCD",
        "AKIAABCDEFGHIJKLMNOP",
        "AIza0123456789abcdefghij0123456789abcde",
        "eyJhbGciOiJIUzI1NiJ9.eyJzdWIiOiIxIn0.abcdefgh",
    ],
)
def test_secrets_known_by_their_looks(text: str) -> None:
    """Tokens of well-known services are masked wherever they stand."""
    assert mask_text(text).removeprefix("https://") == MASK
    assert text not in mask_text(f"a note: {text}.")
    assert text not in str(mask_value({"note": [text, {"x": text}]}))


@pytest.mark.parametrize(
    "text",
    [
        "",
        "plain prose, with commas: and colons",
        "token: the token to use",
        "the bearer token of a user, or basic authentication",
        "https://host/path?page=2",
        "http://localhost:8080?email=bob@host",
        "http://localhost:8080/path@v2",
        "https://bob@host/path",
        "s3://bucket/prefix@x",
        "git@github.com:owner/name.git",
        "cr.flyte.org/owner/image:v1.2@sha256:0123456789abcdef0123456789abcdef",
        "ghcr.io/owner/token:v1",
        "arn:aws:secretsmanager:eu-central-1:12:secret:name-AbC",
        "pyflyte-execute --inputs {{.input}} --output-prefix {{.outputPrefix}} --resolver flytekit.core",
        "max_tokens=512 tokenizer=bert TOKENIZERS_PARALLELISM=false",
        "secretName: database-credentials",
        "--token --verbose",
        "password=",
        'password=""',
        '{"max_tokens": 5, "note":   "spaced"}',
        "[not json]",
        "{{.inputs.x}}",
        "SELECT author, compass FROM monkeys WHERE keyboard = 'x'",
    ],
)
def test_texts_without_secrets(text: str) -> None:
    """A text without secrets stays as it is, to the last blank."""
    assert mask_text(text) == text


AROUND = 'https://bob:@example.org/0 {"password": "inner"}'
"""What the tests below put around passwords: one that is a piece of it shows there, and is not to be blamed."""
PASSWORDS = (
    st.text(st.characters(codec="utf-8", exclude_categories=("Z", "C")), min_size=4, max_size=20)
    .filter(
        # A password made of dots alone, say, occurs in what stands around it.
        lambda text: sum(map(str.isalpha, text)) > 3 and text not in AROUND
    )
    .filter(
        # One that begins with digits and a slash, say, is a port by the rules of URLs.
        lambda text: re.match(r"""\d+[/?#"',;)\]}]""", text) is None
    )
)


@given(PASSWORDS)
def test_no_url_password_shows(password: str) -> None:
    """No password without blanks survives in a URL."""
    shown = mask_text(f"https://bob:{password}@example.org/0")
    assert shown.startswith("https://bob:••••••@")
    assert password not in shown


@given(PASSWORDS)
def test_no_json_password_shows(password: str) -> None:
    """No password survives in JSON, once or twice encoded, alone or in a longer text."""
    text = json.dumps({"password": password})
    assert json.loads(mask_text(text)) == {"password": MASK}
    for longer in (f"x={text} y", json.dumps(text), f"x={json.dumps(text)} y", json.dumps({"inner": text})):
        shown = mask_text(longer)
        assert MASK in shown
        assert password not in shown
        assert json.dumps(password)[1:-1] not in shown


@given(PASSWORDS)
def test_no_argument_shows(password: str) -> None:
    """No password survives as a flag's value or an assignment's."""
    assert mask_arguments(["run", f"--password={password}"]) == ["run", f"--password={MASK}"]
    assert mask_arguments(["run", "-e", f"DB_PASSWORD={password}"]) == ["run", "-e", f"DB_PASSWORD={MASK}"]
    if not password.startswith("--"):
        assert mask_arguments(["--password", password, "x"]) == ["--password", MASK, "x"]


NESTED = st.recursive(
    st.none() | st.booleans() | st.floats(allow_nan=False) | st.text(max_size=5),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=5), inner, max_size=3),
    max_leaves=8,
)


def leaves(value: Any) -> Iterator[Any]:
    if isinstance(value, dict):
        for inner in value.values():
            yield from leaves(inner)
    elif isinstance(value, list):
        for inner in value:
            yield from leaves(inner)
    else:
        yield value


@given(NESTED)
def test_nothing_shows_under_a_secret_key(value: Any) -> None:
    """Under a secret key only the shape is left: texts and numbers are gone."""
    shown = mask_value({"password": value})
    assert {type(leaf) for leaf in leaves(shown) if leaf not in (MASK, "")} <= {bool, type(None)}
    assert mask_value(shown) == shown


@given(NESTED)
def test_masking_is_repeatable_and_leaves_the_original(value: Any) -> None:
    """Masking makes a copy, and masking the copy changes nothing."""
    before = repr(value)
    shown = mask_value(value)
    assert mask_value(shown) == shown
    assert before == repr(value)


POD_SPEC = {
    "containers": [
        {
            "name": "primary",
            "image": "https://bob:hunter2@registry/image",
            "args": ["run", "--db-password", "hunter2", "--rows", "5", "-e", "API_TOKEN=hunter2"],
            "command": ["sh", "-c", "export DB_PASSWORD=hunter2; run"],
            "env": [
                {"name": "DB_PASSWORD", "value": "hunter2"},
                {"name": "TOKENIZERS_PARALLELISM", "value": "false"},
                {
                    "name": "API_TOKEN",
                    "valueFrom": {"secretKeyRef": {"name": "api-credentials", "key": "token", "optional": True}},
                },
                {"name": "SETTINGS", "value": '{"password": "hunter2"}'},
            ],
            "envFrom": [{"secretRef": {"name": "database-credentials"}}],
        }
    ],
    "imagePullSecrets": [{"name": "registry-credentials"}],
    "volumes": [{"name": "v", "secret": {"secretName": "tls-credentials", "optional": False}}],
}


def test_pod_spec() -> None:
    """Values of environment variables go, names of Kubernetes secrets stay."""
    shown = mask_value(POD_SPEC)
    assert SECRET not in str(shown)
    container = shown["containers"][0]
    assert container["image"] == f"https://bob:{MASK}@registry/image"
    assert container["args"] == ["run", "--db-password", MASK, "--rows", "5", "-e", f"API_TOKEN={MASK}"]
    assert container["command"] == ["sh", "-c", f"export DB_PASSWORD={MASK}; run"]
    assert container["env"][0] == {"name": "DB_PASSWORD", "value": MASK}
    assert container["env"][1:3] == POD_SPEC["containers"][0]["env"][1:3]
    for key in ("imagePullSecrets", "volumes"):
        assert shown[key] == POD_SPEC[key]
    assert container["envFrom"] == [{"secretRef": {"name": "database-credentials"}}]


@pytest.mark.parametrize(
    ("value", "expected"),
    [
        ({"key": "DB_PASSWORD", "value": "hunter2"}, {"key": "DB_PASSWORD", "value": MASK}),
        ({"Name": "DB_PASSWORD", "Value": "hunter2"}, {"Name": "DB_PASSWORD", "Value": MASK}),
        ({"name": "region", "value": "eu"}, {"name": "region", "value": "eu"}),
        (
            {"auth": {"type": "basic", "username": "bob", "pw": 5}},
            {"auth": {"type": "basic", "username": "bob", "pw": MASK}},
        ),
        ({"password": 12345, "flag": True}, {"password": MASK, "flag": True}),
        ({"password": None, "token": "", "secret": False}, {"password": None, "token": "", "secret": False}),
        ({"tokens": ["a", "b"]}, {"tokens": ["a", "b"]}),
        ({"passwords": ["a", "b"]}, {"passwords": [MASK, MASK]}),
        ({"spark.hadoop.fs.s3a.secret.key": "hunter2"}, {"spark.hadoop.fs.s3a.secret.key": MASK}),
        ({5: "x", None: "y"}, {5: "x", None: "y"}),
        (("--token", "hunter2"), ["--token", MASK]),
        (["--pin", 1234, "--rows", 5, None], ["--pin", MASK, "--rows", 5, None]),
        (["x", {"password": "hunter2"}, ["--token", "hunter2"]], ["x", {"password": MASK}, ["--token", MASK]]),
        (["x", True, 1.5], ["x", True, 1.5]),
        ("plain", "plain"),
        (7, 7),
    ],
)
def test_values(value: Any, expected: Any) -> None:
    """Keys decide, wherever they stand, and shapes stay."""
    assert mask_value(value) == expected


def test_value_under_a_key() -> None:
    """The key that a value stands under counts."""
    assert mask_value("hunter2", "DB_PASSWORD") == MASK
    assert mask_value({"x": ["hunter2"]}, "DB_PASSWORD") == {"x": [MASK]}
    assert mask_value("hunter2", "REGION") == "hunter2"


@pytest.mark.parametrize(
    ("arguments", "expected"),
    [
        (["--token", "--verbose"], ["--token", "--verbose"]),
        (["--token", "-v"], ["--token", "-v"]),
        (["--token", "-hunter2"], ["--token", MASK]),
        (["--token"], ["--token"]),
        (["--token="], ["--token="]),
        (["--token", ""], ["--token", ""]),
        (["--token-file", "/run/token"], ["--token-file", "/run/token"]),
        (["--rows", "5"], ["--rows", "5"]),
        (["-token", "hunter2"], ["-token", MASK]),
        (["--header", "X-Api-Key: hunter2"], ["--header", f"X-Api-Key: {MASK}"]),
        (["DB_PASSWORD=a b c"], [f"DB_PASSWORD={MASK}"]),
        (["A=B=C"], ["A=B=C"]),
        ([], []),
    ],
)
def test_arguments(arguments: list[str], expected: list[str]) -> None:
    """A secret flag hides its value, the next flag is none, and the count of words stays."""
    assert mask_arguments(arguments) == expected


def test_reveal_secrets() -> None:
    """With ``reveal_secrets`` everything is shown, and only as long as it is set."""
    with ftn.set_options(reveal_secrets=True):
        assert mask_text("https://bob:hunter2@host") == "https://bob:hunter2@host"
        assert masked("DB_PASSWORD", SECRET) == SECRET
        assert mask_value(POD_SPEC) == POD_SPEC
        assert mask_arguments(["--token", SECRET]) == ["--token", SECRET]
    assert masked("DB_PASSWORD", SECRET) == MASK


def test_many_keys_are_judged_alike() -> None:
    """The memory of judged keys is bounded and changes no answer."""
    assert not any(is_secret_key(f"column_{number}") for number in range(10_050))
    assert is_secret_key("DB_PASSWORD")
