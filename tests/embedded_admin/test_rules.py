"""Rules of Flyte Admin that no transcript shows, read from its source."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import pytest
from flyteidl.admin import workflow_pb2
from google.rpc import status_pb2

import flytetask_nb as ftn
from flytetask_nb.embedded_admin.refusals import Refusal, digest_of
from tests.embedded_admin.building import (
    INTEGER,
    PLACE,
    STRING,
    identifier,
    listing,
    literal,
    plan_request,
    task_request,
    workflow_request,
)
from tests.embedded_admin.replay import Reply, send

if TYPE_CHECKING:
    from collections.abc import Callable

    import grpc

_TOLD_PLACE = 'project:"flytesnacks" domain:"development"'


BLOB: Any = {"type": {"blob": {}}}
# A file that leaves its type out feeds nothing.
UNSAID = {"scalar": {"blob": {"uri": "s3://bucket/key", "metadata": {}}}}


@pytest.fixture
def ask(channel: grpc.Channel) -> Callable[[str, dict[str, Any]], Reply]:
    def sent(call: str, request: dict[str, Any]) -> Reply:
        return send(channel, call, request)

    return sent


@pytest.fixture
def workflow(ask: Any) -> str:
    """Register a task and a workflow around it; give the workflow's name."""
    assert ask("CreateTask", task_request("app.one")).status == "OK"
    assert ask("CreateWorkflow", workflow_request("app.story", "app.one")).status == "OK"
    return "app.story"


def told(reply: Reply) -> tuple[str, str]:
    return reply.status, " ".join(reply.message.split())


def invalid(message: str) -> tuple[str, str]:
    return "INVALID_ARGUMENT", message


# -- tasks ---------------------------------------------------------------------------------------------------------


def test_checks_of_a_task_stop_at_the_first(ask: Any) -> None:
    """Id, place, spec and type, whitelist, the rest: each refusal hides those after it."""
    request = task_request("a", type="", container={}, project="nope", domain="nope")
    request["id"]["version"] = ""
    seen = []
    for mend in (
        lambda: request["id"].update(version="v1"),
        lambda: request["id"].update(project="flytesnacks"),
        lambda: request["id"].update(domain="development"),
        lambda: request["spec"]["template"].update(type="sparkonk8s"),
        lambda: request["spec"]["template"].update(type="python-task"),
        lambda: request["spec"]["template"].update(container={"image": "a", "args": ["x"]}),
    ):
        seen.append(ask("CreateTask", request).message)
        mend()
    assert seen == [
        "missing version",
        "failed to validate that project [nope] and domain [nope] are registered, err: [project [nope] not found]",
        "domain [nope] is unrecognized by system",
        "missing type",
        "task type must be whitelisted before use",
        "missing image",
    ]
    assert ask("CreateTask", request).status == "OK"


def test_a_failed_registration_uses_up_an_id(ask: Any) -> None:
    assert [ask("CreateTask", task_request("a")).status for _ in range(3)] == ["OK", "ALREADY_EXISTS", "ALREADY_EXISTS"]
    ask("CreateTask", task_request("b"))
    found = ask("ListTasks", listing(filters="eq(id,4)")).response["tasks"]
    assert [task["id"]["name"] for task in found] == ["b"]


def test_a_refused_description_is_not_left_behind(ask: Any) -> None:
    """The row of a task and the one of its description come together."""
    ask("CreateTask", task_request("a"))
    assert ask("CreateTask", task_request("a", description="late")).status == "ALREADY_EXISTS"
    assert told(ask("GetDescriptionEntity", {"id": identifier("a")})) == ("NOT_FOUND", "entry not found")


def test_a_text_with_a_zero_is_refused_by_the_database(ask: Any) -> None:
    assert ask("CreateTask", task_request("a\0")).status == "UNKNOWN"
    assert ask("GetTask", {"id": identifier("a\0")}).status == "UNKNOWN"


