"""``load_workflows`` and ``load_launch_plans``: the same sources, other things in them."""

from __future__ import annotations

import copy
import json
import pickle
import tarfile
from typing import TYPE_CHECKING, Any

import pytest
from flyteidl.admin import launch_plan_pb2, task_pb2, workflow_pb2
from flyteidl.core import identifier_pb2
from google.protobuf import json_format

import flytetask_nb as ftn
from flytetask_nb.semantics.descriptors import is_repeated
from tests.conftest import ROOT
from tests.sources import building
from tests.sources.building import data, entry, tar, tgz

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

ARCHIVES = sorted((ROOT / "notebooks" / "example" / "archives").glob("*.tgz"))
WHERE = {"project": "shop", "domain": "staging", "version": "v7"}
LOADERS: list[Callable[..., Any]] = [ftn.load_workflows, ftn.load_launch_plans]


def entries(path: Path, suffix: str) -> dict[str, bytes]:
    """Return the entries of an archive whose names end so."""
    with tarfile.open(path) as archive:
        found = ((info.name, archive.extractfile(info)) for info in archive if info.name.endswith(suffix))
        return {name: file.read() for name, file in found if file is not None}


def identifier(kind: str, name: str) -> Any:
    return identifier_pb2.Identifier(resource_type=kind, name=name)  # type: ignore[arg-type]


def nested_workflow() -> Any:
    """Return a workflow that refers to things in every place where it can."""
    made = workflow_pb2.WorkflowSpec()
    made.template.id.CopyFrom(identifier("WORKFLOW", "flow"))
    branch = made.template.nodes.add(id="branch").branch_node.if_else
    branch.case.then_node.task_node.reference_id.CopyFrom(identifier("TASK", "then"))
    branch.other.add().then_node.workflow_node.launchplan_ref.CopyFrom(identifier("LAUNCH_PLAN", "other"))
    branch.else_node.workflow_node.sub_workflow_ref.CopyFrom(identifier("WORKFLOW", "inner"))
    array = made.template.nodes.add(id="array").array_node
    array.node.task_node.reference_id.CopyFrom(identifier("TASK", "mapped"))
    made.template.nodes.add(id="gate").gate_node.signal.signal_id = "go"
    made.template.nodes.add(id="nothing")
    made.template.failure_node.task_node.reference_id.CopyFrom(identifier("TASK", "clean-up"))
    inner = made.sub_workflows.add(id=identifier("WORKFLOW", "inner"))
    inner.nodes.add(id="n0").task_node.reference_id.CopyFrom(identifier("TASK", "deep"))
    return made


def used_by(tasks: ftn.TaskCollection, name: str) -> list[str]:
    return [line for line in tasks[name].to_text().splitlines() if line.startswith("used by")]


@pytest.mark.parametrize("values", [{}, {"version": "v7"}, WHERE])
def test_a_card_says_which_workflows_of_its_release_use_the_task(tmp_path: Path, values: dict[str, str]) -> None:
    """Wherever in a workflow it stands; those of a sub-workflow are its own."""
    other = workflow_pb2.WorkflowSpec()
    other.template.id.CopyFrom(identifier("WORKFLOW", "app.other"))
    other.template.nodes.add(id="n0").task_node.reference_id.CopyFrom(identifier("TASK", "then"))
    tasks = ["then", "mapped", "clean-up", "deep"]
    path, older = tmp_path / "v7.tgz", tmp_path / "v6.tgz"
    flow = entry("8_flow_2.pb", nested_workflow().SerializeToString())
    another = entry("9_other_2.pb", other.SerializeToString())
    path.write_bytes(tgz(*(entry(f"{place}_1.pb", data(name)) for place, name in enumerate(tasks)), flow, another))
    # Workflows of another release say nothing of these tasks.
    older.write_bytes(tgz(entry("0_1.pb", data("deep")), another))
    loaded = ftn.load([older, path], **{**values, "version": lambda name: values.get("version") and name[-6:-4]})
    expected = [["used by app.other, flow"], ["used by flow"], ["used by flow"], ["used by no workflow beside it"]]
    assert [used_by(loaded, name) for name in tasks] == expected
    assert used_by(pickle.loads(pickle.dumps(loaded)), "then") == expected[0]  # noqa: S301 - our own
    assert used_by(loaded.filter(name="mapped") + ftn.TaskCollection(), "mapped") == expected[1]
    alone = ftn.load(path, **values)
    assert used_by(alone + alone, "mapped") == expected[1]


