"""Named entities: all versions of a name at once, with what is kept about the name.

Sources: flyteadmin/pkg/manager/impl/named_entity_manager.go and repositories/gormimpl/named_entity_repo.go.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Final

from flyteidl.admin import common_pb2
from flyteidl.core import identifier_pb2

from flytetask_nb.embedded_admin.columns import LAUNCH_PLANS, METADATA, NAMED_ENTITIES, TASKS, WORKFLOWS
from flytetask_nb.embedded_admin.filters import equals
from flytetask_nb.embedded_admin.identifiers import KEY, check_parts, check_resource_type
from flytetask_nb.embedded_admin.listings import next_token, read_page, require
from flytetask_nb.embedded_admin.refusals import invalid, missing, not_found

if TYPE_CHECKING:
    from flytetask_nb.embedded_admin.columns import Table
    from flytetask_nb.embedded_admin.store import Row, Store

__all__ = ["NamedEntities"]

_NAME: Final = KEY[:3]
_TABLES: Final = {
    identifier_pb2.TASK: TASKS,
    identifier_pb2.WORKFLOW: WORKFLOWS,
    identifier_pb2.LAUNCH_PLAN: LAUNCH_PLANS,
}
# What Admin makes itself, to run a single task, is hidden from those who do not filter.
_DEFAULT_FILTER: Final = "not_like(name,.flytegen%)"


class NamedEntities:
    """The named entities of a server.

    Parameters
    ----------
    store : Store
    """

    def __init__(self, store: Store) -> None:
        self._store = store

    def get_named_entity(self, request: Any) -> Any:
        """Answer GetNamedEntity."""
        check_resource_type(request.resource_type)
        check_parts(request, parts=_NAME)
        return self._existing(request.resource_type, request.id)

    def update_named_entity(self, request: Any) -> Any:
        """Answer UpdateNamedEntity. An empty description leaves the old one."""
        check_resource_type(request.resource_type)
        check_parts(request, parts=_NAME)
        if not request.HasField("metadata"):
            raise missing("metadata")
        if request.metadata.state != common_pb2.NAMED_ENTITY_ACTIVE and request.resource_type not in _TABLES:
            raise invalid(f"Resource [{_type_name(request.resource_type)}] cannot have its state updated")
        self._existing(request.resource_type, request.id)
        self.set_metadata(request.resource_type, request.id, request.metadata)
        return common_pb2.NamedEntityUpdateResponse()

    def set_metadata(self, resource_type: int, name: Any, metadata: Any) -> None:
        """Keep what is told about a name."""
        key = {"resource_type": resource_type, **{part: getattr(name, part) for part in _NAME}}
        changes: dict[str, Any] = {"state": metadata.state}
        if metadata.description:
            changes["description"] = metadata.description
        with self._store.transaction():
            if self._store.find(METADATA, key) is None:
                self._store.insert(METADATA, {**key, "description": "", **changes})
            else:
                self._store.update(METADATA, key, changes)

    def _existing(self, resource_type: int, name: Any) -> Any:
        table = _table(resource_type, "Cannot get NamedEntityMetadata for resource type")
        conditions = [equals(table, part, getattr(name, part)) for part in _NAME]
        if not self._store.select(table, conditions, None, 1, 0, columns="id"):
            raise not_found()
        key = {"resource_type": resource_type, **{part: getattr(name, part) for part in _NAME}}
        kept = self._store.find(METADATA, key) or {"description": None, "state": None}
        return _entity(resource_type, {**key, "description": kept["description"], "state": kept["state"]})

    def list_named_entities(self, request: Any) -> Any:
        """Answer ListNamedEntities: of a page of names those that the filters keep."""
        require(request, *KEY[:2])
        check_resource_type(request.resource_type)
        require(request, "limit")
        filters = request.filters or _DEFAULT_FILTER
        page = read_page(request, NAMED_ENTITIES, NAMED_ENTITIES, "ListNamedEntities", filters=filters)
        table = _table(request.resource_type, "Cannot list entity names for resource type")
        rows = self._store.select_named_entities(
            table,
            resource_type=request.resource_type,
            place=(request.project, request.domain),
            conditions=page.conditions,
            sorting=page.sorting,
            limit=page.limit,
            offset=page.offset,
        )
        entities = [_entity(request.resource_type, row) for row in rows]
        return common_pb2.NamedEntityList(entities=entities, token=next_token(page, len(rows)))


def _table(resource_type: int, problem: str) -> Table:
    table = _TABLES.get(resource_type)
    if table is None:
        raise invalid(f"{problem}: {_type_name(resource_type)}")
    return table


def _type_name(number: int) -> str:
    named = identifier_pb2.ResourceType.DESCRIPTOR.values_by_number.get(number)
    return str(number) if named is None else str(named.name)


def _entity(resource_type: int, row: Row) -> Any:
    return common_pb2.NamedEntity(
        resource_type=resource_type,
        id=common_pb2.NamedEntityIdentifier(**{part: row[part] for part in _NAME}),
        metadata=common_pb2.NamedEntityMetadata(description=row["description"] or "", state=row["state"] or 0),
    )
