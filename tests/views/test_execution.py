"""How a command line of flytekit is put into words."""

from __future__ import annotations

import pytest
from flyteidl.core import tasks_pb2

from flytetask_nb.models import Container

DEFAULT = "flytekit.core.python_auto_container.default_task_resolver"
TASK = ["task-module", "shops.training", "task-name", "train"]


@pytest.mark.parametrize(
    ("program", "resolver", "loader", "expected"),
    [
        ("execute", DEFAULT, TASK, ["loads shops.training.train by default_task_resolver"]),
        (
            "map-execute",
            "ArrayNodeMapTaskResolver",
            ["vars", "config,features", "resolver", DEFAULT, *TASK],
            ["loads map task of shops.training.train", "the same for every item: config, features"],
        ),
        ("map-execute", "MapTaskResolver", ["vars", "", "resolver", DEFAULT, *TASK], ["loads map task of shops.training.train"]),
        (
            "map-execute",
            "ArrayNodeMapTaskResolver",
            ["vars", "", "resolver", "shops.lazy.resolver", *TASK],
            ["loads map task of shops.training.train by resolver"],
        ),
        (
            "execute",
            "flytekit.core.python_customized_container_task.default_task_template_resolver",
            ["{{.taskTemplatePath}}", "flytekit.extras.sqlite3.task.SQLite3TaskExecutor"],
            ["runs flytekit.extras.sqlite3.task.SQLite3TaskExecutor on the task's template"],
        ),
        (
            "execute",
            "flytekit.core.python_function_task.eager_failure_task_resolver",
            ["eager", "failure", "handler"],
            ["runs the clean-up after an eager task that failed"],
        ),
        ("execute", "shops.own_resolver", ["a", "b"], ["loads by own_resolver with a b"]),
    ],
)  # fmt: skip
def test_what_is_run_is_named(program: str, resolver: str, loader: list[str], expected: list[str]) -> None:
    container = Container.from_flyte_idl(
        tasks_pb2.Container(args=[f"pyflyte-{program}", "--resolver", resolver, "--", *loader])
    )
    lines = [" ".join(line.split()) for line in container.to_text().splitlines()]
    start = next(number for number, line in enumerate(lines) if line.startswith("entrypoint")) + 1
    assert lines[start : start + len(expected)] == expected
