"""The secrets of a task, by what their places say: a report about it shows none of them, wherever it quotes them.

A report takes a task apart: a command line into words, a pod into paths, a text into what differs. What is left of a
secret's place there may not tell that it is one. So the whole task is looked at, each text under its path, its key and
beside its neighbours, and what is secret there is known to the gate for as long as the report is shown.
"""

from __future__ import annotations

import re
from contextlib import contextmanager
from contextvars import ContextVar
from typing import TYPE_CHECKING, Any

from flytetask_nb.masking.texts import MASK, mask_value
from flytetask_nb.options import OPTIONS

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator

__all__ = ["secrets_are_kept", "secrets_kept", "secrets_of", "without_secrets"]

_SHORTEST = 5
"""Characters of a secret that is looked for in other texts: shorter ones stand in them by chance."""
_LOOKED_AT = 20_000
_kept: ContextVar[re.Pattern[str] | None] = ContextVar("flytetask_nb_secrets", default=None)
# A task without any of this holds no secret that its place tells.
_TELLING = re.compile(
    rb"(?i)pass|pwd|passphrase|secret|token|key|auth|cred|cookie|bearer|jwt|dsn|salt|pepper|pin\b|pat\b|sas|psk|jaas|"
    rb"webhook|otp|mnemonic|phrase|identified|mysql|mariadb|curl|sshpass|docker|login|\b-[puaPw]|://[^/\s]*@|conn"
)


def secrets_of(message: Any) -> set[str]:
    """Return the secrets in a task's message.

    Parameters
    ----------
    message
        The message; also a part of a task.
    """
    data = message.SerializeToString()
    if _TELLING.search(data) is None:
        return set()
    from google.protobuf.json_format import MessageToDict  # noqa: PLC0415 - few tasks hold what could be a secret

    try:
        plain = _cut(MessageToDict(message))
    except Exception:  # noqa: BLE001 - what JSON has no word for (NaN, a time beyond any calendar) ends its printer
        return set()
    found: set[str] = set()
    with_commands = _joined_commands(plain)
    for value in (plain, *with_commands):
        found.update(_differences(value, mask_value(value)))
    return {text for text in found if len(text) >= _SHORTEST and MASK not in text}


def _cut(value: Any) -> Any:
    """Return JSON values with their texts cut where no output reads on."""
    if isinstance(value, dict):
        return {key[:_LOOKED_AT]: _cut(inner) for key, inner in value.items()}
    if isinstance(value, list):
        return [_cut(inner) for inner in value]
    return value[:_LOOKED_AT] if isinstance(value, str) else value


def _joined_commands(value: Any) -> Iterator[list[str]]:
    """Yield each command with its arguments: a word of the one may say what the first of the other is."""
    if isinstance(value, dict):
        command, args = value.get("command"), value.get("args")
        if isinstance(command, list) and isinstance(args, list):
            yield [*map(str, command), *map(str, args)]
        for inner in value.values():
            yield from _joined_commands(inner)
    elif isinstance(value, list):
        for inner in value:
            yield from _joined_commands(inner)


def _differences(plain: Any, shown: Any) -> Iterator[str]:
    if isinstance(plain, dict) and isinstance(shown, dict):
        for key, inner in plain.items():
            yield from _differences(inner, shown.get(key))
    elif isinstance(plain, list) and isinstance(shown, list):
        for inner, masked in zip(plain, shown, strict=False):
            yield from _differences(inner, masked)
    elif isinstance(plain, str | int | float) and isinstance(shown, str) and plain != shown:
        yield from _hidden(str(plain), shown)


def _hidden(plain: str, shown: str) -> Iterator[str]:
    """Yield what stands in a text where it shows masks."""
    kept = [re.escape(part) for part in shown.split(MASK)]
    found = re.fullmatch("(.+?)".join(kept), plain, re.DOTALL)
    yield from found.groups() if found is not None else (plain,)


@contextmanager
def secrets_kept(messages: Iterable[Any]) -> Iterator[None]:
    """Let no text that leaves in the block show a secret of some tasks.

    Parameters
    ----------
    messages
        Of the tasks.
    """
    secrets = set() if OPTIONS["reveal_secrets"] else {secret for message in messages for secret in secrets_of(message)}
    if not secrets:
        yield
        return
    pattern = re.compile("|".join(map(re.escape, sorted(secrets, key=len, reverse=True))))
    before = _kept.set(pattern)
    try:
        yield
    finally:
        _kept.reset(before)


def secrets_are_kept() -> bool:
    """Tell whether secrets are known that a text may hold."""
    return _kept.get() is not None


def without_secrets(text: str) -> str:
    """Return a text without the secrets of the tasks that are shown."""
    pattern = _kept.get()
    return text if pattern is None else pattern.sub(MASK, text)
