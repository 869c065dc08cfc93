"""Command lines as text: quoted as a shell would have them, secrets masked."""

from __future__ import annotations

import re
from shlex import quote
from typing import TYPE_CHECKING, Final

from flytetask_nb.masking import COMMANDS, LONG_RUN, mask_arguments, mask_text
from flytetask_nb.masking.gate import SUSPICIOUS

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence

BUNDLE_FLAG: Final = "--additional-distribution"
PLAIN_WORD: Final = "^[A-Za-z0-9_./][A-Za-z0-9_./-]*$"
"""Matches words that neither a shell nor masking takes for more than they are, unless they look like a secret."""
_PLAIN: Final = re.compile(PLAIN_WORD.replace("$", r"\Z"))
MARKED_WORD: Final = f"{SUSPICIOUS}|{LONG_RUN}|{COMMANDS}"
"""Matches words that may be secret by their looks, and tools that take a password in ways of their own."""
_MARKED: Final = re.compile(MARKED_WORD)
_TOOL: Final = re.compile(COMMANDS)
# Follows a word to see whether that makes the word after it a secret.
_PROBE: Final = "probe"


class Words(dict[str, str]):
    """Words as they are shown, remembered: tasks repeat the same few.

    ``telling``: words that masking changes, or that make it change the word behind them. What holds none of them is
      shown word by word; only the others have to be looked at as a whole.
    """

    def __init__(self) -> None:
        super().__init__()
        self.telling: set[str] = set()

    def __missing__(self, word: str) -> str:
        if _PLAIN.match(word) is not None and _MARKED.search(word) is None:
            self[word] = word
            return word
        if _TOOL.match(word) is not None or mask_arguments([word, _PROBE]) != [word, _PROBE]:
            self.telling.add(word)
        quoted = self[word] = quote(word)
        return quoted

    def line(self, words: Sequence[str]) -> str:
        """Return a command line as text."""
        text = " ".join(map(self.__getitem__, words))
        if self.telling and not self.telling.isdisjoint(words):
            return " ".join(map(quote, mask_arguments(list(words))))
        return text


def code_bundle(words: Iterable[str]) -> str:
    """Return where fast registration put the code, of the arguments of a container; empty without one."""
    following = iter(words)
    for word in following:
        if word == BUNDLE_FLAG:
            return mask_text(next(following, ""))
        if word.startswith(f"{BUNDLE_FLAG}="):
            return mask_text(word[len(BUNDLE_FLAG) + 1 :])
    return ""
