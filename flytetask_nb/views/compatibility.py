"""Description of what a change of an interface means for callers: the verdict first, then a line per variable."""

from __future__ import annotations

from collections import Counter
from typing import TYPE_CHECKING, Final

from flytetask_nb.diffs.texts import texts_of, windowed
from flytetask_nb.masking import mask_identifier
from flytetask_nb.views.document import Badge, Document, Paragraph, Row, Section, code, cut, dim
from flytetask_nb.views.excerpts import code_line, start_of, table_within, title_of
from flytetask_nb.views.labels import versions_line
from flytetask_nb.views.wording import counted

if TYPE_CHECKING:
    from collections.abc import Mapping

    from flytetask_nb.semantics.variable_verdicts import Compatibility, TaskName, VariableCompatibility
    from flytetask_nb.views.document import Line

_TYPE_BUDGET: Final = 500
_NARROW: Final = 60
"""Characters that are shown of two types whose difference was cut off."""
_REASON_BUDGET: Final = 900
_SECTION_BUDGET: Final = 12_000
_HEAD: Final = ("variable", "was", "is", "verdict", "reason")

_LOOKS: Final = {"breaking": ("breaking", "✗"), "risky": ("risky", "!"), "safe": ("good", "✓")}


def describe_compatibility(result: Compatibility) -> Document:
    """Describe what a change of an interface means for callers.

    Returns Document: of which task and versions it is, where interfaces are not all that was given; a section for
      inputs and one for outputs that changed, the worst first; what is unchanged is counted.
    """
    counts = Counter(variable.verdict for variable in result.variables)
    sections = [
        _section(title, variables)
        for title, variables in (("Inputs", result.inputs), ("Outputs", result.outputs))
        if any(variable.is_changed for variable in variables.values())
    ]
    words = " · ".join(f"{counts[verdict]:,} {verdict}" for verdict in _LOOKS if counts[verdict]) or "no variables"
    title, aside = ("Compatibility", words) if result._tasks is None else _head(*result._tasks, words)
    return Document(
        title,
        aside,
        lines=[_badge(result.verdict), *([] if sections else ["No type of the interface changed."])],
        sections=sections,
    )


def _head(old: TaskName, new: TaskName, words: str) -> tuple[str, Line]:
    """Return title and aside as a diff of the two tasks has them."""
    names = list(dict.fromkeys(mask_identifier(task.name) for task in (old, new)))
    versions = versions_line(*(mask_identifier(task.version) for task in (old, new)))
    return title_of(" → ".join(names)), [*versions, *([" · "] if versions else []), f"compatibility: {words}"]


def _badge(verdict: str) -> Badge:
    return Badge(*_LOOKS[verdict], verdict)


def _section(title: str, variables: Mapping[str, VariableCompatibility]) -> Section:
    order = list(_LOOKS)
    changed = sorted(
        (variable for variable in variables.values() if variable.is_changed),
        key=lambda variable: order.index(variable.verdict),
    )
    blocks = table_within(map(_row, changed), _SECTION_BUDGET, len(changed), _HEAD)
    if len(changed) < len(variables):
        blocks.append(Paragraph(dim(f"{len(variables) - len(changed):,} unchanged")))
    return Section(title, f"{counted(len(changed), 'change')} of {len(variables):,}", blocks, is_open=True)


def _row(variable: VariableCompatibility) -> Row:
    was, now = _types(*texts_of(variable.old, variable.new))
    reason, rest = cut(variable.reason, _REASON_BUDGET)
    text: Line = [reason, dim(f" {rest}")] if rest else reason
    return Row([code(start_of(variable.name)), was, now, _badge(variable.verdict), text])


def _types(old: str | None, new: str | None) -> tuple[Line, Line]:
    if old is None or new is None or start_of(old, _TYPE_BUDGET) != start_of(new, _TYPE_BUDGET):
        was, now = (dim("none") if text is None else code_line(text, _TYPE_BUDGET) for text in (old, new))
        return was, now
    # What differs was cut off.
    removed, added = windowed(old, new, _NARROW)
    return code(removed), code(added)
