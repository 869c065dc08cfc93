"""Texts, values and command lines without what is secret in them."""

from __future__ import annotations

import re
from functools import lru_cache
from itertools import chain
from typing import TYPE_CHECKING, Any

from flytetask_nb.bounded_reading import json_value
from flytetask_nb.masking.addresses import logins, parameters, users
from flytetask_nb.masking.entries import NO_VALUE, entries_in
from flytetask_nb.masking.innocence import is_innocent
from flytetask_nb.masking.keys import is_reference, is_secret_key
from flytetask_nb.masking.plainness import has_no_shape, has_plain_signs, is_plain
from flytetask_nb.masking.shapes import KEYS, SHORTEST_SHAPE, Span, shapes_in
from flytetask_nb.masking.statements import statements_in
from flytetask_nb.masking.tools import secrets_of_command, secrets_of_shell
from flytetask_nb.options import option

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable

MASK = "••••••"
"""What stands in place of a masked value."""

IDENTIFIERS = frozenset({"project", "domain", "name", "version", "image"})
"""Fields that name something."""
_ONE_WORD = re.compile(r"""[^\s"'{}\[\]<>]+""")
# The MD5 and SHA-256 that versions are made of, in base64. Three letters of it may read like the beginning of a key.
_DIGEST = re.compile(r"[\w-]{22}(?:==)?|[\w-]{43}=?")

_FLAG = re.compile(r"^(?P<head>--?(?P<key>[A-Za-z][\w.-]*))(?P<equals>=)?(?P<secret>.*)$", re.DOTALL)
_ASSIGNMENT = re.compile(rf"^(?P<head>(?P<key>[A-Za-z_][\w.-]*))(?P<equals>=)(?!{NO_VALUE})(?P<secret>.+)$", re.DOTALL)
_LONGEST_SHORT_FLAG = 2

# How lists of key and value spell the two: Kubernetes, AWS.
_NAMES = ("name", "key", "Name", "Key")
_VALUES = frozenset({"value", "Value"})
# A schema describes what a property called password may be.
_SCHEMA_TYPES = frozenset({"string", "integer", "number", "boolean", "object", "array", "null"})
_EXAMPLES = frozenset({"default", "const", "enum", "example", "examples"})
# Kubernetes' and Flyte's ways to ask for a secret.
_REQUESTS = (
    frozenset({"key", "path", "mode"}),
    frozenset(
        {"group", "groupVersion", "group_version", "key", "mountRequirement", "mount_requirement", "envVar", "env_var"}
    ),
)

_LONGEST_REMEMBERED = 200
_LONGEST_NAME = 20_000
_SIGNS = re.compile(r"[=:@'\"<|$]|-----| \S")


def _without(text: str, secrets: Iterable[Span]) -> str:
    """Return the text with a mask in place of each span; of spans that overlap, one mask."""
    pieces: list[str] = []
    done = -1
    for start, end in sorted(span for span in secrets if span[0] < span[1]):
        if start > done:
            pieces += [text[max(done, 0) : start], MASK]
        done = max(done, end)
    return "".join([*pieces, text[done:]]) if pieces else text


def mask_text(text: str) -> str:
    """Return the text with the secrets masked that can be told from the text itself.

    ``text``: any text: a URL, a script, JSON, a connection string, prose.
    Returns str: the text without passwords of URLs, values that stand beside a secret-looking key (``PASSWORD=...``,
      ``"apiKey": "..."``, ``--token ...``, ``Authorization: ...``), passwords that SQL and tools set in their own ways,
      and what is a secret by its looks (private keys, tokens of well-known services). With ``reveal_secrets`` the text
      untouched.
    """
    return text if option("reveal_secrets") else _mask_leaf(text)


def _mask_leaf(text: str) -> str:
    # The words of a command line and the names of images are the same in thousands of tasks.
    return _mask_short(text) if len(text) <= _LONGEST_REMEMBERED else mask_any(text)


