"""Messages as plain values: enums by their names, wherever diffs show them."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import pytest
from flyteidl.admin import task_pb2
from flyteidl.core import security_pb2, types_pb2

import flytetask_nb as ftn
from flytetask_nb.diffs.flattening import flatten
from flytetask_nb.diffs.plain import enum_name, plain_message
from flytetask_nb.semantics.descriptors import is_map, is_repeated
from tests.diffs.test_laws import assert_applied

if TYPE_CHECKING:
    from collections.abc import Iterator

DEEPEST = 7
# Types read as types, resources as their names.
WORDED = {"flyteidl.core.LiteralType", "flyteidl.core.Resources", "google.protobuf.Struct"}


def enum_fields(descriptor: Any, path: tuple[str, ...] = ()) -> Iterator[tuple[tuple[str, ...], Any]]:
    """Return every field of an enum that a message can hold, by the way to it."""
    if descriptor.full_name in WORDED or len(path) > DEEPEST:
        return
    for field in descriptor.fields:
        if field.enum_type is not None and not is_repeated(field):
            yield (*path, field.name), field.enum_type
        elif field.message_type is not None and not is_map(field):
            yield from enum_fields(field.message_type, (*path, field.name))


FIELDS = {".".join(path): (path, enum) for path, enum in enum_fields(task_pb2.TaskSpec.DESCRIPTOR)}


def with_number(path: tuple[str, ...], number: int) -> Any:
    """Return a task in which a field, however deep, is set to a number."""
    spec = task_pb2.TaskSpec()
    message: Any = spec
    for name in path[:-1]:
        inner = getattr(message, name)
        message = inner.add() if hasattr(inner, "add") else inner
        if hasattr(message, "SetInParent"):
            message.SetInParent()
    setattr(message, path[-1], number)
    return spec


def test_tasks_have_enums() -> None:
    assert len(FIELDS) >= 8
    assert {path.split(".")[-1] for path in FIELDS} >= {"mount_requirement", "dialect", "architecture", "format"}


@pytest.mark.parametrize("path", FIELDS)
def test_no_diff_shows_the_number_of_an_enum(path: str) -> None:
    """Neither where it changes nor where it comes with the whole message."""
    steps, enum = FIELDS[path]
    numbers = [value.number for value in enum.values][:3]
    tasks = [task_pb2.TaskSpec(), *(with_number(steps, number) for number in numbers)]
    for old in tasks:
        for new in tasks:
            assert_applied(old, new)
            found = ftn.diff(old, new)
            shown = [text for change in (*found.changes, *found.noise) for text in change.texts if text is not None]
            assert not any(text.lstrip("-").isdigit() for text in shown), shown
            assert not any(f'"{steps[-1]}": {number}' in text for text in shown for number in numbers), shown
    if len(numbers) > 1:
        texts = {text for change in ftn.diff(*tasks[1:3]).changes for text in change.texts}
        texts |= {text for change in ftn.diff(*tasks[1:3]).noise for text in change.texts}
        names = [enum.values_by_number[number].name for number in numbers[:2]]
        # What is no part of a task's documentation is not compared.
        assert not texts or all(any(name in (text or "") for text in texts) for name in names[1:]), texts


def test_a_number_without_a_name_is_shown_as_it_is() -> None:
    enum = security_pb2.Secret.MountType.DESCRIPTOR
    assert (enum_name(enum, 1), enum_name(enum, 42)) == ("ENV_VAR", 42)
    assert plain_message(security_pb2.Secret(key="a", mount_requirement=42)) == {"key": "a", "mount_requirement": 42}


def test_enums_in_lists_and_maps_are_named_too() -> None:
    column = types_pb2.SchemaType.SchemaColumn(name="a", type=types_pb2.SchemaType.SchemaColumn.STRING)
    assert plain_message(types_pb2.SchemaType(columns=[column])) == {"columns": [{"name": "a", "type": "STRING"}]}


def test_what_changed_of_a_secret_is_said() -> None:
    """That there must be such a secret is no news."""
    old, new = task_pb2.TaskSpec(), task_pb2.TaskSpec()
    old.template.security_context.secrets.add(group="g", key="k")
    new.template.security_context.secrets.add(group="g", key="k", mount_requirement=security_pb2.Secret.ENV_VAR)
    (change,) = ftn.diff(old, new).changes
    assert (*change.texts, change.severity) == ("ANY", "ENV_VAR", "risky")
    assert "no such secret" not in change.reason
    assert flatten(new)["security_context.secrets.g/k.mount_requirement"] == "ENV_VAR"
