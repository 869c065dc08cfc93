"""Which workflows of the example break when their tasks change, and which only cannot be judged."""

from __future__ import annotations

import tarfile
from typing import Any

import pytest
from flyteidl.admin import workflow_pb2

import flytetask_nb as ftn
from flytetask_nb.dtypes import TEXT
from flytetask_nb.models import FlyteTask, Workflow
from tests.conftest import ROOT

ARCHIVES = ROOT / "notebooks" / "example" / "archives"


def workflows(release: str) -> list[Workflow]:
    found = []
    with tarfile.open(ARCHIVES / f"{release}.tgz") as archive:
        for entry in archive:
            content = archive.extractfile(entry)
            if content is not None and entry.name.endswith("_2.pb"):
                message = workflow_pb2.WorkflowSpec.FromString(content.read())
                found.append(Workflow.from_flyte_idl(message, source=entry.name))
    return found


@pytest.fixture(scope="module")
def report() -> ftn.CallerReport:
    return ftn.callers(workflows("2026.08"), ftn.load(ARCHIVES / "2026.09.tgz"))


def test_a_release_compiles_against_itself() -> None:
    for release in ("2026.03", "2026.08", "2026.10"):
        report = ftn.callers(workflows(release), ftn.load(ARCHIVES / f"{release}.tgz"))
        assert [one.verdict for one in report] == ["compiles"] * 5
        assert not report


def test_what_breaks_is_named_with_its_reason(report: ftn.CallerReport) -> None:
    """A required input was added and an input removed: three workflows of five."""
    assert report.summary == "3 of 5 workflows would not compile"
    assert report
    reasons = {
        (one.workflow.name.rpartition(".")[2], problem.node, problem.variable, problem.code)
        for one in report.breaking
        for problem in one.problems
    }
    assert reasons == {
        ("nightly_forecast", "n5", "approved_by", "ParameterNotBound"),
        ("replenish", "n5", "approved_by", "ParameterNotBound"),
        ("weekly_training", "n8", "worst", "VariableNameNotFound"),
    }


def test_a_task_that_was_not_given_leaves_its_callers_unresolved() -> None:
    """Nothing is said to break for want of something to look at."""
    report = ftn.callers(workflows("2026.08"), [])
    assert (report.used, report.unused) == ((), ())
    assert [one.verdict for one in report] == ["unresolved"] * 5
    assert not report.breaking
    assert report.summary == "0 of 5 workflows would compile as before, 5 unresolved"


def test_other_versions_stand_in_for_the_one_that_is_named() -> None:
    """A registered workflow names one version of its tasks; here it meets another."""
    (workflow, *_) = [one for one in workflows("2026.08") if one.name.endswith("replenish")]
    message = workflow.to_flyte_idl()
    for node in message.template.nodes:
        identifier = node.task_node.reference_id
        identifier.project, identifier.domain, identifier.version = "forecast", "production", "2026.08"
    place: dict[str, Any] = {"project": "forecast", "domain": "production"}
    newer = ftn.load(ARCHIVES / "2026.09.tgz", version="2026.09", **place)
    assert ftn.callers([message], newer).breaking
    older = ftn.load(ARCHIVES / "2026.08.tgz", version="2026.08", **place)
    assert ftn.callers([message], older).compiling
    # Of several versions the newest counts.
    assert ftn.callers([message], older + newer).breaking
    elsewhere = ftn.load(ARCHIVES / "2026.08.tgz", version="2026.08", project="other", domain="production")
    assert ftn.callers([message], elsewhere).unresolved
    # Newest is newest by the same rules as in a collection.
    candidate = ftn.load(ARCHIVES / "2026.09.tgz", version="2026.08rc1", **place)
    assert ftn.callers([message], older + candidate).compiling
    order = ["2026.09", "2026.08"]
    assert ftn.callers([message], (older + newer).ordered(order)).compiling
    assert ftn.callers([message], elsewhere + (older + newer).ordered(order)).compiling


