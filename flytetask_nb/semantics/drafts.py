"""Tasks that are not registered yet beside those that are: what only registration can know is no difference.

flytekit gives a task its version, its code bundle and often its image when it is registered. A function of a notebook
or a script has no module either. A draft is completed with what a registered task says in these places; everything
else in it stays as it is.
"""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, Any, Final

from flyteidl.admin import task_pb2

from flytetask_nb.models.identifiers import PLACEHOLDERS, is_filled_in
from flytetask_nb.semantics.commands import LAUNCHERS

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Sequence

    from flytetask_nb.models.flyte_task import FlyteTask

_PLACES: Final = ("project", "domain")
_PLACEHOLDER: Final = re.compile("|".join(map(re.escape, PLACEHOLDERS.values())))
_END: Final = "--"
_MODULE: Final = "task-module"
_NAME: Final = "task-name"

# How flytekit hands the settings of a registration to what serializes tasks at run time.
_CONTEXT: Final = "_F_SS_C"


def completed(draft: Any, registered: Any) -> tuple[Any, tuple[str, ...]]:
    """Return a draft with what only registration can know, as it is in a registered task."""
    spec = task_pb2.TaskSpec()
    spec.CopyFrom(draft)
    template, other = spec.template, registered.template
    paths = _complete_id(template, other.id)
    target = template.WhichOneof("target")
    if target == other.WhichOneof("target") == "container":
        mine = template.container
        filled = _filled(mine.image, other.container.image)
        if filled != mine.image:
            mine.image = filled
            paths.append("container.image")
        arguments = _completed_arguments(list(mine.args), list(other.container.args))
        if arguments != list(mine.args):
            mine.args[:] = arguments
            paths.append("container.args")
        paths += _complete_variables(mine.env, {pair.key: pair.value for pair in other.container.env})
    elif target == other.WhichOneof("target") == "k8s_pod":
        paths += _complete_pod(template.k8s_pod.pod_spec, other.k8s_pod.pod_spec)
    return spec, tuple(paths)


def registrable(task: FlyteTask) -> Any:
    """Return a draft's message with an example of what only registration can know, for checks of the rest."""
    spec = task_pb2.TaskSpec()
    spec.CopyFrom(task._message)
    template = spec.template
    for part in ("project", "domain", "version"):
        if not is_filled_in(getattr(template.id, part)):
            setattr(template.id, part, part)
    if template.WhichOneof("target") == "container":
        template.container.image = _exemplary(template.container.image)
    for group in ("containers", "initContainers"):
        for container in _listed(template.k8s_pod.pod_spec, group):
            if "image" in container:
                container["image"].string_value = _exemplary(_text(container, "image"))
    return spec


def _exemplary(image: str) -> str:
    return image.replace(PLACEHOLDERS["image"], "registry/image").replace(PLACEHOLDERS["tag"], "tag")


def _complete_id(template: Any, other: Any) -> list[str]:
    mine = template.id
    paths = []
    for part in ("project", "domain", "version"):
        if not is_filled_in(getattr(mine, part)) and getattr(mine, part) != getattr(other, part):
            # A version is never another's: until there is one, nothing stands there.
            setattr(mine, part, getattr(other, part) if part in _PLACES else "")
            paths.append(f"id.{part}")
    if mine.name != other.name and _last_part(other.name) == mine.name and _has_no_module(template):
        mine.name = other.name
        paths.append("id.name")
    return paths


def _complete_variables(variables: Any, others: dict[str, str]) -> Iterator[str]:
    for pair in variables:
        if pair.key in others:
            value = others[pair.key] if pair.key == _CONTEXT else _filled(pair.value, others[pair.key])
            if value != pair.value:
                pair.value = value
                yield f"container.env.{pair.key}"


def _filled(text: str, other: str) -> str:
    """Return another text, if it is this one with its placeholders filled in; else this one."""
    literals = _PLACEHOLDER.split(text)
    if len(literals) == 1:
        return text
    # An image that is not known at all may have a digest in place of a tag.
    if text == f"{PLACEHOLDERS['image']}:{PLACEHOLDERS['tag']}":
        return other or text
    return other if re.fullmatch(".+".join(map(re.escape, literals)), other) else text


