"""Descriptions of what runs: container, pod or statement."""

from __future__ import annotations

from shlex import quote
from typing import TYPE_CHECKING, Any

from flytetask_nb.masking import MASK, mask_arguments, mask_identifier, mask_value, masked
from flytetask_nb.models.plain_values import plain_struct
from flytetask_nb.models.tasks import Container, IOStrategy, LiteralMapFormat, Sql
from flytetask_nb.semantics.commands import command_line
from flytetask_nb.semantics.flytekit_settings import SETTINGS_VARIABLE
from flytetask_nb.semantics.images import image_reference
from flytetask_nb.semantics.task_container import listed_structs, primary_container_name
from flytetask_nb.views.document import (
    LOOKED_AT,
    Code,
    Document,
    Fields,
    Paragraph,
    Section,
    code,
    cut,
    cut_masked,
    dim,
    size_of,
)
from flytetask_nb.views.excerpts import code_line, fields_within, lines_within, start_of
from flytetask_nb.views.resources import describe_resources
from flytetask_nb.views.wording import counted, listed

if TYPE_CHECKING:
    from collections.abc import Collection

    from flytetask_nb.models import K8sPod
    from flytetask_nb.semantics.commands import CommandLine
    from flytetask_nb.views.document import Block, Line, Piece
    from flytetask_nb.views.excerpts import Field

_IMAGE_BUDGET = 400
_WORDS_BUDGET = 1_300
_ENTRY_BUDGET = 500
_ENTRIES_BUDGET = 2_200
_JSON_BUDGET = 900
_STATEMENT_BUDGET = 4_500
_OTHERS_BUDGET = 2_000
_DEFAULT_RESOLVER = "flytekit.core.python_auto_container.default_task_resolver"


def image_words(image: str) -> str:
    """Return an image's name, cut where it is overlong."""
    return start_of(mask_identifier(image[:LOOKED_AT]), _IMAGE_BUDGET)


def execution_section(template: Any, image: str) -> Section | None:
    """Describe what runs: the container, the pod, or the statement.

    ``template``: a flyteidl ``TaskTemplate``.
    ``image``: the image of the container that runs the task; empty if there is none.
    """
    target = template.WhichOneof("target")
    if target == "container":
        container = template.container
        words = _masked_words(container)
        notes = [image_words(image), _program(words), f"{len(container.env)} env" if container.env else ""]
        return Section("Execution", " · ".join(filter(None, notes)), [Fields(_container_rows(container, words))])
    if target == "k8s_pod":
        blocks, note = _pod_blocks(template.k8s_pod, primary_container_name(template))
        return Section("Execution", note, blocks)
    if target == "sql":
        lines = template.sql.statement.count("\n") + 1
        note = f"{_dialect(template.sql)}, {counted(lines, 'line')}"
        return Section("Execution", note, _sql_blocks(template.sql), is_open=True)
    return None


# -- images and command lines --------------------------------------------------------------------------------------


def _image_line(image: str) -> Line:
    reference = image_reference(image)
    if reference is None:
        return code(image_words(image)) if image else dim("none")
    pieces: list[Piece] = [code(reference.name)]
    for what, part in (("tag", reference.tag), ("digest", reference.digest)):
        if part:
            pieces += [dim(f" {what} "), code(part)]
    return pieces


def _masked_words(container: Any) -> list[str]:
    return mask_arguments([*container.command, *container.args])


def _program(words: list[str]) -> str:
    """Return the program of a command line in a word: what the launcher or entrypoint is called."""
    first = next(filter(None, words), "")
    return start_of(first, _ENTRY_BUDGET) if "\n" not in first else ""


def _words_line(words: list[str]) -> Line:
    return code_line(_shell_line(words), _WORDS_BUDGET)


def _shell_line(words: list[str]) -> str:
    """Return words as a shell would take them."""
    # Flyte's templates are left bare: quoting them would only hide them.
    return " ".join(word if word.startswith("{{") or word == MASK else quote(word) for word in words)


def _command_rows(words: list[str], command_length: int) -> list[Field]:
    """Return a command line taken apart; words are masked, those of the command first."""
    parts = command_line(words)
    if parts is None:
        halves = (("command", words[:command_length]), ("args", words[command_length:]))
        return [(label, [_words_line(half)]) for label, half in halves if half]
    rows: list[Field] = []
    if parts.launcher:
        rows.append(("launcher", [_words_line(parts.launcher)]))
    entrypoint: list[Piece] = [code(start_of(_shell_line(parts.entrypoint), _WORDS_BUDGET))]
    if parts.has_usual_arguments:
        entrypoint.append(dim(" with the usual inputs and outputs"))
    rows.append(("entrypoint", [entrypoint]))
    return rows + _loader_rows(parts)


