"""Entries inside a text: ``KEY=value``, ``"key": value``, ``key: value``, ``--key value``.

They stand in shell scripts, JSON, YAML, headers, code, connection strings. A secret-looking key makes its value secret,
unless the value is code's (a type, a variable, a call), prose, or no secret (see ``innocence``).
"""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

from flytetask_nb.masking.innocence import is_code, is_innocent, is_prose
from flytetask_nb.masking.keys import PASSWORDS, is_secret_key, words_of

if TYPE_CHECKING:
    from collections.abc import Iterator

    from flytetask_nb.masking.shapes import Span

# What "==" is followed by: a version, as in pyjwt==2.8, or nothing, as at the end of base64.
NO_VALUE = r"""=(?:[0-9]+(?:\.(?:[0-9]+|\*))*(?:\.?(?:a|b|rc|post|dev)[0-9]+)?)?(?![^\s/"':,;)\]}=])"""
"""A regular expression."""
# The key is matched ahead and then repeated, so that the search never tries shorter ones: "a.a.a..." would take forever.
_ENTRY = re.compile(
    r"""(?<![\w/])(?=(?P<key>[A-Za-z_][\w.-]{0,200}))(?P=key)(?P<closing>\\*["'`]\]?)?"""
    r"""(?P<sign>\s*[!=]==?\s*(?=\\*["'])|\s*:=\s*|\s*=(?!NO_VALUE)>?\s*|\s*:\s*|(?<=[\w"'])\s+)(?=\S)""".replace(
        "NO_VALUE", NO_VALUE
    )
)
# A quote inside may be escaped, as in JSON, or doubled, as in SQL; one that is never closed holds the rest.
_QUOTED = re.compile(
    r"""[bBfFNrRuU]{0,2}(?P<quote>\\*["'])(?P<secret>(?:(?P=quote){2}|.)*?)(?:(?<!\\)(?P=quote)(?!(?P=quote))|\Z)""",
    re.DOTALL,
)
# Words of a shell may go on behind a quote: 'a'"b".
_MORE_QUOTED = re.compile(r"""(?=["'\w])(?:'[^'\n]*'|"[^"\n]*"|[\w.+/=!@#%^*?~-])+""")
# "password": {"type": "string"}: says what it has to be.
_SCHEMA = re.compile(r"""\{\s*\\*["'](?:type|\$ref|description|title)\\*["']\s*:""")
_BRACKET = re.compile(r"[\[\]{}]")
_BRACKETS = "{["
# What parts entries (a=b;c=d&e=f), or commands, ends a value; anything else that follows goes on with it.
_WORD = re.compile(
    r"""[^\s;&|"']+(?:(?:[;&|](?!\s|[;&|"']|[\w. -]{1,100}=|\Z)|["'](?=[\w.+/!@#%^*?~-]))[^\s;&|"']*)*"""
)
_LINE = re.compile(r"""[^\r\n"']+""")
_LAST_WORD = re.compile(r"""[^\s,]\S*?(?=,[ \t]+[\w"']+\s*[:=]|,?[ \t]*(?:[\r\n]|\Z|\#)|,?[ \t]+\#)""")
# What a shell or a template puts in; a default (${X:-y}) is found as a statement.
_REFERENCE = re.compile(r"\$\([^)\n]*\)|\$\{[^}\n]*\}|\{\{.*?\}\}")
_HEADERS = frozenset({"authorization", "cookie"})
_SCHEMED = re.compile(r"\s*(?:\w+\s+)?(?:\$\w+|\$\{[^}]*\}|\{\{.*\}\}|<[\w -]+>)\s*")
_INSIDE = re.compile(r".?:|\w[.-]", re.DOTALL)
_UNTIL = ",;)]}"


def entries_in(text: str) -> Iterator[Span]:
    """Yield where the values of secret-looking keys stand."""
    start = 0
    while (entry := _ENTRY.search(text, start)) is not None:
        # Only the key is stepped over: a harmless one may hold an entry of its own (--env=PASSWORD=...).
        start = entry.end("key")
        if is_secret_key(entry["key"]) or _is_of_connection(entry, text):
            value = _value_of(entry, text)
            if value is not None and not _is_innocent(entry["key"], text[slice(*value)]):
                yield value
                start = value[1]


