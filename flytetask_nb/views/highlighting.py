"""Source text in pieces that stand out: keywords and comments, the same for every output format."""

from __future__ import annotations

from functools import cache, lru_cache
from typing import Any


@cache
def _lexer(language: str) -> Any:
    from pygments.lexers import get_lexer_by_name  # noqa: PLC0415 - a large import that only SQL tasks need
    from pygments.util import ClassNotFound  # noqa: PLC0415

    try:
        return get_lexer_by_name(language, stripnl=False, ensurenl=False)
    except ClassNotFound:
        return None


@lru_cache(maxsize=128)
def highlighted(text: str, language: str) -> tuple[tuple[str, str], ...]:
    """Split source text into pieces by what they are.

    ``text``: the source.
    ``language``: its language, as Pygments names them. An unknown one leaves the text in one piece.
    Returns tuple of (str, str): ``"b"`` for keywords, ``"i"`` for comments, ``""`` for the rest, each with its text.
      Joined, the texts are the source.
    """
    lexer = _lexer(language)
    if lexer is None:
        return (("", text),)
    from pygments.token import Comment, Keyword  # noqa: PLC0415

    pieces: list[tuple[str, str]] = []
    for _, token, piece in lexer.get_tokens_unprocessed(text):
        role = "b" if token in Keyword else "i" if token in Comment else ""
        if pieces and pieces[-1][0] == role:
            pieces[-1] = (role, pieces[-1][1] + piece)
        else:
            pieces.append((role, piece))
    return tuple(pieces)