def test_placeholders_are_in_any_place() -> None:
    """A workflow that registration still has to fill in calls tasks wherever they are, and the other way round."""
    (workflow, *_) = [one for one in workflows("2026.08") if one.name.endswith("replenish")]
    message = workflow.to_flyte_idl()
    for node in message.template.nodes:
        identifier = node.task_node.reference_id
        identifier.project, identifier.domain = "{{ registration.project }}", "{{ registration.domain }}"
    tasks = ftn.load(ARCHIVES / "2026.08.tgz", version="2026.08", project="forecast", domain="production")
    assert ftn.callers([message], tasks).compiling
    for node in message.template.nodes:
        identifier = node.task_node.reference_id
        identifier.project, identifier.domain = "forecast", "production"
    packaged = [one.replace(project="{{ registration.project }}") for one in ftn.load(ARCHIVES / "2026.08.tgz")]
    assert ftn.callers([message], packaged).compiling


UNSEEN = "not every use can be seen"


def test_tasks_that_no_workflow_uses_are_told() -> None:
    """One by name, several by number; and that not every use can be seen."""
    example = workflows("2026.08")
    tasks = ftn.load(ARCHIVES / "2026.08.tgz")
    used = next(task for task in tasks if any(task.name == one.name for one in example[0].task_ids))
    lone, other = (FlyteTask.from_flyte_idl(named(used, name)) for name in ("shops.lone", "shops.other"))

    report = ftn.callers(example, [lone])
    assert (report.used, report.unused) == ((), ("shops.lone",))
    assert report.summary == ("no workflow uses shops.lone; 0 of 5 workflows would compile as before, 5 unresolved")
    assert ftn.callers(example, [other, lone]).summary.startswith("no workflow uses any of the 2 tasks; ")
    for output in (report.to_html(), report.to_text(), report.to_markdown()):
        assert UNSEEN in output
        assert "shops.lone" in output

    beside = ftn.callers(example, [*tasks, lone])
    assert beside.unused == tuple(sorted({*ftn.callers(example, tasks).unused, "shops.lone"}))
    assert used.name in beside.used
    assert beside.summary == "5 of 5 workflows would compile as before"
    assert UNSEEN in beside.to_text()
    assert "Used by no workflow" in beside.to_text()

    # Where each is used there is nothing to tell.
    assert UNSEEN not in ftn.callers(example, [used]).to_text()
    # Without workflows nothing can be said of them, only that none uses the task.
    assert ftn.callers([], [lone]).summary == "no workflow uses shops.lone"


def test_a_map_task_uses_what_it_maps() -> None:
    """Its name tells the function, whichever plugin runs it."""
    (workflow, *_) = workflows("2026.08")
    message = workflow.to_flyte_idl()
    task = ftn.load(ARCHIVES / "2026.08.tgz")[0]
    for name in ("shops.map_lone_0123456789abcdef0123456789abcdef", "shops.map_lone_0123456789abcdef-arraynode"):
        message.template.nodes[0].task_node.reference_id.name = name
        report = ftn.callers([message], [FlyteTask.from_flyte_idl(named(task, "shops.lone"))])
        assert (report.used, report.unused) == (("shops.lone",), ())


def named(task: FlyteTask, name: str) -> Any:
    message = task.to_flyte_idl()
    message.template.id.name = name
    return message


def test_a_row_for_each_reason(report: ftn.CallerReport) -> None:
    frame = report.to_frame()
    assert list(frame.columns) == ["workflow", "version", "verdict", "node", "variable", "code", "message", "source"]
    assert frame["verdict"].tolist() == ["breaks"] * 3 + ["compiles"] * 2
    assert frame["code"].isna().tolist() == [False] * 3 + [True] * 2
    assert set(frame.dtypes) == {TEXT.dtype}


