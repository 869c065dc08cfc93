"""Files with tasks that are no list of tasks, and files that hold none: each named for what it is."""

from __future__ import annotations

import gzip
import io
import json
import zipfile
from typing import TYPE_CHECKING, Any

import pytest
import yaml
from flyteidl.admin import execution_pb2, project_pb2, workflow_pb2
from flyteidl.core import literals_pb2
from google.protobuf import json_format
from hypothesis import given
from hypothesis import strategies as st

import flytetask_nb as ftn
from flytetask_nb.sources.foreign import foreign_bytes
from tests.sources import building
from tests.sources.building import data, flyte_workflow, tar, template, tgz

if TYPE_CHECKING:
    from pathlib import Path

TEMPLATES = [template("a.one"), template("a.two")]


def told(source: Any) -> str:
    with pytest.raises(ftn.LoadError) as caught:
        ftn.load(source)
    return str(caught.value)


# -- resources of Kubernetes --------------------------------------------------------------------------------------------


@pytest.mark.parametrize("suffix", [".json", ".yaml"])
def test_a_flyte_workflow_resource_holds_tasks(suffix: str, tmp_path: Path) -> None:
    """What propeller writes and kubectl prints: alone, in a list, and as the parts that propeller keeps elsewhere."""
    alone = flyte_workflow(*TEMPLATES)
    parts = {key: alone[key] for key in ("spec", "tasks")}
    listed = {"apiVersion": "v1", "kind": "List", "items": [alone, flyte_workflow(template("a.three"))]}
    path = tmp_path / f"a{suffix}"
    for value, names in ((alone, 2), ({**alone, "kind": "FlyteWorkflow"}, 2), (parts, 2), (listed, 3), ([alone], 2)):
        path.write_text(json.dumps(value) if suffix == ".json" else yaml.safe_dump(value))
        tasks = ftn.load(path)
        assert [f"{path}!{position}" for position in range(names)] == [task.source for task in tasks]
        assert [one.to_flyte_idl().template for one in tasks[:2]] == TEMPLATES


def test_one_bad_template_of_a_resource_costs_no_other() -> None:
    """Templates of a resource are read each by itself."""
    value = flyte_workflow(*TEMPLATES)
    value["tasks"]["broken"] = {"id": {"name": "x"}, "type": "t", "bogus": 1}
    tasks = ftn.load(json.dumps(value).encode(), errors="collect")
    assert (tasks.names, [failure.reason[:7] for failure in tasks.failures]) == (["a.one", "a.two"], ["item 2:"])


def test_a_resource_whose_tasks_are_elsewhere_is_told() -> None:
    """Propeller takes the tasks out of large resources; where they are is named."""
    value = {**flyte_workflow(), "workflowClosureReference": "s3://flyte/metadata/closure"}
    assert "a FlyteWorkflow resource whose tasks are stored elsewhere" in told(json.dumps(value).encode())
    assert "workflowClosureReference" in told(json.dumps(value).encode())


def test_other_resources_are_named() -> None:
    """Of a list with other resources in it, the tasks are found and the others told."""
    value = {
        "apiVersion": "v1",
        "kind": "List",
        "items": [flyte_workflow(*TEMPLATES), {"apiVersion": "v1", "kind": "Pod", "metadata": {}, "spec": {}}],
    }
    tasks = ftn.load(json.dumps(value).encode(), errors="collect")
    assert tasks.names == ["a.one", "a.two"]
    assert "item 2: " in tasks.failures[0].reason
    assert "a resource of Kubernetes of the kind 'Pod'" in tasks.failures[0].reason


# -- closures and dynamic jobs ------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("kind", "workflows"),
    [("WorkflowClosure", 1), ("admin WorkflowClosure", 1), ("CompiledWorkflowClosure", 1), ("DynamicJobSpec", 1)],
)
def test_closures_and_dynamic_jobs_hold_workflows_too(kind: str, workflows: int) -> None:
    """The workflow of a closure, and those that a dynamic task has made, are found by who asks for workflows."""
    message = building.of_kind(kind, *TEMPLATES)
    for content in (message.SerializeToString(), json_format.MessageToJson(message).encode()):
        assert ftn.load(content).names == ["a.one", "a.two"]
        found = ftn.load_workflows(content)
        assert [one.name for one in found] == ["shop.flow"] * workflows
        assert found.skipped == {}


def test_a_mapping_of_tasks_is_no_list_of_them() -> None:
    """A configuration may have a section that is called so."""
    text = told(b'{"propeller": {"rawoutput-prefix": "s3://x"}, "tasks": {"task-plugins": {"enabled-plugins": []}}}')
    assert "an object with the keys propeller, tasks is no task" in text


# -- JSON that holds none --------------------------------------------------------------------------------------------

