"""Secrets do not reach any output, and what is none stays readable."""

from __future__ import annotations

import base64
import binascii
import html
import json
import re
from typing import TYPE_CHECKING, Any

import pytest
from flyteidl.admin import task_pb2
from hypothesis import example, given
from hypothesis import strategies as st

import flytetask_nb as ftn
from flytetask_nb.masking import (
    IDENTIFIERS,
    MASK,
    is_secret_key,
    mask_arguments,
    mask_field,
    mask_identifier,
    mask_text,
    mask_value,
    masked,
    shapes,
)
from flytetask_nb.masking.innocence import is_innocent
from flytetask_nb.masking.keys import is_reference

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
    "password==hunter2": "password=••••••",
    "if password == 'hunter2': run": "if password == '••••••': run",
    "(password:hunter2": "(password:••••••",
    "DB2PWD=hunter2": "DB2PWD=••••••",
    "myVeryLongServiceDbPwd=hunter2": "myVeryLongServiceDbPwd=••••••",
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
        "pip install pyjwt==2.8 python-jwt==4.0.0rc1 auth==1.*",
        "JiepXcXB3SiEJ8pwYDy-7g==",
        "registered as JiepXcXB3SiEJ8pwYDy-7g==: see the notes",
        "x=JiepXcXB3SiEJ8pwYDy-7g== y",
        '{"version": "JiepXcXB3SiEJ8pwYDy-7g=="}',
        "s3://bucket/pwYDy-8pw==/fast.tar.gz",
        "ghcr.io/acme/app-password:v1",
        "ghcr.io/acme/app.pwd:v1 and its tag",
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
        lambda text: sum(map(str.isalpha, text)) > 3 and text not in AROUND and not is_innocent("password", text)
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


# "Ref", "name" and the like say where a secret is, and show it.
KEYS = st.text(max_size=5).filter(lambda key: not is_reference(key))
NESTED = st.recursive(
    st.none() | st.booleans() | st.floats(allow_nan=False) | st.text(max_size=5),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(KEYS, inner, max_size=3),
    max_leaves=8,
)


def is_nothing(leaf: Any) -> bool:
    return isinstance(leaf, str) and is_innocent("password", leaf)


def leaves(value: Any) -> Iterator[Any]:
    if isinstance(value, dict):
        for key, inner in value.items():
            # What only says where a secret is stays: secretName, count.
            if not is_reference(key):
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
    assert {type(leaf) for leaf in leaves(shown) if leaf != MASK and not is_nothing(leaf)} <= {bool, type(None)}
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


# -- identifiers -----------------------------------------------------------------------------------------------------

KEY_WORDS = "password pw pwd secret token auth key api-key pass pin credential dsn jwt".split()


def digests(size: int) -> st.SearchStrategy[str]:
    """Return hashes as tools write them: base64 of both alphabets, with its padding and without, and hex."""
    raw = st.binary(min_size=size, max_size=size)
    written = (base64.urlsafe_b64encode, base64.b64encode, base64.b16encode, binascii.hexlify)
    padded = st.builds(lambda data, write: write(data).decode(), raw, st.sampled_from(written))
    return padded | padded.map(lambda text: text.rstrip("="))


KEY_BEGINNINGS = "|".join((*shapes._LIKELY, r"(?<![A-Za-z0-9])[a-z][a-z0-9]{1,11}[_-]"))
ULIDS = st.text("0123456789ABCDEFGHJKMNPQRSTVWXYZ", min_size=26, max_size=26)
SEMVERS = st.builds(
    "{}{}.{}.{}{}".format,
    st.sampled_from(["", "v", "release-"]),
    *[st.integers(0, 99)] * 3,
    st.sampled_from(["", "rc1", "-rc.1", ".dev3", "+g12ab", "-pw.1", "+token=3"]),
)
WORDY = st.lists(st.sampled_from([*KEY_WORDS, "1", "a", "v2", "main"]), min_size=1, max_size=5).flatmap(
    lambda words: st.sampled_from("-_.=:/+").map(lambda mark: mark.join(words))
)
# What a token of a known service looks like may be drawn too, but for hashes of the two sizes that flytekit makes.
NAMES = digests(16) | digests(32) | ULIDS | SEMVERS | WORDY


@given(NAMES)
@example("JiepXcXB3SiEJ8pwYDy-7g==")
@example("sk-p72FermfcRun-QJI4sw==")
@example("pk-kTVu5h8MwdDPR2QqUfA")
def test_identifiers_stay_as_they_are(text: str) -> None:
    """No word in an identifier is a key: neither in a hash, nor where somebody wrote it."""
    assert mask_identifier(text) == text
    for name in IDENTIFIERS:
        assert mask_field(name, text) == text
        assert masked(name, text) == text
        assert mask_value(text, name) == text
        assert mask_value({"id": {name: text, "x": [{name: text}]}}) == {"id": {name: text, "x": [{name: text}]}}
        assert json.loads(mask_text(json.dumps({name: text}))) == {name: text}


@given(NAMES, NAMES)
@example("password", "JiepXcXB3SiEJ8pwYDy-7g")
@example("name", "EAA0" + "0" * 60)
def test_images_keep_their_tags_and_digests(name: str, tag: str) -> None:
    digest = "sha256:9f86d081884c7d659a2feaa0c55ad015a3bf4f1b2b0b822cd15d6c15b0f00a08"
    for image in (
        f"{name}:{tag}",
        f"ghcr.io/acme/{name}:{tag}",
        f"cr.example.com:5000/{name}@{digest}",
        f"{name}:{tag}@{digest}",
    ):
        assert mask_identifier(image) == image
        assert mask_value({"containers": [{"image": image}]}) == {"containers": [{"image": image}]}


