"""What fields are annotated with: what reading an attribute gives, and what the constructor takes for it.

For type checkers alone; nothing imports this module when the program runs.
"""

from __future__ import annotations

from datetime import datetime, timedelta
from typing import TYPE_CHECKING, Any, TypeAlias, TypeVar

from flytetask_nb.models.fields import Field

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping

    from google.protobuf.message import Message as ProtobufMessage

    from flytetask_nb.models.messages import HasFlyteIdl

T = TypeVar("T")
E = TypeVar("E")

Text: TypeAlias = Field[str, "str | None"]
MaybeText: TypeAlias = Field["str | None", "str | None"]
Texts: TypeAlias = Field["list[str]", "Iterable[str] | None"]
TextDict: TypeAlias = Field["dict[str, str]", "Mapping[str, str] | None"]
Data: TypeAlias = Field["bytes | None", "bytes | None"]
Number: TypeAlias = Field[int, "int | None"]
Flag: TypeAlias = Field[bool, "bool | None"]
MaybeFlag: TypeAlias = Field["bool | None", "bool | None"]
Enum: TypeAlias = Field[E, "int | None"]
MaybeEnum: TypeAlias = Field["E | None", "int | None"]
Span: TypeAlias = Field[timedelta, "timedelta | float | None"]
Time: TypeAlias = Field["datetime | None", "datetime | None"]
StructDict: TypeAlias = Field["dict[str, Any]", "Mapping[str, Any] | None"]
MaybeStruct: TypeAlias = Field["dict[str, Any] | None", "Mapping[str, Any] | None"]
# A model, or what can be turned into one: flyteidl's messages (which have no types of their own) and anything with
# ``to_flyte_idl()``.
Message: TypeAlias = Field[T, "HasFlyteIdl | ProtobufMessage | None"]
Maybe: TypeAlias = Field["T | None", "HasFlyteIdl | ProtobufMessage | None"]
Messages: TypeAlias = Field["list[T]", "Iterable[HasFlyteIdl | ProtobufMessage] | None"]
MessageMap: TypeAlias = Field["dict[str, T]", "Mapping[str, Any] | None"]
