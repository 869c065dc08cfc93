"""Passwords and signatures in addresses: URLs, ``user:password@host``, connection strings of databases."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

from flytetask_nb.masking.innocence import is_drawn, is_innocent
from flytetask_nb.masking.keys import is_secret_key

if TYPE_CHECKING:
    from collections.abc import Iterator

    from flytetask_nb.masking.shapes import Span

# user:password@host, also where the user is missing. The password may hold anything but blanks, even what a URL would
# have to escape; what reads as a port is none. Looked for in one word up to its last @ at a time, and behind schemes of
# bounded length: no text makes the search quadratic.
_WORD = re.compile(r"\S+")
_PASSWORD = re.compile(
    r"""[A-Za-z][A-Za-z0-9+.-]{0,30}://(?P<user>[^\s/:@'"]*):(?!\d+(?:[/?#"',;)\]}\s]|$))(?P<secret>\S+)(?=@)"""
)
# A user so long is a token (git hosts take it in the user's place).
_TOKEN = re.compile(r"""https?://(?P<secret>[^\s/:@'"]{20,})(?=@)""")
_NO_PASSWORDS = frozenset({"x-oauth-basic", ""})
# ?token=..., &sig=..., #access_token=...: signed URLs carry their secret as a parameter.
_PARAMETER = re.compile(
    r"""[?&;#](?P<key>[\w.-]{1,200})=(?P<secret>[^&;\s'"]+(?:;(?![\w.-]{1,200}=|\s|$)[^&;\s'"]*)*)"""
)
_SIGNATURES = frozenset(
    {"sig", "signature", "x-amz-signature", "x-amz-security-token", "x-goog-signature", "awsaccesskeyid"}
)
_DRAWN_PARAMETERS = frozenset({"key", "code"})

# Without a scheme. What stands before the colon may say what stands behind it: mailto:bob@example.com.
_LOGIN = re.compile(
    r"""(?<![\w/@.:$%{-])(?P<user>[A-Za-z_][\w.+%-]{0,63}):(?P<secret>[^\s@'"<>]{2,200})@
    (?P<host>(?:tcp|unix)\(|\[|[A-Za-z][\w-]*(?:\.[\w-]+)*|\d+\.\d+\.\d+\.\d+)(?=[:/?\s"',;)\]}(\d]|$)""",
    re.VERBOSE,
)
_LABELS = frozenset(
    "account acct author bcc by cc contact email e-mail from group id line file login mail mailto maintainer member npm "
    "owner pkg principal recipient reply-to sender serviceaccount sip sips team to url user xmpp http https ssh".split()
)
_PERSON = re.compile(r"[A-Za-z._+-]+")
_VERSION = re.compile(r"v?\d+(?:\.[\w-]+)*")
_DIGEST = re.compile(r"sha\d+|md5|v\d[\w.]*")
_WEAK = re.compile("[a-z]{1,5}")
_ORACLE = re.compile(r"(?:jdbc:oracle:\w+:|\buserid=)(?P<user>[\w$#]+)/(?P<secret>[^\s@]+)(?=@)", re.IGNORECASE)
_PGPASS = re.compile(r"(?m)^[\w.*-]+:(?:\d+|\*):[^:\s]+:[^:\s]+:(?P<secret>\S+)$")


def users(text: str) -> Iterator[Span]:
    """Yield where passwords of URLs stand, and tokens in the user's place."""
    if "@" not in text or "://" not in text:
        return
    for word in _WORD.finditer(text):
        end = word[0].rfind("@") + 1
        if end and "://" in word[0]:
            for login in _PASSWORD.finditer(text, word.start(), word.start() + end):
                yield from _of_url(login)
            for token in _TOKEN.finditer(text, word.start(), word.start() + end):
                if not is_innocent("", token["secret"]):
                    yield token.span("secret")


def _of_url(login: re.Match[str]) -> Iterator[Span]:
    if login["secret"] in _NO_PASSWORDS or (len(login["user"]) >= 30 and is_drawn(login["user"])):  # noqa: PLR2004
        yield login.span("user")
    if login["secret"] not in _NO_PASSWORDS and not is_innocent("", login["secret"]):
        yield login.span("secret")


def parameters(text: str) -> Iterator[Span]:
    """Yield where the values of secret-looking parameters of URLs stand."""
    if "=" not in text or "://" not in text:
        return
    for parameter in _PARAMETER.finditer(text):
        key, value = parameter["key"], parameter["secret"]
        lower = key.lower()
        if (
            lower in _SIGNATURES
            or (lower in _DRAWN_PARAMETERS and is_drawn(value))
            or (is_secret_key(key) and not is_innocent(key, value))
        ):
            yield parameter.span("secret")


def logins(text: str) -> Iterator[Span]:
    """Yield where passwords of addresses without a scheme stand."""
    if "@" in text:
        for login in _LOGIN.finditer(text):
            if _is_login(login["user"], login["secret"], login["host"]):
                yield login.span("secret")
        yield from (login.span("secret") for login in _ORACLE.finditer(text))
    if ":" in text:
        for line in _PGPASS.finditer(text):
            if not is_innocent("password", line["secret"]) and "/" not in line["secret"]:
                yield line.span("secret")


def _is_login(user: str, secret: str, host: str) -> bool:
    label = user.lower()
    if label in {"mailto", "email", "mail"} or (label in _LABELS and _PERSON.fullmatch(secret)):
        return False
    if secret.startswith("//") or _VERSION.fullmatch(secret) or _DIGEST.fullmatch(host) or is_innocent("", secret):
        return False
    is_far = "." in host or host in {"localhost", "tcp(", "unix(", "["}
    if ":" in secret and not is_far:
        return False
    return is_far or _WEAK.fullmatch(secret) is None
