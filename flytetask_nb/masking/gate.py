"""The gate that every text passes on its way out, whoever made it.

What knows a text's place (its path, its key, the words beside it) masks by that, where the text is made. Here passes
everything once more, without its place: no URL's password, no token of a known service, and no control character
leaves, though whoever wrote the output has forgotten that it could be there. ``Shown`` puts the gate before each output
of its classes, the renderers before each piece of text, errors before what they say.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from flytetask_nb.masking.shapes import SHAPES
from flytetask_nb.masking.tainted import kept_secrets, without_secrets
from flytetask_nb.masking.texts import mask_looks
from flytetask_nb.options import OPTIONS
from flytetask_nb.printing import visible

if TYPE_CHECKING:
    from collections.abc import Hashable

    import pandas as pd

__all__ = ["gate_state", "gated", "gated_frame", "gated_value"]

_SUSPICIOUS = rf"{SHAPES}|://|-----BEGIN|(?i)\b(?:bearer|basic) "


def gated(text: str) -> str:
    """Return a text as it may leave: on a terminal, in a page, in an error, in a log."""
    return visible(_masked(text))


def gate_state() -> Hashable:
    """Return what decides, beside the text, how a text may leave: while it is the same, so is what comes of a text."""
    return kept_secrets(), OPTIONS["reveal_secrets"]


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
                shown = column.map(lambda value, texts=texts: texts.get(value, value) if type(value) is str else value)
                changed[name] = shown.astype(column.dtype)
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
    stored = getattr(distinct, "_pa_array", None)
    if stored is not None and kept_secrets() is None:
        from flytetask_nb.extras import pc  # noqa: PLC0415 - the column is one of Arrow's

        distinct = stored.filter(pc.match_substring_regex(stored, _SUSPICIOUS)).to_pylist()
    texts = {value for value in distinct if type(value) is str}
    return {text: shown for text in texts if (shown := _masked(text)) != text}
