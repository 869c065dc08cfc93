"""Conditions on tasks: how they are written, what they say of a task, and what is none."""

from __future__ import annotations

from datetime import datetime, timezone
from typing import Any

import pytest
from flyteidl.admin import task_pb2

import flytetask_nb as ftn
from flytetask_nb.semantics.task_conditions import conditions_of

MOMENT = datetime(2023, 11, 14, 22, 13, 25, tzinfo=timezone.utc)


@pytest.mark.parametrize(
    ("make", "kind", "told"),
    [
        (
            lambda: ftn.col("resources"),
            ftn.errors.ModelValueError,
            "cannot be filtered by 'resources'; there are project",
        ),
        (lambda: ftn.col("name") == 3, ftn.errors.ModelTypeError, "name is a text"),
        (lambda: ftn.col("name").isin("abc"), ftn.errors.ModelTypeError, "a list of texts"),
        (lambda: ftn.col("name").isin([1]), ftn.errors.ModelTypeError, "cannot be compared with 1"),
        (lambda: ftn.col("created_at") > "yesterday", ftn.errors.ModelValueError, "'yesterday' is no time"),
        (lambda: ftn.col("created_at") > datetime(2020, 1, 1), ftn.errors.ModelValueError, "time zone"),  # noqa: DTZ001
        (lambda: ftn.col("created_at") > "2020-01-01T10:00", ftn.errors.ModelValueError, "time zone"),
        (lambda: ftn.col("created_at") > 3, ftn.errors.ModelTypeError, "is a time"),
        (lambda: ftn.col("created_at").contains("2020"), ftn.errors.ModelValueError, "is a time"),
        (lambda: ftn.col("created_at").isin(["2020"]), ftn.errors.ModelValueError, "is a time"),
        (lambda: conditions_of("eq(name,a)"), ftn.errors.ModelTypeError, "is no filter"),
        (lambda: conditions_of(ftn.col("name")), ftn.errors.ModelTypeError, "is no filter"),
        (lambda: bool(ftn.col("name") == "a"), ftn.errors.ModelTypeError, "join conditions with &"),
    ],
)
def test_what_is_no_condition_is_told(make: Any, kind: type[Exception], told: str) -> None:
    with pytest.raises(kind, match=told):
        make()


def dated_task() -> ftn.FlyteTask:
    task = task_pb2.Task(short_description="s")
    task.id.project, task.id.domain, task.id.name, task.id.version = "p", "d", "n", "v"
    task.closure.created_at.FromDatetime(MOMENT)
    template = task.closure.compiled_task.template
    template.id.CopyFrom(task.id)
    template.type = "spark"
    template.container.image = "i:1"
    return ftn.FlyteTask.from_flyte_idl(task)


COLUMNS = {
    "project": "p", "domain": "d", "name": "n", "version": "v", "type": "spark", "short_description": "s", "image": "i:1",
    "created_at": MOMENT,
}  # fmt: skip


@pytest.mark.parametrize("name", COLUMNS)
def test_each_column_is_read(name: str) -> None:
    task = dated_task()
    assert (ftn.col(name) == COLUMNS[name])(task)
    assert not (ftn.col(name) != COLUMNS[name])(task)


@pytest.mark.parametrize("condition", [ftn.col("image") != "x", ftn.col("created_at") < "3000-01-01"], ids=str)
def test_what_is_not_known_fits_no_condition(condition: Any) -> None:
    assert not condition(ftn.FlyteTask.from_flyte_idl(dated_task().template).replace(container=None))


def test_a_description_that_is_not_there_is_empty() -> None:
    task = ftn.FlyteTask.from_flyte_idl(dated_task().template).replace(container=None)
    assert (ftn.col("short_description") != "x")(task)


@pytest.mark.parametrize(
    ("condition", "spelling"),
    [
        (ftn.col("name") == "a", "col('name') == 'a'"),
        (ftn.col("created_at") >= "2026-01-31", "col('created_at') >= '2026-01-31T00:00:00+00:00'"),
        (ftn.col("name").contains("a"), "col('name').contains('a')"),
        (ftn.col("name").excludes("a"), "col('name').excludes('a')"),
        (ftn.col("name").isin(["a"]), "col('name').isin(('a',))"),
        (ftn.col("name").notin(()), "col('name').notin(())"),
    ],
)
def test_a_condition_reads_as_it_is_written(condition: Any, spelling: str) -> None:
    assert repr(condition) == spelling
    assert eval(spelling, {"col": ftn.col}) == condition  # noqa: S307 - written here