def _is_of_connection(entry: re.Match[str], text: str) -> bool:
    """Tell a connection string's PWD from the shell's."""
    return entry["key"] == "PWD" and text[entry.end("key") - 4 : entry.end("key") - 3] == ";"


def _is_innocent(key: str, value: str) -> bool:
    return is_innocent(key, value) or (value[-1] in _UNTIL and is_innocent(key, value.rstrip(_UNTIL)))


def _value_of(entry: re.Match[str], text: str) -> Span | None:
    """Return where the value of a secret-looking key begins and ends; None if the key only looks like one."""
    key, sign = entry["key"], entry["sign"].strip()
    flag = text[max(entry.start() - 1, 0) : entry.start()] == "-"
    start = entry.end()
    quoted = _QUOTED.match(text, start)
    if not sign:
        # --token abc is a flag with its value, "token abc" is prose, and so is a flag that another follows. SQL sets
        # a password by PASSWORD 'abc'.
        is_sql = quoted is not None and not PASSWORDS.isdisjoint(words_of(key))
        if not (flag or is_sql) or entry["closing"] or text.startswith("--", start):
            return None
    elif sign == ":" and not entry["closing"] and quoted is None:
        return _after_colon(entry, text)
    if quoted is not None:
        return _quoted_value(entry, quoted, text)
    if entry["closing"] and text[start] in _BRACKETS:
        return None if _SCHEMA.match(text, start) else (start, _closing_bracket(text, start))
    return _bare_value(entry, text, flag=flag)


def _quoted_value(entry: re.Match[str], quoted: re.Match[str], text: str) -> Span | None:
    more = _MORE_QUOTED.match(text, quoted.end()) if entry["sign"] == "=" else None
    if more is not None:
        return quoted.start(), more.end()
    return quoted.span("secret") if quoted["secret"] else None


def _bare_value(entry: re.Match[str], text: str, *, flag: bool) -> Span | None:
    key, start, spaced = entry["key"], entry.end(), entry["sign"] != entry["sign"].strip()
    if _REFERENCE.match(text, start) or text[max(entry.start() - 10, 0) : entry.start()] == "from-file=":
        return None
    word = _WORD.match(text, start)
    if word is None or (not flag and is_code(key, word[0], spaced=spaced)):
        return None
    return start, start + len(word[0].rstrip(_UNTIL)) if spaced else word.end()


def _closing_bracket(text: str, start: int) -> int:
    """Return where the list or object that opens here ends: what is no JSON, or was cut, cannot be parsed."""
    depth = 0
    for bracket in _BRACKET.finditer(text, start):
        depth += 1 if bracket[0] in _BRACKETS else -1
        if not depth:
            return bracket.end()
    return len(text)


def _after_colon(entry: re.Match[str], text: str) -> Span | None:
    """Tell ``X-Api-Key: abc`` and ``password: abc`` from prose such as ``token: the token to use``."""
    key = entry["key"]
    if text[max(entry.start() - 2, 0) : entry.start()] == "${":
        return None
    words = words_of(key)
    spaced = entry["sign"] != ":"
    if "-" in key or _HEADERS.intersection(words):
        line = _LINE.match(text, entry.end())
        if line is None or not (spaced or "-" in key) or is_prose(line[0]) or _SCHEMED.fullmatch(line[0]):
            return None
        return line.span()
    if spaced:
        word = _LAST_WORD.match(text, entry.end())
    elif PASSWORDS.intersection(words) and not _INSIDE.fullmatch(text[max(entry.start() - 2, 0) : entry.start()]):
        # password:abc, but not arn:aws:...:secret:name, nor the tag of an image, registry/some-password:v1.
        word = _WORD.match(text, entry.end())
    else:
        word = None
    return None if word is None or is_code(key, word[0], spaced=True) else word.span()