def mask_identifier(text: str) -> str:
    """Return a project, domain, name, version or image with what is a secret by its own shape masked.

    ``text``: the identifier. No word of it is a key: ``JiepXcXB3SiEJ8pwYDy-7g==`` is a hash and ``app-password:v1`` an
      image with its tag.
    Returns str: the text without passwords of URLs and tokens of well-known services, and no longer than any name is.
      With ``reveal_secrets`` the text untouched.
    """
    if len(text) > _LONGEST_NAME and not option("reveal_secrets"):
        # Cut before the work: nobody reads on, and it is looked at in many places.
        text = f"{text[:_LONGEST_NAME]}…"
    return mask_looks(text)


def mask_looks(text: str) -> str:
    """Return any text, of whatever length, with what is a secret by its own shape masked."""
    if option("reveal_secrets") or len(text) < SHORTEST_SHAPE:
        return text
    return _identifier_short(text) if len(text) <= _LONGEST_REMEMBERED else _identifier(text)


def _identifier(text: str) -> str:
    if has_no_shape(text) and ("://" not in text or ("@" not in text and "=" not in text)):
        return text
    masked_text = _without(text, chain(users(text), parameters(text), shapes_in(text, any_service=False)))
    is_chance = masked_text != text and _DIGEST.fullmatch(text) and re.search(KEYS, text)
    return text if is_chance else masked_text


# Versions and images are the same in all tasks of a release.
_identifier_short = lru_cache(maxsize=8192)(_identifier)


def mask_field(name: str, value: Any) -> Any:
    """Return the value of a model's field as it is shown: identifiers by ``mask_identifier``, others by ``mask_value``."""
    return mask_identifier(value) if name in IDENTIFIERS and isinstance(value, str) else mask_value(value)


def mask_urls(text: str) -> str:
    """Return the text with the passwords and signatures of its URLs masked, and nothing else.

    For what reads like ``password: str`` without being a secret: the notation of types.
    """
    if option("reveal_secrets") or "://" not in text:
        return text
    return _without(text, chain(users(text), parameters(text)))


def mask_any(text: str) -> str:
    """Return a text with its secrets masked, whatever the options say."""
    if not text or is_plain(text):
        return text
    if text[0] in "{[" and text.rstrip()[-1] in "}]":
        return _mask_json(text)
    return _mask_plain(text)


_mask_short = lru_cache(maxsize=8192)(mask_any)


def _mask_json(text: str) -> str:
    """Mask JSON by its structure, so that what stands deep under a secret key is found too."""
    import json  # noqa: PLC0415 - few texts are JSON

    try:
        value = json_value(text)
        masked_value = _mask_nested(value, secret=False)
    except (ValueError, RecursionError):
        return _mask_plain(text)
    return text if masked_value == value else json.dumps(masked_value, ensure_ascii=False)


def _mask_plain(text: str) -> str:
    if len(text) < SHORTEST_SHAPE and _SIGNS.search(text) is None:
        return text
    return _without(text, shapes_in(text) if has_plain_signs(text) else _secrets(text))


def _secrets(text: str) -> Iterable[Span]:
    return chain(
        users(text),
        parameters(text),
        shapes_in(text),
        entries_in(text),
        logins(text),
        statements_in(text),
        secrets_of_shell(text),
    )


def masked(key: str, text: str) -> str:
    """Return the text of an entry, masked if its key looks secret.

    ``key``: the entry's key.
    ``text``: its value. An empty value is shown as it is: there is nothing to hide, and that it is empty matters.
    """
    return text if option("reveal_secrets") else _mask_string(key, text, secret=is_secret_key(key))


def _mask_string(key: object, text: str, *, secret: bool) -> str:
    if secret and not is_innocent(key if isinstance(key, str) else "", text):
        return MASK
    # What has blanks or quotes in it is more than a name.
    is_name = not secret and key in IDENTIFIERS and _ONE_WORD.fullmatch(text) is not None
    return mask_identifier(text) if is_name else _mask_leaf(text)


def each_text(value: Any, change: Callable[[str], str]) -> Any:
    """Return JSON values with each text in them, of keys too, as ``change`` makes it."""
    if isinstance(value, str):
        return change(value)
    if isinstance(value, dict):
        return {each_text(key, change): each_text(inner, change) for key, inner in value.items()}
    return [each_text(inner, change) for inner in value] if isinstance(value, list) else value


