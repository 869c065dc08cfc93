"""The columns of a table of tasks: one entry each, with what it is computed from and how.

The order of the entries is the order of the columns.
"""

from __future__ import annotations

from operator import attrgetter, itemgetter
from typing import TYPE_CHECKING, Any, Final, NamedTuple

from flytetask_nb.dtypes import AMOUNT, COUNT, FLAG, SPAN, TEXT, TIME, ColumnKind, whole
from flytetask_nb.errors import FlyteTaskError, ModelValueError, one_line, shortened
from flytetask_nb.masking import mask_text, masked
from flytetask_nb.models.flyte2 import FLYTE2_MARK
from flytetask_nb.models.order import natural_key
from flytetask_nb.models.tasks import Architecture, RuntimeType
from flytetask_nb.semantics.caching import cache_key
from flytetask_nb.semantics.digests import structure_digest
from flytetask_nb.semantics.quantities import NANO, parse
from flytetask_nb.semantics.registration import check
from flytetask_nb.tables.runners import LIMITS, REQUESTS

if TYPE_CHECKING:
    from collections.abc import Callable

    from flytetask_nb.semantics.plugin_resources import Job

ERROR: Final = "error"
"""The column that says why others are NA."""

JOB: Final = "job"
ORIGIN: Final = "origin"
SOURCE: Final = "source"
TASK: Final = "task"


class Column(NamedTuple):
    """A column.

    ``kind``: which dtype it has.
    ``part``: the part of a task that it is computed from: a name of ``PARTS``, ``"job"`` for what ``jobs`` makes of
      several of them, ``"origin"`` for what is known beside the message, or ``"task"`` for the message as a whole.
    ``read``: from that part to the value; None where there is none. What it raises becomes NA and a reason.
    """

    kind: ColumnKind
    part: str
    read: Callable[[Any], Any]


def _itself(value: Any) -> Any:
    return value or None


_LONGEST_REASON: Final = 300
"""Characters that say why a value is missing: a number may have any size."""


def _shown(text: str) -> str | None:
    return mask_text(text) or None


# -- resources -----------------------------------------------------------------------------------------------------


def _cores(nanos: int) -> float:
    try:
        return nanos / NANO
    except OverflowError:
        raise ModelValueError("a number of cores beyond what a float holds; no machine has so many") from None