def test_workflows_from_elsewhere_are_made_known(tmp_path: Path) -> None:
    tasks, workflows = ftn.load(ARCHIVES[-1], **WHERE), ftn.load_workflows(ARCHIVES[-1], **WHERE)
    tasks.save(tmp_path / "tasks.parquet")
    kept = ftn.load(tmp_path / "tasks.parquet")
    name = "shops.training.train_global_model"
    assert used_by(kept, name) == []
    assert used_by(kept.with_workflows(workflows), name) == used_by(tasks, name) != []
    assert used_by(kept.with_workflows([workflow.to_flyte_idl() for workflow in workflows]), name) == used_by(
        tasks, name
    )
    with pytest.raises(ftn.errors.ModelTypeError, match="is no workflow"):
        kept.with_workflows([tasks[0]])


def named(message: Any, found: list[Any] | None = None) -> list[Any]:
    """Return all ids in a message, however deep."""
    found = [] if found is None else found
    for field, value in message.ListFields():
        if field.message_type is None or field.message_type.GetOptions().map_entry:
            continue
        for part in value if is_repeated(field) else [value]:
            if isinstance(part, identifier_pb2.Identifier):
                found.append(part)
            named(part, found)
    return found


# -- what is found -------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("path", ARCHIVES, ids=lambda path: path.stem)
def test_archives_hold_workflows_and_launch_plans(path: Path) -> None:
    """Each entry comes as it was packaged, to the byte, in the order of the entries' names; the rest is counted."""
    counts = {
        word: len(entries(path, suffix))
        for word, suffix in (("tasks", "_1.pb"), ("workflows", "_2.pb"), ("launch plans", "_3.pb"))
    }
    for load, suffix, word in (
        (ftn.load_workflows, "_2.pb", "workflows"),
        (ftn.load_launch_plans, "_3.pb", "launch plans"),
    ):
        expected = entries(path, suffix)
        found: Any = load(path)
        assert {f"{path}!{name}": content for name, content in expected.items()} == {
            one.source: one.to_flyte_idl().SerializeToString(deterministic=True) for one in found
        }
        assert [f"{path}!{name}" for name in sorted(expected)] == [one.source for one in found]
        assert {other: number for other, number in counts.items() if other != word} == found.skipped
        assert found.failures == ()


def test_the_corpus_loads(corpus: Path) -> None:
    """Every workflow and launch plan of the real archives is found."""
    paths = sorted(corpus.glob("*/*.tgz"))
    workflows, plans = ftn.load_workflows(paths), ftn.load_launch_plans(paths)
    assert sum(len(entries(path, "_2.pb")) for path in paths) == len(workflows)
    assert sum(len(entries(path, "_3.pb")) for path in paths) == len(plans)


@pytest.mark.parametrize("load", LOADERS)
def test_a_source_without_any_is_empty(load: Callable[..., Any]) -> None:
    """A file of a task holds no workflow and no launch plan, and says so."""
    found = load(data())
    assert ([*found], found.skipped) == ([], {"tasks": 1})


def test_a_compiled_closure_is_a_workflow_and_its_tasks() -> None:
    """What the compiler wrote is found by ``load`` and ``load_workflows`` alike."""
    closure = building.of_kind("CompiledWorkflowClosure", building.template("a"), building.template("b"))
    content = closure.SerializeToString()
    (workflow,) = ftn.load_workflows(content)
    assert closure == workflow.to_flyte_idl()
    assert ftn.load(content).names == [task.name for task in workflow.tasks] == ["a", "b"]
    closure.ClearField("primary")
    assert ftn.load_workflows(closure.SerializeToString()).skipped == {"tasks": 2}
    closure.primary.template.CopyFrom(building.workflow().template)
    del closure.tasks[:]
    assert ftn.load(closure.SerializeToString()).skipped == {"workflows": 1}


def registered_workflow() -> Any:
    closure = building.of_kind("CompiledWorkflowClosure", building.template("a"))
    made = workflow_pb2.Workflow(id=closure.primary.template.id)
    made.closure.compiled_workflow.CopyFrom(closure)
    made.closure.created_at.seconds = 1_700_000_000
    return made


def test_a_registered_workflow_is_its_closure() -> None:
    """What Admin answers is read, as bytes and as the JSON that flytectl prints."""
    made = registered_workflow()
    for content in (made.SerializeToString(), json_format.MessageToJson(made).encode()):
        (workflow,) = ftn.load_workflows(content)
        assert made.closure.compiled_workflow == workflow.to_flyte_idl()
        assert ftn.load(content).names == ["a"]


