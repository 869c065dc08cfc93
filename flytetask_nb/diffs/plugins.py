"""What settings of well-known plugins mean, as a table.

A task's ``custom`` holds whatever its plugin wants there: the messages of ``flyteidl.plugins`` as JSON, or what the
authors of an agent chose. The table names the settings that decide cost, tolerance or nothing that matters; any other
is a setting of the plugin like before.
"""

from __future__ import annotations

import re
from fractions import Fraction
from typing import TYPE_CHECKING, Any, Final, NamedTuple

from flytetask_nb.diffs.containers import image_rule
from flytetask_nb.diffs.structures import mapped_differences
from flytetask_nb.errors import QuantityError
from flytetask_nb.models.fields import plain_struct
from flytetask_nb.semantics.quantities import parse

if TYPE_CHECKING:
    from collections.abc import Callable

    from flytetask_nb.diffs.changes import Ledger

__all__ = ["SETTINGS", "Setting", "compare_custom"]


class Setting(NamedTuple):
    """What one setting of a plugin means.

    Attributes
    ----------
    types
        Types of tasks that have it; empty: any.
    path
        Pattern of its path inside ``custom``, in lower case and without underscores: the same setting is spelled
        ``minReplicas`` by JSON of protobuf and ``min_replicas`` by others.
    meaning
        A rule, or the stem of two: ``{stem}-raised`` and ``{stem}-lowered`` (for amounts), or ``image``.
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
        r"sparkconf\.spark\.(?:executor\.(?:instances|cores)|driver\.cores|dynamicallocation\.(?:min|max|initial)executors)",
        "plugin-scale",
    ),
    Setting(_SPARK, r"sparkconf\.spark\.(?:executor|driver)\.memory(?:overhead)?", "plugin-memory"),
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
    Setting(_RAY | _DASK | _KUBEFLOW, r".*resources\.requests\.[^.]+\.value", "request"),
    Setting(_RAY | _DASK | _KUBEFLOW, r".*resources\.limits\.[^.]+\.value", "limit"),
)
"""The first that fits is the meaning."""

_SIZE: Final = re.compile(r"(?P<number>\d+)(?P<unit>[kmgtp]?)b?", re.IGNORECASE)
_UNITS: Final = "kmgtp"
_AMOUNTS: Final = frozenset({"plugin-scale", "plugin-success", "plugin-memory", "request", "limit"})


def compare_custom(ledger: Ledger, path: str, old: Any, new: Any) -> None:
    """Compare the settings of the plugins of two templates.

    Parameters
    ----------
    ledger
        Takes the changes.
    path
        Where the settings stand.
    old, new
        ``TaskTemplate`` messages.
    """
    kind = new.type if old.type == new.type else ""
    known = [setting for setting in SETTINGS if kind in setting.types]
    for place, was, now, key, was_place, edits in mapped_differences(
        path, plain_struct(old.custom), plain_struct(new.custom)
    ):
        inner = place[len(path) :].lstrip(".").lower().replace("_", "")
        meaning = next((setting.meaning for setting in known if re.fullmatch(setting.path, inner)), "")
        rule = _rule(meaning, inner, was, now)
        if rule:
            ledger.add(rule, place, was, now, key=key, old_path=was_place, edits=edits)
        else:
            ledger.entry("custom", place, was, now, key=key, old_path=was_place, edits=edits)


def _rule(meaning: str, inner: str, old: Any, new: Any) -> str:
    """Give the rule of a setting of that meaning; empty where it cannot be told."""
    if meaning == "image":
        return image_rule(old, new) if isinstance(old, str) and isinstance(new, str) else ""
    if meaning not in _AMOUNTS:
        return meaning
    read: Callable[[Any], Fraction | None] = _size if meaning == "plugin-memory" else _amount
    before, after = read(old), read(new)
    if before is None or after is None or before == after:
        return ""
    if inner == "parallelism" and not (before and after):
        # None at a time means all at once (flyteidl/plugins/array_job.proto).
        return f"{meaning}-{'raised' if before else 'lowered'}"
    return f"{meaning}-{'raised' if after > before else 'lowered'}"


def _amount(value: Any) -> Fraction | None:
    if isinstance(value, bool) or not isinstance(value, str | int | float):
        return None
    try:
        return parse(str(value)).value
    except QuantityError:
        return None


def _size(value: Any) -> Fraction | None:
    """Give a size of Spark's (``4g``), whose units are powers of 1024."""
    found = _SIZE.fullmatch(value) if isinstance(value, str) else None
    if found is None:
        return None
    # Without a unit Spark takes it for MiB.
    unit = found["unit"].lower() or "m"
    return Fraction(int(found["number"]) * 1024 ** (_UNITS.index(unit) + 1))
