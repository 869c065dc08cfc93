"""The command line of a task that flytekit wrote, taken apart into what each part of it does.

A container of flytekit runs an *entrypoint* (``pyflyte-execute``), which asks a *resolver* to load the task's code by
the *loader arguments*; with fast registration a *launcher* (``pyflyte-fast-execute``) first fetches the code bundle.
Parts are separated by ``--``.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, NamedTuple

from flytetask_nb.models.identifiers import is_filled_in

if TYPE_CHECKING:
    from collections.abc import Sequence

LAUNCHERS = frozenset({"pyflyte-fast-execute"})
ENTRYPOINT = "pyflyte-execute"
"""Runs a task."""
MAP_ENTRYPOINT = "pyflyte-map-execute"
"""Runs a task for one item of its lists."""
ENTRYPOINTS = frozenset({ENTRYPOINT, MAP_ENTRYPOINT})

# What flytekit always passes and Flyte always fills in (flytekit/core/python_auto_container.py, get_default_command).
USUAL_ARGUMENTS = {
    "--inputs": "{{.input}}",
    "--output-prefix": "{{.outputPrefix}}",
    "--raw-output-data-prefix": "{{.rawOutputDataPrefix}}",
    "--checkpoint-path": "{{.checkpointOutputPrefix}}",
    "--prev-checkpoint": "{{.prevCheckpointPrefix}}",
}

# Placeholders that registration fills in, to the letter (flytectl/cmd/register/register_util.go).
UNREGISTERED = frozenset({"{{ .remote_package_path }}", "{{ .dest_dir }}"})


class CommandLine(NamedTuple):
    """The parts of a command line, each a list of words.

    ``launcher``: what fetches the code bundle; empty without fast registration.
    ``entrypoint``: what runs the task, with the arguments that are not usual.
    ``has_usual_arguments``: whether the entrypoint also gets flytekit's usual arguments.
    ``resolver``: what loads the task's code.
    ``loader``: what the resolver is given.
    """

    launcher: list[str]
    entrypoint: list[str]
    has_usual_arguments: bool
    resolver: str
    loader: list[str]

    @property
    def target(self) -> str:
        """The Python function that the loader names, e.g. ``shop.train``; empty where it names none."""
        module, name = self._named("task-module"), self._named("task-name")
        return f"{module}.{name}" if module and name else ""

    @property
    def loader_rest(self) -> list[str]:
        """What the loader is given beside the function's name; all of it where it names none."""
        if not self.target:
            return self.loader
        pairs = zip(self.loader[::2], self.loader[1::2], strict=False)
        rest = [word for pair in pairs if pair[0] not in {"task-module", "task-name"} for word in pair]
        return rest + self.loader[len(self.loader) // 2 * 2 :]

    def _named(self, key: str) -> str:
        return dict(zip(self.loader[::2], self.loader[1::2], strict=False)).get(key, "")


def command_line(words: list[str]) -> CommandLine | None:
    """Take the command line of a flytekit task apart.

    ``words``: ``command`` and ``args`` of the container, in this order.
    Returns CommandLine or None: None where it is not of flytekit's making: a raw container, a shell script.
    """
    launcher, rest = _launched(words)
    if not rest or rest[0] not in ENTRYPOINTS:
        return None
    split = rest.index("--") if "--" in rest else len(rest)
    arguments, loader = rest[1:split], rest[split + 1 :]
    entrypoint, resolver, usual = [rest[0]], "", 0
    index = 0
    while index < len(arguments):
        flag = arguments[index]
        value = arguments[index + 1] if index + 1 < len(arguments) else None
        if value is not None and USUAL_ARGUMENTS.get(flag) == value:
            usual += 1
            index += 2
        elif value is not None and flag == "--resolver" and not resolver:
            resolver = value
            index += 2
        else:
            entrypoint.append(flag)
            index += 1
    return CommandLine(launcher, entrypoint, usual > 0, resolver, loader)


def _launched(words: list[str]) -> tuple[list[str], list[str]]:
    """Return what fetches the code bundle, and what it starts then."""
    if not words or words[0] not in LAUNCHERS:
        return [], words
    split = words.index("--") if "--" in words else len(words)
    return words[:split], words[split + 1 :]


def runs_items(words: Sequence[str]) -> bool:
    """Tell whether a command line is that of a map task, which runs once for each item of its lists."""
    # Few command lines hold the word at all.
    return MAP_ENTRYPOINT in words and _launched(list(words))[1][:1] == [MAP_ENTRYPOINT]


def is_placeholder(word: str) -> bool:
    """Tell whether a word of a command line is still to be filled in by registration."""
    return word in UNREGISTERED


def unfilled(words: Sequence[str], identifier_parts: tuple[str, ...] = ()) -> list[str]:
    """Return the placeholders of registration that are left in a task.

    Returns list of str: each placeholder once, in the order of their appearance. Empty for a registered task.
    """
    words_left = [part for part in identifier_parts if part and not is_filled_in(part)]
    words_left += [word for word in words if word in UNREGISTERED]
    return list(dict.fromkeys(words_left))
