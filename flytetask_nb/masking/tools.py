"""Command lines of well-known tools that take a password where no word says so: ``mysql -pX``, ``curl -u user:X``."""

from __future__ import annotations

import re
from itertools import takewhile
from typing import TYPE_CHECKING, NamedTuple

from flytetask_nb.masking.innocence import is_innocent
from flytetask_nb.masking.keys import is_secret_key

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from flytetask_nb.masking.shapes import Span


class Tool(NamedTuple):
    """How one tool takes a password."""

    flags: tuple[str, ...] = ()
    """Flags that the password follows as a word of its own."""
    joined: tuple[str, ...] = ()
    """Flags that it is written to, without a blank."""
    logins: tuple[str, ...] = ()
    """Flags that a user and the password follow, and are parted by one of ``marks``."""
    marks: str = ":"
    after: tuple[str, ...] = ()
    """Words of which one has to stand before: ``docker login -p``, not ``docker run -p``."""
    positions: tuple[tuple[str, tuple[int, ...]], ...] = ()
    """Words, and which of the plain words behind each are secret."""
    settings: bool = False
    """Whether ``set KEY VALUE`` or ``config KEY VALUE`` is a setting."""


def _each(names: str, tool: Tool) -> dict[str, Tool]:
    return dict.fromkeys(names.split(), tool)


_CREDENTIALS = ("--src-creds", "--dest-creds", "--creds")
TOOLS: dict[str, Tool] = {
    **_each(
        "mysql mysqldump mysqladmin mysqlimport mysqlshow mysqlcheck mysqlslap mysqlpump mariadb mariadb-dump "
        "mariadb-admin 7z 7za 7zr rar unrar",
        Tool(joined=("-p", "-hp")),
    ),
    "sshpass": Tool(flags=("-p",), joined=("-p",)),
    **_each(
        "mongo mongosh mongodump mongorestore mongoexport mongoimport cqlsh beeline rdesktop cypher-shell influx hdbsql "
        "rabbitmqadmin arangosh nodetool kcadm.sh twine",
        Tool(flags=("-p",)),
    ),
    **_each(
        "docker podman helm oras oc az poetry nerdctl crane buildah skopeo kafka-acls rabbitmqctl cf mc",
        Tool(
            flags=("-p",),
            logins=_CREDENTIALS,
            after=("login", "publish", "--service-principal"),
            positions=(
                ("add_user", (1,)),
                ("change_password", (1,)),
                ("authenticate_user", (1,)),
                ("alias", (3, 4)),
                ("host", (3, 4)),
            ),
            settings=True,
        ),
    ),
    **_each(
        "sqlcmd bcp tsql freebcp mosquitto_pub mosquitto_sub ipmitool zip unzip zipcloak osql",
        Tool(flags=("-P",), joined=("-P",)),
    ),
    **_each(
        "ldapsearch ldapmodify ldapadd ldapdelete ldapwhoami ldappasswd vsql", Tool(flags=("-w", "-s"), joined=("-w",))
    ),
    **_each("redis-cli valkey-cli", Tool(flags=("-a", "--pass"), positions=(("auth", (0,)), ("requirepass", (0,))))),
    **_each("smbclient rpcclient smbget", Tool(logins=("-U", "--user"), marks="%")),
    "lftp": Tool(logins=("-u",), marks=","),
    "curl": Tool(logins=("-u", "-U", "--user", "--proxy-user"), joined=("-u", "-U")),
    **_each("http https httpie xh", Tool(logins=("-a", "--auth"))),
    "htpasswd": Tool(positions=(("-b", (2,)),)),
    "ssh-keygen": Tool(flags=("-N", "-P")),
    "openssl": Tool(flags=("-k", "-K", "-pass", "-passin", "-passout")),
    **_each("xfreerdp wfreerdp", Tool(joined=("/p:",))),
    **_each("sqlplus sqlldr exp imp expdp impdp", Tool(logins=("",), marks="/")),
    "wpa_passphrase": Tool(positions=(("wpa_passphrase", (1,)),)),
    **_each("aws gcloud npm pnpm yarn pip git kubectl conda kaggle snow databricks dvc", Tool(settings=True)),
    **_each("vault wandb huggingface-cli", Tool(positions=(("login", (0,)),))),
    "doctl": Tool(flags=("-t", "--access-token")),
    **_each("useradd usermod", Tool(flags=("-p",))),
    "mount.cifs": Tool(),
}
_NAMES = "|".join(sorted(map(re.escape, TOOLS), key=len, reverse=True))
COMMANDS = rf"^(?:.*/)?(?:{_NAMES})$"
"""Matches the names of those tools, in a form that other engines read too."""

_TOOL_IN_TEXT = re.compile(rf"(?<![\w.=-])(?:{_NAMES})(?=[ \t])")
_SHELL_WORD = re.compile(r"""(?:"(?:\\.|[^"\\])*"|'[^']*'|\\.|[^\s;|&"'\\])+""", re.DOTALL)
_GAP = re.compile(r"(?:[ \t]|\\\n)+")
_ENDS = frozenset({"|", "||", "&&", ";", "&", "--"})
# Flags of curl that take nothing, and so can stand before -u in one word.
_CURL_USER = re.compile(r"-[sSfLkvigIGnNqjJ#0-6a]*u(?P<login>[^:]*:.+)?", re.DOTALL)
_HTPASSWD = re.compile(r"-[a-zA-Z]*b[a-zA-Z]*")
# Behind these, KEY VALUE is a setting.
_SETS = frozenset({"set", "config", "add", "--add", "--global", "--set"})
_PIPED = re.compile(
    r"""\b(?:echo|printf)\s+(?:-\w+\s+)*(?P<secret>"[^"\n]+"|'[^'\n]+'|[^\s"'|;&]+)\s*\|\s*
    (?:sudo\s+-\w*S|(?:sudo\s+)?(?:chpasswd|passwd|kinit|cryptsetup|gpg\b[^|;&\n]*--passphrase-fd)|
    [\w./-]+\b[^|;&\n]{0,200}--(?:password|token|passphrase)?-?(?:stdin|with-token))""",
    re.VERBOSE,
)
_CHPASSWD = re.compile(r"[^:\s]+:(?P<secret>.+)")