def _loader_rows(parts: CommandLine) -> list[Field]:
    """Return what the entrypoint runs or loads: in words for flytekit's own resolvers, else as it is told."""
    target, resolver, rest = parts.target, parts.resolver.rpartition(".")[2], parts.loader_rest
    match resolver, rest:
        case "ArrayNodeMapTaskResolver" | "MapTaskResolver", ["vars", names, "resolver", inner] if target:
            same = start_of(names.replace(",", ", "), _ENTRY_BUDGET)
            task: list[Piece] = [dim("map task of "), code(start_of(target, _WORDS_BUDGET))]
            if inner != _DEFAULT_RESOLVER:
                task.append(dim(f" by {start_of(inner.rpartition('.')[2], _ENTRY_BUDGET)}"))
            lines: list[Line] = [task, [dim("the same for every item: "), code(same)]] if same else [task]
            return [("loads", lines)]
        case "default_task_template_resolver", ["{{.taskTemplatePath}}", executor]:
            return [("runs", [[code(start_of(executor, _WORDS_BUDGET)), dim(" on the task's template")]])]
        case "eager_failure_task_resolver", ["eager", "failure", "handler"]:
            return [("runs", ["the clean-up after an eager task that failed"])]
    loads: list[Piece] = [code(start_of(target, _WORDS_BUDGET))] if target else []
    if resolver:
        loads.append(dim(f"{' ' if target else ''}by {start_of(resolver, _ENTRY_BUDGET)} "))
    if rest:
        loads.append(dim("with ") if loads else "")
        loads.append(code(start_of(_shell_line(rest), _WORDS_BUDGET)))
    return [("loads", [loads])] if loads else []


# -- containers ----------------------------------------------------------------------------------------------------


def _container_rows(container: Any, words: list[str]) -> list[Field]:
    rows: list[Field] = [("image", [_image_line(container.image)])]
    rows += _command_rows(words, len(container.command))
    for label, entries in (("env", container.env), ("config", container.config)):
        rows += _entry_rows(label, [(pair.key, pair.value) for pair in entries])
    if container.ports:
        ports = [f"{port.container_port} {port.name}".strip() for port in container.ports]
        rows.append(("ports", [start_of(listed(ports, 12), _ENTRY_BUDGET)]))
    if container.architecture:
        rows.append(("architecture", [str(Container.Architecture(container.architecture))]))
    return rows + _data_rows(container)


def _entry_rows(label: str, entries: list[tuple[str, str]]) -> list[Field]:
    """Return ``KEY=value`` lines, masked and cut."""
    lines = (_entry_line(key, value) for key, value in entries)
    return [(label, lines_within(lines, _ENTRIES_BUDGET, len(entries)))] if entries else []


def _entry_line(key: str, value: str) -> Line:
    name = start_of(key, _ENTRY_BUDGET)
    if key == SETTINGS_VARIABLE and value:
        return [code(f"{name}="), dim(f"serialization settings, {len(value):,} characters")]
    text = masked(key, value[:LOOKED_AT])
    if text == MASK:
        return [code(f"{name}="), dim(f"{MASK} masked")]
    start, remark = cut(text, _ENTRY_BUDGET, beyond=len(value) - LOOKED_AT)
    entry = code(f"{name}={start}")
    return [entry, dim(f" {remark}")] if remark else entry


def _data_rows(target: Any) -> list[Field]:
    """Return how a container or pod is given its inputs by Flyte; nothing where that is not said."""
    if not target.HasField("data_config"):
        return []
    config = target.data_config
    if not config.enabled:
        return [("data loading", [dim("off")])]
    paths = f"{start_of(config.input_path, _ENTRY_BUDGET)} → {start_of(config.output_path, _ENTRY_BUDGET)}"
    words = [str(LiteralMapFormat(config.format))]
    if config.HasField("io_strategy"):
        words += [
            str(IOStrategy.DownloadMode(config.io_strategy.download_mode)),
            str(IOStrategy.UploadMode(config.io_strategy.upload_mode)),
        ]
    return [("data loading", [[code(paths), dim(f" as {', '.join(words)}")]])]


# -- pods ----------------------------------------------------------------------------------------------------------


def json_text(value: Any) -> str:
    """Return a JSON-like value on one line, as JSON."""
    import json  # noqa: PLC0415 - only tasks with plugin settings or pods need it

    return json.dumps(value, ensure_ascii=False, default=str)


def json_line(value: Any) -> Line:
    """Return a JSON-like value on one line, cut where it is long."""
    return code_line(json_text(value), _JSON_BUDGET)


def _pod_blocks(pod: Any, primary: str) -> tuple[list[Block], str]:
    spec = plain_struct(pod.pod_spec)
    containers = _objects_of(spec, "containers")
    main = next((item for item in containers if item.get("name") == primary), None)
    if main is None and len(containers) == 1:
        main = containers[0]
    others = [item for item in containers if item is not main]
    rows: list[Field] = []
    if main is not None:
        rows += _pod_container_rows(main)
    rows.append(("primary container", [code(start_of(primary, _ENTRY_BUDGET)) if primary else dim("not named")]))
    rows += _other_rows("container", others)
    rows += _other_rows("init container", _objects_of(spec, "initContainers"))
    rows += _rest_rows(spec, but=("containers", "initContainers"))
    for part in ("labels", "annotations"):
        entries = getattr(pod.metadata, part)
        rows += _entry_rows(part, [(key, entries[key]) for key in sorted(entries)])
    rows += _data_rows(pod)
    image = None if main is None else main.get("image")
    notes = [image_words(image) if isinstance(image, str) else "", "pod", counted(len(containers), "container")]
    return [Fields(rows)], " · ".join(filter(None, notes))


