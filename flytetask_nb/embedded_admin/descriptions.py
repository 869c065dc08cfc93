"""Description entities: what a task or workflow says of itself, kept beside it.

Sources: flyteadmin/pkg/manager/impl/description_entity_manager.go and
repositories/gormimpl/description_entity_repo.go.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Final

from flyteidl.admin import description_entity_pb2
from flyteidl.core import identifier_pb2

from flytetask_nb.embedded_admin.columns import DESCRIPTIONS, LAUNCH_PLANS, TASKS, WORKFLOWS
from flytetask_nb.embedded_admin.identifiers import KEY, check_parts, check_resource_type, key_of
from flytetask_nb.embedded_admin.listings import next_token, read_page, require
from flytetask_nb.embedded_admin.refusals import not_found

if TYPE_CHECKING:
    from flytetask_nb.embedded_admin.store import Row, Store

__all__ = ["Descriptions"]

# Filters of a listing are read as if they were about what is described.
_DESCRIBED: Final = {
    identifier_pb2.TASK: TASKS,
    identifier_pb2.WORKFLOW: WORKFLOWS,
    identifier_pb2.LAUNCH_PLAN: LAUNCH_PLANS,
}


class Descriptions:
    """The description entities of a server.

    Parameters
    ----------
    store : Store
    """

    def __init__(self, store: Store) -> None:
        self._store = store

    def add(self, identifier: Any, description: Any, moment: int) -> None:
        """Keep what something that is registered says of itself."""
        long = description.long_description.SerializeToString() if description.HasField("long_description") else None
        row = {
            "resource_type": identifier.resource_type,
            **key_of(identifier),
            "short_description": description.short_description,
            "long_description": long,
            "link": description.source_code.link,
        }
        self._store.insert(DESCRIPTIONS, row, moment=moment)

    def get_description(self, request: Any) -> Any:
        """Answer GetDescriptionEntity. Admin looks for the name alone, whatever the id is one of."""
        check_resource_type(request.id.resource_type)
        check_parts(request)
        row = self._store.find(DESCRIPTIONS, key_of(request.id))
        if row is None:
            raise not_found()
        return _description(row)

    def list_descriptions(self, request: Any) -> Any:
        """Answer ListDescriptionEntities."""
        check_parts(request, parts=KEY[:3])
        require(request, "limit")
        page = read_page(
            request,
            _DESCRIBED.get(request.resource_type, DESCRIPTIONS),
            DESCRIPTIONS,
            # So it calls itself.
            "ListWorkflows",
            place=request.id,
            named=KEY[:3],
            filters=request.filters,
        )
        conditions = [condition._replace(table=DESCRIPTIONS) for condition in page.conditions]
        rows = self._store.select(DESCRIPTIONS, conditions, page.sorting, page.limit, page.offset)
        return description_entity_pb2.DescriptionEntityList(
            descriptionEntities=map(_description, rows), token=next_token(page, len(rows))
        )


def _description(row: Row) -> Any:
    description = description_entity_pb2.DescriptionEntity(
        id=identifier_pb2.Identifier(resource_type=row["resource_type"], **{name: row[name] for name in KEY}),
        short_description=row["short_description"],
        source_code=description_entity_pb2.SourceCode(link=row["link"]),
    )
    description.long_description.MergeFromString(row["long_description"] or b"")
    description.long_description.SetInParent()
    return description
