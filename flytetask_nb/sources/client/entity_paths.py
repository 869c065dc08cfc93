"""What is asked for: where it is and what it is called, each part of it checked before a server is asked."""

from __future__ import annotations

from typing import Any, NamedTuple

from flyteidl.core import identifier_pb2

from flytetask_nb.errors import ModelTypeError, ModelValueError
from flytetask_nb.models.coercion import as_task
from flytetask_nb.models.identifiers import is_filled_in


class EntityPath(NamedTuple):
    """Where to look: in a project and a domain, for tasks of a name, or, where that is empty, for all of them."""

    project: str
    domain: str
    name: str = ""

    def __str__(self) -> str:
        return "/".join(filter(None, self))


def checked_part(what: str, value: object) -> str:
    """Return a part of an id that has to be given.

    Raises ModelTypeError: it is no text.
    Raises ModelValueError: it is empty.
    """
    if not isinstance(value, str) and value is not None:
        raise ModelTypeError(f"{what} is a text, got {value!r}")
    if not value:
        raise ModelValueError(
            f"no {what} is given; Flyte Admin would take that for any {what}, and answer with an arbitrary task. "
            f"Pass {what}=..." + (", to the call or to connect" if what in {"project", "domain"} else "")
        )
    return value


def full_id(task: object) -> Any:
    """Return the id of a task, all parts of which are known.

    Raises ModelValueError: a part is missing.
    """
    identifier = as_task(task).id
    given = {part: getattr(identifier, part) for part in ("project", "domain", "name", "version")}
    # What registration still has to fill in names nothing.
    parts = {part: checked_part(part, text if is_filled_in(text) else "") for part, text in given.items()}
    return identifier_pb2.Identifier(resource_type=identifier_pb2.TASK, **parts)
