"""What settings of well-known plugins mean, as a table.

A task's ``custom`` holds whatever its plugin wants there: the messages of ``flyteidl.plugins`` as JSON, or what the
authors of an agent chose. The table names the settings that decide cost, tolerance or nothing that matters; any other
is a setting of the plugin like before.
"""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, Any, Final, NamedTuple

from flytetask_nb.diffs.container_resources import IGNORED_RESOURCES
from flytetask_nb.diffs.containers import image_rule
from flytetask_nb.diffs.edits import Replacement
from flytetask_nb.diffs.structures import mapped_differences
from flytetask_nb.errors import QuantityError
from flytetask_nb.semantics.plugin_settings import Spelling, amounts_in, settings_of
from flytetask_nb.semantics.quantities import parse

if TYPE_CHECKING:
    from collections.abc import Iterator
    from fractions import Fraction

    from flytetask_nb.diffs.changes import Ledger
    from flytetask_nb.diffs.structures import Difference


class Setting(NamedTuple):
    """What one setting of a plugin means.

    ``types``: types of tasks that have it; empty: any.
    ``path``: pattern of its path inside the settings as the plugin reads them, in lower case and without underscores:
      the same setting is spelled ``minReplicas`` by JSON of protobuf and ``min_replicas`` by others.
    ``meaning``: a rule, or the stem of two: ``{stem}-raised`` and ``{stem}-lowered`` (for amounts), or ``image``.
    """

    types: frozenset[str]
    path: str
    meaning: str


_KUBEFLOW: Final = frozenset({"pytorch", "pytorch-elastic", "tensorflow", "mpi", "horovod"})
_ARRAYS: Final = frozenset({"container_array", "k8s-array", "python-task", "sidecar", "aws-batch", "raw-container"})
_SPARK: Final = frozenset({"spark", "databricks"})
_QUERIES: Final = frozenset(
    "presto hive sqlalchemy sqlite sql snowflake athena bigquery_query_job_task duckdb databricks".split()
)
_BATCH: Final = frozenset({"aws-batch"})
_RAY: Final = frozenset({"ray"})
_DASK: Final = frozenset({"dask"})
_CONF: Final = r"(?:databricksconf\.newcluster\.)?sparkconf\.spark\."
# Amounts of a group or of a container stand beside its other fields.
_OF_GROUP: Final = r"(?!\w+conf\.)(?:.*(?<!resources)\.)?"

# flyteidl/protos/flyteidl/plugins, and the settings of Spark and of Databricks that those pass on.
SETTINGS: Final = (
    Setting(_ARRAYS, r"parallelism", "plugin-scale"),
    Setting(_ARRAYS, r"size", "plugin-scale"),
    Setting(_ARRAYS, r"minsuccess(?:es|ratio)", "plugin-success"),
    Setting(_RAY, r".*\.(?:min|max)?replicas", "plugin-scale"),
    Setting(_RAY, r"ttlsecondsafterfinished|shutdownafterjobfinishes|.*\.idletimeoutseconds", "plugin-lifetime"),
    Setting(_DASK, r"workers\.numberofworkers", "plugin-scale"),
    Setting(_KUBEFLOW, r"workers|numworkers|numlauncherreplicas|(?:ps|chief|evaluator)replicas|slots", "plugin-scale"),
    Setting(_KUBEFLOW, r".*replicas\.(?:common\.)?replicas", "plugin-scale"),
    Setting(_KUBEFLOW, r"elasticconfig\.(?:(?:min|max)replicas|nprocpernode)", "plugin-scale"),
    Setting(_KUBEFLOW, r"runpolicy\.(?:cleanpodpolicy|ttlsecondsafterfinished)", "plugin-lifetime"),
    Setting(_KUBEFLOW, r"runpolicy\.(?:activedeadlineseconds|backofflimit)", "plugin-retries"),
    Setting(_KUBEFLOW, r"elasticconfig\.maxrestarts|.*\.restartpolicy", "plugin-retries"),
    Setting(
        _SPARK,
        rf"{_CONF}(?:executor\.(?:instances|cores)|driver\.cores|dynamicallocation\.(?:min|max|initial)executors)",
        "plugin-scale",
    ),
    Setting(_SPARK, rf"{_CONF}(?:(?:executor|driver)\.memory(?:overhead)?|executor\.pyspark\.memory)", "plugin-memory"),
    Setting(_SPARK, rf"{_CONF}memory\.offheap\.size", "plugin-memory"),
    Setting(_SPARK, rf"{_CONF}kubernetes\.(?:driver|executor)\.request\.cores", "request"),
    Setting(_SPARK, rf"{_CONF}kubernetes\.(?:driver|executor)\.limit\.cores", "limit"),
    Setting(_SPARK, rf"{_CONF}(?:driver|executor)\.resource\.[^.]+\.amount", "request"),
    Setting(_SPARK, r"databricksconf\.newcluster\.(?:numworkers|autoscale\.(?:min|max)workers)", "plugin-scale"),
    Setting(_SPARK, r"databricksconf\.newcluster\.(?:driver)?nodetypeid", "plugin-machine"),
    Setting(_SPARK, r"databricksconf\.(?:maxretries|timeoutseconds)", "plugin-retries"),
    Setting(_SPARK, r"databricksconf\.runname", "plugin-label"),
    Setting(_BATCH, r"platformcapabilities", "plugin-machine"),
    Setting(_BATCH, r"tags(?:\..*)?|propagatetags", "plugin-label"),
    Setting(_QUERIES, r"statement|querytemplate|query\.query|query", "sql-statement"),
    Setting(_QUERIES, r"query\.(?:timeoutsec|retrycount)", "plugin-retries"),
    Setting(_QUERIES, r"tags(?:\[\])?", "plugin-label"),
    Setting(_RAY | _DASK | _KUBEFLOW, r"(?:.*\.)?image", "image"),
    Setting(_SPARK, r"(?:driver|executor)pod\..*\.image", "image"),
    Setting(_RAY | _DASK | _KUBEFLOW | _SPARK, rf"{_OF_GROUP}requests\..+", "request"),
    Setting(_RAY | _DASK | _KUBEFLOW | _SPARK, rf"{_OF_GROUP}limits\..+", "limit"),
)
"""The first that fits is the meaning."""