def _bytes(nanos: int) -> int:
    # As Value() of Kubernetes does: away from zero.
    return whole(-(-nanos // NANO) if nanos > 0 else nanos // NANO)


def _pieces(nanos: int) -> int:
    number, rest = divmod(abs(nanos), NANO)
    sign = "-" if nanos < 0 else ""
    if rest:
        text = f"{sign}{number}.{rest:09d}".rstrip("0")
        raise ModelValueError(f"{text} is no whole number, and devices are not shared by fractions")
    return whole(-number if sign else number)


_UNITS: Final[dict[str, Callable[[int], float]]] = {"cores": _cores, "bytes": _bytes, "count": _pieces}


def amount_in(unit: str, text: str) -> float:
    """Return a quantity as a number.

    ``unit``: ``"cores"``, ``"bytes"`` (rounded up to whole ones, as Kubernetes does) or ``"count"``.
    ``text``: as it stands in a task, e.g. ``"500m"``.
    Raises QuantityError: it is no quantity.
    Raises ModelValueError: it does not fit into 64 bits, or is a fraction of a piece.
    """
    return _UNITS[unit](parse(text).nanos)


def _amount(resource: str, side: str, unit: str) -> Callable[[dict[tuple[str, str], str]], float | None]:
    def read(asked: dict[tuple[str, str], str]) -> float | None:
        text = asked.get((resource, side))
        return None if text is None else amount_in(unit, text)

    return read


def _of_job(resource: str, unit: str) -> Callable[[Job], float | None]:
    def read(job: Job) -> float | None:
        total = job.total(resource)
        return None if total is None else _UNITS[unit](total.nanos)

    return read


def _partition(extended: Any) -> str | None:
    if not extended.HasField("gpu_accelerator"):
        return None
    accelerator = extended.gpu_accelerator
    return "unpartitioned" if accelerator.unpartitioned else accelerator.partition_size or None


def _shared_memory(extended: Any) -> float | None:
    size = extended.shared_memory.size_limit
    return amount_in("bytes", size) if size else None


def _architecture(number: int) -> str | None:
    return str(Architecture(number)) if number else None


# -- metadata ------------------------------------------------------------------------------------------------------


def _of_metadata(kind: ColumnKind, read: Callable[[Any], Any]) -> Column:
    """Return a column that is read from metadata, where there are any."""
    return Column(kind, "metadata", lambda metadata: None if metadata is None else read(metadata))


def _if_set(name: str, read: Callable[[Any], Any]) -> Callable[[Any], Any]:
    """Read what may be absent from metadata."""
    return lambda metadata: read(metadata) if metadata.HasField(name) else None


def _timeout(metadata: Any) -> int | None:
    # None and zero both mean that there is no limit; as a length of time that would be the shortest.
    microseconds = metadata.timeout.seconds * 1_000_000 + int(metadata.timeout.nanos / 1000)
    return whole(microseconds) if microseconds else None


def _runtime(metadata: Any) -> str:
    return metadata.runtime.flavor or str(RuntimeType(metadata.runtime.type))


def _tags(metadata: Any) -> str | None:
    tags = metadata.tags
    return ", ".join(f"{key}={masked(key, tags[key])}" for key in sorted(tags, key=natural_key)) or None


# -- security ---------------------------------------------------------------------------------------------------------


def _secrets(security: Any) -> str | None:
    named = (f"{secret.group}/{secret.key}" if secret.group else secret.key for secret in security.secrets)
    return ", ".join(named) or None


# -- the task as a whole -------------------------------------------------------------------------------------------


def _cache_key(task: Any) -> str | None:
    if not task._message.template.metadata.discoverable:
        return None
    key = cache_key(task)
    return f"{key.project}/{key.domain}/{key.name}/{key.version}"


def _findings(task: Any) -> str | None:
    return ", ".join(dict.fromkeys(finding.rule for finding in check(task))) or None


COLUMNS: Final[dict[str, Column]] = {
    "project": Column(TEXT, "project", _itself),
    "domain": Column(TEXT, "domain", _itself),
    "name": Column(TEXT, "name", _itself),
    "version": Column(TEXT, "version", _itself),
    "type": Column(TEXT, "type", _itself),
    "task_type_version": Column(COUNT, "task_type_version", int),
    "created_at": Column(TIME, ORIGIN, lambda origin: origin.created_at),
    "short_description": Column(TEXT, "documentation", _shown),
    "signature": Column(TEXT, "signature", lambda signature: signature.text),
    "inputs": Column(COUNT, "signature", lambda signature: signature.inputs),
    "input_names": Column(TEXT, "signature", lambda signature: signature.input_names or None),
    "outputs": Column(COUNT, "signature", lambda signature: signature.outputs),
    "output_names": Column(TEXT, "signature", lambda signature: signature.output_names or None),
    "target": Column(TEXT, "target", _itself),
    "image": Column(TEXT, "image", itemgetter(0)),
    "image_registry": Column(TEXT, "image", itemgetter(1)),
    "image_repository": Column(TEXT, "image", itemgetter(2)),
    "image_tag": Column(TEXT, "image", itemgetter(3)),
    "image_digest": Column(TEXT, "image", itemgetter(4)),
    "command": Column(TEXT, "command", _itself),
    "args": Column(TEXT, "args", _itself),
    "cpu_request": Column(AMOUNT, "resources", _amount("cpu", REQUESTS, "cores")),
    "cpu_limit": Column(AMOUNT, "resources", _amount("cpu", LIMITS, "cores")),
    "memory_request": Column(COUNT, "resources", _amount("memory", REQUESTS, "bytes")),
    "memory_limit": Column(COUNT, "resources", _amount("memory", LIMITS, "bytes")),
    "ephemeral_storage_request": Column(COUNT, "resources", _amount("ephemeral_storage", REQUESTS, "bytes")),
    "ephemeral_storage_limit": Column(COUNT, "resources", _amount("ephemeral_storage", LIMITS, "bytes")),
    "gpu_request": Column(COUNT, "resources", _amount("gpu", REQUESTS, "count")),
    "gpu_limit": Column(COUNT, "resources", _amount("gpu", LIMITS, "count")),
    "job_cpu": Column(AMOUNT, JOB, _of_job("cpu", "cores")),
    "job_memory": Column(COUNT, JOB, _of_job("memory", "bytes")),
    "job_gpu": Column(COUNT, JOB, _of_job("gpu", "count")),
    "replicas": Column(COUNT, JOB, lambda job: job.replicas),
    "accelerator": Column(TEXT, "extended", lambda extended: extended.gpu_accelerator.device or None),
    "accelerator_partition": Column(TEXT, "extended", _partition),
    "shared_memory": Column(COUNT, "extended", _shared_memory),
    "architecture": Column(TEXT, "architecture", _architecture),
    "retries": _of_metadata(COUNT, _if_set("retries", attrgetter("retries.retries"))),
    "timeout": _of_metadata(SPAN, _timeout),
    "interruptible": _of_metadata(FLAG, _if_set("interruptible", attrgetter("interruptible"))),
    "cached": _of_metadata(FLAG, lambda metadata: metadata.discoverable),
    "cache_version": _of_metadata(TEXT, lambda metadata: _shown(metadata.discovery_version)),
    "cache_serializable": _of_metadata(FLAG, lambda metadata: metadata.cache_serializable),
    "deprecated": _of_metadata(TEXT, lambda metadata: _shown(metadata.deprecated_error_message)),
    "runtime": _of_metadata(TEXT, _if_set("runtime", _runtime)),
    "runtime_version": _of_metadata(TEXT, lambda metadata: metadata.runtime.version or None),
    "flyte": Column(TEXT, "flyte2", lambda is_marked: FLYTE2_MARK if is_marked else None),
    "pod_template": _of_metadata(TEXT, lambda metadata: metadata.pod_template_name or None),
    "service_account": Column(TEXT, "security", lambda security: security.run_as.k8s_service_account or None),
    "iam_role": Column(TEXT, "security", lambda security: security.run_as.iam_role or None),
    "secrets": Column(TEXT, "security", _secrets),
    "env_keys": Column(TEXT, "env_keys", lambda keys: ", ".join(keys) or None),
    "tags": _of_metadata(TEXT, _tags),
    "generates_deck": _of_metadata(FLAG, _if_set("generates_deck", attrgetter("generates_deck.value"))),
    "is_eager": _of_metadata(FLAG, lambda metadata: metadata.is_eager),
    "code_bundle": Column(TEXT, "code_bundle", _itself),
    "source": Column(TEXT, SOURCE, _shown),
    # Not computed from a part, but from what goes wrong with the others.
    ERROR: Column(TEXT, "pod_problem", _itself),
    "cache_key": Column(TEXT, TASK, _cache_key),
    "digest": Column(TEXT, TASK, lambda task: structure_digest(task).hex()),
    "findings": Column(TEXT, TASK, _findings),
}

_ON_REQUEST: Final = frozenset({"cache_key", "digest", "findings"})

DEFAULT_COLUMNS: Final = tuple(name for name in COLUMNS if name not in _ON_REQUEST)
"""The columns of a table unless others are asked for, in order."""


def read_all(read: Callable[[Any], Any], parts: list[Any]) -> tuple[list[Any], dict[int, str]]:
    """Read a column's value from each part.

    Returns list, dict of int to str: the values, None where there is none; and by position why a value could not be
      read.
    """
    try:
        return list(map(read, parts)), {}
    except Exception:  # noqa: BLE001, S110 - whatever stands in a task: one bad value costs no other row
        # One of them: which, is seen one by one.
        pass
    outcomes = [_read_one(read, part) for part in parts]
    return [value for value, _ in outcomes], {
        position: reason for position, (_, reason) in enumerate(outcomes) if reason
    }


def _read_one(read: Callable[[Any], Any], part: Any) -> tuple[Any, str]:
    try:
        return read(part), ""
    except FlyteTaskError as error:
        return None, shortened(mask_text(str(error)), _LONGEST_REASON)
    except Exception as error:  # noqa: BLE001 - as above
        return None, mask_text(f"{type(error).__name__}: {one_line(error)}")
