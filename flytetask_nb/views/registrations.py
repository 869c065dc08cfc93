"""Description of what would become of a task if it were registered: the verdict, and what stands against it."""

from __future__ import annotations

from typing import TYPE_CHECKING

from flytetask_nb.views.diffs import describe_diff
from flytetask_nb.views.document import Badge, Document
from flytetask_nb.views.excerpts import start_of

if TYPE_CHECKING:
    from flytetask_nb.sources.client.registrations import Registration
    from flytetask_nb.views.document import Line

_NAME_BUDGET = 700
_BADGES = {
    "new": ("good", "+"),
    "identical": ("good", "="),
    "conflict": ("breaking", "✗"),
    "refused": ("breaking", "✗"),
}


def describe_registration(result: Registration) -> Document:
    """Describe the verdict; under a conflict, what differs."""
    tone, glyph = _BADGES[result.verdict]
    verdict: Line = [Badge(tone, glyph, result.verdict)]
    title = start_of(result.summary, _NAME_BUDGET)
    if result.diff is None:
        return Document(title, lines=[verdict])
    inner = describe_diff(result.diff)
    return Document(title, lines=[verdict, *inner.lines], blocks=inner.blocks, sections=inner.sections)
