"""Turning what callers hold into messages."""

from __future__ import annotations

from typing import Any

import pytest
from flyteidl.core import identifier_pb2, literals_pb2

import flytetask_nb as ftn
from flytetask_nb.models import Identifier, RetryStrategy
from flytetask_nb.models.messages import HasFlyteIdl, message_of, shown


class Foreign:
    def __init__(self, message: Any) -> None:
        self.message = message

    def to_flyte_idl(self) -> Any:
        return self.message

    def __repr__(self) -> str:
        return "Foreign(password=hunter2)"


def test_messages_are_handed_through() -> None:
    """A message, a model's and a foreign object's are given as they are, uncopied."""
    message = literals_pb2.RetryStrategy(retries=3)
    model = RetryStrategy.from_flyte_idl(message)
    assert message_of(message, literals_pb2.RetryStrategy) is message
    assert message_of(model, literals_pb2.RetryStrategy) is model._message
    assert message_of(Foreign(message), literals_pb2.RetryStrategy) is message


@pytest.mark.parametrize(
    "value",
    [None, 3, "x", Identifier.from_bytes(b""), identifier_pb2.Identifier(), RetryStrategy, Foreign(None), Foreign(3)],
)
def test_other_things_are_refused(value: object) -> None:
    """What stands for no such message is refused, and the error names the kind that was expected."""
    with pytest.raises(ftn.errors.ModelTypeError, match=r"expected a flyteidl\.core\.RetryStrategy"):
        message_of(value, literals_pb2.RetryStrategy)


def test_shown() -> None:
    """Errors show values short, masked, without addresses, and foreign objects by their kind alone."""
    assert shown("x" * 200) == "'" + "x" * 78 + "…"
    assert shown({"password": "hunter2"}) == "{'password': '••••••'}"
    assert shown("hunter2", "token") == "'••••••'"
    assert shown(literals_pb2.RetryStrategy()) == "a flyteidl.core.RetryStrategy"
    assert shown(Foreign(None)) == "of type Foreign"
    assert shown(object()) == "<object object>"


def test_protocol() -> None:
    """Models and foreign objects are recognised by their method."""
    assert isinstance(RetryStrategy(1), HasFlyteIdl)
    assert isinstance(Foreign(None), HasFlyteIdl)
    assert not isinstance(literals_pb2.RetryStrategy(), HasFlyteIdl)
