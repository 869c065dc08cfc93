"""Secrets in statements of SQL, in XML, and in what lines of scripts and files set."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, NamedTuple

from flytetask_nb.masking.innocence import is_innocent
from flytetask_nb.masking.keys import is_reference, is_secret_key

if TYPE_CHECKING:
    from collections.abc import Iterator

    from flytetask_nb.masking.shapes import Span

_STRING = r"""(?:[A-Za-z]{0,2}(?P<quote>['"])(?P<secret>(?:(?P=quote){2}|\\.|(?!(?P=quote)).){1,2000})(?P=quote))"""
_BARE = r"""(?P<bare>[^\s;,'"()<>]{2,200})"""
_FLAGS = re.IGNORECASE | re.DOTALL
_IDENTIFIED = re.compile(
    rf"\b(?P<word>IDENTIFIED)\s+(?:WITH\s+\S{{1,100}}\s+)?(?:BY|AS)\s+(?:PASSWORD\s+|VALUES\s+)?(?:{_STRING}|{_BARE})",
    _FLAGS,
)
_REPLACE = re.compile(rf"\bREPLACE\s+{_STRING}", _FLAGS)
_BEFORE = re.compile(r"\b(?:CREATE|ALTER|GRANT|CONNECT\s+TO|SET)\b[^;]*\Z", re.IGNORECASE)
_SET_PASSWORD = re.compile(
    rf"\bSET\s+PASSWORD\b(?:\s+FOR\s+[^=;]{{1,200}}?)?\s*(?:=|\bTO\b)\s*(?:(?:OLD_)?PASSWORD\s*\(\s*)?{_STRING}", _FLAGS
)
_CIPHER = re.compile(
    r"\b(?:pgp_sym_(?:en|de)crypt|(?:AES|DES)_(?:EN|DE)CRYPT|(?:EN|DE)CRYPTBYPASSPHRASE)\s*\(\s*"
    rf"[^,()]{{1,200}},\s*{_STRING}",
    _FLAGS,
)
_USING = re.compile(rf"\bCONNECT\s+TO\s+\S{{1,100}}\s+USER\s+\S{{1,100}}\s+USING\s+(?:{_STRING}|{_BARE})", _FLAGS)
# SECRET 'x', SECRET_ACCESS_KEY 'x': no sign stands between.
_SQL_OPTION = re.compile(
    r"(?<![\w.'\"$-])(?P<key>(?:old_|new_)?password|(?:[a-z0-9]{1,30}_){0,5}(?:secret|passphrase|access_key(?:_id)?|"
    rf"secret_access_key|secret_key|account_key|sas_token|session_token|api_key|master_key|private_key))\s+{_STRING}",
    _FLAGS,
)

_ELEMENT = re.compile(
    r"<(?P<tag>[A-Za-z][\w:.-]{0,100})(?:\s[^<>]{0,500})?(?<!/)>\s*(?:<!\[CDATA\[)?(?P<secret>[^<>]{1,5000}?)(?:\]\]>)?"
    r"\s*</(?P=tag)>"
)
_PROPERTY = re.compile(
    r"<name>\s*(?P<key>[^<>]{1,300}?)\s*</name>\s*<value>\s*(?:<!\[CDATA\[)?(?P<secret>[^<>]{1,5000}?)(?:\]\]>)?\s*</value>"
)
_ATTRIBUTES = re.compile(
    r"""<[\w:.-]{1,100}\s[^<>]{0,300}?\b(?:name|key|id)\s*=\s*["'](?P<key>[^"'<>]{1,300})["'][^<>]{0,300}?
    \b(?:value|content)\s*=\s*["'](?P<secret>[^"'<>]{1,5000})["']""",
    re.VERBOSE | re.DOTALL,
)

_SET = re.compile(
    rf"(?m)(?:^|[;&]|&&)[ \t]*(?:ENV|setx|setenv|set[ \t]+-\w+|SETX)[ \t]+(?P<key>[A-Za-z_]\w{{0,200}})[ \t]+(?:{_STRING}|{_BARE})"
)
_DIRECTIVE = re.compile(rf"(?m)^[ \t]*(?P<key>requirepass|masterauth|rootpw)[ \t]+(?:--\w+[ \t]+)?{_BARE}[ \t]*$")
_NETRC = re.compile(rf"\blogin\s+\S{{1,200}}\s+password\s+{_BARE}")
# .option("password", "x"), setenv("TOKEN", "x")
_SETTER = re.compile(
    r"\b(?:\w*set\w*|put\w*|options?|conf(?:ig)?|add\w*|header|environ\w*|with\w*|append\w*|property|putenv|update)\(\s*"
    r"""["'](?P<key>[\w.-]{3,200})["']\s*,\s*(?![-]["'])"""
    rf"{_STRING}",
    _FLAGS,
)
# .password("x"), withApiKey("x")
_BUILDER = re.compile(
    rf"\b(?P<key>(?:set|with)?_?(?:\w*password|api_?key|access_?token|api_?token|passphrase))\(\s*{_STRING}\s*\)",
    _FLAGS,
)
_PAIR = re.compile(r"""\bauth\w*["']?\s*[=:]\s*[\w.]*\(\s*["'][^"'\n]{0,200}["']\s*,\s*""" + _STRING, _FLAGS)
_SECURE = re.compile(rf"\bConvertTo-SecureString\s+(?:-\w+\s+)*{_STRING}", _FLAGS)
_TYPED = re.compile(
    r"""(?P<key>\b[A-Za-z_]\w{0,200})\s*\??:\s*[\w.]{1,60}(?:\[[^\]\n]{0,100}\])?(?:\s*\|\s*\w{1,40})*\s*=\s*"""
    + _STRING,
    _FLAGS,
)
_DEFAULT = re.compile(r"\$\{(?P<key>[A-Za-z_]\w{0,200}):?[-=](?P<secret>[^}\s]{1,500})\}")
_SAID = re.compile(
    r"\b(?:password|passphrase|passcode|pin|secret|token|api key)\s+(?:is|was|=)\s*:?\s*"
    r"""["'`]?(?P<secret>(?=[^\s"'`]*[\d!#%$&*+])[^\s"'`,;]{4,200}[^\s"'`,;.])""",
    re.IGNORECASE,
)
_USER_AND = re.compile(r"\buser(?:name)?\s*/\s*pass(?:word|wd)?\s*[:=]\s*(?P<secret>[^\s,;]{3,200})", re.IGNORECASE)

# A name in one line, its value in the next, as in the environment of a pod.
_NAMED = re.compile(
    r"""(?m)^[ \t]*(?:-[ \t]+)?(?:name|key):[ \t]*["']?(?P<key>[\w.-]{1,200})["']?[ \t]*\n[ \t]*value:[ \t]*
    (?:["'](?P<secret>[^"'\n]{1,2000})["']|(?P<bare>[^\s"'#][^\n#]{0,2000}))""",
    re.VERBOSE,
)
# A key, and a block or entries below it.
_BLOCK = re.compile(
    r"""(?m)^(?P<indent>[ \t]*(?:-[ ]+)?)["']?(?P<key>[A-Za-z_][\w.-]{0,200})["']?:[ \t]*(?P<mark>[|>][+-]?\d?)?[ \t]*\n
    (?P<inner>(?:(?P=indent)[ \t]+\S[^\n]*(?:\n|\Z)|[ \t]*\n)+)""",
    re.VERBOSE,
)
_INNER = re.compile(
    r"""(?m)^[ \t]*(?:-[ \t]+)?["']?(?P<key>[\w.-]{1,200})["']?:[ \t]+["']?(?P<secret>[^\s"'|>{\[][^\n"']*)"""
)


class Setting(NamedTuple):
    """A form in which something is set, and what a text has to hold for it to be looked for."""

    words: tuple[str, ...]
    """One of them stands in the text, in lower case."""
    form: re.Pattern[str]
    """Its group ``secret`` or ``bare`` is the value, and ``key`` what it is set to."""
    by_key: bool = True
    """Whether the key has to look secret."""


SETTINGS = (
    Setting(("password",), _SET_PASSWORD, by_key=False),
    Setting(("crypt",), _CIPHER, by_key=False),
    Setting(("using",), _USING, by_key=False),
    Setting(("password", "secret", "key", "token", "passphrase"), _SQL_OPTION),
    Setting(("(",), _SETTER),
    Setting(("(",), _BUILDER, by_key=False),
    Setting(("auth",), _PAIR, by_key=False),
    Setting(("securestring",), _SECURE, by_key=False),
    Setting((":",), _TYPED),
    Setting(("</",), _PROPERTY),
    Setting(("<",), _ATTRIBUTES),
    Setting(("\n",), _NAMED),
    Setting(("${",), _DEFAULT),
    Setting(("env", "set"), _SET),
    Setting(("requirepass", "masterauth", "rootpw"), _DIRECTIVE, by_key=False),
    Setting(("login",), _NETRC, by_key=False),
    Setting((" is ", " was "), _SAID, by_key=False),
    Setting(("user",), _USER_AND, by_key=False),
)


def statements_in(text: str) -> Iterator[Span]:
    """Yield where secrets stand that a statement sets: of SQL, XML, YAML, a shell, or a program."""
    lower = text.lower()
    for rule in SETTINGS:
        for word in rule.words:
            if word in lower:
                yield from _by_rule(rule, text)
                break
    if "identified" in lower:
        yield from _identified(text)
    if "</" in text:
        for element in _ELEMENT.finditer(text):
            tag = element["tag"].rpartition(":")[2]
            if is_secret_key(tag) and not is_innocent(tag, element["secret"]):
                yield element.span("secret")
    if "\n" in text and ":" in text:
        yield from _yaml(text)


def _by_rule(rule: Setting, text: str) -> Iterator[Span]:
    for setting in rule.form.finditer(text):
        groups = setting.groupdict()
        name = "secret" if groups.get("secret") is not None else "bare"
        key = groups.get("key") or "password"
        if (not rule.by_key or is_secret_key(key)) and groups.get(name) and not is_innocent(key, setting[name]):
            yield setting.span(name)


def _identified(text: str) -> Iterator[Span]:
    first = len(text)
    for clause in _IDENTIFIED.finditer(text):
        if clause["word"].isupper() or _BEFORE.search(text, max(clause.start() - 500, 0), clause.start()):
            yield clause.span("secret" if clause["secret"] is not None else "bare")
            first = min(first, clause.end())
    yield from (clause.span("secret") for clause in _REPLACE.finditer(text, first))


def _yaml(text: str) -> Iterator[Span]:
    for block in _BLOCK.finditer(text):
        if not is_secret_key(block["key"]):
            continue
        start, end = block.span("inner")
        if block["mark"]:
            lead = len(block["inner"]) - len(block["inner"].lstrip())
            yield start + lead, start + len(block["inner"].rstrip())
            continue
        for inner in _INNER.finditer(text, start, end):
            if not is_reference(inner["key"]) and not is_innocent(inner["key"], inner["secret"]):
                yield inner.start("secret"), inner.start("secret") + len(inner["secret"].rstrip())
