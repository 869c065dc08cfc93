"""The parts of a task that columns are computed from: how each is taken from a message, and what is read from it.

Thousands of tasks hold few different parts: the same metadata, interface and resources again and again. So a part is
taken from each task in the form in which it costs least, its bytes mostly, and read once for all tasks that share it.
"""

from __future__ import annotations

from dataclasses import dataclass
from functools import cached_property
from operator import attrgetter, methodcaller
from typing import TYPE_CHECKING, Any, Final, NamedTuple

from flyteidl.core import interface_pb2, security_pb2, tasks_pb2

from flytetask_nb.masking import mask_identifier
from flytetask_nb.models.flyte2 import is_flyte2
from flytetask_nb.semantics.commands import ENTRYPOINT, runs_items
from flytetask_nb.semantics.images import image_reference
from flytetask_nb.tables.command_text import BUNDLE_FLAG, code_bundle
from flytetask_nb.tables.runners import PodRunner, asked_of_bytes, environment_of
from flytetask_nb.tables.signatures import signature_of

if TYPE_CHECKING:
    from collections.abc import Callable, Hashable, Iterable, Sequence

    from flytetask_nb.tables.command_text import Words


@dataclass
class Messages:
    """Tasks while their parts are taken: what they consist of, side by side.

    ``specs``, ``templates``: messages.
    ``runners``: the container that runs each task.
    """

    specs: list[Any]
    templates: list[Any]
    runners: list[Any]

    @cached_property
    def arguments(self) -> list[tuple[str, ...]]:
        """The arguments of each container."""
        return [tuple(runner.args) for runner in self.runners]


class Part(NamedTuple):
    """A part of a task.

    ``take``: from messages and the words of command lines to what stands for the part in each; equal where the part is.
    ``read``: from that to what columns look at; None where it is the same.
    ``needs_runner``: whether it is taken from the container.
    """

    take: Callable[[Messages, Words], Iterable[Hashable]]
    read: Callable[[Any], Any] | None = None
    needs_runner: bool = False


def _asked(runner: Any) -> Hashable:
    return runner.asked if type(runner) is PodRunner else runner.resources.SerializeToString()


def _env_keys(runner: Any) -> tuple[str, ...]:
    if type(runner) is PodRunner:
        return tuple([name for name, _ in runner.env])
    return tuple([pair.key for pair in runner.env])


def is_mapped(command: Sequence[str], arguments: Sequence[str]) -> bool:
    """Tell whether a command line is that of a map task."""
    # Most begin with the entrypoint of a task that runs once.
    return (not arguments or arguments[0] != ENTRYPOINT) and runs_items([*command, *arguments])


def _mapped(messages: Messages, _words: Words) -> list[bool]:
    pairs = zip(messages.runners, messages.arguments, strict=True)
    return [is_mapped(runner.command, arguments) for runner, arguments in pairs]


def _command(messages: Messages, words: Words) -> list[str]:
    return [words.line(tuple(runner.command)) for runner in messages.runners]


def _arguments(messages: Messages, words: Words) -> list[str]:
    return [words.line(arguments) for arguments in messages.arguments]


def _code_bundles(messages: Messages, _words: Words) -> list[str]:
    # Most command lines have no such flag, and a search in C sees that sooner than a loop over the words.
    return [code_bundle(arguments) if BUNDLE_FLAG in " ".join(arguments) else "" for arguments in messages.arguments]


def _read_image(image: str) -> tuple[str | None, ...]:
    """Return an image as it is shown, and the parts of its name; a template that is still to be filled in has none."""
    parts: tuple[str, ...] = (image, *(image_reference(image) or ("",) * 4))
    if mask_identifier(image) != image:
        parts = tuple(map(mask_identifier, parts))
    return tuple([part or None for part in parts])


def _metadata(data: bytes | None) -> Any:
    return None if data is None else tasks_pb2.TaskMetadata.FromString(data)


def _read_asked(taken: Any) -> dict[tuple[str, str], str]:
    """Return the amounts by resource and side; of one that stands there twice the last, as Flyte takes it."""
    entries = asked_of_bytes(taken) if isinstance(taken, bytes) else taken
    return {(name, side): amount for side, name, amount in entries}


def _of_templates(read: Callable[[Any], Hashable]) -> Callable[[Messages, Words], Iterable[Hashable]]:
    return lambda messages, _words: map(read, messages.templates)


def _of_runners(read: Callable[[Any], Hashable]) -> Callable[[Messages, Words], Iterable[Hashable]]:
    return lambda messages, _words: map(read, messages.runners)


def _bytes_of(field: str, absent: bytes | None = b"") -> Callable[[Messages, Words], Iterable[Hashable]]:
    """Return what takes the bytes of a message that a template holds."""
    read = attrgetter(field)
    return _of_templates(lambda template: read(template).SerializeToString() if template.HasField(field) else absent)


PARTS: Final[dict[str, Part]] = {
    "project": Part(_of_templates(attrgetter("id.project"))),
    "domain": Part(_of_templates(attrgetter("id.domain"))),
    "name": Part(_of_templates(attrgetter("id.name"))),
    "version": Part(_of_templates(attrgetter("id.version"))),
    "type": Part(_of_templates(attrgetter("type"))),
    "task_type_version": Part(_of_templates(attrgetter("task_type_version"))),
    "target": Part(_of_templates(methodcaller("WhichOneof", "target"))),
    "documentation": Part(lambda messages, _: map(attrgetter("description.short_description"), messages.specs)),
    "flyte2": Part(lambda messages, _: map(is_flyte2, messages.specs)),
    "metadata": Part(_bytes_of("metadata", None), _metadata),
    "interface": Part(_bytes_of("interface"), interface_pb2.TypedInterface.FromString),
    "signature": Part(_bytes_of("interface"), signature_of),
    "security": Part(_bytes_of("security_context"), security_pb2.SecurityContext.FromString),
    "extended": Part(_bytes_of("extended_resources"), tasks_pb2.ExtendedResources.FromString),
    "custom": Part(_bytes_of("custom")),
    "image": Part(_of_runners(attrgetter("image")), _read_image, needs_runner=True),
    "command": Part(_command, needs_runner=True),
    "args": Part(_arguments, needs_runner=True),
    "code_bundle": Part(_code_bundles, needs_runner=True),
    "resources": Part(_of_runners(_asked), _read_asked, needs_runner=True),
    "beside": Part(_of_runners(lambda runner: runner.beside if type(runner) is PodRunner else ()), needs_runner=True),
    "is_mapped": Part(_mapped, needs_runner=True),
    "env_keys": Part(_of_runners(_env_keys), needs_runner=True),
    "environment": Part(_of_runners(environment_of), needs_runner=True),
    "architecture": Part(_of_runners(attrgetter("architecture")), needs_runner=True),
    "pod_problem": Part(
        _of_runners(lambda runner: runner.problem if type(runner) is PodRunner else ""), needs_runner=True
    ),
}
