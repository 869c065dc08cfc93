"""Which message some bytes are: each kind against each other."""

from __future__ import annotations

import tarfile
from typing import TYPE_CHECKING, Any

import pytest
from flyteidl.admin import (
    common_pb2,
    description_entity_pb2,
    execution_pb2,
    launch_plan_pb2,
    node_execution_pb2,
    project_pb2,
    task_pb2,
    workflow_pb2,
)
from flyteidl.core import identifier_pb2, interface_pb2, literals_pb2, tasks_pb2
from flyteidl.core import workflow_pb2 as core_workflow_pb2
from hypothesis import given
from hypothesis import strategies as st

from flytetask_nb.errors import LoadError
from flytetask_nb.sources.message_kinds import KINDS
from flytetask_nb.sources.message_reader import kind_of, kind_of_name, parsed
from tests.generated import UNKNOWN_FIELDS, messages
from tests.real_tasks import task_messages
from tests.sources import building

if TYPE_CHECKING:
    from pathlib import Path

KIND = {kind.name: kind for kind in KINDS}
NAMES = st.text(st.characters(min_codepoint=33, max_codepoint=126), min_size=1, max_size=40)
IDENTIFIERS = st.builds(
    identifier_pb2.Identifier,
    resource_type=st.sampled_from((identifier_pb2.TASK, identifier_pb2.UNSPECIFIED)),
    project=st.sampled_from(("", "shop")),
    domain=st.sampled_from(("", "development")),
    name=NAMES,
    version=st.sampled_from(("", "v1", "2026.11")),
)


@st.composite
def templates(draw: st.DrawFn) -> Any:
    """Return a task that names itself; everything else is free, or absent."""
    sparse = draw(st.booleans())
    made = tasks_pb2.TaskTemplate() if sparse else draw(messages(tasks_pb2.TaskTemplate, unknown=False, depth=5))
    made.id.CopyFrom(draw(IDENTIFIERS))
    made.type = "python-task"
    return made


@st.composite
def identified(draw: st.DrawFn, message_class: Any, resource_type: int, *path: str) -> Any:
    """Return any message of a class that has a name of a resource type at a path."""
    message = draw(messages(message_class, unknown=False, depth=6))
    place = message
    for part in path:
        place = getattr(place, part)
    place.CopyFrom(identifier_pb2.Identifier(resource_type=resource_type, name="shop.flow"))
    return message


def told(message: Any) -> str:
    """Return the kind that the bytes of a message are taken for; nothing where they are refused."""
    try:
        return kind_of(message.SerializeToString())[0].name
    except LoadError:
        return ""


@pytest.mark.parametrize("kind", building.TASK_KINDS)
def test_real_tasks_are_told_in_every_wrapper(kind: str, corpus: Path) -> None:
    """Each real task, wrapped in a kind of message, is recognised as that kind and no other."""
    wrong = {
        place: found
        for place, message in task_messages(corpus)
        if (found := told(building.of_kind(kind, message.template))) != kind
    }
    assert wrong == {}


@pytest.mark.parametrize("kind", building.TASK_KINDS)
@given(first=templates(), second=templates())
def test_generated_tasks_are_told_in_every_wrapper(kind: str, first: Any, second: Any) -> None:
    """Whatever a task holds, even next to nothing, its wrapper is recognised."""
    assert [kind, kind] == [told(building.of_kind(kind, first)), told(building.of_kind(kind, first, second))]


@pytest.mark.parametrize("kind", building.TASK_KINDS)
def test_fields_of_a_newer_flyteidl_do_not_change_the_kind(kind: str) -> None:
    """A message with fields under new numbers stays what it is."""
    template = building.template()
    for extra in UNKNOWN_FIELDS.values():
        template.MergeFromString(extra)
        template.metadata.MergeFromString(extra)
    assert kind == told(building.of_kind(kind, template))


def test_a_request_names_its_task_beside_it() -> None:
    """A request whose template has no id of its own is a request."""
    request = building.of_kind("TaskCreateRequest", building.template())
    request.spec.template.ClearField("id")
    assert told(request) == "TaskCreateRequest"


def test_workflows_of_a_release_are_told(corpus: Path) -> None:
    """Each workflow and launch plan of the corpus is recognised without its suffix."""
    wrong = []
    for path in sorted(corpus.glob("*/*.tgz")):
        with tarfile.open(path) as archive:
            for info in archive:
                expected = {"_2.pb": "WorkflowSpec", "_3.pb": "LaunchPlan"}.get(info.name[-5:])
                content = archive.extractfile(info)
                if expected and content is not None and kind_of(content.read())[0].name != expected:
                    wrong.append(info.name)
    assert wrong == []


@given(identified(workflow_pb2.WorkflowSpec, identifier_pb2.WORKFLOW, "template", "id"))
def test_generated_workflows_are_told(message: Any) -> None:
    """Whatever a workflow holds, it is never read as a task."""
    assert told(message) == "WorkflowSpec"


@given(identified(launch_plan_pb2.LaunchPlan, identifier_pb2.LAUNCH_PLAN, "id"))
def test_generated_launch_plans_are_told(message: Any) -> None:
    """Whatever a launch plan holds, it is never read as a task."""
    assert told(message) == "LaunchPlan"


