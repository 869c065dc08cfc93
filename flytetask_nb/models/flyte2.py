"""Tasks of Flyte 2, read as tasks of Flyte 1 that lose nothing of what only Flyte 2 says.

A ``TaskTemplate`` of Flyte 2 is flyteidl's with more fields; its ``TaskSpec`` has a template in field 1, and behind it
other things than flyteidl's (flyteidl2/core/tasks.proto, flyteidl2/task/task_definition.proto). So the template is read
as it stands, what it gained stays in it as fields that flyteidl does not know, and everything else is kept, message by
message, in one more such field of the ``TaskSpec``, which is also the mark of these tasks.
"""

from __future__ import annotations

from collections.abc import MutableMapping, MutableSequence
from typing import TYPE_CHECKING, Any, Final

from flyteidl.admin import task_pb2
from flyteidl.core import identifier_pb2
from google.protobuf.message import DecodeError, Message
from google.protobuf.unknown_fields import UnknownFieldSet

from flytetask_nb.bounded_reading import json_value
from flytetask_nb.errors import ModelValueError
from flytetask_nb.models.flyte2_schema import FLYTE2, GAINED, message_class
from flytetask_nb.models.plain_values import plain_struct

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

FLYTE2_KINDS: Final[Mapping[str, tuple[str, ...]]] = {
    "flyteidl2.task.TaskDetails": (),
    "flyteidl2.task.TaskSpec": ("spec",),
    "flyteidl2.core.TaskTemplate": ("spec", "task_template"),
}
"""Messages of Flyte 2 that hold a task, and where each stands in the first, which is the largest."""

FLYTE2_MARK: Final = "Flyte 2"
"""What these tasks are marked with, wherever tasks are shown."""

_SIDES: Final = ("inputs", "outputs")
_OWN: Final = "spec."
_FLYTEKIT: Final = ("", "0.", "1.")
_IDENTITY: Final = ("org", "project", "domain", "name", "version")


# -- reading -------------------------------------------------------------------------------------------------------


def wrapped(kind: str, data: bytes) -> Any:
    """Return a serialized message of Flyte 2 as a TaskDetails.

    Raises ModelValueError: they are no such message.
    """
    details = message_class("TaskDetails")()
    place = details
    for part in FLYTE2_KINDS[kind]:
        place = getattr(place, part)
    place.SetInParent()
    try:
        place.MergeFromString(data)
    except DecodeError as error:
        raise ModelValueError(f"{len(data)} bytes are no {kind}: {error}; check which message was written") from None
    return details


def flyte2_spec(details: Any) -> Any:
    """Return the TaskSpec of flyteidl for a task of Flyte 2.

    Returns flyteidl.admin.task_pb2.TaskSpec: with the template, the documentation, the mark, and all else beside it.
    """
    template = details.spec.task_template
    spec = task_pb2.TaskSpec()
    if details.spec.HasField("task_template"):
        spec.template.MergeFromString(template.SerializeToString(deterministic=True))
    if details.HasField("task_id") and not spec.template.id.ByteSize():
        spec.template.id.resource_type = identifier_pb2.TASK
        for part in _IDENTITY:
            setattr(spec.template.id, part, getattr(details.task_id, part))
    beside = message_class("Beside")(details=details)
    if details.HasField("spec"):
        beside.details.spec.ClearField("task_template")
    if details.spec.HasField("documentation"):
        for theirs, name, ours, our_name in _texts_of(beside.details.spec.documentation, spec.description):
            if text := getattr(theirs, name):
                setattr(ours, our_name, text)
                theirs.ClearField(name)
    for side in _SIDES:
        # Flyte 2 orders variables, flyteidl does not.
        getattr(beside, side).extend(variable.key for variable in getattr(template.interface, side).variables)
    marked = message_class("Marked")(flyte2=beside)
    spec.MergeFromString(marked.SerializeToString(deterministic=True))
    return spec