@pytest.mark.parametrize("key", ["workflows", "launchPlans", None])
def test_lists_in_json_are_read(key: str | None) -> None:
    """Items of a list of Admin's, or of a plain one, are numbered."""
    load, made = (
        (ftn.load_workflows, registered_workflow())
        if key == "workflows"
        else (
            ftn.load_launch_plans,
            building.launch_plan(),
        )
    )
    items = [json_format.MessageToDict(made)] * 2
    found: Any = load(json.dumps({key: items, "token": "t"} if key else items).encode())
    assert [one.source.rpartition("!")[2] for one in found] == ["0", "1"]


def test_registered_launch_plans_in_json_are_told_from_tasks() -> None:
    """A launch plan of the server has a closure, as a task has."""
    plan = building.launch_plan()
    plan.closure.created_at.seconds = 1_700_000_000
    (found,) = ftn.load_launch_plans(json_format.MessageToJson(plan).encode(), **WHERE)
    filled = copy.copy(plan)
    for one in (filled.id, filled.spec.workflow_id):
        one.MergeFrom(identifier_pb2.Identifier(**WHERE))
    assert filled == found.to_flyte_idl()


# -- filling in ----------------------------------------------------------------------------------------------------


def test_every_id_of_a_workflow_is_filled_in() -> None:
    """What the nodes refer to is named like the workflow itself: in branches, arrays, sub-workflows, on failure."""
    (workflow,) = ftn.load_workflows(nested_workflow().SerializeToString(), **WHERE)
    ids = named(workflow.to_flyte_idl())
    names = {"flow", "then", "other", "inner", "mapped", "clean-up", "deep"}
    assert (names, {("shop", "staging", "v7")}) == (
        {one.name for one in ids},
        {(one.project, one.domain, one.version) for one in ids},
    )
    nothing = workflow.to_flyte_idl().template.nodes[3]
    assert nothing.WhichOneof("target") is None


@pytest.mark.parametrize("part", WHERE)
def test_only_what_is_blank_and_given_is_filled_in(part: str) -> None:
    """Placeholders count as blank, what is there stays, and what is not given is left as it is."""
    spec = nested_workflow()
    spec.template.id.MergeFrom(identifier_pb2.Identifier(project="p", domain="d", version="v"))
    reference = spec.sub_workflows[0].nodes[0].task_node.reference_id
    placeholders = {name: f"{{{{ registration.{name} }}}}" for name in WHERE}
    reference.MergeFrom(identifier_pb2.Identifier(**placeholders))
    (workflow,) = ftn.load_workflows(spec.SerializeToString(), **{part: WHERE[part]})
    filled = workflow.to_flyte_idl()
    assert spec.template.id == filled.template.id
    deep = filled.sub_workflows[0].nodes[0].task_node.reference_id
    assert placeholders | {part: WHERE[part]} == {name: getattr(deep, name) for name in WHERE}


def test_a_closure_is_filled_in_with_its_tasks() -> None:
    """The tasks that it brings along are those that its nodes call."""
    closure = building.of_kind("CompiledWorkflowClosure", building.template("a"))
    (workflow,) = ftn.load_workflows(closure.SerializeToString(), **WHERE)
    assert (workflow.id.version, workflow.tasks[0].id.project, workflow.tasks[0].id.domain) == ("v7", "shop", "staging")


@pytest.mark.parametrize("path", ARCHIVES, ids=lambda path: path.stem)
def test_registered_launch_plans_say_what_they_take(path: Path) -> None:
    """With its id a launch plan gets the inputs of its workflow that it does not fix, and its outputs."""
    workflows = {workflow.name: workflow for workflow in ftn.load_workflows(path)}
    plans = ftn.load_launch_plans(path, **WHERE)
    for plan in plans:
        interface = workflows[plan.workflow_id.name].interface
        closure = plan.to_flyte_idl().closure
        assert {*interface.inputs} - {*plan.fixed_inputs} == {*closure.expected_inputs.parameters}
        assert {*interface.outputs} == {*closure.expected_outputs.variables}
        assert (plan.id.version, plan.workflow_id.version, plan.id.project) == ("v7", "v7", "shop")
    assert len(plans) > len(workflows) > 0


def test_a_launch_plan_of_an_unknown_workflow_says_nothing() -> None:
    """Without its workflow a filled-in launch plan does not pretend to take nothing: its callers stay unresolved."""
    plan = building.launch_plan("shop.other")
    plan.closure.expected_inputs.SetInParent()
    (found,) = ftn.load_launch_plans(plan.SerializeToString(), **WHERE)
    assert not found.to_flyte_idl().HasField("closure")
    spec = building.workflow()
    spec.template.nodes[0].workflow_node.launchplan_ref.CopyFrom(found.to_flyte_idl().id)
    report = ftn.callers(ftn.models.Workflow.from_flyte_idl(spec), [], [found])
    assert [one.verdict for one in report] == ["unresolved"]


