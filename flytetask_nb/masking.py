"""What counts as a secret, and how it is kept out of every output.

Tasks carry secrets where they should not: in environment variables, labels, plugin settings, command lines and
URLs. Their values stay in the models untouched; whatever is *shown* passes through here first. The rules are this
package's own policy: a key is judged by its words, so ``DB_PASSWORD`` and ``apiToken`` are secret and
``TOKENIZERS_PARALLELISM`` and ``max_tokens`` are not.
"""

from __future__ import annotations

import re
from itertools import pairwise
from typing import Any

from flytetask_nb.options import OPTIONS

__all__ = ["MASK", "is_secret_key", "mask_arguments", "mask_text", "mask_value", "masked"]

MASK = "••••••"
"""What stands in place of a masked value."""

_WORDS = frozenset(
    "auth authorization bearer cookie credential credentials dsn jwt pass passphrase passwd password pat pin pw pwd "
    "sas secret secrets token".split()
)
_PAIRS = frozenset(
    (first, second)
    for second, firsts in {
        "key": "access account api app application auth client encryption license master private secret service "
        "shared signing ssh storage",
        "string": "connection conn",
        "url": "webhook",
    }.items()
    for first in firsts.split()
)
# Unmistakable inside a word that was written together (DBPASSWORD, mysecretvalue).
_PARTS = ("password", "passwd", "passphrase", "secret", "apikey", "accesskey", "privatekey", "credential")
_ENDINGS = ("token", "pwd")
# TOKEN_FILE, secretName, secretKeyRef: they say where a secret is or how it is used, they do not hold it.
_REFERENCES = frozenset(
    "count dir enabled endpoint expiry file group length limit mount name names path policy ref refs size ttl type "
    "version".split()
)

_WORD = re.compile("[A-Z]+(?![a-z])|[A-Z]?[a-z]+|[0-9]+")
# user:password@host, also where the user is missing; the password may hold anything but blanks, quotes and slashes.
_URL_PASSWORD = re.compile(r"""(?P<head>[A-Za-z][A-Za-z0-9+.-]*://[^\s/:@'"]*:)(?P<secret>[^\s/'"]+)(?=@)""")
# ?token=..., &sig=...: signed URLs carry their secret as a parameter.
_URL_PARAMETER = re.compile(r"""(?P<head>[?&;](?P<key>[\w.-]+)=)(?P<secret>[^&;\s'"]+)""")
_SIGNATURES = frozenset({"sig", "signature", "x-amz-signature", "x-amz-security-token", "x-goog-signature"})
_FLAG = re.compile(r"^(?P<head>--?(?P<key>[A-Za-z][\w.-]*))(?P<equals>=)?(?P<secret>.*)$", re.DOTALL)
_ASSIGNMENT = re.compile(r"^(?P<key>[A-Za-z_][\w.-]*)=(?P<secret>.+)$", re.DOTALL)

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


def _looks_secret(key: str) -> bool:
    words = [word.lower() for word in _WORD.findall(key)]
    if not words or words[-1] in _REFERENCES:
        return False
    if any(word in _WORDS for word in words):
        return True
    if any(pair in _PAIRS for pair in pairwise(words)):
        return True
    joined = "".join(words)
    return any(part in joined for part in _PARTS) or any(word.endswith(_ENDINGS) for word in words)


def mask_text(text: str) -> str:
    """Give the text with the passwords of its URLs masked.

    Parameters
    ----------
    text
        Any text; what is no URL with credentials is given back as it is.

    Returns
    -------
    str
        The text, or with ``reveal_secrets`` the text untouched.
    """
    if "://" not in text or OPTIONS["reveal_secrets"]:
        return text
    if "@" in text:
        text = _URL_PASSWORD.sub(lambda found: found["head"] + MASK, text)
    if "=" in text:
        text = _URL_PARAMETER.sub(_mask_parameter, text)
    return text


def _mask_parameter(found: re.Match[str]) -> str:
    if found["key"].lower() in _SIGNATURES or is_secret_key(found["key"]):
        return found["head"] + MASK
    return found[0]


def masked(key: str, text: str) -> str:
    """Give the text of an entry, masked if its key looks secret.

    Parameters
    ----------
    key
        The entry's key.
    text
        Its value. An empty value is shown as it is: there is nothing to hide, and that it is empty matters.
    """
    if text and is_secret_key(key) and not OPTIONS["reveal_secrets"]:
        return MASK
    return mask_text(text)


def mask_value(value: Any, key: str = "") -> Any:
    """Give a copy of a JSON-like value with everything secret in it masked.

    Parameters
    ----------
    value
        dict, list, text, number, bool or None, nested at will.
    key
        The key that the value stands under, if any.

    Returns
    -------
    object
        The same shape. Kubernetes' ``{"name": ..., "value": ...}`` entries are judged by their name; a list or
        dict under a secret key keeps its shape and loses its texts and numbers.
    """
    if OPTIONS["reveal_secrets"]:
        return value
    return _mask_nested(value, secret=bool(key) and is_secret_key(key))


def _mask_nested(value: Any, *, secret: bool) -> Any:
    if isinstance(value, dict):
        name = value.get("name")
        named = isinstance(name, str) and "value" in value and is_secret_key(name)
        return {
            entry: _mask_nested(
                inner,
                secret=(secret and entry != "name")
                or (named and entry == "value")
                or (isinstance(entry, str) and is_secret_key(entry)),
            )
            for entry, inner in value.items()
        }
    if isinstance(value, list | tuple):
        if value and all(isinstance(item, str) for item in value) and not secret:
            return mask_arguments(list(value))
        return [_mask_nested(item, secret=secret) for item in value]
    if secret and value is not None and value != "" and not isinstance(value, bool):
        return MASK
    return mask_text(value) if isinstance(value, str) else value


def mask_arguments(arguments: list[str]) -> list[str]:
    """Give the words of a command line with the values of secret-looking flags masked.

    Parameters
    ----------
    arguments
        The words. ``--db-password x``, ``--db-password=x`` and ``DB_PASSWORD=x`` are recognised.

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
        if hide_next and not word.startswith("-"):
            shown.append(MASK)
            hide_next = False
            continue
        hide_next = False
        flag = _FLAG.match(word) if word.startswith("-") else None
        if flag is not None and is_secret_key(flag["key"]):
            if flag["equals"]:
                shown.append(f"{flag['head']}={MASK}")
                continue
            hide_next = not flag["secret"]
        elif flag is None and "=" in word:
            assignment = _ASSIGNMENT.match(word)
            if assignment is not None and is_secret_key(assignment["key"]):
                shown.append(f"{assignment['key']}={MASK}")
                continue
        shown.append(mask_text(word))
    return shown
