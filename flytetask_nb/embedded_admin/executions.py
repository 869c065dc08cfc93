"""Executions: what is asked for is checked and kept, and never run.

Sources: flyteadmin/pkg/manager/impl/execution_manager.go, validation/execution_validator.go and
util/single_task_execution.go.
"""

from __future__ import annotations

import hashlib
import re
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Final

from flyteidl.admin import common_pb2, execution_pb2, launch_plan_pb2, node_execution_pb2, workflow_pb2
from flyteidl.core import identifier_pb2, interface_pb2, literals_pb2
from flyteidl.core import workflow_pb2 as core_workflow_pb2

from flytetask_nb.embedded_admin.columns import EXECUTIONS, LAUNCH_PLANS, NAME, TASKS, WORKFLOWS
from flytetask_nb.embedded_admin.identifiers import check_parts, key_of, registered, require, type_name
from flytetask_nb.embedded_admin.inputs import check_literals, misfit
from flytetask_nb.embedded_admin.launch_plans import launch_plan_of
from flytetask_nb.embedded_admin.listings import read_listing
from flytetask_nb.embedded_admin.queries import equals
from flytetask_nb.embedded_admin.refusals import invalid, missing
from flytetask_nb.embedded_admin.store import timestamp
from flytetask_nb.embedded_admin.tasks import template_of

if TYPE_CHECKING:
    from flytetask_nb.embedded_admin.launch_plans import LaunchPlans
    from flytetask_nb.embedded_admin.named_entities import NamedEntities
    from flytetask_nb.embedded_admin.projects import Projects
    from flytetask_nb.embedded_admin.store import Row, Store
    from flytetask_nb.embedded_admin.workflows import Workflows

_LONGEST_NAME: Final = 63
_NAME: Final = re.compile(r"^[a-z][a-z\-0-9]*$")
_GENERATED_LETTERS: Final = "bcdfghjklmnpqrstvwxz2456789"
_GENERATED_LENGTH: Final = 19
_DEFAULT_RETRIES: Final = 3
_SKELETON: Final = ".flytegen."
_LAUNCHABLE: Final = (identifier_pb2.LAUNCH_PLAN, identifier_pb2.TASK)
_BUCKET: Final = "s3://my-s3-bucket/metadata"
_HIDDEN: Final = common_pb2.NamedEntityMetadata(state=common_pb2.SYSTEM_GENERATED)
# Archived executions are told only to those who filter by state.
_ACTIVE: Final = equals(EXECUTIONS, "state", str(execution_pb2.EXECUTION_ACTIVE))


