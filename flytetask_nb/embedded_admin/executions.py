"""Executions: what is asked for is checked and kept, and never run.

Sources: flyteadmin/pkg/manager/impl/execution_manager.go, validation/execution_validator.go and
util/single_task_execution.go.
"""

from __future__ import annotations

import hashlib
import re
import unicodedata
from typing import TYPE_CHECKING, Any, Final

from flyteidl.admin import common_pb2, execution_pb2, launch_plan_pb2, node_execution_pb2, task_pb2, workflow_pb2
from flyteidl.core import execution_pb2 as core_execution_pb2
from flyteidl.core import identifier_pb2, interface_pb2, literals_pb2, types_pb2
from flyteidl.core import workflow_pb2 as core_workflow_pb2

from flytetask_nb.embedded_admin.columns import EXECUTIONS, LAUNCH_PLANS, TASKS, WORKFLOWS
from flytetask_nb.embedded_admin.filters import equals
from flytetask_nb.embedded_admin.identifiers import KEY, check_parts, key_of, missing_entity
from flytetask_nb.embedded_admin.inputs import check_literals, check_notifications, inferred_type
from flytetask_nb.embedded_admin.listings import next_token, read_page, require
from flytetask_nb.embedded_admin.projects import check_labels
from flytetask_nb.embedded_admin.refusals import invalid, missing
from flytetask_nb.embedded_admin.store import timestamp
from flytetask_nb.semantics.castability import castable
from flytetask_nb.semantics.literal_types import says_its_type
from flytetask_nb.semantics.prototext import compact_text

if TYPE_CHECKING:
    from flytetask_nb.embedded_admin.launch_plans import LaunchPlans
    from flytetask_nb.embedded_admin.named_entities import NamedEntities
    from flytetask_nb.embedded_admin.projects import Projects
    from flytetask_nb.embedded_admin.store import Row, Store
    from flytetask_nb.embedded_admin.tasks import Tasks
    from flytetask_nb.embedded_admin.workflows import Workflows

__all__ = ["Executions"]

_LONGEST_NAME: Final = 63
_NAME: Final = re.compile(r"^[a-z][a-z\-0-9]*$")
_NAME_COLUMNS: Final = {name: f"execution_{name}" for name in KEY[:3]}
_GENERATED_LETTERS: Final = "bcdfghjklmnpqrstvwxz2456789"
_GENERATED_LENGTH: Final = 19
_DEFAULT_RETRIES: Final = 3
_SKELETON: Final = ".flytegen."
_LAUNCHABLE: Final = {identifier_pb2.LAUNCH_PLAN: "LAUNCH_PLAN", identifier_pb2.TASK: "TASK"}
_BUCKET: Final = "s3://my-s3-bucket/metadata"
_UNDEFINED: Final = core_execution_pb2.WorkflowExecution.UNDEFINED
_JOINS: Final = {
    LAUNCH_PLANS.name: "launch_plan_id",
    WORKFLOWS.name: "workflow_id",
    TASKS.name: "task_id",
}


