"""What the server answers instead of what was asked for: a gRPC status, without gRPC."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from flytetask_nb.semantics.digests import unhashable_answer
from flytetask_nb.semantics.objecthash import UnhashableError, object_hash

if TYPE_CHECKING:
    from google.protobuf.message import Message


class Refusal(Exception):  # noqa: N818 - it is an answer of the server, never an error of its caller
    """A call is answered with a status other than OK.

    ``code``: the name of the gRPC status, e.g. ``"NOT_FOUND"``.
    ``message``: in Flyte Admin's words.
    ``details``: what Admin packs into the status beside the message.
    """

    def __init__(self, code: str, message: str, details: Message | None = None) -> None:
        super().__init__(message)
        self.code = code
        self.message = message
        self.details = details


def invalid(message: str, details: Message | None = None) -> Refusal:
    """Refuse a request for what it holds."""
    return Refusal("INVALID_ARGUMENT", message, details)


def missing(field: str) -> Refusal:
    """Refuse a request for what it lacks."""
    return invalid(f"missing {field}")


def invalid_value(field: str) -> Refusal:
    """Refuse a request for a field of it."""
    return invalid(f"invalid value for {field}")


def not_found(message: str = "entry not found") -> Refusal:
    """Say that there is no such row."""
    return Refusal("NOT_FOUND", message)


def database_error(message: str) -> Refusal:
    """Say what PostgreSQL has against a query. Admin passes its words on."""
    return Refusal("UNKNOWN", f"failed database operation with {message}")


def digest_of(kind: str, identifier: Any, message: Message) -> bytes:
    """Compute what is stored of a workflow or launch plan to tell whether it is the same when it comes again.

    Raises Refusal: INTERNAL: it cannot be hashed.
    """
    try:
        return object_hash(message)
    except UnhashableError as error:
        raise Refusal("INTERNAL", unhashable_answer(kind, identifier, error)) from None
