"""Launch plans. What they take is checked; when they start and whom they tell is not, for nothing is ever run.

Sources: flyteadmin/pkg/manager/impl/launch_plan_manager.go and validation/launch_plan_validator.go.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Final

from flyteidl.admin import common_pb2, launch_plan_pb2
from flyteidl.core import identifier_pb2, interface_pb2, types_pb2, workflow_pb2

from flytetask_nb.embedded_admin.columns import KEY, LAUNCH_PLANS, NAME, WORKFLOWS
from flytetask_nb.embedded_admin.identifiers import check_id, id_of, key_of, registered, require
from flytetask_nb.embedded_admin.inputs import check_literals, check_parameters, misfit
from flytetask_nb.embedded_admin.listings import list_names, read_listing
from flytetask_nb.embedded_admin.queries import PageRequest, equals
from flytetask_nb.embedded_admin.refusals import digest_of, invalid, missing, not_found
from flytetask_nb.embedded_admin.store import timestamp
from flytetask_nb.embedded_admin.structure_changes import registered_already
from flytetask_nb.semantics.castability import castable
from flytetask_nb.semantics.launch_plans import registered_launch_plan
from flytetask_nb.semantics.prototext import compact_text

if TYPE_CHECKING:
    from flytetask_nb.embedded_admin.projects import Projects
    from flytetask_nb.embedded_admin.queries import SqlCondition
    from flytetask_nb.embedded_admin.store import Row, Store

_ACTIVE: Final = launch_plan_pb2.LaunchPlanState.Value("ACTIVE")
_INACTIVE: Final = launch_plan_pb2.LaunchPlanState.Value("INACTIVE")
_IS_ACTIVE: Final = equals(LAUNCH_PLANS, "state", str(_ACTIVE))


@dataclass(frozen=True)
class LaunchPlans:
    """The launch plans of a server. They start its workflows."""

    store: Store
    projects: Projects

    def create_launch_plan(self, request: Any) -> Any:
        """Answer CreateLaunchPlan."""
        check_id(request.spec, identifier_pb2.WORKFLOW, "workflow_id")
        self.add(request, registered(self.store, WORKFLOWS, request.spec.workflow_id))
        return launch_plan_pb2.LaunchPlanCreateResponse()

    def add(self, request: Any, workflow: Row) -> Row:
        """Check a launch plan of a workflow and store it.

        Raises Refusal: it is wrong, or there is one of that id already.
        """
        plan = self._checked(request, interface_pb2.TypedInterface.FromString(workflow["typed_interface"]))
        digest = digest_of("launch plan", request.id, plan)
        existing = self.store.find(LAUNCH_PLANS, key_of(request.id))
        if existing is not None:
            old = launch_plan_pb2.LaunchPlanSpec.FromString(existing["spec"])
            raise registered_already("launch plan", existing, digest, old, plan.spec)
        schedule = plan.spec.entity_metadata.schedule
        kind = schedule.WhichOneof("ScheduleExpression")
        # An empty expression is none.
        kind = None if kind == "cron_expression" and not schedule.cron_expression else kind
        row = {
            **key_of(request.id),
            "spec": plan.spec.SerializeToString(),
            "workflow_id": workflow["id"],
            "closure": plan.closure.SerializeToString(),
            "state": _INACTIVE,
            "digest": digest,
            "schedule_type": {None: "NONE", "rate": "RATE"}.get(kind, "CRON"),
            "launch_condition_type": None if kind is None else "SCHED",
        }
        return self.store.insert(LAUNCH_PLANS, row)

    def _checked(self, request: Any, interface: Any) -> Any:
        """Return a launch plan as it is stored, if nothing is wrong with it."""
        check_id(request, identifier_pb2.LAUNCH_PLAN)
        self.projects.check_place(request.id)
        if not request.HasField("spec"):
            raise missing("spec")
        spec = request.spec
        check_id(spec, identifier_pb2.WORKFLOW, "workflow_id")
        check_literals(spec.fixed_inputs, "fixed_inputs")
        check_parameters(spec.default_inputs, "default_inputs")
        _check_inputs(spec, interface.inputs.variables)
        plan = registered_launch_plan(
            launch_plan_pb2.LaunchPlan(id=request.id, spec=spec), workflow_pb2.WorkflowTemplate(interface=interface)
        )
        _check_schedule(spec.entity_metadata.schedule, plan.closure.expected_inputs.parameters)
        if spec.entity_metadata.HasField("launch_conditions"):
            raise invalid(
                f"Launch condition must be empty, found {compact_text(spec.entity_metadata.launch_conditions)}"
            )
        plan.spec.default_inputs.CopyFrom(plan.closure.expected_inputs)
        return plan

    def get_launch_plan(self, request: Any) -> Any:
        """Answer GetLaunchPlan."""
        check_id(request, identifier_pb2.LAUNCH_PLAN)
        return launch_plan_of(registered(self.store, LAUNCH_PLANS, request.id))

    def get_active_launch_plan(self, request: Any) -> Any:
        """Answer GetActiveLaunchPlan."""
        require(request.id, *NAME)
        name = key_of(request.id, NAME)
        active = self._active(name)
        if not active:
            raise not_found(f"No active launch plan could be found: {':'.join(name.values())}")
        return launch_plan_of(active[0])

    def _active(self, name: dict[str, str]) -> list[Row]:
        conditions = [equals(LAUNCH_PLANS, part, text) for part, text in name.items()]
        return self.store.select(LAUNCH_PLANS, PageRequest([*conditions, _IS_ACTIVE]))

    def update_launch_plan(self, request: Any) -> Any:
        """Answer UpdateLaunchPlan: of all versions of a name one is active at most."""
        if request.state not in (_ACTIVE, _INACTIVE):
            raise invalid(
                f"Unrecognized launch plan state {request.state} for update for launch plan [{compact_text(request.id)}]"
            )
        if request.state == _INACTIVE:
            check_id(request, identifier_pb2.LAUNCH_PLAN)
        row = registered(self.store, LAUNCH_PLANS, request.id)
        with self.store.transaction():
            if request.state == _ACTIVE:
                for former in self._active({part: row[part] for part in NAME}):
                    self._set_state(former, _INACTIVE)
            self._set_state(row, request.state)
        return launch_plan_pb2.LaunchPlanUpdateResponse()

    def _set_state(self, row: Row, state: int) -> None:
        self.store.update(LAUNCH_PLANS, {part: row[part] for part in KEY}, {"state": state})

    def list_launch_plans(self, request: Any) -> Any:
        """Answer ListLaunchPlans."""
        return self._listed(request, "ListLaunchPlans")

    def list_active_launch_plans(self, request: Any) -> Any:
        """Answer ListActiveLaunchPlans."""
        place = common_pb2.NamedEntityIdentifier(project=request.project, domain=request.domain)
        sort_by = request.sort_by if request.HasField("sort_by") else None
        asked = common_pb2.ResourceListRequest(id=place, limit=request.limit, token=request.token, sort_by=sort_by)
        return self._listed(asked, "ListActiveLaunchPlans", _IS_ACTIVE)

    def _listed(self, request: Any, method: str, *conditions: SqlCondition) -> Any:
        page = read_listing(request, LAUNCH_PLANS, method)
        rows = self.store.select(LAUNCH_PLANS, page._replace(conditions=[*page.conditions, *conditions]))
        return launch_plan_pb2.LaunchPlanList(launch_plans=map(launch_plan_of, rows), token=page.next_token(rows))

    def list_launch_plan_ids(self, request: Any) -> Any:
        """Answer ListLaunchPlanIds, which insists on less than its kin."""
        return list_names(self.store, LAUNCH_PLANS, request, "")


def launch_plan_of(row: Row) -> Any:
    """Return the launch plan of a row."""
    plan = launch_plan_pb2.LaunchPlan(
        id=id_of(row, identifier_pb2.LAUNCH_PLAN),
        spec=launch_plan_pb2.LaunchPlanSpec.FromString(row["spec"]),
        closure=launch_plan_pb2.LaunchPlanClosure.FromString(row["closure"]),
    )
    plan.closure.state = row["state"]
    plan.closure.created_at.CopyFrom(timestamp(row["created_at"]))
    plan.closure.updated_at.CopyFrom(timestamp(row["updated_at"]))
    return plan


def _check_inputs(spec: Any, variables: Any) -> None:
    """Refuse inputs that the workflow does not have, or has of another type."""
    defaults, fixed = spec.default_inputs.parameters, spec.fixed_inputs.literals
    for noun, given in (("default", defaults), ("fixed", fixed)):
        if given and not variables:
            raise invalid(f"invalid launch plan {noun} inputs, expected none but found {len(given)}")
        for name in sorted(given):
            if name not in variables:
                raise invalid(f"unexpected {noun}_input {name}")
            declared = variables[name].type
            if noun == "fixed":
                types = misfit(name, fixed[name], declared)
            else:
                # Admin has the two the wrong way round for defaults.
                type = defaults[name].var.type
                types = () if castable(type, declared) else (compact_text(type), compact_text(declared))
            if types:
                raise invalid(f"invalid {noun}_input wrong type {name}, expected {types[0]}, got {types[1]} instead")


def _check_schedule(schedule: Any, expected: Any) -> None:
    if not (schedule.cron_expression or schedule.HasField("rate") or schedule.HasField("cron_schedule")):
        return
    kickoff = schedule.kickoff_time_input_arg
    for name in sorted(expected):
        if expected[name].required and name != kickoff:
            raise invalid(
                "Cannot create a launch plan with a schedule if there is an unbound required input. "
                f"[{name}] is required"
            )
    if kickoff and kickoff not in expected:
        raise invalid(
            "Cannot create a schedule with a KickoffTimeInputArg that does not point to a free input. "
            f"[{kickoff}] is not free or does not exist."
        )
    if kickoff and expected[kickoff].var.type.simple != types_pb2.DATETIME:
        type = compact_text(expected[kickoff].var.type)
        raise invalid(f"KickoffTimeInputArg must reference a datetime input. [{kickoff}] is a [{type}]")