class Executions:
    """The executions of a server.

    Parameters
    ----------
    store : Store
    projects : Projects
    tasks : Tasks
    workflows : Workflows
    launch_plans : LaunchPlans
    named_entities : NamedEntities
    """

    def __init__(
        self,
        store: Store,
        *,
        projects: Projects,
        tasks: Tasks,
        workflows: Workflows,
        launch_plans: LaunchPlans,
        named_entities: NamedEntities,
    ) -> None:
        self._store = store
        self._projects = projects
        self._tasks = tasks
        self._workflows = workflows
        self._launch_plans = launch_plans
        self._named_entities = named_entities

    def create_execution(self, request: Any) -> Any:
        """Answer CreateExecution, of a task or a launch plan."""
        if not request.inputs.literals and request.spec.HasField("inputs"):
            request.inputs.CopyFrom(request.spec.inputs)
        self._check(request)
        launched = request.spec.launch_plan
        if launched.resource_type == identifier_pb2.TASK:
            task = self._tasks.row(launched)
            workflow, plan = self._skeleton(request.spec, task)
            origin = {"task_id": task["id"], "launch_plan_id": 0, "workflow_id": workflow["id"]}
        else:
            row = self._launch_plans.row(launched)
            plan = self._launch_plans.launch_plan(row)
            origin = {"task_id": 0, "launch_plan_id": row["id"], "workflow_id": row["workflow_id"]}
        _check_inputs(request.inputs, plan)
        return self._add(request, plan, origin)

    def _check(self, request: Any) -> None:
        require(request, *KEY[:2])
        if request.name:
            _check_name(request.name.lower())
        self._projects.check_place(request.project, request.domain)
        if not request.HasField("spec"):
            raise missing("spec")
        check_parts(request.spec, "launch_plan")
        kind = request.spec.launch_plan.resource_type
        if kind not in _LAUNCHABLE:
            named = identifier_pb2.ResourceType.DESCRIPTOR.values_by_number.get(kind)
            told = str(kind) if named is None else named.name
            raise invalid(
                f"Invalid reference entity resource type [{told}], only [map[LAUNCH_PLAN:<nil> TASK:<nil>]] allowed"
            )
        check_literals(request.inputs, "inputs")
        check_notifications(request.spec.notifications.notifications)
        check_labels(request.spec.labels.values)

    # -- a single task ---------------------------------------------------------------------------------------------

    def _skeleton(self, spec: Any, task: Row) -> tuple[Row, Any]:
        """Give the workflow around a single task, and its launch plan.

        Admin makes them when the task is launched for the first time, even where the inputs are then refused: its
        listings of workflows and launch plans show them ever after.
        """
        identifier = spec.launch_plan
        name = f"{_SKELETON}{identifier.name}"
        generated = identifier_pb2.Identifier(**{**key_of(identifier), "name": name})
        generated.resource_type = identifier_pb2.WORKFLOW
        workflow = self._store.find(WORKFLOWS, key_of(generated))
        if workflow is None:
            template = task_pb2.TaskClosure.FromString(task["closure"]).compiled_task.template
            self._workflows.create_workflow(
                workflow_pb2.WorkflowCreateRequest(id=generated, spec={"template": _around(template, identifier)})
            )
            self._hide(identifier_pb2.WORKFLOW, generated)
            workflow = self._workflows.row(generated)
        generated.resource_type = identifier_pb2.LAUNCH_PLAN
        plan = self._store.find(LAUNCH_PLANS, key_of(generated))
        if plan is None:
            plan = self._launch_plans.add(_plan_around(generated, identifier, spec), workflow)
            self._hide(identifier_pb2.LAUNCH_PLAN, generated)
        return workflow, self._launch_plans.launch_plan(plan)

    def _hide(self, resource_type: int, name: Any) -> None:
        self._named_entities.set_metadata(
            resource_type, name, common_pb2.NamedEntityMetadata(state=common_pb2.SYSTEM_GENERATED)
        )

    # -- what is kept ----------------------------------------------------------------------------------------------

    def _add(self, request: Any, plan: Any, origin: dict[str, int]) -> Any:
        moment = self._store.now()
        name = request.name or self._generated_name()
        place = f"{_BUCKET}/{request.project}/{request.domain}/{name}"
        spec = request.spec
        spec.metadata.system_metadata.CopyFrom(
            execution_pb2.SystemMetadata(namespace=f"{request.project}-{request.domain}")
        )
        closure = execution_pb2.ExecutionClosure(
            created_at=timestamp(moment),
            updated_at=timestamp(moment),
            workflow_id=plan.spec.workflow_id,
            notifications=_notifications(spec, plan),
        )
        closure.state_change_details.occurred_at.CopyFrom(timestamp(moment))
        if plan.id.name.startswith(_SKELETON):
            closure.workflow_id.name = plan.id.name
        row = {
            "execution_project": request.project,
            "execution_domain": request.domain,
            "execution_name": name,
            **origin,
            "phase": core_execution_pb2.WorkflowExecution.Phase.Name(_UNDEFINED),
            "closure": closure.SerializeToString(),
            "spec": spec.SerializeToString(),
            "execution_created_at": moment,
            "execution_updated_at": moment,
            "duration": 0,
            "abort_cause": "",
            "mode": spec.metadata.mode,
            "source_execution_id": 0,
            "parent_node_execution_id": 0,
            "cluster": "",
            "inputs_uri": f"{place}/inputs",
            "user_inputs_uri": f"{place}/user_inputs",
            "user": "",
            "state": execution_pb2.EXECUTION_ACTIVE,
            "launch_entity": _LAUNCHABLE[spec.launch_plan.resource_type].lower(),
        }
        with self._store.transaction():
            self._store.insert(EXECUTIONS, row, moment=moment)
            self._store.put(f"{place}/inputs", _completed(request.inputs, plan).SerializeToString())
        return execution_pb2.ExecutionCreateResponse(id=_id(row))

    def _generated_name(self) -> str:
        """Make up a name of the kind that Admin makes up; here the first execution always gets the same."""
        count = self._store.last_id(EXECUTIONS)
        digest = hashlib.sha256(str(count).encode()).digest()
        letters = (_GENERATED_LETTERS[number % len(_GENERATED_LETTERS)] for number in digest)
        return "a" + "".join(letters)[:_GENERATED_LENGTH]

    def get_execution(self, request: Any) -> Any:
        """Answer GetExecution."""
        return _execution(self._row(request))

    def get_data(self, request: Any) -> Any:
        """Answer GetExecutionData: the inputs, as there never are outputs."""
        content = self._store.content(self._row(request)["inputs_uri"])
        return execution_pb2.WorkflowExecutionGetDataResponse(
            full_inputs=literals_pb2.LiteralMap.FromString(content), full_outputs=literals_pb2.LiteralMap()
        )

    def list_nodes(self, request: Any) -> Any:
        """Answer ListNodeExecutions: nothing was ever run."""
        self._row(request, "workflow_execution_id")
        return node_execution_pb2.NodeExecutionList()

    def _row(self, request: Any, field: str = "id") -> Row:
        check_parts(request, field, KEY[:3])
        identifier = getattr(request, field)
        key = {column: getattr(identifier, name) for name, column in _NAME_COLUMNS.items()}
        row = self._store.find(EXECUTIONS, key)
        if row is None:
            told = {name: getattr(identifier, name) for name in KEY[:3]}
            raise missing_entity("execution", identifier_pb2.Identifier(**told))
        return row

    def list_executions(self, request: Any) -> Any:
        """Answer ListExecutions. Archived ones are told only to those who filter by state."""
        check_parts(request, parts=KEY[:2])
        require(request, "limit")
        page = read_page(
            request, EXECUTIONS, EXECUTIONS, "ListExecutions", place=request.id, named=KEY[:3], filters=request.filters
        )
        conditions = page.conditions
        if not any(condition.column == "state" for condition in conditions):
            conditions = [*conditions, equals(EXECUTIONS, "state", str(execution_pb2.EXECUTION_ACTIVE))]
        asked = {condition.table.name for condition in conditions}
        joins = " ".join(
            f"INNER JOIN {table} ON executions.{column} = {table}.id"
            for table, column in _JOINS.items()
            if table in asked
        )
        rows = self._store.select(
            EXECUTIONS, conditions, page.sorting, page.limit, page.offset, columns="executions.*", joins=joins
        )
        listed = [_execution(row) for row in rows]
        for execution in listed:
            execution.spec.ClearField("inputs")
        return execution_pb2.ExecutionList(executions=listed, token=next_token(page, len(rows)))


