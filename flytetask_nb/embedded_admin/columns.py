"""The tables of Flyte Admin as data: their columns, and what PostgreSQL holds in each.

Source: flyteadmin/pkg/repositories/models.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Final

from flyteidl.core import identifier_pb2

if TYPE_CHECKING:
    from collections.abc import Mapping

TEXT: Final = "text"
BIGINT: Final = "bigint"
INTEGER: Final = "integer"
TIME: Final = "timestamp with time zone"
BYTES: Final = "bytea"

NAME: Final = ("project", "domain", "name")
KEY: Final = (*NAME, "version")


@dataclass(frozen=True)
class DatabaseTable:
    """A table of Admin.

    ``name``: as Admin calls it in SQL.
    ``entity``: the letters by which its refusals call it; empty where it cannot be filtered by.
    ``prefix``: what stands before its fields in a filter, as in ``task.name``.
    ``key``: the columns that tell its rows apart.
    ``columns``: each with PostgreSQL's name of what it holds.
    ``links``: other tables that its filters may ask about, each with the column that holds the id of the row there.
    """

    name: str
    entity: str
    prefix: str
    key: tuple[str, ...]
    columns: Mapping[str, str]
    links: Mapping[str, str] = field(default_factory=dict)


def _columns(texts: str = "", *, numbers: str = "", ids: str = "", times: str = "", data: str = "") -> dict[str, str]:
    kinds = {TEXT: texts, INTEGER: numbers, BIGINT: ids, TIME: times, BYTES: data}
    return {name: kind for kind, names in kinds.items() for name in names.split()}


_BASE: Final = _columns(ids="id", times="created_at updated_at deleted_at")
_VERSIONED: Final = _BASE | _columns("project domain name version")
_OF_A_TYPE: Final = _columns("project domain name", numbers="resource_type")

TASKS: Final = DatabaseTable(
    "tasks", "t", "task", KEY, _VERSIONED | _columns("type short_description", data="closure digest")
)
WORKFLOWS: Final = DatabaseTable(
    "workflows",
    "w",
    "workflow",
    KEY,
    _VERSIONED | _columns("remote_closure_identifier short_description", data="typed_interface digest"),
)
LAUNCH_PLANS: Final = DatabaseTable(
    "launch_plans",
    "l",
    "launch_plan",
    KEY,
    _VERSIONED
    | _columns("schedule_type launch_condition_type", numbers="state", ids="workflow_id", data="spec closure digest"),
    {WORKFLOWS.name: "workflow_id"},
)
DESCRIPTIONS: Final = DatabaseTable(
    "description_entities",
    "",
    "",
    ("resource_type", *KEY),
    _BASE | _OF_A_TYPE | _columns("version short_description link", data="long_description"),
)
METADATA: Final = DatabaseTable(
    "named_entity_metadata",
    "nem",
    "named_entity_metadata",
    ("resource_type", *NAME),
    _BASE | _OF_A_TYPE | _columns("description", numbers="state"),
)
# What ListNamedEntities makes of the tables above; it is a query, not a table.
NAMED_ENTITIES: Final = DatabaseTable(
    "entities", "nen", "entities", NAME, _OF_A_TYPE | _columns("description", numbers="state"), {METADATA.name: ""}
)
PROJECTS: Final = DatabaseTable(
    "projects",
    "p",
    "project",
    ("identifier",),
    _BASE | _columns("identifier name description", numbers="state", data="labels"),
)
EXECUTIONS: Final = DatabaseTable(
    "executions",
    "e",
    "execution",
    ("execution_project", "execution_domain", "execution_name"),
    _BASE
    | _columns(
        "execution_project execution_domain execution_name phase abort_cause cluster inputs_uri user_inputs_uri "
        "error_kind error_code user launch_entity",
        numbers="mode state",
        ids="launch_plan_id workflow_id task_id duration source_execution_id parent_node_execution_id",
        times="started_at execution_created_at execution_updated_at",
        data="closure spec",
    ),
    {TASKS.name: "task_id", WORKFLOWS.name: "workflow_id", LAUNCH_PLANS.name: "launch_plan_id"},
)

BY_RESOURCE_TYPE: Final = {
    identifier_pb2.TASK: TASKS,
    identifier_pb2.WORKFLOW: WORKFLOWS,
    identifier_pb2.LAUNCH_PLAN: LAUNCH_PLANS,
}
STORED: Final = (TASKS, WORKFLOWS, LAUNCH_PLANS, DESCRIPTIONS, METADATA, PROJECTS, EXECUTIONS)
