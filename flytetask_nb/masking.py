"""What counts as a secret, and how it is kept out of every output.

Tasks carry secrets where they should not: in environment variables, labels, plugin settings, command lines and
URLs. Their values stay in the models untouched; whatever is *shown* passes through here first. The rules are this
package's own policy: a key is judged by its words, so ``DB_PASSWORD`` and ``apiToken`` are secret and
``TOKENIZERS_PARALLELISM`` and ``max_tokens`` are not.
"""

from __future__ import annotations

import re
from functools import lru_cache
from itertools import pairwise
from typing import Any

from flytetask_nb.options import OPTIONS

__all__ = [
    "IDENTIFIERS",
    "MASK",
    "SHAPES",
    "has_sign_of_secret",
    "is_secret_key",
    "mask_arguments",
    "mask_field",
    "mask_identifier",
    "mask_text",
    "mask_urls",
    "mask_value",
    "masked",
    "telling_key",
]

MASK = "••••••"
"""What stands in place of a masked value."""

_WORDS = frozenset(
    "auth authorization bearer cookie cookies credential credentials dsn jwt pass passphrase passwd password "
    "passwords pat pin pw pwd sas secret secrets token webhook".split()
)
_PAIRS = frozenset(
    (first, second)
    for seconds, firsts in {
        "key keys": "access account anthropic api app application auth azure client datadog deploy encryption license "
        "master openai private secret sendgrid service session shared signing ssh storage stripe wandb",
        "token tokens": "access api auth bearer refresh session",
        "signature": "access",
        "string str": "connection conn",
        "url urls": "webhook",
        "pem": "private",
    }.items()
    for second in seconds.split()
    for first in firsts.split()
)
# Unmistakable inside a word that was written together (DBPASSWORD, mysecretvalue).
_PARTS = (
    *("password", "passwd", "passphrase", "secret", "credential"),
    *("apikey", "accesskey", "authkey", "privatekey", "connectionstring"),
)
_ENDINGS = ("token", "pwd")
# TOKEN_FILE, secretName, secretKeyRef, pin_memory: they say where a secret is or how it is used, or speak of something
# else; they do not hold it.
_REFERENCES = frozenset(
    "algorithm audience backend class count dir enabled endpoint engine env expiry file group header issuer length "
    "limit manager memory method mode mount name names path policy port provider rate realm ref refs region scope "
    "scopes size store threshold through ttl type uri url user username var version".split()
)
# The shell's working directories, not passwords.
_NO_SECRETS = frozenset({"PWD", "OLDPWD"})

_WORD = re.compile("[A-Z]+(?![a-z])|[A-Z]?[a-z]+|[0-9]+")
# Letters and digits that were drawn, as of a hash, fall into many pieces, and these are short.
_RUN = re.compile("[A-Za-z0-9]+")
_SHORT_WORD, _FEW_PIECES, _LENGTH_OF_WORDS = 3, 4, 3

IDENTIFIERS = frozenset({"project", "domain", "name", "version", "image"})
"""Fields that name something."""
_ONE_WORD = re.compile(r"""[^\s"'{}\[\]<>]+""")
# The MD5 and SHA-256 that versions are made of, in base64. Three letters of it may read like the beginning of a key.
_DIGEST = re.compile(r"[\w-]{22}(?:==)?|[\w-]{43}=?")

# user:password@host, also where the user is missing. The password may hold anything but blanks, even what a URL would
# have to escape; what reads as a port is none. Looked for in one word up to its last @ at a time, and behind schemes of
# bounded length: no text makes the search quadratic.
_WORD_WITH_URL = re.compile(r"\S+")
_URL_PASSWORD = re.compile(
    r"""(?P<head>[A-Za-z][A-Za-z0-9+.-]{0,30}://[^\s/:@'"]*:)(?!\d+(?:[/?#"',;)\]}\s]|$))(?P<secret>\S+)(?=@)"""
)
# A user so long is a token (git hosts take it in the user's place).
_URL_TOKEN = re.compile(r"""(?P<head>https?://)(?P<secret>[^\s/:@'"]{20,})(?=@)""")
# ?token=..., &sig=..., #access_token=...: signed URLs carry their secret as a parameter.
_URL_PARAMETER = re.compile(r"""(?P<head>[?&;#](?P<key>[\w.-]+)=)(?P<secret>[^&;\s'"]+)""")
_SIGNATURES = frozenset({"key", "sig", "signature", "x-amz-signature", "x-amz-security-token", "x-goog-signature"})