def _check_name(name: str) -> None:
    if len(name.encode()) > _LONGEST_NAME:
        raise invalid(f"size of name exceeded length {_LONGEST_NAME} : {name}")
    if not _NAME.match(name) or name.endswith("\n"):
        raise invalid(f"invalid name format: {name}, does not match regex '{_NAME.pattern}'")


def _check_inputs(inputs: Any, plan: Any) -> None:
    expected = plan.closure.expected_inputs.parameters
    for name in sorted(inputs.literals):
        if name not in expected:
            raise invalid(f"invalid input {name}")
    for name in sorted(expected):
        parameter = expected[name]
        if name not in inputs.literals:
            if parameter.required:
                raise invalid(f"expected_inputs {name} missing")
            continue
        given = inferred_type(name, inputs.literals[name])
        if not (says_its_type(inputs.literals[name]) and castable(given, parameter.var.type)):
            raise invalid(
                f"invalid {name} input wrong type. Expected {compact_text(parameter.var.type)}, "
                f"but got {compact_text(given)}"
            )
    for name in sorted(plan.spec.fixed_inputs.literals):
        if name in inputs.literals or name in expected:
            raise invalid(f"fixed_inputs {name} cannot be overridden")


def _completed(inputs: Any, plan: Any) -> Any:
    """Give the inputs with the defaults and the fixed ones of a launch plan."""
    completed = literals_pb2.LiteralMap()
    for name, parameter in plan.closure.expected_inputs.parameters.items():
        completed.literals[name].CopyFrom(inputs.literals.get(name, parameter.default))
    completed.MergeFrom(plan.spec.fixed_inputs)
    return completed