def test_versions_do_not_mix(tmp_path: Path) -> None:
    """Of several releases, each launch plan is told by the workflow of its own archive."""
    for number in (1, 2):
        workflow = building.workflow()
        for index in range(number):
            workflow.template.interface.inputs.variables[f"x{index}"].type.simple = 1
        content = tgz(
            entry("0_2.pb", workflow.SerializeToString()),
            entry("1_3.pb", building.launch_plan().SerializeToString()),
        )
        (tmp_path / f"r{number}.tgz").write_bytes(content)
    for settings in (WHERE, WHERE | {"version": lambda path: path[-6:-4]}):
        plans = ftn.load_launch_plans(tmp_path, **settings)
        closures = [plan.to_flyte_idl().closure for plan in plans]
        assert [len(closure.expected_inputs.parameters) for closure in closures] == [1, 2]


def test_unasked_launch_plans_stay_as_they_are() -> None:
    """Without settings nothing is filled in, whatever stands beside it."""
    plan = building.launch_plan()
    plan.closure.expected_inputs.SetInParent()
    source = tgz(entry("0_2.pb", building.workflow().SerializeToString()), entry("1_3.pb", plan.SerializeToString()))
    (found,) = ftn.load_launch_plans(source)
    assert plan == found.to_flyte_idl()


# -- what broke? ---------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("settings", [{}, WHERE])
def test_callers_of_two_releases(settings: dict[str, Any]) -> None:
    """The workflows of the first release against the tasks of the ninth: who orders must now be approved.

    What one of them trains goes through a map task, whose hash changed with its configuration's type.
    """
    old, new = ARCHIVES[0], ARCHIVES[6]
    report = ftn.callers(ftn.load_workflows(old, **settings), ftn.load(new, **settings))
    again = ftn.callers(
        ftn.load_workflows(old, **settings),
        ftn.load(new, **settings),
        launch_plans=ftn.load_launch_plans(old, **settings),
    )
    assert [one.workflow.name for one in report.breaking] == [
        "shops.workflows.nightly_forecast",
        "shops.workflows.replenish",
        "shops.workflows.weekly_training",
    ]
    assert [(one.workflow, one.verdict) for one in report] == [(one.workflow, one.verdict) for one in again]


@pytest.mark.parametrize("settings", [{}, WHERE])
@pytest.mark.parametrize("path", ARCHIVES, ids=lambda path: path.stem)
def test_a_release_fits_itself(path: Path, settings: dict[str, Any]) -> None:
    """The workflows of an archive compile against its own tasks."""
    report = ftn.callers(
        ftn.load_workflows(path, **settings), ftn.load(path, **settings), ftn.load_launch_plans(path, **settings)
    )
    assert [one.verdict for one in report] == ["compiles"] * 5


def test_the_task_of_a_failure_node_counts() -> None:
    """What a workflow calls when it fails is called by it."""
    (workflow,) = ftn.load_workflows(nested_workflow().SerializeToString())
    assert [one.name for one in workflow.task_ids] == ["clean-up", "deep", "mapped", "then"]
    assert [one.name for one in workflow.launch_plan_ids] == ["other"]


# -- failures ------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("load", "name"), [(ftn.load_workflows, "flow"), (ftn.load_launch_plans, "plan"), (ftn.load, "task")]
)
def test_collect_keeps_what_is_good(load: Callable[..., Any], name: str) -> None:
    """Bad entries become failures with each way of loading, and never cost a good one."""
    source = tar(
        entry("0_1.pb", data("task")),
        entry("1_1.pb", b"\xff"),
        entry("2_2.pb", building.workflow("flow").SerializeToString()),
        entry("3_2.pb", data("task")),
        entry("4_3.pb", building.launch_plan("plan").SerializeToString()),
        entry("5_3.pb", b""),
        entry("6.json", b"{"),
    )
    for settings in ({}, WHERE):
        found = load(source, errors="collect", **settings)
        assert [name] == [one.name for one in found]
        assert [failure.entry for failure in found.failures] == ["1_1.pb", "3_2.pb", "5_3.pb", "6.json"]
    with pytest.raises(ftn.LoadError, match=r"1_1\.pb: 1 bytes beginning with ff are no TaskSpec"):
        load(source)


