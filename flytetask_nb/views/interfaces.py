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
from flytetask_nb.views.document import Document, Fields, Row, Section, Table, budget_scale, code, cut, cut_masked, dim
from flytetask_nb.views.excerpts import code_line, rows_within, start_of, table_within
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
    return code_line(signature_notation(message, brief=True), _SIGNATURE_BUDGET)


def _section(message: Any) -> Section:
    inputs, outputs = message.inputs.variables, message.outputs.variables
    note = f"{counted(len(inputs), 'input')}, {counted(len(outputs), 'output')}"
    return Section("Interface", note, _interface_blocks(inputs, outputs), is_open=True)


def _interface_blocks(inputs: Any, outputs: Any) -> list[Block]:
    sides = [
        (title, variables, {name: _description(name, variables[name]) for name in variables})
        for title, variables in (("input", inputs), ("output", outputs))
    ]
    is_described = any(any(descriptions.values()) for *_, descriptions in sides)
    rows: list[Row] = []
    for title, variables, descriptions in sides:
        if not variables:
            continue
        header: list[Line] = [title, "type", *(["description"] if is_described else [])]
        body = (
            _variable_row(name, variables[name], [descriptions[name]] if is_described else [])
            for name in signature_order(variables)
        )
        rows += [
            Row(header, header=True),
            *rows_within(body, _TABLE_BUDGET, len(variables), columns=len(header)),
        ]
    return [Table(rows)] if rows else []


def _variable_row(name: str, variable: Any, description: list[Line]) -> Row:
    start, remark = cut(name, _DESCRIPTION_BUDGET)
    label: list[Piece] = [code(start)]
    if remark:
        label.append(dim(f" {remark}"))
    if accepts_none(variable.type):
        label.append(dim(" optional"))
    return Row([label, _type_line(variable.type), *description])


def _type_line(message: Any) -> Line:
    return code_line(type_notation(message), _TYPE_BUDGET)


def _description(name: str, variable: Any) -> Line:
    """Return what is said of a variable; flytekit says its name where the docstring says nothing."""
    pieces: list[Piece] = []
    if variable.description and variable.description != name:
        text, remark = cut_masked(variable.description.strip(), _DESCRIPTION_BUDGET)
        pieces += [text, dim(f" {remark}")] if remark else [text]
    for what, field in (("artifact", "artifact_partial_id"), ("artifact tag", "artifact_tag")):
        if variable.HasField(field):
            key = getattr(variable, field).artifact_key
            pieces.append(dim(f"{' · ' if pieces else ''}{what} {start_of(key.name, _DESCRIPTION_BUDGET)}"))
    if not pieces:
        return ""
    return pieces[0] if len(pieces) == 1 else pieces


def describe_interface(interface: TypedInterface) -> Document:
    """Describe an interface on its own."""
    section = interface_section(interface._message)
    signature = code_line(str(interface), _SIGNATURE_BUDGET)
    return Document("TypedInterface", section.note, lines=[signature], blocks=section.blocks)


def describe_variable(variable: Variable) -> Document:
    """Describe an input or output on its own."""
    message = variable._message
    rows: list[tuple[str, list[Line]]] = [("type", [_type_line(message.type)])]
    if accepts_none(message.type):
        rows[0][1].append(dim("optional"))
    description = _description("", message)
    if description:
        rows.append(("description", [description]))
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
    rows = [
        Row([code(start_of(name, _DESCRIPTION_BUDGET)), code(start_of(kind, _TYPE_BUDGET))]) for name, kind in fields
    ]
    return table_within(rows, _TABLE_BUDGET, head=["field", "type"])