# -- descriptions --------------------------------------------------------------------------------------------------


def test_descriptions_are_listed_by_name(ask: Any) -> None:
    for version in ("v1", "v2"):
        ask("CreateTask", task_request("a", version, description=f"short {version}"))
    request = {"resourceType": "TASK", "id": {**PLACE, "name": "a"}, "limit": 1, "sortBy": {"key": "version"}}
    first = ask("ListDescriptionEntities", request).response
    assert [entity["shortDescription"] for entity in first["descriptionEntities"]] == ["short v2"]
    assert first["token"] == "1"  # noqa: S105 - a page's
    assert told(ask("ListDescriptionEntities", {**request, "token": "x"})) == invalid(
        "invalid pagination token x for ListWorkflows"
    )
    assert ask("ListDescriptionEntities", {**request, "filters": "eq(type,x)"}).status == "UNKNOWN"
    unnamed = {**request, "id": PLACE}
    assert told(ask("ListDescriptionEntities", unnamed)) == invalid("missing name")
    assert told(ask("GetDescriptionEntity", {"id": {**PLACE}})) == invalid("invalid value for resource_type")


# -- projects ------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("project", "message"),
    [
        ({"id": "flytesnacks", "domains": [{"id": "x"}]}, "Domains are currently only set system wide."),
        ({"id": "flytesnacks", "name": "x" * 65}, "project_name cannot exceed 64 characters"),
        ({"id": "flytesnacks", "description": "ü" * 151}, "project_description cannot exceed 300 characters"),
        ({}, "missing project_id"),
    ],
)
def test_changes_of_a_project_are_checked(ask: Any, project: dict[str, Any], message: str) -> None:
    status, actual = told(ask("UpdateProject", project))
    assert status == "INVALID_ARGUMENT"
    assert actual.startswith(message)


def test_a_project_is_registered_and_changed(ask: Any) -> None:
    labels = {"values": {"team": "growth"}}
    assert ask("RegisterProject", {"project": {"id": "shop", "name": "Shop", "labels": labels}}).status == "OK"
    assert ask("RegisterProject", {"project": {"id": "shop", "name": "Shop"}}).status == "ALREADY_EXISTS"
    assert ask("UpdateProject", {"id": "shop", "description": "sells"}).status == "OK"
    found = ask("GetProject", {"id": "shop"}).response
    assert ("Shop", "sells", labels) == (found["name"], found["description"], found["labels"])
    assert told(ask("UpdateProject", {"id": "nope"})) == ("NOT_FOUND", "project [nope] not found")
    bad = ask("RegisterProject", {"project": {"id": "Shop", "name": "x"}})
    assert told(bad)[1].startswith("invalid project id [Shop]: [a lowercase RFC 1123 label must consist")


def test_projects_are_listed_with_the_quirks_of_the_limit(ask: Any) -> None:
    """Without a limit there is a token only where nothing was found."""
    names = [project["id"] for project in ask("ListProjects", {"sortBy": {"key": "identifier"}}).response["projects"]]
    assert names == ["flytesnacks", "flyteexamples"]
    assert ask("ListProjects", {"filters": "eq(identifier,nope)"}).response == {"token": "0"}
    assert ask("ListProjects", {"limit": 1}).response["token"] == "1"  # noqa: S105 - a page's
    assert told(ask("ListProjects", {"filters": "eq(id,x)"}))[0] == "UNKNOWN"
    assert told(ask("ListProjects", {"filters": "eq(project,x)"})) == invalid("'p.project' is invalid filter")
    assert told(ask("ListProjects", {"token": "-1"})) == invalid("invalid pagination token -1 for ListProjects")


# -- workflows -----------------------------------------------------------------------------------------------------