def other_containers(template: Any) -> list[str]:
    """Return in words how many containers a pod has beside the one that runs the task: ``["+1 container"]``."""
    if not template.HasField("k8s_pod"):
        return []
    spec = template.k8s_pod.pod_spec
    beside = len(listed_structs(spec, "containers")) - 1
    before = len(listed_structs(spec, "initContainers"))
    counts = ((beside, "container"), (before, "init container"))
    return [f"+{counted(number, noun)}" for number, noun in counts if number > 0]


def _list_of(mapping: dict[str, Any], key: str) -> list[Any]:
    value = mapping.get(key)
    return value if isinstance(value, list) else []


def _objects_of(mapping: dict[str, Any], key: str) -> list[dict[str, Any]]:
    return [item for item in _list_of(mapping, key) if isinstance(item, dict)]


def _pod_container_rows(container: dict[str, Any]) -> list[Field]:
    image = container.get("image")
    rows: list[Field] = [("image", [_image_line(image) if isinstance(image, str) else dim("none")])]
    command, args = ([*map(_plain, _list_of(container, key))] for key in ("command", "args"))
    rows += _command_rows(mask_arguments([*command, *args]), len(command))
    entries: list[tuple[str, str]] = []
    references: list[Line] = []
    for entry in _list_of(container, "env"):
        if not isinstance(entry, dict):
            references.append(json_line(mask_value(entry)))
        elif "valueFrom" in entry:
            name = start_of(str(entry.get("name", "")), _ENTRY_BUDGET)
            source = start_of(json_text(mask_value(entry["valueFrom"])), _ENTRY_BUDGET)
            references.append([code(name), dim(f" from {source}")])
        else:
            entries.append((str(entry.get("name", "")), _plain(entry.get("value", ""))))
    rows += _entry_rows("env", entries)
    if references:
        rows.append(("env from", lines_within(references, _OTHERS_BUDGET)))
    return rows + _rest_rows(container, but=("name", "image", "command", "args", "env", "resources"))


def _plain(value: Any) -> str:
    return value if isinstance(value, str) else json_text(value)


def _other_rows(label: str, containers: list[dict[str, Any]]) -> list[Field]:
    """Return a line for each container that does not run the task."""
    lines: list[Line] = []
    for container in containers:
        rest = {key: value for key, value in container.items() if key not in {"name", "image"}}
        pieces: list[Piece] = [code(start_of(_plain(container.get("name", "")), _ENTRY_BUDGET)), " "]
        pieces.append(code(image_words(_plain(container.get("image", "")))))
        if rest:
            text, remark = cut(json_text(mask_value(rest)), _JSON_BUDGET)
            pieces += [dim(f" {text}"), dim(remark)] if remark else [dim(f" {text}")]
        lines.append(pieces)
    return [(label, lines_within(lines, _OTHERS_BUDGET))] if lines else []


def _rest_rows(mapping: dict[str, Any], but: Collection[str]) -> list[Field]:
    """Return what is not described in words, each entry as JSON."""
    rest = {key: value for key, value in mapping.items() if key not in but}
    rows = ((start_of(key, _ENTRY_BUDGET), [json_line(mask_value(value, key))]) for key, value in rest.items())
    return fields_within(rows, _OTHERS_BUDGET, len(rest), lambda row: 100 + size_of(row[0]) + size_of(row[1][0]))


# -- statements ----------------------------------------------------------------------------------------------------


def _dialect(sql: Any) -> str:
    dialect = Sql.Dialect(sql.dialect)
    return "SQL" if dialect == Sql.Dialect.UNDEFINED else f"{dialect} SQL"


def _sql_blocks(sql: Any) -> list[Block]:
    # Marked keywords take about three times the bytes of the statement.
    statement, remark = cut_masked(sql.statement, _STATEMENT_BUDGET // 3)
    return [Code(statement, "sql"), *([Paragraph(dim(remark))] if remark else [])]


# -- on their own --------------------------------------------------------------------------------------------------


def describe_container(container: Container) -> Document:
    """Describe a container on its own."""
    message = container._message
    asked = describe_resources(container.resources)
    sections = [Section("Resources", asked.aside, asked.blocks, is_open=True)] if asked.blocks else []
    words = _masked_words(message)
    return Document("Container", _program(words), blocks=[Fields(_container_rows(message, words))], sections=sections)


def describe_pod(pod: K8sPod) -> Document:
    """Describe a pod on its own."""
    blocks, note = _pod_blocks(pod._message, pod._message.primary_container_name)
    return Document("K8sPod", note, blocks=blocks)


def describe_sql(sql: Sql) -> Document:
    """Describe a statement on its own."""
    message = sql._message
    return Document("Sql", _dialect(message), blocks=_sql_blocks(message))