def _completed_arguments(mine: list[str], other: list[str]) -> list[str]:
    """Return arguments with the launcher of others, and with their module where mine have none."""
    launcher, rest = _split(mine)
    their_launcher, theirs = _split(other)
    words = [_filled(word, theirs[place]) if place < len(theirs) else word for place, word in enumerate(rest)]
    module = _value_place(words, _MODULE)
    their_module = _value_place(theirs, _MODULE)
    name, their_name = _value_place(words, _NAME), _value_place(theirs, _NAME)
    if None not in (module, their_module, name, their_name) and (
        _is_main(words[module]) and words[name] == theirs[their_name]  # type: ignore[index]
    ):
        words[module] = theirs[their_module]  # type: ignore[index]
    if not rest or not theirs or rest[0] != theirs[0]:
        # They run something else, so their bundle says nothing.
        return [*launcher, *words]
    return [*their_launcher, *words]


def _split(words: list[str]) -> tuple[list[str], list[str]]:
    """Part a command into what fetches the code bundle, and what runs the task."""
    if words and words[0] in LAUNCHERS and _END in words:
        place = words.index(_END) + 1
        return words[:place], words[place:]
    return [], words


def _value_place(words: Sequence[str], key: str) -> int | None:
    return words.index(key) + 1 if key in words[:-1] else None


def _is_main(module: str) -> bool:
    return module in {"", "__main__"}


def _complete_pod(mine: Any, other: Any) -> Iterator[str]:
    for group in ("containers", "initContainers"):
        others = {_text(container, "name"): container for container in _listed(other, group)}
        for place, container in enumerate(_listed(mine, group)):
            their = others.get(_text(container, "name"))
            if their is None:
                continue
            path = f"k8s_pod.pod_spec.{group}[{place}]"
            image = _filled(_text(container, "image"), _text(their, "image"))
            if image != _text(container, "image"):
                container["image"].string_value = image
                yield f"{path}.image"
            words = _arguments(container)
            arguments = _completed_arguments(words, _arguments(their))
            if arguments != words:
                container["args"].list_value.Clear()
                container["args"].list_value.extend(arguments)
                yield f"{path}.args"


def _listed(spec: Any, group: str) -> list[Any]:
    if group not in spec.fields:
        return []
    return [item.struct_value.fields for item in spec.fields[group].list_value.values]


def _text(fields: Any, key: str) -> str:
    return fields[key].string_value if key in fields else ""


def _arguments(container: Any) -> list[str]:
    return [word.string_value for word in container["args"].list_value.values] if "args" in container else []


# -- names -----------------------------------------------------------------------------------------------------------


def renamed(tasks: Iterable[FlyteTask], others: Iterable[FlyteTask]) -> list[FlyteTask]:
    """Give drafts without a module the names of the registered tasks that they can only be.

    ``tasks``: any tasks; those that are no drafts stay as they are.
    ``others``: the registered ones.
    Returns list of FlyteTask: where exactly one name among ``others`` ends in a draft's, the draft has it.
    """
    given = list(tasks)
    if not any(task.is_draft and _has_no_module(task._message.template) for task in given):
        return given
    names: dict[str, set[str]] = {}
    for task in others:
        if not task.is_draft:
            names.setdefault(_last_part(task.name), set()).add(task.name)
    return [_renamed(task, names.get(task.name, set())) for task in given]


def _renamed(task: FlyteTask, names: set[str]) -> FlyteTask:
    if not task.is_draft or len(names) != 1 or not _has_no_module(task._message.template):
        return task
    return task.replace(name=next(iter(names)))


def _has_no_module(template: Any) -> bool:
    """Tell whether the code of a task is in no module: the name of any other task is its whole name."""
    if "." in template.id.name:
        return False
    commands = [list(template.container.args), *map(_arguments, _listed(template.k8s_pod.pod_spec, "containers"))]
    places = ((words, _value_place(words, _MODULE)) for words in commands)
    return any(place is not None and _is_main(words[place]) for words, place in places)


def _last_part(name: str) -> str:
    return name.rpartition(".")[2]