_AMOUNTS: Final = frozenset({"plugin-scale", "plugin-success", "plugin-memory", "request", "limit"})
_RESOURCES: Final = frozenset({"request", "limit"})
# Nothing said means as many as there are inputs (flyteidl/plugins/array_job.proto).
_ALL_AT_ONCE: Final = frozenset({"parallelism", "size"})
_REASONS: Final = {
    "added": "It replaces what the task itself asks for, or the platform's default.",
    "removed": "What the task itself asks for, or the platform's default, applies instead.",
}


def compare_custom(ledger: Ledger, path: str, old: Any, new: Any) -> None:
    """Compare the settings of the plugins of two templates."""
    kind = new.type if old.type == new.type else ""
    known = [setting for setting in SETTINGS if kind in setting.types]
    before, after = settings_of(old), settings_of(new)
    differences = mapped_differences(path, before.values, after.values)
    for difference in (part for whole in differences for part in _by_amount(whole)):
        inner = difference.path[len(path) :].lstrip(".").lower().replace("_", "")
        meaning = next((setting.meaning for setting in known if re.fullmatch(setting.path, inner)), "")
        is_text = "conf." in inner
        if meaning in _RESOURCES and not is_text and inner.rpartition(".")[2] in IGNORED_RESOURCES:
            ledger.difference(f"resource-ignored-{difference.kind}", difference)
            continue
        was, now = difference.old, difference.new
        counts = [was, now]
        if meaning == "plugin-scale" and before.is_known and after.is_known and not is_text:
            # What a message leaves out is zero; what a text leaves out, somebody else decides.
            counts = [count or 0 for count in counts]
        rule = _amount_rule(meaning, inner, *counts) if meaning in _AMOUNTS else meaning
        if meaning == "image":
            rule = image_rule(was, now) if isinstance(was, str) and isinstance(now, str) else ""
        if rule:
            reason = "" if is_text else _REASONS.get(rule.rpartition("-")[2], "")
            ledger.difference(rule, difference, reason=reason)
        else:
            ledger.difference(f"custom-{difference.kind}", difference)


def _by_amount(difference: Difference) -> Iterator[Difference]:
    """Return the parts of what came or went as a whole if there are amounts among them; items of lists stay whole."""
    sides = difference.old, difference.new
    whole = difference.old or difference.new
    if (
        difference.edits is not None
        or (difference.old and difference.new)
        or not isinstance(whole, dict)
        or not (amounts_in(whole) or any(isinstance(value, Spelling) for value in whole.values()))
    ):
        yield difference
        return
    parts = mapped_differences(difference.path, difference.old or {}, difference.new or {}, difference.old_path)
    # That a group is there and empty is a value of its own.
    empty = Replacement(difference.old_path, difference.path, *(side if side == {} else None for side in sides))
    for number, part in enumerate(parts):
        edits = part.edits
        if not number and {} in sides:
            edits = (*(edits or (Replacement(part.old_path, part.path, part.old, part.new),)), empty)
        yield part._replace(edits=edits)


def _amount_rule(meaning: str, inner: str, old: Any, new: Any) -> str:
    """Return the rule of an amount of that meaning; empty where it cannot be told."""
    if old is None or new is None:
        if meaning not in _RESOURCES and "sparkconf." not in inner:
            return ""
        stem = meaning if meaning in _RESOURCES else "request"
        return f"{stem}-{'added' if old is None else 'removed'}"
    before, after = _amount(old), _amount(new)
    if before is None or after is None or before == after:
        return f"{meaning}-changed" if meaning in _RESOURCES else ""
    if inner in _ALL_AT_ONCE and not (before and after):
        return f"{meaning}-{'raised' if before else 'lowered'}"
    return f"{meaning}-{'raised' if after > before else 'lowered'}"


def _amount(value: Any) -> Fraction | None:
    if isinstance(value, Spelling):
        return value.value
    if isinstance(value, bool) or not isinstance(value, str | int | float):
        return None
    try:
        return parse(str(value)).value
    except QuantityError:
        return None
