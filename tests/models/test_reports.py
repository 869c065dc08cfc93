"""What every report can do, whatever it is about."""

from __future__ import annotations

import json
import pickle
from typing import TYPE_CHECKING, Any

import pytest
from flyteidl.admin import workflow_pb2
from flyteidl.core import tasks_pb2

import flytetask_nb as ftn
from flytetask_nb import dtypes
from flytetask_nb.models.reports import Report, ReportList
from flytetask_nb.sources.client.registrations import CONFLICT

if TYPE_CHECKING:
    from collections.abc import Callable

KINDS = {kind.dtype for kind in (dtypes.TEXT, dtypes.COUNT, dtypes.FLAG, dtypes.TIME)}
HIDDEN = "hunter2hunter2"


def task(version: str, **inputs: int) -> Any:
    """Return a task whose every text holds a secret, where a user could have put one."""
    template = tasks_pb2.TaskTemplate(type="python-task")
    template.id.project, template.id.domain, template.id.name = "p", "d", f"https://me:{HIDDEN}@host/app.train"
    template.id.version = f"https://me:{HIDDEN}@host/{version}"
    template.metadata.retries.retries = len(version)
    template.container.image = f"https://me:{HIDDEN}@host/app:{version}"
    template.container.env.add(key="API_PASSWORD", value=f"{HIDDEN}{version}")
    for name, simple in inputs.items():
        template.interface.inputs.variables[name].type.simple = simple  # type: ignore[assignment]
    return ftn.FlyteTask.from_flyte_idl(template)


def workflow() -> Any:
    """Return a workflow that calls a version of the task, without any input."""
    spec = workflow_pb2.WorkflowSpec()
    spec.template.id.name = f"https://me:{HIDDEN}@host/app.nightly"
    node = spec.template.nodes.add(id="n0")
    node.task_node.reference_id.CopyFrom(task("v1").to_flyte_idl().template.id)
    return ftn.models.Workflow.from_flyte_idl(spec, source=f"s3://me:{HIDDEN}@bucket/release.tgz")


OLD, NEW = task("v1", x=1), task("v22", x=3, y=1)
REPORTS: dict[str, Callable[[], Any]] = {
    "diff": lambda: ftn.diff(OLD, NEW),
    "history": lambda: ftn.history([OLD, NEW]),
    "plan": lambda: ftn.plan([NEW], [OLD]),
    "check": lambda: ftn.check(NEW),
    "checks": lambda: ftn.check([NEW, OLD]),
    "callers": lambda: ftn.callers([workflow()], [NEW]),
    "compatibility": lambda: ftn.compatibility(OLD, NEW),
    "registration": lambda: ftn.Registration(CONFLICT, NEW, OLD, ftn.diff(OLD, NEW)),
}


def test_these_are_all_reports() -> None:
    def below(kind: type) -> set[type]:
        return {kind}.union(*map(below, kind.__subclasses__()))

    made = {type(make()).__qualname__ for make in REPORTS.values()}
    assert made == {kind.__qualname__ for kind in below(Report) - {Report, ReportList}}


@pytest.mark.parametrize("name", REPORTS)
def test_a_report_is_data_in_every_form(name: str) -> None:
    """JSON values, a table of fixed dtypes with a row at least, and Markdown."""
    report = REPORTS[name]()
    values = report.to_dict()
    assert values["schema"] == 1
    assert json.loads(json.dumps(values)) == values
    frame = report.to_frame()
    assert len(frame) > 0
    assert set(frame.dtypes) <= KINDS
    assert report.to_markdown().strip()
    assert str(report) == report.to_text()


@pytest.mark.parametrize("name", REPORTS)
def test_no_form_of_a_report_tells_a_secret(name: str) -> None:
    report = REPORTS[name]()
    for text in (json.dumps(report.to_dict()), report.to_frame().to_csv(), report.to_markdown(), str(report)):
        assert HIDDEN not in text


@pytest.mark.parametrize("name", ["plan", "check", "checks", "callers"])
def test_lists_of_findings_are_equal_if_they_say_the_same(name: str) -> None:
    report, again = REPORTS[name](), REPORTS[name]()
    assert (report == again, hash(report) == hash(again)) == (True, True)
    assert list(report) == list(again)
    assert pickle.loads(pickle.dumps(report)) == report  # noqa: S301 - ours
    assert report != list(report)
    assert report != type(report)([])


@pytest.mark.parametrize("name", REPORTS)
def test_what_a_report_holds_cannot_be_changed(name: str) -> None:
    """No part of one is a list, by whatever attribute it is asked for."""
    report = REPORTS[name]()
    parts = {part: getattr(report, part) for part in dir(report) if not part.startswith("_")}
    assert [part for part, value in parts.items() if isinstance(value, list)] == []