_KEYS = r"\b(?:sk|pk|rk)[-_][\w-]{16,}"  # OpenAI, Anthropic, Stripe
# What is a secret by its looks alone, wherever it stands.
SHAPES = (
    r"\b(?:gh[opsur]_\w{20,}|github_pat_\w{20,}|glpat-[\w-]{16,})"  # GitHub, GitLab
    r"|\bxox[a-z]-[\w-]{10,}"  # Slack
    r"|\bhooks\.slack\.com/services/[\w/]+"
    rf"|{_KEYS}"
    r"|\bhf_\w{20,}"  # Hugging Face
    r"|\bA(?:KIA|SIA)[0-9A-Z]{16}\b|\bAIza[\w-]{30,}"  # AWS, Google
    r"|\beyJ[\w-]{8,}\.[\w-]{8,}\.[\w-]*"  # a JSON web token
)
"""Those looks of a single word, as a regular expression that other engines read too."""
_PRIVATE_KEY = r"-----BEGIN [A-Z ]*PRIVATE KEY-----.*?(?:-----END [A-Z ]*PRIVATE KEY-----|\Z)"
_SHAPES = re.compile(f"{_PRIVATE_KEY}|{SHAPES}", re.DOTALL)
# One of these stands in all of them. Most texts have none, and telling so costs a tenth of searching for the looks.
_SIGNS = ("gh", "github_pat_", "glpat-", "xox", "hooks.slack", "hf_", "AKIA", "ASIA", "AIza", "eyJ", "-----BEGIN")
_SIGN_OF_KEYS = re.compile(r"\b[spr]k[-_]")
# Authorization's schemes; the lookahead leaves prose ("basic authentication") alone.
_SCHEME = re.compile(r"\b(?P<head>(?:Bearer|Basic)\s+)(?=\S*[0-9._~+/=-])(?P<secret>[\w.~+/=-]{6,})", re.IGNORECASE)

# What "==" is followed by: a version, as in pyjwt==2.8, or nothing, as at the end of base64.
_NO_VALUE = r"""=(?:[0-9]+(?:\.(?:[0-9]+|\*))*(?:\.?(?:a|b|rc|post|dev)[0-9]+)?)?(?![^\s/"':,;)\]}=])"""
# KEY=value, "key": value, key: value, --key value within a longer text: a shell script, JSON, YAML, a header. The key
# is matched ahead and then repeated, so that the search never tries shorter ones: "a.a.a..." would take forever.
_ENTRY = re.compile(
    r"""(?<![\w/])(?=(?P<key>[A-Za-z_][\w.-]{0,200}))(?P=key)(?P<closing>\\*["'])?"""
    r"""(?P<sign>\s*==\s*(?=\\*["'])|\s*=(?!NO_VALUE)>?\s*|\s*:\s*|(?<=[\w"'])\s+)(?=\S)""".replace(
        "NO_VALUE", _NO_VALUE
    )
)
# A quote inside may be escaped, as in JSON, or doubled, as in SQL; one that is never closed holds the rest.
_QUOTED = re.compile(
    r"""(?P<quote>\\*["'])(?P<secret>(?:(?P=quote){2}|.)*?)(?:(?<!\\)(?P=quote)(?!(?P=quote))|\Z)""", re.DOTALL
)
_BRACKET = re.compile(r"[\[\]{}]")
_BRACKETS = "{["
_REST_OF_WORD = re.compile(r"""[^\s;&|"']+""")
_REST_OF_LINE = re.compile(r"""[^\r\n"']+""")
_LAST_WORD = re.compile(r"""\S+(?=[ \t]*(?:[\r\n]|\Z))""")
_HEADERS = frozenset({"authorization", "cookie"})
_PASSWORDS = frozenset({"pass", "passphrase", "passwd", "password", "pwd"})

