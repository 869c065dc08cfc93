"""Launch plans.

Sources: flyteadmin/pkg/manager/impl/launch_plan_manager.go and validation/launch_plan_validator.go.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Final

from flyteidl.admin import launch_plan_pb2
from flyteidl.core import identifier_pb2, interface_pb2, types_pb2, workflow_pb2

from flytetask_nb.embedded_admin.columns import LAUNCH_PLANS, WORKFLOWS
from flytetask_nb.embedded_admin.cron import check_cron
from flytetask_nb.embedded_admin.filters import equals
from flytetask_nb.embedded_admin.identifiers import KEY, check_id, check_parts, id_text, key_of, missing_entity
from flytetask_nb.embedded_admin.inputs import check_literals, check_notifications, check_parameters, inferred_type
from flytetask_nb.embedded_admin.listings import list_names, next_token, read_page, require
from flytetask_nb.embedded_admin.projects import check_labels
from flytetask_nb.embedded_admin.refusals import Refusal, digest_of, invalid, missing, not_found
from flytetask_nb.embedded_admin.store import timestamp
from flytetask_nb.embedded_admin.structure_changes import differences
from flytetask_nb.semantics.castability import castable
from flytetask_nb.semantics.launch_plans import registered_launch_plan
from flytetask_nb.semantics.literal_types import says_its_type
from flytetask_nb.semantics.prototext import compact_text

if TYPE_CHECKING:
    from flytetask_nb.embedded_admin.projects import Projects
    from flytetask_nb.embedded_admin.store import Row, Store
    from flytetask_nb.embedded_admin.workflows import Workflows

__all__ = ["LaunchPlans"]

_STATES: Final = launch_plan_pb2.LaunchPlanState
_JOIN: Final = f"INNER JOIN {WORKFLOWS.name} ON {LAUNCH_PLANS.name}.workflow_id = {WORKFLOWS.name}.id"
_COLUMNS: Final = f"{LAUNCH_PLANS.name}.*"


class LaunchPlans:
    """The launch plans of a server.

    Parameters
    ----------
    store : Store
    projects : Projects
    workflows : Workflows
        What they start.
    """

    def __init__(self, store: Store, projects: Projects, workflows: Workflows) -> None:
        self._store = store
        self._projects = projects
        self._workflows = workflows

    def create_launch_plan(self, request: Any) -> Any:
        """Answer CreateLaunchPlan."""
        check_id(request.spec, identifier_pb2.WORKFLOW, "workflow_id")
        self.add(request, self._workflows.row(request.spec.workflow_id))
        return launch_plan_pb2.LaunchPlanCreateResponse()

    def add(self, request: Any, workflow: Row) -> Row:
        """Check a launch plan of a workflow and store it.

        Raises
        ------
        Refusal
            It is wrong, or there is one of that id already.
        """
        interface = interface_pb2.TypedInterface.FromString(workflow["typed_interface"])
        plan = self._checked(request, interface)
        digest = digest_of("launch plan", request.id, plan)
        self._check_new(request.id, digest, plan.spec)
        schedule = plan.spec.entity_metadata.schedule
        kind = schedule.WhichOneof("ScheduleExpression")
        # An empty expression is none.
        kind = None if kind == "cron_expression" and not schedule.cron_expression else kind
        return self._store.insert(
            LAUNCH_PLANS,
            {
                **key_of(request.id),
                "spec": plan.spec.SerializeToString(),
                "workflow_id": workflow["id"],
                "closure": plan.closure.SerializeToString(),
                "state": _STATES.Value("INACTIVE"),
                "digest": digest,
                "schedule_type": {None: "NONE", "rate": "RATE"}.get(kind, "CRON"),
                "launch_condition_type": None if kind is None else "SCHED",
            },
        )

    def _checked(self, request: Any, interface: Any) -> Any:
        """Give a launch plan as it is stored, if nothing is wrong with it."""
        check_id(request, identifier_pb2.LAUNCH_PLAN)
        self._projects.check_place(request.id.project, request.id.domain)
        if not request.HasField("spec"):
            raise missing("spec")
        spec = request.spec
        check_id(spec, identifier_pb2.WORKFLOW, "workflow_id")
        check_labels(spec.labels.values)
        check_literals(spec.fixed_inputs, "fixed_inputs")
        check_parameters(spec.default_inputs, "default_inputs")
        _check_inputs(spec, interface.inputs)
        plan = registered_launch_plan(
            launch_plan_pb2.LaunchPlan(id=request.id, spec=spec),
            workflow_pb2.WorkflowTemplate(interface=interface),
        )
        _check_schedule(spec.entity_metadata.schedule, plan.closure.expected_inputs)
        check_notifications(spec.entity_metadata.notifications)
        if spec.entity_metadata.HasField("launch_conditions"):
            told = compact_text(spec.entity_metadata.launch_conditions)
            raise invalid(f"Launch condition must be empty, found {told}")
        plan.spec.default_inputs.CopyFrom(plan.closure.expected_inputs)
        return plan

    def _check_new(self, identifier: Any, digest: bytes, spec: Any) -> None:
        existing = self._store.find(LAUNCH_PLANS, key_of(identifier))
        if existing is None:
            return
        if existing["digest"] == digest:
            raise Refusal("ALREADY_EXISTS", "launch plan with identical structure already exists")
        known = launch_plan_pb2.LaunchPlanSpec.FromString(existing["spec"])
        raise invalid(
            f"{identifier.name} launch plan with different structure already exists. "
            f"(Please register a new version of the launch plan):\n{differences(known, spec)}"
        )

    def row(self, identifier: Any) -> Row:
        """Give the row of a launch plan: of any that fits where parts of the id are empty.

        Raises
        ------
        Refusal
            NOT_FOUND.
        """
        row = self._store.find(LAUNCH_PLANS, key_of(identifier))
        if row is None:
            raise missing_entity("LAUNCH_PLAN", identifier)
        return row

    def launch_plan(self, row: Row) -> Any:
        """Give the launch plan of a row."""
        plan = launch_plan_pb2.LaunchPlan(
            id=identifier_pb2.Identifier(resource_type=identifier_pb2.LAUNCH_PLAN, **{name: row[name] for name in KEY}),
            spec=launch_plan_pb2.LaunchPlanSpec.FromString(row["spec"]),
            closure=launch_plan_pb2.LaunchPlanClosure.FromString(row["closure"]),
        )
        plan.closure.state = row["state"]
        plan.closure.created_at.CopyFrom(timestamp(row["created_at"]))
        plan.closure.updated_at.CopyFrom(timestamp(row["updated_at"]))
        return plan

    def get_launch_plan(self, request: Any) -> Any:
        """Answer GetLaunchPlan."""
        check_id(request, identifier_pb2.LAUNCH_PLAN)
        return self.launch_plan(self.row(request.id))

    def get_active(self, request: Any) -> Any:
        """Answer GetActiveLaunchPlan."""
        place = request.id
        require(place, *KEY[:3])
        row = self._active(place)
        if row is None:
            raise not_found(f"No active launch plan could be found: {place.project}:{place.domain}:{place.name}")
        return self.launch_plan(row)

    def _active(self, place: Any) -> Row | None:
        conditions = [equals(LAUNCH_PLANS, name, getattr(place, name)) for name in KEY[:3]]
        rows = self._store.select(LAUNCH_PLANS, [*conditions, _ACTIVE], None, 1, 0)
        return rows[0] if rows else None

    def update_launch_plan(self, request: Any) -> Any:
        """Answer UpdateLaunchPlan: of all versions of a name one is active at most."""
        if request.state not in _STATES.values():
            raise invalid(
                f"Unrecognized launch plan state {request.state} for update for launch plan [{id_text(request.id)}]"
            )
        if request.state == _STATES.Value("INACTIVE"):
            check_id(request, identifier_pb2.LAUNCH_PLAN)
        row = self.row(request.id)
        with self._store.transaction():
            if request.state == _STATES.Value("ACTIVE"):
                former = self._active(launch_plan_pb2.LaunchPlan(id=self.launch_plan(row).id).id)
                if former is not None:
                    self._set_state(former, _STATES.Value("INACTIVE"))
            self._set_state(row, request.state)
        return launch_plan_pb2.LaunchPlanUpdateResponse()

    def _set_state(self, row: Row, state: int) -> None:
        self._store.update(LAUNCH_PLANS, {name: row[name] for name in KEY}, {"state": state})

    def list_launch_plans(self, request: Any) -> Any:
        """Answer ListLaunchPlans."""
        check_parts(request, parts=KEY[:2])
        require(request, "limit")
        return self._listed(request, "ListLaunchPlans", place=request.id, filters=request.filters)

    def list_active(self, request: Any) -> Any:
        """Answer ListActiveLaunchPlans."""
        require(request, *KEY[:2], "limit")
        return self._listed(request, "ListActiveLaunchPlans", place=request, is_active=True)

    def _listed(self, request: Any, method: str, *, place: Any, filters: str = "", is_active: bool = False) -> Any:
        named = KEY[:2] if is_active else KEY[:3]
        page = read_page(request, LAUNCH_PLANS, LAUNCH_PLANS, method, place=place, named=named, filters=filters)
        conditions = [*page.conditions, _ACTIVE] if is_active else page.conditions
        rows = self._store.select(
            LAUNCH_PLANS, conditions, page.sorting, page.limit, page.offset, columns=_COLUMNS, joins=_JOIN
        )
        return launch_plan_pb2.LaunchPlanList(
            launch_plans=map(self.launch_plan, rows), token=next_token(page, len(rows))
        )

    def list_launch_plan_ids(self, request: Any) -> Any:
        """Answer ListLaunchPlanIds, which insists on less than its kin."""
        return list_names(self._store, LAUNCH_PLANS, request, "", is_strict=False)


_ACTIVE: Final = equals(LAUNCH_PLANS, "state", str(_STATES.Value("ACTIVE")))


def _check_inputs(spec: Any, variables: Any) -> None:
    """Refuse inputs that the workflow does not have, or has of another type."""
    defaults, fixed = spec.default_inputs.parameters, spec.fixed_inputs.literals
    if not variables.variables:
        for told, given in (("default", defaults), ("fixed", fixed)):
            if given:
                raise invalid(f"invalid launch plan {told} inputs, expected none but found {len(given)}")
        return
    for name in sorted(defaults):
        if name not in variables.variables:
            raise invalid(f"unexpected default_input {name}")
        declared, wanted = defaults[name].var.type, variables.variables[name].type
        if not castable(declared, wanted):
            raise invalid(
                f"invalid default_input wrong type {name}, expected {compact_text(declared)}, "
                f"got {compact_text(wanted)} instead"
            )
    for name in sorted(fixed):
        if name not in variables.variables:
            raise invalid(f"unexpected fixed_input {name}")
        given, wanted = inferred_type(name, fixed[name]), variables.variables[name].type
        if not (says_its_type(fixed[name]) and castable(given, wanted)):
            raise invalid(
                f"invalid fixed_input wrong type {name}, expected {compact_text(wanted)}, "
                f"got {compact_text(given)} instead"
            )


def _check_schedule(schedule: Any, expected: Any) -> None:
    if not (schedule.cron_expression or schedule.HasField("rate") or schedule.HasField("cron_schedule")):
        return
    kickoff = schedule.kickoff_time_input_arg
    for name in sorted(expected.parameters):
        if expected.parameters[name].required and name != kickoff:
            raise invalid(
                "Cannot create a launch plan with a schedule if there is an unbound required input. "
                f"[{name}] is required"
            )
    if kickoff and kickoff not in expected.parameters:
        raise invalid(
            "Cannot create a schedule with a KickoffTimeInputArg that does not point to a free input. "
            f"[{kickoff}] is not free or does not exist."
        )
    if kickoff and expected.parameters[kickoff].var.type.simple != types_pb2.DATETIME:
        told = compact_text(expected.parameters[kickoff].var.type)
        raise invalid(f"KickoffTimeInputArg must reference a datetime input. [{kickoff}] is a [{told}]")
    check_cron(schedule.cron_expression or schedule.cron_schedule.schedule)