WORKFLOW_LIST = workflow_pb2.WorkflowList()
_listed = WORKFLOW_LIST.workflows.add()
_listed.id.resource_type, _listed.id.name, _listed.id.version = 2, "shop.flow", "v1"
_listed.closure.compiled_workflow.primary.template.interface.SetInParent()
_listed.closure.created_at.seconds = 1
EXECUTION = execution_pb2.Execution()
EXECUTION.id.name = EXECUTION.spec.launch_plan.name = "f1"
EXECUTION.closure.phase = 4
FOREIGN = {
    "workflows": (WORKFLOW_LIST, "the answer of Flyte Admin's REST API to a list of workflows, which has no nodes"),
    "execution": (EXECUTION, "an execution"),
    "executions": (execution_pb2.ExecutionList(executions=[EXECUTION]), "a list of executions"),
    "projects": (project_pb2.Projects(projects=[project_pb2.Project(id="shop")]), "a list of projects"),
    "inputs": (literals_pb2.LiteralMap(literals={"x": literals_pb2.Literal()}), "a LiteralMap"),
    "workflow template": (building.workflow().template, "a WorkflowTemplate by itself"),
}


@pytest.mark.parametrize("name", FOREIGN)
def test_answers_without_tasks_are_named(name: str) -> None:
    """What Admin's REST API and flytectl also print is told from what holds tasks."""
    message, expected = FOREIGN[name]
    assert expected in told(json_format.MessageToJson(message).encode())


def test_an_error_of_the_server_is_passed_on() -> None:
    """Where the server refused, its reason is what counts."""
    text = told(b'{"error": "no", "code": 16, "message": "token expired", "details": []}')
    assert "an error of Flyte Admin's REST API: 'token expired'" in text


# -- other files -----------------------------------------------------------------------------------------------------


def zipped() -> bytes:
    stream = io.BytesIO()
    with zipfile.ZipFile(stream, "w") as archive:
        archive.writestr("0_1.pb", data("a"))
    return stream.getvalue()


PAGE = b"<!DOCTYPE html>\n<html><body>Log in</body></html>"
POINTER = b"version https://git-lfs.github.com/spec/v1\noid sha256:4d7a\nsize 12345\n"
OTHERS = {
    "a text file": b"just some words\n",
    "a web page": PAGE,
    "a Git LFS pointer": POINTER,
    "a ZIP archive": zipped(),
    "a Parquet file": b"PAR1" + bytes(20),
    "a PDF document": b"%PDF-1.7\n\x00",
    "an SQLite database": b"SQLite format 3\x00" + bytes(20),
    "an XML document": b'<?xml version="1.0"?><Error><Code>AccessDenied</Code></Error>',
    "a JSON text": b'{"template": {}}',
}


SUFFIXES = (".tgz", ".tar", ".pb", "_1.pb", ".json", ".yaml", ".parquet")
RIGHT = {
    *(("a JSON text", suffix) for suffix in (".json", ".yaml")),
    *(("a text file", suffix) for suffix in (".json", ".yaml")),
    ("a Parquet file", ".parquet"),
}


@pytest.mark.parametrize(
    ("what", "suffix"), [(what, suffix) for what in OTHERS for suffix in SUFFIXES if (what, suffix) not in RIGHT]
)
def test_a_file_under_a_wrong_name_is_named(what: str, suffix: str, tmp_path: Path) -> None:
    """Whatever a file is called, the error says what it is."""
    if suffix == ".parquet":
        pytest.importorskip("pyarrow")
    path = tmp_path / f"x{suffix}"
    path.write_bytes(OTHERS[what])
    assert told(path).startswith(f"{path}: {what}")


def test_archives_under_a_wrong_name_are_named(tmp_path: Path) -> None:
    """An archive that is called a message is named; so is a packed file that is no archive."""
    (tmp_path / "a.pb").write_bytes(tgz())
    assert ": a gzip file, no message: " in told(tmp_path / "a.pb")
    (tmp_path / "a.json").write_bytes(tar(building.entry("0_1.pb", data("a"))))
    assert ": a tar archive: " in told(tmp_path / "a.json")
    (tmp_path / "a.tgz").write_bytes(gzip.compress(b'{"template": {}}'))
    assert ": a gzip file of a JSON text, not an archive" in told(tmp_path / "a.tgz")


@given(st.binary(max_size=2000))
def test_any_bytes_are_named_or_not(content: bytes) -> None:
    """Naming looks at the beginning, and never fails."""
    assert foreign_bytes(content) == foreign_bytes(content[:1024])


@given(st.text(min_size=1, max_size=600).filter(lambda text: text.isprintable()))
def test_texts_are_texts(text: str) -> None:
    """A text is one in every encoding that is read, wherever its beginning is cut."""
    for content in (text.encode(), f"\ufeff{text}".encode("utf-16")):
        assert foreign_bytes(content) not in {"", "a program", "a PDF document"}