_INSIDE = re.compile(r".?:|\w[.-]", re.DOTALL)

_FLAG = re.compile(r"^(?P<head>--?(?P<key>[A-Za-z][\w.-]*))(?P<equals>=)?(?P<secret>.*)$", re.DOTALL)
_ASSIGNMENT = re.compile(rf"^(?P<key>[A-Za-z_][\w.-]*)=(?!{_NO_VALUE})(?P<secret>.+)$", re.DOTALL)
_LONGEST_SHORT_FLAG = 2
# No secret that is told by its looks is shorter: most texts need not be searched for one.
_SHORTEST_SHAPE = 12

# How lists of key and value spell the two: Kubernetes, AWS.
_NAMES = ("name", "key", "Name", "Key")
_VALUES = frozenset({"value", "Value"})

_LONGEST_REMEMBERED = 200
_known: dict[str, bool] = {}
_KNOWN_LIMIT = 10_000


def is_secret_key(key: str) -> bool:
    """Tell whether a key names something that should not be shown.

    Parameters
    ----------
    key
        Name of an environment variable, a label, a setting or a command line flag.

    Returns
    -------
    bool
        True if one of the key's words says so (``password``, ``token``, ``api key`` and the like).
    """
    answer = _known.get(key)
    if answer is None:
        if len(_known) >= _KNOWN_LIMIT:
            _known.clear()
        answer = _known[key] = _looks_secret(key)
    return answer


def _words(key: str) -> list[str]:
    return [word.lower() for word in _WORD.findall(key)]


def _looks_secret(key: str) -> bool:
    words = _words(key)
    if not words or key in _NO_SECRETS:
        return False
    if tuple(words[-2:]) in _PAIRS:
        return True
    if words[-1] in _REFERENCES:
        return False
    # Beside a hash, or in it, short words stand by chance: what somebody chose is long.
    shortest = _SHORT_WORD if len(words) > _FEW_PIECES and any(map(_is_drawn, _RUN.findall(key))) else 0
    if any(pair in _PAIRS for pair in pairwise(words)):
        return True
    joined = "".join(words)
    return (
        any(word in _WORDS and len(word) > shortest for word in words)
        or any(part in joined for part in _PARTS)
        or any(word.endswith(ending) for ending in _ENDINGS if len(ending) > shortest for word in words)
    )


def _is_drawn(run: str) -> bool:
    pieces = len(_WORD.findall(run))
    return pieces > _FEW_PIECES and len(run) < _LENGTH_OF_WORDS * pieces


def mask_text(text: str) -> str:
    """Return the text with the secrets masked that can be told from the text itself.

    Parameters
    ----------
    text
        Any text: a URL, a script, JSON, a connection string, prose.

    Returns
    -------
    str
        The text without passwords of URLs, values that stand beside a secret-looking key (``PASSWORD=...``,
        ``"apiKey": "..."``, ``--token ...``, ``Authorization: ...``), and what is a secret by its looks (private
        keys, tokens of well-known services). With ``reveal_secrets`` the text untouched.
    """
    if OPTIONS["reveal_secrets"] or not text:
        return text
    # The words of a command line and the names of images are the same in thousands of tasks.
    return _mask_short(text) if len(text) <= _LONGEST_REMEMBERED else _mask_any(text)


