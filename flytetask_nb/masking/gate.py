"""The gate that every text passes on its way out, whoever made it.

What knows a text's place (its path, its key, the words beside it) masks by that, where the text is made. Here passes
everything once more, without its place: no URL's password, no token of a known service, and no control character
leaves, though whoever wrote the output has forgotten that it could be there. ``Shown`` puts the gate before each output
of its classes, the renderers before each piece of text, errors before what they say.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from flytetask_nb.masking.shapes import SHAPES
from flytetask_nb.masking.tainted import secrets_are_kept, without_secrets
from flytetask_nb.masking.texts import mask_looks
from flytetask_nb.options import OPTIONS
from flytetask_nb.printing import visible

if TYPE_CHECKING:
    import pandas as pd

__all__ = ["gated", "gated_frame", "gated_value"]

# What Arrow looks for knows letters and blanks of ASCII alone: any other text is looked at one by one.
_SUSPICIOUS = rf"{SHAPES}|://|-----BEGIN|Private-Lines|[^\x00-\x7F]|(?i)\b(?:bearer|basic|auth (?:plain|login))"
_MANY = 500
"""Texts for which it pays to import Arrow."""


def gated(text: str) -> str:
    """Return a text as it may leave: on a terminal, in a page, in an error, in a log."""
    return visible(_masked(text))


def _masked(text: str) -> str:
    return without_secrets(mask_looks(text))


def gated_value(value: Any) -> Any:
    """Return what an output gives: a text, JSON values, or a table, each text of it as it may leave.

    Parameters
    ----------
    value
        The output. In values and tables, control characters are data, and stay.
    """
    if isinstance(value, str):
        return _masked(value)
    if isinstance(value, dict):
        return {gated_value(key): gated_value(inner) for key, inner in value.items()}
    if isinstance(value, list):
        return [gated_value(inner) for inner in value]
    return gated_frame(value) if type(value).__name__ == "DataFrame" else value


def gated_frame(frame: pd.DataFrame) -> pd.DataFrame:
    """Return a table as it may leave."""
    if OPTIONS["reveal_secrets"]:
        return frame
    import pandas as pd  # noqa: PLC0415 - a table is at hand, so it is loaded

    changed: dict[str, Any] = {}
    for name in frame.columns:
        column = frame[name]
        if pd.api.types.is_string_dtype(column.dtype) or column.dtype == object:
            texts = _changed(column)
            if texts:
                values = [texts.get(value, value) if type(value) is str else value for value in column]
                changed[name] = pd.Series(values, index=column.index, dtype=column.dtype)
    frame = frame.assign(**changed) if changed else frame
    if frame.index.nlevels == 1 and pd.api.types.is_string_dtype(frame.index.dtype):
        texts = _changed(frame.index)
        frame = frame.rename(index=texts) if texts else frame
    names = {str(name): _masked(str(name)) for name in frame.columns if _masked(str(name)) != str(name)}
    return frame.rename(columns=names) if names else frame


def _changed(column: Any) -> dict[str, str]:
    """Return what of a column's texts is shown otherwise: columns repeat the same few, and hardly one holds a secret."""
    try:
        distinct = column.unique()
    except TypeError:
        distinct = [value for value in column if type(value) is str]
    texts = [value for value in distinct if type(value) is str]
    if len(texts) >= _MANY and not secrets_are_kept():
        texts = _suspicious(texts)
    return {text: shown for text in texts if (shown := _masked(text)) != text}


def _suspicious(texts: list[str]) -> list[str]:
    """Return those of many texts in which there may be something secret, as fast as there is a way."""
    from flytetask_nb.extras import load_module  # noqa: PLC0415 - of use to large tables

    try:
        pa, pc = load_module("pyarrow"), load_module("pyarrow.compute")
        stored = pa.array(texts, type=pa.large_string())
    except (ImportError, UnicodeEncodeError):
        # Not installed, or a text holds what is no character.
        return texts
    found: list[str] = stored.filter(pc.match_substring_regex(stored, _SUSPICIOUS)).to_pylist()
    return found
