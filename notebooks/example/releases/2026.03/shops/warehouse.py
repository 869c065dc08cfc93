"""Tasks that are a statement in the warehouse's SQL."""

from collections.abc import Mapping
from textwrap import dedent
from typing import Any

from flyteidl.core import tasks_pb2
from flytekit import TaskMetadata
from flytekit.configuration import SerializationSettings
from flytekit.core.base_sql_task import SQLTask
from flytekit.models.security import SecurityContext
from flytekit.models.task import Sql

from shops.cluster import WAREHOUSE_KEY, source


class WarehouseQuery(SQLTask[None]):
    """A query that the warehouse runs; its result becomes the output ``results``.

    Parameters
    ----------
    name : str
        Full name of the task.
    statement : str
        The query; ``{{ .inputs.x }}`` stands for the input ``x``. Line breaks are kept.
    inputs : Mapping[str, Any]
        Names and types of the inputs.
    results : Any
        Type of the table that comes back.
    metadata : TaskMetadata
        Retries, timeout and caching.
    """

    def __init__(
        self, name: str, statement: str, *, inputs: Mapping[str, Any], results: Any, metadata: TaskMetadata
    ) -> None:
        self.statement = dedent(statement).strip()
        super().__init__(
            name=name,
            query_template=statement,
            task_type="warehouse_query",
            inputs=dict(inputs),
            outputs={"results": results},
            metadata=metadata,
            security_ctx=SecurityContext(secrets=[WAREHOUSE_KEY]),
            docs=source("ingest"),
        )

    def get_sql(self, settings: SerializationSettings) -> Sql:  # noqa: ARG002
        """Return the statement as it was written, with its line breaks."""
        # Not flytekit's own Sql.Dialect: its ANSI is 0, which Flyte reads as undefined.
        return Sql(statement=self.statement, dialect=tasks_pb2.Sql.ANSI)

    def get_custom(self, settings: SerializationSettings) -> dict[str, Any]:  # noqa: ARG002
        """Return where the warehouse runs the query."""
        return {"project": "corner-shops", "location": "EU", "max_bytes_billed": "20Gi"}