def mask_identifier(text: str) -> str:
    """Return a project, domain, name, version or image with what is a secret by its own shape masked.

    Parameters
    ----------
    text
        The identifier. No word of it is a key: ``JiepXcXB3SiEJ8pwYDy-7g==`` is a hash and ``app-password:v1`` an image
        with its tag.

    Returns
    -------
    str
        The text without passwords of URLs and tokens of well-known services. With ``reveal_secrets`` the text
        untouched.
    """
    if OPTIONS["reveal_secrets"] or len(text) < _SHORTEST_SHAPE:
        return text
    return _identifier_short(text) if len(text) <= _LONGEST_REMEMBERED else _identifier(text)


def _identifier(text: str) -> str:
    shown = _mask_shapes(text)
    is_chance = shown != text and _DIGEST.fullmatch(text) and re.search(_KEYS, text)
    return text if is_chance else shown


# Versions and images are the same in all tasks of a release.
_identifier_short = lru_cache(maxsize=8192)(_identifier)


def mask_field(name: str, value: Any) -> Any:
    """Return the value of a model's field as it is shown: identifiers by ``mask_identifier``, others by ``mask_value``.

    Parameters
    ----------
    name
        The field's name.
    value
        What it holds.
    """
    return mask_identifier(value) if name in IDENTIFIERS and isinstance(value, str) else mask_value(value)


def mask_urls(text: str) -> str:
    """Return the text with the passwords and signatures of its URLs masked, and nothing else.

    For what reads like ``password: str`` without being a secret: the notation of types.
    """
    return text if OPTIONS["reveal_secrets"] or "://" not in text else _mask_urls(text)


def _mask_any(text: str) -> str:
    if text[0] in "{[" and text.rstrip()[-1] in "}]":
        return _mask_json(text)
    return _mask_plain(text)


_mask_short = lru_cache(maxsize=8192)(_mask_any)


def _mask_json(text: str) -> str:
    """Mask JSON by its structure, so that what stands deep under a secret key is found too."""
    import json  # noqa: PLC0415 - few texts are JSON

    try:
        value = json.loads(text)
    except (ValueError, RecursionError):
        return _mask_plain(text)
    shown = _mask_nested(value, secret=False)
    return text if shown == value else json.dumps(shown, ensure_ascii=False)


def _mask_plain(text: str) -> str:
    if "://" in text:
        text = _mask_urls(text)
    text = _mask_looks(text)
    return _mask_entries(text) if "=" in text or ":" in text or _has_words(text) else text


def _mask_shapes(text: str) -> str:
    """Mask what is a secret by its own shape, whatever stands around it."""
    return _mask_looks(_mask_users(text) if "://" in text else text)


def _mask_looks(text: str) -> str:
    if len(text) >= _SHORTEST_SHAPE:
        if has_sign_of_secret(text):
            text = _SHAPES.sub(MASK, text)
        if _has_words(text):
            text = _SCHEME.sub(_without_secret, text)
    return text


def has_sign_of_secret(text: str) -> bool:
    """Tell whether anything in a text can be a secret by its looks alone."""
    if any(sign in text for sign in _SIGNS):
        return True
    return ("k_" in text or "k-" in text) and _SIGN_OF_KEYS.search(text) is not None


def _has_words(text: str) -> bool:
    """Tell whether blanks stand between anything."""
    return len(text.split(None, 1)) > 1


def _mask_urls(text: str) -> str:
    text = _mask_users(text)
    return _URL_PARAMETER.sub(_mask_parameter, text) if "=" in text else text


def _mask_users(text: str) -> str:
    if "@" in text:
        text = _WORD_WITH_URL.sub(_mask_url_password, text)
        text = _URL_TOKEN.sub(_without_secret, text)
    return text


def _without_secret(found: re.Match[str]) -> str:
    return f"{found['head']}{MASK}"


def _mask_url_password(found: re.Match[str]) -> str:
    word = found[0]
    end = word.rfind("@") + 1
    return _URL_PASSWORD.sub(_without_secret, word[:end]) + word[end:] if end and "://" in word else word


def _mask_parameter(found: re.Match[str]) -> str:
    if found["key"].lower() in _SIGNATURES or is_secret_key(found["key"]):
        return _without_secret(found)
    return found[0]