def secrets_of_command(words: Sequence[str]) -> Iterator[tuple[int, int, int]]:
    """Yield which words of a command line hold passwords by a tool's ways, and where in the word.

    ``words``: the words. The tool may stand anywhere: behind ``sudo``, or in a container's arguments.
    Yields tuple of int: the word's place, and where in it the password begins and ends.
    """
    places = [place for place, word in enumerate(words) if word.rpartition("/")[2] in TOOLS]
    for place, following in zip(places, [*places[1:], len(words)], strict=False):
        behind = list(takewhile(lambda word: word not in _ENDS, words[place + 1 : following]))
        name = words[place].rpartition("/")[2]
        for index, start, end in _of_tool(name, TOOLS[name], behind):
            if not is_innocent("password", behind[index][start:end]):
                yield place + 1 + index, start, end


def _of_tool(name: str, tool: Tool, words: Sequence[str]) -> Iterator[tuple[int, int, int]]:
    is_open = not tool.after
    before, last = "", ""
    for index, word in enumerate(words):
        is_open = is_open or word in tool.after
        if is_open and before in tool.flags:
            span = _of_value(word)
        elif before in tool.logins or ("" in tool.logins and "/" in word and not word.startswith(("-", "/", "@"))):
            span = _of_login(tool, word)
        elif name == "curl" and (user := _CURL_USER.fullmatch(word)) is not None:
            span = (word.index(":") + 1, len(word)) if user["login"] else None
            word = "-u"  # noqa: PLW2901 - for the word after it: -sSu is -u
        elif word.partition("=")[0] in tool.logins:
            span = _of_login(tool, word)
        else:
            span = _of_joined(tool, word)
        if span is not None:
            yield index, *span
        if tool.settings and ((last in _SETS and is_secret_key(before)) or last.startswith("http-basic.")):
            yield index, 0, len(word)
        last, before = before, word
    for start, wanted in tool.positions:
        yield from _of_positions(name, start, wanted, words)


def _of_value(word: str) -> Span | None:
    if word.startswith(("--", "env:", "file:", "fd:")) or word == "stdin":
        return None
    return len("pass:") if word.startswith("pass:") else 0, len(word)


def _of_joined(tool: Tool, word: str) -> Span | None:
    starts = (len(flag) for flag in tool.joined if word.startswith(flag))
    return next(((start, len(word)) for start in starts if word[start:] and word[start] != "-"), None)


def _of_positions(
    name: str, start: str, wanted: tuple[int, ...], words: Sequence[str]
) -> Iterator[tuple[int, int, int]]:
    """Yield the plain words at certain places behind another: of ``add_user bob x``, the second."""
    behind = 0
    if name != start:
        starts = (word.lower() == start or (start == "-b" and _HTPASSWD.fullmatch(word) is not None) for word in words)
        behind = next((index for index, is_start in enumerate(starts, 1) if is_start), len(words))
    plain = [index for index in range(behind, len(words)) if not words[index].startswith("-")]
    for index in [plain[place] for place in wanted if place < len(plain)]:
        if "=" not in words[index]:
            yield index, 0, len(words[index])


def _of_login(tool: Tool, word: str) -> Span | None:
    start = word.find(tool.marks)
    end = word.find("@", start) if tool.marks == "/" else len(word)
    return (start + 1, end) if 0 < start < len(word) - 1 and end > 0 and "://" not in word else None


def secrets_of_shell(text: str) -> Iterator[Span]:
    """Yield where in a shell's script such passwords stand."""
    position = 0
    while (tool := _TOOL_IN_TEXT.search(text, position)) is not None:
        words, spans = [tool[0]], [tool.span()]
        position = tool.end()
        while (gap := _GAP.match(text, position)) is not None:
            word = _SHELL_WORD.match(text, gap.end())
            if word is None:
                break
            words.append(word[0])
            spans.append(word.span())
            position = word.end()
        for index, start, end in secrets_of_command([_unquoted(word) for word in words]):
            yield _in_quotes(words[index], spans[index][0], start, end)
    if "|" in text:
        for command in _PIPED.finditer(text):
            start, end = command.span("secret")
            if command["secret"][0] in "\"'":
                start, end = start + 1, end - 1
            login = _CHPASSWD.fullmatch(text, start, end)
            start = login.start("secret") if login is not None and "chpasswd" in command[0] else start
            if not is_innocent("password", text[start:end]):
                yield start, end


def _unquoted(word: str) -> str:
    """Return a shell's word without its quotes, each replaced so that places stay: ``-p'x'`` is ``-p`` and ``x``."""
    return word[1:-1] if len(word) > 1 and word[0] in "\"'" and word[-1] == word[0] else word


def _in_quotes(word: str, offset: int, start: int, end: int) -> Span:
    if _unquoted(word) != word:
        return offset + 1 + start, offset + 1 + end
    while end - start > 1 and word[start] in "\"'" and word[end - 1] == word[start]:
        start, end = start + 1, end - 1
    return offset + start, offset + end
