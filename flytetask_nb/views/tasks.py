"""Description of a whole task: what it is in three lines, then a section for each part."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from flyteidl.admin import task_pb2

from flytetask_nb.models.flyte2 import FLYTE2_MARK, is_flyte2
from flytetask_nb.models.flyte_task import FlyteTask
from flytetask_nb.models.identifiers import is_filled_in
from flytetask_nb.models.origins import DESCRIPTION
from flytetask_nb.models.version_order import LOADING
from flytetask_nb.semantics.commands import unfilled
from flytetask_nb.semantics.task_container import pod_containers, task_image
from flytetask_nb.views.document import Badge, Document, Notice, Paragraph, Section, code, cut, dim, expanded
from flytetask_nb.views.excerpts import start_of
from flytetask_nb.views.execution import execution_section, image_words, other_containers
from flytetask_nb.views.interfaces import interface_line, interface_section
from flytetask_nb.views.jobs import array_words, job_words
from flytetask_nb.views.labels import name_label, shared_prefix, whole_version
from flytetask_nb.views.resources import accelerator_words, amounts, resources_section, summary_words
from flytetask_nb.views.settings import (
    deprecation_notice,
    first_line,
    flyte2_section,
    metadata_section,
    metadata_words,
    plugin_section,
    security_section,
    source_section,
)
from flytetask_nb.views.wording import joined

if TYPE_CHECKING:
    from collections.abc import Callable

    from flytetask_nb.models import Identifier, TaskTemplate
    from flytetask_nb.models.tasks import TaskSpec
    from flytetask_nb.views.document import Block, Line
    from flytetask_nb.views.resources import Amounts

_NAME_BUDGET = 700
_PART_BUDGET = 300
_CALLERS_SHOWN = 4
_TARGETS = {"container": "container", "k8s_pod": "pod", "sql": "SQL statement"}


def describe_task(task: FlyteTask) -> Document:
    """Describe a task.

    Returns Document: a section that cannot be described shows why, and the others still stand.
    """
    message = task._message
    template: Any = message.template
    asked = _attempt(lambda: amounts(template), {})
    image = _attempt(lambda: task_image(template), "")
    makers: dict[str, Callable[[], Section | None]] = {
        "Interface": lambda: interface_section(template.interface),
        # Where nothing is asked for, looked again: what cannot be read is told by the section.
        "Resources": lambda: resources_section(
            asked or amounts(template), template.extended_resources, template.metadata.pod_template_name
        ),
        "Execution": lambda: execution_section(template, image),
        "Metadata": lambda: metadata_section(template.metadata),
        "Security": lambda: security_section(template.security_context),
        "Plugin": lambda: plugin_section(template),
        FLYTE2_MARK: lambda: flyte2_section(message),
        "Source": lambda: source_section(
            message.description,
            source=task.source,
            note=task.note,
            created_at=task.created_at,
            console_url=task.console_url,
            short_description=task.short_description,
            # A listing has the short one alone.
            is_fetchable=task.console is not None and DESCRIPTION in task.untold,
        ),
    }
    sections = [section for title, make in makers.items() if (section := _section(title, make)) is not None]
    return Document(
        _name(template.id),
        _attempt(lambda: _aside(task), ""),
        lines=_lines(task, asked, image),
        blocks=_attempt(lambda: deprecation_notice(template.metadata), []),
        sections=expanded(sections),
    )


def describe_spec(spec: TaskSpec) -> Document:
    """Describe a template with its documentation."""
    return describe_task(FlyteTask._own(spec._message))


def describe_template(template: TaskTemplate) -> Document:
    """Describe a template, which has no documentation."""
    return describe_task(FlyteTask._own(task_pb2.TaskSpec(template=template._message)))


def _lines(task: FlyteTask, asked: Amounts, image: str) -> list[Line]:
    """Return what its author says of a task, what it takes, gives and asks for, and who uses it."""
    message = task._message
    says = _attempt(lambda: first_line(message.description, task.short_description), "")
    lines: list[Line] = [says] if says else []
    lines += _attempt(lambda: _summary(message.template, asked, image), [])
    return [*lines, *_attempt(lambda: _callers(task), [])]


def _place_among_versions(task: FlyteTask) -> str:
    """Say which version it is of those in the collection that it was taken from; nothing where there is no other."""
    place, number, order = (0, 0, LOADING) if task.fellows is None else task.fellows.place_of(task)
    if number <= 1:
        return ""
    # In the order of loading, the last one need not be the newest.
    return f"one of {number:,} versions" if order == LOADING else f"version {place:,} of {number:,}"


def _callers(task: FlyteTask) -> list[Line]:
    """Say which workflows of its release use it; nothing where none of these is known."""
    callers = None if task.fellows is None else task.fellows.callers_of(task)
    if callers is None:
        return []
    if not callers:
        return [dim("used by no workflow beside it")]
    # Without the modules that the task itself is in: its name is told.
    prefix = shared_prefix([task.name, *callers])
    names = joined((name_label(name, prefix) for name in callers[:_CALLERS_SHOWN]), ", ")
    rest = len(callers) - _CALLERS_SHOWN
    return [["used by ", *names, f" and {rest:,} more" if rest > 0 else ""]]


def _section(title: str, make: Callable[[], Section | None]) -> Section | None:
    """Make a section; one that fails becomes a visible line in its place."""
    try:
        return make()
    except Exception as error:  # noqa: BLE001 - a damaged part must not hide the others
        return Section(title, "cannot be shown", [failure(error)], is_open=True)


def failure(error: Exception) -> Block:
    """Return the visible line that stands for what could not be described."""
    return Notice(Badge("breaking", "✗", "error"), start_of(f"{type(error).__name__}: {error}", _NAME_BUDGET))


def _attempt(make: Callable[[], Any], otherwise: Any) -> Any:
    """Make a part of the summary; the section that says the same in full reports what is wrong with it."""
    try:
        return make()
    except Exception:  # noqa: BLE001 - reported by the section
        return otherwise


def _name(identifier: Any) -> str:
    return " ".join(cut(identifier.name, _NAME_BUDGET)).strip() or "(no name)"


def _aside(task: FlyteTask) -> Line:
    template: Any = task._message.template
    identifier = template.id
    # Only a server says when.
    is_registered = task.created_at is not None
    return joined(
        (
            FLYTE2_MARK if is_flyte2(task._message) else "",
            whole_version(identifier.version),
            _attempt(lambda: _place_among_versions(task), ""),
            start_of(template.type, _PART_BUDGET) or "(no type)",
            " / ".join(start_of(part, _PART_BUDGET) for part in (identifier.project, identifier.domain) if part),
            f"org {start_of(identifier.org, _PART_BUDGET)}" if identifier.org else "",
            "not registered yet" if not is_registered and _is_unregistered(template) else "",
        )
    )


def _is_unregistered(template: Any) -> bool:
    """Tell whether registration still has to fill in something: parts of the id, or placeholders in the arguments."""
    identifier = template.id
    parts = (identifier.project, identifier.domain, identifier.version)
    if not all(map(is_filled_in, parts)):
        return True
    words = list(template.container.args)
    if template.HasField("k8s_pod"):
        words += [
            word
            for container in pod_containers(template.k8s_pod)
            for word in container.get("args") or ()
            if isinstance(word, str)
        ]
    return bool(unfilled(words))


def _summary(template: Any, asked: Amounts, image: str) -> list[Line]:
    facts = _amount_words(template, asked)
    target = template.WhichOneof("target")
    if image:
        facts += [image_words(image), *other_containers(template)]
    elif target != "container":
        facts.append(_TARGETS.get(target, "no container"))
    facts += metadata_words(template.metadata)
    return [interface_line(template.interface), " · ".join(facts)]


def headline_words(template: Any) -> str:
    """Return what a task asks for in one line, without its image; empty where it asks for nothing."""
    return " · ".join(_amount_words(template, _attempt(lambda: amounts(template), {})))


def _amount_words(template: Any, asked: Amounts) -> list[str]:
    words: list[str] = _attempt(lambda: job_words(template), [])
    words = words or summary_words(asked, accelerator_words(template.extended_resources))
    return [*words, *_attempt(lambda: array_words(template), [])]


def card_blocks(task: FlyteTask) -> list[Block]:
    """Return what a row about a task opens: what it is, and what it takes and gives."""
    template = task._message.template
    asked = _attempt(lambda: amounts(template), {})
    lines = _lines(task, asked, _attempt(lambda: task_image(template), ""))
    blocks: list[Block] = list(map(Paragraph, lines))
    section = _section("Interface", lambda: interface_section(template.interface))
    return blocks + (list(section.blocks) if section is not None else [])


def describe_identifier(identifier: Identifier) -> Document:
    """Describe an identifier on its own."""
    message = identifier._message
    parts = (message.project, message.domain, message.version)
    aside = " · ".join([str(identifier.resource_type), *(start_of(part, _PART_BUDGET) for part in parts if part)])
    lines: list[Line] = [] if all(map(is_filled_in, parts)) else [dim("not registered yet")]
    if message.org:
        lines.append(["org ", code(start_of(message.org, _PART_BUDGET))])
    return Document(_name(message), aside, lines=lines)
