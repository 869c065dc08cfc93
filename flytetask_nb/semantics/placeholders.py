"""The inputs that are written into a task's own texts when it runs: ``{{.inputs.x}}``.

Flyte writes them wherever ``template.Render`` is called (flyteplugins/go/tasks/pluginmachinery/core/template): into the
command and arguments of every container of a task or its pod, and into what some plugins send to a database. Two kinds
of tasks of flytekit fill in their own query.
"""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, Any, Final, NamedTuple

from flyteidl.core import types_pb2

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Mapping

FLYTE: Final = "Flyte"
FLYTEKIT: Final = "flytekit"
NOBODY: Final = ""

# Go's (?i) and \s: any case, with the long s, and the white space of ASCII without the vertical tab.
_INPUT: Final = re.compile(
    r"{{[\t\n\f\r ]*[.$]input[s\u017f]\.(?P<name>[^}\t\n\f\r ]+)[\t\n\f\r ]*}}", re.IGNORECASE | re.ASCII
)


class Text(NamedTuple):
    """A text of a plugin that placeholders can stand in."""

    path: str
    text: str
    writer: str
    """Who puts inputs into it: FLYTE, FLYTEKIT, or NOBODY, so that the placeholder stays as it is."""


# By type of task, the settings in ``custom`` that are filled in. Flyte's JSON reader knows each under two names:
# plugins/webapi/athena/utils.go and plugins/presto/execution_state.go of flyteplugins.
_SETTINGS: Final[Mapping[str, tuple[str, tuple[str, ...]]]] = {
    "hive": (FLYTE, ("query.query", "clusterLabel", "cluster_label")),
    "presto": (FLYTE, ("routingGroup", "routing_group", "catalog", "schema", "statement")),
    "sqlite": (FLYTEKIT, ("query_template",)),
    "sqlalchemy": (FLYTEKIT, ("query_template",)),
}
# The plugin of BigQuery sends the statement as it is, and inputs beside it as parameters: plugins/webapi/bigquery.
_SENT_AS_IT_IS: Final = frozenset({"bigquery_query_job_task"})


def texts_of_plugins(template: Any) -> Iterator[Text]:
    """Return the texts of a task, those of its containers aside, that inputs are or seem to be written into.

    Yields Text: in the order of the template: settings, then the SQL statement.
    """
    writer, paths = _SETTINGS.get(template.type, (NOBODY, ()))
    for path in paths:
        value = template.custom.fields
        *outer, last = path.split(".")
        for key in outer:
            value = value[key].struct_value.fields if key in value else {}
        if last in value and value[last].HasField("string_value"):
            yield Text(f"custom.{path}", value[last].string_value, writer)
    if template.WhichOneof("target") == "sql":
        yield Text("sql.statement", template.sql.statement, NOBODY if template.type in _SENT_AS_IT_IS else FLYTE)


def input_names(texts: Iterable[str]) -> list[str]:
    """Return the names of the inputs that placeholders in texts stand for, each once, in order.

    Notes
    -----
    ``inputVarRegex`` in template.go. ``inputs`` may be in any case; the name of an input may not.
    """
    return list(dict.fromkeys(match["name"] for text in texts for match in _INPUT.finditer(text)))


def unwritable(literal_type: Any) -> str:
    """Say why values of a type cannot be written into a text, ``"a map"``; empty where they can or the value decides.

    ``serializeLiteral`` in template.go. A struct can be written where it came as MessagePack, an empty list always.
    """
    depth = 0
    while literal_type.HasField("collection_type"):
        literal_type, depth = literal_type.collection_type, depth + 1
    kind = literal_type.WhichOneof("type")
    single, several = _UNWRITABLE.get(literal_type.simple if kind == "simple" else kind, ("", ""))
    if not depth or not single:
        return single
    return f"a list of {'lists of ' * (depth - 1)}{several}"


_UNWRITABLE: Final[Mapping[Any, tuple[str, str]]] = {
    "map_value_type": ("a map", "maps"),
    "union_type": ("a union", "unions"),
    "structured_dataset_type": ("a dataset", "datasets"),
    types_pb2.NONE: ("None", "Nones"),
    types_pb2.ERROR: ("an error", "errors"),
}
