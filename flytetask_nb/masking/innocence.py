"""Values under a secret's key that are none: nothing, a switch, a stand-in, or where the secret is to be had."""

from __future__ import annotations

import re

from flytetask_nb.masking.keys import PASSWORDS, is_secret_key, words_of

_NOTHING = frozenset(
    "true false yes no on off none null nil undefined nan n/a na enabled disabled ~ !!null {} [] () redacted "
    "masked".split()
)
# How somebody is to be let in, not with what.
_METHODS = frozenset(
    "anonymous api_key apikey auth0 aws azure basic bearer cert certificate cognito digest external gcp github google "
    "gssapi iam ident internal jwt kerberos keycloak ldap local md5 mtls negotiate ntlm oauth oauth2 oidc okta pam "
    "password peer plain radius saml sasl sasl_plaintext sasl_ssl scram scram-sha-256 scram-sha-512 simple ssl tls "
    "token trust x509".split()
)
_STAND_IN = re.compile(
    r"""[*•.…]+|[xX]{3,}|</?\|?[A-Za-z_][A-Za-z_ .:|-]*>|\[[A-Z][A-Z_ -]*\]|
    \$\{(?:(?:env|oc\.env|sys|secrets?|vault|ssm|file|config)[.:])?[\w.]*\}|\$\(.*\)|\$[A-Z][A-Z0-9_]*|\$\{?\d\}?|\$\{\{.*\}\}|\$\{[\w.]+:?\?[^}]*\}|
    \{\{.*\}\}|\{%.*%\}|%\(\w+\)s|%[sd]|%[A-Z_]{2,}%|\?|
    !(?:vault|Ref|Sub|GetAtt|ENV|env_var|secret)\b.*|
    (?:vault|op|ref\+\w+|awssm|gcpsm|azurekv|keyvault|env|file|ssm|secretsmanager|secretref)[:#/].*|
    arn:aws[\w-]*:(?:secretsmanager|ssm|kms|iam):.*|projects/[\w-]+/secrets/[\w/.-]+""",
    re.VERBOSE | re.DOTALL,
)
# The path of a file; a drawn key of base64 has slashes too, but capitals and no such first words.
_PATH = re.compile(
    r"(?:~|\.{1,2}|[A-Z]:)?[/\\][a-z0-9_.-]+(?:[/\\][A-Za-z0-9_.-]+)+|[\w.-]+\.(?:json|pem|key|crt|txt|ya?ml|jks|p12)"
)

_TYPES = re.compile(
    r"""(?:typing\.|builtins\.|t\.)?(?:str|string|int|integer|bool|boolean|bytes|bytearray|float|number|any|Any|object|
    dict|list|text|varchar|SecretStr|SecretBytes|None|Optional|Union|String|Text|Callable|Literal|undefined|unknown)
    (?![\w-])""",
    re.VERBOSE,
)
_SAYINGS = frozenset(
    "return raise pass continue break required optional deprecated unused todo tbd secret sensitive".split()
)
_NAME = re.compile(r"[A-Za-z_]\w*(?:\.[A-Za-z_]\w*)*")
_CALL = re.compile(r"(?:(?:await|new|lambda)\s+)?[A-Za-z_][\w.]*[(\[]")
_BOUND = re.compile(r"[:@][A-Za-z_]\w*|%s|\?|\$\d+")
_DIGIT = re.compile(r"\d")
_END = ",;)]}"

LEAST_DRAWN, LEAST_LETTERS, _LEAST_CASES = 12, 20, 6
_SWITCHED = re.compile("[a-z][A-Z]|[A-Z][a-z]")
_PROSE = re.compile(r"[^\W\d]+(?:['-][^\W\d]+)*[.,;:!?]?(?:\s+\(?[^\W\d]+(?:['-][^\W\d]+)*\)?[.,;:!?]?){2,}")


def is_innocent(key: str, value: str) -> bool:
    """Tell whether what stands under a secret-looking key is no secret.

    Returns bool: True for switches (``USE_AUTH=false``), methods (``AUTH=ldap``), stand-ins (``<token>``, ``${TOKEN}``,
      ``{{.inputs.token}}``), and the paths of files under a key that is no password's.
    """
    text = value.strip()
    lower = text.lower()
    if not text or lower in _NOTHING or _STAND_IN.fullmatch(text) is not None:
        return True
    words = words_of(key)
    if lower in _METHODS:
        return bool(words) and words[-1] in {"auth", "authentication", "authorization"}
    return PASSWORDS.isdisjoint(words) and _PATH.fullmatch(text) is not None and not is_drawn(text)


def is_code(key: str, value: str, *, spaced: bool) -> bool:
    """Tell whether what stands unquoted beside a secret-looking key is a type, a variable, or a call.

    ``key``: the key.
    ``value``: what follows it, to the end of the word or further.
    ``spaced``: whether there are blanks around the sign, which a shell would not have.
    """
    text = value.rstrip(_END)
    if _TYPES.match(value) or _BOUND.fullmatch(text) or _CALL.match(value) or text.lower() in _SAYINGS:
        return True
    if _NAME.fullmatch(text) is None or _DIGIT.search(text):
        return False
    if "." in text or (text == key and text.islower()):
        return is_secret_key(text)
    return spaced and (text == key.rpartition(".")[2] or "_" in text) and is_secret_key(text)


def is_prose(text: str) -> bool:
    """Tell whether a text is a sentence of three words and more: ``token: the token to use``."""
    return _PROSE.fullmatch(text.strip()) is not None


def is_drawn(text: str) -> bool:
    """Tell whether a word reads like one that a machine drew: letters and digits in no order."""
    for piece in re.split(r"[^A-Za-z0-9]+", text):
        if len(piece) >= LEAST_DRAWN and _DIGIT.search(piece) and not piece.isdecimal():
            return True
        if len(piece) >= LEAST_LETTERS and len(_SWITCHED.findall(piece)) >= _LEAST_CASES:
            return True
    return False
