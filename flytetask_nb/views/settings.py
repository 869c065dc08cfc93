"""Descriptions of everything around what runs: metadata, security, plugin settings, documentation."""

from __future__ import annotations

from itertools import chain
from typing import TYPE_CHECKING, Any

from flytetask_nb.bounded_reading import json_value
from flytetask_nb.masking import mask_value, masked
from flytetask_nb.models.flyte2 import FLYTE2_MARK, flyte2_words, is_sdk2
from flytetask_nb.models.plain_values import plain_struct
from flytetask_nb.models.security import OAuth2TokenRequest, Secret
from flytetask_nb.models.tasks import RuntimeMetadata, TaskMetadata
from flytetask_nb.printing import in_words
from flytetask_nb.semantics.task_container import PRIMARY_CONTAINER_KEY
from flytetask_nb.views.document import (
    LOOKED_AT,
    Badge,
    Document,
    Fields,
    Link,
    Notice,
    Paragraph,
    Section,
    code,
    cut,
    cut_masked,
    dim,
    size_of,
)
from flytetask_nb.views.excerpts import fields_blocks, fields_within, lines_within, set_fields
from flytetask_nb.views.execution import json_line
from flytetask_nb.views.wording import counted, listed, moment, quoted

if TYPE_CHECKING:
    from collections.abc import Iterable
    from datetime import datetime

    from flytetask_nb.models import Documentation, SecurityContext
    from flytetask_nb.views.document import Block, Line, Piece
    from flytetask_nb.views.excerpts import Field

_VALUE_BUDGET = 500
_ROWS_BUDGET = 2_000
_TEXT_BUDGET = 2_500
_DEEPEST = 6
"""Levels of settings that are taken apart; what lies deeper stands on one line."""


def _short(text: str, budget: int = _VALUE_BUDGET) -> str:
    start, remark = cut_masked(text, budget)
    return f"{start} {remark}" if remark else start


def _fitting(rows: Iterable[Field], total: int, budget: int = _ROWS_BUDGET) -> list[Field]:
    return fields_within(rows, budget, total, lambda row: 80 + size_of(row[0]) + sum(map(size_of, row[1])))


def _entry_lines(entries: Any) -> list[Line]:
    """Return the entries of a map as ``key=value`` lines, masked, as many as fit."""
    lines = (code(f"{_short(key)}={_short_value(key, entries[key])}") for key in sorted(entries))
    return lines_within(lines, _ROWS_BUDGET, len(entries))


def _short_value(key: str, text: str) -> str:
    """Return the value of an entry, masked if its key looks secret."""
    start, remark = cut(masked(key, text[:LOOKED_AT]), _VALUE_BUDGET, beyond=len(text) - LOOKED_AT)
    return f"{start} {remark}" if remark else start


# -- metadata ------------------------------------------------------------------------------------------------------


def metadata_words(metadata: Any) -> list[str]:
    """Return what is set in a task's metadata in a few words each: ``"cached “2.0”"``, ``"3 retries"``.

    ``metadata``: a flyteidl ``TaskMetadata``.
    """
    words = []
    if metadata.discoverable:
        version = metadata.discovery_version
        words.append(f"cached as {quoted(_short(version, 120))}" if version.strip() else "cached without a version")
    if metadata.retries.retries:
        words.append(counted(metadata.retries.retries, "retry", "retries"))
    limit = _time_limit(metadata)
    if limit:
        words.append(f"{limit} limit")
    if metadata.HasField("interruptible"):
        words.append("interruptible" if metadata.interruptible else "not interruptible")
    if metadata.is_eager:
        words.append("eager")
    return words


def _time_limit(metadata: Any) -> str:
    """Return the time limit in words, empty where there is none."""
    if not metadata.HasField("timeout"):
        return ""
    # A text about it where it is longer than Python's durations can be.
    span = TaskMetadata._fields["timeout"].read_to_show(metadata)
    if isinstance(span, str):
        return span
    return in_words(span) if span else ""


