"""How what a change of an interface means shows itself."""

from __future__ import annotations

from copy import deepcopy

import pytest
from flyteidl.admin import task_pb2

import flytetask_nb as ftn


def task(name: str, version: str) -> task_pb2.TaskSpec:
    made = task_pb2.TaskSpec()
    made.template.id.name, made.template.id.version = name, version
    made.template.interface.inputs.variables["day"].type.simple = 1
    return made


@pytest.mark.parametrize(
    ("old", "new"),
    [
        (task("shop.plan", "v1"), task("shop.plan", "v2")),
        (task("shop.plan", "v1"), task("shop.order", "v1")),
        (task("shop.plan", "v1"), task("shop.plan", "")),
        (task("shop.plan", "v1"), task("shop.plan", "https://bob:hunter2@shop.example")),
    ],
)
def test_it_is_headed_as_a_diff_is(old: task_pb2.TaskSpec, new: task_pb2.TaskSpec) -> None:
    """Of which task and versions it is, of a copy as well, secrets masked."""
    head = ftn.diff(old, new).to_text().splitlines()[0]
    result = ftn.compatibility(old, new)
    for each in (result, deepcopy(result)):
        assert each.to_text().splitlines()[0] == f"{head} · compatibility: 1 safe"


def test_versions_that_are_not_registered_yet_are_not_told() -> None:
    result = ftn.compatibility(task("shop.plan", ""), task("shop.plan", ""))
    assert result.to_text().splitlines()[0] == "shop.plan  compatibility: 1 safe"


def test_interfaces_alone_have_no_name() -> None:
    old, new = task("shop.plan", "v1"), task("shop.plan", "v2")
    result = ftn.compatibility(old.template.interface, new)
    assert result.to_text().splitlines()[0] == "Compatibility  1 safe"