def _notifications(spec: Any, plan: Any) -> list[Any]:
    if spec.notifications.notifications:
        return list(spec.notifications.notifications)
    return [] if spec.disable_all else list(plan.spec.entity_metadata.notifications)


def _around(template: Any, identifier: Any) -> Any:
    """Give a workflow that does nothing but run a task."""
    node_id = _node_id(identifier.name)
    node = core_workflow_pb2.Node(id=node_id, task_node=core_workflow_pb2.TaskNode(reference_id=identifier))
    node.metadata.name = node_id
    node.metadata.retries.retries = (
        template.metadata.retries.retries if template.metadata.HasField("retries") else _DEFAULT_RETRIES
    )
    node.inputs.extend(_promises(template.interface.inputs, ""))
    return core_workflow_pb2.WorkflowTemplate(
        interface=template.interface, nodes=[node], outputs=_promises(template.interface.outputs, node_id)
    )


def _promises(variables: Any, node_id: str) -> list[Any]:
    return [
        literals_pb2.Binding(
            var=name,
            binding=literals_pb2.BindingData(promise=types_pb2.OutputReference(node_id=node_id, var=name)),
        )
        for name in sorted(variables.variables)
    ]


def _node_id(name: str) -> str:
    """Make a node's id out of a task's name: what counts as a letter or a number of its last bytes."""
    last = name.encode()[-_LONGEST_NAME:].decode(errors="ignore")
    return "".join(letter for letter in last if letter == "-" or unicodedata.category(letter)[0] in "LN")


def _plan_around(generated: Any, identifier: Any, spec: Any) -> Any:
    plan = launch_plan_pb2.LaunchPlanCreateRequest(
        id=generated,
        spec=launch_plan_pb2.LaunchPlanSpec(
            workflow_id=identifier_pb2.Identifier(**key_of(identifier), resource_type=identifier_pb2.WORKFLOW),
            entity_metadata=launch_plan_pb2.LaunchPlanMetadata(),
            default_inputs=interface_pb2.ParameterMap(),
            fixed_inputs=literals_pb2.LiteralMap(),
            labels=common_pb2.Labels(),
            annotations=common_pb2.Annotations(),
        ),
    )
    for field in ("auth_role", "security_context"):
        if spec.HasField(field):
            getattr(plan.spec, field).CopyFrom(getattr(spec, field))
    return plan


def _id(row: Row) -> Any:
    return identifier_pb2.WorkflowExecutionIdentifier(**{name: row[column] for name, column in _NAME_COLUMNS.items()})


def _execution(row: Row) -> Any:
    return execution_pb2.Execution(
        id=_id(row),
        spec=execution_pb2.ExecutionSpec.FromString(row["spec"]),
        closure=execution_pb2.ExecutionClosure.FromString(row["closure"]),
    )
