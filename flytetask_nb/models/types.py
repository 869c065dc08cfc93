"""Flyte's type system: ``LiteralType`` and everything that it can hold."""

from __future__ import annotations

from typing import TYPE_CHECKING

from flyteidl.core import types_pb2

from flytetask_nb.models.base import Model
from flytetask_nb.models.enums import OpenEnum
from flytetask_nb.models.fields import (
    Enumeration,
    Field,
    OptionalEnumeration,
    OptionalSub,
    OptionalText,
    Struct,
    Sub,
    SubList,
    SubMap,
    TextList,
)

if TYPE_CHECKING:
    from flytetask_nb.models.declarations import (
        Data,
        Enum,
        Maybe,
        MaybeEnum,
        MaybeStruct,
        MaybeText,
        Message,
        MessageMap,
        Messages,
        StructDict,
        Text,
        Texts,
    )


class SimpleType(OpenEnum):
    """Types without parts. ``STRUCT`` is what dataclasses and untyped dicts are."""

    NONE = 0
    INTEGER = 1
    FLOAT = 2
    STRING = 3
    BOOLEAN = 4
    DATETIME = 5
    DURATION = 6
    BINARY = 7
    ERROR = 8
    STRUCT = 9


class SchemaColumnType(OpenEnum):
    """Types that a column of a schema can have."""

    INTEGER = 0
    FLOAT = 1
    STRING = 2
    BOOLEAN = 3
    DATETIME = 4
    DURATION = 5


class SchemaColumn(Model, message=types_pb2.SchemaType.SchemaColumn):
    """A column of a schema."""

    __slots__ = ()
    name: Text = Field()
    type: Enum[SchemaColumnType] = Enumeration(SchemaColumnType)
    SchemaColumnType = SchemaColumnType


class SchemaType(Model, message=types_pb2.SchemaType):
    """A table with columns, as flytekit's ``FlyteSchema`` declares it; no columns: any table."""

    __slots__ = ()
    columns: Messages[SchemaColumn] = SubList(SchemaColumn)
    SchemaColumn = SchemaColumn


class DatasetColumn(Model, message=types_pb2.StructuredDatasetType.DatasetColumn):
    """A column of a structured dataset."""

    __slots__ = ()
    name: Text = Field()
    literal_type: Message[LiteralType] = Sub(lambda: LiteralType)


class StructuredDatasetType(Model, message=types_pb2.StructuredDatasetType):
    """A dataframe, with columns or open, in a format or in any.

    Parameters
    ----------
    columns : list of StructuredDatasetType.DatasetColumn, optional
        None or empty: any columns.
    format : str, optional
        How it is stored, e.g. ``"parquet"``; empty: any.
    external_schema_type : str, optional
        Kind of ``external_schema_bytes``, e.g. ``"arrow"``.
    external_schema_bytes : bytes, optional
        A schema in another system's form.
    """

    __slots__ = ()
    columns: Messages[DatasetColumn] = SubList(DatasetColumn, default=None)
    format: Text = Field(default="")
    external_schema_type: MaybeText = OptionalText(default=None)
    external_schema_bytes: Data = OptionalText(default=None)
    DatasetColumn = DatasetColumn


class BlobDimensionality(OpenEnum):
    """One file, or a directory of them."""

    SINGLE = 0
    MULTIPART = 1


class BlobType(Model, message=types_pb2.BlobType):
    """A file or a directory; an empty format: any."""

    __slots__ = ()
    format: Text = Field()
    dimensionality: Enum[BlobDimensionality] = Enumeration(BlobDimensionality)
    BlobDimensionality = BlobDimensionality


class EnumType(Model, message=types_pb2.EnumType):
    """One of a fixed list of texts."""

    __slots__ = ()
    values: Texts = TextList()


class UnionType(Model, message=types_pb2.UnionType):
    """One of several types; ``Optional`` is a union with the type NONE."""

    __slots__ = ()
    variants: Messages[LiteralType] = SubList(lambda: LiteralType)


class TypeStructure(Model, message=types_pb2.TypeStructure):
    """Hints that tell types of equal form apart: a tag, and a dataclass's fields."""

    __slots__ = ()
    tag: Text = Field()
    dataclass_type: MessageMap[LiteralType] = SubMap(lambda: LiteralType, default=None)


class TypeAnnotation(Model, message=types_pb2.TypeAnnotation):
    """Free-form data that a user, or flytekit itself, attached to a type."""

    __slots__ = ()
    annotations: StructDict = Struct()


class LiteralType(Model, message=types_pb2.LiteralType):
    """The type of an input or output. Prints as a Python user would write it.

    Parameters
    ----------
    simple, schema, collection_type, map_value_type, blob, enum_type, union_type, structured_dataset_type
        The type itself: exactly one of them. ``collection_type`` is the type of a list's items,
        ``map_value_type`` that of a dict's values; the keys are always texts.
    metadata : dict, optional
        For a dataclass its JSON schema.
    structure : TypeStructure, optional
        Hints that tell types of equal form apart.
    annotation : TypeAnnotation, optional
        Free-form data.

    Examples
    --------
    >>> from flytetask_nb.models import LiteralType, SimpleType
    >>> str(LiteralType(collection_type=LiteralType(simple=SimpleType.INTEGER)))
    'list[int]'
    """

    __slots__ = ()
    simple: MaybeEnum[SimpleType] = OptionalEnumeration(SimpleType, default=None)
    schema: Maybe[SchemaType] = OptionalSub(SchemaType, default=None)
    collection_type: Maybe[LiteralType] = OptionalSub(lambda: LiteralType, default=None)
    map_value_type: Maybe[LiteralType] = OptionalSub(lambda: LiteralType, default=None)
    blob: Maybe[BlobType] = OptionalSub(BlobType, default=None)
    enum_type: Maybe[EnumType] = OptionalSub(EnumType, default=None)
    union_type: Maybe[UnionType] = OptionalSub(UnionType, default=None)
    structured_dataset_type: Maybe[StructuredDatasetType] = OptionalSub(StructuredDatasetType, default=None)
    metadata: MaybeStruct = Struct(optional=True, default=None)
    structure: Maybe[TypeStructure] = OptionalSub(TypeStructure, default=None)
    annotation: Maybe[TypeAnnotation] = OptionalSub(TypeAnnotation, default=None)

    @property
    def accepts_none(self) -> bool:
        """Whether the type is NONE or a union with it: what ``Optional`` means to a Python user."""
        from flytetask_nb.models.notation import accepts_none  # noqa: PLC0415 - not needed until it is asked for

        return accepts_none(self._message)

    def __str__(self) -> str:
        from flytetask_nb.models.notation import type_notation  # noqa: PLC0415 - not needed until it is shown

        return type_notation(self._message)