def _texts_of(documentation: Any, description: Any) -> tuple[tuple[Any, str, Any, str], ...]:
    """Return where each text of the documentation stands: holder and field in Flyte 2, then in flyteidl."""
    return (
        (documentation, "short_description", description, "short_description"),
        (documentation, "long_description", description.long_description, "value"),
        (documentation.source_code, "link", description.source_code, "link"),
    )


def is_flyte2(spec: Any) -> bool:
    """Tell whether a TaskSpec of flyteidl is that of a task of Flyte 2."""
    return any(field.field_number == FLYTE2 for field in _unknown_fields(spec))


def _unknown_fields(message: Any) -> Any:
    # Its stubs do not know that it can be iterated.
    return UnknownFieldSet(message)


def is_sdk2(runtime: Any) -> bool:
    """Tell whether a RuntimeMetadata is that of Flyte 2's SDK for Python."""
    # The cheap question first: it is asked of every task that is loaded.
    version = runtime.version
    return (
        version[:2] not in _FLYTEKIT and runtime.type == runtime.FLYTE_SDK and is_sdk2_version(runtime.flavor, version)
    )


def is_sdk2_version(flavor: object, version: object) -> bool:
    """Tell whether flavor and version of a runtime are those of Flyte 2's SDK for Python.

    It calls itself what flytekit does, which ended at 1.x (flyte/_internal/runtime/task_serde.py of ``flyte``).
    """
    major = version.partition(".")[0] if isinstance(version, str) else ""
    return flavor == "python" and major.isdecimal() and int(major) > 1


# -- giving back ---------------------------------------------------------------------------------------------------


def flyte2_details(spec: Any) -> Any | None:
    """Return a task of Flyte 2 as its own message again.

    ``spec``: a TaskSpec of flyteidl.
    Returns message or None: a TaskDetails, with the fields' names as Flyte 2 has them; None for a task of Flyte 1.
    """
    if not is_flyte2(spec):
        return None
    beside = _beside(spec)
    details = beside.details
    if spec.HasField("template"):
        details.spec.task_template.MergeFromString(spec.template.SerializeToString(deterministic=True))
    template = details.spec.task_template
    for side in _SIDES:
        if template.interface.HasField(side):
            places = {name: place for place, name in enumerate(getattr(beside, side))}
            variables = getattr(template.interface, side).variables
            variables.sort(key=lambda variable, at=places: at.get(variable.key, len(at)))
    for theirs, name, ours, our_name in _texts_of(details.spec.documentation, spec.description):
        if text := getattr(ours, our_name):
            setattr(theirs, name, text)
    return details


def _beside(spec: Any) -> Any:
    try:
        return message_class("Marked").FromString(spec.SerializeToString()).flyte2
    except DecodeError:
        # Somebody else's field under the same number.
        return message_class("Beside")()


def flyte2_words(spec: Any) -> dict[str, Any] | None:
    """Return what a task of Flyte 2 says that flyteidl has no word for.

    ``spec``: a TaskSpec of flyteidl.
    Returns dict of str to object, or None: plain Python values by path: fields that the template gained
      (``"reuse_policy"``, ``"metadata.timeouts"``), those of Flyte 2's TaskSpec (``"short_name"``,
      ``"default_inputs"``) and around it (``"details.metadata"``), and what has no name here either. Empty where it
      says nothing more; None for a task of Flyte 1.
    """
    if not is_flyte2(spec):
        return None
    words: dict[str, Any] = {}
    template = message_class("TaskTemplate").FromString(spec.template.SerializeToString(deterministic=True))
    _add_gained(words, "", template)
    words |= flyte2_surroundings(spec)
    details = _beside(spec).details
    # That of the template says the same, unless somebody changed it.
    if all(getattr(details.task_id, part) == getattr(spec.template.id, part) for part in _IDENTITY):
        details.ClearField("task_id")
    unread = {path: value for path, value in _unread(details).items() if not path.startswith(_OWN)}
    for name in ("spec", "unread"):
        details.ClearField(name)
    return words | {f"details.{name}": value for name, value in (_plain_message(details) | unread).items()}


