"""The gate that every text passes on its way out, whoever made it.

What knows a text's place (its path, its key, the words beside it) masks by that, where the text is made. Here passes
everything once more, without its place: no URL's password, no token of a known service, and no control character
leaves, though whoever wrote the output has forgotten that it could be there. ``Shown`` puts the gate before each output
of its classes, the renderers before each piece of text, errors before what they say.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from flytetask_nb.masking.plainness import matching
from flytetask_nb.masking.shapes import SERVICES
from flytetask_nb.masking.tainted import kept_secrets, without_secrets
from flytetask_nb.masking.texts import each_text, mask_looks
from flytetask_nb.options import OPTIONS
from flytetask_nb.printing import visible

if TYPE_CHECKING:
    from collections.abc import Collection, Hashable, Mapping

    import pandas as pd

# What Arrow looks for knows letters and blanks of ASCII alone: any other text is looked at by itself.
SUSPICIOUS = rf"{SERVICES}|://|-----BEGIN|Private-Lines|[^\x00-\x7F]|(?i:\b(?:bearer|basic|auth)\b)"
"""Found in some word of each text that the gate changes."""


def gated(text: str) -> str:
    """Return a text as it may leave: on a terminal, in a page, in an error, in a log."""
    return visible(_masked(text))


def gate_state() -> tuple[Hashable, bool]:
    """Return what decides, beside the text, how a text may leave: while it is the same, so is what comes of a text."""
    return kept_secrets(), OPTIONS["reveal_secrets"]


def _masked(text: str) -> str:
    return without_secrets(mask_looks(text))


def gated_value(value: Any) -> Any:
    """Return what an output gives: a text, JSON values, or a table, each text of it as it may leave.

    ``value``: the output. In values and tables, control characters are data, and stay.
    """
    return gated_frame(value) if type(value).__name__ == "DataFrame" else each_text(value, _masked)


def gated_frame(frame: pd.DataFrame, doubtful: Mapping[str, Collection[str]] | None = None) -> pd.DataFrame:
    """Return a table as it may leave.

    ``frame``: the table.
    ``doubtful``: of some of its columns the texts that may look like a secret, so that others need not be looked at.
    """
    if OPTIONS["reveal_secrets"]:
        return frame
    import pandas as pd  # noqa: PLC0415 - a table is at hand, so it is loaded

    # What is known to be a secret need not look like one.
    doubtful = doubtful if doubtful and kept_secrets() is None else {}
    texts: dict[str, Collection[str]] = {
        name: doubtful[name] if name in doubtful else _texts_of(frame[name])
        for name in frame.columns
        if _may_hold_texts(frame[name].dtype)
    }
    index = _texts_of(frame.index) if frame.index.nlevels == 1 and _may_hold_texts(frame.index.dtype) else set()
    names = {str(name) for name in frame.columns}
    changed = _changed(set().union(index, names, *texts.values()))
    if not changed:
        return frame
    for name, held in texts.items():
        if not changed.keys().isdisjoint(held):
            values = [changed.get(value, value) if type(value) is str else value for value in frame[name]]
            frame = frame.assign(**{name: pd.Series(values, index=frame.index, dtype=frame[name].dtype)})
    return frame.rename(
        columns={name: changed[name] for name in names & changed.keys()}, index=changed if index else None
    )


def _may_hold_texts(dtype: Any) -> bool:
    import pandas as pd  # noqa: PLC0415 - a table is at hand, so it is loaded

    return pd.api.types.is_object_dtype(dtype) or pd.api.types.is_string_dtype(dtype)


def _texts_of(column: Any) -> set[str]:
    """Return the texts of a column: columns repeat the same few."""
    try:
        distinct = set(column.to_numpy(dtype=object))
    except TypeError:
        # What else stands there need not be of a kind that sets take.
        return {value for value in column if type(value) is str}
    return {value for value in distinct if type(value) is str}


def _changed(texts: set[str]) -> dict[str, str]:
    """Return what of texts is shown otherwise: hardly one holds a secret, and Arrow tells which may at once."""
    suspicious = matching(texts, SUSPICIOUS) if kept_secrets() is None else None
    if suspicious is None:
        suspicious = texts
    return {text: shown for text in suspicious if (shown := _masked(text)) != text}
