"""Whether a value of one type can feed a variable of another: the type check of Flyte's workflow compiler.

The rules are those of flytepropeller/pkg/compiler/validators/typing.go. Types are derived from their messages once
and kept, because the same few meet each other again and again.
"""

from __future__ import annotations

from functools import lru_cache
from typing import TYPE_CHECKING, Any, Final, TypeAlias

from flyteidl.core import types_pb2
from google.protobuf.message import DecodeError

from flytetask_nb.errors import ModelValueError
from flytetask_nb.models.messages import message_of
from flytetask_nb.semantics.json_schemas import schema_of
from flytetask_nb.semantics.meta_schemas import NoAnswerError
from flytetask_nb.semantics.schema_comparison import covers

if TYPE_CHECKING:
    from collections.abc import Callable

    from flytetask_nb.semantics.json_schemas import Schema


class Kind:
    """What a literal type can be, by the field of its message that says so."""

    SIMPLE: Final = "simple"
    ENUM: Final = "enum_type"
    LIST: Final = "collection_type"
    MAP: Final = "map_value_type"
    BLOB: Final = "blob"
    SCHEMA: Final = "schema"
    DATASET: Final = "structured_dataset_type"
    UNION: Final = "union_type"


# The only format that a schema is stored in.
PARQUET: Final = "parquet"

_Column: Final = types_pb2.SchemaType.SchemaColumn
# Which simple type of a structured dataset's column stands for which type of a schema's column.
SIMPLE_OF_COLUMN: Final = {
    _Column.INTEGER: types_pb2.INTEGER,
    _Column.FLOAT: types_pb2.FLOAT,
    _Column.STRING: types_pb2.STRING,
    _Column.BOOLEAN: types_pb2.BOOLEAN,
    _Column.DATETIME: types_pb2.DATETIME,
    _Column.DURATION: types_pb2.DURATION,
}


def castable(upstream: object, downstream: object) -> bool:
    """Tell whether a value of type ``upstream`` can feed a variable of type ``downstream``.

    Parameters
    ----------
    upstream, downstream
        Literal types: models of this package or of flytekit, or ``flyteidl.core.LiteralType`` messages.

    Returns
    -------
    bool
        What the compiler of Flyte answers. Where it would not come to an answer, because it stumbles or because the
        JSON schemas of two dataclasses refer to themselves and differ, False. So too (policy of this package) where
        those nest more than 64 levels deep, or where more than 50,000 pairs of schemas or 500,000 pairs of types
        have to be compared.

    Raises
    ------
    ModelTypeError
        One of them is no literal type.
    ModelValueError
        One of them nests deeper than protobuf can read, 100 messages.

    Notes
    -----
    The relation surprises: int and float do not feed each other, a file feeds a directory, an enum feeds another
    only with the identical values in the identical order, a union of several variants never feeds a type that is no
    union, and it is not transitive.
    """
    given, wanted = (type_of(message_of(each, types_pb2.LiteralType)) for each in (upstream, downstream))
    return castable_types(given, wanted)


def is_optional(literal_type: object) -> bool:
    """Tell whether an input of this type may stay unbound when a workflow is compiled.

    Parameters
    ----------
    literal_type
        A model of this package or of flytekit, or a ``flyteidl.core.LiteralType`` message.

    Returns
    -------
    bool
        Whether it is a union with a variant that is NONE or not simple at all. The second half is a hole in the
        compiler (``IsOptionalType`` in flytepropeller/pkg/compiler/validators/bindings.go), which reads the simple
        type of a list as NONE; ``Union[int, List[int]]`` is optional to it.

    Raises
    ------
    ModelTypeError
        It is no literal type.
    """
    message = message_of(literal_type, types_pb2.LiteralType)
    return any(variant.simple == types_pb2.NONE for variant in message.union_type.variants)


def type_of(message: Any) -> DerivedType:
    """Return the type that a ``LiteralType`` message is."""
    return derived_type(message.SerializeToString(deterministic=True))


@lru_cache(maxsize=4096)
def derived_type(serialized: bytes) -> DerivedType:
    """Return the type that a serialized literal type is; equal ones are derived once."""
    try:
        return DerivedType(types_pb2.LiteralType.FromString(serialized))
    except DecodeError as error:
        raise ModelValueError(f"{error}; expected a literal type of at most 100 nested messages") from None