def flyte2_surroundings(spec: Any) -> dict[str, Any]:
    """Return what stands beside the template in Flyte 2's TaskSpec, by path; nothing for a task of Flyte 1."""
    if not is_flyte2(spec):
        return {}
    beside = _beside(spec)
    own = beside.details.spec
    words = {name: value for name, value in _plain_message(own).items() if value != {}}
    names = [default.name for default in own.default_inputs]
    if len(set(names)) == len(names) > 0:
        # By name, as inputs are: what a name says of its value, that it is secret, counts for the default too.
        words["default_inputs"] = {
            name: default.get("parameter") for name, default in zip(names, words["default_inputs"], strict=True)
        }
    words |= {f"order of {side}": list(names) for side in _SIDES if len(names := getattr(beside, side)) > 1}
    unread = _unread(beside.details)
    return words | {path.removeprefix(_OWN): unread[path] for path in unread if path.startswith(_OWN)}


def _unread(details: Any) -> dict[str, Any]:
    """Return what a source said in JSON that no message has a field for, by path."""
    if not details.unread:
        return {}
    try:
        fields = json_value(details.unread)
    except ValueError:
        fields = None
    return fields if isinstance(fields, dict) else {"unread": details.unread}


def _add_gained(words: dict[str, Any], path: str, message: Any) -> None:
    """Add the fields that flyteidl's form of a message does not have, here and in all messages inside."""
    gained = GAINED.get(message.DESCRIPTOR.name, frozenset())
    for field, value in message.ListFields():
        place = f"{path}.{field.name}" if path else field.name
        if field.name in gained:
            words[place] = _plain(field, value)
            continue
        for name, inner in _inner_messages(value):
            _add_gained(words, f"{place}.{name}" if name else place, inner)
    words |= {f"{path}.{name}" if path else name: value for name, value in _nameless(message).items()}


def _inner_messages(value: Any) -> Iterator[tuple[str, Any]]:
    """Return the messages that a field holds, each with its name where there may be many."""
    # Some of protobuf's own messages count as mappings and lists too.
    if isinstance(value, Message):
        yield "", value
    elif isinstance(value, MutableMapping):
        yield from ((str(key), value[key]) for key in sorted(value) if isinstance(value[key], Message))
    elif isinstance(value, MutableSequence):
        for position, item in enumerate(value):
            if isinstance(item, Message):
                yield str(getattr(item, "key", position)), item


# -- plain values --------------------------------------------------------------------------------------------------


def _plain_message(message: Any) -> Any:
    kind = message.DESCRIPTOR.full_name
    if kind == "google.protobuf.Struct":
        return plain_struct(message)
    if kind in {"google.protobuf.Duration", "google.protobuf.Timestamp"}:
        try:
            return message.ToJsonString()
        except ValueError:
            # Longer or later than JSON can say.
            pass
    return {field.name: _plain(field, value) for field, value in message.ListFields()} | _nameless(message)


def _plain(field: Any, value: Any) -> Any:
    if isinstance(value, Message):
        return _plain_message(value)
    if isinstance(value, MutableMapping):
        entry = field.message_type.fields_by_name["value"]
        return {str(key): _plain_item(entry, value[key]) for key in sorted(value)}
    if isinstance(value, MutableSequence):
        return [_plain_item(field, item) for item in value]
    return _plain_item(field, value)


def _plain_item(field: Any, value: Any) -> Any:
    if isinstance(value, Message):
        return _plain_message(value)
    if field.enum_type is not None:
        named = field.enum_type.values_by_number.get(value)
        return value if named is None else named.name
    return repr(value) if isinstance(value, bytes) else value


def _nameless(message: Any) -> dict[str, Any]:
    """Return the fields that not even Flyte 2's form of a message has here, by number."""
    fields: dict[str, Any] = {}
    for field in _unknown_fields(message):
        fields.setdefault(f"field {field.field_number}", []).append(_nameless_data(field.data))
    return fields


def _nameless_data(data: Any) -> str:
    # That of a group is a set of fields again.
    is_group = isinstance(data, UnknownFieldSet)
    return str([(field.field_number, _nameless_data(field.data)) for field in data]) if is_group else repr(data)
