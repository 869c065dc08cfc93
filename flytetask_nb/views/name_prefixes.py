"""What names have in common is told once, so that each row shows what is its own."""

from __future__ import annotations

from itertools import takewhile
from typing import TYPE_CHECKING, Final

from flytetask_nb.views.document import Label, cut

if TYPE_CHECKING:
    from collections.abc import Iterable

_SHORTEST: Final = 12
"""Characters that are worth being told apart."""
_BUDGET: Final = 300


def shared_prefix(names: Iterable[str]) -> str:
    """Return with which modules all names begin, the last dot included; empty where that is hardly shorter."""
    distinct = set(names)
    if len(distinct) <= 1:
        return ""
    first, last = min(distinct), max(distinct)
    common = first[: sum(1 for _ in takewhile(lambda pair: pair[0] == pair[1], zip(first, last, strict=False)))]
    prefix = common[: common.rfind(".") + 1]
    return prefix if len(prefix) >= _SHORTEST else ""


def name_label(name: str, prefix: str, short: str = "") -> Label:
    """Return a name without what is told of it already, whole where a reader asks for it.

    ``name``: the name.
    ``prefix``: what ``shared_prefix`` gave.
    ``short``: the name in a shorter form, such as that of a map task; else the name itself.
    """
    text = (short or name).removeprefix(prefix) or "(no name)"
    return Label("".join(cut(text, _BUDGET)), cut(name, _BUDGET)[0] or text, name=True)
