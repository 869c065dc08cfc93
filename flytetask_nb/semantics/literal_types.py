"""Which type a value has in the eyes of Flyte, which looks at nothing but the value."""

from __future__ import annotations

from operator import itemgetter
from typing import TYPE_CHECKING, Any, Final

from flyteidl.core import literals_pb2, types_pb2

from flytetask_nb.models.messages import message_of
from flytetask_nb.models.types import LiteralType
from flytetask_nb.semantics.prototext import compact_text

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Mapping

_Type: Final = types_pb2.LiteralType

# A binary with this tag is a dataclass, a Pydantic model or an untyped dict.
_MESSAGE_PACK: Final = "msgpack"

_PRIMITIVES: Final = {
    None: types_pb2.NONE,
    "integer": types_pb2.INTEGER,
    "float_value": types_pb2.FLOAT,
    "string_value": types_pb2.STRING,
    "boolean": types_pb2.BOOLEAN,
    "datetime": types_pb2.DATETIME,
    "duration": types_pb2.DURATION,
}


def literal_type(literal: object) -> LiteralType | None:
    """Return the type that Flyte infers for a value.

    Parameters
    ----------
    literal
        A ``flyteidl.core.Literal`` message, or flytekit's model of one.

    Returns
    -------
    LiteralType or None
        None where nothing can be said: the literal holds no value, or a blob without metadata.

    Raises
    ------
    ModelTypeError
        ``literal`` is something else.

    Notes
    -----
    The rule is ``LiteralTypeForLiteral`` in flytepropeller/pkg/compiler/validators/utils.go. Items of several types
    make a list of a union, whose variants are ordered by their text. An empty list inside a list says nothing about
    the items, unless all are empty. A list of lists of unions becomes a list of one flat union.
    """
    message = literal_type_message(message_of(literal, literals_pb2.Literal))
    return None if message is None else LiteralType.from_flyte_idl(message)


def literal_type_message(literal: Any) -> Any:
    """Return the inferred type of a ``Literal`` message as a message, or None: see :func:`literal_type`."""
    return _inferred(literal, _VALUES)


def scalar_type_message(scalar: Any) -> Any:
    """Return the inferred type of a ``Scalar`` message as a message, or None: see :func:`literal_type`."""
    return _inferred(scalar, _SCALARS)


def _inferred(message: Any, rules: Mapping[str | None, Callable[[Any], Any]]) -> Any:
    kind = message.WhichOneof("value")
    infer = rules.get(kind)
    return None if infer is None else infer(getattr(message, kind))


def says_its_type(literal: Any) -> bool:
    """Tell whether a value, and each item of a list or map, says of itself what Flyte takes its type from.

    Returns bool: False where a file, a schema, a dataset or a union leaves its type out. It is inferred as one without
      particulars all the same, but feeds nothing, not even a variable of just that type.

    Notes
    -----
    ``literalTypeForScalar`` and the type checkers of flytepropeller/pkg/compiler/validators (utils.go, typing.go): the
    type is there, with nothing in it.
    """
    kind = literal.WhichOneof("value")
    if kind == "scalar":
        return scalar_says_its_type(literal.scalar)
    items = {"collection": literal.collection.literals, "map": literal.map.literals.values()}.get(kind, ())
    return all(says_its_type(item) for item in items)


def scalar_says_its_type(scalar: Any) -> bool:
    """Tell whether a ``Scalar`` message says of itself what Flyte takes its type from: see :func:`says_its_type`."""
    kind = scalar.WhichOneof("value")
    holder = _HOLDERS_OF_TYPES.get(kind)
    return holder is None or holder(getattr(scalar, kind))


_HOLDERS_OF_TYPES: Final[dict[str | None, Callable[[Any], bool]]] = {
    "blob": lambda blob: blob.metadata.HasField("type"),
    "schema": lambda schema: schema.HasField("type"),
    "structured_dataset": lambda dataset: dataset.metadata.HasField("structured_dataset_type"),
    "union": lambda union: union.HasField("type"),
}


def _simple(simple: int) -> Any:
    return _Type(simple=simple)


_SCALARS: Final[dict[str | None, Callable[[Any], Any]]] = {
    "primitive": lambda primitive: _simple(_PRIMITIVES[primitive.WhichOneof("value")]),
    "blob": lambda blob: _Type(blob=blob.metadata.type) if blob.HasField("metadata") else None,
    "binary": lambda binary: _simple(types_pb2.STRUCT if binary.tag == _MESSAGE_PACK else types_pb2.BINARY),
    "schema": lambda schema: _Type(schema=schema.type),
    "structured_dataset": lambda dataset: _Type(structured_dataset_type=dataset.metadata.structured_dataset_type),
    "none_type": lambda _none: _simple(types_pb2.NONE),
    "error": lambda _error: _simple(types_pb2.ERROR),
    "generic": lambda _struct: _simple(types_pb2.STRUCT),
    "union": lambda union: _Type(union_type=types_pb2.UnionType(variants=[union.type])),
}
_VALUES: Final[dict[str | None, Callable[[Any], Any]]] = {
    "scalar": scalar_type_message,
    "collection": lambda collection: _Type(collection_type=_of_items(collection.literals)),
    "map": lambda entries: _Type(map_value_type=_of_items(entries.literals.values())),
    "offloaded_metadata": lambda offloaded: offloaded.inferred_type if offloaded.HasField("inferred_type") else None,
}


def _of_items(literals: Iterable[Any]) -> Any:
    """Return the one type of all the items of a list or map."""
    of_empty_list = None
    types_by_bytes: dict[bytes | None, tuple[str, Any]] = {}
    for literal in literals:
        inferred = literal_type_message(literal)
        if literal.WhichOneof("value") == "collection" and not literal.collection.literals:
            of_empty_list = inferred
        elif inferred is None:
            # Flyte writes what is not there so, and puts an empty type in its place.
            types_by_bytes[None] = ("<nil>", _Type())
        else:
            types_by_bytes[inferred.SerializeToString(deterministic=True)] = (compact_text(inferred), inferred)
    if not types_by_bytes:
        return _simple(types_pb2.NONE) if of_empty_list is None else of_empty_list
    types = [inferred for _text, inferred in sorted(types_by_bytes.values(), key=itemgetter(0))]
    return types[0] if len(types) == 1 else _union_of(types)


def _union_of(types: list[Any]) -> Any:
    """Return the union of several types, with the variants of unions inside lists as variants of its own."""
    variants: list[Any] = []
    has_union = False
    for variant in types:
        if variant.collection_type.HasField("union_type"):
            variants.extend(variant.collection_type.union_type.variants)
            has_union = True
        else:
            variants.append(variant)
    union = _Type(union_type=types_pb2.UnionType(variants=variants))
    return _Type(collection_type=union) if has_union else union