@lru_cache(maxsize=32768)
def castable_types(upstream: DerivedType, downstream: DerivedType) -> bool:
    """Tell whether a value of one type can feed a variable of another."""
    try:
        return _castable(upstream, downstream, {})
    except NoAnswerError:
        return False


# -- types as the rules see them -----------------------------------------------------------------------------------


class DerivedType:
    """A literal type, read once: the getters of messages are slower than the rules."""

    __slots__ = (
        "column_types",
        "columns",
        "element",
        "format",
        "has_metadata",
        "kind",
        "message",
        "only",
        "rest",
        "schema",
        "simple",
        "tag",
        "variants",
    )

    def __init__(self, message: Any) -> None:
        self.message = message
        self.kind: str | None = message.WhichOneof("type")
        # Where the type is not simple, the compiler's getter reads NONE.
        self.simple: int = message.simple
        self.tag: str = message.structure.tag
        self.has_metadata: bool = message.HasField("metadata")
        self.schema: Schema | None = None
        self.element: DerivedType | None = None
        self.variants: list[DerivedType] = []
        self.columns: list[tuple[str, Any]] = []
        self.format = ""
        self.rest: bytes | None = None
        if self.kind in (Kind.LIST, Kind.MAP):
            self.element = DerivedType(getattr(message, self.kind))
        elif self.kind == Kind.UNION:
            self.variants = [DerivedType(variant) for variant in message.union_type.variants]
        elif self.kind == Kind.BLOB:
            self.format = message.blob.format
        elif self.kind == Kind.SCHEMA:
            self.columns = [(column.name, column.type) for column in message.schema.columns]
        elif self.kind == Kind.DATASET:
            self.format = message.structured_dataset_type.format
            self.columns = [(column.name, _column_type(column)) for column in message.structured_dataset_type.columns]
        else:
            self.rest = _rest(message)
        # Of two columns of one name the producer's last one counts.
        self.column_types: dict[str, Any] = dict(self.columns)
        # The variant that a union of one stands for.
        self.only = self.variants[0] if len(self.variants) == 1 else None

    @property
    def parts(self) -> list[DerivedType]:
        """The types inside of it: of elements, of a dataset's columns, of variants."""
        elements = [] if self.element is None else [self.element]
        columns = self.column_types.values() if self.kind == Kind.DATASET else ()
        return [*elements, *columns, *self.variants]


def _column_type(column: Any) -> DerivedType:
    made = DerivedType(column.literal_type)
    if not column.HasField("literal_type"):
        made.rest = None
    return made


def _rest(message: Any) -> bytes:
    """Serialize the type without what the compiler ignores: metadata, annotation and structure."""
    bare = types_pb2.LiteralType()
    bare.CopyFrom(message)
    for ignored in ("metadata", "annotation", "structure"):
        bare.ClearField(ignored)
    serialized: bytes = bare.SerializeToString(deterministic=True)
    return serialized


# -- the rules -----------------------------------------------------------------------------------------------------

# Answers for pairs of nested types: unions in unions would otherwise be asked about again and again.
_Known: TypeAlias = dict[tuple[int, int], bool]
# Policy of this package: a union of ten thousand variants is no reason to compare for minutes.
_MOST_PAIRS: Final = 500_000


def _castable(upstream: DerivedType, downstream: DerivedType, known: _Known) -> bool:
    pair = (id(upstream), id(downstream))
    answer = known.get(pair)
    if answer is None:
        if len(known) > _MOST_PAIRS:
            raise NoAnswerError
        only = upstream.only
        answer = (only is not None and _accepts(downstream, only, known)) or _accepts(downstream, upstream, known)
        known[pair] = answer
    return answer


def _accepts(downstream: DerivedType, upstream: DerivedType, known: _Known) -> bool:
    return _RULES.get(downstream.kind, _simple_accepts)(downstream, upstream, known)


def is_none(literal_type: DerivedType) -> bool:
    """Tell whether a type is NONE."""
    return literal_type.kind == Kind.SIMPLE and literal_type.simple == types_pb2.NONE


def _elements_accept(downstream: DerivedType, upstream: DerivedType, known: _Known) -> bool:
    """Compare lists with lists and maps with maps; those of nothing feed all others."""
    if upstream.kind != downstream.kind or upstream.element is None or downstream.element is None:
        return False
    return is_none(upstream.element) or _accepts(downstream.element, upstream.element, known)