def _runtime_words(runtime: Any) -> str:
    kind = RuntimeMetadata.RuntimeType(runtime.type)
    is_python = kind == RuntimeMetadata.RuntimeType.FLYTE_SDK and runtime.flavor == "python"
    name = ("flyte" if is_sdk2(runtime) else "flytekit") if is_python else str(kind)
    flavor = f" ({_short(runtime.flavor, 120)})" if runtime.flavor and not is_python else ""
    return f"{name} {_short(runtime.version, 120)}{flavor}".strip()


def deprecation_notice(metadata: Any) -> list[Block]:
    """Return a visible warning for a deprecated task."""
    message = metadata.deprecated_error_message
    return [Notice(Badge("risky", "⚠", "deprecated"), _short(message, 900))] if message else []


def metadata_section(metadata: Any) -> Section:
    """Describe how a task is run: what is set in rows, what is left at its default in one line."""
    rows, defaults = _metadata_rows(metadata)
    words = metadata_words(metadata)
    if metadata.HasField("runtime"):
        words.append(_runtime_words(metadata.runtime))
    blocks = fields_blocks(rows)
    if defaults:
        blocks.append(Paragraph(dim(f"at their defaults: {', '.join(defaults)}")))
    return Section("Metadata", ", ".join(words) or "all at their defaults", blocks)


def _metadata_rows(metadata: Any) -> tuple[list[Field], list[str]]:
    """Return what is set, and in words what is left at its default."""
    is_interruptible = ("yes" if metadata.interruptible else "no") if metadata.HasField("interruptible") else ""
    settings = (
        ("cache", _cache_words(metadata), "not cached"),
        ("retries", f"{metadata.retries.retries:,}" if metadata.retries.retries else "", "no retries"),
        ("time limit", _time_limit(metadata), "no time limit"),
        ("interruptible", is_interruptible, "interruptible unset"),
        ("runtime", _runtime_words(metadata.runtime) if metadata.HasField("runtime") else "", "no runtime"),
        ("deck", "yes" if metadata.generates_deck.value else "", "no deck"),
        ("pod template", _short(metadata.pod_template_name), "no pod template"),
    )
    rows: list[Field] = [(label, [words]) for label, words, _ in settings if words]
    defaults = [default for _, words, default in settings if not words]
    if metadata.is_eager:
        rows.append(("eager", ["yes: an eager workflow"]))
    if metadata.deprecated_error_message:
        rows.append(("deprecated", [_short(metadata.deprecated_error_message, 900)]))
    kept = metadata.metadata
    for label, entries in (("tags", metadata.tags), ("labels", kept.labels), ("annotations", kept.annotations)):
        if entries:
            rows.append((label, _entry_lines(entries)))
    return rows, defaults


def _cache_words(metadata: Any) -> str:
    if not metadata.discoverable:
        return ""
    version = metadata.discovery_version
    words = [f"version {quoted(_short(version))}" if version.strip() else "without a version: fails when it runs"]
    if metadata.cache_serializable:
        words.append("one run at a time for equal inputs")
    if metadata.cache_ignore_input_vars:
        words.append(f"ignores {_short(listed(list(metadata.cache_ignore_input_vars), 12))}")
    return ", ".join(words)


def describe_metadata(metadata: TaskMetadata) -> Document:
    """Describe metadata on its own."""
    message = metadata._message
    section = metadata_section(message)
    return Document("TaskMetadata", section.note, blocks=[*deprecation_notice(message), *section.blocks])


# -- security ------------------------------------------------------------------------------------------------------


