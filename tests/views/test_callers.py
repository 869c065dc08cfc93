"""How it is said why a workflow would not compile."""

from __future__ import annotations

from typing import Any

import pytest
from flyteidl.admin import task_pb2, workflow_pb2
from google.protobuf.json_format import ParseDict

import flytetask_nb as ftn

INTEGER = {"type": {"simple": "INTEGER"}}


def task(name: str, inputs: str, output: str) -> Any:
    interface = {
        "inputs": {"variables": dict.fromkeys(inputs, INTEGER)},
        "outputs": {"variables": {output: INTEGER}},
    }
    return ParseDict({"template": {"id": {"name": name}, "interface": interface}}, task_pb2.TaskSpec())


def caller(**bound: Any) -> Any:
    """Return a workflow that gives values to ``make``, and what it makes to ``take``."""
    nodes = [
        {
            "id": node,
            "taskNode": {"referenceId": {"name": name}},
            "inputs": [{"var": variable, "binding": binding} for variable, binding in values.items()],
        }
        for node, name, values in (
            ("n0", "make", bound),
            ("n1", "take", {"x": {"promise": {"nodeId": "n0", "var": "o"}}}),
        )
    ]
    return ParseDict({"template": {"id": {"name": "w"}, "nodes": nodes}}, workflow_pb2.WorkflowSpec())


@pytest.mark.parametrize(
    ("make", "sentence"),
    [
        (("", "o"), "the workflow passes the input o, which is gone."),
        (("o", "p"), "the workflow uses o, which is gone."),
    ],
)
def test_an_input_that_is_gone_is_passed_and_an_output_is_used(make: tuple[str, str], sentence: str) -> None:
    """Even where both have one name."""
    passing = caller(o={"scalar": {"primitive": {"integer": "1"}}})
    report = ftn.callers([passing], [task("make", *make), task("take", "x", "r")])
    assert sentence in " ".join(report.to_text().split())