def test_a_workflow_is_checked_before_it_is_compiled(ask: Any) -> None:
    request = workflow_request("w", "nope")
    seen = []
    for change in ({"resourceType": "TASK"}, {"name": ""}, {"project": "nope"}, {}):
        status, message = told(ask("CreateWorkflow", {**request, "id": {**request["id"], **change}}))
        seen.append(message.partition(" for ")[0])
        assert status == "INVALID_ARGUMENT"
    assert seen[:2] == ["unexpected resource type task", "missing name"]
    assert seen[2].startswith("failed to validate that project [nope]")
    assert seen[3] == "failed to compile workflow"
    assert told(ask("CreateWorkflow", {"id": request["id"]})) == invalid("missing spec")


def test_what_cannot_be_hashed_is_an_error_of_the_server() -> None:
    message = workflow_pb2.WorkflowClosure()
    message.compiled_workflow.primary.template.id.name = "app.story"
    message.created_at.nanos = -1
    with pytest.raises(Refusal) as refused:
        digest_of("workflow", message.compiled_workflow.primary.template.id, message)
    assert (refused.value.code, refused.value.message) == (
        "INTERNAL",
        'failed to hash workflow [name:"app.story"] to digest with err ns out of range [0, 1000000000)',
    )


def test_a_different_workflow_of_the_same_id_is_refused_with_its_reason(ask: Any, workflow: str) -> None:
    ask("CreateTask", task_request("app.one", "v2"))
    reply = ask("CreateWorkflow", workflow_request(workflow, "app.one", task_version="v2"))
    assert reply.status == "INVALID_ARGUMENT"
    assert reply.message.startswith(f"{workflow} workflow with different structure already exists.")
    reason = workflow_pb2.CreateWorkflowFailureReason()
    status_pb2.Status.FromString(reply.details).details[0].Unpack(reason)
    assert reason.exists_different_structure.id.name == workflow


def test_workflows_are_found_and_listed(ask: Any, workflow: str) -> None:
    found = ask("GetWorkflow", {"id": identifier(workflow, kind="WORKFLOW")}).response["closure"]["compiledWorkflow"]
    assert [task["template"]["id"]["name"] for task in found["tasks"]] == ["app.one"]
    assert told(ask("GetWorkflow", {"id": identifier("w", kind="WORKFLOW")}))[0] == "NOT_FOUND"
    assert told(ask("GetWorkflow", {}))[1] == "missing id"
    filters = f"eq(workflow.name,{workflow})+contains(typed_interface,x)+ne(remote_closure_identifier,x)"
    assert len(ask("ListWorkflows", listing(filters=filters)).response["workflows"]) == 1
    assert told(ask("ListWorkflows", listing(filters="eq(type,x)"))) == invalid("'w.type' is invalid filter")
    assert told(ask("ListWorkflows", listing(filters="eq(task.name,x)"))) == invalid(
        "'t' entity is not allowed in filters"
    )
    ids = {**PLACE, "limit": 9, "token": "x"}
    assert told(ask("ListWorkflowIds", ids)) == invalid("invalid pagination token x for ListWorkflowIdentifiers")


# -- launch plans --------------------------------------------------------------------------------------------------


def test_a_launch_plan_says_what_it_takes_and_gives(ask: Any, workflow: str) -> None:
    assert ask("CreateLaunchPlan", plan_request("daily", workflow)).status == "OK"
    found = ask("GetLaunchPlan", {"id": identifier("daily", kind="LAUNCH_PLAN")}).response
    assert found["closure"]["expectedInputs"]["parameters"] == {"x": {"var": INTEGER, "required": True}}
    assert found["closure"]["expectedOutputs"]["variables"] == {"o0": STRING}
    assert found["spec"]["defaultInputs"] == found["closure"]["expectedInputs"]
    assert told(ask("CreateLaunchPlan", plan_request("daily", workflow))) == (
        "ALREADY_EXISTS",
        "launch plan with identical structure already exists",
    )
    other = plan_request("daily", workflow, fixedInputs={"literals": {"x": literal(1)}})
    assert told(ask("CreateLaunchPlan", other))[1].startswith("daily launch plan with different structure already")