def _mask_entries(text: str) -> str:
    shown: list[str] = []
    done = 0
    start = 0
    while (entry := _ENTRY.search(text, start)) is not None:
        # Only the key is stepped over: a harmless one may hold an entry of its own (--env=PASSWORD=...).
        start = entry.end("key")
        if is_secret_key(entry["key"]):
            value = _value_of(entry, text)
            if value is not None:
                first, last = value
                shown += [text[done:first], MASK]
                done = start = last
    return "".join([*shown, text[done:]]) if done else text


def _value_of(entry: re.Match[str], text: str) -> tuple[int, int] | None:
    """Return where the value of a secret-looking key begins and ends; None if the key only looks like one."""
    sign = entry["sign"].strip()
    flag = text[max(entry.start() - 1, 0) : entry.start()] == "-"
    start = entry.end()
    quoted = _QUOTED.match(text, start)
    if not sign:
        # --token abc is a flag with its value, "token abc" is prose, and so is a flag that another follows. SQL sets
        # a password by PASSWORD 'abc'.
        is_sql = quoted is not None and not _PASSWORDS.isdisjoint(_words(entry["key"]))
        if not (flag or is_sql) or entry["closing"] or text.startswith("--", start):
            return None
    elif sign == ":" and not entry["closing"] and quoted is None:
        return _after_colon(entry, text)
    if quoted is not None:
        return quoted.span("secret") if quoted["secret"] else None
    if entry["closing"] and text[start] in _BRACKETS:
        return start, _closing_bracket(text, start)
    rest = _REST_OF_WORD.match(text, start)
    return None if rest is None else rest.span()


def _closing_bracket(text: str, start: int) -> int:
    """Return where the list or object that opens here ends: what is no JSON, or was cut, cannot be parsed."""
    depth = 0
    for found in _BRACKET.finditer(text, start):
        depth += 1 if found[0] in _BRACKETS else -1
        if not depth:
            return found.end()
    return len(text)


def _after_colon(entry: re.Match[str], text: str) -> tuple[int, int] | None:
    """Tell ``X-Api-Key: abc`` and ``password: abc`` from prose such as ``token: the token to use``."""
    words = _words(entry["key"])
    spaced = entry["sign"] != ":"
    if spaced and ("-" in entry["key"] or _HEADERS.intersection(words)):
        rest = _REST_OF_LINE.match(text, entry.end())
    elif spaced:
        rest = _LAST_WORD.match(text, entry.end())
    elif _PASSWORDS.intersection(words) and not _INSIDE.fullmatch(text[max(entry.start() - 2, 0) : entry.start()]):
        # password:abc, but not arn:aws:...:secret:name, nor the tag of an image, registry/some-password:v1.
        rest = _REST_OF_WORD.match(text, entry.end())
    else:
        rest = None
    return None if rest is None else rest.span()


def masked(key: str, text: str) -> str:
    """Return the text of an entry, masked if its key looks secret.

    Parameters
    ----------
    key
        The entry's key.
    text
        Its value. An empty value is shown as it is: there is nothing to hide, and that it is empty matters.
    """
    if text and is_secret_key(key) and not OPTIONS["reveal_secrets"]:
        return MASK
    return mask_identifier(text) if _identifies(key, text) else mask_text(text)


def _identifies(key: object, text: str) -> bool:
    """Tell whether an entry names something; what has blanks or quotes in it is more than a name."""
    return key in IDENTIFIERS and _ONE_WORD.fullmatch(text) is not None


def mask_value(value: Any, key: str = "") -> Any:
    """Return a copy of a JSON-like value with everything secret in it masked.

    Parameters
    ----------
    value
        dict, list, text, number, bool or None, nested at will. Other objects are left as they are: an input that
        is called ``token`` has a type, which is no secret, and models mask themselves.
    key
        The key that the value stands under, if any.

    Returns
    -------
    object
        The same shape. Kubernetes' ``{"name": ..., "value": ...}`` entries are judged by their name; a list or
        dict under a secret key keeps its shape and loses its texts and numbers, except those that only say where
        the secret is (``secretName``).
    """
    if OPTIONS["reveal_secrets"]:
        return value
    return _mask_entry(key, value, secret=bool(key) and is_secret_key(key))