def security_section(context: Any) -> Section | None:
    """Describe identity, secrets and tokens; None where there is nothing of them."""
    rows = _fitting(map(_secret_row, context.secrets), len(context.secrets))
    run_as = context.run_as
    for label, value in (
        ("IAM role", run_as.iam_role),
        ("service account", run_as.k8s_service_account),
        ("runs as", run_as.execution_identity),
        ("OAuth2 client", run_as.oauth2_client.client_id),
    ):
        if value:
            rows.append((label, [code(_short(value))]))
    rows += _fitting(map(_token_row, context.tokens), len(context.tokens), 1_000)
    if not rows:
        return None
    notes = [counted(len(context.secrets), "secret")] if context.secrets else []
    notes += [_short(value, 200) for value in (run_as.k8s_service_account, run_as.iam_role) if value]
    notes += [counted(len(context.tokens), "token")] if context.tokens else []
    return Section("Security", ", ".join(notes), [Fields(rows)])


def _secret_row(secret: Any) -> Field:
    name = "/".join(_short(part) for part in (secret.group, secret.key) if part) or "(no name)"
    if secret.group_version:
        name += f" version {_short(secret.group_version)}"
    mount = Secret.MountType(secret.mount_requirement)
    words = {
        Secret.MountType.ANY: "any mount",
        Secret.MountType.ENV_VAR: "as environment variable",
        Secret.MountType.FILE: "as file",
    }.get(mount, str(mount))
    pieces: list[Piece] = [words]
    if secret.env_var:
        pieces += [" ", code(_short(secret.env_var))]
    return f"secret {name}", [pieces]


def _token_row(token: Any) -> Field:
    kind = OAuth2TokenRequest.Type(token.type)
    where = token.token_endpoint or token.idp_discovery_endpoint
    pieces: list[Piece] = [f"{kind} for client ", code(_short(token.client.client_id))]
    if where:
        pieces += [" from ", code(_short(where))]
    return f"token {_short(token.name)}", [pieces]


def describe_security(context: SecurityContext) -> Document:
    """Describe identity and secrets on their own."""
    section = security_section(context._message) or Section("", "nothing asked for", ())
    return Document("SecurityContext", section.note, blocks=section.blocks)


# -- plugin --------------------------------------------------------------------------------------------------------


def plugin_section(template: Any) -> Section | None:
    """Describe the settings of a task's plugin; None where there are none."""
    custom = plain_struct(template.custom) if template.HasField("custom") else {}
    config = template.config
    # A pod's primary container is shown with the pod.
    keys = [key for key in sorted(config) if key != PRIMARY_CONTAINER_KEY or not template.HasField("k8s_pod")]
    version = template.task_type_version
    if not custom and not keys and not version:
        return None
    rows = list(chain.from_iterable(_setting_rows(key, value) for key, value in custom.items()))
    rows += [(f"config {_short(key)}", [code(_short_value(key, config[key]))]) for key in keys]
    # Of an object each of its entries is a setting.
    total = len(rows)
    rows = _fitting(rows, total, 3_000)
    rows += set_fields(("task type version", str(version) if version else ""))
    notes = [_short(template.type, 200)]
    notes += [counted(total, "setting")] if total else []
    notes += [f"task type version {version}"] if version else []
    return Section("Plugin", ", ".join(notes), [Fields(rows)])


def _setting_rows(key: str, value: Any) -> Iterable[Field]:
    """Return a setting as rows: of an object, also of one that is written as text, each of its entries by itself."""
    return ((_short(place), [_value_line(entry)]) for place, entry in _entries(key, mask_value(_opened(value), key)))


def _opened(value: Any) -> Any:
    """Return what a text of JSON holds, where that is an object or a list; anything else as it is."""
    if not isinstance(value, str) or not value.lstrip().startswith(("{", "[")) or len(value) > LOOKED_AT:
        return value
    try:
        held = json_value(value)
    except ValueError:
        return value
    return held if isinstance(held, dict | list) else value


