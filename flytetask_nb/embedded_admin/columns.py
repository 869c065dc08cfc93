"""The tables of Flyte Admin as data: their columns, and what PostgreSQL holds in each.

Source: flyteadmin/pkg/repositories/models.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Final

if TYPE_CHECKING:
    from collections.abc import Mapping

__all__ = [
    "BIGINT",
    "BYTES",
    "DESCRIPTIONS",
    "EXECUTIONS",
    "INTEGER",
    "LAUNCH_PLANS",
    "METADATA",
    "NAMED_ENTITIES",
    "PROJECTS",
    "TASKS",
    "TEXT",
    "TIME",
    "WORKFLOWS",
    "Table",
]

TEXT: Final = "text"
BIGINT: Final = "bigint"
INTEGER: Final = "integer"
TIME: Final = "timestamp with time zone"
BYTES: Final = "bytea"


@dataclass(frozen=True)
class Table:
    """A table of Admin.

    Parameters
    ----------
    name : str
        As Admin calls it in SQL.
    entity : str
        The letters by which its refusals call it; empty where it cannot be filtered by.
    columns : mapping of str to str
        Each with PostgreSQL's name of what it holds, in the order in which they are stored.
    key : tuple of str
        The columns that tell its rows apart.
    """

    name: str
    entity: str
    columns: Mapping[str, str]
    key: tuple[str, ...]


_BASE: Final = {"id": BIGINT, "created_at": TIME, "updated_at": TIME, "deleted_at": TIME}
_NAME: Final = ("project", "domain", "name")
_KEY: Final = (*_NAME, "version")
_TYPED_NAME: Final = ("resource_type", *_NAME)


def _texts(names: tuple[str, ...]) -> dict[str, str]:
    return {name: INTEGER if name == "resource_type" else TEXT for name in names}


TASKS: Final = Table(
    "tasks",
    "t",
    {**_BASE, **_texts(_KEY), "closure": BYTES, "digest": BYTES, "type": TEXT, "short_description": TEXT},
    _KEY,
)
WORKFLOWS: Final = Table(
    "workflows",
    "w",
    {
        **_BASE,
        **_texts(_KEY),
        "typed_interface": BYTES,
        "remote_closure_identifier": TEXT,
        "digest": BYTES,
        "short_description": TEXT,
    },
    _KEY,
)
LAUNCH_PLANS: Final = Table(
    "launch_plans",
    "l",
    {
        **_BASE,
        **_texts(_KEY),
        "spec": BYTES,
        "workflow_id": BIGINT,
        "closure": BYTES,
        "state": INTEGER,
        "digest": BYTES,
        "schedule_type": TEXT,
        "launch_condition_type": TEXT,
    },
    _KEY,
)
DESCRIPTIONS: Final = Table(
    "description_entities",
    "",
    {
        **_texts((*_TYPED_NAME, "version")),
        **_BASE,
        "short_description": TEXT,
        "long_description": BYTES,
        "link": TEXT,
    },
    (*_TYPED_NAME, "version"),
)
METADATA: Final = Table(
    "named_entity_metadata",
    "nem",
    {**_BASE, **_texts(_TYPED_NAME), "description": TEXT, "state": INTEGER},
    _TYPED_NAME,
)
# What ListNamedEntities makes of the tables above; it is a query, not a table.
NAMED_ENTITIES: Final = Table(
    "entities", "nen", {**_texts(_TYPED_NAME), "description": TEXT, "state": INTEGER}, _TYPED_NAME
)
PROJECTS: Final = Table(
    "projects",
    "p",
    {**_BASE, "identifier": TEXT, "name": TEXT, "description": TEXT, "labels": BYTES, "state": INTEGER},
    ("identifier",),
)
_EXECUTION_KEY: Final = ("execution_project", "execution_domain", "execution_name")
EXECUTIONS: Final = Table(
    "executions",
    "e",
    {
        **_BASE,
        **_texts(_EXECUTION_KEY),
        "launch_plan_id": BIGINT,
        "workflow_id": BIGINT,
        "task_id": BIGINT,
        "phase": TEXT,
        "closure": BYTES,
        "spec": BYTES,
        "started_at": TIME,
        "execution_created_at": TIME,
        "execution_updated_at": TIME,
        "duration": BIGINT,
        "abort_cause": TEXT,
        "mode": INTEGER,
        "source_execution_id": BIGINT,
        "parent_node_execution_id": BIGINT,
        "cluster": TEXT,
        "inputs_uri": TEXT,
        "user_inputs_uri": TEXT,
        "error_kind": TEXT,
        "error_code": TEXT,
        "user": TEXT,
        "state": INTEGER,
        "launch_entity": TEXT,
    },
    _EXECUTION_KEY,
)