@pytest.mark.parametrize(
    ("spec", "message"),
    [
        ({"fixedInputs": {"literals": {"y": literal(1)}}}, "unexpected fixed_input y"),
        (
            {"fixedInputs": {"literals": {"x": literal("a")}}},
            "invalid fixed_input wrong type x, expected simple:INTEGER, got simple:STRING instead",
        ),
        ({"fixedInputs": {"literals": {"x": {}}}}, "missing valid literal in fixed_inputs x"),
        (
            {"defaultInputs": {"parameters": {"x": {"var": BLOB, "default": UNSAID}}}},
            "Type mismatch for Parameter x in default_inputs has type blob:{}, expected blob:{}",
        ),
        ({"defaultInputs": {"parameters": {"y": {"var": INTEGER, "required": True}}}}, "unexpected default_input y"),
        (
            {"defaultInputs": {"parameters": {"x": {"var": INTEGER, "default": literal("a")}}}},
            "Type mismatch for Parameter x in default_inputs has type simple:INTEGER, expected simple:STRING",
        ),
        (
            {"defaultInputs": {"parameters": {"x": {"var": INTEGER}}}},
            "Invalid variable x in default_inputs - variable has neither default, nor is required. One must be specified",
        ),
        (
            {"entityMetadata": {"schedule": {"cronSchedule": {"schedule": "0 8 * * *"}}}},
            "Cannot create a launch plan with a schedule if there is an unbound required input. [x] is required",
        ),
    ],
)
def test_a_launch_plan_is_checked(ask: Any, workflow: str, spec: dict[str, Any], message: str) -> None:
    status, actual = told(ask("CreateLaunchPlan", plan_request("p", workflow, **spec)))
    assert status == "INVALID_ARGUMENT"
    assert actual.startswith(message)


def test_a_launch_plan_needs_its_workflow(ask: Any) -> None:
    assert told(ask("CreateLaunchPlan", plan_request("p", "nope")))[0] == "NOT_FOUND"
    assert told(ask("CreateLaunchPlan", {"id": identifier("p", kind="LAUNCH_PLAN")})) == invalid("missing id")


def test_one_version_of_a_launch_plan_is_active(ask: Any, workflow: str) -> None:
    for version in ("v1", "v2"):
        ask("CreateLaunchPlan", plan_request("daily", workflow, version))
    name = {"id": {**PLACE, "name": "daily"}}
    assert told(ask("GetActiveLaunchPlan", name)) == (
        "NOT_FOUND",
        "No active launch plan could be found: flytesnacks:development:daily",
    )
    for version in ("v1", "v2", "v2"):
        change = {"id": identifier("daily", version, "LAUNCH_PLAN"), "state": "ACTIVE"}
        assert ask("UpdateLaunchPlan", change).status == "OK"
    assert ask("GetActiveLaunchPlan", name).response["id"]["version"] == "v2"
    active = ask("ListActiveLaunchPlans", {**PLACE, "limit": 5}).response["launchPlans"]
    assert [(plan["id"]["version"], plan["closure"]["state"]) for plan in active] == [("v2", "ACTIVE")]
    plans = ask("ListLaunchPlans", listing(filters="eq(state,0)+eq(workflow.name,app.story)")).response["launchPlans"]
    assert [plan["id"]["version"] for plan in plans] == ["v1"]


def test_names_of_launch_plans_are_listed_with_less_insistence(ask: Any, workflow: str) -> None:
    ask("CreateLaunchPlan", plan_request("daily", workflow))
    found = ask("ListLaunchPlanIds", {"project": "flytesnacks", "limit": 5}).response["entities"]
    assert [entity["name"] for entity in found] == ["daily"]
    for request, message in (
        ({"project": "p"}, "missing and/or invalid parameters: limit"),
        ({"limit": 1}, "missing and/or invalid parameters: filters"),
        ({"token": "x"}, "invalid pagination token x"),
    ):
        assert told(ask("ListLaunchPlanIds", request)) == invalid(message)


