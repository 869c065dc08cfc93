"""The kinds of columns: every table of the package is made of them, whatever is in it."""

from __future__ import annotations

from datetime import datetime, timedelta, timezone
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pandas as pd
import pytest
from flyteidl.admin import task_pb2

import flytetask_nb as ftn
from flytetask_nb.dtypes import AMOUNT, COUNT, FLAG, SPAN, TEXT, TIME, array_of, frame_of, whole
from flytetask_nb.errors import ModelValueError
from tests.conftest import ROOT

if TYPE_CHECKING:
    from collections.abc import Callable

KINDS = [TEXT, COUNT, AMOUNT, FLAG, TIME, SPAN]
TRAIN = "shops.training.train_global_model"
MOMENT = datetime(2026, 3, 1, 12, 30, 0, 7, tzinfo=timezone.utc)
VALUES: list[tuple[Any, Any, Any]] = [
    (TEXT, "NA", "NA"),
    (TEXT, "\ud800", "\ud800"),
    (COUNT, 2**63 - 1, 2**63 - 1),
    (AMOUNT, 0.5, 0.5),
    (FLAG, False, False),
    (TIME, MOMENT, pd.Timestamp(MOMENT)),
    (TIME, datetime(1, 1, 1, tzinfo=timezone.utc), datetime(1, 1, 1, tzinfo=timezone.utc)),
    (TIME, datetime(9999, 12, 31, tzinfo=timezone.utc), datetime(9999, 12, 31, tzinfo=timezone.utc)),
    (SPAN, 90_000_000, pd.Timedelta(seconds=90)),
]


@pytest.mark.parametrize("kind", KINDS, ids=lambda kind: str(kind.dtype))
def test_a_column_has_its_dtype_whatever_is_in_it(kind: Any) -> None:
    """None and nothing at all included."""
    for values in ([], [None], [None, None]):
        column = pd.Series(array_of(kind, values))
        assert column.dtype == kind.dtype
        assert column.isna().all()


@pytest.mark.parametrize(("kind", "given", "expected"), VALUES)
def test_values_come_back(kind: Any, given: Any, expected: Any) -> None:
    column = pd.Series(array_of(kind, [None, given]))
    assert column.dtype == kind.dtype
    assert column.isna().tolist() == [True, False]
    found = column[1]
    assert (found.to_pydatetime() if type(expected) is datetime else found) == expected


def test_a_number_of_more_than_64_bits_is_refused() -> None:
    assert whole(2**63 - 1) == 2**63 - 1
    with pytest.raises(ModelValueError, match="9223372036854775808 does not fit into 64 bits"):
        whole(2**63)


def test_a_table_is_made_of_its_rows() -> None:
    kinds = {"name": TEXT, "many": COUNT}
    frame = frame_of(kinds, iter([("a", 1), (None, None)]))
    assert frame["name"].tolist() == ["a", pd.NA]
    assert frame["many"].tolist() == [1, pd.NA]
    assert frame_of(kinds, []).dtypes.to_dict() == frame.dtypes.to_dict() == {"name": TEXT.dtype, "many": COUNT.dtype}


# -- the tables of reports -------------------------------------------------------------------------------------------


@pytest.fixture(scope="module")
def releases() -> ftn.TaskCollection:
    """Every task of the example that ships, in all its versions."""
    return ftn.load(ROOT / "notebooks" / "example" / "archives", version=lambda path: Path(path).stem)


def spec(version: str, *, dated: bool = False) -> Any:
    """Return a task that differs from others in nothing but its version."""
    found = task_pb2.Task() if dated else task_pb2.TaskSpec()
    template = found.closure.compiled_task.template if dated else found.template
    if dated:
        found.id.name, found.id.version = "a.b", version
        found.closure.created_at.FromDatetime(MOMENT + timedelta(days=int(version)))
    template.id.name, template.id.version = "a.b", version
    return found


REPORTS: dict[str, Callable[[list[Any]], pd.DataFrame]] = {
    "diff": lambda tasks: ftn.diff(tasks[0], tasks[-1]).to_frame(),
    "timeline": lambda tasks: ftn.history(tasks).timeline(),
    "blame": lambda tasks: ftn.history(tasks).blame(),
    "plan": lambda tasks: ftn.plan(tasks[:1], tasks[1:2]).to_frame(),
    "check": lambda tasks: ftn.check(tasks[0]).to_frame(),
    "compatibility": lambda tasks: ftn.compatibility(tasks[0], tasks[-1]).to_frame(),
}


@pytest.mark.parametrize("name", REPORTS)
def test_reports_have_the_same_dtypes_whatever_they_say(name: str, releases: ftn.TaskCollection) -> None:
    """Much, little or nothing: what is done to one table can be done to all."""
    made = REPORTS[name]
    inputs: list[list[Any]] = [
        list(releases.versions(TRAIN)),
        [spec("1")],
        [spec("1"), spec("2")],
        [spec("1", dated=True), spec("2", dated=True)],
    ]
    found = [made(tasks).dtypes.to_dict() for tasks in inputs]
    assert all(dtypes == found[0] for dtypes in found)
    assert set(found[0].values()) <= {kind.dtype for kind in KINDS}


def test_times_of_a_timeline_are_those_of_tables() -> None:
    tasks = [spec("1", dated=True), spec("2", dated=True)]
    timeline = ftn.history(tasks).timeline()
    assert timeline["created_at"].dtype == ftn.tabulate(tasks)["created_at"].dtype
    assert timeline["created_at"].tolist() == [pd.Timestamp(MOMENT + timedelta(days=2))]
    assert timeline["severity"].tolist() == [pd.NA]


def test_the_matrix_holds_texts(releases: ftn.TaskCollection) -> None:
    for tasks in (releases.versions(TRAIN), [spec("1")]):
        matrix = ftn.history(tasks).matrix()
        assert {*matrix.dtypes.tolist(), matrix.index.dtype} == {TEXT.dtype}
