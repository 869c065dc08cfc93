"""Which message a file holds, and what of it is wanted.

``pyflyte package`` says the kind in the file's name: ``_1.pb`` is a task, ``_2.pb`` a workflow, ``_3.pb`` a launch
plan (flytekit/tools/repo.py). Without such a suffix each kind is tried, and the one that makes sense and leaves the
least unread is taken. Tasks of Flyte 2 are told from those of Flyte 1 by what only they say.
"""

from __future__ import annotations

from operator import itemgetter
from typing import TYPE_CHECKING, Any

from google.protobuf.message import DecodeError
from google.protobuf.unknown_fields import UnknownFieldSet

from flytetask_nb.errors import LoadError
from flytetask_nb.models.flyte2 import is_sdk2
from flytetask_nb.semantics.descriptors import is_map, map_values
from flytetask_nb.sources.budgets import refuse_bombs
from flytetask_nb.sources.foreign import foreign_bytes
from flytetask_nb.sources.message_kinds import KINDS, Content, PassedOver

if TYPE_CHECKING:
    from collections.abc import Collection, Iterator, Sequence
    from collections.abc import Set as AbstractSet

    from flytetask_nb.sources.message_kinds import Kind

_DEEPEST = 100
_BY_NAME = {kind.name: kind for kind in KINDS}
_BY_ENDING = {"_1.pb": _BY_NAME["TaskSpec"], "_2.pb": _BY_NAME["WorkflowSpec"], "_3.pb": _BY_NAME["LaunchPlan"]}
_BY_FULL_NAME = {kind.full_name: kind for kind in KINDS}
# On the wire these begin alike.
_FLYTE2_FORMS = {name: _BY_NAME[f"Flyte 2 {name}"] for name in ("TaskSpec", "TaskTemplate")}


def kind_of_name(file_name: str) -> Kind | None:
    """Return the kind that a file's name says; None where it says none."""
    return _BY_ENDING.get(file_name[-5:])


def kind_of_message(full_name: str) -> Kind | None:
    """Return the kind of a message by its name in protobuf; None where it holds no task."""
    return _BY_FULL_NAME.get(full_name)


def kind_by_keys(keys: AbstractSet[str]) -> Kind | None:
    """Return the kind that an object in JSON is by its keys; None where they are those of no kind.

    ``keys``: in lowerCamelCase, those of objects inside with a dot. Of the kinds that they allow, the one that says the
      most of them is taken.
    """
    fitting = [(len(shape), kind) for kind in KINDS for shape in kind.shapes if shape <= keys]
    # Of equals the first.
    return max(fitting, key=itemgetter(0))[1] if fitting else None


def kind_in(file_name: str, data: bytes) -> tuple[Kind, Any]:
    """Return what a file holds.

    Returns (Kind, message): what the name says, else what ``kind_of`` finds; a task of Flyte 2 is told from one of
      Flyte 1.
    Raises LoadError: it is no such message, or none at all.
    """
    said = kind_of_name(file_name)
    kind, message = kind_of(data) if said is None else (said, None)
    if message is None:
        try:
            message = parsed(kind, data)
        except LoadError:
            form = _FLYTE2_FORMS.get(kind.name)
            message = None if form is None else _read(form, data)
            if form is None or message is None:
                raise
            return form, message
    return settled(kind, message, data)


def settled(kind: Kind, message: Any, data: bytes | None = None) -> tuple[Kind, Any]:
    """Take a task of Flyte 1 for one of Flyte 2 where it says what only those say, or their SDK wrote it.

    ``kind``, ``message``: as they seem to be.
    ``data``: the bytes that the message was read from, if it was.
    """
    form = _FLYTE2_FORMS.get(kind.name)
    if form is None:
        return kind, message
    template = message.template if kind.name == "TaskSpec" else message
    is_written_by_sdk2 = is_sdk2(template.metadata.runtime)
    if not is_written_by_sdk2 and not _has_more(message, template):
        return kind, message
    other = _read(form, message.SerializeToString(deterministic=True) if data is None else data)
    if other is None:
        return kind, message
    ours, theirs = _unread(message), _unread(other)
    is_theirs = theirs is not None and (ours is None or theirs < ours or (is_written_by_sdk2 and theirs == ours))
    return (form, other) if is_theirs else (kind, message)


