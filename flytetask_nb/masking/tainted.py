"""The secrets of a task, by what their places say: a report about it shows none of them, wherever it quotes them.

A report takes a task apart: a command line into words, a pod into paths, a text into what differs. What is left of a
secret's place there may not tell that it is one. So the whole task is looked at, each text under its path, its key and
beside its neighbours, and what is secret there is known to the gate for as long as the report is shown.
"""

from __future__ import annotations

import re
from contextlib import contextmanager
from contextvars import ContextVar
from functools import lru_cache
from typing import TYPE_CHECKING, Any, NamedTuple

from flytetask_nb.masking.texts import MASK, each_text, mask_value
from flytetask_nb.options import OPTIONS

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Mapping

_SHORTEST = 5
"""Characters of a secret that is looked for in other texts: shorter ones stand in them by chance."""
_LOOKED_AT = 20_000
_REMEMBERED = 16_000
"""Bytes of a part, at most, whose secrets are remembered."""


class _Kept(NamedTuple):
    """What is known of the tasks that are shown: what finds their secrets, these, and the messages by their identity."""

    pattern: re.Pattern[str] | None
    secrets: frozenset[str]
    messages: Mapping[int, Any]


_NOTHING_KEPT = _Kept(None, frozenset(), {})
_kept: ContextVar[_Kept] = ContextVar("flytetask_nb_secrets", default=_NOTHING_KEPT)
# A task without any of this, in small letters, holds no secret that its place tells. Each way begins with a letter of its
# own: without regard to case, or with what is no letter in front, the search would take thirty times as long.
_TELLING = re.compile(
    rb"pass|pwd|secret|token|key|auth|cred|cookie|bearer|jwt|dsn|salt|pepper|pin\b|pat\b|sas|psk|jaas|webhook|otp|mnemonic|"
    rb"phrase|identified|mysql|mariadb|curl|docker|login|-[puaw](?<=\b-.)|://[^/\s]*@|conn"
)


def secrets_of(message: Any) -> set[str]:
    """Return the secrets in a task's message; none where the options reveal them.

    ``message``: the message; also a part of a task.
    """
    if OPTIONS["reveal_secrets"] or _TELLING.search(message.SerializeToString().lower()) is None:
        return set()
    secrets: set[str] = set()
    for part in _parts(message):
        data = part.SerializeToString()
        kind: Any = type(part)
        read = _secrets_in if len(data) <= _REMEMBERED else _secrets_in.__wrapped__
        secrets |= read(kind, data)
    return secrets


def _parts(message: Any) -> Iterator[Any]:
    """Yield a task in parts: versions of a task share most of its variables.

    A variable's name is no key of a secret: it has a type and a description, and its values stand in no task.
    """
    interface = getattr(getattr(message, "template", message), "interface", None)
    if interface is None:
        yield message
        return
    rest = type(message)()
    rest.CopyFrom(message)
    getattr(rest, "template", rest).ClearField("interface")
    yield rest
    yield from interface.inputs.variables.values()
    yield from interface.outputs.variables.values()


@lru_cache(maxsize=2048)
def _secrets_in(kind: Any, data: bytes) -> frozenset[str]:
    """Return the secrets in a part."""
    from google.protobuf.json_format import MessageToDict  # noqa: PLC0415 - few tasks hold what could be a secret

    try:
        plain = MessageToDict(kind.FromString(data))
    except Exception:  # noqa: BLE001 - what JSON has no word for (NaN, a time beyond any calendar) ends its printer
        return frozenset()
    if len(data) > _LOOKED_AT:
        # No output reads on.
        plain = each_text(plain, lambda text: text[:_LOOKED_AT])
    pairs = [(plain, mask_value(plain)), *((words, mask_value(words)) for words in _joined_commands(plain))]
    secrets = {secret for pair in pairs for secret in _differences(*pair)}
    return frozenset(secret for secret in secrets if len(secret) >= _SHORTEST and MASK not in secret)


def _joined_commands(value: Any) -> Iterator[list[str]]:
    """Yield each command with its arguments: a word of the one may say what the first of the other is."""
    if isinstance(value, dict):
        command, args = value.get("command"), value.get("args")
        if isinstance(command, list) and isinstance(args, list):
            yield [*map(str, command), *map(str, args)]
    if isinstance(value, dict | list):
        for inner in value.values() if isinstance(value, dict) else value:
            yield from _joined_commands(inner)


def _differences(plain: Any, masked: Any) -> Iterator[str]:
    """Yield what stands in values where masks stand in others."""
    if isinstance(plain, dict) and isinstance(masked, dict):
        for key, inner in plain.items():
            yield from _differences(inner, masked.get(key))
    elif isinstance(plain, list) and isinstance(masked, list):
        for inner, other in zip(plain, masked, strict=False):
            yield from _differences(inner, other)
    elif isinstance(plain, str | int | float) and isinstance(masked, str) and plain != masked:
        form = "(.+?)".join(map(re.escape, masked.split(MASK)))
        hidden = re.fullmatch(form, str(plain), re.DOTALL)
        yield from (str(plain),) if hidden is None else hidden.groups()


@contextmanager
def secrets_kept(messages: Iterable[Any]) -> Iterator[None]:
    """Let no text that leaves in the block show a secret of some tasks, nor of those of the blocks around it.

    ``messages``: the messages of the tasks. Of what is a part of the tasks around it nothing is looked for again.
    """
    known = _kept.get()
    added = {id(message): message for message in messages if id(message) not in known.messages}
    if not added:
        yield
        return
    secrets = known.secrets.union(*map(secrets_of, added.values()))
    pattern = re.compile("|".join(map(re.escape, sorted(secrets, key=len, reverse=True)))) if secrets else None
    before = _kept.set(_Kept(pattern, secrets, {**known.messages, **added}))
    try:
        yield
    finally:
        _kept.reset(before)


def kept_secrets() -> re.Pattern[str] | None:
    """Return what finds the secrets that a text may hold; None where none are known."""
    return _kept.get().pattern


def without_secrets(text: str) -> str:
    """Return a text without the secrets of the tasks that are shown."""
    pattern = kept_secrets()
    return text if pattern is None else pattern.sub(MASK, text)