@dataclass(frozen=True)
class Executions:
    """The executions of a server."""

    store: Store
    projects: Projects
    workflows: Workflows
    launch_plans: LaunchPlans
    named_entities: NamedEntities

    def create_execution(self, request: Any) -> Any:
        """Answer CreateExecution, of a task or a launch plan."""
        if not request.inputs.literals and request.spec.HasField("inputs"):
            request.inputs.CopyFrom(request.spec.inputs)
        self._check(request)
        launched = request.spec.launch_plan
        if launched.resource_type == identifier_pb2.TASK:
            task = registered(self.store, TASKS, launched)
            row = self._skeleton(request.spec, task)
            origin = {"task_id": task["id"], "launch_plan_id": 0}
        else:
            row = registered(self.store, LAUNCH_PLANS, launched)
            origin = {"task_id": 0, "launch_plan_id": row["id"]}
        plan = launch_plan_of(row)
        _check_inputs(request.inputs, plan)
        return self._add(request, plan, {**origin, "workflow_id": row["workflow_id"]})

    def _check(self, request: Any) -> None:
        require(request, *NAME[:2])
        if request.name:
            _check_name(request.name.lower())
        self.projects.check_place(request)
        if not request.HasField("spec"):
            raise missing("spec")
        check_parts(request.spec, "launch_plan")
        kind = request.spec.launch_plan.resource_type
        if kind not in _LAUNCHABLE:
            raise invalid(
                f"Invalid reference entity resource type [{type_name(kind)}], only "
                "[map[LAUNCH_PLAN:<nil> TASK:<nil>]] allowed"
            )
        check_literals(request.inputs, "inputs")

    def _skeleton(self, spec: Any, task: Row) -> Row:
        """Return the launch plan of the workflow around a single task.

        Admin makes both when the task is launched for the first time, even where the inputs are then refused: its
        listings of workflows and launch plans show them ever after.
        """
        identifier = spec.launch_plan
        generated = {**key_of(identifier), "name": f"{_SKELETON}{identifier.name}"}
        workflow_id = identifier_pb2.Identifier(resource_type=identifier_pb2.WORKFLOW, **generated)
        if self.store.find(WORKFLOWS, generated) is None:
            self.workflows.create_workflow(
                workflow_pb2.WorkflowCreateRequest(
                    id=workflow_id, spec={"template": _around(template_of(task), identifier)}
                )
            )
            self.named_entities.set_metadata(identifier_pb2.WORKFLOW, workflow_id, _HIDDEN)
        plan = self.store.find(LAUNCH_PLANS, generated)
        if plan is None:
            request = _plan_around(generated, identifier, spec)
            plan = self.launch_plans.add(request, registered(self.store, WORKFLOWS, workflow_id))
            self.named_entities.set_metadata(identifier_pb2.LAUNCH_PLAN, request.id, _HIDDEN)
        return plan

    def _add(self, request: Any, plan: Any, origin: dict[str, int]) -> Any:
        moment = self.store.now()
        name = request.name or self._generated_name()
        key = dict(zip(EXECUTIONS.key, (request.project, request.domain, name), strict=True))
        inputs_uri = "/".join((_BUCKET, *key.values(), "inputs"))
        spec = request.spec
        spec.metadata.system_metadata.namespace = f"{request.project}-{request.domain}"
        closure = execution_pb2.ExecutionClosure(
            created_at=timestamp(moment), updated_at=timestamp(moment), workflow_id=plan.spec.workflow_id
        )
        if plan.id.name.startswith(_SKELETON):
            closure.workflow_id.name = plan.id.name
        row = {
            **key,
            **origin,
            "phase": "UNDEFINED",
            "closure": closure.SerializeToString(),
            "spec": spec.SerializeToString(),
            "execution_created_at": moment,
            "execution_updated_at": moment,
            "duration": 0,
            "mode": spec.metadata.mode,
            "inputs_uri": inputs_uri,
            "state": execution_pb2.EXECUTION_ACTIVE,
            "launch_entity": type_name(spec.launch_plan.resource_type).lower(),
        }
        with self.store.transaction():
            self.store.insert(EXECUTIONS, row, moment=moment)
            self.store.put(inputs_uri, _completed(request.inputs, plan).SerializeToString())
        return execution_pb2.ExecutionCreateResponse(id=_id(row))

    def _generated_name(self) -> str:
        """Make up a name of the kind that Admin makes up; here the first execution always gets the same."""
        digest = hashlib.sha256(str(self.store.last_id(EXECUTIONS)).encode()).digest()
        letters = (_GENERATED_LETTERS[number % len(_GENERATED_LETTERS)] for number in digest)
        return "a" + "".join(letters)[:_GENERATED_LENGTH]

    def get_execution(self, request: Any) -> Any:
        """Answer GetExecution."""
        return _execution(self._row(request))

    def get_execution_data(self, request: Any) -> Any:
        """Answer GetExecutionData: the inputs, as there never are outputs."""
        content = self.store.content(self._row(request)["inputs_uri"])
        return execution_pb2.WorkflowExecutionGetDataResponse(
            full_inputs=literals_pb2.LiteralMap.FromString(content), full_outputs=literals_pb2.LiteralMap()
        )

    def list_node_executions(self, request: Any) -> Any:
        """Answer ListNodeExecutions: nothing was ever run."""
        self._row(request, "workflow_execution_id")
        return node_execution_pb2.NodeExecutionList()

    def _row(self, request: Any, field: str = "id") -> Row:
        check_parts(request, field, NAME)
        return registered(self.store, EXECUTIONS, getattr(request, field))

    def list_executions(self, request: Any) -> Any:
        """Answer ListExecutions."""
        page = read_listing(request, EXECUTIONS, "ListExecutions")
        if not any(condition.column == "state" for condition in page.conditions):
            page = page._replace(conditions=[*page.conditions, _ACTIVE])
        rows = self.store.select(EXECUTIONS, page)
        listed = [_execution(row) for row in rows]
        for execution in listed:
            execution.spec.ClearField("inputs")
        return execution_pb2.ExecutionList(executions=listed, token=page.next_token(rows))