# -- named entities ------------------------------------------------------------------------------------------------


def entities(**parts: Any) -> dict[str, Any]:
    return {"resourceType": "TASK", **PLACE, "limit": 100, "sortBy": {"key": "name", "direction": "ASCENDING"}, **parts}


def test_a_name_is_archived_and_described(ask: Any) -> None:
    for name in ("a", "b"):
        ask("CreateTask", task_request(name))
    change = {"resourceType": "TASK", "id": {**PLACE, "name": "a"}}
    archived = {"description": "old", "state": "NAMED_ENTITY_ARCHIVED"}
    assert told(ask("UpdateNamedEntity", change)) == invalid("missing metadata")
    assert ask("UpdateNamedEntity", {**change, "metadata": archived}).status == "OK"
    # An empty description leaves the old one.
    assert ask("UpdateNamedEntity", {**change, "metadata": {"state": "NAMED_ENTITY_ARCHIVED"}}).status == "OK"
    assert archived == ask("GetNamedEntity", change).response["metadata"]
    for filters, expected in (
        ("eq(state,1)", ["a"]),
        ("eq(state,0)", ["b"]),
        ("ne(named_entity_metadata.state,0)", ["a"]),
        ("value_in(state,0;1)", ["a", "b"]),
        ("contains(description,l)", ["a"]),
        ("eq(entities.name,b)", ["b"]),
    ):
        found = ask("ListNamedEntities", entities(filters=filters)).response.get("entities", [])
        assert expected == [entity["id"]["name"] for entity in found], filters


@pytest.mark.parametrize(
    ("parts", "expected"),
    [
        ({"resourceType": "UNSPECIFIED"}, invalid("invalid value for resource_type")),
        ({"resourceType": "DATASET"}, invalid("Cannot list entity names for resource type: DATASET")),
        ({"filters": "eq(id,1)"}, invalid("'nen.id' is invalid filter")),
        ({"filters": "eq(task.name,x)"}, invalid("'t' entity is not allowed in filters")),
        ({"token": "x"}, invalid("invalid pagination token x for ListNamedEntities")),
        ({"sortBy": {"key": "version"}}, invalid("invalid sort key 'version'")),
        ({"project": ""}, invalid("missing project")),
    ],
)
def test_listings_of_names_are_checked(ask: Any, parts: dict[str, Any], expected: tuple[str, str]) -> None:
    assert expected == told(ask("ListNamedEntities", entities(**parts)))


@pytest.mark.parametrize(
    "parts",
    [{"sortBy": {"key": "state"}}, {"sortBy": {"key": "description"}}, {"filters": "eq(resource_type,1)"},
     {"filters": "eq(state,x)"}],
)  # fmt: skip
def test_listings_of_names_that_postgres_refuses(ask: Any, parts: dict[str, Any]) -> None:
    assert ask("ListNamedEntities", entities(**parts)).status == "UNKNOWN"


# -- executions ----------------------------------------------------------------------------------------------------


def launch(**parts: Any) -> dict[str, Any]:
    inputs = {"literals": {"x": literal(1)}}
    return {**PLACE, "spec": {"launchPlan": identifier("app.one")}, "inputs": inputs, **parts}


def test_an_execution_is_kept_and_never_run(ask: Any, workflow: str) -> None:
    assert workflow
    created = ask("CreateExecution", launch(name="first")).response["id"]
    assert created == {**PLACE, "name": "first"}
    found = ask("GetExecution", {"id": created}).response
    assert found["closure"].get("phase", "UNDEFINED") == "UNDEFINED"
    assert found["closure"]["workflowId"]["name"] == ".flytegen.app.one"
    assert ask("CreateExecution", launch(name="first")).status == "ALREADY_EXISTS"
    data = ask("GetExecutionData", {"id": created}).response
    assert data["fullInputs"]["literals"] == launch()["inputs"]["literals"]
    assert told(ask("GetExecution", {"id": {**PLACE, "name": "nope"}})) == (
        "NOT_FOUND",
        'missing entity of type execution with identifier project:"flytesnacks" domain:"development" name:"nope"',
    )


