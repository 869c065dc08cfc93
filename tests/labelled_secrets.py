"""Made-up texts with secrets in them, and texts that only look so, with what each place of a task makes of them.

A line of ``tests/data/secrets`` is a place and a text. ``⟦…⟧`` marks what must not show; a line without is innocent.
``‹a|b›`` stands for each of its alternatives, ``‹hex:32›`` for that many letters drawn from an alphabet: no token of a
known service stands in a file as such, and none was ever in use.
"""

from __future__ import annotations

import json
import random
import re
import shlex
from typing import TYPE_CHECKING, Any, NamedTuple

from flytetask_nb.masking import mask_arguments, mask_identifier, mask_text, mask_value, masked
from tests.conftest import DATA

if TYPE_CHECKING:
    from collections.abc import Iterator

FOLDER = DATA / "secrets"

_DIGITS = "0123456789"
_LOWER = "abcdefghijklmnopqrstuvwxyz"
ALPHABETS = {
    "alnum": _LOWER + _LOWER.upper() + _DIGITS,
    "alpha": _LOWER + _LOWER.upper(),
    "b64": _LOWER + _LOWER.upper() + _DIGITS + "+/",
    "b64url": _LOWER + _LOWER.upper() + _DIGITS + "-_",
    "digits": _DIGITS,
    "hex": _DIGITS + "abcdef",
    "upper": "ABCDEFGHIJKLMNOPQRSTUVWXYZ234567",
}
_CHOICE = re.compile("‹([^‹›]*)›")
_MARKED = re.compile("⟦(.*?)⟧", re.DOTALL)


class Sample(NamedTuple):
    """A text at its place, and what of it is secret."""

    kind: str
    place: str
    text: str
    secrets: tuple[str, ...]

    def shown(self) -> str:
        """Return what is shown of the text."""
        return PLACES[self.place](self.text)

    def holds(self) -> bool:
        """Tell whether the policy does right: no secret is shown, and what is none is shown as it is."""
        shown = self.shown()
        if self.secrets:
            return not any(secret in shown for secret in self.secrets)
        return shown == PLAIN[self.place](self.text)


def _of_variable(text: str) -> str:
    key, _, value = text.partition("=")
    return f"{key}={masked(key, value)}"


PLACES: dict[str, Any] = {
    "text": mask_text,
    "env": _of_variable,
    "args": lambda text: "\n".join(mask_arguments(shlex.split(text))),
    "json": lambda text: _plain(mask_value(json.loads(text))),
    "name": mask_identifier,
}
PLAIN: dict[str, Any] = {
    "text": str,
    "env": str,
    "args": lambda text: "\n".join(shlex.split(text)),
    "json": lambda text: _plain(json.loads(text)),
    "name": str,
}


def _plain(value: Any) -> str:
    """Write a value so that a text in it reads as it is: JSON would escape it."""
    if isinstance(value, dict):
        return "{" + ", ".join(f"{key}: {_plain(inner)}" for key, inner in value.items()) + "}"
    return f"[{', '.join(map(_plain, value))}]" if isinstance(value, list) else str(value)


def _drawn(choice: str, source: random.Random) -> list[str]:
    name, colon, size = choice.partition(":")
    if name == "uuid" and colon:
        parts = ["".join(source.choices(ALPHABETS["hex"], k=length)) for length in (8, 4, 4, 4, 12)]
        return ["-".join(parts)]
    if name in ALPHABETS and size.isdecimal():
        letters = source.choices(ALPHABETS[name], k=int(size))
        # A few of each sort, as in all but one token of a million.
        if name in {"alnum", "b64", "b64url", "hex"} and len(letters) > len("aB3x"):
            letters[1:4] = source.sample("a4d" if name == "hex" else "kB7", 3)
        return ["".join(letters)]
    return choice.split("|")


def _expanded(line: str, source: random.Random) -> list[str]:
    found = _CHOICE.search(line)
    if found is None:
        return [line]
    before, after = line[: found.start()], line[found.end() :]
    return [whole for choice in _drawn(found[1], source) for whole in _expanded(before + choice + after, source)]


def samples(name: str) -> Iterator[Sample]:
    """Yield what a file holds."""
    kind = ""
    source = random.Random(name)  # noqa: S311 - the same at each run
    for line in (FOLDER / name).read_text(encoding="utf-8").splitlines():
        if line.startswith("#"):
            kind = line.strip("# ")
        for whole in _expanded(line, source) if line and not line.startswith("#") else ():
            place, _, text = whole.partition(" ")
            text = text.replace("\\n", "\n") if place == "text" else text
            secrets = tuple(_MARKED.findall(text.replace("\\n", "\n").replace('\\"', '"') if place == "json" else text))
            yield Sample(kind, place, _MARKED.sub(r"\1", text), secrets)
