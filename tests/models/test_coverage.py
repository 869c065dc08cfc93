"""Every message that a task can hold has a model, and every field of it an attribute of the right kind."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest
from flyteidl.admin import task_pb2
from generated import reachable

import flytetask_nb as ftn
from flytetask_nb import models
from flytetask_nb.models import Model, fields
from flytetask_nb.models.enums import OpenEnum
from flytetask_nb.semantics.descriptors import is_map, is_repeated

if TYPE_CHECKING:
    from google.protobuf.descriptor import Descriptor, EnumDescriptor, FieldDescriptor

WELL_KNOWN = {"google.protobuf.Struct": fields.Struct, "google.protobuf.Duration": fields.Duration}
WELL_KNOWN |= {"google.protobuf.Timestamp": fields.Timestamp, "google.protobuf.BoolValue": fields.WrappedFlag}

# Attributes that reach through a message that has no attribute of its own: the map inside a VariableMap, and pairs
# of key and value, which read as a dict.
THROUGH = {
    "flyteidl.core.TypedInterface.inputs": fields.SubMap,
    "flyteidl.core.TypedInterface.outputs": fields.SubMap,
    "flyteidl.core.Container.env": fields.KeyValues,
    "flyteidl.core.Container.config": fields.KeyValues,
}


def model_classes(base: type[Model] = Model) -> list[type[Model]]:
    classes = [base] if base is not Model else []
    for derived in base.__subclasses__():
        classes += model_classes(derived)
    return classes


# Some classes are not there before they are asked for.
PUBLIC = {getattr(models, name) for name in models.__all__}
# A FlyteTask is a TaskSpec with more to it.
BY_MESSAGE = {item.message_class.DESCRIPTOR.full_name: item for item in model_classes() if item is not ftn.FlyteTask}
DESCRIPTORS = {
    name: descriptor
    for name, descriptor in reachable(task_pb2.TaskSpec.DESCRIPTOR).items()
    if not name.startswith("google.protobuf.")
}
FIELDS = [field for descriptor in DESCRIPTORS.values() for field in descriptor.fields]
ENUMS: dict[str, EnumDescriptor] = {
    field.enum_type.full_name: field.enum_type for field in FIELDS if field.enum_type is not None
}


def of_field(field: FieldDescriptor) -> fields.Field[object, object]:
    model_class = BY_MESSAGE[field.containing_type.full_name]
    found = [item for item in model_class._fields.values() if item.proto == field.name]
    assert len(found) == 1, f"{field.full_name} has {len(found)} attributes"
    return found[0]


@pytest.mark.parametrize("descriptor", DESCRIPTORS.values(), ids=DESCRIPTORS)
def test_every_message_has_a_model(descriptor: Descriptor) -> None:
    """Each message reachable from a TaskSpec has a model class of its own."""
    assert descriptor.full_name in BY_MESSAGE


@pytest.mark.parametrize("field", FIELDS, ids=[field.full_name for field in FIELDS])
def test_every_field_has_an_attribute_of_its_kind(field: FieldDescriptor) -> None:
    """Each field has one attribute, read the way that flyteidl declares it."""
    item = of_field(field)
    message_type = field.message_type
    if field.full_name in THROUGH:
        assert type(item) is THROUGH[field.full_name]
    elif is_map(field):
        of_messages = message_type.fields_by_name["value"].message_type is not None
        assert type(item) is (fields.SubMap if of_messages else fields.TextMap)
    elif message_type is not None and message_type.full_name in WELL_KNOWN:
        assert type(item) is WELL_KNOWN[message_type.full_name]
    elif message_type is not None:
        kinds = (fields.SubList,) if is_repeated(field) else (fields.Sub, fields.OptionalSub)
        assert type(item) in kinds
        assert item.kind.message_class.DESCRIPTOR.full_name == message_type.full_name
    elif is_repeated(field):
        assert type(item) is fields.TextList
    elif field.enum_type is not None:
        assert type(item) is (fields.OptionalEnumeration if field.has_presence else fields.Enumeration)
        assert issubclass(item.kind, OpenEnum)
    elif field.has_presence:
        # A text in a oneof (Description.value) may read an empty one as absent, as flytekit does.
        assert type(item) in (fields.Presence, fields.OptionalText)
    else:
        assert type(item) in (fields.Field, fields.OptionalText)


@pytest.mark.parametrize("model_class", BY_MESSAGE.values(), ids=BY_MESSAGE)
def test_every_attribute_has_a_field(model_class: type[Model]) -> None:
    """No model names a field that flyteidl does not have."""
    names = {field.name for field in model_class.message_class.DESCRIPTOR.fields}
    assert {item.proto for item in model_class._fields.values()} <= names


@pytest.mark.parametrize("enum", ENUMS.values(), ids=ENUMS)
def test_enums_have_flyteidls_names_and_numbers(enum: EnumDescriptor) -> None:
    """The members of each enum are flyteidl's, by name and number."""
    prefix = "DESCRIPTION_FORMAT_" if enum.name == "DescriptionFormat" else ""
    expected = {value.name.removeprefix(prefix): value.number for value in enum.values}
    kinds = {of_field(field).kind for field in FIELDS if field.enum_type is enum}
    assert len(kinds) == 1
    for kind in kinds:
        assert {member.name: member.value for member in kind} == expected


def test_models_are_found_in_the_package() -> None:
    """Each model class is an attribute of ``models`` or of the class that flytekit nests it in."""
    nested = {
        value
        for holder in vars(models).values()
        if isinstance(holder, type)
        for value in vars(holder).values()
        if isinstance(value, type)
    }
    assert [item.__name__ for item in model_classes() if item not in PUBLIC | nested] == []


def test_all_is_sorted_and_present() -> None:
    """``__all__`` names what is there, in order."""
    assert sorted(models.__all__) == list(models.__all__)
    assert [name for name in models.__all__ if not hasattr(models, name)] == []