SHAPED = {
    "https://bob:hunter2@registry/image:v1": "https://bob:••••••@registry/image:v1",
    "https://hunter2hunter2hunter2@github.com/acme/app": "https://••••••@github.com/acme/app",
    "v1-ghp_0123456789abcdefghijABCDEFGHIJ012345": "v1-••••••",
    "registry/glpat-0123456789abcdefghij:v1": "registry/••••••:v1",
    "xoxb-0123456789-abcdef": "••••••",
    "sk-proj-0123456789abcdefghij": "••••••",
    "AKIAABCDEFGHIJKLMNOP": "••••••",
    "eyJhbGciOiJIUzI1NiJ9.eyJzdWIiOiIxIn0.abcdefgh": "••••••",
}


@pytest.mark.parametrize("text", SHAPED)
def test_secrets_by_their_shape_are_masked_in_identifiers_too(text: str) -> None:
    assert mask_identifier(text) == SHAPED[text]
    assert mask_value({"version": text, "image": text}) == {"version": SHAPED[text], "image": SHAPED[text]}
    with ftn.set_options(reveal_secrets=True):
        assert mask_identifier(text) == text


@pytest.mark.parametrize("text", [text for text in TEXTS if re.search(r"[\s\"'{}\[\]]", text)])
def test_what_is_more_than_a_name_is_no_identifier(text: str) -> None:
    """Under a name's key too: a script or a dict that somebody put there holds entries."""
    assert mask_value({"name": text, "image": text}) == {"name": TEXTS[text], "image": TEXTS[text]}


@given(digests(16) | digests(32) | ULIDS)
@example("OnLKsgQW-qADSHJYDNoveYWUHe9hw1awR1RfmDWZ9_A=")
@example("EAA0" + "0" * 60)
def test_hashes_are_no_keys(text: str) -> None:
    """A short word in the letters of a hash is there by chance, but where it is one that a service's keys begin with."""
    if re.search(f"(?i)(?<![a-z0-9])({'|'.join(KEY_WORDS)})(?![a-z0-9])", text) is None:
        assert mask_text(f"{text}=={text}") == f"{text}=={text}" or re.search(KEY_BEGINNINGS, text)


@pytest.mark.parametrize(
    "around", ["acme_{}-prod1", "acme_{}fG3hJ-", "x--acme_{}fG3", "k-acme_{}fG3h", "acme_live_{}z"]
)
def test_a_token_is_one_though_it_has_the_length_of_a_digest(around: str) -> None:
    text = f"see {around.format('k7Tq2ZxW9bVn4LmPs8RyCd1EfGh3JkAu')} now"
    assert len(text.split()[1]) == len("OnLKsgQW-qADSHJYDNoveYWUHe9hw1awR1RfmDWZ9_A")
    assert mask_text(text) != text


@pytest.mark.parametrize("version", ["JiepXcXB3SiEJ8pwYDy-7g==", "token=5", "password:v1", "api-key=a1"])
def test_no_output_alters_an_identifier(version: str) -> None:
    """Versions, names and images stand in every output as they are, unless they hold a URL's password."""
    image = f"ghcr.io/acme/app-password:{version.strip('=').replace('=', '-').replace(':', '-')}"

    def task(**changes: str) -> ftn.FlyteTask:
        spec = task_pb2.TaskSpec()
        one = spec.template
        one.id.project, one.id.domain, one.id.name = "pw", "auth", "app.secret:token"
        one.id.version = changes.get("version", version)
        one.type = "python-task"
        one.container.image = changes.get("image", image)
        return ftn.FlyteTask.from_flyte_idl(spec)

    # Of another repository: a release that moves the tag alone is folded, and its versions with it.
    new, old = task(), task(version="v0", image="ghcr.io/acme/old-password:v0")
    everything = {
        "diff": ftn.diff(old, new),
        "task": new,
        "history": ftn.history([old, new]),
        "plan": ftn.plan([new], [old]),
        "tasks": ftn.TaskCollection([old, new]),
    }
    for what, shown in everything.items():
        for text in (shown.to_text(), shown.to_markdown(), html_text(shown.to_html()), repr(shown)):
            assert MASK not in text, what
        # What looks like a hash is shortened where versions stand side by side, and whole in the page's titles.
        is_alone = what in {"task", "diff"}
        assert (version if is_alone else version[:7]) in shown.to_text(), what
        assert version in html.unescape(shown.to_html()).replace("<wbr>", ""), what
    for text in (repr(new.id), str(new.id), str(everything["diff"].to_dict()), str(everything["plan"].to_dict())):
        assert MASK not in text
        assert version in text
    for frame in (ftn.tabulate([new]), everything["diff"].to_frame(), everything["history"].matrix()):
        assert MASK not in frame.to_csv()
    assert image in ftn.tabulate([new]).to_csv()
    secret = task(version=f"https://bob:{SECRET}@host", image=f"https://bob:{SECRET}@registry/image")
    for text in (repr(secret.id), str(ftn.diff(old, secret).to_dict()), repr(ftn.plan([secret], [old])[0])):
        assert SECRET not in text


def html_text(markup: str) -> str:
    return html.unescape(re.sub("<[^>]*>", "", markup))