def _entries(place: str, value: Any, depth: int = 0) -> Iterable[tuple[str, Any]]:
    """Return the single values in objects and in lists of objects, by the place where each stands."""
    if depth < _DEEPEST and isinstance(value, dict) and value:
        for key, held in value.items():
            yield from _entries(f"{place} › {key}", held, depth + 1)
    elif depth < _DEEPEST and isinstance(value, list) and value and all(isinstance(held, dict) for held in value):
        for number, held in enumerate(value):
            yield from _entries(f"{place}[{number}]", held, depth + 1)
    else:
        yield place, value


def _value_line(value: Any) -> Line:
    return code(_short(value)) if isinstance(value, str) else json_line(value)


# -- Flyte 2 -------------------------------------------------------------------------------------------------------


def flyte2_section(spec: Any) -> Section | None:
    """Describe what a task of Flyte 2 says that Flyte 1 has no word for, as it stands; None for one of Flyte 1."""
    words = flyte2_words(spec)
    if words is None:
        return None
    rows = ((_short(path), [_value_line(mask_value(value, path.rpartition(".")[2]))]) for path, value in words.items())
    blocks = fields_blocks(_fitting(rows, len(words), 3_000))
    return Section(FLYTE2_MARK, _short(listed(list(words), 6), 200) or "nothing that Flyte 1 has no word for", blocks)


# -- source --------------------------------------------------------------------------------------------------------


def source_section(
    description: Any,
    *,
    source: str | None,
    note: str | None,
    created_at: datetime | None,
    short_description: str | None,
    console_url: str | None = None,
    is_fetchable: bool = False,
) -> Section | None:
    """Describe what its author says of a task and where it was found.

    ``description``: a flyteidl ``DescriptionEntity``.
    ``source``, ``note``, ``created_at``, ``short_description``, ``console_url``: what is known beside the message.
    ``is_fetchable``: whether a server knows more of what its author says.
    """
    # Said already under the task's name.
    first = first_line(description, short_description)
    rows = set_fields(
        ("loaded from", code(_short(source)) if source else ""),
        ("note", _short(note) if note else ""),
        ("created at", moment(created_at) if created_at is not None else ""),
        ("description", dim("not fetched; fetch_task(…, description=True) fetches it") if is_fetchable else ""),
        ("console", Link(_short(console_url), console_url) if console_url else ""),
    )
    blocks = _documentation_blocks(description, short_description, but=first) + fields_blocks(rows)
    if not blocks:
        return None
    # Without its folder and without the entry in it.
    file_name = (source or "").partition("!")[0].replace("\\", "/").rpartition("/")[2]
    notes = [_short(file_name, 200), "" if created_at is None else moment(created_at)]
    return Section("Source", " · ".join(filter(None, notes)), blocks)


def first_line(description: Any, short_description: str | None = None) -> str:
    """Return the first line of what its author says of a task; empty where nothing is said.

    ``description``: a flyteidl ``DescriptionEntity``.
    ``short_description``: what a server says, where it says something.
    """
    return _first_line(short_description or description.short_description or description.long_description.value)


def _first_line(text: str) -> str:
    return _short(text.strip().partition("\n")[0], 200)


def _documentation_blocks(description: Any, short_description: str | None, *, but: str = "") -> list[Block]:
    texts = (short_description or description.short_description, description.long_description.value)
    distinct = filter(None, dict.fromkeys(text.strip() for text in texts))
    blocks: list[Block] = [Paragraph(_short(text, _TEXT_BUDGET)) for text in distinct if text != but]
    long = description.long_description
    addresses = (("code", description.source_code.link), ("description", long.uri), ("icon", long.icon_link))
    rows: list[Field] = []
    for label, address in addresses:
        if address:
            text = _short(address)
            rows.append((label, [Link(text, text)]))
    if description.tags:
        rows.append(("tags", [_short(listed(list(description.tags), 20))]))
    return blocks + fields_blocks(rows)


def describe_documentation(documentation: Documentation) -> Document:
    """Describe documentation on its own."""
    message = documentation._message
    return Document(
        "Documentation", _first_line(message.short_description), blocks=_documentation_blocks(message, None)
    )
