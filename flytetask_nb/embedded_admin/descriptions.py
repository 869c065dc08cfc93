"""Description entities: what a task or workflow says of itself, kept beside it.

Sources: flyteadmin/pkg/manager/impl/description_entity_manager.go and
repositories/gormimpl/description_entity_repo.go.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from flyteidl.admin import description_entity_pb2

from flytetask_nb.embedded_admin.columns import BY_RESOURCE_TYPE, DESCRIPTIONS, NAME
from flytetask_nb.embedded_admin.identifiers import check_parts, check_resource_type, id_of, key_of
from flytetask_nb.embedded_admin.listings import read_listing
from flytetask_nb.embedded_admin.refusals import not_found

if TYPE_CHECKING:
    from flytetask_nb.embedded_admin.store import Row, Store


@dataclass(frozen=True)
class Descriptions:
    """The description entities of a server."""

    store: Store

    def add(self, request: Any, moment: int) -> None:
        """Keep what something that is registered says of itself, if it says anything."""
        if not request.spec.HasField("description"):
            return
        description = request.spec.description
        has_long = description.HasField("long_description")
        row = {
            "resource_type": request.id.resource_type,
            **key_of(request.id),
            "short_description": description.short_description,
            "long_description": description.long_description.SerializeToString() if has_long else None,
            "link": description.source_code.link,
        }
        self.store.insert(DESCRIPTIONS, row, moment=moment)

    def get_description_entity(self, request: Any) -> Any:
        """Answer GetDescriptionEntity. Admin looks for the name alone, whatever the id is one of."""
        check_resource_type(request.id.resource_type)
        check_parts(request)
        row = self.store.find(DESCRIPTIONS, key_of(request.id))
        if row is None:
            raise not_found()
        return _description(row)

    def list_description_entities(self, request: Any) -> Any:
        """Answer ListDescriptionEntities."""
        # Its filters are read as if they were about what is described.
        table = BY_RESOURCE_TYPE.get(request.resource_type, DESCRIPTIONS)
        # The listing calls itself so.
        page = read_listing(request, table, "ListWorkflows", required=NAME, sort_keys=DESCRIPTIONS)
        conditions = [condition._replace(table=DESCRIPTIONS) for condition in page.conditions]
        rows = self.store.select(DESCRIPTIONS, page._replace(conditions=conditions))
        return description_entity_pb2.DescriptionEntityList(
            descriptionEntities=map(_description, rows), token=page.next_token(rows)
        )


def _description(row: Row) -> Any:
    description = description_entity_pb2.DescriptionEntity(
        id=id_of(row, row["resource_type"]),
        short_description=row["short_description"],
        source_code=description_entity_pb2.SourceCode(link=row["link"]),
    )
    description.long_description.MergeFromString(row["long_description"] or b"")
    description.long_description.SetInParent()
    return description
