"""Which method of Flyte's services is answered by what."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Final, NamedTuple

from flyteidl.admin import (
    common_pb2,
    description_entity_pb2,
    execution_pb2,
    launch_plan_pb2,
    node_execution_pb2,
    project_pb2,
    task_pb2,
    version_pb2,
    workflow_pb2,
)
from flyteidl.service import auth_pb2

from flytetask_nb.embedded_admin.descriptions import Descriptions
from flytetask_nb.embedded_admin.executions import Executions
from flytetask_nb.embedded_admin.launch_plans import LaunchPlans
from flytetask_nb.embedded_admin.named_entities import NamedEntities
from flytetask_nb.embedded_admin.projects import Projects
from flytetask_nb.embedded_admin.tasks import Tasks
from flytetask_nb.embedded_admin.workflows import Workflows

if TYPE_CHECKING:
    from collections.abc import Callable

    from google.protobuf.message import Message

    from flytetask_nb.embedded_admin.auth import Authority
    from flytetask_nb.embedded_admin.settings import Settings
    from flytetask_nb.embedded_admin.store import Store

__all__ = ["ADMIN_SERVICE", "AUTH_SERVICE", "Entities", "Method", "admin_methods", "auth_methods"]

ADMIN_SERVICE: Final = "flyteidl.service.AdminService"
AUTH_SERVICE: Final = "flyteidl.service.AuthMetadataService"


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
        self.named_entities = NamedEntities(store)
        self.workflows = Workflows(store, self.projects, self.descriptions, self.tasks)
        self.launch_plans = LaunchPlans(store, self.projects, self.workflows)
        self.workflows.launch_plans = self.launch_plans
        self.executions = Executions(
            store,
            projects=self.projects,
            tasks=self.tasks,
            workflows=self.workflows,
            launch_plans=self.launch_plans,
            named_entities=self.named_entities,
        )


def admin_methods(entities: Entities, settings: Settings) -> dict[str, Method]:
    """Give the methods of the admin service by their names."""
    version = version_pb2.GetVersionResponse(control_plane_version=version_pb2.Version(Version=settings.version))
    tasks, projects, descriptions = entities.tasks, entities.projects, entities.descriptions
    workflows, launch_plans = entities.workflows, entities.launch_plans
    executions, names = entities.executions, entities.named_entities
    return {
        "CreateTask": Method(task_pb2.TaskCreateRequest, tasks.create_task),
        "GetTask": Method(common_pb2.ObjectGetRequest, tasks.get_task),
        "ListTasks": Method(common_pb2.ResourceListRequest, tasks.list_tasks),
        "ListTaskIds": Method(common_pb2.NamedEntityIdentifierListRequest, tasks.list_task_ids),
        "CreateWorkflow": Method(workflow_pb2.WorkflowCreateRequest, workflows.create_workflow),
        "GetWorkflow": Method(common_pb2.ObjectGetRequest, workflows.get_workflow),
        "ListWorkflows": Method(common_pb2.ResourceListRequest, workflows.list_workflows),
        "ListWorkflowIds": Method(common_pb2.NamedEntityIdentifierListRequest, workflows.list_workflow_ids),
        "CreateLaunchPlan": Method(launch_plan_pb2.LaunchPlanCreateRequest, launch_plans.create_launch_plan),
        "GetLaunchPlan": Method(common_pb2.ObjectGetRequest, launch_plans.get_launch_plan),
        "GetActiveLaunchPlan": Method(launch_plan_pb2.ActiveLaunchPlanRequest, launch_plans.get_active),
        "UpdateLaunchPlan": Method(launch_plan_pb2.LaunchPlanUpdateRequest, launch_plans.update_launch_plan),
        "ListLaunchPlans": Method(common_pb2.ResourceListRequest, launch_plans.list_launch_plans),
        "ListActiveLaunchPlans": Method(launch_plan_pb2.ActiveLaunchPlanListRequest, launch_plans.list_active),
        "ListLaunchPlanIds": Method(common_pb2.NamedEntityIdentifierListRequest, launch_plans.list_launch_plan_ids),
        "CreateExecution": Method(execution_pb2.ExecutionCreateRequest, executions.create_execution),
        "GetExecution": Method(execution_pb2.WorkflowExecutionGetRequest, executions.get_execution),
        "GetExecutionData": Method(execution_pb2.WorkflowExecutionGetDataRequest, executions.get_data),
        "ListNodeExecutions": Method(node_execution_pb2.NodeExecutionListRequest, executions.list_nodes),
        "ListExecutions": Method(common_pb2.ResourceListRequest, executions.list_executions),
        "GetNamedEntity": Method(common_pb2.NamedEntityGetRequest, names.get_named_entity),
        "UpdateNamedEntity": Method(common_pb2.NamedEntityUpdateRequest, names.update_named_entity),
        "ListNamedEntities": Method(common_pb2.NamedEntityListRequest, names.list_named_entities),
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


def auth_methods(authority: Authority) -> dict[str, Method]:
    """Give the methods of the service that says where tokens are given out; none of them needs one."""
    return {
        "GetOAuth2Metadata": Method(auth_pb2.OAuth2MetadataRequest, authority.metadata),
        "GetPublicClientConfig": Method(auth_pb2.PublicClientAuthConfigRequest, authority.client_config),
    }
