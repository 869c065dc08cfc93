"""Which method of Flyte's services is answered by what."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Final, NamedTuple

from flyteidl.admin import (
    common_pb2,
    description_entity_pb2,
    project_pb2,
    task_pb2,
    version_pb2,
)

from flytetask_nb.embedded_admin.descriptions import Descriptions
from flytetask_nb.embedded_admin.projects import Projects
from flytetask_nb.embedded_admin.tasks import Tasks

if TYPE_CHECKING:
    from collections.abc import Callable

    from google.protobuf.message import Message

    from flytetask_nb.embedded_admin.settings import Settings
    from flytetask_nb.embedded_admin.store import Store

__all__ = ["ADMIN_SERVICE", "Entities", "Method", "admin_methods"]

ADMIN_SERVICE: Final = "flyteidl.service.AdminService"


class Method(NamedTuple):
    """How a method is answered."""

    request: type[Message]
    answer: Callable[[Any], Any]
    """Takes the request; gives a message, or one that is serialized already."""


class Entities:
    """Everything that a server keeps.

    Parameters
    ----------
    store : Store
    settings : Settings
    """

    def __init__(self, store: Store, settings: Settings) -> None:
        self.projects = Projects(store, settings)
        self.descriptions = Descriptions(store)
        self.tasks = Tasks(store, settings, self.projects, self.descriptions)


def admin_methods(entities: Entities, settings: Settings) -> dict[str, Method]:
    """Give the methods of the admin service by their names."""
    version = version_pb2.GetVersionResponse(control_plane_version=version_pb2.Version(Version=settings.version))
    tasks, projects, descriptions = entities.tasks, entities.projects, entities.descriptions
    return {
        "CreateTask": Method(task_pb2.TaskCreateRequest, tasks.create_task),
        "GetTask": Method(common_pb2.ObjectGetRequest, tasks.get_task),
        "ListTasks": Method(common_pb2.ResourceListRequest, tasks.list_tasks),
        "ListTaskIds": Method(common_pb2.NamedEntityIdentifierListRequest, tasks.list_task_ids),
        "ListProjects": Method(project_pb2.ProjectListRequest, projects.list_projects),
        "GetProject": Method(project_pb2.ProjectGetRequest, projects.get_project),
        "RegisterProject": Method(project_pb2.ProjectRegisterRequest, projects.register_project),
        "UpdateProject": Method(project_pb2.Project, projects.update_project),
        "GetDomains": Method(project_pb2.GetDomainRequest, projects.get_domains),
        "GetDescriptionEntity": Method(common_pb2.ObjectGetRequest, descriptions.get_description),
        "ListDescriptionEntities": Method(
            description_entity_pb2.DescriptionEntityListRequest, descriptions.list_descriptions
        ),
        "GetVersion": Method(version_pb2.GetVersionRequest, lambda _: version),
    }
