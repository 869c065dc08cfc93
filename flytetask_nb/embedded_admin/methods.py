"""Which method of Flyte's admin service is answered by what."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Final

from flyteidl.admin import version_pb2
from flyteidl.service import admin_pb2

from flytetask_nb.embedded_admin.descriptions import Descriptions
from flytetask_nb.embedded_admin.executions import Executions
from flytetask_nb.embedded_admin.launch_plans import LaunchPlans
from flytetask_nb.embedded_admin.named_entities import NamedEntities
from flytetask_nb.embedded_admin.projects import Projects
from flytetask_nb.embedded_admin.settings import VERSION
from flytetask_nb.embedded_admin.tasks import Tasks
from flytetask_nb.embedded_admin.workflows import Workflows

if TYPE_CHECKING:
    from collections.abc import Callable

    from flytetask_nb.embedded_admin.settings import AdminSettings
    from flytetask_nb.embedded_admin.store import Store

ADMIN_SERVICE: Final = admin_pb2.DESCRIPTOR.services_by_name["AdminService"].full_name


def admin_methods(store: Store, settings: AdminSettings) -> dict[str, Callable[[Any], Any]]:
    """Return what answers the methods of the admin service, by their names: functions from request to answer."""
    projects, descriptions, names = Projects(store, settings), Descriptions(store), NamedEntities(store)
    tasks = Tasks(store, settings, projects, descriptions)
    workflows = Workflows(store, projects, descriptions)
    launch_plans = LaunchPlans(store, projects)
    executions = Executions(store, projects, workflows, launch_plans, names)
    version = version_pb2.GetVersionResponse(control_plane_version=version_pb2.Version(Version=VERSION))
    return {
        "CreateTask": tasks.create_task,
        "GetTask": tasks.get_task,
        "ListTasks": tasks.list_tasks,
        "ListTaskIds": tasks.list_task_ids,
        "CreateWorkflow": workflows.create_workflow,
        "GetWorkflow": workflows.get_workflow,
        "ListWorkflows": workflows.list_workflows,
        "ListWorkflowIds": workflows.list_workflow_ids,
        "CreateLaunchPlan": launch_plans.create_launch_plan,
        "GetLaunchPlan": launch_plans.get_launch_plan,
        "GetActiveLaunchPlan": launch_plans.get_active_launch_plan,
        "UpdateLaunchPlan": launch_plans.update_launch_plan,
        "ListLaunchPlans": launch_plans.list_launch_plans,
        "ListActiveLaunchPlans": launch_plans.list_active_launch_plans,
        "ListLaunchPlanIds": launch_plans.list_launch_plan_ids,
        "CreateExecution": executions.create_execution,
        "GetExecution": executions.get_execution,
        "GetExecutionData": executions.get_execution_data,
        "ListNodeExecutions": executions.list_node_executions,
        "ListExecutions": executions.list_executions,
        "GetNamedEntity": names.get_named_entity,
        "UpdateNamedEntity": names.update_named_entity,
        "ListNamedEntities": names.list_named_entities,
        "ListProjects": projects.list_projects,
        "GetProject": projects.get_project,
        "RegisterProject": projects.register_project,
        "UpdateProject": projects.update_project,
        "GetDomains": projects.get_domains,
        "GetDescriptionEntity": descriptions.get_description_entity,
        "ListDescriptionEntities": descriptions.list_description_entities,
        "GetVersion": lambda _: version,
    }