@pytest.mark.parametrize("load", LOADERS)
@pytest.mark.parametrize(
    ("settings", "error", "expected"),
    [
        ({"errors": "ignore"}, ftn.errors.OptionError, "errors cannot be 'ignore'"),
        ({"domain": 3}, ftn.errors.ModelTypeError, "domain is 3, of type int; expected a text"),
        ({"max_total_bytes": 0}, ftn.errors.OptionError, "max_total_bytes cannot be 0"),
    ],
)
def test_bad_settings_are_told(
    load: Callable[..., Any], settings: dict[str, Any], error: type[Exception], expected: str
) -> None:
    """The settings are those of ``load``."""
    with pytest.raises(error, match=expected):
        load(data(), **settings)


# -- lists ---------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("load", LOADERS)
def test_lists_are_lists(load: Callable[..., Any]) -> None:
    """They can be sliced, joined and compared as any list, and survive copying and pickling with their failures."""
    found = load([ARCHIVES[0], "missing.tgz"], errors="collect")
    assert isinstance(found, list)
    assert [*found] == found
    assert found[:2] + found[2:] == found
    for again in (pickle.loads(pickle.dumps(found)), copy.copy(found), copy.deepcopy(found)):  # noqa: S301 - own bytes
        assert (type(again), again, again.failures, again.skipped) == (
            type(found),
            found,
            found.failures,
            found.skipped,
        )
        assert [one.source for one in found] == [one.source for one in again]


@pytest.mark.parametrize(
    ("load", "head", "row"),
    [
        (ftn.load_workflows, "5 workflows  calling 24 tasks", "shops.workflows.replenish"),
        (ftn.load_launch_plans, "7 launch plans", "30 5 * * 0"),
    ],
)
def test_lists_show_themselves(load: Callable[..., Any], head: str, row: str) -> None:
    """A list tells how many it holds, their names, and what could not be read; in every format."""
    found = load([ARCHIVES[0], "missing.tgz"], errors="collect")
    assert found.to_text().startswith(head)
    bundle = found._repr_mimebundle_()
    for shown in (found.to_text(), found.to_markdown(), bundle["text/html"], str(found.__rich__())):
        assert row in shown.replace("<wbr>", "")
        assert "missing.tgz" in shown
    with ftn.set_options(max_rows=2):
        assert f"… {len(found) - 2} more" in found.to_text()


def test_an_empty_list_shows_itself() -> None:
    """Nothing is told as nothing."""
    assert (ftn.load_workflows(data()).to_text(), ftn.load_launch_plans(data()).to_text()) == (
        "no workflows",
        "no launch plans",
    )


# -- launch plans --------------------------------------------------------------------------------------------------


def test_a_launch_plan_shows_its_schedule_and_no_values() -> None:
    """Inputs are named; their values, which may be secrets, are not told."""
    plan = building.launch_plan("nightly")
    plan.spec.entity_metadata.schedule.cron_schedule.schedule = "0 3 * * *"
    plan.spec.fixed_inputs.literals["password"].scalar.primitive.string_value = "hunter2"
    plan.spec.default_inputs.parameters["days"].default.scalar.primitive.integer = 7
    plan.spec.default_inputs.parameters["until"].required = True
    found = ftn.models.LaunchPlan.from_flyte_idl(plan)
    assert (found.default_inputs, found.fixed_inputs, found.schedule) == (("days",), ("password",), "0 3 * * *")
    assert (found.source, found.workflow_id.name) == (None, "nightly")
    assert "hunter2" not in found.to_html() + found.to_text() + repr(found)
    assert "0 3 * * *" in found.to_text()


@pytest.mark.parametrize(
    ("unit", "expected"), [(0, "every 5 minutes"), (2, "every 5 days"), (9, "every 5 units of kind 9")]
)
def test_a_rate_is_told(unit: int, expected: str) -> None:
    """A launch plan may run at intervals, in units that a newer Flyte knows."""
    plan = building.launch_plan()
    plan.spec.entity_metadata.schedule.rate.value = 5
    plan.spec.entity_metadata.schedule.rate.unit = unit
    assert expected == ftn.models.LaunchPlan.from_flyte_idl(plan).schedule


def test_launch_plans_are_read_only_values() -> None:
    """Equal messages are equal plans; none can be changed."""
    plan = building.launch_plan()
    one, other = ftn.models.LaunchPlan.from_flyte_idl(plan), ftn.models.LaunchPlan.from_bytes(plan.SerializeToString())
    assert (one, hash(one)) == (other, hash(other))
    with pytest.raises(ftn.errors.ImmutableError):
        one.id = None  # type: ignore[assignment]
    with pytest.raises(ftn.errors.ModelTypeError, match="LaunchPlan"):
        ftn.models.LaunchPlan.from_flyte_idl(task_pb2.TaskSpec())
    assert isinstance(one.to_flyte_idl(), launch_plan_pb2.LaunchPlan)