def mask_value(value: Any, key: str = "") -> Any:
    """Return a copy of a JSON-like value with everything secret in it masked.

    ``value``: dict, list, text, number, bool or None, nested at will. Other objects are left as they are: an input that
      is called ``token`` has a type, which is no secret, and models mask themselves.
    ``key``: the key that the value stands under, if any.
    Returns object: the same shape. Kubernetes' ``{"name": ..., "value": ...}`` entries are judged by their name; a list
      or dict under a secret key keeps its shape and loses its texts and numbers, except those that only say where the
      secret is (``secretName``).
    """
    if option("reveal_secrets"):
        return value
    return _mask_nested(value, secret=is_secret_key(key), key=key)


def _mask_nested(value: Any, *, secret: bool, key: Any = "") -> Any:
    if isinstance(value, dict):
        return _mask_dict(value, secret=secret)
    if isinstance(value, list | tuple):
        if not secret and any(isinstance(item, str) for item in value):
            return _mask_words(value)
        return [_mask_nested(item, secret=secret, key=key) for item in value]
    if isinstance(value, str):
        return _mask_string(key, value, secret=secret)
    return MASK if secret and isinstance(value, bytes | int | float) and not isinstance(value, bool) else value


def _mask_dict(value: dict[Any, Any], *, secret: bool) -> dict[Any, Any]:
    named = next(
        (value[name] for name in _NAMES if isinstance(value.get(name), str) and is_secret_key(value[name])), ""
    )
    if secret and (value.get("type") in _SCHEMA_TYPES if isinstance(value.get("type"), str) else "$ref" in value):
        return {entry: _mask_nested(inner, secret=entry in _EXAMPLES, key=entry) for entry, inner in value.items()}
    if len(value) > 1 and any(value.keys() <= keys for keys in _REQUESTS):
        return {entry: _mask_nested(inner, secret=False, key=entry) for entry, inner in value.items()}
    return {
        entry: _mask_nested(inner, secret=True, key=named)
        if named and entry in _VALUES
        else _mask_nested(
            inner,
            secret=isinstance(entry, str) and (is_secret_key(entry) or (secret and not is_reference(entry))),
            key=entry,
        )
        for entry, inner in value.items()
    }


def _mask_words(items: list[Any] | tuple[Any, ...]) -> list[Any]:
    """Mask a list with texts in it as the command line that it may be; a number can be a flag's value too."""
    nested = [isinstance(item, dict | list | tuple) for item in items]
    words = mask_arguments(["" if inner else str(item) for item, inner in zip(items, nested, strict=True)])
    return [
        word if isinstance(item, str) or word == MASK else _mask_nested(item, secret=False)
        for item, word in zip(items, words, strict=True)
    ]


def _reads_as_flag(word: str) -> bool:
    """Tell whether a word is the next flag rather than the value of the one before, which may begin with a dash too."""
    return word.startswith("--") or (word[0] == "-" and len(word) <= _LONGEST_SHORT_FLAG)


def mask_arguments(arguments: list[str]) -> list[str]:
    """Return the words of a command line with the values of secret-looking flags masked.

    ``arguments``: the words. ``--db-password x``, ``--db-password=x`` and ``DB_PASSWORD=x`` are recognised, the ways of
      tools (``mysql -px``, ``curl -u user:x``), and whatever ``mask_text`` finds inside one word.
    """
    if option("reveal_secrets"):
        return arguments
    words: list[str] = []
    flag_before = ""
    for word in arguments:
        if flag_before and word and not _reads_as_flag(word):
            words.append(word if is_innocent(flag_before, word) else MASK)
            flag_before = ""
            continue
        flag_before = ""
        # Most words are neither.
        form = _FLAG if word[:1] == "-" else _ASSIGNMENT if "=" in word else None
        setting = None if form is None else form.match(word)
        if setting is not None and is_secret_key(setting["key"]):
            if setting["equals"]:
                words.append(word if is_innocent(setting["key"], setting["secret"]) else f"{setting['head']}={MASK}")
                continue
            flag_before = "" if setting["secret"] else setting["key"]
        words.append(_mask_leaf(word))
    for place, start, end in secrets_of_command(arguments):
        # What tools take for a password by its place, in words that show all so far.
        if words[place] == arguments[place]:
            words[place] = f"{arguments[place][:start]}{MASK}{arguments[place][end:]}"
    return words