def _has_more(message: Any, template: Any) -> bool:
    """Tell whether a task may say what Flyte 1 has no word for: looked at in each task, so not in every corner."""
    if len(UnknownFieldSet(template)) or len(UnknownFieldSet(template.metadata)):
        return True
    # flytekit gives descriptions no id; default inputs, which stand there in Flyte 2, begin with a name.
    return message is not template and (len(UnknownFieldSet(message)) > 0 or message.description.HasField("id"))


def _read(kind: Kind, data: bytes) -> Any | None:
    """Return bytes as a message of a kind; None where they make no sense as one."""
    refuse_bombs(kind.message_class.DESCRIPTOR, data)
    try:
        message = kind.message_class.FromString(data)
    except DecodeError:
        return None
    return message if kind.makes_sense(message) else None


def kind_of(data: bytes) -> tuple[Kind, Any]:
    """Find out which kind of message some bytes are.

    Returns (Kind, message): the first kind, in the order of ``KINDS``, that reads the bytes, makes sense, and leaves
      the least unread.
    Raises LoadError: None does, or the bytes are out of all proportion to what is in them.
    """
    likeliest = _likeliest(data)
    if likeliest is None:
        raise LoadError(
            f"{_described(data)} are none of {', '.join(_BY_NAME)}; "
            "expected a file that pyflyte, flytectl or flyteidl wrote"
        )
    return likeliest


def _likeliest(data: bytes) -> tuple[Kind, Any] | None:
    best: tuple[int, Kind, Any] | None = None
    for kind in KINDS:
        message = _read(kind, data)
        unread = None if message is None else _unread(message)
        if unread is not None and (best is None or unread < best[0]):
            best = unread, kind, message
        if unread == 0:
            break
    return None if best is None else best[1:]


def _described(data: bytes) -> str:
    foreign = foreign_bytes(data)
    form = f"{foreign}, no message: " if foreign else ""
    return f"{form}{len(data):,} bytes beginning with {data[:8].hex(' ')}"


def _unread(message: Any, depth: int = 0) -> int | None:
    """Count the fields, here and in all sub-messages, that this kind of message does not know.

    A newer flyteidl adds fields under new numbers. Under a number that is known, but in another form, only another
    kind of message has something: None.
    """
    if depth > _DEEPEST:
        return 0
    unknown = UnknownFieldSet(message)
    known = message.DESCRIPTOR.fields_by_number
    if any(unknown[index].field_number in known for index in range(len(unknown))):
        return None
    total = len(unknown)
    for inner in _inner_messages(message):
        number = _unread(inner, depth + 1)
        if number is None:
            return None
        total += number
    return total


def _inner_messages(message: Any) -> Iterator[Any]:
    for field, value in message.ListFields():
        if field.message_type is None:
            continue
        if is_map(field):
            if map_values(field).message_type is not None:
                yield from (value[key] for key in value)
        elif hasattr(value, "ListFields"):
            yield value
        else:
            yield from value


def parsed(kind: Kind, data: bytes) -> Any:
    """Return the message of bytes whose kind is known.

    Raises LoadError: they are no such message, or one that names nothing.
    """
    refuse_bombs(kind.message_class.DESCRIPTOR, data)
    try:
        message = kind.message_class.FromString(data)
    except DecodeError as error:
        raise LoadError(f"{_described(data)} are no {kind.name}: {error}; {_advice(data)}") from None
    if not kind.makes_sense(message):
        raise LoadError(f"{_described(data)} make no sense as a {kind.name}, which the name says; {_advice(data)}")
    return message


def _advice(data: bytes) -> str:
    likeliest = _likeliest(data)
    if likeliest is None:
        return "the file is damaged; make or copy it again"
    return f"they are a {likeliest[0].name}; give the file a name without _1, _2 or _3"


def items_in(
    kind: Kind, message: Any, wanted: Collection[str], data: bytes | None = None
) -> Sequence[tuple[str, Content | PassedOver]]:
    """Return what is wanted of a message, or else what of it is passed over.

    ``kind``, ``message``: as ``kind_of`` gives them.
    ``wanted``: of ``TASKS``, ``WORKFLOWS`` and ``LAUNCH_PLANS``.
    ``data``: the bytes that the message was read from.
    Returns sequence of (str, Content or PassedOver): which of these it is; and the thing itself.
    """
    items: list[tuple[str, Content | PassedOver]] = [
        (word, Content(message, item.origin, item.position, data) if item.message is message else item)
        for word, content in kind.holds.items()
        if word in wanted
        for item in content(message)
    ]
    return items or [
        (word, PassedOver(word, item.message)) for word, content in kind.holds.items() for item in content(message)
    ]
