"""How values of a task read: as texts, secrets masked, and two that differ as texts that tell them apart."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, Any, Final
from unicodedata import normalize

from flytetask_nb.diffs.plain import plain_message
from flytetask_nb.errors import shortened
from flytetask_nb.masking import mask_arguments, mask_text, mask_value, masked
from flytetask_nb.masking.tainted import without_secrets
from flytetask_nb.models.base import Model

if TYPE_CHECKING:
    from collections.abc import Callable


_BLANKS: Final = re.compile("  +")


class Word(str):
    """A number, a flag or null as JSON spells it: other than the text of the same letters."""

    __slots__ = ()

    def __eq__(self, other: object) -> bool:
        return isinstance(other, Word) and str.__eq__(self, other)

    def __ne__(self, other: object) -> bool:
        return not self == other

    def __hash__(self) -> int:
        return hash((Word, str(self)))


def text_of(value: Any, key: str = "") -> str | None:
    """Return a value of a task as text, secrets masked, and all of it under a secret-looking key; None for nothing."""
    if value is None:
        return None
    for kind, words in _WORDS:
        if isinstance(value, kind):
            return words(value, key)
    return str(mask_value(value, key))


def _nested_text(value: Any, key: str) -> str:
    import json  # noqa: PLC0415 - few values are nested

    if isinstance(value, list | tuple):
        value = [mask_text(str(item)) if isinstance(item, Model) else item for item in value]
        if all(isinstance(item, str) for item in value):
            return " ".join(mask_arguments(value))
    return json.dumps(mask_value(value, key), ensure_ascii=False, default=str)


_WORDS: tuple[tuple[Any, Callable[[Any, str], str]], ...] = (
    (str, lambda value, key: masked(key, str(value))),
    (bool, lambda value, _: "yes" if value else "no"),
    # A model masks what is in it; its name may hold what looks like a secret.
    (Model, lambda value, _: mask_text(str(value))),
    ((dict, list, tuple), _nested_text),
)


def texts_of(old: Any, new: Any, key: str = "") -> tuple[str | None, str | None]:
    """Return two values of a task as texts that do not read alike, secrets masked, those that are kept among them.

    Returns (str or None, str or None): where the values are written alike, what differs in them as JSON; where all of
      that is secret, or JSON has no words for it, that it is another value.
    """
    before, after = text_of(old, key), text_of(new, key)
    if before is None or after is None:
        return before, after
    # A secret of the tasks may be quoted anywhere.
    before, after = without_secrets(before), without_secrets(after)
    if not _read_alike(before, after):
        return before, after
    plain = _apart(_plain(old), _plain(new))
    texts = [without_secrets(_raw(mask_value(value, key))) for value in plain]
    if texts[0] != texts[1]:
        return texts[0], texts[1]
    # Secrets are masked, and JSON has one null for a value that is null and for one that is of no kind.
    return before, after if old == new else f"{after} (another value)"


def quoted_if_alike(old: str, new: str) -> tuple[str, str]:
    """Return two texts as they are, or quoted where they read alike: their blanks differ, or how a letter is spelled."""
    return (_raw(old), _raw(new)) if _seen(old) == _seen(new) else (old, new)


def _read_alike(old: str, new: str) -> bool:
    # Texts of several lines are compared line by line.
    return old == new or ("\n" not in old + new and _seen(old) == _seen(new))


def _seen(text: str) -> str:
    """Return what a reader sees of a text in one line."""
    return " ".join(normalize("NFKC", text).split())


def _plain(value: Any) -> Any:
    """Return a value as JSON has it, a message by all that is set in it."""
    if isinstance(value, Model):
        return plain_message(value._message)
    if isinstance(value, list | tuple):
        return [_plain(item) for item in value]
    return {name: _plain(inner) for name, inner in value.items()} if isinstance(value, dict) else value


def _apart(old: Any, new: Any) -> tuple[Any, Any]:
    """Return two values without the entries that are the same in both."""
    if not (isinstance(old, dict) and isinstance(new, dict)):
        return old, new
    names = [
        name for name in dict.fromkeys((*old, *new)) if name not in old or name not in new or old[name] != new[name]
    ]
    pairs = {name: _apart(old[name], new[name]) for name in names if name in old and name in new}
    before, after = (
        {name: pairs[name][side] if name in pairs else text[name] for name in names if name in text}
        for side, text in enumerate((old, new))
    )
    return before, after


def _raw(value: Any) -> str:
    import json  # noqa: PLC0415 - few values read alike

    if isinstance(value, Word):
        return str(value)
    # Of blanks beside each other a page shows one. JSON itself has none but in texts.
    text = json.dumps(value, sort_keys=True, default=repr)
    return _BLANKS.sub(lambda blanks: " " + r"\u0020" * (len(blanks[0]) - 1), text)


def windowed(old: str, new: str, limit: int) -> tuple[str, str]:
    """Return two different texts, or where they are long a stretch of each in which they differ, quotes aside."""
    start = 0
    if max(len(old), len(new)) > limit:
        length = min(len(old), len(new))
        same = next((index for index in range(length) if old[index] != new[index]), length)
        start = max(0, same - limit // 3)
    sign = "…" if start else ""
    before, after = (sign + shortened(text[start:], limit - len(sign)) for text in (old, new))
    return quoted_if_alike(before, after)
