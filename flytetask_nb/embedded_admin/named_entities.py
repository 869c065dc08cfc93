"""Named entities: all versions of a name at once, with what is kept about the name.

Sources: flyteadmin/pkg/manager/impl/named_entity_manager.go and repositories/gormimpl/named_entity_repo.go.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Final

from flyteidl.admin import common_pb2

from flytetask_nb.embedded_admin.columns import BY_RESOURCE_TYPE, METADATA, NAME, NAMED_ENTITIES
from flytetask_nb.embedded_admin.identifiers import check_parts, check_resource_type, key_of, require, type_name
from flytetask_nb.embedded_admin.listings import read_page
from flytetask_nb.embedded_admin.queries import equals
from flytetask_nb.embedded_admin.refusals import invalid, missing, not_found

if TYPE_CHECKING:
    from flytetask_nb.embedded_admin.columns import DatabaseTable
    from flytetask_nb.embedded_admin.store import Row, Store

# What Admin makes itself, to run a single task, is hidden from those who do not filter.
_DEFAULT_FILTER: Final = "not_like(name,.flytegen%)"


@dataclass(frozen=True)
class NamedEntities:
    """The named entities of a server."""

    store: Store

    def get_named_entity(self, request: Any) -> Any:
        """Answer GetNamedEntity."""
        check_resource_type(request.resource_type)
        check_parts(request, parts=NAME)
        return self._existing(request.resource_type, request.id)

    def update_named_entity(self, request: Any) -> Any:
        """Answer UpdateNamedEntity. An empty description leaves the old one."""
        check_resource_type(request.resource_type)
        check_parts(request, parts=NAME)
        if not request.HasField("metadata"):
            raise missing("metadata")
        if request.metadata.state != common_pb2.NAMED_ENTITY_ACTIVE and request.resource_type not in BY_RESOURCE_TYPE:
            raise invalid(f"Resource [{type_name(request.resource_type)}] cannot have its state updated")
        self._existing(request.resource_type, request.id)
        self.set_metadata(request.resource_type, request.id, request.metadata)
        return common_pb2.NamedEntityUpdateResponse()

    def set_metadata(self, resource_type: int, name: Any, metadata: Any) -> None:
        """Keep what is told about a name."""
        key = {"resource_type": resource_type, **key_of(name, NAME)}
        changes: dict[str, Any] = {"state": metadata.state}
        if metadata.description:
            changes["description"] = metadata.description
        with self.store.transaction():
            if self.store.find(METADATA, key) is None:
                self.store.insert(METADATA, {**key, "description": "", **changes})
            else:
                self.store.update(METADATA, key, changes)

    def _existing(self, resource_type: int, name: Any) -> Any:
        key = key_of(name, NAME)
        if self.store.find(_table(resource_type, "Cannot get NamedEntityMetadata for resource type"), key) is None:
            raise not_found()
        kept = self.store.find(METADATA, {"resource_type": resource_type, **key})
        return _entity(resource_type, {"description": "", "state": 0, **key, **(kept or {})})

    def list_named_entities(self, request: Any) -> Any:
        """Answer ListNamedEntities: of a page of names those that the filters keep."""
        require(request, *NAME[:2])
        check_resource_type(request.resource_type)
        require(request, "limit")
        page = read_page(request, NAMED_ENTITIES, "ListNamedEntities", filters=request.filters or _DEFAULT_FILTER)
        table = _table(request.resource_type, "Cannot list entity names for resource type")
        place = [equals(table, part, text) for part, text in key_of(request, NAME[:2]).items()]
        rows = self.store.select_named_entities(table, place, request.resource_type, page)
        entities = [_entity(request.resource_type, row) for row in rows]
        return common_pb2.NamedEntityList(entities=entities, token=page.next_token(rows))


def _table(resource_type: int, problem: str) -> DatabaseTable:
    table = BY_RESOURCE_TYPE.get(resource_type)
    if table is None:
        raise invalid(f"{problem}: {type_name(resource_type)}")
    return table


def _entity(resource_type: int, row: Row) -> Any:
    return common_pb2.NamedEntity(
        resource_type=resource_type,
        id=common_pb2.NamedEntityIdentifier(**{part: row[part] for part in NAME}),
        metadata=common_pb2.NamedEntityMetadata(description=row["description"] or "", state=row["state"]),
    )
