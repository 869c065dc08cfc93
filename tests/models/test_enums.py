"""Enums have flyteidl's numbers and keep those that they have no name for."""

from __future__ import annotations

import copy
import pickle

import pytest
from flyteidl.core import types_pb2

from flytetask_nb.models import Container, LiteralType, ResourceType, Secret, SimpleType


@pytest.mark.parametrize("number", [42, -1, 2**31 - 1])
def test_unrecognized_numbers(number: int) -> None:
    """A number without a name is a member of its own: named after itself, equal to it, and not recognized."""
    member = SimpleType(number)
    assert (member.name, member.value, int(member)) == (f"UNRECOGNIZED_{number}", number, number)
    assert str(member) == f"{member}" == f"UNRECOGNIZED_{number}"
    assert member == number
    assert isinstance(member, SimpleType)
    assert not member.is_recognized
    assert SimpleType.INTEGER.is_recognized


def test_unrecognized_numbers_are_identical() -> None:
    """Equal numbers are the same member, also after pickling and copying."""
    member = SimpleType(43)
    assert SimpleType(43) is member
    for protocol in range(2, pickle.HIGHEST_PROTOCOL + 1):
        assert pickle.loads(pickle.dumps(member, protocol)) is member  # noqa: S301 - bytes of this test
    assert copy.deepcopy(member) is copy.copy(member) is member


def test_unrecognized_numbers_stay_with_their_enum() -> None:
    """A number that one enum has met is no member of another, and is not listed."""
    assert SimpleType(44) is not ResourceType(44)
    assert [member.value for member in ResourceType] == [0, 1, 2, 3, 4]
    assert "UNRECOGNIZED_44" not in SimpleType.__members__


def test_unrecognized_numbers_come_back() -> None:
    """A type that this flyteidl does not know is read and written again as it came."""
    message = types_pb2.LiteralType(simple=4711)
    model = LiteralType.from_flyte_idl(message)
    assert model.simple is SimpleType(4711)
    assert LiteralType(simple=model.simple).to_flyte_idl() == message
    assert repr(model) == "LiteralType(simple=<SimpleType.UNRECOGNIZED_4711: 4711>)"


@pytest.mark.parametrize("value", ["INTEGER", "1", 1.5, None, object()])
def test_what_is_no_number(value: object) -> None:
    """Only whole numbers make members."""
    with pytest.raises(ValueError, match="not a valid SimpleType"):
        SimpleType(value)


def test_members_read_as_names() -> None:
    """Members print by their names, and compare with plain numbers as flytekit's do."""
    assert str(SimpleType.STRUCT) == f"{SimpleType.STRUCT}" == "STRUCT"
    assert f"{SimpleType.NONE:>6}" == "  NONE"
    assert SimpleType.STRUCT == 9
    assert Container.Architecture.ARM64 == 2
    assert Secret.MountType.ENV_VAR.value == 1