def _check_name(name: str) -> None:
    if len(name.encode()) > _LONGEST_NAME:
        raise invalid(f"size of name exceeded length {_LONGEST_NAME} : {name}")
    if not _NAME.fullmatch(name):
        raise invalid(f"invalid name format: {name}, does not match regex '{_NAME.pattern}'")


def _check_inputs(inputs: Any, plan: Any) -> None:
    expected = plan.closure.expected_inputs.parameters
    for name in sorted(inputs.literals):
        if name not in expected:
            raise invalid(f"invalid input {name}")
    for name in sorted(expected):
        if name in inputs.literals:
            types = misfit(name, inputs.literals[name], expected[name].var.type)
            if types:
                raise invalid(f"invalid {name} input wrong type. Expected {types[0]}, but got {types[1]}")
        elif expected[name].required:
            raise invalid(f"expected_inputs {name} missing")


def _completed(inputs: Any, plan: Any) -> Any:
    """Return the inputs with the defaults and the fixed ones of a launch plan."""
    completed = literals_pb2.LiteralMap()
    for name, parameter in plan.closure.expected_inputs.parameters.items():
        completed.literals[name].CopyFrom(inputs.literals.get(name, parameter.default))
    completed.MergeFrom(plan.spec.fixed_inputs)
    return completed


def _around(template: Any, identifier: Any) -> Any:
    """Return a workflow that does nothing but run a task."""
    # A node's id is made of the letters, numbers and dashes in the last bytes of the task's name.
    last = identifier.name.encode()[-_LONGEST_NAME:].decode(errors="ignore")
    node_id = "".join(letter for letter in last if letter == "-" or letter.isalnum())
    node = core_workflow_pb2.Node(id=node_id, task_node={"reference_id": identifier})
    node.metadata.name = node_id
    has_retries = template.metadata.HasField("retries")
    node.metadata.retries.retries = template.metadata.retries.retries if has_retries else _DEFAULT_RETRIES
    node.inputs.extend(_promises(template.interface.inputs, ""))
    return core_workflow_pb2.WorkflowTemplate(
        interface=template.interface, nodes=[node], outputs=_promises(template.interface.outputs, node_id)
    )


def _promises(variables: Any, node_id: str) -> list[Any]:
    return [
        literals_pb2.Binding(var=name, binding={"promise": {"node_id": node_id, "var": name}})
        for name in sorted(variables.variables)
    ]


def _plan_around(generated: dict[str, str], identifier: Any, spec: Any) -> Any:
    request = launch_plan_pb2.LaunchPlanCreateRequest(
        id=identifier_pb2.Identifier(resource_type=identifier_pb2.LAUNCH_PLAN, **generated),
        spec=launch_plan_pb2.LaunchPlanSpec(
            workflow_id=identifier_pb2.Identifier(resource_type=identifier_pb2.WORKFLOW, **key_of(identifier)),
            entity_metadata=launch_plan_pb2.LaunchPlanMetadata(),
            default_inputs=interface_pb2.ParameterMap(),
            fixed_inputs=literals_pb2.LiteralMap(),
            labels=common_pb2.Labels(),
            annotations=common_pb2.Annotations(),
        ),
    )
    for field in ("auth_role", "security_context"):
        if spec.HasField(field):
            getattr(request.spec, field).CopyFrom(getattr(spec, field))
    return request


def _id(row: Row) -> Any:
    texts = (row[column] for column in EXECUTIONS.key)
    return identifier_pb2.WorkflowExecutionIdentifier(**dict(zip(NAME, texts, strict=True)))


def _execution(row: Row) -> Any:
    return execution_pb2.Execution(
        id=_id(row),
        spec=execution_pb2.ExecutionSpec.FromString(row["spec"]),
        closure=execution_pb2.ExecutionClosure.FromString(row["closure"]),
    )
