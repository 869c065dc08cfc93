"""Descriptions of interfaces, variables and types."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, TypeVar

from flytetask_nb.models.notation import (
    accepts_none,
    dataclass_fields,
    signature_notation,
    signature_order,
    type_notation,
)
from flytetask_nb.options import OPTIONS
from flytetask_nb.views.document import (
    Document,
    Fields,
    Paragraph,
    Row,
    Section,
    Table,
    budget_scale,
    code,
    cut,
    cut_masked,
    dim,
    row_size,
    within,
)
from flytetask_nb.views.wording import counted

if TYPE_CHECKING:
    from collections.abc import Callable

    from flytetask_nb.models import LiteralType, TypedInterface, Variable
    from flytetask_nb.views.document import Block, Line, Piece

T = TypeVar("T")

_TYPE_BUDGET = 900
_DESCRIPTION_BUDGET = 600
_TABLE_BUDGET = 4_200
_SIGNATURE_BUDGET = 700
_LONGEST_KEPT = 8_192
"""Bytes of an interface whose description is kept."""
_MOST_KEPT = 256
_kept: dict[tuple[object, ...], Any] = {}


def signature_line(notation: str) -> Line:
    """Return a signature, cut where it grows too long to be read in one line."""
    shown, remark = cut(notation, _SIGNATURE_BUDGET)
    return [code(shown), dim(f" {remark}")] if remark else code(shown)


def interface_section(message: Any) -> Section:
    """Describe inputs and outputs.

    ``message``: a flyteidl ``TypedInterface``.
    """
    return _as_before(_section, message)


def interface_line(message: Any) -> Line:
    """Return an interface as a signature, cut where it grows too long to be read in one line.

    ``message``: a flyteidl ``TypedInterface``.
    """
    return _as_before(_signature, message)


def _as_before(make: Callable[[Any], T], message: Any) -> T:
    """Describe an interface. Most versions of a task have that of the one before, so some descriptions are kept."""
    data = message.SerializeToString(deterministic=True)
    key = (make, data, budget_scale(), OPTIONS["reveal_secrets"])
    description: T | None = _kept.get(key)
    if description is None:
        description = make(message)
        if len(_kept) >= _MOST_KEPT:
            _kept.clear()
        if len(data) <= _LONGEST_KEPT:
            _kept[key] = description
    return description


def _signature(message: Any) -> Line:
    return signature_line(signature_notation(message, brief=True))


def _section(message: Any) -> Section:
    inputs, outputs = message.inputs.variables, message.outputs.variables
    note = f"{counted(len(inputs), 'input')}, {counted(len(outputs), 'output')}"
    return Section("Interface", note, _interface_blocks(inputs, outputs), is_open=True)


def _interface_blocks(inputs: Any, outputs: Any) -> list[Block]:
    notes = [{name: _said(name, of[name]) for name in of} for of in (inputs, outputs)]
    described = any(any(said.values()) for said in notes)
    blocks: list[Block] = []
    rows: list[Row] = []
    for title, variables, said in (("input", inputs, notes[0]), ("output", outputs, notes[1])):
        if not variables:
            continue
        header: list[Line] = [title, "type", "description"] if described else [title, "type"]
        body = (
            _variable_row(name, variables[name], said[name] if described else None)
            for name in signature_order(variables)
        )
        shown, left = within(body, _TABLE_BUDGET, row_size, len(variables))
        rows += [Row(header, header=True), *shown]
        if left:
            rows.append(Row([dim(f"… {left:,} more"), *[""] * (len(header) - 1)]))
    if rows:
        blocks.append(Table(rows))
    return blocks


def _variable_row(name: str, variable: Any, note: Line | None) -> Row:
    shown_name, remark = cut(name, _DESCRIPTION_BUDGET)
    label: list[Piece] = [code(shown_name)]
    if remark:
        label.append(dim(f" {remark}"))
    if accepts_none(variable.type):
        label.append(dim(" optional"))
    cells: list[Line] = [label, _type_line(variable.type)]
    if note is not None:
        cells.append(note)
    return Row(cells)


def _type_line(message: Any) -> Line:
    shown, remark = cut(type_notation(message), _TYPE_BUDGET)
    return [code(shown), dim(f" {remark}")] if remark else code(shown)


def _said(name: str, variable: Any) -> Line:
    """Return what is said of a variable; flytekit says its name where the docstring says nothing."""
    pieces: list[Piece] = []
    if variable.description and variable.description != name:
        shown, remark = cut_masked(variable.description.strip(), _DESCRIPTION_BUDGET)
        pieces += [shown, dim(f" {remark}")] if remark else [shown]
    for what, field in (("artifact", "artifact_partial_id"), ("artifact tag", "artifact_tag")):
        if variable.HasField(field):
            key = getattr(variable, field).artifact_key
            pieces.append(dim(f"{' · ' if pieces else ''}{what} {cut(key.name, _DESCRIPTION_BUDGET)[0]}"))
    if not pieces:
        return ""
    return pieces[0] if len(pieces) == 1 else pieces


def describe_interface(interface: TypedInterface) -> Document:
    """Describe an interface on its own."""
    message = interface._message
    section = interface_section(message)
    return Document("TypedInterface", section.note, lines=[signature_line(str(interface))], blocks=section.blocks)


def describe_variable(variable: Variable) -> Document:
    """Describe an input or output on its own."""
    message = variable._message
    rows: list[tuple[str, list[Line]]] = [("type", [_type_line(message.type)])]
    if accepts_none(message.type):
        rows[0][1].append(dim("optional"))
    said = _said("", message)
    if said:
        rows.append(("description", [said]))
    return Document("Variable", blocks=[Fields(rows), *_dataclass_blocks(message.type)])


def describe_literal_type(literal_type: LiteralType) -> Document:
    """Describe a type on its own."""
    message = literal_type._message
    return Document("LiteralType", lines=[_type_line(message)], blocks=_dataclass_blocks(message))


def _dataclass_blocks(message: Any) -> list[Block]:
    """Return the fields of a dataclass as a table, for its one-line form is soon too long."""
    fields = dataclass_fields(message) if message.WhichOneof("type") == "simple" else None
    if not fields:
        return []
    body = [Row([code(cut(name, _DESCRIPTION_BUDGET)[0]), code(cut(kind, _TYPE_BUDGET)[0])]) for name, kind in fields]
    shown, left = within(body, _TABLE_BUDGET, row_size)
    blocks: list[Block] = [Table([Row(["field", "type"], header=True), *shown])]
    if left:
        blocks.append(Paragraph(dim(f"… {left:,} more")))
    return blocks
