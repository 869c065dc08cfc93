"""One bad value breaks no table: what cannot be read is missing, named in the row, and the other rows are whole."""

from __future__ import annotations

import sys
from typing import TYPE_CHECKING, Any

import pytest
from flyteidl.admin import task_pb2
from hypothesis import example, given, settings
from hypothesis import strategies as st

import flytetask_nb as ftn
from flytetask_nb.tables import extraction
from flytetask_nb.tables.columns import COLUMNS
from tests.generated import pod_tasks, task_specs

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

AMOUNTS = (
    *("1e309", "-1e309", "1e400", "1e-400", "1e999999999", "1e-999999999", "9223372036854775808Gi", "1E", "0.5", "nan"),
    *("1" * 400, "", " ", "1Ki1", "\ud7ff", "inf", "--1", "1e", "0x10"),
)
FRAMES = ("to_frame", "resources_frame", "env_frame", "interface_frame")


@pytest.fixture(params=["arrow", "plain"])
def path(request: pytest.FixtureRequest) -> Iterator[str]:
    """Read by Arrow where that is installed, and without it."""
    before = extraction._FEW
    extraction._FEW = 0 if request.param == "arrow" else sys.maxsize
    yield request.param
    extraction._FEW = before


def asking(amount: str) -> Any:
    """Return a task that asks for an amount of everything, in its container."""
    spec = task_pb2.TaskSpec()
    spec.template.id.name, spec.template.type = "odd", "python-task"
    for resource in range(1, 6):
        spec.template.container.resources.requests.add(name=resource, value=amount)
        spec.template.container.resources.limits.add(name=resource, value=amount)
    return spec


GOOD = asking("1")


@pytest.mark.parametrize("amount", AMOUNTS)
def test_no_amount_breaks_a_table(amount: str, path: str, tmp_path: Path) -> None:
    """In any of its columns and its long frames, and in a snapshot."""
    tasks = ftn.TaskCollection([ftn.FlyteTask.from_flyte_idl(spec) for spec in (GOOD, asking(amount), GOOD)])
    table = ftn.tabulate(tasks, list(COLUMNS))
    assert table["cpu_request"].tolist()[::2] == [1.0, 1.0], path
    for frame in FRAMES:
        getattr(tasks, frame)()
    tasks.save(tmp_path / "tasks.parquet")
    assert len(ftn.load(tmp_path / "tasks.parquet")) == 3


def test_what_cannot_be_read_is_named(path: str) -> None:
    table = ftn.tabulate([GOOD, asking("1e309")])
    assert table["cpu_request"].isna().tolist() == [False, True], path
    assert "cpu_request" in table["error"][1]
    assert len(table["error"][1]) < 4_000


@settings(max_examples=40)
@given(st.lists(task_specs() | pod_tasks(), min_size=1, max_size=3), st.booleans())
@example([asking("1e309")], True)
def test_any_message_is_a_row(specs: list[Any], by_arrow: bool) -> None:
    """Of every column, and of every long frame."""
    before, extraction._FEW = extraction._FEW, 0 if by_arrow else sys.maxsize
    try:
        assert len(ftn.tabulate(specs, list(COLUMNS))) == len(specs)
        tasks = ftn.TaskCollection([ftn.FlyteTask.from_flyte_idl(spec) for spec in specs])
        for frame in FRAMES:
            getattr(tasks, frame)()
    finally:
        extraction._FEW = before