def test_a_task_that_was_launched_leaves_a_hidden_workflow(ask: Any, workflow: str) -> None:
    """Even where its inputs were refused; what is made so is told only to those who filter."""
    assert workflow
    assert ask("CreateExecution", launch(inputs={})).message == "expected_inputs x missing"
    listed = ask("ListWorkflows", listing()).response["workflows"]
    assert [found["id"]["name"] for found in listed] == ["app.story", ".flytegen.app.one"]
    for kind in ("WORKFLOW", "LAUNCH_PLAN"):
        entity = ask("GetNamedEntity", {"resourceType": kind, "id": {**PLACE, "name": ".flytegen.app.one"}}).response
        assert entity["metadata"]["state"] == "SYSTEM_GENERATED"


def test_executions_are_listed_by_what_they_launched(ask: Any, workflow: str) -> None:
    ask("CreateLaunchPlan", plan_request("daily", workflow))
    requests = (launch(), launch(spec={"launchPlan": identifier("daily", kind="LAUNCH_PLAN")}))
    names = [ask("CreateExecution", request).response["id"]["name"] for request in requests]
    assert all(name.startswith("a") and len(name) == 20 for name in names)
    for filters, expected in (
        ("eq(task.name,app.one)", names[:1]),
        ("eq(launch_plan.name,daily)", names[1:]),
        ("eq(launch_entity,task)", names[:1]),
        (f"eq(execution_name,{names[1]})", names[1:]),
        ("eq(state,1)", []),
        ("eq(duration,0)", names),
        ("eq(phase,UNDEFINED)", names),
    ):
        found = ask("ListExecutions", listing(filters=filters)).response.get("executions", [])
        assert expected == [execution["id"]["name"] for execution in found], filters
    for filters, message in (("eq(name,x)", "'e.name' is invalid filter"),):
        assert told(ask("ListExecutions", listing(filters=filters))) == invalid(message)


@pytest.mark.parametrize(
    ("parts", "expected"),
    [
        ({"project": ""}, invalid("missing project")),
        ({"name": "UPPER"}, ("OK", "")),
        ({"name": "a_b"}, invalid("invalid name format: a_b, does not match regex '^[a-z][a-z\\-0-9]*$'")),
        ({"name": "a\n"}, invalid("invalid name format: a , does not match regex '^[a-z][a-z\\-0-9]*$'")),
        ({"spec": {}}, invalid("missing id")),
        ({"spec": {"launchPlan": identifier("app.one", kind="WORKFLOW")}}, invalid(
            "Invalid reference entity resource type [WORKFLOW], only [map[LAUNCH_PLAN:<nil> TASK:<nil>]] allowed")),
        ({"inputs": {"literals": {"x": {}}}}, invalid("missing valid literal in inputs x")),
        ({"spec": {"launchPlan": identifier("nope", kind="LAUNCH_PLAN")}}, (
            "NOT_FOUND",
            f'missing entity of type LAUNCH_PLAN with identifier {_TOLD_PLACE} name:"nope" version:"v1"',
        )),
    ],
)  # fmt: skip
def test_executions_are_checked(ask: Any, workflow: str, parts: dict[str, Any], expected: tuple[str, str]) -> None:
    assert workflow
    assert expected == told(ask("CreateExecution", launch(**parts)))


def test_the_version_is_told(ask: Any) -> None:
    assert ask("GetVersion", {}).response == {"controlPlaneVersion": {"Version": "1.16.8"}}


def test_the_facade_hands_out_the_sandbox() -> None:
    from flytetask_nb.embedded_admin import sandbox  # noqa: PLC0415 - beside the facade's

    assert ftn.sandbox is sandbox