def test_it_shows_itself(report: ftn.CallerReport) -> None:
    for output in (report.to_html(), report.to_text(), report.to_markdown()):
        assert "3 of 5 workflows would not compile" in output
        assert "approved_by" in output
    assert repr(report) == "CallerReport(3 of 5 workflows would not compile)"
    assert "the input approved_by is required now" in report.to_text()


def test_workflows_show_themselves() -> None:
    """Every workflow in every format, its tasks named."""
    for workflow in workflows("2026.10"):
        assert workflow.name in workflow.to_html().replace("<wbr>", "")
        assert "Nodes" in workflow.to_text()
        assert workflow == Workflow.from_flyte_idl(workflow.to_flyte_idl())
        assert all(identifier.name.startswith(("shops.", "_bash.")) for identifier in workflow.task_ids)
    with pytest.raises(ftn.errors.ModelTypeError, match="WorkflowSpec or CompiledWorkflowClosure"):
        Workflow.from_flyte_idl("no workflow")


def renamed_map_task(tasks: ftn.TaskCollection, name: str) -> list[FlyteTask]:
    """Return the tasks with another hash in the name of one of their map tasks."""
    found = []
    for task in tasks:
        message = task.to_flyte_idl()
        if name in message.template.id.name:
            message.template.id.name = f"{message.template.id.name.partition(name)[0]}{name}_{'0' * 32}-arraynode"
        found.append(FlyteTask.from_flyte_idl(message))
    return found


def test_a_map_task_with_another_hash_is_linked_and_compiled_against() -> None:
    """A setting of a map task gives it another name; what calls it is not left unresolved for that."""
    tasks = renamed_map_task(ftn.load(ARCHIVES / "2026.08.tgz"), "map_backtest_shop")
    report = ftn.callers(workflows("2026.08"), tasks)
    assert [one.verdict for one in report] == ["compiles"] * 5
    linked = dict(pair for one in report for pair in one.linked)
    assert list(linked.values()) == [f"shops.evaluation.map_backtest_shop_{'0' * 32}-arraynode"]
    assert set(linked.values()) <= set(report.used)
    assert "Linked across a hash" in report.to_text()


def test_a_linked_map_task_can_break_its_callers() -> None:
    tasks = renamed_map_task(ftn.load(ARCHIVES / "2026.08.tgz"), "map_backtest_shop")
    for number, task in enumerate(tasks):
        if "map_backtest_shop" in task.name:
            message = task.to_flyte_idl()
            message.template.interface.inputs.variables["needed"].type.simple = 1
            tasks[number] = FlyteTask.from_flyte_idl(message)
    report = ftn.callers(workflows("2026.08"), tasks)
    assert {(problem.code, problem.variable) for one in report.breaking for problem in one.problems} == {
        ("ParameterNotBound", "needed")
    }


def test_two_map_tasks_of_one_function_are_not_linked() -> None:
    """Nothing tells which of them became which."""
    tasks = renamed_map_task(ftn.load(ARCHIVES / "2026.08.tgz"), "map_backtest_shop")
    (moved,) = (task for task in tasks if "map_backtest_shop" in task.name)
    message = moved.to_flyte_idl()
    message.template.id.name = message.template.id.name.replace("0" * 32, "1" * 32)
    report = ftn.callers(workflows("2026.08"), [*tasks, FlyteTask.from_flyte_idl(message)])
    assert report.unresolved
    assert not any(one.linked for one in report)


def test_each_problem_names_the_task_that_it_is_about(report: ftn.CallerReport) -> None:
    causes = {cause for one in report.breaking for cause in one.causes}
    assert causes == {"shops.replenishment.submit_orders", "shops.evaluation.summarise_backtest"}
    nothing = ftn.callers(workflows("2026.08"), [])
    missing = {cause for one in nothing for cause in one.causes}
    assert missing == {task.name for one in nothing for task in one.workflow.task_ids}