def _mask_nested(value: Any, *, secret: bool) -> Any:
    if isinstance(value, dict):
        named = any(isinstance(value.get(name), str) and is_secret_key(value[name]) for name in _NAMES)
        return {
            entry: _mask_entry(
                entry,
                inner,
                secret=(named and entry in _VALUES)
                or (isinstance(entry, str) and (is_secret_key(entry) or (secret and not _refers(entry)))),
            )
            for entry, inner in value.items()
        }
    if isinstance(value, list | tuple):
        if not secret and any(isinstance(item, str) for item in value):
            return _mask_words(value)
        return [_mask_nested(item, secret=secret) for item in value]
    if secret and isinstance(value, str | bytes | int | float) and value != "" and not isinstance(value, bool):
        return MASK
    return mask_text(value) if isinstance(value, str) else value


def _mask_entry(key: Any, value: Any, *, secret: bool) -> Any:
    if not secret and isinstance(value, str) and _identifies(key, value):
        return mask_identifier(value)
    return _mask_nested(value, secret=secret)


def _mask_words(items: list[Any] | tuple[Any, ...]) -> list[Any]:
    """Mask a list with texts in it as the command line that it may be; a number can be a flag's value too."""
    nested = [isinstance(item, dict | list | tuple) for item in items]
    words = mask_arguments(["" if inner else str(item) for item, inner in zip(items, nested, strict=True)])
    return [
        word if isinstance(item, str) or word == MASK else _mask_nested(item, secret=False)
        for item, word in zip(items, words, strict=True)
    ]


def telling_key(outer: str, key: str) -> str:
    """Return the key that says whether the value under ``key`` in a dict is secret.

    Parameters
    ----------
    outer
        The key that the dict stands under.
    key
        A key in it.

    Returns
    -------
    str
        ``outer`` where that names a secret, unless ``key`` only says where the secret is; else ``key``.
    """
    return outer if is_secret_key(outer) and not _refers(key) else key


def _refers(key: str) -> bool:
    """Tell whether an entry under a secret-looking key only says where the secret is: ``secret: {secretName: ...}``."""
    words = _words(key)
    return bool(words) and words[-1] in _REFERENCES


def mask_arguments(arguments: list[str]) -> list[str]:
    """Return the words of a command line with the values of secret-looking flags masked.

    Parameters
    ----------
    arguments
        The words. ``--db-password x``, ``--db-password=x`` and ``DB_PASSWORD=x`` are recognised, and whatever
        ``mask_text`` finds inside one word.

    Returns
    -------
    list of str
        As many words as were given.
    """
    if OPTIONS["reveal_secrets"]:
        return arguments
    shown: list[str] = []
    hide_next = False
    for word in arguments:
        # A password may begin with a dash; what reads as the next flag is none.
        if (
            hide_next
            and word
            and not word.startswith("--")
            and not (word[0] == "-" and len(word) <= _LONGEST_SHORT_FLAG)
        ):
            shown.append(MASK)
            hide_next = False
            continue
        hide_next = False
        flag = _FLAG.match(word) if word.startswith("-") else None
        if flag is not None and is_secret_key(flag["key"]):
            if flag["equals"]:
                shown.append(f"{flag['head']}={MASK}" if flag["secret"] else word)
                continue
            hide_next = not flag["secret"]
        elif flag is None and "=" in word:
            assignment = _ASSIGNMENT.match(word)
            if assignment is not None and is_secret_key(assignment["key"]):
                shown.append(f"{assignment['key']}={MASK}")
                continue
        shown.append(mask_text(word))
    return shown