def _blob_accepts(downstream: DerivedType, upstream: DerivedType, _known: _Known) -> bool:
    if upstream.kind != Kind.BLOB:
        return False
    return not upstream.format or not downstream.format or upstream.format == downstream.format


def _schema_accepts(downstream: DerivedType, upstream: DerivedType, _known: _Known) -> bool:
    if upstream.kind == Kind.SCHEMA:
        return _columns_accept(downstream, upstream, lambda wanted, given: wanted == given)
    if upstream.kind != Kind.DATASET or not formats_agree(upstream.format, PARQUET):
        return False
    return _columns_accept(downstream, upstream, lambda wanted, given: SIMPLE_OF_COLUMN.get(wanted) == given.simple)


def _dataset_accepts(downstream: DerivedType, upstream: DerivedType, known: _Known) -> bool:
    if upstream.kind == Kind.SCHEMA:
        return formats_agree(downstream.format, PARQUET) and _columns_accept(
            downstream, upstream, lambda wanted, given: SIMPLE_OF_COLUMN.get(given) == wanted.simple
        )
    if upstream.kind == Kind.DATASET:
        return formats_agree(upstream.format, downstream.format) and _columns_accept(
            downstream, upstream, lambda wanted, given: _accepts(wanted, given, known)
        )
    return is_none(upstream)


def _columns_accept(downstream: DerivedType, upstream: DerivedType, agree: Callable[[Any, Any], bool]) -> bool:
    """Find each column of the consumer at the producer; a type without columns stands for any columns."""
    if not upstream.columns or not downstream.columns:
        return True
    return all(
        name in upstream.column_types and agree(wanted, upstream.column_types[name])
        for name, wanted in downstream.columns
    )


def _union_accepts(downstream: DerivedType, upstream: DerivedType, known: _Known) -> bool:
    if upstream.kind == Kind.UNION:
        return all(
            any(_castable(variant, wanted, known) for wanted in downstream.variants) for variant in upstream.variants
        )
    # A value must know which variant it becomes. The second that fits decides: the rest is not looked at.
    fitting = (True for wanted in downstream.variants if _castable(upstream, wanted, known))
    return next(fitting, False) and not next(fitting, False)


def _simple_accepts(downstream: DerivedType, upstream: DerivedType, _known: _Known) -> bool:
    if is_none(downstream):
        return is_none(upstream)
    if upstream.kind == Kind.ENUM and downstream.simple == types_pb2.STRING:
        return True
    if downstream.kind == Kind.ENUM and upstream.simple == types_pb2.STRING:
        return True
    if upstream.tag and upstream.tag != downstream.tag:
        return False
    if upstream.simple == types_pb2.STRUCT and downstream.simple == types_pb2.STRUCT:
        return _struct_accepts(downstream, upstream)
    if is_missing(upstream) or is_missing(downstream):
        # A column without a type: the compiler takes it for a type nevertheless and stumbles.
        raise NoAnswerError
    return upstream.kind == downstream.kind and upstream.rest == downstream.rest


def is_missing(literal_type: DerivedType) -> bool:
    """Tell whether nothing at all is set in a type."""
    return literal_type.kind is None and literal_type.rest is None


def _struct_accepts(downstream: DerivedType, upstream: DerivedType) -> bool:
    if not upstream.has_metadata or not downstream.has_metadata:
        return True
    wanted, given = json_schema_of(downstream), json_schema_of(upstream)
    return wanted.equals(given) or covers(wanted, given)


def json_schema_of(literal_type: DerivedType) -> Schema:
    """Return the JSON schema in the metadata of a type."""
    if literal_type.schema is None:
        literal_type.schema = schema_of(literal_type.message.metadata)
    return literal_type.schema


_RULES: Final[dict[str | None, Callable[[DerivedType, DerivedType, _Known], bool]]] = {
    Kind.LIST: _elements_accept,
    Kind.MAP: _elements_accept,
    Kind.BLOB: _blob_accepts,
    Kind.SCHEMA: _schema_accepts,
    Kind.DATASET: _dataset_accepts,
    Kind.UNION: _union_accepts,
}


@lru_cache(maxsize=1024)
def formats_agree(text: str, other: str) -> bool:
    """Compare formats as Go's ``strings.EqualFold`` does, character by character; an empty one agrees with all."""
    return not text or not other or [char.casefold() for char in text] == [char.casefold() for char in other]