@pytest.mark.parametrize(
    "strategy",
    [
        identified(core_workflow_pb2.WorkflowTemplate, identifier_pb2.WORKFLOW, "id"),
        identified(workflow_pb2.Workflow, identifier_pb2.WORKFLOW, "id"),
        identified(workflow_pb2.WorkflowCreateRequest, identifier_pb2.WORKFLOW, "id"),
        identified(execution_pb2.ExecutionSpec, identifier_pb2.LAUNCH_PLAN, "launch_plan"),
        *(
            messages(message_class, unknown=False, depth=6)
            for message_class in (
                common_pb2.NamedEntity,
                interface_pb2.TypedInterface,
                literals_pb2.LiteralMap,
                node_execution_pb2.NodeExecution,
                project_pb2.Project,
            )
        ),
    ],
    ids=(
        "WorkflowTemplate Workflow WorkflowCreateRequest ExecutionSpec NamedEntity TypedInterface LiteralMap "
        "NodeExecution Project"
    ).split(),
)
def test_other_messages_are_refused(strategy: st.SearchStrategy[Any]) -> None:
    """A message that holds no task is not taken for one.

    What an execution is to run stands where a launch plan has its own id; with little else in it, the two are the same.
    """

    @given(strategy)
    def check(message: Any) -> None:
        is_execution = isinstance(message, execution_pb2.ExecutionSpec)
        assert told(message) in ({"", "LaunchPlan"} if is_execution else {""})

    check()


def test_a_known_number_in_another_form_speaks_against_a_kind() -> None:
    """An execution, whose id has texts where a task's id has a number, is no task."""
    execution = execution_pb2.Execution()
    execution.id.project, execution.id.domain, execution.id.name = "shop", "development", "f1234"
    execution.closure.error.code = "plain"
    execution.closure.started_at.seconds = 1
    assert told(execution) == ""


def test_a_description_is_no_task() -> None:
    """A description entity is refused though its id is a task's."""
    entity = description_entity_pb2.DescriptionEntity(short_description="trains")
    entity.id.CopyFrom(building.template().id)
    entity.source_code.link = "https://example.org"
    assert told(entity) in {"", "TaskTemplate"}


@given(st.binary(max_size=200))
def test_random_bytes_are_no_kind(data: bytes) -> None:
    """Random bytes are refused with their beginning."""
    with pytest.raises(LoadError, match="are none of TaskSpec, WorkflowSpec, LaunchPlan, TaskTemplate"):
        kind_of(data)


@pytest.mark.parametrize(
    ("name", "expected"),
    [
        ("0_shop.train_1.pb", "TaskSpec"),
        ("folder/12_shop.flow_2.pb", "WorkflowSpec"),
        ("3_shop.flow_3.pb", "LaunchPlan"),
        ("shop.train.pb", None),
        ("shop_4.pb", None),
        ("shop_1.pb.json", None),
    ],
)
def test_the_suffix_says_the_kind(name: str, expected: str | None) -> None:
    """``_1.pb`` is a task, ``_2.pb`` a workflow, ``_3.pb`` a launch plan; nothing else is said."""
    kind = kind_of_name(name)
    assert (kind and kind.name) == expected


@pytest.mark.parametrize("said", ["TaskSpec", "WorkflowSpec", "LaunchPlan"])
@pytest.mark.parametrize("held", [*building.TASK_KINDS, "WorkflowSpec", "LaunchPlan"])
def test_a_wrong_suffix_is_told(said: str, held: str) -> None:
    """A message under the suffix of another kind is refused, and the error names what it is."""
    others = {"WorkflowSpec": building.workflow(), "LaunchPlan": building.launch_plan()}
    data = (others.get(held) or building.of_kind(held, building.template())).SerializeToString()
    if said == held:
        parsed(KIND[said], data)
    else:
        with pytest.raises(LoadError, match=f"they are a {held}; give the file a name without _1, _2 or _3"):
            parsed(KIND[said], data)


def test_a_flyte_2_task_is_taken_by_its_suffix() -> None:
    """A task of Flyte 2 keeps every number of version 1 and adds others, which survive."""
    spec = building.spec()
    for extra in UNKNOWN_FIELDS.values():
        spec.MergeFromString(extra)
        spec.template.MergeFromString(extra)
    data = spec.SerializeToString(deterministic=True)
    assert parsed(KIND["TaskSpec"], data).SerializeToString(deterministic=True) == data


@pytest.mark.parametrize("number", range(1, 4))
def test_damage_under_a_suffix_is_told(number: int) -> None:
    """Bytes that are nothing at all are called damaged."""
    kind = kind_of_name(f"x_{number}.pb")
    assert kind is not None
    with pytest.raises(LoadError, match=f"are no {kind.name}: .*the file is damaged; make or copy it again"):
        parsed(kind, b"\xff\xff\xff")


def test_a_workflow_closure_may_have_no_tasks() -> None:
    """A workflow of launch plans alone is a closure with no tasks, but nothing at all is no closure."""
    closure = building.of_kind("CompiledWorkflowClosure", building.template())
    closure.ClearField("tasks")
    assert told(closure) == "CompiledWorkflowClosure"
    assert told(task_pb2.TaskSpec()) == ""
