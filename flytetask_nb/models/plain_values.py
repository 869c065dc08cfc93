"""From protobuf's well-known messages to plain Python values, and back: Struct, Timestamp, Duration."""

from __future__ import annotations

from datetime import datetime, timedelta, timezone
from typing import TYPE_CHECKING, Any

from flytetask_nb.errors import ModelValueError
from flytetask_nb.models.order import natural_key

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping

LARGEST_EXACT = 2**53
"""From here on a double no longer tells neighbouring integers apart."""
_EPOCH = datetime(1970, 1, 1, tzinfo=timezone.utc)


def utc_datetime(value: Any, what: str) -> datetime:
    """Return a protobuf timestamp as an aware datetime.

    Raises ModelValueError: the timestamp lies outside the years 1 to 9999.
    """
    try:
        return _EPOCH + span_of(value)
    except OverflowError:
        raise ModelValueError(
            f"{what} holds {value.seconds} s since 1970, outside the years 1 to 9999: "
            "the message was damaged or made by hand"
        ) from None


def span_of(value: Any) -> timedelta:
    """Return the seconds and nanoseconds of a message, these cut towards zero, as protobuf does.

    Raises OverflowError: they are more than Python can hold.
    """
    return timedelta(seconds=value.seconds, microseconds=int(value.nanos / 1000))


def mapping_items(value: Any) -> Iterable[tuple[Any, Any]]:
    """Return keys and values of a mapping; a TypeError says that it is none."""
    if not hasattr(value, "items"):
        raise TypeError("this is no mapping")
    items: Iterable[tuple[Any, Any]] = value.items()
    return items


def plain_struct(message: Any) -> dict[str, Any]:
    """Return a ``google.protobuf.Struct`` as a dict, keys in natural order.

    A Struct knows only doubles; a number that is integral and below 2**53 comes back as int.
    """
    fields = message.fields
    return {key: plain_json(fields[key]) for key in sorted(fields, key=natural_key)}


def plain_json(value: Any) -> Any:
    """Return a ``google.protobuf.Value`` as what JSON holds; one of no kind is None."""
    kind = value.WhichOneof("kind")
    if kind == "string_value":
        return value.string_value
    if kind == "number_value":
        number_ = value.number_value
        return int(number_) if -LARGEST_EXACT < number_ < LARGEST_EXACT and number_ == int(number_) else number_
    if kind == "bool_value":
        return value.bool_value
    if kind == "struct_value":
        return plain_struct(value.struct_value)
    if kind == "list_value":
        return [plain_json(item) for item in value.list_value.values]
    return None


def fill_struct(target: Any, value: Mapping[str, Any]) -> None:
    """Write a JSON-like mapping into an empty ``google.protobuf.Struct``."""
    for key, item in mapping_items(value):
        if not isinstance(key, str):
            raise TypeError(f"key {key!r} is {type(key).__name__}, expected a text")
        _fill_value(target.fields[key], item)


def _fill_value(target: Any, item: Any) -> None:
    if item is None:
        target.null_value = 0
    elif isinstance(item, bool):
        target.bool_value = item
    elif isinstance(item, str):
        target.string_value = item
    elif isinstance(item, int | float):
        target.number_value = item
    elif hasattr(item, "items"):
        target.struct_value.SetInParent()
        fill_struct(target.struct_value, item)
    elif isinstance(item, list | tuple):
        target.list_value.SetInParent()
        for inner in item:
            _fill_value(target.list_value.values.add(), inner)
    else:
        raise TypeError(f"a {type(item).__name__} stands in it, expected what JSON holds")
